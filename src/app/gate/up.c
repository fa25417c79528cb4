/* See up.h. Numbers are given when a batch leaves, in order, and never twice; a connection that broke begins again with
 * the first batch that is not on disk, and the sensor passes over what it has. */
#include "app/gate/up.h"

#include "app/common/frame_link.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"

enum {
    RETRY_MS = 100,
    LOOK_MS = 250,
    STANDS_AFTER_MS = 3000, /* nothing got on disk for so long: it is full, or the sensor does not run */
    FRAME_ROOM = FRAME_BYTES_MAX / 2,
    BATCH_BYTES_MAX = 80 << 20, /* one request, with what each record costs */
    KIND_CAP = 32,
};

struct up_batch {
    struct list link;
    struct up *up;
    struct buf bytes;
    size_t n;
    uint64_t first; /* 0: has not left */
    size_t at;      /* bytes on this connection so far */
    uint64_t gone;  /* records */
    int64_t since_ns;
    bool refusable;
    up_done_fn *done;
    void *ctx;
};
struct up_src {
    char name[160], kind[KIND_CAP];
    int offset_min;
    uint64_t lost, broken;
    bool lost_told;
};
struct waiter {
    struct list link;
    void (*again)(void *ctx);
    void *ctx;
};
struct up {
    uv_timer_t look, soon;
    struct frame_link *line;
    bool up; /* the sensor has said where to go on */
    uint64_t session, next; /* next number to give */
    uint64_t acked;
    int64_t progress_ns;    /* when a batch was on disk last */
    struct list batches, waiters;
    size_t queued_bytes, sent_bytes;
    struct map ids; /* name -> id */
    struct up_src *sources;
    size_t n_sources, cap_sources, told_sources;
};

static void push(struct up *u);

static struct up_batch *batch_of(struct list *x) {
    return container_of(x, struct up_batch, link);
}

static void batch_free(struct up_batch *b) {
    buf_done(&b->bytes);
    mem_free(b);
}

/* ---- the connection ---- */

static void on_lost(void *ctx) {
    struct up *u = ctx;
    u->up = false;
    u->told_sources = 0;
    u->sent_bytes = 0;
    LIST_FOR_EACH(it, &u->batches) {
        batch_of(it)->at = 0;
        batch_of(it)->gone = 0;
    }
}

static int tell_source(struct up *u, uint32_t id) {
    const struct up_src *s = &u->sources[id - 1];
    struct source def = {.id = id, .name = str_of(s->name), .kind = str_of(s->kind), .encoding = -1,
                         .offset_min = s->offset_min, .skew_max_ns = 5 * NS_PER_MIN};
    struct buf b;
    buf_init(&b, 8192);
    buf_add_byte(&b, HANDED_SOURCE);
    handed_put_u32(&b, id);
    int r = source_encode(&def, &b);
    if (r == 0)
        r = buf_error(&b) ? -ENOMEM : frame_link_write(u->line, buf_str(&b));
    buf_done(&b);
    return r;
}

static int tell_lost(struct up *u, uint32_t id) {
    struct up_src *s = &u->sources[id - 1];
    struct buf b;
    buf_init(&b, 64);
    buf_add_byte(&b, HANDED_LOST);
    handed_put_u32(&b, id);
    handed_put_u64(&b, s->lost);
    handed_put_u64(&b, s->broken);
    int r = buf_error(&b) ? -ENOMEM : frame_link_write(u->line, buf_str(&b));
    s->lost_told = r == 0;
    buf_done(&b);
    return r;
}

/* The next frame of a batch: as many whole records as FRAME_ROOM takes, at least one. */
static int send_some(struct up *u, struct up_batch *b) {
    struct raw_record rec;
    struct buf out;
    struct str all = buf_str(&b->bytes);
    size_t from = b->at, to = from, n = 0;
    if (b->first == 0) {
        b->first = u->next;
        u->next += b->n;
    }
    while (to < all.n && to - from < FRAME_ROOM) {
        size_t next = to;
        if (handed_record_next(all, &next, &rec) != 1)
            break;
        if (next - from > FRAME_BYTES_MAX - 64 && n)
            break;
        to = next;
        n++;
    }
    buf_init(&out, FRAME_BYTES_MAX);
    buf_add_byte(&out, HANDED_RECORDS);
    handed_put_u64(&out, b->first + b->gone);
    buf_add(&out, str_n(all.p + from, to - from));
    int r = buf_error(&out) ? -ENOMEM : frame_link_write(u->line, buf_str(&out));
    buf_done(&out);
    if (r == 0) {
        b->at = to;
        b->gone += n;
        u->sent_bytes += to - from;
    }
    return r;
}

static void push(struct up *u) {
    int r = 0;
    if (!u->up)
        return;
    for (; r == 0 && u->told_sources < u->n_sources; u->told_sources++)
        r = tell_source(u, (uint32_t) u->told_sources + 1);
    for (uint32_t id = 1; r == 0 && id <= u->n_sources; id++)
        if (!u->sources[id - 1].lost_told)
            r = tell_lost(u, id);
    LIST_FOR_EACH(it, &u->batches) {
        struct up_batch *b = batch_of(it);
        while (r == 0 && b->at < b->bytes.n && u->sent_bytes < GATE_WINDOW_BYTES_MAX)
            r = send_some(u, b);
        if (r < 0 || b->at < b->bytes.n)
            break;
    }
    if (r < 0)
        frame_link_hang_up(u->line);
}

static void on_sent(void *ctx) {
    push(ctx);
}

/* ---- what the sensor says ---- */

static void wake(struct up *u) {
    while (u->queued_bytes < GATE_QUEUE_BYTES_MAX / 2 && !list_empty(&u->waiters)) {
        struct waiter *w = container_of(u->waiters.next, struct waiter, link);
        list_remove(&w->link);
        void (*again)(void *) = w->again;
        void *ctx = w->ctx;
        mem_free(w);
        again(ctx);
    }
}

static void on_disk(struct up *u, uint64_t last) {
    u->acked = last;
    while (!list_empty(&u->batches)) {
        struct up_batch *b = batch_of(u->batches.next);
        if (b->n && (b->first == 0 || b->first + b->n - 1 > last))
            break;
        list_remove(&b->link);
        u->progress_ns = time_monotonic_ns();
        u->queued_bytes -= b->bytes.n;
        u->sent_bytes -= MIN(b->at, u->sent_bytes);
        if (b->done)
            b->done(b->ctx, 0);
        batch_free(b);
    }
    wake(u);
    push(u);
}

static int on_message(void *ctx, struct str m) {
    struct up *u = ctx;
    if (m.n != 9 || (m.p[0] != HANDED_WELCOME && m.p[0] != HANDED_ON_DISK))
        return -ERR_PARSE;
    if (m.p[0] == HANDED_WELCOME)
        u->up = true;
    on_disk(u, handed_get(m.p + 1, 8));
    return 0;
}

static void on_connected(void *ctx) {
    struct up *u = ctx;
    char hello[9] = {HANDED_SESSION};
    memcpy(hello + 1, &u->session, 8);
    if (frame_link_write(u->line, str_n(hello, sizeof hello)) < 0)
        frame_link_hang_up(u->line);
}

/* ---- the queue ---- */

static bool stands(const struct up *u) {
    return !list_empty(&u->batches) &&
           time_monotonic_ns() - MAX(u->progress_ns, batch_of(u->batches.next)->since_ns) >
               STANDS_AFTER_MS * (NS_PER_S / 1000);
}

/* What has not left and may be refused is given back; its sender keeps it and comes again. */
static void on_look(uv_timer_t *t) {
    struct up *u = t->data;
    if (!stands(u))
        return;
    LIST_FOR_EACH(it, &u->batches) {
        struct up_batch *b = batch_of(it);
        if (!b->refusable || b->first)
            continue;
        list_remove(&b->link);
        u->queued_bytes -= b->bytes.n;
        if (b->done)
            b->done(b->ctx, -EAGAIN);
        batch_free(b);
        return; /* one a turn: done() may have changed the list */
    }
}

enum up_state up_state(const struct up *u) {
    return stands(u) ? UP_STANDS : u->queued_bytes >= GATE_QUEUE_BYTES_MAX ? UP_BUSY : UP_FINE;
}

void up_wait(struct up *u, void (*again)(void *ctx), void *ctx) {
    struct waiter *w = mem_zalloc(sizeof *w);
    if (!w)
        return; /* asked again with the next batch that is done, by whoever has one */
    w->again = again;
    w->ctx = ctx;
    list_add_tail(&u->waiters, &w->link);
}
void up_wait_no_more(struct up *u, void *ctx) {
    LIST_FOR_EACH(it, &u->waiters) {
        struct waiter *w = container_of(it, struct waiter, link);
        if (w->ctx != ctx)
            continue;
        list_remove(&w->link);
        mem_free(w);
    }
}

struct up_batch *up_begin(struct up *u) {
    struct up_batch *b = mem_zalloc(sizeof *b);
    if (!b)
        return NULL;
    b->up = u;
    buf_init(&b->bytes, BATCH_BYTES_MAX);
    return b;
}

int up_add_whole(struct up_batch *b, uint32_t source, struct str bytes, struct str peer, uint32_t flags,
                 struct str mark) {
    struct raw_record rec = {.bytes = bytes, .arrival_ns = time_now_ns(), .source = source, .flags = flags,
                             .peer = str_to(peer, RAW_PEER_BYTES_MAX), .resume = mark};
    if (bytes.n > SPOOL_RECORD_BYTES_MAX / 2)
        return -ERR_LIMIT;
    handed_record_add(&b->bytes, &rec);
    b->n += buf_error(&b->bytes) == 0;
    return buf_error(&b->bytes);
}

int up_add(struct up_batch *b, uint32_t source, struct str line, struct str peer, uint32_t flags, struct str mark) {
    bool later = false;
    int r = 0;
    while (r == 0 && line.n > LINE_BYTES_MAX) {
        r = up_add_whole(b, source, str_to(line, LINE_BYTES_MAX), peer,
                         flags | RAW_PIECE | (later ? RAW_PIECE_NEXT : 0), STR_NULL);
        line = str_from(line, LINE_BYTES_MAX);
        later = true;
    }
    return r < 0 ? r : up_add_whole(b, source, line, peer, flags | (later ? RAW_PIECE_LAST : 0), mark);
}

size_t up_records(const struct up_batch *b) {
    return b->n;
}
void up_drop(struct up_batch *b) {
    if (b)
        batch_free(b);
}

/* An empty batch with nothing before it: nobody else would say that it is done. */
static void on_soon(uv_timer_t *t) {
    struct up *u = t->data;
    on_disk(u, u->acked);
}

void up_send(struct up_batch *b, bool refusable, up_done_fn *done, void *ctx) {
    struct up *u = b->up;
    b->refusable = refusable;
    b->done = done;
    b->ctx = ctx;
    b->since_ns = time_monotonic_ns();
    list_add_tail(&u->batches, &b->link);
    u->queued_bytes += b->bytes.n;
    if (b->n == 0)
        (void) uv_timer_start(&u->soon, on_soon, 0, 0);
    push(u);
}

void up_forget(struct up *u, void *ctx) {
    LIST_FOR_EACH(it, &u->batches) {
        struct up_batch *b = batch_of(it);
        if (b->ctx != ctx)
            continue;
        b->done = NULL;
        b->ctx = NULL;
        if (!b->refusable || b->first)
            continue;
        list_remove(&b->link);
        u->queued_bytes -= b->bytes.n;
        batch_free(b);
    }
}

/* ---- sources ---- */

uint32_t up_source(struct up *u, struct str name, const char *kind, int offset_min) {
    char key[160];
    int n = snprintf(key, sizeof key, "%.*s (%s)", (int) MIN(name.n, (size_t) 100), name.p, kind);
    union map_value *v = map_find(&u->ids, str_n(key, (size_t) n));
    bool fresh;
    if (v)
        return (uint32_t) v->num;
    if (mem_grow((void **) &u->sources, &u->cap_sources, u->n_sources + 1, GATE_SOURCES_MAX, sizeof *u->sources) < 0 ||
        map_add(&u->ids, str_n(key, (size_t) n), &v, &fresh) < 0)
        return 0;
    struct up_src *s = &u->sources[u->n_sources++];
    *s = (struct up_src){.offset_min = offset_min, .lost_told = true};
    memcpy(s->name, key, (size_t) n + 1);
    snprintf(s->kind, sizeof s->kind, "%s", kind);
    v->num = u->n_sources;
    push(u);
    return (uint32_t) u->n_sources;
}

void up_lost(struct up *u, uint32_t source, uint64_t lost, uint64_t broken) {
    struct up_src *s = source && source <= u->n_sources ? &u->sources[source - 1] : NULL;
    if (!s || (!lost && !broken))
        return;
    s->lost += lost;
    s->broken += broken;
    s->lost_told = false;
    push(u);
}

int up_new(uv_loop_t *loop, const char *socket_path, struct up **ret) {
    struct up *u = mem_zalloc(sizeof *u);
    uint8_t random[16];
    if (!u)
        return -ENOMEM;
    struct frame_link_handlers on = {
        .ctx = u, .connected = on_connected, .message = on_message, .sent = on_sent, .lost = on_lost};
    int r = frame_link_new(loop, socket_path, 64 * 1024, RETRY_MS, &on, &u->line);
    if (r < 0) {
        mem_free(u);
        return r;
    }
    hash_random_key(random);
    memcpy(&u->session, random, sizeof u->session);
    u->next = 1;
    list_init(&u->batches);
    list_init(&u->waiters);
    map_init(&u->ids, GATE_SOURCES_MAX, 0);
    (void) uv_timer_init(loop, &u->look);
    (void) uv_timer_init(loop, &u->soon);
    u->look.data = u->soon.data = u;
    (void) uv_timer_start(&u->look, on_look, LOOK_MS, LOOK_MS);
    *ret = u;
    return 0;
}
