#include "room/reach.h"

#include "room/register_priv.h"

struct reach room_reach_way(struct room *r, struct str person, int64_t turn) {
    static const struct {
        const char *way, *door;
    } ways[] = {{"mobile", "sms"}, {"sms", "sms"}, {"mail", "mail"}, {"chat", "chat"}, {"phone", NULL}};
    struct reach found[ARRAY_SIZE(ways)];
    struct arena a;
    size_t n = 0;
    arena_init(&a, 1 << 16);
    struct str key = room_duty_name(&a, person).key;
    for (size_t i = 0; key.p && r->duty && i < ARRAY_SIZE(ways); i++) {
        struct str address = room_duty_way(r->duty, key, ways[i].way);
        if (address.n)
            found[n++] = (struct reach){ways[i].way, ways[i].door, address};
    }
    arena_done(&a);
    return n ? found[(size_t) turn % n] : (struct reach){"none", NULL, STR("")};
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
    if (x->n == REACH_PEOPLE_MAX)
        return diag_set(x->err, -ERR_LIMIT, "at most %d people at once", REACH_PEOPLE_MAX);
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

int room_reach_members(struct room *r, struct str of, struct arena *a, struct str **ret, size_t *ret_n, struct diag *err) {
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

int room_reach_superiors(struct room *r, const struct str *of, size_t n, int64_t up, struct arena *a, struct str **ret, size_t *ret_n,
                         struct diag *err) {
    struct collecting x = {.r = r, .a = a, .err = err};
    int e = begin(&x);
    for (size_t k = 0; e == 0 && k < n; k++) {
        const struct register_row *person = register_rows_find(&x.people, of[k]);
        struct str top = person ? above(&x, value(person, "organisation"), up) : STR("");
        for (size_t i = 0; e == 0 && top.n && i < x.people.n; i++)
            if (x.people.at[i]->active && same(&x, value(x.people.at[i], "organisation"), top))
                e = take(&x, x.people.at[i]->name);
    }
    end(&x);
    *ret = x.list;
    *ret_n = x.n;
    return e;
}
