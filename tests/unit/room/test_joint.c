/* A case several organisations share: who sees it and why, until when, how each is doing; and what a person has read. */
#include "fixture.h"

#include "room/joint.h"

static int64_t one_case(struct fixture *f) {
    struct story s = {.id = "a0", .revision = 1, .rule = "r", .kind = "brute_force", .level = "high", .service = "ssh", .group_source = "203.0.113.9",
                      .first_ns = T0, .last_ns = T0, .count = 50, .good = -1};
    return fold(f, &s).incident;
}

static int64_t of_organisation(struct fixture *f, const char *name) {
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT id FROM register WHERE kind = 'organisations' AND name = '%s'", name);
    return number(f, sql);
}

/* Somebody with a role below an organisation only. */
static int64_t member(struct fixture *f, const char *name, int64_t organisation, enum room_role role) {
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct room_grant g = {.role = role, .organisation = organisation};
    int64_t id, grant;
    assert_int_equal(room_person_add(f->r, &room_system, str_of(name), ROLE_REPORTER, STR("ja"), &id, NULL), 0);
    assert_int_equal(room_grant_add(f->r, &chief, id, &g, &grant, NULL), 0);
    return id;
}

static bool reads(struct fixture *f, int64_t person, int64_t incident) {
    struct room_actor a = fixture_actor(f, person);
    return room_may_read(f->r, &a, OBJECT_INCIDENT, incident, NULL) == 1;
}

static void sharing_ends_by_itself(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor chief = fixture_actor(f, f->administrator);
    int64_t party, grant, named, id = one_case(f);
    rows(f, "organisations", (const char *const[]){"当社\tkind=a", "相手社\tkind=a"}, 2);
    int64_t theirs = of_organisation(f, "相手社"), person = member(f, "partner", theirs, ROLE_HANDLER);
    assert_false(reads(f, person, id));
    assert_int_equal(room_party_add(f->r, &chief, id, theirs, f->now_ns + NS_PER_HOUR, &party, NULL), 0);
    assert_true(reads(f, person, id));
    assert_int_equal(room_person_add(f->r, &room_system, STR("guest"), ROLE_REPORTER, STR("ja"), &named, NULL), 0);
    struct room_grant g = {.role = ROLE_HANDLER, .incident = id, .until_ns = f->now_ns + NS_PER_HOUR};
    assert_int_equal(room_grant_add(f->r, &chief, named, &g, &grant, NULL), 0);
    assert_true(reads(f, named, id));
    f->now_ns += NS_PER_HOUR;
    assert_true(reads(f, person, id) && reads(f, named, id)); /* to the very moment */
    f->now_ns += 1;
    assert_false(reads(f, person, id));
    assert_false(reads(f, named, id));
    /* put off: they are back */
    struct room_party_change c = {.set_until = true, .until_ns = TIME_NONE};
    assert_int_equal(room_party_change(f->r, &chief, party, 1, &c, NULL), 0);
    assert_true(reads(f, person, id));
    fixture_free(f);
}

static void each_company_says_how_it_is(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct room_verdict v;
    struct arena a;
    struct buf b;
    struct jsonw w;
    int64_t party, id = one_case(f);
    arena_init(&a, 1 << 22);
    rows(f, "organisations", (const char *const[]){"相手社\tkind=a"}, 1);
    int64_t theirs = of_organisation(f, "相手社"), person = member(f, "partner", theirs, ROLE_HANDLER);
    assert_int_equal(room_party_add(f->r, &chief, id, theirs, 0, &party, NULL), 0);
    struct room_actor partner = fixture_actor(f, person), duty = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct room_party_change c = {.set_state = true, .state = STR("stopped"), .set_words = true, .words = STR("予約だけ止めた"), .set_recovery = true, .recovery_ns = T0 + NS_PER_DAY};
    struct room_party_change wrong = {.set_state = true, .state = STR("fine")};
    assert_int_equal(room_party_change(f->r, &partner, party, 1, &wrong, NULL), -EINVAL);
    assert_int_equal(room_party_change(f->r, &auditor, party, 1, &c, NULL), -ERR_REFUSED);
    assert_int_equal(room_party_change(f->r, &partner, party, 1, &c, NULL), 0);
    assert_int_equal(room_party_change(f->r, &duty, party, 1, &c, NULL), -ERR_VERSION); /* the second of two */
    assert_int_equal(room_joint_put(f->r, &partner, id, 0, STR("調査中です。"), NULL), 0);
    assert_int_equal(room_joint_put(f->r, &duty, id, 0, STR("ほかの文"), NULL), -ERR_VERSION);
    assert_int_equal(room_joint_put(f->r, &duty, id, 1, STR("復旧しました。"), NULL), 0);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_sharing_write(f->r, id, &w, NULL), 0);
    struct str json = buf_str(&b);
    assert_true(str_eq_z(at(&a, json, "parties.0.state"), "stopped"));
    assert_true(str_eq_z(at(&a, json, "parties.0.words"), "予約だけ止めた"));
    assert_true(str_eq_z(at(&a, json, "joint.words"), "復旧しました。"));
    /* who sees it, and why */
    assert_true(str_eq_z(at(&a, json, "seen_by.0.name"), "chief"));
    assert_true(str_eq_z(at(&a, json, "seen_by.0.why"), "role"));
    assert_true(str_eq_z(at(&a, json, "seen_by.3.name"), "partner"));
    assert_true(str_eq_z(at(&a, json, "seen_by.3.why"), "organisation"));
    buf_done(&b);
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &v, NULL), 0);
    assert_int_equal(v.n_faults, 0);
    arena_done(&a);
    fixture_free(f);
}

static struct str shown(struct fixture *f, int64_t id, int64_t person, struct buf *b) {
    struct room_actor who = fixture_actor(f, person);
    struct jsonw w;
    buf_init(b, 1 << 20);
    jsonw_init(&w, b);
    assert_int_equal(room_incident_write(f->r, id, &who, NULL, 0, &w, NULL), 0);
    return buf_str(b);
}

static void unread(struct fixture *f, int64_t id, int64_t person, const char *n, const char *first) {
    struct arena a;
    struct buf b;
    arena_init(&a, 1 << 22);
    struct str json = shown(f, id, person, &b);
    if (!str_eq_z(at(&a, json, "unread.n"), n) || !str_eq_z(at(&a, json, "unread.first"), first))
        fail_msg("unread %.*s", STR_ARG(at(&a, json, "unread.n")));
    buf_done(&b);
    arena_done(&a);
}

static void what_was_read_is_no_longer_new(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler), chief = fixture_actor(f, f->administrator);
    int64_t entry, mine, id = one_case(f);
    assert_int_equal(room_timeline_add(f->r, &chief, id, STR("電話した"), T0, -1, "business", &entry, NULL), 0);
    assert_int_equal(room_seen(f->r, &duty, id, 9999, NULL), -EINVAL);
    int64_t last = number(f, "SELECT max(id) FROM timeline");
    assert_int_equal(room_seen(f->r, &duty, id, last, NULL), 0);
    unread(f, id, f->handler, "0", "false");
    assert_int_equal(room_timeline_add(f->r, &duty, id, STR("自分の"), T0, -1, "business", &mine, NULL), 0);
    unread(f, id, f->handler, "0", "false"); /* one's own is not new to oneself */
    assert_int_equal(room_timeline_add(f->r, &chief, id, STR("もう一つ"), T0, -1, "business", &entry, NULL), 0);
    unread(f, id, f->handler, "1", "false");
    /* an older page pressed later takes nothing back, and one person's reading is nobody else's */
    int64_t writes = number(f, "SELECT count(*) FROM audit");
    assert_int_equal(room_seen(f->r, &duty, id, 1, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), writes);
    assert_int_equal(room_seen(f->r, &duty, id, entry, NULL), 0);
    unread(f, id, f->handler, "0", "false");
    assert_int_equal(number(f, "SELECT count(*) FROM seen"), 1);
    struct room_actor auditor = fixture_actor(f, f->auditor);
    assert_int_equal(room_seen(f->r, &auditor, id, 1, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM seen"), 2);
    fixture_free(f);
}

UNIT_GROUP(room_joint, cmocka_unit_test(sharing_ends_by_itself), cmocka_unit_test(each_company_says_how_it_is), cmocka_unit_test(what_was_read_is_no_longer_new))
