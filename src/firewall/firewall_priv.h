/* Private to src/firewall: what readers build with.
 *
 * A reader fills chains, whose rules may lead into other chains; firewall_flatten makes one list of rules of each chain that a packet
 * comes to first. A reader whose device has lists only adds to a path itself. */
#pragma once
#include "base/buf.h"
#include "base/map.h"
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
extern const struct firewall_reader FIREWALL_NFT_READER, FIREWALL_IPTABLES_READER, FIREWALL_FORTIGATE_READER, FIREWALL_PANOS_READER,
    FIREWALL_ASA_READER, FIREWALL_YAMAHA_READER;

/* An empty one; that of the same name is emptied, as a device takes what was said last. */
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

/* Words of a line as a shell has them, in double quotes with backslashes; at most FIREWALL_WORDS_MAX. */
#define FIREWALL_WORDS_MAX 256
size_t firewall_words(struct arena *a, struct str line, struct str *ret, bool *ret_too_many);
/* Named things of a configuration that name others: addresses, services, groups of them. Their lines are kept, and what they come to is
 * computed once. */
struct named_line {
    struct str text;
    unsigned number;
};
struct named {
    struct str name;
    struct named_line *lines;
    size_t n, cap;
    struct spans is;
    enum { NAMED_NEW, NAMED_ASKED, NAMED_KNOWN } state;
    bool odd; /* it has something this form does not hold: `is` has the rest of it */
};
struct names {
    struct arena *a;
    struct map by_name;
};
void names_init(struct names *n, struct arena *a);
void names_done(struct names *n);
int names_add(struct names *n, struct str name, struct named **ret) MUST_USE; /* the one of that name, when it is there */
struct named *names_find(const struct names *n, struct str name);
int named_line(struct names *n, struct named *x, struct str text, unsigned number) MUST_USE;
/* What a thing comes to: `line` adds what one of its lines means to *ret, or sets *ret_odd. A thing that leads back to itself is odd. */
typedef int named_line_fn(void *ctx, const struct named_line *l, struct spans *ret, bool *ret_odd);
int named_is(struct names *n, struct named *x, named_line_fn *line, void *ctx, struct spans *ret, bool *ret_odd) MUST_USE;

/* A rule while it is read: each of these makes it smaller. */
struct making {
    struct space where;
    struct str condition;
    bool never; /* no new connection fits */
};
int making_narrow(struct arena *a, struct making *m, enum space_dim d, struct spans to) MUST_USE;
int making_condition(struct arena *a, struct making *m, struct str what) MUST_USE; /* the text stays where it is */
/* One span, in the arena. */
int spans_one(struct arena *a, struct span s, struct spans *ret) MUST_USE;

/* "tcp", "6", "ipv6-icmp": RFC and IANA's protocol numbers that filters name; -EINVAL. */
int protocol_number(struct str s);
/* "443", "https": -EINVAL. */
int port_number(struct str s);
/* Addresses as filters write them: "10.0.0.0/8", "10.0.0.1", "10.0.0.1-10.0.0.9", an address and a mask with a blank or "/". */
int addresses_read(struct str s, struct span *ret) MUST_USE;
