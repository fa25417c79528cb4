/* Hostile XLSX: whole archives, and parts of one that fits together (a CRC keeps changes of an archive from getting far). */
#include "base/limits.h"
#include "table/table.h"

#include <zip.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define R "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
static const char rels[] = "<Relationships><Relationship Id=\"a\" Type=\"" R "/officeDocument\" Target=\"b.xml\"/></Relationships>";
static const char book_rels[] = "<Relationships><Relationship Id=\"r1\" Type=\"" R "/worksheet\" Target=\"s.xml\"/><Relationship Id=\"r2\" Type=\"" R
                                "/sharedStrings\" Target=\"t.xml\"/><Relationship Id=\"r3\" Type=\"" R "/styles\" Target=\"y.xml\"/></Relationships>";
static const char book[] = "<workbook><sheets><sheet name=\"x\" r:id=\"r1\"/></sheets></workbook>";

static void check(struct str bytes) {
    struct table t;
    struct diag d = {0};
    if (table_read(bytes, "fuzz.xlsx", &t, &d) < 0) {
        ASSERT(d.text[0]);
        return;
    }
    for (size_t s = 0; s < t.n_sheets; s++)
        for (size_t i = 0; i < t.sheets[s].n_rows; i++) {
            const struct table_row *row = &t.sheets[s].rows[i];
            ASSERT(row->n <= TABLE_COLUMNS_MAX && (!i || row->number > t.sheets[s].rows[i - 1].number));
            for (uint32_t c = 1; c <= row->n; c++) {
                struct str text = table_cell_at(row, c).text;
                volatile char last = text.n ? text.p[text.n - 1] : 0; /* readable to its end */
                (void) last;
            }
        }
    table_done(&t);
}

static void add(zip_t *z, const char *name, struct str text) {
    zip_source_t *f = zip_source_buffer(z, text.p, text.n, 0);
    zip_int64_t at = f ? zip_file_add(z, name, f, 0) : -1;
    ASSERT(at >= 0);
    (void) zip_set_file_compression(z, (zip_uint64_t) at, ZIP_CM_STORE, 0);
}

/* The input between two NULs is the next of: sheet, texts, styles, relations, workbook. */
static void parts(struct str in) {
    static const char *const names[] = {"s.xml", "t.xml", "y.xml", "_rels/b.xml.rels", "b.xml"};
    static const char *const usual[] = {"<a/>", "<a/>", "<a/>", book_rels, book};
    static char packed[1 << 18];
    zip_error_t e;
    zip_source_t *s = zip_source_buffer_create(NULL, 0, 0, &e);
    zip_source_keep(s);
    zip_t *z = zip_open_from_source(s, ZIP_TRUNCATE, &e);
    ASSERT(z);
    add(z, "_rels/.rels", str_of(rels));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct str one;
        bool given = str_split(&in, 0, &one);
        add(z, names[i], given && one.n ? one : str_of(usual[i]));
    }
    ASSERT(zip_close(z) == 0 && zip_source_open(s) == 0);
    zip_int64_t n = zip_source_read(s, packed, sizeof packed);
    zip_source_close(s);
    zip_source_free(s);
    if (n > 0 && n < (zip_int64_t) sizeof packed)
        check(str_n(packed, (size_t) n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    if (str_starts(in, STR("PK")))
        check(in);
    else if (size < 1 << 16)
        parts(in);
    return 0;
}
