/* Cells out of answers (readiness.h), and their sums by day. Reads only, but for the day's row. */
#include "event/case_times.h"
#include "room/followup_priv.h"

enum cell_state { CELL_NONE, CELL_OK, CELL_DECLARED, CELL_TODO, CELL_SOON, CELL_MUST, CELL_STATE_MAX_ }; /* the worse the later */
static const char *const states[CELL_STATE_MAX_] = {"none", "ok", "declared", "todo", "soon", "must"};
#define DRILL_GOOD_DAYS 365 /* older is no practice any more */
#define SOON_NS (30 * NS_PER_DAY)

struct cells {
    struct room *r;
    struct jsonw *w; /* NULL: states only */
    enum room_cell cell;
    enum cell_state worst;
    struct diag *err;
};

static void worse(struct cells *c, enum cell_state s) {
    c->worst = MAX(c->worst, s);
}

static void words(struct jsonw *w, const char *key, const struct str x[2]) {
    jsonw_key(w, str_of(key));
    jsonw_object(w);
    jsonw_kstr(w, "ja", x[0]);
    jsonw_kstr(w, "en", x[1]);
    jsonw_end(w);
}

static void item(struct cells *c, const char *kind, struct str id, const struct str text[2], enum cell_state s) {
    worse(c, s);
    if (!c->w)
        return;
    jsonw_object(c->w);
    jsonw_kz(c->w, "kind", kind);
    jsonw_kstr(c->w, "id", id);
    words(c->w, "words", text);
    jsonw_kz(c->w, "state", states[s]);
}

/* Who does something about it, until when. */
static int followed(struct cells *c, struct str key) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    if (!c->w)
        return 0;
    int e = sql_query(c->r->db, &st, c->err, "SELECT id, person, due_at, state FROM followup WHERE question = ?1 AND state IN ('open','said') ORDER BY due_at LIMIT 1", "s", &key);
    if (e == 0)
        e = sql_step(st, c->err);
    jsonw_kstr(c->w, "key", key);
    jsonw_key(c->w, STR("todo"));
    if (e != 1) {
        jsonw_null(c->w);
        return e;
    }
    jsonw_object(c->w);
    jsonw_ki64(c->w, "id", sql_i64(st, 0));
    jsonw_kstr(c->w, "person", sql_str(st, 1));
    jsonw_ktime(c->w, "due", sql_i64(st, 2));
    jsonw_kbool(c->w, "late", str_eq_z(sql_str(st, 3), "open") && sql_i64(st, 2) <= room_now(c->r));
    jsonw_end(c->w);
    return 0;
}

static int measured(struct cells *c, const struct question *q) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char key[QUESTION_KEY_CAP];
    struct str k = str_of(room_question_key(q, key));
    int e = sql_query(c->r->db, &st, c->err, "SELECT answer, good, total, lacks, since, at FROM measured WHERE key = ?1", "s", &k);
    if (e == 0)
        e = sql_step(st, c->err);
    if (e < 0)
        return e;
    bool yes = e == 1 && str_eq_z(sql_str(st, 0), "yes"), no = e == 1 && str_eq_z(sql_str(st, 0), "no");
    item(c, "measured", q->id, q->words, yes ? CELL_OK : no ? CELL_MUST : e == 0 ? CELL_TODO : CELL_SOON); /* never measured: not yet */
    if (!c->w)
        return 0;
    jsonw_kstr(c->w, "measure", q->measure->name);
    jsonw_kstr(c->w, "of", q->parameters[0].p ? q->parameters[0] : STR(""));
    jsonw_kz(c->w, "answer", yes ? "yes" : no ? "no" : "unknown");
    jsonw_ki64(c->w, "good", e == 1 ? sql_i64(st, 1) : 0);
    jsonw_ki64(c->w, "total", e == 1 ? sql_i64(st, 2) : 0);
    jsonw_key(c->w, STR("lacks"));
    e == 1 ? jsonw_raw(c->w, sql_str(st, 3)) : jsonw_raw(c->w, STR("[]"));
    jsonw_ktime(c->w, "at", e == 1 ? sql_i64(st, 5) : TIME_NONE);
    jsonw_ktime(c->w, "since", e == 1 ? sql_i64(st, 4) : TIME_NONE);
    words(c->w, "remedy", q->measure->remedy);
    words(c->w, "step", q->measure->step);
    jsonw_kstr(c->w, "page", q->measure->page);
    e = followed(c, k);
    jsonw_end(c->w);
    return e;
}

static int attested(struct cells *c, const struct readiness_pack *p, const struct question *q) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t now = room_now(c->r);
    int e = sql_query(c->r->db, &st, c->err, "SELECT answer, evidence, at, until_at, created_by FROM attested WHERE pack = ?1 AND control = ?2 ORDER BY id DESC LIMIT 1", "ss", &p->id, &q->id);
    if (e == 0)
        e = sql_step(st, c->err);
    if (e < 0)
        return e;
    int64_t until = e == 1 ? sql_i64(st, 3) : TIME_NONE;
    bool yes = e == 1 && str_eq_z(sql_str(st, 0), "yes");
    item(c, "attested", q->id, q->words, e == 0 ? CELL_TODO : !yes || until <= now ? CELL_MUST : until <= now + SOON_NS ? CELL_SOON : CELL_DECLARED);
    if (!c->w)
        return 0;
    jsonw_kz(c->w, "answer", e == 0 ? "unknown" : yes ? "yes" : "no");
    jsonw_kbool(c->w, "over", e == 1 && until <= now);
    jsonw_key(c->w, STR("evidence"));
    e == 1 ? jsonw_str(c->w, sql_str(st, 1)) : jsonw_null(c->w);
    jsonw_ktime(c->w, "at", e == 1 ? sql_i64(st, 2) : TIME_NONE);
    jsonw_ktime(c->w, "until", until);
    room_by_text(c->r, c->w, "by", e == 1 ? sql_str(st, 4) : STR_NULL);
    char key[QUESTION_KEY_CAP];
    e = followed(c, str_of(room_item_key(p, q, key)));
    jsonw_end(c->w);
    return e;
}

static int replayed(struct cells *c, const struct readiness_pack *p) {
    static const struct str text[2] = {{"再生して確かめる", sizeof "再生して確かめる" - 1}, {"Proved by a replay", sizeof "Proved by a replay" - 1}};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct json_value *expect = json_get(p->root, "expect");
    if (!expect || expect->type != JSON_OBJECT)
        return 0;
    int e = sql_query(c->r->db, &st, c->err, "SELECT digest, failed, says, at FROM replayed WHERE pack = ?1 ORDER BY id DESC LIMIT 1", "s", &p->id);
    if (e == 0)
        e = sql_step(st, c->err);
    if (e < 0)
        return e;
    bool same = e == 1 && str_eq(sql_str(st, 0), p->digest);
    item(c, "replay", STR("replay"), text, !same ? CELL_TODO : sql_i64(st, 1) ? CELL_MUST : CELL_OK);
    if (!c->w)
        return 0;
    jsonw_kz(c->w, "answer", !same ? "unknown" : sql_i64(st, 1) ? "no" : "yes");
    jsonw_kbool(c->w, "over", e == 1 && !same);
    jsonw_ktime(c->w, "at", e == 1 ? sql_i64(st, 3) : TIME_NONE);
    jsonw_key(c->w, STR("says"));
    e == 1 ? jsonw_str(c->w, sql_str(st, 2)) : jsonw_null(c->w);
    char key[QUESTION_KEY_CAP];
    snprintf(key, sizeof key, "replay:%.*s", STR_ARG(p->id));
    e = followed(c, str_of(key));
    jsonw_end(c->w);
    return e;
}

/* The last time it was told as a drill, with what was measured of T1 to T7; nothing where it never was: whether drills are held is a question of its own. */
static int drilled(struct cells *c, const struct readiness_pack *p) {
    static const struct str text[2] = {{"訓練として流す", sizeof "訓練として流す" - 1}, {"Told as a drill", sizeof "Told as a drill" - 1}};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct case_times t;
    struct str pack = STR_NULL;
    struct arena a;
    struct buf says;
    char key[QUESTION_KEY_CAP];
    int64_t id = 0, opened = TIME_NONE;
    int e = sql_query(c->r->db, &st, c->err, "SELECT id, opened_at FROM incident WHERE drill = 1 AND merged_into IS NULL ORDER BY id DESC LIMIT 50", "");
    arena_init(&a, 1 << 20);
    buf_init(&says, 4096);
    while (e == 0 && !id && (e = sql_step(st, c->err)) == 1) {
        e = case_drill_pack(c->r->db, sql_i64(st, 0), &a, &pack, c->err);
        if (e == 0 && pack.n && str_eq(pack, p->id)) {
            id = sql_i64(st, 0);
            opened = sql_i64(st, 1);
        }
    }
    if (e >= 0 && id)
        e = case_times_read(c->r->db, id, true, &a, &t, c->err);
    if (e >= 0 && id) {
        bool reached = t.at_ns[CASE_REACHED] != TIME_NONE, old = opened < room_now(c->r) - DRILL_GOOD_DAYS * NS_PER_DAY;
        case_times_say(&t, &says);
        item(c, "replay", STR("drill"), text, !reached ? CELL_MUST : old ? CELL_SOON : CELL_OK);
        if (c->w) {
            jsonw_kz(c->w, "answer", reached ? "yes" : "no");
            jsonw_kbool(c->w, "over", old);
            jsonw_ktime(c->w, "at", opened);
            jsonw_kstr(c->w, "says", buf_str(&says));
            snprintf(key, sizeof key, "drill:%.*s", STR_ARG(p->id));
            e = followed(c, str_of(key));
            jsonw_end(c->w);
        }
    }
    buf_done(&says);
    arena_done(&a);
    return MIN(e, 0);
}

/* What the lesson itself still waits for. */
static void missing(struct cells *c, const struct readiness_pack *p) {
    const struct json_value *head = json_get(p->root, "pack"), *list = head ? json_get_array(head, "missing") : NULL;
    struct str cell, text[2];
    for (const struct json_value *m = list ? list->first : NULL; m; m = m->next)
        if (json_get_str(m, "cell", &cell) && str_eq_z(cell, room_cell_to_string(c->cell)) && json_get_str(m, "ja", &text[0]) && json_get_str(m, "en", &text[1])) {
            item(c, "missing", STR("missing"), text, CELL_SOON);
            if (c->w)
                jsonw_end(c->w);
        }
}

/* Lessons somebody follows up that no control of this cell carries: by their own date and result. */
static int lessons(struct cells *c, const struct readiness_pack *p) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(c->r->db, &st, c->err, "SELECT carrier, question, state, due_at, words, result, checked_at, person, id, lesson FROM followup WHERE pack = ?1 AND lesson <> '' AND state <> 'dropped' ORDER BY id",
                      "s", &p->id);
    while (e >= 0 && (e = sql_step(st, c->err)) == 1) {
        char key[QUESTION_KEY_CAP];
        struct room_answered now;
        enum room_cell cell;
        struct str carrier = sql_str(st, 0), text[2] = {sql_str(st, 4), sql_str(st, 4)};
        IGNORE(room_carrier_key(&c->r->readiness, p, carrier, &cell, key));
        if (cell != c->cell || str_starts(carrier, STR("control/"))) /* the control stands there itself */
            continue;
        if ((e = room_answered(c->r, sql_str(st, 1), &now, c->err)) < 0)
            return e;
        bool closed = str_eq_z(sql_str(st, 2), "closed"), late = !closed && sql_i64(st, 3) <= room_now(c->r), person = !sql_str(st, 1).n;
        bool good = closed && (person || now.answer == ANSWER_YES), bad = late || (closed && !person && now.answer == ANSWER_NO);
        item(c, "lesson", sql_str(st, 9), text, bad ? CELL_MUST : !good ? CELL_TODO : person || now.declared ? CELL_DECLARED : CELL_OK);
        if (!c->w)
            continue;
        jsonw_kz(c->w, "answer", good ? "yes" : bad ? "no" : "unknown");
        jsonw_ktime(c->w, "at", sql_is_null(st, 6) ? TIME_NONE : sql_i64(st, 6));
        jsonw_kbool(c->w, "over", late);
        jsonw_key(c->w, STR("todo"));
        jsonw_object(c->w);
        jsonw_ki64(c->w, "id", sql_i64(st, 8));
        jsonw_kstr(c->w, "person", sql_str(st, 7));
        jsonw_ktime(c->w, "due", sql_i64(st, 3));
        jsonw_kbool(c->w, "late", late);
        jsonw_end(c->w);
        jsonw_end(c->w);
    }
    return e;
}

static int write_cell(struct cells *c, const struct readiness_pack *p, const struct question *q, size_t n) {
    static const struct str gone[2] = {{"", 0}, {"", 0}};
    int e = 0;
    c->worst = CELL_NONE;
    if (c->w) {
        jsonw_key(c->w, str_of(room_cell_to_string(c->cell)));
        jsonw_object(c->w);
        jsonw_key(c->w, STR("items"));
        jsonw_array(c->w);
    }
    if (c->cell == CELL_NOTICED)
        e = replayed(c, p);
    for (size_t i = 0; e == 0 && i < n; i++) {
        if (q[i].cell != c->cell)
            continue;
        if (q[i].attested) {
            e = attested(c, p, &q[i]);
        } else if (q[i].measure) {
            e = measured(c, &q[i]);
        } else { /* a lesson from elsewhere asks what this Kizuki cannot measure */
            item(c, "unmeasured", q[i].id, q[i].words[0].p ? q[i].words : gone, CELL_SOON);
            if (c->w)
                jsonw_end(c->w);
        }
    }
    if (e == 0)
        e = lessons(c, p);
    if (e == 0 && c->cell == CELL_PRACTISED)
        e = drilled(c, p);
    if (e == 0)
        missing(c, p);
    if (c->w) {
        jsonw_end(c->w);
        jsonw_kz(c->w, "state", states[c->worst]);
        jsonw_end(c->w);
    }
    return e;
}

/* What people call a lesson in a table: as long as the lesson says nothing shorter, its name. */
static void write_short(struct jsonw *w, const struct readiness_pack *p) {
    const struct json_value *head = json_get_object(p->root, "pack");
    struct str s = p->id;
    IGNORE(head && json_get_str(head, "short", &s));
    jsonw_kstr(w, "short", s);
}

/* How many lessons it has, how many somebody follows up, whose date has passed, and which are shown to be carried. */
static int write_lessons(struct room *r, struct jsonw *w, const struct readiness_pack *p, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct json_value *head = json_get_object(p->root, "pack"), *list = head ? json_get_array(head, "lessons") : NULL;
    int64_t all = 0;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        all++;
    int e = sql_query(r->db, &st, err, "SELECT count(*), coalesce(sum(state = 'open' AND due_at <= ?2), 0), coalesce(sum(state = 'closed'), 0) FROM followup WHERE pack = ?1 AND lesson <> '' AND state <> 'dropped'",
                      "si", &p->id, room_now(r));
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return e;
    jsonw_key(w, STR("lessons"));
    jsonw_object(w);
    jsonw_ki64(w, "all", all);
    jsonw_ki64(w, "owned", sql_i64(st, 0));
    jsonw_ki64(w, "late", sql_i64(st, 1));
    jsonw_ki64(w, "shown", sql_i64(st, 2));
    jsonw_end(w);
    return 0;
}

/* Every cell of every lesson; counts of states by cell where counts is given. */
static int walk(struct room *r, struct jsonw *w, int64_t counts[CELL_MAX_][CELL_STATE_MAX_], struct diag *err) {
    struct room_readiness *x = &r->readiness;
    struct question q[QUESTIONS_MAX];
    struct cells c = {.r = r, .w = w, .err = err};
    int e = 0;
    for (size_t i = 0; e == 0 && i < x->n_packs; i++) {
        size_t n = room_questions(x, &x->packs[i], q, QUESTIONS_MAX);
        if (w) {
            jsonw_object(w);
            jsonw_kstr(w, "id", x->packs[i].id);
            jsonw_key(w, STR("titles"));
            jsonw_value(w, json_get(x->packs[i].root, "titles"));
            write_short(w, &x->packs[i]);
            if ((e = write_lessons(r, w, &x->packs[i], err)) < 0)
                return e;
            jsonw_key(w, STR("cells"));
            jsonw_object(w);
        }
        for (int k = 0; e == 0 && k < CELL_MAX_; k++) {
            c.cell = (enum room_cell) k;
            e = write_cell(&c, &x->packs[i], q, n);
            if (counts)
                counts[k][c.worst]++;
        }
        if (w) {
            jsonw_end(w);
            c.cell = CELL_MAX_;
            jsonw_key(w, STR("others"));
            jsonw_array(w);
            for (size_t k = 0; e == 0 && k < n; k++)
                if (q[k].cell == CELL_MAX_)
                    e = attested(&c, &x->packs[i], &q[k]);
            jsonw_end(w);
            jsonw_end(w);
        }
    }
    return e;
}

int room_readiness_day(struct room *r, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_READINESS, .tlp = TLP_AMBER, .version = ROOM_ANY_VERSION};
    int64_t counts[CELL_MAX_][CELL_STATE_MAX_] = {0}, day = (room_now(r) + TIME_JST_OFFSET_MIN * NS_PER_MIN) / NS_PER_DAY, id = 0; /* the night measures at three in Japan */
    char line[1024] = "{";
    int e = walk(r, NULL, counts, err);
    for (int k = 0; k < CELL_MAX_; k++)
        for (int s = 0; s < CELL_STATE_MAX_; s++) {
            size_t n = strlen(line);
            const char *before = s ? "," : k ? "},\"" : "\"";
            snprintf(line + n, sizeof line - n, "%s%s%s\"%s\":%lld", before, s ? "" : room_cell_to_string((enum room_cell) k), s ? "" : "\":{", states[s], (long long) counts[k][s]);
        }
    snprintf(line + strlen(line), sizeof line - strlen(line), "}}");
    if (e == 0)
        e = sql_query(r->db, &st, err, "SELECT id FROM readiness WHERE day = ?1", "i", day);
    if (e == 0 && (e = sql_step(st, err)) == 1)
        id = sql_i64(st, 0);
    if (e < 0)
        return e;
    w.id = id;
    w.verb = id ? VERB_CHANGE : VERB_CREATE;
    return id ? room_write(r, &w, NULL, err, "UPDATE readiness SET counts = ?2 WHERE id = ?1", "iz", id, line)
              : room_write(r, &w, NULL, err, "INSERT INTO readiness(day, counts) VALUES (?1, ?2)", "iz", day, line);
}

int room_readiness_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    jsonw_object(w);
    jsonw_ktime(w, "measured_at", room_readiness_measured(r));
    jsonw_key(w, STR("packs"));
    jsonw_array(w);
    int e = walk(r, w, NULL, reterr);
    jsonw_end(w);
    jsonw_key(w, STR("trend"));
    jsonw_array(w);
    if (e == 0)
        e = sql_query(r->db, &st, reterr, "SELECT day, counts FROM (SELECT day, counts FROM readiness ORDER BY day DESC LIMIT 400) ORDER BY day", "");
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        jsonw_ktime(w, "day", sql_i64(st, 0) * NS_PER_DAY);
        jsonw_key(w, STR("counts"));
        jsonw_raw(w, sql_str(st, 1));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    jsonw_end(w);
    return e;
}
