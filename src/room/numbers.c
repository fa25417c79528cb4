/* The numbers of a case (accounts tried, sources, tries), kept while findings come in so that a page never counts
 * thousands of values anew. Only what accuses counts: a crowd listed beside an attack does not. Not here: reading
 * findings (finding_store.c), showing them (scope.c). */
#include "base/mem.h"
#include "room/lanes.h"
#include "room/room_priv.h"

#define SHARE 10 /* of the time, one part for counting */
#define TEXT_BYTES_MAX ((size_t) 4 << 20)

void room_numbers_init(struct room *r) {
    for (size_t i = 0; i < ROOM_NUMBERS_KEPT; i++) {
        buf_init(&r->numbers[i].scope, TEXT_BYTES_MAX);
        buf_init(&r->numbers[i].attacker, TEXT_BYTES_MAX);
    }
}

void room_numbers_done(struct room *r) {
    for (size_t i = 0; i < ROOM_NUMBERS_KEPT; i++) {
        buf_done(&r->numbers[i].scope);
        buf_done(&r->numbers[i].attacker);
    }
}

void room_numbers_stale(struct room *r, int64_t incident) {
    for (size_t i = 0; i < ROOM_NUMBERS_KEPT; i++)
        if (r->numbers[i].incident == incident)
            r->numbers[i].stale = true;
}

/* Its place, or that of whichever was asked for longest ago. */
static struct room_kept_numbers *find(struct room *r, int64_t incident) {
    struct room_kept_numbers *oldest = &r->numbers[0];
    for (size_t i = 0; i < ROOM_NUMBERS_KEPT; i++) {
        if (r->numbers[i].incident == incident)
            return &r->numbers[i];
        if (r->numbers[i].asked_ns < oldest->asked_ns)
            oldest = &r->numbers[i];
    }
    oldest->incident = 0;
    return oldest;
}

static int count(struct room *r, int64_t incident, struct room_kept_numbers *k, struct diag *err) {
    struct jsonw w;
    int64_t began = time_monotonic_ns();
    buf_clear(&k->scope);
    buf_clear(&k->attacker);
    k->incident = 0; /* until it is whole */
    int e = room_count_all(r, incident, &k->counts, err);
    jsonw_init(&w, &k->scope);
    if (e == 0)
        e = room_scope_write(r, incident, &k->counts, &w, err);
    if (e == 0)
        e = room_attacker_write(r, incident, k->counts.tried.at_least, &k->attacker, err);
    if (e == 0 && (buf_error(&k->scope) || buf_error(&k->attacker)))
        e = diag_set(err, buf_error(&k->scope) ? buf_error(&k->scope) : buf_error(&k->attacker),
                     "the numbers of incident %lld are too large", (long long) incident);
    if (e < 0)
        return e;
    k->incident = incident;
    k->stale = false;
    k->counted_ns = time_monotonic_ns();
    k->cost_ns = k->counted_ns - began;
    return 0;
}

int room_numbers(struct room *r, int64_t incident, struct room_numbers *ret, struct diag *reterr) {
    struct room_kept_numbers *k = find(r, incident);
    int64_t now = time_monotonic_ns();
    k->asked_ns = now;
    if (k->incident != incident || (k->stale && now - k->counted_ns >= SHARE * k->cost_ns)) {
        int e = count(r, incident, k, reterr);
        if (e < 0)
            return e;
    }
    *ret = (struct room_numbers){k->counts, buf_str(&k->scope), buf_str(&k->attacker)};
    return 0;
}
