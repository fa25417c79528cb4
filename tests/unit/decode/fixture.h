/* One line in, one event out; and what its fields are. */
#pragma once
#include "unit.h"

#include "base/buf.h"
#include "ways.h"

#define FIXTURE_ARRIVAL INT64_C(1795435200000000000) /* 2026-11-23T12:00:00Z */

struct fixture {
    struct event_names *names;
    struct decode *d;
    struct decode_lane *lane;
    struct arena arena;
    struct source source;
    struct raw_record rec;
    struct event ev;
};

static inline const struct source *fixture_source(void *ctx, uint32_t id) {
    (void) id;
    return &((struct fixture *) ctx)->source;
}

static inline void fixture_start(struct fixture *f) {
    static const char *const asked[] = {"a", "a.b", "a.b.c", "CommandLine"};
    *f = (struct fixture){.source = {.encoding = -1,
                                     .offset_min = TIME_JST_OFFSET_MIN,
                                     .skew_max_ns = 10 * NS_PER_MIN},
                          .rec = {.arrival_ns = FIXTURE_ARRIVAL, .flags = RAW_BACKFILL}};
    f->names = event_names_new();
    assert_non_null(f->names);
    assert_int_equal(decode_new(f->names, fixture_source, f, NULL, &f->d, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
        assert_true(event_names_intern(f->names, str_of(asked[i])) > 0);
    f->lane = decode_lane_new(f->d);
    assert_non_null(f->lane);
    arena_init(&f->arena, (size_t) 16 << 20);
}

static inline void fixture_stop(struct fixture *f) {
    decode_lane_free(f->lane);
    decode_free(f->d);
    event_names_free(f->names);
    arena_done(&f->arena);
}

/* The bytes are copied so that ASan sees a read behind them. */
static inline struct event *fixture_decode(struct fixture *f, struct str bytes) {
    struct decoder port = decode_port(f->d);
    arena_reset(&f->arena);
    char *p = arena_alloc(&f->arena, bytes.n);
    memcpy(p, bytes.p, bytes.n);
    f->rec.bytes = str_n(p, bytes.n);
    event_begin(&f->ev, &f->arena, f->names, &f->rec);
    f->ev.keep_all = true;
    assert_int_equal(port.decode(port.ctx, &f->rec, &f->ev), 0);
    ways_agree(&f->ev, f->lane, &f->rec);
    return &f->ev;
}
static inline struct event *fixture_line(struct fixture *f, const char *line) {
    return fixture_decode(f, str_of(line));
}

/* The values of a field joined by "|"; "<absent>" when there is none. */
static inline const char *fixture_field(const struct event *ev, const char *name) {
    static char z[8192];
    size_t n = 0;
    bool any = false;
    for (uint32_t i = 0; i < ev->n; i++) {
        const struct event_field *f = &ev->fields[i];
        struct str have = f->id ? event_names_get(ev->names, f->id) : f->name;
        if (!str_eq_z(have, name))
            continue;
        n += (size_t) snprintf(z + n, sizeof z - n, "%s%.*s", any ? "|" : "", STR_ARG(f->value));
        any = true;
    }
    return any ? z : "<absent>";
}
#define assert_field(ev, name, want)                                                               \
    do {                                                                                           \
        const char *got_ = fixture_field(ev, name);                                                \
        if (strcmp(got_, want) != 0) {                                                             \
            print_error("%s is '%s', not '%s', of: %.*s\n", name, got_, want,                      \
                        STR_ARG((ev)->raw->bytes));                                                \
            _fail(__FILE__, __LINE__);                                                             \
        }                                                                                          \
    } while (0)
#define assert_no_field(ev, name) assert_field(ev, name, "<absent>")
#define assert_time(t_ns, want)                                                                    \
    do {                                                                                           \
        char iso_[TIME_ISO_CAP];                                                                   \
        assert_string_equal(time_format_iso(t_ns, 3, iso_), want);                                 \
    } while (0)

/* outcome and source of a login, or that it is none */
static inline void assert_login(const struct event *ev, const char *outcome, const char *user,
                                const char *ip) {
    assert_field(ev, "event.action", "login");
    assert_field(ev, "event.outcome", outcome);
    assert_field(ev, "user.name", user);
    assert_field(ev, "source.ip", ip);
}
