#include "room/may.h"

#define BIT(x) (1u << (x))
#define ADMIN BIT(ROLE_ADMINISTRATOR)
#define HANDLER BIT(ROLE_HANDLER)
#define AUDITOR BIT(ROLE_AUDITOR)
#define SYSTEM BIT(ROLE_SYSTEM)
#define SENSOR BIT(ROLE_SENSOR)
#define HAND BIT(ROLE_HAND)
#define COMMANDER BIT(ROLE_COMMANDER) /* has what a handler has: roles_for */
#define APPROVER BIT(ROLE_APPROVER)
#define PUBLISHER BIT(ROLE_PUBLISHER)
#define SUPPLIER BIT(ROLE_SUPPLIER)
#define DESK BIT(ROLE_DESK)
#define EVERYBODY (ADMIN | HANDLER | AUDITOR | APPROVER | PUBLISHER)
#define OTHERS BIT(ROLE_MAX_) /* of another organisation: somebody with a role below one */
#define ANYONE (EVERYBODY | BIT(ROLE_REPORTER) | SUPPLIER | DESK)
#define READ BIT(VERB_READ)
#define CREATE BIT(VERB_CREATE)
#define CHANGE BIT(VERB_CHANGE)
#define DELETE BIT(VERB_DELETE)

enum room_condition {
    MAY_ALWAYS,
    MAY_OWN,        /* the row is this person's */
    MAY_UNLESS_RED, /* TLP:RED is for the commander and the owner by name */
    MAY_IN_COMMAND, /* as the commander of the case */
    MAY_IN_LANE,    /* asked into the case, for this lane */
    MAY_IF_GREEN,   /* somebody's of another organisation: TLP:GREEN and CLEAR */
};
struct room_permission {
    unsigned roles; /* bits 1 << enum room_role */
    enum room_object object;
    unsigned verbs; /* bits 1 << enum room_verb */
    enum room_condition when;
};

/* docs/room.md prints this table in words; a test holds the two together. What no row allows is
 * refused. */
static const struct room_permission permissions[] = {
    {ANYONE, OBJECT_SELF, READ | CHANGE, MAY_ALWAYS},
    {EVERYBODY, OBJECT_NOW, READ, MAY_ALWAYS},
    {ANYONE, OBJECT_SESSION, BIT(VERB_SIGN_OUT) | CHANGE, MAY_OWN},
    {SYSTEM, OBJECT_SESSION, CREATE | CHANGE | DELETE | BIT(VERB_SIGN_IN), MAY_ALWAYS},

    {EVERYBODY, OBJECT_PERSON, READ, MAY_ALWAYS},
    {ANYONE, OBJECT_PERSON, BIT(VERB_OPEN), MAY_OWN}, /* own language and last look */
    {ADMIN | SYSTEM, OBJECT_PERSON, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN | SYSTEM, OBJECT_LINK, CREATE, MAY_ALWAYS},
    /* who may know of a case, and who shares it */
    {ADMIN, OBJECT_GRANT, READ | CREATE | DELETE, MAY_ALWAYS},
    {COMMANDER, OBJECT_GRANT, CREATE | DELETE, MAY_IN_COMMAND},
    {HANDLER | AUDITOR | APPROVER | PUBLISHER, OBJECT_GRANT, READ, MAY_UNLESS_RED},
    {ADMIN, OBJECT_PARTY, CREATE | DELETE, MAY_ALWAYS},
    {COMMANDER, OBJECT_PARTY, CREATE | DELETE, MAY_IN_COMMAND},
    {ADMIN, OBJECT_PARTY, CHANGE, MAY_ALWAYS}, /* how a company that shares the case is doing */
    {HANDLER | PUBLISHER, OBJECT_PARTY, CHANGE, MAY_UNLESS_RED},
    {ADMIN, OBJECT_JOINT, CREATE | CHANGE, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_JOINT, CREATE | CHANGE, MAY_UNLESS_RED},
    {ADMIN | AUDITOR, OBJECT_SEEN, CREATE | CHANGE, MAY_ALWAYS}, /* one's own mark: room_seen asks for no other's */
    {HANDLER | APPROVER | PUBLISHER, OBJECT_SEEN, CREATE | CHANGE, MAY_UNLESS_RED},
    {SYSTEM, OBJECT_LINK, CHANGE | DELETE, MAY_ALWAYS},

    {ADMIN | AUDITOR, OBJECT_INCIDENT, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_INCIDENT, READ, MAY_UNLESS_RED},
    {ADMIN, OBJECT_INCIDENT, CHANGE | BIT(VERB_OPEN), MAY_ALWAYS},
    {ADMIN | HANDLER, OBJECT_INCIDENT, CREATE, MAY_ALWAYS}, /* out of what people told; rules open the others */
    {HANDLER, OBJECT_INCIDENT, CHANGE | BIT(VERB_OPEN), MAY_UNLESS_RED},
    {APPROVER | PUBLISHER, OBJECT_INCIDENT, READ, MAY_UNLESS_RED},
    {APPROVER, OBJECT_INCIDENT, BIT(VERB_OPEN), MAY_UNLESS_RED}, /* who decides before anybody looked is the first person */
    {OTHERS, OBJECT_INCIDENT, READ, MAY_IF_GREEN},
    {OTHERS, OBJECT_TIMELINE, READ, MAY_IF_GREEN},
    {SENSOR | SYSTEM, OBJECT_INCIDENT, CREATE | CHANGE, MAY_ALWAYS},
    {HAND, OBJECT_INCIDENT, CHANGE, MAY_ALWAYS},

    {ADMIN | AUDITOR, OBJECT_TIMELINE, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_TIMELINE, READ | CREATE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_TIMELINE, READ | CREATE, MAY_UNLESS_RED},
    {SUPPLIER, OBJECT_TIMELINE, READ | CREATE, MAY_IN_LANE},
    {ADMIN | SENSOR | SYSTEM | HAND, OBJECT_TIMELINE, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN, OBJECT_FALSE_ALARM, CREATE | BIT(VERB_UNDO), MAY_ALWAYS},
    {HANDLER, OBJECT_FALSE_ALARM, CREATE | BIT(VERB_UNDO), MAY_UNLESS_RED},
    {ADMIN | AUDITOR, OBJECT_TRIAGE, READ, MAY_ALWAYS},
    {HANDLER | APPROVER, OBJECT_TRIAGE, READ, MAY_ALWAYS}, /* numbers of cases anybody may see */
    {ADMIN, OBJECT_LANE, CREATE, MAY_ALWAYS},
    {HANDLER, OBJECT_LANE, CREATE, MAY_UNLESS_RED},
    {SENSOR | SYSTEM, OBJECT_LANE, CHANGE, MAY_ALWAYS}, /* two cases become one */

    {ADMIN | AUDITOR, OBJECT_FINDING, READ, MAY_ALWAYS},
    {HANDLER | APPROVER, OBJECT_FINDING, READ, MAY_UNLESS_RED},
    {SENSOR | SYSTEM, OBJECT_FINDING, CREATE | CHANGE, MAY_ALWAYS},

    /* Names of members' accounts and the lines behind them: what an auditor checks is who did what.
     */
    {ADMIN, OBJECT_ACCOUNT, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_ACCOUNT, READ, MAY_UNLESS_RED},
    {SENSOR | SYSTEM, OBJECT_ACCOUNT, CREATE | CHANGE, MAY_ALWAYS},
    {SYSTEM, OBJECT_ACCOUNT, DELETE, MAY_ALWAYS},
    {ADMIN, OBJECT_EVIDENCE, READ | CREATE, MAY_ALWAYS}, /* CREATE: write it as files that leave */
    {HANDLER, OBJECT_EVIDENCE, READ | CREATE, MAY_UNLESS_RED},

    {ADMIN | AUDITOR, OBJECT_ACTION, READ, MAY_ALWAYS},
    {HANDLER | APPROVER, OBJECT_ACTION, READ, MAY_UNLESS_RED},
    {ADMIN, OBJECT_ACTION, BIT(VERB_APPROVE) | BIT(VERB_REJECT) | BIT(VERB_UNDO) | BIT(VERB_EXTEND),
     MAY_ALWAYS},
    {HANDLER | APPROVER, OBJECT_ACTION,
     BIT(VERB_APPROVE) | BIT(VERB_REJECT) | BIT(VERB_UNDO) | BIT(VERB_EXTEND), MAY_UNLESS_RED},
    {SENSOR, OBJECT_ACTION, CREATE | CHANGE, MAY_ALWAYS},
    {SYSTEM, OBJECT_ACTION, CREATE | CHANGE | BIT(VERB_APPROVE), MAY_ALWAYS},
    {HAND, OBJECT_ACTION, CHANGE, MAY_ALWAYS},
    {ADMIN | AUDITOR, OBJECT_DEED, READ, MAY_ALWAYS},
    {HANDLER | APPROVER, OBJECT_DEED, READ, MAY_UNLESS_RED},
    {APPROVER, OBJECT_DEED, BIT(VERB_APPROVE) | BIT(VERB_REJECT) | BIT(VERB_UNDO), MAY_UNLESS_RED},
    {ADMIN, OBJECT_DEED, CREATE | CHANGE | BIT(VERB_APPROVE) | BIT(VERB_REJECT) | BIT(VERB_UNDO), MAY_ALWAYS},
    {HANDLER, OBJECT_DEED, CREATE | CHANGE | BIT(VERB_APPROVE) | BIT(VERB_REJECT) | BIT(VERB_UNDO), MAY_UNLESS_RED},
    {SYSTEM, OBJECT_DEED, CREATE | CHANGE, MAY_ALWAYS},
    {HAND, OBJECT_DEED, CHANGE, MAY_ALWAYS},
    /* who fetches what is blocked; a fetch is the system's write */
    {ADMIN | HANDLER | AUDITOR, OBJECT_CONSUMER, READ, MAY_ALWAYS},
    {ADMIN, OBJECT_CONSUMER, CREATE | CHANGE, MAY_ALWAYS},
    {SYSTEM, OBJECT_CONSUMER, CHANGE, MAY_ALWAYS},
    /* An order is written by the system once an action was approved; nobody writes one by hand. */
    {SYSTEM, OBJECT_ORDER, CREATE | CHANGE, MAY_ALWAYS},
    {HAND, OBJECT_ORDER, CHANGE, MAY_ALWAYS},

    {EVERYBODY, OBJECT_SOURCE, READ, MAY_ALWAYS},
    /* logs hold the names of members; every search stands in the chain */
    {ADMIN | HANDLER, OBJECT_HUNT, READ | CREATE | CHANGE, MAY_ALWAYS},
    {SYSTEM, OBJECT_HUNT, CREATE | CHANGE, MAY_ALWAYS}, /* for new indicators, and their ends */
    {EVERYBODY, OBJECT_RULE, READ, MAY_ALWAYS},
    {ADMIN | HANDLER, OBJECT_RULE, CHANGE | BIT(VERB_TRY), MAY_ALWAYS},
    {EVERYBODY, OBJECT_REGISTER, READ, MAY_ALWAYS},
    {ADMIN | HANDLER | SYSTEM, OBJECT_REGISTER, CREATE | CHANGE | DELETE, MAY_ALWAYS},
    {EVERYBODY, OBJECT_IMPORT, READ, MAY_ALWAYS},
    {ADMIN | HANDLER | SYSTEM, OBJECT_IMPORT, CREATE | CHANGE | BIT(VERB_UNDO), MAY_ALWAYS},
    {SENSOR, OBJECT_REPORT, CREATE | CHANGE, MAY_ALWAYS},
    {EVERYBODY, OBJECT_SERVICE, READ, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_SERVICE, CREATE | CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_WATCH, CREATE, MAY_ALWAYS},
    /* follows from a change of a case by a person, who is asked for that */
    {SENSOR | SYSTEM, OBJECT_APART, CREATE | CHANGE, MAY_ALWAYS},

    {EVERYBODY, OBJECT_PLAYBOOK, READ, MAY_ALWAYS},
    {ADMIN | HANDLER, OBJECT_PLAYBOOK, CREATE | CHANGE | BIT(VERB_TRY), MAY_ALWAYS},
    {SYSTEM, OBJECT_PLAYBOOK, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN | AUDITOR, OBJECT_RUN, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_RUN, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_RUN, READ, MAY_UNLESS_RED},
    {ADMIN | SENSOR | SYSTEM, OBJECT_RUN, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN | AUDITOR, OBJECT_TASK, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_TASK, READ | CREATE | CHANGE | BIT(VERB_APPROVE), MAY_UNLESS_RED},
    {APPROVER, OBJECT_TASK, READ | CHANGE | BIT(VERB_APPROVE), MAY_UNLESS_RED}, /* steps that ask for an authority: theirs */
    {ADMIN, OBJECT_TASK, BIT(VERB_APPROVE), MAY_ALWAYS},
    {ADMIN | SYSTEM, OBJECT_TASK, CREATE | CHANGE, MAY_ALWAYS},
    {SENSOR, OBJECT_TASK, CHANGE, MAY_ALWAYS}, /* two cases become one */
    {EVERYBODY, OBJECT_DUTY, READ, MAY_ALWAYS},
    {ADMIN | AUDITOR, OBJECT_AUTHORITY, READ, MAY_ALWAYS},
    {HANDLER | APPROVER | PUBLISHER, OBJECT_AUTHORITY, READ, MAY_UNLESS_RED}, /* of a case: it names the service */
    /* who may lend is asked of the table of authority besides */
    {ADMIN | HANDLER | APPROVER, OBJECT_LEND, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN, OBJECT_CONSULT, CREATE, MAY_ALWAYS},
    {HANDLER, OBJECT_CONSULT, CREATE, MAY_UNLESS_RED},
    {ADMIN, OBJECT_AGREEMENT, CREATE, MAY_ALWAYS},
    {HANDLER, OBJECT_AGREEMENT, CREATE, MAY_UNLESS_RED},
    {ADMIN | AUDITOR, OBJECT_DECISION, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_DECISION, READ | CREATE | BIT(VERB_APPROVE), MAY_UNLESS_RED},
    {ADMIN, OBJECT_DECISION, CREATE | BIT(VERB_APPROVE), MAY_ALWAYS},
    {APPROVER, OBJECT_DECISION, READ | BIT(VERB_APPROVE), MAY_UNLESS_RED},
    {APPROVER, OBJECT_AGREEMENT, CREATE, MAY_UNLESS_RED},
    {SENSOR | SYSTEM, OBJECT_DECISION, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN | AUDITOR, OBJECT_CALLOUT, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_CALLOUT, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {ADMIN | SYSTEM, OBJECT_CALLOUT, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN | SYSTEM, OBJECT_CALL, CREATE | CHANGE, MAY_ALWAYS},
    {HANDLER, OBJECT_CALL, CREATE | CHANGE, MAY_UNLESS_RED},
    {ADMIN, OBJECT_SHEET, READ | CREATE | CHANGE, MAY_ALWAYS},
    {HANDLER, OBJECT_SHEET, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {SYSTEM, OBJECT_SHEET_LINE, CREATE | CHANGE, MAY_ALWAYS},
    /* how far it reached: names of members, staff and machines */
    {ADMIN, OBJECT_SCOPE, READ | CREATE | CHANGE, MAY_ALWAYS},
    {HANDLER, OBJECT_SCOPE, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {SYSTEM, OBJECT_SCOPE, CREATE, MAY_ALWAYS}, /* the blast radius of an act */
    {SENSOR | SYSTEM, OBJECT_SCOPE, CHANGE, MAY_ALWAYS}, /* ended, or two cases become one */
    {ADMIN | HANDLER, OBJECT_SCOPE_FILE, CREATE | CHANGE, MAY_ALWAYS},
    /* copies asked back, stages of recovery, conditions of closing, things taken into custody */
    {ADMIN | AUDITOR, OBJECT_CASE_ROW, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_CASE_ROW, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {ADMIN, OBJECT_CASE_ROW, CREATE | CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_CASE_ROW, CREATE | CHANGE, MAY_ALWAYS},
    /* two cases become one, and two again: what belongs to them moves */
    {SENSOR | SYSTEM, OBJECT_MERGE, CREATE, MAY_ALWAYS},
    {ADMIN, OBJECT_MERGE, BIT(VERB_UNDO), MAY_ALWAYS},
    {HANDLER, OBJECT_MERGE, BIT(VERB_UNDO), MAY_UNLESS_RED},
    {SENSOR | SYSTEM, OBJECT_DEED, CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_CONSULT, CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_AGREEMENT, CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_CALLOUT, CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_SHEET, CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_CAMPAIGN, CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_TIGHTENING, CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_HANDOVER, CHANGE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_ATTACHMENT, CHANGE, MAY_ALWAYS},
    {SYSTEM, OBJECT_ATTACHMENT, CREATE, MAY_ALWAYS}, /* a photo that came by a link */
    /* photos and files of things in custody, papers that came back for what was submitted */
    {ADMIN | AUDITOR, OBJECT_ATTACHMENT, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_ATTACHMENT, READ | CREATE, MAY_UNLESS_RED},
    {ADMIN, OBJECT_ATTACHMENT, CREATE, MAY_ALWAYS},
    /* what who goes off duty tells who comes on */
    {ADMIN | AUDITOR, OBJECT_HANDOVER, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_HANDOVER, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {ADMIN, OBJECT_HANDOVER, CREATE | CHANGE, MAY_ALWAYS},

    /* what is known of a case and may be said outside; whoever publishes enters some of it, whoever approves reads it */
    {ADMIN | AUDITOR, OBJECT_FACT, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_FACT, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_FACT, READ, MAY_UNLESS_RED},
    {ADMIN | SENSOR | SYSTEM, OBJECT_FACT, CREATE | CHANGE, MAY_ALWAYS}, /* the machines: two cases become one */

    {EVERYBODY, OBJECT_DATAFILE, READ, MAY_ALWAYS}, /* which duties and forms there are */
    {ADMIN | HANDLER | SYSTEM, OBJECT_DATAFILE, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN | AUDITOR, OBJECT_OBLIGATION, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_OBLIGATION, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_OBLIGATION, READ, MAY_UNLESS_RED},
    {ADMIN | SENSOR | SYSTEM, OBJECT_OBLIGATION, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN | AUDITOR, OBJECT_SUBMISSION, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_SUBMISSION, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_SUBMISSION, READ, MAY_UNLESS_RED},
    {ADMIN | SENSOR | SYSTEM, OBJECT_SUBMISSION, CREATE | CHANGE, MAY_ALWAYS},
    {EVERYBODY, OBJECT_BLANK, READ, MAY_ALWAYS},
    {ADMIN | HANDLER, OBJECT_BLANK, CREATE, MAY_ALWAYS},

    /* of the mail and of who reported it */
    {ADMIN, OBJECT_MAIL, READ | CHANGE, MAY_ALWAYS},
    {HANDLER, OBJECT_MAIL, READ | CHANGE, MAY_UNLESS_RED},
    {SYSTEM, OBJECT_MAIL, CREATE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_MAIL, CHANGE, MAY_ALWAYS}, /* two cases become one */
    /* what people reported, who did, and what was said about it; anybody may report, signed in or not */
    {ADMIN, OBJECT_PERSON_REPORT, READ | CHANGE, MAY_ALWAYS},
    {HANDLER, OBJECT_PERSON_REPORT, READ | CHANGE, MAY_UNLESS_RED},
    {ANYONE | SYSTEM, OBJECT_PERSON_REPORT, CREATE, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_PERSON_REPORT, CHANGE, MAY_ALWAYS},
    /* tips from outside, and what is handed on to many */
    {ADMIN, OBJECT_TIP, READ | CREATE | CHANGE, MAY_ALWAYS},
    {HANDLER, OBJECT_TIP, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {AUDITOR, OBJECT_TIP, READ, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_TIP, CHANGE, MAY_ALWAYS},
    /* what is told the ministry in charge, near misses too */
    {ADMIN, OBJECT_INFO, READ | CREATE | CHANGE, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_INFO, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {AUDITOR, OBJECT_INFO, READ, MAY_ALWAYS},
    {APPROVER, OBJECT_INFO, READ, MAY_UNLESS_RED},
    {SENSOR | SYSTEM, OBJECT_INFO, CHANGE, MAY_ALWAYS}, /* two cases become one */
    {PUBLISHER, OBJECT_SLIP_NOTE, CREATE, MAY_UNLESS_RED},
    {ADMIN | SYSTEM, OBJECT_SLIP_NOTE, CREATE, MAY_ALWAYS},
    {HANDLER, OBJECT_SLIP_NOTE, CREATE, MAY_UNLESS_RED},
    /* who was told what, and whether they took it; addresses of persons stand in it */
    {ADMIN, OBJECT_MESSAGE, READ | CREATE | CHANGE, MAY_ALWAYS},
    {HANDLER, OBJECT_MESSAGE, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {AUDITOR, OBJECT_MESSAGE, READ, MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_MESSAGE, CREATE | CHANGE, MAY_ALWAYS},
    /* each of these must answer, by a date: names of persons and what they said */
    {ADMIN | AUDITOR, OBJECT_CAMPAIGN, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_CAMPAIGN, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {ADMIN | SYSTEM, OBJECT_CAMPAIGN, CREATE | CHANGE, MAY_ALWAYS},
    {HANDLER, OBJECT_TARGET, CREATE | CHANGE, MAY_UNLESS_RED},
    {ADMIN | SYSTEM, OBJECT_TARGET, CREATE | CHANGE, MAY_ALWAYS},
    {SYSTEM, OBJECT_TOLD, CREATE, MAY_ALWAYS},
    /* what is said to everybody, and what somebody outside was promised; to publish is a decision, which the table of authority is asked about */
    {ADMIN | AUDITOR, OBJECT_PUBLICATION, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_PUBLICATION, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_PUBLICATION, READ | CHANGE, MAY_UNLESS_RED},
    {ADMIN | SENSOR | SYSTEM, OBJECT_PUBLICATION, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN | AUDITOR, OBJECT_PROMISE, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER | APPROVER, OBJECT_PROMISE, READ, MAY_UNLESS_RED},
    {SENSOR | SYSTEM, OBJECT_PROMISE, CREATE | CHANGE, MAY_ALWAYS},
    /* what is sent to named recipients, whose names and addresses stand in it, and who was told what */
    {ADMIN | AUDITOR, OBJECT_OUTGOING, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_OUTGOING, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_OUTGOING, READ | CHANGE, MAY_UNLESS_RED},
    {ADMIN | SENSOR | SYSTEM, OBJECT_OUTGOING, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN, OBJECT_RECIPIENT, READ | CREATE | CHANGE, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_RECIPIENT, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {SYSTEM, OBJECT_RECIPIENT, CREATE | CHANGE, MAY_ALWAYS},
    {ADMIN | AUDITOR, OBJECT_CONTACT, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_CONTACT, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_CONTACT, READ, MAY_UNLESS_RED},
    {ADMIN | SENSOR | SYSTEM, OBJECT_CONTACT, CREATE | CHANGE, MAY_ALWAYS},
    /* questions with their answers; the desk reads what is approved, counts, and passes on what has no answer */
    {ADMIN | AUDITOR, OBJECT_ANSWER, READ, MAY_ALWAYS},
    {HANDLER | PUBLISHER, OBJECT_ANSWER, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_ANSWER, READ | CHANGE, MAY_UNLESS_RED},
    {ADMIN | SENSOR | SYSTEM, OBJECT_ANSWER, CREATE | CHANGE, MAY_ALWAYS},
    {EVERYBODY | DESK, OBJECT_DESK, READ, MAY_ALWAYS},
    {ADMIN | HANDLER | PUBLISHER | DESK, OBJECT_DESK, CREATE, MAY_ALWAYS},
    /* what is noticed more easily until a date */
    {ADMIN | AUDITOR, OBJECT_TIGHTENING, READ, MAY_ALWAYS},
    {HANDLER | APPROVER, OBJECT_TIGHTENING, READ, MAY_UNLESS_RED},
    {HANDLER, OBJECT_TIGHTENING, CREATE | CHANGE, MAY_UNLESS_RED},
    {ADMIN | SYSTEM, OBJECT_TIGHTENING, CREATE | CHANGE, MAY_ALWAYS},
    /* money, other means, experts, a ransom */
    {ADMIN | AUDITOR, OBJECT_MEANS, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_MEANS, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER | PUBLISHER, OBJECT_MEANS, READ, MAY_UNLESS_RED},
    {ADMIN | SYSTEM, OBJECT_MEANS, CREATE | CHANGE, MAY_ALWAYS},
    {SENSOR, OBJECT_MEANS, CHANGE, MAY_ALWAYS}, /* two cases become one */
    /* what one is on guard against; who may decide it is asked of the table of authority besides */
    {ADMIN | AUDITOR, OBJECT_LEVEL, READ, MAY_ALWAYS},
    {HANDLER | APPROVER, OBJECT_LEVEL, READ | CHANGE, MAY_UNLESS_RED},
    {HANDLER, OBJECT_LEVEL, CREATE, MAY_UNLESS_RED},
    {PUBLISHER, OBJECT_LEVEL, READ, MAY_UNLESS_RED},
    {ADMIN | SYSTEM, OBJECT_LEVEL, CREATE | CHANGE, MAY_ALWAYS},
    {SENSOR, OBJECT_LEVEL, CHANGE, MAY_ALWAYS}, /* two cases become one */
    {ADMIN | AUDITOR, OBJECT_AUDIT, READ | BIT(VERB_VERIFY), MAY_ALWAYS},
    {EVERYBODY, OBJECT_PACK, READ, MAY_ALWAYS},
    /* a lesson made of a case; whose case it was stands in it until it is approved */
    {ADMIN | AUDITOR, OBJECT_PACK_DRAFT, READ, MAY_ALWAYS},
    {HANDLER, OBJECT_PACK_DRAFT, READ | CREATE | CHANGE, MAY_UNLESS_RED},
    {APPROVER, OBJECT_PACK_DRAFT, READ | BIT(VERB_APPROVE), MAY_UNLESS_RED},
    {ADMIN, OBJECT_PACK_DRAFT, CREATE | CHANGE | BIT(VERB_APPROVE), MAY_ALWAYS},
    {SENSOR | SYSTEM, OBJECT_PACK_DRAFT, CHANGE, MAY_ALWAYS}, /* two cases become one */
    {EVERYBODY, OBJECT_READINESS, READ, MAY_ALWAYS},
    {ADMIN | HANDLER, OBJECT_READINESS, BIT(VERB_TRY), MAY_ALWAYS}, /* measure now */
    {SYSTEM, OBJECT_READINESS, CREATE | CHANGE, MAY_ALWAYS},
    {SYSTEM, OBJECT_MEASURED, CREATE | CHANGE, MAY_ALWAYS},
    {SYSTEM, OBJECT_REPLAYED, CREATE, MAY_ALWAYS},
    {ADMIN | HANDLER | APPROVER, OBJECT_ATTESTED, CREATE, MAY_ALWAYS},
    {EVERYBODY, OBJECT_FOLLOWUP, READ, MAY_ALWAYS},
    {ADMIN | HANDLER | APPROVER | SYSTEM, OBJECT_FOLLOWUP, CREATE | CHANGE, MAY_ALWAYS},
    {EVERYBODY, OBJECT_DEMO, READ, MAY_ALWAYS},
    {ADMIN | HANDLER, OBJECT_DEMO, CREATE | DELETE, MAY_ALWAYS},
};

static const char *const objects[OBJECT_MAX_] = {
#define X(id, name) [OBJECT_##id] = name,
    ROOM_OBJECTS(X)
#undef X
};
static const char *const verbs[VERB_MAX_] = {
#define X(id, name) [VERB_##id] = name,
    ROOM_VERBS(X)
#undef X
};
const char *room_object_to_string(enum room_object o) {
    ASSERT((unsigned) o < OBJECT_MAX_);
    return objects[o];
}

const char *room_verb_to_string(enum room_verb v) {
    ASSERT((unsigned) v < VERB_MAX_);
    return verbs[v];
}

static bool is_named(const struct room_actor *a, const struct room_row *row) {
    if (a->person != 0 && (row->commander == a->person || row->owner == a->person))
        return true;
    for (size_t i = 0; i < a->n_grants; i++)
        if (a->grants[i].incident && a->grants[i].incident == row->incident)
            return true;
    return false;
}

/* Its lane of this case; a row without a lane is the case's timeline as a whole, of which the rest is left out. */
static bool in_lane(const struct room_actor *a, const struct room_row *row) {
    for (size_t i = 0; row->incident && i < a->n_grants; i++)
        if (a->grants[i].incident == row->incident && a->grants[i].role == ROLE_SUPPLIER && (!row->lane[0] || strcmp(a->grants[i].lane, row->lane) == 0))
            return true;
    return false;
}

static bool holds(enum room_condition when, const struct room_actor *a,
                  const struct room_row *row) {
    switch (when) {
    case MAY_ALWAYS:
        return true;
    case MAY_OWN:
        return a->person != 0 && row->owner == a->person;
    case MAY_UNLESS_RED:
        return row->tlp != TLP_RED || is_named(a, row);
    case MAY_IN_COMMAND:
        return a->person != 0 && row->commander == a->person;
    case MAY_IN_LANE:
        return in_lane(a, row);
    case MAY_IF_GREEN:
        return row->tlp <= TLP_GREEN && row->info_class != CLASS_PERSONAL;
    }
    return false;
}

unsigned room_actor_roles(const struct room_actor *a) {
    unsigned roles = BIT(a->role) | a->also;
    return roles & COMMANDER ? roles | HANDLER : roles;
}

static bool covers(const struct room_grant *g, enum room_verb verb, const struct room_row *row) {
    if (!row->incident) /* a list, whose rows are asked one by one, and what belongs to no case */
        return verb == VERB_READ && row->id == 0;
    if (g->incident)
        return g->incident == row->incident;
    for (size_t i = 0; i < row->n_parties; i++)
        if (row->parties[i] == g->organisation)
            return true;
    return false;
}

/* What this person is for this row. */
static unsigned roles_for(const struct room_actor *a, enum room_verb verb, const struct room_row *row) {
    unsigned roles = room_actor_roles(a);
    for (size_t i = 0; i < a->n_grants; i++) {
        if (covers(&a->grants[i], verb, row))
            roles |= BIT(a->grants[i].role);
        if (a->grants[i].organisation && a->grants[i].role != ROLE_REPORTER && a->grants[i].role != ROLE_SUPPLIER && a->grants[i].role != ROLE_DESK)
            roles |= OTHERS;
    }
    return roles & COMMANDER ? roles | HANDLER : roles;
}

bool room_is_hidden(const struct room_actor *person, const struct room_row *row) {
    return row->need_to_know && person->person != 0 && !is_named(person, row);
}

bool room_may(const struct room_actor *person, enum room_verb verb, const struct room_row *row) {
    unsigned roles = roles_for(person, verb, row);
    if (room_is_hidden(person, row))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(permissions); i++) {
        const struct room_permission *p = &permissions[i];
        if (p->object == row->object && (p->roles & roles) && (p->verbs & BIT(verb)) &&
            holds(p->when, person, row))
            return true;
    }
    return false;
}

int room_may_read(struct room *r, const struct room_actor *person, enum room_object object, int64_t id, struct diag *reterr) {
    struct room_row row;
    int e = room_row_load(r, object, id, &row, reterr);
    if (e < 0)
        return e == -ENOENT ? 0 : e;
    if (!room_may(person, VERB_READ, &row))
        return 0;
    row.object = OBJECT_INCIDENT;
    return !row.incident || room_may(person, VERB_READ, &row);
}

const char *room_who_may(enum room_verb verb, enum room_object object, char *dst, size_t cap) {
    unsigned roles = 0;
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(permissions); i++)
        if (permissions[i].object == object && (permissions[i].verbs & BIT(verb)))
            roles |= permissions[i].roles;
    dst[0] = 0;
    for (int role = ROLE_ADMINISTRATOR; role <= ROLE_DESK; role++)
        if ((roles & BIT(role)) && n < cap)
            n += (size_t) snprintf(dst + n, cap - n, "%s%s", n ? " " : "",
                                   room_role_to_string((enum room_role) role));
    return dst;
}
