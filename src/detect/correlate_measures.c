/* Reads what is ours in a rule: measures, attached measures, and the `kizuki` mapping (kind,
 * propose, collect, fold). content/extensions.md has the grammar with examples. */
#include "base/limits.h"
#include "detect/correlate_read.h"

static int bad(const struct detect_rule *rule, const struct yaml_node *at, struct diag *d,
               const char *text) {
    return yaml_error(d, -ERR_PARSE, rule->file.p, at, "%s", text);
}

static int no_memory(struct diag *d) {
    return diag_set(d, -ENOMEM, "out of memory");
}

static bool name_ok(struct str s) {
    static const char *const words[] = {"and", "or", "not"};
    if (s.n == 0 || s.n > 64 || ascii_digit(s.p[0]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || ascii_digit(s.p[i]) || s.p[i] == '_'))
            return false;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq_z(s, words[i]))
            return false;
    return true;
}

static struct plan_measure *find_measure(const struct plan_corr *c, struct str name) {
    for (uint32_t i = 0; i < c->n_measures; i++)
        if (str_eq(c->measures[i].name, name))
            return &c->measures[i];
    return NULL;
}

static int add_measure(const struct corr_reader *r, const struct detect_rule *rule,
                       struct plan_corr *c, const struct yaml_node *at, enum measure_kind kind,
                       struct plan_measure **ret, struct diag *reterr) {
    struct str name = at->key->text;
    if (!name_ok(name))
        return yaml_error(reterr, -ERR_PARSE, rule->file.p, at->key,
                          "'%.*s' cannot name a measure; use small letters, digits and _",
                          STR_ARG(str_to(name, 80)));
    if (find_measure(c, name))
        return bad(rule, at->key, reterr, "the measure is named twice");
    if (c->n_measures == CORRELATION_MEASURES_MAX - 1)
        return yaml_error(reterr, -ERR_LIMIT, rule->file.p, at, "more than %d measures",
                          CORRELATION_MEASURES_MAX - 1);
    struct corr_expr *leaf = arena_zalloc(r->arena, sizeof *leaf);
    if (!leaf)
        return no_memory(reterr);
    *leaf = (struct corr_expr){.op = kind == MEASURE_ATTACHED ? EXPR_ATTACHED : EXPR_COUNTER,
                               .ref = c->n_measures,
                               .weight = 1,
                               .level = kind == MEASURE_PERIOD || kind == MEASURE_JITTER};
    *ret = &c->measures[c->n_measures++];
    **ret = (struct plan_measure){.name = name, .kind = kind, .expr = leaf};
    return 0;
}

static int need_measures(const struct corr_reader *r, struct plan_corr *c, struct diag *reterr) {
    if (!c->measures)
        c->measures = arena_zalloc(r->arena, CORRELATION_MEASURES_MAX * sizeof *c->measures);
    return c->measures ? 0 : no_memory(reterr);
}

int corr_read_attach(const struct corr_reader *r, const struct detect_rule *rule,
                     struct plan_corr *c, struct diag *reterr) {
    const struct yaml_node *map = yaml_get(rule->correlation, "attach");
    if (!map)
        return 0;
    if (map->kind != YAML_MAPPING)
        return bad(rule, map, reterr, "'attach' maps a measure to the name of a value_count");
    int code = need_measures(r, c, reterr);
    for (const struct yaml_node *it = map->first; it && code == 0; it = it->next) {
        struct plan_measure *m;
        code = add_measure(r, rule, c, it, MEASURE_ATTACHED, &m, reterr);
        if (code < 0)
            break;
        const struct yaml_node *of = it->kind == YAML_MAPPING ? yaml_get(it, "of") : it;
        struct str say;
        m->say = USUAL_NOTHING;
        m->provider_rule = of && of->kind == YAML_SCALAR ? detect_rules_find(r->set, of->text) : NULL;
        if (!m->provider_rule || m->provider_rule->kind != DETECT_CORRELATION)
            return bad(rule, it, reterr,
                       "'attach' wants a value_count correlation without a number in its condition, or "
                       "{of: a usual, say: learnt}, grouped by fields of this group-by");
        if (it->kind != YAML_MAPPING)
            continue;
        int word = yaml_get_str(it, "say", &say) && it->n == 2 ? usual_say_from_string(say) : -EINVAL;
        if (word < 0)
            return bad(rule, it, reterr, "'say' is one of value, beside, learnt, share, same, most, low, high and hour");
        m->say = (enum usual_say) word;
    }
    return code;
}

static const struct corr_expr *expr_name(void *ctx, struct str name, struct diag *reterr) {
    const struct plan_measure *m = find_measure(ctx, name);
    if (!m)
        diag_set(reterr, -ERR_PARSE, "there is no measure '%.*s' above this line",
                 STR_ARG(str_to(name, 80)));
    return m ? m->expr : NULL;
}

static int read_expr(const struct corr_reader *r, const struct detect_rule *rule,
                     struct plan_corr *c, const struct yaml_node *at, const struct corr_expr **ret,
                     struct diag *reterr) {
    struct diag why = {0};
    int code = corr_expr_parse(r->arena, at->text, expr_name, c, ret, &why);
    if (code < 0)
        return yaml_error(reterr, code, rule->file.p, at, "%s", why.text);
    return 0;
}

/* What a measure may be; its value names rules, but for `distinct`. */
static const struct {
    const char *word;
    enum measure_kind kind;
} measure_words[] = {
    {"count", MEASURE_COUNT},   {"distinct", MEASURE_DISTINCT}, {"spread", MEASURE_SPREAD},
    {"visits", MEASURE_VISITS}, {"period", MEASURE_PERIOD},     {"jitter", MEASURE_JITTER},
};

/* {count: rules} | {distinct: field or pair, of: rules} | {spread: rules} | {visits, period, jitter: rules}, each with
 * without: rules | "expression" */
static int read_measure(const struct corr_reader *r, const struct detect_rule *rule,
                        struct plan_corr *c, const struct yaml_node *at, struct diag *reterr) {
    static const char *const keys[] = {"count",  "distinct", "of",     "spread",
                                       "visits", "period",   "jitter", "without", NULL};
    struct plan_measure *m;
    int code;
    if (at->kind == YAML_SCALAR) {
        const struct corr_expr *e;
        code = read_expr(r, rule, c, at, &e, reterr);
        if (code == 0)
            code = add_measure(r, rule, c, at, MEASURE_FORMULA, &m, reterr);
        if (code == 0)
            m->expr = e;
        return code;
    }
    const struct yaml_node *what = NULL, *of = yaml_get(at, "of"), *distinct = NULL;
    enum measure_kind kind = MEASURE_FORMULA;
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(measure_words); i++) {
        const struct yaml_node *v = yaml_get(at, measure_words[i].word);
        if (v) {
            n++;
            what = v;
            kind = measure_words[i].kind;
        }
    }
    distinct = kind == MEASURE_DISTINCT ? what : NULL;
    if (at->kind != YAML_MAPPING || n != 1 || (of && !distinct))
        return bad(rule, at, reterr,
                   "a measure is {count: rules}, {distinct: field, of: rules}, {spread: rules}, "
                   "{visits: rules}, {period: rules}, {jitter: rules} or an expression");
    code = yaml_only_keys(at, keys, rule->file.p, reterr);
    if (code == 0)
        code = add_measure(r, rule, c, at, kind, &m, reterr);
    if (code < 0)
        return code;
    const struct yaml_node *rules = distinct ? of : what;
    const struct yaml_node *without = yaml_get(at, "without");
    m->mask = c->mask;
    if (without)
        code = corr_mask(rule, r, c, without, &m->without, reterr);
    if (code == 0 && rules)
        code = corr_mask(rule, r, c, rules, &m->mask, reterr);
    for (const struct yaml_node *it = corr_first(distinct); code == 0 && it;
         it = corr_next(distinct, it)) {
        if (m->n_fields == MEASURE_FIELDS_MAX)
            return bad(rule, it, reterr, "distinct takes a field or a pair of fields");
        code = corr_field(r, rule, it, &m->fields[m->n_fields++], reterr);
    }
    if (code == 0 && distinct && m->n_fields == 0)
        return bad(rule, distinct, reterr, "distinct takes a field or a pair of fields");
    return code;
}

int corr_read_measures(const struct corr_reader *r, const struct detect_rule *rule,
                       struct plan_corr *c, struct diag *reterr) {
    const struct yaml_node *map = yaml_get(rule->correlation, "measures");
    const struct yaml_node *cond = yaml_get(rule->correlation, "condition");
    if (!map || map->kind != YAML_MAPPING)
        return bad(rule, map ? map : rule->correlation, reterr,
                   "a correlation of type measures needs a mapping 'measures'");
    if (!cond || cond->kind != YAML_SCALAR)
        return bad(rule, cond ? cond : rule->correlation, reterr,
                   "a correlation of type measures needs a 'condition' such as failures >= 20");
    int code = need_measures(r, c, reterr);
    for (const struct yaml_node *it = map->first; it && code == 0; it = it->next)
        code = read_measure(r, rule, c, it, reterr);
    if (code == 0)
        code = read_expr(r, rule, c, cond, &c->condition, reterr);
    if (code == 0)
        c->least_events = corr_expr_least_events(c->condition);
    return code;
}

/* collect: [field, {field: url.path, of: rules}] */
static int read_collect(const struct corr_reader *r, const struct detect_rule *rule,
                        const struct plan_corr *c, const struct yaml_node *at,
                        struct plan_collect *ret, struct diag *reterr) {
    static const char *const keys[] = {"field", "of", NULL};
    const struct yaml_node *field = at, *of = NULL;
    int code = 0;
    ret->mask = c ? c->mask : UINT32_MAX;
    if (at->kind == YAML_MAPPING) {
        field = yaml_get(at, "field");
        of = yaml_get(at, "of");
        code = yaml_only_keys(at, keys, rule->file.p, reterr);
    }
    if (code == 0 && (!field || (of && !c)))
        code = bad(rule, at, reterr, "'collect' lists fields, or {field: name, of: rules}");
    if (code == 0)
        code = corr_field(r, rule, field, &ret->field, reterr);
    if (code == 0 && of)
        code = corr_mask(rule, r, c, of, &ret->mask, reterr);
    if (code == 0)
        ret->name = field->text;
    return code;
}

static int read_collects(const struct corr_reader *r, const struct detect_rule *rule,
                         const struct plan_corr *c, struct plan_rule *pub, struct diag *reterr) {
    const struct yaml_node *list = yaml_get(rule->kizuki, "collect");
    if (!list)
        return 0;
    pub->collects = arena_zalloc(r->arena, CORRELATION_FIELDS_MAX * sizeof *pub->collects);
    if (!pub->collects)
        return no_memory(reterr);
    for (const struct yaml_node *it = corr_first(list); it; it = corr_next(list, it)) {
        if (pub->n_collects == CORRELATION_FIELDS_MAX)
            return yaml_error(reterr, -ERR_LIMIT, rule->file.p, it,
                              "more than %d fields to collect", CORRELATION_FIELDS_MAX);
        int code = read_collect(r, rule, c, it, &pub->collects[pub->n_collects], reterr);
        if (code < 0)
            return code;
        pub->n_collects++;
    }
    return 0;
}

int corr_read_pub(const struct corr_reader *r, const struct detect_rule *rule,
                  const struct plan_corr *c, struct plan_rule *pub, struct diag *reterr) {
    pub->rule = rule;
    pub->kind = pub->propose = STR("");
    yaml_get_str(rule->kizuki, "kind", &pub->kind);
    yaml_get_str(rule->kizuki, "propose", &pub->propose);
    if (c && c->n_measures) {
        struct str *names = arena_alloc(r->arena, c->n_measures * sizeof *names);
        if (!names)
            return no_memory(reterr);
        for (uint32_t i = 0; i < c->n_measures; i++)
            names[i] = c->measures[i].name;
        pub->measure_names = names;
        pub->n_measures = c->n_measures;
    }
    return read_collects(r, rule, c, pub, reterr);
}

int corr_read_tell(const struct corr_reader *r, const struct detect_rule *rule, const uint32_t **ret, uint32_t *ret_n,
                   struct diag *reterr) {
    const struct yaml_node *list = yaml_get(rule->kizuki, "tell");
    uint32_t *fields = list ? arena_zalloc(r->arena, CORRELATION_FIELDS_MAX * sizeof *fields) : NULL;
    *ret_n = 0;
    *ret = fields;
    if (list && !fields)
        return no_memory(reterr);
    for (const struct yaml_node *it = corr_first(list); it; it = corr_next(list, it)) {
        if (*ret_n == CORRELATION_FIELDS_MAX)
            return bad(rule, it, reterr, "too many fields to tell");
        int code = corr_field(r, rule, it, &fields[*ret_n], reterr);
        if (code < 0)
            return code;
        (*ret_n)++;
    }
    return 0;
}

/* What makes two matches of one rule the same finding, where the rule does not say. Absent fields
 * are left out. The Windows names stand beside ours for rules written for raw Windows events. */
static const char *const fold_default[] = {"kizuki.source.net", "user.name", "host.name",
                                           "service.name",      "Computer",  "User"};

int corr_read_fold(const struct corr_reader *r, const struct detect_rule *rule,
                   struct plan_fold *fold, struct diag *reterr) {
    const struct yaml_node *list = yaml_get(rule->kizuki, "fold");
    struct str *names = arena_zalloc(r->arena, CORRELATION_FIELDS_MAX * sizeof *names);
    uint32_t *fields = arena_zalloc(r->arena, CORRELATION_FIELDS_MAX * sizeof *fields);
    if (!names || !fields)
        return no_memory(reterr);
    uint32_t n = 0;
    for (const struct yaml_node *it = corr_first(list); it; it = corr_next(list, it)) {
        if (n == CORRELATION_FIELDS_MAX)
            return bad(rule, it, reterr, "too many fields to fold by");
        int code = corr_field(r, rule, it, &fields[n], reterr);
        if (code < 0)
            return code;
        names[n++] = it->text;
    }
    for (size_t i = 0; !list && i < ARRAY_SIZE(fold_default); i++) {
        int id = event_names_intern(r->names, str_of(fold_default[i]));
        if (id == -ENOMEM)
            return no_memory(reterr);
        if (id < 0)
            continue;
        fields[n] = (uint32_t) id;
        names[n++] = str_of(fold_default[i]);
    }
    struct str span;
    fold->pub.quiet_ns = 5 * NS_PER_MIN;
    if (yaml_get_str(rule->kizuki, "fold_span", &span) &&
        (time_parse_span(span, &fold->pub.quiet_ns) < 0 || fold->pub.quiet_ns < NS_PER_S))
        return bad(rule, yaml_get(rule->kizuki, "fold_span"), reterr,
                   "'fold_span' must be a number with s, m, h or d");
    fold->fields = fields;
    fold->n_fields = fold->pub.n_keys = n;
    fold->pub.key_names = names;
    fold->pub.evidence = UINT32_MAX;
    int code = corr_read_pub(r, rule, NULL, &fold->pub, reterr);
    for (uint32_t i = 0; i < fold->pub.n_collects; i++)
        fold->pub.collects[i].val = i;
    return code;
}
