/* The one table of routes. `kizuki-room --list-routes` prints it; tests hold it against
 * content/api/openapi.json and walk it with every role. */
#include "app/room/call.h"

#define API "/api/v1"
#define R(m, p, v, o, rw, h, t)                                                                    \
    {                                                                                              \
        .method = m, .pattern = API p, .verb = VERB_##v, .object = OBJECT_##o, .row = ROW_##rw,    \
        .handle = handle_##h, .help = t                                                            \
    }

const struct route ROUTES[] = {
    {.method = "GET",
     .pattern = "/signin",
     .verb = VERB_SIGN_IN,
     .object = OBJECT_SESSION,
     .handle = handle_signin,
     .help = "take a one-time link",
     .open = true},
    {.method = "GET",
     .pattern = API "/openapi.json",
     .verb = VERB_READ,
     .object = OBJECT_SELF,
     .handle = handle_openapi,
     .help = "the description of this API",
     .open = true},
    R("GET", "/me", READ, SELF, NONE, me, "who I am"),
    R("PUT", "/me", CHANGE, SELF, NONE, me_put, "change my language"),
    R("POST", "/signout", READ, SELF, NONE, signout, "end this session"),
    R("GET", "/now", READ, NOW, NONE, now, "what needs a decision now"),
    R("GET", "/incidents", READ, INCIDENT, NONE, incidents, "the cases"),
    R("GET", "/incidents/{id}", READ, INCIDENT, INCIDENT, incident, "one case"),
    R("PUT", "/incidents/{id}", CHANGE, INCIDENT, INCIDENT, incident_put, "change a case"),
    R("POST", "/incidents/{id}/split", CHANGE, INCIDENT, INCIDENT, incident_split,
      "take findings out of a case"),
    R("GET", "/incidents/{id}/timeline", READ, TIMELINE, INCIDENT, timeline, "what happened"),
    R("POST", "/incidents/{id}/timeline", CREATE, TIMELINE, INCIDENT, timeline_post,
      "add an entry"),
    R("GET", "/incidents/{id}/findings", READ, FINDING, INCIDENT, incident_findings,
      "what rules said"),
    R("GET", "/incidents/{id}/accounts", READ, ACCOUNT, INCIDENT, incident_accounts,
      "accounts probably stolen"),
    R("GET", "/incidents/{id}/evidence", READ, EVIDENCE, INCIDENT, incident_evidence,
      "the lines behind it"),
    R("GET", "/incidents/{id}/actions", READ, ACTION, INCIDENT, incident_actions, "what was done"),
    R("GET", "/findings", READ, FINDING, NONE, findings, "findings outside of cases"),
    R("POST", "/actions/{id}/approve", APPROVE, ACTION, ACTION, action_approve, "do it"),
    R("POST", "/actions/{id}/reject", REJECT, ACTION, ACTION, action_reject, "do not do it"),
    R("POST", "/actions/{id}/undo", UNDO, ACTION, ACTION, action_undo, "take it back"),
    R("POST", "/actions/{id}/extend", EXTEND, ACTION, ACTION, action_extend, "let it last longer"),
    R("GET", "/sources", READ, SOURCE, NONE, sources, "where logs come from"),
    R("GET", "/sources/{id}/unread", READ, EVIDENCE, NONE, source_unread,
      "lines nobody could read"),
    R("GET", "/rules", READ, RULE, NONE, rules, "what can be noticed"),
    R("GET", "/rules/state", READ, RULE, NONE, rule_state, "sets, exceptions, canaries, delays"),
    R("POST", "/rules/order", CHANGE, RULE, NONE, rule_order, "change what is asked of rules"),
    R("POST", "/rules/try", TRY, RULE, NONE, rule_try, "what one line would become"),
    R("GET", "/rules/{name}", READ, RULE, NONE, rule, "one rule"),
    R("GET", "/persons", READ, PERSON, NONE, persons, "who works here"),
    R("POST", "/persons", CREATE, PERSON, NONE, person_post, "add a person"),
    R("PUT", "/persons/{id}", CHANGE, PERSON, PERSON, person_put, "change a person"),
    R("POST", "/persons/{id}/link", CREATE, LINK, PERSON, person_link, "make a sign-in link"),
    R("GET", "/stream", READ, SELF, NONE, stream, "changes as they happen"),
    R("GET", "/audit", READ, AUDIT, NONE, audit, "the chain of writes"),
    R("GET", "/audit/verify", VERIFY, AUDIT, NONE, audit_verify, "check the chain"),
    R("GET", "/packs", READ, PACK, NONE, packs, "lesson packs"),
    R("GET", "/packs/{name}", READ, PACK, NONE, pack, "one lesson pack"),
    R("GET", "/demo", READ, DEMO, NONE, demo, "the demonstration"),
    R("POST", "/demo/start", CREATE, DEMO, NONE, demo_start, "start it"),
    R("POST", "/demo/clear", DELETE, DEMO, NONE, demo_clear, "end it"),
};
const size_t N_ROUTES = ARRAY_SIZE(ROUTES);
