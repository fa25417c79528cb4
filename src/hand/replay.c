/* The kinds of records in the journal, written and read here only.
 *
 *   order   an order that was heard: id, expiry, and which networks it is about to change (intent)
 *   done    the same order: ok or not; an order without it is in doubt and settled against the
 * kernel gone    networks that are no longer blocked, and why block, never, seen, state     the
 * same facts, as a rewritten journal states them
 *
 * until_boot and at_boot are nanoseconds of the machine's own clock and count only when `boot`
 * names the present start of the machine; after a reboot the wall clock decides, and never for
 * longer than ordered. */
#include "hand/hand_priv.h"

enum { RECORD_ARENA_MAX = 8 << 20 };

/* ---- writing ---- */

static void begin(struct hand *h, struct jsonw *w, const char *kind) {
    buf_clear(&h->record);
    jsonw_init(w, &h->record);
    jsonw_object(w);
    jsonw_kz(w, "k", kind);
}
static struct str end(struct hand *h, struct jsonw *w) {
    jsonw_end(w);
    return buf_error(&h->record) ? STR_NULL : buf_str(&h->record);
}
static void write_net(struct jsonw *w, const struct ip_prefix *net) {
    char z[IP_PREFIX_CAP];
    size_t n = ip_prefix_format(net, z);
    jsonw_str(w, str_n(z, n));
}

struct str hand_record_order(struct hand *h, const struct hand_task *t) {
    struct jsonw w;
    const struct hand_order *o = &t->order;
    int64_t span_ms = o->minutes * 60000, now = hand_wall_ms(h), boot = hand_boot_ns(h);
    begin(h, &w, "order");
    jsonw_kstr(&w, "id", o->id);
    jsonw_ki64(&w, "x", o->expires_ms);
    jsonw_kz(&w, "type", hand_order_type_to_string(o->type));
    jsonw_kbool(&w, "dry", o->dry_run || hand_is_dry(h));
    jsonw_kz(&w, "boot", h->cfg.boot_id);
    jsonw_ki64(&w, "at", now);
    jsonw_ki64(&w, "at_boot", boot);
    jsonw_ki64(&w, "until", now + span_ms);
    jsonw_ki64(&w, "until_boot", boot + span_ms * NS_PER_MS);
    jsonw_kstr(&w, "reason", o->reason);
    jsonw_kstr(&w, "rule", o->rule);
    jsonw_kstr(&w, "incident", o->incident);
    jsonw_key(&w, STR("nets"));
    jsonw_array(&w);
    for (size_t i = 0; i < t->n && t->why.code == HAND_ALLOWED; i++)
        if (t->results[i].act)
            write_net(&w, &t->results[i].net);
    jsonw_end(&w);
    return end(h, &w);
}

struct str hand_record_done(struct hand *h, const struct hand_task *t) {
    struct jsonw w;
    begin(h, &w, "done");
    jsonw_kstr(&w, "id", t->order.id);
    jsonw_kbool(&w, "ok", !t->failed);
    return end(h, &w);
}

struct str hand_record_gone(struct hand *h, struct hand_block *const *list, size_t n,
                            const char *why) {
    struct jsonw w;
    begin(h, &w, "gone");
    jsonw_kz(&w, "why", why);
    jsonw_ki64(&w, "at", hand_wall_ms(h));
    jsonw_key(&w, STR("nets"));
    jsonw_array(&w);
    for (size_t i = 0; i < n; i++)
        write_net(&w, &list[i]->net);
    jsonw_end(&w);
    return end(h, &w);
}

struct str hand_record_adopted(struct hand *h, const struct hand_block *b) {
    struct jsonw w;
    begin(h, &w, "block");
    jsonw_key(&w, STR("net"));
    write_net(&w, &b->net);
    jsonw_kz(&w, "id", b->order_id);
    jsonw_kbool(&w, "dry", b->dry);
    jsonw_kbool(&w, "unsure", b->unsure);
    jsonw_kz(&w, "boot", h->cfg.boot_id);
    jsonw_ki64(&w, "at", b->since_ms);
    jsonw_ki64(&w, "until", b->until_ms);
    jsonw_ki64(&w, "until_boot", b->until_boot_ns);
    jsonw_kz(&w, "reason", b->reason);
    jsonw_kz(&w, "rule", b->rule);
    jsonw_kz(&w, "incident", b->incident);
    return end(h, &w);
}

static void snapshot_state(struct hand *h, struct buf *out) {
    struct jsonw w;
    begin(h, &w, "state");
    jsonw_ki64(&w, "horizon", h->horizon_ms);
    jsonw_kz(&w, "boot", h->cfg.boot_id);
    jsonw_key(&w, STR("rate"));
    jsonw_array(&w);
    for (uint32_t i = 0; i < h->block_rate.n; i++)
        jsonw_i64(&w, h->block_rate.at_ns[(h->block_rate.head + i) % h->block_rate.max]);
    jsonw_end(&w);
    hand_journal_frame(out, end(h, &w));
}

static void snapshot_never(struct hand *h, struct buf *out, const struct hand_never *row) {
    struct jsonw w;
    begin(h, &w, "never");
    jsonw_key(&w, STR("net"));
    write_net(&w, &row->net);
    jsonw_ki64(&w, "until", row->until_ms);
    jsonw_kz(&w, "name", row->name);
    hand_journal_frame(out, end(h, &w));
}

int hand_snapshot(struct hand *h, struct buf *out) {
    struct jsonw w;
    snapshot_state(h, out);
    for (struct map_slot *s = NULL; (s = map_next(&h->seen, s));) {
        begin(h, &w, "seen");
        jsonw_kstr(&w, "id", s->key);
        jsonw_ki64(&w, "x", (int64_t) s->value.num);
        hand_journal_frame(out, end(h, &w));
    }
    for (size_t i = 0; i < h->n_added; i++)
        snapshot_never(h, out, &h->added[i]);
    LIST_FOR_EACH(it, &h->blocks.all)
    hand_journal_frame(out, hand_record_adopted(h, container_of(it, struct hand_block, all)));
    return buf_error(&h->record) ? buf_error(&h->record) : buf_error(out);
}

/* ---- reading ---- */

static int64_t get_i64(const struct json_value *o, const char *key) {
    int64_t v = 0;
    return json_get_i64(o, key, &v) ? v : 0;
}
static struct str get_str(const struct json_value *o, const char *key) {
    struct str s = STR_NULL;
    return json_get_str(o, key, &s) ? s : STR("");
}
static bool get_bool(const struct json_value *o, const char *key) {
    bool b = false;
    return json_get_bool(o, key, &b) && b;
}

static int remember(struct hand *h, const struct json_value *o) {
    struct str id = get_str(o, "id");
    union map_value *v;
    bool fresh;
    if (!id.n || id.n > HAND_ORDER_ID_MAX)
        return 0;
    int r = map_add(&h->seen, id, &v, &fresh);
    if (r == 0)
        v->num = (uint64_t) get_i64(o, "x");
    return r == -ERR_LIMIT ? 0 : r;
}

/* The machine's clock at the block's end, as far as it may be believed. */
static int64_t until_boot_ns(struct hand *h, const struct json_value *o) {
    int64_t at = get_i64(o, "at"), until = get_i64(o, "until");
    if (str_eq_z(get_str(o, "boot"), h->cfg.boot_id))
        return get_i64(o, "until_boot");
    int64_t left =
        MIN(until - hand_wall_ms(h), until - at); /* a clock set back lengthens nothing */
    left = MAX(MIN(left, (int64_t) BLOCK_MINUTES_MAX * 60000), 0);
    return hand_boot_ns(h) + left * NS_PER_MS;
}

static int put_block(struct hand *h, const struct json_value *o, const struct ip_prefix *net,
                     bool unsure) {
    struct hand_block *b = hand_blocks_find(&h->blocks, net);
    struct hand_op sane = {.net = *net, .timeout_ms = 1};
    if (!hand_op_sane(&sane))
        return 0;
    int r = b ? 0 : hand_blocks_add(&h->blocks, net, &b);
    if (r < 0)
        return r == -ERR_LIMIT ? 0 : r;
    b->dry = get_bool(o, "dry");
    b->unsure = unsure || get_bool(o, "unsure");
    b->since_ms = get_i64(o, "at");
    b->until_ms = get_i64(o, "until");
    b->until_boot_ns = until_boot_ns(h, o);
    hand_text_copy(b->order_id, sizeof b->order_id, get_str(o, "id"));
    hand_text_copy(b->reason, sizeof b->reason, get_str(o, "reason"));
    hand_text_copy(b->rule, sizeof b->rule, get_str(o, "rule"));
    hand_text_copy(b->incident, sizeof b->incident, get_str(o, "incident"));
    return 0;
}

static void drop_block(struct hand *h, const struct ip_prefix *net) {
    struct hand_block *b = hand_blocks_find(&h->blocks, net);
    if (b)
        hand_blocks_remove(&h->blocks, b);
}

static void put_never(struct hand *h, const struct ip_prefix *net, int64_t until_ms,
                      struct str name) {
    if (h->n_added == HAND_NEVER_ADDED_MAX || until_ms <= hand_wall_ms(h))
        return;
    struct hand_never *row = &h->added[h->n_added++];
    *row = (struct hand_never){.net = *net, .until_ms = until_ms};
    hand_text_copy(row->name, sizeof row->name, name);
}

/* What an order changed, now that it is known to be done (or, at the end of the journal, in doubt).
 */
static int apply(struct hand *h, const struct json_value *o, bool unsure) {
    const struct json_value *nets = json_get_array(o, "nets");
    struct str type = get_str(o, "type");
    bool same_boot = str_eq_z(get_str(o, "boot"), h->cfg.boot_id);
    int r = 0;
    for (const struct json_value *it = nets ? nets->first : NULL; it && r == 0; it = it->next) {
        struct ip_prefix net;
        if (it->type != JSON_STRING || ip_prefix_parse(it->text, &net) != 0)
            continue;
        struct hand_block *b = hand_blocks_find(&h->blocks, &net);
        if (str_eq_z(type, "block")) {
            r = put_block(h, o, &net, unsure);
            if (same_boot)
                hand_rate_add(&h->block_rate, get_i64(o, "at_boot"));
        } else if (str_eq_z(type, "unblock") && b && unsure) {
            b->leaving = true;
        } else if (str_eq_z(type, "unblock")) {
            drop_block(h, &net);
        } else if (str_eq_z(type, "never")) {
            put_never(h, &net, get_i64(o, "until"), get_str(o, "reason"));
        }
    }
    return r;
}

static int on_order(struct hand_replaying *p, const struct json_value *o, struct str payload) {
    struct str id = get_str(o, "id");
    const struct json_value *nets = json_get_array(o, "nets");
    int r = remember(p->h, o);
    if (r < 0 || !id.n || !nets || !nets->n) /* refused: only its id counts */
        return r;
    char *copy = str_dup(payload);
    if (!copy)
        return -ENOMEM;
    mem_free(map_get(&p->open, id));
    r = map_put(&p->open, id, copy);
    if (r < 0)
        mem_free(copy);
    return r == -ERR_LIMIT ? 0 : r;
}

static int apply_text(struct hand *h, const char *text, bool unsure) {
    struct arena a;
    struct json_value *o;
    arena_init(&a, RECORD_ARENA_MAX);
    int r = json_parse(&a, str_of(text), &o, NULL);
    r = r == -ENOMEM ? r : r < 0 || o->type != JSON_OBJECT ? 0 : apply(h, o, unsure);
    arena_done(&a);
    return r;
}

static int on_done(struct hand_replaying *p, const struct json_value *o, struct str payload) {
    struct str id = get_str(o, "id");
    char *text = map_get(&p->open, id);
    if (!text)
        return 0;
    map_remove(&p->open, id);
    int r = get_bool(o, "ok") ? apply_text(p->h, text, false) : 0;
    mem_free(text);
    return r;
}

static int on_gone(struct hand_replaying *p, const struct json_value *o, struct str payload) {
    const struct json_value *nets = json_get_array(o, "nets");
    for (const struct json_value *it = nets ? nets->first : NULL; it; it = it->next) {
        struct ip_prefix net;
        if (it->type == JSON_STRING && ip_prefix_parse(it->text, &net) == 0)
            drop_block(p->h, &net);
    }
    return 0;
}

static int on_block(struct hand_replaying *p, const struct json_value *o, struct str payload) {
    struct ip_prefix net;
    if (ip_prefix_parse(get_str(o, "net"), &net) != 0)
        return 0;
    return put_block(p->h, o, &net, false);
}

static int on_never(struct hand_replaying *p, const struct json_value *o, struct str payload) {
    struct ip_prefix net;
    if (ip_prefix_parse(get_str(o, "net"), &net) == 0)
        put_never(p->h, &net, get_i64(o, "until"), get_str(o, "name"));
    return 0;
}

static int on_seen(struct hand_replaying *p, const struct json_value *o, struct str payload) {
    return remember(p->h, o);
}

static int on_state(struct hand_replaying *p, const struct json_value *o, struct str payload) {
    const struct json_value *rate = json_get_array(o, "rate");
    int64_t v;
    p->h->horizon_ms = MAX(p->h->horizon_ms, get_i64(o, "horizon"));
    if (!str_eq_z(get_str(o, "boot"), p->h->cfg.boot_id))
        return 0;
    for (const struct json_value *it = rate ? rate->first : NULL; it; it = it->next)
        if (it->type == JSON_NUMBER && str_to_i64(it->text, &v) == 0)
            hand_rate_add(&p->h->block_rate, v);
    return 0;
}

static const struct kind {
    const char *name;
    int (*read)(struct hand_replaying *p, const struct json_value *o, struct str payload);
} kinds[] = {
    {"order", on_order}, {"done", on_done}, {"gone", on_gone},   {"block", on_block},
    {"never", on_never}, {"seen", on_seen}, {"state", on_state},
};

void hand_replay_begin(struct hand_replaying *p, struct hand *h) {
    *p = (struct hand_replaying){.h = h};
    map_init(&p->open, HAND_SEEN_MAX, 0);
}

/* One record. What cannot be read (a later version wrote it) is counted and passed over. */
int hand_replay(void *ctx, struct str payload) {
    struct hand_replaying *p = ctx;
    struct json_value *o;
    arena_reset(&p->h->arena);
    int r = json_parse(&p->h->arena, payload, &o, NULL);
    if (r == -ENOMEM)
        return r;
    struct str k = r < 0 ? STR_NULL : get_str(o, "k");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (str_eq_z(k, kinds[i].name))
            return kinds[i].read(p, o, payload);
    p->strange++;
    return 0;
}

/* Orders that were begun and of which nothing more is known. Only the last batch can be among them.
 */
int hand_replay_end(struct hand_replaying *p) {
    int r = 0;
    for (struct map_slot *s = NULL; (s = map_next(&p->open, s));) {
        if (r == 0)
            r = apply_text(p->h, s->value.ptr, true);
        mem_free(s->value.ptr);
    }
    map_done(&p->open);
    return r;
}
