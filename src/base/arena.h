/* Arena: allocations that all end together (one intake batch, one parsed rule file).
 *
 * Memory is taken in blocks and kept across arena_reset, so a warm arena allocates nothing. It does not
 * initialise without a maximum. Not thread-safe: one arena, one thread. Released bytes are poisoned under
 * ASan, so that a slice kept past its batch is caught. */
#pragma once
#include "base/str.h"

struct arena_block;
struct arena {
    struct arena_block *first, *now;
    size_t used_in_now;
    size_t held_bytes; /* taken from mem_alloc */
    size_t max_bytes;
};
struct arena_mark {
    struct arena_block *now;
    size_t used_in_now;
};

void arena_init(struct arena *a, size_t max_bytes);
void arena_done(struct arena *a);
void arena_reset(struct arena *a); /* everything given out is gone; blocks stay */
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark m);

/* 16-byte aligned, not cleared; NULL when memory or the maximum ends. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);
/* A copy with a NUL behind it (not counted in n); .p is NULL when memory ends. */
struct str arena_dup(struct arena *a, struct str s);
char *arena_dup_z(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Grows an array that lives in the arena (old bytes stay behind); *p may be NULL with *cap 0. */
int arena_grow(struct arena *a, void **p, size_t *cap, size_t want, size_t size) MUST_USE;
