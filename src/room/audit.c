#include "room/audit.h"

#include "base/hash.h"
#include "room/room_priv.h"
#include "room/tables.h"

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

static void add_number(struct sha256 *h, int64_t v, bool none) {
    char z[24];
    int n = none ? snprintf(z, sizeof z, "-\n") : snprintf(z, sizeof z, "%lld\n", (long long) v);
    sha256_add(h, str_n(z, (size_t) n));
}

static void add_line(struct sha256 *h, struct str s) {
    sha256_add(h, s.n ? s : STR("-"));
    sha256_add(h, STR("\n"));
}

static void hash_row(const struct room_audit_row *a, int64_t seq, char ret[AUDIT_HASH_CHARS + 1]) {
    struct sha256 h;
    uint8_t out[SHA256_BYTES];
    sha256_init(&h);
    sha256_add(&h, STR("kizuki-audit-1\n"));
    add_number(&h, seq, false);
    add_number(&h, a->at_ns, false);
    add_line(&h, a->by);
    add_line(&h, a->verb);
    add_line(&h, a->object);
    add_number(&h, a->row_id, a->row_id == 0);
    add_number(&h, a->version, a->version == 0);
    add_line(&h, a->tlp);
    add_line(&h, a->info_class);
    add_line(&h, a->detail);
    add_line(&h, a->row_hash);
    add_line(&h, a->prev);
    sha256_end(&h, out);
    hex_encode(out, SHA256_BYTES, ret);
}

int room_audit_append(struct room *r, struct room_audit_row *row, struct diag *reterr) {
    char prev[AUDIT_HASH_CHARS + 1], hash[AUDIT_HASH_CHARS + 1];
    struct sql_stmt *st = NULL;
    ASSERT(r->in_tx);
    int e =
        sql_query(r->db, &st, reterr, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", "");
    if (e == 0)
        e = sql_step(st, reterr);
    if (e >= 0) {
        struct str last = e == 1 ? sql_str(st, 1) : STR(zeros);
        row->seq = e == 1 ? sql_i64(st, 0) + 1 : 1;
        snprintf(prev, sizeof prev, "%.*s", STR_ARG(last));
    }
    sql_end(st);
    if (e < 0)
        return e;
    row->prev = str_of(prev);
    row->at_ns = room_now(r);
    hash_row(row, row->seq, hash);
    row->hash = str_of(hash);
    e = sql_run(
        r->db, reterr,
        "INSERT INTO audit(seq, at, by, verb, object, row_id, version, tlp, info_class, detail, "
        "row_hash, prev, hash) VALUES "
        "(?1,?2,?3,?4,?5,nullif(?6,0),nullif(?7,0),?8,?9,?10,?11,?12,?13)",
        "iisssiissssss", row->seq, row->at_ns, &row->by, &row->verb, &row->object, row->row_id,
        row->version, &row->tlp, &row->info_class, &row->detail,
        row->row_hash.n ? &row->row_hash : NULL, &row->prev, &row->hash);
    row->prev = row->hash = STR_NULL; /* they were on our stack */
    return e;
}

int room_audit_row_hash(struct room *r, enum room_object o, int64_t id,
                        char ret[AUDIT_HASH_CHARS + 1], struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    uint8_t out[SHA256_BYTES];
    int e = sql_query(r->db, &st, reterr, room_table_of(o)->canonical, "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    ret[0] = 0;
    if (e == 1) {
        sha256_of(sql_str(st, 0), out);
        hex_encode(out, SHA256_BYTES, ret);
    }
    return e < 0 ? e : 0;
}

static void read_row(struct sql_stmt *st, struct room_audit_row *a) {
    *a = (struct room_audit_row){.seq = sql_i64(st, 0),
                                 .at_ns = sql_i64(st, 1),
                                 .by = sql_str(st, 2),
                                 .verb = sql_str(st, 3),
                                 .object = sql_str(st, 4),
                                 .row_id = sql_i64(st, 5),
                                 .version = sql_i64(st, 6),
                                 .tlp = sql_str(st, 7),
                                 .info_class = sql_str(st, 8),
                                 .detail = sql_str(st, 9),
                                 .row_hash = sql_str(st, 10),
                                 .prev = sql_str(st, 11),
                                 .hash = sql_str(st, 12)};
}
#define AUDIT_COLUMNS                                                                              \
    "seq, at, by, verb, object, row_id, version, tlp, info_class, detail, row_hash, prev, hash"

static void add_fault(struct room_verdict *v, struct room_fault f) {
    if (v->n_faults < ROOM_FAULTS_MAX)
        v->faults[v->n_faults++] = f;
}

/* A row whose text does not give its hash was changed, or it stands in another's place: then it
 * gives its hash with the number behind the row it names as the one before. */
static int judge_mismatch(struct room *r, struct room_verdict *v, const struct room_audit_row *a,
                          struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char hash[AUDIT_HASH_CHARS + 1];
    struct room_fault f = {.kind = FAULT_CHANGED, .in_chain = true, .seq = a->seq};
    int e = sql_query(r->db, &st, err, "SELECT seq FROM audit", "");
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        hash_row(a, sql_i64(st, 0), hash);
        if (str_eq_z(a->hash, hash)) {
            f.kind = FAULT_SWAPPED;
            break;
        }
        e = 0;
    }
    add_fault(v, f);
    return e < 0 ? e : 0;
}

int room_audit_end(struct room *r, struct room_known *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(r->db, &st, reterr, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", "");
    if (e == 0)
        e = sql_step(st, reterr);
    *ret = (struct room_known){0};
    if (e == 1) {
        ret->rows = sql_i64(st, 0);
        snprintf(ret->head, sizeof ret->head, "%.*s", STR_ARG(sql_str(st, 1)));
    }
    return e < 0 ? e : 0;
}

static int verify_known(struct room *r, const struct room_known *k, struct room_verdict *v,
                        struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(r->db, &st, err, "SELECT 1 FROM audit WHERE hash = ?1 AND (?2 = 0 OR seq = ?2)",
                  "zi", k->head, k->rows);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 0)
        add_fault(v,
                  (struct room_fault){
                      .kind = FAULT_REMOVED, .in_chain = true, .at_end = true, .seq = v->rows + 1});
    return e < 0 ? e : 0;
}

static int verify_chain(struct room *r, struct room_verdict *v, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char hash[AUDIT_HASH_CHARS + 1];
    int64_t next = 1;
    int e = sql_query(r->db, &st, err, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq", "");
    snprintf(v->head, sizeof v->head, "%s", zeros);
    while (e == 0 && (e = sql_step(st, err)) == 1 && v->n_faults < ROOM_FAULTS_MAX) {
        struct room_audit_row a;
        read_row(st, &a);
        e = 0;
        if (a.seq != next)
            add_fault(v, (struct room_fault){.kind = FAULT_REMOVED, .in_chain = true, .seq = next});
        hash_row(&a, a.seq, hash);
        if (!str_eq_z(a.hash, hash))
            e = judge_mismatch(r, v, &a, err);
        else if (a.seq == next && !str_eq_z(a.prev, v->head))
            add_fault(v,
                      (struct room_fault){.kind = FAULT_SWAPPED, .in_chain = true, .seq = a.seq});
        next = a.seq + 1;
        v->rows++;
        snprintf(v->head, sizeof v->head, "%.*s", STR_ARG(a.hash));
    }
    return e < 0 ? e : 0;
}

/* What the chain says last of a row: its hash, "" when it says the row was deleted; 0 = never named
 * it. */
static int last_word(struct room *r, const char *table, int64_t id, char ret[AUDIT_HASH_CHARS + 1],
                     int64_t *ret_seq, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT seq, row_hash FROM audit WHERE object = ?1 AND row_id = ?2 "
                      "AND version IS NOT NULL ORDER BY seq DESC LIMIT 1",
                      "zi", table, id);
    if (e == 0)
        e = sql_step(st, err);
    ret[0] = 0;
    if (e == 1) {
        struct str h = sql_str(st, 1);
        *ret_seq = sql_i64(st, 0);
        snprintf(ret, AUDIT_HASH_CHARS + 1, "%.*s", STR_ARG(h));
    }
    return e;
}

static int verify_present(struct room *r, enum room_object o, struct room_verdict *v,
                          struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct room_table *t = room_table_of(o);
    char said[AUDIT_HASH_CHARS + 1], is[AUDIT_HASH_CHARS + 1];
    int e = sql_query(r->db, &st, err, t->ids, "");
    while (e == 0 && (e = sql_step(st, err)) == 1 && v->n_faults < ROOM_FAULTS_MAX) {
        struct room_fault f = {.row_id = sql_i64(st, 0)};
        snprintf(f.object, sizeof f.object, "%s", t->name);
        e = last_word(r, t->name, f.row_id, said, &f.seq, err);
        int named = e;
        if (e >= 0)
            e = room_audit_row_hash(r, o, f.row_id, is, err);
        v->rows_checked++;
        if (e == 0 && (!named || !said[0])) {
            f.kind = FAULT_ADDED;
            add_fault(v, f);
        } else if (e == 0 && strcmp(said, is) != 0) {
            f.kind = FAULT_CHANGED;
            add_fault(v, f);
        }
    }
    return e < 0 ? e : 0;
}

static int verify_missing(struct room *r, enum room_object o, struct room_verdict *v,
                          struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct room_table *t = room_table_of(o);
    int e =
        sql_query(r->db, &st, err,
                  "SELECT row_id, max(seq) FROM audit WHERE object = ?1 AND version IS NOT NULL "
                  "GROUP BY row_id ORDER BY row_id",
                  "z", t->name);
    while (e == 0 && (e = sql_step(st, err)) == 1 && v->n_faults < ROOM_FAULTS_MAX) {
        struct room_fault f = {.kind = FAULT_REMOVED, .row_id = sql_i64(st, 0)};
        char said[AUDIT_HASH_CHARS + 1], is[AUDIT_HASH_CHARS + 1];
        snprintf(f.object, sizeof f.object, "%s", t->name);
        e = room_audit_row_hash(r, o, f.row_id, is, err);
        if (e == 0 && !is[0]) {
            e = last_word(r, t->name, f.row_id, said, &f.seq, err);
            if (e == 1 && said[0])
                add_fault(v, f);
            e = e < 0 ? e : 0;
        }
    }
    return e < 0 ? e : 0;
}

int room_audit_verify(struct room *r, const struct room_known *known, size_t n,
                      struct room_verdict *ret, struct diag *reterr) {
    *ret = (struct room_verdict){.at_ns = room_now(r)};
    int e = verify_chain(r, ret, reterr);
    for (size_t i = 0; e == 0 && i < n; i++)
        if (known[i].head[0])
            e = verify_known(r, &known[i], ret, reterr);
    for (int o = 0; e == 0 && o < OBJECT_MAX_; o++) {
        if (!room_table_of((enum room_object) o))
            continue;
        e = verify_present(r, (enum room_object) o, ret, reterr);
        if (e == 0)
            e = verify_missing(r, (enum room_object) o, ret, reterr);
    }
    return e;
}

static const char *const faults[FAULT_MAX_] = {[FAULT_CHANGED] = "changed",
                                               [FAULT_REMOVED] = "removed",
                                               [FAULT_ADDED] = "added",
                                               [FAULT_SWAPPED] = "swapped"};

static void write_fault(const struct room_fault *f, struct jsonw *w) {
    char key[40];
    jsonw_object(w);
    jsonw_kz(w, "kind", faults[f->kind]);
    jsonw_kz(w, "object", f->in_chain ? "audit" : f->object);
    jsonw_key(w, STR("row_id"));
    f->in_chain ? jsonw_null(w) : jsonw_i64(w, f->row_id);
    jsonw_key(w, STR("seq"));
    f->seq ? jsonw_i64(w, f->seq) : jsonw_null(w);
    snprintf(key, sizeof key, "verify.%s%s", f->in_chain ? "chain_" : "",
             f->at_end ? "cut" : faults[f->kind]);
    jsonw_key(w, STR("text"));
    jsonw_object(w);
    jsonw_kz(w, "key", key);
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    if (f->in_chain) {
        jsonw_ki64(w, "seq", f->seq);
    } else {
        jsonw_kz(w, "object", f->object);
        jsonw_ki64(w, "id", f->row_id);
    }
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
}

void room_verdict_write(const struct room_verdict *v, struct jsonw *w) {
    jsonw_object(w);
    jsonw_kbool(w, "ok", v->n_faults == 0);
    jsonw_ki64(w, "rows", v->rows);
    jsonw_ki64(w, "rows_checked", v->rows_checked);
    jsonw_kz(w, "head", v->head);
    jsonw_ktime(w, "at", v->at_ns);
    jsonw_key(w, STR("faults"));
    jsonw_array(w);
    for (size_t i = 0; i < v->n_faults; i++)
        write_fault(&v->faults[i], w);
    jsonw_end(w);
    jsonw_end(w);
}

static void write_audit_row(const struct room_audit_row *a, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ki64(w, "seq", a->seq);
    jsonw_ktime(w, "at", a->at_ns);
    jsonw_kstr(w, "by", a->by);
    jsonw_kstr(w, "verb", a->verb);
    jsonw_kstr(w, "object", a->object);
    jsonw_key(w, STR("row_id"));
    a->row_id ? jsonw_i64(w, a->row_id) : jsonw_null(w);
    jsonw_key(w, STR("version"));
    a->version ? jsonw_i64(w, a->version) : jsonw_null(w);
    jsonw_key(w, STR("detail"));
    jsonw_raw(w, a->detail);
    jsonw_key(w, STR("row_hash"));
    a->row_hash.n ? jsonw_str(w, a->row_hash) : jsonw_null(w);
    jsonw_kstr(w, "prev", a->prev);
    jsonw_kstr(w, "hash", a->hash);
    jsonw_end(w);
}

/* What has no row of its own (an export) names its case in the detail. */
static bool names_hidden(struct room *r, const struct room_actor *who, struct str detail) {
    struct json_value *v;
    struct room_row row;
    struct arena a;
    int64_t id = 0;
    arena_init(&a, 1 << 20);
    bool hidden = json_parse(&a, detail, &v, NULL) == 0 && json_get_i64(v, "incident", &id) && room_row_load(r, OBJECT_INCIDENT, id, &row, NULL) == 0 && room_is_hidden(who, &row);
    arena_done(&a);
    return hidden;
}

static bool is_hidden(struct room *r, const struct room_actor *who, const struct room_audit_row *a) {
    struct room_row row;
    if (a->row_id == 0)
        return str_eq_z(a->object, "evidence") && names_hidden(r, who, a->detail);
    for (int o = 0; a->row_id && o < OBJECT_MAX_; o++)
        if (str_eq_z(a->object, room_object_to_string((enum room_object) o)))
            return room_row_load(r, (enum room_object) o, a->row_id, &row, NULL) == 0 && room_is_hidden(who, &row);
    return false;
}

int room_audit_list(struct room *r, const struct room_actor *who, int64_t after, int64_t limit, struct jsonw *w,
                    struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t n = 0, last = 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                      "ii", after, limit);
    jsonw_object(w);
    jsonw_key(w, STR("rows"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        struct room_audit_row a;
        read_row(st, &a);
        bool hidden = is_hidden(r, who, &a), auditor = room_actor_roles(who) & (1u << ROLE_AUDITOR);
        if (hidden)
            a.detail = STR("{}");
        if (!hidden || auditor)
            write_audit_row(&a, w);
        last = a.seq;
        n++;
        e = 0;
    }
    jsonw_end(w);
    jsonw_key(w, STR("next_after"));
    n == limit ? jsonw_i64(w, last) : jsonw_null(w);
    jsonw_end(w);
    return e;
}
