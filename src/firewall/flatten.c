/* One list of rules of chains that lead into each other. A rule inside a chain that was led to fits where both do; returning
 * skips to the end of what was put in. A chain that leads to itself is refused. */
#include "firewall/firewall_priv.h"

#include "base/limits.h"

enum { DEPTH_MAX = 16 }; /* the kernel's own is 16 (NFT_JUMP_STACK_SIZE) */

struct flat {
    struct arena *a;
    const struct chains *chains;
    struct firewall_path *path;
    struct diag *reterr;
};

static struct str both(struct arena *a, struct str x, struct str y) {
    if (!x.n || !y.n)
        return x.n ? x : y;
    return arena_printf(a, "%.*s, %.*s", STR_ARG(x), STR_ARG(y));
}

static int skip(struct flat *f, const struct space *where, struct str condition, uint32_t mark) {
    struct firewall_rule r = {.where = *where, .verdict = FIREWALL_SKIP, .skip_to = mark, .condition = condition};
    return firewall_add_rule(f->a, f->path, &r);
}

/* Marks are above every index while the end of their chain is not known. */
#define MARK(depth) (UINT32_MAX - (uint32_t) (depth))

static void settle(struct firewall_path *p, size_t from, unsigned depth) {
    for (size_t i = from; i < p->n; i++)
        if (p->rules[i].verdict == FIREWALL_SKIP && p->rules[i].skip_to == MARK(depth))
            p->rules[i].skip_to = (uint32_t) p->n;
}

static int put_chain(struct flat *f, const struct chain *c, const struct space *within, struct str condition, unsigned depth);

static int put_rule(struct flat *f, const struct chain *c, const struct chain_rule *r, const struct space *where, struct str condition,
                    unsigned depth) {
    if (r->step == STEP_RETURN)
        return skip(f, where, condition, MARK(depth));
    if (r->step == STEP_JUMP || r->step == STEP_GOTO) {
        const struct chain *to = chain_find(f->chains, c->table, r->target);
        int e = to ? put_chain(f, to, where, condition, depth + 1) : 0;
        return e == 0 && r->step == STEP_GOTO ? skip(f, where, condition, MARK(depth)) : e;
    }
    struct firewall_rule x = {.where = *where, .verdict = r->step == STEP_ALLOW ? FIREWALL_ALLOW : FIREWALL_DENY,
                              .condition = condition, .name = r->name, .text = r->text};
    return firewall_add_rule(f->a, f->path, &x);
}

static int put_chain(struct flat *f, const struct chain *c, const struct space *within, struct str condition, unsigned depth) {
    size_t from = f->path->n;
    if (depth >= DEPTH_MAX)
        return diag_set(f->reterr, -ERR_PARSE, "chain '%.*s' is reached through more than %d others", STR_ARG(c->name), DEPTH_MAX);
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < c->rules[i].where.n; k++) {
            struct space where;
            int e = space_and(f->a, within, &c->rules[i].where.at[k], &where);
            if (e > 0)
                e = put_rule(f, c, &c->rules[i], &where, both(f->a, condition, c->rules[i].condition), depth);
            if (e < 0)
                return e == -ERR_LIMIT ? diag_set(f->reterr, e, "more than %d rules, when those of chains are put in where they are led to",
                                                  FIREWALL_RULES_MAX)
                                       : e;
        }
    settle(f->path, from, depth);
    return 0;
}

int firewall_flatten(struct arena *a, const struct chains *chains, struct firewall *fw, struct diag *reterr) {
    for (size_t i = 0; i < chains->n; i++) {
        const struct chain *c = &chains->at[i];
        struct flat f = {.a = a, .chains = chains, .reterr = reterr};
        if (!c->first)
            continue;
        struct str name = c->table.n ? arena_printf(a, "%.*s %.*s", STR_ARG(c->table), STR_ARG(c->name)) : c->name;
        int e = name.p ? firewall_add_path(a, fw, name, c->otherwise, &f.path) : -ENOMEM;
        if (e == 0) {
            f.path->outward = c->outward;
            e = put_chain(&f, c, &SPACE_ALL, STR_NULL, 0);
        }
        if (e < 0)
            return e;
    }
    return 0;
}
