#include "app/hand/setup.h"

#include "base/log.h"
#include "base/time.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { NOTES_A_SECOND = 20 }; /* lines in the log about refusals; the rest is counted */

static int64_t wall_ms(void *ctx UNUSED) {
    return time_now_ns() / NS_PER_MS;
}
static int64_t boot_ns(void *ctx UNUSED) {
    struct timespec t;
    ASSERT(clock_gettime(CLOCK_BOOTTIME, &t) == 0);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}
const struct hand_clock setup_clock = {.wall_ms = wall_ms, .boot_ns = boot_ns};

/* A room that floods us must not flood the log. */
void setup_note(void *ctx UNUSED, bool bad, const char *sentence) {
    static int64_t notes_second;
    static unsigned notes_said, notes_kept;
    int64_t second = boot_ns(NULL) / NS_PER_S;
    if (second != notes_second) {
        if (notes_kept)
            log_warn("%u more lines were not shown", notes_kept);
        notes_second = second;
        notes_said = notes_kept = 0;
    }
    if (notes_said++ >= NOTES_A_SECOND)
        notes_kept++;
    else
        log_line(bad ? LOG_WARN_ : LOG_INFO_, "%s", sentence);
}

int setup_boot_id(char *dst, size_t cap) {
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, dst, cap - 1);
    if (fd >= 0)
        close(fd);
    n = MAX(n, 0);
    while (n > 0 && (dst[n - 1] == '\n' || dst[n - 1] == ' '))
        n--;
    dst[n] = 0;
    return n ? 0 : -EIO;
}

/* One hand a data folder. The runner inherits the lock, so a hand started while the runner of a
 * killed one still lets nft end waits for it. The file holds the process number for --clear. */
int setup_lock(const char *folder, int64_t wait_ms, int *ret_fd, struct diag *d) {
    char path[4200], pid[32];
    snprintf(path, sizeof path, "%s/lock", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return diag_set(d, -errno, "cannot open '%s': %s", path, err_word(-errno));
    *ret_fd = fd; /* also when another holds it: its process number is read from it */
    int64_t end = time_monotonic_ns() + wait_ms * NS_PER_MS;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        struct timespec pause = {.tv_nsec = 50 * NS_PER_MS};
        if (errno != EWOULDBLOCK || time_monotonic_ns() >= end)
            return diag_set(d, -errno, "another kizuki-hand works in '%s'", folder);
        nanosleep(&pause, NULL);
    }
    int n = snprintf(pid, sizeof pid, "%d\n", (int) getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t) n, 0) != n)
        return diag_set(d, -errno, "cannot write '%s': %s", path, err_word(-errno));
    return 0;
}

int setup_socket(int given_fd, const char *path, uid_t room, struct diag *d) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (given_fd >= 0)
        return fcntl(given_fd, F_SETFD, FD_CLOEXEC) < 0 ? diag_set(d, -errno, "descriptor %d is not open", given_fd)
                                                        : given_fd;
    if (n >= sizeof a.sun_path)
        return diag_set(d, -ENAMETOOLONG, "the name of the socket is too long");
    memcpy(a.sun_path, path, n);
    (void) unlink(path); /* we hold the lock: nobody else listens there */
    mode_t old = umask(0177);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = fd < 0 || bind(fd, (struct sockaddr *) &a, sizeof a) < 0 || listen(fd, 8) < 0 ? -errno : 0;
    umask(old);
    if (r == 0 && room != geteuid() && chown(path, room, (gid_t) -1) < 0)
        r = -errno;
    return r < 0 ? diag_set(d, r, "cannot listen on '%s': %s", path, err_word(r)) : fd;
}

int setup_signals(int *ret_fd, struct diag *d) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
        (*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return diag_set(d, -errno, "cannot take signals: %s", err_word(-errno));
    return 0;
}

