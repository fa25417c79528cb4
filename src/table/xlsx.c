/* XLSX: which parts the archive has (relationships, workbook), then texts, styles and sheets. See table.h. */
#include "base/limits.h"
#include "table/xlsx_priv.h"

#define FIRST_PART "_rels/.rels"

/* "../xl/a.xml" of "xl/worksheets/…": only as far as packages use it. */
static struct str resolve(struct xlsx *x, struct str folder, struct str target) {
    if (target.n && target.p[0] == '/')
        return arena_dup(&x->t->arena, str_from(target, 1));
    while (str_starts(target, STR("../"))) {
        ptrdiff_t at = -1;
        for (size_t i = 0; i + 1 < folder.n; i++)
            if (folder.p[i] == '/')
                at = (ptrdiff_t) i;
        folder = str_to(folder, at < 0 ? 0 : (size_t) at + 1);
        target = str_from(target, 3);
    }
    return arena_printf(&x->t->arena, "%.*s%.*s", STR_ARG(folder), STR_ARG(target));
}

static struct str folder_of(struct str part) {
    for (size_t i = part.n; i-- > 0;)
        if (part.p[i] == '/')
            return str_to(part, i + 1);
    return STR("");
}

/* ---- relationships ---- */

struct relations_reader {
    struct xlsx *x;
    struct str folder, workbook;
};

static int relation(void *ctx, struct str name, const struct xlsx_attributes *a) {
    struct relations_reader *r = ctx;
    struct xlsx *x = r->x;
    struct str id = xlsx_attribute(a, "Id"), type = xlsx_attribute(a, "Type"), target = xlsx_attribute(a, "Target"),
               mode = xlsx_attribute(a, "TargetMode");
    if (!str_eq_z(name, "Relationship") || !id.p || !type.p || !target.p || (mode.p && str_eq_z(mode, "External")))
        return 0;
    struct str part = resolve(x, r->folder, target);
    if (!part.p)
        return xlsx_no_memory(x);
    if (str_ends(type, STR("/officeDocument")))
        r->workbook = part;
    else if (str_ends(type, STR("/sharedStrings")))
        x->strings_part = part;
    else if (str_ends(type, STR("/styles")))
        x->styles_part = part;
    for (size_t i = 0; i < x->n_sheets; i++)
        if (str_eq(x->sheets[i].relation, id) && str_ends(type, STR("/worksheet")))
            x->sheets[i].part = part;
    return 0;
}

static int read_relations(struct xlsx *x, struct str part, struct str folder, struct str *ret_workbook) {
    struct relations_reader r = {.x = x, .folder = folder};
    struct xlsx_handler h = {.ctx = &r, .begin = relation};
    int e = xlsx_part_read(x, part, &h);
    *ret_workbook = r.workbook;
    return e;
}

/* ---- workbook.xml ---- */

static int workbook(void *ctx, struct str name, const struct xlsx_attributes *a) {
    struct xlsx *x = ctx;
    if (str_eq_z(name, "workbookPr")) {
        struct str v = xlsx_attribute(a, "date1904");
        x->date1904 = v.p && (str_eq_z(v, "1") || str_eq_z(v, "true"));
    }
    if (!str_eq_z(name, "sheet"))
        return 0;
    struct str title = STR(""), relation_id = STR(""), state = xlsx_attribute(a, "state");
    for (const char **p = a->at; p[0]; p += 2) { /* sheetId is another attribute than r:id */
        if (strcmp(p[0], "name") == 0)
            title = str_of(p[1]);
        else if (str_ends(str_of(p[0]), STR(":id")))
            relation_id = str_of(p[1]);
    }
    if (x->n_sheets >= XLSX_SHEETS_MAX)
        return diag_set(x->err, -ERR_LIMIT, "'%.*s' holds more than %d sheets", STR_ARG(x->t->name), XLSX_SHEETS_MAX);
    if (arena_grow(&x->t->arena, (void **) &x->sheets, &x->cap_sheets, x->n_sheets + 1, sizeof *x->sheets) < 0)
        return xlsx_no_memory(x);
    struct xlsx_sheet *s = &x->sheets[x->n_sheets++];
    *s = (struct xlsx_sheet){.name = arena_dup(&x->t->arena, title), .relation = arena_dup(&x->t->arena, relation_id),
                             .hidden = state.p && !str_eq_z(state, "visible")};
    return s->name.p && s->relation.p ? 0 : xlsx_no_memory(x);
}

/* ---- the file ---- */

static int missing(struct xlsx *x, int e) {
    return e == -ENOENT ? diag_set(x->err, -ERR_PARSE, "'%.*s' is a ZIP archive but no XLSX workbook; save it as .xlsx or .csv", STR_ARG(x->t->name)) : e;
}

static int read_parts(struct xlsx *x) {
    struct str book, none;
    int e = read_relations(x, STR(FIRST_PART), STR(""), &book);
    if (e == 0 && !book.n)
        e = -ENOENT;
    if (e == 0)
        e = xlsx_part_read(x, book, &(struct xlsx_handler){.ctx = x, .begin = workbook});
    if (e == 0) {
        struct str folder = folder_of(book);
        struct str part = arena_printf(&x->t->arena, "%.*s_rels/%.*s.rels", STR_ARG(folder), STR_ARG(str_from(book, folder.n)));
        e = part.p ? read_relations(x, part, folder, &none) : xlsx_no_memory(x);
    }
    if (e < 0)
        return missing(x, e);
    e = xlsx_strings_read(x);
    return e == 0 ? xlsx_styles_read(x) : e;
}

static int read_sheets(struct xlsx *x) {
    struct table *t = x->t;
    int e = 0;
    t->sheets = arena_zalloc(&t->arena, MAX(x->n_sheets, (size_t) 1) * sizeof *t->sheets);
    if (!t->sheets)
        return xlsx_no_memory(x);
    for (size_t i = 0; e == 0 && i < x->n_sheets; i++) {
        struct table_sheet *s = &t->sheets[t->n_sheets];
        if (!x->sheets[i].part.n) /* a chart, a dialogue */
            continue;
        *s = (struct table_sheet){.name = x->sheets[i].name, .hidden = x->sheets[i].hidden};
        e = xlsx_sheet_read(x, x->sheets[i].part, s);
        t->n_sheets += e == 0;
        e = e == -ENOENT ? 0 : e;
    }
    if (e == 0 && !t->n_sheets)
        e = diag_set(x->err, -ERR_PARSE, "'%.*s' holds no sheet", STR_ARG(t->name));
    return e;
}

int xlsx_begin(struct xlsx *x, zip_source_t *source, int flags) {
    zip_error_t ze;
    zip_error_init(&ze);
    x->zip = zip_open_from_source(source, flags | ZIP_CHECKCONS, &ze);
    if (!x->zip) {
        int r = diag_set(x->err, zip_error_code_zip(&ze) == ZIP_ER_MEMORY ? -ENOMEM : -ERR_PARSE, "'%.*s' is no whole XLSX file: %s",
                         STR_ARG(x->t->name), zip_error_strerror(&ze));
        zip_source_free(source);
        zip_error_fini(&ze);
        return r;
    }
    zip_error_fini(&ze);
    return zip_get_num_entries(x->zip, 0) > XLSX_FILES_MAX
               ? diag_set(x->err, -ERR_LIMIT, "'%.*s' holds more than %d parts", STR_ARG(x->t->name), XLSX_FILES_MAX)
               : read_parts(x);
}

int xlsx_find_sheet(struct xlsx *x, struct str name, struct str *ret_part) {
    for (size_t i = 0; i < x->n_sheets; i++)
        if (x->sheets[i].part.n && (name.n ? str_eq(x->sheets[i].name, name) : !x->sheets[i].hidden)) {
            *ret_part = x->sheets[i].part;
            return 0;
        }
    return diag_set(x->err, -ENOENT, "'%.*s' has no sheet '%.*s'", STR_ARG(x->t->name), STR_ARG(name));
}

static int read_zip(struct table *t, struct str bytes, struct diag *err) {
    struct xlsx x = {.t = t, .err = err};
    zip_source_t *source = zip_source_buffer_create(bytes.p, bytes.n, 0, NULL);
    int r = source ? xlsx_begin(&x, source, ZIP_RDONLY) : xlsx_no_memory(&x);
    if (r == 0)
        r = read_sheets(&x);
    if (x.zip)
        zip_discard(x.zip);
    return r;
}

int table_read(struct str bytes, const char *name, struct table *ret, struct diag *reterr) {
    struct table t = {.format = "xlsx", .encoding = TEXT_UTF8};
    if (bytes.n > TABLE_FILE_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "'%s' is larger than %zu MB; split it", name, TABLE_FILE_BYTES_MAX >> 20);
    if (str_starts(bytes, STR("\xd0\xcf\x11\xe0")))
        return diag_set(reterr, -ERR_UNSUPPORTED, "'%s' has a password, or is of the old kind .xls; save it as .xlsx without a password", name);
    if (!str_starts(bytes, STR("PK\x03\x04")))
        return table_read_csv(bytes, name, ret, reterr);
    arena_init(&t.arena, TABLE_MEMORY_BYTES_MAX);
    t.name = arena_dup(&t.arena, str_of(name));
    int r = t.name.p ? read_zip(&t, bytes, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    if (r < 0) {
        table_done(&t);
        return r;
    }
    *ret = t;
    return 0;
}
