#include "hand/hand_priv.h"

#include "base/hash.h"
#include "base/limits.h"

#include <stdarg.h>

/* ---- small things ---- */

int64_t hand_wall_ms(const struct hand *h) {
    return h->cfg.clock.wall_ms(h->cfg.clock.ctx);
}
int64_t hand_boot_ns(const struct hand *h) {
    return h->cfg.clock.boot_ns(h->cfg.clock.ctx);
}
bool hand_is_dry(const struct hand *h) {
    return h->limits.dry_run || h->cfg.dry_lock;
}
int64_t hand_left_ms(const struct hand *h, const struct hand_block *b) {
    return (b->until_boot_ns - hand_boot_ns(h)) / NS_PER_MS;
}
const struct hand_counts *hand_counts_get(const struct hand *h) {
    return &h->counts;
}

void hand_note(struct hand *h, bool bad, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    h->cfg.note(h->cfg.ctx, bad, text);
}

struct hand_op hand_op_of(const struct hand *h, const struct hand_block *b) {
    int64_t left = hand_left_ms(h, b);
    left = MIN(MAX(left, 1000), (int64_t) BLOCK_MINUTES_MAX * 60000);
    return (struct hand_op){.net = b->net, .timeout_ms = left};
}

/* ---- life ---- */

int hand_new(const struct hand_config *cfg, struct hand_limits *take_limits, struct hand **ret,
             struct diag *reterr) {
    struct hand *h = mem_zalloc(sizeof *h);
    if (!h)
        return diag_set(reterr, -ENOMEM, "no memory for the hand");
    h->cfg = *cfg;
    hand_blocks_init(&h->blocks);
    hand_journal_init(&h->journal);
    map_init(&h->seen, HAND_SEEN_MAX, 0);
    arena_init(&h->arena, (size_t) 256 << 20);
    buf_init(&h->out, FRAME_BYTES_MAX);
    buf_init(&h->record, HAND_JOURNAL_RECORD_MAX);
    h->own = mem_zalloc_array(HAND_OWN_ADDRESSES_MAX, sizeof *h->own);
    h->added = mem_zalloc_array(HAND_NEVER_ADDED_MAX, sizeof *h->added);
    if (!h->own || !h->added ||
        hand_rate_resize(&h->block_rate, take_limits->blocks_per_minute) < 0 ||
        hand_rate_resize(&h->order_rate, take_limits->orders_per_minute) < 0) {
        hand_free(h);
        return diag_set(reterr, -ENOMEM, "no memory for the hand");
    }
    h->limits = *take_limits;
    *take_limits = (struct hand_limits){.dry_run = true};
    *ret = h;
    return 0;
}

void hand_free(struct hand *h) {
    if (!h)
        return;
    hand_limits_done(&h->limits);
    hand_blocks_done(&h->blocks);
    hand_journal_close(&h->journal);
    map_done(&h->seen);
    mem_free(h->added);
    mem_free(h->own);
    mem_free(h->block_rate.at_ns);
    mem_free(h->order_rate.at_ns);
    arena_done(&h->arena);
    buf_done(&h->out);
    buf_done(&h->record);
    mem_free(h);
}

void hand_set_limits(struct hand *h, struct hand_limits *take_limits) {
    hand_flush(h);
    if (hand_rate_resize(&h->block_rate, take_limits->blocks_per_minute) < 0 ||
        hand_rate_resize(&h->order_rate, take_limits->orders_per_minute) < 0) {
        hand_note(h, true, "no memory for the new limits; the old ones stay");
        hand_limits_done(take_limits);
        return;
    }
    hand_limits_done(&h->limits);
    h->limits = *take_limits;
    *take_limits = (struct hand_limits){.dry_run = true};
    hand_recheck(h);
}

static int rewrite_journal(struct hand *h, bool damaged, struct diag *reterr) {
    struct buf frames;
    buf_init(&frames, HAND_JOURNAL_BYTES_MAX);
    int r = hand_snapshot(h, &frames);
    if (r < 0)
        (void) diag_set(reterr, r, "cannot rewrite the journal: %s", err_word(r));
    else
        r = hand_journal_rewrite(&h->journal, buf_str(&frames), damaged, reterr);
    h->snapshot_bytes = frames.n;
    buf_done(&frames);
    return r;
}

int hand_start(struct hand *h, struct diag *reterr) {
    struct hand_journal_scan scan;
    struct hand_replaying p;
    hand_replay_begin(&p, h);
    int r = hand_journal_open(&h->journal, h->cfg.journal_path, hand_replay, &p, &scan, reterr);
    int e = hand_replay_end(&p);
    if (r >= 0 && e < 0)
        r = diag_set(reterr, e, "cannot read the journal: %s", err_word(e));
    if (r < 0)
        return r;
    if (scan.skipped_bytes)
        hand_note(h, true,
                  "the journal was damaged: %zu bytes could not be read, %zu records could; the "
                  "damaged file is kept beside it",
                  scan.skipped_bytes, scan.records);
    if (p.strange)
        hand_note(h, true, "the journal holds %zu records of a kind not known", p.strange);
    /* Rewritten before anything is done and again after: in between it already is whole. */
    if ((r = rewrite_journal(h, scan.skipped_bytes > 0, reterr)) < 0 ||
        (r = hand_reconcile(h, true, reterr)) < 0)
        return r;
    if (hand_own_refresh(h, reterr) < 0)
        hand_note(h, true, "%s; nothing is blocked until they can", reterr ? reterr->text : "");
    hand_recheck(h);
    h->next_recheck_ns = hand_boot_ns(h) + HAND_RECHECK_EVERY_MS * NS_PER_MS;
    h->next_drift_ns = hand_boot_ns(h) + HAND_DRIFT_EVERY_MS * NS_PER_MS;
    return rewrite_journal(h, false, reterr);
}

/* ---- endings ---- */

static int by_order(const void *pa, const void *pb) {
    const struct hand_block *a = *(struct hand_block *const *) pa,
                            *b = *(struct hand_block *const *) pb;
    int c = strcmp(a->order_id, b->order_id);
    return c ? c : ip_cmp(&a->net.ip, &b->net.ip);
}

void hand_forget_blocks(struct hand *h, struct hand_block **list, size_t n, const char *why) {
    struct diag d = {0};
    enum { NETS_A_RECORD = 4000 }; /* 50 bytes each, below HAND_JOURNAL_RECORD_MAX */
    if (!n)
        return;
    for (size_t from = 0; from < n; from += NETS_A_RECORD)
        hand_journal_add(&h->journal, hand_record_gone(h, list + from,
                                                       MIN(n - from, (size_t) NETS_A_RECORD), why));
    if (hand_journal_commit(&h->journal, &d) < 0)
        hand_note(h, true, "%s", d.text);
    qsort(list, n, sizeof *list, by_order);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && strcmp(list[to]->order_id, list[from]->order_id) == 0;)
            to++;
        hand_say_ended(h, list[from]->order_id, list + from, to - from, why);
        hand_note(h, false, "%zu blocks of order %s are over (%s)", to - from,
                  list[from]->order_id[0] ? list[from]->order_id : "none", why);
    }
    for (size_t i = 0; i < n; i++)
        hand_blocks_remove(&h->blocks, list[i]);
    h->counts.ended += n;
}

static void end_by_time(struct hand *h) {
    struct hand_block **list = NULL;
    size_t n = 0;
    LIST_FOR_EACH(it, &h->blocks.all) {
        struct hand_block *b = container_of(it, struct hand_block, all);
        if (hand_left_ms(h, b) > -HAND_END_SLACK_MS)
            continue;
        if (!list && !(list = mem_zalloc_array(h->blocks.n, sizeof(struct hand_block *))))
            return; /* the kernel has ended them; we say so at the next tick */
        list[n++] = b;
    }
    hand_forget_blocks(h, list, n, "time");
    mem_free(list);
}

/* ---- time ---- */

static void forget_orders(struct hand *h) {
    int64_t now = hand_wall_ms(h);
    struct str *gone = NULL;
    size_t n = 0;
    arena_reset(&h->arena);
    for (struct map_slot *s = NULL; (s = map_next(&h->seen, s));) {
        if ((int64_t) s->value.num > now)
            continue;
        if (!gone && !(gone = arena_alloc(&h->arena, h->seen.n * sizeof *gone)))
            return;
        gone[n] = arena_dup(&h->arena, s->key);
        if (!gone[n].p)
            break;
        h->horizon_ms = MAX(h->horizon_ms, (int64_t) s->value.num);
        n++;
    }
    for (size_t i = 0; i < n; i++)
        map_remove(&h->seen, gone[i]);
    size_t kept = 0;
    for (size_t i = 0; i < h->n_added; i++)
        if (h->added[i].until_ms > now)
            h->added[kept++] = h->added[i];
    h->n_added = kept;
}

static bool has_real_blocks(const struct hand *h) {
    LIST_FOR_EACH(it, &h->blocks.all)
    if (!container_of(it, struct hand_block, all)->dry)
        return true;
    return false;
}

static uint64_t own_mark(const struct hand *h) {
    return hash_fast(str_n((const char *) h->own, h->n_own * sizeof *h->own), h->n_own);
}

void hand_tick(struct hand *h) {
    struct diag d = {0};
    int64_t now = hand_boot_ns(h);
    hand_flush(h);
    end_by_time(h);
    if (now >= h->next_recheck_ns) {
        h->next_recheck_ns = now + HAND_RECHECK_EVERY_MS * NS_PER_MS;
        forget_orders(h);
        if (hand_own_refresh(h, &d) < 0)
            hand_note(h, true, "%s; nothing is blocked until they can", d.text);
        else if (own_mark(h) != h->own_mark)
            hand_recheck(h);
        h->own_mark = own_mark(h);
    }
    if (now >= h->next_drift_ns) {
        h->next_drift_ns = now + HAND_DRIFT_EVERY_MS * NS_PER_MS;
        if (has_real_blocks(h) && hand_reconcile(h, false, &d) < 0)
            hand_note(h, true, "cannot compare journal and kernel: %s", d.text);
    }
    if (h->journal.bytes > 4 * h->snapshot_bytes + ((size_t) 4 << 20) &&
        rewrite_journal(h, false, &d) < 0)
        hand_note(h, true, "%s", d.text);
}

int64_t hand_wait_ms(const struct hand *h) {
    int64_t now = hand_boot_ns(h);
    int64_t wait = MIN(h->next_recheck_ns, h->next_drift_ns) - now;
    wait = wait > 0 ? (wait + NS_PER_MS - 1) / NS_PER_MS : 0;
    LIST_FOR_EACH(it, &h->blocks.all) {
        const struct hand_block *b = container_of(it, struct hand_block, all);
        wait = MIN(wait, MAX(hand_left_ms(h, b) + HAND_END_SLACK_MS + 1, 0));
    }
    return MIN(wait, HAND_DRIFT_EVERY_MS);
}

int hand_clear(struct hand *h, struct diag *reterr) {
    hand_flush(h);
    int r = h->cfg.driver->clear(h->cfg.driver_ctx, reterr);
    if (r < 0)
        return r;
    struct hand_block **list = mem_zalloc_array(h->blocks.n + 1, sizeof(struct hand_block *));
    size_t n = 0;
    if (!list)
        return diag_set(reterr, -ENOMEM, "no memory for the list of blocks");
    LIST_FOR_EACH(it, &h->blocks.all)
    list[n++] = container_of(it, struct hand_block, all);
    hand_forget_blocks(h, list, n, "cleared");
    mem_free(list);
    return 0;
}
