/* A letter to a whole list: one text after the other to so many recipients at once, by a program on the mail server itself. */
#include "pack/replay_priv.h"

enum { GROUPS_MAX = 16, AT_ONCE_MAX = 1000 };

struct bulk {
    int64_t from_ns, until_ns;
    struct pool list;
    struct str sender, domain, program_user;
    double bounces;
    uint32_t at_once, bytes, made, total;
    struct group {
        uint32_t n, left;
        struct str domain; /* "*.example.jp": organisations below it */
    } groups[GROUPS_MAX];
    uint32_t message; /* what tells the message under way from others */
};

static const struct replay_key KEYS[] = {
    {"from", KEY_TIME, offsetof(struct bulk, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct bulk, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {"list", KEY_WORDS, offsetof(struct bulk, list), .needed = true, .help = "\"8050 *.gov.example.jp\": how many recipients at which domain; * is an organisation of chance"},
    {"sender", KEY_WORD, offsetof(struct bulk, sender), .most = 100, .words = "info", .help = "who the mail says it is from"},
    {"domain", KEY_WORD, offsetof(struct bulk, domain), .most = 200, .words = "example.jp", .help = "of the sender"},
    {"user", KEY_WORD, offsetof(struct bulk, program_user), .most = 32, .words = "www-data", .help = "whose program hands it in"},
    {"at_once", KEY_COUNT, offsetof(struct bulk, at_once), .least = 1, .most = AT_ONCE_MAX, .otherwise = 40, .help = "recipients of one message"},
    {"bounces", KEY_NUMBER, offsetof(struct bulk, bounces), .most = 1, .otherwise = 0.02, .help = "share that comes back"},
    {"bytes", KEY_COUNT, offsetof(struct bulk, bytes), .least = 200, .most = 5e7, .otherwise = 24000, .help = "size of the mail"},
    {0},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct bulk *s = a->state;
    double total = 0;
    if (s->list.n > GROUPS_MAX)
        return yaml_error(err, -ERR_LIMIT, r->file, yaml_get(v, "list"), "'list' has at most %d rows", GROUPS_MAX);
    for (uint32_t i = 0; i < s->list.n; i++) {
        struct str row = s->list.items[i], n;
        int64_t many;
        if (!str_split(&row, ' ', &n) || str_to_i64(n, &many) < 0 || many < 1 || many > REPLAY_POOL_MAX || !row.n)
            return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, "list"), "a row of 'list' is a number and a domain, like \"8050 *.gov.example.jp\"");
        s->groups[i] = (struct group){(uint32_t) many, (uint32_t) many, row};
        total += (double) many;
    }
    int e = replay_check_span(r, v, s->from_ns, s->until_ns, err);
    if (e == 0)
        e = replay_take_items(r, v, total, err);
    s->total = (uint32_t) MIN(total, (double) REPLAY_POOL_MAX);
    a->acts = total;
    return e;
}

/* Recipients come in no order of their groups, as lists do; few organisations have many. */
static struct str recipient(struct pack_replay *r, struct actor *a, struct bulk *s, struct str *ret_domain) {
    uint32_t at = rng_below(&a->rng, s->total - s->made), i = 0;
    while (at >= s->groups[i].left)
        at -= s->groups[i++].left;
    s->groups[i].left--;
    *ret_domain = s->groups[i].domain;
    if (str_starts(*ret_domain, STR("*"))) {
        double u = rng_unit(&a->rng);
        *ret_domain = arena_printf(&r->arena, "o%u%.*s", (unsigned) (u * u * u * (4 + s->groups[i].n / 12)), STR_ARG(str_from(*ret_domain, 1)));
    }
    return arena_printf(&r->arena, "m%05u", rng_below(&a->rng, 90000));
}

static bool next(struct pack_replay *r, struct actor *a, struct act *ret) {
    struct bulk *s = a->state;
    if (s->made == s->total)
        return false;
    uint32_t place = s->made % s->at_once;
    if (place == 0)
        s->message = rng_below(&a->rng, 0x7fffffff);
    *ret = (struct act){
        .at_ns = s->from_ns + (int64_t) ((double) s->made / (double) s->total * (double) (s->until_ns - s->from_ns)),
        .what = ACT_MAIL,
        .account = s->sender,
        .domain = s->domain,
        .program = s->program_user,
        .success = rng_unit(&a->rng) >= s->bounces,
        .bytes = s->bytes,
        .port = s->message,
        .recipients = MIN(s->at_once, s->total - s->made + place),
        .continues = place > 0,
    };
    ret->to = recipient(r, a, s, &ret->to_domain);
    s->made++;
    ret->goes_on = s->made % s->at_once && s->made < s->total;
    return ret->to.p && ret->to_domain.p;
}

const struct actor_kind REPLAY_BULK = {
    .name = "bulk", .what = "one text to a whole list of recipients, many in a message",
    .why = "The server logs every recipient, whoever made the list and whether or not it is welcome; numbers and domains are the story's.",
    .size = sizeof(struct bulk), .keys = KEYS, .settle = settle, .next = next};
