/* IPv4 and IPv6 addresses and prefixes: a strict reader (RFC 4291) and the canonical writer (RFC
 * 5952).
 *
 * Strict: four decimal octets without leading zeros, signs or blanks; groups of one to four hex
 * digits, one
 * "::", an embedded IPv4 only at the end. No zones ("%eth0"), no ports, no brackets: whoever reads
 * a log line cuts those off first. An IPv4-mapped address (::ffff:0:0/96) becomes the IPv4 address
 * it means, so that one attacker is one address, however a service bound its socket. */
#pragma once
#include "base/str.h"

struct ip {
    uint8_t bytes[16]; /* IPv4: the first four, the rest zero */
    uint8_t version;   /* 4 or 6; 0 = no address */
};
struct ip_prefix {
    struct ip ip; /* bits behind the prefix are zero */
    uint8_t bits; /* at most 32 or 128 */
};

#define IP_CAP 40        /* the longest address and a NUL */
#define IP_PREFIX_CAP 44 /* the same with "/128" */

int ip_parse(struct str s, struct ip *ret) MUST_USE; /* 0 or -EINVAL */
/* An IPv4 address in dotted form, which is the only form ip_parse accepts and ip_format writes for
 * one: such a text is its own canonical text. */
bool ip_is_dotted_quad(struct str s);
/* "addr/bits", or an address alone (all its bits). Bits set behind the prefix are cleared and 1 is
 * returned instead of 0, so that a strict caller can refuse "192.0.2.1/24". -EINVAL otherwise. */
int ip_prefix_parse(struct str s, struct ip_prefix *ret) MUST_USE;

/* NUL-terminated text into dst (IP_CAP, IP_PREFIX_CAP); returns its length. */
size_t ip_format(const struct ip *ip, char *dst);
size_t ip_prefix_format(const struct ip_prefix *p, char *dst); /* always with "/bits" */

bool ip_eq(const struct ip *a, const struct ip *b);
int ip_cmp(const struct ip *a, const struct ip *b); /* IPv4 before IPv6, then by value */
static inline unsigned ip_bits(const struct ip *ip) {
    return ip->version == 4 ? 32 : 128;
}
/* bits above the width of the address mean the whole address. */
struct ip_prefix ip_prefix_of(const struct ip *ip, unsigned bits);
bool ip_prefix_contains(const struct ip_prefix *p, const struct ip *ip);
bool ip_prefix_covers(const struct ip_prefix *outer, const struct ip_prefix *inner);

/* An IPv4 address inside an IPv6 one (NAT64, 6to4, compatible): what is judged is that one. */
bool ip_wraps(const struct ip *ip, struct ip *ret);
/* What it is instead ("a private address"); NULL: an address of the public network. */
const char *ip_not_public(const struct ip *ip);
/* The networks that are not public, one after another: "10.0.0.0/8"; NULL behind the last. */
const char *ip_not_public_net(size_t i);

/* What one attacker counts as (kizuki.source.net): an IPv4 address itself, an IPv6 address's /64.
 * Text into dst (IP_PREFIX_CAP): "192.0.2.1", "2001:db8:1:2::/64"; returns its length. */
size_t ip_format_net(const struct ip *ip, char *dst);
