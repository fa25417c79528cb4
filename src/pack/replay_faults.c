/* What goes wrong with logs themselves: a source that falls silent, a machine whose clock is off. Nothing is written for them: lines that
 * others would write are missing, or bear another time than they arrive at. */
#include "pack/replay_priv.h"

struct fault {
    struct replay_fault f;
};

static const struct replay_key SILENCE_KEYS[] = {
    {"source", KEY_WORD, offsetof(struct fault, f.source), .needed = true, .most = 64, .help = "the name of a source"},
    {"from", KEY_TIME, offsetof(struct fault, f.from_ns), .needed = true, .help = "its last line was before"},
    {"until", KEY_TIME, offsetof(struct fault, f.until_ns), .otherwise = 1, .help = "when it speaks again (not in this story)"},
    {0},
};
static const struct replay_key CLOCK_KEYS[] = {
    {"host", KEY_WORD, offsetof(struct fault, f.host), .needed = true, .most = 200, .help = "the machine, as the sources name it"},
    {"from", KEY_TIME, offsetof(struct fault, f.from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct fault, f.until_ns), .otherwise = 1, .help = "when it is set right (not in this story)"},
    {"off", KEY_SPAN, offsetof(struct fault, f.off_ns), .needed = true, .least = -86400 * 400.0, .most = 86400 * 400.0, .help = "how far its clock is ahead: 9h, 90s, -9h"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    const struct fault *s = a->state;
    bool known = false;
    for (size_t i = 0; i < r->n_sources && !known; i++)
        known = s->f.source.n ? str_eq(r->sources[i].shown.name, s->f.source) : str_eq(r->sources[i].shown.host, s->f.host);
    if (!known)
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, s->f.source.n ? "source" : "host"), "none of the sources has this name");
    int e = replay_check_span(r, v, s->f.from_ns, s->f.until_ns, err);
    return e < 0 ? e : replay_add_fault(r, &s->f);
}

const struct actor_kind REPLAY_SILENCE = {
    .name = "silence", .what = "a source that falls silent",
    .why = "It writes nothing at all; that lines are missing is all there is to notice.",
    .no_service = true, .size = sizeof(struct fault), .keys = SILENCE_KEYS, .settle = settle};
const struct actor_kind REPLAY_CLOCK = {
    .name = "clock", .what = "a machine whose clock is wrong",
    .why = "It writes nothing itself; others' lines bear the time of a wrong clock and still arrive when they do.",
    .no_service = true, .size = sizeof(struct fault), .keys = CLOCK_KEYS, .settle = settle};
