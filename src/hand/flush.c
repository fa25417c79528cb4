/* From note to answer: orders of one type gather into a batch, which is written down, carried out
 * in one transaction and written down again. */
#include "hand/hand_priv.h"

#include "base/limits.h"

/* ---- taking ---- */

static struct hand_task *new_task(struct hand *h, struct str note, void *who) {
    struct hand_task *t = arena_zalloc(&h->arena, sizeof *t);
    struct str mine = arena_dup(&h->arena, note); /* the order's texts are slices of it */
    struct diag d = {0};
    struct str text;
    if (!t || !mine.p)
        return NULL;
    t->who = who;
    int r = sign_open_note(&h->cfg.room, SIGN_ORDER, mine, &text, &d);
    if (r < 0) {
        hand_refuse(&t->why, r == -ERR_PARSE ? HAND_NO_NOTE : HAND_BAD_SIGNATURE,
                    "the note is not the room's: %s", d.text);
        return r == -ENOMEM ? NULL : t;
    }
    t->signed_ = true;
    r = hand_order_parse(&h->arena, text, &t->order, &t->why);
    if (r == -ENOMEM)
        return NULL;
    t->n = t->order.n_addresses;
    t->results = arena_zalloc(&h->arena, (t->n + 1) * sizeof *t->results);
    for (size_t i = 0; t->results && i < t->n; i++)
        t->results[i].address = t->order.addresses[i];
    return t->results ? t : NULL;
}

/* Orders of different types never share a batch, so that each type sees what the one before it did.
 */
int hand_take(struct hand *h, struct str note, void *who) {
    h->counts.notes++;
    if (!h->first)
        arena_reset(&h->arena);
    struct hand_task *t = new_task(h, note, who);
    if (!t)
        return -ENOMEM;
    if (h->first &&
        (h->first->order.type != t->order.type || h->n_tasks >= HAND_BATCH_ORDERS_MAX)) {
        hand_flush(h);
        arena_reset(&h->arena);
        if (!(t = new_task(h, note, who)))
            return -ENOMEM;
    }
    if (t->why.code == HAND_ALLOWED)
        hand_judge(h, t);
    if (h->last)
        h->last->next = t;
    else
        h->first = t;
    h->last = t;
    h->n_tasks++;
    return t->signed_;
}

void hand_drop_peer(struct hand *h, void *who) {
    for (struct hand_task *t = h->first; t; t = t->next)
        if (t->who == who)
            t->dropped = true;
}

/* ---- carrying out ---- */

typedef int driver_fn(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr);

/* The operations of one order, or of all (only NULL), of the real or the dry kind. */
static struct hand_op *collect(struct hand *h, const struct hand_task *only, bool dry,
                               size_t *ret_n) {
    size_t n = 0;
    for (const struct hand_task *t = h->first; t; t = t->next)
        n += t->n;
    struct hand_op *ops = arena_alloc(&h->arena, (n + 1) * sizeof *ops);
    *ret_n = 0;
    for (const struct hand_task *t = only ? only : h->first; ops && t; t = only ? NULL : t->next)
        for (size_t i = 0; i < t->n; i++) {
            const struct hand_result *res = &t->results[i];
            const struct hand_block *b = res->act ? hand_blocks_find(&h->blocks, &res->net) : NULL;
            if (b && b->dry == dry && !t->failed)
                ops[(*ret_n)++] = hand_op_of(h, b);
        }
    return ops;
}

static int drive(struct hand *h, const struct hand_task *only, bool dry, driver_fn *fn,
                 struct diag *d) {
    size_t n;
    struct hand_op *ops = collect(h, only, dry, &n);
    if (!ops)
        return diag_set(d, -ENOMEM, "no memory for the transaction");
    return n ? fn(h->cfg.driver_ctx, ops, n, d) : 0;
}

static int drive_both(struct hand *h, const struct hand_task *only, struct diag *d) {
    const struct hand_driver *drv = h->cfg.driver;
    int r = drive(h, only, false, drv->block, d);
    return r < 0 ? r : drive(h, only, true, drv->check, d);
}

static void take_back_block(struct hand *h, const struct hand_result *res) {
    struct hand_block *b = hand_blocks_find(&h->blocks, &res->net);
    const struct hand_before *was = &res->before;
    if (!b)
        return;
    if (!was->existed) {
        hand_blocks_remove(&h->blocks, b);
        return;
    }
    b->dry = was->dry;
    b->unsure = false;
    b->since_ms = was->since_ms;
    b->until_ms = was->until_ms;
    b->until_boot_ns = was->until_boot_ns;
    memcpy(b->order_id, was->order_id, sizeof b->order_id);
}

/* Refuses everything of the order that was to be done. */
static void fail(struct hand *h, struct hand_task *t, enum hand_refusal code, const char *text) {
    for (size_t i = t->n; i-- > 0;) {
        struct hand_result *res = &t->results[i];
        if (!res->act)
            continue;
        if (t->order.type == HAND_BLOCK)
            take_back_block(h, res);
        res->act = false;
        res->state = RESULT_REFUSED;
        hand_refuse(&res->why, code, "%s", text);
    }
    t->failed = true;
}

/* Last order first: where two orders changed one block, the first one knows what was before. */
static void fail_from(struct hand *h, struct hand_task *t, enum hand_refusal code,
                      const char *text) {
    if (!t)
        return;
    fail_from(h, t->next, code, text);
    fail(h, t, code, text);
}

/* "Already blocked" said of a block that was then taken back is no longer true. */
static void correct_already(struct hand *h, const char *text) {
    for (struct hand_task *t = h->first; t; t = t->next)
        for (size_t i = 0; i < t->n; i++) {
            struct hand_result *res = &t->results[i];
            if (res->state != RESULT_ALREADY || hand_blocks_find(&h->blocks, &res->net) ||
                hand_blocks_covering(&h->blocks, &res->net))
                continue;
            res->state = RESULT_REFUSED;
            hand_refuse(&res->why, HAND_DRIVER_FAILED, "%s", text);
        }
}

static bool any_act(const struct hand_task *t) {
    for (size_t i = 0; i < t->n; i++)
        if (t->results[i].act)
            return true;
    return false;
}

static void settle_blocks(struct hand *h) {
    for (struct hand_task *t = h->first; t; t = t->next)
        for (size_t i = 0; i < t->n; i++) {
            struct hand_block *b =
                t->results[i].act ? hand_blocks_find(&h->blocks, &t->results[i].net) : NULL;
            if (b)
                b->unsure = false;
        }
}

static void carry_out_blocks(struct hand *h) {
    struct diag d = {0};
    int r = drive_both(h, NULL, &d);
    if (r < 0 && !hand_is_dry(h)) {
        /* Most often somebody flushed the rules: put the table back, then once more. */
        struct diag again = {0};
        if (hand_reconcile(h, false, &again) == 0)
            r = drive_both(h, NULL, &d);
    }
    for (struct hand_task *t = h->first; r < 0 && h->n_tasks > 1 && t; t = t->next)
        if (any_act(t) && drive_both(h, t, &d) < 0) /* one bad order must not fail the others */
            fail(h, t, HAND_DRIVER_FAILED, d.text);
    if (r < 0 && h->n_tasks == 1)
        fail(h, h->first, HAND_DRIVER_FAILED, d.text);
    if (r < 0) {
        correct_already(h, d.text);
        hand_note(h, true, "blocking failed: %s", d.text);
    }
    settle_blocks(h);
}

static void carry_out_unblocks(struct hand *h) {
    struct diag d = {0};
    if (drive(h, NULL, false, h->cfg.driver->unblock, &d) < 0) {
        fail_from(h, h->first, HAND_DRIVER_FAILED, d.text);
        hand_note(h, true, "unblocking failed: %s", d.text);
        return;
    }
    for (struct hand_task *t = h->first; t; t = t->next)
        for (size_t i = 0; i < t->n; i++) {
            struct hand_block *b =
                t->results[i].act ? hand_blocks_find(&h->blocks, &t->results[i].net) : NULL;
            if (!b)
                continue;
            hand_blocks_remove(&h->blocks, b);
            h->counts.unblocked++;
        }
}

static void carry_out_nevers(struct hand *h) {
    for (struct hand_task *t = h->first; t; t = t->next)
        for (size_t i = 0; i < t->n; i++) {
            struct hand_result *res = &t->results[i];
            if (!res->act)
                continue;
            if (h->n_added == HAND_NEVER_ADDED_MAX) {
                res->act = false;
                res->state = RESULT_REFUSED;
                hand_refuse(&res->why, HAND_TOO_MANY_ADDRESSES,
                            "the room has added %d addresses already, the most that may be",
                            HAND_NEVER_ADDED_MAX);
                continue;
            }
            struct hand_never *row = &h->added[h->n_added++];
            *row = (struct hand_never){.net = res->net, .until_ms = res->until_ms};
            hand_text_copy(row->name, sizeof row->name, t->order.reason);
        }
}

static void carry_out_list(struct hand *h) {
    struct diag d = {0};
    if (hand_reconcile(h, false, &d) < 0)
        hand_note(h, true, "cannot read the counters: %s", d.text);
}

static void (*const carry_out[HAND_ORDER_TYPE_MAX_])(struct hand *h) = {
    [HAND_BLOCK] = carry_out_blocks,
    [HAND_UNBLOCK] = carry_out_unblocks,
    [HAND_NEVER] = carry_out_nevers,
    [HAND_LIST] = carry_out_list,
};

/* ---- writing down and answering ---- */

static int write_intents(struct hand *h, struct diag *d) {
    for (const struct hand_task *t = h->first; t; t = t->next) {
        if (!t->remember)
            continue;
        struct str record = hand_record_order(h, t);
        if (!record.p) {
            hand_journal_forget(&h->journal);
            return diag_set(d, -ERR_LIMIT, "the order is too long for the journal");
        }
        hand_journal_add(&h->journal, record);
    }
    return hand_journal_commit(&h->journal, d);
}

static void write_results(struct hand *h) {
    struct diag d = {0};
    for (const struct hand_task *t = h->first; t; t = t->next)
        if (t->remember && (any_act(t) || t->failed))
            hand_journal_add(&h->journal, hand_record_done(h, t));
    if (hand_journal_commit(&h->journal, &d) < 0)
        hand_note(h, true, "%s; what was done is found again in the kernel", d.text);
}

static void count_and_note(struct hand *h, const struct hand_task *t) {
    size_t by_state[RESULT_ADDED + 1] = {0};
    const struct hand_reason *first = NULL;
    for (size_t i = 0; i < t->n; i++) {
        by_state[t->results[i].state]++;
        if (!first && t->results[i].state == RESULT_REFUSED)
            first = &t->results[i].why;
    }
    if (t->why.code != HAND_ALLOWED) {
        h->counts.refused_orders++;
        hand_note(h, true, "refused an order (%s): %s", hand_refusal_to_string(t->why.code),
                  t->why.text);
        return;
    }
    h->counts.refused_addresses += by_state[RESULT_REFUSED];
    h->counts.blocked += by_state[RESULT_BLOCKED];
    if (t->order.type == HAND_LIST)
        return;
    hand_note(
        h, first != NULL,
        "order %.*s (%s, rule %.*s): blocked %zu, dry-run %zu, lifted %zu, already %zu, added "
        "%zu, refused %zu%s%s",
        STR_ARG(t->order.id), hand_order_type_to_string(t->order.type), STR_ARG(t->order.rule),
        by_state[RESULT_BLOCKED], by_state[RESULT_DRY_RUN], by_state[RESULT_UNBLOCKED],
        by_state[RESULT_ALREADY], by_state[RESULT_ADDED], by_state[RESULT_REFUSED],
        first ? ": " : "", first ? first->text : "");
}

static void answer_all(struct hand *h) {
    for (const struct hand_task *t = h->first; t; t = t->next) {
        count_and_note(h, t);
        if (t->order.type == HAND_LIST && t->why.code == HAND_ALLOWED && t->order.id.n)
            hand_say_list(h, t);
        else
            hand_answer(h, t);
    }
}

static bool any_accepted(const struct hand *h) {
    for (const struct hand_task *t = h->first; t; t = t->next)
        if (t->why.code == HAND_ALLOWED)
            return true;
    return false;
}

void hand_flush(struct hand *h) {
    struct diag d = {0};
    if (!h->first || h->flushing)
        return;
    h->flushing = true;
    if (write_intents(h, &d) < 0) {
        hand_note(h, true, "%s; nothing is done that cannot be written down", d.text);
        fail_from(h, h->first, HAND_JOURNAL_FAILED, d.text);
        correct_already(h, d.text);
    } else if (any_accepted(h)) { /* a refused order costs no run of nft */
        carry_out[h->first->order.type](h);
        write_results(h);
    }
    answer_all(h);
    bool never = h->first->order.type == HAND_NEVER;
    h->first = h->last = NULL;
    h->n_tasks = 0;
    h->flushing = false;
    if (never)
        hand_recheck(h);
}
