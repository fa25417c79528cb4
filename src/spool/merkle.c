#include "spool/merkle.h"

static bool same(const struct merkle_hash *a, const struct merkle_hash *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

void merkle_leaf(struct str data, struct merkle_hash *ret) {
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, str_n("\0", 1));
    sha256_add(&h, data);
    sha256_end(&h, ret->bytes);
}

void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right,
                 struct merkle_hash *ret) {
    char both[1 + 2 * SHA256_BYTES] = "\x01";
    memcpy(both + 1, left, sizeof *left);
    memcpy(both + 1 + sizeof *left, right, sizeof *right);
    sha256_of(str_n(both, sizeof both), ret->bytes);
}

/* ---- the right edge ---- */

int merkle_add(struct merkle_tree *t, const struct merkle_hash *leaf, merkle_done_fn *done,
               void *ctx) {
    struct merkle_hash h = *leaf;
    uint64_t index = t->size++;
    unsigned level = 0;
    int r = done ? done(ctx, 0, index, &h) : 0;
    for (; index & 1; index >>= 1) {
        merkle_node(&t->peaks[level], &h, &h);
        level++;
        if (r == 0 && done)
            r = done(ctx, level, index >> 1, &h);
    }
    t->peaks[level] = h;
    return r;
}

int merkle_add_node(struct merkle_tree *t, unsigned level, const struct merkle_hash *node, merkle_done_fn *done, void *ctx) {
    struct merkle_hash h = *node;
    uint64_t bit = 1ull << level;
    ASSERT(level < MERKLE_LEVELS_MAX && (t->size & (bit - 1)) == 0);
    uint64_t index = t->size >> level;
    t->size += bit;
    int r = done ? done(ctx, level, index, &h) : 0;
    for (; index & 1; index >>= 1) {
        merkle_node(&t->peaks[level], &h, &h);
        level++;
        if (r == 0 && done)
            r = done(ctx, level, index >> 1, &h);
    }
    t->peaks[level] = h;
    return r;
}

void merkle_root(const struct merkle_tree *t, struct merkle_hash *ret) {
    bool any = false;
    sha256_of(STR(""), ret->bytes);
    for (unsigned k = 0; k < MERKLE_LEVELS_MAX; k++) {
        if (!(t->size >> k & 1))
            continue;
        if (any)
            merkle_node(&t->peaks[k], ret, ret);
        else
            *ret = t->peaks[k];
        any = true;
    }
}

/* ---- from nodes ---- */

/* The largest power of two below n; n > 1. */
static unsigned split_level(uint64_t n) {
    return 63u - (unsigned) __builtin_clzll(n - 1);
}

/* The hash over leaves [from, to); from is a multiple of the power of two not below to - from. */
static int range(merkle_get_fn *get, void *ctx, uint64_t from, uint64_t to,
                 struct merkle_hash *ret) {
    uint64_t n = to - from;
    if ((n & (n - 1)) == 0) {
        unsigned level = (unsigned) __builtin_ctzll(n);
        return get(ctx, level, from >> level, ret);
    }
    uint64_t k = 1ull << split_level(n);
    struct merkle_hash right;
    int r = get(ctx, split_level(n), from / k, ret);
    if (r == 0)
        r = range(get, ctx, from + k, to, &right);
    if (r == 0)
        merkle_node(ret, &right, ret);
    return r;
}

int merkle_root_of(merkle_get_fn *get, void *ctx, uint64_t size, struct merkle_hash *ret) {
    if (size)
        return range(get, ctx, 0, size, ret);
    sha256_of(STR(""), ret->bytes);
    return 0;
}

int merkle_tree_of(merkle_get_fn *get, void *ctx, uint64_t size, struct merkle_tree *ret) {
    int r = 0;
    *ret = (struct merkle_tree){.size = size};
    for (unsigned k = 0; r == 0 && k < MERKLE_LEVELS_MAX; k++)
        if (size >> k & 1)
            r = get(ctx, k, (size >> k) - 1, &ret->peaks[k]);
    return r;
}

static int prove(merkle_get_fn *get, void *ctx, uint64_t from, uint64_t to,
                 struct merkle_proof *ret) {
    ASSERT(ret->n < MERKLE_PROOF_MAX);
    int r = range(get, ctx, from, to, &ret->at[ret->n]);
    ret->n += r == 0;
    return r;
}

/* The path of leaf `index` within [from, to), leaf's end first. */
static int path(merkle_get_fn *get, void *ctx, uint64_t index, uint64_t from, uint64_t to,
                struct merkle_proof *ret) {
    if (to - from <= 1)
        return 0;
    uint64_t middle = from + (1ull << split_level(to - from));
    bool left = index < middle;
    int r = path(get, ctx, index, left ? from : middle, left ? middle : to, ret);
    return r < 0 ? r : prove(get, ctx, left ? middle : from, left ? to : middle, ret);
}

int merkle_prove_inclusion(merkle_get_fn *get, void *ctx, uint64_t index, uint64_t size,
                           struct merkle_proof *ret) {
    ret->n = 0;
    return index < size ? path(get, ctx, index, 0, size, ret) : -EINVAL;
}

/* SUBPROOF of the RFC: `known` while the old tree's root is a node the checker has. */
static int subproof(merkle_get_fn *get, void *ctx, uint64_t old, uint64_t from, uint64_t to,
                    bool known, struct merkle_proof *ret) {
    if (old == to)
        return known ? 0 : prove(get, ctx, from, to, ret);
    uint64_t middle = from + (1ull << split_level(to - from));
    bool left = old <= middle;
    int r = left ? subproof(get, ctx, old, from, middle, known, ret)
                 : subproof(get, ctx, old, middle, to, false, ret);
    return r < 0 ? r : prove(get, ctx, left ? middle : from, left ? to : middle, ret);
}

int merkle_prove_consistency(merkle_get_fn *get, void *ctx, uint64_t old, uint64_t size,
                             struct merkle_proof *ret) {
    ret->n = 0;
    return old && old <= size ? subproof(get, ctx, old, 0, size, true, ret) : -EINVAL;
}

/* ---- checking ---- */

bool merkle_check_inclusion(const struct merkle_proof *p, uint64_t index, uint64_t size,
                            const struct merkle_hash *leaf, const struct merkle_hash *root) {
    if (index >= size)
        return false;
    uint64_t f = index, s = size - 1;
    struct merkle_hash h = *leaf;
    for (uint32_t i = 0; i < p->n; i++) {
        if (s == 0)
            return false;
        if ((f & 1) || f == s) {
            merkle_node(&p->at[i], &h, &h);
            for (; !(f & 1) && f; s >>= 1)
                f >>= 1;
        } else {
            merkle_node(&h, &p->at[i], &h);
        }
        f >>= 1;
        s >>= 1;
    }
    return s == 0 && same(&h, root);
}

bool merkle_check_consistency(const struct merkle_proof *p, uint64_t old, uint64_t size,
                              const struct merkle_hash *old_root, const struct merkle_hash *root) {
    if (old == 0 || old > size)
        return false;
    if (old == size)
        return p->n == 0 && same(old_root, root);
    uint64_t f = old - 1, s = size - 1;
    uint32_t i = 0;
    for (; f & 1; s >>= 1)
        f >>= 1;
    /* A complete old tree is itself the first node; otherwise the proof brings it. */
    if (f && p->n == 0)
        return false;
    struct merkle_hash from_old = f ? p->at[i++] : *old_root, from_new = from_old;
    for (; i < p->n; i++) {
        if (s == 0)
            return false;
        if ((f & 1) || f == s) {
            merkle_node(&p->at[i], &from_old, &from_old);
            merkle_node(&p->at[i], &from_new, &from_new);
            for (; !(f & 1) && f; s >>= 1)
                f >>= 1;
        } else {
            merkle_node(&from_new, &p->at[i], &from_new);
        }
        f >>= 1;
        s >>= 1;
    }
    return s == 0 && same(&from_old, old_root) && same(&from_new, root);
}
