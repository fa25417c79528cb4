/* How often what rules look for happens in events. Statistics say so where they know the field; else what many
 * rules mention is taken to be common in events too (`\powershell.exe`, "windows"), what one rule mentions to be
 * rare. Only speed hangs on the answers. */
#include "base/hash.h"
#include "base/limits.h"
#include "detect/plan_priv.h"
#include "detect/statistics.h"

enum { GRAM_LOG_MIN = 8, GRAM_LOG_MAX = 17, LITERAL_MAX = 256 };

struct popularity {
    uint32_t *grams; /* 1 << grams_log, by hash */
    uint32_t grams_log;
    double n_grams;
    struct map literals; /* field and op and text -> times */
    uint32_t *of_field;  /* items with literals, by lane field */
    struct arena *arena;
};

static uint32_t load32(const char *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static uint32_t *gram_count(const struct popularity *p, const char *at) {
    return &p->grams[kernel_gram_hash(load32(at)) >> (32 - p->grams_log)];
}

/* ASCII-lowered: a cased literal is found in the lowered value, too. */
int lowered_in(struct arena *a, struct str s, struct str *ret) {
    char *z = arena_dup_z(a, s);
    if (!z)
        return -ENOMEM;
    for (size_t i = 0; i < s.n; i++)
        z[i] = ascii_lower(z[i]);
    *ret = str_n(z, s.n);
    return 0;
}

/* --- counting --- */

static int literal_key(struct popularity *p, uint32_t field, struct str text, struct str *ret) {
    char *z = arena_alloc(p->arena, text.n + sizeof field);
    if (!z)
        return -ENOMEM;
    memcpy(z, &field, sizeof field);
    if (text.n)
        memcpy(z + sizeof field, text.p, text.n);
    *ret = str_n(z, text.n + sizeof field);
    return 0;
}

static int count_item(struct popularity *p, uint32_t field, const struct detect_item *item,
                      uint32_t uses) {
    struct str lit, key;
    union map_value *v;
    if (item->op > DETECT_OP_CONTAINS)
        return 0;
    int r = lowered_in(p->arena,
                       item->op == DETECT_OP_SUFFIX ? last_component(item->text) : item->text, &lit);
    if (r == 0)
        r = literal_key(p, field, lit, &key);
    if (r == 0)
        r = map_add(&p->literals, key, &v, NULL);
    if (r < 0)
        return r;
    v->num += uses;
    p->of_field[field] += uses;
    for (size_t i = 0; i + 4 <= lit.n; i++) {
        *gram_count(p, lit.p + i) += uses;
        p->n_grams += uses;
    }
    return 0;
}

int popularity_new(struct lane_builder *b) {
    struct popularity *p = arena_zalloc(&b->temp, sizeof *p);
    if (!p)
        return -ENOMEM;
    p->arena = &b->temp;
    p->grams_log = GRAM_LOG_MIN;
    while (p->grams_log < GRAM_LOG_MAX && (1u << p->grams_log) < b->lane->n_atoms * 16)
        p->grams_log++;
    p->grams = arena_zalloc(&b->temp, sizeof *p->grams << p->grams_log);
    p->of_field = arena_zalloc(&b->temp, b->lane->n_fields * sizeof *p->of_field);
    map_init(&p->literals, (size_t) RULES_MAX * 100, MAP_BORROW);
    b->popularity = p;
    if (!p->of_field || !p->grams)
        return -ENOMEM;
    for (uint32_t i = 0; i < b->lane->n_atoms; i++) {
        int r = count_item(p, b->lane->atoms[i].field, b->lane->items[i], b->atom_uses[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

void popularity_free(struct popularity *p) {
    if (p)
        map_done(&p->literals);
}

/* --- without statistics --- */

/* The share of this literal among what rules ask of the field. */
static double share(const struct popularity *p, uint32_t field, struct str lit) {
    char z[LITERAL_MAX + sizeof field];
    size_t n = MIN(lit.n, (size_t) LITERAL_MAX);
    memcpy(z, &field, sizeof field);
    if (n)
        memcpy(z + sizeof field, lit.p, n);
    const union map_value *v = map_find(&p->literals, str_n(z, n + sizeof field));
    return v && p->of_field[field] ? (double) v->num / p->of_field[field] : 0;
}

static double guess_probe(const struct popularity *p, uint32_t field, unsigned probe, struct str lit) {
    double popular = share(p, field, lit), fires;
    if (probe == PROBE_WHOLE)
        fires = 0.5 * popular + 0.5 / (4 + p->of_field[field]);
    else if (probe == PROBE_COMPONENT)
        fires = 0.5 * popular + 0.001;
    else
        fires = 0.3 * popular + (lit.n < 4 ? 0.3 : 0.01);
    /* ".exe": nearly everything in a field of paths */
    if (lit.n && lit.n <= 5 && lit.p[0] == '.')
        fires = MAX(fires, 0.3);
    return MIN(fires, 1.0);
}

static double guess_gram(const struct popularity *p, const char *gram) {
    return *gram_count(p, gram) / (p->n_grams + 1);
}

/* --- with them --- */

static unsigned part_of(unsigned probe) {
    if (probe == PROBE_WHOLE)
        return STATISTICS_WHOLE;
    if (probe == PROBE_COMPONENT)
        return STATISTICS_COMPONENT;
    return (probe >= PROBE_LAST1 ? STATISTICS_LAST : STATISTICS_FIRST) + probe_length(probe);
}

double chance_of_probe(const struct lane_builder *b, uint32_t field, unsigned probe, struct str key, struct str lit) {
    const struct statistics_field *seen = b->ids[field].seen;
    probe %= PROBE_UNICODE;
    if (!seen)
        return guess_probe(b->popularity, field, probe, probe == PROBE_COMPONENT ? key : lit);
    double of_key = statistics_share(seen, part_of(probe), key);
    /* what is verified beside the component: its last bytes */
    unsigned last = last_probe(lit.n);
    if (probe != PROBE_COMPONENT || lit.n <= key.n)
        return of_key;
    return MIN(of_key, statistics_share(seen, part_of(last), str_from(lit, lit.n - probe_length(last))));
}

/* Each literal is asked for about eight times: in every round, for its price and the order of its rule. */
static struct gram_memo *remembered(struct lane_builder *b, uint64_t key) {
    enum { FIRST_LOG = 12 };
    if (b->n_grams * 2 >= (size_t) 1 << b->grams_log || !b->grams) {
        uint32_t log = b->grams ? b->grams_log + 1 : FIRST_LOG;
        struct gram_memo *old = b->grams, *fresh = arena_zalloc(&b->temp, sizeof *fresh << log);
        if (!fresh)
            return NULL;
        for (size_t i = 0; old && i < (size_t) 1 << b->grams_log; i++) {
            size_t k = old[i].key & (((size_t) 1 << log) - 1);
            while (old[i].key && fresh[k].key)
                k = (k + 1) & (((size_t) 1 << log) - 1);
            if (old[i].key)
                fresh[k] = old[i];
        }
        b->grams = fresh;
        b->grams_log = log;
    }
    size_t mask = ((size_t) 1 << b->grams_log) - 1, i = key & mask;
    while (b->grams[i].key && b->grams[i].key != key)
        i = (i + 1) & mask;
    return &b->grams[i];
}

uint32_t rarest_gram(const struct lane_builder *b, uint32_t field, struct str lit) {
    const struct statistics_field *seen = b->ids[field].seen;
    double best = 2, best_guess = 2;
    uint32_t offset = 0;
    for (uint32_t i = 0; i + 4 <= lit.n; i++) {
        double chance = seen ? statistics_share(seen, STATISTICS_GRAM, str_n(lit.p + i, 4)) : 0;
        if (chance > best)
            continue;
        double guess = guess_gram(b->popularity, lit.p + i);
        if (chance < best || guess < best_guess) {
            best = chance;
            best_guess = guess;
            offset = i;
        }
    }
    return offset;
}

uint32_t rarest_fourths(const struct lane_builder *b, uint32_t field, struct str lit) {
    const struct statistics_field *seen = b->ids[field].seen;
    double last[KERNEL_STEP] = {0}, sum = 0, best = 1e9;
    uint32_t offset = 0;
    for (uint32_t i = 0; i + 4 <= lit.n; i++) {
        double *one = &last[i % KERNEL_STEP];
        sum -= *one;
        *one = (seen ? statistics_share(seen, STATISTICS_GRAM, str_n(lit.p + i, 4)) : 0) + guess_gram(b->popularity, lit.p + i) * 1e-3;
        sum += *one;
        if (i + 1 >= KERNEL_STEP && sum < best) {
            best = sum;
            offset = i + 1 - KERNEL_STEP;
        }
    }
    return offset;
}

static double least_chance(const struct lane_builder *b, const struct statistics_field *seen, struct str lit) {
    double best = 2;
    for (size_t i = 0; i + 4 <= lit.n; i++) {
        double chance = seen ? statistics_share(seen, STATISTICS_GRAM, str_n(lit.p + i, 4))
                             : guess_gram(b->popularity, lit.p + i);
        best = MIN(best, chance);
    }
    return best;
}

double chance_of_gram(struct lane_builder *b, uint32_t field, struct str lit) {
    /* What shares a key with another literal gets that one's answer: a wrong price. */
    uint64_t key = hash_fast(lit, field) | 1;
    struct gram_memo *memo = remembered(b, key);
    if (memo && memo->key)
        return memo->chance;
    double chance = least_chance(b, b->ids[field].seen, lit);
    if (memo) {
        *memo = (struct gram_memo){.key = key, .chance = chance};
        b->n_grams++;
    }
    return chance;
}

double chance_of_contains(struct lane_builder *b, uint32_t field, struct str lit) {
    static const double by_length[] = {1, 0.5, 0.2, 0.06};
    if (lit.n < 4)
        return b->ids[field].seen ? statistics_share(b->ids[field].seen, STATISTICS_GRAM + (unsigned) lit.n, lit)
                                  : by_length[lit.n];
    double rare = chance_of_gram(b, field, lit);
    return b->ids[field].seen ? rare : MIN(0.5, 0.0005 + rare * (lit.n >= 10 ? 1.5 : 5));
}

static double chance_of_text(struct lane_builder *b, uint32_t field, const struct detect_item *item,
                             struct str lit) {
    struct str part = last_component(lit);
    unsigned probe;
    switch (item->op) {
    case DETECT_OP_EXACT:
        return chance_of_probe(b, field, PROBE_WHOLE, lit, lit);
    case DETECT_OP_PREFIX:
        probe = first_probe(lit.n);
        return chance_of_probe(b, field, probe, str_to(lit, probe_length(probe)), lit);
    case DETECT_OP_SUFFIX:
        probe = last_probe(lit.n);
        if (part.n >= 2 && (part.p[0] == '\\' || part.p[0] == '/'))
            return chance_of_probe(b, field, PROBE_COMPONENT, part, lit);
        return chance_of_probe(b, field, probe, str_from(lit, lit.n - probe_length(probe)), lit);
    default:
        return chance_of_contains(b, field, lit);
    }
}

double chance_of_item(struct lane_builder *b, uint32_t field, const struct detect_item *item) {
    char z[LITERAL_MAX];
    switch (item->op) {
    case DETECT_OP_ANY:
    case DETECT_OP_EXISTS:
        return 0.8;
    case DETECT_OP_EXACT:
    case DETECT_OP_PREFIX:
    case DETECT_OP_SUFFIX:
    case DETECT_OP_CONTAINS:
        if (!b->ids[field].seen || !item->text.n || item->text.n > sizeof z)
            return item->text.n > 8 ? 0.02 : item->text.n > 3 ? 0.1 : 0.3;
        for (size_t i = 0; i < item->text.n; i++)
            z[i] = ascii_lower(item->text.p[i]);
        return chance_of_text(b, field, item, str_n(z, item->text.n));
    case DETECT_OP_NULL:
        return 0.3;
    default:
        return 0.1;
    }
}
