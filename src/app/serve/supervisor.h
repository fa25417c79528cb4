/* Starts programs, keeps them running, hands them file descriptors, ends them.
 *
 * Listening sockets are opened once by the supervisor and inherited by each new child, so a dead child
 * never closes a port. A child that ends is started again after 100 ms, then twice as long each time up to
 * 5 s; running for 10 s makes it start afresh at 100 ms. The supervisor parses nothing from outside. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* The sensor takes two descriptors and four arguments for each of 16 configured syslog addresses. */
enum { CHILD_ARGS_MAX = 96, CHILD_FDS_MAX = 40, CHILDREN_MAX = 17 };

/* libuv and execve take arguments as char *, and change none. */
static inline char *unconst(const char *z) {
    return (char *) (uintptr_t) z;
}

struct supervisor;
struct child {
    const char *name;                  /* kizuki-room */
    char exe[4096];
    char args[CHILD_ARGS_MAX][4160];   /* argv[0] first; filled through child_arg */
    int n_args;
    int fds[CHILD_FDS_MAX];            /* our number; the child finds them from 3 on, in this order */
    int n_fds;
    bool ends_all; /* its good end (status 0) ends everything: a replay is through */
    /* private */
    struct supervisor *owner;
    uv_process_t process;
    uv_timer_t again;
    bool running, process_live;
    uint64_t started_ms, wait_ms;
    unsigned restarts, failures; /* failures: since it last ran steadily */
};
struct supervisor {
    uv_loop_t *loop;
    struct child children[CHILDREN_MAX];
    int n_children;
    unsigned failures_max; /* a child that ended so often in a row ends everything; 0: never give up */
    bool ending, gave_up;
    uv_signal_t on_term, on_int;
    uv_timer_t kill_later;
    void (*on_starting)(struct supervisor *s, struct child *c); /* before each start; may be NULL */
    void *ctx;
};

int supervisor_init(struct supervisor *s, uv_loop_t *loop);
/* A child beside our own program or in the installed folder; not started yet. */
struct child *supervisor_add(struct supervisor *s, const char *name, struct diag *reterr);
void child_arg(struct child *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Gives the descriptor to the child and returns its number there. */
int child_fd(struct child *c, int fd);
int supervisor_start(struct supervisor *s, struct diag *reterr) MUST_USE;
/* TERM to all, KILL after 5 s; the loop ends when the last is gone. Nothing before supervisor_init. */
void supervisor_end(struct supervisor *s);
/* Folder of the running program, without a slash at the end. */
int supervisor_own_dir(char *dst, size_t cap) MUST_USE;
/* A program of ours: beside this one, or where it was installed. */
int supervisor_find_program(const char *name, char *dst, size_t cap, struct diag *err) MUST_USE;
