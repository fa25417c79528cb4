/* A search made ready: a query planned for the matcher, the decoder, and what every found event is written with.
 *
 * One search, one thread. It keeps nothing from one record to the next but the time of the line before (for lines of
 * files that have none). */
#pragma once
#include "event/record.h"
#include "base/buf.h"

struct indicator_set;
/* What is looked for is what hits a set of indicators, where there is one; else what a Sigma rule (one that judges single
 * events, as YAML) says; else a query in the language of searches. */
struct search_options {
    struct indicator_set *indicators; /* a reference is taken */
    struct str rule;
    struct str query;
    const struct str *parts; /* queries of which an event that fits `query` is asked, too: search_parts; borrowed for search_new */
    size_t n_parts;          /* at most SEARCH_PARTS_MAX */
    int64_t from_ns, to_ns; /* the event's time, [from, to); TIME_NONE: no bound */
    const struct source *sources; /* by id, [0] the unknown one; may be filled while the search runs */
    size_t n_sources;
    struct decode_set *decoders; /* written as data; a reference is taken */
    bool own_decoders;           /* some of them are not the shipped ones */
};
struct search;
struct decode_set;
struct detect_expr;

/* -ERR_PARSE and -ERR_LIMIT with the column: the query is at fault. */
int search_new(const struct search_options *o, struct search **ret, struct diag *reterr) MUST_USE;
struct search *search_free(struct search *s);
DEFINE_CLEANUP(struct search *, search_free)
const struct detect_expr *search_condition(const struct search *s); /* NULL: indicators */
const struct indicator_set *search_indicators(const struct search *s);
const struct search_options *search_bounds(const struct search *s);

/* 1: the record is one that is looked for, *ret_time is its event's time; 0: it is not; -ENOMEM. */
int search_test(struct search *s, const struct raw_record *rec, int64_t *ret_time_ns) MUST_USE;
/* The whole event, decoded anew; valid until the next call. */
/* What of the set the record found last hit; n of them. */
struct indicator_hit;
const struct indicator_hit *search_hits(const struct search *s, unsigned *ret_n);
/* Which of the parts the record found last fits, as bits. */
uint32_t search_parts(const struct search *s);
int search_event(struct search *s, const struct raw_record *rec, const struct event **ret) MUST_USE;
/* Another stream begins: nothing is known of the line before. */
void search_begin_stream(struct search *s);
