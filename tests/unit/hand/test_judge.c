#include "world.h"

#include <inttypes.h>

static const char real[] = ",\"dry_run\":false";

static void refuses_addresses_with_their_reason(void **state UNUSED) {
    static const struct {
        const char *address, *code;
    } rows[] = {
        {"0.0.0.0/0", "prefix_too_short"},
        {"::/0", "prefix_too_short"},
        {"0.0.0.0/1", "prefix_too_short"},
        {"::ffff:0.0.0.0/96", "prefix_too_short"}, /* all of IPv4 in another dress */
        {"192.0.3.0/23", "bad_address"},           /* bits behind the prefix */
        {"192.0.2.0/24", NULL},
        {"10.0.0.0/23", "prefix_too_short"},
        {"2001:db8::/47", "prefix_too_short"},
        {"2001:db8::/48", NULL},
        {"127.0.0.1", "loopback"},
        {"127.255.255.0/24", "loopback"},
        {"::1", "loopback"},
        {"::ffff:127.0.0.1", "loopback"},
        {"169.254.1.1", "link_local"},
        {"fe80::1", "link_local"},
        {"224.0.0.1", "multicast"},
        {"239.1.2.3", "multicast"},
        {"ff02::1", "multicast"},
        {"0.0.0.0", "reserved"},
        {"255.255.255.255", "reserved"},
        {"::", "reserved"},
        {"198.51.100.1", "own_address"},
        {"198.51.100.0/24", "own_address"},
        {"2001:db8:ffff::/64", "own_address"},
        {"2001:db8:ffff::1", "own_address"},
        {"203.0.113.9", "never_block"},    /* inside a listed network */
        {"203.0.113.0/25", "never_block"}, /* larger and smaller than the list's */
        {"192.0.2.77", "never_block"},
        {"192.0.2.64/27", "never_block"}, /* holds a listed address */
        {"192.0.2.1x", "bad_address"},
        {"192.0.2.01", "bad_address"},
        {"192.0.2.1 ", "bad_address"},
        {"; flush ruleset", "bad_address"},
        {"192.0.2.1-192.0.2.9", "bad_address"},
        {"fe80::1%eth0", "bad_address"},
        {"example.org", "bad_address"},
        {"", "bad_address"},
        {"192.0.2.1/33", "bad_address"},
        {"192.0.2.1/", "bad_address"},
        {"10.1.2.3", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct world w;
        char list[128], want[128];
        world_init(&w);
        w.limits.never = mem_zalloc_array(2, sizeof *w.limits.never);
        w.limits.n_never = 2;
        w.limits.never[0].net = net_of("203.0.113.0/24");
        memcpy(w.limits.never[0].name, "partner", 8);
        w.limits.never[1].net = net_of("192.0.2.77");
        if (rows[i].code == NULL && strcmp(rows[i].address, "192.0.2.0/24") == 0)
            w.limits.n_never = 1;
        world_start(&w);
        snprintf(list, sizeof list, "[\"%s\"]", rows[i].address);
        world_order(&w, "block", list, 10, real);
        snprintf(want, sizeof want, "\"reason\":\"%s\"", rows[i].code ? rows[i].code : "");
        if (rows[i].code ? !world_said(&w, want) || w.n_kernel : w.n_kernel != 1)
            print_error("%s: %.*s\n", rows[i].address, (int) w.said.n, w.said.p);
        assert_int_equal(w.n_kernel, rows[i].code ? 0 : 1);
        if (rows[i].code)
            assert_said(&w, want);
        if (rows[i].code && strcmp(rows[i].code, "never_block") == 0 && i < 27)
            assert_said(&w, "partner");
        world_done(&w);
    }
}

static void refuses_orders_with_their_reason(void **state UNUSED) {
    static const struct {
        int64_t issued, expires;
        int minutes;
        const char *code;
    } rows[] = {
        {-1000, 59000, 10, NULL},
        {-60000, -1, 10, "expired"},
        {-60000, 0, 10, "expired"},
        {6000, 60000, 10, "issued_in_future"},
        {5000, 60000, 10, NULL}, /* clocks differ a little */
        {-1000, 299001, 10, "life_too_long"},
        {-1000, INT64_C(9000000000000), 10, "life_too_long"},
        {4000, 3000, 10, "life_too_long"},
        {-1000, 59000, 1441, "minutes_over_limit"},
        {-1000, 59000, 1440, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct world w;
        char text[512], want[64];
        world_init(&w);
        world_start(&w);
        snprintf(text, sizeof text,
                 "{\"order_id\":\"12345678\",\"type\":\"block\",\"addresses\":[\"10.0.0.1\"],"
                 "\"minutes\":%d,\"issued_ms\":%" PRId64 ",\"expires_ms\":%" PRId64
                 ",\"dry_run\":false}",
                 rows[i].minutes, w.wall_ms + rows[i].issued, w.wall_ms + rows[i].expires);
        world_order_text(&w, text);
        snprintf(want, sizeof want, "\"ok\":false,\"reason\":\"%s\"",
                 rows[i].code ? rows[i].code : "");
        if (rows[i].code)
            assert_said(&w, want);
        assert_int_equal(w.n_kernel, rows[i].code ? 0 : 1);
        world_done(&w);
    }
}

static void believes_only_the_rooms_key_and_domain(void **state UNUSED) {
    struct world w;
    struct buf b;
    char text[512];
    world_init(&w);
    world_start(&w);
    snprintf(text, sizeof text,
             "{\"order_id\":\"12345678\",\"type\":\"block\",\"addresses\":[\"10.0.0.1\"],"
             "\"minutes\":5,\"issued_ms\":%" PRId64 ",\"expires_ms\":%" PRId64
             ",\"dry_run\":false}",
             w.wall_ms, w.wall_ms + 1000);
    buf_init(&b, 8192);
    struct {
        const struct sign_secret *key;
        const struct sign_public *pub;
        const char *domain;
    } wrong[] = {{&w.other_key, &w.other_pub, SIGN_ORDER},
                 {&w.other_key, &w.pub, SIGN_ORDER}, /* claims to be the room's */
                 {&w.key, &w.pub, "checkpoint"}};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        world_forget(&w);
        buf_clear(&b);
        assert_int_equal(sign_note(wrong[i].key, wrong[i].pub, wrong[i].domain, str_of(text), &b),
                         0);
        assert_int_equal(hand_take(w.hand, buf_str(&b), NULL), 0);
        hand_flush(w.hand);
        assert_said(&w, "\"order_id\":null,\"ok\":false,\"reason\":\"bad_signature\"");
    }
    buf_clear(&b);
    assert_int_equal(sign_note(&w.key, &w.pub, SIGN_ORDER, str_of(text), &b), 0);
    char *at = strstr(b.p, "10.0.0.1");
    at[7] = '2'; /* changed on the way */
    world_forget(&w);
    assert_int_equal(hand_take(w.hand, buf_str(&b), NULL), 0);
    hand_flush(w.hand);
    assert_said(&w, "bad_signature");
    world_forget(&w);
    assert_int_equal(hand_take(w.hand, str_of(text), NULL), 0); /* not signed at all */
    hand_flush(w.hand);
    assert_said(&w, "no_note");
    assert_int_equal(w.n_kernel, 0);
    at[7] = '1';
    world_forget(&w);
    assert_int_equal(hand_take(w.hand, buf_str(&b), NULL), 1);
    hand_flush(w.hand);
    assert_int_equal(w.n_kernel, 1);
    buf_done(&b);
    world_done(&w);
}

static void holds_the_rate_a_minute(void **state UNUSED) {
    struct world w;
    world_init(&w);
    w.limits.blocks_per_minute = 3;
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.1\",\"10.0.0.2\"]", 5, real);
    world_pass_ms(&w, 30000);
    world_order(&w, "block", "[\"10.0.0.3\",\"10.0.0.4\",\"10.0.0.5\"]", 5, real);
    assert_said(&w, "too_many_a_minute");
    assert_int_equal(w.n_kernel, 3);
    /* a restart does not open the gate */
    world_stop(&w);
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.4\"]", 5, real);
    assert_said(&w, "too_many_a_minute");
    world_pass_ms(&w, 30000); /* the first two lie a minute back */
    world_order(&w, "block", "[\"10.0.0.4\",\"10.0.0.5\",\"10.0.0.6\"]", 5, real);
    assert_int_equal(w.n_kernel, 5);
    world_done(&w);
}

static void ten_thousand_blocks_a_minute_are_refused(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    for (int i = 0; i < 1000; i++) {
        char list[512];
        size_t n = 0;
        for (int k = 0; k < 10; k++)
            n += (size_t) snprintf(list + n, sizeof list - n, "%s\"10.9.%d.%d\"%s", k ? "," : "[",
                                   i % 250, k + i / 250 * 10, k == 9 ? "]" : "");
        world_queue(&w, "block", list, 60, real);
        if (i % 50 == 0)
            hand_flush(w.hand);
    }
    hand_flush(w.hand);
    assert_int_equal(w.n_kernel, 100); /* blocks_per_minute */
    assert_said(&w, "too_many_a_minute");
    assert_said(&w, "too_many_orders"); /* 240 a minute */
    assert_int_equal(hand_counts_get(w.hand)->blocked, 100);
    /* Undoing is possible all the same. */
    world_order(&w, "unblock", "[\"10.9.0.0\"]", 1, "");
    assert_said(&w, "\"state\":\"unblocked\"");
    world_done(&w);
}

static void holds_the_total(void **state UNUSED) {
    struct world w;
    world_init(&w);
    w.limits.blocks_max = 2;
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.1\",\"10.0.0.2\",\"10.0.0.3\"]", 1, real);
    assert_said(&w, "too_many_blocks");
    assert_int_equal(w.n_kernel, 2);
    world_pass_ms(&w, 62000);
    hand_tick(w.hand);
    world_order(&w, "block", "[\"10.0.0.3\"]", 1, real);
    assert_said(&w, "\"state\":\"blocked\"");
    world_done(&w);
}

static void an_order_counts_once(void **state UNUSED) {
    struct world w;
    char text[512];
    world_init(&w);
    world_start(&w);
    int64_t issued = w.wall_ms;
    snprintf(text, sizeof text,
             "{\"order_id\":\"the-same-one\",\"type\":\"block\",\"addresses\":[\"10.0.0.1\"],"
             "\"minutes\":1,\"issued_ms\":%" PRId64 ",\"expires_ms\":%" PRId64
             ",\"dry_run\":false}",
             issued, issued + 100000);
    world_order_text(&w, text);
    assert_said(&w, "\"state\":\"blocked\"");
    world_order(&w, "unblock", "[\"10.0.0.1\"]", 1, "");
    world_order_text(&w, text);
    assert_said(&w, "\"reason\":\"replayed\"");
    world_stop(&w);
    world_start(&w);
    world_order_text(&w, text);
    assert_said(&w, "\"reason\":\"replayed\"");
    world_pass_ms(&w, 100000);
    hand_tick(w.hand);
    world_order_text(&w, text);
    assert_said(&w, "\"reason\":\"expired\"");
    /* The id is forgotten by now. A wall clock set back must not revive the order, nor after a
     * restart. */
    world_pass_ms(&w, 20000);
    hand_tick(w.hand);
    w.wall_ms = issued;
    world_order_text(&w, text);
    assert_said(&w, "\"reason\":\"replayed\"");
    world_stop(&w);
    world_start(&w);
    world_order_text(&w, text);
    assert_said(&w, "\"reason\":\"replayed\"");
    assert_int_equal(w.n_kernel, 0);
    world_done(&w);
}

static void a_refused_order_cannot_be_repeated_either(void **state UNUSED) {
    struct world w;
    char text[512];
    world_init(&w);
    world_start(&w);
    snprintf(text, sizeof text,
             "{\"order_id\":\"too-long-first\",\"type\":\"block\",\"addresses\":[\"10.0.0.1\"],"
             "\"minutes\":9000,\"issued_ms\":%" PRId64 ",\"expires_ms\":%" PRId64
             ",\"dry_run\":false}",
             w.wall_ms, w.wall_ms + 100000);
    world_order_text(&w, text);
    assert_said(&w, "minutes_over_limit");
    w.limits.minutes_max = 10000; /* somebody loosens the limits a moment later */
    world_stop(&w);
    world_start(&w);
    world_order_text(&w, text);
    assert_said(&w, "replayed");
    world_done(&w);
}

static void the_room_can_only_add_to_the_never_list(void **state UNUSED) {
    struct world w;
    world_init(&w);
    w.limits.never = mem_zalloc_array(1, sizeof *w.limits.never);
    w.limits.n_never = 1;
    w.limits.never[0].net = net_of("203.0.113.0/24");
    world_start(&w);
    world_block(&w, "10.0.0.9", 30);
    world_order(&w, "never", "[\"10.0.0.9\",\"10.1.0.0/16\"]", 20, "");
    assert_said(&w, "\"state\":\"added\"");
    assert_false(world_stands(&w, "10.0.0.9")); /* what is protected now is lifted */
    assert_said(&w, "\"why\":\"not_allowed\"");
    world_order(&w, "block", "[\"10.0.0.9\",\"10.1.2.3\",\"203.0.113.4\"]", 5, real);
    assert_int_equal(w.n_kernel, 0);
    world_stop(&w);
    world_start(&w); /* kept across a restart */
    world_order(&w, "block", "[\"10.0.0.9\"]", 5, real);
    assert_said(&w, "never_block");
    world_pass_ms(&w, 20 * 60000 + 1);
    world_order(&w, "block", "[\"10.0.0.9\",\"203.0.113.4\"]", 5, real);
    assert_true(world_stands(&w, "10.0.0.9")); /* what the room adds ends */
    assert_false(world_stands(&w, "203.0.113.4"));
    world_done(&w);
}

static void without_own_addresses_nothing_is_blocked(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    w.own_fails = true;
    world_order(&w, "block", "[\"10.0.0.1\"]", 5, real);
    assert_said(&w, "own_unknown");
    assert_int_equal(w.n_kernel, 0);
    w.own_fails = false;
    world_order(&w, "block", "[\"10.0.0.1\"]", 5, real);
    assert_int_equal(w.n_kernel, 1);
    world_done(&w);
}

UNIT_GROUP(hand_judge, cmocka_unit_test(refuses_addresses_with_their_reason),
           cmocka_unit_test(refuses_orders_with_their_reason),
           cmocka_unit_test(believes_only_the_rooms_key_and_domain),
           cmocka_unit_test(holds_the_rate_a_minute),
           cmocka_unit_test(ten_thousand_blocks_a_minute_are_refused),
           cmocka_unit_test(holds_the_total), cmocka_unit_test(an_order_counts_once),
           cmocka_unit_test(a_refused_order_cannot_be_repeated_either),
           cmocka_unit_test(the_room_can_only_add_to_the_never_list),
           cmocka_unit_test(without_own_addresses_nothing_is_blocked))
