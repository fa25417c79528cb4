/* See supervisor.h. */
#include "app/serve/supervisor.h"

#include "app/common/supervised.h"
#include "base/log.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_FIRST_MS = 100, WAIT_MAX_MS = 5000, STEADY_MS = 10000, KILL_AFTER_MS = 5000 };

int supervisor_own_dir(char *dst, size_t cap) {
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0)
        return -errno;
    path[n] = 0;
    char *slash = strrchr(path, '/');
    if (!slash || (size_t) (slash - path) >= cap)
        return -ENAMETOOLONG;
    *slash = 0;
    snprintf(dst, cap, "%s", path);
    return 0;
}

int supervisor_find_program(const char *name, char *dst, size_t cap, struct diag *err) {
    char dir[PATH_MAX];
    int e = supervisor_own_dir(dir, sizeof dir);
    if (e < 0)
        return diag_set(err, e, "cannot find the folder of this program: %s", err_word(e));
    snprintf(dst, cap, "%s/%s", dir, name);
    if (access(dst, X_OK) == 0)
        return 0;
    snprintf(dst, cap, "%s/../libexec/kizuki/%s", dir, name);
    if (access(dst, X_OK) == 0)
        return 0;
    return diag_set(err, -ENOENT, "cannot find the program %s beside kizuki; build all of it", name);
}

int supervisor_init(struct supervisor *s, uv_loop_t *loop) {
    *s = (struct supervisor){.loop = loop};
    uv_timer_init(loop, &s->kill_later);
    return 0;
}

struct child *supervisor_add(struct supervisor *s, const char *name, struct diag *reterr) {
    ASSERT(s->n_children < CHILDREN_MAX);
    struct child *c = &s->children[s->n_children];
    *c = (struct child){.name = name, .owner = s, .wait_ms = WAIT_FIRST_MS};
    if (supervisor_find_program(name, c->exe, sizeof c->exe, reterr) < 0)
        return NULL;
    child_arg(c, "%s", name);
    s->n_children++;
    return c;
}

void child_arg(struct child *c, const char *fmt, ...) {
    va_list ap;
    ASSERT(c->n_args < CHILD_ARGS_MAX - 1);
    va_start(ap, fmt);
    int n = vsnprintf(c->args[c->n_args], sizeof c->args[0], fmt, ap);
    va_end(ap);
    ASSERT(n >= 0 && (size_t) n < sizeof c->args[0]);
    c->n_args++;
}

int child_fd(struct child *c, int fd) {
    ASSERT(c->n_fds < CHILD_FDS_MAX);
    c->fds[c->n_fds] = fd;
    return 3 + c->n_fds++;
}

static void start_child(struct child *c);

static void start_again(uv_timer_t *t) {
    start_child(t->data);
}

static void process_closed(uv_handle_t *h) {
    struct child *c = h->data;
    c->process_live = false;
    if (c->owner->ending)
        return;
    c->restarts++;
    uv_timer_start(&c->again, start_again, c->wait_ms, 0);
    c->wait_ms = MIN(c->wait_ms * 2, (uint64_t) WAIT_MAX_MS);
}

static void end_loop_if_all_gone(struct supervisor *s) {
    for (int i = 0; i < s->n_children; i++)
        if (s->children[i].running)
            return;
    uv_stop(s->loop);
}

static void on_child_exit(uv_process_t *p, int64_t status, int signal) {
    struct child *c = p->data;
    uint64_t lived = uv_now(c->owner->loop) - c->started_ms;
    c->running = false;
    if (lived > STEADY_MS) {
        c->wait_ms = WAIT_FIRST_MS;
        c->failures = 0;
    }
    c->failures++;
    if (c->ends_all && status == 0 && !signal) {
        supervisor_end(c->owner);
    } else if (!c->owner->ending && c->owner->failures_max && c->failures >= c->owner->failures_max) {
        log_error("%s ended %u times in a row; giving up", c->name, c->failures);
        c->owner->gave_up = true;
        supervisor_end(c->owner);
    }
    if (!c->owner->ending) {
        if (signal)
            log_warn("%s was ended by signal %d; starting it again in %d ms", c->name, signal,
                     (int) c->wait_ms);
        else
            log_warn("%s ended with status %d; starting it again in %d ms", c->name, (int) status,
                     (int) c->wait_ms);
    }
    uv_close((uv_handle_t *) p, process_closed);
    if (c->owner->ending)
        end_loop_if_all_gone(c->owner);
}

static void start_child(struct child *c) {
    char *argv[CHILD_ARGS_MAX + 1] = {0};
    uv_stdio_container_t stdio[3 + CHILD_FDS_MAX];
    if (c->owner->ending)
        return;
    if (c->owner->on_starting)
        c->owner->on_starting(c->owner, c);
    for (int i = 0; i < c->n_args; i++)
        argv[i] = c->args[i];
    stdio[0] = (uv_stdio_container_t){.flags = UV_IGNORE};
    stdio[1] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = 2};
    stdio[2] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = 2};
    for (int i = 0; i < c->n_fds; i++)
        stdio[3 + i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = c->fds[i]};
    uv_process_options_t o = {
        .file = c->exe,
        .args = argv,
        .stdio = stdio,
        .stdio_count = 3 + c->n_fds,
        .exit_cb = on_child_exit,
    };
    c->started_ms = uv_now(c->owner->loop);
    c->process.data = c;
    int e = uv_spawn(c->owner->loop, &c->process, &o);
    c->process_live = true;
    if (e < 0) {
        log_error("cannot start %s: %s", c->name, uv_strerror(e));
        c->wait_ms = WAIT_MAX_MS;
        uv_close((uv_handle_t *) &c->process, process_closed);
        return;
    }
    c->running = true;
}

static void on_end_signal(uv_signal_t *sig, int number UNUSED) {
    supervisor_end(sig->data);
}

int supervisor_start(struct supervisor *s, struct diag *reterr) {
    char self[32];
    snprintf(self, sizeof self, "%ld", (long) getpid());
    setenv(SUPERVISED_ENV, self, 1); /* before any thread is made */
    uv_signal_init(s->loop, &s->on_term);
    uv_signal_init(s->loop, &s->on_int);
    s->on_term.data = s->on_int.data = s;
    int e = uv_signal_start(&s->on_term, on_end_signal, SIGTERM);
    if (e == 0)
        e = uv_signal_start(&s->on_int, on_end_signal, SIGINT);
    if (e < 0)
        return diag_set(reterr, e, "cannot watch for signals: %s", uv_strerror(e));
    for (int i = 0; i < s->n_children; i++) {
        struct child *c = &s->children[i];
        uv_timer_init(s->loop, &c->again);
        c->again.data = c;
        start_child(c);
    }
    return 0;
}

static void kill_rest(uv_timer_t *t) {
    struct supervisor *s = t->data;
    for (int i = 0; i < s->n_children; i++) {
        if (!s->children[i].running)
            continue;
        log_warn("%s did not end in 5 s and is killed", s->children[i].name);
        uv_process_kill(&s->children[i].process, SIGKILL);
    }
}

void supervisor_end(struct supervisor *s) {
    if (s->ending || !s->loop)
        return;
    s->ending = true;
    for (int i = 0; i < s->n_children; i++) {
        uv_timer_stop(&s->children[i].again);
        if (s->children[i].running)
            uv_process_kill(&s->children[i].process, SIGTERM);
    }
    s->kill_later.data = s;
    uv_timer_start(&s->kill_later, kill_rest, KILL_AFTER_MS, 0);
    end_loop_if_all_gone(s);
}
