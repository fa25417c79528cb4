#include "fire.h"

static int add_leaf(void *ctx, struct str path, enum json_type type, struct str text) {
    return event_add_named(ctx, path, (uint8_t) type, text);
}

static int add_raw_leaf(void *ctx, struct str path, enum json_type type, struct str raw,
                        bool escaped) {
    struct event *ev = ctx;
    uint32_t n = ev->n;
    int r = event_add_named(ev, path, (uint8_t) type, raw);
    if (r == 0 && ev->n > n)
        ev->fields[n].escaped = escaped;
    return r;
}

/* What matches when the strings are left as they stand in the line. */
static void match_lazy(struct fire *f, struct str line, uint32_t **ret_hits, uint32_t *ret_n) {
    CLEANUP(detect_matcher_freep) struct detect_matcher *m = detect_matcher_new(f->plan);
    struct event ev;
    const uint32_t *hits;
    size_t used;
    assert_non_null(m);
    f->raw = (struct raw_record){.bytes = line};
    event_begin(&ev, &f->arena, f->names, &f->raw);
    ev.lazy = true;
    if (line.n && line.p[0] == '{') {
        assert_int_equal(json_walk_raw(&f->arena, line, &used, add_raw_leaf, &ev, NULL), 0);
        f->raw.bytes.n = used;
    }
    assert_int_equal(detect_match(m, &ev, &hits, ret_n), 0);
    *ret_hits = arena_alloc(&f->arena, *ret_n * sizeof **ret_hits);
    assert_non_null(*ret_hits);
    memcpy(*ret_hits, hits, *ret_n * sizeof **ret_hits);
}

void fire_begin(struct fire *f, const char *rules, const char *fields, unsigned *refused) {
    struct diag d = {0};
    char line[1024];
    *f = (struct fire){.names = event_names_new()};
    arena_init(&f->arena, (size_t) 64 << 20);
    int r = detect_rules_load_text(str_of(rules), "t.yml", &f->rules, &d);
    if (r == 0 && fields)
        r = detect_fields_load_text(str_of(fields), "f.yml", &f->fields, &d);
    struct detect_plan_options opt = {.fields = f->fields};
    if (r == 0)
        r = detect_plan_new(f->rules, f->names, &opt, &f->plan, &d);
    if (r < 0)
        fail_msg("%s", diag_format(&d, line, sizeof line));
    if (refused)
        *refused = f->rules->n_refused;
    else if (f->rules->n_refused)
        fail_msg("%s", diag_format(&f->rules->refused[0]->diag, line, sizeof line));
    event_names_freeze(f->names);
    f->matcher = detect_matcher_new(f->plan);
    assert_non_null(f->matcher);
}

size_t fire_event(struct fire *f, struct str line) {
    size_t used = line.n;
    arena_reset(&f->arena);
    struct diag d = {0};
    uint32_t *lazy_hits, lazy_n;
    match_lazy(f, line, &lazy_hits, &lazy_n);
    f->raw = (struct raw_record){.bytes = line};
    event_begin(&f->ev, &f->arena, f->names, &f->raw);
    f->ev.keep_all = true;
    if (line.n && line.p[0] == '{') {
        int r = json_walk(&f->arena, line, &used, add_leaf, &f->ev, &d);
        if (r < 0)
            fail_msg("%s in %.*s", d.text, STR_ARG(line));
        f->raw.bytes.n = used;
    }
    assert_int_equal(detect_match(f->matcher, &f->ev, &f->hits, &f->n), 0);
    assert_int_equal(f->n, lazy_n);
    assert_memory_equal(f->hits, lazy_hits, lazy_n * sizeof *lazy_hits);
    return used;
}

void fire_end(struct fire *f) {
    detect_matcher_free(f->matcher);
    detect_plan_unref(f->plan);
    detect_fields_free(f->fields);
    detect_rules_unref(f->rules);
    event_names_free(f->names);
    arena_done(&f->arena);
}

static const char *whole(const char *detection) {
    static char text[65536];
    int n = snprintf(text, sizeof text, "title: t\nlogsource: {category: test}\ndetection:\n%s\n",
                     detection);
    assert_in_range(n, 1, sizeof text - 1);
    return text;
}

bool fires(const char *detection, const char *json) {
    struct fire f;
    fire_begin(&f, whole(detection), NULL, NULL);
    fire_event(&f, str_of(json));
    bool yes = f.n == 1;
    fire_end(&f);
    return yes;
}

const char *refusal(const char *detection) {
    static char why[1200];
    struct fire f;
    unsigned refused;
    fire_begin(&f, whole(detection), NULL, &refused);
    why[0] = 0;
    if (refused)
        diag_format(&f.rules->refused[0]->diag, why, sizeof why);
    fire_end(&f);
    return why;
}
