#include "hand/driver.h"

#include "base/limits.h"
#include "base/mem.h"
#include "hand/blocks.h"
#include "hand/nft.h"

/* Nothing to act with: a machine without nftables or without the right to use it. Orders are
 * checked and listed in dry-run; a real one is refused. */
static int none_prepare(void *ctx, struct diag *reterr) {
    return 0;
}
static int none_block(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr) {
    return diag_set(reterr, -ERR_UNSUPPORTED, "this hand has nothing to block with");
}
static int none_ops(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr) {
    return 0;
}
static int none_list(void *ctx, struct hand_listing *ret, struct diag *reterr) {
    *ret = (struct hand_listing){.whole = true};
    return 0;
}
static int none_clear(void *ctx, struct diag *reterr) {
    return 0;
}

static const struct hand_driver drivers[] = {
    {
        .name = "nft",
        .help = "drop packets by source address with nftables, table inet kizuki",
        .prepare = hand_runner_prepare,
        .block = hand_runner_block,
        .unblock = hand_runner_unblock,
        .check = hand_runner_check,
        .list = hand_runner_list,
        .clear = hand_runner_clear,
    },
    {
        .name = "none",
        .help = "check and list orders, act on none",
        .prepare = none_prepare,
        .block = none_block,
        .unblock = none_ops,
        .check = none_ops,
        .list = none_list,
        .clear = none_clear,
    },
};
const struct hand_driver *hand_driver_find(struct str name) {
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
        if (str_eq_z(name, drivers[i].name))
            return &drivers[i];
    return NULL;
}

void hand_listing_done(struct hand_listing *l) {
    mem_free(l->items);
    *l = (struct hand_listing){0};
}

static const struct {
    uint8_t version, bits;
    uint8_t head[8];
    enum hand_special kind;
} specials[] = {
    {4, 8, {127}, HAND_IS_LOOPBACK},
    {6, 128, {0}, HAND_IS_RESERVED}, /* :: ; ::1 is its neighbour, below */
    {4, 16, {169, 254}, HAND_IS_LINK_LOCAL},
    {6, 10, {0xfe, 0x80}, HAND_IS_LINK_LOCAL},
    {4, 4, {224}, HAND_IS_MULTICAST},
    {6, 8, {0xff}, HAND_IS_MULTICAST},
    {4, 8, {0}, HAND_IS_RESERVED},   /* RFC 1122 "this network": DHCP clients */
    {4, 4, {240}, HAND_IS_RESERVED}, /* RFC 1112 class E and the broadcast address */
    {6, 96, {0}, HAND_IS_RESERVED},  /* :: /96 */
};

enum hand_special hand_net_special(const struct ip_prefix *net) {
    static const struct ip_prefix one = {.ip = {.bytes = {[15] = 1}, .version = 6}, .bits = 128};
    if (hand_nets_overlap(net, &one))
        return HAND_IS_LOOPBACK;
    for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
        struct ip_prefix p = {.ip = {.version = specials[i].version}, .bits = specials[i].bits};
        memcpy(p.ip.bytes, specials[i].head, sizeof specials[i].head);
        if (hand_nets_overlap(net, &p))
            return specials[i].kind;
    }
    return HAND_IS_PLAIN;
}

bool hand_op_sane(const struct hand_op *op) {
    const struct ip_prefix *net = &op->net;
    if (net->ip.version != 4 && net->ip.version != 6)
        return false;
    struct ip_prefix again = ip_prefix_of(&net->ip, net->bits);
    return net->bits <= ip_bits(&net->ip) && ip_eq(&again.ip, &net->ip) &&
           net->bits >= (net->ip.version == 4 ? HAND_PREFIX4_FLOOR : HAND_PREFIX6_FLOOR) &&
           hand_net_special(net) == HAND_IS_PLAIN && op->timeout_ms > 0 &&
           op->timeout_ms <= (int64_t) BLOCK_MINUTES_MAX * 60000;
}
