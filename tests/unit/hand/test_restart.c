/* kill -9 at any moment: the journal as it was then, the kernel as it was then, a new hand. */
#include "world.h"

#include "hand/journal.h"

#include <signal.h>
#include <sys/resource.h>

static const char real[] = ",\"dry_run\":false";

static void crash(struct world *w) {
    world_stop(w);
    assert_int_equal(rename(w->at_crash, w->journal), 0);
    w->crash_before = w->crash_after = false;
}

static void killed_between_intent_and_kernel_the_block_is_carried_through(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    w.crash_before = true;
    world_order(&w, "block", "[\"10.0.0.1\"]", 60, real);
    world_take(&w, "10.0.0.1"); /* the kernel never heard of it */
    crash(&w);
    world_pass_ms(&w, 120000);
    world_start(&w);
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 58 * 60000);
    world_order(&w, "unblock", "[\"10.0.0.1\"]", 1, "");
    assert_false(world_stands(&w, "10.0.0.1"));
    world_done(&w);
}

static void killed_between_kernel_and_result_the_block_is_known(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    w.crash_after = true;
    world_order(&w, "block", "[\"10.0.0.1\"]", 60, real);
    crash(&w);
    world_pass_ms(&w, 60000);
    unsigned runs = w.runs;
    world_start(&w);
    assert_int_equal(w.runs, runs); /* nothing had to be done */
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 59 * 60000);
    world_order(&w, "list", "[]", 0, "");
    assert_said(&w, "\"order_id\":\"order-000001\"");
    world_done(&w);
}

static void killed_during_an_unblock_it_is_undone_once(void **state UNUSED) {
    for (int after = 0; after < 2; after++) {
        struct world w;
        world_init(&w);
        world_start(&w);
        world_block(&w, "10.0.0.1", 60);
        w.crash_before = !after;
        w.crash_after = after;
        world_order(&w, "unblock", "[\"10.0.0.1\"]", 1, "");
        crash(&w);
        if (!after)
            world_put(&w, "10.0.0.1", 3600000); /* it had not reached the kernel */
        world_forget(&w);
        world_start(&w);
        assert_false(world_stands(&w, "10.0.0.1"));
        world_order(&w, "list", "[]", 0, "");
        if (world_said(&w, "10.0.0.1"))
            print_error("%d %.*s", after, (int) w.said.n, w.said.p);
        assert_false(world_said(&w, "10.0.0.1"));
        /* and does not come back */
        world_stop(&w);
        world_start(&w);
        assert_int_equal(w.n_kernel, 0);
        world_done(&w);
    }
}

static void a_killed_extension_ends_at_one_of_the_two_times(void **state UNUSED) {
    for (int after = 0; after < 2; after++) {
        struct world w;
        world_init(&w);
        world_start(&w);
        world_block(&w, "10.0.0.1", 10);
        w.crash_before = !after;
        w.crash_after = after;
        world_order(&w, "block", "[\"10.0.0.1\"]", 60, real);
        crash(&w);
        if (!after) {
            world_take(&w, "10.0.0.1");
            world_put(&w, "10.0.0.1", 600000);
        }
        world_start(&w);
        assert_int_equal(w.n_kernel, 1);
        assert_int_equal(world_left_ms(&w, "10.0.0.1"), 60 * 60000); /* the order stands */
        world_done(&w);
    }
}

static void a_machine_started_anew_restores_what_is_left(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_order(&w, "block", "[\"10.0.0.1\",\"2001:db8:9::/64\"]", 60, real);
    world_block(&w, "10.0.0.2", 5);
    world_stop(&w);
    w.table = false;
    w.n_kernel = 0;
    w.boot_id = "second-boot";
    w.boot_ns = 20 * NS_PER_S;
    w.wall_ms += 10 * 60000; /* the reboot took ten minutes */
    world_forget(&w);
    world_start(&w);
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 50 * 60000);
    assert_int_equal(world_left_ms(&w, "2001:db8:9::/64"), 50 * 60000);
    assert_false(world_stands(&w, "10.0.0.2"));
    world_pass_ms(&w, 2000);
    hand_tick(w.hand);
    assert_said(&w, "\"why\":\"time\",\"addresses\":[\"10.0.0.2\"]"); /* ended while we were down */
    world_done(&w);
}

static void no_clock_lengthens_a_block(void **state UNUSED) {
    struct world w;
    world_init(&w);
    world_start(&w);
    world_block(&w, "10.0.0.1", 60);
    world_pass_ms(&w, 30 * 60000);
    w.wall_ms -= INT64_C(86400000); /* the wall clock is set back a day */
    world_stop(&w);
    world_start(&w);
    assert_int_equal(world_left_ms(&w, "10.0.0.1"), 30 * 60000);
    world_stop(&w);
    w.table = false; /* and now the machine is started anew with that wrong clock */
    w.n_kernel = 0;
    w.boot_id = "second-boot";
    w.boot_ns = 1;
    world_start(&w);
    assert_true(world_left_ms(&w, "10.0.0.1") <= 60 * 60000);
    world_done(&w);
}

/* Cut at every byte: what is whole is known, nothing else is in the kernel after the start than
 * what is listed, and the hand works. */
static void a_journal_torn_at_every_byte_recovers(void **state UNUSED) {
    struct world w;
    struct arena a;
    struct str whole;
    struct stat st;
    world_init(&w);
    world_start(&w);
    world_block(&w, "10.0.0.1", 60);
    world_block(&w, "10.0.0.2", 60);
    world_order(&w, "unblock", "[\"10.0.0.1\"]", 1, "");
    world_stop(&w);
    arena_init(&a, 1 << 20);
    assert_int_equal(file_read(&a, w.journal, 1 << 19, &whole, NULL), 0);
    assert_int_equal(stat(w.journal, &st), 0);
    for (size_t cut = 0; cut <= whole.n; cut++) {
        assert_int_equal(file_write_atomic(w.journal, str_to(whole, cut), 0600, NULL), 0);
        w.table = true;
        w.n_kernel = 0;
        world_put(&w, "10.0.0.2", 3600000); /* the truth of the kernel */
        world_forget(&w);
        world_start(&w);
        assert_true(world_stands(&w, "10.0.0.2"));
        world_order(&w, "list", "[]", 0, "");
        assert_said(&w, "\"address\":\"10.0.0.2\"");
        for (size_t i = 0; i < w.n_kernel; i++) {
            char z[IP_CAP];
            ip_format(&w.kernel[i].net.ip, z);
            assert_said(&w, z);
        }
        world_order(&w, "unblock", "[\"10.0.0.2\"]", 1, "");
        assert_false(world_stands(&w, "10.0.0.2"));
        world_stop(&w);
    }
    arena_done(&a);
    world_done(&w);
}

static void nothing_is_done_that_cannot_be_written_down(void **state UNUSED) {
    struct world w;
    struct rlimit old, small;
    struct stat st;
    world_init(&w);
    world_start(&w);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(stat(w.journal, &st), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = (rlim_t) st.st_size + 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    world_order(&w, "block", "[\"10.0.0.1\"]", 60, real);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_said(&w, "journal_failed");
    assert_int_equal(w.n_kernel, 0);
    world_block(&w, "10.0.0.1", 60); /* there is room again */
    world_done(&w);
}

static void the_journal_is_rewritten_when_it_has_grown(void **state UNUSED) {
    struct world w;
    struct stat st;
    world_init(&w);
    world_start(&w);
    for (int i = 0; i < 12000; i++) {
        char list[64];
        snprintf(list, sizeof list, "[\"10.0.%d.%d\"]", i / 250, i % 250);
        world_queue(&w, "unblock", list, 1, "");
        if (i % 200)
            continue;
        hand_flush(w.hand);
        buf_clear(&w.said);
        world_pass_ms(&w, 61000);
        hand_tick(w.hand);
    }
    hand_flush(w.hand);
    hand_tick(w.hand);
    assert_int_equal(stat(w.journal, &st), 0);
    assert_true(st.st_size < 5 << 20);
    world_done(&w);
}

UNIT_GROUP(hand_restart,
           cmocka_unit_test(killed_between_intent_and_kernel_the_block_is_carried_through),
           cmocka_unit_test(killed_between_kernel_and_result_the_block_is_known),
           cmocka_unit_test(killed_during_an_unblock_it_is_undone_once),
           cmocka_unit_test(a_killed_extension_ends_at_one_of_the_two_times),
           cmocka_unit_test(a_machine_started_anew_restores_what_is_left),
           cmocka_unit_test(no_clock_lengthens_a_block),
           cmocka_unit_test(a_journal_torn_at_every_byte_recovers),
           cmocka_unit_test(nothing_is_done_that_cannot_be_written_down),
           cmocka_unit_test(the_journal_is_rewritten_when_it_has_grown))
