#include "unit.h"

#include "event/source.h"

static const struct source full = {
    .id = 70000,
    .name = {"web1", 4},
    .kind = {"file", 4},
    .path = {"/var/log/\xff.log", 14},
    .decoder = {"nginx", 5},
    .service = {"shop", 4},
    .host = {"web1.example", 12},
    .encoding = -1,
    .offset_min = -210,
    .skew_max_ns = INT64_C(1) << 40,
};

static void comes_back_as_it_was(void **state UNUSED) {
    struct source s;
    struct buf b;
    buf_init(&b, 65536);
    assert_int_equal(source_encode(&full, &b), 0);
    assert_int_equal(source_decode(buf_str(&b), &s), 0);
    assert_int_equal(s.id, full.id);
    assert_true(str_eq(s.name, full.name) && str_eq(s.kind, full.kind) &&
                str_eq(s.path, full.path) && str_eq(s.decoder, full.decoder) &&
                str_eq(s.service, full.service) && str_eq(s.host, full.host));
    assert_int_equal(s.encoding, -1);
    assert_int_equal(s.usual, 0);
    assert_int_equal(s.offset_min, -210);
    assert_true(s.skew_max_ns == full.skew_max_ns);
    /* a newer program's field is passed over */
    buf_add(&b, STR("\x63\x02\x00hi"));
    assert_int_equal(source_decode(buf_str(&b), &s), 0);
    buf_done(&b);
}

static void refuses_what_it_cannot_trust(void **state UNUSED) {
    struct source s;
    struct buf b;
    buf_init(&b, 65536);
    assert_int_equal(source_encode(&full, &b), 0);
    for (size_t n = 0; n < b.n; n++) /* no prefix has all the fields that must be there */
        assert_int_equal(source_decode(str_to(buf_str(&b), n), &s), -ERR_PARSE);
    size_t n = b.n;
    buf_add(&b, STR("\x02\x01\x00x")); /* a second name */
    assert_int_equal(source_decode(buf_str(&b), &s), -ERR_PARSE);
    b.n = n;
    b.p[1] = 3; /* an id of three bytes */
    assert_int_equal(source_decode(buf_str(&b), &s), -ERR_PARSE);
    struct source longer = full;
    char name[SOURCE_TEXT_BYTES_MAX + 1] = {0};
    longer.name = str_n(name, sizeof name);
    buf_clear(&b);
    assert_int_equal(source_encode(&longer, &b), -ERR_LIMIT);
    struct source learnt = full;
    learnt.usual = 3;
    buf_clear(&b);
    assert_int_equal(source_encode(&learnt, &b), 0);
    assert_int_equal(source_decode(buf_str(&b), &s), 0);
    assert_int_equal(s.usual, 3);
    buf_done(&b);
}

UNIT_GROUP(event_source, cmocka_unit_test(comes_back_as_it_was),
           cmocka_unit_test(refuses_what_it_cannot_trust))
