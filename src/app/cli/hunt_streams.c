/* See hunt_streams.h.
 *
 * A job is one batch on its way: READ by the main thread, DONE by a worker, consumed by the main thread, which is a worker itself
 * while the batch it needs is another's work: N threads are N-1 workers and it. Each
 * stream owns DEPTH jobs in a ring, so a stream never has more than DEPTH batches in memory and order within
 * it is that of the ring. The queue of jobs to do is a ring of pointers under one mutex: batches are large
 * (256 KB, about 2,000 lines), so the lock is taken some hundred times a second. */
#include "app/cli/hunt_streams.h"

#include "base/mem.h"
#include "intake/reader.h"

#include <pthread.h>

enum { DEPTH = 4, WORKERS_MAX = 64 };

enum job_state { JOB_FREE, JOB_QUEUED, JOB_DONE };
struct job {
    struct intake_batch lines;
    struct engine_batch *batch;
    enum job_state state; /* under the mutex once workers run */
    int result;
};
struct stream {
    struct intake_reader *reader;
    const char *name;
    struct job ring[DEPTH];
    unsigned head, n; /* jobs between being read and being consumed */
    bool ended;
    struct engine_stream time;
};
struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    struct job *queue[HUNT_STREAMS_MAX * DEPTH];
    unsigned head, n;
    bool ending;
    pthread_t threads[WORKERS_MAX];
    struct engine_lane *lanes[WORKERS_MAX];
    unsigned n_threads;
};
struct hunt {
    struct engine *engine;
    const struct hunt_options *options;
    struct pool pool;
    struct stream streams[HUNT_STREAMS_MAX];
    size_t n_streams;
    void (*failed)(void *ctx, const struct diag *d);
    void *ctx;
    struct hunt_totals totals;
};
struct worker {
    struct pool *pool;
    struct engine_lane *lane;
};

static void do_job(struct engine_lane *lane, struct job *j) {
    j->result = engine_process(lane, j->lines.records, j->lines.n, j->batch);
}

/* Takes the oldest job of the queue and does it. The mutex is held before and after, not meanwhile. */
static void do_next(struct pool *p, struct engine_lane *lane) {
    struct job *j = p->queue[p->head];
    p->head = (p->head + 1) % ARRAY_SIZE(p->queue);
    p->n--;
    pthread_mutex_unlock(&p->mutex);
    do_job(lane, j);
    pthread_mutex_lock(&p->mutex);
    j->state = JOB_DONE;
    pthread_cond_signal(&p->done); /* the main thread alone waits */
}

static void *work(void *arg) {
    struct worker w = *(struct worker *) arg;
    mem_free(arg);
    pthread_mutex_lock(&w.pool->mutex);
    for (;;) {
        while (!w.pool->n && !w.pool->ending)
            pthread_cond_wait(&w.pool->work, &w.pool->mutex);
        if (!w.pool->n)
            break;
        do_next(w.pool, w.lane);
    }
    pthread_mutex_unlock(&w.pool->mutex);
    return NULL;
}

static int pool_start(struct pool *p, struct engine *e, unsigned threads) {
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    threads = MIN(threads, (unsigned) WORKERS_MAX);
    p->lanes[0] = engine_lane_new(e);
    if (!p->lanes[0])
        return -ENOMEM;
    for (unsigned i = 1; i < threads; i++) {
        struct worker *w = mem_alloc(sizeof *w);
        p->lanes[i] = engine_lane_new(e);
        if (!w || !p->lanes[i]) {
            mem_free(w);
            return -ENOMEM;
        }
        *w = (struct worker){p, p->lanes[i]};
        if (pthread_create(&p->threads[i - 1], NULL, work, w) != 0) {
            mem_free(w);
            return -EAGAIN;
        }
        p->n_threads++;
    }
    return 0;
}

static void pool_end(struct pool *p) {
    pthread_mutex_lock(&p->mutex);
    p->ending = true;
    p->n = 0;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
    for (unsigned i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    for (unsigned i = 0; i < WORKERS_MAX; i++)
        engine_lane_free(p->lanes[i]);
}

/* Hands the job to a worker, or does it here when there is none. */
static void submit(struct hunt *h, struct job *j) {
    struct pool *p = &h->pool;
    if (!p->n_threads) {
        do_job(p->lanes[0], j);
        j->state = JOB_DONE;
        return;
    }
    pthread_mutex_lock(&p->mutex);
    j->state = JOB_QUEUED;
    p->queue[(p->head + p->n++) % ARRAY_SIZE(p->queue)] = j;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->mutex);
}

static void wait_for(struct hunt *h, struct job *j) {
    if (!h->pool.n_threads)
        return;
    pthread_mutex_lock(&h->pool.mutex);
    while (j->state != JOB_DONE)
        if (h->pool.n)
            do_next(&h->pool, h->pool.lanes[0]);
        else
            pthread_cond_wait(&h->pool.done, &h->pool.mutex);
    pthread_mutex_unlock(&h->pool.mutex);
}

static void say_failed(struct hunt *h, const struct diag *d) {
    h->totals.files_failed++;
    h->failed(h->ctx, d);
}

/* Reads the next batch of the stream if it has room; keeps workers busy without running ahead. */
static void read_ahead(struct hunt *h, struct stream *s, unsigned depth) {
    struct diag d = {0};
    while (!s->ended && s->n < depth) {
        struct job *j = &s->ring[(s->head + s->n) % DEPTH];
        int r = intake_reader_next(s->reader, &j->lines, &d);
        if (r < 0)
            say_failed(h, &d);
        if (r <= 0) {
            s->ended = true;
            return;
        }
        s->n++;
        submit(h, j);
    }
}

static int open_stream(struct hunt *h, struct stream *s, const char *name, uint32_t stream) {
    struct diag d = {0};
    struct intake_reader_options o = {
        .batch_bytes = h->options->batch_bytes, .stream = stream, .flags = RAW_BACKFILL};
    *s = (struct stream){.name = name, .time = ENGINE_STREAM_START};
    if (intake_reader_open(name, &o, &s->reader, &d) < 0) {
        say_failed(h, &d);
        s->ended = true;
        return 0;
    }
    for (unsigned i = 0; i < DEPTH; i++) {
        intake_batch_init(&s->ring[i].lines);
        s->ring[i].batch = engine_batch_new();
        if (!s->ring[i].batch)
            return -ENOMEM;
    }
    return 0;
}

static void close_stream(struct hunt *h, struct stream *s) {
    struct intake_progress p;
    for (unsigned i = 0; i < s->n; i++)
        wait_for(h, &s->ring[(s->head + i) % DEPTH]);
    if (!s->reader)
        return;
    intake_reader_progress(s->reader, &p);
    h->totals.bytes += p.content;
    h->totals.lines += p.lines;
    intake_reader_free(s->reader);
    for (unsigned i = 0; i < DEPTH; i++) {
        intake_batch_done(&s->ring[i].lines);
        engine_batch_free(s->ring[i].batch);
    }
}

/* Makes the stream's head batch one with something in it. 1 = there is, 0 = the stream is over. */
static int make_ready(struct hunt *h, struct stream *s, unsigned depth) {
    for (;;) {
        read_ahead(h, s, depth);
        if (!s->n)
            return 0;
        struct job *j = &s->ring[s->head];
        wait_for(h, j);
        if (j->result < 0)
            return j->result;
        if (engine_peek(j->batch, &s->time) != ENGINE_CONSUMED)
            return 1;
        int r = engine_consume(h->engine, j->batch, &s->time);
        if (r < 0)
            return r;
        s->head = (s->head + 1) % depth; /* a single thread has one batch, which stays in the cache */
        s->n--;
    }
}

static int merge(struct hunt *h) {
    unsigned depth = h->pool.n_threads ? DEPTH : 1;
    for (;;) {
        struct stream *best = NULL;
        int64_t best_ns = 0, second_ns = ENGINE_CONSUMED;
        for (size_t i = 0; i < h->n_streams; i++) {
            struct stream *s = &h->streams[i];
            int r = make_ready(h, s, depth);
            if (r < 0)
                return r;
            if (!r)
                continue;
            int64_t t = engine_peek(s->ring[s->head].batch, &s->time);
            if (!best || t < best_ns) {
                second_ns = best ? best_ns : second_ns;
                best = s;
                best_ns = t;
            } else if (t < second_ns) {
                second_ns = t;
            }
        }
        if (!best)
            return 0;
        /* Go on with this stream as long as it stays before all others (earlier streams win ties, so a tie
         * with a later stream may also go on; a tie with an earlier one goes back to the comparison). */
        struct engine_batch *b = best->ring[best->head].batch;
        do {
            int r = engine_step(h->engine, b, &best->time);
            if (r < 0)
                return r;
        } while (engine_peek(b, &best->time) < second_ns);
    }
}

int hunt_streams(struct engine *e, const char *const *files, size_t n, const struct hunt_options *o,
                 void (*failed)(void *ctx, const struct diag *d), void *ctx,
                 struct hunt_totals *ret) {
    struct hunt *h = mem_zalloc(sizeof *h);
    if (!h)
        return -ENOMEM;
    h->engine = e;
    h->options = o;
    h->failed = failed;
    h->ctx = ctx;
    int r = pool_start(&h->pool, e, o->threads);
    for (size_t from = 0; r == 0 && from < n; from += HUNT_STREAMS_MAX) {
        h->n_streams = MIN(n - from, (size_t) HUNT_STREAMS_MAX);
        for (size_t i = 0; r == 0 && i < h->n_streams; i++)
            r = open_stream(h, &h->streams[i], files[from + i], (uint32_t) (from + i + 1));
        if (r == 0)
            r = merge(h);
        for (size_t i = 0; i < h->n_streams; i++)
            close_stream(h, &h->streams[i]);
        memset(h->streams, 0, sizeof h->streams);
    }
    pool_end(&h->pool);
    if (r == 0)
        r = engine_flush(e);
    *ret = h->totals;
    mem_free(h);
    return r;
}
