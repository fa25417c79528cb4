/* Sources by id. Ids are given once, kept in the spool as definitions (event/source.h) and found again by
 * name after a restart. */
#pragma once
#include "spool/spool.h"

struct registry {
    struct arena arena;
    struct source *sources; /* by id; [0] is the unknown source. Never moves: decoders read it */
    size_t n;               /* one more than the highest id */
};
int registry_init(struct registry *r, struct diag *reterr) MUST_USE; /* only the unknown source */
/* A definition out of the spool (RAW_SOURCE); other records are passed over. */
int registry_take(struct registry *r, const struct raw_record *rec) MUST_USE;
int registry_load(struct registry *r, struct spool *spool, struct diag *reterr) MUST_USE;
void registry_done(struct registry *r);
/* The id of the source of this name, new or changed definitions written to the spool. Texts are copied. */
int registry_add(struct registry *r, struct spool *spool, const struct source *s, uint32_t *ret_id,
                 struct diag *reterr) MUST_USE;
