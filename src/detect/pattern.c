/* Wildcards are cut into pieces: literals with the gaps before them. Between two stars the leftmost
 * place is always right, so matching never backs up further than one stretch; the stretch behind
 * the last star is matched from the end. Cost is linear in the value for the patterns rules have.
 */
#include "detect/pattern.h"

#include <inttypes.h>
#include <math.h>

#include "base/limits.h"
#include "base/text.h"

int pattern_parse(struct arena *a, struct str text, bool expand, struct pattern *ret) {
    uint16_t *to = arena_alloc(a, (text.n + 1) * sizeof *to);
    if (!to)
        return -ENOMEM;
    uint32_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char) text.p[i];
        unsigned char next = i + 1 < text.n ? (unsigned char) text.p[i + 1] : 0;
        if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
            to[n++] = next;
            i++;
        } else if (c == '\\' && next == '%' && expand) {
            to[n++] = PATTERN_PERCENT;
            i++;
        } else {
            to[n++] = c == '*' ? PATTERN_STAR : c == '?' ? PATTERN_ANY : c;
        }
    }
    *ret = (struct pattern){.at = to, .n = n};
    return 0;
}

int pattern_literal(struct arena *a, struct str text, struct pattern *ret) {
    uint16_t *to = arena_alloc(a, (text.n + 1) * sizeof *to);
    if (!to)
        return -ENOMEM;
    for (size_t i = 0; i < text.n; i++)
        to[i] = (unsigned char) text.p[i];
    *ret = (struct pattern){.at = to, .n = (uint32_t) text.n};
    return 0;
}

bool pattern_has_wildcard(struct pattern p) {
    for (uint32_t i = 0; i < p.n; i++)
        if (p.at[i] >= PATTERN_STAR && p.at[i] != PATTERN_PERCENT)
            return true;
    return false;
}

int pattern_surround(struct arena *a, struct pattern *p, bool before, bool after) {
    uint16_t *to = arena_alloc(a, (p->n + 2) * sizeof *to);
    if (!to)
        return -ENOMEM;
    uint32_t n = 0;
    if (before && !(p->n && p->at[0] == PATTERN_STAR))
        to[n++] = PATTERN_STAR;
    if (p->n)
        memcpy(to + n, p->at, p->n * sizeof *to);
    n += p->n;
    if (after && !(n && to[n - 1] == PATTERN_STAR))
        to[n++] = PATTERN_STAR;
    *p = (struct pattern){.at = to, .n = n};
    return 0;
}

/* Literal bytes of at[0…n) without wildcards, folded as the item asks. */
static int fold_literal(struct arena *a, const uint16_t *at, uint32_t n, const struct detect_item *item,
                        struct str *ret) {
    bool as_it_is = item->cased || item->unicode || item->fold;
    char *z = arena_alloc(a, n + 1);
    if (!z)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        char c = at[i] == PATTERN_PERCENT ? '%' : (char) at[i];
        z[i] = as_it_is ? c : ascii_lower(c);
    }
    z[n] = 0;
    *ret = str_n(z, n);
    if (item->fold)
        *ret = item->fold == DETECT_FOLD_NORMAL ? text_normal(a, *ret) : text_fold(a, *ret);
    else if (item->unicode)
        *ret = text_lower(a, *ret);
    return ret->p ? 0 : -ENOMEM;
}

/* Other characters than ASCII, readable as UTF-8: compared under Unicode folding unless cased. */
static int is_unicode(struct arena *a, struct pattern p, bool *ret) {
    struct arena_mark m = arena_mark(a);
    char *z = arena_alloc(a, p.n + 1);
    if (!z)
        return -ENOMEM;
    size_t n = 0;
    for (uint32_t i = 0; i < p.n; i++)
        if (p.at[i] < PATTERN_STAR)
            z[n++] = (char) p.at[i];
    *ret = !text_is_ascii(str_n(z, n)) && text_is_utf8(str_n(z, n));
    arena_rewind(a, m);
    return 0;
}

static bool is_gap(uint16_t c) {
    return c == PATTERN_STAR || c == PATTERN_ANY;
}

static int cut_pieces(struct arena *a, struct pattern p, struct detect_item *item) {
    struct detect_piece *pieces = arena_alloc(a, (p.n + 1) * sizeof *pieces);
    if (!pieces)
        return -ENOMEM;
    uint32_t n = 0, i = 0;
    while (i < p.n) {
        struct detect_piece *it = &pieces[n++];
        *it = (struct detect_piece){.lit = STR("")};
        for (; i < p.n && is_gap(p.at[i]); i++) {
            it->star |= p.at[i] == PATTERN_STAR;
            it->skip += p.at[i] == PATTERN_ANY;
        }
        uint32_t begin = i;
        while (i < p.n && !is_gap(p.at[i]))
            i++;
        int r = fold_literal(a, p.at + begin, i - begin, item, &it->lit);
        if (r < 0)
            return r;
    }
    item->op = DETECT_OP_GLOB;
    item->pieces = pieces;
    item->n_pieces = (uint16_t) n;
    return 0;
}

int pattern_finish(struct arena *a, struct pattern p, struct detect_item *item) {
    if (p.n > UINT16_MAX)
        return -ERR_LIMIT;
    bool unicode;
    int r = is_unicode(a, p, &unicode);
    if (r < 0)
        return r;
    item->unicode = unicode && !item->cased && !item->fold;
    uint32_t begin = 0, end = p.n;
    while (begin < end && p.at[begin] == PATTERN_STAR)
        begin++;
    while (end > begin && p.at[end - 1] == PATTERN_STAR)
        end--;
    bool before = begin > 0, after = end < p.n;
    for (uint32_t i = begin; i < end; i++)
        if (is_gap(p.at[i]))
            return cut_pieces(a, p, item);
    r = fold_literal(a, p.at + begin, end - begin, item, &item->text);
    if (!item->text.n)
        item->op = before || after ? DETECT_OP_ANY : DETECT_OP_EXACT;
    else
        item->op = before && after ? DETECT_OP_CONTAINS
                   : before        ? DETECT_OP_SUFFIX
                   : after         ? DETECT_OP_PREFIX
                                   : DETECT_OP_EXACT;
    return r;
}

/* Forwards over n characters; NULL when the value ends before. */
static const char *skip(const char *p, const char *end, unsigned n) {
    while (n--) {
        if (p >= end)
            return NULL;
        p++;
        while (p < end && ((unsigned char) *p & 0xc0) == 0x80)
            p++;
    }
    return p;
}

static const char *skip_back(const char *p, const char *begin, unsigned n) {
    while (n--) {
        if (p <= begin)
            return NULL;
        p--;
        while (p > begin && ((unsigned char) *p & 0xc0) == 0x80)
            p--;
    }
    return p;
}

static bool stands_at(const char *p, const char *end, struct str lit) {
    return (size_t) (end - p) >= lit.n && memcmp(p, lit.p, lit.n) == 0;
}

/* Pieces 0…n, all gaps fixed, from p on; the place behind them or NULL. */
static const char *match_fixed(const struct detect_piece *it, unsigned n, const char *p,
                               const char *end) {
    for (unsigned i = 0; i < n && p; i++) {
        p = skip(p, end, it[i].skip);
        if (p)
            p = stands_at(p, end, it[i].lit) ? p + it[i].lit.n : NULL;
    }
    return p;
}

/* The first place from p on where the stretch (its first gap is a star) fits; behind it, or NULL.
 */
static const char *find_stretch(const struct detect_piece *it, unsigned n, const char *p,
                                const char *end) {
    p = skip(p, end, it->skip);
    while (p) {
        p = memmem(p, (size_t) (end - p), it->lit.p, it->lit.n);
        if (!p)
            return NULL;
        const char *behind = match_fixed(it + 1, n - 1, p + it->lit.n, end);
        if (behind)
            return behind;
        p++;
    }
    return NULL;
}

/* The last stretch must end where the value ends; its first gap, a star, may not reach before p. */
static bool ends_with(const struct detect_piece *it, unsigned n, const char *p, const char *end) {
    const char *at = end;
    for (unsigned i = n; i-- > 0;) {
        if ((size_t) (at - p) < it[i].lit.n)
            return false;
        at -= it[i].lit.n;
        if (memcmp(at, it[i].lit.p, it[i].lit.n) != 0)
            return false;
        at = skip_back(at, p, it[i].skip);
        if (!at)
            return false;
    }
    return true;
}

bool pattern_match_glob(const struct detect_piece *pieces, unsigned n, struct str value) {
    const char *p = value.p, *end = value.p + value.n;
    unsigned i = 0;
    while (i < n) {
        unsigned next = i + 1;
        while (next < n && !pieces[next].star)
            next++;
        if (next == n && pieces[i].star)
            return ends_with(pieces + i, n - i, p, end);
        p = pieces[i].star ? find_stretch(pieces + i, next - i, p, end)
                           : match_fixed(pieces + i, next - i, p, end);
        if (!p)
            return false;
        i = next;
    }
    return p == end;
}

bool pattern_match(const struct detect_item *item, const struct pattern_subject *s) {
    struct str v = item->cased ? s->raw : item->unicode ? s->folded : s->lowered;
    struct str t = item->text;
    switch (item->op) {
    case DETECT_OP_EXACT:
        return str_eq(v, t);
    case DETECT_OP_PREFIX:
        return v.n >= t.n && memcmp(v.p, t.p, t.n) == 0;
    case DETECT_OP_SUFFIX:
        return v.n >= t.n && memcmp(v.p + v.n - t.n, t.p, t.n) == 0;
    case DETECT_OP_CONTAINS:
        return memmem(v.p, v.n, t.p, t.n) != NULL;
    case DETECT_OP_GLOB:
        return pattern_match_glob(item->pieces, item->n_pieces, v);
    default:
        return false;
    }
}

bool pattern_is_canonical(struct str s) {
    size_t i = s.n && s.p[0] == '-';
    if (s.n - i == 0 || s.n - i > 15 || (s.p[i] == '0' && s.n > 1))
        return false;
    while (i < s.n && ascii_digit(s.p[i]))
        i++;
    return i == s.n;
}

bool pattern_canonical_number(struct str text, char dst[32], struct str *ret) {
    int64_t i;
    double d;
    int n;
    if (text.n && text.p[0] != '+' && str_to_i64(text, &i) == 0) {
        n = snprintf(dst, 32, "%" PRId64, i);
    } else if (str_to_double(text, &d) == 0 && isfinite(d)) {
        /* up to 2^53 a double is one whole number and no other */
        if (d == floor(d) && fabs(d) < 9007199254740992.0)
            n = snprintf(dst, 32, "%" PRId64, (int64_t) d);
        else
            n = snprintf(dst, 32, "%.17g", d);
    } else {
        return false;
    }
    *ret = str_n(dst, (size_t) n);
    return true;
}
