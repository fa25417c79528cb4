/* What people report to Kizuki's own form or desk: a kind, by web or telephone, about a service. What is played is the record Kizuki leaves of each report for
 * its rules (who reported and what was written does not stand in it). */
#include "pack/replay_priv.h"

struct reports {
    struct replay_rate rate;
    int64_t from_ns, until_ns;
    struct str about;
    double by_phone;
};

static const struct replay_key KEYS[] = {
    {"per_hour", KEY_RATE, offsetof(struct reports, rate), .most = 10000, .otherwise = 1, .help = "reports an hour, one number or 24 by hour of the day"},
    {"from", KEY_TIME, offsetof(struct reports, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct reports, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"about", KEY_WORD, offsetof(struct reports, about), .needed = true, .most = 32, .help = "the kind, as the form has it: mail, site, slow, account, …"},
    {"by_phone", KEY_NUMBER, offsetof(struct reports, by_phone), .most = 1, .otherwise = 0.5, .help = "share that is told by telephone and typed in at a desk"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct reports *s = a->state;
    return replay_rate_settle(r, a, v, &s->rate, s->from_ns, s->until_ns, 1, err);
}

static bool next(struct pack_replay *r UNUSED, struct actor *a, struct act *ret) {
    struct reports *s = a->state;
    if (s->rate.next_ns >= s->until_ns)
        return false;
    *ret = (struct act){
        .at_ns = s->rate.next_ns,
        .what = ACT_REPORT,
        .text = s->about,
        .method = rng_unit(&a->rng) < s->by_phone ? STR("phone") : STR("web"),
        .port = rng_below(&a->rng, 0x7fffffff),
    };
    replay_rate_next(a, &s->rate);
    return true;
}

const struct actor_kind REPLAY_REPORTS = {
    .name = "reports", .what = "people who report something to Kizuki's form or desk",
    .why = "How many call and when is the story's; staff of shops and readers of pages notice what no log says, and a few report on quiet days, too.",
    .size = sizeof(struct reports), .keys = KEYS, .settle = settle, .next = next};
