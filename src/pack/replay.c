/* Reading replay.yml and merging its actors. See replay.h for the form.
 *
 * Each actor has a random generator of its own, seeded by the file's seed and the actor's id, so that adding
 * an actor does not change what the others do. The next line is that of the actor with the earliest act;
 * equal times go by the actors' order. Actors are few, so the earliest is found by looking at all. */
#include "pack/replay_priv.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"

#include <string.h>

enum { REPLAY_ARENA_MAX = 512 * 1024 * 1024 };

/* No text of a story has control characters, wherever it stands: a line break in a name would be a line no product wrote. */
static int only_printable(struct pack_replay *r, const struct yaml_node *v, struct diag *err) {
    int e = 0;
    for (size_t i = 0; v->kind == YAML_SCALAR && i < v->text.n; i++)
        if ((unsigned char) v->text.p[i] < 0x20 || v->text.p[i] == 0x7f)
            return yaml_error(err, -ERR_PARSE, r->file, v, "a control character stands in this text; a log has none");
    for (const struct yaml_node *c = v->first; c && e == 0; c = c->next)
        e = only_printable(r, c, err);
    return e;
}

static int wrong(struct pack_replay *r, const struct yaml_node *at, struct diag *err, const char *what) {
    return yaml_error(err, -ERR_PARSE, r->file, at, "%s", what);
}

int replay_read_time(struct pack_replay *r, const struct yaml_node *v, const char *key, int64_t *ret,
                     struct diag *err) {
    struct str s;
    int offset;
    if (!yaml_get_str(v, key, &s))
        return yaml_error(err, -ERR_PARSE, r->file, v, "'%s' is missing: a time like 2026-11-23T02:03:08+09:00", key);
    int n = time_parse_iso(s, ret, &offset);
    if (n < 0 || (size_t) n != s.n || offset == TIME_NO_OFFSET)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, key),
                          "'%s' wants a time with its zone, like 2026-11-23T02:03:08+09:00", key);
    if (*ret < 0 || *ret > REPLAY_TIME_MAX_NS) /* so that what lies between two of them is a number */
        return yaml_error(err, -ERR_LIMIT, r->file, yaml_get(v, key), "'%s' lies outside the story: times are from 1970 to 2249", key);
    return 0;
}

int replay_read_number(struct pack_replay *r, const struct yaml_node *v, const char *key, double least,
                       double most, double otherwise, double *ret, struct diag *err) {
    struct str s;
    *ret = otherwise;
    if (!yaml_get(v, key))
        return 0;
    if (!yaml_get_str(v, key, &s) || str_to_double(s, ret) < 0 || *ret < least || *ret > most)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, key),
                          "'%s' wants a number from %g to %g", key, least, most);
    return 0;
}

int replay_read_pool(struct pack_replay *r, const struct pools *pools, const struct yaml_node *v,
                     const char *key, const struct pool **ret, struct diag *err) {
    struct str s;
    if (!yaml_get_str(v, key, &s))
        return yaml_error(err, -ERR_PARSE, r->file, v, "'%s' is missing: the name of a pool", key);
    for (size_t i = 0; i < pools->n; i++) {
        if (str_eq(pools->p[i].name, s)) {
            *ret = &pools->p[i];
            return 0;
        }
    }
    return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, key), "there is no pool '%.*s'", STR_ARG(s));
}

int replay_read_words(struct pack_replay *r, const struct yaml_node *v, const char *key,
                      struct pool *ret, struct diag *err) {
    const struct yaml_node *list = yaml_get(v, key);
    *ret = (struct pool){.name = ret->name};
    if (!list)
        return 0;
    if (list->kind != YAML_SEQUENCE || !list->n)
        return yaml_error(err, -ERR_PARSE, r->file, list, "'%s' wants a list of words", key);
    struct str *items = arena_alloc(&r->arena, list->n * sizeof *items);
    if (!items)
        return -ENOMEM;
    for (const struct yaml_node *e = list->first; e; e = e->next) {
        if (e->kind != YAML_SCALAR || !e->text.n || e->text.n > REPLAY_WORD_MAX)
            return yaml_error(err, -ERR_PARSE, r->file, e, "'%s' wants a list of words of at most %d bytes", key, REPLAY_WORD_MAX);
        items[ret->n++] = e->text;
    }
    ret->items = items;
    return 0;
}

int replay_take_items(struct pack_replay *r, const struct yaml_node *v, double n, struct diag *err) {
    r->items += (size_t) n;
    return r->items <= REPLAY_POOL_MAX ? 0
                                       : yaml_error(err, -ERR_LIMIT, r->file, v, "pools and lists hold more than %d items together; take fewer",
                                                    REPLAY_POOL_MAX);
}

void replay_new_session(struct act *a, struct rng *g) {
    snprintf(a->session, sizeof a->session, "%016llx", (unsigned long long) rng_next(g));
}

/* ---- pools ---- */

static int fill_addresses(struct pack_replay *r, const struct yaml_node *v, struct pool *pool,
                          struct rng *g, struct diag *err) {
    const struct yaml_node *from = yaml_get(v, "from");
    struct ip_prefix prefixes[64];
    uint32_t n_prefixes = 0;
    double n;
    int e = replay_read_number(r, v, "n", 1, REPLAY_POOL_MAX, 1, &n, err);
    if (e < 0 || (e = replay_take_items(r, v, n, err)) < 0)
        return e;
    if (!from || from->kind != YAML_SEQUENCE || !from->n || from->n > ARRAY_SIZE(prefixes))
        return wrong(r, v, err, "a pool of addresses wants from: [PREFIX…], at most 64 of them");
    for (const struct yaml_node *p = from->first; p; p = p->next)
        if (ip_prefix_parse(p->text, &prefixes[n_prefixes++]) < 0)
            return wrong(r, p, err, "a prefix is wanted, like 198.51.100.0/24 or 2001:db8::/32");
    struct str *items = arena_alloc(&r->arena, (size_t) n * sizeof *items);
    struct map seen;
    if (!items)
        return -ENOMEM;
    map_init(&seen, REPLAY_POOL_MAX, MAP_BORROW);
    e = 0;
    for (uint64_t tries = 0; pool->n < (uint32_t) n && e == 0; tries++) {
        struct ip ip;
        char text[IP_CAP];
        union map_value *value;
        bool fresh;
        /* Nearly all of a small prefix is asked of small pools only. */
        if (tries > MIN((uint64_t) n * 50, (uint64_t) n * 4 + 500000) + 1000) {
            e = wrong(r, v, err, "the prefixes hold fewer addresses than n");
            break;
        }
        const struct ip_prefix *p = &prefixes[rng_below(g, n_prefixes)];
        ip = p->ip;
        for (unsigned bit = p->bits; bit < ip_bits(&ip); bit++)
            if (rng_next(g) & 1)
                ip.bytes[bit / 8] |= (uint8_t) (0x80 >> (bit % 8));
        if (ip.version == 4 && (ip.bytes[3] == 0 || ip.bytes[3] == 255))
            continue;
        ip_format(&ip, text);
        struct str s = arena_dup(&r->arena, str_of(text));
        if (!s.p) {
            e = -ENOMEM;
            break;
        }
        e = map_add(&seen, s, &value, &fresh);
        if (e == 0 && fresh)
            items[pool->n++] = s;
    }
    map_done(&seen);
    pool->items = items;
    return e;
}

/* Names of accounts: a syllable or two and a number, as people choose them. */
static int fill_accounts(struct pack_replay *r, const struct yaml_node *v, struct pool *pool,
                         struct rng *g, struct diag *err) {
    static const char *const parts[] = {"a", "ka", "sa", "ta", "na", "ha", "ma", "ya", "ra", "ki", "shi",
                                        "chi", "ni", "hi", "mi", "ri", "ku", "su", "tsu", "nu", "fu",
                                        "mu", "yu", "ru", "ke", "se", "te", "ne", "he", "me", "re", "ko",
                                        "so", "to", "no", "ho", "mo", "yo", "ro"};
    double n;
    if (yaml_get(v, "list"))
        return replay_read_words(r, v, "list", pool, err);
    int e = replay_read_number(r, v, "n", 1, REPLAY_POOL_MAX, 1, &n, err);
    if (e < 0 || (e = replay_take_items(r, v, n, err)) < 0)
        return e;
    struct str *items = arena_alloc(&r->arena, (size_t) n * sizeof *items);
    if (!items)
        return -ENOMEM;
    for (uint32_t i = 0; i < (uint32_t) n; i++) {
        char name[64];
        int at = 0;
        for (uint32_t k = 2 + rng_below(g, 3); k; k--)
            at += snprintf(name + at, sizeof name - (size_t) at, "%s",
                           parts[rng_below(g, ARRAY_SIZE(parts))]);
        /* The number makes it unique: its last digits are the place in the pool. */
        items[i] = arena_printf(&r->arena, "%s%u%04u", name, rng_below(g, 90) + 10, i);
        if (!items[i].p)
            return -ENOMEM;
    }
    pool->items = items;
    pool->n = (uint32_t) n;
    return 0;
}

static int fill_agents(struct pack_replay *r, const struct yaml_node *v, struct pool *pool,
                       struct rng *g UNUSED, struct diag *err) {
    return replay_read_words(r, v, "list", pool, err);
}

static int read_pools(struct pack_replay *r, const struct yaml_node *root, const char *key,
                      struct pools *into,
                      int (*fill)(struct pack_replay *, const struct yaml_node *, struct pool *,
                                  struct rng *, struct diag *),
                      struct diag *err) {
    static const char *const keys[] = {"from", "n", "list", NULL};
    const struct yaml_node *v = yaml_get(root, key);
    if (!v)
        return 0;
    if (v->kind != YAML_MAPPING)
        return yaml_error(err, -ERR_PARSE, r->file, v, "'%s' is no mapping: pools by name", key);
    into->p = arena_zalloc(&r->arena, (v->n + 1) * sizeof *into->p);
    if (!into->p)
        return -ENOMEM;
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        struct pool *p = &into->p[into->n++];
        struct rng g;
        p->name = e->key->text;
        rng_seed(&g, hash_fast(p->name, r->seed));
        int x = yaml_only_keys(e, keys, r->file, err);
        if (x == 0)
            x = fill(r, e, p, &g, err);
        if (x < 0)
            return x;
        if (!p->n)
            return wrong(r, e, err, "this pool is empty");
    }
    return 0;
}

/* ---- sources and actors ---- */

static int read_sources(struct pack_replay *r, const struct yaml_node *root, struct diag *err) {
    static const char *const keys[] = {"name", "product", "service", "host", NULL};
    const struct yaml_node *v = yaml_get(root, "sources");
    int e0;
    if (!v || v->kind != YAML_SEQUENCE || !v->n || v->n > REPLAY_SOURCES_MAX)
        return wrong(r, v ? v : root, err, "'sources' is missing: the logs the lines stand in, at most 64");
    r->sources = arena_zalloc(&r->arena, v->n * sizeof *r->sources);
    if (!r->sources)
        return -ENOMEM;
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        struct replay_source *s = &r->sources[r->n_sources];
        if ((e0 = yaml_only_keys(e, keys, r->file, err)) < 0)
            return e0;
        if (!yaml_get_str(e, "name", &s->shown.name) || !yaml_get_str(e, "product", &s->shown.product) ||
            !yaml_get_str(e, "service", &s->shown.service) || !yaml_get_str(e, "host", &s->shown.host))
            return wrong(r, e, err, "a source wants name, product, service and host");
        s->product = product_find(s->shown.product);
        if (!s->product) {
            struct buf names;
            buf_init(&names, 1024);
            product_names(&names);
            e0 = yaml_error(err, -ERR_PARSE, r->file, yaml_get(e, "product"), "products are %s", buf_z(&names));
            buf_done(&names);
            return e0;
        }
        r->n_sources++;
    }
    return 0;
}

const struct actor_kind *const REPLAY_KINDS[] = {&REPLAY_VISITORS, &REPLAY_CAMPAIGN, &REPLAY_MAILS,   &REPLAY_FILES, &REPLAY_METRIC,
                                                 &REPLAY_CALLS,    &REPLAY_NOISE,    &REPLAY_SILENCE, &REPLAY_CLOCK,
                                                 &REPLAY_OUTBOUND, &REPLAY_PROBES,   &REPLAY_NETWORK,  &REPLAY_BEACON, &REPLAY_BULK, &REPLAY_REPORTS,
                                                 &REPLAY_INSIDE,   &REPLAY_ALARMS,   &REPLAY_TERMINALS, NULL};

static int unknown_kind(struct pack_replay *r, const struct yaml_node *v, struct diag *err) {
    struct buf names;
    buf_init(&names, 1024);
    for (size_t i = 0; REPLAY_KINDS[i]; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", REPLAY_KINDS[i]->name);
    int e = yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, "kind"), "kinds of actors are %s", buf_z(&names));
    buf_done(&names);
    return e;
}

static int read_actor(struct pack_replay *r, const struct yaml_node *v, struct actor *a,
                      struct diag *err) {
    struct str kind;
    int e;
    if (!yaml_get_str(v, "id", &a->id) || !yaml_get_str(v, "kind", &kind))
        return wrong(r, v, err, "an actor wants id, kind and service");
    for (const struct actor *other = r->actors; other < a; other++)
        if (str_eq(other->id, a->id))
            return wrong(r, yaml_get(v, "id"), err, "another actor has this id; what each does hangs on it");
    for (size_t i = 0; REPLAY_KINDS[i]; i++)
        if (str_eq_z(kind, REPLAY_KINDS[i]->name))
            a->kind = REPLAY_KINDS[i];
    if (!a->kind)
        return unknown_kind(r, v, err);
    if (!a->kind->no_service && !yaml_get_str(v, "service", &a->service))
        return wrong(r, v, err, "an actor wants id, kind and service");
    a->state = arena_zalloc(&r->arena, a->kind->size);
    if (!a->state)
        return -ENOMEM;
    rng_seed(&a->rng, hash_fast(a->id, r->seed ^ 0x6b697a756b69ull));
    e = replay_read_keys(r, a, v, err);
    return e < 0 || !a->kind->settle ? e : a->kind->settle(r, a, v, err);
}

static void advance(struct pack_replay *r, struct actor *a) {
    a->next_source = a->next_line = 0;
    a->pending = (struct act){0};
    if (!a->kind->next || !a->kind->next(r, a, &a->pending))
        a->done = true;
    else
        a->pending.service = a->service;
}

static int read_actors(struct pack_replay *r, const struct yaml_node *root, struct diag *err) {
    const struct yaml_node *v = yaml_get(root, "actors");
    if (!v || v->kind != YAML_SEQUENCE || !v->n || v->n > REPLAY_ACTORS_MAX)
        return wrong(r, v ? v : root, err, "'actors' is missing: who does something, at most 256");
    double acts = 0;
    r->actors = arena_zalloc(&r->arena, v->n * sizeof *r->actors);
    if (!r->actors)
        return -ENOMEM;
    for (const struct yaml_node *e = v->first; e; e = e->next) {
        int x = read_actor(r, e, &r->actors[r->n_actors], err);
        if (x < 0)
            return x;
        acts += r->actors[r->n_actors].acts;
        if (acts > REPLAY_ACTS_MAX)
            return yaml_error(err, -ERR_LIMIT, r->file, e, "the story has about %.0f acts, at most %d are played; shorten it or take smaller numbers",
                              acts, REPLAY_ACTS_MAX);
        advance(r, &r->actors[r->n_actors++]);
    }
    return 0;
}

static int read_all(struct pack_replay *r, const struct yaml_node *root, uint64_t seed,
                    struct diag *err) {
    static const char *const keys[] = {"seed",    "start",    "end",    "sources", "addresses",
                                       "accounts", "agents", "actors", "services", NULL};
    double own_seed;
    int e;
    if (!root || root->kind != YAML_MAPPING)
        return diag_set_at(err, -ERR_PARSE, r->file, 1, 1, "a replay is a mapping: seed, start, end, sources, …");
    if ((e = yaml_only_keys(root, keys, r->file, err)) < 0 || (e = only_printable(r, root, err)) < 0 ||
        (e = replay_read_number(r, root, "seed", 0, 1e15, 1, &own_seed, err)) < 0 ||
        (e = replay_read_time(r, root, "start", &r->start_ns, err)) < 0 ||
        (e = replay_read_time(r, root, "end", &r->end_ns, err)) < 0)
        return e;
    if (r->end_ns <= r->start_ns)
        return wrong(r, yaml_get(root, "end"), err, "'end' lies before 'start'");
    if (r->end_ns - r->start_ns > REPLAY_DAYS_MAX * NS_PER_DAY)
        return yaml_error(err, -ERR_LIMIT, r->file, yaml_get(root, "end"), "a story lasts at most %d days", REPLAY_DAYS_MAX);
    r->seed = seed ? seed : (uint64_t) own_seed;
    if ((e = read_sources(r, root, err)) < 0 ||
        (e = read_pools(r, root, "addresses", &r->addresses, fill_addresses, err)) < 0 ||
        (e = read_pools(r, root, "accounts", &r->accounts, fill_accounts, err)) < 0 ||
        (e = read_pools(r, root, "agents", &r->agents, fill_agents, err)) < 0)
        return e;
    return read_actors(r, root, err);
}

/* text.p NULL: what stands in the file. */
static int open_story(struct str text, const char *path, uint64_t seed, struct pack_replay **ret, struct diag *reterr) {
    CLEANUP(pack_replay_freep) struct pack_replay *r = mem_zalloc(sizeof *r);
    struct yaml_doc *docs;
    if (!r)
        return diag_set(reterr, -ENOMEM, "out of memory");
    arena_init(&r->arena, REPLAY_ARENA_MAX);
    buf_init(&r->line, REPLAY_LINE_MAX);
    r->file = arena_dup_z(&r->arena, str_of(path));
    if (text.p)
        text = arena_dup(&r->arena, text);
    int e = !r->file     ? -ENOMEM
            : text.p ? yaml_parse(&r->arena, text, r->file, &docs, reterr)
                         : yaml_parse_file(&r->arena, path, &docs, reterr);
    if (e < 0)
        return e;
    e = read_all(r, docs ? docs->root : NULL, seed, reterr);
    if (e < 0)
        return e == -ENOMEM ? diag_set(reterr, e, "the story in '%s' takes too much memory", path) : e;
    *ret = TAKE_PTR(r);
    return 0;
}

int pack_replay_open(const char *path, uint64_t seed, struct pack_replay **ret, struct diag *reterr) {
    return open_story(STR_NULL, path, seed, ret, reterr);
}

int pack_replay_read(struct str text, const char *shown, uint64_t seed, struct pack_replay **ret, struct diag *reterr) {
    return text.p ? open_story(text, shown, seed, ret, reterr) : diag_set_at(reterr, -ERR_PARSE, shown, 1, 1, "the story is empty");
}

struct pack_replay *pack_replay_free(struct pack_replay *r) {
    if (!r)
        return NULL;
    buf_done(&r->line);
    arena_done(&r->arena);
    mem_free(r);
    return NULL;
}

static bool source_writes(const struct replay_source *s, const struct act *a) {
    return (s->product->logs & a->what) && (!a->service.n || str_eq(s->shown.service, a->service)) &&
           (!a->host.n || str_eq(s->shown.host, a->host));
}

/* What faults make of a line: false when it never comes, else the clock of its machine is ahead by *ret_off_ns. */
static bool comes(const struct pack_replay *r, const struct replay_source *s, int64_t at_ns, int64_t *ret_off_ns) {
    *ret_off_ns = 0;
    for (size_t i = 0; i < r->n_faults; i++) {
        const struct replay_fault *f = &r->faults[i];
        if (at_ns < f->from_ns || at_ns >= f->until_ns)
            continue;
        if (f->source.n && str_eq(f->source, s->shown.name))
            return false;
        if (f->host.n && str_eq(f->host, s->shown.host))
            *ret_off_ns += f->off_ns;
    }
    return true;
}

static struct actor *earliest(struct pack_replay *r) {
    struct actor *best = NULL;
    for (size_t i = 0; i < r->n_actors; i++) {
        struct actor *a = &r->actors[i];
        if (!a->done && (!best || a->pending.at_ns < best->pending.at_ns))
            best = a;
    }
    return best;
}

/* The next line of the act that stands first; 0 when it has none left. */
static int next_line(struct pack_replay *r, struct actor *a, struct pack_line *ret) {
    int64_t off;
    for (; a->next_source < r->n_sources; a->next_source++, a->next_line = 0) {
        const struct replay_source *s = &r->sources[a->next_source];
        if (!source_writes(s, &a->pending) || !comes(r, s, a->pending.at_ns, &off))
            continue;
        while (a->next_line < MAX(s->product->lines, 1u)) {
            struct act told = a->pending;
            told.host = s->shown.host;
            told.service = s->shown.service;
            told.at_ns += off + r->shift_ns;
            buf_clear(&r->line);
            s->product->write(&r->line, &told, a->next_line++);
            if (buf_error(&r->line))
                return buf_error(&r->line);
            if (!r->line.n)
                continue;
            *ret = (struct pack_line){a->pending.at_ns + r->shift_ns, a->next_source, buf_str(&r->line), a->id, str_of(a->kind->name)};
            return 1;
        }
    }
    return 0;
}

int pack_replay_next(struct pack_replay *r, struct pack_line *ret) {
    struct actor *a;
    while ((a = earliest(r)) && a->pending.at_ns < r->end_ns) {
        int e = next_line(r, a, ret);
        if (e)
            return e;
        advance(r, a);
    }
    return 0;
}

void pack_replay_shift(struct pack_replay *r, int64_t by_ns) {
    r->shift_ns = by_ns;
}

void pack_replay_hear_all(struct pack_replay *r) {
    size_t kept = 0;
    for (size_t i = 0; i < r->n_faults; i++)
        if (!r->faults[i].source.n)
            r->faults[kept++] = r->faults[i];
    r->n_faults = kept;
}

int64_t pack_replay_start_ns(const struct pack_replay *r) {
    return r->start_ns;
}
int64_t pack_replay_end_ns(const struct pack_replay *r) {
    return r->end_ns;
}
