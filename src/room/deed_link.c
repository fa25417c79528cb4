/* Between room and drivers: which acts go out, what becomes of them. A driver is another process: what does not fit is
 * refused, never believed. */
#include "base/limits.h"
#include "base/mem.h"
#include "room/action_priv.h"
#include "room/deed_priv.h"

enum { ORDER_LIFE_MS = 60000, LIST_EVERY_MS = 20000 };

void room_driver_connected(struct room *r, size_t at, const char *name, bool connected) {
    struct room_driver *d = &r->drivers[at];
    snprintf(d->name, sizeof d->name, "%s", name);
    d->connected = connected;
    d->listed = false;
    d->asked_ms = 0;
    if (r->watcher.changed)
        r->watcher.changed(r->watcher.ctx, "now", 0);
}

static int put_note(struct room *r, struct str text, int (*send)(void *, struct str), void *ctx, struct diag *err) {
    struct buf note;
    buf_init(&note, FRAME_BYTES_MAX);
    int e = sign_note(r->key, r->public_key, SIGN_ORDER, text, &note);
    if (e < 0)
        diag_set(err, e, "cannot sign an order");
    else
        e = send(ctx, buf_str(&note));
    buf_done(&note);
    return e;
}

static void head(struct jsonw *w, struct buf *text, const char *id, const char *type, const char *driver, int64_t now) {
    jsonw_init(w, text);
    jsonw_object(w);
    jsonw_kz(w, "order_id", id);
    jsonw_kz(w, "type", type);
    jsonw_kz(w, "driver", driver);
    jsonw_ki64(w, "issued_ms", now);
    jsonw_ki64(w, "expires_ms", now + ORDER_LIFE_MS);
}

static int ask_list(struct room *r, struct room_driver *d, int (*send)(void *, struct str), void *ctx, struct diag *err) {
    struct buf text;
    struct jsonw w;
    char id[33];
    sign_random_hex(id, 16);
    buf_init(&text, 4096);
    head(&w, &text, id, "list", d->name, room_wall(r) / NS_PER_MS);
    jsonw_end(&w);
    int e = put_note(r, buf_str(&text), send, ctx, err);
    buf_done(&text);
    d->asked_ms = room_wall(r) / NS_PER_MS;
    return e;
}

static int set_order(struct room *r, int64_t id, const char *order, struct diag *err) {
    struct room_write w = {.by = &room_system,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_DEED,
                           .id = id,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true};
    return room_write(r, &w, NULL, err, "UPDATE deed SET order_id = ?2, order_due = 0 WHERE id = ?1", "iz", id, order);
}

/* One order for what is due of one batch and state. *ret_more: something was sent, there may be more. */
static int send_batch(struct room *r, struct room_driver *d, int (*send)(void *, struct str), void *ctx, bool *ret_more,
                      struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct buf text;
    struct jsonw w;
    char id[33];
    int64_t ids[ROOM_DEED_TARGETS_MAX];
    size_t n = 0;
    bool undo = false;
    int e = sql_query(r->db, &st, err,
                      "SELECT d.id, d.state, d.kind, d.target, d.params, d.minutes, i.number, i.drill FROM deed d JOIN incident i "
                      "ON i.id = d.incident_id JOIN (SELECT batch, state FROM deed WHERE driver = ?1 AND order_due = 1 AND "
                      "state IN ('sent','undoing') ORDER BY id LIMIT 1) b ON b.batch = d.batch AND b.state = d.state "
                      "WHERE d.order_due = 1 ORDER BY d.id LIMIT ?2",
                      "zi", d->name, (int64_t) ROOM_DEED_TARGETS_MAX);
    *ret_more = false;
    buf_init(&text, FRAME_BYTES_MAX / 2);
    sign_random_hex(id, 16);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        if (n == 0) {
            undo = str_eq_z(sql_str(st, 1), "undoing");
            head(&w, &text, id, undo ? "undo" : "apply", d->name, room_wall(r) / NS_PER_MS);
            jsonw_kstr(&w, "kind", sql_str(st, 2));
            jsonw_kstr(&w, "incident", sql_str(st, 6));
            jsonw_kbool(&w, "dry_run", sql_i64(st, 7) != 0); /* in a drill; else the driver's own lock decides */
            if (!undo) {
                jsonw_ki64(&w, "minutes", sql_i64(st, 5));
                jsonw_key(&w, STR("params"));
                jsonw_raw(&w, sql_str(st, 4));
            }
            jsonw_key(&w, STR("targets"));
            jsonw_array(&w);
        }
        ids[n++] = sql_i64(st, 0);
        jsonw_str(&w, sql_str(st, 3));
        e = 0;
    }
    if (e == 0 && n) {
        jsonw_end(&w);
        jsonw_end(&w);
        e = buf_error(&text) ? buf_error(&text) : room_begin(r, err);
        if (e == 0) {
            for (size_t i = 0; e == 0 && i < n; i++)
                e = set_order(r, ids[i], id, err);
            e = room_end(r, e, err);
        }
        if (e == 0)
            e = put_note(r, buf_str(&text), send, ctx, err);
        *ret_more = e == 0;
    }
    buf_done(&text);
    return e;
}

/* What nobody answered in time: an approval is asked for anew, an undoing is ordered again. */
static int expire(struct room *r, struct room_driver *d, struct diag *err) {
    for (;;) {
        CLEANUP(sql_endp) struct sql_stmt *st = NULL;
        struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_DEED, .version = ROOM_ANY_VERSION};
        int e = sql_query(r->db, &st, err,
                          "SELECT id, state FROM deed WHERE driver = ?1 AND state IN ('sent','undoing') AND order_until < ?2 "
                          "LIMIT 1",
                          "zi", d->name, room_wall(r));
        if (e == 0)
            e = sql_step(st, err);
        if (e <= 0)
            return e;
        bool undo = str_eq_z(sql_str(st, 1), "undoing");
        w.id = sql_i64(st, 0);
        sql_end(TAKE_PTR(st));
        if ((e = room_begin(r, err)) < 0)
            return e;
        e = room_write(r, &w, NULL, err,
                       undo ? "UPDATE deed SET order_due = 1, order_until = ?2, why = 'no_answer' WHERE id = ?1"
                            : "UPDATE deed SET state = 'proposed', order_due = 0, why = 'no_answer' WHERE id = ?1 AND ?2 > 0",
                       "ii", w.id, room_wall(r) + NS_PER_MIN);
        if ((e = room_end(r, e, err)) < 0)
            return e;
    }
}

int room_driver_poll(struct room *r, size_t at, int (*send)(void *ctx, struct str note), void *ctx, struct diag *reterr) {
    struct room_driver *d = &r->drivers[at];
    int64_t now = room_wall(r) / NS_PER_MS;
    bool more = true;
    int e = 0;
    if (!d->name[0])
        return 0;
    e = expire(r, d, reterr);
    if (!d->connected || !r->key)
        return e;
    if (e == 0 && (!d->asked_ms || now - d->asked_ms >= LIST_EVERY_MS))
        e = ask_list(r, d, send, ctx, reterr);
    while (e == 0 && d->listed && more)
        e = send_batch(r, d, send, ctx, &more, reterr);
    return e;
}

/* ---- what a driver says */

static int find(struct room *r, const char *driver, struct str kind, struct str target, struct str order,
                struct room_deed *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT id FROM deed WHERE driver = ?1 AND target = ?2 AND (?3 = '' OR kind = ?3) AND (?4 = '' OR "
                      "order_id = ?4) AND state IN ('sent','in_force','undoing','unsure') ORDER BY id DESC LIMIT 1",
                      "zsss", driver, &target, &kind, &order);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    e = room_deed_load(r, sql_i64(st, 0), ret, err);
    return e < 0 ? e : 1;
}

struct became {
    const char *state, *key, *kind; /* state NULL: stays */
    struct str why;
    int64_t until_ms;
    int seen; /* -1: not known */
};

static int become(struct room *r, const struct room_deed *d, const struct became *b, struct diag *err) {
    struct room_write w = {
        .by = &room_hand, .verb = VERB_CHANGE, .object = OBJECT_DEED, .id = d->id, .version = ROOM_ANY_VERSION};
    int64_t until = b->until_ms ? room_from_wall(r, b->until_ms) : 0, seen = b->seen, now = room_now(r);
    int e = room_write(r, &w, NULL, err,
                       "UPDATE deed SET state = coalesce(?2, state), why = ?3, until_at = coalesce(?4, until_at), "
                       "seen = coalesce(?5, seen), looked_at = CASE WHEN ?5 IS NULL THEN looked_at ELSE ?6 END, order_due = 0, "
                       "in_force_at = CASE WHEN ?2 = 'in_force' THEN coalesce(in_force_at, ?6) ELSE in_force_at END, "
                       "ended_at = CASE WHEN ?2 IN ('ended','undone') THEN ?6 ELSE ended_at END WHERE id = ?1",
                       "izsIIi", d->id, b->state, &b->why, until ? &until : NULL, b->seen < 0 ? NULL : &seen, now);
    room_changed(r, "now", 0);
    bool holds = b->state && strcmp(b->state, "in_force") == 0 && room_deed_kind(str_of(d->kind))->minutes > 0;
    if (e == 0 && holds && b->seen == 1) /* what is not seen contains nothing yet */
        e = room_ledger_contained(r, d->incident, 1, false, err);
    if (e == 0 && b->key)
        e = room_deed_note(r, &room_hand, d, b->key, b->kind, "it_ops", 1, b->why, err);
    return e;
}

static int take_result(struct room *r, struct room_driver *dr, struct str order, const struct json_value *v,
                       struct diag *err) {
    struct str target, state, reason = STR(""), text = STR("");
    struct room_deed d;
    struct became b = {.seen = -1, .why = STR("")};
    if (!json_get_str(v, "address", &target) || !json_get_str(v, "state", &state))
        return diag_set(err, -ERR_PARSE, "a result without address or state");
    (void) json_get_str(v, "reason", &reason);
    (void) json_get_str(v, "text", &text);
    if (!json_get_i64(v, "until_ms", &b.until_ms) || b.until_ms < 0 || b.until_ms > INT64_MAX / NS_PER_MS)
        b.until_ms = 0;
    int e = find(r, dr->name, STR(""), target, order, &d, err);
    if (e <= 0)
        return e;
    bool undo = strcmp(d.state, "undoing") == 0;
    b.why = str_to(text, 500);
    if (undo && (str_eq_z(state, "unblocked") || str_eq_z(state, "already")))
        b = (struct became){"undone", "event.deed_undone", "action", STR(""), 0, 0};
    else if (undo)
        ; /* the driver tries it again every half minute and says when it is over */
    else if (str_eq_z(state, "blocked") || str_eq_z(state, "already")) {
        b.seen = !str_eq_z(reason, "not_seen");
        b.state = "in_force";
        b.key = b.seen ? "event.deed_in_force" : "event.deed_not_seen";
        b.kind = "force";
        b.why = b.seen ? STR("") : b.why;
    } else if (str_eq_z(state, "dry_run")) {
        b.state = "proposed";
        b.why = STR("dry_run");
        b.until_ms = 0;
        b.key = "event.deed_dry_run";
        b.kind = "action";
    } else {
        b.state = "refused";
        b.key = "event.deed_refused";
        b.kind = "action";
    }
    return become(r, &d, &b, err);
}

static int take_event(struct room *r, struct room_driver *dr, const struct json_value *m, struct str event,
                      struct diag *err) {
    const struct json_value *list = json_get_array(m, "addresses");
    struct str kind = STR(""), why = STR(""), text = STR("");
    int e = list ? 0 : diag_set(err, -ERR_PARSE, "an event without addresses");
    (void) json_get_str(m, "kind", &kind);
    (void) json_get_str(m, "why", &why);
    (void) json_get_str(m, "text", &text);
    for (const struct json_value *v = list ? list->first : NULL; e == 0 && v; v = v->next) {
        struct room_deed d;
        struct became b = {.seen = -1, .why = str_to(text, 500)};
        if (v->type != JSON_STRING || (e = find(r, dr->name, kind, v->text, STR(""), &d, err)) <= 0)
            continue;
        if (str_eq_z(event, "ended")) {
            bool undo = strcmp(d.state, "undoing") == 0;
            b = (struct became){undo ? "undone" : "ended", undo ? "event.deed_undone" : "event.deed_ended", "action",
                                STR(""), 0, 0};
        } else if (str_eq_z(event, "unsure")) {
            b.state = "unsure";
            b.key = "event.deed_unsure";
            b.kind = "action";
        } else if (str_eq_z(event, "drift")) {
            b.seen = str_eq_z(why, "seen");
            b.key = b.seen ? NULL : "event.deed_not_seen";
            b.kind = "force";
        } else if (str_eq_z(event, "undo_failed")) {
            b.key = "event.deed_undo_failed";
            b.kind = "action";
        }
        e = become(r, &d, &b, err);
    }
    return MIN(e, 0);
}

/* What stands out there against what we believe: an answer was lost, or an end. */
static int compare(struct room *r, struct room_driver *dr, const struct json_value *blocks, struct diag *err) {
    int64_t ids[512];
    size_t n = 0;
    struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT id FROM deed WHERE driver = ?1 AND state IN ('sent','in_force','undoing','unsure') ORDER BY id "
                      "LIMIT 512",
                      "z", dr->name);
    while (e == 0 && n < ARRAY_SIZE(ids) && (e = sql_step(st, err)) == 1) {
        ids[n++] = sql_i64(st, 0);
        e = 0;
    }
    sql_end(st);
    for (size_t i = 0; e >= 0 && i < n; i++) {
        struct room_deed d;
        struct str target = STR_NULL, kind = STR_NULL, state = STR("");
        struct became b = {.seen = -1, .why = STR("")};
        const struct json_value *v = blocks->first;
        bool seen = false;
        if ((e = room_deed_load(r, ids[i], &d, err)) < 0)
            break;
        while (v && !(json_get_str(v, "address", &target) && json_get_str(v, "kind", &kind) &&
                      str_eq_z(target, d.target) && str_eq_z(kind, d.kind)))
            v = v->next;
        if (v) {
            (void) json_get_bool(v, "effect", &seen);
            (void) json_get_str(v, "state", &state);
        }
        if (!v && strcmp(d.state, "in_force") == 0)
            b = (struct became){"ended", "event.deed_ended", "action", STR(""), 0, 0};
        else if (!v && strcmp(d.state, "undoing") == 0)
            b = (struct became){"undone", "event.deed_undone", "action", STR(""), 0, 0};
        else if (v && strcmp(d.state, "sent") == 0 && str_eq_z(state, "standing")) {
            b = (struct became){"in_force", "event.deed_in_force", "force", STR(""), 0, seen};
            (void) json_get_i64(v, "until_ms", &b.until_ms);
        } else if (!v && strcmp(d.state, "sent") == 0 && !dr->listed) {
            struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_DEED, .id = d.id,
                                   .version = ROOM_ANY_VERSION, .quiet = true};
            e = room_write(r, &w, NULL, err, "UPDATE deed SET order_due = 1 WHERE id = ?1", "i", d.id);
            continue; /* ordered over a connection that broke: the driver did not do it, so it goes out again */
        } else
            continue;
        e = become(r, &d, &b, err);
    }
    return MIN(e, 0);
}

static int take_list(struct room *r, struct room_driver *d, struct str json, const struct json_value *m, struct diag *err) {
    int e = room_begin(r, err);
    if (e == 0)
        e = room_end(r, compare(r, d, json_get_array(m, "blocks"), err), err);
    if (e < 0)
        return e;
    char *text = str_dup(json);
    if (!text)
        return -ENOMEM;
    mem_free(d->json);
    d->json = text;
    (void) json_get_bool(m, "dry_run", &d->dry_run);
    d->listed = true;
    return 0;
}

int room_driver_message(struct room *r, size_t at, struct str json, struct diag *reterr) {
    struct room_driver *d = &r->drivers[at];
    const struct json_value *results;
    struct json_value *m;
    struct arena a;
    struct str event = STR_NULL, order = STR("");
    arena_init(&a, (size_t) 64 << 20);
    int e = json_parse(&a, json, &m, reterr);
    if (e == 0 && m->type != JSON_OBJECT)
        e = diag_set(reterr, -ERR_PARSE, "no object");
    if (e == 0 && json_get_array(m, "blocks")) {
        e = take_list(r, d, json, m, reterr);
    } else if (e == 0 && (e = room_begin(r, reterr)) == 0) {
        (void) json_get_str(m, "order_id", &order);
        results = json_get_array(m, "results");
        if (json_get_str(m, "event", &event))
            e = take_event(r, d, m, event, reterr);
        for (const struct json_value *v = results ? results->first : NULL; e >= 0 && order.n && v; v = v->next)
            e = take_result(r, d, order, v, reterr);
        e = room_end(r, MIN(e, 0), reterr);
    }
    arena_done(&a);
    return e;
}
