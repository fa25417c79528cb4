/* Migrations, in order, never edited once they are out. Every table of records begins with the same
 * head; parts (finding_value, action_address) belong to a row that has one. Times are nanoseconds
 * since 1970 in UTC. */
#include "room/schema.h"

#define HEAD(class_)                                                                               \
    "id INTEGER PRIMARY KEY, version INTEGER NOT NULL DEFAULT 0, "                                 \
    "tlp TEXT NOT NULL DEFAULT 'AMBER' CHECK (tlp IN "                                             \
    "('RED','AMBER+STRICT','AMBER','GREEN','CLEAR')), "                                            \
    "info_class TEXT NOT NULL DEFAULT '" class_ "' CHECK (info_class IN "                          \
    "('attack','victim','response','personal')), "                                                 \
    "owner INTEGER REFERENCES person(id), "                                                        \
    "created_at INTEGER NOT NULL DEFAULT 0, created_by TEXT NOT NULL DEFAULT '', "                 \
    "updated_at INTEGER NOT NULL DEFAULT 0, updated_by TEXT NOT NULL DEFAULT '', "
#define OF_INCIDENT "incident_id INTEGER NOT NULL REFERENCES incident(id), "
#define LEVELS "('informational','low','medium','high','critical')"

/* clang-format off: it breaks SQL in the middle of a phrase */
static const char *const first[] = {
    "CREATE TABLE person (" HEAD(
        "personal") "name TEXT NOT NULL UNIQUE, "
                    "role TEXT NOT NULL CHECK (role IN ('administrator','handler','auditor')), "
                    "lang TEXT NOT NULL DEFAULT 'ja', active INTEGER NOT NULL DEFAULT 1, seen_at "
                    "INTEGER, "
                    "look_at INTEGER) STRICT;",

    "CREATE TABLE session (" HEAD("personal") "person_id INTEGER NOT NULL REFERENCES person(id), "
                                              "token_hash TEXT NOT NULL UNIQUE, used_at INTEGER "
                                              "NOT NULL, ended_at INTEGER) STRICT;",

    "CREATE TABLE link (" HEAD("personal") "person_id INTEGER NOT NULL REFERENCES person(id), "
                                           "token_hash TEXT NOT NULL UNIQUE, expires_at INTEGER "
                                           "NOT NULL, used_at INTEGER) STRICT;",

    "CREATE TABLE incident (" HEAD(
        "victim") "number TEXT NOT NULL UNIQUE, "
                  "kind TEXT NOT NULL DEFAULT '', level TEXT NOT NULL CHECK (level IN " LEVELS "), "
                  "level_set INTEGER NOT NULL DEFAULT 0, "
                  "state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open','closed')), "
                  "title_key TEXT NOT NULL DEFAULT 'title.finding', title_params TEXT NOT NULL "
                  "DEFAULT '{}', "
                  "title_plain TEXT, commander INTEGER REFERENCES person(id), "
                  "merged_into INTEGER REFERENCES incident(id), opened_at INTEGER NOT NULL, "
                  "closed_at INTEGER, first_trace_at INTEGER, last_activity_at INTEGER NOT NULL, "
                  "rule_at INTEGER, rule_id TEXT NOT NULL DEFAULT '', rule_title TEXT NOT NULL "
                  "DEFAULT '', "
                  "person_at INTEGER, person_by TEXT, decision_at INTEGER, decision_by TEXT, "
                  "contained_at INTEGER, contained_n INTEGER NOT NULL DEFAULT 0, "
                  "dry_run_n INTEGER NOT NULL DEFAULT 0, stolen_n INTEGER NOT NULL DEFAULT 0, "
                  "drill INTEGER NOT NULL DEFAULT 0) STRICT;"
                  "CREATE INDEX incident_by_state ON incident(state, last_activity_at);",

    "CREATE TABLE finding (" HEAD(
        "attack") "fid TEXT NOT NULL UNIQUE, "
                  "revision INTEGER NOT NULL, incident_id INTEGER REFERENCES incident(id), "
                  "rule_id TEXT NOT NULL, rule_title TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL "
                  "DEFAULT '', "
                  "propose TEXT NOT NULL DEFAULT '', level TEXT NOT NULL CHECK (level IN " LEVELS
                  "), "
                  "state TEXT NOT NULL CHECK (state IN ('open','update','end')), count INTEGER NOT "
                  "NULL, "
                  "first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, detected_at INTEGER NOT "
                  "NULL, "
                  "by_source INTEGER NOT NULL DEFAULT 0, evidence_n INTEGER NOT NULL DEFAULT 0, "
                  "drill INTEGER NOT NULL DEFAULT 0, "
                  "json TEXT NOT NULL) STRICT;"
                  "CREATE INDEX finding_by_incident ON finding(incident_id, last_at);"
                  "CREATE INDEX finding_by_time ON finding(detected_at);"
                  "CREATE INDEX finding_by_rule ON finding(rule_id, detected_at);",

    "CREATE TABLE finding_value (finding_id INTEGER NOT NULL REFERENCES finding(id), "
    "kind TEXT NOT NULL, value TEXT NOT NULL, is_group INTEGER NOT NULL, n INTEGER, "
    "first_at INTEGER, spool_n INTEGER, PRIMARY KEY (finding_id, kind, value, "
    "is_group)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX finding_value_by_value ON finding_value(kind, value);"
    /* how many values a finding told of a kind, and whether more exist than it listed */
    "CREATE TABLE finding_told (finding_id INTEGER NOT NULL REFERENCES finding(id), kind TEXT NOT "
    "NULL, "
    "n INTEGER NOT NULL, cut INTEGER NOT NULL, PRIMARY KEY (finding_id, kind)) STRICT, WITHOUT "
    "ROWID;",

    "CREATE TABLE timeline (" HEAD("response") OF_INCIDENT
    "at INTEGER NOT NULL, "
    "until_at INTEGER, precision_s INTEGER, "
    "lane TEXT NOT NULL CHECK (lane IN "
    "('attacker','system','ciso_csirt','it_ops','business','public_relations','executive','"
    "external')), "
    "kind TEXT NOT NULL CHECK (kind IN ('notice','decision','action','contact','force')), "
    "planned INTEGER NOT NULL DEFAULT 0, text_key TEXT, params TEXT, plain TEXT, "
    "by TEXT NOT NULL, source TEXT NOT NULL CHECK (source IN ('system','person')), "
    "ref TEXT) STRICT;"
    "CREATE INDEX timeline_by_incident ON timeline(incident_id, at);"
    "CREATE INDEX timeline_by_time ON timeline(created_at);",

    "CREATE TABLE account (" HEAD("personal") OF_INCIDENT
    "name TEXT NOT NULL, "
    "service TEXT NOT NULL DEFAULT '', source TEXT NOT NULL DEFAULT '', success_at INTEGER, "
    "tried INTEGER, known INTEGER, finding_id INTEGER REFERENCES finding(id), "
    "UNIQUE (incident_id, name, service)) STRICT;",

    "CREATE TABLE action (" HEAD("response") OF_INCIDENT
    "kind TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN "
    "('proposed','dry_run','approved','sent','in_force','ended','undone','refused','expired','"
    "rejected')), "
    "minutes INTEGER NOT NULL, rule_id TEXT NOT NULL DEFAULT '', "
    "rule_title TEXT NOT NULL DEFAULT '', rule_kind TEXT NOT NULL DEFAULT '', "
    "finding_id INTEGER REFERENCES finding(id), due_at INTEGER, decided_at INTEGER, "
    "decided_by TEXT, in_force_at INTEGER, until_at INTEGER, why_key TEXT, why_params TEXT, "
    "dry_run INTEGER NOT NULL DEFAULT 0, checked_at INTEGER, tries_after INTEGER, "
    "packets INTEGER, bytes INTEGER) STRICT;"
    "CREATE INDEX action_by_incident ON action(incident_id);"
    "CREATE INDEX action_by_state ON action(state);",

    "CREATE TABLE action_address (action_id INTEGER NOT NULL REFERENCES action(id), "
    "address TEXT NOT NULL, tries INTEGER, accounts INTEGER, good INTEGER, shared TEXT, "
    "partner TEXT, state TEXT NOT NULL, reason TEXT, until_at INTEGER, tries_before INTEGER, "
    "PRIMARY KEY (action_id, address)) STRICT, WITHOUT ROWID;",

    "CREATE TABLE hand_order (" HEAD(
        "response") "order_id TEXT NOT NULL UNIQUE, "
                    "action_id INTEGER REFERENCES action(id), type TEXT NOT NULL, note TEXT NOT "
                    "NULL, "
                    "state TEXT NOT NULL CHECK (state IN ('waiting','answered','expired')), "
                    "minutes INTEGER NOT NULL DEFAULT 0, expires_at INTEGER NOT NULL, answer TEXT) "
                    "STRICT;"
                    "CREATE INDEX hand_order_by_state ON hand_order(state);",

    "CREATE TABLE report (" HEAD("response") "kind TEXT NOT NULL UNIQUE, json TEXT NOT NULL, "
                                             "at INTEGER NOT NULL) STRICT;",

    "CREATE TABLE service (" HEAD("response") "name TEXT NOT NULL UNIQUE, title TEXT) STRICT;",

    "CREATE TABLE watch (" HEAD("response") OF_INCIDENT
    "service_id INTEGER NOT NULL REFERENCES service(id), since_at INTEGER NOT NULL, "
    "UNIQUE (incident_id, service_id)) STRICT;",

    "CREATE TABLE audit (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, "
    "verb TEXT NOT NULL, object TEXT NOT NULL, row_id INTEGER, version INTEGER, "
    "tlp TEXT NOT NULL, info_class TEXT NOT NULL, detail TEXT NOT NULL, row_hash TEXT, "
    "prev TEXT NOT NULL, hash TEXT NOT NULL) STRICT;"
    "CREATE INDEX audit_by_row ON audit(object, row_id, seq);"
    "CREATE INDEX audit_by_hash ON audit(hash);"
    /* Not protection against who owns the file (the chain is), but against a statement of our own.
     */
    "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, "
    "'the chain only grows'); END;"
    "CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, "
    "'the chain only grows'); END;",

    NULL};

static const char *const parting[] = {
    /* two cases a person parted: folding never makes them one again */
    "CREATE TABLE apart (" HEAD("response") OF_INCIDENT
    "other_id INTEGER NOT NULL REFERENCES incident(id), UNIQUE (incident_id, other_id)) STRICT;"
    "CREATE INDEX apart_by_other ON apart(other_id);",

    NULL};
static const char *const counted[] = {
    /* never filled: tries are counted from the findings (account.c), and whoever is listed is new
     * to the source by the rule that says so */
    "ALTER TABLE account DROP COLUMN tried;"
    "ALTER TABLE account DROP COLUMN known;",

    NULL};
static const char *const hunts[] = {
    "CREATE TABLE hunt (" HEAD("attack") "hypothesis TEXT NOT NULL, query TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('running','done','stopped','failed')), found INTEGER NOT NULL, "
    "from_at INTEGER, to_at INTEGER, first_at INTEGER, last_at INTEGER, result TEXT NOT NULL) STRICT;",

    NULL};
static const char *const registers[] = {
    "CREATE TABLE register (" HEAD("response") "kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, vals TEXT NOT NULL, "
    "active INTEGER NOT NULL DEFAULT 1, UNIQUE (kind, key)) STRICT;",

    "CREATE TABLE register_import (" HEAD("response") "kind TEXT NOT NULL, key_field TEXT NOT NULL, file TEXT NOT NULL, "
    "state TEXT NOT NULL DEFAULT 'draft' CHECK (state IN ('draft','applied','undone')), doc TEXT NOT NULL, done TEXT, "
    "applied_at INTEGER, undone_at INTEGER) STRICT;"
    "CREATE INDEX register_import_by_kind ON register_import(kind, id);",

    NULL};
static const char *const runs[] = {
    /* a version of a playbook; what it says never changes, only whether it is used (src/room/library.h) */
    "CREATE TABLE playbook (" HEAD("response") "key TEXT NOT NULL, number INTEGER NOT NULL, title_ja TEXT NOT NULL, title_en TEXT NOT NULL, "
    "origin TEXT NOT NULL CHECK (origin IN ('shipped','pack','made','imported')), file TEXT, active INTEGER NOT NULL DEFAULT 1, "
    "digest TEXT NOT NULL, source TEXT NOT NULL, plan TEXT NOT NULL, form TEXT NOT NULL, notes TEXT NOT NULL, n_steps INTEGER NOT NULL, "
    "UNIQUE (key, number)) STRICT;",

    "CREATE TABLE run (" HEAD("response") OF_INCIDENT "playbook_id INTEGER NOT NULL REFERENCES playbook(id), "
    "state TEXT NOT NULL CHECK (state IN ('proposed','running','ended','stopped','declined')), reason TEXT, deviations INTEGER NOT NULL DEFAULT 0, "
    "started_at INTEGER, started_by TEXT, ended_at INTEGER, ended_by TEXT) STRICT;"
    "CREATE INDEX run_by_incident ON run(incident_id);",

    /* what somebody has to do: steps of runs as they come up, and tasks people wrote (run_id NULL). key: a step is entered once. */
    "CREATE TABLE task (" HEAD("response") OF_INCIDENT "run_id INTEGER REFERENCES run(id), key TEXT UNIQUE, step TEXT NOT NULL, "
    "visit INTEGER NOT NULL, parent_id INTEGER, after_id INTEGER, branch TEXT, kind TEXT NOT NULL, lane TEXT, words_ja TEXT NOT NULL, words_en TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('waiting','due','doing','done','skipped','failed','withdrawn')), place INTEGER NOT NULL, "
    "assignee INTEGER REFERENCES person(id), due_at INTEGER, wake_at INTEGER, began_at INTEGER, ended_at INTEGER, ended_by TEXT, "
    "answer TEXT, note TEXT, why TEXT, evidence TEXT, ref TEXT, means TEXT, late INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX task_by_incident ON task(incident_id);"
    "CREATE INDEX task_by_run ON task(run_id, parent_id);"
    "CREATE INDEX task_open ON task(state) WHERE state IN ('waiting','due','doing');",

    NULL};
static const char *const messages[] = {
    "CREATE TABLE message (" HEAD("response") "incident_id INTEGER REFERENCES incident(id), way TEXT NOT NULL, address TEXT NOT NULL, who TEXT NOT NULL, "
    "subject TEXT NOT NULL, body TEXT NOT NULL, vars TEXT NOT NULL, "
    "state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting','sending','sent','failed','refused','unknown','bounced','acknowledged')), "
    "tries INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL, until_at INTEGER NOT NULL, why TEXT NOT NULL DEFAULT '', "
    "said TEXT NOT NULL DEFAULT '', by_way TEXT NOT NULL DEFAULT '', sent_at INTEGER, acknowledged_at INTEGER, "
    "acknowledged_how TEXT NOT NULL DEFAULT '', token TEXT UNIQUE, drill INTEGER NOT NULL DEFAULT 0, reply_to TEXT NOT NULL) STRICT;"
    "CREATE INDEX message_by_state ON message(state, next_at);"
    "CREATE INDEX message_by_incident ON message(incident_id, id);",

    NULL};
static const char *const duty[] = {
    "CREATE TABLE lend (" HEAD("response") "service TEXT NOT NULL, kind TEXT NOT NULL, person TEXT NOT NULL, grp TEXT NOT NULL, "
    "why TEXT NOT NULL, from_at INTEGER NOT NULL, until_at INTEGER NOT NULL, returned_at INTEGER, returned_by TEXT) STRICT;",

    "CREATE TABLE consult (" HEAD("response") OF_INCIDENT "kind TEXT NOT NULL, person TEXT NOT NULL, answer TEXT NOT NULL, "
    "at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX consult_by_incident ON consult(incident_id, kind);",

    "CREATE TABLE agreement (" HEAD("response") OF_INCIDENT "action_id INTEGER REFERENCES action(id), kind TEXT NOT NULL, "
    "service TEXT NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX agreement_by_incident ON agreement(incident_id, kind);",

    /* what was asked and what was decided about it, with what was known then; go_on is a decision like do */
    "CREATE TABLE decision (" HEAD("response") OF_INCIDENT "kind TEXT NOT NULL, service TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('proposed','half','decided')), verdict TEXT CHECK (verdict IN ('do','go_on')), "
    "action_id INTEGER REFERENCES action(id), rule_id TEXT NOT NULL DEFAULT '', asked_at INTEGER NOT NULL, due_at INTEGER, "
    "decided_at INTEGER, decided_by TEXT, known TEXT NOT NULL DEFAULT '{}', options TEXT NOT NULL DEFAULT '[]', "
    "risk_do TEXT NOT NULL DEFAULT '', risk_go_on TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT '') STRICT;"
    "CREATE INDEX decision_by_incident ON decision(incident_id, state);",

    /* reaching people: who is called next and when; one call a person and level */
    "CREATE TABLE callout (" HEAD("response") "incident_id INTEGER REFERENCES incident(id), "
    "purpose TEXT NOT NULL CHECK (purpose IN ('decide','take','all','key')), kind TEXT NOT NULL DEFAULT '', "
    "service TEXT NOT NULL DEFAULT '', grp TEXT NOT NULL DEFAULT '', text TEXT NOT NULL, question TEXT NOT NULL DEFAULT '', "
    "state TEXT NOT NULL CHECK (state IN ('calling','reached','nobody','ended')), level INTEGER NOT NULL DEFAULT 0, "
    "started_at INTEGER NOT NULL, next_at INTEGER, every_min INTEGER NOT NULL DEFAULT 5, ended_at INTEGER, "
    "chain TEXT NOT NULL) STRICT;"
    "CREATE INDEX callout_by_state ON callout(state, next_at);"
    "CREATE INDEX callout_by_incident ON callout(incident_id, kind);",

    "CREATE TABLE call (" HEAD("personal") "callout_id INTEGER NOT NULL REFERENCES callout(id), person TEXT NOT NULL, "
    "way TEXT NOT NULL, address TEXT NOT NULL, level INTEGER NOT NULL, at INTEGER NOT NULL, message_id INTEGER, answered_at INTEGER, "
    "answered_by TEXT, answer TEXT NOT NULL DEFAULT '', UNIQUE (callout_id, person, level)) STRICT;",

    "CREATE TABLE sheet (" HEAD("response") OF_INCIDENT "printed_at INTEGER NOT NULL, void_at INTEGER) STRICT;",
    "CREATE TABLE sheet_line (" HEAD("response") "sheet_id INTEGER NOT NULL REFERENCES sheet(id), kind TEXT NOT NULL, service TEXT NOT NULL, "
    "verdict TEXT NOT NULL, person TEXT NOT NULL, used_at INTEGER, happened_at INTEGER, decision_id INTEGER REFERENCES decision(id)) STRICT;"
    "CREATE INDEX sheet_line_by_sheet ON sheet_line(sheet_id);",

    NULL};
static const char *const mails[] = {
    "CREATE TABLE mail_report (" HEAD("personal") "key TEXT NOT NULL UNIQUE, same TEXT NOT NULL, reporter TEXT NOT NULL, subject TEXT NOT NULL, "
    "doc TEXT NOT NULL, folded_into INTEGER REFERENCES mail_report(id)) STRICT;"
    "CREATE INDEX mail_report_by_same ON mail_report(same);"
    "CREATE INDEX mail_report_by_first ON mail_report(folded_into);",

    NULL};
static const char *const deeds[] = {
    "CREATE TABLE deed (" HEAD("response") OF_INCIDENT
    "batch TEXT NOT NULL, kind TEXT NOT NULL, driver TEXT NOT NULL, target TEXT NOT NULL, params TEXT NOT NULL, minutes INTEGER NOT NULL, "
    "reason TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN "
    "('proposed','sent','in_force','undoing','ended','undone','refused','rejected','unsure')), "
    "why TEXT NOT NULL DEFAULT '', kept TEXT NOT NULL DEFAULT '', decided_at INTEGER, decided_by TEXT, in_force_at INTEGER, until_at INTEGER, "
    "ended_at INTEGER, seen INTEGER, looked_at INTEGER, mistake INTEGER NOT NULL DEFAULT 0, order_id TEXT, order_due INTEGER NOT NULL DEFAULT 0, "
    "order_until INTEGER, told_at INTEGER, told_how TEXT NOT NULL DEFAULT '', told_by TEXT, bounced INTEGER NOT NULL DEFAULT 0, "
    "identified_at INTEGER, identified_how TEXT NOT NULL DEFAULT '', identified_by TEXT) STRICT;"
    "CREATE INDEX deed_by_incident ON deed(incident_id, id);"
    "CREATE INDEX deed_by_driver ON deed(driver, state);"
    "CREATE INDEX deed_by_batch ON deed(batch);",

    NULL};
static const char *const authorities[] = {
    /* roles: NULL where `role` says it, whose CHECK knows only the first three; need_to_know: for those who are named */
    "ALTER TABLE person ADD COLUMN roles TEXT;"
    "ALTER TABLE incident ADD COLUMN need_to_know INTEGER NOT NULL DEFAULT 0;",

    "CREATE TABLE role_grant (" HEAD("personal") "person_id INTEGER NOT NULL REFERENCES person(id), role TEXT NOT NULL, "
    "organisation_id INTEGER, incident_id INTEGER REFERENCES incident(id), lane TEXT, "
    "CHECK ((organisation_id IS NULL) <> (incident_id IS NULL))) STRICT;"
    "CREATE INDEX role_grant_by_person ON role_grant(person_id);"
    "CREATE INDEX role_grant_by_incident ON role_grant(incident_id);",

    "CREATE TABLE incident_party (" HEAD("response") OF_INCIDENT "organisation_id INTEGER NOT NULL, "
    "UNIQUE (incident_id, organisation_id)) STRICT;",

    NULL};
static const char *const mail_cases[] = {"ALTER TABLE mail_report ADD COLUMN incident_id INTEGER REFERENCES incident(id);"
                                         "CREATE INDEX mail_report_by_incident ON mail_report(incident_id);",
                                         NULL};
static const char *const facts[] = {
    /* one row a case and name; what each version said is a part of it */
    "CREATE TABLE fact (" HEAD("victim") OF_INCIDENT "name TEXT NOT NULL, value TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('unconfirmed','confirmed','withheld')), source TEXT NOT NULL DEFAULT '', UNIQUE (incident_id, name)) STRICT;"
    "CREATE INDEX fact_by_name ON fact(name, state, updated_at);"
    "CREATE TABLE fact_past (fact_id INTEGER NOT NULL REFERENCES fact(id), version INTEGER NOT NULL, value TEXT NOT NULL, state TEXT NOT NULL, "
    "source TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, PRIMARY KEY (fact_id, version)) STRICT;",

    NULL};
static const char *const casework[] = {
    /* the timeline again, without the lists of lanes and kinds: a case may have lanes of its own, and both are checked where they are written.
     * beside, side: before or after another entry, no more is known. day, day_from: "day 3", as it was said. actor: somebody outside. */
    "CREATE TABLE timeline_new (" HEAD("response") OF_INCIDENT
    "at INTEGER NOT NULL, until_at INTEGER, precision_s INTEGER, lane TEXT NOT NULL, kind TEXT NOT NULL, "
    "planned INTEGER NOT NULL DEFAULT 0, text_key TEXT, params TEXT, plain TEXT, "
    "by TEXT NOT NULL, source TEXT NOT NULL CHECK (source IN ('system','person')), ref TEXT, "
    "beside INTEGER REFERENCES timeline(id), side TEXT CHECK (side IN ('before','after')), day INTEGER, "
    "day_from TEXT CHECK (day_from IN ('occurrence','detection')), actor TEXT, CHECK ((beside IS NULL) = (side IS NULL))) STRICT;"
    "INSERT INTO timeline_new(id, version, tlp, info_class, owner, created_at, created_by, updated_at, updated_by, incident_id, at, until_at, "
    "precision_s, lane, kind, planned, text_key, params, plain, by, source, ref) SELECT id, version, tlp, info_class, owner, created_at, "
    "created_by, updated_at, updated_by, incident_id, at, until_at, precision_s, lane, kind, planned, text_key, params, plain, by, source, ref "
    "FROM timeline;"
    "DROP TABLE timeline;"
    "ALTER TABLE timeline_new RENAME TO timeline;"
    "CREATE INDEX timeline_by_incident ON timeline(incident_id, at);"
    "CREATE INDEX timeline_by_time ON timeline(created_at);",

    /* a lane of one case, and the standard one it stands for */
    "CREATE TABLE lane (" HEAD("response") OF_INCIDENT "name TEXT NOT NULL, base TEXT NOT NULL, UNIQUE (incident_id, name)) STRICT;",

    /* what its first day is: NULL and occurrence, or detection */
    "ALTER TABLE incident ADD COLUMN day_one TEXT CHECK (day_one IN ('occurrence','detection'));",

    NULL};
/* What people report, and notes kept with that and with tips. photo: SHA-256; the bytes once, however often it was sent. */
static const char *const reported[] = {
    "CREATE TABLE person_report (" HEAD("personal") "number TEXT NOT NULL UNIQUE, secret_hash TEXT NOT NULL, kind TEXT NOT NULL, service TEXT NOT NULL, "
    "text TEXT NOT NULL, contact TEXT NOT NULL, caller TEXT NOT NULL, channel TEXT NOT NULL CHECK (channel IN ('web','phone','fax','counter','mail')), "
    "lang TEXT NOT NULL, photo TEXT NOT NULL DEFAULT '', incident_id INTEGER REFERENCES incident(id), "
    "state TEXT NOT NULL CHECK (state IN ('new','taken','case','closed')), why TEXT NOT NULL DEFAULT '', told INTEGER NOT NULL DEFAULT 0, "
    "taken_at INTEGER, taken_by TEXT, ended_at INTEGER, ended_by TEXT) STRICT;"
    "CREATE INDEX person_report_by_time ON person_report(created_at);"
    "CREATE INDEX person_report_by_state ON person_report(state, created_at);"
    "CREATE INDEX person_report_by_incident ON person_report(incident_id);"
    "CREATE INDEX person_report_untold ON person_report(id) WHERE told = 0;",

    "CREATE TABLE slip_note (" HEAD("personal") "of TEXT NOT NULL, of_id INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, "
    "photo TEXT NOT NULL DEFAULT '', at INTEGER NOT NULL, message_id INTEGER REFERENCES message(id)) STRICT;"
    "CREATE INDEX slip_note_by_slip ON slip_note(of, of_id);",

    "CREATE TABLE report_photo (digest TEXT PRIMARY KEY, type TEXT NOT NULL, bytes BLOB NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX report_photo_by_time ON report_photo(at);",

    NULL};
static const char *const reach[] = {
    /* how far it reached, counted by the searcher: spec is the file as it was, question what the searcher is asked */
    "CREATE TABLE scope_run (" HEAD("personal") OF_INCIDENT "name TEXT NOT NULL, spec TEXT NOT NULL, asked TEXT NOT NULL, query TEXT NOT NULL, "
    "question TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('running','done','stopped','failed')), number INTEGER NOT NULL, result TEXT NOT NULL, ended_at INTEGER) STRICT;"
    "CREATE INDEX scope_run_by_incident ON scope_run(incident_id, id);"
    "CREATE INDEX scope_run_running ON scope_run(id) WHERE state = 'running';",
    "CREATE TABLE scope_file (" HEAD("response") "name TEXT NOT NULL UNIQUE, source TEXT NOT NULL, active INTEGER NOT NULL) STRICT;",

    /* what is kept of a case row by row: a copy that somebody has, a stage of recovery, a condition of closing, a thing in custody */
    "CREATE TABLE case_row (" HEAD("response") OF_INCIDENT "kind TEXT NOT NULL CHECK (kind IN ('copy','stage','safety','item')), key TEXT NOT NULL, "
    "name TEXT NOT NULL, state TEXT NOT NULL, due_at INTEGER, doc TEXT NOT NULL) STRICT;"
    "CREATE INDEX case_row_by_incident ON case_row(incident_id, kind, id);",

    NULL};
static const char *const triage[] = {
    /* what a person called a false alarm, and what is like it; undone: kept, and no longer counted */
    "CREATE TABLE false_alarm (" HEAD("response") OF_INCIDENT "rule_id TEXT NOT NULL, service TEXT NOT NULL, reason TEXT NOT NULL, "
    "undone_at INTEGER, undone_by TEXT) STRICT;"
    "CREATE INDEX false_alarm_by_rule ON false_alarm(rule_id) WHERE undone_at IS NULL;"
    "CREATE UNIQUE INDEX false_alarm_of_case ON false_alarm(incident_id) WHERE undone_at IS NULL;"
    "CREATE INDEX incident_by_decision ON incident(decision_at) WHERE decision_at IS NOT NULL;",

    NULL};
static const char *const joint[] = {
    /* sharing ends by itself; how each company that shares the case is doing, and the text all of them use */
    "ALTER TABLE role_grant ADD COLUMN until_at INTEGER;"
    "ALTER TABLE incident_party ADD COLUMN until_at INTEGER;"
    "ALTER TABLE incident_party ADD COLUMN state TEXT CHECK (state IN ('normal','limited','stopped','recovering','recovered'));"
    "ALTER TABLE incident_party ADD COLUMN words TEXT;"
    "ALTER TABLE incident_party ADD COLUMN recovery_at INTEGER;"
    "CREATE TABLE joint (" HEAD("response") OF_INCIDENT "words TEXT NOT NULL, UNIQUE (incident_id)) STRICT;"
    /* how far a person has read the timeline of a case */
    "CREATE TABLE seen (" HEAD("personal") OF_INCIDENT "person_id INTEGER NOT NULL REFERENCES person(id), entry INTEGER NOT NULL, "
    "UNIQUE (person_id, incident_id)) STRICT;",

    NULL};
static const char *const tips[] = {
    "CREATE TABLE tip (" HEAD("response") "number TEXT NOT NULL UNIQUE, form TEXT NOT NULL CHECK (form IN ('tip','info')), from_kind TEXT NOT NULL, "
    "sender TEXT NOT NULL, contact TEXT NOT NULL, channel TEXT NOT NULL CHECK (channel IN ('phone','mail','letter','web')), text TEXT NOT NULL, "
    "received_at INTEGER NOT NULL, incident_id INTEGER REFERENCES incident(id), state TEXT NOT NULL CHECK (state IN ('new','taken','case','closed')), "
    "why TEXT NOT NULL DEFAULT '', match_state TEXT NOT NULL, import_id INTEGER, hunt_id INTEGER REFERENCES hunt(id), indicators TEXT NOT NULL DEFAULT '[]', "
    "indicators_n INTEGER NOT NULL DEFAULT 0, refused_n INTEGER NOT NULL DEFAULT 0, found INTEGER, first_at INTEGER, last_at INTEGER, matched_at INTEGER, "
    "callout_id INTEGER REFERENCES callout(id), called_at INTEGER, tried_at INTEGER NOT NULL DEFAULT 0, asked_id INTEGER REFERENCES callout(id), asked_at INTEGER, "
    "taken_at INTEGER, taken_by TEXT, ended_at INTEGER, ended_by TEXT) STRICT;"
    "CREATE INDEX tip_by_state ON tip(state);"
    "CREATE INDEX tip_by_match ON tip(match_state) WHERE match_state IN ('waiting','hunting');"
    "CREATE INDEX tip_by_incident ON tip(incident_id);",

    NULL};
static const char *const campaigns[] = {
    /* round: how often those who have not were told; due_told: that the date has passed stands in the timeline */
    "CREATE TABLE campaign (" HEAD("response") "incident_id INTEGER REFERENCES incident(id), kind TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, "
    "origin TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running','done','ended')), round INTEGER NOT NULL DEFAULT 0, "
    "started_at INTEGER NOT NULL, due_at INTEGER NOT NULL, next_at INTEGER, due_told INTEGER NOT NULL DEFAULT 0, ended_at INTEGER) STRICT;"
    "CREATE INDEX campaign_by_incident ON campaign(incident_id);"
    "CREATE INDEX campaign_by_state ON campaign(state, next_at);",

    "CREATE TABLE campaign_target (" HEAD("personal") "campaign_id INTEGER NOT NULL REFERENCES campaign(id), ref TEXT NOT NULL, name TEXT NOT NULL, "
    "person TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL DEFAULT 1, done_n INTEGER NOT NULL DEFAULT 0, "
    "state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open','done','forced')), value TEXT NOT NULL DEFAULT '', words TEXT NOT NULL DEFAULT '', "
    "answered_at INTEGER, answered_by TEXT, how TEXT NOT NULL DEFAULT '', due_at INTEGER, deed_id INTEGER REFERENCES deed(id), "
    "UNIQUE (campaign_id, ref)) STRICT;"
    "CREATE INDEX campaign_target_by_person ON campaign_target(campaign_id, person, state);",

    /* every answer with its time, a part of its target: the share done is drawn from it */
    "CREATE TABLE campaign_answer (target_id INTEGER NOT NULL REFERENCES campaign_target(id), n INTEGER NOT NULL, at INTEGER NOT NULL, value TEXT NOT NULL, "
    "done_n INTEGER NOT NULL, how TEXT NOT NULL, PRIMARY KEY (target_id, n)) STRICT, WITHOUT ROWID;",

    /* one message a person and round; up: how far above those it is about, 0: themselves */
    "CREATE TABLE campaign_told (" HEAD("personal") "campaign_id INTEGER NOT NULL REFERENCES campaign(id), person TEXT NOT NULL, round INTEGER NOT NULL, "
    "up INTEGER NOT NULL, way TEXT NOT NULL, address TEXT NOT NULL, at INTEGER NOT NULL, message_id INTEGER REFERENCES message(id)) STRICT;"
    "CREATE INDEX campaign_told_by_person ON campaign_told(campaign_id, person);"
    "CREATE INDEX campaign_told_by_message ON campaign_told(message_id);",

    /* targets and so on: JSON lists of texts; factor: per cent */
    "CREATE TABLE tightening (" HEAD("response") "incident_id INTEGER REFERENCES incident(id), use TEXT NOT NULL CHECK (use IN ('boost','watch','level')), "
    "services TEXT NOT NULL, hosts TEXT NOT NULL, kinds TEXT NOT NULL, sets TEXT NOT NULL, sources TEXT NOT NULL, factor INTEGER NOT NULL, "
    "reason TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'in_force' CHECK (state IN ('in_force','ended')), from_at INTEGER NOT NULL, until_at INTEGER NOT NULL, "
    "review_at INTEGER NOT NULL, reviewed TEXT NOT NULL DEFAULT '', ended_at INTEGER, ended_why TEXT NOT NULL DEFAULT '') STRICT;"
    "CREATE INDEX tightening_by_state ON tightening(state, until_at);"
    "CREATE INDEX tightening_by_incident ON tightening(incident_id);",

    NULL};
static const char *const casebook[] = {
    /* two cases that became one: what each said of itself before, and as its parts every row the ended one had; was: what of a row is written over */
    "CREATE TABLE incident_merge (" HEAD("response") OF_INCIDENT "into_id INTEGER NOT NULL REFERENCES incident(id), merged_at INTEGER NOT NULL, "
    "was_from TEXT NOT NULL, was_into TEXT NOT NULL, undone_at INTEGER) STRICT;"
    "CREATE INDEX incident_merge_by_incident ON incident_merge(incident_id, id);"
    "CREATE INDEX incident_merge_by_into ON incident_merge(into_id, id);"
    "CREATE TABLE merge_part (merge_id INTEGER NOT NULL REFERENCES incident_merge(id), object TEXT NOT NULL, row_id INTEGER NOT NULL, was TEXT, "
    "PRIMARY KEY (merge_id, object, row_id)) STRICT, WITHOUT ROWID;"
    /* things: what was open when it was given; entry: how far the timeline had come */
    "CREATE TABLE handover (" HEAD("response") OF_INCIDENT "words TEXT NOT NULL, to_person INTEGER REFERENCES person(id), things TEXT NOT NULL, "
    "entry INTEGER NOT NULL, given_at INTEGER NOT NULL, taken_at INTEGER, taken_by TEXT) STRICT;"
    "CREATE INDEX handover_by_incident ON handover(incident_id, id);"
    "CREATE INDEX handover_not_taken ON handover(id) WHERE taken_at IS NULL;"
    /* what of a case moves when it becomes part of another is found by its case */
    "CREATE INDEX sheet_by_incident ON sheet(incident_id);",

    NULL};
static const char *const attachments[] = {
    /* the bytes lie in DATA/attached under their digest */
    "CREATE TABLE attachment (" HEAD("victim") OF_INCIDENT "of TEXT NOT NULL CHECK (of IN ('item','submission')), of_id INTEGER NOT NULL, name TEXT NOT NULL, "
    "bytes INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;"
    "CREATE INDEX attachment_by_incident ON attachment(incident_id, id);",

    NULL};
/* clang-format on */

static const char *const pack_drafts[] = {
    /* doc: the files as they were made, with marks round what is the case's, and the pseudonyms; digest: of what was approved */
    "CREATE TABLE pack_draft (" HEAD("victim") OF_INCIDENT "pack TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('draft','approved')), doc TEXT NOT NULL, "
    "digest TEXT NOT NULL DEFAULT '', provider TEXT NOT NULL DEFAULT '', agreed_by TEXT NOT NULL DEFAULT '', agreed_how TEXT NOT NULL DEFAULT '', "
    "approved_at INTEGER, approved_by TEXT NOT NULL DEFAULT '', left_at INTEGER) STRICT;"
    "CREATE INDEX pack_draft_by_incident ON pack_draft(incident_id, id);",

    NULL};

/* the step of a playbook that asked for it */
static const char *const level_steps[] = {"ALTER TABLE alert_level ADD COLUMN task_id INTEGER REFERENCES task(id);", NULL};

/* clang-format off */
static const char *const logins[] = {
    /* what the logs say of members' logins, and what callers were answered: derived, and outside the chain (login_book.c) */
    "CREATE TABLE login_seen (id INTEGER PRIMARY KEY, account TEXT NOT NULL, at INTEGER NOT NULL, service TEXT NOT NULL, net TEXT NOT NULL, country TEXT NOT NULL, "
    "browser TEXT NOT NULL, device TEXT NOT NULL, lat REAL NOT NULL, lon REAL NOT NULL, denied_at INTEGER, denied_case INTEGER) STRICT;"
    "CREATE INDEX login_seen_by_account ON login_seen(account, at);"
    "CREATE TABLE login_answer (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, caller TEXT NOT NULL, account TEXT NOT NULL, service TEXT NOT NULL, net TEXT NOT NULL, "
    "answer TEXT NOT NULL CHECK (answer IN ('allow','ask','deny')), points INTEGER NOT NULL, reasons TEXT NOT NULL, took_us INTEGER NOT NULL) STRICT;"
    "CREATE INDEX login_answer_by_net ON login_answer(net, at);"
    "CREATE INDEX login_answer_by_time ON login_answer(at);",
    NULL,
};
/* clang-format on */

static const char *const duties[] = {
    /* what people may change of duties and forms, each version a row; reports a case brings, and when; what was told, sealed */
    "CREATE TABLE datafile (" HEAD("response") "kind TEXT NOT NULL, key TEXT NOT NULL, number INTEGER NOT NULL, title_ja TEXT NOT NULL, title_en TEXT NOT NULL, "
    "origin TEXT NOT NULL CHECK (origin IN ('shipped','made')), file TEXT, active INTEGER NOT NULL, digest TEXT NOT NULL, source TEXT NOT NULL, "
    "UNIQUE (kind, key, number)) STRICT;",

    "CREATE TABLE obligation (" HEAD("response") OF_INCIDENT "key TEXT NOT NULL, report TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('none','to_do','submitted','received')), said INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '', "
    "from_at INTEGER, due_at INTEGER, warn_at INTEGER, warned_at INTEGER, UNIQUE (incident_id, key, report)) STRICT;"
    "CREATE INDEX obligation_by_due ON obligation(state, due_at);"
    "CREATE INDEX obligation_by_warn ON obligation(state, warn_at);",

    "CREATE TABLE submission (" HEAD("victim") OF_INCIDENT "obligation TEXT NOT NULL, report TEXT NOT NULL, form TEXT NOT NULL, form_number INTEGER, "
    "addressee TEXT NOT NULL, how TEXT NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL, digest TEXT NOT NULL, blank TEXT NOT NULL, note TEXT NOT NULL, "
    "receipt TEXT NOT NULL DEFAULT '', receipt_at INTEGER, receipt_from TEXT NOT NULL DEFAULT '', paper TEXT NOT NULL DEFAULT '', "
    "paper_name TEXT NOT NULL DEFAULT '') STRICT;"
    "CREATE INDEX submission_by_incident ON submission(incident_id, form);",

    "CREATE TABLE blank (" HEAD("response") "form TEXT NOT NULL, digest TEXT NOT NULL, name TEXT NOT NULL, bytes INTEGER NOT NULL, faults TEXT NOT NULL) STRICT;"
    "CREATE INDEX blank_by_form ON blank(form, id);",

    NULL};
/* Lists of the open and of the closed stay as quick after years. The partial index has a row for each case that few may see. */
static const char *const paces[] = {
    "CREATE INDEX incident_by_state_id ON incident(state, id); "
    "CREATE INDEX incident_by_closed ON incident(closed_at) WHERE closed_at IS NOT NULL; "
    "CREATE INDEX incident_hidden ON incident(id) WHERE need_to_know OR tlp = 'RED';",
    NULL,
};

/* clang-format off */
static const char *const lists[] = {
    "CREATE TABLE list_consumer (" HEAD("response") "name TEXT NOT NULL, format TEXT NOT NULL, token_hash TEXT NOT NULL, every_s INTEGER NOT NULL, "
    "fetched_at INTEGER, fetched_from TEXT NOT NULL DEFAULT '', etag TEXT NOT NULL DEFAULT '', n INTEGER NOT NULL DEFAULT 0, "
    "left_out INTEGER NOT NULL DEFAULT 0, ended_at INTEGER) STRICT;"
    "CREATE UNIQUE INDEX list_consumer_by_name ON list_consumer(name) WHERE ended_at IS NULL;",
    NULL,
};
/* clang-format on */

/* clang-format off */
static const char *const infos[] = {
    "CREATE TABLE info_report (" HEAD("response") "number TEXT NOT NULL UNIQUE, kind TEXT NOT NULL CHECK (kind IN ('incident','near_miss','sign')), "
    "subject TEXT NOT NULL, text TEXT NOT NULL, addressee TEXT NOT NULL, aware_at INTEGER NOT NULL, incident_id INTEGER REFERENCES incident(id), "
    "follows_id INTEGER REFERENCES info_report(id), "
    "part TEXT NOT NULL CHECK (part IN ('first','follow_up','final')), submission_id INTEGER REFERENCES submission(id), stage TEXT NOT NULL CHECK (stage IN ('draft','sent','received','forwarded','closed')), "
    "sent_at INTEGER, received_at INTEGER, forwarded_at INTEGER, closed_at INTEGER) STRICT;"
    "CREATE INDEX info_report_by_incident ON info_report(incident_id);",

    NULL};
/* clang-format on */
/* Which step of a playbook asked for an act. */
static const char *const asked_by[] = {
    "ALTER TABLE deed ADD COLUMN task_id INTEGER REFERENCES task(id);"
    "CREATE INDEX deed_by_task ON deed(task_id) WHERE task_id IS NOT NULL;",
    NULL,
};
/* clang-format off */
static const char *const publications[] = {
    /* versions of what was said to everybody; own: a person's words for a part; doc: what was asked about, frozen, with its SHA-256 */
    "CREATE TABLE publication (" HEAD("victim") OF_INCIDENT "number INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN "
    "('draft','asked','published','corrected','withdrawn','dropped')), stage TEXT NOT NULL CHECK (stage IN ('first','follow','final')), statement TEXT NOT NULL, "
    "own TEXT NOT NULL, doc TEXT NOT NULL, digest TEXT NOT NULL, en INTEGER NOT NULL, next_at INTEGER, decision_id INTEGER REFERENCES decision(id), "
    "corrects INTEGER REFERENCES publication(id), asked_at INTEGER, published_at INTEGER, published_by TEXT NOT NULL DEFAULT '', ended_at INTEGER, "
    "why TEXT NOT NULL) STRICT;"
    "CREATE INDEX publication_by_incident ON publication(incident_id, id);"
    "CREATE INDEX publication_by_decision ON publication(decision_id) WHERE decision_id IS NOT NULL;"
    "CREATE TABLE promise (" HEAD("response") OF_INCIDENT "of TEXT NOT NULL, of_id INTEGER NOT NULL, what TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('open','kept','dropped')), due_at INTEGER NOT NULL, warn_at INTEGER NOT NULL, warned_at INTEGER, ended_at INTEGER) STRICT;"
    "CREATE INDEX promise_by_incident ON promise(incident_id, of, state);"
    "CREATE INDEX promise_by_due ON promise(state, due_at);"
    "CREATE INDEX promise_by_warn ON promise(state, warn_at);",
    /* the second of two, which ends what the first began */
    "ALTER TABLE agreement ADD COLUMN second INTEGER NOT NULL DEFAULT 0;",

    NULL};
/* clang-format on */

/* clang-format off */
static const char *const levels[] = {
    /* services: a JSON list; sign: the newest case that counted; rank: of the level when it was written */
    "CREATE TABLE alert_level (" HEAD("response") "level TEXT NOT NULL, rank INTEGER NOT NULL, services TEXT NOT NULL, "
    "origin TEXT NOT NULL CHECK (origin IN ('tip','cases','person')), sign INTEGER NOT NULL DEFAULT 0, tip_id INTEGER REFERENCES tip(id), "
    "incident_id INTEGER REFERENCES incident(id), decision_id INTEGER REFERENCES decision(id), campaign_id INTEGER REFERENCES campaign(id), "
    "tightening_id INTEGER REFERENCES tightening(id), reason TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('proposed','asked','in_force','lowered','declined')), proposed_at INTEGER NOT NULL, until_at INTEGER, "
    "decided_at INTEGER, decided_by TEXT, ended_at INTEGER, ended_by TEXT, why TEXT NOT NULL DEFAULT '') STRICT;"
    "CREATE INDEX alert_level_by_state ON alert_level(state, rank);"
    "CREATE INDEX alert_level_by_incident ON alert_level(incident_id, state);"
    "CREATE INDEX alert_level_by_tip ON alert_level(tip_id);"
    "CREATE INDEX alert_level_by_decision ON alert_level(decision_id);"
    "CREATE INDEX tip_by_received ON tip(received_at);"
    "ALTER TABLE tip ADD COLUMN campaign_id INTEGER REFERENCES campaign(id);",

    NULL};
/* clang-format on */
/* What waits for a person stands on the first page, whatever has been decided in all the years before. */
static const char *const asks[] = {
    "CREATE INDEX decision_open ON decision(incident_id) WHERE state <> 'decided';"
    "CREATE INDEX deed_open ON deed(batch, state) WHERE state IN ('proposed','unsure');",
    NULL,
};

/* clang-format off */
static const char *const answers[] = {
    /* questions callers ask; current: what the desk answers now; replaces: whose place it takes then */
    "CREATE TABLE answer (" HEAD("response") OF_INCIDENT "kind TEXT NOT NULL, question_ja TEXT NOT NULL, question_en TEXT NOT NULL, answer_ja TEXT NOT NULL, "
    "answer_en TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('asked','draft','current','ended')), publication_id INTEGER REFERENCES publication(id), "
    "replaces INTEGER REFERENCES answer(id), asked_n INTEGER NOT NULL DEFAULT 0, asked_at INTEGER, current_at INTEGER, approved_by TEXT NOT NULL DEFAULT '', "
    "ended_at INTEGER) STRICT;"
    "CREATE INDEX answer_by_incident ON answer(incident_id, state);"
    "CREATE INDEX answer_by_state ON answer(state) WHERE state = 'current';",

    NULL};
/* clang-format on */

/* clang-format off */
static const char *const means[] = {
    /* money, other means, experts, a ransom: means.h */
    "CREATE TABLE means (" HEAD("response") OF_INCIDENT "kind TEXT NOT NULL CHECK (kind IN ('spend','switch','vendor','ransom')), name TEXT NOT NULL, "
    "state TEXT NOT NULL, yen INTEGER NOT NULL, decision_id INTEGER REFERENCES decision(id), campaign_id INTEGER REFERENCES campaign(id), "
    "back_campaign_id INTEGER REFERENCES campaign(id), message_id INTEGER REFERENCES message(id), asked_at INTEGER NOT NULL, done_at INTEGER, back_at INTEGER, "
    "why TEXT NOT NULL DEFAULT '', doc TEXT NOT NULL) STRICT;"
    "CREATE INDEX means_by_incident ON means(incident_id, kind);"
    "CREATE INDEX means_by_decision ON means(decision_id) WHERE decision_id IS NOT NULL;"
    "CREATE INDEX means_ransom ON means(state) WHERE kind = 'ransom';",

    NULL};
/* clang-format on */

/* clang-format off */
static const char *const outgoings[] = {
    /* what was sent to named recipients: given is what {{.name}} says, doc the text without names; what became of each is its message's */
    "CREATE TABLE outgoing (" HEAD("response") OF_INCIDENT "use TEXT NOT NULL, statement TEXT NOT NULL, title TEXT NOT NULL, way TEXT NOT NULL, given TEXT NOT NULL, "
    "doc TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('draft','sent','ended')), due_at INTEGER, sent_at INTEGER) STRICT;"
    "CREATE INDEX outgoing_by_incident ON outgoing(incident_id, id);"
    "CREATE TABLE recipient (" HEAD("personal") "outgoing_id INTEGER NOT NULL REFERENCES outgoing(id), name TEXT NOT NULL, address TEXT NOT NULL, postal TEXT NOT NULL, "
    "en INTEGER NOT NULL, message_id INTEGER REFERENCES message(id), letter_at INTEGER, tries INTEGER NOT NULL DEFAULT 0, answer TEXT NOT NULL DEFAULT '', "
    "answered_at INTEGER) STRICT;"
    "CREATE INDEX recipient_by_outgoing ON recipient(outgoing_id, id);"
    /* who said what to whom outside */
    "CREATE TABLE contact (" HEAD("response") OF_INCIDENT "kind TEXT NOT NULL, outlet TEXT NOT NULL, person TEXT NOT NULL, how TEXT NOT NULL, by_whom TEXT NOT NULL, "
    "asked TEXT NOT NULL, said TEXT NOT NULL, material TEXT NOT NULL, approved TEXT NOT NULL, promised TEXT NOT NULL, at INTEGER NOT NULL, due_at INTEGER, "
    "kept_at INTEGER) STRICT;"
    "CREATE INDEX contact_by_incident ON contact(incident_id, at);",

    NULL};
/* clang-format on */

static const char *const radius[] = {"ALTER TABLE deed ADD COLUMN scope_run_id INTEGER REFERENCES scope_run(id);", NULL}; /* who uses what it would stop */

/* clang-format off */
static const char *const photos[] = {
    /* photos of who was told to do something on site belong to what they were told (campaign_target) */
    "CREATE TABLE attachment_2 (" HEAD("victim") OF_INCIDENT "of TEXT NOT NULL CHECK (of IN ('item','submission','target')), of_id INTEGER NOT NULL, name TEXT NOT NULL, "
    "bytes INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;"
    "INSERT INTO attachment_2 SELECT * FROM attachment;"
    "DROP TABLE attachment;"
    "ALTER TABLE attachment_2 RENAME TO attachment;"
    "CREATE INDEX attachment_by_incident ON attachment(incident_id, id);",

    NULL};
/* clang-format on */

/* clang-format off */
static const char *const readiness[] = {
    /* an answer of the machine, of a person, of a replay (readiness.h); sums of cells by day. since: the answer has been the same */
    "CREATE TABLE measured (" HEAD("response") "key TEXT NOT NULL UNIQUE, answer TEXT NOT NULL CHECK (answer IN ('yes','no','unknown')), good INTEGER NOT NULL, "
    "total INTEGER NOT NULL, lacks TEXT NOT NULL, since INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE attested (" HEAD("response") "pack TEXT NOT NULL, control TEXT NOT NULL, answer TEXT NOT NULL CHECK (answer IN ('yes','no')), evidence TEXT NOT NULL, "
    "at INTEGER NOT NULL, until_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX attested_by_control ON attested(pack, control);"
    "CREATE TABLE replayed (" HEAD("response") "pack TEXT NOT NULL, digest TEXT NOT NULL, says TEXT NOT NULL, failed INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX replayed_by_pack ON replayed(pack);"
    "CREATE TABLE readiness (" HEAD("response") "day INTEGER NOT NULL UNIQUE, counts TEXT NOT NULL) STRICT;",

    NULL};
/* clang-format on */

/* clang-format off */
static const char *const followups[] = {
    /* what is done about a lesson or a gap of readiness (followup.h). question: whose answer shows it; carrier: rule, step, drill or control */
    "CREATE TABLE followup (" HEAD("response") "pack TEXT NOT NULL, lesson TEXT NOT NULL, question TEXT NOT NULL, words TEXT NOT NULL, how TEXT NOT NULL, person TEXT NOT NULL, "
    "carrier TEXT NOT NULL, due_at INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('open','said','closed','dropped')), campaign_id INTEGER REFERENCES campaign(id), "
    "said TEXT NOT NULL DEFAULT '', said_at INTEGER, result TEXT NOT NULL DEFAULT '' CHECK (result IN ('','yes','no','unknown')), checked_at INTEGER, since INTEGER NOT NULL) STRICT;"
    "CREATE INDEX followup_by_pack ON followup(pack, lesson);"
    "CREATE INDEX followup_by_question ON followup(question);",

    NULL};
/* clang-format on */

/* clang-format off */
static const char *const drills[] = {
    /* few among thousands: readiness asks for the latest of each lesson */
    "CREATE INDEX incident_drill ON incident(id) WHERE drill = 1;",

    NULL};
/* clang-format on */

static const struct {
    const char *name;
    const char *const *texts;
} migrations[] = {
    {"first", first},
    {"parting", parting},
    {"counted", counted},
    {"hunts", hunts},
    {"registers", registers},
    {"runs", runs},
    {"messages", messages},
    {"duty", duty},
    {"mails", mails},
    {"deeds", deeds},
    {"authorities", authorities},
    {"mail_cases", mail_cases},
    {"paces", paces},
    {"facts", facts},
    {"casework", casework},
    {"reported", reported},
    {"reach", reach},
    {"duties", duties},
    {"triage", triage},
    {"lists", lists},
    {"joint", joint},
    {"tips", tips},
    {"campaigns", campaigns},
    {"infos", infos},
    {"asked_by", asked_by},
    {"publications", publications},
    {"casebook", casebook},
    {"levels", levels},
    {"answers", answers},
    {"asks", asks},
    {"attachments", attachments},
    {"means", means},
    {"outgoings", outgoings},
    {"photos", photos},
    {"radius", radius},
    {"pack_drafts", pack_drafts},
    {"readiness", readiness},
    {"level_steps", level_steps},
    {"followups", followups},
    {"logins", logins},
    {"drills", drills},
};

static int64_t reached(struct sql *db, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(db, &st, err, "SELECT coalesce(max(n), 0) FROM migration", "");
    if (e == 0)
        e = sql_step(st, err);
    return e < 0 ? e : sql_i64(st, 0);
}

/* Another process may be starting on the same new file: what is reached is asked again inside. */
static int apply(struct sql *db, size_t i, int64_t now_ns, struct diag *err) {
    int e = sql_begin(db, err);
    int64_t n = e == 0 ? reached(db, err) : e;
    e = n < 0 ? (int) n : 0;
    if (e == 0 && (size_t) n > i)
        return sql_commit(db, err);
    for (const char *const *t = migrations[i].texts; e == 0 && *t; t++)
        e = sql_script(db, *t, err);
    if (e == 0)
        e = sql_run(db, err, "INSERT INTO migration(n, name, at) VALUES (?1, ?2, ?3)", "izi",
                    (int64_t) i + 1, migrations[i].name, now_ns);
    if (e == 0)
        e = sql_commit(db, err);
    if (e < 0) {
        sql_rollback(db);
        return diag_prefix(err, "migration '%s'", migrations[i].name);
    }
    return 0;
}

int room_schema_migrate(struct sql *db, int64_t now_ns, struct diag *reterr) {
    int e = sql_script(db,
                       "CREATE TABLE IF NOT EXISTS migration (n INTEGER PRIMARY KEY, name TEXT NOT "
                       "NULL, at INTEGER NOT NULL) STRICT;",
                       reterr);
    if (e < 0)
        return e;
    int64_t n = reached(db, reterr);
    if (n < 0)
        return (int) n;
    if ((size_t) n > ARRAY_SIZE(migrations))
        return diag_set(reterr, -ERR_UNSUPPORTED,
                        "the database is from a newer version (migration %lld)", (long long) n);
    for (size_t i = (size_t) n; e == 0 && i < ARRAY_SIZE(migrations); i++)
        e = apply(db, i, now_ns, reterr);
    return e;
}
