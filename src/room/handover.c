/* See handover.h. */
#include "room/handover.h"

#include "room/incident_priv.h"
#include "room/joint.h"
#include "room/obligation.h"
#include "room/policy.h"

#include <errno.h>

#define THINGS_MAX 200      /* more is not read by anybody in the middle of the night; the pages behind the kinds have all */
#define THINGS_BYTES_MAX ((size_t) 1 << 20)
#define NOTES_MAX 100
#define OPEN_NOTES_MAX 50

/* ---- what is open ---- */

/* id, name, name in English, about, due, who; ?1 the case, ?2 now. */
static const struct thing {
    const char *kind;
    enum room_object object;
    const char *columns;
} things[] = {
    {"decision", OBJECT_DECISION, "id, kind, '', service, due_at, '' FROM decision WHERE incident_id = ?1 AND state IN ('proposed','half')"},
    {"action", OBJECT_ACTION, "id, kind, '', '', due_at, '' FROM action WHERE incident_id = ?1 AND state = 'proposed'"},
    {"deed", OBJECT_DEED, "min(id), kind, '', CASE count(*) WHEN 1 THEN target ELSE target || ' +' || (count(*) - 1) END, NULL, '' FROM deed WHERE incident_id = ?1 AND "
                          "state IN ('proposed','unsure') GROUP BY batch, kind"},
    {"task", OBJECT_TASK, "id, words_ja, words_en, coalesce(run_id, ''), due_at, coalesce((SELECT name FROM person p WHERE p.id = assignee), '') FROM task WHERE "
                          "incident_id = ?1 AND state IN ('due','doing')"},
    {"obligation", OBJECT_OBLIGATION, "id, key, '', report, due_at, '' FROM obligation WHERE incident_id = ?1 AND state = 'to_do' AND due_at IS NOT NULL"},
    {"promise", OBJECT_PUBLICATION, "id, what, '', of, due_at, '' FROM promise WHERE incident_id = ?1 AND state = 'open'"},
    {"call", OBJECT_CALLOUT, "id, text, '', '', next_at, '' FROM callout WHERE incident_id = ?1 AND state IN ('calling','nobody')"},
    {"message", OBJECT_MESSAGE, "min(id), max(who), '', count(*), NULL, '' FROM message WHERE incident_id = ?1 AND state IN ('failed','refused','bounced','unknown') "
                                "HAVING count(*) > 0"},
    {"campaign", OBJECT_CAMPAIGN, "id, title, '', (SELECT count(*) FROM campaign_target t WHERE t.campaign_id = campaign.id AND t.state = 'open'), due_at, '' FROM campaign "
                                  "WHERE incident_id = ?1 AND state = 'running'"},
    {"watch", OBJECT_TIGHTENING, "id, reason, '', '', review_at, '' FROM tightening WHERE incident_id = ?1 AND state = 'in_force' AND review_at <= ?2 + 86400000000000"},
    {"action_ends", OBJECT_ACTION, "id, kind, '', '', until_at, '' FROM action WHERE incident_id = ?1 AND state = 'in_force' AND until_at IS NOT NULL"},
    {"deed_ends", OBJECT_DEED, "min(id), kind, '', CASE count(*) WHEN 1 THEN target ELSE target || ' +' || (count(*) - 1) END, min(until_at), '' FROM deed WHERE "
                               "incident_id = ?1 AND state = 'in_force' AND until_at IS NOT NULL GROUP BY batch, kind"},
    {"handover", OBJECT_HANDOVER, "id, words, '', '', NULL, coalesce((SELECT name FROM person p WHERE p.id = to_person), '') FROM handover WHERE incident_id = ?1 AND "
                                  "taken_at IS NULL"},
};

/* The union of those kinds that the reader may read of this case; false: none. */
static bool of_reader(const struct room_row *row, const struct room_actor *who, struct buf *sql) {
    struct room_row as = *row;
    size_t n = 0;
    buf_add(sql, STR("WITH x(kind, id, name, name_en, about, due, who) AS ("));
    for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
        as.object = things[i].object;
        as.info_class = CLASS_RESPONSE;
        if (!room_may(who, VERB_READ, &as))
            continue;
        buf_add(sql, n++ ? STR(" UNION ALL SELECT ") : STR("SELECT "));
        char head[24];
        int k = snprintf(head, sizeof head, "%zu, ", i);
        buf_add(sql, str_n(head, (size_t) k));
        buf_add(sql, str_of(things[i].columns));
    }
    buf_add(sql, STR(") SELECT * FROM x ORDER BY due IS NULL, due, kind, id LIMIT ?3"));
    return n > 0 && buf_error(sql) == 0;
}

/* A duty's own words in both languages; its key where no file has it any more. */
static int write_names(struct room *r, struct sql_stmt *st, bool is_obligation, struct jsonw *w, struct diag *err) {
    struct room_words title = {0}, to = {0};
    int e = is_obligation ? room_obligation_words(r, sql_i64(st, 1), &title, &to, err) : 0;
    jsonw_kstr(w, "name", title.ja.n ? title.ja : sql_str(st, 2));
    jsonw_kstr(w, "name_en", title.en.n ? title.en : sql_str(st, 3));
    return e == -ENOENT ? 0 : e;
}

int room_open_things_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_row row;
    struct buf sql;
    int64_t now = room_now(r);
    int e = room_row_load(r, OBJECT_INCIDENT, incident, &row, reterr);
    if (e < 0)
        return e;
    buf_init(&sql, 16384);
    jsonw_key(w, STR("things"));
    jsonw_array(w);
    if (of_reader(&row, who, &sql))
        e = sql_query(r->db, &st, reterr, buf_z(&sql), "iii", incident, now, (int64_t) THINGS_MAX);
    while (e == 0 && st && (e = sql_step(st, reterr)) == 1) {
        const struct thing *x = &things[sql_i64(st, 0)];
        jsonw_object(w);
        jsonw_kz(w, "kind", x->kind);
        jsonw_ki64(w, "id", sql_i64(st, 1));
        e = write_names(r, st, x->object == OBJECT_OBLIGATION, w, reterr);
        jsonw_kstr(w, "about", sql_str(st, 4));
        jsonw_ktime(w, "due", sql_is_null(st, 5) ? TIME_NONE : sql_i64(st, 5));
        jsonw_kbool(w, "late", !sql_is_null(st, 5) && sql_i64(st, 5) < now);
        jsonw_kstr(w, "who", sql_str(st, 6));
        jsonw_end(w);
    }
    jsonw_end(w);
    buf_done(&sql);
    return MIN(e, 0);
}

/* ---- giving and taking ---- */

static int tell(struct room *r, const struct room_actor *by, int64_t incident, const char *key, struct str words, struct str to, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 65536);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kz(&w, "name", by->name);
    jsonw_kstr(&w, "words", words);
    if (to.n)
        jsonw_kstr(&w, "to", to);
    jsonw_end(&w);
    int e = room_timeline_tell(r, by, incident, "ciso_csirt", "handover", key, &params, err);
    return e;
}

static int find_to(struct room *r, const struct room_actor *by, int64_t to, struct sql_stmt **ret, struct diag *err) {
    if (to == by->person)
        return diag_set(err, -EINVAL, "to");
    int e = sql_query(r->db, ret, err, "SELECT name FROM person WHERE id = ?1 AND active", "i", to);
    if (e == 0)
        e = sql_step(*ret, err);
    return e == 0 ? diag_set(err, -EINVAL, "to") : MIN(e, 0);
}

static int give(struct room *r, const struct room_actor *by, const struct room_handover_new *x, int64_t *ret_id, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *to = NULL;
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_HANDOVER, .tlp = TLP_AMBER, .incident = x->incident};
    struct str words = str_trim(x->words);
    struct jsonw j;
    struct buf b;
    int e = x->to ? find_to(r, by, x->to, &to, err) : 0;
    if (e < 0)
        return e;
    buf_init(&b, THINGS_BYTES_MAX);
    jsonw_init(&j, &b);
    jsonw_object(&j);
    e = room_open_things_write(r, x->incident, by, &j, err);
    jsonw_end(&j);
    if (e == 0)
        e = buf_error(&b);
    struct str doc = buf_str(&b);
    if (e == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO handover(incident_id, words, to_person, things, entry, given_at) SELECT ?1, ?2, nullif(?3, 0), ?4, "
                       "coalesce((SELECT max(id) FROM timeline WHERE incident_id = ?1), 0), ?5",
                       "isisi", x->incident, &words, x->to, &doc, room_now(r));
    if (e == 0)
        e = tell(r, by, x->incident, "event.handover_given", words, to ? sql_str(to, 0) : STR(""), err);
    buf_done(&b);
    room_changed(r, "now", 0);
    return e;
}

int room_handover_give(struct room *r, const struct room_actor *by, const struct room_handover_new *x, int64_t *ret_id, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, give(r, by, x, ret_id, reterr), reterr);
}

static int take(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_HANDOVER, .id = id, .version = version};
    char me[ROOM_BY_CAP];
    int e = sql_query(r->db, &st, err, "SELECT incident_id, created_by, taken_at FROM handover WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no such note");
    room_actor_format(by, me);
    if (str_eq_z(sql_str(st, 1), me))
        return diag_set(err, -EINVAL, "self");
    if (!sql_is_null(st, 2))
        return diag_set(err, -EALREADY, "somebody has taken it");
    e = room_write(r, &w, NULL, err, "UPDATE handover SET taken_at = ?2, taken_by = ?3 WHERE id = ?1", "iiz", id, room_now(r), me);
    if (e == 0)
        e = tell(r, by, sql_i64(st, 0), "event.handover_taken", STR(""), STR(""), err);
    room_changed(r, "now", 0);
    return e;
}

int room_handover_take(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, take(r, by, id, version, reterr), reterr);
}

/* ---- telling ---- */

#define NOTE_COLUMNS                                                                                                                                    \
    "h.id, h.version, h.incident_id, h.words, h.given_at, h.created_by, h.taken_at, h.taken_by, h.things, (SELECT name FROM person p WHERE p.id = h.to_person), " \
    "(SELECT count(*) FROM timeline t WHERE t.incident_id = h.incident_id AND t.id > h.entry AND t.kind <> 'handover'), i.number, i.title_key, i.title_params, i.title_plain"

static void write_note(struct room *r, struct sql_stmt *st, const char *me, bool whole, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    jsonw_ki64(w, "incident", sql_i64(st, 2));
    jsonw_kstr(w, "number", sql_str(st, 11));
    room_text_or_plain(w, "title", st, 12);
    jsonw_kstr(w, "words", sql_str(st, 3));
    jsonw_ktime(w, "at", sql_i64(st, 4));
    room_by_text(r, w, "by", sql_str(st, 5));
    jsonw_kbool(w, "mine", str_eq_z(sql_str(st, 5), me));
    jsonw_key(w, STR("to"));
    sql_is_null(st, 9) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 9));
    jsonw_ki64(w, "since", sql_i64(st, 10));
    jsonw_ktime(w, "taken_at", sql_is_null(st, 6) ? TIME_NONE : sql_i64(st, 6));
    if (!sql_is_null(st, 7))
        room_by_text(r, w, "taken_by", sql_str(st, 7));
    else {
        jsonw_key(w, STR("taken_by"));
        jsonw_null(w);
    }
    if (whole) {
        jsonw_key(w, STR("open"));
        jsonw_raw(w, sql_str(st, 8));
    }
    jsonw_end(w);
}

int room_handovers_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char me[ROOM_BY_CAP];
    room_actor_format(who, me);
    jsonw_object(w);
    int e = room_open_things_write(r, incident, who, w, reterr);
    if (e == 0)
        e = room_unread_write(r, incident, who, w, reterr);
    if (e == 0)
        e = sql_query(r->db, &st, reterr, "SELECT " NOTE_COLUMNS " FROM handover h JOIN incident i ON i.id = h.incident_id WHERE h.incident_id = ?1 ORDER BY h.id DESC LIMIT ?2", "ii",
                      incident, (int64_t) NOTES_MAX);
    jsonw_key(w, STR("notes"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        write_note(r, st, me, true, w);
        e = 0;
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}

/* Each row is asked before it counts against the limit: what somebody may not see takes nobody's place. */
int room_handovers_open_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char me[ROOM_BY_CAP];
    int n = 0;
    room_actor_format(who, me);
    jsonw_key(w, STR("notes"));
    jsonw_array(w);
    int e = sql_query(r->db, &st, reterr, "SELECT " NOTE_COLUMNS " FROM handover h JOIN incident i ON i.id = h.incident_id WHERE h.taken_at IS NULL ORDER BY h.id DESC", "");
    while (e == 0 && n < OPEN_NOTES_MAX && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_HANDOVER, sql_i64(st, 0), reterr);
        if (e == 1) {
            write_note(r, st, me, false, w);
            n++;
        }
        e = MIN(e, 0);
    }
    jsonw_end(w);
    return MIN(e, 0);
}
