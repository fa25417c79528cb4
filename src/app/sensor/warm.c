/* See warm.h. */
#include "app/sensor/warm.h"

#include "base/mem.h"
#include "spool/reader.h"

#include <pthread.h>

struct warm {
    struct warm_options o;
    struct source *sources; /* as they were at the beginning: the registry goes on growing in the main loop */
    struct engine *engine;
    struct engine_lane *lane;
    struct engine_batch *batch;
    struct engine_stream stream;
    struct spool_reader *reader;
    struct spool_batch records;
    size_t at; /* of records: the next one */
    uint64_t last;
    struct finding_sink to;
    pthread_t thread;
    bool joined;
    int state;  /* atomic; 0, 1 or the error */
    bool stop;  /* atomic */
    struct diag diag;
};

static int speak(void *ctx, const struct finding *f) {
    struct warm *w = ctx;
    return w->to.put ? w->to.put(w->to.ctx, f) : 0;
}

static void pass_match(void *ctx, struct str rule, const struct event *ev, const uint32_t *fields, uint32_t n) {
    struct warm *w = ctx;
    if (w->to.match)
        w->to.match(w->to.ctx, rule, ev, fields, n);
}

/* Records of the batch at hand, up to `last`. */
static int look(struct warm *w, uint64_t last) {
    size_t n = 0;
    while (w->at + n < w->records.n && w->records.records[w->at + n].pos.n <= last)
        n++;
    if (!n)
        return 0;
    int r = engine_process(w->lane, w->records.records + w->at, n, w->batch);
    if (r == 0)
        r = engine_consume(w->engine, w->batch, &w->stream);
    w->at += n;
    w->last = w->records.records[w->at - 1].pos.n;
    return r;
}

/* 1: something was looked at, 0: nothing up to `last` is left. */
static int look_on(struct warm *w, uint64_t last, struct diag *err) {
    if (w->last >= last)
        return 0;
    if (w->at == w->records.n) {
        int r = spool_reader_next(w->reader, &w->records, NULL, err);
        w->at = 0;
        if (r <= 0)
            w->records.n = 0;
        if (r == -ERR_CORRUPT) /* the pump passed over it too, and said so */
            return 1;
        if (r <= 0)
            return r;
    }
    if (w->records.records[w->at].pos.n > last)
        return 0;
    int r = look(w, last);
    return r < 0 ? diag_set(err, r, "the new rules cannot go on: %s", err_word(r)) : 1;
}

static int open_all(struct warm *w, struct diag *err) {
    int r = engine_new(&w->o.engine, (struct finding_sink){.ctx = w, .put = speak, .match = pass_match}, &w->engine, err);
    if (r == 0)
        r = spool_reader_open(w->o.spool_dir, &w->reader, err);
    if (r == 0 && w->o.now_ns != TIME_NONE) {
        r = spool_reader_seek_time(w->reader, engine_reach(w->engine, w->o.now_ns, w->o.open_since), err);
        r = r == -ENOENT ? 0 : r; /* no longer kept: what is kept follows */
    }
    if (r == 0 && (!(w->lane = engine_lane_new(w->engine)) || !(w->batch = engine_batch_new())))
        r = diag_set(err, -ENOMEM, "out of memory");
    return r;
}

static void *work(void *ctx) {
    struct warm *w = ctx;
    int r = open_all(w, &w->diag);
    while (r == 0 && !__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
        r = look_on(w, w->o.upto, &w->diag);
        if (r == 0)
            break;
        r = MIN(r, 0);
    }
    __atomic_store_n(&w->state, r < 0 ? r : 1, __ATOMIC_RELEASE);
    return NULL;
}

int warm_begin(const struct warm_options *o, struct warm **ret, struct diag *reterr) {
    struct warm *w = mem_zalloc(sizeof *w);
    if (!w)
        return diag_set(reterr, -ENOMEM, "out of memory");
    w->o = *o;
    w->stream = ENGINE_STREAM_START;
    spool_batch_init(&w->records);
    w->sources = mem_zalloc_array(o->engine.n_sources, sizeof *w->sources);
    if (!w->sources) {
        mem_free(w);
        return diag_set(reterr, -ENOMEM, "out of memory");
    }
    memcpy(w->sources, o->engine.sources, o->engine.n_sources * sizeof *w->sources);
    w->o.engine.sources = w->sources;
    int r = pthread_create(&w->thread, NULL, work, w);
    if (r != 0) {
        w->joined = true;
        warm_free(w);
        return diag_set(reterr, -r, "cannot start a thread: %s", err_word(-r));
    }
    *ret = w;
    return 0;
}

static void join(struct warm *w) {
    if (!w->joined)
        pthread_join(w->thread, NULL);
    w->joined = true;
}

void warm_free(struct warm *w) {
    if (!w)
        return;
    __atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
    join(w);
    engine_batch_free(w->batch);
    engine_lane_free(w->lane);
    engine_free(w->engine);
    spool_reader_free(w->reader);
    spool_batch_done(&w->records);
    mem_free(w->sources);
    mem_free(w);
}

int warm_state(struct warm *w, struct diag *reterr) {
    int state = __atomic_load_n(&w->state, __ATOMIC_ACQUIRE);
    if (state == 0)
        return 0;
    join(w);
    if (state < 0 && reterr)
        *reterr = w->diag;
    return state;
}

int warm_step(struct warm *w, uint64_t last, int64_t slice_ns, struct diag *reterr) {
    int64_t until = time_monotonic_ns() + slice_ns;
    int r = 1;
    while (r > 0 && time_monotonic_ns() < until)
        r = look_on(w, last, reterr);
    return r < 0 ? r : r == 0;
}

void warm_speak(struct warm *w, struct finding_sink sink) {
    w->to = sink;
}

struct engine *warm_engine(struct warm *w) {
    return w->engine;
}

void warm_take(struct warm *w, struct engine **ret_engine, struct engine_lane **ret_lane,
               struct engine_batch **ret_batch, struct engine_stream *ret_stream) {
    *ret_engine = TAKE_PTR(w->engine);
    *ret_lane = TAKE_PTR(w->lane);
    *ret_batch = TAKE_PTR(w->batch);
    *ret_stream = w->stream;
    w->reader = spool_reader_free(w->reader);
    spool_batch_done(&w->records);
    mem_free(TAKE_PTR(w->sources));
}
