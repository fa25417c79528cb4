/* See duty.h: from rows of registers to rows of src/duty. */
#include "room/duty_priv.h"

#include "base/mem.h"
#include "base/text.h"
#include "room/duty.h"
#include "room/register_priv.h"

#define MEMORY_BYTES_MAX ((size_t) 128 << 20) /* of 20,000 rows of each register */
#define BIT(k) (1u << (k))
#define ALL_KINDS (BIT(DUTY_KIND_MAX_) - 1)

static int no_memory(struct diag *err) {
    return diag_set(err, -ENOMEM, "memory has run out");
}

struct duty_name room_duty_name(struct arena *a, struct str text) {
    struct str kept = arena_dup(a, str_trim(text));
    return (struct duty_name){kept, kept.p ? text_name_key(a, kept) : STR_NULL};
}

static struct str value(const struct register_row *row, const char *key) {
    struct str s = STR("");
    (void) json_get_str(row->values, key, &s);
    return s;
}

struct reading {
    struct room *r;
    struct room_duty *d;
    struct duty_row *rows;
    struct duty_authority_row *rules;
    size_t n_rows, n_rules, cap_problems, cap_groups;
    struct diag *err;
};

static int problem(struct reading *x, const char *kind, const struct register_row *row, const char *why) {
    struct room_duty *d = x->d;
    if (arena_grow(&d->arena, (void **) &d->problems, &x->cap_problems, d->n_problems + 1, sizeof *d->problems) < 0)
        return no_memory(x->err);
    d->problems[d->n_problems++] =
        (struct room_duty_problem){kind, row->id, arena_dup(&d->arena, row->name), arena_dup(&d->arena, str_of(why))};
    return 0;
}

static int add_group(struct reading *x, struct str text) {
    struct room_duty *d = x->d;
    for (size_t i = 0; i < d->n_groups; i++)
        if (str_eq(d->groups[i], text))
            return 0;
    if (arena_grow(&d->arena, (void **) &d->groups, &x->cap_groups, d->n_groups + 1, sizeof *d->groups) < 0)
        return no_memory(x->err);
    d->groups[d->n_groups++] = text;
    return 0;
}

static int when_of(struct reading *x, const struct register_row *row, struct period *ret, struct diag *why) {
    return period_parse(&x->d->arena, x->d->roster.calendar, value(row, "days"), value(row, "hours"), row->updated_at_ns, ret, why);
}

static int read_roster(struct reading *x, const struct register_row *row) {
    static const char *const orders[DUTY_ORDERS] = {"first", "second", "third"};
    struct arena *a = &x->d->arena;
    struct diag why = {0};
    struct duty_row *to = &x->rows[x->n_rows];
    struct duty_name group = room_duty_name(a, value(row, "group"));
    bool anybody = false;
    *to = (struct duty_row){.group = group.key, .replaces = room_duty_name(a, value(row, "replaces")), .id = row->id};
    for (size_t i = 0; i < DUTY_ORDERS; i++) {
        to->who[i] = room_duty_name(a, value(row, orders[i]));
        anybody |= to->who[i].key.n > 0;
        if (!to->who[i].key.p)
            return no_memory(x->err);
    }
    if (!group.key.p || !to->replaces.key.p)
        return no_memory(x->err);
    if (when_of(x, row, &to->when, &why) < 0)
        return problem(x, "roster", row, why.text);
    if (!anybody)
        return problem(x, "roster", row, "the row names nobody; write なし where there is to be nobody");
    x->n_rows++;
    return add_group(x, group.text);
}

/* A number of minutes as people write it: "10", "１０分"; empty: 0. */
static int minutes_of(struct reading *x, struct str text, int *ret) {
    struct str s = text_normal(&x->d->arena, text);
    uint64_t n = 0;
    s = str_trim(s);
    if (s.n >= strlen("分") && str_ends(s, STR("分")))
        s = str_trim(str_to(s, s.n - strlen("分")));
    *ret = 0;
    if (!s.n)
        return 0;
    if (str_to_u64(s, &n) < 0 || n > 24 * 60)
        return -EINVAL;
    *ret = (int) n;
    return 0;
}

static int read_rule(struct reading *x, const struct register_row *row) {
    struct arena *a = &x->d->arena;
    struct diag why = {0};
    struct duty_authority_row *to = &x->rules[x->n_rules];
    struct duty_name service = room_duty_name(a, value(row, "service")), group = room_duty_name(a, value(row, "group"));
    struct str order = value(row, "order");
    int kind = duty_kind_from_string(value(row, "kind")), verb = duty_verb_from_string(value(row, "verb"));
    bool all = str_eq_z(value(row, "kind"), "all");
    *to = (struct duty_authority_row){.service = service.key, .kinds = all ? ALL_KINDS : kind < 0 ? 0 : BIT(kind), .who = room_duty_name(a, value(row, "who")),
                                      .group = group.key, .order = order.n ? (unsigned) (order.p[0] - '0') : 1,
                                      .two = str_eq_z(value(row, "two"), "yes"), .from_ns = TIME_NONE, .until_ns = TIME_NONE, .id = row->id};
    if (!service.key.p || !group.key.p || !to->who.key.p)
        return no_memory(x->err);
    if (verb < 0 || !to->kinds)
        return problem(x, "authority", row, "kind and role are wanted");
    to->verb = (enum duty_verb) verb;
    if (!to->who.key.n == !to->group.n)
        return problem(x, "authority", row, "a row names either a person or a group of the roster");
    if (minutes_of(x, value(row, "after_min"), &to->after_min) < 0)
        return problem(x, "authority", row, "the minutes without an answer are a number up to 1440");
    if (when_of(x, row, &to->when, &why) < 0)
        return problem(x, "authority", row, why.text);
    x->n_rules++;
    return 0;
}

/* What is lent and has not come back: rows with two instants. */
static int read_lends(struct reading *x, size_t room_for) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct arena *a = &x->d->arena;
    int e = sql_query(x->r->db, &st, x->err, "SELECT id, service, kind, person, grp, from_at, until_at FROM lend WHERE returned_at IS NULL ORDER BY id", "");
    while (e == 0 && room_for-- && (e = sql_step(st, x->err)) == 1) {
        struct duty_authority_row *to = &x->rules[x->n_rules++];
        int kind = duty_kind_from_string(sql_str(st, 2));
        *to = (struct duty_authority_row){.service = room_duty_name(a, sql_str(st, 1)).key, .kinds = kind < 0 ? ALL_KINDS : BIT(kind), .verb = DUTY_DECIDES,
                                          .who = room_duty_name(a, sql_str(st, 3)), .group = room_duty_name(a, sql_str(st, 4)).key, .order = 1,
                                          .from_ns = sql_i64(st, 5), .until_ns = sql_i64(st, 6), .id = sql_i64(st, 0)};
        e = to->service.p && to->who.key.p && to->group.p ? 0 : no_memory(x->err);
    }
    return MIN(e, 0);
}

static int read_people(struct reading *x) {
    struct register_rows people;
    struct arena *a = &x->d->arena;
    int e = register_rows_load(x->r, STR("people"), &people, x->err);
    for (size_t i = 0; e == 0 && i < people.n; i++) {
        const struct register_row *row = people.at[i];
        struct duty_name *name = arena_alloc(a, sizeof *name);
        struct duty_name account = room_duty_name(a, value(row, "account"));
        struct str json = arena_dup(a, row->json);
        struct json_value *values = NULL;
        union map_value *at;
        bool fresh;
        if (!row->active)
            continue;
        if (!name || !json.p || !account.key.p)
            e = no_memory(x->err);
        if (e == 0)
            *name = room_duty_name(a, row->name);
        if (e == 0)
            e = json_parse(a, json, &values, x->err);
        if (e == 0 && account.key.n && (e = map_add(&x->d->accounts, account.key, &at, &fresh)) == 0)
            at->ptr = name;
        if (e == 0 && (e = map_add(&x->d->people, name->key, &at, &fresh)) == 0)
            at->ptr = values;
    }
    register_rows_done(&people);
    return e;
}

static int read_all(struct reading *x) {
    struct register_rows roster = {0}, authority = {0};
    struct room_duty *d = x->d;
    int e = register_rows_load(x->r, STR("roster"), &roster, x->err);
    if (e == 0)
        e = register_rows_load(x->r, STR("authority"), &authority, x->err);
    const size_t lends_max = 1000;
    x->rows = arena_alloc(&d->arena, MAX(roster.n, 1u) * sizeof *x->rows);
    x->rules = arena_alloc(&d->arena, (authority.n + lends_max) * sizeof *x->rules);
    if (e == 0 && (!x->rows || !x->rules))
        e = no_memory(x->err);
    for (size_t i = 0; e == 0 && i < roster.n; i++)
        if (roster.at[i]->active)
            e = read_roster(x, roster.at[i]);
    for (size_t i = 0; e == 0 && i < authority.n; i++)
        if (authority.at[i]->active)
            e = read_rule(x, authority.at[i]);
    if (e == 0)
        e = read_lends(x, lends_max);
    if (e == 0)
        e = read_people(x);
    register_rows_done(&roster);
    register_rows_done(&authority);
    d->roster.rows = x->rows;
    d->roster.n = x->n_rows;
    d->authority = (struct duty_authority){&d->roster, x->rules, x->n_rules};
    return e;
}

static int state_of(struct room *r, int64_t state[4], struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT count(*), coalesce(sum(version), 0), (SELECT count(*) FROM lend), (SELECT coalesce(sum(version), 0) FROM lend) "
                      "FROM register WHERE kind IN ('roster', 'authority', 'people')",
                      "");
    if (e == 0)
        e = sql_step(st, err);
    for (int i = 0; e == 1 && i < 4; i++)
        state[i] = sql_i64(st, i);
    return MIN(e, 0);
}

void room_duty_free(struct room_duty *d) {
    if (!d)
        return;
    map_done(&d->accounts);
    map_done(&d->people);
    arena_done(&d->arena);
    mem_free(d);
}

static int load(struct room *r, const int64_t state[4], struct diag *err) {
    struct room_duty *d = mem_zalloc(sizeof *d);
    if (!d)
        return no_memory(err);
    arena_init(&d->arena, MEMORY_BYTES_MAX);
    map_init(&d->accounts, 2 * ROOM_REGISTER_ROWS_MAX, 0);
    map_init(&d->people, 2 * ROOM_REGISTER_ROWS_MAX, 0);
    memcpy(d->state, state, sizeof d->state);
    d->roster.calendar = r->calendar;
    struct reading x = {.r = r, .d = d, .err = err};
    int e = read_all(&x);
    if (e < 0) {
        room_duty_free(d);
        return e;
    }
    room_duty_free(r->duty);
    r->duty = d;
    return 0;
}

int room_duty_get(struct room *r, const struct room_duty **ret, struct diag *reterr) {
    int64_t state[4] = {0};
    if (!r->calendar)
        return diag_set(reterr, -ERR_UNSUPPORTED, "the room was started without a calendar");
    int e = state_of(r, state, reterr);
    if (e == 0 && (!r->duty || memcmp(state, r->duty->state, sizeof state) != 0))
        e = load(r, state, reterr);
    *ret = r->duty;
    return e;
}

/* ---- persons ---- */

struct duty_name room_duty_person(struct arena *a, const struct room_duty *d, const struct room_actor *who) {
    struct duty_name name = room_duty_name(a, str_of(who->name));
    const struct duty_name *linked = name.key.p && who->person ? map_get(&d->accounts, name.key) : NULL;
    return linked ? *linked : name;
}

int room_duty_account(struct room *r, const struct room_duty *d, struct str person_key, int64_t *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct arena a;
    int e = sql_query(r->db, &st, reterr, "SELECT id, name FROM person WHERE active ORDER BY id", "");
    *ret = 0;
    arena_init(&a, 1 << 20);
    while (e == 0 && *ret == 0 && (e = sql_step(st, reterr)) == 1) {
        struct room_actor who = {.person = sql_i64(st, 0)};
        snprintf(who.name, sizeof who.name, "%.*s", STR_ARG(str_to(sql_str(st, 1), ROOM_NAME_BYTES_MAX)));
        struct duty_name n = room_duty_person(&a, d, &who);
        if (n.key.p && str_eq(n.key, person_key))
            *ret = who.person;
        arena_reset(&a);
        e = 0;
    }
    arena_done(&a);
    return MIN(e, 0);
}

struct str room_duty_way(const struct room_duty *d, struct str person_key, const char *way) {
    const struct json_value *values = map_get(&d->people, person_key);
    struct str s = STR("");
    if (values)
        (void) json_get_str(values, way, &s);
    return s;
}

struct str room_duty_phone(const struct room_duty *d, struct str person_key) {
    static const char *const ways[] = {"mobile", "phone", "sms"};
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct str s = room_duty_way(d, person_key, ways[i]);
        if (s.n)
            return s;
    }
    return STR("");
}
