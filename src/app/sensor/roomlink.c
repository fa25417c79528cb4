/* See roomlink.h. A finding stays in the outbox from being told until it is acknowledged; after a lost
 * connection all of them are sent again in order, and the room goes by id and revision. */
#include "app/sensor/roomlink.h"

#include "base/frame.h"
#include "base/image.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"

enum {
    RETRY_MS = 200,
    REFUSED_RETRY_MS = 10000, /* another sensor speaks there: it may end */
    OUTBOX_BYTES_MAX = 64 * 1024 * 1024,
    WRITE_QUEUE_MAX = 8 * 1024 * 1024, /* findings wait in the outbox, not twice in memory */
    OTHER_QUEUE_MAX = 64 * 1024 * 1024, /* the rules go at once: some thousand of them are 20 MB */
};

struct out_item {
    struct list link;
    uint64_t seq;
    size_t n;
    char bytes[]; /* the finding's JSON */
};
struct roomlink {
    uv_loop_t *loop;
    uv_pipe_t pipe;
    uv_connect_t connect;
    uv_timer_t retry;
    char path[256];
    struct roomlink_handlers on;
    bool open, up, deaf, was_full, ending, ended, refused;
    struct buf in;
    struct list outbox;       /* oldest first */
    struct list *next_unsent; /* into outbox; &outbox: all sent */
    size_t outbox_bytes;
    size_t n_out;
    uint64_t seq;
};
struct write_req {
    uv_write_t req;
    struct buf bytes;
};

static void connect_now(struct roomlink *l);
static void send_findings(struct roomlink *l);

static struct out_item *item_of(struct list *x) {
    return container_of(x, struct out_item, link);
}

static void on_retry(uv_timer_t *t) {
    connect_now(t->data);
}

/* The memory goes with the last of the two handles. */
static void on_last_closed(uv_handle_t *h) {
    struct roomlink *l = h->data;
    if (uv_handle_get_type(h) == UV_NAMED_PIPE)
        l->open = false;
    else
        l->ended = true;
    if (l->open || !l->ended)
        return;
    LIST_FOR_EACH(it, &l->outbox)
        mem_free(item_of(it));
    buf_done(&l->in);
    mem_free(l);
}

static void on_closed(uv_handle_t *h) {
    struct roomlink *l = h->data;
    if (l->ending) {
        on_last_closed(h);
        return;
    }
    l->open = false;
    uv_timer_start(&l->retry, on_retry, l->refused ? REFUSED_RETRY_MS : RETRY_MS, 0);
}

static void hang_up(struct roomlink *l) {
    l->up = false;
    buf_clear(&l->in);
    l->next_unsent = l->outbox.next; /* all unacknowledged ones again */
    if (l->open && !uv_is_closing((uv_handle_t *) &l->pipe))
        uv_close((uv_handle_t *) &l->pipe, on_closed);
}

static void on_written(uv_write_t *req, int status) {
    struct write_req *w = container_of(req, struct write_req, req);
    struct roomlink *l = req->data;
    buf_done(&w->bytes);
    mem_free(w);
    if (status < 0)
        hang_up(l);
    else if (l->up)
        send_findings(l);
}

static int write_frame(struct roomlink *l, struct str json) {
    struct write_req *w = mem_zalloc(sizeof *w);
    if (!w)
        return -ENOMEM;
    buf_init(&w->bytes, FRAME_BYTES_MAX + 8);
    frame_add(&w->bytes, json);
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

void roomlink_send(struct roomlink *l, struct str json) {
    if (!l->up)
        return;
    bool deaf = uv_stream_get_write_queue_size((uv_stream_t *) &l->pipe) > OTHER_QUEUE_MAX;
    if (deaf && !l->deaf)
        log_warn("the room does not read; it is told nothing but findings until it does");
    l->deaf = deaf;
    if (!deaf && write_frame(l, json) < 0)
        hang_up(l);
}

static void send_findings(struct roomlink *l) {
    struct buf b;
    buf_init(&b, FRAME_BYTES_MAX);
    while (l->up && l->next_unsent != &l->outbox &&
           uv_stream_get_write_queue_size((uv_stream_t *) &l->pipe) < WRITE_QUEUE_MAX) {
        struct out_item *it = item_of(l->next_unsent);
        l->next_unsent = l->next_unsent->next;
        buf_clear(&b);
        buf_printf(&b, "{\"t\":\"finding\",\"seq\":%llu,\"finding\":", (unsigned long long) it->seq);
        buf_add(&b, str_n(it->bytes, it->n));
        buf_add_byte(&b, '}');
        if (buf_error(&b) || write_frame(l, buf_str(&b)) < 0)
            hang_up(l);
    }
    buf_done(&b);
}

static void take_acknowledgement(struct roomlink *l, uint64_t seq) {
    bool was_full = roomlink_full(l);
    while (!list_empty(&l->outbox) && item_of(l->outbox.next)->seq <= seq) {
        struct out_item *it = item_of(l->outbox.next);
        if (l->next_unsent == &it->link)
            l->next_unsent = it->link.next;
        l->outbox_bytes -= it->n;
        l->n_out--;
        list_remove(&it->link);
        mem_free(it);
    }
    if (was_full && !roomlink_full(l)) {
        l->was_full = false;
        log_info("the room takes findings again; detection goes on");
        l->on.room_again(l->on.ctx);
    }
}

static void refused(struct roomlink *l, const struct json_value *m) {
    struct str why = STR("it says nothing of why");
    (void) json_get_str(m, "why", &why);
    if (!l->refused)
        log_warn("the room takes nothing from this sensor: %.*s", (int) MIN(why.n, 500u), why.p);
    l->refused = true;
    hang_up(l);
}

static void on_message(struct roomlink *l, struct str text) {
    struct arena a;
    struct json_value *m;
    struct str type;
    int64_t seq;
    arena_init(&a, 16 * 1024 * 1024);
    if (json_parse(&a, text, &m, NULL) < 0 || !json_get_str(m, "t", &type))
        hang_up(l);
    else if (str_eq_z(type, "refused"))
        refused(l, m);
    else if (str_eq_z(type, "ack") && json_get_i64(m, "seq", &seq) && seq > 0)
        take_acknowledgement(l, (uint64_t) seq);
    else
        l->on.asked(l->on.ctx, type, m);
    if (l->up)
        l->refused = false;
    arena_done(&a);
}

static void on_alloc(uv_handle_t *h, size_t suggested UNUSED, uv_buf_t *b) {
    struct roomlink *l = h->data;
    char *p = buf_reserve(&l->in, 65536);
    *b = uv_buf_init(p, p ? 65536 : 0);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b UNUSED) {
    struct roomlink *l = s->data;
    struct str message;
    size_t at = 0;
    int r = 0;
    if (n < 0) {
        hang_up(l);
        return;
    }
    buf_added(&l->in, (size_t) n);
    while (l->up && (r = frame_next(buf_str(&l->in), &at, &message)) > 0)
        on_message(l, message);
    if (!l->up)
        return;
    if (r < 0)
        hang_up(l);
    else
        buf_remove_front(&l->in, at);
}

static void on_connected(uv_connect_t *req, int status) {
    struct roomlink *l = req->data;
    if (status < 0) {
        hang_up(l);
        return;
    }
    l->up = true;
    uv_read_start((uv_stream_t *) &l->pipe, on_alloc, on_read);
    l->on.connected(l->on.ctx);
    if (l->up)
        send_findings(l);
}

static void connect_now(struct roomlink *l) {
    uv_pipe_init(l->loop, &l->pipe, 0);
    l->pipe.data = l;
    l->open = true;
    l->connect.data = l;
    uv_pipe_connect(&l->connect, &l->pipe, l->path, on_connected);
}

int roomlink_new(uv_loop_t *loop, const char *socket_path, const struct roomlink_handlers *h,
                 struct roomlink **ret) {
    struct roomlink *l = mem_zalloc(sizeof *l);
    if (!l)
        return -ENOMEM;
    if (strlen(socket_path) >= sizeof l->path) {
        mem_free(l);
        return -ENAMETOOLONG;
    }
    l->loop = loop;
    l->on = *h;
    snprintf(l->path, sizeof l->path, "%s", socket_path);
    buf_init(&l->in, 2 * FRAME_BYTES_MAX);
    list_init(&l->outbox);
    l->next_unsent = &l->outbox;
    uv_timer_init(loop, &l->retry);
    l->retry.data = l;
    connect_now(l);
    *ret = l;
    return 0;
}

struct roomlink *roomlink_free(struct roomlink *l) {
    if (!l)
        return NULL;
    l->ending = true;
    l->up = false;
    uv_close((uv_handle_t *) &l->retry, on_last_closed);
    if (l->open && !uv_is_closing((uv_handle_t *) &l->pipe))
        uv_close((uv_handle_t *) &l->pipe, on_closed);
    return NULL;
}

int roomlink_finding(struct roomlink *l, struct str json) {
    if (json.n > ROOMLINK_FINDING_BYTES_MAX)
        return -ERR_LIMIT;
    struct out_item *it = mem_alloc(sizeof *it + json.n);
    if (!it)
        return -ENOMEM;
    *it = (struct out_item){.seq = ++l->seq, .n = json.n};
    memcpy(it->bytes, json.p, json.n);
    list_add_tail(&l->outbox, &it->link);
    if (l->next_unsent == &l->outbox)
        l->next_unsent = &it->link;
    l->outbox_bytes += json.n;
    l->n_out++;
    if (roomlink_full(l) && !l->was_full) {
        l->was_full = true;
        log_warn("the room has not taken %d MB of findings; detection waits for it, the spool goes on",
                 OUTBOX_BYTES_MAX >> 20);
    }
    send_findings(l);
    return 0;
}

bool roomlink_full(const struct roomlink *l) {
    return l->outbox_bytes > OUTBOX_BYTES_MAX;
}
bool roomlink_empty(const struct roomlink *l) {
    return list_empty(&l->outbox);
}
bool roomlink_up(const struct roomlink *l) {
    return l->up;
}

void roomlink_image(struct roomlink *l, struct image *x) {
    size_t n = l->n_out;
    image_size(x, &n, 2 * (size_t) OUTBOX_BYTES_MAX);
    if (!x->reading) {
        LIST_FOR_EACH(it, &l->outbox) {
            struct str json = str_n(item_of(it)->bytes, item_of(it)->n);
            image_str(x, &json, ROOMLINK_FINDING_BYTES_MAX);
        }
        return;
    }
    for (size_t i = 0; i < n && !x->error; i++) {
        struct str json;
        image_str(x, &json, ROOMLINK_FINDING_BYTES_MAX);
        int r = x->error ? 0 : roomlink_finding(l, json);
        if (r < 0)
            image_fail(x, r);
    }
}

uint64_t roomlink_told(const struct roomlink *l) {
    return l->seq;
}

uint64_t roomlink_acknowledged(const struct roomlink *l) {
    return list_empty(&l->outbox) ? l->seq : container_of(l->outbox.next, struct out_item, link)->seq - 1;
}
