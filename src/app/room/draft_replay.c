/* What a machine plays and judges of a lesson: replay.yml with generators fitted to what was counted in the case, expect.yml of what noticed it,
 * the rule that would have noticed it soonest. Nothing of a log line is in it: counts, rates, products, and pools whose members are made anew out of
 * documentation ranges the case did not touch. Days are others with the same day of the week. See draft.h. */
#include "app/content/content.h"
#include "app/room/draft.h"
#include "base/hash.h"
#include "base/ip.h"

#include <math.h>

enum { SERVICES_MAX = 8, LEAD_MIN = 25, TAIL_MIN = 15, PEOPLE_MIN = 400 };

struct served { /* a service the attack tried */
    struct str name, login, web; /* products */
    int64_t first_ns, last_ns, tries, list, works;
    double per_hour; /* sign-ins of its own people */
};
struct fit {
    struct served at[SERVICES_MAX];
    size_t n;
    double exists;
    int64_t bots, six, looks, pages, look_after_s;
    int64_t from_ns, to_ns; /* of the replay, in the case's time */
};

/* ---- fitting ---- */

/* What a decoder reads is what a product writes. */
static const char *product_of(struct str decoder, bool web) {
    static const struct {
        const char *decoder, *product;
        bool web;
    } rows[] = {{"login", "login_event", false}, {"json", "login_event", false}, {"dovecot", "dovecot", false}, {"sshd", "sshd", false}, {"access", "nginx_access", true}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (str_eq_z(decoder, rows[i].decoder) && rows[i].web == web)
            return rows[i].product;
    return NULL;
}

static int64_t iso(const struct json_value *v, const char *key) {
    struct str s = draft_str(v, key);
    int64_t t;
    int offset;
    return s.n && time_parse_iso(s, &t, &offset) > 0 ? t : TIME_NONE;
}

/* Products of its sources, and the rate of its sign-ins where no rule counted them. */
static void fit_sources(const struct making *m, struct served *x) {
    const struct json_value *list = json_get_array(m->c, "sources");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        const char *login = product_of(draft_str(v, "decoder"), false), *web = product_of(draft_str(v, "decoder"), true);
        if (!str_eq(draft_str(v, "service"), x->name))
            continue;
        if (web)
            x->web = str_of(web);
        if (!login)
            continue;
        x->login = str_of(login);
        int64_t from = iso(v, "first_seen"), to = iso(v, "last_seen"), others = draft_i64(v, "lines", 0) - x->tries;
        if (x->per_hour <= 0 && from != TIME_NONE && to > from && others > 0)
            x->per_hour = (double) others * 3600 / ((double) (to - from) / (double) NS_PER_S);
    }
    if (!x->login.n)
        x->login = STR("login_event");
    x->per_hour = x->per_hour < 10 ? 10 : x->per_hour > 20000 ? 20000 : x->per_hour;
}

static double span_s(struct str s) {
    double n = 0;
    if (!s.n || str_to_double(str_to(s, s.n - 1), &n) < 0)
        return 0;
    return n * (s.p[s.n - 1] == 'h' ? 3600 : s.p[s.n - 1] == 'm' ? 60 : s.p[s.n - 1] == 'd' ? 86400 : 1);
}

static struct served *service_of(struct fit *f, struct str name) {
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->at[i].name, name))
            return &f->at[i];
    if (f->n == SERVICES_MAX || !name.n)
        return NULL;
    f->at[f->n] = (struct served){.name = name};
    return &f->at[f->n++];
}

static void fit_counted(const struct making *m, struct fit *f) {
    const struct json_value *list = json_get_array(m->c, "services"), *rules = json_get_object(m->c, "rules");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        struct served *x = service_of(f, draft_str(v, "name"));
        const struct json_value *rule = rules && draft_str(v, "rule_id").n ? json_get(rules, arena_dup_z(m->a, draft_str(v, "rule_id"))) : NULL;
        double over = rule ? span_s(draft_str(rule, "span")) : 0;
        if (!x)
            continue;
        x->first_ns = draft_i64(v, "first", m->first_ns);
        x->last_ns = draft_i64(v, "last", x->first_ns);
        x->tries = draft_i64(v, "tries", 1);
        x->list = draft_i64(v, "list", 0);
        if (over > 0)
            x->per_hour = (double) draft_i64(v, "successes", 0) * 3600 / over;
    }
    list = json_get_array(m->c, "reached");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        struct served *x = service_of(f, draft_str(v, "name"));
        if (!x || x->tries)
            continue;
        x->first_ns = draft_i64(v, "first", m->first_ns);
        x->last_ns = draft_i64(v, "last", x->first_ns);
        x->tries = draft_i64(v, "tries", 1);
    }
    list = json_get_array(m->c, "entered");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        struct served *x = service_of(f, draft_str(v, "service"));
        if (x)
            x->works += draft_i64(v, "n", 0);
    }
}

static bool fit_case(const struct making *m, struct fit *f) {
    const struct json_value *told = draft_first(m, "told"), *bots = draft_first(m, "attackers"), *looked = draft_first(m, "looked"), *entered = draft_first(m, "entered");
    *f = (struct fit){.exists = 1};
    fit_counted(m, f);
    double failures = (double) draft_i64(told, "failures", 0);
    if (failures > 0)
        f->exists = 1 - (double) draft_i64(told, "unknown", 0) / failures;
    f->bots = MIN(MAX(draft_i64(bots, "n", 1), 1), 5000);
    f->six = draft_i64(bots, "six", 0);
    f->looks = draft_i64(looked, "n", 0);
    f->pages = MIN(draft_i64(looked, "pages", 0), 8);
    if (f->looks && draft_i64(looked, "first", 0) > draft_i64(entered, "first", 0))
        f->look_after_s = MIN((draft_i64(looked, "first", 0) - draft_i64(entered, "first", 0)) / NS_PER_S, 86400);
    f->from_ns = f->n ? f->at[0].first_ns : m->first_ns;
    f->to_ns = f->from_ns;
    for (size_t i = 0; i < f->n; i++) {
        fit_sources(m, &f->at[i]);
        f->from_ns = MIN(f->from_ns, f->at[i].first_ns);
        f->to_ns = MAX(f->to_ns, f->at[i].last_ns);
        f->at[i].last_ns = MAX(f->at[i].last_ns, f->at[i].first_ns + 10 * NS_PER_S);
        f->at[i].works = MIN(f->at[i].works, f->at[i].tries);
    }
    f->from_ns -= LEAD_MIN * NS_PER_MIN;
    f->to_ns += TAIL_MIN * NS_PER_MIN;
    return f->n > 0;
}

/* ---- days and ranges ---- */

void draft_days(struct making *m) {
    static const int mondays[][3] = {{2018, 1, 1}, {2007, 1, 1}, {2001, 1, 1}};
    int64_t zone = TIME_JST_OFFSET_MIN * NS_PER_MIN, day = (m->first_ns + zone) / NS_PER_DAY, other = 0;
    for (size_t i = 0; i < ARRAY_SIZE(mondays); i++) {
        other = time_days_from_civil(mondays[i][0], mondays[i][1], mondays[i][2]) + (day + 3) % 7;
        if (llabs((long long) (other - day)) > 400)
            break;
    }
    m->shift_ns = (other - day) * NS_PER_DAY;
}

static const char *at(const struct making *m, int64_t t, char dst[TIME_ISO_CAP]) {
    return time_format_iso_offset(t + m->shift_ns, TIME_JST_OFFSET_MIN, 0, dst);
}

/* The case touched no address of it. */
static bool is_free(const struct making *m, const char *net) {
    struct ip_prefix p;
    struct ip ip;
    if (ip_prefix_parse(str_of(net), &p) < 0)
        return false;
    for (struct map_slot *s = NULL; (s = map_next(&m->d->taken, s));)
        if (ip_parse(s->key, &ip) == 0 && ip_prefix_contains(&p, &ip))
            return false;
    return true;
}

static void say_ranges(const struct making *m, const char *const *nets, unsigned want, struct buf *out) {
    unsigned n = 0;
    for (; *nets && n < want; nets++)
        if (is_free(m, *nets))
            buf_printf(out, "%s\"%s\"", n++ ? ", " : "", *nets);
    if (!n)
        buf_printf(out, "\"%s\"", nets[-1]);
}

static const char *const gateways[] = {"198.19.250.7/32", "198.19.251.7/32", "198.19.252.7/32", NULL};

static const char *gateway(const struct making *m) {
    const char *const *net = gateways;
    while (net[1] && !is_free(m, *net))
        net++;
    return *net;
}

static void letter(size_t i, char dst[2]) {
    dst[0] = (char) ('a' + i % 26);
    dst[1] = 0;
}

/* ---- replay.yml ---- */

static void say_pools(const struct making *m, const struct fit *f, struct buf *out);
void draft_pools(const struct making *m, int64_t people, int64_t sources, struct buf *out) {
    struct fit f = {.n = 1, .bots = sources, .at = {{.tries = people}}};
    say_pools(m, &f, out);
}

static void say_pools(const struct making *m, const struct fit *f, struct buf *out) {
    static const char *const bots[] = {"198.51.100.0/24", "203.0.113.0/24", "198.19.101.0/24", "198.19.102.0/24", "198.19.103.0/24", "198.19.104.0/24", NULL},
                             *const wide[] = {"198.19.128.0/20", "198.19.144.0/20", "198.19.160.0/20", "198.18.32.0/20", NULL}, *const six[] = {"3fff:bad::/48", "3fff:bae::/48", NULL},
                             *const homes[] = {"3fff:100::/36", "3fff:200::/36", "198.18.64.0/20", "198.18.80.0/20", "198.18.192.0/20", NULL};
    int64_t most = PEOPLE_MIN;
    for (size_t i = 0; i < f->n; i++)
        most = MAX(most, f->at[i].list ? f->at[i].list : f->at[i].tries);
    buf_add_z(out, "addresses:\n  homes: {from: [");
    say_ranges(m, homes, 3, out);
    buf_printf(out, "], n: %lld}\n  gateway: {from: [", (long long) most);
    buf_printf(out, "%s], n: 1}\n  sources: {from: [", gateway(m));
    say_ranges(m, f->bots > 400 ? wide : f->six * 2 > f->bots ? six : bots, 2, out);
    buf_printf(out, "], n: %lld}\n", (long long) f->bots);
    buf_printf(out, "accounts:\n  persons: {n: %lld}\n  colleagues: {n: 200}\n  misused: {n: 1}\n  list: {n: 8000}\n", (long long) MIN(most * 2, 200000));
    buf_add_z(out, "agents:\n  browsers:\n    list:\n"
                   "      - \"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1\"\n"
                   "      - \"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\"\n"
                   "  tool: {list: [\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.0.0 Safari/537.36\"]}\n");
}

static void say_people(const struct served *x, const char *l, bool first, struct buf *out) {
    double gateway = first ? MIN(x->per_hour * 0.15, 120.0) : 0;
    buf_printf(out, "  - {id: people-%s, kind: visitors, service: service-%s, per_hour: %.0f, accounts: persons, addresses: homes, agents: browsers%s}\n", l, l,
               MAX(x->per_hour - gateway, 1.0), x->web.n ? ", pages: [/start, /page1, /page2], views: 3" : "");
    if (first)
        buf_printf(out, "  - {id: colleagues, kind: visitors, service: service-%s, per_hour: %.0f, accounts: colleagues, addresses: gateway, agents: browsers, behind_one: 200}\n", l,
                   MAX(gateway, 20.0));
}

static void say_wave(const struct making *m, const struct fit *f, const struct served *x, const char *l, bool first, struct buf *out) {
    char from[TIME_ISO_CAP], until[TIME_ISO_CAP];
    buf_printf(out, "  - {id: wave-%s, kind: campaign, service: service-%s, from: %s, until: %s, tries: %lld, list_size: %lld, exists: %.2f, works: %lld, accounts: persons, addresses: sources, agents: tool", l, l,
               at(m, x->first_ns, from), at(m, x->last_ns, until), (long long) x->tries, (long long) (x->list ? MIN(x->list, x->tries) : x->tries), f->exists,
               (long long) MIN(x->works, x->list ? x->list : x->tries));
    if (first && x->web.n && x->works && f->looks && f->pages) {
        buf_printf(out, ", looks: %lld, look_after: %lld, pages: [", (long long) MIN(f->looks, x->works), (long long) MAX(f->look_after_s, 5));
        for (int64_t i = 0; i < f->pages; i++)
            buf_printf(out, "%s/page%lld", i ? ", " : "", (long long) i + 1);
        buf_add_z(out, "]");
    }
    buf_add_z(out, "}\n");
}

void draft_replay(struct making *m, struct buf *out) {
    struct fit f;
    char from[TIME_ISO_CAP], to[TIME_ISO_CAP], l[2];
    bool fits = fit_case(m, &f);
    if (!fits && draft_kinds_replay(m, out))
        return;
    if (!fits) {
        draft_gap(m, "replay");
        f.at[0] = (struct served){.name = STR(""), .login = STR("login_event"), .per_hour = 60};
        f.n = 1;
        f.bots = 1;
    }
    buf_add_z(out, fits ? "# Fitted to what was counted in the case: tries, accounts, sources, rates. Addresses are documentation ranges the case did not touch; names are made of the seed.\n"
                        : "# What happened in the case fits none of the generators yet: only people who sign in are played here.\n");
    buf_printf(out, "seed: 1\nstart: %s\nend: %s\nsources:\n", at(m, f.from_ns, from), at(m, f.to_ns, to));
    for (size_t i = 0; i < f.n; i++) {
        letter(i, l);
        buf_printf(out, "  - {name: login-%s, product: %.*s, service: service-%s, host: auth-%s}\n", l, STR_ARG(f.at[i].login), l, l);
        if (f.at[i].web.n)
            buf_printf(out, "  - {name: web-%s, product: %.*s, service: service-%s, host: web-%s}\n", l, STR_ARG(f.at[i].web), l, l);
    }
    say_pools(m, &f, out);
    buf_add_z(out, "actors:\n");
    for (size_t i = 0; i < f.n; i++) {
        letter(i, l);
        say_people(&f.at[i], l, i == 0, out);
        if (fits)
            say_wave(m, &f, &f.at[i], l, i == 0, out);
    }
    buf_add_z(out, "services:\n");
    for (size_t i = 0; i < f.n; i++) {
        letter(i, l);
        buf_printf(out, "  - {name: service-%s, title: {ja: サービス%c, en: Service %c}, owner: {ja: 担当部署, en: its department}}\n", l, 'A' + (int) i, 'A' + (int) i);
    }
}

/* ---- expect.yml ---- */

/* A third more than it took here, by half minutes, at least one. */
long long draft_allow(int64_t ns) {
    int64_t s = MAX(ns / NS_PER_S, 0);
    return (long long) MAX((s * 4 / 3 + 59) / 30 * 30, 60);
}

static void say_noticed(const struct making *m, const struct fit *f, struct buf *out) {
    const struct json_value *list = json_get_array(m->c, "kinds");
    struct str own = draft_str(draft_first(m, "case"), "kind");
    unsigned n = 0;
    buf_add_z(out, "noticed:\n");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        struct str kind = draft_str(v, "kind");
        bool entered = str_eq_z(kind, "success_after") && draft_i64(m->c, "stolen", 0) > 0, reached = str_eq_z(kind, "cross_service") && f->n > 1;
        if (!kind.n || !(str_eq(kind, own) || entered || reached)) /* what else another seed raises is not demanded */
            continue;
        buf_printf(out, "  - {kind: %.*s, within_s: %lld%s}\n", STR_ARG(kind), draft_allow(draft_i64(v, "detected", m->first_ns) - m->first_ns),
                   str_eq(kind, own) && f->n && !reached ? ", service: service-a" : entered ? ", accounts_at_least: 1" : "");
        n++;
    }
    if (!n)
        buf_printf(out, "  - {kind: %.*s, within_s: 300}\n", STR_ARG(own.n ? own : STR("report")));
}

static void range(struct buf *out, const char *key, int64_t n, int64_t low, int64_t high) {
    if (n > 0)
        buf_printf(out, "  %s: {at_least: %lld, at_most: %lld}\n", key, (long long) MAX(low, 1), (long long) high);
}

void draft_expect(struct making *m, struct buf *out) {
    struct fit f;
    bool fits = fit_case(m, &f);
    int64_t tried = 0, works = 0;
    if (fits || !draft_kinds_expect(m, out))
        say_noticed(m, &f, out);
    const struct json_value *list = json_get_array(m->c, "actions"), *v = list ? list->first : NULL;
    if (v)
        buf_add_z(out, "proposed:\n");
    for (; v; v = v->next)
        buf_printf(out, "  - {action: %.*s, within_s: %lld}\n", STR_ARG(draft_str(v, "kind")), draft_allow(draft_i64(v, "at", m->first_ns) - m->first_ns) + 60);
    for (size_t i = 0; i < f.n; i++) {
        tried += f.at[i].list ? f.at[i].list : f.at[i].tries;
        works += f.at[i].works;
    }
    if (fits) {
        buf_add_z(out, "scope:\n");
        range(out, "accounts_tried", tried, tried * 9 / 10, tried * 21 / 20 + 5);
        range(out, "accounts_stolen", works, works / 2, works + 1);
        range(out, "sources", f.bots, f.bots * 9 / 10, f.bots + f.bots / 10 + 1);
        buf_add_z(out, "incidents: {at_least: 1, at_most: 1}\n");
    }
    struct str net = str_of(gateway(m));
    buf_printf(out, "must_not:\n  - {blocked: %.*s, because: 200 accounts sign in from this gateway}\n", (int) net.n - 3, net.p);
}

/* ---- the rest ---- */

void draft_rules(struct making *m, struct buf *out) {
    struct fit f;
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    if (!fit_case(m, &f))
        return;
    const struct served *x = &f.at[0];
    double minutes = MAX((double) (x->last_ns - x->first_ns) / (double) NS_PER_MIN, 1.0), people = x->per_hour * 0.06 * 2 / 60;
    long long threshold = (long long) MAX(ceil((double) x->tries / minutes / 2), MAX(10 * people, 10.0));
    sha256_of(m->d->pack, sum);
    hex_encode(sum, sizeof sum, hex);
    buf_printf(out,
               "# The threshold is half of the rate this case had (%.0f failures a minute), and ten times what its own people mistype.\n"
               "title: Failed logins at one service as fast as in this lesson\n"
               "id: %.8s-%.4s-4%.3s-8%.3s-%.12s\n"
               "name: lesson_%.12s\n"
               "status: experimental\n"
               "description: Half of the rate of failed logins a closed case had. Watch only, until somebody has tried it on their own logs.\n"
               "correlation:\n    type: event_count\n    rules:\n        - login_failure\n    group-by:\n        - service.name\n    timespan: 1m\n    condition:\n        gte: %lld\n"
               "level: medium\n"
               "kizuki:\n    kind: burst\n    title_ja: この教訓と同じ速さの、一つのサービスでのログイン失敗\n",
               (double) x->tries / minutes, hex, hex + 8, hex + 12, hex + 15, hex + 18, hex, threshold);
}

void draft_controls(struct making *m, struct buf *out) {
    struct fit f;
    buf_add_z(out, "controls:\n");
    if (fit_case(m, &f) || !draft_kinds_fit(m))
        buf_add_z(out, "  - {id: logs-arrive, measure: login_logs_arrive, parameters: {all_services: true}, ja: すべてのサービスのログイン記録が届いていますか, en: Do the login records of every service arrive}\n");
    else
        draft_kinds_controls(m, out);
    buf_add_z(out, "  - {id: who-decides, attested: true, ja: どの時間帯にも止めてよい人と代わりの人が決まっていますか, en: \"Is it settled for every hour who may stop a service, and who stands in\"}\n");
}

/* The playbook with the fewest departures from it; one of people's own may name somebody. */
void draft_playbook(struct making *m, struct buf *out) {
    const struct json_value *run = draft_first(m, "runs");
    struct str source = draft_str(run, "source");
    if (source.n) {
        bool ours = str_eq_z(draft_str(run, "origin"), "shipped") || str_eq_z(draft_str(run, "origin"), "pack");
        ours ? buf_add(out, source) : draft_marked(out, source);
        return;
    }
    draft_gap(m, "playbook");
    buf_add_z(out, "id: response\ntitle: {ja: 対処, en: Response}\ntypes: [investigation]\nsteps:\n"
                   "  - {id: look, kind: check, lane: ciso_csirt, within: 5m, ja: 根拠を確かめる, en: Check the grounds, next: end}\n");
}

static void quoted(struct buf *out, const struct buf *words) {
    struct str s = str_trim(buf_str(words));
    buf_add_byte(out, '"');
    for (size_t i = 0; i < s.n && i < 1900; i++)
        buf_add_byte(out, s.p[i] == '"' || s.p[i] == '\\' ? '\'' : s.p[i] == '\n' ? ' ' : s.p[i]);
    buf_add_byte(out, '"');
}

static void both(struct making *m, const char *key, void (*say)(struct making *, bool, struct buf *), struct buf *out) {
    struct buf words;
    buf_printf(out, "%s:\n", key);
    for (int ja = 1; ja >= 0; ja--) {
        buf_init(&words, 1u << 20);
        say(m, ja != 0, &words);
        buf_add_z(out, ja ? "  ja: " : "  en: ");
        quoted(out, &words);
        buf_add_byte(out, '\n');
        buf_done(&words);
    }
}

/* "login/50_by_service" of a path below content/rules; empty: somebody's own, which nobody else has. */
static struct str rule_path(const struct json_value *rule) {
    struct str file = draft_str(rule, "file"), s = draft_is_shipped(rule) ? str_from(file, strlen(content_dir()) + STR("/rules/").n) : STR("");
    return str_ends(s, STR(".yml")) ? str_to(s, s.n - 4) : STR("");
}

bool draft_is_shipped(const struct json_value *rule) {
    struct str file = draft_str(rule, "file"), dir = str_of(content_dir());
    return str_starts(file, dir) && str_starts(str_from(file, dir.n), STR("/rules/"));
}

static void say_rule_files(const struct making *m, struct buf *out) {
    const struct json_value *list = json_get_array(m->c, "kinds"), *rules = json_get_object(m->c, "rules");
    struct str seen[16];
    size_t n = 0;
    buf_add_z(out, "rules: [");
    for (const struct json_value *v = list ? list->first : NULL; v && n < ARRAY_SIZE(seen); v = v->next) {
        const struct json_value *rule = rules && draft_str(v, "rule_id").n ? json_get(rules, arena_dup_z(m->a, draft_str(v, "rule_id"))) : NULL;
        struct str path = rule ? rule_path(rule) : STR("");
        bool again = !path.n;
        for (size_t i = 0; i < n; i++)
            again = again || str_eq(seen[i], path);
        if (again)
            continue;
        buf_printf(out, "%s%.*s", n ? ", " : "", STR_ARG(path));
        seen[n++] = path;
    }
    buf_add_z(out, "]\n");
}

void draft_head(struct making *m, struct buf *out) {
    const struct json_value *c = draft_first(m, "case");
    struct str kind = draft_str(c, "kind");
    struct time_civil now;
    time_to_civil(m->first_ns + m->shift_ns, TIME_JST_OFFSET_MIN, &now);
    buf_printf(out, "id: %.*s\nversion: 1\n", STR_ARG(m->d->pack));
    both(m, "title", draft_title, out);
    both(m, "summary", draft_three_lines, out);
    /* the day says nothing of the case: it is that of the replay */
    buf_printf(out, "source:\n  ja: 匿名にした一つの事案\n  en: one case, made anonymous\n  publisher: 提供元の同意のもとに匿名\n  last_checked: %04d-%02d-%02d\n", now.year, now.month, now.day);
    buf_printf(out, "sector: [other]\nthreat: %s\nfactor: [%.*s]\nreader_level: basic\ntlp: AMBER\ninfo_class: %s\n", kind.n ? "intentional" : "other", STR_ARG(kind.n ? kind : STR("unknown")),
               kind.n ? "attack" : "failure");
    say_rule_files(m, out);
    buf_add_z(out, "lessons:\n"
                   "  - id: first-trace\n    ja: 気付くまでの時間は、ログが届くまでの時間と規則の間隔より短くなりません。\n    en: Nothing is noticed sooner than its log arrives and its rule counts.\n"
                   "  - id: who-may-stop\n    ja: 誰が止めてよいかを、時間帯ごとに決めておきます。\n    en: Settle for each hour of the day who may stop what.\n"
                   "measures:\n  - {id: watch, horizon: early, ja: この教訓の規則を自組織のログで試す, en: Try the rules of this lesson on one's own logs}\n");
    bool any = false;
    for (int i = CASE_NOTICED; i < CASE_TIME_MAX_; i++) {
        int64_t at = draft_time(m, (enum case_time) i), s = at == TIME_NONE ? -1 : MAX((at - m->first_ns) / NS_PER_S, 0);
        if (s < 0)
            continue;
        buf_printf(out, "%s  - {id: %s, time: %s, ja: この事案での%sまで, en: \"%s in this case\", at_least_s: %lld, at_most_s: %lld}\n", any ? "" : "figures:\n", CASE_TIMES[i].key,
                   CASE_TIMES[i].id, CASE_TIMES[i].ja, CASE_TIMES[i].en, (long long) s, (long long) s);
        any = true;
    }
}
