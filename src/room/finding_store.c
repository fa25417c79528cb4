#include "room/finding_store.h"

#include "base/map.h"
#include "room/room_priv.h"

/* A burst is told again with every few lines, and nearly all of its values are what is stored already: they are read once and compared,
 * which costs a tenth of writing each again. */
enum { KNOWN_FROM = 8, KNOWN_MAX = 20000, KNOWN_ARENA = 8 * 1024 * 1024 };
struct known_value {
    struct str kind;
    int64_t is_group, n, first_ns, spool_n; /* n and spool_n -1, first_ns TIME_NONE: not stored */
};
struct known {
    struct arena arena;
    struct map by_value;
};
struct put {
    const struct room_finding *f;
    bool stored; /* an earlier revision is */
};

int room_finding_find(struct room *r, struct str fid, struct room_stored *ret,
                      struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret = (struct room_stored){0};
    int e =
        sql_query(r->db, &st, reterr,
                  "SELECT id, revision, incident_id, count FROM finding WHERE fid = ?1", "s", &fid);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        *ret = (struct room_stored){sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 2), sql_i64(st, 3)};
    return e < 0 ? e : 0;
}

static int read_known(struct known *k, struct room *r, int64_t id, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int more, e = sql_query(r->db, &st, err, "SELECT kind, value, is_group, coalesce(n, -1), first_at, coalesce(spool_n, -1) FROM finding_value WHERE finding_id = ?1", "i", id);
    while (e == 0 && k->by_value.n < KNOWN_MAX && (more = sql_step(st, err)) != 0) {
        struct str value = more < 0 ? STR_NULL : arena_dup(&k->arena, sql_str(st, 1));
        struct known_value *row = more < 0 ? NULL : arena_alloc(&k->arena, sizeof *row);
        if (more < 0)
            return more;
        if (!value.p || !row)
            return 0; /* what is not known is written */
        *row = (struct known_value){arena_dup(&k->arena, sql_str(st, 0)), sql_i64(st, 2), sql_i64(st, 3),
                                    sql_is_null(st, 4) ? TIME_NONE : sql_i64(st, 4), sql_i64(st, 5)};
        e = map_put(&k->by_value, value, row); /* of a value of two kinds the last is known, the other written */
    }
    return e;
}

/* Whether writing the value would change nothing. */
static bool is_known(const struct known *k, const struct room_value *v) {
    const struct known_value *row = map_get(&k->by_value, v->value);
    return row && str_eq_z(row->kind, room_entity_to_string(v->kind)) && row->is_group == v->is_group && row->n >= 0 && v->n <= row->n &&
           (v->first_ns == TIME_NONE || (row->first_ns != TIME_NONE && row->first_ns <= v->first_ns)) && (v->spool_n < 0 || row->spool_n >= 0);
}

static int put_each_value(struct room *r, int64_t id, const struct room_finding *f, const struct known *known, struct diag *err) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++) {
        const struct room_value *v = &f->values[i];
        if (is_known(known, v))
            continue;
        /* an earlier revision's row keeps what only it knew */
        e = room_write_part(
            r, err,
            "INSERT INTO finding_value(finding_id, kind, value, is_group, n, first_at, spool_n) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET n = max(coalesce(n, 0), "
            "coalesce(excluded.n, 0)), first_at = coalesce(min(first_at, excluded.first_at), "
            "first_at, excluded.first_at), spool_n = coalesce(spool_n, excluded.spool_n)",
            "izsiIII", id, room_entity_to_string(v->kind), &v->value, (int64_t) v->is_group,
            v->n < 0 ? NULL : &v->n, v->first_ns == TIME_NONE ? NULL : &v->first_ns,
            v->spool_n < 0 ? NULL : &v->spool_n);
    }
    return e;
}

static int put_values(void *ctx, struct room *r, int64_t id, struct diag *err) {
    const struct put *put = ctx;
    const struct room_finding *f = put->f;
    struct known known;
    arena_init(&known.arena, KNOWN_ARENA);
    map_init(&known.by_value, KNOWN_MAX, MAP_BORROW);
    int e = put->stored && f->n_values >= KNOWN_FROM ? read_known(&known, r, id, err) : 0;
    if (e == 0)
        e = put_each_value(r, id, f, &known, err);
    map_done(&known.by_value);
    arena_done(&known.arena);
    for (size_t i = 0; e == 0 && i < f->n_ways; i++)
        e = room_write_part(r, err,
                            "INSERT INTO finding_value(finding_id, kind, value, is_group) VALUES "
                            "(?1, 'way', ?2, 0) ON CONFLICT DO NOTHING",
                            "is", id, &f->ways[i]);
    for (int k = 0; e == 0 && k <= ENTITY_OTHER; k++)
        if (f->told[k].told)
            e = room_write_part(r, err,
                                "INSERT INTO finding_told(finding_id, kind, n, cut) "
                                "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET "
                                "n = max(n, excluded.n), cut = excluded.cut",
                                "izii", id, room_entity_to_string((enum room_entity) k),
                                f->told[k].n, (int64_t) f->told[k].cut);
    return e;
}

int room_finding_put(struct room *r, const struct room_actor *by, const struct room_finding *f,
                     struct str json, const struct room_stored *old, int64_t *ret_id,
                     struct diag *reterr) {
    char detail[64];
    struct put put = {f, old->id != 0};
    int n = snprintf(detail, sizeof detail, "{\"revision\":%lld}", (long long) f->revision);
    struct room_write w = {.by = by,
                           .verb = old->id ? VERB_CHANGE : VERB_CREATE,
                           .object = OBJECT_FINDING,
                           .id = old->id,
                           .version = ROOM_ANY_VERSION,
                           .tlp = MAX(f->tlp, TLP_AMBER),
                           .detail = str_n(detail, (size_t) n),
                           .parts = put_values,
                           .parts_ctx = &put};
    const char *level = rule_level_to_string(f->level), *state = finding_state_to_string(f->state);
    struct str none = STR("");
    if (old->id) {
        *ret_id = old->id;
        return room_write(r, &w, NULL, reterr,
                          "UPDATE finding SET revision = ?2, level = ?3, state = ?4, count = ?5, "
                          "first_at = min(first_at, ?6), last_at = max(last_at, ?7), json = ?8, "
                          "evidence_n = ?9 WHERE id = ?1",
                          "iizziiisi", old->id, f->revision, level, state, f->count, f->first_ns,
                          f->last_ns, &json, f->evidence_n);
    }
    return room_write(
        r, &w, ret_id, reterr,
        "INSERT INTO finding(fid, revision, rule_id, rule_title, kind, propose, level, state, "
        "count, first_at, last_at, detected_at, drill, json, by_source, evidence_n) VALUES "
        "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)",
        "sisssszziiiiisii", &f->id, f->revision, &f->rule_id,
        f->rule_title.p ? &f->rule_title : &none, f->kind.p ? &f->kind : &none,
        f->propose.p ? &f->propose : &none, level, state, f->count, f->first_ns, f->last_ns,
        f->detected_ns, f->watched ? FINDING_WATCHED : (int64_t) f->drill, &json, (int64_t) room_finding_by_source(f),
        f->evidence_n);
}

int room_finding_assign(struct room *r, const struct room_actor *by, int64_t finding,
                        int64_t incident, struct diag *reterr) {
    char detail[48];
    int n = snprintf(detail, sizeof detail, "{\"incident\":%lld}", (long long) incident);
    struct room_write w = {.by = by,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_FINDING,
                           .id = finding,
                           .version = ROOM_ANY_VERSION,
                           .detail = str_n(detail, (size_t) n)};
    return room_write(r, &w, NULL, reterr, "UPDATE finding SET incident_id = ?2 WHERE id = ?1",
                      "ii", finding, incident);
}
