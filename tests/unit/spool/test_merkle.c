#include "helpers.h"

#include "base/json.h"
#include "spool/merkle.h"
#include "testdata.h"

#include <ftw.h>

enum { LEAVES = 70 };

/* RFC 9162 2.1.1, word by word: the definition, not the way trees are kept here. */
static struct merkle_hash definition(const struct merkle_hash *leaves, uint64_t n) {
    struct merkle_hash h, l, r;
    if (n == 0) {
        sha256_of(STR(""), h.bytes);
        return h;
    }
    if (n == 1)
        return leaves[0];
    uint64_t k = 1;
    while (2 * k < n)
        k *= 2;
    l = definition(leaves, k);
    r = definition(leaves + k, n - k);
    merkle_node(&l, &r, &h);
    return h;
}

struct nodes {
    struct merkle_hash leaf[LEAVES], node[8][LEAVES];
    bool have[8][LEAVES];
};
static int keep(void *ctx, unsigned level, uint64_t index, const struct merkle_hash *hash) {
    struct nodes *x = ctx;
    assert_true(level < 8 && index < LEAVES);
    assert_false(x->have[level][index]);
    x->have[level][index] = true;
    x->node[level][index] = *hash;
    return 0;
}
static int get(void *ctx, unsigned level, uint64_t index, struct merkle_hash *ret) {
    const struct nodes *x = ctx;
    assert_true(level < 8 && index < LEAVES && x->have[level][index]);
    *ret = x->node[level][index];
    return 0;
}

static void grow(struct nodes *x) {
    struct merkle_tree t = {0};
    *x = (struct nodes){0};
    for (int i = 0; i < LEAVES; i++) {
        struct merkle_hash a, b, root = definition(x->leaf, (uint64_t) i);
        char text[16];
        merkle_root(&t, &a);
        assert_memory_equal(&a, &root, sizeof a);
        assert_int_equal(merkle_root_of(get, x, (uint64_t) i, &b), 0);
        assert_memory_equal(&b, &root, sizeof b);
        struct merkle_tree again;
        assert_int_equal(merkle_tree_of(get, x, (uint64_t) i, &again), 0);
        merkle_root(&again, &b);
        assert_memory_equal(&b, &root, sizeof b);
        snprintf(text, sizeof text, "leaf %d", i);
        merkle_leaf(str_of(text), &x->leaf[i]);
        assert_int_equal(merkle_add(&t, &x->leaf[i], keep, x), 0);
    }
}

static void roots_are_those_of_the_definition(void **state UNUSED) {
    struct nodes x;
    grow(&x);
}

/* Whatever is changed in a proof, it no longer holds. */
static void every_leaf_is_proved_and_nothing_else(void **state UNUSED) {
    struct nodes x;
    struct merkle_proof p;
    grow(&x);
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct merkle_hash root = definition(x.leaf, size);
        for (uint64_t i = 0; i < size; i++) {
            assert_int_equal(merkle_prove_inclusion(get, &x, i, size, &p), 0);
            assert_true(merkle_check_inclusion(&p, i, size, &x.leaf[i], &root));
            assert_false(merkle_check_inclusion(&p, i, size, &x.leaf[(i + 1) % LEAVES], &root));
            if (size > 1)
                assert_false(merkle_check_inclusion(&p, (i + 1) % size, size, &x.leaf[i], &root));
            p.n++;
            assert_false(merkle_check_inclusion(&p, i, size, &x.leaf[i], &root));
            p.n--;
            for (uint32_t k = 0; k < p.n; k++) {
                p.at[k].bytes[k % 32] ^= 4;
                assert_false(merkle_check_inclusion(&p, i, size, &x.leaf[i], &root));
                p.at[k].bytes[k % 32] ^= 4;
            }
            if (p.n) {
                p.n--;
                assert_false(merkle_check_inclusion(&p, i, size, &x.leaf[i], &root));
            }
        }
        assert_int_equal(merkle_prove_inclusion(get, &x, size, size, &p), -EINVAL);
    }
}

static void every_growth_is_proved_and_nothing_else(void **state UNUSED) {
    struct nodes x;
    struct merkle_proof p;
    grow(&x);
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct merkle_hash root = definition(x.leaf, size);
        for (uint64_t old = 1; old <= size; old++) {
            struct merkle_hash before = definition(x.leaf, old), other = before;
            other.bytes[7] ^= 1;
            assert_int_equal(merkle_prove_consistency(get, &x, old, size, &p), 0);
            assert_true(merkle_check_consistency(&p, old, size, &before, &root));
            assert_false(merkle_check_consistency(&p, old, size, &other, &root));
            assert_false(merkle_check_consistency(&p, old, size, &before, &other));
            if (old < size)
                assert_false(merkle_check_consistency(&p, size, old, &root, &before));
            p.n++;
            assert_false(merkle_check_consistency(&p, old, size, &before, &root));
            p.n--;
            for (uint32_t k = 0; k < p.n; k++) {
                p.at[k].bytes[k % 32] ^= 4;
                assert_false(merkle_check_consistency(&p, old, size, &before, &root));
                p.at[k].bytes[k % 32] ^= 4;
            }
        }
        struct merkle_hash empty = definition(x.leaf, 0);
        p.n = 0;
        assert_int_equal(merkle_prove_consistency(get, &x, 0, size, &p), -EINVAL);
        assert_false(merkle_check_consistency(&p, 0, size, &empty, &root));
        assert_false(merkle_check_inclusion(&p, 0, 0, &x.leaf[0], &empty));
    }
}

/* ---- the vectors of transparency-dev/merkle ---- */

static bool hash_from(struct str base64, struct merkle_hash *ret) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t out[33] = {0}; /* some vectors have shorter words where the value does not matter */
    uint32_t bits = 0;
    size_t n = 0;
    unsigned have = 0;
    for (size_t i = 0; i < base64.n && base64.p[i] != '='; i++) {
        const char *d = strchr(digits, base64.p[i]);
        assert_non_null(d);
        bits = bits << 6 | (uint32_t) (d - digits);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (n == sizeof out)
            return false;
        out[n++] = (uint8_t) (bits >> have);
    }
    if (n == 0 || n > 32)
        return false;
    memcpy(ret, out, 32);
    return true;
}

/* An absent or null member reads as no hash. */
static bool hash_member(const struct json_value *v, const char *key, struct merkle_hash *ret) {
    struct str s;
    return json_get_str(v, key, &s) && hash_from(s, ret);
}

static bool proof_member(const struct json_value *v, struct merkle_proof *ret) {
    const struct json_value *list = json_get_array(v, "proof");
    ret->n = 0;
    for (const struct json_value *e = list ? list->first : NULL; e; e = e->next)
        if (ret->n == MERKLE_PROOF_MAX || !hash_from(e->text, &ret->at[ret->n++]))
            return false;
    return true;
}

/* The vectors go up to 2^64 - 1. */
static bool size_member(const struct json_value *v, const char *key, uint64_t *ret) {
    const struct json_value *n = json_get(v, key);
    char text[24];
    if (!n || n->type != JSON_NUMBER || n->text.n >= sizeof text)
        return false;
    memcpy(text, n->text.p, n->text.n);
    text[n->text.n] = 0;
    *ret = strtoull(text, NULL, 10);
    return true;
}

static int vectors[2];
static int run_vector(const char *path, const struct stat *st UNUSED, int type, struct FTW *f UNUSED) {
    struct arena a;
    struct str text;
    struct json_value *v;
    struct merkle_proof p;
    struct merkle_hash one, two;
    uint64_t old, size;
    bool wrong = false, holds = false;
    if (type != FTW_F)
        return 0;
    arena_init(&a, 1 << 20);
    assert_int_equal(file_read(&a, path, 1 << 20, &text, NULL), 0);
    assert_int_equal(json_parse(&a, text, &v, NULL), 0);
    assert_true(json_get_bool(v, "wantErr", &wrong));
    if (size_member(v, "size1", &old))
        holds = size_member(v, "size2", &size) && proof_member(v, &p) &&
                hash_member(v, "root1", &one) && hash_member(v, "root2", &two) &&
                merkle_check_consistency(&p, old, size, &one, &two);
    else if (size_member(v, "leafIdx", &old))
        holds = size_member(v, "treeSize", &size) && proof_member(v, &p) &&
                hash_member(v, "leafHash", &one) && hash_member(v, "root", &two) &&
                merkle_check_inclusion(&p, old, size, &one, &two);
    else
        fail_msg("%s is no vector known here", path);
    if (holds == wrong)
        fail_msg("%s: %s", path, holds ? "holds and must not" : "must hold");
    vectors[wrong]++;
    arena_done(&a);
    return 0;
}

static void agrees_with_the_public_vectors(void **state UNUSED) {
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s/merkle/testdata", testdata_or_skip());
    assert_int_equal(nftw(dir, run_vector, 8, FTW_PHYS), 0);
    print_message("# %d proofs that hold, %d that must not\n", vectors[0], vectors[1]);
    assert_true(vectors[0] >= 12 && vectors[1] > 50);
}

UNIT_GROUP(spool_merkle, cmocka_unit_test(roots_are_those_of_the_definition),
           cmocka_unit_test(every_leaf_is_proved_and_nothing_else),
           cmocka_unit_test(every_growth_is_proved_and_nothing_else),
           cmocka_unit_test(agrees_with_the_public_vectors))
