#include "hand/blocks.h"

#include "base/mem.h"

static void make_key(const struct ip_prefix *net, char key[HAND_BLOCK_KEY_BYTES]) {
    key[0] = (char) net->ip.version;
    key[1] = (char) net->bits;
    memcpy(key + 2, net->ip.bytes, 16);
}

void hand_blocks_init(struct hand_blocks *t) {
    map_init(&t->by_net, BLOCK_ADDRESSES_MAX, MAP_BORROW);
    list_init(&t->all);
    list_init(&t->nets);
    t->n = 0;
}

void hand_blocks_done(struct hand_blocks *t) {
    LIST_FOR_EACH(it, &t->all)
    hand_blocks_remove(t, container_of(it, struct hand_block, all));
    map_done(&t->by_net);
}

struct hand_block *hand_blocks_find(const struct hand_blocks *t, const struct ip_prefix *net) {
    char key[HAND_BLOCK_KEY_BYTES];
    make_key(net, key);
    return map_get(&t->by_net, str_n(key, sizeof key));
}

int hand_blocks_add(struct hand_blocks *t, const struct ip_prefix *net, struct hand_block **ret) {
    struct hand_block *b = mem_zalloc(sizeof *b);
    if (!b)
        return -ENOMEM;
    b->net = *net;
    make_key(net, b->key);
    int r = map_put(&t->by_net, str_n(b->key, sizeof b->key), b);
    if (r < 0) {
        mem_free(b);
        return r;
    }
    list_add_tail(&t->all, &b->all);
    list_init(&b->nets);
    if (!hand_net_is_host(net))
        list_add_tail(&t->nets, &b->nets);
    t->n++;
    *ret = b;
    return 0;
}

void hand_blocks_remove(struct hand_blocks *t, struct hand_block *b) {
    map_remove(&t->by_net, str_n(b->key, sizeof b->key));
    list_remove(&b->all);
    list_remove(&b->nets);
    t->n--;
    mem_free(b);
}

struct hand_block *hand_blocks_covering(const struct hand_blocks *t, const struct ip_prefix *net) {
    LIST_FOR_EACH(it, &t->nets) {
        struct hand_block *b = container_of(it, struct hand_block, nets);
        if (b->net.bits < net->bits && ip_prefix_covers(&b->net, net))
            return b;
    }
    return NULL;
}

struct hand_block *hand_blocks_overlapping(const struct hand_blocks *t,
                                           const struct ip_prefix *net) {
    LIST_FOR_EACH(it, &t->nets) {
        struct hand_block *b = container_of(it, struct hand_block, nets);
        if (b->net.bits != net->bits && hand_nets_overlap(&b->net, net))
            return b;
    }
    return NULL;
}

size_t hand_net_format(const struct ip_prefix *net, char *dst) {
    return hand_net_is_host(net) ? ip_format(&net->ip, dst) : ip_prefix_format(net, dst);
}

void hand_text_copy(char *dst, size_t cap, struct str s) {
    size_t n = MIN(s.n, cap - 1);
    while (n > 0 && n < s.n && ((unsigned char) s.p[n] & 0xc0) == 0x80)
        n--;
    if (n)
        memcpy(dst, s.p, n);
    dst[n] = 0;
}
