/* Recursive descent over the query's bytes; every item is made ready for the matcher while it is read.
 *
 * A folded text becomes two items joined by OR: its normal form in the value's normal form, and its form with all
 * variants made one in the value's likewise. */
#include "detect/search.h"

#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"
#include "detect/compile.h"
#include "detect/pattern.h"
#include "detect/regex.h"
#include "detect/rule_priv.h"

enum { SEARCH_DEPTH_MAX = 64 };

struct query {
    struct compile c;
    struct str all;
    size_t at;
    unsigned depth;
};

static const char *const text_fields[] = {"message", "event.original", "error.message", NULL};

bool detect_search_is_text(struct str field) {
    for (size_t i = 0; text_fields[i]; i++)
        if (str_eq_z(field, text_fields[i]))
            return true;
    return !field.n;
}

static int refuse(struct query *q, size_t at, int code, const char *fmt, ...) PRINTF_LIKE(4, 5);
static int refuse(struct query *q, size_t at, int code, const char *fmt, ...) {
    char text[400];
    unsigned column = 1;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < at && i < q->all.n; i++)
        column += ((unsigned char) q->all.p[i] & 0xc0) != 0x80;
    return diag_set_at(q->c.reterr, code, "query", 1, column, "%s", text);
}

static int no_memory(struct query *q) {
    return diag_set(q->c.reterr, -ENOMEM, "out of memory while reading the query");
}

/* --- characters --- */

/* What an input method leaves in full width is read as the sign it is. */
static const struct {
    const char *wide;
    char is;
} wide_signs[] = {{"　", ' '}, {"（", '('}, {"）", ')'}, {"：", ':'}, {"”", '"'}, {"“", '"'}, {"＂", '"'},
                  {"，", ','}, {"、", ','}, {"＊", '*'}, {"？", '?'}};

/* The sign at `at`, 0 for anything else (ASCII letters too); its length in bytes. */
static char sign_at(const struct query *q, size_t at, size_t *ret_n) {
    struct str rest = str_from(q->all, at);
    *ret_n = 1;
    if (!rest.n)
        return 0;
    if ((unsigned char) rest.p[0] < 0x80)
        return rest.p[0];
    for (size_t i = 0; i < ARRAY_SIZE(wide_signs); i++)
        if (str_starts(rest, str_of(wide_signs[i].wide))) {
            *ret_n = strlen(wide_signs[i].wide);
            return wide_signs[i].is;
        }
    return 0;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct query *q) {
    size_t n;
    while (q->at < q->all.n && is_blank(sign_at(q, q->at, &n)))
        q->at += n;
}

static char peek(const struct query *q) {
    size_t n;
    return sign_at(q, q->at, &n);
}

static bool take_sign(struct query *q, char sign) {
    size_t n;
    if (q->at >= q->all.n || sign_at(q, q->at, &n) != sign)
        return false;
    q->at += n;
    return true;
}

static bool ends_word(const struct query *q, size_t at, bool in_list) {
    size_t n;
    char c = sign_at(q, at, &n);
    return at >= q->all.n || is_blank(c) || c == '(' || c == ')' || c == '"' || (in_list && c == ',');
}

/* A word of the grammar: and, or, not; nothing else may touch it. */
static bool take_keyword(struct query *q, const char *word) {
    size_t n = strlen(word);
    struct str here = str_to(str_from(q->all, q->at), n);
    if (!str_eq_icase(here, str_of(word)) || !ends_word(q, q->at + n, false))
        return false;
    q->at += n;
    skip_blanks(q);
    return true;
}

/* --- items --- */

static int add(struct query *q, const struct detect_item *item, size_t at, const struct detect_expr **ret) {
    if (q->c.n_items >= RULE_ATOMS_MAX)
        return refuse(q, at, -ERR_LIMIT, "more than %d values in one query; split it", RULE_ATOMS_MAX);
    *ret = compile_item(&q->c, item);
    return *ret ? 0 : no_memory(q);
}

static int text_item(struct query *q, struct detect_item *item, struct pattern p, size_t at,
                     const struct detect_expr **ret) {
    const struct detect_expr *both[2];
    for (int k = 0; k < 2; k++) {
        struct detect_item one = *item;
        one.fold = k ? DETECT_FOLD_VARIANTS : DETECT_FOLD_NORMAL;
        int r = pattern_finish(q->c.arena, p, &one);
        if (r == -ERR_LIMIT)
            return refuse(q, at, r, "the text is longer than %d bytes", UINT16_MAX);
        if (r < 0)
            return no_memory(q);
        if (one.op != DETECT_OP_CONTAINS)
            one.word_begins = one.word_ends = false;
        r = add(q, &one, at, &both[k]);
        if (r < 0)
            return r;
        if (one.op == DETECT_OP_ANY) {
            *ret = both[k];
            return 0;
        }
    }
    *ret = compile_join(&q->c, DETECT_OR, both, 2);
    return *ret ? 0 : no_memory(q);
}

/* A word, with wildcards unless it was quoted. */
static int text_value(struct query *q, struct str field, struct str text, bool quoted, size_t at,
                      const struct detect_expr **ret) {
    struct detect_item item = {.field = field, .written = text, .modifiers = STR(""), .text = STR(""), .quoted = quoted};
    struct pattern p;
    int r = quoted ? pattern_literal(q->c.arena, text, &p) : pattern_parse(q->c.arena, text, false, &p);
    if (r < 0)
        return no_memory(q);
    if (detect_search_is_text(field)) {
        item.word_begins = !(p.n && p.at[0] == PATTERN_STAR);
        item.word_ends = !(p.n && p.at[p.n - 1] == PATTERN_STAR);
        if (pattern_surround(q->c.arena, &p, true, true) < 0)
            return no_memory(q);
    }
    return text_item(q, &item, p, at, ret);
}

static int network(struct query *q, struct str field, struct str text, const struct ip_prefix *net, size_t at,
                   const struct detect_expr **ret) {
    struct detect_item item = {.op = DETECT_OP_CIDR, .field = field, .written = text, .modifiers = STR("cidr"),
                               .text = STR(""), .net = *net};
    /* One IPv4 address has one writing, and many of these are found in one look. */
    if (net->ip.version == 4 && net->bits == 32 && ip_is_dotted_quad(text)) {
        item.op = DETECT_OP_EXACT;
        item.text = text;
        item.modifiers = STR("");
    }
    return add(q, &item, at, ret);
}

static int number_item(struct query *q, struct str field, enum detect_compare compare, struct str text, size_t at,
                       const struct detect_expr **ret) {
    struct detect_item item = {.op = DETECT_OP_NUMBER, .field = field, .written = text, .modifiers = STR(""),
                               .text = STR(""), .compare = compare};
    if (str_to_double(text, &item.value) < 0)
        return refuse(q, at, -ERR_PARSE,
                      "'%.*s' is no number; < and > compare numbers, networks are written 192.0.2.0/24, times are "
                      "chosen beside the query",
                      (int) MIN(text.n, 60u), text.p);
    return add(q, &item, at, ret);
}

static int needs_field(struct query *q, struct str field, size_t at, const char *what) {
    return field.n ? 0
                   : refuse(q, at, -ERR_PARSE, "%s needs a field before it, as in http.response.status_code:>=400",
                            what);
}

/* ">=400", "100..200"; 1: it was none. */
static int range(struct query *q, struct str field, struct str text, size_t at, const struct detect_expr **ret) {
    static const struct {
        const char *sign;
        enum detect_compare compare;
    } signs[] = {{">=", DETECT_GTE}, {"<=", DETECT_LTE}, {">", DETECT_GT}, {"<", DETECT_LT}};
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (str_starts(text, str_of(signs[i].sign)))
            return number_item(q, field, signs[i].compare, str_from(text, strlen(signs[i].sign)), at, ret);
    double d;
    ptrdiff_t dots = str_find(text, STR(".."), 0);
    if (dots <= 0 || str_to_double(str_to(text, (size_t) dots), &d) < 0 ||
        str_to_double(str_from(text, (size_t) dots + 2), &d) < 0)
        return 1;
    const struct detect_expr *both[2];
    int r = number_item(q, field, DETECT_GTE, str_to(text, (size_t) dots), at, &both[0]);
    if (r == 0)
        r = number_item(q, field, DETECT_LTE, str_from(text, (size_t) dots + 2), at, &both[1]);
    if (r < 0)
        return r;
    *ret = compile_join(&q->c, DETECT_AND, both, 2);
    return *ret ? 0 : no_memory(q);
}

/* --- texts as typed --- */

/* Between quotes: \" and \\ are the sign itself; in a regular expression only \" is. */
static int quoted(struct query *q, struct str *ret, bool is_regex) {
    size_t begin = q->at, n = 0, len;
    char *to = arena_alloc(q->c.arena, q->all.n - q->at + 1);
    if (!to)
        return no_memory(q);
    (void) take_sign(q, '"');
    while (q->at < q->all.n && sign_at(q, q->at, &len) != '"') {
        char c = q->all.p[q->at++], next = q->at < q->all.n ? q->all.p[q->at] : 0;
        to[n++] = c == '\\' && (next == '"' || (next == '\\' && !is_regex)) ? q->all.p[q->at++] : c;
    }
    if (!take_sign(q, '"'))
        return refuse(q, begin, -ERR_PARSE, "the quotation mark is not closed; add one behind the text");
    if (!n)
        return refuse(q, begin, -ERR_PARSE, "nothing stands between the quotation marks; write what to look for");
    *ret = str_n(to, n);
    return 0;
}

/* Up to a blank, a parenthesis, a quotation mark. A backslash before one of these, or before a colon, takes its
 * meaning away; before * ? and \ it is left to the pattern; elsewhere it is a backslash. */
static int word(struct query *q, bool in_list, struct str *ret) {
    char *to = arena_alloc(q->c.arena, q->all.n - q->at + 1);
    size_t n = 0, len;
    if (!to)
        return no_memory(q);
    while (!ends_word(q, q->at, in_list)) {
        char c = q->all.p[q->at], next = q->at + 1 < q->all.n ? q->all.p[q->at + 1] : 0;
        char sign = sign_at(q, q->at, &len);
        if (c == '\\' && next && strchr(" ()\":,", next)) {
            to[n++] = next;
            q->at += 2;
        } else if (c == '\\' && next && strchr("*?\\", next)) {
            to[n++] = c;
            to[n++] = next;
            q->at += 2;
        } else if (len > 1 && (sign == '*' || sign == '?')) {
            to[n++] = sign;
            q->at += len;
        } else {
            to[n++] = c;
            q->at++;
        }
    }
    *ret = str_n(to, n);
    return 0;
}

static int regex(struct query *q, struct str field, const struct detect_expr **ret) {
    struct detect_item item = {.op = DETECT_OP_REGEX, .field = field, .modifiers = STR("re"), .re_flags = DETECT_RE_I};
    char why[160];
    size_t where, at = q->at;
    bool is_quoted = peek(q) == '"';
    int r = is_quoted ? quoted(q, &item.text, true) : word(q, false, &item.text);
    if (r < 0)
        return r;
    if (!item.text.n)
        return refuse(q, at, -ERR_PARSE, "a regular expression is missing behind ~; write one, in quotation marks");
    item.written = item.text;
    r = regex_check(item.text, item.re_flags, why, sizeof why, &where);
    if (r == -ENOMEM)
        return no_memory(q);
    if (r < 0)
        return refuse(q, at + is_quoted + where, r, "the regular expression fails here: %s; correct it", why);
    return add(q, &item, at, ret);
}

static int value(struct query *q, struct str field, bool in_list, const struct detect_expr **ret);

/* ( a, b or c ): any of them. */
static int value_list(struct query *q, struct str field, size_t at, const struct detect_expr **ret) {
    const struct detect_expr **sub = NULL;
    size_t n = 0, cap = 0;
    for (;;) {
        const struct detect_expr *e;
        skip_blanks(q);
        while (take_sign(q, ',') || (n && take_keyword(q, "or")))
            skip_blanks(q);
        if (take_sign(q, ')'))
            break;
        if (q->at >= q->all.n)
            return refuse(q, at, -ERR_PARSE, "the list is not closed; add ) behind its last value");
        int r = value(q, field, true, &e);
        if (r < 0)
            return r;
        if (arena_grow(q->c.arena, (void **) &sub, &cap, n + 1, sizeof *sub) < 0)
            return no_memory(q);
        sub[n++] = e;
    }
    if (!n)
        return refuse(q, at, -ERR_PARSE, "the list is empty; write its values, as in user.name:(alice, bob)");
    *ret = compile_join(&q->c, DETECT_OR, sub, (uint32_t) n);
    return *ret ? 0 : no_memory(q);
}

static int word_value(struct query *q, struct str field, struct str text, size_t at, const struct detect_expr **ret) {
    struct ip_prefix net;
    int r = range(q, field, text, at, ret);
    if (r <= 0)
        return r < 0 ? r : needs_field(q, field, at, "a range");
    if (field.n && str_eq(text, STR("*"))) {
        struct detect_item item = {.op = DETECT_OP_EXISTS, .field = field, .written = text, .modifiers = STR("exists"),
                                   .text = STR("")};
        return add(q, &item, at, ret);
    }
    if (field.n && !detect_search_is_text(field) && ip_prefix_parse(text, &net) >= 0)
        return network(q, field, text, &net, at, ret);
    return text_value(q, field, text, false, at, ret);
}

static int value(struct query *q, struct str field, bool in_list, const struct detect_expr **ret) {
    struct str text;
    size_t at = q->at;
    if (!in_list && field.n && take_sign(q, '('))
        return value_list(q, field, at, ret);
    bool is_quoted = peek(q) == '"';
    int r = is_quoted ? quoted(q, &text, false) : word(q, in_list, &text);
    if (r < 0)
        return r;
    if (!text.n)
        return refuse(q, at, -ERR_PARSE, "a value is missing here; write one, or * for any");
    return is_quoted ? text_value(q, field, text, true, at, ret) : word_value(q, field, text, at, ret);
}

/* --- the grammar --- */

static bool is_name(char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@' ||
           (!first && (ascii_digit(c) || c == '.' || c == '-'));
}

/* fe80::1, aa:bb:cc:dd:ee:ff, http://…: colons of their own. */
static bool has_own_colons(const struct query *q, size_t colon) {
    struct ip ip;
    size_t end = q->at, colons = 0;
    bool hex = true;
    for (; !ends_word(q, end, true); end++) {
        char c = ascii_lower(q->all.p[end]);
        colons += c == ':';
        hex &= c == ':' || ascii_digit(c) || (c >= 'a' && c <= 'f');
    }
    return (hex && colons > 1) || ip_parse(str_n(q->all.p + q->at, end - q->at), &ip) == 0 ||
           str_starts(str_from(q->all, colon), STR("://"));
}

/* A field's name with its colon or tilde; empty when none begins here. */
static struct str take_field(struct query *q, char *ret_sign) {
    size_t end = q->at, n;
    *ret_sign = 0;
    while (end < q->all.n && is_name(q->all.p[end], end == q->at))
        end++;
    char sign = sign_at(q, end, &n);
    if (end == q->at || (sign != ':' && sign != '~') || (sign == ':' && has_own_colons(q, end)))
        return STR("");
    *ret_sign = sign;
    struct str name = str_n(q->all.p + q->at, end - q->at);
    q->at = end + n;
    return name;
}

static int or_chain(struct query *q, const struct detect_expr **ret);

static int one(struct query *q, const struct detect_expr **ret) {
    size_t at = q->at;
    if (take_sign(q, '(')) {
        skip_blanks(q);
        int r = or_chain(q, ret);
        if (r < 0)
            return r;
        if (!take_sign(q, ')'))
            return refuse(q, at, -ERR_PARSE, "this parenthesis is not closed; add ) where it ends");
        skip_blanks(q);
        return 0;
    }
    if (q->at >= q->all.n)
        return refuse(q, at, -ERR_PARSE, "something to look for is missing at the end; add it, or remove the last word");
    if (peek(q) == ')')
        return refuse(q, at, -ERR_PARSE, "nothing was opened that ) could close; remove it");
    char sign;
    struct str field = take_field(q, &sign);
    int r = sign == '~' ? regex(q, field, ret) : value(q, field, false, ret);
    skip_blanks(q);
    return r;
}

static int negation(struct query *q, const struct detect_expr **ret) {
    bool negate = false;
    while (take_keyword(q, "not"))
        negate = !negate;
    int r = one(q, ret);
    if (r == 0 && negate && !(*ret = compile_not(&q->c, *ret)))
        return no_memory(q);
    return r;
}

static int chain(struct query *q, enum detect_expr_kind kind, const struct detect_expr **ret) {
    const struct detect_expr **sub = NULL;
    size_t n = 0, cap = 0;
    for (;;) {
        const struct detect_expr *e = NULL;
        int r = kind == DETECT_OR ? chain(q, DETECT_AND, &e) : negation(q, &e);
        if (r < 0)
            return r;
        if (arena_grow(q->c.arena, (void **) &sub, &cap, n + 1, sizeof *sub) < 0)
            return no_memory(q);
        sub[n++] = e;
        if (kind == DETECT_OR) {
            if (!take_keyword(q, "or"))
                break;
            continue;
        }
        struct query ahead = *q;
        if (take_keyword(q, "and"))
            continue;
        if (q->at >= q->all.n || peek(q) == ')' || take_keyword(&ahead, "or"))
            break;
    }
    *ret = compile_join(&q->c, kind, sub, (uint32_t) n);
    return *ret ? 0 : no_memory(q);
}

static int or_chain(struct query *q, const struct detect_expr **ret) {
    if (++q->depth > SEARCH_DEPTH_MAX)
        return refuse(q, q->at, -ERR_LIMIT, "parentheses nested deeper than %d; take some away", SEARCH_DEPTH_MAX);
    int r = chain(q, DETECT_OR, ret);
    q->depth--;
    return r;
}

static int parse(struct query *q, const struct detect_expr **ret) {
    if (q->all.n > SEARCH_QUERY_BYTES_MAX)
        return refuse(q, 0, -ERR_LIMIT, "the query is longer than %d bytes; put values into a list of indicators",
                      SEARCH_QUERY_BYTES_MAX);
    skip_blanks(q);
    if (q->at >= q->all.n)
        return refuse(q, 0, -ERR_PARSE, "write what to look for; * finds everything");
    int r = or_chain(q, ret);
    if (r == 0 && q->at < q->all.n)
        r = refuse(q, q->at, -ERR_PARSE, "nothing was opened that ) could close; remove it");
    return r;
}

static int add_query(struct rule_set *set, struct str text, struct diag *reterr) {
    struct detect_rule *rule = arena_zalloc(&set->arena, sizeof *rule);
    struct query q = {.c = {.file = "query", .reterr = reterr}};
    if (!rule)
        return no_memory(&q);
    q.c.arena = &set->arena;
    q.all = text_repair(&set->arena, text);
    if (q.all.p && q.all.p == text.p)
        q.all = arena_dup(&set->arena, text);
    *rule = (struct detect_rule){.kind = DETECT_DETECTION, .id = STR("search"), .title = STR("search"),
                                 .file = STR("query"), .line = 1, .text = q.all, .generate = true};
    int r = q.all.p ? parse(&q, &rule->expr) : no_memory(&q);
    if (r == 0)
        r = rule_set_add_rule(set, rule, reterr);
    return r;
}

int detect_search_parse(struct str text, struct detect_rules **ret, struct diag *reterr) {
    struct rule_set *set = rule_set_new();
    int r = set ? add_query(set, text, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    if (r < 0)
        detect_rules_unref(set ? &set->pub : NULL);
    else
        *ret = &set->pub;
    return r;
}

int detect_search_add(struct detect_rules *set, struct str text, struct diag *reterr) {
    return add_query(container_of(set, struct rule_set, pub), text, reterr);
}
