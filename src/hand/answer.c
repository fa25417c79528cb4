/* What the hand says to the room (docs/hand.md lists the messages). */
#include "hand/hand_priv.h"

static const char *const state_words[] = {
    [RESULT_BLOCKED] = "blocked",     [RESULT_DRY_RUN] = "dry_run", [RESULT_REFUSED] = "refused",
    [RESULT_UNBLOCKED] = "unblocked", [RESULT_ALREADY] = "already", [RESULT_ADDED] = "added",
};

enum { PART_BYTES = 512 * 1024, PART_ADDRESSES = 5000 }; /* well below FRAME_BYTES_MAX */

static void say(struct hand *h, void *who) {
    if (buf_error(&h->out) == 0)
        h->cfg.say(h->cfg.ctx, who, buf_str(&h->out));
    else
        hand_note(h, true, "an answer was too long to be sent");
    buf_clear(&h->out);
}

static void write_reason(struct jsonw *w, const struct hand_reason *why) {
    if (why->code == HAND_ALLOWED)
        jsonw_kz(w, "reason", NULL);
    else
        jsonw_kz(w, "reason", hand_refusal_to_string(why->code));
    jsonw_kstr(w, "text", str_of(why->text));
}

static void default_text(const struct hand *h, const struct hand_task *t,
                         const struct hand_result *res, struct hand_reason *text) {
    char at[TIME_ISO_CAP];
    *text = res->why;
    if (text->text[0])
        return;
    time_format_iso(res->until_ms * NS_PER_MS, 0, at);
    size_t cap = sizeof text->text;
    switch (res->state) {
    case RESULT_BLOCKED:
        snprintf(text->text, cap, "blocked until %s", at);
        break;
    case RESULT_DRY_RUN:
        snprintf(text->text, cap, "allowed; nothing was changed, because %s",
                 t->order.dry_run ? "the order is a dry run" : "the hand is in dry-run");
        break;
    case RESULT_UNBLOCKED:
        snprintf(text->text, cap, "the block was lifted");
        break;
    case RESULT_ALREADY:
        snprintf(text->text, cap, "blocked already, until %s", at);
        break;
    case RESULT_ADDED:
        snprintf(text->text, cap, "never blocked until %s", at);
        break;
    case RESULT_REFUSED:
        break;
    }
}

static void write_result(const struct hand *h, struct jsonw *w, const struct hand_task *t,
                         const struct hand_result *res) {
    struct hand_reason text;
    bool whole = t->why.code != HAND_ALLOWED;
    bool ok = !whole && res->state != RESULT_REFUSED;
    jsonw_object(w);
    jsonw_kstr(w, "address", res->address);
    jsonw_kbool(w, "ok", ok);
    jsonw_kz(w, "state", state_words[whole ? RESULT_REFUSED : res->state]);
    if (whole) {
        write_reason(w, &t->why);
    } else {
        default_text(h, t, res, &text);
        write_reason(w, &text);
    }
    jsonw_key(w, STR("until_ms"));
    if (ok && res->until_ms)
        jsonw_i64(w, res->until_ms);
    else
        jsonw_null(w);
    jsonw_end(w);
}

static bool all_ok(const struct hand_task *t) {
    for (size_t i = 0; i < t->n; i++)
        if (t->results[i].state == RESULT_REFUSED)
            return false;
    return t->why.code == HAND_ALLOWED;
}

static void write_head(struct jsonw *w, const struct hand_task *t) {
    jsonw_object(w);
    if (t->order.id.n)
        jsonw_kstr(w, "order_id", t->order.id);
    else
        jsonw_kz(w, "order_id", NULL);
    jsonw_kbool(w, "ok", all_ok(t));
    write_reason(w, &t->why);
}

void hand_answer(struct hand *h, const struct hand_task *t) {
    struct jsonw w;
    if (t->dropped)
        return;
    buf_clear(&h->out);
    jsonw_init(&w, &h->out);
    write_head(&w, t);
    jsonw_key(&w, STR("results"));
    jsonw_array(&w);
    for (size_t i = 0; i < t->n; i++)
        write_result(h, &w, t, &t->results[i]);
    jsonw_end(&w);
    jsonw_end(&w);
    say(h, t->who);
}

static void write_block(struct jsonw *w, const struct hand_block *b) {
    char z[IP_PREFIX_CAP];
    size_t n = hand_net_format(&b->net, z);
    jsonw_object(w);
    jsonw_kstr(w, "address", str_n(z, n));
    jsonw_kz(w, "order_id", b->order_id[0] ? b->order_id : NULL);
    jsonw_ki64(w, "since_ms", b->since_ms);
    jsonw_ki64(w, "until_ms", b->until_ms);
    jsonw_ku64(w, "packets", b->packets);
    jsonw_ku64(w, "bytes", b->bytes);
    jsonw_kbool(w, "dry_run", b->dry);
    jsonw_kz(w, "reason", b->reason);
    jsonw_kz(w, "rule", b->rule);
    jsonw_kz(w, "incident", b->incident);
    jsonw_end(w);
}

static void write_limits(const struct hand *h, struct jsonw *w) {
    const struct hand_limits *l = &h->limits;
    jsonw_key(w, STR("limits"));
    jsonw_object(w);
    jsonw_kbool(w, "dry_run", hand_is_dry(h));
    jsonw_kz(w, "driver", h->cfg.driver->name);
    jsonw_ku64(w, "prefix4_min", l->prefix4_min);
    jsonw_ku64(w, "prefix6_min", l->prefix6_min);
    jsonw_ku64(w, "minutes_max", l->minutes_max);
    jsonw_ku64(w, "blocks_per_minute", l->blocks_per_minute);
    jsonw_ku64(w, "blocks_max", l->blocks_max);
    jsonw_ku64(w, "addresses_per_order", l->addresses_per_order);
    jsonw_ku64(w, "never", l->n_never + h->n_added);
    jsonw_end(w);
}

/* A long list comes in several messages; all but the last say "more": true. */
void hand_say_list(struct hand *h, const struct hand_task *t) {
    struct list *it = h->blocks.all.next;
    struct jsonw w;
    if (t->dropped)
        return;
    do {
        buf_clear(&h->out);
        jsonw_init(&w, &h->out);
        write_head(&w, t);
        write_limits(h, &w);
        jsonw_key(&w, STR("blocks"));
        jsonw_array(&w);
        for (; it != &h->blocks.all && h->out.n < PART_BYTES; it = it->next) {
            const struct hand_block *b = container_of(it, struct hand_block, all);
            if (hand_left_ms(h, b) > 0) /* else over: hand_tick is about to say so */
                write_block(&w, b);
        }
        jsonw_end(&w);
        jsonw_kbool(&w, "more", it != &h->blocks.all);
        jsonw_end(&w);
        say(h, t->who);
    } while (it != &h->blocks.all);
}

void hand_say_ended(struct hand *h, const char *order_id, struct hand_block *const *list, size_t n,
                    const char *why) {
    struct jsonw w;
    for (size_t from = 0; from < n; from += PART_ADDRESSES) {
        buf_clear(&h->out);
        jsonw_init(&w, &h->out);
        jsonw_object(&w);
        jsonw_kz(&w, "event", "ended");
        jsonw_kz(&w, "order_id", order_id[0] ? order_id : NULL);
        jsonw_kz(&w, "why", why);
        jsonw_key(&w, STR("addresses"));
        jsonw_array(&w);
        for (size_t i = from; i < n && i < from + PART_ADDRESSES; i++) {
            char z[IP_PREFIX_CAP];
            size_t len = hand_net_format(&list[i]->net, z);
            jsonw_str(&w, str_n(z, len));
        }
        jsonw_end(&w);
        jsonw_end(&w);
        say(h, NULL);
    }
}

static void write_nets(struct jsonw *w, const char *key, const struct ip_prefix *nets, size_t n) {
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    for (size_t i = 0; i < MIN(n, (size_t) PART_ADDRESSES); i++) {
        char z[IP_PREFIX_CAP];
        size_t len = hand_net_format(&nets[i], z);
        jsonw_str(w, str_n(z, len));
    }
    jsonw_end(w);
}

void hand_say_drift(struct hand *h, const struct ip_prefix *missing, size_t n_missing,
                    const struct ip_prefix *unknown, size_t n_unknown, size_t restored) {
    struct jsonw w;
    buf_clear(&h->out);
    jsonw_init(&w, &h->out);
    jsonw_object(&w);
    jsonw_kz(&w, "event", "drift");
    write_nets(&w, "missing", missing, n_missing);
    write_nets(&w, "unknown", unknown, n_unknown);
    jsonw_ku64(&w, "restored", restored);
    jsonw_end(&w);
    say(h, NULL);
}
