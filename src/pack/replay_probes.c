/* Somebody who tries holes on a web site: a list of requests, one address after the other. What the site answers is the site's. */
#include "pack/replay_priv.h"

#include "base/hash.h"

struct probes {
    int64_t from_ns, until_ns;
    uint32_t tries, made, first;
    const struct pool *addresses, *agents;
    struct pool requests, pages;
};

static const struct replay_key KEYS[] = {
    {"from", KEY_TIME, offsetof(struct probes, from_ns), .help = "the first request (with the story)"},
    {"until", KEY_TIME, offsetof(struct probes, until_ns), .otherwise = 1, .help = "the last request (with the story)"},
    {"tries", KEY_COUNT, offsetof(struct probes, tries), .least = 1, .most = 1e7, .otherwise = 1, .help = "how many requests"},
    {"addresses", KEY_ADDRESSES, offsetof(struct probes, addresses), .needed = true, .help = "a pool: where from, one after the other"},
    {"agents", KEY_AGENTS, offsetof(struct probes, agents), .needed = true, .help = "a pool: with what"},
    {"requests", KEY_WORDS, offsetof(struct probes, requests), .needed = true, .help = "\"GET /path\" as the tools send them; {n} is a number and {w} a word of chance"},
    {"pages", KEY_WORDS, offsetof(struct probes, pages), .help = "paths the site has: they are answered as always, all else is not found"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct probes *s = a->state;
    int e = replay_check_span(r, v, s->from_ns, s->until_ns, err);
    a->acts = s->tries;
    for (uint32_t i = 0; e == 0 && i < s->requests.n; i++)
        if (str_find(s->requests.items[i], STR(" /"), 0) < 1)
            e = yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, "requests"), "a request is a method and a path, like \"GET /index.html\"");
    s->first = s->requests.n ? rng_below(&a->rng, s->requests.n) : 0;
    return e;
}

/* {n} and {w} by chance, as tools make what they look for again in the answer. */
static struct str filled(struct pack_replay *r, struct rng *g, struct str form) {
    struct buf out;
    buf_init(&out, REPLAY_LINE_MAX);
    while (form.n) {
        if (str_starts(form, STR("{n}"))) {
            buf_printf(&out, "%u", 1000 + rng_below(g, 9000));
            form = str_from(form, 3);
        } else if (str_starts(form, STR("{w}"))) {
            for (unsigned i = 0; i < 6; i++)
                buf_add_byte(&out, (char) ('a' + rng_below(g, 26)));
            form = str_from(form, 3);
        } else {
            buf_add_byte(&out, form.p[0]);
            form = str_from(form, 1);
        }
    }
    struct str s = arena_dup(&r->arena, buf_str(&out));
    buf_done(&out);
    return s.p ? s : STR("/");
}

/* A page that is there is answered as to anybody; a path that climbs out of the site is refused by the server itself. */
static void answer(const struct probes *s, struct rng *g, struct act *act) {
    ptrdiff_t query = str_find(act->path, STR("?"), 0);
    struct str stem = query < 0 ? act->path : str_to(act->path, (size_t) query);
    act->status = str_find(stem, STR("/../../../"), 0) >= 0 || str_find(stem, STR("/.%2e/.%2e/"), 0) >= 0 ? 400 : 404;
    act->bytes = act->status == 400 ? 157 : 153;
    for (uint32_t i = 0; i < s->pages.n; i++)
        if (str_eq(stem, s->pages.items[i])) {
            act->status = 200;
            act->bytes = 4000 + (uint32_t) (hash_fast(stem, 1) % 9000) + rng_below(g, 40);
        }
}

static bool next(struct pack_replay *r, struct actor *a, struct act *ret) {
    struct probes *s = a->state;
    if (s->made == s->tries)
        return false;
    double at = ((double) s->made + rng_unit(&a->rng)) / (double) s->tries;
    uint32_t who = (uint32_t) ((uint64_t) s->made * s->addresses->n / s->tries);
    struct str form = s->requests.items[(s->first + (uint64_t) s->made * 7919u) % s->requests.n];
    ptrdiff_t blank = str_find(form, STR(" "), 0);
    *ret = (struct act){
        .at_ns = s->from_ns + (int64_t) (at * (double) (s->until_ns - s->from_ns)),
        .what = ACT_REQUEST,
        .address = s->addresses->items[who],
        .agent = s->agents->items[hash_fast(s->addresses->items[who], r->seed) % s->agents->n],
        .method = str_to(form, (size_t) blank),
        .port = 1024 + rng_below(&a->rng, 60000),
    };
    ret->path = filled(r, &a->rng, str_from(form, (size_t) blank + 1));
    answer(s, &a->rng, ret);
    s->made++;
    return true;
}

const struct actor_kind REPLAY_PROBES = {
    .name = "probes", .what = "somebody who tries holes on a web site",
    .why = "The requests are the story's, as published tools and lists have them, most of them known to no rule; the answers are those of a site that has no such hole.",
    .size = sizeof(struct probes), .keys = KEYS, .settle = settle, .next = next};
