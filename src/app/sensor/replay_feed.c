/* A story into the spool. Reading stops while the spool has more pending than it wants, so a fast player
 * waits for the disk. */
#include "app/sensor/sensor.h"

#include "base/log.h"

enum { FEED_MAX = 4 * 1024 * 1024, FEED_READ = 256 * 1024 };

static int take(struct sensor *s, const struct replay_message *m, struct diag *err) {
    struct raw_record rec = {.bytes = m->line, .arrival_ns = m->at_ns};
    if (m->kind == REPLAY_KIND_END) {
        s->replay_ended = true;
        return 0;
    }
    if (m->kind == REPLAY_KIND_TICK)
        rec.flags = RAW_TICK;
    else if (m->source < s->n_replay_ids)
        rec.source = s->replay_ids[m->source];
    int r = s->sink.put(s->sink.ctx, &rec, err);
    if (r == -EAGAIN && (r = s->sink.commit(s->sink.ctx, err)) == 0)
        r = s->sink.put(s->sink.ctx, &rec, err);
    return r;
}

static void on_alloc(uv_handle_t *h, size_t suggested UNUSED, uv_buf_t *b) {
    struct sensor *s = h->data;
    char *p = buf_reserve(&s->replay_in, FEED_READ);
    *b = uv_buf_init(p, p ? FEED_READ : 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b UNUSED) {
    struct sensor *s = stream->data;
    struct replay_message m;
    struct diag d = {0};
    size_t at = 0;
    int r;
    if (n < 0) {
        if (!s->replay_ended)
            log_warn("the story broke off before its end; the line of the player says why");
        s->replay_ended = true;
        uv_read_stop(stream);
        return;
    }
    buf_added(&s->replay_in, (size_t) n);
    while ((r = replay_message_next(buf_str(&s->replay_in), &at, &m)) > 0)
        if ((r = take(s, &m, &d)) < 0)
            break;
    buf_remove_front(&s->replay_in, at);
    if (r < 0) {
        log_error("the replay cannot go on: %s", r == -ERR_PARSE ? "its message is none" : d.text);
        uv_read_stop(stream);
        s->replay_ended = true;
    }
}

static int name_sources(struct sensor *s, struct diag *err) {
    for (size_t i = 0; i < s->config->n_sources; i++) {
        if (!str_starts(s->config->sources[i].kind, STR("replay")))
            continue;
        if (s->n_replay_ids == ARRAY_SIZE(s->replay_ids))
            return diag_set(err, -ERR_LIMIT, "a story has at most 64 sources");
        int r = registry_add(&s->registry, s->spool, &s->config->sources[i],
                             &s->replay_ids[s->n_replay_ids], err);
        if (r < 0)
            return r;
        s->n_replay_ids++;
    }
    return 0;
}

int replay_feed_start(struct sensor *s, int fd, struct diag *reterr) {
    int r = name_sources(s, reterr);
    if (r < 0)
        return r;
    s->replay = s->messages.replay = true;
    buf_init(&s->replay_in, FEED_MAX);
    uv_pipe_init(&s->loop, &s->replay_pipe, 0);
    s->replay_pipe.data = s;
    if ((r = uv_pipe_open(&s->replay_pipe, fd)) < 0 ||
        (r = uv_read_start((uv_stream_t *) &s->replay_pipe, on_alloc, on_read)) < 0)
        return diag_set(reterr, r, "cannot read the replay: %s", uv_strerror(r));
    return 0;
}
