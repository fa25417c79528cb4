/* See roomlink.h. A finding stays in the outbox from being told until it is acknowledged; after a lost
 * connection all of them are sent again in order, and the room goes by id and revision. */
#include "app/sensor/roomlink.h"

#include "app/common/frame_link.h"
#include "base/image.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"

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
    struct frame_link *line;
    struct roomlink_handlers on;
    bool deaf, was_full, refused;
    struct list outbox;       /* oldest first */
    struct list *next_unsent; /* into outbox; &outbox: all sent */
    size_t outbox_bytes;
    size_t n_out;
    uint64_t seq;
    int64_t acknowledged_ns;
};

static struct out_item *item_of(struct list *x) {
    return container_of(x, struct out_item, link);
}

void roomlink_send(struct roomlink *l, struct str json) {
    if (!frame_link_up(l->line))
        return;
    bool deaf = frame_link_queued(l->line) > OTHER_QUEUE_MAX;
    if (deaf && !l->deaf)
        log_warn("the room does not read; it is told nothing but findings until it does");
    l->deaf = deaf;
    if (!deaf && frame_link_write(l->line, json) < 0)
        frame_link_hang_up(l->line);
}

static void send_findings(struct roomlink *l) {
    struct buf b;
    buf_init(&b, FRAME_BYTES_MAX);
    while (frame_link_up(l->line) && l->next_unsent != &l->outbox &&
           frame_link_queued(l->line) < WRITE_QUEUE_MAX) {
        struct out_item *it = item_of(l->next_unsent);
        l->next_unsent = l->next_unsent->next;
        buf_clear(&b);
        buf_printf(&b, "{\"t\":\"finding\",\"seq\":%llu,\"finding\":", (unsigned long long) it->seq);
        buf_add(&b, str_n(it->bytes, it->n));
        buf_add_byte(&b, '}');
        if (buf_error(&b) || frame_link_write(l->line, buf_str(&b)) < 0)
            frame_link_hang_up(l->line);
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
        l->acknowledged_ns = time_monotonic_ns();
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
    frame_link_retry(l->line, REFUSED_RETRY_MS);
}

static int on_message(void *ctx, struct str text) {
    struct roomlink *l = ctx;
    struct arena a;
    struct json_value *m;
    struct str type;
    int64_t seq;
    int r = 0;
    arena_init(&a, 16 * 1024 * 1024);
    if (json_parse(&a, text, &m, NULL) < 0 || !json_get_str(m, "t", &type)) {
        r = -ERR_PARSE;
    } else if (str_eq_z(type, "refused")) {
        refused(l, m);
        r = -ERR_REFUSED;
    } else if (str_eq_z(type, "ack") && json_get_i64(m, "seq", &seq) && seq > 0) {
        take_acknowledgement(l, (uint64_t) seq);
    } else {
        l->on.asked(l->on.ctx, type, m);
    }
    if (r == 0 && l->refused) {
        l->refused = false;
        frame_link_retry(l->line, RETRY_MS);
    }
    arena_done(&a);
    return r;
}

static void on_sent(void *ctx) {
    send_findings(ctx);
}

static void on_lost(void *ctx) {
    struct roomlink *l = ctx;
    l->next_unsent = l->outbox.next; /* all unacknowledged ones again */
}

static void on_connected(void *ctx) {
    struct roomlink *l = ctx;
    l->on.connected(l->on.ctx);
    send_findings(l);
}

int roomlink_new(uv_loop_t *loop, const char *socket_path, const struct roomlink_handlers *h,
                 struct roomlink **ret) {
    struct roomlink *l = mem_zalloc(sizeof *l);
    if (!l)
        return -ENOMEM;
    struct frame_link_handlers on = {
        .ctx = l, .connected = on_connected, .message = on_message, .sent = on_sent, .lost = on_lost};
    l->on = *h;
    list_init(&l->outbox);
    l->next_unsent = &l->outbox;
    int e = frame_link_new(loop, socket_path, 2 * FRAME_BYTES_MAX, RETRY_MS, &on, &l->line);
    if (e < 0) {
        mem_free(l);
        return e;
    }
    *ret = l;
    return 0;
}

struct roomlink *roomlink_free(struct roomlink *l) {
    if (!l)
        return NULL;
    l->line = frame_link_free(l->line);
    LIST_FOR_EACH(it, &l->outbox)
        mem_free(item_of(it));
    mem_free(l);
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
    return frame_link_up(l->line);
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

int64_t roomlink_acknowledged_at(const struct roomlink *l) {
    return l->acknowledged_ns;
}

uint64_t roomlink_acknowledged(const struct roomlink *l) {
    return list_empty(&l->outbox) ? l->seq : container_of(l->outbox.next, struct out_item, link)->seq - 1;
}
