/* Transports against a spool in memory whose disk can be full. Time passes as the loop turns;
 * nothing sleeps longer than the loop does. */
#include "unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "intake/live.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

struct fixture {
    uv_loop_t loop;
    uv_timer_t clock; /* so that a turn of the loop always ends */
    struct intake_live *live;
    char dir[64];
    struct buf lines; /* "flags:bytes|" of what was committed */
    struct buf wait;  /* the same, not committed */
    size_t wait_max;
    bool disk_full;
    bool killed; /* what is committed now reaches the disk, and nobody hears of it */
    struct state {           /* the last one of each key */
        uint32_t key;
        char bytes[64];
        size_t n;
    } states[16];
    size_t states_n;
    int64_t since_ns;
    unsigned commits, tries;
    int64_t now;
};

static int put(void *ctx, const struct raw_record *rec, struct diag *reterr UNUSED) {
    struct fixture *f = ctx;
    if (f->wait.n + rec->bytes.n > f->wait_max)
        return -EAGAIN;
    if (!(rec->flags & RAW_STATE))
        buf_printf(&f->wait, "%x:%.*s|", rec->flags, STR_ARG(rec->bytes));
    if (rec->resume.n) {
        size_t i = 0;
        while (i < f->states_n && f->states[i].key != rec->resume_key)
            i++;
        assert_true(i < ARRAY_SIZE(f->states) && rec->resume.n <= sizeof f->states[i].bytes);
        f->states_n = MAX(f->states_n, i + 1);
        f->states[i] = (struct state){.key = rec->resume_key, .n = rec->resume.n};
        memcpy(f->states[i].bytes, rec->resume.p, rec->resume.n);
    }
    return 0;
}
static int commit(void *ctx, struct diag *reterr UNUSED) {
    struct fixture *f = ctx;
    f->tries++;
    if (f->disk_full)
        return -ENOSPC;
    buf_add(&f->lines, buf_str(&f->wait));
    buf_clear(&f->wait);
    f->commits++;
    return f->killed ? -EIO : 0;
}
static int name_source(void *ctx UNUSED, const struct source *def UNUSED, uint32_t *ret_id,
                       struct diag *reterr UNUSED) {
    *ret_id = 1;
    return 0;
}
static int64_t now(void *ctx) {
    struct fixture *f = ctx;
    return f->now;
}

static void tick(uv_timer_t *t UNUSED) {
}

static void new_process(struct fixture *f) {
    struct intake_live_options o = {.loop = &f->loop,
                                    .sink = {f, put, commit},
                                    .clock = {f, now},
                                    .name_source = name_source,
                                    .ctx = f,
                                    .since_ns = f->since_ns};
    assert_int_equal(intake_live_new(&o, &f->live), 0);
    for (size_t i = 0; i < f->states_n; i++) {
        struct raw_record rec = {.flags = RAW_STATE, .source = 1, .resume_key = f->states[i].key,
                                 .resume = str_n(f->states[i].bytes, f->states[i].n)};
        assert_int_equal(intake_live_restore(f->live, &rec), 0);
    }
}

static int begin(void **state) {
    struct fixture *f = mem_zalloc(sizeof *f);
    f->wait_max = 100000;
    f->now = INT64_C(1700000000) * NS_PER_S;
    buf_init(&f->lines, 1 << 20);
    buf_init(&f->wait, 1 << 20);
    (void) snprintf(f->dir, sizeof f->dir, "/tmp/kizuki-live-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(uv_loop_init(&f->loop), 0);
    (void) uv_timer_init(&f->loop, &f->clock);
    (void) uv_timer_start(&f->clock, tick, 2, 2);
    new_process(f);
    *state = f;
    return 0;
}

static int end(void **state) {
    struct fixture *f = *state;
    char path[128];
    intake_live_close(f->live);
    uv_close((uv_handle_t *) &f->clock, NULL);
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    (void) snprintf(path, sizeof path, "%s/a.log", f->dir);
    (void) unlink(path);
    assert_int_equal(rmdir(f->dir), 0);
    buf_done(&f->lines);
    buf_done(&f->wait);
    mem_free(f);
    return 0;
}

static void append(struct fixture *f, const char *text) {
    char path[128];
    (void) snprintf(path, sizeof path, "%s/a.log", f->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, str_of(text)), 0);
    close(fd);
}

static void follow(struct fixture *f) {
    char path[128];
    int n = snprintf(path, sizeof path, "%s/a.log", f->dir);
    struct source def = {.name = STR("a"), .kind = STR("file"), .path = str_n(path, (size_t) n)};
    struct intake_tail_options o = {.rescan_ms = 5};
    assert_int_equal(intake_tail_add(f->live, &def, &o, NULL), 0);
}

static void turn_until(struct fixture *f, const char *want) {
    for (int i = 0; i < 1000 && !str_eq_z(buf_str(&f->lines), want); i++)
        (void) uv_run(&f->loop, UV_RUN_ONCE);
    assert_string_equal(buf_z(&f->lines), want);
}
/* Whether as backfill or not: the line has come. */
static void turn_until_last(struct fixture *f, const char *line) {
    for (int i = 0; i < 1000 && !str_ends(buf_str(&f->lines), str_of(line)); i++)
        (void) uv_run(&f->loop, UV_RUN_ONCE);
    assert_true(str_ends(buf_str(&f->lines), str_of(line)));
}
static void turn(struct fixture *f, int times) {
    while (times--)
        (void) uv_run(&f->loop, UV_RUN_ONCE);
}

static void a_full_disk_stops_reading_and_loses_nothing(void **state) {
    struct fixture *f = *state;
    append(f, "one\ntwo\n");
    follow(f);
    turn_until(f, "1:one|1:two|");
    f->disk_full = true;
    append(f, "three\n");
    turn(f, 30);
    unsigned tries = f->tries;
    append(f, "four\nfi");
    turn(f, 30);
    assert_string_equal(buf_z(&f->wait), "0:three|"); /* nothing more was read */
    assert_true(f->tries - tries < 10);               /* and the disk is not asked all the time */
    f->disk_full = false;
    append(f, "ve\n");
    turn_until(f, "1:one|1:two|0:three|0:four|0:five|");
}

/* The spool's memory is full in the middle of a file: the next commit makes room, no line comes
 * twice. */
static void a_full_spool_is_committed_in_between(void **state) {
    struct fixture *f = *state;
    f->wait_max = 40;
    struct buf text, want;
    buf_init(&text, 65536);
    buf_init(&want, 65536);
    for (int i = 0; i < 200; i++) {
        buf_printf(&text, "line %d\n", i);
        buf_printf(&want, "1:line %d|", i);
    }
    append(f, buf_z(&text));
    follow(f);
    turn_until(f, buf_z(&want));
    assert_true(f->commits > 40);
    buf_done(&text);
    buf_done(&want);
}

static void cut(struct fixture *f) {
    char path[128];
    (void) snprintf(path, sizeof path, "%s/a.log", f->dir);
    assert_int_equal(truncate(path, 0), 0);
}
static void put_beside(struct fixture *f, const char *ending, const char *bytes) {
    char path[128];
    (void) snprintf(path, sizeof path, "%s/a.log%s", f->dir, ending);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, str_of(bytes)), 0);
    close(fd);
}
static void take_away(struct fixture *f, const char *ending) {
    char path[128];
    (void) snprintf(path, sizeof path, "%s/a.log%s", f->dir, ending);
    assert_int_equal(unlink(path), 0);
}
static uint64_t wiped_after(struct fixture *f, int seconds) {
    turn(f, 20);
    f->now += seconds * NS_PER_S;
    turn(f, 20);
    return intake_live_counters(f->live, 1).wiped;
}

/* Emptied: told after a while. Copied before it was emptied, or copied, packed and removed: that is a rotation. */
static void a_file_that_was_emptied_is_told_from_one_that_was_rotated(void **state) {
    struct fixture *f = *state;
    f->now = time_now_ns(); /* beside times of change */
    append(f, "one\ntwo\n");
    follow(f);
    turn_until(f, "1:one|1:two|");
    turn(f, 20);
    cut(f);
    append(f, "three\n");
    turn_until(f, "1:one|1:two|0:three|");
    assert_int_equal(wiped_after(f, 10), 0);
    assert_int_equal(wiped_after(f, 15), 1);
    assert_int_equal(wiped_after(f, 100), 1); /* once */

    f->now = time_now_ns();
    turn(f, 20);
    put_beside(f, ".1", "three\n");
    cut(f);
    append(f, "four\n");
    turn_until(f, "1:one|1:two|0:three|0:four|");
    assert_int_equal(wiped_after(f, 30), 1);

    f->now = time_now_ns();
    turn(f, 20);
    put_beside(f, ".2.gz", "\x1f\x8b\x08 what was packed");
    cut(f);
    append(f, "five\n");
    turn_until(f, "1:one|1:two|0:three|0:four|0:five|");
    assert_int_equal(wiped_after(f, 30), 1);
    take_away(f, ".1");
    take_away(f, ".2.gz");
}

static void end_process(struct fixture *f, int64_t since_ns) {
    intake_live_close(f->live);
    turn(f, 5);
    f->now = time_now_ns(); /* beside times of change */
    f->since_ns = since_ns ? since_ns : f->now;
}
static void next_process(struct fixture *f) {
    new_process(f);
    follow(f);
    turn(f, 20);
}

/* The same while nobody looked. Once, and not of a file that was made anew (which may have got the number of the inode),
 * or copied or packed meanwhile. */
static void a_file_that_was_emptied_while_nobody_looked_is_told(void **state) {
    struct fixture *f = *state;
    struct statx x = {0};
    if (statx(AT_FDCWD, f->dir, 0, STATX_BTIME, &x) < 0 || !(x.stx_mask & STATX_BTIME))
        skip();
    f->now = time_now_ns();
    append(f, "one\ntwo\n");
    follow(f);
    turn_until(f, "1:one|1:two|");
    end_process(f, 0);
    take_away(f, ""); /* rotated away and made anew */
    append(f, "three\n");
    next_process(f);
    assert_int_equal(wiped_after(f, 30), 0);
    append(f, "four\n");
    turn_until_last(f, ":four|");

    end_process(f, 0);
    put_beside(f, ".1", "three\nfour\n");
    cut(f);
    next_process(f);
    assert_int_equal(wiped_after(f, 30), 0);
    append(f, "five\n");
    turn_until_last(f, ":five|");

    end_process(f, 0);
    put_beside(f, ".2.gz", "\x1f\x8b\x08 what was packed");
    cut(f);
    append(f, "six\n");
    next_process(f);
    assert_int_equal(wiped_after(f, 30), 0);

    end_process(f, time_now_ns() + NS_PER_HOUR); /* what is packed beside is older */
    cut(f);
    next_process(f);
    assert_int_equal(wiped_after(f, 10), 0);
    assert_int_equal(wiped_after(f, 15), 1);
    end_process(f, 0);
    next_process(f);
    assert_int_equal(wiped_after(f, 30), 0);
    take_away(f, ".1");
    take_away(f, ".2.gz");
}

static int connect_pair(int *ret_ours) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(l, (struct sockaddr *) &at, sizeof at), 0);
    assert_int_equal(listen(l, 1), 0);
    assert_int_equal(getsockname(l, (struct sockaddr *) &at, &len), 0);
    assert_int_equal(connect(c, (struct sockaddr *) &at, sizeof at), 0);
    *ret_ours = accept4(l, NULL, NULL, SOCK_CLOEXEC);
    assert_true(*ret_ours >= 0);
    close(l);
    return c;
}

static void note_through(void *ctx, uint64_t cookie) {
    assert_true(cookie != 0);
    ++*(int *) ctx;
}
static void hand_over(struct fixture *f, int fd, const struct source *def, int *ret_through) {
    struct intake_syslog_held *h;
    *ret_through = 0;
    assert_int_equal(intake_syslog_held_new(f->live, def, note_through, ret_through, &h, NULL), 0);
    assert_int_equal(intake_syslog_held_add(h, fd, NULL), 0);
}

/* What is not on disk stays in the kernel, where the next process finds it. */
static void a_connection_is_consumed_only_when_it_is_on_disk(void **state) {
    struct fixture *f = *state;
    struct source def = {.name = STR("s"), .kind = STR("syslog")};
    char seen[64];
    int ours, through, theirs = connect_pair(&ours), kept = dup(ours);
    hand_over(f, ours, &def, &through);
    assert_int_equal(write(theirs, "<1>a\n<1>b\n<1>ha", 15), 15);
    f->disk_full = true;
    turn(f, 5);
    assert_string_equal(buf_z(&f->wait), "0:<1>a|0:<1>b|");
    assert_int_equal(recv(kept, seen, sizeof seen, MSG_PEEK | MSG_DONTWAIT), 15);
    f->disk_full = false;
    turn_until(f, "0:<1>a|0:<1>b|");
    assert_int_equal(recv(kept, seen, sizeof seen, MSG_PEEK | MSG_DONTWAIT), 5); /* half a line */
    assert_int_equal(write(theirs, "lf\n", 3), 3);
    turn_until(f, "0:<1>a|0:<1>b|0:<1>half|");
    assert_int_equal(write(theirs, "the end", 7), 7);
    close(theirs);
    assert_int_equal(through, 0);
    turn_until(f, "0:<1>a|0:<1>b|0:<1>half|0:the end|");
    for (int i = 0; i < 100 && !through; i++)
        turn(f, 1);
    assert_int_equal(through, 1); /* whoever holds it, too, may let go */
    close(kept);
}

/* Killed between writing and consuming, with half a message behind what was written: the next process
 * takes neither what is there for new nor the half for a whole. */
static void half_a_message_behind_what_was_written_stays_half(void **state) {
    struct fixture *f = *state;
    struct source def = {.name = STR("s"), .kind = STR("syslog")};
    char seen[64];
    int ours, through, theirs = connect_pair(&ours), kept = dup(ours);
    hand_over(f, ours, &def, &through);
    assert_int_equal(write(theirs, "<1>a\n<1>b\n<1>ha", 15), 15);
    f->killed = true;
    turn(f, 5);
    assert_string_equal(buf_z(&f->lines), "0:<1>a|0:<1>b|");
    assert_int_equal(recv(kept, seen, sizeof seen, MSG_PEEK | MSG_DONTWAIT), 15);
    intake_live_close(f->live);
    turn(f, 5);
    f->killed = false;
    new_process(f);
    hand_over(f, dup(kept), &def, &through);
    turn(f, 30);
    assert_string_equal(buf_z(&f->lines), "0:<1>a|0:<1>b|");
    assert_int_equal(recv(kept, seen, sizeof seen, MSG_PEEK | MSG_DONTWAIT), 5);
    assert_int_equal(write(theirs, "lf\n", 3), 3);
    turn_until(f, "0:<1>a|0:<1>b|0:<1>half|");
    close(theirs);
    close(kept);
}

static void a_frame_too_long_ends_the_connection(void **state) {
    struct fixture *f = *state;
    struct source def = {.name = STR("s"), .kind = STR("syslog")};
    char seen[8];
    int ours, through, theirs = connect_pair(&ours);
    hand_over(f, ours, &def, &through);
    assert_int_equal(write(theirs, "5 <1>ab99999999 <1>", 19), 19);
    for (int i = 0; i < 100 && intake_live_counters(f->live, 1).broken == 0; i++)
        turn(f, 1);
    assert_int_equal(intake_live_counters(f->live, 1).broken, 1);
    turn(f, 2);
    assert_int_equal(through, 1);
    assert_true(read(theirs, seen, sizeof seen) <= 0);
    assert_string_equal(buf_z(&f->lines), "0:<1>ab|");
    close(theirs);
}

#define live_test(f) cmocka_unit_test_setup_teardown(f, begin, end)
static void make_file(const char *dir, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_write_atomic(path, STR("x"), 0600, NULL), 0);
}

/* Root may read everything, so that what cannot be opened here is a link to itself. */
static void a_journal_is_whole_when_all_of_it_can_be_read(void **state) {
    struct fixture *f = *state;
    char dir[128], loop[160];
    snprintf(dir, sizeof dir, "%s/0123456789abcdef", f->dir);
    assert_int_equal(file_make_dir(dir, 0700, NULL), 0);
    assert_true(intake_journal_is_whole(f->dir));
    make_file(dir, "system.journal");
    make_file(dir, "user-1000.journal");
    snprintf(loop, sizeof loop, "%s/other", dir);
    assert_int_equal(symlink(loop, loop), 0); /* no journal */
    assert_true(intake_journal_is_whole(f->dir) && intake_journal_is_whole(dir));
    snprintf(loop, sizeof loop, "%s/user-1001@1.journal~", dir);
    assert_int_equal(symlink(loop, loop), 0);
    assert_false(intake_journal_is_whole(f->dir) || intake_journal_is_whole(dir));
    assert_true(intake_journal_is_whole("/nowhere/at/all"));
    static const char *const made[] = {"system.journal", "user-1000.journal", "other", "user-1001@1.journal~"};
    for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
        snprintf(loop, sizeof loop, "%s/%s", dir, made[i]);
        assert_int_equal(unlink(loop), 0);
    }
    assert_int_equal(rmdir(dir), 0);
}

UNIT_GROUP(intake_live, live_test(a_full_disk_stops_reading_and_loses_nothing),
           live_test(a_full_spool_is_committed_in_between),
           live_test(a_file_that_was_emptied_is_told_from_one_that_was_rotated),
           live_test(a_file_that_was_emptied_while_nobody_looked_is_told),
           live_test(a_connection_is_consumed_only_when_it_is_on_disk),
           live_test(half_a_message_behind_what_was_written_stays_half),
           live_test(a_frame_too_long_ends_the_connection),
           live_test(a_journal_is_whole_when_all_of_it_can_be_read))
