/* Are the rules alive? Simulated events, marked as such, go the way of real ones: into the spool, decoded, matched,
 * correlated, told to the room and acknowledged by it. They are made from what a rule brings along (its samples, or
 * recorded events of its set), never from its own patterns, which would prove nothing.
 *
 *   passed       the finding reached the room in time
 *   late         it did, but took longer than `canary: {late: 60s}` of kizuki.yml
 *   undelivered  it was made, and the room did not acknowledge it in five times that
 *   threshold    the lines were seen, and what counts them did not notice: with its numbers as they are it could not
 *                have noticed the case it was made for
 *   hidden       an exception hides the case it was made for
 *   dead         the lines went through and nothing was said
 *   none         the rule brings nothing along: nobody knows
 *
 * One canary at a time, each rule once a day. Drills have a correlator of their own that forgets everything after each,
 * so that what is simulated never touches what is real. Canaries end in the room's line: they open no case. */
#pragma once
#include "app/engine/engine.h"
#include "base/map.h"

enum canary_state { CANARY_NONE, CANARY_WAITING, CANARY_PASSED, CANARY_LATE, CANARY_UNDELIVERED, CANARY_THRESHOLD,
                    CANARY_HIDDEN, CANARY_DEAD, CANARY_STATE_MAX_ };

struct sensor;
struct canary_row {
    uint32_t state;   /* of the last one that ended; enum canary_state */
    int64_t at_ns;    /* when it was sent; TIME_NONE: never */
    uint64_t took_ms; /* to the room's acknowledgement */
};
struct canaries {
    struct map rows;    /* rule id -> struct canary_row */
    uint32_t source;    /* 0: not named yet */
    uint32_t next;      /* rule to look at */
    bool running, heard;
    char rule[128];
    uint64_t end;       /* number of the record that ends the drill */
    uint64_t seq;       /* of the finding */
    int64_t from_ns;    /* monotonic */
    char wanted[128];   /* to run next; "" none */
    int64_t quiet_until_ns;
};
void canaries_init(struct canaries *c);
void canaries_tick(struct sensor *s); /* once a second */
/* For pump_listen: true when the finding is of a canary. */
bool canaries_hear(struct sensor *s, const struct finding *f, const struct raw_record *rec, uint64_t seq);
/* Soon, out of turn. */
void canaries_want(struct canaries *c, struct str rule);
struct image;
void canaries_image(struct canaries *c, struct image *x);
const char *canary_state_to_string(enum canary_state s);
/* What is known of this rule; NULL: nothing yet. */
const struct canary_row *canaries_row(const struct canaries *c, struct str rule);
