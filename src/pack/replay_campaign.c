/* An attacker walking a list of accounts with addresses taken in turn.
 *
 *   from, until       when
 *   tries             how many attempts in all
 *   accounts          pool of the accounts of the attacked service; list_size: how long the attacker's list is
 *   exists            share of the list that has an account at this service (the rest was stolen elsewhere)
 *   works             how many of the list's passwords are right here
 *   addresses, agents pools;  curve: even | ramp (slow start, as tools are tuned)
 *   login_path        the form's path, for the access log
 *   looks             how many of the entered accounts are looked at afterwards; pages: what is opened,
 *   look_after        seconds between entering and looking
 *
 * The list is walked from its start again and again until `tries` are made; every account of the list that
 * works is entered the first time it is tried, and later tries of it are left out, as tools do. */
#include "pack/replay_priv.h"

#include <math.h>

struct campaign {
    int64_t from_ns, until_ns;
    uint32_t tries, list_size, works, looks, made, opened;
    double exists;
    bool ramp;
    const struct pool *accounts, *addresses, *agents;
    struct pool pages;
    struct str login_path;
    double look_after_s;
    struct str *list;
    bool *known;
    bool *entered;
    bool *works_at; /* places in the list whose password is right */
    struct act *visits; /* requests after entering, by time */
    uint32_t n_visits, next_visit;
};

static const char *const KEYS[] = {"from",  "until", "tries", "accounts", "list_size",  "exists",
                                   "works", "addresses", "agents", "curve", "login_path", "looks",
                                   "pages", "look_after", NULL};

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

static int read_campaign(struct pack_replay *r, struct actor *a, const struct yaml_node *v,
                         struct diag *err) {
    struct campaign *c = arena_zalloc(&r->arena, sizeof *c);
    double tries, list_size, works, looks;
    struct str curve;
    int e;
    if (!c)
        return -ENOMEM;
    a->state = c;
    if ((e = replay_read_time(r, v, "from", &c->from_ns, err)) < 0 ||
        (e = replay_read_time(r, v, "until", &c->until_ns, err)) < 0 ||
        (e = replay_read_number(r, v, "tries", 1, 1e7, 1, &tries, err)) < 0 ||
        (e = replay_read_pool(r, &r->accounts, v, "accounts", &c->accounts, err)) < 0 ||
        (e = replay_read_number(r, v, "list_size", 1, REPLAY_POOL_MAX, tries, &list_size, err)) < 0 ||
        (e = replay_read_number(r, v, "exists", 0, 1, 1, &c->exists, err)) < 0 ||
        (e = replay_read_number(r, v, "works", 0, list_size, 0, &works, err)) < 0 ||
        (e = replay_read_pool(r, &r->addresses, v, "addresses", &c->addresses, err)) < 0 ||
        (e = replay_read_pool(r, &r->agents, v, "agents", &c->agents, err)) < 0 ||
        (e = replay_read_number(r, v, "looks", 0, works, 0, &looks, err)) < 0 ||
        (e = replay_read_number(r, v, "look_after", 0, 86400, 60, &c->look_after_s, err)) < 0 ||
        (e = replay_read_words(r, v, "pages", &c->pages, err)) < 0)
        return e;
    if (c->until_ns <= c->from_ns)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, "until"), "'until' lies before 'from'");
    if (c->from_ns < r->start_ns || c->from_ns >= r->end_ns)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, "from"), "'from' lies outside the story, which is told from 'start' to 'end'");
    if (looks * (c->pages.n + 1) > REPLAY_VISITS_MAX)
        return yaml_error(err, -ERR_LIMIT, r->file, v, "'looks' times 'pages' is more than %d; take fewer", REPLAY_VISITS_MAX);
    if ((e = replay_take_items(r, v, list_size, err)) < 0)
        return e;
    a->acts = tries + looks * c->pages.n;
    if (looks > 0 && !c->pages.n)
        return yaml_error(err, -ERR_PARSE, r->file, v, "'looks' wants 'pages': what is opened");
    c->tries = (uint32_t) tries;
    c->list_size = (uint32_t) list_size;
    c->works = (uint32_t) works;
    c->looks = (uint32_t) looks;
    c->ramp = yaml_get_str(v, "curve", &curve) && str_eq_z(curve, "ramp");
    if (!yaml_get_str(v, "login_path", &c->login_path))
        c->login_path = STR("/login");
    return make_list(r, a, c);
}

/* What is looked at after entering: each page once, seconds apart, from the same address and session. */
static void plan_visit(struct actor *a, struct campaign *c, const struct act *login) {
    int64_t at = login->at_ns + (int64_t) (c->look_after_s * (0.7 + 0.6 * rng_unit(&a->rng)) * 1e9);
    for (uint32_t i = 0; i < c->pages.n; i++) {
        struct act v = *login;
        v.login = false;
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
    if (c->ramp) /* the rate grows to twice the mean over the first third, then holds */
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
        .login = true,
        .success = c->works_at[at],
        .method = STR("POST"),
        .path = c->login_path,
        .port = 1024 + rng_below(&a->rng, 60000),
        .bytes = 1200 + rng_below(&a->rng, 200),
    };
    ret->status = ret->success ? 302 : 200; /* a form answers a wrong password with itself */
    c->made++;
    if (ret->success) {
        ret->session = replay_session(r, &a->rng);
        c->entered[at] = true;
        if (c->opened++ < c->looks)
            plan_visit(a, c, ret);
    }
    return true;
}

const struct actor_kind REPLAY_CAMPAIGN = {
    .name = "campaign", .keys = KEYS, .read = read_campaign, .next = next_campaign};
