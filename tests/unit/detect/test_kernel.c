/* The inner loops against the plainest way to say what they do, with a byte of ASan's on either side. */
#include "unit.h"

#include "detect/kernel.h"

#include "base/mem.h"

enum { TRIES = 4000, VALUE_MAX = 300, PATTERNS = 40 };

static uint64_t seed = 88172645463325252u;
static unsigned pick(unsigned n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned) ((seed >> 11) % n);
}

/* Few letters, so that things meet; now and then any byte. */
static void fill(char *p, size_t n) {
    static const char letters[] = "abcABZ[@`{\\u/.";
    for (size_t i = 0; i < n; i++)
        p[i] = pick(30) ? letters[pick(sizeof letters - 1)] : (char) pick(256);
}

/* Exactly n bytes of the heap, so that reading one more is seen. */
static char *value(size_t n) {
    char *p = mem_alloc(n ? n : 1);
    assert_non_null(p);
    fill(p, n);
    return p;
}

static size_t length(void) {
    static const unsigned edges[] = {0, 1, 2, 3, 4, 15, 16, 17, 18, 19, 20, 31, 32, 63, 64, 65, 66, 67, 68, 127, 128, 129};
    return pick(2) ? edges[pick(ARRAY_SIZE(edges))] : pick(VALUE_MAX);
}

static const struct kernel *kernels[3];
static unsigned n_kernels;

static int find_kernels(void **state UNUSED) {
    n_kernels = 0;
    kernels[n_kernels++] = kernel_plain();
    if (kernel_avx2())
        kernels[n_kernels++] = kernel_avx2();
    else
        print_message("# skipped: this processor has no AVX2\n");
    if (kernel_avx512())
        kernels[n_kernels++] = kernel_avx512();
    else
        print_message("# skipped: this processor has no AVX-512 with VBMI\n");
    return 0;
}

static void contains_finds_what_is_there(void **state UNUSED) {
    for (unsigned t = 0; t < TRIES; t++) {
        size_t n = length(), n_lit = 1 + pick(t % 10 ? 6 : 140);
        char *v = value(n), *lit = value(n_lit);
        if (n >= n_lit && pick(2))
            memcpy(lit, v + pick((unsigned) (n - n_lit + 1)), n_lit);
        for (unsigned k = 0; k < n_kernels; k++)
            assert_int_equal(kernels[k]->contains(v, n, lit, n_lit, kernel_rare_of(lit, n_lit)),
                             memmem(v, n, lit, n_lit) != NULL);
        mem_free(v);
        mem_free(lit);
    }
}

static void lower_lowers_ascii_and_sees_the_rest(void **state UNUSED) {
    for (unsigned t = 0; t < TRIES; t++) {
        size_t n = length();
        char *v = value(n);
        for (unsigned k = 0; k < n_kernels; k++) {
            char *to = value(n);
            bool high = false;
            bool said = kernels[k]->lower(to, v, n);
            for (size_t i = 0; i < n; i++) {
                high |= (unsigned char) v[i] >= 0x80;
                assert_int_equal(to[i], v[i] >= 'A' && v[i] <= 'Z' ? v[i] + 32 : v[i]);
            }
            assert_int_equal(said, high);
            mem_free(to);
        }
        mem_free(v);
    }
}

static void component_is_the_last(void **state UNUSED) {
    for (unsigned t = 0; t < TRIES; t++) {
        size_t n = length(), want = 0;
        char *v = value(n);
        for (size_t i = 0; i < n; i++) {
            if (t % 3 && (v[i] == '/' || v[i] == '\\') && pick(100))
                v[i] = 'x'; /* few, far from the end */
            want = v[i] == '/' || v[i] == '\\' ? i : want;
        }
        for (unsigned k = 0; k < n_kernels; k++)
            assert_int_equal(kernels[k]->component(v, n), want);
        mem_free(v);
    }
}

static void look_sees_what_makes_a_line_unreadable(void **state UNUSED) {
    for (unsigned t = 0; t < TRIES; t++) {
        size_t n = length();
        char *v = value(n);
        unsigned want = 0, slashes = 0;
        for (size_t i = 0; i < n; i++) {
            if (t % 3 == 0) /* runs of backslashes, also over the edges of blocks */
                v[i] = pick(8) ? '\\' : pick(40) ? 'a' : 'u';
            want |= (unsigned char) v[i] >= 0x80 ? KERNEL_HIGH : 0;
            want |= v[i] == 0 || v[i] == 0x1b ? KERNEL_OPAQUE : 0;
            want |= slashes % 2 && v[i] == 'u' ? KERNEL_U : 0;
            slashes = v[i] == '\\' ? slashes + 1 : 0;
        }
        for (unsigned k = 0; k < n_kernels; k++)
            assert_int_equal(kernels[k]->look(v, n), want);
        mem_free(v);
    }
}

/* Every place at which one of the patterns stands is among those found. */
static void all_places(size_t find(const void *set, const struct kernel *k, const char *v, size_t n, size_t *at,
                                   uint32_t out[KERNEL_PLACES_MAX]),
                       const void *set, const struct kernel *k, const char *v, size_t n, bool found[VALUE_MAX]) {
    uint32_t out[KERNEL_PLACES_MAX];
    memset(found, 0, VALUE_MAX * sizeof *found);
    for (size_t at = 0, before; at < n;) {
        before = at;
        size_t got = find(set, k, v, n, &at, out);
        assert_in_range(got, 0, KERNEL_PLACES_MAX);
        assert_true(at > before);
        for (size_t i = 0; i < got; i++) {
            assert_in_range(out[i], before, n - 1);
            assert_false(found[out[i]]); /* no place twice */
            found[out[i]] = true;
        }
    }
}

static size_t find_filter(const void *set, const struct kernel *k, const char *v, size_t n, size_t *at,
                          uint32_t out[KERNEL_PLACES_MAX]) {
    return k->filter(set, v, n, at, out);
}

static size_t find_bitmap(const void *set, const struct kernel *k, const char *v, size_t n, size_t *at,
                          uint32_t out[KERNEL_PLACES_MAX]) {
    return k->bitmap(set, v, n, at, out);
}

static void filters_let_through_every_pattern(void **state UNUSED) {
    static struct kernel_filter f;
    for (unsigned t = 0; t < TRIES; t++) {
        unsigned char patterns[PATTERNS][4], fold = pick(2) ? 0x20 : 0;
        uint8_t lengths[PATTERNS];
        unsigned n_patterns = 1 + pick(PATTERNS);
        fill((char *) patterns, sizeof patterns);
        for (unsigned i = 0; i < n_patterns; i++) {
            lengths[i] = (uint8_t) (pick(3) ? 4 : 1 + pick(3));
            for (unsigned k = 0; k < 4; k++)
                patterns[i][k] |= fold;
        }
        kernel_filter_make(&f, patterns[0], lengths, n_patterns, fold);
        size_t n = length();
        char *v = value(n);
        bool found[3][VALUE_MAX];
        for (unsigned k = 0; k < n_kernels; k++) {
            all_places(find_filter, &f, kernels[k], v, n, found[k]);
            if (kernels[k] == kernel_avx512()) /* others tell bytes apart otherwise */
                assert_memory_equal(found[0], found[k], sizeof found[k]);
        }
        for (size_t i = 0; i < n; i++)
            for (unsigned p = 0; p < n_patterns; p++) {
                bool here = i + lengths[p] <= n;
                for (unsigned k = 0; here && k < lengths[p]; k++)
                    here = ((unsigned char) v[i + k] | fold) == patterns[p][k];
                for (unsigned k = 0; k < n_kernels; k++)
                    assert_true(!here || found[k][i]);
            }
        mem_free(v);
    }
}

static void bitmaps_find_every_gram_they_hold(void **state UNUSED) {
    for (unsigned t = 0; t < TRIES; t++) {
        uint32_t words[64];
        struct kernel_bitmap b = {.words = words, .log = KERNEL_BITMAP_LOG_MIN + pick(2), .fold = pick(2) ? 0x20202020 : 0,
                                  .step = pick(2) ? KERNEL_STEP : 1};
        for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
            words[i] = pick(4) ? 0 : pick(1u << 16) | pick(1u << 16) << 16;
        size_t n = length();
        char *v = value(n);
        for (unsigned k = 0; k < n_kernels; k++) {
            bool found[VALUE_MAX];
            all_places(find_bitmap, &b, kernels[k], v, n, found);
            for (size_t i = 0; i < n; i++) {
                uint32_t gram, h = 0, bits = 0;
                bool want = i + 4 <= n && i % b.step == 0;
                if (want) {
                    memcpy(&gram, v + i, 4);
                    h = kernel_gram_hash(gram | b.fold);
                    bits = kernel_bitmap_bits(h);
                }
                assert_int_equal(found[i], want && (words[kernel_bitmap_word(h, b.log)] & bits) == bits);
            }
        }
        mem_free(v);
    }
}

static void rare_bytes_are_of_the_literal(void **state UNUSED) {
    char lit[400];
    struct kernel_rare r = kernel_rare_of("aeqa", 4);
    assert_int_equal(r.first, 2);
    for (unsigned t = 0; t < TRIES; t++) {
        size_t n = 1 + pick(sizeof lit - 1);
        fill(lit, n);
        r = kernel_rare_of(lit, n);
        assert_true(r.first < n && r.second < n);
        assert_true(n < 2 || r.first != r.second);
    }
}

UNIT_GROUP(detect_kernel, cmocka_unit_test_setup(contains_finds_what_is_there, find_kernels),
           cmocka_unit_test_setup(lower_lowers_ascii_and_sees_the_rest, find_kernels),
           cmocka_unit_test_setup(component_is_the_last, find_kernels),
           cmocka_unit_test_setup(look_sees_what_makes_a_line_unreadable, find_kernels),
           cmocka_unit_test_setup(filters_let_through_every_pattern, find_kernels),
           cmocka_unit_test_setup(bitmaps_find_every_gram_they_hold, find_kernels),
           cmocka_unit_test(rare_bytes_are_of_the_literal))
