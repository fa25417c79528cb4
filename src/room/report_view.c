/* Sources and rules as the pages read them. Values come from a sensor: each is read with its type.
 */
#include "base/limits.h"
#include "room/report.h"
#include "room/room_priv.h"

#include <inttypes.h>

#define SKEW_BAD_MS 120000 /* logs and clocks a person can live with differ by less */
#define UNPARSED_BAD 10    /* one line in ten not understood */

enum source_state { /* in the order shown */
                    SOURCE_SILENT,
                    SOURCE_LOSING,
                    SOURCE_SKEWED,
                    SOURCE_UNPARSED,
                    SOURCE_UNKNOWN,
                    SOURCE_RIGHT,
                    SOURCE_MAX_
};
struct source_view {
    const struct json_value *v;
    enum source_state state;
};

static void kopt_str(struct jsonw *w, const struct json_value *o, const char *key) {
    struct str s;
    jsonw_key(w, str_of(key));
    if (json_get_str(o, key, &s) && s.n)
        jsonw_str(w, s);
    else
        jsonw_null(w);
}

static int64_t opt_i64(const struct json_value *o, const char *key, int64_t otherwise) {
    int64_t v;
    return json_get_i64(o, key, &v) ? v : otherwise;
}

static void kopt_i64(struct jsonw *w, const struct json_value *o, const char *key) {
    int64_t v;
    jsonw_key(w, str_of(key));
    if (json_get_i64(o, key, &v))
        jsonw_i64(w, v);
    else
        jsonw_null(w);
}

static int64_t opt_time(const struct json_value *o, const char *key) {
    struct str s;
    int64_t t;
    int offset;
    return json_get_str(o, key, &s) && time_parse_iso(s, &t, &offset) == (int) s.n ? t : TIME_NONE;
}

static bool opt_flag(const struct json_value *o, const char *key) {
    bool b = false;
    return (json_get_bool(o, key, &b) && b) || opt_i64(o, key, 0) > 0;
}

#define CLOCK_OLD_NS NS_PER_DAY /* a machine that has been gone for longer makes no source wrong */

/* The worst clock among the machines that spoke lately, the source's own where no line names a machine. */
static int64_t worst_skew(const struct json_value *v) {
    const struct json_value *clocks = json_get_array(v, "clocks");
    int64_t worst = 0, last = opt_time(v, "last_seen");
    if (!clocks || !clocks->first)
        return opt_i64(v, "skew_ms", 0);
    for (const struct json_value *c = clocks->first; c; c = c->next) {
        int64_t ms = c->type == JSON_OBJECT ? opt_i64(c, "skew_ms", 0) : 0;
        int64_t at = c->type == JSON_OBJECT ? opt_time(c, "at") : TIME_NONE;
        if (at != TIME_NONE && (last == TIME_NONE || at >= last - CLOCK_OLD_NS) && imaxabs(ms) > imaxabs(worst))
            worst = ms;
    }
    return worst;
}

static enum source_state judge(const struct json_value *v) {
    int64_t lines = opt_i64(v, "lines", 0), skew = worst_skew(v);
    if (opt_time(v, "last_seen") == TIME_NONE && lines == 0)
        return SOURCE_UNKNOWN;
    if (opt_flag(v, "silent"))
        return SOURCE_SILENT;
    if (opt_i64(v, "lost", 0) > 0)
        return SOURCE_LOSING;
    if (skew > SKEW_BAD_MS || skew < -SKEW_BAD_MS)
        return SOURCE_SKEWED;
    if (lines >= 20 && opt_i64(v, "unparsed", 0) > lines / UNPARSED_BAD)
        return SOURCE_UNPARSED;
    return SOURCE_RIGHT;
}

static const char *const states[SOURCE_MAX_] = {
    [SOURCE_SILENT] = "silent",     [SOURCE_LOSING] = "losing",   [SOURCE_SKEWED] = "skewed",
    [SOURCE_UNPARSED] = "unparsed", [SOURCE_UNKNOWN] = "unknown", [SOURCE_RIGHT] = "right"};

static void write_state(const struct source_view *s, struct jsonw *w) {
    char key[32];
    snprintf(key, sizeof key, "source.%s", states[s->state]);
    jsonw_kz(w, "state", states[s->state]);
    jsonw_key(w, STR("state_text"));
    jsonw_object(w);
    jsonw_kz(w, "key", key);
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    if (s->state == SOURCE_SILENT) {
        jsonw_ki64(w, "every", opt_i64(s->v, "interval_s", 0));
        jsonw_ktime(w, "since", opt_time(s->v, "last_seen"));
    }
    if (s->state == SOURCE_LOSING)
        jsonw_ki64(w, "n", opt_i64(s->v, "lost", 0));
    if (s->state == SOURCE_SKEWED)
        jsonw_ki64(w, "ms", worst_skew(s->v));
    if (s->state == SOURCE_UNPARSED) {
        jsonw_ki64(w, "n", opt_i64(s->v, "unparsed", 0));
        jsonw_ki64(w, "lines", opt_i64(s->v, "lines", 0));
    }
    jsonw_end(w);
    jsonw_end(w);
}

static void write_slots(const struct json_value *v, struct jsonw *w) {
    const struct json_value *slots = json_get_array(v, "slots");
    unsigned n = 0;
    jsonw_key(w, STR("slots"));
    if (!slots) {
        jsonw_null(w);
        return;
    }
    jsonw_array(w);
    for (const struct json_value *s = slots->first; s && n < 48; s = s->next, n++) {
        int64_t x = 0;
        if (s->type != JSON_NUMBER || str_to_i64(s->text, &x) < 0)
            x = 0;
        jsonw_i64(w, x);
    }
    jsonw_end(w);
}

static void write_clocks(const struct json_value *v, struct jsonw *w) {
    const struct json_value *clocks = json_get_array(v, "clocks");
    struct str host;
    unsigned n = 0;
    jsonw_key(w, STR("clocks"));
    jsonw_array(w);
    for (const struct json_value *c = clocks ? clocks->first : NULL; c && n < CLOCK_HOSTS_MAX; c = c->next) {
        if (c->type != JSON_OBJECT || !json_get_str(c, "host", &host) || !host.n)
            continue;
        jsonw_object(w);
        jsonw_kstr(w, "host", host);
        jsonw_ki64(w, "skew_ms", opt_i64(c, "skew_ms", 0));
        jsonw_ktime(w, "at", opt_time(c, "at"));
        jsonw_end(w);
        n++;
    }
    jsonw_end(w);
    jsonw_ki64(w, "clocks_forgotten", opt_i64(v, "clocks_forgotten", 0));
}

static int64_t id_of(const struct json_value *v, int64_t position) {
    int64_t id = opt_i64(v, "id", 0);
    return id > 0 ? id : position;
}

static const struct json_value *find_source(const struct room *r, int64_t id) {
    const struct json_value *list = r->reports[REPORT_SOURCES].root;
    int64_t position = 0;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        if (id_of(v, ++position) == id && v->type == JSON_OBJECT)
            return v;
    return NULL;
}

const char *room_source_state(const struct json_value *source) {
    return states[judge(source)];
}

int room_sources_map(const struct room *r, struct map *by_name, struct diag *reterr) {
    const struct json_value *list = r->reports[REPORT_SOURCES].root;
    struct str name;
    int e = 0;
    for (const struct json_value *v = list ? list->first : NULL; e == 0 && v; v = v->next) {
        union map_value *at;
        bool fresh;
        if (v->type != JSON_OBJECT || !json_get_str(v, "name", &name))
            continue;
        e = map_add(by_name, name, &at, &fresh);
        if (e == 0 && fresh)
            at->ptr = (void *) (uintptr_t) v;
    }
    return e < 0 ? diag_set(reterr, e, "memory has run out") : 0;
}

int room_source_unread(const struct room *r, int64_t id, int64_t *dst, size_t cap, size_t *ret_n,
                       int64_t *ret_total, struct diag *reterr) {
    const struct json_value *v = find_source(r, id);
    if (!v)
        return diag_set(reterr, -ENOENT, "no source %lld", (long long) id);
    const struct json_value *at = json_get_array(v, "unparsed_at");
    *ret_n = 0;
    for (const struct json_value *p = at ? at->first : NULL; p && *ret_n < cap; p = p->next)
        if (p->type == JSON_NUMBER && str_to_i64(p->text, &dst[*ret_n]) == 0 && dst[*ret_n] > 0)
            ++*ret_n;
    *ret_total = MAX(opt_i64(v, "unparsed", 0), (int64_t) *ret_n);
    return 0;
}

static void write_source(const struct room *r, const struct source_view *s, int64_t position,
                         struct jsonw *w) {
    static const char *const texts[] = {"kind", "path", "service", "host", "encoding"};
    static const char *const numbers[] = {"lines",    "bytes",   "unparsed", "broken_text",
                                          "oversize", "skew_ms", "lost",     "interval_s"};
    struct str name = STR("?");
    (void) json_get_str(s->v, "name", &name);
    jsonw_object(w);
    jsonw_ki64(w, "id", id_of(s->v, position));
    jsonw_kstr(w, "name", name);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        kopt_str(w, s->v, texts[i]);
    jsonw_ktime(w, "first_seen", opt_time(s->v, "first_seen"));
    jsonw_ktime(w, "last_seen", opt_time(s->v, "last_seen"));
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        kopt_i64(w, s->v, numbers[i]);
    jsonw_kbool(w, "encoding_pinned", opt_flag(s->v, "encoding_pinned"));
    jsonw_kbool(w, "backfill", opt_flag(s->v, "backfill"));
    write_clocks(s->v, w);
    write_slots(s->v, w);
    write_state(s, w);
    jsonw_ktime(w, "reported_at", r->reports[REPORT_SOURCES].at_ns);
    jsonw_ki64(w, "version", 1);
    jsonw_kz(w, "tlp", "AMBER");
    jsonw_kz(w, "info_class", "response");
    jsonw_end(w);
}

/* What a person reads through on the first page; who needs more goes to the page of sources. */
#define NOW_SOURCES_MAX 20

/* All sources state by state; `ret_bad` leaves out what is right, writes the first so many and counts
 * all. */
static int64_t write_sources(const struct room *r, int64_t *ret_bad, struct jsonw *w) {
    const struct json_value *list = r->reports[REPORT_SOURCES].root;
    int64_t total = 0, bad = 0;
    for (int state = 0; state < SOURCE_MAX_; state++) {
        int64_t position = 0;
        for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
            position++;
            if (v->type != JSON_OBJECT)
                continue;
            struct source_view s = {v, judge(v)};
            if ((int) s.state != state)
                continue;
            total++;
            bool is_bad = s.state != SOURCE_RIGHT && s.state != SOURCE_UNKNOWN;
            bad += is_bad;
            if (!ret_bad || (is_bad && bad <= NOW_SOURCES_MAX))
                write_source(r, &s, position, w);
        }
    }
    if (ret_bad)
        *ret_bad = bad;
    return total;
}

int room_sources_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    jsonw_object(w);
    jsonw_key(w, STR("sources"));
    jsonw_array(w);
    int64_t total = write_sources(r, NULL, w);
    jsonw_end(w);
    jsonw_ki64(w, "total", MAX(total, r->sources_total));
    jsonw_end(w);
    return 0;
}

void room_sources_bad_write(struct room *r, struct jsonw *w, int64_t *ret_bad,
                            int64_t *ret_total) {
    jsonw_array(w);
    *ret_total = MAX(write_sources(r, ret_bad, w), r->sources_total);
    jsonw_end(w);
}

/* Findings whose evidence is older than our first look: detected_at lies before the sources'
 * backfill ended. */
void room_backfill_write(struct room *r, struct jsonw *w) {
    const struct json_value *list = r->reports[REPORT_SOURCES].root;
    int64_t n = 0, from = TIME_NONE, to = TIME_NONE, findings = 0;
    struct sql_stmt *st = NULL;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        if (v->type != JSON_OBJECT || !opt_flag(v, "backfill"))
            continue;
        /* from the oldest event to the moment we began to look */
        int64_t f = opt_time(v, "first_event"), t = opt_time(v, "first_seen");
        n++;
        from = f != TIME_NONE && (from == TIME_NONE || f < from) ? f : from;
        to = t != TIME_NONE && t > to ? t : to;
    }
    /* evidence that was an hour old when we stored it was read back, not seen */
    if (n &&
        sql_query(r->db, &st, NULL, "SELECT count(*) FROM finding WHERE last_at < created_at - ?1",
                  "i", NS_PER_HOUR) == 0 &&
        sql_step(st, NULL) == 1)
        findings = sql_i64(st, 0);
    sql_end(st);
    jsonw_object(w);
    jsonw_kbool(w, "found", n > 0);
    jsonw_ktime(w, "from", from);
    jsonw_ktime(w, "to", to);
    jsonw_ki64(w, "findings", findings);
    jsonw_ki64(w, "sources", n);
    jsonw_end(w);
}

struct hits {
    int64_t day[30];
    int64_t last_ns;
};

static int rule_hits(struct room *r, struct str id, struct hits *h, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t now = room_now(r);
    *h = (struct hits){.last_ns = TIME_NONE};
    int e = sql_query(
        r->db, &st, err,
        "SELECT (?2 - detected_at) / 86400000000000, count(*), max(detected_at) FROM finding "
        "WHERE rule_id = ?1 GROUP BY 1",
        "si", &id, now);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        int64_t back = sql_i64(st, 0);
        if (back >= 0 && back < 30)
            h->day[29 - back] = sql_i64(st, 1);
        h->last_ns = MAX(h->last_ns, sql_i64(st, 2));
        e = 0;
    }
    return e;
}

static void write_list(const struct json_value *v, const char *key, struct jsonw *w) {
    const struct json_value *list = json_get_array(v, key);
    struct str one;
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    for (const struct json_value *x = list ? list->first : NULL; x; x = x->next)
        if (x->type == JSON_STRING)
            jsonw_str(w, x->text);
    if (!list && json_get_str(v, key, &one) && one.n)
        jsonw_str(w, one);
    jsonw_end(w);
}

static int write_rule(struct room *r, const struct json_value *v, bool with_text, struct jsonw *w,
                      struct diag *err) {
    static const char *const texts[] = {"kind", "type", "description", "file", "propose"};
    struct hits h;
    struct str id = STR(""), title = STR(""), level;
    const struct json_value *logsource = json_get(v, "logsource");
    (void) json_get_str(v, "id", &id);
    (void) json_get_str(v, "title", &title);
    int e = rule_hits(r, id, &h, err);
    jsonw_object(w);
    jsonw_kstr(w, "id", id);
    kopt_str(w, v, "name");
    jsonw_kstr(w, "title", title.n ? title : id);
    jsonw_key(w, STR("titles"));
    room_rule_titles_write(v, w);
    jsonw_key(w, STR("level"));
    json_get_str(v, "level", &level) && rule_level_from_string(level) >= 0 ? jsonw_str(w, level)
                                                                           : jsonw_null(w);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        kopt_str(w, v, texts[i]);
    jsonw_key(w, STR("logsource"));
    if (logsource && (logsource->type == JSON_OBJECT || logsource->type == JSON_STRING))
        jsonw_value(w, logsource);
    else
        jsonw_null(w);
    kopt_i64(w, v, "line");
    if (with_text)
        kopt_str(w, v, "text");
    write_list(v, "tags", w);
    write_list(v, "falsepositives", w);
    write_list(v, "falsepositives_ja", w);
    jsonw_key(w, STR("hits_30d"));
    jsonw_array(w);
    for (size_t i = 0; i < ARRAY_SIZE(h.day); i++)
        jsonw_i64(w, h.day[i]);
    jsonw_end(w);
    jsonw_ktime(w, "last_hit", h.last_ns);
    jsonw_end(w);
    return e;
}

int room_rules_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    const struct json_value *list = r->reports[REPORT_RULES].root;
    int e = 0;
    jsonw_object(w);
    jsonw_key(w, STR("rules"));
    jsonw_array(w);
    for (const struct json_value *v = list ? list->first : NULL; e == 0 && v; v = v->next)
        if (v->type == JSON_OBJECT)
            e = write_rule(r, v, false, w, reterr);
    jsonw_end(w);
    jsonw_kbool(w, "complete", list != NULL && r->rules_parts_n == 0);
    jsonw_end(w);
    return e;
}

int room_rule_write(struct room *r, struct str id, struct jsonw *w, struct diag *reterr) {
    const struct json_value *v = room_rule_find(r, id);
    if (!v)
        return diag_set(reterr, -ENOENT, "no such rule");
    return write_rule(r, v, true, w, reterr);
}

/* A set that is on and not only watched. */
bool room_rule_set_acts(const struct room *r, struct str name) {
    const struct json_value *v = r->reports[REPORT_RULE_STATE].root, *sets = v ? json_get_array(v, "sets") : NULL;
    struct str s, state;
    bool watch = false;
    for (const struct json_value *x = sets ? sets->first : NULL; x; x = x->next)
        if (json_get_str(x, "name", &s) && str_eq(s, name) && json_get_str(x, "state", &state) && str_eq_z(state, "on"))
            return !(json_get_bool(x, "watch", &watch) && watch);
    return false;
}

void room_rule_state_write(const struct room *r, struct jsonw *w) {
    const struct json_value *v = r->reports[REPORT_RULE_STATE].root;
    jsonw_object(w);
    jsonw_ktime(w, "reported_at", r->reports[REPORT_RULE_STATE].at_ns);
    for (const struct json_value *it = v ? v->first : NULL; it; it = it->next) {
        if (str_eq_z(it->key, "t"))
            continue;
        jsonw_key(w, it->key);
        jsonw_value(w, it);
    }
    jsonw_end(w);
}
