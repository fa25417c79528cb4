/* See clocks.h. */
#include "app/engine/clocks.h"

#include "base/arena.h"
#include "base/image.h"
#include "base/mem.h"

void clocks_done(struct clocks *c) {
    for (size_t i = 0; i < c->n; i++) {
        for (size_t k = 0; k < c->sources[i].n; k++)
            mem_free((void *) (uintptr_t) c->sources[i].at[k].host.p);
        mem_free(c->sources[i].at);
    }
    mem_free(c->sources);
    *c = (struct clocks){0};
}

struct clock_source *clocks_of(struct clocks *c, uint32_t source) {
    return source < c->n && c->sources[source].n ? &c->sources[source] : NULL;
}

static int source_at(struct clocks *c, uint32_t source, struct clock_source **ret) {
    int r = mem_grow((void **) &c->sources, &c->cap, (size_t) source + 1, SOURCES_MAX, sizeof *c->sources);
    if (r < 0)
        return r;
    for (; c->n <= source; c->n++)
        c->sources[c->n] = (struct clock_source){0};
    *ret = &c->sources[source];
    return 0;
}

static int set_host(struct clock_host *to, struct str host) {
    char *copy = mem_alloc(host.n);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, host.p, host.n);
    mem_free((void *) (uintptr_t) to->host.p);
    *to = (struct clock_host){.host = str_n(copy, host.n)};
    return 0;
}

/* The one heard longest ago, when there is no room for another. */
static int new_host(struct clock_source *s, struct str host, struct clock_host **ret) {
    struct clock_host *oldest = s->at;
    if (s->n < CLOCK_HOSTS_MAX) {
        int r = mem_grow((void **) &s->at, &s->cap, s->n + 1, CLOCK_HOSTS_MAX, sizeof *s->at);
        if (r < 0)
            return r;
        s->at[s->n] = (struct clock_host){0};
        *ret = &s->at[s->n];
        if ((r = set_host(*ret, host)) == 0)
            s->n++;
        return r;
    }
    for (size_t i = 1; i < s->n; i++)
        if (s->at[i].at_ns < oldest->at_ns)
            oldest = &s->at[i];
    s->forgotten++;
    *ret = oldest;
    return set_host(oldest, host);
}

int clocks_note(struct clocks *c, uint32_t source, struct str host, int64_t skew_ns, int64_t at_ns) {
    struct clock_source *s;
    struct clock_host *h = NULL;
    host = str_to(host, CLOCK_HOST_BYTES_MAX);
    if (!host.n || source >= SOURCES_MAX)
        return 0;
    int r = source_at(c, source, &s);
    for (size_t i = 0; r == 0 && i < s->n && !h; i++)
        if (str_eq(s->at[i].host, host))
            h = &s->at[i];
    if (r == 0 && !h)
        r = new_host(s, host, &h);
    if (r < 0)
        return r;
    h->skew_ns = skew_ns;
    h->at_ns = at_ns;
    return 0;
}

static void host_image(struct clock_source *s, struct image *x, struct clock_host *h) {
    struct clock_host *to;
    struct str host = h->host;
    image_str(x, &host, CLOCK_HOST_BYTES_MAX);
    if (x->reading && !x->error) {
        int r = host.n ? new_host(s, host, &to) : -ERR_CORRUPT;
        if (r < 0) {
            image_fail(x, r);
            return;
        }
        h = to;
    }
    image_i64(x, &h->skew_ns);
    image_i64(x, &h->at_ns);
    image_i64(x, &h->told_ms);
}

void clocks_image(struct clocks *c, struct image *x) {
    size_t n = c->n;
    image_size(x, &n, SOURCES_MAX);
    for (size_t i = 0; i < n && !x->error; i++) {
        struct clock_source *s;
        struct clock_host none = {0};
        int r = source_at(c, (uint32_t) i, &s);
        if (r < 0) {
            image_fail(x, r);
            return;
        }
        size_t hosts = s->n;
        image_size(x, &hosts, CLOCK_HOSTS_MAX);
        image_u64(x, &s->forgotten);
        for (size_t k = 0; k < hosts && !x->error; k++)
            host_image(s, x, x->reading ? &none : &s->at[k]);
    }
}

/* ---- of one batch ---- */

enum { PAIR_KEY_BYTES = sizeof(uint32_t) + CLOCK_HOST_BYTES_MAX };

void clock_batch_init(struct clock_batch *b) {
    *b = (struct clock_batch){0};
    map_init(&b->pairs, BATCH_RECORDS_MAX, 0);
}

void clock_batch_done(struct clock_batch *b) {
    map_done(&b->pairs);
}

void clock_batch_clear(struct clock_batch *b) {
    if (b->first)
        map_clear(&b->pairs);
    b->first = b->latest = NULL;
}

static int find_pair(struct clock_batch *b, struct arena *kept, uint32_t source, struct str host, struct clock_pair **ret) {
    char key[PAIR_KEY_BYTES];
    union map_value *v;
    bool fresh;
    memcpy(key, &source, sizeof source);
    memcpy(key + sizeof source, host.p, host.n);
    int r = map_add(&b->pairs, str_n(key, sizeof source + host.n), &v, &fresh);
    if (r < 0)
        return r;
    if (fresh) {
        struct clock_pair *p = arena_alloc(kept, sizeof *p);
        if (!p)
            return -ENOMEM;
        *p = (struct clock_pair){.source = source, .host = arena_dup(kept, host), .next = b->first};
        if (!p->host.p)
            return -ENOMEM;
        b->first = v->ptr = p;
    }
    *ret = v->ptr;
    return 0;
}

int clock_batch_note(struct clock_batch *b, struct arena *kept, uint32_t source, struct str host, int64_t skew_ns,
                     int64_t at_ns) {
    host = str_to(host, CLOCK_HOST_BYTES_MAX);
    if (!host.n)
        return 0;
    if (!b->latest || b->latest->source != source || !str_eq(b->latest->host, host)) {
        int r = find_pair(b, kept, source, host, &b->latest);
        if (r < 0)
            return r == -ERR_LIMIT ? 0 : r;
    }
    b->latest->skew_ns = skew_ns;
    b->latest->at_ns = at_ns;
    return 0;
}

int clocks_add(struct clocks *c, const struct clock_batch *b) {
    int r = 0;
    for (const struct clock_pair *p = b->first; p && r == 0; p = p->next)
        r = clocks_note(c, p->source, p->host, p->skew_ns, p->at_ns);
    return r;
}
