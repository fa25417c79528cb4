/* Conditions: `selection and not 1 of filter_*`. Recursive descent, `or` binding least, then `and`,
 * then `not`, then `x of`, then parentheses; bounded in depth. Each selection is compiled once and
 * shared by the places that name it. */
#include "base/limits.h"
#include "detect/compile.h"

enum { CONDITION_DEPTH_MAX = 64, CONDITION_NODES_MAX = 100000 };

struct parser {
    struct compile *c;
    const struct yaml_node *mapping;
    const char *const *reserved;
    const struct yaml_node *at; /* the condition's scalar */
    struct str rest;            /* behind the current token */
    struct str token;           /* empty: the end */
    unsigned depth;
    size_t n_nodes;
    /* compiled selections, in the mapping's order; NULL: not yet */
    const struct detect_expr **compiled;
};

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_digit(c) || c == '_' ||
           c == '-' || c == '*' || c == '.' || (unsigned char) c >= 0x80;
}

static void next(struct parser *p) {
    size_t i = 0;
    while (i < p->rest.n && strchr(" \t\r\n", p->rest.p[i]) && p->rest.p[i])
        i++;
    size_t begin = i;
    while (i < p->rest.n && is_word(p->rest.p[i]))
        i++;
    if (i == begin && i < p->rest.n)
        i++; /* a parenthesis, or what does not belong here */
    p->token = str_n(p->rest.p + begin, i - begin);
    p->rest = str_from(p->rest, i);
}

static bool is_selection(const struct parser *p, const struct yaml_node *it) {
    if (str_eq_z(it->key->text, "condition") || str_eq_z(it->key->text, "timeframe"))
        return false;
    for (size_t i = 0; p->reserved[i]; i++)
        if (str_eq_z(it->key->text, p->reserved[i]))
            return false;
    return true;
}

static const struct yaml_node *find_selection(const struct parser *p, struct str name,
                                              unsigned *ret_at) {
    unsigned i = 0;
    for (const struct yaml_node *it = p->mapping->first; it; it = it->next, i++) {
        if (str_eq(it->key->text, name) && is_selection(p, it)) {
            *ret_at = i;
            return it;
        }
    }
    return NULL;
}

/* A word of the grammar, in any letter case, unless a selection has just that name. */
static bool is_keyword(const struct parser *p, const char *word) {
    unsigned at;
    return str_eq_icase(p->token, str_of(word)) && !find_selection(p, p->token, &at);
}

static int use_selection(struct parser *p, const struct yaml_node *it, unsigned at,
                         const struct detect_expr **ret) {
    if (!p->compiled[at]) {
        const struct detect_expr *e;
        int r = compile_selection(p->c, it, &e);
        if (r < 0)
            return r;
        struct detect_expr *named = arena_alloc(p->c->arena, sizeof *named);
        if (!named)
            return compile_no_memory(p->c);
        *named = *e;
        named->name = it->key->text;
        p->compiled[at] = named;
    }
    if (++p->n_nodes > CONDITION_NODES_MAX)
        return compile_error(p->c, -ERR_LIMIT, p->at, "the condition names too many selections");
    *ret = p->compiled[at];
    return 0;
}

/* `*` stands for any number of characters. */
static bool name_matches(struct str pattern, struct str name) {
    size_t i = 0, k = 0, star = SIZE_MAX, mark = 0;
    while (k < name.n) {
        if (i < pattern.n && pattern.p[i] == '*') {
            star = i++;
            mark = k;
        } else if (i < pattern.n && pattern.p[i] == name.p[k]) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            k = ++mark;
        } else {
            return false;
        }
    }
    while (i < pattern.n && pattern.p[i] == '*')
        i++;
    return i == pattern.n;
}

/* Names beginning with `_` take part only when the pattern itself begins so. */
static bool is_counted(const struct parser *p, const struct yaml_node *it, struct str pattern,
                       bool them) {
    struct str name = it->key->text;
    bool hidden = name.n && name.p[0] == '_' && !(!them && pattern.n && pattern.p[0] == '_');
    return is_selection(p, it) && !hidden && (them || name_matches(pattern, name));
}

/* Behind `1 of`, `any of`, `all of`: `them` or a pattern. */
static int parse_of(struct parser *p, enum detect_expr_kind kind, const struct detect_expr **ret) {
    next(p); /* of */
    struct str pattern = p->token;
    bool them = str_eq_icase(pattern, STR("them"));
    const struct detect_expr **sub = arena_alloc(p->c->arena, (p->mapping->n + 1) * sizeof *sub);
    uint32_t n = 0;
    unsigned at = 0;
    if (!sub)
        return compile_no_memory(p->c);
    for (const struct yaml_node *it = p->mapping->first; it; it = it->next, at++) {
        if (!is_counted(p, it, pattern, them))
            continue;
        int r = use_selection(p, it, at, &sub[n]);
        if (r < 0)
            return r;
        n++;
    }
    if (!n)
        return compile_error(p->c, -ERR_PARSE, p->at,
                             "no selection is named '%.*s'; correct the condition or add one",
                             STR_ARG(pattern));
    next(p);
    *ret = compile_join(p->c, kind, sub, n);
    return *ret ? 0 : compile_no_memory(p->c);
}

static bool of_follows(const struct parser *p) {
    struct parser ahead = *p;
    next(&ahead);
    return str_eq_icase(ahead.token, STR("of"));
}

static int parse_or(struct parser *p, const struct detect_expr **ret);

static int parse_primary(struct parser *p, const struct detect_expr **ret) {
    unsigned at;
    if (!p->token.n)
        return compile_error(p->c, -ERR_PARSE, p->at,
                             "the condition ends too early; name a selection behind its last word");
    if (str_eq_z(p->token, "(")) {
        next(p);
        int r = parse_or(p, ret);
        if (r < 0)
            return r;
        if (!str_eq_z(p->token, ")"))
            return compile_error(p->c, -ERR_PARSE, p->at, "a closing parenthesis is missing");
        next(p);
        return 0;
    }
    if (of_follows(p)) {
        bool any = str_eq_z(p->token, "1") || str_eq_icase(p->token, STR("any"));
        if (any || str_eq_icase(p->token, STR("all"))) {
            next(p);
            return parse_of(p, any ? DETECT_OR : DETECT_AND, ret);
        }
        return compile_error(p->c, -ERR_UNSUPPORTED, p->at,
                             "'%.*s of' is not Sigma; write '1 of' or 'all of'", STR_ARG(p->token));
    }
    if (str_eq_z(p->token, "|"))
        return compile_error(p->c, -ERR_UNSUPPORTED, p->at,
                             "conditions with '|' are obsolete; write a correlation rule");
    const struct yaml_node *it = find_selection(p, p->token, &at);
    if (!it)
        return compile_error(p->c, -ERR_PARSE, p->at,
                             "no selection is named '%.*s'; correct the condition or add one",
                             STR_ARG(p->token));
    next(p);
    return use_selection(p, it, at, ret);
}

static int parse_not(struct parser *p, const struct detect_expr **ret) {
    bool negate = false;
    while (is_keyword(p, "not")) {
        negate = !negate;
        next(p);
    }
    int r = parse_primary(p, ret);
    if (r == 0 && negate && !(*ret = compile_not(p->c, *ret)))
        return compile_no_memory(p->c);
    return r;
}

/* A chain of one operator; `below` parses what binds stronger. */
static int parse_chain(struct parser *p, enum detect_expr_kind kind, const char *word,
                       int below(struct parser *, const struct detect_expr **),
                       const struct detect_expr **ret) {
    const struct detect_expr **sub = NULL;
    size_t n = 0, cap = 0;
    for (;;) {
        const struct detect_expr *e = NULL;
        int r = below(p, &e);
        if (r < 0)
            return r;
        if (arena_grow(p->c->arena, (void **) &sub, &cap, n + 1, sizeof *sub) < 0)
            return compile_no_memory(p->c);
        sub[n++] = e;
        if (!is_keyword(p, word))
            break;
        next(p);
    }
    *ret = compile_join(p->c, kind, sub, (uint32_t) n);
    return *ret ? 0 : compile_no_memory(p->c);
}

static int parse_and(struct parser *p, const struct detect_expr **ret) {
    return parse_chain(p, DETECT_AND, "and", parse_not, ret);
}

static int parse_or(struct parser *p, const struct detect_expr **ret) {
    if (++p->depth > CONDITION_DEPTH_MAX)
        return compile_error(p->c, -ERR_LIMIT, p->at, "parentheses nested deeper than %d",
                             CONDITION_DEPTH_MAX);
    int r = parse_chain(p, DETECT_OR, "or", parse_and, ret);
    p->depth--;
    return r;
}

static int parse_one(struct parser *p, const struct yaml_node *at, const struct detect_expr **ret) {
    if (at->kind != YAML_SCALAR)
        return compile_error(p->c, -ERR_PARSE, at, "a condition is a text or a list of texts");
    p->at = at;
    p->rest = at->text;
    p->depth = 0;
    next(p);
    int r = parse_or(p, ret);
    if (r < 0 || !p->token.n)
        return r;
    if (str_eq_z(p->token, "|"))
        return compile_error(p->c, -ERR_UNSUPPORTED, at,
                             "conditions with '|' are obsolete; write a correlation rule");
    return compile_error(p->c, -ERR_PARSE, at,
                         "unexpected '%.*s' in the condition; join selections by 'and' or 'or'",
                         STR_ARG(p->token));
}

int compile_detection(struct compile *c, const struct yaml_node *mapping,
                      const char *const *reserved, const struct detect_expr **ret) {
    const struct yaml_node *condition = yaml_get(mapping, "condition");
    if (!condition || (condition->kind == YAML_SEQUENCE && !condition->first))
        return compile_error(c, -ERR_PARSE, condition ? condition : mapping,
                             "no condition; add a line 'condition: …'");
    struct parser p = {.c = c, .mapping = mapping, .reserved = reserved};
    p.compiled = arena_zalloc(c->arena, (mapping->n + 1) * sizeof *p.compiled);
    bool list = condition->kind == YAML_SEQUENCE;
    const struct detect_expr **sub = arena_alloc(c->arena, (list ? condition->n : 1) * sizeof *sub);
    if (!p.compiled || !sub)
        return compile_no_memory(c);
    uint32_t n = 0;
    for (const struct yaml_node *it = list ? condition->first : condition; it;
         it = list ? it->next : NULL) {
        int r = parse_one(&p, it, &sub[n]);
        if (r < 0)
            return r;
        n++;
    }
    *ret = compile_join(c, DETECT_OR, sub, n);
    return *ret ? 0 : compile_no_memory(c);
}
