/* Somebody else's workbook being filled: the archive's sheet is the input. What is written is found again, or it is refused. */
#include "base/limits.h"
#include "table/fill.h"

#include <zip.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define R "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
static const char *const parts[][2] = {
    {"_rels/.rels", "<Relationships><Relationship Id=\"a\" Type=\"" R "/officeDocument\" Target=\"b.xml\"/></Relationships>"},
    {"_rels/b.xml.rels", "<Relationships><Relationship Id=\"r1\" Type=\"" R "/worksheet\" Target=\"s.xml\"/></Relationships>"},
    {"b.xml", "<workbook><sheets><sheet name=\"x\" r:id=\"r1\"/></sheets></workbook>"},
};

static void add(zip_t *z, const char *name, struct str text) {
    zip_source_t *f = zip_source_buffer(z, text.p, text.n, 0);
    zip_int64_t at = f ? zip_file_add(z, name, f, 0) : -1;
    ASSERT(at >= 0);
    (void) zip_set_file_compression(z, (zip_uint64_t) at, ZIP_CM_STORE, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char packed[1 << 18];
    zip_error_t e;
    if (size > 1 << 16)
        return 0;
    zip_error_init(&e);
    zip_source_t *s = zip_source_buffer_create(NULL, 0, 0, &e);
    zip_source_keep(s);
    zip_t *z = zip_open_from_source(s, ZIP_TRUNCATE, &e);
    ASSERT(z);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        add(z, parts[i][0], str_of(parts[i][1]));
    add(z, "s.xml", str_n((const char *) data, size));
    ASSERT(zip_close(z) == 0 && zip_source_open(s) == 0);
    zip_int64_t n = zip_source_read(s, packed, sizeof packed);
    zip_source_close(s);
    zip_source_free(s);
    const struct table_put wanted[] = {{STR("A1"), STR("x & <y>")}, {STR("C2"), STR("二行\n目")}, {STR("B2"), STR("")}, {STR("AA9"), STR("末尾")}};
    struct buf out;
    struct diag d = {0};
    buf_init(&out, 1 << 20);
    if (n > 0 && n < (zip_int64_t) sizeof packed && table_fill(str_n(packed, (size_t) n), "fuzz.xlsx", STR(""), wanted, ARRAY_SIZE(wanted), &out, &d) < 0)
        ASSERT(d.text[0]);
    buf_done(&out);
    return 0;
}
