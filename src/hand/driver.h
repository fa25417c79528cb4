/* What can carry out blocks. One const row a driver; nft is the first. A driver keeps no state: the
 * journal and the table of blocks are the hand's. */
#pragma once
#include "base/err.h"
#include "base/ip.h"

struct hand_op {
    struct ip_prefix net;
    int64_t
        timeout_ms; /* after which the driver's own machinery ends the block; ignored by unblock */
};
struct hand_element {
    struct ip_prefix net;
    int64_t expires_ms; /* what is left; -1: it would stay for ever */
    uint64_t packets, bytes;
};
struct hand_listing {
    bool whole; /* false: the table or a part of it was missing */
    struct hand_element *items;
    size_t n;
};
void hand_listing_done(struct hand_listing *l);

/* Every function is all or nothing: an error means that nothing changed. */
struct hand_driver {
    const char *name, *help;
    /* Makes whatever must stand before the first block (tables, chains); keeps existing blocks. */
    int (*prepare)(void *ctx, struct diag *reterr);
    /* Also takes networks that are blocked already: their timeout is set anew. */
    int (*block)(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr);
    /* Also takes networks that are not blocked. */
    int (*unblock)(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr);
    /* Would block() work? Changes nothing. */
    int (*check)(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr);
    int (*list)(void *ctx, struct hand_listing *ret, struct diag *reterr);
    /* Takes everything away, blocks and tables. */
    int (*clear)(void *ctx, struct diag *reterr);
};
const struct hand_driver *hand_driver_find(struct str name); /* NULL */

/* What no limits file can allow: loopback, link-local, multicast, "this network" and reserved
 * ranges, prefixes shorter than the floors. NULL when fine, else the kind as in enum hand_refusal's
 * words. */
enum hand_special {
    HAND_IS_PLAIN,
    HAND_IS_LOOPBACK,
    HAND_IS_LINK_LOCAL,
    HAND_IS_MULTICAST,
    HAND_IS_RESERVED,
};
enum hand_special hand_net_special(const struct ip_prefix *net);
/* The driver's own last check of an operation, whoever asks: special ranges, floors, timeout. */
bool hand_op_sane(const struct hand_op *op);
