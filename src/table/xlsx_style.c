/* Number formats of XLSX: which numbers are dates, and which show zeros in front.
 *
 * A format is sections of literals ("年", \-, [$-411]) and letters. y e g d make a date, h s a time, m what stands beside
 * it; only 0 and literals make a code of fixed length. Built-in formats have numbers; 27 to 36 and 50 to 58 are the dates of Japanese
 * Excel (ge.m.d, ggge年m月d日). Days count from 1899-12-30 (with Excel's 1900-02-29, which never was) or from 1904-01-01. */
#include "base/limits.h"
#include "base/time.h"
#include "table/xlsx_priv.h"

#include <math.h>

enum kind { PLAIN = 0, DATE = 1, TIME = 2, /* both: a date with a time */ DIGITS = 4 };
#define LAST_SERIAL 2958465.999999 /* 9999-12-31 */

static const struct {
    uint32_t from, to;
    enum kind kind;
} BUILT_IN[] = {{14, 17, DATE}, {18, 21, TIME}, {22, 22, DATE | TIME}, {27, 31, DATE}, {32, 33, TIME},
                {34, 36, DATE}, {45, 47, TIME}, {50, 58, DATE}};

static struct str format_of(const struct xlsx *x, uint32_t id) {
    for (size_t i = 0; i < x->styles.n_formats; i++)
        if (x->styles.formats[i].id == id)
            return x->styles.formats[i].code;
    return STR_NULL;
}

/* Jumps over one literal, if there is one; *ret_literal is its text. [h] counts hours and is none. */
static bool skip_literal(struct str f, size_t *at, struct str *ret_literal) {
    char c = f.p[*at];
    size_t from = *at;
    *ret_literal = STR("");
    if (c == '"') {
        ptrdiff_t end = str_find_byte(f, '"', from + 1);
        *at = end < 0 ? f.n : (size_t) end + 1;
        *ret_literal = str_n(f.p + from + 1, (end < 0 ? f.n : (size_t) end) - from - 1);
        return true;
    }
    if (c == '[') {
        ptrdiff_t end = str_find_byte(f, ']', from);
        struct str in = end < 0 ? STR("") : str_n(f.p + from + 1, (size_t) end - from - 1);
        if (in.n && strchr("hHmMsS", in.p[0]) && (in.n == 1 || in.p[1] == in.p[0]))
            return false;
        *at = end < 0 ? f.n : (size_t) end + 1;
        return true;
    }
    if ((c == '\\' || c == '_' || c == '*') && from + 1 < f.n) {
        *ret_literal = c == '\\' ? str_n(f.p + from + 1, 1) : STR("");
        *at += 2;
        return true;
    }
    return false;
}

static enum kind kind_of_code(struct str f) {
    unsigned kind = 0;
    bool zeros = false, others = false;
    struct str literal;
    if (str_eq_icase(f, STR("General")) || str_starts(f, STR("G/")))
        return PLAIN;
    for (size_t i = 0; i < f.n && f.p[i] != ';';) {
        if (skip_literal(f, &i, &literal))
            continue;
        char c = ascii_lower(f.p[i++]);
        bool exponent = c == 'e' && i < f.n && (f.p[i] == '+' || f.p[i] == '-');
        if (strchr("ydg", c) || (c == 'e' && !exponent) || c == 'a')
            kind |= c == 'a' ? 0 : DATE; /* a of AM/PM and of weekdays says neither */
        else if (c == 'h' || c == 's')
            kind |= TIME;
        else if (c == 'm' && !(kind & TIME) && !strchr(":", i < f.n ? f.p[i] : ' '))
            kind |= DATE;
        else if (c == '0')
            zeros = true;
        else if (!strchr("-() /", c))
            others = true;
    }
    return kind ? (enum kind) kind : zeros && !others ? DIGITS : PLAIN;
}

static enum kind kind_of(const struct xlsx *x, uint32_t style, struct str *ret_code) {
    uint32_t id = style < x->styles.n_cells ? x->styles.cells[style] : 0;
    *ret_code = format_of(x, id);
    if (ret_code->p)
        return kind_of_code(*ret_code);
    for (size_t i = 0; i < ARRAY_SIZE(BUILT_IN); i++)
        if (id >= BUILT_IN[i].from && id <= BUILT_IN[i].to)
            return BUILT_IN[i].kind;
    return PLAIN;
}

static struct str date_text(struct xlsx *x, double serial, unsigned kind) {
    double day = floor(serial + 0.5 / 86400);
    int64_t seconds = (int64_t) floor((serial - day) * 86400 + 0.5);
    seconds = MAX(seconds, INT64_C(0));
    struct time_civil c;
    int64_t base = x->date1904 ? time_days_from_civil(1904, 1, 1) : time_days_from_civil(1899, 12, day < 60 ? 31 : 30);
    struct arena *a = &x->t->arena;
    if (serial < 1 || kind == TIME) /* a time of day alone; hours beyond 24 stand as they are counted */
        return seconds % 60 ? arena_printf(a, "%02lld:%02lld:%02lld", (long long) (seconds / 3600 + (int64_t) day * 24),
                                           (long long) (seconds / 60 % 60), (long long) (seconds % 60))
                            : arena_printf(a, "%02lld:%02lld", (long long) (seconds / 3600 + (int64_t) day * 24), (long long) (seconds / 60 % 60));
    int64_t days = base + (int64_t) day;
    if (days > 106000) /* beyond 2260 nanoseconds since 1970 end; nobody's contract does that */
        return STR_NULL;
    time_to_civil(days * NS_PER_DAY, 0, &c);
    if (!seconds)
        return arena_printf(a, "%04d-%02d-%02d", c.year, c.month, c.day);
    if (seconds % 60 == 0)
        return arena_printf(a, "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, (int) (seconds / 3600), (int) (seconds / 60 % 60));
    return arena_printf(a, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, (int) (seconds / 3600), (int) (seconds / 60 % 60),
                        (int) (seconds % 60));
}

/* 0000 or 000-0000: as many digits as it has zeros, literals between. More digits than zeros stand in front. */
static struct str digits_text(struct xlsx *x, struct str number, struct str f) {
    size_t zeros = 0, used = 0, n = 0;
    struct str literal;
    for (size_t i = 0; i < f.n && f.p[i] != ';';)
        if (!skip_literal(f, &i, &literal))
            zeros += f.p[i++] == '0';
    char *p = arena_alloc(&x->t->arena, number.n + f.n + 1);
    size_t missing = zeros > number.n ? zeros - number.n : 0, extra = number.n > zeros ? number.n - zeros : 0;
    for (size_t i = 0; p && i < f.n && f.p[i] != ';';) {
        if (skip_literal(f, &i, &literal)) {
            memcpy(p + n, literal.p, literal.n);
            n += literal.n;
            continue;
        }
        char c = f.p[i++];
        if (c != '0') {
            p[n++] = c;
            continue;
        }
        for (; extra; extra--)
            p[n++] = number.p[used++];
        if (missing) {
            p[n++] = '0';
            missing--;
        } else {
            p[n++] = number.p[used++];
        }
    }
    return p ? str_n(p, n) : STR_NULL;
}

static bool only_digits(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]))
            return false;
    return s.n > 0;
}

struct str xlsx_number_text(struct xlsx *x, struct str number, uint32_t style) {
    struct str code, text = STR_NULL;
    double v;
    if (str_to_double(number, &v) < 0)
        return arena_dup(&x->t->arena, number);
    enum kind kind = kind_of(x, style, &code);
    if ((kind & (DATE | TIME)) && v >= 0 && v <= LAST_SERIAL)
        text = date_text(x, v, kind);
    else if (kind == DIGITS && only_digits(number))
        text = digits_text(x, number, code);
    if (text.p)
        return text;
    if (fabs(v) < 1e15 && v == floor(v)) /* 3.12345678E8 is a telephone number to who typed it */
        return arena_printf(&x->t->arena, "%.0f", v == 0 ? 0.0 : v);
    return arena_printf(&x->t->arena, "%.15g", v);
}

/* ---- styles.xml ---- */

struct styles_reader {
    struct xlsx *x;
    bool in_cells;
};

static int styles_begin(void *ctx, struct str name, const struct xlsx_attributes *a) {
    struct styles_reader *r = ctx;
    struct xlsx *x = r->x;
    struct xlsx_styles *s = &x->styles;
    uint64_t id = 0;
    if (str_eq_z(name, "cellXfs"))
        r->in_cells = true;
    struct str text = xlsx_attribute(a, "numFmtId");
    if (text.p && str_to_u64(text, &id) < 0)
        id = 0;
    if (str_eq_z(name, "numFmt")) {
        struct str code = xlsx_attribute(a, "formatCode");
        if (arena_grow(&x->t->arena, (void **) &s->formats, &s->cap_formats, s->n_formats + 1, sizeof *s->formats) < 0)
            return xlsx_no_memory(x);
        if (code.p && s->n_formats < 4096)
            s->formats[s->n_formats++] = (struct xlsx_format){(uint32_t) MIN(id, UINT32_MAX), arena_dup(&x->t->arena, code)};
    }
    if (r->in_cells && str_eq_z(name, "xf")) {
        if (arena_grow(&x->t->arena, (void **) &s->cells, &s->cap_cells, s->n_cells + 1, sizeof *s->cells) < 0)
            return xlsx_no_memory(x);
        s->cells[s->n_cells++] = (uint32_t) MIN(id, UINT32_MAX);
    }
    return 0;
}

static int styles_end(void *ctx, struct str name) {
    struct styles_reader *r = ctx;
    r->in_cells = r->in_cells && !str_eq_z(name, "cellXfs");
    return 0;
}

int xlsx_styles_read(struct xlsx *x) {
    struct styles_reader r = {.x = x};
    struct xlsx_handler h = {.ctx = &r, .begin = styles_begin, .end = styles_end};
    int e = x->styles_part.n ? xlsx_part_read(x, x->styles_part, &h) : 0;
    return e == -ENOENT ? 0 : e;
}
