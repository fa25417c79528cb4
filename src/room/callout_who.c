/* Whom a callout reaches, and what the pages are told of it. */
#include "room/callout.h"
#include "room/callout_priv.h"
#include "room/register_priv.h"

int callout_load(struct room *r, int64_t id, struct arena *a, struct callout_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT c.incident_id, c.level, c.started_at, c.next_at, c.every_min, c.purpose, c.state, c.question, c.chain, i.person_at IS NOT NULL, c.text "
                      "FROM callout c LEFT JOIN incident i ON i.id = c.incident_id WHERE c.id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no callout %lld", (long long) id);
    *ret = (struct callout_row){.id = id, .incident = sql_i64(st, 0), .level = sql_i64(st, 1), .started_ns = sql_i64(st, 2),
                                .next_ns = sql_is_null(st, 3) ? TIME_NONE : sql_i64(st, 3), .every_min = sql_i64(st, 4),
                                .question = arena_dup(a, sql_str(st, 7)), .chain = arena_dup(a, sql_str(st, 8)), .taken = sql_i64(st, 9) == 1, .text = arena_dup(a, sql_str(st, 10))};
    snprintf(ret->purpose, sizeof ret->purpose, "%.*s", STR_ARG(sql_str(st, 5)));
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 6)));
    return ret->chain.p && ret->question.p && ret->text.p ? 0 : diag_set(err, -ENOMEM, "memory has run out");
}

struct collecting {
    struct room *r;
    struct arena *a;
    struct register_rows people, organisations;
    struct str *list;
    size_t n, cap;
    struct diag *err;
};

static int begin(struct collecting *x) {
    int e = register_rows_load(x->r, STR("people"), &x->people, x->err);
    return e == 0 ? register_rows_load(x->r, STR("organisations"), &x->organisations, x->err) : e;
}

static void end(struct collecting *x) {
    register_rows_done(&x->people);
    register_rows_done(&x->organisations);
}

static int take(struct collecting *x, struct str name) {
    struct str kept = arena_dup(x->a, name);
    for (size_t i = 0; i < x->n; i++)
        if (str_eq(x->list[i], name))
            return 0;
    if (x->n == CALLOUT_PEOPLE_MAX)
        return diag_set(x->err, -ERR_LIMIT, "at most %d people at once", CALLOUT_PEOPLE_MAX);
    if (!kept.p || arena_grow(x->a, (void **) &x->list, &x->cap, x->n + 1, sizeof *x->list) < 0)
        return diag_set(x->err, -ENOMEM, "memory has run out");
    x->list[x->n++] = kept;
    return 0;
}

static struct str value(const struct register_row *row, const char *key) {
    struct str s = STR("");
    (void) json_get_str(row->values, key, &s);
    return s;
}

/* The organisation `up` levels above a name; empty: none. */
static struct str above(struct collecting *x, struct str name, int64_t up) {
    while (name.n && up-- > 0) {
        const struct register_row *o = register_rows_find(&x->organisations, name);
        name = o ? value(o, "parent") : STR("");
    }
    return name;
}

static bool same(struct collecting *x, struct str a, struct str b) {
    struct str ka = register_key(x->a, a), kb = register_key(x->a, b);
    return ka.p && kb.p && ka.n && str_eq(ka, kb);
}

static bool within(struct collecting *x, struct str organisation, struct str top) {
    for (int depth = 0; organisation.n && depth < 40; depth++) {
        if (same(x, organisation, top))
            return true;
        organisation = above(x, organisation, 1);
    }
    return false;
}

int callout_members(struct room *r, struct str of, struct arena *a, struct str **ret, size_t *ret_n, struct diag *err) {
    struct collecting x = {.r = r, .a = a, .err = err};
    const struct room_duty *d;
    struct duty_slot on[DUTY_ORDERS];
    size_t n_on = 0;
    int e = room_duty_get(r, &d, err);
    if (e == 0 && of.n)
        e = duty_roster_at(a, &d->roster, room_duty_name(a, of).key, room_now(r), NS_PER_DAY, on, &n_on, err);
    for (size_t i = 0; e == 0 && i < n_on; i++)
        e = take(&x, on[i].who.text);
    if (e == 0)
        e = begin(&x);
    for (size_t i = 0; e == 0 && !n_on && i < x.people.n; i++)
        if (x.people.at[i]->active && (!of.n || within(&x, value(x.people.at[i], "organisation"), of)))
            e = take(&x, x.people.at[i]->name);
    end(&x);
    *ret = x.list;
    *ret_n = x.n;
    return e;
}

int callout_superiors(struct room *r, int64_t id, int64_t up, struct arena *a, struct str **ret, size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct collecting x = {.r = r, .a = a, .err = err};
    int e = begin(&x);
    if (e == 0)
        e = sql_query(r->db, &st, err,
                      "SELECT DISTINCT person FROM call c WHERE callout_id = ?1 AND level = 0 AND NOT EXISTS (SELECT 1 FROM call y WHERE y.callout_id = ?1 AND "
                      "y.person = c.person AND y.answered_at IS NOT NULL)",
                      "i", id);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        const struct register_row *person = register_rows_find(&x.people, sql_str(st, 0));
        struct str top = person ? above(&x, value(person, "organisation"), up) : STR("");
        e = 0;
        for (size_t i = 0; e == 0 && top.n && i < x.people.n; i++)
            if (x.people.at[i]->active && same(&x, value(x.people.at[i], "organisation"), top))
                e = take(&x, x.people.at[i]->name);
    }
    end(&x);
    *ret = x.list;
    *ret_n = x.n;
    return e;
}

/* ---- pages ---- */

enum { SHOWN_MAX = 50 };

static int write_calls(struct room *r, int64_t id, struct jsonw *w, int64_t *ret_people, int64_t *ret_reached, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT person, way, address, level, at, answered_at, answered_by, answer FROM call WHERE callout_id = ?1 ORDER BY answered_at IS NOT NULL, "
                      "level DESC, id LIMIT 2500",
                      "i", id);
    jsonw_key(w, STR("calls"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        bool answered = !sql_is_null(st, 5);
        *ret_people += sql_i64(st, 3) == 0;
        *ret_reached += sql_i64(st, 3) == 0 && answered;
        jsonw_object(w);
        jsonw_kstr(w, "person", sql_str(st, 0));
        jsonw_kstr(w, "way", sql_str(st, 1));
        jsonw_kstr(w, "address", sql_str(st, 2));
        jsonw_ki64(w, "level", sql_i64(st, 3));
        jsonw_ktime(w, "at", sql_i64(st, 4));
        jsonw_ktime(w, "answered", answered ? sql_i64(st, 5) : TIME_NONE);
        jsonw_key(w, STR("answered_by"));
        if (answered)
            room_by_text(r, w, NULL, sql_str(st, 6));
        else
            jsonw_null(w);
        jsonw_kstr(w, "answer", sql_str(st, 7));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

int room_callouts_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int n = 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, incident_id, purpose, kind, service, grp, text, question, state, level, started_at, next_at, ended_at, version FROM callout "
                      "WHERE incident_id = ?1 OR (?1 = 0 AND state IN ('calling', 'nobody')) ORDER BY id DESC",
                      "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("callouts"));
    jsonw_array(w);
    while (e == 0 && n < SHOWN_MAX && (e = sql_step(st, reterr)) == 1) {
        int64_t people = 0, reached = 0;
        e = room_may_read(r, who, OBJECT_CALLOUT, sql_i64(st, 0), reterr);
        if (e != 1)
            continue;
        n++;
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_key(w, STR("incident_id"));
        sql_is_null(st, 1) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 1));
        jsonw_kstr(w, "purpose", sql_str(st, 2));
        jsonw_kstr(w, "kind", sql_str(st, 3));
        jsonw_kstr(w, "service", sql_str(st, 4));
        jsonw_kstr(w, "group", sql_str(st, 5));
        jsonw_kstr(w, "text", sql_str(st, 6));
        jsonw_kstr(w, "question", sql_str(st, 7));
        jsonw_kstr(w, "state", sql_str(st, 8));
        jsonw_ki64(w, "level", sql_i64(st, 9));
        jsonw_ktime(w, "started", sql_i64(st, 10));
        jsonw_ktime(w, "next", sql_is_null(st, 11) ? TIME_NONE : sql_i64(st, 11));
        jsonw_ktime(w, "ended", sql_is_null(st, 12) ? TIME_NONE : sql_i64(st, 12));
        jsonw_ki64(w, "version", sql_i64(st, 13));
        e = write_calls(r, sql_i64(st, 0), w, &people, &reached, reterr);
        jsonw_ki64(w, "people", people);
        jsonw_ki64(w, "reached", reached);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}
