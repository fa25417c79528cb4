#include "bed.h"

/* Printed by nft 1.0.6 of Debian for a table with sets, jumps, maps and ranges. */
static const char *const printed[] = {
    "{\"metainfo\":{\"version\":\"1.0.6\",\"release_name\":\"Lester Gooch #5\",\"json_schema_version\":1}}",
    "{\"table\":{\"family\":\"inet\",\"name\":\"filter\",\"handle\":1}}",
    "{\"set\":{\"family\":\"inet\",\"name\":\"admins\",\"table\":\"filter\",\"type\":\"ipv4_addr\",\"handle\":4,\"flags\":[\"interval\"],\"elem\":[{\"prefix\":{\"addr\":\"10.1.0.0\",\"len\":16}},\"192.0.2.7\"]}}",
    "{\"chain\":{\"family\":\"inet\",\"table\":\"filter\",\"name\":\"input\",\"handle\":1,\"type\":\"filter\",\"hook\":\"input\",\"prio\":0,\"policy\":\"drop\"}}",
    "{\"chain\":{\"family\":\"inet\",\"table\":\"filter\",\"name\":\"svc\",\"handle\":2}}",
    "{\"chain\":{\"family\":\"inet\",\"table\":\"filter\",\"name\":\"forward\",\"handle\":3,\"type\":\"filter\",\"hook\":\"forward\",\"prio\":0,\"policy\":\"accept\"}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"handle\":5,\"expr\":[{\"match\":{\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"state\"}},\"right\":[\"established\",\"related\"]}},{\"accept\":null}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"handle\":6,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"iifname\"}},\"right\":\"lo\"}},{\"accept\":null}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"handle\":8,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}},\"right\":\"@admins\"}},{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":{\"set\":[22,443]}}},{\"accept\":null}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"handle\":9,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":\"protocol\"}},\"right\":\"icmp\"}},{\"accept\":null}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"handle\":11,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"iifname\"}},\"right\":{\"set\":[\"eth0\",\"eth1\"]}}},{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":{\"range\":[1000,2000]}}},{\"jump\":{\"target\":\"svc\"}}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"handle\":12,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip6\",\"field\":\"saddr\"}},\"right\":{\"prefix\":{\"addr\":\"2001:db8::\",\"len\":32}}}},{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"udp\",\"field\":\"dport\"}},\"right\":53}},{\"accept\":null}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"handle\":14,\"expr\":[{\"vmap\":{\"key\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"data\":{\"set\":[[80,{\"accept\":null}],[81,{\"drop\":null}]]}}}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"handle\":16,\"comment\":\"dns\",\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"l4proto\"}},\"right\":{\"set\":[\"tcp\",\"udp\"]}}},{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"th\",\"field\":\"dport\"}},\"right\":53}},{\"limit\":{\"rate\":10,\"burst\":5,\"per\":\"second\"}},{\"accept\":null}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"input\",\"handle\":17,\"expr\":[{\"match\":{\"op\":\"!=\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}},\"right\":{\"prefix\":{\"addr\":\"10.0.0.0\",\"len\":8}}}},{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":25}},{\"counter\":{\"packets\":0,\"bytes\":0}},{\"drop\":null}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"svc\",\"handle\":18,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}},\"right\":{\"prefix\":{\"addr\":\"10.2.0.0\",\"len\":16}}}},{\"return\":null}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"svc\",\"handle\":19,\"expr\":[{\"counter\":{\"packets\":0,\"bytes\":0}},{\"accept\":null}]}}",
    "{\"rule\":{\"family\":\"inet\",\"table\":\"filter\",\"chain\":\"forward\",\"handle\":20,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"oifname\"}},\"right\":\"wan0\"}},{\"reject\":{\"type\":\"icmp\",\"expr\":\"port-unreachable\"}}]}}",
    "{\"table\":{\"family\":\"ip\",\"name\":\"nat\",\"handle\":2}}",
    "{\"chain\":{\"family\":\"ip\",\"table\":\"nat\",\"name\":\"pre\",\"handle\":1,\"type\":\"nat\",\"hook\":\"prerouting\",\"prio\":-100,\"policy\":\"accept\"}}",
    "{\"rule\":{\"family\":\"ip\",\"table\":\"nat\",\"chain\":\"pre\",\"handle\":2,\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"iifname\"}},\"right\":\"wan0\"}},{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":8080}},{\"dnat\":{\"addr\":\"10.1.1.1\",\"port\":80}}]}}",
};

static void text_of(struct buf *b, const char *old, const char *new) {
    buf_init(b, 1 << 16);
    buf_add_z(b, "{\"nftables\":[");
    bool found = !old;
    for (size_t i = 0; i < ARRAY_SIZE(printed); i++) {
        const char *at = old ? strstr(printed[i], old) : NULL;
        size_t before = b->n;
        if (at) {
            found = true;
            buf_add(b, str_n(printed[i], (size_t) (at - printed[i])));
            buf_add_z(b, new);
            buf_add_z(b, at + strlen(old));
        } else
            buf_add_z(b, printed[i]);
        if (b->n > before)
            buf_add_byte(b, ',');
    }
    assert_true(found);
    b->n--;
    buf_add_z(b, "]}");
}

static void with(const char *old, const char *new, const char *lines) {
    struct buf was, is;
    text_of(&was, NULL, NULL);
    text_of(&is, old, new);
    told(FIREWALL_NFT, buf_z(&was), buf_z(&is), lines);
    buf_done(&was);
    buf_done(&is);
}

static void what_is_printed_is_read(void **state UNUSED) {
    struct arena a;
    struct firewall *f;
    struct diag d = {0};
    struct buf b;
    text_of(&b, NULL, NULL);
    arena_init(&a, 1 << 24);
    assert_int_equal(firewall_kind_of(buf_str(&b)), FIREWALL_NFT);
    assert_int_equal(firewall_read(&a, FIREWALL_NFT, buf_str(&b), &f, &d), 0);
    assert_int_equal(f->n_paths, 2);
    assert_str(f->paths[0].name, "inet filter input");
    assert_int_equal(f->n_forwards, 1);
    assert_str(f->forwards[0].text, "wan0 > *: 0.0.0.0/0 > 0.0.0.0/0 tcp/8080 => dnat 10.1.1.1 80");
    arena_done(&a);
    buf_done(&b);
}

#define IN "opened outside inet filter input: !lo > *: "
static void changes_are_told(void **state UNUSED) {
    with("\"handle\":5", "\"handle\":99", "");
    with("10.1.0.0", "198.51.0.0", IN "198.51.0.0/16 > 0.0.0.0/0 tcp/22,tcp/443\nclosed inside inet filter input: !lo > *: 10.1.0.0/16 > 0.0.0.0/0 tcp/22,tcp/443\n");
    with("\"len\":16}},\"192.0.2.7\"", "\"len\":16}},\"192.0.2.7\",\"203.0.113.0\"",
         IN "203.0.113.0 > 0.0.0.0/0 tcp/22,tcp/443\nrule_gone inside inet filter input: 10.1.0.0/16,192.0.2.7 > 0.0.0.0/0 tcp/22,tcp/443\n");
    with("[1000,2000]", "[1000,3000]",
         "opened outside inet filter input: eth1,eth0 > *: 0.0.0.0-10.1.255.255,10.3.0.0-255.255.255.255,::/0 > any tcp/2001-3000\n"
         "rule_gone inside inet filter input: eth1,eth0 > *: any > any tcp/1000-2000\n");
    with("\"oifname\"}},\"right\":\"wan0\"", "\"oifname\"}},\"right\":\"wan1\"",
         "closed inside inet filter forward: * > wan1: any > any any\nopened any inet filter forward: * > wan0: any > any any\n");
    with("[81,{\"drop\":null}]", "[81,{\"accept\":null}]", IN "any > any tcp/81\n");
}

static void a_policy_opens_what_no_rule_decides(void **state UNUSED) {
    struct buf was, is;
    struct bed b = {0};
    text_of(&was, NULL, NULL);
    text_of(&is, "\"policy\":\"drop\"", "\"policy\":\"accept\"");
    bed_compare(&b, FIREWALL_NFT, buf_str(&was), buf_str(&is));
    struct packet in = {STR("eth0"), STR("x"), "203.0.113.5", "10.9.9.9", 6, 3389}, smtp = {STR("eth0"), STR("x"), "203.0.113.5", "10.9.9.9", 6, 25};
    bool any = false;
    for (size_t i = 0; i < b.changes.n; i++) {
        const struct firewall_change *c = &b.changes.at[i];
        assert_int_equal(c->what, FIREWALL_OPENED);
        assert_false(spaces_hold(&c->spaces, &smtp)); /* still dropped by a rule */
        any = any || (c->reach == FIREWALL_ANY && !c->is && spaces_hold(&c->spaces, &in));
    }
    assert_true(any);
    bed_done(&b);
    buf_done(&was);
    buf_done(&is);
}

UNIT_GROUP(firewall_nft, cmocka_unit_test(what_is_printed_is_read), cmocka_unit_test(changes_are_told), cmocka_unit_test(a_policy_opens_what_no_rule_decides))
