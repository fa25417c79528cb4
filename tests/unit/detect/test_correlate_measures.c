/* Windows of measures, attached values, limits, sameness, and what is refused. */
#include "correlate_bed.h"

#include "torture.h"

#define FAIL_OK BED_RULE("fail") BED_RULE("ok")

#define WAVE                                                                                       \
    FAIL_OK                                                                                        \
    "title: Wave\nname: wave\ncorrelation:\n  type: measures\n  rules: [fail, ok]\n"               \
    "  group-by: [source.ip]\n  timespan: 60s\n  measures:\n"                                      \
    "    fails: {count: fail}\n    oks: {count: ok}\n"                                             \
    "    names: {distinct: user.name, of: fail}\n    busy: {spread: [fail, ok]}\n"                 \
    "    rate: fails / (fails + oks)\n    each: fails / names\n"                                   \
    "  condition: fails >= 4 and rate > 0.5\n  evidence: fail\n"                                   \
    "kizuki: {collect: [{field: user.name, of: fail}]}\n"

static void measures_one_window_together(void **state UNUSED) {
    struct bed b;
    bed_open(&b, WAVE, NULL);
    bed_event(&b, 0, "fail", "source.ip=1 user.name=a");
    bed_event(&b, 1, "ok", "source.ip=1 user.name=a");
    bed_event(&b, 2, "fail", "source.ip=1 user.name=b");
    bed_event(&b, 2.5, "fail", "source.ip=1 user.name=b");
    bed_event(&b, 3, "ok", "source.ip=1 user.name=c");
    bed_expect(&b, "");
    bed_event(&b, 4, "fail", "source.ip=1 user.name=c"); /* 4 of 6 */
    bed_expect(&b, "open wave [source.ip=1] n=4 0-4 "
                   "{fails=4 oks=2 names=3 busy=5 rate=0.666667 each=1.33333} "
                   "(user.name: a*1@0#1 b*2@2#3 c*1@4#6) e=1,3,4,6\n");
    /* The step of t = 0 stays until step 60 is over: at 60.9 it still counts. */
    bed_event(&b, 60.9, "ok", "source.ip=1 user.name=a");
    bed_event(&b, 60.95, "ok", "source.ip=1 user.name=a"); /* 4 of 8: not true any more */
    bed_event(&b, 61, "fail", "source.ip=1 user.name=a");  /* the first has left: 4 of 8 */
    bed_flush(&b);
    bed_expect(&b, "end wave [source.ip=1] n=4 0-4 "
                   "{fails=4 oks=3 names=3 busy=6 rate=0.571429 each=1.33333} "
                   "(user.name: a*1@0#1 b*2@2#3 c*1@4#6) e=1,3,4,6\n");
    bed_close(&b);
}

static void counts_a_value_once_however_often_it_comes(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("fail") "title: N\nname: n\ncorrelation:\n  type: measures\n  rules: fail\n"
                              "  timespan: 60s\n  measures: {names: {distinct: user.name}}\n"
                              "  condition: names >= 3\n",
             NULL);
    for (int i = 0; i < 200; i++) { /* a, and 59 s later b, for ever: never three within a window */
        bed_event(&b, 31 * i, "fail", i % 2 ? "user.name=a" : "user.name=b");
    }
    bed_expect(&b, "");
    bed_event(&b, 6171, "fail", "user.name=c"); /* a 6169, b 6138, c 6171 */
    bed_expect(&b, "open n [] n=3 6138-6171 {names=3} e=199,200,201\n");
    bed_close(&b);
}

/* The second of a pair counts only beside its first. */
static void counts_pairs(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("fail") "title: N\nname: n\ncorrelation:\n  type: measures\n  rules: fail\n"
                              "  timespan: 60s\n  measures:\n    names: {distinct: user.name}\n"
                              "    pairs: {distinct: [user.name, source.ip]}\n"
                              "  condition: pairs >= 4\n",
             NULL);
    for (int i = 0; i < 6; i++) {
        bed_event(&b, 4 * i, "fail", "user.name=a source.ip=1");
        bed_event(&b, 4 * i + 1, "fail", "user.name=1 source.ip=a");
        bed_event(&b, 4 * i + 2, "fail", "user.name=b source.ip=1");
        bed_event(&b, 4 * i + 3, "fail", "user.name=c"); /* no pair */
    }
    bed_expect(&b, "");
    bed_event(&b, 30, "fail", "user.name=a source.ip=2");
    bed_expect(&b, "open n [] n=25 9-30 {names=4 pairs=4} "
                   "e=10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25\n");
    bed_close(&b);
    assert_int_equal(bed_try(&b,
                             BED_RULE("fail") "title: N\nname: n\ncorrelation:\n  type: measures\n  rules: fail\n"
                                              "  timespan: 60s\n  measures: {names: {distinct: [a, b, c]}}\n"
                                              "  condition: names >= 3\n",
                             NULL),
                     0);
    assert_non_null(strstr(bed_refused(&b), "a field or a pair of fields"));
    bed_close(&b);
}

static void forgets_names_with_their_step(void **state UNUSED) {
    struct bed b;
    char fields[64];
    bed_open(
        &b,
        BED_RULE("fail") "title: N\nname: n\ncorrelation:\n  type: measures\n  rules: fail\n"
                         "  group-by: [source.ip]\n  timespan: 60s\n"
                         "  measures: {names: {distinct: user.name}}\n  condition: names >= 62\n",
        NULL);
    /* A new name each second: 61 steps are in the window, so 62 names never are. */
    for (int i = 0; i < 5000; i++) {
        snprintf(fields, sizeof fields, "source.ip=1 user.name=%d", i);
        bed_event(&b, i, "fail", fields);
    }
    bed_expect(&b, "");
    bed_event(&b, 5000, "fail", "source.ip=1 user.name=x");
    bed_expect(&b, "");
    bed_event(&b, 5000.5, "fail", "source.ip=1 user.name=y"); /* two in one step */
    assert_non_null(strstr(buf_z(&b.lines), "open n [source.ip=1] n=62 4940-5000.5 {names=62}"));
    bed_close(&b);
}

static void judges_only_at_the_events_named_by_on(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             FAIL_OK "title: In\nname: in\ncorrelation:\n  type: measures\n  rules: [fail, ok]\n"
                     "  group-by: [source.ip]\n  timespan: 60s\n"
                     "  measures: {fails: {count: fail}, oks: {count: ok}}\n"
                     "  condition: fails >= 2 and oks >= 1\n  on: ok\n  evidence: ok\n",
             NULL);
    bed_event(&b, 0, "ok", "source.ip=1");
    bed_event(&b, 1, "fail", "source.ip=1");
    bed_event(&b, 2, "fail", "source.ip=1"); /* true now, but not judged */
    bed_expect(&b, "");
    bed_event(&b, 3, "ok", "source.ip=1");
    bed_event(&b, 4, "fail", "source.ip=1");
    bed_flush(&b);
    bed_expect(&b, "open in [source.ip=1] n=2 0-3 {fails=2 oks=2} e=1,4\n"
                   "end in [source.ip=1] n=2 0-3 {fails=2 oks=2} e=1,4\n");
    bed_close(&b);
}

#define ATTACH                                                                                     \
    FAIL_OK                                                                                        \
    "title: Good\nname: good\nkizuki: {finding: never}\n"                                          \
    "correlation: {type: value_count, rules: [ok], group-by: [source.ip], timespan: 640s, "        \
    "condition: {field: user.name}}\n---\n"                                                        \
    "title: Burst\nname: burst\ncorrelation: {type: event_count, rules: [fail], "                  \
    "group-by: [source.ip], timespan: 60s, condition: {gte: 2}, attach: {good: good}}\n"

static void attaches_what_was_known_when_it_opened(void **state UNUSED) {
    struct bed b;
    bed_open(&b, ATTACH, NULL);
    bed_event(&b, 0, "ok", "source.ip=1 user.name=a");
    bed_event(&b, 1, "ok", "source.ip=1 user.name=b");
    bed_event(&b, 2, "ok", "source.ip=1 user.name=a");
    bed_event(&b, 3, "ok", "source.ip=2 user.name=c");
    bed_event(&b, 10, "fail", "source.ip=1");
    bed_event(&b, 11, "fail", "source.ip=1");
    bed_event(&b, 12, "ok", "source.ip=1 user.name=d");
    bed_flush(&b);
    bed_expect(&b, "open burst [source.ip=1] n=2 10-11 {good=2} e=5,6\n"
                   "end burst [source.ip=1] n=2 10-11 {good=2} e=5,6\n");
    /* 640 s later a and b have gone, d has not (in steps of 10 s). */
    bed_event(&b, 655, "fail", "source.ip=1");
    bed_event(&b, 656, "fail", "source.ip=1");
    bed_flush(&b);
    bed_expect(&b, "open burst [source.ip=1] n=2 655-656 {good=1} e=8,9\n"
                   "end burst [source.ip=1] n=2 655-656 {good=1} e=8,9\n");
    bed_close(&b);
}

static void evicts_the_oldest_and_says_so(void **state UNUSED) {
    struct correlate_limits few = {.groups_max = 2, .bytes_max = 1 << 20, .findings_max = 10};
    struct correlate_stats st;
    struct bed b;
    bed_open(&b,
             BED_RULE("fail") "title: B\nname: burst\ncorrelation: {type: event_count, "
                              "rules: [fail], group-by: [source.ip], timespan: 60s, "
                              "condition: {gte: 2}}\n",
             &few);
    bed_event(&b, 0, "fail", "source.ip=1");
    bed_event(&b, 1, "fail", "source.ip=2");
    bed_event(&b, 2, "fail", "source.ip=3"); /* 1 leaves */
    bed_event(&b, 3, "fail", "source.ip=2");
    bed_expect(&b, "open burst [source.ip=2] n=2 1-3 e=2,4 at least\n");
    bed_event(&b, 4, "fail", "source.ip=1"); /* 3 leaves: it was touched longest ago */
    bed_event(&b, 5, "fail", "source.ip=4"); /* 2 leaves with its finding */
    bed_expect(&b, "end burst [source.ip=2] n=2 1-3 e=2,4 at least\n");
    correlate_stats(b.c, &st);
    assert_int_equal(st.groups, 2);
    assert_int_equal(st.groups_evicted, 3);
    assert_int_equal(st.findings_cut, 1);
    assert_int_equal(correlate_rule_evicted(b.c, detect_rules_find(b.set, STR("burst"))->index), 3);
    /* After a whole window without loss nothing is a lower bound any more. */
    bed_event(&b, 200, "fail", "source.ip=5");
    bed_event(&b, 201, "fail", "source.ip=5");
    bed_expect(&b, "open burst [source.ip=5] n=2 200-201 e=7,8\n");
    bed_close(&b);
}

static void keeps_to_its_bytes(void **state UNUSED) {
    struct correlate_limits small = {.groups_max = 100000, .bytes_max = 200000, .findings_max = 10};
    struct correlate_stats st;
    struct bed b;
    char fields[64];
    bed_open(&b, WAVE, &small);
    for (int i = 0; i < 20000; i++) {
        snprintf(fields, sizeof fields, "source.ip=%d user.name=%d", i % 5000, i);
        bed_event(&b, i / 100.0, "fail", fields);
    }
    correlate_stats(b.c, &st);
    assert_true(st.bytes < 210000);
    assert_true(st.groups > 500);
    assert_true(st.groups_evicted > 10000);
    bed_close(&b);
}

static void drained_groups_leave_without_being_counted(void **state UNUSED) {
    struct correlate_stats st;
    struct bed b;
    char fields[64];
    bed_open(&b, WAVE, NULL);
    for (int i = 0; i < 100; i++) {
        snprintf(fields, sizeof fields, "source.ip=%d user.name=%d", i, i);
        bed_event(&b, i, "fail", fields);
    }
    bed_tick(&b, 5000);
    correlate_stats(b.c, &st);
    assert_int_equal(st.groups, 0);
    assert_int_equal(st.groups_evicted, 0);
    assert_int_equal(st.bytes, 0);
    bed_close(&b);
}

static void refuses(const char *correlation, const char *sentence) {
    struct bed b;
    char rules[2048];
    snprintf(rules, sizeof rules, "%stitle: Bad\nname: bad\ncorrelation: %s\n", FAIL_OK,
             correlation);
    bed_open(&b, rules, NULL);
    if (!strstr(bed_refused(&b), sentence)) {
        print_error("refused with '%s', not with '%s'\n", bed_refused(&b), sentence);
        fail();
    }
    bed_close(&b);
}

#define EC(condition) "{type: event_count, rules: [fail], timespan: 1m, condition: " condition "}"
#define MS(measures, condition)                                                                    \
    "{type: measures, rules: [fail], timespan: 1m, measures: " measures ", condition: " condition  \
    "}"

static void refuses_what_it_cannot_run(void **state UNUSED) {
    refuses(EC("{gte: 0}"), "must be from 1 to");
    refuses(EC("{gte: 99999999}"), "must be from 1 to");
    refuses(EC("{gte: x}"), "a whole number");
    refuses(EC("{at: 3}"), "at");
    refuses("{type: event_count, rules: [fail], timespan: 1m}", "needs a 'condition'");
    refuses("{type: event_count, rules: [nobody], timespan: 1m, condition: {gte: 1}}",
            "there is no rule 'nobody'");
    refuses("{type: event_count, rules: [fail], timespan: 1, condition: {gte: 1}}", "'timespan'");
    refuses("{type: event_count, rules: [fail, fail], timespan: 1m, condition: {gte: 1}}", "twice");
    refuses("{type: quiet, rules: [fail], timespan: 1m}", "unknown type");
    refuses("{type: value_count, rules: [fail], timespan: 1m, condition: {gte: 1}}", "'field'");
    refuses("{type: event_count, rules: [bad], timespan: 1m, condition: {gte: 1}}", "in a circle");
    refuses("{type: event_count, rules: [fail], timespan: 1m, group: [a], condition: {gte: 1}}",
            "group");
    refuses(MS("{a: {count: fail}}", "b > 1"), "there is no measure 'b'");
    refuses(MS("{a: {count: fail}}", "a >"), "something is missing");
    refuses(MS("{a: {count: fail}}", "a > 1 b"), "left over");
    refuses(MS("{a: {count: fail}}", "((((((((((((((((((((((((((((((((((a"), "too deep");
    refuses(MS("{a: {count: fail}, a: {count: fail}}", "a > 1"), "");
    refuses(MS("{and: {count: fail}}", "1"), "cannot name a measure");
    refuses(MS("{a: {count: ok}}", "a > 1"), "not among the rules");
    refuses(MS("{a: {count: fail, spread: fail}}", "a > 1"), "a measure is");
    refuses("{type: event_count, rules: [fail], timespan: 1m, condition: {gte: 1}, "
            "attach: {x: fail}}",
            "'attach' wants");
}

static void refuses_what_looks_at_the_refused(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("fail") "title: A\nname: a\ncorrelation: {type: event_count, rules: [fail], "
                              "timespan: 1m, condition: {at: 2}}\n---\n"
                              "title: B\nname: b\ncorrelation: {type: event_count, rules: [a], "
                              "timespan: 1m, condition: {gte: 2}}\n",
             NULL);
    assert_int_equal(b.set->n_refused, 2);
    assert_non_null(strstr(b.set->refused[1]->diag.text, "which is refused itself"));
    assert_false(correlate_plan_wants(b.plan, 0));
    bed_close(&b);
}

/* One story for sameness and torture: every type, chains, folds, late events, eviction. */
static const char story_rules[] = FAIL_OK
    "title: Alone\nname: alone\nlogsource: {category: test}\n"
    "detection: {s: {x: y}, condition: s}\nkizuki: {collect: [user.name]}\n---\n"
    "title: C\nname: c\ncorrelation: {type: event_count, rules: [fail], "
    "group-by: [source.ip], timespan: 20s, condition: {gte: 3}}\n---\n"
    "title: V\nname: v\ncorrelation: {type: value_count, rules: [fail], "
    "group-by: [source.ip], timespan: 20s, condition: {field: user.name, gte: 3}}\n"
    "kizuki: {collect: [user.name]}\n---\n"
    "title: T\nname: t\ncorrelation: {type: temporal, rules: [c, ok], "
    "group-by: [source.ip], timespan: 20s, generate: true}\n---\n"
    "title: O\nname: o\ncorrelation: {type: temporal_ordered, rules: [fail, ok], "
    "group-by: [user.name], timespan: 20s}\n---\n"
    "title: F\nname: f\ncorrelation: {type: first_seen, rules: [ok], "
    "group-by: [user.name, source.ip], timespan: 50s}\n---\n"
    "title: G\nname: g\nkizuki: {finding: never}\ncorrelation: {type: value_count, "
    "rules: [ok], group-by: [source.ip], timespan: 640s, condition: {field: user.name}}\n---\n"
    "title: Sum\nname: sum\ncorrelation: {type: value_sum, rules: [fail, ok], "
    "group-by: [source.ip], timespan: 20s, condition: {field: user.name, gt: 60}}\n---\n"
    "title: Med\nname: med\ncorrelation: {type: value_median, rules: [fail], "
    "group-by: [source.ip], timespan: 20s, condition: {field: user.name, gt: 10}}\n---\n"
    "title: Rare\nname: rare\ncorrelation: {type: value_percentile, rules: [fail], "
    "group-by: [], timespan: 20s, condition: {field: user.name, lt: 8}}\n---\n"
    "title: Rate\nname: rate\ncorrelation: {type: rate_change, rules: [fail], "
    "group-by: [source.ip], timespan: 20s, condition: {gt: 1.5}}\n---\n"
    "title: Quiet\nname: quiet\ncorrelation: {type: silence, rules: [ok], "
    "group-by: [user.name], timespan: 10s}\n---\n"
    "title: Few\nname: few\ncorrelation: {type: value_count, rules: [fail], "
    "group-by: [source.ip], timespan: 30s, condition: {field: user.name, lte: 6}}\n---\n"
    "title: Words\nname: words\ncorrelation: {type: temporal, rules: [fail, ok], "
    "group-by: [source.ip], timespan: 20s, condition: ok and not fail}\n---\n"
    "title: M\nname: m\ncorrelation:\n  type: measures\n  rules: [fail, ok, f]\n"
    "  group-by: [source.ip]\n  timespan: 60s\n"
    "  measures: {a: {count: fail}, b: {distinct: user.name}, c: {spread: ok}, d: a / b}\n"
    "  attach: {g: g}\n  condition: a >= 3 and d < 3 and g < 5\n"
    "kizuki: {collect: [user.name, {field: source.ip, of: ok}]}\n";

static int tell_story(struct bed *b, int events) {
    uint32_t x = 12345;
    double t = 1000;
    for (int i = 0; i < events; i++) {
        char fields[96];
        x = x * 1664525u + 1013904223u;
        t += (x >> 28) * 0.3;
        snprintf(fields, sizeof fields, "source.ip=%u user.name=%u", x >> 8 & 7, x >> 12 & 15);
        int r = bed_try_event(b, t - (x >> 20 & 7),
                              (x >> 16 & 3) == 0   ? "ok"
                              : (x >> 16 & 7) == 1 ? "fail alone"
                                                   : "fail",
                              fields);
        if (r == 0 && i % 50 == 49)
            r = correlate_tick(b->c, (int64_t) (t * 1e9));
        if (r < 0)
            return r;
    }
    return correlate_flush(b->c);
}

static void tells_the_same_story_twice(void **state UNUSED) {
    struct bed b[2];
    for (int i = 0; i < 2; i++) {
        bed_open(&b[i], story_rules, NULL);
        assert_int_equal(tell_story(&b[i], 3000), 0);
    }
    assert_true(b[0].json.n > 100000);
    assert_true(str_eq(buf_str(&b[0].json), buf_str(&b[1].json)));
    static const char *const told[] = {"open alone", "open c ", "open v ",  "open t ",
                                       "open o ",    "open m ", "update m ", "open sum ", "open med ",
                                       "open rare ", "open rate ", "open quiet ", "open few ", "open words "};
    for (size_t i = 0; i < ARRAY_SIZE(told); i++)
        if (!strstr(buf_z(&b[0].lines), told[i]))
            fail_msg("the story has no '%s'", told[i]);
    for (int i = 0; i < 2; i++)
        bed_close(&b[i]);
}

static int tortured(void *ctx UNUSED) {
    struct correlate_limits few = {.groups_max = 20, .bytes_max = 1 << 20, .findings_max = 5};
    struct bed b;
    int r = bed_try(&b, story_rules, &few);
    if (r == 0)
        r = tell_story(&b, 60);
    bed_close(&b);
    return r;
}

static void survives_the_end_of_memory_anywhere(void **state UNUSED) {
    assert_true(torture(tortured, NULL) > 200);
}

UNIT_GROUP(detect_correlate_measures, cmocka_unit_test(measures_one_window_together),
           cmocka_unit_test(counts_a_value_once_however_often_it_comes), cmocka_unit_test(counts_pairs),
           cmocka_unit_test(forgets_names_with_their_step),
           cmocka_unit_test(judges_only_at_the_events_named_by_on),
           cmocka_unit_test(attaches_what_was_known_when_it_opened),
           cmocka_unit_test(evicts_the_oldest_and_says_so), cmocka_unit_test(keeps_to_its_bytes),
           cmocka_unit_test(drained_groups_leave_without_being_counted),
           cmocka_unit_test(refuses_what_it_cannot_run),
           cmocka_unit_test(refuses_what_looks_at_the_refused),
           cmocka_unit_test(tells_the_same_story_twice),
           cmocka_unit_test(survives_the_end_of_memory_anywhere))
