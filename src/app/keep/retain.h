/* What goes when its time is over: whole sealed segments, oldest first, never one that holds a record of a case.
 *
 * A segment stays until the longest time of all sources with lines in it is over, counted from the arrival of its newest line.
 * Rewriting segments source by source was rejected: each would be a new file under an old signature, and the lines of one
 * source would go from between those of others, where a third party can no longer tell a lawful gap from another.
 *
 * While it is not known what cases hold (no list, or one older than HOLDS_AGE_MAX_NS) nothing goes. */
#pragma once
#include "app/common/config.h"
#include "base/json.h"
#include "base/sign.h"

#define HOLDS_AGE_MAX_NS (10 * NS_PER_MIN)

struct retain;
/* All borrowed. */
int retain_new(const struct config *c, const char *spool, const struct sign_secret *key, const struct sign_public *pub,
               struct retain **ret) MUST_USE;
void retain_free(struct retain *r);
/* One step of: telling what goes, waiting until that is sealed, removing. */
int retain_step(struct retain *r, int64_t now_ns, struct diag *reterr) MUST_USE;
/* How often to look: a minute, or a quarter of the shortest time where that is less. */
int64_t retain_every_ns(const struct retain *r);
/* Members of an object: what was removed, what is held and why nothing goes. */
void retain_write(const struct retain *r, struct jsonw *w);
