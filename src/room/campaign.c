/* What happens to a campaign: begun, answered, forced, ended. See campaign.h. */
#include "room/campaign.h"

#include "base/text.h"
#include "room/attachment.h"
#include "room/campaign_priv.h"
#include "room/deed.h"
#include "room/incident_priv.h"
#include "room/message.h"
#include "room/reach.h"

#define WORDS_BYTES_MAX 2000

static int no_memory(struct diag *err) {
    return diag_set(err, -ENOMEM, "memory has run out");
}

static struct room_write change(const struct room_actor *by, enum room_object object, int64_t id, int64_t version) {
    return (struct room_write){.by = by, .verb = VERB_CHANGE, .object = object, .id = id, .version = version};
}

int campaign_load(struct room *r, int64_t id, struct arena *a, struct campaign_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT incident_id, version, round, due_at, title, body, state, kind FROM campaign WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no campaign %lld", (long long) id);
    *ret = (struct campaign_row){.id = id, .incident = sql_i64(st, 0), .version = sql_i64(st, 1), .round = sql_i64(st, 2), .due_ns = sql_i64(st, 3),
                                 .title = arena_dup(a, sql_str(st, 4)), .text = arena_dup(a, sql_str(st, 5)), .kind = room_campaign_kind(r, sql_str(st, 7))};
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 6)));
    return ret->title.p && ret->text.p ? 0 : no_memory(err);
}

int campaign_count(struct room *r, int64_t id, struct campaign_count *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT count(*), coalesce(sum(state = 'done'), 0), coalesce(sum(n), 0), coalesce(sum(done_n), 0) FROM campaign_target WHERE campaign_id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = (struct campaign_count){sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 2), sql_i64(st, 3)};
    return MIN(e, 0);
}

int campaign_note(struct room *r, const struct room_actor *by, const struct campaign_row *c, const char *key, const char *kind, int64_t number,
                  struct diag *err) {
    struct campaign_count n = {0};
    struct buf params;
    struct jsonw w;
    char ref[40];
    room_changed(r, "campaign", c->id);
    room_changed(r, "now", 0);
    if (!c->incident)
        return 0;
    int e = campaign_count(r, c->id, &n, err);
    buf_init(&params, 16384);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "title", c->title);
    jsonw_kstr(&w, "title_ja", c->title);
    jsonw_kstr(&w, "title_en", c->kind && str_eq(c->title, c->kind->title.ja) ? c->kind->title.en : c->title);
    jsonw_ki64(&w, "targets", n.targets);
    jsonw_ki64(&w, "done", n.done);
    jsonw_ki64(&w, "n", number);
    jsonw_ktime(&w, "due", c->due_ns);
    jsonw_end(&w);
    int len = snprintf(ref, sizeof ref, "campaign:%lld", (long long) c->id);
    struct room_entry x = {.incident = c->incident, .at_ns = room_now(r), .until_ns = TIME_NONE, .lane = "ciso_csirt", .kind = kind, .key = key,
                           .ref = str_n(ref, (size_t) len), .precision_s = -1};
    if (e == 0)
        return room_timeline_entry(r, by, &x, &params, err);
    buf_done(&params);
    return e;
}

/* ---- begun ---- */

static int check(const struct room_campaign_new *x, struct diag *err) {
    if (x->n_targets == 0 || x->n_targets > CAMPAIGN_TARGETS_MAX)
        return diag_set(err, -EINVAL, "targets");
    for (size_t i = 0; i < x->n_targets; i++) {
        const struct room_campaign_target *t = &x->targets[i];
        if (!t->name.n || t->name.n > 300 || t->ref.n > 300 || t->person.n > 300 || t->what.n > 1000 || t->n < 0 || t->n > CAMPAIGN_COUNT_MAX)
            return diag_set(err, -EINVAL, "targets");
    }
    return x->title.n > 300 || x->text.n > 4000 || x->origin.n > 1000 ? diag_set(err, -EINVAL, "text") : 0;
}

static int put_target(struct room *r, const struct room_actor *by, const struct room_campaign_new *x, int64_t campaign, const struct room_campaign_target *t,
                      struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_TARGET, .tlp = TLP_AMBER, .incident = x->incident};
    struct str ref = t->ref.n ? t->ref : t->name, person = t->person.p ? t->person : STR(""), what = t->what.p ? t->what : STR("");
    int e = room_write(r, &w, NULL, err, "INSERT INTO campaign_target(campaign_id, ref, name, person, what, n, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", "issssiI",
                       campaign, &ref, &t->name, &person, &what, MAX(t->n, (int64_t) 1), t->due_ns ? &t->due_ns : NULL);
    return e == -EEXIST ? diag_set(err, -EINVAL, "targets: '%.*s' stands there twice", (int) MIN(ref.n, 80u), ref.p) : e;
}

static int start(struct room *r, const struct room_actor *by, const struct room_campaign_new *x, int64_t *ret_id, struct diag *err) {
    const struct campaign_kind *k = room_campaign_kind(r, x->kind);
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_CAMPAIGN, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    struct arena a;
    struct campaign_row c;
    int64_t now = room_now(r), id = 0;
    int e = k ? check(x, err) : diag_set(err, -ENOENT, "there is no kind of campaign '%.*s'", (int) MIN(x->kind.n, 60u), x->kind.p);
    if (e < 0)
        return e;
    struct str title = x->title.n ? x->title : k->title.ja, text = x->text.p ? x->text : STR(""), origin = x->origin.p ? x->origin : STR("");
    int64_t due = x->due_ns ? x->due_ns : now + k->due_ns, next = MIN(now + k->remind_ns, due); /* the day itself is not passed over */
    if (due <= now || due > now + 366 * NS_PER_DAY)
        return diag_set(err, -EINVAL, "due");
    e = room_write(r, &w, &id, err, "INSERT INTO campaign(incident_id, kind, title, body, origin, started_at, due_at, next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                   "IssssiiI", x->incident ? &x->incident : NULL, &k->name, &title, &text, &origin, now, due, k->remind_ns ? &next : NULL);
    for (size_t i = 0; e == 0 && i < x->n_targets; i++)
        e = put_target(r, by, x, id, &x->targets[i], err);
    arena_init(&a, (size_t) 1 << 20);
    if (e == 0)
        e = campaign_load(r, id, &a, &c, err);
    if (e == 0)
        e = campaign_note(r, by, &c, "event.campaign_started", "contact", 0, err);
    if (e == 0)
        e = campaign_tell(r, &c, 0, err);
    arena_done(&a);
    *ret_id = id;
    return e;
}

int room_campaign_start(struct room *r, const struct room_actor *by, const struct room_campaign_new *x, int64_t *ret_id, struct diag *reterr) {
    if (r->in_tx)
        return start(r, by, x, ret_id, reterr);
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, start(r, by, x, ret_id, reterr), reterr);
}

/* ---- answers ---- */

struct answering {
    const struct room_campaign_said *s;
    int64_t done, now;
    const char *how;
};

static int put_answer(void *ctx, struct room *r, int64_t id, struct diag *err) {
    struct answering *x = ctx;
    return room_write_part(r, err,
                           "INSERT INTO campaign_answer(target_id, n, at, value, done_n, how) VALUES (?1, (SELECT count(*) FROM campaign_answer WHERE target_id = ?1), "
                           "?2, ?3, ?4, ?5)",
                           "iisiz", id, x->now, &x->s->value, x->done, x->how);
}

static int is_over(struct room *r, const struct campaign_row *c, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT 1 FROM campaign_target WHERE campaign_id = ?1 AND state <> 'done' LIMIT 1", "i", c->id);
    if (e == 0)
        e = sql_step(st, err);
    return e < 0 ? e : e == 0;
}

/* The campaign's place in what goes on is told once, not at each of 600 answers. */
static int finish_if_over(struct room *r, const struct campaign_row *c, struct diag *err) {
    struct room_write w = change(&room_system, OBJECT_CAMPAIGN, c->id, ROOM_ANY_VERSION);
    int over = is_over(r, c, err);
    room_changed(r, "campaign", c->id);
    if (over <= 0)
        return over;
    int e = room_write(r, &w, NULL, err, "UPDATE campaign SET state = 'done', ended_at = ?2, next_at = NULL WHERE id = ?1", "ii", c->id, room_now(r));
    return e < 0 ? e : campaign_note(r, &room_system, c, "event.campaign_done", "contact", 0, err);
}

static int answer(struct room *r, const struct room_actor *by, const struct campaign_row *c, int64_t target, int64_t version, int64_t n, const struct room_campaign_said *s,
                  const char *how, struct diag *err) {
    const struct campaign_answer *a = campaign_answer_find(c->kind, s->value);
    struct answering x = {.s = s, .now = room_now(r), .how = how};
    struct room_write w = change(by, OBJECT_TARGET, target, version);
    char name[ROOM_BY_CAP];
    int64_t file;
    if (strcmp(c->state, "running") != 0)
        return diag_set(err, -EBUSY, "%s", c->state);
    if (!a)
        return diag_set(err, -EINVAL, "value");
    struct str words = str_trim(s->words.p ? s->words : STR(""));
    if ((a->words && !words.n) || words.n > WORDS_BYTES_MAX)
        return diag_set(err, -EINVAL, "words");
    if (s->done > n || s->done < -1)
        return diag_set(err, -EINVAL, "done");
    if (c->kind->photo && a->means == MEANS_DONE && !s->photo.n && !(by->person && words.n)) /* who took the answer by telephone says so in words */
        return diag_set(err, -EINVAL, "photo");
    /* "all of it" beside an older number means all; as many as there are, under way or not, is done */
    x.done = a->means == MEANS_DONE ? n : MAX(s->done, (int64_t) 0);
    bool done = x.done == n;
    w.parts = put_answer;
    w.parts_ctx = &x;
    int e = room_write(r, &w, NULL, err,
                      "UPDATE campaign_target SET state = CASE WHEN ?2 THEN 'done' WHEN state = 'forced' THEN 'forced' ELSE 'open' END, value = ?3, words = ?4, done_n = ?5, "
                      "answered_at = ?6, answered_by = ?7, how = ?8 WHERE id = ?1",
                      "iissiizz", target, (int64_t) done, &s->value, &words, x.done, x.now, room_actor_format(by, name), how);
    if (e == 0 && c->kind->photo && s->photo.n && c->incident)
        e = room_attachment_add(r, &room_system, OBJECT_TARGET, target, s->photo_name, s->photo_bytes, s->photo, &file, err);
    return e;
}

static int load_target(struct room *r, int64_t target, int64_t *ret_campaign, int64_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT campaign_id, n FROM campaign_target WHERE id = ?1", "i", target);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no target %lld", (long long) target);
    *ret_campaign = sql_i64(st, 0);
    *ret_n = sql_i64(st, 1);
    return 0;
}

int room_campaign_answer(struct room *r, const struct room_actor *by, int64_t target, int64_t version, const struct room_campaign_said *s, struct diag *reterr) {
    struct arena a;
    struct campaign_row c;
    int64_t id = 0, n = 0;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, (size_t) 1 << 20);
    e = load_target(r, target, &id, &n, reterr);
    if (e == 0)
        e = campaign_load(r, id, &a, &c, reterr);
    if (e == 0)
        e = answer(r, by, &c, target, version, n, s, "person", reterr);
    if (e == 0)
        e = finish_if_over(r, &c, reterr);
    arena_done(&a);
    return room_end(r, e, reterr);
}

/* ---- by the link ---- */

/* The campaign and the person behind a message's token. */
static int find_token(struct room *r, struct str token, struct arena *a, int64_t *ret_campaign, struct str *ret_person, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    if (token.n != ROOM_MESSAGE_TOKEN_CHARS)
        return -ENOENT;
    int e = sql_query(r->db, &st, err, "SELECT t.campaign_id, t.person FROM message m JOIN campaign_told t ON t.message_id = m.id WHERE m.token = ?1 AND t.up = 0", "s", &token);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : -ENOENT;
    *ret_campaign = sql_i64(st, 0);
    *ret_person = arena_dup(a, sql_str(st, 1));
    return ret_person->p ? 0 : no_memory(err);
}

static int write_open(struct room *r, int64_t campaign, struct str person, struct jsonw *w, int64_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id, name, what, n, done_n FROM campaign_target WHERE campaign_id = ?1 AND person = ?2 AND state <> 'done' ORDER BY id LIMIT 200", "is",
                      campaign, &person);
    *ret_n = 0;
    jsonw_key(w, STR("targets"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_kstr(w, "name", sql_str(st, 1));
        jsonw_kstr(w, "what", sql_str(st, 2));
        jsonw_ki64(w, "n", sql_i64(st, 3));
        jsonw_ki64(w, "done", sql_i64(st, 4));
        jsonw_end(w);
        ++*ret_n;
    }
    jsonw_end(w);
    return MIN(e, 0);
}

int room_campaign_by_token(struct room *r, struct str token, struct jsonw *w, struct diag *reterr) {
    struct arena a;
    struct campaign_row c;
    struct str person;
    int64_t id, n;
    arena_init(&a, (size_t) 1 << 20);
    int e = find_token(r, token, &a, &id, &person, reterr);
    if (e == 0)
        e = campaign_load(r, id, &a, &c, reterr);
    if (e == 0) {
        jsonw_object(w);
        jsonw_kstr(w, "title", c.title);
        jsonw_kstr(w, "ask_ja", c.kind ? c.kind->ask.ja : STR(""));
        jsonw_kstr(w, "ask_en", c.kind ? c.kind->ask.en : STR(""));
        jsonw_kstr(w, "text", c.text);
        jsonw_ktime(w, "due", c.due_ns);
        jsonw_key(w, STR("kind"));
        c.kind ? jsonw_str(w, c.kind->name) : jsonw_null(w);
        e = write_open(r, id, person, w, &n, reterr);
        jsonw_end(w);
        if (e == 0 && (n == 0 || !c.kind || strcmp(c.state, "running") != 0))
            e = -EBUSY;
    }
    arena_done(&a);
    return e;
}

static int open_of(struct room *r, int64_t campaign, struct str person, int64_t only, int64_t (*ids)[2], size_t cap, size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id, n FROM campaign_target WHERE campaign_id = ?1 AND person = ?2 AND state <> 'done' AND (?3 = 0 OR id = ?3) ORDER BY id LIMIT ?4",
                      "isii", campaign, &person, only, (int64_t) cap);
    *ret_n = 0;
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        ids[*ret_n][0] = sql_i64(st, 0);
        ids[(*ret_n)++][1] = sql_i64(st, 1);
    }
    return MIN(e, 0);
}

static int answer_token(struct room *r, struct str token, int64_t target, const struct room_campaign_said *s, struct arena *a, struct diag *err) {
    int64_t(*ids)[2] = arena_alloc(a, CAMPAIGN_TARGETS_MAX * sizeof *ids);
    struct campaign_row c;
    struct str person;
    int64_t id;
    size_t n = 0;
    int e = ids ? find_token(r, token, a, &id, &person, err) : no_memory(err);
    if (e == 0)
        e = campaign_load(r, id, a, &c, err);
    if (e == 0)
        e = open_of(r, id, person, target, ids, CAMPAIGN_TARGETS_MAX, &n, err);
    if (e == 0 && n == 0)
        e = diag_set(err, -EBUSY, "done");
    for (size_t i = 0; e == 0 && i < n; i++)
        e = answer(r, &room_system, &c, ids[i][0], ROOM_ANY_VERSION, ids[i][1], s, "link", err);
    return e < 0 ? e : finish_if_over(r, &c, err);
}

int room_campaign_answer_token(struct room *r, struct str token, int64_t target, const struct room_campaign_said *s, struct diag *reterr) {
    struct arena a;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, (size_t) 4 << 20);
    e = answer_token(r, token, target, s, &a, reterr);
    arena_done(&a);
    return room_end(r, e, reterr);
}

/* ---- ended, extended, forced ---- */

static int with_row(struct room *r, const struct room_actor *by, int64_t id, int (*fn)(struct room *r, const struct room_actor *by, const struct campaign_row *c, void *ctx, struct diag *err),
                    void *ctx, struct diag *reterr) {
    struct arena a;
    struct campaign_row c;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, (size_t) 8 << 20);
    e = campaign_load(r, id, &a, &c, reterr);
    if (e == 0)
        e = fn(r, by, &c, ctx, reterr); /* whoever saw an older version is told that first */
    if (e == 0 && strcmp(c.state, "running") != 0)
        e = diag_set(reterr, -EBUSY, "%s", c.state);
    arena_done(&a);
    return room_end(r, e, reterr);
}

static int end(struct room *r, const struct room_actor *by, const struct campaign_row *c, void *ctx, struct diag *err) {
    struct room_write w = change(by, OBJECT_CAMPAIGN, c->id, *(int64_t *) ctx);
    int e = room_write(r, &w, NULL, err, "UPDATE campaign SET state = 'ended', ended_at = ?2, next_at = NULL WHERE id = ?1", "ii", c->id, room_now(r));
    return e < 0 ? e : campaign_note(r, by, c, "event.campaign_ended", "contact", 0, err);
}

int room_campaign_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) {
    return with_row(r, by, id, end, &version, reterr);
}

int room_campaign_over(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) {
    struct campaign_row c;
    struct arena a;
    int64_t any = ROOM_ANY_VERSION;
    arena_init(&a, 1 << 20);
    int e = campaign_load(r, id, &a, &c, reterr);
    if (e == 0 && strcmp(c.state, "running") == 0)
        e = end(r, by, &c, &any, reterr);
    arena_done(&a);
    return e;
}

struct extending {
    int64_t version, due_ns;
};

static int extend(struct room *r, const struct room_actor *by, const struct campaign_row *c, void *ctx, struct diag *err) {
    const struct extending *x = ctx;
    struct campaign_row later = *c;
    struct room_write w = change(by, OBJECT_CAMPAIGN, c->id, x->version);
    int64_t now = room_now(r);
    if (x->due_ns <= now || x->due_ns > now + 366 * NS_PER_DAY)
        return diag_set(err, -EINVAL, "due");
    int e = room_write(r, &w, NULL, err, "UPDATE campaign SET due_at = ?2, due_told = 0, next_at = ?3 WHERE id = ?1", "iii", c->id, x->due_ns, now);
    later.due_ns = x->due_ns;
    return e < 0 ? e : campaign_note(r, by, &later, "event.campaign_extended", "contact", 0, err);
}

int room_campaign_extend(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t due_ns, struct diag *reterr) {
    struct extending x = {version, due_ns};
    return with_row(r, by, id, extend, &x, reterr);
}

struct forcing {
    const struct room_campaign_force *f;
    int64_t ids[ROOM_DEED_TARGETS_MAX], deed;
    struct str names[ROOM_DEED_TARGETS_MAX], people[ROOM_DEED_TARGETS_MAX];
    size_t n;
    struct arena arena;
};

static bool chosen(const struct room_campaign_force *f, int64_t id) {
    for (size_t i = 0; i < f->n; i++)
        if (f->targets[i] == id)
            return true;
    return f->n == 0;
}

static int pick(struct room *r, int64_t campaign, struct forcing *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id, name, person FROM campaign_target WHERE campaign_id = ?1 AND state = 'open' ORDER BY id", "i", campaign);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        if (!chosen(x->f, sql_i64(st, 0)))
            continue;
        if (x->n == ROOM_DEED_TARGETS_MAX)
            return diag_set(err, -ERR_LIMIT, "at most %d at once", ROOM_DEED_TARGETS_MAX);
        x->ids[x->n] = sql_i64(st, 0);
        x->names[x->n] = arena_dup(&x->arena, sql_str(st, 1));
        x->people[x->n] = arena_dup(&x->arena, sql_str(st, 2));
        if (!x->names[x->n].p || !x->people[x->n].p)
            return no_memory(err);
        x->n++;
    }
    return e < 0 ? e : x->n ? 0 : diag_set(err, -EINVAL, "targets");
}

/* Whoever answers for it is told what to do now; each once. */
static int instruct(struct room *r, const struct campaign_row *c, struct forcing *x, struct diag *err) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < x->n; i++) {
        struct reach to = room_reach_way(r, x->people[i], 0);
        struct buf text;
        if (!to.door || r->replay)
            continue;
        buf_init(&text, 16384);
        buf_printf(&text, "%.*s\n%.*s\n\n%.*s\n", STR_ARG(c->kind->force_text.ja), STR_ARG(c->kind->force_text.en), STR_ARG(x->names[i]));
        struct room_message_new m = {.way = str_of(to.door), .address = to.address, .who = x->people[i], .subject = c->title, .text = buf_str(&text),
                                     .incident = c->incident, .ask = true};
        e = buf_error(&text);
        if (e == 0)
            e = room_message_add(r, &room_system, &m, NULL, err);
        buf_done(&text);
    }
    return e;
}

static int force(struct room *r, const struct room_actor *by, const struct campaign_row *c, void *ctx, struct diag *err) {
    struct forcing *x = ctx;
    if (!c->kind || !c->kind->force_title.ja.n)
        return diag_set(err, -EINVAL, "force");
    bool act = c->kind->force_deed.n > 0;
    if (act && (!c->incident || !x->f->driver.n))
        return diag_set(err, -EINVAL, c->incident ? "driver" : "incident");
    int e = pick(r, c->id, x, err);
    if (e == 0 && act) {
        struct room_deed_new d = {.incident = c->incident, .minutes = x->f->minutes, .kind = c->kind->force_deed, .driver = x->f->driver, .params = STR("{}"),
                                  .reason = c->title, .targets = x->names, .n_targets = x->n};
        e = room_deed_propose(r, by, &d, &x->deed, err);
    } else if (e == 0)
        e = instruct(r, c, x, err);
    for (size_t i = 0; e == 0 && i < x->n; i++) {
        struct room_write w = change(by, OBJECT_TARGET, x->ids[i], ROOM_ANY_VERSION);
        e = room_write(r, &w, NULL, err, "UPDATE campaign_target SET state = 'forced', deed_id = ?2 WHERE id = ?1", "iI", x->ids[i], x->deed ? &x->deed : NULL);
    }
    return e < 0 ? e : campaign_note(r, by, c, "event.campaign_forced", "action", (int64_t) x->n, err);
}

int room_campaign_force(struct room *r, const struct room_actor *by, int64_t id, const struct room_campaign_force *f, int64_t *ret_deed, struct diag *reterr) {
    struct forcing x = {.f = f};
    arena_init(&x.arena, (size_t) 4 << 20);
    int e = with_row(r, by, id, force, &x, reterr);
    arena_done(&x.arena);
    *ret_deed = x.deed;
    return e;
}
