#include "unit.h"

#include "base/json.h"
#include "event/finding.h"

static struct str stream_name(void *ctx UNUSED, uint32_t stream) {
    return stream == 1 ? STR("auth.log") : STR("web.log");
}

static void writes_the_wire_form(void **state UNUSED) {
    const struct finding_pair group[] = {{STR("source.ip"), STR("192.0.2.1")}};
    const struct finding_measure measures[] = {{STR("tries"), 37}, {STR("failure_rate"), 0.975}};
    const struct str listed[] = {STR("tanaka"), STR("suzuki")};
    static const uint64_t counts[] = {2, 1};
    static const int64_t first[] = {1795366988 * NS_PER_S, TIME_NONE};
    const struct finding_values values[] = {{.name = STR("user.name"),
                                             .n_distinct = 9,
                                             .at_least = true,
                                             .n_listed = 2,
                                             .listed = listed,
                                             .counts = counts,
                                             .first_ns = first}};
    static const struct event_pos evidence[] = {{1, 4}, {2, 9}};
    struct finding f = {
        .id = "0123456789abcdef0123456789abcdef",
        .state = FINDING_UPDATE,
        .revision = 2,
        .rule_id = STR("r-1"),
        .rule_name = STR("name"),
        .rule_title = STR("リスト型攻撃"),
        .kind = STR("list_attack"),
        .propose = STR("block_source"),
        .level = LEVEL_HIGH,
        .n_group = 1,
        .group = group,
        .count = 37,
        .first_ns = 1795366988 * NS_PER_S,
        .last_ns = 1795366989 * NS_PER_S,
        .detected_ns = 1795366989 * NS_PER_S,
        .detected_pos = {0, 12},
        .n_measures = 2,
        .measures = measures,
        .n_values = 1,
        .values = values,
        .n_evidence = 2,
        .evidence = evidence,
    };
    struct buf b;
    buf_init(&b, 1 << 20);
    finding_write_json(&f, stream_name, NULL, &b);
    assert_str(
        buf_str(&b),
        "{\"id\":\"0123456789abcdef0123456789abcdef\",\"state\":\"update\",\"revision\":2,"
        "\"rule\":{\"id\":\"r-1\",\"name\":\"name\",\"title\":\"リスト型攻撃\",\"kind\":\"list_"
        "attack\","
        "\"propose\":\"block_source\"},\"level\":\"high\",\"group\":{\"source.ip\":\"192.0.2.1\"},"
        "\"count\":37,"
        "\"first\":\"2026-11-22T17:03:08.000Z\",\"last\":\"2026-11-22T17:03:09.000Z\","
        "\"detected\":\"2026-11-22T17:03:09.000Z\",\"detected_at\":{\"spool\":12},"
        "\"measures\":{\"tries\":37,\"failure_rate\":0.975},\"values\":{\"user.name\":{"
        "\"distinct\":9,"
        "\"at_least\":true,\"listed\":[{\"value\":\"tanaka\",\"count\":2,\"first\":\"2026-11-22T17:"
        "03:08.000Z\"},"
        "{\"value\":\"suzuki\",\"count\":1,\"first\":null}]}},"
        "\"evidence\":[{\"file\":\"auth.log\",\"line\":4},{\"file\":\"web.log\",\"line\":9}]}");
    buf_done(&b);
}

static void hostile_values_stay_values(void **state UNUSED) {
    const struct finding_pair group[] = {{STR("user.name"), STR("\",\"level\":\"low\xff\0")}};
    struct finding f = {.id = "x",
                        .n_group = 1,
                        .group = group,
                        .drill = true,
                        .first_ns = TIME_NONE,
                        .last_ns = TIME_NONE,
                        .detected_ns = TIME_NONE};
    struct buf b;
    struct arena a;
    struct json_value *v;
    struct str s;
    bool drill;
    buf_init(&b, 1 << 20);
    arena_init(&a, 1 << 20);
    finding_write_json(&f, NULL, NULL, &b);
    assert_int_equal(json_parse(&a, buf_str(&b), &v, NULL), 0);
    assert_true(json_get_str(json_get_object(v, "group"), "user.name", &s));
    assert_true(str_eq(s, STR("\",\"level\":\"low\xef\xbf\xbd\0")));
    assert_true(json_get_bool(v, "drill", &drill) && drill);
    arena_done(&a);
    buf_done(&b);
}

static void levels_and_states_have_words(void **state UNUSED) {
    for (int l = 0; l < LEVEL_MAX_; l++)
        assert_int_equal(rule_level_from_string(str_of(rule_level_to_string((enum rule_level) l))),
                         l);
    assert_true(rule_level_from_string(STR("urgent")) < 0);
    assert_string_equal(finding_state_to_string(FINDING_END), "end");
}

/* An attacker with long names must not make the finding too large to be told. */
static void long_values_are_listed_less_and_counted_all(void **state UNUSED) {
    enum { N = 1000 };
    static struct str listed[N];
    static uint64_t counts[N];
    static int64_t first[N];
    static char name[256];
    memset(name, 1, sizeof name); /* each byte takes six in JSON */
    for (int i = 0; i < N; i++)
        listed[i] = str_n(name, sizeof name);
    const struct finding_values values[] = {{STR("user.name"), .n_distinct = 5000, .n_listed = N,
                                             .listed = listed, .counts = counts,
                                             .first_ns = first}};
    struct finding f = {.id = "0123456789abcdef0123456789abcdef",
                        .revision = 1,
                        .rule_id = STR("r"),
                        .n_values = 1,
                        .values = values};
    struct buf b;
    buf_init(&b, 1 << 20); /* the whole would not fit */
    assert_int_equal(finding_write_json_within(&f, NULL, NULL, 600000, &b), 0);
    assert_true(b.n <= 600000 && b.n > 100000);
    assert_true(str_find(buf_str(&b), STR("\"distinct\":5000"), 0) >= 0);
    assert_int_equal(finding_write_json_within(&f, NULL, NULL, 3000, &b), 0);
    assert_true(b.n <= 3000);
    assert_int_equal(finding_write_json_within(&f, NULL, NULL, 100, &b), -ERR_LIMIT);
    buf_done(&b);
}

UNIT_GROUP(event_finding, cmocka_unit_test(writes_the_wire_form),
           cmocka_unit_test(long_values_are_listed_less_and_counted_all),
           cmocka_unit_test(hostile_values_stay_values),
           cmocka_unit_test(levels_and_states_have_words))
