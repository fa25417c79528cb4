/* Connections between machines inside: people at their file server, and whatever goes from one machine to the next. */
#include "pack/replay_priv.h"

enum { ORDER_USUAL, ORDER_SWEEP, USUAL = 3 };

struct inside {
    struct replay_rate rate;
    int64_t from_ns, until_ns;
    const struct pool *clients, *to, *accounts;
    double refused;
    uint32_t port, order, at;
    struct str program;
};

static const struct replay_key KEYS[] = {
    {"per_hour", KEY_RATE, offsetof(struct inside, rate), .most = 1e6, .otherwise = 60, .help = "connections an hour of all clients, one number or 24 by hour of the day"},
    {"from", KEY_TIME, offsetof(struct inside, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct inside, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"clients", KEY_ADDRESSES, offsetof(struct inside, clients), .needed = true, .help = "a pool: addresses of the machines that connect"},
    {"to", KEY_ADDRESSES, offsetof(struct inside, to), .needed = true, .help = "a pool: addresses of the machines they connect to"},
    {"accounts", KEY_ACCOUNTS, offsetof(struct inside, accounts), .needed = true, .help = "a pool: who sits at them, each at one"},
    {"port", KEY_COUNT, offsetof(struct inside, port), .least = 1, .most = 65535, .otherwise = 445, .help = "of the other side"},
    {"order", KEY_CHOICE, offsetof(struct inside, order), .words = "usual sweep", .help = "each client has its few usual ones, or goes from one to the next"},
    {"refused", KEY_NUMBER, offsetof(struct inside, refused), .most = 1, .help = "share that is not answered or refused"},
    {"program", KEY_WORD, offsetof(struct inside, program), .most = 200, .words = "System", .help = "what connects"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct inside *s = a->state;
    return replay_rate_settle(r, a, v, &s->rate, s->from_ns, s->until_ns, 1, err);
}

static bool next(struct pack_replay *r UNUSED, struct actor *a, struct act *ret) {
    struct inside *s = a->state;
    if (s->rate.next_ns >= s->until_ns)
        return false;
    uint32_t client = rng_below(&a->rng, s->clients->n);
    uint32_t to = s->order == ORDER_SWEEP ? s->at++ % s->to->n : (client + rng_below(&a->rng, USUAL)) % s->to->n;
    *ret = (struct act){
        .at_ns = s->rate.next_ns,
        .what = ACT_INSIDE,
        .address = s->clients->items[client],
        .account = s->accounts->items[client % s->accounts->n],
        .far = s->to->items[to],
        .to_port = s->port,
        .program = s->program,
        .success = rng_unit(&a->rng) >= s->refused,
        .bytes = 400 + rng_below(&a->rng, 60000),
        .seconds = 1 + rng_below(&a->rng, 20),
        .port = 49152 + rng_below(&a->rng, 16000),
    };
    replay_rate_next(a, &s->rate);
    return true;
}

const struct actor_kind REPLAY_INSIDE = {
    .name = "inside", .what = "machines that connect to others inside: to their usual servers, or from one to the next",
    .why = "A firewall between zones writes the same line for a person's drive and for a worm; who goes from one to the next is the story's.",
    .size = sizeof(struct inside), .keys = KEYS, .settle = settle, .next = next};
