/* What a text leaves in a row, the bounds of rows, and rows of answers. */
#include "unit.h"

#include "index/row.h"

static void a_text_leaves_addresses_digests_and_characters(void **state UNUSED) {
    static const char text[] = "from 192.0.2.7 to 1.2.3.4.5 not 192.0.2.256, 1192.0.2.7x 01.2.3.4 or 1..2.3.4; md5 d41d8cd98f00b204e9800998ecf8427e "
                               "d41d8cd98f00b204e9800998ecf8427ex サーバーの停止abc給与";
    struct index_row row;
    uint32_t digest;
    index_row_init(&row);
    index_row_begin(&row, INDEX_EVENT, 1, 1, 64);
    index_row_text(&row, STR(text));
    assert_int_equal(row.n_v4, 3);
    assert_int_equal(row.v4[0], 0xc0000207u);
    assert_int_equal(row.v4[1], 0x01020304u);
    assert_int_equal(row.v4[2], 0x02030405u);
    assert_int_equal(row.n_digests, 1);
    assert_true(index_digest(STR("d41d8cd98f00b204e9800998ecf8427e"), &digest) && digest == row.digests[0]);
    assert_false(index_digest(STR("d41d8cd98f00b204e9800998ecf8427g"), &digest));
    assert_str(buf_str(&row.text), "サーバーの停止 給与");
    index_row_done(&row);
}

static void what_does_not_fit_makes_a_row_rough(void **state UNUSED) {
    struct index_row row;
    struct buf out;
    char name[INDEX_VALUES_MAX + 2][8];
    index_row_init(&row);
    buf_init(&out, 1 << 20);
    index_row_begin(&row, INDEX_EVENT, 1, 1, 64);
    for (unsigned i = 0; i <= INDEX_VALUES_MAX; i++) {
        assert_false(row.rough);
        snprintf(name[i], sizeof name[i], "h%u", i);
        index_row_host(&row, str_of(name[i]));
        index_row_host(&row, str_of(name[0])); /* again */
    }
    assert_true(row.rough && row.n_hosts == INDEX_VALUES_MAX);
    index_row_begin(&row, INDEX_EVENT, 1, 1, 64);
    for (unsigned i = 0; i < INDEX_TEXT_BYTES_MAX / 3; i++)
        index_row_text(&row, STR("あ"));
    index_row_write(&row, 7, &out);
    assert_true(buf_error(&out) == 0 && out.p[8 + 1 + 4 + 8 + 4 + 8] == 1);
    buf_done(&out);
    index_row_done(&row);
}

static void answers_are_read_or_refused(void **state UNUSED) {
    char row[INDEX_FOUND_BYTES + 1] = {1, 6, 0, 0, 0};
    struct index_found f;
    row[13] = 5;
    row[21] = 9;
    row[29] = 64;
    row[37] = 4;
    assert_int_equal(index_found_read(str_n(row, INDEX_FOUND_BYTES), 0, &f), 0);
    assert_true(f.kind == INDEX_MARK && f.segment == 6 && f.n == 5 && f.next == 9 && f.place == 64 && f.width == 4 && !f.rough);
    assert_int_equal(index_found_read(str_n(row, INDEX_FOUND_BYTES - 1), 0, &f), -ERR_CORRUPT);
    assert_int_equal(index_found_read(str_n(row, INDEX_FOUND_BYTES), 1, &f), -ERR_CORRUPT);
    row[21] = 4; /* ends before it begins */
    assert_int_equal(index_found_read(str_n(row, INDEX_FOUND_BYTES), 0, &f), -ERR_CORRUPT);
    row[21] = 9;
    row[0] = 3;
    assert_int_equal(index_found_read(str_n(row, INDEX_FOUND_BYTES), 0, &f), -ERR_CORRUPT);
}

UNIT_GROUP(index_row, cmocka_unit_test(a_text_leaves_addresses_digests_and_characters), cmocka_unit_test(what_does_not_fit_makes_a_row_rough),
           cmocka_unit_test(answers_are_read_or_refused))
