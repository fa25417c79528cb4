/* The sliding window of measures.
 *
 * A window of `timespan` moves in WINDOW_STEPS steps. For each step that saw an event there is a
 * slot with one number a counter; the totals are their sums, kept as slots come and go. So a window
 * costs at most 61 slots however many events it counts, and holds between timespan and timespan +
 * one step.
 *
 *   COUNT     events (a repeated message counts its repetitions)
 *   SPREAD    1 in every slot that saw an event: in how many steps something happened
 *   DISTINCT  in each slot, the number of values seen there last; a value seen again moves its 1
 * from the old slot to the new one. Which slot that is stands in the set of words, whose entries
 * grow stale when their slot has left; stale ones are dropped when the set would have to grow.
 *
 *   VISITS, PERIOD, JITTER  how regular events are: from times of their own (correlate_period.c)
 *
 * Slots are in order of time. The newest minis that may become evidence are kept in a ring. */
#include "detect/correlate_image.h"

struct slot {
    int64_t step;
    uint32_t counts[];
};
struct window {
    int64_t newest; /* step */
    uint32_t n_slots, slots_cap;
    unsigned char *slots;
    struct word_set *sets;
    struct beats *beats;
    uint32_t totals[];
};

static size_t slot_bytes(const struct plan_window *pw) {
    return (sizeof(struct slot) + pw->n_counters * sizeof(uint32_t) + 7) & ~(size_t) 7;
}
static struct slot *slot_at(const struct window *w, const struct plan_window *pw, uint32_t i) {
    return (struct slot *) (w->slots + i * slot_bytes(pw));
}
const uint32_t *window_totals(const struct window *w) {
    return w->totals;
}

static size_t totals_bytes(const struct plan_window *pw) {
    return (pw->n_counters * sizeof(uint32_t) + 7) & ~(size_t) 7;
}
static size_t window_bytes(const struct plan_window *pw) {
    return sizeof(struct window) + totals_bytes(pw) + pw->n_sets * sizeof(struct word_set) +
           pw->n_beats * sizeof(struct beats);
}

static struct window *window_new(struct correlate *c, const struct plan_window *pw) {
    struct window *w = hot_realloc(c, NULL, 0, window_bytes(pw));
    if (!w)
        return NULL;
    w->sets = (struct word_set *) ((char *) w->totals + totals_bytes(pw));
    w->beats = (struct beats *) (w->sets + pw->n_sets);
    return w;
}

static void clear(struct correlate *c, const struct plan_window *pw, struct window *w) {
    for (uint32_t i = 0; i < pw->n_sets; i++)
        word_set_free(c, &w->sets[i]);
    for (uint32_t i = 0; i < pw->n_beats; i++)
        beats_free(c, &w->beats[i]);
    memset(w->totals, 0, pw->n_counters * sizeof *w->totals);
    w->n_slots = 0;
}

void window_free(struct correlate *c, const struct plan_window *pw, union corr_state *st) {
    struct window *w = st->p;
    if (!w)
        return;
    clear(c, pw, w);
    hot_realloc(c, w->slots, w->slots_cap * slot_bytes(pw), 0);
    st->p = hot_realloc(c, w, window_bytes(pw), 0);
}

/* Slots older than the window leave. */
static void drain(struct window *w, const struct plan_window *pw) {
    uint32_t gone = 0;
    while (gone < w->n_slots && slot_at(w, pw, gone)->step < w->newest - WINDOW_STEPS) {
        const struct slot *old = slot_at(w, pw, gone++);
        for (uint32_t i = 0; i < pw->n_counters; i++)
            w->totals[i] -= old->counts[i];
    }
    if (!gone)
        return;
    w->n_slots -= gone;
    memmove(w->slots, w->slots + gone * slot_bytes(pw), w->n_slots * slot_bytes(pw));
}

/* The slot of the step, made where it is missing; NULL when memory ends. */
static struct slot *slot_get(struct correlate *c, struct window *w, const struct plan_window *pw,
                             int64_t step) {
    uint32_t i = w->n_slots;
    while (i > 0 && slot_at(w, pw, i - 1)->step > step)
        i--;
    if (i > 0 && slot_at(w, pw, i - 1)->step == step)
        return slot_at(w, pw, i - 1);
    if (w->n_slots == w->slots_cap) {
        uint32_t cap = w->slots_cap + w->slots_cap / 2 + 2;
        void *p = hot_realloc(c, w->slots, w->slots_cap * slot_bytes(pw), cap * slot_bytes(pw));
        if (!p)
            return NULL;
        w->slots = p;
        w->slots_cap = cap;
    }
    struct slot *at = slot_at(w, pw, i);
    memmove(slot_at(w, pw, i + 1), at, (w->n_slots - i) * slot_bytes(pw));
    memset(at, 0, slot_bytes(pw));
    at->step = step;
    w->n_slots++;
    return at;
}

static struct slot *slot_find(struct window *w, const struct plan_window *pw, uint32_t step) {
    for (uint32_t i = w->n_slots; i-- > 0;)
        if ((uint32_t) slot_at(w, pw, i)->step == step)
            return slot_at(w, pw, i);
    return NULL;
}

static int add_distinct(struct correlate *c, struct window *w, const struct plan_window *pw,
                        uint32_t k, struct slot *slot, uint32_t word) {
    const struct plan_counter *pc = &pw->counters[k];
    struct word_set *set = &w->sets[pc->set];
    uint32_t step = (uint32_t) slot->step, oldest = (uint32_t) (w->newest - WINDOW_STEPS);
    struct word_seen *seen = word_set_find(set, word);
    if (seen && seen->step - oldest <= WINDOW_STEPS) { /* it is counted already */
        if (seen->step - oldest >= step - oldest)
            return 0;
        struct slot *old = slot_find(w, pw, seen->step);
        ASSERT(old && old->counts[k] > 0);
        old->counts[k]--;
        slot->counts[k]++;
        seen->step = step;
        return 0;
    }
    if (seen) {
        seen->step = step;
    } else {
        int r = word_set_add(c, set, word, step, oldest, CORRELATION_VALUES_MAX);
        if (r < 0)
            return r;
        if (r == 1) {
            c->stats.values_dropped++;
            return 0;
        }
    }
    slot->counts[k]++;
    w->totals[k]++;
    return 0;
}

/* Of the counters that look at the same times the first one adds to them. */
static int add_beat(struct correlate *c, struct window *w, const struct plan_window *pw, uint32_t k,
                    int64_t t) {
    struct beats *b = &w->beats[pw->counters[k].set];
    uint32_t first = 0;
    while (!measure_is_beat(pw->counters[first].kind) || pw->counters[first].set != pw->counters[k].set)
        first++;
    if (first == k) {
        int r = beats_add(c, b, t, (w->newest - WINDOW_STEPS) * pw->step_ns);
        if (r < 0)
            return r;
    }
    w->totals[k] = beats_measure(b, pw->counters[k].kind);
    return 0;
}

static int add_counts(struct correlate *c, struct window *w, const struct plan_window *pw,
                      struct slot *slot, const struct mini *m) {
    for (uint32_t k = 0; k < pw->n_counters; k++) {
        const struct plan_counter *pc = &pw->counters[k];
        if (!(pc->mask & m->mask) || (pc->without & m->mask))
            continue;
        if (pc->kind == MEASURE_COUNT) {
            slot->counts[k] += m->weight;
            w->totals[k] += m->weight;
        } else if (pc->kind == MEASURE_SPREAD) {
            w->totals[k] += slot->counts[k] == 0;
            slot->counts[k] = 1;
        } else if (measure_is_beat(pc->kind)) {
            int r = add_beat(c, w, pw, k, m->t);
            if (r < 0)
                return r;
        } else {
            uint32_t word;
            int r = tuple_word(c, m, pc->vals, pc->n_vals, &word);
            if (r == 0 && word)
                r = add_distinct(c, w, pw, k, slot, word);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* Mostly the newest one, which costs no division. */
static int64_t step_of(int64_t t, int64_t step_ns, int64_t newest) {
    uint64_t in_newest = (uint64_t) t - (uint64_t) newest * (uint64_t) step_ns;
    if (in_newest < (uint64_t) step_ns)
        return newest;
    return t >= 0 ? t / step_ns : -((-t + step_ns - 1) / step_ns);
}

/* Visits leave with time, whether or not there is a new one; and before there are any, jitter is large. */
static void refresh_beats(struct window *w, const struct plan_window *pw) {
    for (uint32_t k = 0; pw->n_beats && k < pw->n_counters; k++) {
        if (!measure_is_beat(pw->counters[k].kind))
            continue;
        struct beats *b = &w->beats[pw->counters[k].set];
        beats_since(b, (w->newest - WINDOW_STEPS) * pw->step_ns);
        w->totals[k] = beats_measure(b, pw->counters[k].kind);
    }
}

int64_t window_since(const struct plan_window *pw, int64_t t) {
    return (step_of(t, pw->step_ns, 0) - WINDOW_STEPS) * pw->step_ns;
}

int window_feed(struct correlate *c, const struct plan_window *pw, union corr_state *st,
                const struct mini *m) {
    struct window *w = st->p;
    int64_t step = step_of(m->t, pw->step_ns, w ? w->newest : 0);
    bool moved = !w;
    if (!w) {
        st->p = w = window_new(c, pw);
        if (!w)
            return -ENOMEM;
        w->newest = step;
    }
    if (step < w->newest - WINDOW_STEPS) {
        if (w->newest - step <= CORRELATION_SLACK_NS / pw->step_ns) {
            c->stats.late++;
            return 0;
        }
        c->stats.rewinds++;
        clear(c, pw, w);
        w->newest = step;
        moved = true;
    }
    if (step > w->newest) {
        w->newest = step;
        drain(w, pw);
        moved = true;
    }
    if (moved)
        refresh_beats(w, pw);
    struct slot *slot = slot_get(c, w, pw, step);
    return slot ? add_counts(c, w, pw, slot, m) : -ENOMEM;
}

/* ---- sets of words ---- */

enum { LINEAR_MAX = 16 }; /* up to here a list, above a table of at least 64 */

static size_t home(const struct word_set *s, uint32_t word) {
    return (word * 0x9e3779b1u >> 7) & (s->cap - 1);
}

struct word_seen *word_set_find(const struct word_set *s, uint32_t word) {
    if (s->cap <= LINEAR_MAX) {
        for (uint32_t i = 0; i < s->n; i++)
            if (s->at[i].word == word)
                return &s->at[i];
        return NULL;
    }
    for (size_t i = home(s, word); s->at[i].word; i = (i + 1) & (s->cap - 1))
        if (s->at[i].word == word)
            return &s->at[i];
    return NULL;
}

static void put(struct word_set *s, struct word_seen x) {
    if (s->cap <= LINEAR_MAX) {
        s->at[s->n++] = x;
        return;
    }
    size_t i = home(s, x.word);
    while (s->at[i].word)
        i = (i + 1) & (s->cap - 1);
    s->at[i] = x;
    s->n++;
}

/* Without the stale ones, in a new home of the right size. */
static int rebuild(struct correlate *c, struct word_set *s, uint32_t oldest) {
    uint32_t live = 0;
    uint32_t places = s->cap <= LINEAR_MAX ? s->n : s->cap;
    for (uint32_t i = 0; i < places; i++)
        live += s->at[i].word && s->at[i].step - oldest <= INT32_MAX;
    struct word_set next = {.cap = 4};
    while (next.cap < LINEAR_MAX && next.cap < live + 1)
        next.cap *= 2;
    if (live + 1 > LINEAR_MAX) {
        next.cap = 64;
        while (next.cap < 2 * (live + 1))
            next.cap *= 2;
    }
    next.at = hot_realloc(c, NULL, 0, next.cap * sizeof *next.at);
    if (!next.at)
        return -ENOMEM;
    for (uint32_t i = 0; i < places; i++) {
        if (!s->at[i].word)
            continue;
        if (s->at[i].step - oldest <= INT32_MAX)
            put(&next, s->at[i]);
        else
            words_unref(&c->words, s->at[i].word);
    }
    hot_realloc(c, s->at, s->cap * sizeof *s->at, 0);
    *s = next;
    return 0;
}

int word_set_add(struct correlate *c, struct word_set *s, uint32_t word, uint32_t step,
                 uint32_t oldest, uint32_t max) {
    uint32_t room = s->cap <= LINEAR_MAX ? s->cap : s->cap / 4 * 3;
    if (s->n >= room || s->n >= max) {
        if (s->full && s->full_at == oldest)
            return 1;
        int r = rebuild(c, s, oldest);
        if (r < 0)
            return r;
        s->full = s->n >= max;
        s->full_at = oldest;
        if (s->full)
            return 1;
    }
    put(s, (struct word_seen){.word = word, .step = step});
    words_ref(&c->words, word);
    return 0;
}

void word_set_free(struct correlate *c, struct word_set *s) {
    uint32_t places = s->cap <= LINEAR_MAX ? s->n : s->cap;
    for (uint32_t i = 0; i < places; i++)
        if (s->at[i].word)
            words_unref(&c->words, s->at[i].word);
    hot_realloc(c, s->at, s->cap * sizeof *s->at, 0);
    *s = (struct word_set){0};
}

/* ---- image ---- */

static bool is_set_size(uint32_t cap) {
    return (cap & (cap - 1)) == 0 && (cap == 0 || (cap >= 4 && (cap <= LINEAR_MAX || cap >= 64)));
}

void word_set_image(struct correlate_image *x, struct word_set *s) {
    uint32_t n = s->n, cap = s->cap;
    image_count(x->i, &cap, 4 * CORRELATION_VALUES_MAX);
    image_count(x->i, &n, cap <= LINEAR_MAX ? cap : cap / 4 * 3);
    image_bool(x->i, &s->full);
    image_u32(x->i, &s->full_at);
    if (!is_set_size(cap) || (x->i->reading && n > image_left(x->i)))
        image_fail(x->i, -ERR_CORRUPT);
    if (x->i->reading && cap && !x->i->error) {
        s->at = hot_realloc(x->c, NULL, 0, cap * sizeof *s->at);
        if (!s->at)
            image_fail(x->i, -ENOMEM);
        s->cap = s->at ? cap : 0;
    }
    uint32_t places = cap <= LINEAR_MAX ? n : cap;
    for (uint32_t i = 0, k = 0; k < n && !x->i->error; i++) {
        struct word_seen one = {0};
        if (!x->i->reading && (ASSERT(i < places), !s->at[i].word))
            continue;
        if (!x->i->reading)
            one = s->at[i];
        image_word(x, &one.word);
        image_u32(x->i, &one.step);
        k++;
        if (!x->i->reading)
            continue;
        if (!one.word || word_set_find(s, one.word)) {
            image_fail(x->i, -ERR_CORRUPT);
            return;
        }
        put(s, one);
        words_ref(&x->c->words, one.word);
    }
}

void window_image(struct correlate_image *x, const struct plan_window *pw, union corr_state *st) {
    bool there = st->p != NULL;
    image_bool(x->i, &there);
    if (!there || x->i->error)
        return;
    if (x->i->reading && !(st->p = window_new(x->c, pw))) {
        image_fail(x->i, -ENOMEM);
        return;
    }
    struct window *w = st->p;
    uint32_t n = w->n_slots, cap = w->slots_cap;
    image_i64(x->i, &w->newest);
    image_count(x->i, &cap, 2 * WINDOW_STEPS + 4);
    image_count(x->i, &n, cap);
    if (x->i->reading && cap && !x->i->error) {
        w->slots = hot_realloc(x->c, NULL, 0, cap * slot_bytes(pw));
        if (!w->slots)
            image_fail(x->i, -ENOMEM);
        w->slots_cap = w->slots ? cap : 0;
    }
    for (uint32_t i = 0; i < n && !x->i->error; i++) {
        struct slot *slot = slot_at(w, pw, i);
        image_i64(x->i, &slot->step);
        for (uint32_t k = 0; k < pw->n_counters; k++)
            image_u32(x->i, &slot->counts[k]);
        w->n_slots = x->i->reading ? i + 1 : n;
    }
    for (uint32_t k = 0; k < pw->n_counters; k++)
        image_u32(x->i, &w->totals[k]);
    for (uint32_t i = 0; i < pw->n_sets && !x->i->error; i++)
        word_set_image(x, &w->sets[i]);
    for (uint32_t i = 0; i < pw->n_beats && !x->i->error; i++)
        beats_image(x, &w->beats[i]);
}
