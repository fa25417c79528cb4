#include "app/room/holds.h"

#include "app/keep/holds.h"
#include "app/room/room.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/finding.h"

#include <stdio.h>

#define LOOK_NS (2 * NS_PER_S)
#define WRITE_NS NS_PER_MIN

/* What was closed before that holds no longer. */
static int64_t closed_since(const struct program *p) {
    int64_t hold = p->config->hold_ns;
    return hold == CONFIG_HOLD_FOREVER ? INT64_MIN : room_now(p->room) - hold;
}

static int collect(struct program *p, bool *ret_changed, struct diag *err) {
    struct holds_out *h = &p->holds;
    uint64_t state = 0;
    int e = room_holds_state(p->room, closed_since(p), &state, err);
    *ret_changed = e == 0 && (state != h->state || !h->lines.max);
    if (!*ret_changed)
        return e;
    if (!h->lines.max)
        buf_init(&h->lines, HOLDS_BYTES_MAX - 1024);
    buf_clear(&h->lines);
    e = room_holds_write(p->room, closed_since(p), &h->lines, &h->n, err);
    if (e == 0)
        h->state = state;
    return e;
}

static int write_out(const struct program *p, struct diag *err) {
    const struct holds_out *h = &p->holds;
    char path[4096 + 32];
    struct buf b;
    buf_init(&b, HOLDS_BYTES_MAX);
    buf_printf(&b, HOLDS_HEAD "%lld\n", (long long) time_now_ns());
    buf_add(&b, buf_str(&h->lines));
    buf_printf(&b, "end %zu\n", h->n);
    snprintf(path, sizeof path, "%.4000s/hold/holds", p->config->data);
    int e = buf_error(&b);
    if (e == 0)
        e = file_write_atomic(path, buf_str(&b), 0600, err);
    buf_done(&b);
    return e;
}

void holds_tick(struct program *p) {
    struct holds_out *h = &p->holds;
    int64_t now = time_monotonic_ns();
    struct diag d = {0};
    bool changed;
    if (h->looked_ns && now - h->looked_ns < LOOK_NS)
        return;
    h->looked_ns = now;
    int e = collect(p, &changed, &d);
    if (e == 0 && (changed || now - h->written_ns >= WRITE_NS)) {
        e = write_out(p, &d);
        h->written_ns = now;
    }
    if (e < 0) {
        log_error("the keeper is not told what cases hold, so it removes nothing: %s", d.text);
        h->looked_ns = now + WRITE_NS; /* not every two seconds */
    }
}
