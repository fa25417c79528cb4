/* Hash map from byte strings to pointers or numbers. Open addressing, linear probing, load at most 3/4,
 * keys hashed with SipHash under the process's key (keys come from outside). Bounded: adding beyond max_n
 * returns -ERR_LIMIT. Keys are copied in unless MAP_BORROW is set (then they must outlive the map).
 * Iteration order is random: never let it reach an output. */
#pragma once
#include "base/str.h"

union map_value {
    void *ptr;
    uint64_t num;
};
struct map_slot {
    struct str key; /* key.p NULL = free */
    uint64_t hash;
    union map_value value;
};
struct map {
    struct map_slot *slots;
    size_t n, cap, max_n;
    unsigned flags;
};
enum { MAP_BORROW = 1 };

void map_init(struct map *m, size_t max_n, unsigned flags);
void map_done(struct map *m);
void map_clear(struct map *m); /* keeps the slots */
/* NULL when absent. Valid until the next add or remove. */
union map_value *map_find(const struct map *m, struct str key);
void *map_get(const struct map *m, struct str key); /* the pointer, NULL when absent */
/* Finds or adds (value zeroed). *ret_new (may be NULL) says which. */
int map_add(struct map *m, struct str key, union map_value **ret_value, bool *ret_new) MUST_USE;
int map_put(struct map *m, struct str key, void *ptr) MUST_USE; /* adds or replaces */
bool map_remove(struct map *m, struct str key);
/* for (struct map_slot *s = NULL; (s = map_next(m, s));) */
struct map_slot *map_next(const struct map *m, struct map_slot *after);
