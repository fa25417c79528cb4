/* `action: global`, `reset` and `repeat` of multi-document rule files.
 *
 * The specification 2.1 no longer describes them; files in the field still use them, so they mean
 * what pySigma's collections give them: global is laid under every later document, reset forgets
 * it, repeat lays the last rule under the document. Mappings merge key by key, everything else
 * replaces. */
#include "detect/rule_priv.h"

static struct yaml_node *copy_node(struct arena *a, const struct yaml_node *n) {
    struct yaml_node *c = arena_alloc(a, sizeof *c);
    if (c) {
        *c = *n;
        c->next = NULL;
    }
    return c;
}

static const struct yaml_node *child_named(const struct yaml_node *mapping, struct str key) {
    for (const struct yaml_node *it = mapping->first; it; it = it->next)
        if (str_eq(it->key->text, key))
            return it;
    return NULL;
}

/* under with over laid on it; children not touched by the merge are shared. Depth is bounded by the
 * YAML reader's own. */
static struct yaml_node *merge(struct arena *a, const struct yaml_node *under,
                               const struct yaml_node *over, const char *without) {
    struct yaml_node *to = copy_node(a, over);
    if (!to)
        return NULL;
    struct yaml_node **tail = &to->first;
    to->n = 0;
    *tail = NULL;
    for (int pass = 0; pass < 2; pass++) {
        const struct yaml_node *side = pass == 0 ? under : over;
        for (const struct yaml_node *it = side->first; it; it = it->next) {
            const struct yaml_node *other = child_named(pass == 0 ? over : under, it->key->text);
            if ((without && str_eq_z(it->key->text, without)) || (pass == 1 && other))
                continue;
            struct yaml_node *child;
            if (other && other->kind == YAML_MAPPING && it->kind == YAML_MAPPING) {
                child = merge(a, it, other, NULL);
            } else {
                child = copy_node(a, other ? other : it);
            }
            if (!child)
                return NULL;
            *tail = child;
            tail = &child->next;
            to->n++;
        }
    }
    return to;
}

int rule_merge_next(struct rule_merge *m, struct arena *a, const struct yaml_node *root,
                    const char *file, const struct yaml_node **ret, struct diag *reterr) {
    static const struct yaml_node nothing = {.kind = YAML_MAPPING};
    const struct yaml_node *action = yaml_get(root, "action");
    struct str word = action && action->kind == YAML_SCALAR ? action->text : STR_NULL;
    if (action && str_eq_z(word, "reset")) {
        m->global = NULL;
        return 0;
    }
    bool global = action && str_eq_z(word, "global");
    bool repeat = action && str_eq_z(word, "repeat");
    if (action && !global && !repeat)
        return yaml_error(
            reterr, -ERR_PARSE, file, action,
            "unknown action '%.*s'; write global, reset or repeat, or remove the line",
            STR_ARG(word));
    if (repeat && !m->last)
        return yaml_error(reterr, -ERR_PARSE, file, action,
                          "nothing to repeat; put 'action: repeat' after a rule of the same file");
    const struct yaml_node *under = repeat ? m->last : m->global ? m->global : &nothing;
    const struct yaml_node *doc = root;
    if (action || under != &nothing) {
        doc = merge(a, global ? &nothing : under, root, "action");
        if (!doc)
            return diag_set(reterr, -ENOMEM, "out of memory while merging documents of '%s'", file);
    }
    if (global) {
        m->global = doc;
        return 0;
    }
    m->last = doc;
    *ret = doc;
    return 1;
}
