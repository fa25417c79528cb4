/* What happened in a case, and times as people write them: one reader for the form that shows what a text would mean
 * and for the entry that keeps it. */
#include "app/common/config.h"
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/time_written.h"
#include "room/case_rules.h"
#include "room/timeline.h"

static const char *const refusals[TIME_REFUSAL_MAX_] = {
    [TIME_NO_TIME] = "error.time.none",       [TIME_UNREADABLE] = "error.time.unreadable",
    [TIME_HALF_DAY] = "error.time.half_day",  [TIME_TWELVE] = "error.time.twelve",
    [TIME_HOUR] = "error.time.hour",          [TIME_NO_SUCH] = "error.time.no_such",
    [TIME_TOO_LONG] = "error.time.too_long",
};

/* Today is the room's: in a demonstration the story's. */
static int read_written(struct call *c, struct str text, struct time_written *ret,
                        struct time_refused *why) {
    return time_read_written(&c->arena, text, room_now(c->p->room), c->p->config->offset_min, ret,
                             why, &c->err);
}

int handle_timeline(struct call *c) {
    int e = room_timeline_write(c->p->room, c->args.id, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

/* *ret_status > 0: refused in words. */
static int read_at(struct call *c, int64_t *ret_ns, int64_t *ret_width_s, int *ret_status) {
    struct time_written w;
    struct time_refused why;
    struct str at;
    if (!json_get(c->json, "at"))
        return 0;
    if (call_body_str(c, "at", 1, TIME_WRITTEN_BYTES_MAX, &at) < 0)
        return call_bad(c, "at");
    int e = read_written(c, at, &w, &why);
    if (e == -ERR_PARSE)
        *ret_status = call_refuse_with(c, 400, refusals[why.why], why.what[0] ? "what" : NULL,
                                       str_of(why.what));
    if (e < 0)
        return e;
    *ret_ns = w.t_ns;
    *ret_width_s = time_written_width_s(&w) ? time_written_width_s(&w) : -1;
    return 0;
}

/* One of: at (and how exactly), a day of the case, beside another entry. */
static int read_when(struct call *c, struct room_note *x, int *ret_status) {
    struct str side;
    int e = read_at(c, &x->at_ns, &x->precision_s, ret_status);
    if (e == 0 && json_get(c->json, "precision_s") && json_get(c->json, "precision_s")->type != JSON_NULL)
        e = call_body_i64(c, "precision_s", 0, 31536000, &x->precision_s);
    if (e == 0 && json_get(c->json, "day"))
        e = call_body_i64(c, "day", -3650, 3650, &x->day);
    if (e == 0 && json_get(c->json, "beside")) {
        e = call_body_i64(c, "beside", 1, INT64_MAX, &x->beside);
        if (e == 0 && (call_body_str(c, "side", 5, 6, &side) < 0 || (!str_eq_z(side, "after") && !str_eq_z(side, "before"))))
            e = call_bad(c, "side");
        x->after = e == 0 && str_eq_z(side, "after");
    }
    return e;
}

static int read_note(struct call *c, struct room_note *x, char lane[ROOM_LANE_CAP]) {
    struct str code, kind = STR("action");
    int e = call_body_str(c, "text", 1, 16000, &x->text);
    if (e == 0)
        e = call_body_str(c, "lane", 1, 40, &code);
    if (e == 0)
        e = room_lane_of(c->p->room, x->incident, code, lane, &c->err);
    if (e == 0 && json_get(c->json, "kind"))
        e = call_body_str(c, "kind", 1, 12, &kind);
    if (e == 0 && room_entry_kind_from_string(kind) < 0)
        e = call_bad(c, "kind");
    if (e == 0 && json_get(c->json, "actor"))
        e = call_body_str(c, "actor", 1, 200, &x->actor);
    x->lane = lane;
    x->kind = e == 0 ? room_entry_kind_to_string((enum room_entry_kind) room_entry_kind_from_string(kind)) : "action";
    return e;
}

int handle_timeline_post(struct call *c) {
    static const char *const keys[] = {"text", "at", "precision_s", "lane", "kind", "actor", "day", "beside", "side", NULL};
    struct room_note x = {.incident = c->args.id, .at_ns = room_now(c->p->room), .precision_s = -1};
    char lane[ROOM_LANE_CAP];
    int64_t id = 0;
    int status = 0, e = call_body_only(c, keys);
    if (e == 0)
        e = read_note(c, &x, lane);
    if (e == 0)
        e = read_when(c, &x, &status);
    if (status)
        return status;
    if (e == 0)
        e = room_note_add(c->p->room, &c->who, &x, &id, &c->err);
    if (e == 0)
        e = room_timeline_write_one(c->p->room, id, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_lane_post(struct call *c) {
    static const char *const keys[] = {"name", "base", NULL};
    struct str name, base;
    char code[ROOM_LANE_CAP];
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "name", 1, ROOM_LANE_NAME_MAX * 4, &name);
    if (e == 0 && !str_trim(name).n)
        e = call_bad(c, "name");
    if (e == 0)
        e = call_body_str(c, "base", 1, 40, &base);
    if (e == 0) {
        name = str_trim(name);
        e = room_lane_add(c->p->room, &c->who, c->args.id, name, base, &id, &c->err);
    }
    if (e == -EEXIST || e == -ENOSPC)
        return call_bad(c, "name");
    if (e < 0)
        return e;
    snprintf(code, sizeof code, "own:%lld", (long long) id);
    jsonw_object(&c->w);
    jsonw_kz(&c->w, "code", code);
    jsonw_kstr(&c->w, "name", name);
    jsonw_end(&c->w);
    return 200;
}

/* ---- what a text would mean ---- */

static void write_said(struct call *c, const struct time_written *w) {
    const struct {
        const char *code;
        bool is;
    } said[] = {{"year_assumed", w->year_assumed},   {"date_assumed", w->date_assumed},
                {"zone_assumed", w->zone_assumed},   {"next_day", w->next_day},
                {"era_over", w->era_over},           {"weekday_differs", w->weekday_differs},
                {"ahead", w->t_ns > room_now(c->p->room)}};
    jsonw_key(&c->w, STR("said"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < ARRAY_SIZE(said); i++)
        if (said[i].is)
            jsonw_str(&c->w, str_of(said[i].code));
    jsonw_end(&c->w);
}

static void write_meaning(struct call *c, const struct time_written *w) {
    int64_t width = time_written_width_s(w);
    int min = c->p->config->offset_min, size = min < 0 ? -min : min;
    char zone[16];
    snprintf(zone, sizeof zone, "%c%02d:%02d", min < 0 ? '-' : '+', size / 60, size % 60);
    jsonw_key(&c->w, STR("meaning"));
    jsonw_object(&c->w);
    jsonw_ktime(&c->w, "at", w->t_ns);
    jsonw_key(&c->w, STR("precision_s"));
    width ? jsonw_i64(&c->w, width) : jsonw_null(&c->w);
    jsonw_kz(&c->w, "zone", zone);
    write_said(c, w);
    jsonw_end(&c->w);
}

/* A text half typed is no fault of anybody: what is wrong with it is part of the answer. */
int handle_time(struct call *c) {
    struct time_written w;
    struct time_refused why;
    struct str text = call_query(c, "text");
    if (!text.p)
        return call_bad(c, "text");
    int e = read_written(c, text, &w, &why);
    if (e < 0 && e != -ERR_PARSE)
        return e;
    jsonw_object(&c->w);
    if (e == 0) {
        write_meaning(c, &w);
    } else {
        jsonw_key(&c->w, STR("meaning"));
        jsonw_null(&c->w);
    }
    jsonw_key(&c->w, STR("refused"));
    if (e < 0) {
        jsonw_object(&c->w);
        jsonw_kz(&c->w, "key", refusals[why.why]);
        jsonw_key(&c->w, STR("params"));
        jsonw_object(&c->w);
        if (why.what[0])
            jsonw_kz(&c->w, "what", why.what);
        jsonw_end(&c->w);
        jsonw_end(&c->w);
    } else {
        jsonw_null(&c->w);
    }
    jsonw_end(&c->w);
    return 200;
}
