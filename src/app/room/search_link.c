#include "app/room/search_link.h"

#include "app/room/room.h"
#include "base/frame.h"
#include "base/limits.h"
#include "base/log.h"

int search_link_init(struct search_link *l, const char *data, struct diag *reterr) {
    *l = (struct search_link){.next_id = 1};
    peer_init(&l->peer);
    int n = snprintf(l->path, sizeof l->path, "%s/run/search.sock", data);
    return n > 0 && (size_t) n < sizeof l->path
               ? 0
               : diag_set(reterr, -ENAMETOOLONG, "the name of the data folder is too long for a socket");
}

static void answer(struct search_question *q, const struct json_value *message) {
    struct search_question was = *q;
    *q = (struct search_question){0};
    was.fn(was.ctx, message);
}

static void lose(struct search_link *l) {
    peer_close(&l->peer);
    l->retry_ns = time_monotonic_ns() + NS_PER_S;
    for (size_t i = 0; i < SEARCH_QUESTIONS_MAX; i++)
        if (l->questions[i].id)
            answer(&l->questions[i], NULL);
}

void search_link_done(struct search_link *l) {
    peer_close(&l->peer);
}

struct pollfd search_link_poll(const struct search_link *l) {
    return peer_poll(&l->peer);
}

static int take(struct search_link *l, struct str text) {
    struct arena a;
    struct json_value *m;
    int64_t id = 0;
    arena_init(&a, (size_t) 64 << 20);
    int e = json_parse(&a, text, &m, NULL);
    if (e == 0 && (m->type != JSON_OBJECT || !json_get_i64(m, "id", &id)))
        e = -ERR_PARSE;
    for (size_t i = 0; e == 0 && i < SEARCH_QUESTIONS_MAX; i++)
        if (id > 0 && l->questions[i].id == id) {
            answer(&l->questions[i], m);
            break;
        }
    arena_done(&a);
    return e;
}

void search_link_serve(struct program *p, const struct pollfd *pfd) {
    struct search_link *l = &p->search;
    struct str message;
    size_t at = 0;
    int e = 0, k = 0;
    if (l->peer.fd < 0 || pfd->fd != l->peer.fd || !pfd->revents)
        return;
    if (pfd->revents & (POLLIN | POLLHUP | POLLERR))
        e = peer_read(&l->peer);
    while (e >= 0 && (k = frame_next(buf_str(&l->peer.in), &at, &message)) > 0)
        e = take(l, message);
    if (e >= 0 && k >= 0) {
        buf_remove_front(&l->peer.in, at);
        e = peer_flush(&l->peer);
    }
    if (e < 0 || k < 0)
        lose(l);
}

static void connect_now(struct search_link *l) {
    l->retry_ns = time_monotonic_ns() + NS_PER_S;
    IGNORE(peer_connect(&l->peer, l->path)); /* tried again at the next question or tick */
}

void search_link_tick(struct program *p) {
    struct search_link *l = &p->search;
    int64_t now = time_monotonic_ns();
    if (l->peer.fd < 0 && now >= l->retry_ns)
        connect_now(l);
    for (size_t i = 0; i < SEARCH_QUESTIONS_MAX; i++)
        if (l->questions[i].id && l->questions[i].until_ns < now)
            answer(&l->questions[i], NULL);
}

int search_link_ask(struct program *p, struct str members, search_answer_fn *fn, void *ctx) {
    struct search_link *l = &p->search;
    struct buf b;
    if (l->peer.fd < 0)
        connect_now(l);
    for (size_t i = 0; l->peer.fd >= 0 && i < SEARCH_QUESTIONS_MAX; i++) {
        struct search_question *q = &l->questions[i];
        if (q->id)
            continue;
        buf_init(&b, FRAME_BYTES_MAX);
        buf_printf(&b, "{\"id\":%lld,", (long long) l->next_id);
        buf_add(&b, members);
        buf_add_byte(&b, '}');
        int e = buf_error(&b);
        if (e == 0)
            e = peer_say(&l->peer, buf_str(&b));
        if (e == 0)
            e = peer_flush(&l->peer);
        buf_done(&b);
        if (e < 0)
            return e == -ERR_LIMIT ? e : -EAGAIN;
        *q = (struct search_question){l->next_id++, time_monotonic_ns() + SEARCH_TIMEOUT_NS, fn, ctx};
        return 0;
    }
    return -EAGAIN;
}

void search_link_forget(struct search_link *l, const void *ctx) {
    for (size_t i = 0; i < SEARCH_QUESTIONS_MAX; i++)
        if (l->questions[i].id && l->questions[i].ctx == ctx)
            l->questions[i] = (struct search_question){0};
}
