/* See measure_rows.h. One row a file of content/measures (tools/check_measures.py). */
#include "room/measure_rows.h"

#include "base/err.h"

#include <string.h>

#define DAY "86400000000000"
#define NS(iso) "CAST(strftime('%s', " iso ") AS INTEGER) * 1000000000"
#define VAL(field) "coalesce(json_extract(vals, '$." field "'), '')"
#define SOURCES "json_each(coalesce((SELECT json FROM report WHERE kind = 'sources'), '[]')) s"
#define OF(list) "json_each(coalesce((SELECT json_extract(json, '$." list "') FROM report WHERE kind = 'rule_state'), '[]')) x"
#define RULE(want) /* asked once, whatever number of canaries there is */                                                                \
    "json_extract(x.value, '$.rule') IN (SELECT json_extract(u.value, '$.id') FROM json_each(coalesce((SELECT json FROM report WHERE kind = 'rules'), " \
    "'[]')) u WHERE " want ")"
#define SRC(field) "coalesce(json_extract(s.value, '$." field "'), '')"
#define X(field) "json_extract(x.value, '$." field "')"
/* What a source's lines were read as says of which kinds it is, and when each came last (app/engine/kinds.h). */
#define KIND_AT(kind) "json_extract(s.value, '$.kinds.' || " kind ")"
#define IS_KIND(kind) "(" KIND_AT(kind) " IS NOT NULL)"
#define ARRIVES(kind) "(NOT coalesce(json_extract(s.value, '$.silent'), 0) AND " NS(KIND_AT(kind)) " >= ?1 - " DAY ")"
#define CONTRACTS                                                                                                                        \
    "FROM register WHERE kind = 'contracts' AND active AND instr(" VAL("calls") ", CASE ?3 WHEN 'monitoring' THEN 'edr' WHEN 'operation' "    \
    "THEN 'maintenance' ELSE ?3 END)"
#define LATEST(which) "FROM campaign_target t WHERE t.campaign_id = (SELECT max(id) FROM campaign c WHERE " which ")"
#define TODAY "date(?1 / 1000000000, 'unixepoch', '+9 hours')"

static const struct measure_row ROWS[] = {
    {"login_logs_arrive", {"all_services"},
     "SELECT v.name, EXISTS (SELECT 1 FROM " SOURCES " WHERE " SRC("service") " IN (v.name, v.title) AND " IS_KIND("'login'") " AND " ARRIVES("'login'") ") FROM "
     "(SELECT name, coalesce(title, name) AS title FROM service UNION SELECT name, name FROM register WHERE kind = 'systems' AND active AND "
     VAL("kind") " = 'service' AND name NOT IN (SELECT name FROM service UNION SELECT coalesce(title, '') FROM service)) v "
     "WHERE ?3 OR EXISTS (SELECT 1 FROM " SOURCES " WHERE " SRC("service") " = v.name)", NULL},
    {"logs_arrive", {"kind"}, "SELECT " SRC("name") ", " ARRIVES("?3") " FROM " SOURCES " WHERE " IS_KIND("?3"), NULL},
    {"logs_kept", {"kind", "days"},
     "SELECT " SRC("name") ", coalesce(min(" NS("json_extract(s.value, '$.first_event')") ", " NS("json_extract(s.value, '$.first_seen')") "), "
     NS("json_extract(s.value, '$.first_seen')") ") <= ?1 - ?4 * " DAY " FROM " SOURCES " WHERE " IS_KIND("?3"), NULL},
    {"detection_delay", {"rule", "at_most_s"},
     "SELECT " X("title") ", " X("state") " = 'passed' AND " X("took_ms") " <= ?4 * 1000 FROM " OF("canaries") " WHERE " RULE("json_extract(u.value, '$.kind') = ?3"), NULL},
    {"rules_alive", {"folder"},
     "SELECT " X("title") ", " X("state") " = 'passed' AND " NS(X("at")) " >= ?1 - 2 * " DAY " FROM " OF("canaries") " WHERE "
     RULE("instr('/' || coalesce(json_extract(u.value, '$.file'), ''), '/' || ?3 || '/')"), NULL},
    {"clocks_right", {"at_most_s"},
     "SELECT json_extract(h.value, '$.host'), abs(json_extract(h.value, '$.skew_ms')) <= ?3 * 1000 FROM " SOURCES
     ", json_each(coalesce(json_extract(s.value, '$.clocks'), '[]')) h", NULL},
    {"watch_answers", {"days"}, "SELECT " X("soc") ", " X("answered") " IS NOT NULL AND " NS(X("answered")) " <= " NS(X("due")) " FROM "
     "json_each(coalesce((SELECT json_extract(json, '$.soc.runs') FROM report WHERE kind = 'rule_state'), '[]')) x WHERE " NS(X("sent")) " >= ?1 - ?3 * " DAY, NULL},
    {"reports_taken", {"kind", "days"},
     "SELECT ?3, count(*) > 0 FROM (SELECT created_at, 'mail' AS of FROM mail_report UNION ALL SELECT created_at, 'person' FROM person_report) WHERE of = ?3 "
     "AND created_at >= ?1 - ?4 * " DAY, NULL},
    {"hunts_done", {"days"}, "SELECT 'hunt', count(*) > 0 FROM hunt WHERE state = 'done' AND created_at >= ?1 - ?3 * " DAY, NULL},
    {"trace_test_passes", {"days"},
     "SELECT 'trace', json_extract(?2, '$.trace.outcome') = 'success' AND " NS("json_extract(?2, '$.trace.at')") " >= ?1 - ?3 * " DAY
     " WHERE json_type(?2, '$.trace') = 'object'", NULL},
    {"contracts_have_logs", {"kind"}, "SELECT name, " VAL("log_collection") " = 'yes' " CONTRACTS, NULL},
    {"contracts_current", {NULL}, "SELECT name, " VAL("ends") " = '' OR " VAL("ends") " >= " TODAY " FROM register WHERE kind = 'contracts' AND active", NULL},
    {"contracts_answer_at_night", {"kind"}, "SELECT name, " VAL("night_response") " = 'yes' AND " VAL("night_phone") " <> '' " CONTRACTS, NULL},
    {"exceptions_owned", {NULL},
     "SELECT " X("id") ", coalesce(" X("owner") ", '') <> '' AND NOT coalesce(" X("ended") ", 0) FROM " OF("exceptions") " UNION ALL SELECT " X("title")
     ", coalesce(" X("owner") ", '') <> '' FROM " OF("suppressions"), NULL},
    {"partners_listed", {NULL}, "SELECT 'partners', json_extract(?2, '$.partners') > 0", NULL},
    {"authority_settled", {"decision", "hours"},
     "SELECT v.name, (SELECT count(DISTINCT " VAL("who") " || '|' || " VAL("group") ") FROM register WHERE kind = 'authority' AND active AND " VAL("verb")
     " = 'decide' AND " VAL("kind") " IN (?3, 'all') AND " VAL("service") " IN ('', v.name) AND (" VAL("hours") " = '' OR (?4 = 'night') = (" VAL("hours")
     " NOT IN ('日中', 'daytime', 'day')))) >= 2 FROM (SELECT name FROM register WHERE kind = 'systems' AND active AND " VAL("kind")
     " = 'service' UNION SELECT '' WHERE NOT EXISTS (SELECT 1 FROM register WHERE kind = 'systems' AND active AND " VAL("kind") " = 'service')) v", NULL},
    {"on_call_reached", {"days", "within_min"},
     "SELECT c.grp || ' ' || date(c.started_at / 1000000000, 'unixepoch', '+9 hours'), EXISTS (SELECT 1 FROM call k WHERE k.callout_id = c.id AND "
     "k.answered_at <= c.started_at + ?4 * 60000000000) FROM callout c WHERE c.started_at >= ?1 - ?3 * " DAY " AND (c.state <> 'calling' OR "
     "c.started_at < ?1 - ?4 * 60000000000)", NULL},
    {"contacts_checked", {"kind", "days"},
     "SELECT name, updated_at >= ?1 - ?4 * " DAY " OR EXISTS (SELECT 1 FROM message m WHERE m.address IN (" VAL("mail") ", " VAL("phone") ") AND "
     "m.acknowledged_at >= ?1 - ?4 * " DAY ") FROM register WHERE kind = 'organisations' AND active AND CASE ?3 WHEN 'branch' THEN " VAL("kind")
     " = 'own' AND " VAL("parent") " <> '' WHEN 'department' THEN " VAL("kind") " = 'own' AND " VAL("parent") " <> '' WHEN 'factory' THEN " VAL("kind")
     " = 'own' AND " VAL("parent") " <> '' WHEN 'group' THEN " VAL("kind") " = 'subsidiary' WHEN 'partner' THEN " VAL("kind")
     " = 'supplier' WHEN 'operator' THEN " VAL("kind") " = 'supplier' ELSE " VAL("kind") " = ?3 END", NULL},
    {"dependencies_known", {NULL}, "SELECT name, " VAL("depends") " NOT IN ('', '[]') FROM register WHERE kind = 'systems' AND active AND " VAL("kind") " = 'service'", NULL},
    {"owners_named", {NULL}, "SELECT name, " VAL("responsible") " <> '' FROM register WHERE kind = 'systems' AND active", NULL},
    {"alternatives_exercised", {"days"}, "SELECT name, " VAL("exercised") " >= date(?1 / 1000000000 - ?3 * 86400, 'unixepoch', '+9 hours') FROM register WHERE kind = 'alternatives' AND active", NULL},
    {"campaign_answered", {"kind", "share"}, "SELECT t.name, t.state = 'done' " LATEST("c.kind = ?3"), "share"},
    {"inquiries_answered", {"share"}, "SELECT t.name, t.answered_at IS NOT NULL " LATEST("c.kind IN ('where_else', 'applies') AND c.started_at >= ?1 - 366 * " DAY), "share"},
    {"drill_done", {"days"}, "SELECT 'drill', count(*) > 0 FROM incident WHERE drill = 1 AND opened_at >= ?1 - ?3 * " DAY, NULL},
    {"procedure_run", {"playbook", "days"},
     "SELECT ?3, count(*) > 0 FROM run r JOIN playbook p ON p.id = r.playbook_id WHERE p.key = ?3 AND r.state = 'ended' AND r.ended_at >= ?1 - ?4 * " DAY, NULL},
};

const struct measure_row *measure_row_find(const char *name, size_t n) {
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
        if (strlen(ROWS[i].name) == n && memcmp(ROWS[i].name, name, n) == 0)
            return &ROWS[i];
    return NULL;
}
