#include "unit.h"

#include "door/way.h"

static bool reaches(const char *allow, const char *address) {
    struct ip_prefix p = {0};
    struct ip ip;
    const char *why = NULL;
    struct door_way w = {.allow = &p, .n_allow = allow != NULL};
    if (allow)
        assert_int_equal(ip_prefix_parse(str_of(allow), &p), 0);
    assert_int_equal(ip_parse(str_of(address), &ip), 0);
    bool may = door_may_reach(&w, &ip, &why);
    assert_true(may || why);
    return may;
}

static void the_public_network_is_open(void **state UNUSED) {
    assert_true(reaches(NULL, "203.0.113.9"));
    assert_true(reaches(NULL, "8.8.8.8"));
    assert_true(reaches(NULL, "2001:4860:4860::8888"));
    assert_true(reaches(NULL, "172.15.255.255"));
    assert_true(reaches(NULL, "172.32.0.0"));
}

static void what_is_not_public_is_closed(void **state UNUSED) {
    static const char *const closed[] = {"127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
                                         "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fdff::1", "ff02::1"};
    for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
        assert_false(reaches(NULL, closed[i]));
}

/* The same machine in other clothes: mapped, NAT64, 6to4. */
static void wrapped_addresses_are_judged_by_what_is_inside(void **state UNUSED) {
    assert_false(reaches(NULL, "::ffff:127.0.0.1"));
    assert_false(reaches(NULL, "64:ff9b::10.0.0.1"));
    assert_false(reaches(NULL, "2002:c0a8:0101::1"));
    assert_true(reaches(NULL, "64:ff9b::8.8.8.8"));
}

static void allowed_networks_open_and_no_more(void **state UNUSED) {
    assert_true(reaches("10.1.2.0/24", "10.1.2.3"));
    assert_false(reaches("10.1.2.0/24", "10.1.3.3"));
    assert_true(reaches("::1/128", "::1"));
}

UNIT_GROUP(door_reach, cmocka_unit_test(the_public_network_is_open), cmocka_unit_test(what_is_not_public_is_closed),
           cmocka_unit_test(wrapped_addresses_are_judged_by_what_is_inside), cmocka_unit_test(allowed_networks_open_and_no_more))
