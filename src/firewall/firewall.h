/* Configurations of packet filters, read into one form and compared by what they let through.
 *
 * A configuration becomes paths (a hook, a pair of zones, an access list on an interface): lists of rules of which the first
 * that fits decides, and what happens to the rest. Names of objects, comments, order that changes nothing, counters and
 * generated ids are not part of it. Two configurations differ where a new connection would fare otherwise; that is computed, not
 * guessed from lines: only spaces that changed rules speak of are walked through both lists (as in A. X. Liu, "Change-Impact
 * Analysis of Firewall Policies", ESORICS 2007, with lists instead of decision diagrams).
 *
 * Where a rule asks for more than zones, addresses and services (a user, an application, a rate) it fits "partly": what it
 * allows may be let through, what it denies may not be denied. So what is called opened may be less open than told, and nothing
 * opened is left out. Where several paths judge one packet each is compared for itself.
 *
 * Pure: texts come from files or the network by somebody else's hands. It does not: follow established connections, source
 * ports, routing, or addresses that only the device resolves (names). */
#pragma once
#include "base/buf.h"
#include "firewall/span.h"

enum firewall_kind {
    FIREWALL_NFT,      /* nft -j list ruleset, libnftables-json(5) */
    FIREWALL_IPTABLES, /* iptables-save, ip6tables-save */
    FIREWALL_FORTIGATE, /* FortiOS, as it is backed up */
    FIREWALL_PANOS, /* exported XML */
    FIREWALL_ASA, /* show running-config */
    FIREWALL_YAMAHA, /* RTX, show config */
    FIREWALL_KINDS,
};
enum firewall_verdict { FIREWALL_ALLOW, FIREWALL_DENY, FIREWALL_SKIP };

struct firewall_rule {
    struct space where;
    enum firewall_verdict verdict;
    uint32_t skip_to;      /* FIREWALL_SKIP: the rule that goes on, at most the list's end */
    struct str condition;  /* what else must be so; empty: nothing */
    struct str name, text; /* as the device calls it, and its own words */
};
struct firewall_path {
    struct str name;
    bool outward; /* what this machine itself sends */
    enum firewall_verdict otherwise;
    struct firewall_rule *rules;
    size_t n, cap;
};
struct firewall_forward { /* connections to one place are led to another */
    struct str text;
};
struct firewall_zone {
    u128 number;
    struct str name;
};
struct firewall_unread {
    unsigned line;
    struct str text;
};
struct firewall {
    enum firewall_kind kind;
    struct str host; /* its own name; empty: not said */
    struct firewall_path *paths;
    struct firewall_forward *forwards;
    struct firewall_zone *zones;
    struct firewall_unread *unread; /* lines of the filter that could not be taken for what they mean */
    size_t n_paths, cap_paths, n_forwards, cap_forwards, n_zones, cap_zones, n_unread, cap_unread;
};

/* "nftables", "iptables", "fortigate", "panos", "asa", "yamaha". */
const char *firewall_kind_to_string(enum firewall_kind k);
int firewall_kind_from_string(struct str s); /* enum or -EINVAL */
/* Which kind a text is, by what only that kind writes; -EINVAL: none. */
int firewall_kind_of(struct str text);
/* Slices stay in the text and the arena. -ERR_PARSE with a line, -ERR_LIMIT, -ENOMEM. A text without any filter is one: a
 * firewall whose rules are gone lets everything through. */
int firewall_read(struct arena *a, enum firewall_kind k, struct str text, struct firewall **ret, struct diag *reterr) MUST_USE;

enum firewall_what {
    FIREWALL_OPENED, FIREWALL_CLOSED, /* new connections are let through, no longer let through */
    FIREWALL_RULE_NEW, FIREWALL_RULE_GONE, /* and nothing fares otherwise: other rules decide before it */
    FIREWALL_FORWARD_NEW, FIREWALL_FORWARD_GONE,
    FIREWALL_WHATS,
};
enum firewall_reach {
    FIREWALL_INSIDE,  /* from our own or private addresses, or from a zone known as inside */
    FIREWALL_OUTSIDE, /* from addresses of the public network */
    FIREWALL_ANY,     /* from anywhere to anywhere, every service */
};
struct firewall_change {
    enum firewall_what what;
    enum firewall_reach reach; /* of what was opened or is led to; else FIREWALL_INSIDE */
    const struct firewall_path *path;
    const struct firewall_rule *was, *is; /* which decided before and decides now; NULL: what happens to the rest */
    struct str forward;
    struct spaces spaces; /* of what fares otherwise */
};
/* What is outside: zones by name, where the filter has zones (those that neither list has are judged by what zones are usually called, and taken for
 * outside when that says nothing); and addresses of the public network that are ours. */
struct firewall_ground {
    const struct str *outside, *inside; /* zones and interfaces; a trailing * stands for any rest */
    size_t n_outside, n_inside;
    struct spans own;
};
struct firewall_changes {
    struct firewall_change *at;
    size_t n, cap;
    bool at_least; /* too many pieces: further ones were not looked at */
};
/* Both of one kind. In order of path and rule; the worst is not first. -ENOMEM. */
int firewall_compare(struct arena *a, const struct firewall *was, const struct firewall *is, const struct firewall_ground *ground,
                     struct firewall_changes *ret) MUST_USE;

/* "opened", "closed", "rule_new"…; "inside", "outside", "any". */
const char *firewall_what_to_string(enum firewall_what w);
const char *firewall_reach_to_string(enum firewall_reach r);
/* "wan > lan: any > 10.1.1.0/24 tcp/22, tcp/443": at most `most` entries of each list, then "…". Both configurations know zones. */
void firewall_write_space(const struct space *x, const struct firewall *was, const struct firewall *is, size_t most, struct buf *out);
