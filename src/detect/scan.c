/* Triggers: which rules of a lane an event calls for. Each value of each field a rule waits for is
 * looked up whole, by its ends and by its last component in one hash table, and searched for
 * literals by the four bytes of each that are rarest. What is found twice is judged once. */
#include "base/json.h"
#include "detect/match_priv.h"

static void choose(struct detect_matcher *m, const struct lane *l, uint32_t first, uint32_t n) {
    for (uint32_t i = first; i < first + n; i++) {
        uint32_t rule = l->rule_lists[i];
        uint32_t *when = &m->chosen[l->rule_base + rule];
        if (*when != m->epoch) {
            *when = m->epoch;
            __builtin_prefetch(&l->rules[rule]);
            m->candidates[m->n_candidates++] = rule;
        }
    }
}

/* Letters in any case; lit is lowered. */
static bool equal_icase(const char *p, const char *lit, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (ascii_lower(p[i]) != lit[i])
            return false;
    return true;
}

static bool verified(const struct entry *e, struct str v, size_t at) {
    switch ((enum verify) e->verify) {
    case VERIFY_NONE:
        return true;
    case VERIFY_FIRST:
        return v.n >= e->n && memcmp(v.p, e->lit, e->n) == 0;
    case VERIFY_LAST:
        return v.n >= e->n && memcmp(v.p + v.n - e->n, e->lit, e->n) == 0;
    case VERIFY_AT:
        return at >= e->offset && v.n - (at - e->offset) >= e->n &&
               memcmp(v.p + at - e->offset, e->lit, e->n) == 0;
    case VERIFY_AT_LINE:
        return at >= e->offset && v.n - (at - e->offset) >= e->n &&
               equal_icase(v.p + at - e->offset, e->lit, e->n);
    }
    return true;
}

static void choose_entries(struct detect_matcher *m, const struct lane *l, const struct bucket *b,
                           struct str v, size_t at) {
    for (uint32_t i = b->first; i < b->first + b->n; i++)
        if (verified(&l->entries[i], v, at))
            choose(m, l, l->entries[i].rules, l->entries[i].n_rules);
}

/* --- probes --- */

static void probe(struct detect_matcher *m, const struct lane *l, uint32_t field, unsigned which,
                  struct str key, struct str v) {
    uint64_t h = probe_hash(field, which, key.p, key.n);
    uint32_t tag = (uint32_t) (h >> 32);
    uint32_t bit = tag & (((uint32_t) 1 << l->hash_bits_log) - 1);
    m->stats.probes++;
    if (!(l->hash_bits[bit / 64] >> bit % 64 & 1))
        return;
    uint32_t mask = ((uint32_t) 1 << l->hash_log) - 1;
    /* another key may have the same tag, so look on until the chain ends */
    for (uint32_t i = (uint32_t) h & mask; l->hash[i].n; i = (i + 1) & mask)
        if (l->hash[i].tag == tag)
            choose_entries(m, l, &l->hash[i], v, 0);
}

static void run_probes(struct detect_matcher *m, const struct lane *l, uint32_t field,
                       uint32_t probes, unsigned twin, struct str v) {
    uint64_t lengths = l->fields[field].lengths;
    for (; probes; probes &= probes - 1) {
        unsigned which = (unsigned) __builtin_ctz(probes);
        unsigned n = probe_length(which);
        struct str key = v;
        if (v.n < n)
            continue;
        if (which == PROBE_WHOLE && !(lengths >> v.n % 64 & 1))
            continue;
        if (which == PROBE_COMPONENT)
            key = str_from(v, m->kernel->component(v.p, v.n));
        else if (which >= PROBE_LAST1)
            key = str_from(v, v.n - n);
        else if (which >= PROBE_FIRST1)
            key = str_to(v, n);
        probe(m, l, field, which + twin, key, v);
    }
}

/* A number also under its canonical writing: rules ask for 4624, the event says 4624.0. */
static void probe_number(struct detect_matcher *m, const struct lane *l, uint32_t field,
                         const struct event_field *f) {
    char z[32];
    struct str canonical;
    if (pattern_is_canonical(f->value))
        return;
    if (pattern_canonical_number(f->value, z, &canonical) && !str_eq(canonical, f->value))
        run_probes(m, l, field, 1u << PROBE_WHOLE, 0, canonical);
}

/* --- substrings --- */

static const struct bucket *find_gram(const struct gram_table *g, struct str v, size_t at) {
    uint32_t mask = ((uint32_t) 1 << g->log) - 1, gram;
    memcpy(&gram, v.p + at, 4);
    gram |= g->bitmap.fold;
    for (uint32_t i = kernel_gram_hash(gram) >> (32 - g->log); g->table[i].n; i = (i + 1) & mask)
        if (g->table[i].tag == gram)
            return &g->table[i];
    return NULL;
}

static void found_gram(struct detect_matcher *m, const struct lane *l, const struct gram_table *g,
                       struct str v, size_t at) {
    const struct bucket *b = find_gram(g, v, at);
    m->stats.grams++;
    if (b)
        choose_entries(m, l, b, v, at);
}

static size_t next_places(const struct detect_matcher *m, const struct gram_table *g, struct str v, size_t *at,
                          uint32_t places[KERNEL_PLACES_MAX]) {
    const struct kernel *k = m->kernel;
    return g->filter && k->filter_first ? k->filter(g->filter, v.p, v.n, at, places)
                                        : k->bitmap(&g->bitmap, v.p, v.n, at, places);
}

static void scan_grams(struct detect_matcher *m, const struct lane *l, const struct gram_table *g,
                       struct str v) {
    uint32_t places[KERNEL_PLACES_MAX];
    for (size_t at = 0; at + 4 <= v.n;) {
        size_t n = next_places(m, g, v, &at, places);
        for (size_t i = 0; i < n; i++)
            found_gram(m, l, g, v, places[i]);
    }
}

static bool stands_at(const struct lane *l, const struct gram_table *g, struct str v, size_t at) {
    const struct bucket *b = find_gram(g, v, at);
    for (uint32_t i = 0; b && i < b->n; i++)
        if (verified(&l->entries[b->first + i], v, at))
            return true;
    return false;
}

bool scan_group(const struct detect_matcher *m, const struct lane *l, const struct gram_table *g, struct str v) {
    uint32_t places[KERNEL_PLACES_MAX];
    for (size_t at = 0; at + 4 <= v.n;) {
        size_t n = next_places(m, g, v, &at, places);
        for (size_t i = 0; i < n; i++)
            if (stands_at(l, g, v, places[i]))
                return true;
    }
    return false;
}

static void found_short(struct detect_matcher *m, const struct lane *l, const struct gram_set *g,
                        struct str v, size_t at) {
    uint32_t here = 0;
    size_t left = MIN(v.n - at, (size_t) 4);
    memcpy(&here, v.p + at, left);
    unsigned char c = (unsigned char) v.p[at];
    for (uint32_t k = g->short_from[c]; k < g->short_from[c + 1]; k++) {
        const struct short_literal *s = &g->short_literals[k];
        if ((here & s->mask) == s->bytes && left >= s->n)
            choose(m, l, l->entries[g->shorts + k].rules, l->entries[g->shorts + k].n_rules);
    }
}

static void scan_shorts(struct detect_matcher *m, const struct lane *l, const struct gram_set *g,
                        struct str v) {
    uint32_t places[KERNEL_PLACES_MAX];
    if (!g->short_filter) {
        for (size_t i = 0; i < v.n; i++)
            found_short(m, l, g, v, i);
        return;
    }
    for (size_t at = 0; at < v.n;) {
        size_t n = m->kernel->filter(g->short_filter, v.p, v.n, &at, places);
        for (size_t i = 0; i < n; i++)
            found_short(m, l, g, v, places[i]);
    }
}

static void scan_set(struct detect_matcher *m, const struct lane *l, const struct gram_set *g,
                     struct str v) {
    if (g->every.table)
        scan_grams(m, l, &g->every, v);
    if (g->fourth.table)
        scan_grams(m, l, &g->fourth, v);
    if (g->n_shorts)
        scan_shorts(m, l, g, v);
}

/* --- the line --- */

/* Keywords in the line as it came, neither decoded nor unescaped nor lowered: it is made readable
 * only when a rule is to be judged on it. The literals looked for here are of bytes that stand for
 * themselves. */
static void scan_line(struct detect_matcher *m, const struct lane *l) {
    const struct lane_field *f = &l->fields[0];
    const struct line_source *s = line_look(m);
    if (s->is_opaque) {
        choose(m, l, l->line_rules, l->n_line_rules);
        return;
    }
    if (f->grams)
        scan_set(m, l, f->grams, s->bytes);
    choose(m, l, f->present, f->n_present);
    if (s->high)
        choose(m, l, f->high, f->n_high);
}

/* --- values --- */

static void scan_value(struct detect_matcher *m, const struct lane *l, uint32_t field,
                       uint32_t value) {
    const struct lane_field *f = &l->fields[field];
    const struct event_field *ef = value_at(m, value);
    if (value_is_null(ef))
        return;
    const struct prepared *p = value_prepare(m, value);
    run_probes(m, l, field, f->probes, 0, p->lowered);
    if (ef->type == JSON_NUMBER && (f->probes & 1u << PROBE_WHOLE))
        probe_number(m, l, field, ef);
    if (f->grams)
        scan_set(m, l, f->grams, p->lowered);
    if (!p->high)
        return;
    choose(m, l, f->high, f->n_high);
    if (f->probes_unicode || f->grams_unicode) {
        struct str folded = value_folded(m, value);
        run_probes(m, l, field, f->probes_unicode, PROBE_UNICODE, folded);
        if (f->grams_unicode)
            scan_set(m, l, f->grams_unicode, folded);
    }
}

void scan_lane(struct detect_matcher *m, const struct lane *l) {
    m->n_candidates = 0;
    for (uint32_t i = 0; i < m->here->n_lookups; i++) {
        uint32_t field = m->here->fields[i];
        if (!field) {
            scan_line(m, l);
            continue;
        }
        choose(m, l, l->fields[field].present, l->fields[field].n_present);
        for (uint32_t v = value_first(m, field); v != VALUE_NONE; v = value_next(m, v))
            scan_value(m, l, field, v);
    }
    m->stats.candidates += m->n_candidates;
    choose(m, l, l->always, l->n_always);
}
