/* Judging a login; see login.h. No database here. */
#include "room/login.h"

#include "base/hash.h"
#include "base/sign.h"
#include "base/yaml.h"

#include <math.h>

const char *const login_answer_words[LOGIN_ANSWER_MAX_] = {[LOGIN_ALLOW] = "allow", [LOGIN_ASK] = "ask", [LOGIN_DENY] = "deny"};

/* A home that changes its network (15) is let in; with another browser or device it is asked; who attacks is refused. */
static const struct {
    const char *word;
    int64_t points;
} reasons[REASON_MAX_] = {
    [REASON_NO_HISTORY] = {"no_history", 10},   [REASON_NEW_NETWORK] = {"new_network", 15},     [REASON_NEW_COUNTRY] = {"new_country", 35},
    [REASON_NEW_DEVICE] = {"new_device", 20},   [REASON_NEW_BROWSER] = {"new_browser", 15},     [REASON_UNUSUAL_HOUR] = {"unusual_hour", 10},
    [REASON_TRAVEL] = {"travel", 60},           [REASON_MANY_ACCOUNTS] = {"many_accounts", 50}, [REASON_ATTACKER] = {"attacker", 100},
    [REASON_DENIED_BEFORE] = {"denied_before", 100}, [REASON_FAILED] = {"failed", 0},
};
const char *login_reason_word(enum login_reason r) {
    return reasons[r].word;
}

/* ---- the rules ---- */

static int wrong(const char *file, const struct yaml_node *at, struct diag *err, const char *text) {
    return yaml_error(err, -ERR_PARSE, file, at, "%s", text);
}

static int read_answer(const struct yaml_node *v, const char *file, enum login_answer *ret, struct diag *err) {
    for (int i = 0; v->kind == YAML_SCALAR && i < LOGIN_ANSWER_MAX_; i++)
        if (str_eq_z(v->text, login_answer_words[i])) {
            *ret = (enum login_answer) i;
            return 0;
        }
    return wrong(file, v, err, "on_failure wants allow (open), ask or deny (closed)");
}

static int read_callers(const struct yaml_node *v, const char *file, struct login_rules *x, struct diag *err) {
    static const char *const keys[] = {"name", "token_sha256", NULL};
    struct str hash;
    for (const struct yaml_node *e = v->kind == YAML_SEQUENCE ? v->first : NULL; e; e = e->next) {
        struct login_caller *c = &x->callers[x->n_callers];
        int code = x->n_callers == LOGIN_CALLERS_MAX ? wrong(file, e, err, "at most 16 callers") : yaml_only_keys(e, keys, file, err);
        if (code < 0)
            return code;
        if (!yaml_get_str(e, "name", &c->name) || !yaml_get_str(e, "token_sha256", &hash) || hash.n != 64)
            return wrong(file, e, err, "a caller has a name and token_sha256, the SHA-256 of its token in 64 hexadecimal digits");
        for (size_t i = 0; i < 64; i++)
            c->hash[i] = ascii_lower(hash.p[i]);
        x->n_callers++;
    }
    return v->kind == YAML_SEQUENCE ? 0 : wrong(file, v, err, "callers is a list of {name, token_sha256}");
}

static int read_points(const struct yaml_node *v, const char *file, struct login_rules *x, struct diag *err) {
    const char *keys[REASON_MAX_] = {0};
    for (int i = 0; i < REASON_FAILED; i++)
        keys[i] = reasons[i].word;
    int e = yaml_only_keys(v, keys, file, err);
    for (int i = 0; e == 0 && i < REASON_FAILED; i++)
        if (yaml_get(v, keys[i]) && (!yaml_get_i64(v, keys[i], &x->points[i]) || x->points[i] < 0 || x->points[i] > 1000))
            e = wrong(file, yaml_get(v, keys[i]), err, "points are whole numbers from 0 to 1000");
    return e;
}

static int read_network(const struct yaml_node *v, const char *file, struct login_network *n, struct diag *err) {
    static const char *const keys[] = {"network", "country", "place", NULL};
    struct str net, country = STR(""), place, lat;
    int e = yaml_only_keys(v, keys, file, err);
    if (e < 0)
        return e;
    if (!yaml_get_str(v, "network", &net) || ip_prefix_parse(net, &n->net) != 0)
        return wrong(file, v, err, "a network is wanted, like {network: 192.0.2.0/24, country: JP, place: \"35.68 139.76\"}");
    if (yaml_get_str(v, "country", &country) && country.n != 2)
        return wrong(file, v, err, "country wants two letters of ISO 3166, like JP");
    snprintf(n->country, sizeof n->country, "%.*s", STR_ARG(country));
    if (!yaml_get_str(v, "place", &place))
        return 0;
    n->placed = str_split(&place, ' ', &lat) && str_to_double(lat, &n->lat) == 0 && str_to_double(str_trim(place), &n->lon) == 0 && fabs(n->lat) <= 90 && fabs(n->lon) <= 180;
    return n->placed ? 0 : wrong(file, v, err, "place wants latitude and longitude in degrees, like \"35.68 139.76\"");
}

static int read_networks(struct arena *a, const struct yaml_node *v, const char *file, struct login_rules *x, struct diag *err) {
    if (v->kind != YAML_SEQUENCE || v->n > LOGIN_NETWORKS_MAX)
        return wrong(file, v, err, "networks is a list of at most 4096 {network, country, place}");
    x->networks = arena_zalloc(a, (v->n + 1) * sizeof *x->networks);
    if (!x->networks)
        return diag_set(err, -ENOMEM, "out of memory");
    int e = 0;
    for (const struct yaml_node *n = v->first; n && e == 0; n = n->next)
        e = read_network(n, file, &x->networks[x->n_networks++], err);
    return e;
}

static int read_not_me(const struct yaml_node *v, const char *file, struct login_rules *x, struct diag *err) {
    static const char *const keys[] = {"act", "driver", "minutes", NULL};
    struct str act = STR("");
    int e = yaml_only_keys(v, keys, file, err);
    (void) yaml_get_str(v, "driver", &x->driver);
    if (e == 0 && yaml_get(v, "minutes") && (!yaml_get_i64(v, "minutes", &x->freeze_minutes) || x->freeze_minutes < 1 || x->freeze_minutes > 90 * 24 * 60))
        e = wrong(file, v, err, "minutes wants a number from 1 to 129600");
    if (e == 0 && yaml_get_str(v, "act", &act) && !str_eq_z(act, "freeze") && !str_eq_z(act, "propose"))
        e = wrong(file, v, err, "act wants freeze (at once, decided beforehand) or propose (a person decides)");
    x->freeze = str_eq_z(act, "freeze");
    return e == 0 && x->freeze && !x->driver.n ? wrong(file, v, err, "to freeze, name the driver that can freeze accounts") : e;
}

int login_rules_read(struct arena *a, const struct yaml_node *node, const char *file, struct login_rules *ret, struct diag *err) {
    static const char *const keys[] = {"callers", "on_failure", "ask_from", "deny_from", "points", "networks", "not_me", NULL};
    *ret = (struct login_rules){.on_failure = LOGIN_ASK, .ask_from = 30, .deny_from = 90, .freeze_minutes = 10080, .driver = STR(""), .offset_min = 540};
    for (int i = 0; i < REASON_MAX_; i++)
        ret->points[i] = reasons[i].points;
    if (!node)
        return 0;
    int e = yaml_only_keys(node, keys, file, err);
    const struct yaml_node *v;
    if (e == 0 && (v = yaml_get(node, "on_failure")))
        e = read_answer(v, file, &ret->on_failure, err);
    if (e == 0 && (v = yaml_get(node, "callers")))
        e = read_callers(v, file, ret, err);
    if (e == 0 && (v = yaml_get(node, "points")))
        e = read_points(v, file, ret, err);
    if (e == 0 && (v = yaml_get(node, "networks")))
        e = read_networks(a, v, file, ret, err);
    if (e == 0 && (v = yaml_get(node, "not_me")))
        e = read_not_me(v, file, ret, err);
    (void) yaml_get_i64(node, "ask_from", &ret->ask_from);
    (void) yaml_get_i64(node, "deny_from", &ret->deny_from);
    if (e == 0 && (ret->ask_from < 1 || ret->deny_from < ret->ask_from))
        e = wrong(file, node, err, "ask_from is at least 1 and deny_from not below it");
    return e;
}

const struct login_caller *login_rules_caller(const struct login_rules *rules, struct str token) {
    uint8_t sum[SHA256_BYTES];
    char hash[65] = {0};
    const struct login_caller *found = NULL;
    if (token.n < 16)
        return NULL;
    sha256_of(token, sum);
    hex_encode(sum, SHA256_BYTES, hash);
    for (size_t i = 0; i < rules->n_callers; i++)
        if (sign_equal(str_of(rules->callers[i].hash), str_of(hash)))
            found = &rules->callers[i];
    return found;
}

/* ---- what a try looks like ---- */

void login_browser(struct str agent, char dst[40]) {
    /* The first that is there: others stand in the names of those above them. */
    static const char *const browsers[][2] = {{"Edg", "Edge"},      {"OPR/", "Opera"},    {"SamsungBrowser", "Samsung"}, {"YaBrowser", "Yandex"},
                                              {"Firefox", "Firefox"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"},          {"Chrome", "Chrome"},
                                              {"Safari", "Safari"}, {"MSIE", "IE"},       {"Trident", "IE"},             {"curl", "curl"},
                                              {"python", "Python"}, {"Go-http", "Go"},    {"okhttp", "okhttp"},          {"Java", "Java"}};
    static const char *const systems[][2] = {{"iPhone", "iPhone"}, {"iPad", "iPad"},     {"Android", "Android"}, {"Windows", "Windows"},
                                             {"Mac OS X", "Mac"},  {"CrOS", "ChromeOS"}, {"Linux", "Linux"}};
    const char *browser = agent.n ? "other" : "", *system = "";
    for (size_t i = ARRAY_SIZE(browsers); i-- > 0;)
        if (str_find(agent, str_of(browsers[i][0]), 0) >= 0)
            browser = browsers[i][1];
    for (size_t i = ARRAY_SIZE(systems); i-- > 0;)
        if (str_find(agent, str_of(systems[i][0]), 0) >= 0)
            system = systems[i][1];
    snprintf(dst, 40, "%s%s%s", browser, *system ? " on " : "", system);
}

static double kilometres(double lat1, double lon1, double lat2, double lon2) {
    const double rad = 3.14159265358979323846 / 180;
    double a = sin((lat2 - lat1) * rad / 2), b = sin((lon2 - lon1) * rad / 2);
    double h = a * a + cos(lat1 * rad) * cos(lat2 * rad) * b * b;
    return 2 * 6371 * asin(sqrt(h > 1 ? 1 : h));
}

static const struct login_network *network_of(const struct login_rules *rules, const struct ip *ip) {
    const struct login_network *best = NULL;
    for (size_t i = 0; i < rules->n_networks; i++) {
        const struct login_network *n = &rules->networks[i];
        if (ip_prefix_contains(&n->net, ip) && (!best || n->net.bits > best->net.bits))
            best = n;
    }
    return best;
}

void login_place(const struct login_rules *rules, const struct login_try *t, struct login_past *ret) {
    struct ip ip;
    *ret = (struct login_past){.at_ns = t->at_ns};
    login_browser(t->agent.p ? t->agent : STR(""), ret->browser);
    if (t->device.p)
        snprintf(ret->device, sizeof ret->device, "%.*s", STR_ARG(t->device));
    if (t->country.n == 2)
        snprintf(ret->country, sizeof ret->country, "%.*s", STR_ARG(t->country));
    if (!t->address.p || ip_parse(t->address, &ip) != 0)
        return;
    ip_format_net(&ip, ret->net);
    const struct login_network *n = network_of(rules, &ip);
    if (!n)
        return;
    if (!ret->country[0])
        snprintf(ret->country, sizeof ret->country, "%s", n->country);
    ret->placed = n->placed;
    ret->lat = n->lat;
    ret->lon = n->lon;
}

/* ---- judging ---- */

enum { HOURS_LEARNT = 10, MANY_ACCOUNTS = 10 };
#define TRAVEL_KM 100
#define TRAVEL_KM_H 900 /* an airliner */
#define ABROAD_NS NS_PER_HOUR

static int hour_of(const struct login_rules *rules, int64_t t) {
    int64_t minutes = t / NS_PER_MIN + rules->offset_min;
    return (int) ((minutes / 60 % 24 + 24) % 24);
}

static bool travelled(const struct login_past *now, const struct login_past *before) {
    int64_t ns = now->at_ns - before->at_ns;
    if (ns < 0)
        ns = 0;
    if (now->placed && before->placed) {
        double km = kilometres(now->lat, now->lon, before->lat, before->lon);
        return km > TRAVEL_KM && km > TRAVEL_KM_H * ((double) ns / (double) NS_PER_HOUR);
    }
    return now->country[0] && before->country[0] && strcmp(now->country, before->country) != 0 && ns < ABROAD_NS;
}

static unsigned compare(const struct login_rules *rules, const struct login_past *now, const struct login_past *past, size_t n) {
    bool net = false, country = false, device = false, browser = false, hour = false;
    bool has_country = false, has_device = false, has_browser = false, denied = false;
    const struct login_past *latest = NULL;
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        const struct login_past *p = &past[i];
        if (p->denied) { /* what was not the member teaches nothing but whom to refuse */
            denied |= p->net[0] && strcmp(p->net, now->net) == 0;
            continue;
        }
        known++;
        latest = !latest || p->at_ns > latest->at_ns ? p : latest;
        net |= strcmp(p->net, now->net) == 0;
        has_country |= p->country[0] != 0;
        country |= strcmp(p->country, now->country) == 0;
        has_device |= p->device[0] != 0;
        device |= strcmp(p->device, now->device) == 0;
        has_browser |= p->browser[0] != 0;
        browser |= strcmp(p->browser, now->browser) == 0;
        int apart = abs(hour_of(rules, p->at_ns) - hour_of(rules, now->at_ns));
        hour |= MIN(apart, 24 - apart) <= 2;
    }
    const bool found[REASON_MAX_] = {
        [REASON_NO_HISTORY] = known == 0,
        [REASON_NEW_NETWORK] = known && now->net[0] && !net,
        [REASON_NEW_COUNTRY] = has_country && now->country[0] && !country,
        [REASON_NEW_DEVICE] = has_device && !device,
        [REASON_NEW_BROWSER] = has_browser && now->browser[0] && !browser,
        [REASON_UNUSUAL_HOUR] = known >= HOURS_LEARNT && !hour,
        [REASON_TRAVEL] = latest && travelled(now, latest),
        [REASON_DENIED_BEFORE] = denied,
    };
    unsigned bits = 0;
    for (unsigned i = 0; i < REASON_MAX_; i++)
        bits |= (unsigned) found[i] << i;
    return bits;
}

void login_judge(const struct login_rules *rules, const struct login_try *t, const struct login_past *past, size_t n, const struct login_address *about,
                 struct login_verdict *ret) {
    struct login_past now;
    login_place(rules, t, &now);
    *ret = (struct login_verdict){.reasons = compare(rules, &now, past, n)};
    ret->reasons |= (unsigned) about->attacker << REASON_ATTACKER | (unsigned) (about->accounts >= MANY_ACCOUNTS) << REASON_MANY_ACCOUNTS;
    for (unsigned i = 0; i < REASON_MAX_; i++)
        ret->points += ret->reasons >> i & 1 ? rules->points[i] : 0;
    ret->answer = ret->points >= rules->deny_from ? LOGIN_DENY : ret->points >= rules->ask_from ? LOGIN_ASK : LOGIN_ALLOW;
}
