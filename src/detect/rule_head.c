/* One document -> the head of a rule: everything but its condition.
 *
 * Strict where a mistake would change what is detected (no title, no log source, an unknown level),
 * lenient where it would not (a tag list written as one word). */
#include "base/limits.h"
#include "detect/rule_priv.h"

const char *detect_kind_to_string(enum detect_kind k) {
    static const char *const words[] = {"detection", "correlation", "filter"};
    return words[k];
}

static int need_scalar(const struct yaml_node *doc, const char *file, const char *key,
                       struct str *ret, struct diag *reterr) {
    const struct yaml_node *n = yaml_get(doc, key);
    *ret = STR("");
    if (!n || yaml_is_null(n))
        return 0;
    if (n->kind != YAML_SCALAR)
        return yaml_error(reterr, -ERR_PARSE, file, n, "'%s' must be one value, not a %s", key,
                          n->kind == YAML_MAPPING ? "mapping" : "list");
    *ret = str_trim(n->text);
    return 0;
}

/* A list of words; one word alone counts as a list of one, anything else inside is left out. */
static int read_strs(struct arena *a, const struct yaml_node *n, struct detect_strs *ret) {
    *ret = (struct detect_strs){0};
    if (!n || yaml_is_null(n))
        return 0;
    size_t cap = n->kind == YAML_SEQUENCE ? n->n : 1;
    struct str *at = arena_alloc(a, (cap ? cap : 1) * sizeof *at);
    if (!at)
        return -ENOMEM;
    uint32_t k = 0;
    for (const struct yaml_node *it = n->kind == YAML_SEQUENCE ? n->first : n; it; it = it->next) {
        if (it->kind == YAML_SCALAR)
            at[k++] = it->text;
        if (n->kind != YAML_SEQUENCE)
            break;
    }
    *ret = (struct detect_strs){.at = at, .n = k};
    return 0;
}

static int lower_into(struct arena *a, struct str *s) {
    char *z = s->n ? arena_dup_z(a, *s) : NULL;
    if (s->n && !z)
        return -ENOMEM;
    for (size_t i = 0; i < s->n; i++)
        z[i] = ascii_lower(z[i]);
    *s = s->n ? str_n(z, s->n) : STR_NULL;
    return 0;
}

static int read_logsource(struct arena *a, const struct yaml_node *doc, const char *file,
                          struct detect_logsource *ret, struct diag *reterr) {
    const struct yaml_node *n = yaml_get(doc, "logsource");
    if (!n || n->kind != YAML_MAPPING)
        return yaml_error(reterr, -ERR_PARSE, file, n ? n : doc,
                          "a rule needs a 'logsource' mapping; add category, product or service");
    struct {
        const char *key;
        struct str *to;
    } const parts[] = {{"category", &ret->category},
                       {"product", &ret->product},
                       {"service", &ret->service},
                       {"definition", &ret->definition}};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        int r = need_scalar(n, file, parts[i].key, parts[i].to, reterr);
        if (r == 0 && i < 3)
            r = lower_into(a, parts[i].to);
        if (r < 0)
            return r == -ENOMEM ? diag_set(reterr, r, "out of memory") : r;
    }
    if (!ret->category.n && !ret->product.n && !ret->service.n)
        return yaml_error(reterr, -ERR_PARSE, file, n,
                          "'logsource' names nothing; add category, product or service");
    return 0;
}

static int read_level(const struct yaml_node *doc, const char *file, enum rule_level *ret,
                      struct diag *reterr) {
    struct str word;
    *ret = LEVEL_MEDIUM;
    int r = need_scalar(doc, file, "level", &word, reterr);
    if (r < 0 || !word.n)
        return r;
    r = rule_level_from_string(word);
    if (r < 0)
        return yaml_error(
            reterr, -ERR_PARSE, file, yaml_get(doc, "level"),
            "unknown level '%.*s'; write informational, low, medium, high or critical",
            STR_ARG(word));
    *ret = (enum rule_level) r;
    return 0;
}

static int find_kind(const struct yaml_node *doc, const char *file, struct detect_rule *rule,
                     struct diag *reterr) {
    const struct yaml_node *detection = yaml_get(doc, "detection");
    const struct yaml_node *filter = yaml_get(doc, "filter");
    rule->correlation = yaml_get(doc, "correlation");
    if (!!detection + !!filter + !!rule->correlation != 1)
        return yaml_error(reterr, -ERR_PARSE, file, doc,
                          "a rule needs exactly one of 'detection', 'correlation' and 'filter'");
    rule->kind = detection ? DETECT_DETECTION : filter ? DETECT_FILTER : DETECT_CORRELATION;
    rule->detection = detection ? detection : filter;
    const struct yaml_node *body = rule->detection ? rule->detection : rule->correlation;
    if (body->kind != YAML_MAPPING)
        return yaml_error(reterr, -ERR_PARSE, file, body, "'%s' must be a mapping",
                          detect_kind_to_string(rule->kind));
    return 0;
}

int rule_head_parse(struct arena *a, const struct yaml_node *doc, struct str file, struct str text,
                    struct detect_rule *rule, struct diag *reterr) {
    const char *z = file.p;
    *rule = (struct detect_rule){.file = file, .line = doc->line, .text = text, .doc = doc};
    struct {
        const char *key;
        struct str *to;
    } const heads[] = {
        {"title", &rule->title},   {"id", &rule->id},
        {"name", &rule->name},     {"description", &rule->description},
        {"author", &rule->author}, {"status", &rule->status},
        {"date", &rule->date},     {"modified", &rule->modified},
    };
    int r;
    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        r = need_scalar(doc, z, heads[i].key, heads[i].to, reterr);
        if (r < 0)
            return r;
    }
    if (!rule->title.n)
        return yaml_error(reterr, -ERR_PARSE, z, doc, "a rule needs a title; add a 'title' line");
    if (!rule->id.n)
        rule->id = rule->name.n ? rule->name : rule->title;
    r = find_kind(doc, z, rule, reterr);
    if (r == 0)
        r = read_level(doc, z, &rule->level, reterr);
    if (r == 0 && rule->kind != DETECT_CORRELATION)
        r = read_logsource(a, doc, z, &rule->logsource, reterr);
    if (r < 0)
        return r;
    rule->kizuki = yaml_get(doc, "kizuki");
    rule->generate = rule->kind != DETECT_FILTER;
    if (read_strs(a, yaml_get(doc, "tags"), &rule->tags) < 0 ||
        read_strs(a, yaml_get(doc, "falsepositives"), &rule->falsepositives) < 0 ||
        read_strs(a, yaml_get(doc, "references"), &rule->references) < 0 ||
        read_strs(a, yaml_get(doc, "fields"), &rule->fields) < 0)
        return diag_set(reterr, -ENOMEM, "out of memory");
    return 0;
}
