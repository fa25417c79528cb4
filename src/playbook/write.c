/* Objects as trees in one of the two forms, by the rows of class.c, and trees as YAML and JSON. */
#include "playbook/playbook_priv.h"

#include "base/yaml_json.h"
#include "base/yaml_write.h"

struct yaml_node *pb_node(struct arena *a, enum yaml_kind kind, struct str text, bool plain) {
    struct yaml_node *n = arena_zalloc(a, sizeof *n);
    if (n)
        *n = (struct yaml_node){.kind = kind, .text = text, .plain = plain};
    return n;
}

int pb_node_put(struct arena *a, struct yaml_node *map, struct str key, const struct yaml_node *v) {
    struct yaml_node **last = &map->first, *copy = v ? pb_node(a, v->kind, v->text, v->plain) : NULL;
    if (!copy)
        return -ENOMEM;
    *copy = *v; /* the same value may stand in two trees: its neighbours are another's */
    copy->next = NULL;
    copy->key = key.p ? pb_node(a, YAML_SCALAR, key, false) : NULL;
    if (key.p && !copy->key)
        return -ENOMEM;
    while (*last)
        last = &(*last)->next;
    *last = copy;
    map->n++;
    return 0;
}

static struct yaml_node *duration(struct arena *a, int64_t ms, enum pb_form form) {
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    if (form == PB_CACAO)
        return pb_node(a, YAML_SCALAR, arena_printf(a, "%lld", (long long) ms), true);
    size_t u = ms == 0 ? 3 : 0;
    while (ms % units[u].ms)
        u++;
    return pb_node(a, YAML_SCALAR, arena_printf(a, "%lld%s", (long long) (ms / units[u].ms), units[u].unit), false);
}

static const struct yaml_node *value(struct arena *a, const struct pb_field *f, const struct pb_val *v, enum pb_form form) {
    switch (f->type) {
    case PB_OBJECT:
        return pb_tree(a, v->obj, form);
    case PB_ANY:
        return v->any; /* put copies its head */
    case PB_DURATION:
        return duration(a, v->num, form);
    case PB_INT:
        return pb_node(a, YAML_SCALAR, arena_printf(a, "%lld", (long long) v->num), true);
    case PB_BOOL:
        return pb_node(a, YAML_SCALAR, v->num ? STR("true") : STR("false"), true);
    default:
        return v->null ? pb_node(a, YAML_SCALAR, STR("null"), true) : pb_node(a, YAML_SCALAR, v->text, false);
    }
}

/* The key under which CACAO keeps a defined object. */
static struct str key_of(const struct pb_field *f, const struct pb_val *v) {
    return f->free_key || f->type != PB_OBJECT ? v->key : pb_str(v->obj, "cacao");
}

static struct yaml_node *many(struct arena *a, const struct pb_field *f, const struct pb_slot *s, enum pb_form form) {
    bool mapping = f->many == PB_DICT && (form == PB_CACAO || f->free_key || f->type != PB_OBJECT);
    struct yaml_node *all = pb_node(a, mapping ? YAML_MAPPING : YAML_SEQUENCE, STR_NULL, false);
    for (const struct pb_val *v = s->first; all && v; v = v->next)
        if (pb_node_put(a, all, mapping ? key_of(f, v) : STR_NULL, value(a, f, v, form)) < 0)
            return NULL;
    return all;
}

/* A constant of CACAO's: an object's own id, or the one type of its class. */
static struct yaml_node *constant(struct arena *a, const struct pb_obj *o, const struct pb_field *f) {
    bool id = strcmp(f->cacao, "id") == 0;
    return pb_node(a, YAML_SCALAR, id ? pb_str(o, "cacao") : str_of(o->class->types[0]), false);
}

const char *pb_cacao_type(const struct pb_obj *o) {
    static const char *const steps[] = {[PB_TOGETHER] = "parallel", [PB_REPEAT] = "while-condition",
                                        [PB_PLAYBOOK] = "playbook-action", [PB_START] = "start", [PB_END] = "end"};
    if (o->class != &pb_step_class)
        return o->type < 0 ? "agent" : o->class->types[o->type];
    if (o->type >= PB_TOGETHER)
        return steps[o->type];
    return !pb_branches(o) ? "action" : pb_has(o, "condition") ? "if-condition" : "switch-condition";
}

struct yaml_node *pb_tree(struct arena *a, const struct pb_obj *o, enum pb_form form) {
    struct yaml_node *map = pb_node(a, YAML_MAPPING, STR_NULL, false);
    int e = map ? 0 : -ENOMEM;
    if (e == 0 && form == PB_CACAO && o->class == &pb_step_class)
        e = pb_node_put(a, map, STR("type"), pb_node(a, YAML_SCALAR, str_of(pb_cacao_type(o)), false));
    if (e == 0 && form == PB_CACAO && o->class == &pb_playbook_class) {
        e = pb_node_put(a, map, STR("type"), pb_node(a, YAML_SCALAR, STR("playbook"), false));
        if (e == 0)
            e = pb_node_put(a, map, STR("spec_version"), pb_node(a, YAML_SCALAR, STR("cacao-2.0"), false));
    }
    for (size_t i = 0; e == 0 && i < o->class->n; i++) {
        const struct pb_field *f = &o->class->fields[i];
        const char *name = form == PB_OURS ? f->ours : f->cacao;
        const struct pb_slot *s = &o->slots[i];
        bool other = form == PB_CACAO && f->ours && strcmp(f->ours, "other") == 0;
        for (const struct pb_val *v = other ? s->first : NULL; e == 0 && v; v = v->next)
            e = pb_node_put(a, map, v->key, value(a, f, v, form));
        if (!name || e < 0)
            continue;
        if (!f->ours)
            e = pb_node_put(a, map, str_of(name), constant(a, o, f));
        else if (s->set)
            e = pb_node_put(a, map, str_of(name), f->many == PB_ONE ? value(a, f, s->first, form) : many(a, f, s, form));
    }
    return e < 0 ? NULL : map;
}
