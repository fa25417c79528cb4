/* What a lesson is made of. See pack_draft.h. Everything is counted in the case; nothing of a raw line is read. */
#include "event/case_times.h"
#include "room/fact.h"
#include "room/pack_draft.h"
#include "room/room_priv.h"
#include "room/timeline.h"

/* Addresses that were proposed for a block, or whose own wave was noticed: whom the case takes for attackers. */
#define ATTACKERS                                                                                                                      \
    "(SELECT a.address FROM action_address a JOIN action x ON x.id = a.action_id WHERE x.incident_id = ?1 "                            \
    "UNION SELECT v.value FROM finding_value v JOIN finding f ON f.id = v.finding_id WHERE f.incident_id = ?1 AND f.by_source = 1 AND v.kind = 'source' AND v.is_group = 1)"

/* One list of the answer: its columns are its members, in order; a name that ends with '*' is JSON. */
struct part {
    const char *name;
    const char *members[12];
    const char *sql;
};
static const struct part parts[] = {
    {"kinds", {"kind", "rule_id", "rule", "detected", "first", "last", "n", "count"},
     "SELECT kind, rule_id, rule_title, min(detected_at), min(first_at), max(last_at), count(*), max(count) FROM finding WHERE incident_id = ?1 GROUP BY kind ORDER BY 4 LIMIT 60"},
    /* tries of attackers at a service, out of findings that are a service's; span: what its measures count over */
    {"services", {"name", "rule_id", "first", "last", "tries", "list", "successes"},
     "SELECT json_extract(f.json, '$.group.\"service.name\"') s, f.rule_id, "
     "coalesce((SELECT min(v.first_at) FROM finding_value v WHERE v.finding_id = f.id AND v.kind = 'source' AND v.value IN " ATTACKERS "), f.first_at), "
     "max(f.last_at), max(coalesce((SELECT sum(v.n) FROM finding_value v WHERE v.finding_id = f.id AND v.kind = 'source' AND v.value IN " ATTACKERS "), f.count)), "
     "max(coalesce((SELECT t.n FROM finding_told t WHERE t.finding_id = f.id AND t.kind = 'account'), 0)), CAST(json_extract(f.json, '$.measures.successes') AS INTEGER) "
     "FROM finding f WHERE f.incident_id = ?1 AND s IS NOT NULL AND f.kind IN ('list_attack','burst','brute_force','dictionary_attack','spraying','slow') GROUP BY s ORDER BY 3 LIMIT 20"},
    {"reached", {"name", "first", "last", "tries"},
     "SELECT v.value, min(v.first_at), max(v.first_at), sum(v.n) FROM finding_value v JOIN finding f ON f.id = v.finding_id "
     "WHERE f.incident_id = ?1 AND f.kind = 'cross_service' AND v.kind = 'service' GROUP BY v.value ORDER BY 2 LIMIT 20"},
    {"entered", {"service", "n", "first"}, "SELECT service, count(*), min(success_at) FROM account WHERE incident_id = ?1 AND success_at IS NOT NULL GROUP BY service ORDER BY 2 DESC"},
    {"looked", {"n", "pages", "first"},
     "SELECT count(DISTINCT u.value), count(DISTINCT v.value), min(v.first_at) FROM finding f JOIN finding_value u ON u.finding_id = f.id AND u.kind = 'account' "
     "JOIN finding_value v ON v.finding_id = f.id AND v.kind = 'path' WHERE f.incident_id = ?1 AND f.kind = 'access_after'"},
    {"told", {"unknown", "failures"},
     "SELECT CAST(sum(json_extract(json, '$.measures.unknown')) AS INTEGER), CAST(sum(json_extract(json, '$.measures.failures')) AS INTEGER) FROM finding "
     "WHERE incident_id = ?1 AND by_source = 1 AND json_extract(json, '$.measures.unknown') IS NOT NULL"},
    {"attackers", {"n", "six"}, "SELECT count(*), coalesce(sum(value LIKE '%:%'), 0) FROM (SELECT address value FROM " ATTACKERS ")"},
    /* what is no signing in: at which service or host, how many, from how many sources; bounced: of a thousand */
    {"evidence", {"kind", "service", "host", "about", "first", "last", "detected", "count", "bounced", "sources"},
     "SELECT kind, coalesce(json_extract(json, '$.group.\"service.name\"'), json_extract(json, '$.group.\"kizuki.report.service\"'), (SELECT min(v.value) FROM finding_value v WHERE "
     "v.finding_id = f.id AND v.kind = 'service')) s, json_extract(json, '$.group.\"host.name\"') h, json_extract(json, '$.group.\"kizuki.report.kind\"') a, min(first_at), max(last_at), "
     "min(detected_at), sum(count), CAST(1000 * max(json_extract(json, '$.measures.bounce_rate')) AS INTEGER), count(DISTINCT json_extract(json, '$.group.\"kizuki.source.net\"')) "
     "FROM finding f WHERE incident_id = ?1 AND kind IN ('mail_abuse','web_attempts','enquiries') GROUP BY kind, s, h, a ORDER BY 5 LIMIT 6"},
    {"actions", {"kind", "at", "state", "decided", "in_force"}, "SELECT kind, min(created_at), min(state), min(decided_at), min(in_force_at) FROM action WHERE incident_id = ?1 GROUP BY kind"},
    {"entries", {"at", "lane", "kind", "key", "params*", "plain", "precision"},
     "SELECT at, lane, kind, text_key, params, plain, precision_s FROM timeline WHERE incident_id = ?1 AND planned = 0 ORDER BY at, id LIMIT 400"},
    {"tasks", {"ja", "en", "lane", "state", "at", "late", "note"},
     "SELECT words_ja, words_en, lane, state, ended_at, late, note FROM task WHERE incident_id = ?1 AND state IN ('done', 'skipped', 'failed') ORDER BY ended_at, id LIMIT 100"},
    {"runs", {"title_ja", "title_en", "state", "deviations", "source", "origin"},
     "SELECT p.title_ja, p.title_en, r.state, r.deviations, p.source, p.origin FROM run r JOIN playbook p ON p.id = r.playbook_id WHERE r.incident_id = ?1 ORDER BY r.deviations, r.id DESC LIMIT 5"},
    {"decisions", {"kind", "service", "verdict", "asked", "decided", "why"},
     "SELECT kind, service, verdict, asked_at, decided_at, why FROM decision WHERE incident_id = ?1 AND state = 'decided' ORDER BY decided_at LIMIT 60"},
};

/* Numbers as numbers: the statement's values have no type a reader could ask for, so digits tell. */
static void write_value(struct sql_stmt *st, int column, const char *member, struct jsonw *w) {
    size_t n = strlen(member);
    struct str s = sql_is_null(st, column) ? STR_NULL : sql_str(st, column);
    int64_t v;
    jsonw_key(w, str_n(member, member[n - 1] == '*' ? n - 1 : n));
    if (!s.p)
        jsonw_null(w);
    else if (member[n - 1] == '*')
        jsonw_raw(w, s);
    else if (str_to_i64(s, &v) == 0)
        jsonw_i64(w, v);
    else
        jsonw_str(w, s);
}

static int write_part(struct room *r, const struct part *p, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, p->sql, "i", incident);
    jsonw_key(w, str_of(p->name));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        for (int i = 0; p->members[i]; i++)
            write_value(st, i, p->members[i], w);
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

/* {"id": {"title_ja","title","file","span"}}: of the rules that noticed it; span: "10m". */
static void write_rules(struct room *r, struct jsonw *w) {
    static const char *const keys[] = {"title_ja", "title", "name", "file", "kind"};
    const struct json_value *root = r->reports[REPORT_RULES].root;
    struct str id, s, text;
    jsonw_key(w, STR("rules"));
    jsonw_object(w);
    for (const struct json_value *v = root && root->type == JSON_ARRAY ? root->first : NULL; v; v = v->next) {
        if (!json_get_str(v, "id", &id))
            continue;
        jsonw_key(w, id);
        jsonw_object(w);
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
            if (json_get_str(v, keys[i], &s))
                jsonw_kstr(w, keys[i], s);
        ptrdiff_t at = json_get_str(v, "text", &text) ? str_find(text, STR("timespan: "), 0) : -1;
        if (at >= 0) {
            struct str span = str_from(text, (size_t) at + 10);
            ptrdiff_t end = str_find_byte(span, '\n', 0);
            jsonw_kstr(w, "span", str_trim(str_to(span, end < 0 ? span.n : (size_t) end)));
        }
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_sources(struct room *r, struct jsonw *w) {
    const struct json_value *root = r->reports[REPORT_SOURCES].root;
    jsonw_key(w, STR("sources"));
    jsonw_array(w);
    for (const struct json_value *v = root && root->type == JSON_ARRAY ? root->first : NULL; v; v = v->next)
        jsonw_value(w, v);
    jsonw_end(w);
}

static int write_head(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    static const struct part head = {"case", {"number", "kind", "level", "tlp", "title_key", "title_params*", "title_plain", "opened", "closed", "first"},
        "SELECT number, kind, level, tlp, title_key, title_params, title_plain, opened_at, closed_at, coalesce(first_trace_at, opened_at) "
        "FROM incident WHERE id = ?1"};
    struct room_day_one day;
    struct room_counts n;
    struct case_times t;
    struct arena a;
    arena_init(&a, 1 << 16);
    int e = case_times_read(r->db, incident, false, &a, &t, err);
    if (e == 0)
        e = room_day_one(r, incident, &day, err);
    arena_done(&a);
    if (e == 0)
        e = room_count_all(r, incident, &n, err);
    if (e < 0)
        return e;
    jsonw_ki64(w, "day_one", room_day_start(&day, 1));
    jsonw_ki64(w, "tried", n.tried.n);
    jsonw_ki64(w, "stolen", n.stolen.n);
    jsonw_ki64(w, "sources_n", n.sources.n);
    jsonw_ki64(w, "tries", n.tries.n);
    jsonw_key(w, STR("times")); /* T0 to T7 */
    jsonw_array(w);
    for (int i = 0; i < CASE_TIME_MAX_; i++)
        t.at_ns[i] == TIME_NONE ? jsonw_null(w) : jsonw_i64(w, t.at_ns[i]);
    jsonw_end(w);
    return write_part(r, &head, incident, w, err);
}

int room_case_lesson_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    jsonw_object(w);
    int e = write_head(r, incident, w, reterr);
    for (size_t i = 0; i < ARRAY_SIZE(parts) && e == 0; i++)
        e = write_part(r, &parts[i], incident, w, reterr);
    write_rules(r, w);
    write_sources(r, w);
    jsonw_end(w);
    return e;
}

/* ---- a quarter ---- */

/* What a quarter's sheet is made of: types people chose, and whether somebody wrote down why; never their words, which may name anybody. */
static int write_facts(struct room *r, struct arena *a, int64_t incident, struct jsonw *w, struct diag *err) {
    static const char *const own[] = {"cause", "root_cause"};
    struct room_fact f;
    struct str types = STR(""), type;
    bool said = false;
    int e = room_fact_get(r, a, incident, "cause_types", &f, err);
    if (e == 0)
        types = room_fact_told(&f);
    for (size_t i = 0; i < ARRAY_SIZE(own) && (e == 0 || e == -EINVAL); i++)
        if ((e = room_fact_get(r, a, incident, own[i], &f, err)) == 0)
            said |= room_fact_told(&f).n > 0;
    jsonw_key(w, STR("causes"));
    jsonw_array(w);
    while (str_split(&types, '\n', &type))
        jsonw_str(w, type);
    jsonw_end(w);
    jsonw_kbool(w, "own", said);
    return e == -EINVAL ? 0 : e; /* the office keeps no such fact */
}

static void write_span(struct jsonw *w, const char *key, const struct case_times *t, enum case_time i) {
    jsonw_key(w, str_of(key));
    t->at_ns[i] == TIME_NONE || t->at_ns[CASE_HAPPENED] == TIME_NONE ? jsonw_null(w) : jsonw_i64(w, (t->at_ns[i] - t->at_ns[CASE_HAPPENED]) / NS_PER_S);
}

static int write_case(struct room *r, struct arena *a, struct sql_stmt *st, struct jsonw *w, struct diag *err) {
    struct room_counts n;
    struct case_times t;
    int64_t id = sql_i64(st, 0);
    int e = room_count_all(r, id, &n, err);
    if (e == 0)
        e = case_times_read(r->db, id, false, a, &t, err);
    if (e < 0)
        return e;
    jsonw_object(w);
    jsonw_ki64(w, "id", id);
    jsonw_kstr(w, "kind", sql_str(st, 1));
    jsonw_kstr(w, "level", sql_str(st, 2));
    write_span(w, "noticed_s", &t, CASE_NOTICED);
    write_span(w, "contained_s", &t, CASE_CONTAINED);
    jsonw_kbool(w, "by_rule", sql_i64(st, 3) != 0);
    jsonw_ki64(w, "accounts", n.stolen.n);
    e = write_facts(r, a, id, w, err);
    jsonw_end(w);
    return e;
}

int room_quarter_write(struct room *r, int64_t from_ns, int64_t to_ns, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct arena a;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, kind, level, rule_id <> '' FROM incident "
                      "WHERE state = 'closed' AND merged_into IS NULL AND drill = 0 AND closed_at >= ?1 AND closed_at < ?2 ORDER BY closed_at, id LIMIT 500", "ii", from_ns, to_ns);
    arena_init(&a, (size_t) 64 << 20);
    jsonw_object(w);
    jsonw_key(w, STR("cases"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        int may = room_may_read(r, who, OBJECT_INCIDENT, sql_i64(st, 0), reterr);
        e = may == 1 ? write_case(r, &a, st, w, reterr) : may;
    }
    jsonw_end(w);
    jsonw_end(w);
    arena_done(&a);
    return e;
}
