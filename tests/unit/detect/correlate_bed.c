#include "correlate_bed.h"

#include "base/image.h"
#include "base/mem.h"

#include <inttypes.h>

/* "open burst [source.ip=1] n=3 0-2 {tries=3} (user.name: a*2@0 b*1@1) e=1,2,3" with times in
 * seconds */
static int put(void *ctx, const struct finding *f) {
    struct bed *b = ctx;
    struct buf *o = &b->lines;
    buf_printf(o, "%s %.*s [", finding_state_to_string(f->state), STR_ARG(f->rule_name));
    for (uint32_t i = 0; i < f->n_group; i++)
        buf_printf(o, "%s%.*s=%.*s", i ? " " : "", STR_ARG(f->group[i].name),
                   STR_ARG(f->group[i].value));
    buf_printf(o, "] n=%" PRIu64 " %g-%g", f->count, (double) f->first_ns / 1e9,
               (double) f->last_ns / 1e9);
    if (f->n_measures) {
        buf_add_z(o, " {");
        for (uint32_t i = 0; i < f->n_measures; i++)
            buf_printf(o, "%s%.*s=%g", i ? " " : "", STR_ARG(f->measures[i].name),
                       f->measures[i].value);
        buf_add_z(o, "}");
    }
    for (uint32_t i = 0; i < f->n_values; i++) {
        const struct finding_values *v = &f->values[i];
        buf_printf(o, " (%.*s%s", STR_ARG(v->name), v->at_least ? " at least:" : ":");
        if (v->n_distinct != v->n_listed)
            buf_printf(o, " of %" PRIu64, v->n_distinct);
        for (uint32_t k = 0; k < v->n_listed; k++)
            buf_printf(o, " %.*s*%" PRIu64 "@%g#%" PRIu64, STR_ARG(v->listed[k]), v->counts[k],
                       (double) v->first_ns[k] / 1e9, v->first_pos[k].n);
        buf_add_z(o, ")");
    }
    buf_add_z(o, " e=");
    for (uint32_t i = 0; i < f->n_evidence; i++)
        buf_printf(o, "%s%" PRIu64, i ? "," : "", f->evidence[i].n);
    buf_add_z(o, f->at_least ? " at least\n" : "\n");
    finding_write_json(f, NULL, NULL, &b->json);
    buf_add_byte(&b->json, '\n');
    return b->sink_code;
}

bool bed_restarts;

/* Ends the correlator and goes on with a new one that read what it had written. Often in short stories; in long
 * ones seldom enough to end. */
static int restart(struct bed *b) {
    struct correlate_stats before, after;
    struct finding_sink sink = {.ctx = b, .put = put};
    struct image x;
    struct buf bytes;
    if (!b->restarts || (bed_restarts && b->n > 300 && b->n % 1009))
        return 0;
    correlate_stats(b->c, &before);
    if (before.groups > 20000 && b->n % (1009 * 64))
        return 0;
    image_write(&x, NULL, NULL, (size_t) 1 << 28);
    int r = correlate_image(b->c, &x);
    bytes = x.out;
    correlate_free(b->c);
    b->c = NULL;
    if (r == 0)
        r = correlate_new(b->plan, &sink, b->limits, &b->c);
    image_read(&x, buf_str(&bytes));
    if (r == 0)
        r = correlate_image(b->c, &x);
    if (r == 0)
        r = image_end(&x);
    buf_done(&bytes);
    if (r < 0)
        return r;
    correlate_stats(b->c, &after);
    assert_memory_equal(&before, &after, sizeof before);
    return 0;
}

int bed_try(struct bed *b, const char *rules, const struct correlate_limits *limits) {
    *b = (struct bed){0};
    struct diag d = {0};
    arena_init(&b->arena, 1 << 24);
    arena_init(&b->picked, 1 << 24);
    buf_init(&b->lines, (size_t) 1 << 28);
    buf_init(&b->json, (size_t) 1 << 28);
    b->names = event_names_new();
    int r = b->names ? detect_rules_load_text(str_of(rules), "bed.yml", &b->set, &d) : -ENOMEM;
    if (r == 0)
        r = correlate_plan_new(b->set, b->names, &b->plan, &d);
    struct finding_sink sink = {.ctx = b, .put = put};
    if (r == 0)
        r = correlate_new(b->plan, &sink, limits, &b->c);
    b->limits = limits;
    if (r < 0 && r != -ENOMEM)
        print_error("%s\n", d.text);
    return r;
}

void bed_open(struct bed *b, const char *rules, const struct correlate_limits *limits) {
    assert_int_equal(bed_try(b, rules, limits), 0);
    b->restarts = bed_restarts;
}

void bed_close(struct bed *b) {
    correlate_free(b->c);
    correlate_plan_free(b->plan);
    detect_rules_unref(b->set);
    event_names_free(b->names);
    arena_done(&b->arena);
    arena_done(&b->picked);
    buf_done(&b->lines);
    buf_done(&b->json);
}

static int add_fields(struct bed *b, struct event *ev, const char *fields) {
    struct str rest = str_of(fields), piece;
    while (str_split(&rest, ' ', &piece)) {
        ptrdiff_t eq = str_find_byte(piece, '=', 0);
        if (eq < 0)
            continue;
        uint32_t id = event_names_find(b->names, str_to(piece, (size_t) eq));
        int r = id ? event_add(ev, id, str_from(piece, (size_t) eq + 1)) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

int bed_try_event(struct bed *b, double t, const char *rules, const char *fields) {
    struct raw_record raw = {.pos = {.stream = 0, .n = ++b->n}};
    struct event ev, *picked;
    uint32_t hits[32];
    size_t n = 0;
    struct str rest = str_of(rules), piece;
    arena_reset(&b->arena);
    event_begin(&ev, &b->arena, b->names, &raw);
    ev.time_ns = (int64_t) (t * 1e9);
    while (str_split(&rest, ' ', &piece)) {
        const struct detect_rule *rule = detect_rules_find(b->set, piece);
        if (rule)
            hits[n++] = rule->index;
    }
    int r = restart(b);
    if (r == 0)
        r = add_fields(b, &ev, fields);
    arena_reset(&b->picked);
    if (r == 0)
        r = correlate_pick(b->plan, &ev, &b->picked, &picked);
    arena_reset(&b->arena); /* the event is gone, as it is in an engine */
    return r < 0 ? r : correlate_event(b->c, picked, hits, n);
}

void bed_event(struct bed *b, double t, const char *rules, const char *fields) {
    assert_int_equal(bed_try_event(b, t, rules, fields), 0);
}
void bed_tick(struct bed *b, double t) {
    assert_int_equal(restart(b), 0);
    assert_int_equal(correlate_tick(b->c, (int64_t) (t * 1e9)), 0);
}
void bed_flush(struct bed *b) {
    assert_int_equal(restart(b), 0);
    assert_int_equal(correlate_flush(b->c), 0);
}

void bed_expect_(struct bed *b, const char *z, const char *file, int line) {
    if (!str_eq_z(buf_str(&b->lines), z)) {
        print_error("told:\n%s\nexpected:\n%s\n", buf_z(&b->lines), z);
        _fail(file, line);
    }
    buf_clear(&b->lines);
}

const char *bed_refused(const struct bed *b) {
    return b->set->n_refused ? b->set->refused[0]->diag.text : "";
}
