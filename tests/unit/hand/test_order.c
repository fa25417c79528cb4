#include "unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "hand/order.h"
#include "torture.h"

static const char good[] =
    "{\"order_id\":\"0123456789abcdef\",\"type\":\"block\",\"addresses\":[\"192.0.2.1\","
    "\"2001:db8::/64\"],\"minutes\":60,\"reason\":\"list attack\",\"rule\":\"login-list\","
    "\"incident\":12,\"issued_ms\":1000,\"expires_ms\":61000,\"dry_run\":false}";

static void reads_an_order(void **state UNUSED) {
    struct arena a;
    struct hand_order o;
    struct hand_reason why;
    arena_init(&a, 1 << 20);
    assert_int_equal(hand_order_parse(&a, STR(good), &o, &why), 0);
    assert_int_equal(o.type, HAND_BLOCK);
    assert_str(o.id, "0123456789abcdef");
    assert_int_equal(o.n_addresses, 2);
    assert_str(o.addresses[1], "2001:db8::/64");
    assert_int_equal(o.minutes, 60);
    assert_str(o.incident, "12");
    assert_int_equal(o.expires_ms, 61000);
    assert_false(o.dry_run);
    arena_done(&a);
}

static void without_dry_run_a_block_is_one(void **state UNUSED) {
    static const struct {
        const char *text;
        bool dry;
    } rows[] = {
        {"{\"order_id\":\"12345678\",\"type\":\"block\",\"addresses\":[\"::\"],\"minutes\":1,"
         "\"issued_ms\":1,\"expires_ms\":2}",
         true},
        {"{\"order_id\":\"12345678\",\"type\":\"unblock\",\"addresses\":[\"::\"],\"issued_ms\":1,"
         "\"expires_ms\":2}",
         false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct hand_order o;
        struct hand_reason why;
        arena_init(&a, 1 << 20);
        assert_int_equal(hand_order_parse(&a, str_of(rows[i].text), &o, &why), 0);
        assert_int_equal(o.dry_run, rows[i].dry);
        arena_done(&a);
    }
}

#define HEAD "{\"order_id\":\"12345678\",\"issued_ms\":1,\"expires_ms\":2,"
static void refuses_with_its_reason(void **state UNUSED) {
    static const struct {
        const char *text;
        enum hand_refusal code;
        const char *says;
    } rows[] = {
        {"", HAND_BAD_JSON, "JSON"},
        {"[1]", HAND_BAD_JSON, "JSON object"},
        {"{\"order_id\":\"12345678\"", HAND_BAD_JSON, "JSON"},
        {"{} {}", HAND_BAD_JSON, "JSON"},
        {"{}", HAND_BAD_VALUE, "order_id"},
        {"{\"order_id\":\"short\"}", HAND_BAD_VALUE, "8 to 64"},
        {"{\"order_id\":\"../../etc\"}", HAND_BAD_VALUE, "8 to 64"},
        {"{\"order_id\":12345678}", HAND_BAD_VALUE, "8 to 64"},
        {HEAD "\"type\":\"route\"}", HAND_UNKNOWN_TYPE, "'route'"},
        {HEAD "\"type\":7}", HAND_BAD_VALUE, "type"},
        {HEAD "\"type\":\"list\",\"shell\":\"/bin/sh\"}", HAND_UNKNOWN_KEY, "'shell'"},
        {HEAD "\"type\":\"list\",\"type\":\"block\"}", HAND_BAD_VALUE, "twice"},
        {HEAD "\"type\":\"block\",\"minutes\":1}", HAND_BAD_VALUE, "addresses"},
        {HEAD "\"type\":\"block\",\"minutes\":1,\"addresses\":[]}", HAND_BAD_VALUE, "at least one"},
        {HEAD "\"type\":\"block\",\"minutes\":1,\"addresses\":\"192.0.2.1\"}", HAND_BAD_VALUE,
         "list"},
        {HEAD "\"type\":\"block\",\"minutes\":1,\"addresses\":[1]}", HAND_BAD_VALUE, "texts"},
        {HEAD "\"type\":\"block\",\"addresses\":[\"192.0.2.1\"]}", HAND_BAD_VALUE, "minutes"},
        {HEAD "\"type\":\"block\",\"minutes\":0,\"addresses\":[\"192.0.2.1\"]}", HAND_BAD_VALUE,
         "at least 1"},
        {HEAD "\"type\":\"block\",\"minutes\":1.5,\"addresses\":[\"192.0.2.1\"]}", HAND_BAD_VALUE,
         "whole number"},
        {HEAD "\"type\":\"block\",\"minutes\":-5,\"addresses\":[\"192.0.2.1\"]}", HAND_BAD_VALUE,
         "not negative"},
        {HEAD "\"type\":\"block\",\"minutes\":\"60\",\"addresses\":[\"192.0.2.1\"]}",
         HAND_BAD_VALUE, "whole number"},
        {HEAD "\"type\":\"block\",\"minutes\":99999999999999999999,\"addresses\":[\"::\"]}",
         HAND_BAD_VALUE, "whole number"},
        {HEAD "\"type\":\"list\",\"dry_run\":0}", HAND_BAD_VALUE, "true or false"},
        {HEAD "\"type\":\"list\",\"reason\":[]}", HAND_BAD_VALUE, "reason"},
        {"{\"order_id\":\"12345678\",\"type\":\"list\",\"issued_ms\":1}", HAND_BAD_VALUE,
         "expires_ms"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct hand_order o;
        struct hand_reason why = {0};
        arena_init(&a, 1 << 20);
        int r = hand_order_parse(&a, str_of(rows[i].text), &o, &why);
        if (r != -ERR_REFUSED || why.code != rows[i].code || !strstr(why.text, rows[i].says))
            print_error("row %zu: %d %s '%s'\n", i, r, hand_refusal_to_string(why.code), why.text);
        assert_int_equal(r, -ERR_REFUSED);
        assert_int_equal(why.code, rows[i].code);
        assert_non_null(strstr(why.text, rows[i].says));
        if (strstr(rows[i].text, "12345678\",")) /* the answer can name the order */
            assert_str(o.id, "12345678");
        arena_done(&a);
    }
}

static void counts_addresses_before_reading_them(void **state UNUSED) {
    struct arena a;
    struct buf b;
    struct hand_order o;
    struct hand_reason why;
    arena_init(&a, 4 << 20);
    buf_init(&b, 1 << 20);
    buf_add_z(&b, HEAD "\"type\":\"block\",\"minutes\":1,\"addresses\":[\"192.0.2.1\"");
    for (int i = 0; i < HAND_ORDER_ADDRESSES_MAX; i++)
        buf_add_z(&b, ",\"192.0.2.1\"");
    buf_add_z(&b, "]}");
    assert_int_equal(hand_order_parse(&a, buf_str(&b), &o, &why), -ERR_REFUSED);
    assert_int_equal(why.code, HAND_TOO_MANY_ADDRESSES);
    buf_done(&b);
    arena_done(&a);
}

static int parse_once(void *ctx) {
    struct arena a;
    struct hand_order o;
    struct hand_reason why;
    arena_init(&a, 1 << 20);
    int r = hand_order_parse(&a, STR(good), &o, &why);
    arena_done(&a);
    return r;
}
static void survives_the_end_of_memory(void **state UNUSED) {
    assert_true(torture(parse_once, NULL) > 0);
}

UNIT_GROUP(hand_order, cmocka_unit_test(reads_an_order),
           cmocka_unit_test(without_dry_run_a_block_is_one),
           cmocka_unit_test(refuses_with_its_reason),
           cmocka_unit_test(counts_addresses_before_reading_them),
           cmocka_unit_test(survives_the_end_of_memory))
