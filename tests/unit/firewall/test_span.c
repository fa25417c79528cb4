/* Sets against bits, spaces against packets one by one. */
#include "bed.h"

enum { SMALL = 48 };

static struct spans random_set(struct arena *a, uint64_t *seed, uint64_t *ret_bits) {
    size_t n = below(seed, 5);
    struct span *at = arena_alloc(a, (n + 1) * sizeof *at);
    *ret_bits = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t lo = below(seed, SMALL), hi = lo + below(seed, 6);
        at[i] = (struct span){lo, MIN(hi, SMALL - 1)};
        for (uint32_t k = lo; k <= hi && k < SMALL; k++)
            *ret_bits |= (uint64_t) 1 << k;
    }
    return spans_of(at, n);
}

static uint64_t bits_of(struct spans s) {
    uint64_t bits = 0;
    for (size_t i = 0; i < s.n; i++) {
        assert_true(s.at[i].lo <= s.at[i].hi && (i == 0 || s.at[i].lo > s.at[i - 1].hi + 1));
        for (u128 k = s.at[i].lo; k <= s.at[i].hi; k++)
            bits |= (uint64_t) 1 << (unsigned) k;
    }
    return bits;
}

static void sets_are_as_bits(void **state UNUSED) {
    uint64_t seed = 7;
    struct arena a;
    arena_init(&a, 1 << 24);
    for (int i = 0; i < 5000; i++) {
        uint64_t x, y;
        struct spans s = random_set(&a, &seed, &x), t = random_set(&a, &seed, &y), r;
        assert_int_equal(bits_of(s), x);
        assert_int_equal(spans_or(&a, s, t, &r), 0);
        assert_int_equal(bits_of(r), x | y);
        assert_int_equal(spans_and(&a, s, t, &r), 0);
        assert_int_equal(bits_of(r), x & y);
        assert_int_equal(spans_minus(&a, s, t, &r), 0);
        assert_int_equal(bits_of(r), x & ~y);
        assert_int_equal(spans_cover(s, t), (y & ~x) == 0);
        assert_int_equal(spans_meet(s, t), (x & y) != 0);
        assert_int_equal(spans_eq(s, t), x == y);
        arena_reset(&a);
    }
    arena_done(&a);
}

static void the_ends_of_numbers_hold(void **state UNUSED) {
    struct arena a;
    struct spans r;
    arena_init(&a, 1 << 20);
    assert_int_equal(spans_minus(&a, SPANS_ALL[DIM_SRC], SPANS_V4, &r), 0);
    assert_true(spans_eq(r, SPANS_V6));
    assert_int_equal(spans_or(&a, SPANS_V4, SPANS_V6, &r), 0);
    assert_true(spans_eq(r, SPANS_ALL[DIM_SRC]));
    assert_int_equal(spans_minus(&a, SPANS_V6, SPANS_ALL[DIM_SRC], &r), 0);
    assert_int_equal(r.n, 0);
    arena_done(&a);
}

static void no_space_pairs_two_families(void **state UNUSED) {
    struct arena a;
    struct space v4 = SPACE_ALL, r;
    struct spaces rest = {0};
    arena_init(&a, 1 << 20);
    v4.dim[DIM_SRC] = v4.dim[DIM_DST] = SPANS_V4;
    assert_int_equal(space_minus(&a, &SPACE_ALL, &v4, &rest), 0);
    assert_int_equal(rest.n, 1);
    assert_true(spans_eq(rest.at[0].dim[DIM_SRC], SPANS_V6));
    assert_true(spans_eq(rest.at[0].dim[DIM_DST], SPANS_V6));
    v4.dim[DIM_DST] = SPANS_V6;
    assert_int_equal(space_and(&a, &SPACE_ALL, &v4, &r), 0);
    arena_done(&a);
}

UNIT_GROUP(firewall_span, cmocka_unit_test(sets_are_as_bits), cmocka_unit_test(the_ends_of_numbers_hold), cmocka_unit_test(no_space_pairs_two_families))
