/* The rows of a matched table as JSON; see match.h. A row with a fault is refused as a whole, with each fault's place. */
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/text.h"
#include "table/match.h"

struct writing {
    struct arena *a;
    const struct table *t;
    const struct import_match *m;
    int64_t today_ns;
    struct jsonw *w;
    struct map keys; /* folded name -> row number */
};
struct read_value {
    struct str text, was;
    enum import_fault fault;
    enum import_note note;
    uint32_t column; /* 0: the file has no column for it */
    bool made;       /* of other values: a name */
};

static void write_columns(struct writing *x) {
    struct jsonw *w = x->w;
    char letters[TABLE_COLUMN_CAP];
    jsonw_key(w, STR("columns"));
    jsonw_array(w);
    for (size_t i = 0; i < x->m->n_columns; i++) {
        const struct import_column *c = &x->m->columns[i];
        if (!c->head.n && c->field == SIZE_MAX)
            continue;
        jsonw_object(w);
        jsonw_ku64(w, "number", c->number);
        jsonw_kz(w, "letter", table_column_letters(c->number, letters));
        jsonw_kstr(w, "head", str_to(c->head, 200));
        jsonw_key(w, STR("field"));
        if (c->field == SIZE_MAX)
            jsonw_null(w);
        else
            jsonw_str(w, x->m->spec->fields[c->field].name);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_sheets(struct writing *x) {
    jsonw_key(x->w, STR("sheets"));
    jsonw_array(x->w);
    for (size_t i = 0; i < x->t->n_sheets; i++) {
        jsonw_object(x->w);
        jsonw_kstr(x->w, "name", str_to(x->t->sheets[i].name, 200));
        jsonw_kbool(x->w, "hidden", x->t->sheets[i].hidden);
        jsonw_ku64(x->w, "rows", x->t->sheets[i].n_rows);
        jsonw_end(x->w);
    }
    jsonw_end(x->w);
}

/* Of cells merged downwards every row has what stands in the first. */
static struct table_cell cell_of(const struct table_sheet *s, const struct table_row *row, uint32_t column) {
    struct table_cell c = table_cell_at(row, column);
    if (c.text.n || c.flags)
        return c;
    for (size_t i = 0; i < s->n_merges; i++) {
        const struct table_merge *m = &s->merges[i];
        if (column != m->left || row->number <= m->top || row->number > m->bottom)
            continue;
        for (const struct table_row *r = row; r >= s->rows && r->number >= m->top; r--)
            if (r->number == m->top)
                return table_cell_at(r, column);
    }
    return c;
}

/* A row without a name of its own is named by what stands in it. */
static int name_row(struct writing *x, struct read_value *values) {
    const struct import_spec *s = x->m->spec;
    struct read_value *key = &values[s->key];
    struct str texts[IMPORT_FIELDS_MAX];
    if (!s->n_compose || str_trim(key->was).n)
        return 0;
    for (size_t i = 0; i < s->n_fields; i++)
        texts[i] = values[i].text;
    struct str name = import_compose(x->a, s, texts);
    if (!name.p)
        return -ENOMEM;
    if (name.n) {
        key->text = name;
        key->fault = name.n > s->fields[s->key].max ? IMPORT_TOO_LONG : IMPORT_FINE;
        key->made = true;
    }
    return 0;
}

static int read_row(struct writing *x, const struct table_row *row, struct read_value *values) {
    const struct import_spec *s = x->m->spec;
    for (size_t i = 0; i < s->n_fields; i++)
        values[i] = (struct read_value){.text = STR(""), .was = STR(""), .fault = s->fields[i].required ? IMPORT_MISSING : IMPORT_FINE};
    for (size_t i = 0; i < x->m->n_columns; i++) {
        const struct import_column *c = &x->m->columns[i];
        if (c->field == SIZE_MAX)
            continue;
        struct read_value *v = &values[c->field];
        struct table_cell cell = cell_of(x->m->sheet, row, c->number);
        v->column = c->number;
        v->was = cell.text;
        if (cell.flags) {
            v->fault = cell.flags & TABLE_CELL_ERROR ? IMPORT_CELL_ERROR : IMPORT_UNCOMPUTED;
            continue;
        }
        v->fault = import_value_read(x->a, &s->fields[c->field], cell.text, x->today_ns, &v->text, &v->note);
        if (!v->text.p)
            return -ENOMEM;
    }
    return name_row(x, values);
}

/* A name that an earlier row has. */
static int check_twice(struct writing *x, const struct table_row *row, struct read_value *key) {
    union map_value *at;
    bool fresh;
    struct str folded = text_name_key(x->a, key->text);
    if (key->fault != IMPORT_FINE || !folded.n)
        return folded.p ? 0 : -ENOMEM;
    int r = map_add(&x->keys, folded, &at, &fresh);
    if (r == 0 && fresh)
        at->num = row->number;
    else if (r == 0)
        key->fault = IMPORT_TWICE;
    return r;
}

static void write_place(struct writing *x, const struct table_row *row, const struct import_field *f, const struct read_value *v) {
    char letters[TABLE_COLUMN_CAP];
    jsonw_ku64(x->w, "row", row->number);
    jsonw_kz(x->w, "column", v->column ? table_column_letters(v->column, letters) : NULL);
    jsonw_kstr(x->w, "field", f->name);
}

static bool is_refused(const struct import_spec *s, const struct read_value *values) {
    bool refused = false;
    for (size_t i = 0; i < s->n_fields; i++)
        refused |= values[i].fault != IMPORT_FINE;
    return refused;
}

/* Nothing that is read stands in the row: a line between groups, a note below the table. */
static bool is_empty(const struct import_spec *s, const struct read_value *values) {
    for (size_t i = 0; i < s->n_fields; i++)
        if (str_trim(values[i].was).n)
            return false;
    return true;
}

static void write_row(struct writing *x, const struct table_row *row, const struct read_value *values) {
    const struct import_spec *s = x->m->spec;
    struct jsonw *w = x->w;
    jsonw_object(w);
    jsonw_ku64(w, "row", row->number);
    jsonw_key(w, STR("values"));
    jsonw_object(w);
    for (size_t i = 0; i < s->n_fields; i++)
        if (values[i].column || values[i].made) {
            jsonw_key(w, s->fields[i].name);
            jsonw_str(w, values[i].text);
        }
    jsonw_end(w);
    jsonw_key(w, STR("notes"));
    jsonw_array(w);
    for (size_t i = 0; i < s->n_fields; i++) {
        if (values[i].note == IMPORT_AS_IT_WAS)
            continue;
        jsonw_object(w);
        write_place(x, row, &s->fields[i], &values[i]);
        jsonw_kz(w, "code", import_note_to_string(values[i].note));
        jsonw_kstr(w, "from", str_to(values[i].was, 200));
        jsonw_kstr(w, "to", values[i].text);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
}

static void write_faults(struct writing *x, const struct table_row *row, const struct read_value *values) {
    const struct import_spec *s = x->m->spec;
    for (size_t i = 0; i < s->n_fields; i++) {
        if (values[i].fault == IMPORT_FINE)
            continue;
        jsonw_object(x->w);
        write_place(x, row, &s->fields[i], &values[i]);
        jsonw_kz(x->w, "code", import_fault_to_string(values[i].fault));
        jsonw_kz(x->w, "help", import_fault_help(values[i].fault));
        jsonw_kstr(x->w, "value", str_to(values[i].was, 200));
        jsonw_end(x->w);
    }
}

static int write_rows(struct writing *x, bool refused, size_t *ret_n) {
    const struct table_sheet *s = x->m->sheet;
    int r = 0;
    *ret_n = 0;
    map_init(&x->keys, TABLE_ROWS_MAX, 0);
    jsonw_key(x->w, refused ? STR("refused") : STR("rows"));
    jsonw_array(x->w);
    for (size_t i = x->m->head_to + 1; r == 0 && i < s->n_rows; i++) {
        struct read_value values[IMPORT_FIELDS_MAX];
        struct arena_mark mark = arena_mark(x->a);
        r = read_row(x, &s->rows[i], values);
        if (r == 0 && !is_empty(x->m->spec, values))
            r = check_twice(x, &s->rows[i], &values[x->m->spec->key]);
        if (r == 0 && !is_empty(x->m->spec, values) && is_refused(x->m->spec, values) == refused) {
            refused ? write_faults(x, &s->rows[i], values) : write_row(x, &s->rows[i], values);
            ++*ret_n;
        }
        arena_rewind(x->a, mark);
    }
    jsonw_end(x->w);
    map_done(&x->keys);
    return r;
}

int import_document_write(struct arena *a, const struct table *t, const struct import_match *m, int64_t today_ns, struct jsonw *w,
                          struct diag *reterr) {
    struct writing x = {.a = a, .t = t, .m = m, .today_ns = today_ns, .w = w};
    size_t good = 0, bad = 0;
    char separator[2] = {t->separator, 0};
    bool csv = strcmp(t->format, "csv") == 0;
    jsonw_object(w);
    jsonw_kstr(w, "register", m->spec->name);
    jsonw_kstr(w, "file", str_to(t->name, 200));
    jsonw_kz(w, "format", t->format);
    jsonw_kz(w, "encoding", csv ? text_encoding_to_string(t->encoding) : NULL);
    jsonw_kz(w, "separator", csv ? separator : NULL);
    jsonw_kstr(w, "sheet", str_to(m->sheet->name, 200));
    write_sheets(&x);
    jsonw_ku64(w, "hidden_rows", m->sheet->n_hidden_rows);
    jsonw_ku64(w, "head_row", m->sheet->rows[m->head_to].number);
    write_columns(&x);
    int r = write_rows(&x, false, &good);
    if (r == 0)
        r = write_rows(&x, true, &bad);
    jsonw_ku64(w, "n_rows", good);
    jsonw_ku64(w, "n_refused", bad);
    jsonw_end(w);
    return r < 0 ? diag_set(reterr, r, "'%.*s' is too large to be read at once", STR_ARG(t->name)) : 0;
}
