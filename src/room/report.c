#include "room/report.h"

#include "base/mem.h"
#include "room/room_priv.h"

static const char *const names[REPORT_MAX_] = {
    [REPORT_SOURCES] = "sources",
    [REPORT_RULES] = "rules",
    [REPORT_STATS] = "stats",
    [REPORT_RULE_STATE] = "rule_state"};

void room_reports_init(struct room *r) {
    for (int i = 0; i < REPORT_MAX_; i++) {
        arena_init(&r->reports[i].arena, 4 * ROOM_REPORT_BYTES_MAX);
        r->reports[i].stored_ns = TIME_NONE;
        r->reports[i].at_ns = TIME_NONE;
    }
    buf_init(&r->rules_parts, ROOM_REPORT_BYTES_MAX);
    buf_init(&r->sources_page, ROOM_SOURCES_BYTES_MAX);
    map_init(&r->rules_by_id, RULES_MAX, MAP_BORROW);
}

void room_reports_done(struct room *r) {
    for (int i = 0; i < REPORT_MAX_; i++) {
        arena_done(&r->reports[i].arena);
        mem_free(r->reports[i].json);
    }
    buf_done(&r->rules_parts);
    buf_done(&r->sources_page);
    map_done(&r->rules_by_id);
}

static int index_rules(struct room *r, const struct json_value *rules, struct diag *err) {
    map_clear(&r->rules_by_id);
    for (const struct json_value *v = rules->first; v; v = v->next) {
        struct str id;
        if (json_get_str(v, "id", &id) && id.n &&
            map_put(&r->rules_by_id, id, (void *) (uintptr_t) v) < 0)
            return diag_set(err, -ENOMEM, "too many rules or no memory");
    }
    return 0;
}

/* Parses json (consumed: freed on failure) and makes it the report. */
static int replace(struct room *r, enum room_report_kind kind, char *json, size_t n, int64_t at_ns,
                   struct diag *err) {
    struct room_report *p = &r->reports[kind];
    struct arena fresh;
    struct json_value *root;
    arena_init(&fresh, 4 * ROOM_REPORT_BYTES_MAX);
    int e = json_parse(&fresh, str_n(json, n), &root, err);
    if (e < 0) {
        arena_done(&fresh);
        mem_free(json);
        return e;
    }
    arena_done(&p->arena);
    mem_free(p->json);
    p->arena = fresh;
    p->json = json;
    p->n = n;
    p->root = root;
    p->at_ns = at_ns;
    return kind == REPORT_RULES ? index_rules(r, root, err) : 0;
}

int room_reports_load(struct room *r, struct diag *reterr) {
    for (int i = 0; i < REPORT_MAX_; i++) {
        CLEANUP(sql_endp) struct sql_stmt *st = NULL;
        int e = sql_query(r->db, &st, reterr, "SELECT json, at FROM report WHERE kind = ?1", "z",
                          names[i]);
        if (e == 0)
            e = sql_step(st, reterr);
        if (e < 0)
            return e;
        if (e == 0)
            continue;
        struct str json = sql_str(st, 0);
        char *copy = str_dup(json);
        if (!copy)
            return diag_set(reterr, -ENOMEM, "memory has run out");
        e = replace(r, (enum room_report_kind) i, copy, json.n, sql_i64(st, 1), reterr);
        if (e < 0)
            return diag_prefix(reterr, "stored report of %s", names[i]);
        r->reports[i].stored_ns = sql_i64(st, 1);
    }
    return 0;
}

static int store(struct room *r, enum room_report_kind kind, struct diag *err) {
    struct room_report *p = &r->reports[kind];
    struct room_write w = {.by = &room_sensor,
                           .verb = VERB_CREATE,
                           .object = OBJECT_REPORT,
                           .version = ROOM_ANY_VERSION,
                           .tlp = TLP_AMBER};
    struct sql_stmt *st = NULL;
    struct str json = str_n(p->json, p->n);
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    e = sql_query(r->db, &st, err, "SELECT id FROM report WHERE kind = ?1", "z", names[kind]);
    if (e == 0)
        e = sql_step(st, err);
    w.id = e == 1 ? sql_i64(st, 0) : 0;
    sql_end(st);
    if (w.id) {
        w.verb = VERB_CHANGE;
        e = room_write(r, &w, NULL, err, "UPDATE report SET json = ?2, at = ?3 WHERE id = ?1",
                       "isi", w.id, &json, p->at_ns);
    } else if (e == 0) {
        e = room_write(r, &w, NULL, err, "INSERT INTO report(kind, json, at) VALUES (?1, ?2, ?3)",
                       "zsi", names[kind], &json, p->at_ns);
    }
    e = room_end(r, e, err);
    if (e == 0)
        p->stored_ns = p->at_ns;
    return e;
}

/* Becomes the report, is stored now and then, and is shown. */
static int take_text(struct room *r, enum room_report_kind kind, struct str json,
                     struct diag *err) {
    char *copy = str_dup(json);
    int64_t now = room_now(r), stored = r->reports[kind].stored_ns;
    if (!copy)
        return diag_set(err, -ENOMEM, "memory has run out");
    int e = replace(r, kind, copy, json.n, now, err);
    if (e == 0 && (stored == TIME_NONE || now - stored >= ROOM_REPORT_STORE_NS || now <= stored)) /* equal: a story's clock stands still at its end */
        e = store(r, kind, err);
    if (r->watcher.changed)
        r->watcher.changed(r->watcher.ctx, names[kind], 0);
    return e;
}

static unsigned rows_of(const struct room *r) {
    return r->reports[REPORT_SOURCES].root ? r->reports[REPORT_SOURCES].root->n : 0;
}

/* A page that is not the next is left out: the sensor comes to the first again. Rows beyond what is
 * held stay out; the total says so. */
static void add_page(struct room *r, const struct json_value *sources) {
    for (const struct json_value *v = sources->first; v; v = v->next) {
        size_t before = r->sources_page.n;
        struct jsonw w;
        r->sources_n++;
        if (r->sources_page.n)
            buf_add_byte(&r->sources_page, ',');
        jsonw_init(&w, &r->sources_page);
        jsonw_value(&w, v);
        if (buf_error(&r->sources_page)) {
            r->sources_page.error = 0;
            r->sources_page.n = before;
        }
    }
}

int room_report_sources(struct room *r, const struct json_value *message, struct diag *reterr) {
    const struct json_value *sources = json_get_array(message, "sources");
    int64_t from = 0, total;
    if (!sources)
        return diag_set(reterr, -ERR_PARSE, "a report of sources without sources");
    (void) json_get_i64(message, "from", &from);
    if (!json_get_i64(message, "total", &total))
        total = from + sources->n;
    if (from < 0 || total < from)
        return diag_set(reterr, -ERR_PARSE, "a page of sources without its place");
    if (from == 0) {
        buf_clear(&r->sources_page);
        r->sources_n = 0;
    } else if (from != r->sources_n) {
        return 0;
    }
    add_page(r, sources);
    r->sources_total = total;
    /* the last page, or the first time: then what is known so far is better than nothing */
    if (r->sources_n < total && r->sources_n <= rows_of(r))
        return 0;
    struct buf all;
    buf_init(&all, ROOM_REPORT_BYTES_MAX);
    buf_add_byte(&all, '[');
    buf_add(&all, buf_str(&r->sources_page));
    buf_add_byte(&all, ']');
    int e = buf_error(&all);
    if (e == 0)
        e = take_text(r, REPORT_SOURCES, buf_str(&all), reterr);
    buf_done(&all);
    return e;
}

static int take_whole(struct room *r, enum room_report_kind kind, const struct json_value *message,
                      struct diag *reterr) {
    struct buf out;
    struct jsonw w;
    buf_init(&out, ROOM_REPORT_BYTES_MAX);
    jsonw_init(&w, &out);
    jsonw_value(&w, message);
    int e = buf_error(&out);
    if (e == 0)
        e = take_text(r, kind, buf_str(&out), reterr);
    buf_done(&out);
    return e < 0 && !reterr->text[0] ? diag_set(reterr, e, "the report is too large") : e;
}

int room_report_stats(struct room *r, const struct json_value *message, struct diag *reterr) {
    return take_whole(r, REPORT_STATS, message, reterr);
}

/* Sets, exceptions, canaries, delays: as the sensor says them, whole. */
int room_report_rule_state(struct room *r, const struct json_value *message, struct diag *reterr) {
    if (!json_get_array(message, "sets"))
        return diag_set(reterr, -ERR_PARSE, "a state of rules without sets");
    return take_whole(r, REPORT_RULE_STATE, message, reterr);
}

int64_t room_report_tightened(const struct room *r) {
    int64_t n = 0;
    if (r->reports[REPORT_RULE_STATE].root)
        (void) json_get_i64(r->reports[REPORT_RULE_STATE].root, "tightened", &n);
    return n;
}

/* Rules arrive in parts, counted from 0 or from 1; a part that is not the next begins anew or is
 * refused. */
static int take_part(struct room *r, int64_t part, struct diag *err) {
    if (r->rules_parts_n == 0 || part <= r->rules_last_part) {
        if (part > 1)
            return diag_set(err, -ERR_PARSE, "part %lld of the rules came first", (long long) part);
        buf_clear(&r->rules_parts);
        buf_add_byte(&r->rules_parts, '[');
        r->rules_parts_n = 0;
    } else if (part != r->rules_last_part + 1) {
        r->rules_parts_n = 0;
        return diag_set(err, -ERR_PARSE, "part %lld of the rules is missing", (long long) part);
    }
    r->rules_last_part = part;
    r->rules_parts_n++;
    return 0;
}

static int finish_rules(struct room *r, struct diag *err) {
    const struct room_report *old = &r->reports[REPORT_RULES];
    buf_add_byte(&r->rules_parts, ']');
    r->rules_parts_n = 0;
    int e = buf_error(&r->rules_parts);
    size_t n = r->rules_parts.n;
    char *copy = e == 0 ? str_dup(buf_str(&r->rules_parts)) : NULL;
    buf_done(&r->rules_parts);
    if (!copy)
        return diag_set(err, e < 0 ? e : -ENOMEM, "the rules are too large");
    bool same = old->json && str_eq(str_n(old->json, old->n), str_n(copy, n));
    e = replace(r, REPORT_RULES, copy, n, room_now(r), err);
    if (e == 0 && !same)
        e = store(r, REPORT_RULES, err);
    if (r->watcher.changed)
        r->watcher.changed(r->watcher.ctx, "rules", 0);
    return e;
}

int room_report_rules(struct room *r, const struct json_value *message, struct diag *reterr) {
    const struct json_value *rules = json_get_array(message, "rules");
    int64_t part, parts;
    struct jsonw w;
    if (!rules || !json_get_i64(message, "part", &part) ||
        !json_get_i64(message, "parts", &parts) || part < 0 || parts < 1)
        return diag_set(reterr, -ERR_PARSE, "a report of rules without its parts");
    int e = take_part(r, part, reterr);
    for (const struct json_value *v = rules->first; e == 0 && v; v = v->next) {
        if (r->rules_parts.n > 1)
            buf_add_byte(&r->rules_parts, ',');
        jsonw_init(&w, &r->rules_parts);
        jsonw_value(&w, v);
    }
    return e == 0 && r->rules_parts_n >= parts ? finish_rules(r, reterr) : e;
}

const struct json_value *room_rule_find(struct room *r, struct str id) {
    return map_get(&r->rules_by_id, id);
}

int64_t room_stats_events(const struct room *r, int hours_back) {
    const struct json_value *root = r->reports[REPORT_STATS].root;
    const struct json_value *hours = root ? json_get_array(root, "events_by_hour") : NULL;
    int64_t n;
    if (!hours || hours_back < 0 || (unsigned) hours_back >= hours->n)
        return -1;
    unsigned at = hours->n - 1 - (unsigned) hours_back;
    const struct json_value *v = hours->first;
    while (at--)
        v = v->next;
    return v->type == JSON_NUMBER && str_to_i64(v->text, &n) == 0 ? n : -1;
}

int64_t room_source_id(const struct room *r, struct str name) {
    const struct json_value *list = r->reports[REPORT_SOURCES].root;
    struct str n;
    int64_t id;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        if (json_get_str(v, "name", &n) && str_eq(n, name) && json_get_i64(v, "id", &id))
            return id;
    return 0;
}

void room_sensor_connected(struct room *r, bool connected) {
    r->sensor_connected = connected;
    r->rules_parts_n = 0;
    r->sources_n = 0;
    if (r->watcher.changed)
        r->watcher.changed(r->watcher.ctx, "sources", 0);
}

bool room_sensor_is_connected(const struct room *r) {
    return r->sensor_connected;
}
