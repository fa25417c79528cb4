/* See query.h. */
#include "app/search/query.h"

#include "app/search/gate.h"
#include "base/limits.h"
#include "base/mem.h"
#include "decode/decode.h"
#include "detect/match.h"
#include "detect/rule.h"
#include "detect/search.h"
#include "indicator/set.h"

struct search {
    struct search_options o;
    struct detect_rules *rules;
    struct event_names *names;
    struct detect_plan *plan;
    struct detect_matcher *matcher;
    struct decode_source_table sources;
    struct decode *decode;
    struct decode_lane *lane;
    struct decoder port;
    struct gate *gate; /* NULL: the set of indicators is its own */
    struct indicator_fields *looked_at;
    struct indicator_hit hits[INDICATOR_HITS_MAX];
    unsigned n_hits;
    uint32_t fits; /* which parts */
    struct arena arena; /* one record's */
    struct event ev;
    struct event_time_state time;
};

struct search *search_free(struct search *s) {
    if (!s)
        return NULL;
    gate_free(s->gate);
    indicator_fields_free(s->looked_at);
    indicator_set_unref(s->o.indicators);
    decode_lane_free(s->lane);
    decode_free(s->decode);
    detect_matcher_free(s->matcher);
    detect_plan_unref(s->plan);
    detect_rules_unref(s->rules);
    event_names_free(s->names);
    arena_done(&s->arena);
    mem_free(s);
    return NULL;
}

static int parse_rule(struct search *s, struct diag *err) {
    int r = detect_rules_load_text(s->o.rule, "rule", &s->rules, err);
    if (r < 0)
        return r;
    if (s->rules->n_refused) {
        if (err)
            *err = s->rules->refused[0]->diag;
        return -ERR_PARSE;
    }
    if (s->rules->n != 1 || !s->rules->rules[0]->expr)
        return diag_set_at(err, -ERR_PARSE, "", 1, 1, "one rule that judges single events is wanted here; correlations run over the past with kizuki hunt");
    return 0;
}

static int make(struct search *s, struct diag *err) {
    int r = s->o.rule.n && !s->o.indicators ? parse_rule(s, err)
                                                      : detect_search_parse(s->o.indicators ? STR("*") : s->o.query, &s->rules, err);
    for (size_t i = 0; r == 0 && i < s->o.n_parts; i++)
        r = detect_search_add(s->rules, s->o.parts[i], err);
    if (r < 0)
        return r;
    s->names = event_names_new();
    if (!s->names)
        return diag_set(err, -ENOMEM, "out of memory");
    if (s->o.indicators && !(s->looked_at = indicator_fields_new(s->names)))
        return diag_set(err, -ENOMEM, "out of memory");
    if ((r = detect_plan_new(s->rules, s->names, NULL, &s->plan, err)) < 0)
        return r;
    if (s->rules->n_refused) { /* larger than a plan can hold */
        if (err)
            *err = s->rules->refused[0]->diag;
        return -ERR_LIMIT;
    }
    event_names_freeze(s->names);
    s->sources = (struct decode_source_table){s->o.sources, s->o.n_sources};
    r = decode_new(s->names, decode_source_from_table, &s->sources, s->o.decoders, &s->decode, err);
    if (r < 0)
        return r;
    s->matcher = detect_matcher_new(s->plan);
    s->lane = decode_lane_new(s->decode);
    if (!s->o.indicators)
        s->gate = gate_new(search_condition(s), s->o.sources, s->o.n_sources, !s->o.own_decoders);
    if (!s->matcher || !s->lane || (!s->gate && !s->o.indicators))
        return diag_set(err, -ENOMEM, "out of memory");
    s->port = decode_lane_port(s->lane);
    return 0;
}

int search_new(const struct search_options *o, struct search **ret, struct diag *reterr) {
    CLEANUP(search_freep) struct search *s = mem_zalloc(sizeof *s);
    if (!s)
        return diag_set(reterr, -ENOMEM, "out of memory");
    s->o = *o;
    ASSERT(o->n_parts <= SEARCH_PARTS_MAX);
    indicator_set_ref(s->o.indicators);
    arena_init(&s->arena, BATCH_ARENA_BYTES_MAX);
    int r = make(s, reterr);
    s->o.parts = NULL;
    if (r == 0)
        *ret = TAKE_PTR(s);
    return r;
}

const struct detect_expr *search_condition(const struct search *s) {
    return s->o.indicators ? NULL : s->rules->rules[0]->expr;
}

const struct indicator_set *search_indicators(const struct search *s) {
    return s->o.indicators;
}

const struct indicator_hit *search_hits(const struct search *s, unsigned *ret_n) {
    *ret_n = s->n_hits;
    return s->hits;
}

uint32_t search_parts(const struct search *s) {
    return s->fits;
}

const struct search_options *search_bounds(const struct search *s) {
    return &s->o;
}

void search_begin_stream(struct search *s) {
    s->time = (struct event_time_state){0};
}

static int read_event(struct search *s, const struct raw_record *rec, bool whole) {
    arena_reset(&s->arena);
    event_begin(&s->ev, &s->arena, s->names, rec);
    s->ev.keep_all = whole;
    s->ev.lazy = !whole;
    return s->port.decode(s->port.ctx, rec, &s->ev);
}

static bool in_time(const struct search *s, int64_t t) {
    return (s->o.from_ns == TIME_NONE || t >= s->o.from_ns) && (s->o.to_ns == TIME_NONE || t < s->o.to_ns);
}

int search_test(struct search *s, const struct raw_record *rec, int64_t *ret_time_ns) {
    const uint32_t *hits;
    uint32_t n = 0;
    bool bounded = s->o.from_ns != TIME_NONE || s->o.to_ns != TIME_NONE;
    if (rec->flags & (RAW_SOURCE | RAW_STATE | RAW_TICK | RAW_DRILL)) /* simulated events of canaries did not happen */
        return 0;
    /* A line of a file may need the time of the one before, so all are read where times matter. */
    bool may = s->gate ? gate_may(s->gate, rec) : gate_may_indicators(s->o.indicators, rec);
    if (!may && !(bounded && (rec->flags & RAW_BACKFILL)))
        return 0;
    int r = read_event(s, rec, false);
    if (r < 0)
        return r;
    event_settle_time(&s->time, &s->ev);
    if (!may || !in_time(s, s->ev.time_ns))
        return 0;
    *ret_time_ns = s->ev.time_ns;
    if (s->o.indicators) {
        r = indicator_set_match(s->o.indicators, s->looked_at, &s->ev, s->ev.time_ns, s->hits, &s->n_hits);
        return r < 0 ? r : s->n_hits > 0;
    }
    r = detect_match(s->matcher, &s->ev, &hits, &n);
    s->fits = 0;
    for (uint32_t i = 1; i < n && hits[0] == 0; i++)
        s->fits |= 1u << (hits[i] - 1);
    return r < 0 ? r : n > 0 && hits[0] == 0;
}

int search_event(struct search *s, const struct raw_record *rec, const struct event **ret) {
    int r = read_event(s, rec, true);
    *ret = &s->ev;
    return r;
}
