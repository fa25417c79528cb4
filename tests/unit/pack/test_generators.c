/* Each generator does what its row of a story says, in lines of the product that logs it, and nothing else. */
#include "unit.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"
#include "pack/replay_priv.h"

#define HEAD                                                                                                                       \
    "seed: 5\nstart: 2026-11-23T00:00:00+09:00\nend: 2026-11-23T06:00:00+09:00\nsources:\n"                                        \
    "  - {name: mail, product: postfix, service: m, host: mx}\n  - {name: audit, product: auditd, service: w, host: web}\n"         \
    "  - {name: beat, product: metricbeat, service: w, host: web}\n  - {name: pbx, product: asterisk_cdr, service: desk, host: pbx}\n" \
    "  - {name: sys, product: rsyslog, service: w, host: web}\n  - {name: other, product: rsyslog, service: w, host: db}\n"        \
    "addresses:\n  pcs: {from: [192.0.2.0/24], n: 20}\naccounts:\n  people: {n: 10}\n  theirs: {n: 50}\n"                            \
    "  numbers: {list: [\"0312345678\", \"0698765432\"]}\nactors:\n"
#define MAILS "  - {id: m, kind: mails, service: m, per_hour: 100, accounts: people, to: theirs, addresses: pcs, bounces: 0.5}\n"
#define FILES "  - {id: f, kind: files, service: w, per_hour: 60, accounts: people, paths: [/srv/www/index.html, /srv/www/a.js], program: /usr/sbin/vsftpd, change: made}\n"
#define METRIC                                                                                                                     \
    "  - {id: c, kind: metric, host: web, metric: memory, every: 1m, noise: 0, curve: [{at: \"2026-11-23T01:00:00+09:00\", value: 0.2}, " \
    "{at: \"2026-11-23T03:00:00+09:00\", value: 0.8}]}\n"
#define CALLS "  - {id: t, kind: calls, service: desk, per_hour: 30, callers: numbers, to: \"0300000000\", from: 2026-11-23T02:00:00+09:00, until: 2026-11-23T03:00:00+09:00}\n"
#define NOISE "  - {id: n, kind: noise, host: web, per_hour: 200}\n  - {id: o, kind: noise, host: db, per_hour: 200}\n"
#define SILENT "  - {id: s, kind: silence, source: sys, from: 2026-11-23T02:00:00+09:00, until: 2026-11-23T04:00:00+09:00}\n"
#define CLOCK "  - {id: k, kind: clock, host: db, off: 9h, from: 2026-11-23T03:00:00+09:00}\n"

enum { MAIL, AUDIT, BEAT, PBX, SYS, OTHER, SOURCES, LINES_MAX = 20000 };
struct line {
    int64_t at_ns;
    uint32_t source;
    struct str text;
};
struct story {
    struct arena arena;
    struct line *at;
    size_t n;
};

static void tell(struct story *s, const char *text) {
    struct pack_replay *r = NULL;
    struct pack_line line;
    struct diag d = {0};
    int more;
    arena_init(&s->arena, (size_t) 64 << 20);
    s->at = arena_alloc(&s->arena, LINES_MAX * sizeof *s->at);
    s->n = 0;
    if (pack_replay_read(str_of(text), "story", 0, &r, &d) < 0)
        fail_msg("%u:%u: %s", d.line, d.column, d.text);
    while ((more = pack_replay_next(r, &line)) > 0) {
        assert_true(s->n < LINES_MAX);
        assert_true(!s->n || line.at_ns >= s->at[s->n - 1].at_ns);
        assert_true(str_find_byte(line.bytes, '\n', 0) < 0);
        s->at[s->n++] = (struct line){line.at_ns, line.source, arena_dup(&s->arena, line.bytes)};
    }
    assert_int_equal(more, 0);
    pack_replay_free(r);
}
static void done(struct story *s) {
    arena_done(&s->arena);
}
static size_t count(const struct story *s, uint32_t source, const char *word) {
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->at[i].source == source && str_find(s->at[i].text, str_of(word), 0) >= 0;
    return n;
}
static int64_t at(const char *time) {
    int64_t t;
    int offset;
    assert_true(time_parse_iso(str_of(time), &t, &offset) > 0);
    return t;
}

static void a_mail_is_what_postfix_writes_of_it(void **state UNUSED) {
    struct story s;
    tell(&s, HEAD MAILS);
    size_t n = count(&s, MAIL, "sasl_username="), back = count(&s, MAIL, "status=bounced");
    assert_in_range(n, 480, 720); /* a Poisson process of 600 */
    assert_int_equal(count(&s, MAIL, "message-id="), n);
    assert_int_equal(count(&s, MAIL, "(queue active)"), n);
    assert_int_equal(count(&s, MAIL, ": removed"), n);
    assert_int_equal(count(&s, MAIL, "status=sent") + back, n);
    assert_int_equal(count(&s, MAIL, "non-delivery notification"), back);
    assert_in_range(back, n * 4 / 10, n * 6 / 10);
    assert_int_equal(s.n, 5 * n + back);
    done(&s);
}

static void a_file_change_is_one_event_of_audit(void **state UNUSED) {
    struct story s;
    tell(&s, HEAD FILES);
    size_t n = count(&s, AUDIT, "type=PATH");
    assert_in_range(n, 270, 450);
    assert_int_equal(count(&s, AUDIT, "nametype=CREATE"), n);
    assert_int_equal(count(&s, AUDIT, "exe=\"/usr/sbin/vsftpd\""), n);
    assert_int_equal(count(&s, AUDIT, "comm=\"vsftpd\""), n);
    assert_in_range(count(&s, AUDIT, "index.html"), n / 2, n / 2 + 1); /* in turn */
    assert_int_equal(s.n, 3 * n);
    done(&s);
}

static void a_metric_follows_its_points(void **state UNUSED) {
    struct story s;
    tell(&s, HEAD METRIC);
    assert_int_equal(s.n, 6 * 60);
    assert_int_equal(count(&s, BEAT, "\"system.memory.actual.used.pct\":0.2}"), 61); /* up to the first point */
    assert_int_equal(count(&s, BEAT, "\"system.memory.actual.used.pct\":0.5}"), 1);  /* half way */
    assert_int_equal(count(&s, BEAT, "\"system.memory.actual.used.pct\":0.8}"), 180); /* from the last on */
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(json_check(s.at[i].text, NULL), 0);
    done(&s);
}

static void calls_come_while_they_are_said_to(void **state UNUSED) {
    struct story s;
    tell(&s, HEAD CALLS);
    assert_in_range(s.n, 10, 55);
    assert_int_equal(count(&s, PBX, "\"0300000000\""), s.n);
    assert_int_equal(count(&s, PBX, "ANSWER"), s.n);
    for (size_t i = 0; i < s.n; i++)
        assert_true(s.at[i].at_ns >= at("2026-11-23T02:00:00+09:00") && s.at[i].at_ns < at("2026-11-23T03:00:00+09:00"));
    done(&s);
}

/* Noise of one machine is not written by another. */
static void a_machine_writes_into_its_own_log(void **state UNUSED) {
    struct story s;
    tell(&s, HEAD NOISE);
    assert_int_equal(count(&s, SYS, " web "), count(&s, SYS, ""));
    assert_int_equal(count(&s, OTHER, " db "), count(&s, OTHER, ""));
    assert_in_range(count(&s, SYS, ""), 1000, 1400);
    done(&s);
}

static void a_silent_source_says_nothing_and_others_what_they_did(void **state UNUSED) {
    struct story with, without;
    size_t missing = 0, k = 0;
    tell(&with, HEAD NOISE SILENT);
    tell(&without, HEAD NOISE);
    for (size_t i = 0; i < without.n; i++) {
        bool gone = without.at[i].source == SYS && without.at[i].at_ns >= at("2026-11-23T02:00:00+09:00") &&
                    without.at[i].at_ns < at("2026-11-23T04:00:00+09:00");
        missing += gone;
        if (gone)
            continue;
        assert_true(k < with.n && str_eq(with.at[k].text, without.at[i].text) && with.at[k].at_ns == without.at[i].at_ns);
        k++;
    }
    assert_int_equal(k, with.n);
    assert_in_range(missing, 300, 500);
    done(&with);
    done(&without);
}

/* The lines bear the wrong time; they arrive when they do. */
static void a_wrong_clock_stands_in_the_lines_only(void **state UNUSED) {
    struct story with, without;
    size_t off = 0;
    tell(&with, HEAD NOISE CLOCK);
    tell(&without, HEAD NOISE);
    assert_int_equal(with.n, without.n);
    for (size_t i = 0; i < with.n; i++) {
        int64_t said, was;
        int offset;
        assert_int_equal(with.at[i].at_ns, without.at[i].at_ns);
        assert_true(time_parse_iso(with.at[i].text, &said, &offset) > 0 && time_parse_iso(without.at[i].text, &was, &offset) > 0);
        bool wrong = with.at[i].source == OTHER && with.at[i].at_ns >= at("2026-11-23T03:00:00+09:00");
        assert_int_equal(said - was, wrong ? 9 * NS_PER_HOUR : 0);
        off += wrong;
    }
    assert_true(off > 400);
    done(&with);
    done(&without);
}

static void the_same_story_twice_is_the_same(void **state UNUSED) {
    struct story a, b;
    tell(&a, HEAD MAILS FILES METRIC CALLS NOISE SILENT CLOCK);
    tell(&b, HEAD MAILS FILES METRIC CALLS NOISE SILENT CLOCK);
    assert_int_equal(a.n, b.n);
    for (size_t i = 0; i < a.n; i++)
        assert_true(a.at[i].at_ns == b.at[i].at_ns && a.at[i].source == b.at[i].source && str_eq(a.at[i].text, b.at[i].text));
    done(&a);
    done(&b);
}

static void rows_that_make_no_sense_are_refused_with_their_place(void **state UNUSED) {
    static const struct {
        const char *row, *says;
    } rows[] = {
        {"{id: x, kind: mails, service: m, accounts: people, addresses: pcs}", "'to' is missing"},
        {"{id: x, kind: mails, service: m, accounts: people, to: theirs, addresses: pcs, bounces: 2}", "'bounces' wants a number"},
        {"{id: x, kind: mails, service: m, accounts: people, to: theirs, addresses: pcs, from: 2026-11-24T00:00:00+09:00}", "'until' lies before"},
        {"{id: x, kind: mails, service: m, accounts: people, to: theirs, addresses: pcs, domain: \"a\\nb\"}", "control character"},
        {"{id: x, kind: files, service: w, accounts: people, paths: []}", "'paths' wants a list"},
        {"{id: x, kind: files, service: w, accounts: people, paths: [/a], change: renamed}", "one of: written made removed"},
        {"{id: x, kind: metric, host: web, metric: heat, curve: [{at: 2026-11-23T01:00:00+09:00, value: 1}]}", "cpu, memory, disk"},
        {"{id: x, kind: metric, host: web, metric: cpu, curve: [{at: 2026-11-23T02:00:00+09:00, value: 1}, {at: 2026-11-23T01:00:00+09:00, value: 1}]}", "order of time"},
        {"{id: x, kind: metric, host: web, metric: cpu, every: 0s, curve: [{at: 2026-11-23T02:00:00+09:00, value: 1}]}", "'every'"},
        {"{id: x, kind: metric, host: web, service: w, metric: cpu, curve: [{at: 2026-11-23T02:00:00+09:00, value: 1}]}", "service"},
        {"{id: x, kind: silence, source: nowhere, from: 2026-11-23T02:00:00+09:00}", "none of the sources"},
        {"{id: x, kind: clock, host: web, off: soon}", "'off' wants a span"},
        {"{id: x, kind: clock, host: web}", "'off' is missing"},
        {"{id: x, kind: noise, host: web}\n  - {id: x, kind: noise, host: db}", "another actor has this id"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct buf text;
        struct pack_replay *r = NULL;
        struct diag d = {0};
        buf_init(&text, 65536);
        buf_printf(&text, HEAD "  - %s\n", rows[i].row);
        int e = pack_replay_read(buf_str(&text), "story", 0, &r, &d);
        buf_done(&text);
        if (e >= 0 || !strstr(d.text, rows[i].says) || d.line < 15 || !d.column)
            fail_msg("row %zu: %u:%u '%s' does not say '%s'", i, d.line, d.column, d.text, rows[i].says);
    }
}

/* Logs of a cloud and of the way out: what the documents of their makers name, no more. */
#define CLOUD                                                                                                                      \
    "seed: 5\nstart: 2026-11-23T00:00:00+09:00\nend: 2026-11-23T06:00:00+09:00\nsources:\n"                                        \
    "  - {name: entra, product: entra_signin, service: m, host: e}\n  - {name: trace, product: exchange_trace, service: m, host: x}\n" \
    "  - {name: proxy, product: squid, service: out, host: p}\n  - {name: dns, product: bind, service: out, host: ns}\n"            \
    "addresses:\n  pcs: {from: [192.0.2.0/24], n: 20}\n  far: {from: [203.0.113.9/32], n: 1}\naccounts:\n  one: {list: [info@example.jp]}\n" \
    "  people: {n: 10}\nagents:\n  a: {list: [x]}\nactors:\n"
enum { ENTRA, TRACE, PROXY, DNS };

static void a_sign_in_says_from_which_country_and_a_trace_what_became_of_it(void **state UNUSED) {
    struct story s;
    tell(&s, CLOUD "  - {id: t, kind: campaign, service: m, from: 2026-11-23T01:00:00+09:00, until: 2026-11-23T01:10:00+09:00, tries: 20, accounts: one, "
                   "list_size: 2, exists: 0.5, works: 1, addresses: far, agents: a, country: NL}\n"
                   "  - {id: m, kind: mails, service: m, per_hour: 100, accounts: one, to: people, addresses: far, bounces: 0.5, domain: not.used}\n");
    size_t n = count(&s, TRACE, "");
    assert_in_range(n, 480, 720);
    assert_int_equal(count(&s, TRACE, "\"senderAddress\":\"info@example.jp\""), n); /* a whole address stays as it is */
    assert_int_equal(count(&s, TRACE, "\"status\":\"delivered\"") + count(&s, TRACE, "\"status\":\"failed\""), n);
    assert_in_range(count(&s, TRACE, "\"status\":\"failed\""), n * 4 / 10, n * 6 / 10);
    n = count(&s, ENTRA, "");
    assert_true(n > 5);
    assert_int_equal(count(&s, ENTRA, "\"countryOrRegion\":\"NL\""), n);
    assert_int_equal(count(&s, ENTRA, "\"errorCode\":0,"), 1);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(json_check(s.at[i].text, NULL), 0);
    done(&s);
}

static void a_connection_outside_stands_at_proxy_and_name_server(void **state UNUSED) {
    struct story s;
    tell(&s, CLOUD "  - {id: o, kind: outbound, service: out, per_hour: 100, clients: pcs, accounts: people, to: far, sites: [www.example.com], refused: 0.2}\n"
                   "  - {id: b, kind: outbound, service: out, every: 30m, clients: pcs, accounts: people, to: far, sites: [c.example.net]}\n");
    size_t n = count(&s, PROXY, "CONNECT www.example.com:443 "), denied = count(&s, PROXY, "TCP_DENIED/403");
    assert_in_range(n, 480, 720);
    assert_in_range(denied, n / 10, n * 3 / 10);
    assert_int_equal(count(&s, PROXY, "HIER_DIRECT/203.0.113.9"), n + 240 - denied);
    assert_int_equal(count(&s, PROXY, "CONNECT c.example.net:443 "), 240); /* 20 machines, twice an hour */
    assert_int_equal(count(&s, DNS, "query: c.example.net IN A"), 240);
    assert_int_equal(s.n, 2 * (n + 240));
    done(&s);
}

/* A report's record as Kizuki leaves it, of which no two have one number. */
static void a_report_is_a_record_of_ours(void **state UNUSED) {
    struct story s;
    tell(&s, "seed: 5\nstart: 2026-11-23T00:00:00+09:00\nend: 2026-11-23T06:00:00+09:00\nsources:\n  - {name: r, product: kizuki_report, service: shop, host: d}\n"
             "actors:\n  - {id: r, kind: reports, service: shop, per_hour: 20, about: slow, by_phone: 1}\n");
    assert_in_range(s.n, 80, 170);
    assert_int_equal(count(&s, 0, "\"kizuki.report.kind\":\"slow\",\"kizuki.report.channel\":\"phone\",\"kizuki.report.service\":\"shop\""), s.n);
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(json_check(s.at[i].text, NULL), 0);
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(s.at[i].text, s.at[k].text));
    }
    done(&s);
}

/* What a person reads about the language is what is read of it. */
static void every_generator_says_what_it_is_and_why(void **state UNUSED) {
    struct buf out;
    buf_init(&out, 1 << 20);
    pack_replay_describe(&out);
    assert_int_equal(buf_error(&out), 0);
    for (size_t i = 0; REPLAY_KINDS[i]; i++) {
        assert_true(strlen(REPLAY_KINDS[i]->why) > 40);
        assert_true(str_find(buf_str(&out), str_of(REPLAY_KINDS[i]->why), 0) >= 0);
        for (const struct replay_key *k = REPLAY_KINDS[i]->keys; k->name; k++)
            assert_true(k->help && k->at < REPLAY_KINDS[i]->size);
    }
    buf_done(&out);
}

UNIT_GROUP(pack_generators, cmocka_unit_test(a_mail_is_what_postfix_writes_of_it), cmocka_unit_test(a_file_change_is_one_event_of_audit),
           cmocka_unit_test(a_metric_follows_its_points), cmocka_unit_test(calls_come_while_they_are_said_to),
           cmocka_unit_test(a_machine_writes_into_its_own_log), cmocka_unit_test(a_silent_source_says_nothing_and_others_what_they_did),
           cmocka_unit_test(a_wrong_clock_stands_in_the_lines_only), cmocka_unit_test(the_same_story_twice_is_the_same),
           cmocka_unit_test(a_sign_in_says_from_which_country_and_a_trace_what_became_of_it), cmocka_unit_test(a_connection_outside_stands_at_proxy_and_name_server), cmocka_unit_test(a_report_is_a_record_of_ours),
           cmocka_unit_test(rows_that_make_no_sense_are_refused_with_their_place), cmocka_unit_test(every_generator_says_what_it_is_and_why))
