/* See registry.h. */
#include "app/engine/registry.h"

#include "event/source.h"

enum { REGISTRY_ARENA_MAX = 64 * 1024 * 1024 };

static int copy_source(struct registry *r, const struct source *from, struct source *to) {
    struct source s = *from;
    struct str *texts[] = {&s.name, &s.kind, &s.path, &s.decoder, &s.service, &s.host};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        *texts[i] = arena_dup(&r->arena, *texts[i]);
        if (!texts[i]->p)
            return -ENOMEM;
    }
    *to = s;
    return 0;
}

static bool same(const struct source *a, const struct source *b) {
    return str_eq(a->kind, b->kind) && str_eq(a->path, b->path) && str_eq(a->decoder, b->decoder) &&
           str_eq(a->service, b->service) && str_eq(a->host, b->host) && a->encoding == b->encoding &&
           a->usual == b->usual && a->offset_min == b->offset_min && a->skew_max_ns == b->skew_max_ns;
}

int registry_take(struct registry *r, const struct raw_record *rec) {
    struct source s;
    if (!(rec->flags & RAW_SOURCE) || source_decode(rec->bytes, &s) < 0 || !s.id || s.id >= SOURCES_MAX)
        return 0;
    const struct source *known = &r->sources[s.id]; /* every segment begins with all definitions */
    if (known->id && str_eq(known->name, s.name) && same(known, &s))
        return 0;
    r->n = MAX(r->n, (size_t) s.id + 1);
    return copy_source(r, &s, &r->sources[s.id]);
}

static int load_one(void *ctx, const struct raw_record *rec) {
    return registry_take(ctx, rec);
}

int registry_init(struct registry *r, struct diag *reterr) {
    arena_init(&r->arena, REGISTRY_ARENA_MAX);
    r->n = 1;
    r->sources = arena_zalloc(&r->arena, SOURCES_MAX * sizeof *r->sources);
    if (!r->sources)
        return diag_set(reterr, -ENOMEM, "out of memory");
    r->sources[0] = (struct source){
        .encoding = -1, .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = 5 * NS_PER_MIN};
    return 0;
}

int registry_load(struct registry *r, struct spool *spool, struct diag *reterr) {
    int e = spool_each(spool, load_one, r);
    return e < 0 ? diag_set(reterr, e, "cannot read the sources of the spool: %s", err_word(e)) : 0;
}

void registry_done(struct registry *r) {
    arena_done(&r->arena);
}

static int write_definition(struct spool *spool, const struct source *s, struct diag *err) {
    struct buf b;
    buf_init(&b, 65536);
    int e = source_encode(s, &b);
    if (e == 0) {
        struct raw_record rec = {.bytes = buf_str(&b),
                                 .arrival_ns = time_now_ns(),
                                 .source = s->id,
                                 .flags = RAW_SOURCE};
        e = spool_put(spool, &rec, err);
    }
    buf_done(&b);
    return e < 0 ? diag_set(err, e, "cannot write source '%.*s' to the spool: %s", STR_ARG(s->name), err_word(e)) : 0;
}

int registry_add(struct registry *r, struct spool *spool, const struct source *s, uint32_t *ret_id,
                 struct diag *reterr) {
    uint32_t id = 0;
    for (uint32_t i = 1; i < r->n && !id; i++)
        if (r->sources[i].id && str_eq(r->sources[i].name, s->name))
            id = i;
    struct source def = *s;
    if (id && !def.usual) /* what was learnt stays */
        def.usual = r->sources[id].usual;
    if (id && same(&r->sources[id], &def)) {
        *ret_id = id;
        return 0;
    }
    if (!id) {
        if (r->n >= SOURCES_MAX)
            return diag_set(reterr, -ERR_LIMIT, "more than %d sources", SOURCES_MAX);
        id = (uint32_t) r->n;
    }
    struct source copy;
    int e = copy_source(r, &def, &copy);
    if (e < 0)
        return diag_set(reterr, e, "out of memory");
    copy.id = id;
    if ((e = write_definition(spool, &copy, reterr)) < 0)
        return e; /* known only once it is written: another try writes it */
    r->sources[id] = copy;
    r->n = MAX(r->n, (size_t) id + 1);
    *ret_id = id;
    return 0;
}
