/* Shared by the files of src/hand that make up the hand itself. */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "hand/blocks.h"
#include "hand/hand.h"
#include "hand/journal.h"
#include "hand/order.h"

enum {
    HAND_BATCH_ORDERS_MAX = 256, /* then a flush */
    HAND_END_SLACK_MS = 1500,    /* the kernel counts whole seconds: we say "ended" after it has */
    HAND_DRIFT_EVERY_MS = 30000,
    HAND_RECHECK_EVERY_MS = 10000,
    HAND_TIME_TOLERANCE_MS = 5000, /* between our remaining time and the kernel's */
};

/* The last `max` moments; allows another when the oldest lies a minute back. */
struct hand_rate {
    int64_t *at_ns;
    uint32_t max, n, head;
};
int hand_rate_resize(struct hand_rate *r, uint32_t max) MUST_USE;
bool hand_rate_allows(const struct hand_rate *r, int64_t now_ns);
void hand_rate_add(struct hand_rate *r, int64_t now_ns);

enum hand_result_state {
    RESULT_BLOCKED,
    RESULT_DRY_RUN,
    RESULT_REFUSED,
    RESULT_UNBLOCKED,
    RESULT_ALREADY,
    RESULT_ADDED, /* to the never-block list */
};

/* What a block was before this order, so that a failed transaction can be taken back. */
struct hand_before {
    bool existed, dry;
    int64_t since_ms, until_ms, until_boot_ns;
    char order_id[HAND_ORDER_ID_MAX + 1];
};

struct hand_result {
    struct str address; /* as it was ordered */
    struct ip_prefix net;
    enum hand_result_state state;
    bool act; /* the driver has to do something (or, in dry-run, to check it) */
    int64_t until_ms;
    struct hand_reason why; /* refusal, or a remark in text */
    struct hand_before before;
};

struct hand_task { /* one order on its way */
    struct hand_task *next;
    void *who;
    bool dropped; /* who is gone */
    struct hand_order order;
    struct hand_reason why; /* refusal of the whole order */
    struct hand_result *results;
    size_t n;
    bool signed_;  /* by the room */
    bool remember; /* its id goes into the journal */
    bool failed;   /* refused after it had been judged well */
};

struct hand {
    struct hand_config cfg;
    struct hand_limits limits;
    struct hand_blocks blocks;
    struct hand_journal journal;
    struct map seen; /* order id -> when it expires */
    int64_t
        horizon_ms; /* the latest expiry ever forgotten: what expires before it may be a replay */
    struct hand_never *added; /* by the room */
    size_t n_added;
    struct ip *own;
    size_t n_own;
    bool own_known;
    uint64_t own_mark; /* of the list when blocks were last held against it */
    struct hand_rate block_rate, order_rate;
    struct arena arena; /* of the batch */
    struct hand_task *first, *last;
    size_t n_tasks;
    bool flushing;
    size_t snapshot_bytes; /* size of the journal when it was rewritten last */
    struct buf out, record;
    int64_t next_drift_ns, next_recheck_ns;
    struct hand_counts counts;
};

/* hand.c */
int64_t hand_wall_ms(const struct hand *h);
int64_t hand_boot_ns(const struct hand *h);
void hand_note(struct hand *h, bool bad, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool hand_is_dry(const struct hand *h);
int64_t hand_left_ms(const struct hand *h, const struct hand_block *b);
struct hand_op hand_op_of(const struct hand *h, const struct hand_block *b);
/* Takes blocks out of the table, journals why and says "ended". The kernel is not asked. */
void hand_forget_blocks(struct hand *h, struct hand_block **list, size_t n, const char *why);

/* judge.c */
void hand_judge(struct hand *h, struct hand_task *t);
/* Would a block of this network be refused for what it is? (special, own, never) */
bool hand_net_allowed(const struct hand *h, const struct ip_prefix *net, struct hand_reason *why);
int hand_own_refresh(struct hand *h, struct diag *reterr) MUST_USE;

/* answer.c */
void hand_answer(struct hand *h, const struct hand_task *t);
void hand_say_list(struct hand *h, const struct hand_task *t);
void hand_say_ended(struct hand *h, const char *order_id, struct hand_block *const *list, size_t n,
                    const char *why);
void hand_say_drift(struct hand *h, const struct ip_prefix *missing, size_t n_missing,
                    const struct ip_prefix *unknown, size_t n_unknown, size_t restored);

/* replay.c: what the records of the journal say */
struct hand_replaying {
    struct hand *h;
    struct map open; /* order id -> its record's text, until "done" is read */
    size_t strange;  /* records of no known kind */
};
void hand_replay_begin(struct hand_replaying *p, struct hand *h);
int hand_replay(void *ctx, struct str payload); /* ctx: struct hand_replaying * */
int hand_replay_end(struct hand_replaying *p) MUST_USE;
struct str hand_record_order(struct hand *h, const struct hand_task *t);
struct str hand_record_done(struct hand *h, const struct hand_task *t);
struct str hand_record_gone(struct hand *h, struct hand_block *const *list, size_t n,
                            const char *why);
struct str hand_record_adopted(struct hand *h, const struct hand_block *b);
int hand_snapshot(struct hand *h, struct buf *out) MUST_USE;

/* reconcile.c */
int hand_reconcile(struct hand *h, bool starting, struct diag *reterr) MUST_USE;
/* Lifts blocks that limits or own addresses no longer allow. */
void hand_recheck(struct hand *h);
