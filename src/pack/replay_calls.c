/* Telephone calls to a number: what a switchboard keeps of them. */
#include "pack/replay_priv.h"

struct calls {
    struct replay_rate rate;
    int64_t from_ns, until_ns;
    const struct pool *callers;
    struct str to;
    double answered;
    uint32_t talk_s;
};

static const struct replay_key KEYS[] = {
    {"per_hour", KEY_RATE, offsetof(struct calls, rate), .most = 1e5, .otherwise = 2, .help = "calls an hour, one number or 24 by hour of the day"},
    {"from", KEY_TIME, offsetof(struct calls, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct calls, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"callers", KEY_ACCOUNTS, offsetof(struct calls, callers), .needed = true, .help = "a pool: the numbers that call, as accounts: {x: {list: [\"0312345678\"]}}"},
    {"to", KEY_WORD, offsetof(struct calls, to), .needed = true, .most = 40, .help = "the number called"},
    {"answered", KEY_NUMBER, offsetof(struct calls, answered), .most = 1, .otherwise = 0.9, .help = "share that is answered"},
    {"talk", KEY_COUNT, offsetof(struct calls, talk_s), .least = 1, .most = 7200, .otherwise = 180, .help = "seconds of a talk, about"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct calls *s = a->state;
    return replay_rate_settle(r, a, v, &s->rate, s->from_ns, s->until_ns, 1, err);
}

static bool next(struct pack_replay *r UNUSED, struct actor *a, struct act *ret) {
    struct calls *s = a->state;
    if (s->rate.next_ns >= s->until_ns)
        return false;
    bool answered = rng_unit(&a->rng) < s->answered;
    *ret = (struct act){
        .at_ns = s->rate.next_ns,
        .what = ACT_CALL,
        .account = pool_any(s->callers, &a->rng),
        .to = s->to,
        .success = answered,
        .seconds = answered ? s->talk_s / 2 + rng_below(&a->rng, s->talk_s) : 0,
        .port = rng_below(&a->rng, 100000),
        .bytes = 4 + rng_below(&a->rng, 20), /* seconds it rang */
    };
    replay_rate_next(a, &s->rate);
    return true;
}

const struct actor_kind REPLAY_CALLS = {
    .name = "calls", .what = "telephone calls to one number",
    .why = "A switchboard keeps who called when and how long, not what was said; that callers become many is the story's.",
    .size = sizeof(struct calls), .keys = KEYS, .settle = settle, .next = next};
