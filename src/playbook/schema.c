/* The JSON Schema (2020-12) of playbooks in our own form, made of the tables readers and writers go by (class.h). Where steps lead and who is
 * named is not a schema's business: playbook_read says that. */
#include "playbook/playbook_priv.h"

enum { CLASSES_MAX = 32 };
struct classes { /* met so far, each written once */
    const struct pb_class *at[CLASSES_MAX];
    size_t n;
};

static void begin(struct jsonw *w, const char *key) {
    if (key)
        jsonw_key(w, str_of(key));
    jsonw_object(w);
}

static size_t place_of(struct classes *all, const struct pb_class *c) {
    size_t i = 0;
    while (i < all->n && all->at[i] != c)
        i++;
    if (i == all->n) {
        ASSERT(i < CLASSES_MAX);
        all->at[all->n++] = c;
    }
    return i;
}

static void refers(struct jsonw *w, struct classes *all, const struct pb_class *c) {
    char text[32];
    snprintf(text, sizeof text, "#/$defs/c%zu", place_of(all, c));
    jsonw_kz(w, "$ref", text);
}

/* One value of a field. */
static void of_value(struct jsonw *w, struct classes *all, const struct pb_field *f) {
    static const struct {
        const char *type, *pattern;
    } shapes[] = {
        [PB_INT] = {"integer", NULL},
        [PB_BOOL] = {"boolean", NULL},
        [PB_TIME] = {"string", "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$"},
        [PB_CACAO_ID] = {"string", "^[a-z][a-z0-9-]+--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"},
        [PB_DURATION] = {"string", "^[0-9]{1,14}(ms|[smhdwMy])$"},
        [PB_OBJECT] = {NULL, NULL},
    };
    if (f->type == PB_OBJECT)
        refers(w, all, f->of);
    if (f->type == PB_OBJECT || f->type == PB_ANY)
        return;
    if (f->type < ARRAY_SIZE(shapes) && shapes[f->type].type) {
        jsonw_kz(w, "type", shapes[f->type].type);
        if (shapes[f->type].pattern)
            jsonw_kz(w, "pattern", shapes[f->type].pattern);
    } else {
        jsonw_key(w, STR("type")); /* a text; YAML makes a number or a truth of some */
        jsonw_array(w);
        jsonw_str(w, STR("string"));
        jsonw_str(w, STR("number"));
        jsonw_str(w, STR("boolean"));
        if (f->type == PB_TEXT_OR_NULL)
            jsonw_str(w, STR("null"));
        jsonw_end(w);
    }
    if (f->type == PB_INT) {
        jsonw_ki64(w, "minimum", f->many == PB_ONE ? f->min : 0);
        jsonw_ki64(w, "maximum", f->max);
    }
    for (size_t i = 0; f->words && f->words[i]; i++) {
        if (!i) {
            jsonw_key(w, STR("enum"));
            jsonw_array(w);
        }
        jsonw_str(w, str_of(f->words[i]));
        if (!f->words[i + 1])
            jsonw_end(w);
    }
}

static void of_field(struct jsonw *w, struct classes *all, const struct pb_field *f) {
    bool mapping = f->many == PB_DICT && (f->free_key || f->type != PB_OBJECT);
    begin(w, f->ours);
    if (f->many == PB_ONE) {
        of_value(w, all, f);
    } else {
        jsonw_kz(w, "type", mapping ? "object" : "array");
        if (f->min > 0 && f->type != PB_INT)
            jsonw_ki64(w, mapping ? "minProperties" : "minItems", f->min);
        begin(w, mapping ? "additionalProperties" : "items");
        of_value(w, all, f);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void needed(struct jsonw *w, const struct pb_class *c, int type) {
    jsonw_key(w, STR("required"));
    jsonw_array(w);
    for (size_t i = 0; i < c->n; i++)
        if (c->fields[i].ours && (type < 0 ? c->fields[i].need == ~0ull : (c->fields[i].need >> type & 1) != 0))
            jsonw_str(w, str_of(c->fields[i].ours));
    jsonw_end(w);
}

/* What one type of a class needs, and what is not meant for it. */
static void of_type(struct jsonw *w, const struct pb_class *c, const char *field, int type) {
    begin(w, NULL);
    begin(w, "if");
    begin(w, "properties");
    begin(w, field);
    jsonw_kz(w, "const", c->types[type]);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
    begin(w, "then");
    needed(w, c, type);
    begin(w, "properties");
    for (size_t i = 0; i < c->n; i++)
        if (c->fields[i].ours && c->fields[i].only && !(c->fields[i].only >> type & 1))
            jsonw_kbool(w, c->fields[i].ours, false);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
}

static void of_class(struct jsonw *w, struct classes *all, const struct pb_class *c) {
    const char *field = c == &pb_step_class ? "kind" : "type";
    bool typed = c->types && pb_field_ours(c, field) >= 0;
    jsonw_kz(w, "description", c->name);
    jsonw_kz(w, "type", "object");
    jsonw_kbool(w, "additionalProperties", false);
    needed(w, c, typed ? -1 : 0);
    begin(w, "properties");
    for (size_t i = 0; i < c->n; i++) {
        const struct pb_field *f = &c->fields[i];
        if (!f->ours || (typed && !c->open && strcmp(f->ours, field) == 0))
            continue;
        of_field(w, all, f);
    }
    if (typed && !c->open) {
        begin(w, field);
        jsonw_key(w, STR("enum"));
        jsonw_array(w);
        for (size_t i = 0; c->types[i]; i++)
            jsonw_str(w, str_of(c->types[i]));
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
    if (typed) {
        jsonw_key(w, STR("allOf"));
        jsonw_array(w);
        for (int i = 0; c->types[i]; i++)
            of_type(w, c, field, i);
        jsonw_end(w);
    }
}

int playbook_schema(struct buf *out) {
    struct jsonw w;
    struct classes all = {.n = 0};
    char name[32];
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    jsonw_kz(&w, "title", "playbook.yml: who does what");
    refers(&w, &all, &pb_playbook_class);
    begin(&w, "$defs");
    for (size_t i = 0; i < all.n; i++) { /* grows while classes are written */
        snprintf(name, sizeof name, "c%zu", i);
        begin(&w, name);
        of_class(&w, &all, all.at[i]);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_end(&w);
    return buf_error(out);
}
