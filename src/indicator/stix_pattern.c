/* See stix_pattern.h. A recursive descent that keeps alternatives of conjunctions all the way: OR lays lists behind
 * each other, AND combines each with each, within limits. */
#include "indicator/stix_pattern.h"

#include "base/limits.h"

enum { TERMS_TOGETHER_MAX = 16 };

struct parser {
    struct arena *a;
    struct str s;
    size_t at;
    unsigned depth;
    struct diag *err;
};
struct any {
    struct stix_all *at;
    size_t cap;
    unsigned n;
};

static int wrong(struct parser *p, const char *what) {
    return diag_set_at(p->err, -ERR_PARSE, "", 1, (unsigned) p->at + 1, "%s", what);
}

static void blanks(struct parser *p) {
    while (p->at < p->s.n && (unsigned char) p->s.p[p->at] <= ' ')
        p->at++;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool take_char(struct parser *p, char c) {
    blanks(p);
    if (p->at >= p->s.n || p->s.p[p->at] != c)
        return false;
    p->at++;
    return true;
}

static bool take_word(struct parser *p, const char *word) {
    size_t n = strlen(word);
    blanks(p);
    struct str rest = str_from(p->s, p->at);
    if (rest.n < n || !str_eq_icase(str_to(rest, n), str_of(word)) || (rest.n > n && is_letter(word[n - 1]) && (is_letter(rest.p[n]) || ascii_digit(rest.p[n]))))
        return false;
    p->at += n;
    return true;
}

/* ---- constants ---- */

static int take_string(struct parser *p, struct str *ret) {
    blanks(p);
    if (p->at >= p->s.n || p->s.p[p->at] != '\'')
        return 0;
    size_t from = ++p->at, n = 0;
    while (p->at < p->s.n && p->s.p[p->at] != '\'')
        p->at += 1 + (p->s.p[p->at] == '\\');
    if (p->at >= p->s.n)
        return wrong(p, "a text that is not closed");
    char *dst = arena_alloc(p->a, p->at - from + 1);
    if (!dst)
        return -ENOMEM;
    for (size_t i = from; i < p->at; i++) {
        i += p->s.p[i] == '\\' && i + 1 < p->at;
        dst[n++] = p->s.p[i];
    }
    p->at++;
    *ret = str_n(dst, n);
    return 1;
}

/* Numbers, true, false, h'…', b'…', t'…': nothing that is looked for. */
static int skip_other(struct parser *p) {
    struct str s;
    size_t from = p->at;
    if (p->at + 1 < p->s.n && strchr("hbt", p->s.p[p->at]) && p->s.p[p->at + 1] == '\'') {
        p->at++;
        return take_string(p, &s);
    }
    while (p->at < p->s.n && (is_letter(p->s.p[p->at]) || ascii_digit(p->s.p[p->at]) || strchr("+-.", p->s.p[p->at])))
        p->at++;
    return p->at > from ? 2 : wrong(p, "no constant behind the sign");
}

/* 1: a text, 2: something else. */
static int take_constant(struct parser *p, struct str *ret) {
    int r = take_string(p, ret);
    return r == 0 ? skip_other(p) : r;
}

/* ---- paths ---- */

static int hash_kind(struct str name) {
    static const struct {
        const char *name;
        int kind;
    } rows[] = {{"MD5", INDICATOR_MD5}, {"SHA-1", INDICATOR_SHA1}, {"SHA1", INDICATOR_SHA1}, {"SHA-256", INDICATOR_SHA256},
                {"SHA256", INDICATOR_SHA256}, {"SHA-512", INDICATOR_SHA512}, {"SHA512", INDICATOR_SHA512}};
    if (name.n > 1 && (name.p[0] == '\'' || name.p[0] == '"'))
        name = str_n(name.p + 1, name.n - 2);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (str_eq_icase(name, str_of(rows[i].name)))
            return rows[i].kind;
    return -2;
}

/* -1: any value; a kind; -2: nothing that is looked for. */
static int kind_of_path(struct str path) {
    static const char *const values[] = {"ipv4-addr:value", "ipv6-addr:value", "domain-name:value", "url:value", "email-addr:value",
                                         "email-message:from_ref.value", "email-message:sender_ref.value",
                                         "network-traffic:src_ref.value", "network-traffic:dst_ref.value"};
    static const char *const hashes[] = {"file:hashes.", "artifact:hashes.", "process:binary_ref.hashes.", "process:image_ref.hashes."};
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        if (str_eq_z(path, values[i]))
            return -1;
    for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
        if (str_starts(path, str_of(hashes[i])))
            return hash_kind(str_from(path, strlen(hashes[i])));
    return -2;
}

static int take_path(struct parser *p, struct str *ret) {
    blanks(p);
    size_t from = p->at;
    bool colon = false;
    while (p->at < p->s.n) {
        char c = p->s.p[p->at];
        if (c == '\'' || c == '"' || c == '[') {
            ptrdiff_t end = str_find_byte(p->s, c == '[' ? ']' : c, p->at + 1);
            if (end < 0)
                return wrong(p, "a name in quotes or brackets that is not closed");
            p->at = (size_t) end;
        } else if (!is_letter(c) && !ascii_digit(c) && !strchr("-:.*", c)) {
            break;
        }
        colon |= c == ':';
        p->at++;
    }
    *ret = str_n(p->s.p + from, p->at - from);
    return colon ? 0 : wrong(p, "expected a comparison like ipv4-addr:value = '192.0.2.1'");
}

/* ---- comparisons ---- */

static int alone(struct parser *p, const struct stix_term *t, struct any *to) {
    struct stix_term *copy = arena_alloc(p->a, sizeof *copy);
    if (!copy || arena_grow(p->a, (void **) &to->at, &to->cap, to->n + 1u, sizeof *to->at) < 0)
        return -ENOMEM;
    *copy = *t;
    to->at[to->n++] = (struct stix_all){copy, 1};
    return 0;
}

enum sign { SIGN_EQ, SIGN_IN, SIGN_SUBSET, SIGN_OTHER };

static int take_sign(struct parser *p, const char **ret_name) {
    static const struct {
        const char *word;
        enum sign sign;
        const char *name;
    } signs[] = {{"!=", SIGN_OTHER, "!="}, {"<>", SIGN_OTHER, "!="}, {"==", SIGN_EQ, "="}, {"=", SIGN_EQ, "="}, {">=", SIGN_OTHER, ">="}, {"<=", SIGN_OTHER, "<="},
                 {">", SIGN_OTHER, ">"}, {"<", SIGN_OTHER, "<"}, {"IN", SIGN_IN, "IN"}, {"LIKE", SIGN_OTHER, "LIKE"}, {"MATCHES", SIGN_OTHER, "MATCHES"},
                 {"ISSUBSET", SIGN_SUBSET, "ISSUBSET"}, {"ISSUPERSET", SIGN_OTHER, "ISSUPERSET"}};
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (take_word(p, signs[i].word)) {
            *ret_name = signs[i].name;
            return signs[i].sign;
        }
    return wrong(p, "expected =, IN or another sign of comparison");
}

/* Constants behind the sign, each an alternative. */
static int take_values(struct parser *p, const struct stix_term *like, bool list, struct any *ret) {
    int r = list && !take_char(p, '(') ? wrong(p, "expected '(' behind IN") : 0;
    unsigned n = 0;
    while (r >= 0) {
        struct stix_term t = *like;
        struct str s;
        blanks(p);
        if ((r = take_constant(p, &s)) < 0)
            break;
        if (r == 2 && !t.lacks)
            t.lacks = "compares with something else than a text";
        if (!t.lacks)
            t.value = s;
        if (++n > INDICATOR_PATTERN_TERMS_MAX)
            return diag_set(p->err, -ERR_LIMIT, "a pattern of more than %d comparisons", INDICATOR_PATTERN_TERMS_MAX);
        r = alone(p, &t, ret);
        if (!list || (r == 0 && !take_char(p, ',')))
            break;
    }
    return r < 0 ? r : list && !take_char(p, ')') ? wrong(p, "expected ')' behind the values") : 0;
}

static int comparison(struct parser *p, struct any *ret) {
    struct stix_term t = {.lacks = NULL};
    const char *sign;
    if (take_word(p, "EXISTS")) {
        t.lacks = "asks whether a property exists";
        int r = take_path(p, &t.value);
        return r < 0 ? r : alone(p, &t, ret);
    }
    int r = take_path(p, &t.value);
    if (r < 0)
        return r;
    t.kind = kind_of_path(t.value);
    bool not = take_word(p, "NOT");
    int s = take_sign(p, &sign);
    if (s < 0)
        return s;
    if (t.kind == -2)
        t.lacks = "asks for a property that is not looked at";
    else if (not || s == SIGN_OTHER)
        t.lacks = not ? "says NOT" : "compares otherwise than with = or IN";
    return take_values(p, &t, s == SIGN_IN, ret);
}

static int both(struct parser *p, const struct any *x, const struct any *y, struct any *ret) {
    size_t n = (size_t) x->n * y->n;
    if (n > INDICATOR_PATTERN_TERMS_MAX)
        return diag_set(p->err, -ERR_LIMIT, "a pattern of more than %d alternatives", INDICATOR_PATTERN_TERMS_MAX);
    struct stix_all *at = arena_alloc(p->a, (n + 1) * sizeof *at);
    if (!at)
        return -ENOMEM;
    for (unsigned i = 0; i < x->n; i++)
        for (unsigned k = 0; k < y->n; k++) {
            const struct stix_all *l = &x->at[i], *m = &y->at[k];
            struct stix_term *t = l->n + m->n <= TERMS_TOGETHER_MAX ? arena_alloc(p->a, (l->n + m->n) * sizeof *t) : NULL;
            if (!t)
                return l->n + m->n > TERMS_TOGETHER_MAX ? diag_set(p->err, -ERR_LIMIT, "more than %d values are to be there together", TERMS_TOGETHER_MAX) : -ENOMEM;
            memcpy(t, l->terms, l->n * sizeof *t);
            memcpy(t + l->n, m->terms, m->n * sizeof *t);
            at[(size_t) i * y->n + k] = (struct stix_all){t, l->n + m->n};
        }
    *ret = (struct any){at, n, (unsigned) n};
    return 0;
}

static int either(struct parser *p, const struct any *x, struct any *to) {
    if ((size_t) x->n + to->n > INDICATOR_PATTERN_TERMS_MAX)
        return diag_set(p->err, -ERR_LIMIT, "a pattern of more than %d alternatives", INDICATOR_PATTERN_TERMS_MAX);
    if (arena_grow(p->a, (void **) &to->at, &to->cap, (size_t) x->n + to->n, sizeof *to->at) < 0)
        return -ENOMEM;
    memcpy(to->at + to->n, x->at, x->n * sizeof *to->at);
    to->n += x->n;
    return 0;
}

static int any_of(struct parser *p, struct any *ret);

static int one(struct parser *p, struct any *ret) {
    if (!take_char(p, '('))
        return comparison(p, ret);
    if (++p->depth > INDICATOR_PATTERN_DEPTH_MAX)
        return diag_set(p->err, -ERR_LIMIT, "parentheses deeper than %d", INDICATOR_PATTERN_DEPTH_MAX);
    int r = any_of(p, ret);
    p->depth--;
    return r < 0 ? r : take_char(p, ')') ? 0 : wrong(p, "expected ')'");
}

static int all_of(struct parser *p, struct any *ret) {
    int r = one(p, ret);
    while (r == 0 && take_word(p, "AND")) {
        struct any next = {0}, x = *ret;
        if ((r = one(p, &next)) == 0)
            r = both(p, &x, &next, ret);
    }
    return r;
}

static int any_of(struct parser *p, struct any *ret) {
    int r = all_of(p, ret);
    while (r == 0 && take_word(p, "OR")) {
        struct any next = {0};
        if ((r = all_of(p, &next)) == 0)
            r = either(p, &next, ret);
    }
    return r;
}

/* ---- observations ---- */

static int more(struct parser *p, const char *what) {
    return diag_set_at(p->err, -ERR_UNSUPPORTED, "", 1, (unsigned) p->at + 1, "%s", what);
}

static int observations(struct parser *p, struct any *ret);

static int observation(struct parser *p, struct any *ret) {
    int r;
    if (take_char(p, '(')) {
        if (++p->depth > INDICATOR_PATTERN_DEPTH_MAX)
            return diag_set(p->err, -ERR_LIMIT, "parentheses deeper than %d", INDICATOR_PATTERN_DEPTH_MAX);
        r = observations(p, ret);
        p->depth--;
        if (r == 0 && !take_char(p, ')'))
            r = wrong(p, "expected ')'");
    } else if (take_char(p, '[')) {
        r = any_of(p, ret);
        if (r == 0 && !take_char(p, ']'))
            r = wrong(p, "expected ']', AND or OR");
    } else {
        return wrong(p, "expected '['");
    }
    if (r < 0)
        return r;
    if (take_word(p, "WITHIN") || take_word(p, "REPEATS") || take_word(p, "START"))
        return more(p, "asks for times or repetitions (WITHIN, REPEATS, START)");
    return 0;
}

static int observations(struct parser *p, struct any *ret) {
    int r = observation(p, ret);
    while (r == 0) {
        if (take_word(p, "AND"))
            return more(p, "asks for several observations together (AND between brackets)");
        if (take_word(p, "FOLLOWEDBY"))
            return more(p, "asks for a sequence (FOLLOWEDBY)");
        if (!take_word(p, "OR"))
            return 0;
        struct any next = {0};
        if ((r = observation(p, &next)) == 0)
            r = either(p, &next, ret);
    }
    return r;
}

int stix_pattern_parse(struct arena *a, struct str text, struct stix_pattern *ret, struct diag *reterr) {
    struct parser p = {.a = a, .s = text, .err = reterr};
    struct any any = {0};
    if (text.n > INDICATOR_PATTERN_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "a pattern longer than %d bytes", INDICATOR_PATTERN_BYTES_MAX);
    int r = observations(&p, &any);
    blanks(&p);
    if (r == 0 && p.at < p.s.n)
        r = wrong(&p, "expected the end, or OR between observations");
    if (r == 0)
        *ret = (struct stix_pattern){any.at, any.n};
    return r == -ENOMEM ? diag_set(reterr, r, "out of memory") : r;
}
