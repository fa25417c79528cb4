/* See outgoing.h. */
#include "room/outgoing.h"

#include "base/limits.h"
#include "room/authority.h"
#include "room/incident_priv.h"
#include "room/message.h"
#include "room/outgoing_priv.h"
#include "room/promise.h"
#include "room/publication.h"

#define ARENA_BYTES_MAX ((size_t) 128 << 20)
#define DOC_BYTES_MAX (8 * (size_t) STATEMENT_BYTES_MAX)

struct outgoing_batch {
    int64_t id, version, incident, due_ns;
    char state[8];
    struct str statement, title, way;
    struct statement s;
    struct statement_given given[STATEMENT_GIVEN_MAX]; /* [0]: the name of who it goes to */
    size_t n_given;
    struct room_fact *facts;
};

/* ---- the text ---- */

static void due_words(struct arena *a, int64_t t_ns, struct fact_words *ret) {
    struct time_civil c;
    *ret = (struct fact_words){STR(""), STR("")};
    if (t_ns == TIME_NONE)
        return;
    time_to_civil(t_ns, TIME_JST_OFFSET_MIN, &c);
    ret->ja = arena_printf(a, "%d年%d月%d日%d時%02d分", c.year, c.month, c.day, c.hour, c.minute);
    ret->en = arena_printf(a, "%04d-%02d-%02d %02d:%02d JST", c.year, c.month, c.day, c.hour, c.minute);
}

static int read_given(struct arena *a, struct outgoing_batch *b, struct str json, struct str number, struct diag *err) {
    struct json_value *doc;
    int e = json_parse(a, json, &doc, err);
    bool request = b->s.use == STATEMENT_REQUEST;
    b->given[b->n_given++] = (struct statement_given){.name = request ? STR(".to") : STR(".name")};
    b->given[b->n_given] = (struct statement_given){.name = STR(".due")};
    due_words(a, b->due_ns, &b->given[b->n_given++].is);
    b->given[b->n_given++] = (struct statement_given){.name = STR(".case"), .is = {number, number}};
    for (const struct json_value *v = e == 0 ? doc->first : NULL; v && b->n_given < STATEMENT_GIVEN_MAX; v = v->next) {
        struct str name = arena_printf(a, ".%.*s", STR_ARG(v->key));
        if (!name.p)
            return -ENOMEM;
        b->given[b->n_given++] = (struct statement_given){.name = name, .is = {v->text, v->text}};
    }
    return e;
}

static int load(struct room *r, struct arena *a, int64_t id, struct outgoing_batch *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT o.version, o.incident_id, o.due_at, o.state, o.statement, o.title, o.way, o.given, i.number FROM outgoing o JOIN incident i ON i.id = o.incident_id WHERE o.id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no batch %lld", (long long) id);
    *ret = (struct outgoing_batch){.id = id, .version = sql_i64(st, 0), .incident = sql_i64(st, 1), .due_ns = sql_is_null(st, 2) ? TIME_NONE : sql_i64(st, 2),
                          .statement = arena_dup(a, sql_str(st, 4)), .title = arena_dup(a, sql_str(st, 5)), .way = arena_dup(a, sql_str(st, 6))};
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 3)));
    struct str given = arena_dup(a, sql_str(st, 7)), number = arena_dup(a, sql_str(st, 8));
    sql_end(TAKE_PTR(st));
    if (!given.p || !number.p || !ret->way.p || !ret->title.p || !ret->statement.p)
        return -ENOMEM;
    e = room_statement_find(r, a, ret->statement, &ret->s, err);
    if (e == 0)
        e = read_given(a, ret, given, number, err);
    return e == 0 ? room_facts_get(r, a, ret->incident, &ret->facts, err) : e;
}

/* For one recipient; name empty: as the batch keeps it. */
static int render(struct room *r, struct arena *a, struct outgoing_batch *b, struct str name, struct statement_text *ret) {
    b->given[0].is = name.n ? (struct fact_words){name, name} : (struct fact_words){STR("〔宛名〕"), STR("[name]")};
    struct statement_ask x = {.s = &b->s, .stage = STAGE_FIRST, .specs = &r->facts, .facts = b->facts, .given = b->given, .n_given = b->n_given};
    return statement_render(a, &x, ret);
}

int outgoing_text_open(struct room *r, int64_t id, struct outgoing_text *ret, struct diag *err) {
    *ret = (struct outgoing_text){.batch = NULL};
    arena_init(&ret->arena, ARENA_BYTES_MAX);
    ret->batch = arena_zalloc(&ret->arena, sizeof *ret->batch);
    return ret->batch ? load(r, &ret->arena, id, ret->batch, err) : -ENOMEM;
}

int outgoing_text_for(struct room *r, struct outgoing_text *t, struct str name, struct statement_text *ret) {
    return render(r, &t->arena, t->batch, name, ret);
}

void outgoing_text_done(struct outgoing_text *t) {
    arena_done(&t->arena);
}

/* What a person gave in it (evidence lines, wishes) may tell what is not to be told. */
static int find_leak(struct room *r, struct arena *a, const struct statement_text *t, const struct outgoing_batch *b, const struct fact_spec **ret, struct diag *err) {
    int e = 0;
    *ret = NULL;
    for (size_t i = 0; e == 0 && !*ret && i < 2 * t->n; i++)
        e = statement_leak(a, &r->facts, b->facts, i % 2 ? t->said[i / 2].text.en : t->said[i / 2].text.ja, false, ret);
    return e < 0 ? e : *ret ? diag_set(err, -EINVAL, "words") : 0;
}

/* ---- a batch ---- */

static int put_recipients(struct room *r, const struct room_actor *by, int64_t id, const struct room_outgoing_new *x, struct diag *err) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < x->n_to; i++) {
        const struct room_recipient_new *t = &x->to[i];
        struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_RECIPIENT, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
        struct str name = t->name, address = t->address.p ? t->address : STR(""), postal = t->postal.p ? t->postal : STR("");
        e = room_write(r, &w, NULL, err, "INSERT INTO recipient(outgoing_id, name, address, postal, en) VALUES (?1, ?2, ?3, ?4, ?5)", "isssi", id, &name, &address, &postal, (int64_t) t->en);
    }
    return e;
}

static int write_given(const struct json_value *given, struct buf *out, struct diag *err) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    for (const struct json_value *v = given ? given->first : NULL; v; v = v->next) {
        if (v->type != JSON_STRING || !fact_is_name(v->key))
            return diag_set(err, -EINVAL, "given");
        jsonw_key(&w, v->key);
        jsonw_str(&w, v->text);
    }
    jsonw_end(&w);
    return buf_error(out);
}

static int add(struct room *r, const struct room_actor *by, const struct room_outgoing_new *x, struct arena *a, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_OUTGOING, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str statement = x->statement, way = x->way.n ? x->way : STR("mail"), title = x->title;
    struct statement s;
    struct buf given;
    int64_t due = x->due_ns;
    int e = room_statement_find(r, a, statement, &s, err);
    if (e == 0 && s.use == STATEMENT_PUBLICATION)
        e = diag_set(err, -ENOENT, "this text is published, not sent");
    if (e == 0)
        e = sql_query(r->db, &st, err, "SELECT count(*) FROM outgoing WHERE incident_id = ?1", "i", x->incident);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        e = sql_i64(st, 0) >= OUTGOING_BATCHES_MAX ? diag_set(err, -ERR_LIMIT, "a case has at most %d batches", OUTGOING_BATCHES_MAX) : 0;
    sql_end(TAKE_PTR(st));
    if (e == 0 && (!x->n_to || x->n_to > OUTGOING_RECIPIENTS_MAX))
        e = diag_set(err, -EINVAL, "to");
    if (e < 0)
        return e;
    if (!title.n)
        title = s.title.ja.n ? s.title.ja : s.title.en;
    buf_init(&given, 2 * OUTGOING_GIVEN_BYTES_MAX);
    e = write_given(x->given, &given, err);
    struct str json = buf_str(&given);
    if (e == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO outgoing(incident_id, use, statement, title, way, given, doc, state, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', 'draft', ?7)", "izssssI", x->incident,
                       statement_use_to_string(s.use), &statement, &title, &way, &json, due == TIME_NONE ? NULL : &due);
    buf_done(&given);
    if (e == 0)
        e = put_recipients(r, by, *ret_id, x, err);
    room_changed(r, "incident", x->incident);
    return e;
}

int room_outgoing_add(struct room *r, const struct room_actor *by, const struct room_outgoing_new *x, int64_t *ret_id, struct diag *reterr) {
    struct arena a;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, ARENA_BYTES_MAX);
    e = room_end(r, add(r, by, x, &a, ret_id, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- sending ---- */

struct recipient {
    int64_t id, tries;
    struct str name, address, postal;
    bool en;
};

static int list_unsent(struct room *r, struct arena *a, int64_t id, struct recipient **ret, size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    size_t cap = 0;
    *ret = NULL;
    *ret_n = 0;
    int e = sql_query(r->db, &st, err, "SELECT id, name, address, postal, en, tries FROM recipient WHERE outgoing_id = ?1 AND message_id IS NULL AND letter_at IS NULL AND address <> '' ORDER BY id", "i", id);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        if (arena_grow(a, (void **) ret, &cap, *ret_n + 1, sizeof **ret) < 0)
            return -ENOMEM;
        (*ret)[(*ret_n)++] = (struct recipient){.id = sql_i64(st, 0), .tries = sql_i64(st, 5), .name = arena_dup(a, sql_str(st, 1)), .address = arena_dup(a, sql_str(st, 2)), .en = sql_i64(st, 4) != 0};
    }
    return MIN(e, 0);
}

static int send_to(struct room *r, struct outgoing_batch *b, const struct recipient *to, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_RECIPIENT, .id = to->id, .version = ROOM_ANY_VERSION};
    struct statement_text t;
    struct arena a;
    struct buf text;
    struct str address = to->address;
    int64_t message;
    arena_init(&a, (size_t) 8 << 20);
    buf_init(&text, 2 * STATEMENT_BYTES_MAX);
    int e = render(r, &a, b, to->name, &t);
    if (e == 0) {
        statement_plain(&t, !to->en, &text);
        if (b->s.use == STATEMENT_REQUEST) { /* whoever reads it reads one of them */
            buf_printf(&text, "\n----------------------------------------\n%.*s\n", STR_ARG(fact_words_in(&t.subject, to->en)));
            statement_plain(&t, to->en, &text);
        }
        e = buf_error(&text);
    }
    struct room_message_new m = {.way = b->way, .address = to->address, .who = to->name, .subject = e == 0 ? fact_words_in(&t.subject, !to->en) : STR(""), .text = buf_str(&text),
                                 .incident = b->incident, .vars = STR(""), .reply_to = STR("")};
    struct str slip = STR("");
    if (e == 0 && b->s.use == STATEMENT_REQUEST && (e = outgoing_slip_make(r, &a, to->id, &slip, err)) == 0)
        m.subject = arena_printf(&a, "%.*s %.*s", STR_ARG(m.subject), STR_ARG(slip));
    if (e == 0 && !m.subject.p)
        e = -ENOMEM;
    if (e == 0)
        e = room_message_add(r, &room_system, &m, &message, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE recipient SET message_id = ?2, address = ?3, tries = tries + 1 WHERE id = ?1", "iis", to->id, message, &address);
    buf_done(&text);
    arena_done(&a);
    return e;
}

static int note(struct room *r, const struct room_actor *by, const struct outgoing_batch *b, const char *key, int64_t n, struct str name, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 32768);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "title", b->title);
    jsonw_ki64(&w, "n", n);
    jsonw_kstr(&w, "name", name);
    jsonw_end(&w);
    return room_timeline_tell(r, by, b->incident, "public_relations", "contact", key, &params, err);
}

static int await_answer(struct room *r, const struct outgoing_batch *b, struct diag *err) {
    struct room_promise_new x = {.incident = b->incident, .of = "outgoing", .of_id = b->id, .due_ns = b->due_ns, .what = b->title};
    return b->due_ns == TIME_NONE ? 0 : room_promise_put(r, &room_system, &x, err);
}

static int send_all(struct room *r, const struct room_actor *by, struct outgoing_batch *b, struct arena *a, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_OUTGOING, .id = b->id, .version = ROOM_ANY_VERSION, .quiet = true};
    struct statement_text t;
    struct recipient *to;
    struct buf doc;
    size_t n;
    int e = render(r, a, b, STR(""), &t);
    buf_init(&doc, DOC_BYTES_MAX);
    if (e == 0)
        e = statement_doc(&t, false, &doc);
    struct str text = buf_str(&doc);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE outgoing SET state = 'sent', sent_at = ?2, doc = ?3 WHERE id = ?1", "iis", b->id, room_now(r), &text);
    buf_done(&doc);
    if (e == 0)
        e = list_unsent(r, a, b->id, &to, &n, err);
    for (size_t i = 0; e == 0 && i < n; i++)
        e = send_to(r, b, &to[i], err);
    if (e == 0)
        e = await_answer(r, b, err);
    return e == 0 ? note(r, by, b, "event.outgoing_sent", (int64_t) n, str_of(by->name), err) : e;
}

/* An English notice says everything the Japanese one does, or is not sent. */
static int check_english(struct room *r, const struct outgoing_batch *b, const struct statement_text *t, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT 1 FROM recipient WHERE outgoing_id = ?1 AND en LIMIT 1", "i", b->id);
    if (e == 0)
        e = sql_step(st, err);
    for (size_t i = 0; e == 1 && b->s.use == STATEMENT_NOTICE && i < t->n; i++)
        if (t->said[i].en == SAID_UNTRANSLATED)
            return diag_set(err, -EINVAL, "en %.*s", STR_ARG(t->said[i].part->name));
    return MIN(e, 0);
}

static int send(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct arena *a, const struct fact_spec **ret_leak, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_OUTGOING, .id = id, .version = version};
    struct statement_text t;
    struct outgoing_batch b;
    int e = load(r, a, id, &b, err);
    if (e == 0) /* the door first */
        e = room_write(r, &w, NULL, err, "UPDATE outgoing SET state = state WHERE id = ?1", "i", id);
    if (e == 0 && strcmp(b.state, "draft") != 0)
        e = diag_set(err, -EBUSY, "%s", b.state);
    if (e == 0)
        e = render(r, a, &b, STR(""), &t);
    if (e == 0)
        e = find_leak(r, a, &t, &b, ret_leak, err);
    if (e == 0)
        e = check_english(r, &b, &t, err);
    struct room_deciding d = {.incident = b.incident, .kind = DUTY_PUBLISH, .service = STR("")};
    if (e == 0 && b.s.use == STATEMENT_NOTICE && (e = room_authority_service(r, b.incident, a, &d.service, err)) == 0)
        e = room_authority_check(r, by, &d, err);
    return e != 0 ? e : send_all(r, by, &b, a, err);
}

int room_outgoing_send(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct fact_spec **ret_leak, struct diag *reterr) {
    struct arena a;
    *ret_leak = NULL;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, ARENA_BYTES_MAX);
    int made = send(r, by, id, version, &a, ret_leak, reterr);
    e = room_end(r, MIN(made, 0), reterr);
    if (e == -ERR_REFUSED)
        IGNORE(room_authority_refusal_keep(r, NULL));
    arena_done(&a);
    return e < 0 ? e : made;
}

int room_outgoing_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_OUTGOING, .id = id, .version = version};
    struct room_row row;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_row_load(r, OBJECT_OUTGOING, id, &row, reterr);
    if (e == 0)
        e = room_write(r, &w, NULL, reterr, "UPDATE outgoing SET state = 'ended' WHERE id = ?1", "i", id);
    if (e == 0)
        e = room_promise_end(r, &room_system, row.incident, "outgoing", id, "dropped", reterr);
    if (e == 0)
        room_changed(r, "incident", row.incident);
    return room_end(r, e, reterr);
}

/* ---- one recipient ---- */

static int load_recipient(struct room *r, struct arena *a, int64_t id, struct recipient *ret, int64_t *ret_batch, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT outgoing_id, name, address, en FROM recipient WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no recipient %lld", (long long) id);
    *ret = (struct recipient){.id = id, .name = arena_dup(a, sql_str(st, 1)), .address = arena_dup(a, sql_str(st, 2)), .en = sql_i64(st, 3) != 0};
    *ret_batch = sql_i64(st, 0);
    return ret->name.p && ret->address.p ? 0 : -ENOMEM;
}

static int filed(struct room *r, const struct room_actor *by, const struct outgoing_batch *b, const struct recipient *x, struct diag *err) {
    int e = room_promise_end(r, &room_system, b->incident, "outgoing", b->id, "kept", err);
    return e == 0 ? note(r, by, b, "event.outgoing_answered", 1, x->name, err) : e;
}

static int change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_recipient_change *c, struct arena *a, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_RECIPIENT, .id = id, .version = version};
    struct str answer = c->answer;
    struct recipient x;
    struct outgoing_batch b;
    int64_t batch = 0, now = room_now(r);
    int e = load_recipient(r, a, id, &x, &batch, err);
    if (e == 0)
        e = load(r, a, batch, &b, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err,
                       "UPDATE recipient SET letter_at = CASE WHEN ?2 THEN ?3 ELSE letter_at END, answer = coalesce(?4, answer), answered_at = CASE WHEN ?4 IS NULL THEN answered_at ELSE ?3 END "
                       "WHERE id = ?1",
                       "iiis", id, (int64_t) c->letter, now, answer.p ? &answer : NULL);
    if (e == 0 && strcmp(b.state, "draft") == 0)
        e = diag_set(err, -EBUSY, "%s", b.state);
    if (e == 0 && c->address.n)
        x.address = c->address;
    if (e == 0 && (c->again || c->address.n))
        e = x.address.n ? send_to(r, &b, &x, err) : diag_set(err, -EINVAL, "address");
    if (e == 0 && answer.n)
        e = filed(r, by, &b, &x, err);
    if (e == 0)
        room_changed(r, "incident", b.incident);
    return e;
}

int room_recipient_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_recipient_change *c, struct diag *reterr) {
    struct arena a;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, ARENA_BYTES_MAX);
    e = room_end(r, change(r, by, id, version, c, &a, reterr), reterr);
    arena_done(&a);
    return e;
}
