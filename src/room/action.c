/* What persons decide about actions. */
#include "room/action.h"

#include "base/limits.h"
#include "room/action_priv.h"
#include "room/authority.h"

int room_action_load(struct room *r, int64_t id, struct room_action *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT incident_id, version, minutes, until_at, in_force_at, state, dry_run "
                      "FROM action WHERE id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no action %lld", (long long) id);
    *ret = (struct room_action){.id = id,
                                .incident = sql_i64(st, 0),
                                .version = sql_i64(st, 1),
                                .minutes = sql_i64(st, 2),
                                .until_ns = sql_is_null(st, 3) ? TIME_NONE : sql_i64(st, 3),
                                .in_force_ns = sql_is_null(st, 4) ? TIME_NONE : sql_i64(st, 4),
                                .dry_run = sql_i64(st, 6) != 0};
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 5)));
    return 0;
}

int room_action_count(struct room *r, int64_t action, const char *state, int64_t *ret,
                      struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT count(*) FROM action_address WHERE action_id = ?1 AND state = ?2",
                      "iz", action, state);
    if (e == 0)
        e = sql_step(st, reterr);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

int room_action_note(struct room *r, const struct room_actor *by, const struct room_action_note *x,
                     struct diag *reterr) {
    struct buf params;
    struct jsonw w;
    char ref[32];
    int n = snprintf(ref, sizeof ref, "action:%lld", (long long) x->action->id);
    buf_init(&params, 8192);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_ki64(&w, "n", x->n);
    if (x->minutes)
        jsonw_ki64(&w, "minutes", x->minutes);
    if (x->until_ns != TIME_NONE)
        jsonw_ktime(&w, "until", x->until_ns);
    if (x->name)
        jsonw_kz(&w, "name", x->name);
    if (x->reason.p)
        jsonw_kstr(&w, "reason", x->reason);
    jsonw_end(&w);
    struct room_entry entry = {.incident = x->action->incident, .at_ns = room_now(r), .until_ns = x->until_ns, .lane = x->lane, .kind = x->kind, .key = x->key, .ref = str_n(ref, (size_t) n), .precision_s = -1};
    room_changed(r, "action", x->action->id);
    room_changed(r, "now", 0);
    return room_timeline_entry(r, by, &entry, &params, reterr);
}

int room_ledger_decided(struct room *r, int64_t incident, const char *by, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = &room_system,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_INCIDENT,
                           .id = incident,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true};
    int e = sql_query(r->db, &st, reterr, "SELECT decision_at FROM incident WHERE id = ?1", "i",
                      incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0 || !sql_is_null(st, 0))
        return MIN(e, 0);
    return room_write(r, &w, NULL, reterr,
                      "UPDATE incident SET decision_at = ?2, decision_by = ?3 WHERE id = ?1", "iiz",
                      incident, room_now(r), by);
}

/* Whether it is this action's turn; what is not in `states` is refused with -EBUSY. */
static int load_in(struct room *r, int64_t id, const char *states, struct room_action *a,
                   struct diag *err) {
    int e = room_action_load(r, id, a, err);
    if (e == 0 && !strstr(states, a->state))
        e = diag_set(err, -EBUSY, "%s", a->state);
    return e;
}

static struct room_write write_of(const struct room_actor *by, enum room_verb verb, int64_t id,
                                  int64_t version) {
    return (struct room_write){
        .by = by, .verb = verb, .object = OBJECT_ACTION, .id = id, .version = version};
}

/* Blocks are kind `block` of the table of authority, asked of the service the case is about. */
static int may_decide(struct room *r, const struct room_actor *by, const struct room_action *a, struct diag *err) {
    struct room_deciding x = {.incident = a->incident, .action = a->id, .kind = DUTY_BLOCK};
    struct arena mem;
    arena_init(&mem, 1 << 20);
    int e = room_authority_service(r, a->incident, &mem, &x.service, err);
    if (e == 0)
        e = room_authority_check(r, by, &x, err);
    arena_done(&mem);
    return e;
}

/* The action stays proposed; what it looks like has a new version, so that the second sees that there was a first. */
static int first_of_two(struct room *r, const struct room_actor *by, const struct room_action *a, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_ACTION, .id = a->id, .version = ROOM_ANY_VERSION};
    struct room_action_note x = {.action = a, .key = "event.first_of_two", .kind = "decision", .lane = "ciso_csirt", .until_ns = TIME_NONE, .name = by->name};
    int e = room_write(r, &w, NULL, err, "UPDATE action SET decided_at = NULL, decided_by = NULL WHERE id = ?1", "i", a->id);
    return e == 0 ? room_action_note(r, by, &x, err) : e;
}

static int approve(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                   int minutes, struct diag *err) {
    struct room_write w = write_of(by, VERB_APPROVE, id, version);
    struct room_action a;
    char name[ROOM_BY_CAP];
    int64_t n = 0;
    /* the door first: a stale or forbidden wish learns that, not the state */
    int e = room_write(
        r, &w, NULL, err,
        "UPDATE action SET decided_at = ?2, decided_by = ?3, "
        "minutes = CASE WHEN ?4 > 0 THEN ?4 ELSE minutes END, due_at = NULL WHERE id = ?1",
        "iizi", id, room_now(r), room_actor_format(by, name), (int64_t) minutes);
    if (e == 0)
        e = load_in(r, id, "proposed dry_run", &a, err);
    if (e == 0 && !r->hand.connected)
        e = diag_set(err, -EAGAIN, "no hand is connected");
    if (e == 0)
        e = room_ledger_person(r, by, a.incident, err);
    if (e == 0)
        e = may_decide(r, by, &a, err);
    if (e == 1)
        return first_of_two(r, by, &a, err);
    if (e == 0)
        e = room_ledger_decided(r, a.incident, name, err);
    if (e == 0)
        e = room_order_make(r, &a, ORDER_BLOCK, a.state, a.minutes, &n, err);
    if (e == 0 && n == 0)
        e = diag_set(err, -EBUSY, "%s", a.state);
    if (e < 0)
        return e;
    w = write_of(&room_system, VERB_CHANGE, id, ROOM_ANY_VERSION);
    w.quiet = true;
    e = room_write(r, &w, NULL, err, "UPDATE action SET state = 'sent' WHERE id = ?1", "i", id);
    struct room_action_note x = {.action = &a,
                                 .key = "event.action_approved",
                                 .kind = "decision",
                                 .lane = "ciso_csirt",
                                 .n = n,
                                 .minutes = a.minutes,
                                 .until_ns = TIME_NONE,
                                 .name = by->name};
    return e == 0 ? room_action_note(r, by, &x, err) : e;
}

int room_action_approve(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                        int minutes, struct diag *reterr) {
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_end(r, approve(r, by, id, version, MIN(minutes, BLOCK_MINUTES_MAX), reterr), reterr);
    if (e == -ERR_REFUSED)
        IGNORE(room_authority_refusal_keep(r, NULL)); /* it stands in the chain by now; the case has it, too */
    return e;
}

static int reject(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                  struct str reason, struct diag *err) {
    struct room_write w = write_of(by, VERB_REJECT, id, version);
    struct room_action a;
    char name[ROOM_BY_CAP];
    int64_t n = 0;
    int e = room_write(
        r, &w, NULL, err,
        "UPDATE action SET decided_at = ?2, decided_by = ?3, due_at = NULL WHERE id = ?1", "iiz",
        id, room_now(r), room_actor_format(by, name));
    if (e == 0)
        e = load_in(r, id, "proposed dry_run", &a, err);
    if (e == 0)
        e = room_ledger_person(r, by, a.incident, err);
    if (e == 0)
        e = room_ledger_decided(r, a.incident, name, err);
    if (e == 0)
        e = room_action_count(r, id, "proposed", &n, err);
    if (e < 0)
        return e;
    w = write_of(&room_system, VERB_CHANGE, id, ROOM_ANY_VERSION);
    w.quiet = true;
    e = room_write(r, &w, NULL, err, "UPDATE action SET state = 'rejected' WHERE id = ?1", "i", id);
    struct room_action_note x = {.action = &a,
                                 .key = "event.action_rejected",
                                 .kind = "decision",
                                 .lane = "ciso_csirt",
                                 .n = n,
                                 .until_ns = TIME_NONE,
                                 .name = by->name,
                                 .reason = reason};
    return e == 0 ? room_action_note(r, by, &x, err) : e;
}

int room_action_reject(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                       struct str reason, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, reject(r, by, id, version, reason, reterr), reterr);
}

/* Undo and extend: an order for what is in force. */
static int change_force(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                        enum room_order_type type, int64_t minutes, struct diag *err) {
    bool undo = type == ORDER_UNBLOCK;
    struct room_write w = write_of(by, undo ? VERB_UNDO : VERB_EXTEND, id, version);
    struct room_action a;
    int64_t n = 0, total = minutes;
    int e =
        room_write(r, &w, NULL, err, "UPDATE action SET checked_at = NULL WHERE id = ?1", "i", id);
    if (e == 0)
        e = load_in(r, id, "in_force", &a, err);
    if (e == 0 && !r->hand.connected)
        e = diag_set(err, -EAGAIN, "no hand is connected");
    if (e == 0 && !undo && a.until_ns != TIME_NONE && a.until_ns > room_now(r))
        total += (a.until_ns - room_now(r) + NS_PER_MIN - 1) / NS_PER_MIN;
    if (e == 0)
        e = room_order_make(r, &a, type, "blocked", MIN(total, BLOCK_MINUTES_MAX), &n, err);
    if (e == 0 && n == 0)
        e = diag_set(err, -EBUSY, "%s", a.state);
    room_changed(r, "action", id);
    return e;
}

int room_action_undo(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                     struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e
                 : room_end(r, change_force(r, by, id, version, ORDER_UNBLOCK, 0, reterr), reterr);
}

int room_action_extend(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                       int minutes, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e
                 : room_end(r, change_force(r, by, id, version, ORDER_EXTEND, minutes, reterr),
                            reterr);
}
