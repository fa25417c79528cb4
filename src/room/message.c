#include "room/message.h"

#include "room/means.h"

#include "base/limits.h"
#include "room/room_priv.h"
#include "room/write.h"

enum { ROUND_MAX = 64, LIST_MAX = 200 };
#define SAID_BYTES_MAX 600

static const int64_t PAUSES_S[] = {5, 15, 30, 60, 120, 300, 600, 900};

static int check(const struct room_message_new *m, struct diag *err) {
    if (!m->way.n || !m->text.n)
        return diag_set(err, -EINVAL, "a message has a way and a text");
    if (m->way.n > DOOR_ID_BYTES_MAX || m->address.n > 320 || m->who.n > 300 || m->subject.n > 1000 || m->reply_to.n > 998 ||
        m->text.n + m->vars.n > DOOR_JOB_BYTES_MAX / 2)
        return diag_set(err, -ERR_LIMIT, "a message is longer than the door takes");
    return 0;
}

/* An empty text, not a NULL. */
static struct str given(struct str s) {
    return s.p ? s : STR("");
}

int room_message_add(struct room *r, const struct room_actor *by, const struct room_message_new *m, int64_t *ret_id, struct diag *reterr) {
    char token[ROOM_MESSAGE_TOKEN_CHARS + 1] = "";
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_MESSAGE, .tlp = TLP_AMBER, .incident = m->incident};
    struct str way = m->way, address = given(m->address), who = given(m->who), subject = given(m->subject), text = m->text, vars = m->vars.n ? m->vars : STR("{}"), reply = given(m->reply_to);
    int64_t now = room_wall(r), until = m->until_ns ? m->until_ns : now + NS_PER_DAY, incident = m->incident;
    int e = check(m, reterr);
    if (e == 0 && (e = room_means_forbids(r, address, reterr)) == 1)
        e = diag_set(reterr, -EPERM, "ransom");
    if (e < 0)
        return e;
    if (m->ask)
        sign_random_hex(token, ROOM_MESSAGE_TOKEN_CHARS / 2);
    e = room_write(r, &w, ret_id, reterr,
                   "INSERT INTO message(incident_id, way, address, who, subject, body, vars, until_at, next_at, token, drill, reply_to) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, max(?11, coalesce((SELECT drill FROM incident WHERE id = ?1), 0)), ?12)",
                   "Issssssiizis", incident ? &incident : NULL, &way, &address, &who, &subject, &text, &vars, until, now,
                   m->ask ? token : NULL, (int64_t) m->drill, &reply);
    if (e == 0)
        room_changed(r, "message", ret_id ? *ret_id : 0);
    return e;
}

/* ---- to the door ---- */

struct due {
    int64_t id, tries;
};

/* Rows first, then writes: a statement being read must not see its own changes. */
static int list_due(struct room *r, const char *state, int64_t now, struct due *dst, size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id, tries FROM message WHERE state = ?1 AND (next_at <= ?2 OR state = 'sending') ORDER BY next_at, id LIMIT ?3", "zii",
                      state, now, (int64_t) ROUND_MAX);
    *ret_n = 0;
    while (e >= 0 && (e = sql_step(st, err)) == 1)
        dst[(*ret_n)++] = (struct due){sql_i64(st, 0), sql_i64(st, 1)};
    return MIN(e, 0);
}

/* The text with the link where {{link}} stands, or at its end. */
static void add_text(struct jsonw *w, struct str text, struct str link) {
    struct buf b;
    ptrdiff_t at = str_find(text, STR("{{link}}"), 0);
    buf_init(&b, 2 * (size_t) DOOR_JOB_BYTES_MAX);
    buf_add(&b, at < 0 ? text : str_to(text, (size_t) at));
    if (at < 0 && link.n)
        buf_add_z(&b, "\n\n受け取ったら開いてボタンを押してください / open and press the button when you have read this:\n");
    buf_add(&b, link);
    if (at >= 0)
        buf_add(&b, str_from(text, (size_t) at + 8));
    jsonw_kstr(w, "text", buf_str(&b));
    buf_done(&b);
}

static int write_frame(struct room *r, struct str pages, int64_t id, int64_t try, struct buf *out, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct arena a;
    struct json_value *vars = NULL;
    struct jsonw w;
    char name[48], link[400] = "";
    int e = sql_query(r->db, &st, err, "SELECT m.way, m.address, m.subject, m.body, m.vars, m.token, m.drill, m.reply_to, m.tlp, coalesce(i.number, '-') FROM message m LEFT JOIN incident i ON i.id = m.incident_id WHERE m.id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : -ENOENT;
    arena_init(&a, 8 * (size_t) DOOR_JOB_BYTES_MAX);
    snprintf(name, sizeof name, "m%lld.%lld", (long long) id, (long long) try);
    if (sql_str(st, 5).n)
        snprintf(link, sizeof link, "%.*s/ack?token=%.*s", STR_ARG(pages), STR_ARG(sql_str(st, 5)));
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "t", "send");
    jsonw_kz(&w, "id", name);
    jsonw_kstr(&w, "way", sql_str(st, 0));
    jsonw_kstr(&w, "to", sql_str(st, 1));
    jsonw_kbool(&w, "drill", sql_i64(st, 6) != 0);
    jsonw_key(&w, STR("vars"));
    jsonw_object(&w);
    if (json_parse(&a, sql_str(st, 4), &vars, NULL) == 0 && vars->type == JSON_OBJECT)
        for (const struct json_value *v = vars->first; v; v = v->next)
            if (v->type == JSON_STRING) {
                jsonw_key(&w, v->key);
                jsonw_str(&w, v->text);
            }
    jsonw_kstr(&w, "subject", sql_str(st, 2));
    add_text(&w, sql_str(st, 3), str_of(link));
    jsonw_kz(&w, "link", link);
    jsonw_kstr(&w, "case", sql_str(st, 9));
    if (sql_str(st, 7).n) {
        jsonw_kz(&w, "auto", "replied");
        jsonw_kstr(&w, "in_reply_to", sql_str(st, 7));
    }
    jsonw_end(&w);
    jsonw_end(&w);
    arena_done(&a);
    return buf_error(out);
}

static int send_one(struct room *r, struct str pages, const struct due *d, int (*send)(void *, struct str), void *ctx, struct diag *err) {
    struct buf b;
    buf_init(&b, 4 * (size_t) DOOR_JOB_BYTES_MAX);
    int e = write_frame(r, pages, d->id, d->tries, &b, err);
    if (e == 0)
        e = send(ctx, buf_str(&b));
    buf_done(&b);
    return e;
}

/* On disk before the door hears of it: a room that is killed here asks for the same id again. */
static int begin_try(struct room *r, struct due *d, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_MESSAGE, .id = d->id, .version = ROOM_ANY_VERSION};
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    d->tries++;
    return room_end(r, room_write(r, &w, NULL, err, "UPDATE message SET state = 'sending', tries = ?2 WHERE id = ?1", "ii", d->id, d->tries), err);
}

int room_messages_poll(struct room *r, struct str pages, int (*send)(void *ctx, struct str frame), void *ctx, struct diag *reterr) {
    struct due due[ROUND_MAX];
    size_t n;
    int e = list_due(r, "waiting", room_wall(r), due, &n, reterr);
    for (size_t i = 0; e == 0 && i < n; i++) {
        e = begin_try(r, &due[i], reterr);
        if (e == 0)
            e = send_one(r, pages, &due[i], send, ctx, reterr);
    }
    return e;
}

int room_messages_resume(struct room *r, struct str pages, int (*send)(void *ctx, struct str frame), void *ctx, struct diag *reterr) {
    struct due due[ROUND_MAX];
    size_t n;
    int e = list_due(r, "sending", room_wall(r), due, &n, reterr);
    for (size_t i = 0; e == 0 && i < n; i++)
        e = send_one(r, pages, &due[i], send, ctx, reterr);
    return e;
}

/* ---- what became of it ---- */

/* "m12.3" or "m12.3.…@host" -> 12, 3 */
static bool read_id(struct str s, int64_t *ret_id, int64_t *ret_try) {
    struct str id, try;
    if (!str_starts(s, STR("m")))
        return false;
    s = str_from(s, 1);
    return str_split(&s, '.', &id) && str_split(&s, '.', &try) && str_to_i64(id, ret_id) == 0 && str_to_i64(try, ret_try) == 0 && *ret_id > 0 && *ret_try > 0;
}

bool room_message_number(struct str message_id, int64_t *ret) {
    int64_t try;
    return read_id(message_id, ret, &try);
}

static int set_state(struct room *r, int64_t id, const char *state, struct str why, struct str sentence, struct str by_way, int64_t next, int64_t back, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_MESSAGE, .id = id, .version = ROOM_ANY_VERSION};
    struct str said = str_to(sentence, SAID_BYTES_MAX);
    bool sent = strcmp(state, "sent") == 0;
    int e = room_write(r, &w, NULL, err,
                       "UPDATE message SET state = ?2, why = ?3, said = ?4, by_way = ?5, next_at = ?6, tries = tries - ?7, "
                       "sent_at = CASE WHEN ?8 THEN ?9 ELSE sent_at END WHERE id = ?1",
                       "izsssiiii", id, state, &why, &said, &by_way, next, back, (int64_t) sent, room_wall(r));
    room_changed(r, "message", id);
    return e;
}

int room_message_outcome(struct room *r, const struct json_value *o, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str id_text, state, why = STR(""), said = STR(""), by = STR("");
    int64_t id, try, now = room_wall(r);
    bool again = false;
    if (!json_get_str(o, "id", &id_text) || !json_get_str(o, "state", &state))
        return diag_set(reterr, -ERR_PARSE, "an outcome without id or state");
    if (!read_id(id_text, &id, &try))
        return 0;
    IGNORE(json_get_str(o, "why", &why));
    IGNORE(json_get_str(o, "sentence", &said));
    IGNORE(json_get_str(o, "by", &by));
    IGNORE(json_get_bool(o, "again", &again));
    int e = sql_query(r->db, &st, reterr, "SELECT tries, until_at FROM message WHERE id = ?1 AND state = 'sending'", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0 || sql_i64(st, 0) != try)
        return MIN(e, 0);
    int64_t until = sql_i64(st, 1), pause = PAUSES_S[MIN((size_t) try - 1, ARRAY_SIZE(PAUSES_S) - 1)] * NS_PER_S;
    sql_end(TAKE_PTR(st));
    bool failed = str_eq_z(state, "failed"), over = now + (again ? 0 : pause) > until;
    const char *to = failed && !over ? "waiting" : str_eq_z(state, "sent") ? "sent" : str_eq_z(state, "unknown") ? "unknown" : failed ? "failed" : "refused";
    e = room_begin(r, reterr);
    if (e < 0)
        return e;
    return room_end(r, set_state(r, id, to, why, said, by, now + (again ? 2 * NS_PER_S : pause), failed && again && !over, reterr), reterr);
}

static int acknowledge(struct room *r, int64_t id, const char *how, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_MESSAGE, .id = id, .version = ROOM_ANY_VERSION};
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, err, "UPDATE message SET state = 'acknowledged', acknowledged_at = ?2, acknowledged_how = ?3 WHERE id = ?1 AND acknowledged_at IS NULL", "iiz", id, room_wall(r), how);
    if (e == 0)
        room_changed(r, "message", id);
    return room_end(r, e, err);
}

static int find_token(struct room *r, struct str token, int64_t *ret_id, bool *ret_done, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    if (token.n != ROOM_MESSAGE_TOKEN_CHARS)
        return -ENOENT;
    int e = sql_query(r->db, &st, err, "SELECT id, acknowledged_at IS NOT NULL FROM message WHERE token = ?1", "s", &token);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : -ENOENT;
    *ret_id = sql_i64(st, 0);
    *ret_done = sql_i64(st, 1) != 0;
    return 0;
}

int room_message_known(struct room *r, struct str token, bool *ret_acknowledged, struct diag *reterr) {
    int64_t id;
    return find_token(r, token, &id, ret_acknowledged, reterr);
}

int room_message_acknowledge(struct room *r, struct str token, struct diag *reterr) {
    int64_t id;
    bool done;
    int e = find_token(r, token, &id, &done, reterr);
    return e == 0 && !done ? acknowledge(r, id, "link", reterr) : e;
}

int room_message_answered(struct room *r, struct str message_id, bool bounced, struct diag *reterr) {
    int64_t id, try;
    if (!read_id(message_id, &id, &try))
        return -ENOENT;
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT state FROM message WHERE id = ?1 AND tries >= ?2 AND state IN ('sent','unknown','sending')", "ii", id, try);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : -ENOENT;
    sql_end(TAKE_PTR(st));
    if (!bounced)
        return acknowledge(r, id, "answer", reterr);
    e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, set_state(r, id, "bounced", STR("bounced"), STR("a mail server on the way sent it back"), STR(""), room_wall(r), 0, reterr), reterr);
}

int room_message_again(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_MESSAGE, .id = id, .version = ROOM_ANY_VERSION};
    int e = sql_query(r->db, &st, reterr, "SELECT state FROM message WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "there is no such message");
    struct str s = sql_str(st, 0);
    if (str_eq_z(s, "sending") || str_eq_z(s, "acknowledged"))
        return diag_set(reterr, -EINVAL, "it is on its way, or was acknowledged");
    sql_end(TAKE_PTR(st));
    e = room_begin(r, reterr);
    if (e < 0)
        return e;
    int64_t now = room_wall(r);
    e = room_write(r, &w, NULL, reterr, "UPDATE message SET state = 'waiting', next_at = ?2, until_at = max(until_at, ?3) WHERE id = ?1", "iii", id, now, now + NS_PER_DAY);
    if (e == 0)
        room_changed(r, "message", id);
    return room_end(r, e, reterr);
}

/* ---- shown ---- */

static void write_row(struct room *r, struct jsonw *w, struct sql_stmt *st) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    jsonw_key(w, STR("incident"));
    if (sql_is_null(st, 2))
        jsonw_null(w);
    else
        jsonw_i64(w, sql_i64(st, 2));
    jsonw_kstr(w, "way", sql_str(st, 3));
    jsonw_kstr(w, "address", sql_str(st, 4));
    jsonw_kstr(w, "who", sql_str(st, 5));
    jsonw_kstr(w, "subject", sql_str(st, 6));
    jsonw_kstr(w, "text", sql_str(st, 7));
    jsonw_kstr(w, "state", sql_str(st, 8));
    jsonw_ki64(w, "tries", sql_i64(st, 9));
    jsonw_kstr(w, "why", sql_str(st, 10));
    jsonw_kstr(w, "said", sql_str(st, 11));
    jsonw_ktime(w, "at", sql_i64(st, 12));
    room_by_text(r, w, "by", sql_str(st, 13));
    room_time_or_null(w, "sent_at", st, 14);
    room_time_or_null(w, "acknowledged_at", st, 15);
    jsonw_kstr(w, "acknowledged_how", sql_str(st, 16));
    jsonw_kbool(w, "asks", !sql_is_null(st, 17));
    jsonw_kbool(w, "drill", sql_i64(st, 18) != 0);
    jsonw_end(w);
}

/* All messages of a case are answered alike: one of them is asked about. */
static int write_counts(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t n = 0;
    char state[24] = "";
    int e = sql_query(r->db, &st, err, "SELECT state, count(*), max(id) FROM message WHERE ?1 = 0 OR incident_id = ?1 GROUP BY state, incident_id ORDER BY state", "i", incident);
    jsonw_key(w, STR("counts"));
    jsonw_object(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        e = room_may_read(r, who, OBJECT_MESSAGE, sql_i64(st, 2), err);
        if (e != 1)
            continue;
        if (n && !str_eq_z(sql_str(st, 0), state)) {
            jsonw_ki64(w, state, n);
            n = 0;
        }
        n += sql_i64(st, 1);
        snprintf(state, sizeof state, "%.*s", STR_ARG(sql_str(st, 0)));
    }
    if (n)
        jsonw_ki64(w, state, n);
    jsonw_end(w);
    return MIN(e, 0);
}

int room_messages_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int n = 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, version, incident_id, way, address, who, subject, body, state, tries, why, said, created_at, created_by, sent_at, acknowledged_at, "
                      "acknowledged_how, token, drill FROM message WHERE ?1 = 0 OR incident_id = ?1 ORDER BY id DESC",
                      "i", incident);
    jsonw_key(w, STR("messages"));
    jsonw_array(w);
    while (e >= 0 && n < LIST_MAX && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_MESSAGE, sql_i64(st, 0), reterr);
        if (e != 1)
            continue;
        write_row(r, w, st);
        n++;
    }
    jsonw_end(w);
    return e < 0 ? e : write_counts(r, incident, who, w, reterr);
}
