/* The keys of generators, read by their rows (replay_priv.h), and the rates many of them have. */
#include "pack/replay_priv.h"

#include <math.h>

enum { CURVE_POINTS_MAX = 256 };

static int missing(struct pack_replay *r, const struct yaml_node *v, const struct replay_key *k, struct diag *err) {
    return yaml_error(err, -ERR_PARSE, r->file, v, "'%s' is missing: %s", k->name, k->help);
}

/* ---- kinds of values ---- */

static int read_span(struct pack_replay *r, const struct yaml_node *v, const struct replay_key *k, int64_t *ret, struct diag *err) {
    struct str s;
    *ret = (int64_t) k->otherwise * NS_PER_S;
    if (!yaml_get(v, k->name))
        return 0;
    bool minus = yaml_get_str(v, k->name, &s) && s.n && s.p[0] == '-';
    if (!s.n || time_parse_span(str_from(s, minus), ret) < 0 || (double) *ret / 1e9 > k->most)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, k->name), "'%s' wants a span like 90s, 5m or 9h, at most %g s", k->name, k->most);
    if (minus)
        *ret = -*ret;
    if ((double) *ret / 1e9 < k->least)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, k->name), "'%s' is at least %g s", k->name, k->least);
    return 0;
}

static int read_rate(struct pack_replay *r, const struct yaml_node *v, const struct replay_key *k, struct replay_rate *ret,
                     struct diag *err) {
    const struct yaml_node *n = yaml_get(v, k->name);
    double all;
    if (n && n->kind == YAML_SEQUENCE) {
        unsigned h = 0;
        for (const struct yaml_node *e = n->first; e; e = e->next, h++)
            if (h >= 24 || e->kind != YAML_SCALAR || str_to_double(e->text, &ret->per_hour[h]) < 0 || ret->per_hour[h] < 0 ||
                ret->per_hour[h] > k->most)
                return yaml_error(err, -ERR_PARSE, r->file, e, "%s wants one number or 24", k->name);
        return h == 24 ? 0 : yaml_error(err, -ERR_PARSE, r->file, n, "%s wants one number or 24", k->name);
    }
    int e = replay_read_number(r, v, k->name, k->least, k->most, k->otherwise, &all, err);
    for (int h = 0; h < 24; h++)
        ret->per_hour[h] = all;
    return e;
}

static int read_choice(struct pack_replay *r, const struct yaml_node *v, const struct replay_key *k, uint32_t *ret, struct diag *err) {
    struct str rest = str_of(k->words), word, s;
    *ret = (uint32_t) k->otherwise;
    if (!yaml_get(v, k->name))
        return 0;
    if (yaml_get_str(v, k->name, &s))
        for (uint32_t i = 0; str_split(&rest, ' ', &word); i++)
            if (str_eq(word, s)) {
                *ret = i;
                return 0;
            }
    return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, k->name), "'%s' is one of: %s", k->name, k->words);
}

static int read_word(struct pack_replay *r, const struct yaml_node *v, const struct replay_key *k, struct str *ret, struct diag *err) {
    *ret = str_of(k->words ? k->words : "");
    if (!yaml_get(v, k->name))
        return 0;
    if (!yaml_get_str(v, k->name, ret) || !ret->n || (double) ret->n > k->most)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, k->name), "'%s' wants a word of at most %.0f bytes: %s", k->name, k->most, k->help);
    return 0;
}

/* [{at: TIME, value: N}…] in order of time. */
static int read_curve(struct pack_replay *r, const struct yaml_node *v, const struct replay_key *k, struct replay_curve *ret,
                      struct diag *err) {
    static const char *const keys[] = {"at", "value", NULL};
    const struct yaml_node *list = yaml_get(v, k->name);
    if (!list)
        return 0;
    if (list->kind != YAML_SEQUENCE || !list->n || list->n > CURVE_POINTS_MAX)
        return yaml_error(err, -ERR_PARSE, r->file, list, "'%s' wants a list of {at: TIME, value: N}, at most %d", k->name, CURVE_POINTS_MAX);
    struct curve_point *p = arena_zalloc(&r->arena, list->n * sizeof *p);
    if (!p)
        return -ENOMEM;
    for (const struct yaml_node *e = list->first; e; e = e->next, ret->n++) {
        int x = yaml_only_keys(e, keys, r->file, err);
        if (x < 0 || (x = replay_read_time(r, e, "at", &p[ret->n].at_ns, err)) < 0 ||
            (x = replay_read_number(r, e, "value", k->least, k->most, 0, &p[ret->n].value, err)) < 0)
            return x;
        if (ret->n && p[ret->n].at_ns <= p[ret->n - 1].at_ns)
            return yaml_error(err, -ERR_PARSE, r->file, e, "the points of '%s' are not in order of time", k->name);
    }
    ret->p = p;
    return 0;
}

static int read_key(struct pack_replay *r, const struct yaml_node *v, const struct replay_key *k, void *at, struct diag *err) {
    double number;
    int e;
    if (k->needed && !yaml_get(v, k->name))
        return missing(r, v, k, err);
    switch (k->kind) {
    case KEY_NUMBER:
        return replay_read_number(r, v, k->name, k->least, k->most, k->otherwise, at, err);
    case KEY_COUNT:
        e = replay_read_number(r, v, k->name, k->least, k->most, k->otherwise, &number, err);
        *(uint32_t *) at = e < 0 ? 0 : (uint32_t) number;
        return e;
    case KEY_TIME:
        *(int64_t *) at = k->otherwise > 0 ? r->end_ns : r->start_ns;
        return yaml_get(v, k->name) ? replay_read_time(r, v, k->name, at, err) : 0;
    case KEY_SPAN:
        return read_span(r, v, k, at, err);
    case KEY_RATE:
        return read_rate(r, v, k, at, err);
    case KEY_ADDRESSES:
        if (!k->needed && !yaml_get(v, k->name))
            return 0;
        return replay_read_pool(r, &r->addresses, v, k->name, at, err);
    case KEY_ACCOUNTS:
        return replay_read_pool(r, &r->accounts, v, k->name, at, err);
    case KEY_AGENTS:
        return replay_read_pool(r, &r->agents, v, k->name, at, err);
    case KEY_WORDS:
        return replay_read_words(r, v, k->name, at, err);
    case KEY_WORD:
        return read_word(r, v, k, at, err);
    case KEY_CHOICE:
        return read_choice(r, v, k, at, err);
    case KEY_CURVE:
        return read_curve(r, v, k, at, err);
    }
    return -EINVAL;
}

int replay_read_keys(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    const char *allowed[40] = {"id", "kind", "service"};
    size_t n = a->kind->no_service ? 2 : 3;
    int e;
    for (const struct replay_key *k = a->kind->keys; k->name; k++) {
        ASSERT(n + 1 < ARRAY_SIZE(allowed));
        allowed[n++] = k->name;
    }
    allowed[n] = NULL;
    if ((e = yaml_only_keys(v, allowed, r->file, err)) < 0)
        return e;
    for (const struct replay_key *k = a->kind->keys; k->name && e == 0; k++)
        e = read_key(r, v, k, (char *) a->state + k->at, err);
    return e;
}

int replay_check_span(struct pack_replay *r, const struct yaml_node *v, int64_t from_ns, int64_t until_ns, struct diag *err) {
    const struct yaml_node *at = yaml_get(v, "from") ? yaml_get(v, "from") : v;
    if (until_ns <= from_ns)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, "until") ? yaml_get(v, "until") : v, "'until' lies before 'from'");
    if (from_ns < r->start_ns || from_ns >= r->end_ns)
        return yaml_error(err, -ERR_PARSE, r->file, at, "'from' lies outside the story, which is told from 'start' to 'end'");
    return 0;
}

/* ---- rates ---- */

void replay_rate_next(struct actor *a, struct replay_rate *rate) {
    while (rate->next_ns < rate->until_ns) {
        struct time_civil c;
        time_to_civil(rate->next_ns, TIME_JST_OFFSET_MIN, &c);
        double per_hour = rate->per_hour[c.hour];
        int64_t hour_end = rate->next_ns - ((int64_t) c.minute * NS_PER_MIN + c.second * NS_PER_S + c.nano) + NS_PER_HOUR;
        double wait_h = per_hour > 0 ? -log(1.0 - rng_unit(&a->rng)) / per_hour : 2;
        if (wait_h < 2 && rate->next_ns + (int64_t) (wait_h * (double) NS_PER_HOUR) < hour_end) {
            rate->next_ns += (int64_t) (wait_h * (double) NS_PER_HOUR) + 1;
            return;
        }
        rate->next_ns = hour_end;
    }
    rate->next_ns = INT64_MAX;
}

void replay_rate_begin(struct actor *a, struct replay_rate *rate, int64_t from_ns, int64_t until_ns) {
    rate->next_ns = from_ns;
    rate->until_ns = until_ns;
    replay_rate_next(a, rate);
}

double replay_rate_expects(const struct replay_rate *rate, int64_t from_ns, int64_t until_ns) {
    double n = 0;
    for (int h = 0; h < 24; h++)
        n += rate->per_hour[h] / 24;
    return n * ((double) (until_ns - from_ns) / (double) NS_PER_HOUR);
}

int replay_rate_settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct replay_rate *rate, int64_t from_ns, int64_t until_ns,
                       double lines, struct diag *err) {
    int e = replay_check_span(r, v, from_ns, until_ns, err);
    a->acts = lines * replay_rate_expects(rate, from_ns, until_ns);
    if (e == 0)
        replay_rate_begin(a, rate, from_ns, until_ns);
    return e;
}

int replay_add_fault(struct pack_replay *r, const struct replay_fault *f) {
    int e = arena_grow(&r->arena, (void **) &r->faults, &r->faults_cap, r->n_faults + 1, sizeof *r->faults);
    if (e == 0)
        r->faults[r->n_faults++] = *f;
    return e;
}

/* ---- telling ---- */

static void describe_key(struct buf *out, const struct replay_key *k) {
    static const char *const kinds[] = {[KEY_NUMBER] = "number", [KEY_COUNT] = "number",    [KEY_TIME] = "time",     [KEY_SPAN] = "span",
                                        [KEY_RATE] = "rate",     [KEY_ADDRESSES] = "pool", [KEY_ACCOUNTS] = "pool", [KEY_AGENTS] = "pool",
                                        [KEY_WORDS] = "list",    [KEY_WORD] = "word",      [KEY_CHOICE] = "word",   [KEY_CURVE] = "points"};
    buf_printf(out, "    %-11s %-7s %s%s", k->name, kinds[k->kind], k->needed ? "(needed) " : "", k->help);
    if (k->kind == KEY_NUMBER || k->kind == KEY_COUNT || k->kind == KEY_RATE)
        buf_printf(out, "; %.10g to %.10g, otherwise %.10g", k->least, k->most, k->otherwise);
    else if (k->kind == KEY_CHOICE)
        buf_printf(out, "; one of: %s", k->words);
    else if (k->kind == KEY_WORD && k->words && k->words[0])
        buf_printf(out, "; otherwise %s", k->words);
    buf_add_byte(out, '\n');
}

void pack_replay_describe(struct buf *out) {
    for (size_t i = 0; REPLAY_KINDS[i]; i++) {
        buf_printf(out, "%s: %s\n  %s\n", REPLAY_KINDS[i]->name, REPLAY_KINDS[i]->what, REPLAY_KINDS[i]->why);
        for (const struct replay_key *k = REPLAY_KINDS[i]->keys; k->name; k++)
            describe_key(out, k);
    }
    buf_add_z(out, "products: ");
    product_names(out);
    buf_add_byte(out, '\n');
}
