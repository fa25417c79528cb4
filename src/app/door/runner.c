#include "app/door/runner.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* To it: u32 way, u32 arguments, then each with a NUL behind it; u32 length in front of all. From it: a struct
 * door_outcome without its pointer. Both ends are this program. */
enum { ASKED_BYTES_MAX = 4 << 20 };

/* All n bytes, in or out; false: the other side is gone. */
static bool whole(int fd, void *bytes, size_t n, bool out) {
    for (char *p = bytes; n;) {
        ssize_t k = out ? send(fd, p, n, MSG_NOSIGNAL) : recv(fd, p, n, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t) k;
    }
    return true;
}

static const char *const WHYS[] = {"sent", "program", "timeout", "message"};

static void run_one(const struct door_ways *ways, char *bytes, size_t n, struct door_outcome *out) {
    uint32_t head[2];
    char *argv[DOOR_PAIRS_MAX + 1] = {0};
    ASSERT(n >= sizeof head);
    memcpy(head, bytes, sizeof head);
    ASSERT(head[0] < ways->n && head[1] <= DOOR_PAIRS_MAX && ways->p[head[0]].kind == DOOR_PROGRAM);
    char *p = bytes + sizeof head;
    for (uint32_t i = 0; i < head[1]; i++) {
        ASSERT(p <= bytes + n);
        argv[i] = p;
        p += strlen(p) + 1;
    }
    ASSERT(head[1] > 0 && str_eq_z(ways->p[head[0]].argv[0], argv[0])); /* whatever a hijacked door asks */
    door_program_run(&ways->p[head[0]], argv, out);
}

static _Noreturn void serve(int fd, const struct door_ways *ways) {
    char *bytes = mem_alloc(ASKED_BYTES_MAX + 1);
    uint32_t n;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    while (bytes && whole(fd, &n, sizeof n, false) && n <= ASKED_BYTES_MAX && whole(fd, bytes, n, false)) {
        struct door_outcome o;
        bytes[n] = 0;
        run_one(ways, bytes, n, &o);
        uint32_t why = 0;
        while (why + 1 < ARRAY_SIZE(WHYS) && strcmp(WHYS[why], o.why) != 0)
            why++;
        o.why = NULL;
        if (!whole(fd, &why, sizeof why, true) || !whole(fd, &o, sizeof o, true))
            break;
    }
    _exit(0);
}

int runner_start(struct runner *r, const struct door_ways *ways, struct diag *reterr) {
    int fds[2];
    bool wanted = false;
    *r = (struct runner){.fd = -1};
    pthread_mutex_init(&r->lock, NULL);
    for (size_t i = 0; i < ways->n; i++)
        wanted |= ways->p[i].kind == DOOR_PROGRAM;
    if (!wanted)
        return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return diag_set(reterr, -errno, "cannot make a pair of sockets: %s", err_word(-errno));
    pid_t pid = fork();
    if (pid < 0)
        return diag_set(reterr, -errno, "cannot start the runner of programs: %s", err_word(-errno));
    if (pid == 0) {
        if (fds[1] != 3)
            dup3(fds[1], 3, O_CLOEXEC);
        close_range(4, ~0u, 0);
        serve(3, ways);
    }
    close(fds[1]);
    r->fd = fds[0];
    return 0;
}

static bool ask(struct runner *r, uint32_t way, char **argv, struct door_outcome *out) {
    struct buf b;
    uint32_t head[3] = {0, way, 0}, why;
    while (argv[head[2]])
        head[2]++;
    buf_init(&b, ASKED_BYTES_MAX);
    buf_add(&b, str_n((char *) head, sizeof head));
    for (char **z = argv; *z; z++)
        buf_add(&b, str_n(*z, strlen(*z) + 1));
    bool ok = buf_error(&b) == 0;
    if (ok) {
        head[0] = (uint32_t) (b.n - sizeof head[0]);
        memcpy(b.p, head, sizeof head[0]);
        ok = whole(r->fd, b.p, b.n, true) && whole(r->fd, &why, sizeof why, false) && whole(r->fd, out, sizeof *out, false) && why < ARRAY_SIZE(WHYS);
        if (ok)
            out->why = WHYS[why];
    }
    buf_done(&b);
    return ok;
}

void runner_send(struct runner *r, const struct door_ways *ways, const struct door_way *w, const struct door_job *job, struct door_outcome *out) {
    struct diag d = {0};
    char **argv = NULL;
    *out = (struct door_outcome){0};
    snprintf(out->by, sizeof out->by, "%.*s", STR_ARG(w->name));
    out->state = DOOR_REFUSED;
    out->why = "message";
    if (job->drill && !w->drill_marked)
        snprintf(out->sentence, sizeof out->sentence, "this is a drill, and '%.*s' lets nothing out in a drill", STR_ARG(w->name));
    else if (door_argv_make(w, job, &argv, &d) < 0)
        snprintf(out->sentence, sizeof out->sentence, "%s", d.text);
    else {
        pthread_mutex_lock(&r->lock);
        if (r->fd < 0 || !ask(r, (uint32_t) (w - ways->p), argv, out)) {
            *out = (struct door_outcome){.state = DOOR_UNKNOWN, .why = "program"};
            snprintf(out->by, sizeof out->by, "%.*s", STR_ARG(w->name));
            snprintf(out->sentence, sizeof out->sentence, "the process that starts programs is gone; nobody knows how far it came");
        }
        pthread_mutex_unlock(&r->lock);
    }
    door_argv_free(argv);
}
