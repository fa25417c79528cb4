/* The blast radius of a lasting act: counted by a kept query that begins with the proposal, partners by name, what stops and what replaces it. */
#include "fixture.h"

#include "room/deed.h"
#include "room/register.h"
#include "room/scope_run.h"

static const struct room_listed LISTED[] = {{.list = LIST_PARTNER, .name = {"ABC商事", sizeof "ABC商事" - 1}}, {.list = LIST_SHARED, .name = {"携帯A", sizeof "携帯A" - 1}}};

struct scene {
    struct fixture *f;
    struct room_actor by;
    struct diag d;
    struct arena a;
    struct room_listed listed[2];
    int64_t incident;
};

static struct scene *scene(const char *service) {
    struct scene *s = mem_zalloc(sizeof *s);
    struct story x = {.id = "a1", .revision = 1, .rule = "r", .kind = "tampered", .level = "high", .service = service, .group_source = "203.0.113.9", .first_ns = T0, .last_ns = T0, .count = 1, .good = -1};
    struct scope_spec *specs = NULL;
    size_t n = 0;
    s->f = fixture_new();
    s->by = fixture_actor(s->f, s->f->handler);
    arena_init(&s->a, (size_t) 32 << 20);
    if (room_registers_load(s->f->r, "content/imports", &s->d) < 0 || scope_specs_load(&s->a, "content/scopes", &specs, &n, &s->d) < 0)
        fail_msg("%s", s->d.text);
    room_scopes_use(s->f->r, specs, n);
    memcpy(s->listed, LISTED, sizeof LISTED);
    assert_int_equal(ip_prefix_parse(STR("192.0.2.0/24"), &s->listed[0].prefix), 0);
    assert_int_equal(ip_prefix_parse(STR("198.51.100.0/24"), &s->listed[1].prefix), 0);
    s->f->policy.listed = s->listed;
    s->f->policy.n_listed = 2;
    s->incident = fold(s->f, &x).incident;
    return s;
}

static void done(struct scene *s) {
    fixture_free(s->f);
    arena_done(&s->a);
    mem_free(s);
}

static int64_t propose(struct scene *s, const char *kind, const char *target) {
    struct str at = str_of(target);
    struct room_deed_new x = {.incident = s->incident, .minutes = 60, .kind = str_of(kind), .driver = STR("web"), .params = STR("{}"), .reason = STR(""), .targets = &at, .n_targets = 1};
    int64_t id;
    if (room_deed_propose(s->f->r, &s->by, &x, &id, &s->d) < 0)
        fail_msg("%s", s->d.text);
    return id;
}

static struct str deeds(struct scene *s, int64_t incident) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    if (room_deeds_write(s->f->r, incident, &s->by, &w, &s->d) < 0)
        fail_msg("%s", s->d.text);
    struct str json = arena_dup(&s->a, buf_str(&b));
    buf_done(&b);
    return json;
}

static void counted(struct scene *s, int64_t run, const char *result) {
    struct json_value *v;
    assert_int_equal(json_parse(&s->a, str_of(result), &v, NULL), 0);
    if (room_scope_end(s->f->r, &room_system, run, v, str_of(result), &s->d) < 0)
        fail_msg("%s", s->d.text);
}

static void eighteen_sessions_and_two_partners(void **state UNUSED) {
    struct scene *s = scene("会員サイト");
    put_row(s->f, "people", "佐藤", "{\"name\":\"佐藤\"}");
    put_row(s->f, "systems", "会員サイト", "{\"name\":\"会員サイト\",\"importance\":\"high\"}");
    put_row(s->f, "systems", "予約", "{\"name\":\"予約\",\"depends\":\"会員サイト\"}");
    put_row(s->f, "alternatives", "電話受付", "{\"name\":\"電話受付\",\"service\":\"会員サイト\",\"instruction\":\"電話で受ける\",\"minutes\":\"15\",\"exercised\":\"2026-09-01\"}");
    put_row(s->f, "cut_units", "www", "{\"name\":\"www\",\"stops\":\"会員サイト\",\"instead\":\"店頭で受ける\",\"reopen\":\"平日9時から\"}");
    propose(s, "site_close", "www");
    /* the hour before, of what the unit says stops */
    assert_int_equal(number(s->f, "SELECT count(*) FROM scope_run WHERE state = 'running' AND to_at - from_at = 3600000000000 AND query LIKE '%service.name:\"会員サイト\"%' AND created_by = 'system'"), 1);
    struct str json = deeds(s, s->incident);
    assert_true(str_eq_z(at(&s->a, json, "deeds.0.radius.measured.state"), "running"));
    assert_true(str_eq_z(at(&s->a, json, "deeds.0.radius.units.0.instead"), "店頭で受ける"));
    assert_true(str_eq_z(at(&s->a, json, "deeds.0.radius.services.0.importance"), "high"));
    assert_true(str_eq_z(at(&s->a, json, "deeds.0.radius.services.0.stops.0"), "予約"));
    assert_true(str_eq_z(at(&s->a, json, "deeds.0.radius.services.0.instead.0.name"), "電話受付"));
    counted(s, 1, "{\"state\":\"done\",\"distinct\":18,\"at_least\":false,\"values\":[{\"value\":[\"192.0.2.5\"]},{\"value\":[\"192.0.2.6\"]},{\"value\":[\"198.51.100.1\"]},{\"value\":[\"203.0.113.9\"]}]}");
    json = deeds(s, s->incident);
    assert_true(str_eq_z(at(&s->a, json, "deeds.0.radius.measured.state"), "done"));
    assert_non_null(memmem(json.p, json.n, "\"number\":18,\"at_least\":false", 28));
    assert_non_null(memmem(json.p, json.n, "\"partners\":[\"ABC商事\"],\"shared\":[\"携帯A\"]", strlen("\"partners\":[\"ABC商事\"],\"shared\":[\"携帯A\"]")));
    /* lists of everything in force do not ask registers and logs for each */
    assert_null(memmem(deeds(s, 0).p, deeds(s, 0).n, "measured", 8));
    done(s);
}

static void what_is_not_known_is_not_counted(void **state UNUSED) {
    struct scene *s = scene(NULL);
    propose(s, "site_close", "www"); /* no unit, no system, no service of the case */
    struct str json = deeds(s, s->incident);
    assert_non_null(memmem(json.p, json.n, "\"radius\":{\"measured\":null,\"units\":[],\"services\":[]}", 51));
    propose(s, "account_freeze", "m0001");
    assert_int_equal(number(s->f, "SELECT count(*) FROM scope_run WHERE query LIKE '%user.name:\"m0001\"%' AND name = 'radius-account'"), 1);
    propose(s, "waf_block", "no address"); /* no value of such a query: proposed all the same, without a number */
    assert_int_equal(number(s->f, "SELECT count(*) FROM deed WHERE kind = 'waf_block' AND scope_run_id IS NULL"), 1);
    propose(s, "open_ticket", "x");
    assert_int_equal(number(s->f, "SELECT count(*) FROM scope_run"), 1);
    done(s);
}

UNIT_GROUP(room_radius, cmocka_unit_test(eighteen_sessions_and_two_partners), cmocka_unit_test(what_is_not_known_is_not_counted))
