/* The hand for lasting acts: one driver, its acts in force, each with an end.
 *
 *   order -> signature, time, limits, names -> check (a look, always) -> journal: intended -> apply -> effect looked at
 *         -> journal: standing -> answer
 *   undo, end of time -> journal: leaving -> undo -> looked at -> journal: gone; tried again every half minute until it is
 *
 * After a kill, at whatever moment: what was intended is asked for (standing) and either found done, or done now where
 * doing it twice is doing it once, or reported for a person to look at; what was leaving leaves. One thread, one act at
 * a time. What runs programs is behind `run` (deed_runner.h): this side has neither the right nor the descriptors. */
#pragma once
#include "hand/deed_driver.h"
#include "hand/hand.h"

struct deeds;
/* One verb of one act. params: JSON object or empty. kept: JSON object, in and out. */
typedef int deed_run_fn(void *ctx, enum deed_verb verb, struct str kind, struct str target, struct str params,
                        struct buf *kept, struct diag *reterr);

struct deeds_config {
    const struct deed_driver *driver; /* outlives the hand */
    const char *journal_path, *boot_id;
    struct sign_public room;
    struct hand_clock clock;
    bool dry_lock; /* dry-run whatever the driver's file says */
    void *ctx;     /* for the three below */
    deed_run_fn *run;
    void (*say)(void *ctx, void *who, struct str message); /* who NULL: everybody */
    void (*note)(void *ctx, bool bad, const char *sentence);
};
int deeds_new(const struct deeds_config *cfg, struct deeds **ret, struct diag *reterr) MUST_USE;
void deeds_free(struct deeds *h); /* NULL allowed; ends nothing that is in force */
/* Reads the journal and settles what a kill or a restart left open. Before anything else. */
int deeds_start(struct deeds *h, struct diag *reterr) MUST_USE;
/* 1 when the room signed it, 0 when not, -ENOMEM. Answers before it returns. */
int deeds_take(struct deeds *h, struct str note, void *who) MUST_USE;
void deeds_tick(struct deeds *h);
int64_t deeds_wait_ms(const struct deeds *h); /* until deeds_tick is wanted */
/* Undoes everything that is in force. */
int deeds_clear(struct deeds *h, struct diag *reterr) MUST_USE;
