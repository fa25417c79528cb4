/* Inside of replay: pools, acts and actors. */
#pragma once
#include "base/buf.h"
#include "base/ip.h"
#include "base/yaml.h"
#include "pack/replay.h"
#include "pack/rng.h"

enum {
    REPLAY_POOL_MAX = 2000000, /* items of all pools together, and of all lists of attackers: a second of work */
    REPLAY_ACTORS_MAX = 256,
    REPLAY_LINE_MAX = 16384,
    REPLAY_ACTS_MAX = 20000000, /* of one story: a month of a busy site; played in some minutes */
    REPLAY_DAYS_MAX = 400,
    REPLAY_VISITS_MAX = 10000, /* pages an attacker opens after entering; kept in order by insertion */
};

struct pool {
    struct str name;
    const struct str *items;
    uint32_t n;
};
struct pools {
    struct pool *p;
    size_t n;
};

/* One thing somebody does. A product writes it as its line, or not at all when it would not log it. */
struct act {
    int64_t at_ns;
    struct str address, account, agent, session, service, host;
    struct str method, path; /* a request; empty for a bare login */
    int status;
    unsigned bytes;
    bool login, success, known; /* known: the account exists at the service */
    uint32_t port;
};

struct product {
    const char *name;
    bool logins, requests; /* what it logs */
    void (*write)(struct buf *out, const struct act *a);
};
const struct product *product_find(struct str name);

struct replay_source {
    struct {
        struct str name, product, service, host;
    } shown;
    const struct product *product;
};

struct actor;
struct actor_kind {
    const char *name;
    const char *const *keys; /* allowed in YAML beside id, kind, service */
    int (*read)(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err);
    /* Fills *ret with the next act; false when the actor is done. Times never go back. */
    bool (*next)(struct pack_replay *r, struct actor *a, struct act *ret);
};
extern const struct actor_kind REPLAY_VISITORS, REPLAY_CAMPAIGN;

struct actor {
    struct str id, service;
    const struct actor_kind *kind;
    struct rng rng;
    void *state;
    struct act pending;
    uint32_t next_source; /* the pending act's next source to be written to */
    double acts;          /* about how many it will do, said by its reader */
    bool done;
};

struct pack_replay {
    struct arena arena;
    const char *file;
    uint64_t seed;
    int64_t start_ns, end_ns;
    struct replay_source *sources;
    size_t n_sources;
    struct pools addresses, accounts, agents;
    struct actor *actors;
    size_t n_actors;
    size_t items; /* of pools and attackers' lists so far */
    struct buf line;
};

/* Shared readers for actors: each says file, line and remedy on failure. */
int replay_read_time(struct pack_replay *r, const struct yaml_node *v, const char *key, int64_t *ret,
                     struct diag *err);
int replay_read_pool(struct pack_replay *r, const struct pools *pools, const struct yaml_node *v,
                     const char *key, const struct pool **ret, struct diag *err);
int replay_read_number(struct pack_replay *r, const struct yaml_node *v, const char *key, double least,
                       double most, double otherwise, double *ret, struct diag *err);
int replay_read_words(struct pack_replay *r, const struct yaml_node *v, const char *key,
                      struct pool *ret, struct diag *err);
/* n more items in memory: -ERR_LIMIT where all together are more than REPLAY_POOL_MAX. */
int replay_take_items(struct pack_replay *r, const struct yaml_node *v, double n, struct diag *err);
/* A session identifier as a service would make one: 16 hex digits into the arena. */
struct str replay_session(struct pack_replay *r, struct rng *g);
