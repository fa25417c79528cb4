/* kizuki-hand: carries out blocks, and nothing it was not allowed.
 *
 *   supervisor ── listening socket ──> hand (no capability, no exec) ── socket pair ──> nft runner
 *                                       │ journal, limits                 │ CAP_NET_ADMIN
 *                                      DATA/hand                         /usr/sbin/nft
 *
 * One thread, one poll loop. Leaving never touches a block: the kernel ends each by itself, and a
 * hand that starts again finds them in its journal. Only --clear takes the tables away. */
#include "app/common/supervised.h"
#include "app/hand/peers.h"
#include "app/hand/deeds.h"
#include "app/hand/rights.h"
#include "app/hand/setup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "hand/nft.h"
#include "hand/own.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { LOCK_WAIT_MS = 15000 }; /* a runner of a killed hand lets nft end first */

struct options {
    const char *data, *socket, *key, *limits, *nft, *driver, *deeds;
    int fd;
    long room_uid;
    bool dry_run, clear, check;
};

struct program {
    struct options opt;
    char folder[4096], limits_path[4096], key_path[4096], journal_path[4096], boot_id[40];
    int lock_fd, own_fd, signal_fd;
    uid_t uids[HAND_ROOM_UIDS_MAX];
    struct hand_runner runner;
    const struct hand_driver *driver;
    struct hand *hand;
    struct peers peers;
};

static const char usage[] =
    "usage: kizuki-hand --data DIR [--fd N | --socket PATH] [options]\n"
    "       kizuki-hand --data DIR --clear\n"
    "       kizuki-hand --data DIR --check\n"
    "       kizuki-hand --data DIR --deeds NAME [--fd N | --socket PATH] [--dry-run | --clear | --check]\n"
    "\n"
    "  --data DIR       the data folder; this program uses DIR/hand only\n"
    "  --fd N           take connections on this inherited listening socket\n"
    "  --socket PATH    make the socket (DIR/run/hand.sock)\n"
    "  --key FILE       the room's public key, owned by root (DIR/hand/order.key.pub)\n"
    "  --limits FILE    the limits, owned by root; must lie in DIR/hand (DIR/hand/limits.yml)\n"
    "  --room-uid N     the user the room runs as (the own one); room_uids in the limits file "
    "wins\n"
    "  --driver NAME    nft or none (nft; none when it cannot work and the hand is in dry-run)\n"
    "  --nft PATH       the nft program (" HAND_NFT_PATH ")\n"
    "  --deeds NAME     be the driver of DIR/hand/drivers/NAME.yml (closing sites, freezing accounts …)\n"
    "  --dry-run        block nothing, whatever the limits file says\n"
    "  --clear          lift every block, remove table inet " HAND_NFT_TABLE ", end\n"
    "  --check          read limits and key, say what is wrong, end\n"
    "  --version, --help\n";

/* ---- options ---- */

static int to_number(const char *z, long *ret) {
    int64_t v;
    if (str_to_i64(str_of(z), &v) < 0 || v < 0 || v > INT32_MAX)
        return -EINVAL;
    *ret = (long) v;
    return 0;
}

static int read_options(int argc, char **argv, struct options *o) {
    static const struct option names[] = {
        {"data", 1, NULL, 'd'},   {"fd", 1, NULL, 'f'},     {"socket", 1, NULL, 's'},
        {"key", 1, NULL, 'k'},    {"limits", 1, NULL, 'l'}, {"room-uid", 1, NULL, 'u'},
        {"driver", 1, NULL, 'D'}, {"nft", 1, NULL, 'n'},    {"dry-run", 0, NULL, 'y'},
        {"clear", 0, NULL, 'c'},  {"check", 0, NULL, 'C'},  {"version", 0, NULL, 'V'},
        {"help", 0, NULL, 'h'},   {"deeds", 1, NULL, 'e'},  {NULL, 0, NULL, 0},
    };
    long fd = -1;
    *o = (struct options){.fd = -1, .room_uid = -1, .nft = HAND_NFT_PATH};
    for (int c; (c = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        switch (c) {
        case 'd':
            o->data = optarg;
            break;
        case 's':
            o->socket = optarg;
            break;
        case 'k':
            o->key = optarg;
            break;
        case 'l':
            o->limits = optarg;
            break;
        case 'D':
            o->driver = optarg;
            break;
        case 'e':
            o->deeds = optarg;
            break;
        case 'n':
            o->nft = optarg;
            break;
        case 'y':
            o->dry_run = true;
            break;
        case 'c':
            o->clear = true;
            break;
        case 'C':
            o->check = true;
            break;
        case 'V':
            puts("kizuki-hand " KIZUKI_VERSION);
            exit(0);
        case 'h':
            fputs(usage, stdout);
            exit(0);
        case 'f':
        case 'u':
            if (to_number(optarg, c == 'f' ? &fd : &o->room_uid) == 0)
                break;
            fprintf(stderr, "kizuki-hand: '%s' is no number\n", optarg);
            return -EINVAL;
        default:
            fputs(usage, stderr);
            return -EINVAL;
        }
    }
    o->fd = (int) fd;
    if (!o->data || optind < argc) {
        fputs(usage, stderr);
        return -EINVAL;
    }
    return 0;
}

static int join(char *dst, size_t cap, const char *given, const char *folder, const char *name) {
    int n = given ? snprintf(dst, cap, "%s", given) : snprintf(dst, cap, "%s/%s", folder, name);
    return n < 0 || (size_t) n >= cap ? -ENAMETOOLONG : 0;
}

static int make_paths(struct program *p, struct diag *d) {
    const struct options *o = &p->opt;
    if (join(p->folder, sizeof p->folder, NULL, o->data, "hand") < 0 ||
        join(p->limits_path, sizeof p->limits_path, o->limits, p->folder, "limits.yml") < 0 ||
        join(p->key_path, sizeof p->key_path, o->key, p->folder, "order.key.pub") < 0 ||
        join(p->journal_path, sizeof p->journal_path, NULL, p->folder, "blocks.journal") < 0)
        return diag_set(d, -ENAMETOOLONG, "the name of the data folder is too long");
    return file_make_dir(p->folder, 0755, d);
}

/* ---- what the hand calls ---- */

static int own_addresses(void *ctx, struct ip *dst, size_t cap, size_t *ret_n,
                         struct diag *reterr) {
    const struct program *p = ctx;
    return hand_own_read(p->own_fd, dst, cap, ret_n, reterr);
}
static void say(void *ctx, void *who, struct str message) {
    struct program *p = ctx;
    peers_say(&p->peers, who, message);
}

static int take_note(void *hand, struct str note, void *who) {
    return hand_take(hand, note, who);
}
static void peer_gone(void *hand, void *who) {
    hand_drop_peer(hand, who);
}

/* ---- set-up ---- */

static int load_limits(struct program *p, struct hand_limits *ret, struct diag *d) {
    if (access(p->limits_path, F_OK) < 0 && errno == ENOENT) {
        int r = file_write_atomic(p->limits_path, hand_limits_template(), 0644, d);
        if (r < 0)
            return r;
        log_info("made %s with dry_run: true; nothing is blocked until you change it",
                 p->limits_path);
    }
    return hand_limits_load(p->limits_path, ret, d);
}

static void set_uids(struct program *p, const struct hand_limits *l) {
    p->peers.uids = p->uids;
    p->peers.n_uids = l->n_room_uids ? l->n_room_uids : 1;
    memcpy(p->uids, l->room_uids, sizeof p->uids);
    if (!l->n_room_uids)
        p->uids[0] = p->opt.room_uid >= 0 ? (uid_t) p->opt.room_uid : geteuid();
}

static int open_socket(struct program *p, struct diag *d) {
    char path[4200];
    snprintf(path, sizeof path, "%s/run", p->opt.data);
    if (p->opt.fd < 0 && !p->opt.socket && file_make_dir(path, 0755, d) < 0)
        return d->code;
    if (join(path, sizeof path, p->opt.socket, p->opt.data, "run/hand.sock") < 0)
        return diag_set(d, -ENAMETOOLONG, "the name of the socket is too long");
    return setup_socket(p->opt.fd, path, p->uids[0], d);
}

/* The table is one for a network namespace, and so is the hand that acts on it: two would take each
 * other's blocks for strays. An abstract socket name is free again when its last holder (our
 * runner) is gone. */
static bool be_the_only_one(int64_t wait_ms) {
    static const char name[] = "kizuki-hand-nft";
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int64_t end = time_monotonic_ns() + wait_ms * NS_PER_MS;
    memcpy(a.sun_path + 1, name, sizeof name - 1);
    socklen_t n = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + sizeof name);
    while (fd >= 0 && bind(fd, (struct sockaddr *) &a, n) < 0) {
        struct timespec pause = {.tv_nsec = 50 * NS_PER_MS};
        if (errno != EADDRINUSE || time_monotonic_ns() >= end) {
            close(fd);
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return fd >= 0; /* kept open for as long as we live */
}

/* NULL, or why nftables cannot be used. */
static const char *why_not_nft(const struct program *p) {
    if (access(p->opt.nft, X_OK) < 0)
        return "nft is not installed";
    if (!rights_net_admin())
        return "CAP_NET_ADMIN is missing";
    if (!p->opt.clear && !be_the_only_one(p->opt.dry_run ? 0 : LOCK_WAIT_MS))
        return "another kizuki-hand acts in this network namespace";
    return NULL;
}

static int start_driver(struct program *p, bool dry, struct rights *rights, struct diag *d) {
    /* --dry-run is for demonstrations: not even a look at the kernel's table. */
    const char *wanted = p->opt.driver ? p->opt.driver : p->opt.dry_run ? "none" : "nft";
    p->driver = hand_driver_find(str_of(wanted));
    p->runner.fd = -1;
    if (!p->driver)
        return diag_set(d, -EINVAL, "there is no driver '%s'", wanted);
    if (p->driver != hand_driver_find(STR("nft")))
        return 0;
    const char *why = why_not_nft(p);
    if (why && dry && !p->opt.driver) {
        log_warn("nftables cannot be used here (%s); orders are only checked and listed", why);
        p->driver = hand_driver_find(STR("none"));
        return 0;
    }
    if (why)
        return diag_set(d, -EPERM, "cannot block: %s", why);
    int r = hand_runner_start(p->opt.nft, rights_drop_runner, rights, &p->runner, d);
    if (r > 0)
        log_warn("this kernel has no Landlock: the nft runner is confined by seccomp only");
    return r;
}

static int load_key(struct program *p, struct sign_public *ret, struct diag *d) {
    int r = hand_file_trusted(p->key_path, d);
    return r < 0 ? r : sign_public_load(p->key_path, ret, d);
}

static int set_up(struct program *p, struct diag *d) {
    struct hand_limits limits;
    struct hand_config cfg = {.journal_path = p->journal_path,
                              .boot_id = p->boot_id,
                              .dry_lock = p->opt.dry_run,
                              .clock = setup_clock,
                              .ctx = p,
                              .own = own_addresses,
                              .say = say,
                              .note = setup_note};
    int r = setup_lock(p->folder, LOCK_WAIT_MS, &p->lock_fd, d);
    if (r < 0 || (r = load_limits(p, &limits, d)) < 0)
        return r;
    set_uids(p, &limits);
    if ((r = load_key(p, &cfg.room, d)) >= 0 &&
        (r = setup_boot_id(p->boot_id, sizeof p->boot_id)) < 0)
        r = diag_set(d, r, "cannot read the boot id: %s", err_word(r));
    if (r >= 0 && (r = p->own_fd = hand_own_open(d)) >= 0)
        r = p->peers.listen_fd = open_socket(p, d);
    struct rights rights = {.folder = p->folder,
                            .nft = p->opt.nft,
                            .close_fds = {p->own_fd, p->peers.listen_fd, -1, -1}};
    if (r >= 0)
        r = start_driver(p, limits.dry_run || p->opt.dry_run, &rights, d);
    if (r >= 0 && (r = setup_signals(&p->signal_fd, d)) >= 0 && (r = rights_drop_hand(&rights, d)) > 0)
        log_warn("this kernel has no Landlock: the hand is confined by seccomp only");
    cfg.driver = p->driver;
    cfg.driver_ctx = &p->runner;
    if (r >= 0)
        r = hand_new(&cfg, &limits, &p->hand, d);
    hand_limits_done(&limits);
    p->peers.hand = p->hand;
    p->peers.take = take_note;
    p->peers.gone = peer_gone;
    return r < 0 ? r : hand_start(p->hand, d);
}

/* ---- running ---- */

static void reload(struct program *p) {
    struct hand_limits limits;
    struct diag d = {0};
    char text[900];
    if (hand_limits_load(p->limits_path, &limits, &d) < 0) {
        log_error("the old limits stay in force: %s", diag_format(&d, text, sizeof text));
        return;
    }
    set_uids(p, &limits);
    log_info("read the limits again%s", limits.dry_run ? "; dry-run" : "");
    hand_set_limits(p->hand, &limits);
}

/* False: time to leave. */
static bool take_signals(void *ctx) {
    struct program *p = ctx;
    struct signalfd_siginfo s;
    struct diag d = {0};
    bool stay = true;
    while (read(p->signal_fd, &s, sizeof s) == (ssize_t) sizeof s) {
        if (s.ssi_signo == SIGHUP)
            reload(p);
        else if (s.ssi_signo == SIGUSR1 && hand_clear(p->hand, &d) < 0)
            log_error("cannot clear: %s", d.text);
        else if (s.ssi_signo == SIGINT || s.ssi_signo == SIGTERM)
            stay = false;
    }
    return stay;
}

static int64_t wait_ms(void *ctx) {
    return hand_wait_ms(((struct program *) ctx)->hand);
}
static void flush(void *ctx) {
    hand_flush(((struct program *) ctx)->hand);
}
static void tick(void *ctx) {
    hand_tick(((struct program *) ctx)->hand);
}

static int run(struct program *p) {
    struct peers_loop l = {.peers = &p->peers, .signal_fd = p->signal_fd, .runner_fd = p->runner.fd, .broken = &p->runner.broken, .ctx = p,
                           .wait_ms = wait_ms, .flush = flush, .signals = take_signals, .tick = tick};
    int e = peers_run(&l);
    if (e < 0) {
        log_error(e == -EPIPE ? "the nft runner is gone; starting anew is needed" : "cannot wait: %s", err_word(e));
        return 1;
    }
    log_info("leaving; blocks in force stay and end by themselves");
    return 0;
}

/* ---- --clear and --check ---- */

static int tell_running(struct program *p, struct diag *d) {
    char pid[32] = {0};
    long n;
    ssize_t got = pread(p->lock_fd, pid, sizeof pid - 1, 0);
    if (got > 1)
        pid[got - 1] = 0; /* the line's end */
    if (got <= 1 || to_number(pid, &n) < 0 || n < 2)
        return diag_set(d, -ESRCH, "a hand works in '%s', but its process number is not known",
                        p->folder);
    return kill((pid_t) n, SIGUSR1) < 0
               ? diag_set(d, -errno, "cannot tell process %ld to clear: %s", n, err_word(-errno))
               : 0;
}

/* The journal is emptied too, so that the next start restores nothing. */
static int clear_alone(struct program *p, struct diag *d) {
    struct hand_limits limits;
    struct hand_config cfg = {.journal_path = p->journal_path,
                              .boot_id = p->boot_id,
                              .driver = p->driver,
                              .driver_ctx = &p->runner,
                              .dry_lock = true,
                              .clock = setup_clock,
                              .ctx = p,
                              .own = own_addresses,
                              .say = say,
                              .note = setup_note};
    hand_limits_init(&limits);
    int r = p->driver->clear(&p->runner, d);
    if (r < 0 || (r = p->own_fd = hand_own_open(d)) < 0 ||
        (r = hand_new(&cfg, &limits, &p->hand, d)) < 0 || (r = hand_start(p->hand, d)) < 0)
        return r;
    return hand_clear(p->hand, d);
}

static int wait_until_clear(struct program *p, struct diag *d) {
    for (int i = 0; i < 100; i++) {
        struct hand_listing l = {0};
        struct timespec pause = {.tv_nsec = 100 * NS_PER_MS};
        int r = p->driver->list(&p->runner, &l, d);
        bool gone = r == 0 && !l.whole && l.n == 0;
        hand_listing_done(&l);
        if (r < 0 || gone)
            return r;
        nanosleep(&pause, NULL);
    }
    return diag_set(d, -ETIMEDOUT, "the running hand has not cleared its table within 10 s");
}

static int clear_all(struct program *p, struct diag *d) {
    struct rights rights = {.folder = p->folder, .nft = p->opt.nft, .close_fds = {-1, -1, -1, -1}};
    int r = start_driver(p, false, &rights, d);
    if (r < 0 || (r = setup_boot_id(p->boot_id, sizeof p->boot_id)) < 0)
        return r;
    if (setup_lock(p->folder, 0, &p->lock_fd, d) == 0)
        return clear_alone(p, d);
    r = tell_running(p, d);
    return r < 0 ? r : wait_until_clear(p, d);
}

static int check_all(struct program *p, struct diag *d) {
    struct hand_limits limits;
    struct sign_public key;
    int r = hand_limits_load(p->limits_path, &limits, d);
    if (r < 0)
        return r;
    printf("limits: %s, %zu on the never-block list\n", limits.dry_run ? "dry-run" : "in force",
           limits.n_never);
    hand_limits_done(&limits);
    if ((r = load_key(p, &key, d)) < 0)
        return r;
    printf("key of the room: %s\n", key.fingerprint);
    return 0;
}

static void tear_down(struct program *p) {
    hand_free(p->hand);
    peers_done(&p->peers);
    if (p->runner.fd >= 0 && p->runner.pid)
        hand_runner_end(&p->runner);
}

int main(int argc, char **argv) {
    static struct program p = {.lock_fd = -1, .own_fd = -1, .signal_fd = -1};
    struct diag d = {0};
    char text[900];
    log_set_program("kizuki-hand");
    supervised_begin();
    if (read_options(argc, argv, &p.opt) < 0)
        return 2;
    if (p.opt.deeds)
        return deeds_main(&(struct deeds_options){.data = p.opt.data,
                                                  .name = p.opt.deeds,
                                                  .socket = p.opt.socket,
                                                  .key = p.opt.key,
                                                  .fd = p.opt.fd,
                                                  .room_uid = p.opt.room_uid,
                                                  .dry_run = p.opt.dry_run,
                                                  .clear = p.opt.clear,
                                                  .check = p.opt.check});
    peers_init(&p.peers, -1);
    int r = make_paths(&p, &d);
    if (r >= 0 && p.opt.check)
        r = check_all(&p, &d);
    else if (r >= 0 && p.opt.clear)
        r = clear_all(&p, &d);
    else if (r >= 0 && (r = set_up(&p, &d)) >= 0) {
        log_info("ready, driver %s", p.driver->name);
        r = run(&p) ? -EIO : 0;
        d.text[0] = 0;
    }
    if (r < 0 && d.text[0])
        log_error("%s", diag_format(&d, text, sizeof text));
    tear_down(&p);
    return r < 0 ? 1 : 0;
}
