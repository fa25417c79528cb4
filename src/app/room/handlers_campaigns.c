/* Campaigns: each of these must answer, by a date; and what is noticed more easily until one. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "room/campaign.h"
#include "room/deed.h"
#include "room/tightening.h"

/* ---- what both have ---- */

/* The case it belongs to, which the person has to be able to read; 404 stands in *ret_status. */
static int read_incident(struct call *c, int64_t *ret, int *ret_status) {
    const struct json_value *v = json_get(c->json, "incident");
    *ret_status = 0;
    if (!v || v->type == JSON_NULL)
        return 0;
    int e = call_body_i64(c, "incident", 1, INT64_MAX, ret);
    if (e == 0)
        e = room_may_read(c->p->room, &c->who, OBJECT_INCIDENT, *ret, &c->err);
    if (e == 0)
        *ret_status = call_refuse(c, 404, "error.not_found");
    return MIN(e, 0);
}

static int read_when(struct call *c, const char *key, int64_t *ret_ns) {
    int e = call_body_when(c, key, ret_ns);
    if (*ret_ns == TIME_NONE)
        *ret_ns = 0;
    return e;
}

static int list_of(struct call *c, int64_t *ret_incident, int *ret_status) {
    int e = call_query_i64(c, "incident", 0, INT64_MAX, 0, ret_incident);
    *ret_status = 0;
    if (e == 0 && *ret_incident && (e = room_may_read(c->p->room, &c->who, OBJECT_INCIDENT, *ret_incident, &c->err)) == 0)
        *ret_status = call_refuse(c, 404, "error.not_found");
    return MIN(e, 0);
}

/* ---- campaigns ---- */

int handle_campaigns(struct call *c) {
    int64_t incident;
    int status, e = list_of(c, &incident, &status);
    if (e < 0 || status)
        return e < 0 ? e : status;
    e = room_campaigns_write(c->p->room, incident, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int show(struct call *c, int64_t id) {
    int e = room_campaign_write(c->p->room, id, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_campaign(struct call *c) {
    return show(c, c->args.id);
}

static int read_one(struct call *c, const struct json_value *v, struct room_campaign_target *t) {
    static const char *const keys[] = {"name", "ref", "person", "what", "n", NULL};
    *t = (struct room_campaign_target){.ref = STR(""), .person = STR(""), .what = STR("")};
    if (v->type != JSON_OBJECT || json_only_keys(v, keys, NULL) < 0 || !json_get_str(v, "name", &t->name))
        return call_bad(c, "targets");
    (void) json_get_str(v, "ref", &t->ref);
    (void) json_get_str(v, "person", &t->person);
    (void) json_get_str(v, "what", &t->what);
    return json_get(v, "n") && !json_get_i64(v, "n", &t->n) ? call_bad(c, "targets") : 0;
}

/* One of: targets (rows), list (text as it was pasted or a CSV file has it), people (an organisation, a group on duty, "" everybody),
 * register and where (rows of a register with the same condition). */
static int read_targets(struct call *c, struct room_campaign_target **ret, size_t *ret_n) {
    const struct json_value *rows = json_get_array(c->json, "targets");
    struct str list, people, kind, where = STR("");
    *ret_n = 0;
    if (rows) {
        *ret = arena_alloc(&c->arena, MAX(rows->n, 1u) * sizeof **ret);
        if (!*ret)
            return -ENOMEM;
        if (rows->n > CAMPAIGN_TARGETS_MAX)
            return call_bad(c, "targets");
        int e = 0;
        for (const struct json_value *v = rows->first; e == 0 && v; v = v->next)
            e = read_one(c, v, &(*ret)[(*ret_n)++]);
        return e;
    }
    if (json_get_str(c->json, "list", &list))
        return room_campaign_read_list(&c->arena, list, ret, ret_n, &c->err);
    if (json_get_str(c->json, "people", &people))
        return room_campaign_read_people(c->p->room, &c->arena, people, ret, ret_n, &c->err);
    (void) json_get_str(c->json, "where", &where);
    if (json_get_str(c->json, "register", &kind))
        return room_campaign_read_register(c->p->room, &c->arena, kind, where, ret, ret_n, &c->err);
    return call_bad(c, "targets");
}

static const char *const new_keys[] = {"kind", "title", "text", "origin", "due", "incident", "targets", "list", "people", "register", "where", NULL};

int handle_campaign_try(struct call *c) {
    static const char *const keys[] = {"targets", "list", "people", "register", "where", NULL};
    struct room_campaign_target *t = NULL;
    size_t n = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_targets(c, &t, &n);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("targets"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(&c->w);
        jsonw_kstr(&c->w, "name", t[i].name);
        jsonw_kstr(&c->w, "person", t[i].person.p ? t[i].person : STR(""));
        jsonw_ki64(&c->w, "n", MAX(t[i].n, (int64_t) 1));
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return 200;
}

int handle_campaign_post(struct call *c) {
    struct room_campaign_new x = {0};
    struct room_campaign_target *t = NULL;
    int64_t id;
    int status = 0, e = call_body_only(c, new_keys);
    if (e == 0)
        e = call_body_str(c, "kind", 1, 60, &x.kind);
    if (e == 0)
        e = call_body_words(c, "title", 300, &x.title);
    if (e == 0)
        e = call_body_words(c, "text", 4000, &x.text);
    if (e == 0)
        e = call_body_words(c, "origin", 1000, &x.origin);
    if (e == 0)
        e = read_when(c, "due", &x.due_ns);
    if (e == 0)
        e = read_incident(c, &x.incident, &status);
    if (e == 0 && status)
        return status;
    if (e == 0)
        e = read_targets(c, &t, &x.n_targets);
    x.targets = t;
    if (e == 0)
        e = room_campaign_start(c->p->room, &c->who, &x, &id, &c->err);
    if (e == -ENOENT)
        return call_bad(c, "kind");
    return e < 0 ? e : show(c, id);
}

int handle_campaign_end(struct call *c) {
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_campaign_end(c->p->room, &c->who, c->args.id, version, &c->err);
    return e < 0 ? e : show(c, c->args.id);
}

int handle_campaign_extend(struct call *c) {
    static const char *const keys[] = {"version", "due", NULL};
    int64_t version, due = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_when(c, "due", &due);
    if (e == 0)
        e = room_campaign_extend(c->p->room, &c->who, c->args.id, version, due, &c->err);
    return e < 0 ? e : show(c, c->args.id);
}

int handle_campaign_force(struct call *c) {
    static const char *const keys[] = {"targets", "driver", "minutes", NULL};
    const struct json_value *list;
    struct room_campaign_force f = {.minutes = 60};
    int64_t ids[ROOM_DEED_TARGETS_MAX], deed;
    int e = call_body_only(c, keys);
    list = e == 0 ? json_get_array(c->json, "targets") : NULL;
    if (e == 0)
        e = call_body_words(c, "driver", 60, &f.driver);
    if (e == 0 && json_get(c->json, "minutes"))
        e = call_body_i64(c, "minutes", 1, ROOM_DEED_MINUTES_MAX, &f.minutes);
    if (e == 0 && list && list->n > ARRAY_SIZE(ids))
        e = call_bad(c, "targets");
    for (const struct json_value *v = e == 0 && list ? list->first : NULL; e == 0 && v; v = v->next)
        e = v->type == JSON_NUMBER && str_to_i64(v->text, &ids[f.n++]) == 0 ? 0 : call_bad(c, "targets");
    f.targets = ids;
    if (e == 0)
        e = room_campaign_force(c->p->room, &c->who, c->args.id, &f, &deed, &c->err);
    return e < 0 ? e : show(c, c->args.id);
}

int handle_campaign_answer(struct call *c) {
    static const char *const keys[] = {"version", "value", "words", "done", NULL};
    struct room_campaign_said s = {.done = -1};
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = call_body_str(c, "value", 1, 40, &s.value);
    if (e == 0)
        e = call_body_words(c, "words", 2000, &s.words);
    if (e == 0 && json_get(c->json, "done") && json_get(c->json, "done")->type != JSON_NULL)
        e = call_body_i64(c, "done", 0, CAMPAIGN_COUNT_MAX, &s.done);
    if (e == 0)
        e = room_campaign_answer(c->p->room, &c->who, c->args.id, version, &s, &c->err);
    return e < 0 ? e : call_ok(c);
}

/* ---- tightenings ---- */

static int tightenings(struct call *c, int64_t incident) {
    jsonw_object(&c->w);
    int e = room_tightenings_write(c->p->room, incident, &c->who, &c->w, &c->err);
    tighten_link_write(c->p, &c->w);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

int handle_tightenings(struct call *c) {
    int64_t incident;
    int status, e = list_of(c, &incident, &status);
    return e < 0 ? e : status ? status : tightenings(c, incident);
}

static int read_texts(struct call *c, const char *key, const struct str **ret, size_t *ret_n) {
    const struct json_value *list = json_get_array(c->json, key);
    struct str *at = NULL;
    *ret_n = 0;
    if (!json_get(c->json, key))
        return 0;
    if (!list || list->n > TIGHTENING_TARGETS_MAX || !(at = arena_alloc(&c->arena, MAX(list->n, 1u) * sizeof *at)))
        return call_bad(c, key);
    for (const struct json_value *v = list->first; v; v = v->next) {
        if (v->type != JSON_STRING || !str_trim(v->text).n || v->text.n > 300)
            return call_bad(c, key);
        at[(*ret_n)++] = str_trim(v->text);
    }
    *ret = at;
    return 0;
}

int handle_tightening_post(struct call *c) {
    static const char *const keys[] = {"incident", "services", "hosts", "kinds", "sets", "sources", "factor", "reason", "until", "review", NULL};
    struct room_tightening_new x = {.use = "boost"};
    int64_t id;
    int status = 0, e = call_body_only(c, keys);
    if (e == 0)
        e = read_texts(c, "services", &x.services, &x.n_services);
    if (e == 0)
        e = read_texts(c, "hosts", &x.hosts, &x.n_hosts);
    if (e == 0)
        e = read_texts(c, "kinds", &x.kinds, &x.n_kinds);
    if (e == 0)
        e = read_texts(c, "sets", &x.sets, &x.n_sets);
    if (e == 0)
        e = read_texts(c, "sources", &x.sources, &x.n_sources);
    if (e == 0 && json_get(c->json, "factor"))
        e = call_body_i64(c, "factor", 101, TIGHTENING_FACTOR_MAX, &x.factor);
    if (e == 0)
        e = call_body_str(c, "reason", 1, 1000, &x.reason);
    if (e == 0)
        e = read_when(c, "until", &x.until_ns);
    if (e == 0 && !x.until_ns)
        e = call_bad(c, "until"); /* nothing is tightened for ever by leaving it out */
    if (e == 0)
        e = read_when(c, "review", &x.review_ns);
    if (e == 0)
        e = read_incident(c, &x.incident, &status);
    if (e == 0 && status)
        return status;
    if (e == 0)
        e = room_tightening_start(c->p->room, &c->who, &x, &id, &c->err);
    return e < 0 ? e : tightenings(c, x.incident);
}

int handle_watch_post(struct call *c) {
    static const char *const keys[] = {"days", NULL};
    int64_t days = 0, id;
    int e = c->json ? call_body_only(c, keys) : 0;
    if (e == 0 && c->json && json_get(c->json, "days"))
        e = call_body_i64(c, "days", 1, TIGHTENING_DAYS_MAX, &days);
    if (e == 0)
        e = room_tightening_watch(c->p->room, &c->who, c->args.id, days, &id, &c->err);
    if (e == -ENOENT)
        return call_refuse(c, 400, "error.nothing_to_watch");
    return e < 0 ? e : tightenings(c, c->args.id);
}

int handle_tightening_review(struct call *c) {
    static const char *const keys[] = {"version", "until", "review", "why", NULL};
    int64_t version, until = 0, review = 0;
    struct str why;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_when(c, "until", &until);
    if (e == 0)
        e = read_when(c, "review", &review);
    if (e == 0)
        e = call_body_str(c, "why", 1, 1000, &why);
    if (e == 0)
        e = room_tightening_review(c->p->room, &c->who, c->args.id, version, until, review, why, &c->err);
    return e < 0 ? e : tightenings(c, 0);
}

int handle_tightening_end(struct call *c) {
    int64_t version;
    struct str why;
    int e = call_body_version_why(c, &version, &why);
    if (e == 0)
        e = room_tightening_end(c->p->room, &c->who, c->args.id, version, why, &c->err);
    return e < 0 ? e : tightenings(c, 0);
}
