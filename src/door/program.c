/* A connection that is a program: argv from the templates, no shell, an empty environment, a time limit.
 * Status 0 is "taken", 75 (EX_TEMPFAIL of sysexits) "try again", everything else "no". */
#include "door/send_priv.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRY_LATER = 75, ARGUMENT_BYTES_MAX = 120 * 1024 /* MAX_ARG_STRLEN is 128 KB */ };

void door_argv_free(char **argv) {
    for (size_t i = 0; argv && argv[i]; i++)
        mem_free(argv[i]);
    mem_free(argv);
}

int door_argv_make(const struct door_way *w, const struct door_job *job, char ***ret, struct diag *reterr) {
    struct door_scope s;
    struct buf one;
    int e = 0;
    char **argv = mem_zalloc_array(w->n_argv + 1, sizeof *argv);
    if (!argv)
        return diag_set(reterr, -ENOMEM, "memory ran out before the program was started");
    door_scope_init(&s, w, job);
    buf_init(&one, ARGUMENT_BYTES_MAX);
    for (size_t i = 0; e == 0 && i < w->n_argv; i++) {
        buf_clear(&one);
        e = door_template_expand(&one, w->argv[i], DOOR_IN_PLAIN, door_scope_find, &s, reterr);
        if (e == 0 && !(argv[i] = str_dup(buf_str(&one))))
            e = diag_set(reterr, -ENOMEM, "memory ran out before the program was started");
    }
    buf_done(&one);
    if (e < 0)
        door_argv_free(argv);
    else
        *ret = argv;
    return e;
}

static int start(char *const *argv, int *ret_out, pid_t *ret_pid) {
    static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
    static char *const env[] = {path, lang, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int out[2];
    if (pipe2(out, O_CLOEXEC) < 0)
        return -errno;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    posix_spawn_file_actions_adddup2(&files, out[1], 2);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int e = posix_spawn(ret_pid, argv[0], &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    close(out[1]);
    if (e)
        close(out[0]);
    *ret_out = out[0];
    return -e;
}

/* What it says, until it closes or time is over: true when it is over. */
static bool listen_to(int fd, struct buf *said, int64_t end_ns) {
    for (;;) {
        char bytes[4096];
        int64_t left = (end_ns - time_monotonic_ns()) / NS_PER_MS;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0)
            return true;
        if (poll(&p, 1, (int) MIN(left, (int64_t) 60000)) <= 0)
            continue;
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0)
            return false;
        buf_add(said, str_n(bytes, MIN((size_t) n, said->max - said->n)));
    }
}

/* It has closed what it says; it may still run. */
static int wait_for(pid_t pid, int64_t end_ns, bool *ret_killed) {
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct timespec pause = {.tv_nsec = 5 * NS_PER_MS};
        if (time_monotonic_ns() >= end_ns) {
            kill(-pid, SIGKILL);
            *ret_killed = true;
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
            return status;
        }
        nanosleep(&pause, NULL);
    }
    kill(-pid, SIGKILL); /* what it left behind */
    return status;
}

void door_program_run(const struct door_way *w, char *const *argv, struct door_outcome *out) {
    int64_t end_ns = time_monotonic_ns() + w->timeout_ms * NS_PER_MS;
    struct buf said;
    bool killed = false;
    pid_t pid;
    int fd;
    *out = (struct door_outcome){0};
    snprintf(out->by, sizeof out->by, "%.*s", STR_ARG(w->name));
    int e = start(argv, &fd, &pid);
    if (e < 0) {
        door_say(out, DOOR_REFUSED, "program", "cannot start '%s': %s", argv[0], err_word(e));
        return;
    }
    buf_init(&said, DOOR_ANSWER_BYTES_MAX);
    bool late = listen_to(fd, &said, end_ns);
    close(fd);
    int status = wait_for(pid, late ? 0 : end_ns, &killed);
    out->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (killed)
        door_say(out, DOOR_UNKNOWN, "timeout", "'%s' was ended after %lld s without a result: it may have sent or not", argv[0], (long long) (w->timeout_ms / 1000));
    else if (out->status == 0)
        door_say(out, DOOR_SENT, "sent", "'%s' ended well", argv[0]);
    else
        door_say(out, out->status == TRY_LATER ? DOOR_FAILED : DOOR_REFUSED, "program", "'%s' ended with status %d", argv[0], out->status);
    door_say_quoted(out, buf_str(&said));
    buf_done(&said);
}
