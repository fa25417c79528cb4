/* Selections: maps of fields, lists of maps, keywords. One YAML value becomes one item, or several
 * joined by OR where a modifier makes several values out of it (windash, base64offset, expand). */
#include "base/limits.h"
#include "base/text.h"
#include "detect/compile.h"
#include "detect/encode.h"
#include "detect/modifier.h"
#include "detect/regex.h"

struct exprs {
    const struct detect_expr **at;
    size_t n, cap;
};

static int exprs_add(struct compile *c, struct exprs *l, const struct detect_expr *e) {
    if (!e || arena_grow(c->arena, (void **) &l->at, &l->cap, l->n + 1, sizeof *l->at) < 0)
        return compile_no_memory(c);
    l->at[l->n++] = e;
    return 0;
}

static struct detect_item item_of(const struct modifiers *m, const struct yaml_node *v) {
    return (struct detect_item){
        .field = m->field,
        .modifiers = m->written,
        .cased = m->cased,
        .written = v->text,
        .at = v,
        .text = STR(""),
    };
}

static int add_item(struct compile *c, struct exprs *to, const struct detect_item *item) {
    if (c->n_items >= RULE_ATOMS_MAX)
        return compile_error(c, -ERR_LIMIT, item->at,
                             "more than %d values in one rule; split it into several",
                             RULE_ATOMS_MAX);
    return exprs_add(c, to, compile_item(c, item));
}

/* --- placeholders --- */

/* The name between the percent at `from` and the next one; empty when there is none. */
static struct str placeholder_at(struct compile *c, struct pattern p, uint32_t from,
                                 uint32_t *ret_end) {
    uint32_t i = from + 1;
    while (i < p.n && p.at[i] != '%' && p.at[i] < PATTERN_STAR)
        i++;
    if (i >= p.n || p.at[i] != '%' || i == from + 1)
        return STR("");
    uint32_t n = i - from - 1;
    char *z = arena_alloc(c->arena, n);
    if (!z)
        return STR_NULL;
    for (uint32_t k = 0; k < n; k++)
        z[k] = (char) p.at[from + 1 + k];
    *ret_end = i + 1;
    return str_n(z, n);
}

static int splice(struct compile *c, struct pattern p, uint32_t from, uint32_t end,
                  struct str value, struct pattern *ret) {
    struct pattern mid;
    if (pattern_parse(c->arena, value, false, &mid) < 0)
        return -ENOMEM;
    uint16_t *to = arena_alloc(c->arena, ((size_t) p.n + mid.n) * sizeof *to + 1);
    if (!to)
        return -ENOMEM;
    memcpy(to, p.at, from * sizeof *to);
    memcpy(to + from, mid.at, mid.n * sizeof *to);
    memcpy(to + from + mid.n, p.at + end, (p.n - end) * sizeof *to);
    *ret = (struct pattern){.at = to, .n = p.n - (end - from) + mid.n};
    return 0;
}

/* Replaces the first placeholder behind `from`, then the rest of each result by recursion: as deep
 * as there are placeholders in one value. */
static int expand(struct compile *c, const struct yaml_node *at, struct pattern p, uint32_t from,
                  struct pattern_list *to) {
    struct str name = STR("");
    uint32_t begin = from, end = 0;
    for (; begin < p.n && !name.n; begin++) {
        if (p.at[begin] != '%')
            continue;
        name = placeholder_at(c, p, begin, &end);
        if (!name.p)
            return compile_no_memory(c);
        if (name.n)
            break;
    }
    if (!name.n)
        return pattern_list_add(c->arena, to, p) < 0 ? compile_no_memory(c) : 0;
    const struct yaml_node *values = c->placeholders ? map_get(c->placeholders, name) : NULL;
    if (!values)
        return compile_error(c, -ERR_UNSUPPORTED, at,
                             "no value for the placeholder '%%%.*s%%'; give it one in a document "
                             "'placeholders: {%.*s: [...]}' beside the rules",
                             STR_ARG(name), STR_ARG(name));
    bool list = values->kind == YAML_SEQUENCE;
    for (const struct yaml_node *v = list ? values->first : values; v; v = list ? v->next : NULL) {
        struct pattern made;
        if (to->n >= RULE_ATOMS_MAX)
            return compile_error(c, -ERR_LIMIT, at, "the placeholder has too many values");
        if (splice(c, p, begin, end, v->text, &made) < 0)
            return compile_no_memory(c);
        int r = expand(c, at, made, made.n - (p.n - end), to);
        if (r < 0)
            return r;
    }
    return 0;
}

/* --- texts --- */

static int transform_one(struct compile *c, const struct yaml_node *at, enum modifier_id id,
                         struct pattern p, struct pattern_list *to) {
    struct pattern made = p;
    int r = 0;
    switch (id) {
    case MOD_STARTSWITH:
        r = pattern_surround(c->arena, &made, false, true);
        break;
    case MOD_ENDSWITH:
        r = pattern_surround(c->arena, &made, true, false);
        break;
    case MOD_CONTAINS:
        r = pattern_surround(c->arena, &made, true, true);
        break;
    case MOD_EXPAND:
        return expand(c, at, p, 0, to);
    case MOD_WINDASH:
        r = encode_windash(c->arena, p, RULE_ATOMS_MAX, to);
        break;
    case MOD_UTF16:
        r = encode_utf16(c->arena, p, ENCODE_UTF16_BOM, &made);
        break;
    case MOD_UTF16LE:
    case MOD_WIDE:
        r = encode_utf16(c->arena, p, ENCODE_UTF16LE, &made);
        break;
    case MOD_UTF16BE:
        r = encode_utf16(c->arena, p, ENCODE_UTF16BE, &made);
        break;
    case MOD_BASE64:
    case MOD_BASE64OFFSET:
        if (pattern_has_wildcard(p))
            return compile_error(c, -ERR_PARSE, at,
                                 "base64 has no place for wildcards; escape them with a backslash, "
                                 "and write 'contains' behind base64offset");
        r = id == MOD_BASE64 ? encode_base64(c->arena, p, &made)
                             : encode_base64offset(c->arena, p, to);
        break;
    default:
        break;
    }
    if (r == 0 && id != MOD_WINDASH && id != MOD_BASE64OFFSET)
        r = pattern_list_add(c->arena, to, made);
    if (r == -ENOMEM)
        return compile_no_memory(c);
    if (r == -ERR_LIMIT)
        return compile_error(c, r, at, "too many dashes for windash; split the value");
    return r < 0 ? compile_error(c, -ERR_PARSE, at, "this value cannot be encoded; make it longer")
                 : 0;
}

/* All modifiers in the order they are written; ends with at least one pattern. */
static int transform(struct compile *c, const struct modifiers *m, const struct yaml_node *v,
                     struct pattern_list *ret) {
    struct pattern p;
    if (pattern_parse(c->arena, v->text, m->expand, &p) < 0 ||
        pattern_list_add(c->arena, ret, p) < 0)
        return compile_no_memory(c);
    for (uint32_t i = 0; i < m->n; i++) {
        struct pattern_list next = {0};
        for (size_t k = 0; k < ret->n; k++) {
            int r = transform_one(c, v, m->at[i], ret->at[k], &next);
            if (r < 0)
                return r;
        }
        if (next.n > RULE_ATOMS_MAX || next.n == 0)
            return compile_error(c, -ERR_LIMIT, v, "the value becomes %zu values; split it",
                                 next.n);
        *ret = next;
    }
    return 0;
}

static bool is_number(const struct modifiers *m, const struct yaml_node *v) {
    double d;
    return v->plain && m->n == (uint32_t) m->all + m->neq + m->cased &&
           str_to_double(v->text, &d) == 0;
}

static int text_items(struct compile *c, const struct modifiers *m, const struct yaml_node *v,
                      struct exprs *to) {
    struct pattern_list list = {0};
    int r = transform(c, m, v, &list);
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        struct detect_item item = item_of(m, v);
        struct pattern p = list.at[i];
        /* a keyword stands anywhere in the line */
        if (!m->field.n && pattern_surround(c->arena, &p, true, true) < 0)
            return compile_no_memory(c);
        r = pattern_finish(c->arena, p, &item);
        if (r == -ERR_LIMIT)
            return compile_error(c, r, v, "the value is longer than %d bytes", UINT16_MAX);
        if (r < 0)
            return compile_no_memory(c);
        if (!m->field.n && item.op == DETECT_OP_ANY)
            return compile_error(c, -ERR_PARSE, v,
                                 "an empty keyword stands in every line; remove it");
        item.number = item.op == DETECT_OP_EXACT && is_number(m, v);
        r = add_item(c, to, &item);
    }
    return r;
}

/* --- other kinds --- */

static int number_item(struct compile *c, const struct modifiers *m, const struct yaml_node *v,
                       struct exprs *to) {
    struct detect_item item = item_of(m, v);
    item.op = DETECT_OP_NUMBER;
    item.compare = m->compare;
    item.time_part = m->time_part;
    if (str_to_double(v->text, &item.value) < 0)
        return compile_error(c, -ERR_PARSE, v, "'%.*s' is no number; lt, gt, hour… compare numbers",
                             STR_ARG(v->text));
    return add_item(c, to, &item);
}

static int cidr_item(struct compile *c, const struct modifiers *m, const struct yaml_node *v,
                     struct exprs *to) {
    struct pattern_list list = {0};
    int r = m->expand ? transform(c, m, v, &list) : 0;
    for (size_t i = 0; r == 0 && i < MAX(list.n, 1); i++) {
        struct detect_item item = item_of(m, v);
        char z[IP_PREFIX_CAP];
        struct str text = v->text;
        item.op = DETECT_OP_CIDR;
        if (m->expand) {
            text = str_n(z, MIN(list.at[i].n, sizeof z));
            for (size_t k = 0; k < text.n; k++)
                z[k] = list.at[i].at[k] < PATTERN_STAR ? (char) list.at[i].at[k] : '*';
        }
        if (ip_prefix_parse(text, &item.net) < 0)
            return compile_error(c, -ERR_PARSE, v,
                                 "'%.*s' is no network; write 192.0.2.0/24 or 2001:db8::/32",
                                 STR_ARG(text));
        r = add_item(c, to, &item);
    }
    return r;
}

static int fieldref_item(struct compile *c, const struct modifiers *m, const struct yaml_node *v,
                         struct exprs *to) {
    struct detect_item item = item_of(m, v);
    bool starts = false, ends = false;
    for (uint32_t i = 0; i < m->n; i++) {
        starts |= m->at[i] == MOD_STARTSWITH || m->at[i] == MOD_CONTAINS;
        ends |= m->at[i] == MOD_ENDSWITH || m->at[i] == MOD_CONTAINS;
    }
    item.op = DETECT_OP_FIELDREF;
    item.ref_op = starts && ends ? DETECT_OP_CONTAINS
                  : starts       ? DETECT_OP_PREFIX
                  : ends         ? DETECT_OP_SUFFIX
                                 : DETECT_OP_EXACT;
    item.text = str_trim(v->text);
    if (!item.text.n || !m->field.n)
        return compile_error(c, -ERR_PARSE, v, "fieldref compares two fields; name both");
    return add_item(c, to, &item);
}

static int exists_item(struct compile *c, const struct modifiers *m, const struct yaml_node *v,
                       struct exprs *to) {
    struct detect_item item = item_of(m, v);
    bool yes = str_eq_icase(v->text, STR("true")) || str_eq_icase(v->text, STR("yes"));
    bool no = str_eq_icase(v->text, STR("false")) || str_eq_icase(v->text, STR("no"));
    if (!yes && !no)
        return compile_error(c, -ERR_PARSE, v, "exists takes true or false, not '%.*s'",
                             STR_ARG(v->text));
    item.op = DETECT_OP_EXISTS;
    int r = add_item(c, to, &item);
    if (r < 0 || yes)
        return r;
    const struct detect_expr *e = compile_not(c, to->at[to->n - 1]);
    to->at[to->n - 1] = e;
    return e ? 0 : compile_no_memory(c);
}

static int regex_item(struct compile *c, const struct modifiers *m, const struct yaml_node *v,
                      struct exprs *to) {
    struct detect_item item = item_of(m, v);
    if (m->expand)
        return compile_error(
            c, -ERR_UNSUPPORTED, v,
            "placeholders inside a regular expression are not supported; use 'contains|expand'");
    item.op = DETECT_OP_REGEX;
    item.text = v->text;
    item.re_flags = m->re_flags;
    char why[160];
    size_t where;
    int r = regex_check(item.text, item.re_flags, why, sizeof why, &where);
    if (r == -ENOMEM)
        return compile_no_memory(c);
    if (r < 0)
        return compile_error(c, r, v,
                             "the regular expression fails at its character %zu: %s; correct it",
                             where + 1, why);
    return add_item(c, to, &item);
}

static int null_item(struct compile *c, const struct modifiers *m, const struct yaml_node *v,
                     struct exprs *to) {
    struct detect_item item = item_of(m, v);
    if (m->n != (uint32_t) m->all + m->neq + m->cased || !m->field.n)
        return compile_error(c, -ERR_PARSE, v,
                             "null takes no modifiers and needs a field; "
                             "write '' for the empty text");
    item.op = DETECT_OP_NULL;
    item.written = STR("null");
    return add_item(c, to, &item);
}

/* --- maps and lists --- */

static int value_expr(struct compile *c, const struct modifiers *m, const struct yaml_node *v,
                      const struct detect_expr **ret) {
    static int (*const makers[])(struct compile *, const struct modifiers *,
                                 const struct yaml_node *, struct exprs *) = {
        [KIND_TEXT] = text_items,    [KIND_RE] = regex_item,  [KIND_EXISTS] = exists_item,
        [KIND_NUMBER] = number_item, [KIND_CIDR] = cidr_item, [KIND_FIELDREF] = fieldref_item,
    };
    struct exprs made = {0};
    if (v->kind != YAML_SCALAR)
        return compile_error(
            c, -ERR_PARSE, v,
            "a value is a text, a number or null, not a %s; name nested fields with dots",
            v->kind == YAML_MAPPING ? "mapping" : "list inside a list");
    int r = yaml_is_null(v) ? null_item(c, m, v, &made) : makers[m->kind](c, m, v, &made);
    if (r < 0)
        return r;
    *ret = compile_join(c, DETECT_OR, made.at, (uint32_t) made.n);
    return *ret ? 0 : compile_no_memory(c);
}

/* `key: value` or `key: [values]`. */
static int field_expr(struct compile *c, const struct yaml_node *key, const struct yaml_node *v,
                      const struct detect_expr **ret) {
    struct modifiers m;
    struct exprs made = {0};
    int r = modifiers_parse(c, key, &m);
    if (r < 0)
        return r;
    bool list = v->kind == YAML_SEQUENCE;
    if (!m.field.n && m.kind != KIND_TEXT && m.kind != KIND_RE)
        return compile_error(c, -ERR_PARSE, key, "'%.*s' needs a field's name before it",
                             STR_ARG(key->text));
    if (list && !v->first)
        return compile_error(c, -ERR_PARSE, v, "an empty list; add a value or remove the line");
    if (m.kind == KIND_EXISTS && list && v->n > 1)
        return compile_error(c, -ERR_PARSE, v, "exists takes one value, true or false");
    for (const struct yaml_node *it = list ? v->first : v; it; it = list ? it->next : NULL) {
        const struct detect_expr *e = NULL;
        r = value_expr(c, &m, it, &e);
        if (r == 0)
            r = exprs_add(c, &made, e);
        if (r < 0)
            return r;
    }
    *ret = compile_join(c, m.all ? DETECT_AND : DETECT_OR, made.at, (uint32_t) made.n);
    if (*ret && m.neq)
        *ret = compile_not(c, *ret);
    return *ret ? 0 : compile_no_memory(c);
}

static int map_expr(struct compile *c, const struct yaml_node *map,
                    const struct detect_expr **ret) {
    struct exprs made = {0};
    if (!map->first)
        return compile_error(c, -ERR_PARSE, map, "an empty selection; add a field or remove it");
    for (const struct yaml_node *it = map->first; it; it = it->next) {
        const struct detect_expr *e = NULL;
        int r = field_expr(c, it->key, it, &e);
        if (r == 0)
            r = exprs_add(c, &made, e);
        if (r < 0)
            return r;
    }
    *ret = compile_join(c, DETECT_AND, made.at, (uint32_t) made.n);
    return *ret ? 0 : compile_no_memory(c);
}

static int keyword_expr(struct compile *c, const struct yaml_node *v,
                        const struct detect_expr **ret) {
    static const struct modifiers none = {.field = {.p = "", .n = 0}, .written = {.p = "", .n = 0}};
    return value_expr(c, &none, v, ret);
}

int compile_selection(struct compile *c, const struct yaml_node *selection,
                      const struct detect_expr **ret) {
    struct exprs made = {0};
    if (selection->kind == YAML_MAPPING)
        return map_expr(c, selection, ret);
    if (selection->kind == YAML_SCALAR)
        return keyword_expr(c, selection, ret);
    if (!selection->first)
        return compile_error(c, -ERR_PARSE, selection, "an empty list; add a keyword or a field");
    for (const struct yaml_node *it = selection->first; it; it = it->next) {
        const struct detect_expr *e = NULL;
        int r = it->kind == YAML_MAPPING ? map_expr(c, it, &e) : keyword_expr(c, it, &e);
        if (r == 0)
            r = exprs_add(c, &made, e);
        if (r < 0)
            return r;
    }
    *ret = compile_join(c, DETECT_OR, made.at, (uint32_t) made.n);
    return *ret ? 0 : compile_no_memory(c);
}
