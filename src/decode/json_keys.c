#include "decode/json_keys.h"

#include "decode/recipe_priv.h"

enum { SIBLINGS_LOOKED_AT = 64 };

const struct json_key json_keys_root = {.n = UINT32_MAX, .path = {"", 0}};

static bool is_journal_key(struct str path) {
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] != '_' && !(path.p[i] >= 'A' && path.p[i] <= 'Z') && !ascii_digit(path.p[i]))
            return false;
    return path.n > 0;
}

/* Where logs have their time, the best first: common names, then those of CloudTrail, Entra,
 * Microsoft 365, Okta, and of Windows event logs as their converters write them. */
static const char *const time_names[] = {
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "eventTime",
    "createdDateTime",
    "activityDateTime",
    "CreationTime",
    "published",
    "Event.System.TimeCreated.#attributes.SystemTime",
    "Event.System.TimeCreated.@SystemTime",
    "System.TimeCreated.SystemTime",
    "TimeCreated",
    "EventTime",
};
_Static_assert(ARRAY_SIZE(time_names) <= KEY_TIMES_MAX, "a bit each");

/* What our programs say, each below a name of its own (app/common/note.h). */
static bool is_program_key(struct str path) {
    static const char *const programs[] = {"ledger.", "vault.", "keep.", "mail.", "report.", "indicator.", "firewall."};
    struct str name = str_from(path, 7);
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
        if (str_starts(name, str_of(programs[i])))
            return true;
    return false;
}

/* What one key means for an event, by its dotted name. */
static void classify(struct json_key *k, const struct decode *d) {
    const struct event_names *names = d->names;
    const union map_value *slot = d->set ? map_find(&d->set->json_slots, k->path) : NULL;
    if (!slot && d->set)
        slot = map_find(&d->set->json_aliases, k->path);
    k->ours = k->path.n > 7 && memcmp(k->path.p, "kizuki.", 7) == 0;
    k->id = event_names_find(names, k->path);
    for (size_t i = 0; i < ARRAY_SIZE(time_names); i++)
        if (str_eq_z(k->path, time_names[i])) {
            k->use |= KEY_TIME;
            k->time_rank = (uint8_t) i;
        }
    if (slot && (d->set->json_asked[slot->num / 64] >> slot->num % 64 & 1)) {
        k->use |= KEY_RECIPE;
        k->slot = (uint16_t) slot->num;
    } else if (slot) {
        k->late = (uint16_t) (slot->num + 1);
    }
    if (is_journal_key(k->path))
        k->use |= KEY_JOURNAL;
    if (k->ours && is_program_key(k->path))
        k->use |= KEY_LEDGER;
    switch (k->id) {
    case EVENT_F_NONE:
    case EVENT_F_TIMESTAMP: /* these no line may set */
    case EVENT_F_EVENT_ORIGINAL:
    case EVENT_F_EVENT_CREATED:
        break;
    case EVENT_F_SESSION_ID:
    case EVENT_F_LOGIN_FACTOR:
    case EVENT_F_LOGIN_USER_KNOWN:
        k->use |= KEY_KNOWN;
        break;
    default:
        if (!k->ours)
            k->use |= k->id < EVENT_F_WELL_KNOWN_MAX_ ? KEY_KNOWN : KEY_FIELD;
        break;
    }
}

void json_keys_reset(struct json_keys *k, const struct decode *d) {
    memset(k->slots, 0, sizeof k->slots);
    k->n = k->n_paths = 0;
    k->full = false;
    k->d = d;
    k->n_names = event_names_count(d->names);
    k->root = json_keys_root;
    k->steps[0] = (struct json_step_key){.key = &k->root};
    k->n_steps = 1;
}

static uint64_t load(const char *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

/* Nobody outside gains by chosen keys: the table is small, and is emptied when it is full. */
static size_t slot_of(const struct json_key *parent, struct str key) {
    uint64_t h = (uint64_t) (uintptr_t) parent >> 4 ^ key.n << 20, tail = 0;
    if (key.n >= 8) {
        h ^= load(key.p);
        tail = load(key.p + key.n - 8);
    } else {
        memcpy(&tail, key.p, key.n);
    }
    h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ull ^ tail;
    h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9ull;
    return (size_t) (h >> 40) & (KEY_SLOTS - 1);
}

/* The dotted name: the key itself at the top, else made at `to` or in the line's arena. */
static bool make_path(struct json_key *k, struct str key, struct json_keys *keys,
                      struct arena *arena) {
    struct str outer = k->parent->path;
    if (!outer.n && k->n == key.n) {
        k->path = str_n(k->text, key.n);
        return true;
    }
    size_t n = outer.n ? outer.n + 1 + key.n : key.n;
    char *to;
    if (keys) {
        to = keys->paths + keys->n_paths;
        keys->n_paths += (uint32_t) n;
    } else {
        to = arena_alloc(arena, n);
    }
    if (!to)
        return false;
    k->path = str_n(to, n);
    if (outer.n) {
        memcpy(to, outer.p, outer.n);
        to[outer.n] = '.';
        to += outer.n + 1;
    }
    memcpy(to, key.p, key.n);
    return true;
}

static struct json_key *make(struct json_key *k, const struct json_key *parent, struct str key,
                             struct json_keys *keys, struct decode_job *j) {
    bool fits = key.n <= KEY_TEXT_MAX && !memchr(key.p, '\\', key.n);
    *k = (struct json_key){.n = fits ? (uint32_t) key.n : UINT32_MAX, .parent = parent};
    if (fits)
        memcpy(k->text, key.p, key.n);
    if (!make_path(k, key, keys, j->ev->arena))
        return NULL;
    classify(k, j->d);
    return k;
}

static const struct json_key *make_for_this_line(struct decode_job *j,
                                                 const struct json_key *parent, struct str key) {
    struct json_key *k = arena_alloc(j->ev->arena, sizeof *k);
    return k ? make(k, parent, key, NULL, j) : NULL;
}

/* One of the step's other children, which then becomes the first; NULL. */
static const struct json_key *among_siblings(struct json_keys *keys, uint32_t *step,
                                             const struct json_key *parent, struct str key) {
    struct json_step_key *s = &keys->steps[*step];
    uint32_t *link = s->child ? &keys->steps[s->child].sibling : &s->child;
    for (unsigned n = 0; *link && n < SIBLINGS_LOOKED_AT; n++) {
        uint32_t at = *link;
        struct json_step_key *c = &keys->steps[at];
        if (json_key_is(c->key, parent, key, key.p + key.n)) {
            *link = c->sibling;
            c->sibling = s->child;
            s->child = *step = at;
            return c->key;
        }
        link = &c->sibling;
    }
    return NULL;
}

/* A new first child of the step. */
static void remember_step(struct json_keys *keys, uint32_t *step, struct json_key *k) {
    if (keys->n_steps == KEY_STEPS_MAX) {
        keys->full = true;
        return;
    }
    uint32_t at = keys->n_steps++;
    keys->steps[at] = (struct json_step_key){.key = k, .sibling = keys->steps[*step].child};
    keys->steps[*step].child = at;
    *step = at;
}

/* The key wherever it stood, made if new; NULL when the memory is full. */
static struct json_key *remembered(struct json_keys *keys, struct decode_job *j,
                                   const struct json_key *parent, struct str key) {
    size_t i = slot_of(parent, key);
    for (; keys->slots[i]; i = (i + 1) & (KEY_SLOTS - 1)) {
        struct json_key *k = &keys->at[keys->slots[i] - 1];
        if (k->n == key.n && k->parent == parent && memcmp(k->text, key.p, key.n) == 0)
            return k;
    }
    if (keys->n == KEYS_MAX || keys->n_paths + parent->path.n + 1 + key.n > KEY_PATHS_BYTES) {
        keys->full = true;
        return NULL;
    }
    struct json_key *k = make(&keys->at[keys->n++], parent, key, keys, j);
    keys->slots[i] = (uint16_t) keys->n;
    return k;
}

__attribute__((noinline)) const struct json_key *
json_keys_find(struct json_keys *keys, struct decode_job *j, uint32_t *step,
               const struct json_key *parent, struct str key, bool escaped) {
    if (escaped)
        key = json_unescape(j->ev->arena, key);
    if (!key.p)
        return NULL;
    /* A key of this line alone ends with it, and so must what hangs on it. */
    bool lasting = keys && !keys->full && key.n <= KEY_TEXT_MAX && !memchr(key.p, '\\', key.n) &&
                   (parent == &keys->root || (parent >= keys->at && parent < keys->at + KEYS_MAX));
    if (!lasting)
        return make_for_this_line(j, parent, key);
    const struct json_key *known = among_siblings(keys, step, parent, key);
    if (known)
        return known;
    struct json_key *k = remembered(keys, j, parent, key);
    if (!k)
        return make_for_this_line(j, parent, key);
    remember_step(keys, step, k);
    return k;
}
