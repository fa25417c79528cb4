/* See attachment.h. */
#include "room/attachment.h"

#include "room/case_row.h"
#include "room/incident_priv.h"

#include <errno.h>

static const struct holder { /* what may have files */
    enum room_object object, read; /* read: who may read this sees its files */
    const char *of, *find;         /* its case and what it is called */
} holders[] = {
    {OBJECT_CASE_ROW, OBJECT_CASE_ROW, "item", "SELECT incident_id, name FROM case_row WHERE id = ?1 AND kind = 'item'"},
    {OBJECT_SUBMISSION, OBJECT_SUBMISSION, "submission", "SELECT incident_id, form FROM submission WHERE id = ?1"},
    {OBJECT_TARGET, OBJECT_CAMPAIGN, "target", "SELECT c.incident_id, t.name FROM campaign_target t JOIN campaign c ON c.id = t.campaign_id WHERE t.id = ?1 AND c.incident_id IS NOT NULL"},
};

static const struct holder *holder_of(enum room_object object) {
    for (size_t i = 0; i < ARRAY_SIZE(holders); i++)
        if (holders[i].object == object)
            return &holders[i];
    return NULL;
}

enum room_object room_attachment_object(const struct room_attachment *x) {
    for (size_t i = 0; i < ARRAY_SIZE(holders); i++)
        if (strcmp(x->of, holders[i].of) == 0)
            return holders[i].read;
    return OBJECT_SUBMISSION; /* the table takes no other */
}

static int tell(struct room *r, const struct room_actor *by, int64_t incident, struct str what, struct str name, struct str digest, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 8192);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kz(&w, "name", by->name);
    jsonw_kstr(&w, "what", what);
    jsonw_kstr(&w, "file", name);
    jsonw_kstr(&w, "sum", str_to(digest, 12));
    jsonw_end(&w);
    int e = room_timeline_tell(r, by, incident, "ciso_csirt", "notice", "event.attached", &params, err);
    return e;
}

static int add(struct room *r, const struct room_actor *by, const struct holder *h, int64_t of_id, struct str name, int64_t bytes, struct str digest, int64_t *ret_id,
               struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_ATTACHMENT, .tlp = TLP_AMBER};
    int e = sql_query(r->db, &st, err, h->find, "i", of_id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -EINVAL, "of");
    w.incident = sql_i64(st, 0);
    struct room_row row;
    if ((e = room_row_load(r, h->object, of_id, &row, err)) < 0)
        return e;
    if (!room_may(by, VERB_CHANGE, &row)) { /* who may not change a thing adds nothing to it */
        r->refusal = (struct room_refusal){true, *by, VERB_CHANGE, row};
        return diag_set(err, -ERR_REFUSED, "%s may not change %s", room_role_to_string(by->role), room_object_to_string(h->object));
    }
    e = room_write(r, &w, ret_id, err, "INSERT INTO attachment(incident_id, of, of_id, name, bytes, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "izisis", w.incident, h->of, of_id,
                   &name, bytes, &digest);
    return e < 0 ? e : tell(r, by, w.incident, sql_str(st, 1), name, digest, err);
}

int room_attachment_add(struct room *r, const struct room_actor *by, enum room_object of, int64_t of_id, struct str name, int64_t bytes, struct str digest,
                        int64_t *ret_id, struct diag *reterr) {
    const struct holder *h = holder_of(of);
    struct str called = str_trim(name);
    if (!h)
        return diag_set(reterr, -EINVAL, "of");
    if (!called.n || called.n > ATTACHMENT_NAME_MAX)
        return diag_set(reterr, -EINVAL, "name");
    if (r->in_tx)
        return add(r, by, h, of_id, called, bytes, digest, ret_id, reterr);
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, add(r, by, h, of_id, called, bytes, digest, ret_id, reterr), reterr);
}

int room_attachment_find(struct room *r, int64_t id, struct room_attachment *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT incident_id, of, of_id, name, bytes, digest FROM attachment WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no such file");
    *ret = (struct room_attachment){.id = id, .incident = sql_i64(st, 0), .of_id = sql_i64(st, 2), .bytes = sql_i64(st, 4)};
    snprintf(ret->of, sizeof ret->of, "%.*s", STR_ARG(sql_str(st, 1)));
    snprintf(ret->name, sizeof ret->name, "%.*s", STR_ARG(sql_str(st, 3)));
    snprintf(ret->digest, sizeof ret->digest, "%.*s", STR_ARG(sql_str(st, 5)));
    return 0;
}

int room_attachments_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_row row;
    bool may[ARRAY_SIZE(holders)];
    int e = room_row_load(r, OBJECT_INCIDENT, incident, &row, reterr);
    if (e < 0)
        return e;
    for (size_t i = 0; i < ARRAY_SIZE(holders); i++) {
        row.object = holders[i].read;
        may[i] = room_may(who, VERB_READ, &row);
    }
    jsonw_key(w, STR("files"));
    jsonw_array(w);
    e = sql_query(r->db, &st, reterr, "SELECT id, of, of_id, name, bytes, digest, created_at, created_by FROM attachment WHERE incident_id = ?1 ORDER BY id", "i", incident);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        e = 0;
        size_t h = 0;
        while (h < ARRAY_SIZE(holders) - 1 && !str_eq_z(sql_str(st, 1), holders[h].of))
            h++;
        if (!may[h])
            continue;
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_kstr(w, "of", sql_str(st, 1));
        jsonw_ki64(w, "of_id", sql_i64(st, 2));
        jsonw_kstr(w, "name", sql_str(st, 3));
        jsonw_ki64(w, "bytes", sql_i64(st, 4));
        jsonw_kstr(w, "digest", sql_str(st, 5));
        jsonw_ktime(w, "at", sql_i64(st, 6));
        room_by_text(r, w, "by", sql_str(st, 7));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

int room_custody_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    jsonw_object(w);
    int e = room_case_rows_write(r, incident, STR("item"), w, reterr);
    if (e == 0)
        e = room_attachments_write(r, incident, who, w, reterr);
    jsonw_end(w);
    return e;
}
