/* Which triggers a rule gets: need(item) is its own trigger; AND takes its cheapest child's, OR all
 * of its children's, NOT none. The price of a trigger is looking for it in every event and judging
 * the rule when it fires. How often that is says plan_chance.c. */
#include "base/limits.h"
#include "detect/pattern.h"
#include "detect/plan_priv.h"

/* --- prices --- */

static double contains_price(struct lane_builder *b, uint32_t field, struct str lit) {
    double line = field ? 0 : 30; /* a keyword reads the whole line */
    double judge = chance_of_contains(b, field, lit) * b->judge_ns;
    if (lit.n < 4)
        return line + 5 + judge;
    return line + 0.05 + 4 * MIN(1.0, 1.5 * chance_of_gram(b, field, lit)) + judge;
}

static double probe_price(const struct lane_builder *b, uint32_t field, unsigned probe, struct str key,
                          struct str lit) {
    return 0.01 + chance_of_probe(b, field, probe, key, lit) * b->judge_ns;
}

/* --- needs --- */

struct need {
    bool known; /* false: nothing is necessary, the rule is always judged */
    double price;
    struct trigger *at; /* in the builder's scratch arena */
    size_t n, cap;
};

/* LOOKUPS: the trigger needs none. */
static unsigned lookup_of(const struct trigger *t) {
    if (t->kind == TRIGGER_PROBE)
        return t->probe;
    if (t->kind == TRIGGER_GRAM)
        return (t->lit.n < 4 ? LOOKUP_SHORTS : LOOKUP_GRAMS) + t->unicode;
    return LOOKUPS;
}

/* The trigger's part of what looking there costs in every event. */
static double lookup_price(const struct lane_builder *b, const struct trigger *t) {
    unsigned lookup = lookup_of(t);
    if (!b->shared_by || lookup == LOOKUPS)
        return 0;
    double ns = lookup >= LOOKUP_GRAMS ? (t->field ? 15 : 60) : lookup % PROBE_UNICODE == PROBE_COMPONENT ? 15 : 8;
    uint32_t n = b->shared_by[t->field][lookup];
    return ns / (n ? n : 0.5);
}

static int need_one(struct lane_builder *b, struct need *to, struct trigger t, double price) {
    int r = arena_grow(&b->scratch, (void **) &to->at, &to->cap, to->n + 1, sizeof *to->at);
    if (r < 0)
        return r;
    to->at[to->n++] = t;
    to->price += price + lookup_price(b, &t);
    to->known = true;
    return 0;
}

unsigned first_probe(size_t n) {
    return n >= 16  ? PROBE_FIRST16
           : n >= 8 ? PROBE_FIRST8
           : n >= 4 ? PROBE_FIRST4
                    : PROBE_FIRST1 + (unsigned) n - 1;
}

unsigned last_probe(size_t n) {
    return first_probe(n) - PROBE_FIRST1 + PROBE_LAST1;
}

static bool is_ascii(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] >= 0x80)
            return false;
    return true;
}

static int need_probe(struct lane_builder *b, struct need *to, uint32_t field, unsigned probe,
                      struct str key, struct str lit, enum verify verify, bool unicode) {
    struct trigger t = {.kind = TRIGGER_PROBE,
                        .probe = (uint8_t) probe,
                        .field = (uint16_t) field,
                        .verify = (uint8_t) verify,
                        .key = key,
                        .lit = lit};
    double price = probe_price(b, field, probe, key, lit);
    /* A folded text of ASCII only may equal a plain value, which is never looked up under unicode.
     */
    if (!unicode || is_ascii(lit)) {
        int r = need_one(b, to, t, price);
        if (r < 0)
            return r;
    }
    if (!unicode)
        return 0;
    t.probe = (uint8_t) (probe + PROBE_UNICODE);
    return need_one(b, to, t, price / 10);
}

static int need_prefix(struct lane_builder *b, struct need *to, uint32_t field, struct str lit,
                       bool unicode) {
    unsigned probe = first_probe(lit.n);
    return need_probe(b, to, field, probe, str_to(lit, probe_length(probe)), lit,
                      lit.n > probe_length(probe) ? VERIFY_FIRST : VERIFY_NONE, unicode);
}

static int need_suffix(struct lane_builder *b, struct need *to, uint32_t field, struct str lit,
                       bool unicode) {
    struct str part = last_component(lit);
    bool has_separator = part.n && (part.p[0] == '\\' || part.p[0] == '/');
    if (has_separator && part.n >= 2)
        return need_probe(b, to, field, PROBE_COMPONENT, part, lit,
                          lit.n > part.n ? VERIFY_LAST : VERIFY_NONE, unicode);
    unsigned probe = last_probe(lit.n);
    size_t n = probe_length(probe);
    return need_probe(b, to, field, probe, str_from(lit, lit.n - n), lit,
                      lit.n > n ? VERIFY_LAST : VERIFY_NONE, unicode);
}

static int need_present(struct lane_builder *b, struct need *to, uint32_t field) {
    struct trigger t = {.kind = TRIGGER_PRESENT, .field = (uint16_t) field};
    return need_one(b, to, t, 0.9 * b->judge_ns);
}

/* Bytes that stand in a raw line, JSON or not, as they stand in its meaning. */
static bool is_plain(char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '/';
}

/* The stretch of plain bytes with the rarest gram; empty when none has four. */
static struct str plain_window(struct lane_builder *b, struct str lit) {
    struct str best = STR("");
    double best_chance = 2;
    for (size_t i = 0; i < lit.n;) {
        size_t end = i;
        while (end < lit.n && is_plain(lit.p[end]))
            end++;
        struct str w = str_n(lit.p + i, end - i);
        double chance = chance_of_gram(b, 0, w);
        if (w.n >= 4 && chance < best_chance) {
            best = w;
            best_chance = chance;
        }
        i = end + 1;
    }
    return best;
}

/* Keywords are looked for in the raw line (see scan_line), so only by what no escape can change. */
static int need_line(struct lane_builder *b, struct need *to, struct str lit, bool unicode) {
    struct trigger high = {.kind = TRIGGER_HIGH};
    struct str window = plain_window(b, lit);
    struct trigger t = {.kind = TRIGGER_GRAM, .lit = window};
    /* what is lowered to ASCII (Kelvin's K) may come from a line that is not */
    int r = unicode ? need_one(b, to, high, 1) : 0;
    if (r < 0 || (unicode && !is_ascii(lit)))
        return r;
    if (!window.n)
        return need_present(b, to, 0);
    return need_one(b, to, t, contains_price(b, 0, window));
}

static int need_contains(struct lane_builder *b, struct need *to, uint32_t field, struct str lit,
                         bool unicode) {
    if (!field)
        return need_line(b, to, lit, unicode);
    struct trigger t = {.kind = TRIGGER_GRAM, .field = (uint16_t) field, .lit = lit};
    double price = contains_price(b, field, lit);
    if (!unicode || is_ascii(lit)) {
        int r = need_one(b, to, t, price);
        if (r < 0)
            return r;
    }
    if (!unicode)
        return 0;
    t.unicode = true;
    return need_one(b, to, t, price / 10);
}

/* The glob's cheapest literal. */
static int need_glob(struct lane_builder *b, struct need *to, uint32_t field,
                     const struct detect_item *item) {
    for (uint32_t i = 0; i < item->n_pieces; i++) {
        const struct detect_piece *p = &item->pieces[i];
        struct need one = {0};
        struct str lit;
        if (!p->lit.n)
            continue;
        int r = lowered_in(&b->temp, p->lit, &lit);
        if (r == 0 && i == 0 && !p->star && !p->skip)
            r = need_prefix(b, &one, field, lit, item->unicode);
        else if (r == 0 && i + 1 == item->n_pieces)
            r = need_suffix(b, &one, field, lit, item->unicode);
        else if (r == 0)
            r = need_contains(b, &one, field, lit, item->unicode);
        if (r < 0)
            return r;
        if (!to->known || one.price < to->price)
            *to = one;
    }
    return to->known ? 0 : need_present(b, to, field);
}

static int need_regex(struct lane_builder *b, struct need *to, uint32_t field,
                      const struct detect_item *item) {
    struct str lits[REGEX_LITERALS_MAX];
    uint32_t n;
    int r = regex_literals(&b->temp, item->text, item->re_flags, lits, &n);
    for (uint32_t i = 0; r == 0 && i < n; i++)
        r = need_contains(b, to, field, lits[i], false);
    if (r == 0 && n && regex_ignores_case(item->text, item->re_flags)) {
        struct trigger t = {.kind = TRIGGER_HIGH, .field = (uint16_t) field};
        r = need_one(b, to, t, 1);
    }
    return r == 0 && !n ? need_present(b, to, field) : r;
}

/* An unquoted number equals other writings of itself: also under its canonical form, which the
 * matcher looks up beside the value's own text. */
static int need_exact(struct lane_builder *b, struct need *to, uint32_t field,
                      const struct detect_item *item, struct str lit) {
    char z[32];
    struct str canonical;
    int r = need_probe(b, to, field, PROBE_WHOLE, lit, lit, VERIFY_NONE, item->unicode);
    if (r < 0 || !item->number || !pattern_canonical_number(item->text, z, &canonical) ||
        str_eq(canonical, lit))
        return r;
    canonical = arena_dup(&b->temp, canonical);
    if (!canonical.p)
        return -ENOMEM;
    return need_probe(b, to, field, PROBE_WHOLE, canonical, canonical, VERIFY_NONE, false);
}

/* Folded texts: found in plain values by their plain text, and in values with other characters, which may fold to
 * anything, by judging. */
static int need_high(struct lane_builder *b, struct need *to, uint32_t field) {
    struct trigger t = {.kind = TRIGGER_HIGH, .field = (uint16_t) field};
    return need_one(b, to, t, 1);
}

static bool is_plain_item(const struct detect_item *item) {
    bool plain = item->fold != DETECT_FOLD_VARIANTS && is_ascii(item->text);
    for (uint32_t i = 0; item->op == DETECT_OP_GLOB && i < item->n_pieces; i++)
        plain &= is_ascii(item->pieces[i].lit);
    return plain;
}

static int need_item(struct lane_builder *b, struct need *to, const struct detect_logsource *source,
                     const struct detect_item *item) {
    struct str lit = item->text;
    int field = lane_field_of(b, source, item->field);
    if (field < 0)
        return field;
    uint32_t f = (uint32_t) field;
    if (item->op <= DETECT_OP_CONTAINS && item->cased) {
        int r = lowered_in(&b->temp, item->text, &lit);
        if (r < 0)
            return r;
    }
    if (item->fold && item->op <= DETECT_OP_GLOB && !is_plain_item(item))
        return need_high(b, to, f);
    switch (item->op) {
    case DETECT_OP_EXACT:
        return need_exact(b, to, f, item, lit);
    case DETECT_OP_PREFIX:
        return need_prefix(b, to, f, lit, item->unicode);
    case DETECT_OP_SUFFIX:
        return need_suffix(b, to, f, lit, item->unicode);
    case DETECT_OP_CONTAINS:
        return need_contains(b, to, f, lit, item->unicode);
    case DETECT_OP_GLOB:
        return need_glob(b, to, f, item);
    case DETECT_OP_REGEX:
        return need_regex(b, to, f, item);
    case DETECT_OP_NULL:
        return 0;
    default:
        return need_present(b, to, f);
    }
}

static int need_any_form(struct lane_builder *b, struct need *to, const struct detect_logsource *source,
                         const struct detect_item *item) {
    int r = need_item(b, to, source, item), field = lane_field_of(b, source, item->field);
    bool folded = item->fold && item->op <= DETECT_OP_GLOB && is_plain_item(item);
    if (r < 0 || field < 0 || !folded)
        return r < 0 ? r : MIN(field, 0);
    return need_high(b, to, (uint32_t) field);
}

static int append(struct lane_builder *b, struct need *to, const struct need *more) {
    int r = arena_grow(&b->scratch, (void **) &to->at, &to->cap, to->n + more->n, sizeof *to->at);
    if (r < 0)
        return r;
    if (more->n)
        memcpy(to->at + to->n, more->at, more->n * sizeof *to->at);
    to->n += more->n;
    to->price += more->price;
    return 0;
}

static int need_of(struct lane_builder *b, const struct detect_logsource *source,
                   const struct detect_expr *e, bool negated, struct need *ret) {
    *ret = (struct need){0};
    if (e->kind == DETECT_NOT)
        return need_of(b, source, e->sub[0], !negated, ret);
    if (e->kind == DETECT_ITEM)
        return negated ? 0 : need_any_form(b, ret, source, e->item);
    bool and = (e->kind == DETECT_AND) != negated;
    struct need all = {.known = true};
    for (uint32_t i = 0; i < e->n; i++) {
        struct need one;
        int r = need_of(b, source, e->sub[i], negated, &one);
        if (r < 0)
            return r;
        if (and) {
            if (one.known && (!ret->known || one.price < ret->price))
                *ret = one;
            continue;
        }
        if (!one.known)
            return 0;
        r = append(b, &all, &one);
        if (r < 0)
            return r;
    }
    if (!and)
        *ret = all;
    return 0;
}

static int add_triggers(struct lane_builder *b, const struct need *need, uint32_t rule) {
    struct trigger_list *l = &b->triggers;
    int r = arena_grow(&b->temp, (void **) &l->at, &l->cap, l->n + need->n, sizeof *l->at);
    for (size_t i = 0; r == 0 && i < need->n; i++) {
        l->at[l->n] = need->at[i];
        l->at[l->n++].rule = rule;
    }
    return r;
}

static int choose_once(struct lane_builder *b, const struct lane_source *rules, uint32_t n) {
    b->triggers.n = 0;
    b->n_always = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct need need;
        if (!b->lane->rules[i].n)
            continue; /* refused */
        b->judge_ns = b->rule_ns[i];
        int r = need_of(b, rules[i].source, rules[i].expr, false, &need);
        if (r == 0 && need.known) {
            r = add_triggers(b, &need, i);
        } else if (r == 0) {
            r = arena_grow(&b->temp, (void **) &b->always, &b->always_cap, b->n_always + 1,
                           sizeof *b->always);
            if (r == 0)
                b->always[b->n_always++] = i;
        }
        arena_reset(&b->scratch);
        if (r < 0)
            return r;
    }
    return 0;
}

/* In rounds: what a look-up costs is shared by the rules that want it, so a look-up for two or three rules is
 * dear and those take their second choice, if they have one. */
int lane_choose_triggers(struct lane_builder *b, const struct lane_source *rules, uint32_t n) {
    enum { ROUNDS = 3 };
    uint32_t (*shared_by)[LOOKUPS] = arena_alloc(&b->temp, b->lane->n_fields * sizeof *shared_by);
    if (!shared_by)
        return -ENOMEM;
    for (unsigned round = 0; round < ROUNDS; round++) {
        int r = choose_once(b, rules, n);
        if (r < 0)
            return r;
        memset(shared_by, 0, b->lane->n_fields * sizeof *shared_by);
        for (size_t i = 0; i < b->triggers.n; i++) {
            unsigned lookup = lookup_of(&b->triggers.at[i]);
            if (lookup < LOOKUPS)
                shared_by[b->triggers.at[i].field][lookup]++;
        }
        b->shared_by = shared_by;
    }
    return 0;
}
