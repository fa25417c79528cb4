#include "app/room/driver_link.h"

#include "app/room/room.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/time.h"

#include <dirent.h>

static void found(struct driver_links *l, const char *data, struct str name) {
    struct driver_link *x = NULL;
    for (size_t i = 0; i < ROOM_DRIVERS_MAX && !x; i++)
        if (!l->row[i].name[0])
            x = &l->row[i];
    if (!x || name.n >= sizeof x->name)
        return;
    int n = snprintf(x->path, sizeof x->path, "%s/run/hand-%.*s.sock", data, STR_ARG(name));
    if (n > 0 && (size_t) n < sizeof x->path)
        snprintf(x->name, sizeof x->name, "%.*s", STR_ARG(name));
}

/* Names only, as the supervisor reads them, and before the sandbox closes: what stands in the files is not ours. */
int driver_links_init(struct driver_links *l, const char *data, struct diag *reterr) {
    char folder[4200];
    struct dirent *e;
    *l = (struct driver_links){0};
    for (size_t i = 0; i < ROOM_DRIVERS_MAX; i++)
        peer_init(&l->row[i].peer);
    snprintf(folder, sizeof folder, "%.4096s/hand/drivers", data);
    DIR *d = opendir(folder);
    while (d && (e = readdir(d))) {
        struct str s = str_of(e->d_name);
        if (s.n > 4 && s.p[0] != '.' && str_ends(s, STR(".yml")))
            found(l, data, str_to(s, s.n - 4));
    }
    if (d)
        closedir(d);
    return 0;
}

void driver_links_done(struct driver_links *l) {
    for (size_t i = 0; i < ROOM_DRIVERS_MAX; i++)
        peer_close(&l->row[i].peer);
}

void driver_links_poll(const struct driver_links *l, struct pollfd pfd[static ROOM_DRIVERS_MAX]) {
    for (size_t i = 0; i < ROOM_DRIVERS_MAX; i++)
        pfd[i] = peer_poll(&l->row[i].peer);
}

static void lose(struct program *p, size_t i) {
    struct driver_link *x = &p->drivers.row[i];
    peer_close(&x->peer);
    x->retry_ns = time_monotonic_ns() + NS_PER_S;
    log_warn("the driver '%s' is gone", x->name);
    room_driver_connected(p->room, i, x->name, false);
}

static int send_note(void *ctx, struct str note) {
    return peer_say(ctx, note);
}

void driver_links_send(struct program *p) {
    for (size_t i = 0; i < ROOM_DRIVERS_MAX; i++) {
        struct driver_link *x = &p->drivers.row[i];
        struct diag d = {0};
        if (!x->name[0])
            continue;
        int e = room_driver_poll(p->room, i, send_note, &x->peer, &d);
        if (e < 0)
            log_error("cannot give an order to '%s': %s", x->name, d.text[0] ? d.text : err_word(e));
        if (x->peer.fd >= 0 && (e < 0 || peer_flush(&x->peer) < 0))
            lose(p, i);
    }
}

void driver_links_serve(struct program *p, const struct pollfd pfd[static ROOM_DRIVERS_MAX]) {
    for (size_t i = 0; i < ROOM_DRIVERS_MAX; i++) {
        struct peer *peer = &p->drivers.row[i].peer;
        struct str message;
        size_t at = 0;
        int k = 0;
        if (peer->fd < 0 || pfd[i].fd != peer->fd || !pfd[i].revents)
            continue;
        int e = pfd[i].revents & (POLLIN | POLLHUP | POLLERR) ? peer_read(peer) : 0;
        while (e >= 0 && (k = frame_next(buf_str(&peer->in), &at, &message)) > 0) {
            struct diag d = {0};
            int taken = room_driver_message(p->room, i, message, &d);
            if (taken < 0)
                log_error("cannot take what the driver '%s' says: %s", p->drivers.row[i].name, d.text);
            if (taken == -ERR_PARSE)
                e = taken;
        }
        buf_remove_front(&peer->in, at);
        if (e < 0 || k < 0)
            lose(p, i);
    }
}

void driver_links_tick(struct program *p) {
    struct driver_links *l = &p->drivers;
    int64_t now = time_monotonic_ns();
    for (size_t i = 0; i < ROOM_DRIVERS_MAX; i++) {
        struct driver_link *x = &l->row[i];
        if (!x->name[0] || x->peer.fd >= 0 || now < x->retry_ns)
            continue;
        x->retry_ns = now + NS_PER_S;
        bool there = peer_connect(&x->peer, x->path) == 0;
        if (there)
            log_info("connected to the driver '%s'", x->name);
        room_driver_connected(p->room, i, x->name, there);
    }
    driver_links_send(p);
}
