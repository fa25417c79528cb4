/* Which addresses a way may connect to. Ranges are those of the IANA special-purpose registries that are not for the
 * public network; whoever has a mail server at home writes its network under `allow`. */
#include "door/way.h"

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
/* Wrapped IPv4: what is judged is the address inside. */
static const struct {
    const char *net;
    unsigned at;
} WRAPPED[] = {{"::/96", 12}, {"64:ff9b::/96", 12}, {"2002::/16", 2}};

static bool within(const char *net, const struct ip *ip) {
    struct ip_prefix p;
    return ip_prefix_parse(str_of(net), &p) >= 0 && ip_prefix_contains(&p, ip);
}

bool door_may_reach(const struct door_way *w, const struct ip *address, const char **ret_why) {
    for (size_t i = 0; i < w->n_allow; i++)
        if (ip_prefix_contains(&w->allow[i], address))
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(NOT_PUBLIC); i++)
        if (within(NOT_PUBLIC[i].net, address)) {
            *ret_why = NOT_PUBLIC[i].what;
            return false;
        }
    for (size_t i = 0; address->version == 6 && i < ARRAY_SIZE(WRAPPED); i++)
        if (within(WRAPPED[i].net, address)) {
            struct ip inner = {.version = 4};
            memcpy(inner.bytes, address->bytes + WRAPPED[i].at, 4);
            return door_may_reach(w, &inner, ret_why);
        }
    return true;
}
