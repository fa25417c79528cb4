/* An attacker walking through a list of accounts.
 *
 * The list is walked from its start again and again until `tries` are made; every account of the list that
 * works is entered the first time it is tried, and later tries of it are left out, as tools do. */
#include "pack/replay_priv.h"

#include <math.h>

struct campaign {
    int64_t from_ns, until_ns;
    uint32_t tries, list_size, works, looks, made, opened, curve;
    double exists;
    const struct pool *accounts, *addresses, *agents;
    struct pool pages;
    struct str login_path, country;
    double look_after_s;
    struct str *list;
    bool *known;
    bool *entered;
    bool *works_at; /* places in the list whose password is right */
    struct act *visits; /* requests after entering, by time */
    uint32_t n_visits, next_visit;
};
enum { CURVE_EVEN, CURVE_RAMP };

static const struct replay_key KEYS[] = {
    {"from", KEY_TIME, offsetof(struct campaign, from_ns), .needed = true, .help = "the first try, a time with its zone"},
    {"until", KEY_TIME, offsetof(struct campaign, until_ns), .needed = true, .help = "the last try"},
    {"tries", KEY_COUNT, offsetof(struct campaign, tries), .least = 1, .most = 1e7, .otherwise = 1, .help = "how many"},
    {"accounts", KEY_ACCOUNTS, offsetof(struct campaign, accounts), .needed = true, .help = "a pool: accounts of the service, of which some are in the list"},
    {"list_size", KEY_COUNT, offsetof(struct campaign, list_size), .most = REPLAY_POOL_MAX, .help = "names in the attacker's list (as many as tries)"},
    {"exists", KEY_NUMBER, offsetof(struct campaign, exists), .most = 1, .otherwise = 1, .help = "share of the list that has an account here"},
    {"works", KEY_COUNT, offsetof(struct campaign, works), .most = REPLAY_POOL_MAX, .help = "how many of its passwords are right here"},
    {"addresses", KEY_ADDRESSES, offsetof(struct campaign, addresses), .needed = true, .help = "a pool: where from"},
    {"agents", KEY_AGENTS, offsetof(struct campaign, agents), .needed = true, .help = "a pool: with what"},
    {"curve", KEY_CHOICE, offsetof(struct campaign, curve), .words = "even ramp", .help = "evenly, or slower at first"},
    {"login_path", KEY_WORD, offsetof(struct campaign, login_path), .most = 200, .words = "/login", .help = "the form's path"},
    {"looks", KEY_COUNT, offsetof(struct campaign, looks), .most = REPLAY_VISITS_MAX, .help = "how many of the entered accounts are looked at afterwards"},
    {"pages", KEY_WORDS, offsetof(struct campaign, pages), .help = "what is opened then"},
    {"look_after", KEY_NUMBER, offsetof(struct campaign, look_after_s), .most = 86400, .otherwise = 60, .help = "seconds between entering and looking"},
    {"country", KEY_WORD, offsetof(struct campaign, country), .most = 2, .words = "JP", .help = "where the addresses are, two letters"},
    {0},
};

/* The attacker's list: accounts of the service, and names that are none here. */
static int make_list(struct pack_replay *r, struct actor *a, struct campaign *c) {
    c->list = arena_alloc(&r->arena, c->list_size * sizeof *c->list);
    c->known = arena_zalloc(&r->arena, c->list_size * sizeof *c->known);
    c->entered = arena_zalloc(&r->arena, c->list_size * sizeof *c->entered);
    c->works_at = arena_zalloc(&r->arena, c->list_size * sizeof *c->works_at);
    uint32_t *next_known = arena_alloc(&r->arena, c->list_size * sizeof *next_known);
    c->visits = arena_alloc(&r->arena, ((size_t) c->looks * (c->pages.n + 1) + 1) * sizeof *c->visits);
    if (!c->list || !c->known || !c->entered || !c->works_at || !next_known || !c->visits)
        return -ENOMEM;
    uint32_t first = rng_below(&a->rng, c->accounts->n), n_known = 0;
    for (uint32_t i = 0; i < c->list_size; i++) {
        c->known[i] = rng_unit(&a->rng) < c->exists && n_known < c->accounts->n;
        if (c->known[i])
            /* A stride that shares no factor with most pool sizes visits each account once. */
            c->list[i] = c->accounts->items[(first + (uint64_t) n_known++ * 7919u) % c->accounts->n];
        else
            c->list[i] = arena_printf(&r->arena, "%.*s.x%u",
                                      STR_ARG(str_to(c->accounts->items[i % c->accounts->n], 5)), i);
        if (!c->list[i].p)
            return -ENOMEM;
    }
    if (!n_known)
        c->works = 0;
    /* From each place the next account that exists, around the end of the list. */
    for (uint32_t k = 2 * c->list_size, next = 0; k-- && n_known;)
        next_known[k % c->list_size] = next = c->known[k % c->list_size] ? k % c->list_size : next;
    for (uint32_t w = 0; w < c->works; w++)
        c->works_at[next_known[rng_below(&a->rng, c->list_size)]] = true;
    return 0;
}

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct campaign *c = a->state;
    int e = replay_check_span(r, v, c->from_ns, c->until_ns, err);
    if (!c->list_size)
        c->list_size = MIN(c->tries, (uint32_t) REPLAY_POOL_MAX);
    if (e < 0 || (e = replay_take_items(r, v, c->list_size, err)) < 0)
        return e;
    if (c->works > c->list_size || c->looks > c->works)
        return yaml_error(err, -ERR_PARSE, r->file, v, "'works' is at most 'list_size', and 'looks' at most 'works'");
    if ((size_t) c->looks * (c->pages.n + 1) > REPLAY_VISITS_MAX)
        return yaml_error(err, -ERR_LIMIT, r->file, v, "'looks' times 'pages' is more than %d; take fewer", REPLAY_VISITS_MAX);
    if (c->looks && !c->pages.n)
        return yaml_error(err, -ERR_PARSE, r->file, v, "'looks' wants 'pages': what is opened");
    a->acts = c->tries + (double) c->looks * c->pages.n;
    return make_list(r, a, c);
}

/* What is looked at after entering: each page once, seconds apart, from the same address and session. */
static void plan_visit(struct actor *a, struct campaign *c, const struct act *login) {
    int64_t at = login->at_ns + (int64_t) (c->look_after_s * (0.7 + 0.6 * rng_unit(&a->rng)) * 1e9);
    for (uint32_t i = 0; i < c->pages.n; i++) {
        struct act v = *login;
        v.what = ACT_REQUEST;
        v.at_ns = at;
        v.method = STR("GET");
        v.path = c->pages.items[i];
        v.status = 200;
        v.bytes = 4000 + rng_below(&a->rng, 9000);
        at += (int64_t) ((2 + 6 * rng_unit(&a->rng)) * 1e9);
        uint32_t k = c->n_visits++;
        while (k > c->next_visit && c->visits[k - 1].at_ns > v.at_ns) {
            c->visits[k] = c->visits[k - 1];
            k--;
        }
        c->visits[k] = v;
    }
}

static int64_t time_of_try(struct actor *a, const struct campaign *c, uint32_t i) {
    double x = ((double) i + rng_unit(&a->rng)) / (double) c->tries;
    if (c->curve == CURVE_RAMP) /* the rate grows to twice the mean over the first third, then holds */
        x = x < 0.2 ? sqrt(x / 0.2) * (1.0 / 3) : 1.0 / 3 + (x - 0.2) / 0.8 * (2.0 / 3);
    return c->from_ns + (int64_t) (x * (double) (c->until_ns - c->from_ns));
}

static bool next_campaign(struct pack_replay *r, struct actor *a, struct act *ret) {
    struct campaign *c = a->state;
    uint32_t at = 0;
    while (c->made < c->tries && c->entered[at = c->made % c->list_size])
        c->made++;
    bool more = c->made < c->tries;
    /* The try's own random draw is made once, so that looking at its time twice does not change it. */
    if (!more && c->next_visit == c->n_visits)
        return false;
    struct rng peek = a->rng;
    int64_t try_at = INT64_MAX;
    if (more)
        try_at = time_of_try(a, c, c->made);
    if (c->next_visit < c->n_visits && c->visits[c->next_visit].at_ns <= try_at) {
        a->rng = peek;
        *ret = c->visits[c->next_visit++];
        return true;
    }
    *ret = (struct act){
        .at_ns = try_at,
        .address = c->addresses->items[rng_below(&a->rng, c->addresses->n)],
        .agent = c->agents->items[rng_below(&a->rng, c->agents->n)],
        .account = c->list[at],
        .known = c->known[at],
        .what = ACT_LOGIN | ACT_REQUEST,
        .success = c->works_at[at],
        .method = STR("POST"),
        .path = c->login_path,
        .country = c->country,
        .port = 1024 + rng_below(&a->rng, 60000),
        .bytes = 1200 + rng_below(&a->rng, 200),
    };
    ret->status = ret->success ? 302 : 200; /* a form answers a wrong password with itself */
    c->made++;
    if (ret->success) {
        replay_new_session(ret, &a->rng);
        c->entered[at] = true;
        if (c->opened++ < c->looks)
            plan_visit(a, c, ret);
    }
    return true;
}

const struct actor_kind REPLAY_CAMPAIGN = {
    .name = "campaign", .what = "an attacker who walks a list of accounts, enters some and looks round",
    .why = "It does what tools that try lists do: order, pace and addresses are the story's, and no figure in it comes from a rule's threshold.",
    .size = sizeof(struct campaign), .keys = KEYS, .settle = settle, .next = next_campaign};
