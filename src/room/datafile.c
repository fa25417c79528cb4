/* See datafile.h. */
#include "room/datafile.h"

#include "base/hash.h"
#include "room/room_priv.h"

struct newest {
    int64_t id, number;
    bool same, made; /* the text is the one there is; people made one that is in use */
};

static int find_newest(struct room *r, const struct room_datafile *x, const char *digest, struct newest *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret = (struct newest){0};
    int e = sql_query(r->db, &st, err, "SELECT id, number, digest, origin, active FROM datafile WHERE kind = ?1 AND key = ?2 ORDER BY number", "zs", x->kind,
                      &x->key);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        bool shipped = str_eq_z(sql_str(st, 3), "shipped");
        ret->number = sql_i64(st, 1);
        if (strcmp(x->origin, "shipped") != 0 || shipped) {
            ret->same = str_eq_z(sql_str(st, 2), digest);
            ret->id = sql_i64(st, 0);
        }
        ret->made = ret->made || (!shipped && sql_i64(st, 4));
        e = 0;
    }
    return e;
}

static int put(struct room *r, const struct room_actor *by, const struct room_datafile *x, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_DATAFILE, .tlp = TLP_GREEN, .owner = by->person};
    struct newest n;
    uint8_t sum[SHA256_BYTES];
    char digest[2 * SHA256_BYTES + 1];
    sha256_of(x->source, sum);
    hex_encode(sum, sizeof sum, digest);
    int e = find_newest(r, x, digest, &n, err);
    *ret_id = n.id;
    if (e < 0 || n.same)
        return e;
    bool active = by->person || !n.made;
    e = room_write(r, &w, ret_id, err,
                   "INSERT INTO datafile(kind, key, number, title_ja, title_en, origin, file, active, digest, source) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
                   "zsisszsizs", x->kind, &x->key, n.number + 1, &x->title.ja, &x->title.en, x->origin, x->file.p ? &x->file : NULL, (int64_t) active, digest,
                   &x->source);
    room_changed(r, "registers", 0);
    return e;
}

int room_datafile_put(struct room *r, const struct room_actor *by, const struct room_datafile *x, int64_t *ret_id, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, put(r, by, x, ret_id, reterr), reterr);
}

int room_datafile_use(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool active, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_DATAFILE, .id = id, .version = version};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr, "UPDATE datafile SET active = ?2 WHERE id = ?1", "ii", id, (int64_t) active);
    room_changed(r, "registers", 0);
    return room_end(r, e, reterr);
}

int room_datafiles_each(struct room *r, const char *kind, room_datafile_fn *f, void *ctx, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT d.id, d.number, d.source FROM datafile d WHERE d.kind = ?1 AND d.active AND NOT EXISTS (SELECT 1 FROM datafile n WHERE n.kind = "
                      "d.kind AND n.key = d.key AND n.active AND n.number > d.number) ORDER BY d.key LIMIT ?2",
                      "zi", kind, (int64_t) DATAFILES_MAX);
    while (e == 0 && (e = sql_step(st, reterr)) == 1)
        e = f(ctx, sql_i64(st, 0), sql_i64(st, 1), sql_str(st, 2), reterr);
    return e;
}

/* ---- pages ---- */

#define COLUMNS "id, key, number, title_ja, title_en, origin, file, active, created_at, created_by, version"

static void write_version(struct room *r, struct sql_stmt *st, struct jsonw *w) {
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_kstr(w, "key", sql_str(st, 1));
    jsonw_ki64(w, "number", sql_i64(st, 2));
    fact_words_write(w, "titles", &(struct fact_words){sql_str(st, 3), sql_str(st, 4)});
    jsonw_kstr(w, "origin", sql_str(st, 5));
    jsonw_key(w, STR("file"));
    sql_is_null(st, 6) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 6));
    jsonw_kbool(w, "active", sql_i64(st, 7) != 0);
    jsonw_ktime(w, "made_at", sql_i64(st, 8));
    room_by_text(r, w, "made_by", sql_str(st, 9));
    jsonw_ki64(w, "version", sql_i64(st, 10));
}

int room_datafiles_write(struct room *r, const char *kind, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS " FROM datafile WHERE kind = ?1 ORDER BY key, number DESC LIMIT 2000", "z", kind);
    jsonw_key(w, STR("files"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        write_version(r, st, w);
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

int room_datafile_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS ", source FROM datafile WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no such file");
    jsonw_object(w);
    write_version(r, st, w);
    jsonw_kstr(w, "source", sql_str(st, 11));
    jsonw_end(w);
    return 0;
}

int room_datafile_kind(struct room *r, int64_t id, char ret[20], struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT kind FROM datafile WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        snprintf(ret, 20, "%.*s", STR_ARG(sql_str(st, 0)));
    return e < 0 ? e : e == 1 ? 0 : diag_set(reterr, -ENOENT, "no such file");
}
