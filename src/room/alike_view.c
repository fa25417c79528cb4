/* What is written of cases alike, and times beside the survey's. See alike.h. */
#include "event/drill_score.h"
#include "room/alike_priv.h"
#include "room/finding.h"
#include "room/report.h"

#include <math.h>

#define TOLD_MOST 6          /* of what helped, and of what did not */
#define SURVEY_LEAST 0.35    /* a lesson less alike is not what one measures oneself against */
static const char *const names[SIGN_MAX_] = {"kind", "rule", "way", "log", "about", "act", "service"};

/* ---- what helped ---- */

/* One thing: of a story ja and en; of an own case what it was and what it came to. */
struct helped {
    const char *of;
    struct str kind, state, ja, en, why;
    int64_t n;
};

static void write_helped(struct jsonw *w, const struct helped *h) {
    const struct {
        const char *key;
        struct str value;
    } texts[] = {{"kind", h->kind}, {"state", h->state}, {"ja", h->ja}, {"en", h->en}, {"why", h->why}};
    jsonw_object(w);
    jsonw_kz(w, "of", h->of);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        jsonw_key(w, str_of(texts[i].key));
        texts[i].value.n ? jsonw_str(w, texts[i].value) : jsonw_null(w);
    }
    jsonw_ki64(w, "n", h->n);
    jsonw_end(w);
}

/* The next line of a list below a heading; false at the chapter's end. */
static bool next_line(struct str *rest, struct str *ret) {
    struct str line;
    while (str_split(rest, '\n', &line)) {
        line = str_trim(line);
        if (str_starts(line, STR("#")))
            return false;
        if (str_starts(line, STR("- "))) {
            *ret = str_trim(str_from(line, 2));
            return true;
        }
    }
    return false;
}

static struct str chapter(const struct json_value *story, const char *lang, const char *heading) {
    struct str text;
    ptrdiff_t at = story && json_get_str(story, lang, &text) ? str_find(text, str_of(heading), 0) : -1;
    return at < 0 ? STR("") : str_from(text, (size_t) at + strlen(heading));
}

static void write_chapter(const struct readiness_pack *p, const char *ja, const char *en, struct jsonw *w) {
    const struct json_value *story = json_get(p->root, "story");
    struct str rest[2] = {chapter(story, "ja", ja), chapter(story, "en", en)};
    for (size_t n = 0; n < TOLD_MOST; n++) {
        struct helped h = {.of = "story"};
        bool any = next_line(&rest[0], &h.ja);
        if (!next_line(&rest[1], &h.en) && !any)
            break;
        write_helped(w, &h);
    }
}

/* ?1 the case, ?2 how many; of, kind, state, ja, en, why, n. What a person called a mistake, or what had to be undone, did not help. */
#define ACTED(helped)                                                                                                                     \
    "SELECT 'action', kind, state, '', '', '', (SELECT count(*) FROM action_address a WHERE a.action_id = x.id), coalesce(decided_at, created_at) FROM action x " \
    "WHERE incident_id = ?1 AND " helped
#define HELPED                                                                                                                            \
    ACTED("state IN ('in_force','ended') AND coalesce(tries_after, 0) = 0")                                                               \
    " UNION ALL SELECT 'deed', kind, state, '', '', '', count(*), min(coalesce(decided_at, created_at)) FROM deed WHERE incident_id = ?1 AND state IN ('in_force','ended') AND mistake = 0 GROUP BY kind, state" \
    " UNION ALL SELECT 'task', kind, state, words_ja, words_en, coalesce(note, ''), 1, ended_at FROM task WHERE incident_id = ?1 AND state = 'done' AND late = 0 ORDER BY 8 LIMIT ?2"
#define FAILED                                                                                                                            \
    ACTED("(state IN ('undone','refused','expired') OR (state IN ('in_force','ended') AND tries_after > 0))")                             \
    " UNION ALL SELECT 'deed', kind, state, '', '', max(why), count(*), min(coalesce(decided_at, created_at)) FROM deed WHERE incident_id = ?1 AND (state IN ('undone','refused','unsure') OR mistake) GROUP BY kind, state" \
    " UNION ALL SELECT 'task', kind, state, words_ja, words_en, coalesce(why, note, ''), 1, ended_at FROM task WHERE incident_id = ?1 AND state IN ('failed','skipped') ORDER BY 8 LIMIT ?2"

static int write_acts(struct alike *x, int64_t incident, const char *sql, struct jsonw *w) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, sql, "ii", incident, (int64_t) TOLD_MOST);
    while (e == 0 && (e = sql_step(st, x->err)) == 1) {
        char of[16];
        snprintf(of, sizeof of, "%.*s", STR_ARG(sql_str(st, 0)));
        struct helped h = {of, sql_str(st, 1), sql_str(st, 2), sql_str(st, 3), sql_str(st, 4), sql_str(st, 5), sql_i64(st, 6)};
        write_helped(w, &h);
        e = 0;
    }
    return e;
}

/* ---- one ---- */

static void write_same(struct alike *x, const struct alike_one *one, struct jsonw *w) {
    jsonw_key(w, STR("same"));
    jsonw_array(w);
    for (size_t i = 0; i < one->signs.n; i++)
        for (size_t k = 0; k < x->own.n; k++) {
            const struct sign *s = &one->signs.list[i];
            if (s->what != x->own.list[k].what || !str_eq(s->value, x->own.list[k].value))
                continue;
            const struct json_value *rule = s->what == SIGN_RULE ? room_rule_find(x->r, s->value) : s->what == SIGN_KIND ? room_rule_find(x->r, room_rule_of_kind(x, s->value)) : NULL;
            jsonw_object(w);
            jsonw_kz(w, "what", names[s->what]);
            jsonw_kstr(w, "value", s->value);
            jsonw_key(w, STR("titles"));
            room_rule_titles_write(rule, w);
            jsonw_end(w);
        }
    jsonw_end(w);
}

static int write_case_head(struct alike *x, int64_t id, struct jsonw *w) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, "SELECT number, title_key, title_params, title_plain, closed_at FROM incident WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, x->err);
    if (e <= 0)
        return e < 0 ? e : -ENOENT;
    jsonw_kstr(w, "number", sql_str(st, 0));
    room_text_or_plain(w, "title", st, 1);
    jsonw_key(w, STR("titles"));
    jsonw_null(w);
    jsonw_ktime(w, "closed", sql_i64(st, 4));
    return 0;
}

static void write_pack_head(const struct readiness_pack *p, struct jsonw *w) {
    jsonw_key(w, STR("number"));
    jsonw_null(w);
    jsonw_key(w, STR("title"));
    jsonw_null(w);
    jsonw_key(w, STR("titles"));
    jsonw_value(w, json_get(p->root, "titles"));
    jsonw_ktime(w, "closed", TIME_NONE);
}

static int write_one(struct alike *x, const struct alike_one *one, struct jsonw *w) {
    static const struct {
        const char *member, *ja, *en, *sql;
    } parts[] = {{"helped", "### 被害を軽くしたこと", "### What limited the damage", HELPED}, {"failed", "### 残る課題", "### Still open", FAILED}};
    char id[24];
    int e = 0;
    jsonw_object(w);
    jsonw_kz(w, "of", one->pack ? "pack" : "case");
    snprintf(id, sizeof id, "%lld", (long long) one->incident);
    jsonw_kstr(w, "id", one->pack ? one->pack->id : str_of(id));
    if (one->pack)
        write_pack_head(one->pack, w);
    else
        e = write_case_head(x, one->incident, w);
    jsonw_key(w, STR("score"));
    jsonw_double(w, round(one->score * 100) / 100);
    write_same(x, one, w);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(parts); i++) {
        jsonw_key(w, str_of(parts[i].member));
        jsonw_array(w);
        if (one->pack)
            write_chapter(one->pack, parts[i].ja, parts[i].en, w);
        else
            e = write_acts(x, one->incident, parts[i].sql, w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return e;
}

/* ---- times ---- */

static void write_figures(const struct readiness_pack *p, const char *id, struct jsonw *w) {
    static const char *const bounds[] = {"at_least_s", "at_most_s"};
    const struct json_value *pack = p ? json_get(p->root, "pack") : NULL, *list = pack ? json_get_array(pack, "figures") : NULL;
    struct str time, ja, en;
    int64_t n;
    jsonw_key(w, STR("survey"));
    jsonw_array(w);
    for (const struct json_value *f = list ? list->first : NULL; f; f = f->next) {
        if (!json_get_str(f, "time", &time) || !str_eq_z(time, id) || !json_get_str(f, "ja", &ja) || !json_get_str(f, "en", &en))
            continue;
        jsonw_object(w);
        jsonw_kstr(w, "ja", ja);
        jsonw_kstr(w, "en", en);
        for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
            jsonw_key(w, str_of(bounds[i]));
            json_get_i64(f, bounds[i], &n) ? jsonw_i64(w, n) : jsonw_null(w);
        }
        jsonw_end(w);
    }
    jsonw_end(w);
}

static const struct readiness_pack *survey_of(struct alike *x, struct str told) {
    const struct room_readiness *lib = &x->r->readiness;
    for (size_t i = 0; told.n && i < lib->n_packs; i++)
        if (str_eq(lib->packs[i].id, told))
            return &lib->packs[i];
    for (size_t i = 0; !told.n && i < x->n; i++)
        if (x->best[i].pack && x->best[i].score >= SURVEY_LEAST)
            return x->best[i].pack;
    return NULL;
}

static int write_times(struct alike *x, int64_t incident, struct jsonw *w) {
    struct case_times t;
    struct str told = STR_NULL;
    int e = case_drill_pack(x->r->db, incident, &x->arena, &told, x->err);
    if (e == 0)
        e = case_times_read(x->r->db, incident, told.n > 0, &x->arena, &t, x->err);
    if (e < 0)
        return e;
    const struct readiness_pack *p = survey_of(x, told);
    jsonw_kbool(w, "told", told.n > 0);
    jsonw_key(w, STR("survey"));
    if (p) {
        jsonw_object(w);
        jsonw_kstr(w, "id", p->id);
        jsonw_key(w, STR("titles"));
        jsonw_value(w, json_get(p->root, "titles"));
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    jsonw_key(w, STR("times"));
    jsonw_array(w);
    for (int i = 0; i < CASE_TIME_MAX_; i++) {
        jsonw_object(w);
        jsonw_kz(w, "id", CASE_TIMES[i].id);
        jsonw_kz(w, "code", CASE_TIMES[i].key);
        jsonw_ktime(w, "at", t.at_ns[i]);
        jsonw_kbool(w, "tried", t.tried[i]);
        jsonw_key(w, STR("after_s"));
        t.at_ns[i] == TIME_NONE || t.at_ns[CASE_HAPPENED] == TIME_NONE ? jsonw_null(w) : jsonw_i64(w, (t.at_ns[i] - t.at_ns[CASE_HAPPENED]) / NS_PER_S);
        write_figures(p, CASE_TIMES[i].id, w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return 0;
}

/* ---- a drill ---- */

static int write_drill(struct alike *x, int64_t incident, struct jsonw *w) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct drill_score d;
    int e = sql_query(x->r->db, &st, x->err, "SELECT drill FROM incident WHERE id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, x->err);
    jsonw_key(w, STR("drill"));
    if (e <= 0 || !sql_i64(st, 0)) {
        jsonw_null(w);
        return MIN(e, 0);
    }
    if ((e = drill_score_read(x->r->db, incident, &x->arena, &d, x->err)) < 0)
        return e;
    const struct {
        const char *key;
        int64_t n;
    } numbers[] = {{"called", d.called}, {"reached", d.reached}, {"messages", MAX(d.messages, 0)}, {"sent", MAX(d.sent, 0)}, {"receipts", MAX(d.receipts, 0)}, {"departures", MAX(d.departures, 0)}};
    jsonw_object(w);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        jsonw_ki64(w, numbers[i].key, numbers[i].n);
    jsonw_key(w, STR("receipt_s"));
    d.receipt_s < 0 ? jsonw_null(w) : jsonw_i64(w, d.receipt_s);
    jsonw_key(w, STR("departed"));
    jsonw_array(w);
    for (size_t i = 0; i < d.n_departed; i++) {
        struct helped h = {.of = "task", .kind = STR("act"), .state = d.departed[i].state, .ja = d.departed[i].ja, .en = d.departed[i].en, .why = d.departed[i].why, .n = 1};
        write_helped(w, &h);
    }
    jsonw_end(w);
    jsonw_key(w, STR("lanes"));
    jsonw_array(w);
    for (size_t i = 0; i < d.n_lanes; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "lane", d.lanes[i].name);
        jsonw_ki64(w, "steps", d.lanes[i].steps);
        jsonw_ki64(w, "done", d.lanes[i].done);
        jsonw_ki64(w, "failed", d.lanes[i].failed);
        jsonw_ki64(w, "entries", d.lanes[i].entries);
        jsonw_key(w, STR("step_s"));
        d.lanes[i].step_s < 0 ? jsonw_null(w) : jsonw_i64(w, d.lanes[i].step_s);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    return 0;
}

int room_alike_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    struct alike x = {.r = r, .err = reterr};
    arena_init(&x.arena, (size_t) 64 << 20);
    int e = room_alike_find(&x, incident, who);
    jsonw_object(w);
    jsonw_key(w, STR("cases"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < x.n; i++)
        e = write_one(&x, &x.best[i], w);
    jsonw_end(w);
    if (e == 0)
        e = write_times(&x, incident, w);
    if (e == 0)
        e = write_drill(&x, incident, w);
    jsonw_end(w);
    arena_done(&x.arena);
    return e;
}
