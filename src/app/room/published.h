/* What was published, as files: below DATA/room/published/NUMBER, written anew whenever a version goes out or is taken back, so that any web
 * server can be given that folder (or one fetched from it) also while our own site is closed; sorry.html stands by itself. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct program;
/* Says so in the log when it fails: what was decided stands, and the files can be had again (published_zip). */
void published_write(struct program *p, int64_t incident);
int published_zip(struct program *p, int64_t incident, struct buf *out, struct diag *reterr) MUST_USE;
/* One of them by name. -ENOENT. */
int published_file(struct program *p, int64_t incident, struct str name, struct buf *out, struct diag *reterr) MUST_USE;
