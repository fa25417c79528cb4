#include "unit.h"

#include "app/sensor/sequence.h"
#include "base/image.h"

#define T0 (1795000000ll * NS_PER_S)

static void put(struct sequence *s, const char *text, const char *resume, unsigned flags, int64_t at_ns) {
    struct raw_record rec = {.bytes = str_of(text), .arrival_ns = at_ns, .source = 7, .flags = flags,
                             .resume = resume ? str_of(resume) : STR_NULL};
    assert_int_equal(sequence_note(s, &rec), 0);
}

static const char *FORMS[] = {
    "{\"winlog\":{\"channel\":\"Security\",\"computer_name\":\"dc1\",\"record_id\":%u}}",
    "{\"EventRecordID\":\"%u\",\"Channel\":\"Security\",\"Computer\":\"dc1\",\"x\":{\"EventRecordID\":1}}",
    "<14>Nov 23 02:03:08 dc1 nxlog: {\"Hostname\":\"dc1\",\"Channel\":\"Security\",\"RecordNumber\":%u}",
    "{\"Event\":{\"System\":{\"EventRecordID\":%u,\"Channel\":\"Security\",\"Computer\":\"dc1\"}}}",
};

static void windows(struct sequence *s, const char *form, unsigned number, unsigned flags, int64_t at_ns) {
    char z[256];
    snprintf(z, sizeof z, form, number);
    put(s, z, NULL, flags, at_ns);
}

struct told {
    struct sequence_hole hole;
    char host[SEQUENCE_TEXT_BYTES], log[SEQUENCE_TEXT_BYTES];
    unsigned n;
};
static bool tell(void *ctx, const struct sequence_row *row, const struct sequence_hole *hole) {
    struct told *t = ctx;
    t->hole = *hole;
    memcpy(t->host, row->host, sizeof t->host);
    memcpy(t->log, row->log, sizeof t->log);
    t->n++;
    return true;
}
static struct told due(struct sequence *s, int64_t now_ns) {
    struct told t = {0};
    while (sequence_due(s, 7, now_ns, tell, &t))
        ;
    return t;
}

static void a_gap_in_dense_numbers_is_told_once_and_later(void **state UNUSED) {
    for (size_t f = 0; f < ARRAY_SIZE(FORMS); f++) {
        struct sequence s = {0};
        for (unsigned i = 1; i <= SEQUENCE_DENSE; i++)
            windows(&s, FORMS[f], 50 + i, 0, T0);
        windows(&s, FORMS[f], 154, 0, T0);
        windows(&s, FORMS[f], 155, 0, T0);
        assert_int_equal(due(&s, T0 + SEQUENCE_GRACE_NS - 1).n, 0);
        assert_false(sequence_due(&s, 8, T0 + SEQUENCE_GRACE_NS, tell, NULL));
        struct told t = due(&s, T0 + SEQUENCE_GRACE_NS);
        assert_int_equal(t.n, 1);
        assert_int_equal(t.hole.from, 151);
        assert_int_equal(t.hole.to, 153);
        assert_int_equal(t.hole.left, 3);
        assert_string_equal(t.host, "dc1");
        assert_string_equal(t.log, "Security");
        assert_int_equal(due(&s, T0 + 2 * SEQUENCE_GRACE_NS).n, 0);
        sequence_done(&s);
    }
}

static void what_comes_late_fills_the_gap(void **state UNUSED) {
    struct sequence s = {0};
    for (unsigned i = 1; i <= SEQUENCE_DENSE; i++)
        windows(&s, FORMS[0], i, 0, T0);
    windows(&s, FORMS[0], 104, 0, T0);
    windows(&s, FORMS[0], 102, 0, T0);
    windows(&s, FORMS[0], 101, 0, T0);
    windows(&s, FORMS[0], 103, 0, T0);
    assert_int_equal(due(&s, T0 + NS_PER_HOUR).n, 0);
    windows(&s, FORMS[0], 106, 0, T0); /* and the series is as dense as before */
    assert_int_equal(due(&s, T0 + NS_PER_HOUR).hole.from, 105);
    sequence_done(&s);
}

static void filters_backfill_repetitions_and_words_accuse_nobody(void **state UNUSED) {
    struct sequence s = {0};
    for (unsigned i = 1; i <= 500; i++)
        windows(&s, FORMS[0], 5 * i, 0, T0); /* a filter */
    for (unsigned i = 1; i <= 500; i++)
        windows(&s, FORMS[1], 2500 + i, 0, T0);
    assert_int_equal(due(&s, T0 + NS_PER_HOUR).n, 0);
    sequence_done(&s);
    for (unsigned i = 1; i <= 200; i++)
        windows(&s, FORMS[0], 2000 + i, 0, T0);
    windows(&s, FORMS[0], 9000, RAW_BACKFILL, T0);
    windows(&s, FORMS[0], 9001, 0, T0);
    for (unsigned i = 1; i <= 200; i++)
        windows(&s, FORMS[0], 8801 + i, 0, T0); /* sent again */
    put(&s, "{\"message\":\"\\\"EventRecordID\\\":1,\\\"Channel\\\":\\\"Security\\\"\"}", NULL, 0, T0);
    put(&s, "EventRecordID=1 Channel=Security {", NULL, 0, T0);
    put(&s, "{\"EventRecordID\":\"x\",\"Channel\":\"Security\"}", NULL, 0, T0);
    windows(&s, FORMS[0], 9100, RAW_DRILL, T0);
    assert_int_equal(s.n, 1);
    assert_int_equal(due(&s, T0 + NS_PER_HOUR).n, 0);
    sequence_done(&s);
}

static void numbers_that_begin_anew_are_told_at_once(void **state UNUSED) {
    struct sequence s = {0};
    for (unsigned i = 1; i <= 1200; i++)
        windows(&s, FORMS[0], i, 0, T0);
    windows(&s, FORMS[0], 1, 0, T0);
    windows(&s, FORMS[0], 2, 0, T0);
    assert_int_equal(due(&s, T0).n, 0);
    windows(&s, FORMS[0], 3, 0, T0);
    struct told t = due(&s, T0);
    assert_int_equal(t.n, 1);
    assert_true(t.hole.anew);
    assert_int_equal(t.hole.from, 1201);
    sequence_done(&s);
}

static void journals_have_numbers_too_and_state_goes_on(void **state UNUSED) {
    struct sequence s = {0}, again = {0};
    char z[128];
    for (unsigned i = 0; i < 2 * SEQUENCE_DENSE; i++) {
        snprintf(z, sizeof z, "s=0123456789abcdef0123456789abcdef;i=%x;b=1;m=1;t=1;x=1", 0xff0 + i);
        put(&s, "MESSAGE=a\n", z, RAW_JOURNAL, T0);
    }
    put(&s, "MESSAGE=x\n__CURSOR=s=0123456789abcdef0123456789abcdef;i=9999;b=1\n", NULL, RAW_JOURNAL, T0);
    struct image w, r;
    image_write(&w, NULL, NULL, 1 << 20);
    sequence_image(&s, &w);
    assert_int_equal(image_end(&w), 0);
    image_read(&r, buf_str(&w.out));
    sequence_image(&again, &r);
    assert_int_equal(image_end(&r), 0);
    put(&again, "__CURSOR=s=0123456789abcdef0123456789abcdef;i=2000;b=1\nMESSAGE=x\n", NULL, RAW_JOURNAL, T0);
    struct told t = due(&again, T0 + NS_PER_MIN);
    assert_int_equal(t.n, 1);
    assert_int_equal(t.hole.from, 0xff0 + 2 * SEQUENCE_DENSE);
    assert_int_equal(t.hole.to, 0x1fff);
    assert_string_equal(t.log, "journal");
    image_done(&w);
    image_done(&r);
    sequence_done(&s);
    sequence_done(&again);
}

/* A journal of which the sender may read the system's part only: dense at night, full of gaps when somebody is signed in. */
static void a_series_that_always_lacks_records_is_believed_less_and_less(void **state UNUSED) {
    struct sequence s = {0};
    unsigned number = 1, told = 0;
    char z[128];
    for (unsigned night = 0; night < 60; night++) {
        for (unsigned i = 0; i < 2 * SEQUENCE_DENSE; i++) {
            snprintf(z, sizeof z, "s=0123456789abcdef0123456789abcdef;i=%x;b=1;m=1;t=1;x=1", number++);
            put(&s, "MESSAGE=a\n", z, RAW_JOURNAL, T0);
        }
        number += 5;
        told += due(&s, T0 + NS_PER_HOUR).n;
    }
    assert_int_equal(told, 2); /* of sixty; one would be too few: it may be an attack */
    for (unsigned i = 0; i < 4 * SEQUENCE_DENSE; i++) {
        snprintf(z, sizeof z, "s=0123456789abcdef0123456789abcdef;i=%x;b=1;m=1;t=1;x=1", number++);
        put(&s, "MESSAGE=a\n", z, RAW_JOURNAL, T0);
    }
    number += 5; /* whole for long enough: the next gap counts again */
    snprintf(z, sizeof z, "s=0123456789abcdef0123456789abcdef;i=%x;b=1;m=1;t=1;x=1", number);
    put(&s, "MESSAGE=a\n", z, RAW_JOURNAL, T0);
    assert_int_equal(due(&s, T0 + NS_PER_HOUR).n, 1);
    sequence_done(&s);
}

static void rows_are_bounded(void **state UNUSED) {
    struct sequence s = {0};
    char z[128];
    for (unsigned i = 0; i < SEQUENCES_MAX + 100; i++) {
        snprintf(z, sizeof z, "{\"EventRecordID\":1,\"Channel\":\"c%u\"}", i);
        put(&s, z, NULL, 0, T0);
    }
    assert_int_equal(s.n, SEQUENCES_MAX);
    sequence_done(&s);
}

UNIT_GROUP(app_sequence, cmocka_unit_test(a_gap_in_dense_numbers_is_told_once_and_later),
           cmocka_unit_test(what_comes_late_fills_the_gap),
           cmocka_unit_test(filters_backfill_repetitions_and_words_accuse_nobody),
           cmocka_unit_test(numbers_that_begin_anew_are_told_at_once),
           cmocka_unit_test(journals_have_numbers_too_and_state_goes_on), cmocka_unit_test(a_series_that_always_lacks_records_is_believed_less_and_less),
           cmocka_unit_test(rows_are_bounded))
