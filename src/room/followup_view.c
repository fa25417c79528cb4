/* What is followed up, shown (followup.h): rows for pages and spreadsheets. Reads only. */
#include "room/followup.h"

#include "base/csv.h"
#include "room/followup_priv.h"

#define COLUMNS                                                                                                                                     \
    "id, version, pack, lesson, question, words, how, person, carrier, due_at, state, said, said_at, result, checked_at, campaign_id, created_by, "   \
    "since FROM followup"
enum { ID, VERSION, PACK, LESSON, QUESTION, WORDS, HOW, PERSON, CARRIER, DUE, STATE, SAID, SAID_AT, RESULT, CHECKED, CAMPAIGN, BY, SINCE };

static const struct readiness_pack *pack_of(const struct room *r, struct str id) {
    for (size_t i = 0; i < r->readiness.n_packs; i++)
        if (str_eq(r->readiness.packs[i].id, id))
            return &r->readiness.packs[i];
    return NULL;
}

static const struct json_value *titles_of(const struct readiness_pack *p) {
    return p ? json_get(p->root, "titles") : NULL;
}

static const struct json_value *lesson_of(const struct readiness_pack *p, struct str id) {
    const struct json_value *head = p ? json_get_object(p->root, "pack") : NULL, *list = head ? json_get_array(head, "lessons") : NULL;
    struct str s;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        if (json_get_str(v, "id", &s) && str_eq(s, id))
            return v;
    return NULL;
}

static struct str japanese(const struct json_value *v) {
    struct str s = STR("");
    IGNORE(v && json_get_str(v, "ja", &s));
    return s;
}

static void both(struct jsonw *w, const char *key, const struct json_value *v) {
    struct str s;
    jsonw_key(w, str_of(key));
    if (!v || v->type != JSON_OBJECT) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_kstr(w, "ja", json_get_str(v, "ja", &s) ? s : STR(""));
    jsonw_kstr(w, "en", json_get_str(v, "en", &s) ? s : STR(""));
    jsonw_end(w);
}

static int64_t time_at(struct sql_stmt *st, int column) {
    return sql_is_null(st, column) ? TIME_NONE : sql_i64(st, column);
}

static bool is_late(struct room *r, struct sql_stmt *st) {
    return str_eq_z(sql_str(st, STATE), "open") && sql_i64(st, DUE) <= room_now(r);
}

static int write_row(struct room *r, struct sql_stmt *st, struct jsonw *w, struct diag *err) {
    static const struct {
        const char *name;
        int at;
    } texts[] = {{"pack", PACK}, {"lesson", LESSON}, {"question", QUESTION}, {"words", WORDS}, {"how", HOW}, {"person", PERSON}, {"by", CARRIER}, {"state", STATE}, {"said", SAID}, {"result", RESULT}},
      times[] = {{"due", DUE}, {"said_at", SAID_AT}, {"checked_at", CHECKED}, {"since", SINCE}};
    static const char *const answers[] = {"unknown", "no", "yes"};
    const struct readiness_pack *p = pack_of(r, sql_str(st, PACK));
    struct room_answered now;
    int e = room_answered(r, sql_str(st, QUESTION), &now, err);
    if (e < 0)
        return e;
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, ID));
    jsonw_ki64(w, "version", sql_i64(st, VERSION));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        jsonw_kstr(w, texts[i].name, sql_str(st, texts[i].at));
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        jsonw_ktime(w, times[i].name, time_at(st, times[i].at));
    both(w, "title", titles_of(p));
    both(w, "lesson_words", lesson_of(p, sql_str(st, LESSON)));
    jsonw_kbool(w, "late", is_late(r, st));
    jsonw_kz(w, "now", answers[now.answer]);
    jsonw_ktime(w, "now_at", now.at_ns);
    jsonw_kbool(w, "declared", now.declared || !sql_str(st, QUESTION).n);
    jsonw_key(w, STR("campaign"));
    sql_is_null(st, CAMPAIGN) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, CAMPAIGN));
    room_by_text(r, w, "created_by", sql_str(st, BY));
    jsonw_end(w);
    return 0;
}

static int query(struct room *r, struct str pack, struct sql_stmt **st, struct diag *err) {
    return sql_query(r->db, st, err, "SELECT " COLUMNS " WHERE ?1 = '' OR pack = ?1 ORDER BY state IN ('closed','dropped'), due_at, id LIMIT 5000", "s", &pack);
}

int room_followups_write(struct room *r, struct str pack, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = query(r, pack, &st, reterr);
    jsonw_key(w, STR("followups"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1)
        if ((e = write_row(r, st, w, reterr)) < 0)
            return e;
    jsonw_end(w);
    return e;
}

static void cell_of_time(struct buf *out, int64_t at) {
    char iso[TIME_ISO_CAP];
    csv_cell(out, false, at == TIME_NONE ? STR("") : str_of(time_format_iso_offset(at, TIME_JST_OFFSET_MIN, 0, iso)));
}

int room_followups_csv(struct room *r, struct str pack, struct buf *out, struct diag *reterr) {
    static const char *const heads[] = {"教訓集", "事例", "教訓", "すること", "担当", "期限", "確かめ方", "担うもの", "状態", "結果", "確かめた日時", "報告"};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = query(r, pack, &st, reterr);
    buf_add_z(out, CSV_MARK);
    for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
        csv_cell(out, i == 0, str_of(heads[i]));
    csv_end_row(out);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        const struct readiness_pack *p = pack_of(r, sql_str(st, PACK));
        csv_cell(out, true, sql_str(st, PACK));
        csv_cell(out, false, japanese(titles_of(p)));
        csv_cell(out, false, japanese(lesson_of(p, sql_str(st, LESSON))));
        csv_cell(out, false, sql_str(st, WORDS));
        csv_cell(out, false, sql_str(st, PERSON));
        cell_of_time(out, sql_i64(st, DUE));
        csv_cell(out, false, sql_str(st, HOW).n ? sql_str(st, HOW) : sql_str(st, QUESTION));
        csv_cell(out, false, sql_str(st, CARRIER));
        csv_cell(out, false, is_late(r, st) ? STR("late") : sql_str(st, STATE));
        csv_cell(out, false, sql_str(st, RESULT));
        cell_of_time(out, time_at(st, CHECKED));
        csv_cell(out, false, sql_str(st, SAID));
        csv_end_row(out);
    }
    return e < 0 ? e : buf_error(out);
}
