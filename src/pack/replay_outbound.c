/* Connections of our own machines to the outside, or of many outside to one of ours: people who look at pages, programs that call home, scans, floods. What a proxy, a name server and a firewall on
 * the way write of it stands in products_net.c. */
#include "pack/replay_priv.h"

enum { JITTERED_MAX = 64 };

struct outbound {
    struct replay_rate rate;
    int64_t from_ns, until_ns, every_ns;
    double jitter;
    int64_t next_ns[JITTERED_MAX]; /* with jitter, of each client */
    uint64_t made;
    const struct pool *clients, *accounts, *to;
    struct pool sites;
    double refused;
    uint32_t bytes, port, last_port, from_port;
    uint64_t turn;
};

static const struct replay_key KEYS[] = {
    {"per_hour", KEY_RATE, offsetof(struct outbound, rate), .most = 1e6, .otherwise = 60, .help = "connections an hour of all clients, one number or 24 by hour of the day"},
    {"every", KEY_SPAN, offsetof(struct outbound, every_ns), .least = 0, .most = 86400.0 * 30, .help = "each client at this interval, like 10m, a little early or late; per_hour then only says in which hours (above 0)"},
    {"jitter", KEY_NUMBER, offsetof(struct outbound, jitter), .most = 0.9, .help = "with every: each interval this share shorter or longer, by chance; at most 64 clients"},
    {"from", KEY_TIME, offsetof(struct outbound, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct outbound, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"clients", KEY_ADDRESSES, offsetof(struct outbound, clients), .needed = true, .help = "a pool: addresses of the machines"},
    {"accounts", KEY_ACCOUNTS, offsetof(struct outbound, accounts), .needed = true, .help = "a pool: who sits at them, each at one"},
    {"to", KEY_ADDRESSES, offsetof(struct outbound, to), .needed = true, .help = "a pool: addresses of the sites, each at one"},
    {"sites", KEY_WORDS, offsetof(struct outbound, sites), .help = "names of the sites; without any, addresses of `to` in turn"},
    {"refused", KEY_NUMBER, offsetof(struct outbound, refused), .most = 1, .help = "share that the proxy or the firewall refuses"},
    {"bytes", KEY_COUNT, offsetof(struct outbound, bytes), .least = 100, .most = 1e9, .otherwise = 20000, .help = "size of an answer, about"},
    {"port", KEY_COUNT, offsetof(struct outbound, port), .least = 1, .most = 65535, .otherwise = 443, .help = "of the other side"},
    {"from_port", KEY_COUNT, offsetof(struct outbound, from_port), .most = 65535, .help = "always from this port of one's own; otherwise any high one"},
    {"last_port", KEY_COUNT, offsetof(struct outbound, last_port), .most = 65535, .help = "ports from `port` to this one, in turn"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct outbound *s = a->state;
    int e = replay_check_span(r, v, s->from_ns, s->until_ns, err);
    if (e < 0)
        return e;
    if (s->jitter > 0 && (!s->every_ns || s->clients->n > JITTERED_MAX))
        return yaml_error(err, -ERR_PARSE, r->file, v, "jitter wants 'every', and at most %d clients", JITTERED_MAX);
    for (uint32_t i = 0; s->jitter > 0 && i < s->clients->n; i++)
        s->next_ns[i] = s->from_ns + (int64_t) (rng_unit(&a->rng) * (double) s->every_ns);
    if (s->every_ns)
        a->acts = (double) (s->until_ns - s->from_ns) / (double) s->every_ns * s->clients->n;
    else
        a->acts = replay_rate_expects(&s->rate, s->from_ns, s->until_ns);
    replay_rate_begin(a, &s->rate, s->from_ns, s->until_ns);
    return 0;
}

/* The clients take turns, and no turn leaves its share of the interval, so times never go back. */
static int64_t next_turn(struct actor *a, struct outbound *s, uint32_t *ret_client) {
    int64_t share = s->every_ns / s->clients->n;
    *ret_client = (uint32_t) (s->made % s->clients->n);
    return s->from_ns + (int64_t) (s->made / s->clients->n) * s->every_ns + *ret_client * share + (int64_t) (rng_unit(&a->rng) * 0.2 * (double) share);
}

/* Who is due first, and when it calls again. */
static int64_t next_jittered(struct actor *a, struct outbound *s, uint32_t *ret_client) {
    uint32_t i = 0;
    for (uint32_t k = 1; k < s->clients->n; k++)
        i = s->next_ns[k] < s->next_ns[i] ? k : i;
    int64_t at = s->next_ns[*ret_client = i];
    s->next_ns[i] += (int64_t) ((double) s->every_ns * (1 + s->jitter * (2 * rng_unit(&a->rng) - 1)));
    return at;
}

static int64_t next_regular(struct actor *a, struct outbound *s, uint32_t *ret_client) {
    int64_t at;
    struct time_civil c;
    do {
        at = s->jitter > 0 ? next_jittered(a, s, ret_client) : next_turn(a, s, ret_client);
        s->made += s->jitter <= 0;
        time_to_civil(at, TIME_JST_OFFSET_MIN, &c);
    } while (at < s->until_ns && s->rate.per_hour[c.hour] <= 0);
    return at;
}

static bool next(struct pack_replay *r UNUSED, struct actor *a, struct act *ret) {
    struct outbound *s = a->state;
    uint32_t client, site = s->sites.n ? rng_below(&a->rng, s->sites.n) : (uint32_t) (s->turn % s->to->n);
    uint32_t port = s->port + (s->last_port > s->port ? (uint32_t) (s->turn % (s->last_port - s->port + 1)) : 0);
    int64_t at = s->rate.next_ns;
    if (s->every_ns)
        at = next_regular(a, s, &client);
    else
        client = rng_below(&a->rng, s->clients->n);
    if (at >= s->until_ns)
        return false;
    *ret = (struct act){
        .at_ns = at,
        .what = ACT_OUTBOUND,
        .address = s->clients->items[client],
        .account = s->accounts->items[client % s->accounts->n],
        .to_domain = s->sites.n ? s->sites.items[site] : s->to->items[site],
        .to = s->to->items[site % s->to->n],
        .to_port = port,
        .success = rng_unit(&a->rng) >= s->refused,
        .bytes = s->bytes / 2 + rng_below(&a->rng, s->bytes),
        .seconds = 1 + rng_below(&a->rng, 30),
        .port = s->from_port ? s->from_port : 32768 + rng_below(&a->rng, 28000),
    };
    s->turn++;
    if (!s->every_ns)
        replay_rate_next(a, &s->rate);
    return true;
}

const struct actor_kind REPLAY_OUTBOUND = {
    .name = "outbound", .what = "machines of ours that connect to sites outside, people's and programs' alike",
    .why = "A proxy writes the same line whether a person looks at a page or a program calls home; which names those are is the story's.",
    .size = sizeof(struct outbound), .keys = KEYS, .settle = settle, .next = next};
