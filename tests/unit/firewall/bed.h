/* Two configurations compared, and what was told as lines: "opened outside ip filter FORWARD: any > 10.1.1.1 tcp/22". */
#pragma once
#include "base/buf.h"
#include "base/limits.h"
#include "firewall/firewall.h"
#include "unit.h"

struct bed {
    struct arena a;
    struct firewall *was, *is;
    struct firewall_changes changes;
    struct buf told;
};
void bed_compare(struct bed *b, enum firewall_kind k, struct str was, struct str is);
void bed_compare_on(struct bed *b, enum firewall_kind k, struct str was, struct str is, const struct firewall_ground *ground);
void bed_done(struct bed *b);
/* Compares, and what is told must be these lines. */
void told(enum firewall_kind k, const char *was, const char *is, const char *lines);
/* The same of one text in which `old` became `new`; `old` stands in it. */
void told_with(enum firewall_kind k, const char *text, const char *old, const char *new, const char *lines);
/* One line of what is told begins so. */
void told_with_line(enum firewall_kind k, const char *text, const char *old, const char *new, const char *line);
/* One packet: what would the first fitting rule say? */
struct packet {
    struct str from, to;
    const char *src, *dst;
    unsigned protocol, port;
};
bool spaces_hold(const struct spaces *s, const struct packet *p);
/* A pseudo-random number below n; the same row for the same seed. */
uint32_t below(uint64_t *seed, uint32_t n);
