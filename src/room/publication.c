/* See publication.h: the files of texts, and the life of a version. */
#include "room/publication.h"

#include "base/hash.h"
#include "base/limits.h"
#include "room/answer.h"
#include "room/datafile.h"
#include "room/decision.h"
#include "room/incident_priv.h"
#include "room/promise.h"
#include "room/publication_priv.h"

#define DOC_BYTES_MAX (8 * (size_t) STATEMENT_BYTES_MAX)
#define ARENA_BYTES_MAX ((size_t) 64 << 20)

static const char *const states[PUBLICATION_STATE_MAX_] = {"draft", "asked", "published", "corrected", "withdrawn", "dropped"};

const char *publication_state_to_string(enum publication_state s) {
    return states[s];
}

/* ---- the files ---- */

int room_statement_put(struct room *r, const struct room_actor *by, struct str source, const char *file, const char *origin, int64_t *ret_id, struct diag *reterr) {
    struct room_datafile x = {.kind = "statement", .origin = origin, .source = source, .file = file && file[0] ? str_of(file) : STR_NULL};
    struct statement s;
    struct arena a;
    arena_init(&a, ARENA_BYTES_MAX);
    int e = statement_parse(&a, source, file ? file : "", &r->facts, &s, reterr);
    if (e == 0) {
        x.key = s.key;
        x.title = s.title;
        e = room_datafile_put(r, by, &x, ret_id, reterr);
    }
    arena_done(&a);
    return e;
}

struct finding_statement {
    struct room *r;
    struct arena *a;
    struct str key; /* .p NULL: every one is written */
    struct jsonw *w;
    struct statement *ret;
    bool found;
};

/* What names a fact that is gone is left out; its version stays, and can be mended. */
static int take_statement(void *ctx, int64_t id UNUSED, int64_t number UNUSED, struct str source, struct diag *reterr UNUSED) {
    struct finding_statement *x = ctx;
    struct statement s;
    struct str text = arena_dup(x->a, source);
    if (!text.p)
        return -ENOMEM;
    if (statement_parse(x->a, text, "", &x->r->facts, &s, NULL) < 0)
        return 0;
    if (x->key.p && str_eq(x->key, s.key)) {
        *x->ret = s;
        x->found = true;
    } else if (!x->key.p) {
        jsonw_object(x->w);
        jsonw_kstr(x->w, "key", s.key);
        jsonw_kz(x->w, "use", statement_use_to_string(s.use));
        fact_words_write(x->w, "titles", &s.title);
        jsonw_ki64(x->w, "next_s", s.next_ns / NS_PER_S);
        jsonw_end(x->w);
    }
    return 0;
}

int room_statement_find(struct room *r, struct arena *a, struct str key, struct statement *ret, struct diag *reterr) {
    struct finding_statement x = {.r = r, .a = a, .key = key, .ret = ret};
    int e = room_datafiles_each(r, "statement", take_statement, &x, reterr);
    return e < 0 ? e : x.found ? 0 : diag_set(reterr, -ENOENT, "there is no text '%.*s'", STR_ARG(key));
}

int room_statements_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    struct arena a;
    struct finding_statement x = {.r = r, .a = &a, .w = w};
    arena_init(&a, ARENA_BYTES_MAX);
    jsonw_key(w, STR("statements"));
    jsonw_array(w);
    int e = room_datafiles_each(r, "statement", take_statement, &x, reterr);
    jsonw_end(w);
    arena_done(&a);
    return e;
}

/* ---- one version ---- */

static int state_of(struct str s) {
    for (int i = 0; i < PUBLICATION_STATE_MAX_; i++)
        if (str_eq_z(s, states[i]))
            return i;
    return -ERR_CORRUPT;
}

int publication_read(struct arena *a, struct sql_stmt *st, struct publication_row *ret) {
    int state = state_of(sql_str(st, 4)), stage = statement_stage_from_string(sql_str(st, 5));
    if (state < 0 || stage < 0)
        return -ERR_CORRUPT;
    *ret = (struct publication_row){.id = sql_i64(st, 0), .version = sql_i64(st, 1), .incident = sql_i64(st, 2), .number = sql_i64(st, 3),
                                    .state = (enum publication_state) state, .stage = (enum statement_stage) stage, .en = sql_i64(st, 10) != 0,
                                    .decision = sql_i64(st, 12), .corrects = sql_i64(st, 13)};
    struct str *const texts[] = {&ret->statement, &ret->own, &ret->doc, &ret->digest, &ret->why, &ret->created_by, &ret->published_by};
    static const int columns[] = {6, 7, 8, 9, 17, 18, 19};
    int64_t *const times[] = {&ret->next_ns, &ret->asked_ns, &ret->published_ns, &ret->ended_ns};
    static const int time_columns[] = {11, 14, 15, 16};
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        *times[i] = sql_is_null(st, time_columns[i]) ? TIME_NONE : sql_i64(st, time_columns[i]);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        *texts[i] = arena_dup(a, sql_str(st, columns[i]));
        if (!texts[i]->p)
            return -ENOMEM;
    }
    return 0;
}

int publication_load(struct room *r, struct arena *a, int64_t id, struct publication_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT " PUBLICATION_COLUMNS " FROM publication WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    return e < 0 ? e : e == 0 ? diag_set(err, -ENOENT, "no publication %lld", (long long) id) : publication_read(a, st, ret);
}

static int read_own(struct arena *a, struct str json, struct statement_own **ret, size_t *ret_n) {
    struct json_value *doc;
    int e = json_parse(a, json, &doc, NULL);
    struct statement_own *own = e == 0 ? arena_zalloc(a, MAX(doc->n, 1u) * sizeof *own) : NULL;
    *ret = own;
    *ret_n = 0;
    if (e < 0 || !own)
        return e < 0 ? -ERR_CORRUPT : -ENOMEM;
    for (const struct json_value *v = doc->first; v; v = v->next) {
        struct statement_own *x = &own[(*ret_n)++];
        x->part = v->key;
        (void) json_get_str(v, "ja", &x->words.ja);
        (void) json_get_str(v, "en", &x->words.en);
    }
    return 0;
}

/* 第1報, 第2報, 最終報; with the correction said. */
static void stage_words(struct arena *a, const struct publication_row *p, struct statement_given *ret) {
    const char *ja = p->corrects ? "（訂正）" : "", *en = p->corrects ? " (corrected)" : "";
    ret->name = STR(".stage");
    ret->is.ja = p->stage == STAGE_FINAL ? arena_printf(a, "最終報%s", ja) : arena_printf(a, "第%lld報%s", (long long) p->number, ja);
    ret->is.en = p->stage == STAGE_FINAL ? arena_printf(a, "final report%s", en) : arena_printf(a, "report %lld%s", (long long) p->number, en);
}

static void time_words(struct arena *a, const char *name, int64_t t_ns, struct statement_given *ret) {
    static const char *const days_ja[] = {"日", "月", "火", "水", "木", "金", "土"};
    struct time_civil c;
    *ret = (struct statement_given){.name = str_of(name)};
    if (t_ns == TIME_NONE)
        return;
    time_to_civil(t_ns, TIME_JST_OFFSET_MIN, &c);
    ret->is.ja = arena_printf(a, "%d年%d月%d日（%s）%d時%02d分", c.year, c.month, c.day, days_ja[c.weekday], c.hour, c.minute);
    ret->is.en = arena_printf(a, "%04d-%02d-%02d %02d:%02d JST", c.year, c.month, c.day, c.hour, c.minute);
}

int publication_render(struct room *r, struct arena *a, const struct publication_row *p, struct statement_text *ret, struct room_fact **ret_facts, struct diag *err) {
    struct statement *s = arena_alloc(a, sizeof *s); /* parts of what is rendered point into it */
    struct statement_given given[3] = {{.name = STR_NULL}};
    struct statement_own *own;
    size_t n_own;
    int e = s ? room_statement_find(r, a, p->statement, s, err) : -ENOMEM;
    if (e == 0)
        e = room_facts_get(r, a, p->incident, ret_facts, err);
    if (e == 0)
        e = read_own(a, p->own, &own, &n_own);
    if (e < 0)
        return e;
    stage_words(a, p, &given[0]);
    time_words(a, ".next", p->stage == STAGE_FINAL ? TIME_NONE : p->next_ns, &given[1]);
    given[2] = (struct statement_given){.name = STR(".number"), .is = {.ja = arena_printf(a, "%lld", (long long) p->number)}};
    struct statement_ask x = {.s = s, .stage = p->stage, .specs = &r->facts, .facts = *ret_facts, .given = given, .n_given = ARRAY_SIZE(given), .own = own, .n_own = n_own};
    return statement_render(a, &x, ret);
}

/* ---- writing ---- */

static int note(struct room *r, const struct room_actor *by, const struct publication_row *p, const char *key, int64_t at_ns, struct str why, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 32768);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_ki64(&w, "n", p->number);
    jsonw_kz(&w, "stage", statement_stage_to_string(p->stage));
    jsonw_kstr(&w, "name", str_of(by->name));
    jsonw_kstr(&w, "why", why);
    jsonw_end(&w);
    struct room_entry entry = {.incident = p->incident, .at_ns = at_ns, .until_ns = TIME_NONE, .lane = "public_relations", .kind = "notice", .key = key, .precision_s = -1};
    room_changed(r, "now", 0);
    return room_timeline_entry(r, by, &entry, &params, err);
}

static int count_of(struct room *r, int64_t incident, int64_t *ret_open, int64_t *ret_out, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT coalesce(sum(state IN ('draft','asked')), 0), coalesce(sum(state IN ('published','corrected','withdrawn')), 0), count(*) FROM publication WHERE "
                      "incident_id = ?1",
                      "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return e;
    *ret_open = sql_i64(st, 0);
    *ret_out = sql_i64(st, 1);
    return sql_i64(st, 2) >= PUBLICATIONS_MAX ? diag_set(err, -ERR_LIMIT, "a case has at most %d versions", PUBLICATIONS_MAX) : 0;
}

static int add(struct room *r, const struct room_actor *by, const struct room_publication_new *x, struct arena *a, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_PUBLICATION, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    struct publication_row old = {0};
    struct statement s;
    int64_t open = 0, out = 0, corrects = x->corrects;
    struct str key = x->statement;
    int e = count_of(r, x->incident, &open, &out, err);
    if (e == 0 && open)
        e = diag_set(err, -EEXIST, "there is an open draft");
    if (e == 0)
        e = room_statement_find(r, a, key, &s, err);
    if (e == 0 && s.use != STATEMENT_PUBLICATION)
        e = diag_set(err, -ENOENT, "this text is not published");
    if (e == 0 && corrects)
        e = publication_load(r, a, corrects, &old, err);
    if (e == 0 && corrects && (old.incident != x->incident || old.state != PUBLICATION_PUBLISHED))
        e = diag_set(err, -ENOENT, "only what went out and stands is corrected");
    if (e < 0)
        return e;
    int64_t now = room_now(r), next = now + s.next_ns;
    bool promised = s.next_ns && x->stage != STAGE_FINAL;
    struct str own = corrects ? old.own : STR("{}");
    e = room_write(r, &w, ret_id, err,
                   "INSERT INTO publication(incident_id, number, state, stage, statement, own, doc, digest, en, next_at, corrects, why) VALUES (?1, ?2, 'draft', ?3, ?4, ?5, "
                   "'{}', '', ?6, ?7, ?8, '')",
                   "iizssiII", x->incident, out + 1, statement_stage_to_string(x->stage), &key, &own, (int64_t) (corrects && old.en), promised ? &next : NULL,
                   corrects ? &corrects : NULL);
    if (e == 0)
        room_changed(r, "incident", x->incident);
    return e;
}

int room_publication_add(struct room *r, const struct room_actor *by, const struct room_publication_new *x, int64_t *ret_id, struct diag *reterr) {
    struct arena a;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, ARENA_BYTES_MAX);
    e = room_end(r, add(r, by, x, &a, ret_id, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- changing a draft ---- */

static bool is_part(const struct statement *s, struct str name) {
    for (size_t i = 0; i < s->n_parts; i++)
        if (str_eq(s->parts[i].name, name))
            return true;
    return str_eq_z(name, "subject");
}

static const struct statement_own *own_of(const struct statement_own *own, size_t n, struct str part) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(own[i].part, part))
            return &own[i];
    return NULL;
}

static void write_own(struct jsonw *w, const struct statement_own *o) {
    if (!o->words.ja.n && !o->words.en.n)
        return;
    jsonw_key(w, o->part);
    jsonw_object(w);
    jsonw_kstr(w, "ja", o->words.ja.p ? o->words.ja : STR(""));
    jsonw_kstr(w, "en", o->words.en.p ? o->words.en : STR(""));
    jsonw_end(w);
}

/* The words there were with those that change put over them. */
static int merge_own(struct room *r, struct arena *a, const struct publication_row *p, const struct room_publication_change *c, struct str *ret, struct diag *err) {
    struct statement_own *old;
    struct statement s;
    struct jsonw w;
    struct buf b;
    size_t n;
    int e = read_own(a, p->own, &old, &n);
    if (e == 0)
        e = room_statement_find(r, a, p->statement, &s, err);
    if (e < 0)
        return e;
    for (size_t i = 0; i < c->n_own; i++)
        if (!is_part(&s, c->own[i].part) || c->own[i].words.ja.n > PUBLICATION_OWN_BYTES_MAX || c->own[i].words.en.n > PUBLICATION_OWN_BYTES_MAX)
            return diag_set(err, -EINVAL, "words");
    buf_init(&b, DOC_BYTES_MAX);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    for (size_t i = 0; i < n; i++)
        if (!own_of(c->own, c->n_own, old[i].part))
            write_own(&w, &old[i]);
    for (size_t i = 0; i < c->n_own; i++)
        write_own(&w, &c->own[i]);
    jsonw_end(&w);
    *ret = buf_error(&b) ? STR_NULL : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return ret->p ? 0 : -ENOMEM;
}

static int find_leak(struct room *r, struct arena *a, const struct statement_text *t, const struct room_fact *facts, const struct fact_spec **ret, struct diag *err) {
    const struct str subject[] = {t->subject.ja, t->subject.en};
    int e = 0;
    *ret = NULL;
    for (size_t i = 0; e == 0 && !*ret && i < 2; i++)
        e = statement_leak(a, &r->facts, facts, subject[i], true, ret);
    for (size_t i = 0; e == 0 && !*ret && i < 2 * t->n; i++) {
        const struct statement_said *s = &t->said[i / 2];
        bool ja = i % 2 == 0;
        e = statement_leak(a, &r->facts, facts, ja ? s->text.ja : s->text.en, (ja ? s->ja : s->en) == SAID_OWN, ret);
    }
    return e < 0 ? e : *ret ? diag_set(err, -EINVAL, "words") : 0;
}

static int change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_publication_change *c, struct arena *a,
                  const struct fact_spec **ret_leak, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_PUBLICATION, .id = id, .version = version};
    struct publication_row p;
    struct statement_text t;
    struct room_fact *facts;
    int e = publication_load(r, a, id, &p, err);
    if (e < 0)
        return e;
    bool draft = p.state == PUBLICATION_DRAFT;
    if (c->set_next)
        p.next_ns = c->next_ns;
    if (c->set_stage)
        p.stage = c->stage;
    if (c->set_en)
        p.en = c->en;
    if (draft)
        e = merge_own(r, a, &p, c, &p.own, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE publication SET own = ?2, next_at = nullif(?3, ?4), stage = ?5, en = ?6 WHERE id = ?1", "isiizi", id, &p.own, p.next_ns,
                       (int64_t) TIME_NONE, statement_stage_to_string(p.stage), (int64_t) p.en);
    if (e == 0 && !draft) /* whoever saw an older version is told that first */
        e = diag_set(err, -EBUSY, "%s", states[p.state]);
    if (e == 0)
        e = publication_render(r, a, &p, &t, &facts, err);
    if (e == 0)
        e = find_leak(r, a, &t, facts, ret_leak, err);
    if (e == 0)
        room_changed(r, "incident", p.incident);
    return e;
}

int room_publication_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_publication_change *c,
                            const struct fact_spec **ret_leak, struct diag *reterr) {
    struct arena a;
    *ret_leak = NULL;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, ARENA_BYTES_MAX);
    e = room_end(r, change(r, by, id, version, c, &a, ret_leak, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- asking ---- */

/* Frozen as it reads now. */
static int freeze(struct room *r, struct arena *a, const struct publication_row *p, struct buf *doc, const struct fact_spec **ret_leak, struct diag *err) {
    struct statement_text t;
    struct room_fact *facts;
    int e = publication_render(r, a, p, &t, &facts, err);
    if (e == 0)
        e = find_leak(r, a, &t, facts, ret_leak, err);
    for (size_t i = 0; e == 0 && p->en && i < t.n; i++)
        if (t.said[i].en == SAID_UNTRANSLATED)
            e = diag_set(err, -EINVAL, "en %.*s", STR_ARG(t.said[i].part->name));
    return e == 0 ? statement_doc(&t, false, doc) : e;
}

static void digest_of(struct str doc, char dst[2 * SHA256_BYTES + 1]) {
    uint8_t sum[SHA256_BYTES];
    sha256_of(doc, sum);
    hex_encode(sum, sizeof sum, dst);
}

static bool promises(const struct publication_row *p, int64_t now) {
    return p->stage == STAGE_FINAL || (p->next_ns != TIME_NONE && p->next_ns > now);
}

static int ask(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_publication_ask *x, struct arena *a,
               const struct fact_spec **ret_leak, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_PUBLICATION, .id = id, .version = version};
    char digest[2 * SHA256_BYTES + 1];
    struct publication_row p;
    int64_t decision = 0, now = room_now(r);
    struct buf doc;
    int e = publication_load(r, a, id, &p, err);
    if (e < 0)
        return e;
    struct room_decision_new d = {.incident = p.incident, .kind = DUTY_PUBLISH, .service = STR(""), .rule_id = STR(""), .risk_do = x->risk_do, .risk_go_on = x->risk_go_on};
    bool draft = p.state == PUBLICATION_DRAFT, promised = promises(&p, now);
    buf_init(&doc, DOC_BYTES_MAX);
    if (draft && promised) {
        e = freeze(r, a, &p, &doc, ret_leak, err);
        if (e == 0)
            e = room_decision_propose(r, &room_system, &d, &decision, err);
    }
    struct str text = buf_str(&doc);
    digest_of(text, digest);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE publication SET state = 'asked', doc = ?2, digest = ?3, decision_id = ?4, asked_at = ?5 WHERE id = ?1", "iszIi", id, &text, digest,
                       decision ? &decision : NULL, now);
    buf_done(&doc);
    if (e == 0 && !draft)
        e = diag_set(err, -EBUSY, "%s", states[p.state]);
    if (e == 0 && !promised)
        e = diag_set(err, -EINVAL, "next");
    return e == 0 ? note(r, by, &p, "event.publication_asked", now, STR(""), err) : e;
}

int room_publication_ask(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_publication_ask *x, const struct fact_spec **ret_leak,
                         struct diag *reterr) {
    struct arena a;
    *ret_leak = NULL;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, ARENA_BYTES_MAX);
    e = room_end(r, ask(r, by, id, version, x, &a, ret_leak, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- decided ---- */

static int find_asked(struct room *r, struct arena *a, int64_t decision, struct publication_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT " PUBLICATION_COLUMNS " FROM publication WHERE decision_id = ?1 AND state = 'asked'", "i", decision);
    if (e == 0)
        e = sql_step(st, err);
    return e <= 0 ? e : publication_read(a, st, ret) < 0 ? -ENOMEM : 1;
}

int room_publication_ready(struct room *r, int64_t decision, struct diag *reterr) {
    const struct fact_spec *leak;
    struct publication_row p;
    struct arena a;
    struct buf doc;
    arena_init(&a, ARENA_BYTES_MAX);
    buf_init(&doc, DOC_BYTES_MAX);
    int e = find_asked(r, &a, decision, &p, reterr);
    if (e == 1) {
        e = freeze(r, &a, &p, &doc, &leak, reterr);
        bool same = e == 0 && str_eq(buf_str(&doc), p.doc) && promises(&p, room_now(r));
        e = e == -ENOMEM ? e : same ? 0 : diag_set(reterr, -EBUSY, "facts");
    }
    buf_done(&doc);
    arena_done(&a);
    return e;
}

static int promise_next(struct room *r, const struct room_actor *by, const struct publication_row *p, struct arena *a, struct diag *err) {
    int e = room_promise_end(r, by, p->incident, "publication", 0, "kept", err);
    if (e < 0 || p->stage == STAGE_FINAL || p->next_ns == TIME_NONE)
        return e;
    struct str what = arena_printf(a, "第%lld報 / report %lld", (long long) p->number + 1, (long long) p->number + 1);
    struct room_promise_new x = {.incident = p->incident, .of = "publication", .of_id = p->id, .due_ns = p->next_ns, .what = what};
    return what.p ? room_promise_put(r, by, &x, err) : -ENOMEM;
}

static int publish(struct room *r, const struct room_actor *by, const struct publication_row *p, int64_t at_ns, struct arena *a, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_PUBLICATION, .id = p->id, .version = ROOM_ANY_VERSION};
    char name[ROOM_BY_CAP];
    int e = room_write(r, &w, NULL, err, "UPDATE publication SET state = 'published', published_at = ?2, published_by = ?3 WHERE id = ?1", "iiz", p->id, at_ns, room_actor_format(by, name));
    room_changed(r, "publication", p->incident); /* its files are written anew */
    w.id = p->corrects;
    if (e == 0 && p->corrects)
        e = room_write(r, &w, NULL, err, "UPDATE publication SET state = 'corrected', ended_at = ?2 WHERE id = ?1", "ii", p->corrects, at_ns);
    if (e == 0)
        e = room_answers_follow(r, by, p->incident, p->id, err);
    if (e == 0)
        e = promise_next(r, &room_system, p, a, err);
    return e == 0 ? note(r, by, p, p->corrects ? "event.publication_corrected" : "event.published", at_ns, STR(""), err) : e;
}

int room_publication_decided(struct room *r, const struct room_actor *by, int64_t decision, bool go_on, int64_t at_ns, struct str why, struct diag *reterr) {
    struct publication_row p;
    struct arena a;
    arena_init(&a, ARENA_BYTES_MAX);
    int e = find_asked(r, &a, decision, &p, reterr);
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_PUBLICATION, .id = e == 1 ? p.id : 0, .version = ROOM_ANY_VERSION};
    if (e == 1 && go_on)
        e = room_write(r, &w, NULL, reterr, "UPDATE publication SET state = 'draft', decision_id = NULL, why = ?2 WHERE id = ?1", "is", p.id, &why);
    else if (e == 1)
        e = publish(r, by, &p, at_ns, &a, reterr);
    arena_done(&a);
    return e;
}

/* ---- the end of a version ---- */

static int withdraw(struct room *r, const struct room_actor *by, const struct publication_row *p, struct str why, struct arena *a, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_PUBLICATION, .id = p->id, .version = ROOM_ANY_VERSION, .quiet = true};
    struct room_deciding x = {.incident = p->incident, .kind = DUTY_PUBLISH, .refrain = true};
    int64_t now = room_now(r);
    int e = room_authority_service(r, p->incident, a, &x.service, err);
    if (e == 0)
        e = room_authority_check(r, by, &x, err);
    if (e != 0) /* refused, or the first of two: it stands */
        return e;
    room_changed(r, "publication", p->incident); /* its files are written anew */
    e = room_write(r, &w, NULL, err, "UPDATE publication SET state = 'withdrawn', ended_at = ?2 WHERE id = ?1", "ii", p->id, now);
    if (e == 0)
        e = room_answers_hold(r, p->incident, p->id, err);
    return e == 0 ? note(r, by, p, "event.publication_withdrawn", now, why, err) : e;
}

static int end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct arena *a, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_PUBLICATION, .id = id, .version = version};
    struct publication_row p;
    int e = publication_load(r, a, id, &p, err);
    if (e < 0)
        return e;
    bool out = p.state == PUBLICATION_PUBLISHED || p.state == PUBLICATION_CORRECTED;
    e = room_write(r, &w, NULL, err, "UPDATE publication SET why = ?2, state = ?3, ended_at = ?4 WHERE id = ?1", "iszI", id, &why, out ? states[p.state] : "dropped",
                   out ? NULL : &(int64_t){room_now(r)});
    if (e == 0 && !out && p.state != PUBLICATION_DRAFT && p.state != PUBLICATION_ASKED)
        e = diag_set(err, -EBUSY, "%s", states[p.state]);
    if (e == 0 && out && !str_trim(why).n)
        e = diag_set(err, -EINVAL, "why");
    room_changed(r, "incident", p.incident);
    return e == 0 && out ? withdraw(r, by, &p, why, a, err) : e;
}

int room_publication_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *reterr) {
    struct arena a;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, ARENA_BYTES_MAX);
    int made = end(r, by, id, version, why, &a, reterr);
    e = room_end(r, MIN(made, 0), reterr);
    if (e == -ERR_REFUSED)
        IGNORE(room_authority_refusal_keep(r, NULL));
    arena_done(&a);
    return e < 0 ? e : made;
}
