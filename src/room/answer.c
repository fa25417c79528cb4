/* See answer.h. */
#include "room/answer.h"

#include "room/authority.h"
#include "room/incident_priv.h"
#include "room/person_report.h"
#include "room/room_priv.h"

#define ARENA_BYTES_MAX ((size_t) 16 << 20)

static int leak_of(struct room *r, struct arena *a, int64_t incident, const struct fact_words *one, const struct fact_words *other, const struct fact_spec **ret, struct diag *err) {
    const struct str texts[] = {one->ja, one->en, other->ja, other->en};
    struct room_fact *facts;
    int e = room_facts_get(r, a, incident, &facts, err);
    *ret = NULL;
    for (size_t i = 0; e == 0 && !*ret && i < ARRAY_SIZE(texts); i++)
        e = statement_leak(a, &r->facts, facts, texts[i], true, ret);
    return e < 0 ? e : *ret ? diag_set(err, -EINVAL, "words") : 0;
}

struct answer_row {
    int64_t id, version, incident, replaces;
    char state[10];
    struct fact_words question, answer;
};

static int load(struct room *r, struct arena *a, int64_t id, struct answer_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id, version, incident_id, replaces, state, question_ja, question_en, answer_ja, answer_en FROM answer WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no answer %lld", (long long) id);
    *ret = (struct answer_row){.id = id, .version = sql_i64(st, 1), .incident = sql_i64(st, 2), .replaces = sql_i64(st, 3),
                               .question = {arena_dup(a, sql_str(st, 5)), arena_dup(a, sql_str(st, 6))}, .answer = {arena_dup(a, sql_str(st, 7)), arena_dup(a, sql_str(st, 8))}};
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 4)));
    return ret->question.ja.p && ret->question.en.p && ret->answer.ja.p && ret->answer.en.p ? 0 : -ENOMEM;
}

static int check_new(struct room *r, const struct room_answer_new *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    if (!room_reported_kind(r, x->kind))
        return diag_set(err, -EINVAL, "kind");
    if (!str_trim(x->question.ja).n || x->question.ja.n + x->question.en.n > ANSWER_BYTES_MAX)
        return diag_set(err, -EINVAL, "question");
    if (!str_trim(x->answer.ja).n || x->answer.ja.n + x->answer.en.n > 2 * ANSWER_BYTES_MAX)
        return diag_set(err, -EINVAL, "answer");
    int e = sql_query(r->db, &st, err, "SELECT count(*) FROM answer WHERE incident_id = ?1 AND state <> 'ended'", "i", x->incident);
    if (e == 0)
        e = sql_step(st, err);
    return e < 0 ? e : sql_i64(st, 0) >= ANSWERS_MAX ? diag_set(err, -ERR_LIMIT, "a case has at most %d answers", ANSWERS_MAX) : 0;
}

/* What was asked becomes its draft, with those who asked; a current one stays until its successor is current; a draft is written over. */
static int put(struct room *r, const struct room_actor *by, const struct room_answer_new *x, struct arena *a, int64_t *ret_id, const struct fact_spec **ret_leak, struct diag *err) {
    struct answer_row old = {.state = "current"};
    struct str kind = x->kind, q = str_trim(x->question.ja), q_en = x->question.en, s = str_trim(x->answer.ja), s_en = x->answer.en;
    int64_t replaces = x->replaces;
    int e = check_new(r, x, err);
    if (e == 0 && replaces)
        e = load(r, a, replaces, &old, err);
    if (e == 0 && replaces && (old.incident != x->incident || strcmp(old.state, "ended") == 0))
        e = diag_set(err, -EINVAL, "replaces");
    if (e == 0)
        e = leak_of(r, a, x->incident, &x->question, &x->answer, ret_leak, err);
    if (e < 0)
        return e;
    bool same = strcmp(old.state, "current") != 0;
    struct room_write w = {.by = by, .verb = same ? VERB_CHANGE : VERB_CREATE, .object = OBJECT_ANSWER, .id = same ? replaces : 0, .version = ROOM_ANY_VERSION, .tlp = TLP_AMBER,
                           .incident = x->incident, .owner = by->person};
    if (same)
        e = room_write(r, &w, ret_id, err, "UPDATE answer SET kind = ?2, question_ja = ?3, question_en = ?4, answer_ja = ?5, answer_en = ?6, state = 'draft' WHERE id = ?1", "isssss",
                       replaces, &kind, &q, &q_en, &s, &s_en);
    else
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO answer(incident_id, kind, question_ja, question_en, answer_ja, answer_en, state, replaces) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'draft', ?7)", "isssssI",
                       x->incident, &kind, &q, &q_en, &s, &s_en, replaces ? &replaces : NULL);
    room_changed(r, "incident", x->incident);
    return e;
}

int room_answer_put(struct room *r, const struct room_actor *by, const struct room_answer_new *x, int64_t *ret_id, const struct fact_spec **ret_leak, struct diag *reterr) {
    struct arena a;
    *ret_leak = NULL;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, ARENA_BYTES_MAX);
    e = room_end(r, put(r, by, x, &a, ret_id, ret_leak, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- becoming current ---- */

static int make_current(struct room *r, const struct room_actor *by, const struct answer_row *x, int64_t publication, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_ANSWER, .id = x->id, .version = ROOM_ANY_VERSION, .quiet = true};
    char name[ROOM_BY_CAP];
    int e = room_write(r, &w, NULL, err, "UPDATE answer SET state = 'current', current_at = ?2, approved_by = ?3, publication_id = ?4 WHERE id = ?1", "iizI", x->id, room_now(r),
                       room_actor_format(by, name), publication ? &publication : NULL);
    w.id = x->replaces;
    w.quiet = false;
    if (e == 0 && x->replaces)
        e = room_write(r, &w, NULL, err, "UPDATE answer SET state = 'ended', ended_at = ?2 WHERE id = ?1", "ii", x->replaces, room_now(r));
    room_changed(r, "incident", x->incident);
    room_changed(r, "desk", 0);
    return e;
}

/* The newest version that stands; 0: none. */
static int newest(struct room *r, int64_t incident, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM publication WHERE incident_id = ?1 AND state = 'published' ORDER BY id DESC LIMIT 1", "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int approve(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct arena *a, const struct fact_spec **ret_leak, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_ANSWER, .id = id, .version = version};
    struct answer_row x;
    int64_t publication = 0;
    int e = load(r, a, id, &x, err);
    if (e == 0) /* the door first */
        e = room_write(r, &w, NULL, err, "UPDATE answer SET state = state WHERE id = ?1", "i", id);
    if (e == 0 && strcmp(x.state, "draft") != 0)
        e = diag_set(err, -EBUSY, "%s", x.state);
    if (e == 0)
        e = leak_of(r, a, x.incident, &x.question, &x.answer, ret_leak, err);
    struct room_deciding d = {.incident = x.incident, .kind = DUTY_PUBLISH};
    if (e == 0)
        e = room_authority_service(r, x.incident, a, &d.service, err);
    if (e == 0)
        e = newest(r, x.incident, &publication, err);
    if (e == 0)
        e = room_authority_check(r, by, &d, err);
    return e != 0 ? e : make_current(r, by, &x, publication, err);
}

int room_answer_approve(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct fact_spec **ret_leak, struct diag *reterr) {
    struct arena a;
    *ret_leak = NULL;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, ARENA_BYTES_MAX);
    int made = approve(r, by, id, version, &a, ret_leak, reterr);
    e = room_end(r, MIN(made, 0), reterr);
    if (e == -ERR_REFUSED)
        IGNORE(room_authority_refusal_keep(r, NULL));
    arena_done(&a);
    return e < 0 ? e : made;
}

int room_answer_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_ANSWER, .id = id, .version = version};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr, "UPDATE answer SET state = 'ended', ended_at = ?2 WHERE id = ?1", "ii", id, room_now(r));
    room_changed(r, "desk", 0);
    return room_end(r, e, reterr);
}

static int next_draft(struct room *r, struct arena *a, int64_t incident, int64_t after, struct answer_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM answer WHERE incident_id = ?1 AND state = 'draft' AND id > ?2 ORDER BY id LIMIT 1", "ii", incident, after);
    if (e == 0)
        e = sql_step(st, err);
    int64_t id = e == 1 ? sql_i64(st, 0) : 0;
    sql_end(TAKE_PTR(st));
    return e <= 0 ? e : load(r, a, id, ret, err) < 0 ? -ENOMEM : 1;
}

int room_answers_follow(struct room *r, const struct room_actor *by, int64_t incident, int64_t publication, struct diag *reterr) {
    struct answer_row x = {.id = 0};
    const struct fact_spec *leak;
    struct arena a;
    int e;
    arena_init(&a, 4 * ARENA_BYTES_MAX);
    while ((e = next_draft(r, &a, incident, x.id, &x, reterr)) == 1) {
        e = leak_of(r, &a, incident, &x.question, &x.answer, &leak, NULL); /* written before it was kept back: stays a draft */
        if (e == 0)
            e = make_current(r, by, &x, publication, reterr);
        if (e < 0 && e != -EINVAL)
            break;
    }
    room_changed(r, "desk", 0);
    arena_done(&a);
    return MIN(e, 0);
}

int room_answers_hold(struct room *r, int64_t incident, int64_t publication, struct diag *reterr) {
    struct sql_stmt *st = NULL;
    int64_t ids[ANSWERS_MAX];
    size_t n = 0;
    int e = sql_query(r->db, &st, reterr, "SELECT id FROM answer WHERE incident_id = ?1 AND publication_id = ?2 AND state = 'current' LIMIT ?3", "iii", incident, publication,
                      (int64_t) ANSWERS_MAX);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1)
        ids[n++] = sql_i64(st, 0);
    sql_end(st);
    for (size_t i = 0; e == 0 && i < n; i++) {
        struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_ANSWER, .id = ids[i], .version = ROOM_ANY_VERSION};
        e = room_write(r, &w, NULL, reterr, "UPDATE answer SET state = 'draft', replaces = NULL WHERE id = ?1", "i", ids[i]);
    }
    room_changed(r, "desk", 0);
    return e;
}

/* ---- the desk ---- */

static int case_of(struct room *r, const struct room_caller *x, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT p.incident_id, (SELECT incident_id FROM answer WHERE id = ?2 AND state = 'current') FROM publication p WHERE p.id = ?1 AND p.published_at IS NOT NULL",
                      "ii", x->publication, x->answer);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return e;
    if (e == 0 || (x->answer && (sql_is_null(st, 1) || sql_i64(st, 1) != sql_i64(st, 0))))
        return diag_set(err, -ENOENT, "the desk has no such answer");
    *ret = sql_i64(st, 0);
    return 0;
}

/* The same question of several callers is one row. */
static int asked_before(struct room *r, int64_t incident, struct str question, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM answer WHERE incident_id = ?1 AND state = 'asked' AND question_ja = ?2 LIMIT 1", "is", incident, &question);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int count_caller(struct room *r, const struct room_actor *by, const struct room_caller *x, struct diag *err) {
    struct str question = str_trim(x->question.p ? x->question : STR("")), kind = x->kind;
    int64_t incident = 0, id = x->answer, now = room_now(r);
    if (!x->answer && (!question.n || question.n > ANSWER_BYTES_MAX))
        return diag_set(err, -EINVAL, "question");
    int e = case_of(r, x, &incident, err);
    if (e == 0 && !id)
        e = asked_before(r, incident, question, &id, err);
    struct room_write w = {.by = &room_system, .verb = id ? VERB_CHANGE : VERB_CREATE, .object = OBJECT_ANSWER, .id = id, .version = ROOM_ANY_VERSION, .tlp = TLP_AMBER,
                           .incident = incident, .owner = id ? 0 : by->person, .quiet = id != 0};
    if (e == 0 && id)
        e = room_write(r, &w, NULL, err, "UPDATE answer SET asked_n = asked_n + 1, asked_at = ?2 WHERE id = ?1", "ii", id, now);
    else if (e == 0)
        e = room_write(r, &w, NULL, err,
                       "INSERT INTO answer(incident_id, kind, question_ja, question_en, answer_ja, answer_en, state, asked_n, asked_at) VALUES (?1, ?2, ?3, '', '', '', 'asked', 1, ?4)",
                       "issi", incident, &kind, &question, now);
    struct room_report_new report = {.kind = x->kind, .service = STR(""), .text = x->answer ? STR("") : question, .contact = STR(""), .caller = x->caller.p ? x->caller : STR(""),
                                     .channel = "phone", .lang = "ja"};
    if (e == 0)
        e = room_report_count(r, by, &report, incident, err);
    room_changed(r, "incident", incident);
    room_changed(r, "desk", 0);
    return e;
}

int room_caller_count(struct room *r, const struct room_actor *by, const struct room_caller *x, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, count_caller(r, by, x, reterr), reterr);
}

/* ---- shown ---- */

#define COLUMNS "id, version, kind, question_ja, question_en, answer_ja, answer_en, state, publication_id, replaces, asked_n, asked_at, current_at, approved_by"

static void write_row(struct room *r, struct sql_stmt *st, bool whole, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_kstr(w, "kind", sql_str(st, 2));
    fact_words_write(w, "question", &(struct fact_words){sql_str(st, 3), sql_str(st, 4)});
    fact_words_write(w, "answer", &(struct fact_words){sql_str(st, 5), sql_str(st, 6)});
    jsonw_ki64(w, "asked_n", sql_i64(st, 10));
    jsonw_ktime(w, "since", sql_is_null(st, 12) ? TIME_NONE : sql_i64(st, 12));
    if (whole) {
        jsonw_ki64(w, "version", sql_i64(st, 1));
        jsonw_kstr(w, "state", sql_str(st, 7));
        jsonw_key(w, STR("publication"));
        sql_is_null(st, 8) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 8));
        jsonw_key(w, STR("replaces"));
        sql_is_null(st, 9) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 9));
        room_time_or_null(w, "asked", st, 11);
        room_by_text(r, w, "approved_by", sql_str(st, 13));
    }
    jsonw_end(w);
}

static int write_rows(struct room *r, int64_t incident, bool whole, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT " COLUMNS " FROM answer WHERE incident_id = ?1 AND (state = 'current' OR (?2 AND state <> 'ended')) ORDER BY state <> 'asked', state <> 'draft', asked_n DESC, id LIMIT ?3",
                      "iii", incident, (int64_t) whole, (int64_t) ANSWERS_MAX);
    jsonw_key(w, STR("answers"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1)
        write_row(r, st, whole, w);
    jsonw_end(w);
    return MIN(e, 0);
}

int room_answers_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    jsonw_object(w);
    int e = write_rows(r, incident, true, w, reterr);
    if (e == 0)
        e = sql_query(r->db, &st, reterr, "SELECT kind, count(*) FROM person_report WHERE incident_id = ?1 GROUP BY kind ORDER BY 2 DESC", "i", incident);
    jsonw_key(w, STR("callers"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        jsonw_kstr(w, "kind", sql_str(st, 0));
        jsonw_ki64(w, "n", sql_i64(st, 1));
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}

static int write_case(struct room *r, struct sql_stmt *st, struct jsonw *w, struct diag *err) {
    jsonw_object(w);
    jsonw_ki64(w, "publication", sql_i64(st, 0));
    jsonw_ktime(w, "published", sql_i64(st, 2));
    room_time_or_null(w, "next", st, 3);
    jsonw_kbool(w, "en", sql_i64(st, 5) != 0);
    jsonw_key(w, STR("says"));
    jsonw_raw(w, sql_str(st, 4));
    int e = write_rows(r, sql_i64(st, 1), false, w, err);
    jsonw_end(w);
    return e;
}

/* The newest version of each open case that stands. What few may know of has no desk. */
int room_desk_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT p.id, p.incident_id, p.published_at, p.next_at, p.doc, p.en FROM publication p CROSS JOIN incident i ON i.id = p.incident_id WHERE p.state = 'published' AND "
                      "i.state = 'open' AND NOT i.need_to_know AND p.id = (SELECT max(q.id) FROM publication q WHERE q.incident_id = p.incident_id AND q.state = 'published') "
                      "ORDER BY p.published_at DESC LIMIT 20",
                      "");
    jsonw_object(w);
    jsonw_key(w, STR("cases"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1)
        e = write_case(r, st, w, reterr);
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}
