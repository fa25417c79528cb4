/* Where steps go on. In our own form a step without `next` goes on to the one below it, the last one to the end; `next: end` ends
 * a branch or the playbook, `next: none` says nothing. Here that is written out, and refused is what no one could carry out:
 * a step that is not there, one nothing leads to, a branch that runs into another.
 *
 * Branches are the ways out of a decision (yes, no, cases), of a repetition (yes) and of steps done together (steps). Each
 * comes back to the step it left, when it ends; then that step's `next` counts. */
#include "base/limits.h"
#include "playbook/playbook_priv.h"

static const char *const ways[] = {"next", "on_success", "on_failure"};
static const char *const branches[] = {"yes", "no", "cases", "steps"};

struct pb_obj *pb_step_of(const struct pb_obj *top, struct str id) {
    for (const struct pb_val *v = pb_get(top, "steps")->first; v; v = v->next)
        if (str_eq(pb_str(v->obj, "id"), id))
            return v->obj; /* the playbook's owner may change what it owns */
    return NULL;
}

bool pb_branches(const struct pb_obj *step) {
    for (size_t i = 0; i < ARRAY_SIZE(branches); i++)
        if (pb_has(step, branches[i]))
            return true;
    return false;
}

static int refuse(struct pb_reader *r, const struct pb_obj *step, const char *what, const char *why) {
    struct yaml_node at = {.line = step->line, .column = step->column};
    struct str id = pb_str(step, "id");
    return pb_refuse(r, &at, "step '%.*s' %s%s", (int) MIN(id.n, 60u), id.p, what, why);
}

/* ---- what need not be said ---- */

static bool says(const struct pb_obj *step, const char *word) {
    return pb_has(step, "next") && str_eq_z(pb_str(step, "next"), word);
}

static int go_on(struct pb_reader *r, struct pb_obj *step, struct str below) {
    bool well = pb_has(step, "on_success"), badly = pb_has(step, "on_failure");
    if (well && pb_has(step, "next"))
        return refuse(r, step, "has both next and on_success; ", "keep on_success");
    if (says(step, "none"))
        pb_unset(step, "next");
    else if (step->type != PB_END && !well && !pb_has(step, "next") && pb_branches(step))
        return refuse(r, step, "has branches; 'next' must say where it goes on when they have ended: ", "a step, end or none");
    else if (step->type != PB_END && !well) {
        struct pb_val to = {.text = pb_has(step, "next") ? pb_str(step, "next") : below};
        pb_unset(step, "next"); /* CACAO knows next alone, or success and failure */
        return pb_set(r->arena, step, badly ? "on_success" : "next", to);
    }
    return 0;
}

void pb_graph_shorten(struct arena *a, struct pb_obj *top) {
    for (const struct pb_val *v = pb_get(top, "steps")->first; v; v = v->next) {
        struct pb_obj *step = v->obj;
        struct str below = v->next ? pb_str(v->next->obj, "id") : STR("end");
        if (step->type == PB_END || pb_has(step, "on_success"))
            continue;
        if (!pb_has(step, "next"))
            IGNORE(pb_set(a, step, "next", (struct pb_val){.text = STR("none")}));
        else if (!pb_branches(step) && str_eq(pb_str(step, "next"), below))
            pb_unset(step, "next");
    }
}

/* ---- ways and branches ---- */

struct region {
    const struct pb_obj *step;
    struct str branch; /* .p NULL: nothing leads here */
};
struct map_of {
    struct region of[PLAYBOOK_STEPS_MAX];
    size_t n;
    const struct pb_obj *crossing; /* a step that two branches run into */
};

static void walk(struct map_of *m, struct str id, struct str branch) {
    struct region *x = m->of;
    while (x < m->of + m->n && !str_eq(pb_str(x->step, "id"), id))
        x++;
    if (x == m->of + m->n)
        return;
    if (x->branch.p) {
        if (!str_eq(x->branch, branch) && x->step->type != PB_END) /* an end may be everybody's */
            m->crossing = x->step;
        return;
    }
    x->branch = branch;
    for (size_t w = 0; w < ARRAY_SIZE(ways); w++)
        if (pb_has(x->step, ways[w]))
            walk(m, pb_str(x->step, ways[w]), branch);
    for (size_t b = 0; b < ARRAY_SIZE(branches); b++)
        for (const struct pb_val *v = pb_get(x->step, branches[b])->first; v; v = v->next)
            walk(m, v->text, v->text);
}

static void explore(const struct pb_obj *top, struct map_of *m) {
    m->n = 0;
    m->crossing = NULL;
    for (const struct pb_val *v = pb_get(top, "steps")->first; v && m->n < PLAYBOOK_STEPS_MAX; v = v->next)
        m->of[m->n++] = (struct region){.step = v->obj};
    if (pb_has(top, "start"))
        walk(m, pb_str(top, "start"), STR(""));
    else if (m->n)
        walk(m, pb_str(m->of[0].step, "id"), STR(""));
    if (pb_has(top, "on_exception"))
        walk(m, pb_str(top, "on_exception"), pb_str(top, "on_exception"));
}

struct str pb_branch_of(struct arena *a, const struct pb_obj *top, struct str id) {
    struct arena_mark mark = arena_mark(a);
    struct map_of *m = arena_alloc(a, sizeof *m);
    struct str branch = m ? STR("") : STR_NULL;
    if (m)
        explore(top, m);
    for (size_t i = 0; m && i < m->n; i++)
        if (str_eq(pb_str(m->of[i].step, "id"), id) && m->of[i].branch.p)
            branch = m->of[i].branch; /* a text of the playbook's own */
    arena_rewind(a, mark);
    return branch;
}

/* All steps that an object names. */
static int all_exist(struct pb_reader *r, const struct pb_obj *o) {
    for (size_t i = 0; i < o->class->n; i++)
        for (const struct pb_val *v = o->class->fields[i].type == PB_STEP ? o->slots[i].first : NULL; v; v = v->next) {
            struct yaml_node at = {.line = o->line, .column = o->column};
            if (!str_eq(v->text, STR("end")) && !pb_step_of(r->p->top, v->text))
                return pb_refuse(r, &at, "%s: there is no step '%.*s'", o->class->fields[i].ours, (int) MIN(v->text.n, 60u), v->text.p);
        }
    return 0;
}

int pb_graph(struct pb_reader *r) {
    const struct pb_obj *top = r->p->top;
    int e = 0;
    for (const struct pb_val *v = pb_get(top, "steps")->first; e == 0 && v; v = v->next)
        e = go_on(r, v->obj, v->next ? pb_str(v->next->obj, "id") : STR("end"));
    if (e == 0)
        e = all_exist(r, top);
    for (const struct pb_val *v = pb_get(top, "steps")->first; e == 0 && v; v = v->next)
        e = all_exist(r, v->obj);
    struct map_of *m = e == 0 ? arena_alloc(r->arena, sizeof *m) : NULL;
    if (!m)
        return e < 0 ? e : -ENOMEM;
    explore(top, m);
    if (m->crossing)
        return refuse(r, m->crossing, "is run into by two branches, or by a branch and the way it left; ",
                      "end a branch with 'next: end', and what comes after all of them is the 'next' of the step they left");
    for (size_t i = 0; i < m->n; i++)
        if (!m->of[i].branch.p)
            return refuse(r, m->of[i].step, "is never reached; ", "name it where it is to come, or leave it out");
    return 0;
}
