/* See backtest.h. */
#include "app/engine/backtest.h"

#include "app/engine/overlay.h"
#include "app/engine/registry.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "detect/rule.h"
#include "spool/reader.h"

#include <time.h>
#include <unistd.h>

enum { BACKTEST_ARENA_MAX = 256 * 1024 * 1024, VALUE_SHOWN = 64 };

static double thread_cpu_s(void) {
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static struct backtest_rule *row_of(struct backtest *b, const struct finding *f) {
    union map_value *v;
    bool fresh;
    struct str id = arena_dup(&b->arena, f->rule_id);
    if (!id.p || map_add(&b->by_rule, id, &v, &fresh) < 0)
        return NULL;
    if (!fresh)
        return v->ptr;
    struct backtest_rule *row = arena_zalloc(&b->arena, sizeof *row);
    if (!row)
        return NULL;
    row->id = id;
    row->title = arena_dup(&b->arena, f->rule_title);
    v->ptr = row;
    return row;
}

static void describe(const struct finding *f, char *dst, size_t cap) {
    char at[TIME_ISO_CAP];
    struct buf b;
    buf_init(&b, 4096);
    buf_add_z(&b, time_format_iso_offset(f->detected_ns, TIME_JST_OFFSET_MIN, 0, at));
    for (uint32_t i = 0; i < f->n_group; i++) {
        buf_add_z(&b, i ? ", " : "  ");
        text_escape_controls(&b, f->group[i].name);
        buf_add_byte(&b, '=');
        text_escape_controls(&b, str_to(f->group[i].value, VALUE_SHOWN));
    }
    snprintf(dst, cap, "%s", buf_z(&b));
    buf_done(&b);
}

static int count(void *ctx, const struct finding *f) {
    struct backtest *b = ctx;
    if (f->state != FINDING_OPEN || f->drill)
        return 0;
    struct backtest_rule *row = row_of(b, f);
    if (!row)
        return -ENOMEM;
    if (row->findings < ARRAY_SIZE(row->first))
        describe(f, row->first[row->findings], sizeof row->first[0]);
    row->findings++;
    b->findings++;
    return 0;
}

struct running {
    struct backtest *b;
    struct registry *registry;
    struct engine *e;
    struct engine_lane *lane;
    struct engine_batch *batch;
    struct engine_stream stream;
};

static int take(struct running *x, const struct spool_batch *records) {
    struct backtest *b = x->b;
    size_t from = 0; /* records arrive in order */
    while (b->watch && from < records->n && records->records[from].arrival_ns < b->watch->since_ns)
        from++;
    for (size_t i = 0; i < records->n; i++) {
        const struct raw_record *rec = &records->records[i];
        int r = registry_take(x->registry, rec);
        if (r < 0)
            return r;
        if (i < from || rec->flags & (RAW_SOURCE | RAW_STATE | RAW_TICK | RAW_DRILL))
            continue;
        b->bytes += rec->bytes.n;
        b->first_ns = b->first_ns == TIME_NONE ? rec->arrival_ns : b->first_ns;
        b->last_ns = MAX(b->last_ns, rec->arrival_ns);
    }
    if (b->watch && records->n) {
        if (!b->watch->first)
            __atomic_store_n(&b->watch->first, records->records[0].pos.n, __ATOMIC_RELAXED);
        __atomic_add_fetch(&b->watch->looked, records->n, __ATOMIC_RELAXED);
    }
    int r = engine_process(x->lane, records->records + from, records->n - from, x->batch);
    return r < 0 ? r : engine_consume(x->e, x->batch, &x->stream);
}

static int read_spool(struct running *x, const char *dir, struct diag *err) {
    CLEANUP(spool_reader_freep) struct spool_reader *reader = NULL;
    struct spool_batch records;
    struct spool_gap gap;
    if (access(dir, F_OK) != 0)
        return 0;
    spool_batch_init(&records);
    int r = spool_reader_open(dir, &reader, err);
    while (r == 0 && (r = spool_reader_next(reader, &records, &gap, err)) != 0) {
        if (r == -ERR_CORRUPT) {
            log_warn("records %llu to %llu of segment %u cannot be read", (unsigned long long) gap.from_number,
                     (unsigned long long) gap.to_number, gap.segment);
            r = 0;
        } else if (r > 0 && (r = take(x, &records)) < 0) {
            diag_set(err, r, "cannot go on: %s", err_word(r));
        }
        if (r == 0 && x->b->watch && __atomic_load_n(&x->b->watch->stop, __ATOMIC_RELAXED))
            r = diag_set(err, -ECANCELED, "ended on request");
    }
    spool_batch_done(&records);
    return r;
}

static void sum_up(struct running *x) {
    struct engine_stats s;
    size_t n;
    engine_get_stats(x->e, &s);
    x->b->events = s.events;
    const struct overlay_exception *xs = overlay_exceptions(engine_overlay(x->e), &n);
    for (size_t i = 0; i < n; i++) {
        x->b->hidden_events += xs[i].hidden_events;
        x->b->hidden_findings += xs[i].hidden_findings;
    }
    const struct overlay_suppression *ss = overlay_suppressions(engine_overlay(x->e), &n);
    for (size_t i = 0; i < n; i++)
        x->b->held_back += ss[i].held_back;
}

static int run(struct backtest *b, const char *dir, const struct engine_options *o, struct registry *registry,
               struct diag *err) {
    CLEANUP(engine_freep) struct engine *e = NULL;
    struct engine_options own = *o;
    own.sources = registry->sources;
    own.n_sources = SOURCES_MAX;
    int r = engine_new(&own, (struct finding_sink){.ctx = b, .put = count}, &e, err);
    if (r < 0)
        return r;
    const struct detect_rules *set = engine_rules(e);
    for (uint32_t i = 0; i < set->n; i++)
        b->rules += !overlay_is_exception(engine_overlay(e), i) && (!o->wants || o->wants(o->wants_ctx, set, set->rules[i]));
    struct running x = {.b = b, .registry = registry, .e = e, .lane = engine_lane_new(e), .batch = engine_batch_new(),
                        .stream = ENGINE_STREAM_START};
    double cpu = thread_cpu_s();
    int64_t wall = time_monotonic_ns();
    r = x.lane && x.batch ? read_spool(&x, dir, err) : diag_set(err, -ENOMEM, "out of memory");
    b->cpu_s = thread_cpu_s() - cpu;
    b->wall_s = (double) (time_monotonic_ns() - wall) / 1e9;
    sum_up(&x);
    engine_batch_free(x.batch);
    engine_lane_free(x.lane);
    return r;
}

int backtest_run(const char *spool_dir, const struct engine_options *o, struct backtest *ret,
                 struct diag *reterr) {
    struct registry registry;
    struct backtest_watch *watch = ret->watch;
    *ret = (struct backtest){.first_ns = TIME_NONE, .last_ns = TIME_NONE, .watch = watch};
    arena_init(&ret->arena, BACKTEST_ARENA_MAX);
    map_init(&ret->by_rule, RULES_MAX, MAP_BORROW);
    int r = registry_init(&registry, reterr);
    if (r == 0)
        r = run(ret, spool_dir, o, &registry, reterr);
    registry_done(&registry);
    return r;
}

void backtest_done(struct backtest *b) {
    map_done(&b->by_rule);
    arena_done(&b->arena);
}

const struct backtest_rule *backtest_rule(const struct backtest *b, struct str id) {
    return map_get(&b->by_rule, id);
}
