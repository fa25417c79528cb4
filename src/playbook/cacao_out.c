/* CACAO 2.0 written: on a copy, ids become UUIDs, what CACAO needs and we do not is made, what only we know goes into the extension.
 * See cacao.h. */
#include "playbook/cacao.h"

#include "base/time.h"
#include "base/yaml_json.h"

struct writer {
    struct arena *a;
    struct pb_obj *top;
    struct str book;         /* the playbook's CACAO id */
    struct yaml_node *ids;   /* CACAO id -> short id */
    struct diag *err;
};

struct str cacao_asks(struct arena *a, const struct pb_obj *step) {
    return arena_printf(a, "__%.*s__", STR_ARG(pb_str(step, "id")));
}

static int set_text(struct writer *w, struct pb_obj *o, const char *name, struct str text) {
    return text.p ? pb_set(w->a, o, name, (struct pb_val){.text = text}) : -ENOMEM;
}

static int put_text(struct writer *w, struct yaml_node *map, const char *key, struct str text) {
    return text.p ? pb_node_put(w->a, map, str_of(key), pb_node(w->a, YAML_SCALAR, text, false)) : -ENOMEM;
}

static int give_cacao_ids(struct writer *w, const char *list, const char *what) {
    int e = 0;
    for (const struct pb_val *v = pb_get(w->top, list)->first; e == 0 && v; v = v->next) {
        struct pb_obj *o = v->obj;
        if (!pb_has(o, "cacao"))
            e = set_text(w, o, "cacao", cacao_derive(w->a, w->book, pb_cacao_type(o), arena_printf(w->a, "%s:%.*s", what, STR_ARG(pb_str(o, "id")))));
        if (e == 0)
            e = pb_node_put(w->a, w->ids, pb_str(o, "cacao"), pb_node(w->a, YAML_SCALAR, pb_str(o, "id"), false));
    }
    return e;
}

static int add_step(struct writer *w, struct pb_obj *step) {
    return pb_add(w->a, w->top, "steps", (struct pb_val){.obj = step});
}

static struct pb_obj *made_step(struct writer *w, const char *kind, struct str name) {
    struct pb_obj *step = pb_new(w->a, &pb_step_class, kind);
    struct str id = cacao_derive(w->a, w->book, kind, name);
    if (!step || set_text(w, step, "kind", str_of(kind)) < 0 || set_text(w, step, "id", id) < 0 || set_text(w, step, "cacao", id) < 0)
        return NULL;
    return step;
}

/* ---- who and what, where nothing is said ---- */

static int give_agent(struct writer *w, struct pb_obj *step) {
    struct str lane = pb_has(step, "lane") ? pb_str(step, "lane") : STR("anyone");
    struct str id = cacao_derive(w->a, w->book, "group", arena_printf(w->a, "lane:%.*s", STR_ARG(lane)));
    bool there = false;
    for (const struct pb_val *v = pb_get(w->top, "agents")->first; v; v = v->next)
        there |= str_eq(pb_str(v->obj, "cacao"), id);
    int e = set_text(w, step, "who", id); /* its short id is the same */
    if (e < 0 || there)
        return e;
    struct pb_obj *group = pb_new(w->a, &pb_party_class, "group");
    if (!group || set_text(w, group, "id", id) < 0 || set_text(w, group, "cacao", id) < 0 || set_text(w, group, "type", STR("group")) < 0 ||
        set_text(w, group, "name", lane) < 0)
        return -ENOMEM;
    return pb_add(w->a, w->top, "agents", (struct pb_val){.obj = group});
}

static int give_command(struct writer *w, struct pb_obj *step, struct str text) {
    struct pb_obj *c = pb_new(w->a, &pb_command_class, "manual");
    if (!c || set_text(w, c, "type", STR("manual")) < 0 || set_text(w, c, "command", text) < 0)
        return -ENOMEM;
    return pb_add(w->a, step, "commands", (struct pb_val){.obj = c});
}

/* ---- steps ---- */

/* Fields that only we have, and the kind where CACAO's type and commands would say another. A question without cases is an action there, which has
 * no word for the variable its answer goes to. */
static int say_ours(struct writer *w, struct pb_obj *step) {
    struct yaml_node *x = pb_node(w->a, YAML_MAPPING, STR_NULL, false), *all = pb_tree(w->a, step, PB_OURS);
    bool doing = step->type < PB_TOGETHER && !pb_branches(step), manual = true;
    int e = x && all ? 0 : -ENOMEM;
    for (const struct pb_val *v = pb_get(step, "commands")->first; v; v = v->next)
        manual &= str_eq_z(pb_str(v->obj, "type"), "manual");
    if (e == 0 && doing && step->type != (manual ? PB_TASK : PB_ACTION))
        e = put_text(w, x, "kind", pb_str(step, "kind"));
    for (size_t i = 0; e == 0 && i < step->class->n; i++) {
        const struct pb_field *f = &step->class->fields[i];
        bool question = doing && strcmp(f->ours ? f->ours : "", "asks") == 0;
        const struct yaml_node *v = f->cacao && !question ? NULL : yaml_get(all, f->ours);
        if (v && strcmp(f->ours, "id") != 0 && strcmp(f->ours, "kind") != 0 && strcmp(f->ours, "cacao") != 0)
            e = pb_node_put(w->a, x, str_of(f->ours), v);
    }
    if (doing)
        pb_unset(step, "asks");
    return e < 0 || !x->first ? e : pb_add(w->a, step, "extensions", (struct pb_val){.key = STR(CACAO_EXTENSION), .any = x});
}

static int give_question(struct writer *w, struct pb_obj *step) {
    struct pb_obj *var = pb_new(w->a, pb_step_class.fields[pb_field_ours(&pb_step_class, "variables")].of, NULL);
    struct str asks = cacao_asks(w->a, step);
    if (!var || !asks.p || set_text(w, var, "type", STR("string")) < 0)
        return -ENOMEM;
    int e = set_text(w, step, "asks", asks);
    return e < 0 ? e : pb_add(w->a, step, "variables", (struct pb_val){.key = asks, .obj = var});
}

static int complete(struct writer *w, struct pb_obj *step) {
    struct str text = cacao_name(step);
    bool doing = step->type < PB_TOGETHER && !pb_branches(step);
    int e = say_ours(w, step);
    if (e == 0 && text.p && !pb_has(step, "name"))
        e = set_text(w, step, "name", text);
    if (e == 0 && doing && !pb_has(step, "who"))
        e = give_agent(w, step);
    if (e == 0 && doing && !pb_has(step, "commands"))
        e = give_command(w, step, text.p ? text : pb_str(step, "id"));
    if (e == 0 && pb_has(step, "cases") && !pb_has(step, "asks"))
        e = give_question(w, step);
    return e;
}

/* ---- ways ---- */

/* An end for each branch: CACAO 2.0 asks for that. A branch that is nothing but an end has one of its own. */
static struct str end_of(struct writer *w, const struct pb_obj *step, bool of_branch) {
    struct str name = of_branch ? arena_printf(w->a, "end-now:%.*s", STR_ARG(pb_str(step, "id")))
                                : arena_printf(w->a, "end:%.*s", STR_ARG(pb_branch_of(w->a, w->top, pb_str(step, "id"))));
    struct str id = cacao_derive(w->a, w->book, "end", name);
    for (const struct pb_val *v = pb_get(w->top, "steps")->first; v; v = v->next)
        if (str_eq(pb_str(v->obj, "cacao"), id))
            return id;
    struct pb_obj *end = made_step(w, "end", name);
    return end && add_step(w, end) == 0 ? id : STR_NULL;
}

static struct str target(struct writer *w, const struct pb_obj *o, const struct pb_field *f, struct str id) {
    static const char *const lists[] = {"agents", "targets"}, *const ways[] = {"next", "on_success", "on_failure"};
    const struct pb_obj *x = f->type == PB_STEP ? pb_step_of(w->top, id) : NULL;
    bool way = false;
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
        way |= strcmp(f->ours, ways[i]) == 0;
    if (f->type == PB_STEP && !x && str_eq(id, STR("end")))
        return end_of(w, o, !way);
    for (size_t i = 0; f->type == PB_PARTY && !x && i < ARRAY_SIZE(lists); i++)
        for (const struct pb_val *v = pb_get(w->top, lists[i])->first; v && !x; v = v->next)
            if (str_eq(pb_str(v->obj, "id"), id))
                x = v->obj;
    return x ? pb_str(x, "cacao") : STR_NULL;
}

/* Into a copy, so that branches are still found by the ids that steps have. */
static int translate(struct writer *w, struct pb_obj *o, struct pb_obj *into) {
    for (size_t i = 0; i < o->class->n; i++) {
        const struct pb_field *f = &o->class->fields[i];
        struct pb_val *to = into->slots[i].first;
        if (f->type != PB_STEP && f->type != PB_PARTY)
            continue;
        for (const struct pb_val *v = o->slots[i].first; v; v = v->next, to = to->next) {
            struct str id = target(w, o, f, v->text);
            if (!id.p)
                return diag_set(w->err, -ERR_PARSE, "step '%.*s' names '%.*s', which is not there", STR_ARG(pb_str(o, "id")),
                                (int) MIN(v->text.n, 60u), v->text.p);
            to->text = id;
        }
    }
    return 0;
}

static int translate_all(struct writer *w) {
    struct pb_obj *out = pb_copy(w->a, w->top);
    if (!out)
        return -ENOMEM;
    unsigned n = pb_get(w->top, "steps")->n; /* ends that are made meanwhile lead nowhere */
    const struct pb_val *from = pb_get(w->top, "steps")->first, *into = pb_get(out, "steps")->first;
    int e = pb_has(w->top, "start") || pb_has(w->top, "on_exception") ? translate(w, w->top, out) : 0;
    for (unsigned i = 0; e == 0 && i < n; i++, from = from->next, into = into->next)
        e = translate(w, from->obj, into->obj);
    for (; e == 0 && from; from = from->next)
        e = pb_add(w->a, out, "steps", (struct pb_val){.obj = from->obj});
    w->top = out;
    return e;
}

/* ---- the playbook ---- */

static int give_start(struct writer *w) {
    const struct pb_val *first = pb_get(w->top, "steps")->first;
    if (pb_has(w->top, "start"))
        return 0;
    if (first->obj->type == PB_START)
        return set_text(w, w->top, "start", pb_str(first->obj, "id"));
    struct pb_obj *start = made_step(w, "start", STR("start"));
    if (!start || set_text(w, start, "next", pb_str(first->obj, "id")) < 0 || add_step(w, start) < 0)
        return -ENOMEM;
    return set_text(w, w->top, "start", pb_str(start, "id"));
}

static int say_ours_of_playbook(struct writer *w, bool undated) {
    struct yaml_node *x = pb_node(w->a, YAML_MAPPING, STR_NULL, false);
    int e = x ? put_text(w, x, "id", pb_str(w->top, "id")) : -ENOMEM;
    if (e == 0 && pb_has(w->top, "title"))
        e = pb_node_put(w->a, x, STR("title"), pb_tree(w->a, pb_get(w->top, "title")->first->obj, PB_OURS));
    if (e == 0 && undated)
        e = pb_node_put(w->a, x, STR("undated"), pb_node(w->a, YAML_SCALAR, STR("true"), true));
    if (e == 0)
        e = pb_node_put(w->a, x, STR("ids"), w->ids);
    if (e == 0)
        e = pb_add(w->a, w->top, "extensions", (struct pb_val){.key = STR(CACAO_EXTENSION), .any = x});
    struct pb_obj *def = pb_new(w->a, pb_playbook_class.fields[pb_field_ours(&pb_playbook_class, "extension_definitions")].of, "extension-definition");
    if (e < 0 || !def)
        return e < 0 ? e : -ENOMEM;
    static const char *const said[][2] = {
        {"name", "Kizuki steps"},
        {"description", "Kinds, lanes, authority, due times and texts in two languages of steps, as Kizuki runs them."},
        {"created_by", "identity--5d6c6a0e-6f0e-4a0f-9a53-4b697a756b69"},
        {"schema", "urn:kizuki:cacao-steps:1"},
        {"version", "1.0.0"},
        {"cacao", CACAO_EXTENSION},
    };
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(said); i++)
        e = set_text(w, def, said[i][0], str_of(said[i][1]));
    return e < 0 ? e : pb_add(w->a, w->top, "extension_definitions", (struct pb_val){.obj = def});
}

static struct str title_of(const struct pb_obj *top) {
    const struct pb_val *t = pb_get(top, "title")->first;
    return !t ? pb_str(top, "id") : pb_str(t->obj, pb_has(t->obj, "en") ? "en" : "ja");
}

static int say_head(struct writer *w, int64_t now_ns, bool *undated) {
    char now[TIME_ISO_CAP];
    int e = 0;
    if (!pb_has(w->top, "cacao"))
        e = set_text(w, w->top, "cacao", cacao_derive(w->a, STR(""), "playbook", pb_str(w->top, "id")));
    w->book = pb_str(w->top, "cacao");
    *undated = !pb_has(w->top, "created") && !pb_has(w->top, "modified");
    struct str at = arena_dup(w->a, str_of(time_format_iso(now_ns, 3, now)));
    if (e == 0 && !pb_has(w->top, "created"))
        e = set_text(w, w->top, "created", pb_has(w->top, "modified") ? pb_str(w->top, "modified") : at);
    if (e == 0 && !pb_has(w->top, "modified"))
        e = set_text(w, w->top, "modified", at);
    if (e == 0 && !pb_has(w->top, "created_by"))
        e = set_text(w, w->top, "created_by", cacao_derive(w->a, w->book, "identity", STR("author")));
    if (e == 0 && !pb_has(w->top, "name"))
        e = set_text(w, w->top, "name", title_of(w->top));
    return e;
}

int playbook_write_cacao(struct arena *a, const struct playbook *p, int64_t now_ns, struct buf *out, struct diag *reterr) {
    struct writer w = {.a = a, .top = pb_copy(a, p->top), .err = reterr};
    bool undated = false;
    w.ids = pb_node(a, YAML_MAPPING, STR_NULL, false);
    int e = w.top && w.ids ? say_head(&w, now_ns, &undated) : -ENOMEM;
    if (e == 0)
        e = give_cacao_ids(&w, "steps", "step");
    if (e == 0)
        e = give_cacao_ids(&w, "agents", "party");
    if (e == 0)
        e = give_cacao_ids(&w, "targets", "party");
    if (e == 0)
        e = give_start(&w);
    for (const struct pb_val *v = e == 0 ? pb_get(w.top, "steps")->first : NULL; e == 0 && v; v = v->next)
        e = complete(&w, v->obj);
    if (e == 0)
        e = translate_all(&w);
    if (e == 0)
        e = say_ours_of_playbook(&w, undated);
    struct yaml_node *n = e == 0 ? pb_tree(a, w.top, PB_CACAO) : NULL;
    if (!n)
        return e < 0 ? e : -ENOMEM;
    struct jsonw json;
    jsonw_init(&json, out);
    yaml_write_json(&json, n);
    buf_add_byte(out, '\n');
    return buf_error(out);
}
