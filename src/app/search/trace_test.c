/* See trace_test.h. */
#include "app/search/trace_test.h"

#include "app/search/query.h"
#include "app/search/tracing.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

enum { ANSWER_BYTES_MAX = 4 << 20 };
#define DAY_ENDS_NS (15 * NS_PER_MIN) /* what belongs to it may still be on its way */

struct trace_test {
    struct scan_options o;
    struct scan *scan; /* while one is chosen */
    struct tracing *tracing;
    struct trace_question q;
    struct ip inside;
    uint64_t record, seen; /* seen: of how many it was chosen; 0: there was none */
    uint8_t key[16];
};

struct trace_test *trace_test_free(struct trace_test *t) {
    if (!t)
        return NULL;
    scan_free(t->scan);
    tracing_free(t->tracing);
    mem_free(t);
    return NULL;
}

static struct str field(const struct event *ev, const char *name) {
    uint32_t id = event_names_find(ev->names, str_of(name));
    return id ? event_get(ev, id) : STR_NULL;
}

/* Each of them with the same chance, whatever their number. */
static bool chosen(struct trace_test *t) {
    uint64_t h = hash_sip_key(str_n((const char *) &t->seen, sizeof t->seen), t->key);
    return h % ++t->seen == 0;
}

static int found(void *ctx, struct search *s, const struct raw_record *rec, int64_t time_ns) {
    struct trace_test *t = ctx;
    const struct event *ev;
    struct ip inside, outer;
    int64_t port;
    int r = search_event(s, rec, &ev);
    if (r < 0)
        return r;
    struct str in = field(ev, "source.ip"), out = field(ev, "source.nat.ip"), number = field(ev, "source.nat.port");
    if (!in.n || !out.n || !number.n || ip_parse(in, &inside) < 0 || ip_parse(out, &outer) < 0 || ip_eq(&inside, &outer) ||
        str_to_i64(number, &port) < 0 || port < 1 || port > 65535 || !chosen(t))
        return 0;
    t->q.address = outer;
    t->q.port = (uint16_t) port;
    t->q.at_ns = ev->timestamp_ns != TIME_NONE ? ev->timestamp_ns : time_ns;
    t->inside = inside;
    t->record = rec->pos.n;
    return 0;
}

int trace_test_new(const struct scan_options *o, int64_t now_ns, struct trace_test **ret, struct diag *reterr) {
    CLEANUP(trace_test_freep) struct trace_test *t = mem_zalloc(sizeof *t);
    if (!t)
        return diag_set(reterr, -ENOMEM, "out of memory");
    t->o = *o;
    t->q = (struct trace_question){.width_ns = NS_PER_S, .zone_told = true, .zone_min = TIME_JST_OFFSET_MIN, .now_ns = now_ns};
    hash_random_key(t->key);
    struct scan_options own = *o;
    own.query = STR("source.nat.ip:* and source.nat.port:*");
    own.from_ns = now_ns - NS_PER_DAY;
    own.to_ns = now_ns - DAY_ENDS_NS;
    int r = scan_new(&own, &t->scan, reterr);
    if (r == 0)
        *ret = TAKE_PTR(t);
    return r;
}

int trace_test_step(struct trace_test *t, struct diag *reterr) {
    if (t->tracing) {
        tracing_step(t->tracing);
        if (tracing_failed(t->tracing))
            return diag_set(reterr, -EIO, "%s", tracing_failed(t->tracing));
        return tracing_is_running(t->tracing);
    }
    int r = t->scan ? scan_step(t->scan, found, t, reterr) : 0;
    if (r != 0 || !t->scan)
        return r;
    t->scan = scan_free(t->scan);
    r = t->seen ? tracing_new(&t->o, &t->q, &t->tracing, reterr) : 0;
    return r < 0 ? r : t->seen != 0;
}

bool trace_test_tried(const struct trace_test *t) {
    return t->seen != 0;
}

const char *trace_test_action(const struct trace_test *t) {
    return t->seen ? "trace-test" : "trace-test-nothing";
}

/* The name of each log that is missing, once. */
static void write_missing(struct jsonw *w, const struct json_value *missing) {
    jsonw_key(w, STR("trace.missing"));
    jsonw_array(w);
    for (const struct json_value *m = missing ? missing->first : NULL; m; m = m->next) {
        struct str log, other;
        bool told = false;
        if (!json_get_str(m, "log", &log))
            continue;
        for (const struct json_value *e = missing->first; e != m; e = e->next)
            told |= json_get_str(e, "log", &other) && str_eq(other, log);
        if (!told)
            jsonw_str(w, log);
    }
    jsonw_end(w);
}

static bool is_right(const struct json_value *answer, const struct trace_test *t) {
    const struct json_value *list = json_get_array(answer, "candidates"), *best = list ? list->first : NULL;
    struct str s;
    struct ip ip;
    bool right = best && json_get_str(best, "address", &s) && ip_parse(s, &ip) == 0 && ip_eq(&ip, &t->inside);
    const struct json_value *hops = best ? json_get_array(best, "hops") : NULL;
    for (const struct json_value *h = hops ? hops->first : NULL; h && !right; h = h->next) /* what was known may lie on the way */
        right = json_get_str(h, "inner", &s) && ip_parse(s, &ip) == 0 && ip_eq(&ip, &t->inside);
    return right && (json_get_str(best, "host", &s) || json_get_str(best, "mac", &s)) && json_get_str(best, "user", &s);
}

static void write_found(const struct trace_test *t, const struct json_value *answer, struct jsonw *w) {
    const struct json_value *list = answer ? json_get_array(answer, "candidates") : NULL, *best = list ? list->first : NULL;
    struct str address, host, user;
    char text[IP_CAP];
    ip_format(&t->q.address, text);
    jsonw_kz(w, "source.nat.ip", text);
    jsonw_ku64(w, "source.nat.port", t->q.port);
    ip_format(&t->inside, text);
    jsonw_kz(w, "source.ip", text);
    jsonw_ktime(w, "trace.at", t->q.at_ns);
    jsonw_ku64(w, "trace.record", t->record);
    jsonw_ku64(w, "trace.chosen_of", t->seen);
    jsonw_kstr(w, "trace.found", best && json_get_str(best, "address", &address) ? address : STR(""));
    jsonw_kstr(w, "trace.host", best && json_get_str(best, "host", &host) ? host : STR(""));
    jsonw_kstr(w, "user.name", best && json_get_str(best, "user", &user) ? user : STR(""));
    write_missing(w, answer ? json_get_array(answer, "missing") : NULL);
}

int trace_test_write(struct trace_test *t, struct jsonw *w, bool *ret_good, struct diag *reterr) {
    struct json_value *answer = NULL;
    struct arena arena;
    struct buf text;
    struct jsonw own;
    int r = 0;
    buf_init(&text, ANSWER_BYTES_MAX);
    arena_init(&arena, (size_t) 64 << 20);
    if (t->tracing) {
        jsonw_init(&own, &text);
        jsonw_object(&own);
        r = tracing_write(t->tracing, &own);
        jsonw_end(&own);
        if (r == 0)
            r = json_parse(&arena, buf_str(&text), &answer, reterr);
    }
    if (r == 0) {
        *ret_good = answer && is_right(answer, t);
        jsonw_kz(w, "event.outcome", !t->seen ? "unknown" : *ret_good ? "success" : "failure");
        if (t->seen)
            write_found(t, answer, w);
    }
    buf_done(&text);
    arena_done(&arena);
    return r < 0 ? diag_set(reterr, r, "cannot tell what was found: %s", err_word(r)) : 0;
}
