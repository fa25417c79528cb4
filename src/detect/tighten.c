/* See tighten.h. */
#include "detect/tighten.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/yaml_json.h"
#include "base/yaml_write.h"

#define DOCUMENT_BYTES_MAX ((size_t) 1 << 20)

static bool is_name(char c) {
    return ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '_';
}

static bool names_amounts(const struct yaml_node *measures, struct str expression, int depth);

/* Events or different values, or a sum or difference of such. */
static bool is_amount(const struct yaml_node *measures, struct str name, int depth) {
    for (const struct yaml_node *m = measures && measures->kind == YAML_MAPPING ? measures->first : NULL; m && depth < 8; m = m->next) {
        if (!str_eq(m->key->text, name))
            continue;
        if (m->kind == YAML_MAPPING)
            return yaml_get(m, "count") || yaml_get(m, "distinct") || yaml_get(m, "spread");
        return m->kind == YAML_SCALAR && names_amounts(measures, m->text, depth + 1);
    }
    return false;
}

static bool names_amounts(const struct yaml_node *measures, struct str s, int depth) {
    bool any = false;
    for (size_t i = 0; i < s.n;) {
        size_t n = 0;
        while (i + n < s.n && is_name(s.p[i + n]))
            n++;
        if (n == 0) {
            if (!strchr(" +-()\t\n", s.p[i]))
                return false; /* a quotient, a product, a comparison */
            i++;
            continue;
        }
        if (!is_amount(measures, str_n(s.p + i, n), depth))
            return false;
        any = true;
        i += n;
    }
    return any;
}

static int64_t divided(int64_t n, int64_t factor) {
    return MAX((n * 100 + factor - 1) / factor, (int64_t) TIGHTEN_LEAST);
}

static size_t spaces(struct str s, size_t at) {
    while (at < s.n && strchr(" \t\n", s.p[at]))
        at++;
    return at;
}

size_t detect_tighten_words(struct str s, const struct yaml_node *measures, int64_t factor, struct buf *out) {
    size_t changed = 0, i = 0;
    while (i < s.n) {
        size_t n = 0;
        while (i + n < s.n && is_name(s.p[i + n]))
            n++;
        struct str name = str_n(s.p + i, n);
        size_t at = spaces(s, i + n), digits, k = 0;
        bool equal = at + 1 < s.n && s.p[at + 1] == '=';
        if (n == 0 || ascii_digit(name.p[0]) || at >= s.n || s.p[at] != '>' || !is_amount(measures, name, 0)) {
            buf_add(out, str_n(s.p + i, MAX(n, (size_t) 1)));
            i += MAX(n, (size_t) 1);
            continue;
        }
        digits = spaces(s, at + 1 + equal);
        while (digits + k < s.n && ascii_digit(s.p[digits + k]))
            k++;
        size_t behind = spaces(s, digits + k);
        int64_t number = 0;
        /* alone: not 0.5, not 5 * lone */
        bool alone = k && str_to_i64(str_n(s.p + digits, k), &number) == 0 && !(behind < s.n && strchr(".*/+-", s.p[behind]));
        int64_t least = number + !equal, less = divided(least, factor);
        if (!alone || less >= least) {
            buf_add(out, str_n(s.p + i, n));
            i += n;
            continue;
        }
        buf_add(out, name);
        buf_printf(out, " >= %lld", (long long) less);
        i = digits + k;
        changed++;
    }
    return changed;
}

/* {gte: 30} of a count of events or values. Whether anything changed. */
static bool bounds(struct jsonw *w, const struct yaml_node *cond, int64_t factor) {
    int64_t gte = 0, gt = -1;
    bool has = yaml_get_i64(cond, "gte", &gte), more = yaml_get_i64(cond, "gt", &gt);
    int64_t least = MAX(gte, gt + 1), less = divided(least, factor);
    if ((!has && !more) || less >= least)
        return false;
    jsonw_object(w);
    for (const struct yaml_node *v = cond->first; v; v = v->next) {
        if (str_eq_z(v->key->text, "gte") || str_eq_z(v->key->text, "gt"))
            continue;
        jsonw_key(w, v->key->text);
        yaml_write_json(w, v);
    }
    jsonw_ki64(w, "gte", less);
    jsonw_end(w);
    return true;
}

static bool condition(struct jsonw *w, const struct yaml_node *body, struct str type, int64_t factor) {
    const struct yaml_node *cond = yaml_get(body, "condition");
    if (!cond)
        return false;
    if (cond->kind == YAML_MAPPING && (str_eq_z(type, "event_count") || str_eq_z(type, "value_count")))
        return bounds(w, cond, factor);
    if (cond->kind != YAML_SCALAR || !str_eq_z(type, "measures"))
        return false;
    struct buf b;
    buf_init(&b, YAML_BYTES_MAX);
    size_t n = detect_tighten_words(cond->text, yaml_get(body, "measures"), factor, &b);
    bool good = n && buf_error(&b) == 0;
    if (good)
        jsonw_str(w, buf_str(&b));
    buf_done(&b);
    return good;
}

static void group_by(struct jsonw *w, const struct yaml_node *body, struct str field) {
    const struct yaml_node *list = yaml_get(body, "group-by");
    bool has = false;
    jsonw_array(w);
    for (const struct yaml_node *v = list ? list->kind == YAML_SEQUENCE ? list->first : list : NULL; v; v = list->kind == YAML_SEQUENCE ? v->next : NULL) {
        if (v->kind != YAML_SCALAR || yaml_is_null(v))
            continue;
        has |= str_eq(v->text, field);
        jsonw_str(w, v->text);
    }
    if (!has)
        jsonw_str(w, field);
    jsonw_end(w);
}

static bool write_correlation(struct jsonw *w, const struct yaml_node *body, struct str field, int64_t factor) {
    struct str type = STR("");
    bool good = true, grouped = false;
    (void) yaml_get_str(body, "type", &type);
    jsonw_object(w);
    for (const struct yaml_node *v = body->first; good && v; v = v->next) {
        bool group = str_eq_z(v->key->text, "group-by");
        jsonw_key(w, v->key->text);
        if (str_eq_z(v->key->text, "condition")) {
            good = condition(w, body, type, factor);
            if (!good)
                jsonw_null(w); /* the document is not used */
        } else if (group)
            group_by(w, body, field);
        else
            yaml_write_json(w, v);
        grouped |= group;
    }
    if (!grouped) {
        jsonw_key(w, STR("group-by"));
        group_by(w, body, field);
    }
    jsonw_end(w);
    return good && yaml_get(body, "condition");
}

static void write_kizuki(struct jsonw *w, const struct detect_rule *rule, struct str scope) {
    static const char *const left_out[] = {"propose", "samples", "finding", "title_ja"};
    struct str ja = STR("");
    jsonw_object(w);
    for (const struct yaml_node *v = rule->kizuki && rule->kizuki->kind == YAML_MAPPING ? rule->kizuki->first : NULL; v; v = v->next) {
        bool out = false;
        for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
            out |= str_eq_z(v->key->text, left_out[i]);
        if (out)
            continue;
        jsonw_key(w, v->key->text);
        yaml_write_json(w, v);
    }
    if (yaml_get_str(rule->kizuki, "title_ja", &ja)) {
        struct buf b;
        buf_init(&b, 8192);
        buf_printf(&b, "%.*s（監視強化中）", STR_ARG(ja));
        jsonw_kstr(w, "title_ja", buf_str(&b));
        buf_done(&b);
    }
    jsonw_kz(w, "finding", "always");
    jsonw_key(w, STR("tightened"));
    jsonw_raw(w, scope);
    jsonw_end(w);
}

static bool tells(const struct detect_rule *rule) {
    struct str word;
    if (rule->kind != DETECT_CORRELATION || rule->refused || yaml_get(rule->kizuki, "tightened"))
        return false;
    return yaml_get_str(rule->kizuki, "finding", &word) ? !str_eq_z(word, "never") : rule->generate;
}

static bool write_document(struct jsonw *w, const struct detect_rule *rule, struct str field, char letter, int64_t factor, struct str scope) {
    static const char *const left_out[] = {"title", "id", "name", "kizuki", "correlation", "generate", "related", "action"};
    struct buf b;
    bool good;
    buf_init(&b, 8192);
    jsonw_object(w);
    buf_printf(&b, "%.*s (watched more closely)", STR_ARG(rule->title));
    jsonw_kstr(w, "title", buf_str(&b));
    buf_clear(&b);
    buf_printf(&b, "%.*s~%c%lld", STR_ARG(rule->id), letter, (long long) factor);
    jsonw_kstr(w, "id", buf_str(&b));
    buf_done(&b);
    for (const struct yaml_node *v = rule->doc->first; v; v = v->next) {
        bool out = false;
        for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
            out |= str_eq_z(v->key->text, left_out[i]);
        if (out)
            continue;
        jsonw_key(w, v->key->text);
        yaml_write_json(w, v);
    }
    jsonw_key(w, STR("correlation"));
    good = write_correlation(w, rule->correlation, field, factor);
    jsonw_key(w, STR("kizuki"));
    write_kizuki(w, rule, scope);
    jsonw_end(w);
    return good;
}

int detect_tighten(const struct detect_rule *rule, struct str field, char letter, int64_t factor, struct str scope, struct buf *out, struct diag *reterr) {
    struct arena a;
    struct buf b;
    struct jsonw w;
    struct json_value *v = NULL;
    if (!tells(rule) || factor <= 100)
        return 0;
    arena_init(&a, 16 * DOCUMENT_BYTES_MAX);
    buf_init(&b, DOCUMENT_BYTES_MAX);
    jsonw_init(&w, &b);
    int r = write_document(&w, rule, field, letter, factor, scope);
    if (r == 1 && (r = buf_error(&b) ? buf_error(&b) : json_parse(&a, buf_str(&b), &v, reterr)) == 0) {
        const struct yaml_node *node = yaml_of_json(&a, v);
        buf_add_z(out, "---\n");
        if (node)
            yaml_write(out, node);
        r = node ? buf_error(out) : -ENOMEM;
        r = r < 0 ? diag_set(reterr, r, "rules that are watched more closely are larger than rules may be") : 1;
    }
    buf_done(&b);
    arena_done(&a);
    return r;
}
