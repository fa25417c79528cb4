#include "base/mem.h"

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef KIZUKI_DEVELOPER
#include <stdatomic.h>
static atomic_long fail_after = -1;
static atomic_long live;
static atomic_bool has_failed, in_arenas;

static bool may_fail(void) {
    if (atomic_load_explicit(&fail_after, memory_order_relaxed) < 0)
        return false;
    if (atomic_fetch_sub(&fail_after, 1) != 0)
        return false;
    atomic_store(&has_failed, true);
    return true;
}
static void count(long d) {
    atomic_fetch_add_explicit(&live, d, memory_order_relaxed);
}
void mem_fail_after(long n) {
    atomic_store(&has_failed, false);
    atomic_store(&fail_after, n);
}
void mem_fail_in_arenas(bool on) {
    atomic_store(&in_arenas, on);
}
bool mem_fails_in_arena(void) {
    return atomic_load_explicit(&in_arenas, memory_order_relaxed) && may_fail();
}
bool mem_has_failed(void) {
    return atomic_load(&has_failed);
}
long mem_live(void) {
    return atomic_load(&live);
}
#else
static bool may_fail(void) {
    return false;
}
static void count(long d UNUSED) {
}
void mem_fail_after(long n UNUSED) {
}
void mem_fail_in_arenas(bool on UNUSED) {
}
bool mem_fails_in_arena(void) {
    return false;
}
bool mem_has_failed(void) {
    return false;
}
long mem_live(void) {
    return -1;
}
#endif

void *mem_alloc(size_t n) {
    if (may_fail())
        return NULL;
    void *p = malloc(n ? n : 1);
    if (p)
        count(1);
    return p;
}

void *mem_zalloc(size_t n) {
    return mem_zalloc_array(1, n ? n : 1);
}

void *mem_zalloc_array(size_t n, size_t size) {
    if (may_fail())
        return NULL;
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (p)
        count(1);
    return p;
}

void *mem_realloc(void *p, size_t n) {
    if (may_fail())
        return NULL;
    void *q = realloc(p, n ? n : 1);
    if (q && !p)
        count(1);
    return q;
}

void *mem_realloc_array(void *p, size_t n, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(n, size, &total))
        return NULL;
    return mem_realloc(p, total);
}

void mem_free(void *p) {
    if (!p)
        return;
    count(-1);
    free(p);
}

int mem_grow(void **p, size_t *cap, size_t want, size_t max, size_t size) {
    if (want <= *cap)
        return 0;
    if (want > max)
        return -ERR_LIMIT;
    size_t next = *cap ? *cap : MIN((size_t) 8, max);
    while (next < want)
        next = next > max / 2 ? max : next * 2;
    void *q = mem_realloc_array(*p, next, size);
    if (!q)
        return -ENOMEM;
    *p = q;
    *cap = next;
    return 0;
}
