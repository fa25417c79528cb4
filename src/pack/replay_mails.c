/* Mails: people, or somebody with their account, send through the mail server; some do not arrive and come back. */
#include "pack/replay_priv.h"

struct mails {
    struct replay_rate rate;
    int64_t from_ns, until_ns;
    const struct pool *accounts, *to, *addresses;
    struct str domain, to_domain;
    double bounces;
    uint32_t bytes;
};

static const struct replay_key KEYS[] = {
    {"per_hour", KEY_RATE, offsetof(struct mails, rate), .most = 1e6, .otherwise = 20, .help = "mails an hour, one number or 24 by hour of the day"},
    {"from", KEY_TIME, offsetof(struct mails, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct mails, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"accounts", KEY_ACCOUNTS, offsetof(struct mails, accounts), .needed = true, .help = "a pool: who sends"},
    {"to", KEY_ACCOUNTS, offsetof(struct mails, to), .needed = true, .help = "a pool: to whom"},
    {"addresses", KEY_ADDRESSES, offsetof(struct mails, addresses), .needed = true, .help = "a pool: where from"},
    {"domain", KEY_WORD, offsetof(struct mails, domain), .most = 200, .words = "example.jp", .help = "of the senders"},
    {"to_domain", KEY_WORD, offsetof(struct mails, to_domain), .most = 200, .words = "example.com", .help = "of who gets them"},
    {"bounces", KEY_NUMBER, offsetof(struct mails, bounces), .most = 1, .otherwise = 0.01, .help = "share that comes back"},
    {"bytes", KEY_COUNT, offsetof(struct mails, bytes), .least = 200, .most = 5e7, .otherwise = 24000, .help = "size of a mail, about"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct mails *s = a->state;
    return replay_rate_settle(r, a, v, &s->rate, s->from_ns, s->until_ns, 5, err);
}

static bool next(struct pack_replay *r UNUSED, struct actor *a, struct act *ret) {
    struct mails *s = a->state;
    if (s->rate.next_ns >= s->until_ns)
        return false;
    struct str who = pool_any(s->accounts, &a->rng), to = pool_any(s->to, &a->rng);
    *ret = (struct act){
        .at_ns = s->rate.next_ns,
        .what = ACT_MAIL,
        .address = pool_any(s->addresses, &a->rng),
        .account = who,
        .domain = s->domain,
        .to = to,
        .to_domain = s->to_domain,
        .success = rng_unit(&a->rng) >= s->bounces,
        .bytes = s->bytes / 2 + rng_below(&a->rng, s->bytes),
        .port = rng_below(&a->rng, 0x7fffffff),
    };
    replay_rate_next(a, &s->rate);
    return true;
}

const struct actor_kind REPLAY_MAILS = {
    .name = "mails", .what = "mails sent through the mail server, some of which come back",
    .why = "Who sends how many to whom is the story's; a server writes the same lines whether the sender is its owner or a thief.",
    .size = sizeof(struct mails), .keys = KEYS, .settle = settle, .next = next};
