#include "torture.h"
#include "unit.h"

#include "base/limits.h"
#include "event/names.h"

static void well_known_names_have_their_ids(void **state UNUSED) {
    CLEANUP(event_names_freep) struct event_names *n = event_names_new();
    assert_non_null(n);
    for (int id = 1; id < EVENT_F_WELL_KNOWN_MAX_; id++) {
        const char *z = event_field_name((enum event_field_id) id);
        assert_int_equal(event_names_find(n, str_of(z)), id);
        assert_str(event_names_get(n, (uint32_t) id), z);
    }
    assert_int_equal(event_names_find(n, STR("source.ip")), EVENT_F_SOURCE_IP);
    assert_int_equal(event_names_find(n, STR("")), 0);
    assert_int_equal(event_names_find(n, STR("nobody.knows")), 0);
    assert_string_equal(event_field_name(EVENT_F_NONE), "");
}

static void interns_until_frozen(void **state UNUSED) {
    CLEANUP(event_names_freep) struct event_names *n = event_names_new();
    int id = event_names_intern(n, STR("CommandLine"));
    assert_true(id >= EVENT_F_WELL_KNOWN_MAX_);
    assert_int_equal(event_names_intern(n, STR("CommandLine")), id);
    assert_int_equal(event_names_count(n), id + 1);
    assert_true(event_names_intern(n, STR("")) < 0);
    assert_int_equal(event_names_intern(n, STR("user.name")), EVENT_F_USER_NAME);
    event_names_freeze(n);
    assert_int_equal(event_names_intern(n, STR("CommandLine")), id);
    assert_int_equal(event_names_intern(n, STR("source.ip")), EVENT_F_SOURCE_IP);
    assert_int_equal(event_names_intern(n, STR("Another")), -ERR_REFUSED);
    /* asked for: what was interned before, and nothing else */
    assert_true(event_names_asked(n, (uint32_t) id));
    assert_true(event_names_asked(n, EVENT_F_USER_NAME));
    assert_false(event_names_asked(n, EVENT_F_SOURCE_IP));
    assert_false(event_names_asked(n, 0));
    assert_false(event_names_asked(n, event_names_count(n)));
}

static void spaces_do_not_count(void **state UNUSED) {
    CLEANUP(event_names_freep) struct event_names *n = event_names_new();
    char blanks[EVENT_FIELD_NAME_BYTES_MAX + 1];
    int id = event_names_intern(n, STR("Threat Name")), count = event_names_intern(n, STR("kizuki.x"));
    assert_str(event_names_get(n, (uint32_t) id), "ThreatName");
    assert_int_equal(event_names_intern(n, STR("ThreatName")), id);
    assert_int_equal(event_names_find(n, STR("Threat Name")), id);
    assert_int_equal(event_names_find(n, STR(" Thr eatName ")), id);
    assert_int_equal(event_names_find(n, STR("Threat\tName")), 0);
    assert_int_equal(event_names_find(n, STR("kizuki.x")), count);
    assert_int_equal(event_names_find(n, STR("ki zuki.x")), 0);
    assert_int_equal(event_names_find(n, STR("source. ip")), 0);
    assert_int_equal(event_names_find(n, STR(" ")), 0);
    assert_true(event_names_intern(n, STR("  ")) < 0);
    memset(blanks, ' ', sizeof blanks);
    assert_int_equal(event_names_find(n, str_n(blanks, sizeof blanks)), 0);
}

static void is_bounded(void **state UNUSED) {
    CLEANUP(event_names_freep) struct event_names *n = event_names_new();
    int r = 0;
    for (unsigned i = 0; r >= 0 && i <= EVENT_NAMES_MAX; i++) {
        char z[16];
        int m = snprintf(z, sizeof z, "f%u", i);
        r = event_names_intern(n, str_n(z, (size_t) m));
    }
    assert_int_equal(r, -ERR_LIMIT);
    assert_int_equal(event_names_count(n), EVENT_NAMES_MAX);
}

static int make_names(void *ctx UNUSED) {
    struct event_names *n = event_names_new();
    if (!n)
        return -ENOMEM;
    int r = event_names_intern(n, STR("one.more"));
    event_names_free(n);
    return r < 0 ? r : 0;
}

static void survives_the_end_of_memory(void **state UNUSED) {
    assert_true(torture(make_names, NULL) > EVENT_F_WELL_KNOWN_MAX_);
}

UNIT_GROUP(event_names, cmocka_unit_test(well_known_names_have_their_ids),
           cmocka_unit_test(interns_until_frozen), cmocka_unit_test(spaces_do_not_count),
           cmocka_unit_test(is_bounded),
           cmocka_unit_test(survives_the_end_of_memory))
