/* A record as everything that is made of it beforehand sees it (filters, the index): all fields, and the line as the
 * matcher has it. */
#pragma once
#include "app/engine/registry.h"
#include "base/arena.h"

struct decode_set;
struct whole {
    struct registry registry;
    struct event_names *names;
    struct detect_rules *rules; /* any: the matcher is there to say what the line of an event is */
    struct detect_plan *plan;
    struct detect_matcher *matcher;
    struct decode_source_table *sources;
    struct decode *decode;
    struct decode_lane *lane;
    struct arena arena;
    struct event_time_state time;
};
int whole_init(struct whole *w, struct decode_set *decoders, struct diag *reterr) MUST_USE;
void whole_done(struct whole *w); /* also of one that is zero */
/* 1: *ev and *line are valid until the next call; 0: no event (a definition was taken in). *open: its time is that of
 * the event before. */
int whole_read(struct whole *w, const struct raw_record *rec, struct event *ev, struct str *line, bool *open) MUST_USE;
/* A text as it is, and folded in both forms queries compare with (text_normal, text_variants: mostly the same bytes). */
struct whole_text {
    struct str raw, normal, variants;
    bool in_line; /* of a field's value: whole_is_in_line */
};
struct whole_folded {
    const struct event *ev;
    struct whole_text line;
    struct whole_text *fields; /* of each of ev's; nothing for event.original, which the line is */
};
/* Folded once for all that is made of it; in the arena, and valid as long as the event. */
int whole_fold(struct arena *a, const struct event *ev, struct str line, struct whole_folded *ret) MUST_USE;
/* The value is a piece of the line as it arrived, with no half word at its ends: every word of it is one of the line.
 * Not so where the line is a field of the record only (event.original). */
bool whole_is_in_line(const struct event *ev, struct str value);
