/* The sensor's side of the line against a room made of one socket on the same loop. */
#include "loop.h"
#include "unit.h"

#include "app/sensor/roomlink.h"
#include "base/frame.h"
#include "base/image.h"
#include "base/mem.h"

#include <unistd.h>

enum { TOLD_MAX = 256 };

static struct bed {
    uv_loop_t loop;
    char dir[32], path[48];
    struct roomlink *link;
    uv_pipe_t server, peer;
    bool listening, has_peer, reading;
    struct buf in;
    unsigned connects, again, asked;
    int64_t told[TOLD_MAX]; /* seq of findings as they came, over all connections */
    size_t n_told, others;
} bed;

static void on_alloc(uv_handle_t *h UNUSED, size_t n UNUSED, uv_buf_t *b) {
    char *p = buf_reserve(&bed.in, 65536);
    *b = uv_buf_init(p, p ? 65536 : 0);
}

static void take(struct str message) {
    struct arena a;
    struct json_value *v;
    struct str type;
    int64_t seq;
    arena_init(&a, 16 << 20);
    assert_int_equal(json_parse(&a, message, &v, NULL), 0);
    assert_true(json_get_str(v, "t", &type));
    if (str_eq_z(type, "finding")) {
        assert_true(json_get_i64(v, "seq", &seq));
        assert_true(bed.n_told < TOLD_MAX);
        bed.told[bed.n_told++] = seq;
    } else {
        bed.others++;
    }
    arena_done(&a);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b UNUSED) {
    struct str message;
    size_t at = 0;
    if (n < 0) {
        bed.has_peer = false;
        uv_close((uv_handle_t *) s, NULL);
        return;
    }
    buf_added(&bed.in, (size_t) n);
    while (frame_next(buf_str(&bed.in), &at, &message) > 0)
        take(message);
    buf_remove_front(&bed.in, at);
}

static void on_connection(uv_stream_t *server, int status) {
    assert_int_equal(status, 0);
    uv_pipe_init(&bed.loop, &bed.peer, 0);
    assert_int_equal(uv_accept(server, (uv_stream_t *) &bed.peer), 0);
    bed.has_peer = true;
    buf_clear(&bed.in);
    if (bed.reading)
        uv_read_start((uv_stream_t *) &bed.peer, on_alloc, on_read);
}

static void room_begins(void) {
    unlink(bed.path);
    uv_pipe_init(&bed.loop, &bed.server, 0);
    assert_int_equal(uv_pipe_bind(&bed.server, bed.path), 0);
    assert_int_equal(uv_listen((uv_stream_t *) &bed.server, 4, on_connection), 0);
    bed.listening = true;
}

static void on_closed(uv_handle_t *h UNUSED) {
    bed.has_peer = false;
}
static bool no_peer(void *ctx UNUSED) {
    return !bed.has_peer;
}
static void room_drops_the_line(void) {
    uv_close((uv_handle_t *) &bed.peer, on_closed);
    assert_true(loop_until(&bed.loop, no_peer, NULL, 2));
}

static void room_says(const char *text) {
    struct buf b;
    buf_init(&b, 4096);
    frame_add(&b, str_of(text));
    uv_buf_t u = uv_buf_init(b.p, (unsigned) b.n);
    assert_int_equal(uv_try_write((uv_stream_t *) &bed.peer, &u, 1), (int) b.n);
    buf_done(&b);
}

static void connected(void *ctx UNUSED) {
    bed.connects++;
}
static void asked(void *ctx UNUSED, struct str type, const struct json_value *m UNUSED) {
    assert_str(type, "lines");
    bed.asked++;
}
static void room_again(void *ctx UNUSED) {
    bed.again++;
}

static int setup(void **state UNUSED) {
    bed = (struct bed){.reading = true};
    uv_loop_init(&bed.loop);
    buf_init(&bed.in, 4 << 20);
    snprintf(bed.dir, sizeof bed.dir, "/tmp/kizuki-link-XXXXXX");
    if (!mkdtemp(bed.dir))
        return -1;
    snprintf(bed.path, sizeof bed.path, "%s/s", bed.dir);
    struct roomlink_handlers on = {NULL, connected, asked, room_again};
    return roomlink_new(&bed.loop, bed.path, &on, &bed.link);
}

static int teardown(void **state UNUSED) {
    roomlink_free(bed.link);
    loop_end(&bed.loop);
    buf_done(&bed.in);
    unlink(bed.path);
    rmdir(bed.dir);
    return 0;
}

static void tell(void) {
    assert_int_equal(roomlink_finding(bed.link, STR("{}")), 0);
}

static size_t wanted;
static bool told_enough(void *ctx UNUSED) {
    return bed.n_told >= wanted;
}
static void wait_told(size_t n) {
    wanted = n;
    assert_true(loop_until(&bed.loop, told_enough, NULL, 5));
    assert_int_equal(bed.n_told, n);
}

static bool nothing_out(void *ctx UNUSED) {
    return roomlink_empty(bed.link);
}
static void wait_empty(void) {
    assert_true(loop_until(&bed.loop, nothing_out, NULL, 5));
}

static bool is_down(void *ctx UNUSED) {
    return !roomlink_up(bed.link);
}
static bool never(void *ctx UNUSED) {
    return false;
}

/* Another sensor speaks there: what was to be told is kept, and the room is not asked again at
 * once. */
static void who_is_refused_waits(void **state UNUSED) {
    room_begins();
    tell();
    wait_told(1);
    room_says("{\"t\":\"refused\",\"why\":\"another sensor speaks for this room\"}");
    assert_true(loop_until(&bed.loop, is_down, NULL, 5));
    assert_false(loop_until(&bed.loop, never, NULL, 1));
    assert_int_equal(bed.connects, 1);
    assert_false(roomlink_empty(bed.link));
}

/* The room is not there yet; then it is, goes away and comes back: nothing is lost, the order is
 * kept. */
static void what_is_not_acknowledged_is_told_again(void **state UNUSED) {
    tell();
    tell();
    room_begins();
    wait_told(2);
    assert_int_equal(bed.connects, 1);
    room_says("{\"t\":\"ack\",\"seq\":1}");
    tell();
    wait_told(3);
    room_drops_the_line();
    wait_told(5); /* 2 and 3 again */
    assert_int_equal(bed.connects, 2);
    assert_int_equal(bed.told[3], 2);
    assert_int_equal(bed.told[4], 3);
}

/* What a restart goes on with: everything not acknowledged, in order. */
static void what_is_out_goes_over_a_restart(void **state UNUSED) {
    struct image x;
    struct buf bytes;
    room_begins();
    for (int i = 1; i <= 3; i++)
        tell();
    wait_told(3);
    room_says("{\"t\":\"ack\",\"seq\":1}");
    room_says("{\"t\":\"lines\",\"id\":1}");
    while (!bed.asked)
        uv_run(&bed.loop, UV_RUN_ONCE);
    assert_false(roomlink_empty(bed.link));
    image_write(&x, NULL, NULL, 1 << 20);
    roomlink_image(bed.link, &x);
    assert_int_equal(x.error, 0);
    bytes = x.out;
    room_says("{\"t\":\"ack\",\"seq\":3}");
    wait_empty();
    image_read(&x, buf_str(&bytes));
    roomlink_image(bed.link, &x); /* as another one would */
    assert_int_equal(image_end(&x), 0);
    wait_told(5);
    room_says("{\"t\":\"ack\",\"seq\":4}");
    room_says("{\"t\":\"ack\",\"seq\":5}");
    wait_empty();
    buf_done(&bytes);
}

static void a_room_that_is_away_holds_detection_up_and_frees_it(void **state UNUSED) {
    size_t n = ROOMLINK_FINDING_BYTES_MAX;
    char *big = mem_alloc(n + 1);
    uint64_t told = 0;
    assert_non_null(big);
    memset(big, ' ', n + 1);
    big[0] = '{';
    big[1] = '}';
    assert_int_equal(roomlink_finding(bed.link, str_n(big, n + 1)), -ERR_LIMIT);
    while (!roomlink_full(bed.link)) {
        assert_int_equal(roomlink_finding(bed.link, str_n(big, n)), 0);
        told++;
    }
    assert_true(told > 60 && told < 70);
    room_begins();
    wait_told(told);
    assert_int_equal(bed.again, 0);
    char ack[64];
    snprintf(ack, sizeof ack, "{\"t\":\"ack\",\"seq\":%llu}", (unsigned long long) told);
    room_says(ack);
    wait_empty();
    assert_int_equal(bed.again, 1);
    assert_false(roomlink_full(bed.link));
    mem_free(big);
}

static bool room_up(void *ctx UNUSED) {
    return roomlink_up(bed.link) && bed.has_peer;
}
static bool room_down(void *ctx UNUSED) {
    return !roomlink_up(bed.link);
}

/* Statuses for a room that hangs do not pile up without end. */
static void a_room_that_does_not_read_costs_a_bounded_memory(void **state UNUSED) {
    enum { N = 200 };
    char *big = mem_alloc(1 << 20);
    assert_non_null(big);
    memset(big, ' ', 1 << 20);
    memcpy(big, "{\"t\":\"stats\"}", 13);
    bed.reading = false;
    room_begins();
    assert_true(loop_until(&bed.loop, room_up, NULL, 5));
    for (int i = 0; i < N; i++)
        roomlink_send(bed.link, str_n(big, 1 << 20));
    bed.reading = true;
    uv_read_start((uv_stream_t *) &bed.peer, on_alloc, on_read);
    tell();
    wait_told(1);
    assert_true(bed.others >= 32 && bed.others <= 80);
    mem_free(big);
}

static void a_broken_frame_ends_the_line_only(void **state UNUSED) {
    room_begins();
    assert_true(loop_until(&bed.loop, room_up, NULL, 5));
    room_says("{\"no\":1}");
    assert_true(loop_until(&bed.loop, room_down, NULL, 5));
    assert_true(loop_until(&bed.loop, room_up, NULL, 5));
    tell();
    wait_told(1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
UNIT_GROUP(app_roomlink, T(what_is_not_acknowledged_is_told_again), T(who_is_refused_waits),
           T(what_is_out_goes_over_a_restart),
           T(a_room_that_is_away_holds_detection_up_and_frees_it),
           T(a_room_that_does_not_read_costs_a_bounded_memory),
           T(a_broken_frame_ends_the_line_only))
