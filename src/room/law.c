/* See law.h. */
#include "room/law.h"

#include "base/limits.h"
#include "base/yaml.h"

enum { COND_DEPTH_MAX = 8 };

static const char *const confidences[LAW_CONFIDENCE_MAX_] = {"confirmed", "partly", "single", "unverified"};

const char *law_confidence_to_string(enum law_confidence c) {
    return confidences[c];
}

struct reading {
    struct arena *a;
    const char *file;
    const struct fact_specs *facts;
    struct diag *err;
};

static int wrong(const struct reading *x, const struct yaml_node *at, const char *what) {
    return yaml_error(x->err, -ERR_PARSE, x->file, at, "%s", what);
}

static struct str text_of(const struct yaml_node *at, const char *key) {
    struct str s = STR("");
    (void) yaml_get_str(at, key, &s);
    return s;
}

static int read_fact(const struct reading *x, const struct yaml_node *at, const char *key, size_t *ret) {
    struct str name = text_of(at, key);
    const struct fact_spec *s = fact_spec_find(x->facts, name);
    if (!s)
        return yaml_error(x->err, -ERR_PARSE, x->file, at, "there is no fact '%.*s'", STR_ARG(name));
    *ret = (size_t) (s - x->facts->at);
    return 0;
}

/* ---- conditions ---- */

static int read_cond(const struct reading *x, const struct yaml_node *at, unsigned depth, struct law_cond *ret);

static int read_kids(const struct reading *x, const struct yaml_node *list, unsigned depth, struct law_cond *ret) {
    bool one = ret->op == LAW_NOT;
    if (one ? list->kind != YAML_MAPPING : list->kind != YAML_SEQUENCE || !list->n || list->n > FACT_CHOICES_MAX)
        return wrong(x, list, "all and any have a list of conditions, not has one");
    struct law_cond *kids = arena_zalloc(x->a, MAX(one ? 1u : list->n, 1u) * sizeof *kids);
    int e = kids ? 0 : -ENOMEM;
    ret->kids = kids;
    if (one && e == 0)
        return read_cond(x, list, depth + 1, &kids[ret->n_kids++]);
    for (const struct yaml_node *v = list->first; e == 0 && v; v = v->next)
        e = read_cond(x, v, depth + 1, &kids[ret->n_kids++]);
    return e;
}

static int read_values(const struct reading *x, const struct yaml_node *n, struct law_cond *ret) {
    const struct fact_spec *s = &x->facts->at[ret->fact];
    const struct yaml_node *first = n->kind == YAML_SEQUENCE ? n->first : n;
    size_t most = n->kind == YAML_SEQUENCE ? n->n : 1;
    struct str *values = most && most <= FACT_CHOICES_MAX ? arena_zalloc(x->a, most * sizeof *values) : NULL;
    if (!s->n_choices || n->kind == YAML_MAPPING || !values)
        return wrong(x, n, "is and has want values of a fact with choices");
    ret->values = values;
    for (const struct yaml_node *v = first; v && ret->n_values < most; v = v->next) {
        struct str kept;
        if (v->kind != YAML_SCALAR || fact_value_read(x->a, s, v->text, 0, &kept) != FACT_FINE || !kept.p || memchr(kept.p, '\n', kept.n))
            return wrong(x, v, "this is none of the fact's choices");
        values[ret->n_values++] = kept;
    }
    return 0;
}

static int read_cond(const struct reading *x, const struct yaml_node *at, unsigned depth, struct law_cond *ret) {
    static const char *const ops[] = {[LAW_ALL] = "all", [LAW_ANY] = "any", [LAW_NOT] = "not", [LAW_IS] = "is", [LAW_HAS] = "has",
                                      [LAW_OVER] = "over", [LAW_AT_LEAST] = "at_least"};
    static const char *const keys[] = {"all", "any", "not", "fact", "is", "has", "over", "at_least", NULL};
    size_t n = 0;
    *ret = (struct law_cond){0};
    if (at->kind != YAML_MAPPING || depth > COND_DEPTH_MAX)
        return wrong(x, at, "a condition is a mapping, at most 8 deep");
    int e = yaml_only_keys(at, keys, x->file, x->err);
    for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
        if (yaml_get(at, ops[i])) {
            ret->op = (enum law_op) i;
            n++;
        }
    if (e == 0 && (n != 1 || (ret->op >= LAW_IS) != (yaml_get(at, "fact") != NULL)))
        e = wrong(x, at, "a condition has one of all, any and not, or a fact with one of is, has, over and at_least");
    const struct yaml_node *v = e == 0 ? yaml_get(at, ops[ret->op]) : NULL;
    if (e == 0 && ret->op < LAW_IS)
        return read_kids(x, v, depth, ret);
    if (e == 0)
        e = read_fact(x, at, "fact", &ret->fact);
    if (e == 0 && ret->op >= LAW_OVER && (x->facts->at[ret->fact].kind != FACT_NUMBER || !yaml_get_i64(at, ops[ret->op], &ret->number)))
        e = wrong(x, at, "over and at_least want a number, of a fact that is one");
    return e == 0 && ret->op < LAW_OVER ? read_values(x, v, ret) : e;
}

static int read_when(const struct reading *x, const struct yaml_node *at, const char *key, const struct law_cond **ret) {
    const struct yaml_node *n = yaml_get(at, key);
    struct law_cond *c = n ? arena_zalloc(x->a, sizeof *c) : NULL;
    *ret = c;
    return !n ? 0 : !c ? -ENOMEM : read_cond(x, n, 0, c);
}

int law_cond_read(struct arena *a, const struct yaml_node *at, const char *key, const char *file, const struct fact_specs *facts, const struct law_cond **ret,
                  struct diag *reterr) {
    const struct reading x = {a, file, facts, reterr};
    return read_when(&x, at, key, ret);
}

/* ---- deadlines and reports ---- */

static int read_span(const struct reading *x, const struct yaml_node *at, const char *key, struct law_span *ret) {
    static const char units[] = {[LAW_HOURS] = 'h', [LAW_DAYS] = 'd', [LAW_OFFICE_DAYS] = 'b', [LAW_MONTHS] = 'm'};
    struct str s = text_of(at, key);
    *ret = (struct law_span){0};
    if (!yaml_get(at, key))
        return 0;
    const char *unit = s.n > 1 ? memchr(units, s.p[s.n - 1], sizeof units) : NULL;
    if (!unit || str_to_i64(str_to(s, s.n - 1), &ret->n) < 0 || ret->n < 1 || ret->n > 3660)
        return wrong(x, at, "within and warn are like 24h, 5d (days), 10b (days of the office) or 1m (months)");
    ret->unit = (enum law_unit) (unit - units);
    return 0;
}

static int read_due(const struct reading *x, const struct yaml_node *list, struct law_report *r) {
    static const char *const keys[] = {"when", "words", "from", "within", "within_fact", "warn", "first_day", NULL};
    if (!list || list->kind != YAML_SEQUENCE || !list->n || list->n > FACT_CHOICES_MAX)
        return diag_set_at(x->err, -ERR_PARSE, x->file, 1, 1, "report '%.*s': due is a list of deadlines; one that is not known has words alone",
                           STR_ARG(r->name));
    struct law_due *at = arena_zalloc(x->a, list->n * sizeof *at);
    int e = at ? 0 : -ENOMEM;
    r->due = at;
    for (const struct yaml_node *v = list->first; e == 0 && v; v = v->next) {
        struct law_due *d = &at[r->n_due++];
        d->from = d->hours = SIZE_MAX;
        e = v->kind == YAML_MAPPING ? yaml_only_keys(v, keys, x->file, x->err) : wrong(x, v, "a deadline is a mapping");
        if (e == 0)
            e = fact_words_read(v, "words", true, x->file, &d->words, x->err);
        if (e == 0)
            e = read_when(x, v, "when", &d->when);
        if (e == 0 && yaml_get(v, "from"))
            e = read_fact(x, v, "from", &d->from);
        if (e == 0)
            e = read_span(x, v, "within", &d->within);
        if (e == 0)
            e = read_span(x, v, "warn", &d->warn);
        (void) yaml_get_bool(v, "first_day", &d->first_day);
        if (e == 0 && yaml_get(v, "within_fact"))
            e = read_fact(x, v, "within_fact", &d->hours);
        if (e == 0 && d->hours != SIZE_MAX && (d->within.n || x->facts->at[d->hours].kind != FACT_NUMBER))
            e = wrong(x, v, "within_fact stands in place of within, and is a number of hours");
        if (e == 0 && (d->within.n || d->hours != SIZE_MAX) && (d->from == SIZE_MAX || x->facts->at[d->from].kind != FACT_TIME))
            e = wrong(x, v, "within counts from a fact that is a time");
    }
    return e;
}

static int read_report(const struct reading *x, const struct yaml_node *at, struct law_report *r) {
    static const char *const keys[] = {"name", "title", "when", "forms", "due", "note", NULL};
    const struct yaml_node *forms = yaml_get(at, "forms");
    if (at->kind != YAML_MAPPING)
        return wrong(x, at, "a report is a mapping");
    int e = yaml_only_keys(at, keys, x->file, x->err);
    *r = (struct law_report){.name = text_of(at, "name")};
    if (e == 0 && !fact_is_name(r->name))
        e = wrong(x, at, "a report has a name of small letters, digits, _ and -");
    if (e == 0)
        e = fact_words_read(at, "title", true, x->file, &r->title, x->err);
    if (e == 0)
        e = fact_words_read(at, "note", false, x->file, &r->note, x->err);
    if (e == 0)
        e = read_when(x, at, "when", &r->when);
    if (e == 0 && forms && (forms->kind != YAML_SEQUENCE || forms->n > FACT_CHOICES_MAX))
        e = wrong(x, forms, "forms is a list of names");
    struct str *names = e == 0 && forms ? arena_zalloc(x->a, MAX(forms->n, 1u) * sizeof *names) : NULL;
    if (e == 0 && forms && !names)
        e = -ENOMEM;
    r->forms = names;
    for (const struct yaml_node *v = names ? forms->first : NULL; v; v = v->next)
        names[r->n_forms++] = v->text;
    return e == 0 ? read_due(x, yaml_get(at, "due"), r) : e;
}

static int read_reports(const struct reading *x, const struct yaml_node *list, struct law *l) {
    if (!list || list->kind != YAML_SEQUENCE || !list->n || list->n > FACT_CHOICES_MAX)
        return diag_set_at(x->err, -ERR_PARSE, x->file, 1, 1, "reports is a list of what is to be told");
    struct law_report *at = arena_zalloc(x->a, list->n * sizeof *at);
    int e = at ? 0 : -ENOMEM;
    l->reports = at;
    for (const struct yaml_node *v = list->first; e == 0 && v; v = v->next) {
        e = read_report(x, v, &at[l->n_reports]);
        for (size_t i = 0; e == 0 && i < l->n_reports; i++)
            if (str_eq(at[i].name, at[l->n_reports].name))
                e = wrong(x, v, "this name stands there twice");
        l->n_reports++;
    }
    return e;
}

/* ---- the file ---- */

static int read_day(const struct reading *x, const struct yaml_node *at, const char *key, int32_t otherwise, int32_t *ret) {
    const struct yaml_node *n = at ? yaml_get(at, key) : NULL;
    struct str s = n && n->kind == YAML_SCALAR && !yaml_is_null(n) ? n->text : STR("");
    int64_t t;
    int offset;
    char whole[40];
    *ret = otherwise;
    if (!s.n)
        return 0;
    snprintf(whole, sizeof whole, "%.*sT00:00:00Z", (int) MIN(s.n, 10u), s.p);
    if (s.n != 10 || time_parse_iso(str_of(whole), &t, &offset) <= 0)
        return wrong(x, n, "a day is written 2026-11-22");
    *ret = (int32_t) (t / NS_PER_DAY);
    return 0;
}

static int read_head(const struct reading *x, const struct yaml_node *root, struct law *l) {
    struct str confidence = text_of(root, "confidence"), duty = text_of(root, "duty");
    const struct yaml_node *force = yaml_get(root, "in_force");
    *l = (struct law){.key = text_of(root, "obligation"), .url = text_of(root, "url"), .as_of = text_of(root, "as_of"), .confidence = LAW_CONFIDENCE_MAX_};
    for (size_t i = 0; i < LAW_CONFIDENCE_MAX_; i++)
        if (str_eq_z(confidence, confidences[i]))
            l->confidence = (enum law_confidence) i;
    l->may = str_eq_z(duty, "may");
    if (!fact_is_name(l->key))
        return wrong(x, root, "obligation is its name, of small letters, digits, _ and -");
    if (l->confidence == LAW_CONFIDENCE_MAX_)
        return wrong(x, root, "confidence is one of confirmed, partly, single, unverified");
    if (!l->may && !str_eq_z(duty, "must"))
        return wrong(x, root, "duty is must or may");
    int e = fact_words_read(root, "title", true, x->file, &l->title, x->err);
    if (e == 0)
        e = fact_words_read(root, "to", true, x->file, &l->to, x->err);
    if (e == 0)
        e = fact_words_read(root, "basis", true, x->file, &l->basis, x->err);
    if (e == 0)
        e = fact_words_read(root, "note", false, x->file, &l->note, x->err);
    if (e == 0)
        e = read_day(x, force, "from", INT32_MIN, &l->from_day);
    if (e == 0)
        e = read_day(x, force, "until", INT32_MAX, &l->until_day);
    return e == 0 ? read_when(x, root, "when", &l->when) : e;
}

int law_parse(struct arena *a, struct str text, const char *file, const struct fact_specs *facts, struct law *ret, struct diag *reterr) {
    static const char *const keys[] = {"obligation", "title", "to", "basis", "url", "as_of", "confidence", "duty", "in_force", "when", "note", "reports", NULL};
    const struct reading x = {a, file, facts, reterr};
    struct yaml_doc *doc;
    struct law l;
    int e = yaml_parse(a, text, file, &doc, reterr);
    if (e < 0)
        return e;
    if (!doc || !doc->root || doc->root->kind != YAML_MAPPING)
        return diag_set_at(reterr, -ERR_PARSE, file, 1, 1, "an obligation is a mapping");
    e = yaml_only_keys(doc->root, keys, file, reterr);
    if (e == 0)
        e = read_head(&x, doc->root, &l);
    if (e == 0)
        e = read_reports(&x, yaml_get(doc->root, "reports"), &l);
    if (e == 0)
        *ret = l;
    return e;
}

/* ---- judging ---- */

static bool has_value(struct str value, struct str wanted) {
    struct str piece;
    while (str_split(&value, '\n', &piece))
        if (str_eq(piece, wanted))
            return true;
    return false;
}

static struct law_answer judge_fact(const struct law_cond *c, const struct fact_specs *specs, const struct room_fact *f) {
    struct law_answer a = {.truth = LAW_FALSE, .unconfirmed = f->id && f->state == FACT_UNCONFIRMED};
    int64_t n = 0;
    if (!f->id || !f->value.n || (c->op >= LAW_OVER && str_to_i64(f->value, &n) < 0))
        return (struct law_answer){.truth = LAW_UNDECIDED, .wants = &specs->at[c->fact]};
    for (size_t i = 0; i < c->n_values; i++)
        if (has_value(f->value, c->values[i]))
            a.truth = LAW_TRUE;
    if (c->op >= LAW_OVER)
        a.truth = c->op == LAW_OVER ? n > c->number : n >= c->number;
    return a;
}

/* An `all` is false by one that is false, an `any` true by one that is true, however much of the rest is not known. */
static struct law_answer judge_kids(const struct law_cond *c, const struct fact_specs *specs, const struct room_fact *facts) {
    enum law_truth settles = c->op == LAW_ALL ? LAW_FALSE : LAW_TRUE;
    struct law_answer all = {.truth = c->op == LAW_ALL ? LAW_TRUE : LAW_FALSE};
    struct law_answer best = {.truth = LAW_UNDECIDED};
    for (size_t i = 0; i < c->n_kids; i++) {
        struct law_answer a = law_judge(&c->kids[i], specs, facts);
        if (a.truth == settles && (best.truth != settles || best.unconfirmed))
            best = a;
        if (a.truth == LAW_UNDECIDED && all.truth != LAW_UNDECIDED)
            all = (struct law_answer){.truth = LAW_UNDECIDED, .wants = a.wants, .unconfirmed = all.unconfirmed};
        all.unconfirmed = all.unconfirmed || a.unconfirmed;
    }
    return best.truth == settles ? best : all;
}

struct law_answer law_judge(const struct law_cond *c, const struct fact_specs *specs, const struct room_fact *facts) {
    struct law_answer a;
    if (!c)
        return (struct law_answer){.truth = LAW_TRUE};
    if (c->op == LAW_NOT) {
        a = law_judge(&c->kids[0], specs, facts);
        a.truth = a.truth == LAW_UNDECIDED ? LAW_UNDECIDED : a.truth == LAW_TRUE ? LAW_FALSE : LAW_TRUE;
        return a;
    }
    return c->op < LAW_IS ? judge_kids(c, specs, facts) : judge_fact(c, specs, &facts[c->fact]);
}

/* ---- counting ---- */

/* The last second of a day in Japan's time. */
static int64_t end_of(int32_t day) {
    return calendar_day_start(day + 1) - NS_PER_S;
}

static int32_t months_on(int32_t day, int64_t n) {
    struct time_civil c;
    time_to_civil(calendar_day_start(day), TIME_JST_OFFSET_MIN, &c);
    int64_t month = c.month - 1 + n;
    int year = c.year + (int) (month / 12), to = (int) (month % 12) + 1;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int last = days[to - 1] + (to == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)));
    return (int32_t) time_days_from_civil(year, to, MIN(c.day, last));
}

static int64_t add_span(int64_t from_ns, struct law_span s, bool first_day, const struct calendar *c) {
    int32_t day = calendar_day_of(from_ns);
    if (!s.n)
        return TIME_NONE;
    switch (s.unit) {
    case LAW_HOURS:
        return from_ns + s.n * NS_PER_HOUR;
    case LAW_DAYS:
        return end_of(day + (int32_t) s.n - first_day);
    case LAW_MONTHS:
        return end_of(months_on(day, s.n));
    case LAW_OFFICE_DAYS:
        break;
    }
    if (!c)
        return TIME_NONE; /* without a calendar nobody says when the office is open */
    for (int64_t left = s.n - (first_day && !(calendar_day_bits(c, day) & DAY_OFF)); left > 0;)
        left -= !(calendar_day_bits(c, ++day) & DAY_OFF);
    return end_of(day);
}

struct law_clock law_clock_of(const struct law_report *r, const struct fact_specs *specs, const struct room_fact *facts, const struct calendar *c) {
    struct law_clock x = {.from_ns = TIME_NONE, .due_ns = TIME_NONE, .warn_ns = TIME_NONE};
    for (size_t i = 0; i < r->n_due && !x.due; i++)
        if (law_judge(r->due[i].when, specs, facts).truth != LAW_FALSE)
            x.due = &r->due[i];
    if (!x.due || (!x.due->within.n && x.due->hours == SIZE_MAX))
        return x;
    struct law_span within = x.due->within;
    if (x.due->hours != SIZE_MAX) {
        within.unit = LAW_HOURS;
        if (!facts[x.due->hours].id || str_to_i64(facts[x.due->hours].value, &within.n) < 0 || within.n < 1 || within.n > 24 * 366) {
            x.wants = &specs->at[x.due->hours];
            return x;
        }
    }
    const struct room_fact *f = &facts[x.due->from];
    if (!f->id || fact_time_parse(f->value, &x.from_ns, NULL) < 0) {
        x.from_ns = TIME_NONE;
        x.wants = &specs->at[x.due->from];
        return x;
    }
    x.due_ns = add_span(x.from_ns, within, x.due->first_day, c);
    x.warn_ns = add_span(x.from_ns, x.due->warn, x.due->first_day, c);
    if (x.warn_ns == TIME_NONE && x.due_ns != TIME_NONE) /* when a quarter of it is left */
        x.warn_ns = x.from_ns + (x.due_ns - x.from_ns) / 4 * 3;
    return x;
}
