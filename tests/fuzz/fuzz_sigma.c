/* Rule text from anywhere, planned, and an event judged by it, with triggers and without, and
 * explained. Behind a line "===" the input may carry the event, a JSON object. */
#include "base/json.h"
#include "base/mem.h"
#include "detect/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int add_leaf(void *ctx, struct str path, enum json_type type, struct str text) {
    return event_add_named(ctx, path, (uint8_t) type, text);
}

static void judge(struct detect_plan *plan, struct event_names *names, struct str line) {
    struct detect_matcher *m = detect_matcher_new(plan);
    struct raw_record raw = {.bytes = line};
    const uint32_t *hits;
    uint32_t n;
    struct arena a;
    struct event ev;
    struct buf out;
    struct jsonw w;
    arena_init(&a, 16 << 20);
    buf_init(&out, 16 << 20);
    event_begin(&ev, &a, names, &raw);
    ev.keep_all = true;
    ev.time_ns = 0;
    int r =
        json_walk(&a, line, NULL, add_leaf, &ev, NULL); /* what was read before an error counts */
    if (m && detect_match_exhaustive(m, &ev, &hits, &n) == 0) {
        uint32_t *want = mem_zalloc_array(n + 1, sizeof *want), n_want = n;
        ASSERT(want);
        memcpy(want, hits, n * sizeof *want);
        ASSERT(detect_match(m, &ev, &hits, &n) == 0);
        ASSERT(n == n_want && memcmp(want, hits, n * sizeof *want) == 0);
        mem_free(want);
        jsonw_init(&w, &out);
        r = detect_explain(m, &ev, NULL, &w);
    }
    (void) r;
    detect_matcher_free(m);
    buf_done(&out);
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct str line = STR(
        "{\"a\":\"C:\\\\x\\\\cmd.exe -enc AbC=\",\"b\":[1,\"2.0\",null,\"10.1.2.3\"],\"c\":\"Ä\"}");
    struct detect_rules *rules = NULL;
    struct detect_plan *plan = NULL;
    struct event_names *names = event_names_new();
    ptrdiff_t cut = str_find(in, STR("\n===\n"), 0);
    if (cut >= 0) {
        line = str_from(in, (size_t) cut + 5);
        in = str_to(in, (size_t) cut + 1);
    }
    if (names && detect_rules_load_text(in, "fuzz.yml", &rules, NULL) == 0 &&
        detect_plan_new(rules, names, NULL, &plan, NULL) == 0)
        judge(plan, names, line);
    detect_plan_unref(plan);
    detect_rules_unref(rules);
    event_names_free(names);
    return 0;
}
