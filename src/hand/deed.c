#include "hand/deed_priv.h"

#include "base/limits.h"

#include <inttypes.h>
#include <stdarg.h>

enum { LOOK_EVERY_MS = 60000, UNDO_AGAIN_MS = 30000, WAIT_MS_MAX = 5000 };

/* ---- small things ---- */

int64_t deeds_wall_ms(const struct deeds *h) {
    return h->cfg.clock.wall_ms(h->cfg.clock.ctx);
}
int64_t deeds_boot_ns(const struct deeds *h) {
    return h->cfg.clock.boot_ns(h->cfg.clock.ctx);
}
void deeds_note(struct deeds *h, bool bad, const char *fmt, ...) {
    char text[900];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    h->cfg.note(h->cfg.ctx, bad, text);
}

int deed_set_text(char **dst, struct str s) {
    char *fresh = str_dup(s);
    if (!fresh)
        return -ENOMEM;
    mem_free(*dst);
    *dst = fresh;
    return 0;
}

struct deed *deeds_find(const struct deeds *h, const struct deed_kind *kind, struct str target) {
    for (size_t i = 0; i < h->n; i++)
        if (h->rows[i]->kind == kind && str_eq_z(target, h->rows[i]->target))
            return h->rows[i];
    return NULL;
}

static void deed_free(struct deed *x) {
    mem_free(x->target);
    mem_free(x->params);
    mem_free(x->kept);
    mem_free(x);
}

struct deed *deeds_add(struct deeds *h, const struct deed_kind *kind, struct str target) {
    struct deed *x = mem_zalloc(sizeof *x);
    void *rows = h->rows;
    if (!x)
        return NULL;
    x->kind = kind;
    snprintf(x->boot, sizeof x->boot, "%s", h->cfg.boot_id);
    if (deed_set_text(&x->target, target) < 0 || deed_set_text(&x->params, STR("{}")) < 0 ||
        deed_set_text(&x->kept, STR("{}")) < 0 ||
        mem_grow(&rows, &h->cap, h->n + 1, DEED_IN_FORCE_MAX, sizeof *h->rows) < 0) {
        deed_free(x);
        return NULL;
    }
    h->rows = rows;
    h->rows[h->n++] = x;
    return x;
}

void deeds_remove(struct deeds *h, struct deed *x) {
    for (size_t i = 0; i < h->n; i++)
        if (h->rows[i] == x) {
            memmove(h->rows + i, h->rows + i + 1, (h->n - i - 1) * sizeof *h->rows);
            h->n--;
            deed_free(x);
            return;
        }
}

int deeds_new(const struct deeds_config *cfg, struct deeds **ret, struct diag *reterr) {
    struct deeds *h = mem_zalloc(sizeof *h);
    if (!h)
        return diag_set(reterr, -ENOMEM, "no memory for the hand");
    h->cfg = *cfg;
    hand_journal_init(&h->journal);
    map_init(&h->seen, HAND_SEEN_MAX, 0);
    arena_init(&h->arena, DEED_ARENA_MAX);
    buf_init(&h->out, FRAME_BYTES_MAX);
    if (hand_rate_resize(&h->order_rate, (uint32_t) cfg->driver->orders_per_minute) < 0 ||
        hand_rate_resize(&h->act_rate, (uint32_t) cfg->driver->per_minute) < 0) {
        deeds_free(h);
        return diag_set(reterr, -ENOMEM, "no memory for the hand");
    }
    *ret = h;
    return 0;
}

void deeds_free(struct deeds *h) {
    if (!h)
        return;
    for (size_t i = 0; i < h->n; i++)
        deed_free(h->rows[i]);
    mem_free(h->rows);
    mem_free(h->order_rate.at_ns);
    mem_free(h->act_rate.at_ns);
    hand_journal_close(&h->journal);
    map_done(&h->seen);
    arena_done(&h->arena);
    buf_done(&h->out);
    mem_free(h);
}

/* ---- one verb of one act */

static int run(struct deeds *h, struct deed *x, enum deed_verb verb, struct diag *d) {
    struct buf kept;
    buf_init(&kept, HAND_JOURNAL_RECORD_MAX / 4);
    buf_add_z(&kept, x->kept);
    int e = h->cfg.run(h->cfg.ctx, verb, x->kind->name, str_of(x->target), str_of(x->params), &kept, d);
    if (e == 0 && buf_error(&kept) == 0 && deed_set_text(&x->kept, buf_str(&kept)) < 0)
        e = diag_set(d, -ENOMEM, "memory has run out");
    buf_done(&kept);
    return e;
}

static void look(struct deeds *h, struct deed *x, struct diag *d) {
    x->effect = run(h, x, DEED_STANDING, d) == 0;
    x->looked_ms = deeds_wall_ms(h);
    x->next_ns = deeds_boot_ns(h) + LOOK_EVERY_MS * NS_PER_MS;
}

static bool dry(const struct deeds *h) {
    return h->cfg.driver->dry_run || h->cfg.dry_lock;
}

static void say(struct deeds *h, void *who) {
    if (buf_error(&h->out) == 0)
        h->cfg.say(h->cfg.ctx, who, buf_str(&h->out));
    else
        deeds_note(h, true, "an answer was too long to be sent");
    buf_clear(&h->out);
}

static void say_event(struct deeds *h, const struct deed *x, const char *event, const char *why, const char *text) {
    struct jsonw w;
    buf_clear(&h->out);
    jsonw_init(&w, &h->out);
    jsonw_object(&w);
    jsonw_kz(&w, "event", event);
    jsonw_kz(&w, "driver", h->cfg.driver->name);
    jsonw_kstr(&w, "kind", x->kind->name);
    jsonw_kz(&w, "order_id", x->order_id);
    jsonw_kz(&w, "why", why);
    jsonw_kz(&w, "text", text);
    jsonw_key(&w, STR("addresses"));
    jsonw_array(&w);
    jsonw_str(&w, str_of(x->target));
    jsonw_end(&w);
    jsonw_end(&w);
    say(h, NULL);
}

/* Undoes; gone when the undoing went well and its effect is seen (where the template can look). */
static int leave(struct deeds *h, struct deed *x, const char *why, bool tell, struct diag *d) {
    struct diag mine = {0};
    d = d ? d : &mine;
    snprintf(x->why, sizeof x->why, "%s", why);
    x->state = DEED_LEAVING;
    int e = deeds_journal_deed(h, x, d);
    if (e == 0)
        e = run(h, x, DEED_UNDO, d);
    if (e == 0)
        e = run(h, x, DEED_GONE, d);
    if (e == 0)
        e = deeds_journal_gone(h, x, d);
    if (e < 0) {
        bool first = x->next_ns == 0 || x->looked_ms >= 0;
        x->next_ns = deeds_boot_ns(h) + UNDO_AGAIN_MS * NS_PER_MS;
        x->looked_ms = -1; /* said once */
        deeds_note(h, true, "cannot undo %.*s of %s yet, it is tried again: %s", STR_ARG(x->kind->name), x->target,
                   d->text);
        if (first)
            say_event(h, x, "undo_failed", why, d->text);
        return e;
    }
    deeds_note(h, false, "%.*s of %s is undone (%s)", STR_ARG(x->kind->name), x->target, why);
    if (tell)
        say_event(h, x, "ended", why, "");
    deeds_remove(h, x);
    return 0;
}

/* ---- what an order wants of one target */

struct outcome {
    const char *state;
    struct hand_reason why;
    int64_t until_ms;
};

static bool may_target(struct deeds *h, const struct deed_order *o, struct str target, struct hand_reason *why) {
    const struct deed_driver *d = h->cfg.driver;
    struct diag err = {0};
    if (deed_value_check(&o->kind->target, target, &err) < 0)
        return hand_refuse(why, HAND_BAD_VALUE, "%s", err.text);
    for (size_t i = 0; i < d->n_never; i++)
        if (str_eq_icase(d->never[i], target))
            return hand_refuse(why, HAND_NEVER_BLOCK, "'%.*s' is on the driver's list of what is never touched",
                               STR_ARG(target));
    if (!d->any_target && !deed_target_find(d, target))
        return hand_refuse(why, HAND_BAD_VALUE,
                           "'%.*s' is none of the targets of this driver; root adds it to its file", STR_ARG(target));
    return true;
}

static struct str params_text(struct arena *a, const struct json_value *params) {
    struct buf b;
    struct jsonw w;
    struct str s;
    buf_init(&b, HAND_JOURNAL_RECORD_MAX / 4);
    jsonw_init(&w, &b);
    if (params)
        jsonw_value(&w, params);
    else
        buf_add_z(&b, "{}");
    s = buf_error(&b) ? STR_NULL : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static void fill(struct deeds *h, struct deed *x, const struct deed_order *o) {
    x->since_ms = deeds_wall_ms(h);
    x->until_ms = x->since_ms + o->minutes * 60000;
    x->until_boot_ns = deeds_boot_ns(h) + o->minutes * NS_PER_MIN;
    snprintf(x->boot, sizeof x->boot, "%s", h->cfg.boot_id);
    hand_text_copy(x->order_id, sizeof x->order_id, o->id);
    hand_text_copy(x->reason, sizeof x->reason, o->reason);
    hand_text_copy(x->incident, sizeof x->incident, o->incident);
}

static void effect_words(const struct deed *x, const struct diag *d, struct outcome *out) {
    if (!x->effect)
        hand_refuse(&out->why, HAND_NOT_SEEN, "done, but looking at it does not show it: %s", d->text);
}

/* A new act: intended and on disk before anything happens. What fails is taken back at once. */
static void apply_new(struct deeds *h, struct deed *x, struct outcome *out) {
    struct diag d = {0}, seen = {0};
    x->state = DEED_INTENDED;
    if (deeds_journal_deed(h, x, &d) < 0) {
        hand_refuse(&out->why, HAND_JOURNAL_FAILED, "it could not be written down, so nothing was done: %s", d.text);
        deeds_remove(h, x);
        return;
    }
    if (run(h, x, DEED_APPLY, &d) < 0) {
        if (leave(h, x, "failed", false, NULL) < 0)
            hand_refuse(&out->why, HAND_DRIVER_FAILED, "it failed, and taking it back failed too (it is tried again): %s",
                        d.text);
        else
            hand_refuse(&out->why, HAND_DRIVER_FAILED, "it failed and was taken back: %s", d.text);
        return;
    }
    look(h, x, &seen);
    x->state = DEED_IN_FORCE;
    if (deeds_journal_deed(h, x, &d) < 0)
        deeds_note(h, true, "cannot write down that %s was done: %s", x->target, d.text);
    out->state = "blocked";
    out->until_ms = x->until_ms;
    effect_words(x, &seen, out);
    deeds_note(h, !x->effect, "%.*s of %s is in force until %" PRId64 "%s", STR_ARG(x->kind->name), x->target,
               x->until_ms, x->effect ? "" : ", but its effect is not seen");
}

/* It stands: a later end, other parameters (a closed site that lets the repairers in). */
static void apply_again(struct deeds *h, struct deed *x, const struct deed_order *o, struct str params,
                        struct outcome *out) {
    struct diag d = {0}, seen = {0};
    int64_t until = x->until_ms, until_boot = x->until_boot_ns;
    bool same = str_eq_z(params, x->params);
    if (same && x->until_ms >= deeds_wall_ms(h) + o->minutes * 60000) {
        out->state = "already";
        out->until_ms = x->until_ms;
        return;
    }
    char *before = str_dup(str_of(x->params));
    if (!before || deed_set_text(&x->params, params) < 0) {
        mem_free(before);
        return;
    }
    fill(h, x, o);
    x->state = DEED_INTENDED; /* a kill from here on brings the new parameters about */
    int e = deeds_journal_deed(h, x, &d);
    if (e == 0 && !same)
        e = run(h, x, DEED_APPLY, &d);
    if (e < 0) {
        struct diag back = {0};
        x->until_ms = until;
        x->until_boot_ns = until_boot;
        if (deed_set_text(&x->params, str_of(before)) == 0 && !same && run(h, x, DEED_APPLY, &back) < 0)
            deeds_note(h, true, "%s: the way it was before could not be brought back: %s", x->target, back.text);
        hand_refuse(&out->why, HAND_DRIVER_FAILED, "the change failed; what was in force stays: %s", d.text);
    } else {
        out->state = "blocked";
        out->until_ms = x->until_ms;
    }
    look(h, x, &seen);
    x->state = DEED_IN_FORCE;
    if (deeds_journal_deed(h, x, &d) < 0)
        deeds_note(h, true, "cannot write down that %s was changed: %s", x->target, d.text);
    if (e == 0)
        effect_words(x, &seen, out);
    mem_free(before);
}

static void apply(struct deeds *h, const struct deed_order *o, struct str target, struct outcome *out) {
    struct str params = params_text(&h->arena, o->params);
    struct diag d = {0};
    struct deed *x = deeds_find(h, o->kind, target);
    *out = (struct outcome){.state = "refused"};
    if (!may_target(h, o, target, &out->why))
        return;
    if (!params.p) {
        hand_refuse(&out->why, HAND_BAD_VALUE, "the parameters are too long");
        return;
    }
    if (x && (x->state == DEED_LEAVING || x->state == DEED_UNSURE)) {
        hand_refuse(&out->why, HAND_OVERLAPS, "'%.*s' is just being undone, or nobody knows how it stands; look first",
                    STR_ARG(target));
        return;
    }
    if (!hand_rate_allows(&h->act_rate, deeds_boot_ns(h))) {
        hand_refuse(&out->why, HAND_TOO_MANY_A_MINUTE, "%" PRId64 " acts came within a minute, the most this driver does",
                    h->cfg.driver->per_minute);
        return;
    }
    if (!x && (int64_t) h->n >= h->cfg.driver->in_force_max) {
        hand_refuse(&out->why, HAND_TOO_MANY_BLOCKS, "%" PRId64 " are in force, the most this driver keeps",
                    h->cfg.driver->in_force_max);
        return;
    }
    hand_rate_add(&h->act_rate, deeds_boot_ns(h));
    if (x && !dry(h) && !o->dry_run) {
        apply_again(h, x, o, params, out);
        return;
    }
    struct deed *fresh = x ? x : deeds_add(h, o->kind, target);
    if (!fresh || (!x && deed_set_text(&fresh->params, params) < 0)) {
        hand_refuse(&out->why, HAND_TOO_MANY_BLOCKS, "no memory for another act");
        if (fresh && !x)
            deeds_remove(h, fresh);
        return;
    }
    if (!x)
        fill(h, fresh, o);
    if (!x && run(h, fresh, DEED_CHECK, &d) < 0) {
        hand_refuse(&out->why, HAND_DRIVER_FAILED, "a look beforehand says no: %s", d.text);
        deeds_remove(h, fresh);
        return;
    }
    if (dry(h) || o->dry_run) {
        out->state = "dry_run";
        out->until_ms = deeds_wall_ms(h) + o->minutes * 60000;
        if (!x)
            deeds_remove(h, fresh);
        return;
    }
    apply_new(h, fresh, out);
}

static void undo(struct deeds *h, const struct deed_order *o, struct str target, struct outcome *out) {
    struct deed *x = deeds_find(h, o->kind, target);
    struct diag d = {0};
    *out = (struct outcome){.state = "already"};
    if (!x) {
        snprintf(out->why.text, sizeof out->why.text, "'%.*s' is not in force", STR_ARG(target));
        return;
    }
    if (o->dry_run) {
        out->state = "dry_run";
    } else if (leave(h, x, "unblocked", false, &d) == 0) {
        out->state = "unblocked";
    } else {
        out->state = "refused";
        hand_refuse(&out->why, HAND_DRIVER_FAILED, "undoing failed and is tried again every half minute: %s", d.text);
    }
}

/* ---- answers */

static void write_reason(struct jsonw *w, const struct hand_reason *why) {
    jsonw_kz(w, "reason", why->code == HAND_ALLOWED ? NULL : hand_refusal_to_string(why->code));
    jsonw_kstr(w, "text", str_of(why->text));
}

static void answer_head(struct deeds *h, struct jsonw *w, struct str id, bool ok, const struct hand_reason *why) {
    buf_clear(&h->out);
    jsonw_init(w, &h->out);
    jsonw_object(w);
    jsonw_key(w, STR("order_id"));
    id.n ? jsonw_str(w, id) : jsonw_null(w);
    jsonw_kz(w, "driver", h->cfg.driver->name);
    jsonw_kbool(w, "ok", ok);
    write_reason(w, why);
}

static void answer_refused(struct deeds *h, struct str id, const struct deed_order *o, const struct hand_reason *why,
                           void *who) {
    struct jsonw w;
    deeds_note(h, true, "refused an order: %s", why->text);
    answer_head(h, &w, id, false, why);
    jsonw_key(&w, STR("results"));
    jsonw_array(&w);
    for (const struct json_value *it = o && o->targets ? o->targets->first : NULL; it; it = it->next) {
        jsonw_object(&w);
        jsonw_kstr(&w, "address", it->text);
        jsonw_kbool(&w, "ok", false);
        jsonw_kz(&w, "state", "refused");
        write_reason(&w, why);
        jsonw_kz(&w, "until_ms", NULL);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_end(&w);
    say(h, who);
}

static void write_outcome(struct jsonw *w, struct str target, const struct outcome *x) {
    jsonw_object(w);
    jsonw_kstr(w, "address", target);
    jsonw_kbool(w, "ok", strcmp(x->state, "refused") != 0);
    jsonw_kz(w, "state", x->state);
    write_reason(w, &x->why);
    jsonw_key(w, STR("until_ms"));
    x->until_ms ? jsonw_i64(w, x->until_ms) : jsonw_null(w);
    jsonw_end(w);
}

static void do_order(struct deeds *h, const struct deed_order *o, void *who) {
    struct hand_reason none = {0};
    struct outcome *list = arena_zalloc(&h->arena, o->targets->n * sizeof *list);
    struct jsonw w;
    bool ok = list != NULL;
    size_t i = 0;
    for (const struct json_value *it = o->targets->first; list && it; it = it->next, i++) {
        (o->type == DEED_ORDER_APPLY ? apply : undo)(h, o, it->text, &list[i]);
        ok = ok && strcmp(list[i].state, "refused") != 0;
    }
    answer_head(h, &w, o->id, ok, &none);
    jsonw_key(&w, STR("results"));
    jsonw_array(&w);
    i = 0;
    for (const struct json_value *it = o->targets->first; list && it; it = it->next)
        write_outcome(&w, it->text, &list[i++]);
    jsonw_end(&w);
    jsonw_end(&w);
    say(h, who);
}

static void write_kinds(struct jsonw *w, const struct deed_driver *d) {
    jsonw_key(w, STR("kinds"));
    jsonw_array(w);
    for (size_t i = 0; i < d->n_kinds; i++)
        jsonw_str(w, d->kinds[i].name);
    jsonw_end(w);
    jsonw_key(w, STR("targets"));
    jsonw_array(w);
    for (size_t i = 0; i < d->n_targets; i++)
        jsonw_str(w, d->targets[i].name);
    jsonw_end(w);
}

static void write_deed_row(struct jsonw *w, const struct deed *x) {
    jsonw_object(w);
    jsonw_kstr(w, "kind", x->kind->name);
    jsonw_kz(w, "address", x->target);
    jsonw_kz(w, "order_id", x->order_id);
    jsonw_kz(w, "state", deed_state_words[x->state]);
    jsonw_kbool(w, "effect", x->effect);
    jsonw_ki64(w, "since_ms", x->since_ms);
    jsonw_ki64(w, "until_ms", x->until_ms);
    jsonw_kz(w, "reason", x->reason);
    jsonw_kz(w, "incident", x->incident);
    jsonw_end(w);
}

static void do_list(struct deeds *h, const struct deed_order *o, void *who) {
    const struct deed_driver *d = h->cfg.driver;
    struct hand_reason none = {0};
    struct jsonw w;
    answer_head(h, &w, o->id, true, &none);
    jsonw_kstr(&w, "template", d->id);
    jsonw_kstr(&w, "title_ja", d->title_ja);
    jsonw_kstr(&w, "title_en", d->title_en);
    jsonw_kbool(&w, "dry_run", dry(h));
    jsonw_kstr(&w, "proven", d->proven.p ? d->proven : STR(""));
    jsonw_kstr(&w, "tried", d->tried.p ? d->tried : STR(""));
    jsonw_ki64(&w, "minutes_max", d->minutes_max);
    jsonw_kbool(&w, "any_target", d->any_target);
    write_kinds(&w, d);
    jsonw_key(&w, STR("blocks"));
    jsonw_array(&w);
    for (size_t i = 0; i < h->n; i++)
        write_deed_row(&w, h->rows[i]);
    jsonw_end(&w);
    jsonw_kbool(&w, "more", false);
    jsonw_end(&w);
    say(h, who);
}

/* ---- the order as a whole */

static bool in_time(struct deeds *h, const struct deed_order *o, struct hand_reason *why) {
    int64_t now = deeds_wall_ms(h);
    if (o->expires_ms <= now)
        return hand_refuse(why, HAND_EXPIRED, "the order expired %" PRId64 " ms ago", now - o->expires_ms);
    if (o->issued_ms > now + h->cfg.driver->clock_skew_s * 1000)
        return hand_refuse(why, HAND_ISSUED_IN_FUTURE, "the order was issued %" PRId64 " ms from now",
                           o->issued_ms - now);
    if (o->issued_ms > o->expires_ms || o->expires_ms - o->issued_ms > h->cfg.driver->order_life_s * 1000)
        return hand_refuse(why, HAND_LIFE_TOO_LONG, "the order wants to be valid for longer than %" PRId64 " s",
                           h->cfg.driver->order_life_s);
    return true;
}

static bool first_time(struct deeds *h, const struct deed_order *o, struct hand_reason *why) {
    union map_value *v;
    struct diag d = {0};
    if (map_find(&h->seen, o->id) || o->expires_ms <= h->horizon_ms)
        return hand_refuse(why, HAND_REPLAYED, "the order %.*s was given before", STR_ARG(o->id));
    if (o->type == DEED_ORDER_APPLY) { /* undoing and asking are always possible */
        if (!hand_rate_allows(&h->order_rate, deeds_boot_ns(h)))
            return hand_refuse(why, HAND_TOO_MANY_ORDERS, "too many orders came within a minute");
        hand_rate_add(&h->order_rate, deeds_boot_ns(h));
        if (o->minutes > h->cfg.driver->minutes_max)
            return hand_refuse(why, HAND_MINUTES_OVER_LIMIT, "%" PRId64 " minutes were ordered, the most is %" PRId64,
                               o->minutes, h->cfg.driver->minutes_max);
    }
    if (map_add(&h->seen, o->id, &v, NULL) < 0)
        return hand_refuse(why, HAND_TOO_MANY_ORDERS, "too many orders are remembered");
    v->num = (uint64_t) o->expires_ms;
    if (o->type != DEED_ORDER_LIST && deeds_journal_seen(h, o->id, o->expires_ms, &d) < 0)
        return hand_refuse(why, HAND_JOURNAL_FAILED, "the order could not be written down: %s", d.text);
    return true;
}

int deeds_take(struct deeds *h, struct str note, void *who) {
    struct str text;
    struct deed_order o = {0};
    struct hand_reason why = {0};
    struct diag d = {0};
    int e = sign_open_note(&h->cfg.room, SIGN_ORDER, note, &text, &d);
    if (e < 0) {
        hand_refuse(&why, e == -ERR_PARSE ? HAND_NO_NOTE : HAND_BAD_SIGNATURE, "%s", d.text);
        answer_refused(h, STR_NULL, NULL, &why, who);
        return 0;
    }
    arena_reset(&h->arena);
    e = deed_order_parse(&h->arena, h->cfg.driver, text, &o, &why);
    if (e == -ENOMEM)
        return e;
    if (e < 0 || !in_time(h, &o, &why) || !first_time(h, &o, &why))
        answer_refused(h, o.id, &o, &why, who);
    else if (o.type == DEED_ORDER_LIST)
        do_list(h, &o, who);
    else
        do_order(h, &o, who);
    return 1;
}

/* ---- time, starts */

static int64_t left_ms(const struct deeds *h, const struct deed *x) {
    if (strcmp(x->boot, h->cfg.boot_id) == 0)
        return (x->until_boot_ns - deeds_boot_ns(h)) / NS_PER_MS;
    /* another start of the machine: by the wall clock, and never longer than was ordered */
    return MIN(x->until_ms - deeds_wall_ms(h), x->until_ms - x->since_ms);
}

/* Somebody took it away by hand: it stays away, and is said. */
static void look_again(struct deeds *h, struct deed *x) {
    struct diag d = {0};
    bool before = x->effect;
    look(h, x, &d);
    if (before && !x->effect)
        say_event(h, x, "drift", "not_seen", d.text);
    else if (!before && x->effect)
        say_event(h, x, "drift", "seen", "");
}

void deeds_tick(struct deeds *h) {
    int64_t now = deeds_boot_ns(h);
    for (size_t i = 0; i < h->n; i++) {
        struct deed *x = h->rows[i];
        if (x->state == DEED_LEAVING ? x->next_ns <= now : x->state == DEED_IN_FORCE && left_ms(h, x) <= 0) {
            char why[16];
            snprintf(why, sizeof why, "%s", x->state == DEED_LEAVING ? x->why : "time");
            (void) (leave(h, x, why, true, NULL) < 0);
            return; /* one a turn: orders wait no longer than one act takes */
        }
        if (x->state == DEED_IN_FORCE && x->next_ns <= now) {
            look_again(h, x);
            return;
        }
    }
    for (struct map_slot *s = NULL; (s = map_next(&h->seen, s));)
        if ((int64_t) s->value.num <= deeds_wall_ms(h)) {
            h->horizon_ms = MAX(h->horizon_ms, (int64_t) s->value.num);
            map_remove(&h->seen, s->key);
            return;
        }
}

int64_t deeds_wait_ms(const struct deeds *h) {
    int64_t wait = WAIT_MS_MAX, now = deeds_boot_ns(h);
    for (size_t i = 0; i < h->n; i++) {
        const struct deed *x = h->rows[i];
        int64_t next = x->state == DEED_UNSURE ? wait : (x->next_ns - now) / NS_PER_MS + 1;
        wait = MIN(wait, x->state == DEED_IN_FORCE ? MIN(next, left_ms(h, x)) : next);
    }
    return MAX(wait, 0);
}

/* What a kill left open. Returns whether the act is still of this list. */
static bool settle(struct deeds *h, struct deed *x) {
    struct diag d = {0};
    bool here = strcmp(x->boot, h->cfg.boot_id) == 0;
    int64_t left = left_ms(h, x);
    if (!here) {
        x->until_boot_ns = deeds_boot_ns(h) + left * NS_PER_MS;
        snprintf(x->boot, sizeof x->boot, "%s", h->cfg.boot_id);
    }
    x->looked_ms = 0;
    if (x->state == DEED_LEAVING || (left <= 0 && x->state != DEED_UNSURE)) {
        char why[16];
        snprintf(why, sizeof why, "%s", x->why[0] ? x->why : "time");
        return leave(h, x, why, true, NULL) < 0;
    }
    if (x->state == DEED_UNSURE)
        return true;
    bool intended = x->state == DEED_INTENDED;
    look(h, x, &d);
    if (intended && !x->kind->n_steps[DEED_STANDING]) /* nothing to look with */
        x->effect = false;
    if (!x->effect && x->kind->repeat) { /* not done yet, or lost when the machine was started anew */
        if (run(h, x, DEED_APPLY, &d) == 0)
            look(h, x, &d);
        else if (intended)
            return leave(h, x, "failed", true, NULL) < 0;
        deeds_note(h, !x->effect, "%.*s of %s was put back: %s", STR_ARG(x->kind->name), x->target,
                   x->effect ? "seen" : d.text);
    } else if (!x->effect && intended) {
        x->state = DEED_UNSURE;
        deeds_note(h, true, "nobody knows whether %.*s of %s was done, and doing it twice is not the same: look yourself",
                   STR_ARG(x->kind->name), x->target);
        say_event(h, x, "unsure", "killed", "it is not known whether this was done; it is not done again by itself");
    }
    if (x->state != DEED_UNSURE)
        x->state = DEED_IN_FORCE;
    if (deeds_journal_deed(h, x, &d) < 0)
        deeds_note(h, true, "cannot write the journal: %s", d.text);
    return true;
}

int deeds_start(struct deeds *h, struct diag *reterr) {
    int e = deeds_journal_open(h, reterr);
    for (size_t i = 0; e == 0 && i < h->n;)
        i += settle(h, h->rows[i]);
    return e;
}

int deeds_clear(struct deeds *h, struct diag *reterr) {
    int e = 0;
    for (size_t i = 0; i < h->n;) {
        int k = leave(h, h->rows[i], "cleared", true, reterr);
        i += k < 0;
        e = e < 0 ? e : k;
    }
    return e;
}
