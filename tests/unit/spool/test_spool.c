#include "helpers.h"

#include "torture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char seg1[] = "00000001.seg";

/* What a fresh reader sees: lines (numbers from 1 without a hole unless a gap is told). */
struct seen {
    uint64_t lines, last, gaps, missing;
    struct spool_gap gap;
};
static struct seen read_spool(const char *dir) {
    struct seen seen = {0};
    struct spool_reader *r = NULL;
    struct spool_batch b;
    int k;
    spool_batch_init(&b);
    assert_int_equal(spool_reader_open(dir, &r, NULL), 0);
    while ((k = spool_reader_next(r, &b, &seen.gap, NULL)) != 0) {
        if (k == -ERR_CORRUPT) {
            seen.gaps++;
            seen.missing += seen.gap.to_number - seen.gap.from_number;
            seen.last = seen.gap.to_number - 1;
            continue;
        }
        assert_int_equal(k, 1);
        for (size_t i = 0; i < b.n; i++) {
            assert_int_equal(b.records[i].pos.n, seen.last + 1);
            seen.last++;
            if (b.records[i].flags & (RAW_SOURCE | RAW_STATE))
                continue;
            assert_true(is_line(&b.records[i], b.records[i].pos.n));
            seen.lines++;
        }
    }
    spool_batch_done(&b);
    spool_reader_free(r);
    return seen;
}

static void keeps_what_was_committed(void **state) {
    struct spool *s = open_spool(*state, 0);
    put_lines(s, 1, 101, 7);
    assert_int_equal(spool_durable_next(s), 101);
    assert_int_equal(put_line(s, 101), 0);
    assert_int_equal(spool_next(s), 102);
    assert_int_equal(spool_durable_next(s), 101);
    spool_close(s); /* the last one was never committed */
    assert_int_equal(read_spool(*state).lines, 100);
    s = open_spool(*state, 0);
    assert_int_equal(spool_next(s), 101);
    assert_int_equal(spool_found(s)->cut_bytes, 0);
    put_lines(s, 101, 201, 1);
    spool_close(s);
    assert_int_equal(read_spool(*state).lines, 200);
}

static void has_one_writer(void **state) {
    struct spool_options o = {.clock = {.now_ns = test_clock_now}};
    struct spool *s = open_spool(*state, 0), *t = NULL;
    struct diag d;
    assert_int_equal(spool_open(*state, &o, &t, &d), -EBUSY);
    assert_non_null(strstr(d.text, "another process"));
    spool_close(s);
}

static void refuses_what_is_too_long(void **state) {
    struct spool *s = open_spool(*state, 0);
    char *big = mem_zalloc(SPOOL_RECORD_BYTES_MAX + 1);
    struct raw_record rec = {.bytes = str_n(big, SPOOL_RECORD_BYTES_MAX + 1)};
    assert_int_equal(spool_put(s, &rec, NULL), -ERR_LIMIT);
    rec.bytes.n--;
    assert_int_equal(spool_put(s, &rec, NULL), 0);
    assert_int_equal(spool_commit(s, NULL), 0);
    rec.peer = str_n(big, RAW_PEER_BYTES_MAX + 1);
    assert_int_equal(spool_put(s, &rec, NULL), -ERR_LIMIT);
    assert_int_equal(spool_next(s), 2);
    spool_close(s);
    struct spool_reader *r = NULL;
    struct arena a;
    arena_init(&a, 8 << 20);
    assert_int_equal(spool_reader_open(*state, &r, NULL), 0);
    assert_int_equal(spool_reader_get(r, 1, &a, &rec, NULL), 0);
    assert_int_equal(rec.bytes.n, SPOOL_RECORD_BYTES_MAX);
    spool_reader_free(r);
    arena_done(&a);
    mem_free(big);
}

/* Cut anywhere: what is left is a prefix of whole records, and writing goes on with the next
 * number. */
static void survives_a_cut_at_every_byte(void **state) {
    struct arena a;
    arena_init(&a, 1 << 20);
    struct spool *s = open_spool(*state, 0);
    put_lines(s, 1, 25, 5);
    spool_close(s);
    struct str whole = read_file(&a, *state, seg1);
    uint64_t before = 0;
    for (size_t n = 64; n <= whole.n; n++) {
        write_file(*state, seg1, str_to(whole, n));
        s = open_spool(*state, 0);
        uint64_t kept = spool_next(s) - 1;
        assert_true(kept == before || kept == before + 1);
        assert_int_equal(spool_found(s)->gaps_n, 0);
        assert_true(spool_found(s)->cut_bytes < 96);
        put_lines(s, kept + 1, kept + 3, 1);
        spool_close(s);
        struct seen seen = read_spool(*state);
        assert_int_equal(seen.lines, kept + 2);
        assert_int_equal(seen.gaps, 0);
        before = kept;
    }
    assert_int_equal(before, 24);
    arena_done(&a);
}

/* A flipped bit in what was acknowledged is corruption, told with its place; everything else is
 * still there. */
static void tells_corruption_from_a_torn_tail(void **state) {
    struct arena a;
    arena_init(&a, 1 << 20);
    struct spool *s = open_spool(*state, 0);
    put_lines(s, 1, 25, 5);
    spool_close(s);
    struct str whole = read_file(&a, *state, seg1);
    char *bytes = arena_alloc(&a, whole.n);
    size_t last_mark = whole.n - 32;
    for (size_t i = 64; i < whole.n; i++) {
        memcpy(bytes, whole.p, whole.n);
        bytes[i] = (char) (bytes[i] ^ 1 << i % 8);
        write_file(*state, seg1, str_n(bytes, whole.n));
        s = open_spool(*state, 0);
        const struct spool_found *f = spool_found(s);
        assert_int_equal(spool_next(s), 25);
        if (i >= last_mark) {
            assert_int_equal(f->gaps_n, 0);
            assert_int_equal(f->cut_bytes, 32);
        } else {
            assert_int_equal(f->gaps_n, 1);
            assert_int_equal(f->cut_bytes, 0);
            assert_int_equal(f->gaps[0].segment, 1);
            assert_true(f->gaps[0].from_at <= i && i < f->gaps[0].to_at);
            /* one record, or none when a mark was hit */
            assert_true(f->gaps[0].to_number - f->gaps[0].from_number <= 1);
        }
        uint64_t missing = f->gaps_n ? f->gaps[0].to_number - f->gaps[0].from_number : 0;
        put_lines(s, 25, 27, 1);
        spool_close(s);
        struct seen seen = read_spool(*state);
        assert_int_equal(seen.last, 26);
        assert_int_equal(seen.gaps, i < last_mark);
        assert_int_equal(seen.missing, missing);
        assert_int_equal(seen.lines, 26 - missing);
    }
    arena_done(&a);
}

/* Power loss may keep later pages of a write that was never acknowledged and lose earlier ones. */
static void cuts_a_tail_with_a_hole(void **state) {
    struct arena a;
    arena_init(&a, 1 << 20);
    struct spool *s = open_spool(*state, 0);
    put_lines(s, 1, 11, 10);
    size_t acknowledged = read_file(&a, *state, seg1).n;
    put_lines(s, 11, 31, 20);
    spool_close(s);
    struct str whole = read_file(&a, *state, seg1);
    char *bytes = arena_alloc(&a, whole.n);
    memcpy(bytes, whole.p, whole.n);
    memset(bytes + acknowledged + 200, 0, 64);
    write_file(*state, seg1, str_n(bytes, whole.n - 32)); /* and the mark never came */
    s = open_spool(*state, 0);
    assert_int_equal(spool_found(s)->gaps_n, 0);
    assert_true(spool_found(s)->cut_bytes > 500);
    assert_true(spool_next(s) > 11 && spool_next(s) < 20);
    put_lines(s, spool_next(s), 41, 3);
    spool_close(s);
    assert_int_equal(read_spool(*state).lines, 40);
    arena_done(&a);
}

static int count_each(void *ctx, const struct raw_record *rec) {
    struct buf *b = ctx;
    if (rec->flags & RAW_SOURCE)
        buf_printf(b, "source %u=%.*s ", rec->source, STR_ARG(rec->bytes));
    else
        buf_printf(b, "%u.%u=%.*s ", rec->source, rec->resume_key, STR_ARG(rec->resume));
    return 0;
}

static void put_state(struct spool *s, uint32_t source, uint32_t key, const char *value) {
    struct raw_record rec = {
        .source = source, .flags = RAW_STATE, .resume = str_of(value), .resume_key = key};
    assert_int_equal(spool_put(s, &rec, NULL), 0);
}

/* What each segment begins with is enough to go on, however many segments there are. */
static void remembers_sources_and_states(void **state) {
    struct spool *s = open_spool(*state, 4096);
    struct raw_record def = {.source = 2, .flags = RAW_SOURCE, .bytes = STR("two")};
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(spool_put(s, &def, NULL), 0);
    def.source = 1;
    def.bytes = STR("one, first");
    assert_int_equal(spool_put(s, &def, NULL), 0);
    def.bytes = STR("one");
    assert_int_equal(spool_put(s, &def, NULL), 0);
    put_state(s, 2, 9, "nine");
    put_state(s, 1, 8, "eight");
    put_state(s, 1, 7, "gone");
    put_state(s, 1, 8, "a longer value than the room an entry has at first");
    put_state(s, 1, 7, "");
    assert_int_equal(spool_commit(s, NULL), 0);
    for (unsigned i = 0; i < 300; i++) {
        char place[16];
        struct raw_record rec = {.bytes = STR("a line"), .source = 3, .resume_key = 5};
        int n = snprintf(place, sizeof place, "%u", i);
        rec.resume = str_n(place, (size_t) n);
        assert_int_equal(spool_put(s, &rec, NULL), 0);
        assert_int_equal(spool_commit(s, NULL), 0);
    }
    uint64_t next = spool_next(s);
    put_state(s, 2, 9, "never committed");
    spool_close(s);
    s = open_spool(*state, 4096);
    assert_true(spool_found(s)->segments > 4);
    assert_int_equal(spool_next(s), next);
    assert_int_equal(spool_each(s, count_each, &b), 0);
    assert_string_equal(buf_z(&b),
                        "source 1=one source 2=two "
                        "1.8=a longer value than the room an entry has at first 2.9=nine 3.5=299 ");
    spool_close(s);
    buf_done(&b);
}

/* The disk is full (here: a file size limit), then it is not: every record once, numbers dense. */
static void a_full_disk_loses_nothing(void **state) {
    struct rlimit old, small;
    struct spool *s = open_spool(*state, 1 << 20);
    struct diag d;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    put_lines(s, 1, 11, 5);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 3000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    uint64_t i = 11;
    int r = 0;
    while (r == 0) {
        assert_int_equal(put_line(s, i++), 0);
        r = spool_commit(s, &d);
    }
    assert_int_equal(r, -EFBIG);
    assert_non_null(strstr(d.text, "cannot write to the spool"));
    uint64_t durable = spool_durable_next(s);
    assert_int_equal(durable, i - 1);
    /* more arrives while it is full, up to the limit of what memory holds */
    while ((r = put_line(s, i)) == 0)
        i++;
    assert_int_equal(r, -EAGAIN);
    assert_true(spool_pending_bytes(s) <= SPOOL_PENDING_BYTES_MAX);
    assert_int_equal(spool_commit(s, NULL), -EFBIG);
    assert_int_equal(spool_durable_next(s), durable);
    assert_int_equal(read_spool(*state).lines, durable - 1); /* readers saw nothing of it */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(spool_commit(s, NULL), 0);
    put_lines(s, i, i + 10, 3);
    assert_int_equal(spool_stats(s)->commit_failures, 2);
    spool_close(s);
    assert_int_equal(read_spool(*state).lines, i + 9);
    (void) signal(SIGXFSZ, handler);
}

/* A segment that cannot be made stops nothing: the present one grows. */
static void a_segment_that_cannot_be_made_is_made_later(void **state) {
    char path[300];
    struct spool *s = open_spool(*state, 2048);
    (void) snprintf(path, sizeof path, "%s/next.tmp", (char *) *state);
    assert_int_equal(mkdir(path, 0700), 0); /* in the way, also for root */
    put_lines(s, 1, 101, 5);
    assert_true(spool_stats(s)->roll_failures > 0);
    assert_int_equal(rmdir(path), 0);
    put_lines(s, 101, 102, 1);
    uint64_t failures = spool_stats(s)->roll_failures;
    put_lines(s, 102, 201, 5);
    assert_int_equal(spool_stats(s)->roll_failures, failures);
    spool_close(s);
    struct stat st;
    (void) snprintf(path, sizeof path, "%s/00000003.seg", (char *) *state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(read_spool(*state).lines, 200);
}

/* Killed at any moment: every number the child said was committed is there, and nothing half. */
static void nothing_acknowledged_is_lost_by_kill(void **state) {
    uint64_t next = 1;
    for (int round = 0; round < 15; round++) {
        int pipes[2];
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct spool_options o = {.segment_bytes = 8192, .clock = {.now_ns = test_clock_now}};
            struct spool *s = NULL;
            if (spool_open(*state, &o, &s, NULL) < 0)
                _exit(1);
            for (uint64_t i = next;; i++) {
                if (put_line(s, i) < 0)
                    _exit(2);
                if (i % 7 == 0 && (spool_commit(s, NULL) < 0 || write(pipes[1], &i, 8) != 8))
                    _exit(3);
            }
        }
        close(pipes[1]);
        uint64_t acknowledged = next - 1, n;
        for (int i = 0; i < 20 * round + 1; i++) {
            assert_int_equal(read(pipes[0], &n, 8), 8);
            acknowledged = n;
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (read(pipes[0], &n, 8) == 8)
            acknowledged = n;
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        close(pipes[0]);
        struct spool *s = open_spool(*state, 8192);
        assert_int_equal(spool_found(s)->gaps_n, 0);
        assert_true(spool_next(s) > acknowledged);
        next = spool_next(s);
        spool_close(s);
        assert_int_equal(read_spool(*state).lines, next - 1);
    }
}

static int torture_body(void *ctx) {
    struct spool_options o = {.segment_bytes = 600, .clock = {.now_ns = test_clock_now}};
    struct spool *s = NULL;
    int r = spool_open(ctx, &o, &s, NULL);
    for (uint64_t i = 1; r == 0 && i < 20; i++) {
        struct raw_record rec = {
            .bytes = STR("x"), .source = 1, .resume_key = 1, .resume = STR("y")};
        r = spool_put(s, &rec, NULL);
        if (r == 0)
            r = spool_commit(s, NULL);
    }
    spool_close(s);
    struct spool_reader *reader = NULL;
    struct spool_batch b;
    spool_batch_init(&b);
    if (r == 0)
        r = spool_reader_open(ctx, &reader, NULL);
    while (r == 0 && (r = spool_reader_next(reader, &b, NULL, NULL)) == 1)
        r = 0;
    spool_batch_done(&b);
    spool_reader_free(reader);
    return r;
}

static void survives_the_end_of_memory(void **state) {
    (void) torture(torture_body, *state);
}

UNIT_GROUP(spool_spool, folder_test(keeps_what_was_committed), folder_test(has_one_writer),
           folder_test(refuses_what_is_too_long), folder_test(survives_a_cut_at_every_byte),
           folder_test(tells_corruption_from_a_torn_tail), folder_test(cuts_a_tail_with_a_hole),
           folder_test(remembers_sources_and_states), folder_test(a_full_disk_loses_nothing),
           folder_test(a_segment_that_cannot_be_made_is_made_later),
           folder_test(nothing_acknowledged_is_lost_by_kill),
           folder_test(survives_the_end_of_memory))
