/* Little-endian integers of 1 to 8 bytes, for what is written to disk or passed between programs. */
#pragma once
#include <stddef.h>
#include <stdint.h>

static inline void le_put(char *p, uint64_t v, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        p[i] = (char) (v >> 8 * i);
}
static inline uint64_t le_get(const char *p, size_t bytes) {
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t) (unsigned char) p[i] << 8 * i;
    return v;
}
