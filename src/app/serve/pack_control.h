/* The pages' way to bring a lesson in: `kizuki pack install`, and nothing but that command.
 *
 * The room puts the file people sent at DATA/incoming/pack.kizuki and who sent it in pack.by beside it. 'l' looks (pack verify, which reads and
 * judges all of it and changes nothing), 'i' takes it in: signed by a key that is believed here, watched only, tried on what was recorded. What the
 * command said is in DATA/incoming/pack.out. Keys that are believed: DATA/pack-keys.yml, or where the command looks for them. So a hostile file is read by a process that ends, with the bounds the command has, and never by
 * the room, the sensor or this supervisor. One at a time. */
#pragma once
#include "base/err.h"

#include <uv.h>

struct pack_control;
typedef void pack_control_fn(void *ctx); /* its state has changed */
int pack_control_new(uv_loop_t *loop, const char *exe, const char *data, pack_control_fn *changed, void *ctx, struct pack_control **ret, struct diag *reterr) MUST_USE;
/* 'l' or 'i'; while one runs nothing happens. */
void pack_control_run(struct pack_control *c, char what);
/* none, looking, looked, installing, installed, failed */
const char *pack_control_state(const struct pack_control *c);
void pack_control_end(struct pack_control *c);
