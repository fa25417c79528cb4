/* See ask_room.h. */
#include "app/cli/ask_room.h"

#include "app/serve/supervisor.h"

#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

static int read_all(int fd, struct buf *out) {
    for (;;) {
        char *to = buf_reserve(out, 65536);
        ssize_t n = to ? read(fd, to, 65536) : -1;
        if (n <= 0)
            return n < 0 ? -EIO : 0;
        buf_added(out, (size_t) n);
    }
}

int ask_room_run(char *const *argv, const char *input, struct buf *out, struct diag *reterr) {
    char exe[PATH_MAX];
    int pipes[2], status = 0, e = supervisor_find_program("kizuki-room", exe, sizeof exe, reterr);
    if (e < 0)
        return e;
    if (pipe(pipes) < 0)
        return diag_set(reterr, -errno, "cannot start %s: %s", exe, err_word(-errno));
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(pipes[1], 1) < 0 || (input && !freopen(input, "r", stdin)))
            _exit(127);
        close(pipes[0]);
        close(pipes[1]);
        execv(exe, argv);
        _exit(127);
    }
    close(pipes[1]);
    e = pid < 0 ? -EAGAIN : read_all(pipes[0], out);
    close(pipes[0]);
    if (pid > 0 && waitpid(pid, &status, 0) < 0)
        e = -errno;
    if (e == 0 && status != 0)
        e = diag_set(reterr, -ERR_REFUSED, "nothing was changed; the reason stands above");
    return e < 0 && !reterr->text[0] ? diag_set(reterr, e, "cannot run %s: %s", exe, err_word(e)) : e;
}
