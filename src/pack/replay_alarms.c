/* What a product on terminals says: now and then an alarm, once a day how it is. */
#include "pack/replay_priv.h"

#include "base/hash.h"

struct alarms {
    struct replay_rate rate;
    int64_t from_ns, until_ns;
    const struct pool *accounts;
    struct pool terminals, titles;
    struct str program;
    uint32_t severity;
    double stopped;
};

static const struct replay_key ALARM_KEYS[] = {
    {"per_hour", KEY_RATE, offsetof(struct alarms, rate), .most = 1e4, .otherwise = 1, .help = "alarms an hour, one number or 24 by hour of the day"},
    {"from", KEY_TIME, offsetof(struct alarms, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct alarms, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"terminals", KEY_WORDS, offsetof(struct alarms, terminals), .needed = true, .help = "names of the machines"},
    {"accounts", KEY_ACCOUNTS, offsetof(struct alarms, accounts), .needed = true, .help = "a pool: who sits at them, each at one"},
    {"titles", KEY_WORDS, offsetof(struct alarms, titles), .needed = true, .help = "what the product calls what it saw, taken at random"},
    {"severity", KEY_CHOICE, offsetof(struct alarms, severity), .words = "low medium high critical", .help = "how grave the product finds it"},
    {"program", KEY_WORD, offsetof(struct alarms, program), .most = 200, .words = "invoice.exe", .help = "the file it is about"},
    {"stopped", KEY_NUMBER, offsetof(struct alarms, stopped), .most = 1, .help = "share that the product stopped by itself"},
    {0},
};

static int settle_alarms(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct alarms *s = a->state;
    return replay_rate_settle(r, a, v, &s->rate, s->from_ns, s->until_ns, 1, err);
}

static bool next_alarm(struct pack_replay *r UNUSED, struct actor *a, struct act *ret) {
    struct alarms *s = a->state;
    if (s->rate.next_ns >= s->until_ns)
        return false;
    uint32_t which = rng_below(&a->rng, s->terminals.n);
    *ret = (struct act){
        .at_ns = s->rate.next_ns,
        .what = ACT_ALARM,
        .domain = s->terminals.items[which],
        .account = s->accounts->items[which % s->accounts->n],
        .text = s->titles.items[rng_below(&a->rng, s->titles.n)],
        .program = s->program,
        .value = s->severity,
        .success = rng_unit(&a->rng) < s->stopped,
        .port = 1 + rng_below(&a->rng, 60000),
        .bytes = rng_below(&a->rng, 1 << 20),
    };
    replay_rate_next(a, &s->rate);
    return true;
}

const struct actor_kind REPLAY_ALARMS = {
    .name = "alarms", .what = "a product on terminals that raises alarms",
    .why = "Products of several makers write the same alarm in their own words; what counts as grave is each product's own.",
    .size = sizeof(struct alarms), .keys = ALARM_KEYS, .settle = settle_alarms, .next = next_alarm};

/* --- how terminals are: once a day each says how old its signatures and its last scan are --- */

struct terminals {
    int64_t from_ns, until_ns, day_ns;
    struct pool names;
    const struct pool *accounts;
    double behind, off;
    uint32_t days_behind, at;
};

static const struct replay_key TERMINAL_KEYS[] = {
    {"from", KEY_TIME, offsetof(struct terminals, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct terminals, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"terminals", KEY_WORDS, offsetof(struct terminals, names), .needed = true, .help = "names of the machines"},
    {"accounts", KEY_ACCOUNTS, offsetof(struct terminals, accounts), .needed = true, .help = "a pool: who sits at them, each at one"},
    {"behind", KEY_NUMBER, offsetof(struct terminals, behind), .most = 1, .help = "share of them that get no new signatures"},
    {"days_behind", KEY_COUNT, offsetof(struct terminals, days_behind), .least = 0, .most = 3650, .otherwise = 20, .help = "how old theirs are when it begins"},
    {"off", KEY_NUMBER, offsetof(struct terminals, off), .most = 1, .otherwise = 0.1, .help = "share of days on which one is not switched on"},
    {0},
};

static int settle_terminals(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct terminals *s = a->state;
    int e = replay_check_span(r, v, s->from_ns, s->until_ns, err);
    s->day_ns = s->from_ns;
    a->acts = (double) (s->until_ns - s->from_ns) / (double) NS_PER_DAY * s->names.n;
    return e;
}

static bool next_terminal(struct pack_replay *r, struct actor *a, struct act *ret) {
    struct terminals *s = a->state;
    for (;;) {
        int64_t at = s->day_ns + (int64_t) s->at * (NS_PER_HOUR / 2 / s->names.n);
        if (at >= s->until_ns)
            return false;
        uint32_t which = s->at++, days = (uint32_t) ((s->day_ns - s->from_ns) / NS_PER_DAY);
        if (s->at == s->names.n) {
            s->at = 0;
            s->day_ns += NS_PER_DAY;
        }
        bool off = rng_unit(&a->rng) < s->off;
        if (off)
            continue;
        bool behind = (double) (hash_mix(hash_fast(s->names.items[which], r->seed), 7) % 1000) < s->behind * 1000;
        *ret = (struct act){
            .at_ns = at,
            .what = ACT_HEALTH,
            .domain = s->names.items[which],
            .account = s->accounts->items[which % s->accounts->n],
            .value = behind ? s->days_behind + days : rng_below(&a->rng, 2),
            .seconds = rng_below(&a->rng, 6),
            .port = 1 + rng_below(&a->rng, 60000),
        };
        return true;
    }
}

const struct actor_kind REPLAY_TERMINALS = {
    .name = "terminals", .what = "terminals that say once a day how old their signatures and their last scan are",
    .why = "Every terminal says it in the same way; how old is too old is nowhere in it.",
    .size = sizeof(struct terminals), .keys = TERMINAL_KEYS, .settle = settle_terminals, .next = next_terminal};
