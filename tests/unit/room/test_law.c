/* Duties to report: what applies, by when, and what is not known. */
#include "fixture.h"

#include "room/fact.h"
#include "room/obligation.h"

#include <dirent.h>

#include "base/file.h"

static struct fixture *with_case(void) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct story s = {.id = "a0", .revision = 1, .rule = "r-stolen", .kind = "success_after", .level = "high", .propose = "", .service = "members",
                      .group_source = "198.51.100.1", .account_pattern = "m#", .account_n = 3, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    fold(f, &s);
    if (room_facts_load(f->r, "content/facts.yml", &d) < 0)
        fail_msg("%s", d.text);
    return f;
}

static void fact(struct fixture *f, const char *name, const char *value) {
    struct room_actor who = fixture_actor(f, f->handler);
    char sql[200];
    enum fact_fault fault;
    struct diag d = {0};
    snprintf(sql, sizeof sql, "SELECT coalesce((SELECT version FROM fact WHERE incident_id = 1 AND name = '%s'), 0)", name);
    struct room_fact_new x = {.incident = 1, .version = number(f, sql), .name = str_of(name), .value = str_of(value), .source = STR(""), .state = FACT_CONFIRMED};
    if (room_fact_put(f->r, &who, &x, &fault, &d) < 0)
        fail_msg("%s: %s", name, d.text);
}

/* Every shipped file can be read, and says how far it can be trusted. */
static size_t ship(struct fixture *f) {
    struct dirent **names;
    int n = scandir("content/obligations", &names, NULL, alphasort);
    size_t taken = 0;
    struct arena a;
    arena_init(&a, 16 << 20);
    for (int i = 0; i < n; i++) {
        char path[400];
        struct diag d = {0};
        struct str text;
        int64_t id;
        snprintf(path, sizeof path, "content/obligations/%s", names[i]->d_name);
        if (names[i]->d_name[0] != '.') {
            assert_int_equal(file_read(&a, path, 1 << 20, &text, NULL), 0);
            if (room_obligation_put(f->r, &room_system, text, names[i]->d_name, "shipped", &id, &d) < 0)
                fail_msg("%s:%u: %s", path, d.line, d.text);
            taken++;
        }
        free(names[i]);
    }
    free(names);
    arena_done(&a);
    return taken;
}

/* "verdict wants" of a report, as the page is told. */
static void is(struct fixture *f, const char *key, const char *report, const char *member, const char *want) {
    struct json_value *doc;
    struct jsonw w;
    struct buf out;
    struct arena a;
    bool met = false;
    buf_init(&out, 1 << 22);
    arena_init(&a, 1 << 24);
    jsonw_init(&w, &out);
    jsonw_object(&w);
    assert_int_equal(room_obligations_write(f->r, 1, &w, NULL), 0);
    jsonw_end(&w);
    assert_int_equal(json_parse(&a, buf_str(&out), &doc, NULL), 0);
    for (const struct json_value *o = json_get_array(doc, "obligations")->first; o; o = o->next)
        for (const struct json_value *p = json_get_array(o, "reports")->first; p; p = p->next) {
            struct str k, n, v = STR("null");
            const struct json_value *x = json_get(p, member);
            if (!json_get_str(o, "key", &k) || !json_get_str(p, "name", &n) || !str_eq_z(k, key) || !str_eq_z(n, report))
                continue;
            if (x && x->type == JSON_OBJECT)
                (void) json_get_str(x, "name", &v);
            else if (x && x->type == JSON_STRING)
                v = x->text;
            met = true;
            if (!str_eq_z(v, want))
                fail_msg("%s/%s %s is %.*s, not %s", key, report, member, STR_ARG(v), want);
        }
    assert_true(met);
    arena_done(&a);
    buf_done(&out);
}

static void an_undecided_duty_asks_the_one_question_needed(void **state UNUSED) {
    struct fixture *f = with_case();
    assert_int_equal(ship(f), 16);
    is(f, "appi-26", "first", "verdict", "undecided");
    is(f, "appi-26", "first", "wants", "org_kinds");
    fact(f, "org_kinds", "pi_handler");
    is(f, "appi-26", "first", "wants", "personal_data");
    is(f, "telecom-accident", "first", "verdict", "not");
    fact(f, "personal_data", "possible");
    is(f, "appi-26", "first", "wants", "pi_encrypted");
    fact(f, "pi_encrypted", "no");
    is(f, "appi-26", "first", "wants", "pi_sensitive");
    assert_int_equal(number(f, "SELECT count(*) FROM obligation"), 0); /* nothing applies yet */
    fact(f, "pi_malicious", "yes"); /* one of four is enough, whatever the others are */
    is(f, "appi-26", "first", "verdict", "applies");
    is(f, "appi-26", "first", "clock_wants", "became_aware");
    assert_int_equal(number(f, "SELECT count(*) FROM obligation WHERE key = 'appi-26' AND state = 'to_do'"), 3);
    fact(f, "personal_data", "no");
    is(f, "appi-26", "first", "verdict", "not");
    assert_int_equal(number(f, "SELECT count(*) FROM obligation WHERE state = 'to_do'"), 0);
    fixture_free(f);
}

static void clocks_count_from_becoming_aware(void **state UNUSED) {
    struct fixture *f = with_case();
    ship(f);
    fact(f, "org_kinds", "pi_handler\nelectricity\nfinancial\nci_operator");
    fact(f, "personal_data", "yes");
    fact(f, "pi_encrypted", "no");
    fact(f, "persons_affected", "1001");
    fact(f, "service_impact", "stopped");
    fact(f, "became_aware", "2026-11-23 02:06");
    is(f, "appi-26", "first", "due", "2026-11-27T14:59:59.000Z"); /* the fifth day of five, to its end in Japan */
    is(f, "appi-26", "first", "warn", "2026-11-25T14:59:59.000Z");
    is(f, "appi-26", "final", "due", "2026-12-22T14:59:59.000Z"); /* 30: whether on purpose is not known, the earlier one stays */
    is(f, "appi-26", "persons", "due", "null");                   /* promptly has no number */
    is(f, "ci-information", "first", "due", "null");
    is(f, "electricity", "first", "due", "2026-11-23T17:06:00.000Z"); /* hours to the minute */
    is(f, "finance", "interim", "due", "2026-12-23T14:59:59.000Z"); /* a month */
    fact(f, "pi_malicious", "yes");
    is(f, "appi-26", "final", "due", "2027-01-21T14:59:59.000Z"); /* 60 */
    fact(f, "became_aware", "2026-11-23 04:00"); /* later knowledge moves them all */
    is(f, "electricity", "first", "due", "2026-11-23T19:00:00.000Z");
    fixture_free(f);
}

static void a_law_counts_only_while_it_is_in_force(void **state UNUSED) {
    struct fixture *f = with_case();
    ship(f);
    fact(f, "org_kinds", "ssip");
    fact(f, "attack_kind", "login");
    is(f, "active-cyber-defence", "report", "verdict", "applies"); /* from 2026-10-01 */
    f->now_ns = T0 - 90 * NS_PER_DAY;
    const struct room_laws *laws;
    assert_int_equal(room_laws(f->r, &laws, NULL), 0);
    struct buf out;
    struct jsonw w;
    buf_init(&out, 1 << 22);
    jsonw_init(&w, &out);
    jsonw_object(&w);
    assert_int_equal(room_obligations_write(f->r, 1, &w, NULL), 0);
    jsonw_end(&w);
    assert_true(str_find(buf_str(&out), STR("appi-26"), 0) > 0);
    assert_true(str_find(buf_str(&out), STR("active-cyber-defence"), 0) < 0);
    buf_done(&out);
    fixture_free(f);
}

static void a_person_may_say_otherwise_and_has_to_say_why(void **state UNUSED) {
    struct fixture *f = with_case();
    struct room_actor who = fixture_actor(f, f->handler);
    ship(f);
    assert_int_equal(room_obligation_say(f->r, &who, 1, 0, STR("police"), STR("consult"), SAID_APPLIES, STR(" "), NULL), -EINVAL);
    assert_int_equal(room_obligation_say(f->r, &who, 1, 0, STR("police"), STR("nothing"), SAID_APPLIES, STR("x"), NULL), -ENOENT);
    assert_int_equal(room_obligation_say(f->r, &who, 1, 0, STR("police"), STR("consult"), SAID_APPLIES, STR("被害届を出す"), NULL), 0);
    is(f, "police", "consult", "state", "to_do");
    assert_int_equal(room_obligation_say(f->r, &who, 1, 0, STR("police"), STR("consult"), SAID_NOT, STR("x"), NULL), -ERR_VERSION);
    assert_int_equal(room_obligation_say(f->r, &who, 1, 1, STR("police"), STR("consult"), SAID_NOT, STR("犯罪ではない"), NULL), 0);
    is(f, "police", "consult", "state", "none");
    fixture_free(f);
}

static void ones_own_version_stands_before_what_is_shipped(void **state UNUSED) {
    static const char own[] = "obligation: ismap\ntitle: {ja: 自分の版}\nto: {ja: 委員会}\nbasis: {ja: 規則}\nconfidence: single\nduty: must\n"
                              "when: {fact: org_kinds, has: ismap}\nreports:\n  - {name: first, title: {ja: 速報}, due: [{words: {ja: 2営業日}, from: became_aware, within: 2b}]}\n";
    struct fixture *f = with_case();
    struct room_actor who = fixture_actor(f, f->handler);
    int64_t id, again;
    ship(f);
    fact(f, "org_kinds", "ismap");
    fact(f, "became_aware", "2026-11-20 18:00"); /* Friday; Monday is a holiday */
    is(f, "ismap", "first", "due", "null");
    assert_int_equal(room_obligation_put(f->r, &who, STR(own), "", "made", &id, NULL), 0);
    assert_int_equal(room_obligations_changed(f->r, NULL), 0);
    is(f, "ismap", "first", "due", "2026-11-25T14:59:59.000Z");
    assert_int_equal(number(f, "SELECT due_at IS NOT NULL FROM obligation WHERE key = 'ismap' AND report = 'first'"), 1);
    ship(f); /* at the next start */
    is(f, "ismap", "first", "due", "2026-11-25T14:59:59.000Z");
    assert_int_equal(room_obligation_put(f->r, &who, STR(own), "", "made", &again, NULL), 0);
    assert_int_equal(again, id); /* the same text is the same version */
    fixture_free(f);
}

static void what_is_near_its_end_is_asked_and_called_for_once(void **state UNUSED) {
    struct fixture *f = with_case();
    struct room_actor who = fixture_actor(f, f->handler);
    struct jsonw w;
    struct buf out;
    struct arena a;
    ship(f);
    fact(f, "org_kinds", "electricity");
    fact(f, "service_impact", "stopped");
    fact(f, "became_aware", "2026-11-23 02:06");
    buf_init(&out, 1 << 22);
    arena_init(&a, 1 << 24);
    put_row(f, "people", "〔当番〕", "{\"name\":\"〔当番〕\",\"mobile\":\"090-0000-0000\"}");
    put_row(f, "roster", "1", "{\"group\":\"監視\",\"first\":\"〔当番〕\",\"days\":\"毎日\",\"hours\":\"終日\"}");
    assert_int_equal(room_obligations_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM callout"), 0); /* not near */
    f->now_ns = T0 + 13 * NS_PER_HOUR;
    for (int i = 0; i < 3; i++)
        assert_int_equal(room_obligations_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM obligation WHERE warned_at IS NOT NULL"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM callout WHERE text LIKE '%速報 11/24 02:06'"), 1);
    jsonw_init(&w, &out);
    assert_int_equal(room_now_write(f->r, &who, 0, &w, NULL), 0);
    assert_true(str_find(buf_str(&out), STR("\"kind\":\"report\",\"need\":\"must\""), 0) > 0);
    assert_true(str_find(buf_str(&out), STR("if_unanswered.report_late"), 0) > 0);
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

static void a_file_that_does_not_hold_is_refused(void **state UNUSED) {
#define HEAD "obligation: x\ntitle: {ja: x}\nto: {ja: x}\nbasis: {ja: x}\nconfidence: single\nduty: must\n"
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"a: [", ""},
        {"obligation: x", "confidence"},
        {HEAD, "reports"},
        {HEAD "reports: [{name: a, title: {ja: x}}]", "due"},
        {HEAD "when: {fact: nobody, is: x}\nreports: [{name: a, title: {ja: x}, due: [{words: {ja: x}}]}]", "nobody"},
        {HEAD "when: {fact: personal_data, is: perhaps}\nreports: [{name: a, title: {ja: x}, due: [{words: {ja: x}}]}]", "choices"},
        {HEAD "when: {fact: persons_affected, over: many}\nreports: [{name: a, title: {ja: x}, due: [{words: {ja: x}}]}]", "number"},
        {HEAD "when: {all: []}\nreports: [{name: a, title: {ja: x}, due: [{words: {ja: x}}]}]", "all"},
        {HEAD "reports: [{name: a, title: {ja: x}, due: [{words: {ja: x}, within: 3d}]}]", "from"},
        {HEAD "reports: [{name: a, title: {ja: x}, due: [{words: {ja: x}, from: became_aware, within: soon}]}]", "within"},
        {HEAD "reports: [{name: a, title: {ja: x}, due: [{words: {ja: x}, from: became_aware, within: 99999d}]}]", "within"},
        {HEAD "in_force: {from: 2026}\nreports: [{name: a, title: {ja: x}, due: [{words: {ja: x}}]}]", "day"},
    };
    struct fixture *f = with_case();
    struct arena a;
    arena_init(&a, 1 << 22);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct law l;
        struct diag d = {0};
        assert_true(law_parse(&a, str_of(bad[i].text), "x.yml", room_fact_specs(f->r), &l, &d) < 0);
        if (!strstr(d.text, bad[i].says))
            fail_msg("%zu: %s", i, d.text);
    }
    arena_done(&a);
    fixture_free(f);
}

UNIT_GROUP(room_law, cmocka_unit_test(an_undecided_duty_asks_the_one_question_needed), cmocka_unit_test(clocks_count_from_becoming_aware),
           cmocka_unit_test(a_law_counts_only_while_it_is_in_force), cmocka_unit_test(a_person_may_say_otherwise_and_has_to_say_why),
           cmocka_unit_test(ones_own_version_stands_before_what_is_shipped), cmocka_unit_test(what_is_near_its_end_is_asked_and_called_for_once),
           cmocka_unit_test(a_file_that_does_not_hold_is_refused))
