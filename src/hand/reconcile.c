/* Journal against kernel. The journal says what ought to stand; the kernel says what does.
 *
 *   in both                     counters are read; a remaining time that differs is set right
 *   journal only, in doubt      an order was begun when we died: it is carried through
 *   journal only, table gone    somebody flushed all rules, or the machine was started anew:
 * restored with what is left of the time journal only, table there   somebody took it out by hand:
 * that is an ending, not to be fought kernel only                 somebody put it in by hand, or
 * the journal lost it: taken into the table, so that it is listed, can be undone and ends */
#include "hand/hand_priv.h"

#include "base/limits.h"

struct comparison {
    struct hand *h;
    struct hand_listing l;
    bool *known;       /* one for each element of the listing */
    struct map by_net; /* to its index + 1 */
    bool restore;
    struct hand_op *ops;
    struct hand_block **gone;
    struct ip_prefix *missing, *unknown;
    size_t n_ops, n_gone, n_missing, n_unknown, n_changed;
};

static void net_key(const struct ip_prefix *net, char key[18]) {
    key[0] = (char) net->ip.version;
    key[1] = (char) net->bits;
    memcpy(key + 2, net->ip.bytes, 16);
}

static int index_elements(struct comparison *c) {
    for (size_t i = 0; i < c->l.n; i++) {
        char key[18];
        union map_value *v;
        net_key(&c->l.items[i].net, key);
        int r = map_add(&c->by_net, str_n(key, sizeof key), &v, NULL);
        if (r < 0)
            return r;
        v->num = i + 1;
    }
    return 0;
}

static int comparison_init(struct comparison *c) {
    size_t most = c->h->blocks.n + c->l.n + 1;
    map_init(&c->by_net, 4 * BLOCK_ADDRESSES_MAX, 0);
    c->known = mem_zalloc_array(c->l.n + 1, sizeof *c->known);
    c->ops = mem_zalloc_array(most, sizeof *c->ops);
    c->gone = mem_zalloc_array(most, sizeof(struct hand_block *));
    c->missing = mem_zalloc_array(most, sizeof *c->missing);
    c->unknown = mem_zalloc_array(most, sizeof *c->unknown);
    if (!c->known || !c->ops || !c->gone || !c->missing || !c->unknown)
        return -ENOMEM;
    return index_elements(c);
}

static void comparison_done(struct comparison *c) {
    hand_listing_done(&c->l);
    map_done(&c->by_net);
    mem_free(c->known);
    mem_free(c->ops);
    mem_free(c->gone);
    mem_free(c->missing);
    mem_free(c->unknown);
}

static void compare_block(struct comparison *c, struct hand_block *b) {
    char key[18];
    int64_t left = hand_left_ms(c->h, b);
    net_key(&b->net, key);
    union map_value *v = map_find(&c->by_net, str_n(key, sizeof key));
    if (v) {
        struct hand_element *e = &c->l.items[v->num - 1];
        c->known[v->num - 1] = true;
        b->packets = e->packets;
        b->bytes = e->bytes;
        if (left > 0 && (e->expires_ms < 0 || e->expires_ms > left + HAND_TIME_TOLERANCE_MS ||
                         e->expires_ms < left - HAND_TIME_TOLERANCE_MS)) {
            c->ops[c->n_ops++] = hand_op_of(c->h, b);
            c->n_changed++;
        }
        return;
    }
    if (left < 2000) /* about to end: hand_tick says so */
        return;
    if (!b->unsure)
        c->missing[c->n_missing++] = b->net;
    if ((b->unsure || c->restore) && !hand_is_dry(c->h))
        c->ops[c->n_ops++] = hand_op_of(c->h, b);
    else
        c->gone[c->n_gone++] = b;
}

/* An element nobody ordered. With us it gets an end, if it has none, and can be undone. */
static void adopt(struct comparison *c, const struct hand_element *e) {
    struct hand *h = c->h;
    struct hand_block *b;
    int64_t left = e->expires_ms > 0 ? e->expires_ms : (int64_t) h->limits.minutes_max * 60000;
    struct hand_op sane = {.net = e->net, .timeout_ms = 1000};
    c->unknown[c->n_unknown++] = e->net;
    if (!hand_op_sane(&sane) || hand_blocks_add(&h->blocks, &e->net, &b) < 0)
        return;
    b->since_ms = hand_wall_ms(h);
    b->until_ms = b->since_ms + left;
    b->until_boot_ns = hand_boot_ns(h) + left * NS_PER_MS;
    b->packets = e->packets;
    b->bytes = e->bytes;
    hand_text_copy(b->reason, sizeof b->reason, STR("found in the kernel, not ordered"));
    hand_journal_add(&h->journal, hand_record_adopted(h, b));
    if (e->expires_ms < 0)
        c->ops[c->n_ops++] = hand_op_of(h, b);
}

static void report(struct comparison *c, bool starting) {
    struct hand *h = c->h;
    size_t restored = c->restore ? c->n_missing - MIN(c->n_gone, c->n_missing) : 0;
    if (!c->n_missing && !c->n_unknown && !c->n_changed)
        return;
    h->counts.drift++;
    hand_note(h, true,
              "journal and kernel differed%s: %zu blocks were missing (%zu put back), %zu not "
              "ordered, %zu with another end",
              starting ? " at start" : "", c->n_missing, restored, c->n_unknown, c->n_changed);
    hand_say_drift(h, c->missing, c->n_missing, c->unknown, c->n_unknown, restored);
}

/* Unblocks that were begun when we died; done before the listing that is compared. 1 = there were
 * some. */
static int finish_leaving(struct hand *h, struct diag *reterr) {
    size_t n = 0, n_ops = 0, most = h->blocks.n + 1;
    struct hand_block **list = mem_zalloc_array(most, sizeof(struct hand_block *));
    struct hand_op *ops = mem_zalloc_array(most, sizeof *ops);
    int r = list && ops ? 0 : diag_set(reterr, -ENOMEM, "no memory for the unblocks");
    LIST_FOR_EACH(it, &h->blocks.all) {
        struct hand_block *b = container_of(it, struct hand_block, all);
        if (r < 0 || !b->leaving)
            continue;
        list[n++] = b;
        if (!b->dry)
            ops[n_ops++] = hand_op_of(h, b);
    }
    if (n_ops)
        r = h->cfg.driver->unblock(h->cfg.driver_ctx, ops, n_ops, reterr);
    if (r == 0)
        hand_forget_blocks(h, list, n, "unblocked");
    mem_free(list);
    mem_free(ops);
    return r < 0 ? r : n > 0;
}

static int compare(struct comparison *c, bool starting, struct diag *reterr) {
    struct hand *h = c->h;
    const struct hand_driver *drv = h->cfg.driver;
    int r = comparison_init(c);
    if (r < 0)
        return diag_set(reterr, r, "cannot compare journal and kernel: %s", err_word(r));
    LIST_FOR_EACH(it, &h->blocks.all) {
        struct hand_block *b = container_of(it, struct hand_block, all);
        if (!b->dry)
            compare_block(c, b);
        else if (starting)
            b->unsure = false;
    }
    for (size_t i = 0; i < c->l.n; i++)
        if (!c->known[i])
            adopt(c, &c->l.items[i]);
    if (c->n_ops && (r = drv->block(h->cfg.driver_ctx, c->ops, c->n_ops, reterr)) < 0)
        return r;
    if (starting)
        LIST_FOR_EACH(it, &h->blocks.all)
    container_of(it, struct hand_block, all)->unsure = false;
    report(c, starting);
    if (c->n_unknown && hand_journal_commit(&h->journal, reterr) < 0)
        return reterr ? reterr->code : -EIO;
    hand_forget_blocks(h, c->gone, c->n_gone, hand_is_dry(h) ? "dry_run" : "by_hand");
    return 0;
}

static int list_again(struct comparison *c, struct diag *reterr) {
    hand_listing_done(&c->l);
    return c->h->cfg.driver->list(c->h->cfg.driver_ctx, &c->l, reterr);
}

int hand_reconcile(struct hand *h, bool starting, struct diag *reterr) {
    const struct hand_driver *drv = h->cfg.driver;
    struct comparison c = {.h = h};
    int r = drv->list(h->cfg.driver_ctx, &c.l, reterr);
    if (r == 0 && !c.l.whole && !hand_is_dry(h)) {
        c.restore = true;
        r = drv->prepare(h->cfg.driver_ctx, reterr);
        if (r == 0)
            r = list_again(&c, reterr);
    }
    if (r == 0 && starting && (r = finish_leaving(h, reterr)) > 0)
        r = list_again(&c, reterr);
    if (r == 0)
        r = compare(&c, starting, reterr);
    comparison_done(&c);
    return r;
}

void hand_recheck(struct hand *h) {
    struct hand_block **list = NULL;
    struct hand_op *ops = NULL;
    struct diag d = {0};
    size_t n = 0, n_ops = 0;
    LIST_FOR_EACH(it, &h->blocks.all) {
        struct hand_block *b = container_of(it, struct hand_block, all);
        struct hand_reason why;
        if (hand_net_allowed(h, &b->net, &why) || why.code == HAND_OWN_UNKNOWN)
            continue;
        if (!list) {
            list = mem_zalloc_array(h->blocks.n, sizeof(struct hand_block *));
            ops = mem_zalloc_array(h->blocks.n, sizeof *ops);
        }
        if (!list || !ops)
            break;
        list[n++] = b;
        if (!b->dry)
            ops[n_ops++] = hand_op_of(h, b);
        hand_note(h, true, "lifting a block: %s", why.text);
    }
    int r = n_ops ? h->cfg.driver->unblock(h->cfg.driver_ctx, ops, n_ops, &d) : 0;
    if (r < 0)
        hand_note(h, true, "unblocking failed: %s", d.text);
    else
        hand_forget_blocks(h, list, n, "not_allowed");
    mem_free(list);
    mem_free(ops);
}
