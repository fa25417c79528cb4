#include "world.h"

#include "hand/nft.h"

#include <signal.h>

static struct hand_op op(const char *net, int64_t ms) {
    return (struct hand_op){.net = net_of(net), .timeout_ms = ms};
}

/* libnftables-json(5): what we write is held against the text nft 1.0.6 took in tests/flow. */
static void writes_what_nft_reads(void **state UNUSED) {
    struct hand_op ops[] = {op("192.0.2.7", 60001), op("2001:db8:1:2::/64", 5000)};
    struct buf b;
    buf_init(&b, 1 << 16);
    hand_nft_block_json(&b, ops, 2);
    assert_str(
        buf_str(&b),
        "{\"nftables\":["
        "{\"add\":{\"element\":{\"family\":\"inet\",\"table\":\"kizuki\",\"name\":\"v4\","
        "\"elem\":[\"192.0.2.7\"]}}},"
        "{\"delete\":{\"element\":{\"family\":\"inet\",\"table\":\"kizuki\",\"name\":\"v4\","
        "\"elem\":[\"192.0.2.7\"]}}},"
        "{\"add\":{\"element\":{\"family\":\"inet\",\"table\":\"kizuki\",\"name\":\"v4\","
        "\"elem\":[{\"elem\":{\"val\":\"192.0.2.7\",\"timeout\":61}}]}}},"
        "{\"add\":{\"element\":{\"family\":\"inet\",\"table\":\"kizuki\",\"name\":\"v6net\","
        "\"elem\":[{\"prefix\":{\"addr\":\"2001:db8:1:2::\",\"len\":64}}]}}},"
        "{\"delete\":{\"element\":{\"family\":\"inet\",\"table\":\"kizuki\",\"name\":\"v6net\","
        "\"elem\":[{\"prefix\":{\"addr\":\"2001:db8:1:2::\",\"len\":64}}]}}},"
        "{\"add\":{\"element\":{\"family\":\"inet\",\"table\":\"kizuki\",\"name\":\"v6net\","
        "\"elem\":[{\"elem\":{\"val\":{\"prefix\":{\"addr\":\"2001:db8:1:2::\",\"len\":64}},"
        "\"timeout\":5}}]}}}]}");
    buf_done(&b);
}

static void everything_written_is_json(void **state UNUSED) {
    struct hand_op ops[] = {op("192.0.2.7", 1000), op("192.0.2.0/24", 1000),
                            op("2001:db8::7", 1000), op("2001:db8::/64", 1000)};
    void (*const writers[])(struct buf * out) = {hand_nft_prepare_json, hand_nft_clear_json};
    void (*const with_ops[])(struct buf * out, const struct hand_op *o, size_t n) = {
        hand_nft_block_json, hand_nft_unblock_json, hand_nft_check_json};
    struct arena a;
    struct json_value *v;
    struct buf b;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < ARRAY_SIZE(writers) + ARRAY_SIZE(with_ops); i++) {
        buf_clear(&b);
        if (i < ARRAY_SIZE(writers))
            writers[i](&b);
        else
            with_ops[i - ARRAY_SIZE(writers)](&b, ops, ARRAY_SIZE(ops));
        assert_int_equal(json_parse(&a, buf_str(&b), &v, NULL), 0);
    }
    buf_done(&b);
    arena_done(&a);
}

/* clang-format off */
#define EARLY_RULE "{\"rule\":{\"family\":\"inet\",\"table\":\"kizuki\",\"chain\":\"early\"}}"
#define SET(name, more) "{\"set\":{\"family\":\"inet\",\"name\":\"" name "\"" more "}}"
static const char listing[] =
    "{\"nftables\":[{\"metainfo\":{\"version\":\"1.0.6\"}},{\"table\":{\"family\":\"inet\"}},"
    SET("v4", ",\"elem\":[{\"elem\":{\"val\":\"192.0.2.7\",\"timeout\":90,\"expires\":89,"
              "\"counter\":{\"packets\":3,\"bytes\":180}}},\"192.0.2.8\"]") ","
    SET("v4net", "") "," SET("v6", "") ","
    SET("v6net", ",\"elem\":[{\"elem\":{\"val\":{\"prefix\":{\"addr\":\"2001:db8:1::\",\"len\":64}},"
                 "\"timeout\":60,\"expires\":59}},{\"range\":[\"::2\",\"::9\"]}]") ","
    "{\"chain\":{\"name\":\"early\"}}," EARLY_RULE "," EARLY_RULE "," EARLY_RULE "," EARLY_RULE "]}";
/* clang-format on */

static void reads_what_nft_lists(void **state UNUSED) {
    struct hand_listing l;
    assert_int_equal(hand_nft_parse_listing(STR(listing), &l, NULL), 0);
    assert_true(l.whole);
    assert_int_equal(l.n, 3); /* the range is none of ours */
    assert_int_equal(l.items[0].expires_ms, 89000);
    assert_int_equal(l.items[0].packets, 3);
    assert_int_equal(l.items[0].bytes, 180);
    assert_int_equal(l.items[1].expires_ms, -1);
    assert_int_equal(l.items[2].net.bits, 64);
    hand_listing_done(&l);
}

static void a_missing_part_is_not_whole(void **state UNUSED) {
    static const char *const without[] = {EARLY_RULE "]}", "\"name\":\"v6net\""};
    for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
        struct hand_listing l;
        char *copy = strdup(listing), *at = strstr(copy, without[i]);
        assert_non_null(at);
        memset(at + (i ? 9 : 2), 'x', 3); /* another name */
        assert_int_equal(hand_nft_parse_listing(str_of(copy), &l, NULL), 0);
        assert_false(l.whole);
        hand_listing_done(&l);
        free(copy);
    }
}

static void an_answer_that_is_none_is_an_error(void **state UNUSED) {
    static const char *const bad[] = {"",    "{}", "[]", "{\"nftables\":{}}", "{\"nftables\":[",
                                      "null"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct hand_listing l;
        assert_true(hand_nft_parse_listing(str_of(bad[i]), &l, NULL) < 0);
    }
}

static void the_driver_refuses_what_no_limit_can_allow(void **state UNUSED) {
    assert_true(hand_op_sane(&(struct hand_op){net_of("192.0.2.0/24"), 1000}));
    assert_false(hand_op_sane(&(struct hand_op){net_of("192.0.0.0/15"), 1000}));
    assert_false(hand_op_sane(&(struct hand_op){net_of("2001:db8::/31"), 1000}));
    assert_false(hand_op_sane(&(struct hand_op){net_of("127.0.0.1"), 1000}));
    assert_false(hand_op_sane(&(struct hand_op){net_of("192.0.2.1"), 0}));
    assert_false(hand_op_sane(&(struct hand_op){net_of("192.0.2.1"), INT64_C(604800001)}));
    struct hand_op bits = {net_of("192.0.2.0/24"), 1000};
    bits.net.ip.bytes[3] = 1; /* bits behind the prefix */
    assert_false(hand_op_sane(&bits));
    bits.net.ip.version = 5;
    assert_false(hand_op_sane(&bits));
}

/* ---- running a program ---- */

static int run_sh(const char *script, int64_t limit_ms, struct str in, struct buf *out,
                  struct diag *d) {
    static char sh[] = "sh", c[] = "-c";
    char text[256];
    struct buf err;
    snprintf(text, sizeof text, "%s", script);
    char *const argv[] = {sh, c, text, NULL};
    buf_init(&err, 1 << 16);
    struct hand_nft_run run = {
        .path = "/bin/sh", .argv = argv, .in = in, .out = out, .err = &err, .limit_ms = limit_ms};
    int r = hand_nft_run(&run, d);
    buf_done(&err);
    return r;
}

static void a_run_takes_input_and_gives_output(void **state UNUSED) {
    struct buf in, out;
    struct diag d = {0};
    signal(SIGPIPE, SIG_IGN);
    buf_init(&in, 4 << 20);
    buf_init(&out, 4 << 20);
    for (int i = 0; i < 100000; i++)
        buf_add_z(&in, "0123456789");
    assert_int_equal(run_sh("cat", 10000, buf_str(&in), &out, &d), 0);
    assert_int_equal(out.n, 1000000);
    buf_clear(&out);
    assert_int_equal(run_sh("exit 3", 10000, buf_str(&in), &out, &d), 3);
    buf_done(&in);
    buf_done(&out);
}

static void a_run_has_an_end(void **state UNUSED) {
    struct buf out;
    struct diag d = {0};
    buf_init(&out, 100000);
    int64_t start = time_monotonic_ns();
    assert_int_equal(run_sh("exec sleep 30", 200, STR(""), &out, &d), -ETIMEDOUT);
    assert_true(time_monotonic_ns() - start < 5 * NS_PER_S);
    assert_non_null(strstr(d.text, "did not end"));
    assert_true(run_sh("exec yes", 5000, STR(""), &out, &d) < 0); /* more than may be */
    buf_clear(&out);
    assert_int_equal(run_sh("kill -9 $$", 5000, STR(""), &out, &d), -EIO);
    buf_done(&out);
}

UNIT_GROUP(hand_nft, cmocka_unit_test(writes_what_nft_reads),
           cmocka_unit_test(everything_written_is_json), cmocka_unit_test(reads_what_nft_lists),
           cmocka_unit_test(a_missing_part_is_not_whole),
           cmocka_unit_test(an_answer_that_is_none_is_an_error),
           cmocka_unit_test(the_driver_refuses_what_no_limit_can_allow),
           cmocka_unit_test(a_run_takes_input_and_gives_output), cmocka_unit_test(a_run_has_an_end))
