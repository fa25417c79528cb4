/* Which value of an event serves which field of a lane, remembered by the event's shape: the ids of its fields, one
 * behind the other. Lines of one log have few shapes, so all that hangs on names alone (which values are of one
 * name, which fields of which lane they serve) is worked out once a shape and found again by comparing the ids.
 *
 * A memory is one matcher's, holds nothing of an event but ids and what route.c keeps with a shape, and is
 * bounded: where it is full it is emptied, between two events. */
#include "base/limits.h"
#include "base/mem.h"
#include "detect/match_priv.h"

/* Where a shape stands is looked for in TRIES places, so a table at most half full is seldom short of one. */
enum { SHAPES_LOG = 12, SHAPES_MAX = 1 << (SHAPES_LOG - 1), TRIES = 16, WAYS_LOG = 12 };

struct shape_memory {
    struct arena arena;
    uint32_t n;
    bool full;
    uint32_t *ids;     /* of the event at hand */
    uint32_t *last_of; /* by id: the value of that name seen last; 0 between two uses */
    uint16_t *alone;   /* VALUES_MAX: each value the only one of its name */
    struct shape *at[1 << SHAPES_LOG]; /* open addressing */
    struct shape *by_way[1 << WAYS_LOG]; /* of the event that came this way last */
};

struct shape_memory *shape_memory_new(const struct detect_plan *plan) {
    struct shape_memory *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    arena_init(&s->arena, SHAPES_BYTES_MAX);
    s->ids = mem_zalloc_array(VALUES_MAX, sizeof *s->ids);
    s->last_of = mem_zalloc_array(plan->n_ids + 1, sizeof *s->last_of);
    s->alone = mem_zalloc_array(VALUES_MAX, sizeof *s->alone);
    if (!s->ids || !s->last_of || !s->alone) {
        shape_memory_free(s);
        return NULL;
    }
    for (uint32_t i = 0; i < VALUES_MAX; i++)
        s->alone[i] = VALUE_NONE;
    return s;
}

void shape_memory_free(struct shape_memory *s) {
    if (!s)
        return;
    arena_done(&s->arena);
    mem_free(s->ids);
    mem_free(s->last_of);
    mem_free(s->alone);
    mem_free(s);
}

static void forget_all(struct shape_memory *s) {
    memset(s->at, 0, sizeof s->at);
    memset(s->by_way, 0, sizeof s->by_way);
    arena_reset(&s->arena);
    s->n = 0;
    s->full = false;
}

struct arena *shape_arena(struct detect_matcher *m) {
    return &m->shapes->arena;
}

/* --- making --- */

/* Links the values of one name in the order they stand in; a list for those that are not alone. */
static int link_value(struct shape_memory *s, struct shape *shape, uint32_t value, uint32_t *last) {
    if (*last) {
        size_t bytes = (shape->n + VALUE_TIMESTAMP) * sizeof(uint16_t);
        if (!shape->own_next) {
            if (!(shape->own_next = arena_alloc(&s->arena, bytes)))
                return -ENOMEM;
            memset(shape->own_next, 0xff, bytes); /* VALUE_NONE */
            shape->next = shape->own_next;
        }
        shape->own_next[*last] = (uint16_t) value;
    } else {
        shape->present[shape->n_present++] = (uint16_t) value;
    }
    *last = value;
    return 0;
}
_Static_assert(VALUE_NONE == 0xffff, "memset");

static int link_values(struct shape_memory *s, struct shape *shape, uint32_t n_ids) {
    int r = 0;
    uint32_t n = 0;
    shape->next = s->alone;
    for (; r == 0 && n < shape->n; n++) {
        uint32_t id = shape->ids[n];
        if (id && id < n_ids)
            r = link_value(s, shape, n + VALUE_TIMESTAMP, &s->last_of[id]);
    }
    for (uint32_t i = 0; i < n; i++)
        if (shape->ids[i] < n_ids)
            s->last_of[shape->ids[i]] = 0;
    return r;
}

static struct shape *make(struct shape_memory *s, uint32_t n_ids, uint32_t n, uint64_t hash) {
    struct shape *shape = arena_zalloc(&s->arena, sizeof *shape);
    uint32_t *ids = arena_alloc(&s->arena, n * sizeof *ids);
    uint16_t *present = arena_alloc(&s->arena, n * sizeof *present);
    if (!shape || !ids || !present)
        return NULL;
    memcpy(ids, s->ids, n * sizeof *ids);
    *shape = (struct shape){.hash = hash, .n = n, .ids = ids, .present = present};
    return link_values(s, shape, n_ids) < 0 ? NULL : shape;
}

/* --- finding --- */

/* The ids of the event's values in s->ids, returns their hash. */
static uint64_t read_ids(struct shape_memory *s, const struct event *ev, bool has_timestamp, uint32_t *ret_n) {
    uint32_t n = MIN(ev->n, (uint32_t) EVENT_FIELDS_MAX);
    uint64_t h = n;
    s->ids[0] = has_timestamp ? EVENT_F_TIMESTAMP : 0;
    for (uint32_t i = 0; i < n; i++)
        s->ids[i + 1] = ev->fields[i].id;
    for (uint32_t i = 0; i <= n; i++) {
        uint64_t x = ((uint64_t) i << 32 | s->ids[i]) * 0x9e3779b97f4a7c15u;
        h += x ^ x >> 29;
    }
    *ret_n = n + 1;
    return h ^ h >> 31;
}

static struct shape **slot_of(struct shape_memory *s, uint64_t hash, uint32_t n) {
    for (uint32_t k = 0; k < TRIES; k++) {
        struct shape **at = &s->at[(hash + k) & ((1u << SHAPES_LOG) - 1)];
        if (!*at || ((*at)->hash == hash && (*at)->n == n && memcmp((*at)->ids, s->ids, n * sizeof *s->ids) == 0))
            return at;
    }
    return NULL;
}

static struct shape *find_shape(struct detect_matcher *m, bool has_timestamp) {
    struct shape_memory *s = m->shapes;
    uint32_t n;
    uint64_t hash = read_ids(s, m->ev, has_timestamp, &n);
    struct shape **at = slot_of(s, hash, n);
    if (LIKELY(at && *at))
        return *at;
    if (!at || s->n == SHAPES_MAX) {
        forget_all(s);
        at = slot_of(s, hash, n);
    }
    struct shape *shape = make(s, m->plan->n_ids, n, hash);
    if (!shape) { /* once more with all the room there is */
        forget_all(s);
        at = slot_of(s, hash, n);
        shape = make(s, m->plan->n_ids, n, hash);
    }
    if (shape) {
        *at = shape;
        s->n++;
    }
    return shape;
}

static bool is_shape(const struct shape *shape, const struct event *ev, bool has_timestamp) {
    uint32_t differ = shape->ids[0] ^ (has_timestamp ? EVENT_F_TIMESTAMP : 0);
    if (shape->n != MIN(ev->n, (uint32_t) EVENT_FIELDS_MAX) + 1)
        return false;
    for (uint32_t i = 1; i < shape->n; i++)
        differ |= shape->ids[i] ^ ev->fields[i - 1].id;
    return !differ;
}

struct shape *shape_of(struct detect_matcher *m, bool has_timestamp) {
    struct shape_memory *s = m->shapes;
    if (UNLIKELY(s->full))
        forget_all(s);
    struct shape **hinted = &s->by_way[m->ev->way & ((1u << WAYS_LOG) - 1)];
    if (*hinted && is_shape(*hinted, m->ev, has_timestamp))
        return *hinted;
    return *hinted = find_shape(m, has_timestamp);
}

/* --- lanes --- */

static void assign(const struct shape *shape, const struct lane *l, struct lane_shape *to, uint8_t *ranks) {
    for (uint32_t i = 0; i < shape->n_present; i++) {
        uint16_t value = shape->present[i];
        uint32_t id = shape->ids[value - VALUE_TIMESTAMP];
        uint16_t at = id < l->n_ids ? l->use_of[id] : 0;
        if (!at)
            continue;
        for (const struct use *u = &l->uses[at - 1];; u++) {
            if (to->first[u->field] == VALUE_NONE || u->rank < ranks[u->field]) {
                to->first[u->field] = value;
                ranks[u->field] = u->rank;
            }
            if (u->last)
                break;
        }
    }
}

/* Fields that are looked up first, so that they are a list of their own. */
static void list_fields(const struct lane *l, struct lane_shape *to) {
    for (unsigned round = 0; round < 2; round++)
        for (uint32_t i = 0; i < l->n_fields; i++)
            if (to->first[i] != VALUE_NONE && l->fields[i].lookups == (round == 0)) {
                to->fields[to->n_fields++] = (uint16_t) i;
                to->n_lookups += round == 0;
            }
}

static struct lane_shape *make_lane(struct detect_matcher *m, struct shape *shape, const struct lane *l,
                                    struct arena *a) {
    struct lane_shape *to = arena_alloc(a, sizeof *to + l->n_fields * sizeof to->first[0]);
    uint16_t *fields = arena_alloc(a, l->n_fields * sizeof *fields);
    uint8_t *ranks = arena_alloc(&m->arena, l->n_fields * sizeof *ranks);
    if (!to || !fields || !ranks)
        return NULL;
    *to = (struct lane_shape){.lane = l, .fields = fields};
    memset(to->first, 0xff, l->n_fields * sizeof to->first[0]);
    if (l->uses_line)
        to->first[0] = VALUE_LINE;
    assign(shape, l, to, ranks);
    list_fields(l, to);
    return to;
}

const struct lane_shape *shape_lane(struct detect_matcher *m, struct shape *shape, const struct lane *l) {
    struct lane_shape **link = &shape->lanes;
    for (; *link; link = &(*link)->next)
        if ((*link)->lane == l)
            return *link;
    struct lane_shape *fresh = make_lane(m, shape, l, &m->shapes->arena);
    if (fresh)
        return *link = fresh;
    m->shapes->full = true; /* from the next event on there is room */
    return make_lane(m, shape, l, &m->arena);
}
