/* What is usual, and what was not seen for long: each story as it is, with a correlator that is written and read back between
 * any two events, and across a change of rules. */
#include "correlate_bed.h"

#include "base/mem.h"

#define RULES                                                                                                           \
    BED_RULE("page") BED_RULE("try")                                                                                    \
    "title: U\nname: u\nid: u\ncorrelation:\n  type: usual\n  rules: [page, try]\n  without: [try]\n  group-by: [url.path]\n" \
    "  timespan: 30d\n  condition: {field: bytes, beside: status}\n---\n"                                               \
    "title: W\nname: w\nid: w\ncorrelation:\n  type: measures\n  rules: [try]\n  group-by: [source.ip, url.path]\n"       \
    "  timespan: 1h\n  measures: {n: {count: try}}\n"                                                                   \
    "  attach: {status: {of: u, say: beside}, bytes: {of: u, say: value}, learnt: {of: u, say: learnt}, share: {of: u, say: share},\n" \
    "    same: {of: u, say: same}, most: {of: u, say: most}, low: {of: u, say: low}, high: {of: u, say: high}}\n"       \
    "  condition: n >= 1 and learnt >= 20 and share < 1\n"

static void answers(struct bed *b, int n, const char *status, int from, int step) {
    char fields[96];
    for (int i = 0; i < n; i++) {
        snprintf(fields, sizeof fields, "url.path=/p status=%s bytes=%d", status, from + step * (i % 10));
        bed_event(b, i, "page", fields);
    }
}

static void an_answer_that_page_never_gives_is_told_with_what_it_usually_gives(void **state UNUSED) {
    for (int again = 0; again < 2; again++) {
        struct bed b;
        bed_restarts = again;
        bed_open(&b, RULES, NULL);
        if (b.set->n_refused)
            fail_msg("%s", bed_refused(&b));
        answers(&b, 50, "200", 5000, 20);
        answers(&b, 10, "404", 153, 0);
        bed_event(&b, 100, "page try", "source.ip=1 url.path=/p status=200 bytes=5100");  /* as ever */
        bed_event(&b, 101, "page try", "source.ip=1 url.path=/p status=404 bytes=160");   /* as ever */
        bed_event(&b, 102, "page try", "source.ip=1 url.path=/new status=200 bytes=48000"); /* nothing is known */
        bed_expect(&b, "");
        bed_event(&b, 103, "page try", "source.ip=1 url.path=/p status=200 bytes=48000");
        bed_flush(&b);
        bed_expect(&b, "open w [source.ip=1 url.path=/p] n=3 100-103 {status=200 bytes=48000 learnt=60 share=0 same=83.3333 most=200 low=4608 high=5631 n=3} e=61,62,64\n"
                       "end w [source.ip=1 url.path=/p] n=3 100-103 {status=200 bytes=48000 learnt=60 share=0 same=83.3333 most=200 low=4608 high=5631 n=3} e=61,62,64\n");
        bed_close(&b);
    }
    bed_restarts = false;
}

static void an_attempt_teaches_nothing(void **state UNUSED) {
    struct bed b;
    bed_open(&b, RULES, NULL);
    answers(&b, 30, "200", 5000, 0);
    for (int i = 0; i < 500; i++) /* an attacker who gets the long answer again and again */
        bed_event(&b, 40 + i / 10.0, "page try", "source.ip=1 url.path=/p status=200 bytes=48000");
    bed_flush(&b);
    assert_non_null(strstr(buf_z(&b.lines), "learnt=30 share=0"));
    bed_expect_(&b, buf_z(&b.lines), __FILE__, __LINE__);
    bed_event(&b, 7200, "page try", "source.ip=2 url.path=/p status=200 bytes=48000");
    bed_flush(&b);
    assert_non_null(strstr(buf_z(&b.lines), "learnt=30 share=0"));
    bed_close(&b);
}

/* However many lengths a page has, what is kept of it is bounded, and what lies between them is usual. */
static void many_lengths_become_few_ranges(void **state UNUSED) {
    struct bed b;
    char fields[96];
    bed_open(&b, RULES, NULL);
    uint64_t v = 1;
    for (int i = 0; i < 5000; i++) { /* also beyond what is forgotten */
        v = v * 6364136223846793005u + 1442695040888963407u;
        snprintf(fields, sizeof fields, "url.path=/p status=%d bytes=%d", 200 + i % 3, (int) (200 + (v >> 33) % 900000));
        bed_event(&b, i, "page", fields);
    }
    struct correlate_stats stats;
    correlate_stats(b.c, &stats);
    assert_true(stats.bytes < 4096);
    bed_event(&b, 5001, "page try", "source.ip=1 url.path=/p status=200 bytes=345678");
    bed_expect(&b, "");
    bed_event(&b, 5002, "page try", "source.ip=2 url.path=/p status=200 bytes=9000000");
    assert_non_null(strstr(buf_z(&b.lines), "open w [source.ip=2"));
    bed_close(&b);
}

static void what_is_no_number_or_far_too_large_teaches_nothing(void **state UNUSED) {
    struct bed b;
    bed_open(&b, RULES, NULL);
    for (int i = 0; i < 30; i++) {
        bed_event(&b, i, "page", "url.path=/p status=200 bytes=-1");
        bed_event(&b, i, "page", "url.path=/p status=200 bytes=many");
        bed_event(&b, i, "page", "url.path=/p status=200 bytes=1e300");
        bed_event(&b, i, "page", "url.path=/p bytes=5000");
        bed_event(&b, i, "page", "url.path=/p status=200");
    }
    bed_event(&b, 50, "page try", "source.ip=1 url.path=/p status=200 bytes=48000");
    bed_expect(&b, "");
    answers(&b, 30, "200", 0, 7);
    bed_event(&b, 60, "page try", "source.ip=1 url.path=/p status=200 bytes=1000000000000000000");
    assert_non_null(strstr(buf_z(&b.lines), "bytes=1e+18 learnt=30"));
    bed_close(&b);
}

#define AGAIN                                                                                                            \
    BED_RULE("use")                                                                                                     \
    "title: D\nname: d\nid: d\ncorrelation:\n  type: seen_again\n  rules: [use]\n  group-by: [user.name]\n  timespan: 90d\n"
#define DAY 86400.0

static void an_account_that_slept_is_told_once_and_a_new_one_never(void **state UNUSED) {
    for (int again = 0; again < 2; again++) {
        struct bed b;
        bed_restarts = again;
        bed_open(&b, AGAIN, NULL);
        bed_event(&b, 0 * DAY, "use", "user.name=sato");
        bed_event(&b, 1 * DAY, "use", "user.name=mori"); /* mori is here every week */
        for (int d = 7; d < 100; d += 7)
            bed_event(&b, d * DAY, "use", "user.name=mori");
        bed_expect(&b, "");
        bed_event(&b, 100 * DAY, "use", "user.name=sato");
        bed_event(&b, 100 * DAY + 60, "use", "user.name=sato"); /* awake */
        bed_event(&b, 100 * DAY + 61, "use", "user.name=new");
        bed_flush(&b);
        bed_expect(&b, "open d [user.name=sato] n=1 8.64e+06-8.64e+06 e=17\nend d [user.name=sato] n=1 8.64e+06-8.64e+06 e=17\n");
        bed_close(&b);
    }
    bed_restarts = false;
}

/* New rules have read a week; what the old ones remember of a quarter goes along. */
static void what_is_remembered_outlives_a_change_of_rules(void **state UNUSED) {
    struct bed from, to;
    bed_open(&from, RULES "---\n" AGAIN, NULL);
    bed_open(&to, RULES "---\n" AGAIN "---\n" BED_RULE("more") BED_RULE("evenmore"), NULL);
    assert_int_equal(correlate_plan_reach_ns(to.plan), 7 * NS_PER_DAY + CORRELATION_SLACK_NS);
    answers(&from, 50, "200", 5000, 20);
    bed_event(&from, 51, "use", "user.name=sato");
    bed_event(&to, 90 * DAY, "use", "user.name=mori");
    assert_int_equal(correlate_hand_over(from.c, to.c), 0);
    bed_expect(&from, "");
    bed_close(&from);
    bed_event(&to, 100 * DAY, "use", "user.name=sato");
    bed_event(&to, 100 * DAY, "use", "user.name=mori");
    bed_expect(&to, "open d [user.name=sato] n=1 8.64e+06-8.64e+06 e=2\n");
    bed_close(&to);
    bed_open(&from, RULES, NULL);
    bed_open(&to, RULES "---\n" AGAIN, NULL);
    answers(&from, 50, "200", 5000, 20);
    answers(&to, 3, "200", 9000, 0);
    assert_int_equal(correlate_hand_over(from.c, to.c), 0);
    bed_close(&from);
    bed_event(&to, 60, "page try", "source.ip=1 url.path=/p status=200 bytes=48000");
    assert_non_null(strstr(buf_z(&to.lines), "learnt=50 share=0 same=100 most=200 low=4608 high=5631"));
    bed_close(&to);
}

static void words_alone_are_learnt_without_a_number(void **state UNUSED) {
    struct bed b;
    bed_open(&b, BED_RULE("in") "title: U\nname: u\nid: u\ncorrelation: {type: usual, rules: [in], group-by: [user.name], timespan: 30d, condition: {beside: land}}\n---\n"
                 "title: W\nname: w\nid: w\ncorrelation: {type: measures, rules: [in], group-by: [user.name], timespan: 1h, measures: {n: {count: in}},\n"
                 "  attach: {learnt: {of: u, say: learnt}, same: {of: u, say: same}, hour: {of: u, say: hour}}, condition: n >= 1 and learnt >= 3 and same == 0 and hour >= 2}\n", NULL);
    if (b.set->n_refused)
        fail_msg("%s", bed_refused(&b));
    for (int i = 0; i < 4; i++)
        bed_event(&b, i * DAY, "in", "user.name=sato land=JP");
    bed_expect(&b, "");
    bed_event(&b, 4 * DAY, "in", "user.name=sato land=NL"); /* at midnight */
    bed_expect(&b, "");
    bed_event(&b, 5 * DAY + 3 * 3600, "in", "user.name=sato land=US"); /* itself is not counted */
    bed_expect(&b, "open w [user.name=sato] n=1 442800-442800 {learnt=5 same=0 hour=3 n=1} e=6\n");
    bed_close(&b);
}

static void refuses(const char *document, const char *sentence) {
    char rules[900];
    struct bed b;
    snprintf(rules, sizeof rules, BED_RULE("a") "title: U\nname: u\nid: u\ncorrelation: {type: usual, rules: [a], timespan: 1d, condition: {field: x, beside: y}}\n---\ntitle: T\nname: t\nid: t\ncorrelation: %s\n", document);
    bed_open(&b, rules, NULL);
    assert_int_equal(b.set->n_refused, 1);
    if (!strstr(bed_refused(&b), sentence))
        fail_msg("%s\nis not refused with: %s\nbut with: %s", document, sentence, bed_refused(&b));
    bed_close(&b);
}

static void refuses_what_makes_no_sense(void **state UNUSED) {
    refuses("{type: usual, rules: [a], timespan: 1d, condition: {field: x, gte: 1}}", "a field name is expected");
    refuses("{type: usual, rules: [a], timespan: 1d, condition: {field: x, beside: y, gte: 1}}", "as its condition");
    refuses("{type: event_count, rules: [u], timespan: 1d, condition: {gte: 1}}", "never true");
    refuses("{type: event_count, rules: [a], without: [a], timespan: 1d, condition: {gte: 1}}", "type usual");
    refuses("{type: seen_again, rules: [a], timespan: 1d, condition: {gte: 1}}", "has no condition");
    refuses("{type: measures, rules: [a], timespan: 1d, measures: {n: {count: a}}, attach: {x: u}, condition: x > n}", "with 'say'");
    refuses("{type: measures, rules: [a], timespan: 1d, measures: {n: {count: a}}, attach: {x: {of: u, say: much}}, condition: x > n}", "'say' is one of");
}

UNIT_GROUP(detect_correlate_usual, cmocka_unit_test(an_answer_that_page_never_gives_is_told_with_what_it_usually_gives),
           cmocka_unit_test(an_attempt_teaches_nothing), cmocka_unit_test(many_lengths_become_few_ranges),
           cmocka_unit_test(what_is_no_number_or_far_too_large_teaches_nothing),
           cmocka_unit_test(an_account_that_slept_is_told_once_and_a_new_one_never),
           cmocka_unit_test(what_is_remembered_outlives_a_change_of_rules), cmocka_unit_test(words_alone_are_learnt_without_a_number), cmocka_unit_test(refuses_what_makes_no_sense))
