/* Sources and states in force, so that each new segment can begin with them. Private to the spool.
 * Bounded by SOURCES_MAX and SPOOL_STATES_MAX. */
#pragma once
#include "base/map.h"
#include "spool/spool.h"

struct spool_table {
    struct map sources; /* by id */
    struct map states;  /* by (source, key) */
};
void spool_table_init(struct spool_table *t);
void spool_table_done(struct spool_table *t);
/* Takes over what a record says. -ENOMEM, -ERR_LIMIT; then nothing changed. */
int spool_table_note(struct spool_table *t, const struct raw_record *rec) MUST_USE;
/* In order; see spool_each. */
int spool_table_each(const struct spool_table *t, spool_each_fn *fn, void *ctx) MUST_USE;
