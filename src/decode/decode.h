/* Bytes -> event: one decoder for every log format Kizuki reads.
 *
 * A decoder is chosen for each line: the one its source forces, else by content. Text nobody knows
 * still becomes an event (message, event.original) flagged EVENT_UNPARSED, so that it is counted
 * and shown. Bad bytes never fail; the only error is -ENOMEM.
 *
 * Threads: a struct decode is read-only after decode_new; its port may be called from any number of
 * threads at once, each with its own event and arena. What a thread remembers between lines (the
 * last date it parsed, in a lane the keys of JSON) never changes a result. Nothing is allocated
 * outside the event's arena.
 *
 * Times follow one policy. A backfilled record is placed at its own time ("event"; "inferred" when
 * year or zone had to be supplied); without any time it is EVENT_TIME_OPEN. A live record is placed
 * at its own time when that lies within the source's skew_max_ns of its arrival, else at its
 * arrival ("arrival"). */
#pragma once
#include "decode/recipe.h"
#include "event/port.h"

struct decode;
/* The source with this id, or NULL when unknown. Called from the decoding threads; what it returns
 * must live as long as the decode. */
typedef const struct source *decode_source_fn(void *ctx, uint32_t id);

/* source may be NULL: every record then comes from an unknown source (Japanese time, no names).
 * names must outlive it. set: decoders written as data, of which it takes a reference; NULL: none. A
 * forced decoder that does not exist is found by decode_check_source, when sources are read. */
int decode_new(const struct event_names *names, decode_source_fn *source, void *ctx,
               struct decode_set *set, struct decode **ret, struct diag *reterr) MUST_USE;
struct decode *decode_free(struct decode *d);
DEFINE_CLEANUP(struct decode *, decode_free)

/* For event/port.h. The caller has called event_begin on the event. */
struct decoder decode_port(struct decode *d);
/* A thread's working memory, and the port that uses it: the same events, sooner. One lane, one
 * thread; the decode must outlive it. NULL when memory ends. */
struct decode_lane;
struct decode_lane *decode_lane_new(const struct decode *d);
struct decode_lane *decode_lane_free(struct decode_lane *l);
DEFINE_CLEANUP(struct decode_lane *, decode_lane_free)
struct decoder decode_lane_port(struct decode_lane *l);

/* A decode_source_fn over a fixed array: ctx is a struct decode_source_table; ids are indices. */
struct decode_source_table {
    const struct source *sources;
    size_t n;
};
decode_source_fn decode_source_from_table;
/* Refuses a source whose forced decoder does not exist, naming those that do. */
int decode_check_source(const struct source *s, const struct decode_set *set,
                        struct diag *reterr) MUST_USE;

/* The table of decoders written in C, for --list, documentation and configuration, in the order they are tried.
 */
struct decode_info {
    const char *name;
    const char *help;
};
size_t decode_count(void);
struct decode_info decode_info_at(size_t i);
