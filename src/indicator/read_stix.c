/* STIX 2.1 bundles: objects of type indicator with a pattern of single values. Markings are resolved by their ids, TLP 1
 * and 2 (the ids are the standard's own); publishers by created_by_ref. What else a bundle holds is counted. */
#include "base/limits.h"
#include "base/map.h"
#include "indicator/read_priv.h"
#include "indicator/stix_pattern.h"

enum { OBJECTS_MAX = INDICATORS_MAX };

/* The definitions of TLP in STIX 2.1 (TLP 1) and of OASIS' common objects (TLP 2). */
static const struct {
    const char *id;
    enum indicator_tlp tlp;
} markings[] = {{"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", INDICATOR_TLP_CLEAR},
                {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", INDICATOR_TLP_GREEN},
                {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", INDICATOR_TLP_AMBER},
                {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", INDICATOR_TLP_RED},
                {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", INDICATOR_TLP_CLEAR},
                {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", INDICATOR_TLP_GREEN},
                {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", INDICATOR_TLP_AMBER},
                {"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", INDICATOR_TLP_AMBER_STRICT},
                {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", INDICATOR_TLP_RED}};

struct bundle {
    struct reading *r;
    struct map by_id; /* identities and marking definitions */
};

static struct str text_of(const struct json_value *o, const char *key) {
    struct str s = STR("");
    (void) json_get_str(o, key, &s);
    return s;
}

/* -1: no label of TLP. */
static int label_of(const struct bundle *b, struct str id) {
    for (size_t i = 0; i < ARRAY_SIZE(markings); i++)
        if (str_eq_z(id, markings[i].id))
            return (int) markings[i].tlp;
    const struct json_value *m = map_get(&b->by_id, id);
    const struct json_value *d = m ? json_get_object(m, "definition") : NULL;
    struct str name = m ? text_of(m, "name") : STR(""), tlp = d ? text_of(d, "tlp") : STR("");
    return tlp.n ? indicator_tlp_from_string(tlp) : name.n ? indicator_tlp_from_string(name) : -1;
}

static void read_markings(const struct bundle *b, const struct json_value *o, struct indicator *x) {
    const struct json_value *refs = json_get_array(o, "object_marking_refs");
    int strictest = -1;
    for (const struct json_value *v = refs ? refs->first : NULL; v; v = v->next)
        if (v->type == JSON_STRING)
            strictest = MAX(strictest, label_of(b, v->text));
    if (strictest >= 0)
        x->tlp = (enum indicator_tlp) strictest;
}

static struct str words(struct arena *a, struct str name, struct str description) {
    if (!name.n || !description.n || str_eq(name, description))
        return name.n ? name : description;
    return arena_printf(a, "%.*s: %.*s", STR_ARG(str_to(name, INDICATOR_NOTE_BYTES_MAX)), STR_ARG(str_to(description, INDICATOR_NOTE_BYTES_MAX)));
}

static struct indicator draft_of(const struct bundle *b, const struct json_value *o) {
    struct indicator x = reading_draft(b->r);
    const struct json_value *by = map_get(&b->by_id, text_of(o, "created_by_ref"));
    int64_t n;
    x.id = text_of(o, "id");
    if (by && text_of(by, "name").n)
        x.source = text_of(by, "name");
    x.note = words(&b->r->arena, text_of(o, "name"), text_of(o, "description"));
    if (json_get_i64(o, "confidence", &n) && n >= 0 && n <= 100)
        x.confidence = (int) n;
    x.first_ns = reading_time(text_of(o, "valid_from"));
    int64_t until = reading_time(text_of(o, "valid_until"));
    x.valid_until_ns = until != TIME_NONE ? until : x.valid_until_ns;
    read_markings(b, o, &x);
    return x;
}

static bool all_hashes(const struct stix_all *t) {
    for (unsigned i = 0; i < t->n; i++)
        if (t->terms[i].lacks || t->terms[i].kind < INDICATOR_MD5)
            return false;
    return true;
}

/* Values that must be there together get a number; where one of them is refused none is left. */
static int take_together(struct reading *r, struct indicator *x, const struct stix_all *t) {
    size_t from = r->list->n;
    if (t->n > INDICATOR_GROUP_MAX)
        return reading_refuse(r, INDICATOR_UNREADABLE, t->terms[0].value, "more values are to be there together than are looked for", 0);
    x->group = ++r->list->groups;
    for (unsigned i = 0; i < t->n; i++) {
        int e = reading_take(r, x, t->terms[i].value, t->terms[i].kind, 0);
        if (e <= 0) {
            r->list->n = from;
            return e;
        }
    }
    return 0;
}

static int take_alternative(struct reading *r, const struct indicator *like, const struct stix_all *t) {
    struct indicator x = *like;
    for (unsigned i = 0; i < t->n; i++)
        if (t->terms[i].lacks)
            return reading_refuse(r, INDICATOR_UNREADABLE, t->terms[i].value, t->terms[i].lacks, 0);
    if (t->n > 1 && !all_hashes(t))
        return take_together(r, &x, t);
    /* Several hashes are several names of one file: logs have one of them. */
    for (unsigned i = 0; i < t->n; i++) {
        int e = reading_take(r, &x, t->terms[i].value, t->terms[i].kind, 0);
        if (e < 0)
            return e;
    }
    return 0;
}

static int take_indicator(const struct bundle *b, const struct json_value *o) {
    struct reading *r = b->r;
    struct str pattern = text_of(o, "pattern"), type = text_of(o, "pattern_type");
    struct stix_pattern p;
    struct diag why = {0};
    bool revoked = false;
    (void) json_get_bool(o, "revoked", &revoked);
    if (revoked)
        return reading_refuse(r, INDICATOR_NOT_MEANT, pattern.n ? pattern : text_of(o, "id"), "revoked", 0);
    if (type.n && !str_eq_z(type, "stix"))
        return reading_refuse(r, INDICATOR_UNREADABLE, text_of(o, "id"), "a pattern in another language than STIX (pattern_type)", 0);
    int e = stix_pattern_parse(&r->row, pattern, &p, &why);
    if (e == -ENOMEM)
        return e;
    if (e < 0) {
        char text[700];
        snprintf(text, sizeof text, why.column ? "%.500s (character %u)" : "%.500s", why.text, why.column);
        return reading_refuse(r, INDICATOR_UNREADABLE, pattern.n ? pattern : text_of(o, "id"), text, 0);
    }
    struct indicator x = draft_of(b, o);
    for (unsigned i = 0; i < p.n && e >= 0; i++)
        e = take_alternative(r, &x, &p.any[i]);
    return MIN(e, 0);
}

static int each(struct bundle *b, const struct json_value *objects, bool indicators) {
    int e = 0;
    for (const struct json_value *o = objects->first; o && e >= 0; o = o->next) {
        struct str type = text_of(o, "type");
        bool named = str_eq_z(type, "identity") || str_eq_z(type, "marking-definition");
        if (!indicators && named)
            e = map_put(&b->by_id, text_of(o, "id"), (void *) (uintptr_t) o);
        if (indicators && str_eq_z(type, "indicator"))
            e = take_indicator(b, o);
        else if (indicators && !named)
            b->r->list->passed++;
        arena_reset(&b->r->row);
    }
    return e;
}

int read_stix(struct reading *r, const struct json_value *doc) {
    struct bundle b = {.r = r};
    const struct json_value *objects = doc->type == JSON_ARRAY ? doc : json_get_array(doc, "objects");
    map_init(&b.by_id, OBJECTS_MAX, 0);
    int e = 0;
    if (objects) {
        e = each(&b, objects, false);
        if (e >= 0)
            e = each(&b, objects, true);
    } else if (doc->type == JSON_OBJECT && str_eq_z(text_of(doc, "type"), "indicator")) {
        e = take_indicator(&b, doc);
    } else {
        e = diag_set(r->err, -ERR_PARSE, "a STIX bundle has a list of objects");
    }
    map_done(&b.by_id);
    return MIN(e, 0);
}
