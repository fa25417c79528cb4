/* XLSX, its parts written here by hand: what Excel in Japan does and a library that writes files for tests does not. Files of
 * real programs: tests/flow/register_test.py. */
#include "torture.h"

#include "base/csv.h"
#include "base/json.h"
#include "base/limits.h"
#include "table/match.h"
#include "table/table.h"
#include "table/xlsx_out.h"

#include <zip.h>

#define NS "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""
#define R "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

struct part {
    const char *name, *text;
};

static struct str pack(struct buf *out, const struct part *parts, size_t n) {
    zip_error_t e;
    zip_source_t *s = zip_source_buffer_create(NULL, 0, 0, &e);
    assert_non_null(s);
    zip_source_keep(s);
    zip_t *z = zip_open_from_source(s, ZIP_TRUNCATE, &e);
    assert_non_null(z);
    for (size_t i = 0; i < n; i++) {
        zip_source_t *f = zip_source_buffer(z, parts[i].text, strlen(parts[i].text), 0);
        assert_true(zip_file_add(z, parts[i].name, f, ZIP_FL_ENC_UTF_8) >= 0);
    }
    assert_int_equal(zip_close(z), 0);
    zip_stat_t st;
    zip_stat_init(&st);
    assert_int_equal(zip_source_open(s), 0);
    assert_int_equal(zip_source_stat(s, &st), 0);
    buf_init(out, 64 << 20);
    char *p = buf_reserve(out, st.size);
    assert_int_equal(zip_source_read(s, p, st.size), (zip_int64_t) st.size);
    buf_added(out, st.size);
    zip_source_close(s);
    zip_source_free(s);
    return buf_str(out);
}

/* A workbook around the given parts. */
static int read_book(const char *book_inside, const char *strings, const char *styles, const char *sheet, const char *second,
                     struct table *t, struct diag *d) {
    char book[2048];
    snprintf(book, sizeof book, "<workbook " NS " xmlns:r=\"" R "\">%s</workbook>", book_inside);
    const struct part parts[] = {
        {"_rels/.rels", "<Relationships><Relationship Id=\"rId1\" Type=\"" R "/officeDocument\" Target=\"/xl/workbook.xml\"/></Relationships>"},
        {"xl/workbook.xml", book},
        {"xl/_rels/workbook.xml.rels", "<Relationships><Relationship Id=\"rId1\" Type=\"" R "/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
                                       "<Relationship Id=\"rId2\" Type=\"" R "/worksheet\" Target=\"worksheets/sheet2.xml\"/>"
                                       "<Relationship Id=\"rId3\" Type=\"" R "/styles\" Target=\"styles.xml\"/>"
                                       "<Relationship Id=\"rId4\" Type=\"" R "/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"},
        {"xl/sharedStrings.xml", strings ? strings : "<sst/>"},
        {"xl/styles.xml", styles ? styles : "<styleSheet/>"},
        {"xl/worksheets/sheet1.xml", sheet},
        {"xl/worksheets/sheet2.xml", second ? second : "<worksheet/>"},
    };
    struct buf zip;
    struct str bytes = pack(&zip, parts, ARRAY_SIZE(parts));
    int r = table_read(bytes, "book.xlsx", t, d);
    buf_done(&zip);
    return r;
}

#define ONE "<sheets><sheet name=\"台帳\" sheetId=\"1\" r:id=\"rId1\"/></sheets>"

static struct str at(const struct table *t, size_t row, uint32_t column) {
    assert_true(row < t->sheets[0].n_rows);
    return table_cell_at(&t->sheets[0].rows[row], column).text;
}

static void texts_come_without_their_phonetic_guides(void **state UNUSED) {
    struct table t;
    struct diag d = {0};
    assert_int_equal(read_book(ONE,
        "<sst " NS "><si><t>会員</t><rPh sb=\"0\" eb=\"2\"><t>カイイン</t></rPh><phoneticPr fontId=\"1\"/></si>"
        "<si><r><rPr><b/></rPr><t>請求</t></r><r><t xml:space=\"preserve\"> 照会</t></r><rPh sb=\"0\" eb=\"2\"><t>セイキュウ</t></rPh></si>"
        "<si><t>a_x000D_\nb_x005F_x_</t></si></sst>",
        NULL,
        "<worksheet " NS "><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"s\"><v>1</v></c></row>"
        "<row r=\"5\"><c r=\"B5\" t=\"inlineStr\"><is><t>直</t><rPh sb=\"0\" eb=\"1\"><t>ジカ</t></rPh></is></c><c r=\"C5\" t=\"s\"><v>2</v></c>"
        "<c r=\"D5\" t=\"s\"><v>99</v></c></row></sheetData></worksheet>", NULL, &t, &d), 0);
    assert_str(t.sheets[0].name, "台帳");
    assert_str(at(&t, 0, 1), "会員");
    assert_str(at(&t, 0, 2), "");
    assert_str(at(&t, 0, 3), "請求 照会");
    assert_int_equal(t.sheets[0].rows[1].number, 5);
    assert_str(at(&t, 1, 2), "直");
    assert_str(at(&t, 1, 3), "a\nb_x_");
    assert_str(at(&t, 1, 4), "");
    table_done(&t);
}

static void dates_codes_and_formulas(void **state UNUSED) {
    static const char *const styles =
        "<styleSheet " NS "><numFmts><numFmt numFmtId=\"176\" formatCode=\"[$-411]ggge&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@\"/>"
        "<numFmt numFmtId=\"177\" formatCode=\"000\\-0000\"/><numFmt numFmtId=\"178\" formatCode=\"0000\"/><numFmt numFmtId=\"179\" formatCode=\"G/標準\"/>"
        "<numFmt numFmtId=\"180\" formatCode=\"0.00E+00\"/><numFmt numFmtId=\"181\" formatCode=\"[$-411]ge.m.d\"/></numFmts>"
        "<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>"
        "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"176\"/><xf numFmtId=\"177\"/><xf numFmtId=\"178\"/><xf numFmtId=\"179\"/>"
        "<xf numFmtId=\"180\"/><xf numFmtId=\"57\"/><xf numFmtId=\"22\"/><xf numFmtId=\"21\"/><xf numFmtId=\"181\"/></cellXfs></styleSheet>";
    static const struct {
        const char *cell, *text;
    } cells[] = {
        {"<c s=\"0\"><v>312345678</v></c>", "312345678"},      {"<c s=\"1\"><v>46348</v></c>", "2026-11-22"},
        {"<c s=\"2\"><v>46348</v></c>", "2026-11-22"},          {"<c s=\"3\"><v>1234567</v></c>", "123-4567"},
        {"<c s=\"4\"><v>12</v></c>", "0012"},                   {"<c s=\"5\"><v>7</v></c>", "7"},
        {"<c s=\"6\"><v>12</v></c>", "12"},                     {"<c s=\"7\"><v>46348</v></c>", "2026-11-22"},
        {"<c s=\"8\"><v>46348.75</v></c>", "2026-11-22 18:00"}, {"<c s=\"9\"><v>0.7503472222</v></c>", "18:00:30"},
        {"<c s=\"1\"><v>59</v></c>", "1900-02-28"},             {"<c s=\"1\"><v>61</v></c>", "1900-03-01"},
        {"<c><v>1.2345E10</v></c>", "12345000000"},             {"<c><v>0.1</v></c>", "0.1"},
        {"<c t=\"str\"><f>A1&amp;\"x\"</f><v>cached</v></c>", "cached"}, {"<c t=\"b\"><v>1</v></c>", "TRUE"},
        {"<c t=\"d\"><v>2026-11-22T00:00:00</v></c>", "2026-11-22"},    {"<c s=\"3\"><v>12345</v></c>", "001-2345"},
        {"<c s=\"10\"><v>43586</v></c>", "2019-05-01"},         {"<c s=\"99\"><v>5</v></c>", "5"},
    };
    char sheet[8192];
    size_t n = (size_t) snprintf(sheet, sizeof sheet, "<worksheet " NS "><sheetData>");
    for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
        n += (size_t) snprintf(sheet + n, sizeof sheet - n, "<row>%s</row>", cells[i].cell);
    snprintf(sheet + n, sizeof sheet - n, "<row><c t=\"e\"><f>1/0</f><v>#DIV/0!</v></c><c><f>A1</f></c><c s=\"1\"/></row></sheetData></worksheet>");
    struct table t;
    struct diag d = {0};
    assert_int_equal(read_book(ONE, NULL, styles, sheet, NULL, &t, &d), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
        assert_str(at(&t, i, 1), cells[i].text);
    const struct table_row *last = &t.sheets[0].rows[ARRAY_SIZE(cells)];
    assert_int_equal(last->cells[0].flags, TABLE_CELL_ERROR);
    assert_int_equal(last->cells[1].flags, TABLE_CELL_UNCOMPUTED);
    assert_int_equal(last->n, 2);
    table_done(&t);
    /* the other count of days */
    assert_int_equal(read_book("<workbookPr date1904=\"1\"/>" ONE, NULL, styles, "<worksheet><sheetData><row><c s=\"1\"><v>44886</v></c></row></sheetData></worksheet>",
                               NULL, &t, &d), 0);
    assert_str(at(&t, 0, 1), "2026-11-22");
    table_done(&t);
}

static void merged_heads_and_hidden_sheets(void **state UNUSED) {
    struct table t;
    struct diag d = {0};
    struct arena a;
    struct import_spec *specs;
    struct import_match m;
    size_t n;
#define T(ref, text) "<c r=\"" ref "\" t=\"inlineStr\"><is><t>" text "</t></is></c>"
    assert_int_equal(read_book(
        "<sheets><sheet name=\"旧\" sheetId=\"1\" state=\"hidden\" r:id=\"rId2\"/><sheet name=\"台帳\" sheetId=\"2\" r:id=\"rId1\"/></sheets>", NULL, NULL,
        "<worksheet><sheetData><row r=\"1\">" T("A1", "システム一覧") "</row><row r=\"2\">" T("A2", "情報システム名") T("B2", "管理") "</row>"
        "<row r=\"3\">" T("B3", "所管部署") T("C3", "重要度") "</row>"
        "<row r=\"4\">" T("A4", "会員サイト") T("B4", "A課") T("C4", "高") "</row><row r=\"5\" hidden=\"1\">" T("A5", "請求") T("C5", "中") "</row></sheetData>"
        "<mergeCells><mergeCell ref=\"A2:A3\"/><mergeCell ref=\"B2:C2\"/><mergeCell ref=\"B4:B5\"/><mergeCell ref=\"bad\"/></mergeCells></worksheet>",
        "<worksheet><sheetData><row>" T("A1", "システム名") T("B1", "担当部署") T("C1", "重要度") T("D1", "委託先") "</row></sheetData></worksheet>", &t, &d), 0);
    assert_true(t.sheets[0].hidden);
    arena_init(&a, 16 << 20);
    assert_int_equal(import_specs_load(&a, "content/imports", &specs, &n, &d), 0);
    assert_int_equal(import_match_table(&a, &t, import_spec_find(specs, n, STR("systems")), STR_NULL, STR_NULL, &m, &d), 0);
    assert_str(m.sheet->name, "台帳"); /* the hidden one has more columns we know */
    assert_int_equal(m.sheet->rows[m.head_to].number, 3);
    assert_int_equal(m.sheet->n_hidden_rows, 1);
    assert_int_equal(m.n_fields, 3);
    struct buf out;
    struct jsonw w;
    struct json_value *doc;
    buf_init(&out, 1 << 20);
    jsonw_init(&w, &out);
    assert_int_equal(import_document_write(&a, &t, &m, 0, &w, &d), 0);
    assert_int_equal(json_parse(&a, buf_str(&out), &doc, &d), 0);
    struct str owner;
    assert_true(json_get_str(json_get(json_get(doc, "rows")->first->next, "values"), "owner", &owner)); /* merged downwards */
    assert_str(owner, "A課");
    buf_done(&out);
    arena_done(&a);
    table_done(&t);
}

static void what_is_hostile_is_refused(void **state UNUSED) {
    struct table t;
    struct diag d = {0};
    assert_int_equal(read_book(ONE, NULL, NULL, "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><worksheet><sheetData/></worksheet>", NULL, &t, &d), -ERR_REFUSED);
    assert_int_equal(read_book(ONE, NULL, NULL, "<worksheet><sheetData><row></sheetData></worksheet>", NULL, &t, &d), -ERR_PARSE);
    assert_non_null(strstr(d.text, "damaged at line 1"));
    assert_int_equal(read_book(ONE, NULL, NULL, "<worksheet><sheetData><row><c r=\"XFD1\"><v>1</v></c></row></sheetData></worksheet>", NULL, &t, &d), -ERR_LIMIT);
    assert_non_null(strstr(d.text, "XFD1"));
    assert_int_equal(read_book(ONE, NULL, NULL, "<worksheet><sheetData><row r=\"2\"/><row r=\"1\"/></sheetData></worksheet>", NULL, &t, &d), -ERR_PARSE);
    static char bomb[3 << 20];
    memset(bomb, ' ', sizeof bomb - 1);
    memcpy(bomb, "<worksheet>", 11);
    assert_int_equal(read_book(ONE, NULL, NULL, bomb, NULL, &t, &d), -ERR_LIMIT);
    assert_non_null(strstr(d.text, "times its size"));
    char deep[2048] = "";
    for (int i = 0; i < XLSX_DEPTH_MAX + 2; i++)
        memcpy(deep + strlen(deep), "<a>", 4);
    assert_int_equal(read_book(ONE, NULL, NULL, deep, NULL, &t, &d), -ERR_LIMIT);
    struct buf zip;
    const struct part other[] = {{"readme.txt", "hello"}};
    assert_int_equal(table_read(pack(&zip, other, 1), "other.zip", &t, &d), -ERR_PARSE);
    assert_non_null(strstr(d.text, "no XLSX workbook"));
    assert_int_equal(table_read(str_to(buf_str(&zip), zip.n - 4), "cut.xlsx", &t, &d), -ERR_PARSE);
    buf_done(&zip);
}

static void what_is_written_is_read_again_as_it_was(void **state UNUSED) {
    static const char *const cells[] = {"台帳(a/b)", "内線", "=1+1", "0012", "<&>\"' 終わり", "上\n下", "", "2026-11-22", "-"};
    struct table t = {0};
    struct diag d = {0};
    struct buf csv, out;
    buf_init(&csv, 1 << 16);
    buf_init(&out, 1 << 20);
    buf_add_z(&csv, CSV_MARK);
    for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
        csv_cell(&csv, i % 3 == 0, str_of(cells[i]));
        if (i % 3 == 2)
            csv_end_row(&csv);
    }
    assert_int_equal(table_xlsx_write(buf_str(&csv), STR("systems"), 0, &out), 0);
    if (table_read(buf_str(&out), "out.xlsx", &t, &d) < 0)
        fail_msg("%s", d.text);
    assert_int_equal(t.n_sheets, 1);
    assert_true(str_eq_z(t.sheets[0].name, "systems"));
    assert_int_equal(t.sheets[0].n_rows, 3);
    for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
        struct str is = at(&t, i / 3, (uint32_t) (i % 3) + 1);
        if (!str_eq_z(is, cells[i]))
            fail_msg("cell %zu: '%.*s', wanted '%s'", i, STR_ARG(is), cells[i]);
    }
    table_done(&t);
    buf_done(&csv);
    buf_done(&out);
}

UNIT_GROUP(table_xlsx, cmocka_unit_test(what_is_written_is_read_again_as_it_was), cmocka_unit_test(texts_come_without_their_phonetic_guides), cmocka_unit_test(dates_codes_and_formulas),
           cmocka_unit_test(merged_heads_and_hidden_sheets), cmocka_unit_test(what_is_hostile_is_refused))
