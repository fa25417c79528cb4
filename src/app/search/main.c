/* kizuki-search: searches for the pages, and makes the filters that make them quick.
 *
 *   kizuki-search --data DIR --fd N [--index WHERE]     N: a listening Unix socket, inherited from `kizuki serve`
 *
 * WHERE is the socket of kizuki-index, or the URL of a cluster (src/index/client.h): it is filled from here and asked
 * from here. Without it, and whenever it does not answer, searches read the spool.
 *
 * A program of its own because it reads hostile bytes and holds nothing: neither the room, which has people's data, nor
 * the keeper, which has the signing key, may read what records say; and a search must not make the sensor late. It may
 * read DIR/spool and DIR/decoders, write DIR/search, leave notes, talk on the sockets it was given, and no more. It runs at
 * low priority, the making of filters at the lowest. Every night it tries a trace (nightly.h).
 *
 * Frames of JSON from the room, each answered by one with the same id:
 *   {"id", "op":"start", "query", "from_ms"?, "to_ms"?}     {"id","ok":true,"result":{"search":N}}
 *   start, trace, event, evidence and hunt with "copy":NAME: of what is kept here of another Kizuki (copies.h), not of our own
 *   {"id", "op":"state"|"stop", "search":N}                 result: job.h; -ENOENT after a restart, or long after
 *   {"id", "op":"trace", "address", "port"?, "at_ms", "width_s", "error_s", "zone_told", "zone_min", "destination"?,
 *    "destination_port"?}                                  as start; state and stop tell what tracing.h has
 *   {"id", "op":"csv", "search":N, "from":ROW}             result: {"text", "next"}; next 0: that was all
 *   {"id", "op":"rule", "search":N}                        result: {"text"}: a draft
 *   {"id", "op":"event", "n":RECORD}                        result: {"fields":{…}, "original":…, …}
 *   {"id", "op":"evidence", "query", "from_ms"?, "to_ms"? | "records":[…], "who", "why", "chosen_by"}  result: {"export":N}
 *   {"id", "op":"evidence_state", "export":N}               result: export_job.h; the file is DIR/exports/N.zip
 *   hunts over what is kept, and indicators: hunting.h, shelf.h
 *   {"id","ok":false,"code":"query"|"missing"|"busy"|"failed","why":…,"column":N} */
#include "app/common/attached.h"
#include "app/common/copies.h"
#include "app/common/note.h"
#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "app/engine/engine.h"
#include "app/engine/registry.h"
#include "app/room/peer.h"
#include "app/search/hunting.h"
#include "app/search/indexer.h"
#include "app/search/export_job.h"
#include "app/search/job.h"
#include "app/search/nightly.h"
#include "app/search/tracing.h"
#include "base/file.h"
#include "base/frame.h"
#include "base/limits.h"
#include "base/log.h"
#include "decode/decode.h"
#include "index/client.h"
#include "spool/reader.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { PEERS_MAX = 4, JOBS_MAX = 8, NICE_SEARCH = 10, NICE_FILTERS = 19, FILTER_WAIT_MS = 2000, INDEX_WAIT_MS = 1000, INDEX_AGAIN_MS = 5000, NIGHTLY_WAIT_MS = 5000, ANSWER_BYTES_MAX = FRAME_BYTES_MAX };

#define FORGET_WAIT_NS (10 * NS_PER_S)

struct slot {
    int64_t id; /* 0: free */
    struct job *job; /* one of the two */
    struct tracing *tracing;
};
struct program {
    const char *data, *config_file;
    struct config *config;
    struct hunting hunting;
    char spool[4096], filters[4096], decoders_dir[4096], incoming[4096];
    int listen_fd, signal_fd;
    struct decode_set *decoders;
    bool own_decoders;
    struct peer peers[PEERS_MAX];
    struct slot slots[JOBS_MAX];
    int64_t next_id;
    pthread_t filler; /* of filters and the index */
    const char *index; /* NULL: none */
    struct index_client *client;
    struct indexer *indexer;
    struct evidence_texts texts;
    struct exports exports;
    char exports_dir[4096], attached[4096], status[4096], notes[4096];
    struct nightly nightly;
    struct copies copies;
    int64_t forgot_ns; /* of whoever makes filters */
    volatile bool ending, confined;
};

/* ---- filters, in a thread of the lowest priority; where there is an index, both are made in one thread and one reading ---- */

static void sleep_ms(struct program *p, int ms) {
    for (int i = 0; i < ms / 50 && !p->ending; i++)
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000}, NULL);
}

static void forget_filters_of(const char *spool, const char *filters) {
    struct diag d = {0};
    int r = scan_forget_filters(spool, filters, &d);
    if (r > 0)
        log_info("%d filters of segments that are no longer kept are removed", r);
    if (r < 0 && r != -ENOENT)
        log_warn("filters of removed segments stay: %s", d.text);
}

static void forget_filters(struct program *p) {
    int64_t now = time_monotonic_ns();
    if (p->forgot_ns && now - p->forgot_ns < FORGET_WAIT_NS)
        return;
    p->forgot_ns = now;
    forget_filters_of(p->spool, p->filters);
    for (size_t i = 0; i < p->copies.n; i++)
        forget_filters_of(p->copies.at[i].spool, p->copies.at[i].filters);
}

/* 1: one that was missing is there now. */
static int make_filter_of(struct program *p, const char *of, const char *spool, const char *filters, uint32_t but) {
    struct diag d = {0};
    uint32_t segment;
    int r = scan_make_filter(spool, filters, p->decoders, but, &p->ending, &segment, &d);
    if (r == 1)
        log_info("segment %u%s has a filter now", segment, of);
    if (r < 0 && r != -ENOENT && r != -ECANCELED)
        log_warn("no filter was made%s: %s", of, d.text);
    return r;
}

/* Our own first, then those of copies. */
static int make_filter(struct program *p, uint32_t but) {
    forget_filters(p);
    int r = make_filter_of(p, "", p->spool, p->filters, but);
    for (size_t i = 0; r <= 0 && i < p->copies.n && !p->ending; i++)
        r = make_filter_of(p, " of a copy", p->copies.at[i].spool, p->copies.at[i].filters, 0);
    return r;
}

static void *make_filters(void *arg) {
    struct program *p = arg;
    (void) setpriority(PRIO_PROCESS, 0, NICE_FILTERS); /* of this thread alone, on Linux */
    while (!p->confined && !p->ending)
        sleep_ms(p, 50);
    for (bool more = true, worked; !p->ending;) {
        worked = more;
        more = make_filter(p, 0) > 0;
        if (worked && !more)
            indexer_rest(NULL);
        if (!more)
            sleep_ms(p, FILTER_WAIT_MS);
    }
    return NULL;
}

/* ---- the index, in a thread of the priority of searches ---- */

static void *fill_index(void *arg) {
    struct program *p = arg;
    int last = 0;
    bool worked = true;
    while (!p->confined && !p->ending)
        sleep_ms(p, 50);
    while (!p->ending) {
        struct diag d = {0};
        int r = indexer_step(p->indexer, &p->ending, &d);
        if (r < 0 && r != -ENOENT && r != last)
            log_warn("the index is not filled: %s", d.text);
        if (r >= 0 && last < 0 && last != -ENOENT)
            log_info("the index is filled again");
        last = r;
        bool more = r > 0 || make_filter(p, indexer_making(p->indexer)) > 0; /* of what was in the index before */
        if (worked && !more)
            indexer_rest(p->indexer);
        worked = more;
        if (!more)
            sleep_ms(p, r < 0 ? INDEX_AGAIN_MS : INDEX_WAIT_MS);
    }
    return NULL;
}

/* ---- answers ---- */

struct answer {
    int64_t id;
    struct buf out;
    struct jsonw w;
};

static void answer_begin(struct answer *a, int64_t id) {
    a->id = id;
    buf_init(&a->out, ANSWER_BYTES_MAX);
    jsonw_init(&a->w, &a->out);
    jsonw_object(&a->w);
    jsonw_ki64(&a->w, "id", id);
}

static int answer_send(struct answer *a, struct peer *peer) {
    jsonw_end(&a->w);
    int r = buf_error(&a->out);
    r = r < 0 ? r : peer_say(peer, buf_str(&a->out));
    buf_done(&a->out);
    return r;
}

static int refuse(struct peer *peer, int64_t id, const char *code, const struct diag *d) {
    struct answer a;
    answer_begin(&a, id);
    jsonw_kbool(&a.w, "ok", false);
    jsonw_kz(&a.w, "code", code);
    jsonw_kz(&a.w, "why", d->text);
    jsonw_ku64(&a.w, "column", d->column);
    return answer_send(&a, peer);
}

static struct slot *slot_of(struct program *p, int64_t id) {
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (id > 0 && p->slots[i].id == id)
            return &p->slots[i];
    return NULL;
}

static bool slot_is_running(const struct slot *s) {
    return s->tracing ? tracing_is_running(s->tracing) : job_is_running(s->job);
}

static void slot_free(struct slot *s) {
    job_free(s->job);
    tracing_free(s->tracing);
    *s = (struct slot){0};
}

/* A free one, else that of the oldest search that has ended. */
static struct slot *slot_for_new(struct program *p) {
    struct slot *best = NULL;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        struct slot *s = &p->slots[i];
        if (!s->id)
            return s;
        if (!slot_is_running(s) && (!best || s->id < best->id))
            best = s;
    }
    return best;
}

static int64_t read_ms(const struct json_value *m, const char *key) {
    int64_t ms;
    return json_get_i64(m, key, &ms) && ms > -INT64_C(9000000000000) && ms < INT64_C(9000000000000) ? ms * NS_PER_MS : TIME_NONE;
}

static const struct diag all_taken = {.text = "as many searches run as may at once; stop one"};

/* Who asks names the copy, or nothing. A copy that is only just enrolled is not here yet, either. */
static int options_of(struct program *p, const struct json_value *m, struct scan_options *ret, struct diag *err) {
    struct str name = STR("");
    *ret = (struct scan_options){.spool_dir = p->spool, .filter_dir = p->filters, .from_ns = TIME_NONE, .to_ns = TIME_NONE,
                                 .copy = STR(""), .index = p->client, .decoders = p->decoders, .own_decoders = p->own_decoders};
    (void) json_get_str(m, "copy", &name);
    return scan_over_copy(ret, &p->copies, name, err);
}

/* It runs in this slot from now on, in the place of what ended there. */
static int begun(struct program *p, struct peer *peer, int64_t id, struct slot *s, struct job *job, struct tracing *tracing) {
    struct answer a;
    slot_free(s);
    *s = (struct slot){p->next_id++, job, tracing};
    answer_begin(&a, id);
    jsonw_kbool(&a.w, "ok", true);
    jsonw_key(&a.w, STR("result"));
    jsonw_object(&a.w);
    jsonw_ki64(&a.w, "search", s->id);
    jsonw_end(&a.w);
    return answer_send(&a, peer);
}

static int start(struct program *p, struct peer *peer, int64_t id, const struct json_value *m) {
    struct scan_options o;
    struct slot *s = slot_for_new(p);
    struct job *j;
    struct diag d = {0};
    if (options_of(p, m, &o, &d) < 0)
        return refuse(peer, id, "missing", &d);
    if (!s)
        return refuse(peer, id, "busy", &all_taken);
    o.from_ns = read_ms(m, "from_ms");
    o.to_ns = read_ms(m, "to_ms");
    if (!json_get_str(m, "query", &o.query))
        return -ERR_PARSE;
    int r = job_new(&o, &j, &d);
    if (r < 0)
        return refuse(peer, id, r == -ERR_PARSE || r == -ERR_LIMIT ? "query" : r == -ENOENT ? "missing" : "failed", &d);
    return begun(p, peer, id, s, j, NULL);
}

static bool read_endpoint(const struct json_value *m, const char *address, const char *port, struct ip *ip, uint16_t *ret_port) {
    struct str text;
    int64_t n = 0;
    if (json_get_i64(m, port, &n) && (n < 1 || n > 65535))
        return false;
    *ret_port = (uint16_t) n;
    return !json_get_str(m, address, &text) || ip_parse(text, ip) == 0;
}

static int start_trace(struct program *p, struct peer *peer, int64_t id, const struct json_value *m) {
    struct trace_question q = {.now_ns = time_now_ns(), .at_ns = read_ms(m, "at_ms")};
    struct scan_options o;
    struct slot *s = slot_for_new(p);
    struct tracing *t;
    struct diag d = {0};
    int64_t width = 0, error = 0, zone = 0;
    if (options_of(p, m, &o, &d) < 0)
        return refuse(peer, id, "missing", &d);
    if (!s)
        return refuse(peer, id, "busy", &all_taken);
    bool whole = json_get_i64(m, "width_s", &width) && json_get_i64(m, "error_s", &error) && json_get_i64(m, "zone_min", &zone) &&
                 json_get_bool(m, "zone_told", &q.zone_told) && q.at_ns != TIME_NONE && width >= 0 && width <= 7 * 86400 && error >= 0 &&
                 error <= 86400 && zone >= -1440 && zone <= 1440;
    if (!whole || !read_endpoint(m, "address", "port", &q.address, &q.port) ||
        !read_endpoint(m, "destination", "destination_port", &q.destination, &q.destination_port))
        return -ERR_PARSE;
    q.width_ns = width * NS_PER_S;
    q.error_ns = error * NS_PER_S;
    q.zone_min = (int) zone;
    int r = tracing_new(&o, &q, &t, &d);
    return r < 0 ? refuse(peer, id, "failed", &d) : begun(p, peer, id, s, NULL, t);
}

static int tell(struct program *p, struct peer *peer, int64_t id, const struct json_value *m, bool stop) {
    static const struct diag gone = {.text = "this search is no longer kept; start it again"};
    int64_t search = 0;
    (void) json_get_i64(m, "search", &search);
    struct slot *s = slot_of(p, search);
    if (!s)
        return refuse(peer, id, "missing", &gone);
    if (stop && s->tracing)
        tracing_stop(s->tracing);
    else if (stop)
        job_stop(s->job);
    struct answer a;
    answer_begin(&a, id);
    jsonw_kbool(&a.w, "ok", true);
    jsonw_key(&a.w, STR("result"));
    jsonw_object(&a.w);
    jsonw_ki64(&a.w, "search", s->id);
    int r = s->tracing ? tracing_write(s->tracing, &a.w) : job_write(s->job, &a.w);
    jsonw_end(&a.w);
    if (r < 0) {
        buf_done(&a.out);
        return r;
    }
    return answer_send(&a, peer);
}

/* What was found, or looked for, as a text. */
static int tell_text(struct program *p, struct peer *peer, int64_t id, const struct json_value *m, bool csv) {
    static const struct diag gone = {.text = "this search is no longer kept; start it again"};
    int64_t search = 0, from = 0;
    size_t next = 0;
    struct diag d = {0};
    struct buf text;
    (void) json_get_i64(m, "search", &search);
    (void) json_get_i64(m, "from", &from);
    struct slot *s = slot_of(p, search);
    if (!s || !s->job || from < 0)
        return refuse(peer, id, "missing", &gone);
    buf_init(&text, ANSWER_BYTES_MAX);
    int r = csv ? job_csv(s->job, (size_t) from, &text, &next) : job_rule(s->job, &text, &d);
    if (r < 0) {
        buf_done(&text);
        diag_set(&d, r, "cannot write it: %s", err_word(r));
        return refuse(peer, id, "failed", &d);
    }
    struct answer a;
    answer_begin(&a, id);
    jsonw_kbool(&a.w, "ok", true);
    jsonw_key(&a.w, STR("result"));
    jsonw_object(&a.w);
    jsonw_kstr(&a.w, "text", buf_str(&text));
    if (csv)
        jsonw_ku64(&a.w, "next", next);
    jsonw_end(&a.w);
    buf_done(&text);
    return answer_send(&a, peer);
}

/* One event whole. Its source is defined at the beginning of its segment, so that is read first. */
static int read_record(const char *spool_dir, uint64_t n, struct registry *registry, struct arena *a, struct raw_record *ret, struct diag *err) {
    CLEANUP(spool_reader_freep) struct spool_reader *reader = NULL;
    struct spool_batch b;
    struct spool_part part;
    int r = spool_reader_open(spool_dir, &reader, err);
    if (r == 0)
        r = spool_reader_get(reader, n, a, ret, err);
    if (r == 0 && (ret->flags & (RAW_SOURCE | RAW_STATE | RAW_TICK)))
        r = diag_set(err, -ENOENT, "record %llu is no line", (unsigned long long) n);
    if (r == 0)
        r = spool_reader_enter(reader, spool_reader_in(reader), &part, err);
    if (r < 0)
        return r;
    spool_batch_init(&b);
    if (spool_reader_next(reader, &b, NULL, err) > 0)
        for (size_t i = 0; r == 0 && i < b.n; i++)
            r = registry_take(registry, &b.records[i]);
    spool_batch_done(&b);
    return r < 0 ? diag_set(err, r, "out of memory") : 0;
}

static int write_event(struct program *p, struct registry *registry, const struct raw_record *rec, struct buf *out, struct diag *err) {
    CLEANUP(search_freep) struct search *s = NULL;
    struct search_options o = {.query = STR("*"), .from_ns = TIME_NONE, .to_ns = TIME_NONE, .sources = registry->sources,
                               .n_sources = SOURCES_MAX, .decoders = p->decoders, .own_decoders = p->own_decoders};
    const struct event *ev;
    int r = search_new(&o, &s, err);
    if (r == 0 && (r = search_event(s, rec, &ev)) < 0)
        diag_set(err, r, "out of memory");
    if (r == 0)
        event_write_json(ev, out);
    return r == 0 ? buf_error(out) : r;
}

static int event(struct program *p, struct peer *peer, int64_t id, const struct json_value *m) {
    int64_t n = 0;
    struct registry registry;
    struct scan_options o;
    struct raw_record rec;
    struct arena arena;
    struct diag d = {0};
    struct buf one;
    if (options_of(p, m, &o, &d) < 0)
        return refuse(peer, id, "missing", &d);
    (void) json_get_i64(m, "n", &n);
    arena_init(&arena, 4 << 20);
    buf_init(&one, ANSWER_BYTES_MAX);
    int r = registry_init(&registry, &d);
    if (r == 0)
        r = n > 0 ? read_record(o.spool_dir, (uint64_t) n, &registry, &arena, &rec, &d) : diag_set(&d, -ENOENT, "there is no such record");
    if (r == 0)
        r = write_event(p, &registry, &rec, &one, &d);
    if (r < 0) {
        r = refuse(peer, id, r == -ENOENT ? "missing" : "failed", &d);
    } else {
        struct answer a;
        answer_begin(&a, id);
        jsonw_kbool(&a.w, "ok", true);
        jsonw_key(&a.w, STR("result"));
        jsonw_object(&a.w);
        jsonw_kstr(&a.w, "source", rec.source < SOURCES_MAX ? registry.sources[rec.source].name : STR(""));
        jsonw_key(&a.w, STR("event"));
        jsonw_raw(&a.w, buf_str(&one));
        jsonw_end(&a.w);
        r = answer_send(&a, peer);
    }
    registry_done(&registry);
    buf_done(&one);
    arena_done(&arena);
    return r;
}

/* ---- evidence ---- */

static int read_records(const struct json_value *m, struct arena *a, struct export_wanted *w) {
    const struct json_value *list = json_get_array(m, "records");
    uint64_t *records = list && list->n <= EVIDENCE_RECORDS_MAX ? arena_alloc(a, (list->n + 1) * sizeof *records) : NULL;
    if (!records)
        return -ERR_PARSE;
    for (const struct json_value *v = list->first; v; v = v->next)
        if (v->type != JSON_NUMBER || str_to_u64(v->text, &records[w->n++]) < 0)
            return -ERR_PARSE;
    w->records = records;
    return 0;
}

/* The list of what is in custody, and the sums of its files. */
static int read_custody(const struct json_value *m, struct arena *arena, struct export_wanted *w) {
    const struct json_value *list = json_get_array(m, "attached");
    struct str *digests = list && list->n ? arena_alloc(arena, list->n * sizeof *digests) : NULL;
    (void) json_get_str(m, "custody", &w->custody);
    if (!list || !list->n)
        return 0;
    if (!digests)
        return -ENOMEM;
    for (const struct json_value *v = list->first; v; v = v->next) {
        if (v->type != JSON_STRING || v->text.n != 2 * SHA256_BYTES)
            return -ERR_PARSE;
        digests[w->n_digests++] = v->text;
    }
    w->digests = digests;
    return 0;
}

static int start_evidence(struct program *p, struct peer *peer, int64_t id, const struct json_value *m, struct arena *arena) {
    struct export_wanted w = {.n = 0};
    struct diag d = {0};
    int64_t number = 0;
    if (options_of(p, m, &w.scan, &d) < 0)
        return refuse(peer, id, "missing", &d);
    w.scan.from_ns = read_ms(m, "from_ms");
    w.scan.to_ns = read_ms(m, "to_ms");
    if (!json_get_str(m, "query", &w.scan.query) && read_records(m, arena, &w) < 0)
        return -ERR_PARSE;
    if (!json_get_str(m, "who", &w.who) || !json_get_str(m, "why", &w.why) || !json_get_str(m, "chosen_by", &w.chosen_by))
        return -ERR_PARSE;
    w.copy_of = w.scan.copy;
    if (read_custody(m, arena, &w) < 0)
        return -ERR_PARSE;
    int r = exports_begin(&p->exports, &w, &number, &d);
    if (r < 0)
        return refuse(peer, id, r == -EBUSY ? "busy" : "failed", &d);
    struct answer a;
    answer_begin(&a, id);
    jsonw_kbool(&a.w, "ok", true);
    jsonw_key(&a.w, STR("result"));
    jsonw_object(&a.w);
    jsonw_ki64(&a.w, "export", number);
    jsonw_end(&a.w);
    return answer_send(&a, peer);
}

static int tell_evidence(struct program *p, struct peer *peer, int64_t id, const struct json_value *m) {
    static const struct diag gone = {.text = "this export is no longer kept; make it again"};
    struct answer a;
    int64_t number = 0;
    (void) json_get_i64(m, "export", &number);
    answer_begin(&a, id);
    jsonw_kbool(&a.w, "ok", true);
    jsonw_key(&a.w, STR("result"));
    jsonw_object(&a.w);
    int r = exports_write(&p->exports, number, &a.w);
    jsonw_end(&a.w);
    if (r == 0)
        return answer_send(&a, peer);
    buf_done(&a.out);
    return refuse(peer, id, "missing", &gone);
}

/* ---- hunts and indicators ---- */

static const char *code_of(int r) {
    return r == -ENOENT ? "missing" : r == -EBUSY ? "busy" : r == -ERR_PARSE || r == -ERR_LIMIT || r == -EINVAL || r == -ERR_UNSUPPORTED ? "query" : "failed";
}

static int hunting_answer(struct program *p, struct peer *peer, int64_t id, struct str op, const struct json_value *m) {
    struct diag d = {0};
    struct answer a;
    answer_begin(&a, id);
    jsonw_kbool(&a.w, "ok", true);
    jsonw_key(&a.w, STR("result"));
    jsonw_object(&a.w);
    int r = hunting_ask(&p->hunting, op, m, &a.w, &d);
    if (r >= 0) {
        jsonw_end(&a.w);
        return answer_send(&a, peer);
    }
    buf_done(&a.out);
    if (!d.text[0])
        diag_set(&d, r, "%s", err_word(r));
    return refuse(peer, id, code_of(r), &d);
}

/* ---- the room ---- */

static int take(struct program *p, struct peer *peer, struct str text) {
    struct arena a;
    struct json_value *m;
    struct str op = STR("");
    int64_t id = 0;
    arena_init(&a, 16 << 20);
    int r = json_parse(&a, text, &m, NULL);
    if (r == 0 && (m->type != JSON_OBJECT || !json_get_i64(m, "id", &id) || !json_get_str(m, "op", &op)))
        r = -ERR_PARSE;
    if (r == 0 && str_eq_z(op, "start"))
        r = start(p, peer, id, m);
    else if (r == 0 && str_eq_z(op, "trace"))
        r = start_trace(p, peer, id, m);
    else if (r == 0 && (str_eq_z(op, "state") || str_eq_z(op, "stop")))
        r = tell(p, peer, id, m, str_eq_z(op, "stop"));
    else if (r == 0 && (str_eq_z(op, "csv") || str_eq_z(op, "rule")))
        r = tell_text(p, peer, id, m, str_eq_z(op, "csv"));
    else if (r == 0 && str_eq_z(op, "event"))
        r = event(p, peer, id, m);
    else if (r == 0 && str_eq_z(op, "evidence"))
        r = start_evidence(p, peer, id, m, &a);
    else if (r == 0 && str_eq_z(op, "evidence_state"))
        r = tell_evidence(p, peer, id, m);
    else if (r == 0 && hunting_has_op(op))
        r = hunting_answer(p, peer, id, op, m);
    else if (r == 0)
        r = -ERR_PARSE;
    arena_done(&a);
    return r;
}

static void serve(struct program *p, struct peer *peer, short events) {
    struct str message;
    size_t at = 0;
    int r = events & (POLLIN | POLLHUP | POLLERR) ? peer_read(peer) : 0, k = 0;
    while (r >= 0 && (k = frame_next(buf_str(&peer->in), &at, &message)) > 0)
        r = take(p, peer, message);
    if (r >= 0 && k >= 0) {
        buf_remove_front(&peer->in, at);
        r = peer_flush(peer);
    }
    if (r < 0 || k < 0)
        peer_close(peer);
}

/* Only processes of our own user (or root) may ask. */
static bool may_connect(int fd) {
    struct ucred who;
    socklen_t n = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == geteuid() || who.uid == 0);
}

static void accept_one(struct program *p) {
    int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    for (size_t i = 0; fd >= 0 && i < PEERS_MAX; i++)
        if (p->peers[i].fd < 0 && may_connect(fd)) {
            peer_open(&p->peers[i], fd);
            return;
        }
    if (fd >= 0)
        close(fd);
}

static bool step_all(struct program *p) {
    bool any = hunting_step(&p->hunting);
    any |= nightly_step(&p->nightly, time_now_ns());
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (p->slots[i].id && slot_is_running(&p->slots[i])) {
            if (p->slots[i].tracing)
                tracing_step(p->slots[i].tracing);
            else
                job_step(p->slots[i].job);
            any = true;
        }
    return any;
}

static int run(struct program *p) {
    enum { LISTEN, SIGNALS, PEERS, ROWS = PEERS + PEERS_MAX };
    bool busy = false;
    int64_t looked_ns = time_monotonic_ns();
    for (;;) {
        struct pollfd pfd[ROWS];
        pfd[LISTEN] = (struct pollfd){.fd = p->listen_fd, .events = POLLIN};
        pfd[SIGNALS] = (struct pollfd){.fd = p->signal_fd, .events = POLLIN};
        for (size_t i = 0; i < PEERS_MAX; i++)
            pfd[PEERS + i] = peer_poll(&p->peers[i]);
        int k = poll(pfd, ROWS, busy ? 0 : NIGHTLY_WAIT_MS);
        if (k < 0 && errno != EINTR)
            return 1;
        if (k > 0 && pfd[SIGNALS].revents)
            return 0;
        for (size_t i = 0; k > 0 && i < PEERS_MAX; i++)
            if (p->peers[i].fd >= 0 && pfd[PEERS + i].revents)
                serve(p, &p->peers[i], pfd[PEERS + i].revents);
        if (k > 0 && (pfd[LISTEN].revents & POLLIN))
            accept_one(p);
        busy = step_all(p);
        int64_t now = time_monotonic_ns();
        if (!busy && now - looked_ns >= NIGHTLY_WAIT_MS * NS_PER_MS && copies_changed(&p->copies)) {
            log_info("another Kizuki is kept here now; beginning again to see it");
            return 0;
        }
        looked_ns = busy || now - looked_ns >= NIGHTLY_WAIT_MS * NS_PER_MS ? now : looked_ns;
    }
}

/* ---- set-up ---- */

static int prepare(struct program *p, struct diag *err) {
    const char *own[] = {p->decoders_dir};
    struct stat st;
    sigset_t set;
    snprintf(p->spool, sizeof p->spool, "%.4000s/spool", p->data);
    snprintf(p->filters, sizeof p->filters, "%.4000s/search", p->data);
    snprintf(p->decoders_dir, sizeof p->decoders_dir, "%.4000s/decoders", p->data);
    p->own_decoders = stat(p->decoders_dir, &st) == 0;
    int r = file_make_dir(p->filters, 0700, err);
    if (r == 0) /* the sensor makes it too; whoever comes first */
        r = file_make_dir(p->spool, 0700, err);
    if (r == 0)
        r = engine_decoders(own, p->own_decoders, &p->decoders, err);
    snprintf(p->exports_dir, sizeof p->exports_dir, "%.4000s/exports", p->data);
    snprintf(p->attached, sizeof p->attached, "%.4000s" ATTACHED_FOLDER, p->data);
    if (r == 0)
        r = evidence_texts_load(engine_content_dir(), &p->texts, err);
    if (r == 0)
        r = file_make_dir(p->attached, 0700, err); /* the room makes it too; whoever comes first */
    if (r == 0)
        r = exports_init(&p->exports, p->exports_dir, p->attached, &p->texts, p->next_id, err);
    const struct scan_options like = {.spool_dir = p->spool, .filter_dir = p->filters, .decoders = p->decoders, .own_decoders = p->own_decoders};
    if (r == 0)
        r = config_load(p->data, p->config_file, &p->config, err);
    if (r == 0)
        r = hunting_init(&p->hunting, p->config, engine_content_dir(), &like, err);
    snprintf(p->incoming, sizeof p->incoming, "%.4000s/incoming", p->data);
    if (r == 0) /* the room makes it too */
        r = file_make_dir(p->incoming, 0700, err);
    snprintf(p->status, sizeof p->status, "%.4000s/status", p->data);
    if (r == 0) /* the keeper makes it too */
        r = file_make_dir(p->status, 0700, err);
    snprintf(p->status, sizeof p->status, "%.4000s/status/search", p->data);
    if (r == 0)
        r = file_make_dir(p->status, 0700, err);
    if (r == 0)
        r = note_folder(p->data, p->notes, err);
    copies_find(&p->copies, p->data);
    for (size_t i = 0; r == 0 && i < p->copies.n; i++)
        r = file_make_dir(p->copies.at[i].filters, 0700, err);
    if (r < 0)
        return r;
    p->hunting.copies = &p->copies;
    nightly_init(&p->nightly, p->data, p->status, &like, p->config->trace_test_min, p->config->offset_min, time_now_ns());
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || (p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return diag_set(err, -errno, "cannot take signals: %s", err_word(-errno));
    (void) setpriority(PRIO_PROCESS, 0, NICE_SEARCH);
    if (p->index && (r = index_client_new(p->index, &p->client, err)) == 0)
        r = indexer_new(p->spool, p->filters, p->index, p->decoders, &p->indexer, err);
    if (r < 0)
        return r;
    if (pthread_create(&p->filler, NULL, p->index ? fill_index : make_filters, p) != 0)
        return diag_set(err, -EAGAIN, "cannot start a thread");
    /* Beside us the index is a Unix socket; a cluster is reached over the network, so then that is open. */
    unsigned calls = !p->index ? 0 : index_client_is_local(p->client) ? SANDBOX_LOCAL : SANDBOX_SOCKETS;
    struct sandbox_path paths[16 + VAULT_FIRSTS_MAX] = {{p->spool, SANDBOX_READ}, {p->filters, SANDBOX_READ | SANDBOX_WRITE},
                                         {p->exports_dir, SANDBOX_READ | SANDBOX_WRITE}, {p->attached, SANDBOX_READ}, {p->incoming, SANDBOX_READ | SANDBOX_WRITE},
                                         {p->hunting.shelf.dir, SANDBOX_READ | SANDBOX_WRITE}, {engine_content_dir(), SANDBOX_READ},
                                         {p->status, SANDBOX_WRITE}, {p->notes, SANDBOX_WRITE},
                                         {"/usr/lib/x86_64-linux-gnu/gconv", SANDBOX_READ}};
    size_t n_paths = 0;
    while (paths[n_paths].path)
        n_paths++;
    for (size_t k = 0; k < p->copies.n; k++)
        paths[n_paths++] = (struct sandbox_path){p->copies.at[k].spool, SANDBOX_READ};
    r = sandbox_enter(paths, n_paths, SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_CONNECTED | calls, err);
    if (r > 0)
        log_warn("this kernel has no Landlock; the search could open files it need not");
    p->confined = true;
    return MIN(r, 0);
}

static void end(struct program *p) {
    p->ending = true;
    if (p->filler)
        pthread_join(p->filler, NULL);
    indexer_free(p->indexer);
    for (size_t i = 0; i < JOBS_MAX; i++)
        slot_free(&p->slots[i]);
    nightly_done(&p->nightly);
    hunting_done(&p->hunting);
    config_free(p->config);
    exports_done(&p->exports);
    evidence_texts_done(&p->texts);
    for (size_t i = 0; i < PEERS_MAX; i++)
        peer_close(&p->peers[i]);
    index_client_free(p->client);
    decode_set_unref(p->decoders);
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"data", required_argument, NULL, 'd'}, {"fd", required_argument, NULL, 'f'},
                                            {"index", required_argument, NULL, 'i'}, {"config", required_argument, NULL, 'c'}, {0}};
    static struct program p = {.listen_fd = -1};
    struct diag d = {0};
    char line[1024];
    int64_t fd = -1;
    int c;
    log_set_program("kizuki-search");
    supervised_begin();
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'd')
            p.data = optarg;
        else if (c == 'i')
            p.index = optarg;
        else if (c == 'c')
            p.config_file = optarg;
        else if (c != 'f' || str_to_i64(str_of(optarg), &fd) < 0 || fd < 0 || fd > 65535)
            break;
    }
    if (c != -1 || !p.data || fd < 0 || optind != argc) {
        fputs("usage: kizuki-search --data DIR --fd N [--index WHERE] [--config FILE]\n"
              "\n"
              "  searches DIR/spool for the room; N is an inherited listening Unix socket\n",
              stderr);
        return 2;
    }
    p.listen_fd = (int) fd;
    p.next_id = time_now_ns() / NS_PER_MS; /* of no search an earlier life knew */
    for (size_t i = 0; i < PEERS_MAX; i++)
        peer_init(&p.peers[i]);
    int r = prepare(&p, &d);
    if (r < 0)
        log_error("cannot start: %s", diag_format(&d, line, sizeof line));
    r = r < 0 ? 1 : run(&p);
    end(&p);
    return r;
}
