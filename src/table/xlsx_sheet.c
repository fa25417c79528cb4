/* Texts and cells of XLSX. A string may be in pieces of different looks (r/t), with a phonetic guide (rPh) that is not part
 * of it; _x000D_ stands for a character XML cannot hold. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/time.h"
#include "table/xlsx_priv.h"

enum { CELL_BYTES_MAX = 256 * 1024 }; /* 32,767 characters, the format's own maximum, and some */

/* ---- texts in pieces ---- */

struct pieces {
    struct buf b;
    unsigned phonetic; /* inside rPh */
    bool on;           /* inside a t that counts */
};

static void pieces_begin(struct pieces *p, struct str name) {
    p->phonetic += str_eq_z(name, "rPh");
    p->on = str_eq_z(name, "t") && !p->phonetic;
}

static void pieces_end(struct pieces *p, struct str name) {
    p->phonetic -= p->phonetic && str_eq_z(name, "rPh");
    p->on = false;
}

static int hex(char c) {
    return ascii_digit(c) ? c - '0' : ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f' ? ascii_lower(c) - 'a' + 10 : -1;
}

/* _xHHHH_ of control characters and of the underscore itself. */
static size_t unescape(char *p, size_t n) {
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        int v = -1;
        if (p[i] == '_' && i + 6 < n && p[i + 1] == 'x' && p[i + 6] == '_') {
            v = 0;
            for (size_t k = i + 2; k < i + 6 && v >= 0; k++)
                v = hex(p[k]) < 0 ? -1 : v * 16 + hex(p[k]);
        }
        if (v > 0 && v < 0x80) {
            if (v != '\r')
                p[to++] = (char) v;
            i += 6;
        } else {
            p[to++] = p[i];
        }
    }
    return to;
}

static struct str pieces_take(struct arena *a, struct pieces *p) {
    struct str s = arena_dup(a, buf_str(&p->b));
    if (s.p)
        s.n = unescape((char *) (uintptr_t) s.p, s.n);
    buf_clear(&p->b);
    return s;
}

/* ---- sharedStrings.xml ---- */

struct strings_reader {
    struct xlsx *x;
    struct pieces p;
};

static int strings_begin(void *ctx, struct str name, const struct xlsx_attributes *a UNUSED) {
    struct strings_reader *r = ctx;
    if (str_eq_z(name, "si"))
        buf_clear(&r->p.b);
    pieces_begin(&r->p, name);
    return 0;
}

static int strings_end(void *ctx, struct str name) {
    struct strings_reader *r = ctx;
    struct xlsx *x = r->x;
    pieces_end(&r->p, name);
    if (!str_eq_z(name, "si"))
        return 0;
    if (x->n_strings >= XLSX_STRINGS_MAX || buf_error(&r->p.b))
        return diag_set(x->err, -ERR_LIMIT, "'%.*s' holds more text than is read; split it", STR_ARG(x->t->name));
    if (arena_grow(&x->t->arena, (void **) &x->strings, &x->cap_strings, x->n_strings + 1, sizeof *x->strings) < 0)
        return xlsx_no_memory(x);
    struct str s = pieces_take(&x->t->arena, &r->p);
    if (!s.p)
        return xlsx_no_memory(x);
    x->strings[x->n_strings++] = s;
    return 0;
}

static int strings_text(void *ctx, struct str piece) {
    struct strings_reader *r = ctx;
    if (r->p.on)
        buf_add(&r->p.b, piece);
    return 0;
}

int xlsx_strings_read(struct xlsx *x) {
    struct strings_reader r = {.x = x};
    struct xlsx_handler h = {&r, strings_begin, strings_end, strings_text};
    buf_init(&r.p.b, CELL_BYTES_MAX);
    int e = x->strings_part.n ? xlsx_part_read(x, x->strings_part, &h) : 0;
    buf_done(&r.p.b);
    return e == -ENOENT ? 0 : e;
}

/* ---- a sheet ---- */

struct sheet_reader {
    struct xlsx *x;
    struct table_sheet *s;
    struct pieces p;
    struct buf value; /* of v */
    bool in_value, has_formula, row_hidden;
    uint32_t row, column; /* where we are, from 1 */
    char type;  /* s shared, i inline, t text of a formula, b, e, d, n */
    uint32_t style;
    struct table_cell cells[TABLE_COLUMNS_MAX];
    uint32_t n_cells;
};

/* "BC12": column, then row. Either may be missing. */
static bool read_reference(struct str s, uint32_t *ret_column, uint32_t *ret_row) {
    uint64_t column = 0, row = 0;
    size_t i = 0;
    for (; i < s.n && i < 4 && ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z'; i++)
        column = column * 26 + (uint64_t) (ascii_lower(s.p[i]) - 'a' + 1);
    if (i == 0 || str_to_u64(str_from(s, i), &row) < 0 || !row || row > 1048576)
        return false;
    *ret_column = (uint32_t) column;
    *ret_row = (uint32_t) row;
    return true;
}

static char type_of(struct str t) {
    static const struct {
        const char *name;
        char type;
    } types[] = {{"s", 's'}, {"inlineStr", 'i'}, {"str", 't'}, {"b", 'b'}, {"e", 'e'}, {"d", 'd'}};
    for (size_t i = 0; t.p && i < ARRAY_SIZE(types); i++)
        if (str_eq_z(t, types[i].name))
            return types[i].type;
    return 'n';
}

static int begin_cell(struct sheet_reader *r, const struct xlsx_attributes *a) {
    struct str ref = xlsx_attribute(a, "r"), style = xlsx_attribute(a, "s");
    uint32_t row;
    uint64_t v = 0;
    r->column++;
    if (ref.p && !read_reference(ref, &r->column, &row))
        return diag_set(r->x->err, -ERR_PARSE, "'%.*s' has a cell without a place; save the file again", STR_ARG(r->x->t->name));
    r->type = type_of(xlsx_attribute(a, "t"));
    r->style = style.p && str_to_u64(style, &v) == 0 && v < UINT32_MAX ? (uint32_t) v : 0;
    r->has_formula = false;
    buf_clear(&r->value);
    buf_clear(&r->p.b);
    return 0;
}

static int begin_row(struct sheet_reader *r, const struct xlsx_attributes *a) {
    struct str number = xlsx_attribute(a, "r"), hidden = xlsx_attribute(a, "hidden");
    uint64_t v = (uint64_t) r->row + 1;
    if (number.p && (str_to_u64(number, &v) < 0 || v <= r->row || v > 1048576))
        return diag_set(r->x->err, -ERR_PARSE, "'%.*s' has rows out of order; save the file again", STR_ARG(r->x->t->name));
    r->row = (uint32_t) v;
    r->column = r->n_cells = 0;
    r->row_hidden = hidden.p && (str_eq_z(hidden, "1") || str_eq_z(hidden, "true"));
    return 0;
}

static int take_merge(struct sheet_reader *r, const struct xlsx_attributes *a) {
    struct str ref = xlsx_attribute(a, "ref"), first;
    struct table_merge m;
    struct table_sheet *s = r->s;
    if (!ref.p || !str_split(&ref, ':', &first) || !ref.p || !read_reference(first, &m.left, &m.top) ||
        !read_reference(ref, &m.right, &m.bottom) || m.right < m.left || m.bottom < m.top || s->n_merges >= TABLE_MERGES_MAX)
        return 0; /* only looks */
    if (arena_grow(&r->x->t->arena, (void **) &s->merges, &s->cap_merges, s->n_merges + 1, sizeof m) < 0)
        return xlsx_no_memory(r->x);
    s->merges[s->n_merges++] = m;
    return 0;
}

static int sheet_begin(void *ctx, struct str name, const struct xlsx_attributes *a) {
    struct sheet_reader *r = ctx;
    pieces_begin(&r->p, name);
    r->in_value = str_eq_z(name, "v");
    if (str_eq_z(name, "row"))
        return begin_row(r, a);
    if (str_eq_z(name, "c"))
        return begin_cell(r, a);
    if (str_eq_z(name, "mergeCell"))
        return take_merge(r, a);
    r->has_formula |= str_eq_z(name, "f");
    return 0;
}

/* 2026-11-22T00:00:00 as the other dates. */
static struct str iso_text(struct arena *a, struct str s) {
    if (str_ends(s, STR("T00:00:00")) || str_ends(s, STR("T00:00:00Z")))
        return arena_dup(a, str_to(s, 10));
    return arena_dup(a, s);
}

static struct str cell_text(struct sheet_reader *r, struct str v) {
    struct xlsx *x = r->x;
    struct arena *a = &x->t->arena;
    uint64_t at;
    switch (r->type) {
    case 's':
        return str_to_u64(str_trim(v), &at) == 0 && at < x->n_strings ? x->strings[at] : STR("");
    case 'i':
        return pieces_take(a, &r->p);
    case 'b':
        return str_eq_z(str_trim(v), "1") ? STR("TRUE") : STR("FALSE");
    case 'd':
        return iso_text(a, str_trim(v));
    case 'n':
        return xlsx_number_text(x, str_trim(v), r->style);
    default:
        buf_clear(&r->p.b);
        buf_add(&r->p.b, v);
        return pieces_take(a, &r->p);
    }
}

static int end_cell(struct sheet_reader *r) {
    struct str v = buf_str(&r->value);
    bool inline_text = r->type == 'i' && r->p.b.n;
    struct table_cell cell = {.text = STR("")};
    if (buf_error(&r->value) || buf_error(&r->p.b))
        return diag_set(r->x->err, -ERR_LIMIT, "a cell in row %u of '%.*s' holds more text than is read", r->row, STR_ARG(r->x->t->name));
    if (!v.n && !inline_text) {
        if (!r->has_formula)
            return 0; /* only looks */
        cell.flags = TABLE_CELL_UNCOMPUTED;
    } else {
        cell.text = cell_text(r, v);
        if (!cell.text.p)
            return xlsx_no_memory(r->x);
        cell.flags = r->type == 'e' ? TABLE_CELL_ERROR : 0;
    }
    if (r->column > TABLE_COLUMNS_MAX) {
        char letters[TABLE_COLUMN_CAP];
        return diag_set(r->x->err, -ERR_LIMIT, "cell %s%u of '%.*s' lies beyond the %d columns that are read",
                        table_column_letters(r->column, letters), r->row, STR_ARG(r->x->t->name), TABLE_COLUMNS_MAX);
    }
    if (r->column < 1)
        return 0;
    while (r->n_cells < r->column)
        r->cells[r->n_cells++] = (struct table_cell){.text = STR("")};
    r->cells[r->column - 1] = cell;
    return 0;
}

static int end_row(struct sheet_reader *r) {
    bool any = false;
    for (uint32_t i = 0; i < r->n_cells; i++)
        any |= str_trim(r->cells[i].text).n > 0 || r->cells[i].flags;
    if (!any)
        return 0;
    struct table_row *row = table_sheet_row(r->x->t, r->s, r->x->err);
    if (!row)
        return -ERR_LIMIT;
    *row = (struct table_row){.number = r->row, .n = r->n_cells, .hidden = r->row_hidden};
    r->s->n_hidden_rows += r->row_hidden;
    row->cells = arena_alloc(&r->x->t->arena, MAX(r->n_cells, 1u) * sizeof *row->cells);
    if (!row->cells)
        return xlsx_no_memory(r->x);
    memcpy(row->cells, r->cells, r->n_cells * sizeof *row->cells);
    return 0;
}

static int sheet_end(void *ctx, struct str name) {
    struct sheet_reader *r = ctx;
    pieces_end(&r->p, name);
    r->in_value = false;
    if (str_eq_z(name, "c"))
        return end_cell(r);
    return str_eq_z(name, "row") ? end_row(r) : 0;
}

static int sheet_text(void *ctx, struct str piece) {
    struct sheet_reader *r = ctx;
    if (r->in_value)
        buf_add(&r->value, piece);
    else if (r->p.on)
        buf_add(&r->p.b, piece);
    return 0;
}

int xlsx_sheet_read(struct xlsx *x, struct str part, struct table_sheet *s) {
    struct sheet_reader r = {.x = x, .s = s};
    struct xlsx_handler h = {&r, sheet_begin, sheet_end, sheet_text};
    buf_init(&r.p.b, CELL_BYTES_MAX);
    buf_init(&r.value, CELL_BYTES_MAX);
    int e = xlsx_part_read(x, part, &h);
    buf_done(&r.p.b);
    buf_done(&r.value);
    return e;
}
