#include "unit.h"

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

UNIT_GROUP(base_map, cmocka_unit_test(finds_what_was_added_and_forgets_what_was_removed),
           cmocka_unit_test(is_bounded))
