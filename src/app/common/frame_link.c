#include "app/common/frame_link.h"

#include "base/buf.h"
#include "base/frame.h"
#include "base/limits.h"
#include "base/mem.h"

enum { READ_BYTES = 65536 };

struct frame_link {
    uv_loop_t *loop;
    uv_pipe_t pipe;
    uv_connect_t connect;
    uv_timer_t retry;
    char path[108]; /* sun_path */
    unsigned retry_ms;
    struct frame_link_handlers on;
    bool open, up, freed, timer_closed;
    struct buf in;
};
struct write_req {
    uv_write_t req;
    struct buf bytes;
};

static void connect_now(struct frame_link *l);

static void on_retry(uv_timer_t *t) {
    connect_now(t->data);
}

/* The memory goes with the last of the two handles. */
static void free_when_closed(struct frame_link *l) {
    if (!l->freed || l->open || !l->timer_closed)
        return;
    buf_done(&l->in);
    mem_free(l);
}

static void on_timer_closed(uv_handle_t *h) {
    struct frame_link *l = h->data;
    l->timer_closed = true;
    free_when_closed(l);
}

static void on_closed(uv_handle_t *h) {
    struct frame_link *l = h->data;
    l->open = false;
    if (l->freed)
        free_when_closed(l);
    else
        (void) uv_timer_start(&l->retry, on_retry, l->retry_ms, 0);
}

static void close_pipe(struct frame_link *l) {
    l->up = false;
    buf_clear(&l->in);
    if (l->open && !uv_is_closing((uv_handle_t *) &l->pipe))
        uv_close((uv_handle_t *) &l->pipe, on_closed);
}

void frame_link_hang_up(struct frame_link *l) {
    if (l->freed || !l->open || uv_is_closing((uv_handle_t *) &l->pipe))
        return;
    close_pipe(l);
    l->on.lost(l->on.ctx);
}

static void on_written(uv_write_t *req, int status) {
    struct write_req *w = container_of(req, struct write_req, req);
    struct frame_link *l = req->data;
    buf_done(&w->bytes);
    mem_free(w);
    if (status < 0)
        frame_link_hang_up(l);
    else if (l->up)
        l->on.sent(l->on.ctx);
}

int frame_link_write(struct frame_link *l, struct str message) {
    struct write_req *w = l->up ? mem_zalloc(sizeof *w) : NULL;
    if (!w)
        return l->up ? -ENOMEM : -ENOTCONN;
    buf_init(&w->bytes, FRAME_BYTES_MAX + 8);
    frame_add(&w->bytes, message);
    uv_buf_t b = uv_buf_init(w->bytes.p, (unsigned) w->bytes.n);
    w->req.data = l;
    int e = buf_error(&w->bytes);
    if (e == 0)
        e = uv_write(&w->req, (uv_stream_t *) &l->pipe, &b, 1, on_written);
    if (e < 0) {
        buf_done(&w->bytes);
        mem_free(w);
    }
    return e;
}

static void on_alloc(uv_handle_t *h, size_t suggested UNUSED, uv_buf_t *b) {
    struct frame_link *l = h->data;
    size_t room = MIN((size_t) READ_BYTES, l->in.max - l->in.n);
    char *p = room ? buf_reserve(&l->in, room) : NULL;
    *b = uv_buf_init(p, p ? (unsigned) room : 0);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b UNUSED) {
    struct frame_link *l = s->data;
    struct str message;
    size_t at = 0;
    int r = n < 0 ? (int) n : 0;
    if (n > 0)
        buf_added(&l->in, (size_t) n);
    while (r == 0 && l->up && (r = frame_next(buf_str(&l->in), &at, &message)) == 1)
        r = l->on.message(l->on.ctx, message);
    if (!l->up) /* hung up or freed meanwhile: what was read is forgotten */
        return;
    if (r < 0)
        frame_link_hang_up(l);
    else
        buf_remove_front(&l->in, at);
}

static void on_connected(uv_connect_t *req, int status) {
    struct frame_link *l = req->data;
    if (l->freed)
        return;
    if (status == 0)
        status = uv_read_start((uv_stream_t *) &l->pipe, on_alloc, on_read);
    if (status < 0) {
        frame_link_hang_up(l);
        return;
    }
    l->up = true;
    l->on.connected(l->on.ctx);
}

static void connect_now(struct frame_link *l) {
    (void) uv_pipe_init(l->loop, &l->pipe, 0);
    l->pipe.data = l->connect.data = l;
    l->open = true;
    uv_pipe_connect(&l->connect, &l->pipe, l->path, on_connected);
}

int frame_link_new(uv_loop_t *loop, const char *socket_path, size_t in_max, unsigned retry_ms,
                   const struct frame_link_handlers *on, struct frame_link **ret) {
    struct frame_link *l = mem_zalloc(sizeof *l);
    if (!l)
        return -ENOMEM;
    if (strlen(socket_path) >= sizeof l->path) {
        mem_free(l);
        return -ENAMETOOLONG;
    }
    l->loop = loop;
    l->on = *on;
    l->retry_ms = retry_ms;
    snprintf(l->path, sizeof l->path, "%s", socket_path);
    buf_init(&l->in, in_max + 8);
    (void) uv_timer_init(loop, &l->retry);
    l->retry.data = l;
    connect_now(l);
    *ret = l;
    return 0;
}

struct frame_link *frame_link_free(struct frame_link *l) {
    if (!l)
        return NULL;
    l->freed = true;
    uv_close((uv_handle_t *) &l->retry, on_timer_closed);
    close_pipe(l);
    return NULL;
}

bool frame_link_up(const struct frame_link *l) {
    return l->up;
}
size_t frame_link_queued(const struct frame_link *l) {
    return uv_stream_get_write_queue_size((const uv_stream_t *) &l->pipe);
}
void frame_link_retry(struct frame_link *l, unsigned ms) {
    l->retry_ms = ms;
}
