/* See directory.h. Everything is loaded and tied together once; loops cannot be in the registers (register_ref.c), and are guarded
 * against all the same, because whoever owns the database can write anything into it. */
#include "room/directory.h"

#include "base/mem.h"
#include "room/register_priv.h"

struct table {
    void **at; /* in the order of ids */
    size_t n;
    struct map by_key, by_id;
};
struct room_directory {
    struct room *r;
    struct register_all all;
    struct arena arena;
    struct table organisations, people, systems, contracts;
    struct map by_account; /* id of a person as text -> struct directory_person */
};

static const char *const way_names[WAY_MAX_] = {"mobile", "sms", "phone", "chat", "mail"};

const char *directory_way_to_string(enum directory_way_kind k) {
    return way_names[k];
}

const char *directory_reach_to_string(enum directory_reach x) {
    static const char *const names[] = {[REACH_OPEN] = "open", [REACH_NIGHT] = "night", [REACH_CLOSED] = "closed", [REACH_UNKNOWN] = "unknown"};
    return names[x];
}

/* ---- loading ---- */

static struct str field(const struct register_row *row, const char *name) {
    return register_value(row->values, str_of(name));
}

static struct str id_key(int64_t id, char dst[24]) {
    int n = snprintf(dst, 24, "%lld", (long long) id);
    return str_n(dst, (size_t) n);
}

static int table_add(struct room_directory *d, struct table *t, const struct register_row *row, void *x) {
    char id[24];
    struct str key = register_key(&d->arena, row->name);
    int e = key.p ? map_put(&t->by_id, id_key(row->id, id), x) : -ENOMEM;
    if (e == 0 && row->active)
        e = map_put(&t->by_key, key, x);
    if (e == 0 && row->active)
        t->at[t->n++] = x;
    return e;
}

typedef void fill_fn(struct room_directory *d, const struct register_row *row, void *x);

static int load(struct room_directory *d, const char *kind, struct table *t, size_t size, fill_fn *fill, struct diag *err) {
    map_init(&t->by_key, 2 * ROOM_REGISTER_ROWS_MAX, 0);
    map_init(&t->by_id, 2 * ROOM_REGISTER_ROWS_MAX, 0);
    struct register_rows *rows = register_all_of(&d->all, str_of(kind), err);
    if (!rows)
        return -EIO;
    t->at = arena_alloc(&d->arena, (rows->n + 1) * sizeof *t->at);
    int e = t->at ? 0 : -ENOMEM;
    for (size_t i = 0; e == 0 && i < rows->n; i++) {
        void *x = arena_zalloc(&d->arena, size);
        if (x)
            fill(d, rows->at[i], x);
        e = x ? table_add(d, t, rows->at[i], x) : -ENOMEM;
    }
    return e == -ENOMEM ? diag_set(err, e, "memory has run out") : e;
}

static void *find(const struct room_directory *d, const struct table *t, struct str name) {
    struct arena *a = (struct arena *) (uintptr_t) &d->arena; /* what is taken is given back */
    struct arena_mark mark = arena_mark(a);
    struct str key = name.n ? register_key(a, name) : STR_NULL;
    void *x = key.p ? map_get(&t->by_key, key) : NULL;
    arena_rewind(a, mark);
    return x;
}

static void *find_id(const struct table *t, int64_t id) {
    char key[24];
    return map_get(&t->by_id, id_key(id, key));
}

static void fill_organisation(struct room_directory *d UNUSED, const struct register_row *row, void *to) {
    *(struct directory_organisation *) to = (struct directory_organisation){
        .id = row->id, .active = row->active, .name = row->name, .rank = field(row, "rank"), .kind = field(row, "kind"),
        .phone = field(row, "phone"), .mail = field(row, "mail"), .hours = field(row, "hours"), .emergency_phone = field(row, "emergency_phone")};
}

static void add_way(struct directory_person *p, const struct register_row *row, enum directory_way_kind k) {
    struct str to = field(row, k == WAY_SMS ? "mobile" : way_names[k]);
    for (size_t i = 0; i < p->n_ways; i++)
        if (p->ways[i].kind == k)
            return;
    if (to.n)
        p->ways[p->n_ways++] = (struct directory_way){k, to};
}

/* In the order that is written; ways nobody put in an order come after those, the quickest first. */
static void fill_person(struct room_directory *d, const struct register_row *row, void *to) {
    static const enum directory_way_kind usual[] = {WAY_MOBILE, WAY_PHONE, WAY_CHAT, WAY_MAIL};
    struct directory_person *p = to;
    struct str list = field(row, "ways"), one;
    *p = (struct directory_person){.id = row->id, .active = row->active, .name = row->name, .kana = field(row, "kana"), .title = field(row, "title"),
                                   .account_name = field(row, "account"), .organisation = find(d, &d->organisations, field(row, "organisation"))};
    while (list.n && str_split(&list, '\n', &one))
        for (int k = 0; k < WAY_MAX_; k++)
            if (str_eq_z(one, way_names[k]))
                add_way(p, row, (enum directory_way_kind) k);
    for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
        add_way(p, row, usual[i]);
}

static void fill_system(struct room_directory *d, const struct register_row *row, void *to) {
    struct str kind = field(row, "kind"), who = field(row, "responsible");
    *(struct directory_system *) to = (struct directory_system){
        .id = row->id, .active = row->active, .is_service = !str_eq_z(kind, "system"), .name = row->name, .kind = kind,
        .importance = field(row, "importance"), .responsible = find(d, &d->people, who), .responsible_name = who};
}

static void fill_contract(struct room_directory *d, const struct register_row *row, void *to) {
    struct str supplier = field(row, "supplier");
    *(struct directory_contract *) to = (struct directory_contract){
        .id = row->id, .active = row->active, .name = row->name, .supplier = supplier, .hours = field(row, "hours"), .phone = field(row, "desk_phone"),
        .night_phone = field(row, "night_phone"), .night_response = field(row, "night_response"), .mail = field(row, "mail"), .mobile = field(row, "mobile"),
        .scope = field(row, "incident_scope"), .cost = field(row, "incident_cost"), .ends = field(row, "ends"), .systems = field(row, "systems"),
        .calls = field(row, "calls"), .organisation = find(d, &d->organisations, supplier)};
}

/* ---- tying together ---- */

static size_t depth_of(const struct directory_organisation *o, size_t most) {
    size_t depth = 0;
    while (o->parent && depth < most) {
        o = o->parent;
        depth++;
    }
    return depth;
}

static void tie_organisations(struct room_directory *d) {
    struct table *t = &d->organisations;
    struct register_rows *rows = register_all_of(&d->all, STR("organisations"), NULL);
    for (size_t i = 0; rows && i < rows->n; i++) {
        struct directory_organisation *o = find_id(t, rows->at[i]->id);
        o->parent = find(d, t, field(rows->at[i], "parent"));
    }
    size_t n = 0, deepest = 0;
    for (size_t i = 0; i < t->n; i++) {
        struct directory_organisation *o = t->at[i];
        o->depth = depth_of(o, t->n);
        if (o->depth >= t->n) { /* a loop: whoever wrote it, it ends here */
            o->parent = NULL;
            o->depth = 0;
        }
        deepest = MAX(deepest, o->depth);
    }
    void **sorted = arena_alloc(&d->arena, (t->n + 1) * sizeof *sorted);
    for (size_t depth = 0; sorted && depth <= deepest; depth++)
        for (size_t i = 0; i < t->n; i++)
            if (((struct directory_organisation *) t->at[i])->depth == depth)
                sorted[n++] = t->at[i];
    if (sorted && n == t->n)
        t->at = sorted;
}

static int tie_systems(struct room_directory *d, struct diag *err) {
    struct register_rows *rows = register_all_of(&d->all, STR("systems"), err);
    for (size_t i = 0; rows && i < rows->n; i++) {
        struct directory_system *s = find_id(&d->systems, rows->at[i]->id);
        struct str list = field(rows->at[i], "depends"), one;
        size_t n = list.n ? 1 : 0;
        for (size_t c = 0; c < list.n; c++)
            n += list.p[c] == '\n';
        const struct directory_system **to = arena_alloc(&d->arena, (n + 1) * sizeof(struct directory_system *));
        if (!to)
            return diag_set(err, -ENOMEM, "memory has run out");
        while (list.n && str_split(&list, '\n', &one)) {
            const struct directory_system *x = find(d, &d->systems, one);
            if (x && x != s)
                to[s->n_depends++] = x;
        }
        s->depends = to;
    }
    return rows ? 0 : -EIO;
}

static int tie_accounts(struct room_directory *d, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(d->r->db, &st, err, "SELECT id, name FROM person", "");
    map_init(&d->by_account, 2 * ROOM_REGISTER_ROWS_MAX, 0);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        char key[24];
        e = 0;
        for (size_t i = 0; e == 0 && i < d->people.n; i++) {
            struct directory_person *p = d->people.at[i];
            if (!p->account_name.n || !str_eq(p->account_name, sql_str(st, 1)))
                continue;
            p->account = sql_i64(st, 0);
            e = map_put(&d->by_account, id_key(p->account, key), p);
        }
    }
    return e;
}

int room_directory_open(struct room *r, struct room_directory **ret, struct diag *reterr) {
    CLEANUP(room_directory_closep) struct room_directory *d = mem_zalloc(sizeof *d);
    if (!d)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    d->r = r;
    arena_init(&d->arena, (size_t) 256 << 20);
    register_all_begin(&d->all, r);
    int e = load(d, "organisations", &d->organisations, sizeof(struct directory_organisation), fill_organisation, reterr);
    if (e == 0) {
        tie_organisations(d);
        e = load(d, "people", &d->people, sizeof(struct directory_person), fill_person, reterr);
    }
    if (e == 0)
        e = load(d, "systems", &d->systems, sizeof(struct directory_system), fill_system, reterr);
    if (e == 0)
        e = load(d, "contracts", &d->contracts, sizeof(struct directory_contract), fill_contract, reterr);
    if (e == 0)
        e = tie_systems(d, reterr);
    if (e == 0)
        e = tie_accounts(d, reterr);
    if (e == 0)
        *ret = TAKE_PTR(d);
    return e;
}

void room_directory_close(struct room_directory *d) {
    if (!d)
        return;
    struct table *const tables[] = {&d->organisations, &d->people, &d->systems, &d->contracts};
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        map_done(&tables[i]->by_key);
        map_done(&tables[i]->by_id);
    }
    map_done(&d->by_account);
    register_all_end(&d->all);
    arena_done(&d->arena);
    mem_free(d);
}

/* ---- asking ---- */

#define LOOK_UP(what, type, table)                                                                                                            \
    const struct type *room_directory_##what(const struct room_directory *d, struct str name) {                                               \
        return find(d, &d->table, name);                                                                                                      \
    }                                                                                                                                         \
    const struct type *room_directory_##what##_id(const struct room_directory *d, int64_t id) {                                               \
        return find_id(&d->table, id);                                                                                                        \
    }
LOOK_UP(organisation, directory_organisation, organisations)
LOOK_UP(person, directory_person, people)
LOOK_UP(system, directory_system, systems)

const struct directory_contract *room_directory_contract_id(const struct room_directory *d, int64_t id) {
    return find_id(&d->contracts, id);
}

const struct directory_person *room_directory_person_of_account(const struct room_directory *d, int64_t account) {
    char key[24];
    return map_get(&d->by_account, id_key(account, key));
}

size_t room_directory_organisations(const struct room_directory *d, const struct directory_organisation *const **ret) {
    *ret = (const struct directory_organisation *const *) d->organisations.at;
    return d->organisations.n;
}

size_t room_directory_systems(const struct room_directory *d, const struct directory_system *const **ret) {
    *ret = (const struct directory_system *const *) d->systems.at;
    return d->systems.n;
}

size_t room_directory_contracts(const struct room_directory *d, const struct directory_contract *const **ret) {
    *ret = (const struct directory_contract *const *) d->contracts.at;
    return d->contracts.n;
}

bool directory_is_within(const struct directory_organisation *o, const struct directory_organisation *top) {
    while (o && o != top)
        o = o->parent;
    return o && top;
}

int room_directory_members(struct room_directory *d, const struct directory_organisation *o, const struct directory_person *const **ret,
                           size_t *ret_n, struct diag *reterr) {
    const struct directory_person **list = arena_alloc(&d->arena, (d->people.n + 1) * sizeof(struct directory_person *));
    if (!list)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    *ret_n = 0;
    for (size_t i = 0; i < d->people.n; i++) {
        const struct directory_person *p = d->people.at[i];
        if (!o || directory_is_within(p->organisation, o))
            list[(*ret_n)++] = p;
    }
    *ret = (const struct directory_person *const *) list;
    return 0;
}

/* Rounds over all systems: what stands on something that stopped in the round before stops in this one. */
int room_directory_stops(struct room_directory *d, const struct directory_system *const *these, size_t n, const struct directory_stop **ret,
                         size_t *ret_n, struct diag *reterr) {
    struct directory_stop *out = arena_alloc(&d->arena, (d->systems.n + n + 1) * sizeof *out);
    struct map seen;
    char key[24];
    bool fresh;
    union map_value *at;
    int e = out ? 0 : diag_set(reterr, -ENOMEM, "memory has run out");
    map_init(&seen, 2 * ROOM_REGISTER_ROWS_MAX, 0);
    *ret_n = 0;
    for (size_t i = 0; e == 0 && i < n; i++) {
        e = map_add(&seen, id_key(these[i]->id, key), &at, &fresh);
        if (e == 0 && fresh)
            out[(*ret_n)++] = (struct directory_stop){.system = these[i]};
    }
    for (size_t before = 0, depth = 1; e == 0 && before < *ret_n; depth++) {
        size_t from = before, to = *ret_n;
        before = to;
        for (size_t i = 0; e == 0 && i < d->systems.n; i++) {
            const struct directory_system *s = d->systems.at[i], *via = NULL;
            if (map_find(&seen, id_key(s->id, key)))
                continue;
            for (size_t k = from; k < to && !via; k++)
                for (size_t x = 0; x < s->n_depends && !via; x++)
                    via = s->depends[x] == out[k].system ? out[k].system : NULL;
            if (!via)
                continue;
            e = map_add(&seen, id_key(s->id, key), &at, &fresh);
            out[(*ret_n)++] = (struct directory_stop){s, via, depth};
        }
    }
    map_done(&seen);
    *ret = out;
    return e;
}

/* ---- who answers now ---- */

static enum directory_reach reach(const struct room_directory *d, struct str hours, struct str phone, struct str night, int64_t t_ns, struct str *ret_phone,
                                  int64_t *ret_change) {
    struct hours h;
    int64_t change = TIME_NONE;
    *ret_phone = STR("");
    bool known = d->r->calendar && hours.n && hours_parse(hours, &h, NULL) == 0;
    bool open = known && hours_open_at(&h, d->r->calendar, t_ns, &change);
    if (ret_change)
        *ret_change = known ? change : TIME_NONE;
    if (open) {
        *ret_phone = phone.n ? phone : night;
        return REACH_OPEN;
    }
    *ret_phone = night.n ? night : STR("");
    return night.n ? REACH_NIGHT : known ? REACH_CLOSED : REACH_UNKNOWN;
}

enum directory_reach room_directory_contract_at(const struct room_directory *d, const struct directory_contract *c, int64_t t_ns,
                                                struct str *ret_phone, int64_t *ret_change_ns) {
    bool no_nights = str_eq_z(c->night_response, "no"); /* a number that rings in an empty room */
    return reach(d, c->hours, c->phone, no_nights ? STR("") : c->night_phone, t_ns, ret_phone, ret_change_ns);
}

enum directory_reach room_directory_organisation_at(const struct room_directory *d, const struct directory_organisation *o, int64_t t_ns,
                                                    struct str *ret_phone, int64_t *ret_change_ns) {
    return reach(d, o->hours, o->phone, o->emergency_phone, t_ns, ret_phone, ret_change_ns);
}
