/* Logins of members, asked by the operator's own services with a token (src/room/login.h): the judgement, the history, "that was not me". */
#include "app/room/call.h"
#include "app/room/room.h"

enum { TEXT_MAX = 256, AGENT_MAX = 1024 };

static int optional(struct call *c, const char *key, size_t max, struct str *ret) {
    *ret = STR_NULL;
    return json_get(c->json, key) ? call_body_str(c, key, 0, max, ret) : 0;
}

static int read_try(struct call *c, struct login_try *t) {
    static const char *const keys[] = {"account", "address", "service", "agent", "device", "country", NULL};
    struct ip ip;
    *t = (struct login_try){.at_ns = room_now(c->p->room)};
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "account", 1, TEXT_MAX - 1, &t->account);
    if (e == 0)
        e = call_body_str(c, "address", 2, 64, &t->address);
    if (e == 0 && ip_parse(t->address, &ip) != 0)
        e = call_bad(c, "address");
    if (e == 0)
        e = optional(c, "service", 64, &t->service);
    if (e == 0)
        e = optional(c, "agent", AGENT_MAX, &t->agent);
    if (e == 0)
        e = optional(c, "device", 64, &t->device);
    if (e == 0)
        e = optional(c, "country", 2, &t->country);
    if (e == 0 && t->country.n && t->country.n != 2)
        e = call_bad(c, "country");
    return e;
}

int handle_login_risk(struct call *c) {
    struct login_try t;
    struct login_verdict v;
    int e = read_try(c, &t);
    if (e < 0)
        return e;
    int64_t took = room_login_judge(c->p->room, &c->p->login, c->caller, &t, &v);
    jsonw_object(&c->w);
    jsonw_kz(&c->w, "answer", login_answer_words[v.answer]);
    jsonw_ki64(&c->w, "points", v.points);
    jsonw_key(&c->w, STR("reasons"));
    jsonw_array(&c->w);
    for (unsigned i = 0; i < REASON_MAX_; i++)
        if (v.reasons >> i & 1)
            jsonw_str(&c->w, str_of(login_reason_word((enum login_reason) i)));
    jsonw_end(&c->w);
    jsonw_kdouble(&c->w, "took_ms", (double) (took / 1000) / 1000);
    jsonw_end(&c->w);
    return 200;
}

int handle_login_post(struct call *c) {
    struct login_try t;
    int e = read_try(c, &t);
    if (e == 0)
        e = room_logins_take(c->p->room, &c->p->login, &t, 1, &c->err);
    return e < 0 ? e : call_ok(c);
}

int handle_logins(struct call *c) {
    struct str account = call_query(c, "account");
    if (!account.p || !account.n || account.n >= TEXT_MAX)
        return call_bad(c, "account");
    int e = room_logins_write(c->p->room, account, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_login_denied(struct call *c) {
    static const char *const keys[] = {"account", NULL};
    struct login_denied x;
    struct str account;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "account", 1, TEXT_MAX - 1, &account);
    if (e == 0)
        e = room_login_denied(c->p->room, &c->p->login, account, c->args.id, &x, &c->err);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_kz(&c->w, "case", x.number);
    jsonw_kz(&c->w, "account_state", x.frozen ? "freezing" : x.deed ? "proposed" : "open");
    jsonw_end(&c->w);
    return 200;
}
