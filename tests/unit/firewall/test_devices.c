/* FortiGate, PAN-OS, ASA and Yamaha RTX: texts as the makers' references write them, and what of a change is told. */
#include "bed.h"

/* FortiOS Administration Guide (firewall policy, address and service objects, virtual IPs) */
static const char fortigate[] =
    "#config-version=FG100F-7.2.5-FW-build1517-230606:opmode=0:vdom=0:user=admin\n"
    "config system global\n    set hostname \"edge\"\nend\n"
    "config firewall address\n    edit \"all\"\n        set uuid 11111111-1111-51ee-0000-111111111111\n    next\n"
    "    edit \"web1\"\n        set subnet 10.1.1.10 255.255.255.255\n    next\n"
    "    edit \"lan\"\n        set subnet 192.168.0.0 255.255.0.0\n    next\n"
    "    edit \"pool\"\n        set type iprange\n        set start-ip 10.1.2.1\n        set end-ip 10.1.2.20\n    next\n"
    "    edit \"update\"\n        set type fqdn\n        set fqdn \"update.example.com\"\n    next\nend\n"
    "config firewall addrgrp\n    edit \"servers\"\n        set member \"web1\" \"pool\"\n    next\nend\n"
    "config firewall service custom\n    edit \"HTTPS\"\n        set tcp-portrange 443\n    next\n"
    "    edit \"app\"\n        set tcp-portrange 8000-8010 9000\n        set udp-portrange 9000\n    next\nend\n"
    "config firewall service group\n    edit \"published\"\n        set member \"HTTPS\" \"app\"\n    next\nend\n"
    "config firewall vip\n    edit \"vip-web\"\n        set extip 203.0.113.10\n        set mappedip \"10.1.1.10\"\n        set extintf \"wan1\"\n    next\nend\n"
    "config firewall policy\n"
    "    edit 1\n        set name \"publish\"\n        set uuid 22222222-2222-51ee-0000-222222222222\n        set srcintf \"wan1\"\n        set dstintf \"dmz\"\n        set action accept\n"
    "        set srcaddr \"all\"\n        set dstaddr \"servers\"\n        set schedule \"always\"\n        set service \"HTTPS\"\n    next\n"
    "    edit 2\n        set srcintf \"lan1\"\n        set dstintf \"wan1\"\n        set action accept\n        set srcaddr \"lan\"\n        set dstaddr \"all\"\n        set schedule \"always\"\n"
    "        set service \"ALL\"\n    next\nend\n";

static void a_fortigate(void **state UNUSED) {
    assert_int_equal(firewall_kind_of(str_of(fortigate)), FIREWALL_FORTIGATE);
#define WITH(old, new, lines) told_with(FIREWALL_FORTIGATE, fortigate, old, new, lines)
#define LINE(old, new, line) told_with_line(FIREWALL_FORTIGATE, fortigate, old, new, line)
    WITH("11111111-1111", "99999999-1111", "");
    WITH("set name \"publish\"", "set name \"published\"", "");
    WITH("set service \"HTTPS\"", "set service \"published\"",
         "opened outside root: wan1 > dmz: 0.0.0.0/0 > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/8000-8010,tcp/9000,udp/9000\nrule_gone inside root: wan1 > dmz: any > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/443\n");
    WITH("set end-ip 10.1.2.20", "set end-ip 10.1.2.30",
         "opened outside root: wan1 > dmz: 0.0.0.0/0 > 10.1.2.21-10.1.2.30 tcp/443\nrule_gone inside root: wan1 > dmz: any > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/443\n");
    LINE("    edit 2\n", "    edit 3\n        set srcintf \"any\"\n        set dstintf \"any\"\n        set action accept\n        set srcaddr \"all\"\n        set dstaddr \"all\"\n"
                        "        set schedule \"always\"\n        set service \"ALL\"\n    next\n    edit 2\n",
         "opened any root: ");
    WITH("set mappedip \"10.1.1.10\"", "set mappedip \"10.1.1.99\"", "forward_new outside vip-web: 203.0.113.10 => 10.1.1.99\nforward_gone inside vip-web: 203.0.113.10 => 10.1.1.10\n");
    WITH("        set srcaddr \"all\"\n        set dstaddr \"servers\"", "        set status disable\n        set srcaddr \"all\"\n        set dstaddr \"servers\"",
         "closed inside root: wan1 > dmz: 0.0.0.0/0 > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/443\n");
    LINE("set dstaddr \"servers\"", "set dstaddr \"update\"", "opened outside root: wan1 > dmz: any > 0.0.0.0-10.1.1.9"); /* a name only the device resolves may be anywhere */
#undef WITH
#undef LINE
}

/* PAN-OS: an exported candidate configuration */
static const char panos[] =
    "<?xml version=\"1.0\"?>\n<config version=\"10.2.0\" urldb=\"paloaltonetworks\" detail-version=\"10.2.4\"><mgt-config/>"
    "<shared><address><entry name=\"web1\"><ip-netmask>10.9.9.9</ip-netmask></entry></address></shared>"
    "<devices><entry name=\"localhost.localdomain\"><deviceconfig><system><hostname>pa</hostname></system></deviceconfig><vsys><entry name=\"vsys1\">"
    "<address><entry name=\"web1\"><ip-netmask>10.1.1.10/32</ip-netmask></entry><entry name=\"pool\"><ip-range>10.1.2.1-10.1.2.20</ip-range></entry></address>"
    "<address-group><entry name=\"servers\"><static><member>web1</member><member>pool</member></static></entry></address-group>"
    "<service><entry name=\"app\"><protocol><tcp><port>8000-8010,9000</port></tcp></protocol></entry></service>"
    "<rulebase><security><rules>"
    "<entry name=\"publish\" uuid=\"1111\"><from><member>untrust</member></from><to><member>dmz</member></to><source><member>any</member></source><destination><member>servers</member></destination>"
    "<application><member>any</member></application><service><member>service-https</member></service><action>allow</action></entry>"
    "<entry name=\"out\"><from><member>trust</member></from><to><member>untrust</member></to><source><member>any</member></source><destination><member>any</member></destination>"
    "<application><member>web-browsing</member></application><service><member>application-default</member></service><action>allow</action></entry>"
    "</rules></security></rulebase></entry></vsys></entry></devices></config>\n";

static void a_palo_alto(void **state UNUSED) {
    struct arena a;
    struct firewall *f;
    struct diag d = {0};
    assert_int_equal(firewall_kind_of(str_of(panos)), FIREWALL_PANOS);
#define WITH(old, new, lines) told_with(FIREWALL_PANOS, panos, old, new, lines)
#define LINE(old, new, line) told_with_line(FIREWALL_PANOS, panos, old, new, line)
    WITH("uuid=\"1111\"", "uuid=\"2222\"", "");
    WITH("<service><member>service-https</member></service>", "<service><member>service-https</member><member>app</member></service>",
         "opened outside vsys1: untrust > dmz: 0.0.0.0/0 > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/8000-8010,tcp/9000\nrule_gone inside vsys1: untrust > dmz: any > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/443\n");
    LINE("<member>web-browsing</member>", "<member>any</member>", "opened inside vsys1: trust > untrust: any > any any");
    WITH("<action>allow</action></entry><entry name=\"out\">", "<disabled>yes</disabled><action>allow</action></entry><entry name=\"out\">",
         "closed inside vsys1: untrust > dmz: 0.0.0.0/0 > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/443\n");
#undef WITH
#undef LINE
    arena_init(&a, 1 << 24);
    assert_int_equal(firewall_read(&a, FIREWALL_PANOS, STR("<!DOCTYPE x [<!ENTITY a \"b\">]><config/>"), &f, &d), -ERR_REFUSED);
    assert_int_equal(firewall_read(&a, FIREWALL_PANOS, STR("<config><devices></config>"), &f, &d), -ERR_PARSE);
    assert_int_equal(d.line, 1);
    arena_done(&a);
}

/* Cisco ASA Series Command Reference: access-list extended, object-group, access-group */
static const char asa[] =
    ": Saved\n:\nASA Version 9.16(4)\n!\nhostname edge\nname 10.1.1.10 web1\n!\n"
    "interface GigabitEthernet0/0\n nameif outside\n security-level 0\n ip address 203.0.113.1 255.255.255.0\n!\n"
    "interface GigabitEthernet0/1\n nameif inside\n security-level 100\n ip address 192.168.0.1 255.255.0.0\n!\n"
    "object network pool\n range 10.1.2.1 10.1.2.20\nobject network web\n host 10.1.1.10\n nat (inside,outside) static 203.0.113.10\n"
    "object service app\n service tcp destination range 8000 8010\n"
    "object-group network servers\n network-object object pool\n network-object host web1\n"
    "object-group service published tcp\n port-object eq https\n"
    "access-list OUT remark what is published\n"
    "access-list OUT extended permit tcp any object-group servers object-group published log\n"
    "access-list OUT extended permit icmp any any echo-reply\n"
    "access-list OUT extended deny ip any any\n"
    "access-group OUT in interface outside\n: end\n";

static void an_asa(void **state UNUSED) {
    assert_int_equal(firewall_kind_of(str_of(asa)), FIREWALL_ASA);
#define WITH(old, new, lines) told_with(FIREWALL_ASA, asa, old, new, lines)
#define LINE(old, new, line) told_with_line(FIREWALL_ASA, asa, old, new, line)
    WITH("remark what is published", "remark anything", "");
    WITH(" port-object eq https\n", " port-object eq https\n port-object eq 3389\n",
         "opened outside in outside: outside > *: 0.0.0.0/0 > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/3389\nrule_gone inside in outside: outside > *: any > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/443\n");
    WITH("range 10.1.2.1 10.1.2.20", "range 10.1.2.1 10.1.2.30",
         "opened outside in outside: outside > *: 0.0.0.0/0 > 10.1.2.21-10.1.2.30 tcp/443\nrule_gone inside in outside: outside > *: any > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/443\n");
    LINE("extended deny ip any any\n", "extended permit ip any any\n", "opened any in outside: ");
    LINE("access-group OUT in interface outside\n", "", "closed inside in outside: outside > *: 0.0.0.0/0 > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/443");
    WITH("static 203.0.113.10", "static 203.0.113.11", "forward_new outside web: nat (inside,outside) static 203.0.113.11\nforward_gone inside web: nat (inside,outside) static 203.0.113.10\n");
    WITH("object-group published log", "object-group published inactive", "closed inside in outside: outside > *: 0.0.0.0/0 > 10.1.1.10,10.1.2.1-10.1.2.20 tcp/443\n");
#undef WITH
#undef LINE
}

/* RTX series command reference: ip filter, ip interface secure filter, nat descriptor masquerade static */
static const char yamaha[] =
    "# RTX1210 Rev.14.01.41\n"
    "ip lan1 address 192.168.100.1/24\n"
    "pp select 1\n pppoe use lan2\n ip pp secure filter in 1020 1030 2000 dynamic 100\n ip pp nat descriptor 1\n pp enable 1\n"
    "ip filter 1020 reject 192.168.100.0/24 *\n"
    "ip filter 1030 pass * 192.168.100.10 tcp * www,443\n"
    "ip filter 2000 reject * *\n"
    "ip filter dynamic 100 * * ftp\n"
    "nat descriptor type 1 masquerade\nnat descriptor masquerade static 1 1 192.168.100.10 tcp www\n";

static void a_yamaha(void **state UNUSED) {
    assert_int_equal(firewall_kind_of(str_of(yamaha)), FIREWALL_YAMAHA);
#define WITH(old, new, lines) told_with(FIREWALL_YAMAHA, yamaha, old, new, lines)
#define LINE(old, new, line) told_with_line(FIREWALL_YAMAHA, yamaha, old, new, line)
    WITH("# RTX1210 Rev.14.01.41", "# RTX1210 Rev.14.01.42", "");
    LINE("* www,443", "* www,443,3389", "opened outside pp1 in: pp1 > *: 0.0.0.0-192.168.99.255,192.168.101.0-255.255.255.255 > 192.168.100.10 tcp/3389");
    WITH("filter in 1020 1030 2000", "filter in 1020 1030", "rule_gone inside pp1 in: pp1 > *: 0.0.0.0/0 > 0.0.0.0/0 any\n");
    LINE("reject * *\n", "pass * *\n", "opened any pp1 in: ");
    WITH("192.168.100.10 tcp www\n", "192.168.100.20 tcp www\n",
         "forward_new outside nat descriptor masquerade static 1 1 192.168.100.20 tcp www\nforward_gone inside nat descriptor masquerade static 1 1 192.168.100.10 tcp www\n");
    LINE(" ip pp secure filter in 1020 1030 2000 dynamic 100\n", "", "opened any pp1 in: ");
#undef WITH
#undef LINE
}

UNIT_GROUP(firewall_devices, cmocka_unit_test(a_fortigate), cmocka_unit_test(a_palo_alto), cmocka_unit_test(an_asa), cmocka_unit_test(a_yamaha))
