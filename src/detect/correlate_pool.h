/* Inside src/detect: compact memory for the many small things of a correlator, and its words.
 *
 * pool: blocks of 16 to POOL_BLOCK_MAX bytes, named by 32-bit handles (0 = none), so that a million
 * groups link to each other in four bytes. Blocks never move. Freed blocks are poisoned under ASan.
 *
 * words: every distinct string is kept once and counted; equal strings have equal handles. A word
 * whose count falls to zero stays valid until words_sweep, so that one event's handles can be
 * passed around without counting. */
#pragma once
#include "base/str.h"

#include <stddef.h>

#define POOL_UNIT 16u
#define POOL_CLASSES 65u /* blocks of 1…64 units */
#define POOL_BLOCK_MAX (POOL_UNIT * (POOL_CLASSES - 1))
#define POOL_CHUNK_UNITS 4096u

struct pool {
    unsigned char **chunks;
    size_t n, cap;
    uint32_t next; /* first unit never given out */
    uint32_t free[POOL_CLASSES];
    size_t live_bytes;
};
void pool_init(struct pool *p);
void pool_done(struct pool *p);
/* 16-byte aligned, not cleared; 0 when memory ends. */
uint32_t pool_alloc(struct pool *p, size_t bytes);
void pool_free(struct pool *p, uint32_t handle, size_t bytes);
static inline void *pool_at(const struct pool *p, uint32_t handle) {
    return p->chunks[handle / POOL_CHUNK_UNITS] + (size_t) (handle % POOL_CHUNK_UNITS) * POOL_UNIT;
}

/* Handles by hash, open addressing: what stands in a slot is looked at only when its whole hash is
 * the one looked for, because looking means waiting for memory. */
struct handle_slot {
    uint32_t hash, handle;
};
struct handle_table {
    struct handle_slot *slots;
    size_t n, cap; /* cap: 0 or a power of two */
};
/* The first slot at or after *i that may hold it, or 0; *i is where to go on. Begin with *i = hash.
 */
static inline uint32_t handle_table_next(const struct handle_table *t, uint32_t hash, size_t *i) {
    for (size_t mask = t->cap - 1; t->cap;) {
        const struct handle_slot *s = &t->slots[*i & mask];
        ++*i;
        if (!s->handle)
            return 0;
        if (s->hash == hash)
            return s->handle;
    }
    return 0;
}
int handle_table_room(struct handle_table *t, size_t first_cap) MUST_USE; /* for one more */
void handle_table_put(struct handle_table *t, uint32_t hash, uint32_t handle);
void handle_table_remove(struct handle_table *t, uint32_t hash, uint32_t handle);
void handle_table_done(struct handle_table *t);

struct word {
    uint32_t hash;
    uint32_t refs : 31;
    uint32_t queued : 1;
    uint32_t next_dead; /* while it is not queued: its number in the image written last */
    uint16_t n;
    char bytes[];
};
struct words {
    struct pool *pool;
    struct handle_table table;
    uint32_t dead; /* list of those the next sweep looks at */
    bool closing;  /* all of them go: nobody counts any more */
};
void words_init(struct words *w, struct pool *pool);
void words_done(struct words *w); /* before pool_done */
/* 0 when unknown. Values longer than CORRELATION_VALUE_BYTES_MAX are kept as their beginning and a
 * hash. */
uint32_t words_find(const struct words *w, struct str s);
/* Finds or adds with count 0; 0 when memory ends. Valid until the next sweep unless counted. */
uint32_t words_add(struct words *w, struct str s);
void words_ref(struct words *w, uint32_t word);   /* 0 allowed */
void words_unref(struct words *w, uint32_t word); /* 0 allowed */
void words_sweep(struct words *w);
struct image;
/* All words, numbered from 1 while they are written; nothing may be queued then. Reading adds them
 * with count 0 and makes *ret: handles by number - 1, to be freed by the caller also after a
 * failure. */
void words_image(struct words *w, struct image *x, uint32_t **ret, size_t *ret_n);
static inline uint32_t words_number(const struct words *w, uint32_t word) {
    return word ? ((const struct word *) pool_at(w->pool, word))->next_dead : 0;
}
static inline struct str words_get(const struct words *w, uint32_t word) {
    const struct word *x = pool_at(w->pool, word);
    return str_n(x->bytes, x->n);
}
