/* File changes: a program writes, makes or removes files of a list, one after another. A '%' in a path is the running number, so that a
 * few words are many files. */
#include "pack/replay_priv.h"

enum { PATH_CAP = 600 };
struct files {
    struct replay_rate rate;
    int64_t from_ns, until_ns;
    const struct pool *accounts, *clients;
    struct pool paths;
    struct str program, suffix;
    uint32_t change, at;
    char path[PATH_CAP]; /* of the act at hand */
};

static const struct replay_key KEYS[] = {
    {"per_hour", KEY_RATE, offsetof(struct files, rate), .most = 1e6, .otherwise = 6, .help = "files an hour, one number or 24 by hour of the day"},
    {"from", KEY_TIME, offsetof(struct files, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct files, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"accounts", KEY_ACCOUNTS, offsetof(struct files, accounts), .needed = true, .help = "a pool: as whom"},
    {"clients", KEY_ADDRESSES, offsetof(struct files, clients), .help = "a pool: from which machines, where a share is written to over the network"},
    {"paths", KEY_WORDS, offsetof(struct files, paths), .needed = true, .help = "the files, taken in turn; % is the running number"},
    {"program", KEY_WORD, offsetof(struct files, program), .most = 200, .words = "/usr/bin/rsync", .help = "what changes them"},
    {"change", KEY_CHOICE, offsetof(struct files, change), .words = "written made removed", .help = "what happens to them"},
    {"suffix", KEY_WORD, offsetof(struct files, suffix), .most = 40, .words = "", .help = "what is put behind each name"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct files *s = a->state;
    return replay_rate_settle(r, a, v, &s->rate, s->from_ns, s->until_ns, 3, err);
}

/* The path with the number in the place of each '%'. */
static struct str numbered(struct files *s, struct str path) {
    size_t n = 0;
    for (size_t i = 0; i < path.n && n + 12 < sizeof s->path; i++)
        if (path.p[i] == '%')
            n += (size_t) snprintf(s->path + n, sizeof s->path - n, "%u", s->at / s->paths.n);
        else
            s->path[n++] = path.p[i];
    return str_n(s->path, n);
}

static bool next(struct pack_replay *r UNUSED, struct actor *a, struct act *ret) {
    struct files *s = a->state;
    if (s->rate.next_ns >= s->until_ns)
        return false;
    *ret = (struct act){
        .at_ns = s->rate.next_ns,
        .what = ACT_FILE,
        .account = pool_any(s->accounts, &a->rng),
        .path = numbered(s, s->paths.items[s->at % s->paths.n]),
        .address = s->clients ? pool_any(s->clients, &a->rng) : STR("127.0.0.1"),
        .suffix = s->suffix,
        .program = s->program,
        .change = (enum file_change) s->change,
        .success = true,
        .port = rng_below(&a->rng, 30000) + 1000,
        .bytes = rng_below(&a->rng, 1 << 20),
    };
    s->at++;
    replay_rate_next(a, &s->rate);
    return true;
}

const struct actor_kind REPLAY_FILES = {
    .name = "files", .what = "a program that writes, makes or removes files",
    .why = "Names, program and pace are the story's; an audit daemon writes the same lines for a release and for a tampered page.",
    .size = sizeof(struct files), .keys = KEYS, .settle = settle, .next = next};
