/* A person puts right what folding got wrong: findings leave a case, and stay apart. */
#include "fixture.h"

#define MIN_ NS_PER_MIN

static struct story attack(const char *id, const char *kind, const char *source) {
    return (struct story){.id = id,
                          .revision = 1,
                          .rule = "r",
                          .kind = kind,
                          .level = "high",
                          .propose = "block_source",
                          .service = "members",
                          .group_source = source,
                          .account_pattern = "m#",
                          .account_n = 3,
                          .first_ns = T0,
                          .last_ns = T0 + MIN_,
                          .count = 40,
                          .good = 0};
}

/* Three addresses at one service, two accounts entered: one of them from the last address only. */
static int64_t one_case(struct fixture *f) {
    static const char *const sources[] = {"203.0.113.1", "203.0.113.2", "203.0.113.3"};
    static const char *const ids[] = {"a1", "a2", "a3"};
    int64_t id = 0;
    f->now_ns = T0 + 5 * MIN_;
    for (int i = 0; i < 3; i++) {
        struct story s = attack(ids[i], "list_attack", sources[i]);
        id = fold(f, &s).incident;
    }
    struct story entered = attack("b1", "success_after", "203.0.113.1");
    entered.account_n = 1; /* m0 */
    entered.level = "critical";
    struct story again = attack("b2", "success_after", "203.0.113.3");
    again.account_n = 2; /* m0 and m1 */
    again.level = "critical";
    assert_int_equal(fold(f, &entered).incident, id);
    assert_int_equal(fold(f, &again).incident, id);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM account"), 2);
    return id;
}

static struct str fid(const char *two) {
    static char z[8][33];
    static unsigned n;
    char *dst = z[n++ % 8];
    for (int i = 0; i < 16; i++)
        memcpy(dst + 2 * i, two, 3);
    return str_n(dst, 32);
}

static int part(struct fixture *f, int64_t person, int64_t id, const char *const *ids, size_t n,
                int64_t into, int64_t *ret) {
    struct str list[8];
    struct room_row row = {0}, other = {0};
    struct diag d = {0};
    struct room_actor who = fixture_actor(f, person);
    for (size_t i = 0; i < n; i++)
        list[i] = fid(ids[i]);
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, id, &row, NULL), 0);
    if (into)
        assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, into, &other, NULL), 0);
    struct room_split x = {list, n, into, other.version};
    return room_incident_split(f->r, &who, id, row.version, &x, ret, &d);
}

static void intact(struct fixture *f) {
    struct room_verdict v;
    struct diag d = {0};
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &v, &d), 0);
    assert_int_equal(v.n_faults, 0);
}

/* What is said beforehand is what happens then; saying it writes nothing. */
static void what_moves_is_said_beforehand(void **state UNUSED) {
    static const char *const third[] = {"a3", "b2"};
    struct fixture *f = fixture_new();
    int64_t id = one_case(f), own = 0;
    struct room_actor duty = fixture_actor(f, f->handler);
    struct room_split_try t = {0};
    struct str list[] = {fid("a3"), fid("b2")};
    struct room_split x = {list, 2, 0, 0};
    f->now_ns += MIN_;
    int64_t rows = number(f, "SELECT count(*) FROM audit");
    assert_int_equal(room_incident_split_try(f->r, &duty, id, &x, &t, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), rows);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 1);
    assert_int_equal(part(f, f->handler, id, third, 2, 0, &own), 0);
    assert_int_equal(t.findings, 2);
    assert_int_equal(t.sources, 1);
    assert_int_equal(t.accounts, number(f, "SELECT count(*) FROM account WHERE incident_id = 2"));
    assert_int_equal(t.accounts, 2);
    assert_int_equal(t.accounts_both, 1);
    assert_int_equal(t.addresses, 1);
    assert_int_equal(t.decided, 0);
    assert_int_equal(t.remain, number(f, "SELECT count(*) FROM finding WHERE incident_id = 1"));
    /* and back, as a whole: no list is needed, however many there are */
    struct room_split all = {NULL, 0, id, 0};
    rows = number(f, "SELECT count(*) FROM audit");
    assert_int_equal(room_incident_split_try(f->r, &duty, own, &all, &t, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), rows);
    assert_int_equal(t.findings, 2);
    assert_int_equal(t.remain, 0);
    assert_int_equal(t.accounts, 1); /* the other one is there already */
    assert_int_equal(part(f, f->handler, own, NULL, 0, id, &own), 0);
    assert_int_equal(own, id);
    assert_int_equal(number(f, "SELECT count(*) FROM finding WHERE incident_id = 1"), 5);
    assert_int_equal(number(f, "SELECT merged_into FROM incident WHERE id = 2"), 1);
    /* a wish that would be refused is refused beforehand, in the same way */
    struct room_split none = {list, 0, 0, 0};
    assert_int_equal(room_incident_split_try(f->r, &duty, id, &none, &t, NULL), -EINVAL);
    intact(f);
    fixture_free(f);
}

static void findings_get_a_case_of_their_own(void **state UNUSED) {
    static const char *const third[] = {"a3", "b2"};
    struct fixture *f = fixture_new();
    int64_t id = one_case(f), own = 0;
    struct room_actor duty = fixture_actor(f, f->handler);
    f->now_ns += MIN_;
    assert_int_equal(room_incident_seen(f->r, &duty, id, NULL), 0);
    int64_t rows = number(f, "SELECT max(seq) FROM audit");
    assert_int_equal(part(f, f->handler, id, third, 2, 0, &own), 0);
    assert_int_not_equal(own, id);
    assert_int_equal(number(f, "SELECT count(*) FROM finding WHERE incident_id = 2"), 2);
    /* the account that only they name went with them; the one both name is in both */
    assert_int_equal(number(f, "SELECT count(*) FROM account WHERE incident_id = 1"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM account WHERE incident_id = 2"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM account WHERE incident_id = 1 AND name = 'm0' "
                               "AND finding_id = (SELECT id FROM finding WHERE fid LIKE 'b1%')"),
                     1);
    /* so did the block that was only proposed */
    assert_int_equal(number(f, "SELECT count(*) FROM action_address x JOIN action a ON a.id = "
                               "x.action_id WHERE a.incident_id = 1"),
                     2);
    assert_int_equal(number(f, "SELECT count(*) FROM action_address x JOIN action a ON a.id = "
                               "x.action_id WHERE a.incident_id = 2 AND a.state = 'proposed' AND "
                               "x.address = '203.0.113.3'"),
                     1);
    /* who did it has seen it; one row of the chain is his, the rest follows from it */
    assert_int_equal(number(f, "SELECT person_at IS NOT NULL FROM incident WHERE id = 2"), 1);
    struct room_row row;
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, own, &row, NULL), 0);
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM audit WHERE seq > %lld AND by = 'person:%lld' AND verb = "
             "'change' AND object = 'incident' AND row_id = 1",
             (long long) rows, (long long) f->handler);
    assert_int_equal(number(f, sql), 1);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM audit WHERE seq > %lld AND by LIKE 'person:%%'",
             (long long) rows);
    assert_int_equal(number(f, sql), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key IN "
                               "('event.findings_parted','event.findings_taken')"),
                     2);
    intact(f);
    fixture_free(f);
}

static void what_was_parted_stays_apart(void **state UNUSED) {
    static const char *const third[] = {"a3"};
    struct fixture *f = fixture_new();
    int64_t id = one_case(f), own = 0;
    /* b2 accuses the same source and stays: the two cases share it */
    assert_int_equal(part(f, f->handler, id, third, 1, 0, &own), 0);
    for (int revision = 2; revision < 4; revision++) {
        struct story more = attack("a3", "list_attack", "203.0.113.3");
        struct story rest = attack("b2", "success_after", "203.0.113.3");
        more.revision = rest.revision = revision;
        more.count = 40 + revision;
        assert_int_equal(fold(f, &more).incident, own);
        assert_int_equal(fold(f, &rest).incident, id);
    }
    /* a stranger to both joins the older */
    struct story next = attack("a4", "list_attack", "203.0.113.4");
    assert_int_equal(fold(f, &next).incident, id);
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE state = 'open'"), 2);
    /* also when a third case turns out to be one of them: what was apart from it is apart from that
     */
    struct story far = attack("c1", "list_attack", "192.0.2.9");
    far.service = "points";
    far.propose = NULL;
    assert_true(fold(f, &far).opened);
    far.revision = 2;
    far.sources = "203.0.113.4"; /* known to case 1 */
    assert_int_equal(fold(f, &far).incident, id);
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE state = 'open'"), 2);
    intact(f);
    fixture_free(f);
}

static void a_persons_no_holds_for_both(void **state UNUSED) {
    static const char *const third[] = {"a3", "b2"};
    struct fixture *f = fixture_new();
    int64_t id = one_case(f), own = 0;
    struct room_actor duty = fixture_actor(f, f->handler);
    struct room_row row;
    struct diag d = {0};
    assert_int_equal(room_row_load(f->r, OBJECT_ACTION, 1, &row, NULL), 0);
    assert_int_equal(room_action_reject(f->r, &duty, 1, row.version, STR_NULL, &d), 0);
    assert_int_equal(part(f, f->handler, id, third, 2, 0, &own), 0);
    struct story more = attack("a3", "list_attack", "203.0.113.3");
    more.revision = 2;
    assert_int_equal(fold(f, &more).incident, own);
    assert_int_equal(number(f, "SELECT count(*) FROM action"), 1);
    fixture_free(f);
}

static void it_can_be_taken_back(void **state UNUSED) {
    static const char *const third[] = {"a3", "b2"};
    struct fixture *f = fixture_new();
    int64_t id = one_case(f), own = 0, back = 0;
    assert_int_equal(part(f, f->handler, id, third, 2, 0, &own), 0);
    assert_int_equal(part(f, f->administrator, own, third, 2, id, &back), 0);
    assert_int_equal(back, id);
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE state = 'open'"), 1);
    assert_int_equal(number(f, "SELECT merged_into FROM incident WHERE id = 2"), id);
    assert_int_equal(number(f, "SELECT count(*) FROM finding WHERE incident_id = 1"), 5);
    assert_int_equal(number(f, "SELECT count(DISTINCT name) FROM account WHERE incident_id = 1"),
                     2);
    assert_int_equal(number(f, "SELECT count(*) FROM action_address x JOIN action a ON a.id = "
                               "x.action_id WHERE a.incident_id = 1"),
                     3);
    intact(f);
    fixture_free(f);
}

static void what_cannot_be_parted_is_refused(void **state UNUSED) {
    static const char *const some[] = {"a3"}, *const all[] = {"a1", "a2", "a3", "b1", "b2"},
                             *const strange[] = {"a3", "ee"};
    struct fixture *f = fixture_new();
    int64_t id = one_case(f), own = 0;
    int64_t rows = number(f, "SELECT count(*) FROM audit");
    assert_int_equal(part(f, f->handler, id, all, 5, 0, &own), -EINVAL);
    assert_int_equal(part(f, f->handler, id, strange, 2, 0, &own), -EINVAL);
    assert_int_equal(part(f, f->handler, id, some, 1, id, &own), -EINVAL);
    struct room_actor duty = fixture_actor(f, f->handler);
    struct str one = fid("a3");
    struct room_split x = {&one, 1, 0, 0};
    struct diag d = {0};
    assert_int_equal(room_incident_split(f->r, &duty, id, 77, &x, &own, &d), -ERR_VERSION);
    x.into = 99;
    assert_int_equal(room_incident_split(f->r, &duty, id, 1, &x, &own, &d), -ENOENT);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), rows);
    assert_int_equal(part(f, f->auditor, id, some, 1, 0, &own), -ERR_REFUSED);
    assert_int_equal(number(f, "SELECT count(*) FROM audit WHERE verb = 'refused'"), 1);
    /* into another that changed meanwhile, or was closed */
    struct story far = attack("c1", "list_attack", "192.0.2.9");
    far.service = "points";
    int64_t other = fold(f, &far).incident;
    x.into = other;
    x.into_version = 9;
    assert_int_equal(room_incident_split(f->r, &duty, id, 1, &x, &own, &d), -ERR_VERSION);
    struct room_incident_change close = {.set_state = true, .open = false};
    assert_int_equal(room_incident_change(f->r, &duty, other, 1, &close, NULL), 0);
    assert_int_equal(part(f, f->handler, id, some, 1, other, &own), -EBUSY);
    assert_int_equal(part(f, f->handler, other, (const char *const[]){"c1"}, 1, id, &own), -EBUSY);
    assert_int_equal(own, 0);
    fixture_free(f);
}

UNIT_GROUP(room_split, cmocka_unit_test(findings_get_a_case_of_their_own),
           cmocka_unit_test(what_moves_is_said_beforehand),
           cmocka_unit_test(what_was_parted_stays_apart),
           cmocka_unit_test(a_persons_no_holds_for_both), cmocka_unit_test(it_can_be_taken_back),
           cmocka_unit_test(what_cannot_be_parted_is_refused))
