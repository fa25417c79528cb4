/* Limits of design from a file (metric.h): read again when it changed, found by machine, figure and resource. Inside src/intake only. */
#pragma once
#include "base/map.h"
#include "base/str.h"

struct metric_limits {
    const char *path; /* NULL: none */
    struct map limits; /* "host\0metric\0resource" -> a double */
    int64_t looked_ns, mtime_ns;
    uint64_t inode;
};
void metric_limits_init(struct metric_limits *l, const char *path);
void metric_limits_done(struct metric_limits *l);
/* The one that says most of it: with the machine and the resource before one for every resource, before one for every machine. */
bool metric_limit_find(struct metric_limits *l, struct str host, struct str metric, struct str resource, double *ret);
