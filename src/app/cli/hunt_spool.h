/* A spool as the input of a hunt: the same records, in the same order, with the same times as they had live. */
#pragma once
#include "app/engine/engine.h"
#include "app/engine/registry.h"

/* True when the folder holds segments of a spool. */
bool hunt_is_spool(const char *path);
/* registry: the one the engine decodes with (engine_options.sources). *ret_bytes: of the records' lines. */
int hunt_spool(struct engine *e, struct registry *registry, const char *dir, uint64_t *ret_bytes,
               struct diag *reterr) MUST_USE;
