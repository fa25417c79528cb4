/* The matrix role x object x verb, generated from what docs/room.md promises, against room_may; and
 * the door. */
#include "fixture.h"

static const char *const NOBODY = "";

/* Verbs of persons only; everything not named here must be refused to all three roles. A letter a
 * role: A administrator, H handler, U auditor; lower case: only where the row is the person's own;
 * '!': not TLP:RED unless by name. */
static const struct {
    enum room_object object;
    enum room_verb verb;
    const char *who;
} promised[] = {
    {OBJECT_SELF, VERB_READ, "A H U"},      {OBJECT_SELF, VERB_CHANGE, "A H U"},
    {OBJECT_NOW, VERB_READ, "A H U"},       {OBJECT_SESSION, VERB_SIGN_OUT, "a h u"},
    {OBJECT_SESSION, VERB_CHANGE, "a h u"}, {OBJECT_PERSON, VERB_READ, "A H U"},
    {OBJECT_PERSON, VERB_OPEN, "a h u"},    {OBJECT_PERSON, VERB_CREATE, "A"},
    {OBJECT_PERSON, VERB_CHANGE, "A"},      {OBJECT_LINK, VERB_CREATE, "A"},
    {OBJECT_INCIDENT, VERB_READ, "A H! U"}, {OBJECT_INCIDENT, VERB_CHANGE, "A H!"},
    {OBJECT_INCIDENT, VERB_OPEN, "A H!"},   {OBJECT_TIMELINE, VERB_READ, "A H! U"},
    {OBJECT_TIMELINE, VERB_CREATE, "A H!"}, {OBJECT_TIMELINE, VERB_CHANGE, "A"},
    {OBJECT_FINDING, VERB_READ, "A H! U"},  {OBJECT_ACCOUNT, VERB_READ, "A H!"},
    {OBJECT_EVIDENCE, VERB_READ, "A H!"},   {OBJECT_EVIDENCE, VERB_CREATE, "A H!"},   {OBJECT_ACTION, VERB_READ, "A H! U"},
    {OBJECT_ACTION, VERB_APPROVE, "A H!"},  {OBJECT_ACTION, VERB_REJECT, "A H!"},
    {OBJECT_ACTION, VERB_UNDO, "A H!"},     {OBJECT_ACTION, VERB_EXTEND, "A H!"},
    {OBJECT_SOURCE, VERB_READ, "A H U"},    {OBJECT_RULE, VERB_READ, "A H U"},
    {OBJECT_RULE, VERB_CHANGE, "A H"},      {OBJECT_RULE, VERB_TRY, "A H"},
    {OBJECT_MAIL, VERB_READ, "A H"},
    {OBJECT_DEED, VERB_READ, "A H! U"},     {OBJECT_DEED, VERB_CREATE, "A H!"},
    {OBJECT_DEED, VERB_APPROVE, "A H!"},    {OBJECT_DEED, VERB_REJECT, "A H!"},
    {OBJECT_DEED, VERB_UNDO, "A H!"},       {OBJECT_DEED, VERB_CHANGE, "A H!"},
    {OBJECT_MESSAGE, VERB_READ, "A H U"},  {OBJECT_MESSAGE, VERB_CREATE, "A H"},
    {OBJECT_MESSAGE, VERB_CHANGE, "A H"},
    {OBJECT_HUNT, VERB_READ, "A H"},        {OBJECT_HUNT, VERB_CREATE, "A H"},
    {OBJECT_HUNT, VERB_CHANGE, "A H"},      {OBJECT_SERVICE, VERB_READ, "A H U"},
    {OBJECT_AUDIT, VERB_READ, "A U"},       {OBJECT_AUDIT, VERB_VERIFY, "A U"},
    {OBJECT_PACK, VERB_READ, "A H U"},      {OBJECT_DEMO, VERB_READ, "A H U"},
    {OBJECT_REGISTER, VERB_READ, "A H U"}, {OBJECT_REGISTER, VERB_CREATE, "A H"},
    {OBJECT_REGISTER, VERB_CHANGE, "A H"}, {OBJECT_REGISTER, VERB_DELETE, "A H"},
    {OBJECT_IMPORT, VERB_READ, "A H U"},   {OBJECT_IMPORT, VERB_CREATE, "A H"},
    {OBJECT_IMPORT, VERB_CHANGE, "A H"},   {OBJECT_IMPORT, VERB_UNDO, "A H"},
    {OBJECT_PLAYBOOK, VERB_READ, "A H U"}, {OBJECT_PLAYBOOK, VERB_CREATE, "A H"},
    {OBJECT_PLAYBOOK, VERB_CHANGE, "A H"}, {OBJECT_PLAYBOOK, VERB_TRY, "A H"},
    {OBJECT_RUN, VERB_READ, "A H! U"},     {OBJECT_RUN, VERB_CREATE, "A H!"},
    {OBJECT_RUN, VERB_CHANGE, "A H!"},     {OBJECT_TASK, VERB_READ, "A H! U"},
    {OBJECT_TASK, VERB_CREATE, "A H!"},    {OBJECT_TASK, VERB_CHANGE, "A H!"},
    {OBJECT_TASK, VERB_APPROVE, "A H!"},
    {OBJECT_DUTY, VERB_READ, "A H U"},     {OBJECT_AUTHORITY, VERB_READ, "A H U"},
    {OBJECT_LEND, VERB_CREATE, "A H"},     {OBJECT_LEND, VERB_CHANGE, "A H"},
    {OBJECT_CONSULT, VERB_CREATE, "A H!"}, {OBJECT_AGREEMENT, VERB_CREATE, "A H!"},
    {OBJECT_DECISION, VERB_READ, "A H! U"}, {OBJECT_DECISION, VERB_CREATE, "A H!"}, {OBJECT_DECISION, VERB_APPROVE, "A H!"},
    {OBJECT_CALLOUT, VERB_READ, "A H! U"}, {OBJECT_CALLOUT, VERB_CREATE, "A H!"}, {OBJECT_CALLOUT, VERB_CHANGE, "A H!"},
    {OBJECT_CALL, VERB_CREATE, "A H!"},    {OBJECT_CALL, VERB_CHANGE, "A H!"},
    {OBJECT_SHEET, VERB_READ, "A H!"},     {OBJECT_SHEET, VERB_CREATE, "A H!"}, {OBJECT_SHEET, VERB_CHANGE, "A H!"},
    {OBJECT_DEMO, VERB_CREATE, "A H"},      {OBJECT_DEMO, VERB_DELETE, "A H"},
};

static const char *promise(enum room_object o, enum room_verb v) {
    for (size_t i = 0; i < ARRAY_SIZE(promised); i++)
        if (promised[i].object == o && promised[i].verb == v)
            return promised[i].who;
    return NOBODY;
}

/* Four kinds of row: plain, own, red, red with the person's name on it. */
static bool expected(const char *who, char role, bool own, bool red, bool named) {
    const char *upper = strchr(who, role), *lower = strchr(who, role + 32);
    if (upper && upper[1] == '!')
        return !red || named;
    return upper || (lower && own);
}

static void the_whole_matrix(void **state UNUSED) {
    static const struct {
        enum room_role role;
        char letter;
    } persons[] = {{ROLE_ADMINISTRATOR, 'A'}, {ROLE_HANDLER, 'H'}, {ROLE_AUDITOR, 'U'}};
    int asked = 0;
    for (int o = 0; o < OBJECT_MAX_; o++)
        for (int v = 0; v < VERB_MAX_; v++)
            for (size_t p = 0; p < ARRAY_SIZE(persons); p++)
                for (int kind = 0; kind < 6; kind++) {
                    struct room_actor a = {.role = persons[p].role, .person = 7};
                    struct room_row row = {
                        .object = (enum room_object) o, .id = 3, .tlp = TLP_AMBER};
                    bool own = kind == 1 || kind == 4, red = kind >= 2 && kind != 5;
                    bool commander = kind == 3;
                    row.owner = own ? 7 : kind == 5 ? 8 : 0;
                    row.commander = commander ? 7 : 0;
                    row.tlp = red ? TLP_RED : TLP_AMBER;
                    bool want = expected(promise(row.object, (enum room_verb) v), persons[p].letter,
                                         own, red, own || commander);
                    if (room_may(&a, (enum room_verb) v, &row) != want)
                        fail_msg("%s %s %s (kind %d): wanted %d", room_role_to_string(a.role),
                                 room_verb_to_string((enum room_verb) v),
                                 room_object_to_string(row.object), kind, want);
                    asked++;
                }
    assert_int_equal(asked, OBJECT_MAX_ * VERB_MAX_ * 3 * 6);
}

static void nobody_may_nothing(void **state UNUSED) {
    struct room_actor nobody = {.role = ROLE_NOBODY};
    for (int o = 0; o < OBJECT_MAX_; o++)
        for (int v = 0; v < VERB_MAX_; v++) {
            struct room_row row = {.object = (enum room_object) o, .tlp = TLP_CLEAR};
            assert_false(room_may(&nobody, (enum room_verb) v, &row));
        }
}

/* Machines write what they must and decide nothing: only the system approves, by the operator's
 * policy. */
static void machines_do_not_decide(void **state UNUSED) {
    static const enum room_verb decisions[] = {VERB_APPROVE, VERB_REJECT, VERB_UNDO, VERB_EXTEND};
    for (size_t i = 0; i < ARRAY_SIZE(decisions); i++) {
        struct room_row row = {.object = OBJECT_ACTION, .id = 1};
        assert_false(room_may(&room_sensor, decisions[i], &row));
        assert_false(room_may(&room_hand, decisions[i], &row));
        assert_int_equal(room_may(&room_system, decisions[i], &row), decisions[i] == VERB_APPROVE);
    }
    struct room_row person = {.object = OBJECT_PERSON, .id = 1};
    assert_false(room_may(&room_sensor, VERB_CREATE, &person));
    assert_false(room_may(&room_hand, VERB_CHANGE, &person));
}

static void a_refusal_stands_in_the_chain(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor auditor = fixture_actor(f, f->auditor);
    struct story s = {.id = "a0",
                      .revision = 1,
                      .rule = "r",
                      .kind = "brute_force",
                      .level = "high",
                      .service = "ssh",
                      .group_source = "203.0.113.9",
                      .first_ns = T0,
                      .last_ns = T0,
                      .count = 50,
                      .good = -1};
    int64_t id = fold(f, &s).incident, rows = number(f, "SELECT count(*) FROM audit");
    struct room_incident_change x = {.set_level = true, .level = LEVEL_LOW};
    assert_int_equal(room_incident_change(f->r, &auditor, id, 1, &x, NULL), -ERR_REFUSED);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), rows + 1);
    assert_int_equal(
        number(f, "SELECT count(*) FROM audit WHERE verb = 'refused' AND by = 'person:3' AND "
                  "object = 'incident' AND row_id = 1"),
        1);
    assert_int_equal(number(f, "SELECT level = 'high' FROM incident"), 1);
    struct room_verdict v;
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &v, NULL), 0);
    assert_int_equal(v.n_faults, 0);
    fixture_free(f);
}

static void red_is_for_names(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler),
                      chief = fixture_actor(f, f->administrator);
    struct story s = {.id = "a0",
                      .revision = 1,
                      .rule = "r",
                      .kind = "brute_force",
                      .level = "high",
                      .service = "ssh",
                      .group_source = "203.0.113.9",
                      .first_ns = T0,
                      .last_ns = T0,
                      .count = 50,
                      .good = -1};
    int64_t id = fold(f, &s).incident, entry;
    struct room_incident_change red = {.set_tlp = true, .tlp = TLP_RED};
    struct room_incident_change command = {.set_commander = true, .commander = f->handler};
    assert_int_equal(room_incident_change(f->r, &chief, id, 1, &red, NULL), 0);
    assert_int_equal(room_timeline_add(f->r, &duty, id, STR("x"), T0, -1, "business", &entry, NULL),
                     -ERR_REFUSED);
    assert_int_equal(room_incident_change(f->r, &chief, id, 2, &command, NULL), 0);
    assert_int_equal(room_timeline_add(f->r, &duty, id, STR("x"), T0, -1, "business", &entry, NULL),
                     0);
    fixture_free(f);
}

static void the_second_of_two_edits_is_refused(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler),
                      chief = fixture_actor(f, f->administrator);
    struct story s = {.id = "a0",
                      .revision = 1,
                      .rule = "r",
                      .kind = "brute_force",
                      .level = "high",
                      .service = "ssh",
                      .group_source = "203.0.113.9",
                      .first_ns = T0,
                      .last_ns = T0,
                      .count = 50,
                      .good = -1};
    int64_t id = fold(f, &s).incident;
    struct room_incident_change one = {.set_level = true, .level = LEVEL_CRITICAL};
    struct room_incident_change two = {.set_title = true, .title = STR("mine")};
    f->now_ns += NS_PER_MIN;
    assert_int_equal(room_incident_change(f->r, &chief, id, 1, &one, NULL), 0);
    assert_int_equal(room_incident_change(f->r, &duty, id, 1, &two, NULL), -ERR_VERSION);
    struct room_stale stale = room_stale(f->r);
    assert_int_equal(stale.yours, 1);
    assert_int_equal(stale.theirs, 2);
    assert_string_equal(stale.name, "chief");
    assert_int_equal(stale.at_ns, f->now_ns);
    /* what the sensor adds makes nobody's edit stale */
    s.revision = 2;
    s.count = 90;
    s.last_ns += NS_PER_MIN;
    fold(f, &s);
    assert_int_equal(room_incident_change(f->r, &duty, id, 2, &two, NULL), 0);
    assert_int_equal(number(f, "SELECT level = 'critical' AND level_set FROM incident"), 1);
    fixture_free(f);
}

UNIT_GROUP(room_may, cmocka_unit_test(the_whole_matrix), cmocka_unit_test(nobody_may_nothing),
           cmocka_unit_test(machines_do_not_decide),
           cmocka_unit_test(a_refusal_stands_in_the_chain), cmocka_unit_test(red_is_for_names),
           cmocka_unit_test(the_second_of_two_edits_is_refused))
