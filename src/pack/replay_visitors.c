/* People: they sign in, now and then mistype, look at a few pages and go.
 *
 *   per_hour     logins an hour, one number or 24 (by hour of the day, JST)
 *   accounts, addresses, agents  pools; an account keeps its address and agent (its home), but for
 *   moving       share of logins from another address of the pool (a phone on the road)
 *   behind_one   how many accounts sit behind one address: a company's or a carrier's gateway
 *   mistypes     share of logins that fail first, once to three times
 *   gives_up     share of those who then do not get in
 *   pages        what is looked at; views: how many at most
 *   login_path   the form's path */
#include "pack/replay_priv.h"

#include "base/hash.h"

#include <math.h>

enum { QUEUE = 64 };

struct visitors {
    double per_hour[24], moving, mistypes, gives_up;
    uint32_t views, behind_one;
    const struct pool *accounts, *addresses, *agents;
    struct pool pages;
    struct str login_path;
    int64_t next_login_ns;
    struct act queue[QUEUE]; /* by time */
    uint32_t n;
};

static const char *const KEYS[] = {"per_hour", "accounts",   "addresses", "agents", "moving",
                                   "behind_one", "mistypes", "gives_up",  "pages",  "views",
                                   "login_path", NULL};

static int read_rates(struct pack_replay *r, const struct yaml_node *v, struct visitors *s,
                      struct diag *err) {
    const struct yaml_node *n = yaml_get(v, "per_hour");
    double all;
    if (n && n->kind == YAML_SEQUENCE) {
        unsigned h = 0;
        for (const struct yaml_node *e = n->first; e; e = e->next, h++)
            if (h >= 24 || str_to_double(e->text, &s->per_hour[h]) < 0 || s->per_hour[h] < 0 ||
                s->per_hour[h] > 1e7)
                return yaml_error(err, -ERR_PARSE, r->file, e, "per_hour wants one number or 24");
        return h == 24 ? 0 : yaml_error(err, -ERR_PARSE, r->file, n, "per_hour wants one number or 24");
    }
    int e = replay_read_number(r, v, "per_hour", 0, 1e7, 60, &all, err);
    for (int h = 0; h < 24; h++)
        s->per_hour[h] = all;
    return e;
}

/* The next arrival of a Poisson process whose rate changes by the hour. */
static void draw_next_login(struct actor *a, struct visitors *s) {
    for (int guard = 0; guard < 24 * 400; guard++) {
        struct time_civil c;
        time_to_civil(s->next_login_ns, TIME_JST_OFFSET_MIN, &c);
        double rate = s->per_hour[c.hour];
        int64_t hour_end = s->next_login_ns - ((int64_t) c.minute * NS_PER_MIN + c.second * NS_PER_S + c.nano) +
                           NS_PER_HOUR;
        double wait_h = rate > 0 ? -log(1.0 - rng_unit(&a->rng)) / rate : 2;
        if (wait_h < 2 && s->next_login_ns + (int64_t) (wait_h * (double) NS_PER_HOUR) < hour_end) {
            s->next_login_ns += (int64_t) (wait_h * (double) NS_PER_HOUR) + 1;
            return;
        }
        s->next_login_ns = hour_end;
    }
    s->next_login_ns = INT64_MAX;
}

static int read_visitors(struct pack_replay *r, struct actor *a, const struct yaml_node *v,
                         struct diag *err) {
    struct visitors *s = arena_zalloc(&r->arena, sizeof *s);
    double views, behind;
    int e;
    if (!s)
        return -ENOMEM;
    a->state = s;
    if ((e = read_rates(r, v, s, err)) < 0 ||
        (e = replay_read_pool(r, &r->accounts, v, "accounts", &s->accounts, err)) < 0 ||
        (e = replay_read_pool(r, &r->addresses, v, "addresses", &s->addresses, err)) < 0 ||
        (e = replay_read_pool(r, &r->agents, v, "agents", &s->agents, err)) < 0 ||
        (e = replay_read_number(r, v, "moving", 0, 1, 0.05, &s->moving, err)) < 0 ||
        (e = replay_read_number(r, v, "behind_one", 1, 1e6, 1, &behind, err)) < 0 ||
        (e = replay_read_number(r, v, "mistypes", 0, 1, 0.06, &s->mistypes, err)) < 0 ||
        (e = replay_read_number(r, v, "gives_up", 0, 1, 0.1, &s->gives_up, err)) < 0 ||
        (e = replay_read_number(r, v, "views", 0, 32, 4, &views, err)) < 0 ||
        (e = replay_read_words(r, v, "pages", &s->pages, err)) < 0)
        return e;
    s->views = s->pages.n ? (uint32_t) views : 0;
    s->behind_one = (uint32_t) behind;
    if (!yaml_get_str(v, "login_path", &s->login_path))
        s->login_path = STR("/login");
    for (int h = 0; h < 24; h++)
        a->acts += s->per_hour[h] / 24 * ((double) (r->end_ns - r->start_ns) / (double) NS_PER_HOUR) * (1 + 2 * s->mistypes + s->views / 2.0);
    s->next_login_ns = r->start_ns;
    draw_next_login(a, s);
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
        .at_ns = s->next_login_ns,
        .address = s->addresses->items[where],
        .agent = s->agents->items[(home >> 32) % s->agents->n],
        .account = s->accounts->items[who],
        .known = true,
        .login = true,
        .method = STR("POST"),
        .path = s->login_path,
        .status = 200,
        .port = 1024 + rng_below(&a->rng, 60000),
    };
    for (uint32_t i = 0; i < wrong + enters; i++) {
        act.success = i == wrong;
        act.status = act.success ? 302 : 200;
        act.bytes = 900 + rng_below(&a->rng, 500);
        act.session = act.success ? replay_session(r, &a->rng) : STR_NULL;
        enqueue(s, &act);
        act.at_ns += (int64_t) ((4 + 14 * rng_unit(&a->rng)) * 1e9);
    }
    act.login = false;
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
    while (s->next_login_ns < r->end_ns && (!s->n || s->queue[0].at_ns >= s->next_login_ns)) {
        if (s->n >= QUEUE / 2)
            break;
        plan_stay(r, a, s);
        draw_next_login(a, s);
    }
    if (!s->n)
        return false;
    *ret = s->queue[0];
    s->n--;
    memmove(s->queue, s->queue + 1, s->n * sizeof s->queue[0]);
    return true;
}

const struct actor_kind REPLAY_VISITORS = {
    .name = "visitors", .keys = KEYS, .read = read_visitors, .next = next_visitors};
