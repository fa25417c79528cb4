/* Pool and words; the contract is in correlate_pool.h.
 *
 * A freed block goes to the list of its size; blocks are neither split nor joined, because the
 * sizes asked for are few (a group, a word, a log of 1, 2, 4 or 8 events) and come again and again.
 */
#include "detect/correlate_pool.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/image.h"
#include "base/limits.h"
#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void) (p), (void) (n))
#define UNPOISON(p, n) ((void) (p), (void) (n))
#endif

#define CHUNK_BYTES ((size_t) POOL_CHUNK_UNITS * POOL_UNIT)
#define CHUNKS_MAX (((size_t) UINT32_MAX + 1) / POOL_CHUNK_UNITS)

void pool_init(struct pool *p) {
    *p = (struct pool){.next = 1};
}

void pool_done(struct pool *p) {
    for (size_t i = 0; i < p->n; i++) {
        UNPOISON(p->chunks[i], CHUNK_BYTES);
        mem_free(p->chunks[i]);
    }
    mem_free(p->chunks);
    pool_init(p);
}

static uint32_t units_of(size_t bytes) {
    ASSERT(bytes > 0 && bytes <= POOL_BLOCK_MAX);
    return (uint32_t) ((bytes + POOL_UNIT - 1) / POOL_UNIT);
}

static void list_push(struct pool *p, uint32_t handle, uint32_t units) {
    uint32_t *block = pool_at(p, handle);
    UNPOISON(block, sizeof *block);
    *block = p->free[units];
    p->free[units] = handle;
    POISON(block, (size_t) units * POOL_UNIT);
}

static int add_chunk(struct pool *p) {
    if (p->n) { /* what is left of the last chunk is one block */
        uint32_t used = p->next % POOL_CHUNK_UNITS;
        if (used && p->next / POOL_CHUNK_UNITS == p->n - 1)
            list_push(p, p->next, POOL_CHUNK_UNITS - used);
    }
    int r = mem_grow((void **) &p->chunks, &p->cap, p->n + 1, CHUNKS_MAX, sizeof *p->chunks);
    if (r < 0)
        return r;
    unsigned char *chunk = mem_alloc(CHUNK_BYTES);
    if (!chunk)
        return -ENOMEM;
    POISON(chunk, CHUNK_BYTES);
    p->chunks[p->n] = chunk;
    p->next = (uint32_t) (p->n * POOL_CHUNK_UNITS) + (p->n == 0); /* handle 0 means none */
    p->n++;
    return 0;
}

uint32_t pool_alloc(struct pool *p, size_t bytes) {
    uint32_t units = units_of(bytes);
    uint32_t handle = p->free[units];
    if (handle) {
        uint32_t *block = pool_at(p, handle);
        UNPOISON(block, (size_t) units * POOL_UNIT);
        p->free[units] = *block;
    } else {
        /* `next` stands at a chunk's start when the last chunk is used up. */
        if (p->n * POOL_CHUNK_UNITS < (size_t) p->next + units && add_chunk(p) < 0)
            return 0;
        handle = p->next;
        p->next += units;
        UNPOISON(pool_at(p, handle), (size_t) units * POOL_UNIT);
    }
    p->live_bytes += (size_t) units * POOL_UNIT;
    return handle;
}

void pool_free(struct pool *p, uint32_t handle, size_t bytes) {
    uint32_t units = units_of(bytes);
    list_push(p, handle, units);
    p->live_bytes -= (size_t) units * POOL_UNIT;
}

/* ---- tables ---- */

void handle_table_put(struct handle_table *t, uint32_t hash, uint32_t handle) {
    size_t i = hash & (t->cap - 1);
    while (t->slots[i].handle)
        i = (i + 1) & (t->cap - 1);
    t->slots[i] = (struct handle_slot){.hash = hash, .handle = handle};
    t->n++;
}

int handle_table_room(struct handle_table *t, size_t first_cap) {
    if ((t->n + 1) * 4 <= t->cap * 3)
        return 0;
    struct handle_table next = {.cap = t->cap ? t->cap * 2 : first_cap};
    next.slots = mem_zalloc_array(next.cap, sizeof *next.slots);
    if (!next.slots)
        return -ENOMEM;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].handle)
            handle_table_put(&next, t->slots[i].hash, t->slots[i].handle);
    mem_free(t->slots);
    *t = next;
    return 0;
}

void handle_table_remove(struct handle_table *t, uint32_t hash, uint32_t handle) {
    size_t mask = t->cap - 1, i = hash & mask;
    while (t->slots[i].handle != handle)
        i = (i + 1) & mask;
    size_t hole = i;
    t->slots[hole].handle = 0;
    /* Close the gap: move every follower whose home lies at or before the hole. */
    for (i = (hole + 1) & mask; t->slots[i].handle; i = (i + 1) & mask) {
        if (((i - t->slots[i].hash) & mask) >= ((i - hole) & mask)) {
            t->slots[hole] = t->slots[i];
            t->slots[i].handle = 0;
            hole = i;
        }
    }
    t->n--;
}

void handle_table_done(struct handle_table *t) {
    mem_free(t->slots);
    *t = (struct handle_table){0};
}

/* ---- words ---- */

void words_init(struct words *w, struct pool *pool) {
    *w = (struct words){.pool = pool};
}

void words_done(struct words *w) {
    handle_table_done(&w->table);
    words_init(w, w->pool);
}

/* A long value as its first bytes, cut at a character, and a hash of the whole. */
static struct str shorten(struct str s, char *dst) {
    if (s.n <= CORRELATION_VALUE_BYTES_MAX)
        return s;
    size_t keep = CORRELATION_VALUE_BYTES_MAX - 20;
    while (keep > 0 && ((unsigned char) s.p[keep] & 0xc0) == 0x80)
        keep--;
    memcpy(dst, s.p, keep);
    int n = snprintf(dst + keep, 21, "\xe2\x80\xa6#%016llx",
                     (unsigned long long) hash_fast(s, 0x6b697a756b69ull));
    return str_n(dst, keep + (size_t) n);
}

static struct word *at(const struct words *w, uint32_t handle) {
    return pool_at(w->pool, handle);
}

static uint32_t find(const struct words *w, struct str s, uint32_t hash) {
    size_t i = hash;
    uint32_t h;
    while ((h = handle_table_next(&w->table, hash, &i)) && !str_eq(words_get(w, h), s))
        ;
    return h;
}

uint32_t words_find(const struct words *w, struct str s) {
    char dst[CORRELATION_VALUE_BYTES_MAX + 1];
    s = shorten(s, dst);
    return find(w, s, (uint32_t) hash_sip(s));
}

static void queue(struct words *w, struct word *x, uint32_t handle) {
    if (x->queued)
        return;
    x->queued = 1;
    x->next_dead = w->dead;
    w->dead = handle;
}

static size_t word_bytes(size_t n) {
    return offsetof(struct word, bytes) + n;
}

uint32_t words_add(struct words *w, struct str s) {
    char dst[CORRELATION_VALUE_BYTES_MAX + 1];
    s = shorten(s, dst);
    uint32_t hash = (uint32_t) hash_sip(s);
    uint32_t handle = find(w, s, hash);
    if (handle)
        return handle;
    if (handle_table_room(&w->table, 1024) < 0 || !(handle = pool_alloc(w->pool, word_bytes(s.n))))
        return 0;
    struct word *x = at(w, handle);
    x->hash = hash;
    x->refs = 0;
    x->queued = 0;
    x->n = (uint16_t) s.n;
    if (s.n)
        memcpy(x->bytes, s.p, s.n);
    handle_table_put(&w->table, hash, handle);
    queue(w, x, handle);
    return handle;
}

void words_ref(struct words *w, uint32_t word) {
    if (word)
        at(w, word)->refs++;
}

void words_unref(struct words *w, uint32_t word) {
    if (!word || w->closing)
        return;
    struct word *x = at(w, word);
    ASSERT(x->refs > 0);
    if (--x->refs == 0)
        queue(w, x, word);
}

static void remove_word(struct words *w, uint32_t handle) {
    struct word *x = at(w, handle);
    handle_table_remove(&w->table, x->hash, handle);
    pool_free(w->pool, handle, word_bytes(x->n));
}

void words_sweep(struct words *w) {
    while (w->dead) {
        uint32_t handle = w->dead;
        struct word *x = at(w, handle);
        w->dead = x->next_dead;
        x->queued = 0;
        if (x->refs == 0)
            remove_word(w, handle);
    }
}

static void read_words(struct words *w, struct image *x, size_t n, uint32_t **ret, size_t *ret_n) {
    struct str s;
    *ret = n <= image_left(x) ? mem_zalloc_array(n + 1, sizeof **ret) : NULL;
    if (!*ret)
        image_fail(x, n <= image_left(x) ? -ENOMEM : -ERR_CORRUPT);
    for (size_t i = 0; i < n && !x->error; i++) {
        image_str(x, &s, CORRELATION_VALUE_BYTES_MAX);
        if (!x->error && !((*ret)[i] = words_add(w, s)))
            image_fail(x, -ENOMEM);
    }
    *ret_n = x->error ? 0 : n;
}

void words_image(struct words *w, struct image *x, uint32_t **ret, size_t *ret_n) {
    size_t n = w->table.n;
    uint32_t number = 0;
    ASSERT(x->reading || !w->dead);
    image_size(x, &n, UINT32_MAX - 1);
    if (x->reading) {
        read_words(w, x, n, ret, ret_n);
        return;
    }
    for (size_t i = 0; i < w->table.cap; i++) {
        uint32_t handle = w->table.slots[i].handle;
        if (!handle)
            continue;
        struct str s = words_get(w, handle);
        image_str(x, &s, CORRELATION_VALUE_BYTES_MAX);
        at(w, handle)->next_dead = ++number;
    }
}
