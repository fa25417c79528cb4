/* Cases, what belongs to them, and actions. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "base/mem.h"
#include "room/account.h"
#include "room/action.h"
#include "room/finding.h"
#include "room/now.h"
#include "room/report.h"
#include "room/write.h"

#define VIEWERS_MAX 32

int handle_now(struct call *c) {
    struct room_person *p = &c->session.person;
    int e = room_person_load(c->p->room, c->who.person, p, &c->err);
    if (e == 0)
        e = room_now_write(c->p->room, &c->who, p->look_at_ns, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_incidents(struct call *c) {
    struct room_incident_query q = {.state = call_query(c, "state"), .q = call_query(c, "q")};
    if (q.state.p && !str_eq_z(q.state, "open") && !str_eq_z(q.state, "closed") &&
        !str_eq_z(q.state, "all"))
        return call_bad(c, "state");
    if (q.q.n > 200)
        return call_bad(c, "q");
    if (call_query_i64(c, "limit", 1, 200, 50, &q.limit) < 0)
        return call_bad(c, "limit");
    if (call_query_i64(c, "before", 1, INT64_MAX, 0, &q.before) < 0)
        return call_bad(c, "before");
    struct str order = call_query(c, "order");
    q.ranked = str_eq_z(order, "rank");
    if (order.p && !q.ranked && !str_eq_z(order, "new"))
        return call_bad(c, "order");
    if (q.ranked && (q.before || q.q.n || (q.state.p && !str_eq_z(q.state, "open"))))
        return call_bad(c, "order");
    int e = room_incidents_write(c->p->room, &q, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int write_incident(struct call *c) {
    struct room_viewer viewers[VIEWERS_MAX];
    size_t n = stream_viewers(c->http, c->args.id, viewers, VIEWERS_MAX);
    int e = room_incident_write(c->p->room, c->args.id, &c->who, viewers, n, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_incident(struct call *c) {
    int e = room_incident_seen(c->p->room, &c->who, c->args.id, &c->err);
    return e < 0 ? e : write_incident(c);
}

static int read_state(struct call *c, struct room_incident_change *x) {
    struct str s;
    if (!json_get(c->json, "state"))
        return 0;
    if (call_body_str(c, "state", 1, 10, &s) < 0 ||
        (!str_eq_z(s, "open") && !str_eq_z(s, "closed")))
        return call_bad(c, "state");
    x->set_state = true;
    x->open = str_eq_z(s, "open");
    return 0;
}

static int read_level(struct call *c, struct room_incident_change *x) {
    struct str s;
    if (!json_get(c->json, "level"))
        return 0;
    int level = call_body_str(c, "level", 1, 20, &s) < 0 ? -1 : rule_level_from_string(s);
    if (level < 0)
        return call_bad(c, "level");
    x->set_level = true;
    x->level = (enum rule_level) level;
    return 0;
}

static int read_tlp(struct call *c, struct room_incident_change *x) {
    struct str s;
    if (!json_get(c->json, "tlp"))
        return 0;
    int tlp = call_body_str(c, "tlp", 1, 20, &s) < 0 ? -1 : room_tlp_from_string(s);
    if (tlp < 0)
        return call_bad(c, "tlp");
    x->set_tlp = true;
    x->tlp = (enum room_tlp) tlp;
    return 0;
}

static int read_commander(struct call *c, struct room_incident_change *x) {
    const struct json_value *v = json_get(c->json, "commander");
    x->set_commander = v != NULL;
    if (!v || v->type == JSON_NULL)
        return 0;
    return call_body_i64(c, "commander", 1, INT64_MAX, &x->commander);
}

static int read_title(struct call *c, struct room_incident_change *x) {
    const struct json_value *v = json_get(c->json, "title");
    x->set_title = v != NULL;
    if (!v || v->type == JSON_NULL)
        return 0;
    return call_body_str(c, "title", 1, 900, &x->title);
}

static int read_day_one(struct call *c, struct room_incident_change *x) {
    struct str s;
    if (!json_get(c->json, "day_one"))
        return 0;
    if (call_body_str(c, "day_one", 1, 10, &s) < 0 || (!str_eq_z(s, "occurrence") && !str_eq_z(s, "detection")))
        return call_bad(c, "day_one");
    x->set_day_one = true;
    x->day_one_detection = str_eq_z(s, "detection");
    return 0;
}

int handle_incident_put(struct call *c) {
    static const char *const keys[] = {"version",   "state", "level", "tlp",
                                       "commander", "title", "need_to_know", "day_one", NULL};
    struct room_incident_change x = {0};
    int64_t version = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_state(c, &x);
    if (e == 0)
        e = read_level(c, &x);
    if (e == 0)
        e = read_tlp(c, &x);
    if (e == 0)
        e = read_commander(c, &x);
    if (e == 0)
        e = read_title(c, &x);
    if (e == 0)
        e = read_day_one(c, &x);
    if (e == 0 && json_get(c->json, "need_to_know")) {
        x.set_need_to_know = true;
        e = json_get_bool(c->json, "need_to_know", &x.need_to_know) ? 0 : call_bad(c, "need_to_know");
    }
    if (e == 0)
        e = room_incident_change(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    if (e == -EPERM) /* the gate: recovery.h */
        return call_refuse_with(c, 400, "error.safety", "missing", str_of(c->err.text));
    if (e == -EBUSY && str_eq_z(str_of(c->err.text), "prevent"))
        return call_refuse(c, 400, "error.prevent");
    return e < 0 ? e : write_incident(c);
}

static int read_findings(struct call *c, struct str **ret, size_t *ret_n) {
    const struct json_value *list = json_get_array(c->json, "findings");
    size_t n = 0;
    if (!json_get(c->json, "findings") && json_get(c->json, "into"))
        return 0; /* all of them */
    if (!list || list->n == 0 || list->n > ROOM_SPLIT_MAX)
        return call_bad(c, "findings");
    *ret = arena_alloc(&c->arena, list->n * sizeof **ret);
    if (!*ret)
        return -ENOMEM;
    for (const struct json_value *v = list->first; v; v = v->next) {
        if (v->type != JSON_STRING)
            return call_bad(c, "findings");
        (*ret)[n++] = v->text;
    }
    *ret_n = n;
    return 0;
}

int handle_incident_split(struct call *c) {
    static const char *const keys[] = {"version", "findings", "into", "into_version", NULL};
    struct room_split x = {0};
    struct str *findings = NULL;
    int64_t version = 0, into = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_findings(c, &findings, &x.n);
    if (e == 0 && json_get(c->json, "into")) {
        e = call_body_i64(c, "into", 1, INT64_MAX, &x.into);
        if (e == 0)
            e = call_body_i64(c, "into_version", 0, INT64_MAX, &x.into_version);
    }
    x.findings = findings;
    if (e == 0)
        e = room_incident_split(c->p->room, &c->who, c->args.id, version, &x, &into, &c->err);
    c->args.id = into;
    return e < 0 ? e : write_incident(c);
}

int handle_incident_split_try(struct call *c) {
    static const char *const keys[] = {"findings", "into", NULL};
    struct room_split x = {0};
    struct room_split_try t = {0};
    struct str *findings = NULL;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_findings(c, &findings, &x.n);
    if (e == 0 && json_get(c->json, "into"))
        e = call_body_i64(c, "into", 1, INT64_MAX, &x.into);
    x.findings = findings;
    if (e == 0)
        e = room_incident_split_try(c->p->room, &c->who, c->args.id, &x, &t, &c->err);
    if (e < 0)
        return e;
    const struct {
        const char *key;
        int64_t n;
    } members[] = {{"findings", t.findings},   {"sources", t.sources},
                   {"accounts", t.accounts},   {"accounts_both", t.accounts_both},
                   {"addresses", t.addresses}, {"remain", t.remain},
                   {"decided", t.decided}};
    jsonw_object(&c->w);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        jsonw_ki64(&c->w, members[i].key, members[i].n);
    jsonw_end(&c->w);
    return 200;
}

int handle_incident_findings(struct call *c) {
    int e = room_findings_write(c->p->room, c->args.id, 500, 0, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_findings(struct call *c) {
    int64_t limit, before;
    if (call_query_i64(c, "limit", 1, 200, 50, &limit) < 0)
        return call_bad(c, "limit");
    if (call_query_i64(c, "before", 1, INT64_MAX, 0, &before) < 0)
        return call_bad(c, "before");
    int e = room_findings_write(c->p->room, 0, limit, before, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_incident_accounts(struct call *c) {
    int e = room_accounts_write(c->p->room, c->args.id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

/* ---- evidence: asked from the sensor ---- */

struct wanted_lines {
    struct call *call;
    struct room_position at[ROOM_EVIDENCE_MAX];
    size_t n;
    int64_t total;
};

static const struct json_value *find_line(const struct json_value *lines, int64_t n) {
    for (const struct json_value *v = lines ? lines->first : NULL; v; v = v->next) {
        int64_t number;
        if (json_get_i64(v, "n", &number) && number == n)
            return v;
    }
    return NULL;
}

static void write_text(struct jsonw *w, const char *key, const struct json_value *line) {
    struct str s;
    jsonw_key(w, str_of(key));
    if (line && json_get_str(line, key, &s))
        jsonw_str(w, s);
    else
        jsonw_null(w);
}

static void write_moment(struct jsonw *w, const char *key, const struct json_value *line) {
    struct str s;
    int64_t t = TIME_NONE;
    int offset;
    if (!line || !json_get_str(line, key, &s) || time_parse_iso(s, &t, &offset) != (int) s.n)
        t = TIME_NONE;
    jsonw_ktime(w, key, t);
}

static void write_line(struct jsonw *w, const struct room_position *p,
                       const struct json_value *line) {
    bool cut = false;
    int64_t ahead_ms;
    jsonw_object(w);
    jsonw_key(w, STR("position"));
    jsonw_object(w);
    jsonw_ki64(w, "n", p->spool_n);
    jsonw_kz(w, "file", NULL);
    jsonw_kz(w, "line", NULL);
    jsonw_end(w);
    write_moment(w, "at", line);
    write_moment(w, "device_at", line);
    write_moment(w, "arrived_at", line);
    jsonw_key(w, STR("offset_ms"));
    if (line && json_get_i64(line, "offset_ms", &ahead_ms))
        jsonw_i64(w, ahead_ms);
    else
        jsonw_null(w);
    write_text(w, "source", line);
    write_text(w, "text", line);
    jsonw_kbool(w, "cut", line && json_get_bool(line, "cut", &cut) && cut);
    jsonw_kz(w, "finding_id", p->finding[0] ? p->finding : NULL);
    jsonw_end(w);
}

static void write_lines(struct call *c, const struct wanted_lines *x,
                        const struct json_value *lines) {
    size_t have = 0;
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("lines"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < x->n; i++) {
        const struct json_value *line = find_line(lines, x->at[i].spool_n);
        have += line != NULL;
        write_line(&c->w, &x->at[i], line);
    }
    jsonw_end(&c->w);
    jsonw_ki64(&c->w, "total", x->total);
    jsonw_kbool(&c->w, "complete", (int64_t) have == x->total);
    jsonw_end(&c->w);
}

static void on_lines(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    /* without an answer the positions are still worth showing */
    write_lines(c, c->waiting, answer ? json_get_array(answer, "lines") : NULL);
    call_finish(c, 200);
}

static int ask_lines(struct call *c, struct wanted_lines *x) {
    struct buf members;
    buf_init(&members, 65536);
    buf_add(&members, STR("\"positions\":["));
    for (size_t i = 0; i < x->n; i++)
        buf_printf(&members, "%s%lld", i ? "," : "", (long long) x->at[i].spool_n);
    buf_add_byte(&members, ']');
    int e = buf_error(&members);
    if (e == 0 && x->n)
        e = sensor_link_ask(c->p, "lines", buf_str(&members), on_lines, c);
    buf_done(&members);
    if (e == -EAGAIN || x->n == 0) {
        write_lines(c, x, NULL);
        return 200;
    }
    return e;
}

static struct wanted_lines *new_wanted(struct call *c) {
    c->waiting = mem_zalloc(sizeof(struct wanted_lines));
    c->waiting_free = mem_free;
    return c->waiting;
}

int handle_incident_evidence(struct call *c) {
    struct str fid = call_query(c, "finding");
    struct wanted_lines *x = new_wanted(c);
    if (!x)
        return -ENOMEM;
    int e = room_evidence(c->p->room, c->args.id, fid, x->at, 200, &x->n, &x->total, &c->err);
    return e < 0 ? e : ask_lines(c, x);
}

int handle_source_unread(struct call *c) {
    struct wanted_lines *x = new_wanted(c);
    int64_t at[3];
    if (!x)
        return -ENOMEM;
    int e =
        room_source_unread(c->p->room, c->args.id, at, ARRAY_SIZE(at), &x->n, &x->total, &c->err);
    for (size_t i = 0; e == 0 && i < x->n; i++)
        x->at[i].spool_n = at[i];
    return e < 0 ? e : ask_lines(c, x);
}

/* ---- actions ---- */

int handle_incident_actions(struct call *c) {
    int e = room_incident_seen(c->p->room, &c->who, c->args.id, &c->err);
    if (e == 0)
        e = room_actions_write(c->p->room, c->args.id, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_actions(struct call *c) {
    int e = room_actions_write(c->p->room, 0, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int finish_action(struct call *c, int e) {
    if (e == 0)
        e = room_action_write(c->p->room, c->args.id, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int read_minutes(struct call *c, bool wanted, int64_t *ret) {
    *ret = 0;
    if (!wanted && !json_get(c->json, "minutes"))
        return 0;
    return call_body_i64(c, "minutes", 1, BLOCK_MINUTES_MAX, ret);
}

int handle_action_approve(struct call *c) {
    static const char *const keys[] = {"version", "minutes", NULL};
    int64_t version = 0, minutes = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_minutes(c, false, &minutes);
    if (e == 0)
        e = room_action_approve(c->p->room, &c->who, c->args.id, version, (int) minutes, &c->err);
    return finish_action(c, e);
}

int handle_action_reject(struct call *c) {
    static const char *const keys[] = {"version", "reason", NULL};
    struct str reason = STR_NULL;
    int64_t version = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0 && json_get(c->json, "reason"))
        e = call_body_str(c, "reason", 0, 4000, &reason);
    if (e == 0)
        e = room_action_reject(c->p->room, &c->who, c->args.id, version, reason, &c->err);
    return finish_action(c, e);
}

int handle_action_undo(struct call *c) {
    int64_t version;
    int e = call_body_version(c, &version);
    if (e == 0)
        e = room_action_undo(c->p->room, &c->who, c->args.id, version, &c->err);
    return finish_action(c, e);
}

int handle_action_extend(struct call *c) {
    static const char *const keys[] = {"version", "minutes", NULL};
    int64_t version = 0, minutes = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = read_minutes(c, true, &minutes);
    if (e == 0)
        e = room_action_extend(c->p->room, &c->who, c->args.id, version, (int) minutes, &c->err);
    return finish_action(c, e);
}
