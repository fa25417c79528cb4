/* See xlsx_out.h. */
#include "table/xlsx_out.h"

#include "base/csv.h"
#include "base/limits.h"
#include "base/zip.h"
#include "table/csv.h"
#include "table/table.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>"
#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/"
#define KIND "application/vnd.openxmlformats-officedocument.spreadsheetml."

/* Parts that are the same in each. Style 1 is text, style 2 text of the head. */
static const struct {
    const char *name, *text;
} parts[] = {
    {"[Content_Types].xml", HEAD "<Types xmlns=\"" PACKAGE "content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
                            "<Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"" KIND "sheet.main+xml\"/>"
                            "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"" KIND "worksheet+xml\"/>"
                            "<Override PartName=\"/xl/styles.xml\" ContentType=\"" KIND "styles+xml\"/></Types>"},
    {"_rels/.rels", HEAD "<Relationships xmlns=\"" PACKAGE "relationships\"><Relationship Id=\"rId1\" Type=\"" RELATIONS "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"},
    {"xl/_rels/workbook.xml.rels", HEAD "<Relationships xmlns=\"" PACKAGE "relationships\"><Relationship Id=\"rId1\" Type=\"" RELATIONS "/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
                                   "<Relationship Id=\"rId2\" Type=\"" RELATIONS "/styles\" Target=\"styles.xml\"/></Relationships>"},
    {"xl/styles.xml", HEAD "<styleSheet xmlns=\"" MAIN "\"><fonts count=\"2\"><font><sz val=\"11\"/></font><font><b/><sz val=\"11\"/></font></fonts>"
                      "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>"
                      "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs>"
                      "<cellXfs count=\"3\"><xf/><xf numFmtId=\"49\" applyNumberFormat=\"1\" applyAlignment=\"1\"><alignment vertical=\"top\" wrapText=\"1\"/></xf>"
                      "<xf numFmtId=\"49\" fontId=\"1\" applyNumberFormat=\"1\" applyFont=\"1\" applyAlignment=\"1\"><alignment vertical=\"top\" wrapText=\"1\"/></xf></cellXfs></styleSheet>"},
};

static int add_row(struct arena *a, struct buf *b, struct str record, uint32_t row, size_t *ret_columns) {
    struct str cells[TABLE_COLUMNS_MAX];
    char letters[TABLE_COLUMN_CAP];
    int n = csv_fields(a, record, ',', cells, TABLE_COLUMNS_MAX);
    if (n < 0)
        return n;
    *ret_columns = MIN((size_t) n, (size_t) TABLE_COLUMNS_MAX);
    buf_printf(b, "<row r=\"%u\">", row);
    for (size_t i = 0; i < *ret_columns; i++) {
        if (!cells[i].n)
            continue;
        buf_printf(b, "<c r=\"%s%u\" s=\"%d\" t=\"inlineStr\"><is><t xml:space=\"preserve\">", table_column_letters((uint32_t) i + 1, letters), row, row == 1 ? 2 : 1);
        buf_add_html(b, csv_text(cells[i])); /* a text cell is no formula */
        buf_add_z(b, "</t></is></c>");
    }
    buf_add_z(b, "</row>");
    return buf_error(b);
}

static int write_sheet(struct arena *a, struct str csv, struct buf *b) {
    struct csv c;
    struct str record;
    struct buf rows;
    bool open = false;
    size_t n = 0, columns = 1;
    int e = 0;
    if (str_starts(csv, STR("\xef\xbb\xbf")))
        csv = str_from(csv, 3);
    buf_init(&rows, b->max);
    csv_begin(&c, csv, ',');
    for (uint32_t row = 1; e == 0 && csv_next(&c, &record, &open); row++) {
        struct arena_mark m = arena_mark(a);
        e = add_row(a, &rows, record, row, &n);
        columns = MAX(columns, n);
        arena_rewind(a, m);
    }
    buf_printf(b, HEAD "<worksheet xmlns=\"" MAIN "\"><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews>"
                       "<cols><col min=\"1\" max=\"%zu\" width=\"22\" style=\"1\" customWidth=\"1\"/></cols><sheetData>", columns);
    buf_add(b, buf_str(&rows));
    buf_add_z(b, "</sheetData></worksheet>");
    if (e == 0)
        e = buf_error(&rows) ? buf_error(&rows) : buf_error(b);
    buf_done(&rows);
    return e;
}

int table_xlsx_write(struct str csv, struct str sheet, int64_t when_ns, struct buf *out) {
    struct zip_out z;
    struct arena a;
    struct buf b;
    arena_init(&a, 16 << 20);
    buf_init(&b, XLSX_OUT_BYTES_MAX);
    zip_begin_buf(&z, out, when_ns);
    int e = 0;
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(parts); i++)
        e = zip_add(&z, parts[i].name, str_of(parts[i].text));
    buf_add_z(&b, HEAD "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" RELATIONS "\"><sheets><sheet name=\"");
    buf_add_html(&b, str_to(sheet, 31));
    buf_add_z(&b, "\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>");
    if (e == 0)
        e = buf_error(&b) ? buf_error(&b) : zip_add(&z, "xl/workbook.xml", buf_str(&b));
    buf_clear(&b);
    if (e == 0)
        e = write_sheet(&a, csv, &b);
    if (e == 0)
        e = zip_add(&z, "xl/worksheets/sheet1.xml", buf_str(&b));
    if (e == 0)
        e = zip_end(&z);
    else
        zip_drop(&z);
    buf_done(&b);
    arena_done(&a);
    return e;
}
