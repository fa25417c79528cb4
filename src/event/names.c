#include "event/names.h"

#include "base/limits.h"
#include "base/mem.h"

struct event_names {
    struct map by_name; /* value.num = id */
    struct str *by_id;
    size_t n, cap;
    bool frozen;
};

static const char *const well_known[] = {
    "",
#define FIELD(id, name) name,
#include "event/fields.def"
#undef FIELD
};

const char *event_field_name(enum event_field_id id) {
    return id > 0 && id < EVENT_F_WELL_KNOWN_MAX_ ? well_known[id] : "";
}

static int append(struct event_names *n, struct str name) {
    union map_value *v;
    bool fresh;
    int r = mem_grow((void **) &n->by_id, &n->cap, n->n + 1, EVENT_NAMES_MAX, sizeof *n->by_id);
    if (r < 0)
        return r;
    r = map_add(&n->by_name, name, &v, &fresh);
    if (r < 0)
        return r;
    ASSERT(fresh);
    char *copy = str_dup(name);
    if (!copy) {
        map_remove(&n->by_name, name);
        return -ENOMEM;
    }
    v->num = n->n;
    n->by_id[n->n] = str_n(copy, name.n);
    return (int) n->n++;
}

struct event_names *event_names_new(void) {
    struct event_names *n = mem_zalloc(sizeof *n);
    if (!n)
        return NULL;
    map_init(&n->by_name, EVENT_NAMES_MAX, 0);
    for (size_t i = 0; i < ARRAY_SIZE(well_known); i++) {
        if (append(n, str_of(well_known[i])) < 0) {
            event_names_free(n);
            return NULL;
        }
    }
    return n;
}

void event_names_free(struct event_names *n) {
    if (!n)
        return;
    for (size_t i = 0; i < n->n; i++)
        mem_free((void *) (uintptr_t) n->by_id[i].p);
    mem_free(n->by_id);
    map_done(&n->by_name);
    mem_free(n);
}

int event_names_intern(struct event_names *n, struct str name) {
    if (name.n == 0 || name.n > EVENT_FIELD_NAME_BYTES_MAX)
        return -ERR_LIMIT;
    union map_value *v = map_find(&n->by_name, name);
    if (v)
        return (int) v->num;
    return n->frozen ? -ERR_REFUSED : append(n, name);
}

uint32_t event_names_find(const struct event_names *n, struct str name) {
    union map_value *v = name.n ? map_find(&n->by_name, name) : NULL;
    return v ? (uint32_t) v->num : 0;
}

struct str event_names_get(const struct event_names *n, uint32_t id) {
    ASSERT(id < n->n);
    return n->by_id[id];
}

uint32_t event_names_count(const struct event_names *n) {
    return (uint32_t) n->n;
}

void event_names_freeze(struct event_names *n) {
    n->frozen = true;
}
