#include "room/grant.h"

#include "base/text.h"
#include "room/lane.h"
#include "room/person.h"
#include "room/register_priv.h"

#define BIT(x) (1u << (x))

unsigned room_roles_from_string(struct str s) {
    struct str one;
    unsigned roles = 0;
    while (s.n && str_split(&s, ' ', &one)) {
        int role = room_role_from_string(one);
        roles |= role < 0 ? 0 : BIT(role);
    }
    return roles;
}

enum room_role room_roles_first(unsigned roles) {
    static const enum room_role order[] = {ROLE_ADMINISTRATOR, ROLE_COMMANDER, ROLE_HANDLER, ROLE_AUDITOR,
                                           ROLE_APPROVER,      ROLE_PUBLISHER, ROLE_SUPPLIER, ROLE_DESK, ROLE_REPORTER};
    for (size_t i = 0; i < ARRAY_SIZE(order); i++)
        if (roles & BIT(order[i]))
            return order[i];
    return ROLE_NOBODY;
}

const char *room_roles_to_string(unsigned roles, char dst[ROOM_ROLES_CAP]) {
    size_t n = 0;
    dst[0] = 0;
    for (int i = ROLE_ADMINISTRATOR; i <= ROLE_DESK; i++)
        if (roles & BIT(i))
            n += (size_t) snprintf(dst + n, ROOM_ROLES_CAP - n, "%s%s", n ? " " : "", room_role_to_string((enum room_role) i));
    return dst;
}

static void write_id(struct jsonw *w, const char *key, int64_t id) {
    jsonw_key(w, str_of(key));
    id ? jsonw_i64(w, id) : jsonw_null(w);
}

void room_roles_write(const struct room_actor *a, struct jsonw *w) {
    unsigned roles = BIT(a->role) | a->also;
    jsonw_key(w, STR("roles"));
    jsonw_array(w);
    for (int i = ROLE_ADMINISTRATOR; i <= ROLE_DESK; i++)
        if (roles & BIT(i))
            jsonw_str(w, str_of(room_role_to_string((enum room_role) i)));
    jsonw_end(w);
    jsonw_key(w, STR("grants"));
    jsonw_array(w);
    for (size_t i = 0; i < a->n_grants; i++) {
        const struct room_grant *g = &a->grants[i];
        jsonw_object(w);
        jsonw_ki64(w, "id", g->id);
        jsonw_kz(w, "role", room_role_to_string(g->role));
        write_id(w, "organisation_id", g->organisation);
        write_id(w, "incident_id", g->incident);
        jsonw_kz(w, "lane", g->lane[0] ? g->lane : NULL);
        jsonw_end(w);
    }
    jsonw_end(w);
}

/* Those of organisations first: there are few, and they hold for long. */
int room_grants_load(struct room *r, struct room_actor *a, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, role, coalesce(organisation_id, 0), coalesce(incident_id, 0), coalesce(lane, '') FROM role_grant "
                      "WHERE person_id = ?1 AND coalesce(until_at, ?3) >= ?3 ORDER BY incident_id IS NOT NULL, id DESC LIMIT ?2", "iii", a->person,
                      (int64_t) ROOM_GRANTS_MAX, room_now(r));
    a->n_grants = 0;
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        int role = room_role_from_string(sql_str(st, 1));
        e = 0;
        if (role < 0)
            continue;
        struct room_grant *g = &a->grants[a->n_grants++];
        *g = (struct room_grant){.id = sql_i64(st, 0), .role = (enum room_role) role, .organisation = sql_i64(st, 2), .incident = sql_i64(st, 3)};
        snprintf(g->lane, sizeof g->lane, "%.*s", STR_ARG(sql_str(st, 4)));
    }
    return e;
}

int room_grants_show(struct room *r, const struct room_actor *who, struct room_actor *a, struct diag *reterr) {
    size_t n = 0;
    int e = 1;
    for (size_t i = 0; e >= 0 && i < a->n_grants; i++) {
        e = a->grants[i].incident ? room_may_read(r, who, OBJECT_INCIDENT, a->grants[i].incident, reterr) : 1;
        if (e == 1)
            a->grants[n++] = a->grants[i];
    }
    a->n_grants = n;
    return MIN(e, 0);
}

/* ---- of a row ---- */

static void add_party(struct room_row *row, int64_t id) {
    for (size_t i = 0; i < row->n_parties; i++)
        if (row->parties[i] == id)
            return;
    if (row->n_parties < ROOM_PARTIES_MAX)
        row->parties[row->n_parties++] = id;
}

/* The organisation above; 0: none. */
static int above(struct room *r, int64_t id, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct arena a;
    *ret = 0;
    int e = sql_query(r->db, &st, err, "SELECT coalesce(json_extract(vals, '$.parent'), '') FROM register WHERE id = ?1 AND kind = 'organisations'", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0 || !sql_str(st, 0).n)
        return MIN(e, 0);
    arena_init(&a, 1 << 20);
    struct str key = register_key(&a, sql_str(st, 0));
    CLEANUP(sql_endp) struct sql_stmt *found = NULL;
    e = key.p ? sql_query(r->db, &found, err, "SELECT id FROM register WHERE kind = 'organisations' AND key = ?1", "s", &key) : -ENOMEM;
    if (e == 0)
        e = sql_step(found, err);
    if (e == 1)
        *ret = sql_i64(found, 0);
    arena_done(&a);
    return MIN(e, 0);
}

int room_row_parties(struct room *r, struct room_row *row, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT organisation_id FROM incident_party WHERE incident_id = ?1 AND coalesce(until_at, ?2) >= ?2 ORDER BY id", "ii",
                      row->incident, room_now(r));
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        int64_t id = sql_i64(st, 0);
        e = 0;
        for (int depth = 0; e == 0 && id && depth < ROOM_PARTIES_MAX; depth++) {
            add_party(row, id);
            e = above(r, id, &id, reterr);
        }
    }
    return e;
}

int room_row_lane(struct room *r, struct room_row *row, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT lane FROM timeline WHERE id = ?1", "i", row->id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        snprintf(row->lane, sizeof row->lane, "%.*s", STR_ARG(sql_str(st, 0)));
    return MIN(e, 0);
}

/* ---- writing ---- */

static int check_organisation(struct room *r, int64_t id, struct diag *err) {
    char kind[64] = "";
    int e = room_register_kind(r, id, kind, err);
    if (e == -ENOENT || (e == 0 && strcmp(kind, "organisations") != 0))
        e = diag_set(err, -EINVAL, "organisation");
    return e;
}

static int check_grant(struct room *r, int64_t person, const struct room_grant *g, struct diag *err) {
    struct room_person p;
    bool lane = g->lane[0] != 0;
    if (g->role == ROLE_ADMINISTRATOR || g->role < ROLE_ADMINISTRATOR || g->role > ROLE_DESK)
        return diag_set(err, -EINVAL, "role");
    char code[ROOM_LANE_CAP];
    if (lane != (g->role == ROLE_SUPPLIER) || (lane && room_lane_of(r, g->incident, str_of(g->lane), code, err) < 0))
        return diag_set(err, -EINVAL, "lane");
    if ((g->organisation != 0) == (g->incident != 0) || (g->role == ROLE_SUPPLIER && !g->incident))
        return diag_set(err, -EINVAL, "organisation");
    int e = room_person_load(r, person, &p, err);
    if (e == -ENOENT || (e == 0 && !p.active))
        return diag_set(err, -EINVAL, "person");
    return e == 0 && g->organisation ? check_organisation(r, g->organisation, err) : e;
}

int room_grant_add(struct room *r, const struct room_actor *by, int64_t person, const struct room_grant *g, int64_t *ret_id,
                   struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_GRANT, .tlp = TLP_AMBER, .incident = g->incident};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = check_grant(r, person, g, reterr);
    if (e == 0)
        e = room_write(r, &w, ret_id, reterr, "INSERT INTO role_grant(person_id, role, organisation_id, incident_id, lane, until_at) VALUES (?1, ?2, nullif(?3, 0), nullif(?4, 0), ?5, ?6)",
                       "iziizI", person, room_role_to_string(g->role), g->organisation, g->incident, g->lane[0] ? g->lane : NULL,
                       g->until_ns ? &g->until_ns : NULL);
    if (g->incident)
        room_changed(r, "incident", g->incident);
    return room_end(r, e, reterr);
}

static int end_row(struct room *r, const struct room_actor *by, enum room_object o, int64_t id, const char *sql, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_DELETE, .object = o, .id = id, .version = ROOM_ANY_VERSION};
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, err, sql, "i", id);
    room_changed(r, "now", 0);
    return room_end(r, e, err);
}

int room_grant_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) {
    return end_row(r, by, OBJECT_GRANT, id, "DELETE FROM role_grant WHERE id = ?1", reterr);
}

int room_party_add(struct room *r, const struct room_actor *by, int64_t incident, int64_t organisation, int64_t until_ns, int64_t *ret_id,
                   struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_PARTY, .tlp = TLP_AMBER, .incident = incident};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = check_organisation(r, organisation, reterr);
    if (e == 0)
        e = room_write(r, &w, ret_id, reterr, "INSERT INTO incident_party(incident_id, organisation_id, until_at) VALUES (?1, ?2, nullif(?3, 0))", "iii", incident,
                       organisation, until_ns);
    room_changed(r, "incident", incident);
    return room_end(r, e, reterr);
}

int room_party_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) {
    return end_row(r, by, OBJECT_PARTY, id, "DELETE FROM incident_party WHERE id = ?1", reterr);
}
