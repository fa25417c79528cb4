/* What a program may still do after its set-up: one visible block in each main().
 *
 *   struct sandbox_path paths[] = {{data, SANDBOX_WRITE}, {"/etc/ssl", SANDBOX_READ}};
 *   r = sandbox_enter(paths, ARRAY_SIZE(paths), SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_SOCKETS, &d);
 *
 * Sets no_new_privs, restricts the file system with Landlock (kernel documentation userspace-api/landlock;
 * the newest ABI the kernel has is used, an older kernel gives the weaker form and a positive return), and
 * system calls with a seccomp allow list made of groups of rows. A call outside the list fails with EPERM,
 * execve and friends end the process. Threads made before the call are restricted too (TSYNC); call it once. */
#pragma once
#include "base/err.h"

#include <stdint.h>

enum sandbox_access { SANDBOX_READ = 1, SANDBOX_WRITE = 2, SANDBOX_EXEC = 4 };
struct sandbox_path {
    const char *path; /* a folder or file; one that does not exist is passed over */
    unsigned access;
};
enum sandbox_calls {
    SANDBOX_BASIC = 1,    /* memory, time, threads, signals to itself, read and write of open descriptors */
    SANDBOX_FILES = 2,    /* open, rename, link, fsync, stat, directories, inotify */
    SANDBOX_SOCKETS = 4,  /* sockets of any family Landlock and the network allow */
    SANDBOX_CHILDREN = 8, /* fork, execve, wait */
    SANDBOX_CONNECTED = 16, /* accept, send and receive on sockets opened before */
    SANDBOX_LOCAL = 32,     /* Unix sockets may be opened and connected, no others */
};
/* 0, or 1 when the kernel has no Landlock (the caller logs that), or a negative code. */
int sandbox_enter(const struct sandbox_path *paths, size_t n_paths, unsigned calls,
                  struct diag *reterr) MUST_USE;
