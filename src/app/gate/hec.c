/* Splunk's HTTP event collector: one JSON object behind the other, or raw lines.
 *
 * An event that is a string is a log line: it is kept as the line it was. An event that is an object is kept with its
 * members as they stand; what the envelope says of it goes in front: time as @timestamp, host as host.name, source,
 * sourcetype and index as splunk.*, fields as labels.
 *
 * Acknowledgement: the answer itself is given only when everything is on disk, so an ackId is true from the moment it is
 * told. Ids count by channel; those of a gate that died are not known, and their senders send again. */
#include "app/gate/http.h"
#include "base/json.h"
#include "base/mem.h"

enum { CHANNELS_MAX = 4096, CHANNEL_BYTES_MAX = 64, ACKS_MAX = 10000, EVENT_TREE_BYTES_MAX = 8 << 20,
       EVENT_BYTES_MAX = 512 * 1024 };

struct channels {
    struct map next; /* channel -> the next ackId */
};

static int answer(struct request *r, int status, int code, const char *text) {
    buf_clear(&r->out);
    buf_printf(&r->out, "{\"text\":\"%s\",\"code\":%d}", text, code);
    return status;
}

static const char *channel_of(const struct request *r) {
    const char *c = request_header(r, "X-Splunk-Request-Channel");
    if (!c)
        c = request_query(r, "channel");
    return c && c[0] && strlen(c) <= CHANNEL_BYTES_MAX ? c : NULL;
}

/* The counter of a channel; when there are too many, all are forgotten: their senders send again. */
static uint64_t *counter_of(struct request *r, const char *channel, bool make) {
    struct channels *c = r->h->channels;
    union map_value *v;
    bool fresh;
    if (!c) {
        if (!make || !(c = r->h->channels = mem_zalloc(sizeof *c)))
            return NULL;
        map_init(&c->next, CHANNELS_MAX, 0);
    }
    char key[TOKEN_NAME_MAX + CHANNEL_BYTES_MAX + 32 + GATE_ADDRESS_CAP];
    int n = snprintf(key, sizeof key, "%s %s", r->who, channel);
    v = map_find(&c->next, str_n(key, (size_t) n));
    if (v || !make)
        return v ? &v->num : NULL;
    if (c->next.n >= CHANNELS_MAX)
        map_clear(&c->next);
    return map_add(&c->next, str_n(key, (size_t) n), &v, &fresh) < 0 ? NULL : (v->num = 0, &v->num);
}

static int success(struct request *r) {
    const char *channel = channel_of(r);
    uint64_t *next = channel ? counter_of(r, channel, true) : NULL;
    buf_clear(&r->out);
    buf_add_z(&r->out, "{\"text\":\"Success\",\"code\":0");
    if (next)
        buf_printf(&r->out, ",\"ackId\":%llu", (unsigned long long) (*next)++);
    buf_add_z(&r->out, "}");
    return 200;
}

static void put_member(struct jsonw *w, const struct json_value *envelope, const char *key, const char *as) {
    const struct json_value *v = json_get(envelope, key);
    if (v && v->type == JSON_STRING && v->text.n)
        jsonw_kstr(w, as, v->text);
    else if (v && v->type == JSON_NUMBER) {
        jsonw_key(w, str_of(as));
        jsonw_raw(w, v->text);
    }
}

static void put_fields(struct jsonw *w, const struct json_value *fields) {
    for (const struct json_value *f = fields ? fields->first : NULL; f; f = f->next)
        if (f->type == JSON_STRING && f->key.n && f->key.n < 200) {
            char key[256];
            snprintf(key, sizeof key, "labels.%.*s", STR_ARG(f->key));
            jsonw_kstr(w, key, f->text);
        }
}

/* raw: the object's bytes as they came. */
static int put_object(struct request *r, const struct json_value *envelope, struct str raw) {
    struct buf line;
    struct jsonw w;
    buf_init(&line, EVENT_BYTES_MAX);
    jsonw_init(&w, &line);
    jsonw_object(&w);
    put_member(&w, envelope, "time", "@timestamp");
    put_member(&w, envelope, "host", "host.name");
    put_member(&w, envelope, "source", "splunk.source");
    put_member(&w, envelope, "sourcetype", "splunk.sourcetype");
    put_member(&w, envelope, "index", "splunk.index");
    put_fields(&w, json_get_object(envelope, "fields"));
    struct str members = str_trim(str_n(raw.p + 1, raw.n - 2));
    if (members.n && line.n > 1)
        buf_add_byte(&line, ',');
    buf_add(&line, members);
    buf_add_byte(&line, '}');
    int e = buf_error(&line) ? -ERR_LIMIT : request_put(r, buf_str(&line));
    buf_done(&line);
    return e;
}

/* Where the value of the outermost member "event" lies. */
static struct str raw_event(struct str object) {
    size_t at = 1;
    for (;;) {
        struct str rest = str_from(object, at);
        size_t key = json_extent(rest);
        struct str name = str_trim(str_to(rest, key));
        at += key;
        ptrdiff_t colon = str_find_byte(object, ':', at);
        if (colon < 0 || key == 0)
            return STR_NULL;
        at = (size_t) colon + 1;
        size_t value = json_extent(str_from(object, at));
        if (str_eq_z(name, "\"event\""))
            return str_trim(str_to(str_from(object, at), value));
        at += value;
        while (at < object.n && strchr(" \t\r\n", object.p[at]))
            at++;
        if (at >= object.n || object.p[at++] != ',')
            return STR_NULL;
    }
}

static int put_event(struct request *r, struct arena *a, struct str object) {
    struct json_value *v;
    const struct json_value *event;
    arena_reset(a);
    if (json_parse(a, object, &v, NULL) < 0 || v->type != JSON_OBJECT)
        return answer(r, 400, 6, "Invalid data format");
    event = json_get(v, "event");
    if (!event || event->type == JSON_NULL)
        return answer(r, 400, 12, "Event field is required");
    if (event->type == JSON_STRING && event->text.n == 0)
        return answer(r, 400, 13, "Event field cannot be blank");
    if (event->type == JSON_STRING)
        return request_put(r, event->text);
    if (event->type == JSON_OBJECT) {
        struct str raw = raw_event(str_trim(object));
        if (raw.n >= 2 && raw.p[0] == '{')
            return put_object(r, v, raw);
    }
    return request_put(r, str_trim(object)); /* a number, a list: as it came */
}

int hec_event(struct request *r) {
    struct str rest = str_trim(buf_str(&r->body));
    struct arena a;
    unsigned n = 0;
    int e = rest.n ? 0 : answer(r, 400, 5, "No data");
    arena_init(&a, EVENT_TREE_BYTES_MAX);
    while (e == 0 && rest.n) {
        size_t extent = json_extent(rest);
        if (extent == 0)
            extent = rest.n;
        e = put_event(r, &a, str_to(rest, extent));
        rest = str_trim(str_from(rest, extent));
        n++;
    }
    arena_done(&a);
    if (e > 0 && n > 1 && r->out.n) { /* as Splunk does: what came before is kept */
        r->out.n--;
        buf_printf(&r->out, ",\"invalid-event-number\":%u}", n - 1);
    }
    return e ? e : success(r);
}

int hec_raw(struct request *r) {
    int e = request_put_lines(r);
    if (e < 0)
        return e;
    return r->batch ? success(r) : answer(r, 400, 5, "No data");
}

int hec_ack(struct request *r) {
    const char *channel = channel_of(r);
    const struct json_value *list;
    struct json_value *v;
    struct arena a;
    unsigned n = 0;
    if (!channel)
        return answer(r, 400, 10, "Data channel is missing");
    const uint64_t *next = counter_of(r, channel, false);
    arena_init(&a, EVENT_TREE_BYTES_MAX);
    if (json_parse(&a, buf_str(&r->body), &v, NULL) < 0 || !(list = json_get_array(v, "acks"))) {
        arena_done(&a);
        return answer(r, 400, 6, "Invalid data format");
    }
    buf_clear(&r->out);
    buf_add_z(&r->out, "{\"acks\":{");
    for (const struct json_value *e = list->first; e && n < ACKS_MAX; e = e->next) {
        uint64_t id;
        if (e->type != JSON_NUMBER || str_to_u64(e->text, &id) < 0)
            continue;
        buf_printf(&r->out, "%s\"%llu\":%s", n++ ? "," : "", (unsigned long long) id,
                   next && id < *next ? "true" : "false");
    }
    buf_add_z(&r->out, "}}");
    arena_done(&a);
    return 200;
}

int hec_health(struct request *r) {
    return up_state(r->h->g->up) == UP_FINE ? answer(r, 200, 17, "HEC is healthy")
                                            : answer(r, 503, 18, "HEC is unhealthy, queues are full");
}
