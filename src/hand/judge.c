/* Judging: the order as a whole, then each address by itself. What is allowed enters the table of
 * blocks at once (marked unsure), so that two orders of one batch see each other; hand_flush
 * carries it out or takes it back. */
#include "base/limits.h"
#include "hand/hand_priv.h"

/* ---- rates ---- */

int hand_rate_resize(struct hand_rate *r, uint32_t max) {
    int64_t *fresh = mem_zalloc_array(max, sizeof *fresh);
    uint32_t keep = MIN(r->n, max);
    if (!fresh)
        return -ENOMEM;
    for (uint32_t i = 0; i < keep; i++) /* the newest */
        fresh[i] = r->at_ns[(r->head + (r->n - keep) + i) % r->max];
    mem_free(r->at_ns);
    *r = (struct hand_rate){.at_ns = fresh, .max = max, .n = keep};
    return 0;
}

bool hand_rate_allows(const struct hand_rate *r, int64_t now_ns) {
    return r->n < r->max || now_ns - r->at_ns[r->head] >= NS_PER_MIN;
}

void hand_rate_add(struct hand_rate *r, int64_t now_ns) {
    if (r->n < r->max) {
        r->at_ns[(r->head + r->n++) % r->max] = now_ns;
        return;
    }
    r->at_ns[r->head] = now_ns;
    r->head = (r->head + 1) % r->max;
}

/* ---- networks ---- */

int hand_own_refresh(struct hand *h, struct diag *reterr) {
    int r = h->cfg.own(h->cfg.ctx, h->own, HAND_OWN_ADDRESSES_MAX, &h->n_own, reterr);
    h->own_known = r >= 0;
    return r;
}

static bool not_special(const struct ip_prefix *net, struct hand_reason *why) {
    char z[IP_PREFIX_CAP];
    hand_net_format(net, z);
    switch (hand_net_special(net)) {
    case HAND_IS_LOOPBACK:
        return hand_refuse(why, HAND_LOOPBACK, "%s is this machine talking to itself", z);
    case HAND_IS_LINK_LOCAL:
        return hand_refuse(why, HAND_LINK_LOCAL, "%s is link-local; such addresses are not blocked",
                           z);
    case HAND_IS_MULTICAST:
        return hand_refuse(why, HAND_MULTICAST, "%s is multicast and never a source", z);
    case HAND_IS_RESERVED:
        return hand_refuse(why, HAND_RESERVED, "%s is reserved and names no host", z);
    case HAND_IS_PLAIN:
        break;
    }
    return true;
}

static bool not_own(const struct hand *h, const struct ip_prefix *net, struct hand_reason *why) {
    char z[IP_PREFIX_CAP], mine[IP_CAP];
    if (!h->own_known)
        return hand_refuse(why, HAND_OWN_UNKNOWN,
                           "this machine's own addresses cannot be read, so nothing is blocked");
    for (size_t i = 0; i < h->n_own; i++) {
        if (!ip_prefix_contains(net, &h->own[i]))
            continue;
        hand_net_format(net, z);
        ip_format(&h->own[i], mine);
        return hand_refuse(why, HAND_OWN_ADDRESS, "%s holds this machine's own address %s", z,
                           mine);
    }
    return true;
}

static bool not_listed(const struct hand_never *list, size_t n, int64_t now_ms, const char *whose,
                       const struct ip_prefix *net, struct hand_reason *why) {
    char z[IP_PREFIX_CAP], listed[IP_PREFIX_CAP];
    for (size_t i = 0; i < n; i++) {
        const struct hand_never *row = &list[i];
        if ((row->until_ms && row->until_ms <= now_ms) || !hand_nets_overlap(net, &row->net))
            continue;
        hand_net_format(net, z);
        hand_net_format(&row->net, listed);
        return hand_refuse(why, HAND_NEVER_BLOCK, "%s meets %s of the never-block list%s%s%s%s", z,
                           listed, whose, row->name[0] ? " (" : "", row->name,
                           row->name[0] ? ")" : "");
    }
    return true;
}

bool hand_net_allowed(const struct hand *h, const struct ip_prefix *net, struct hand_reason *why) {
    int64_t now = hand_wall_ms(h);
    return not_special(net, why) && not_own(h, net, why) &&
           not_listed(h->limits.never, h->limits.n_never, now, "", net, why) &&
           not_listed(h->added, h->n_added, now, " the room added to", net, why);
}

static bool read_net(const struct hand *h, struct hand_result *res) {
    struct hand_reason *why = &res->why;
    int r = ip_prefix_parse(res->address, &res->net);
    if (r < 0)
        return hand_refuse(why, HAND_BAD_ADDRESS, "'%.*s' is no address or network",
                           STR_ARG(res->address));
    if (r > 0)
        return hand_refuse(why, HAND_BAD_ADDRESS,
                           "'%.*s' has bits behind its prefix: address or network, which is meant?",
                           STR_ARG(res->address));
    return true;
}

static bool prefix_long_enough(const struct hand *h, struct hand_result *res) {
    unsigned least = res->net.ip.version == 4 ? h->limits.prefix4_min : h->limits.prefix6_min;
    if (res->net.bits >= least)
        return true;
    return hand_refuse(&res->why, HAND_PREFIX_TOO_SHORT,
                       "%.*s is larger than a /%u, the largest IPv%u network that may be blocked",
                       STR_ARG(res->address), least, (unsigned) res->net.ip.version);
}

/* ---- blocks ---- */

static bool room_for_another(struct hand *h, bool fresh, struct hand_result *res) {
    if (fresh && h->blocks.n >= h->limits.blocks_max)
        return hand_refuse(&res->why, HAND_TOO_MANY_BLOCKS,
                           "%u blocks are in force, the most that may be", h->limits.blocks_max);
    if (!hand_rate_allows(&h->block_rate, hand_boot_ns(h)))
        return hand_refuse(&res->why, HAND_TOO_MANY_A_MINUTE,
                           "%u addresses were blocked within a minute, the most that may be",
                           h->limits.blocks_per_minute);
    return true;
}

static void remember_before(const struct hand_block *b, struct hand_before *before) {
    *before = (struct hand_before){.existed = true,
                                   .dry = b->dry,
                                   .since_ms = b->since_ms,
                                   .until_ms = b->until_ms,
                                   .until_boot_ns = b->until_boot_ns};
    memcpy(before->order_id, b->order_id, sizeof before->order_id);
}

static void fill_block(struct hand *h, struct hand_block *b, const struct hand_order *o, bool dry) {
    int64_t span_ms = o->minutes * 60000;
    b->dry = dry;
    b->unsure = true;
    b->since_ms = hand_wall_ms(h);
    b->until_ms = b->since_ms + span_ms;
    b->until_boot_ns = hand_boot_ns(h) + span_ms * NS_PER_MS;
    hand_text_copy(b->order_id, sizeof b->order_id, o->id);
    hand_text_copy(b->reason, sizeof b->reason, o->reason);
    hand_text_copy(b->rule, sizeof b->rule, o->rule);
    hand_text_copy(b->incident, sizeof b->incident, o->incident);
}

/* Is there already a block that does what is asked, at least as long? */
static const struct hand_block *standing(struct hand *h, const struct hand_result *res, bool dry,
                                         int64_t span_ms) {
    struct hand_block *same = hand_blocks_find(&h->blocks, &res->net);
    struct hand_block *wider = hand_blocks_covering(&h->blocks, &res->net);
    if (same && (dry || !same->dry) && (!same->dry || dry) && hand_left_ms(h, same) >= span_ms)
        return same;
    if (same && dry && !same->dry) /* a dry-run never touches a real block */
        return same;
    if (wider && (dry || !wider->dry) && hand_left_ms(h, wider) >= span_ms)
        return wider;
    return NULL;
}

static bool judge_block(struct hand *h, const struct hand_order *o, struct hand_result *res) {
    bool dry = o->dry_run || hand_is_dry(h);
    char z[IP_PREFIX_CAP];
    if (!read_net(h, res) || !prefix_long_enough(h, res) ||
        !hand_net_allowed(h, &res->net, &res->why))
        return false;
    const struct hand_block *there = standing(h, res, dry, o->minutes * 60000);
    if (there) {
        res->state = RESULT_ALREADY;
        res->until_ms = there->until_ms;
        return true;
    }
    struct hand_block *b = hand_blocks_find(&h->blocks, &res->net), *other;
    if (!b && !hand_net_is_host(&res->net) &&
        (other = hand_blocks_overlapping(&h->blocks, &res->net))) {
        hand_net_format(&other->net, z);
        return hand_refuse(&res->why, HAND_OVERLAPS,
                           "%.*s overlaps the block of %s; unblock that first",
                           STR_ARG(res->address), z);
    }
    if (!room_for_another(h, !b, res))
        return false;
    if (b)
        remember_before(b, &res->before);
    else if (hand_blocks_add(&h->blocks, &res->net, &b) < 0)
        return hand_refuse(&res->why, HAND_TOO_MANY_BLOCKS, "no memory for another block");
    fill_block(h, b, o, dry);
    hand_rate_add(&h->block_rate, hand_boot_ns(h));
    res->act = true;
    res->state = dry ? RESULT_DRY_RUN : RESULT_BLOCKED;
    res->until_ms = b->until_ms;
    return true;
}

/* ---- the other types ---- */

static bool judge_unblock(struct hand *h, const struct hand_order *o, struct hand_result *res) {
    if (!read_net(h, res))
        return false;
    const struct hand_block *b = hand_blocks_find(&h->blocks, &res->net);
    if (!b) {
        res->state = RESULT_ALREADY;
        snprintf(res->why.text, sizeof res->why.text, "%.*s is not blocked", STR_ARG(res->address));
        return true;
    }
    res->state = o->dry_run ? RESULT_DRY_RUN : RESULT_UNBLOCKED;
    res->act = !o->dry_run;
    return true;
}

static bool judge_never(struct hand *h, const struct hand_order *o, struct hand_result *res) {
    if (!read_net(h, res))
        return false;
    if (o->dry_run) {
        res->state = RESULT_DRY_RUN;
        return true;
    }
    res->state = RESULT_ADDED;
    res->act = true;
    res->until_ms = hand_wall_ms(h) + o->minutes * 60000;
    return true;
}

static bool (*const judges[HAND_ORDER_TYPE_MAX_])(struct hand *h, const struct hand_order *o,
                                                  struct hand_result *res) = {
    [HAND_BLOCK] = judge_block,
    [HAND_UNBLOCK] = judge_unblock,
    [HAND_NEVER] = judge_never,
};

/* ---- the order as a whole ---- */

static bool in_time(struct hand *h, const struct hand_order *o, struct hand_reason *why) {
    int64_t now = hand_wall_ms(h);
    if (o->expires_ms <= now)
        return hand_refuse(why, HAND_EXPIRED, "the order expired %lld ms ago",
                           (long long) (now - o->expires_ms));
    if (o->issued_ms > now + (int64_t) h->limits.clock_skew_s * 1000)
        return hand_refuse(why, HAND_ISSUED_IN_FUTURE, "the order was issued %lld ms from now",
                           (long long) (o->issued_ms - now));
    if (o->issued_ms > o->expires_ms ||
        o->expires_ms - o->issued_ms > (int64_t) h->limits.order_life_s * 1000)
        return hand_refuse(why, HAND_LIFE_TOO_LONG,
                           "the order wants to be valid for longer than %u s",
                           h->limits.order_life_s);
    return true;
}

/* An id is remembered until its order has expired. Whatever expires at or before the latest moment
 * ever forgotten could be one of the forgotten: this holds even when the wall clock was set back.
 */
static bool first_time(struct hand *h, struct hand_task *t) {
    const struct hand_order *o = &t->order;
    union map_value *v;
    bool fresh;
    if (map_find(&h->seen, o->id))
        return hand_refuse(&t->why, HAND_REPLAYED, "the order %.*s was given before",
                           STR_ARG(o->id));
    if (o->expires_ms <= h->horizon_ms)
        return hand_refuse(&t->why, HAND_REPLAYED,
                           "the order expires before others already forgotten: it may be a repeat");
    if (o->type != HAND_UNBLOCK && !hand_rate_allows(&h->order_rate, hand_boot_ns(h)))
        return hand_refuse(&t->why, HAND_TOO_MANY_ORDERS,
                           "%u orders came within a minute, the most that may be",
                           h->limits.orders_per_minute);
    if (map_add(&h->seen, o->id, &v, &fresh) < 0)
        return hand_refuse(&t->why, HAND_TOO_MANY_ORDERS, "too many orders are remembered");
    v->num = (uint64_t) o->expires_ms;
    if (o->type != HAND_UNBLOCK) /* undoing is always possible */
        hand_rate_add(&h->order_rate, hand_boot_ns(h));
    t->remember = true;
    return true;
}

static bool within_limits(struct hand *h, struct hand_task *t) {
    const struct hand_order *o = &t->order;
    if (o->minutes > h->limits.minutes_max)
        return hand_refuse(&t->why, HAND_MINUTES_OVER_LIMIT,
                           "%lld minutes were ordered, the most is %u", (long long) o->minutes,
                           h->limits.minutes_max);
    if (o->n_addresses > h->limits.addresses_per_order)
        return hand_refuse(&t->why, HAND_TOO_MANY_ADDRESSES,
                           "the order names %zu addresses, the most is %u", o->n_addresses,
                           h->limits.addresses_per_order);
    return true;
}

void hand_judge(struct hand *h, struct hand_task *t) {
    if (!in_time(h, &t->order, &t->why) || !first_time(h, t) || !within_limits(h, t))
        return;
    if (t->order.type == HAND_BLOCK && hand_own_refresh(h, NULL) < 0)
        h->n_own = 0; /* own_known is false: each address is refused for it */
    for (size_t i = 0; i < t->n && judges[t->order.type]; i++) {
        struct hand_result *res = &t->results[i];
        if (!judges[t->order.type](h, &t->order, res))
            res->state = RESULT_REFUSED;
    }
}
