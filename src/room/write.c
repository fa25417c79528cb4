#include "room/write.h"

#include "room/audit.h"
#include "room/person.h"
#include "room/room_priv.h"
#include "room/tables.h"

#ifdef KIZUKI_DEVELOPER
#include <signal.h>
unsigned room_points_left;

void room_point(void) {
    if (room_points_left && --room_points_left == 0)
        (void) raise(SIGKILL);
}
#endif

int room_begin(struct room *r, struct diag *reterr) {
    ASSERT(!r->in_tx);
    r->n_changed = 0;
    r->conflict = (struct room_conflict){0};
    r->refusal.set = false;
    r->authority_refusal.set = false;
    int e = sql_begin(r->db, reterr);
    r->in_tx = e == 0;
    return e;
}

static void tell(struct room *r) {
    for (unsigned i = 0; r->watcher.changed && i < r->n_changed; i++)
        r->watcher.changed(r->watcher.ctx, r->changed[i].kind, r->changed[i].id);
    r->n_changed = 0;
}

static int append_refusal(struct room *r, const struct room_actor *by, enum room_verb verb,
                          const struct room_row *row, struct diag *err) {
    char name[ROOM_BY_CAP], detail[96];
    int n = snprintf(detail, sizeof detail, "{\"verb\":\"%s\",\"role\":\"%s\"}",
                     room_verb_to_string(verb), room_role_to_string(by->role));
    struct room_audit_row a = {.by = str_of(room_actor_format(by, name)),
                               .verb = STR("refused"),
                               .object = str_of(room_object_to_string(row->object)),
                               .row_id = row->id,
                               .tlp = str_of(room_tlp_to_string(row->tlp)),
                               .info_class = str_of(room_class_to_string(CLASS_RESPONSE)),
                               .detail = str_n(detail, (size_t) n)};
    return room_audit_append(r, &a, err);
}

int room_refuse(struct room *r, const struct room_actor *by, enum room_verb verb,
                const struct room_row *row, struct diag *reterr) {
    if (r->in_tx)
        return append_refusal(r, by, verb, row, reterr);
    int e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, append_refusal(r, by, verb, row, reterr), reterr);
    return e;
}

int room_record(struct room *r, const struct room_actor *by, enum room_verb verb,
                enum room_object object, struct str detail, struct diag *reterr) {
    char name[ROOM_BY_CAP];
    struct room_audit_row a = {.by = str_of(room_actor_format(by, name)),
                               .verb = str_of(room_verb_to_string(verb)),
                               .object = str_of(room_object_to_string(object)),
                               .tlp = str_of(room_tlp_to_string(TLP_AMBER)),
                               .info_class = str_of(room_class_to_string(CLASS_RESPONSE)),
                               .detail = detail};
    return room_audit_append(r, &a, reterr);
}

int room_end(struct room *r, int error, struct diag *reterr) {
    ASSERT(r->in_tx);
    room_point();
    if (error == 0)
        error = sql_commit(r->db, reterr);
    room_point();
    if (error != 0)
        sql_rollback(r->db);
    r->in_tx = false;
    if (error == 0) {
        tell(r);
    } else if (error == -ERR_REFUSED && r->refusal.set) {
        struct room_refusal f = r->refusal;
        struct room_authority_refusal why = r->authority_refusal;
        int e = room_refuse(r, &f.by, f.verb, &f.row, NULL);
        r->authority_refusal = why; /* for whoever tells it */
        error = e < 0 ? e : room_is_hidden(&f.by, &f.row) ? diag_set(reterr, -ENOENT, "no such row") : error;
    }
    r->n_changed = 0;
    return error;
}

void room_changed(struct room *r, const char *kind, int64_t id) {
    for (unsigned i = 0; i < r->n_changed; i++)
        if (r->changed[i].id == id && strcmp(r->changed[i].kind, kind) == 0)
            return;
    if (r->n_changed < ROOM_CHANGES_MAX - 1)
        r->changed[r->n_changed++] = (struct room_changed){kind, id};
    else
        r->changed[ROOM_CHANGES_MAX - 1] = (struct room_changed){"now", 0};
}

/* The row as room_may wants it: as stored, or as it will be. */
static int find_row(struct room *r, const struct room_write *w, struct room_row *row,
                    struct diag *err) {
    if (w->id != 0)
        return room_row_load(r, w->object, w->id, row, err);
    *row = (struct room_row){.object = w->object, .tlp = w->tlp, .owner = w->owner};
    snprintf(row->lane, sizeof row->lane, "%s", w->lane ? w->lane : "");
    if (w->incident == 0)
        return 0;
    struct room_row of;
    int e = room_row_load(r, OBJECT_INCIDENT, w->incident, &of, err);
    if (e == 0) {
        row->incident = w->incident;
        row->tlp = MAX(w->tlp, of.tlp);
        row->commander = of.commander;
        row->need_to_know = of.need_to_know;
        row->n_parties = of.n_parties;
        memcpy(row->parties, of.parties, sizeof row->parties);
        row->owner = of.owner; /* who writes a row of a case does not thereby own the case */
    }
    return e;
}

static int check(struct room *r, const struct room_write *w, struct room_row *row,
                 struct diag *err) {
    int e = find_row(r, w, row, err);
    if (e < 0)
        return e;
    if (!room_may(w->by, w->verb, row)) {
        r->refusal = (struct room_refusal){true, *w->by, w->verb, *row};
        return diag_set(err, -ERR_REFUSED, "%s may not %s %s", room_role_to_string(w->by->role),
                        room_verb_to_string(w->verb), room_object_to_string(w->object));
    }
    if (w->id != 0 && w->version != ROOM_ANY_VERSION && w->version != row->version) {
        r->conflict = (struct room_conflict){w->version, row->version, row->updated_at_ns, ""};
        snprintf(r->conflict.by, sizeof r->conflict.by, "%s", row->updated_by);
        return diag_set(err, -ERR_VERSION, "version %lld is stored, not %lld",
                        (long long) row->version, (long long) w->version);
    }
    return 0;
}

static int stamp(struct room *r, const struct room_write *w, int64_t id, struct diag *err) {
    const struct room_table *t = room_table_of(w->object);
    char by[ROOM_BY_CAP];
    room_actor_format(w->by, by);
    if (w->verb == VERB_DELETE || w->quiet)
        return 0;
    if (w->id != 0)
        return sql_run(r->db, err, t->stamp, "izi", id, by, room_now(r));
    return sql_run(r->db, err, t->stamp_new, "izizI", id, by, room_now(r),
                   room_tlp_to_string(w->tlp), w->owner ? &w->owner : NULL);
}

static int chain(struct room *r, const struct room_write *w, int64_t id, const struct room_row *row,
                 struct diag *err) {
    char by[ROOM_BY_CAP], hash[AUDIT_HASH_CHARS + 1];
    int e = room_audit_row_hash(r, w->object, id, hash, err);
    if (e < 0)
        return e;
    if ((hash[0] == 0) != (w->verb == VERB_DELETE))
        return diag_set(err, -ERR_CORRUPT, "row %lld of %s is %s after the write", (long long) id,
                        room_object_to_string(w->object), hash[0] ? "there" : "missing");
    struct room_audit_row a = {
        .by = str_of(room_actor_format(w->by, by)),
        .verb = str_of(room_verb_to_string(w->verb)),
        .object = str_of(room_object_to_string(w->object)),
        .row_id = id,
        .version = w->id ? row->version + !w->quiet : 1,
        .tlp = str_of(room_tlp_to_string(row->tlp)),
        .info_class = str_of(room_class_to_string(room_table_of(w->object)->info_class)),
        .detail = w->detail.p ? w->detail : STR("{}"),
        .row_hash = str_of(hash)};
    return room_audit_append(r, &a, err);
}

int room_write(struct room *r, const struct room_write *w, int64_t *ret_id, struct diag *reterr,
               const char *sql, const char *types, ...) {
    struct room_row row;
    ASSERT(r->in_tx && !r->in_parts && room_table_of(w->object));
    int e = check(r, w, &row, reterr);
    if (e < 0)
        return e;
    va_list values;
    va_start(values, types);
    e = sql_run_v(r->db, reterr, sql, types, values);
    va_end(values);
    if (e < 0)
        return e;
    if (w->id != 0 && sql_changes(r->db) != 1)
        return diag_set(reterr, -ERR_CORRUPT, "a write of %s changed %lld rows",
                        room_object_to_string(w->object), (long long) sql_changes(r->db));
    int64_t id = w->id ? w->id : sql_last_id(r->db);
    room_point();
    if (w->parts) {
        r->in_parts = true;
        e = w->parts(w->parts_ctx, r, id, reterr);
        r->in_parts = false;
    }
    if (e == 0)
        e = stamp(r, w, id, reterr);
    if (e == 0)
        e = chain(r, w, id, &row, reterr);
    if (e == 0 && ret_id)
        *ret_id = id;
    return e;
}

int room_write_part(struct room *r, struct diag *reterr, const char *sql, const char *types, ...) {
    ASSERT(r->in_parts);
    va_list values;
    va_start(values, types);
    int e = sql_run_v(r->db, reterr, sql, types, values);
    va_end(values);
    return e;
}

struct room_stale room_stale(struct room *r) {
    struct room_stale s = {r->conflict.yours, r->conflict.theirs, r->conflict.at_ns, "", ""};
    struct room_person p;
    int64_t id;
    snprintf(s.by, sizeof s.by, "%s", r->conflict.by);
    if (str_starts(str_of(s.by), STR("person:")) &&
        str_to_i64(str_from(str_of(s.by), 7), &id) == 0 && room_person_load(r, id, &p, NULL) == 0)
        snprintf(s.name, sizeof s.name, "%s", p.actor.name);
    return s;
}
