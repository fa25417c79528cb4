/* What rows of registers name of each other. A reference is kept as the name, so that the chain, an export and the person at the
 * screen read the same; it is resolved by the folded name when it is asked for, and follows when its target is renamed.
 *
 * Rows that are about to be written are checked together: targets may stand in the same file, and a row that is refused takes those
 * along that name it. Loops are looked for over the rows as they would then be. */
#include "base/text.h"
#include "room/register_priv.h"

static const struct {
    const char *name, *help;
} faults[] = {
    [REF_NO_TARGET] = {"no_target", "no row has this name; take that register in first, or correct the name"},
    [REF_LOOP] = {"loop", "this leads back to the row itself; change one of the rows that are named"},
    [REF_LOOSE] = {"not_there_yet", "no row has this name yet; it is kept, and becomes a link when there is one"},
};

const char *register_ref_fault_to_string(enum register_ref_fault f) {
    return faults[f].name;
}

const char *register_ref_fault_help(enum register_ref_fault f) {
    return faults[f].help;
}

struct str register_value(const struct json_value *values, struct str field) {
    for (const struct json_value *v = values ? values->first : NULL; v; v = v->next)
        if (v->type == JSON_STRING && str_eq(v->key, field))
            return v->text;
    return STR("");
}

static bool has_member(const struct json_value *values, struct str field) {
    for (const struct json_value *v = values ? values->first : NULL; v; v = v->next)
        if (str_eq(v->key, field))
            return true;
    return false;
}

/* ---- all rows ---- */

void register_all_begin(struct register_all *x, struct room *r) {
    *x = (struct register_all){.r = r};
}

void register_all_end(struct register_all *x) {
    for (size_t i = 0; i < REGISTER_KINDS_MAX; i++)
        if (x->loaded[i])
            register_rows_done(&x->rows[i]);
}

struct register_rows *register_all_of(struct register_all *x, struct str kind, struct diag *err) {
    const struct register_kind *k = register_kind_find(&x->r->kinds, kind);
    size_t i = k ? (size_t) (k - x->r->kinds.at) : REGISTER_KINDS_MAX - 1;
    if (!x->loaded[i]) {
        int e = register_rows_load(x->r, kind, &x->rows[i], err);
        x->loaded[i] = true;
        if (e < 0)
            return NULL;
    }
    return &x->rows[i];
}

/* ---- checking ---- */

struct node {
    struct str name;
    size_t row;            /* of the file, or SIZE_MAX */
    const struct register_row *old;
    int colour;            /* 0 unseen, 1 on the way, 2 done */
};
struct checking {
    struct register_all *all;
    struct register_rows *own;
    struct register_new *rows;
    size_t n;
    struct arena *a;
    struct register_faults *faults;
    struct map by_key; /* key -> index of the node + 1 */
    struct node *nodes;
    size_t n_nodes;
    struct diag *err;
};

static int no_memory(struct checking *c) {
    return diag_set(c->err, -ENOMEM, "memory has run out");
}

static int add_fault(struct checking *c, size_t row, const struct register_field *f, struct str value, enum register_ref_fault fault) {
    if (arena_grow(c->a, (void **) &c->faults->at, &c->faults->cap, c->faults->n + 1, sizeof *c->faults->at) < 0)
        return no_memory(c);
    c->faults->at[c->faults->n++] = (struct register_fault){row, f->name, value, fault};
    c->rows[row].bad |= fault != REF_LOOSE;
    return 0;
}

static int add_node(struct checking *c, struct str name, size_t row, const struct register_row *old) {
    struct str key = register_key(c->a, name);
    union map_value *at;
    bool fresh;
    int e = key.p ? map_add(&c->by_key, key, &at, &fresh) : -ENOMEM;
    if (e < 0)
        return e == -ENOMEM ? no_memory(c) : e;
    if (!fresh && row == SIZE_MAX)
        return 0;
    at->num = c->n_nodes + 1;
    c->nodes[c->n_nodes++] = (struct node){.name = name, .row = row, .old = old};
    if (!old || str_eq(register_key(c->a, old->name), key))
        return 0;
    e = map_add(&c->by_key, register_key(c->a, old->name), &at, &fresh); /* renamed: others still say the old name */
    if (e == 0 && fresh)
        at->num = c->n_nodes;
    return e;
}

/* The rows as they would then be. */
static int build(struct checking *c) {
    int e = 0;
    map_done(&c->by_key);
    map_init(&c->by_key, 4 * ROOM_REGISTER_ROWS_MAX, 0);
    c->n_nodes = 0;
    for (size_t i = 0; e == 0 && i < c->n; i++)
        if (!c->rows[i].bad)
            e = add_node(c, c->rows[i].name, i, c->rows[i].old);
    for (size_t i = 0; e == 0 && i < c->own->n; i++)
        e = add_node(c, c->own->at[i]->name, SIZE_MAX, c->own->at[i]);
    return e;
}

static struct str value_of(const struct checking *c, const struct node *node, const struct register_field *f) {
    const struct json_value *now = node->row == SIZE_MAX ? NULL : c->rows[node->row].values;
    if (now && (c->rows[node->row].whole || has_member(now, f->name)))
        return register_value(now, f->name);
    return node->old ? register_value(node->old->values, f->name) : STR("");
}

static struct node *node_of(struct checking *c, struct str name) {
    struct arena_mark mark = arena_mark(c->a);
    struct str key = register_key(c->a, name);
    union map_value *at = key.p ? map_find(&c->by_key, key) : NULL;
    arena_rewind(c->a, mark);
    return at ? &c->nodes[at->num - 1] : NULL;
}

/* Splits one name off: of a single reference the whole value. */
static bool next_name(const struct register_field *f, struct str *rest, struct str *one) {
    if (f->many)
        return rest->n && str_split(rest, '\n', one);
    *one = *rest;
    *rest = STR("");
    return one->n > 0;
}

static int check_targets(struct checking *c, struct str kind, size_t row, const struct register_field *f, bool loose) {
    struct str list = register_value(c->rows[row].values, f->name), one;
    bool here = str_eq(f->to, kind);
    struct register_rows *rows = here ? NULL : register_all_of(c->all, f->to, c->err);
    if (!here && !rows)
        return c->err ? c->err->code : -EIO;
    int e = 0;
    while (e == 0 && next_name(f, &list, &one)) {
        bool there = here ? node_of(c, one) != NULL : register_rows_find(rows, one) != NULL;
        if (!there && f->loose == loose)
            e = add_fault(c, row, f, one, loose ? REF_LOOSE : REF_NO_TARGET);
    }
    return e;
}

/* One round over the rows that still stand; how many fell. */
static int each_target(struct checking *c, const struct register_kind *k, bool loose, size_t *ret_fell) {
    int e = 0;
    *ret_fell = 0;
    for (size_t i = 0; e == 0 && i < c->n; i++)
        for (size_t f = 0; e == 0 && !c->rows[i].bad && f < k->n_fields; f++)
            if (k->fields[f].to.n) {
                e = check_targets(c, k->name, i, &k->fields[f], loose);
                *ret_fell += c->rows[i].bad;
            }
    return e;
}

/* ---- loops ---- */

struct step {
    size_t node;
    struct str rest;
};

static int mark_loop(struct checking *c, const struct register_field *f, const struct step *stack, size_t depth, size_t from, size_t *fell) {
    struct str path = STR("");
    size_t begin = depth;
    while (begin > 0 && stack[begin - 1].node != from)
        begin--;
    begin -= begin > 0;
    for (size_t i = begin; i < depth && path.p; i++)
        path = arena_printf(c->a, "%.*s%.*s → ", STR_ARG(path), STR_ARG(c->nodes[stack[i].node].name));
    if (path.p)
        path = arena_printf(c->a, "%.*s%.*s", STR_ARG(path), STR_ARG(c->nodes[from].name));
    if (!path.p)
        return no_memory(c);
    int e = 0;
    for (size_t i = begin; e == 0 && i < depth; i++) {
        size_t row = c->nodes[stack[i].node].row;
        if (row == SIZE_MAX || c->rows[row].bad)
            continue;
        e = add_fault(c, row, f, path, REF_LOOP);
        ++*fell;
    }
    return e;
}

static int follow(struct checking *c, const struct register_field *f, struct step *stack, size_t start, size_t *fell) {
    size_t depth = 1;
    int e = 0;
    stack[0] = (struct step){start, value_of(c, &c->nodes[start], f)};
    c->nodes[start].colour = 1;
    while (e == 0 && depth) {
        struct step *top = &stack[depth - 1];
        struct str one;
        if (!next_name(f, &top->rest, &one)) {
            c->nodes[top->node].colour = 2;
            depth--;
            continue;
        }
        struct node *to = node_of(c, one);
        if (!to || to->colour == 2)
            continue;
        if (to->colour == 1) {
            e = mark_loop(c, f, stack, depth, (size_t) (to - c->nodes), fell);
            continue;
        }
        to->colour = 1;
        stack[depth++] = (struct step){(size_t) (to - c->nodes), value_of(c, to, f)};
    }
    return e;
}

static int each_loop(struct checking *c, const struct register_kind *k, size_t *ret_fell) {
    struct step *stack = arena_alloc(c->a, (c->n_nodes + 1) * sizeof *stack);
    int e = stack ? 0 : no_memory(c);
    *ret_fell = 0;
    for (size_t f = 0; e == 0 && f < k->n_fields; f++) {
        if (!k->fields[f].acyclic)
            continue;
        for (size_t i = 0; i < c->n_nodes; i++)
            c->nodes[i].colour = 0;
        for (size_t i = 0; e == 0 && i < c->n_nodes; i++)
            if (!c->nodes[i].colour)
                e = follow(c, &k->fields[f], stack, i, ret_fell);
    }
    return e;
}

int register_refs_check(struct register_all *x, struct str kind, struct register_new *rows, size_t n, struct arena *a,
                        struct register_faults *ret, struct diag *err) {
    enum { ROUNDS = 200 }; /* each takes at least one row away; a file that needs more is not a person's */
    const struct register_kind *k = register_kind_find(&x->r->kinds, kind);
    size_t fell = 1, rounds = 0;
    *ret = (struct register_faults){0};
    if (!k)
        return 0;
    struct checking c = {.all = x, .own = register_all_of(x, kind, err), .rows = rows, .n = n, .a = a, .faults = ret, .err = err};
    if (!c.own)
        return -EIO;
    map_init(&c.by_key, 4 * ROOM_REGISTER_ROWS_MAX, 0);
    c.nodes = arena_alloc(a, (n + c.own->n + 1) * sizeof *c.nodes);
    int e = c.nodes ? 0 : no_memory(&c);
    while (e == 0 && fell && rounds++ < ROUNDS) {
        e = build(&c);
        if (e == 0)
            e = each_target(&c, k, false, &fell);
        if (e == 0 && !fell)
            e = each_loop(&c, k, &fell);
    }
    if (e == 0 && fell)
        e = diag_set(err, -ERR_LIMIT, "too many rows of this file lead back to themselves; correct those that are named first");
    if (e == 0)
        e = each_target(&c, k, true, &fell);
    map_done(&c.by_key);
    return e;
}

/* ---- renaming ---- */

/* The values with one name in a field made another; .p NULL when nothing changes or memory ends. */
static struct str renamed(struct arena *a, const struct register_row *row, const struct register_field *f, struct str was, struct str now) {
    struct str list = register_value(row->values, f->name), one, key = register_key(a, was);
    struct buf value, out;
    struct jsonw w;
    bool changes = false;
    buf_init(&value, 256 * 1024);
    buf_init(&out, 512 * 1024);
    while (key.p && next_name(f, &list, &one)) {
        bool is = str_eq(register_key(a, one), key);
        changes |= is;
        if (buf_str(&value).n)
            buf_add_z(&value, "\n");
        buf_add(&value, is ? now : one);
    }
    jsonw_init(&w, &out);
    jsonw_object(&w);
    for (const struct json_value *v = row->values->first; changes && v; v = v->next) {
        jsonw_key(&w, v->key);
        if (str_eq(v->key, f->name))
            jsonw_str(&w, buf_str(&value));
        else
            jsonw_value(&w, v);
    }
    jsonw_end(&w);
    struct str s = changes && !buf_error(&value) && !buf_error(&out) ? arena_dup(a, buf_str(&out)) : STR_NULL;
    buf_done(&value);
    buf_done(&out);
    return s;
}

static int rename_in(struct room *r, const struct room_actor *by, const struct register_kind *k, const struct register_field *f, struct str was,
                     struct str now, struct diag *err) {
    struct register_rows rows;
    int e = register_rows_load(r, k->name, &rows, err);
    for (size_t i = 0; e == 0 && i < rows.n; i++) {
        struct arena_mark mark = arena_mark(&rows.arena);
        struct str json = renamed(&rows.arena, rows.at[i], f, was, now);
        if (json.p)
            e = register_update(r, by, rows.at[i]->id, rows.at[i]->version, rows.at[i]->name, json, rows.at[i]->active, err);
        if (json.p && e == 0)
            room_changed(r, "registers", rows.at[i]->id);
        arena_rewind(&rows.arena, mark);
    }
    register_rows_done(&rows);
    return e;
}

int register_refs_rename(struct room *r, const struct room_actor *by, struct str kind, struct str was, struct str now, struct diag *err) {
    int e = 0;
    for (size_t i = 0; i < r->kinds.n; i++)
        for (size_t f = 0; e == 0 && f < r->kinds.at[i].n_fields; f++)
            if (str_eq(r->kinds.at[i].fields[f].to, kind))
                e = rename_in(r, by, &r->kinds.at[i], &r->kinds.at[i].fields[f], was, now, err);
    return e;
}

/* ---- how often a row is named ---- */

static int count_row(struct register_uses *u, const struct register_kind *k, const struct register_row *row, int64_t by) {
    struct arena_mark mark = arena_mark(&u->arena);
    struct str self = register_key(&u->arena, row->name);
    int e = self.p ? 0 : -ENOMEM;
    for (size_t f = 0; e == 0 && f < k->n_fields; f++) {
        struct str list = register_value(row->values, k->fields[f].name), one;
        while (e == 0 && k->fields[f].to.n && next_name(&k->fields[f], &list, &one)) {
            struct str key = register_key(&u->arena, one), full = arena_printf(&u->arena, "%.*s\n%.*s", STR_ARG(k->fields[f].to), STR_ARG(key));
            union map_value *at;
            if (!full.p)
                e = -ENOMEM;
            else if (str_eq(k->fields[f].to, k->name) && str_eq(key, self))
                continue;
            else if ((e = map_add(&u->counts, full, &at, NULL)) == 0)
                at->num += (uint64_t) by;
        }
    }
    arena_rewind(&u->arena, mark);
    return e;
}

int register_uses_load(struct room *r, struct register_uses *u, struct diag *err) {
    int e = 0;
    map_init(&u->counts, 64 * ROOM_REGISTER_ROWS_MAX, 0);
    arena_init(&u->arena, 16 << 20);
    for (size_t i = 0; e == 0 && i < r->kinds.n; i++) {
        struct register_rows rows;
        e = register_rows_load(r, r->kinds.at[i].name, &rows, err);
        for (size_t k = 0; e == 0 && k < rows.n; k++)
            e = count_row(u, &r->kinds.at[i], rows.at[k], 1);
        register_rows_done(&rows);
    }
    return e;
}

void register_uses_done(struct register_uses *u) {
    map_done(&u->counts);
    arena_done(&u->arena);
}

uint64_t register_uses_of(struct register_uses *u, struct str kind, struct str name) {
    struct arena_mark mark = arena_mark(&u->arena);
    struct str key = register_key(&u->arena, name), full = key.p ? arena_printf(&u->arena, "%.*s\n%.*s", STR_ARG(kind), STR_ARG(key)) : STR_NULL;
    union map_value *at = full.p ? map_find(&u->counts, full) : NULL;
    arena_rewind(&u->arena, mark);
    return at ? at->num : 0;
}

void register_uses_gone(struct room *r, struct register_uses *u, struct str kind, const struct register_row *row) {
    const struct register_kind *k = register_kind_find(&r->kinds, kind);
    if (k)
        IGNORE(count_row(u, k, row, -1));
}

int register_uses_back(struct room *r, struct register_uses *u, struct str kind, const struct register_row *row, const struct json_value *values) {
    const struct register_kind *k = register_kind_find(&r->kinds, kind);
    struct register_row now = *row;
    now.values = (struct json_value *) (uintptr_t) values;
    return k && values ? count_row(u, k, &now, 1) : 0;
}
