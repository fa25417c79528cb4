/* Machines of an office behind a device that lends them addresses and translates these, mostly with a firewall behind it that translates once
 * more; and a machine among them that calls somebody outside, as malware does.
 *
 * Who has an address is a function of the address' place, the turn and the seed, so that every actor sees the same office: in turn k the address
 * at place p belongs to machine (p + STRIDE * k) modulo the number of machines. A machine is on from the turn's begin plus some minutes until
 * the turn's end less some minutes; then it gets its lease, somebody signs in, and it keeps the lease by renewing it. */
#include "pack/replay_priv.h"

#include "base/hash.h"

enum { STRIDE = 7, OPEN_MAX = 512, CALLERS_MAX = 64 };

struct network {
    struct replay_rate rate;
    const struct pool *machines, *users, *inside, *outer, *outside, *to;
    struct str router, firewall;
    int64_t turn_ns, lease_ns;
    uint64_t salt;
    struct act *queue; /* by time */
    uint32_t n, cap, turn;
};

static const struct replay_key KEYS[] = {
    {"per_hour", KEY_RATE, offsetof(struct network, rate), .most = 1e6, .otherwise = 200, .help = "connections an hour of all machines, one number or 24 by hour of the day"},
    {"machines", KEY_ACCOUNTS, offsetof(struct network, machines), .needed = true, .help = "a pool: names of machines"},
    {"users", KEY_ACCOUNTS, offsetof(struct network, users), .needed = true, .help = "a pool: who sits at them"},
    {"inside", KEY_ADDRESSES, offsetof(struct network, inside), .needed = true, .help = "a pool: addresses that are lent; not more than machines"},
    {"router", KEY_WORD, offsetof(struct network, router), .needed = true, .most = 64, .help = "host of the device that lends and translates first"},
    {"outer", KEY_ADDRESSES, offsetof(struct network, outer), .needed = true, .help = "a pool of one: what the router makes of them"},
    {"firewall", KEY_WORD, offsetof(struct network, firewall), .most = 64, .words = "", .help = "host of the firewall behind it"},
    {"outside", KEY_ADDRESSES, offsetof(struct network, outside), .needed = true, .help = "a pool of one: what the firewall makes of that, seen by all the world"},
    {"to", KEY_ADDRESSES, offsetof(struct network, to), .needed = true, .help = "a pool: whom they talk to"},
    {"turn", KEY_SPAN, offsetof(struct network, turn_ns), .least = 900, .most = 604800, .otherwise = 14400, .help = "how long one machine keeps its place (4h)"},
    {"lease", KEY_SPAN, offsetof(struct network, lease_ns), .least = 120, .most = 604800, .otherwise = 3600, .help = "how long an address is lent (1h)"},
    {0},
};

/* ---- who is where ---- */

static uint64_t draw(const struct network *s, uint32_t place, int64_t turn, uint64_t what) {
    return hash_mix(s->salt ^ ((uint64_t) place * 0x9e3779b97f4a7c15ull), hash_mix((uint64_t) turn + 1, what));
}

static uint32_t machine_at(const struct network *s, uint32_t place, int64_t turn) {
    return (uint32_t) ((place + (uint64_t) turn * STRIDE) % s->machines->n);
}

/* From when until when the machine at this place is on in this turn. */
static void is_on(const struct pack_replay *r, const struct network *s, uint32_t place, int64_t turn, int64_t *ret_from, int64_t *ret_until) {
    *ret_from = r->start_ns + turn * s->turn_ns + (int64_t) (draw(s, place, turn, 1) % 600) * NS_PER_S + 11 * NS_PER_MS * place;
    *ret_until = r->start_ns + (turn + 1) * s->turn_ns - (60 + (int64_t) (draw(s, place, turn, 2) % 240)) * NS_PER_S;
}

static struct act about(const struct network *s, uint32_t place, int64_t turn) {
    uint32_t m = machine_at(s, place, turn);
    return (struct act){.address = s->inside->items[place], .inside = s->inside->items[place], .domain = s->machines->items[m],
                        .account = s->users->items[m % s->users->n], .mac = hash_mix(s->salt, m)};
}

/* ---- what is logged ---- */

static void enqueue(struct network *s, const struct act *act) {
    if (s->n == s->cap)
        return; /* more at once than the office has lines for */
    uint32_t k = s->n++;
    while (k && s->queue[k - 1].at_ns > act->at_ns) {
        s->queue[k] = s->queue[k - 1];
        k--;
    }
    s->queue[k] = *act;
}

static void enqueue_lease(struct network *s, struct act act, int64_t at_ns, enum lease_change change) {
    act.what = ACT_LEASE;
    act.host = s->router;
    act.at_ns = at_ns;
    act.lease = change;
    act.seconds = (uint32_t) (s->lease_ns / NS_PER_S);
    enqueue(s, &act);
}

static void plan_turn(struct pack_replay *r, struct actor *a, struct network *s) {
    for (uint32_t p = 0; p < s->inside->n; p++) {
        int64_t from, until;
        struct act act = about(s, p, s->turn);
        is_on(r, s, p, s->turn, &from, &until);
        enqueue_lease(s, act, from, LEASE_GIVEN);
        for (int64_t t = from + s->lease_ns / 2; t < until; t += s->lease_ns / 2)
            enqueue_lease(s, act, t, LEASE_RENEWED);
        if (draw(s, p, s->turn, 3) % 3) /* others are just switched off */
            enqueue_lease(s, act, until, LEASE_RETURNED);
        act.what = ACT_SIGNON;
        act.at_ns = from + (20 + (int64_t) rng_below(&a->rng, 90)) * NS_PER_S;
        act.port = rng_below(&a->rng, 1u << 30);
        enqueue(s, &act);
    }
    s->turn++;
}

/* A connection of the machine at a place, seen by the device that lends and by the one behind it. */
static bool plan_talk(struct pack_replay *r, struct actor *a, struct network *s, struct network *into, uint32_t place, int64_t begin_ns, struct str to, uint32_t seconds) {
    int64_t from, until, turn = (begin_ns - r->start_ns) / s->turn_ns, end_ns = begin_ns + (int64_t) seconds * NS_PER_S + (int64_t) rng_below(&a->rng, 1000) * NS_PER_MS;
    is_on(r, s, place, turn, &from, &until);
    if (begin_ns < from + 120 * NS_PER_S || end_ns > until || into->n + 4 > into->cap)
        return false;
    struct act act = about(s, place, turn);
    act.what = ACT_FLOW;
    act.host = s->router;
    act.port = 49152 + rng_below(&a->rng, 16384);
    act.far = to;
    act.via = s->outer->items[0];
    act.via_port = 5117 + rng_below(&a->rng, 60416);
    act.seconds = seconds;
    act.bytes = 400 + rng_below(&a->rng, 9000);
    for (unsigned hop = 0; hop < 1 + (s->firewall.n > 0); hop++) {
        if (hop) {
            act.host = s->firewall;
            act.address = act.via;
            act.port = act.via_port;
            act.via_port = 5117 + rng_below(&a->rng, 60416);
        }
        act.success = hop || !s->firewall.n;
        if (act.success)
            act.via = s->outside->items[0];
        act.at_ns = act.begin_ns = begin_ns + hop * NS_PER_MS;
        act.flow = FLOW_OPENS;
        enqueue(into, &act);
        act.at_ns = end_ns + hop * NS_PER_MS;
        act.flow = FLOW_ENDS;
        enqueue(into, &act);
    }
    return true;
}

static bool take_first(struct network *s, struct act *ret) {
    if (!s->n)
        return false;
    *ret = s->queue[0];
    s->n--;
    memmove(s->queue, s->queue + 1, s->n * sizeof s->queue[0]);
    return true;
}

static int make_queue(struct pack_replay *r, struct network *s, double most) {
    s->cap = (uint32_t) most;
    s->queue = arena_alloc(&r->arena, s->cap * sizeof *s->queue);
    return s->queue ? 0 : -ENOMEM;
}

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct network *s = a->state;
    double turns = (double) (r->end_ns - r->start_ns) / (double) s->turn_ns + 1, leases = 3 + 2 * (double) s->turn_ns / (double) s->lease_ns;
    if (s->inside->n > s->machines->n)
        return yaml_error(err, -ERR_PARSE, r->file, v, "'inside' has more addresses than there are 'machines'");
    a->acts = 4 * replay_rate_expects(&s->rate, r->start_ns, r->end_ns) + turns * leases * s->inside->n;
    int e = replay_take_items(r, v, leases * s->inside->n + OPEN_MAX, err);
    s->salt = rng_next(&a->rng);
    replay_rate_begin(a, &s->rate, r->start_ns, r->end_ns);
    return e < 0 ? e : make_queue(r, s, leases * s->inside->n + OPEN_MAX);
}

static bool next(struct pack_replay *r, struct actor *a, struct act *ret) {
    struct network *s = a->state;
    for (;;) {
        int64_t turn_ns = r->start_ns + (int64_t) s->turn * s->turn_ns;
        int64_t soonest = s->n ? s->queue[0].at_ns : INT64_MAX;
        if (turn_ns < r->end_ns && turn_ns <= MIN(soonest, s->rate.next_ns)) {
            plan_turn(r, a, s);
        } else if (s->rate.next_ns < r->end_ns && s->rate.next_ns <= soonest) {
            IGNORE(plan_talk(r, a, s, s, rng_below(&a->rng, s->inside->n), s->rate.next_ns, pool_any(s->to, &a->rng), 1 + rng_below(&a->rng, 110)));
            replay_rate_next(a, &s->rate);
        } else {
            return take_first(s, ret);
        }
    }
}

const struct actor_kind REPLAY_NETWORK = {
    .name = "network", .what = "machines of an office that get addresses and talk to the world through one or two translations",
    .why = "Devices log every connection alike; who sat where is a matter of turns and leases, and addresses change their machine in the course of a day.",
    .no_service = true, .size = sizeof(struct network), .keys = KEYS, .settle = settle, .next = next};

/* ---- the machine that calls out ---- */

struct beacons {
    struct str of;
    int64_t from_ns, until_ns, every_ns;
    const struct pool *to;
    uint32_t n_machines;
    struct network *office, queue; /* of queue only the acts in it */
    uint32_t machine[CALLERS_MAX];
    int64_t next_ns[CALLERS_MAX];
};

static const struct replay_key BEACON_KEYS[] = {
    {"of", KEY_WORD, offsetof(struct beacons, of), .needed = true, .most = 64, .help = "id of the network it is in, which stands above"},
    {"from", KEY_TIME, offsetof(struct beacons, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct beacons, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"to", KEY_ADDRESSES, offsetof(struct beacons, to), .needed = true, .help = "a pool: whom it calls"},
    {"every", KEY_SPAN, offsetof(struct beacons, every_ns), .least = 5, .most = 604800, .otherwise = 600, .help = "between two calls, about (10m)"},
    {"infected", KEY_COUNT, offsetof(struct beacons, n_machines), .least = 1, .most = CALLERS_MAX, .otherwise = 1, .help = "how many machines, chosen by the seed"},
    {0},
};

static int settle_beacons(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct beacons *s = a->state;
    for (const struct actor *o = r->actors; o < a; o++)
        if (o->kind == &REPLAY_NETWORK && str_eq(o->id, s->of))
            s->office = o->state;
    if (!s->office)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, "of"), "above this stands no actor of kind network with the id '%.*s'", STR_ARG(s->of));
    s->n_machines = MIN(s->n_machines, s->office->machines->n);
    uint32_t first = rng_below(&a->rng, s->office->machines->n);
    for (uint32_t i = 0; i < s->n_machines; i++) {
        s->machine[i] = (uint32_t) ((first + (uint64_t) i * s->office->machines->n / s->n_machines) % s->office->machines->n);
        s->next_ns[i] = s->from_ns + (int64_t) (rng_unit(&a->rng) * (double) s->every_ns);
    }
    a->acts = 4.0 * s->n_machines * (double) (s->until_ns - s->from_ns) / (double) s->every_ns;
    int e = make_queue(r, &s->queue, OPEN_MAX);
    return e < 0 ? e : replay_check_span(r, v, s->from_ns, s->until_ns, err);
}

/* It calls while the machine is on; else it waits for the next time. */
static void plan_call(struct pack_replay *r, struct actor *a, struct beacons *s, uint32_t i) {
    const struct network *o = s->office;
    int64_t at = s->next_ns[i], turn = (at - r->start_ns) / o->turn_ns;
    uint32_t n = o->machines->n, place = (uint32_t) ((s->machine[i] + (uint64_t) n * STRIDE - (uint64_t) (turn * STRIDE) % n) % n);
    if (place < o->inside->n)
        IGNORE(plan_talk(r, a, s->office, &s->queue, place, at, s->to->items[s->machine[i] % s->to->n], 1 + rng_below(&a->rng, 4)));
    s->next_ns[i] += (int64_t) ((0.9 + 0.2 * rng_unit(&a->rng)) * (double) s->every_ns);
}

static bool next_beacon(struct pack_replay *r, struct actor *a, struct act *ret) {
    struct beacons *s = a->state;
    for (;;) {
        uint32_t first = 0;
        for (uint32_t i = 1; i < s->n_machines; i++)
            if (s->next_ns[i] < s->next_ns[first])
                first = i;
        if (s->next_ns[first] >= s->until_ns || (s->queue.n && s->queue.queue[0].at_ns < s->next_ns[first]))
            return take_first(&s->queue, ret);
        plan_call(r, a, s, first);
    }
}

const struct actor_kind REPLAY_BEACON = {
    .name = "beacon", .what = "machines of a network that call somebody outside again and again",
    .why = "The firewall writes of it what it writes of every connection; that it comes back at about the same time is what such programs do, and no figure is a rule's.",
    .no_service = true, .size = sizeof(struct beacons), .keys = BEACON_KEYS, .settle = settle_beacons, .next = next_beacon};
