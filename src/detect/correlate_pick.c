/* What correlations ask of an event, taken out of it: an event that matched waits for its turn in the ordered part,
 * and whole events would fill the caches that matching needs (1.6 KB of fields each, all but a few asked for by
 * nobody after the match). Does not decide what is asked: the plan's folds and scopes say so. */
#include "base/json.h"
#include "detect/correlate_priv.h"

/* ---- which fields ---- */

static void ask(struct correlate_plan *p, const uint32_t *fields, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        p->asks[fields[i]] = fields[i] != EVENT_F_NONE;
}

int correlate_plan_ask(struct correlate_plan *p) {
    p->n_asks = event_names_count(p->names);
    p->asks = arena_zalloc(&p->arena, p->n_asks * sizeof *p->asks);
    if (!p->asks)
        return -ENOMEM;
    ask(p, &p->f_count, 1);
    for (uint32_t i = 0; i < p->n_targets; i++) {
        ask(p, p->targets[i].tell, p->targets[i].n_tell);
        if (p->targets[i].fold == NO_INDEX)
            continue;
        const struct plan_fold *f = &p->folds[p->targets[i].fold];
        ask(p, f->fields, f->n_fields);
        for (uint32_t k = 0; k < f->pub.n_collects; k++)
            ask(p, &f->pub.collects[k].field, 1);
    }
    for (uint32_t i = 0; i < p->n_scopes; i++) {
        const struct plan_scope *s = &p->scopes[i];
        ask(p, s->vals, s->n_vals);
        if (!s->aliased)
            ask(p, s->keys, s->n_keys);
        for (uint32_t bit = 0; s->aliased && bit < s->n_inputs; bit++)
            ask(p, s->key_fields[bit], s->n_keys);
    }
    return 0;
}

/* ---- one event ---- */

static bool is_asked(const struct correlate_plan *p, const struct event_field *f) {
    return f->id < p->n_asks && p->asks[f->id];
}

/* What is not in the record itself lives as long as the event, which is shorter than what is picked out of it. */
static int take(const struct event *ev, struct event_field *f, struct arena *to) {
    struct str rec = ev->raw->bytes;
    bool in_record = rec.p && (uintptr_t) f->value.p - (uintptr_t) rec.p < rec.n;
    if (f->escaped)
        f->value = json_unescape(to, f->value);
    else if (!in_record && f->value.n)
        f->value = arena_dup(to, f->value);
    f->escaped = false;
    return f->value.p ? 0 : -ENOMEM;
}

int correlate_pick(const struct correlate_plan *p, const struct event *ev, struct arena *to, struct event **ret) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < ev->n; i++)
        n += is_asked(p, &ev->fields[i]);
    struct event *out = arena_alloc(to, sizeof *out + n * sizeof *out->fields);
    if (!out)
        return -ENOMEM;
    event_begin(out, to, ev->names, ev->raw);
    out->fields = (struct event_field *) (out + 1);
    out->cap = n;
    out->timestamp_ns = ev->timestamp_ns;
    out->time_ns = ev->time_ns;
    out->flags = ev->flags;
    for (uint32_t i = 0; i < ev->n; i++) {
        if (!is_asked(p, &ev->fields[i]))
            continue;
        struct event_field *f = &out->fields[out->n++];
        *f = ev->fields[i];
        if (take(ev, f, to) < 0)
            return -ENOMEM;
        if (f->id < EVENT_F_WELL_KNOWN_MAX_ && !out->first[f->id])
            out->first[f->id] = (uint16_t) out->n;
    }
    *ret = out;
    return 0;
}
