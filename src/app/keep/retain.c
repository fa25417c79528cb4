#include "app/keep/retain.h"

#include "app/common/note.h"
#include "app/keep/holds.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "spool/prove.h"
#include "spool/removal.h"

#include <stdio.h>
#include <unistd.h>

enum { KNOWN_MAX = 4096, /* segments whose end is remembered: half a year of hours */
       TOLD_MAX = 64 };   /* that go together: a day that was missed, and more the next time */

struct told {
    uint32_t segment;
    char note[NOTE_PATH_CAP];
};

/* When a segment's time is over: read once, its content does not change. */
struct known {
    uint32_t segment;
    int64_t due_ns;
    char why[REMOVAL_WHY_MAX + 1];
};
struct retain {
    struct retain_options o;
    int64_t shortest_ns; /* nothing younger can be due; 0: nothing ever */
    struct known known[KNOWN_MAX];
    struct holds holds;
    struct told told[TOLD_MAX]; /* that they go: a restart tells it again */
    size_t n_told;
    uint32_t sealed_after; /* the segment in which that stands at the latest; 0: not yet on disk */
    uint64_t removed; /* segments, in this life */
    int64_t removed_ns;
    uint32_t held_segments;
    uint64_t held_incident;
    bool blind; /* it is not known what cases hold */
};

int retain_new(const struct retain_options *o, struct retain **ret) {
    struct retain *r = mem_zalloc(sizeof *r);
    if (!r)
        return -ENOMEM;
    r->o = *o;
    r->shortest_ns = o->settings->all.keep_ns;
    for (size_t i = 0; i < o->settings->n && r->shortest_ns; i++) {
        int64_t own = config_keeping_of(o->settings, o->settings->rows[i].name).keep_ns;
        r->shortest_ns = MIN(r->shortest_ns, own);
    }
    *ret = r;
    return 0;
}

void retain_free(struct retain *r) {
    if (r)
        holds_done(&r->holds);
    mem_free(r);
}

/* ---- when is its time over ---- */

static int judge(const struct retain *r, uint32_t segment, struct known *k, struct diag *err) {
    struct spool_age age;
    struct arena a;
    struct str longest = STR("");
    int64_t keep = 0;
    arena_init(&a, 64 << 20);
    int e = spool_age_of(r->o.spool, segment, &a, &age, err);
    if (e == 0) {
        keep = age.n_sources ? 0 : r->o.settings->all.keep_ns;
        for (uint32_t i = 0; i < age.n_sources; i++) {
            int64_t own = config_keeping_of(r->o.settings, age.sources[i]).keep_ns;
            if (own > keep) {
                keep = own;
                longest = age.sources[i];
            }
        }
        *k = (struct known){.segment = segment, .due_ns = age.newest_ns + keep};
        snprintf(k->why, sizeof k->why, "kept for %lld days after its newest line%s%.*s", (long long) (keep / NS_PER_DAY),
                 longest.n ? ", the longest of its sources: " : "", (int) MIN(longest.n, (size_t) 200), longest.p);
        for (char *p = k->why; *p; p++) /* a name is an outsider's text, and this is signed as one line */
            if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e)
                *p = '?';
    }
    arena_done(&a);
    return e;
}

static int known_of(struct retain *r, uint32_t segment, struct known **ret, struct diag *err) {
    *ret = &r->known[segment % KNOWN_MAX];
    return (*ret)->segment == segment ? 0 : judge(r, segment, *ret, err);
}

/* ---- what cases hold ---- */

static int look_at_holds(struct retain *r, int64_t now_ns) {
    char path[4096 + 32];
    struct arena a;
    struct str text;
    struct diag d = {0};
    snprintf(path, sizeof path, "%.4000s/holds", r->o.hold);
    holds_done(&r->holds);
    arena_init(&a, HOLDS_BYTES_MAX + (1 << 16));
    int e = file_read(&a, path, HOLDS_BYTES_MAX, &text, &d);
    if (e == 0)
        e = holds_parse(text, &r->holds, &d);
    arena_done(&a);
    if (e == 0 && now_ns - r->holds.written_ns > HOLDS_AGE_MAX_NS)
        e = diag_set(&d, -ESTALE, "what cases hold was told last %lld minutes ago",
                     (long long) ((now_ns - r->holds.written_ns) / NS_PER_MIN));
    if (e < 0 && !r->blind)
        log_warn("nothing%s%s is removed: %s", *r->o.copy ? " of the copy of " : "", r->o.copy, d.text);
    r->blind = e < 0;
    return e;
}

/* ---- removing ----
 *
 * First it is told, each segment a record of its own; when all of those records are on disk and the segment they can at most
 * stand in is sealed, the segments go. So whoever removes something has signed for having said so before. */

static int announce_one(const struct retain *r, const struct spool_candidate *c, const char *action, const char *why, struct told *ret,
                        struct diag *err) {
    struct note n;
    note_begin(&n, "kizuki.keep", action);
    if (*r->o.copy)
        jsonw_kz(&n.w, "kizuki.keep.copy", r->o.copy);
    jsonw_ku64(&n.w, "kizuki.keep.segment", c->segment);
    jsonw_ku64(&n.w, "kizuki.keep.from", c->from);
    jsonw_ku64(&n.w, "kizuki.keep.to", c->to);
    jsonw_kz(&n.w, "kizuki.keep.why", why);
    ret->segment = c->segment;
    return note_leave_at(&n, r->o.data, ret->note, err);
}

/* The holder of a segment whose time is over; it is counted. */
static const struct hold *held_by(struct retain *r, const struct spool_candidate *c) {
    const struct hold *h = holds_find(&r->holds, c->from, c->to);
    if (h) {
        r->held_segments++;
        r->held_incident = h->incident;
    }
    return h;
}

static int announce(struct retain *r, const struct spool_candidate *all, size_t n, int64_t now_ns, struct diag *err) {
    r->held_segments = 0;
    r->sealed_after = 0;
    for (size_t i = 0; i < n; i++) {
        struct known *k;
        int e = known_of(r, all[i].segment, &k, err);
        if (e < 0)
            return e;
        if (k->due_ns > now_ns || held_by(r, &all[i]) || r->n_told == TOLD_MAX)
            continue;
        if ((e = announce_one(r, &all[i], "segment-removed", k->why, &r->told[r->n_told], err)) < 0)
            return e;
        r->n_told++;
    }
    return 0;
}

/* 1: what was told is sealed. */
static int is_sealed(struct retain *r, struct diag *err) {
    uint32_t sealed = 0;
    if (!r->sealed_after) {
        for (size_t i = 0; i < r->n_told; i++)
            if (access(r->told[i].note, F_OK) == 0)
                return 0;
        int e = spool_newest_segment(r->o.own, &r->sealed_after, err);
        if (e < 0)
            return e;
    }
    int e = spool_newest_checkpoint(r->o.own, &sealed, err);
    return e < 0 ? e : sealed >= r->sealed_after;
}

static const struct told *told_of(const struct retain *r, uint32_t segment) {
    for (size_t i = 0; i < r->n_told; i++)
        if (r->told[i].segment == segment)
            return &r->told[i];
    return NULL;
}

static int remove_told(struct retain *r, const struct spool_candidate *all, size_t n, int64_t now_ns, struct diag *err) {
    int e = 0;
    r->held_segments = 0;
    for (size_t i = 0; e == 0 && i < n; i++) {
        struct known *k;
        struct told kept;
        if (!told_of(r, all[i].segment))
            continue;
        if ((e = known_of(r, all[i].segment, &k, err)) < 0)
            break;
        if (held_by(r, &all[i])) { /* since it was told */
            e = announce_one(r, &all[i], "segment-kept", "a case holds it since it was told that it goes", &kept, err);
            continue;
        }
        if ((e = spool_segment_remove(r->o.spool, &all[i], k->why, now_ns, r->o.seals, r->o.key, r->o.pub, err)) < 0)
            break;
        log_info("segment %u%s%s removed (records %llu to %llu): %s", all[i].segment, *r->o.copy ? " of the copy of " : "", r->o.copy, (unsigned long long) all[i].from,
                 (unsigned long long) all[i].to, k->why);
        r->removed++;
        r->removed_ns = now_ns;
    }
    r->n_told = 0;
    return e;
}

int64_t retain_every_ns(const struct retain *r) {
    return r->n_told ? NS_PER_S : MIN(NS_PER_MIN, MAX(r->shortest_ns / 4, NS_PER_S));
}

int retain_step(struct retain *r, int64_t now_ns, struct diag *reterr) {
    struct spool_candidate *all;
    size_t n;
    if (!r->shortest_ns)
        return 0;
    int e = r->n_told ? is_sealed(r, reterr) : 1;
    if (e <= 0)
        return e;
    e = spool_candidates(r->o.spool, r->o.seals, now_ns - r->shortest_ns, &all, &n, reterr);
    if (e < 0)
        return e;
    /* Who holds what is asked for only when something could go. */
    if (n && look_at_holds(r, now_ns) == 0)
        e = r->n_told ? remove_told(r, all, n, now_ns, reterr) : announce(r, all, n, now_ns, reterr);
    if (!n)
        r->n_told = 0;
    mem_free(all);
    return e;
}

void retain_write(const struct retain *r, struct jsonw *w) {
    jsonw_kz(w, "state", !r->shortest_ns ? "off" : r->blind ? "blind" : r->held_segments ? "held" : "on");
    jsonw_ku64(w, "removed", r->removed);
    jsonw_ktime(w, "removed_at", r->removed_ns ? r->removed_ns : TIME_NONE);
    jsonw_ku64(w, "held_segments", r->held_segments);
    jsonw_ku64(w, "held_incident", r->held_incident);
}
