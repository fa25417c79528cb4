/* Where the next line ends, the same for files at rest, files that grow and newline-framed
 * connections.
 *
 * A line ends with LF; one CR before it is dropped. Content of up to LINE_BYTES_MAX bytes is one
 * record; longer content comes in pieces of exactly LINE_BYTES_MAX bytes, whatever the reads were
 * like. */
#pragma once
#include "event/record.h"

enum {
    /* with this many bytes in hand and no LF, the line is longer than LINE_BYTES_MAX, CR LF or not
     */
    LINE_DECIDE_BYTES = LINE_BYTES_MAX + 2,
};

struct line_cut {
    struct str bytes;
    size_t used;    /* of the input, line end included */
    uint32_t flags; /* RAW_PIECE… */
    bool in_long;   /* to be given to the next call */
};

/* False: more bytes are needed. end: nothing will follow, so that what is there is a line. */
static inline bool line_next(const char *p, size_t n, bool end, bool in_long,
                             struct line_cut *ret) {
    if (n == 0)
        return false;
    const char *lf = memchr(p, '\n', MIN(n, (size_t) LINE_DECIDE_BYTES));
    if (!lf && !end && n < LINE_DECIDE_BYTES)
        return false;
    size_t len = lf ? (size_t) (lf - p) : n;
    len -= lf && len && lf[-1] == '\r';
    if (UNLIKELY(len > LINE_BYTES_MAX)) {
        *ret = (struct line_cut){.bytes = str_n(p, LINE_BYTES_MAX),
                                 .used = LINE_BYTES_MAX,
                                 .flags = in_long ? RAW_PIECE | RAW_PIECE_NEXT : RAW_PIECE,
                                 .in_long = true};
        return true;
    }
    *ret = (struct line_cut){.bytes = str_n(p, len),
                             .used = lf ? (size_t) (lf - p) + 1 : n,
                             .flags = in_long ? RAW_PIECE_LAST : 0};
    return true;
}
