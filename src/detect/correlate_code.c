/* Expressions of measures as code.
 *
 * A condition runs at every event of its group, so the tree is laid out as code: 16 bytes an
 * operation, one after the other, the newest value in a register and the others on a stack. An
 * operation takes its right side from the stack, from a counter or as a number. `and` and `or` jump
 * over what cannot change the result.
 *
 * Most conditions that look at one window have parts in common ("strange >= 20"). These are facts
 * of the window, found by comparing code, and worked out when the first correlation asks. */
#include "base/limits.h"
#include "detect/correlate_priv.h"

enum { DEPTH_MAX = 512 }; /* the weight of an expression bounds its depth */

enum code_side { SIDE_STACK, SIDE_NUMBER, SIDE_COUNTER, SIDES };
enum code_op {
    CODE_NUMBER,
    CODE_COUNTER,
    CODE_ATTACHED,
    CODE_NEG,
    CODE_NOT,
    CODE_AND, /* jumps to ref where the value decides */
    CODE_OR,
    CODE_SIDED_, /* from here on: (operation - CODE_SIDED_) * SIDES + side */
};
enum sided_op { ADD, SUB, MUL, DIV, LT, LE, GT, GE, EQ, NE };
#define SIDED(op, side) (CODE_SIDED_ + (op) *SIDES + (side))

struct corr_op {
    uint8_t op;
    uint16_t ref; /* a counter of the window, an attached measure, or where to go on */
    double number;
};

static const uint32_t no_totals[CORRELATION_MEASURES_MAX];

struct maker {
    struct corr_code *code;
    expr_counter_fn *counter;
    void *ctx;
};

static void emit(struct maker *m, unsigned op, uint32_t ref, double number) {
    /* Compared byte by byte: what lies between the members is 0, too. */
    struct corr_op *to = &m->code->ops[m->code->n++];
    memset(to, 0, sizeof *to);
    to->op = (uint8_t) op;
    to->ref = (uint16_t) ref;
    to->number = number;
}

static enum sided_op sided_of(enum expr_op op) {
    static const uint8_t of[] = {
        [EXPR_ADD] = ADD, [EXPR_SUB] = SUB, [EXPR_MUL] = MUL, [EXPR_DIV] = DIV, [EXPR_LT] = LT,
        [EXPR_LE] = LE,   [EXPR_GT] = GT,   [EXPR_GE] = GE,   [EXPR_EQ] = EQ,   [EXPR_NE] = NE,
    };
    return (enum sided_op) of[op];
}

static void flatten(struct maker *m, const struct corr_expr *e);

static void flatten_sided(struct maker *m, const struct corr_expr *e) {
    enum sided_op op = sided_of(e->op);
    flatten(m, e->a);
    if (e->b->op == EXPR_NUMBER) {
        emit(m, SIDED(op, SIDE_NUMBER), 0, e->b->number);
    } else if (e->b->op == EXPR_COUNTER) {
        emit(m, SIDED(op, SIDE_COUNTER), m->counter(m->ctx, e->b->ref), 0);
    } else {
        flatten(m, e->b);
        emit(m, SIDED(op, SIDE_STACK), 0, 0);
    }
}

static void flatten(struct maker *m, const struct corr_expr *e) {
    uint32_t at;
    switch (e->op) {
    case EXPR_NUMBER:
        emit(m, CODE_NUMBER, 0, e->number);
        return;
    case EXPR_COUNTER:
        emit(m, CODE_COUNTER, m->counter(m->ctx, e->ref), 0);
        return;
    case EXPR_ATTACHED:
        emit(m, CODE_ATTACHED, e->ref, 0);
        return;
    case EXPR_NEG:
    case EXPR_NOT:
        flatten(m, e->a);
        emit(m, e->op == EXPR_NEG ? CODE_NEG : CODE_NOT, 0, 0);
        return;
    case EXPR_AND:
    case EXPR_OR:
        flatten(m, e->a);
        at = m->code->n; /* where it jumps is not known yet */
        emit(m, e->op == EXPR_AND ? CODE_AND : CODE_OR, 0, 0);
        flatten(m, e->b);
        m->code->ops[at].ref = (uint16_t) m->code->n;
        return;
    default:
        flatten_sided(m, e);
    }
}

static uint32_t depth_of(const struct corr_expr *e) {
    uint32_t a = e->a ? depth_of(e->a) : 0, b = e->b ? depth_of(e->b) : 0;
    return MAX(a, b + 1);
}

int corr_code_make(struct arena *a, const struct corr_expr *e, expr_counter_fn *counter, void *ctx,
                   struct corr_code *ret) {
    struct maker m = {.code = ret, .counter = counter, .ctx = ctx};
    ret->n = 0;
    ret->ops = arena_alloc(a, e->weight * sizeof *ret->ops);
    if (!ret->ops)
        return -ENOMEM;
    ASSERT(depth_of(e) <= DEPTH_MAX);
    flatten(&m, e);
    return 0;
}

static double divide(double a, double b) {
    return b == 0 ? 0 : a / b;
}

/* One operation with its three right sides. */
#define SIDES_OF(op, result)                                                                       \
    case SIDED(op, SIDE_STACK):                                                                    \
        b = x;                                                                                     \
        a = *--top;                                                                                \
        x = (result);                                                                              \
        continue;                                                                                  \
    case SIDED(op, SIDE_NUMBER):                                                                   \
        a = x;                                                                                     \
        b = i->number;                                                                             \
        x = (result);                                                                              \
        continue;                                                                                  \
    case SIDED(op, SIDE_COUNTER):                                                                  \
        a = x;                                                                                     \
        b = totals[i->ref];                                                                        \
        x = (result);                                                                              \
        continue

double corr_code_run(const struct corr_code *c, const uint32_t *totals, expr_attached_fn *attached,
                     void *ctx) {
    double stack[DEPTH_MAX + 1], *top = stack;
    double x = 0, a, b;
    totals = totals ? totals : no_totals;
    for (const struct corr_op *i = c->ops, *end = i + c->n; i < end; i++) {
        switch (i->op) {
        case CODE_NUMBER:
            *top++ = x;
            x = i->number;
            continue;
        case CODE_COUNTER:
            *top++ = x;
            x = totals[i->ref];
            continue;
        case CODE_ATTACHED:
            *top++ = x;
            x = attached(ctx, i->ref);
            continue;
        case CODE_NEG:
            x = -x;
            continue;
        case CODE_NOT:
            x = x == 0;
            continue;
        case CODE_AND: /* decided when false; else what follows decides */
        case CODE_OR:
            if ((x == 0) == (i->op == CODE_AND))
                i = c->ops + i->ref - 1;
            else
                x = *--top;
            continue;
            SIDES_OF(ADD, a + b);
            SIDES_OF(SUB, a - b);
            SIDES_OF(MUL, a * b);
            SIDES_OF(DIV, divide(a, b));
            SIDES_OF(LT, a < b);
            SIDES_OF(LE, a <= b);
            SIDES_OF(GT, a > b);
            SIDES_OF(GE, a >= b);
            SIDES_OF(EQ, a == b);
            SIDES_OF(NE, a != b);
        default:
            ASSERT(!"an operation");
        }
    }
    return x;
}

/* ---- facts ---- */

static bool is_attached(const struct corr_expr *e) {
    return e->op == EXPR_ATTACHED || (e->a && is_attached(e->a)) || (e->b && is_attached(e->b));
}

static bool same_code(const struct corr_code *a, const struct corr_code *b) {
    return a->n == b->n && memcmp(a->ops, b->ops, a->n * sizeof *a->ops) == 0;
}

/* Nine of ten facts that are worked out compare a counter, or what two differ by, with a number. */
static void make_plain(struct corr_fact *f) {
    static const uint8_t compares[] = {[LT] = EXPR_LT, [LE] = EXPR_LE, [GT] = EXPR_GT,
                                       [GE] = EXPR_GE, [EQ] = EXPR_EQ, [NE] = EXPR_NE};
    const struct corr_op *ops = f->code.ops, *last = ops + f->code.n - 1;
    bool minus = f->code.n == 3 && ops[1].op == SIDED(SUB, SIDE_COUNTER);
    if (ops[0].op != CODE_COUNTER || (f->code.n != 2 && !minus) || last->op < SIDED(LT, 0) ||
        (last->op - CODE_SIDED_) % SIDES != SIDE_NUMBER)
        return;
    f->plain = compares[(last->op - CODE_SIDED_) / SIDES];
    f->minus = minus;
    f->a = ops[0].ref;
    f->b = minus ? ops[1].ref : 0;
    f->number = last->number;
}

/* The fact's number, or FACTS_MAX when there is no room for one more. */
static uint32_t fact_add(struct corr_facts *facts, const struct corr_code *code) {
    uint32_t i = 0;
    while (i < facts->n && !same_code(&facts->at[i].code, code))
        i++;
    if (i == facts->n && i < FACTS_MAX) {
        facts->at[i] = (struct corr_fact){.code = *code};
        make_plain(&facts->at[i]);
        facts->n++;
    }
    return i;
}

struct divider {
    struct arena *arena;
    expr_counter_fn *counter;
    void *ctx;
    struct corr_facts *facts;
    uint64_t mask;
    const struct corr_expr *rest; /* terms that are no facts, joined again */
};

static int divide_at_and(struct divider *d, const struct corr_expr *e) {
    if (e->op == EXPR_AND) {
        int r = divide_at_and(d, e->a);
        return r == 0 ? divide_at_and(d, e->b) : r;
    }
    uint32_t fact = FACTS_MAX;
    if (!is_attached(e)) {
        struct corr_code code;
        if (corr_code_make(d->arena, e, d->counter, d->ctx, &code) < 0)
            return -ENOMEM;
        fact = fact_add(d->facts, &code);
    }
    if (fact < FACTS_MAX) {
        d->mask |= (uint64_t) 1 << fact;
        return 0;
    }
    if (d->rest) {
        struct corr_expr *both = arena_zalloc(d->arena, sizeof *both);
        if (!both)
            return -ENOMEM;
        *both = (struct corr_expr){.op = EXPR_AND,
                                   .weight = 1 + d->rest->weight + e->weight,
                                   .a = (struct corr_expr *) (uintptr_t) d->rest,
                                   .b = (struct corr_expr *) (uintptr_t) e};
        e = both;
    }
    d->rest = e;
    return 0;
}

int corr_facts_make(struct arena *a, const struct corr_expr *e, expr_counter_fn *counter, void *ctx,
                    struct corr_facts *facts, uint64_t *ret_facts, struct corr_code *ret_rest) {
    struct divider d = {.arena = a, .counter = counter, .ctx = ctx, .facts = facts};
    int r = divide_at_and(&d, e);
    *ret_rest = (struct corr_code){0};
    if (r == 0 && d.rest)
        r = corr_code_make(a, d.rest, counter, ctx, ret_rest);
    *ret_facts = d.mask;
    return r;
}

static bool fact_holds(const struct corr_fact *f, const uint32_t *totals) {
    double x = totals[f->a];
    if (f->minus)
        x -= totals[f->b];
    switch (f->plain) {
    case EXPR_LT:
        return x < f->number;
    case EXPR_LE:
        return x <= f->number;
    case EXPR_GT:
        return x > f->number;
    case EXPR_GE:
        return x >= f->number;
    case EXPR_EQ:
        return x == f->number;
    case EXPR_NE:
        return x != f->number;
    default:
        return corr_code_run(&f->code, totals, NULL, NULL) != 0;
    }
}

const struct corr_fact *corr_facts_broken(const struct corr_facts *facts, uint64_t mask,
                                          const uint32_t *totals, struct corr_verdict *v) {
    uint64_t broken = mask & v->known & ~v->truth;
    if (broken)
        return &facts->at[__builtin_ctzll(broken)];
    totals = totals ? totals : no_totals;
    for (uint64_t todo = mask & ~v->known; todo; todo &= todo - 1) {
        const struct corr_fact *f = &facts->at[__builtin_ctzll(todo)];
        v->known |= todo & -todo;
        if (!fact_holds(f, totals))
            return f;
        v->truth |= todo & -todo;
    }
    return NULL;
}
