#include "base/str.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>

int str_cmp(struct str a, struct str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c)
        return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool str_eq_icase(struct str a, struct str b) {
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    return true;
}

bool str_starts(struct str s, struct str prefix) {
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_ends(struct str s, struct str suffix) {
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0);
}

ptrdiff_t str_find(struct str s, struct str needle, size_t from) {
    if (needle.n > s.n || from > s.n - needle.n)
        return -1;
    if (needle.n == 0)
        return (ptrdiff_t) from;
    const char *hit = memmem(s.p + from, s.n - from, needle.p, needle.n);
    return hit ? hit - s.p : -1;
}

ptrdiff_t str_find_byte(struct str s, char c, size_t from) {
    if (from >= s.n)
        return -1;
    const char *hit = memchr(s.p + from, c, s.n - from);
    return hit ? hit - s.p : -1;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

struct str str_trim(struct str s) {
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_split(struct str *rest, char sep, struct str *ret_piece) {
    if (!rest->p)
        return false;
    ptrdiff_t at = str_find_byte(*rest, sep, 0);
    if (at < 0) {
        *ret_piece = *rest;
        *rest = STR_NULL;
        return true;
    }
    *ret_piece = str_to(*rest, (size_t) at);
    *rest = str_from(*rest, (size_t) at + 1);
    return true;
}

int str_to_u64(struct str s, uint64_t *ret) {
    uint64_t v = 0;
    if (s.n == 0)
        return -EINVAL;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_digit(s.p[i]))
            return -EINVAL;
        unsigned d = (unsigned) (s.p[i] - '0');
        if (v > (UINT64_MAX - d) / 10)
            return -ERANGE;
        v = v * 10 + d;
    }
    *ret = v;
    return 0;
}

int str_to_i64(struct str s, int64_t *ret) {
    uint64_t v;
    bool neg = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_from(s, 1);
    int r = str_to_u64(s, &v);
    if (r < 0)
        return r;
    if (v > (uint64_t) INT64_MAX + (neg ? 1 : 0))
        return -ERANGE;
    *ret = neg ? (int64_t) (0 - v) : (int64_t) v;
    return 0;
}

int str_to_double(struct str s, double *ret) {
    /* strtod wants a terminator; anything longer than this is no number a person wrote. */
    char z[64];
    char *end;
    if (s.n == 0 || s.n >= sizeof z)
        return -EINVAL;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!ascii_digit(c) && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E')
            return -EINVAL;
        z[i] = c;
    }
    z[s.n] = 0;
    double v = strtod(z, &end);
    if (*end || !isfinite(v))
        return -EINVAL;
    *ret = v;
    return 0;
}

char *str_dup(struct str s) {
    char *z = mem_alloc(s.n + 1);
    if (!z)
        return NULL;
    if (s.n)
        memcpy(z, s.p, s.n);
    z[s.n] = 0;
    return z;
}
