/* Which part of which resource a product's value is. Names from: collectd's types.db (github.com/collectd/collectd), node_exporter's
 * README and its /metrics, postgres_exporter and mysqld_exporter, OpenTelemetry's semantic conventions for system metrics, RFC 2790
 * (names metric_walk.c gives to its columns). */
#include "intake/metric.h"

#define COLLECTD(name, state, by, what, unit, role, ...) \
    {METRIC_COLLECTD, name, state ? "type_instance" : NULL, state, by, what, unit, role, __VA_ARGS__}
#define PROM(name, key, state, by, what, unit, role, ...) {METRIC_PROMETHEUS, name, key, state, by, what, unit, role, __VA_ARGS__}
#define OTLP(name, key, state, by, what, unit, role, ...) {METRIC_OTLP, name, key, state, by, what, unit, role, __VA_ARGS__}
#define SNMP(name, by, what, unit, role, ...) {METRIC_SNMP, name, NULL, NULL, by, what, unit, role, __VA_ARGS__}

const struct metric_row METRIC_ROWS[] = {
    /* collectd: plugin/type, type_instance; plugin_instance says which */
    COLLECTD("memory/memory", "used", NULL, "memory", "byte", METRIC_USED, false),
    COLLECTD("memory/memory", "slab_unrecl", NULL, "memory", "byte", METRIC_USED, false),
    COLLECTD("memory/memory", "free", NULL, "memory", "byte", METRIC_FREE, false),
    COLLECTD("memory/memory", "cached", NULL, "memory", "byte", METRIC_FREE, false),
    COLLECTD("memory/memory", "buffered", NULL, "memory", "byte", METRIC_FREE, false),
    COLLECTD("memory/memory", "slab_recl", NULL, "memory", "byte", METRIC_FREE, false),
    COLLECTD("memory/percent", "used", NULL, "memory", "percent", METRIC_PERCENT, false),
    COLLECTD("swap/swap", "used", NULL, "swap", "byte", METRIC_USED, false),
    COLLECTD("swap/swap", "free", NULL, "swap", "byte", METRIC_FREE, false),
    COLLECTD("swap/swap", "cached", NULL, "swap", "byte", METRIC_FREE, false),
    COLLECTD("df/df_complex", "used", "plugin_instance", "disk", "byte", METRIC_USED, false),
    COLLECTD("df/df_complex", "reserved", "plugin_instance", "disk", "byte", METRIC_USED, false),
    COLLECTD("df/df_complex", "free", "plugin_instance", "disk", "byte", METRIC_FREE, false),
    COLLECTD("df/df_inodes", "used", "plugin_instance", "inodes", "inode", METRIC_USED, false),
    COLLECTD("df/df_inodes", "reserved", "plugin_instance", "inodes", "inode", METRIC_USED, false),
    COLLECTD("df/df_inodes", "free", "plugin_instance", "inodes", "inode", METRIC_FREE, false),
    COLLECTD("df/percent_bytes", "used", "plugin_instance", "disk", "percent", METRIC_PERCENT, false),
    COLLECTD("df/percent_inodes", "used", "plugin_instance", "inodes", "percent", METRIC_PERCENT, false),
    COLLECTD("cpu/cpu", "idle", NULL, "cpu", "jiffy", METRIC_FREE, true),
    COLLECTD("cpu/cpu", "wait", NULL, "cpu", "jiffy", METRIC_FREE, true),
    COLLECTD("cpu/cpu", NULL, NULL, "cpu", "jiffy", METRIC_USED, true),
    COLLECTD("conntrack/conntrack", "", NULL, "conntrack", "connection", METRIC_USED, false),
    COLLECTD("conntrack/conntrack", "max", NULL, "conntrack", "connection", METRIC_LIMIT, false),
    COLLECTD("fhcount/file_handles", "used", NULL, "files", "file", METRIC_USED, false),
    COLLECTD("fhcount/file_handles", "max", NULL, "files", "file", METRIC_LIMIT, false),
    COLLECTD("mysql/threads", "connected", "plugin_instance", "sessions", "session", METRIC_USED, false),
    COLLECTD("postgresql/pg_numbackends", NULL, "plugin_instance", "sessions", "session", METRIC_USED, false),
    /* node_exporter and the exporters of databases */
    PROM("node_memory_MemTotal_bytes", NULL, NULL, NULL, "memory", "byte", METRIC_LIMIT, false),
    PROM("node_memory_MemAvailable_bytes", NULL, NULL, NULL, "memory", "byte", METRIC_FREE, false),
    PROM("node_memory_SwapTotal_bytes", NULL, NULL, NULL, "swap", "byte", METRIC_LIMIT, false),
    PROM("node_memory_SwapFree_bytes", NULL, NULL, NULL, "swap", "byte", METRIC_FREE, false),
    PROM("node_filesystem_size_bytes", NULL, NULL, "mountpoint", "disk", "byte", METRIC_LIMIT, false),
    PROM("node_filesystem_avail_bytes", NULL, NULL, "mountpoint", "disk", "byte", METRIC_FREE, false),
    PROM("node_filesystem_files", NULL, NULL, "mountpoint", "inodes", "inode", METRIC_LIMIT, false),
    PROM("node_filesystem_files_free", NULL, NULL, "mountpoint", "inodes", "inode", METRIC_FREE, false),
    PROM("node_nf_conntrack_entries", NULL, NULL, NULL, "conntrack", "connection", METRIC_USED, false),
    PROM("node_nf_conntrack_entries_limit", NULL, NULL, NULL, "conntrack", "connection", METRIC_LIMIT, false),
    PROM("node_filefd_allocated", NULL, NULL, NULL, "files", "file", METRIC_USED, false),
    PROM("node_filefd_maximum", NULL, NULL, NULL, "files", "file", METRIC_LIMIT, false),
    PROM("node_processes_threads", NULL, NULL, NULL, "processes", "thread", METRIC_USED, false),
    PROM("node_processes_max_threads", NULL, NULL, NULL, "processes", "thread", METRIC_LIMIT, false),
    PROM("node_cpu_seconds_total", "mode", "idle", NULL, "cpu", "second", METRIC_FREE, true),
    PROM("node_cpu_seconds_total", "mode", "iowait", NULL, "cpu", "second", METRIC_FREE, true),
    PROM("node_cpu_seconds_total", NULL, NULL, NULL, "cpu", "second", METRIC_USED, true),
    PROM("pg_stat_database_numbackends", NULL, NULL, NULL, "sessions", "session", METRIC_USED, false),
    PROM("pg_settings_max_connections", NULL, NULL, NULL, "sessions", "session", METRIC_LIMIT, false),
    PROM("mysql_global_status_threads_connected", NULL, NULL, NULL, "sessions", "session", METRIC_USED, false),
    PROM("mysql_global_variables_max_connections", NULL, NULL, NULL, "sessions", "session", METRIC_LIMIT, false),
    PROM("oracledb_tablespace_bytes", NULL, NULL, "tablespace", "tablespace", "byte", METRIC_USED, false),
    PROM("oracledb_tablespace_max_bytes", NULL, NULL, "tablespace", "tablespace", "byte", METRIC_LIMIT, false),
    PROM("rabbitmq_queue_messages", NULL, NULL, "queue", "queue", "message", METRIC_USED, false),
    /* OpenTelemetry, host metrics: `state` before, `system.*.state` since the conventions of 2024 */
    OTLP("system.memory.usage", "state", "used", NULL, "memory", "byte", METRIC_USED, false),
    OTLP("system.memory.usage", "system.memory.state", "used", NULL, "memory", "byte", METRIC_USED, false),
    OTLP("system.memory.usage", "state", "slab_unreclaimable", NULL, "memory", "byte", METRIC_USED, false),
    OTLP("system.memory.usage", NULL, NULL, NULL, "memory", "byte", METRIC_FREE, false),
    OTLP("system.filesystem.usage", "state", "used", "mountpoint", "disk", "byte", METRIC_USED, false),
    OTLP("system.filesystem.usage", "system.filesystem.state", "used", "system.filesystem.mountpoint", "disk", "byte", METRIC_USED, false),
    OTLP("system.filesystem.usage", "system.filesystem.state", NULL, "system.filesystem.mountpoint", "disk", "byte", METRIC_FREE, false),
    OTLP("system.filesystem.usage", NULL, NULL, "mountpoint", "disk", "byte", METRIC_FREE, false),
    OTLP("system.filesystem.inodes.usage", "state", "used", "mountpoint", "inodes", "inode", METRIC_USED, false),
    OTLP("system.filesystem.inodes.usage", "state", "free", "mountpoint", "inodes", "inode", METRIC_FREE, false),
    OTLP("system.cpu.utilization", "state", "idle", NULL, NULL, NULL, METRIC_FREE, false),
    OTLP("system.cpu.time", "state", "idle", NULL, "cpu", "second", METRIC_FREE, true),
    OTLP("system.cpu.time", "cpu.mode", "idle", NULL, "cpu", "second", METRIC_FREE, true),
    OTLP("system.cpu.time", "system.cpu.state", "idle", NULL, "cpu", "second", METRIC_FREE, true),
    OTLP("system.cpu.time", NULL, NULL, NULL, "cpu", "second", METRIC_USED, true),
    OTLP("db.client.connection.count", "db.client.connection.state", "used", "db.client.connection.pool.name", "sessions", "session", METRIC_USED, false),
    OTLP("db.client.connection.count", "db.client.connection.state", "idle", "db.client.connection.pool.name", NULL, NULL, METRIC_FREE, false),
    OTLP("db.client.connection.max", NULL, NULL, "db.client.connection.pool.name", "sessions", "session", METRIC_LIMIT, false),
    /* what is asked for by SNMP (metric_walk.c) */
    SNMP("hrStorageUsed.ram", NULL, "memory", "byte", METRIC_USED, false),
    SNMP("hrStorageSize.ram", NULL, "memory", "byte", METRIC_LIMIT, false),
    SNMP("hrStorageUsed.disk", "descr", "disk", "byte", METRIC_USED, false),
    SNMP("hrStorageSize.disk", "descr", "disk", "byte", METRIC_LIMIT, false),
    SNMP("hrStorageUsed.swap", NULL, "swap", "byte", METRIC_USED, false),
    SNMP("hrStorageSize.swap", NULL, "swap", "byte", METRIC_LIMIT, false),
    SNMP("hrProcessorLoad", NULL, "cpu", "percent", METRIC_PERCENT, .mean = true),
};
const size_t METRIC_ROWS_N = ARRAY_SIZE(METRIC_ROWS);
const char *const METRIC_PRODUCTS[METRIC_PRODUCT_MAX_] = {[METRIC_COLLECTD] = "collectd", [METRIC_PROMETHEUS] = "prometheus",
                                                          [METRIC_OTLP] = "opentelemetry", [METRIC_STATSD] = "statsd",
                                                          [METRIC_SNMP] = "snmp"};
