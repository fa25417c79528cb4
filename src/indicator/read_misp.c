/* Events of MISP as its export and REST interface write them: {"Event": …}, {"response": [{"Event": …}…]}, or a list of
 * those. Attributes of the event and of its objects; those with to_ids false or deleted are not meant for detection. */
#include "base/limits.h"
#include "indicator/read_priv.h"

static struct str text_of(const struct json_value *o, const char *key) {
    struct str s = STR("");
    (void) json_get_str(o, key, &s);
    return s;
}

static const struct json_value *event_of(const struct json_value *v) {
    const struct json_value *e = v->type == JSON_OBJECT ? json_get_object(v, "Event") : NULL;
    return e ? e : v->type == JSON_OBJECT && (json_get_array(v, "Attribute") || json_get_array(v, "Object")) ? v : NULL;
}

bool read_misp_is(const struct json_value *doc) {
    const struct json_value *list = doc->type == JSON_ARRAY ? doc : doc->type == JSON_OBJECT ? json_get_array(doc, "response") : NULL;
    return event_of(doc) || (list && list->first && event_of(list->first));
}

/* Which parts of "a|b" are values of which kind; 0 terminates. */
static const struct {
    const char *type;
    int kind;        /* of the value, or -1: any */
    int part;        /* of a value with '|': 0 the first, 1 the second, 2 both */
} types[] = {{"ip-src", -1, 0},          {"ip-dst", -1, 0},          {"ip-src|port", -1, 0},     {"ip-dst|port", -1, 0},
             {"domain", -1, 0},          {"hostname", -1, 0},        {"hostname|port", -1, 0},   {"domain|ip", -1, 2},
             {"url", -1, 0},             {"uri", -1, 0},             {"link", -3, 0},            {"email", -1, 0},
             {"email-src", -1, 0},       {"email-dst", -1, 0},       {"email-reply-to", -1, 0},  {"md5", INDICATOR_MD5, 0},
             {"sha1", INDICATOR_SHA1, 0}, {"sha256", INDICATOR_SHA256, 0}, {"sha512", INDICATOR_SHA512, 0},
             {"filename|md5", INDICATOR_MD5, 1}, {"filename|sha1", INDICATOR_SHA1, 1},
             {"filename|sha256", INDICATOR_SHA256, 1}, {"filename|sha512", INDICATOR_SHA512, 1},
             {"malware-sample", INDICATOR_MD5, 1}};

static int tlp_of(const struct json_value *o) {
    const struct json_value *tags = json_get_array(o, "Tag");
    int strictest = -1;
    for (const struct json_value *t = tags ? tags->first : NULL; t; t = t->next) {
        struct str name = t->type == JSON_OBJECT ? text_of(t, "name") : STR("");
        if (name.n > 4 && str_eq_icase(str_to(name, 4), STR("tlp:")))
            strictest = MAX(strictest, indicator_tlp_from_string(name));
    }
    return strictest;
}

static bool flag(const struct json_value *o, const char *key, bool otherwise) {
    bool b;
    struct str s;
    int64_t n;
    if (json_get_bool(o, key, &b))
        return b;
    if (json_get_i64(o, key, &n))
        return n != 0;
    return json_get_str(o, key, &s) ? str_eq_z(s, "1") || str_eq_icase(s, STR("true")) : otherwise;
}

static int64_t time_of(const struct json_value *o, const char *key) {
    const struct json_value *v = json_get(o, key);
    return v && (v->type == JSON_STRING || v->type == JSON_NUMBER) ? reading_time(v->text) : TIME_NONE;
}

static struct indicator draft_of(struct reading *r, const struct json_value *event) {
    struct indicator x = reading_draft(r);
    const struct json_value *org = json_get_object(event, "Orgc");
    int tlp = tlp_of(event);
    if (org && text_of(org, "name").n)
        x.source = text_of(org, "name");
    if (tlp >= 0)
        x.tlp = (enum indicator_tlp) tlp;
    x.note = text_of(event, "info");
    return x;
}

static int take_parts(struct reading *r, const struct indicator *x, struct str value, int kind, int part) {
    ptrdiff_t bar = str_find_byte(value, '|', 0);
    struct str first = bar >= 0 ? str_to(value, (size_t) bar) : value, second = bar >= 0 ? str_from(value, (size_t) bar + 1) : STR("");
    int e = 0;
    if (part != 1)
        e = reading_take(r, x, first, kind, 0);
    if (e >= 0 && part > 0 && second.n)
        e = reading_take(r, x, second, kind, 0);
    else if (e >= 0 && part == 1)
        e = reading_refuse(r, INDICATOR_UNREADABLE, value, "no hash behind the name of the file", 0);
    return MIN(e, 0);
}

static int take_attribute(struct reading *r, const struct indicator *event, const struct json_value *a) {
    struct str type = text_of(a, "type"), value = text_of(a, "value");
    struct indicator x = *event;
    if (a->type != JSON_OBJECT || !type.n || !value.n)
        return 0;
    int row = -1;
    for (size_t i = 0; row < 0 && i < ARRAY_SIZE(types); i++)
        if (str_eq_z(type, types[i].type))
            row = (int) i;
    if (flag(a, "deleted", false))
        return reading_refuse(r, INDICATOR_NOT_MEANT, value, "deleted", 0);
    if (row >= 0 && !flag(a, "to_ids", true))
        return reading_refuse(r, INDICATOR_NOT_MEANT, value, "to_ids", 0);
    if (row < 0 || types[row].kind == -3) {
        r->list->passed++; /* comments, file names, links: nothing that is looked for */
        return 0;
    }
    int tlp = tlp_of(a);
    if (tlp >= 0)
        x.tlp = MAX(x.tlp, (enum indicator_tlp) tlp);
    x.id = text_of(a, "uuid");
    if (text_of(a, "comment").n)
        x.note = event->note.n ? arena_printf(&r->row, "%.*s: %.*s", STR_ARG(str_to(event->note, INDICATOR_NOTE_BYTES_MAX)),
                                              STR_ARG(str_to(text_of(a, "comment"), INDICATOR_NOTE_BYTES_MAX)))
                               : text_of(a, "comment");
    x.first_ns = time_of(a, "first_seen");
    x.last_ns = time_of(a, "last_seen");
    if (x.first_ns == TIME_NONE)
        x.first_ns = time_of(a, "timestamp");
    return take_parts(r, &x, value, types[row].kind, types[row].part);
}

static int take_list(struct reading *r, const struct indicator *event, const struct json_value *list) {
    int e = 0;
    for (const struct json_value *a = list ? list->first : NULL; a && e >= 0; a = a->next) {
        e = take_attribute(r, event, a);
        arena_reset(&r->row);
    }
    return e;
}

static int take_event(struct reading *r, const struct json_value *event) {
    struct indicator x = draft_of(r, event);
    const struct json_value *objects = json_get_array(event, "Object");
    int e = take_list(r, &x, json_get_array(event, "Attribute"));
    for (const struct json_value *o = objects ? objects->first : NULL; o && e >= 0; o = o->next)
        if (o->type == JSON_OBJECT)
            e = take_list(r, &x, json_get_array(o, "Attribute"));
    return e;
}

int read_misp(struct reading *r, const struct json_value *doc) {
    const struct json_value *event = event_of(doc);
    const struct json_value *list = doc->type == JSON_ARRAY ? doc : doc->type == JSON_OBJECT ? json_get_array(doc, "response") : NULL;
    if (event)
        return take_event(r, event);
    if (!list)
        return diag_set(r->err, -ERR_PARSE, "an event of MISP is an object with Event in it");
    int e = 0;
    for (const struct json_value *v = list->first; v && e >= 0; v = v->next) {
        event = event_of(v);
        if (event)
            e = take_event(r, event);
        else
            r->list->passed++;
    }
    return e;
}
