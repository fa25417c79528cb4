/* Who was behind a public address, a port and a time: what a provider or a CERT says on the telephone, joined with the
 * logs of translations, leases, neighbours, proxies, VPNs and logins.
 *
 * Pure: it reads no log itself. It says what it wants to see next (a search and its period), is shown the events that
 * fit, and asks again with what it has learnt (the inside address, then the machine's name) until nothing is left to
 * ask. Then it tells candidates in order, each as a chain of hops with its evidence, and which log is missing.
 *
 * Times of events are put right by what is known of their machine's clock: the middle difference between its live lines'
 * own time and their arrival, else what the ledger of sources said of the source last. Nothing is decided by one log alone that
 * another contradicts: both become candidates. The order is made by doubts (trace_priv.h), a table, and no hidden weights.
 *
 * It does not: guess a department from an address, resolve names, or look at anything the logs do not say. */
#pragma once
#include "base/ip.h"
#include "base/json.h"
#include "event/record.h"

struct trace_question {
    struct ip address;
    uint16_t port; /* 0: not told */
    int64_t at_ns, width_ns; /* it was within [at, at + width]: to the second, the minute… */
    int64_t error_ns;        /* how wrong the clock of who asks may be, either way */
    bool zone_told;          /* the zone was written; a time without one is ours */
    int zone_min;            /* it was read in */
    struct ip destination;   /* version 0: not told */
    uint16_t destination_port;
    int64_t now_ns; /* nothing is later */
};
/* As it was told: the address also with its port, the time as people write times, the zone (jst, utc, +09:00) if it was
 * said. Empty texts were not told. */
struct trace_words {
    struct str address, port, time, zone, destination;
    int64_t error_s;
};
struct trace_want {
    struct str query; /* in the language of searches; valid until the next call */
    int64_t from_ns, to_ns;
};
struct trace;

/* -EINVAL, -ERR_PARSE with a sentence; *ret_wrong names the word. */
int trace_question_read(const struct trace_words *t, int64_t now_ns, int offset_min, struct trace_question *ret, const char **ret_wrong,
                        struct diag *reterr) MUST_USE;
int trace_new(const struct trace_question *q, struct trace **ret, struct diag *reterr) MUST_USE;
struct trace *trace_free(struct trace *t);
DEFINE_CLEANUP(struct trace *, trace_free)
/* 1: show me what this finds, then call again; 0: nothing is left to ask; -ENOMEM. */
int trace_next(struct trace *t, struct trace_want *ret) MUST_USE;
/* One event of what was wanted, whole. source: of the ledger; n: its record; time_ns: settled. -ENOMEM. */
int trace_take(struct trace *t, const struct event *ev, struct str source, uint64_t n, int64_t time_ns) MUST_USE;
/* How many rounds of asking are over, and of how many at most. */
unsigned trace_rounds(const struct trace *t, unsigned *ret_most);
/* After the last round: members of an object (question, candidates, missing, clocks). -ENOMEM. */
int trace_write(struct trace *t, struct jsonw *w) MUST_USE;
/* How many there are; 0: nobody was found. */
size_t trace_candidates(const struct trace *t);
size_t trace_missing(const struct trace *t);
