#include "unit.h"

#include "base/json.h"
#include "event/record.h"

static struct arena arena;
static struct event_names *names;
static int up(void **state UNUSED) {
    arena_init(&arena, 16 << 20);
    names = event_names_new();
    return names ? 0 : -1;
}
static int down(void **state UNUSED) {
    event_names_free(names);
    arena_done(&arena);
    return 0;
}

static void assert_json(struct event *ev, const char *want) {
    struct buf b;
    struct json_value *v;
    buf_init(&b, 1 << 20);
    event_write_json(ev, &b);
    assert_int_equal(buf_error(&b), 0);
    assert_str(buf_str(&b), want);
    assert_int_equal(json_parse(&arena, buf_str(&b), &v, NULL), 0);
    buf_done(&b);
}

static void writes_times_lists_and_position(void **state UNUSED) {
    struct raw_record raw = {
        .bytes = STR("the \"line\"\xff"), .arrival_ns = 1795366988 * NS_PER_S, .pos = {.n = 17}};
    struct event ev;
    event_begin(&ev, &arena, names, &raw);
    ev.time_ns = raw.arrival_ns;
    ev.timestamp_ns = 1795366988 * NS_PER_S + 5000;
    event_add(&ev, EVENT_F_USER_NAME, STR("a"));
    event_add(&ev, EVENT_F_EVENT_CATEGORY, STR("web"));
    event_add_typed(&ev, EVENT_F_SOURCE_PORT, JSON_NUMBER, STR("22"));
    event_add(&ev, EVENT_F_EVENT_CATEGORY, STR("authentication"));
    event_add_typed(&ev, EVENT_F_PROCESS_PID, JSON_NUMBER, STR("007"));
    event_add_typed(&ev, EVENT_F_LOGIN_FACTOR, JSON_TRUE, STR("true"));
    event_add_typed(&ev, EVENT_F_TAGS, JSON_ARRAY, STR(""));
    event_add(&ev, EVENT_F_EVENT_CATEGORY, STR("web"));
    assert_json(
        &ev,
        "{\"@timestamp\":\"2026-11-22T17:03:08.000005Z\",\"event.created\":\"2026-11-22T17:03:08."
        "000Z\","
        "\"user.name\":\"a\",\"event.category\":[\"web\",\"authentication\",\"web\"],\"source."
        "port\":22,"
        "\"process.pid\":\"007\",\"kizuki.login.second_factor\":true,\"tags\":[],"
        "\"event.original\":\"the \\\"line\\\"\xef\xbf\xbd\",\"kizuki.position\":{\"spool\":17}}");
}

static void names_from_outside_do_not_pass_for_ours(void **state UNUSED) {
    struct raw_record raw = {.bytes = STR("x"), .arrival_ns = 0, .pos = {.stream = 2, .n = 3}};
    struct event ev;
    event_begin(&ev, &arena, names, &raw);
    ev.keep_all = true;
    ev.time_ns = 0;
    event_add_named(&ev, STR("kizuki.position"), JSON_STRING, STR("forged"));
    event_add_named(&ev, STR("@timestamp"), JSON_STRING, STR("forged"));
    event_add_named(&ev, STR("own \"name\""), JSON_STRING, STR("kept"));
    event_add_named(&ev, STR("own \"name\""), JSON_NULL, STR("null"));
    assert_json(&ev, "{\"@timestamp\":\"1970-01-01T00:00:00.000Z\",\"event.created\":\"1970-01-"
                     "01T00:00:00.000Z\","
                     "\"own \\\"name\\\"\":[\"kept\",null],\"event.original\":\"x\","
                     "\"kizuki.position\":{\"stream\":2,\"line\":3}}");
}

/* The decoder knows the encoding and lets no line speak for itself. */
static void the_original_is_what_the_decoder_read(void **state UNUSED) {
    struct raw_record raw = {.bytes = STR("\xc3\xb1")};
    struct event ev;
    event_begin(&ev, &arena, names, &raw);
    ev.time_ns = 0;
    event_add(&ev, EVENT_F_EVENT_ORIGINAL, STR("ﾃｱ"));
    assert_json(&ev,
                "{\"@timestamp\":\"1970-01-01T00:00:00.000Z\",\"event.created\":\"1970-01-01T00:00:"
                "00.000Z\",\"event.original\":\"ﾃｱ\",\"kizuki.position\":{\"spool\":0}}");
}

static void japanese_lines_are_readable(void **state UNUSED) {
    struct raw_record raw = {.bytes = STR("\x94\x46\x8f\xd8")};
    struct event ev;
    event_begin(&ev, &arena, names, &raw);
    ev.time_ns = 0;
    assert_json(&ev, "{\"@timestamp\":\"1970-01-01T00:00:00.000Z\",\"event.created\":\"1970-01-"
                     "01T00:00:00.000Z\","
                     "\"event.original\":\"認証\",\"kizuki.position\":{\"spool\":0}}");
}

static void a_full_event_is_written_whole(void **state UNUSED) {
    struct raw_record raw = {.bytes = STR("x")};
    struct event ev;
    struct buf b;
    struct json_value *v;
    event_begin(&ev, &arena, names, &raw);
    ev.time_ns = 0;
    for (int i = 0; i < EVENT_FIELDS_MAX + 10; i++)
        assert_int_equal(event_add(&ev, EVENT_F_TAGS, STR("t")), 0);
    assert_true(ev.dropped_fields);
    buf_init(&b, 1 << 20);
    event_write_json(&ev, &b);
    assert_int_equal(json_parse(&arena, buf_str(&b), &v, NULL), 0);
    assert_int_equal(json_get_array(v, "tags")->n, EVENT_FIELDS_MAX);
    buf_done(&b);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, up, down)
UNIT_GROUP(event_record_json, WITH(writes_times_lists_and_position),
           WITH(names_from_outside_do_not_pass_for_ours), WITH(japanese_lines_are_readable),
           WITH(the_original_is_what_the_decoder_read), WITH(a_full_event_is_written_whole))
