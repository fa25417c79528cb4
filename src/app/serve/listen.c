/* See listen.h. */
#include "app/serve/listen.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 512, UDP_BUFFER_BYTES = 16 * 1024 * 1024 };

static int bound_socket(const struct config_address *a, int type, struct diag *err) {
    char port[8];
    struct addrinfo *list = NULL, hints = {
        .ai_socktype = type, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    int on = 1, e;
    snprintf(port, sizeof port, "%u", a->port);
    if (getaddrinfo(a->host, port, &hints, &list) != 0)
        return diag_set(err, -EINVAL, "cannot listen on '%s': an IP address is wanted", a->host);
    int fd = socket(list->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    e = -errno;
    if (fd >= 0) {
        /* Not for UDP: there it would let two programs share a port and one of them hear nothing. */
        if (type == SOCK_STREAM)
            (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (list->ai_family == AF_INET6)
            (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
        e = bind(fd, list->ai_addr, list->ai_addrlen) == 0 ? 0 : -errno;
    }
    freeaddrinfo(list);
    if (fd < 0 || e < 0) {
        if (fd >= 0)
            close(fd);
        return diag_set(err, e, "cannot listen on %s port %u: %s", a->host, a->port, err_word(e));
    }
    return fd;
}

int listen_tcp(const struct config_address *a, struct diag *reterr) {
    int fd = bound_socket(a, SOCK_STREAM, reterr);
    if (fd < 0)
        return fd;
    if (listen(fd, BACKLOG) < 0) {
        int e = -errno;
        close(fd);
        return diag_set(reterr, e, "cannot listen on %s port %u: %s", a->host, a->port,
                        err_word(e));
    }
    return fd;
}

int listen_udp(const struct config_address *a, struct diag *reterr) {
    int fd = bound_socket(a, SOCK_DGRAM, reterr);
    if (fd < 0)
        return fd;
    /* A burst waits in the kernel while a batch is made durable; FORCE needs CAP_NET_ADMIN. */
    int bytes = UDP_BUFFER_BYTES;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    return fd;
}

int listen_unix(const char *path, struct diag *reterr) {
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sun.sun_path)
        return diag_set(reterr, -ENAMETOOLONG,
                        "the socket path '%s' is longer than %zu bytes; choose a shorter data folder",
                        path, sizeof sun.sun_path - 1);
    memcpy(sun.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot make a socket: %s", err_word(-errno));
    (void) unlink(path);
    mode_t old = umask(0177);
    int e = bind(fd, (struct sockaddr *) &sun, sizeof sun) == 0 && listen(fd, BACKLOG) == 0 ? 0 : -errno;
    umask(old);
    if (e < 0) {
        close(fd);
        return diag_set(reterr, e, "cannot listen on '%s': %s", path, err_word(e));
    }
    return fd;
}

int listen_port(int fd) {
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;
    if (getsockname(fd, (struct sockaddr *) &sa, &n) < 0)
        return -errno;
    if (sa.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *) &sa)->sin_port);
    return ntohs(((struct sockaddr_in6 *) &sa)->sin6_port);
}
