#include "unit.h"

#include "base/file.h"
#include "base/limits.h"
#include "hand/journal.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct seen {
    size_t n;
    char last[64];
    bool in_order;
};

static int see(void *ctx, struct str payload) {
    struct seen *s = ctx;
    char want[64];
    size_t n = (size_t) snprintf(want, sizeof want, "record %zu", s->n);
    s->in_order = s->in_order && payload.n >= n && memcmp(payload.p, want, n) == 0;
    s->n++;
    return 0;
}
static int count_any(void *ctx, struct str payload) {
    ((struct seen *) ctx)->n++;
    return 0;
}

static void fill(struct buf *b, size_t n, size_t *ends) {
    buf_init(b, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        char text[64];
        size_t len = (size_t) snprintf(text, sizeof text, "record %zu KzJ1 %.*s", i, (int) i % 7,
                                       "KzJ1KzJ1");
        hand_journal_frame(b, str_n(text, len));
        ends[i] = b->n;
    }
}

static void a_journal_torn_at_any_byte_gives_the_whole_records(void **state UNUSED) {
    struct buf b;
    size_t ends[20];
    fill(&b, 20, ends);
    for (size_t cut = 0; cut <= b.n; cut++) {
        struct seen s = {.in_order = true};
        struct hand_journal_scan scan;
        size_t whole = 0;
        while (whole < 20 && ends[whole] <= cut)
            whole++;
        /* a copy of that length, so that ASan sees a read behind it */
        char *torn = malloc(cut ? cut : 1);
        memcpy(torn, b.p, cut);
        assert_int_equal(hand_journal_scan(str_n(torn, cut), see, &s, &scan), 0);
        free(torn);
        assert_int_equal(s.n, whole);
        assert_true(s.in_order);
        assert_int_equal(scan.skipped_bytes, cut - (whole ? ends[whole - 1] : 0));
    }
    buf_done(&b);
}

static void one_damaged_byte_costs_one_record(void **state UNUSED) {
    struct buf b;
    size_t ends[20];
    fill(&b, 20, ends);
    for (size_t at = 0; at < b.n; at++)
        for (int bit = 0; bit < 8; bit += 3) {
            struct seen s = {0};
            struct hand_journal_scan scan;
            b.p[at] = (char) (b.p[at] ^ 1 << bit);
            assert_int_equal(hand_journal_scan(buf_str(&b), count_any, &s, &scan), 0);
            b.p[at] = (char) (b.p[at] ^ 1 << bit);
            assert_int_equal(s.n, 19);
            assert_true(scan.skipped_bytes > 0);
        }
    buf_done(&b);
}

static void keeps_what_was_committed(void **state UNUSED) {
    char dir[] = "/tmp/kizuki-journal-XXXXXX", path[64];
    struct hand_journal j;
    struct hand_journal_scan scan;
    struct seen s = {.in_order = true};
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/j", dir);
    hand_journal_init(&j);
    assert_int_equal(hand_journal_open(&j, path, see, &s, &scan, NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    hand_journal_add(&j, STR("record 0"));
    hand_journal_add(&j, STR("record 1"));
    assert_int_equal(hand_journal_commit(&j, NULL), 0);
    hand_journal_add(&j, STR("record 2 never committed"));
    hand_journal_close(&j);
    hand_journal_init(&j);
    assert_int_equal(hand_journal_open(&j, path, see, &s, &scan, NULL), 0);
    assert_int_equal(s.n, 2);
    assert_true(s.in_order);
    hand_journal_close(&j);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

/* The file may not grow beyond some byte in the middle of a record: what a full disk does. */
static void a_failed_commit_leaves_nothing_behind(void **state UNUSED) {
    char dir[] = "/tmp/kizuki-journal-XXXXXX", path[64];
    struct rlimit old, small;
    struct hand_journal j;
    struct hand_journal_scan scan;
    struct seen s = {.in_order = true};
    struct diag d = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/j", dir);
    hand_journal_init(&j);
    assert_int_equal(hand_journal_open(&j, path, see, &s, &scan, NULL), 0);
    hand_journal_add(&j, STR("record 0"));
    assert_int_equal(hand_journal_commit(&j, NULL), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = j.bytes + 15;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    hand_journal_add(&j, STR("record lost, longer than fits"));
    int r = hand_journal_commit(&j, &d);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_true(r < 0);
    assert_non_null(strstr(d.text, "cannot write the journal"));
    hand_journal_add(&j, STR("record 1"));
    assert_int_equal(hand_journal_commit(&j, NULL), 0);
    hand_journal_close(&j);
    hand_journal_init(&j);
    assert_int_equal(hand_journal_open(&j, path, see, &s, &scan, NULL), 0);
    assert_int_equal(s.n, 2);
    assert_true(s.in_order);
    assert_int_equal(scan.skipped_bytes, 0);
    hand_journal_close(&j);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

UNIT_GROUP(hand_journal, cmocka_unit_test(a_journal_torn_at_any_byte_gives_the_whole_records),
           cmocka_unit_test(one_damaged_byte_costs_one_record),
           cmocka_unit_test(keeps_what_was_committed),
           cmocka_unit_test(a_failed_commit_leaves_nothing_behind))
