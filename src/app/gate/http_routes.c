/* The table of routes, and the smallest of their handlers. */
#include "app/gate/http.h"

#include "intake/metric.h"
#include "intake/otlp.h"

#define ELASTIC(methods, path, handle) {methods, path, "elastic", handle}
const struct http_route HTTP_ROUTES[] = {
    /* Elasticsearch, as far as shippers ask for it before and while they send. */
    ELASTIC("GET HEAD", "/", elastic_info),
    ELASTIC("GET HEAD", "/_license", elastic_license),
    ELASTIC("GET HEAD", "/_xpack", elastic_license),
    ELASTIC("GET HEAD", "/_cluster/health", elastic_health),
    ELASTIC("POST PUT", "/_bulk", elastic_bulk),
    ELASTIC("POST PUT", "/*/_bulk", elastic_bulk),
    ELASTIC("POST", "/*/_doc", elastic_document),
    ELASTIC("POST PUT", "/*/_doc/*", elastic_document),
    ELASTIC("POST PUT", "/*/_create/*", elastic_document),
    ELASTIC("GET HEAD PUT POST", "/_index_template/**", elastic_fine),
    ELASTIC("GET HEAD PUT POST", "/_component_template/**", elastic_fine),
    ELASTIC("GET HEAD PUT POST", "/_template/**", elastic_fine),
    ELASTIC("GET HEAD PUT POST", "/_ilm/**", elastic_fine),
    ELASTIC("GET HEAD PUT POST", "/_ingest/**", elastic_fine),
    ELASTIC("GET HEAD PUT POST", "/_data_stream/**", elastic_fine),
    ELASTIC("GET HEAD PUT POST", "/_alias/**", elastic_fine),
    ELASTIC("GET HEAD", "/_cat/**", elastic_fine),
    ELASTIC("GET HEAD", "/_nodes/**", elastic_fine),
    /* Splunk's HTTP event collector. */
    {"POST", "/services/collector", "hec", hec_event},
    {"POST", "/services/collector/event", "hec", hec_event},
    {"POST", "/services/collector/event/1.0", "hec", hec_event},
    {"POST", "/services/collector/raw", "hec", hec_raw},
    {"POST", "/services/collector/raw/1.0", "hec", hec_raw},
    {"POST", "/services/collector/ack", "hec", hec_ack},
    {"GET HEAD", "/services/collector/health", "hec", hec_health, .open = true},
    {"GET HEAD", "/services/collector/health/1.0", "hec", hec_health, .open = true},
    /* OpenTelemetry, systemd, and any program that can POST. */
    {"POST", "/v1/logs", "otlp", otlp_logs},
    {"POST", "/v1/metrics", "otlp", otlp_metrics},
    {"POST", "/collectd", "collectd", collectd_values},
    {"POST PUT", "/prometheus/*", "prometheus", exporter_page},
    {"POST PUT", "/snmp/*", "snmp-walk", agent_walk},
    {"POST", "/upload", "journal", journal_upload, .streams = true},
    {"POST", "/ndjson", "ndjson", ndjson_lines},
    ELASTIC("PUT HEAD GET", "/*", elastic_fine), /* making an index; behind all others */
};
const size_t HTTP_ROUTES_N = ARRAY_SIZE(HTTP_ROUTES);

int request_put_lines(struct request *r) {
    struct str rest = buf_str(&r->body), line;
    while (str_split(&rest, '\n', &line)) {
        line.n -= line.n && line.p[line.n - 1] == '\r';
        int e = line.n ? request_put(r, line) : 0;
        if (e < 0)
            return e;
    }
    return 0;
}

int ndjson_lines(struct request *r) {
    int e = request_put_lines(r);
    if (e < 0)
        return e;
    buf_printf(&r->out, "{\"lines\":%zu}\n", r->batch ? up_records(r->batch) : 0);
    return 200;
}

static int put_otlp(void *ctx, struct str line) {
    return request_put(ctx, line);
}

int otlp_logs(struct request *r) {
    const char *type = request_header(r, "Content-Type");
    struct diag d = {0};
    uint64_t refused = 0;
    bool json = type && str_starts(str_of(type), STR("application/json"));
    if (!json && !(type && str_starts(str_of(type), STR("application/x-protobuf"))))
        return request_error(r, 415, "Content-Type is application/x-protobuf or application/json");
    int e = (json ? otlp_json : otlp_protobuf)(buf_str(&r->body), put_otlp, r, &refused, &d);
    if (e < 0)
        return e == -ENOMEM ? e : request_error(r, 400, d.text);
    buf_clear(&r->out);
    r->type = json ? "application/json" : "application/x-protobuf";
    if (json)
        buf_add_z(&r->out, "{");
    if (refused && json)
        buf_printf(&r->out, "\"partialSuccess\":{\"rejectedLogRecords\":\"%llu\",\"errorMessage\":\"too large or too deep\"}",
                   (unsigned long long) refused);
    else if (refused && refused < 128) /* field 1, length, field 1 varint */
        buf_add(&r->out, str_n((const char[]){0x0a, 2, 0x08, (char) refused}, 4));
    if (json)
        buf_add_z(&r->out, "}");
    return 200;
}

static int put_figure(void *ctx, struct str host UNUSED, struct str line) {
    return request_put(ctx, line);
}

int otlp_metrics(struct request *r) {
    const char *type = request_header(r, "Content-Type");
    struct diag d = {0};
    bool json = type && str_starts(str_of(type), STR("application/json"));
    if (!json && !(type && str_starts(str_of(type), STR("application/x-protobuf"))))
        return request_error(r, 415, "Content-Type is application/x-protobuf or application/json");
    int e = metric_otlp(r->h->g->metrics, buf_str(&r->body), json, put_figure, r, &d);
    if (e < 0)
        return e == -ENOMEM ? e : request_error(r, 400, d.text);
    r->type = json ? "application/json" : "application/x-protobuf";
    buf_add_z(&r->out, json ? "{}" : "");
    return 200;
}

/* The plugin write_http with Format "JSON". */
int collectd_values(struct request *r) {
    struct diag d = {0};
    int e = metric_collectd_json(r->h->g->metrics, buf_str(&r->body), put_figure, r, &d);
    if (e < 0)
        return e == -ENOMEM ? e : request_error(r, 400, d.text);
    buf_printf(&r->out, "{\"lines\":%zu}\n", r->batch ? up_records(r->batch) : 0);
    return 200;
}

typedef int figures_fn(struct metric_gather *g, struct str text, struct str host, metric_line_fn *fn, void *ctx, struct diag *reterr);

/* A machine's figures as a program fetched them there; whose they are stands in the path. */
static int take_figures(struct request *r, figures_fn *read) {
    struct diag d = {0};
    int e = read(r->h->g->metrics, buf_str(&r->body), r->segments[0], put_figure, r, &d);
    if (e < 0)
        return e == -ENOMEM ? e : request_error(r, 400, d.text);
    buf_printf(&r->out, "{\"lines\":%zu}\n", r->batch ? up_records(r->batch) : 0);
    return 200;
}

int exporter_page(struct request *r) {
    return take_figures(r, metric_prometheus);
}

int agent_walk(struct request *r) {
    return take_figures(r, metric_walk);
}

/* Every entry was put as it came. */
int journal_upload(struct request *r) {
    r->type = "text/plain";
    buf_add_z(&r->out, "OK.\n");
    return 202;
}
