/* One driver of lasting acts: DATA/hand/drivers/NAME.yml says which.
 *
 *   room ── socket ──> this process (no capability, no exec) ── socket pair ──> its runner
 *                       │ DATA/hand/NAME/journal                 │ the programs and paths of its template, its own user
 *
 * Leaving touches nothing that is in force. A new driver file needs a new start: what is in force by the old one is
 * kept in the journal. */
#include "app/hand/deeds.h"

#include "app/content/content.h"
#include "app/hand/peers.h"
#include "app/hand/rights.h"
#include "app/hand/setup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "hand/deed.h"
#include "hand/deed_runner.h"
#include "hand/limits.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 90000 }; /* a runner of a killed driver ends the step it is at */

struct program {
    const struct deeds_options *o;
    struct deed_driver *driver;
    struct deed_runner runner;
    struct deeds *deeds;
    struct peers peers;
    uid_t uids[DEED_UIDS_MAX];
    char folder[4096], site[4200], journal[4200], key[4200], boot_id[40];
    int lock_fd, signal_fd;
};

static void say(void *ctx, void *who, struct str message) {
    struct program *p = ctx;
    peers_say(&p->peers, who, message);
}

static int run_step(void *ctx, enum deed_verb verb, struct str kind, struct str target, struct str params,
                    struct buf *kept, struct diag *reterr) {
    struct program *p = ctx;
    return deed_runner_run(&p->runner, verb, kind, target, params, kept, reterr);
}

static int take_note(void *hand, struct str note, void *who) {
    return deeds_take(hand, note, who);
}

static int make_paths(struct program *p, struct diag *d) {
    const struct deeds_options *o = p->o;
    struct deed_value word = {.type = DEED_NAME, .least = 1, .most = 60, .name = STR("--deeds")};
    int e = deed_value_check(&word, str_of(o->name), d);
    if (e < 0)
        return e;
    int n = snprintf(p->folder, sizeof p->folder, "%s/hand/%s", o->data, o->name);
    if (n < 0 || (size_t) n >= sizeof p->folder)
        return diag_set(d, -ENAMETOOLONG, "the name of the data folder is too long");
    snprintf(p->site, sizeof p->site, "%s/hand/drivers/%s.yml", o->data, o->name);
    snprintf(p->journal, sizeof p->journal, "%s/journal", p->folder);
    if (o->key)
        snprintf(p->key, sizeof p->key, "%s", o->key);
    else
        snprintf(p->key, sizeof p->key, "%s/hand/order.key.pub", o->data);
    return file_make_dir(p->folder, 0755, d);
}

static int load(struct program *p, struct diag *d) {
    char templates[4200];
    snprintf(templates, sizeof templates, "%.4000s/drivers", content_dir());
    int e = deed_driver_load(p->site, templates, &p->driver, d);
    if (e < 0)
        return e;
    p->peers.uids = p->uids;
    p->peers.n_uids = MAX(p->driver->n_room_uids, 1u);
    memcpy(p->uids, p->driver->room_uids, sizeof p->uids);
    if (!p->driver->n_room_uids)
        p->uids[0] = p->o->room_uid >= 0 ? (uid_t) p->o->room_uid : geteuid();
    return 0;
}

static int make_hand(struct program *p, struct diag *d) {
    struct deeds_config cfg = {.driver = p->driver,
                               .journal_path = p->journal,
                               .boot_id = p->boot_id,
                               .clock = setup_clock,
                               .dry_lock = p->o->dry_run,
                               .ctx = p,
                               .run = run_step,
                               .say = say,
                               .note = setup_note};
    int e = hand_file_trusted(p->key, d);
    if (e == 0)
        e = sign_public_load(p->key, &cfg.room, d);
    if (e == 0 && (e = setup_boot_id(p->boot_id, sizeof p->boot_id)) < 0)
        e = diag_set(d, e, "cannot read the boot id");
    return e < 0 ? e : deeds_new(&cfg, &p->deeds, d);
}

static int set_up(struct program *p, struct diag *d) {
    char path[4200];
    snprintf(path, sizeof path, "%.3000s/run/hand-%s.sock", p->o->data, p->o->name);
    int e = setup_lock(p->folder, LOCK_WAIT_MS, &p->lock_fd, d);
    if (e == 0)
        e = load(p, d);
    if (e == 0 && !p->o->clear)
        e = p->peers.listen_fd = setup_socket(p->o->fd, p->o->socket ? p->o->socket : path, p->uids[0], d);
    struct rights_deeds rights = {.driver = p->driver, .close_fd = p->peers.listen_fd};
    if (e >= 0)
        e = deed_runner_start(p->driver, rights_drop_deeds, &rights, &p->runner, d);
    if (e > 0)
        log_warn("this kernel has no Landlock: the runner is confined by seccomp only");
    if (e >= 0)
        e = make_hand(p, d);
    if (e >= 0 && (e = setup_signals(&p->signal_fd, d)) >= 0)
        e = rights_drop_hand(&(struct rights){.folder = p->folder}, d);
    p->peers.hand = p->deeds;
    p->peers.take = take_note;
    return e < 0 ? e : deeds_start(p->deeds, d);
}

static bool take_signals(void *ctx) {
    struct program *p = ctx;
    struct signalfd_siginfo s;
    while (read(p->signal_fd, &s, sizeof s) == (ssize_t) sizeof s)
        if (s.ssi_signo != SIGUSR1)
            return false; /* SIGHUP too: the supervisor starts us anew, with the new file */
    return true;
}

static int64_t wait_ms(void *ctx) {
    return deeds_wait_ms(((struct program *) ctx)->deeds);
}
static void tick(void *ctx) {
    deeds_tick(((struct program *) ctx)->deeds);
}

static int run(struct program *p) {
    struct peers_loop l = {.peers = &p->peers, .signal_fd = p->signal_fd, .runner_fd = p->runner.fd, .broken = &p->runner.broken, .ctx = p,
                           .wait_ms = wait_ms, .signals = take_signals, .tick = tick};
    int e = peers_run(&l);
    if (e == -EPIPE)
        log_error("the runner is gone; starting anew is needed");
    return e;
}

static int check(struct program *p, struct diag *d) {
    int e = load(p, d);
    if (e < 0)
        return e;
    const struct deed_driver *x = p->driver;
    printf("%s: %.*s, %s, %zu kinds, %s\n", x->name, STR_ARG(x->id), x->dry_run ? "dry-run" : "in force", x->n_kinds,
           x->proven.n || x->tried.n ? "proven" : "unproven");
    return 0;
}

int deeds_main(const struct deeds_options *o) {
    static struct program p = {.lock_fd = -1, .signal_fd = -1, .runner = {.fd = -1}};
    struct diag d = {0};
    char text[900];
    p.o = o;
    peers_init(&p.peers, -1);
    int e = make_paths(&p, &d);
    if (e == 0 && o->check)
        e = check(&p, &d);
    else if (e == 0 && (e = set_up(&p, &d)) == 0) {
        log_info("ready, driver %s (%.*s)%s", p.driver->name, STR_ARG(p.driver->id),
                 p.driver->dry_run || o->dry_run ? ", dry-run" : "");
        e = o->clear ? deeds_clear(p.deeds, &d) : run(&p);
    }
    if (e < 0 && d.text[0])
        log_error("%s", diag_format(&d, text, sizeof text));
    deeds_free(p.deeds);
    peers_done(&p.peers);
    deed_runner_end(&p.runner);
    deed_driver_free(p.driver);
    return e < 0 ? 1 : 0;
}
