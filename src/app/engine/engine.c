/* See engine.h. Purpose: plug decode, match and correlate together.
 *
 * A batch's result is a list of items in record order: what correlations ask of events that matched (in the
 * batch's arena, hits beside them) and clock steps, one whenever the second of the batch's latest event time grows.
 * Everything else is forgotten at once: the next event lies where this one lay, so neither a quiet log nor a
 * loud one costs much memory. A line without
 * a time has that of the line before it; for the first lines of a batch only the ordered part knows it.
 *
 * Not here: reading files, threads, printing. */
#include "app/engine/counts.h"
#include "app/engine/engine.h"

#include "app/content/content.h"
#include "app/engine/overlay.h"
#include "app/engine/tightened.h"
#include "base/calendar.h"
#include "base/hash.h"
#include "base/image.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "decode/decode.h"
#include "detect/correlate.h"
#include "detect/learn.h"
#include "detect/match.h"
#include "detect/rule.h"
#include "detect/statistics.h"
#include "indicator/set.h"

#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct item {
    int64_t time_ns;     /* TIME_NONE: that of what came before in the stream */
    int64_t max_ns;      /* latest time in the batch up to here */
    struct event *event; /* NULL: a clock step, or the end of the old logs */
    enum engine_side side;
    bool ends;           /* everything open on this side ends */
    bool afresh;         /* a drill ended before it in this batch: times of the stream before do not count */
    uint32_t *hits;
    uint32_t n_hits;
};

struct engine_batch {
    struct arena arena; /* one event */
    struct arena kept;  /* what is left of those that matched */
    struct item *items;
    size_t n, cap, next;
    uint64_t events, unparsed;
    struct engine_stream in; /* of the batch alone */
    bool drill_ended;        /* so far in it */
    struct source_counts sources;
    struct clock_batch clocks;
};

struct engine {
    struct event_names *names;
    struct detect_rules *rules;
    struct detect_fields *fields;
    struct correlate_plan *correlate_plan;
    struct detect_plan *plan;
    struct correlate *correlate[ENGINE_SIDES];
    struct decode_set *decoders;
    struct decode *decode;
    struct decode_source_table sources;
    struct finding_sink sink;
    struct engine_options options;
    int64_t clock_s[ENGINE_SIDES]; /* latest second told to correlate */
    struct source_counts sources_seen;
    struct clocks clocks;
    struct indicator_fields *looked_at; /* NULL: no indicators are asked for */
    struct indicator_set *indicators;
    struct arena calendar_arena;
    struct calendar calendar;
    struct overlay *overlay;
    struct tightened *tightened;
    struct map watched;   /* ids of rules that are only watched */
    uint64_t *drill_hits; /* by rule */
    bool drill_ended;
    struct engine_stats stats;
    bool uncounted;
};

struct engine_lane {
    struct engine *engine;
    struct decode_lane *decode;
    struct decoder decoder;
    struct detect_matcher *matcher;
};

static double cpu_now_s(void) {
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static int count_finding(void *ctx, const struct finding *finding) {
    struct engine *e = ctx;
    struct finding told = *finding, *f = &told;
    bool first = f->state == (e->sink.ends_only ? FINDING_END : FINDING_OPEN);
    if (!tightened_tells(e->tightened, f))
        return 0;
    told.watched = map_find(&e->watched, f->rule_id) != NULL;
    int tell = overlay_finding(e->overlay, f, first, &told.held_back);
    if (tell <= 0)
        return tell;
    e->stats.findings += first && !e->uncounted;
    return e->sink.put(e->sink.ctx, f);
}

static void pass_match(void *ctx, struct str rule, const struct event *ev, const uint32_t *fields, uint32_t n) {
    struct engine *e = ctx;
    if (e->sink.match && !e->uncounted)
        e->sink.match(e->sink.ctx, rule, ev, fields, n);
}

const char *engine_content_dir(void) {
    return content_dir();
}

int engine_decoders(const char *const *more, size_t n, struct decode_set **ret, struct diag *reterr) {
    char shipped[PATH_MAX + 128];
    struct stat st;
    const char **paths = mem_zalloc_array(n + 1, sizeof *paths);
    size_t k = 0;
    if (!paths)
        return diag_set(reterr, -ENOMEM, "out of memory");
    snprintf(shipped, sizeof shipped, "%s/decoders", engine_content_dir());
    if (stat(shipped, &st) == 0)
        paths[k++] = shipped;
    for (size_t i = 0; i < n; i++)
        paths[k++] = more[i];
    int r = decode_set_load(paths, k, ret, reterr);
    mem_free(paths);
    return r;
}

static int load_rules(struct engine *e, const struct engine_options *o, struct diag *err) {
    char shipped[PATH_MAX + 128];
    const char *one[] = {shipped};
    snprintf(shipped, sizeof shipped, "%s/rules", engine_content_dir());
    if (o->rule_paths)
        return tightened_load(o->rule_paths, o->n_rule_paths, o->tightened_path, &e->rules, err);
    return detect_rules_load(one, 1, &e->rules, err);
}

static bool is_wanted(void *ctx, uint32_t rule) {
    struct engine *e = ctx;
    const struct engine_options *o = &e->options;
    return overlay_is_exception(e->overlay, rule) || !o->wants ||
           o->wants(o->wants_ctx, e->rules, e->rules->rules[rule]);
}

static int make_correlator(struct engine *e, int side) {
    struct finding_sink counted = {.ctx = e, .put = count_finding, 
                                   .match = side == ENGINE_DRILL ? NULL : pass_match, .ends_only = e->sink.ends_only};
    e->clock_s[side] = INT64_MIN;
    return correlate_new(e->correlate_plan, &counted, NULL, &e->correlate[side]);
}

static int load_statistics(const struct engine_options *o, struct detect_statistics **ret, struct diag *err) {
    char shipped[PATH_MAX + 128];
    if (o->statistics)
        return detect_statistics_load(o->statistics, ret, err);
    snprintf(shipped, sizeof shipped, "%s/statistics/windows.txt", engine_content_dir());
    return access(shipped, R_OK) == 0 ? detect_statistics_load(shipped, ret, err) : 0;
}

/* Once for all rules, so that a finding is asked by one look. */
static int mark_watched(struct engine *e, const struct engine_options *o) {
    for (uint32_t i = 0; i < e->rules->n; i++)
        for (size_t k = 0; k < o->n_watched_paths; k++) {
            struct str file = e->rules->rules[i]->file, folder = str_of(o->watched_paths[k]);
            if (str_starts(file, folder) && file.n > folder.n && file.p[folder.n] == '/' &&
                map_put(&e->watched, e->rules->rules[i]->id, e) < 0)
                return -ENOMEM;
        }
    return 0;
}

/* Which days are holidays: what is usual on them is another thing (detect/correlate_unusual.c). */
static int load_calendar(struct engine *e, struct diag *err) {
    char folder[PATH_MAX + 128];
    snprintf(folder, sizeof folder, "%s/calendar", engine_content_dir());
    int r = access(folder, R_OK) == 0 ? calendar_load(&e->calendar_arena, folder, &e->calendar, err) : -ENOENT;
    if (r == 0)
        correlate_plan_days(e->correlate_plan, &e->calendar);
    return r == -ENOENT ? 0 : r;
}

static int load(struct engine *e, const struct engine_options *o, struct diag *err) {
    char folder[PATH_MAX + 128];
    CLEANUP(detect_statistics_freep) struct detect_statistics *statistics = NULL;
    struct detect_plan_options plan = {.wants = is_wanted, .ctx = e};
    struct overlay_options overlay = {.suppress_path = o->suppress_path, .ignore_until = o->ignore_until};
    snprintf(folder, sizeof folder, "%s/fields", engine_content_dir());
    int r = load_rules(e, o, err);
    if (r == 0 && mark_watched(e, o) < 0)
        r = diag_set(err, -ENOMEM, "out of memory");
    if (r < 0 || (r = detect_fields_load(folder, &e->fields, err)) < 0 ||
        (r = load_statistics(o, &statistics, err)) < 0)
        return r;
    plan.fields = e->fields;
    plan.statistics = statistics;
    if ((r = overlay_new(e->rules, &overlay, &e->overlay, err)) < 0 || (r = tightened_new(e->rules, &e->tightened, err)) < 0)
        return r;
    /* The correlations first: they refuse what they cannot run, so that no rule is matched for nothing. */
    if ((r = correlate_plan_new(e->rules, e->names, &e->correlate_plan, err)) < 0 ||
        (r = detect_plan_new(e->rules, e->names, &plan, &e->plan, err)) < 0)
        return r;
    if ((r = load_calendar(e, err)) < 0)
        return r;
    if (o->indicators && !(e->looked_at = indicator_fields_new(e->names)))
        return diag_set(err, -ENOMEM, "out of memory");
    if ((r = log_kinds_ask(e->names)) < 0)
        return diag_set(err, r, "too many names of fields");
    event_names_freeze(e->names);
    e->drill_hits = mem_zalloc_array(e->rules->n + 1, sizeof *e->drill_hits);
    if (!e->drill_hits || overlay_use(e->overlay, e->plan, e->names) < 0)
        return diag_set(err, -ENOMEM, "out of memory");
    for (int side = 0; side < ENGINE_SIDES; side++) {
        if ((r = make_correlator(e, side)) < 0)
            return diag_set(err, r, "cannot make the correlator: %s", err_word(r));
    }
    e->sources = (struct decode_source_table){o->sources, o->n_sources};
    if ((r = engine_decoders(o->decoder_paths, o->n_decoder_paths, &e->decoders, err)) < 0)
        return r;
    return decode_new(e->names, decode_source_from_table, &e->sources, e->decoders, &e->decode, err);
}

int engine_new(const struct engine_options *o, struct finding_sink sink, struct engine **ret,
               struct diag *reterr) {
    double from = cpu_now_s();
    CLEANUP(engine_freep) struct engine *e = mem_zalloc(sizeof *e);
    if (!e || !(e->names = event_names_new()))
        return diag_set(reterr, -ENOMEM, "out of memory");
    arena_init(&e->calendar_arena, 4 * CALENDAR_BYTES_MAX);
    e->sink = sink;
    e->options = *o;
    map_init(&e->watched, RULES_MAX, 0);
    int r = load(e, o, reterr);
    if (r < 0)
        return r;
    e->indicators = indicator_set_ref(o->indicator_set);
    for (uint32_t i = 0; i < e->rules->n; i++)
        e->stats.rules += !overlay_is_exception(e->overlay, i) && !e->rules->rules[i]->refused;
    e->stats.rules_refused = e->rules->n_refused;
    e->stats.load_cpu_s = cpu_now_s() - from;
    *ret = TAKE_PTR(e);
    return 0;
}

struct engine *engine_free(struct engine *e) {
    if (!e)
        return NULL;
    for (int side = 0; side < ENGINE_SIDES; side++)
        correlate_free(e->correlate[side]);
    overlay_free(e->overlay);
    tightened_free(e->tightened);
    indicator_fields_free(e->looked_at);
    indicator_set_unref(e->indicators);
    mem_free(e->drill_hits);
    map_done(&e->watched);
    detect_plan_unref(e->plan);
    detect_fields_free(e->fields);
    correlate_plan_free(e->correlate_plan);
    decode_free(e->decode);
    decode_set_unref(e->decoders);
    arena_done(&e->calendar_arena);
    detect_rules_unref(e->rules);
    event_names_free(e->names);
    source_counts_done(&e->sources_seen);
    clocks_done(&e->clocks);
    mem_free(e);
    return NULL;
}

void engine_each_refused(const struct engine *e, void (*row)(void *ctx, const struct diag *d), void *ctx) {
    for (uint32_t i = 0; i < e->rules->n_refused; i++)
        row(ctx, &e->rules->refused[i]->diag);
}
int engine_check_source(const struct engine *e, const struct source *s, struct diag *reterr) {
    return decode_check_source(s, e->decoders, reterr);
}
const struct diag *engine_decoder_refused(const struct engine *e, size_t i) {
    return decode_set_refused(e->decoders, i);
}
const struct detect_rules *engine_rules(const struct engine *e) {
    return e->rules;
}
size_t engine_tightened(const struct engine *e) {
    return tightened_rules(e->tightened);
}
void engine_get_stats(const struct engine *e, struct engine_stats *ret) {
    *ret = e->stats;
    for (int side = 0; side < ENGINE_SIDES; side++) {
        struct correlate_stats c;
        correlate_stats(e->correlate[side], &c);
        ret->groups_evicted += c.groups_evicted;
        ret->values_dropped += c.values_dropped;
    }
}

/* ---- lanes: any number side by side ---- */

struct engine_lane *engine_lane_new(struct engine *e) {
    struct engine_lane *l = mem_zalloc(sizeof *l);
    if (!l)
        return NULL;
    l->engine = e;
    l->decode = decode_lane_new(e->decode);
    l->matcher = detect_matcher_new(e->plan);
    if (!l->decode || !l->matcher)
        return engine_lane_free(l);
    l->decoder = decode_lane_port(l->decode);
    return l;
}

int engine_learn(struct engine_lane *l, const struct raw_record *rec, struct detect_learner *to) {
    struct arena a;
    struct event ev;
    arena_init(&a, BATCH_ARENA_BYTES_MAX);
    event_begin(&ev, &a, l->engine->names, rec);
    ev.lazy = true;
    int r = l->decoder.decode(l->decoder.ctx, rec, &ev);
    if (r == 0)
        r = detect_learn(to, l->matcher, &ev);
    arena_done(&a);
    return r;
}

struct engine_lane *engine_lane_free(struct engine_lane *l) {
    if (!l)
        return NULL;
    detect_matcher_free(l->matcher);
    decode_lane_free(l->decode);
    mem_free(l);
    return NULL;
}

struct engine_batch *engine_batch_new(void) {
    struct engine_batch *b = mem_zalloc(sizeof *b);
    if (b) {
        arena_init(&b->arena, BATCH_ARENA_BYTES_MAX);
        arena_init(&b->kept, BATCH_ARENA_BYTES_MAX);
        clock_batch_init(&b->clocks);
    }
    return b;
}

struct engine_batch *engine_batch_free(struct engine_batch *b) {
    if (!b)
        return NULL;
    arena_done(&b->arena);
    arena_done(&b->kept);
    mem_free(b->items);
    source_counts_done(&b->sources);
    clock_batch_done(&b->clocks);
    mem_free(b);
    return NULL;
}

static enum engine_side side_of(const struct raw_record *rec) {
    if (rec->flags & RAW_DRILL)
        return ENGINE_DRILL;
    return rec->flags & RAW_BACKFILL ? ENGINE_BACKFILL : ENGINE_LIVE;
}

static struct item *add_item(struct engine_batch *b, enum engine_side side) {
    if (mem_grow((void **) &b->items, &b->cap, b->n + 1, SIZE_MAX / sizeof *b->items, sizeof *b->items) < 0)
        return NULL;
    b->items[b->n] = (struct item){.time_ns = TIME_NONE, .side = side, .max_ns = b->in.max_ns[side],
                                   .afresh = side == ENGINE_DRILL && b->drill_ended};
    return &b->items[b->n++];
}

/* What the ordered part needs of an event that matched. */
static int keep(struct engine_batch *b, const struct correlate_plan *plan, const struct event *ev,
                const uint32_t *hits, uint32_t n_hits, int64_t time_ns) {
    struct item *it = add_item(b, side_of(ev->raw));
    uint32_t *h = arena_alloc(&b->kept, n_hits * sizeof *h);
    if (!it || !h || correlate_pick(plan, ev, &b->kept, &it->event) < 0)
        return -ENOMEM;
    memcpy(h, hits, n_hits * sizeof *h);
    it->time_ns = time_ns;
    it->hits = h;
    it->n_hits = n_hits;
    return 0;
}

/* ---- what was seen ---- */

const struct engine_source *engine_sources(const struct engine *e, size_t *ret_n) {
    *ret_n = e->sources_seen.n;
    return e->sources_seen.at;
}

struct clocks *engine_clocks(struct engine *e) {
    return &e->clocks;
}

static void advance(struct engine_stream *s, enum engine_side side, int64_t time_ns) {
    s->last_ns[side] = time_ns;
    s->max_ns[side] = MAX(s->max_ns[side], time_ns);
}

/* The event's time as far as this batch knows it. */
static int64_t settle(struct engine_batch *b, const struct event *ev) {
    enum engine_side side = side_of(ev->raw);
    if (!(ev->flags & EVENT_TIME_OPEN))
        advance(&b->in, side, ev->time_ns);
    return b->in.last_ns[side];
}

static int step_clock(struct engine_batch *b, enum engine_side side, int64_t clock_s[ENGINE_SIDES]) {
    int64_t max_ns = b->in.max_ns[side];
    if (max_ns == TIME_NONE || max_ns / NS_PER_S <= clock_s[side])
        return 0;
    clock_s[side] = max_ns / NS_PER_S;
    struct item *it = add_item(b, side);
    if (!it)
        return -ENOMEM;
    it->time_ns = b->in.last_ns[side];
    return 0;
}

static int take_tick(struct engine_batch *b, const struct raw_record *rec, int64_t clock_s[ENGINE_SIDES]) {
    if (side_of(rec) == ENGINE_LIVE) {
        advance(&b->in, ENGINE_LIVE, rec->arrival_ns);
        return step_clock(b, ENGINE_LIVE, clock_s);
    }
    struct item *it = add_item(b, side_of(rec));
    if (!it)
        return -ENOMEM;
    it->ends = true;
    if (it->side == ENGINE_DRILL) { /* the next drill may play at any time, also an earlier one */
        b->drill_ended = true;
        b->in.last_ns[ENGINE_DRILL] = b->in.max_ns[ENGINE_DRILL] = TIME_NONE;
        clock_s[ENGINE_DRILL] = INT64_MIN;
    }
    return 0;
}

/* What an indicator list knows of it becomes part of the event; a line whose time is open is judged by its arrival. */
static int look_up(const struct engine *e, struct event *ev, int64_t time_ns) {
    int r = indicator_set_mark(e->indicators, e->looked_at, ev, time_ns == TIME_NONE ? ev->time_ns : time_ns);
    return MIN(r, 0);
}

static int one_record(struct engine_lane *l, const struct raw_record *rec, struct engine_batch *b,
                      int64_t clock_s[ENGINE_SIDES]) {
    enum engine_side side = side_of(rec);
    struct arena_mark mark = arena_mark(&b->arena);
    struct event ev;
    const uint32_t *hits;
    uint32_t n_hits = 0;
    if (rec->flags & RAW_TICK)
        return take_tick(b, rec, clock_s);
    if (rec->flags & (RAW_SOURCE | RAW_STATE))
        return 0;
    event_begin(&ev, &b->arena, l->engine->names, rec);
    ev.keep_all = l->engine->options.keep_all;
    ev.lazy = !ev.keep_all;
    int r = l->decoder.decode(l->decoder.ctx, rec, &ev);
    if (r < 0)
        return r;
    b->events += side != ENGINE_DRILL;
    b->unparsed += side != ENGINE_DRILL && (ev.flags & EVENT_UNPARSED);
    if ((r = source_counts_note(&b->sources, &b->clocks, &b->kept, &ev)) < 0)
        return r;
    int64_t time_ns = settle(b, &ev);
    if (l->engine->indicators && (r = look_up(l->engine, &ev, time_ns)) < 0)
        return r;
    /* Decoding has looked up every name a rule can ask for. */
    if (!l->engine->options.parse_only)
        r = detect_match(l->matcher, &ev, &hits, &n_hits);
    else
        r = event_unescape(&ev);
    if (r == 0 && n_hits)
        r = keep(b, l->engine->correlate_plan, &ev, hits, n_hits, time_ns);
    arena_rewind(&b->arena, mark);
    if (r < 0)
        return r;
    if (!n_hits)
        return step_clock(b, side, clock_s);
    if (b->in.max_ns[side] != TIME_NONE)
        clock_s[side] = MAX(clock_s[side], b->in.max_ns[side] / NS_PER_S);
    return 0;
}

int engine_process(struct engine_lane *l, const struct raw_record *records, size_t n,
                   struct engine_batch *b) {
    int64_t clock_s[ENGINE_SIDES] = {INT64_MIN, INT64_MIN};
    arena_reset(&b->arena);
    clock_batch_clear(&b->clocks);
    arena_reset(&b->kept);
    b->n = b->next = 0;
    b->events = b->unparsed = 0;
    b->sources.n = 0;
    b->drill_ended = false;
    b->in = ENGINE_STREAM_START;
    for (size_t i = 0; i < n; i++) {
        int r = one_record(l, &records[i], b, clock_s);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- the ordered part ---- */

int64_t engine_peek(const struct engine_batch *b, const struct engine_stream *s) {
    if (b->next == b->n)
        return ENGINE_CONSUMED;
    /* The latest time of the stream so far: a line in the past of its own log does not hold others up,
     * and the order is the same wherever batches were cut. */
    const struct item *it = &b->items[b->next];
    return it->afresh ? it->max_ns : MAX(it->max_ns, s->max_ns[it->side]);
}

/* What the drill before it showed is forgotten by its first event, or by its end if no event of it matched. */
static void forget_last_drill(struct engine *e) {
    if (e->drill_ended)
        memset(e->drill_hits, 0, e->rules->n * sizeof *e->drill_hits);
    e->drill_ended = false;
}

static void count_drill(struct engine *e, const struct item *it) {
    forget_last_drill(e);
    for (uint32_t i = 0; i < it->n_hits; i++)
        e->drill_hits[it->hits[i]]++;
}

/* A drill leaves nothing behind: the next one finds a correlator that has seen nothing. */
static int end_side(struct engine *e, enum engine_side side) {
    int r = correlate_flush(e->correlate[side]);
    if (r < 0 || side != ENGINE_DRILL)
        return r;
    forget_last_drill(e);
    for (uint32_t i = 0; i < e->rules->n; i++)
        e->drill_hits[i] += correlate_rule_hits(e->correlate[side], i);
    e->clock_s[side] = INT64_MIN; /* the next one may play at an earlier time */
    correlate_free(TAKE_PTR(e->correlate[side]));
    e->drill_ended = true;
    return make_correlator(e, side);
}

static int take_event(struct engine *e, struct item *it, const struct engine_stream *s) {
    struct event *ev = it->event;
    if (it->time_ns != TIME_NONE)
        ev->time_ns = it->time_ns;
    else if (s->last_ns[it->side] != TIME_NONE && !it->afresh)
        ev->time_ns = s->last_ns[it->side];
    ev->flags &= (uint8_t) ~EVENT_TIME_OPEN;
    if (it->side == ENGINE_DRILL)
        count_drill(e, it);
    it->n_hits = overlay_hits(e->overlay, ev->time_ns, it->hits, it->n_hits, it->side == ENGINE_DRILL);
    if (!it->n_hits)
        return 0;
    return correlate_event(e->correlate[it->side], ev, it->hits, it->n_hits);
}

int engine_step(struct engine *e, struct engine_batch *b, const struct engine_stream *s) {
    int64_t clock_ns = engine_peek(b, s);
    struct item *it = &b->items[b->next++];
    int r = 0;
    if (e->options.match)
        return it->event ? e->options.match(e->options.match_ctx, &it->event->raw->pos, it->hits, it->n_hits) : 0;
    if (it->ends)
        return end_side(e, it->side);
    if (it->event)
        r = take_event(e, it, s);
    if (clock_ns / NS_PER_S > e->clock_s[it->side] && r == 0) {
        e->clock_s[it->side] = clock_ns / NS_PER_S;
        r = correlate_tick(e->correlate[it->side], e->clock_s[it->side] * NS_PER_S);
    }
    return r;
}

int engine_consume(struct engine *e, struct engine_batch *b, struct engine_stream *s) {
    int r = 0;
    while (b->next < b->n && r == 0)
        r = engine_step(e, b, s);
    if (!e->uncounted) {
        e->stats.events += b->events;
        e->stats.unparsed += b->unparsed;
    }
    if (r == 0 && !e->uncounted)
        r = source_counts_add(&e->sources_seen, &b->sources);
    if (r == 0 && !e->uncounted)
        r = clocks_add(&e->clocks, &b->clocks);
    if (b->drill_ended)
        s->last_ns[ENGINE_DRILL] = s->max_ns[ENGINE_DRILL] = TIME_NONE;
    for (int side = 0; side < ENGINE_SIDES; side++) {
        if (b->in.last_ns[side] != TIME_NONE)
            s->last_ns[side] = b->in.last_ns[side];
        s->max_ns[side] = MAX(s->max_ns[side], b->in.max_ns[side]);
    }
    return r;
}

int engine_hand_over(struct engine *from, struct engine *to) {
    struct source_counts seen = to->sources_seen;
    struct clocks clocks = to->clocks;
    int r = 0;
    to->stats.events = from->stats.events;
    to->stats.unparsed = from->stats.unparsed;
    to->stats.findings = from->stats.findings;
    to->sources_seen = from->sources_seen;
    from->sources_seen = seen;
    to->clocks = from->clocks;
    from->clocks = clocks;
    overlay_hand_over(from->overlay, to->overlay);
    for (int side = 0; side < ENGINE_SIDES && r == 0; side++)
        r = correlate_hand_over(from->correlate[side], to->correlate[side]);
    return r;
}

void engine_use_sources(struct engine *e, const struct source *sources, size_t n) {
    e->sources = (struct decode_source_table){sources, n};
}

const struct correlate_plan *engine_correlations(const struct engine *e) {
    return e->correlate_plan;
}

void engine_use_indicators(struct engine *e, struct indicator_set *set) {
    ASSERT(e->looked_at || !set);
    indicator_set_unref(e->indicators);
    e->indicators = indicator_set_ref(set);
}

const struct overlay *engine_overlay(const struct engine *e) {
    return e->overlay;
}
uint64_t engine_drill_hits(const struct engine *e, uint32_t rule) {
    return e->drill_hits[rule];
}

int engine_flush(struct engine *e) {
    int r = 0;
    for (int side = 0; side < ENGINE_SIDES && r == 0; side++)
        r = correlate_flush(e->correlate[side]);
    return r;
}

/* ---- over a restart ---- */

enum { STATE_FORMAT = 5 }; /* of correlate_image and of what stands here; another one has another tag */

void engine_set_counting(struct engine *e, bool counting) {
    e->uncounted = !counting;
}

void engine_stream_image(struct engine_stream *s, struct image *x) {
    for (int side = 0; side < ENGINE_SIDES; side++) {
        image_i64(x, &s->last_ns[side]);
        image_i64(x, &s->max_ns[side]);
    }
}

void engine_counts_image(struct engine *e, struct image *x) {
    image_u64(x, &e->stats.events);
    image_u64(x, &e->stats.unparsed);
    image_u64(x, &e->stats.findings);
    source_counts_image(&e->sources_seen, x);
    clocks_image(&e->clocks, x);
}

void engine_state_image(struct engine *e, struct image *x) {
    for (int side = 0; side < ENGINE_SIDES && !x->error; side++) {
        image_i64(x, &e->clock_s[side]);
        IGNORE(correlate_image(e->correlate[side], x)); /* sticky in x */
    }
    for (uint32_t i = 0; i < e->rules->n && !x->error; i++)
        image_u64(x, &e->drill_hits[i]);
    image_bool(x, &e->drill_ended);
    overlay_image(e->overlay, x);
}

void engine_tag(const struct engine *e, uint8_t ret[ENGINE_TAG_BYTES]) {
    struct sha256 h;
    char format[64];
    sha256_init(&h);
    int n = snprintf(format, sizeof format, KIZUKI_VERSION " %d %u\n", STATE_FORMAT, e->rules->n);
    sha256_add(&h, str_n(format, (size_t) n));
    uint8_t decoders[32];
    decode_set_sum(e->decoders, decoders);
    sha256_add(&h, str_n((const char *) decoders, sizeof decoders));
    for (uint32_t i = 0; i < e->rules->n; i++) {
        const struct str text = e->rules->rules[i]->text;
        n = snprintf(format, sizeof format, "%zu\n", text.n);
        sha256_add(&h, str_n(format, (size_t) n));
        sha256_add(&h, text);
    }
    size_t n_held;
    const struct overlay_suppression *held = overlay_suppressions(e->overlay, &n_held);
    for (size_t i = 0; i < n_held; i++) {
        n = snprintf(format, sizeof format, "%u %lld\n", held[i].rule->index, (long long) held[i].for_ns);
        sha256_add(&h, str_n(format, (size_t) n));
    }
    sha256_end(&h, ret);
}

int64_t engine_open_since(const struct engine *e) {
    return correlate_open_since(e->correlate[ENGINE_LIVE]);
}

int64_t engine_reach(const struct engine *e, int64_t now_ns, int64_t open_since) {
    /* Twice: what a chain of correlations stands on may itself stand on older events. */
    int64_t reach = 2 * correlate_plan_reach_ns(e->correlate_plan), from = MIN(now_ns, open_since);
    return from < INT64_MIN + reach ? INT64_MIN : from - reach;
}

/* ---- one line explained ---- */

static void write_fields(const struct event *ev, struct jsonw *out) {
    struct buf json;
    buf_init(&json, 4 * 1024 * 1024);
    event_write_json(ev, &json);
    jsonw_key(out, STR("event"));
    if (buf_error(&json))
        jsonw_null(out);
    else
        jsonw_raw(out, buf_str(&json));
    buf_done(&json);
}

int engine_explain_event(struct engine_lane *l, const struct event *ev, const struct detect_rule *only,
                         struct jsonw *out) {
    jsonw_object(out);
    write_fields(ev, out);
    jsonw_kbool(out, "unparsed", (ev->flags & EVENT_UNPARSED) != 0);
    jsonw_key(out, STR("detect"));
    if (detect_explain(l->matcher, ev, only, out) < 0) /* well-formed, but memory ended */
        jsonw_kbool(out, "incomplete", true);
    jsonw_end(out);
    return 0;
}

int engine_times(struct engine_lane *l, const struct raw_record *rec, struct engine_times *ret) {
    struct arena arena;
    struct event ev;
    arena_init(&arena, BATCH_ARENA_BYTES_MAX);
    event_begin(&ev, &arena, l->engine->names, rec);
    int r = l->decoder.decode(l->decoder.ctx, rec, &ev);
    *ret = (struct engine_times){.at_ns = rec->arrival_ns, .device_ns = TIME_NONE, .arrived_ns = rec->arrival_ns};
    if (r == 0) {
        ret->device_ns = ev.timestamp_ns;
        ret->at_ns = ev.time_ns != TIME_NONE ? ev.time_ns : rec->arrival_ns;
        ret->live = !(rec->flags & RAW_BACKFILL);
    }
    arena_done(&arena);
    return r;
}

const struct event_names *engine_names(const struct engine *e) {
    return e->names;
}

int engine_explain(struct engine_lane *l, const struct raw_record *rec, const struct detect_rule *only,
                   struct jsonw *out) {
    struct arena arena;
    struct event ev;
    arena_init(&arena, BATCH_ARENA_BYTES_MAX);
    event_begin(&ev, &arena, l->engine->names, rec);
    ev.keep_all = true;
    int r = l->decoder.decode(l->decoder.ctx, rec, &ev);
    if (r == 0) {
        if (ev.time_ns == TIME_NONE)
            ev.time_ns = rec->arrival_ns;
        if (l->engine->indicators)
            r = look_up(l->engine, &ev, ev.time_ns);
    }
    if (r == 0)
        r = engine_explain_event(l, &ev, only, out);
    arena_done(&arena);
    return r;
}
