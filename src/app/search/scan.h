/* A search over a spool, step by step: whoever runs it may do other things between two steps, tell how far it is, and
 * end it at any time.
 *
 * Segments come newest first or oldest first, the records of each in their order. Before the first step it is settled
 * which segments are read: those whose filter (filter.h), or whose times, or the index (narrow.h) do not rule them out. So the
 * work ahead is known and progress tells the truth. What arrives meanwhile is not looked at. */
#pragma once
#include "app/search/query.h"
#include "base/err.h"

struct scan_options {
    const char *spool_dir;
    const char *filter_dir; /* NULL: without filters */
    struct str copy;        /* whose copy that is (copies.h), for who tells of it; empty: our own */
    struct indicator_set *indicators; /* these three as in query.h */
    struct str rule;
    struct str query;
    const struct str *parts; /* as in query.h; borrowed for scan_new */
    size_t n_parts;
    int64_t from_ns, to_ns;
    uint64_t from_record, to_record; /* [from, to); 0: no bound */
    bool newest_first;
    struct index_client *index; /* NULL: without one; borrowed until scan_new returns, or with `late` the scan's life long */
    bool late; /* filters and index are asked only when the search comes to a segment: it may well end in the first */
    struct decode_set *decoders; /* as in query.h */
    bool own_decoders;
};
struct scan_progress {
    uint32_t segments, segments_passed; /* passed over by filter or time */
    uint64_t bytes, bytes_done;         /* of those that are read */
    uint64_t bytes_passed;
    uint64_t records, found;
    uint64_t lost;    /* records that could not be read */
    uint64_t at;      /* the record looked at next */
    uint32_t segment; /* it stands in; 0 at the beginning and the end */
    int64_t begins_ns; /* arrival of the oldest that is kept */
    uint32_t segments_indexed; /* of those that are read: only the records the index named, and what it does not cover */
    int64_t back_to_ns; /* newest first: everything that arrived from then on was looked through; TIME_NONE: nothing yet */
    double cpu_s;
    struct diag index_why; /* why the index was of no use; code 0: nothing failed */
};
/* Told of each record that fits, valid during the call. A negative return ends the search with it. */
typedef int scan_found_fn(void *ctx, struct search *s, const struct raw_record *rec, int64_t time_ns);

/* Where a copy is searched; without the index, which knows our own records only. An empty name: nothing changes. -ENOENT: no
 * such copy; -EBUSY: one was enrolled since they were read, and may be it. */
struct copies;
int scan_over_copy(struct scan_options *o, const struct copies *copies, struct str name, struct diag *reterr) MUST_USE;

struct scan;
int scan_new(const struct scan_options *o, struct scan **ret, struct diag *reterr) MUST_USE;
struct scan *scan_free(struct scan *s);
DEFINE_CLEANUP(struct scan *, scan_free)
/* 1: there is more; 0: the end. About a batch of records. */
int scan_step(struct scan *s, scan_found_fn *found, void *ctx, struct diag *reterr) MUST_USE;
const struct scan_progress *scan_progress(const struct scan *s);
struct search *scan_search(struct scan *s);
struct str scan_source_name(const struct scan *s, uint32_t source);

/* Removes filters of segments that are no longer kept: what a filter says of them is to go with them. How many. */
int scan_forget_filters(const char *spool_dir, const char *filter_dir, struct diag *reterr) MUST_USE;
/* Makes the filters of closed segments that have none, newest first, one segment a call. 1: made one; 0: none is
 * missing. *ret_segment says which. but: a segment whose filter somebody else is making, or 0. */
int scan_make_filter(const char *spool_dir, const char *filter_dir, struct decode_set *decoders, uint32_t but,
                     const volatile bool *stop, uint32_t *ret_segment, struct diag *reterr) MUST_USE;
