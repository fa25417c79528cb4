/* struct str: a borrowed slice of bytes. Not terminated, may hold NUL and any encoding.
 *
 * Whoever hands one out states how long it is valid ("until the batch ends"). Comparison is by bytes;
 * the `_icase` forms fold ASCII letters only (Sigma's default for ASCII; base/fold.h does Unicode). */
#pragma once
#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(lit) ((struct str){.p = (lit), .n = sizeof(lit) - 1})
#define STR_NULL ((struct str){0})
/* For printf's "%.*s". */
#define STR_ARG(s) (int) (s).n, (s).p

static inline struct str str_of(const char *z) {
    return (struct str){.p = z, .n = z ? strlen(z) : 0};
}
static inline struct str str_n(const char *p, size_t n) {
    return (struct str){.p = p, .n = n};
}
static inline bool str_eq(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool str_eq_z(struct str a, const char *z) {
    return str_eq(a, str_of(z));
}
/* The part from `from` (at most to the end); never fails. */
static inline struct str str_from(struct str s, size_t from) {
    return from >= s.n ? str_n(s.p + s.n, 0) : str_n(s.p + from, s.n - from);
}
static inline struct str str_to(struct str s, size_t to) {
    return str_n(s.p, to < s.n ? to : s.n);
}
static inline char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
}
static inline bool ascii_digit(char c) {
    return c >= '0' && c <= '9';
}

int str_cmp(struct str a, struct str b);
bool str_eq_icase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Position of the first occurrence from `from`, or -1. */
ptrdiff_t str_find(struct str s, struct str needle, size_t from);
ptrdiff_t str_find_byte(struct str s, char c, size_t from);
struct str str_trim(struct str s); /* ASCII white space at both ends */
/* Cuts the next piece up to `sep` off *rest; false when nothing is left. "a,,b" gives "a", "", "b". */
bool str_split(struct str *rest, char sep, struct str *ret_piece);
/* Whole-slice integers; -EINVAL when anything else is in it, -ERANGE when too large. */
int str_to_u64(struct str s, uint64_t *ret) MUST_USE;
int str_to_i64(struct str s, int64_t *ret) MUST_USE;
/* Decimal with optional fraction and exponent, whole slice. */
int str_to_double(struct str s, double *ret) MUST_USE;
/* Heap copy, NUL-terminated; NULL when memory ends. Freed with mem_free. */
char *str_dup(struct str s);
