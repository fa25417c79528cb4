#include "base/map.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

void map_init(struct map *m, size_t max_n, unsigned flags) {
    ASSERT(max_n > 0);
    *m = (struct map){.max_n = max_n, .flags = flags};
}

static void free_key(const struct map *m, struct map_slot *s) {
    if (!(m->flags & MAP_BORROW))
        mem_free((void *) (uintptr_t) s->key.p);
}

void map_clear(struct map *m) {
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].key.p)
            free_key(m, &m->slots[i]);
        m->slots[i] = (struct map_slot){0};
    }
    m->n = 0;
}

void map_done(struct map *m) {
    map_clear(m);
    mem_free(m->slots);
    *m = (struct map){.max_n = m->max_n, .flags = m->flags};
}

/* The slot of the key, or the free one where it belongs. cap is a power of two, never full. */
static struct map_slot *probe(struct map_slot *slots, size_t cap, struct str key, uint64_t hash) {
    size_t i = (size_t) hash & (cap - 1);
    while (slots[i].key.p && !(slots[i].hash == hash && str_eq(slots[i].key, key)))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

union map_value *map_find(const struct map *m, struct str key) {
    if (!m->n)
        return NULL;
    struct map_slot *s = probe(m->slots, m->cap, key, hash_sip(key));
    return s->key.p ? &s->value : NULL;
}

void *map_get(const struct map *m, struct str key) {
    union map_value *v = map_find(m, key);
    return v ? v->ptr : NULL;
}

static int grow(struct map *m) {
    size_t cap = m->cap ? m->cap * 2 : 16;
    struct map_slot *slots = mem_zalloc_array(cap, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].key.p)
            *probe(slots, cap, m->slots[i].key, m->slots[i].hash) = m->slots[i];
    mem_free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return 0;
}

int map_add(struct map *m, struct str key, union map_value **ret_value, bool *ret_new) {
    uint64_t hash = hash_sip(key);
    struct map_slot *s = m->cap ? probe(m->slots, m->cap, key, hash) : NULL;
    bool fresh = !s || !s->key.p;
    if (fresh) {
        if (m->n >= m->max_n)
            return -ERR_LIMIT;
        struct str own = key;
        if (!(m->flags & MAP_BORROW)) {
            own.p = str_dup(key);
            if (!own.p)
                return -ENOMEM;
        } else if (!own.p) {
            own.p = "";
        }
        if ((m->n + 1) * 4 > m->cap * 3) {
            int r = grow(m);
            if (r < 0) {
                if (!(m->flags & MAP_BORROW))
                    mem_free((void *) (uintptr_t) own.p);
                return r;
            }
        }
        s = probe(m->slots, m->cap, key, hash);
        *s = (struct map_slot){.key = own, .hash = hash};
        m->n++;
    }
    if (ret_new)
        *ret_new = fresh;
    *ret_value = &s->value;
    return 0;
}

int map_put(struct map *m, struct str key, void *ptr) {
    union map_value *v;
    int r = map_add(m, key, &v, NULL);
    if (r >= 0)
        v->ptr = ptr;
    return r;
}

bool map_remove(struct map *m, struct str key) {
    if (!m->n)
        return false;
    struct map_slot *s = probe(m->slots, m->cap, key, hash_sip(key));
    if (!s->key.p)
        return false;
    free_key(m, s);
    *s = (struct map_slot){0};
    m->n--;
    /* Close the gap: move every follower whose home lies at or before the hole. */
    size_t hole = (size_t) (s - m->slots);
    for (size_t i = (hole + 1) & (m->cap - 1); m->slots[i].key.p; i = (i + 1) & (m->cap - 1)) {
        size_t home = (size_t) m->slots[i].hash & (m->cap - 1);
        if (((i - home) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
            m->slots[hole] = m->slots[i];
            m->slots[i] = (struct map_slot){0};
            hole = i;
        }
    }
    return true;
}

struct map_slot *map_next(const struct map *m, struct map_slot *after) {
    size_t i = after ? (size_t) (after - m->slots) + 1 : 0;
    for (; i < m->cap; i++)
        if (m->slots[i].key.p)
            return &m->slots[i];
    return NULL;
}
