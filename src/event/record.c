#include "event/record.h"

#include "base/json.h"

void event_begin(struct event *ev, struct arena *arena, const struct event_names *names,
                 const struct raw_record *raw) {
    *ev = (struct event){
        .arena = arena,
        .names = names,
        .raw = raw,
        .timestamp_ns = TIME_NONE,
        .time_ns = TIME_NONE,
    };
}

int event_reserve(struct event *ev, uint32_t n) {
    size_t cap = ev->cap;
    if (n > EVENT_FIELDS_MAX)
        return -ERR_LIMIT;
    if (!ev->fields) { /* every line comes here */
        ev->fields = arena_alloc(ev->arena, n * sizeof *ev->fields);
        ev->cap = ev->fields ? n : 0;
        return ev->fields ? 0 : -ENOMEM;
    }
    int r = arena_grow(ev->arena, (void **) &ev->fields, &cap, n, sizeof *ev->fields);
    if (r >= 0)
        ev->cap = (uint32_t) MIN(cap, EVENT_FIELDS_MAX);
    return r;
}

static struct event_field *append(struct event *ev) {
    size_t cap = ev->cap;
    if (ev->n >= EVENT_FIELDS_MAX) {
        ev->dropped_fields = true;
        return NULL;
    }
    if (ev->n == cap) {
        /* 24 fields hold every text format; arena_grow doubles from there, beyond the maximum at the end:
         * it is the number of fields that is bounded. */
        if (arena_grow(ev->arena, (void **) &ev->fields, &cap, cap ? cap * 2 : 24,
                       sizeof *ev->fields) < 0)
            return NULL;
        ev->cap = (uint32_t) MIN(cap, EVENT_FIELDS_MAX);
    }
    return &ev->fields[ev->n++];
}

int event_add_typed(struct event *ev, uint32_t id, uint8_t type, struct str value) {
    struct event_field *f = append(ev);
    if (!f)
        return ev->dropped_fields ? 0 : -ENOMEM;
    *f = (struct event_field){.id = id, .type = type, .value = value};
    if (!value.p)
        f->value.p = "";
    if (id < EVENT_F_WELL_KNOWN_MAX_ && !ev->first[id])
        ev->first[id] = (uint16_t) ev->n;
    return 0;
}

int event_add(struct event *ev, uint32_t id, struct str value) {
    return event_add_typed(ev, id, JSON_STRING, value);
}

int event_add_named(struct event *ev, struct str name, uint8_t type, struct str value) {
    uint32_t id = event_names_find(ev->names, name);
    if (id || !ev->keep_all)
        return id ? event_add_typed(ev, id, type, value) : 0;
    struct str copy = arena_dup(ev->arena, name);
    if (!copy.p)
        return -ENOMEM;
    int r = event_add_typed(ev, 0, type, value);
    if (r == 0 && !ev->dropped_fields)
        ev->fields[ev->n - 1].name = copy;
    return r;
}

int event_unescape(struct event *ev) {
    for (uint32_t i = 0; i < ev->n; i++) {
        struct event_field *f = &ev->fields[i];
        if (!f->escaped)
            continue;
        struct str text = json_unescape(ev->arena, f->value);
        if (!text.p)
            return -ENOMEM;
        f->value = text;
        f->escaped = false;
    }
    return 0;
}

const struct event_field *event_find(const struct event *ev, uint32_t id,
                                     const struct event_field *after) {
    uint32_t i = 0;
    if (after)
        i = (uint32_t) (after - ev->fields) + 1;
    else if (id < EVENT_F_WELL_KNOWN_MAX_)
        return ev->first[id] ? &ev->fields[ev->first[id] - 1] : NULL;
    for (; i < ev->n; i++)
        if (ev->fields[i].id == id)
            return &ev->fields[i];
    return NULL;
}

struct str event_get(const struct event *ev, uint32_t id) {
    const struct event_field *f = event_find(ev, id, NULL);
    return f ? f->value : STR_NULL;
}

bool event_next_named(const struct event *ev, struct str name, uint32_t *at, struct str *ret) {
    uint32_t id = event_names_find(ev->names, name);
    for (; *at < ev->n; (*at)++) {
        const struct event_field *f = &ev->fields[*at];
        if (f->id ? f->id != id : !str_eq(f->name, name))
            continue;
        *ret = f->value;
        (*at)++;
        return true;
    }
    return false;
}

void event_forget(struct event *ev, uint32_t id) {
    uint32_t n = 0;
    if (!id || id >= EVENT_F_WELL_KNOWN_MAX_ || !ev->first[id])
        return;
    memset(ev->first, 0, sizeof ev->first);
    for (uint32_t i = 0; i < ev->n; i++) {
        if (ev->fields[i].id == id)
            continue;
        ev->fields[n] = ev->fields[i];
        n++;
        uint32_t k = ev->fields[n - 1].id;
        if (k && k < EVENT_F_WELL_KNOWN_MAX_ && !ev->first[k])
            ev->first[k] = (uint16_t) n;
    }
    ev->n = n;
}

void event_settle_time(struct event_time_state *s, struct event *ev) {
    if ((ev->flags & EVENT_TIME_OPEN) && s->known)
        ev->time_ns = s->last_ns;
    ev->flags &= (uint8_t) ~EVENT_TIME_OPEN;
    s->last_ns = ev->time_ns;
    s->known = true;
}
