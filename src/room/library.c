/* See library.h. */
#include "room/library.h"

#include "base/mem.h"

#include "base/hash.h"
#include "room/room_priv.h"

/* Newest of a key: its digest, number, and whether a person's version is in use. */
struct newest {
    int64_t id, number;
    bool same, made;
};

static int find_newest(struct room *r, const struct room_playbook *p, const char *digest, struct newest *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret = (struct newest){0};
    int e = sql_query(r->db, &st, err, "SELECT id, number, digest, origin, active, file FROM playbook WHERE key = ?1 ORDER BY number", "s", &p->key);
    bool shipped = strcmp(p->origin, "shipped") == 0 || strcmp(p->origin, "pack") == 0;
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        bool made = str_eq_z(sql_str(st, 3), "made") || str_eq_z(sql_str(st, 3), "imported");
        ret->number = sql_i64(st, 1);
        /* what is shipped is known by the last text of its file, what people make by the last one there is */
        if (!shipped || (str_eq_z(sql_str(st, 3), p->origin) && str_eq(sql_str(st, 5), p->file))) {
            ret->same = str_eq_z(sql_str(st, 2), digest);
            ret->id = sql_i64(st, 0);
        }
        ret->made = ret->made || (made && sql_i64(st, 4));
        e = 0;
    }
    return e;
}

static int put(struct room *r, const struct room_actor *by, const struct room_playbook *p, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_PLAYBOOK, .tlp = TLP_GREEN, .owner = by->person};
    struct newest n;
    uint8_t sum[SHA256_BYTES];
    char digest[2 * SHA256_BYTES + 1];
    sha256_of(p->source, sum);
    hex_encode(sum, sizeof sum, digest);
    int e = find_newest(r, p, digest, &n, err);
    if (e == 0 && n.same)
        *ret_id = n.id;
    if (e < 0 || n.same)
        return e;
    bool active = by->person || !n.made;
    e = room_write(r, &w, ret_id, err,
                   "INSERT INTO playbook(key, number, title_ja, title_en, origin, file, active, digest, source, plan, form, notes, n_steps) "
                   "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
                   "sisszsizssssi", &p->key, n.number + 1, &p->title_ja, &p->title_en, p->origin, p->file.p ? &p->file : NULL,
                   (int64_t) active, digest, &p->source, &p->plan, &p->form, &p->notes, p->n_steps);
    room_changed(r, "playbook", e == 0 ? *ret_id : 0);
    return e;
}

int room_playbook_put(struct room *r, const struct room_actor *by, const struct room_playbook *p, int64_t *ret_id, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, put(r, by, p, ret_id, reterr), reterr);
}

int room_playbook_use(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool active, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_PLAYBOOK, .id = id, .version = version};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr, "UPDATE playbook SET active = ?2 WHERE id = ?1", "ii", id, (int64_t) active);
    room_changed(r, "playbook", id);
    return room_end(r, e, reterr);
}

int room_playbook_find(struct room *r, struct str key, int64_t *ret_id, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT id FROM playbook WHERE key = ?1 AND active ORDER BY number DESC LIMIT 1", "s", &key);
    if (e == 0)
        e = sql_step(st, reterr);
    *ret_id = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

int room_playbook_source(struct room *r, int64_t id, struct arena *a, struct str *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT source FROM playbook WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no playbook %lld", (long long) id);
    *ret = arena_dup(a, sql_str(st, 0));
    return ret->p ? 0 : -ENOMEM;
}

#define HEAD_COLUMNS "id, number, title_ja, title_en, origin, file, active, n_steps, created_at, created_by, version, key, notes"

static void write_titles(struct sql_stmt *st, struct jsonw *w) {
    jsonw_key(w, STR("titles"));
    jsonw_object(w);
    jsonw_kstr(w, "ja", sql_str(st, 2));
    jsonw_kstr(w, "en", sql_str(st, 3));
    jsonw_end(w);
}

static void write_members(struct room *r, struct sql_stmt *st, struct jsonw *w) {
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_kstr(w, "key", sql_str(st, 11));
    jsonw_ki64(w, "number", sql_i64(st, 1));
    write_titles(st, w);
    jsonw_kstr(w, "origin", sql_str(st, 4));
    jsonw_key(w, STR("file"));
    sql_is_null(st, 5) ? jsonw_null(w) : jsonw_str(w, sql_str(st, 5));
    jsonw_kbool(w, "active", sql_i64(st, 6) != 0);
    jsonw_ki64(w, "steps", sql_i64(st, 7));
    jsonw_ktime(w, "made_at", sql_i64(st, 8));
    room_by_text(r, w, "made_by", sql_str(st, 9));
    jsonw_key(w, STR("notes"));
    jsonw_raw(w, sql_str(st, 12));
    jsonw_ki64(w, "version", sql_i64(st, 10));
}

int room_playbooks_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char key[ROOM_PLAYBOOK_CAP] = "";
    int e = sql_query(r->db, &st, reterr, "SELECT " HEAD_COLUMNS " FROM playbook ORDER BY key, number DESC LIMIT 2000", "");
    jsonw_key(w, STR("playbooks"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        if (!str_eq_z(sql_str(st, 11), key)) {
            if (key[0]) {
                jsonw_end(w);
                jsonw_end(w);
            }
            snprintf(key, sizeof key, "%.*s", STR_ARG(sql_str(st, 11)));
            jsonw_object(w);
            jsonw_kz(w, "key", key);
            write_titles(st, w);
            jsonw_key(w, STR("versions"));
            jsonw_array(w);
        }
        jsonw_object(w);
        write_members(r, st, w);
        jsonw_end(w);
        e = 0;
    }
    if (key[0]) {
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return e;
}

int room_playbook_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " HEAD_COLUMNS ", source, plan, form FROM playbook WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no playbook %lld", (long long) id);
    jsonw_object(w);
    write_members(r, st, w);
    jsonw_kstr(w, "source", sql_str(st, 13));
    jsonw_key(w, STR("plan"));
    jsonw_raw(w, sql_str(st, 14));
    jsonw_key(w, STR("form"));
    jsonw_raw(w, sql_str(st, 15));
    jsonw_end(w);
    return 0;
}

int room_playbook_is_others(struct room *r, struct str key, struct str file, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT 1 FROM playbook WHERE key = ?1 AND (file IS NULL OR file <> ?2) LIMIT 1", "ss", &key, &file);
    return e == 0 ? sql_step(st, reterr) : e;
}

/* ---- for a case ---- */

enum { FIT_NONE, FIT_LEANS, FIT_OWN };

/* Whether the file of a rule is of the lesson's own rules (packs/ID/rules, or the set it was taken in as) or one it leans on. */
static int fit_of(const struct readiness_pack *p, struct str file) {
    const struct json_value *head = json_get_object(p->root, "pack"), *list = head ? json_get_array(head, "rules") : NULL;
    char own[320], set[320], lean[320];
    snprintf(own, sizeof own, "/%.*s/", (int) MIN(p->id.n, 300u), p->id.p);
    snprintf(set, sizeof set, "/pack-%.*s/", (int) MIN(p->id.n, 300u), p->id.p);
    for (char *c = set; *c; c++) /* as the set is named */
        if (*c == '.')
            *c = '_';
    if (str_find(file, str_of(own), 0) >= 0 || str_find(file, str_of(set), 0) >= 0)
        return FIT_OWN;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        snprintf(lean, sizeof lean, "/%.*s", (int) MIN(v->text.n, 300u), v->text.p);
        if (v->text.n && str_find(file, str_of(lean), 0) >= 0)
            return FIT_LEANS;
    }
    return FIT_NONE;
}

int room_playbooks_fitting(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct room_readiness *x = &r->readiness;
    int *fits = x->n_packs && incident ? mem_zalloc(x->n_packs * sizeof *fits) : NULL;
    int e = fits ? sql_query(r->db, &st, reterr,
                             "SELECT DISTINCT '/' || coalesce(json_extract(u.value, '$.file'), '') FROM json_each(coalesce((SELECT json FROM report WHERE kind = 'rules'), '[]')) u "
                             "WHERE json_extract(u.value, '$.id') IN (SELECT rule_id FROM finding WHERE incident_id = ?1)",
                             "i", incident)
                 : 0;
    while (fits && e >= 0 && (e = sql_step(st, reterr)) == 1)
        for (size_t i = 0; i < x->n_packs; i++)
            fits[i] = MAX(fits[i], fit_of(&x->packs[i], sql_str(st, 0)));
    jsonw_key(w, STR("fitting"));
    jsonw_array(w);
    for (int want = FIT_OWN; fits && e == 0 && want > FIT_NONE; want--)
        for (size_t i = 0; i < x->n_packs; i++) {
            const struct json_value *playbook = json_get_object(x->packs[i].root, "playbook");
            struct str key;
            if (fits[i] != want || !playbook || !json_get_str(playbook, "id", &key))
                continue;
            jsonw_object(w);
            jsonw_kstr(w, "playbook", key);
            jsonw_kstr(w, "pack", x->packs[i].id);
            jsonw_end(w);
        }
    jsonw_end(w);
    mem_free(fits);
    return e;
}
