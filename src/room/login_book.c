/* The logins of members in the database; see login.h. What logs say of logins, and what was answered, is no act of anybody: it is derived from the spool
 * and from requests and stands outside the audit chain, as the index of findings does. A denial is an act, and its case and deed go through the one
 * write function. */
#include "room/login.h"

#include "room/deed_priv.h"
#include "room/slip.h"

#include "base/mem.h"

enum { WAITING_MAX = 256, ACCOUNT_MAX = 256 };

struct waiting {
    int64_t at_ns, took_us;
    struct login_verdict verdict;
    char caller[64], account[ACCOUNT_MAX], service[64], net[IP_PREFIX_CAP];
};
struct room_logins {
    struct waiting at[WAITING_MAX];
    size_t n;
};

static struct room_logins *logins_of(struct room *r) {
    if (!r->logins)
        r->logins = mem_zalloc(sizeof *r->logins);
    return r->logins;
}

/* Nobody waits for a disk for the sake of what the spool still has, or of an answer that was given: such a transaction is on disk with the next of
 * another kind. A killed room loses nothing by it, a machine without power the last seconds. */
static int derived_begin(struct room *r, struct diag *err) {
    int e = sql_script(r->db, "PRAGMA synchronous = NORMAL;", err);
    return e < 0 ? e : sql_begin(r->db, err);
}
static int derived_end(struct room *r, int e, struct diag *err) {
    if (e == 0)
        e = sql_commit(r->db, err);
    if (e < 0)
        sql_rollback(r->db);
    int back = sql_script(r->db, "PRAGMA synchronous = FULL;", err);
    return e < 0 ? e : back;
}

/* ---- what is known ---- */

static int load_past(struct room *r, struct str account, struct login_past *past, size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT at, net, country, browser, device, denied_at IS NOT NULL, lat, lon FROM login_seen WHERE account = ?1 ORDER BY at DESC LIMIT ?2", "si",
                      &account, (int64_t) LOGIN_KEPT_MAX);
    *ret_n = 0;
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        struct login_past *p = &past[(*ret_n)++];
        *p = (struct login_past){.at_ns = sql_i64(st, 0), .denied = sql_i64(st, 5) != 0, .placed = sql_double(st, 6) <= 90, .lat = sql_double(st, 6), .lon = sql_double(st, 7)};
        snprintf(p->net, sizeof p->net, "%.*s", STR_ARG(sql_str(st, 1)));
        snprintf(p->country, sizeof p->country, "%.*s", STR_ARG(sql_str(st, 2)));
        snprintf(p->browser, sizeof p->browser, "%.*s", STR_ARG(sql_str(st, 3)));
        snprintf(p->device, sizeof p->device, "%.*s", STR_ARG(sql_str(st, 4)));
        e = 0;
    }
    return MIN(e, 0);
}

static int count_of(struct room *r, struct diag *err, const char *text, struct str net, int64_t since, int64_t *ret) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, text, "si", &net, since);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

/* Rules accuse a source by grouping by it; the hand says what is blocked. */
static int load_address(struct room *r, struct str net, struct login_address *ret, struct diag *err) {
    int64_t accused = 0, blocked = 0, since = room_now(r) - 10 * NS_PER_MIN;
    *ret = (struct login_address){0};
    if (!net.n)
        return 0;
    int e = count_of(r, err, "SELECT count(DISTINCT account) FROM login_answer WHERE net = ?1 AND at > ?2", net, since, &ret->accounts);
    for (size_t i = 0; r->logins && i < r->logins->n; i++) /* those that wait are of the last second; counted roughly, and up */
        ret->accounts += str_eq_z(net, r->logins->at[i].net);
    if (e == 0)
        e = count_of(r, err,
                     "SELECT count(*) FROM finding_value v JOIN finding f ON f.id = v.finding_id WHERE v.kind = 'source' AND v.value = ?1 AND v.is_group = 1 "
                     "AND f.last_at > ?2 AND f.level IN ('high','critical') AND f.drill = 0",
                     net, room_now(r) - NS_PER_DAY, &accused);
    if (e == 0)
        e = count_of(r, err, "SELECT count(*) FROM action_address WHERE address = ?1 AND state = 'blocked' AND coalesce(until_at, ?2) >= ?2", net, room_now(r), &blocked);
    ret->attacker = accused || blocked;
    return e;
}

static void keep_answer(struct room *r, const struct login_caller *by, const struct login_try *t, const struct login_verdict *v, int64_t took_ns) {
    struct room_logins *l = logins_of(r);
    struct login_past place;
    if (l && l->n == WAITING_MAX)
        IGNORE(room_logins_tick(r, NULL));
    if (!l || l->n == WAITING_MAX)
        return; /* said by the tick that failed */
    struct waiting *w = &l->at[l->n++];
    *w = (struct waiting){.at_ns = t->at_ns, .took_us = took_ns / 1000, .verdict = *v};
    login_place(&(struct login_rules){0}, t, &place);
    snprintf(w->net, sizeof w->net, "%s", place.net);
    snprintf(w->caller, sizeof w->caller, "%.*s", STR_ARG(by->name));
    snprintf(w->account, sizeof w->account, "%.*s", STR_ARG(t->account));
    snprintf(w->service, sizeof w->service, "%.*s", STR_ARG(t->service.p ? t->service : STR("")));
}

int64_t room_login_judge(struct room *r, const struct login_rules *rules, const struct login_caller *by, const struct login_try *t, struct login_verdict *ret) {
    struct login_past past[LOGIN_KEPT_MAX], place;
    struct login_address about = {0};
    struct diag d = {0};
    size_t n = 0;
    int64_t began = time_monotonic_ns();
    login_place(rules, t, &place);
    int e = load_past(r, t->account, past, &n, &d);
    if (e == 0 && time_monotonic_ns() - began < LOGIN_TIME_NS)
        e = load_address(r, str_of(place.net), &about, &d);
    int64_t took = time_monotonic_ns() - began;
    if (e == 0 && took < LOGIN_TIME_NS)
        login_judge(rules, t, past, n, &about, ret);
    else
        *ret = (struct login_verdict){.answer = rules->on_failure, .reasons = 1u << REASON_FAILED};
    keep_answer(r, by, t, ret, took);
    return took;
}

/* ---- writing ---- */

static void write_reasons(unsigned bits, struct buf *out) {
    for (unsigned i = 0; i < REASON_MAX_; i++)
        if (bits >> i & 1)
            buf_printf(out, "%s%s", out->n ? " " : "", login_reason_word((enum login_reason) i));
}

int room_logins_tick(struct room *r, struct diag *reterr) {
    struct room_logins *l = r->logins;
    if (!l || !l->n || r->in_tx)
        return 0;
    int e = derived_begin(r, reterr);
    for (size_t i = 0; e == 0 && i < l->n; i++) {
        const struct waiting *w = &l->at[i];
        struct buf words;
        buf_init(&words, 512);
        write_reasons(w->verdict.reasons, &words);
        struct str text = buf_str(&words);
        e = sql_run(r->db, reterr, "INSERT INTO login_answer(at, caller, account, service, net, answer, points, reasons, took_us) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
                    "izzzzzisi", w->at_ns, w->caller, w->account, w->service, w->net, login_answer_words[w->verdict.answer], w->verdict.points, &text, w->took_us);
        buf_done(&words);
    }
    if (e == 0) /* a quarter is kept: long enough to ask why somebody was refused */
        e = sql_run(r->db, reterr, "DELETE FROM login_answer WHERE id IN (SELECT id FROM login_answer WHERE at < ?1 LIMIT 500)", "i", room_now(r) - 90 * NS_PER_DAY);
    e = derived_end(r, e, reterr);
    l->n = e < 0 ? l->n : 0;
    return e;
}

static int take_one(struct room *r, const struct login_rules *rules, const struct login_try *t, struct diag *err) {
    struct login_past p;
    struct str account = str_to(t->account, ACCOUNT_MAX - 1), service = str_to(t->service.p ? t->service : STR(""), 64);
    login_place(rules, t, &p);
    int e = sql_run(r->db, err, "INSERT INTO login_seen(account, at, service, net, country, browser, device, lat, lon) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)", "siszzzzdd",
                    &account, t->at_ns, &service, p.net, p.country, p.browser, p.device, p.placed ? p.lat : 999.0, p.lon); /* 999: nobody knows where */
    return e < 0 ? e : sql_run(r->db, err,
                               "DELETE FROM login_seen WHERE account = ?1 AND denied_at IS NULL AND id NOT IN (SELECT id FROM login_seen WHERE account = ?1 ORDER BY at DESC LIMIT ?2)",
                               "si", &account, (int64_t) LOGIN_KEPT_MAX);
}

int room_logins_take(struct room *r, const struct login_rules *rules, const struct login_try *list, size_t n, struct diag *reterr) {
    int e = derived_begin(r, reterr);
    for (size_t i = 0; e == 0 && i < n; i++)
        e = list[i].account.n ? take_one(r, rules, &list[i], reterr) : 0;
    return derived_end(r, e, reterr);
}

/* ---- a member's own history ---- */

int room_logins_write(struct room *r, struct str account, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, at, service, net, country, browser, device, denied_at FROM login_seen WHERE account = ?1 ORDER BY at DESC LIMIT ?2", "si", &account,
                      (int64_t) LOGIN_KEPT_MAX);
    jsonw_object(w);
    jsonw_kstr(w, "account", account);
    jsonw_key(w, STR("logins"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        static const char *const names[] = {"service", "address", "country", "browser", "device"};
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ktime(w, "at", sql_i64(st, 1));
        for (int i = 0; i < (int) ARRAY_SIZE(names); i++)
            jsonw_kstr(w, names[i], sql_str(st, i + 2));
        jsonw_kbool(w, "denied", !sql_is_null(st, 7));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}

/* The open case in which this account was denied before: one theft, one case. */
static int open_case(struct room *r, struct str account, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT i.id FROM login_seen l JOIN incident i ON i.id = l.denied_case WHERE l.account = ?1 AND i.state = 'open' ORDER BY i.id DESC LIMIT 1", "s", &account);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int case_of(struct room *r, const struct login_rules *rules, struct str account, struct sql_stmt *st, struct login_denied *ret, struct diag *err) {
    static const char *const names[] = {"service", "address", "country", "browser"};
    struct slip_case c = {.title_key = "title.not_me", .kind = STR("account_taken"), .level = LEVEL_HIGH, .first_ns = sql_i64(st, 0)};
    struct buf params;
    struct jsonw w;
    int e = open_case(r, account, &ret->incident, err);
    if (e < 0 || ret->incident)
        return e;
    buf_init(&params, 4096);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "account", account);
    for (int i = 0; i < (int) ARRAY_SIZE(names); i++)
        jsonw_kstr(&w, names[i], sql_str(st, i + 1));
    jsonw_end(&w);
    c.params = buf_str(&params);
    e = buf_error(&params);
    if (e == 0)
        e = slip_case_find(r, &room_system, &c, &ret->incident, err);
    buf_done(&params);
    struct room_deed_new deed = {.incident = ret->incident, .minutes = rules->freeze_minutes, .kind = STR("account_freeze"), .driver = rules->driver, .params = STR("{}"),
                                 .reason = STR("本人が「自分ではない」と申告 / the member said: not me"), .targets = &account, .n_targets = 1};
    if (e == 0 && rules->driver.n)
        e = room_deed_propose(r, &room_system, &deed, &ret->deed, err);
    if (e == 0 && ret->deed && rules->freeze) {
        e = room_deed_by_policy(r, ret->deed, err);
        ret->frozen = e == 0;
    }
    return e;
}

static int number_of(struct room *r, struct login_denied *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT number, coalesce((SELECT max(id) FROM deed WHERE incident_id = ?1 AND kind = 'account_freeze'), 0), "
                      "EXISTS (SELECT 1 FROM deed WHERE incident_id = ?1 AND kind = 'account_freeze' AND state IN ('sent','in_force')) FROM incident WHERE id = ?1", "i", ret->incident);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        snprintf(ret->number, sizeof ret->number, "%.*s", STR_ARG(sql_str(st, 0)));
        ret->deed = sql_i64(st, 1);
        ret->frozen = sql_i64(st, 2) != 0;
    }
    return MIN(e, 0);
}

static int deny(struct room *r, const struct login_rules *rules, struct str account, int64_t id, struct login_denied *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT at, service, net, country, browser, denied_case FROM login_seen WHERE id = ?1 AND account = ?2", "is", id, &account);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no such login of this account");
    if (!sql_is_null(st, 5)) {
        ret->incident = sql_i64(st, 5);
        return number_of(r, ret, err);
    }
    e = case_of(r, rules, account, st, ret, err);
    if (e == 0)
        e = sql_run(r->db, err, "UPDATE login_seen SET denied_at = ?2, denied_case = ?3 WHERE id = ?1", "iii", id, room_now(r), ret->incident);
    return e == 0 ? number_of(r, ret, err) : e;
}

int room_login_denied(struct room *r, const struct login_rules *rules, struct str account, int64_t id, struct login_denied *ret, struct diag *reterr) {
    *ret = (struct login_denied){0};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = deny(r, rules, account, id, ret, reterr);
    room_changed(r, "incident", ret->incident);
    room_changed(r, "now", 0);
    return room_end(r, e, reterr);
}
