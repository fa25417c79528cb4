/* An event as one line of ECS NDJSON: for `kizuki decode`, explain and search. Not the hot path.
 *
 * Values of one name stand together as an array where the first of them stood. What we write
 * ourselves (times, original, position) stands once: a field of the same name from outside gets no
 * place beside it. */
#include "base/json.h"
#include "base/text.h"
#include "event/record.h"

static struct str name_of(const struct event *ev, const struct event_field *f) {
    return f->id ? event_names_get(ev->names, f->id) : f->name;
}

static bool written_by_us(struct str name) {
    static const char *const names[] = {"@timestamp", "event.created", "event.original",
                                        "kizuki.position"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_eq_z(name, names[i]))
            return true;
    return false;
}

static void write_value(struct jsonw *w, const struct event_field *f) {
    switch ((enum json_type) f->type) {
    case JSON_NULL:
        jsonw_null(w);
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        jsonw_bool(w, f->type == JSON_TRUE);
        return;
    case JSON_NUMBER:
        /* A decoder may call something a number that JSON would not, such as 007. */
        if (json_is_number(f->value))
            jsonw_raw(w, f->value);
        else
            jsonw_str(w, f->value);
        return;
    case JSON_ARRAY:
        jsonw_raw(w, STR("[]"));
        return;
    case JSON_OBJECT:
        jsonw_raw(w, STR("{}"));
        return;
    case JSON_STRING:
        break;
    }
    jsonw_str(w, f->value);
}

static bool same_name(const struct event_field *a, const struct event_field *b) {
    return a->id == b->id && (a->id || str_eq(a->name, b->name));
}

static uint32_t next_same(const struct event *ev, uint32_t i) {
    uint32_t k = i + 1;
    while (k < ev->n && !same_name(&ev->fields[k], &ev->fields[i]))
        k++;
    return k;
}

static void write_fields(struct jsonw *w, const struct event *ev) {
    uint8_t done[EVENT_FIELDS_MAX] = {0};
    ASSERT(ev->n <= EVENT_FIELDS_MAX);
    for (uint32_t i = 0; i < ev->n; i++) {
        struct str name = name_of(ev, &ev->fields[i]);
        if (done[i] || written_by_us(name))
            continue;
        uint32_t k = next_same(ev, i);
        jsonw_key(w, name);
        if (k == ev->n) {
            write_value(w, &ev->fields[i]);
            continue;
        }
        jsonw_array(w);
        write_value(w, &ev->fields[i]);
        for (; k < ev->n; k = next_same(ev, k)) {
            write_value(w, &ev->fields[k]);
            done[k] = 1;
        }
        jsonw_end(w);
    }
}

/* As many fraction digits as the instant has: 3, 6 or 9. */
static void write_time(struct jsonw *w, const char *key, int64_t t_ns) {
    char iso[TIME_ISO_CAP];
    int digits = t_ns % NS_PER_MS == 0 ? 3 : t_ns % NS_PER_US == 0 ? 6 : 9;
    if (t_ns != TIME_NONE)
        jsonw_kz(w, key, time_format_iso(t_ns, digits, iso));
}

static void write_position(struct jsonw *w, const struct event_pos *pos) {
    jsonw_key(w, STR("kizuki.position"));
    jsonw_object(w);
    if (pos->stream == 0) {
        jsonw_ku64(w, "spool", pos->n);
    } else {
        jsonw_ku64(w, "stream", pos->stream);
        jsonw_ku64(w, "line", pos->n);
    }
    jsonw_end(w);
}

/* The bytes stay in the spool; here they are made readable. */
static void write_original(struct jsonw *w, const struct event *ev) {
    enum text_encoding used;
    struct str s = event_get(ev, EVENT_F_EVENT_ORIGINAL); /* the decoder knows the encoding */
    if (!s.p)
        s = text_to_utf8(ev->arena, ev->raw->bytes, -1, &used);
    if (!s.p) {
        w->out->error = w->out->error ? w->out->error : -ENOMEM;
        s = STR("");
    }
    jsonw_kstr(w, "event.original", s);
}

void event_write_json(const struct event *ev, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    write_time(&w, "@timestamp", ev->timestamp_ns != TIME_NONE ? ev->timestamp_ns : ev->time_ns);
    write_time(&w, "event.created", ev->raw->arrival_ns);
    write_fields(&w, ev);
    write_original(&w, ev);
    write_position(&w, &ev->raw->pos);
    jsonw_end(&w);
}
