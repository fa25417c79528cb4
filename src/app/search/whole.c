/* See whole.h. */
#include "app/search/whole.h"

#include "base/mem.h"
#include "base/text.h"
#include "decode/decode.h"
#include "detect/match.h"
#include "detect/search.h"

void whole_done(struct whole *w) {
    decode_lane_free(w->lane);
    decode_free(w->decode);
    detect_matcher_free(w->matcher);
    detect_plan_unref(w->plan);
    detect_rules_unref(w->rules);
    event_names_free(w->names);
    mem_free(w->sources);
    registry_done(&w->registry);
    arena_done(&w->arena);
    *w = (struct whole){0};
}

int whole_init(struct whole *w, struct decode_set *decoders, struct diag *err) {
    *w = (struct whole){0};
    arena_init(&w->arena, BATCH_ARENA_BYTES_MAX);
    int r = registry_init(&w->registry, err);
    if (r < 0 || (r = detect_search_parse(STR("*"), &w->rules, err)) < 0)
        return r;
    if (!(w->names = event_names_new()) || !(w->sources = mem_zalloc(sizeof *w->sources)))
        return diag_set(err, -ENOMEM, "out of memory");
    if ((r = detect_plan_new(w->rules, w->names, NULL, &w->plan, err)) < 0)
        return r;
    event_names_freeze(w->names);
    *w->sources = (struct decode_source_table){w->registry.sources, SOURCES_MAX};
    if ((r = decode_new(w->names, decode_source_from_table, w->sources, decoders, &w->decode, err)) < 0)
        return r;
    w->matcher = detect_matcher_new(w->plan);
    w->lane = decode_lane_new(w->decode);
    return w->matcher && w->lane ? 0 : diag_set(err, -ENOMEM, "out of memory");
}

int whole_read(struct whole *w, const struct raw_record *rec, struct event *ev, struct str *line, bool *open) {
    struct decoder port = decode_lane_port(w->lane);
    int r = registry_take(&w->registry, rec);
    if (r < 0 || (rec->flags & (RAW_SOURCE | RAW_STATE | RAW_TICK)))
        return r;
    arena_reset(&w->arena);
    event_begin(ev, &w->arena, w->names, rec);
    ev->keep_all = true;
    r = port.decode(port.ctx, rec, ev);
    if (r < 0)
        return r;
    *open = ev->flags & EVENT_TIME_OPEN;
    event_settle_time(&w->time, ev);
    r = detect_line(w->matcher, ev, line);
    return r < 0 ? r : 1;
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_digit(c);
}

bool whole_is_in_line(const struct event *ev, struct str value) {
    struct str all = ev->raw->bytes;
    if (event_get(ev, EVENT_F_EVENT_ORIGINAL).p || (ev->raw->flags & RAW_JOURNAL) || !value.n || value.p <= all.p ||
        value.p + value.n >= all.p + all.n)
        return false;
    char before = value.p[-1], behind = value.p[value.n];
    return !is_word(before) && !is_word(behind) && (unsigned char) before < 0x80 && (unsigned char) behind < 0x80;
}

static int fold(struct arena *a, struct str raw, struct whole_text *ret) {
    ret->raw = raw;
    ret->normal = text_normal(a, raw);
    ret->variants = ret->normal.p ? text_variants(a, ret->normal) : STR_NULL;
    return ret->variants.p ? 0 : -ENOMEM;
}

int whole_fold(struct arena *a, const struct event *ev, struct str line, struct whole_folded *ret) {
    ret->ev = ev;
    ret->fields = arena_zalloc(a, (ev->n + 1) * sizeof *ret->fields);
    int r = ret->fields ? fold(a, line, &ret->line) : -ENOMEM;
    /* then a piece of the line is folded where the line is */
    bool same = line.p == ev->raw->bytes.p && text_is_ascii(line);
    for (uint32_t i = 0; r == 0 && i < ev->n; i++) {
        struct str value = ev->fields[i].value;
        struct whole_text *f = &ret->fields[i];
        if (ev->fields[i].id == EVENT_F_EVENT_ORIGINAL)
            continue;
        f->in_line = whole_is_in_line(ev, value);
        size_t at = f->in_line ? (size_t) (value.p - ev->raw->bytes.p) : 0;
        if (same && f->in_line && at + value.n <= line.n)
            *f = (struct whole_text){.raw = value, .normal = str_n(ret->line.normal.p + at, value.n), .variants = str_n(ret->line.normal.p + at, value.n), .in_line = true};
        else
            r = fold(a, value, f);
    }
    return r;
}
