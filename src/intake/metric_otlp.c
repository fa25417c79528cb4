/* OpenTelemetry metrics (opentelemetry-proto, collector/metrics/v1), protobuf or JSON: the points of gauges and sums. Histograms and
 * summaries say nothing of a resource and are passed over. Attributes of the resource say whose it is (host.name, else
 * service.instance.id, else service.name); those of a point are its labels. */
#include "intake/metric.h"

#include "base/json.h"
#include "base/time.h"
#include "intake/protobuf.h"

enum { TREE_BYTES = 256 << 20, NUMBER_BYTES = 24 };
#define EACH(it, list) for (const struct json_value *it = (list) ? (list)->first : NULL; r >= 0 && it; it = it->next)

/* An attribute's value as text; numbers and truth are written into room. */
static struct str pb_text(struct str any, char room[NUMBER_BYTES]) {
    struct pb_field f;
    double d;
    int n = 0;
    if (pb_next(&any, &f) <= 0)
        return STR_NULL;
    if (pb_is(&f, 1, PB_BYTES))
        return f.bytes;
    if (pb_is(&f, 2, PB_VARINT))
        return f.value ? STR("true") : STR("false");
    if (pb_is(&f, 3, PB_VARINT))
        n = snprintf(room, NUMBER_BYTES, "%lld", (long long) (int64_t) f.value);
    if (pb_is(&f, 4, PB_FIXED64)) {
        memcpy(&d, &f.value, sizeof d);
        n = snprintf(room, NUMBER_BYTES, "%.15g", d);
    }
    return n > 0 ? str_n(room, MIN((size_t) n, (size_t) NUMBER_BYTES - 1)) : STR_NULL;
}

struct point {
    struct metric_sample s;
    char rooms[METRIC_LABELS_MAX][NUMBER_BYTES];
};

static void add_label(struct point *p, struct str key, struct str value) {
    if (key.n && value.p && p->s.n_labels < METRIC_LABELS_MAX)
        p->s.labels[p->s.n_labels++] = (struct metric_label){key, value};
}

/* Every KeyValue with this number. */
static int pb_labels(struct point *p, struct str message, uint32_t number) {
    struct pb_field f, part;
    int r;
    while ((r = pb_next(&message, &f)) > 0) {
        struct str key = STR_NULL, value = STR_NULL;
        if (!pb_is(&f, number, PB_BYTES))
            continue;
        while ((r = pb_next(&f.bytes, &part)) > 0)
            if (part.wire == PB_BYTES && part.number <= 2)
                *(part.number == 1 ? &key : &value) = part.bytes;
        if (r < 0)
            return r;
        if (p->s.n_labels < METRIC_LABELS_MAX)
            add_label(p, key, pb_text(value, p->rooms[p->s.n_labels]));
    }
    return r;
}

/* Whose it is. */
static struct str host_of(const struct point *resource) {
    static const char *const keys[] = {"host.name", "service.instance.id", "service.name"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        struct str v = metric_label_of(&resource->s, keys[i]);
        if (v.n)
            return v;
    }
    return STR_NULL;
}

struct metric {
    struct str name, unit, host;
    bool counter;
};

static int put(struct metric_gather *g, const struct metric *m, struct point *p, uint64_t time_ns) {
    p->s.name = m->name;
    p->s.unit = m->unit;
    p->s.host = m->host;
    p->s.counter = m->counter;
    p->s.time_ns = time_ns && time_ns < INT64_MAX ? (int64_t) time_ns : TIME_NONE;
    return m->name.n ? metric_add(g, &p->s) : 0;
}

/* NumberDataPoint: 3 time, 4 double, 6 int, 7 attributes */
static int pb_point(struct metric_gather *g, const struct metric *m, struct str message) {
    struct point p = {0};
    struct pb_field f;
    struct str rest = message;
    uint64_t time = 0;
    bool there = false;
    int r = pb_labels(&p, message, 7);
    while (r >= 0 && (r = pb_next(&rest, &f)) > 0) {
        if (pb_is(&f, 3, PB_FIXED64)) {
            time = f.value;
        } else if (pb_is(&f, 4, PB_FIXED64)) {
            memcpy(&p.s.value, &f.value, sizeof p.s.value);
            there = true;
        } else if (pb_is(&f, 6, PB_FIXED64)) {
            p.s.value = (double) (int64_t) f.value;
            there = true;
        }
    }
    return r < 0 ? r : there ? put(g, m, &p, time) : 0;
}

/* Metric: 1 name, 3 unit, 5 gauge, 7 sum, each with 1 points; of a sum 3: only grows */
static int pb_metric(struct metric_gather *g, struct str host, struct str message) {
    struct metric m = {.host = host};
    struct pb_field f;
    struct str rest = message, data = STR_NULL;
    int r;
    while ((r = pb_next(&rest, &f)) > 0) {
        if (pb_is(&f, 1, PB_BYTES))
            m.name = f.bytes;
        else if (pb_is(&f, 3, PB_BYTES))
            m.unit = f.bytes;
        else if (pb_is(&f, 5, PB_BYTES) || pb_is(&f, 7, PB_BYTES))
            data = f.bytes;
    }
    for (rest = data; r >= 0 && (r = pb_next(&rest, &f)) > 0;)
        m.counter |= pb_is(&f, 3, PB_VARINT) && f.value;
    for (rest = data; r >= 0 && (r = pb_next(&rest, &f)) > 0;)
        if (pb_is(&f, 1, PB_BYTES))
            r = pb_point(g, &m, f.bytes);
    return r;
}

/* ResourceMetrics: 1 resource {1 attributes}, 2 ScopeMetrics {2 metrics} */
static int pb_resource(struct metric_gather *g, struct str message) {
    struct point resource = {0};
    struct pb_field f, metric;
    struct str rest = message;
    int r;
    while ((r = pb_next(&rest, &f)) > 0)
        if (pb_is(&f, 1, PB_BYTES) && (r = pb_labels(&resource, f.bytes, 1)) < 0)
            break;
    for (rest = message; r >= 0 && (r = pb_next(&rest, &f)) > 0;) {
        struct str metrics = pb_is(&f, 2, PB_BYTES) ? f.bytes : STR_NULL;
        while (r >= 0 && (r = pb_next(&metrics, &metric)) > 0)
            if (pb_is(&metric, 2, PB_BYTES))
                r = pb_metric(g, host_of(&resource), metric.bytes);
    }
    return r;
}

static void js_labels(struct point *p, const struct json_value *list) {
    int r = 0;
    EACH(e, list) {
        struct str key;
        const struct json_value *v = e->type == JSON_OBJECT ? json_get(e, "value") : NULL;
        const struct json_value *m = v && v->type == JSON_OBJECT ? v->first : NULL;
        if (m && json_get_str(e, "key", &key) && (m->type == JSON_STRING || m->type == JSON_NUMBER))
            add_label(p, key, m->text);
    }
}

static int js_point(struct metric_gather *g, const struct metric *m, const struct json_value *v) {
    struct point p = {0};
    const struct json_value *value = json_get(v, "asDouble"), *time = json_get(v, "timeUnixNano");
    uint64_t t = 0;
    if (!value)
        value = json_get(v, "asInt"); /* 64 bits travel as text */
    if (!value || str_to_double(value->text, &p.s.value) < 0)
        return 0;
    if (time && str_to_u64(time->text, &t) < 0)
        t = 0;
    js_labels(&p, json_get_array(v, "attributes"));
    return put(g, m, &p, t);
}

static int js_metric(struct metric_gather *g, struct str host, const struct json_value *v) {
    struct metric m = {.host = host};
    const struct json_value *data = json_get_object(v, "gauge");
    int r = 0;
    if (!data && (data = json_get_object(v, "sum")))
        (void) json_get_bool(data, "isMonotonic", &m.counter);
    (void) json_get_str(v, "name", &m.name);
    (void) json_get_str(v, "unit", &m.unit);
    const struct json_value *points = data ? json_get_array(data, "dataPoints") : NULL;
    EACH(p, points)
        r = p->type == JSON_OBJECT ? js_point(g, &m, p) : 0;
    return r;
}

static int js_resource(struct metric_gather *g, const struct json_value *v) {
    struct point resource = {0};
    const struct json_value *about = json_get_object(v, "resource"), *scopes = json_get_array(v, "scopeMetrics");
    int r = 0;
    if (about)
        js_labels(&resource, json_get_array(about, "attributes"));
    EACH(s, scopes) {
        const struct json_value *metrics = s->type == JSON_OBJECT ? json_get_array(s, "metrics") : NULL;
        EACH(m, metrics)
            r = m->type == JSON_OBJECT ? js_metric(g, host_of(&resource), m) : 0;
    }
    return r;
}

int metric_otlp(struct metric_gather *g, struct str body, bool json, metric_line_fn *fn, void *ctx, struct diag *reterr) {
    struct json_value *root = NULL;
    struct pb_field f;
    struct arena a;
    int r = 0;
    metric_begin(g, METRIC_OTLP, true, fn, ctx);
    arena_init(&a, TREE_BYTES);
    if (json) {
        r = json_parse(&a, body, &root, reterr);
        const struct json_value *list = r == 0 && root->type == JSON_OBJECT ? json_get_array(root, "resourceMetrics") : NULL;
        EACH(v, list)
            r = v->type == JSON_OBJECT ? js_resource(g, v) : 0;
    } else {
        while ((r = pb_next(&body, &f)) > 0)
            if (pb_is(&f, 1, PB_BYTES) && (r = pb_resource(g, f.bytes)) < 0)
                break;
        if (r == -ERR_PARSE)
            r = diag_set(reterr, r, "not a message of opentelemetry.proto.collector.metrics.v1");
    }
    arena_done(&a);
    return r < 0 ? r : metric_end(g);
}
