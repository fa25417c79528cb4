/* See counts.h. */
#include "app/engine/counts.h"

#include "base/arena.h"
#include "base/image.h"
#include "base/mem.h"
#include "base/text.h"

enum { KINDS_LOOKED = 16, KINDS_EVERY = 16 };

void source_counts_done(struct source_counts *c) {
    mem_free(c->at);
    *c = (struct source_counts){0};
}

static struct engine_source *source_at(struct source_counts *c, uint32_t id) {
    if (id >= SOURCES_MAX || mem_grow((void **) &c->at, &c->cap, (size_t) id + 1, SOURCES_MAX, sizeof *c->at) < 0)
        return NULL;
    for (; c->n <= id; c->n++)
        c->at[c->n] = (struct engine_source){.first_ns = TIME_NONE, .last_ns = TIME_NONE};
    return &c->at[id];
}

/* The first lines of a batch, and a sample of the others: a rare kind is seen all the same, a busy source costs nothing. */
static void note_kinds(struct engine_source *s, const struct event *ev) {
    if (s->events > KINDS_LOOKED && s->events % KINDS_EVERY)
        return;
    unsigned kinds = log_kinds_of(ev);
    for (int k = 0; k < LOG_KIND_MAX_; k++)
        if (kinds & 1u << k)
            s->kinds_ns[k] = MAX(s->kinds_ns[k], ev->raw->arrival_ns);
}

static void note_unparsed(struct engine_source *s, uint64_t position) {
    s->unparsed_at[2] = s->unparsed_at[1];
    s->unparsed_at[1] = s->unparsed_at[0];
    s->unparsed_at[0] = position;
}

int source_counts_note(struct source_counts *c, struct clock_batch *clocks, struct arena *kept, const struct event *ev) {
    const struct raw_record *rec = ev->raw;
    if (rec->flags & RAW_DRILL)
        return 0;
    struct engine_source *s = source_at(c, rec->source);
    if (!s)
        return -ENOMEM;
    s->events++;
    s->broken_text += (ev->flags & EVENT_BROKEN_TEXT) != 0;
    struct str encoding = event_get(ev, EVENT_F_ENCODING);
    s->cp932 += str_eq_z(encoding, text_encoding_to_string(TEXT_CP932));
    s->euc_jp += str_eq_z(encoding, text_encoding_to_string(TEXT_EUC_JP));
    struct str decoder = s->decoder[0] ? STR_NULL : event_get(ev, EVENT_F_DECODER);
    if (decoder.n && !(ev->flags & EVENT_UNPARSED)) /* the first of a batch says it: a log is of one kind */
        snprintf(s->decoder, sizeof s->decoder, "%.*s", STR_ARG(decoder));
    note_kinds(s, ev);
    if (ev->flags & EVENT_UNPARSED) {
        s->unparsed++;
        note_unparsed(s, rec->pos.n);
    }
    if (ev->flags & EVENT_TIME_OPEN)
        return 0;
    s->first_ns = s->first_ns == TIME_NONE ? ev->time_ns : MIN(s->first_ns, ev->time_ns);
    s->last_ns = MAX(s->last_ns, ev->time_ns);
    if (!(rec->flags & RAW_BACKFILL) && ev->timestamp_ns != TIME_NONE) {
        s->skew_ns = ev->timestamp_ns - rec->arrival_ns;
        s->skewed = true;
        s->arrival_basis += ev->time_ns == rec->arrival_ns && ev->timestamp_ns != rec->arrival_ns;
        return clock_batch_note(clocks, kept, rec->source, event_get(ev, EVENT_F_HOST_NAME), s->skew_ns, rec->arrival_ns);
    }
    return 0;
}

int source_counts_add(struct source_counts *to, const struct source_counts *from) {
    for (size_t i = 0; i < from->n; i++) {
        const struct engine_source *f = &from->at[i];
        struct engine_source *t = f->events ? source_at(to, (uint32_t) i) : NULL;
        if (!f->events)
            continue;
        if (!t)
            return -ENOMEM;
        t->events += f->events;
        t->unparsed += f->unparsed;
        if (f->decoder[0])
            memcpy(t->decoder, f->decoder, sizeof t->decoder);
        t->broken_text += f->broken_text;
        t->cp932 += f->cp932;
        t->euc_jp += f->euc_jp;
        t->arrival_basis += f->arrival_basis;
        if (f->skewed) /* a batch of lines without times says nothing of it */
            t->skew_ns = f->skew_ns;
        t->last_ns = MAX(t->last_ns, f->last_ns);
        if (f->first_ns != TIME_NONE)
            t->first_ns = t->first_ns == TIME_NONE ? f->first_ns : MIN(t->first_ns, f->first_ns);
        for (int k = 0; k < LOG_KIND_MAX_; k++)
            t->kinds_ns[k] = MAX(t->kinds_ns[k], f->kinds_ns[k]);
        for (int k = 2; k >= 0; k--)
            if (f->unparsed_at[k])
                note_unparsed(t, f->unparsed_at[k]);
    }
    return 0;
}

static void source_image(struct engine_source *s, struct image *x) {
    uint64_t *counts[] = {&s->events, &s->unparsed, &s->broken_text, &s->arrival_basis, &s->cp932, &s->euc_jp,
                          &s->unparsed_at[0], &s->unparsed_at[1], &s->unparsed_at[2]};
    int64_t *times[] = {&s->first_ns, &s->last_ns, &s->skew_ns};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        image_u64(x, counts[i]);
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        image_i64(x, times[i]);
    for (int k = 0; k < LOG_KIND_MAX_; k++)
        image_i64(x, &s->kinds_ns[k]);
    image_raw(x, s->decoder, sizeof s->decoder);
    s->decoder[sizeof s->decoder - 1] = '\0';
}

void source_counts_image(struct source_counts *c, struct image *x) {
    size_t n = c->n;
    image_size(x, &n, SOURCES_MAX);
    for (size_t i = 0; i < n && !x->error; i++) {
        struct engine_source *s = source_at(c, (uint32_t) i);
        if (s)
            source_image(s, x);
        else
            image_fail(x, -ENOMEM);
    }
}
