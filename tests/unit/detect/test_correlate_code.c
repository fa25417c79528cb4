/* Code of expressions against a walk over their trees, and conditions divided into facts against
 * the whole: random ones, thousands. */
#include "unit.h"

#include "base/hash.h"
#include "detect/correlate_priv.h"

enum { COUNTERS = 6, ATTACHED = 2 };

static uint64_t chance;
static uint32_t below(uint32_t n) {
    chance = hash_mix(chance, 0x9e3779b97f4a7c15ull);
    return (uint32_t) (chance >> 33) % n;
}

static struct corr_expr *tree(struct arena *a, unsigned depth) {
    static const enum expr_op inner[] = {EXPR_ADD, EXPR_SUB, EXPR_MUL, EXPR_DIV, EXPR_NEG,
                                         EXPR_LT,  EXPR_LE,  EXPR_GT,  EXPR_GE,  EXPR_EQ,
                                         EXPR_NE,  EXPR_AND, EXPR_AND, EXPR_OR,  EXPR_NOT};
    static const double numbers[] = {0, 1, 2, 0.5, 3, 20, 0.1};
    struct corr_expr *e = arena_zalloc(a, sizeof *e);
    assert_non_null(e);
    e->weight = 1;
    if (depth == 0 || below(6) == 0) {
        uint32_t kind = below(8);
        e->op = kind == 0 ? EXPR_ATTACHED : kind < 3 ? EXPR_NUMBER : EXPR_COUNTER;
        e->ref = below(e->op == EXPR_ATTACHED ? ATTACHED : COUNTERS);
        e->number = numbers[below(ARRAY_SIZE(numbers))];
        return e;
    }
    e->op = inner[below(ARRAY_SIZE(inner))];
    e->a = tree(a, depth - 1);
    e->b = e->op == EXPR_NEG || e->op == EXPR_NOT ? NULL : tree(a, depth - 1);
    e->weight += e->a->weight + (e->b ? e->b->weight : 0);
    return e;
}

static const double attached_values[ATTACHED] = {0, 4};
static double attached(void *ctx, uint32_t measure) {
    (*(unsigned *) ctx)++;
    return attached_values[measure];
}

static double walk(const struct corr_expr *e, const uint32_t *totals) {
    double a = e->a ? walk(e->a, totals) : 0, b = e->b ? walk(e->b, totals) : 0;
    switch (e->op) {
    case EXPR_NUMBER:
        return e->number;
    case EXPR_COUNTER:
        return totals[COUNTERS - 1 - e->ref]; /* as counter_of has it */
    case EXPR_ATTACHED:
        return attached_values[e->ref];
    case EXPR_ADD:
        return a + b;
    case EXPR_SUB:
        return a - b;
    case EXPR_MUL:
        return a * b;
    case EXPR_DIV:
        return b == 0 ? 0 : a / b;
    case EXPR_NEG:
        return -a;
    case EXPR_LT:
        return a < b;
    case EXPR_LE:
        return a <= b;
    case EXPR_GT:
        return a > b;
    case EXPR_GE:
        return a >= b;
    case EXPR_EQ:
        return a == b;
    case EXPR_NE:
        return a != b;
    case EXPR_AND: /* the value that decides */
        return a == 0 ? a : b;
    case EXPR_OR:
        return a != 0 ? a : b;
    case EXPR_NOT:
        return a == 0;
    }
    return -1;
}

static uint32_t counter_of(void *ctx UNUSED, uint32_t measure) {
    return COUNTERS - 1 - measure;
}

static void code_says_what_the_tree_says(void **state UNUSED) {
    struct arena a;
    unsigned truths = 0, asked = 0;
    arena_init(&a, (size_t) 1 << 24);
    chance = 1;
    for (unsigned i = 0; i < 20000; i++) {
        struct corr_code code;
        uint32_t totals[COUNTERS];
        const struct corr_expr *e = tree(&a, 1 + i % 7);
        assert_int_equal(corr_code_make(&a, e, counter_of, NULL, &code), 0);
        for (uint32_t k = 0; k < COUNTERS; k++)
            totals[k] = below(5) ? below(30) : 0;
        double want = walk(e, totals), got = corr_code_run(&code, totals, attached, &asked);
        assert_true(want == got);
        truths += want != 0;
        arena_reset(&a);
    }
    assert_in_range(truths, 2000, 18000);
    assert_true(asked > 1000);
    arena_done(&a);
}

/* Conditions of one window: what several of them ask is one fact, and whatever the order they are
 * judged in, each says what its tree says. */
static void facts_say_what_the_condition_says(void **state UNUSED) {
    enum { CONDITIONS = 12 };
    struct arena a;
    unsigned truths = 0, asked = 0, shared = 0;
    arena_init(&a, (size_t) 1 << 26);
    chance = 7;
    for (unsigned round = 0; round < 3000; round++) {
        const struct corr_expr *whole[CONDITIONS];
        uint64_t mask[CONDITIONS];
        struct corr_code rest[CONDITIONS];
        struct corr_facts *facts = arena_zalloc(&a, sizeof *facts);
        struct corr_verdict v = {0};
        uint32_t totals[COUNTERS];
        const struct corr_expr *common = tree(&a, 2);
        for (unsigned i = 0; i < CONDITIONS; i++) {
            struct corr_expr *both = arena_zalloc(&a, sizeof *both);
            both->op = EXPR_AND;
            both->a = (struct corr_expr *) (uintptr_t) common;
            both->b = tree(&a, 4);
            both->weight = 1 + both->a->weight + both->b->weight;
            whole[i] = both;
            assert_int_equal(corr_facts_make(&a, both, counter_of, NULL, facts, &mask[i], &rest[i]),
                             0);
        }
        for (unsigned i = 1; i < CONDITIONS; i++)
            shared += (mask[0] & mask[i]) != 0;
        for (uint32_t k = 0; k < COUNTERS; k++)
            totals[k] = below(5) ? below(30) : 0;
        for (unsigned n = 0; n < 2 * CONDITIONS; n++) {
            uint32_t i = below(CONDITIONS);
            bool got = !corr_facts_broken(facts, mask[i], totals, &v) &&
                       (!rest[i].n || corr_code_run(&rest[i], totals, attached, &asked) != 0);
            assert_int_equal(got, walk(whole[i], totals) != 0);
            truths += got;
        }
        arena_reset(&a);
    }
    assert_true(truths > 3000 && shared > 3000 && asked > 300);
    arena_done(&a);
}

/* Where there is no room for another fact it stays with its condition. */
static void more_facts_than_there_is_room_for(void **state UNUSED) {
    struct arena a;
    struct corr_facts facts = {0};
    uint32_t totals[COUNTERS] = {1000, 0, 0, 0, 0, 0};
    arena_init(&a, 1 << 22);
    for (unsigned i = 0; i < FACTS_MAX + 6; i++) {
        struct corr_expr number = {.op = EXPR_NUMBER, .weight = 1, .number = 970 + i};
        struct corr_expr counter = {.op = EXPR_COUNTER, .weight = 1, .ref = COUNTERS - 1};
        struct corr_expr e = {.op = EXPR_GE, .weight = 3, .a = &counter, .b = &number};
        struct corr_verdict v = {0};
        struct corr_code rest;
        uint64_t mask;
        assert_int_equal(corr_facts_make(&a, &e, counter_of, NULL, &facts, &mask, &rest), 0);
        assert_true(i < FACTS_MAX ? mask == (uint64_t) 1 << i && !rest.n : !mask && rest.n > 0);
        bool got = !corr_facts_broken(&facts, mask, totals, &v) &&
                   (!rest.n || corr_code_run(&rest, totals, NULL, NULL) != 0);
        assert_int_equal(got, i <= 30);
    }
    assert_int_equal(facts.n, FACTS_MAX);
    arena_done(&a);
}

UNIT_GROUP(detect_correlate_code, cmocka_unit_test(code_says_what_the_tree_says),
           cmocka_unit_test(facts_say_what_the_condition_says),
           cmocka_unit_test(more_facts_than_there_is_room_for))
