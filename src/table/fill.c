/* See fill.h. Expat says where rows and cells stand in the sheet's bytes; the new bytes are the old ones with pieces put in between. */
#include "table/fill.h"

#include "base/limits.h"
#include "base/mem.h"
#include "table/xlsx_priv.h"

#include <expat.h>

bool table_cell_parse(struct str cell, uint32_t *ret_column, uint32_t *ret_row) {
    size_t i = 0;
    uint64_t column = 0, row = 0;
    while (i < cell.n && i < 3 && cell.p[i] >= 'A' && cell.p[i] <= 'Z')
        column = column * 26 + (uint64_t) (cell.p[i++] - 'A' + 1);
    if (!column || column > 16384 || i == cell.n || cell.p[i] == '0' || str_to_u64(str_from(cell, i), &row) < 0 || row > 1048576)
        return false;
    *ret_column = (uint32_t) column;
    *ret_row = (uint32_t) row;
    return true;
}

/* ---- where things stand ---- */

struct target {
    struct str text;
    uint32_t row, column;
};
struct place_row {
    uint32_t number;
    size_t from, inside, to, end; /* `<row …`, behind its `>`, `</row>`, behind that; empty: inside == to == end */
    size_t first_cell, n_cells;   /* into cells, of rows that are written to */
};
struct place_cell {
    uint32_t column;
    size_t from, end;
    struct str style; /* .p NULL: none */
    bool formula;
};
struct scan {
    struct xlsx *x;
    struct str xml, part;
    XML_Parser parser;
    const struct target *targets;
    size_t n_targets, next_target; /* the first whose row was not passed */
    struct place_row *rows;
    struct place_cell *cells;
    size_t n_rows, cap_rows, n_cells, cap_cells;
    size_t data_inside, data_to, data_end; /* of sheetData, like of a row */
    struct str prefix;                     /* "" or "x:" */
    unsigned depth;
    bool in_data, in_row, wanted, in_cell;
    int result;
};

static void stop(struct scan *s, int result) {
    if (s->result == 0 && result < 0) {
        s->result = result;
        XML_StopParser(s->parser, XML_FALSE);
    }
}

static int fault(struct scan *s, const char *what) {
    return diag_set(s->x->err, -ERR_PARSE, "a sheet of '%.*s' %s; save the file again", STR_ARG(s->x->t->name), what);
}

static size_t here(struct scan *s) {
    return (size_t) XML_GetCurrentByteIndex(s->parser);
}

/* Behind the tag that is being told. */
static size_t behind(struct scan *s) {
    return here(s) + (size_t) XML_GetCurrentByteCount(s->parser);
}

static struct str attribute(const char **a, const char *name) {
    for (; a[0]; a += 2)
        if (strcmp(a[0], name) == 0)
            return str_of(a[1]);
    return STR_NULL;
}

static bool is_target_row(struct scan *s, uint32_t row) {
    while (s->next_target < s->n_targets && s->targets[s->next_target].row < row)
        s->next_target++;
    return s->next_target < s->n_targets && s->targets[s->next_target].row == row;
}

static int begin_row(struct scan *s, const char **a) {
    struct str r = attribute(a, "r");
    uint64_t number = s->n_rows ? s->rows[s->n_rows - 1].number + 1u : 1;
    if (r.p && str_to_u64(r, &number) < 0)
        return fault(s, "has a row without a number");
    if (number < 1 || number > 1048576 || (s->n_rows && number <= s->rows[s->n_rows - 1].number) || s->n_rows >= TABLE_ROWS_MAX)
        return fault(s, "has its rows in no order");
    if (arena_grow(&s->x->t->arena, (void **) &s->rows, &s->cap_rows, s->n_rows + 1, sizeof *s->rows) < 0)
        return xlsx_no_memory(s->x);
    s->rows[s->n_rows++] = (struct place_row){.number = (uint32_t) number, .from = here(s), .inside = behind(s), .first_cell = s->n_cells};
    s->in_row = true;
    s->wanted = is_target_row(s, (uint32_t) number);
    return 0;
}

static int begin_cell(struct scan *s, const char **a) {
    struct place_row *row = &s->rows[s->n_rows - 1];
    struct str r = attribute(a, "r"), style = attribute(a, "s");
    uint32_t column = row->n_cells ? s->cells[s->n_cells - 1].column + 1 : 1, number = row->number;
    if (r.p && (!table_cell_parse(r, &column, &number) || number != row->number))
        return fault(s, "has a cell that is not in its row");
    if (row->n_cells && column <= s->cells[s->n_cells - 1].column)
        return fault(s, "has its cells in no order");
    if (arena_grow(&s->x->t->arena, (void **) &s->cells, &s->cap_cells, s->n_cells + 1, sizeof *s->cells) < 0)
        return xlsx_no_memory(s->x);
    struct place_cell *c = &s->cells[s->n_cells++];
    *c = (struct place_cell){.column = column, .from = here(s), .style = style.p ? arena_dup(&s->x->t->arena, style) : STR_NULL};
    row->n_cells++;
    s->in_cell = true;
    return style.p && !c->style.p ? xlsx_no_memory(s->x) : 0;
}

/* A merged area may have no target but its corner. */
static int merge(struct scan *s, const char **a) {
    struct str ref = attribute(a, "ref");
    ptrdiff_t colon = ref.p ? str_find_byte(ref, ':', 0) : -1;
    uint32_t left, top, right, bottom;
    if (colon < 0 || !table_cell_parse(str_to(ref, (size_t) colon), &left, &top) || !table_cell_parse(str_from(ref, (size_t) colon + 1), &right, &bottom))
        return 0;
    for (size_t i = 0; i < s->n_targets; i++) {
        const struct target *t = &s->targets[i];
        char name[TABLE_COLUMN_CAP];
        if (t->row >= top && t->row <= bottom && t->column >= left && t->column <= right && (t->row != top || t->column != left))
            return diag_set(s->x->err, -EINVAL, "cell %s%u of '%.*s' lies inside the merged area %.*s; write to its first cell",
                            table_column_letters(t->column, name), t->row, STR_ARG(s->x->t->name), STR_ARG(ref));
    }
    return 0;
}

static const char *local(const char *name) {
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static void on_begin(void *ctx, const char *full, const char **a) {
    struct scan *s = ctx;
    const char *name = local(full);
    if (s->result < 0)
        return;
    if (++s->depth > XLSX_DEPTH_MAX) {
        stop(s, fault(s, "is nested too deeply"));
    } else if (strcmp(name, "sheetData") == 0 && !s->data_inside) {
        s->prefix = arena_dup(&s->x->t->arena, str_n(full, (size_t) (name - full)));
        s->data_inside = behind(s);
        s->in_data = true;
        stop(s, s->prefix.p ? 0 : xlsx_no_memory(s->x));
    } else if (s->in_data && !s->in_row && strcmp(name, "row") == 0) {
        stop(s, begin_row(s, a));
    } else if (s->wanted && !s->in_cell && strcmp(name, "c") == 0) {
        stop(s, begin_cell(s, a));
    } else if (s->in_cell && strcmp(name, "f") == 0) {
        s->cells[s->n_cells - 1].formula = true;
    } else if (!s->in_data && strcmp(name, "mergeCell") == 0) {
        stop(s, merge(s, a));
    }
}

static void on_end(void *ctx, const char *full) {
    struct scan *s = ctx;
    const char *name = local(full);
    if (s->result < 0)
        return;
    s->depth--;
    if (s->in_cell && strcmp(name, "c") == 0) {
        s->cells[s->n_cells - 1].end = behind(s);
        s->in_cell = false;
    } else if (s->in_row && !s->in_cell && strcmp(name, "row") == 0) {
        s->rows[s->n_rows - 1].to = here(s);
        s->rows[s->n_rows - 1].end = behind(s);
        s->in_row = s->wanted = false;
    } else if (s->in_data && !s->in_row && strcmp(name, "sheetData") == 0) {
        s->data_to = here(s);
        s->data_end = behind(s);
        s->in_data = false;
    }
}

static void on_doctype(void *ctx, const char *name UNUSED, const char *system UNUSED, const char *public UNUSED, int internal UNUSED) {
    stop(ctx, fault(ctx, "has a document type, which no spreadsheet has"));
}

/* Places are those of the bytes, so the bytes have to be UTF-8. */
static void on_declaration(void *ctx, const char *version UNUSED, const char *encoding, int standalone UNUSED) {
    if (encoding && !str_eq_icase(str_of(encoding), STR("UTF-8")))
        stop(ctx, fault(ctx, "is not in UTF-8"));
}

static int look(struct scan *s) {
    static const XML_Memory_Handling_Suite memory = {mem_alloc, mem_realloc, mem_free};
    if (s->xml.n > 1 && ((unsigned char) s->xml.p[0] >= 0xfe || !s->xml.p[0] || !s->xml.p[1]))
        return fault(s, "is not in UTF-8");
    s->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!s->parser)
        return xlsx_no_memory(s->x);
    XML_SetUserData(s->parser, s);
    XML_SetElementHandler(s->parser, on_begin, on_end);
    XML_SetStartDoctypeDeclHandler(s->parser, on_doctype);
    XML_SetXmlDeclHandler(s->parser, on_declaration);
    enum XML_Status status = XML_Parse(s->parser, s->xml.p, (int) s->xml.n, 1);
    int e = s->result < 0 ? s->result : status == XML_STATUS_OK ? 0 : fault(s, "is damaged");
    XML_ParserFree(s->parser);
    return e == 0 && !s->data_inside ? fault(s, "has no cells at all") : e;
}

/* ---- the new bytes ---- */

static void add_cell(struct buf *b, const struct scan *s, const struct target *t, struct str style) {
    char name[TABLE_COLUMN_CAP];
    struct str p = s->prefix;
    buf_printf(b, "<%.*sc r=\"%s%u\"", STR_ARG(p), table_column_letters(t->column, name), t->row);
    if (style.n) {
        buf_add_z(b, " s=\"");
        buf_add_html(b, style);
        buf_add_z(b, "\"");
    }
    buf_printf(b, " t=\"inlineStr\"><%.*sis><%.*st xml:space=\"preserve\">", STR_ARG(p), STR_ARG(p));
    buf_add_html(b, t->text);
    buf_printf(b, "</%.*st></%.*sis></%.*sc>", STR_ARG(p), STR_ARG(p), STR_ARG(p));
}

/* Copies up to `to`. An element that was closed at once (<row/>) is opened instead: its tag ends with "/>". */
struct making {
    const struct scan *s;
    struct buf *out;
    size_t at;
};

static void copy_to(struct making *m, size_t to) {
    buf_add(m->out, str_n(m->s->xml.p + m->at, to - m->at));
    m->at = to;
}

static bool open_empty(struct making *m, size_t inside, size_t to) {
    bool empty = inside == to && m->s->xml.p[inside - 2] == '/';
    copy_to(m, empty ? inside - 2 : inside);
    if (empty) {
        buf_add_byte(m->out, '>');
        m->at = inside;
    }
    return empty;
}

/* The targets of one row that is there. */
static int write_row(struct making *m, const struct place_row *row, const struct target *t, size_t n) {
    const struct scan *s = m->s;
    size_t c = row->first_cell, end = row->first_cell + row->n_cells;
    bool empty = open_empty(m, row->inside, row->to);
    for (size_t i = 0; i < n; i++) {
        while (c < end && s->cells[c].column < t[i].column)
            c++;
        bool there = c < end && s->cells[c].column == t[i].column;
        if (there && s->cells[c].formula) {
            char name[TABLE_COLUMN_CAP];
            return diag_set(s->x->err, -EINVAL, "cell %s%u of '%.*s' holds a formula", table_column_letters(t[i].column, name), t[i].row, STR_ARG(s->x->t->name));
        }
        if (!empty)
            copy_to(m, c < end ? s->cells[c].from : row->to);
        add_cell(m->out, s, &t[i], there ? s->cells[c].style : STR_NULL);
        if (there)
            m->at = s->cells[c].end;
    }
    if (empty)
        buf_printf(m->out, "</%.*srow>", STR_ARG(s->prefix));
    else
        copy_to(m, row->end);
    return 0;
}

static void write_new_row(struct making *m, const struct target *t, size_t n) {
    buf_printf(m->out, "<%.*srow r=\"%u\">", STR_ARG(m->s->prefix), t[0].row);
    for (size_t i = 0; i < n; i++)
        add_cell(m->out, m->s, &t[i], STR_NULL);
    buf_printf(m->out, "</%.*srow>", STR_ARG(m->s->prefix));
}

static int make(struct scan *s, struct buf *out) {
    struct making m = {s, out, 0};
    size_t row = 0;
    bool empty = open_empty(&m, s->data_inside, s->data_to);
    for (size_t i = 0, n; i < s->n_targets; i += n) {
        for (n = 1; i + n < s->n_targets && s->targets[i + n].row == s->targets[i].row;)
            n++;
        while (row < s->n_rows && s->rows[row].number < s->targets[i].row)
            row++;
        bool there = row < s->n_rows && s->rows[row].number == s->targets[i].row;
        if (!empty)
            copy_to(&m, row < s->n_rows ? s->rows[row].from : s->data_to);
        if (!there)
            write_new_row(&m, &s->targets[i], n);
        int e = there ? write_row(&m, &s->rows[row], &s->targets[i], n) : 0;
        if (e < 0)
            return e;
    }
    if (empty)
        buf_printf(out, "</%.*ssheetData>", STR_ARG(s->prefix));
    copy_to(&m, s->xml.n);
    return buf_error(out);
}

/* ---- the archive ---- */

static int by_place(const void *a, const void *b) {
    const struct target *x = a, *y = b;
    return x->row != y->row ? (x->row < y->row ? -1 : 1) : x->column < y->column ? -1 : x->column > y->column;
}

static int sort_targets(struct xlsx *x, const struct table_put *puts, size_t n, struct target **ret) {
    struct target *t = n <= TABLE_FILL_CELLS_MAX ? arena_alloc(&x->t->arena, MAX(n, (size_t) 1) * sizeof *t) : NULL;
    if (!t)
        return diag_set(x->err, -ERR_LIMIT, "at most %d cells of '%.*s' are filled", TABLE_FILL_CELLS_MAX, STR_ARG(x->t->name));
    for (size_t i = 0; i < n; i++) {
        t[i].text = puts[i].text;
        if (!table_cell_parse(puts[i].cell, &t[i].column, &t[i].row))
            return diag_set(x->err, -EINVAL, "'%.*s' is no cell", STR_ARG(puts[i].cell));
        if (!text_is_utf8(t[i].text) || t[i].text.n > 4 * TABLE_FILL_TEXT_MAX || text_width(t[i].text) > 2 * TABLE_FILL_TEXT_MAX)
            return diag_set(x->err, -ERR_LIMIT, "what goes into cell %.*s is longer than a cell holds", STR_ARG(puts[i].cell));
    }
    qsort(t, n, sizeof *t, by_place);
    for (size_t i = 1; i < n; i++)
        if (by_place(&t[i - 1], &t[i]) == 0)
            return diag_set(x->err, -EINVAL, "a cell of row %u is named twice", t[i].row);
    *ret = t;
    return 0;
}

static int read_part(struct xlsx *x, struct str part, zip_int64_t *ret_at, struct str *ret) {
    char name[512];
    zip_stat_t st;
    snprintf(name, sizeof name, "%.*s", STR_ARG(part));
    *ret_at = zip_name_locate(x->zip, name, ZIP_FL_NOCASE);
    if (*ret_at < 0 || zip_stat_index(x->zip, (zip_uint64_t) *ret_at, 0, &st) != 0)
        return -ENOENT;
    if (st.size > TABLE_FILL_SHEET_BYTES_MAX)
        return diag_set(x->err, -ERR_LIMIT, "the sheet of '%.*s' is larger than a form's", STR_ARG(x->t->name));
    char *to = arena_alloc(&x->t->arena, (size_t) st.size + 1);
    zip_file_t *f = to ? zip_fopen_index(x->zip, (zip_uint64_t) *ret_at, 0) : NULL;
    zip_int64_t n = f ? zip_fread(f, to, st.size + 1) : -1;
    if (f)
        (void) zip_fclose(f);
    *ret = str_n(to, (size_t) st.size);
    return !to ? xlsx_no_memory(x) : n == (zip_int64_t) st.size ? 0 : diag_set(x->err, -ERR_PARSE, "'%.*s' is damaged; save the file again", STR_ARG(x->t->name));
}

static int replace(struct xlsx *x, zip_source_t *archive, zip_int64_t at, struct buf *xml, struct buf *out) {
    zip_stat_t st;
    zip_source_t *part = zip_source_buffer(x->zip, xml->p, xml->n, 0);
    if (!part || zip_file_replace(x->zip, (zip_uint64_t) at, part, 0) != 0) {
        zip_source_free(part);
        return xlsx_no_memory(x);
    }
    (void) zip_set_file_compression(x->zip, (zip_uint64_t) at, ZIP_CM_DEFLATE, 6);
    if (zip_close(x->zip) != 0)
        return diag_set(x->err, -EIO, "'%.*s' cannot be written: %s", STR_ARG(x->t->name), zip_strerror(x->zip));
    x->zip = NULL;
    char *to = zip_source_stat(archive, &st) == 0 && (st.valid & ZIP_STAT_SIZE) && zip_source_open(archive) == 0 ? buf_reserve(out, (size_t) st.size) : NULL;
    zip_int64_t n = to ? zip_source_read(archive, to, st.size) : -1;
    if (to)
        (void) zip_source_close(archive);
    if (n < 0 || (uint64_t) n != st.size)
        return diag_set(x->err, -ENOMEM, "out of memory");
    buf_added(out, (size_t) n);
    return 0;
}

static int fill(struct xlsx *x, zip_source_t *archive, struct str sheet, const struct table_put *puts, size_t n, struct buf *out) {
    struct scan s = {.x = x};
    struct target *targets = NULL;
    zip_int64_t at = 0;
    struct buf xml;
    int e = xlsx_find_sheet(x, sheet, &s.part);
    if (e == 0)
        e = sort_targets(x, puts, n, &targets);
    if (e == 0)
        e = read_part(x, s.part, &at, &s.xml);
    if (e < 0)
        return e;
    s.targets = targets;
    s.n_targets = n;
    e = look(&s);
    buf_init(&xml, 4 * TABLE_FILL_SHEET_BYTES_MAX);
    if (e == 0)
        e = make(&s, &xml);
    if (e == 0)
        e = replace(x, archive, at, &xml, out);
    buf_done(&xml);
    return e;
}

/* What was written, as a reader of spreadsheets finds it. */
static int verify(struct str filled, const char *name, struct str sheet, const struct table_put *puts, size_t n, struct diag *err) {
    CLEANUP(mem_freep) struct table_label *labels = mem_alloc(MAX(n, (size_t) 1) * sizeof *labels);
    struct arena a;
    if (!labels)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        labels[i] = (struct table_label){.cell = puts[i].cell, .is = puts[i].text};
    arena_init(&a, TABLE_MEMORY_BYTES_MAX);
    int e = table_labels(&a, filled, name, sheet, labels, n, err);
    for (size_t i = 0; e == 0 && i < n; i++)
        if (!labels[i].good)
            e = diag_set(err, -ERR_CORRUPT, "cell %.*s of '%s' does not hold what was written into it", STR_ARG(puts[i].cell), name);
    arena_done(&a);
    return e;
}

int table_fill(struct str bytes, const char *name, struct str sheet, const struct table_put *puts, size_t n, struct buf *out, struct diag *reterr) {
    struct table t = {.format = "xlsx", .encoding = TEXT_UTF8};
    struct xlsx x = {.t = &t, .err = reterr};
    zip_error_t ze;
    if (bytes.n > TABLE_FILE_BYTES_MAX || !str_starts(bytes, STR("PK\x03\x04")))
        return diag_set(reterr, -ERR_UNSUPPORTED, "'%s' is no XLSX workbook; save it as .xlsx", name);
    zip_error_init(&ze);
    arena_init(&t.arena, TABLE_MEMORY_BYTES_MAX);
    t.name = arena_dup(&t.arena, str_of(name));
    /* libzip's own copy: what is changed shares its first bytes, and libzip 1.7 frees those even where they are not its own */
    void *copy = malloc(bytes.n);
    zip_source_t *archive = copy ? zip_source_buffer_create(memcpy(copy, bytes.p, bytes.n), bytes.n, 1, &ze) : NULL;
    if (archive)
        zip_source_keep(archive);
    else
        free(copy);
    int e = t.name.p && archive ? xlsx_begin(&x, archive, 0) : -ENOMEM;
    if (e == 0)
        e = fill(&x, archive, sheet, puts, n, out);
    if (x.zip)
        zip_discard(x.zip);
    zip_source_free(archive);
    zip_error_fini(&ze);
    table_done(&t);
    return e == 0 ? verify(buf_str(out), name, sheet, puts, n, reterr) : e;
}

/* ---- labels ---- */

int table_labels(struct arena *a, struct str bytes, const char *name, struct str sheet, struct table_label *labels, size_t n, struct diag *reterr) {
    struct table t;
    const struct table_sheet *s = NULL;
    int e = table_read(bytes, name, &t, reterr);
    if (e < 0)
        return e;
    for (size_t i = 0; i < t.n_sheets && !s; i++)
        if (sheet.n ? str_eq(t.sheets[i].name, sheet) : !t.sheets[i].hidden)
            s = &t.sheets[i];
    if (!s)
        e = diag_set(reterr, -ENOENT, "'%s' has no sheet '%.*s'", name, STR_ARG(sheet));
    for (size_t i = 0; e == 0 && i < n; i++) {
        uint32_t column, row;
        struct str text = STR("");
        if (!table_cell_parse(labels[i].cell, &column, &row)) {
            e = diag_set(reterr, -EINVAL, "'%.*s' is no cell", STR_ARG(labels[i].cell));
            break;
        }
        for (size_t k = 0; k < s->n_rows; k++)
            if (s->rows[k].number == row)
                text = table_cell_at(&s->rows[k], column).text;
        labels[i].found = arena_dup(a, text);
        struct str want = text_name_key(a, labels[i].is), have = text_name_key(a, text);
        e = labels[i].found.p && want.p && have.p ? 0 : -ENOMEM;
        labels[i].good = e == 0 && str_eq(want, have);
    }
    table_done(&t);
    return e;
}
