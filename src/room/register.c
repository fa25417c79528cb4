/* See register.h. Here: rows. */
#include "room/register_priv.h"

#include "base/text.h"

struct str register_key(struct arena *a, struct str name) {
    return text_name_key(a, name);
}

/* ---- rows in memory ---- */

static int take_row(struct register_rows *x, struct sql_stmt *st, struct diag *err) {
    struct register_row *row = arena_zalloc(&x->arena, sizeof *row);
    union map_value *at;
    bool fresh;
    if (!row || arena_grow(&x->arena, (void **) &x->at, &x->cap, x->n + 1, sizeof *x->at) < 0)
        return diag_set(err, -ENOMEM, "memory has run out");
    *row = (struct register_row){.id = sql_i64(st, 0), .version = sql_i64(st, 1), .active = sql_i64(st, 4) != 0,
                                 .name = arena_dup(&x->arena, sql_str(st, 2)), .json = arena_dup(&x->arena, sql_str(st, 3)),
                                 .updated_at_ns = sql_i64(st, 5), .updated_by = arena_dup(&x->arena, sql_str(st, 6))};
    struct str key = row->name.p ? register_key(&x->arena, row->name) : STR_NULL;
    if (!key.p || !row->json.p || !row->updated_by.p)
        return diag_set(err, -ENOMEM, "memory has run out");
    int e = json_parse(&x->arena, row->json, &row->values, err);
    if (e == 0)
        e = map_add(&x->by_key, key, &at, &fresh);
    if (e < 0)
        return e;
    at->ptr = row;
    x->at[x->n++] = row;
    return 0;
}

int register_rows_load(struct room *r, struct str kind, struct register_rows *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret = (struct register_rows){0};
    arena_init(&ret->arena, (size_t) 512 << 20);
    map_init(&ret->by_key, 2 * ROOM_REGISTER_ROWS_MAX, 0);
    int e = sql_query(r->db, &st, err, "SELECT id, version, name, vals, active, updated_at, updated_by FROM register WHERE kind = ?1 ORDER BY id",
                      "s", &kind);
    while (e == 0 && (e = sql_step(st, err)) == 1)
        e = take_row(ret, st, err);
    return MIN(e, 0);
}

void register_rows_done(struct register_rows *x) {
    map_done(&x->by_key);
    arena_done(&x->arena);
}

struct register_row *register_rows_find(struct register_rows *x, struct str name) {
    struct arena_mark mark = arena_mark(&x->arena);
    struct str key = register_key(&x->arena, name);
    struct register_row *row = key.p ? map_get(&x->by_key, key) : NULL;
    arena_rewind(&x->arena, mark);
    return row;
}

/* ---- writing ---- */

static int write_key(struct str name, struct arena *a, struct str *ret, struct diag *err) {
    arena_init(a, 1 << 20);
    *ret = register_key(a, name);
    return ret->p ? 0 : diag_set(err, -ENOMEM, "memory has run out");
}

static int count_rows(struct room *r, struct str kind, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT count(*) FROM register WHERE kind = ?1", "s", &kind);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

int register_insert(struct room *r, const struct room_actor *by, struct str kind, struct str name, struct str json, int64_t *ret_id,
                    struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_REGISTER, .tlp = TLP_AMBER, .owner = by->person, .detail = json};
    struct arena a;
    struct str key;
    int64_t n = 0;
    int e = write_key(name, &a, &key, err);
    if (e == 0)
        e = count_rows(r, kind, &n, err);
    if (e == 0 && n >= ROOM_REGISTER_ROWS_MAX)
        e = diag_set(err, -ERR_LIMIT, "a register holds at most %d rows", ROOM_REGISTER_ROWS_MAX);
    if (e == 0)
        e = room_write(r, &w, ret_id, err, "INSERT INTO register(kind, key, name, vals) VALUES (?1, ?2, ?3, ?4)", "ssss", &kind, &key, &name, &json);
    arena_done(&a);
    return e;
}

int register_update(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str name, struct str json, bool active,
                    struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_REGISTER, .id = id, .version = version, .detail = json};
    struct arena a;
    struct str key;
    int e = write_key(name, &a, &key, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE register SET key = ?2, name = ?3, vals = ?4, active = ?5 WHERE id = ?1", "isssi", id, &key,
                       &name, &json, (int64_t) active);
    arena_done(&a);
    return e;
}

int room_registers_load(struct room *r, const char *folder, struct diag *reterr) {
    register_kinds_done(&r->kinds);
    return register_kinds_load(&r->kinds, folder, reterr);
}

static int refuse(const struct register_faults *faults, struct room_register_refusal *ret, struct diag *err) {
    for (size_t i = 0; i < faults->n; i++) {
        const struct register_fault *f = &faults->at[i];
        if (f->fault == REF_LOOSE)
            continue;
        snprintf(ret->field, sizeof ret->field, "%.*s", STR_ARG(f->field));
        snprintf(ret->code, sizeof ret->code, "%s", register_ref_fault_to_string(f->fault));
        snprintf(ret->why, sizeof ret->why, "%.*s", (int) MIN(f->value.n, sizeof ret->why - 1), f->value.p);
        return diag_set(err, -ENOLINK, "%.*s: '%.*s': %s", STR_ARG(f->field), STR_ARG(f->value), register_ref_fault_help(f->fault));
    }
    return 0;
}

struct putting {
    struct room *r;
    const struct room_actor *by;
    const struct room_register_row *row;
    int64_t version;
    bool active;
    struct str json;
};

static int put(const struct putting *p, int64_t *id, struct room_register_refusal *ret_refusal, struct diag *err) {
    struct register_all all;
    struct arena a;
    struct register_faults faults = {0};
    struct register_new new = {.name = p->row->key, .values = p->row->values, .whole = true};
    register_all_begin(&all, p->r);
    arena_init(&a, (size_t) 256 << 20);
    struct register_rows *own = register_all_of(&all, p->row->kind, err);
    int e = own ? 0 : -EIO;
    for (size_t i = 0; e == 0 && i < own->n; i++)
        if (own->at[i]->id == *id)
            new.old = own->at[i];
    if (e == 0)
        e = register_refs_check(&all, p->row->kind, &new, 1, &a, &faults, err);
    if (e == 0)
        e = refuse(&faults, ret_refusal, err);
    if (e == 0)
        e = *id ? register_update(p->r, p->by, *id, p->version, p->row->key, p->json, p->active, err)
                : register_insert(p->r, p->by, p->row->kind, p->row->key, p->json, id, err);
    if (e == 0 && new.old && !str_eq(new.old->name, p->row->key))
        e = register_refs_rename(p->r, p->by, p->row->kind, new.old->name, p->row->key, err);
    arena_done(&a);
    register_all_end(&all);
    return e;
}

int room_register_put(struct room *r, const struct room_actor *by, const struct room_register_row *row, int64_t id, int64_t version,
                      bool active, int64_t *ret_id, struct room_register_refusal *ret_refusal, struct diag *reterr) {
    struct putting p = {.r = r, .by = by, .row = row, .version = version, .active = active};
    struct buf b;
    struct jsonw w;
    buf_init(&b, 256 * 1024);
    jsonw_init(&w, &b);
    jsonw_value(&w, row->values);
    int e = buf_error(&b);
    if (e == 0)
        e = room_begin(r, reterr);
    if (e == 0) {
        *ret_id = id;
        p.json = buf_str(&b);
        e = put(&p, ret_id, ret_refusal, reterr);
        room_changed(r, "registers", *ret_id);
        e = room_end(r, e, reterr);
    }
    buf_done(&b);
    return e;
}

int room_register_kind(struct room *r, int64_t id, char dst[64], struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT kind FROM register WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        snprintf(dst, 64, "%.*s", STR_ARG(sql_str(st, 0)));
    return e == 0 ? diag_set(reterr, -ENOENT, "no row %lld", (long long) id) : MIN(e, 0);
}
