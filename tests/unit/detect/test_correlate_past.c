/* What a finding that opens still knows of the events before it: rare ones are not pushed out by
 * frequent ones, nothing older than the window comes back, and what was lost is said. */
#include "correlate_bed.h"

/* `stolen` waits for a wave that may come long after the login; `noisy` and `looks` keep the
 * frequent events of the same groups. */
#define WAVE                                                                                       \
    BED_RULE("fail")                                                                               \
    BED_RULE("new")                                                                                \
    BED_RULE("view")                                                                               \
    "title: Stolen\nname: stolen\ncorrelation:\n  type: measures\n  rules: [fail, new]\n"          \
    "  group-by: [source.ip]\n  timespan: 3600s\n  measures:\n"                                    \
    "    fails: {count: fail}\n    news: {count: new}\n"                                           \
    "  condition: fails >= 20 and news >= 1\n  evidence: new\n"                                    \
    "kizuki: {collect: [{field: user.name, of: new}]}\n---\n"                                      \
    "title: Noisy\nname: noisy\ncorrelation:\n  type: measures\n  rules: [fail]\n"                 \
    "  group-by: [source.ip]\n  timespan: 3600s\n  measures: {fails: {count: fail}}\n"             \
    "  condition: fails >= 10000\n---\n"                                                           \
    "title: Looks\nname: looks\ncorrelation:\n  type: measures\n  rules: [view]\n"                 \
    "  group-by: [source.ip]\n  timespan: 3600s\n  measures: {views: {count: view}}\n"             \
    "  condition: views >= 10000\n"

static void event_n(struct bed *b, unsigned n, double from, double step, const char *rule,
                    const char *fields) {
    for (unsigned i = 0; i < n; i++)
        bed_event(b, from + i * step, rule, fields);
}

static void finds_the_login_that_came_long_before_the_wave(void **state UNUSED) {
    struct bed b;
    bed_open(&b, WAVE, NULL);
    bed_event(&b, 0, "new", "source.ip=1 user.name=a");
    event_n(&b, 3000, 1, 1, "view", "source.ip=1");
    bed_event(&b, 3001, "new", "source.ip=1 user.name=b");
    event_n(&b, 20, 3010, 1, "fail", "source.ip=1");
    bed_expect(&b, "open stolen [source.ip=1] n=2 0-3029 {fails=20 news=2} "
                   "(user.name: a*1@0#1 b*1@3001#3002) e=1,3002\n");
    bed_close(&b);
}

static void leaves_out_what_the_window_has_lost(void **state UNUSED) {
    struct bed b;
    bed_open(&b, WAVE, NULL);
    bed_event(&b, 0, "new", "source.ip=1 user.name=a");
    bed_event(&b, 1000, "new", "source.ip=1 user.name=b");
    event_n(&b, 30, 3000, 1, "view", "source.ip=1");
    event_n(&b, 20, 4000, 1, "fail", "source.ip=1");
    bed_expect(&b, "open stolen [source.ip=1] n=1 1000-4019 {fails=20 news=1} "
                   "(user.name: b*1@1000#2) e=2\n");
    bed_close(&b);
}

static void says_what_it_could_not_keep(void **state UNUSED) {
    char fields[64];
    struct bed b;
    bed_open(&b, WAVE, NULL);
    for (unsigned i = 0; i < CORRELATION_RECENT_MAX + 3; i++) {
        snprintf(fields, sizeof fields, "source.ip=1 user.name=%u", i);
        bed_event(&b, i, "new", fields);
    }
    event_n(&b, 20, 1000, 1, "fail", "source.ip=1");
    /* The first three are gone: n counts them all the same. */
    assert_non_null(strstr(buf_z(&b.lines),
                           "open stolen [source.ip=1] n=515 3-1019 {fails=20 news=515} "
                           "(user.name at least: 3*1@3#4 4*1@4#5 "));
    buf_clear(&b.lines);
    /* An hour later they would not belong to it any more, and nothing is missing. */
    bed_event(&b, 9000, "new", "source.ip=1 user.name=x");
    event_n(&b, 20, 9001, 1, "fail", "source.ip=1");
    assert_non_null(strstr(buf_z(&b.lines), "open stolen [source.ip=1] n=1 9000-9020 "
                                            "{fails=20 news=1} (user.name: x*1@9000#536)"));
    bed_close(&b);
}

/* Two kinds of events kept apart come back in the order of time. */
static void puts_both_kinds_in_order(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("fail") BED_RULE("new") "title: M\nname: m\ncorrelation:\n  type: measures\n"
                                              "  rules: [fail, new]\n  group-by: [source.ip]\n"
                                              "  timespan: 600s\n  measures:\n"
                                              "    fails: {count: fail}\n    news: {count: new}\n"
                                              "  condition: fails >= 18 and news >= 1\n"
                                              "kizuki: {collect: [{field: user.name, of: new}]}\n",
             NULL);
    event_n(&b, 3, 1, 2, "fail", "source.ip=1");  /* 1 3 5 */
    event_n(&b, 2, 40, 2, "fail", "source.ip=1"); /* 40 42 */
    bed_event(&b, 2, "new", "source.ip=1 user.name=a");
    bed_event(&b, 41, "new", "source.ip=1 user.name=b");
    event_n(&b, 13, 50, 1, "fail", "source.ip=1");
    bed_expect(&b, "open m [source.ip=1] n=20 1-62 {fails=18 news=2} (user.name: a*1@2#6 b*1@41#7) "
                   "e=1,6,2,3,4,7,5,8,9,10,11,12,13,14,15,16,17,18,19,20\n");
    bed_close(&b);
}

UNIT_GROUP(detect_correlate_past, cmocka_unit_test(finds_the_login_that_came_long_before_the_wave),
           cmocka_unit_test(leaves_out_what_the_window_has_lost),
           cmocka_unit_test(says_what_it_could_not_keep),
           cmocka_unit_test(puts_both_kinds_in_order))
