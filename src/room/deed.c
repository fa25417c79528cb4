/* What persons decide about lasting acts. */
#include "room/action_priv.h"
#include "room/deed_priv.h"

#include "room/means.h"

#include "base/limits.h"

static const struct room_deed_kind kinds[] = {
    {"site_close", "サイトの閉鎖", "Closing the site", DUTY_STOP, .gate = true, .aim = DEED_AT_SERVICE, .minutes = 1440},
    {"account_freeze", "アカウントの凍結", "Freezing an account", DUTY_FREEZE, .care = true, .aim = DEED_AT_ACCOUNTS, .minutes = 10080},
    {"host_isolate", "端末の隔離", "Isolating a host", DUTY_ISOLATE, .gate = true, .aim = DEED_AT_HOSTS, .minutes = 4320},
    {"net_cut", "通信の遮断", "Cutting traffic", DUTY_CUT, .aim = DEED_AT_THE_ONE, .minutes = 720},
    {"waf_block", "WAF での遮断", "Blocking at the WAF", DUTY_BLOCK, .aim = DEED_AT_SOURCES, .minutes = 1440},
    {"country_block", "国単位の遮断", "Keeping out a country", DUTY_BLOCK, .minutes = 1440},
    {"rate_limit", "流量の制限", "Limiting the rate", DUTY_BLOCK, .aim = DEED_AT_THE_ONE, .minutes = 1440},
    {"mail_deny", "差出人の拒否", "Refusing a sender", DUTY_BLOCK, .aim = DEED_AT_SENDERS, .minutes = 10080},
    {"mail_domain_deny", "差出人のドメインの拒否", "Refusing a sender's domain", DUTY_BLOCK, .minutes = 10080},
    {"send_sms", "SMS の送信", "Sending an SMS", DUTY_BLOCK},
    {"send_chat", "チャットへの投稿", "Posting into a chat", DUTY_BLOCK},
    {"open_ticket", "課題票の起票", "Opening a ticket", DUTY_BLOCK},
};

const struct room_deed_kind *room_deed_kind(struct str name) {
    static const struct room_deed_kind other = {"", "その他の操作", "Another act", DUTY_BLOCK};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (str_eq_z(name, kinds[i].name))
            return &kinds[i];
    return &other;
}

static void copy(char *dst, size_t cap, struct str s) {
    snprintf(dst, cap, "%.*s", STR_ARG(s));
}

int room_deed_load(struct room *r, int64_t id, struct room_deed *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT incident_id, version, minutes, state, kind, driver, batch, target, identified_at IS NOT NULL "
                      "FROM deed WHERE id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no act %lld", (long long) id);
    *ret = (struct room_deed){.id = id,
                              .incident = sql_i64(st, 0),
                              .version = sql_i64(st, 1),
                              .minutes = sql_i64(st, 2),
                              .identified = sql_i64(st, 8) != 0};
    copy(ret->state, sizeof ret->state, sql_str(st, 3));
    copy(ret->kind, sizeof ret->kind, sql_str(st, 4));
    copy(ret->driver, sizeof ret->driver, sql_str(st, 5));
    copy(ret->batch, sizeof ret->batch, sql_str(st, 6));
    copy(ret->target, sizeof ret->target, sql_str(st, 7));
    return 0;
}

int room_deed_note(struct room *r, const struct room_actor *by, const struct room_deed *d, const char *key,
                   const char *kind, const char *lane, int64_t n, struct str why, struct diag *reterr) {
    const struct room_deed_kind *k = room_deed_kind(str_of(d->kind));
    struct buf params;
    struct jsonw w;
    char ref[32];
    buf_init(&params, 8192);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kz(&w, "act", k->ja);
    jsonw_kz(&w, "act_ja", k->ja);
    jsonw_kz(&w, "act_en", k->en);
    jsonw_kz(&w, "target", d->target);
    jsonw_ki64(&w, "n", n);
    jsonw_ki64(&w, "more", n - 1);
    jsonw_ki64(&w, "minutes", d->minutes);
    jsonw_kstr(&w, "name", str_of(by->name));
    jsonw_kstr(&w, "why", why.p ? why : STR(""));
    jsonw_end(&w);
    int len = snprintf(ref, sizeof ref, "deed:%lld", (long long) d->id);
    struct room_entry entry = {.incident = d->incident, .at_ns = room_now(r), .until_ns = TIME_NONE, .lane = lane, .kind = kind, .key = key, .ref = str_n(ref, (size_t) len), .precision_s = -1};
    return room_timeline_entry(r, by, &entry, &params, reterr);
}

static struct room_write change(const struct room_actor *by, enum room_verb verb, int64_t id, int64_t version) {
    return (struct room_write){.by = by, .verb = verb, .object = OBJECT_DEED, .id = id, .version = version};
}

static int in_state(const struct room_deed *d, const char *states, struct diag *err) {
    return strstr(states, d->state) ? 0 : diag_set(err, -EBUSY, "%s", d->state);
}

/* ---- */

static int propose(struct room *r, const struct room_actor *by, const struct room_deed_new *x, int64_t *ret_id,
                   struct diag *err) {
    struct room_deed first = {.incident = x->incident, .minutes = x->minutes};
    char batch[33];
    int e = 0;
    sign_random_hex(batch, 16);
    *ret_id = 0;
    for (size_t i = 0; e == 0 && i < x->n_targets; i++) {
        struct room_write w = {
            .by = by, .verb = VERB_CREATE, .object = OBJECT_DEED, .tlp = TLP_AMBER, .incident = x->incident};
        int64_t id;
        e = room_write(r, &w, &id, err,
                       "INSERT INTO deed(incident_id, batch, kind, driver, target, params, minutes, reason, task_id, state) "
                       "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,'proposed')",
                       "izssssisI", x->incident, batch, &x->kind, &x->driver, &x->targets[i], &x->params, x->minutes,
                       &x->reason, x->task ? &x->task : NULL);
        if (i == 0)
            *ret_id = first.id = id;
    }
    if (e == 0)
        e = room_deed_measure(r, x, first.id, err);
    copy(first.kind, sizeof first.kind, x->kind);
    copy(first.target, sizeof first.target, x->targets[0]);
    return e < 0 ? e : room_deed_note(r, by, &first, "event.deed_proposed", "notice", "ciso_csirt",
                                      (int64_t) x->n_targets, x->reason, err);
}

int room_deed_propose(struct room *r, const struct room_actor *by, const struct room_deed_new *x, int64_t *ret_id,
                      struct diag *reterr) {
    if (x->n_targets == 0 || x->n_targets > ROOM_DEED_TARGETS_MAX || x->minutes < 1 || x->minutes > ROOM_DEED_MINUTES_MAX)
        return diag_set(reterr, -EINVAL, "targets or minutes");
    for (size_t i = 0; i < x->n_targets; i++) {
        int forbidden = room_means_forbids(r, x->targets[i], reterr);
        if (forbidden == 1 && !str_eq_z(x->kind, "net_cut")) /* to cut it off is no contact */
            forbidden = diag_set(reterr, -EPERM, "ransom");
        if (forbidden < 0)
            return forbidden;
    }
    if (r->in_tx)
        return propose(r, by, x, ret_id, reterr);
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, propose(r, by, x, ret_id, reterr), reterr);
}

/* The rows of a batch that are as far as this one, at most ROOM_DEED_TARGETS_MAX. */
static int batch_rows(struct room *r, const struct room_deed *d, int64_t *ids, size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM deed WHERE batch = ?1 AND state = ?2 ORDER BY id LIMIT ?3",
                      "zzi", d->batch, d->state, (int64_t) ROOM_DEED_TARGETS_MAX);
    *ret_n = 0;
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        ids[(*ret_n)++] = sql_i64(st, 0);
        e = 0;
    }
    return e;
}

/* What a step of a playbook kept as evidence in this case last: it needs no second telling at the gate. In the arena; empty: nothing. */
int room_deed_kept_before(struct room *r, int64_t incident, struct arena *a, struct str *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT evidence FROM task WHERE incident_id = ?1 AND kind = 'evidence' AND state = 'done' AND evidence <> '' ORDER BY id DESC LIMIT 1",
                      "i", incident);
    *ret = STR("");
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = arena_dup(a, sql_str(st, 0));
    return e < 0 ? e : ret->p ? 0 : -ENOMEM;
}

/* Asked of the service the case is about; 1: taken down as the first of two. */
static int may_decide(struct room *r, const struct room_actor *by, const struct room_deed *d, struct diag *err) {
    struct room_deciding x = {.incident = d->incident, .kind = room_deed_kind(str_of(d->kind))->decision};
    struct arena mem;
    arena_init(&mem, 1 << 20);
    int e = room_authority_service(r, d->incident, &mem, &x.service, err);
    if (e == 0)
        e = room_authority_check(r, by, &x, err);
    arena_done(&mem);
    return e;
}

static int decide(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool yes, struct str words, struct arena *a,
                  struct diag *err) {
    struct room_write w = change(by, yes ? VERB_APPROVE : VERB_REJECT, id, version);
    struct room_deed d;
    int64_t ids[ROOM_DEED_TARGETS_MAX], until = room_wall(r) + NS_PER_MIN;
    size_t n = 0;
    char name[ROOM_BY_CAP];
    /* the door first: a stale or forbidden wish learns that, not the state */
    int e = room_write(r, &w, NULL, err, "UPDATE deed SET decided_at = ?2 WHERE id = ?1", "ii", id, room_now(r));
    if (e == 0)
        e = room_deed_load(r, id, &d, err);
    if (e == 0)
        e = in_state(&d, yes ? "proposed refused rejected" : "proposed", err); /* minds change, obstacles go */
    if (e == 0 && yes && room_deed_kind(str_of(d.kind))->gate && !str_trim(words).n)
        e = room_deed_kept_before(r, d.incident, a, &words, err);
    if (e == 0 && yes && room_deed_kind(str_of(d.kind))->gate && !str_trim(words).n)
        e = diag_set(err, -EINVAL, "kept");
    if (e == 0)
        e = room_ledger_person(r, by, d.incident, err);
    if (e == 0 && yes)
        e = may_decide(r, by, &d, err);
    if (e == 1)
        return room_deed_note(r, by, &d, "event.deed_first_of_two", "decision", "ciso_csirt", 1, words, err);
    if (e == 0)
        e = room_ledger_decided(r, d.incident, room_actor_format(by, name), err);
    if (e == 0)
        e = batch_rows(r, &d, ids, &n, err);
    for (size_t i = 0; e == 0 && i < n; i++) {
        w = change(&room_system, VERB_CHANGE, ids[i], ROOM_ANY_VERSION); /* follows from the decision above */
        w.quiet = ids[i] == id;
        e = room_write(r, &w, NULL, err,
                       "UPDATE deed SET state = ?2, decided_at = ?3, decided_by = ?4, kept = ?5, why = '', order_due = ?6, "
                       "order_until = ?7 WHERE id = ?1",
                       "izizsii", ids[i], yes ? "sent" : "rejected", room_now(r), room_actor_format(by, name), &words,
                       (int64_t) yes, until);
    }
    return e < 0 ? e
                 : room_deed_note(r, by, &d, yes ? "event.deed_approved" : "event.deed_rejected", "decision",
                                  "ciso_csirt", (int64_t) n, words, err);
}

int room_deed_by_policy(struct room *r, int64_t id, struct diag *reterr) {
    struct room_write w = change(&room_system, VERB_CHANGE, id, ROOM_ANY_VERSION);
    struct room_deed d;
    int e = room_deed_load(r, id, &d, reterr);
    if (e == 0)
        e = in_state(&d, "proposed", reterr);
    if (e == 0)
        e = room_ledger_decided(r, d.incident, "policy", reterr);
    if (e == 0)
        e = room_write(r, &w, NULL, reterr,
                       "UPDATE deed SET state = 'sent', decided_at = ?2, decided_by = 'policy', why = '', order_due = 1, order_until = ?3 WHERE id = ?1", "iii", id,
                       room_now(r), room_wall(r) + NS_PER_MIN);
    return e < 0 ? e : room_deed_note(r, &room_system, &d, "event.deed_approved", "decision", "ciso_csirt", 1, STR_NULL, reterr);
}

static int decided(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool yes, struct str words, struct diag *err) {
    struct arena a;
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    arena_init(&a, 1 << 20);
    e = room_end(r, decide(r, by, id, version, yes, words, &a, err), err);
    arena_done(&a);
    return e;
}

int room_deed_approve(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str kept,
                      struct diag *reterr) {
    return decided(r, by, id, version, true, kept, reterr);
}

int room_deed_reject(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str reason,
                     struct diag *reterr) {
    return decided(r, by, id, version, false, reason, reterr);
}

static int undo(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool mistake, struct diag *err) {
    struct room_write w = change(by, VERB_UNDO, id, version);
    struct room_deed d;
    int e = room_write(r, &w, NULL, err, "UPDATE deed SET state = state WHERE id = ?1", "i", id);
    if (e == 0)
        e = room_deed_load(r, id, &d, err);
    if (e == 0)
        e = in_state(&d, "in_force unsure sent", err); /* sent: on its way, and taken back if it was done */
    if (e == 0 && room_deed_kind(str_of(d.kind))->care && !d.identified && !mistake)
        e = diag_set(err, -EBUSY, "not_identified");
    if (e < 0)
        return e;
    w = change(&room_system, VERB_CHANGE, id, ROOM_ANY_VERSION);
    w.quiet = true;
    e = room_write(r, &w, NULL, err,
                   "UPDATE deed SET state = 'undoing', mistake = ?2, order_due = 1, order_until = ?3, why = '' WHERE id = ?1",
                   "iii", id, (int64_t) mistake, room_wall(r) + NS_PER_MIN);
    return e < 0 ? e : room_deed_note(r, by, &d, "event.deed_undo", "decision", "ciso_csirt", 1, STR_NULL, err);
}

int room_deed_undo(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool mistake,
                   struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, undo(r, by, id, version, mistake, reterr), reterr);
}

static int care(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_deed_care *x,
                struct diag *err) {
    struct room_write w = change(by, VERB_CHANGE, id, version);
    struct room_deed d;
    char name[ROOM_BY_CAP];
    int64_t now = room_now(r), bounced = x->bounced;
    room_actor_format(by, name);
    int e = room_write(r, &w, NULL, err,
                       "UPDATE deed SET told_how = coalesce(?2, told_how), told_at = CASE WHEN ?2 IS NULL THEN told_at ELSE "
                       "?4 END, told_by = CASE WHEN ?2 IS NULL THEN told_by ELSE ?5 END, identified_how = coalesce(?3, "
                       "identified_how), identified_at = CASE WHEN ?3 IS NULL THEN identified_at ELSE ?4 END, identified_by "
                       "= CASE WHEN ?3 IS NULL THEN identified_by ELSE ?5 END, bounced = coalesce(?6, bounced) WHERE id = ?1",
                       "issizI", id, x->told.p ? &x->told : NULL, x->identified.p ? &x->identified : NULL, now, name,
                       x->bounced < 0 ? NULL : &bounced);
    if (e == 0)
        e = room_deed_load(r, id, &d, err);
    if (e == 0 && !room_deed_kind(str_of(d.kind))->care)
        e = diag_set(err, -EINVAL, "no person stands behind this act");
    if (e == 0 && x->identified.p)
        e = room_deed_note(r, by, &d, "event.deed_identified", "contact", "business", 1, x->identified, err);
    else if (e == 0 && x->told.p)
        e = room_deed_note(r, by, &d, "event.deed_told", "contact", "business", 1, x->told, err);
    return e;
}

int room_deed_care(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_deed_care *x,
                   struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, care(r, by, id, version, x, reterr), reterr);
}
