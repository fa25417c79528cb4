/* See followup.h. Adding, changing, saying that it is done, judging; how rows are shown: followup_view.c. */
#include "room/followup.h"

#include "room/campaign.h"
#include "room/followup_priv.h"

#define WORDS_MAX 300 /* as names of targets (campaign.c) */
#define HOW_MAX 1000
#define DUE_DAYS_MAX 365
#define AT_ONCE_MAX 1000 /* judged in one measurement; the others in the next */

/* ---- which question shows that a lesson is carried ---- */

static const struct readiness_pack *pack_of(const struct room_readiness *x, struct str id) {
    for (size_t i = 0; i < x->n_packs; i++)
        if (str_eq(x->packs[i].id, id))
            return &x->packs[i];
    return NULL;
}

static const struct json_value *lesson_of(const struct readiness_pack *p, struct str id) {
    const struct json_value *head = json_get_object(p->root, "pack"), *list = head ? json_get_array(head, "lessons") : NULL;
    struct str s;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        if (json_get_str(v, "id", &s) && str_eq(s, id))
            return v;
    return NULL;
}

const char *room_item_key(const struct readiness_pack *p, const struct question *q, char dst[QUESTION_KEY_CAP]) {
    if (q->measure)
        return room_question_key(q, dst);
    snprintf(dst, QUESTION_KEY_CAP, "attested:%.*s/%.*s", STR_ARG(p->id), STR_ARG(q->id));
    return dst;
}

/* Of control/ID, step/ID, rule/ID, drill; *ret_cell: where the lesson counts. Empty: a person has to judge. */
const char *room_carrier_key(const struct room_readiness *x, const struct readiness_pack *p, struct str by, enum room_cell *ret_cell, char dst[QUESTION_KEY_CAP]) {
    struct question q[QUESTIONS_MAX];
    size_t n = room_questions(x, p, q, QUESTIONS_MAX);
    const bool control = str_starts(by, STR("control/"));
    struct str id = control ? str_from(by, 8) : STR("procedure");
    dst[0] = 0;
    *ret_cell = str_starts(by, STR("step/")) ? CELL_HANDLED : str_starts(by, STR("rule/")) ? CELL_NOTICED : str_eq_z(by, "drill") ? CELL_PRACTISED : CELL_PREVENTED;
    if (str_eq_z(by, "drill"))
        snprintf(dst, QUESTION_KEY_CAP, "drill_done(365,,)");
    else if (str_starts(by, STR("rule/")) && json_get_object(p->root, "expect"))
        snprintf(dst, QUESTION_KEY_CAP, "replay:%.*s", STR_ARG(p->id));
    for (size_t i = 0; i < n && (control || str_starts(by, STR("step/"))); i++)
        if (str_eq(q[i].id, id)) {
            if (control && q[i].cell < CELL_MAX_)
                *ret_cell = q[i].cell;
            return room_item_key(p, &q[i], dst);
        }
    return dst;
}

/* ---- what a question says now ---- */

static int one_answer(struct room *r, struct str key, struct room_answered *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct readiness_pack *p = str_starts(key, STR("replay:")) ? pack_of(&r->readiness, str_from(key, 7)) : NULL;
    int e;
    if (str_starts(key, STR("attested:"))) {
        struct str rest = str_from(key, 9), pack;
        ret->declared = true;
        if (!str_split(&rest, '/', &pack))
            return 0;
        e = sql_query(r->db, &st, err, "SELECT CASE WHEN until_at > ?3 THEN answer ELSE 'no' END, at FROM attested WHERE pack = ?1 AND control = ?2 ORDER BY id DESC LIMIT 1", "ssi", &pack,
                      &rest, room_now(r));
    } else if (str_starts(key, STR("replay:")))
        e = sql_query(r->db, &st, err, "SELECT CASE WHEN digest <> ?2 THEN 'unknown' WHEN failed THEN 'no' ELSE 'yes' END, at FROM replayed WHERE pack = ?1 ORDER BY id DESC LIMIT 1", "ss",
                      &(struct str){key.p + 7, key.n - 7}, p ? &p->digest : &STR(""));
    else
        e = sql_query(r->db, &st, err, "SELECT answer, at FROM measured WHERE key = ?1", "s", &key);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        struct str s = sql_str(st, 0);
        ret->answer = str_eq_z(s, "yes") ? ANSWER_YES : str_eq_z(s, "no") ? ANSWER_NO : ANSWER_UNKNOWN;
        ret->at_ns = sql_i64(st, 1);
    }
    return MIN(e, 0);
}

int room_answered(struct room *r, struct str key, struct room_answered *ret, struct diag *err) {
    *ret = (struct room_answered){.answer = ANSWER_UNKNOWN, .at_ns = TIME_NONE};
    return key.n ? one_answer(r, key, ret, err) : 0;
}

/* ---- writing ---- */

static struct str or_empty(struct str s) {
    return s.p ? s : STR("");
}

static int check(struct room *r, const struct room_followup_new *x, struct diag *err) {
    int64_t now = room_now(r);
    if (!str_trim(x->words).n || x->words.n > WORDS_MAX)
        return diag_set(err, -EINVAL, "words");
    if (!str_trim(x->person).n || x->person.n > 300)
        return diag_set(err, -EINVAL, "person");
    if (x->how.n > HOW_MAX)
        return diag_set(err, -EINVAL, "how");
    if (x->by.n > 200 || (x->by.n && !str_eq_z(x->by, "drill") && !str_starts(x->by, STR("control/")) && !str_starts(x->by, STR("step/")) && !str_starts(x->by, STR("rule/"))))
        return diag_set(err, -EINVAL, "by");
    return x->due_ns <= now || x->due_ns > now + DUE_DAYS_MAX * NS_PER_DAY ? diag_set(err, -EINVAL, "due") : 0;
}

/* Its own list of one, so that owners are told, reminded and can answer as in any other. */
static int tell(struct room *r, const struct room_followup_new *x, int64_t due_ns, int64_t *ret_campaign, struct diag *err) {
    const struct readiness_pack *p = pack_of(&r->readiness, x->pack);
    const struct json_value *titles = p ? json_get_object(p->root, "titles") : NULL;
    struct str title = x->pack, what = or_empty(x->how);
    IGNORE(titles && json_get_str(titles, "ja", &title));
    struct room_campaign_target t = {.ref = x->lesson.n ? x->lesson : x->question, .name = x->words, .person = x->person, .what = what};
    t.ref.n = MIN(t.ref.n, 300u);
    struct room_campaign_new c = {.kind = STR("followup"), .title = title, .origin = STR("readiness"), .due_ns = due_ns, .targets = &t, .n_targets = 1};
    if (!room_campaign_kind(r, c.kind)) { /* an office that took the kind away: nobody is told by itself */
        *ret_campaign = 0;
        return 0;
    }
    return room_campaign_start(r, &room_system, &c, ret_campaign, err);
}

static int is_taken(struct room *r, const struct room_followup_new *x, struct str question, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = x->lesson.n ? sql_query(r->db, &st, err, "SELECT 1 FROM followup WHERE pack = ?1 AND lesson = ?2 AND state <> 'dropped'", "ss", &x->pack, &x->lesson)
                        : sql_query(r->db, &st, err, "SELECT 1 FROM followup WHERE lesson = '' AND question = ?1 AND state IN ('open','said')", "s", &question);
    return e == 0 ? sql_step(st, err) : e;
}

static int put(struct room *r, const struct room_actor *by, const struct room_followup_new *x, struct str question, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_FOLLOWUP, .tlp = TLP_AMBER, .owner = by->person};
    struct str lesson = or_empty(x->lesson), how = or_empty(x->how), carrier = or_empty(x->by);
    int64_t campaign = 0;
    int e = tell(r, x, x->due_ns, &campaign, err);
    return e < 0 ? e
                 : room_write(r, &w, ret_id, err,
                              "INSERT INTO followup(pack, lesson, question, words, how, person, carrier, due_at, state, campaign_id, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9, ?10)",
                              "sssssssiIi", &x->pack, &lesson, &question, &x->words, &how, &x->person, &carrier, x->due_ns, campaign ? &campaign : NULL, room_now(r));
}

static bool asks(const struct room_readiness *x, const struct readiness_pack *p, struct str key) {
    struct question q[QUESTIONS_MAX];
    char own[QUESTION_KEY_CAP];
    size_t n = room_questions(x, p, q, QUESTIONS_MAX);
    bool found = str_starts(key, STR("replay:")) && str_eq(str_from(key, 7), p->id);
    for (size_t i = 0; i < n && !found; i++)
        found = (q[i].measure || q[i].attested) && str_eq_z(key, room_item_key(p, &q[i], own));
    return found;
}

int room_followup_add(struct room *r, const struct room_actor *by, const struct room_followup_new *in, int64_t *ret_id, struct diag *reterr) {
    struct room_followup_new x = *in;
    const struct readiness_pack *p = pack_of(&r->readiness, x.pack);
    const struct json_value *lesson = p && x.lesson.n ? lesson_of(p, x.lesson) : NULL;
    char key[QUESTION_KEY_CAP];
    enum room_cell cell;
    if (!p || (x.lesson.n && !lesson))
        return diag_set(reterr, -ENOENT, "no such lesson");
    if (!x.lesson.n && !asks(&r->readiness, p, x.question))
        return diag_set(reterr, -EINVAL, "question");
    if (lesson && !x.by.n)
        IGNORE(json_get_str(lesson, "by", &x.by));
    struct str question = lesson ? str_of(room_carrier_key(&r->readiness, p, or_empty(x.by), &cell, key)) : x.question;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = check(r, &x, reterr);
    if (e == 0 && (e = is_taken(r, &x, question, reterr)) == 1)
        e = diag_set(reterr, -EEXIST, "it is followed up already");
    if (e == 0)
        e = put(r, by, &x, question, ret_id, reterr);
    room_changed(r, "readiness", 0);
    return room_end(r, e, reterr);
}

struct followup_row {
    int64_t campaign, due_ns, version;
    struct str pack, lesson, question, words, how, person, by;
    char state[8];
};

static int load(struct room *r, int64_t id, struct arena *a, struct followup_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str *const texts[] = {&ret->pack, &ret->lesson, &ret->question, &ret->words, &ret->how, &ret->person, &ret->by};
    int e = sql_query(r->db, &st, err, "SELECT pack, lesson, question, words, how, person, carrier, state, campaign_id, due_at, version FROM followup WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no such row");
    for (int i = 0; i < (int) ARRAY_SIZE(texts); i++)
        if (!(*texts[i] = arena_dup(a, sql_str(st, i))).p)
            return -ENOMEM;
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 7)));
    ret->campaign = sql_i64(st, 8);
    ret->due_ns = sql_i64(st, 9);
    ret->version = sql_i64(st, 10);
    return 0;
}

/* Who comes second with an older version is told who was first (write.h); who has the newest, that it is over. */
static int still(const struct followup_row *x, int64_t version, bool closed_too, struct diag *err) {
    bool fits = strcmp(x->state, "open") == 0 || (closed_too && strcmp(x->state, "dropped") != 0);
    return fits || x->version != version ? 0 : diag_set(err, -EBUSY, "%s", x->state);
}

static int end_campaign(struct room *r, const struct followup_row *x, struct diag *err) {
    return x->campaign ? room_campaign_over(r, &room_system, x->campaign, err) : 0;
}

int room_followup_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_followup_new *in, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_FOLLOWUP, .id = id, .version = version};
    struct room_followup_new x = *in;
    struct followup_row was;
    struct arena a;
    char key[QUESTION_KEY_CAP];
    enum room_cell cell;
    int64_t campaign = 0;
    arena_init(&a, 1 << 20);
    int e = room_begin(r, reterr);
    if (e == 0) {
        if ((e = load(r, id, &a, &was, reterr)) == 0)
            e = still(&was, version, false, reterr);
        x.pack = was.pack;
        x.lesson = was.lesson;
        x.question = was.question;
        const struct readiness_pack *p = pack_of(&r->readiness, x.pack);
        if (e == 0 && p && x.lesson.n)
            x.question = str_of(room_carrier_key(&r->readiness, p, or_empty(x.by), &cell, key));
        struct str how = or_empty(x.how), carrier = or_empty(x.by);
        if (e == 0 && (e = check(r, &x, reterr)) == 0 && (e = end_campaign(r, &was, reterr)) == 0)
            e = tell(r, &x, x.due_ns, &campaign, reterr);
        if (e == 0)
            e = room_write(r, &w, NULL, reterr, "UPDATE followup SET words = ?2, how = ?3, person = ?4, carrier = ?5, due_at = ?6, campaign_id = ?7, question = ?8 WHERE id = ?1", "issssiIs", id,
                           &x.words, &how, &x.person, &carrier, x.due_ns, campaign ? &campaign : NULL, &x.question);
        room_changed(r, "readiness", 0);
        e = room_end(r, e, reterr);
    }
    arena_done(&a);
    return e;
}

/* What people attest is attested by saying that it is done. */
static int attest(struct room *r, const struct room_actor *by, const struct followup_row *x, struct str evidence, int64_t until_ns, struct diag *err) {
    struct str rest, pack;
    if (!str_trim(evidence).n || evidence.n > 2000)
        return diag_set(err, -EINVAL, "evidence");
    if (!str_starts(x->question, STR("attested:")))
        return 0;
    rest = str_from(x->question, 9);
    if (!str_split(&rest, '/', &pack))
        return diag_set(err, -EINVAL, "question");
    struct room_attest at = {.pack = pack, .control = rest, .evidence = evidence, .yes = true, .until_ns = until_ns};
    return room_attest_inside(r, by, &at, err);
}

/* Both ways it stops being open: said to be done, with evidence where it was attested, or dropped with a reason. */
static int stop(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool dropped, struct str said, int64_t until_ns, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_FOLLOWUP, .id = id, .version = version};
    struct followup_row x;
    struct arena a;
    arena_init(&a, 1 << 20);
    int e = room_begin(r, err);
    if (e == 0) {
        e = load(r, id, &a, &x, err);
        if (e == 0)
            e = still(&x, version, dropped, err);
        if (e == 0 && !dropped)
            e = attest(r, by, &x, said, until_ns, err);
        if (e == 0)
            e = end_campaign(r, &x, err);
        if (e == 0)
            e = room_write(r, &w, NULL, err, "UPDATE followup SET state = ?4, said = ?2, said_at = ?3 WHERE id = ?1", "isiz", id, &said, room_now(r), dropped ? "dropped" : "said");
        room_changed(r, "readiness", 0);
        e = room_end(r, e, err);
    }
    arena_done(&a);
    return e;
}

int room_followup_done(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str evidence, int64_t until_ns, struct diag *reterr) {
    return stop(r, by, id, version, false, evidence, until_ns, reterr);
}

int room_followup_drop(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *reterr) {
    if (!str_trim(why).n || why.n > HOW_MAX)
        return diag_set(reterr, -EINVAL, "why");
    return stop(r, by, id, version, true, why, 0, reterr);
}

/* ---- judging ---- */

/* Not done after all: told again, by its date or, where that has passed, within a week. */
static int reopen(struct room *r, const struct followup_row *x, int64_t *ret_campaign, struct diag *err) {
    struct room_followup_new again = {.pack = x->pack, .lesson = x->lesson, .question = x->question, .words = x->words, .how = x->how, .person = x->person};
    return tell(r, &again, MAX(x->due_ns, room_now(r) + 7 * NS_PER_DAY), ret_campaign, err);
}

static int judge_one(struct room *r, int64_t id, struct diag *err) {
    static const char *const words[] = {"unknown", "no", "yes"};
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_FOLLOWUP, .id = id, .version = ROOM_ANY_VERSION};
    struct followup_row x;
    struct room_answered now;
    struct arena a;
    int64_t campaign = 0;
    arena_init(&a, 1 << 20);
    int e = load(r, id, &a, &x, err);
    if (e == 0)
        e = room_answered(r, x.question, &now, err);
    bool said = e == 0 && strcmp(x.state, "said") == 0;
    if (e == 0 && !x.question.n) /* a person judges, and did */
        now.answer = ANSWER_YES;
    bool closed = e == 0 && now.answer == ANSWER_YES;
    if (e == 0 && (closed || said)) {
        campaign = x.campaign;
        e = closed ? end_campaign(r, &x, err) : reopen(r, &x, &campaign, err);
        if (e == 0)
            e = room_write(r, &w, NULL, err, "UPDATE followup SET state = ?2, result = ?3, checked_at = ?4, campaign_id = ?5 WHERE id = ?1", "izziI", id, closed ? "closed" : "open",
                           words[now.answer], room_now(r), campaign ? &campaign : NULL);
    }
    arena_done(&a);
    return e;
}

/* What somebody said is done; and gaps that are gone though nobody said so. */
int room_followups_judge(struct room *r, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t ids[AT_ONCE_MAX];
    size_t n = 0;
    int e = sql_query(r->db, &st, err, "SELECT id FROM followup WHERE state = 'said' OR (state = 'open' AND lesson = '') ORDER BY id LIMIT ?1", "i", (int64_t) AT_ONCE_MAX);
    while (e >= 0 && (e = sql_step(st, err)) == 1)
        ids[n++] = sql_i64(st, 0);
    sql_end(TAKE_PTR(st));
    for (size_t i = 0; e == 0 && i < n; i++)
        e = judge_one(r, ids[i], err);
    return e;
}

int room_followups_tick(struct room *r, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t ids[AT_ONCE_MAX];
    size_t n = 0;
    int e = sql_query(r->db, &st, reterr, "SELECT f.id FROM followup f JOIN campaign c ON c.id = f.campaign_id WHERE f.state = 'open' AND c.state = 'done' ORDER BY f.id LIMIT ?1", "i",
                      (int64_t) AT_ONCE_MAX);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1)
        ids[n++] = sql_i64(st, 0);
    sql_end(TAKE_PTR(st));
    if (e < 0 || n == 0)
        return e;
    e = room_begin(r, reterr);
    if (e < 0)
        return e;
    for (size_t i = 0; e == 0 && i < n; i++) {
        struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_FOLLOWUP, .id = ids[i], .version = ROOM_ANY_VERSION};
        e = room_write(r, &w, NULL, reterr,
                       "UPDATE followup SET state = 'said', said_at = ?2, said = coalesce((SELECT t.words FROM campaign_target t WHERE t.campaign_id = followup.campaign_id LIMIT 1), '') WHERE id = ?1",
                       "ii", ids[i], room_now(r));
    }
    e = room_end(r, e, reterr);
    return e < 0 ? e : 1;
}
