#include "unit.h"

#include "base/ip.h"

#include <arpa/inet.h>

static void assert_ip(const char *in, const char *want) {
    struct ip ip;
    char z[IP_CAP];
    if (ip_parse(str_of(in), &ip) < 0) {
        print_error("'%s' is refused\n", in);
        fail();
    }
    size_t n = ip_format(&ip, z);
    assert_int_equal(n, strlen(z));
    assert_string_equal(z, want);
}

static void reads_and_writes_the_canonical_form(void **state UNUSED) {
    assert_ip("192.0.2.1", "192.0.2.1");
    assert_ip("0.0.0.0", "0.0.0.0");
    assert_ip("255.255.255.255", "255.255.255.255");
    assert_ip("::", "::");
    assert_ip("::1", "::1");
    assert_ip("1::", "1::");
    assert_ip("2001:DB8:0:0:1:0:0:1",
              "2001:db8::1:0:0:1"); /* RFC 5952 4.2.3: the first of equals */
    assert_ip("2001:0db8:0000:0001:0001:0001:0001:0001", "2001:db8:0:1:1:1:1:1"); /* 4.2.2 */
    assert_ip("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
    assert_ip("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0");
    assert_ip("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8");
    assert_ip("64:ff9b::192.0.2.33", "64:ff9b::c000:221");
    assert_ip("::192.0.2.33", "::c000:221");
}

static void a_mapped_address_is_the_ipv4_address(void **state UNUSED) {
    assert_ip("::ffff:192.0.2.1", "192.0.2.1");
    assert_ip("::FFFF:c000:201", "192.0.2.1");
    assert_ip("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1");
    assert_ip("::fffe:192.0.2.1", "::fffe:c000:201");
}

static void refuses_everything_else(void **state UNUSED) {
    static const char *const bad[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.04",
        "1..2.3",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.-4",
        "0x1.2.3.4",
        "1.2.3.4/32",
        "1.2.3.1000",
        ":",
        ":::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "12345::",
        "::g",
        "1:",
        ":1",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "fe80::1%eth0",
        "[::1]",
        "::1.2.3",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::ffff:1.2.3.04",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct ip ip;
        if (ip_parse(str_of(bad[i]), &ip) == 0) {
            print_error("'%s' is accepted\n", bad[i]);
            fail();
        }
    }
    struct ip ip;
    assert_true(ip_parse(str_n("1.2.3.4\0", 8), &ip) < 0);
}

/* The C library's reader judges the same texts: random ones made of what addresses are made of. */
static void agrees_with_inet_pton(void **state UNUSED) {
    static const char alphabet[] = "0123456789abcdefABCDEF::::....1200ff";
    uint64_t seed = 42;
    unsigned accepted = 0;
    for (int i = 0; i < 300000; i++) {
        char z[48];
        size_t n = 0, len = 2 + (i % 38);
        while (n < len) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            z[n++] = (seed >> 40) % 3 ? alphabet[(seed >> 33) % (sizeof alphabet - 1)] : ':';
        }
        if (i % 3 == 0) { /* IPv4 shapes */
            unsigned a = (unsigned) (seed >> 33), b = (unsigned) (seed >> 20);
            n = (size_t) snprintf(z, sizeof z, "%u.%u.%u.%u", a % 300, b % 256, a / 300 % 256,
                                  b / 256 % 256);
        }
        z[n] = 0;
        uint8_t b4[4], b6[16];
        struct ip ip;
        bool ours = ip_parse(str_n(z, n), &ip) == 0;
        bool v4 = inet_pton(AF_INET, z, b4) == 1, v6 = inet_pton(AF_INET6, z, b6) == 1;
        if (ours != (v4 || v6)) {
            print_error("'%s': ours %d, inet_pton %d\n", z, ours, v4 || v6);
            fail();
        }
        if (!ours)
            continue;
        accepted++;
        if (ip.version == 4 && v4)
            assert_memory_equal(ip.bytes, b4, 4);
        if (ip.version == 6) {
            char want[INET6_ADDRSTRLEN], got[IP_CAP];
            assert_true(v6);
            assert_memory_equal(ip.bytes, b6, 16);
            inet_ntop(AF_INET6, b6, want, sizeof want);
            ip_format(&ip, got);
            if (!strchr(want, '.')) /* glibc writes ::a.b.c.d; RFC 5952 leaves it open */
                assert_string_equal(got, want);
        }
    }
    assert_true(accepted > 1000);
}

static void prefixes(void **state UNUSED) {
    struct ip_prefix p, q;
    struct ip ip;
    char z[IP_PREFIX_CAP];
    assert_int_equal(ip_prefix_parse(STR("192.0.2.0/24"), &p), 0);
    assert_int_equal(ip_prefix_parse(STR("192.0.2.130/25"), &q), 1);
    ip_prefix_format(&q, z);
    assert_string_equal(z, "192.0.2.128/25");
    assert_true(ip_prefix_covers(&p, &q));
    assert_false(ip_prefix_covers(&q, &p));
    assert_int_equal(ip_parse(STR("192.0.2.129"), &ip), 0);
    assert_true(ip_prefix_contains(&p, &ip));
    assert_true(ip_prefix_contains(&q, &ip));
    assert_int_equal(ip_parse(STR("192.0.2.127"), &ip), 0);
    assert_false(ip_prefix_contains(&q, &ip));
    assert_int_equal(ip_prefix_parse(STR("0.0.0.0/0"), &p), 0);
    assert_true(ip_prefix_contains(&p, &ip));
    assert_int_equal(ip_prefix_parse(STR("::/0"), &q), 0);
    assert_false(ip_prefix_contains(&q, &ip));
    assert_int_equal(ip_prefix_parse(STR("2001:db8::/33"), &p), 0);
    assert_int_equal(ip_parse(STR("2001:db8:7fff::1"), &ip), 0);
    assert_true(ip_prefix_contains(&p, &ip));
    assert_int_equal(ip_parse(STR("2001:db8:8000::1"), &ip), 0);
    assert_false(ip_prefix_contains(&p, &ip));
    assert_int_equal(ip_prefix_parse(STR("::ffff:192.0.2.0/120"), &p), 0);
    ip_prefix_format(&p, z);
    assert_string_equal(z, "192.0.2.0/24");
    assert_true(ip_prefix_parse(STR("192.0.2.0/33"), &p) < 0);
    assert_true(ip_prefix_parse(STR("192.0.2.0/"), &p) < 0);
    assert_true(ip_prefix_parse(STR("192.0.2.0/08"), &p) < 0);
    assert_true(ip_prefix_parse(STR("192.0.2.0/+8"), &p) < 0);
    assert_true(ip_prefix_parse(STR("::ffff:192.0.2.0/24"), &p) < 0);
    assert_true(ip_prefix_parse(STR("::/129"), &p) < 0);
}

static void what_is_public(void **state UNUSED) {
    static const char *const no[] = {"10.1.2.3", "127.0.0.1", "169.254.1.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::", "::1", "fe80::1", "fd00::1", "::10.1.2.3", "64:ff9b::192.168.1.1",
                                     "2002:a00:1::1", "::ffff:10.0.0.1"};
    static const char *const yes[] = {"8.8.8.8", "203.0.113.9", "172.32.0.1", "2001:db8::1", "64:ff9b::8.8.8.8", "2002:808:808::1"};
    struct ip ip;
    for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
        assert_int_equal(ip_parse(str_of(no[i]), &ip), 0);
        if (!ip_not_public(&ip))
            fail_msg("%s is taken for public", no[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        assert_int_equal(ip_parse(str_of(yes[i]), &ip), 0);
        if (ip_not_public(&ip))
            fail_msg("%s is taken for %s", yes[i], ip_not_public(&ip));
    }
}

static void an_attacker_is_an_address_or_a_64(void **state UNUSED) {
    struct ip ip;
    char z[IP_PREFIX_CAP];
    assert_int_equal(ip_parse(STR("2001:db8:1:2:3:4:5:6"), &ip), 0);
    ip_format_net(&ip, z);
    assert_string_equal(z, "2001:db8:1:2::/64");
    assert_int_equal(ip_parse(STR("::ffff:198.51.100.7"), &ip), 0);
    ip_format_net(&ip, z);
    assert_string_equal(z, "198.51.100.7");
    assert_int_equal(ip_parse(STR("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), &ip), 0);
    assert_int_equal(ip_format(&ip, z) + 1, IP_CAP);
}

UNIT_GROUP(base_ip, cmocka_unit_test(reads_and_writes_the_canonical_form),
           cmocka_unit_test(a_mapped_address_is_the_ipv4_address),
           cmocka_unit_test(refuses_everything_else), cmocka_unit_test(agrees_with_inet_pton),
           cmocka_unit_test(prefixes), cmocka_unit_test(what_is_public), cmocka_unit_test(an_attacker_is_an_address_or_a_64))
