/* A line is the same event however it is read: by the port, by a lane that remembers the lines
 * before, and lazily by that lane. Shared by the unit tests and the fuzzers; what differs ends the
 * program. */
#pragma once
#include "base/buf.h"
#include "decode/decode.h"

static inline bool ways_same_field(const struct event_field *a, const struct event_field *b) {
    return a->id == b->id && a->type == b->type && !a->escaped && !b->escaped &&
           str_eq(a->name, b->name) && str_eq(a->value, b->value);
}

/* `whole` is what the port made of `rec`, with keep_all; names are those of the lane's decode. */
static inline void ways_agree(const struct event *whole, struct decode_lane *lane,
                              const struct raw_record *rec) {
    struct decoder port = decode_lane_port(lane);
    struct arena arena;
    struct event ev;
    arena_init(&arena, (size_t) 64 << 20);
    for (int lazy = 0; lazy < 2; lazy++) {
        uint32_t k = 0;
        event_begin(&ev, &arena, whole->names, rec);
        ev.keep_all = !lazy;
        ev.lazy = lazy;
        ASSERT(port.decode(port.ctx, rec, &ev) == 0);
        ASSERT(event_unescape(&ev) == 0);
        ASSERT(ev.time_ns == whole->time_ns && ev.timestamp_ns == whole->timestamp_ns);
        ASSERT(ev.flags == whole->flags);
        for (uint32_t i = 0; i < whole->n; i++)
            if (whole->fields[i].id || !lazy)
                ASSERT(k < ev.n && ways_same_field(&ev.fields[k++], &whole->fields[i]));
        ASSERT(k == ev.n);
        for (uint32_t id = 1; id < EVENT_F_WELL_KNOWN_MAX_; id++)
            ASSERT(str_eq(event_get(&ev, id), event_get(whole, id)));
    }
    arena_done(&arena);
}
