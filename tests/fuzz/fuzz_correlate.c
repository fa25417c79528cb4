/* Hostile correlation documents: the input is YAML behind three known detections; whatever loads is
 * run over a few hundred events with times, late ones and jumps drawn from the input's own bytes.
 * Twice, the second time with the correlator ended and read back now and then: the same bytes must come out. */
#include "base/image.h"
#include "detect/correlate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char head[] =
    "title: a\nname: a\nlogsource: {category: x}\ndetection: {s: {x: y}, condition: s}\n---\n"
    "title: b\nname: b\nlogsource: {category: x}\ndetection: {s: {x: y}, condition: s}\n---\n"
    "title: c\nname: c\nlogsource: {category: x}\ndetection: {s: {x: y}, condition: s}\n---\n";

static int put(void *ctx, const struct finding *f) {
    finding_write_json(f, NULL, NULL, ctx);
    return 0;
}

static const struct correlate_limits few = {.groups_max = 20, .bytes_max = 1 << 18, .findings_max = 6};

static struct correlate *restart(struct correlate *c, const struct correlate_plan *plan,
                                 const struct finding_sink *sink) {
    struct image x;
    image_write(&x, NULL, NULL, 1 << 24);
    ASSERT(correlate_image(c, &x) == 0);
    struct buf bytes = x.out;
    correlate_free(c);
    ASSERT(correlate_new(plan, sink, &few, &c) == 0);
    image_read(&x, buf_str(&bytes));
    ASSERT(correlate_image(c, &x) == 0 && image_end(&x) == 0);
    buf_done(&bytes);
    return c;
}

static void run(const struct correlate_plan *plan, const struct detect_rules *set,
                const struct event_names *names, const uint8_t *data, size_t size, bool restarts,
                struct buf *out) {
    struct finding_sink sink = {.ctx = out, .put = put};
    struct correlate *c;
    struct arena arena;
    int64_t t = 1000 * NS_PER_S;
    ASSERT(correlate_new(plan, &sink, &few, &c) == 0);
    arena_init(&arena, 1 << 20);
    for (uint64_t i = 0; i < 300; i++) {
        uint8_t x = data[i % size];
        uint32_t hits[8], n = 0;
        if (restarts && (i < 20 || x % 16 == 1))
            c = restart(c, plan, &sink);
        char user[2] = {(char) ('a' + (x & 7)), 0}, ip[2] = {(char) ('0' + (x >> 3 & 3)), 0};
        struct raw_record raw = {.pos = {.n = i}};
        struct event ev;
        arena_reset(&arena);
        event_begin(&ev, &arena, names, &raw);
        t += (int64_t) (x & 31) * NS_PER_S / 4;
        ev.time_ns = x == 255 ? t - 3 * NS_PER_HOUR : x > 250 ? t - 60 * NS_PER_S : t;
        ASSERT(event_add(&ev, EVENT_F_USER_NAME, str_of(user)) == 0 &&
               event_add(&ev, EVENT_F_SOURCE_IP, str_of(ip)) == 0);
        for (uint32_t r = 0; r < set->n && n < 8; r++)
            if (set->rules[r]->kind == DETECT_DETECTION && (x * 7 + i + r) % 3 == 0)
                hits[n++] = r;
        ASSERT(correlate_event(c, &ev, hits, n) == 0);
        if (x == 200)
            ASSERT(correlate_tick(c, t) == 0);
    }
    ASSERT(correlate_flush(c) == 0);
    struct correlate_stats st;
    correlate_stats(c, &st);
    ASSERT(st.findings_open == 0 && st.groups <= few.groups_max);
    correlate_free(c);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf text, out[2];
    struct event_names *names = event_names_new();
    struct detect_rules *set = NULL;
    struct correlate_plan *plan = NULL;
    if (size == 0 || size > 20000) {
        event_names_free(names);
        return 0;
    }
    buf_init(&text, 1 << 20);
    buf_add_z(&text, head);
    buf_add(&text, str_n((const char *) data, size));
    if (detect_rules_load_text(buf_str(&text), "fuzz.yml", &set, NULL) == 0 &&
        correlate_plan_new(set, names, &plan, NULL) == 0) {
        for (int i = 0; i < 2; i++) {
            buf_init(&out[i], 1 << 26);
            run(plan, set, names, data, size, i == 1, &out[i]);
        }
        ASSERT(str_eq(buf_str(&out[0]), buf_str(&out[1])));
        buf_done(&out[0]);
        buf_done(&out[1]);
    }
    correlate_plan_free(plan);
    detect_rules_unref(set);
    event_names_free(names);
    buf_done(&text);
    return 0;
}
