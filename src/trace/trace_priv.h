/* Private to src/trace.
 *
 *   fact   one event, reduced to what tracing asks for
 *   path   from the address asked for inwards, one translation or proxy after another, to the address nobody translates
 *   holder which machine had that address then      user   who used that machine then
 *
 * A candidate is a path with a holder and a user; its doubt is the sum of the doubts of its reasons. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "trace/trace.h"

enum fact_kind { FACT_TRANSLATION, FACT_LEASE, FACT_NEIGHBOUR, FACT_HOLDER, FACT_PROXY, FACT_LOGIN, FACT_KINDS_ };
/* CLOSING: nothing is said over it any more, and its table forgets it later. */
enum fact_phase { PHASE_POINT, PHASE_START, PHASE_CLOSING, PHASE_END, PHASE_WHOLE };

/* One machine's lines in one source, as a relay's hold those of many; its clock, and what the ledger says of the source. */
struct trace_source {
    struct str name;
    struct trace_source *whole; /* the source without regard to machines */
    int64_t ledger_ns, ledger_at_ns; /* what the ledger said last before the time asked for */
    bool ledger_known;
    int64_t differences[32]; /* own time minus arrival, of live lines */
    unsigned n_differences;
    bool heard; /* stands in the list of those that told of leases */
    struct trace_source *next_heard;
};
struct fact {
    enum fact_kind kind;
    enum fact_phase phase;
    struct trace_source *source;
    uint64_t n; /* record */
    int64_t own_ns, begin_ns; /* begin: of PHASE_WHOLE */
    int64_t lease_ns;         /* 0: not said */
    struct ip inner, outer, dest, sender;
    uint16_t inner_port, outer_port, outer_last, dest_port; /* outer_port…outer_last: a block */
    struct str user, host, mac, at_host, service;
    bool signs_in_at; /* a login at the console or the screen of at_host */
};

/* What speaks against a candidate. The order of the rows is the order in which they are told. */
enum reason {
    WHY_SLIP_ZONE, WHY_LOG_ZONE, WHY_NEAR, WHY_SHARED, WHY_NO_PORT, WHY_UNTRANSLATED, WHY_OPEN, WHY_CLOCK_UNKNOWN,
    WHY_PROXY_UNPLACED, WHY_LEASE_GAP, WHY_LEASE_ZONE, WHY_LEASE_OLD, WHY_LEASE_AFTER, WHY_TWO_MACHINES, WHY_ADDRESS_ITSELF, WHY_NO_MACHINE,
    WHY_USER_ELSEWHERE, WHY_SEVERAL_USERS, WHY_USER_STALE, WHY_USER_AWAY, WHY_NO_USER, WHY_MAX_
};
extern const struct trace_reason {
    const char *key;
    int doubt;
} trace_reasons[WHY_MAX_];
enum { DOUBT_LIKELY = 25, DOUBT_CERTAIN = 8 }; /* up to these */

enum { TRACE_HOPS_MAX = 4 };
struct span {
    int64_t begin_ns, end_ns; /* put right by the clock; end TIME_NONE: not known */
};
struct session { /* one translation in time */
    const struct fact *first, *last; /* the events that opened and closed it; one may be the other */
    struct span span;
    bool end_assumed; /* the port was given to somebody else */
};
struct hop {
    bool proxy, placed; /* placed: the proxy's own address is known to be the one asked for */
    struct session s;
    int64_t off_ns; /* how far outside its span the time asked for is; 0: inside */
};
struct path {
    struct hop hops[TRACE_HOPS_MAX];
    unsigned n;
    struct ip ip;
    uint16_t port;
    int64_t from_ns, to_ns; /* when it was, at this end */
    uint32_t why;           /* bits of enum reason */
    int doubt;
    int64_t exact_ns; /* of the outermost hop: how far off, without rounding; orders what is equal by doubt */
    bool begins_then; /* it began within the time asked for: what is written down of a connection is mostly its beginning */
    bool done; /* its end is the inside */
    int shift; /* 0 as it was read; hours */
};
struct holder {
    const struct fact *fact; /* NULL: not known */
    struct str mac, host;
    struct span span;
    uint32_t why;
    int doubt;
};
struct user {
    const struct fact *fact; /* NULL: not known */
    struct span span;
    uint32_t why;
    int doubt;
};
struct candidate {
    const struct path *path;
    struct holder holder;
    struct user user;
    uint32_t why;
    int doubt;
};
struct gap { /* one log that is missing */
    const char *log;  /* nat, dhcp, neighbour, proxy, login */
    const char *why;  /* none, gap, not_in_it, port_not_in_it */
    struct str about; /* address or machine */
    struct str source; /* which source of logs fell silent; empty: not known */
    int64_t from_ns, to_ns;
};
struct beat { /* a log that should speak was heard */
    struct trace_source *source;
    int64_t at_ns;
};

enum round { ROUND_CLOCKS, ROUND_OUTER, ROUND_INSIDE, ROUND_PROXY, ROUND_OLDER, ROUND_HOSTS, ROUND_LEASES, ROUND_ADDRESS, ROUND_END };
struct asked {
    struct ip ip;
    bool inside, older, proxied;
};
struct trace {
    struct trace_question q;
    struct arena arena;
    enum round round;
    unsigned rounds;
    bool asking; /* what was wanted is being shown */
    struct buf query;
    struct map sources; /* name -> struct trace_source */
    struct fact *facts;
    size_t n_facts, facts_cap;
    uint64_t facts_lost;
    struct map seen; /* records, so that two rounds that overlap count one once */
    struct path *paths;
    size_t n_paths, paths_cap;
    struct asked *asked;
    size_t n_asked, asked_cap;
    struct map hosts_asked;
    struct beat *beats;
    size_t n_beats, beats_cap;
    struct trace_source *heard;
    uint64_t nat_heard; /* translations of the address asked for, any port, about then */
    struct candidate *candidates;
    size_t n_candidates, candidates_cap;
    struct gap *gaps;
    size_t n_gaps, gaps_cap;
};

/* facts.c */
int trace_fact_read(struct trace *t, const struct event *ev, struct str source, uint64_t n, int64_t time_ns);
int64_t trace_when(const struct fact *f);                       /* put right */
int64_t trace_clock(const struct trace_source *s, const char **ret_basis); /* how far ahead it is */
/* join.c: paths from the facts there are. 1: there are new ones. */
int trace_expand(struct trace *t) MUST_USE;
int trace_expand_proxies(struct trace *t) MUST_USE;
int trace_join(struct trace *t) MUST_USE; /* candidates */
int64_t trace_span_distance(const struct span *s, int64_t from_ns, int64_t to_ns);
void trace_doubt(uint32_t *why, int *doubt, enum reason r, int more);
/* hosts.c: who had an address, who used a machine; the best first, at least one row ("not known"). */
int trace_holders(struct trace *t, const struct path *p, struct holder **ret, size_t *ret_n) MUST_USE;
int trace_users(struct trace *t, const struct path *p, const struct holder *h, struct user **ret, size_t *ret_n) MUST_USE;
bool trace_same_host(struct str a, struct str b); /* by their first label */
/* missing.c */
int trace_find_gaps(struct trace *t) MUST_USE;
/* How long no log of leases was heard around then; false: they were heard as usual. */
bool trace_lease_gap(const struct trace *t, const struct ip *ip, int64_t at_ns, struct gap *ret);
void trace_sort_beats(struct trace *t); /* before any of these */
