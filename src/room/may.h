/* Who may do what: one table, one function, asked by every route and inside every write. */
#pragma once
#include "room/room.h"

#define ROOM_OBJECTS(X)                                                                            \
    X(SELF, "self")                                                                                \
    X(PERSON, "person")                                                                            \
    X(SESSION, "session")                                                                          \
    X(GRANT, "role_grant")                                                                         \
    X(PARTY, "incident_party")                                                                     \
    X(JOINT, "joint")                                                                              \
    X(SEEN, "seen")                                                                                \
    X(LINK, "link")                                                                                \
    X(NOW, "now")                                                                                  \
    X(INCIDENT, "incident")                                                                        \
    X(TIMELINE, "timeline")                                                                        \
    X(LANE, "lane")                                                                                \
    X(FALSE_ALARM, "false_alarm")                                                                  \
    X(TRIAGE, "triage")                                                                            \
    X(FINDING, "finding")                                                                          \
    X(ACCOUNT, "account")                                                                          \
    X(EVIDENCE, "evidence")                                                                        \
    X(ACTION, "action")                                                                            \
    X(ORDER, "hand_order")                                                                         \
    X(REPORT, "report")                                                                            \
    X(SOURCE, "source")                                                                            \
    X(HUNT, "hunt")                                                                                \
    X(RULE, "rule")                                                                                \
    X(SERVICE, "service")                                                                          \
    X(WATCH, "watch")                                                                              \
    X(REGISTER, "register")                                                                        \
    X(IMPORT, "register_import")                                                                   \
    X(APART, "apart")                                                                              \
    X(PLAYBOOK, "playbook")                                                                        \
    X(RUN, "run")                                                                                  \
    X(TASK, "task")                                                                                \
    X(MAIL, "mail_report")                                                                         \
    X(DEED, "deed")                                                                                \
    X(PERSON_REPORT, "person_report")                                                              \
    X(SLIP_NOTE, "slip_note")                                                                      \
    X(CONSUMER, "list_consumer")                                                                   \
    X(TIP, "tip")                                                                                  \
    X(MEANS, "means")                                                                              \
    X(LEVEL, "alert_level")                                                                        \
    X(INFO, "info_report")                                                                         \
    X(MESSAGE, "message")                                                                         \
    X(AUDIT, "audit")                                                                              \
    X(DUTY, "duty")                                                                                \
    X(AUTHORITY, "authority")                                                                      \
    X(LEND, "lend")                                                                                \
    X(CONSULT, "consult")                                                                          \
    X(AGREEMENT, "agreement")                                                                      \
    X(DECISION, "decision")                                                                        \
    X(CALLOUT, "callout")                                                                          \
    X(CALL, "call")                                                                                \
    X(SHEET, "sheet")                                                                              \
    X(SHEET_LINE, "sheet_line")                                                                    \
    X(BLANK, "blank")                                                                              \
    X(SUBMISSION, "submission")                                                                    \
    X(OBLIGATION, "obligation")                                                                    \
    X(DATAFILE, "datafile")                                                                        \
    X(FACT, "fact")                                                                                \
    X(SCOPE, "scope_run")                                                                        \
    X(SCOPE_FILE, "scope_file")                                                                  \
    X(CASE_ROW, "case_row")                                                                      \
    X(PUBLICATION, "publication")                                                                  \
    X(OUTGOING, "outgoing")                                                                        \
    X(RECIPIENT, "recipient")                                                                      \
    X(CONTACT, "contact")                                                                          \
    X(ANSWER, "answer")                                                                            \
    X(DESK, "desk")                                                                                \
    X(PROMISE, "promise")                                                                          \
    X(MERGE, "incident_merge")                                                                     \
    X(ATTACHMENT, "attachment")                                                                    \
    X(HANDOVER, "handover")                                                                        \
    X(CAMPAIGN, "campaign")                                                                        \
    X(TARGET, "campaign_target")                                                                   \
    X(TOLD, "campaign_told")                                                                       \
    X(TIGHTENING, "tightening")                                                                    \
    X(PACK_DRAFT, "pack_draft")                                                                    \
    X(MEASURED, "measured")                                                                        \
    X(ATTESTED, "attested")                                                                        \
    X(FOLLOWUP, "followup")                                                                        \
    X(REPLAYED, "replayed")                                                                        \
    X(READINESS, "readiness")                                                                      \
    X(PACK, "pack")                                                                                \
    X(DEMO, "demo")
#define ROOM_VERBS(X)                                                                              \
    X(READ, "read")                                                                                \
    X(CREATE, "create")                                                                            \
    X(CHANGE, "change")                                                                            \
    X(DELETE, "delete")                                                                            \
    X(OPEN, "open")                                                                                \
    X(APPROVE, "approve")                                                                          \
    X(REJECT, "reject")                                                                            \
    X(UNDO, "undo")                                                                                \
    X(EXTEND, "extend")                                                                            \
    X(TRY, "try")                                                                                  \
    X(VERIFY, "verify")                                                                            \
    X(SIGN_IN, "sign_in")                                                                          \
    X(SIGN_OUT, "sign_out")

enum room_object {
#define X(id, name) OBJECT_##id,
    ROOM_OBJECTS(X)
#undef X
        OBJECT_MAX_
};
enum room_verb {
#define X(id, name) VERB_##id,
    ROOM_VERBS(X)
#undef X
        VERB_MAX_
};
const char *room_object_to_string(enum room_object o); /* also the table's name where it has one */
const char *room_verb_to_string(enum room_verb v);

#define ROOM_PARTIES_MAX 64 /* what does not fit is not shared */
/* What a decision is made from. A list or a new row without a case has id 0 and the defaults. */
struct room_row {
    enum room_object object;
    int64_t id;
    int64_t incident;  /* 0 = none */
    enum room_tlp tlp; /* the stricter of the row's and its case's */
    enum room_class info_class;
    int64_t owner;     /* person or 0 */
    int64_t commander; /* of the case; person or 0 */
    bool need_to_know; /* the case is for those who are named */
    char lane[ROOM_LANE_CAP]; /* of a timeline's row; empty: all of them */
    size_t n_parties;
    int64_t parties[ROOM_PARTIES_MAX]; /* organisations that share the case, and those above them */
    int64_t version;
    int64_t updated_at_ns;
    char updated_by[ROOM_BY_CAP];
};

bool room_may(const struct room_actor *person, enum room_verb verb, const struct room_row *row);
/* Not even that it exists is told: a need-to-know case, for somebody who is not named. */
bool room_is_hidden(const struct room_actor *person, const struct room_row *row);
/* Whether this stored row may be read: the row, and the case it belongs to. 1, 0 or an error; no such row: 0. For lists, which ask
 * of each of their rows. */
int room_may_read(struct room *r, const struct room_actor *person, enum room_object object, int64_t id, struct diag *reterr) MUST_USE;
/* The roles of persons that may, joined by spaces ("administrator handler"), for a refusal's
 * sentence. */
const char *room_who_may(enum room_verb verb, enum room_object object, char *dst, size_t cap);
/* 0 and *ret, or -ENOENT. For objects without a table, or id 0, the defaults. */
int room_row_load(struct room *r, enum room_object object, int64_t id, struct room_row *ret,
                  struct diag *reterr) MUST_USE;
