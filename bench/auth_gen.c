/* Writes login logs from a seed, and the truth beside them.
 *
 *   auth_gen SCENE SEED LOG TRUTH [format=sshd|event|nginx] [lines=N]
 *
 * Scenes
 *   bench       a day of sshd: bursts of all kinds, slow attackers, quiet users, an office behind
 * one address, a job with an expired password, scanners, and what else stands in auth.log distinct
 * each line from another address list, dictionary, brute, spraying            one attack (half of
 * the seeds: from many addresses) by_address, by_account, by_service, by_user_agent     one burst
 * that only that window can see outage      no attack: the directory is down for a quarter of an
 * hour, then everybody comes back gateway     an attack from an address behind which an office
 * signs in stolen      a list attack in which some pairs work, and what is looked at afterwards
 *   cross       one address, first at one service, then at another
 * All but the first two stand before an office-hours background of honest people at the same
 * services.
 *
 * The attackers are modelled on the tools, not on any rule: hydra tries each name with every word,
 * 4 to 16 at a time; with -u it goes round the names; botnets share a list out among their
 * addresses; a stolen list holds pairs, a share of whose accounts does not exist here and 0.1 to 2
 * % of which work; sprayers know the accounts and have a few passwords; word lists begin with the
 * default accounts.
 *
 * Lines are what the programs write: OpenSSH 9.2 through rsyslog's file format (Invalid user, PAM's
 * line, the try, the disconnect), the login event, nginx's combined format with basic
 * authentication. */
#include "base/time.h"

#include <inttypes.h>
#include <stdarg.h>

/* ---- chance ---- */

static uint64_t chance_state;
static uint64_t next_random(void) { /* splitmix64 */
    uint64_t z = chance_state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}
static uint32_t below(uint32_t n) {
    return n ? (uint32_t) (next_random() % n) : 0;
}
static double unit(void) {
    return (double) (next_random() >> 11) / 9007199254740992.0;
}
static double between(double a, double b) {
    return a + (b - a) * unit();
}
static uint32_t between_n(uint32_t a, uint32_t b) {
    return a + below(b - a + 1);
}
static bool often(double p) {
    return unit() < p;
}

/* ---- acts ---- */

enum what { FAIL, GOOD, KEY, VIEW, NOISE };
struct act {
    int64_t t; /* microseconds since the start */
    uint32_t address;
    uint32_t account;
    uint16_t port;
    uint8_t what, service, agent, detail;
};
static struct act *acts;
static size_t n_acts, acts_cap;

static void add(struct act a) {
    if (n_acts == acts_cap) {
        acts_cap = acts_cap ? acts_cap * 2 : 65536;
        acts = realloc(acts, acts_cap * sizeof *acts);
        if (!acts)
            abort();
    }
    a.port = (uint16_t) between_n(30000, 65000);
    acts[n_acts++] = a;
}

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* Accounts: number below N_KNOWN exist here; above are strangers; the last ones are default names.
 */
#define N_KNOWN 20000u
#define DEFAULT_BASE 4000000000u
static const char *const default_names[] = {
    "root",   "admin",  "test",   "user",    "ubuntu",  "oracle",  "postgres",
    "pi",     "guest",  "git",    "mysql",   "ftp",     "support", "www",
    "hadoop", "nagios", "deploy", "jenkins", "student", "debian",
};
/* Of the default names only these exist. */
static bool exists(uint32_t account) {
    return account < N_KNOWN || account == DEFAULT_BASE;
}
static uint32_t default_name(uint32_t i) {
    return DEFAULT_BASE + i % ARRAY_SIZE(default_names);
}
static uint32_t stranger(void) {
    return N_KNOWN + below(3900000000u);
}

static const char *const family[] = {"sato",     "suzuki",   "takahashi", "tanaka",    "ito",
                                     "watanabe", "yamamoto", "nakamura",  "kobayashi", "kato",
                                     "yoshida",  "yamada",   "sasaki",    "yamaguchi", "matsumoto",
                                     "inoue",    "kimura",   "hayashi"};
static const char *account_name(uint32_t a, bool mail, char *dst, size_t cap) {
    if (a >= DEFAULT_BASE)
        return default_names[a - DEFAULT_BASE];
    snprintf(dst, cap, mail ? "%c.%s%u@example.jp" : "%c%s%u", 'a' + (int) (a % 26),
             family[a / 26 % ARRAY_SIZE(family)], a / (26 * (uint32_t) ARRAY_SIZE(family)));
    return dst;
}

/* Addresses: 32 bits are an IPv4 address; numbers below 2^20 are IPv6 hosts, 16 to a /64. */
static const char *address_text(uint32_t a, char *dst, size_t cap) {
    if (a < 1u << 20)
        snprintf(dst, cap, "2001:db8:%x:%x::%x", a >> 10, a >> 4 & 63, 0x10 + (a & 15));
    else
        snprintf(dst, cap, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
    return dst;
}
static const char *net_text(uint32_t a, char *dst, size_t cap) {
    if (a >= 1u << 20)
        return address_text(a, dst, cap);
    snprintf(dst, cap, "2001:db8:%x:%x::/64", a >> 10, a >> 4 & 63);
    return dst;
}
/* Homes and attackers stand in ranges of their own, so that none is both. */
static uint32_t home(uint32_t i) {
    return i % 10 == 0 ? (i & 0xfff) << 4 | 1 : 0x64400000u + i * 7;
}
static uint32_t hostile(uint32_t i) {
    return 0xc6120000u + i * 13;
}

static const char *const agents[] = {
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SO-51D) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 "
    "Safari/605.1.15",
    "Mozilla/4.0 (Hydra)",
    "python-requests/2.31.0",
};
enum { BROWSERS = 4, HYDRA = 4, TOOL = 5 };
static const char *const services[] = {"members", "billing", "points"};
static const char *const pages[] = {"/mypage", "/mypage/profile", "/mypage/usage", "/bill",
                                    "/news"};

/* ---- truth ---- */

static FILE *truth;
static bool truth_first = true;
static void tell(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void tell(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fputs(truth_first ? "\n  " : ",\n  ", truth);
    truth_first = false;
    vfprintf(truth, fmt, ap);
    va_end(ap);
}
static void tell_actor(const char *role, const char *kind, uint32_t address, int64_t first,
                       uint32_t tries) {
    char z[64];
    tell("{\"role\":\"%s\",\"kind\":\"%s\",\"net\":\"%s\",\"first_us\":%" PRId64 ",\"tries\":%u}",
         role, kind, net_text(address, z, sizeof z), first, tries);
}
static void tell_account(const char *role, uint32_t account, bool mail) {
    char z[64];
    tell("{\"role\":\"%s\",\"account\":\"%s\"}", role, account_name(account, mail, z, sizeof z));
}

/* ---- honest people ---- */

/* Office hours with a lunch break and a thin night. */
static int64_t office_time(int64_t from, int64_t until) {
    for (;;) {
        int64_t t = from + (int64_t) (unit() * (double) (until - from));
        int64_t hour = t / HOUR % 24;
        double p = hour >= 9 && hour < 18   ? (hour == 12 ? 0.5 : 1)
                   : hour >= 7 && hour < 22 ? 0.4
                                            : 0.05;
        if (often(p))
            return t;
    }
}

/* One visit: sometimes a few wrong passwords, sometimes a wrong name, then in. Some give up. */
static void visit(int64_t t, uint32_t address, uint32_t account, uint8_t service, uint8_t agent,
                  bool views) {
    uint32_t slips = often(0.09) ? 1 + often(0.3) + often(0.1) : 0;
    for (uint32_t i = 0; i < slips; i++) {
        uint32_t typed = often(0.06) ? stranger() : account;
        add((struct act){.t = t,
                         .address = address,
                         .account = typed,
                         .what = FAIL,
                         .service = service,
                         .agent = agent});
        t += (int64_t) between(4, 25) * SECOND;
    }
    if (slips && often(0.1))
        return;
    add((struct act){.t = t,
                     .address = address,
                     .account = account,
                     .what = GOOD,
                     .service = service,
                     .agent = agent});
    for (uint32_t i = below(5); views && i > 0; i--) {
        t += (int64_t) (between(3, 90) * (double) SECOND);
        add((struct act){.t = t,
                         .address = address,
                         .account = account,
                         .what = VIEW,
                         .service = service,
                         .agent = agent,
                         .detail = (uint8_t) below(5)});
    }
}

static void people(uint32_t n, uint32_t first, int64_t from, int64_t until, double visits,
                   uint32_t n_services, bool views) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t account = (first + i) % N_KNOWN, address = home(first + i);
        uint32_t k = (uint32_t) (visits * between(0.2, 1.8) + unit());
        for (; k > 0; k--) {
            /* one visit in eight from elsewhere: telephones change their address */
            uint32_t from_where = often(0.125) ? home(1000000 + below(400000)) : address;
            visit(office_time(from, until), from_where, account, (uint8_t) below(n_services),
                  (uint8_t) below(BROWSERS), views);
        }
    }
}

/* ---- attackers ---- */

struct attack {
    uint32_t first_address, n_addresses;
    int64_t start;
    double per_second;
    uint8_t service, agent;
    uint32_t threads; /* tries under way at once: they finish in a slightly different order */
};

static void attempt(const struct attack *a, int64_t t, uint32_t account, bool works) {
    uint32_t address = hostile(a->first_address + below(a->n_addresses));
    add((struct act){.t = t + (int64_t) (unit() * a->threads * 0.3 * (double) SECOND),
                     .address = address,
                     .account = account,
                     .what = works ? GOOD : FAIL,
                     .service = a->service,
                     .agent = a->agent});
}

static int64_t pace(const struct attack *a, int64_t t) {
    return t + (int64_t) (between(0.6, 1.4) / a->per_second * (double) SECOND);
}

/* Pairs from elsewhere; a few stand in the list twice with another password. Returns tries. */
static uint32_t run_list(const struct attack *a, uint32_t n, double exist, double works, bool mail,
                         bool views) {
    int64_t t = a->start;
    uint32_t tries = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool here = often(exist);
        uint32_t account = here ? 10000 + below(N_KNOWN - 10000) : stranger();
        uint32_t passwords = often(0.08) ? 2 : 1;
        for (uint32_t k = 0; k < passwords; k++, tries++) {
            bool good = here && k + 1 == passwords && often(works);
            attempt(a, t, account, good);
            if (good) {
                struct act *x = &acts[n_acts - 1];
                struct act seen = *x;
                tell_account("stolen", account, mail);
                for (uint32_t v = 0; views && v < 3; v++) {
                    seen.t += (int64_t) (between(1, 20) * (double) SECOND);
                    seen.what = VIEW;
                    seen.detail = (uint8_t) (v % 3);
                    add(seen);
                }
            }
            t = pace(a, t);
        }
    }
    return tries;
}

/* Every name with every word: name by name (hydra) or word by word (hydra -u). */
static uint32_t run_words(const struct attack *a, const uint32_t *names, uint32_t n, uint32_t words,
                          bool around, double rest_minutes) {
    int64_t t = a->start;
    for (uint32_t i = 0; i < n * words; i++) {
        if (around && i && i % n == 0)
            t += (int64_t) (rest_minutes * (double) MINUTE);
        attempt(a, t, names[around ? i % n : i / words], false);
        t = pace(a, t);
    }
    return n * words;
}

static const char *const kinds[] = {"list_attack", "dictionary_attack", "brute_force", "spraying"};

/* One attack of the kind. `big`: how many tries at most. */
static uint32_t run_attack(const struct attack *a, uint32_t kind, uint32_t big, bool mail) {
    uint32_t names[600];
    switch (kind) {
    case 0:
        return run_list(a, between_n(big / 3, big), between(0.1, 0.8), between(0.001, 0.02), mail,
                        false);
    case 1: {
        uint32_t n = between_n(4, 12);
        uint32_t from = below(8);
        /* What dictionaries begin with; a member site has other names. */
        for (uint32_t i = 0; i < n; i++)
            names[i] = mail ? 10000 + below(9000) : default_name(from + i);
        return run_words(a, names, n, MAX(20, big / n), true, 0);
    }
    case 2:
        names[0] = 10000 + below(9000);
        return run_words(a, names, 1, between_n(big / 2, big), false, 0);
    default: {
        uint32_t n = between_n(60, 400);
        for (uint32_t i = 0; i < n; i++)
            names[i] = often(0.95) ? 10000 + i * 17 % 9000 : stranger();
        return run_words(a, names, n, between_n(1, 3), true, between(0, 20));
    }
    }
}

/* ---- scenes ---- */

static const char *format = "sshd";
static uint32_t want_lines = 1000000;
static bool is_mail(void) {
    return strcmp(format, "sshd") != 0;
}
static uint32_t n_services(void) {
    return is_mail() ? 3 : 1;
}

static void background(void) {
    people(between_n(600, 1500), 0, 0, 10 * HOUR, 2.5, n_services(), true);
}

static void tell_attack(const char *kind, const struct attack *a, uint32_t tries) {
    size_t first = n_acts; /* the attack's own first line */
    int64_t t = INT64_MAX;
    for (size_t i = 0; i < first; i++)
        if (acts[i].address >= hostile(a->first_address) &&
            acts[i].address < hostile(a->first_address + a->n_addresses))
            t = MIN(t, acts[i].t);
    tell("{\"role\":\"attack\",\"kind\":\"%s\",\"service\":\"%s\",\"addresses\":%u,\"first_us\":"
         "%" PRId64 ",\"tries\":%u,\"per_second\":%.2f}",
         kind, is_mail() ? services[a->service] : "ssh", a->n_addresses, t, tries, a->per_second);
    for (uint32_t i = 0; i < a->n_addresses; i++)
        tell_actor("attacker", kind, hostile(a->first_address + i), t, 0);
}

static void scene_attack(uint32_t kind) {
    bool wide = often(0.5) && kind != 2;
    struct attack a = {.n_addresses = wide ? between_n(12, 60) : 1,
                       .start = (int64_t) (between(0.5, 8) * (double) HOUR),
                       .per_second = between(2, 12),
                       .agent = often(0.5) ? HYDRA : TOOL,
                       .service = (uint8_t) below(n_services()),
                       .threads = wide ? 16 : between_n(1, 16)};
    background();
    uint32_t tries = run_attack(&a, kind, between_n(300, 3000), is_mail());
    tell_attack(kinds[kind], &a, tries);
}

/* A burst only one window can see. */
static void scene_window(const char *by) {
    struct attack a = {.n_addresses = 1,
                       .start = 3 * HOUR + below(HOUR),
                       .per_second = between(1.5, 4),
                       .agent = HYDRA,
                       .threads = 4};
    uint32_t tries = between_n(150, 400);
    int64_t t = a.start;
    bool address = strcmp(by, "by_address") == 0, account = strcmp(by, "by_account") == 0,
         agent = strcmp(by, "by_user_agent") == 0;
    uint32_t target = 10000 + below(9000);
    background();
    if (!address)
        a.n_addresses = agent ? 25 : account ? 40 : 80;
    for (uint32_t i = 0; i < tries; i++, t = pace(&a, t)) {
        /* by address: nine accounts; by account: one; by user agent: all services in turn */
        uint32_t who = address ? target + below(9) : account ? target : 10000 + below(9000);
        if (agent)
            a.service = (uint8_t) (i % n_services());
        attempt(&a, t, who, false);
        if (!agent)
            a.agent = (uint8_t) below(ARRAY_SIZE(agents));
    }
    tell_attack(by, &a, tries);
    char z[64];
    if (account)
        tell("{\"role\":\"target\",\"account\":\"%s\"}",
             account_name(target, is_mail(), z, sizeof z));
}

/* The directory is away: everybody fails, tries again, and comes back when it does. */
static void scene_outage(void) {
    int64_t from = 3 * HOUR, until = from + 15 * MINUTE;
    uint32_t n = between_n(600, 1500);
    people(n, 0, 0, 10 * HOUR, 2.5, n_services(), true);
    for (size_t i = 0, end = n_acts; i < end; i++) {
        struct act a = acts[i];
        if (a.t < from || a.t >= until || a.what != GOOD)
            continue;
        acts[i].what = FAIL;
        uint32_t more = below(4); /* password managers press on */
        for (uint32_t k = 0; k < more; k++) {
            a.t += (int64_t) between(2, 60) * SECOND;
            a.what = a.t >= until ? GOOD : FAIL;
            add(a);
        }
        a.t = until + (int64_t) (unit() * 10 * (double) MINUTE);
        a.what = GOOD;
        add(a);
    }
    for (uint32_t i = 0; i < n; i++)
        tell_actor("quiet", "people", home(i), 0, 0);
}

static void scene_gateway(void) {
    uint32_t gate = 0xc0000207u; /* 192.0.2.7 */
    struct attack a = {.n_addresses = 1,
                       .start = 5 * HOUR,
                       .per_second = between(3, 10),
                       .agent = TOOL,
                       .threads = 8};
    background();
    for (uint32_t i = 0; i < 400; i++)
        for (uint32_t k = 0; k < 2; k++)
            visit(office_time(0, 9 * HOUR), gate, 15000 + i, 0, (uint8_t) below(BROWSERS), true);
    size_t before = n_acts;
    uint32_t tries = run_list(&a, between_n(300, 900), between(0.2, 0.6), 0.01, is_mail(), false);
    for (size_t i = before; i < n_acts; i++)
        acts[i].address = gate;
    tell("{\"role\":\"gateway\",\"net\":\"192.0.2.7\",\"first_us\":%" PRId64 ",\"tries\":%u}",
         a.start, tries);
    for (uint32_t i = 0; i < 400; i++)
        tell_account("good", 15000 + i, is_mail());
}

static void scene_stolen(void) {
    bool wide = often(0.5);
    struct attack a = {.n_addresses = wide ? between_n(12, 40) : 1,
                       .start = 4 * HOUR,
                       .per_second = between(4, 12),
                       .agent = TOOL,
                       .threads = 8};
    background();
    uint32_t tries = run_list(&a, between_n(1500, 3000), between(0.3, 0.7), between(0.005, 0.02),
                              is_mail(), true);
    tell_attack("list_attack", &a, tries);
}

static void scene_cross(void) {
    struct attack a = {
        .n_addresses = 1, .start = 2 * HOUR, .per_second = 3, .agent = TOOL, .threads = 4};
    background();
    uint32_t tries = run_list(&a, 300, 0.4, 0, is_mail(), false);
    tell_attack("list_attack", &a, tries);
    a.start = 4 * HOUR;
    a.service = 1;
    run_list(&a, 12, 0.4, 0, is_mail(), false);
    tell("{\"role\":\"second\",\"service\":\"billing\",\"first_us\":%" PRId64 "}", a.start);
}

static void scene_distinct(void) {
    for (uint32_t i = 0; i < want_lines; i++)
        add((struct act){.t = (int64_t) i * 80000,
                         .address = 0x0b000000u + i * 3,
                         .what = FAIL,
                         .account = often(0.5) ? default_name(below(20)) : below(N_KNOWN),
                         .detail = 1});
    tell("{\"role\":\"distinct\",\"n\":%u}", want_lines);
}

/* About: 40 % of the lines from bursts, 3 % slow attackers, the rest people, scanners and noise. */
static void scene_bench(void) {
    double scale = want_lines / 1e6;
    uint32_t n_bursts = (uint32_t) MAX(8, 150 * scale), n_slow = (uint32_t) MAX(4, 40 * scale);
    people((uint32_t) (9000 * scale) + 50, 0, 0, 24 * HOUR, 3, 1, false);
    for (uint32_t i = 0; i < n_bursts; i++) {
        uint32_t kind = i % 4;
        struct attack a = {.first_address = i * 8,
                           .n_addresses = 1,
                           .per_second = between(1, 8),
                           .start = (int64_t) (between(0.2, 23) * (double) HOUR),
                           .threads = 4};
        uint32_t tries = run_attack(&a, kind, between_n(200, 1600), false);
        tell_actor("burst", kinds[kind], hostile(a.first_address), a.start, tries);
    }
    for (uint32_t i = 0; i < n_slow;
         i++) { /* one try in five minutes all day, on one account or many */
        uint32_t address = hostile(100000 + i * 8),
                 name = often(0.5) ? default_name(0) : below(N_KNOWN);
        int64_t t = below(300) * SECOND;
        uint32_t tries = 0;
        for (; t < 24 * HOUR; t += (int64_t) (between(240, 360) * (double) SECOND), tries++)
            add((struct act){
                .t = t, .address = address, .what = FAIL, .account = i % 2 ? stranger() : name});
        tell_actor("slow", "slow", address, 0, tries);
    }
    uint32_t gate = 0xc0000207u, job = home(3000001);
    for (uint32_t i = 0; i < 400; i++)
        visit(office_time(0, 24 * HOUR), gate, 15000 + i, 0, 0, false);
    tell_actor("quiet", "gateway", gate, 0, 400);
    for (int64_t t = 0; t < 24 * HOUR;
         t += 5 * MINUTE) /* its password expires at six in the morning */
        add((struct act){
            .t = t, .address = job, .account = 77, .what = t < 6 * HOUR ? GOOD : FAIL});
    tell_actor("job", "expired password", job, 0, 288);
    for (uint32_t i = 0; i < (uint32_t) (9000 * scale) + 50; i++)
        tell_actor("quiet", "person", home(i), 0, 0);
    for (uint32_t i = 0; i < (uint32_t) (20000 * scale); i++) /* scanners: one to five tries */
        for (uint32_t k = between_n(1, 5), at = below(86000); k > 0; k--)
            add((struct act){.t = (int64_t) at * SECOND + k * 3 * SECOND,
                             .what = FAIL,
                             .address = 0x2d000000u + i * 11,
                             .account = default_name(below(20))});
}

/* ---- writing ---- */

static FILE *log_file;
static uint64_t lines;
static int64_t start_ns;
static const char *stamp(int64_t t, char *dst) {
    return time_format_iso_offset(start_ns + t * 1000, TIME_JST_OFFSET_MIN, 6, dst);
}
static void line(int64_t t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void line(int64_t t, const char *fmt, ...) {
    char iso[TIME_ISO_CAP];
    va_list ap;
    va_start(ap, fmt);
    fprintf(log_file, "%s bastion-1 ", stamp(t, iso));
    vfprintf(log_file, fmt, ap);
    fputc('\n', log_file);
    va_end(ap);
    lines++;
}

static void write_sshd(const struct act *a) {
    char ip[64], name[64];
    const char *from = address_text(a->address, ip, sizeof ip);
    const char *who = account_name(a->account, false, name, sizeof name);
    unsigned pid = 10000 + a->port % 50000;
    bool known = exists(a->account);
    if (a->what == VIEW)
        return;
    if (a->what == NOISE) {
        static const char *const noise[] = {
            "CRON[%u]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
            "CRON[%u]: pam_unix(cron:session): session closed for user root",
            "systemd-logind[%u]: New session 41 of user sato.",
            "sudo[%u]: pam_unix(sudo:session): session closed for user root",
        };
        switch (a->detail) {
        case 0:
            line(a->t, noise[0], pid);
            break;
        case 1:
            line(a->t, noise[1], pid);
            break;
        case 2:
            line(a->t, noise[2], pid);
            break;
        default:
            line(a->t, noise[3], pid);
            break;
        }
        return;
    }
    if (a->what == FAIL) {
        if (!a->detail) { /* detail 1: the one line only */
            if (!known)
                line(a->t, "sshd[%u]: Invalid user %s from %s port %u", pid, who, from, a->port);
            line(a->t,
                 "sshd[%u]: pam_unix(sshd:auth): %s; logname= uid=0 euid=0 tty=ssh ruser= "
                 "rhost=%s%s%s",
                 pid, known ? "authentication failure" : "check pass; user unknown", from,
                 known ? "  user=" : "", known ? who : "");
        }
        line(a->t, "sshd[%u]: Failed password for %s%s from %s port %u ssh2", pid,
             known ? "" : "invalid user ", who, from, a->port);
        if (!a->detail)
            line(a->t, "sshd[%u]: Connection closed by %s user %s %s port %u [preauth]", pid,
                 known ? "authenticating" : "invalid", who, from, a->port);
        return;
    }
    line(a->t, "sshd[%u]: Accepted %s for %s from %s port %u ssh2%s", pid,
         a->what == KEY ? "publickey" : "password", who, from, a->port,
         a->what == KEY ? ": ED25519 SHA256:0NxYQxj0QGZ4i0eM3TV4VJ0kTgJ3p7qvXq5fJf2xkXo" : "");
    line(a->t, "sshd[%u]: pam_unix(sshd:session): session opened for user %s(uid=1000) by (uid=0)",
         pid, who);
}

static void write_event(const struct act *a) {
    char ip[64], name[64], iso[TIME_ISO_CAP];
    if (a->what == VIEW || a->what == NOISE)
        return;
    bool known = exists(a->account), good = a->what == GOOD;
    fprintf(log_file,
            "{\"@timestamp\":\"%s\",\"event.kind\":\"event\",\"event.category\":\"authentication\","
            "\"event.action\":\"login\",\"event.outcome\":\"%s\",\"service.name\":\"%s\","
            "\"user.name\":\"%s\",\"source.ip\":\"%s\",\"user_agent.original\":\"%s\"%s%s}\n",
            stamp(a->t, iso), good ? "success" : "failure", services[a->service],
            account_name(a->account, true, name, sizeof name),
            address_text(a->address, ip, sizeof ip), agents[a->agent],
            good    ? ""
            : known ? ",\"event.reason\":\"password\""
                    : ",\"event.reason\":\"unknown_user\",\"kizuki.login.user_known\":false",
            "");
    lines++;
}

static void write_nginx(const struct act *a) {
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char ip[64], name[64];
    struct time_civil c;
    if (a->what == NOISE)
        return;
    time_to_civil(start_ns + a->t * 1000, TIME_JST_OFFSET_MIN, &c);
    fprintf(log_file,
            "%s - %s [%02d/%s/%04d:%02d:%02d:%02d +0900] \"GET %s HTTP/1.1\" %d %u \"-\" \"%s\"\n",
            address_text(a->address, ip, sizeof ip),
            a->what == VIEW ? "-" : account_name(a->account, true, name, sizeof name), c.day,
            months[c.month - 1], c.year, c.hour, c.minute, c.second,
            a->what == VIEW ? pages[a->detail] : "/login", a->what == FAIL ? 401 : 200,
            a->what == FAIL ? 172u : 4096u + a->port % 512, agents[a->agent]);
    lines++;
}

static int by_time(const void *x, const void *y) {
    const struct act *a = x, *b = y;
    if (a->t != b->t)
        return a->t < b->t ? -1 : 1;
    return a->address != b->address ? (a->address < b->address ? -1 : 1)
                                    : (a->port > b->port) - (a->port < b->port);
}

/* What else a machine writes, up to the wanted number of lines. */
static void fill_noise(void) {
    uint64_t expect = 0;
    for (size_t i = 0; i < n_acts; i++)
        expect += acts[i].what == FAIL   ? (exists(acts[i].account) ? 3 : 4)
                  : acts[i].what == VIEW ? 0
                                         : 2;
    for (; expect < want_lines; expect++)
        add((struct act){.t = (int64_t) (unit() * 24 * (double) HOUR),
                         .what = NOISE,
                         .detail = (uint8_t) below(4)});
}

static bool run_scene(const char *scene) {
    static const char *const attacks[] = {"list", "dictionary", "brute", "spraying"};
    for (uint32_t i = 0; i < ARRAY_SIZE(attacks); i++) {
        if (strcmp(scene, attacks[i]) == 0) {
            scene_attack(i);
            return true;
        }
    }
    if (strncmp(scene, "by_", 3) == 0)
        scene_window(scene);
    else if (strcmp(scene, "outage") == 0)
        scene_outage();
    else if (strcmp(scene, "gateway") == 0)
        scene_gateway();
    else if (strcmp(scene, "stolen") == 0)
        scene_stolen();
    else if (strcmp(scene, "cross") == 0)
        scene_cross();
    else if (strcmp(scene, "distinct") == 0)
        scene_distinct();
    else if (strcmp(scene, "bench") == 0)
        scene_bench();
    else
        return false;
    return true;
}

int main(int argc, char **argv) {
    uint64_t seed, n;
    if (argc < 5 || str_to_u64(str_of(argv[2]), &seed) < 0) {
        fprintf(stderr,
                "usage: auth_gen SCENE SEED LOG TRUTH [format=sshd|event|nginx] [lines=N]\n");
        return 2;
    }
    for (int i = 5; i < argc; i++) {
        struct str s = str_of(argv[i]);
        if (str_starts(s, STR("format=")))
            format = argv[i] + 7;
        else if (str_starts(s, STR("lines=")) && str_to_u64(str_from(s, 6), &n) == 0)
            want_lines = (uint32_t) n;
        else
            return 2;
    }
    chance_state = seed;
    chance_state = next_random() ^ next_random()
                                       << 1; /* else seed 2 would follow seed 1 a step behind */
    struct time_civil day = {.year = 2026, .month = 11, .day = 23, .hour = 0};
    start_ns = time_from_civil(&day, TIME_JST_OFFSET_MIN);
    log_file = fopen(argv[3], "w");
    truth = fopen(argv[4], "w");
    if (!log_file || !truth)
        return 1;
    fprintf(truth, "{\"scene\":\"%s\",\"seed\":%" PRIu64 ",\"start_ns\":%" PRId64 ",\"actors\":[",
            argv[1], seed, start_ns);
    if (!run_scene(argv[1]))
        return 2;
    if (strcmp(argv[1], "bench") == 0)
        fill_noise();
    qsort(acts, n_acts, sizeof *acts, by_time);
    for (size_t i = 0; i < n_acts; i++) {
        if (strcmp(format, "sshd") == 0)
            write_sshd(&acts[i]);
        else if (strcmp(format, "event") == 0)
            write_event(&acts[i]);
        else
            write_nginx(&acts[i]);
    }
    fprintf(truth, "\n],\"lines\":%" PRIu64 "}\n", lines);
    return fclose(log_file) || fclose(truth) ? 1 : 0;
}
