/* Inside of replay: pools, acts and actors. */
#pragma once
#include "base/buf.h"
#include "base/ip.h"
#include "base/limits.h"
#include "base/yaml.h"
#include "pack/replay.h"
#include "pack/rng.h"

#define REPLAY_TIME_MAX_NS (INT64_C(8835955200) * NS_PER_S) /* 2250-01-01 */

struct pool {
    struct str name;
    const struct str *items;
    uint32_t n;
};
struct pools {
    struct pool *p;
    size_t n;
};

/* What may happen. A product writes what it logs of it. */
enum {
    ACT_LOGIN = 1,
    ACT_REQUEST = 2,
    ACT_MAIL = 4,
    ACT_FILE = 8,
    ACT_METRIC = 16,
    ACT_CALL = 32,
    ACT_NOISE = 64,
    ACT_REPORT = 2048, /* somebody reports something to Kizuki */
    ACT_OUTBOUND = 1024, /* a machine of ours connects to a site outside */
    ACT_FLOW = 128,   /* a connection through a device that translates addresses */
    ACT_LEASE = 256,  /* an address lent to a machine */
    ACT_INSIDE = 1 << 20, /* a machine of ours connects to another of ours */
    ACT_ALARM = 1 << 21,  /* a product on a terminal raises an alarm */
    ACT_HEALTH = 1 << 22, /* a terminal says how its protection is */
    ACT_SIGNON = 512, /* somebody sits down at a machine */
};
enum flow_change { FLOW_OPENS, FLOW_ENDS };
enum lease_change { LEASE_GIVEN, LEASE_RENEWED, LEASE_RETURNED };
enum file_change { FILE_WRITTEN, FILE_MADE, FILE_REMOVED };

/* One thing somebody or something does. A product writes it as its lines, or not at all when it would not log it. */
struct act {
    int64_t at_ns;
    unsigned what; /* ACT_… */
    struct str address, account, agent, service, host;
    char session[17]; /* as a service would make one: 16 hex digits; empty: none */
    struct str method, path; /* a request; the path of a file */
    int status;
    unsigned bytes;
    bool success, known; /* known: the account exists at the service */
    uint32_t port;       /* also what tells one process from another */
    uint32_t recipients;      /* of a message to several; 0: one */
    bool continues, goes_on;  /* another recipient of the message stood before, comes after */
    struct str domain, to, to_domain; /* of a mail: account@domain to to@to_domain; whom a call goes to */
    struct str program, text, suffix; /* which program; what it says; behind a path */
    enum file_change change;
    double value, limit; /* of a metric named by text (path: which one): the share of its limit */
    uint32_t seconds; /* a call or a connection lasted, a lease lasts */
    /* A connection: address:port becomes via:via_port on its way to far. inside: the machine's own address, which no product behind the first
     * translation knows; domain is the machine's name, account who sits at it. */
    struct str via, far, inside;
    uint32_t via_port;
    int64_t begin_ns; /* of a connection; success: the world sees via */
    enum flow_change flow;
    enum lease_change lease;
    uint64_t mac;
    struct str country; /* where the address is, as the service says: JP */
    uint32_t to_port;
};

struct product {
    const char *name;
    unsigned logs; /* ACT_… */
    bool ours;      /* what Kizuki itself writes: no sender may claim to be it */
    unsigned lines; /* at most so many of one act; 0: one */
    /* The i-th line of an act; nothing is added where there is none. */
    void (*write)(struct buf *out, const struct act *a, unsigned i);
};
extern const struct product PRODUCTS_OWN[], PRODUCTS_BEATS[], PRODUCTS_CLOUD[], PRODUCTS_NET[], PRODUCTS_PROXY[], PRODUCTS_HOSTS[],
    PRODUCTS_GATEWAYS[]; /* until name NULL */
const struct product *product_find(struct str name);
void product_names(struct buf *out); /* "dovecot, login_event, …" */

struct replay_source {
    struct {
        struct str name, product, service, host;
    } shown;
    const struct product *product;
};

/* Arrivals of a Poisson process whose rate changes by the hour of the day (JST). */
struct replay_rate {
    double per_hour[24];
    int64_t next_ns, until_ns; /* next_ns INT64_MAX: none follows */
};

/* The language: a key of a generator is a row, and what is read, refused and told (kizuki pack generators) comes from it. */
enum replay_key_kind {
    KEY_NUMBER,    /* double */
    KEY_COUNT,     /* uint32_t */
    KEY_TIME,      /* int64_t; otherwise 0: the story's start, 1: its end, unless needed */
    KEY_SPAN,      /* int64_t of ns, also negative: 90s, 5m, -9h */
    KEY_RATE,      /* struct replay_rate: one number an hour, or 24 */
    KEY_ADDRESSES, /* const struct pool *, each of its pools */
    KEY_ACCOUNTS,
    KEY_AGENTS,
    KEY_WORDS,     /* struct pool: a list that stands there */
    KEY_WORD,      /* struct str */
    KEY_CHOICE,    /* uint32_t: the place among `words`, which are separated by blanks */
    KEY_CURVE,     /* struct replay_curve */
};
struct replay_key {
    const char *name;
    enum replay_key_kind kind;
    size_t at; /* in the state */
    bool needed;
    double least, most, otherwise;
    const char *words; /* KEY_WORD: when absent; KEY_CHOICE: those there are */
    const char *help;
};
struct replay_curve {
    struct curve_point {
        int64_t at_ns;
        double value;
    } const *p;
    uint32_t n;
};

struct actor;
struct actor_kind {
    const char *name, *what;
    const char *why; /* why nothing of it is there for a rule's sake */
    bool no_service; /* it is about a source or a machine */
    size_t size;     /* of the state */
    const struct replay_key *keys; /* until name NULL; beside id, kind, service */
    int (*settle)(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err); /* once all keys are read */
    /* Fills *ret with the next act; false when the actor is done. Times never go back. NULL: it does nothing by itself. */
    bool (*next)(struct pack_replay *r, struct actor *a, struct act *ret);
};
extern const struct actor_kind REPLAY_VISITORS, REPLAY_CAMPAIGN, REPLAY_MAILS, REPLAY_FILES, REPLAY_METRIC, REPLAY_CALLS, REPLAY_NOISE,
    REPLAY_SILENCE, REPLAY_CLOCK, REPLAY_OUTBOUND, REPLAY_PROBES, REPLAY_NETWORK, REPLAY_BEACON, REPLAY_BULK, REPLAY_REPORTS,
    REPLAY_INSIDE, REPLAY_ALARMS, REPLAY_TERMINALS;
extern const struct actor_kind *const REPLAY_KINDS[]; /* until NULL */

/* A source that says nothing for a time, or a machine whose clock is wrong: seen where lines are written. */
struct replay_fault {
    struct str source, host; /* of one or the other */
    int64_t from_ns, until_ns, off_ns;
};

struct actor {
    struct str id, service;
    const struct actor_kind *kind;
    struct rng rng;
    void *state;
    struct act pending;
    uint32_t next_source, next_line; /* the pending act's next source and line to be written */
    double acts;          /* about how many it will do, said by its reader */
    bool done;
};

struct pack_replay {
    struct arena arena;
    const char *file;
    uint64_t seed;
    int64_t start_ns, end_ns, shift_ns; /* shift_ns: told so much later */
    struct replay_source *sources;
    size_t n_sources;
    struct pools addresses, accounts, agents;
    struct actor *actors;
    size_t n_actors;
    struct replay_fault *faults;
    size_t n_faults, faults_cap;
    size_t items; /* of pools and attackers' lists so far */
    struct buf line;
};

/* Each reader says file, line and remedy on failure. */
int replay_read_time(struct pack_replay *r, const struct yaml_node *v, const char *key, int64_t *ret,
                     struct diag *err);
int replay_read_pool(struct pack_replay *r, const struct pools *pools, const struct yaml_node *v,
                     const char *key, const struct pool **ret, struct diag *err);
int replay_read_number(struct pack_replay *r, const struct yaml_node *v, const char *key, double least,
                       double most, double otherwise, double *ret, struct diag *err);
int replay_read_words(struct pack_replay *r, const struct yaml_node *v, const char *key,
                      struct pool *ret, struct diag *err);
/* All keys of an actor's kind into its state. */
int replay_read_keys(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err);
/* 'from' lies in the story and before 'until'. */
int replay_check_span(struct pack_replay *r, const struct yaml_node *v, int64_t from_ns, int64_t until_ns, struct diag *err);
/* Begins at a moment, and the one after next_ns. */
void replay_rate_begin(struct actor *a, struct replay_rate *rate, int64_t from_ns, int64_t until_ns);
void replay_rate_next(struct actor *a, struct replay_rate *rate);
/* For a generator that acts at a rate between two moments: checks them, begins, and counts its acts, `lines` for an arrival. */
int replay_rate_settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct replay_rate *rate, int64_t from_ns, int64_t until_ns,
                       double lines, struct diag *err);
double replay_rate_expects(const struct replay_rate *rate, int64_t from_ns, int64_t until_ns); /* about how many arrivals */
static inline struct str pool_any(const struct pool *p, struct rng *g) {
    return p->items[rng_below(g, p->n)];
}
int replay_add_fault(struct pack_replay *r, const struct replay_fault *f) MUST_USE;
/* n more items in memory: -ERR_LIMIT where all together are more than REPLAY_POOL_MAX. */
int replay_take_items(struct pack_replay *r, const struct yaml_node *v, double n, struct diag *err);
void replay_new_session(struct act *a, struct rng *g);
