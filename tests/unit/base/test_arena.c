#include "torture.h"
#include "unit.h"

#include "base/arena.h"

static void gives_aligned_memory_up_to_its_maximum(void **state UNUSED) {
    struct arena a;
    long live = mem_live();
    arena_init(&a, 100000);
    size_t given = 0;
    for (size_t n = 1; n < 3000; n += 37) {
        char *p = arena_alloc(&a, n);
        if (!p)
            break;
        assert_int_equal((uintptr_t) p % 16, 0);
        memset(p, 1, n);
        given += n;
        assert_true(a.held_bytes <= 100000);
    }
    assert_true(given > 60000);
    assert_null(arena_alloc(&a, 100001));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_non_null(arena_alloc(&a, 0));
    arena_done(&a);
    assert_int_equal(mem_live(), live);
}

static void a_warm_arena_allocates_nothing(void **state UNUSED) {
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    for (int round = 0; round < 3; round++) {
        long live = mem_live();
        for (int i = 0; i < 1000; i++)
            assert_non_null(arena_alloc(&a, 3000));
        if (round)
            assert_int_equal(mem_live(), live);
        arena_reset(&a);
    }
    arena_done(&a);
}

static void batches_of_different_shape_share_blocks(void **state UNUSED) {
    /* A large piece comes at another moment in each batch: the block that held it once must serve
     * again. */
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 200; i++)
            assert_non_null(arena_alloc(&a, i == round ? (size_t) 3 << 20 : 2000));
        arena_reset(&a);
    }
    assert_true(a.held_bytes < (size_t) 8 << 20);
    arena_done(&a);
}

static void rewinds_to_a_mark(void **state UNUSED) {
    struct arena a;
    arena_init(&a, 1 << 20);
    struct arena_mark empty = arena_mark(&a);
    char *kept = arena_dup_z(&a, STR("kept"));
    struct arena_mark m = arena_mark(&a);
    void *first = arena_alloc(&a, 100);
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_alloc(&a, 5000));
    arena_rewind(&a, m);
    assert_string_equal(kept, "kept");
    assert_ptr_equal(arena_alloc(&a, 100), first);
    arena_rewind(&a, empty);
    assert_ptr_equal(arena_alloc(&a, 5), kept);
    arena_done(&a);
}

static void copies_prints_and_grows(void **state UNUSED) {
    struct arena a;
    void *p = NULL;
    size_t cap = 0;
    arena_init(&a, 1 << 20);
    assert_str(arena_dup(&a, STR_NULL), "");
    struct str s = arena_printf(&a, "%d-%s", 42, "x");
    assert_str(s, "42-x");
    assert_int_equal(s.p[s.n], 0);
    for (size_t n = 1; n < 500; n++) {
        assert_int_equal(arena_grow(&a, &p, &cap, n, sizeof(int)), 0);
        ((int *) p)[n - 1] = (int) n;
    }
    for (int i = 0; i < 499; i++)
        assert_int_equal(((int *) p)[i], i + 1);
    assert_int_equal(arena_grow(&a, &p, &cap, SIZE_MAX / 2, sizeof(int)), -ENOMEM);
    arena_done(&a);
}

static int use(void *ctx UNUSED) {
    struct arena a;
    int r = 0;
    arena_init(&a, 1 << 22);
    for (int i = 0; i < 300 && r == 0; i++)
        if (!arena_alloc(&a, 4000))
            r = -ENOMEM;
    arena_done(&a);
    return r;
}

static void survives_the_end_of_memory(void **state UNUSED) {
    assert_true(torture(use, NULL) > 3);
}

UNIT_GROUP(base_arena, cmocka_unit_test(gives_aligned_memory_up_to_its_maximum),
           cmocka_unit_test(a_warm_arena_allocates_nothing),
           cmocka_unit_test(batches_of_different_shape_share_blocks),
           cmocka_unit_test(rewinds_to_a_mark), cmocka_unit_test(copies_prints_and_grows),
           cmocka_unit_test(survives_the_end_of_memory))
