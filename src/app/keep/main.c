/* kizuki-keep: seals what the sensor has written.
 *
 *   DATA/spool   closed segments become leaves of the tree, are signed for and compressed (spool/seal.h)
 *   DATA/keep    the signing key
 *   DATA/status  keep.json, for whoever shows how far it is
 *   DATA/hold    what cases hold (holds.h), read before something goes (retain.h)
 *   DATA/vault   of a vault that has a retention of its own: each copy's spool, and what its first's cases hold
 *
 * A program of its own because it holds the key: the sensor reads hostile bytes and must not be able to sign. It opens
 * no socket and starts nothing. Killed at any moment it goes on where it was. */
#include "app/common/config.h"
#include "app/common/copies.h"
#include "app/common/note.h"
#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "app/keep/retain.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "spool/prove.h"
#include "spool/seal.h"

#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

enum {
    LOOK_S = 1,          /* between looks for a closed segment */
    WAIT_FIRST_S = 1,    /* after a failure, doubling up to WAIT_MAX_S */
    WAIT_MAX_S = 300,
};

/* A spool from which something may go: our own, or a copy. */
struct removing {
    struct retain *retain;
    int64_t looked_ns; /* monotonic */
    struct sign_public seals;
};
struct keep {
    const char *data, *config_file;
    struct config *config;
    struct removing own, of[VAULT_FIRSTS_MAX];
    struct copies copies;
    bool any_copy; /* one of them has a time */
    char hold[PATH_MAX];
    char spool[PATH_MAX], folder[PATH_MAX], status[PATH_MAX];
    struct sign_secret key;
    struct sign_public pub;
    struct spool_sealer *sealer;
    uint64_t sealed, bytes, packed_bytes, lost; /* since the start */
    bool once;
};

/* What pages and scripts may read: how far the spool is sealed, or why it is not. */
static void write_status(struct keep *k, const char *why) {
    const struct spool_checkpoint *c = k->sealer ? spool_sealer_newest(k->sealer) : NULL;
    char root[2 * SHA256_BYTES + 1];
    struct buf b;
    struct diag d;
    buf_init(&b, 4096);
    struct jsonw w;
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "state", why ? "stopped" : "sealing");
    jsonw_kz(&w, "why", why);
    jsonw_ku64(&w, "sealed_to", c ? c->size : 0);
    jsonw_ku64(&w, "segment", c ? c->segment : 0);
    jsonw_ktime(&w, "sealed_at", c && c->size ? c->sealed_ns : TIME_NONE);
    if (c && c->size)
        hex_encode(c->root.bytes, SHA256_BYTES, root);
    jsonw_kz(&w, "root", c && c->size ? root : NULL);
    jsonw_kz(&w, "key", k->pub.fingerprint);
    jsonw_key(&w, STR("retention"));
    jsonw_object(&w);
    retain_write(k->own.retain, &w);
    jsonw_end(&w);
    jsonw_key(&w, STR("copies"));
    jsonw_array(&w);
    for (size_t i = 0; i < k->copies.n; i++) {
        if (!k->of[i].retain)
            continue;
        jsonw_object(&w);
        jsonw_kz(&w, "name", k->copies.at[i].name);
        retain_write(k->of[i].retain, &w);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_end(&w);
    buf_add_byte(&b, '\n');
    if (buf_error(&b) < 0 || file_write_atomic(k->status, buf_str(&b), 0644, &d) < 0)
        log_warn("cannot write '%s'", k->status);
    buf_done(&b);
}

/* Everything that is closed. */
static int seal_all(struct keep *k, struct diag *err) {
    struct spool_seal_options o = {.key = &k->key, .pub = &k->pub};
    struct spool_sealed done;
    int r = k->sealer ? 0 : spool_sealer_open(k->spool, &o, &k->sealer, err);
    if (r < 0)
        return r;
    while ((r = spool_sealer_step(k->sealer, &done, err)) == 1) {
        k->sealed++;
        k->bytes += done.bytes;
        k->packed_bytes += done.packed_bytes;
        k->lost += done.lost;
        if (done.lost)
            log_error("segment %u: %llu records could not be read and are sealed as lost",
                      done.checkpoint.segment, (unsigned long long) done.lost);
        log_info("segment %u sealed: records to %llu, %llu bytes as %llu", done.checkpoint.segment,
                 (unsigned long long) done.checkpoint.size, (unsigned long long) done.bytes,
                 (unsigned long long) done.packed_bytes);
        write_status(k, NULL);
    }
    if (r < 0)
        k->sealer = spool_sealer_close(k->sealer);
    return r;
}

/* What may go, when there is time; a failure stops nothing else. */
static void remove_from(struct keep *k, struct removing *x) {
    struct diag d = {0};
    char line[1024];
    int64_t now = time_monotonic_ns();
    if (!x->retain || (x->looked_ns && now - x->looked_ns < retain_every_ns(x->retain)))
        return;
    x->looked_ns = now;
    int r = retain_step(x->retain, time_now_ns(), &d);
    write_status(k, NULL);
    if (r < 0 && r != -ENOENT)
        log_error("nothing is removed: %s", diag_format(&d, line, sizeof line));
}

static void remove_due(struct keep *k) {
    remove_from(k, &k->own);
    for (size_t i = 0; i < k->copies.n; i++)
        remove_from(k, &k->of[i]);
}

static volatile sig_atomic_t asked_to_end;
static void on_end(int signal UNUSED) {
    asked_to_end = 1;
}

/* Sleeps; true when a signal asks to end. They are let through only here: a step is never cut short. */
static bool wait_or_end(const sigset_t *outside, int seconds) {
    struct timespec t = {.tv_sec = seconds};
    int r = ppoll(NULL, 0, &t, outside);
    ASSERT(r == 0 || errno == EINTR);
    return asked_to_end;
}

static int run(struct keep *k) {
    sigset_t ends, outside;
    const struct sigaction end = {.sa_handler = on_end};
    int wait_s = WAIT_FIRST_S;
    char line[1024];
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, &outside);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    for (;;) {
        struct diag d = {0};
        bool first = !k->sealer;
        int r = seal_all(k, &d);
        if (r < 0 && r != -ENOENT) {
            log_error("nothing is sealed: %s", diag_format(&d, line, sizeof line));
            write_status(k, line);
        } else if (r == 0 && first) {
            write_status(k, NULL);
        }
        if (r == 0)
            remove_due(k);
        if (k->once)
            return r < 0;
        if (k->any_copy && copies_changed(&k->copies)) {
            log_info("another Kizuki is kept here now; beginning again to see it");
            return 0;
        }
        int s = r == 0 || r == -ENOENT ? LOOK_S : wait_s;
        wait_s = r < 0 ? MIN(2 * wait_s, (int) WAIT_MAX_S) : WAIT_FIRST_S;
        if (wait_or_end(&outside, s))
            return 0;
    }
}

/* Copies that this vault has a time for. Our key is laid beside what it removes from, so that whoever has the copy can check it. */
static int prepare_copies(struct keep *k, struct diag *err) {
    const struct config_vault *v = &k->config->vault;
    int r = 0;
    k->any_copy = v->retention.all.keep_ns != 0;
    for (size_t i = 0; i < v->n_copies; i++)
        k->any_copy |= v->copies[i].all.keep_ns != 0;
    if (k->any_copy && !k->once)
        copies_find(&k->copies, k->data);
    for (size_t i = 0; r == 0 && i < k->copies.n; i++) {
        const struct copy *c = &k->copies.at[i];
        struct retain_options o = {.data = k->config->data, .settings = config_retention_of_copy(k->config, str_of(c->name)), .spool = c->spool,
                                   .hold = c->hold, .copy = c->name, .own = k->spool, .seals = &k->of[i].seals, .key = &k->key, .pub = &k->pub};
        char path[PATH_MAX + 32];
        if (!o.settings->all.keep_ns)
            continue;
        snprintf(path, sizeof path, "%s/" SPOOL_VAULT_KEY_NAME, c->spool);
        r = sign_public_load(c->key, &k->of[i].seals, err);
        if (r == 0)
            r = sign_public_save(path, &k->pub, err);
        if (r == 0) /* the puller makes it, too */
            r = file_make_dir(c->hold, 0700, err);
        if (r == 0)
            r = retain_new(&o, &k->of[i].retain);
    }
    return r;
}

static int prepare(struct keep *k, struct diag *err) {
    char key[PATH_MAX + 8];
    snprintf(k->spool, sizeof k->spool, "%.4000s/spool", k->data);
    snprintf(k->folder, sizeof k->folder, "%.4000s/keep", k->data);
    snprintf(k->status, sizeof k->status, "%.4000s/status/keep.json", k->data);
    snprintf(key, sizeof key, "%s/key", k->folder);
    int r = config_load(k->data, k->config_file, &k->config, err);
    if (r == 0)
        r = file_make_dir(k->folder, 0700, err);
    /* The sensor makes it too; whoever comes first. */
    if (r == 0)
        r = file_make_dir(k->spool, 0700, err);
    if (r == 0)
        r = sign_key_open(key, &k->key, &k->pub, err);
    /* Beside what it signs, too: whoever has the spool can check it, and nobody but us may read where the key is. */
    snprintf(key, sizeof key, "%.4000s/" SPOOL_KEY_NAME, k->spool);
    if (r == 0)
        r = sign_public_save(key, &k->pub, err);
    snprintf(k->hold, sizeof k->hold, "%.4000s/hold", k->data);
    if (r < 0)
        return r;
    struct retain_options o = {.data = k->config->data, .settings = &k->config->retention, .spool = k->spool, .hold = k->hold, .copy = "", .own = k->spool,
                               .seals = &k->pub, .key = &k->key, .pub = &k->pub};
    r = retain_new(&o, &k->own.retain);
    return r < 0 ? r : prepare_copies(k, err);
}

static int wall(const struct keep *k, struct diag *err) {
    char notes[PATH_MAX], status[PATH_MAX];
    struct sandbox_path paths[5 + 2 * VAULT_FIRSTS_MAX] = {
        {k->spool, SANDBOX_WRITE}, {k->folder, SANDBOX_WRITE}, {k->hold, SANDBOX_READ}, {notes, SANDBOX_WRITE}, {status, SANDBOX_WRITE}};
    size_t n = 5;
    snprintf(status, sizeof status, "%.4000s/status", k->data);
    for (size_t i = 0; i < k->copies.n; i++)
        if (k->of[i].retain) {
            paths[n++] = (struct sandbox_path){k->copies.at[i].spool, SANDBOX_WRITE};
            paths[n++] = (struct sandbox_path){k->copies.at[i].hold, SANDBOX_READ};
        }
    int r = file_make_dir(k->hold, 0700, err); /* the room makes it too; whoever comes first */
    if (r == 0)
        r = note_folder(k->data, notes, err);
    if (r == 0)
        r = file_make_dir(status, 0700, err);
    return r < 0 ? r : sandbox_enter(paths, n, SANDBOX_BASIC | SANDBOX_FILES, err);
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"once", no_argument, NULL, 'o'},
                                            {"config", required_argument, NULL, 'c'},
                                            {0}};
    static struct keep k;
    struct diag d = {0};
    char line[1024];
    int c, r;
    log_set_program("kizuki-keep");
    supervised_begin();
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'd')
            k.data = optarg;
        else if (c == 'o')
            k.once = true;
        else if (c == 'c')
            k.config_file = optarg;
        else
            break;
    }
    if (c != -1 || !k.data || optind != argc) {
        fputs("usage: kizuki-keep --data DIR [--config FILE] [--once]\n"
              "\n"
              "  seals closed segments of DIR/spool with the key DIR/keep/key, made at first start\n"
              "  --once   what is closed now, then end\n",
              stderr);
        return 2;
    }
    r = prepare(&k, &d);
    if (r == 0)
        r = wall(&k, &d);
    if (r > 0)
        log_warn("this kernel has no Landlock; the keeper could open files it need not");
    if (r < 0) {
        log_error("cannot start: %s", diag_format(&d, line, sizeof line));
        return 1;
    }
    r = run(&k);
    spool_sealer_close(k.sealer);
    retain_free(k.own.retain);
    for (size_t i = 0; i < k.copies.n; i++)
        retain_free(k.of[i].retain);
    config_free(k.config);
    return r;
}
