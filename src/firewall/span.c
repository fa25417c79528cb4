/* See span.h. Merging walks both sets once. */
#include "firewall/span.h"

#include "base/hash.h"
#include "base/limits.h"

#define U128_MAX (~(u128) 0)
#define V4_FIRST ((u128) 0xffff00000000u)
#define V4_LAST ((u128) 0xffffffffffffu)
enum { SERVICES = 1 << 24 };

static const struct span all_zones[] = {{0, UINT64_MAX}}, all_addresses[] = {{0, U128_MAX}}, all_services[] = {{0, SERVICES - 1}};
static const struct span v4[] = {{V4_FIRST, V4_LAST}}, v6[] = {{0, V4_FIRST - 1}, {V4_LAST + 1, U128_MAX}};

const struct spans SPANS_ALL[DIMS] = {
    [DIM_FROM] = {all_zones, 1},    [DIM_TO] = {all_zones, 1},         [DIM_SRC] = {all_addresses, 1},
    [DIM_DST] = {all_addresses, 1}, [DIM_SERVICE] = {all_services, 1},
};
const struct spans SPANS_V4 = {v4, 1}, SPANS_V6 = {v6, 2};
const struct space SPACE_ALL = {{{all_zones, 1}, {all_zones, 1}, {all_addresses, 1}, {all_addresses, 1}, {all_services, 1}}};

static int by_lo(const void *x, const void *y) {
    const struct span *a = x, *b = y;
    return a->lo < b->lo ? -1 : a->lo > b->lo;
}

struct spans spans_of(struct span *at, size_t n) {
    size_t k = 0;
    if (n > 1)
        qsort(at, n, sizeof *at, by_lo);
    for (size_t i = 0; i < n; i++) {
        if (at[i].lo > at[i].hi)
            continue;
        if (k && (at[k - 1].hi == U128_MAX || at[i].lo <= at[k - 1].hi + 1))
            at[k - 1].hi = MAX(at[k - 1].hi, at[i].hi);
        else
            at[k++] = at[i];
    }
    return (struct spans){at, k};
}

static struct span *room_for(struct arena *a, size_t n) {
    return arena_alloc(a, (n ? n : 1) * sizeof(struct span));
}

int spans_or(struct arena *a, struct spans x, struct spans y, struct spans *ret) {
    struct span *at = room_for(a, x.n + y.n);
    if (!at)
        return -ENOMEM;
    if (x.n)
        memcpy(at, x.at, x.n * sizeof *at);
    if (y.n)
        memcpy(at + x.n, y.at, y.n * sizeof *at);
    *ret = spans_of(at, x.n + y.n);
    return 0;
}

int spans_and(struct arena *a, struct spans x, struct spans y, struct spans *ret) {
    if (spans_cover(x, y) || spans_cover(y, x)) { /* mostly so; nothing is copied */
        *ret = spans_cover(x, y) ? y : x;
        return 0;
    }
    struct span *at = room_for(a, x.n + y.n);
    size_t k = 0;
    if (!at)
        return -ENOMEM;
    for (size_t i = 0, j = 0; i < x.n && j < y.n;) {
        u128 lo = MAX(x.at[i].lo, y.at[j].lo), hi = MIN(x.at[i].hi, y.at[j].hi);
        if (lo <= hi)
            at[k++] = (struct span){lo, hi};
        if (x.at[i].hi < y.at[j].hi)
            i++;
        else
            j++;
    }
    *ret = (struct spans){at, k};
    return 0;
}

int spans_minus(struct arena *a, struct spans x, struct spans y, struct spans *ret) {
    struct span *at = room_for(a, x.n + y.n);
    size_t k = 0, j = 0;
    if (!at)
        return -ENOMEM;
    for (size_t i = 0; i < x.n; i++) {
        u128 lo = x.at[i].lo, hi = x.at[i].hi;
        bool left = true;
        while (j < y.n && y.at[j].hi < lo)
            j++;
        for (size_t m = j; left && m < y.n && y.at[m].lo <= hi; m++) {
            if (y.at[m].lo > lo)
                at[k++] = (struct span){lo, y.at[m].lo - 1};
            left = y.at[m].hi < hi;
            lo = left ? y.at[m].hi + 1 : lo;
        }
        if (left)
            at[k++] = (struct span){lo, hi};
    }
    *ret = (struct spans){at, k};
    return 0;
}

bool spans_cover(struct spans x, struct spans y) {
    size_t i = 0;
    for (size_t j = 0; j < y.n; j++) {
        while (i < x.n && x.at[i].hi < y.at[j].lo)
            i++;
        if (i == x.n || x.at[i].lo > y.at[j].lo || x.at[i].hi < y.at[j].hi)
            return false;
    }
    return true;
}

bool spans_meet(struct spans x, struct spans y) {
    for (size_t i = 0, j = 0; i < x.n && j < y.n;) {
        if (MAX(x.at[i].lo, y.at[j].lo) <= MIN(x.at[i].hi, y.at[j].hi))
            return true;
        if (x.at[i].hi < y.at[j].hi)
            i++;
        else
            j++;
    }
    return false;
}

bool spans_eq(struct spans x, struct spans y) {
    for (size_t i = 0; i < x.n && i < y.n; i++)
        if (x.at[i].lo != y.at[i].lo || x.at[i].hi != y.at[i].hi)
            return false;
    return x.n == y.n;
}

static u128 number_of(const struct ip *ip) {
    u128 v = 0;
    for (size_t i = 0; i < (ip->version == 4 ? 4 : 16); i++)
        v = v << 8 | ip->bytes[i];
    return ip->version == 4 ? v | V4_FIRST : v;
}

struct ip ip_of_number(u128 v) {
    struct ip ip = {.version = v >= V4_FIRST && v <= V4_LAST ? 4 : 6};
    size_t n = ip.version == 4 ? 4 : 16;
    for (size_t i = n; i-- > 0; v >>= 8)
        ip.bytes[i] = (uint8_t) v;
    return ip;
}

struct span span_of_prefix(const struct ip_prefix *p) {
    unsigned left = ip_bits(&p->ip) - p->bits;
    u128 lo = number_of(&p->ip);
    return (struct span){lo, lo | (left >= 128 ? U128_MAX : ((u128) 1 << left) - 1)};
}

struct span span_of_ips(const struct ip *first, const struct ip *last) {
    struct span none = {1, 0}, s = {number_of(first), number_of(last)};
    return first->version == last->version ? s : none;
}

struct span span_of_service(unsigned protocol, unsigned first_port, unsigned last_port) {
    return (struct span){(u128) (protocol & 255) << 16 | (first_port & 65535), (u128) (protocol & 255) << 16 | (last_port & 65535)};
}

u128 zone_number(struct str name) {
    uint8_t hash[SHA256_BYTES];
    uint64_t v = 0;
    sha256_of(name, hash);
    for (size_t i = 0; i < 8; i++)
        v = v << 8 | hash[i];
    return v;
}

int spaces_add(struct arena *a, struct spaces *out, const struct space *x) {
    if (out->n == FIREWALL_SPACES_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(a, (void **) &out->at, &out->cap, out->n + 1, sizeof *out->at);
    if (r == 0)
        out->at[out->n++] = *x;
    return r;
}

/* No pair of an address of one family with one of the other. */
static int same_family(struct arena *a, struct space *x) {
    static const enum space_dim other[2] = {DIM_DST, DIM_SRC}, this[2] = {DIM_SRC, DIM_DST};
    int r = 0;
    for (size_t i = 0; r == 0 && i < 2; i++) {
        struct spans of = x->dim[this[i]], *with = &x->dim[other[i]];
        if (spans_cover(SPANS_V4, of))
            r = spans_and(a, *with, SPANS_V4, with);
        else if (spans_cover(SPANS_V6, of))
            r = spans_and(a, *with, SPANS_V6, with);
    }
    return r;
}

static bool is_empty(const struct space *x) {
    for (size_t i = 0; i < DIMS; i++)
        if (x->dim[i].n == 0)
            return true;
    return false;
}

int space_and(struct arena *a, const struct space *x, const struct space *y, struct space *ret) {
    for (size_t i = 0; i < DIMS; i++) {
        if (!spans_meet(x->dim[i], y->dim[i]))
            return 0;
        if (spans_and(a, x->dim[i], y->dim[i], &ret->dim[i]) < 0)
            return -ENOMEM;
    }
    int r = same_family(a, ret);
    return r < 0 ? r : !is_empty(ret);
}

int space_minus(struct arena *a, const struct space *x, const struct space *y, struct spaces *out) {
    struct space rest = *x;
    for (size_t i = 0; i < DIMS; i++)
        if (!spans_meet(x->dim[i], y->dim[i]))
            return spaces_add(a, out, x);
    for (size_t i = 0; i < DIMS; i++) {
        struct space piece = rest;
        int r = spans_minus(a, rest.dim[i], y->dim[i], &piece.dim[i]);
        if (r == 0)
            r = same_family(a, &piece);
        if (r == 0 && !is_empty(&piece))
            r = spaces_add(a, out, &piece);
        if (r == 0)
            r = spans_and(a, rest.dim[i], y->dim[i], &rest.dim[i]);
        if (r < 0)
            return r;
    }
    return 0;
}
