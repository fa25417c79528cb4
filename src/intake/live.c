#include "base/mem.h"
#include "intake/live_priv.h"

enum { RETRY_MS = 250 };

/* A remembered place to go on, as the spool had it when we started. */
struct state {
    uint32_t source, key;
    uint8_t n;
    char value[RAW_RESUME_BYTES_MAX];
};

struct intake_live {
    struct intake_live_options o;
    struct list transports;
    struct state *states;
    size_t states_n, states_cap;
    struct intake_counters *counters; /* by source */
    size_t counters_n;
    bool put_any; /* since the last commit */
    bool waits;   /* the last commit failed */
    bool closing;
    uv_prepare_t prepare; /* before the loop sleeps: what timers put */
    uv_check_t check;     /* after descriptors were served */
    uv_timer_t retry;
    int handles;
    unsigned connections;
    uint32_t next_key;
    char buffer[LIVE_BUFFER_BYTES];
};

static int64_t wall_clock(void *ctx UNUSED) {
    return time_now_ns();
}

uv_loop_t *live_loop(struct intake_live *l) {
    return l->o.loop;
}
int64_t live_now(struct intake_live *l) {
    return l->o.clock.now_ns(l->o.clock.ctx);
}
int64_t live_since(const struct intake_live *l) {
    return l->o.since_ns;
}
bool live_waits(const struct intake_live *l) {
    return l->waits || l->closing;
}
int live_name_source(struct intake_live *l, const struct source *def, uint32_t *ret_id,
                     struct diag *reterr) {
    return l->o.name_source(l->o.ctx, def, ret_id, reterr);
}

char *live_buffer(struct intake_live *l) {
    return l->buffer;
}
unsigned *live_connections(struct intake_live *l) {
    return &l->connections;
}
uint32_t live_next_key(struct intake_live *l) {
    return ++l->next_key;
}

void live_add(struct intake_live *l, struct live_transport *t) {
    t->live = l;
    list_add_tail(&l->transports, &t->link);
}
struct list *live_transports(struct intake_live *l) {
    return &l->transports;
}
void live_remove(struct live_transport *t) {
    list_remove(&t->link);
}

struct intake_counters *live_counters(struct intake_live *l, uint32_t source) {
    static struct intake_counters nobody; /* when memory ends, counting is what we can do without */
    if (source >= l->counters_n) {
        size_t cap = l->counters_n, from = l->counters_n;
        if (mem_grow((void **) &l->counters, &cap, source + 1, SOURCES_MAX + 1,
                     sizeof *l->counters) < 0)
            return &nobody;
        memset(l->counters + from, 0, (cap - from) * sizeof *l->counters);
        l->counters_n = cap;
    }
    return &l->counters[source];
}

struct intake_counters intake_live_counters(const struct intake_live *l, uint32_t source) {
    return source < l->counters_n ? l->counters[source] : (struct intake_counters){0};
}

/* ---- commit ---- */

static void on_retry(uv_timer_t *t);

static void commit(struct intake_live *l) {
    if (!l->put_any && !l->waits)
        return;
    if (l->o.sink.commit(l->o.sink.ctx, NULL) < 0) {
        if (!l->waits && !l->closing)
            (void) uv_timer_start(&l->retry, on_retry, RETRY_MS, RETRY_MS);
        l->waits = true;
        return;
    }
    bool waited = l->waits;
    l->put_any = l->waits = false;
    LIST_FOR_EACH(it, &l->transports) {
        struct live_transport *t = container_of(it, struct live_transport, link);
        if (t->committed)
            t->committed(t);
    }
    if (!waited)
        return;
    (void) uv_timer_stop(&l->retry);
    LIST_FOR_EACH(it, &l->transports) {
        struct live_transport *t = container_of(it, struct live_transport, link);
        if (!l->closing)
            t->go_on(t);
    }
}

static void on_retry(uv_timer_t *t) {
    commit(t->data);
}
static void on_prepare(uv_prepare_t *p) {
    struct intake_live *l = p->data;
    if (l->put_any && !l->waits)
        commit(l);
}
static void on_check(uv_check_t *c) {
    struct intake_live *l = c->data;
    if (l->put_any && !l->waits)
        commit(l);
}

int live_put(struct intake_live *l, const struct raw_record *rec) {
    int r = l->o.sink.put(l->o.sink.ctx, rec, NULL);
    if (r == -EAGAIN && !l->waits) {
        /* Only write here: the transports are told after the turn, when none of them is in the
         * middle of something. */
        r = l->o.sink.commit(l->o.sink.ctx, NULL);
        if (r == 0)
            r = l->o.sink.put(l->o.sink.ctx, rec, NULL);
        else
            r = -EAGAIN;
    }
    if (r == 0) {
        l->put_any = true;
        return 0;
    }
    if (r == -EAGAIN || r == -ENOMEM) {
        l->put_any = true; /* so that the end of the turn tries, fails, and sets the timer */
        return -EAGAIN;
    }
    live_counters(l, rec->source)->broken++;
    return 0;
}

/* ---- states ---- */

int intake_live_restore(struct intake_live *l, const struct raw_record *rec) {
    if (!(rec->flags & RAW_STATE))
        return 0;
    int r = mem_grow((void **) &l->states, &l->states_cap, l->states_n + 1, SPOOL_STATES_MAX,
                     sizeof *l->states);
    if (r < 0)
        return r;
    struct state *s = &l->states[l->states_n++];
    ASSERT(rec->resume.n <= sizeof s->value);
    s->source = rec->source;
    s->key = rec->resume_key;
    l->next_key = MAX(l->next_key, s->key);
    s->n = (uint8_t) rec->resume.n;
    memcpy(s->value, rec->resume.p, rec->resume.n);
    return 0;
}

int live_all_states(struct intake_live *l, live_state_fn *fn, void *ctx) {
    int r = 0;
    for (size_t i = 0; i < l->states_n && r == 0; i++)
        r = fn(ctx, l->states[i].source, l->states[i].key,
               str_n(l->states[i].value, l->states[i].n));
    return r;
}

int live_states(struct intake_live *l, uint32_t source, live_state_fn *fn, void *ctx) {
    int r = 0;
    for (size_t i = 0; i < l->states_n && r == 0; i++)
        if (l->states[i].source == source)
            r = fn(ctx, source, l->states[i].key, str_n(l->states[i].value, l->states[i].n));
    return r;
}

int live_put_state(struct intake_live *l, uint32_t source, uint32_t key, struct str value) {
    struct raw_record rec = {.source = source,
                             .flags = RAW_STATE,
                             .arrival_ns = live_now(l),
                             .resume = str_n(value.p ? value.p : "", value.n),
                             .resume_key = key};
    return live_put(l, &rec);
}

void live_forget_state(struct intake_live *l, uint32_t source, uint32_t key) {
    if (live_put_state(l, source, key, STR_NULL) < 0)
        return;
}

/* ---- life ---- */

static void on_closed(uv_handle_t *h) {
    struct intake_live *l = h->data;
    if (--l->handles > 0)
        return;
    mem_free(l->states);
    mem_free(l->counters);
    mem_free(l);
}

int intake_live_new(const struct intake_live_options *o, struct intake_live **ret) {
    struct intake_live *l = mem_zalloc(sizeof *l);
    if (!l)
        return -ENOMEM;
    l->o = *o;
    if (!l->o.clock.now_ns)
        l->o.clock.now_ns = wall_clock;
    list_init(&l->transports);
    l->handles = 3;
    l->prepare.data = l->check.data = l->retry.data = l;
    /* these cannot fail in libuv */
    (void) uv_prepare_init(o->loop, &l->prepare);
    (void) uv_check_init(o->loop, &l->check);
    (void) uv_timer_init(o->loop, &l->retry);
    (void) uv_prepare_start(&l->prepare, on_prepare);
    (void) uv_check_start(&l->check, on_check);
    *ret = l;
    return 0;
}

void intake_live_close(struct intake_live *l) {
    if (!l)
        return;
    l->closing = true;
    commit(l);
    LIST_FOR_EACH(it, &l->transports) {
        struct live_transport *t = container_of(it, struct live_transport, link);
        t->close(t);
    }
    uv_close((uv_handle_t *) &l->prepare, on_closed);
    uv_close((uv_handle_t *) &l->check, on_closed);
    uv_close((uv_handle_t *) &l->retry, on_closed);
}
