/* What the journal of a driver says: each record holds one act whole, so the last one of an act counts and reading is
 * the same whichever records are missing. */
#include "base/limits.h"
#include "hand/deed_priv.h"

const char *const deed_state_words[DEED_STATE_MAX_] = {
    [DEED_INTENDED] = "intended", [DEED_IN_FORCE] = "standing", [DEED_LEAVING] = "leaving", [DEED_UNSURE] = "unsure"};

static void write_deed(const struct deed *x, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "r", "deed");
    jsonw_kstr(&w, "kind", x->kind->name);
    jsonw_kz(&w, "target", x->target);
    jsonw_kz(&w, "params", x->params);
    jsonw_kz(&w, "kept", x->kept);
    jsonw_ki64(&w, "since_ms", x->since_ms);
    jsonw_ki64(&w, "until_ms", x->until_ms);
    jsonw_ki64(&w, "until_boot_ns", x->until_boot_ns);
    jsonw_kz(&w, "boot", x->boot);
    jsonw_kz(&w, "state", deed_state_words[x->state]);
    jsonw_kz(&w, "why", x->why);
    jsonw_kz(&w, "order_id", x->order_id);
    jsonw_kz(&w, "reason", x->reason);
    jsonw_kz(&w, "incident", x->incident);
    jsonw_end(&w);
}

static void write_seen(struct str id, int64_t expires_ms, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "r", "seen");
    jsonw_kstr(&w, "id", id);
    jsonw_ki64(&w, "expires_ms", expires_ms);
    jsonw_end(&w);
}

static void read_text(const struct json_value *v, const char *key, char *dst, size_t cap) {
    struct str s = STR_NULL;
    (void) json_get_str(v, key, &s);
    hand_text_copy(dst, cap, s);
}

static int read_deed(struct deeds *h, const struct json_value *v, bool gone) {
    struct str kind = STR_NULL, target = STR_NULL, params = STR("{}"), kept = STR("{}"), state = STR_NULL;
    (void) json_get_str(v, "kind", &kind);
    (void) json_get_str(v, "target", &target);
    const struct deed_kind *k = deed_kind_find(h->cfg.driver, kind);
    struct deed *x = k ? deeds_find(h, k, target) : NULL;
    if (!k || gone) {
        if (!k)
            deeds_note(h, true, "the journal holds a '%.*s' this driver does not know; look at '%.*s' yourself",
                       STR_ARG(kind), STR_ARG(target));
        if (x)
            deeds_remove(h, x);
        return 0;
    }
    if (!x && !(x = deeds_add(h, k, target)))
        return -ENOMEM;
    (void) json_get_str(v, "params", &params);
    (void) json_get_str(v, "kept", &kept);
    (void) json_get_str(v, "state", &state);
    (void) json_get_i64(v, "since_ms", &x->since_ms);
    (void) json_get_i64(v, "until_ms", &x->until_ms);
    (void) json_get_i64(v, "until_boot_ns", &x->until_boot_ns);
    for (int s = 0; s < DEED_STATE_MAX_; s++)
        if (str_eq_z(state, deed_state_words[s]))
            x->state = (enum deed_state) s;
    read_text(v, "boot", x->boot, sizeof x->boot);
    read_text(v, "why", x->why, sizeof x->why);
    read_text(v, "order_id", x->order_id, sizeof x->order_id);
    read_text(v, "reason", x->reason, sizeof x->reason);
    read_text(v, "incident", x->incident, sizeof x->incident);
    return deed_set_text(&x->params, params) < 0 || deed_set_text(&x->kept, kept) < 0 ? -ENOMEM : 0;
}

static int read_seen(struct deeds *h, const struct json_value *v) {
    union map_value *value;
    struct str id = STR_NULL;
    int64_t at = 0;
    if (!json_get_str(v, "id", &id) || !json_get_i64(v, "expires_ms", &at))
        return 0;
    h->horizon_ms = MAX(h->horizon_ms, id.n ? 0 : at);
    if (!id.n || at <= deeds_wall_ms(h)) {
        h->horizon_ms = MAX(h->horizon_ms, at);
        return 0;
    }
    if (map_add(&h->seen, id, &value, NULL) < 0)
        return -ENOMEM;
    value->num = (uint64_t) at;
    return 0;
}

static int replay(void *ctx, struct str payload) {
    struct deeds *h = ctx;
    struct json_value *v;
    struct str r = STR_NULL;
    struct arena_mark m = arena_mark(&h->arena);
    int e = json_parse(&h->arena, payload, &v, NULL);
    if (e == 0 && json_get_str(v, "r", &r))
        e = str_eq_z(r, "seen") ? read_seen(h, v) : read_deed(h, v, str_eq_z(r, "gone"));
    arena_rewind(&h->arena, m);
    return e == -ENOMEM ? e : 0;
}

static int rewrite(struct deeds *h, bool keep_old, struct diag *err) {
    struct buf frames, one;
    char horizon_id[1] = "";
    buf_init(&frames, HAND_JOURNAL_BYTES_MAX);
    buf_init(&one, HAND_JOURNAL_RECORD_MAX);
    write_seen(str_n(horizon_id, 0), h->horizon_ms, &one);
    hand_journal_frame(&frames, buf_str(&one));
    for (struct map_slot *s = NULL; (s = map_next(&h->seen, s));) { /* order does not matter when it is read */
        buf_clear(&one);
        write_seen(s->key, (int64_t) s->value.num, &one);
        hand_journal_frame(&frames, buf_str(&one));
    }
    for (size_t i = 0; i < h->n; i++) {
        buf_clear(&one);
        write_deed(h->rows[i], &one);
        hand_journal_frame(&frames, buf_str(&one));
    }
    int e = buf_error(&frames) ? diag_set(err, buf_error(&frames), "the journal grew too large")
                               : hand_journal_rewrite(&h->journal, buf_str(&frames), keep_old, err);
    h->snapshot_bytes = h->journal.bytes;
    buf_done(&frames);
    buf_done(&one);
    return e;
}

int deeds_journal_open(struct deeds *h, struct diag *reterr) {
    struct hand_journal_scan scan = {0};
    int e = hand_journal_open(&h->journal, h->cfg.journal_path, replay, h, &scan, reterr);
    if (e < 0)
        return e;
    if (scan.skipped_bytes)
        deeds_note(h, true, "%zu damaged bytes of the journal were passed over; the file is kept", scan.skipped_bytes);
    return rewrite(h, scan.skipped_bytes > 0, reterr);
}

static int add(struct deeds *h, struct str payload, int error, struct diag *err) {
    if (error < 0)
        return diag_set(err, error, "a record of the journal is too long");
    hand_journal_add(&h->journal, payload);
    int e = hand_journal_commit(&h->journal, err);
    if (e == 0 && h->journal.bytes > 2 * h->snapshot_bytes + (1u << 20))
        e = rewrite(h, false, err);
    return e;
}

int deeds_journal_deed(struct deeds *h, const struct deed *x, struct diag *reterr) {
    struct buf b;
    buf_init(&b, HAND_JOURNAL_RECORD_MAX);
    write_deed(x, &b);
    int e = add(h, buf_str(&b), buf_error(&b), reterr);
    buf_done(&b);
    return e;
}

int deeds_journal_gone(struct deeds *h, const struct deed *x, struct diag *reterr) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, HAND_JOURNAL_RECORD_MAX);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "r", "gone");
    jsonw_kstr(&w, "kind", x->kind->name);
    jsonw_kz(&w, "target", x->target);
    jsonw_end(&w);
    int e = add(h, buf_str(&b), buf_error(&b), reterr);
    buf_done(&b);
    return e;
}

int deeds_journal_seen(struct deeds *h, struct str id, int64_t expires_ms, struct diag *reterr) {
    struct buf b;
    buf_init(&b, HAND_JOURNAL_RECORD_MAX);
    write_seen(id, expires_ms, &b);
    int e = add(h, buf_str(&b), buf_error(&b), reterr);
    buf_done(&b);
    return e;
}
