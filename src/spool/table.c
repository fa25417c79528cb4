#include "spool/table.h"

#include "base/mem.h"

/* One entry a source or state. States change with every line, so their entry has room for the
 * longest value from the start when it is short. */
struct entry {
    uint32_t source, key;
    size_t n, cap;
    char bytes[];
};

enum { STATE_ROOM = 32 };

void spool_table_init(struct spool_table *t) {
    map_init(&t->sources, SOURCES_MAX, 0);
    map_init(&t->states, SPOOL_STATES_MAX, 0);
}

static void map_free_entries(struct map *m) {
    for (struct map_slot *s = NULL; (s = map_next(m, s));)
        mem_free(s->value.ptr);
    map_done(m);
}

void spool_table_done(struct spool_table *t) {
    map_free_entries(&t->sources);
    map_free_entries(&t->states);
}

static void forget(struct map *m, struct str key) {
    struct entry *e = map_get(m, key);
    if (e) {
        map_remove(m, key);
        mem_free(e);
    }
}

static int keep(struct map *m, struct str key, uint32_t source, uint32_t state_key,
                struct str value) {
    struct entry *e = map_get(m, key);
    if (!e || e->cap < value.n) {
        size_t cap = MAX(value.n, (size_t) STATE_ROOM);
        struct entry *fresh = mem_alloc(sizeof *fresh + cap);
        if (!fresh)
            return -ENOMEM;
        int r = map_put(m, key, fresh);
        if (r < 0) {
            mem_free(fresh);
            return r;
        }
        mem_free(e);
        e = fresh;
        *e = (struct entry){.source = source, .key = state_key, .cap = cap};
    }
    memcpy(e->bytes, value.p, value.n);
    e->n = value.n;
    return 0;
}

int spool_table_note(struct spool_table *t, const struct raw_record *rec) {
    char key[8];
    memcpy(key, &rec->source, 4);
    memcpy(key + 4, &rec->resume_key, 4);
    if (rec->flags & RAW_SOURCE)
        return keep(&t->sources, str_n(key, 4), rec->source, 0, rec->bytes);
    if (!rec->resume.p)
        return 0;
    if (rec->resume.n == 0) {
        forget(&t->states, str_n(key, 8));
        return 0;
    }
    return keep(&t->states, str_n(key, 8), rec->source, rec->resume_key, rec->resume);
}

static int by_source_and_key(const void *pa, const void *pb) {
    const struct entry *a = *(const struct entry *const *) pa,
                       *b = *(const struct entry *const *) pb;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->key > b->key) - (a->key < b->key);
}

static int each(const struct map *m, bool sources, spool_each_fn *fn, void *ctx) {
    const struct entry **sorted = mem_zalloc_array(m->n, sizeof *sorted);
    size_t n = 0;
    int r = 0;
    if (!sorted)
        return -ENOMEM;
    for (struct map_slot *s = NULL; (s = map_next(m, s));)
        sorted[n++] = s->value.ptr;
    qsort(sorted, n, sizeof *sorted, by_source_and_key);
    for (size_t i = 0; i < n && r == 0; i++) {
        const struct entry *e = sorted[i];
        struct str value = str_n(e->bytes, e->n);
        struct raw_record rec = {.source = e->source, .flags = sources ? RAW_SOURCE : RAW_STATE};
        if (sources)
            rec.bytes = value;
        else
            rec.resume = value;
        rec.resume_key = e->key;
        r = fn(ctx, &rec);
    }
    mem_free(sorted);
    return r;
}

int spool_table_each(const struct spool_table *t, spool_each_fn *fn, void *ctx) {
    int r = each(&t->sources, true, fn, ctx);
    return r ? r : each(&t->states, false, fn, ctx);
}
