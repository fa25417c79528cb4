/* Loaded into one of Kizuki's programs (LD_PRELOAD): once the program stands behind its walls it tries, in its own name, what
 * it must not be able to do, and says how each went on its standard error. What is tried stands in KIZUKI_TRY, a line each:
 *
 *   r PATH    open to read            w PATH    open to write, made if it is not there
 *   n         a socket to the network and a connection to 127.0.0.1:1
 *   x PATH    run a program; nothing behind it is reached, whatever happens
 *
 * "tried r PATH: 0" or the errno. The walls stand when the seccomp filter does, which comes last;
 * with KIZUKI_TRY_NOW nothing is waited for. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static atomic_bool done;

static void say(const char *what, int r) {
    char line[4300];
    int n = snprintf(line, sizeof line, "tried %s: %d\n", what, r);
    if (n > 0)
        (void) !write(2, line, (size_t) n);
}

static int connect_somewhere(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int r = connect(fd, (struct sockaddr *) &to, sizeof to) < 0 ? errno : 0;
    close(fd);
    return r;
}

static void try_one(char *line) {
    char *path = strchr(line, ' ');
    int fd = -1;
    path = path ? path + 1 : line;
    char *const argv[] = {path, NULL};
    if (*line == 'n') {
        say(line, connect_somewhere());
        return;
    }
    if (*line == 'x') {
        say(line, -1);
        execv(path, argv);
        say("x came back", errno);
        return;
    }
    fd = *line == 'w' ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : open(path, O_RDONLY | O_CLOEXEC);
    say(line, fd < 0 ? errno : 0);
    if (fd >= 0)
        close(fd);
}

static void look(void) {
    const char *list = getenv("KIZUKI_TRY");
    if (!list || atomic_load(&done) || (!getenv("KIZUKI_TRY_NOW") && prctl(PR_GET_SECCOMP) == 0) || atomic_exchange(&done, true))
        return;
    char *copy = strdup(list);
    for (char *line = copy, *end; line && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = 0;
        try_one(line);
    }
    free(copy);
    say("all", 0);
}

/* What a program calls sooner or later. */
#define HOOK(type, name, params, ...)                                                                                           \
    type name params;                                                                                                           \
    type name params {                                                                                                          \
        static type(*real) params;                                                                                              \
        if (!real)                                                                                                              \
            *(void **) &real = dlsym(RTLD_NEXT, #name);                                                                         \
        look();                                                                                                                 \
        return real(__VA_ARGS__);                                                                                               \
    }
HOOK(ssize_t, read, (int fd, void *p, size_t n), fd, p, n)
HOOK(ssize_t, __read_chk, (int fd, void *p, size_t n, size_t of), fd, p, n, of)
HOOK(int, poll, (struct pollfd *p, nfds_t n, int ms), p, n, ms)
HOOK(int, __poll_chk, (struct pollfd *p, nfds_t n, int ms, size_t of), p, n, ms, of)
HOOK(int, nanosleep, (const struct timespec *t, struct timespec *left), t, left)
HOOK(int, close, (int fd), fd)
