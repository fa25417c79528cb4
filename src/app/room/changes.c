#include "app/room/changes.h"

#include "app/room/room.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/change.h"
#include "room/design_limit.h"

#include <stdio.h>

#define LOOK_NS (2 * NS_PER_S)

static const struct told {
    const char *file; /* below DATA */
    int (*write)(struct room *r, struct buf *out, struct diag *reterr);
    size_t bytes_max;
} TOLD[CHANGES_TOLD] = {
    {"change/announced", room_changes_announced, CHANGE_REQUESTS_BYTES_MAX},
    {"limits/design", room_design_limits, DESIGN_LIMITS_BYTES_MAX},
};

static int tell(struct program *p, const struct told *t, struct buf *lines, struct buf *now, struct diag *err) {
    char path[4096 + 32];
    bool first = !lines->max;
    int e = t->write(p->room, now, err);
    if (e < 0 || (!first && str_eq(buf_str(now), buf_str(lines))))
        return e;
    snprintf(path, sizeof path, "%.4000s/%s", p->config->data, t->file);
    e = file_write_atomic(path, buf_str(now), 0600, err);
    if (e < 0)
        return e;
    if (first)
        buf_init(lines, t->bytes_max);
    buf_clear(lines);
    buf_add(lines, buf_str(now));
    return 0;
}

void changes_tick(struct program *p) {
    int64_t now = time_monotonic_ns();
    if (p->changes.looked_ns && now - p->changes.looked_ns < LOOK_NS)
        return;
    p->changes.looked_ns = now;
    for (size_t i = p->config->n_firewalls ? 0 : 1; i < CHANGES_TOLD; i++) {
        struct diag d = {0};
        struct buf b;
        buf_init(&b, TOLD[i].bytes_max);
        if (tell(p, &TOLD[i], &p->changes.lines[i], &b, &d) < 0) {
            log_error("%s is not told: %s", TOLD[i].file, d.text);
            p->changes.looked_ns = now + NS_PER_MIN; /* not every two seconds */
        }
        buf_done(&b);
    }
}
