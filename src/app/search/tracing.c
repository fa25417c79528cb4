/* See tracing.h. */
#include "app/search/tracing.h"

#include "base/limits.h"
#include "base/mem.h"

enum tracing_state { TRACING_RUNNING, TRACING_DONE, TRACING_STOPPED, TRACING_FAILED };
static const char *const state_names[] = {"running", "done", "stopped", "failed"};

struct tracing {
    enum tracing_state state;
    struct scan_options o;
    char *spool_dir, *filter_dir, *query;
    struct trace *trace;
    struct scan *scan; /* of what it wants now */
    int64_t begun_ns, ended_ns;
    uint64_t records, bytes, lost;
    double cpu_s;
    struct diag why;
};

struct tracing *tracing_free(struct tracing *t) {
    if (!t)
        return NULL;
    scan_free(t->scan);
    trace_free(t->trace);
    mem_free(t->spool_dir);
    mem_free(t->filter_dir);
    mem_free(t->query);
    mem_free(t);
    return NULL;
}

int tracing_new(const struct scan_options *o, const struct trace_question *q, struct tracing **ret, struct diag *reterr) {
    CLEANUP(tracing_freep) struct tracing *t = mem_zalloc(sizeof *t);
    if (!t)
        return diag_set(reterr, -ENOMEM, "out of memory");
    t->o = *o;
    t->begun_ns = time_monotonic_ns();
    t->spool_dir = str_dup(str_of(o->spool_dir));
    t->filter_dir = o->filter_dir ? str_dup(str_of(o->filter_dir)) : NULL;
    if (!t->spool_dir || (o->filter_dir && !t->filter_dir))
        return diag_set(reterr, -ENOMEM, "out of memory");
    t->o.spool_dir = t->spool_dir;
    t->o.filter_dir = t->filter_dir;
    int r = trace_new(q, &t->trace, reterr);
    if (r == 0)
        *ret = TAKE_PTR(t);
    return r;
}

bool tracing_is_running(const struct tracing *t) {
    return t->state == TRACING_RUNNING;
}

static void end(struct tracing *t, enum tracing_state state) {
    t->state = state;
    t->ended_ns = time_monotonic_ns();
}

void tracing_stop(struct tracing *t) {
    if (t->state == TRACING_RUNNING)
        end(t, TRACING_STOPPED);
}

static int found(void *ctx, struct search *s, const struct raw_record *rec, int64_t time_ns) {
    struct tracing *t = ctx;
    const struct event *ev;
    int r = search_event(s, rec, &ev);
    return r < 0 ? r : trace_take(t->trace, ev, scan_source_name(t->scan, rec->source), rec->pos.n, time_ns);
}

static void leave_scan(struct tracing *t) {
    const struct scan_progress *p = scan_progress(t->scan);
    t->records += p->records;
    t->bytes += p->bytes_done;
    t->lost = MAX(t->lost, p->lost);
    t->cpu_s += p->cpu_s;
    t->scan = scan_free(t->scan);
}

/* 1: a scan began; 0: nothing is wanted any more. */
static int begin_scan(struct tracing *t) {
    struct trace_want want;
    int r = trace_next(t->trace, &want);
    if (r <= 0)
        return r < 0 ? diag_set(&t->why, r, "cannot go on: %s", err_word(r)) : 0;
    mem_free(t->query);
    t->query = str_dup(want.query);
    if (!t->query)
        return diag_set(&t->why, -ENOMEM, "out of memory");
    t->o.query = str_of(t->query);
    t->o.from_ns = want.from_ns;
    t->o.to_ns = want.to_ns;
    r = scan_new(&t->o, &t->scan, &t->why);
    return r < 0 ? r : 1;
}

void tracing_step(struct tracing *t) {
    if (t->state != TRACING_RUNNING)
        return;
    int r = t->scan ? scan_step(t->scan, found, t, &t->why) : begin_scan(t);
    if (r == 0 && t->scan) {
        leave_scan(t);
        return;
    }
    if (r <= 0)
        end(t, r < 0 ? TRACING_FAILED : TRACING_DONE);
}

const struct trace *tracing_found(const struct tracing *t) {
    return t->trace;
}

const char *tracing_failed(const struct tracing *t) {
    return t->state == TRACING_FAILED ? t->why.text : NULL;
}

int tracing_write(struct tracing *t, struct jsonw *w) {
    unsigned most, rounds = trace_rounds(t->trace, &most);
    int64_t took = (t->state == TRACING_RUNNING ? time_monotonic_ns() : t->ended_ns) - t->begun_ns;
    const struct scan_progress *p = t->scan ? scan_progress(t->scan) : NULL;
    jsonw_kz(w, "state", state_names[t->state]);
    jsonw_kz(w, "why", t->state == TRACING_FAILED ? t->why.text : NULL);
    jsonw_key(w, STR("progress"));
    jsonw_object(w);
    jsonw_ku64(w, "rounds", rounds);
    jsonw_ku64(w, "rounds_most", MAX(most, rounds));
    jsonw_ku64(w, "records", t->records + (p ? p->records : 0));
    jsonw_ku64(w, "bytes", t->bytes + (p ? p->bytes_done : 0));
    jsonw_ku64(w, "lost", MAX(t->lost, p ? p->lost : 0));
    jsonw_kdouble(w, "took_s", (double) (took / NS_PER_MS) / 1000);
    jsonw_kdouble(w, "cpu_s", t->cpu_s + (p ? p->cpu_s : 0));
    jsonw_end(w);
    return trace_write(t->trace, w);
}
