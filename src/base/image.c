/* See image.h. */
#include "base/image.h"

#include <string.h>

enum { HAND_OVER_BYTES = 256 * 1024, NUMBER_BYTES_MAX = 10 };

void image_write(struct image *x, int (*full)(void *ctx, struct str bytes), void *ctx,
                 size_t max_bytes) {
    *x = (struct image){.full = full, .ctx = ctx};
    buf_init(&x->out, max_bytes);
}

void image_read(struct image *x, struct str in) {
    *x = (struct image){.reading = true, .in = in};
    buf_init(&x->out, 1);
}

void image_done(struct image *x) {
    buf_done(&x->out);
}

int image_fail(struct image *x, int code) {
    if (x->error == 0)
        x->error = code;
    return x->error;
}

static void hand_over(struct image *x) {
    if (buf_error(&x->out))
        image_fail(x, buf_error(&x->out));
    if (x->error || !x->full)
        return;
    int r = x->full(x->ctx, buf_str(&x->out));
    buf_clear(&x->out);
    if (r < 0)
        image_fail(x, r);
}

int image_end(struct image *x) {
    if (!x->reading)
        hand_over(x);
    else if (x->at != x->in.n)
        image_fail(x, -ERR_CORRUPT);
    return x->error;
}

static void add(struct image *x, const void *p, size_t n) {
    if (x->error)
        return;
    buf_add(&x->out, str_n(p, n));
    if (buf_error(&x->out) || x->out.n >= HAND_OVER_BYTES)
        hand_over(x);
}

void image_raw(struct image *x, void *p, size_t n) {
    if (!x->reading) {
        add(x, p, n);
    } else if (x->error || n > image_left(x)) {
        image_fail(x, -ERR_CORRUPT);
        memset(p, 0, n);
    } else {
        memcpy(p, x->in.p + x->at, n);
        x->at += n;
    }
}

static void write_u64(struct image *x, uint64_t v) {
    unsigned char b[NUMBER_BYTES_MAX];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        b[n++] = (unsigned char) (v | 0x80);
    b[n++] = (unsigned char) v;
    add(x, b, n);
}

static uint64_t read_u64(struct image *x) {
    uint64_t v = 0;
    for (unsigned shift = 0; x->error == 0 && x->at < x->in.n; shift += 7) {
        unsigned char c = (unsigned char) x->in.p[x->at++];
        if (shift == 63 && c > 1)
            break;
        v |= (uint64_t) (c & 0x7f) << shift;
        if (!(c & 0x80))
            return v;
        if (shift == 63)
            break;
    }
    image_fail(x, -ERR_CORRUPT);
    return 0;
}

void image_u64(struct image *x, uint64_t *v) {
    if (x->reading)
        *v = read_u64(x);
    else
        write_u64(x, *v);
}

/* At most `most`, or it cannot have been written. */
static uint64_t bounded(struct image *x, uint64_t v, uint64_t most) {
    if (x->reading)
        v = read_u64(x);
    else
        write_u64(x, v);
    if (v <= most)
        return v;
    image_fail(x, -ERR_CORRUPT);
    return 0;
}

void image_i64(struct image *x, int64_t *v) {
    uint64_t u = ((uint64_t) *v << 1) ^ (*v < 0 ? UINT64_MAX : 0);
    image_u64(x, &u);
    *v = (int64_t) ((u >> 1) ^ (u & 1 ? UINT64_MAX : 0));
}

void image_u32(struct image *x, uint32_t *v) {
    *v = (uint32_t) bounded(x, *v, UINT32_MAX);
}
void image_bool(struct image *x, bool *v) {
    *v = bounded(x, *v, 1);
}
void image_size(struct image *x, size_t *v, size_t most) {
    *v = bounded(x, *v, most);
}
void image_count(struct image *x, uint32_t *v, uint32_t most) {
    *v = (uint32_t) bounded(x, *v, most);
}

void image_double(struct image *x, double *v) {
    uint64_t bits;
    memcpy(&bits, v, sizeof bits);
    image_u64(x, &bits);
    memcpy(v, &bits, sizeof bits);
}

void image_str(struct image *x, struct str *v, size_t most) {
    size_t n = v->n;
    image_size(x, &n, most);
    if (!x->reading) {
        add(x, v->p, n);
        return;
    }
    if (n > image_left(x)) {
        image_fail(x, -ERR_CORRUPT);
        n = 0;
    }
    *v = str_n(x->in.p + x->at, n);
    x->at += n;
}
