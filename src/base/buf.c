#include "base/buf.h"

#include "base/err.h"
#include "base/mem.h"

void buf_init(struct buf *b, size_t max_bytes) {
    ASSERT(max_bytes > 0);
    *b = (struct buf){.max = max_bytes};
}

void buf_done(struct buf *b) {
    mem_free(b->p);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b) {
    b->n = 0;
    b->error = 0;
}

char *buf_reserve(struct buf *b, size_t n) {
    if (b->error)
        return NULL;
    if (n > b->max - b->n) {
        b->error = -ERR_LIMIT;
        return NULL;
    }
    if (b->cap - b->n < n) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap - b->n < n && cap < b->max)
            cap = cap > b->max / 2 ? b->max : cap * 2;
        cap = MIN(cap, b->max);
        char *p = mem_realloc(b->p, cap);
        if (!p) {
            b->error = -ENOMEM;
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_add(struct buf *b, struct str s) {
    if (s.n == 0)
        return;
    char *p = !b->error && b->cap - b->n >= s.n ? b->p + b->n : buf_reserve(b, s.n);
    if (!p)
        return;
    memcpy(p, s.p, s.n);
    b->n += s.n;
}

void buf_add_z(struct buf *b, const char *z) {
    buf_add(b, str_of(z));
}

void buf_add_byte(struct buf *b, char c) {
    if (!b->error && b->n < b->cap)
        b->p[b->n++] = c;
    else
        buf_add(b, str_n(&c, 1));
}

void buf_add_html(struct buf *b, struct str s) {
    for (size_t i = 0; i < s.n; i++)
        switch (s.p[i]) {
        case '<':
            buf_add_z(b, "&lt;");
            break;
        case '>':
            buf_add_z(b, "&gt;");
            break;
        case '&':
            buf_add_z(b, "&amp;");
            break;
        case '"':
            buf_add_z(b, "&quot;");
            break;
        case '\'':
            buf_add_z(b, "&#39;");
            break;
        default:
            buf_add_byte(b, (unsigned char) s.p[i] < ' ' && !(s.p[i] && strchr("\t\n\r", s.p[i])) ? ' ' : s.p[i]);
        }
}

void buf_add_u64(struct buf *b, uint64_t v) {
    char z[20];
    size_t at = sizeof z;
    do {
        z[--at] = (char) ('0' + v % 10);
        v /= 10;
    } while (v);
    buf_add(b, str_n(z + at, sizeof z - at));
}

void buf_add_i64(struct buf *b, int64_t v) {
    if (v < 0)
        buf_add_byte(b, '-');
    buf_add_u64(b, v < 0 ? 0 - (uint64_t) v : (uint64_t) v);
}

void buf_printf(struct buf *b, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *z = n < 0 ? NULL : mem_alloc((size_t) n + 1);
    if (z) {
        vsnprintf(z, (size_t) n + 1, fmt, again);
        buf_add(b, str_n(z, (size_t) n));
        mem_free(z);
    } else if (!b->error) {
        b->error = -ENOMEM;
    }
    va_end(again);
}

void buf_remove_front(struct buf *b, size_t n) {
    ASSERT(n <= b->n);
    if (n && b->n > n)
        memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

const char *buf_z(struct buf *b) {
    char *p = buf_reserve(b, 1);
    if (!p)
        return "";
    *p = 0;
    return b->p;
}
