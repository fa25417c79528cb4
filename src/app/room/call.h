/* One request on its way: who asks, for what, and what is answered. Private to the HTTP files of
 * this folder. */
#pragma once
#include "app/room/http.h"
#include "app/room/limit.h"
#include "app/room/path.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/list.h"
#include "room/incident.h"
#include "room/person.h"
#include "room/write.h"

#include <microhttpd.h>

#define OUT_BYTES_MAX ((size_t) 64 << 20)

struct call;
struct upload_kind;
/* > 0: the HTTP status, the answer stands in c->out (JSON unless c->type says otherwise); 0:
 * suspended, somebody calls call_finish later; < 0: an error of the model, answered by call_error.
 */
typedef int handler_fn(struct call *c);

enum route_row { /* what {id} names, for room_may */
                 ROW_NONE,
                 ROW_INCIDENT, /* the row is judged as route.object of this incident */
                 ROW_ACTION,
                 ROW_PERSON,
                 ROW_RUN,
                 ROW_SCOPE,
                 ROW_CASE_ROW,
                 ROW_HANDOVER,
                 ROW_ATTACHMENT,
                 ROW_TASK,
                 ROW_DEED,
                 ROW_GRANT,
                 ROW_PARTY,
                 ROW_DECISION,
                 ROW_CALLOUT,
                 ROW_SHEET,
                 ROW_MESSAGE,
                 ROW_SUBMISSION,
                 ROW_MAIL,
                 ROW_REPORT,
                 ROW_HUNT,
                 ROW_TIP,
                 ROW_INFO,
                 ROW_LEVEL,
                 ROW_MEANS,
                 ROW_CAMPAIGN,
                 ROW_PUBLICATION,
                 ROW_ANSWER,
                 ROW_OUTGOING,
                 ROW_RECIPIENT,
                 ROW_CONTACT,
                 ROW_TARGET,
                 ROW_TIGHTENING,
                 ROW_PACK_DRAFT,
                 ROW_ALONE, /* of no case: for whom a role holds everywhere */
};
struct route {
    const char *method, *pattern;
    enum room_verb verb;
    enum room_object object;
    enum route_row row;
    handler_fn *handle;
    const char *help;
    bool open; /* no session is asked for: constant answers only */
    bool machine; /* for callers of kizuki.yml (login:) with their token, and nobody else */
    bool free; /* of an open one: the same for everybody, so only the limit of all requests holds */
    size_t form_bytes; /* the body is a form, of at most so much; 0: JSON */
    const struct upload_kind *upload; /* the body is a file (upload.h); NULL: JSON */
};
extern const struct route ROUTES[];
extern const size_t N_ROUTES;

struct call {
    struct http *http;
    struct program *p;
    struct MHD_Connection *connection;
    const char *method;
    char path[512];
    const struct route *route;
    struct path_args args;
    struct room_session session;
    struct room_actor who; /* ROLE_NOBODY without a session */
    struct room_row row;
    struct arena arena;
    struct buf body, out;
    struct jsonw w;
    const struct json_value *json; /* of the body */
    const struct login_caller *caller; /* of a machine's route */
    struct diag err;
    int status;
    const char *type;     /* NULL: application/json */
    const char *location; /* of a redirect */
    bool form;            /* a page of ours with a form: the policy lets it be sent, to us */
    const char *header, *header_value; /* one more of the answer; NULL: none */
    char cookie[160];
    int retry_s;
    struct sql_effort before; /* of the database when the call began */
    bool too_large, too_busy, large, suspended, answered; /* large: one of FORM_LARGE_MAX */
    int64_t begun_ns; /* monotonic */
    int upload_fd, upload_error;
    uint64_t upload_bytes;
    char upload_name[40]; /* below DATA/incoming; empty: none */
    struct sha256 upload_sum;
    bool upload_given;    /* it is the sensor's to remove */
    /* handlers that wait keep what they need here */
    void *waiting;
    void (*waiting_free)(void *);
};

struct http {
    struct program *p;
    struct MHD_Daemon *daemon;
    struct limit limit;
    struct list streams; /* of struct stream */
    size_t n_streams;
    int64_t clock_ns; /* monotonic: of the last event: clock */
    size_t n_large;   /* forms with photos that are coming */
    const struct call *uploading; /* whose file is being taken; NULL: nobody's */
};

/* respond.c */
enum MHD_Result call_send(struct call *c);
void call_headers(struct MHD_Response *r); /* those every answer has */
/* Writes the error object; returns the status. */
int call_refuse(struct call *c, int status, const char *key);
int call_refuse_with(struct call *c, int status, const char *key, const char *param,
                     struct str value);
/* With a word for the kind of refusal and another program's own sentence. */
int call_refuse_why(struct call *c, int status, const char *key, struct str code, struct str why);
int call_error(struct call *c, int error);
void call_finish(struct call *c, int status);                  /* of a suspended one */
struct str call_query(const struct call *c, const char *name); /* .p NULL: absent */
/* min..max, otherwise -EINVAL; absent gives `otherwise`. */
int call_query_i64(const struct call *c, const char *name, int64_t min, int64_t max,
                   int64_t otherwise, int64_t *ret) MUST_USE;
/* Members of the body with their type; -EINVAL with the name in c->err for a missing or wrong one.
 */
int call_body_only(struct call *c, const char *const *keys) MUST_USE;
int call_body_version(struct call *c, int64_t *ret) MUST_USE; /* nothing but the version that was seen */
int call_body_version_why(struct call *c, int64_t *ret, struct str *ret_why) MUST_USE; /* that, and why it ends: 1 to 1000 bytes */
int call_no_body(struct call *c) MUST_USE; /* what takes no body refuses one */
int call_body_i64(struct call *c, const char *key, int64_t min, int64_t max, int64_t *ret) MUST_USE;
/* A time as people write it (base/time_written.h); absent or null: TIME_NONE. */
int call_body_when(struct call *c, const char *key, int64_t *ret_ns) MUST_USE;
int call_body_str(struct call *c, const char *key, size_t min, size_t max,
                  struct str *ret) MUST_USE;
/* The same of a member that may be absent: then it is empty. */
int call_body_words(struct call *c, const char *key, size_t max, struct str *ret) MUST_USE;
/* A field of a form that a page of ours without script sent, in the arena; .p NULL: absent, or no form. */
struct str call_form(struct call *c, const char *name);
int call_bad(struct call *c, const char *what); /* -EINVAL */
/* A browser keeps cookies by host and not by port: a demonstration beside the real pages has a name
 * of its own, or opening it would end the sign-in there. */
const char *call_cookie_name(const struct call *c);
int call_ok(struct call *c); /* {"ok":true} */

/* stream.c */
int handle_stream(struct call *c);
enum MHD_Result stream_send(struct call *c);
void streams_end(struct http *h);
/* Who holds an incident open. */
size_t stream_viewers(const struct http *h, int64_t incident, struct room_viewer *dst, size_t cap);

/* static.c: pages; false when there is no such file */
/* The pages' own index.html. */
struct str static_page(void);
bool static_find(struct call *c);
enum MHD_Result static_send(struct call *c);

/* handlers, one file a subject */
handler_fn handle_openapi, handle_me, handle_me_put, handle_signout, handle_signin, handle_persons,
    handle_person_post, handle_person_put, handle_person_link, handle_now, handle_incidents,
    handle_incident, handle_incident_put, handle_incident_split, handle_timeline,
    handle_timeline_post, handle_incident_findings, handle_incident_accounts,
    handle_incident_evidence, handle_incident_actions, handle_actions, handle_findings, handle_action_approve,
    handle_action_reject, handle_action_undo, handle_action_extend, handle_sources, handle_rules,
    handle_rule, handle_rule_state, handle_rule_order, handle_rule_try, handle_rule_trial, handle_rule_trial_post,
    handle_rule_trial_end, handle_rule_draft_post, handle_rule_set_post, handle_audit, handle_audit_verify, handle_packs, handle_pack,
    handle_demo, handle_demo_start, handle_demo_clear, handle_source_unread,
    handle_time, handle_incident_split_try, handle_search_post, handle_search, handle_search_stop, handle_search_csv, handle_search_rule, handle_trace_post, handle_event,
    handle_hunt, handle_hunt_begin, handle_hunt_stop, handle_indicators, handle_indicator_file, handle_indicator_imports, handle_indicator_preview,
    handle_indicator_take, handle_indicator_remove, handle_hunt_post, handle_hunts, handle_evidence_post, handle_incident_export, handle_evidence, handle_evidence_file, handle_seals;
handler_fn handle_drivers, handle_deeds, handle_incident_deeds, handle_deed_post, handle_deed_approve,
    handle_deed_reject, handle_deed_undo, handle_deed_care;
handler_fn handle_mail_reports, handle_mail_report, handle_mail_case, handle_messages, handle_message_post, handle_message_again, handle_ack, handle_ack_post;
handler_fn handle_case_rows, handle_case_row_post, handle_case_row_put, handle_case_row_ask, handle_recovery, handle_safety;
handler_fn handle_attachments, handle_row_file, handle_submission_file, handle_attachment;
handler_fn handle_unmerge, handle_handovers, handle_handover_post, handle_handover_take, handle_handovers_open;
handler_fn handle_scopes, handle_scope_post, handle_scope_run, handle_scope_csv, handle_scope_stop, handle_scope_file_post, handle_scope_file_end;
handler_fn handle_duty, handle_duty_days, handle_authorities, handle_lend_post, handle_lend_return, handle_incident_authority,
    handle_consult_post;
handler_fn handle_decisions, handle_decision_post, handle_decision_make, handle_sheets, handle_sheet_post, handle_sheet_void, handle_code_post;
handler_fn handle_callouts, handle_incident_callouts, handle_callout_post, handle_callout_answer, handle_callout_end;
handler_fn handle_publications, handle_publication_post, handle_publication_put, handle_publication_ask, handle_publication_end, handle_publication_file, handle_answers, handle_answer_post, handle_answer_approve,
    handle_answer_end, handle_desk, handle_desk_caller;
handler_fn handle_outgoings, handle_outgoing, handle_outgoing_post, handle_outgoing_send, handle_outgoing_end, handle_outgoing_letters, handle_recipient_put, handle_contacts,
    handle_contact_post, handle_contact_put;
handler_fn handle_campaigns, handle_campaign, handle_campaign_try, handle_campaign_post, handle_campaign_end, handle_campaign_extend, handle_campaign_force,
    handle_campaign_answer, handle_tightenings, handle_tightening_post, handle_watch_post, handle_tightening_review, handle_tightening_end;
handler_fn handle_pack_draft, handle_pack_draft_post, handle_pack_draft_put, handle_pack_draft_approve, handle_pack_draft_file, handle_quarter;
handler_fn handle_late_post, handle_late;
handler_fn handle_obligations, handle_obligation_put, handle_datafiles, handle_datafile, handle_datafile_post, handle_datafile_put;
handler_fn handle_forms, handle_form, handle_form_file, handle_blank_post, handle_submission_post, handle_receipt;
handler_fn handle_facts, handle_fact_versions, handle_fact_put;
handler_fn handle_lane_post; /* handlers_timeline.c */
handler_fn handle_alike, handle_readiness, handle_readiness_measure, handle_attest;
handler_fn handle_levels, handle_incident_levels, handle_level_post, handle_tip_level, handle_level_put, handle_level_end;
handler_fn handle_pack_in, handle_pack_in_post, handle_pack_in_install;
handler_fn handle_followups, handle_followups_csv, handle_followup_post, handle_followup_put, handle_followup_done, handle_followup_drop;
handler_fn handle_means, handle_means_post, handle_means_step;
handler_fn handle_infos, handle_info, handle_info_post, handle_info_put, handle_info_stage;
handler_fn handle_tips, handle_tip_post, handle_tip, handle_tip_put, handle_tip_case, handle_tip_reply, handle_tip_ask;
handler_fn handle_report_form, handle_report_form_post, handle_report_again, handle_report_again_post, handle_report_css, handle_report_kinds,
    handle_reports, handle_report_post, handle_report_counts, handle_report, handle_report_put, handle_report_case, handle_report_photo, handle_ack_photo, handle_task_onsite, handle_task_onsite_post,
    handle_incident_reports;
handler_fn handle_false_alarm, handle_false_alarm_undo, handle_triage;
handler_fn handle_login_risk, handle_login_post, handle_logins, handle_login_denied;
handler_fn handle_lists, handle_consumer_post, handle_consumer_end, handle_list;
handler_fn handle_party_put, handle_joint_put, handle_seen; /* handlers_people.c */
handler_fn handle_sharing, handle_case_grant, handle_person_grant, handle_grant_end, handle_party, handle_party_end, handle_people, handle_system_stops,
    handle_register_find; /* handlers_people.c */
handler_fn handle_registers, handle_register, handle_register_post, handle_register_put, handle_register_template, handle_register_csv, handle_import_post,
    handle_import, handle_import_apply, handle_import_undo;
handler_fn handle_playbooks, handle_playbook, handle_playbook_try, handle_playbook_post, handle_playbook_put, handle_playbook_cacao, handle_tasks,
    handle_task_post, handle_task_put, handle_task_end, handle_run_post, handle_run, handle_run_put;
