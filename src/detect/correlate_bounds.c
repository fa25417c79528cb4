/* The numbers of a condition: {gt, gte, lt, lte, eq, neq}, all of which must hold; and what is judged with them when
 * its time is over.
 *
 * A count only grows while its window is open, so gt and gte are true as soon as they are true. The others can only be
 * judged when no further event will come. Such a correlation is `late`: its first event opens a finding that nobody is
 * told of; once `timespan` is over it is told, or forgotten. A silence is late, too: it waits for `timespan` after the
 * last event instead. An event exactly `timespan` later still belongs to it, as everywhere: that is over a nanosecond
 * after. */
#include "detect/correlate_read.h"
#include "detect/finding_priv.h"

static const char *const words[] = {[BOUND_GT] = "gt",   [BOUND_GTE] = "gte", [BOUND_LT] = "lt",
                                    [BOUND_LTE] = "lte", [BOUND_EQ] = "eq",   [BOUND_NEQ] = "neq"};

int corr_bounds_read(const struct detect_rule *rule, const struct yaml_node *cond,
                     struct corr_bounds *ret, struct diag *reterr) {
    *ret = (struct corr_bounds){0};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        const struct yaml_node *at = yaml_get(cond, words[i]);
        if (!at)
            continue;
        if (at->kind != YAML_SCALAR || str_to_double(at->text, &ret->at[i]) < 0)
            return yaml_error(reterr, -ERR_PARSE, rule->file.p, at, "'%s' needs a number", words[i]);
        ret->has |= 1u << i;
    }
    if (!ret->has)
        return yaml_error(reterr, -ERR_PARSE, rule->file.p, cond ? cond : rule->correlation,
                          "the condition needs a number: gt, gte, lt, lte, eq or neq");
    return 0;
}

bool corr_bounds_hold(const struct corr_bounds *b, double v) {
    const bool holds[BOUND_MAX_] = {[BOUND_GT] = v > b->at[BOUND_GT],   [BOUND_GTE] = v >= b->at[BOUND_GTE],
                                    [BOUND_LT] = v < b->at[BOUND_LT],   [BOUND_LTE] = v <= b->at[BOUND_LTE],
                                    [BOUND_EQ] = v == b->at[BOUND_EQ], [BOUND_NEQ] = v != b->at[BOUND_NEQ]};
    for (unsigned i = 0; i < BOUND_MAX_; i++)
        if ((b->has >> i & 1) && !holds[i])
            return false;
    return true;
}

bool corr_bounds_are_late(const struct yaml_node *cond) {
    for (unsigned i = BOUND_LT; i < BOUND_MAX_; i++)
        if (yaml_get(cond, words[i]))
            return true;
    return false;
}

/* ---- conditions in words ---- */

struct named_inputs {
    struct arena *arena;
    const struct plan_corr *c;
};

/* The name of a rule: is an event of it there? */
static const struct corr_expr *input_named(void *ctx, struct str name, struct diag *reterr) {
    const struct named_inputs *x = ctx;
    for (uint32_t i = 0; i < x->c->n_inputs; i++) {
        const struct detect_rule *in = x->c->inputs[i];
        if (!str_eq(in->name, name) && !str_eq(in->id, name))
            continue;
        struct corr_expr *leaf = arena_zalloc(x->arena, sizeof *leaf);
        if (leaf)
            *leaf = (struct corr_expr){.op = EXPR_COUNTER, .ref = i, .weight = 1};
        else
            diag_set(reterr, -ENOMEM, "out of memory");
        return leaf;
    }
    diag_set(reterr, -ERR_PARSE, "'%.*s' is none of the correlation's rules", STR_ARG(str_to(name, 80)));
    return NULL;
}

static uint32_t same_place(void *ctx UNUSED, uint32_t input) {
    return input;
}

static bool is_boolean(const struct corr_expr *e) {
    switch (e->op) {
    case EXPR_COUNTER:
        return true;
    case EXPR_AND:
    case EXPR_OR:
        return is_boolean(e->a) && is_boolean(e->b);
    case EXPR_NOT:
        return is_boolean(e->a);
    default:
        return false;
    }
}

int corr_read_words(const struct corr_reader *r, const struct detect_rule *rule,
                    struct plan_corr *c, const struct yaml_node *at, struct diag *reterr) {
    struct named_inputs x = {r->arena, c};
    struct diag why = {0};
    const struct corr_expr *e = NULL;
    int code = corr_expr_parse(r->arena, at->text, input_named, &x, &e, &why);
    if (code == 0 && !is_boolean(e))
        code = diag_set(&why, -ERR_PARSE, "join the names of rules by and, or and not; numbers belong to measures");
    if (code < 0)
        return yaml_error(reterr, code, rule->file.p, at, "%s", why.text);
    c->in_words = true;
    return corr_code_make(r->arena, e, same_place, NULL, &c->rest) < 0
               ? diag_set(reterr, -ENOMEM, "out of memory")
               : 0;
}

/* ---- when its time is over ---- */

int64_t late_due(const struct open_finding *f) {
    return (f->corr->type == CORR_SILENCE ? f->hit_ns : f->detected_ns) + f->rule->quiet_ns + 1;
}

bool late_holds(const struct open_finding *f) {
    switch (f->corr->type) {
    case CORR_EVENT_COUNT:
        return corr_bounds_hold(&f->corr->bounds, (double) f->count);
    case CORR_VALUE_COUNT: { /* what it counts is the last thing it collects */
        const struct collected *x = &f->collected[f->rule->n_collects - 1];
        return corr_bounds_hold(&f->corr->bounds, (double) (x->n + x->n_more));
    }
    case CORR_TEMPORAL: /* while nobody is told, told_count is the mask of rules seen */
        return corr_bounds_hold(&f->corr->bounds, __builtin_popcountll(f->told_count));
    default:
        return true;
    }
}
