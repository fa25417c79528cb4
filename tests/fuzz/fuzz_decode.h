/* Shared by the fuzzers of src/decode: decodes one input under one source and checks what must hold
 * for every event whatever its bytes. */
#pragma once
#include "base/ip.h"
#include "../unit/decode/ways.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct decode_set *fuzz_set __attribute__((unused)); /* NULL: only what is written in C */

struct fuzz_decode {
    struct source source;
    uint32_t flags;
};

static inline const struct source *fuzz_source(void *ctx, uint32_t id) {
    (void) id;
    return &((struct fuzz_decode *) ctx)->source;
}

static inline void fuzz_check_field(const struct event_field *f) {
    struct ip ip;
    ASSERT(f->value.p || f->value.n == 0);
    if (f->id == EVENT_F_SOURCE_IP)
        ASSERT(ip_parse(f->value, &ip) == 0);
}

static inline void fuzz_decode(struct fuzz_decode *fd, const uint8_t *data, size_t size) {
    static struct event_names *names;
    static struct arena arena;
    struct raw_record rec = {.bytes = str_n((const char *) data, size),
                             .arrival_ns = INT64_C(1795435200000000000),
                             .flags = fd->flags};
    /* Kept from input to input, as from line to line; the source is this input's. */
    static struct fuzz_decode now;
    static struct decode *d;
    static struct decode_lane *lane;
    struct event ev;
    now = *fd;
    if (!names) {
        names = event_names_new();
        ASSERT(names && event_names_intern(names, STR("a")) > 0 &&
               event_names_intern(names, STR("a.b")) > 0);
        /* what rules ask for beyond the well-known names */
        static const char *const asked[] = {"dns.question.name", "source.nat.ip", "client.ip", "type", "exe", "action", "eventName",
                                            "actor.alternateId", "cef.cs1", "network.transport", "email.from.address", "CommandLine"};
        for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
            ASSERT(event_names_intern(names, str_of(asked[i])) > 0);
        arena_init(&arena, (size_t) 64 << 20);
        ASSERT(decode_new(names, fuzz_source, &now, fuzz_set, &d, NULL) == 0);
        lane = decode_lane_new(d);
        ASSERT(lane);
    }
    arena_reset(&arena);
    struct decoder port = decode_port(d);
    event_begin(&ev, &arena, names, &rec);
    ev.keep_all = true;
    ASSERT(port.decode(port.ctx, &rec, &ev) == 0);
    ASSERT(ev.time_ns != TIME_NONE && ev.n <= ev.cap);
    ASSERT(event_find(&ev, EVENT_F_DECODER, NULL) && event_find(&ev, EVENT_F_TIME_BASIS, NULL));
    for (uint32_t i = 0; i < ev.n; i++)
        fuzz_check_field(&ev.fields[i]);
    for (size_t id = 1; id < EVENT_F_WELL_KNOWN_MAX_; id++)
        ASSERT(!ev.first[id] || ev.fields[ev.first[id] - 1].id == id);
    /* Twice, so that the second time finds what the first one remembered. */
    ways_agree(&ev, lane, &rec);
    ways_agree(&ev, lane, &rec);
}
#define FUZZ_DEFAULT                                                                               \
    {                                                                                              \
        .source = {.encoding = -1, .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = NS_PER_HOUR}, \
        .flags = RAW_BACKFILL                                                                      \
    }
