/* Figures of machines: each product's form becomes the same line. */
#include "unit.h"

#include "base/buf.h"
#include "base/json.h"
#include "intake/metric.h"

#include <stdlib.h>
#include <unistd.h>

/* "memory memory 250/1000=0.25 byte|" a line */
static int note(void *ctx, struct str host, struct str line) {
    struct buf *b = ctx;
    struct arena a;
    struct json_value *v;
    struct str name = STR(""), resource = STR(""), unit = STR("");
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, line, &v, NULL), 0);
    (void) json_get_str(v, "metric.name", &name);
    (void) json_get_str(v, "metric.resource", &resource);
    (void) json_get_str(v, "metric.unit", &unit);
    const struct json_value *value = json_get(v, "metric.value"), *limit = json_get(v, "metric.limit"), *used = json_get(v, "metric.used");
    buf_printf(b, "%.*s:%.*s %.*s %.*s", STR_ARG(host), STR_ARG(name), STR_ARG(resource), STR_ARG(value->text));
    if (limit)
        buf_printf(b, "/%.*s=%.*s", STR_ARG(limit->text), STR_ARG(used->text));
    buf_printf(b, " %.*s|", STR_ARG(unit));
    arena_done(&a);
    return 0;
}

static void expect(struct buf *b, const char *want) {
    if (!str_eq_z(buf_str(b), want))
        fail_msg("got  %.*s\nwant %s", STR_ARG(buf_str(b)), want);
    buf_clear(b);
}

#define SETUP                                                                                                                     \
    struct buf b;                                                                                                                 \
    struct diag d = {0};                                                                                                          \
    CLEANUP(metric_gather_freep) struct metric_gather *g = metric_gather_new(NULL);                                                   \
    buf_init(&b, 1 << 20);

static void part(struct buf *p, unsigned type, const char *text) {
    size_t n = strlen(text) + 5;
    buf_add(p, str_n((const char[]){(char) (type >> 8), (char) type, (char) (n >> 8), (char) n}, 4));
    buf_add(p, str_n(text, n - 4));
}
static void gauge(struct buf *p, const char *instance, double v) {
    part(p, 5, instance);
    buf_add(p, str_n((const char[]){0, 6, 0, 15, 0, 1, 1}, 7));
    buf_add(p, str_n((const char *) &v, 8));
}

/* Three packets, cut in the middle of a measurement as collectd cuts them. */
static void collectd_is_added_up_wherever_its_packets_end(void **state UNUSED) {
    SETUP
    struct buf p;
    buf_init(&p, 4096);
    for (int round = 0; round < 4; round++) { /* and begins in the middle of one */
        for (int half = round == 0; half < 2; half++) {
            buf_clear(&p);
            part(&p, 0, "db-01");
            part(&p, 2, "memory");
            part(&p, 4, "memory");
            if (half == 0) {
                gauge(&p, "used", 300);
            } else {
                gauge(&p, "free", 500);
                gauge(&p, "cached", 200);
            }
            assert_int_equal(metric_collectd(g, buf_str(&p), note, &b, &d), 0);
        }
    }
    /* the first tells how many parts there are; the others are told when the last of them is there */
    expect(&b, "db-01:memory memory 300/1000=0.3 byte|db-01:memory memory 300/1000=0.3 byte|");
    buf_clear(&p);
    part(&p, 0, "db-01");
    part(&p, 2, "load");
    part(&p, 4, "load");
    gauge(&p, "", 1.5); /* no row names it: as it came */
    assert_int_equal(metric_collectd(g, buf_str(&p), note, &b, &d), 0);
    expect(&b, "db-01:load/load load/load 1.5 |");
    assert_int_equal(metric_collectd(g, STR("nonsense"), note, &b, &d), -ERR_PARSE);
    assert_int_equal(metric_collectd(g, str_n("\x02\x10\0\x06xx", 6), note, &b, &d), -ERR_UNSUPPORTED);
    assert_non_null(strstr(d.text, "encrypted"));
    buf_done(&p);
    buf_done(&b);
}

static void collectd_json_counts_what_processors_did_meanwhile(void **state UNUSED) {
    SETUP
    for (int round = 0; round < 4; round++) {
        char body[1024];
        snprintf(body, sizeof body,
                 "[{\"values\":[%d],\"dstypes\":[\"derive\"],\"dsnames\":[\"value\"],\"time\":1700000000.5,\"host\":\"h\",\"plugin\":\"cpu\",\"plugin_instance\":\"0\",\"type\":\"cpu\",\"type_instance\":\"idle\"},"
                 "{\"values\":[%d],\"dstypes\":[\"derive\"],\"dsnames\":[\"value\"],\"time\":1700000000.5,\"host\":\"h\",\"plugin\":\"cpu\",\"plugin_instance\":\"0\",\"type\":\"cpu\",\"type_instance\":\"user\"}]",
                 1000 + 75 * round, 2000 + 25 * round);
        assert_int_equal(metric_collectd_json(g, str_of(body), note, &b, &d), 0);
    }
    expect(&b, "h:cpu cpu 25/100=0.25 jiffy|h:cpu cpu 25/100=0.25 jiffy|h:cpu cpu 25/100=0.25 jiffy|");
    assert_int_equal(metric_collectd_json(g, STR("{}"), note, &b, &d), -ERR_PARSE);
    buf_done(&b);
}

static void a_page_of_an_exporter_is_read_whole(void **state UNUSED) {
    static const char page[] = "# HELP node_filesystem_size_bytes Filesystem size in bytes.\n# TYPE node_filesystem_size_bytes gauge\n"
                               "node_filesystem_size_bytes{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} 1e+03\n"
                               "node_filesystem_size_bytes{device=\"/dev/loop0\",fstype=\"squashfs\",mountpoint=\"/snap\"} 10\n"
                               "node_filesystem_avail_bytes{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} 200\n"
                               "node_filesystem_avail_bytes{device=\"/dev/loop0\",fstype=\"squashfs\",mountpoint=\"/snap\"} 0\n"
                               "node_memory_MemTotal_bytes 4000\nnode_memory_MemAvailable_bytes 1000\n"
                               "node_nf_conntrack_entries 7\nnode_nf_conntrack_entries_limit 262144\n"
                               "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 90\nnode_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 10\n"
                               "go_goroutines 8\nodd{a=\"x\\\"y\\\\\",} NaN\n";
    SETUP
    assert_int_equal(metric_prometheus(g, STR(page), STR("web"), note, &b, &d), 0);
    expect(&b, "web:conntrack conntrack 7/262144=0 connection|web:memory memory 3000/4000=0.75 byte|web:disk / 800/1000=0.8 byte|");
    assert_true(metric_passed_over(g) == 1);
    assert_int_equal(metric_prometheus(g, STR("node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 92\nnode_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 18\n"), STR("web"), note, &b, &d), 0);
    expect(&b, "web:cpu cpu 8/10=0.8 second|");
    assert_int_equal(metric_prometheus(g, STR("a 1\n{b 2\n"), STR("web"), note, &b, &d), -ERR_PARSE);
    assert_non_null(strstr(d.text, "line 2"));
    buf_done(&b);
}

static void an_agent_is_read_as_net_snmp_prints_it(void **state UNUSED) {
    static const char walk[] = ".1.3.6.1.2.1.25.2.3.1.2.1 = OID: .1.3.6.1.2.1.25.2.1.2\n.1.3.6.1.2.1.25.2.3.1.2.6 = OID: .1.3.6.1.2.1.25.2.1.1\n"
                               ".1.3.6.1.2.1.25.2.3.1.2.31 = OID: .1.3.6.1.2.1.25.2.1.4\n.1.3.6.1.2.1.25.2.3.1.3.1 = STRING: Physical memory\n"
                               ".1.3.6.1.2.1.25.2.3.1.3.6 = STRING: Memory buffers\n.1.3.6.1.2.1.25.2.3.1.3.31 = STRING: \"/var\"\n"
                               ".1.3.6.1.2.1.25.2.3.1.4.1 = INTEGER: 1024 Bytes\n.1.3.6.1.2.1.25.2.3.1.4.6 = INTEGER: 1024 Bytes\n"
                               ".1.3.6.1.2.1.25.2.3.1.4.31 = INTEGER: 4096 Bytes\n.1.3.6.1.2.1.25.2.3.1.5.1 = INTEGER: 1000\n.1.3.6.1.2.1.25.2.3.1.5.6 = INTEGER: 1000\n"
                               ".1.3.6.1.2.1.25.2.3.1.5.31 = INTEGER: 100\n.1.3.6.1.2.1.25.2.3.1.6.1 = INTEGER: 900\n.1.3.6.1.2.1.25.2.3.1.6.6 = INTEGER: 400\n"
                               ".1.3.6.1.2.1.25.2.3.1.6.31 = INTEGER: 95\n.1.3.6.1.2.1.25.3.3.1.2.196608 = INTEGER: 10\n.1.3.6.1.2.1.25.3.3.1.2.196609 = INTEGER: 30\n"
                               ".1.3.6.1.2.1.1.5.0 = STRING: gw\n";
    SETUP
    assert_int_equal(metric_walk(g, STR(walk), STR("gw"), note, &b, &d), 0);
    expect(&b, "gw:disk /var 389120/409600=0.95 byte|gw:memory memory 512000/1024000=0.5 byte|gw:cpu cpu 20/100=0.2 percent|");
    assert_int_equal(metric_walk(g, STR("Timeout: No Response from 192.0.2.1\n"), STR("gw"), note, &b, &d), -ERR_PARSE);
    buf_done(&b);
}

static void statsd_is_kept_as_it_comes(void **state UNUSED) {
    SETUP
    assert_int_equal(metric_statsd(g, STR("orders.waiting:17|g|#queue:night,host:app-1\nlogin:1|c|@0.1\nbroken\nt:320:310|ms"), STR("192.0.2.5"), note, &b, &d), -ERR_PARSE);
    expect(&b, "app-1:orders.waiting queue=night 17 |192.0.2.5:login login 1 count|192.0.2.5:t t 320 ms|192.0.2.5:t t 310 ms|");
    buf_done(&b);
}

static void opentelemetry_in_json_says_whose_it_is(void **state UNUSED) {
    static const char body[] =
        "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"host.name\",\"value\":{\"stringValue\":\"app-2\"}}]},\"scopeMetrics\":[{\"metrics\":["
        "{\"name\":\"system.filesystem.usage\",\"unit\":\"By\",\"sum\":{\"isMonotonic\":false,\"dataPoints\":["
        "{\"attributes\":[{\"key\":\"mountpoint\",\"value\":{\"stringValue\":\"/var\"}},{\"key\":\"state\",\"value\":{\"stringValue\":\"used\"}}],\"asInt\":\"90\",\"timeUnixNano\":\"1700000000000000000\"},"
        "{\"attributes\":[{\"key\":\"mountpoint\",\"value\":{\"stringValue\":\"/var\"}},{\"key\":\"state\",\"value\":{\"stringValue\":\"free\"}}],\"asInt\":\"10\",\"timeUnixNano\":\"1700000000000000000\"}]}},"
        "{\"name\":\"queue.depth\",\"gauge\":{\"dataPoints\":[{\"asDouble\":12.5}]}},{\"name\":\"h\",\"histogram\":{\"dataPoints\":[{\"count\":1}]}}]}]}]}";
    SETUP
    assert_int_equal(metric_otlp(g, STR(body), true, note, &b, &d), 0);
    expect(&b, "app-2:queue.depth queue.depth 12.5 |app-2:disk /var 90/100=0.9 byte|");
    assert_int_equal(metric_otlp(g, STR("\x0a\x7f"), false, note, &b, &d), -ERR_PARSE);
    buf_done(&b);
}

static void a_limit_of_design_stands_where_the_product_knows_none(void **state UNUSED) {
    char path[] = "/tmp/kizuki-limits-XXXXXX";
    static const char rows[] = "\titems_per_account\t\t1000\ngw-1\tsessions\t\t500\n\tbroken\nx\tsessions\t\tmany\n";
    struct buf b;
    struct diag d = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, rows, sizeof rows - 1) == (ssize_t) sizeof rows - 1);
    close(fd);
    buf_init(&b, 1 << 20);
    struct metric_gather *g = metric_gather_new(path);
    assert_int_equal(metric_statsd(g, STR("items_per_account:905|g|#account:7"), STR("app"), note, &b, &d), 0);
    expect(&b, "app:items_per_account account=7 905/1000=0.905 |");
    for (int i = 0; i < 2; i++) /* lower than the product's own 1,000 on this machine, not on the other */
        assert_int_equal(metric_prometheus(g, STR("pg_stat_database_numbackends 450\npg_settings_max_connections 1000\n"), i ? STR("gw-2") : STR("gw-1"), note, &b, &d), 0);
    expect(&b, "gw-1:sessions sessions 450/500=0.9 session|gw-2:sessions sessions 450/1000=0.45 session|");
    metric_gather_free(g);
    unlink(path);
    buf_done(&b);
}

UNIT_GROUP(intake_metric, cmocka_unit_test(collectd_is_added_up_wherever_its_packets_end),
           cmocka_unit_test(collectd_json_counts_what_processors_did_meanwhile), cmocka_unit_test(a_page_of_an_exporter_is_read_whole), cmocka_unit_test(an_agent_is_read_as_net_snmp_prints_it),
           cmocka_unit_test(a_limit_of_design_stands_where_the_product_knows_none), cmocka_unit_test(statsd_is_kept_as_it_comes), cmocka_unit_test(opentelemetry_in_json_says_whose_it_is))
