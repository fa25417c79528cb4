/* See pack_draft.h. */
#include "room/pack_draft.h"

#include "room/report.h"
#include "room/room_priv.h"

#define COLUMNS "id, incident_id, version, pack, doc, digest, provider, agreed_by, agreed_how, approved_by, approved_at, left_at"

static int read_row(struct arena *a, struct sql_stmt *st, struct room_pack_draft *x) {
    struct str *texts[] = {&x->pack, &x->doc, &x->digest, &x->provider, &x->agreed_by, &x->agreed_how, &x->approved_by};
    *x = (struct room_pack_draft){.id = sql_i64(st, 0), .incident = sql_i64(st, 1), .version = sql_i64(st, 2)};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (!(*texts[i] = arena_dup(a, sql_str(st, 3 + (int) i))).p)
            return -ENOMEM;
    x->approved_ns = sql_is_null(st, 10) ? TIME_NONE : sql_i64(st, 10);
    x->left_ns = sql_is_null(st, 11) ? TIME_NONE : sql_i64(st, 11);
    return 1;
}

int room_pack_draft_get(struct room *r, struct arena *a, int64_t incident, struct room_pack_draft *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS " FROM pack_draft WHERE incident_id = ?1 ORDER BY id DESC LIMIT 1", "i", incident);
    if (e == 0)
        e = sql_step(st, reterr);
    return e == 1 ? read_row(a, st, ret) : e;
}

/* ---- writing ---- */

static int is_closed(struct room *r, int64_t incident, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT state = 'closed' FROM incident WHERE id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    return e < 0 ? e : e && sql_i64(st, 0) ? 0 : diag_set(err, -EBUSY, "the case is open; a lesson is made of a closed one");
}

static int put(struct room *r, const struct room_actor *by, const struct room_pack_draft *x, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = x->id ? VERB_CHANGE : VERB_CREATE, .object = OBJECT_PACK_DRAFT, .id = x->id, .version = x->version, .tlp = TLP_AMBER,
                           .incident = x->incident, .owner = by->person};
    int e;
    if (x->id)
        e = room_write(r, &w, NULL, err,
                       "UPDATE pack_draft SET pack = ?2, doc = ?3, state = 'draft', digest = '', provider = '', agreed_by = '', agreed_how = '', approved_at = NULL, "
                       "approved_by = '' WHERE id = ?1", "iss", x->id, &x->pack, &x->doc);
    else
        e = room_write(r, &w, ret_id, err, "INSERT INTO pack_draft(incident_id, pack, state, doc) VALUES (?1, ?2, 'draft', ?3)", "iss", x->incident, &x->pack, &x->doc);
    room_changed(r, "incident", x->incident);
    return e;
}

int room_pack_draft_put(struct room *r, const struct room_actor *by, const struct room_pack_draft *x, int64_t *ret_id, struct diag *reterr) {
    if (x->doc.n > PACK_DRAFT_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "the lesson is longer than %zu bytes", PACK_DRAFT_BYTES_MAX);
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = is_closed(r, x->incident, reterr);
    return room_end(r, e < 0 ? e : put(r, by, x, ret_id, reterr), reterr);
}

int room_pack_draft_approve(struct room *r, const struct room_actor *by, const struct room_pack_draft *x, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_APPROVE, .object = OBJECT_PACK_DRAFT, .id = x->id, .version = x->version};
    char name[ROOM_BY_CAP];
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr,
                   "UPDATE pack_draft SET state = 'approved', digest = ?2, provider = ?3, agreed_by = ?4, agreed_how = ?5, approved_at = ?6, approved_by = ?7 WHERE id = ?1", "issssiz",
                   x->id, &x->digest, &x->provider, &x->agreed_by, &x->agreed_how, room_now(r), room_actor_format(by, name));
    room_changed(r, "incident", x->incident);
    return room_end(r, e, reterr);
}

int room_pack_draft_leave(struct room *r, const struct room_actor *by, const struct room_pack_draft *x, struct str digest, struct diag *reterr) {
    bool may = x->approved_ns != TIME_NONE && x->digest.n && str_eq(x->digest, digest);
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_PACK_DRAFT, .id = x->id, .version = ROOM_ANY_VERSION, .quiet = true};
    struct room_row row;
    struct buf detail;
    struct jsonw j;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    buf_init(&detail, 4096);
    jsonw_init(&j, &detail);
    jsonw_object(&j);
    jsonw_ki64(&j, "pack_draft", x->id);
    jsonw_kstr(&j, "pack", x->pack);
    jsonw_kstr(&j, "sha256", digest);
    jsonw_kbool(&j, "left", may);
    jsonw_end(&j);
    e = room_row_load(r, OBJECT_PACK_DRAFT, x->id, &row, reterr);
    if (e == 0 && !may)
        e = room_refuse(r, by, VERB_OPEN, &row, reterr);
    if (e == 0)
        e = room_record(r, by, VERB_OPEN, OBJECT_PACK_DRAFT, buf_str(&detail), reterr);
    if (e == 0 && may)
        e = room_write(r, &w, NULL, reterr, "UPDATE pack_draft SET left_at = ?2 WHERE id = ?1", "ii", x->id, room_now(r));
    buf_done(&detail);
    e = room_end(r, e, reterr);
    if (e == 0 && !may)
        return diag_set(reterr, -ERR_REFUSED, "nobody has recorded that whose case it was agrees to this text; it does not leave");
    return e;
}

void room_pack_draft_write(struct room *r, const struct room_pack_draft *x, struct jsonw *w) {
    jsonw_ki64(w, "id", x->id);
    jsonw_ki64(w, "incident", x->incident);
    jsonw_ki64(w, "version", x->version);
    jsonw_kstr(w, "pack", x->pack);
    jsonw_ktime(w, "approved", x->approved_ns);
    jsonw_key(w, STR("approved_by"));
    if (x->approved_by.n) {
        jsonw_object(w);
        room_by_text(r, w, "by", x->approved_by);
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    jsonw_kstr(w, "provider", x->provider);
    jsonw_kstr(w, "agreed_by", x->agreed_by);
    jsonw_kstr(w, "agreed_how", x->agreed_how);
    jsonw_ktime(w, "left", x->left_ns);
}

/* ---- what would tell whose case it was ---- */

/* Rows of (text, role); a text of JSON is a list or an object whose texts count. */
static const struct secret {
    const char *kind, *sql;
    bool all; /* only when everything is asked for */
} secrets[] = {
    {"number", "SELECT number, '' FROM incident WHERE id = ?1", false},
    {"organisation", "SELECT name, '' FROM register WHERE kind = 'organisations' AND ?1 ORDER BY id", false},
    {"person", "SELECT name, role FROM person WHERE ?1 ORDER BY id", false},
    {"person", "SELECT name, coalesce(json_extract(vals, '$.title'), '') FROM register WHERE kind = 'people' AND ?1 ORDER BY id", false},
    {"person", "SELECT DISTINCT actor, '' FROM timeline WHERE incident_id = ?1 AND actor IS NOT NULL", false},
    {"person", "SELECT DISTINCT person, '' FROM contact WHERE incident_id = ?1", false},
    {"organisation", "SELECT DISTINCT outlet, '' FROM contact WHERE incident_id = ?1", false},
    {"service", "SELECT coalesce(title, name), name FROM service WHERE ?1 ORDER BY id", false},
    {"service", "SELECT name, name FROM service WHERE ?1 ORDER BY id", false},
    {"system", "SELECT name, '' FROM register WHERE kind = 'systems' AND ?1 ORDER BY id", false},
    {"account", "SELECT DISTINCT name, '' FROM account WHERE incident_id = ?1 ORDER BY id LIMIT 200", false},
    {"address", "SELECT DISTINCT a.address, '' FROM action_address a JOIN action x ON x.id = a.action_id WHERE x.incident_id = ?1 ORDER BY 1 LIMIT 400", false},
    {"system", "SELECT name, '' FROM register WHERE kind NOT IN ('organisations', 'people', 'systems') AND ?1 ORDER BY id", true},
    {"account", "SELECT DISTINCT name, '' FROM account WHERE incident_id = ?1", true},
    {"address", "SELECT DISTINCT a.address, '' FROM action_address a JOIN action x ON x.id = a.action_id WHERE x.incident_id = ?1", true},
    {"mail", "SELECT json_extract(vals, '$.mail'), '' FROM register WHERE ?1", true},
    {"phone", "SELECT j.value, '' FROM register g, json_each(g.vals) j WHERE j.key IN ('phone', 'mobile', 'emergency_phone', 'night_phone', 'desk_phone') AND ?1", true},
    {"person", "SELECT j.value, '' FROM register g, json_each(g.vals) j WHERE g.kind = 'people' AND j.key IN ('kana', 'chat', 'account') AND ?1", true},
    {"system", "SELECT j.value, '' FROM register g, json_each(g.vals) j WHERE g.kind = 'systems' AND j.key IN ('place') AND ?1", true},
    {"address", "SELECT DISTINCT v.value, '' FROM finding_value v JOIN finding f ON f.id = v.finding_id WHERE f.incident_id = ?1 AND v.kind = 'source'", true},
    {"account", "SELECT DISTINCT v.value, '' FROM finding_value v JOIN finding f ON f.id = v.finding_id WHERE f.incident_id = ?1 AND v.kind IN ('account', 'sender', 'recipient')", true},
    {"host", "SELECT DISTINCT v.value, '' FROM finding_value v JOIN finding f ON f.id = v.finding_id WHERE f.incident_id = ?1 AND v.kind IN ('host', 'domain', 'url')", true},
};

static int tell_rows(struct room *r, const struct secret *s, int64_t incident, room_secret_fn *tell, void *ctx, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, s->sql, "i", incident);
    while (e == 0 && (e = sql_step(st, err)) == 1)
        e = sql_is_null(st, 0) || !sql_str(st, 0).n ? 0 : tell(ctx, s->kind, sql_str(st, 0), sql_str(st, 1));
    return e;
}

static int tell_service(const struct room_policy_service *x, room_secret_fn *tell, void *ctx) {
    int e = tell(ctx, "service", x->name, x->name);
    if (e == 0 && x->title.ja.n)
        e = tell(ctx, "service", x->title.ja, x->name);
    return e == 0 && x->title.en.n ? tell(ctx, "service", x->title.en, x->name) : e;
}

static int tell_sources(struct room *r, room_secret_fn *tell, void *ctx) {
    static const char *const keys[] = {"host", "name"};
    const struct json_value *root = r->reports[REPORT_SOURCES].root;
    struct str s;
    int e = 0;
    for (const struct json_value *v = root && root->type == JSON_ARRAY ? root->first : NULL; v && e == 0; v = v->next)
        for (size_t i = 0; i < ARRAY_SIZE(keys) && e == 0; i++)
            if (json_get_str(v, keys[i], &s) && s.n)
                e = tell(ctx, "host", s, STR(""));
    return e;
}

int room_case_secrets(struct room *r, int64_t incident, bool all, room_secret_fn *tell, void *ctx, struct diag *reterr) {
    int e = 0;
    for (size_t i = 0; r->policy && i < r->policy->n_services && e == 0; i++)
        e = tell_service(&r->policy->services[i], tell, ctx);
    for (size_t i = 0; i < ARRAY_SIZE(secrets) && e == 0; i++)
        if (all || !secrets[i].all)
            e = tell_rows(r, &secrets[i], incident, tell, ctx, reterr);
    return e == 0 ? tell_sources(r, tell, ctx) : e;
}
