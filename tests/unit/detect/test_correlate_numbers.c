/* Correlations of numbers, those that are judged when their time is over, and conditions in words. Each story is told
 * twice: as it is, and with a correlator that is written and read back between any two events. */
#include "correlate_bed.h"

#define BYTES(type, condition)                                                                     \
    BED_RULE("web")                                                                                \
    "title: N\nname: n\ncorrelation:\n  type: " type "\n  rules: [web]\n  group-by: [source.ip]\n"  \
    "  timespan: 10s\n  condition: {field: http.response.body.bytes, " condition "}\n"
#define B(n) "source.ip=1 http.response.body.bytes=" n

struct telling {
    double t;
    const char *rules, *fields;
};

static void tell(const char *rules, const struct telling *events, double until, const char *want) {
    for (int again = 0; again < 2; again++) {
        struct bed b;
        bed_restarts = again;
        bed_open(&b, rules, NULL);
        if (b.set->n_refused)
            fail_msg("%s", bed_refused(&b));
        for (const struct telling *e = events; e->rules; e++)
            bed_event(&b, e->t, e->rules, e->fields);
        if (until > 0)
            bed_tick(&b, until);
        bed_flush(&b);
        bed_expect(&b, want);
        bed_close(&b);
    }
    bed_restarts = false;
}

static void sums_a_field_over_the_window(void **state UNUSED) {
    static const struct telling events[] = {
        {0, "web", B("400")},   {1, "web", B("500")},       {2, "web", B("many")}, /* no number */
        {3, "web", "source.ip=2 http.response.body.bytes=9000"},
        {10, "web", B("100")}, /* 1000: not more */
        {11, "web", B("500.5")}, /* the first has left: 1100.5 */
        {30, "web", B("1000")},  {0}};
    tell(BYTES("value_sum", "gt: 1000"), events, 0,
         "open n [source.ip=2] n=1 3-3 e=4\n"
         "open n [source.ip=1] n=3 1-11 e=2,5,6\n"
         "end n [source.ip=2] n=1 3-3 e=4\n"
         "end n [source.ip=1] n=3 1-11 e=2,5,6\n");
}

static void averages_a_field_and_counts_repeated_messages(void **state UNUSED) {
    static const struct telling events[] = {
        {0, "web", B("10")}, {1, "web", B("100")}, /* 55 */
        {2, "web", B("100") " kizuki.count=7"},    /* 810 / 9 = 90 */
        {0}};
    tell(BYTES("value_avg", "gte: 90"), events, 0,
         "open n [source.ip=1] n=9 0-2 e=1,2,3\nend n [source.ip=1] n=9 0-2 e=1,2,3\n");
    tell(BYTES("value_avg", "gt: 50, lt: 60"), events, 0,
         "open n [source.ip=1] n=2 0-1 e=1,2\nend n [source.ip=1] n=2 0-1 e=1,2\n");
    static const struct telling rising[] = {{0, "web", B("10")}, {20, "web", B("91")}, {0}};
    tell(BYTES("value_avg", "gt: 90"), rising, 0, /* the first has left */
         "open n [source.ip=1] n=1 20-20 e=2\nend n [source.ip=1] n=1 20-20 e=2\n");
}

static void takes_percentiles_by_nearest_rank(void **state UNUSED) {
    static const struct telling events[] = {{0, "web", B("1")}, {1, "web", B("2")}, {2, "web", B("3")},
                                            {3, "web", B("4")}, {4, "web", B("100")}, {0}};
    tell(BYTES("value_percentile", "percentile: 80, gte: 100"), events, 0, "");
    tell(BYTES("value_percentile", "percentile: 80, eq: 4"), events, 0,
         "open n [source.ip=1] n=4 0-3 e=1,2,3,4\n"
         "end n [source.ip=1] n=5 0-4 e=1,2,3,4,5\n");
    tell(BYTES("value_percentile", "percentile: 81, gte: 100"), events, 0,
         "open n [source.ip=1] n=5 0-4 e=1,2,3,4,5\n"
         "end n [source.ip=1] n=5 0-4 e=1,2,3,4,5\n");
}

/* Whether the rule tells anything of the numbers 1, 2, … n. */
static bool told_of(const char *rules, unsigned n) {
    struct bed b;
    char fields[64];
    bed_open(&b, rules, NULL);
    for (unsigned i = 1; i <= n; i++) {
        snprintf(fields, sizeof fields, "source.ip=1 http.response.body.bytes=%u", i);
        bed_event(&b, i / 100.0, "web", fields);
    }
    bool told = strstr(buf_z(&b.lines), "open n") != NULL;
    bed_close(&b);
    return told;
}

/* Places that a product of fractions misses: 28 / 100 * 25 is more than 7, 50 + 100 / 14 more than the eighth of 14. */
static void places_are_counted_in_whole_numbers(void **state UNUSED) {
    assert_true(told_of(BYTES("value_percentile", "percentile: 28, gte: 7"), 25));
    assert_false(told_of(BYTES("value_percentile", "percentile: 28, gte: 8"), 25));
    assert_true(told_of(BYTES("value_percentile", "percentile: 29, gte: 8"), 25));
    assert_true(told_of(BYTES("value_median", "gte: 7.5"), 14));
    assert_false(told_of(BYTES("value_median", "gt: 7.5"), 14));
}

/* The specification's own example: a value that makes up few of all. */
static void a_percentile_without_a_number_is_the_share_of_the_value(void **state UNUSED) {
    static const char rules[] = BED_RULE("proc")
        "title: Rare\nname: rare\ncorrelation:\n  type: value_percentile\n  rules: [proc]\n"
        "  group-by: [host.name]\n  timespan: 24h\n  condition: {field: process.name, lte: 20}\n";
    static const struct telling events[] = {
        {0, "proc", "host.name=h process.name=a"}, {1, "proc", "host.name=h process.name=a"},
        {2, "proc", "host.name=h process.name=a"}, {3, "proc", "host.name=h process.name=b"}, /* 25 % */
        {4, "proc", "host.name=h process.name=c"}, /* 20 % */
        {0}};
    tell(rules, events, 0,
         "open rare [host.name=h] n=5 0-4 e=1,2,3,4,5\nend rare [host.name=h] n=5 0-4 e=1,2,3,4,5\n");
}

static void the_median_of_an_even_number_is_the_mean_of_two(void **state UNUSED) {
    static const struct telling events[] = {
        {0, "web", B("1")}, {1, "web", B("1000")}, {2, "web", B("4")}, {3, "web", B("2")}, {0}};
    tell(BYTES("value_median", "eq: 3"), events, 0,
         "open n [source.ip=1] n=4 0-3 e=1,2,3,4\nend n [source.ip=1] n=4 0-3 e=1,2,3,4\n");
    tell(BYTES("value_median", "eq: 500.5"), events, 0,
         "open n [source.ip=1] n=2 0-1 e=1,2\nend n [source.ip=1] n=2 0-1 e=1,2\n");
}

static void a_rate_is_compared_with_the_window_before(void **state UNUSED) {
    static const char rules[] = BED_RULE("web")
        "title: R\nname: r\ncorrelation:\n  type: rate_change\n  rules: [web]\n  group-by: [source.ip]\n"
        "  timespan: 10s\n  condition: {gte: 3, least: 3}\n";
    static const struct telling events[] = {
        {0, "web", "source.ip=1"}, {1, "web", "source.ip=1"}, /* nothing before: no rate */
        {11, "web", "source.ip=1"}, {12, "web", "source.ip=1"}, {12.5, "web", "source.ip=1"},
        {13, "web", "source.ip=1"}, {14, "web", "source.ip=1"}, /* 5 against 2 */
        {15, "web", "source.ip=1"},                             /* 6 against 2 */
        {0}};
    tell(rules, events, 0,
         "open r [source.ip=1] n=8 0-15 e=1,2,3,4,5,6,7,8\nend r [source.ip=1] n=8 0-15 e=1,2,3,4,5,6,7,8\n");
    static const struct telling first[] = {{0, "web", "source.ip=1 kizuki.count=50"}, {0}};
    tell(rules, first, 0, "");
    /* exactly a timespan ago is still this window: 2, 10, 12 against 1 */
    static const struct telling edge[] = {{1, "web", "source.ip=1"}, {2, "web", "source.ip=1"},
                                          {10, "web", "source.ip=1"}, {12, "web", "source.ip=1"}, {0}};
    tell(rules, edge, 0, "open r [source.ip=1] n=4 1-12 e=1,2,3,4\nend r [source.ip=1] n=4 1-12 e=1,2,3,4\n");
}

static void silence_is_told_when_it_has_lasted(void **state UNUSED) {
    static const char rules[] = BED_RULE("beat")
        "title: S\nname: s\ncorrelation:\n  type: silence\n  rules: [beat]\n  group-by: [host.name]\n"
        "  timespan: 10s\n";
    static const struct telling events[] = {{0, "beat", "host.name=a"}, {0, "beat", "host.name=b"},
                                            {5, "beat", "host.name=a"}, {9, "beat", "host.name=b"},
                                            {14, "beat", "host.name=b"}, {0}};
    tell(rules, events, 15, ""); /* exactly its time: a beat may still come */
    tell(rules, events, 15.000000001,
         "open s [host.name=a] n=2 0-5 e=1,3\nend s [host.name=a] n=2 0-5 e=1,3\n");
    tell(rules, events, 100,
         "open s [host.name=a] n=2 0-5 e=1,3\nend s [host.name=a] n=2 0-5 e=1,3\n"
         "open s [host.name=b] n=3 0-14 e=2,4,5\nend s [host.name=b] n=3 0-14 e=2,4,5\n");
    /* who is heard exactly as often as that is never silent */
    static const struct telling regular[] = {
        {0, "beat", "host.name=a"}, {10, "beat", "host.name=a"}, {20, "beat", "host.name=a"}, {0}};
    tell(rules, regular, 30, "");
    /* the end of the input is no silence */
    tell(rules, events, 0, "");
    /* who comes back and falls silent again is told again */
    static const struct telling back[] = {
        {0, "beat", "host.name=a"}, {20, "beat", "host.name=a"}, {0}};
    tell(rules, back, 40,
         "open s [host.name=a] n=1 0-0 e=1\nend s [host.name=a] n=1 0-0 e=1\n"
         "open s [host.name=a] n=1 20-20 e=2\nend s [host.name=a] n=1 20-20 e=2\n");
}

#define COUNT(condition)                                                                           \
    BED_RULE("web")                                                                                \
    "title: L\nname: l\ncorrelation:\n  type: event_count\n  rules: [web]\n  group-by: [source.ip]\n" \
    "  timespan: 10s\n  condition: {" condition "}\n"

static void upper_bounds_wait_for_the_end_of_their_window(void **state UNUSED) {
    static const struct telling events[] = {{0, "web", "source.ip=1"}, {1, "web", "source.ip=2"},
                                            {2, "web", "source.ip=1"}, {3, "web", "source.ip=1"},
                                            {20, "web", "source.ip=1"}, {0}};
    tell(COUNT("lt: 2"), events, 31,
         "open l [source.ip=2] n=1 1-1 e=2\nend l [source.ip=2] n=1 1-1 e=2\n"
         "open l [source.ip=1] n=1 20-20 e=5\nend l [source.ip=1] n=1 20-20 e=5\n");
    tell(COUNT("gt: 1, lte: 3"), events, 31,
         "open l [source.ip=1] n=3 0-3 e=1,3,4\nend l [source.ip=1] n=3 0-3 e=1,3,4\n");
    tell(COUNT("eq: 3"), events, 31,
         "open l [source.ip=1] n=3 0-3 e=1,3,4\nend l [source.ip=1] n=3 0-3 e=1,3,4\n");
    tell(COUNT("neq: 1"), events, 31,
         "open l [source.ip=1] n=3 0-3 e=1,3,4\nend l [source.ip=1] n=3 0-3 e=1,3,4\n");
    static const struct telling at_the_end[] = {{0, "web", "source.ip=1"}, {10, "web", "source.ip=1"}, {0}};
    tell(COUNT("lt: 2"), at_the_end, 19.9, "");
    tell(COUNT("eq: 2"), at_the_end, 19.9,
         "open l [source.ip=1] n=2 0-10 e=1,2\nend l [source.ip=1] n=2 0-10 e=1,2\n");
    tell(COUNT("lt: 2"), events, 29.9,
         "open l [source.ip=2] n=1 1-1 e=2\nend l [source.ip=2] n=1 1-1 e=2\n");
}

static void upper_bounds_of_values_and_of_rules(void **state UNUSED) {
    static const char values[] = BED_RULE("web")
        "title: V\nname: v\ncorrelation:\n  type: value_count\n  rules: [web]\n  group-by: [source.ip]\n"
        "  timespan: 10s\n  condition: {field: user.name, eq: 2}\n";
    static const struct telling events[] = {
        {0, "web", "source.ip=1 user.name=a"}, {1, "web", "source.ip=1 user.name=b"},
        {2, "web", "source.ip=1 user.name=a"}, {3, "web", "source.ip=2 user.name=a"}, {0}};
    tell(values, events, 20,
         "open v [source.ip=1] n=3 0-2 (user.name: a*2@0#1 b*1@1#2) e=1,2,3\n"
         "end v [source.ip=1] n=3 0-2 (user.name: a*2@0#1 b*1@1#2) e=1,2,3\n");
    static const char rules[] = BED_RULE("a") BED_RULE("b")
        "title: T\nname: t\ncorrelation:\n  type: temporal\n  rules: [a, b]\n  group-by: [source.ip]\n"
        "  timespan: 10s\n  condition: {lt: 2}\n";
    static const struct telling both[] = {{0, "a", "source.ip=1"}, {1, "a", "source.ip=2"},
                                          {2, "b", "source.ip=1"}, {0}};
    tell(rules, both, 20, "open t [source.ip=2] n=1 1-1 e=2\nend t [source.ip=2] n=1 1-1 e=2\n");
}

#define WORDS(condition)                                                                           \
    BED_RULE("a")                                                                                  \
    BED_RULE("b")                                                                                  \
    BED_RULE("c")                                                                                  \
    "title: W\nname: w\ncorrelation:\n  type: temporal\n  rules: [a, b, c]\n  group-by: [source.ip]\n" \
    "  timespan: 10s\n  condition: " condition "\n"

static void rules_are_joined_by_words(void **state UNUSED) {
    static const struct telling a_b[] = {{0, "a", "source.ip=1"}, {5, "b", "source.ip=1"}, {0}};
    static const struct telling c_a_b[] = {
        {0, "c", "source.ip=1"}, {1, "a", "source.ip=1"}, {5, "b", "source.ip=1"}, {0}};
    static const struct telling late[] = {
        {0, "c", "source.ip=1"}, {8, "a", "source.ip=1"}, {11, "b", "source.ip=1"}, {0}};
    tell(WORDS("a and b and not c"), a_b, 0,
         "open w [source.ip=1] n=2 0-5 e=1,2\nend w [source.ip=1] n=2 0-5 e=1,2\n");
    tell(WORDS("a and b and not c"), c_a_b, 0, "");
    tell(WORDS("a and b and not c"), late, 0, /* c is 11 s ago */
         "open w [source.ip=1] n=2 8-11 e=2,3\nend w [source.ip=1] n=2 8-11 e=2,3\n");
    tell(WORDS("c and (a or b)"), c_a_b, 0,
         "open w [source.ip=1] n=2 0-1 e=1,2\nend w [source.ip=1] n=3 0-5 e=1,2,3\n");
    tell(WORDS("not a"), a_b, 0, "");
}

static void refuses(const char *correlation, const char *sentence) {
    struct bed b;
    char rules[2048];
    snprintf(rules, sizeof rules, "%stitle: Bad\nname: bad\ncorrelation: %s\n", BED_RULE("a"), correlation);
    bed_open(&b, rules, NULL);
    if (!strstr(bed_refused(&b), sentence))
        fail_msg("refused with '%s', not with '%s'", bed_refused(&b), sentence);
    bed_close(&b);
}

static void refuses_what_makes_no_sense(void **state UNUSED) {
    refuses("{type: value_sum, rules: [a], timespan: 1m}", "needs a number");
    refuses("{type: value_sum, rules: [a], timespan: 1m, condition: {gt: 1}}", "needs a 'field'");
    refuses("{type: value_sum, rules: [a], timespan: 1m, condition: {field: x, gt: many}}", "'gt' needs a number");
    refuses("{type: value_avg, rules: [a], timespan: 1m, condition: {field: [x, y], gt: 1}}", "one field");
    refuses("{type: value_avg, rules: [a], timespan: 1m, condition: {field: x, percentile: 5, gt: 1}}", "'percentile'");
    refuses("{type: value_percentile, rules: [a], timespan: 1m, condition: {field: x, percentile: 101, gt: 1}}",
            "from 0 to 100");
    refuses("{type: rate_change, rules: [a], timespan: 1m, condition: {field: x, gt: 1}}", "no 'field'");
    refuses("{type: rate_change, rules: [a], timespan: 1m, condition: {gt: 1, least: 0}}", "'least'");
    refuses("{type: silence, rules: [a], timespan: 1m, condition: {gt: 1}}", "has no condition");
    refuses("{type: temporal, rules: [a], timespan: 1m, condition: a and b}", "'b' is none of the correlation's rules");
    refuses("{type: temporal, rules: [a], timespan: 1m, condition: a > 1}", "join the names of rules by and");
    refuses("{type: value_mode, rules: [a], timespan: 1m}", "unknown type");
}

static void nobody_looks_at_what_is_judged_later(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("a") "title: S\nname: s\ncorrelation: {type: silence, rules: [a], timespan: 1m}\n---\n"
                           "title: C\nname: c\ncorrelation: {type: event_count, rules: [s], timespan: 1m, condition: {gte: 1}}\n",
             NULL);
    assert_int_equal(b.set->n_refused, 1);
    assert_non_null(strstr(b.set->refused[0]->diag.text, "judged when its time is over"));
    bed_close(&b);
}

UNIT_GROUP(detect_correlate_numbers, cmocka_unit_test(sums_a_field_over_the_window),
           cmocka_unit_test(averages_a_field_and_counts_repeated_messages),
           cmocka_unit_test(takes_percentiles_by_nearest_rank),
           cmocka_unit_test(places_are_counted_in_whole_numbers),
           cmocka_unit_test(a_percentile_without_a_number_is_the_share_of_the_value),
           cmocka_unit_test(the_median_of_an_even_number_is_the_mean_of_two),
           cmocka_unit_test(a_rate_is_compared_with_the_window_before),
           cmocka_unit_test(silence_is_told_when_it_has_lasted),
           cmocka_unit_test(upper_bounds_wait_for_the_end_of_their_window),
           cmocka_unit_test(upper_bounds_of_values_and_of_rules),
           cmocka_unit_test(rules_are_joined_by_words), cmocka_unit_test(refuses_what_makes_no_sense),
           cmocka_unit_test(nobody_looks_at_what_is_judged_later))
