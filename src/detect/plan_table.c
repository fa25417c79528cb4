/* Triggers as tables: one hash table of probes, a gram set for each field that looks for
 * substrings, lists of rules for fields whose mere presence asks for judging.
 *
 * Triggers are sorted so that equal ones stand together; each run of equal literals becomes an
 * entry with its rules, each run of equal keys a bucket with its entries. */
#include "base/limits.h"
#include "detect/plan_priv.h"

static int cmp_num(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

/* Same bucket: kind, field, probe and key. */
static int cmp_bucket(const struct trigger *a, const struct trigger *b) {
    int c = cmp_num(a->kind, b->kind);
    c = c ? c : cmp_num(a->field, b->field);
    c = c ? c : cmp_num(a->unicode, b->unicode);
    c = c ? c : cmp_num(a->probe, b->probe);
    return c ? c : str_cmp(a->key, b->key);
}

static int cmp_entry(const struct trigger *a, const struct trigger *b) {
    int c = cmp_bucket(a, b);
    c = c ? c : cmp_num(a->verify, b->verify);
    c = c ? c : cmp_num(a->offset, b->offset);
    return c ? c : str_cmp(a->lit, b->lit);
}

static int by_all(const void *pa, const void *pb) {
    const struct trigger *a = pa, *b = pb;
    int c = cmp_entry(a, b);
    return c ? c : cmp_num(a->rule, b->rule);
}

/* A literal looked for anywhere: by its rarest four bytes, or as it is when shorter. */
static int settle_grams(struct lane_builder *b) {
    for (size_t i = 0; i < b->triggers.n; i++) {
        struct trigger *t = &b->triggers.at[i];
        if (t->kind != TRIGGER_GRAM)
            continue;
        if (t->lit.n < 4) {
            t->kind = TRIGGER_SHORT;
            t->key = str_to(t->lit, 1);
            continue;
        }
        t->offset = rarest_gram(b, t->field, t->lit);
        t->key = str_n(t->lit.p + t->offset, 4);
        if (t->field)
            continue;
        /* the raw line is not lowered: a bit more or less is all that tells the cases apart */
        uint32_t gram;
        char *z = arena_alloc(&b->temp, 4);
        if (!z)
            return -ENOMEM;
        memcpy(&gram, t->key.p, 4);
        gram |= LINE_CASE_BITS;
        memcpy(z, &gram, 4);
        t->key = str_n(z, 4);
    }
    return 0;
}

static unsigned log_at_least(size_t n) {
    unsigned log = 0;
    while (((size_t) 1 << log) < n)
        log++;
    return log;
}

static size_t run_of(const struct trigger *at, size_t n,
                     int cmp(const struct trigger *, const struct trigger *)) {
    size_t k = 1;
    while (k < n && cmp(&at[k], &at[0]) == 0)
        k++;
    return k;
}

static bool same_set(const struct trigger *a, const struct trigger *b) {
    return a->kind == b->kind && a->field == b->field && a->unicode == b->unicode;
}

/* --- every fourth place --- */

enum { FOURTHS_MIN = KERNEL_STEP + 3, FOURTHS_MAX = 2048, FILTER_PATTERNS_MAX = 64 };

/* Whether a run of one set looks for so many literals that no filter can, most of them long enough. */
static bool pays_by_fourths(const struct trigger *at, size_t n) {
    size_t n_long = 0, n_other = 0;
    for (size_t i = 0; i < n; i += run_of(at + i, n - i, cmp_entry)) {
        n_long += at[i].lit.n >= FOURTHS_MIN;
        n_other += at[i].lit.n < FOURTHS_MIN;
    }
    return at->field && n_long + n_other > FILTER_PATTERNS_MAX && n_other <= FILTER_PATTERNS_MAX && n_long <= FOURTHS_MAX;
}

/* The trigger by the gram at its literal's `first`, and three more by the grams behind. */
static int take_fourths(struct lane_builder *b, size_t i, uint32_t first) {
    struct trigger_list *l = &b->triggers;
    int r = arena_grow(&b->temp, (void **) &l->at, &l->cap, l->n + KERNEL_STEP, sizeof *l->at);
    if (r < 0)
        return r;
    for (uint32_t k = 0; k < KERNEL_STEP; k++) {
        struct trigger t = b->triggers.at[i];
        t.kind = TRIGGER_FOURTH;
        t.offset = first + k;
        t.key = str_n(t.lit.p + t.offset, 4);
        if (k == 0)
            b->triggers.at[i] = t;
        else
            b->triggers.at[b->triggers.n++] = t;
    }
    return 0;
}

/* Triggers are sorted, and are sorted again behind it. */
static int settle_fourths(struct lane_builder *b) {
    for (size_t i = 0, k, n = b->triggers.n; i < n; i = k) {
        const struct trigger *at = b->triggers.at;
        for (k = i + 1; k < n && same_set(&at[k], &at[i]);)
            k++;
        if (at[i].kind != TRIGGER_GRAM || !pays_by_fourths(at + i, k - i))
            continue;
        for (size_t x = i; x < k; x++) {
            const struct trigger *it = &b->triggers.at[x];
            if (it->lit.n >= FOURTHS_MIN && take_fourths(b, x, rarest_fourths(b, it->field, it->lit)) < 0)
                return -ENOMEM;
        }
    }
    if (b->triggers.n)
        qsort(b->triggers.at, b->triggers.n, sizeof *b->triggers.at, by_all);
    return 0;
}

struct tables {
    struct lane_builder *b;
    struct lane *l;
    size_t n_entries, n_rules; /* filled so far */
};

/* The rules of a run of equal triggers; each once (they are sorted). */
static uint32_t put_rules(struct tables *t, const struct trigger *at, size_t n, uint32_t *ret_n) {
    uint32_t first = (uint32_t) t->n_rules;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || at[i].rule != at[i - 1].rule)
            t->l->rule_lists[t->n_rules++] = at[i].rule;
    *ret_n = (uint32_t) t->n_rules - first;
    return first;
}

/* All entries of a run with one key; returns the first's number. */
static uint32_t put_entries(struct tables *t, const struct trigger *at, size_t n, uint32_t *ret_n) {
    uint32_t first = (uint32_t) t->n_entries;
    for (size_t i = 0; i < n;) {
        size_t k = run_of(at + i, n - i, cmp_entry);
        struct entry *e = &t->l->entries[t->n_entries++];
        *e =
            (struct entry){.lit = at[i].lit.p, .n = (uint32_t) at[i].lit.n, .verify = at[i].verify};
        if (at[i].kind == TRIGGER_GRAM || at[i].kind == TRIGGER_FOURTH) {
            e->verify = at[i].field ? VERIFY_AT : VERIFY_AT_LINE;
            e->offset = at[i].offset;
        }
        e->rules = put_rules(t, at + i, k, &e->n_rules);
        i += k;
    }
    *ret_n = (uint32_t) t->n_entries - first;
    return first;
}

static void bucket_add(struct bucket *table, unsigned log, uint32_t at, struct bucket it) {
    uint32_t mask = ((uint32_t) 1 << log) - 1;
    uint32_t i = at & mask;
    while (table[i].n)
        i = (i + 1) & mask;
    table[i] = it;
}

/* --- probes --- */

static int size_hash(struct tables *t, size_t n_keys) {
    struct arena *a = &t->b->plan->arena;
    t->l->hash_log = MAX(log_at_least(n_keys * 3), 4);
    t->l->hash_bits_log = MIN(MAX(log_at_least(n_keys * 16), 9), 18);
    t->l->hash = arena_zalloc(a, ((size_t) 1 << t->l->hash_log) * sizeof *t->l->hash);
    t->l->hash_bits = arena_zalloc(a, ((size_t) 1 << t->l->hash_bits_log) / 8);
    return t->l->hash && t->l->hash_bits ? 0 : -ENOMEM;
}

static void put_probes(struct tables *t, const struct trigger *at, size_t n) {
    for (size_t i = 0; i < n;) {
        size_t k = run_of(at + i, n - i, cmp_bucket);
        const struct trigger *it = &at[i];
        uint64_t h = probe_hash(it->field, it->probe, it->key.p, it->key.n);
        uint32_t bit = (uint32_t) (h >> 32) & (((uint32_t) 1 << t->l->hash_bits_log) - 1);
        struct lane_field *f = &t->l->fields[it->field];
        struct bucket b = {.tag = (uint32_t) (h >> 32)};
        b.first = put_entries(t, it, k, &b.n);
        bucket_add(t->l->hash, t->l->hash_log, (uint32_t) h, b);
        t->l->hash_bits[bit / 64] |= (uint64_t) 1 << bit % 64;
        if (it->probe < PROBE_UNICODE)
            f->probes |= 1u << it->probe;
        else
            f->probes_unicode |= 1u << (it->probe - PROBE_UNICODE);
        if (it->probe % PROBE_UNICODE == PROBE_WHOLE)
            f->lengths |= (uint64_t) 1 << it->key.n % 64;
        i += k;
    }
}

/* --- grams --- */

static struct gram_set *set_of(struct tables *t, const struct trigger *at) {
    struct lane_field *f = &t->l->fields[at->field];
    struct gram_set **to = at->unicode ? &f->grams_unicode : &f->grams;
    if (!*to)
        *to = arena_zalloc(&t->b->plan->arena, sizeof **to);
    return *to;
}

/* A filter for what waits in entries or grams that are few; literals are shortened to four bytes. */
static int make_filter(struct tables *t, const struct trigger *at, size_t n, struct kernel_filter **ret) {
    unsigned char patterns[FILTER_PATTERNS_MAX][4] = {{0}};
    uint8_t lengths[FILTER_PATTERNS_MAX];
    size_t n_patterns = 0;
    for (size_t i = 0; i < n; i += run_of(at + i, n - i, cmp_entry)) {
        struct str key = at->kind == TRIGGER_SHORT ? at[i].lit : at[i].key;
        if (n_patterns && key.n == lengths[n_patterns - 1] &&
            memcmp(patterns[n_patterns - 1], key.p, key.n) == 0)
            continue;
        if (n_patterns == FILTER_PATTERNS_MAX)
            return 0;
        lengths[n_patterns] = (uint8_t) key.n;
        memcpy(patterns[n_patterns++], key.p, key.n);
    }
    if (!(*ret = arena_alloc(&t->b->plan->arena, sizeof **ret)))
        return -ENOMEM;
    kernel_filter_make(*ret, patterns[0], lengths, n_patterns, at->field ? 0 : LINE_CASE_BIT);
    return 0;
}

static int fill_grams(struct tables *t, struct gram_table *g, const struct trigger *at, size_t n) {
    size_t n_keys = 0;
    for (size_t i = 0; i < n; i += run_of(at + i, n - i, cmp_bucket))
        n_keys++;
    g->log = MAX(log_at_least(n_keys * 2), 4);
    g->bitmap.step = at->kind == TRIGGER_FOURTH ? KERNEL_STEP : 1;
    /* 32 to 64 bits a gram: the bitmap answers nearly everything. */
    g->bitmap.log = MIN(MAX(log_at_least(n_keys), KERNEL_BITMAP_LOG_MIN), KERNEL_BITMAP_LOG_MAX);
    g->bitmap.fold = at->field ? 0 : LINE_CASE_BITS;
    g->table = arena_zalloc(&t->b->plan->arena, ((size_t) 1 << g->log) * sizeof *g->table);
    uint32_t *words = arena_zalloc(&t->b->plan->arena, sizeof *words << g->bitmap.log);
    if (!g->table || !words || (g->bitmap.step == 1 && make_filter(t, at, n, &g->filter) < 0))
        return -ENOMEM;
    g->bitmap.words = words;
    for (size_t i = 0; i < n;) {
        size_t k = run_of(at + i, n - i, cmp_bucket);
        struct bucket b;
        memcpy(&b.tag, at[i].key.p, 4);
        uint32_t h = kernel_gram_hash(b.tag);
        b.first = put_entries(t, &at[i], k, &b.n);
        bucket_add(g->table, g->log, h >> (32 - g->log), b);
        words[kernel_bitmap_word(h, g->bitmap.log)] |= kernel_bitmap_bits(h);
        i += k;
    }
    return 0;
}

static int put_grams(struct tables *t, const struct trigger *at, size_t n) {
    struct gram_set *g = set_of(t, at);
    if (!g)
        return -ENOMEM;
    return fill_grams(t, at->kind == TRIGGER_FOURTH ? &g->fourth : &g->every, at, n);
}

/* The literals of an atom, looked for like triggers; the rule behind them is nobody's. The line is no field of its own
 * here: it has been made readable when it is judged. */
static int put_group(struct tables *t, struct atom *a, const uint32_t *members) {
    struct trigger *at = arena_zalloc(&t->b->temp, a->n * sizeof *at);
    if (!at || !(a->group = arena_zalloc(&t->b->plan->arena, sizeof *a->group)))
        return -ENOMEM;
    for (uint32_t i = 0; i < a->n; i++) {
        const struct atom *m = &t->l->atoms[members[i]];
        at[i] = (struct trigger){.kind = TRIGGER_GRAM, .field = UINT16_MAX, .lit = str_n(m->text, m->n)};
        at[i].offset = rarest_gram(t->b, a->field, at[i].lit);
        at[i].key = str_n(at[i].lit.p + at[i].offset, 4);
    }
    qsort(at, a->n, sizeof *at, by_all);
    return fill_grams(t, a->group, at, a->n);
}

static int put_groups(struct tables *t) {
    struct lane_builder *b = t->b;
    int r = 0;
    for (size_t i = 0; r == 0 && i < b->n_groups; i++)
        r = put_group(t, &t->l->atoms[b->groups[i].atom], b->members + b->groups[i].first);
    return r;
}

static int put_shorts(struct tables *t, const struct trigger *at, size_t n) {
    struct gram_set *g = set_of(t, at);
    if (!g)
        return -ENOMEM;
    g->shorts = put_entries(t, at, n, &g->n_shorts);
    if (g->n_shorts > UINT16_MAX)
        return -ERR_LIMIT;
    g->short_literals = arena_zalloc(&t->b->plan->arena, g->n_shorts * sizeof *g->short_literals);
    if (!g->short_literals)
        return -ENOMEM;
    for (uint32_t i = 0; i < g->n_shorts; i++) {
        const struct entry *e = &t->l->entries[g->shorts + i];
        struct short_literal *s = &g->short_literals[i];
        s->n = e->n;
        g->short_from[(unsigned char) e->lit[0] + 1] = (uint16_t) (i + 1); /* sorted by first byte */
        memcpy(&s->bytes, e->lit, e->n);
        memset(&s->mask, 0xff, e->n);
    }
    for (unsigned c = 1; c <= 256; c++)
        g->short_from[c] = MAX(g->short_from[c], g->short_from[c - 1]);
    return make_filter(t, at, n, &g->short_filter);
}

/* --- all --- */

static int put_set(struct tables *t, const struct trigger *at, size_t n) {
    struct lane_field *f = &t->l->fields[at->field];
    switch ((enum trigger_kind) at->kind) {
    case TRIGGER_GRAM:
    case TRIGGER_FOURTH:
        return put_grams(t, at, n);
    case TRIGGER_SHORT:
        return put_shorts(t, at, n);
    case TRIGGER_PRESENT:
        f->present = put_rules(t, at, n, &f->n_present);
        return 0;
    case TRIGGER_HIGH:
        f->high = put_rules(t, at, n, &f->n_high);
        return 0;
    case TRIGGER_PROBE:
        put_probes(t, at, n);
        return 0;
    }
    return 0;
}

/* Literals live in the builder's temporary arena until here. */
static int keep_literals(struct tables *t) {
    for (size_t i = 0; i < t->n_entries; i++) {
        struct entry *e = &t->l->entries[i];
        if (e->verify == VERIFY_NONE && e->n > 3) {
            e->lit = NULL; /* the key itself was the proof */
            continue;
        }
        e->lit = arena_dup(&t->b->plan->arena, str_n(e->lit, e->n)).p;
        if (!e->lit)
            return -ENOMEM;
    }
    return 0;
}

static size_t n_probe_keys(const struct trigger_list *l) {
    size_t n = 0;
    for (size_t i = 0; i < l->n && l->at[i].kind == TRIGGER_PROBE;
         i += run_of(l->at + i, l->n - i, cmp_bucket))
        n++;
    return n;
}

/* All rules that wait for something in the line, for lines in which nothing can be looked for. */
static void put_line_rules(struct tables *t) {
    t->l->line_rules = (uint32_t) t->n_rules;
    for (size_t i = 0; i < t->b->triggers.n; i++)
        if (t->b->triggers.at[i].field == 0)
            t->l->rule_lists[t->n_rules++] = t->b->triggers.at[i].rule;
    t->l->n_line_rules = (uint32_t) t->n_rules - t->l->line_rules;
}

int lane_build_tables(struct lane_builder *b) {
    struct tables t = {.b = b, .l = b->lane};
    struct trigger_list *l = &b->triggers;
    struct arena *a = &b->plan->arena;
    if (settle_grams(b) < 0)
        return -ENOMEM;
    if (l->n)
        qsort(l->at, l->n, sizeof *l->at, by_all);
    if (settle_fourths(b) < 0)
        return -ENOMEM;
    t.l->entries = arena_alloc(a, (l->n + b->n_members + 1) * sizeof *t.l->entries);
    t.l->rule_lists = arena_alloc(a, (l->n * 2 + b->n_members + b->n_always + 1) * sizeof *t.l->rule_lists);
    int r = t.l->entries && t.l->rule_lists ? size_hash(&t, n_probe_keys(l)) : -ENOMEM;
    for (size_t i = 0; r == 0 && i < l->n;) {
        size_t k = i + 1;
        while (k < l->n && same_set(&l->at[k], &l->at[i]))
            k++;
        r = put_set(&t, &l->at[i], k - i);
        i = k;
    }
    if (r == 0)
        r = put_groups(&t);
    if (r < 0)
        return r;
    put_line_rules(&t);
    t.l->always = (uint32_t) t.n_rules;
    t.l->n_always = (uint32_t) b->n_always;
    for (size_t i = 0; i < b->n_always; i++)
        t.l->rule_lists[t.n_rules++] = b->always[i];
    for (uint32_t i = 0; i < t.l->n_fields; i++) {
        struct lane_field *f = &t.l->fields[i];
        f->lookups = f->probes || f->probes_unicode || f->grams || f->grams_unicode ||
                     f->n_present || f->n_high;
    }
    return keep_literals(&t);
}
