/* Flow records (NetFlow v5 and v9, IPFIX) as lines of JSON with ECS names, those of address translation included: who
 * asks which inside host stood behind a public address and port finds it in source.ip, source.nat.ip, source.nat.port.
 *
 * v9 and IPFIX say in templates what their records hold; an exporter repeats them every few minutes. Records that come
 * before their template wait, at most FLOW_WAITING_BYTES_MAX of all exporters; then the oldest are given up and counted.
 * Templates are kept by exporter's address, domain and number. Fields that are not in the table are passed over. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct flow;
typedef int flow_line_fn(void *ctx, struct str exporter, struct str line);
struct flow *flow_new(void); /* NULL without memory */
void flow_free(struct flow *f);
/* -ERR_PARSE: not a datagram of these, or one that was cut; what stood before is told all the same. */
int flow_datagram(struct flow *f, struct str exporter, struct str datagram, flow_line_fn *fn, void *ctx) MUST_USE;
/* Sets of records that were given up, so far. */
uint64_t flow_given_up(const struct flow *f);
