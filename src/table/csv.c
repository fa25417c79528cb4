/* See csv.h and table.h. */
#include "table/csv.h"

#include "base/buf.h"
#include "base/limits.h"
#include "table/table.h"

enum { LOOKED_AT = 40 }; /* records that choose the separator */

void csv_begin(struct csv *c, struct str in, char separator) {
    *c = (struct csv){.in = in, .separator = separator, .line = 1, .record = 1};
}

/* One field from `at` on: where it ends (separator, line end or end of text). */
static size_t field_end(struct str s, size_t at, char separator, uint32_t *lines, bool *ret_open) {
    if (at < s.n && s.p[at] == '"') {
        for (at++; at < s.n; at++) {
            if (s.p[at] == '\n' || (s.p[at] == '\r' && (at + 1 >= s.n || s.p[at + 1] != '\n')))
                ++*lines;
            if (s.p[at] != '"')
                continue;
            if (at + 1 >= s.n || s.p[at + 1] != '"')
                break;
            at++;
        }
        *ret_open = at >= s.n;
    }
    while (at < s.n && s.p[at] != separator && s.p[at] != '\n' && s.p[at] != '\r')
        at++;
    return at;
}

bool csv_next(struct csv *c, struct str *ret_record, bool *ret_open) {
    size_t at = c->at;
    uint32_t lines = 0;
    bool open = false;
    if (at >= c->in.n)
        return false;
    for (;;) {
        at = field_end(c->in, at, c->separator, &lines, &open);
        if (at >= c->in.n || c->in.p[at] != c->separator)
            break;
        at++;
    }
    *ret_record = str_n(c->in.p + c->at, at - c->at);
    *ret_open = open;
    if (at < c->in.n) {
        at += c->in.p[at] == '\r' && at + 1 < c->in.n && c->in.p[at + 1] == '\n' ? 2 : 1;
        lines++;
    }
    c->at = at;
    c->line += lines;
    c->record++;
    return true;
}

/* A field without its quotes. .p NULL when memory ends. */
static struct str unquoted(struct arena *a, struct str s) {
    struct str body = str_from(s, 1);
    size_t end = 0, n = 0;
    bool doubled = false;
    for (; end < body.n; end++) {
        if (body.p[end] != '"')
            continue;
        if (end + 1 >= body.n || body.p[end + 1] != '"')
            break;
        doubled = true;
        end++;
    }
    struct str rest = str_from(body, end + 1);
    if (!doubled && !rest.n)
        return str_to(body, end);
    char *p = arena_alloc(a, s.n);
    for (size_t i = 0; p && i < end; i++) {
        p[n++] = body.p[i];
        i += body.p[i] == '"';
    }
    if (p)
        memcpy(p + n, rest.p, rest.n);
    return p ? str_n(p, n + rest.n) : STR_NULL;
}

/* ="001": how Excel is made to keep text as text. */
static struct str without_formula(struct str s) {
    return s.n >= 3 && str_starts(s, STR("=\"")) && s.p[s.n - 1] == '"' ? str_n(s.p + 2, s.n - 3) : s;
}

int csv_fields(struct arena *a, struct str record, char separator, struct str *dst, size_t cap) {
    size_t n = 0, at = 0;
    uint32_t lines = 0;
    bool open = false;
    for (;; at++) {
        size_t end = field_end(record, at, separator, &lines, &open);
        /* a line end inside a record is none: only an unquoted field of a record somebody else cut could have one */
        while (end < record.n && record.p[end] != separator)
            end++;
        struct str s = str_n(record.p + at, end - at);
        if (s.n && s.p[0] == '"' && !(s = unquoted(a, s)).p)
            return -ENOMEM;
        if (n < cap)
            dst[n] = without_formula(s);
        n++;
        if ((at = end) >= record.n)
            return (int) MIN(n, (size_t) 1 << 30);
    }
}

static size_t count_fields(struct str record, char separator) {
    size_t n = 1, at = 0;
    uint32_t lines = 0;
    bool open = false;
    for (; (at = field_end(record, at, separator, &lines, &open)) < record.n; at++)
        n += record.p[at] == separator;
    return n;
}

/* How many fields the records have that have as many as most of them. */
static size_t alike(struct str in, char separator) {
    size_t counts[LOOKED_AT], n = 0, best = 0;
    struct str record;
    struct csv c;
    bool open;
    csv_begin(&c, in, separator);
    while (n < LOOKED_AT && csv_next(&c, &record, &open))
        counts[n++] = count_fields(record, separator);
    for (size_t i = 0; i < n; i++) {
        size_t same = 0;
        for (size_t k = 0; k < n; k++)
            same += counts[k] == counts[i];
        if (counts[i] > 1)
            best = MAX(best, same * (counts[i] - 1));
    }
    return best;
}

char csv_separator(struct str in, size_t *ret_skip) {
    static const char tried[] = {',', '\t', ';', '|'};
    size_t best = 0;
    char separator = ',';
    *ret_skip = 0;
    if (in.n >= 6 && str_starts(in, STR("sep=")) && (in.p[5] == '\r' || in.p[5] == '\n')) {
        *ret_skip = 6 + (in.p[5] == '\r' && in.n > 6 && in.p[6] == '\n');
        return in.p[4];
    }
    struct str head = str_to(in, 256 * 1024);
    for (size_t i = 0; i < sizeof tried; i++) {
        size_t n = alike(head, tried[i]);
        if (n > best) {
            best = n;
            separator = tried[i];
        }
    }
    return separator;
}

/* ---- a whole file as a table ---- */

static int take_record(struct table *t, struct csv *c, struct str record, uint32_t number, uint32_t line, struct diag *err) {
    struct str fields[TABLE_COLUMNS_MAX];
    int n = csv_fields(&t->arena, record, c->separator, fields, ARRAY_SIZE(fields));
    if (n < 0)
        return diag_set(err, -ERR_LIMIT, "'%.*s' is too large to be read at once", STR_ARG(t->name));
    if ((size_t) n > TABLE_COLUMNS_MAX)
        return diag_set_at(err, -ERR_LIMIT, t->name.p, line, 0, "more than %d columns", TABLE_COLUMNS_MAX);
    struct table_row *row = table_sheet_row(t, &t->sheets[0], err);
    if (!row)
        return -ERR_LIMIT;
    *row = (struct table_row){.number = number, .line = line, .n = (uint32_t) n};
    row->cells = arena_zalloc(&t->arena, (size_t) n * sizeof *row->cells);
    if (!row->cells)
        return diag_set(err, -ERR_LIMIT, "'%.*s' is too large to be read at once", STR_ARG(t->name));
    for (int i = 0; i < n; i++)
        row->cells[i].text = fields[i];
    return 0;
}

static int take_all(struct table *t, struct str text, struct diag *err) {
    struct str record;
    struct csv c;
    size_t skip;
    bool open;
    int r = 0;
    t->separator = csv_separator(text, &skip);
    csv_begin(&c, str_from(text, skip), t->separator);
    c.line = c.record = 1 + (skip != 0);
    for (;;) {
        uint32_t line = c.line, number = c.record;
        struct arena_mark mark = arena_mark(&t->arena);
        if (r < 0 || !csv_next(&c, &record, &open))
            return r;
        if (open)
            return diag_set_at(err, -ERR_PARSE, t->name.p, line, 0,
                               "a quotation mark opens here and never closes; close it, or double it where it is meant as a character");
        if (str_trim(record).n)
            r = take_record(t, &c, record, number, line, err);
        else
            arena_rewind(&t->arena, mark);
    }
}

int table_read_csv(struct str bytes, const char *name, struct table *ret, struct diag *reterr) {
    static const struct {
        const char *mark;
        int encoding;
    } marks[] = {{"\xef\xbb\xbf", TEXT_UTF8}, {"\xff\xfe", TEXT_UTF16LE}, {"\xfe\xff", TEXT_UTF16BE}};
    struct table t = {.format = "csv", .n_sheets = 1};
    int hint = -1;
    arena_init(&t.arena, TABLE_MEMORY_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
        if (str_starts(bytes, str_of(marks[i].mark))) {
            hint = marks[i].encoding;
            bytes = hint == TEXT_UTF8 ? str_from(bytes, 3) : bytes;
            break;
        }
    t.name = arena_dup(&t.arena, str_of(name));
    t.sheets = arena_zalloc(&t.arena, sizeof *t.sheets);
    struct str copy = t.sheets && t.name.p ? arena_dup(&t.arena, bytes) : STR_NULL;
    struct str text = copy.p ? text_to_utf8(&t.arena, copy, hint, &t.encoding) : STR_NULL;
    int r = text.p ? take_all(&t, text, reterr)
                   : diag_set(reterr, -ERR_LIMIT, "'%s' is too large to be read at once", name);
    if (r < 0) {
        table_done(&t);
        return r;
    }
    *ret = t;
    return 0;
}

/* ---- what both readers use ---- */

void table_done(struct table *t) {
    arena_done(&t->arena);
    *t = (struct table){0};
}

struct table_cell table_cell_at(const struct table_row *row, uint32_t column) {
    return column >= 1 && column <= row->n ? row->cells[column - 1] : (struct table_cell){.text = STR("")};
}

const char *table_column_letters(uint32_t column, char dst[TABLE_COLUMN_CAP]) {
    char back[TABLE_COLUMN_CAP];
    size_t n = 0, k = 0;
    for (; column > 0 && n < sizeof back - 1; column = (column - 1) / 26)
        back[n++] = (char) ('A' + (column - 1) % 26);
    while (n)
        dst[k++] = back[--n];
    dst[k] = 0;
    return dst;
}

struct table_row *table_sheet_row(struct table *t, struct table_sheet *s, struct diag *reterr) {
    if (s->n_rows >= TABLE_ROWS_MAX) {
        IGNORE(diag_set(reterr, -ERR_LIMIT, "'%.*s' holds more than %d rows; split it", STR_ARG(t->name), TABLE_ROWS_MAX));
        return NULL;
    }
    if (arena_grow(&t->arena, (void **) &s->rows, &s->cap_rows, s->n_rows + 1, sizeof *s->rows) < 0) {
        IGNORE(diag_set(reterr, -ERR_LIMIT, "'%.*s' is too large to be read at once", STR_ARG(t->name)));
        return NULL;
    }
    return &s->rows[s->n_rows++];
}
