/* Evaluation: exact, value by value. An item holds when it holds for one of its field's values. */
#include "base/json.h"
#include "detect/match_priv.h"

/* ISO 8601 week: the week of the year its Thursday lies in. */
static int iso_week(const struct time_civil *c, int64_t days) {
    int since_monday = (c->weekday + 6) % 7;
    int64_t thursday = days - since_monday + 3;
    struct time_civil t;
    time_to_civil(thursday * NS_PER_DAY, 0, &t);
    return (int) ((thursday - time_days_from_civil(t.year, 1, 1)) / 7) + 1;
}

/* The part of a time as it is written, in its own zone. */
static bool read_time_part(struct str text, enum detect_time_part part, double *ret) {
    int64_t t;
    int offset;
    struct time_civil c;
    if (time_parse_iso(text, &t, &offset) <= 0)
        return false;
    time_to_civil(t, offset == TIME_NO_OFFSET ? 0 : offset, &c);
    switch (part) {
    case DETECT_MINUTE:
        *ret = c.minute;
        return true;
    case DETECT_HOUR:
        *ret = c.hour;
        return true;
    case DETECT_DAY:
        *ret = c.day;
        return true;
    case DETECT_WEEK:
        *ret = iso_week(&c, time_days_from_civil(c.year, c.month, c.day));
        return true;
    case DETECT_MONTH:
        *ret = c.month;
        return true;
    case DETECT_YEAR:
        *ret = c.year;
        return true;
    case DETECT_NOT_TIME:
        break;
    }
    return false;
}

static bool number_holds(const struct detect_item *item, struct str text) {
    double v;
    if (item->time_part ? !read_time_part(text, item->time_part, &v) : str_to_double(text, &v) < 0)
        return false;
    switch (item->compare) {
    case DETECT_LT:
        return v < item->value;
    case DETECT_LTE:
        return v <= item->value;
    case DETECT_GT:
        return v > item->value;
    case DETECT_GTE:
        return v >= item->value;
    case DETECT_EQ:
        return v == item->value;
    }
    return false;
}

static bool numbers_equal(struct str a, struct str b) {
    char za[32], zb[32];
    struct str ca, cb;
    if (pattern_is_canonical(a) && pattern_is_canonical(b))
        return str_eq(a, b);
    return pattern_canonical_number(a, za, &ca) && pattern_canonical_number(b, zb, &cb) &&
           str_eq(ca, cb);
}

static bool cidr_holds(const struct detect_item *item, struct str text) {
    struct ip ip;
    return ip_parse(text, &ip) == 0 && ip_prefix_contains(&item->net, &ip);
}

static bool compare(enum detect_op op, struct str v, struct str t) {
    switch (op) {
    case DETECT_OP_PREFIX:
        return str_starts(v, t);
    case DETECT_OP_SUFFIX:
        return str_ends(v, t);
    case DETECT_OP_CONTAINS:
        return str_find(v, t, 0) >= 0;
    default:
        return str_eq(v, t);
    }
}

static bool fieldref_holds(struct detect_matcher *m, const struct lane *l, const struct atom *a,
                           uint32_t value) {
    bool cased = a->flags & ATOM_CASED;
    struct str mine = cased ? value_text(m, value) : value_folded(m, value);
    for (uint32_t v = value_first(m, a->ref_field); v != VALUE_NONE; v = value_next(m, v)) {
        if (value_is_null(value_at(m, v)))
            continue;
        struct str other = cased ? value_text(m, v) : value_folded(m, v);
        if (compare(a->item->ref_op, mine, other))
            return true;
        if (a->item->ref_op == DETECT_OP_EXACT && value_at(m, value)->type == JSON_NUMBER &&
            value_at(m, v)->type == JSON_NUMBER &&
            numbers_equal(value_at(m, value)->value, value_at(m, v)->value))
            return true;
    }
    return false;
}

static bool is_latin(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_digit(c);
}

/* The text stands in v, and where its ends are letters or digits, a word begins or ends there. */
static bool contains_word(const struct atom *a, struct str v) {
    struct str t = str_n(a->text, a->n);
    bool begins = a->item->word_begins && is_latin(t.p[0]), ends = a->item->word_ends && is_latin(t.p[t.n - 1]);
    for (ptrdiff_t at = 0; (at = str_find(v, t, (size_t) at)) >= 0; at++) {
        size_t behind = (size_t) at + t.n;
        if (!(begins && at && is_latin(v.p[at - 1])) && !(ends && behind < v.n && is_latin(v.p[behind])))
            return true;
    }
    return false;
}

static struct str folded_for(struct detect_matcher *m, const struct atom *a, uint32_t value) {
    return a->item->fold == DETECT_FOLD_NORMAL ? value_normal(m, value) : value_variants(m, value);
}

static bool text_holds(struct detect_matcher *m, const struct atom *a, uint32_t value,
                       const struct event_field *f) {
    /* a value of ASCII only has nothing a literal of other characters could be in */
    if ((a->flags & ATOM_HIGH) && !value_prepare(m, value)->high)
        return false;
    struct str v = a->flags & ATOM_FOLD      ? folded_for(m, a, value)
                   : a->flags & ATOM_CASED   ? value_text(m, value)
                   : a->flags & ATOM_UNICODE ? value_folded(m, value)
                                             : value_prepare(m, value)->lowered;
    switch ((enum detect_op) a->op) {
    case DETECT_OP_EXACT:
        if (v.n == a->n && memcmp(v.p, a->text, a->n) == 0)
            return true;
        return (a->flags & ATOM_NUMBER) && f->type == JSON_NUMBER &&
               numbers_equal(f->value, a->item->text);
    case DETECT_OP_PREFIX:
        return v.n >= a->n && memcmp(v.p, a->text, a->n) == 0;
    case DETECT_OP_SUFFIX:
        return v.n >= a->n && memcmp(v.p + v.n - a->n, a->text, a->n) == 0;
    case DETECT_OP_CONTAINS:
        return m->kernel->contains(v.p, v.n, a->text, a->n, a->rare) &&
               (!(a->flags & ATOM_WORD) || contains_word(a, v));
    default:
        return pattern_match_glob(a->item->pieces, a->item->n_pieces, v);
    }
}

static bool regex_holds(struct detect_matcher *m, const struct atom *a, uint32_t value) {
    const struct prepared *p = value_prepare(m, value);
    bool high = p->high;
    if (!high && !regex_may_match(a->re, m->kernel, p->lowered))
        return false;
    struct str text = value_text(m, value);
    int r = high ? -1 : regex_foresee(a->re, text);
    if (r >= 0)
        return r;
    m->stats.regexes++;
    r = regex_match(a->re, m->regex, text);
    m->stats.regex_limits += r < 0;
    return r > 0;
}

static bool value_holds(struct detect_matcher *m, const struct lane *l, const struct atom *a,
                        uint32_t value) {
    const struct event_field *f = value_at(m, value);
    if (value_is_null(f))
        return false;
    if (a->op == ATOM_GROUP)
        return scan_group(m, l, a->group, value_prepare(m, value)->lowered);
    switch ((enum detect_op) a->op) {
    case DETECT_OP_ANY:
        return true;
    case DETECT_OP_REGEX:
        return regex_holds(m, a, value);
    case DETECT_OP_CIDR:
        return cidr_holds(a->item, value_text(m, value));
    case DETECT_OP_NUMBER:
        return number_holds(a->item, value_text(m, value));
    case DETECT_OP_FIELDREF:
        return fieldref_holds(m, l, a, value);
    default:
        return text_holds(m, a, value, f);
    }
}

bool judge_atom_why(struct detect_matcher *m, const struct lane *l, const struct atom *a,
                    uint32_t *ret_value) {
    uint32_t v = value_first(m, a->field);
    *ret_value = VALUE_NONE;
    if (!a->field)
        line_make(m);
    if (a->op == DETECT_OP_EXISTS)
        return v != VALUE_NONE;
    if (a->op == DETECT_OP_NULL) {
        while (v != VALUE_NONE && value_is_null(value_at(m, v)))
            v = value_next(m, v);
        *ret_value = v;
        return v == VALUE_NONE;
    }
    for (; v != VALUE_NONE; v = value_next(m, v)) {
        if (value_holds(m, l, a, v)) {
            *ret_value = v;
            return true;
        }
    }
    return false;
}

bool judge_atom(struct detect_matcher *m, const struct lane *l, const struct atom *a) {
    uint32_t which;
    return judge_atom_why(m, l, a, &which);
}

/* The last bytes first: paths that differ begin alike. */
static inline bool same_bytes(const char *p, const char *text, size_t n) {
    if (n < 8)
        return memcmp(p, text, n) == 0;
    return load_word(p + n - 8, 8) == load_word(text + n - 8, 8) && memcmp(p, text, n - 8) == 0;
}

static inline bool plain_holds(const struct detect_matcher *m, const struct atom *a, struct str v) {
    if (v.n < a->n)
        return false;
    switch ((enum detect_op) a->op) {
    case DETECT_OP_EXACT:
        return v.n == a->n && same_bytes(v.p, a->text, a->n);
    case DETECT_OP_PREFIX:
        return same_bytes(v.p, a->text, a->n);
    case DETECT_OP_SUFFIX:
        return same_bytes(v.p + v.n - a->n, a->text, a->n);
    default:
        return m->kernel->contains(v.p, v.n, a->text, a->n, a->rare);
    }
}

/* Most atoms: a lowered value and a text. */
static inline bool judge_quickly(struct detect_matcher *m, const struct lane *l, const struct atom *a) {
    if (a->op > DETECT_OP_CONTAINS || (a->flags & ATOM_ODD) || !a->field)
        return judge_atom(m, l, a);
    for (uint32_t v = value_first(m, a->field); v != VALUE_NONE; v = value_next(m, v))
        if (!value_is_null(value_at(m, v)) && plain_holds(m, a, value_prepare(m, v)->lowered))
            return true;
    return false;
}

static bool judge_and_remember(struct detect_matcher *m, const struct lane *l, const struct atom *a,
                               uint32_t *memo) {
    bool holds = judge_quickly(m, l, a);
    *memo = m->epoch << 1 | holds;
    return holds;
}

bool judge_rule(struct detect_matcher *m, const struct lane *l, const struct lane_rule *r) {
    const struct step *code = &l->code[r->first];
    uint32_t *memos = &m->memo[l->atom_base], at = 0;
    if (!r->n)
        return false; /* refused */
    do {
        const struct step *s = &code[at];
        const struct atom *a = &l->atoms[s->atom];
        uint32_t *memo = &memos[s->atom];
        bool holds;
        if (!(a->flags & ATOM_MEMO))
            holds = judge_quickly(m, l, a);
        else if (*memo >> 1 == m->epoch)
            holds = *memo & 1;
        else
            holds = judge_and_remember(m, l, a, memo);
        at = holds ? s->yes : s->no;
    } while (at < CODE_FALSE);
    return at == CODE_TRUE;
}
