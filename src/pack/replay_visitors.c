/* People: they sign in, now and then mistype, look at a few pages and go. An account keeps its address and agent (its home). */
#include "pack/replay_priv.h"

#include "base/hash.h"

enum { QUEUE = 64 };

struct visitors {
    struct replay_rate rate;
    double moving, mistypes, gives_up;
    uint32_t views, behind_one;
    const struct pool *accounts, *addresses, *agents;
    struct pool pages;
    struct str login_path, country;
    struct act queue[QUEUE]; /* by time */
    uint32_t n;
};

static const struct replay_key KEYS[] = {
    {"per_hour", KEY_RATE, offsetof(struct visitors, rate), .most = 1e7, .otherwise = 60, .help = "sign-ins an hour, one number or 24 by hour of the day"},
    {"accounts", KEY_ACCOUNTS, offsetof(struct visitors, accounts), .needed = true, .help = "a pool: who"},
    {"addresses", KEY_ADDRESSES, offsetof(struct visitors, addresses), .needed = true, .help = "a pool: where from"},
    {"agents", KEY_AGENTS, offsetof(struct visitors, agents), .needed = true, .help = "a pool: with what"},
    {"moving", KEY_NUMBER, offsetof(struct visitors, moving), .most = 1, .otherwise = 0.05, .help = "share of sign-ins from another address (a phone on the road)"},
    {"behind_one", KEY_COUNT, offsetof(struct visitors, behind_one), .least = 1, .most = 1e6, .otherwise = 1, .help = "accounts behind one address: a company's or a carrier's gateway"},
    {"mistypes", KEY_NUMBER, offsetof(struct visitors, mistypes), .most = 1, .otherwise = 0.06, .help = "share of sign-ins that fail first, once to three times"},
    {"gives_up", KEY_NUMBER, offsetof(struct visitors, gives_up), .most = 1, .otherwise = 0.1, .help = "share of those who then do not get in"},
    {"views", KEY_COUNT, offsetof(struct visitors, views), .most = 32, .otherwise = 4, .help = "pages looked at, at most"},
    {"pages", KEY_WORDS, offsetof(struct visitors, pages), .help = "what is looked at"},
    {"login_path", KEY_WORD, offsetof(struct visitors, login_path), .most = 200, .words = "/login", .help = "the form's path"},
    {"country", KEY_WORD, offsetof(struct visitors, country), .most = 2, .words = "JP", .help = "where the addresses are, two letters"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v UNUSED, struct diag *err UNUSED) {
    struct visitors *s = a->state;
    if (!s->pages.n)
        s->views = 0;
    a->acts = replay_rate_expects(&s->rate, r->start_ns, r->end_ns) * (1 + 2 * s->mistypes + s->views / 2.0);
    replay_rate_begin(a, &s->rate, r->start_ns, r->end_ns);
    return 0;
}

static void enqueue(struct visitors *s, const struct act *act) {
    if (s->n == QUEUE)
        return; /* more open sessions than one actor follows: the last pages are not looked at */
    uint32_t k = s->n++;
    while (k && s->queue[k - 1].at_ns > act->at_ns) {
        s->queue[k] = s->queue[k - 1];
        k--;
    }
    s->queue[k] = *act;
}

/* One person's stay: wrong passwords, the right one, pages. */
static void plan_stay(struct pack_replay *r, struct actor *a, struct visitors *s) {
    uint32_t who = rng_below(&a->rng, s->accounts->n);
    uint64_t home = hash_mix(hash_fast(s->accounts->items[who / s->behind_one * s->behind_one], r->seed), 1);
    uint32_t where = rng_unit(&a->rng) < s->moving ? rng_below(&a->rng, s->addresses->n)
                                                   : (uint32_t) (home % s->addresses->n);
    uint32_t wrong = rng_unit(&a->rng) < s->mistypes ? 1 + rng_below(&a->rng, 3) : 0;
    bool enters = !wrong || rng_unit(&a->rng) >= s->gives_up;
    struct act act = {
        .at_ns = s->rate.next_ns,
        .address = s->addresses->items[where],
        .agent = s->agents->items[(home >> 32) % s->agents->n],
        .account = s->accounts->items[who],
        .known = true,
        .what = ACT_LOGIN | ACT_REQUEST,
        .method = STR("POST"),
        .path = s->login_path,
        .country = s->country,
        .status = 200,
        .port = 1024 + rng_below(&a->rng, 60000),
    };
    for (uint32_t i = 0; i < wrong + enters; i++) {
        act.success = i == wrong;
        act.status = act.success ? 302 : 200;
        act.bytes = 900 + rng_below(&a->rng, 500);
        act.session[0] = 0;
        if (act.success)
            replay_new_session(&act, &a->rng);
        enqueue(s, &act);
        act.at_ns += (int64_t) ((4 + 14 * rng_unit(&a->rng)) * 1e9);
    }
    act.what = ACT_REQUEST;
    for (uint32_t i = enters ? rng_below(&a->rng, s->views + 1) : 0; i; i--) {
        act.method = STR("GET");
        act.path = s->pages.items[rng_below(&a->rng, s->pages.n)];
        act.status = 200;
        act.bytes = 2000 + rng_below(&a->rng, 20000);
        enqueue(s, &act);
        act.at_ns += (int64_t) ((5 + 60 * rng_unit(&a->rng)) * 1e9);
    }
}

static bool next_visitors(struct pack_replay *r, struct actor *a, struct act *ret) {
    struct visitors *s = a->state;
    while (s->rate.next_ns < r->end_ns && (!s->n || s->queue[0].at_ns >= s->rate.next_ns)) {
        if (s->n >= QUEUE / 2)
            break;
        plan_stay(r, a, s);
        replay_rate_next(a, &s->rate);
    }
    if (!s->n)
        return false;
    *ret = s->queue[0];
    s->n--;
    memmove(s->queue, s->queue + 1, s->n * sizeof s->queue[0]);
    return true;
}

const struct actor_kind REPLAY_VISITORS = {
    .name = "visitors", .what = "people who sign in, mistype, look at pages and go",
    .why = "They are what every site sees all day; what a rule must not mistake for an attack, so nothing of them is made to be noticed.",
    .size = sizeof(struct visitors), .keys = KEYS, .settle = settle, .next = next_visitors};
