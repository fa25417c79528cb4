/* See trace_test.h. */
#include "app/cli/trace_test.h"

#include "app/common/note.h"
#include "app/search/query.h"
#include "base/buf.h"
#include "base/hash.h"

#include <sys/stat.h>

enum { ANSWER_BYTES_MAX = 4 << 20 };
#define DAY_ENDS_NS (15 * NS_PER_MIN) /* what belongs to it may still be on its way */

struct picking {
    struct trace_picked *p;
    uint8_t key[16];
};

static struct str field(const struct event *ev, const char *name) {
    uint32_t id = event_names_find(ev->names, str_of(name));
    return id ? event_get(ev, id) : STR_NULL;
}

/* Each of them with the same chance, whatever their number. */
static bool chosen(struct picking *k) {
    uint64_t h = hash_sip_key(str_n((const char *) &k->p->seen, sizeof k->p->seen), k->key);
    return h % ++k->p->seen == 0;
}

static int found(void *ctx, struct search *s, const struct raw_record *rec, int64_t time_ns) {
    struct picking *k = ctx;
    const struct event *ev;
    struct ip inside, outer;
    int64_t port;
    int r = search_event(s, rec, &ev);
    if (r < 0)
        return r;
    struct str in = field(ev, "source.ip"), out = field(ev, "source.nat.ip"), number = field(ev, "source.nat.port");
    if (!in.n || !out.n || !number.n || ip_parse(in, &inside) < 0 || ip_parse(out, &outer) < 0 || ip_eq(&inside, &outer) ||
        str_to_i64(number, &port) < 0 || port < 1 || port > 65535 || !chosen(k))
        return 0;
    k->p->q.address = outer;
    k->p->q.port = (uint16_t) port;
    k->p->q.at_ns = ev->timestamp_ns != TIME_NONE ? ev->timestamp_ns : time_ns;
    k->p->inside = inside;
    k->p->record = rec->pos.n;
    return 0;
}

int trace_test_pick(const struct scan_options *o, int64_t now_ns, struct trace_picked *ret, struct diag *reterr) {
    CLEANUP(scan_freep) struct scan *scan = NULL;
    struct scan_options own = *o;
    struct picking k = {.p = ret};
    *ret = (struct trace_picked){.q = {.width_ns = NS_PER_S, .zone_told = true, .zone_min = TIME_JST_OFFSET_MIN, .now_ns = now_ns}};
    hash_random_key(k.key);
    own.query = STR("source.nat.ip:* and source.nat.port:*");
    own.from_ns = now_ns - NS_PER_DAY;
    own.to_ns = now_ns - DAY_ENDS_NS;
    int r = scan_new(&own, &scan, reterr);
    while (r == 0 && (r = scan_step(scan, found, &k, reterr)) == 1)
        r = 0;
    return r;
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

/* Behind what note_begin wrote. */
static void write_event(struct jsonw *w, const struct trace_picked *p, const struct json_value *answer, bool good) {
    const struct json_value *list = answer ? json_get_array(answer, "candidates") : NULL, *best = list ? list->first : NULL;
    struct str address, host, user;
    char text[IP_CAP];
    jsonw_kz(w, "event.outcome", !p->seen ? "unknown" : good ? "success" : "failure");
    if (p->seen) {
        ip_format(&p->q.address, text);
        jsonw_kz(w, "source.nat.ip", text);
        jsonw_ku64(w, "source.nat.port", p->q.port);
        ip_format(&p->inside, text);
        jsonw_kz(w, "source.ip", text);
        jsonw_ktime(w, "trace.at", p->q.at_ns);
        jsonw_ku64(w, "trace.record", p->record);
        jsonw_ku64(w, "trace.chosen_of", p->seen);
        jsonw_kstr(w, "trace.found", best && json_get_str(best, "address", &address) ? address : STR(""));
        jsonw_kstr(w, "trace.host", best && json_get_str(best, "host", &host) ? host : STR(""));
        jsonw_kstr(w, "user.name", best && json_get_str(best, "user", &user) ? user : STR(""));
        write_missing(w, answer ? json_get_array(answer, "missing") : NULL);
    }
}

static bool is_right(const struct json_value *answer, const struct trace_picked *p) {
    const struct json_value *list = json_get_array(answer, "candidates"), *best = list ? list->first : NULL;
    struct str s;
    struct ip ip;
    bool right = best && json_get_str(best, "address", &s) && ip_parse(s, &ip) == 0 && ip_eq(&ip, &p->inside);
    const struct json_value *hops = best ? json_get_array(best, "hops") : NULL;
    for (const struct json_value *h = hops ? hops->first : NULL; h && !right; h = h->next) /* what was known may lie on the way */
        right = json_get_str(h, "inner", &s) && ip_parse(s, &ip) == 0 && ip_eq(&ip, &p->inside);
    return right && (json_get_str(best, "host", &s) || json_get_str(best, "mac", &s)) && json_get_str(best, "user", &s);
}

static bool takes_notes(const char *data) {
    char notes[4096];
    struct stat st;
    snprintf(notes, sizeof notes, "%.4000s/notes", data);
    return stat(notes, &st) == 0;
}

int trace_test_tell(struct tracing *t, const struct trace_picked *p, const char *data, struct diag *reterr) {
    struct buf text;
    struct note n;
    struct jsonw w;
    struct arena arena;
    struct json_value *answer = NULL;
    int r = 0;
    buf_init(&text, ANSWER_BYTES_MAX);
    arena_init(&arena, (size_t) 64 << 20);
    if (t) {
        jsonw_init(&w, &text);
        jsonw_object(&w);
        r = tracing_write(t, &w);
        jsonw_end(&w);
        if (r == 0)
            r = json_parse(&arena, buf_str(&text), &answer, reterr);
    }
    bool good = r == 0 && (!p->seen || is_right(answer, p));
    note_begin(&n, "kizuki.trace", p->seen ? "trace-test" : "trace-test-nothing");
    write_event(&n.w, p, answer, good);
    if (r == 0 && (r = buf_error(&n.bytes)) == 0)
        printf("%s}\n", buf_z(&n.bytes));
    if (r == 0 && takes_notes(data))
        r = note_leave(&n, data, reterr);
    else
        buf_done(&n.bytes);
    buf_done(&text);
    arena_done(&arena);
    return r < 0 ? diag_set(reterr, r, "cannot tell what was found: %s", err_word(r)) : good;
}
