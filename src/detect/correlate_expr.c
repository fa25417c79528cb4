/* Expressions of measures: a recursive-descent reader and a walk over the tree.
 *
 *   or     = and { "or" and }
 *   and    = not { "and" not }
 *   not    = "not" not | compare
 *   compare= sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
 *   sum    = product { ("+" | "-") product }
 *   product= unary { ("*" | "/") unary }
 *   unary  = "-" unary | number | name | "(" or ")"
 *
 * Depth and weight are bounded, so that a hostile rule can end neither the stack nor the time (a
 * name brings the tree it stands for: m2 = m1 + m1, m3 = m2 + m2…). */
#include "base/limits.h"
#include "detect/correlate_priv.h"

#include <math.h>

enum { DEPTH_MAX = 32, WEIGHT_MAX = 512 };

struct reader {
    struct arena *arena;
    struct str text;
    size_t at;
    unsigned depth;
    expr_name_fn *name;
    void *ctx;
    struct diag *reterr;
    int code;
};

static struct corr_expr *fail(struct reader *r, int code, const char *what) {
    if (r->code == 0)
        r->code = diag_set(r->reterr, code, "%s at character %zu of '%.*s'", what, r->at + 1,
                           STR_ARG(str_to(r->text, 200)));
    return NULL;
}

static struct corr_expr *node(struct reader *r, enum expr_op op, struct corr_expr *a,
                              struct corr_expr *b) {
    uint32_t weight = 1 + (a ? a->weight : 0) + (b ? b->weight : 0);
    if (weight > WEIGHT_MAX)
        return fail(r, -ERR_LIMIT, "the expression is too long");
    struct corr_expr *e = arena_zalloc(r->arena, sizeof *e);
    if (!e) {
        r->code = diag_set(r->reterr, -ENOMEM, "out of memory");
        return NULL;
    }
    e->op = op;
    e->weight = weight;
    e->a = a;
    e->b = b;
    return e;
}

static void skip_space(struct reader *r) {
    while (r->at < r->text.n && strchr(" \t\r\n", r->text.p[r->at]))
        r->at++;
}

static bool name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_digit(c) || c == '_';
}

/* The word or mark at the place, without taking it. */
static struct str peek(struct reader *r) {
    skip_space(r);
    size_t from = r->at, to = from;
    while (to < r->text.n && name_byte(r->text.p[to]))
        to++;
    if (to == from && to < r->text.n) {
        char c = r->text.p[to++];
        if (strchr("<>=!", c) && to < r->text.n && r->text.p[to] == '=')
            to++;
    }
    return str_n(r->text.p + from, to - from);
}

static bool take(struct reader *r, const char *z) {
    struct str s = peek(r);
    if (!str_eq_z(s, z))
        return false;
    r->at += s.n;
    return true;
}

static struct corr_expr *read_or(struct reader *r);

static struct corr_expr *read_number(struct reader *r) {
    size_t from = r->at;
    while (r->at < r->text.n && (ascii_digit(r->text.p[r->at]) || r->text.p[r->at] == '.'))
        r->at++;
    double v;
    if (str_to_double(str_n(r->text.p + from, r->at - from), &v) < 0)
        return fail(r, -ERR_PARSE, "a number cannot be read");
    struct corr_expr *e = node(r, EXPR_NUMBER, NULL, NULL);
    if (e)
        e->number = v;
    return e;
}

static struct corr_expr *read_name(struct reader *r, struct str word) {
    const struct corr_expr *known = r->name(r->ctx, word, r->reterr);
    if (!known) { /* the diag says which of the two it is */
        r->code = r->reterr && r->reterr->code == -ENOMEM ? -ENOMEM : -ERR_PARSE;
        return NULL;
    }
    r->at += word.n;
    struct corr_expr *e = node(r, known->op, known->a, known->b);
    if (e) {
        e->ref = known->ref;
        e->number = known->number;
        e->level = known->level;
    }
    return e;
}

static struct corr_expr *read_unary(struct reader *r) {
    struct str word = peek(r);
    if (word.n == 0)
        return fail(r, -ERR_PARSE, "something is missing");
    if (take(r, "-")) {
        if (++r->depth > DEPTH_MAX)
            return fail(r, -ERR_LIMIT, "the expression is nested too deep");
        struct corr_expr *a = read_unary(r);
        r->depth--;
        return a ? node(r, EXPR_NEG, a, NULL) : NULL;
    }
    if (take(r, "(")) {
        struct corr_expr *e = read_or(r);
        if (e && !take(r, ")"))
            return fail(r, -ERR_PARSE, "a ')' is missing");
        return e;
    }
    if (ascii_digit(word.p[0]))
        return read_number(r);
    if (!name_byte(word.p[0]) || str_eq_z(word, "and") || str_eq_z(word, "or") ||
        str_eq_z(word, "not"))
        return fail(r, -ERR_PARSE, "a number or a name is expected");
    return read_name(r, word);
}

/* A row of operators of the same rank; `next` reads what stands between them. */
struct rank {
    struct {
        const char *mark;
        enum expr_op op;
    } ops[2];
};
static struct corr_expr *read_rank(struct reader *r, const struct rank *rank,
                                   struct corr_expr *(*next)(struct reader *) ) {
    struct corr_expr *a = next(r);
    while (a) {
        size_t i = 0;
        while (i < 2 && !(rank->ops[i].mark && take(r, rank->ops[i].mark)))
            i++;
        if (i == 2)
            break;
        struct corr_expr *b = next(r);
        a = b ? node(r, rank->ops[i].op, a, b) : NULL;
    }
    return a;
}

static struct corr_expr *read_product(struct reader *r) {
    static const struct rank rank = {{{"*", EXPR_MUL}, {"/", EXPR_DIV}}};
    return read_rank(r, &rank, read_unary);
}

static struct corr_expr *read_sum(struct reader *r) {
    static const struct rank rank = {{{"+", EXPR_ADD}, {"-", EXPR_SUB}}};
    return read_rank(r, &rank, read_product);
}

static struct corr_expr *read_compare(struct reader *r) {
    static const struct {
        const char *mark;
        enum expr_op op;
    } marks[] = {{"<", EXPR_LT},  {"<=", EXPR_LE}, {">", EXPR_GT},
                 {">=", EXPR_GE}, {"==", EXPR_EQ}, {"!=", EXPR_NE}};
    struct corr_expr *a = read_sum(r);
    for (size_t i = 0; a && i < ARRAY_SIZE(marks); i++) {
        if (!take(r, marks[i].mark))
            continue;
        struct corr_expr *b = read_sum(r);
        return b ? node(r, marks[i].op, a, b) : NULL;
    }
    return a;
}

static struct corr_expr *read_not(struct reader *r) {
    if (!take(r, "not"))
        return read_compare(r);
    if (++r->depth > DEPTH_MAX)
        return fail(r, -ERR_LIMIT, "the expression is nested too deep");
    struct corr_expr *a = read_not(r);
    r->depth--;
    return a ? node(r, EXPR_NOT, a, NULL) : NULL;
}

static struct corr_expr *read_and(struct reader *r) {
    static const struct rank rank = {{{"and", EXPR_AND}}};
    return read_rank(r, &rank, read_not);
}

static struct corr_expr *read_or(struct reader *r) {
    static const struct rank rank = {{{"or", EXPR_OR}}};
    if (++r->depth > DEPTH_MAX)
        return fail(r, -ERR_LIMIT, "the expression is nested too deep");
    struct corr_expr *e = read_rank(r, &rank, read_and);
    r->depth--;
    return e;
}

int corr_expr_parse(struct arena *a, struct str text, expr_name_fn *name, void *ctx,
                    const struct corr_expr **ret, struct diag *reterr) {
    struct reader r = {.arena = a, .text = text, .name = name, .ctx = ctx, .reterr = reterr};
    struct corr_expr *e = read_or(&r);
    if (e && peek(&r).n)
        e = fail(&r, -ERR_PARSE, "text is left over");
    if (!e)
        return r.code;
    *ret = e;
    return 0;
}

/* How much one event can add to the value at most; 0 = not known. Counters grow by one an event (a
 * repeated message counts its weight and is handled by the caller). */
static double growth(const struct corr_expr *e) {
    double a, b;
    switch (e->op) {
    case EXPR_COUNTER:
        return e->level ? 0 : 1;
    case EXPR_ADD:
        a = growth(e->a);
        b = growth(e->b);
        return a > 0 && b > 0 ? a + b : 0;
    case EXPR_SUB: /* counters are never negative */
        return e->b->op == EXPR_COUNTER ? growth(e->a) : 0;
    default:
        return 0;
    }
}

static uint64_t least_of_compare(const struct corr_expr *e) {
    bool turned = e->op == EXPR_LT || e->op == EXPR_LE;
    const struct corr_expr *x = turned ? e->b : e->a, *k = turned ? e->a : e->b;
    double per_event = growth(x);
    if (k->op != EXPR_NUMBER || per_event <= 0 || e->op == EXPR_EQ || e->op == EXPR_NE)
        return 1;
    double n = k->number / per_event;
    n = e->op == EXPR_GT || e->op == EXPR_LT ? floor(n) + 1 : ceil(n);
    return n < 1 ? 1 : n > 1e9 ? (uint64_t) 1e9 : (uint64_t) n;
}

uint64_t corr_expr_least_events(const struct corr_expr *e) {
    switch (e->op) {
    case EXPR_AND: {
        uint64_t a = corr_expr_least_events(e->a), b = corr_expr_least_events(e->b);
        return MAX(a, b);
    }
    case EXPR_OR: {
        uint64_t a = corr_expr_least_events(e->a), b = corr_expr_least_events(e->b);
        return MIN(a, b);
    }
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        return least_of_compare(e);
    default:
        return 1;
    }
}

/* The measures that must be above zero for x to be. */
static void needs_of_value(const struct corr_expr *x, expr_need_fn *need, void *ctx) {
    switch (x->op) {
    case EXPR_COUNTER:
        if (!x->level) /* a jitter is large where nothing came */
            need(ctx, x->ref);
        break;
    case EXPR_MUL:
        needs_of_value(x->b, need, ctx);
        needs_of_value(x->a, need, ctx);
        break;
    case EXPR_SUB: /* less of something that is never negative */
        if (x->b->op == EXPR_COUNTER || x->b->op == EXPR_NUMBER)
            needs_of_value(x->a, need, ctx);
        break;
    case EXPR_DIV:
        if (x->b->op == EXPR_COUNTER)
            needs_of_value(x->a, need, ctx);
        break;
    default:
        break;
    }
}

void corr_expr_needs(const struct corr_expr *e, expr_need_fn *need, void *ctx) {
    if (e->op == EXPR_AND) {
        corr_expr_needs(e->a, need, ctx);
        corr_expr_needs(e->b, need, ctx);
        return;
    }
    bool less = e->op == EXPR_LT || e->op == EXPR_LE, more = e->op == EXPR_GT || e->op == EXPR_GE;
    if (!less && !more)
        return;
    const struct corr_expr *x = less ? e->b : e->a, *k = less ? e->a : e->b;
    bool strict = e->op == EXPR_LT || e->op == EXPR_GT;
    if (k->op == EXPR_NUMBER && (k->number > 0 || (strict && k->number == 0)))
        needs_of_value(x, need, ctx);
}
