/* Which log sources an event belongs to.
 *
 * Routes ask for few fields and compare them with whole texts: what they say depends only on which fields
 * stand there and which of the texts named in routes each value is. So every way that was seen is judged
 * once, by the routing lane like any lane, and found again by these few numbers: a text no route names is the
 * number 0. An event with a field of which a route asks something else
 * (a part of the text), or with a number written in an odd way or letters beyond ASCII, is judged each time.
 *
 * Events of one shape (shape.c) mostly have the same of these texts, letter by letter, so the shape remembers some
 * ways its events went, each with the short texts of those fields as they stood there, and compares these first. */
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "detect/match_priv.h"

enum { ROUTE_PAIRS_MAX = 12, ROUTES_KNOWN_LOG = 10, ROUTE_LANES_MAX = 1 << 20, TRIES = 8 };
enum { SEEN_TEXT_MAX = 64, SEEN_MAX = 4 /* ways of one shape */ };
enum { CLASS_OTHER, CLASS_NULL, CLASS_FIRST };

struct route_key {
    uint32_t field, class; /* class 0: free */
    struct str text;
};
struct route_keys {
    struct route_key *at; /* 1 << log */
    uint32_t log;
    bool *odd; /* by field: not only compared with whole texts */
};

/* --- planning --- */

static struct route_key *key_at(const struct route_keys *k, uint32_t field, struct str text) {
    uint32_t mask = (1u << k->log) - 1;
    uint32_t i = (uint32_t) hash_fast(text, field) & mask;
    while (k->at[i].class && (k->at[i].field != field || !str_eq(k->at[i].text, text)))
        i = (i + 1) & mask;
    return &k->at[i];
}

static bool is_plain(const struct atom *a) {
    switch ((enum detect_op) a->op) {
    case DETECT_OP_EXACT:
        return !(a->flags & (ATOM_CASED | ATOM_UNICODE | ATOM_HIGH));
    case DETECT_OP_ANY:
    case DETECT_OP_NULL:
    case DETECT_OP_EXISTS:
        return true;
    default:
        return false;
    }
}

static int add_key(struct detect_plan *p, struct route_keys *k, const struct atom *a, uint32_t class) {
    struct str text = str_n(a->text, a->n), canonical;
    char z[32];
    struct route_key *to = key_at(k, a->field, text);
    if (!to->class)
        *to = (struct route_key){a->field, class, text};
    if (!(a->flags & ATOM_NUMBER) || !pattern_canonical_number(text, z, &canonical) || str_eq(text, canonical))
        return 0;
    canonical = arena_dup(&p->arena, canonical);
    if (!canonical.p)
        return -ENOMEM;
    to = key_at(k, a->field, canonical);
    if (!to->class)
        *to = (struct route_key){a->field, class + 1, canonical};
    return 0;
}

int route_plan(struct detect_plan *p) {
    const struct lane *l = &p->route;
    struct route_keys *k = arena_zalloc(&p->arena, sizeof *k);
    if (!k)
        return -ENOMEM;
    k->odd = arena_zalloc(&p->arena, l->n_fields * sizeof *k->odd);
    if (!k->odd)
        return -ENOMEM;
    k->odd[0] = true; /* the whole line */
    for (uint32_t i = 0; i < l->n_atoms; i++) {
        const struct atom *a = &l->atoms[i];
        k->odd[a->field] |= !is_plain(a);
        if (a->op == DETECT_OP_FIELDREF)
            k->odd[a->ref_field] = true;
    }
    for (k->log = 4; 1u << k->log < l->n_atoms * 4;)
        k->log++;
    k->at = arena_zalloc(&p->arena, sizeof *k->at << k->log);
    if (!k->at)
        return -ENOMEM;
    for (uint32_t i = 0; i < l->n_atoms; i++) {
        int r = l->atoms[i].op == DETECT_OP_EXACT ? add_key(p, k, &l->atoms[i], CLASS_FIRST + 2 * i) : 0;
        if (r < 0)
            return r;
    }
    if (l->n_atoms < UINT16_MAX / 2 - CLASS_FIRST && p->n_lanes && p->n_lanes < ROUTE_LANES_MAX)
        p->route_keys = k;
    return 0;
}

/* --- matching --- */

struct known_route {
    uint64_t hash;
    uint32_t n_pairs, n_lanes;
    uint32_t pairs[ROUTE_PAIRS_MAX];
    uint32_t *lanes;
};
struct route_memory {
    struct known_route *at; /* 1 << ROUTES_KNOWN_LOG; n_pairs and lanes of 0: free */
    uint32_t *lanes;
    size_t n_lanes;
};

struct route_memory *route_memory_new(void) {
    struct route_memory *r = mem_zalloc(sizeof *r);
    if (!r)
        return NULL;
    r->at = mem_zalloc_array((size_t) 1 << ROUTES_KNOWN_LOG, sizeof *r->at);
    r->lanes = mem_zalloc_array(ROUTE_LANES_MAX, sizeof *r->lanes);
    if (!r->at || !r->lanes) {
        route_memory_free(r);
        return NULL;
    }
    return r;
}

void route_memory_free(struct route_memory *r) {
    if (r) {
        mem_free(r->at);
        mem_free(r->lanes);
        mem_free(r);
    }
}

/* CLASS_…, or a negative number when the value has to be judged. */
static int class_of(struct detect_matcher *m, uint32_t field, uint32_t value) {
    const struct event_field *f = value_at(m, value);
    if (value_is_null(f))
        return CLASS_NULL;
    const struct prepared *v = value_prepare(m, value);
    if (v->high || m->no_memory || (f->type == JSON_NUMBER && !pattern_is_canonical(f->value)))
        return -1;
    return (int) key_at(m->plan->route_keys, field, v->lowered)->class;
}

/* What the event is to routes, as numbers; false when it has to be judged. */
static bool describe(struct detect_matcher *m, struct known_route *to) {
    to->n_pairs = 0;
    to->hash = 1;
    for (uint32_t i = 0; i < m->here->n_fields; i++) {
        uint32_t field = m->here->fields[i];
        if (m->plan->route_keys->odd[field])
            return false;
        for (uint32_t v = value_first(m, field); v != VALUE_NONE; v = value_next(m, v)) {
            int class = class_of(m, field, v);
            if (class < 0 || to->n_pairs == ROUTE_PAIRS_MAX)
                return false;
            uint32_t pair = field << 16 | (uint32_t) class;
            to->pairs[to->n_pairs++] = pair;
            to->hash = hash_mix(to->hash, pair);
        }
    }
    return true;
}

/* --- ways of a shape --- */

struct seen_value {
    uint16_t field, value, class;
    uint8_t type;
    bool escaped;
    struct str raw; /* .p NULL: too long */
};
struct seen_route {
    struct seen_route *next; /* used before this one */
    const struct known_route *known;
    uint32_t n;
    struct seen_value at[]; /* by value: several fields of routes may have one */
};

static inline bool is_same_text(const struct detect_matcher *m, const struct seen_value *s) {
    const struct event_field *f = value_at(m, s->value);
    return f->value.n == s->raw.n && s->raw.p && f->type == s->type && f->escaped == s->escaped &&
           memcmp(f->value.p, s->raw.p, s->raw.n) == 0;
}

static bool is_seen(struct detect_matcher *m, const struct seen_route *s) {
    bool same = false;
    for (uint32_t i = 0; i < s->n; i++) {
        const struct seen_value *v = &s->at[i];
        if (i == 0 || v->value != v[-1].value)
            same = is_same_text(m, v);
        if (!same && class_of(m, v->field, v->value) != v->class)
            return false;
    }
    return true;
}

/* The one found becomes the first of its shape's. */
static const struct known_route *find_seen(struct detect_matcher *m) {
    for (struct seen_route **link = &m->shape->routes, *s; (s = *link); link = &s->next) {
        if (!is_seen(m, s))
            continue;
        *link = s->next;
        s->next = m->shape->routes;
        m->shape->routes = s;
        return s->known;
    }
    return NULL;
}

static int by_value(const void *pa, const void *pb) {
    const struct seen_value *a = pa, *b = pb;
    return (int) a->value - (int) b->value;
}

/* No harm when it cannot. */
static void keep_seen(struct detect_matcher *m, const struct known_route *known) {
    struct shape *shape = m->shape;
    struct arena *a = shape_arena(m);
    struct seen_route *s = shape->n_routes < SEEN_MAX ? arena_alloc(a, sizeof *s + known->n_pairs * sizeof *s->at) : NULL;
    if (!s)
        return;
    *s = (struct seen_route){.next = shape->routes, .known = known};
    for (uint32_t i = 0; i < m->here->n_fields; i++) {
        uint16_t field = m->here->fields[i];
        for (uint32_t v = value_first(m, field); v != VALUE_NONE; v = value_next(m, v)) {
            const struct event_field *f = value_at(m, v);
            s->at[s->n] = (struct seen_value){field, (uint16_t) v, (uint16_t) known->pairs[s->n], f->type, f->escaped, {0}};
            if (f->value.n <= SEEN_TEXT_MAX)
                s->at[s->n].raw = arena_dup(a, f->value);
            s->n++;
        }
    }
    if (s->n > 1)
        qsort(s->at, s->n, sizeof *s->at, by_value);
    shape->routes = s;
    shape->n_routes++;
}

/* --- ways of all --- */

static struct known_route *find(const struct route_memory *r, const struct known_route *what) {
    for (size_t k = 0; k < TRIES; k++) {
        struct known_route *it = &r->at[(what->hash + k) & ((1u << ROUTES_KNOWN_LOG) - 1)];
        if (!it->lanes || (it->hash == what->hash && it->n_pairs == what->n_pairs &&
                           memcmp(it->pairs, what->pairs, what->n_pairs * sizeof *what->pairs) == 0))
            return it;
    }
    return NULL;
}

static void remember(struct detect_matcher *m, struct known_route *to, const struct known_route *what) {
    struct route_memory *r = m->routes;
    if (r->n_lanes + m->n_lanes > ROUTE_LANES_MAX)
        return;
    *to = *what;
    to->lanes = r->lanes + r->n_lanes;
    to->n_lanes = m->n_lanes;
    if (m->n_lanes)
        memcpy(to->lanes, m->lanes, m->n_lanes * sizeof *m->lanes);
    r->n_lanes += m->n_lanes;
}

static int use(struct detect_matcher *m, const struct known_route *known) {
    memcpy(m->lanes, known->lanes, known->n_lanes * sizeof *m->lanes);
    m->n_lanes = known->n_lanes;
    return 0;
}

int match_route(struct detect_matcher *m) {
    struct known_route what;
    struct known_route *known = NULL;
    bool may_know = m->plan->route_keys && !m->exhaustive;
    const struct known_route *seen = may_know ? find_seen(m) : NULL;
    if (seen)
        return use(m, seen);
    int r = values_enter_lane(m, &m->plan->route);
    if (r < 0)
        return r;
    if (may_know && describe(m, &what) && (known = find(m->routes, &what)) && known->lanes) {
        keep_seen(m, known);
        return use(m, known);
    }
    r = match_route_judged(m);
    if (r == 0 && known)
        remember(m, known, &what);
    return r;
}
