/* A trace without a spool: a list of events is shown whenever the period fits, as a search would; what does not belong is
 * shown as well, so that nothing hangs on the search having been narrow. */
#pragma once
#include "unit.h"

#include "base/json.h"
#include "trace/trace.h"

#define T0 (INT64_C(1780247640) * NS_PER_S) /* 2026-06-01 02:14:00 +09:00 */
enum { SECOND = 1, MINUTE = 60, HOUR = 3600, DAY = 86400 };

struct bed_event {
    int64_t at_s;        /* behind T0, by its own clock */
    const char *source;
    const char *fields[26]; /* names and values in turn */
    int live_late_s;     /* BED_OLD: from a file read later; else how long after its own time it arrived */
    const char *peer;
};
enum { BED_OLD = INT32_MIN };

struct bed_found {
    struct arena arena;
    const struct json_value *answer;
};
struct trace_question bed_question(const char *address, unsigned port);
void bed_trace(const struct trace_question *q, const struct bed_event *events, size_t n, struct bed_found *ret);
void bed_done(struct bed_found *f);
/* "192.168.1.10 pc-sato sato likely", one a line, in order. */
const char *bed_who(struct bed_found *f);
/* "dhcp gap 192.168.1.10", one a line. */
const char *bed_missing(struct bed_found *f);
bool bed_doubts(const struct bed_found *f, unsigned rank, const char *doubt); /* rank from 1 */
const struct json_value *bed_hop(const struct bed_found *f, unsigned rank, unsigned hop);
#define BED_TRACE(q, events, f) bed_trace(q, events, ARRAY_SIZE(events), f)

/* Rows of fields. */
#define NAT(in, in_port, out, out_port, to)                                                                                     \
    "event.category", "network", "source.ip", in, "source.port", in_port, "source.nat.ip", out, "source.nat.port", out_port,    \
        "destination.ip", to, "destination.port", "443"
#define START "event.type", "start"
#define END "event.type", "end"
#define WHOLE(ns) END, "event.duration", ns
#define LEASE(ip, mac, name) "event.action", "dhcp-assign", "client.ip", ip, "client.mac", mac, "client.domain", name
#define RENEW(ip, mac) "event.action", "dhcp-renew", "client.ip", ip, "client.mac", mac
