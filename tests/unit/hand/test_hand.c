#include "world.h"

#include "base/limits.h"

static const char real[] = ",\"dry_run\":false";

static void blocks_lists_and_undoes(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.1\",\"2001:db8:5:6::/64\"]", 60, real);
    assert_said(&w, "{\"address\":\"10.0.0.1\",\"ok\":true,\"state\":\"blocked\",\"reason\":null,"
                    "\"text\":\"blocked until 2026-11-18T12:06:40Z\",\"until_ms\":1795003600000}");
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 3600000);
    assert_int_equal(w.runs, 1); /* both in one transaction */
    world_order(&w, "list", "[]", 0, "");
    assert_said(&w, "{\"address\":\"2001:db8:5:6::/64\",\"order_id\":\"order-000001\","
                    "\"since_ms\":1795000000000,\"until_ms\":1795003600000,\"packets\":7,"
                    "\"bytes\":420,\"dry_run\":false,\"reason\":\"list attack\",\"rule\":\"r1\","
                    "\"incident\":\"7\"}");
    world_order(&w, "unblock", "[\"10.0.0.1\",\"10.0.0.2\"]", 1, "");
    assert_said(&w, "\"state\":\"unblocked\"");
    assert_said(&w, "\"text\":\"10.0.0.2 is not blocked\"");
    assert_false(world_stands(&w, "10.0.0.1"));
    assert_true(world_stands(&w, "2001:db8:5:6::/64"));
    world_done(&w);
}

static void orders_waiting_together_are_one_transaction(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    for (int i = 0; i < 20; i++) {
        char list[64];
        snprintf(list, sizeof list, "[\"10.0.0.%d\"]", i + 1);
        world_queue(&w, "block", list, 5, real);
    }
    hand_flush(w.hand);
    assert_int_equal(w.runs, 1);
    assert_int_equal(w.n_kernel, 20);
    world_done(&w);
}

static void an_unblock_behind_a_block_undoes_it(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_queue(&w, "block", "[\"10.0.0.1\"]", 5, real);
    world_queue(&w, "unblock", "[\"10.0.0.1\"]", 1, "");
    world_queue(&w, "block", "[\"10.0.0.1\"]", 9, real);
    hand_flush(w.hand);
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 9 * 60000);
    world_done(&w);
}

static void dry_run_does_everything_but_the_block(void **state UNUSED) {
    struct world w;
    world_init(&w);
    w.limits.dry_run = true;
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.1\",\"127.0.0.1\"]", 2, real); /* the file wins */
    assert_said(&w, "\"state\":\"dry_run\"");
    assert_said(&w, "loopback");
    assert_int_equal(w.n_kernel, 0);
    assert_int_equal(w.runs, 1); /* nft -c */
    assert_false(w.table);
    world_order(&w, "list", "[]", 0, "");
    assert_said(&w, "\"dry_run\":true");
    assert_said(&w, "10.0.0.1");
    world_stop(&w);
    world_start(&w); /* known after a restart, too */
    world_order(&w, "list", "[]", 0, "");
    assert_said(&w, "10.0.0.1");
    world_pass_ms(&w, 2 * 60000 + 2000);
    world_forget(&w);
    hand_tick(w.hand);
    assert_said(&w, "{\"event\":\"ended\",\"order_id\":\"order-000001\",\"why\":\"time\","
                    "\"addresses\":[\"10.0.0.1\"]}");
    world_done(&w);
}

static void an_order_may_ask_for_dry_run(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.1\"]", 5, ""); /* said nothing: dry-run */
    assert_said(&w, "\"state\":\"dry_run\"");
    assert_int_equal(w.n_kernel, 0);
    world_block(&w, "10.0.0.1", 5); /* and then in earnest */
    world_order(&w, "block", "[\"10.0.0.1\"]", 50, ",\"dry_run\":true");
    assert_said(&w, "\"state\":\"already\""); /* a dry-run leaves the real one alone */
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 5 * 60000);
    world_order(&w, "unblock", "[\"10.0.0.1\"]", 1, ",\"dry_run\":true");
    assert_said(&w, "\"state\":\"dry_run\"");
    assert_true(world_stands(&w, "10.0.0.1"));
    world_done(&w);
}

static void a_longer_block_extends_a_shorter_one_does_not(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_block(&w, "10.0.0.1", 10);
    world_order(&w, "block", "[\"10.0.0.1\"]", 5, real);
    assert_said(&w, "\"state\":\"already\"");
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 10 * 60000);
    world_order(&w, "block", "[\"10.0.0.1\"]", 30, real);
    assert_said(&w, "\"state\":\"blocked\"");
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 30 * 60000);
    assert_int_equal(w.n_kernel, 1);
    world_done(&w);
}

static void networks_cover_and_must_not_overlap(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_block(&w, "10.0.0.128/25", 60);
    world_order(&w, "block", "[\"10.0.0.200\"]", 30, real);
    assert_said(&w, "\"state\":\"already\""); /* the network holds it longer */
    world_order(&w, "block", "[\"10.0.0.200\"]", 90, real);
    assert_said(&w, "\"state\":\"blocked\"");
    world_order(&w, "block", "[\"10.0.0.0/24\",\"10.0.0.192/26\"]", 90, real);
    assert_said(&w, "overlaps the block of 10.0.0.128/25");
    assert_int_equal(w.n_kernel, 2);
    world_done(&w);
}

static void ends_are_said_when_the_kernel_has_ended_them(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_block(&w, "10.0.0.1", 1);
    world_pass_ms(&w, 500);
    world_block(&w, "10.0.0.2", 1);
    assert_true(hand_wait_ms(w.hand) > 0);
    world_pass_ms(&w, 59400);
    world_forget(&w);
    hand_tick(w.hand);
    assert_false(world_said(&w, "ended"));
    world_pass_ms(&w, 1700);
    assert_int_equal(w.n_kernel, 0); /* by itself */
    hand_tick(w.hand);
    assert_said(&w, "{\"event\":\"ended\",\"order_id\":\"order-000001\",\"why\":\"time\","
                    "\"addresses\":[\"10.0.0.1\"]}");
    world_pass_ms(&w, 1000);
    hand_tick(w.hand);
    assert_said(&w, "\"order_id\":\"order-000002\"");
    assert_int_equal(hand_counts_get(w.hand)->ended, 2);
    world_done(&w);
}

static void a_failed_transaction_changes_nothing(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_block(&w, "10.0.0.1", 10);
    w.fail_block = 2; /* the attempt and the one after the repair */
    world_order(&w, "block", "[\"10.0.0.1\",\"10.0.0.2\"]", 60, real);
    assert_said(&w, "driver_failed");
    assert_said(&w, "nft refused: test");
    world_order(&w, "list", "[]", 0, "");
    assert_false(world_said(&w, "10.0.0.2"));
    assert_said(&w, "\"until_ms\":1795000600000"); /* as before */
    world_stop(&w);
    world_start(&w); /* and so does the journal say */
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 10 * 60000);
    assert_int_equal(w.n_kernel, 1);
    world_done(&w);
}

static void one_bad_order_does_not_fail_the_others(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    w.fail_net = "10.0.0.2";
    for (int i = 1; i <= 3; i++) {
        char list[64];
        snprintf(list, sizeof list, "[\"10.0.0.%d\"]", i);
        world_queue(&w, "block", list, 5, real);
    }
    world_queue(&w, "block", "[\"10.0.0.2\"]", 5,
                real); /* said to be blocked already: no longer true */
    hand_flush(w.hand);
    assert_true(world_stands(&w, "10.0.0.1"));
    assert_false(world_stands(&w, "10.0.0.2"));
    assert_true(world_stands(&w, "10.0.0.3"));
    assert_false(world_said(&w, "already"));
    world_done(&w);
}

static void limits_read_again_lift_what_they_forbid(void **state UNUSED) {
    struct world w;
    struct hand_limits fresh;
    world_init(&w);
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.1\",\"10.7.0.1\"]", 60, real);
    hand_limits_init(&fresh);
    fresh.never = mem_zalloc_array(1, sizeof *fresh.never);
    fresh.n_never = 1;
    fresh.never[0].net = net_of("10.7.0.0/16");
    fresh.blocks_per_minute = 2;
    world_forget(&w);
    hand_set_limits(w.hand, &fresh);
    assert_false(world_stands(&w, "10.7.0.1"));
    assert_true(world_stands(&w, "10.0.0.1"));
    assert_said(&w, "\"why\":\"not_allowed\",\"addresses\":[\"10.7.0.1\"]");
    world_order(&w, "block", "[\"10.0.0.2\"]", 60, real); /* the two of this minute still count */
    assert_said(&w, "too_many_a_minute");
    world_done(&w);
}

static void an_address_that_becomes_our_own_is_lifted(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_block(&w, "10.0.0.1", 60);
    assert_int_equal(ip_parse(STR("10.0.0.1"), &w.own[w.n_own++]), 0);
    world_pass_ms(&w, 11000);
    hand_tick(w.hand);
    assert_false(world_stands(&w, "10.0.0.1"));
    world_done(&w);
}

static void flushed_rules_are_put_back(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_block(&w, "10.0.0.1", 60);
    world_pass_ms(&w, 600000);
    w.table = false; /* nft flush ruleset, as a firewall's reload does */
    w.n_kernel = 0;
    world_forget(&w);
    hand_tick(w.hand);
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 50 * 60000);
    assert_said(&w,
                "{\"event\":\"drift\",\"missing\":[\"10.0.0.1\"],\"unknown\":[],\"restored\":1}");
    /* and when the next order finds out first */
    w.table = false;
    w.n_kernel = 0;
    world_block(&w, "10.0.0.2", 60);
    assert_true(world_stands(&w, "10.0.0.1"));
    world_done(&w);
}

static void what_a_person_took_out_stays_out(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.1\",\"10.0.0.2\"]", 60, real);
    world_take(&w, "10.0.0.1");
    world_pass_ms(&w, 31000);
    world_forget(&w);
    hand_tick(w.hand);
    assert_said(&w, "\"why\":\"by_hand\",\"addresses\":[\"10.0.0.1\"]");
    world_pass_ms(&w, 31000);
    world_forget(&w);
    hand_tick(w.hand);
    assert_int_equal(w.said.n, 0); /* said once */
    assert_false(world_stands(&w, "10.0.0.1"));
    world_done(&w);
}

static void what_a_person_put_in_is_listed_and_ends(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_block(&w, "10.0.0.1", 60);
    world_put(&w, "10.0.0.5", 600000);
    world_put(&w, "10.0.0.6", -1); /* for ever */
    world_order(&w, "list", "[]", 0, "");
    assert_said(&w, "found in the kernel, not ordered");
    assert_said(&w, "\"event\":\"drift\"");
    assert_int_equal(world_left_ms(&w, "10.0.0.6"), 1440 * 60000);
    world_order(&w, "unblock", "[\"10.0.0.5\"]", 1, "");
    assert_false(world_stands(&w, "10.0.0.5"));
    world_done(&w);
}

static void clearing_takes_everything_away(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.1\",\"10.0.0.2\"]", 60, real);
    world_forget(&w);
    assert_int_equal(hand_clear(w.hand, NULL), 0);
    assert_false(w.table);
    assert_said(&w, "\"why\":\"cleared\"");
    world_stop(&w);
    world_start(&w);
    assert_int_equal(w.n_kernel, 0); /* nothing comes back */
    world_done(&w);
}

static void long_lists_come_in_parts(void **state UNUSED) {
    struct world w;
    unsigned parts = 0, rows = 0;
    world_init(&w);
    w.limits.blocks_per_minute = 10000;
    w.limits.addresses_per_order = 1000;
    world_start(&w);
    for (int i = 0; i < 4; i++) {
        struct buf b;
        buf_init(&b, 1 << 20);
        for (int k = 0; k < 1000; k++)
            buf_printf(&b, "%s\"10.%d.%d.%d\"", k ? "," : "[", i, k / 250, k % 250);
        buf_add_byte(&b, ']');
        world_order(&w, "block", buf_z(&b), 60, real);
        buf_done(&b);
    }
    assert_int_equal(w.n_kernel, 4000);
    world_order(&w, "list", "[]", 0, "");
    struct str rest = buf_str(&w.said), line;
    while (str_split(&rest, '\n', &line)) {
        if (!line.n)
            continue;
        parts++;
        assert_true(line.n < FRAME_BYTES_MAX);
        assert_true(str_ends(line, rest.n ? STR("\"more\":true}") : STR("\"more\":false}")));
        for (ptrdiff_t at = 0; (at = str_find(line, STR("\"since_ms\""), (size_t) at)) >= 0; at++)
            rows++;
    }
    assert_true(parts > 1);
    assert_int_equal(rows, 4000);
    world_done(&w);
}

UNIT_GROUP(hand_hand, cmocka_unit_test(blocks_lists_and_undoes),
           cmocka_unit_test(orders_waiting_together_are_one_transaction),
           cmocka_unit_test(an_unblock_behind_a_block_undoes_it),
           cmocka_unit_test(dry_run_does_everything_but_the_block),
           cmocka_unit_test(an_order_may_ask_for_dry_run),
           cmocka_unit_test(a_longer_block_extends_a_shorter_one_does_not),
           cmocka_unit_test(networks_cover_and_must_not_overlap),
           cmocka_unit_test(ends_are_said_when_the_kernel_has_ended_them),
           cmocka_unit_test(a_failed_transaction_changes_nothing),
           cmocka_unit_test(one_bad_order_does_not_fail_the_others),
           cmocka_unit_test(limits_read_again_lift_what_they_forbid),
           cmocka_unit_test(an_address_that_becomes_our_own_is_lifted),
           cmocka_unit_test(flushed_rules_are_put_back),
           cmocka_unit_test(what_a_person_took_out_stays_out),
           cmocka_unit_test(what_a_person_put_in_is_listed_and_ends),
           cmocka_unit_test(clearing_takes_everything_away),
           cmocka_unit_test(long_lists_come_in_parts))
