/* Names are interned while rules and decoders load, by our own hand or the operator's, and looked
 * up for every key of every log line. So the index hashes without a key: nobody outside can choose
 * what is stored, and a chosen look-up walks no further than the stored names make it. */
#include "event/names.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

struct slot {
    uint32_t id;  /* 0 = free */
    uint32_t tag; /* of the hash, so that most strangers are told by one comparison */
};

struct event_names {
    struct str *by_id;
    size_t n, cap;
    bool *asked; /* by id */
    size_t asked_cap;
    struct slot *slots; /* open addressing, at most half full */
    size_t n_slots;     /* power of two */
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

static struct slot *probe(const struct event_names *n, struct str name) {
    uint64_t hash = hash_fast(name, 0);
    uint32_t tag = (uint32_t) (hash >> 32);
    size_t i = (size_t) hash & (n->n_slots - 1);
    for (;; i = (i + 1) & (n->n_slots - 1)) {
        struct slot *s = &n->slots[i];
        if (!s->id || (s->tag == tag && str_eq(n->by_id[s->id], name)))
            return s;
    }
}

static void occupy(struct event_names *n, struct str name, uint32_t id) {
    struct slot *s = probe(n, name);
    ASSERT(!s->id);
    *s = (struct slot){.id = id, .tag = (uint32_t) (hash_fast(name, 0) >> 32)};
}

static int grow_index(struct event_names *n) {
    size_t want = MAX(n->n_slots * 2, (size_t) 512);
    if (n->n_slots && (n->n + 1) * 2 <= n->n_slots)
        return 0;
    struct slot *old = n->slots;
    struct slot *fresh = mem_zalloc_array(want, sizeof *fresh);
    if (!fresh)
        return -ENOMEM;
    n->slots = fresh;
    n->n_slots = want;
    for (uint32_t id = 1; id < n->n; id++)
        occupy(n, n->by_id[id], id);
    mem_free(old);
    return 0;
}

static int append(struct event_names *n, struct str name) {
    int r = mem_grow((void **) &n->by_id, &n->cap, n->n + 1, EVENT_NAMES_MAX, sizeof *n->by_id);
    if (r == 0)
        r = mem_grow((void **) &n->asked, &n->asked_cap, n->n + 1, EVENT_NAMES_MAX, sizeof *n->asked);
    if (r == 0)
        r = grow_index(n);
    if (r < 0)
        return r;
    char *copy = str_dup(name);
    if (!copy)
        return -ENOMEM;
    n->by_id[n->n] = str_n(copy, name.n);
    n->asked[n->n] = false;
    if (n->n) /* id 0 is "no name" and not to be found */
        occupy(n, n->by_id[n->n], (uint32_t) n->n);
    return (int) n->n++;
}

struct event_names *event_names_new(void) {
    struct event_names *n = mem_zalloc(sizeof *n);
    if (!n)
        return NULL;
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
    mem_free(n->asked);
    mem_free(n->slots);
    mem_free(n);
}

/* Into dst of EVENT_FIELD_NAME_BYTES_MAX; the name itself where it has no space. */
static struct str without_spaces(struct str name, char *dst) {
    size_t n = 0;
    if (!memchr(name.p, ' ', name.n))
        return name;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] != ' ')
            dst[n++] = name.p[i];
    return str_n(dst, n);
}

int event_names_intern(struct event_names *n, struct str name) {
    char plain[EVENT_FIELD_NAME_BYTES_MAX];
    if (name.n == 0 || name.n > EVENT_FIELD_NAME_BYTES_MAX)
        return -ERR_LIMIT;
    name = without_spaces(name, plain);
    if (!name.n)
        return -ERR_LIMIT;
    int id = (int) probe(n, name)->id;
    if (n->frozen)
        return id ? id : -ERR_REFUSED;
    if (!id)
        id = append(n, name);
    if (id > 0)
        n->asked[id] = true;
    return id;
}

bool event_names_asked(const struct event_names *n, uint32_t id) {
    return id < n->n && n->asked[id];
}

static uint32_t find_with_spaces(const struct event_names *n, struct str name) {
    char plain[EVENT_FIELD_NAME_BYTES_MAX];
    uint32_t id = probe(n, without_spaces(name, plain))->id;
    bool ours = id < EVENT_F_WELL_KNOWN_MAX_ || str_starts(n->by_id[id], STR("kizuki."));
    return ours ? 0 : id;
}

uint32_t event_names_find(const struct event_names *n, struct str name) {
    if (!name.n)
        return 0;
    if (UNLIKELY(memchr(name.p, ' ', name.n) != NULL))
        return name.n <= EVENT_FIELD_NAME_BYTES_MAX ? find_with_spaces(n, name) : 0;
    return probe(n, name)->id;
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
