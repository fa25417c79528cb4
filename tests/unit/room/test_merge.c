/* Two cases become one and two again without losing a row; what who goes off duty hands over. */
#include "fixture.h"

#include "room/finding_store.h"
#include "room/handover.h"
#include "room/incident_priv.h"

#define MIN_ NS_PER_MIN

static int64_t a_case(struct fixture *f, const char *id, const char *rule, const char *source, const char *service) {
    struct story s = {.id = id, .revision = 1, .rule = rule, .kind = "", .level = "high", .service = service, .group_source = source,
                      .first_ns = T0, .last_ns = T0, .count = 50, .good = -1};
    return fold(f, &s).incident;
}

static void intact(struct fixture *f) {
    struct room_verdict v;
    struct diag d = {0};
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &v, &d), 0);
    assert_int_equal(v.n_faults, 0);
}

/* A row of every kind that belongs to a case, straight into the tables: each gets its head and its place in the chain. */
static const struct {
    enum room_object object;
    const char *table, *sql;
} belongs[] = {
    {OBJECT_DEED, "deed", "INSERT INTO deed(incident_id, batch, kind, driver, target, params, minutes, reason, state) VALUES (?1, 'b', 'site_close', 'd', 't', '{}', 60, '', 'proposed')"},
    {OBJECT_DECISION, "decision", "INSERT INTO decision(incident_id, kind, service, state, asked_at) VALUES (?1, 'stop', 'ssh', 'proposed', 1)"},
    {OBJECT_CONSULT, "consult", "INSERT INTO consult(incident_id, kind, person, answer, at) VALUES (?1, 'stop', 'x', 'y', 1)"},
    {OBJECT_AGREEMENT, "agreement", "INSERT INTO agreement(incident_id, kind, service, at) VALUES (?1, 'stop', 'ssh', 1)"},
    {OBJECT_CALLOUT, "callout", "INSERT INTO callout(incident_id, purpose, text, state, started_at, chain) VALUES (?1, 'all', 't', 'calling', 1, '[]')"},
    {OBJECT_SHEET, "sheet", "INSERT INTO sheet(incident_id, printed_at) VALUES (?1, 1)"},
    {OBJECT_TASK, "task", "INSERT INTO task(incident_id, step, visit, kind, words_ja, words_en, state, place) VALUES (?1, '', 0, 'task', '電話する', 'call', 'due', 1)"},
    {OBJECT_MESSAGE, "message", "INSERT INTO message(incident_id, way, address, who, subject, body, vars, next_at, until_at, reply_to) VALUES (?1, 'mail', 'a', 'w', 's', 'b', '{}', 0, 0, '')"},
    {OBJECT_CAMPAIGN, "campaign", "INSERT INTO campaign(incident_id, kind, title, body, origin, started_at, due_at) VALUES (?1, 'k', 't', 'b', '{}', 1, 2)"},
    {OBJECT_TIGHTENING, "tightening", "INSERT INTO tightening(incident_id, use, services, hosts, kinds, sets, sources, factor, reason, from_at, until_at, review_at) VALUES "
                                      "(?1, 'watch', '[]', '[]', '[]', '[]', '[]', 50, 'r', 1, 2, 2)"},
    {OBJECT_CASE_ROW, "case_row", "INSERT INTO case_row(incident_id, kind, key, name, state, doc) VALUES (?1, 'item', '', 'laptop', 'held', '{}')"},
    {OBJECT_FACT, "fact", "INSERT INTO fact(incident_id, name, value, state) VALUES (?1, 'only.here', 'v', 'confirmed')"},
    {OBJECT_SUBMISSION, "submission", "INSERT INTO submission(incident_id, obligation, report, form, addressee, how, at, doc, digest, blank, note) VALUES (?1,'o','r','f','a','h',1,'{}','','','')"},
    {OBJECT_SCOPE, "scope_run", "INSERT INTO scope_run(incident_id, name, spec, asked, query, question, from_at, to_at, state, number, result) VALUES (?1, 'n', 's', '{}', 'q', '{}', 1, 2, 'done', 0, '{}')"},
    {OBJECT_ATTACHMENT, "attachment", "INSERT INTO attachment(incident_id, of, of_id, name, bytes, digest) VALUES (?1, 'item', 1, 'n', 1, 'd')"},
    {OBJECT_HANDOVER, "handover", "INSERT INTO handover(incident_id, words, things, entry, given_at) VALUES (?1, 'w', '{}', 0, 1)"},
};

/* SQL by the one door; permissions are another test's. */
static void put(struct fixture *f, enum room_object object, int64_t incident, const char *sql) {
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct room_write w = {.by = &chief, .verb = VERB_CREATE, .object = object, .tlp = TLP_AMBER, .incident = incident};
    struct diag d = {0};
    assert_int_equal(room_begin(f->r, NULL), 0);
    int e = room_write(f->r, &w, NULL, &d, sql, "i", incident);
    if (e == -ERR_REFUSED && f->r->refusal.set) { /* what only machines write */
        w.by = &room_system;
        e = room_write(f->r, &w, NULL, &d, sql, "i", incident);
    }
    if (e != 0)
        fail_msg("%s: %s", sql, d.text);
    assert_int_equal(room_end(f->r, 0, NULL), 0);
}

static int merge(struct fixture *f, int64_t from, int64_t into) {
    struct diag d = {0};
    assert_int_equal(room_begin(f->r, NULL), 0);
    int e = room_incident_merge(f->r, &room_sensor, from, into, &d);
    if (e == 0)
        e = room_incident_refresh(f->r, &room_sensor, into, &d);
    if (e < 0)
        fail_msg("%s", d.text);
    return room_end(f->r, e, &d);
}

static int unmerge(struct fixture *f, int64_t person, int64_t id, struct room_unmerged *n) {
    struct room_actor who = fixture_actor(f, person);
    struct room_row row;
    struct diag d = {0};
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, id, &row, NULL), 0);
    int e = room_incident_unmerge(f->r, &who, id, row.version, n, &d);
    if (e < 0 && e != -EINVAL && e != -ERR_REFUSED)
        fail_msg("%s", d.text);
    return e;
}

static int64_t of(struct fixture *f, const char *table, int64_t incident) {
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE incident_id = %lld", table, (long long) incident);
    return number(f, sql);
}

/* Every table that has rows of a case is either moved when it becomes part of another, or stands here with the reason why not. */
static void no_kind_of_row_is_forgotten(void **state UNUSED) {
    static const char *const stay[] = {
        "watch",          /* since when a service is watched for this case: the open case has its own */
        "role_grant", "incident_party", "joint", /* who sees it: a merge shows nobody more than before */
        "seen",           /* how far each has read: entries moved are new to the readers of the other */
        "false_alarm",    /* a verdict about the case as it was */
        "incident_merge", /* what was merged into the one that ends: found through it */
    };
    struct fixture *f = fixture_new();
    struct sql_stmt *st = NULL;
    int64_t a = a_case(f, "a0", "r1", "203.0.113.1", "ssh"), b = a_case(f, "b0", "r2", "203.0.113.2", "web");
    for (size_t i = 0; i < ARRAY_SIZE(belongs); i++)
        put(f, belongs[i].object, b, belongs[i].sql);
    assert_int_equal(merge(f, b, a), 0);
    assert_int_equal(sql_query(f->r->db, &st, NULL, "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'incident_id' WHERE m.type = 'table'", ""), 0);
    size_t n = 0;
    while (sql_step(st, NULL) == 1) {
        char table[64];
        bool stays = false;
        snprintf(table, sizeof table, "%.*s", STR_ARG(sql_str(st, 0)));
        for (size_t i = 0; i < ARRAY_SIZE(stay); i++)
            stays |= strcmp(stay[i], table) == 0;
        if (!stays && of(f, table, b))
            fail_msg("%s keeps %lld rows of a case that ended", table, (long long) of(f, table, b));
        n++;
    }
    sql_end(st);
    assert_true(n > 20);
    for (size_t i = 0; i < ARRAY_SIZE(belongs); i++)
        if (of(f, belongs[i].table, a) < 1)
            fail_msg("no row of %s reached the case that took it", belongs[i].table);
    intact(f);
    fixture_free(f);
}

static void a_merge_is_taken_back_as_it_was(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct room_unmerged n = {0};
    struct diag d = {0};
    int64_t entry, a = a_case(f, "a0", "r1", "203.0.113.1", "ssh"), b = a_case(f, "b0", "r2", "203.0.113.2", "web"), before[ARRAY_SIZE(belongs)];
    for (size_t i = 0; i < ARRAY_SIZE(belongs); i++) {
        put(f, belongs[i].object, b, belongs[i].sql);
        before[i] = of(f, belongs[i].table, b);
    }
    put(f, OBJECT_LANE, a, "INSERT INTO lane(incident_id, name, base) VALUES (?1, '工場', 'business')");
    put(f, OBJECT_LANE, b, "INSERT INTO lane(incident_id, name, base) VALUES (?1, '工場', 'business')");
    put(f, OBJECT_FACT, a, "INSERT INTO fact(incident_id, name, value, state) VALUES (?1, 'both', 'ours', 'confirmed')");
    put(f, OBJECT_FACT, b, "INSERT INTO fact(incident_id, name, value, state) VALUES (?1, 'both', 'theirs', 'confirmed')");
    int64_t entries = of(f, "timeline", b);
    f->now_ns += MIN_;
    assert_int_equal(room_incident_seen(f->r, &duty, b, NULL), 0);
    entries = of(f, "timeline", b);
    int64_t looked = f->now_ns;
    f->now_ns += MIN_;
    assert_int_equal(merge(f, b, a), 0);
    assert_int_equal(number(f, "SELECT person_at FROM incident WHERE id = 1"), looked); /* seen as part of the other */
    assert_int_equal(number(f, "SELECT count(*) FROM lane WHERE incident_id = 1 AND name LIKE '工場 #%'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM fact WHERE incident_id = 2 AND value = 'theirs'"), 1);
    /* what came since: an entry in the case that took it */
    f->now_ns += MIN_;
    assert_int_equal(room_timeline_add(f->r, &duty, a, STR("あとから"), f->now_ns, -1, "business", &entry, NULL), 0);
    assert_int_equal(unmerge(f, f->auditor, b, &n), -ERR_REFUSED);
    assert_int_equal(unmerge(f, f->handler, a, &n), -EINVAL); /* is part of none */
    f->now_ns += MIN_;
    assert_int_equal(unmerge(f, f->handler, b, &n), 0);
    for (size_t i = 0; i < ARRAY_SIZE(belongs); i++)
        if (of(f, belongs[i].table, b) != before[i] && strcmp(belongs[i].table, "fact") != 0)
            fail_msg("%lld of %lld rows of %s came back", (long long) of(f, belongs[i].table, b), (long long) before[i], belongs[i].table);
    assert_int_equal(of(f, "timeline", b), entries + 1); /* and that it was taken out again */
    assert_int_equal(number(f, "SELECT count(*) FROM fact WHERE incident_id = 2"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM lane WHERE incident_id = 2 AND name = '工場'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM lane WHERE incident_id = 1 AND name = '工場'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE id = 2 AND state = 'open' AND closed_at IS NULL AND merged_into IS NULL"), 1);
    assert_int_equal(number(f, "SELECT incident_id FROM finding WHERE fid LIKE 'b0%'"), 2);
    assert_int_equal(number(f, "SELECT incident_id FROM timeline WHERE plain = 'あとから'"), 1);
    assert_int_equal(n.elsewhere, 0);
    assert_int_equal(n.since, 1);
    assert_true(n.back >= (int64_t) ARRAY_SIZE(belongs));
    /* who takes it back has looked at it; whoever looked at the other alone did not */
    assert_int_equal(number(f, "SELECT person_at FROM incident WHERE id = 1"), f->now_ns);
    assert_int_equal(number(f, "SELECT person_at FROM incident WHERE id = 2"), looked);
    /* told on both sides, and never again by itself */
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.incident_unmerged' AND incident_id = 2"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.incident_unmerged_out' AND incident_id = 1"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM apart"), 1);
    assert_int_equal(unmerge(f, f->handler, b, &n), -EINVAL);
    assert_int_equal(room_incident_unmerge(f->r, &duty, b, 1, &n, &d), -ERR_VERSION);
    intact(f);
    fixture_free(f);
}

/* The case that took it became part of a third meanwhile: its rows are found there. What a person moved to a fourth stays. */
static void a_merge_is_taken_back_from_where_its_rows_went(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_unmerged n = {0};
    int64_t a = a_case(f, "a0", "r1", "203.0.113.1", "ssh"), b = a_case(f, "b0", "r2", "203.0.113.2", "web"), c = a_case(f, "c0", "r3", "203.0.113.3", "vpn"),
            d = a_case(f, "d0", "r4", "203.0.113.4", "mail");
    put(f, OBJECT_TASK, c, belongs[6].sql);
    assert_int_equal(merge(f, c, b), 0);
    assert_int_equal(merge(f, b, a), 0);
    assert_int_equal(of(f, "task", a), 1);
    assert_int_equal(room_begin(f->r, NULL), 0);
    assert_int_equal(room_finding_assign(f->r, &room_system, number(f, "SELECT id FROM finding WHERE fid LIKE 'c0%'"), d, NULL), 0);
    assert_int_equal(room_end(f->r, 0, NULL), 0);
    assert_int_equal(unmerge(f, f->handler, c, &n), 0);
    assert_int_equal(n.elsewhere, 1);
    assert_int_equal(of(f, "task", c), 1);
    assert_int_equal(of(f, "task", a), 0);
    assert_int_equal(unmerge(f, f->handler, b, &n), 0); /* without what has left since */
    assert_int_equal(number(f, "SELECT incident_id FROM finding WHERE fid LIKE 'b0%'"), b);
    assert_int_equal(of(f, "task", c), 1);
    intact(f);
    fixture_free(f);
}

/* Nobody sees more because two cases became one. */
static void the_stricter_label_holds_for_both(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor chief = fixture_actor(f, f->administrator), other = fixture_actor(f, f->handler);
    struct room_unmerged n = {0};
    int64_t a = a_case(f, "a0", "r1", "203.0.113.1", "ssh"), b = a_case(f, "b0", "r2", "203.0.113.2", "web");
    struct room_incident_change c = {.set_commander = true, .commander = f->administrator, .set_tlp = true, .tlp = TLP_RED, .set_need_to_know = true, .need_to_know = true};
    struct room_row row;
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, b, &row, NULL), 0);
    assert_int_equal(room_incident_change(f->r, &chief, b, row.version, &c, NULL), 0);
    assert_int_equal(room_may_read(f->r, &other, OBJECT_INCIDENT, a, NULL), 1);
    assert_int_equal(merge(f, b, a), 0);
    assert_int_equal(room_may_read(f->r, &other, OBJECT_INCIDENT, a, NULL), 0);
    assert_int_equal(room_may_read(f->r, &chief, OBJECT_INCIDENT, a, NULL), 1); /* it has a commander now */
    assert_int_equal(unmerge(f, f->administrator, b, &n), 0);
    assert_int_equal(room_may_read(f->r, &other, OBJECT_INCIDENT, a, NULL), 1);
    assert_int_equal(room_may_read(f->r, &other, OBJECT_INCIDENT, b, NULL), 0);
    fixture_free(f);
}

static struct str told(struct fixture *f, int64_t incident, int64_t person, struct buf *b) {
    struct room_actor who = fixture_actor(f, person);
    struct jsonw w;
    buf_init(b, 1 << 20);
    jsonw_init(&w, b);
    assert_int_equal(room_handovers_write(f->r, incident, &who, &w, NULL), 0);
    return buf_str(b);
}

static void a_note_says_what_is_open_and_is_taken_by_another(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler), next = fixture_actor(f, f->administrator);
    struct diag d = {0};
    struct arena a;
    struct buf b;
    int64_t note, entry, id = a_case(f, "a0", "r1", "203.0.113.1", "ssh");
    arena_init(&a, 1 << 22);
    put(f, OBJECT_TASK, id, belongs[6].sql);
    put(f, OBJECT_CAMPAIGN, id, "INSERT INTO campaign(incident_id, kind, title, body, origin, started_at, due_at) VALUES (?1, 'k', '点検', 'b', '{}', 1, 1795366999000000000)");
    struct room_handover_new x = {.incident = id, .words = STR("  取引先は朝まで待つ  ")};
    struct room_handover_new self = {.incident = id, .words = STR("x"), .to = f->handler};
    assert_int_equal(room_incident_seen(f->r, &duty, id, NULL), 0);
    assert_int_equal(room_handover_give(f->r, &duty, &self, &note, &d), -EINVAL);
    assert_int_equal(room_handover_give(f->r, &duty, &x, &note, &d), 0);
    assert_int_equal(room_handover_take(f->r, &duty, note, 1, &d), -EINVAL); /* one's own */
    assert_int_equal(room_timeline_add(f->r, &duty, id, STR("そのあと"), f->now_ns, -1, "business", &entry, NULL), 0);
    /* what is open now: what has a time first; the note itself wants somebody */
    struct str json = told(f, id, f->administrator, &b);
    if (!str_eq_z(at(&a, json, "things.0.kind"), "campaign"))
        fail_msg("%.*s", STR_ARG(json));
    assert_true(str_eq_z(at(&a, json, "things.1.kind"), "task"));
    assert_true(str_eq_z(at(&a, json, "things.2.kind"), "handover"));
    assert_true(str_eq_z(at(&a, json, "notes.0.words"), "取引先は朝まで待つ"));
    assert_true(str_eq_z(at(&a, json, "notes.0.since"), "1"));
    assert_true(str_eq_z(at(&a, json, "notes.0.open.things.1.name"), "電話する"));
    buf_done(&b);
    assert_int_equal(room_handover_take(f->r, &next, note, 9, &d), -ERR_VERSION);
    assert_int_equal(room_handover_take(f->r, &next, note, 1, &d), 0);
    assert_int_equal(room_handover_take(f->r, &next, note, 2, &d), -EALREADY);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE kind = 'handover'"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM handover WHERE taken_at IS NULL"), 0);
    intact(f);
    arena_done(&a);
    fixture_free(f);
}

/* A list has its limit of what its reader may see, not of what there is. */
static void notes_somebody_may_not_see_take_nobodys_place(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor chief = fixture_actor(f, f->administrator), duty = fixture_actor(f, f->handler);
    struct room_incident_change c = {.set_commander = true, .commander = f->administrator, .set_need_to_know = true, .need_to_know = true};
    struct room_row row;
    struct jsonw w;
    struct buf b;
    int64_t note, open = a_case(f, "a0", "r1", "203.0.113.1", "ssh"), hidden = a_case(f, "b0", "r2", "203.0.113.2", "web");
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, hidden, &row, NULL), 0);
    assert_int_equal(room_incident_change(f->r, &chief, hidden, row.version, &c, NULL), 0);
    struct room_handover_new x = {.incident = open, .words = STR("見える")}, y = {.incident = hidden, .words = STR("見えない")};
    assert_int_equal(room_handover_give(f->r, &chief, &x, &note, NULL), 0);
    for (int i = 0; i < 60; i++)
        assert_int_equal(room_handover_give(f->r, &chief, &y, &note, NULL), 0);
    buf_init(&b, 1 << 22);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    assert_int_equal(room_handovers_open_write(f->r, &duty, &w, NULL), 0);
    jsonw_end(&w);
    assert_true(str_find(buf_str(&b), STR("見える"), 0) >= 0);
    assert_true(str_find(buf_str(&b), STR("見えない"), 0) < 0);
    buf_done(&b);
    fixture_free(f);
}

UNIT_GROUP(room_merge, cmocka_unit_test(no_kind_of_row_is_forgotten), cmocka_unit_test(a_merge_is_taken_back_as_it_was),
           cmocka_unit_test(a_merge_is_taken_back_from_where_its_rows_went), cmocka_unit_test(the_stricter_label_holds_for_both),
           cmocka_unit_test(a_note_says_what_is_open_and_is_taken_by_another), cmocka_unit_test(notes_somebody_may_not_see_take_nobodys_place))
