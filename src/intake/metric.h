/* Figures of machines in one normal form, whichever product measured them. Each resource becomes one line of JSON a measurement:
 *
 *   event.kind metric, event.module (the product), host.name, @timestamp where the product says it
 *   metric.name      what it is of: cpu, memory, swap, disk, inodes, tablespace, sessions, conntrack, files, queue, processes;
 *                    else the product's own name
 *   metric.resource  which one: a mount point, a table space, a queue; where there is only one, its name once more
 *   metric.value, metric.limit, metric.unit, metric.used (value / limit, 0 to 1 and more)
 *   metric.from      the values it was worked out of, as the product sent them: nothing of them is lost
 *
 * Products send parts: used here, free there, a counter for each state of each processor. METRIC_ROWS (metric_rows.c) says which
 * part each is; a gather adds the parts of one measurement up. Those that come in one message (a scrape, an OTLP export) belong
 * together; of collectd, whose packets cut anywhere, a measurement is over when every part that ever came has come again.
 * A counter needs two measurements. What no row names becomes a line with its own name and value, as far as the product keeps
 * all (see `whole`).
 *
 * Outside bytes: how much is remembered is bounded by METRIC_ENTRIES_MAX and METRIC_PARTS_MAX (base/limits.h); beyond, new ones
 * are passed over and counted. One thread. Nothing here knows a socket. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum metric_product { METRIC_COLLECTD, METRIC_PROMETHEUS, METRIC_OTLP, METRIC_STATSD, METRIC_SNMP, METRIC_PRODUCT_MAX_ };
extern const char *const METRIC_PRODUCTS[METRIC_PRODUCT_MAX_];

enum { METRIC_LABELS_MAX = 32 };
struct metric_label {
    struct str key, value;
};
/* Slices of the message. */
struct metric_sample {
    struct str name, host, unit;
    struct metric_label labels[METRIC_LABELS_MAX];
    uint32_t n_labels;
    double value;
    int64_t time_ns; /* TIME_NONE: not said */
    bool counter;    /* only grows: of what no row names the value is passed on as it is */
};
struct str metric_label_of(const struct metric_sample *s, const char *key); /* STR_NULL: has none */

/* What a product's part is to a resource. */
enum metric_role { METRIC_USED, METRIC_FREE, METRIC_LIMIT, METRIC_SHARE /* 0 to 1 */, METRIC_PERCENT, METRIC_ROLE_MAX_ };
struct metric_row {
    enum metric_product product;
    const char *name;                /* the product's */
    const char *state_key, *state;   /* a label that must say so; NULL: whatever */
    const char *by;                  /* the label that says which resource; NULL: there is one */
    const char *what, *unit;
    enum metric_role role;
    bool counter;                    /* what it grew by counts */
    bool mean;                       /* shares of several (processors) are averaged, not added */
};
extern const struct metric_row METRIC_ROWS[];
extern const size_t METRIC_ROWS_N;

struct metric_gather;
typedef int metric_line_fn(void *ctx, struct str host, struct str line);
/* NULL without memory. limits: a file of limits of design, NULL none; it is looked at again every few seconds. A line is "HOST\tMETRIC\t
 * RESOURCE\tLIMIT", empty fields mean every one. Where a figure has no limit of its own, or a higher one, that of design takes its
 * place, and metric.designed is true. */
struct metric_gather *metric_gather_new(const char *limits);
struct metric_gather *metric_gather_free(struct metric_gather *g);
DEFINE_CLEANUP(struct metric_gather *, metric_gather_free)
/* One message: begin, add its samples, end; fn is called from add and end, what it returns below 0 ends it. whole: all parts
 * of a measurement are in this message, and what no row names is passed over (counted). */
void metric_begin(struct metric_gather *g, enum metric_product product, bool whole, metric_line_fn *fn, void *ctx);
int metric_add(struct metric_gather *g, const struct metric_sample *s) MUST_USE;
int metric_end(struct metric_gather *g) MUST_USE;
uint64_t metric_passed_over(const struct metric_gather *g);

/* Readers of messages; each calls metric_begin and metric_end. Bad bytes: -ERR_PARSE with a sentence; what stood in front of them
 * was taken all the same. `host`: whose it is when the message does not say. */
int metric_collectd(struct metric_gather *g, struct str packet, metric_line_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
int metric_collectd_json(struct metric_gather *g, struct str body, metric_line_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
int metric_statsd(struct metric_gather *g, struct str packet, struct str host, metric_line_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
int metric_prometheus(struct metric_gather *g, struct str page, struct str host, metric_line_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
/* What `snmpbulkwalk -On` prints. */
int metric_walk(struct metric_gather *g, struct str text, struct str host, metric_line_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
int metric_otlp(struct metric_gather *g, struct str body, bool json, metric_line_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
