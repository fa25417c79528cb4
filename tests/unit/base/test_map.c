#include "unit.h"

#include "torture.h"

#include "base/map.h"
#include "base/mem.h"

static void finds_what_was_added_and_forgets_what_was_removed(void **state UNUSED) {
    struct map m;
    long live = mem_live();
    map_init(&m, 100000, 0);
    for (int i = 0; i < 5000; i++) {
        char z[16];
        union map_value *v;
        bool fresh;
        int n = snprintf(z, sizeof z, "key%d", i);
        assert_int_equal(map_add(&m, str_n(z, (size_t) n), &v, &fresh), 0);
        assert_true(fresh);
        v->num = (uint64_t) i;
    }
    for (int i = 0; i < 5000; i += 2) {
        char z[16];
        int n = snprintf(z, sizeof z, "key%d", i);
        assert_true(map_remove(&m, str_n(z, (size_t) n)));
    }
    for (int i = 0; i < 5000; i++) {
        char z[16];
        int n = snprintf(z, sizeof z, "key%d", i);
        union map_value *v = map_find(&m, str_n(z, (size_t) n));
        if (i % 2)
            assert_int_equal(v->num, i);
        else
            assert_null(v);
    }
    map_done(&m);
    assert_int_equal(mem_live(), live);
}

static void is_bounded(void **state UNUSED) {
    struct map m;
    map_init(&m, 2, 0);
    assert_int_equal(map_put(&m, STR("a"), NULL), 0);
    assert_int_equal(map_put(&m, STR("b"), NULL), 0);
    assert_true(map_put(&m, STR("c"), NULL) < 0);
    assert_int_equal(map_put(&m, STR("a"), NULL), 0);
    map_done(&m);
}

static int add_many(void *ctx) {
    struct map m;
    int r = 0;
    map_init(&m, 1000, *(unsigned *) ctx);
    for (int i = 0; i < 100 && r == 0; i++) {
        static char keys[100][8];
        int n = snprintf(keys[i], sizeof keys[i], "k%d", i);
        size_t before = m.n;
        r = map_put(&m, str_n(keys[i], (size_t) n), keys[i]);
        assert_int_equal(m.n, r < 0 ? before : before + 1);
    }
    /* What got in before memory ended is all there. */
    for (struct map_slot *s = NULL; (s = map_next(&m, s));)
        assert_ptr_equal(map_get(&m, s->key), s->value.ptr);
    map_done(&m);
    return r;
}

static void survives_the_end_of_memory(void **state UNUSED) {
    unsigned own = 0, borrow = MAP_BORROW;
    assert_true(torture(add_many, &own) > 100);
    assert_true(torture(add_many, &borrow) > 2);
}

/* Against a plain array, with few buckets, so that runs of probes grow, wrap around and are closed.
 */
static void agrees_with_an_array_under_any_order(void **state UNUSED) {
    struct map m;
    bool there[48] = {false};
    uint64_t x = 1;
    size_t n = 0;
    map_init(&m, 48, 0);
    for (int step = 0; step < 200000; step++) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        unsigned k = (unsigned) (x >> 33) % 48;
        char z[2] = {'k', (char) ('0' + k)};
        if (x >> 63) {
            assert_int_equal(map_put(&m, str_n(z, 2), &there[k]), 0);
            n += !there[k];
            there[k] = true;
        } else {
            assert_int_equal(map_remove(&m, str_n(z, 2)), there[k]);
            n -= there[k];
            there[k] = false;
        }
        assert_int_equal(m.n, n);
        k = (unsigned) (x >> 20) % 48;
        z[1] = (char) ('0' + k);
        assert_ptr_equal(map_get(&m, str_n(z, 2)), there[k] ? &there[k] : NULL);
    }
    map_done(&m);
}

static void empty_keys_and_clearing(void **state UNUSED) {
    struct map m;
    int x;
    map_init(&m, 10, MAP_BORROW);
    assert_null(map_find(&m, STR_NULL));
    assert_int_equal(map_put(&m, STR_NULL, &x), 0);
    assert_ptr_equal(map_get(&m, STR("")), &x);
    map_clear(&m);
    assert_null(map_find(&m, STR("")));
    assert_null(map_next(&m, NULL));
    map_done(&m);
}

UNIT_GROUP(base_map, cmocka_unit_test(finds_what_was_added_and_forgets_what_was_removed),
           cmocka_unit_test(is_bounded), cmocka_unit_test(agrees_with_an_array_under_any_order),
           cmocka_unit_test(empty_keys_and_clearing), cmocka_unit_test(survives_the_end_of_memory))
