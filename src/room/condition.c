/* See condition.h. One pass by descent: what cannot be read makes the whole text none, so half of a sentence never decides. */
#include "room/condition.h"

#include "base/text.h"

#include <errno.h>

struct reading {
    struct str rest;
    const struct condition_source *from;
    struct str wants; /* the first name without a value, of what is undecided */
    int error;
    unsigned depth;
    bool none;
};
enum op { OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT, OP_MAX_ };

static bool is_name(char c, bool first) {
    char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || c == '_' || c == '$' || (!first && (ascii_digit(c) || c == '-' || c == '.' || c == ':'));
}

static void skip(struct reading *x) {
    while (x->rest.n && (x->rest.p[0] == ' ' || x->rest.p[0] == '\t' || x->rest.p[0] == '\n' || x->rest.p[0] == '\r'))
        x->rest = str_from(x->rest, 1);
}

static bool take(struct reading *x, const char *sign) {
    skip(x);
    if (!str_starts(x->rest, str_of(sign)))
        return false;
    x->rest = str_from(x->rest, strlen(sign));
    return true;
}

static struct str word(struct reading *x) {
    size_t n = 0;
    skip(x);
    while (n < x->rest.n && is_name(x->rest.p[n], n == 0))
        n++;
    struct str s = str_to(x->rest, n);
    x->rest = str_from(x->rest, n);
    return s;
}

static bool keyword(struct reading *x, const char *k) {
    struct reading before = *x;
    if (str_eq_icase(word(x), str_of(k)))
        return true;
    *x = before;
    return false;
}

/* "__stolen__:value" and "$$stolen$$" are the variable `stolen`. */
static struct str bare(struct str s) {
    if (str_ends(s, STR(":value")))
        s = str_to(s, s.n - 6);
    while (s.n > 4 && (str_starts(s, STR("__")) || str_starts(s, STR("$$"))) && (str_ends(s, STR("__")) || str_ends(s, STR("$$"))))
        s = str_n(s.p + 2, s.n - 4);
    return s;
}

static struct str literal(struct reading *x) {
    skip(x);
    if (x->rest.n && (x->rest.p[0] == '\'' || x->rest.p[0] == '"')) {
        ptrdiff_t end = str_find_byte(x->rest, x->rest.p[0], 1);
        if (end < 0) {
            x->none = true;
            return STR("");
        }
        struct str s = str_n(x->rest.p + 1, (size_t) end - 1);
        x->rest = str_from(x->rest, (size_t) end + 1);
        return s;
    }
    size_t n = 0;
    while (n < x->rest.n && (is_name(x->rest.p[n], false)))
        n++;
    struct str s = str_to(x->rest, n);
    x->none |= n == 0;
    x->rest = str_from(x->rest, n);
    return s;
}

static enum op operator(struct reading *x) {
    static const struct {
        const char *sign;
        enum op op;
    } signs[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE}, {"=", OP_EQ}, {"<", OP_LT}, {">", OP_GT}};
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (take(x, signs[i].sign))
            return signs[i].op;
    return OP_MAX_;
}

/* Of a value with several lines (a fact with several choices) one is enough. */
static bool equals(struct str value, struct str wanted) {
    struct str line;
    while (str_split(&value, '\n', &line))
        if (str_eq_icase(str_trim(line), wanted))
            return true;
    return false;
}

static enum condition_truth compare(struct str value, enum op op, struct str wanted) {
    int64_t a, b;
    bool numbers = str_to_i64(str_trim(value), &a) == 0 && str_to_i64(wanted, &b) == 0, is;
    if (op == OP_EQ || op == OP_NE)
        is = (numbers ? a == b : equals(value, wanted)) == (op == OP_EQ);
    else if (!numbers)
        return CONDITION_NONE; /* "more than" of a word */
    else
        is = op == OP_LE ? a <= b : op == OP_GE ? a >= b : op == OP_LT ? a < b : a > b;
    return is ? CONDITION_TRUE : CONDITION_FALSE;
}

static enum condition_truth either(struct reading *x);

static enum condition_truth comparison(struct reading *x) {
    struct str name = bare(word(x)), value = STR("");
    enum op op = name.n ? operator(x) : OP_MAX_;
    struct str wanted = op == OP_MAX_ ? STR("") : literal(x);
    if (op == OP_MAX_ || x->none || x->error) {
        x->none = true;
        return CONDITION_NONE;
    }
    int e = x->from->value(x->from->ctx, name, &value);
    if (e == 0) {
        x->wants = x->wants.n ? x->wants : name;
        return CONDITION_UNDECIDED;
    }
    if (e < 0 && e != -ENOENT)
        x->error = e;
    enum condition_truth t = e == 1 ? compare(value, op, wanted) : CONDITION_NONE;
    x->none |= t == CONDITION_NONE;
    return t;
}

static enum condition_truth one(struct reading *x) {
    enum condition_truth t;
    if (x->none || ++x->depth > CONDITION_DEPTH_MAX) {
        x->none = true;
        return CONDITION_NONE;
    }
    if (keyword(x, "not")) {
        t = one(x);
        t = t == CONDITION_TRUE ? CONDITION_FALSE : t == CONDITION_FALSE ? CONDITION_TRUE : t;
    } else if (take(x, "(") || take(x, "[")) {
        char close = x->rest.p[-1] == '(' ? ')' : ']';
        t = either(x);
        x->none |= !take(x, close == ')' ? ")" : "]");
    } else {
        t = comparison(x);
    }
    x->depth--;
    return t;
}

static enum condition_truth both(struct reading *x) {
    enum condition_truth t = one(x);
    while (!x->none && keyword(x, "and")) {
        enum condition_truth u = one(x);
        t = t == CONDITION_FALSE || u == CONDITION_FALSE ? CONDITION_FALSE : t == CONDITION_TRUE ? u : t;
    }
    return t;
}

static enum condition_truth either(struct reading *x) {
    enum condition_truth t = both(x);
    while (!x->none && keyword(x, "or")) {
        enum condition_truth u = both(x);
        t = t == CONDITION_TRUE || u == CONDITION_TRUE ? CONDITION_TRUE : t == CONDITION_FALSE ? u : t;
    }
    return t;
}

int condition_judge(struct str text, const struct condition_source *from, enum condition_truth *ret, struct str *ret_wants) {
    struct reading x = {.rest = text, .from = from, .wants = STR("")};
    *ret = CONDITION_NONE;
    *ret_wants = STR("");
    if (text.n > CONDITION_BYTES_MAX)
        return 0;
    enum condition_truth t = either(&x);
    skip(&x);
    if (x.error || x.none || x.rest.n)
        return x.error;
    *ret = t;
    *ret_wants = t == CONDITION_UNDECIDED ? x.wants : STR("");
    return 0;
}
