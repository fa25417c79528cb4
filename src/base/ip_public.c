/* Which addresses are for the public network: not the ranges of the IANA special-purpose registries. */
#include "base/ip.h"

static const struct {
    const char *net, *what;
} NOT_PUBLIC[] = {
    {"0.0.0.0/8", "an address of this machine"},   {"10.0.0.0/8", "a private address"},
    {"100.64.0.0/10", "an address inside a carrier"}, {"127.0.0.0/8", "a loopback address"},
    {"169.254.0.0/16", "a link-local address"},    {"172.16.0.0/12", "a private address"},
    {"192.0.0.0/24", "a reserved address"},        {"192.168.0.0/16", "a private address"},
    {"198.18.0.0/15", "an address of test networks"}, {"224.0.0.0/4", "a multicast address"},
    {"240.0.0.0/4", "a reserved address"},         {"::/128", "an address of this machine"},
    {"::1/128", "a loopback address"},             {"64:ff9b:1::/48", "a private translation address"},
    {"100::/64", "a discard address"},             {"fc00::/7", "a private address"},
    {"fe80::/10", "a link-local address"},         {"fec0::/10", "a site-local address"},
    {"ff00::/8", "a multicast address"},
};
/* Wrapped IPv4 */
static const struct {
    const char *net;
    unsigned at;
} WRAPPED[] = {{"::/96", 12}, {"64:ff9b::/96", 12}, {"2002::/16", 2}};

const char *ip_not_public_net(size_t i) {
    return i < ARRAY_SIZE(NOT_PUBLIC) ? NOT_PUBLIC[i].net : NULL;
}

static bool within(const char *net, const struct ip *ip) {
    struct ip_prefix p;
    return ip_prefix_parse(str_of(net), &p) >= 0 && ip_prefix_contains(&p, ip);
}

bool ip_wraps(const struct ip *ip, struct ip *ret) {
    if (within("::/127", ip)) /* addresses of their own */
        return false;
    for (size_t i = 0; ip->version == 6 && i < ARRAY_SIZE(WRAPPED); i++)
        if (within(WRAPPED[i].net, ip)) {
            *ret = (struct ip){.version = 4};
            memcpy(ret->bytes, ip->bytes + WRAPPED[i].at, 4);
            return true;
        }
    return false;
}

const char *ip_not_public(const struct ip *ip) {
    for (size_t i = 0; i < ARRAY_SIZE(NOT_PUBLIC); i++)
        if (within(NOT_PUBLIC[i].net, ip))
            return NOT_PUBLIC[i].what;
    struct ip inner;
    return ip_wraps(ip, &inner) ? ip_not_public(&inner) : NULL;
}
