/* Our own form: YAML read and written, and playbooks looked at. */
#include "base/limits.h"
#include "base/yaml_write.h"
#include "playbook/playbook_priv.h"

/* ---- reading ---- */

static bool is_short_id(struct str s) {
    bool ok = s.n > 0 && s.n <= 64;
    for (size_t i = 0; ok && i < s.n; i++)
        ok = (s.p[i] >= 'a' && s.p[i] <= 'z') || ascii_digit(s.p[i]) || (i && (s.p[i] == '-' || s.p[i] == '_'));
    return ok;
}

/* Each has an id, of small letters, and no other has the same. */
static int check_ids(struct pb_reader *r, const char *list) {
    const struct pb_slot *s = pb_get(r->p->top, list);
    if (s->n > PLAYBOOK_STEPS_MAX)
        return pb_refuse(r, NULL, "more than %d %s", PLAYBOOK_STEPS_MAX, list);
    for (const struct pb_val *v = s->first; v; v = v->next) {
        struct yaml_node at = {.line = v->obj->line, .column = v->obj->column};
        struct str id = pb_str(v->obj, "id");
        if (!is_short_id(id))
            return pb_refuse(r, &at, "every one of the %s wants an id of small letters, digits, - and _", list);
        if (strcmp(list, "steps") == 0 && (str_eq_z(id, "none") || (str_eq_z(id, "end") && v->obj->type != PB_END)))
            return pb_refuse(r, &at, "'%.*s' has a meaning of its own; choose another id", STR_ARG(id));
        for (const struct pb_val *w = v->next; w; w = w->next)
            if (str_eq(pb_str(w->obj, "id"), id)) {
                at = (struct yaml_node){.line = w->obj->line, .column = w->obj->column};
                return pb_refuse(r, &at, "two of the %s have the id '%.*s'", list, STR_ARG(id));
            }
    }
    return 0;
}

static int party_exists(struct pb_reader *r, const struct pb_obj *step, struct str id) {
    static const char *const lists[] = {"agents", "targets"};
    struct yaml_node at = {.line = step->line, .column = step->column};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        for (const struct pb_val *v = pb_get(r->p->top, lists[i])->first; v; v = v->next)
            if (str_eq(pb_str(v->obj, "id"), id))
                return 0;
    return pb_refuse(r, &at, "there is no agent or target '%.*s'", (int) MIN(id.n, 60u), id.p);
}

/* A level is raised by an action that says which, for at most as long as a level may last. */
int pb_check_raise(struct pb_reader *r, const struct pb_obj *step) {
    struct yaml_node at = {.line = step->line, .column = step->column};
    struct str id = pb_str(step, "id");
    bool raises = step->type == PB_ACTION && str_eq_z(pb_str(step, "action"), "raise_level");
    if (!raises && (pb_has(step, "level") || pb_has(step, "services") || pb_has(step, "until")))
        return pb_refuse(r, &at, "step '%.*s' has level, services or until, which are for 'action: raise_level'", STR_ARG(id));
    if (!raises)
        return 0;
    if (!pb_str(step, "level").n)
        return pb_refuse(r, &at, "step '%.*s' raises the alert level and does not say to which: give it 'level', one of content/levels", STR_ARG(id));
    if (pb_has(step, "until") && pb_get(step, "until")->first->num > LEVEL_DAYS_MAX * 86400000ll)
        return pb_refuse(r, &at, "step '%.*s' raises the alert level for more than %d days; that is no alert: shorten 'until'", STR_ARG(id), LEVEL_DAYS_MAX);
    if (pb_get(step, "services")->n > LEVEL_SERVICES_MAX)
        return pb_refuse(r, &at, "step '%.*s' names more than %d services; leave them out, and those of the case are meant", STR_ARG(id), LEVEL_SERVICES_MAX);
    for (const struct pb_val *v = pb_get(step, "services")->first; v; v = v->next)
        if (!str_trim(v->text).n || v->text.n > 300)
            return pb_refuse(r, &at, "step '%.*s': a service has a name of at most 300 bytes", STR_ARG(id));
    return 0;
}

int playbook_check_levels(const struct playbook *p, const char *file, const struct str *levels, size_t n, struct diag *reterr) {
    char all[200] = "";
    for (size_t i = 0, at = 0; i < n && at < sizeof all; i++)
        at += (size_t) snprintf(all + at, sizeof all - at, "%s%.*s", i ? ", " : "", STR_ARG(levels[i]));
    for (const struct pb_val *v = pb_get(p->top, "steps")->first; v; v = v->next) {
        struct str id = pb_str(v->obj, "id"), level = pb_str(v->obj, "level");
        bool known = !level.n;
        for (size_t i = 0; i < n && !known; i++)
            known = str_eq(levels[i], level);
        if (!known)
            return diag_set_at(reterr, -ERR_PARSE, file, v->obj->line, v->obj->column, "step '%.*s' raises the alert level '%.*s', which is not there; one of these is meant: %s",
                               (int) MIN(id.n, 60u), id.p, (int) MIN(level.n, 60u), level.p, all);
    }
    return 0;
}

static int check_steps(struct pb_reader *r) {
    int e = 0;
    for (const struct pb_val *v = pb_get(r->p->top, "steps")->first; e == 0 && v; v = v->next) {
        const struct pb_obj *step = v->obj;
        struct yaml_node at = {.line = step->line, .column = step->column};
        bool texts = pb_has(step, "ja") && pb_has(step, "en");
        if (!texts && !pb_has(step, "name") && !pb_has(step, "commands") && step->type < PB_TOGETHER)
            e = pb_refuse(r, &at, "step '%.*s' says nothing: give it ja and en, a name, or commands", STR_ARG(pb_str(step, "id")));
        else if (step->type == PB_DECISION && pb_branches(step) && !pb_has(step, "cases") && !(pb_has(step, "condition") && pb_has(step, "yes")))
            e = pb_refuse(r, &at, "decision '%.*s' needs cases, or a condition with yes", STR_ARG(pb_str(step, "id")));
        else if (pb_has(step, "cases") && (pb_has(step, "condition") || pb_has(step, "yes") || pb_has(step, "no")))
            e = pb_refuse(r, &at, "decision '%.*s' has cases and a condition; one of the two is meant", STR_ARG(pb_str(step, "id")));
        if (e == 0)
            e = pb_check_raise(r, step);
        if (e == 0 && pb_has(step, "who"))
            e = party_exists(r, step, pb_str(step, "who"));
        for (const struct pb_val *t = pb_get(step, "targets")->first; e == 0 && t; t = t->next)
            e = party_exists(r, step, t->text);
    }
    return e;
}

int playbook_read(struct arena *a, struct str yaml, const char *file, struct playbook *ret, struct diag *reterr) {
    struct yaml_doc *doc = NULL;
    struct buf path;
    struct pb_obj *top;
    *ret = (struct playbook){0};
    if (yaml.n > PLAYBOOK_BYTES_MAX)
        return diag_set_at(reterr, -ERR_LIMIT, file, 0, 0, "larger than %d MB", PLAYBOOK_BYTES_MAX >> 20);
    int e = yaml_parse(a, yaml, file, &doc, reterr);
    if (e < 0)
        return e;
    if (!doc || !doc->root || doc->next)
        return diag_set_at(reterr, -ERR_PARSE, file, 1, 0, "one playbook is wanted");
    buf_init(&path, 4096);
    struct pb_reader r = {.arena = a, .file = file, .form = PB_OURS, .p = ret, .err = reterr, .path = &path};
    e = pb_read(&r, &pb_playbook_class, doc->root, &top);
    ret->top = top;
    if (e == 0 && !pb_has(top, "title") && !pb_has(top, "name"))
        e = pb_refuse(&r, doc->root, "the playbook has no title");
    if (e == 0 && !is_short_id(pb_str(top, "id")))
        e = pb_refuse(&r, doc->root, "the playbook wants an id of small letters, digits, - and _");
    if (e == 0)
        e = check_ids(&r, "steps");
    if (e == 0)
        e = check_ids(&r, "agents");
    if (e == 0)
        e = check_ids(&r, "targets");
    if (e == 0)
        e = check_steps(&r);
    if (e == 0)
        e = pb_graph(&r);
    buf_done(&path);
    return e;
}

/* ---- writing ---- */

static bool copy_values(struct arena *a, const struct pb_obj *from, struct pb_obj *to) {
    for (size_t i = 0; i < from->class->n; i++) {
        const char *name = from->class->fields[i].ours;
        if (!from->slots[i].set || !name)
            continue;
        to->slots[i] = (struct pb_slot){.set = true};
        for (const struct pb_val *v = from->slots[i].first; v; v = v->next)
            if (pb_add(a, to, name, *v) < 0)
                return false;
    }
    return true;
}

struct pb_obj *pb_copy(struct arena *a, const struct pb_obj *top) {
    struct pb_obj *o = pb_new(a, top->class, NULL);
    if (!o || !copy_values(a, top, o))
        return NULL;
    o->type = top->type;
    for (size_t i = 0; i < o->class->n; i++)
        for (struct pb_val *v = o->class->fields[i].of == &pb_step_class || o->class->fields[i].of == &pb_party_class ? o->slots[i].first : NULL;
             v; v = v->next)
            if (!(v->obj = pb_copy(a, v->obj)))
                return NULL;
    return o;
}

int pb_our_tree(const struct playbook *p, struct arena *a, struct yaml_node **ret) {
    struct pb_obj *copy = pb_copy(a, p->top);
    if (!copy)
        return -ENOMEM;
    pb_graph_shorten(a, copy);
    *ret = pb_tree(a, copy, PB_OURS);
    return *ret ? 0 : -ENOMEM;
}

int playbook_write(const struct playbook *p, struct buf *out) {
    struct arena a;
    struct yaml_node *n;
    arena_init(&a, 64u << 20);
    int e = pb_our_tree(p, &a, &n);
    if (e == 0)
        yaml_write(out, n);
    arena_done(&a);
    return e < 0 ? e : buf_error(out);
}

/* ---- looking ---- */

const struct pb_slot *playbook_steps(const struct playbook *p) {
    return pb_get(p->top, "steps");
}
