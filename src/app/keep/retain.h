/* What goes when its time is over: whole sealed segments, oldest first, never one that holds a record of a case.
 *
 * A segment stays until the longest time of all sources with lines in it is over, counted from the arrival of its newest line.
 * Rewriting segments source by source was rejected: each would be a new file under an old signature, and the lines of one
 * source would go from between those of others, where a third party can no longer tell a lawful gap from another.
 *
 * While it is not known what cases hold (no list, or one older than HOLDS_AGE_MAX_NS) nothing goes.
 *
 * The same for a copy that is kept here as a vault: by this vault's own settings, by what the first's cases hold, and with this
 * vault's own key; what goes is told in our own spool. */
#pragma once
#include "app/common/config.h"
#include "base/json.h"
#include "base/sign.h"

/* All borrowed. */
struct retain_options {
    const char *data;
    const struct config_retention *settings;
    const char *spool;   /* what goes from it */
    const char *hold;    /* the folder that says what cases hold of it */
    const char *copy;    /* whose copy it is; "": our own */
    const char *own;     /* our own spool: what goes is told there, and sealed, before */
    const struct sign_public *seals; /* of `spool` */
    const struct sign_secret *key;   /* ours */
    const struct sign_public *pub;
};
struct retain;
int retain_new(const struct retain_options *o, struct retain **ret) MUST_USE;
void retain_free(struct retain *r);
/* One step of: telling what goes, waiting until that is sealed, removing. */
int retain_step(struct retain *r, int64_t now_ns, struct diag *reterr) MUST_USE;
/* How often to look: a minute, or a quarter of the shortest time where that is less. */
int64_t retain_every_ns(const struct retain *r);
/* Members of an object: what was removed, what is held and why nothing goes. */
void retain_write(const struct retain *r, struct jsonw *w);
