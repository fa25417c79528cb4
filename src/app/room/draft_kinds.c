/* What is played of a case that was no signing in: mails sent in numbers, attempts on a site, people who report, pages that were changed. One row of
 * KINDS each: how its attack and its ordinary hours are played by the generators there are, fitted to counts, rates and shares of the case. What
 * is requested of a site or who is written to is ours, never the case's. See draft.h. */
#include "app/room/draft.h"

enum { BEFORE_MIN = 30, AFTER_MIN = 10, GROUPS_MAX = 6, MAIL_LINES = 6 };

struct group { /* findings of a kind at one service or host */
    struct str kind, service, host, about, product;
    int64_t first_ns, last_ns, detected_ns, count, sources;
    double bounced, lines_per_hour;
};
struct played {
    const struct making *m;
    const struct group *g;
    char l[2]; /* the letter of its service */
    struct buf *out;
    char from[TIME_ISO_CAP], until[TIME_ISO_CAP];
};

static double hours(const struct group *g) {
    return MAX((double) (g->last_ns - g->first_ns) / (double) NS_PER_HOUR, 1.0 / 120);
}

static double within(double v, double low, double high) {
    return v < low ? low : v > high ? high : v;
}

/* ---- how each is played ---- */

/* What the rule counted came back; its share was taken of all the server's mails, the ordinary ones among them, so that of the attack alone is higher. */
static void mails(const struct played *p) {
    double bounced = within(p->g->bounced * 1.25, 0.15, 0.6), sent = (double) p->g->count / bounced;
    buf_printf(p->out, "  - {id: people-%s, kind: mails, service: service-%s, per_hour: %.0f, accounts: colleagues, to: persons, addresses: gateway, domain: example.jp, bounces: 0.012}\n", p->l, p->l,
               within(p->g->lines_per_hour / MAIL_LINES, 10, 400));
    buf_printf(p->out, "  - {id: attack-%s, kind: mails, service: service-%s, from: %s, until: %s, per_hour: %.0f, accounts: misused, to: list, addresses: sources, to_domain: example.net, bounces: %.2f}\n",
               p->l, p->l, p->from, p->until, within(sent / hours(p->g), 200, 100000), bounced);
}

/* What any scanner asks of any site; {n} and {w} are of chance. */
static void probes(const struct played *p) {
    static const char *const requests[] = {
        "GET /item?id={n}%27%20OR%20{n}%3D{n}--%20{w}", "GET /item?id={n}%20UNION%20ALL%20SELECT%20NULL%2CNULL--%20-", "GET /item?id={n}%27%20AND%20SLEEP%285%29--%20{w}",
        "GET /find?q=%3Cscript%3Ealert%28{n}%29%3C%2Fscript%3E", "GET /show?page=..%2f..%2f..%2f..%2fetc%2fpasswd", "GET /item?id={n}%20ORDER%20BY%20{n}--%20-", "GET /{w}.php", "GET /{w}/"};
    buf_printf(p->out, "  - {id: people-%s, kind: visitors, service: service-%s, per_hour: %.0f, accounts: persons, addresses: homes, agents: browsers, pages: [/start, /page1, /page2], views: 4}\n", p->l, p->l,
               within(p->g->lines_per_hour / 4, 20, 2000));
    buf_printf(p->out, "  - {id: colleagues-%s, kind: visitors, service: service-%s, per_hour: 60, accounts: colleagues, addresses: gateway, agents: browsers, behind_one: 200, pages: [/start, /page1], views: 3}\n",
               p->l, p->l);
    buf_printf(p->out, "  - {id: attack-%s, kind: probes, service: service-%s, from: %s, until: %s, tries: %lld, addresses: sources, agents: tool, pages: [/item, /find, /show],\n     requests: [", p->l, p->l, p->from,
               p->until, (long long) MAX(p->g->count * 4 / 3, 40)); /* two of the eight are no attempt */
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
        buf_printf(p->out, "%s\"%s\"", i ? ", " : "", requests[i]);
    buf_add_z(p->out, "]}\n");
}

static void reports(const struct played *p) {
    static const char *const known[] = {"mail", "site", "slow", "key", "machine", "threat", "lost"};
    const char *about = "other";
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_eq_z(p->g->about, known[i]))
            about = known[i];
    buf_printf(p->out, "  - {id: now-and-then-%s, kind: reports, service: service-%s, per_hour: 0.1, about: %s}\n", p->l, p->l, str_eq_z(str_of(about), "other") ? "machine" : "other");
    buf_printf(p->out, "  - {id: attack-%s, kind: reports, service: service-%s, from: %s, until: %s, per_hour: %.0f, about: %s}\n", p->l, p->l, p->from, p->until,
               within((double) p->g->count / hours(p->g), 20, 10000), about);
}

static const struct kind_row {
    const char *kind, *product, *product_more; /* products whose lines are played; the first is taken where the case's log is none of them */
    const char *log;                           /* the measure logs_arrive calls it; NULL: it needs no log */
    void (*play)(const struct played *p);
} KINDS[] = {{"mail_abuse", "postfix", NULL, "mail", mails}, {"web_attempts", "nginx_access", "iis_w3c", "web", probes}, {"enquiries", "kizuki_report", NULL, NULL, reports}};

static const struct kind_row *row_of(struct str kind) {
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
        if (str_eq_z(kind, KINDS[i].kind))
            return &KINDS[i];
    return NULL;
}

/* ---- from the case ---- */

static double share(const struct json_value *v, const char *key) {
    return (double) draft_i64(v, key, 0) / 1000;
}

/* The source that wrote it: of its host, or of its service. */
static void fit_source(const struct making *m, struct group *g) {
    static const struct {
        const char *decoder, *product;
    } rows[] = {{"postfix", "postfix"}, {"access", "nginx_access"}, {"iis", "iis_w3c"}};
    const struct json_value *list = json_get_array(m->c, "sources");
    const struct kind_row *row = row_of(g->kind);
    g->product = str_of(row->product);
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        if (!(g->host.n && str_eq(draft_str(v, "host"), g->host)) && !(g->service.n && str_eq(draft_str(v, "service"), g->service)))
            continue;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
            if (str_eq_z(draft_str(v, "decoder"), rows[i].decoder) && (strcmp(rows[i].product, row->product) == 0 || (row->product_more && strcmp(rows[i].product, row->product_more) == 0))) {
                int64_t from, to, lines = draft_i64(v, "lines", 0) - g->count * (row->play == mails ? MAIL_LINES : 1);
                int offset;
                g->product = str_of(rows[i].product);
                if (lines > 0 && time_parse_iso(draft_str(v, "first_seen"), &from, &offset) > 0 && time_parse_iso(draft_str(v, "last_seen"), &to, &offset) > 0 && to > from)
                    g->lines_per_hour = (double) lines * 3600 / ((double) (to - from) / (double) NS_PER_S);
            }
    }
}

static size_t groups_of(const struct making *m, struct group g[GROUPS_MAX]) {
    const struct json_value *list = json_get_array(m->c, "evidence");
    size_t n = 0;
    for (const struct json_value *v = list ? list->first : NULL; v && n < GROUPS_MAX; v = v->next) {
        if (!row_of(draft_str(v, "kind")))
            continue;
        g[n] = (struct group){.kind = draft_str(v, "kind"), .service = draft_str(v, "service"), .host = draft_str(v, "host"), .about = draft_str(v, "about"),
                              .first_ns = draft_i64(v, "first", m->first_ns), .count = draft_i64(v, "count", 1), .sources = within((double) draft_i64(v, "sources", 1), 1, 200), .bounced = share(v, "bounced")};
        g[n].last_ns = MAX(draft_i64(v, "last", g[n].first_ns), g[n].first_ns + 2 * NS_PER_MIN);
        g[n].detected_ns = draft_i64(v, "detected", g[n].first_ns);
        fit_source(m, &g[n]);
        n++;
    }
    return n;
}

bool draft_kinds_fit(const struct making *m) {
    struct group g[GROUPS_MAX];
    return groups_of(m, g) > 0;
}

/* ---- the files ---- */

static const char *when(const struct making *m, int64_t t, char dst[TIME_ISO_CAP]) {
    return time_format_iso_offset(t + m->shift_ns, TIME_JST_OFFSET_MIN, 0, dst);
}

bool draft_kinds_replay(struct making *m, struct buf *out) {
    struct group g[GROUPS_MAX];
    size_t n = groups_of(m, g);
    int64_t from = INT64_MAX, to = 0, sources = 1;
    char a[TIME_ISO_CAP], b[TIME_ISO_CAP];
    for (size_t i = 0; i < n; i++) {
        from = MIN(from, g[i].first_ns);
        to = MAX(to, g[i].last_ns);
        sources = MAX(sources, g[i].sources);
    }
    if (!n)
        return false;
    buf_add_z(out, "# Fitted to what was counted in the case: how many, how fast, what share. Addresses are documentation ranges the case did not touch; names are made of the seed.\n");
    buf_printf(out, "seed: 1\nstart: %s\nend: %s\nsources:\n", when(m, from - BEFORE_MIN * NS_PER_MIN, a), when(m, to + AFTER_MIN * NS_PER_MIN, b));
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "  - {name: log-%c, product: %.*s, service: service-%c, host: host-%c}\n", 'a' + (int) i, STR_ARG(g[i].product), 'a' + (int) i, 'a' + (int) i);
    draft_pools(m, 400, sources, out);
    buf_add_z(out, "actors:\n");
    for (size_t i = 0; i < n; i++) {
        struct played p = {.m = m, .g = &g[i], .l = {(char) ('a' + i), 0}, .out = out};
        when(m, g[i].first_ns, p.from);
        when(m, g[i].last_ns, p.until);
        row_of(g[i].kind)->play(&p);
    }
    buf_add_z(out, "services:\n");
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "  - {name: service-%c, title: {ja: サービス%c, en: Service %c}, owner: {ja: 担当部署, en: its department}}\n", 'a' + (int) i, 'A' + (int) i, 'A' + (int) i);
    return true;
}

/* Each kind once, as late as its latest here and a third more; other seeds count a little later. */
bool draft_kinds_expect(const struct making *m, struct buf *out) {
    struct group g[GROUPS_MAX];
    size_t n = groups_of(m, g);
    if (!n)
        return false;
    buf_add_z(out, "traces: [");
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%sattack-%c", i ? ", " : "", 'a' + (int) i);
    buf_add_z(out, "]\nnoticed:\n");
    for (size_t i = 0; i < n; i++) {
        int64_t late = g[i].detected_ns - g[0].first_ns;
        buf_printf(out, "  - {kind: %.*s, within_s: %lld}\n", STR_ARG(g[i].kind), (long long) MAX(draft_allow(late), 300));
    }
    return true;
}

void draft_kinds_controls(const struct making *m, struct buf *out) {
    struct group g[GROUPS_MAX];
    size_t n = groups_of(m, g);
    const char *said = "";
    for (size_t i = 0; i < n; i++) {
        const char *log = row_of(g[i].kind)->log;
        if (log && strcmp(log, said) != 0)
            buf_printf(out, "  - {id: logs-arrive-%c, measure: logs_arrive, parameters: {kind: %s}, ja: この教訓に要るログが届いていますか, en: Does the log this lesson needs arrive}\n", 'a' + (int) i, log);
        said = log ? log : said;
    }
}
