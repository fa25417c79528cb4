#include "fire.h"

static int add_leaf(void *ctx, struct str path, enum json_type type, struct str text) {
    return event_add_named(ctx, path, (uint8_t) type, text);
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
