/* What was seen long ago and is still known: two kinds of correlation that remember instead of counting a window.
 *
 *   usual        learns, for each group, which answers are usual: pairs of a word (a status) and a number (a length). It is
 *                never true by itself; a `measures` attaches what it says of the event at hand.
 *   seen_again   true at an event whose group was seen before, but not for `timespan`
 *
 * Lengths are kept as ranges of steps of an eighth of an octave, at most ROWS_MAX ranges a group: when there is no room, the
 * two nearest of one word become one, so that a page of many lengths is known by few wide ranges and is judged mildly.
 * What an event that is left out (`without`) brings is asked about and never learnt: an attack does not teach what is usual.
 * Counts are halved after FORGET events, so that what a page answered last year leaves. Whole numbers only: every machine
 * says the same.
 *
 * Does not judge: the rule that attaches it does. */
#include "base/mem.h"
#include "detect/correlate_image.h"

enum { ROWS_MAX = 32, FORGET = 4096, BUCKETS_MAX = 512 };

struct usual_row {
    uint32_t word, count;
    uint16_t low, high; /* steps */
};
struct usual {
    uint32_t n, n_rows, cap;
    uint32_t last; /* index of the row that learnt the event at `pos`, + 1 */
    uint64_t pos;
    struct usual_row rows[];
};

static size_t usual_bytes(uint32_t cap) {
    return sizeof(struct usual) + cap * sizeof(struct usual_row);
}

/* ---- steps ---- */

static uint16_t step_of(uint64_t v) {
    if (v < 8)
        return (uint16_t) v;
    unsigned top = 63u - (unsigned) __builtin_clzll(v);
    return (uint16_t) ((top - 2) * 8 + (v >> (top - 3) & 7));
}
static double step_begin(unsigned step) {
    return step < 8 ? step : (double) ((uint64_t) (8 + step % 8) << (step / 8 - 1));
}

static bool number_of(const struct correlate *c, uint32_t word, uint64_t *ret) {
    double v;
    if (!word || str_to_double(words_get(&c->words, word), &v) < 0 || !(v >= 0) || v > 1e18)
        return false;
    *ret = (uint64_t) v;
    return true;
}

/* ---- learning ---- */

static void row_drop(struct correlate *c, struct usual *u, uint32_t i) {
    words_unref(&c->words, u->rows[i].word);
    memmove(&u->rows[i], &u->rows[i + 1], (u->n_rows - i - 1) * sizeof *u->rows);
    u->n_rows--;
}

/* Rows stand in the order of their word's first appearance and, of one word, of their ranges: the nearest are neighbours. */
static void merge_nearest(struct correlate *c, struct usual *u) {
    uint32_t at = NO_INDEX, gap = UINT32_MAX, rarest = 0;
    for (uint32_t i = 0; i < u->n_rows; i++) {
        const struct usual_row *x = &u->rows[i];
        rarest = x->count < u->rows[rarest].count ? i : rarest;
        if (i + 1 < u->n_rows && x[1].word == x->word && (uint32_t) (x[1].low - x->high) < gap) {
            gap = (uint32_t) (x[1].low - x->high);
            at = i;
        }
    }
    if (at == NO_INDEX) {
        u->n -= MIN(u->n, u->rows[rarest].count);
        row_drop(c, u, rarest);
        return;
    }
    u->rows[at].high = u->rows[at + 1].high;
    u->rows[at].count += u->rows[at + 1].count;
    row_drop(c, u, at + 1);
}

static int make_room(struct correlate *c, union corr_state *st) {
    struct usual *u = st->p;
    if (u && u->n_rows < u->cap)
        return 0;
    if (u && u->cap == ROWS_MAX) {
        merge_nearest(c, u);
        return 0;
    }
    uint32_t cap = u ? u->cap * 2 : 4;
    u = hot_realloc(c, u, u ? usual_bytes(u->cap) : 0, usual_bytes(cap));
    if (!u)
        return -ENOMEM;
    u->cap = cap;
    st->p = u;
    return 0;
}

static void forget(struct correlate *c, struct usual *u) {
    u->n = 0;
    for (uint32_t i = 0; i < u->n_rows;) {
        u->n += u->rows[i].count /= 2;
        if (u->rows[i].count)
            i++;
        else
            row_drop(c, u, i);
    }
}

/* Where a row of this word and step stands, or has to. */
static bool row_find(const struct usual *u, uint32_t word, uint16_t step, uint32_t *ret) {
    uint32_t i = 0;
    while (i < u->n_rows && u->rows[i].word != word)
        i++;
    while (i < u->n_rows && u->rows[i].word == word && u->rows[i].high < step)
        i++;
    *ret = i;
    return i < u->n_rows && u->rows[i].word == word && u->rows[i].low <= step;
}

static int learn(struct correlate *c, union corr_state *st, uint32_t word, uint16_t step, uint32_t weight) {
    struct usual *u = st->p;
    uint32_t i;
    if (!u || !row_find(u, word, step, &i)) {
        int r = make_room(c, st);
        if (r < 0)
            return r;
        u = st->p;
        if (!row_find(u, word, step, &i)) { /* what was merged may hold it now */
            memmove(&u->rows[i + 1], &u->rows[i], (u->n_rows - i) * sizeof *u->rows);
            u->rows[i] = (struct usual_row){.word = word, .low = step, .high = step};
            u->n_rows++;
            words_ref(&c->words, word);
        }
    }
    u->rows[i].count += weight;
    u->n += weight;
    u->last = i + 1;
    return 0;
}

int usual_feed(struct correlate *c, const struct plan_corr *pc, union corr_state *st, const struct mini *m) {
    uint64_t v = 0;
    if ((m->mask & pc->without) || !m->vals[pc->counted[1]] || (!pc->need && !number_of(c, m->vals[pc->counted[0]], &v)))
        return 0;
    struct usual *u = st->p;
    if (u && u->n >= FORGET)
        forget(c, u);
    int r = learn(c, st, m->vals[pc->counted[1]], step_of(v), MIN(m->weight, (uint32_t) FORGET));
    if (r == 0)
        ((struct usual *) st->p)->pos = m->pos;
    return r;
}

void usual_free(struct correlate *c, union corr_state *st) {
    struct usual *u = st->p;
    while (u->n_rows)
        row_drop(c, u, u->n_rows - 1);
    st->p = hot_realloc(c, u, usual_bytes(u->cap), 0);
}

/* ---- what is usual, beside the event at hand ---- */

static const char *const say_words[] = {[USUAL_VALUE] = "value", [USUAL_BESIDE] = "beside", [USUAL_LEARNT] = "learnt",
                                        [USUAL_SHARE] = "share", [USUAL_SAME] = "same", [USUAL_MOST] = "most",
                                        [USUAL_LOW] = "low", [USUAL_HIGH] = "high",
                                        [USUAL_HOUR] = "hour"};

int usual_say_from_string(struct str s) {
    for (size_t i = 0; i < ARRAY_SIZE(say_words); i++)
        if (str_eq_z(s, say_words[i]))
            return (int) i;
    return -EINVAL;
}

/* The event that asks. */
struct at_hand {
    uint64_t pos;
    uint32_t weight; /* as it was learnt */
};

/* How many learnt events row i stands for, without the one at hand. */
static uint32_t others(const struct usual *u, uint32_t i, const struct at_hand *now) {
    bool own = u->pos == now->pos && u->last == i + 1;
    return u->rows[i].count - (own ? MIN(now->weight, u->rows[i].count) : 0);
}

struct totals {
    uint32_t all, same, near; /* all; with this word; and with about this number */
    uint32_t most, most_n;    /* the most frequent word */
};
static struct totals sum_up(const struct usual *u, uint32_t word, uint16_t step, const struct at_hand *now) {
    struct totals t = {0};
    uint32_t of_word = 0;
    for (uint32_t i = 0; i < u->n_rows; i++) {
        const struct usual_row *x = &u->rows[i];
        uint32_t n = others(u, i, now);
        of_word = i && x[-1].word == x->word ? of_word + n : n;
        t.all += n;
        t.same += x->word == word ? n : 0;
        t.near += x->word == word && x->low <= step + 1 && step <= x->high + 1 ? n : 0;
        if (of_word > t.most_n) {
            t.most_n = of_word;
            t.most = x->word;
        }
    }
    return t;
}

/* The range of a word's numbers; a row that holds less than one in a hundred of them is an exception. */
static double edge(const struct usual *u, uint32_t word, uint32_t of_word, const struct at_hand *now, bool high) {
    double v = 0;
    bool found = false;
    for (uint32_t i = 0; i < u->n_rows; i++) {
        const struct usual_row *x = &u->rows[i];
        if (x->word != word || (uint64_t) others(u, i, now) * 100 < of_word || (found && !high))
            continue;
        v = high ? step_begin(x->high + 1u) - 1 : step_begin(x->low);
        found = true;
    }
    return v;
}

int usual_ask(struct correlate *c, const struct plan_corr *pc, const struct usual *u, enum usual_say say, double *ret) {
    const struct plan_scope *s = &c->plan->scopes[pc->scope];
    uint32_t value = 0, word = 0;
    uint64_t v = 0;
    const struct at_hand now = {.pos = pos_pack(c->ev->raw->pos), .weight = MIN(c->weight, (uint32_t) FORGET)};
    *ret = 0;
    if (say == USUAL_HOUR) { /* of the day, UTC */
        *ret = (double) (((c->ev->time_ns / NS_PER_HOUR) % 24 + 24) % 24);
        return 0;
    }
    int r = event_word(c, s->vals[pc->counted[0]], &value);
    if (r == 0)
        r = event_word(c, s->vals[pc->counted[1]], &word);
    if (r < 0)
        return r;
    bool known = !pc->need && number_of(c, value, &v);
    if (say == USUAL_VALUE || say == USUAL_BESIDE) {
        uint64_t number = v;
        if (say == USUAL_BESIDE && !number_of(c, word, &number))
            number = 0;
        *ret = (double) number;
        return 0;
    }
    if (!u)
        return 0;
    struct totals t = sum_up(u, word, step_of(v), &now);
    uint32_t whose = (uint64_t) t.same * 100 >= t.all && t.same ? word : t.most;
    uint32_t of_word = whose == word ? t.same : t.most_n;
    uint64_t most = 0;
    switch (say) {
    case USUAL_LEARNT:
        *ret = t.all;
        break;
    case USUAL_SHARE: /* a number that is not there cannot be told from others */
        *ret = t.all ? 100.0 * (known ? t.near : t.same) / t.all : 0;
        break;
    case USUAL_SAME:
        *ret = t.all ? 100.0 * t.same / t.all : 0;
        break;
    case USUAL_MOST:
        *ret = number_of(c, t.most, &most) ? (double) most : 0;
        break;
    default:
        *ret = edge(u, whose, of_word, &now, say == USUAL_HIGH);
    }
    return 0;
}

/* ---- seen again ---- */

/* What was seen longer ago than is known comes for the first time, even where another rule kept the group. What comes late
 * says nothing new, and after a jump back all begins anew. */
bool again_feed(const struct plan_corr *pc, union corr_state *st, const struct mini *m) {
    bool hit = st->t != 0 && m->t - st->t > pc->again_ns && m->t - st->t <= pc->span_ns;
    if (!st->t || m->t > st->t || m->t < st->t - pc->span_ns)
        st->t = m->t ? m->t : 1;
    return hit;
}

/* ---- image, and other rules ---- */

void usual_image(struct correlate_image *x, union corr_state *st) {
    struct usual *u = st->p;
    uint32_t cap = u ? u->cap : 0, n_rows = u ? u->n_rows : 0;
    image_count(x->i, &cap, ROWS_MAX);
    image_count(x->i, &n_rows, cap);
    if (x->i->error)
        return;
    if (x->i->reading) {
        if (!(u = hot_realloc(x->c, NULL, 0, usual_bytes(cap)))) {
            image_fail(x->i, -ENOMEM);
            return;
        }
        u->cap = cap;
        st->p = u;
    }
    image_u32(x->i, &u->n);
    image_u64(x->i, &u->pos);
    image_count(x->i, &u->last, n_rows);
    for (uint32_t i = 0; i < n_rows && !x->i->error; i++) {
        struct usual_row *row = &u->rows[i];
        uint32_t low = row->low, high = row->high;
        image_word_held(x, &row->word);
        image_u32(x->i, &row->count);
        image_count(x->i, &low, BUCKETS_MAX);
        image_count(x->i, &high, BUCKETS_MAX);
        row->low = (uint16_t) low;
        row->high = (uint16_t) high;
        u->n_rows = x->i->reading ? i + 1 : n_rows;
    }
}

int usual_take_over(struct correlate *to, union corr_state *mine, const struct correlate *from, const union corr_state *theirs) {
    const struct usual *u = theirs->p;
    struct usual *own = mine->p;
    int r = 0;
    if (!u || (own && own->n >= u->n))
        return 0;
    if (own)
        usual_free(to, mine);
    for (uint32_t i = 0; i < u->n_rows && r == 0; i++) {
        const struct usual_row *x = &u->rows[i];
        uint32_t word = words_add(&to->words, words_get(&from->words, x->word));
        r = word ? learn(to, mine, word, x->low, x->count) : -ENOMEM;
        if (r == 0) {
            own = mine->p;
            own->rows[own->last - 1].high = x->high;
            own->last = 0;
        }
    }
    if (r == 0 && mine->p)
        ((struct usual *) mine->p)->pos = u->pos;
    return r;
}
