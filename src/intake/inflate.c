#include "intake/inflate.h"

#include "base/mem.h"

#include <zlib.h>

enum { STEP_BYTES = 64 * 1024, EITHER_HEADER = 32 };

struct inflate {
    z_stream z;
    bool ended, any;
};

int inflate_new(struct inflate **ret) {
    struct inflate *i = mem_zalloc(sizeof *i);
    if (!i || inflateInit2(&i->z, 15 + EITHER_HEADER) != Z_OK) {
        mem_free(i);
        return -ENOMEM;
    }
    *ret = i;
    return 0;
}

void inflate_free(struct inflate *i) {
    if (!i)
        return;
    inflateEnd(&i->z);
    mem_free(i);
}

int inflate_add(struct inflate *i, struct str in, struct buf *out) {
    i->z.next_in = (Bytef *) (uintptr_t) in.p;
    i->z.avail_in = (unsigned) in.n;
    i->any |= in.n > 0;
    bool more = true; /* than fitted the last time */
    while (i->z.avail_in || more) {
        if (i->ended && i->z.avail_in) {
            inflateReset(&i->z);
            i->ended = false;
        }
        char *room = buf_reserve(out, STEP_BYTES);
        if (!room)
            return -ERR_LIMIT;
        i->z.next_out = (Bytef *) room;
        i->z.avail_out = STEP_BYTES;
        int r = inflate(&i->z, Z_NO_FLUSH);
        buf_added(out, STEP_BYTES - i->z.avail_out);
        more = i->z.avail_out == 0;
        if (r == Z_STREAM_END) {
            i->ended = true;
            more = false;
        } else if (r == Z_BUF_ERROR) {
            break; /* nothing left to do with these bytes */
        } else if (r != Z_OK) {
            return -ERR_PARSE;
        }
    }
    return 0;
}

bool inflate_is_whole(const struct inflate *i) {
    return i->ended || !i->any;
}
