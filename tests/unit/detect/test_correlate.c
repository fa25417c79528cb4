/* Windows worked out by hand. */
#include "correlate_bed.h"

#define BURST(n, span)                                                                             \
    BED_RULE("fail")                                                                               \
    "title: Burst\nname: burst\ncorrelation: {type: event_count, rules: [fail], "                  \
    "group-by: [source.ip], timespan: " span ", condition: {gte: " n "}}\n"

static void counts_exactly_n_within_exactly_the_timespan(void **state UNUSED) {
    struct bed b;
    bed_open(&b, BURST("3", "10s"), NULL);
    bed_event(&b, 0, "fail", "source.ip=1");
    bed_event(&b, 5, "fail", "source.ip=1");
    bed_event(&b, 6, "fail", "source.ip=2");
    bed_expect(&b, "");
    bed_event(&b, 10, "fail", "source.ip=1"); /* 0, 5, 10: just within */
    bed_expect(&b, "open burst [source.ip=1] n=3 0-10 e=1,2,4\n");
    bed_event(&b, 15.5, "fail", "source.ip=1"); /* 5 lies 10.5 s back: not true here */
    bed_expect(&b, "");
    bed_event(&b, 16, "fail", "source.ip=1"); /* 10, 15.5, 16: true again, same finding */
    bed_expect(&b, "");
    bed_tick(&b, 26);
    bed_expect(&b, "end burst [source.ip=1] n=4 0-16 e=1,2,4,6\n");
    bed_close(&b);
}

static void one_less_is_not_enough(void **state UNUSED) {
    struct bed b;
    bed_open(&b, BURST("3", "10s"), NULL);
    bed_event(&b, 0, "fail", "source.ip=1");
    bed_event(&b, 1, "fail", "source.ip=1");
    bed_event(&b, 10.000000001, "fail", "source.ip=1"); /* one nanosecond too late for the first */
    bed_flush(&b);
    bed_expect(&b, "");
    bed_event(&b, 11, "fail", "source.ip=1");
    bed_event(&b, 12, "fail", "user.name=x"); /* no address: takes no part */
    bed_flush(&b);
    bed_expect(&b, "open burst [source.ip=1] n=3 1-11 e=2,3,4\n"
                   "end burst [source.ip=1] n=3 1-11 e=2,3,4\n");
    bed_close(&b);
}

static void takes_events_that_come_late(void **state UNUSED) {
    struct bed b;
    struct correlate_stats st;
    bed_open(&b, BURST("3", "10s"), NULL);
    bed_event(&b, 100, "fail", "source.ip=1");
    bed_event(&b, 95, "fail", "source.ip=1");
    bed_event(&b, 91, "fail", "source.ip=1");
    bed_expect(&b, "open burst [source.ip=1] n=3 91-100 e=2,1,3\n");
    bed_flush(&b);
    bed_expect(&b, "end burst [source.ip=1] n=3 91-100 e=2,1,3\n");
    /* An hour back: another time, not a late event. */
    bed_event(&b, 4000, "fail", "source.ip=1");
    bed_event(&b, 4001, "fail", "source.ip=1");
    bed_event(&b, 20, "fail", "source.ip=1");
    bed_event(&b, 21, "fail", "source.ip=1");
    bed_expect(&b, "");
    bed_event(&b, 22, "fail", "source.ip=1");
    bed_flush(&b);
    bed_expect(&b, "open burst [source.ip=1] n=3 20-22 e=6,7,8\n"
                   "end burst [source.ip=1] n=3 20-22 e=6,7,8\n");
    correlate_stats(b.c, &st);
    assert_int_equal(st.rewinds, 1);
    bed_close(&b);
}

static void counts_repeated_messages(void **state UNUSED) {
    struct bed b;
    bed_open(&b, BURST("5", "10s"), NULL);
    bed_event(&b, 0, "fail", "source.ip=1");
    bed_event(&b, 1, "fail", "source.ip=1 kizuki.count=3");
    bed_expect(&b, "");
    bed_event(&b, 2, "fail", "source.ip=1 kizuki.count=2");
    bed_expect(&b, "open burst [source.ip=1] n=5 1-2 e=2,3\n");
    bed_close(&b);
}

static void tells_when_doubled_and_after_a_minute(void **state UNUSED) {
    struct bed b;
    bed_open(&b, BURST("2", "5m"), NULL);
    for (int i = 0; i < 9; i++)
        bed_event(&b, i, "fail", "source.ip=1");
    bed_expect(&b, "open burst [source.ip=1] n=2 0-1 e=1,2\n"
                   "update burst [source.ip=1] n=4 0-3 e=1,2,3,4\n"
                   "update burst [source.ip=1] n=8 0-7 e=1,2,3,4,5,6,7,8\n");
    bed_tick(&b, 66); /* 59 s after it was told */
    bed_expect(&b, "");
    bed_tick(&b, 67);
    bed_expect(&b, "update burst [source.ip=1] n=9 0-8 e=1,2,3,4,5,6,7,8,9\n");
    bed_tick(&b, 307);
    bed_expect(&b, "");
    bed_tick(&b, 308);
    bed_expect(&b, "end burst [source.ip=1] n=9 0-8 e=1,2,3,4,5,6,7,8,9\n");
    bed_close(&b);
}

static void lists_the_first_and_the_last_evidence(void **state UNUSED) {
    struct bed b;
    bed_open(&b, BURST("2", "1h"), NULL);
    for (int i = 0; i < 500; i++)
        bed_event(&b, i, "fail", "source.ip=1");
    buf_clear(&b.lines);
    bed_flush(&b);
    const char *z = buf_z(&b.lines);
    assert_non_null(strstr(z, "n=500 0-499 e=1,2,3,"));
    assert_non_null(strstr(z, ",99,100,401,402,"));
    assert_non_null(strstr(z, ",499,500\n"));
    bed_close(&b);
}

#define VALUES                                                                                     \
    BED_RULE("fail")                                                                               \
    "title: Values\nname: values\ncorrelation: {type: value_count, rules: [fail], "                \
    "group-by: [source.ip], timespan: 10s, condition: {field: user.name, gte: 3}}\n"               \
    "kizuki: {collect: [user.name]}\n"

static void counts_distinct_values(void **state UNUSED) {
    struct bed b;
    bed_open(&b, VALUES, NULL);
    bed_event(&b, 0, "fail", "source.ip=1 user.name=a");
    bed_event(&b, 1, "fail", "source.ip=1 user.name=b");
    bed_event(&b, 2, "fail", "source.ip=1 user.name=a"); /* a is seen again: its time is now 2 */
    bed_event(&b, 3, "fail", "source.ip=1");
    bed_expect(&b, "");
    bed_event(&b, 11, "fail", "source.ip=1 user.name=c"); /* a 2, b 1, c 11: exactly 10 s */
    bed_expect(&b, "open values [source.ip=1] n=3 1-11 "
                   "(user.name: b*1@1#2 a*1@2#3 c*1@11#5) e=2,3,5\n");
    bed_event(&b, 12.5, "fail", "source.ip=1 user.name=c"); /* a lies 10.5 s back */
    bed_event(&b, 13, "fail", "source.ip=1 user.name=d");   /* b has left; a is too old */
    bed_flush(&b);
    bed_expect(&b, "end values [source.ip=1] n=3 1-11 "
                   "(user.name: b*1@1#2 a*1@2#3 c*1@11#5) e=2,3,5\n");
    bed_close(&b);
}

static void counts_pairs_of_fields_as_one_value(void **state UNUSED) {
    struct bed b;
    bed_open(
        &b,
        BED_RULE("fail") "title: P\nname: pairs\ncorrelation: {type: value_count, rules: fail, "
                         "timespan: 10s, condition: {field: [user.name, source.ip], gt: 1}}\n",
        NULL);
    bed_event(&b, 0, "fail", "source.ip=1 user.name=a");
    bed_event(&b, 1, "fail", "source.ip=1 user.name=a");
    bed_expect(&b, "");
    bed_event(&b, 2, "fail", "source.ip=2 user.name=a");
    bed_expect(&b, "open pairs [] n=2 1-2 e=2,3\n");
    bed_close(&b);
}

#define THREE(type)                                                                                \
    BED_RULE("a")                                                                                  \
    BED_RULE("b")                                                                                  \
    BED_RULE("c")                                                                                  \
    "title: Three\nname: three\ncorrelation: {type: " type                                         \
    ", rules: [a, b, c], group-by: [host.name], timespan: 10s}\n"

static void finds_rules_near_each_other_in_any_order(void **state UNUSED) {
    struct bed b;
    bed_open(&b, THREE("temporal"), NULL);
    bed_event(&b, 0, "c", "host.name=h");
    bed_event(&b, 1, "a", "host.name=h");
    bed_event(&b, 10.5, "b", "host.name=h"); /* c lies 10.5 s back */
    bed_expect(&b, "");
    bed_event(&b, 11, "c", "host.name=h");
    bed_expect(&b, "open three [host.name=h] n=3 1-11 e=2,3,4\n");
    bed_event(&b, 50, "a b c", "host.name=g"); /* one event that is all three */
    bed_expect(&b, "end three [host.name=h] n=3 1-11 e=2,3,4\n"
                   "open three [host.name=g] n=1 50-50 e=5\n");
    bed_close(&b);
}

static void wants_the_order_where_it_is_asked_for(void **state UNUSED) {
    struct bed b;
    bed_open(&b, THREE("temporal_ordered"), NULL);
    bed_event(&b, 0, "a", "host.name=h");
    bed_event(&b, 1, "c", "host.name=h");
    bed_event(&b, 2, "b", "host.name=h");
    bed_expect(&b, "");
    bed_event(&b, 5, "a", "host.name=h"); /* a later start does not lose the chain 0, 2 */
    bed_event(&b, 10, "c", "host.name=h");
    bed_expect(&b, "open three [host.name=h] n=3 0-10 e=1,3,5\n");
    bed_flush(&b);
    buf_clear(&b.lines);
    bed_event(&b, 12, "b", "host.name=h");
    bed_event(&b, 15.5, "c", "host.name=h"); /* 5, 12, 15.5 is 10.5 s long */
    bed_flush(&b);
    bed_expect(&b, "");
    bed_event(&b, 20, "a b c", "host.name=h"); /* one event is one link */
    bed_event(&b, 21, "b c", "host.name=h");
    bed_flush(&b);
    bed_expect(&b, "");
    bed_event(&b, 22, "c", "host.name=h");
    bed_flush(&b);
    bed_expect(&b, "open three [host.name=h] n=3 20-22 e=8,9,10\n"
                   "end three [host.name=h] n=3 20-22 e=8,9,10\n");
    bed_close(&b);
}

static void follows_chains_of_correlations_and_aliases(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("fail")
                 BED_RULE("ok") "title: Many\nname: many\n"
                                "correlation: {type: event_count, rules: [fail], group-by: "
                                "[source.ip], timespan: 10s, "
                                "condition: {gte: 2}}\n---\n"
                                "title: Then\nname: then\ncorrelation: {type: temporal_ordered, "
                                "rules: [many, ok], "
                                "group-by: [who], timespan: 60s, "
                                "aliases: {who: {many: user.name, ok: user.target.name}}}\n",
             NULL);
    bed_event(&b, 0, "fail", "source.ip=1 user.name=a");
    bed_event(&b, 1, "fail", "source.ip=1 user.name=b"); /* many is true at b's event */
    bed_event(&b, 2, "ok", "user.target.name=a");
    bed_expect(&b, "");
    bed_event(&b, 3, "ok", "user.target.name=b");
    bed_expect(&b, "open then [who=b] n=2 1-3 e=2,4\n");
    bed_close(&b);
}

/* The event that completes a chain may be a link of the next one, too. */
static void shows_the_chain_that_was_completed(void **state UNUSED) {
    struct bed b;
    bed_open(&b, THREE("temporal_ordered"), NULL);
    bed_event(&b, 0, "a", "host.name=h");
    bed_event(&b, 1, "b", "host.name=h kizuki.count=3");
    bed_event(&b, 2, "b c", "host.name=h");
    bed_expect(&b, "open three [host.name=h] n=5 0-2 e=1,2,3\n");
    bed_close(&b);
}

/* An alias may lead several rules of one event to the same group: there it is one event, not one for each rule. */
static void an_event_is_one_event_however_many_rules_it_matches(void **state UNUSED) {
    static const char many[] = BED_RULE("a") BED_RULE("b")
        "title: N\nname: n\ncorrelation: {type: event_count, rules: [a, b], group-by: [who], timespan: 10s, "
        "aliases: {who: {a: user.name, b: user.target.name}}, condition: {gte: 2}}\n";
    static const char chain[] = BED_RULE("a") BED_RULE("b")
        "title: N\nname: n\ncorrelation: {type: temporal_ordered, rules: [a, b], group-by: [who], timespan: 10s, "
        "aliases: {who: {a: user.name, b: user.target.name}}}\n";
    struct bed b;
    bed_open(&b, many, NULL);
    bed_event(&b, 0, "a b", "user.name=x user.target.name=x");
    bed_expect(&b, "");
    bed_event(&b, 1, "a b", "user.name=x user.target.name=y"); /* two groups: one event in each */
    bed_expect(&b, "open n [who=x] n=2 0-1 e=1,2\n");
    bed_close(&b);
    bed_open(&b, chain, NULL);
    bed_event(&b, 0, "a b", "user.name=x user.target.name=x");
    bed_expect(&b, "");
    bed_event(&b, 1, "b", "user.target.name=x");
    bed_expect(&b, "open n [who=x] n=2 0-1 e=1,2\n");
    bed_close(&b);
}

static void sees_what_was_never_seen(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             BED_RULE("ok") "title: New\nname: new\ncorrelation: {type: first_seen, rules: [ok], "
                            "group-by: [user.name, source.ip], timespan: 100s}\n",
             NULL);
    bed_event(&b, 0, "ok", "user.name=a source.ip=1");
    bed_event(&b, 90, "ok", "user.name=a source.ip=1");
    bed_event(&b, 100, "ok", "user.name=a source.ip=2");
    bed_event(&b, 190, "ok", "user.name=a source.ip=1"); /* exactly 100 s: still known */
    bed_event(&b, 290.5, "ok", "user.name=a source.ip=1");
    bed_flush(&b);
    bed_expect(&b, "open new [user.name=a source.ip=1] n=1 0-0 e=1\n"
                   "end new [user.name=a source.ip=1] n=1 0-0 e=1\n"
                   "open new [user.name=a source.ip=2] n=1 100-100 e=3\n"
                   "end new [user.name=a source.ip=2] n=1 100-100 e=3\n"
                   "open new [user.name=a source.ip=1] n=1 290.5-290.5 e=5\n"
                   "end new [user.name=a source.ip=1] n=1 290.5-290.5 e=5\n");
    bed_close(&b);
}

static void folds_the_matches_of_one_rule(void **state UNUSED) {
    struct bed b;
    bed_open(&b,
             "title: Alone\nname: alone\nlogsource: {category: test}\n"
             "kizuki: {fold: [host.name, user.name], fold_span: 10s, collect: [url.path]}\n"
             "detection: {s: {x: y}, condition: s}\n",
             NULL);
    bed_event(&b, 0, "alone", "host.name=h url.path=/a");
    bed_event(&b, 9, "alone", "host.name=h url.path=/b");
    bed_event(&b, 10, "alone", "host.name=h user.name=u");
    bed_event(&b, 19.5, "alone", "host.name=h url.path=/a"); /* 10.5 s after 9: another one */
    bed_flush(&b);
    bed_expect(&b, "open alone [host.name=h] n=1 0-0 (url.path: /a*1@0#1) e=1\n"
                   "update alone [host.name=h] n=2 0-9 (url.path: /a*1@0#1 /b*1@9#2) e=1,2\n"
                   "open alone [host.name=h user.name=u] n=1 10-10 (url.path:) e=3\n"
                   "end alone [host.name=h] n=2 0-9 (url.path: /a*1@0#1 /b*1@9#2) e=1,2\n"
                   "open alone [host.name=h] n=1 19.5-19.5 (url.path: /a*1@19.5#4) e=4\n"
                   "end alone [host.name=h user.name=u] n=1 10-10 (url.path:) e=3\n"
                   "end alone [host.name=h] n=1 19.5-19.5 (url.path: /a*1@19.5#4) e=4\n");
    bed_close(&b);
}

static void picks_what_is_asked_for_and_nothing_that_ends_with_the_event(void **state UNUSED) {
    struct bed b;
    struct arena of_event;
    struct event ev, *out;
    struct raw_record raw = {.bytes = STR("/ web1 a\\u0062"), .pos = {.stream = 2, .n = 7}};
    bed_open(&b, "title: Alone\nlogsource: {category: test}\ndetection: {s: {x: y}, condition: s}\n", NULL);
    uint32_t host = event_names_find(b.names, STR("host.name")), computer = event_names_find(b.names, STR("Computer"));
    arena_init(&of_event, 1 << 16);
    event_begin(&ev, &of_event, b.names, &raw);
    ev.time_ns = 5;
    assert_int_equal(event_add(&ev, EVENT_F_URL_PATH, str_n(raw.bytes.p, 1)), 0); /* nobody asks for it */
    assert_int_equal(event_add(&ev, computer, arena_dup(&of_event, STR("of the arena"))), 0);
    assert_int_equal(event_add(&ev, host, str_n(raw.bytes.p + 2, 4)), 0);
    assert_int_equal(event_add(&ev, EVENT_F_USER_NAME, str_n(raw.bytes.p + 7, 7)), 0);
    ev.fields[ev.n - 1].escaped = true;
    assert_int_equal(event_add(&ev, EVENT_F_USER_NAME, STR("second of a list")), 0);
    assert_int_equal(correlate_pick(b.plan, &ev, &b.picked, &out), 0);
    arena_done(&of_event);
    assert_int_equal(out->n, 4);
    assert_null(event_get(out, EVENT_F_URL_PATH).p);
    assert_str(event_get(out, computer), "of the arena");
    assert_ptr_equal(event_get(out, host).p, raw.bytes.p + 2);
    assert_str(event_get(out, EVENT_F_USER_NAME), "ab");
    assert_int_equal(out->time_ns, 5);
    assert_ptr_equal(out->raw, &raw);
    bed_close(&b);
}

UNIT_GROUP(detect_correlate, cmocka_unit_test(counts_exactly_n_within_exactly_the_timespan),
           cmocka_unit_test(one_less_is_not_enough), cmocka_unit_test(takes_events_that_come_late),
           cmocka_unit_test(counts_repeated_messages),
           cmocka_unit_test(tells_when_doubled_and_after_a_minute),
           cmocka_unit_test(lists_the_first_and_the_last_evidence),
           cmocka_unit_test(counts_distinct_values),
           cmocka_unit_test(counts_pairs_of_fields_as_one_value),
           cmocka_unit_test(finds_rules_near_each_other_in_any_order),
           cmocka_unit_test(wants_the_order_where_it_is_asked_for),
           cmocka_unit_test(follows_chains_of_correlations_and_aliases),
           cmocka_unit_test(shows_the_chain_that_was_completed),
           cmocka_unit_test(an_event_is_one_event_however_many_rules_it_matches),
           cmocka_unit_test(sees_what_was_never_seen),
           cmocka_unit_test(folds_the_matches_of_one_rule),
           cmocka_unit_test(picks_what_is_asked_for_and_nothing_that_ends_with_the_event))
