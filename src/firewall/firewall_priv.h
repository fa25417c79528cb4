/* Private to src/firewall: what readers build with.
 *
 * A reader fills chains, whose rules may lead into other chains; firewall_flatten makes one list of rules of each chain that a packet
 * comes to first. A reader whose device has lists only adds to a path itself. */
#pragma once
#include "base/buf.h"
#include "firewall/firewall.h"

enum step { STEP_ALLOW, STEP_DENY, STEP_JUMP, STEP_GOTO, STEP_RETURN };
struct chain_rule {
    struct spaces where; /* any of them */
    enum step step;
    struct str target, condition, name, text;
};
struct chain {
    struct str table, name;
    bool first, outward; /* packets come to it by themselves */
    enum firewall_verdict otherwise;
    struct chain_rule *rules;
    size_t n, cap;
};
struct chains {
    struct chain *at;
    size_t n, cap;
};

struct firewall_reader {
    const char *name;
    bool (*is)(struct str text);
    int (*read)(struct arena *a, struct str text, struct firewall *f, struct diag *reterr);
};
extern const struct firewall_reader FIREWALL_NFT_READER, FIREWALL_IPTABLES_READER;

int firewall_add_path(struct arena *a, struct firewall *f, struct str name, enum firewall_verdict otherwise, struct firewall_path **ret) MUST_USE;
int firewall_add_rule(struct arena *a, struct firewall_path *p, const struct firewall_rule *r) MUST_USE;
int firewall_add_forward(struct arena *a, struct firewall *f, struct str text) MUST_USE;
int firewall_add_unread(struct arena *a, struct firewall *f, unsigned line, struct str text) MUST_USE;
/* The number of a zone, whose name is kept. */
int firewall_zone(struct arena *a, struct firewall *f, struct str name, u128 *ret) MUST_USE;
struct chain *chain_find(const struct chains *c, struct str table, struct str name);
/* The one of that name, when it is there. */
int chain_add(struct arena *a, struct chains *c, struct str table, struct str name, struct chain **ret) MUST_USE;
int chain_add_rule(struct arena *a, struct chain *c, const struct chain_rule *r) MUST_USE;
int firewall_flatten(struct arena *a, const struct chains *c, struct firewall *f, struct diag *reterr) MUST_USE;

/* "tcp", "6", "ipv6-icmp": RFC and IANA's protocol numbers that filters name; -EINVAL. */
int protocol_number(struct str s);
/* "443", "https": -EINVAL. */
int port_number(struct str s);
/* Addresses as filters write them: "10.0.0.0/8", "10.0.0.1", "10.0.0.1-10.0.0.9", an address and a mask with a blank or "/". */
int addresses_read(struct str s, struct span *ret) MUST_USE;
