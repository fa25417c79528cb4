/* See search_rule.h. The condition's tree is written out node by node: an item, or several of one field joined by or, is a
 * selection s1, s2…; the rest is the condition. Texts are written as JSON, which YAML reads.
 *
 * Sigma says less than a search where words are concerned: a word of a search ends where letters end, a keyword of Sigma is
 * any part of the line. And a search folds writings (サーバ, サーバー), a rule only capitals. So the draft finds the same or a
 * little more on plain words, and says so. */
#include "detect/search_rule.h"

#include "base/json.h"
#include "detect/expr.h"
#include "detect/pattern.h"
#include "detect/search.h"

enum { TITLE_BYTES = 90, SAMPLE_BYTES = 4000 };

struct writer {
    struct buf *out;
    struct buf condition;
    unsigned n;
};

static bool is_text(const struct detect_item *it) {
    return !it->field.n || detect_search_is_text(it->field);
}

/* What stands behind the field's name. */
static const char *modifier_of(const struct detect_item *it) {
    static const char *const compares[] = {[DETECT_EQ] = "", [DETECT_LT] = "|lt", [DETECT_LTE] = "|lte", [DETECT_GT] = "|gt", [DETECT_GTE] = "|gte"};
    switch (it->op) {
    case DETECT_OP_CIDR:
        return "|cidr";
    case DETECT_OP_REGEX:
        return "|re|i";
    case DETECT_OP_EXISTS:
        return "|exists";
    case DETECT_OP_NUMBER:
        return compares[it->compare];
    default:
        return it->field.n && detect_search_is_text(it->field) ? "|contains" : "";
    }
}

static void quoted(struct buf *b, struct str s, bool literal) {
    struct buf plain;
    buf_init(&plain, 65536);
    for (size_t i = 0; i < s.n; i++) {
        if (literal && strchr("*?\\", s.p[i]) && s.p[i])
            buf_add_byte(&plain, '\\');
        buf_add_byte(&plain, s.p[i]);
    }
    json_quote(b, buf_str(&plain));
    b->error = b->error ? b->error : buf_error(&plain);
    buf_done(&plain);
}

static void value(struct buf *b, const struct detect_item *it) {
    struct str s = it->written;
    if (it->op == DETECT_OP_EXISTS) {
        buf_add_z(b, "true");
        return;
    }
    if (it->op == DETECT_OP_NUMBER || it->number) {
        buf_add(b, s);
        return;
    }
    if (it->op == DETECT_OP_CIDR || it->op == DETECT_OP_REGEX) {
        json_quote(b, s);
        return;
    }
    if (is_text(it) && !it->quoted) { /* a part anyway */
        s = s.n && s.p[0] == '*' ? str_from(s, 1) : s;
        s = s.n > 1 && s.p[s.n - 1] == '*' && s.p[s.n - 2] != '\\' ? str_to(s, s.n - 1) : s;
    }
    quoted(b, s, it->quoted);
}

static bool alike(const struct detect_expr *a, const struct detect_expr *b) {
    return a->kind == DETECT_ITEM && b->kind == DETECT_ITEM && str_eq(a->item->field, b->item->field) &&
           a->item->op != DETECT_OP_EXISTS && strcmp(modifier_of(a->item), modifier_of(b->item)) == 0;
}

/* Items that any of which will do; n = 1 for one alone. */
static void selection(struct writer *w, const struct detect_expr *const *e, uint32_t n) {
    const struct detect_item *it = e[0]->item;
    const char *modifier = modifier_of(it);
    const char *indent = it->field.n || *modifier ? "            " : "        ";
    buf_printf(w->out, "    s%u:\n", ++w->n);
    buf_printf(&w->condition, "s%u", w->n);
    if (it->field.n || *modifier) {
        struct buf name;
        buf_init(&name, 1024);
        buf_printf(&name, "%.*s%s", STR_ARG(it->field), modifier);
        buf_add_z(w->out, "        ");
        json_quote(w->out, buf_str(&name));
        buf_add_z(w->out, ":");
        buf_done(&name);
        if (n == 1) {
            buf_add_byte(w->out, ' ');
            value(w->out, it);
            buf_add_byte(w->out, '\n');
            return;
        }
        buf_add_byte(w->out, '\n');
    }
    for (uint32_t i = 0; i < n; i++) {
        buf_printf(w->out, "%s- ", indent);
        value(w->out, e[i]->item);
        buf_add_byte(w->out, '\n');
    }
}

static void node(struct writer *w, const struct detect_expr *e, bool inside) {
    bool list = e->kind == DETECT_OR && e->n;
    for (uint32_t i = 1; list && i < e->n; i++)
        list = alike(e->sub[0], e->sub[i]);
    if (e->kind == DETECT_ITEM) {
        selection(w, &e, 1);
    } else if (list && e->sub[0]->kind == DETECT_ITEM) {
        selection(w, e->sub, e->n);
    } else if (e->kind == DETECT_NOT) {
        buf_add_z(&w->condition, "not ");
        node(w, e->sub[0], true);
    } else {
        if (inside)
            buf_add_byte(&w->condition, '(');
        for (uint32_t i = 0; i < e->n; i++) {
            if (i)
                buf_add_z(&w->condition, e->kind == DETECT_AND ? " and " : " or ");
            node(w, e->sub[i], true);
        }
        if (inside)
            buf_add_byte(&w->condition, ')');
    }
}

static void head(struct buf *out, struct str query) {
    struct buf title;
    size_t n = MIN(query.n, (size_t) TITLE_BYTES);
    while (n < query.n && n && ((unsigned char) query.p[n] & 0xc0) == 0x80) /* never half a character */
        n--;
    buf_init(&title, 1024);
    buf_printf(&title, "%.*s%s", (int) n, query.p, n < query.n ? "…" : "");
    buf_add_z(out, "title: ");
    json_quote(out, buf_str(&title));
    buf_add_z(out, "\nstatus: experimental\ndescription: ");
    buf_clear(&title);
    buf_add_z(&title, "Made of a search. A word without a field is any part of the line here; say what you want to notice, and why it matters.");
    json_quote(out, buf_str(&title));
    buf_add_z(out, "\n# Name the logs this is about (category, product, service); any: all of them.\nlogsource:\n    category: any\ndetection:\n");
    buf_done(&title);
}

int detect_search_rule(struct str query, struct str sample, struct buf *out, struct diag *reterr) {
    struct detect_rules *rules;
    struct writer w = {.out = out};
    int r = detect_search_parse(query, &rules, reterr);
    if (r < 0)
        return r;
    buf_init(&w.condition, 65536);
    head(out, query);
    node(&w, rules->rules[0]->expr, false);
    buf_printf(out, "    condition: %s\nlevel: medium\n", buf_z(&w.condition));
    if (sample.p && sample.n && sample.n <= SAMPLE_BYTES) {
        buf_add_z(out, "kizuki:\n    samples:\n        match:\n            - ");
        json_quote(out, sample);
        buf_add_byte(out, '\n');
    }
    r = buf_error(&w.condition) ? buf_error(&w.condition) : buf_error(out);
    buf_done(&w.condition);
    detect_rules_unref(rules);
    return r < 0 ? diag_set(reterr, r, "cannot write the rule: %s", err_word(r)) : 0;
}
