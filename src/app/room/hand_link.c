#include "app/room/hand_link.h"

#include "app/room/room.h"
#include "base/frame.h"
#include "base/log.h"
#include "room/action.h"

int hand_link_init(struct hand_link *l, const char *data, struct diag *reterr) {
    *l = (struct hand_link){0};
    peer_init(&l->peer);
    int n = snprintf(l->path, sizeof l->path, "%s/run/hand.sock", data);
    if (n < 0 || (size_t) n >= sizeof l->path)
        return diag_set(reterr, -ENAMETOOLONG,
                        "the name of the data folder is too long for a socket");
    return 0;
}

void hand_link_done(struct hand_link *l) {
    peer_close(&l->peer);
}

struct pollfd hand_link_poll(const struct hand_link *l) {
    return peer_poll(&l->peer);
}

static void lose(struct program *p) {
    struct hand_link *l = &p->hand;
    peer_close(&l->peer);
    l->retry_ns = time_monotonic_ns() + NS_PER_S;
    log_warn("the hand is gone");
    IGNORE(room_hand_connected(p->room, false, NULL));
}

static void connect_now(struct program *p) {
    struct hand_link *l = &p->hand;
    l->retry_ns = time_monotonic_ns() + NS_PER_S;
    int e = peer_connect(&l->peer, l->path);
    if (e < 0) {
        if (!l->said_away)
            log_info("no hand at '%s' yet: %s", l->path, err_word(e));
        l->said_away = true;
        return;
    }
    l->said_away = false;
    log_info("connected to the hand");
    IGNORE(room_hand_connected(p->room, true, NULL));
}

static int send_note(void *ctx, struct str note) {
    return peer_say(ctx, note);
}

void hand_link_send(struct program *p) {
    struct diag d = {0};
    if (p->hand.peer.fd < 0)
        return;
    int e = room_hand_poll(p->room, send_note, &p->hand.peer, &d);
    if (e < 0)
        log_error("cannot give an order: %s", d.text[0] ? d.text : err_word(e));
    if (e < 0 || peer_flush(&p->hand.peer) < 0)
        lose(p);
}

static int take_frames(struct program *p) {
    struct peer *peer = &p->hand.peer;
    struct str message;
    size_t at = 0;
    int k;
    while ((k = frame_next(buf_str(&peer->in), &at, &message)) > 0) {
        struct diag d = {0};
        int e = room_hand_message(p->room, message, &d);
        if (e < 0)
            log_error("cannot take what the hand says: %s", d.text);
        if (e == -ERR_PARSE)
            return e;
    }
    buf_remove_front(&peer->in, at);
    return k;
}

void hand_link_serve(struct program *p, const struct pollfd *pfd) {
    struct peer *peer = &p->hand.peer;
    if (peer->fd < 0 || pfd->fd != peer->fd || !pfd->revents)
        return;
    int e = pfd->revents & (POLLIN | POLLHUP | POLLERR) ? peer_read(peer) : 0;
    if (e > 0)
        e = take_frames(p);
    if (e < 0)
        lose(p);
}

void hand_link_tick(struct program *p) {
    if (p->hand.peer.fd < 0 && time_monotonic_ns() >= p->hand.retry_ns)
        connect_now(p);
    hand_link_send(p);
}
