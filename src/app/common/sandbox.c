#include "app/common/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights of later ABIs than Debian 12's header knows (6.1 = ABI 2): values from the kernel's interface. */
#define FS_TRUNCATE (1ull << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (1ull << 15) /* ABI 5 */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE                                                                                   \
    (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                    \
     LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |   \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)
#define FS_ALL                                                                                     \
    (FS_WRITE | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                        \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |  \
     FS_IOCTL_DEV)
#define FS_FOR_A_FILE                                                                              \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |   \
     FS_TRUNCATE)

static uint64_t rights_known(long abi) {
    uint64_t all = FS_ALL;
    if (abi < 2)
        all &= ~(uint64_t) LANDLOCK_ACCESS_FS_REFER;
    if (abi < 3)
        all &= ~(uint64_t) FS_TRUNCATE;
    if (abi < 5)
        all &= ~(uint64_t) FS_IOCTL_DEV;
    return all;
}

static int add_path(int ruleset, const struct sandbox_path *p, uint64_t known, struct diag *err) {
    struct stat st;
    uint64_t rights = 0;
    int fd = open(p->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0
                               : diag_set(err, -errno, "cannot open '%s': %s", p->path,
                                          err_word(-errno));
    if (p->access & SANDBOX_READ)
        rights |= FS_READ;
    if (p->access & SANDBOX_WRITE)
        rights |= FS_WRITE;
    if (p->access & SANDBOX_EXEC)
        rights |= LANDLOCK_ACCESS_FS_EXECUTE | FS_READ;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rights &= FS_FOR_A_FILE;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights & known, .parent_fd = fd};
    long r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int e = r < 0 ? -errno : 0;
    close(fd);
    return e < 0 ? diag_set(err, e, "cannot allow '%s': %s", p->path, err_word(e)) : 0;
}

static int enter_landlock(const struct sandbox_path *paths, size_t n, struct diag *err) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1)
        return 1;
    uint64_t known = rights_known(abi);
    struct landlock_ruleset_attr attr = {.handled_access_fs = known};
    int ruleset = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset < 0)
        return diag_set(err, -errno, "cannot make the Landlock rules: %s", err_word(-errno));
    for (size_t i = 0; i < n; i++) {
        int e = add_path(ruleset, &paths[i], known, err);
        if (e < 0) {
            close(ruleset);
            return e;
        }
    }
#if defined(__SANITIZE_ADDRESS__)
    (void) add_path(ruleset, &(struct sandbox_path){"/proc", SANDBOX_READ}, known, NULL);
#endif
    long r = syscall(SYS_landlock_restrict_self, ruleset, 0);
    int e = r < 0 ? -errno : 0;
    close(ruleset);
    return e < 0 ? diag_set(err, e, "cannot enter Landlock: %s", err_word(e)) : 0;
}

static const struct {
    unsigned group;
    int call;
} ALLOWED[] = {
#define ROW(group, name) {group, SCMP_SYS(name)},
    /* SANDBOX_BASIC */
    ROW(1, read) ROW(1, write) ROW(1, readv) ROW(1, writev) ROW(1, pread64) ROW(1, pwrite64)
    ROW(1, preadv) ROW(1, preadv2) ROW(1, pwritev) ROW(1, close) ROW(1, close_range) ROW(1, lseek) ROW(1, dup) ROW(1, dup2) ROW(1, dup3)
    ROW(1, fcntl) ROW(1, fstat) ROW(1, newfstatat) ROW(1, statx) ROW(1, pipe2) ROW(1, eventfd2)
    ROW(1, mmap) ROW(1, munmap) ROW(1, mprotect) ROW(1, mremap) ROW(1, madvise) ROW(1, brk)
    ROW(1, futex) ROW(1, set_robust_list) ROW(1, rseq) ROW(1, sched_yield) ROW(1, sched_getaffinity)
    ROW(1, clone) ROW(1, clone3) ROW(1, set_tid_address) ROW(1, gettid) ROW(1, getpid) ROW(1, getppid)
    ROW(1, tgkill) ROW(1, rt_sigaction) ROW(1, rt_sigprocmask) ROW(1, rt_sigreturn) ROW(1, sigaltstack)
    ROW(1, signalfd4) ROW(1, clock_gettime) ROW(1, clock_getres) ROW(1, clock_nanosleep) ROW(1, nanosleep)
    ROW(1, gettimeofday) ROW(1, time) ROW(1, timerfd_create) ROW(1, timerfd_settime) ROW(1, timerfd_gettime)
    ROW(1, epoll_create1) ROW(1, epoll_ctl) ROW(1, epoll_wait) ROW(1, epoll_pwait) ROW(1, epoll_pwait2)
    ROW(1, poll) ROW(1, ppoll) ROW(1, select) ROW(1, pselect6) ROW(1, getrandom) ROW(1, getrusage) ROW(1, prlimit64)
    ROW(1, getuid) ROW(1, geteuid) ROW(1, getgid) ROW(1, getegid) ROW(1, uname) ROW(1, sysinfo)
    ROW(1, exit) ROW(1, exit_group) ROW(1, restart_syscall) ROW(1, prctl) ROW(1, membarrier) ROW(1, capget)
    /* SANDBOX_FILES */
    ROW(2, open) ROW(2, openat) ROW(2, openat2) ROW(2, creat) ROW(2, stat) ROW(2, lstat) ROW(2, access)
    ROW(2, faccessat) ROW(2, faccessat2) ROW(2, readlink) ROW(2, readlinkat) ROW(2, getcwd) ROW(2, chdir) ROW(2, getdents64)
    ROW(2, rename) ROW(2, renameat) ROW(2, renameat2) ROW(2, unlink) ROW(2, unlinkat) ROW(2, mkdir)
    ROW(2, mkdirat) ROW(2, rmdir) ROW(2, ftruncate) ROW(2, truncate) ROW(2, fallocate) ROW(2, fsync)
    ROW(2, fdatasync) ROW(2, syncfs) ROW(2, sync_file_range) ROW(2, flock) ROW(2, fchmod) ROW(2, chmod) ROW(2, fchmodat) ROW(2, fchown)
    ROW(2, umask) ROW(2, statfs) ROW(2, fstatfs) ROW(2, inotify_init1) ROW(2, inotify_add_watch)
    ROW(2, inotify_rm_watch) ROW(2, fadvise64) ROW(2, copy_file_range) ROW(2, utimensat) ROW(2, link) ROW(2, linkat)
    /* SANDBOX_SOCKETS */
    ROW(4, socket) ROW(4, socketpair) ROW(4, bind) ROW(4, listen) ROW(4, accept) ROW(4, accept4) ROW(4, connect)
    ROW(4, getsockname) ROW(4, getpeername) ROW(4, setsockopt) ROW(4, getsockopt) ROW(4, sendto) ROW(4, recvfrom)
    ROW(4, sendmsg) ROW(4, recvmsg) ROW(4, sendmmsg) ROW(4, recvmmsg) ROW(4, shutdown) ROW(4, sendfile) ROW(4, ioctl)
    /* SANDBOX_CONNECTED */
    ROW(16, accept) ROW(16, accept4) ROW(16, getsockopt) ROW(16, sendto) ROW(16, recvfrom) ROW(16, sendmsg)
    ROW(16, recvmsg) ROW(16, shutdown)
    /* SANDBOX_LOCAL; socket itself has a condition, below */
    ROW(32, connect)
    /* SANDBOX_CHILDREN */
    ROW(8, fork) ROW(8, vfork) ROW(8, execve) ROW(8, wait4) ROW(8, waitid) ROW(8, kill) ROW(8, pidfd_open)
    ROW(8, pidfd_send_signal) ROW(8, arch_prctl) ROW(8, setpgid) ROW(8, setsid) ROW(8, getpgrp) ROW(8, getpgid) ROW(8, pipe) ROW(8, ioctl)
#if defined(__SANITIZE_ADDRESS__) /* the leak check at exit traces its own threads */
    ROW(1, ptrace) ROW(1, wait4) ROW(1, kill) ROW(1, process_vm_readv) ROW(1, getdents) ROW(1, open)
    ROW(1, openat) ROW(1, readlink) ROW(1, getdents64) ROW(1, mincore)
#endif
#undef ROW
};
/* Never wanted after set-up: their use is an attack, so the process ends. */
static const int DEADLY[] = {
#if !defined(__SANITIZE_ADDRESS__)
    SCMP_SYS(ptrace),
#endif
    SCMP_SYS(execveat), SCMP_SYS(process_vm_writev), SCMP_SYS(init_module), SCMP_SYS(bpf),
    SCMP_SYS(mount),    SCMP_SYS(unshare),           SCMP_SYS(setns),       SCMP_SYS(keyctl),
    SCMP_SYS(userfaultfd),
};

static int enter_seccomp(unsigned calls, struct diag *err) {
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!f)
        return diag_set(err, -ENOMEM, "cannot make the seccomp filter");
    int e = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(ALLOWED); i++) {
        if (!(ALLOWED[i].group & calls))
            continue;
        e = seccomp_rule_add(f, SCMP_ACT_ALLOW, ALLOWED[i].call, 0);
        e = e == -EEXIST ? 0 : e;
    }
    if (e == 0 && (calls & SANDBOX_LOCAL))
        e = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(DEADLY); i++)
        e = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, DEADLY[i], 0);
    if (e == 0 && !(calls & SANDBOX_CHILDREN))
        e = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(execve), 0);
    if (e == 0)
        e = seccomp_load(f);
    seccomp_release(f);
    return e < 0 ? diag_set(err, e, "cannot enter seccomp: %s", err_word(e)) : 0;
}

int sandbox_enter(const struct sandbox_path *paths, size_t n_paths, unsigned calls,
                  struct diag *reterr) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return diag_set(reterr, -errno, "cannot set no_new_privs: %s", err_word(-errno));
    int weak = enter_landlock(paths, n_paths, reterr);
    if (weak < 0)
        return weak;
    int e = enter_seccomp(calls, reterr);
    return e < 0 ? e : weak;
}
