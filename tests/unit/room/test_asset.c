/* Machines that were seen: they become rows of the register of machines, once, and a name the register of systems knows is that system's. */
#include "fixture.h"

#include "room/fold.h"
#include "room/register.h"

static struct fixture *started(void) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    if (room_registers_load(f->r, "content/imports", &d) < 0)
        fail_msg("%s", d.text);
    return f;
}

static void enrol(struct fixture *f, const char *kind, const char *name, const char *values) {
    struct room_actor by = fixture_actor(f, f->handler);
    struct room_register_refusal why;
    struct arena a;
    struct json_value *v;
    struct diag d = {0};
    int64_t id;
    arena_init(&a, 1 << 16);
    assert_int_equal(json_parse(&a, str_of(values), &v, &d), 0);
    struct room_register_row row = {.kind = str_of(kind), .key = str_of(name), .values = v};
    if (room_register_put(f->r, &by, &row, 0, 0, true, &id, &why, &d) < 0)
        fail_msg("%s", d.text);
    arena_done(&a);
}

/* A finding of the rule asset_new, as the sensor tells it. */
static void seen(struct fixture *f, const char *id, const char *group, const char *values) {
    char json[1200];
    struct arena a;
    struct json_value *v;
    struct room_finding x;
    struct room_folded folded;
    struct diag d = {0};
    snprintf(json, sizeof json,
             "{\"id\":\"%s\",\"state\":\"open\",\"revision\":1,\"rule\":{\"id\":\"r\",\"name\":\"asset_new\",\"title\":\"A machine that was not seen before\",\"kind\":\"new_asset\","
             "\"propose\":\"\"},\"level\":\"informational\",\"group\":{%s},\"count\":1,\"first\":\"2026-11-22T17:03:08Z\",\"last\":\"2026-11-22T17:03:08Z\","
             "\"detected\":\"2026-11-22T17:03:08Z\",\"detected_at\":{\"spool\":1},\"measures\":{},\"values\":{%s},\"evidence\":[]}",
             id, group, values);
    arena_init(&a, 1 << 18);
    if (json_parse(&a, str_of(json), &v, &d) < 0 || room_finding_read(&a, v, &x, &d) < 0 || room_begin(f->r, &d) < 0)
        fail_msg("%s", d.text);
    int e = room_fold(f->r, &x, str_of(json), &folded, &d);
    if (room_end(f->r, e, &d) < 0)
        fail_msg("%s", d.text);
    assert_true(folded.incident == 0);
    arena_done(&a);
}

static void rows_are(struct fixture *f, int64_t n, int64_t red) {
    struct diag d = {0};
    int64_t rows, must;
    assert_int_equal(room_register_count(f->r, STR("assets"), &rows, &must, &d), 0);
    assert_int_equal(rows, n);
    assert_int_equal(must, red);
}

static void has(struct fixture *f, const char *text, bool wanted) {
    struct buf b;
    struct jsonw w;
    struct diag d = {0};
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    assert_int_equal(room_register_write(f->r, STR("assets"), &w, &d), 0);
    jsonw_end(&w);
    if ((strstr(buf_z(&b), text) != NULL) != wanted)
        fail_msg("%s in %s", text, buf_z(&b));
    buf_done(&b);
}

#define LISTED(field, value) "\"" field "\":{\"distinct\":1,\"listed\":[{\"value\":\"" value "\",\"count\":1}]}"

static void becomes_a_row_that_is_red(void **state UNUSED) {
    struct fixture *f = started();
    seen(f, "11111111111111111111111111111111", "\"client.mac\":\"00-A0-DE-0A-0B-0C\"", LISTED("client.ip", "192.168.1.10") "," LISTED("client.domain", "pc-sato"));
    rows_are(f, 1, 1);
    has(f, "\"host\":\"pc-sato\"", true);
    has(f, "\"address\":\"192.168.1.10\"", true);
    seen(f, "22222222222222222222222222222222", "\"client.mac\":\"00-A0-DE-0A-0B-0C\"", LISTED("client.ip", "192.168.1.99")); /* half a year later, in another place */
    rows_are(f, 1, 1);
    fixture_free(f);
}

static void what_is_enrolled_is_left_alone(void **state UNUSED) {
    struct fixture *f = started();
    enrol(f, "assets", "00-A0-DE-0A-0B-0C", "{\"name\":\"00-A0-DE-0A-0B-0C\",\"state\":\"known\",\"address\":\"192.168.1.10\"}");
    seen(f, "11111111111111111111111111111111", "\"client.mac\":\"00-A0-DE-0A-0B-0C\"", LISTED("client.ip", "192.168.1.10"));
    rows_are(f, 1, 0);
    seen(f, "22222222222222222222222222222222", "\"source.ip\":\"192.168.1.10\"", ""); /* the same by its address */
    rows_are(f, 1, 0);
    seen(f, "33333333333333333333333333333333", "\"source.ip\":\"192.168.1.77\"", "");
    rows_are(f, 2, 1);
    fixture_free(f);
}

static void a_name_of_the_register_of_systems_is_known(void **state UNUSED) {
    struct fixture *f = started();
    enrol(f, "systems", "file-01", "{\"name\":\"file-01\"}");
    seen(f, "11111111111111111111111111111111", "\"client.mac\":\"00-A0-DE-0A-0B-0C\"", LISTED("client.domain", "file-01"));
    rows_are(f, 1, 0);
    has(f, "\"system\":\"file-01\"", true);
    fixture_free(f);
}

UNIT_GROUP(room_asset, cmocka_unit_test(becomes_a_row_that_is_red), cmocka_unit_test(what_is_enrolled_is_left_alone),
           cmocka_unit_test(a_name_of_the_register_of_systems_is_known))
