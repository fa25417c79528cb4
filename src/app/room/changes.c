#include "app/room/changes.h"

#include "app/room/room.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/change.h"

#include <stdio.h>

#define LOOK_NS (2 * NS_PER_S)

static int tell(struct program *p, struct buf *now, struct diag *err) {
    struct changes_out *c = &p->changes;
    char path[4096 + 32];
    bool first = !c->lines.max;
    int e = room_changes_announced(p->room, now, err);
    if (e < 0 || (!first && str_eq(buf_str(now), buf_str(&c->lines))))
        return e;
    snprintf(path, sizeof path, "%.4000s/change/announced", p->config->data);
    e = file_write_atomic(path, buf_str(now), 0600, err);
    if (e < 0)
        return e;
    if (first)
        buf_init(&c->lines, CHANGE_REQUESTS_BYTES_MAX);
    buf_clear(&c->lines);
    buf_add(&c->lines, buf_str(now));
    return 0;
}

void changes_tick(struct program *p) {
    int64_t now = time_monotonic_ns();
    struct diag d = {0};
    struct buf b;
    if (!p->config->n_firewalls || (p->changes.looked_ns && now - p->changes.looked_ns < LOOK_NS))
        return;
    p->changes.looked_ns = now;
    buf_init(&b, CHANGE_REQUESTS_BYTES_MAX);
    if (tell(p, &b, &d) < 0) {
        log_error("announced changes are not told: %s", d.text);
        p->changes.looked_ns = now + NS_PER_MIN; /* not every two seconds */
    }
    buf_done(&b);
}
