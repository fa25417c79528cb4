/* Facts of a case: entered once, in one form, and said only when confirmed. */
#include "fixture.h"

#include "room/fact.h"

static struct fixture *with_facts(void) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct story s = {.id = "a0", .revision = 1, .rule = "r-stolen", .kind = "success_after", .level = "high", .propose = "", .service = "members",
                      .group_source = "198.51.100.1", .account_pattern = "m#", .account_n = 3, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    fold(f, &s);
    if (room_facts_load(f->r, "content/facts.yml", &d) < 0)
        fail_msg("%s", d.text);
    return f;
}

static int enter(struct fixture *f, int64_t person, const char *name, int64_t version, enum fact_state state, const char *value, enum fact_fault *ret) {
    struct room_actor who = fixture_actor(f, person);
    struct room_fact_new x = {.incident = 1, .version = version, .name = str_of(name), .value = str_of(value), .source = STR("聞き取り"), .state = state};
    return room_fact_put(f->r, &who, &x, ret, NULL);
}

static void what_is_typed_is_kept_in_one_form(void **state UNUSED) {
    static const struct {
        const char *name, *typed, *kept;
        enum fact_fault fault;
    } rows[] = {
        {"persons_affected", "１,２３４人", "1234", FACT_FINE},
        {"persons_affected", "1,234 persons", "1234", FACT_FINE},
        {"persons_affected", "約千人", "", FACT_NO_NUMBER},
        {"persons_affected", "-3", "", FACT_NO_NUMBER},
        {"became_aware", "令和8年11月23日 2:06", "2026-11-22T17:06:00.000Z/60", FACT_FINE},
        {"became_aware", "2026-11-22T17:06:04.000Z", "2026-11-22T17:06:04.000Z", FACT_FINE},
        {"became_aware", "あとで", "", FACT_NO_TIME},
        {"personal_data", "possible", "possible", FACT_FINE},
        {"personal_data", "maybe", "", FACT_NO_CHOICE},
        {"personal_data", "yes\nno", "", FACT_NO_CHOICE},
        {"org_kinds", "telecom\npi_handler\ntelecom", "pi_handler\ntelecom", FACT_FINE}, /* in the order of the file, once */
        {"pi_sensitive", "no", "no", FACT_FINE},
        {"summary", "一行目\r\n二行目", "一行目\n二行目", FACT_FINE},
        {"subject", "  会員サイト\n不正 ", "会員サイト 不正", FACT_FINE},
        {"subject", " \n", "", FACT_EMPTY},
    };
    struct fixture *f = with_facts();
    struct arena a;
    arena_init(&a, 1 << 22);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct str kept;
        const struct fact_spec *s = fact_spec_find(room_fact_specs(f->r), str_of(rows[i].name));
        assert_non_null(s);
        assert_int_equal(fact_value_read(&a, s, str_of(rows[i].typed), T0, &kept), rows[i].fault);
        if (rows[i].fault == FACT_FINE)
            assert_true(str_eq_z(kept, rows[i].kept));
    }
    arena_done(&a);
    fixture_free(f);
}

static void only_what_is_confirmed_is_told_and_each_version_is_kept(void **state UNUSED) {
    struct fixture *f = with_facts();
    struct room_fact x;
    struct arena a;
    enum fact_fault fault;
    arena_init(&a, 1 << 22);
    assert_int_equal(room_fact_get(f->r, &a, 1, "persons_affected", &x, NULL), 0);
    assert_int_equal(x.id, 0);
    assert_int_equal(enter(f, f->auditor, "persons_affected", 0, FACT_CONFIRMED, "3", &fault), -ERR_REFUSED);
    assert_int_equal(enter(f, f->handler, "persons_affected", 0, FACT_UNCONFIRMED, "3", &fault), 0);
    assert_int_equal(room_fact_get(f->r, &a, 1, "persons_affected", &x, NULL), 0);
    assert_int_equal(room_fact_told(&x).n, 0);
    assert_int_equal(enter(f, f->handler, "persons_affected", 0, FACT_CONFIRMED, "4", &fault), -ERR_VERSION); /* somebody was first */
    assert_int_equal(enter(f, f->handler, "persons_affected", 1, FACT_CONFIRMED, "", &fault), -EINVAL);
    assert_int_equal(fault, FACT_EMPTY);
    assert_int_equal(enter(f, f->handler, "persons_affected", 1, FACT_CONFIRMED, "4", &fault), 0);
    assert_int_equal(room_fact_get(f->r, &a, 1, "persons_affected", &x, NULL), 0);
    assert_true(str_eq_z(room_fact_told(&x), "4"));
    assert_int_equal(enter(f, f->administrator, "persons_affected", 2, FACT_WITHHELD, "4", &fault), 0);
    assert_int_equal(room_fact_get(f->r, &a, 1, "persons_affected", &x, NULL), 0);
    assert_int_equal(room_fact_told(&x).n, 0);
    assert_int_equal(number(f, "SELECT count(*) FROM fact_past p JOIN fact f ON f.id = p.fact_id WHERE f.version = 3 AND p.version IN (1, 2, 3)"), 3);
    assert_int_equal(number(f, "SELECT count(*) FROM audit WHERE object = 'fact'"), 4); /* the auditor's try, too */
    /* what stands in a past version is part of what the chain holds */
    CLEANUP(mem_freep) struct room_verdict *v = mem_zalloc(sizeof *v);
    assert_int_equal(room_audit_verify(f->r, NULL, 0, v, NULL), 0);
    assert_int_equal(v->n_faults, 0);
    assert_int_equal(sql_script(f->r->db, "UPDATE fact_past SET value = '9' WHERE version = 2", NULL), 0);
    assert_int_equal(room_audit_verify(f->r, NULL, 0, v, NULL), 0);
    assert_int_equal(v->n_faults, 1);
    arena_done(&a);
    fixture_free(f);
}

static void what_was_measured_is_proposed_and_taken_by_a_person(void **state UNUSED) {
    struct fixture *f = with_facts();
    struct room_actor who = fixture_actor(f, f->handler);
    struct fact_proposal *p;
    struct room_fact x;
    struct arena a;
    enum fact_fault fault;
    arena_init(&a, 1 << 22);
    const struct fact_specs *specs = room_fact_specs(f->r);
    assert_int_equal(room_facts_propose(f->r, &a, 1, &who, &p, NULL), 0);
    const struct fact_spec *stolen = fact_spec_find(specs, STR("persons_affected")), *name = fact_spec_find(specs, STR("org_name"));
    assert_true(str_eq_z(p[stolen - specs->at].value, "3"));
    assert_int_equal(p[name - specs->at].value.n, 0); /* nobody is registered */
    assert_int_equal(number(f, "SELECT count(*) FROM fact"), 0); /* and nothing was entered by that */
    put_row(f, "organisations", "〔組織〕", "{\"name\":\"〔組織〕\",\"kind\":\"own\",\"phone\":\"03-0000-0000\"}");
    struct room_fact_new take = {.incident = 1, .name = STR("org_name"), .state = FACT_CONFIRMED, .take = true};
    assert_int_equal(room_fact_put(f->r, &who, &take, &fault, NULL), 0);
    assert_int_equal(room_fact_get(f->r, &a, 1, "org_name", &x, NULL), 0);
    assert_true(str_eq_z(x.value, "〔組織〕"));
    assert_true(str_eq_z(x.source, "from:organisation.name"));
    struct room_fact_new nothing = {.incident = 1, .name = STR("summary"), .state = FACT_CONFIRMED, .take = true};
    assert_int_equal(room_fact_put(f->r, &who, &nothing, &fault, NULL), -ENOENT);
    arena_done(&a);
    fixture_free(f);
}

/* Two floods of one case, one of which goes on: kinds, volume and beginning are counted, no end is. */
static void a_flood_is_measured_for_the_common_form(void **state UNUSED) {
    struct fixture *f = with_facts();
    struct room_actor who = fixture_actor(f, f->handler);
    const struct fact_specs *specs = room_fact_specs(f->r);
    struct fact_proposal *p;
    struct arena a;
    struct diag d = {0};
    static const char *const floods[] = {
        "UPDATE finding SET kind = 'ddos_web', state = 'end', count = 90000, first_at = 1795366988000000000, last_at = 1795367018000000000, "
        "json = '{\"measures\":{\"connections\":60000,\"sources\":210}}' WHERE id = 1",
        "INSERT INTO finding(fid, revision, incident_id, rule_id, kind, level, state, count, first_at, last_at, detected_at, json) SELECT 'f1', 1, 1, 'r2', 'ddos_reflected', "
        "'high', 'open', 600, 1795366980000000000, 1795367030000000000, 1795366990000000000, '{\"measures\":{\"connections\":600,\"sources\":20}}'",
    };
    arena_init(&a, 1 << 22);
    for (size_t i = 0; i < ARRAY_SIZE(floods); i++)
        if (sql_script(f->r->db, floods[i], &d) < 0)
            fail_msg("%s", d.text);
    assert_int_equal(room_facts_propose(f->r, &a, 1, &who, &p, NULL), 0);
    const struct {
        const char *name, *value;
    } rows[] = {{"ddos_kind", "T1498.002\nT1499"},
                {"ddos_volume", "毎秒3000接続以上（1分に210か所から、合計90600接続）"},
                {"ddos_from", "2026-11-22T17:03:00.000Z"},
                {"ddos_until", ""}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct str v = p[fact_spec_find(specs, str_of(rows[i].name)) - specs->at].value;
        if (!str_eq_z(v, rows[i].value))
            fail_msg("%s: %.*s", rows[i].name, STR_ARG(v));
    }
    arena_done(&a);
    fixture_free(f);
}

static void becoming_aware_stands_in_the_timeline_with_who_decided_it(void **state UNUSED) {
    struct fixture *f = with_facts();
    enum fact_fault fault;
    assert_int_equal(enter(f, f->handler, "became_aware", 0, FACT_UNCONFIRMED, "2:06", &fault), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.fact_time'"), 0);
    assert_int_equal(enter(f, f->handler, "became_aware", 1, FACT_CONFIRMED, "2:06", &fault), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.fact_time' AND params LIKE '%2026-11-22T17:06:00%'"), 1);
    assert_int_equal(enter(f, f->handler, "became_aware", 2, FACT_CONFIRMED, "2:06", &fault), 0); /* the same again */
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.fact_time'"), 1);
    fixture_free(f);
}

static void who_reports_is_proposed_from_the_last_case_that_may_be_read(void **state UNUSED) {
    struct fixture *f = with_facts();
    struct room_actor who = fixture_actor(f, f->handler);
    struct fact_proposal *p;
    enum fact_fault fault;
    struct arena a;
    struct story s = {.id = "b0", .revision = 1, .rule = "r-other", .kind = "list_attack", .level = "high", .propose = "", .service = "billing",
                      .group_source = "203.0.113.9", .account_pattern = "x#", .account_n = 30, .first_ns = T0 + NS_PER_HOUR * 30,
                      .last_ns = T0 + 31 * NS_PER_HOUR, .count = 60, .good = 0};
    arena_init(&a, 1 << 22);
    fold(f, &s);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 2);
    assert_int_equal(enter(f, f->handler, "contact_name", 0, FACT_CONFIRMED, "〔担当者〕", &fault), 0);
    const struct fact_specs *specs = room_fact_specs(f->r);
    size_t i = (size_t) (fact_spec_find(specs, STR("contact_name")) - specs->at);
    assert_int_equal(room_facts_propose(f->r, &a, 2, &who, &p, NULL), 0);
    assert_true(str_eq_z(p[i].value, "〔担当者〕") && str_eq_z(p[i].from, "before"));
    assert_int_equal(sql_script(f->r->db, "UPDATE incident SET need_to_know = 1 WHERE id = 1", NULL), 0);
    assert_int_equal(room_facts_propose(f->r, &a, 2, &who, &p, NULL), 0);
    assert_int_equal(p[i].value.n, 0);
    arena_done(&a);
    fixture_free(f);
}

static void a_file_that_does_not_hold_is_refused_with_its_place(void **state UNUSED) {
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"facts: x", "list"},
        {"groups: []\nfacts:\n  - {name: A b, group: g, kind: text, title: {ja: x}}", "name"},
        {"groups: [{name: g, title: {ja: g}}]\nfacts:\n  - {name: a, group: g, kind: date, title: {ja: x}}", "kind"},
        {"groups: [{name: g, title: {ja: g}}]\nfacts:\n  - {name: a, group: g, kind: choice, title: {ja: x}}", "choices"},
        {"groups: [{name: g, title: {ja: g}}]\nfacts:\n  - {name: a, group: h, kind: text, title: {ja: x}}", "group"},
        {"groups: [{name: g, title: {ja: g}}]\nfacts:\n  - {name: a, group: g, kind: text}", "title"},
        {"groups: [{name: g, title: {ja: g}}]\nfacts:\n  - {name: a, group: g, kind: text, title: {ja: x}}\n  - {name: a, group: g, kind: text, title: {ja: x}}", "twice"},
    };
    struct arena a;
    arena_init(&a, 1 << 22);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct fact_specs s = {0};
        struct diag d = {0};
        assert_true(fact_specs_parse(&a, str_of(bad[i].text), "x.yml", &s, &d) < 0);
        if (!strstr(d.text, bad[i].says))
            fail_msg("%zu: %s", i, d.text);
        assert_null(s.at);
    }
    arena_done(&a);
}

UNIT_GROUP(room_fact, cmocka_unit_test(what_is_typed_is_kept_in_one_form), cmocka_unit_test(only_what_is_confirmed_is_told_and_each_version_is_kept),
           cmocka_unit_test(what_was_measured_is_proposed_and_taken_by_a_person), cmocka_unit_test(a_flood_is_measured_for_the_common_form), cmocka_unit_test(becoming_aware_stands_in_the_timeline_with_who_decided_it),
           cmocka_unit_test(who_reports_is_proposed_from_the_last_case_that_may_be_read), cmocka_unit_test(a_file_that_does_not_hold_is_refused_with_its_place))
