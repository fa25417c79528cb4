#include "unit.h"

#include "base/json.h"
#include "pack/pack.h"

/* The tests run in the source folder, where the shipped packs are. */
static void shipped_packs_can_be_read(void **state UNUSED) {
    struct arena a;
    struct pack *packs;
    size_t n, bad;
    arena_init(&a, 64 * 1024 * 1024);
    assert_int_equal(pack_list(&a, "packs", &packs, &n, &bad, NULL), 0);
    assert_true(n >= 1);
    assert_int_equal(bad, 0);
    for (size_t i = 0; i < n; i++)
        assert_true(packs[i].title_ja.n && packs[i].title_en.n);
    arena_done(&a);
}

static void names_from_outside_do_not_leave_the_folder(void **state UNUSED) {
    static const char *const ids[] = {"..", "../packs", "a/b", "", ".hidden", "a\nb", "/etc"};
    struct arena a;
    struct pack p;
    struct diag d;
    arena_init(&a, 1024 * 1024);
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        assert_int_equal(pack_open(&a, "packs", str_of(ids[i]), &p, &d), -EINVAL);
    assert_int_equal(pack_open(&a, "packs", STR("no-such-pack"), &p, &d), -ENOENT);
    arena_done(&a);
}

static void settings_of_a_replay_listen_nowhere(void **state UNUSED) {
    struct arena a;
    struct pack p;
    struct buf out;
    struct json_value *v;
    arena_init(&a, 16 * 1024 * 1024);
    buf_init(&out, 1024 * 1024);
    assert_int_equal(pack_open(&a, "packs", STR("nisc-2014-2-account-list"), &p, NULL), 0);
    assert_int_equal(pack_replay_config(&a, &p, &out, NULL), 0);
    assert_int_equal(json_parse(&a, buf_str(&out), &v, NULL), 0);
    assert_int_equal(json_get_array(v, "syslog")->n, 0);
    assert_int_equal(json_get_array(v, "sources")->n, 5);
    assert_int_equal(json_get_array(v, "services")->n, 3);
    buf_done(&out);
    arena_done(&a);
}

UNIT_GROUP(pack_pack, cmocka_unit_test(shipped_packs_can_be_read),
           cmocka_unit_test(names_from_outside_do_not_leave_the_folder),
           cmocka_unit_test(settings_of_a_replay_listen_nowhere))
