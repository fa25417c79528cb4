/* A spool searched: in both orders, with bounds, with filters and without, and with filters that are wrong. */
#include "unit.h"

#include "app/engine/engine.h"
#include "app/search/filter.h"
#include "app/search/keep.h"
#include "app/search/past.h"
#include "app/search/scan.h"
#include "base/file.h"
#include "decode/recipe.h"
#include "event/source.h"
#include "index/client.h"
#include "index/row.h"
#include "spool/reader.h"
#include "spool/spool.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINES = 3000, EACH_S = 60 };
static const int64_t begin_ns = INT64_C(1790000000) * NS_PER_S;
static char folder[64], spool_dir[80], filter_dir[80];

static struct decode_set *decoders;
static int64_t now_ns;
static int64_t clock_now(void *ctx UNUSED) {
    return now_ns;
}

static void put(struct spool *s, unsigned i) {
    char line[256];
    struct diag d = {0};
    now_ns = begin_ns + (int64_t) i * EACH_S * NS_PER_S;
    int n = snprintf(line, sizeof line, "{\"@timestamp\":%lld,\"host.name\":\"h%u\",\"user.name\":\"%s\",\"message\":\"line %u of many %s\"}",
                     (long long) (now_ns / NS_PER_MS), i % 7, i == 100 ? "山田" : "bob", i, i >= 1000 && i < 1010 ? "needle" : "hay");
    struct raw_record rec = {.bytes = str_n(line, (size_t) n), .source = 1, .arrival_ns = now_ns};
    assert_int_equal(spool_put(s, &rec, &d), 0);
    if (i % 10 == 9)
        assert_int_equal(spool_commit(s, &d), 0);
}

static int fill_segments(uint64_t bytes) {
    struct spool_options o = {.segment_bytes = bytes, .clock = {.now_ns = clock_now}};
    struct source src = {.id = 1, .name = STR("s"), .kind = STR("syslog"), .path = STR(""), .decoder = STR(""), .service = STR("会員サイト"),
                         .host = STR(""), .encoding = -1, .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = 5 * NS_PER_MIN};
    struct spool *s;
    struct diag d = {0};
    struct buf b;
    snprintf(folder, sizeof folder, "/tmp/kizuki-search-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(spool_dir, sizeof spool_dir, "%s/spool", folder);
    snprintf(filter_dir, sizeof filter_dir, "%s/search", folder);
    now_ns = begin_ns;
    assert_int_equal(engine_decoders(NULL, 0, &decoders, &d), 0);
    assert_int_equal(file_make_dir(filter_dir, 0700, &d), 0);
    assert_int_equal(spool_open(spool_dir, &o, &s, &d), 0);
    buf_init(&b, 4096);
    assert_int_equal(source_encode(&src, &b), 0);
    struct raw_record rec = {.bytes = buf_str(&b), .source = 1, .flags = RAW_SOURCE, .arrival_ns = now_ns};
    assert_int_equal(spool_put(s, &rec, &d), 0);
    buf_done(&b);
    for (unsigned i = 0; i < LINES; i++)
        put(s, i);
    spool_close(s);
    return 0;
}

static int fill(void **state UNUSED) {
    return fill_segments(65536);
}

static int fill_batches(void **state UNUSED) { /* several batches a segment */
    return fill_segments(300000);
}

static int remove_one(const char *path, const struct stat *st UNUSED, int flag UNUSED, struct FTW *ftw UNUSED) {
    return remove(path);
}

static int clear(void **state UNUSED) {
    decoders = decode_set_unref(decoders);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct found {
    uint64_t at[LINES];
    size_t n;
    char host[16];
};

static int note(void *ctx, struct search *s, const struct raw_record *rec, int64_t time_ns) {
    struct found *f = ctx;
    const struct event *ev;
    assert_true(f->n < LINES && time_ns >= begin_ns);
    assert_int_equal(search_event(s, rec, &ev), 0);
    snprintf(f->host, sizeof f->host, "%.*s", STR_ARG(event_get(ev, EVENT_F_HOST_NAME)));
    f->at[f->n++] = rec->pos.n;
    return 0;
}

static struct scan_progress run(struct scan_options o, const char *query, struct found *f) {
    struct scan *s;
    struct diag d = {0};
    int r;
    uint64_t before = 0;
    o.spool_dir = spool_dir;
    o.query = str_of(query);
    o.decoders = decoders;
    *f = (struct found){.n = 0};
    if (scan_new(&o, &s, &d) < 0)
        fail_msg("%s", d.text);
    while ((r = scan_step(s, note, f, &d)) == 1) {
        assert_true(scan_progress(s)->bytes_done >= before && scan_progress(s)->bytes_done <= scan_progress(s)->bytes);
        before = scan_progress(s)->bytes_done;
    }
    assert_int_equal(r, 0);
    struct scan_progress p = *scan_progress(s);
    assert_int_equal(p.bytes_done, p.bytes);
    assert_int_equal(p.found, f->n);
    scan_free(s);
    return p;
}

static struct scan_options any(void) {
    return (struct scan_options){.from_ns = TIME_NONE, .to_ns = TIME_NONE};
}

static void orders_and_bounds(void **state UNUSED) {
    static struct found f;
    struct scan_options o = any();
    struct scan_progress p = run(o, "needle", &f);
    assert_int_equal(f.n, 10);
    assert_true(p.segments > 5 && p.segments_passed == 0 && p.records == LINES);
    for (size_t i = 1; i < f.n; i++)
        assert_true(f.at[i] == f.at[i - 1] + 1);
    uint64_t first = f.at[0];
    (void) run(o, "*", &f);
    assert_int_equal(f.n, LINES);
    o.newest_first = true;
    (void) run(o, "host.name:h3", &f);
    assert_true(f.n > 400 && f.at[0] > f.at[f.n - 1]);
    o = any();
    o.from_record = first + 2;
    o.to_record = first + 5;
    (void) run(o, "needle", &f);
    assert_int_equal(f.n, 3);
    o = any();
    o.from_ns = begin_ns + (int64_t) 1004 * EACH_S * NS_PER_S;
    o.to_ns = begin_ns + (int64_t) 1007 * EACH_S * NS_PER_S;
    (void) run(o, "needle", &f);
    assert_int_equal(f.n, 3);
    assert_string_equal(f.host, "h5"); /* 1006 % 7 */
}

static void make_all(unsigned want) {
    struct diag d = {0};
    uint32_t segment;
    unsigned n = 0;
    int r;
    while ((r = scan_make_filter(spool_dir, filter_dir, decoders, 0, NULL, &segment, &d)) == 1)
        n++;
    if (r < 0)
        fail_msg("%s", d.text);
    assert_int_equal(n, want);
}

static void filters_spare_work_and_change_nothing(void **state UNUSED) {
    static const char *const queries[] = {"needle", "user.name:山田", "host.name:h3", "\"of many\"", "line 1500", "nowhere",
                                          "not needle", "user.name:山田 or needle", "message:need*", "host.name:*"};
    static struct found with, without;
    struct scan_options o = any();
    struct scan_progress p = run(o, "needle", &without);
    make_all(p.segments - 1);
    make_all(0);
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
        o = any();
        (void) run(o, queries[i], &without);
        o.filter_dir = filter_dir;
        (void) run(o, queries[i], &with);
        assert_int_equal(with.n, without.n);
        assert_memory_equal(with.at, without.at, with.n * sizeof with.at[0]);
    }
    p = run(o, "needle", &with);
    assert_true(p.segments_passed + 3 >= p.segments && p.bytes_passed > p.bytes);
    p = run(o, "nowhere", &with);
    assert_int_equal(p.segments_passed, p.segments - 1); /* all but the one that still grows */
    o.from_ns = begin_ns + (int64_t) 10 * LINES * EACH_S * NS_PER_S;
    p = run(o, "*", &with);
    assert_int_equal(p.segments_passed, p.segments - 1);
}

static void flip(const char *path, off_t at) {
    char c;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &c, 1, at), 1);
    c = (char) (c ^ 0x40);
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static void wrong_filters_are_not_believed(void **state UNUSED) {
    static struct found f;
    struct scan_options o = any();
    char name[SPOOL_NAME_CAP], path[128], other[128];
    o.filter_dir = filter_dir;
    snprintf(path, sizeof path, "%s/%s", filter_dir, filter_name(2, name));
    for (off_t at = 0; at < 2000; at += 97) { /* in the head and in the blocks */
        flip(path, at);
        (void) run(o, "needle", &f);
        assert_int_equal(f.n, 10);
        assert_int_not_equal(access(path, F_OK), 0); /* thrown away */
        make_all(1);
    }
    /* a page that is asked about and damaged is noticed, and one that is not asked about does no harm */
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", filter_dir, filter_name(2, name));
    assert_int_equal(stat(path, &st), 0);
    unsigned noticed = 0;
    for (off_t at = 4200; at < st.st_size; at += 211) {
        flip(path, at);
        (void) run(o, "needle", &f);
        assert_int_equal(f.n, 10);
        (void) run(o, "user.name:bob", &f);
        assert_int_equal(f.n, LINES - 1);
        if (access(path, F_OK) != 0) {
            make_all(1);
            noticed++;
        } else {
            flip(path, at);
        }
    }
    assert_true(noticed >= 10);
    /* of another segment: it would say that nothing is there */
    snprintf(other, sizeof other, "%s/%s", filter_dir, filter_name(1, name));
    for (uint32_t k = 2; k < 5; k++) {
        snprintf(path, sizeof path, "%s/%s", filter_dir, filter_name(k, name));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(link(other, path), 0);
    }
    (void) run(o, "needle", &f);
    assert_int_equal(f.n, 10);
}

/* ---- a segment of several pieces ---- */

enum { LARGE_LINES = 2900, LARGE_BYTES = 2000 };

static void put_source(struct spool *s, uint32_t id, struct str host) {
    struct source src = {.id = id, .name = STR("s"), .kind = STR("syslog"), .path = STR(""), .decoder = STR(""), .service = STR(""),
                         .host = host, .encoding = -1, .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = 5 * NS_PER_MIN};
    struct diag d = {0};
    struct buf b;
    buf_init(&b, 4096);
    assert_int_equal(source_encode(&src, &b), 0);
    struct raw_record rec = {.bytes = buf_str(&b), .source = id, .flags = RAW_SOURCE, .arrival_ns = now_ns};
    assert_int_equal(spool_put(s, &rec, &d), 0);
    buf_done(&b);
}

static void put_large(struct spool *s, unsigned i) {
    const char *what = i == 10 || i == 2600 ? "from 192.0.2.7" : i == 700 ? "画面の改竄" : i == 1900 ? "1.192.0.2.9 and 999.1.2.3" : "hay";
    char line[LARGE_BYTES];
    struct diag d = {0};
    now_ns = begin_ns + (int64_t) i * NS_PER_S;
    char ip[20];
    snprintf(ip, sizeof ip, "10.0.%u.%u", i / 250, i % 250);
    int n = snprintf(line, sizeof line, "{\"@timestamp\":%lld,\"message\":\"%s %u\",\"source.ip\":\"%s\",\"pad\":\"", (long long) (now_ns / NS_PER_MS), what, i,
                     i == 1300 ? "192.0.2.8" : ip);
    memset(line + n, '.', sizeof line - (size_t) n);
    memcpy(line + sizeof line - 2, "\"}", 2);
    struct raw_record rec = {.bytes = str_n(line, sizeof line), .source = i >= 2500 && i < 2505 ? 2 : 1, .arrival_ns = now_ns};
    assert_int_equal(spool_put(s, &rec, &d), 0);
    if (i % 10 == 9)
        assert_int_equal(spool_commit(s, &d), 0);
}

static int fill_large(void **state UNUSED) {
    struct spool_options o = {.segment_bytes = 5500000, .clock = {.now_ns = clock_now}};
    struct spool *s;
    struct diag d = {0};
    snprintf(folder, sizeof folder, "/tmp/kizuki-search-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(spool_dir, sizeof spool_dir, "%s/spool", folder);
    snprintf(filter_dir, sizeof filter_dir, "%s/search", folder);
    now_ns = begin_ns;
    assert_int_equal(engine_decoders(NULL, 0, &decoders, &d), 0);
    assert_int_equal(file_make_dir(filter_dir, 0700, &d), 0);
    assert_int_equal(spool_open(spool_dir, &o, &s, &d), 0);
    put_source(s, 1, STR("front"));
    for (unsigned i = 0; i < LARGE_LINES; i++) {
        if (i == 1700)
            put_source(s, 2, STR("side"));
        put_large(s, i);
    }
    spool_close(s);
    return 0;
}

/* Pieces that hold nothing are not read; where sources are defined is. */
static void of_a_segment_only_pieces_are_read(void **state UNUSED) {
    static const struct {
        const char *query;
        unsigned found, pieces; /* at most, of the closed segment */
    } rows[] = {{"192.0.2.7", 2, 4},  {"改ざん", 1, 3},    {"source.ip:192.0.2.8", 1, 3}, {"192.0.2.9", 1, 3},          {"1.192.0.2", 1, 3},    {"999.1.2.3", 1, 3},
                {"192.0.2.6", 0, 0},  {"改善", 0, 0},      {"192.0.2.7 or 改ざん", 3, 5}, {"192.0.2.7 and 改ざん", 0, 2}, {"not hay", 4, 24},      {"host.name:side", 5, 6},
                {"host.name:side hay", 5, 6}, {"source.ip:(192.0.2.8, 192.0.2.99)", 1, 3}};
    static struct found with, without;
    struct diag d = {0};
    uint32_t segment;
    assert_int_equal(scan_make_filter(spool_dir, filter_dir, decoders, 0, NULL, &segment, &d), 1);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (int late = 0; late < 2; late++) {
            struct scan_options o = any();
            (void) run(o, rows[i].query, &without);
            o.filter_dir = filter_dir;
            o.late = late;
            struct scan_progress p = run(o, rows[i].query, &with);
            if (with.n != rows[i].found || with.n != without.n || memcmp(with.at, without.at, with.n * sizeof with.at[0]) != 0)
                fail_msg("%s: %zu found, %zu without filters", rows[i].query, with.n, without.n);
            uint64_t open = 400000; /* of the other segment, about */
            if (p.bytes > open + (uint64_t) rows[i].pieces * 300000)
                fail_msg("%s: %llu bytes read", rows[i].query, (unsigned long long) p.bytes);
        }
}

/* Each record that reaches over the end of a piece is found, and so are its neighbours. */
static void what_lies_between_two_pieces_is_found(void **state UNUSED) {
    static struct found f;
    struct spool_reader *r = NULL;
    struct spool_batch b;
    struct diag d = {0};
    uint32_t segment;
    unsigned over = 0;
    IGNORE(scan_make_filter(spool_dir, filter_dir, decoders, 0, NULL, &segment, &d));
    spool_batch_init(&b);
    assert_int_equal(spool_reader_open(spool_dir, &r, NULL), 0);
    while (spool_reader_next(r, &b, NULL, NULL) == 1 && spool_reader_in(r) == 1)
        for (size_t i = 0; i + 1 < b.n; i++) {
            ptrdiff_t at = str_find(b.records[i].bytes, STR("10.0."), 0);
            if (at < 0 || b.offsets[i] >> FILTER_PIECE_LOG == (b.offsets[i + 1] + 2100) >> FILTER_PIECE_LOG)
                continue;
            struct str ip = str_from(b.records[i].bytes, (size_t) at);
            char query[64];
            snprintf(query, sizeof query, "source.ip:%.*s", (int) str_find_byte(ip, '"', 0), ip.p);
            struct scan_options o = any();
            o.filter_dir = filter_dir;
            struct scan_progress p = run(o, query, &f);
            if (f.n != 1 || f.at[0] != b.records[i].pos.n || p.segments_indexed || p.bytes > 1500000)
                fail_msg("%s: %zu found, %llu bytes", query, f.n, (unsigned long long) p.bytes);
            over++;
        }
    assert_true(over > 40);
    spool_batch_done(&b);
    spool_reader_free(r);
}

/* ---- an index that says what a test wants ---- */

struct says {
    struct buf rows; /* of index_found_read */
    int fd;
    pthread_t thread;
    char path[96];
};

static void *answer(void *arg) {
    struct says *s = arg;
    for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0; close(fd)) {
        char head[100], got[8192];
        int n = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", s->rows.n);
        if (recv(fd, got, sizeof got, 0) > 0 && send(fd, head, (size_t) n, MSG_NOSIGNAL) == n)
            IGNORE(send(fd, buf_str(&s->rows).p, s->rows.n, MSG_NOSIGNAL));
    }
    return NULL;
}

static void begin_answers(struct says *s) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(s->path, sizeof s->path, "%s/index.sock", folder);
    memcpy(un.sun_path, s->path, strlen(s->path) + 1);
    buf_init(&s->rows, 1 << 20);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *) &un, sizeof un), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, answer, s), 0);
}

static void end_answers(struct says *s) {
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    unlink(s->path);
    buf_done(&s->rows);
}

static void put_le(struct buf *b, uint64_t v, size_t n) {
    for (size_t i = 0; i < n; i++)
        buf_add_byte(b, (char) (v >> 8 * i));
}

static void say(struct says *s, enum index_kind kind, uint32_t segment, uint64_t n, uint64_t next, uint64_t place) {
    put_le(&s->rows, kind, 1);
    put_le(&s->rows, segment, 4);
    put_le(&s->rows, n, 8);
    put_le(&s->rows, n, 8);
    put_le(&s->rows, next, 8);
    put_le(&s->rows, place, 8);
    put_le(&s->rows, next - n, 8);
    put_le(&s->rows, 0, 1);
}

/* Of each segment: its sources, what holds the needle `shift` bytes beside where it stands, and how far it is covered
 * (`less` records less than it has). */
static void say_all(struct says *s, uint64_t shift, uint64_t less) {
    struct spool_reader *r = NULL;
    struct spool_batch b;
    uint32_t segment = 0;
    uint64_t first = 0, next = 0, place = 0, kept_next = 0, kept_place = 0;
    spool_batch_init(&b);
    buf_clear(&s->rows);
    assert_int_equal(spool_reader_open(spool_dir, &r, NULL), 0);
    while (spool_reader_next(r, &b, NULL, NULL) == 1) {
        if (segment && spool_reader_in(r) != segment)
            say(s, INDEX_MARK, segment, first, kept_next, kept_place);
        if (spool_reader_in(r) != segment)
            first = b.records[0].pos.n;
        segment = spool_reader_in(r);
        for (size_t i = 0; i < b.n; i++) {
            next = b.records[i].pos.n;
            place = b.offsets[i];
            if (less == 0 || i + less < b.n) { /* the record that begins there is the first not covered */
                kept_next = less ? next : next + 1;
                kept_place = less ? place : spool_reader_offset(r);
            }
            if (b.records[i].flags & RAW_SOURCE)
                say(s, INDEX_SOURCE, segment, next, next, place);
            else if (str_find(b.records[i].bytes, STR("山田"), 0) >= 0 || str_find(b.records[i].bytes, STR("h3"), 0) >= 0)
                say(s, INDEX_EVENT, segment, next, next, place + shift);
        }
    }
    say(s, INDEX_MARK, segment, first, kept_next, kept_place);
    spool_batch_done(&b);
    spool_reader_free(r);
}

static void an_index_spares_work_and_is_not_believed_when_it_lies(void **state UNUSED) {
    static struct found plain, f;
    struct says says;
    struct scan_options o = any();
    struct diag d = {0};
    begin_answers(&says);
    (void) run(any(), "user.name:山田 and host.name:h2", &plain);
    assert_int_equal(plain.n, 1);
    assert_int_equal(index_client_new(says.path, &o.index, &d), 0);
    static const struct {
        uint64_t shift, less;
        bool spares;
    } rows[] = {{0, 0, true}, {0, 5, true}, {8, 0, false}, {64, 3, false}, {1 << 20, 0, false}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (int newest_first = 0; newest_first < 2; newest_first++) {
            say_all(&says, rows[i].shift, rows[i].less);
            o.newest_first = o.late = newest_first;
            struct scan_progress p = run(o, "user.name:山田 and host.name:h2", &f);
            if (f.n != 1 || f.at[0] != plain.at[0])
                fail_msg("%zu: %zu found", i, f.n);
            if (!p.segments_indexed || (p.records < LINES / 2) != rows[i].spares)
                fail_msg("%zu %d: %u of %u segments, %llu records", i, newest_first, p.segments_indexed, p.segments, (unsigned long long) p.records);
            (void) run(o, "host.name:h3", &f);
            assert_int_equal(f.n, (LINES - 3 + 6) / 7);
        }
    /* bytes that are no answer, a piece that is missing, nothing at all */
    o.newest_first = o.late = false;
    buf_add_byte(&says.rows, 0);
    assert_int_equal(run(o, "user.name:山田", &f).index_why.code, -ERR_CORRUPT);
    assert_int_equal(f.n, 1);
    buf_clear(&says.rows);
    say(&says, INDEX_MARK, 1, 1, 1000000, 64);
    says.rows.p[37]++; /* its records are not as many as it says */
    (void) run(o, "user.name:山田", &f);
    assert_int_equal(f.n, 1);
    buf_clear(&says.rows);
    (void) run(o, "user.name:山田", &f);
    assert_int_equal(f.n, 1);
    end_answers(&says);
    struct scan_progress p = run(o, "user.name:山田", &f);
    assert_true(f.n == 1 && p.index_why.code == -ENOENT);
    index_client_free(o.index);
}

static struct past *hunt(const char *key) {
    struct past_options o = {.key = str_of(key), .folder = folder};
    struct past *p;
    struct diag d = {0};
    o.scan = (struct scan_options){.spool_dir = spool_dir, .query = STR("needle or user.name:山田 or host.name:h3"), .from_ns = TIME_NONE, .to_ns = TIME_NONE,
                                   .decoders = decoders};
    if (past_new(&o, &p, &d) < 0)
        fail_msg("%s", d.text);
    return p;
}

static const char *told(struct past *p, struct buf *out) {
    struct jsonw w;
    buf_clear(out);
    jsonw_init(&w, out);
    jsonw_object(&w);
    assert_int_equal(past_write(p, &w), 0);
    jsonw_end(&w);
    char *progress = strstr(buf_z(out), "\"progress\""), *end = strstr(progress, "}"); /* how long it took differs */
    memmove(progress, end, strlen(end) + 1);
    return buf_z(out);
}

/* Killed after each number of batches, in the middle of segments too: nothing is lost, and nothing counted twice. */
static void a_hunt_killed_anywhere_finds_the_same(void **state UNUSED) {
    struct buf whole, again;
    char key[32];
    buf_init(&whole, 1 << 20);
    buf_init(&again, 1 << 20);
    struct past *p = hunt("whole");
    unsigned steps = 0;
    for (; past_is_running(p); steps++)
        past_step(p);
    assert_non_null(strstr(told(p, &whole), "\"found\":439"));
    past_free(p);
    assert_true(steps >= 5);
    for (unsigned each = 1; each < steps; each += 1 + each / 4) {
        snprintf(key, sizeof key, "killed-%u", each);
        unsigned lives = 0, before = 0;
        for (bool running = true; running; lives++) {
            p = hunt(key);
            for (unsigned i = 0; i < each + before && past_is_running(p); i++)
                past_step(p);
            running = past_is_running(p);
            before += lives > 3; /* one that never comes to the end of a segment would begin it for ever */
            if (!running)
                assert_string_equal(told(p, &again), buf_z(&whole));
            past_free(p); /* without a word: what is not on disk is gone */
        }
        assert_true(lives > 1);
    }
    buf_done(&whole);
    buf_done(&again);
}

static int keep_it(void *ctx, struct search *s UNUSED, const struct raw_record *rec, int64_t time_ns) {
    return search_keep_add(ctx, rec, time_ns);
}

/* Ended anywhere, what is kept is the newest of all that arrived since the time that is told, in order of time. */
static void what_is_kept_is_the_newest_of_what_was_looked_through(void **state UNUSED) {
    int64_t oldest_told = INT64_MAX;
    for (unsigned steps = 1; steps < 40; steps += 3) {
        struct scan_options o = {.spool_dir = spool_dir, .query = STR("many"), .from_ns = TIME_NONE, .to_ns = TIME_NONE, .newest_first = true, .decoders = decoders};
        struct search_keep k;
        struct scan *s;
        int r = 1;
        search_keep_init(&k, 50);
        k.by_time = true;
        assert_int_equal(scan_new(&o, &s, NULL), 0);
        assert_true(scan_progress(s)->back_to_ns == TIME_NONE);
        for (unsigned i = 0; i < steps && r == 1; i++)
            r = scan_step(s, keep_it, &k, NULL);
        search_keep_sort(&k);
        int64_t back = scan_progress(s)->back_to_ns;
        assert_true(back == TIME_NONE || back <= oldest_told);
        oldest_told = back == TIME_NONE ? oldest_told : back;
        for (size_t i = 0; i < k.n; i++) {
            int64_t newest = begin_ns + (int64_t) (LINES - 1 - i) * EACH_S * NS_PER_S;
            assert_true(i == 0 || k.at[i]->time_ns < k.at[i - 1]->time_ns);
            assert_true(back == TIME_NONE || newest < back || k.at[i]->time_ns == newest);
        }
        assert_true(back == TIME_NONE || k.n == 50);
        scan_free(s);
        search_keep_done(&k);
    }
    assert_true(oldest_told < now_ns - 1000 * EACH_S * NS_PER_S);
}

UNIT_GROUP(search_scan, cmocka_unit_test_setup_teardown(what_is_kept_is_the_newest_of_what_was_looked_through, fill, clear),
           cmocka_unit_test_setup_teardown(orders_and_bounds, fill, clear),
           cmocka_unit_test_setup_teardown(a_hunt_killed_anywhere_finds_the_same, fill_batches, clear),
           cmocka_unit_test_setup_teardown(an_index_spares_work_and_is_not_believed_when_it_lies, fill, clear),
           cmocka_unit_test_setup_teardown(of_a_segment_only_pieces_are_read, fill_large, clear),
           cmocka_unit_test_setup_teardown(what_lies_between_two_pieces_is_found, fill_large, clear),
           cmocka_unit_test_setup(filters_spare_work_and_change_nothing, fill),
           cmocka_unit_test_teardown(wrong_filters_are_not_believed, clear))
