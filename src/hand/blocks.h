/* The blocks the hand knows, by network. Hosts (/32, /128) and networks lie in one table; networks
 * are also kept in a list of their own, because overlaps are looked for among them only. Not
 * thread-safe. */
#pragma once
#include "base/err.h"
#include "base/ip.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "hand/order.h"

#define HAND_BLOCK_KEY_BYTES 18
struct hand_block {
    struct list all, nets; /* oldest first */
    char key[HAND_BLOCK_KEY_BYTES];
    struct ip_prefix net;
    bool dry;                   /* never reached the kernel */
    bool unsure;                /* intended, but the journal does not say whether it was done */
    bool leaving;               /* its end was intended, likewise */
    int64_t since_ms, until_ms; /* wall clock: shown */
    int64_t until_boot_ns;   /* machine clock: what counts; a clock set back lengthens no block */
    uint64_t packets, bytes; /* as last read from the kernel */
    char order_id[HAND_ORDER_ID_MAX + 1];
    char reason[HAND_ORDER_TEXT_BYTES_MAX + 1];
    char rule[HAND_ORDER_TEXT_BYTES_MAX + 1];
    char incident[HAND_ORDER_TEXT_BYTES_MAX + 1];
};

struct hand_blocks {
    struct map by_net;
    struct list all, nets;
    size_t n;
};

void hand_blocks_init(struct hand_blocks *t);
void hand_blocks_done(struct hand_blocks *t);
struct hand_block *hand_blocks_find(const struct hand_blocks *t, const struct ip_prefix *net);
/* A new, empty row; the network must not be there yet. -ENOMEM, -ERR_LIMIT. */
int hand_blocks_add(struct hand_blocks *t, const struct ip_prefix *net,
                    struct hand_block **ret) MUST_USE;
void hand_blocks_remove(struct hand_blocks *t, struct hand_block *b); /* frees it */
/* A network block that covers `net`, or overlaps it without being equal; NULL if none. */
struct hand_block *hand_blocks_covering(const struct hand_blocks *t, const struct ip_prefix *net);
struct hand_block *hand_blocks_overlapping(const struct hand_blocks *t,
                                           const struct ip_prefix *net);
static inline bool hand_net_is_host(const struct ip_prefix *net) {
    return net->bits == ip_bits(&net->ip);
}
static inline bool hand_nets_overlap(const struct ip_prefix *a, const struct ip_prefix *b) {
    return ip_prefix_covers(a, b) || ip_prefix_covers(b, a);
}
/* "192.0.2.1" for a host, "2001:db8::/64" for a network; dst holds IP_PREFIX_CAP bytes. */
size_t hand_net_format(const struct ip_prefix *net, char *dst);
/* Copies at most cap - 1 bytes, not in the middle of a UTF-8 character. */
void hand_text_copy(char *dst, size_t cap, struct str s);
