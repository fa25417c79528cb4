/* CSV as programs write it, above all Excel in Japan. */
#include "torture.h"

#include "base/limits.h"
#include "table/csv.h"
#include "table/table.h"

static void read_text(struct str bytes, struct table *t) {
    struct diag d = {0};
    if (table_read(bytes, "a.csv", t, &d) < 0)
        fail_msg("%s", d.text);
}

static struct str cell(const struct table *t, size_t row, uint32_t column) {
    assert_true(row < t->sheets[0].n_rows);
    return table_cell_at(&t->sheets[0].rows[row], column).text;
}

static void quotes_line_ends_and_empty_fields(void **state UNUSED) {
    struct table t;
    read_text(STR("a,\"b\"\"c\",\"d\r\ne\",\r\n\r\n\"x\"y,,z,1\rlast"), &t);
    assert_int_equal(t.sheets[0].n_rows, 3);
    assert_str(cell(&t, 0, 2), "b\"c");
    assert_str(cell(&t, 0, 3), "d\r\ne");
    assert_str(cell(&t, 0, 4), "");
    assert_str(cell(&t, 0, 9), "");
    assert_int_equal(t.sheets[0].rows[1].number, 3); /* the empty record counts, as in a spreadsheet */
    assert_int_equal(t.sheets[0].rows[1].line, 4);
    assert_str(cell(&t, 1, 1), "xy");
    assert_str(cell(&t, 1, 3), "z");
    assert_str(cell(&t, 2, 1), "last");
    table_done(&t);
}

static void separators_are_told_by_the_records(void **state UNUSED) {
    static const struct {
        const char *text;
        char separator;
    } rows[] = {{"a,b\nc,d\n", ','}, {"a;b;c\n1,5;2;3\n1,7;3;4\n", ';'}, {"a\tb, c\n1\t2\n", '\t'}, {"sep=|\r\na|b\n", '|'}, {"one\ntwo\n", ','},
                {"\"a,b\";c\n\"d,e\";f\n", ';'}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct table t;
        read_text(str_of(rows[i].text), &t);
        assert_int_equal(t.separator, rows[i].separator);
        table_done(&t);
    }
}

static void text_that_excel_was_made_to_keep(void **state UNUSED) {
    struct table t;
    read_text(STR("code,phone\n=\"001\",\"=\"\"0312345678\"\"\"\n"), &t);
    assert_str(cell(&t, 1, 1), "001");
    assert_str(cell(&t, 1, 2), "0312345678");
    table_done(&t);
}

static void every_encoding_excel_writes(void **state UNUSED) {
    /* 名,表 and 能,1: the second byte of 表 and 能 in CP932 is a backslash, of ソ too */
    static const struct {
        const char *bytes;
        size_t n;
        enum text_encoding encoding;
    } files[] = {
        {"\x96\xbc,\x95\x5c\r\n\x94\x5c,1\r\n", 13, TEXT_CP932},
        {"\xe5\x90\x8d,\xe8\xa1\xa8\n\xe8\x83\xbd,1\n", 14, TEXT_UTF8},
        {"\xef\xbb\xbf\xe5\x90\x8d,\xe8\xa1\xa8\n\xe8\x83\xbd,1\n", 17, TEXT_UTF8},
        {"\xff\xfe\x0d\x54\x09\x00\x68\x88\x0d\x00\x0a\x00\xfd\x80\x09\x00\x31\x00", 18, TEXT_UTF16LE},
        {"\xfe\xff\x54\x0d\x00\x09\x88\x68\x00\x0a\x80\xfd\x00\x09\x00\x31", 16, TEXT_UTF16BE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct table t;
        read_text(str_n(files[i].bytes, files[i].n), &t);
        assert_int_equal(t.encoding, files[i].encoding);
        assert_str(cell(&t, 0, 1), "名");
        assert_str(cell(&t, 0, 2), "表");
        assert_str(cell(&t, 1, 1), "能");
        assert_str(cell(&t, 1, 2), "1");
        table_done(&t);
    }
}

static void an_open_quote_is_refused_with_its_line(void **state UNUSED) {
    struct table t;
    struct diag d = {0};
    assert_int_equal(table_read_csv(STR("a,b\n1,\"2\n3,4\n"), "x.csv", &t, &d), -ERR_PARSE);
    assert_int_equal(d.line, 2);
    assert_non_null(strstr(d.text, "never closes"));
}

static void what_is_no_table_is_refused(void **state UNUSED) {
    struct table t;
    struct diag d = {0};
    assert_int_equal(table_read(STR("\xd0\xcf\x11\xe0\xa1\xb1"), "old.xls", &t, &d), -ERR_UNSUPPORTED);
    assert_non_null(strstr(d.text, "password"));
    char wide[TABLE_COLUMNS_MAX + 2];
    memset(wide, ',', sizeof wide);
    assert_int_equal(table_read(str_n(wide, sizeof wide), "wide.csv", &t, &d), -ERR_LIMIT);
}

static void letters_of_columns(void **state UNUSED) {
    char dst[TABLE_COLUMN_CAP];
    assert_string_equal(table_column_letters(1, dst), "A");
    assert_string_equal(table_column_letters(26, dst), "Z");
    assert_string_equal(table_column_letters(27, dst), "AA");
    assert_string_equal(table_column_letters(703, dst), "AAA");
}

/* A reader that gets its file in records must cut where the reader of whole files does. */
static void records_are_cut_in_raw_bytes(void **state UNUSED) {
    struct csv c;
    struct str record;
    bool open;
    csv_begin(&c, STR("\x95\x5c,\"\x83\x5c\n\",3\r\nb"), ',');
    assert_true(csv_next(&c, &record, &open));
    assert_int_equal(record.n, 10);
    assert_int_equal(c.line, 3);
    assert_true(csv_next(&c, &record, &open));
    assert_str(record, "b");
    assert_false(csv_next(&c, &record, &open));
}

static int read_it(void *ctx UNUSED) {
    struct table t;
    int r = table_read_csv(STR("\x96\xbc,\"b\"\"c\"\n1,2\n"), "a.csv", &t, NULL);
    if (r == 0)
        table_done(&t);
    return r == -ERR_LIMIT ? -ENOMEM : r; /* the arena's end and memory's are told alike */
}

static void memory_may_end_anywhere(void **state UNUSED) {
    torture(read_it, NULL);
}

UNIT_GROUP(table_csv, cmocka_unit_test(quotes_line_ends_and_empty_fields), cmocka_unit_test(separators_are_told_by_the_records),
           cmocka_unit_test(text_that_excel_was_made_to_keep), cmocka_unit_test(every_encoding_excel_writes),
           cmocka_unit_test(an_open_quote_is_refused_with_its_line), cmocka_unit_test(what_is_no_table_is_refused),
           cmocka_unit_test(letters_of_columns), cmocka_unit_test(records_are_cut_in_raw_bytes), cmocka_unit_test(memory_may_end_anywhere))
