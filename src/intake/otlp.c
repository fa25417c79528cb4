/* See otlp.h. After a failure the open line is left as it is (never ended): the next one begins anew. Both forms are walked the same way: resource first (it may stand behind its records), then the records;
 * a line is begun with what resource and scope say. */
#include "intake/otlp.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/time.h"
#include "intake/protobuf.h"

enum { DEPTH_MAX = 32, LINE_MAX_BYTES = 512 * 1024 };
#define TREE_BYTES_MAX ((size_t) 256 << 20) /* of a body of HTTP_INTAKE_BYTES_MAX: seven times its bytes */

/* ---- protobuf ---- */

static int pb_pairs(struct jsonw *w, struct str message, uint32_t number, unsigned depth);

/* AnyValue: 1 string, 2 bool, 3 int, 4 double, 5 array, 6 list of pairs, 7 bytes. The last one set counts. */
static int pb_value(struct jsonw *w, struct str in, unsigned depth) {
    struct pb_field f, v = {0};
    struct str rest = in;
    double d;
    int r;
    if (depth > DEPTH_MAX)
        return -ERR_LIMIT;
    while ((r = pb_next(&rest, &f)) > 0)
        if (f.number <= 7)
            v = f;
    if (r < 0)
        return r;
    if (pb_is(&v, 1, PB_BYTES)) {
        jsonw_str(w, v.bytes);
    } else if (pb_is(&v, 2, PB_VARINT)) {
        jsonw_bool(w, v.value != 0);
    } else if (pb_is(&v, 3, PB_VARINT)) {
        jsonw_i64(w, (int64_t) v.value);
    } else if (pb_is(&v, 4, PB_FIXED64)) {
        memcpy(&d, &v.value, sizeof d);
        jsonw_double(w, d);
    } else if (pb_is(&v, 5, PB_BYTES)) {
        jsonw_array(w);
        while (r >= 0 && (r = pb_next(&v.bytes, &f)) > 0)
            if (pb_is(&f, 1, PB_BYTES))
                r = pb_value(w, f.bytes, depth + 1);
        if (r >= 0)
            jsonw_end(w);
    } else if (pb_is(&v, 6, PB_BYTES)) {
        jsonw_object(w);
        r = pb_pairs(w, v.bytes, 1, depth + 1);
        if (r >= 0)
            jsonw_end(w);
    } else if (pb_is(&v, 7, PB_BYTES)) {
        char hex[2 * 64 + 1];
        size_t n = MIN(v.bytes.n, (size_t) 64); /* longer ones are cut: nobody searches for them */
        hex_encode((const uint8_t *) v.bytes.p, n, hex);
        jsonw_str(w, str_n(hex, 2 * n));
    } else {
        jsonw_null(w);
    }
    return MIN(r, 0);
}

/* Every KeyValue (1 key, 2 value) with this number, as members of the open object. */
static int pb_pairs(struct jsonw *w, struct str message, uint32_t number, unsigned depth) {
    struct pb_field f, part;
    int r;
    while ((r = pb_next(&message, &f)) > 0) {
        struct str key = STR_NULL, value = STR_NULL;
        if (!pb_is(&f, number, PB_BYTES))
            continue;
        while ((r = pb_next(&f.bytes, &part)) > 0) {
            if (pb_is(&part, 1, PB_BYTES))
                key = part.bytes;
            else if (pb_is(&part, 2, PB_BYTES))
                value = part.bytes;
        }
        if (r < 0)
            return r;
        if (!key.n)
            continue;
        jsonw_key(w, key);
        if ((r = pb_value(w, value, depth)) < 0)
            return r;
    }
    return r;
}

struct lines {
    otlp_line_fn *fn;
    void *ctx;
    struct buf line;
    struct jsonw w;
    uint64_t refused;
};

static void begin_line(struct lines *l) {
    buf_clear(&l->line);
    jsonw_init(&l->w, &l->line);
    jsonw_object(&l->w);
}

/* A record that is too large or broken is counted, the others go on. */
static int end_line(struct lines *l, int r) {
    if (r < 0 || buf_error(&l->line)) {
        l->refused++;
        return 0;
    }
    jsonw_end(&l->w);
    return buf_error(&l->line) ? (l->refused++, 0) : l->fn(l->ctx, buf_str(&l->line));
}

static void put_time(struct jsonw *w, uint64_t ns, uint64_t observed_ns) {
    uint64_t t = ns ? ns : observed_ns;
    if (t && t < INT64_MAX)
        jsonw_ktime(w, "@timestamp", (int64_t) t);
}

static void put_hex(struct jsonw *w, const char *key, struct str id) {
    char hex[65];
    if (id.n == 0 || id.n > 32)
        return;
    hex_encode((const uint8_t *) id.p, id.n, hex);
    jsonw_kz(w, key, hex);
}

/* LogRecord: 1 time, 11 observed, 2 severity number, 3 severity text, 5 body, 6 attributes, 9 trace, 10 span. */
static int pb_record(struct lines *l, struct str resource, struct str scope, struct str record) {
    struct jsonw *w = &l->w;
    struct pb_field f;
    struct str rest = record, text = STR_NULL, body = STR_NULL, trace = STR_NULL, span = STR_NULL;
    uint64_t time = 0, observed = 0, severity = 0;
    int r;
    while ((r = pb_next(&rest, &f)) > 0) {
        if (pb_is(&f, 1, PB_FIXED64))
            time = f.value;
        else if (pb_is(&f, 11, PB_FIXED64))
            observed = f.value;
        else if (pb_is(&f, 2, PB_VARINT))
            severity = f.value;
        else if (pb_is(&f, 3, PB_BYTES))
            text = f.bytes;
        else if (pb_is(&f, 5, PB_BYTES))
            body = f.bytes;
        else if (pb_is(&f, 9, PB_BYTES))
            trace = f.bytes;
        else if (pb_is(&f, 10, PB_BYTES))
            span = f.bytes;
    }
    begin_line(l);
    put_time(w, time, observed);
    if (text.n)
        jsonw_kstr(w, "log.level", text);
    if (severity)
        jsonw_ku64(w, "otel.severity_number", severity);
    if (body.p) {
        struct str first = body;
        bool string = pb_next(&first, &f) > 0 && pb_is(&f, 1, PB_BYTES) && first.n == 0;
        jsonw_key(w, string ? STR("message") : STR("body"));
        if (r >= 0)
            r = pb_value(w, body, 0);
    }
    if (r >= 0) {
        put_hex(w, "trace.id", trace);
        put_hex(w, "span.id", span);
        r = pb_pairs(w, resource, 1, 0);
    }
    if (r >= 0)
        r = pb_pairs(w, record, 6, 0);
    for (rest = scope; r >= 0 && pb_next(&rest, &f) > 0;)
        if (pb_is(&f, 1, PB_BYTES) && f.bytes.n)
            jsonw_kstr(w, "otel.scope.name", f.bytes);
    return end_line(l, r);
}

/* The last field of this number, or nothing. */
static struct str pb_last(struct str message, uint32_t number) {
    struct pb_field f;
    struct str last = STR_NULL;
    while (pb_next(&message, &f) > 0)
        if (pb_is(&f, number, PB_BYTES))
            last = f.bytes;
    return last;
}

int otlp_protobuf(struct str in, otlp_line_fn *fn, void *ctx, uint64_t *ret_refused, struct diag *reterr) {
    struct lines l = {.fn = fn, .ctx = ctx};
    struct pb_field of_resource, of_scope, record;
    int r;
    buf_init(&l.line, LINE_MAX_BYTES);
    /* 1 ResourceLogs {1 resource, 2 ScopeLogs {1 scope, 2 records}} */
    while ((r = pb_next(&in, &of_resource)) > 0) {
        if (!pb_is(&of_resource, 1, PB_BYTES))
            continue;
        struct str scopes = of_resource.bytes, resource = pb_last(scopes, 1);
        while ((r = pb_next(&scopes, &of_scope)) > 0) {
            if (!pb_is(&of_scope, 2, PB_BYTES))
                continue;
            struct str records = of_scope.bytes, scope = pb_last(records, 1);
            while ((r = pb_next(&records, &record)) > 0)
                if (pb_is(&record, 2, PB_BYTES) && (r = pb_record(&l, resource, scope, record.bytes)) < 0)
                    break;
            if (r < 0)
                break;
        }
        if (r < 0)
            break;
    }
    buf_done(&l.line);
    *ret_refused = l.refused;
    return r == -ERR_PARSE ? diag_set(reterr, r, "not a message of opentelemetry.proto.collector.logs.v1") : MIN(r, 0);
}

/* ---- JSON ---- */

static int js_pairs(struct jsonw *w, const struct json_value *list, unsigned depth);

static int js_value(struct jsonw *w, const struct json_value *v, unsigned depth) {
    const struct json_value *m = v && v->type == JSON_OBJECT ? v->first : NULL;
    const struct json_value *list = m && m->type == JSON_OBJECT ? json_get_array(m, "values") : NULL;
    int64_t i;
    int r = 0;
    if (depth > DEPTH_MAX)
        return -ERR_LIMIT;
    if (!m) {
        jsonw_null(w);
    } else if (str_eq_z(m->key, "arrayValue") && list) {
        jsonw_array(w);
        for (const struct json_value *e = list->first; r == 0 && e; e = e->next)
            r = js_value(w, e, depth + 1);
        if (r >= 0)
            jsonw_end(w);
    } else if (str_eq_z(m->key, "kvlistValue") && list) {
        jsonw_object(w);
        r = js_pairs(w, list, depth + 1);
        if (r >= 0)
            jsonw_end(w);
    } else if (m->type == JSON_STRING && str_eq_z(m->key, "intValue") && str_to_i64(m->text, &i) == 0) {
        jsonw_i64(w, i); /* 64 bits travel as text */
    } else if (m->type == JSON_STRING) {
        jsonw_str(w, m->text);
    } else if (m->type == JSON_NUMBER) {
        jsonw_raw(w, m->text);
    } else if (m->type == JSON_TRUE || m->type == JSON_FALSE) {
        jsonw_bool(w, m->type == JSON_TRUE);
    } else {
        jsonw_null(w);
    }
    return r;
}

static int js_pairs(struct jsonw *w, const struct json_value *list, unsigned depth) {
    struct str key;
    int r = 0;
    for (const struct json_value *e = list ? list->first : NULL; r == 0 && e; e = e->next) {
        if (e->type != JSON_OBJECT || !json_get_str(e, "key", &key) || !key.n)
            continue;
        jsonw_key(w, key);
        r = js_value(w, json_get(e, "value"), depth);
    }
    return r;
}

static uint64_t js_time(const struct json_value *record, const char *key) {
    const struct json_value *v = json_get(record, key);
    uint64_t t;
    return v && (v->type == JSON_STRING || v->type == JSON_NUMBER) && str_to_u64(v->text, &t) == 0 ? t : 0;
}

static int js_record(struct lines *l, const struct json_value *resource, const struct json_value *scope,
                     const struct json_value *record) {
    struct jsonw *w = &l->w;
    struct str s;
    int64_t n;
    int r = 0;
    const struct json_value *body = json_get_object(record, "body");
    begin_line(l);
    put_time(w, js_time(record, "timeUnixNano"), js_time(record, "observedTimeUnixNano"));
    if (json_get_str(record, "severityText", &s) && s.n)
        jsonw_kstr(w, "log.level", s);
    if (json_get_i64(record, "severityNumber", &n) && n)
        jsonw_ki64(w, "otel.severity_number", n);
    if (body) {
        jsonw_key(w, json_get_str(body, "stringValue", &s) ? STR("message") : STR("body"));
        r = js_value(w, body, 0);
    }
    if (r == 0 && json_get_str(record, "traceId", &s) && s.n)
        jsonw_kstr(w, "trace.id", s);
    if (r == 0 && json_get_str(record, "spanId", &s) && s.n)
        jsonw_kstr(w, "span.id", s);
    if (r == 0 && resource)
        r = js_pairs(w, json_get_array(resource, "attributes"), 0);
    if (r == 0)
        r = js_pairs(w, json_get_array(record, "attributes"), 0);
    if (r == 0 && scope && json_get_str(scope, "name", &s) && s.n)
        jsonw_kstr(w, "otel.scope.name", s);
    return end_line(l, r);
}

#define EACH(it, list) for (const struct json_value *it = (list) ? (list)->first : NULL; r >= 0 && it; it = it->next)

int otlp_json(struct str in, otlp_line_fn *fn, void *ctx, uint64_t *ret_refused, struct diag *reterr) {
    struct lines l = {.fn = fn, .ctx = ctx};
    struct json_value *root;
    struct arena a;
    arena_init(&a, TREE_BYTES_MAX);
    buf_init(&l.line, LINE_MAX_BYTES);
    int r = json_parse(&a, in, &root, reterr);
    const struct json_value *resources = r == 0 ? json_get_array(root, "resourceLogs") : NULL;
    EACH(rl, resources) {
        const struct json_value *scopes = json_get_array(rl, "scopeLogs");
        EACH(sl, scopes) {
            const struct json_value *records = json_get_array(sl, "logRecords");
            EACH(record, records)
                r = js_record(&l, json_get_object(rl, "resource"), json_get_object(sl, "scope"), record);
        }
    }
    buf_done(&l.line);
    arena_done(&a);
    *ret_refused = l.refused;
    return r;
}
