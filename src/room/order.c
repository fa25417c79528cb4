/* Orders to the hand: written and signed in the transaction that decided, sent after it, kept until
 * answered. */
#include "base/limits.h"
#include "room/action_priv.h"

#define ORDER_LIFE_MS 60000 /* an order the hand gets later than this is refused by it */

int64_t room_wall_ms(const struct room *r) {
    return room_wall(r) / NS_PER_MS;
}

int64_t room_from_wall(const struct room *r, int64_t wall_ms) {
    return room_now(r) + (wall_ms - room_wall_ms(r)) * NS_PER_MS;
}

static int sign(struct room *r, struct str text, struct buf *out, struct diag *reterr) {
    if (!r->key)
        return diag_set(reterr, -ERR_UNSUPPORTED, "there is no key to sign orders with");
    int e = sign_note(r->key, r->public_key, SIGN_ORDER, text, out);
    return e < 0 ? diag_set(reterr, e, "cannot sign an order") : 0;
}

struct order_head {
    char id[33];
    enum room_order_type type;
    int64_t minutes, issued_ms;
};

static int add_addresses(struct room *r, int64_t action, const char *state, struct jsonw *w,
                         int64_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT address FROM action_address WHERE action_id = ?1 AND state = ?2 ORDER BY address",
        "iz", action, state);
    *ret_n = 0;
    jsonw_key(w, STR("addresses"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        jsonw_str(w, sql_str(st, 0));
        ++*ret_n;
        e = 0;
    }
    jsonw_end(w);
    return e;
}

static int add_reason(struct room *r, int64_t action, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT a.rule_kind, a.rule_id, i.number FROM action a JOIN incident i ON "
                      "i.id = a.incident_id WHERE a.id = ?1",
                      "i", action);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        jsonw_kstr(w, "reason", str_to(sql_str(st, 0), 200));
        jsonw_kstr(w, "rule", str_to(sql_str(st, 1), 200));
        jsonw_kstr(w, "incident", sql_str(st, 2));
    }
    return e < 0 ? e : 0;
}

static int is_drill(struct room *r, int64_t action, bool *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT i.drill FROM action a JOIN incident i ON i.id = a.incident_id WHERE a.id = ?1", "i", action);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 && sql_i64(st, 0);
    return MIN(e, 0);
}

static int compose(struct room *r, const struct room_action *a, const struct order_head *o,
                   const char *state, struct buf *text, int64_t *ret_n, struct diag *err) {
    struct jsonw w;
    bool drill = false;
    int e = is_drill(r, a->id, &drill, err);
    if (e < 0)
        return e;
    jsonw_init(&w, text);
    jsonw_object(&w);
    jsonw_kz(&w, "order_id", o->id);
    jsonw_kz(&w, "type", o->type == ORDER_UNBLOCK ? "unblock" : "block");
    jsonw_ki64(&w, "issued_ms", o->issued_ms);
    jsonw_ki64(&w, "expires_ms", o->issued_ms + ORDER_LIFE_MS);
    e = add_addresses(r, a->id, state, &w, ret_n, err);
    if (o->type != ORDER_UNBLOCK) {
        jsonw_ki64(&w, "minutes", o->minutes);
        jsonw_kbool(&w, "dry_run", drill); /* in a drill; else the hand's own lock decides, which cannot be loosened from here */
    }
    if (e == 0)
        e = add_reason(r, a->id, &w, err);
    jsonw_end(&w);
    return e < 0 ? e : buf_error(text);
}

static int mark_sent(void *ctx, struct room *r, int64_t action, struct diag *err) {
    return room_write_part(
        r, err, "UPDATE action_address SET state = 'sent' WHERE action_id = ?1 AND state = ?2",
        "iz", action, (const char *) ctx);
}

static int store_order(struct room *r, const struct room_action *a, const struct order_head *o,
                       struct str text, struct diag *err) {
    static const char *const types[] = {
        [ORDER_BLOCK] = "block", [ORDER_EXTEND] = "extend", [ORDER_UNBLOCK] = "unblock"};
    struct room_write w = {
        .by = &room_system, .verb = VERB_CREATE, .object = OBJECT_ORDER, .tlp = TLP_AMBER};
    struct buf note;
    buf_init(&note, FRAME_BYTES_MAX);
    int e = sign(r, text, &note, err);
    struct str n = buf_str(&note);
    if (e == 0)
        e = room_write(r, &w, NULL, err,
                       "INSERT INTO hand_order(order_id, action_id, type, note, state, minutes, "
                       "expires_at) VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, ?6)",
                       "zizsii", o->id, a->id, types[o->type], &n, o->minutes,
                       (o->issued_ms + ORDER_LIFE_MS) * NS_PER_MS);
    buf_done(&note);
    return e;
}

int room_order_make(struct room *r, const struct room_action *a, enum room_order_type type,
                    const char *address_state, int64_t minutes, int64_t *ret_n,
                    struct diag *reterr) {
    struct order_head o = {.type = type, .minutes = minutes, .issued_ms = room_wall_ms(r)};
    char state[16];
    struct buf text;
    sign_random_hex(o.id, 16);
    snprintf(state, sizeof state, "%s", address_state);
    buf_init(&text, FRAME_BYTES_MAX / 2);
    int e = compose(r, a, &o, state, &text, ret_n, reterr);
    if (e == 0 && *ret_n > 0)
        e = store_order(r, a, &o, buf_str(&text), reterr);
    buf_done(&text);
    if (e < 0 || *ret_n == 0 || type != ORDER_BLOCK)
        return e;
    struct room_write w = {.by = &room_system,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_ACTION,
                           .id = a->id,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true,
                           .parts = mark_sent,
                           .parts_ctx = state};
    return room_write(r, &w, NULL, reterr, "UPDATE action SET checked_at = NULL WHERE id = ?1", "i",
                      a->id);
}

/* Notes that are questions or protect somebody: they change nothing of ours and are not kept. */
static int send_plain(struct room *r, const char *type, struct str address, int minutes,
                      int (*send)(void *, struct str), void *ctx, struct diag *err) {
    struct buf text, note;
    struct jsonw w;
    char id[33];
    int64_t now = room_wall_ms(r);
    sign_random_hex(id, 16);
    buf_init(&text, 8192);
    buf_init(&note, 16384);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    jsonw_kz(&w, "order_id", id);
    jsonw_kz(&w, "type", type);
    jsonw_ki64(&w, "issued_ms", now);
    jsonw_ki64(&w, "expires_ms", now + ORDER_LIFE_MS);
    if (address.n) {
        jsonw_key(&w, STR("addresses"));
        jsonw_array(&w);
        jsonw_str(&w, address);
        jsonw_end(&w);
        jsonw_ki64(&w, "minutes", minutes);
        jsonw_kz(&w, "reason", "an operator is signed in from it");
    }
    jsonw_end(&w);
    int e = buf_error(&text);
    if (e == 0)
        e = sign(r, buf_str(&text), &note, err);
    if (e == 0)
        e = send(ctx, buf_str(&note));
    buf_done(&text);
    buf_done(&note);
    return e;
}

int room_hand_connected(struct room *r, bool connected, struct diag *reterr) {
    if (r->hand.connected && !connected)
        r->hand.away_ms = room_wall_ms(r);
    r->hand.connected = connected;
    r->hand.dry_run_known = r->hand.dry_run_known && connected;
    r->hand.list_open = false;
    r->hand.list_wanted = connected;
    r->hand.sent_n = 0;
    if (r->watcher.changed)
        r->watcher.changed(r->watcher.ctx, "now", 0);
    return 0;
}

struct room_hand_state room_hand_state(const struct room *r) {
    return (struct room_hand_state){r->hand.connected, !r->hand.dry_run_known || r->hand.dry_run};
}

static bool sent_already(const struct room *r, int64_t id) {
    for (size_t i = 0; i < r->hand.sent_n; i++)
        if (r->hand.sent[i] == id)
            return true;
    return false;
}

/* Orders written before this connection are sent only after the hand has told what stands: it may
 * have done them, and would call the second a replay. */
static int send_orders(struct room *r, int (*send)(void *, struct str), void *ctx,
                       struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT id, note FROM hand_order WHERE state = 'waiting' AND expires_at > ?1 ORDER BY id",
        "i", room_wall_ms(r) * NS_PER_MS);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        int64_t id = sql_i64(st, 0);
        e = 0;
        if (sent_already(r, id))
            continue;
        if (r->hand.sent_n == ARRAY_SIZE(r->hand.sent)) /* the oldest were answered long ago */
            memmove(r->hand.sent, r->hand.sent + 1, --r->hand.sent_n * sizeof r->hand.sent[0]);
        r->hand.sent[r->hand.sent_n++] = id;
        e = send(ctx, sql_str(st, 1));
    }
    return e;
}

int room_hand_poll(struct room *r, int (*send)(void *ctx, struct str note), void *ctx,
                   struct diag *reterr) {
    int64_t now = room_wall_ms(r);
    int e = 0;
    if (!r->hand.connected || !r->key)
        return 0;
    if (r->hand.list_wanted && !r->hand.list_open) {
        e = send_plain(r, "list", STR_NULL, 0, send, ctx, reterr);
        r->hand.list_wanted = false;
        r->hand.list_open = e == 0;
        r->hand.listed_ms = now;
    }
    if (e == 0 && r->hand.never_n) {
        r->hand.never_n--;
        e = send_plain(r, "never", str_of(r->hand.never[r->hand.never_n].address),
                       r->hand.never[r->hand.never_n].minutes, send, ctx, reterr);
    }
    if (e == 0 && r->hand.dry_run_known)
        e = send_orders(r, send, ctx, reterr);
    return e;
}

int room_hand_never(struct room *r, struct str address, int minutes, struct diag *reterr) {
    if (r->hand.never_n == ARRAY_SIZE(r->hand.never))
        return diag_set(reterr, -ERR_LIMIT, "too many addresses wait to be protected");
    if (address.n >= sizeof r->hand.never[0].address)
        return diag_set(reterr, -EINVAL, "no address");
    snprintf(r->hand.never[r->hand.never_n].address, sizeof r->hand.never[0].address, "%.*s",
             STR_ARG(address));
    r->hand.never[r->hand.never_n++].minutes = minutes;
    return 0;
}
