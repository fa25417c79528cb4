/* Tips as pages are shown them, with the systems their text names. */
#include "base/text.h"
#include "room/register_priv.h"
#include "room/slip.h"
#include "room/tip.h"

#define COLUMNS                                                                                                                                                      \
    "t.id, t.version, t.number, t.form, t.from_kind, t.sender, t.contact, t.channel, t.tlp, t.state, t.why, t.match_state, t.received_at, t.created_at, "             \
    "t.called_at, t.taken_at, t.matched_at, t.ended_at, t.asked_at, (SELECT min(at) FROM slip_note n WHERE n.of = 'tip' AND n.of_id = t.id AND n.kind = 'replied'), " \
    "t.incident_id, i.number, t.indicators_n, t.refused_n, t.found, t.hunt_id, t.first_at, t.last_at, t.created_by, t.taken_by, t.text, t.indicators, t.callout_id, " \
    "t.campaign_id FROM tip t LEFT JOIN incident i ON i.id = t.incident_id "

static void write_number(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(key));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, column));
}

static void write_time(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_ktime(w, key, sql_is_null(st, column) ? TIME_NONE : sql_i64(st, column));
}

static void write_head(struct room *r, struct jsonw *w, struct sql_stmt *st) {
    static const char *const texts[] = {"number", "form", "from", "sender", "contact", "channel", "tlp", "state", "why", "match"};
    static const char *const times[] = {"received", "entered", "called", "taken", "matched", "ended", "asked", "replied"};
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        jsonw_kstr(w, texts[i], sql_str(st, (int) i + 2));
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        write_time(w, times[i], st, (int) i + 12);
    slip_case_write(w, st, 20);
    jsonw_ki64(w, "indicators_n", sql_i64(st, 22));
    jsonw_ki64(w, "refused_n", sql_i64(st, 23));
    write_number(w, "found", st, 24);
    write_number(w, "hunt", st, 25);
    write_time(w, "first_at", st, 26);
    write_time(w, "last_at", st, 27);
    room_by_text(r, w, "by", sql_str(st, 28));
    room_by_text(r, w, "taken_by", sql_str(st, 29));
}

int room_tips_write(struct room *r, const struct room_actor *who, struct str state, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str of = state.n ? state : STR("open");
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS "WHERE ?1 = 'all' OR t.state IN ('new', 'taken') ORDER BY t.id DESC", "s", &of), n = 0;
    jsonw_object(w);
    jsonw_key(w, STR("tips"));
    jsonw_array(w);
    while (e >= 0 && n < TIP_LISTED_MAX && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_TIP, sql_i64(st, 0), reterr);
        if (e != 1)
            continue;
        n++; /* of those the reader may see */
        write_head(r, w, st);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}

/* ---- systems the text names ---- */

/* Whether the folded text has the value as words of its own: "ASP" is not found in "aspect". */
static bool names(struct arena *a, struct str text, struct str value) {
    struct str v = text_fold(a, value);
    if (!v.p || v.n < 3)
        return false;
    for (ptrdiff_t at = 0; (at = str_find(text, v, (size_t) at)) >= 0; at++) {
        char before = at ? text.p[at - 1] : ' ', behind = (size_t) at + v.n < text.n ? text.p[(size_t) at + v.n] : ' ';
        bool letter_before = (before >= 'a' && before <= 'z') || ascii_digit(before), letter_behind = (behind >= 'a' && behind <= 'z') || ascii_digit(behind);
        bool starts = (v.p[0] >= 'a' && v.p[0] <= 'z') || ascii_digit(v.p[0]), ends = (v.p[v.n - 1] >= 'a' && v.p[v.n - 1] <= 'z') || ascii_digit(v.p[v.n - 1]);
        if (!(starts && letter_before) && !(ends && letter_behind))
            return true;
    }
    return false;
}

/* By which of its fields; NULL: it is not named. A version alone is nobody's name. */
static const char *named_by(struct arena *a, struct str text, const struct register_row *row) {
    struct str value, line;
    if (names(a, text, row->name))
        return "name";
    if (json_get_str(row->values, "product", &value))
        while (str_split(&value, '\n', &line))
            if (names(a, text, str_trim(line)))
                return "product";
    const struct json_value *list = json_get_array(row->values, "product");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        if (names(a, text, v->text))
            return "product";
    return json_get_str(row->values, "place", &value) && names(a, text, value) ? "place" : NULL;
}

static void write_system(struct arena *a, struct str text, const struct register_row *row, const char *by, struct jsonw *w) {
    struct str who = STR(""), version = STR(""), owner = STR("");
    IGNORE(json_get_str(row->values, "responsible", &who));
    IGNORE(json_get_str(row->values, "version", &version));
    IGNORE(json_get_str(row->values, "owner", &owner));
    jsonw_object(w);
    jsonw_ki64(w, "id", row->id);
    jsonw_kstr(w, "name", row->name);
    jsonw_kz(w, "by", by);
    jsonw_kstr(w, "version", version);
    jsonw_kbool(w, "version_named", version.n && names(a, text, version));
    jsonw_kstr(w, "owner", owner);
    jsonw_kstr(w, "responsible", who);
    jsonw_end(w);
}

static int write_systems(struct room *r, struct str told, struct jsonw *w, struct diag *err) {
    struct register_rows rows;
    struct arena a;
    size_t n = 0;
    arena_init(&a, (size_t) 64 << 20);
    struct str text = text_fold(&a, told);
    int e = text.p ? register_rows_load(r, STR("systems"), &rows, err) : diag_set(err, -ENOMEM, "memory has run out");
    jsonw_key(w, STR("systems"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < rows.n && n < TIP_SYSTEMS_MAX; i++) {
        const char *by = rows.at[i]->active ? named_by(&a, text, rows.at[i]) : NULL;
        if (by)
            write_system(&a, text, rows.at[i], by, w);
        n += by != NULL;
    }
    jsonw_end(w);
    if (e == 0)
        register_rows_done(&rows);
    arena_done(&a);
    return e;
}

int room_tip_names(struct room *r, struct str told, struct arena *a, struct str *ret, size_t cap, size_t *ret_n, struct diag *reterr) {
    struct register_rows rows;
    struct str text = text_fold(a, told);
    *ret_n = 0;
    int e = text.p ? register_rows_load(r, STR("systems"), &rows, reterr) : diag_set(reterr, -ENOMEM, "memory has run out");
    if (e < 0)
        return e;
    for (size_t i = 0; e == 0 && i < rows.n && *ret_n < cap; i++)
        if (rows.at[i]->active && named_by(a, text, rows.at[i]) && !(ret[(*ret_n)++] = arena_dup(a, rows.at[i]->name)).p)
            e = diag_set(reterr, -ENOMEM, "memory has run out");
    register_rows_done(&rows);
    return e;
}

/* ---- who is called, who answers ---- */

static int write_calls(struct room *r, int64_t callout, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT person, way, address, level, at, answered_at, answer FROM call WHERE callout_id = ?1 ORDER BY id LIMIT 500", "i", callout);
    jsonw_key(w, STR("calls"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        jsonw_kstr(w, "person", sql_str(st, 0));
        jsonw_kstr(w, "way", sql_str(st, 1));
        jsonw_kstr(w, "address", sql_str(st, 2));
        jsonw_ki64(w, "level", sql_i64(st, 3));
        jsonw_ktime(w, "at", sql_i64(st, 4));
        write_time(w, "answered", st, 5);
        jsonw_kstr(w, "answer", sql_str(st, 6));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

/* What each said of the systems they answer for. */
static int write_answers(struct room *r, int64_t campaign, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct campaign_kind *k = room_campaign_kind(r, STR("applies"));
    int e = sql_query(r->db, &st, err, "SELECT name, person, state, value, words, answered_at, version, id FROM campaign_target WHERE campaign_id = ?1 ORDER BY state = 'done', id LIMIT 500",
                      "i", campaign);
    jsonw_key(w, STR("campaign"));
    campaign ? jsonw_i64(w, campaign) : jsonw_null(w);
    jsonw_key(w, STR("answers"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        const struct campaign_answer *a = campaign_answer_find(k, sql_str(st, 3));
        jsonw_object(w);
        jsonw_kstr(w, "system", sql_str(st, 0));
        jsonw_kstr(w, "person", sql_str(st, 1));
        jsonw_kbool(w, "done", str_eq_z(sql_str(st, 2), "done"));
        jsonw_kstr(w, "answer_ja", a ? a->title.ja : sql_str(st, 3));
        jsonw_kstr(w, "answer_en", a ? a->title.en : sql_str(st, 3));
        jsonw_kstr(w, "words", sql_str(st, 4));
        write_time(w, "answered", st, 5);
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

int room_tip_write_one(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS "WHERE t.id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "there is no such tip");
    write_head(r, w, st);
    jsonw_kstr(w, "text", sql_str(st, 30));
    jsonw_key(w, STR("indicators"));
    jsonw_raw(w, sql_str(st, 31));
    int64_t callout = sql_i64(st, 32), campaign = sql_i64(st, 33);
    e = write_systems(r, sql_str(st, 30), w, reterr);
    if (e == 0)
        e = write_calls(r, callout, w, reterr);
    if (e == 0)
        e = write_answers(r, campaign, w, reterr);
    if (e == 0)
        e = slip_notes_write(r, OBJECT_TIP, id, w, reterr);
    jsonw_end(w);
    return e;
}
