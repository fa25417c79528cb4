/* Samples of decoder files: each line is decoded as it would be when it arrives, with every decoder of
 * the set, and must give the fields beside it. */
#include "base/mem.h"
#include "base/yaml.h"
#include "decode/recipe_priv.h"

enum { VALUES_MAX = 4096 };

struct testing {
    const struct recipe *recipe;
    struct source source;
    struct event_names *names;
    struct decode *decode;
    struct arena arena;
    char text[512 + VALUES_MAX]; /* what is wrong */
};

static const struct source *source_of(void *ctx, uint32_t id) {
    (void) id;
    return &((struct testing *) ctx)->source;
}

/* A field's values joined by "|"; the number of values. */
static size_t values_of(const struct event *ev, struct str name, char *dst, size_t cap) {
    size_t n = 0, count = 0;
    dst[0] = 0;
    for (uint32_t i = 0; i < ev->n; i++) {
        const struct event_field *f = &ev->fields[i];
        if (!str_eq(f->id ? event_names_get(ev->names, f->id) : f->name, name))
            continue;
        int k = snprintf(dst + n, cap - n, "%s%.*s", count ? "|" : "", STR_ARG(str_to(f->value, 512)));
        n = MIN(n + (size_t) k, cap - 1);
        count++;
    }
    return count;
}

static bool is_wrong(struct testing *t, const struct event *ev, const struct yaml_node *want) {
    char got[VALUES_MAX], wanted[VALUES_MAX] = "", iso[TIME_ISO_CAP];
    struct str name = want->key->text;
    size_t n = 0, count = values_of(ev, name, got, sizeof got);
    if (str_eq_z(name, "@timestamp")) {
        snprintf(got, sizeof got, "%s", ev->timestamp_ns == TIME_NONE ? "nothing" : time_format_iso(ev->timestamp_ns, 3, iso));
        count = 1;
    }
    if (str_eq_z(name, "unparsed")) {
        snprintf(got, sizeof got, "%s", ev->flags & EVENT_UNPARSED ? "true" : "false");
        count = 1;
    }
    if (yaml_is_null(want)) {
        if (count)
            snprintf(t->text, sizeof t->text, "%.*s is '%s' where it must be absent", STR_ARG(name), got);
        return count;
    }
    for (const struct yaml_node *it = want->kind == YAML_SCALAR ? want : want->first; it;
         it = want->kind == YAML_SCALAR ? NULL : it->next) {
        int k = snprintf(wanted + n, sizeof wanted - n, "%s%.*s", n ? "|" : "", STR_ARG(str_to(it->text, 512)));
        n = MIN(n + (size_t) k, sizeof wanted - 1);
    }
    if (count && strcmp(got, wanted) == 0)
        return false;
    snprintf(t->text, sizeof t->text, "%.*s is %s%s%s, not '%s'", STR_ARG(name), count ? "'" : "", count ? got : "absent",
             count ? "'" : "", wanted);
    return true;
}

/* NULL: as it should be. -ENOMEM in *ret. */
static const char *run_sample(struct testing *t, const struct recipe_sample *s, int *ret) {
    struct raw_record rec = {.bytes = s->line, .arrival_ns = s->arrival_ns, .flags = RAW_BACKFILL};
    struct decoder port = decode_port(t->decode);
    struct event ev;
    arena_reset(&t->arena);
    t->source = (struct source){.encoding = -1, .offset_min = s->zone_min, .skew_max_ns = NS_PER_HOUR,
                                .decoder = s->forced ? t->recipe->name : STR_NULL};
    event_begin(&ev, &t->arena, t->names, &rec);
    ev.keep_all = true;
    *ret = port.decode(port.ctx, &rec, &ev);
    if (*ret < 0)
        return NULL;
    struct str decoder = event_get(&ev, EVENT_F_DECODER);
    if (!str_eq(decoder, t->recipe->name) && !yaml_get(s->expect, "kizuki.decoder")) {
        snprintf(t->text, sizeof t->text, "the line is read by decoder %.*s, not by %.*s%s%.*s", STR_ARG(decoder),
                 STR_ARG(t->recipe->name), event_get(&ev, EVENT_F_PARSE_ERROR).n ? ": " : "",
                 STR_ARG(event_get(&ev, EVENT_F_PARSE_ERROR)));
        return t->text;
    }
    bool expects_unparsed = yaml_get(s->expect, "unparsed") != NULL;
    if ((ev.flags & EVENT_UNPARSED) && !expects_unparsed) {
        snprintf(t->text, sizeof t->text, "no message of the decoder looks like the line");
        return t->text;
    }
    for (const struct yaml_node *it = s->expect->first; it; it = it->next)
        if (is_wrong(t, &ev, it))
            return t->text;
    return NULL;
}

int decode_set_test(struct decode_set *s, size_t i, decode_sample_fn *row, void *ctx) {
    struct testing t = {.recipe = s->recipes[i]};
    struct diag d;
    int r = 0, wrong = 0;
    t.names = event_names_new();
    if (!t.names || decode_new(t.names, source_of, &t, s, &t.decode, &d) < 0) {
        event_names_free(t.names);
        return -ENOMEM;
    }
    arena_init(&t.arena, (size_t) 64 << 20);
    for (size_t k = 0; k < t.recipe->n_samples && r == 0; k++) {
        const char *text = run_sample(&t, &t.recipe->samples[k], &r);
        wrong += text != NULL;
        if (r == 0 && row)
            row(ctx, t.recipe->file, t.recipe->samples[k].at_line, text);
    }
    decode_free(t.decode);
    event_names_free(t.names);
    arena_done(&t.arena);
    return r < 0 ? r : wrong;
}
