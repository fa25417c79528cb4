/* Who is who: the organisations with their people and who answers now, what stops with what, rows alike, and who may know of a case. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/map.h"
#include "room/directory.h"
#include "room/joint.h"

/* ---- who may know ---- */

int handle_sharing(struct call *c) {
    int e = room_sharing_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int read_grant(struct call *c, struct room_grant *g) {
    struct str role, lane = STR("");
    int e = call_body_str(c, "role", 1, 32, &role);
    if (e == 0 && json_get(c->json, "lane"))
        e = call_body_str(c, "lane", 1, ROOM_LANE_CAP - 1, &lane);
    int r = e == 0 ? room_role_from_string(role) : -1;
    if (e == 0 && r < 0)
        return call_bad(c, "role");
    g->role = e == 0 ? (enum room_role) r : ROLE_NOBODY;
    snprintf(g->lane, sizeof g->lane, "%.*s", STR_ARG(lane));
    return e;
}

/* 0: until it is ended by a person. */
static int read_until(struct call *c, int64_t *ret_ns) {
    int e = call_body_when(c, "until", ret_ns);
    if (e == 0 && *ret_ns == TIME_NONE)
        *ret_ns = 0;
    else if (e == 0 && *ret_ns <= room_now(c->p->room))
        return call_bad(c, "until");
    return e;
}

int handle_case_grant(struct call *c) {
    static const char *const keys[] = {"person", "role", "lane", "until", NULL};
    struct room_grant g = {.incident = c->args.id};
    int64_t person, id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "person", 1, INT64_MAX, &person);
    if (e == 0)
        e = read_grant(c, &g);
    if (e == 0)
        e = read_until(c, &g.until_ns);
    if (e == 0)
        e = room_grant_add(c->p->room, &c->who, person, &g, &id, &c->err);
    return e < 0 ? e : handle_sharing(c);
}

int handle_person_grant(struct call *c) {
    static const char *const keys[] = {"organisation", "role", NULL};
    struct room_grant g = {0};
    struct room_person p;
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "organisation", 1, INT64_MAX, &g.organisation);
    if (e == 0)
        e = read_grant(c, &g);
    if (e == 0)
        e = room_grant_add(c->p->room, &c->who, c->args.id, &g, &id, &c->err);
    if (e == 0)
        e = room_person_load(c->p->room, c->args.id, &p, &c->err);
    if (e == 0)
        e = room_grants_show(c->p->room, &c->who, &p.actor, &c->err);
    if (e == 0)
        room_person_write(&p, &c->w);
    return e < 0 ? e : 200;
}

int handle_grant_end(struct call *c) {
    int e = call_no_body(c);
    if (e == 0)
        e = room_grant_end(c->p->room, &c->who, c->args.id, &c->err);
    return e < 0 ? e : call_ok(c);
}

int handle_party(struct call *c) {
    static const char *const keys[] = {"organisation", "until", NULL};
    int64_t organisation, id, until = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "organisation", 1, INT64_MAX, &organisation);
    if (e == 0)
        e = read_until(c, &until);
    if (e == 0)
        e = room_party_add(c->p->room, &c->who, c->args.id, organisation, until, &id, &c->err);
    return e == -EEXIST ? call_bad(c, "organisation") : e < 0 ? e : handle_sharing(c);
}

static int read_words(struct call *c, const char *key, bool *ret_set, struct str *ret) {
    const struct json_value *v = json_get(c->json, key);
    *ret_set = v != NULL;
    return !v || v->type == JSON_NULL ? 0 : call_body_str(c, key, 0, 4000, ret);
}

int handle_party_put(struct call *c) {
    static const char *const keys[] = {"version", "state", "words", "recovery", "until", NULL};
    struct room_party_change x = {.set_recovery = json_get(c->json, "recovery") != NULL, .set_until = json_get(c->json, "until") != NULL};
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0)
        e = read_words(c, "state", &x.set_state, &x.state);
    if (e == 0)
        e = read_words(c, "words", &x.set_words, &x.words);
    if (e == 0)
        e = call_body_when(c, "recovery", &x.recovery_ns);
    if (e == 0)
        e = call_body_when(c, "until", &x.until_ns);
    if (e == 0)
        e = room_party_change(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    c->args.id = c->row.incident;
    return e < 0 ? e : handle_sharing(c);
}

int handle_joint_put(struct call *c) {
    static const char *const keys[] = {"version", "words", NULL};
    struct str words;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "words", 0, 16000, &words);
    if (e == 0)
        e = room_joint_put(c->p->room, &c->who, c->args.id, version, words, &c->err);
    return e < 0 ? e : handle_sharing(c);
}

int handle_seen(struct call *c) {
    static const char *const keys[] = {"entry", NULL};
    int64_t entry;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "entry", 1, INT64_MAX, &entry);
    if (e == 0)
        e = room_seen(c->p->room, &c->who, c->args.id, entry, &c->err);
    return e < 0 ? e : call_ok(c);
}

int handle_party_end(struct call *c) {
    int e = call_no_body(c);
    if (e == 0)
        e = room_party_end(c->p->room, &c->who, c->args.id, &c->err);
    return e < 0 ? e : call_ok(c);
}

/* ---- people ---- */

static void write_id(struct jsonw *w, const char *key, int64_t id) {
    jsonw_key(w, str_of(key));
    id ? jsonw_i64(w, id) : jsonw_null(w);
}

static void write_reach(struct jsonw *w, enum directory_reach reach, struct str phone, int64_t change) {
    jsonw_kz(w, "reach", directory_reach_to_string(reach));
    jsonw_kstr(w, "call", phone);
    jsonw_ktime(w, "changes", change);
}

static void write_organisation(struct call *c, const struct room_directory *d, const struct directory_organisation *o) {
    struct str phone;
    int64_t change;
    enum directory_reach reach = room_directory_organisation_at(d, o, room_now(c->p->room), &phone, &change);
    jsonw_object(&c->w);
    jsonw_ki64(&c->w, "id", o->id);
    jsonw_kstr(&c->w, "name", o->name);
    write_id(&c->w, "parent", o->parent ? o->parent->id : 0);
    jsonw_ku64(&c->w, "depth", o->depth);
    jsonw_kstr(&c->w, "rank", o->rank);
    jsonw_kstr(&c->w, "kind", o->kind);
    jsonw_kstr(&c->w, "hours", o->hours);
    jsonw_kstr(&c->w, "mail", o->mail);
    write_reach(&c->w, reach, phone, change);
    jsonw_end(&c->w);
}

static void write_person(struct call *c, const struct directory_person *p) {
    struct room_person account;
    jsonw_object(&c->w);
    jsonw_ki64(&c->w, "id", p->id);
    jsonw_kstr(&c->w, "name", p->name);
    jsonw_kstr(&c->w, "kana", p->kana);
    jsonw_kstr(&c->w, "title", p->title);
    write_id(&c->w, "organisation", p->organisation ? p->organisation->id : 0);
    bool signs_in = p->account && room_person_load(c->p->room, p->account, &account, NULL) == 0;
    jsonw_key(&c->w, STR("role"));
    if (signs_in)
        jsonw_str(&c->w, str_of(room_role_to_string(account.actor.role)));
    else
        jsonw_null(&c->w);
    jsonw_ktime(&c->w, "seen", signs_in ? account.seen_at_ns : TIME_NONE);
    jsonw_key(&c->w, STR("ways"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < p->n_ways; i++) {
        jsonw_object(&c->w);
        jsonw_kz(&c->w, "kind", directory_way_to_string(p->ways[i].kind));
        jsonw_kstr(&c->w, "to", p->ways[i].to);
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
    jsonw_end(&c->w);
}

static void write_list(struct jsonw *w, const char *key, struct str list) {
    struct str one;
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    while (list.n && str_split(&list, '\n', &one))
        jsonw_str(w, one);
    jsonw_end(w);
}

static void write_contract(struct call *c, const struct room_directory *d, const struct directory_contract *x) {
    struct str phone;
    int64_t change;
    enum directory_reach reach = room_directory_contract_at(d, x, room_now(c->p->room), &phone, &change);
    jsonw_object(&c->w);
    jsonw_ki64(&c->w, "id", x->id);
    jsonw_kstr(&c->w, "name", x->name);
    jsonw_kstr(&c->w, "supplier", x->supplier);
    write_list(&c->w, "calls", x->calls);
    write_list(&c->w, "systems", x->systems);
    jsonw_kstr(&c->w, "hours", x->hours);
    jsonw_kstr(&c->w, "mail", x->mail);
    jsonw_kstr(&c->w, "scope", x->scope);
    jsonw_kstr(&c->w, "cost", x->cost);
    write_reach(&c->w, reach, phone, change);
    jsonw_end(&c->w);
}

static int open_directory(struct call *c, struct room_directory **ret) {
    return room_directory_open(c->p->room, ret, &c->err);
}

int handle_people(struct call *c) {
    CLEANUP(room_directory_closep) struct room_directory *d = NULL;
    const struct directory_organisation *const *organisations;
    const struct directory_person *const *people;
    const struct directory_contract *const *contracts;
    size_t n = 0, n_people = 0;
    int e = open_directory(c, &d);
    if (e == 0)
        e = room_directory_members(d, NULL, &people, &n_people, &c->err);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_ktime(&c->w, "at", room_now(c->p->room));
    jsonw_key(&c->w, STR("organisations"));
    jsonw_array(&c->w);
    n = room_directory_organisations(d, &organisations);
    for (size_t i = 0; i < n; i++)
        write_organisation(c, d, organisations[i]);
    jsonw_end(&c->w);
    jsonw_key(&c->w, STR("people"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < n_people; i++)
        write_person(c, people[i]);
    jsonw_end(&c->w);
    jsonw_key(&c->w, STR("contracts"));
    jsonw_array(&c->w);
    n = room_directory_contracts(d, &contracts);
    for (size_t i = 0; i < n; i++)
        write_contract(c, d, contracts[i]);
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return 200;
}

/* ---- systems ---- */

static void write_system(struct jsonw *w, const struct directory_system *s) {
    jsonw_ki64(w, "id", s->id);
    jsonw_kstr(w, "name", s->name);
    jsonw_kz(w, "kind", s->is_service ? "service" : "system");
    jsonw_kstr(w, "importance", s->importance);
    jsonw_kstr(w, "responsible", s->responsible_name);
}

/* What it stands on, all the way down: for the picture. */
static void write_ground(struct jsonw *w, const struct directory_system *s, size_t depth, struct map *seen) {
    enum { DEEPEST = 32 };
    for (size_t i = 0; i < s->n_depends; i++) {
        const struct directory_system *on = s->depends[i];
        char key[24];
        int n = snprintf(key, sizeof key, "%lld", (long long) on->id);
        bool fresh;
        union map_value *at;
        if (depth > DEEPEST || map_add(seen, str_n(key, (size_t) n), &at, &fresh) < 0 || !fresh)
            continue;
        jsonw_object(w);
        write_system(w, on);
        jsonw_ki64(w, "via", s->id);
        jsonw_ku64(w, "depth", depth);
        jsonw_end(w);
        write_ground(w, on, depth + 1, seen);
    }
}

int handle_system_stops(struct call *c) {
    CLEANUP(room_directory_closep) struct room_directory *d = NULL;
    const struct directory_stop *stops;
    struct map seen;
    size_t n;
    int e = open_directory(c, &d);
    const struct directory_system *s = e == 0 ? room_directory_system_id(d, c->args.id) : NULL;
    if (e == 0 && !s)
        return diag_set(&c->err, -ENOENT, "no such system");
    if (e == 0)
        e = room_directory_stops(d, &s, 1, &stops, &n, &c->err);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("stops"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(&c->w);
        write_system(&c->w, stops[i].system);
        write_id(&c->w, "via", stops[i].via ? stops[i].via->id : 0);
        jsonw_ku64(&c->w, "depth", stops[i].depth);
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
    jsonw_key(&c->w, STR("stands_on"));
    jsonw_array(&c->w);
    map_init(&seen, 100000, 0);
    write_ground(&c->w, s, 1, &seen);
    map_done(&seen);
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return 200;
}

/* where: conditions joined by line ends (directory.h). */
int handle_register_find(struct call *c) {
    struct str where = call_query(c, "where");
    jsonw_object(&c->w);
    int e = room_register_find(c->p->room, c->args.name, where.p ? where : STR(""), &c->w, &c->err);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}
