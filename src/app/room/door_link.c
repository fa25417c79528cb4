#include "app/room/door_link.h"

#include "app/room/room.h"
#include "base/frame.h"
#include "base/log.h"
#include "room/message.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { WAYS_BYTES_MAX = 1 << 20 };

/* The port that was really opened: `kizuki serve --https` may have chosen another. */
static unsigned port_of(const struct program *p) {
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    if (p->opt.https_fd < 0 || getsockname(p->opt.https_fd, (struct sockaddr *) &a, &n) < 0)
        return p->config->https.port;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *) (void *) &a)->sin6_port : ((struct sockaddr_in *) (void *) &a)->sin_port);
}

int door_link_init(struct program *p, struct diag *reterr) {
    struct door_link *l = &p->door;
    const char *host = p->config->https.host;
    bool v6 = strchr(host, ':') != NULL;
    peer_init(&l->peer);
    buf_init(&l->ways, WAYS_BYTES_MAX);
    int n = snprintf(l->path, sizeof l->path, "%s/run/door.sock", p->config->data);
    if (n < 0 || (size_t) n >= sizeof l->path)
        return diag_set(reterr, -ENAMETOOLONG, "the name of the data folder is too long for a socket");
    if (p->config->address.p)
        snprintf(l->pages, sizeof l->pages, "%.*s", STR_ARG(p->config->address));
    else
        snprintf(l->pages, sizeof l->pages, "https://%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "", port_of(p));
    return 0;
}

void door_link_done(struct door_link *l) {
    peer_close(&l->peer);
    buf_done(&l->ways);
}

struct pollfd door_link_poll(const struct door_link *l) {
    return peer_poll(&l->peer);
}

static void lose(struct program *p) {
    peer_close(&p->door.peer);
    buf_clear(&p->door.ways); /* it may come back with others */
    p->door.retry_ns = time_monotonic_ns() + NS_PER_S;
    log_warn("the door is gone");
}

static int send_frame(void *ctx, struct str frame) {
    int e = peer_say(ctx, frame);
    return e == -ERR_LIMIT ? -EAGAIN : e;
}

static void send_due(struct program *p, bool again) {
    struct diag d = {0};
    struct door_link *l = &p->door;
    int e = (again ? room_messages_resume : room_messages_poll)(p->room, str_of(l->pages), send_frame, &l->peer, &d);
    if (e < 0 && e != -EAGAIN)
        log_error("cannot give a message to the door: %s", d.text[0] ? d.text : err_word(e));
    if (peer_flush(&l->peer) < 0)
        lose(p);
}

static void connect_now(struct program *p) {
    struct door_link *l = &p->door;
    l->retry_ns = time_monotonic_ns() + NS_PER_S;
    int e = peer_connect(&l->peer, l->path);
    if (e < 0) {
        if (!l->said_away)
            log_info("no door at '%s' yet: %s", l->path, err_word(e));
        l->said_away = true;
        return;
    }
    l->said_away = false;
    IGNORE(peer_say(&l->peer, STR("{\"t\":\"ways\"}")));
    send_due(p, true);
}

static void take(struct program *p, struct str message) {
    struct diag d = {0};
    struct arena a;
    struct json_value *v;
    struct str t;
    arena_init(&a, (size_t) 16 << 20);
    int e = json_parse(&a, message, &v, &d);
    if (e == 0 && v->type == JSON_OBJECT && json_get_str(v, "t", &t) && str_eq_z(t, "outcome"))
        e = room_message_outcome(p->room, v, &d);
    else if (e == 0 && json_get_array(v, "ways")) {
        buf_clear(&p->door.ways);
        buf_add(&p->door.ways, message);
    }
    if (e < 0)
        log_error("cannot take what the door says: %s", d.text[0] ? d.text : err_word(e));
    arena_done(&a);
}

void door_link_serve(struct program *p, const struct pollfd *pfd) {
    struct peer *peer = &p->door.peer;
    struct str message;
    size_t at = 0;
    if (peer->fd < 0 || pfd->fd != peer->fd || !pfd->revents)
        return;
    int e = pfd->revents & (POLLIN | POLLHUP | POLLERR) ? peer_read(peer) : 0, k = 0;
    while (e >= 0 && (k = frame_next(buf_str(&peer->in), &at, &message)) > 0)
        take(p, message);
    buf_remove_front(&peer->in, at);
    if (e < 0 || k < 0 || peer_flush(peer) < 0)
        lose(p);
}

void door_link_tick(struct program *p) {
    if (p->door.peer.fd < 0 && time_monotonic_ns() >= p->door.retry_ns)
        connect_now(p);
    if (p->door.peer.fd >= 0)
        send_due(p, false);
}

void door_link_write(const struct door_link *l, struct jsonw *w) {
    struct arena a;
    struct json_value *v = NULL;
    struct str problem = STR_NULL;
    arena_init(&a, (size_t) 16 << 20);
    bool known = l->ways.n && json_parse(&a, buf_str(&l->ways), &v, NULL) == 0;
    jsonw_kbool(w, "door", l->peer.fd >= 0);
    jsonw_key(w, STR("ways"));
    if (known) {
        jsonw_value(w, json_get_array(v, "ways"));
        IGNORE(json_get_str(v, "problem", &problem));
    } else {
        jsonw_array(w);
        jsonw_end(w);
    }
    jsonw_key(w, STR("problem"));
    if (problem.p)
        jsonw_str(w, problem);
    else
        jsonw_null(w);
    arena_done(&a);
}
