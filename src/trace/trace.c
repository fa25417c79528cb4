/* See trace.h. */
#include "trace/trace_priv.h"

#include "base/buf.h"
#include "base/mem.h"

/* Doubts are points; their sum orders candidates. What contradicts the question weighs most, what is merely not known
 * least; each is told to the reader in words, so that the order can be argued with. */
const struct trace_reason trace_reasons[WHY_MAX_] = {
    [WHY_SLIP_ZONE] = {"slip_zone", 40},           /* fits if the time asked for was meant in the other zone */
    [WHY_LOG_ZONE] = {"log_zone", 45},             /* fits if the log's own time was read in the wrong zone */
    [WHY_NEAR] = {"near_in_time", 14},             /* and more by distance; more than several within the time */
    [WHY_SHARED] = {"port_shared", 10},            /* several had the port within the time given */
    [WHY_NO_PORT] = {"no_port", 12},               /* none was told */
    [WHY_UNTRANSLATED] = {"untranslated", 10},     /* no translation of it was logged; it stands in logs itself */
    [WHY_OPEN] = {"no_end", 2},                    /* its end was not logged */
    [WHY_CLOCK_UNKNOWN] = {"clock_unknown", 2},
    [WHY_PROXY_UNPLACED] = {"proxy_unplaced", 20}, /* which address the proxy has is not known */
    [WHY_LEASE_GAP] = {"lease_gap", 8},            /* logs of leases are missing about then */
    [WHY_LEASE_ZONE] = {"lease_zone", 20},         /* its lease fits if that log's own time was read in the wrong zone */
    [WHY_LEASE_OLD] = {"lease_old", 8},            /* last heard of more than a day before */
    [WHY_LEASE_AFTER] = {"lease_after", 14},       /* had it afterwards */
    [WHY_TWO_MACHINES] = {"two_machines", 8},      /* leases and neighbours name different ones */
    [WHY_ADDRESS_ITSELF] = {"address_itself", 6},  /* the machine is told by the address alone (EUI-64) */
    [WHY_NO_MACHINE] = {"no_machine", 12},
    [WHY_USER_ELSEWHERE] = {"user_elsewhere", 6},  /* signed in from there to another service, perhaps as somebody else */
    [WHY_SEVERAL_USERS] = {"several_users", 8},
    [WHY_USER_STALE] = {"user_stale", 6},          /* signed in long before */
    [WHY_USER_AWAY] = {"user_away", 16},           /* had signed out, or signed in later */
    [WHY_NO_USER] = {"no_user", 10},
};

int trace_new(const struct trace_question *q, struct trace **ret, struct diag *reterr) {
    if (!q->address.version)
        return diag_set(reterr, -EINVAL, "an address is needed to trace one");
    CLEANUP(trace_freep) struct trace *t = mem_zalloc(sizeof *t);
    if (!t)
        return diag_set(reterr, -ENOMEM, "out of memory");
    t->q = *q;
    t->q.width_ns = MAX(t->q.width_ns, 0);
    t->q.error_ns = MAX(t->q.error_ns, 0);
    arena_init(&t->arena, TRACE_ARENA_BYTES_MAX);
    buf_init(&t->query, 16384);
    map_init(&t->sources, TRACE_SOURCES_MAX, 0);
    map_init(&t->seen, 2 * TRACE_FACTS_MAX, 0);
    map_init(&t->hosts_asked, 256, 0);
    *ret = TAKE_PTR(t);
    return 0;
}

struct trace *trace_free(struct trace *t) {
    if (!t)
        return NULL;
    map_done(&t->sources);
    map_done(&t->seen);
    map_done(&t->hosts_asked);
    buf_done(&t->query);
    arena_done(&t->arena);
    mem_free(t);
    return NULL;
}

int trace_take(struct trace *t, const struct event *ev, struct str source, uint64_t n, int64_t time_ns) {
    return t->asking ? trace_fact_read(t, ev, source, n, time_ns) : 0;
}

size_t trace_candidates(const struct trace *t) {
    return t->n_candidates;
}

size_t trace_missing(const struct trace *t) {
    return t->n_gaps;
}

void trace_doubt(uint32_t *why, int *doubt, enum reason r, int more) {
    if (!(*why & 1u << r))
        *doubt += trace_reasons[r].doubt + more;
    *why |= 1u << r;
}
