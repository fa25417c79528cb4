/* One correlation document -> struct plan_corr, as far as it can be read by itself. */
#include "detect/correlate_read.h"
#include "base/limits.h"
#include "detect/correlate_numbers.h"

static int bad(const struct detect_rule *rule, const struct yaml_node *at, struct diag *d,
               const char *text) {
    return yaml_error(d, -ERR_PARSE, rule->file.p, at ? at : rule->correlation, "%s", text);
}

static int no_memory(struct diag *d) {
    return diag_set(d, -ENOMEM, "out of memory");
}

int corr_field(const struct corr_reader *r, const struct detect_rule *rule,
               const struct yaml_node *at, uint32_t *ret, struct diag *reterr) {
    if (!at || at->kind != YAML_SCALAR)
        return bad(rule, at, reterr, "a field name is expected");
    int id = event_names_intern(r->names, at->text);
    if (id == -ENOMEM)
        return no_memory(reterr);
    if (id < 0)
        return yaml_error(
            reterr, -ERR_LIMIT, rule->file.p, at,
            "the field name '%.*s' cannot be used; it is empty, too long or one too many",
            STR_ARG(str_to(at->text, 80)));
    *ret = (uint32_t) id;
    return 0;
}

/* A scalar counts as a list of one. */
const struct yaml_node *corr_first(const struct yaml_node *list) {
    return list && list->kind == YAML_SEQUENCE ? list->first : list;
}
const struct yaml_node *corr_next(const struct yaml_node *list, const struct yaml_node *it) {
    return list->kind == YAML_SEQUENCE ? it->next : NULL;
}

int corr_mask(const struct detect_rule *rule, const struct corr_reader *r,
              const struct plan_corr *c, const struct yaml_node *list, uint32_t *ret,
              struct diag *reterr) {
    uint32_t mask = 0;
    for (const struct yaml_node *it = corr_first(list); it; it = corr_next(list, it)) {
        const struct detect_rule *to =
            it->kind == YAML_SCALAR ? detect_rules_find(r->set, it->text) : NULL;
        uint32_t i = 0;
        while (i < c->n_inputs && c->inputs[i] != to)
            i++;
        if (!to || i == c->n_inputs)
            return yaml_error(
                reterr, -ERR_PARSE, rule->file.p, it,
                "'%.*s' is not among the rules of this correlation; add it to 'rules'",
                STR_ARG(str_to(it->text, 80)));
        mask |= (uint32_t) 1 << i;
    }
    if (!mask)
        return bad(rule, list, reterr, "the name of a rule is expected");
    *ret = mask;
    return 0;
}

static const char *const type_words[CORR_TYPE_MAX_] = {
    [CORR_EVENT_COUNT] = "event_count", [CORR_VALUE_COUNT] = "value_count",
    [CORR_TEMPORAL] = "temporal",       [CORR_TEMPORAL_ORDERED] = "temporal_ordered",
    [CORR_FIRST_SEEN] = "first_seen",   [CORR_MEASURES] = "measures",
    [CORR_VALUE_SUM] = "value_sum",     [CORR_VALUE_AVG] = "value_avg",
    [CORR_VALUE_PERCENTILE] = "value_percentile", [CORR_VALUE_MEDIAN] = "value_median",
    [CORR_RATE_CHANGE] = "rate_change", [CORR_SILENCE] = "silence",
    [CORR_USUAL] = "usual",             [CORR_SEEN_AGAIN] = "seen_again",
    [CORR_FORECAST] = "forecast",       [CORR_UNUSUAL] = "unusual",
};

static int read_type(const struct detect_rule *rule, struct plan_corr *c, struct diag *reterr) {
    struct str word;
    if (!yaml_get_str(rule->correlation, "type", &word))
        return bad(rule, NULL, reterr, "a correlation needs a 'type'");
    for (int i = 0; i < CORR_TYPE_MAX_; i++) {
        if (str_eq_z(word, type_words[i])) {
            c->type = (enum corr_type) i;
            return 0;
        }
    }
    return yaml_error(reterr, -ERR_PARSE, rule->file.p, yaml_get(rule->correlation, "type"),
                      "unknown type '%.*s'; event_count, value_count, value_sum, value_avg, "
                      "value_percentile, value_median, temporal, temporal_ordered, first_seen, "
                      "rate_change, forecast, unusual, silence, usual, seen_again and measures are known",
                      STR_ARG(str_to(word, 80)));
}

static int read_rules(const struct corr_reader *r, const struct detect_rule *rule,
                      struct plan_corr *c, struct diag *reterr) {
    const struct yaml_node *list = yaml_get(rule->correlation, "rules");
    if (!list || yaml_is_null(list))
        return bad(rule, NULL, reterr, "a correlation needs 'rules' to look at");
    for (const struct yaml_node *it = corr_first(list); it; it = corr_next(list, it)) {
        if (it->kind != YAML_SCALAR)
            return bad(rule, it, reterr, "'rules' lists names or ids of rules");
        const struct detect_rule *to = detect_rules_find(r->set, it->text);
        if (!to || to->kind == DETECT_FILTER)
            return yaml_error(reterr, -ERR_PARSE, rule->file.p, it,
                              "there is no rule '%.*s'; load it with this one",
                              STR_ARG(str_to(it->text, 80)));
        if (c->n_inputs == CORRELATION_INPUTS_MAX)
            return yaml_error(reterr, -ERR_LIMIT, rule->file.p, it,
                              "more than %d rules in one correlation", CORRELATION_INPUTS_MAX);
        for (uint32_t i = 0; i < c->n_inputs; i++)
            if (c->inputs[i] == to)
                return bad(rule, it, reterr, "the same rule is listed twice");
        c->inputs[c->n_inputs++] = to;
    }
    if (!c->n_inputs)
        return bad(rule, list, reterr, "'rules' is empty");
    return 0;
}

/* aliases: {alias: {rule name: field}} */
static int read_aliases(const struct corr_reader *r, const struct detect_rule *rule,
                        struct plan_corr *c, const struct yaml_node *map, struct diag *reterr) {
    if (!map)
        return 0;
    if (map->kind != YAML_MAPPING || map->n > CORRELATION_FIELDS_MAX)
        return bad(rule, map, reterr, "'aliases' must be a mapping of at most 8 names");
    c->alias_fields = arena_zalloc(r->arena, (map->n + 1) * sizeof *c->alias_fields);
    if (!c->alias_fields)
        return no_memory(reterr);
    for (const struct yaml_node *a = map->first; a; a = a->next) {
        if (a->kind != YAML_MAPPING)
            return bad(rule, a, reterr, "an alias maps names of rules to fields");
        for (const struct yaml_node *f = a->first; f; f = f->next) {
            uint32_t mask, field;
            int code = corr_mask(rule, r, c, f->key, &mask, reterr);
            if (code == 0)
                code = corr_field(r, rule, f, &field, reterr);
            if (code < 0)
                return code;
            c->alias_fields[c->n_aliases][__builtin_ctz(mask)] = field;
        }
        for (uint32_t i = 0; i < c->n_inputs; i++)
            if (!c->alias_fields[c->n_aliases][i])
                return yaml_error(reterr, -ERR_PARSE, rule->file.p, a,
                                  "the alias says no field for the rule '%.*s'",
                                  STR_ARG(c->inputs[i]->name));
        c->n_aliases++;
    }
    return 0;
}

static int read_group_by(const struct corr_reader *r, const struct detect_rule *rule,
                         struct plan_corr *c, struct diag *reterr) {
    const struct yaml_node *list = yaml_get(rule->correlation, "group-by");
    const struct yaml_node *aliases = yaml_get(rule->correlation, "aliases");
    struct str *names = arena_zalloc(r->arena, CORRELATION_FIELDS_MAX * sizeof *names);
    if (!names)
        return no_memory(reterr);
    int code = read_aliases(r, rule, c, aliases, reterr);
    if (code < 0)
        return code;
    c->pub.key_names = names;
    if (!list || yaml_is_null(list))
        return 0;
    for (const struct yaml_node *it = corr_first(list); it; it = corr_next(list, it)) {
        if (c->n_keys == CORRELATION_FIELDS_MAX)
            return yaml_error(reterr, -ERR_LIMIT, rule->file.p, it,
                              "more than %d fields to group by", CORRELATION_FIELDS_MAX);
        uint32_t alias = 0, key = 0;
        const struct yaml_node *a = aliases ? aliases->first : NULL;
        while (a && !(it->kind == YAML_SCALAR && str_eq(a->key->text, it->text))) {
            a = a->next;
            alias++;
        }
        if (a)
            key = alias | KEY_IS_ALIAS;
        else
            code = corr_field(r, rule, it, &key, reterr);
        if (code < 0)
            return code;
        names[c->n_keys] = it->text;
        c->keys[c->n_keys++] = key;
    }
    c->pub.n_keys = c->n_keys;
    return 0;
}

static int read_span(const struct detect_rule *rule, struct plan_corr *c, struct diag *reterr) {
    struct str word;
    if (!yaml_get_str(rule->correlation, "timespan", &word))
        return bad(rule, NULL, reterr, "a correlation needs a 'timespan' such as 10m");
    if (time_parse_span(word, &c->span_ns) < 0 || c->span_ns < NS_PER_S ||
        c->span_ns > 400 * NS_PER_DAY)
        return bad(rule, yaml_get(rule->correlation, "timespan"), reterr,
                   "'timespan' must be a number with s, m, h or d, from 1s to 400d");
    c->pub.quiet_ns = c->span_ns;
    return 0;
}

/* gte and gt; with the others beside them the correlation is late. */
static int read_need(const struct detect_rule *rule, struct plan_corr *c,
                     const struct yaml_node *cond, uint32_t max, struct diag *reterr) {
    int64_t gte = 0, gt = -1;
    c->late = corr_bounds_are_late(cond);
    if (c->late) {
        c->need = 1;
        return corr_bounds_read(rule, cond, &c->bounds, reterr);
    }
    const struct yaml_node *a = yaml_get(cond, "gte"), *b = yaml_get(cond, "gt");
    if ((a && !yaml_get_i64(cond, "gte", &gte)) || (b && !yaml_get_i64(cond, "gt", &gt)) ||
        (!a && !b))
        return bad(rule, cond, reterr, "the condition needs gte or gt with a whole number");
    if (gt == INT64_MAX)
        gt--;
    gte = MAX(gte, gt + 1);
    if (gte < 1 || gte > max)
        return yaml_error(reterr, -ERR_LIMIT, rule->file.p, a ? a : b,
                          "the number must be from 1 to %u", max);
    c->need = (uint32_t) gte;
    return 0;
}

static int read_counted(const struct corr_reader *r, const struct detect_rule *rule,
                        struct plan_corr *c, const struct yaml_node *list, struct diag *reterr) {
    if (!list)
        return bad(rule, NULL, reterr, "the condition needs a 'field'");
    for (const struct yaml_node *it = corr_first(list); it; it = corr_next(list, it)) {
        if (c->n_counted == CORRELATION_FIELDS_MAX)
            return bad(rule, it, reterr, "too many fields to count");
        int code = corr_field(r, rule, it, &c->counted[c->n_counted], reterr);
        if (code < 0)
            return code;
        c->n_counted++;
    }
    return c->n_counted ? 0 : bad(rule, list, reterr, "'field' is empty");
}

static int read_number_condition(const struct corr_reader *r, const struct detect_rule *rule,
                                 struct plan_corr *c, const struct yaml_node *cond,
                                 struct diag *reterr) {
    const struct yaml_node *percentile = yaml_get(cond, "percentile"), *least = yaml_get(cond, "least");
    int64_t n = 1;
    c->percentile = -1;
    if (percentile && (c->type != CORR_VALUE_PERCENTILE || percentile->kind != YAML_SCALAR ||
                       str_to_double(percentile->text, &c->percentile) < 0 || !(c->percentile >= 0) ||
                       c->percentile > 100))
        return bad(rule, percentile, reterr,
                   "'percentile' is a number from 0 to 100 and belongs to a value_percentile");
    if (least && (c->type != CORR_RATE_CHANGE || !yaml_get_i64(cond, "least", &n) || n < 1 ||
                  n > CORRELATION_NUMBERS_MAX))
        return bad(rule, least, reterr,
                   "'least' is how many events a rate_change needs, a whole number from 1");
    c->need = (uint32_t) n;
    int code = corr_bounds_read(rule, cond, &c->bounds, reterr);
    if (code < 0)
        return code;
    if (c->type == CORR_RATE_CHANGE) {
        c->span_ns *= 2; /* what it compares with stands before */
        return yaml_get(cond, "field") ? bad(rule, cond, reterr, "a rate_change counts events, no 'field'") : 0;
    }
    code = read_counted(r, rule, c, yaml_get(cond, "field"), reterr);
    return code == 0 && c->n_counted != 1 ? bad(rule, cond, reterr, "'field' must be one field here") : code;
}

/* {field: a number, beside: what must be the same} */
static int read_usual(const struct corr_reader *r, const struct detect_rule *rule, struct plan_corr *c,
                      const struct yaml_node *cond, struct diag *reterr) {
    c->least_events = UINT64_MAX; /* never true: it learns once it is asked, or has seen enough */
    c->n_counted = 2;
    int code = corr_field(r, rule, yaml_get(cond, "beside"), &c->counted[1], reterr);
    bool numbers = yaml_get(cond, "field") != NULL;
    c->counted[0] = c->counted[1];
    c->need = !numbers; /* of words alone every number is 0 */
    if (code == 0 && numbers)
        code = corr_field(r, rule, yaml_get(cond, "field"), &c->counted[0], reterr);
    return code == 0 && cond->n != 1u + numbers ? bad(rule, cond, reterr, "a usual has {field: …, beside: …} as its condition") : code;
}

#define NAME(z) {.p = (z), .n = sizeof(z) - 1}
/* What a finding of these types tells, in the order of their figures. */
static const struct str forecast_names[] = {NAME("minutes"), NAME("minutes_least"), NAME("minutes_most"),
                                            NAME("now"),     NAME("per_hour"),      NAME("limit")};
static const struct str unusual_names[] = {NAME("count"), NAME("usual"),   NAME("times"), NAME("learnt"),
                                         NAME("basis"), NAME("weekday"), NAME("hour")};
_Static_assert(ARRAY_SIZE(forecast_names) <= CORRELATION_FIGURES && ARRAY_SIZE(unusual_names) == UNUSUAL_FIGURES, "one name each");

static bool span_of(const struct yaml_node *cond, const char *key, int64_t least_ns, int64_t most_ns, int64_t *ret) {
    struct str word;
    return yaml_get_str(cond, key, &word) && time_parse_span(word, ret) == 0 && *ret >= least_ns && *ret <= most_ns;
}

/* {field: F, reaches: 1, within: 1h, least: 6} */
static int read_forecast(const struct corr_reader *r, const struct detect_rule *rule, struct plan_corr *c,
                         const struct yaml_node *cond, struct diag *reterr) {
    const struct yaml_node *reaches = yaml_get(cond, "reaches"), *least = yaml_get(cond, "least");
    int64_t n = 6;
    c->least_events = 1;
    c->pub.measure_names = forecast_names;
    c->pub.n_measures = ARRAY_SIZE(forecast_names);
    if (!reaches || reaches->kind != YAML_SCALAR || str_to_double(reaches->text, &c->reaches) < 0)
        return bad(rule, reaches ? reaches : cond, reterr, "a forecast needs 'reaches', the number that must not be reached");
    if (!span_of(cond, "within", NS_PER_MIN, 400 * NS_PER_DAY, &c->within_ns))
        return bad(rule, cond, reterr, "a forecast needs 'within': how far ahead it tells, such as 1h");
    if (least && (!yaml_get_i64(cond, "least", &n) || n < 4 || n > FORECAST_STEPS)) /* more are not kept */
        return bad(rule, least, reterr, "'least' is how many values a forecast needs, a whole number from 4 to 64");
    c->need = (uint32_t) n;
    int code = read_counted(r, rule, c, yaml_get(cond, "field"), reterr);
    return code == 0 && c->n_counted != 1 ? bad(rule, cond, reterr, "'field' must be one field here") : code;
}

/* {each: 1h, times: 3, least: 20, known: 7d}; timespan is what is learnt from */
static int read_unusual(const struct detect_rule *rule, struct plan_corr *c, const struct yaml_node *cond,
                        struct diag *reterr) {
    const struct yaml_node *times = yaml_get(cond, "times");
    int64_t n = 0;
    c->least_events = 1;
    c->pub.measure_names = unusual_names;
    c->pub.n_measures = ARRAY_SIZE(unusual_names);
    if (!span_of(cond, "each", NS_PER_HOUR, NS_PER_DAY, &c->each_ns) ||
        (c->each_ns != NS_PER_HOUR && c->each_ns != NS_PER_DAY))
        return bad(rule, cond, reterr, "an unusual needs 'each', which is 1h or 1d");
    if (!times || times->kind != YAML_SCALAR || str_to_double(times->text, &c->times) < 0 || !(c->times > 1))
        return bad(rule, times ? times : cond, reterr, "an unusual needs 'times', how many times the usual, above 1");
    if (!yaml_get_i64(cond, "least", &n) || n < 1 || n > CORRELATION_COUNT_MAX)
        return bad(rule, cond, reterr, "an unusual needs 'least', how many events there must be, a whole number from 1");
    if (!span_of(cond, "known", NS_PER_DAY, 90 * NS_PER_DAY, &c->within_ns) || c->within_ns >= c->span_ns)
        return bad(rule, cond, reterr, "an unusual needs 'known', how long it learns first, from 1d and below its timespan");
    c->need = (uint32_t) n;
    c->pub.quiet_ns = 2 * c->each_ns;
    return 0;
}

static int read_condition(const struct corr_reader *r, const struct detect_rule *rule,
                          struct plan_corr *c, struct diag *reterr) {
    static const char *const keys[] = {"field", "gt",  "gte",        "lt",    "lte",
                                       "eq",    "neq", "percentile", "least", "reaches", "within", "each", "times", "known", "beside", NULL};
    const struct yaml_node *cond = yaml_get(rule->correlation, "condition");
    int code = 0;
    bool in_words = c->type == CORR_TEMPORAL && cond && cond->kind == YAML_SCALAR;
    if (cond && cond->kind != YAML_MAPPING && !in_words)
        return bad(rule, cond, reterr, "'condition' must be a mapping such as {gte: 10}");
    if (cond && !in_words)
        code = yaml_only_keys(cond, keys, rule->file.p, reterr);
    if (code < 0)
        return code;
    switch (c->type) {
    case CORR_EVENT_COUNT:
        if (!cond)
            return bad(rule, NULL, reterr, "an event_count needs a 'condition' such as {gte: 10}");
        c->least_events = 0;
        code = read_need(rule, c, cond, CORRELATION_COUNT_MAX, reterr);
        c->least_events = c->need;
        return code;
    case CORR_VALUE_COUNT:
        code = read_counted(r, rule, c, cond ? yaml_get(cond, "field") : NULL, reterr);
        if (code < 0 || cond->n == 1) { /* only a provider of `attach` */
            c->least_events = UINT64_MAX;
            return code;
        }
        code = read_need(rule, c, cond, CORRELATION_DISTINCT_MAX, reterr);
        c->least_events = c->need;
        return code == 0 && c->late && c->n_counted != 1
                   ? bad(rule, cond, reterr, "with lt, lte, eq or neq 'field' must be one field")
                   : code;
    case CORR_TEMPORAL:
    case CORR_TEMPORAL_ORDERED:
        c->need = c->n_inputs;
        c->least_events = 1; /* one event may match several rules */
        if (cond && c->type == CORR_TEMPORAL_ORDERED)
            return bad(rule, cond, reterr, "a temporal_ordered wants all of its rules, in order");
        if (cond && cond->kind == YAML_SCALAR)
            return corr_read_words(r, rule, c, cond, reterr);
        return cond ? read_need(rule, c, cond, c->n_inputs, reterr) : 0;
    case CORR_FIRST_SEEN:
    case CORR_SILENCE:
        c->least_events = 1;
        c->late = c->type == CORR_SILENCE;
        return cond ? bad(rule, cond, reterr, "a first_seen or a silence has no condition") : 0;
    case CORR_USUAL:
        return read_usual(r, rule, c, cond, reterr);
    case CORR_SEEN_AGAIN:
        c->least_events = 1;
        c->again_ns = c->span_ns;
        c->span_ns = MIN(4 * c->span_ns, 400 * NS_PER_DAY);
        c->pub.quiet_ns = NS_PER_HOUR;
        return cond ? bad(rule, cond, reterr, "a seen_again has no condition") : 0;
    case CORR_FORECAST:
        return read_forecast(r, rule, c, cond, reterr);
    case CORR_UNUSUAL:
        return read_unusual(rule, c, cond, reterr);
    default:
        c->least_events = 1;
        return read_number_condition(r, rule, c, cond, reterr);
    }
}

static int read_evidence(const struct corr_reader *r, const struct detect_rule *rule,
                         struct plan_corr *c, struct diag *reterr) {
    const struct yaml_node *list = yaml_get(rule->correlation, "evidence");
    c->mask = c->n_inputs == 32 ? UINT32_MAX : ((uint32_t) 1 << c->n_inputs) - 1;
    c->pub.evidence = c->mask;
    int code = list ? corr_mask(rule, r, c, list, &c->pub.evidence, reterr) : 0;
    list = yaml_get(rule->correlation, "without");
    if (code == 0 && list && c->type != CORR_USUAL)
        return bad(rule, list, reterr, "'without' beside 'rules' is for correlations of type usual");
    if (code == 0 && list)
        code = corr_mask(rule, r, c, list, &c->without, reterr);
    list = yaml_get(rule->correlation, "on");
    c->on = c->mask;
    if (code == 0 && list && c->type != CORR_MEASURES)
        return bad(rule, list, reterr, "'on' is for correlations of type measures");
    return code == 0 && list ? corr_mask(rule, r, c, list, &c->on, reterr) : code;
}

/* What a late value_count counts is the last thing its finding collects. */
static int collect_counted(const struct corr_reader *r, struct plan_corr *c, struct diag *reterr) {
    struct plan_rule *p = &c->pub;
    struct plan_collect *more = arena_zalloc(r->arena, (p->n_collects + 1) * sizeof *more);
    if (!more)
        return no_memory(reterr);
    if (p->n_collects)
        memcpy(more, p->collects, p->n_collects * sizeof *more);
    more[p->n_collects++] = (struct plan_collect){.name = event_names_get(r->names, c->counted[0]),
                                                  .field = c->counted[0],
                                                  .mask = c->mask};
    p->collects = more;
    return 0;
}

int corr_read(const struct corr_reader *r, const struct detect_rule *rule, struct plan_corr *c,
              struct diag *reterr) {
    static const char *const keys[] = {"type",     "rules",     "aliases",  "group-by",
                                       "timespan", "condition", "generate", "measures",
                                       "attach",   "evidence",  "on",       "without",  NULL};
    *c = (struct plan_corr){.pub.rule = rule};
    int code = yaml_only_keys(rule->correlation, keys, rule->file.p, reterr);
    if (code == 0)
        code = read_type(rule, c, reterr);
    if (code == 0)
        code = read_rules(r, rule, c, reterr);
    if (code == 0)
        code = read_group_by(r, rule, c, reterr);
    if (code == 0)
        code = read_span(rule, c, reterr);
    if (code == 0)
        code = read_evidence(r, rule, c, reterr);
    if (code == 0)
        code = corr_read_attach(r, rule, c, reterr);
    if (code == 0)
        code = c->type == CORR_MEASURES ? corr_read_measures(r, rule, c, reterr)
                                        : read_condition(r, rule, c, reterr);
    if (code == 0)
        code = corr_read_pub(r, rule, c, &c->pub, reterr);
    if (code == 0 && c->late && c->type == CORR_VALUE_COUNT)
        code = collect_counted(r, c, reterr);
    return code;
}
