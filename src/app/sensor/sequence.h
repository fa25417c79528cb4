/* Gaps in the numbers that logs give their own records: EventRecordID of a Windows channel of a host, the
 * journal's sequence number. Who removes records from the middle of a log cannot close the numbers again.
 *
 * A gap counts only where the numbers had been without one for SEQUENCE_DENSE records: a forwarder that sends
 * some events only leaves gaps always, and about such a series nothing is said. A series that lacked records before has to be dense
 * for twice as long each time until it is believed again: a journal of which a sender may read a part is full at quiet hours. What comes out of order has
 * SEQUENCE_GRACE_NS to fill the gap. Numbers that begin anew (a log that was deleted, not cleared) are told,
 * too. Old records (backfill) move the series on and accuse nobody.
 *
 * Fed with the spool's records in order; kept with the sensor's state. It reads the records itself, with
 * the strict JSON reader: what decoding leaves of an event depends on the rules. */
#pragma once
#include "base/arena.h"
#include "event/record.h"

enum { SEQUENCE_DENSE = 100, SEQUENCE_HOLES = 8, SEQUENCE_LACKED_MAX = 10, SEQUENCE_TEXT_BYTES = 96 };
#define SEQUENCE_GRACE_NS (20 * NS_PER_S)

struct sequence_hole {
    uint64_t from, to; /* the first and the last number that is missing */
    uint64_t left;
    int64_t at_ns; /* arrival of the record behind it */
    bool anew;     /* instead: the numbers began again, and `from` was expected */
};
struct sequence_row {
    uint32_t source;
    uint32_t run;         /* records without a gap */
    uint32_t lacked;      /* gaps that were told, as powers of two of what is asked of `run`; SEQUENCE_LACKED_MAX at most */
    uint64_t last;        /* number */
    uint64_t below;       /* the next number of a series that begins anew … */
    uint32_t below_run;   /* … and how many of it came */
    uint32_t n_holes;
    struct sequence_hole holes[SEQUENCE_HOLES];
    char host[SEQUENCE_TEXT_BYTES], log[SEQUENCE_TEXT_BYTES];
};
struct sequence {
    struct sequence_row **rows; /* by hash of source, host and log; open addressing */
    size_t n, cap;
    struct arena scratch;
}; /* all zero: empty */
void sequence_done(struct sequence *s);
int sequence_note(struct sequence *s, const struct raw_record *rec) MUST_USE; /* -ENOMEM */
/* The next hole that is due of a source's rows, which is then forgotten; false: none is. Call until false. */
bool sequence_due(struct sequence *s, uint32_t source, int64_t now_ns,
                  bool (*tell)(void *ctx, const struct sequence_row *row, const struct sequence_hole *hole), void *ctx);
struct image;
void sequence_image(struct sequence *s, struct image *x);
