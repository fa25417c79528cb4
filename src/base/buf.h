/* struct buf: a byte buffer that grows up to a stated maximum.
 *
 * Invariants: n <= max; p is NULL only while nothing was ever added. Failure is sticky: after -ENOMEM or
 * -ERR_LIMIT every further add does nothing and buf_error returns the first code, so that a writer may add
 * many pieces and check once. */
#pragma once
#include "base/str.h"

#include <stdarg.h>

struct buf {
    char *p;
    size_t n, cap, max;
    int error;
};

void buf_init(struct buf *b, size_t max_bytes); /* allocates nothing */
void buf_done(struct buf *b);                   /* frees; may be initialised or used again with the same max */
void buf_clear(struct buf *b);                  /* n = 0, error = 0, memory kept */
static inline int buf_error(const struct buf *b) {
    return b->error;
}
static inline struct str buf_str(const struct buf *b) {
    return str_n(b->p ? b->p : "", b->n);
}
/* Room for n more bytes; NULL on failure. After writing k <= n bytes there, call buf_added(b, k). */
char *buf_reserve(struct buf *b, size_t n);
static inline void buf_added(struct buf *b, size_t n) {
    b->n += n;
}
void buf_add(struct buf *b, struct str s);
void buf_add_z(struct buf *b, const char *z);
void buf_add_byte(struct buf *b, char c);
/* As text or between the quotes of an attribute of HTML or XML; control characters neither has become a space. */
void buf_add_html(struct buf *b, struct str s);
void buf_add_u64(struct buf *b, uint64_t v);
void buf_add_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_remove_front(struct buf *b, size_t n); /* moves the rest down */
/* The bytes with a NUL behind them (not counted); "" on failure. Valid until the next change. */
const char *buf_z(struct buf *b);
