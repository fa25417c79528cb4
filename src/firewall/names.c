/* Names filters use for protocols and ports, and addresses as they write them. Facts: IANA's registries of protocol numbers and of
 * service names, with the words of ASA (www, h323, sqlnet, pcanywhere…) from Cisco's list of literals. */
#include "firewall/firewall_priv.h"

static const struct {
    const char *name;
    uint16_t number;
} protocols[] = {
    {"hopopt", 0}, {"icmp", 1}, {"igmp", 2}, {"ipip", 4}, {"ipinip", 4}, {"tcp", 6}, {"egp", 8}, {"igp", 9}, {"igrp", 9}, {"udp", 17},
    {"dccp", 33}, {"ipv6", 41}, {"rsvp", 46}, {"gre", 47}, {"esp", 50}, {"ah", 51}, {"ahp", 51}, {"ipv6-icmp", 58}, {"icmpv6", 58},
    {"icmp6", 58}, {"eigrp", 88}, {"ospf", 89}, {"ospfigp", 89}, {"nos", 94}, {"pim", 103}, {"pcp", 108}, {"vrrp", 112}, {"l2tp", 115},
    {"sctp", 132}, {"udplite", 136},
}, ports[] = {
    {"echo", 7}, {"discard", 9}, {"daytime", 13}, {"chargen", 19}, {"ftp-data", 20}, {"ftp", 21}, {"ftpdata", 20}, {"ssh", 22}, {"telnet", 23},
    {"smtp", 25}, {"time", 37}, {"nameserver", 42}, {"whois", 43}, {"tacacs", 49}, {"domain", 53}, {"dns", 53}, {"dnsix", 195}, {"bootps", 67},
    {"bootpc", 68}, {"tftp", 69}, {"gopher", 70}, {"finger", 79}, {"www", 80}, {"http", 80}, {"kerberos", 88}, {"hostname", 101}, {"pop2", 109},
    {"pop3", 110}, {"sunrpc", 111}, {"ident", 113}, {"nntp", 119}, {"ntp", 123}, {"netbios_ns", 137}, {"netbios-ns", 137}, {"netbios_dgm", 138},
    {"netbios-dgm", 138}, {"netbios_ssn", 139}, {"netbios-ssn", 139}, {"imap4", 143}, {"imap2", 143}, {"imap", 143}, {"snmp", 161},
    {"snmptrap", 162}, {"snmp-trap", 162}, {"xdmcp", 177}, {"bgp", 179}, {"irc", 194}, {"ldap", 389}, {"mobile-ip", 434}, {"https", 443},
    {"pim-auto-rp", 496}, {"isakmp", 500}, {"exec", 512}, {"biff", 512}, {"login", 513}, {"who", 513}, {"rsh", 514}, {"cmd", 514},
    {"syslog", 514}, {"lpd", 515}, {"printer", 515}, {"talk", 517}, {"rip", 520}, {"uucp", 540}, {"klogin", 543}, {"kshell", 544}, {"rtsp", 554},
    {"submission", 587}, {"ldaps", 636}, {"imaps", 993}, {"pop3s", 995}, {"lotusnotes", 1352}, {"citrix-ica", 1494}, {"sqlnet", 1521},
    {"radius", 1645}, {"radius-acct", 1646}, {"h323", 1720}, {"pptp", 1723}, {"nfs", 2049}, {"ctiqbe", 2748}, {"cifs", 3020}, {"sip", 5060},
    {"sips", 5061}, {"aol", 5190}, {"secureid-udp", 5510}, {"pcanywhere-data", 5631}, {"pcanywhere-status", 5632}, {"ms-wbt-server", 3389},
    {"mysql", 3306}, {"postgresql", 5432}, {"microsoft-ds", 445},
};

int protocol_number(struct str s) {
    uint64_t v;
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (str_eq_icase(s, str_of(protocols[i].name)))
            return protocols[i].number;
    return str_to_u64(s, &v) == 0 && v < 256 ? (int) v : -EINVAL;
}

int port_number(struct str s) {
    uint64_t v;
    for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
        if (str_eq_icase(s, str_of(ports[i].name)))
            return ports[i].number;
    return str_to_u64(s, &v) == 0 && v < 65536 ? (int) v : -EINVAL;
}

/* 255.255.0.0 as 16; -EINVAL: ones behind zeros. */
static int mask_bits(const struct ip *mask) {
    unsigned n = 0, bits = ip_bits(mask);
    while (n < bits && mask->bytes[n / 8] >> (7 - n % 8) & 1)
        n++;
    for (unsigned i = n; i < bits; i++)
        if (mask->bytes[i / 8] >> (7 - i % 8) & 1)
            return -EINVAL;
    return (int) n;
}

int addresses_read(struct str s, struct span *ret) {
    struct ip_prefix p;
    struct ip first, last;
    ptrdiff_t at;
    if (ip_prefix_parse(s, &p) >= 0) {
        *ret = span_of_prefix(&p);
        return 0;
    }
    if ((at = str_find_byte(s, '-', 0)) > 0 && ip_parse(str_trim(str_to(s, (size_t) at)), &first) == 0 &&
        ip_parse(str_trim(str_from(s, (size_t) at + 1)), &last) == 0) {
        *ret = span_of_ips(&first, &last);
        return ret->lo <= ret->hi ? 0 : -EINVAL;
    }
    if ((at = str_find_byte(s, '/', 0)) < 0)
        at = str_find_byte(s, ' ', 0);
    if (at > 0 && ip_parse(str_to(s, (size_t) at), &first) == 0 && ip_parse(str_trim(str_from(s, (size_t) at + 1)), &last) == 0 &&
        first.version == last.version && mask_bits(&last) >= 0) {
        p = ip_prefix_of(&first, (unsigned) mask_bits(&last));
        *ret = span_of_prefix(&p);
        return 0;
    }
    return -EINVAL;
}
