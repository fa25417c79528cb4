/* What it costs to keep a line: bench_spool FOLDER [LINES]. One JSON object a row.
 *
 *   put      records put and committed in groups of 1…10000: what group commit gains on this disk
 *   read     the same spool read back
 *   tcp      lines from a TCP sender (another process) through peek, framing, put, fsync, consume;
 * only this process's processor time counts, and the end is reached when the last line is on disk
 */
#include "base/mem.h"
#include "intake/live.h"
#include "spool/reader.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double) u.ru_utime.tv_sec + (double) u.ru_stime.tv_sec +
           ((double) u.ru_utime.tv_usec + (double) u.ru_stime.tv_usec) / 1e6;
}
static double wall_s(void) {
    return (double) time_monotonic_ns() / 1e9;
}

static size_t make_line(uint64_t i, char *dst, size_t cap) {
    int n =
        snprintf(dst, cap,
                 "<86>Nov 22 17:00:%02u gate sshd[%u]: Failed password for invalid user u%u from "
                 "192.0.2.%u port %u ssh2",
                 (unsigned) (i / 1000 % 60), (unsigned) (i % 30000), (unsigned) (i % 997),
                 (unsigned) (i % 250), (unsigned) (i % 60000));
    return (size_t) n;
}

static _Noreturn void give_up(const struct diag *d) {
    fprintf(stderr, "bench_spool: %s\n", d->text);
    exit(1);
}

static struct spool *open_spool(const char *folder, const char *name) {
    char path[512];
    struct spool *s = NULL;
    struct diag d = {0};
    struct spool_options o = {0};
    (void) snprintf(path, sizeof path, "%s/%s", folder, name);
    if (spool_open(path, &o, &s, &d) < 0)
        give_up(&d);
    return s;
}

static void bench_put(const char *folder, uint64_t lines, uint64_t group) {
    char name[32], line[256];
    struct diag d = {0};
    (void) snprintf(name, sizeof name, "put%" PRIu64, group);
    struct spool *s = open_spool(folder, name);
    double cpu = cpu_s(), wall = wall_s();
    for (uint64_t i = 0; i < lines; i++) {
        struct raw_record rec = {.bytes = str_n(line, make_line(i, line, sizeof line)),
                                 .source = 1,
                                 .arrival_ns = (int64_t) i};
        if (spool_put(s, &rec, &d) < 0 || (i % group == group - 1 && spool_commit(s, &d) < 0))
            give_up(&d);
    }
    if (spool_commit(s, &d) < 0)
        give_up(&d);
    cpu = cpu_s() - cpu;
    wall = wall_s() - wall;
    printf("{\"what\":\"put\",\"group\":%" PRIu64 ",\"records\":%" PRIu64
           ",\"per_s\":%.0f,\"per_cpu_s\":%.0f,\"commit_ms\":%.3f}\n",
           group, lines, (double) lines / wall, (double) lines / cpu,
           1000 * wall / (double) spool_stats(s)->commits);
    spool_close(s);
}

static void bench_read(const char *folder) {
    char path[512];
    struct spool_reader *r = NULL;
    struct spool_batch b;
    struct diag d = {0};
    uint64_t n = 0, bytes = 0;
    int k;
    (void) snprintf(path, sizeof path, "%s/put10000", folder);
    double cpu = cpu_s();
    if (spool_reader_open(path, &r, &d) < 0)
        give_up(&d);
    spool_batch_init(&b);
    while ((k = spool_reader_next(r, &b, NULL, &d)) > 0)
        for (size_t i = 0; i < b.n; i++, n++)
            bytes += b.records[i].bytes.n;
    if (k < 0)
        give_up(&d);
    spool_batch_done(&b);
    spool_reader_free(r);
    printf("{\"what\":\"read\",\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"per_cpu_s\":%.0f}\n",
           n, bytes, (double) n / (cpu_s() - cpu));
}

/* ---- TCP ---- */

struct receiver {
    uv_loop_t loop;
    struct spool *spool;
    uint64_t lines, until;
};

static int put(void *ctx, const struct raw_record *rec, struct diag *reterr) {
    struct receiver *r = ctx;
    r->lines += !(rec->flags & (RAW_STATE | RAW_SOURCE));
    return spool_put(r->spool, rec, reterr);
}
static int commit(void *ctx, struct diag *reterr) {
    struct receiver *r = ctx;
    int k = spool_commit(r->spool, reterr);
    if (k == 0 && r->lines >= r->until)
        uv_stop(&r->loop);
    return k;
}
static int name_source(void *ctx UNUSED, const struct source *def UNUSED, uint32_t *ret_id,
                       struct diag *reterr UNUSED) {
    *ret_id = 1;
    return 0;
}

static pid_t send_lines(const struct sockaddr_in *to, uint64_t lines) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    static char block[1 << 16];
    size_t n = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *) to, sizeof *to) < 0)
        _exit(1);
    for (uint64_t i = 0; i < lines; i++) {
        n += make_line(i, block + n, 256);
        block[n++] = '\n';
        if (n < sizeof block - 300 && i + 1 < lines)
            continue;
        for (size_t at = 0; at < n;) {
            ssize_t k = write(fd, block + at, n - at);
            if (k <= 0)
                _exit(1);
            at += (size_t) k;
        }
        n = 0;
    }
    close(fd);
    _exit(0);
}

static void bench_tcp(const char *folder, uint64_t lines) {
    static struct receiver r;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    struct intake_live *live;
    struct diag d = {0};
    struct source def = {.name = STR("bench"), .kind = STR("syslog"), .encoding = -1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *) &at, sizeof at) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *) &at, &len) < 0)
        exit(1);
    r.spool = open_spool(folder, "tcp");
    r.until = lines;
    (void) uv_loop_init(&r.loop);
    struct intake_live_options o = {
        .loop = &r.loop, .sink = {&r, put, commit}, .name_source = name_source, .ctx = &r};
    if (intake_live_new(&o, &live) < 0 || intake_syslog_add_listener(live, fd, &def, &d) < 0)
        give_up(&d);
    pid_t pid = send_lines(&at, lines);
    double cpu = cpu_s(), wall = wall_s();
    (void) uv_run(&r.loop, UV_RUN_DEFAULT);
    cpu = cpu_s() - cpu;
    wall = wall_s() - wall;
    printf("{\"what\":\"tcp\",\"lines\":%" PRIu64
           ",\"per_s\":%.0f,\"per_cpu_s\":%.0f,\"commits\":%" PRIu64 "}\n",
           r.lines, (double) r.lines / wall, (double) r.lines / cpu, spool_stats(r.spool)->commits);
    intake_live_close(live);
    (void) uv_run(&r.loop, UV_RUN_DEFAULT);
    spool_close(r.spool);
    (void) waitpid(pid, NULL, 0);
}

int main(int argc, char **argv) {
    uint64_t lines = 1000000;
    if (argc < 2 || (argc > 2 && str_to_u64(str_of(argv[2]), &lines) < 0) || lines < 1000)
        return 2;
    for (uint64_t group = 1; group <= 10000; group *= 10)
        bench_put(argv[1], group == 1 ? lines / 1000 : group == 10 ? lines / 100 : lines, group);
    bench_read(argv[1]);
    bench_tcp(argv[1], lines);
    return 0;
}
