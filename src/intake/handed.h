/* Records handed over by another program of ours (kizuki-gate), each exactly once whichever of the two is killed.
 *
 * The gate speaks what senders speak (HTTP, RELP, TLS, SNMP, flows) and has no spool; the sensor has the spool and
 * speaks nothing. Between them: frames (base/frame.h) over a Unix stream. The first byte says what it is; numbers are
 * little-endian.
 *
 *   gate -> sensor   'H'  session u64: random, one for each life of the gate. First of all
 *                    'S'  id u32, a source (event/source.h): what the gate means by this id from here on
 *                    'R'  number u64 of the first record, then records, numbered one after the other
 *                    'L'  id u32, lost u64, broken u64: what the gate saw go by, in all
 *   sensor -> gate   'W'  number u64: of this session's records the last one on disk; answers 'H'
 *                    'A'  the same, after each commit
 *
 *   a record         source u32 | arrival i64 | flags u16 | peer length u8 | mark length u8 | length u32 | peer | mark
 *                    | bytes
 *
 * The gate keeps what is not acknowledged and sends it again to the next sensor, which passes over what the spool has:
 * each record carries (session, number) as its state. After a change of session the last one's numbers mean nothing.
 *
 * A mark (HANDED_MARK_BYTES: a stream's id, and a number that only grows in it) is what the sender itself calls the
 * record. One that is not above the last of its stream is known, and passed over: so a sender that repeats itself after
 * the gate was killed doubles nothing. */
#pragma once
#include "event/source.h"
#include "intake/live.h"

enum {
    HANDED_SESSION = 'H',
    HANDED_SOURCE = 'S',
    HANDED_RECORDS = 'R',
    HANDED_LOST = 'L',
    HANDED_WELCOME = 'W',
    HANDED_ON_DISK = 'A',
    HANDED_RECORD_HEAD = 20,
    HANDED_MARK_BYTES = 24,
};
void handed_put_u32(struct buf *out, uint32_t v);
void handed_put_u64(struct buf *out, uint64_t v);
uint64_t handed_get(const char *p, size_t bytes);
/* rec->source is the gate's id; rec->resume the mark, or empty. */
void handed_record_add(struct buf *out, const struct raw_record *rec);
/* 1: *ret (slices of `in`), *at moved on; 0: the end; -ERR_PARSE. */
int handed_record_next(struct str in, size_t *at, struct raw_record *ret) MUST_USE;

/* The sensor's side: a listening Unix socket, taken over. One gate at a time, a newer one instead of an older. */
int intake_handed_add(struct intake_live *l, int fd, struct diag *reterr) MUST_USE;
