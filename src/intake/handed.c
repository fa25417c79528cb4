/* See handed.h. State of a source: key HANDED_KEY: session u64, number u64; of a marked record: key of the stream's id:
 * session u64, number u64, mark. A frame that the disk did not take whole is kept and looked at again from its start. */
#include "intake/handed.h"

#include "base/frame.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "intake/live_priv.h"

#include <sys/socket.h>

enum {
    HANDED_KEY = 1,
    STATE_BYTES = 16,
    MARKED_BYTES = STATE_BYTES + HANDED_MARK_BYTES,
    MARK_ID_BYTES = 16,
    READ_BYTES = 256 * 1024,
    IN_BYTES_MAX = FRAME_BYTES_MAX + 2 * READ_BYTES,
    MARK_KEY_FIRST = 1 << 24, /* 2^24 keys: two streams that share one only forget sooner */
};

struct handed {
    struct live_transport transport;
    uv_poll_t listener, poll;
    int fd, peer; /* peer -1: no gate */
    int handles;
    struct buf in;
    size_t at; /* of the frame to look at next */
    uint64_t session, position, said;
    uint32_t ids[GATE_SOURCES_MAX + 1]; /* by the gate's id; 0: not told */
    struct map marks;                   /* stream id -> last number */
    bool pending; /* something was put and is not on disk yet */
    bool polled;  /* `poll` is in use, or being closed */
    bool closing;
};

/* ---- bytes ---- */

void handed_put_u32(struct buf *out, uint32_t v) {
    buf_add(out, str_n((const char *) &v, sizeof v));
}
void handed_put_u64(struct buf *out, uint64_t v) {
    buf_add(out, str_n((const char *) &v, sizeof v));
}
uint64_t handed_get(const char *p, size_t bytes) {
    uint64_t v = 0;
    ASSERT(bytes <= sizeof v);
    memcpy(&v, p, bytes);
    return v;
}

void handed_record_add(struct buf *out, const struct raw_record *rec) {
    uint16_t flags = (uint16_t) rec->flags;
    ASSERT(rec->peer.n <= RAW_PEER_BYTES_MAX && (rec->resume.n == 0 || rec->resume.n == HANDED_MARK_BYTES));
    handed_put_u32(out, rec->source);
    handed_put_u64(out, (uint64_t) rec->arrival_ns);
    buf_add(out, str_n((const char *) &flags, sizeof flags));
    buf_add_byte(out, (char) rec->peer.n);
    buf_add_byte(out, (char) rec->resume.n);
    handed_put_u32(out, (uint32_t) rec->bytes.n);
    buf_add(out, rec->peer);
    buf_add(out, rec->resume);
    buf_add(out, rec->bytes);
}

int handed_record_next(struct str in, size_t *at, struct raw_record *ret) {
    struct str s = str_from(in, *at);
    if (s.n == 0)
        return 0;
    if (s.n < HANDED_RECORD_HEAD)
        return -ERR_PARSE;
    size_t peer = (unsigned char) s.p[14], mark = (unsigned char) s.p[15], n = handed_get(s.p + 16, 4);
    if (peer > RAW_PEER_BYTES_MAX || (mark && mark != HANDED_MARK_BYTES) || n > SPOOL_RECORD_BYTES_MAX / 2 ||
        s.n - HANDED_RECORD_HEAD < peer + mark + n)
        return -ERR_PARSE;
    *ret = (struct raw_record){
        .source = (uint32_t) handed_get(s.p, 4),
        .arrival_ns = (int64_t) handed_get(s.p + 4, 8),
        /* a gate says what a line is, never that something is a source, a state or a tick */
        .flags = (uint32_t) handed_get(s.p + 12, 2) &
                 (RAW_PIECE | RAW_PIECE_LAST | RAW_PIECE_NEXT | RAW_TRUNCATED | RAW_JOURNAL | RAW_BACKFILL),
        .peer = str_n(s.p + HANDED_RECORD_HEAD, peer),
        .resume = str_n(s.p + HANDED_RECORD_HEAD + peer, mark),
        .bytes = str_n(s.p + HANDED_RECORD_HEAD + peer + mark, n),
    };
    *at += HANDED_RECORD_HEAD + peer + mark + n;
    return 1;
}

/* ---- the gate's frames ---- */

static void hang_up(struct handed *h);

static void say(struct handed *h, char what, uint64_t number) {
    char m[13];
    uint32_t n = sizeof m - 4;
    if (h->peer < 0)
        return;
    memcpy(m, &n, 4);
    m[4] = what;
    memcpy(m + 5, &number, 8);
    if (send(h->peer, m, sizeof m, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof m)
        hang_up(h); /* it does not read: it comes again and is told then */
}

static void say_where(struct handed *h) {
    h->said = h->position;
    say(h, HANDED_ON_DISK, h->position);
}

static struct str mark_key(const char *id) {
    return str_n(id, MARK_ID_BYTES);
}

static void remember_mark(struct handed *h, const char *mark) {
    union map_value *v;
    bool fresh;
    if (map_add(&h->marks, mark_key(mark), &v, &fresh) == 0)
        v->num = handed_get(mark + MARK_ID_BYTES, 8);
}

static int restore(void *ctx, uint32_t source UNUSED, uint32_t key, struct str value) {
    struct handed *h = ctx;
    bool marked = value.n == MARKED_BYTES && key >= MARK_KEY_FIRST;
    if (!marked && !(key == HANDED_KEY && value.n == STATE_BYTES))
        return 0;
    uint64_t session = handed_get(value.p, 8), number = handed_get(value.p + 8, 8);
    if (session == h->session)
        h->position = MAX(h->position, number);
    if (marked) {
        const union map_value *v = map_find(&h->marks, mark_key(value.p + STATE_BYTES));
        if (!v || v->num < handed_get(value.p + STATE_BYTES + MARK_ID_BYTES, 8))
            remember_mark(h, value.p + STATE_BYTES);
    }
    return 0;
}

static int on_session(struct handed *h, struct str m) {
    if (m.n != 8)
        return -ERR_PARSE;
    uint64_t session = handed_get(m.p, 8);
    if (session != h->session) {
        h->session = session;
        h->position = 0;
        if (live_all_states(h->transport.live, restore, h) < 0)
            return -ENOMEM;
    }
    memset(h->ids, 0, sizeof h->ids);
    h->said = h->position;
    say(h, HANDED_WELCOME, h->position);
    return 0;
}

static int on_source(struct handed *h, struct str m) {
    struct source s;
    uint64_t id = m.n >= 4 ? handed_get(m.p, 4) : 0;
    if (id == 0 || id > GATE_SOURCES_MAX || source_decode(str_from(m, 4), &s) < 0 || s.kind.n == 0 ||
        source_is_ours(&s))
        return -ERR_PARSE;
    int r = live_name_source(h->transport.live, &s, &h->ids[id], NULL);
    return r == -ENOMEM || r == -EAGAIN || r == -ENOSPC ? -EAGAIN : r;
}

static int on_lost(struct handed *h, struct str m) {
    uint64_t id = m.n == 20 ? handed_get(m.p, 4) : 0;
    if (id == 0 || id > GATE_SOURCES_MAX)
        return -ERR_PARSE;
    struct intake_counters *c = live_counters(h->transport.live, h->ids[id]);
    c->lost = handed_get(m.p + 4, 8);
    c->broken = handed_get(m.p + 12, 8);
    return 0;
}

static bool is_known(const struct handed *h, struct str mark) {
    const union map_value *v = mark.n ? map_find(&h->marks, mark_key(mark.p)) : NULL;
    return v && handed_get(mark.p + MARK_ID_BYTES, 8) <= v->num;
}

static int put(struct handed *h, struct raw_record *rec, uint64_t number) {
    char state[MARKED_BYTES];
    struct str mark = rec->resume;
    rec->source = rec->source <= GATE_SOURCES_MAX ? h->ids[rec->source] : 0;
    if (!rec->source)
        return -ERR_PARSE;
    if (is_known(h, mark))
        return 0;
    memcpy(state, &h->session, 8);
    memcpy(state + 8, &number, 8);
    memcpy(state + STATE_BYTES, mark.p, mark.n);
    rec->resume = str_n(state, STATE_BYTES + mark.n);
    rec->resume_key =
        mark.n ? MARK_KEY_FIRST + (uint32_t) (hash_fast(mark_key(mark.p), 2) % MARK_KEY_FIRST) : HANDED_KEY;
    int r = live_put(h->transport.live, rec);
    h->pending |= r == 0;
    if (r == 0 && mark.n)
        remember_mark(h, mark.p);
    return r;
}

static int on_records(struct handed *h, struct str m) {
    struct raw_record rec;
    size_t at = 8;
    int r;
    if (m.n < 8)
        return -ERR_PARSE;
    uint64_t number = handed_get(m.p, 8);
    for (; (r = handed_record_next(m, &at, &rec)) == 1; number++) {
        if (number <= h->position)
            continue;
        if ((r = put(h, &rec, number)) < 0)
            return r;
        h->position = number;
    }
    return r;
}

static int on_frame(struct handed *h, struct str m) {
    struct str rest = str_from(m, 1);
    switch (m.n ? m.p[0] : 0) {
    case HANDED_SESSION:
        return on_session(h, rest);
    case HANDED_SOURCE:
        return on_source(h, rest);
    case HANDED_RECORDS:
        return on_records(h, rest);
    case HANDED_LOST:
        return on_lost(h, rest);
    default:
        return -ERR_PARSE;
    }
}

/* 0: all whole frames are done; -EAGAIN: the disk takes nothing more now. */
static int take_frames(struct handed *h) {
    struct str message;
    int r = 0;
    while (r == 0) {
        size_t next = h->at;
        r = frame_next(buf_str(&h->in), &next, &message);
        if (r <= 0)
            break;
        r = on_frame(h, message);
        if (h->peer < 0) /* hung up meanwhile */
            return 0;
        if (r == 0)
            h->at = next;
    }
    buf_remove_front(&h->in, h->at);
    h->at = 0;
    if (h->position > h->said && !h->pending) /* all of them were known */
        say_where(h);
    return r;
}

static void on_readable(uv_poll_t *p, int status, int events UNUSED) {
    struct handed *h = container_of(p, struct handed, poll);
    if (live_waits(h->transport.live)) {
        (void) uv_poll_stop(p);
        return;
    }
    char *room = buf_reserve(&h->in, READ_BYTES);
    ssize_t n = status < 0 || !room ? -1 : recv(h->peer, room, READ_BYTES, MSG_DONTWAIT);
    if (n < 0 && status == 0 && room && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        buf_added(&h->in, (size_t) n);
    int r = n > 0 ? take_frames(h) : -EPIPE;
    if (r == -EAGAIN)
        (void) uv_poll_stop(p);
    else if (r < 0)
        hang_up(h);
}

/* ---- life ---- */

static void poll_freed(uv_handle_t *u) {
    struct handed *h = u->data;
    if (--h->handles > 0)
        return;
    map_done(&h->marks);
    buf_done(&h->in);
    mem_free(h);
}

static void accept_gate(struct handed *h);

static void peer_closed(uv_handle_t *u) {
    struct handed *h = u->data;
    if (h->closing) {
        poll_freed(u);
        return;
    }
    h->handles--;
    h->polled = false;
    accept_gate(h);
}

static void hang_up(struct handed *h) {
    if (h->peer < 0)
        return;
    close(h->peer);
    h->peer = -1;
    buf_clear(&h->in);
    h->at = 0;
    uv_close((uv_handle_t *) &h->poll, peer_closed);
}

static void on_listener(uv_poll_t *p, int status UNUSED, int events UNUSED) {
    struct handed *h = container_of(p, struct handed, listener);
    (void) uv_poll_stop(p);
    if (h->peer >= 0)
        hang_up(h); /* a newer gate; taken when the older one's handle is closed */
    else if (!h->polled)
        accept_gate(h);
}

static void accept_gate(struct handed *h) {
    h->peer = accept4(h->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (h->peer >= 0 && uv_poll_init(live_loop(h->transport.live), &h->poll, h->peer) < 0) {
        close(h->peer);
        h->peer = -1;
    }
    if (h->peer >= 0) {
        h->poll.data = h;
        h->polled = true;
        h->handles++;
        (void) uv_poll_start(&h->poll, UV_READABLE, on_readable);
    }
    (void) uv_poll_start(&h->listener, UV_READABLE, on_listener);
}

static void committed(struct live_transport *t) {
    struct handed *h = container_of(t, struct handed, transport);
    h->pending = false;
    if (h->position != h->said)
        say_where(h);
}

static void go_on(struct live_transport *t) {
    struct handed *h = container_of(t, struct handed, transport);
    if (h->peer < 0)
        return;
    int r = take_frames(h);
    if (r >= 0)
        (void) uv_poll_start(&h->poll, UV_READABLE, on_readable);
    else if (r != -EAGAIN)
        hang_up(h);
}

static void close_handed(struct live_transport *t) {
    struct handed *h = container_of(t, struct handed, transport);
    live_remove(t);
    h->closing = true;
    hang_up(h);
    close(h->fd);
    uv_close((uv_handle_t *) &h->listener, poll_freed);
}

int intake_handed_add(struct intake_live *l, int fd, struct diag *reterr) {
    struct handed *h = mem_zalloc(sizeof *h);
    int r = h ? uv_poll_init(live_loop(l), &h->listener, fd) : -ENOMEM;
    if (r < 0) {
        mem_free(h);
        close(fd);
        return diag_set(reterr, r, "cannot wait for the gate: %s", err_word(r));
    }
    h->fd = fd;
    h->peer = -1;
    h->handles = 1;
    h->listener.data = h;
    h->transport = (struct live_transport){.live = l, .committed = committed, .go_on = go_on, .close = close_handed};
    buf_init(&h->in, IN_BYTES_MAX);
    map_init(&h->marks, GATE_STREAMS_MAX, 0);
    live_add(l, &h->transport);
    (void) uv_poll_start(&h->listener, UV_READABLE, on_listener);
    return 0;
}
