/* What leaves a case as a lesson: what is counted of a quarter, and what is looked for before a lesson may leave. */
#include "fixture.h"

#include "base/map.h"
#include "room/fact.h"
#include "room/pack_draft.h"

static int64_t a_case(struct fixture *f) {
    struct story s = {.id = "a1", .revision = 1, .rule = "r", .kind = "list_attack", .level = "high", .service = "members", .sources = "198.51.100.7", .first_ns = T0, .last_ns = T0, .count = 60, .good = -1};
    return fold(f, &s).incident;
}

static void say(struct fixture *f, int64_t incident, const char *name, const char *value) {
    struct room_actor by = fixture_actor(f, f->handler);
    struct room_fact_new x = {.incident = incident, .name = str_of(name), .value = str_of(value), .source = STR("t"), .state = FACT_CONFIRMED};
    enum fact_fault fault;
    struct diag d = {0};
    if (room_fact_put(f->r, &by, &x, &fault, &d) < 0)
        fail_msg("%s: %s", name, d.text);
}

static void a_quarter_has_no_words_of_a_case(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor who = fixture_actor(f, f->handler);
    struct diag d = {0};
    struct buf b;
    struct jsonw w;
    if (room_facts_load(f->r, "content/facts.yml", &d) < 0)
        fail_msg("%s", d.text);
    int64_t incident = a_case(f);
    say(f, incident, "cause_types", "identity\nsupplier");
    say(f, incident, "cause", "山田さんの設定");
    say(f, incident, "summary", "山田さんが気付いた");
    assert_int_equal(sql_script(f->r->db, "UPDATE incident SET state = 'closed', closed_at = 1795366988000000000", &d), 0);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_quarter_write(f->r, T0 - NS_PER_DAY, T0 + NS_PER_DAY, &who, &w, &d), 0);
    assert_true(str_find(buf_str(&b), STR("\"causes\":[\"identity\",\"supplier\"],\"own\":true"), 0) > 0);
    assert_true(str_find(buf_str(&b), STR("山田"), 0) < 0);
    buf_done(&b);
    fixture_free(f);
}

static int note(void *ctx, const char *kind, struct str text, struct str role UNUSED) {
    union map_value *v;
    return strcmp(kind, "account") == 0 || strcmp(kind, "address") == 0 ? map_add(ctx, text, &v, NULL) : 0;
}

/* Rows are made of some of them; what is looked for is all. */
static void every_account_of_the_case_is_looked_for(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct map told;
    a_case(f);
    assert_int_equal(sql_script(f->r->db, "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO account(incident_id, name) SELECT 1, 'person' || i FROM n", &d), 0);
    map_init(&told, 10000, 0);
    assert_int_equal(room_case_secrets(f->r, 1, false, note, &told, &d), 0);
    assert_null(map_find(&told, STR("person500")));
    assert_int_equal(room_case_secrets(f->r, 1, true, note, &told, &d), 0);
    assert_non_null(map_find(&told, STR("person500")));
    map_done(&told);
    fixture_free(f);
}

UNIT_GROUP(room_lesson, cmocka_unit_test(a_quarter_has_no_words_of_a_case), cmocka_unit_test(every_account_of_the_case_is_looked_for))
