/* The matrix role x object x verb, generated from what docs/room.md promises, against room_may; and
 * the door. */
#include "fixture.h"

static const char *const NOBODY = "";

/* Verbs of persons only; everything not named here must be refused to all of them. A letter a role: A administrator, C commander (who
 * has what H has, too), H handler, U auditor, P approver, B publisher, R reporter, S supplier, D desk; lower case: only where the row is the
 * person's own; '!': not TLP:RED unless by name; '@': as the case's commander; '/': asked into the case, in the lane. "others": with a
 * role below another organisation, of GREEN and CLEAR. */
static const struct {
    enum room_object object;
    enum room_verb verb;
    const char *who;
} promised[] = {
    {OBJECT_SELF, VERB_READ, "A H U P B R S D"},
    {OBJECT_SELF, VERB_CHANGE, "A H U P B R S D"},
    {OBJECT_NOW, VERB_READ, "A H U P B"},
    {OBJECT_SESSION, VERB_SIGN_OUT, "a h u p b r s d"},
    {OBJECT_SESSION, VERB_CHANGE, "a h u p b r s d"},
    {OBJECT_PERSON, VERB_READ, "A H U P B"},
    {OBJECT_PERSON, VERB_OPEN, "a h u p b r s d"},
    {OBJECT_PERSON, VERB_CREATE, "A"},
    {OBJECT_PERSON, VERB_CHANGE, "A"},
    {OBJECT_LINK, VERB_CREATE, "A"},
    {OBJECT_INCIDENT, VERB_READ, "A H! U P! B! others"},
    {OBJECT_INCIDENT, VERB_CREATE, "A H"},
    {OBJECT_INCIDENT, VERB_CHANGE, "A H!"},
    {OBJECT_INCIDENT, VERB_OPEN, "A H! P!"},
    {OBJECT_TIMELINE, VERB_READ, "A H! U P! B! S/ others"},
    {OBJECT_TIMELINE, VERB_CREATE, "A H! P! B! S/"},
    {OBJECT_TIMELINE, VERB_CHANGE, "A"},
    {OBJECT_LANE, VERB_CREATE, "A H!"},
    {OBJECT_FALSE_ALARM, VERB_CREATE, "A H!"},
    {OBJECT_FALSE_ALARM, VERB_UNDO, "A H!"},
    {OBJECT_TRIAGE, VERB_READ, "A H U P"},
    {OBJECT_FINDING, VERB_READ, "A H! U P!"},
    {OBJECT_ACCOUNT, VERB_READ, "A H!"},
    {OBJECT_EVIDENCE, VERB_READ, "A H!"},
    {OBJECT_EVIDENCE, VERB_CREATE, "A H!"},
    {OBJECT_ACTION, VERB_READ, "A H! U P!"},
    {OBJECT_ACTION, VERB_APPROVE, "A H! P!"},
    {OBJECT_ACTION, VERB_REJECT, "A H! P!"},
    {OBJECT_ACTION, VERB_UNDO, "A H! P!"},
    {OBJECT_ACTION, VERB_EXTEND, "A H! P!"},
    {OBJECT_SOURCE, VERB_READ, "A H U P B"},
    {OBJECT_RULE, VERB_READ, "A H U P B"},
    {OBJECT_RULE, VERB_CHANGE, "A H"},
    {OBJECT_RULE, VERB_TRY, "A H"},
    {OBJECT_MAIL, VERB_READ, "A H!"},
    {OBJECT_MAIL, VERB_CHANGE, "A H!"},
    {OBJECT_OBLIGATION, VERB_READ, "A H! U P! B!"},
    {OBJECT_OBLIGATION, VERB_CREATE, "A H! B!"},
    {OBJECT_OBLIGATION, VERB_CHANGE, "A H! B!"},
    {OBJECT_SUBMISSION, VERB_READ, "A H! U P! B!"},
    {OBJECT_SUBMISSION, VERB_CREATE, "A H! B!"},
    {OBJECT_SUBMISSION, VERB_CHANGE, "A H! B!"},
    {OBJECT_DATAFILE, VERB_READ, "A H U P B"},
    {OBJECT_DATAFILE, VERB_CREATE, "A H"},
    {OBJECT_DATAFILE, VERB_CHANGE, "A H"},
    {OBJECT_BLANK, VERB_READ, "A H U P B"},
    {OBJECT_BLANK, VERB_CREATE, "A H"},
    {OBJECT_FACT, VERB_READ, "A H! U P! B!"},
    {OBJECT_FACT, VERB_CREATE, "A H! B!"},
    {OBJECT_FACT, VERB_CHANGE, "A H! B!"},
    {OBJECT_PERSON_REPORT, VERB_READ, "A H!"},
    {OBJECT_PERSON_REPORT, VERB_CREATE, "A H U P B R S D"},
    {OBJECT_PERSON_REPORT, VERB_CHANGE, "A H!"},
    {OBJECT_TIP, VERB_READ, "A H! U"},
    {OBJECT_TIP, VERB_CREATE, "A H!"},
    {OBJECT_TIP, VERB_CHANGE, "A H!"},
    {OBJECT_MEANS, VERB_READ, "A H! U P! B!"},
    {OBJECT_MEANS, VERB_CREATE, "A H!"},
    {OBJECT_MEANS, VERB_CHANGE, "A H!"},
    {OBJECT_LEVEL, VERB_READ, "A H! U P! B!"},
    {OBJECT_LEVEL, VERB_CREATE, "A H!"},
    {OBJECT_LEVEL, VERB_CHANGE, "A H! P!"},
    {OBJECT_INFO, VERB_READ, "A H! U P! B!"},
    {OBJECT_INFO, VERB_CREATE, "A H! B!"},
    {OBJECT_INFO, VERB_CHANGE, "A H! B!"},
    {OBJECT_SLIP_NOTE, VERB_CREATE, "A H! B!"},
    {OBJECT_DEED, VERB_READ, "A H! U P!"},
    {OBJECT_DEED, VERB_CREATE, "A H!"},
    {OBJECT_DEED, VERB_APPROVE, "A H! P!"},
    {OBJECT_DEED, VERB_REJECT, "A H! P!"},
    {OBJECT_DEED, VERB_UNDO, "A H! P!"},
    {OBJECT_DEED, VERB_CHANGE, "A H!"},
    {OBJECT_MESSAGE, VERB_READ, "A H! U"},
    {OBJECT_MESSAGE, VERB_CREATE, "A H!"},
    {OBJECT_MESSAGE, VERB_CHANGE, "A H!"},
    {OBJECT_HUNT, VERB_READ, "A H"},
    {OBJECT_HUNT, VERB_CREATE, "A H"},
    {OBJECT_HUNT, VERB_CHANGE, "A H"},
    {OBJECT_SERVICE, VERB_READ, "A H U P B"},
    {OBJECT_AUDIT, VERB_READ, "A U"},
    {OBJECT_AUDIT, VERB_VERIFY, "A U"},
    {OBJECT_PACK, VERB_READ, "A H U P B"},
    {OBJECT_FOLLOWUP, VERB_READ, "A H U P B"},
    {OBJECT_FOLLOWUP, VERB_CREATE, "A H P"},
    {OBJECT_FOLLOWUP, VERB_CHANGE, "A H P"},
    {OBJECT_READINESS, VERB_READ, "A H U P B"},
    {OBJECT_READINESS, VERB_TRY, "A H"},
    {OBJECT_ATTESTED, VERB_CREATE, "A H P"},
    {OBJECT_DEMO, VERB_READ, "A H U P B"},
    {OBJECT_REGISTER, VERB_READ, "A H U P B"},
    {OBJECT_REGISTER, VERB_CREATE, "A H"},
    {OBJECT_REGISTER, VERB_CHANGE, "A H"},
    {OBJECT_REGISTER, VERB_DELETE, "A H"},
    {OBJECT_IMPORT, VERB_READ, "A H U P B"},
    {OBJECT_IMPORT, VERB_CREATE, "A H"},
    {OBJECT_IMPORT, VERB_CHANGE, "A H"},
    {OBJECT_IMPORT, VERB_UNDO, "A H"},
    {OBJECT_PLAYBOOK, VERB_READ, "A H U P B"},
    {OBJECT_PLAYBOOK, VERB_CREATE, "A H"},
    {OBJECT_PLAYBOOK, VERB_CHANGE, "A H"},
    {OBJECT_PLAYBOOK, VERB_TRY, "A H"},
    {OBJECT_RUN, VERB_READ, "A H! U P!"},
    {OBJECT_RUN, VERB_CREATE, "A H!"},
    {OBJECT_RUN, VERB_CHANGE, "A H!"},
    {OBJECT_TASK, VERB_READ, "A H! U P!"},
    {OBJECT_TASK, VERB_CREATE, "A H!"},
    {OBJECT_TASK, VERB_CHANGE, "A H! P!"},
    {OBJECT_TASK, VERB_APPROVE, "A H! P!"},
    {OBJECT_DUTY, VERB_READ, "A H U P B"},
    {OBJECT_AUTHORITY, VERB_READ, "A H! U P! B!"},
    {OBJECT_LEND, VERB_CREATE, "A H P"},
    {OBJECT_LEND, VERB_CHANGE, "A H P"},
    {OBJECT_CONSULT, VERB_CREATE, "A H!"},
    {OBJECT_AGREEMENT, VERB_CREATE, "A H! P!"},
    {OBJECT_DECISION, VERB_READ, "A H! U P!"},
    {OBJECT_DECISION, VERB_CREATE, "A H!"},
    {OBJECT_DECISION, VERB_APPROVE, "A H! P!"},
    {OBJECT_CALLOUT, VERB_READ, "A H! U"},
    {OBJECT_CALLOUT, VERB_CREATE, "A H!"},
    {OBJECT_CALLOUT, VERB_CHANGE, "A H!"},
    {OBJECT_CALL, VERB_CREATE, "A H!"},
    {OBJECT_CALL, VERB_CHANGE, "A H!"},
    {OBJECT_SCOPE, VERB_READ, "A H!"},
    {OBJECT_SCOPE, VERB_CREATE, "A H!"},
    {OBJECT_SCOPE, VERB_CHANGE, "A H!"},
    {OBJECT_SCOPE_FILE, VERB_CREATE, "A H"},
    {OBJECT_SCOPE_FILE, VERB_CHANGE, "A H"},
    {OBJECT_ATTACHMENT, VERB_READ, "A H! U B!"},
    {OBJECT_ATTACHMENT, VERB_CREATE, "A H! B!"},
    {OBJECT_MERGE, VERB_UNDO, "A H!"},
    {OBJECT_HANDOVER, VERB_READ, "A H! U"},
    {OBJECT_HANDOVER, VERB_CREATE, "A H!"},
    {OBJECT_HANDOVER, VERB_CHANGE, "A H!"},
    {OBJECT_CASE_ROW, VERB_READ, "A H! U"},
    {OBJECT_CASE_ROW, VERB_CREATE, "A H!"},
    {OBJECT_CASE_ROW, VERB_CHANGE, "A H!"},
    {OBJECT_OUTGOING, VERB_READ, "A H! U P! B!"},
    {OBJECT_OUTGOING, VERB_CREATE, "A H! B!"},
    {OBJECT_OUTGOING, VERB_CHANGE, "A H! P! B!"},
    {OBJECT_RECIPIENT, VERB_READ, "A H! B!"},
    {OBJECT_RECIPIENT, VERB_CREATE, "A H! B!"},
    {OBJECT_RECIPIENT, VERB_CHANGE, "A H! B!"},
    {OBJECT_CONTACT, VERB_READ, "A H! U P! B!"},
    {OBJECT_CONTACT, VERB_CREATE, "A H! B!"},
    {OBJECT_CONTACT, VERB_CHANGE, "A H! B!"},
    {OBJECT_ANSWER, VERB_READ, "A H! U P! B!"},
    {OBJECT_ANSWER, VERB_CREATE, "A H! B!"},
    {OBJECT_ANSWER, VERB_CHANGE, "A H! P! B!"},
    {OBJECT_PACK_DRAFT, VERB_READ, "A H! U P!"},
    {OBJECT_PACK_DRAFT, VERB_CREATE, "A H!"},
    {OBJECT_PACK_DRAFT, VERB_CHANGE, "A H!"},
    {OBJECT_PACK_DRAFT, VERB_APPROVE, "A P!"},
    {OBJECT_DESK, VERB_READ, "A H U P B D"},
    {OBJECT_DESK, VERB_CREATE, "A H B D"},
    {OBJECT_PROMISE, VERB_READ, "A H! U P! B!"},
    {OBJECT_PUBLICATION, VERB_READ, "A H! U P! B!"},
    {OBJECT_PUBLICATION, VERB_CREATE, "A H! B!"},
    {OBJECT_PUBLICATION, VERB_CHANGE, "A H! P! B!"},
    {OBJECT_CAMPAIGN, VERB_READ, "A H! U"},
    {OBJECT_CAMPAIGN, VERB_CREATE, "A H!"},
    {OBJECT_CAMPAIGN, VERB_CHANGE, "A H!"},
    {OBJECT_TARGET, VERB_CREATE, "A H!"},
    {OBJECT_TARGET, VERB_CHANGE, "A H!"},
    {OBJECT_TIGHTENING, VERB_READ, "A H! U P!"},
    {OBJECT_TIGHTENING, VERB_CREATE, "A H!"},
    {OBJECT_TIGHTENING, VERB_CHANGE, "A H!"},
    {OBJECT_SHEET, VERB_READ, "A H!"},
    {OBJECT_SHEET, VERB_CREATE, "A H!"},
    {OBJECT_SHEET, VERB_CHANGE, "A H!"},
    {OBJECT_DEMO, VERB_CREATE, "A H"},
    {OBJECT_DEMO, VERB_DELETE, "A H"},
    {OBJECT_GRANT, VERB_READ, "A H! U! P! B!"},
    {OBJECT_GRANT, VERB_CREATE, "A C@"},
    {OBJECT_GRANT, VERB_DELETE, "A C@"},
    {OBJECT_CONSUMER, VERB_READ, "A H U"},
    {OBJECT_CONSUMER, VERB_CREATE, "A"},
    {OBJECT_CONSUMER, VERB_CHANGE, "A"},
    {OBJECT_PARTY, VERB_CHANGE, "A H! B!"},
    {OBJECT_JOINT, VERB_CREATE, "A H! B!"},
    {OBJECT_JOINT, VERB_CHANGE, "A H! B!"},
    {OBJECT_SEEN, VERB_CREATE, "A U H! P! B!"},
    {OBJECT_SEEN, VERB_CHANGE, "A U H! P! B!"},
    {OBJECT_PARTY, VERB_CREATE, "A C@"},
    {OBJECT_PARTY, VERB_DELETE, "A C@"},
};

static const char *promise(enum room_object o, enum room_verb v) {
    for (size_t i = 0; i < ARRAY_SIZE(promised); i++)
        if (promised[i].object == o && promised[i].verb == v)
            return promised[i].who;
    return NOBODY;
}

enum { ME = 7, CASE = 5, OURS = 9, ABOVE = 10, THEIRS = 8 };
/* What is asked about. Rows belong to case 5, which organisation 9 shares; lists belong to none. */
static const struct kind {
    const char *name;
    bool list, own, commander, need_to_know;
    enum room_tlp tlp;
    const char *lane;
} kinds[] = {
    {.name = "plain", .tlp = TLP_AMBER},
    {.name = "a list", .list = true, .tlp = TLP_AMBER},
    {.name = "own", .own = true, .tlp = TLP_AMBER},
    {.name = "red", .tlp = TLP_RED},
    {.name = "red, own", .own = true, .tlp = TLP_RED},
    {.name = "red, in command", .commander = true, .tlp = TLP_RED},
    {.name = "in command", .commander = true, .tlp = TLP_AMBER},
    {.name = "green", .tlp = TLP_GREEN},
    {.name = "need to know", .need_to_know = true, .tlp = TLP_AMBER},
    {.name = "need to know, in command", .need_to_know = true, .commander = true, .tlp = TLP_AMBER},
    {.name = "in another lane", .lane = "business", .tlp = TLP_AMBER},
    {.name = "in the lane", .lane = "external", .tlp = TLP_AMBER},
};
/* Where the role holds. */
static const struct where {
    const char *name;
    int64_t incident, organisation;
} wheres[] = {{"everywhere", 0, 0}, {"in the case", CASE, 0}, {"in another case", 6, 0}, {"in an organisation of the case", 0, OURS},
              {"above one of the case", 0, ABOVE}, {"in another organisation", 0, THEIRS}};

static bool word_allows(const char *who, char role, const struct kind *k, bool named, bool asked_in) {
    for (const char *p = who; *p; p++) {
        if (p != who && p[-1] != ' ')
            continue;
        if (strncmp(p, "others", 6) == 0)
            continue;
        if (*p == role + 32)
            return k->own;
        if (*p == role)
            return p[1] == '!' ? k->tlp != TLP_RED || named : p[1] == '@' ? k->commander : p[1] == '/' ? asked_in && (!k->lane || strcmp(k->lane, "external") == 0) : true;
    }
    return false;
}

static bool expected(const char *who, char role, const struct where *w, const struct kind *k, enum room_object o, enum room_verb v) {
    bool here = w->incident == CASE || w->organisation == OURS || w->organisation == ABOVE, everywhere = !w->incident && !w->organisation;
    bool named = k->own || k->commander || (!k->list && w->incident == CASE), asked_in = !k->list && w->incident == CASE && role == 'S';
    bool has = everywhere || (k->list ? v == VERB_READ : here);
    if (k->need_to_know && !named)
        return false;
    if (!everywhere && word_allows(who, 'R', k, named, false))
        return true; /* a role that holds somewhere comes on top of a reporter's */
    if (has && (word_allows(who, role, k, named, asked_in) || (role == 'C' && word_allows(who, 'H', k, named, asked_in))))
        return true;
    bool personal = o == OBJECT_GRANT;
    return strstr(who, "others") && w->organisation && role != 'R' && role != 'S' && role != 'D' && k->tlp <= TLP_GREEN && !personal;
}

static void the_whole_matrix(void **state UNUSED) {
    static const struct {
        enum room_role role;
        char letter;
    } roles[] = {{ROLE_ADMINISTRATOR, 'A'}, {ROLE_COMMANDER, 'C'}, {ROLE_HANDLER, 'H'},  {ROLE_AUDITOR, 'U'},
                 {ROLE_APPROVER, 'P'},      {ROLE_PUBLISHER, 'B'}, {ROLE_REPORTER, 'R'}, {ROLE_SUPPLIER, 'S'},
                 {ROLE_DESK, 'D'}};
    int asked = 0, allowed = 0;
    for (int o = 0; o < OBJECT_MAX_; o++)
        for (int v = 0; v < VERB_MAX_; v++)
            for (size_t p = 0; p < ARRAY_SIZE(roles) * ARRAY_SIZE(wheres); p++)
                for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                    const struct where *w = &wheres[p % ARRAY_SIZE(wheres)];
                    const struct kind *k = &kinds[i];
                    enum room_role role = roles[p / ARRAY_SIZE(wheres)].role;
                    char letter = roles[p / ARRAY_SIZE(wheres)].letter;
                    bool everywhere = !w->incident && !w->organisation;
                    struct room_actor a = {.role = everywhere ? role : ROLE_REPORTER, .person = ME};
                    if (!everywhere) {
                        a.grants[a.n_grants++] = (struct room_grant){.id = 1, .role = role, .incident = w->incident, .organisation = w->organisation};
                        snprintf(a.grants[0].lane, sizeof a.grants[0].lane, "%s", role == ROLE_SUPPLIER ? "external" : "");
                    }
                    struct room_row row = {.object = (enum room_object) o, .tlp = k->tlp, .need_to_know = k->need_to_know, .id = k->list ? 0 : 3,
                                           .incident = k->list ? 0 : CASE, .n_parties = k->list ? 0 : 2, .parties = {OURS, ABOVE},
                                           .owner = k->own ? ME : 8, .commander = k->commander ? ME : 0};
                    snprintf(row.lane, sizeof row.lane, "%s", k->lane ? k->lane : "");
                    bool want = expected(promise(row.object, (enum room_verb) v), letter, w, k, row.object, (enum room_verb) v);
                    if (room_may(&a, (enum room_verb) v, &row) != want)
                        fail_msg("%s %s %s %s (%s): wanted %d", room_role_to_string(role), w->name, room_verb_to_string((enum room_verb) v),
                                 room_object_to_string(row.object), k->name, want);
                    asked++;
                    allowed += want;
                }
    assert_int_equal(asked, OBJECT_MAX_ * VERB_MAX_ * 9 * 6 * 12);
    assert_in_range(allowed, asked / 100, asked / 4);
}

/* Two roles at once: what one of them may. */
static void several_roles_add_up(void **state UNUSED) {
    struct room_row action = {.object = OBJECT_ACTION, .id = 1, .incident = CASE, .tlp = TLP_AMBER}, chain = {.object = OBJECT_AUDIT};
    struct room_actor a = {.role = ROLE_AUDITOR, .also = 1u << ROLE_APPROVER, .person = ME};
    assert_true(room_may(&a, VERB_APPROVE, &action) && room_may(&a, VERB_READ, &chain));
    a.also = 0;
    assert_false(room_may(&a, VERB_APPROVE, &action));
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
    chain_holds(f);
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

UNIT_GROUP(room_may, cmocka_unit_test(the_whole_matrix), cmocka_unit_test(several_roles_add_up), cmocka_unit_test(nobody_may_nothing),
           cmocka_unit_test(machines_do_not_decide),
           cmocka_unit_test(a_refusal_stands_in_the_chain), cmocka_unit_test(red_is_for_names),
           cmocka_unit_test(the_second_of_two_edits_is_refused))
