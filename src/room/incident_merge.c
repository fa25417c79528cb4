/* Two cases become one, and two again.
 *
 * What belongs to a case is a row of `moved`: joining moves it, taking back moves it back, by the same two statements made from that row.
 * Before anything moves, the record of the merge (incident_merge) notes every row the ending case has, as parts of its own, and what of
 * them would be written over. So taking back needs no guess: what was noted and stands in the case that took it goes back as it was; what a
 * person moved on to a third case stays there; what came since stays with the case that took it; and all three are told with their numbers.
 *
 * Nobody sees more because two cases became one: the stricter label holds for both, and need-to-know for both if it did for one. What cannot
 * move (a fact the other case says differently) stays in the ended case, which remains readable and is named by the other. */
#include "room/incident.h"

#include "room/finding_store.h"
#include "room/incident_priv.h"

#include <errno.h>

#define SQL_CAP 900
/* ?2 is the case a row would come to. */
#define ALREADY(table, condition) "NOT EXISTS (SELECT 1 FROM " table " b WHERE b.incident_id = ?2 AND " condition ")"
#define RUN_THERE "EXISTS (SELECT 1 FROM run b WHERE b.incident_id = ?2 AND b.state IN ('proposed','running'))"

static const struct moved {
    enum room_object object;
    const char *table;
    const char *column; /* NULL: incident_id */
    const char *name;   /* in the record of a merge; NULL: the table */
    const char *guard;  /* of `a`: whether it may come; NULL: always */
    const char *set;    /* what else changes when it comes */
    const char *was, *back; /* what of it is noted for that, and how it is put back (?3) */
} moved[] = {
    {.object = OBJECT_ACCOUNT, .table = "account", .guard = ALREADY("account", "b.name = a.name AND b.service = a.service")},
    {.object = OBJECT_ACTION, .table = "action"},
    {.object = OBJECT_DEED, .table = "deed"},
    {.object = OBJECT_TIMELINE, .table = "timeline"},
    {.object = OBJECT_LANE, .table = "lane",
     .set = ", name = CASE WHEN EXISTS (SELECT 1 FROM lane b WHERE b.incident_id = ?2 AND b.name = lane.name) THEN name || ' #' || id ELSE name END",
     .was = "json_array(a.name)",
     .back = ", name = CASE WHEN name = json_extract(?3, '$[0]') || ' #' || id THEN json_extract(?3, '$[0]') ELSE name END"},
    {.object = OBJECT_APART, .table = "apart", .guard = "a.other_id <> ?2 AND " ALREADY("apart", "b.other_id = a.other_id")},
    {.object = OBJECT_APART, .table = "apart", .column = "other_id", .name = "apart_other",
     .guard = "a.incident_id <> ?2 AND NOT EXISTS (SELECT 1 FROM apart b WHERE b.other_id = ?2 AND b.incident_id = a.incident_id)"},
    /* two proposals for what is one case now are one too many; noted with the rest of the runs */
    {.object = OBJECT_RUN, .table = "run", .name = "", .guard = "a.state = 'proposed' AND " RUN_THERE, .set = ", state = 'declined', reason = 'merged'"},
    {.object = OBJECT_RUN, .table = "run", .was = "json_array(a.state, a.reason)",
     .back = ", state = CASE WHEN state = 'declined' AND reason = 'merged' THEN json_extract(?3, '$[0]') ELSE state END, "
             "reason = CASE WHEN state = 'declined' AND reason = 'merged' THEN json_extract(?3, '$[1]') ELSE reason END"},
    {.object = OBJECT_TASK, .table = "task"},
    {.object = OBJECT_DECISION, .table = "decision"},
    {.object = OBJECT_CONSULT, .table = "consult"},
    {.object = OBJECT_AGREEMENT, .table = "agreement"},
    {.object = OBJECT_CALLOUT, .table = "callout"},
    {.object = OBJECT_SHEET, .table = "sheet"},
    {.object = OBJECT_CAMPAIGN, .table = "campaign"},
    {.object = OBJECT_TIGHTENING, .table = "tightening"},
    {.object = OBJECT_MAIL, .table = "mail_report"},
    {.object = OBJECT_PERSON_REPORT, .table = "person_report"},
    {.object = OBJECT_TIP, .table = "tip"},
    {.object = OBJECT_INFO, .table = "info_report"},
    {.object = OBJECT_LEVEL, .table = "alert_level"},
    {.object = OBJECT_MEANS, .table = "means"},
    {.object = OBJECT_MESSAGE, .table = "message"},
    {.object = OBJECT_SCOPE, .table = "scope_run"},
    {.object = OBJECT_CASE_ROW, .table = "case_row", .guard = "(a.key = '' OR " ALREADY("case_row", "b.kind = a.kind AND b.key = a.key") ")"},
    /* what it says of itself already stays as it is said */
    {.object = OBJECT_FACT, .table = "fact", .guard = ALREADY("fact", "b.name = a.name")},
    {.object = OBJECT_OBLIGATION, .table = "obligation", .guard = ALREADY("obligation", "b.key = a.key AND b.report = a.report")},
    {.object = OBJECT_SUBMISSION, .table = "submission"},
    /* of two drafts of what is one case now the remaining case's goes on */
    {.object = OBJECT_PUBLICATION, .table = "publication", .name = "",
     .guard = "a.state IN ('draft','asked') AND EXISTS (SELECT 1 FROM publication b WHERE b.incident_id = ?2 AND b.state IN ('draft','asked'))",
     .set = ", state = 'dropped', why = 'merged'"},
    {.object = OBJECT_PUBLICATION, .table = "publication", .was = "json_array(a.state, a.why)",
     .back = ", state = CASE WHEN state = 'dropped' AND why = 'merged' THEN json_extract(?3, '$[0]') ELSE state END, "
             "why = CASE WHEN state = 'dropped' AND why = 'merged' THEN json_extract(?3, '$[1]') ELSE why END"},
    {.object = OBJECT_PROMISE, .table = "promise"},
    {.object = OBJECT_ANSWER, .table = "answer"},
    {.object = OBJECT_ATTACHMENT, .table = "attachment"},
    {.object = OBJECT_PACK_DRAFT, .table = "pack_draft"},
    {.object = OBJECT_OUTGOING, .table = "outgoing"},
    {.object = OBJECT_CONTACT, .table = "contact"},
    {.object = OBJECT_HANDOVER, .table = "handover"},
};

static const char *column_of(const struct moved *m) {
    return m->column ? m->column : "incident_id";
}

static const char *name_of(const struct moved *m) {
    return m->name ? m->name : m->table;
}

/* One row through the door; was.p NULL: nothing of it is put back. */
static int move_row(struct room *r, const struct room_actor *by, const struct moved *m, int64_t id, int64_t into, const char *more, struct str was, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = m->object, .id = id, .version = ROOM_ANY_VERSION};
    char sql[SQL_CAP];
    snprintf(sql, sizeof sql, "UPDATE %s SET %s = ?2%s WHERE id = ?1", m->table, column_of(m), more ? more : "");
    return was.p ? room_write(r, &w, NULL, err, sql, "iis", id, into, &was) : room_write(r, &w, NULL, err, sql, "ii", id, into);
}

/* ---- becoming one ---- */

static int next_id(struct room *r, const char *sql, int64_t from, int64_t into, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, sql, "ii", from, into);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int move_all(struct room *r, const struct room_actor *by, const struct moved *m, int64_t from, int64_t into, struct diag *err) {
    char sql[SQL_CAP];
    snprintf(sql, sizeof sql, "SELECT a.id FROM %s a WHERE a.%s = ?1 AND ?2 > 0%s%s LIMIT 1", m->table, column_of(m), m->guard ? " AND " : "", m->guard ? m->guard : "");
    for (;;) {
        int64_t id;
        int e = next_id(r, sql, from, into, &id, err);
        if (e == 0 && id)
            e = move_row(r, by, m, id, into, m->set, STR_NULL, err);
        if (e < 0 || !id)
            return e;
    }
}

static int move_findings(struct room *r, const struct room_actor *by, int64_t from, int64_t into, struct diag *err) {
    for (;;) {
        int64_t id;
        int e = next_id(r, "SELECT id FROM finding WHERE incident_id = ?1 AND ?2 > 0 LIMIT 1", from, into, &id, err);
        if (e == 0 && id)
            e = room_finding_assign(r, by, id, into, err);
        if (e < 0 || !id)
            return e;
    }
}

/* Whoever saw, decided or stopped one of the two first did so for the case they have become; neither is told more widely than before. */
static int merge_head(struct room *r, const struct room_actor *by, int64_t from, int64_t into, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_INCIDENT, .id = into, .version = ROOM_ANY_VERSION, .quiet = true};
    struct room_row a, b;
    int e = room_row_load(r, OBJECT_INCIDENT, from, &a, err);
    if (e == 0)
        e = room_row_load(r, OBJECT_INCIDENT, into, &b, err);
    if (e < 0)
        return e;
    return room_write(r, &w, NULL, err,
                      "UPDATE incident SET (person_at, person_by) = (SELECT person_at, person_by FROM incident "
                      "WHERE id IN (?1, ?2) AND person_at IS NOT NULL ORDER BY person_at LIMIT 1), (decision_at, "
                      "decision_by) = (SELECT decision_at, decision_by FROM incident WHERE id IN (?1, ?2) AND "
                      "decision_at IS NOT NULL ORDER BY decision_at LIMIT 1), (contained_at, contained_n, "
                      "dry_run_n) = (SELECT min(contained_at), sum(contained_n), sum(dry_run_n) FROM incident "
                      "WHERE id IN (?1, ?2)), tlp = ?3, need_to_know = ?4, "
                      "commander = CASE WHEN ?4 AND commander IS NULL THEN (SELECT commander FROM incident WHERE id = ?2) ELSE commander END WHERE id = ?1",
                      "iizi", into, from, room_tlp_to_string(MAX(a.tlp, b.tlp)), (int64_t) (a.need_to_know || b.need_to_know));
}

/* ---- the record ---- */

static int note_rows(void *ctx, struct room *r, int64_t id, struct diag *err) {
    const int64_t *from = ctx;
    char sql[SQL_CAP];
    int e = room_write_part(r, err, "INSERT INTO merge_part(merge_id, object, row_id, was) SELECT ?1, 'finding', id, NULL FROM finding WHERE incident_id = ?2", "ii", id, *from);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(moved); i++) {
        const struct moved *m = &moved[i];
        snprintf(sql, sizeof sql, "INSERT INTO merge_part(merge_id, object, row_id, was) SELECT ?1, '%s', a.id, %s FROM %s a WHERE a.%s = ?2", name_of(m),
                 m->was ? m->was : "NULL", m->table, column_of(m));
        if (name_of(m)[0])
            e = room_write_part(r, err, sql, "ii", id, *from);
    }
    return e;
}

#define HEAD_OF(i) "json_array(" i ".person_at, " i ".person_by, " i ".decision_at, " i ".decision_by, " i ".contained_at, " i ".contained_n, " i ".dry_run_n, " i ".tlp, " \
                   i ".need_to_know, " i ".commander, " i ".state, " i ".closed_at)"

static int record(struct room *r, const struct room_actor *by, int64_t from, int64_t into, int64_t now, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_MERGE, .tlp = TLP_AMBER, .incident = into, .parts = note_rows, .parts_ctx = &from};
    return room_write(r, &w, NULL, err,
                      "INSERT INTO incident_merge(incident_id, into_id, merged_at, was_from, was_into) SELECT ?1, ?2, ?3, " HEAD_OF("f") ", " HEAD_OF("i")
                      " FROM incident f, incident i WHERE f.id = ?1 AND i.id = ?2",
                      "iii", from, into, now);
}

static int note(struct room *r, const struct room_actor *by, int64_t at, int64_t other, const char *key, const struct room_unmerged *n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct buf params;
    struct jsonw w;
    int e = sql_query(r->db, &st, err, "SELECT number FROM incident WHERE id = ?1", "i", other);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return e;
    buf_init(&params, 4096);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "number", sql_str(st, 0));
    if (n) {
        jsonw_kz(&w, "name", by->name);
        jsonw_ki64(&w, "back", n->back);
        jsonw_ki64(&w, "elsewhere", n->elsewhere);
        jsonw_ki64(&w, "since", n->since);
    }
    jsonw_end(&w);
    return room_timeline_tell(r, n ? &room_system : by, at, n ? "ciso_csirt" : "system", n ? "decision" : "notice", key, &params, err);
}

int room_incident_merge(struct room *r, const struct room_actor *by, int64_t from, int64_t into, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_INCIDENT, .id = from, .version = ROOM_ANY_VERSION};
    int64_t now = room_now(r);
    int e = record(r, by, from, into, now, reterr);
    if (e == 0)
        e = merge_head(r, by, from, into, reterr);
    if (e == 0)
        e = move_findings(r, by, from, into, reterr);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(moved); i++)
        e = move_all(r, by, &moved[i], from, into, reterr);
    if (e == 0)
        e = room_write(r, &w, NULL, reterr, "UPDATE incident SET state = 'closed', closed_at = ?3, merged_into = ?2 WHERE id = ?1", "iii", from, into, now);
    room_changed(r, "incident", from);
    return e == 0 ? note(r, by, into, from, "event.incident_merged", NULL, reterr) : e;
}

/* ---- and two again ---- */

struct undo {
    struct room *r;
    const struct room_actor *by;
    int64_t id, from, into, merged_ns; /* into: where its rows stand now */
    struct room_unmerged n;
};

/* The last merge of a case that was not taken back; where the case that took it has become part of another, its rows stand there. */
static int find_merge(struct undo *u, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(u->r->db, &st, err,
                      "WITH RECURSIVE now_in(id) AS (SELECT merged_into FROM incident WHERE id = ?1 UNION SELECT i.merged_into FROM incident i JOIN now_in n "
                      "ON i.id = n.id WHERE i.merged_into IS NOT NULL) SELECT m.id, m.merged_at, i.id FROM incident_merge m JOIN incident c ON c.id = m.incident_id AND "
                      "c.merged_into = m.into_id, now_in n JOIN incident i ON i.id = n.id AND i.merged_into IS NULL WHERE m.incident_id = ?1 AND m.undone_at IS NULL "
                      "ORDER BY m.id DESC LIMIT 1",
                      "i", u->from);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -EINVAL, "merge");
    u->id = sql_i64(st, 0);
    u->merged_ns = sql_i64(st, 1);
    u->into = sql_i64(st, 2);
    return 0;
}

/* After which row; -1: no more of this kind. */
static int next_back(struct undo *u, const char *sql, int64_t *after, struct str *ret_was, struct arena *a, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(u->r->db, &st, err, sql, "iiii", u->id, u->from, *after, u->into);
    if (e == 0)
        e = sql_step(st, err);
    *after = e == 1 ? sql_i64(st, 0) : -1;
    if (e == 1 && ret_was && !sql_is_null(st, 1)) {
        *ret_was = arena_dup(a, sql_str(st, 1));
        if (!ret_was->p)
            return -ENOMEM;
    }
    return MIN(e, 0);
}

static int move_back(struct undo *u, const struct moved *m, struct diag *err) {
    char sql[SQL_CAP];
    struct arena a;
    int64_t after = 0;
    int e = 0;
    snprintf(sql, sizeof sql,
             "SELECT a.id, p.was FROM merge_part p CROSS JOIN %s a ON a.id = p.row_id WHERE p.merge_id = ?1 AND p.object = '%s' AND p.row_id > ?3 AND a.%s = ?4 AND ?2 > 0%s%s "
             "ORDER BY p.row_id LIMIT 1",
             m->table, name_of(m), column_of(m), m->guard ? " AND " : "", m->guard ? m->guard : "");
    arena_init(&a, 1 << 16);
    for (;;) {
        struct str was = STR_NULL;
        arena_reset(&a);
        e = next_back(u, sql, &after, m->back ? &was : NULL, &a, err);
        if (e < 0 || after < 0)
            break;
        e = move_row(u->r, &room_system, m, after, u->from, was.p ? m->back : NULL, was, err);
        if (e < 0)
            break;
        u->n.back++;
    }
    arena_done(&a);
    return e;
}

static int findings_back(struct undo *u, struct diag *err) {
    int64_t after = 0;
    for (;;) {
        int e = next_back(u,
                          "SELECT a.id FROM merge_part p CROSS JOIN finding a ON a.id = p.row_id WHERE p.merge_id = ?1 AND p.object = 'finding' AND p.row_id > ?3 AND "
                          "a.incident_id = ?4 AND ?2 > 0 ORDER BY p.row_id LIMIT 1",
                          &after, NULL, NULL, err);
        if (e == 0 && after > 0)
            e = room_finding_assign(u->r, &room_system, after, u->from, err);
        if (e < 0 || after < 0)
            return e;
        u->n.back++;
    }
}

/* What went on to a third case, and what the case that took it was told since. */
static int count_rest(struct undo *u, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(u->r->db, &st, err,
                      "SELECT (SELECT count(*) FROM merge_part p CROSS JOIN finding f ON f.id = p.row_id WHERE p.merge_id = ?1 AND p.object = 'finding' AND f.incident_id <> ?3) + "
                      "(SELECT count(*) FROM merge_part p CROSS JOIN timeline f ON f.id = p.row_id WHERE p.merge_id = ?1 AND p.object = 'timeline' AND f.incident_id <> ?3), "
                      "(SELECT count(*) FROM timeline WHERE incident_id = ?2 AND created_at > ?4) + (SELECT count(*) FROM finding WHERE incident_id = ?2 AND created_at > ?4)",
                      "iiii", u->id, u->into, u->from, u->merged_ns);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        u->n.elsewhere = sql_i64(st, 0);
        u->n.since = sql_i64(st, 1);
    }
    return MIN(e, 0);
}

/* A value of the case that took it goes back to what it was only where it is still the other case's. */
#define PUT_BACK(column, was, theirs) column " = CASE WHEN " column " IS " theirs " AND " was " IS NOT " theirs " THEN " was " ELSE " column " END"
static int heads_back(struct undo *u, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_INCIDENT, .id = u->into, .version = ROOM_ANY_VERSION};
    int e = room_write(u->r, &w, NULL, err,
                       "UPDATE incident SET " PUT_BACK("person_at", "m.i0", "m.f0") ", " PUT_BACK("person_by", "m.i1", "m.f1") ", " PUT_BACK("decision_at", "m.i2", "m.f2") ", "
                       PUT_BACK("decision_by", "m.i3", "m.f3") ", " PUT_BACK("contained_at", "m.i4", "m.f4") ", contained_n = max(0, contained_n - m.f5), "
                       "dry_run_n = max(0, dry_run_n - m.f6), " PUT_BACK("tlp", "m.i7", "m.f7") ", " PUT_BACK("need_to_know", "m.i8", "m.f8") ", "
                       PUT_BACK("commander", "m.i9", "m.f9")
                       " FROM (SELECT was_into ->> 0 AS i0, was_into ->> 1 AS i1, was_into ->> 2 AS i2, was_into ->> 3 AS i3, was_into ->> 4 AS i4, was_into ->> 7 AS i7, "
                       "was_into ->> 8 AS i8, was_into ->> 9 AS i9, was_from ->> 0 AS f0, was_from ->> 1 AS f1, was_from ->> 2 AS f2, was_from ->> 3 AS f3, was_from ->> 4 AS f4, "
                       "was_from ->> 5 AS f5, was_from ->> 6 AS f6, was_from ->> 7 AS f7, was_from ->> 8 AS f8, was_from ->> 9 AS f9 FROM incident_merge WHERE id = ?2) AS m "
                       "WHERE incident.id = ?1",
                       "ii", u->into, u->id);
    w.id = u->from;
    return e < 0 ? e
                 : room_write(u->r, &w, NULL, err,
                              "UPDATE incident SET merged_into = NULL, state = m.was_from ->> 10, closed_at = m.was_from ->> 11 FROM (SELECT was_from FROM incident_merge WHERE "
                              "id = ?2) AS m WHERE incident.id = ?1",
                              "ii", u->from, u->id);
}

/* The person's own write of each of the two: permission, version of the one, one row of the chain each. */
static int sign(struct undo *u, int64_t id, int64_t version, struct diag *err) {
    char detail[64];
    int n = snprintf(detail, sizeof detail, "{\"unmerge\":%lld}", (long long) (id == u->from ? u->into : u->from));
    struct room_write w = {.by = u->by, .verb = VERB_CHANGE, .object = OBJECT_INCIDENT, .id = id, .version = version, .detail = str_n(detail, (size_t) n)};
    return room_write(u->r, &w, NULL, err, "UPDATE incident SET state = state WHERE id = ?1", "i", id);
}

static int mark_undone(struct undo *u, struct diag *err) {
    struct room_write w = {.by = u->by, .verb = VERB_UNDO, .object = OBJECT_MERGE, .id = u->id, .version = ROOM_ANY_VERSION};
    return room_write(u->r, &w, NULL, err, "UPDATE incident_merge SET undone_at = ?2 WHERE id = ?1", "ii", u->id, room_now(u->r));
}

static int unmerge(struct undo *u, int64_t version, struct diag *err) {
    int e = sign(u, u->from, version, err);
    if (e == 0)
        e = find_merge(u, err);
    if (e == 0)
        e = sign(u, u->into, ROOM_ANY_VERSION, err);
    if (e == 0)
        e = heads_back(u, err);
    if (e == 0)
        e = findings_back(u, err);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(moved); i++)
        if (name_of(&moved[i])[0])
            e = move_back(u, &moved[i], err);
    if (e == 0)
        e = count_rest(u, err);
    if (e == 0)
        e = mark_undone(u, err);
    if (e == 0)
        e = room_apart_put(u->r, u->from, u->into, err);
    if (e == 0)
        e = room_incident_refresh(u->r, &room_system, u->from, err);
    if (e == 0)
        e = room_incident_refresh(u->r, &room_system, u->into, err);
    if (e == 0)
        e = room_ledger_person(u->r, u->by, u->into, err);
    if (e == 0)
        e = note(u->r, u->by, u->from, u->into, "event.incident_unmerged", &u->n, err);
    return e == 0 ? note(u->r, u->by, u->into, u->from, "event.incident_unmerged_out", &u->n, err) : e;
}

int room_incident_unmerge(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct room_unmerged *ret, struct diag *reterr) {
    struct undo u = {.r = r, .by = by, .from = id};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = unmerge(&u, version, reterr);
    room_changed(r, "now", 0);
    e = room_end(r, e, reterr);
    if (e == 0)
        *ret = u.n;
    return e;
}

/* ---- telling ---- */

int room_merges_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT i.id, i.number, i.version, i.title_key, i.title_params, i.title_plain, m.merged_at, m.created_by, (SELECT count(*) FROM fact f WHERE "
                      "f.incident_id = i.id) FROM incident_merge m JOIN incident i ON i.id = m.incident_id WHERE m.into_id = ?1 AND m.undone_at IS NULL ORDER BY m.id LIMIT 100",
                      "i", incident);
    jsonw_key(w, STR("took"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_INCIDENT, sql_i64(st, 0), reterr);
        if (e <= 0)
            continue;
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_kstr(w, "number", sql_str(st, 1));
        jsonw_ki64(w, "version", sql_i64(st, 2));
        room_text_or_plain(w, "title", st, 3);
        jsonw_ktime(w, "at", sql_i64(st, 6));
        room_by_text(r, w, "by", sql_str(st, 7));
        jsonw_ki64(w, "facts_stayed", sql_i64(st, 8));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return MIN(e, 0);
}
