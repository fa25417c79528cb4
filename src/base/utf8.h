/* One UTF-8 sequence at a time, strict (RFC 3629): no overlong form, no surrogate, nothing above
 * U+10FFFF. Shared by everything that reads, checks or writes text; inline because it stands in the
 * hot path. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Length of the sequence at p (p < end): 1…4, or 0 when the bytes are no UTF-8. */
static inline unsigned utf8_length(const char *p, const char *end) {
    const unsigned char *u = (const unsigned char *) p;
    size_t left = (size_t) (end - p);
    if (u[0] < 0x80)
        return 1;
    if (u[0] < 0xc2 || u[0] > 0xf4)
        return 0;
    if (left < 2 || (u[1] & 0xc0) != 0x80)
        return 0;
    if (u[0] < 0xe0)
        return 2;
    if (left < 3 || (u[2] & 0xc0) != 0x80)
        return 0;
    if (u[0] < 0xf0) {
        if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f))
            return 0;
        return 3;
    }
    if (left < 4 || (u[3] & 0xc0) != 0x80 || (u[0] == 0xf0 && u[1] < 0x90) ||
        (u[0] == 0xf4 && u[1] > 0x8f))
        return 0;
    return 4;
}

/* The code point of a sequence whose length utf8_length gave. */
static inline uint32_t utf8_decode(const char *p, unsigned n) {
    const unsigned char *u = (const unsigned char *) p;
    switch (n) {
    case 1:
        return u[0];
    case 2:
        return (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
    case 3:
        return (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
    default:
        return (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
    }
}

/* Writes a scalar value (no surrogate) to dst, which holds 4 bytes; returns the length. */
static inline unsigned utf8_encode(uint32_t c, char *dst) {
    if (c < 0x80) {
        dst[0] = (char) c;
        return 1;
    }
    if (c < 0x800) {
        dst[0] = (char) (0xc0 | c >> 6);
        dst[1] = (char) (0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        dst[0] = (char) (0xe0 | c >> 12);
        dst[1] = (char) (0x80 | (c >> 6 & 0x3f));
        dst[2] = (char) (0x80 | (c & 0x3f));
        return 3;
    }
    dst[0] = (char) (0xf0 | c >> 18);
    dst[1] = (char) (0x80 | (c >> 12 & 0x3f));
    dst[2] = (char) (0x80 | (c >> 6 & 0x3f));
    dst[3] = (char) (0x80 | (c & 0x3f));
    return 4;
}
#define UTF8_REPLACEMENT "\xef\xbf\xbd"
