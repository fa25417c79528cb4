/* A libuv loop in a test: turned until something holds, ended with everything closed. */
#pragma once
#include "base/macros.h" /* before libuv, whose system headers know a MIN of their own */

#include <stdbool.h>
#include <uv.h>

/* Turns the loop until done(ctx) or `seconds` have passed; what done said last. */
bool loop_until(uv_loop_t *loop, bool (*done)(void *ctx), void *ctx, double seconds);
/* Closes what is still open, as the program's end would, and the loop. */
void loop_end(uv_loop_t *loop);
