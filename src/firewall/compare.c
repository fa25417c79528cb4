/* What fares otherwise. Rules that stand in both lists in the same order decide the same outside the spaces of the others; so only
 * those spaces are walked, each once. The common rules are the longest ascending run of positions (as in patience diff): that a
 * rule is called changed which is not costs time and is never told. */
#include "firewall/firewall_priv.h"

#include "base/hash.h"
#include "base/limits.h"

enum mode { MAY, MUST };
enum { KEY_BYTES = 16 };

struct walk {
    struct arena *a;
    const struct firewall_path *path;
    enum mode mode;
    int (*emit)(void *ctx, const struct space *where, enum firewall_verdict v, const struct firewall_rule *by);
    void *ctx;
    unsigned steps;
};
struct side {
    const struct firewall *f;
    struct firewall_path path; /* a path that is not there lets everything through */
    uint8_t (*keys)[KEY_BYTES];
    bool *changed, *told, *stands; /* stands: somewhere in the other list, too */
};
struct comparing {
    struct arena *a;
    struct side was, is;
    const struct firewall_path *path; /* that is told */
    const struct firewall_ground *ground;
    struct spans public;
    struct firewall_changes *ret;
    const struct firewall_rule *by; /* of the outer walk */
    bool opening;
};

/* ---- walking ---- */

static bool applies(const struct walk *w, const struct firewall_rule *r) {
    return !r->condition.n || (w->mode == MAY && r->verdict == FIREWALL_ALLOW);
}

struct part {
    struct space where;
    size_t from;
};
struct parts {
    struct part *at;
    size_t n, cap;
};

static int push(struct arena *a, struct parts *todo, const struct space *where, size_t from) {
    int r = arena_grow(a, (void **) &todo->at, &todo->cap, todo->n + 1, sizeof *todo->at);
    if (r == 0)
        todo->at[todo->n++] = (struct part){*where, from};
    return r;
}

/* One part until a rule fits, which divides it. */
static int walk_part(struct walk *w, struct parts *todo, const struct part *x) {
    for (size_t i = x->from; i < w->path->n; i++) {
        const struct firewall_rule *r = &w->path->rules[i];
        struct space hit;
        struct spaces rest = {0};
        int e = applies(w, r) ? space_and(w->a, &x->where, &r->where, &hit) : 0;
        if (e == 0)
            continue;
        if (e > 0)
            e = w->steps++ == FIREWALL_SPACES_MAX ? -ERR_LIMIT : space_minus(w->a, &x->where, &r->where, &rest);
        for (size_t k = 0; e == 0 && k < rest.n; k++)
            e = push(w->a, todo, &rest.at[k], i + 1);
        if (e < 0)
            return e;
        return r->verdict == FIREWALL_SKIP ? push(w->a, todo, &hit, MAX((size_t) r->skip_to, i + 1)) : w->emit(w->ctx, &hit, r->verdict, r);
    }
    return w->emit(w->ctx, &x->where, w->path->otherwise, NULL);
}

static int walk_region(struct walk *w, const struct space *where) {
    struct parts todo = {0};
    int r = push(w->a, &todo, where, 0);
    while (r == 0 && todo.n) {
        struct part x = todo.at[--todo.n];
        r = walk_part(w, &todo, &x);
    }
    return r;
}

/* ---- which rules changed ---- */

static void add_spans(struct sha256 *h, struct spans s) {
    uint64_t n = s.n;
    sha256_add(h, str_n((const char *) &n, sizeof n));
    for (size_t i = 0; i < s.n; i++)
        sha256_add(h, str_n((const char *) &s.at[i], sizeof s.at[i]));
}

static int make_keys(struct arena *a, struct side *s) {
    size_t n = MAX(s->path.n, 1);
    s->keys = arena_zalloc(a, n * KEY_BYTES);
    s->changed = arena_zalloc(a, n);
    s->told = arena_zalloc(a, n);
    s->stands = arena_zalloc(a, n);
    if (!s->keys || !s->changed || !s->told || !s->stands)
        return -ENOMEM;
    for (size_t i = 0; i < s->path.n; i++) {
        const struct firewall_rule *r = &s->path.rules[i];
        uint8_t hash[SHA256_BYTES];
        uint32_t rest[2] = {r->verdict, r->verdict == FIREWALL_SKIP ? r->skip_to - (uint32_t) i : 0};
        struct sha256 h;
        sha256_init(&h);
        for (size_t d = 0; d < DIMS; d++)
            add_spans(&h, r->where.dim[d]);
        sha256_add(&h, str_n((const char *) rest, sizeof rest));
        sha256_add(&h, r->condition);
        sha256_end(&h, hash);
        memcpy(s->keys[i], hash, KEY_BYTES);
    }
    return 0;
}

struct place {
    const uint8_t *key;
    size_t at;
};

static int by_key(const void *x, const void *y) {
    const struct place *a = x, *b = y;
    int c = memcmp(a->key, b->key, KEY_BYTES);
    return c ? c : a->at < b->at ? -1 : 1;
}

static const struct place *find(const struct place *p, size_t n, const uint8_t *key) {
    size_t lo = 0;
    for (size_t len = n; len > 0;) {
        size_t half = len / 2;
        if (memcmp(p[lo + half].key, key, KEY_BYTES) < 0) {
            lo += half + 1;
            len -= half + 1;
        } else
            len = half;
    }
    return lo < n && memcmp(p[lo].key, key, KEY_BYTES) == 0 ? &p[lo] : NULL;
}

/* The k-th rule of a key in one list is the k-th of it in the other; of those pairs the longest ascending run is common. */
static int mark_changed(struct arena *a, struct side *was, struct side *is) {
    size_t m = was->path.n, n = is->path.n, best = 0;
    struct place *of = arena_alloc(a, MAX(m, 1) * sizeof *of);
    bool *taken = arena_zalloc(a, MAX(m, 1));
    size_t *pair = arena_alloc(a, MAX(n, 1) * sizeof *pair), *end = arena_alloc(a, MAX(n, 1) * sizeof *end),
           *before = arena_alloc(a, MAX(n, 1) * sizeof *before);
    if (!of || !taken || !pair || !end || !before)
        return -ENOMEM;
    for (size_t i = 0; i < m; i++)
        of[i] = (struct place){was->keys[i], i};
    if (m > 1)
        qsort(of, m, sizeof *of, by_key);
    memset(was->changed, 1, m);
    memset(is->changed, 1, n);
    for (size_t i = 0; i < n; i++) {
        const struct place *p = find(of, m, is->keys[i]);
        pair[i] = SIZE_MAX;
        for (; p && p < of + m && memcmp(p->key, is->keys[i], KEY_BYTES) == 0; p++) {
            is->stands[i] = was->stands[p->at] = true;
            if (!taken[p->at]) {
                taken[p->at] = true;
                pair[i] = p->at;
                break;
            }
        }
        if (pair[i] == SIZE_MAX)
            continue;
        size_t lo = 0, hi = best;
        while (lo < hi) {
            size_t mid = (lo + hi) / 2;
            if (pair[end[mid]] < pair[i])
                lo = mid + 1;
            else
                hi = mid;
        }
        before[i] = lo ? end[lo - 1] : SIZE_MAX;
        end[lo] = i;
        best = MAX(best, lo + 1);
    }
    for (size_t i = best ? end[best - 1] : SIZE_MAX; i != SIZE_MAX; i = before[i])
        is->changed[i] = was->changed[pair[i]] = false;
    return 0;
}

/* ---- what changed ---- */

static bool zone_named(const struct firewall *f, u128 lo, u128 hi, const struct str *names, size_t n) {
    for (size_t z = 0; z < f->n_zones; z++) {
        if (f->zones[z].number < lo || f->zones[z].number > hi)
            continue;
        for (size_t i = 0; i < n; i++)
            if (str_ends(names[i], STR("*")) ? str_starts(f->zones[z].name, str_to(names[i], names[i].n - 1)) : str_eq_icase(f->zones[z].name, names[i]))
                return true;
    }
    return false;
}

static bool from_zones(const struct comparing *c, const struct space *x, const struct str *names, size_t n) {
    for (size_t i = 0; i < x->dim[DIM_FROM].n; i++) {
        struct span s = x->dim[DIM_FROM].at[i];
        if (zone_named(c->was.f, s.lo, s.hi, names, n) || zone_named(c->is.f, s.lo, s.hi, names, n))
            return true;
    }
    return false;
}

/* What makers and administrators call them, where nobody said; a zone of another name is taken for outside. */
static const struct str usual_outside[] = {{"outside", 7}, {"untrust*", 8}, {"wan*", 4}, {"internet*", 9}, {"external", 8}, {"pp*", 3}, {"dialer*", 7}};
static const struct str usual_inside[] = {{"inside", 6}, {"trust*", 6}, {"lan*", 4}, {"internal*", 9}, {"lo", 2}, {"mgmt*", 5}, {"management", 10}};

static bool from_outside(const struct comparing *c, const struct space *x) {
    const struct firewall_ground *g = c->ground;
    if (c->path->outward || !spans_meet(x->dim[DIM_SRC], c->public))
        return false;
    if (spans_cover(x->dim[DIM_FROM], SPANS_ALL[DIM_FROM]))
        return true;
    if (from_zones(c, x, g->outside, g->n_outside) || from_zones(c, x, g->inside, g->n_inside))
        return from_zones(c, x, g->outside, g->n_outside);
    return from_zones(c, x, usual_outside, ARRAY_SIZE(usual_outside)) || !from_zones(c, x, usual_inside, ARRAY_SIZE(usual_inside));
}

static enum firewall_reach reach_of(const struct comparing *c, const struct firewall_change *x) {
    const struct space *rule = x->is ? &x->is->where : &SPACE_ALL;
    bool outside = false;
    if (x->what != FIREWALL_OPENED)
        return FIREWALL_INSIDE;
    for (size_t i = 0; i < x->spaces.n && !outside; i++)
        outside = from_outside(c, &x->spaces.at[i]);
    if (!outside)
        return FIREWALL_INSIDE;
    return (spans_cover(rule->dim[DIM_SRC], SPANS_V4) || spans_cover(rule->dim[DIM_SRC], SPANS_V6)) &&
                   (spans_cover(rule->dim[DIM_DST], SPANS_V4) || spans_cover(rule->dim[DIM_DST], SPANS_V6)) &&
                   spans_cover(rule->dim[DIM_SERVICE], SPANS_ALL[DIM_SERVICE])
               ? FIREWALL_ANY
               : FIREWALL_OUTSIDE;
}

static int add_change(struct comparing *c, const struct firewall_change *x) {
    if (c->ret->n == FIREWALL_CHANGES_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(c->a, (void **) &c->ret->at, &c->ret->cap, c->ret->n + 1, sizeof *c->ret->at);
    if (r == 0)
        c->ret->at[c->ret->n++] = *x;
    return r;
}

static void note_told(struct side *s, const struct firewall_rule *r) {
    if (r)
        s->told[r - s->path.rules] = true;
}

static int found(struct comparing *c, const struct space *where, const struct firewall_rule *was, const struct firewall_rule *is) {
    struct firewall_change x = {.what = c->opening ? FIREWALL_OPENED : FIREWALL_CLOSED, .path = c->path, .was = was, .is = is};
    size_t i = c->ret->n;
    note_told(&c->was, was);
    note_told(&c->is, is);
    while (i > 0 && !(c->ret->at[i - 1].what == x.what && c->ret->at[i - 1].path == x.path && c->ret->at[i - 1].was == was && c->ret->at[i - 1].is == is))
        i--;
    int r = i ? 0 : add_change(c, &x);
    return r < 0 ? r : spaces_add(c->a, &c->ret->at[(i ? i : c->ret->n) - 1].spaces, where);
}

static int inner(void *ctx, const struct space *where, enum firewall_verdict v, const struct firewall_rule *by) {
    struct comparing *c = ctx;
    if (v != FIREWALL_DENY)
        return 0;
    return c->opening ? found(c, where, by, c->by) : found(c, where, c->by, by);
}

static int outer(void *ctx, const struct space *where, enum firewall_verdict v, const struct firewall_rule *by) {
    struct comparing *c = ctx;
    struct walk w = {.a = c->a, .path = c->opening ? &c->was.path : &c->is.path, .mode = c->opening ? MUST : MAY, .emit = inner, .ctx = c};
    if (v != FIREWALL_ALLOW)
        return 0;
    c->by = by;
    return walk_region(&w, where);
}

static int fares(struct comparing *c, const struct space *region) {
    int r = 0;
    for (int opening = 1; r == 0 && opening >= 0; opening--) {
        struct walk w = {.a = c->a, .path = opening ? &c->is.path : &c->was.path, .mode = opening ? MAY : MUST, .emit = outer, .ctx = c};
        c->opening = opening;
        r = walk_region(&w, region);
    }
    return r;
}

/* What of `where` no earlier region had. */
static int region(struct comparing *c, const struct space *where, struct spaces *done) {
    struct spaces left = {0};
    int r = spaces_add(c->a, &left, where);
    for (size_t i = 0; r == 0 && i < done->n; i++) {
        struct spaces next = {0};
        for (size_t k = 0; r == 0 && k < left.n; k++)
            r = space_minus(c->a, &left.at[k], &done->at[i], &next);
        left = next;
    }
    for (size_t i = 0; r == 0 && i < left.n; i++)
        r = fares(c, &left.at[i]);
    return r < 0 ? r : spaces_add(c->a, done, where);
}

static int regions_of(struct comparing *c, const struct side *s, struct spaces *done) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < s->path.n; i++)
        if (s->changed[i])
            r = region(c, &s->path.rules[i].where, done);
    return r;
}

static int untold(struct comparing *c, const struct side *s, enum firewall_what what) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < s->path.n; i++) {
        const struct firewall_rule *rule = &s->path.rules[i];
        struct firewall_change x = {.what = what, .path = c->path};
        if (!s->changed[i] || s->told[i] || s->stands[i] || rule->verdict == FIREWALL_SKIP)
            continue;
        *(what == FIREWALL_RULE_NEW ? &x.is : &x.was) = rule;
        r = add_change(c, &x);
        if (r == 0)
            r = spaces_add(c->a, &c->ret->at[c->ret->n - 1].spaces, &rule->where);
    }
    return r;
}

static int compare_paths(struct comparing *c) {
    struct spaces done = {0};
    size_t first = c->ret->n;
    int r = make_keys(c->a, &c->was);
    if (r == 0)
        r = make_keys(c->a, &c->is);
    if (r == 0)
        r = mark_changed(c->a, &c->was, &c->is);
    if (r == 0 && c->was.path.otherwise != c->is.path.otherwise)
        r = region(c, &SPACE_ALL, &done);
    else if (r == 0 && (r = regions_of(c, &c->is, &done)) == 0)
        r = regions_of(c, &c->was, &done);
    if (r == 0 && (r = untold(c, &c->is, FIREWALL_RULE_NEW)) == 0)
        r = untold(c, &c->was, FIREWALL_RULE_GONE);
    for (size_t i = first; i < c->ret->n; i++)
        c->ret->at[i].reach = reach_of(c, &c->ret->at[i]);
    if (r == -ERR_LIMIT) {
        c->ret->at_least = true;
        r = 0;
    }
    return r;
}

static const struct firewall_path *path_named(const struct firewall *f, struct str name) {
    for (size_t i = 0; i < f->n_paths; i++)
        if (str_eq(f->paths[i].name, name))
            return &f->paths[i];
    return NULL;
}

static int compare_one(struct comparing *c, const struct firewall_path *was, const struct firewall_path *is) {
    struct firewall_path none = {.otherwise = FIREWALL_ALLOW};
    c->path = is ? is : was;
    c->was.path = was ? *was : none;
    c->is.path = is ? *is : none;
    return compare_paths(c);
}

static int forwards(struct comparing *c, const struct firewall *here, const struct firewall *there, enum firewall_what what) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < here->n_forwards; i++) {
        struct firewall_change x = {.what = what, .reach = what == FIREWALL_FORWARD_NEW ? FIREWALL_OUTSIDE : FIREWALL_INSIDE, .forward = here->forwards[i].text};
        bool known = false;
        for (size_t k = 0; !known && k < there->n_forwards; k++)
            known = str_eq(there->forwards[k].text, x.forward);
        r = known ? 0 : add_change(c, &x);
    }
    return r;
}

static int public_of(struct arena *a, struct spans own, struct spans *ret) {
    struct span *nets = arena_alloc(a, 64 * sizeof *nets);
    struct ip_prefix p;
    size_t n = 0;
    if (!nets)
        return -ENOMEM;
    for (const char *z; n < 64 && (z = ip_not_public_net(n)) && ip_prefix_parse(str_of(z), &p) == 0; n++)
        nets[n] = span_of_prefix(&p);
    int r = spans_minus(a, SPANS_ALL[DIM_SRC], spans_of(nets, n), ret);
    return r < 0 ? r : spans_minus(a, *ret, own, ret);
}

int firewall_compare(struct arena *a, const struct firewall *was, const struct firewall *is, const struct firewall_ground *ground,
                     struct firewall_changes *ret) {
    struct comparing c = {.a = a, .was = {.f = was}, .is = {.f = is}, .ground = ground, .ret = ret};
    *ret = (struct firewall_changes){0};
    int r = public_of(a, ground->own, &c.public);
    for (size_t i = 0; r == 0 && i < is->n_paths; i++)
        r = compare_one(&c, path_named(was, is->paths[i].name), &is->paths[i]);
    for (size_t i = 0; r == 0 && i < was->n_paths; i++)
        if (!path_named(is, was->paths[i].name))
            r = compare_one(&c, &was->paths[i], NULL);
    if (r == 0 && (r = forwards(&c, is, was, FIREWALL_FORWARD_NEW)) == 0)
        r = forwards(&c, was, is, FIREWALL_FORWARD_GONE);
    return r;
}
