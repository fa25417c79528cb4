/* See vault.h. Here: options and the walls. */
#include "app/vault/vault.h"

#include "app/common/note.h"
#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

enum { FDS_MAX = 4, KEY_WAIT_MS = 60 * 1000 };
enum job { JOB_NONE, JOB_OFFER, JOB_PULL, JOB_CODE, JOB_ENROL, JOB_DROP };
struct options {
    enum job job;
    const char *data, *name, *at;
    int fds[FDS_MAX];
    size_t n_fds;
    struct pull_options pull;
};

static int read_number(const char *text, int64_t min, int64_t *ret) {
    return str_to_i64(str_of(text), ret) < 0 || *ret < min || *ret > INT32_MAX ? -EINVAL : 0;
}

static int read_options(struct options *o, int argc, char **argv) {
    static const struct option options[] = {
        {"offer", no_argument, NULL, 'o'},         {"pull", no_argument, NULL, 'p'},
        {"code", required_argument, NULL, 'c'},    {"enrol", required_argument, NULL, 'e'},
        {"drop", required_argument, NULL, 'r'},    {"at", required_argument, NULL, 'a'},
        {"data", required_argument, NULL, 'd'},    {"fd", required_argument, NULL, 'f'},
        {"every-ms", required_argument, NULL, '1'}, {"silent-s", required_argument, NULL, '2'},
        {"stale-s", required_argument, NULL, '3'}, {0}};
    static const char letters[] = "opcer"; /* in order of enum job */
    int64_t fd;
    int c, r = 0;
    *o = (struct options){.pull = {.every_ms = 10000, .silent_s = 600, .stale_s = 3 * 3600}};
    while (r == 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char *job = strchr(letters, c);
        if (job && c) {
            r = o->job ? -EINVAL : 0;
            o->job = (enum job)(job - letters + 1);
            o->name = optarg;
        } else if (c == 'a') {
            o->at = optarg;
        } else if (c == 'd') {
            o->data = optarg;
        } else if (c == 'f') {
            if ((r = o->n_fds == FDS_MAX ? -EINVAL : read_number(optarg, 3, &fd)) == 0)
                o->fds[o->n_fds++] = (int) fd;
        } else if (c == '1') {
            r = read_number(optarg, 100, &o->pull.every_ms);
        } else if (c == '2') {
            r = read_number(optarg, 1, &o->pull.silent_s);
        } else {
            r = c == '3' ? read_number(optarg, 1, &o->pull.stale_s) : -EINVAL;
        }
    }
    o->pull.data = o->data;
    bool args = argc - optind == (o->job == JOB_ENROL);
    return r == 0 && o->job && o->data && args && (o->at != NULL) == (o->job == JOB_ENROL) &&
                   (o->n_fds > 0) == (o->job == JOB_OFFER)
               ? 0
               : -EINVAL;
}

/* The keeper makes its key at its first start, about now. */
static int wait_for_seals(const struct options *o, struct sign_public *ret, struct diag *err) {
    char path[4096];
    int r;
    snprintf(path, sizeof path, "%.4000s/keep/key.pub", o->data);
    for (int i = 0; (r = sign_public_load(path, ret, err)) == -ENOENT && i < KEY_WAIT_MS / 100; i++)
        nanosleep(&(struct timespec){.tv_nsec = 100 * 1000000}, NULL);
    return r;
}

static int make_status(const struct options *o, char dst[4096], struct diag *err) {
    snprintf(dst, 4096, "%.4000s/status", o->data);
    return file_make_dir(dst, 0700, err);
}

/* Of what is here it may read the spool and which of its records cases hold, no more: the secret key of the seals lies beside it. */
static int wall_offer(const struct options *o, struct diag *err) {
    static char spool[4096], lend[4096], notes[4096], status[4096], hold[4096];
    snprintf(hold, sizeof hold, "%.4000s/hold", o->data);
    snprintf(spool, sizeof spool, "%.4000s/spool", o->data);
    snprintf(lend, sizeof lend, "%.4000s/lend", o->data);
    int r = make_status(o, status, err);
    if (r == 0)
        r = note_folder(o->data, notes, err);
    if (r == 0)
        r = file_make_dir(spool, 0700, err);
    if (r == 0) /* the room makes it too; whoever comes first */
        r = file_make_dir(hold, 0700, err);
    const struct sandbox_path paths[] = {{spool, SANDBOX_READ}, {hold, SANDBOX_READ}, {lend, SANDBOX_WRITE},
                                         {notes, SANDBOX_WRITE}, {status, SANDBOX_WRITE}, {"/proc/self", SANDBOX_READ}};
    /* Its listening sockets are inherited: it calls nobody. */
    return r < 0 ? r : sandbox_enter(paths, ARRAY_SIZE(paths), SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_CONNECTED, err);
}

/* What the system's look-up of names reads stands beside its own folder. */
static int wall_pull(const struct options *o, struct diag *err) {
    static char vault[4096], notes[4096], status[4096];
    snprintf(vault, sizeof vault, "%.4000s/vault", o->data);
    int r = make_status(o, status, err);
    if (r == 0)
        r = note_folder(o->data, notes, err);
    const struct sandbox_path paths[] = {
        {vault, SANDBOX_WRITE}, {notes, SANDBOX_WRITE}, {status, SANDBOX_WRITE}, {"/proc/self", SANDBOX_READ}, {"/etc/hosts", SANDBOX_READ},
        {"/etc/resolv.conf", SANDBOX_READ}, {"/etc/nsswitch.conf", SANDBOX_READ}, {"/etc/gai.conf", SANDBOX_READ},
        {"/etc/host.conf", SANDBOX_READ}, {"/etc/ld.so.cache", SANDBOX_READ}, {"/etc/services", SANDBOX_READ},
        {"/run/systemd/resolve", SANDBOX_READ}, {"/usr/lib/x86_64-linux-gnu", SANDBOX_READ}};
    return r < 0 ? r : sandbox_enter(paths, ARRAY_SIZE(paths), SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_SOCKETS, err);
}

static int print_code(const struct options *o, struct diag *err) {
    char code[32];
    int r = enrol_code_new(o->data, str_of(o->name), code, err);
    if (r == 0)
        printf("%s\n", code);
    explicit_bzero(code, sizeof code);
    return r;
}

static int work(const struct options *o, struct tls_own *own, struct diag *err) {
    static struct sign_public seals;
    char key[4096];
    const char *folder = o->job == JOB_PULL || o->job == JOB_ENROL ? "vault" : "lend";
    snprintf(key, sizeof key, "%.4000s/%s", o->data, folder);
    int r = file_make_dir(key, 0700, err);
    if (r < 0 || o->job == JOB_CODE || o->job == JOB_DROP)
        return r < 0 ? r : o->job == JOB_CODE ? print_code(o, err) : enrol_drop(o->data, str_of(o->name), err);
    snprintf(key, sizeof key, "%.4000s/%s/key", o->data, folder);
    if ((r = tls_own_open(key, own, err)) < 0)
        return r;
    if (o->job == JOB_ENROL)
        return r;
    if (o->job == JOB_OFFER && (r = wait_for_seals(o, &seals, err)) < 0)
        return r;
    r = o->job == JOB_OFFER ? wall_offer(o, err) : wall_pull(o, err);
    if (r > 0)
        log_warn("this kernel has no Landlock; files could be opened that need not be");
    if (r < 0)
        return r;
    return o->job == JOB_OFFER ? vault_offer(o->data, own, &seals, o->fds, o->n_fds) : vault_pull(&o->pull, own);
}

int main(int argc, char **argv) {
    static struct tls_own own;
    struct options o;
    struct diag d = {0};
    char line[1024];
    log_set_program("kizuki-vault");
    signal(SIGPIPE, SIG_IGN);
    if (read_options(&o, argc, argv) < 0) {
        fputs("usage: kizuki-vault --offer --data DIR --fd N…\n"
              "       kizuki-vault --pull --data DIR [--every-ms N] [--silent-s N] [--stale-s N]\n"
              "       kizuki-vault --code NAME --data DIR\n"
              "       kizuki-vault --enrol NAME --at HOST:PORT --data DIR CODE\n"
              "       kizuki-vault --drop NAME --data DIR\n",
              stderr);
        return 2;
    }
    if (o.job == JOB_OFFER || o.job == JOB_PULL)
        supervised_begin();
    int r = work(&o, &own, &d);
    if (r == 0 && o.job == JOB_ENROL)
        r = vault_enrol(o.data, &own, o.name, o.at, argv[optind], &d);
    tls_own_close(&own);
    if (r >= 0)
        return r;
    if (o.job == JOB_OFFER || o.job == JOB_PULL)
        log_error("cannot start: %s", diag_format(&d, line, sizeof line));
    else
        fprintf(stderr, "kizuki: %s\n", diag_format(&d, line, sizeof line));
    return 1;
}
