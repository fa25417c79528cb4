#include "unit.h"

#include "base/buf.h"
#include "event/columns.h"

static void letters_lead_back_to_names(void **state UNUSED) {
    struct columns c = {0};
    assert_int_equal(columns_count(columns_of(&c)), 0);
    assert_false(columns_follow(&c, STR("2026-11-22 17:03:08 GET /")));
    assert_false(columns_follow(&c, STR("#Date: 2026-11-22 17:03:08")));
    assert_false(columns_follow(&c, STR("#Fields:date")));
    assert_int_equal(c.n, 0);
    assert_true(columns_follow(&c, STR("#Fields: c-ip cs(USER-AGENT) x-own date sc-status ")));
    struct str peer = columns_of(&c);
    assert_int_equal(columns_count(peer), 5);
    assert_str(columns_name(peer, 0), "c-ip");
    assert_str(columns_name(peer, 1), "cs(User-Agent)");
    assert_int_equal(columns_name(peer, 2).n, 0); /* nobody's */
    assert_str(columns_name(peer, 4), "sc-status");
    assert_int_equal(columns_name(peer, 5).n, 0);
    assert_int_equal(columns_count(STR("192.0.2.1:514")), 0);
    assert_int_equal(columns_count(STR_NULL), 0);
}

static void too_many_columns_are_none(void **state UNUSED) {
    struct columns c = {0};
    struct buf line;
    buf_init(&line, 1024);
    buf_add_z(&line, "#Fields: ");
    for (unsigned i = 0; i < RAW_PEER_BYTES_MAX - 1; i++)
        buf_add_z(&line, "date ");
    assert_true(columns_follow(&c, buf_str(&line)));
    assert_int_equal(columns_count(columns_of(&c)), RAW_PEER_BYTES_MAX - 1);
    buf_add_z(&line, "date");
    assert_true(columns_follow(&c, buf_str(&line)));
    assert_int_equal(columns_count(columns_of(&c)), 0);
    buf_done(&line);
}

UNIT_GROUP(event_columns, cmocka_unit_test(letters_lead_back_to_names), cmocka_unit_test(too_many_columns_are_none))
