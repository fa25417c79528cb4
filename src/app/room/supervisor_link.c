#include "app/room/supervisor_link.h"

#include "app/room/room.h"
#include "base/json.h"
#include "room/write.h"

#include <fcntl.h>
#include <sys/socket.h>

void supervisor_link_init(struct supervisor_link *l, int fd) {
    *l = (struct supervisor_link){.fd = fd, .state = "none", .pack = "none"};
    if (fd < 0)
        return;
    int flags = fcntl(fd, F_GETFL);
    (void) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    (void) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

struct pollfd supervisor_link_poll(const struct supervisor_link *l) {
    return (struct pollfd){.fd = l->fd, .events = POLLIN};
}

int supervisor_link_ask(struct supervisor_link *l, char what) {
    if (l->fd < 0 || send(l->fd, &what, 1, MSG_NOSIGNAL) != 1)
        return -EAGAIN;
    return 0;
}

int supervisor_link_ask_for(struct program *p, const struct room_actor *who, enum room_verb verb, enum room_object object, struct str detail, char what,
                            struct diag *reterr) {
    int e = room_begin(p->room, reterr);
    if (e < 0)
        return e;
    e = room_record(p->room, who, verb, object, detail, reterr);
    if (e == 0)
        e = supervisor_link_ask(&p->supervisor, what);
    return room_end(p->room, e, reterr);
}

static void take_line(struct program *p, struct str line) {
    static const char *const states[] = {"none", "starting", "running", "clearing"};
    struct supervisor_link *l = &p->supervisor;
    struct arena a;
    struct json_value *v;
    struct str state, url, pack;
    arena_init(&a, 65536);
    if (json_parse(&a, line, &v, NULL) == 0 && json_get_str(v, "state", &state)) {
        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
            if (str_eq_z(state, states[i]))
                snprintf(l->state, sizeof l->state, "%s", states[i]);
        l->has_url = json_get_str(v, "url", &url) && url.n < sizeof l->url;
        l->failed = false;
        (void) json_get_bool(v, "failed", &l->failed);
        if (l->has_url)
            snprintf(l->url, sizeof l->url, "%.*s", STR_ARG(url));
        if (json_get_str(v, "pack", &pack) && pack.n < sizeof l->pack)
            snprintf(l->pack, sizeof l->pack, "%.*s", STR_ARG(pack));
        http_changed(p->http, "demo", 0);
    }
    arena_done(&a);
}

void supervisor_link_serve(struct program *p, const struct pollfd *pfd) {
    struct supervisor_link *l = &p->supervisor;
    if (l->fd < 0 || !pfd->revents)
        return;
    ssize_t n = recv(l->fd, l->in + l->n, sizeof l->in - l->n, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close(l->fd);
        l->fd = -1;
        return;
    }
    l->n += (size_t) MAX(n, 0);
    for (char *end; (end = memchr(l->in, '\n', l->n));) {
        size_t used = (size_t) (end - l->in) + 1;
        take_line(p, str_n(l->in, used - 1));
        memmove(l->in, l->in + used, l->n - used);
        l->n -= used;
    }
    if (l->n == sizeof l->in)
        l->n = 0; /* no line is that long */
}
