#include "room/person.h"

#include "base/limits.h"
#include "room/grant.h"
#include "room/room_priv.h"

#define BIT_OF(role) (1u << (role))

/* The column's CHECK knows three roles; `roles` beside it is what counts, where it is there. */
static const char *column_role(unsigned roles) {
    for (int i = ROLE_ADMINISTRATOR; i <= ROLE_AUDITOR; i++)
        if (roles & BIT_OF(i))
            return room_role_to_string((enum room_role) i);
    return "auditor";
}

int room_person_add(struct room *r, const struct room_actor *by, struct str name,
                    enum room_role role, struct str lang, int64_t *ret_id, struct diag *reterr) {
    struct room_write w = {
        .by = by, .verb = VERB_CREATE, .object = OBJECT_PERSON, .tlp = TLP_AMBER};
    int64_t id = 0;
    if (name.n == 0 || name.n > ROOM_NAME_BYTES_MAX)
        return diag_set(reterr, -EINVAL, "a name has 1 to %d bytes", ROOM_NAME_BYTES_MAX);
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_person_find(r, name, &id, reterr);
    if (e == 0 && id != 0) {
        *ret_id = id;
        return room_end(r, 0, reterr);
    }
    if (e == 0)
        e = room_write(r, &w, ret_id, reterr,
                       "INSERT INTO person(name, role, lang, roles) VALUES (?1, ?2, ?3, ?4)", "szsz", &name,
                       column_role(BIT_OF(role)), &lang, role <= ROLE_AUDITOR ? NULL : room_role_to_string(role));
    return room_end(r, e, reterr);
}

int room_person_find(struct room *r, struct str name, int64_t *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = name.n
                ? sql_query(r->db, &st, reterr, "SELECT id FROM person WHERE name = ?1", "s", &name)
                : sql_query(r->db, &st, reterr,
                            "SELECT id FROM person WHERE instr(' ' || coalesce(roles, role) || ' ', ' administrator ') AND active = 1 "
                            "ORDER BY id LIMIT 1",
                            "");
    if (e == 0)
        e = sql_step(st, reterr);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

#define PERSON_COLUMNS "p.id, p.name, coalesce(p.roles, p.role), p.lang, p.active, p.version, p.seen_at, p.look_at"

static void read_person(struct sql_stmt *st, struct room_person *p) {
    unsigned roles = room_roles_from_string(sql_str(st, 2));
    *p = (struct room_person){
        .actor = {.role = room_roles_first(roles), .also = roles, .person = sql_i64(st, 0)},
        .active = sql_i64(st, 4) != 0,
        .version = sql_i64(st, 5),
        .seen_at_ns = sql_is_null(st, 6) ? TIME_NONE : sql_i64(st, 6),
        .look_at_ns = sql_is_null(st, 7) ? TIME_NONE : sql_i64(st, 7)};
    snprintf(p->actor.name, sizeof p->actor.name, "%.*s", STR_ARG(sql_str(st, 1)));
    snprintf(p->lang, sizeof p->lang, "%.*s", STR_ARG(sql_str(st, 3)));
}

int room_person_load(struct room *r, int64_t id, struct room_person *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " PERSON_COLUMNS " FROM person p WHERE id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 0)
        return diag_set(reterr, -ENOENT, "no person %lld", (long long) id);
    if (e == 1)
        read_person(st, ret);
    return e < 0 ? e : room_grants_load(r, &ret->actor, reterr);
}

/* In a transaction, after the change. */
static int administrator_left(struct room *r, struct diag *err) {
    int64_t id;
    int e = room_person_find(r, STR_NULL, &id, err);
    if (e == 0 && id == 0)
        e = diag_set(err, -EBUSY, "the last administrator must stay");
    return e;
}

int room_person_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version,
                       const struct room_person_change *c, struct diag *reterr) {
    struct room_write w = {
        .by = by, .verb = VERB_CHANGE, .object = OBJECT_PERSON, .id = id, .version = version};
    char roles[ROOM_ROLES_CAP];
    bool given = c->roles != 0;
    room_roles_to_string(c->roles, roles);
    int64_t active = c->active;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr,
                   "UPDATE person SET name = coalesce(?2, name), lang = coalesce(?3, lang), "
                   "role = coalesce(?4, role), active = coalesce(?5, active), roles = coalesce(?6, roles) WHERE id = ?1",
                   "isszIz", id, &c->name, &c->lang, given ? column_role(c->roles) : NULL, active < 0 ? NULL : &active,
                   given ? roles : NULL);
    if (e == 0)
        e = administrator_left(r, reterr);
    return room_end(r, e, reterr);
}

int room_person_lang(struct room *r, const struct room_actor *by, int64_t version, struct str lang,
                     struct diag *reterr) {
    struct room_write w = {
        .by = by, .verb = VERB_OPEN, .object = OBJECT_PERSON, .id = by->person, .version = version};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr, "UPDATE person SET lang = ?2 WHERE id = ?1", "is",
                   by->person, &lang);
    return room_end(r, e, reterr);
}

int room_person_seen(struct room *r, const struct room_person *p, struct diag *reterr) {
    struct room_write w = {.by = &p->actor,
                           .verb = VERB_OPEN,
                           .object = OBJECT_PERSON,
                           .id = p->actor.person,
                           .version = ROOM_ANY_VERSION,
                           .quiet = true};
    int64_t now = room_now(r), away = p->seen_at_ns == TIME_NONE ? INT64_MAX : now - p->seen_at_ns;
    int64_t look = p->seen_at_ns;
    if (away < 10 * NS_PER_MIN)
        return 0;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr,
                   "UPDATE person SET seen_at = ?2, look_at = coalesce(?3, look_at) WHERE id = ?1",
                   "iiI", p->actor.person, now,
                   look != TIME_NONE && away > 30 * NS_PER_MIN ? &look : NULL);
    return room_end(r, e, reterr);
}

void room_person_write(const struct room_person *p, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ki64(w, "id", p->actor.person);
    jsonw_kz(w, "name", p->actor.name);
    jsonw_kz(w, "role", room_role_to_string(p->actor.role));
    room_roles_write(&p->actor, w);
    jsonw_kz(w, "lang", p->lang);
    jsonw_kbool(w, "active", p->active);
    jsonw_ki64(w, "version", p->version);
    jsonw_ktime(w, "last_seen", p->seen_at_ns);
    jsonw_end(w);
}

int room_persons_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT " PERSON_COLUMNS " FROM person p ORDER BY id LIMIT ?1", "i",
                      (int64_t) ROOM_PERSONS_MAX);
    jsonw_object(w);
    jsonw_key(w, STR("persons"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        struct room_person p;
        read_person(st, &p);
        e = room_grants_load(r, &p.actor, reterr);
        if (e == 0)
            e = room_grants_show(r, who, &p.actor, reterr);
        room_person_write(&p, w);
    }
    jsonw_end(w);
    jsonw_end(w);
    return e;
}
