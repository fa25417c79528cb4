/* One run of a program by argv: its input written, both outputs read, an end by force after the
 * limit. */
#include "base/time.h"
#include "hand/nft.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

struct pipes {
    int in[2], out[2], err[2];
};

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_all(struct pipes *p) {
    int *all[] = {&p->in[0], &p->in[1], &p->out[0], &p->out[1], &p->err[0], &p->err[1]};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        close_fd(all[i]);
}

static int open_pipes(struct pipes *p) {
    *p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    if (pipe2(p->in, O_CLOEXEC) < 0 || pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->err, O_CLOEXEC) < 0)
        return -errno;
    if (fcntl(p->in[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(p->out[0], F_SETFL, O_NONBLOCK) < 0 ||
        fcntl(p->err[0], F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    return 0;
}

_Noreturn static void become(const struct hand_nft_run *run, const struct pipes *p) {
    static char in_japan[] = "TZ=JST-9"; /* hours are written in Japan's time, whatever the machine's is: nft goes by it */
    static char *const environment[] = {in_japan, NULL};
    if (dup2(p->in[0], 0) < 0 || dup2(p->out[1], 1) < 0 || dup2(p->err[1], 2) < 0)
        _exit(126);
    execve(run->path, run->argv, environment);
    _exit(127);
}

/* Reads what is there; false at the end or on error. */
static bool drain(int fd, struct buf *into) {
    char *p = buf_reserve(into, 16384);
    ssize_t n = p ? read(fd, p, 16384) : -1;
    if (n < 0 && p && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return false;
    buf_added(into, (size_t) n);
    return true;
}

static int talk(const struct hand_nft_run *run, struct pipes *p) {
    int64_t end_ns = time_monotonic_ns() + run->limit_ms * NS_PER_MS;
    struct str left = run->in;
    if (!left.n)
        close_fd(&p->in[1]);
    while (p->out[0] >= 0 || p->err[0] >= 0) {
        struct pollfd fds[] = {{.fd = p->in[1], .events = POLLOUT},
                               {.fd = p->out[0], .events = POLLIN},
                               {.fd = p->err[0], .events = POLLIN}};
        int64_t wait_ms = (end_ns - time_monotonic_ns()) / NS_PER_MS;
        int r = wait_ms > 0 ? poll(fds, ARRAY_SIZE(fds), (int) wait_ms + 1) : 0;
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return r < 0 ? -errno : -ETIMEDOUT;
        if (fds[0].revents) {
            ssize_t n = write(p->in[1], left.p, left.n);
            if (n > 0)
                left = str_from(left, (size_t) n);
            if (!left.n || (n < 0 && errno != EAGAIN && errno != EINTR))
                close_fd(&p->in[1]);
        }
        if (fds[1].revents && !drain(p->out[0], run->out))
            close_fd(&p->out[0]);
        if (fds[2].revents && !drain(p->err[0], run->err))
            close_fd(&p->err[0]);
    }
    return buf_error(run->out);
}

int hand_nft_run(const struct hand_nft_run *run, struct diag *reterr) {
    struct pipes p;
    int status = 0, r = open_pipes(&p);
    pid_t pid = r < 0 ? -1 : fork();
    if (r == 0 && pid < 0)
        r = -errno;
    if (pid == 0)
        become(run, &p);
    if (r == 0) {
        close_fd(&p.in[0]);
        close_fd(&p.out[1]);
        close_fd(&p.err[1]);
        r = talk(run, &p);
        if (r < 0)
            (void) kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close_all(&p);
    if (r == -ETIMEDOUT)
        return diag_set(reterr, r, "%s did not end within %d s", run->path, (int) (run->limit_ms / 1000));
    if (r < 0)
        return diag_set(reterr, r, "cannot run %s: %s", run->path, err_word(r));
    if (!WIFEXITED(status))
        return diag_set(reterr, -EIO, "%s was ended by signal %d", run->path, WTERMSIG(status));
    if (WEXITSTATUS(status) == 127)
        return diag_set(reterr, -ENOENT, "cannot start %s", run->path);
    return WEXITSTATUS(status);
}
