/* See authority.h: answers as the pages take them. */
#include "room/authority.h"
#include "room/duty_priv.h"
#include "room/register_priv.h"

#define SERVICES_MAX 200 /* of one page */

static void write_who(const struct room_duty *d, const struct duty_answer *x, enum duty_verb v, struct str me, struct jsonw *w) {
    jsonw_key(w, str_of(duty_verb_to_string(v)));
    jsonw_array(w);
    for (size_t i = 0; i < x->n[v]; i++) {
        const struct duty_who *p = &x->who[v][i];
        struct str phone = d ? room_duty_phone(d, p->who.key) : STR("");
        jsonw_object(w);
        jsonw_kstr(w, "name", p->who.text);
        jsonw_ki64(w, "order", p->order);
        jsonw_ki64(w, "after_min", p->after_min);
        jsonw_ki64(w, "silent_min", p->silent_min);
        jsonw_kbool(w, "two", p->two);
        jsonw_kbool(w, "lent", p->lent);
        jsonw_ktime(w, "until", p->until_ns);
        jsonw_kbool(w, "me", str_eq(p->who.key, me));
        jsonw_kbool(w, "on_duty", p->group.n > 0);
        jsonw_key(w, STR("phone"));
        phone.n ? jsonw_str(w, phone) : jsonw_null(w);
        jsonw_end(w);
    }
    jsonw_end(w);
}

int room_authority_write(struct room *r, const struct room_actor *who, const struct room_ask *ask, struct jsonw *w, struct diag *reterr) {
    struct room_authority a;
    struct arena mem;
    arena_init(&mem, (size_t) 64 << 20);
    int e = room_may_decide(r, who, ask, &mem, &a, reterr);
    if (e == 0) {
        const struct room_duty *d = r->duty;
        struct str me = d ? room_duty_person(&mem, d, who).key : STR("");
        jsonw_object(w);
        jsonw_kstr(w, "service", ask->service);
        jsonw_kz(w, "kind", duty_kind_to_string(ask->kind));
        jsonw_ktime(w, "at", room_now(r));
        jsonw_kz(w, "verdict", room_standing_to_string(a.verdict));
        jsonw_ktime(w, "from", a.from_ns);
        jsonw_kbool(w, "two", a.answer.two);
        jsonw_kstr(w, "policy", a.policy);
        for (int v = 0; v < DUTY_VERB_MAX_; v++)
            write_who(d, &a.answer, (enum duty_verb) v, me, w);
        jsonw_end(w);
    }
    arena_done(&mem);
    return e;
}

int room_policies_write(struct room *r, enum duty_kind kind, struct jsonw *w, struct diag *reterr) {
    static const char *const members[] = {"name", "text", "binds", "by"};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT name, coalesce(json_extract(vals, '$.text'), ''), coalesce(json_extract(vals, '$.binds'), ''), coalesce(json_extract(vals, '$.by'), '') FROM register "
                      "WHERE kind = 'policies' AND active AND json_extract(vals, '$.subject') = ?1 ORDER BY id LIMIT 20",
                      "z", duty_kind_to_string(kind));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
            jsonw_kstr(w, members[i], sql_str(st, (int) i));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

/* ---- the whole page ---- */

struct names {
    struct arena *a;
    struct map seen;
    struct str at[SERVICES_MAX];
    size_t n;
};

static int add_name(struct names *x, struct str text) {
    struct duty_name n = room_duty_name(x->a, text);
    union map_value *at;
    bool fresh = false;
    int e = n.key.p ? 0 : -ENOMEM;
    if (e == 0 && n.key.n && x->n < SERVICES_MAX)
        e = map_add(&x->seen, n.key, &at, &fresh);
    if (e == 0 && fresh)
        x->at[x->n++] = n.text;
    return e;
}

static int add_names(struct room *r, struct names *x, const char *sql, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, sql, "");
    while (e == 0 && (e = sql_step(st, err)) == 1)
        e = add_name(x, sql_str(st, 0));
    return MIN(e, 0);
}

static int write_lends(struct room *r, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t now = room_now(r);
    int e = sql_query(r->db, &st, err,
                      "SELECT id, version, service, kind, person, grp, why, from_at, until_at, returned_at, created_by FROM lend "
                      "WHERE from_at > ?1 ORDER BY id DESC LIMIT 100",
                      "i", now - 30 * NS_PER_DAY);
    jsonw_key(w, STR("lends"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "version", sql_i64(st, 1));
        jsonw_kstr(w, "service", sql_str(st, 2));
        jsonw_kstr(w, "kind", sql_str(st, 3));
        jsonw_kstr(w, "person", sql_str(st, 4));
        jsonw_kstr(w, "group", sql_str(st, 5));
        jsonw_kstr(w, "why", sql_str(st, 6));
        jsonw_ktime(w, "from", sql_i64(st, 7));
        jsonw_ktime(w, "until", sql_i64(st, 8));
        jsonw_ktime(w, "returned", sql_is_null(st, 9) ? TIME_NONE : sql_i64(st, 9));
        jsonw_kbool(w, "in_force", sql_is_null(st, 9) && sql_i64(st, 8) > now);
        room_by_text(r, w, "by", sql_str(st, 10));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return MIN(e, 0);
}

static int write_answers(struct room *r, const struct room_actor *who, const struct names *x, struct jsonw *w, struct diag *err) {
    int e = 0;
    jsonw_key(w, STR("answers"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i <= x->n; i++) /* the first: every service */
        for (int k = 0; e == 0 && k < DUTY_KIND_MAX_; k++) {
            struct room_ask ask = {.service = i ? x->at[i - 1] : STR(""), .kind = (enum duty_kind) k, .called_ns = TIME_NONE};
            e = room_authority_write(r, who, &ask, w, err);
        }
    jsonw_end(w);
    return e;
}

int room_authorities_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    const struct room_duty *d = NULL;
    struct names *x;
    struct arena a;
    arena_init(&a, (size_t) 32 << 20);
    int e = room_duty_get(r, &d, reterr);
    x = arena_zalloc(&a, sizeof *x);
    if (e == 0 && !x)
        e = diag_set(reterr, -ENOMEM, "memory has run out");
    if (e < 0) {
        arena_done(&a);
        return e;
    }
    x->a = &a;
    map_init(&x->seen, 2 * SERVICES_MAX, 0);
    e = add_names(r, x, "SELECT json_extract(vals, '$.service') FROM register WHERE kind = 'authority' AND active ORDER BY id", reterr);
    if (e == 0)
        e = add_names(r, x, "SELECT name FROM service ORDER BY id", reterr);
    jsonw_object(w);
    jsonw_ktime(w, "at", room_now(r));
    jsonw_kbool(w, "empty", d->authority.n == 0);
    jsonw_kstr(w, "me", room_duty_person(&a, d, who).text);
    if (e == 0)
        e = write_answers(r, who, x, w, reterr);
    if (e == 0)
        e = write_lends(r, w, reterr);
    jsonw_key(w, STR("groups"));
    jsonw_array(w);
    for (size_t i = 0; i < r->duty->n_groups; i++)
        jsonw_str(w, r->duty->groups[i]);
    jsonw_end(w);
    jsonw_end(w);
    map_done(&x->seen);
    arena_done(&a);
    return e;
}
