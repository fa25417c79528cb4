/* The clock of a night that is played: laid under the programs by the loader (LD_PRELOAD), so that what runs is what is installed. The wall clock is
 * the machine's plus an offset that the test writes into a file of eight bytes (KIZUKI_NIGHT_CLOCK); monotonic clocks stay as they are, so that
 * programs, sockets and waiting are as quick or slow as they are.
 *
 * Never installed, and nothing in Kizuki knows of it: there is no option, no variable, no build of the programs with another clock. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int (*real)(clockid_t, struct timespec *);
static const volatile int64_t *offset_ns;

__attribute__((constructor)) static void night_begin(void) {
    const char *path = getenv("KIZUKI_NIGHT_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset_ns, PROT_READ, MAP_SHARED, fd, 0);
    *(void **) &real = dlsym(RTLD_NEXT, "clock_gettime");
    offset_ns = at == MAP_FAILED ? NULL : at;
    if (fd >= 0)
        close(fd);
}

int clock_gettime(clockid_t id, struct timespec *ts) {
    if (!real)
        *(void **) &real = dlsym(RTLD_NEXT, "clock_gettime");
    int e = real(id, ts);
    if (e == 0 && offset_ns && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        int64_t ns = (int64_t) ts->tv_sec * 1000000000 + ts->tv_nsec + *offset_ns;
        ts->tv_sec = (time_t) (ns / 1000000000);
        ts->tv_nsec = (long) (ns % 1000000000);
    }
    return e;
}

time_t time(time_t *ret) {
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    if (ret)
        *ret = ts.tv_sec;
    return ts.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz) {
    struct timespec ts;
    (void) tz;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}
