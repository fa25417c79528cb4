/* See match.h. */
#include "table/match.h"

#include "base/limits.h"

#include <limits.h>

struct guess {
    uint32_t from, to;
    size_t score;
};

static bool names_field(const struct import_field *f, struct str folded) {
    for (size_t i = 0; i < f->n_names; i++)
        if (str_eq(f->names[i], folded))
            return true;
    return false;
}

static size_t field_of(const struct import_spec *s, struct str folded) {
    for (size_t i = 0; folded.n && i < s->n_fields; i++)
        if (names_field(&s->fields[i], folded))
            return i;
    return SIZE_MAX;
}

/* A header's cell: of a merged one, what stands in its corner. */
static struct str head_cell(const struct table_sheet *s, size_t row, uint32_t column) {
    struct str text = str_trim(table_cell_at(&s->rows[row], column).text);
    uint32_t number = s->rows[row].number;
    for (size_t i = 0; !text.n && i < s->n_merges; i++) {
        const struct table_merge *m = &s->merges[i];
        if (number < m->top || number > m->bottom || column < m->left || column > m->right)
            continue;
        for (size_t k = 0; k < s->n_rows && s->rows[k].number <= m->top; k++)
            if (s->rows[k].number == m->top)
                text = str_trim(table_cell_at(&s->rows[k], m->left).text);
    }
    return text;
}

/* What the column is called by the rows from..to: the lower, the upper, or both together. */
static struct str head_of(struct arena *a, const struct import_spec *s, const struct table_sheet *t, const struct guess *g, uint32_t column,
                          size_t *ret_field) {
    struct str low = head_cell(t, g->to, column), up = g->from < g->to ? head_cell(t, g->from, column) : STR("");
    struct str tried[3] = {low, STR(""), up};
    if (up.n && low.n && !str_eq(up, low))
        tried[1] = arena_printf(a, "%.*s %.*s", STR_ARG(up), STR_ARG(low));
    const int order[] = {1, 0, 2};
    *ret_field = SIZE_MAX;
    for (size_t i = 0; i < ARRAY_SIZE(order) && *ret_field == SIZE_MAX; i++) {
        struct str x = tried[order[i]];
        if (x.p && x.n && (order[i] != 2 || !low.n)) {
            struct str folded = import_fold(a, x);
            *ret_field = folded.p ? field_of(s, folded) : SIZE_MAX;
        }
    }
    return tried[1].p && tried[1].n ? tried[1] : low.n ? low : up;
}

static uint32_t width_of(const struct table_sheet *s) {
    uint32_t n = 0;
    for (size_t i = 0; i < s->n_rows; i++)
        n = MAX(n, s->rows[i].n);
    return n;
}

static size_t score(struct arena *a, const struct import_spec *s, const struct table_sheet *t, const struct guess *g, uint32_t width) {
    bool seen[IMPORT_FIELDS_MAX] = {0};
    size_t n = 0;
    for (uint32_t c = 1; c <= width; c++) {
        size_t field;
        struct arena_mark mark = arena_mark(a);
        (void) head_of(a, s, t, g, c, &field);
        arena_rewind(a, mark);
        if (field != SIZE_MAX && !seen[field]) {
            seen[field] = true;
            n++;
        }
    }
    return seen[s->key] || (s->n_compose && n > 1) ? 2 * n + 1 : 2 * n; /* a header without the key is worth less than one with it */
}

static struct guess guess_header(struct arena *a, const struct import_spec *s, const struct table_sheet *t) {
    struct guess best = {0};
    uint32_t width = width_of(t);
    for (uint32_t row = 0; row < t->n_rows && row < IMPORT_HEAD_ROWS_MAX; row++)
        for (uint32_t two = 0; two < 2 && row >= two; two++) {
            struct guess g = {.from = row - two, .to = row};
            g.score = score(a, s, t, &g, width);
            if (g.score > best.score)
                best = g;
        }
    return best;
}

/* ---- by hand ---- */

static int by_hand(struct import_match *m, struct str columns, struct diag *err) {
    struct str one, number;
    while (columns.p && str_split(&columns, ',', &one)) {
        uint64_t n = 0;
        struct str field = one;
        if (!str_split(&field, '=', &number) || str_to_u64(number, &n) < 0 || n < 1 || n > m->n_columns)
            return diag_set(err, -EINVAL, "'%.*s' names no column; write NUMBER=FIELD", (int) MIN(one.n, 80u), one.p);
        size_t at = SIZE_MAX;
        for (size_t i = 0; i < m->spec->n_fields; i++)
            if (field.p && str_eq(m->spec->fields[i].name, field))
                at = i;
        if (field.p && field.n && at == SIZE_MAX)
            return diag_set(err, -EINVAL, "'%.*s' is no field of this register", (int) MIN(field.n, 80u), field.p);
        for (size_t i = 0; at != SIZE_MAX && i < m->n_columns; i++) /* one column a field: the one that was named last */
            if (m->columns[i].field == at)
                m->columns[i].field = SIZE_MAX;
        m->columns[n - 1].field = at;
    }
    return 0;
}

static int settle(struct arena *a, struct import_match *m, const struct guess *g, struct str columns, struct diag *err) {
    uint32_t width = width_of(m->sheet);
    bool seen[IMPORT_FIELDS_MAX] = {0};
    m->head_from = g->from;
    m->head_to = g->to;
    m->columns = arena_zalloc(a, MAX(width, 1u) * sizeof *m->columns);
    if (!m->columns)
        return diag_set(err, -ENOMEM, "out of memory");
    for (uint32_t c = 1; c <= width; c++) {
        struct import_column *x = &m->columns[m->n_columns++];
        x->number = c;
        x->head = head_of(a, m->spec, m->sheet, g, c, &x->field);
        if (x->field != SIZE_MAX && seen[x->field]) /* the first one is it */
            x->field = SIZE_MAX;
        else if (x->field != SIZE_MAX)
            seen[x->field] = true;
    }
    int r = by_hand(m, columns, err);
    for (size_t i = 0; i < m->n_columns; i++)
        m->n_fields += m->columns[i].field != SIZE_MAX;
    return r;
}

int import_match_table(struct arena *a, const struct table *t, const struct import_spec *s, struct str sheet, struct str columns,
                       struct import_match *ret, struct diag *reterr) {
    struct guess best = {0};
    *ret = (struct import_match){.spec = s};
    for (size_t i = 0; i < t->n_sheets; i++) {
        const struct table_sheet *one = &t->sheets[i];
        if (sheet.p ? !str_eq(one->name, sheet) : one->hidden)
            continue;
        struct guess g = guess_header(a, s, one);
        if (!ret->sheet || g.score > best.score) {
            ret->sheet = one;
            best = g;
        }
    }
    if (!ret->sheet)
        return diag_set(reterr, -ENOENT, sheet.p ? "'%.*s' has no sheet of that name" : "'%.*s' has no visible sheet", STR_ARG(t->name));
    bool named = columns.p && str_find(columns, s->fields[s->key].name, 0) >= 0; /* then the first row is the header, whatever it says */
    if (!ret->sheet->n_rows || (!named && (best.score < 2 || (best.score % 2 == 0 && best.score < 4))))
        return diag_set_at(reterr, -ERR_PARSE, t->name.p, 0, 0,
                           "no row names the columns of this register; a header with '%.*s' or '%.*s' is looked for in the first %d rows",
                           STR_ARG(s->fields[s->key].ja), STR_ARG(s->fields[s->key].en), IMPORT_HEAD_ROWS_MAX);
    return settle(a, ret, &best, columns, reterr);
}
