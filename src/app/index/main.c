/* kizuki-index: the embedded search engine, chDB, for searches and for the one that fills it (kizuki-search).
 *
 *   kizuki-index --data DIR --fd N [--library FILE] [--memory MB]      N: a listening Unix socket
 *
 * A program of its own because half a gigabyte of somebody else's code runs in it: it may read and write DIR/index and
 * answer on one socket, and no more: no other file, no network, no program, and of SQL only the statements of
 * src/index/sql.c. What it says only narrows a search; nothing it could say makes an event found that is none. */
#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "app/index/engine.h"
#include "app/index/library.h"
#include "app/index/serve.h"
#include "base/file.h"
#include "base/log.h"

#include <getopt.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { NICE_INDEX = 10, MEMORY_MB = 1024, MEMORY_MB_MIN = 256, MEMORY_MB_MAX = 65536 };

struct program {
    const char *data, *library;
    int64_t fd, memory_mb;
    char folder[4096], path[4200], database[4200];
    int signal_fd;
};

static int take_signals(struct program *p, struct diag *err) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || (p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return diag_set(err, -errno, "cannot take signals: %s", err_word(-errno));
    return 0;
}

static int prepare(struct program *p, struct engine **ret, struct diag *err) {
    snprintf(p->folder, sizeof p->folder, "%.4000s/index", p->data);
    snprintf(p->path, sizeof p->path, "%s", p->library ? p->library : "");
    if (!p->library)
        snprintf(p->path, sizeof p->path, "%s/" INDEX_LIBRARY_NAME, p->folder);
    snprintf(p->database, sizeof p->database, "%s/db", p->folder);
    int r = file_make_dir(p->folder, 0700, err);
    if (r == 0)
        r = take_signals(p, err);
    if (r < 0)
        return r;
    (void) setpriority(PRIO_PROCESS, 0, NICE_INDEX);
    /* Its own choice would be this machine's zone and home. */
    (void) setenv("TZ", "UTC", 1);
    (void) setenv("HOME", p->folder, 1);
    if (chdir(p->folder) < 0)
        return diag_set(err, -errno, "cannot enter '%s': %s", p->folder, err_word(-errno));
    engine_prepare();
    /* Before a byte of the library is loaded. */
    const struct sandbox_path paths[] = {{p->folder, SANDBOX_READ | SANDBOX_WRITE}, {p->path, SANDBOX_READ}, {"/proc/self", SANDBOX_READ},
                                          {"/sys/fs/cgroup", SANDBOX_READ}};
    r = sandbox_enter(paths, ARRAY_SIZE(paths), SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_CONNECTED, err);
    if (r > 0)
        log_warn("this kernel has no Landlock; the index could open files it need not");
    if (r >= 0)
        r = index_library_check(p->path, err);
    return r < 0 ? r : engine_open(p->path, p->database, (uint64_t) p->memory_mb << 20, ret, err);
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"data", required_argument, NULL, 'd'}, {"fd", required_argument, NULL, 'f'},
                                            {"library", required_argument, NULL, 'l'}, {"memory", required_argument, NULL, 'm'}, {0}};
    static struct program p = {.fd = -1, .memory_mb = MEMORY_MB};
    struct engine *engine = NULL;
    struct diag d = {0};
    char line[1024];
    bool good = true;
    int c;
    log_set_program("kizuki-index");
    supervised_begin();
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'd')
            p.data = optarg;
        else if (c == 'l')
            p.library = optarg;
        else if (c == 'f')
            good = good && str_to_i64(str_of(optarg), &p.fd) == 0;
        else
            good = good && c == 'm' && str_to_i64(str_of(optarg), &p.memory_mb) == 0;
    }
    if (!good || !p.data || p.fd < 0 || p.fd > 65535 || optind != argc || p.memory_mb < MEMORY_MB_MIN || p.memory_mb > MEMORY_MB_MAX) {
        fputs("usage: kizuki-index --data DIR --fd N [--library FILE] [--memory MB]\n"
              "\n"
              "  keeps the index in DIR/index; N is an inherited listening Unix socket\n",
              stderr);
        return 2;
    }
    int r = prepare(&p, &engine, &d);
    if (r < 0)
        log_error("cannot start: %s", diag_format(&d, line, sizeof line));
    r = r < 0 ? 1 : index_serve((int) p.fd, p.signal_fd, engine, (uint64_t) p.memory_mb << 20);
    engine_close(engine);
    return r;
}
