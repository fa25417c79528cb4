/* A line from one of our programs to another: a client of its Unix socket in a libuv loop, carrying frames (base/frame.h).
 *
 * It connects, comes again after a break, cuts what arrives and writes what it is given. It keeps nothing over a break:
 * what must arrive is kept by its owner, who is told of each break and sends again. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <uv.h>

struct frame_link;
struct frame_link_handlers {
    void *ctx;
    void (*connected)(void *ctx);                 /* frames can be written from here on */
    int (*message)(void *ctx, struct str m) MUST_USE; /* m: until it returns; negative = hang up */
    void (*sent)(void *ctx);                      /* a frame has left */
    void (*lost)(void *ctx);                      /* the line broke, was hung up or was never there: nothing written counts */
};
/* in_max: the most that is read ahead, at least the largest frame expected. Connects in the next turns of the loop and then again
 * and again, retry_ms after each break. */
int frame_link_new(uv_loop_t *loop, const char *socket_path, size_t in_max, unsigned retry_ms,
                   const struct frame_link_handlers *on, struct frame_link **ret) MUST_USE;
/* Closes; the memory goes in later turns of the loop. No handler is called any more. */
struct frame_link *frame_link_free(struct frame_link *l);
bool frame_link_up(const struct frame_link *l);
/* Queues a frame; negative: it is not queued, and the caller hangs up. */
int frame_link_write(struct frame_link *l, struct str message) MUST_USE;
size_t frame_link_queued(const struct frame_link *l); /* bytes written that have not left */
void frame_link_hang_up(struct frame_link *l);         /* calls lost(), once a break */
void frame_link_retry(struct frame_link *l, unsigned ms); /* from the next break on */
