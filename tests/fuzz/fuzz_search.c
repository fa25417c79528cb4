/* A query from anywhere: parsed or refused with a sentence and a place; planned, and judged with triggers as without
 * on a few lines and on what the input carries behind a line "===". */
#include "base/json.h"
#include "base/mem.h"
#include "detect/match.h"
#include "detect/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int add_leaf(void *ctx, struct str path, enum json_type type, struct str text) {
    return event_add_named(ctx, path, (uint8_t) type, text);
}

static void judge(struct detect_matcher *m, struct event_names *names, struct str line) {
    struct raw_record raw = {.bytes = line};
    const uint32_t *hits;
    uint32_t n = 0, want = 0;
    struct arena a;
    struct event ev;
    arena_init(&a, 16 << 20);
    event_begin(&ev, &a, names, &raw);
    ev.keep_all = true;
    ev.time_ns = 0;
    IGNORE(json_walk(&a, line, NULL, add_leaf, &ev, NULL)); /* what was read before an error counts */
    if (detect_match_exhaustive(m, &ev, &hits, &want) == 0 && detect_match(m, &ev, &hits, &n) == 0)
        ASSERT(n == want);
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const lines[] = {
        "{\"a\":\"サーバーの改ざん ＡＢＣ\",\"b\":[1,\"2.0\",null,\"10.1.2.3\"],\"message\":\"login failed for root\"}",
        "<34>Oct 11 22:14:15 h sshd[1]: Failed password for root from 192.0.2.7 port 22 ssh2",
        "{\"a\":\"\\u30b5\\u30fc\\u30d0\"}",
    };
    struct str in = str_n((const char *) data, size), extra = STR_NULL;
    struct detect_rules *rules = NULL;
    struct detect_plan *plan = NULL;
    struct event_names *names = event_names_new();
    struct diag d = {0};
    ptrdiff_t cut = str_find(in, STR("\n===\n"), 0);
    if (cut >= 0) {
        extra = str_from(in, (size_t) cut + 5);
        in = str_to(in, (size_t) cut + 1);
    }
    int r = names ? detect_search_parse(in, &rules, &d) : -ENOMEM;
    ASSERT(r == 0 || r == -ENOMEM || (d.text[0] && d.column && d.line == 1));
    if (r == 0 && detect_plan_new(rules, names, NULL, &plan, NULL) == 0) {
        struct detect_matcher *m = detect_matcher_new(plan);
        for (size_t i = 0; m && i < ARRAY_SIZE(lines); i++)
            judge(m, names, str_of(lines[i]));
        if (m && extra.n)
            judge(m, names, extra);
        detect_matcher_free(m);
    }
    detect_plan_unref(plan);
    detect_rules_unref(rules);
    event_names_free(names);
    return 0;
}
