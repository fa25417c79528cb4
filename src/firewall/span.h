/* Sets of numbers as spans, and spaces made of such sets: what a rule of a packet filter speaks of.
 *
 * A space is a product: from these zones, to those, from these addresses, to those, these services. Taking one space
 * from another leaves at most one product a dimension, so that a rule with a thousand addresses is one space and not a
 * thousand. Addresses of IPv4 stand at ::ffff:0:0/96 of the 128 bits; a space never pairs the two families.
 *
 * Everything lives in the caller's arena; sets are ascending, disjoint and do not touch. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"

__extension__ typedef unsigned __int128 u128;

struct span {
    u128 lo, hi; /* both included */
};
struct spans {
    const struct span *at;
    size_t n;
};
enum space_dim { DIM_FROM, DIM_TO, DIM_SRC, DIM_DST, DIM_SERVICE, DIMS };
struct space {
    struct spans dim[DIMS];
};
struct spaces {
    struct space *at;
    size_t n, cap;
};

extern const struct spans SPANS_ALL[DIMS];       /* everything there is in a dimension */
extern const struct spans SPANS_V4, SPANS_V6;    /* the addresses of a family */
extern const struct space SPACE_ALL;

/* Sorts and joins in place. */
struct spans spans_of(struct span *at, size_t n);
int spans_or(struct arena *a, struct spans x, struct spans y, struct spans *ret) MUST_USE;
int spans_and(struct arena *a, struct spans x, struct spans y, struct spans *ret) MUST_USE;
int spans_minus(struct arena *a, struct spans x, struct spans y, struct spans *ret) MUST_USE;
bool spans_cover(struct spans x, struct spans y); /* y lies in x */
bool spans_eq(struct spans x, struct spans y);
bool spans_meet(struct spans x, struct spans y);

struct span span_of_prefix(const struct ip_prefix *p);
struct span span_of_ips(const struct ip *first, const struct ip *last); /* -> lo > hi where they are of two families */
/* A service: a protocol's number and, where it has them, ports. */
struct span span_of_service(unsigned protocol, unsigned first_port, unsigned last_port);
/* A zone or an interface, by name, whatever configuration it stands in: the first eight bytes of its SHA-256. */
u128 zone_number(struct str name);
struct ip ip_of_number(u128 v);

/* 1: *ret is what both have; 0: nothing; -ENOMEM. */
int space_and(struct arena *a, const struct space *x, const struct space *y, struct space *ret) MUST_USE;
/* Adds what is in x and not in y. -ERR_LIMIT beyond FIREWALL_SPACES_MAX. */
int space_minus(struct arena *a, const struct space *x, const struct space *y, struct spaces *out) MUST_USE;
int spaces_add(struct arena *a, struct spaces *out, const struct space *x) MUST_USE;
