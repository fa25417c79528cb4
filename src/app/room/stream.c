/* Server-sent events. A page that reads nothing for long is ended; it connects again and reads
 * anew. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "base/mem.h"

#define STREAM_BYTES_MAX 65536
#define CLOCK_EVERY_NS (10 * NS_PER_S)
#define DEMO_CLOCK_EVERY_NS NS_PER_S /* a played clock runs by the minute */

struct stream {
    struct list link;
    struct http *http;
    struct MHD_Connection *connection;
    struct buf out;
    int64_t incident, person, since_ns;
    char name[ROOM_NAME_BYTES_MAX + 1];
    bool asleep, over;
};

static struct stream *stream_of(struct list *l) {
    return container_of(l, struct stream, link);
}

static void wake(struct stream *s) {
    if (!s->asleep)
        return;
    s->asleep = false;
    MHD_resume_connection(s->connection);
}

static ssize_t give(void *ctx, uint64_t at UNUSED, char *dst, size_t cap) {
    struct stream *s = ctx;
    if (s->over)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (s->out.n == 0) {
        s->asleep = true;
        MHD_suspend_connection(s->connection);
        return 0;
    }
    size_t n = MIN(cap, s->out.n);
    memcpy(dst, s->out.p, n);
    buf_remove_front(&s->out, n);
    return (ssize_t) n;
}

static void stream_free(void *ctx) {
    struct stream *s = ctx;
    struct http *h = s->http;
    int64_t incident = s->incident;
    list_remove(&s->link);
    h->n_streams--;
    buf_done(&s->out);
    mem_free(s);
    if (incident)
        http_changed(h, "viewers", incident);
}

/* A burst of findings tells a page once. */
static bool is_waiting(const struct stream *s, struct str event) {
    return str_find(buf_str(&s->out), event, 0) >= 0;
}

static void say(struct stream *s, struct str event) {
    if (is_waiting(s, event))
        return;
    buf_add(&s->out, event);
    s->over |= buf_error(&s->out) != 0;
    wake(s);
}

static void clock_event(const struct http *h, char *dst, size_t cap) {
    char now[TIME_ISO_CAP];
    snprintf(dst, cap, "event: clock\ndata: {\"now\":\"%s\",\"rate\":1}\n\n",
             time_format_iso(room_now(h->p->room), 3, now));
}

int handle_stream(struct call *c) {
    int64_t incident;
    struct room_row row;
    if (call_query_i64(c, "incident", 1, INT64_MAX, 0, &incident) < 0)
        return call_bad(c, "incident");
    if (c->http->n_streams >= SSE_CLIENTS_MAX)
        return call_refuse(c, 429, "error.too_many");
    if (incident) {
        int e = room_row_load(c->p->room, OBJECT_INCIDENT, incident, &row, &c->err);
        if (e < 0)
            return e;
        if (!room_may(&c->who, VERB_READ, &row)) {
            e = room_refuse(c->p->room, &c->who, VERB_READ, &row, &c->err);
            return e < 0 ? e : room_is_hidden(&c->who, &row) ? -ENOENT : -ERR_REFUSED;
        }
    }
    c->args.id = incident;
    c->type = "text/event-stream";
    return 200;
}

enum MHD_Result stream_send(struct call *c) {
    struct stream *s = mem_zalloc(sizeof *s);
    char first[160];
    if (!s)
        return MHD_NO;
    *s = (struct stream){.http = c->http,
                         .connection = c->connection,
                         .incident = c->args.id,
                         .person = c->who.person,
                         .since_ns = room_now(c->p->room)};
    snprintf(s->name, sizeof s->name, "%s", c->who.name);
    buf_init(&s->out, STREAM_BYTES_MAX);
    list_add_tail(&c->http->streams, &s->link);
    c->http->n_streams++;
    clock_event(c->http, first, sizeof first);
    buf_add(&s->out, str_of(first));
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, give, s, stream_free);
    if (!r) {
        stream_free(s);
        return MHD_NO;
    }
    c->answered = true;
    call_headers(r);
    (void) MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    (void) MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    (void) MHD_add_response_header(r, "X-Accel-Buffering", "no");
    enum MHD_Result done = MHD_queue_response(c->connection, 200, r);
    MHD_destroy_response(r);
    if (c->args.id)
        http_changed(c->http, "viewers", c->args.id);
    return done;
}

/* What changed is a row of a case. */
static bool is_of_case(struct room *r, const char *kind, int64_t id, struct room_row *ret) {
    const char *name = strcmp(kind, "viewers") == 0 ? "incident" : kind;
    for (int o = 0; id && o < OBJECT_MAX_; o++)
        if (strcmp(room_object_to_string((enum room_object) o), name) == 0)
            return room_row_load(r, (enum room_object) o, id, ret, NULL) == 0 && ret->incident;
    return false;
}

/* The case, as no page of another row says more than that; a lane's page asks for its case. */
static bool may_see(struct room *r, int64_t person, struct room_row row) {
    struct room_person p;
    if (room_person_load(r, person, &p, NULL) < 0)
        return false;
    row.object = OBJECT_INCIDENT;
    if (room_may(&p.actor, VERB_READ, &row))
        return true;
    row.object = OBJECT_TIMELINE;
    return room_may(&p.actor, VERB_READ, &row);
}

void http_changed(struct http *h, const char *kind, int64_t id) {
    char event[160], number[24] = "null";
    if (!h)
        return;
    if (id)
        snprintf(number, sizeof number, "%lld", (long long) id);
    int n = snprintf(event, sizeof event, "event: change\ndata: {\"kind\":\"%s\",\"id\":%s}\n\n",
                     kind, number);
    struct room_row row;
    bool of_case = h->n_streams && is_of_case(h->p->room, kind, id, &row);
    LIST_FOR_EACH(l, &h->streams) {
        struct stream *s = stream_of(l);
        if (strcmp(kind, "viewers") == 0 && s->incident != id)
            continue;
        if (is_waiting(s, str_n(event, (size_t) n)) || (of_case && !may_see(h->p->room, s->person, row)))
            continue;
        say(s, str_n(event, (size_t) n));
    }
}

void http_clock(struct http *h) {
    char event[160];
    if (!h)
        return;
    h->clock_ns = time_monotonic_ns();
    clock_event(h, event, sizeof event);
    LIST_FOR_EACH(l, &h->streams) say(stream_of(l), str_of(event));
}

void http_tick(struct http *h) {
    int64_t every = h->p->opt.demo ? DEMO_CLOCK_EVERY_NS : CLOCK_EVERY_NS;
    if (time_monotonic_ns() - h->clock_ns >= every)
        http_clock(h);
}

void streams_end(struct http *h) {
    LIST_FOR_EACH(l, &h->streams) {
        stream_of(l)->over = true;
        wake(stream_of(l));
    }
}

size_t stream_viewers(const struct http *h, int64_t incident, struct room_viewer *dst, size_t cap) {
    size_t n = 0;
    LIST_FOR_EACH(l, &((struct http *) (uintptr_t) h)->streams) {
        const struct stream *s = stream_of(l);
        bool there = s->incident != incident;
        for (size_t i = 0; !there && i < n; i++)
            there = dst[i].person == s->person;
        if (there || n == cap)
            continue;
        dst[n] = (struct room_viewer){.person = s->person, .since_ns = s->since_ns};
        snprintf(dst[n].name, sizeof dst[n].name, "%s", s->name);
        n++;
    }
    return n;
}
