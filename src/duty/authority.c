/* See authority.h. */
#include "duty/authority.h"

static const char *const kinds[DUTY_KIND_MAX_] = {
#define X(id, name) [DUTY_##id] = name,
    DUTY_KINDS(X)
#undef X
};
static const char *const verbs[DUTY_VERB_MAX_] = {"decide", "ask", "tell"};

const char *duty_kind_to_string(enum duty_kind k) {
    ASSERT((unsigned) k < DUTY_KIND_MAX_);
    return kinds[k];
}

int duty_kind_from_string(struct str s) {
    for (int i = 0; i < DUTY_KIND_MAX_; i++)
        if (str_eq_z(s, kinds[i]))
            return i;
    return -EINVAL;
}

const char *duty_verb_to_string(enum duty_verb v) {
    ASSERT((unsigned) v < DUTY_VERB_MAX_);
    return verbs[v];
}

int duty_verb_from_string(struct str s) {
    for (int i = 0; i < DUTY_VERB_MAX_; i++)
        if (str_eq_z(s, verbs[i]))
            return i;
    return -EINVAL;
}

const struct duty_who *duty_answer_find(const struct duty_answer *x, enum duty_verb v, struct str person_key) {
    for (size_t i = 0; i < x->n[v]; i++)
        if (str_eq(x->who[v][i].who.key, person_key))
            return &x->who[v][i];
    return NULL;
}

/* Somebody who is in the answer already stays where they are: the earlier place is the stronger. */
static void add(struct duty_answer *x, enum duty_verb v, const struct duty_who *w) {
    if (!w->who.key.n || duty_answer_find(x, v, w->who.key) || x->n[v] == DUTY_WHO_MAX)
        return;
    struct duty_who *at = &x->who[v][x->n[v]++];
    *at = *w;
    at->order = (unsigned) x->n[v];
}

static int add_row(struct arena *a, const struct duty_authority *x, const struct duty_authority_row *row, int64_t t_ns, int after,
                   struct duty_answer *ret, struct diag *err) {
    bool lent = row->from_ns != TIME_NONE;
    struct duty_who w = {.who = row->who, .group = row->group, .after_min = after, .two = row->two, .lent = lent,
                         .until_ns = lent ? row->until_ns : TIME_NONE, .row = row->id};
    struct duty_slot on[DUTY_ORDERS];
    size_t n = 0;
    ret->two |= row->verb == DUTY_DECIDES && row->two;
    if (!row->group.n) {
        add(ret, row->verb, &w);
        return 0;
    }
    int e = duty_roster_at(a, x->roster, row->group, t_ns, NS_PER_DAY, on, &n, err);
    for (size_t i = 0; e == 0 && i < n; i++) {
        w.who = on[i].who;
        /* who stands second of a group waits for the first as long as the next row would, or five minutes */
        w.after_min = row->verb == DUTY_DECIDES && i > 0 ? after + (int) i * (row->after_min ? row->after_min : 5) : after;
        add(ret, row->verb, &w);
    }
    return e;
}

static bool holds(const struct duty_authority *x, const struct duty_authority_row *row, int64_t t_ns) {
    if (row->from_ns != TIME_NONE)
        return t_ns >= row->from_ns && t_ns < row->until_ns;
    return period_covers(&row->when, x->roster->calendar, t_ns);
}

/* The rows of one verb by their order; a group's second and third come behind all that may at once. */
static int collect(struct arena *a, const struct duty_authority *x, struct str service, unsigned bit, enum duty_verb v, int64_t t_ns,
                   struct duty_answer *ret, struct diag *err) {
    int after = 0, e = 0;
    for (unsigned order = 1, more = 1; e == 0 && more && order < 100; order++) {
        int wait = 0;
        more = 0;
        for (size_t i = 0; e == 0 && i < x->n; i++) {
            const struct duty_authority_row *row = &x->rows[i];
            if (row->verb != v || !(row->kinds & bit) || !str_eq(row->service, service) || !holds(x, row, t_ns))
                continue;
            unsigned at = row->from_ns != TIME_NONE ? 1 : row->order;
            more |= at > order;
            if (at != order)
                continue;
            if (v == DUTY_DECIDES && order > 1)
                wait = MAX(wait, row->after_min);
            e = add_row(a, x, row, t_ns, v == DUTY_DECIDES ? after + (order > 1 ? row->after_min : 0) : 0, ret, err);
        }
        after += wait;
    }
    return e;
}

static bool speaks(const struct duty_authority *x, struct str service, unsigned bit) {
    for (size_t i = 0; i < x->n; i++)
        if ((x->rows[i].kinds & bit) && x->rows[i].verb == DUTY_DECIDES && x->rows[i].from_ns == TIME_NONE && str_eq(x->rows[i].service, service))
            return true;
    return false;
}

static int by_wait(const void *x, const void *y) {
    const struct duty_who *a = x, *b = y;
    return a->after_min != b->after_min ? a->after_min - b->after_min : (a->order > b->order) - (a->order < b->order);
}

void duty_authority_silent(struct duty_answer *x) {
    struct duty_who *w = x->who[DUTY_DECIDES];
    size_t before = 0;    /* where those begin who are waited for */
    int was = 0, now = 0; /* their after_min, as the table has it and as it is tonight */
    for (size_t from = 0, to; from < x->n[DUTY_DECIDES]; before = from, from = to) {
        int at = w[from].after_min;
        bool waited = from == 0;
        for (size_t i = before; i < from; i++)
            waited |= w[i].silent_min < at - was;
        now += waited ? at - was : 0;
        was = at;
        for (to = from; to < x->n[DUTY_DECIDES] && w[to].after_min == at; to++)
            ;
        for (size_t i = from; i < to; i++)
            w[i].after_min = now;
    }
}

int duty_authority_ask(struct arena *a, const struct duty_authority *x, struct str service, enum duty_kind kind, int64_t t_ns,
                       struct duty_answer *ret, struct diag *reterr) {
    unsigned bit = 1u << kind;
    struct str of = service.n && speaks(x, service, bit) ? service : STR("");
    int e = 0;
    *ret = (struct duty_answer){.told_of = speaks(x, of, bit)};
    for (int v = 0; e == 0 && v < DUTY_VERB_MAX_; v++) {
        e = collect(a, x, of, bit, (enum duty_verb) v, t_ns, ret, reterr);
        /* what is lent for this service counts also where the rows for every service do */
        if (e == 0 && of.n == 0 && service.n)
            e = collect(a, x, service, bit, (enum duty_verb) v, t_ns, ret, reterr);
    }
    qsort(ret->who[DUTY_DECIDES], ret->n[DUTY_DECIDES], sizeof(struct duty_who), by_wait);
    for (size_t i = 0; i < ret->n[DUTY_DECIDES]; i++)
        ret->who[DUTY_DECIDES][i].order = (unsigned) i + 1;
    return e;
}
