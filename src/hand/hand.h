/* The hand: takes signed notes from a room it does not trust, judges each against the limits,
 * carries out what is allowed through a driver and remembers it in the journal.
 *
 *   note -> hand_take: signature, order, limits  (refused at once, or the table of blocks changes)
 *        -> hand_flush: journal (fsync) -> driver, one transaction -> journal (fsync) -> answers
 *   time -> hand_tick: ends what ran out, compares journal and kernel, lifts what must no longer be
 * blocked
 *
 * One thread. Time, driver and own addresses come through the configuration, so tests can step
 * them. What the hand says (answers, events) goes to `say`; what is worth a line in the log goes to
 * `note`. */
#pragma once
#include "base/buf.h"
#include "base/sign.h"
#include "hand/driver.h"
#include "hand/limits.h"

struct hand;

struct hand_clock {
    void *ctx;
    int64_t (*wall_ms)(void *ctx);
    int64_t (*boot_ns)(
        void *ctx); /* since the machine started, never set back, runs during sleep */
};

struct hand_config {
    const char *journal_path;
    const char *boot_id; /* distinguishes this start of the machine from others */
    struct sign_public room;
    const struct hand_driver *driver;
    void *driver_ctx;
    bool dry_lock; /* dry-run whatever the limits file says */
    struct hand_clock clock;
    void *ctx; /* for the three below */
    int (*own)(void *ctx, struct ip *dst, size_t cap, size_t *ret_n, struct diag *reterr);
    /* One JSON message. who: as given to hand_take, NULL = everybody. */
    void (*say)(void *ctx, void *who, struct str message);
    void (*note)(void *ctx, bool bad, const char *sentence);
};

struct hand_counts {
    uint64_t notes, refused_orders, refused_addresses, blocked, unblocked, ended, drift;
};

/* Takes the limits over (done by hand_free or hand_set_limits). Everything in cfg is copied but
 * what pointers lead to. */
int hand_new(const struct hand_config *cfg, struct hand_limits *take_limits, struct hand **ret,
             struct diag *reterr) MUST_USE;
void hand_free(struct hand *h); /* NULL allowed; takes nothing out of the kernel */
DEFINE_CLEANUP(struct hand *, hand_free)

/* Reads the journal, asks the driver what stands, repairs what differs. Before anything else. */
int hand_start(struct hand *h, struct diag *reterr) MUST_USE;
/* New limits; blocks they no longer allow (never-block list) are lifted. */
void hand_set_limits(struct hand *h, struct hand_limits *take_limits);
/* One note. The answer comes through say(), at once or at the next hand_flush. 1 when the room
 * signed it (whatever becomes of the order), 0 when not; -ENOMEM only. */
int hand_take(struct hand *h, struct str note, void *who) MUST_USE;
/* A peer has gone: answers for it are dropped. */
void hand_drop_peer(struct hand *h, void *who);
void hand_flush(struct hand *h);
void hand_tick(struct hand *h);
/* Milliseconds until hand_tick is wanted, at least 0, at most 30,000. */
int64_t hand_wait_ms(const struct hand *h);
/* Lifts every block and removes the driver's tables. */
int hand_clear(struct hand *h, struct diag *reterr) MUST_USE;
const struct hand_counts *hand_counts_get(const struct hand *h);
