#include "bed.h"

#include "base/buf.h"
#include "base/mem.h"

struct trace_question bed_question(const char *address, unsigned port) {
    struct trace_question q = {.port = (uint16_t) port, .at_ns = T0, .zone_told = true, .zone_min = TIME_JST_OFFSET_MIN,
                               .now_ns = T0 + 30 * NS_PER_DAY};
    assert_int_equal(ip_parse(str_of(address), &q.address), 0);
    return q;
}

static void show(struct trace *t, const struct trace_want *want, const struct bed_event *e, uint64_t n, const struct event_names *names) {
    int64_t time_ns = T0 + e->at_s * NS_PER_S;
    bool live = e->live_late_s != BED_OLD;
    struct raw_record raw = {.arrival_ns = time_ns + (live ? e->live_late_s : 0) * NS_PER_S, .flags = live ? 0 : RAW_BACKFILL, .peer = str_of(e->peer)};
    struct arena a;
    struct event ev;
    if (time_ns < want->from_ns || time_ns >= want->to_ns)
        return;
    arena_init(&a, 1 << 20);
    event_begin(&ev, &a, names, &raw);
    ev.keep_all = true;
    ev.timestamp_ns = ev.time_ns = time_ns;
    for (size_t i = 0; i + 1 < ARRAY_SIZE(e->fields) && e->fields[i]; i += 2)
        assert_int_equal(event_add_named(&ev, str_of(e->fields[i]), JSON_STRING, str_of(e->fields[i + 1])), 0);
    assert_int_equal(trace_take(t, &ev, str_of(e->source ? e->source : "s"), n, time_ns), 0);
    arena_done(&a);
}

void bed_trace(const struct trace_question *q, const struct bed_event *events, size_t n, struct bed_found *ret) {
    struct event_names *names = event_names_new();
    struct trace_want want;
    struct trace *t;
    struct jsonw w;
    struct buf b;
    struct diag d = {0};
    struct json_value *v;
    int r;
    assert_int_equal(trace_new(q, &t, &d), 0);
    unsigned rounds = 0;
    while ((r = trace_next(t, &want)) == 1) {
        assert_true(want.query.n > 0 && ++rounds < 30);
        for (size_t i = 0; i < n; i++)
            show(t, &want, &events[i], i + 1, names);
    }
    assert_int_equal(r, 0);
    buf_init(&b, 1 << 22);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    assert_int_equal(trace_write(t, &w), 0);
    jsonw_end(&w);
    arena_init(&ret->arena, 16 << 20);
    assert_int_equal(json_parse(&ret->arena, arena_dup(&ret->arena, buf_str(&b)), &v, &d), 0);
    ret->answer = v;
    buf_done(&b);
    trace_free(t);
    event_names_free(names);
}

void bed_done(struct bed_found *f) {
    arena_done(&f->arena);
}

static const char *lines(struct bed_found *f, const char *list, const char *const *keys) {
    struct buf b;
    buf_init(&b, 65536);
    const struct json_value *all = json_get_array(f->answer, list);
    for (const struct json_value *c = all->first; c; c = c->next) {
        for (size_t i = 0; keys[i]; i++) {
            struct str s;
            buf_printf(&b, "%s%.*s", i ? " " : "", json_get_str(c, keys[i], &s) ? (int) s.n : 1, json_get_str(c, keys[i], &s) ? s.p : "-");
        }
        buf_add_byte(&b, '\n');
    }
    const char *z = arena_dup_z(&f->arena, buf_str(&b));
    buf_done(&b);
    return z;
}

const char *bed_who(struct bed_found *f) {
    static const char *const keys[] = {"address", "host", "user", "sure", NULL};
    return lines(f, "candidates", keys);
}

const char *bed_missing(struct bed_found *f) {
    static const char *const keys[] = {"log", "why", "about", NULL};
    return lines(f, "missing", keys);
}

static const struct json_value *at(const struct json_value *list, unsigned i) {
    const struct json_value *v = list->first;
    for (; v && i; i--)
        v = v->next;
    assert_non_null(v);
    return v;
}

bool bed_doubts(const struct bed_found *f, unsigned rank, const char *doubt) {
    const struct json_value *all = json_get_array(at(json_get_array(f->answer, "candidates"), rank - 1), "doubts");
    for (const struct json_value *d = all->first; d; d = d->next)
        if (str_eq_z(d->text, doubt))
            return true;
    return false;
}

const struct json_value *bed_hop(const struct bed_found *f, unsigned rank, unsigned hop) {
    return at(json_get_array(at(json_get_array(f->answer, "candidates"), rank - 1), "hops"), hop);
}
