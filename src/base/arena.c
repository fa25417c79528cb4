#include "base/arena.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdarg.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void) (p), (void) (n))
#define UNPOISON(p, n) ((void) (p), (void) (n))
#endif

enum { ALIGN = 16, BLOCK_MIN = 16 * 1024, BLOCK_MAX = 1024 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t cap;
    _Alignas(ALIGN) char bytes[];
};

void arena_init(struct arena *a, size_t max_bytes) {
    ASSERT(max_bytes > 0);
    *a = (struct arena){.max_bytes = max_bytes};
}

void arena_done(struct arena *a) {
    struct arena_block *b = a->first;
    while (b) {
        struct arena_block *next = b->next;
        UNPOISON(b->bytes, b->cap);
        mem_free(b);
        b = next;
    }
    *a = (struct arena){.max_bytes = a->max_bytes};
}

void arena_reset(struct arena *a) {
    for (struct arena_block *b = a->first; b; b = b->next)
        POISON(b->bytes, b->cap);
    a->now = a->first;
    a->used_in_now = 0;
}

struct arena_mark arena_mark(const struct arena *a) {
    return (struct arena_mark){.now = a->now, .used_in_now = a->used_in_now};
}

void arena_rewind(struct arena *a, struct arena_mark m) {
    if (!m.now) {
        arena_reset(a);
        return;
    }
    for (struct arena_block *b = m.now->next; b; b = b->next)
        POISON(b->bytes, b->cap);
    POISON(m.now->bytes + m.used_in_now, m.now->cap - m.used_in_now);
    a->now = m.now;
    a->used_in_now = m.used_in_now;
}

/* Puts b right behind `now` and makes it `now`. */
static void use_block(struct arena *a, struct arena_block *b) {
    struct arena_block **link = a->now ? &a->now->next : &a->first;
    b->next = *link;
    *link = b;
    a->now = b;
    a->used_in_now = 0;
}

/* Moves on to a block with room for n: one of those that lie idle behind `now`, else a new one.
 * Looking at all of them keeps an arena whose batches differ from taking a new block in each. */
static bool next_block(struct arena *a, size_t n) {
    struct arena_block **link = a->now ? &a->now->next : &a->first;
    for (struct arena_block *b; (b = *link); link = &b->next) {
        if (b->cap < n)
            continue;
        *link = b->next;
        use_block(a, b);
        return true;
    }
    size_t cap = a->now ? a->now->cap * 2 : BLOCK_MIN;
    cap = MIN(cap, (size_t) BLOCK_MAX);
    cap = MAX(cap, n);
    if (cap > a->max_bytes || a->held_bytes > a->max_bytes - cap) {
        cap = n;
        if (cap > a->max_bytes || a->held_bytes > a->max_bytes - cap)
            return false;
    }
    struct arena_block *fresh = mem_alloc(sizeof *fresh + cap);
    if (!fresh)
        return false;
    fresh->cap = cap;
    POISON(fresh->bytes, cap);
    a->held_bytes += cap;
    use_block(a, fresh);
    return true;
}

void *arena_alloc(struct arena *a, size_t n) {
    if (n > a->max_bytes || n > SIZE_MAX - ALIGN)
        return NULL;
#ifdef KIZUKI_DEVELOPER
    if (mem_fails_in_arena())
        return NULL;
#endif
    size_t need = (n + ALIGN - 1) & ~(size_t) (ALIGN - 1);
    need = need ? need : ALIGN;
    if (!a->now || a->now->cap - a->used_in_now < need)
        if (!next_block(a, need))
            return NULL;
    char *p = a->now->bytes + a->used_in_now;
    a->used_in_now += need;
    UNPOISON(p, n);
    return p;
}

void *arena_zalloc(struct arena *a, size_t n) {
    void *p = arena_alloc(a, n);
    if (p)
        memset(p, 0, n);
    return p;
}

char *arena_dup_z(struct arena *a, struct str s) {
    char *p = arena_alloc(a, s.n + 1);
    if (!p)
        return NULL;
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}

struct str arena_dup(struct arena *a, struct str s) {
    char *p = arena_dup_z(a, s);
    return p ? str_n(p, s.n) : STR_NULL;
}

struct str arena_printf(struct arena *a, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t) n + 1);
    if (p)
        vsnprintf(p, (size_t) n + 1, fmt, again);
    va_end(again);
    return p ? str_n(p, (size_t) n) : STR_NULL;
}

int arena_grow(struct arena *a, void **p, size_t *cap, size_t want, size_t size) {
    size_t total;
    if (want <= *cap)
        return 0;
    size_t next = MAX(want, *cap * 2);
    next = MAX(next, 8);
    if (__builtin_mul_overflow(next, size, &total))
        return -ENOMEM;
    void *q = arena_alloc(a, total);
    if (!q)
        return -ENOMEM;
    if (*p)
        memcpy(q, *p, *cap * size);
    *p = q;
    *cap = next;
    return 0;
}
