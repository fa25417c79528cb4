/* See punycode.h. The parameters and the algorithm are RFC 3492, sections 5 and 6.3. */
#include "indicator/punycode.h"

#include "base/buf.h"
#include "base/text.h"
#include "base/utf8.h"

enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, BIAS = 72, FIRST = 128, CHARS_MAX = 63 };

static char digit_of(uint32_t d) {
    return (char) (d < 26 ? 'a' + d : '0' + (d - 26));
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first) {
    uint32_t k = 0;
    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static void add_number(struct buf *out, uint32_t q, uint32_t bias) {
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
        if (q < t)
            break;
        buf_add_byte(out, digit_of(t + (q - t) % (BASE - t)));
        q = (q - t) / (BASE - t);
    }
    buf_add_byte(out, digit_of(q));
}

static int encode(const uint32_t *c, uint32_t n, struct buf *out) {
    uint32_t done = 0, now = FIRST, delta = 0, bias = BIAS;
    for (uint32_t i = 0; i < n; i++)
        if (c[i] < 128) {
            buf_add_byte(out, (char) c[i]);
            done++;
        }
    uint32_t basic = done;
    if (basic)
        buf_add_byte(out, '-');
    while (done < n) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < n; i++)
            if (c[i] >= now)
                next = MIN(next, c[i]);
        delta += (next - now) * (done + 1); /* at most 0x10ffff * 64 */
        now = next;
        for (uint32_t i = 0; i < n; i++) {
            delta += c[i] < now;
            if (c[i] != now)
                continue;
            add_number(out, delta, bias);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        now++;
    }
    return buf_error(out);
}

static int add_label(struct buf *out, struct str label) {
    uint32_t c[CHARS_MAX], n = 0;
    if (text_is_ascii(label)) {
        buf_add(out, label);
        return buf_error(out);
    }
    for (const char *p = label.p, *end = label.p + label.n; p < end;) {
        unsigned len = utf8_length(p, end);
        if (!len || n == CHARS_MAX)
            return -EINVAL;
        c[n++] = len > 1 ? utf8_decode(p, len) : (uint32_t) (unsigned char) *p;
        p += len;
    }
    buf_add_z(out, "xn--");
    return encode(c, n, out);
}

struct str punycode_name(struct arena *a, struct str name) {
    struct str rest = name, label, ret = STR_NULL;
    struct buf out;
    int r = 0;
    buf_init(&out, 4096);
    while (r == 0 && str_split(&rest, '.', &label)) {
        if (out.n)
            buf_add_byte(&out, '.');
        r = add_label(&out, label);
    }
    if (r == 0)
        ret = arena_dup(a, buf_str(&out));
    buf_done(&out);
    return ret;
}
