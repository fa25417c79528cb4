/* A number of a machine over time: points joined by straight lines, a swing by the hour of the day, some noise. */
#include "pack/replay_priv.h"

#include <math.h>

struct metric {
    int64_t from_ns, until_ns, every_ns, next_ns;
    struct replay_curve curve;
    struct str name, host, resource;
    double swing, noise, limit;
};

static const struct replay_key KEYS[] = {
    {"host", KEY_WORD, offsetof(struct metric, host), .needed = true, .most = 200, .help = "the machine"},
    {"metric", KEY_WORD, offsetof(struct metric, name), .needed = true, .most = 64, .help = "what is measured, as a share of what there is: cpu, memory, disk (metricbeat, collectd); swap, inodes, tablespace, sessions, conntrack, files, processes, queue (collectd)"},
    {"resource", KEY_WORD, offsetof(struct metric, resource), .most = 200, .help = "which one: a mount point, a queue"},
    {"limit", KEY_NUMBER, offsetof(struct metric, limit), .least = 1, .most = 1e15, .otherwise = 100, .help = "how much there is"},
    {"from", KEY_TIME, offsetof(struct metric, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct metric, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"every", KEY_SPAN, offsetof(struct metric, every_ns), .least = 1, .most = 86400, .otherwise = 10, .help = "how often it is measured"},
    {"curve", KEY_CURVE, offsetof(struct metric, curve), .needed = true, .most = 1, .help = "points: [{at: TIME, value: 0.4}…]"},
    {"swing", KEY_NUMBER, offsetof(struct metric, swing), .most = 1, .help = "how much more there is in the afternoon than at night"},
    {"noise", KEY_NUMBER, offsetof(struct metric, noise), .most = 1, .otherwise = 0.02, .help = "how much it jumps from one time to the next"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct metric *s = a->state;
    int e = replay_check_span(r, v, s->from_ns, s->until_ns, err);
    static const char *const names[] = {"cpu", "memory", "disk", "swap", "inodes", "tablespace", "sessions", "conntrack", "files", "processes", "queue"};
    size_t i = 0;
    while (i < ARRAY_SIZE(names) && !str_eq_z(s->name, names[i]))
        i++;
    if (i == ARRAY_SIZE(names))
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, "metric"), "'metric' is cpu, memory, disk or another resource of `kizuki pack generators`");
    a->acts = (double) (s->until_ns - s->from_ns) / (double) s->every_ns;
    s->next_ns = s->from_ns;
    return e;
}

static double value_at(const struct replay_curve *c, int64_t at_ns) {
    uint32_t i = 0;
    while (i < c->n && c->p[i].at_ns <= at_ns)
        i++;
    if (i == 0 || i == c->n)
        return c->p[i ? c->n - 1 : 0].value;
    const struct curve_point *p = &c->p[i - 1], *q = &c->p[i];
    return p->value + (q->value - p->value) * (double) (at_ns - p->at_ns) / (double) (q->at_ns - p->at_ns);
}

static bool next(struct pack_replay *r UNUSED, struct actor *a, struct act *ret) {
    struct metric *s = a->state;
    struct time_civil c;
    if (s->next_ns >= s->until_ns)
        return false;
    time_to_civil(s->next_ns, TIME_JST_OFFSET_MIN, &c);
    double hour = c.hour + c.minute / 60.0, day = 0.5 - 0.5 * cos((hour - 2) / 24 * 6.283185307179586);
    double v = value_at(&s->curve, s->next_ns) + s->swing * day + s->noise * (rng_unit(&a->rng) - 0.5);
    *ret = (struct act){.at_ns = s->next_ns, .what = ACT_METRIC, .host = s->host, .text = s->name, .path = s->resource, .limit = s->limit, .value = MIN(MAX(v, 0), 1)};
    s->next_ns += s->every_ns;
    return true;
}

const struct actor_kind REPLAY_METRIC = {
    .name = "metric", .what = "a number of a machine over time: processor, memory, disk, sessions, a queue",
    .why = "A curve has the points the story gives; what is too much is nowhere in it.",
    .no_service = true, .size = sizeof(struct metric), .keys = KEYS, .settle = settle, .next = next};
