/* Searches and hunts. The room reads no log: it passes questions on to kizuki-search and what comes back to the page.
 * Whoever searches is written into the chain with the query, before the search begins. */
#include "app/common/config.h"
#include "app/room/call.h"
#include "app/room/room.h"
#include "app/room/search_call.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time_written.h"
#include "room/attachment.h"
#include "room/finding.h"
#include "room/hunt.h"
#include "room/write.h"
#include "trace/trace.h"

#define QUERY_BYTES_MAX 16384 /* typed or pasted into one line */

static const struct search_refusal REFUSALS[] = {{"query", 400, "error.search_query", true},
                                                 {"missing", 404, "error.search_gone", false},
                                                 {"busy", 429, "error.search_busy", false},
                                                 {0}};

static void on_result(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status = 200;
    const struct json_value *result = search_call_result(c, answer, REFUSALS, &status);
    if (result)
        jsonw_value(&c->w, result);
    call_finish(c, status);
}

static int ask_of(struct call *c, const char *op, const char *key, search_answer_fn *fn) {
    struct buf members;
    buf_init(&members, 256);
    buf_printf(&members, "\"op\":\"%s\",\"%s\":%lld", op, key, (long long) c->args.id);
    int e = search_call_ask(c, &members, fn);
    buf_done(&members);
    return e;
}

/* ---- searches ---- */

/* Absent: no bound. */
static int read_bound(struct call *c, const char *key, struct buf *members) {
    int64_t at;
    int e = call_body_when(c, key, &at);
    if (e == 0 && at != TIME_NONE)
        buf_printf(members, ",\"%s_ms\":%lld", key, (long long) (at / NS_PER_MS));
    return e;
}

/* Absent: our own. */
static int read_copy(struct call *c, struct str *ret) {
    *ret = STR("");
    return json_get(c->json, "copy") ? call_body_str(c, "copy", 0, VAULT_NAME_BYTES_MAX, ret) : 0;
}

static void add_copy(struct buf *members, struct str copy) {
    if (!copy.n)
        return;
    buf_add_z(members, ",\"copy\":");
    json_quote(members, copy);
}

static int record_in(struct call *c, const char *what, struct str query, struct str copy) {
    struct buf detail;
    buf_init(&detail, 4 * QUERY_BYTES_MAX);
    buf_printf(&detail, "{\"%s\":", what);
    json_quote(&detail, query);
    add_copy(&detail, copy);
    buf_add_byte(&detail, '}');
    int e = buf_error(&detail);
    if (e == 0)
        e = room_begin(c->p->room, &c->err);
    if (e == 0)
        e = room_end(c->p->room, room_record(c->p->room, &c->who, VERB_CREATE, OBJECT_HUNT, buf_str(&detail), &c->err), &c->err);
    buf_done(&detail);
    return e;
}

static int record(struct call *c, const char *what, struct str query) {
    return record_in(c, what, query, STR(""));
}

int handle_search_post(struct call *c) {
    static const char *const keys[] = {"query", "from", "to", "copy", NULL};
    struct str query, copy;
    struct buf members;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "query", 1, QUERY_BYTES_MAX, &query);
    if (e == 0)
        e = read_copy(c, &copy);
    if (e < 0)
        return e;
    buf_init(&members, 8 * QUERY_BYTES_MAX);
    buf_add_z(&members, "\"op\":\"start\",\"query\":");
    json_quote(&members, query);
    add_copy(&members, copy);
    e = read_bound(c, "from", &members);
    if (e == 0)
        e = read_bound(c, "to", &members);
    if (e == 0)
        e = record_in(c, "query", query, copy);
    if (e == 0)
        e = search_call_ask(c, &members, on_result);
    buf_done(&members);
    return e;
}

int handle_search(struct call *c) {
    return ask_of(c, "state", "search", on_result);
}

int handle_search_stop(struct call *c) {
    return ask_of(c, "stop", "search", on_result);
}

/* Piece by piece, as an answer of the searcher holds so much; every export stands in the chain. */
static int ask_csv(struct call *c, int64_t from);

static void on_csv(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status = 200, e = 0;
    int64_t next = 0;
    struct str text;
    const struct json_value *result = search_call_result(c, answer, REFUSALS, &status);
    if (result && (!json_get_str(result, "text", &text) || !json_get_i64(result, "next", &next))) {
        status = call_refuse(c, 500, "error.search_failed");
        result = NULL;
    }
    if (!result) {
        call_finish(c, status);
        return;
    }
    buf_add(&c->out, text);
    c->type = "text/csv; charset=utf-8";
    e = buf_error(&c->out);
    if (e == 0 && next > 0)
        e = ask_csv(c, next);
    if (e != 0 || next <= 0)
        call_finish(c, e < 0 ? call_error(c, e) : e > 0 ? e : 200);
}

static int ask_csv(struct call *c, int64_t from) {
    struct buf members;
    buf_init(&members, 256);
    buf_printf(&members, "\"op\":\"csv\",\"search\":%lld,\"from\":%lld", (long long) c->args.id, (long long) from);
    int e = search_call_ask(c, &members, on_csv);
    buf_done(&members);
    return e;
}

int handle_search_csv(struct call *c) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long) c->args.id);
    int e = record(c, "csv_of_search", str_of(text));
    return e < 0 ? e : ask_csv(c, 0);
}

int handle_search_rule(struct call *c) {
    return ask_of(c, "rule", "search", on_result);
}

int handle_event(struct call *c) {
    struct str copy = call_query(c, "copy");
    struct buf members;
    if (copy.n > VAULT_NAME_BYTES_MAX)
        return call_bad(c, "copy");
    buf_init(&members, 1024);
    buf_printf(&members, "\"op\":\"event\",\"n\":%lld", (long long) c->args.id);
    add_copy(&members, copy);
    int e = search_call_ask(c, &members, on_result);
    buf_done(&members);
    return e;
}

/* ---- evidence that leaves ---- */

enum { EXPORT_RECORDS_MAX = 10000, EXPORTS_OF_MAX = 8 };

/* Who has made which export: it may hold lines of a case others may not see. Forgotten with the room's life, as the
 * searcher forgets its files with its own. */
static struct {
    int64_t export, person, incident; /* 0: of none */
} exports_of[EXPORTS_OF_MAX];
static size_t exports_next;

/* Mine, and of a case that is still for me. */
static bool is_mine(struct call *c) {
    struct room_row row;
    for (size_t i = 0; i < EXPORTS_OF_MAX; i++)
        if (exports_of[i].export == c->args.id) {
            if (exports_of[i].person != c->who.person || room_row_load(c->p->room, OBJECT_INCIDENT, exports_of[i].incident, &row, &c->err) < 0)
                return false;
            row.object = OBJECT_EVIDENCE;
            return room_may(&c->who, VERB_CREATE, &row);
        }
    return false;
}

static void on_export(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    int64_t number;
    if (result && json_get_i64(result, "export", &number)) {
        exports_of[exports_next % EXPORTS_OF_MAX].export = number;
        exports_of[exports_next % EXPORTS_OF_MAX].incident = c->row.incident;
        exports_of[exports_next++ % EXPORTS_OF_MAX].person = c->who.person;
    }
    on_result(c, answer);
}

static int record_export(struct call *c, int64_t incident, struct str chosen_by, struct str why) {
    struct buf detail;
    struct jsonw w;
    buf_init(&detail, 8 * QUERY_BYTES_MAX);
    jsonw_init(&w, &detail);
    jsonw_object(&w);
    if (incident)
        jsonw_ki64(&w, "incident", incident);
    jsonw_kstr(&w, "chosen_by", chosen_by);
    jsonw_kstr(&w, "why", why);
    jsonw_end(&w);
    int e = buf_error(&detail);
    if (e == 0)
        e = room_begin(c->p->room, &c->err);
    if (e == 0)
        e = room_end(c->p->room, room_record(c->p->room, &c->who, VERB_CREATE, OBJECT_EVIDENCE, buf_str(&detail), &c->err), &c->err);
    buf_done(&detail);
    return e;
}

/* members: what is exported. It stands in the chain before the searcher is asked. */
static int ask_export(struct call *c, struct buf *members, int64_t incident, struct str chosen_by) {
    struct str why;
    int e = call_body_str(c, "why", 1, EVIDENCE_WHY_BYTES_MAX, &why);
    if (e < 0)
        return e;
    buf_add_z(members, ",\"why\":");
    json_quote(members, why);
    buf_add_z(members, ",\"who\":");
    json_quote(members, str_of(c->who.name));
    buf_add_z(members, ",\"chosen_by\":");
    json_quote(members, chosen_by);
    e = record_export(c, incident, chosen_by, why);
    return e < 0 ? e : search_call_ask(c, members, on_export);
}

int handle_evidence_post(struct call *c) {
    static const char *const keys[] = {"query", "from", "to", "why", "copy", NULL};
    struct str query, copy;
    struct buf members;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "query", 1, QUERY_BYTES_MAX, &query);
    if (e == 0)
        e = read_copy(c, &copy);
    if (e < 0)
        return e;
    buf_init(&members, 16 * QUERY_BYTES_MAX);
    buf_add_z(&members, "\"op\":\"evidence\",\"query\":");
    json_quote(&members, query);
    add_copy(&members, copy);
    e = read_bound(c, "from", &members);
    if (e == 0)
        e = read_bound(c, "to", &members);
    if (e == 0)
        e = ask_export(c, &members, 0, query);
    buf_done(&members);
    return e;
}

/* What is in custody goes along: the list with every hand it went through, and the sums of its files, which the searcher reads itself. */
static int add_custody(struct call *c, struct buf *members, bool *ret_any) {
    const struct json_value *list = NULL, *things = NULL;
    struct json_value *doc;
    struct jsonw w;
    struct buf text;
    buf_init(&text, 4 << 20);
    jsonw_init(&w, &text);
    int e = room_custody_write(c->p->room, c->args.id, &c->who, &w, &c->err);
    if (e == 0)
        e = buf_error(&text) ? buf_error(&text) : json_parse(&c->arena, arena_dup(&c->arena, buf_str(&text)), &doc, &c->err);
    if (e == 0) {
        list = json_get_array(doc, "files");
        things = json_get_array(doc, "rows");
    }
    *ret_any = (list && list->n) || (things && things->n);
    if (e == 0 && *ret_any) {
        buf_add_z(members, ",\"custody\":");
        json_quote(members, buf_str(&text));
        buf_add_z(members, ",\"attached\":[");
        for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
            struct str digest = STR("");
            (void) json_get_str(v, "digest", &digest);
            buf_printf(members, "%s\"%.*s\"", v == list->first ? "" : ",", STR_ARG(digest));
        }
        buf_add_byte(members, ']');
    }
    buf_done(&text);
    return e;
}

int handle_incident_export(struct call *c) {
    static const char *const keys[] = {"why", NULL};
    struct room_position *at = arena_alloc(&c->arena, EXPORT_RECORDS_MAX * sizeof *at);
    struct buf members;
    size_t n = 0;
    int64_t total = 0;
    char chosen_by[64];
    bool custody = false;
    int e = at ? call_body_only(c, keys) : -ENOMEM;
    if (e == 0)
        e = room_evidence(c->p->room, c->args.id, STR_NULL, at, EXPORT_RECORDS_MAX, &n, &total, &c->err);
    if (e < 0)
        return e;
    buf_init(&members, 8 << 20);
    buf_add_z(&members, "\"op\":\"evidence\",\"records\":[");
    for (size_t i = 0; i < n; i++)
        buf_printf(&members, "%s%lld", i ? "," : "", (long long) at[i].spool_n);
    buf_add_byte(&members, ']');
    snprintf(chosen_by, sizeof chosen_by, "case %lld", (long long) c->args.id);
    e = add_custody(c, &members, &custody);
    if (e == 0 && n == 0 && !custody)
        e = call_refuse(c, 404, "error.evidence_none");
    else if (e == 0)
        e = ask_export(c, &members, c->args.id, str_of(chosen_by));
    buf_done(&members);
    return e;
}

int handle_evidence(struct call *c) {
    return is_mine(c) ? ask_of(c, "evidence_state", "export", on_result) : call_refuse(c, 404, "error.search_gone");
}

/* The number names the file; the searcher has made it whole before it says so. */
int handle_evidence_file(struct call *c) {
    char path[4096 + 64];
    struct str bytes;
    struct arena a;
    if (!is_mine(c))
        return call_refuse(c, 404, "error.search_gone");
    snprintf(path, sizeof path, "%.4000s/exports/%lld.zip", c->p->config->data, (long long) c->args.id);
    arena_init(&a, OUT_BYTES_MAX + (1 << 20));
    int e = file_read(&a, path, OUT_BYTES_MAX - 1, &bytes, &c->err);
    if (e == 0) {
        buf_clear(&c->out);
        buf_add(&c->out, bytes);
        c->type = "application/zip";
    }
    arena_done(&a);
    if (e == -ERR_LIMIT)
        return call_refuse(c, 413, "error.evidence_large");
    return e == -ENOENT ? call_refuse(c, 404, "error.search_gone") : e < 0 ? e : 200;
}

/* ---- traces ---- */

/* Absent or null: not told. */
static int read_word(struct call *c, const char *key, struct str *ret) {
    const struct json_value *v = json_get(c->json, key);
    *ret = STR("");
    return !v || v->type == JSON_NULL ? 0 : call_body_str(c, key, 0, TIME_WRITTEN_BYTES_MAX, ret);
}

static void add_endpoint(struct buf *b, const char *address, const char *port, const struct ip *ip, uint16_t n) {
    char text[IP_CAP];
    if (!ip->version)
        return;
    ip_format(ip, text);
    buf_printf(b, ",\"%s\":\"%s\"", address, text);
    if (n)
        buf_printf(b, ",\"%s\":%u", port, n);
}

/* 0, an error, or the status of what was said. */
static int read_question(struct call *c, struct trace_question *q) {
    static const char *const keys[] = {"address", "port", "time", "zone", "destination", "error_s", "copy", NULL};
    struct trace_words words = {0};
    struct str *texts[] = {&words.address, &words.port, &words.time, &words.zone, &words.destination};
    const char *wrong;
    char key[32];
    int e = call_body_only(c, keys);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(texts); i++)
        e = read_word(c, keys[i], texts[i]);
    if (e == 0 && json_get(c->json, "error_s"))
        e = call_body_i64(c, "error_s", 0, 3600, &words.error_s);
    if (e < 0)
        return e;
    e = trace_question_read(&words, room_now(c->p->room), c->p->config->offset_min, q, &wrong, &c->err);
    if (e == 0 || e == -ENOMEM)
        return e;
    snprintf(key, sizeof key, "error.trace_%s", wrong);
    return call_refuse(c, 400, key);
}

int handle_trace_post(struct call *c) {
    struct trace_question q;
    struct str copy = STR("");
    struct buf members;
    int e = read_question(c, &q);
    if (e == 0)
        e = read_copy(c, &copy);
    if (e != 0)
        return e;
    buf_init(&members, 2048);
    buf_printf(&members, "\"op\":\"trace\",\"at_ms\":%lld,\"width_s\":%lld,\"error_s\":%lld,\"zone_told\":%s,\"zone_min\":%d",
               (long long) (q.at_ns / NS_PER_MS), (long long) (q.width_ns / NS_PER_S), (long long) (q.error_ns / NS_PER_S),
               q.zone_told ? "true" : "false", q.zone_min);
    add_endpoint(&members, "address", "port", &q.address, q.port);
    add_endpoint(&members, "destination", "destination_port", &q.destination, q.destination_port);
    add_copy(&members, copy);
    e = record(c, "trace", buf_str(&members));
    if (e == 0)
        e = search_call_ask(c, &members, on_result);
    buf_done(&members);
    return e;
}

/* ---- hunts ---- */

static void on_hunt_state(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    struct room_hunt h = {.hypothesis = STR("")};
    struct buf json;
    struct jsonw w;
    int status = 200;
    int64_t id = 0;
    const struct json_value *result = search_call_result(c, answer, REFUSALS, &status);
    if (!result) {
        call_finish(c, status);
        return;
    }
    (void) json_get_str(c->json, "hypothesis", &h.hypothesis);
    buf_init(&json, 2 * FRAME_BYTES_MAX);
    jsonw_init(&w, &json);
    jsonw_value(&w, result);
    int e = buf_error(&json);
    h.result = result;
    h.json = buf_str(&json);
    if (e == 0)
        e = room_begin(c->p->room, &c->err);
    if (e == 0)
        e = room_end(c->p->room, room_hunt_add(c->p->room, &c->who, &h, &id, &c->err), &c->err);
    buf_done(&json);
    if (e == 0)
        e = room_hunt_write(c->p->room, id, &c->w, &c->err);
    call_finish(c, e < 0 ? call_error(c, e) : 200);
}

int handle_hunt_post(struct call *c) {
    static const char *const keys[] = {"search", "hypothesis", NULL};
    struct str hypothesis;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "search", 1, INT64_MAX, &c->args.id);
    if (e == 0)
        e = call_body_str(c, "hypothesis", 1, 2000, &hypothesis);
    return e < 0 ? e : ask_of(c, "state", "search", on_hunt_state);
}

int handle_hunts(struct call *c) {
    int e = room_hunts_write(c->p->room, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}
