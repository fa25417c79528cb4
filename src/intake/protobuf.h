/* The wire form of protobuf, one field at a time: numbers, eight and four fixed bytes, and bytes with their length. What a field
 * means is its reader's; groups are refused. Inside src/intake only. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <errno.h>

enum { PB_VARINT_BYTES_MAX = 10 };
enum pb_wire { PB_VARINT, PB_FIXED64, PB_BYTES, PB_FIXED32 = 5 };
struct pb_field {
    uint32_t number;
    enum pb_wire wire;
    uint64_t value;   /* varint, fixed */
    struct str bytes; /* PB_BYTES */
};

static inline bool pb_varint(struct str *s, uint64_t *ret) {
    uint64_t v = 0;
    for (size_t i = 0; i < s->n && i < PB_VARINT_BYTES_MAX; i++) {
        v |= (uint64_t) ((unsigned char) s->p[i] & 0x7f) << (7 * i);
        if (!((unsigned char) s->p[i] & 0x80)) {
            *s = str_from(*s, i + 1);
            *ret = v;
            return true;
        }
    }
    return false;
}

/* 1, 0: the end, -ERR_PARSE. */
static inline int pb_next(struct str *s, struct pb_field *f) {
    uint64_t tag, n;
    if (s->n == 0)
        return 0;
    *f = (struct pb_field){0};
    if (!pb_varint(s, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3)
        return -ERR_PARSE;
    f->number = (uint32_t) (tag >> 3);
    f->wire = (enum pb_wire) (tag & 7);
    size_t fixed = f->wire == PB_FIXED64 ? 8 : 4;
    switch (f->wire) {
    case PB_VARINT:
        return pb_varint(s, &f->value) ? 1 : -ERR_PARSE;
    case PB_FIXED64:
    case PB_FIXED32:
        if (s->n < fixed)
            return -ERR_PARSE;
        memcpy(&f->value, s->p, fixed);
        *s = str_from(*s, fixed);
        return 1;
    case PB_BYTES:
        if (!pb_varint(s, &n) || n > s->n)
            return -ERR_PARSE;
        f->bytes = str_to(*s, (size_t) n);
        *s = str_from(*s, (size_t) n);
        return 1;
    default:
        return -ERR_PARSE;
    }
}

static inline bool pb_is(const struct pb_field *f, uint32_t number, enum pb_wire wire) {
    return f->number == number && f->wire == wire;
}
