#include "loop.h"

#include "unit.h"

static void nothing(uv_timer_t *t) {
    (void) t;
}

static void on_closed(uv_handle_t *h) {
    *(bool *) h->data = true;
}

bool loop_until(uv_loop_t *loop, bool (*done)(void *ctx), void *ctx, double seconds) {
    uint64_t end = uv_hrtime() + (uint64_t) (seconds * 1e9);
    uv_timer_t wake;
    bool good;
    uv_timer_init(loop, &wake);
    uv_timer_start(&wake, nothing, 10, 10);
    while (!(good = done(ctx)) && uv_hrtime() < end)
        uv_run(loop, UV_RUN_ONCE);
    bool closed = false;
    wake.data = &closed;
    uv_close((uv_handle_t *) &wake, on_closed);
    while (!closed)
        uv_run(loop, UV_RUN_NOWAIT);
    return good;
}

static void close_one(uv_handle_t *h, void *ctx) {
    (void) ctx;
    if (!uv_is_closing(h))
        uv_close(h, NULL);
}

void loop_end(uv_loop_t *loop) {
    uv_walk(loop, close_one, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}
