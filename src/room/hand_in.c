/* What the hand says: answers to orders, lists of what stands, blocks that ended. It is another
 * process: what does not fit is refused, never believed. */
#include "base/limits.h"
#include "room/action_priv.h"
#include "room/report.h"

#define LIST_EVERY_MS                                                                              \
    15000 /* while something is in force: counters, and blocks that ended unseen */

struct order {
    int64_t id, action, minutes;
    char type[8];
};

static int find_order(struct room *r, struct str order_id, struct order *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT id, action_id, type, minutes FROM hand_order WHERE order_id = ?1 AND state = "
        "'waiting'",
        "s", &order_id);
    if (e == 0)
        e = sql_step(st, err);
    *ret = (struct order){0};
    if (e == 1) {
        *ret = (struct order){
            .id = sql_i64(st, 0), .action = sql_i64(st, 1), .minutes = sql_i64(st, 3)};
        snprintf(ret->type, sizeof ret->type, "%.*s", STR_ARG(sql_str(st, 2)));
    }
    return e < 0 ? e : 0;
}

static int close_order(struct room *r, const struct order *o, const char *state, struct str answer,
                       struct diag *err) {
    struct room_write w = {.by = strcmp(state, "answered") == 0 ? &room_hand : &room_system,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_ORDER,
                           .id = o->id,
                           .version = ROOM_ANY_VERSION};
    return room_write(r, &w, NULL, err,
                      "UPDATE hand_order SET state = ?2, answer = ?3 WHERE id = ?1", "izs", o->id,
                      state, &answer);
}

/* One result of an answer, or one row of a list. */
struct outcome {
    struct str address, state, reason;
    int64_t until_ms;
};
struct outcomes {
    struct outcome *rows;
    size_t n;
    int64_t incident;
    bool undo;
};

static int put_outcomes(void *ctx, struct room *r, int64_t action, struct diag *err) {
    const struct outcomes *x = ctx;
    int e = 0;
    for (size_t i = 0; e == 0 && i < x->n; i++) {
        const struct outcome *o = &x->rows[i];
        bool done = str_eq_z(o->state, "blocked") || str_eq_z(o->state, "already");
        const char *state = x->undo                         ? "undone"
                            : done                          ? "blocked"
                            : str_eq_z(o->state, "dry_run") ? "dry_run"
                                                            : "refused";
        int64_t until = room_from_wall(r, o->until_ms), tries = 0;
        if (x->undo && str_eq_z(o->state, "refused"))
            continue;
        e = room_source_tries(r, x->incident, o->address, &tries, err);
        if (e == 0)
            e = room_write_part(
                r, err,
                "UPDATE action_address SET state = ?3, reason = coalesce(?4, reason), "
                "until_at = ?5, tries_before = coalesce(tries_before, ?6) "
                "WHERE action_id = ?1 AND address = ?2 AND state IN ('sent','blocked')",
                "iszsIi", action, &o->address, state, o->reason.n ? &o->reason : NULL,
                o->until_ms ? &until : NULL, tries);
    }
    return e;
}

static size_t count_state(const struct outcomes *x, const char *a, const char *b) {
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++)
        n += str_eq_z(x->rows[i].state, a) || (b && str_eq_z(x->rows[i].state, b));
    return n;
}

static int64_t latest_until(const struct room *r, const struct outcomes *x) {
    int64_t ms = 0;
    for (size_t i = 0; i < x->n; i++)
        ms = MAX(ms, x->rows[i].until_ms);
    return ms ? room_from_wall(r, ms) : TIME_NONE;
}

static int read_outcomes(struct arena *a, const struct json_value *answer, struct outcomes *x,
                         struct diag *err) {
    const struct json_value *list = json_get_array(answer, "results");
    if (!list)
        return diag_set(err, -ERR_PARSE, "an answer without results");
    x->rows = arena_zalloc(a, (list->n + 1) * sizeof *x->rows);
    if (!x->rows)
        return diag_set(err, -ENOMEM, "memory has run out");
    for (const struct json_value *v = list->first; v; v = v->next) {
        struct outcome *o = &x->rows[x->n];
        if (!json_get_str(v, "address", &o->address) || !json_get_str(v, "state", &o->state))
            return diag_set(err, -ERR_PARSE, "a result without address or state");
        (void) json_get_str(v, "reason", &o->reason);
        if (!json_get_i64(v, "until_ms", &o->until_ms) || o->until_ms < 0 ||
            o->until_ms > INT64_MAX / NS_PER_MS)
            o->until_ms = 0;
        x->n++;
    }
    return 0;
}

/* What an answer makes of its action. */
struct result {
    const char *state; /* NULL: stays */
    const char *key;
    int64_t n;
    const char *kind, *lane;
};

static struct result judge(const struct room_action *a, const struct order *o,
                           const struct outcomes *x) {
    int64_t blocked = (int64_t) count_state(x, "blocked", "already");
    int64_t dry = (int64_t) count_state(x, "dry_run", NULL),
            refused = (int64_t) count_state(x, "refused", NULL);
    bool in_force = strcmp(a->state, "in_force") == 0;
    if (strcmp(o->type, "unblock") == 0)
        return refused < (int64_t) x->n
                   ? (struct result){"undone", "event.action_undone", (int64_t) x->n - refused,
                                     "action", "it_ops"}
                   : (struct result){NULL, "event.action_refused", refused, "action", "it_ops"};
    if (strcmp(o->type, "extend") == 0)
        return blocked ? (struct result){NULL, "event.action_extended", blocked, "action", "it_ops"}
                       : (struct result){NULL, "event.action_refused", refused, "action", "it_ops"};
    if (blocked)
        return (struct result){"in_force", in_force ? NULL : "event.action_in_force", blocked,
                               "force", "it_ops"};
    if (in_force)
        return (struct result){0};
    if (dry)
        return (struct result){"dry_run", "event.action_dry_run", dry, "action", "it_ops"};
    return (struct result){"refused", "event.action_refused", refused, "action", "it_ops"};
}

static int store_result(struct room *r, const struct room_action *a, const struct result *res,
                        struct outcomes *x, struct diag *err) {
    struct room_write w = {.by = &room_hand,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_ACTION,
                           .id = a->id,
                           .version = ROOM_ANY_VERSION,
                           .parts = put_outcomes,
                           .parts_ctx = x};
    int64_t until = latest_until(r, x), now = room_now(r);
    return room_write(
        r, &w, NULL, err,
        "UPDATE action SET state = coalesce(?2, state), "
        "in_force_at = CASE WHEN ?2 = 'in_force' THEN coalesce(in_force_at, ?3) ELSE in_force_at "
        "END, until_at = CASE WHEN ?2 = 'undone' THEN ?3 ELSE coalesce(max(until_at, ?4), "
        "until_at, ?4) END, dry_run = (coalesce(?2, '') = 'dry_run') WHERE id = ?1",
        "iziI", a->id, res->state, now, until == TIME_NONE ? NULL : &until);
}

static struct str first_reason(const struct outcomes *x) {
    for (size_t i = 0; i < x->n; i++)
        if (x->rows[i].reason.n)
            return x->rows[i].reason;
    return STR_NULL;
}

/* The person whose order it was, for the timeline's sentence. */
static int decider(struct room *r, int64_t action, char dst[ROOM_NAME_BYTES_MAX + 1],
                   struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT p.name FROM audit a JOIN person p ON a.by = 'person:' || p.id "
        "WHERE a.object = 'action' AND a.row_id = ?1 AND a.verb IN ('approve','undo','extend') "
        "ORDER BY a.seq DESC LIMIT 1",
        "i", action);
    if (e == 0)
        e = sql_step(st, err);
    struct str name = e == 1 ? sql_str(st, 0) : STR("");
    snprintf(dst, ROOM_NAME_BYTES_MAX + 1, "%.*s", STR_ARG(name));
    return e < 0 ? e : 0;
}

int room_ledger_contained(struct room *r, int64_t incident, int64_t n, bool dry_run,
                          struct diag *reterr) {
    struct room_write w = {.by = &room_hand,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_INCIDENT,
                           .id = incident,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true};
    return room_write(
        r, &w, NULL, reterr,
        dry_run ? "UPDATE incident SET dry_run_n = dry_run_n + ?2 + (?3 * 0) WHERE id = ?1"
                : "UPDATE incident SET contained_n = contained_n + ?2, "
                  "contained_at = coalesce(contained_at, ?3) WHERE id = ?1",
        "iii", incident, n, room_now(r));
}

static int take_answer(struct room *r, struct arena *a, const struct json_value *answer,
                       struct str json, const struct order *o, struct diag *err) {
    struct outcomes x = {.undo = strcmp(o->type, "unblock") == 0};
    struct room_action action;
    char name[ROOM_NAME_BYTES_MAX + 1];
    int e = read_outcomes(a, answer, &x, err);
    if (e == 0)
        e = room_action_load(r, o->action, &action, err);
    if (e == 0)
        e = decider(r, o->action, name, err);
    if (e < 0)
        return e;
    x.incident = action.incident;
    struct result res = judge(&action, o, &x);
    e = close_order(r, o, "answered", json, err);
    if (e == 0)
        e = store_result(r, &action, &res, &x, err);
    if (e == 0 && res.state && strcmp(res.state, "in_force") == 0)
        e = room_ledger_contained(r, action.incident, res.n, false, err);
    if (e == 0 && res.state && strcmp(res.state, "dry_run") == 0)
        e = room_ledger_contained(r, action.incident, res.n, true, err);
    if (e < 0 || !res.key)
        return e;
    bool persons = strcmp(res.key, "event.action_undone") == 0 ||
                   strcmp(res.key, "event.action_extended") == 0;
    bool refused = strcmp(res.key, "event.action_refused") == 0;
    struct room_action_note note = {.action = &action,
                                    .key = res.key,
                                    .kind = res.kind,
                                    .lane = res.lane,
                                    .n = res.n,
                                    .until_ns = x.undo || refused ? TIME_NONE : latest_until(r, &x),
                                    .name = persons ? name : NULL,
                                    .reason = refused ? first_reason(&x) : STR_NULL};
    return room_action_note(r, &room_hand, &note, err);
}

/* ---- what ended */

static int end_one(void *ctx, struct room *r, int64_t action, struct diag *err) {
    struct str address = *(const struct str *) ctx;
    return room_write_part(
        r, err,
        "UPDATE action_address SET state = 'ended' WHERE action_id = ?1 AND address = ?2 "
        "AND state = 'blocked'",
        "is", action, &address);
}

static int end_action(struct room *r, int64_t id, struct diag *err) {
    struct room_write w = {.by = &room_hand,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_ACTION,
                           .id = id,
                           .version = ROOM_ANY_VERSION};
    struct room_action a;
    int64_t left = 0, ended = 0;
    int e = room_action_load(r, id, &a, err);
    if (e == 0)
        e = room_action_count(r, id, "blocked", &left, err);
    if (e == 0)
        e = room_action_count(r, id, "ended", &ended, err);
    if (e < 0 || left > 0 || strcmp(a.state, "in_force") != 0)
        return e;
    e = room_write(r, &w, NULL, err,
                   "UPDATE action SET state = 'ended', until_at = min(until_at, ?2) WHERE id = ?1",
                   "ii", id, room_now(r));
    struct room_action_note x = {.action = &a,
                                 .key = "event.action_ended",
                                 .kind = "action",
                                 .lane = "it_ops",
                                 .n = ended,
                                 .until_ns = TIME_NONE};
    return e == 0 ? room_action_note(r, &room_hand, &x, err) : e;
}

static int address_ended(struct room *r, struct str address, struct diag *err) {
    struct sql_stmt *st = NULL;
    int64_t id = 0;
    int e =
        sql_query(r->db, &st, err,
                  "SELECT a.id FROM action a JOIN action_address x ON x.action_id = a.id "
                  "WHERE a.state = 'in_force' AND x.state = 'blocked' AND x.address = ?1 LIMIT 1",
                  "s", &address);
    if (e == 0)
        e = sql_step(st, err);
    id = e == 1 ? sql_i64(st, 0) : 0;
    sql_end(st);
    if (e <= 0)
        return e;
    struct room_write w = {.by = &room_hand,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_ACTION,
                           .id = id,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true,
                           .parts = end_one,
                           .parts_ctx = &address};
    e = room_write(r, &w, NULL, err, "UPDATE action SET checked_at = checked_at WHERE id = ?1", "i",
                   id);
    return e == 0 ? end_action(r, id, err) : e;
}

static int take_ended(struct room *r, const struct json_value *message, struct diag *err) {
    const struct json_value *list = json_get_array(message, "addresses");
    int e = list ? 0 : diag_set(err, -ERR_PARSE, "an end without addresses");
    for (const struct json_value *v = list ? list->first : NULL; e == 0 && v; v = v->next)
        if (v->type == JSON_STRING)
            e = address_ended(r, v->text, err);
    return e;
}

/* ---- what stands */

struct counters {
    int64_t packets, bytes, tries_after;
};

static int count_action(struct room *r, int64_t id, int64_t incident, struct counters *c,
                        struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *c = (struct counters){0};
    int e = sql_query(
        r->db, &st, err,
        "SELECT address, coalesce(tries_before, 0) FROM action_address WHERE action_id = ?1 "
        "AND state = 'blocked'",
        "i", id);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        struct str address = sql_str(st, 0);
        const struct json_value *row = map_get(&r->hand.standing, address);
        int64_t v, tries = 0;
        if (row && json_get_i64(row, "packets", &v))
            c->packets += v;
        if (row && json_get_i64(row, "bytes", &v))
            c->bytes += v;
        e = room_source_tries(r, incident, address, &tries, err);
        c->tries_after += MAX(0, tries - sql_i64(st, 1));
    }
    return e;
}

static int store_effect(struct room *r, int64_t id, int64_t incident, struct diag *err) {
    struct room_write w = {.by = &room_hand,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_ACTION,
                           .id = id,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true};
    struct counters c;
    int e = count_action(r, id, incident, &c, err);
    if (e == 0)
        e = room_write(
            r, &w, NULL, err,
            "UPDATE action SET checked_at = ?2, tries_after = ?3, packets = ?4, bytes = ?5 "
            "WHERE id = ?1",
            "iiiii", id, room_now(r), c.tries_after, c.packets, c.bytes);
    room_changed(r, "action", id);
    return e;
}

static int end_missing(struct room *r, int64_t id, struct diag *err) {
    for (;;) {
        struct sql_stmt *st = NULL;
        char address[64] = "";
        int e = sql_query(
            r->db, &st, err,
            "SELECT address FROM action_address WHERE action_id = ?1 AND state = 'blocked'", "i",
            id);
        while (e == 0 && (e = sql_step(st, err)) == 1 && !address[0]) {
            if (!map_find(&r->hand.standing, sql_str(st, 0)))
                snprintf(address, sizeof address, "%.*s", STR_ARG(sql_str(st, 0)));
            e = 0;
        }
        sql_end(st);
        if (e < 0 || !address[0])
            return MIN(e, 0);
        e = address_ended(r, str_of(address), err);
        if (e < 0)
            return e;
    }
}

#define IN_FORCE_MAX 4096
static int compare_in_force(struct room *r, struct diag *err) {
    int64_t ids[256], incidents[256], last = 0;
    size_t n;
    int e = 0;
    do {
        struct sql_stmt *st = NULL;
        n = 0;
        e = sql_query(r->db, &st, err,
                      "SELECT id, incident_id FROM action WHERE state = 'in_force' AND id > ?1 "
                      "ORDER BY id LIMIT "
                      "256",
                      "i", last);
        while (e == 0 && n < ARRAY_SIZE(ids) && (e = sql_step(st, err)) == 1) {
            ids[n] = last = sql_i64(st, 0);
            incidents[n++] = sql_i64(st, 1);
            e = 0;
        }
        sql_end(st);
        for (size_t i = 0; e == 0 && i < n; i++) {
            e = end_missing(r, ids[i], err);
            if (e == 0)
                e = store_effect(r, ids[i], incidents[i], err);
        }
    } while (e == 0 && n == ARRAY_SIZE(ids));
    return e;
}

/* An order the hand carried out while we were away: its answer was lost, its blocks stand. */
static int recover_orders(struct room *r, struct arena *a, struct diag *err) {
    int e = 0;
    for (struct map_slot *s = NULL; e == 0 && (s = map_next(&r->hand.standing, s));) {
        const struct json_value *row = s->value.ptr;
        struct str order_id;
        struct order o;
        struct outcomes x = {0};
        if (!json_get_str(row, "order_id", &order_id))
            continue;
        e = find_order(r, order_id, &o, err);
        if (e < 0 || o.id == 0)
            continue;
        x.rows = arena_zalloc(a, r->hand.standing.n * sizeof *x.rows);
        if (!x.rows)
            return diag_set(err, -ENOMEM, "memory has run out");
        for (struct map_slot *t = NULL; (t = map_next(&r->hand.standing, t));) {
            struct str id;
            bool dry = false;
            if (!json_get_str(t->value.ptr, "order_id", &id) || !str_eq(id, order_id))
                continue;
            (void) json_get_bool(t->value.ptr, "dry_run", &dry);
            x.rows[x.n] =
                (struct outcome){.address = t->key, .state = dry ? STR("dry_run") : STR("blocked")};
            (void) json_get_i64(t->value.ptr, "until_ms", &x.rows[x.n++].until_ms);
        }
        struct room_action action;
        e = room_action_load(r, o.action, &action, err);
        x.incident = action.incident;
        struct result res = e == 0 ? judge(&action, &o, &x) : (struct result){0};
        if (e == 0)
            e = close_order(r, &o, "answered", STR("{\"from\":\"list\"}"), err);
        if (e == 0)
            e = store_result(r, &action, &res, &x, err);
        if (e == 0 && res.state && strcmp(res.state, "in_force") == 0)
            e = room_ledger_contained(r, action.incident, res.n, false, err);
    }
    return e;
}

static int take_list(struct room *r, struct arena *a, const struct json_value *message,
                     struct diag *err) {
    const struct json_value *blocks = json_get_array(message, "blocks");
    const struct json_value *limits = json_get_object(message, "limits");
    bool more = false;
    int e = 0;
    for (const struct json_value *v = blocks->first; e == 0 && v; v = v->next) {
        struct str address;
        struct buf copy;
        struct jsonw w;
        struct json_value *kept;
        if (!json_get_str(v, "address", &address))
            continue;
        /* of several messages: rows live until the list is whole */
        buf_init(&copy, 65536);
        jsonw_init(&w, &copy);
        jsonw_value(&w, v);
        struct str text = arena_dup(&r->hand.arena, buf_str(&copy));
        struct str key = arena_dup(&r->hand.arena, address);
        e = text.p && key.p ? json_parse(&r->hand.arena, text, &kept, err)
                            : diag_set(err, -ENOMEM, "memory has run out");
        if (e == 0)
            e = map_put(&r->hand.standing, key, kept);
        buf_done(&copy);
    }
    (void) json_get_bool(message, "more", &more);
    if (e < 0 || more)
        return e;
    if (limits) {
        r->hand.dry_run_known = json_get_bool(limits, "dry_run", &r->hand.dry_run);
    } else {
        r->hand.dry_run_known = true;
        r->hand.dry_run = true; /* who does not say is not believed to act */
    }
    r->hand.acted = r->hand.dry_run_known && !r->hand.dry_run;
    e = recover_orders(r, a, err);
    if (e == 0)
        e = compare_in_force(r, err);
    r->hand.list_open = false;
    map_clear(&r->hand.standing);
    arena_reset(&r->hand.arena);
    room_changed(r, "now", 0);
    return e;
}

static int take_message(struct room *r, struct arena *a, const struct json_value *m,
                        struct str json, struct diag *err) {
    struct str event, order_id;
    struct order o;
    if (m->type != JSON_OBJECT)
        return diag_set(err, -ERR_PARSE, "a message of the hand is an object");
    if (json_get_str(m, "event", &event))
        return str_eq_z(event, "ended") ? take_ended(r, m, err) : 0;
    if (json_get_array(m, "blocks"))
        return take_list(r, a, m, err);
    if (!json_get_str(m, "order_id", &order_id))
        return 0; /* a refusal of something it could not even read */
    int e = find_order(r, order_id, &o, err);
    return e < 0 || o.id == 0 ? e : take_answer(r, a, m, json, &o, err);
}

int room_hand_message(struct room *r, struct str json, struct diag *reterr) {
    struct arena a;
    struct json_value *m;
    arena_init(&a, (size_t) 64 << 20);
    int e = json_parse(&a, json, &m, reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, take_message(r, &a, m, json, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- time */

static int back_to_proposed(void *ctx UNUSED, struct room *r, int64_t action, struct diag *err) {
    return room_write_part(
        r, err,
        "UPDATE action_address SET state = 'proposed' WHERE action_id = ?1 AND state = 'sent'", "i",
        action);
}

/* The hand refuses it from now on: a person has to look again. */
static int expire(struct room *r, const struct order *o, struct diag *err) {
    struct room_write w = {.by = &room_system,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_ACTION,
                           .id = o->action,
                           .version = ROOM_ANY_VERSION,
                           .parts = back_to_proposed};
    struct room_action a;
    int64_t n = 0, due = room_now(r) + r->policy->decide_within_s * NS_PER_S;
    int e = close_order(r, o, "expired", STR_NULL, err);
    if (e == 0)
        e = room_action_count(r, o->action, "sent", &n, err);
    if (e == 0)
        e = room_action_load(r, o->action, &a, err);
    if (e == 0)
        e = room_write(
            r, &w, NULL, err,
            "UPDATE action SET state = CASE WHEN state = 'sent' THEN 'proposed' ELSE state END, "
            "why_key = 'why.rolled_back', why_params = '{}', due_at = ?2 WHERE id = ?1",
            "ii", o->action, due);
    struct room_action_note x = {.action = &a,
                                 .key = "event.action_expired",
                                 .kind = "notice",
                                 .lane = "it_ops",
                                 .n = n,
                                 .until_ns = TIME_NONE};
    return e == 0 ? room_action_note(r, &room_system, &x, err) : e;
}

static int next_expired(struct room *r, struct order *o, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *o = (struct order){0};
    int e = sql_query(
        r->db, &st, err,
        "SELECT id, action_id FROM hand_order WHERE state = 'waiting' AND expires_at <= ?1 "
        "ORDER BY id LIMIT 1",
        "i", (room_wall_ms(r) - 2000) * NS_PER_MS);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *o = (struct order){.id = sql_i64(st, 0), .action = sql_i64(st, 1)};
    return e < 0 ? e : 0;
}

static int any_in_force(struct room *r, bool *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT 1 FROM action WHERE state = 'in_force' LIMIT 1", "");
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1;
    return e < 0 ? e : 0;
}

int room_actions_tick(struct room *r, struct diag *reterr) {
    struct order o;
    bool in_force = false;
    int e = next_expired(r, &o, reterr);
    while (e == 0 && o.id) {
        e = room_begin(r, reterr);
        if (e == 0)
            e = room_end(r, expire(r, &o, reterr), reterr);
        if (e == 0)
            e = next_expired(r, &o, reterr);
    }
    if (e == 0)
        e = any_in_force(r, &in_force, reterr);
    if (e == 0 && in_force && room_wall_ms(r) - r->hand.listed_ms >= LIST_EVERY_MS) {
        r->hand.list_wanted = true;
        r->hand.list_open = false; /* an answer that never came is not waited for for ever */
        map_clear(&r->hand.standing);
        arena_reset(&r->hand.arena);
    }
    return e;
}
