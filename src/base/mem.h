/* The one allocator. Returns NULL when memory ends; never aborts.
 *
 * Torture: mem_fail_after(n) lets n more allocations succeed, then one fails; mem_live() counts what is
 * allocated. An arena takes blocks and hands out hundreds of pieces of each; mem_fail_in_arenas lets each piece fail, so
 * that every path of a parser is walked. They cost one relaxed atomic each and are compiled into developer builds only. */
#pragma once
#include "base/macros.h"

#include <stdbool.h>

void *mem_alloc(size_t n) __attribute__((malloc, alloc_size(1)));
void *mem_zalloc(size_t n) __attribute__((malloc, alloc_size(1)));
void *mem_realloc(void *p, size_t n) __attribute__((alloc_size(2)));
/* n * size with overflow check. */
void *mem_realloc_array(void *p, size_t n, size_t size);
void *mem_zalloc_array(size_t n, size_t size);
void mem_free(void *p);
static inline void mem_freep(void *pp) {
    mem_free(*(void **) pp);
}
/* Grows *p (elements of `size`) so that it holds `want`, doubling; never above `max` elements (-ERR_LIMIT). */
int mem_grow(void **p, size_t *cap, size_t want, size_t max, size_t size) MUST_USE;

void mem_fail_after(long n); /* n < 0: never */
void mem_fail_in_arenas(bool on); /* what is taken from an arena's block counts and fails as well */
bool mem_fails_in_arena(void);    /* for arena.c */
bool mem_has_failed(void);   /* the failure asked for last has happened */
long mem_live(void);         /* -1 where not compiled in */
