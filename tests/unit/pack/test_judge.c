/* Every demand of expect.yml is met by what meets it and fails by what does not. */
#include "unit.h"

#include "base/time.h"
#include "pack/judge.h"

#define T(s) ((int64_t) (s) * NS_PER_S)
enum { FIRST = 1000 };

static const struct str SERVICES[] = {{"members", 7}};
static struct pack_played_finding findings[2];
static struct pack_played_action actions[1];
static struct str blocked[1];
static const struct pack_played_rule rules[] = {{{"r1", 2}, {"list_attack", 11}}, {{"r2", 2}, {"burst", 5}}};
static const struct pack_played_source sources[] = {{{"auth", 4}, {"auth-01", 7}, 900, 32400000, false}, {{"web", 3}, {"web-01", 6}, 0, 0, false}};

static const struct pack_played_trace traces[] = {
    {.slip = {"198.51.100.1:40001", 18}, .truth = {"pc-a, sato, 192.168.1.10", 24}, .found = {"pc-a, sato, 192.168.1.10", 24}, .place = 1, .took_ns = 2 * NS_PER_S - 1},
    {.slip = {"198.51.100.1:40002", 18}, .truth = {"pc-a, sato, 192.168.1.10", 24}, .found = {"pc-b, tanaka, 192.168.1.10", 26}, .place = 2},
    {.slip = {"198.51.100.1:40003", 18}, .truth = {"pc-a, sato, 192.168.1.10", 24}, .lacks = {"nat", 3}}};

static const struct pack_played_count counts[] = {{8050, NS_PER_S / 3}};

/* A night as it should be: a finding 12 s after the first trace, a proposal 20 s after it, one address blocked. */
static struct pack_played good(void) {
    findings[0] = (struct pack_played_finding){STR("list_attack"), STR("r1"), SERVICES, 1, 5, 1, T(FIRST + 12)};
    findings[1] = (struct pack_played_finding){STR("burst"), STR("r2"), NULL, 0, 0, 1, T(FIRST + 30)};
    actions[0] = (struct pack_played_action){STR("block_source"), T(FIRST + 20)};
    blocked[0] = STR("203.0.113.9");
    return (struct pack_played){.findings = findings, .n_findings = 2, .actions = actions, .n_actions = 1, .blocked = blocked, .n_blocked = 1,
                                .rules = rules, .n_rules = 2, .traces = traces, .n_traces = 3, .counts = counts, .n_counts = 1, .sources_of_lines = sources, .n_sources_of_lines = 2,
                                .times = {TIME_NONE, T(FIRST + 12), T(FIRST + 90), TIME_NONE, T(FIRST + 40), TIME_NONE, TIME_NONE, TIME_NONE},
                                .incidents = 1, .accounts_tried = 100, .accounts_stolen = 3, .sources = 37};
}

static int judge(const char *expect, const struct pack_played *p, struct buf *out, struct diag *d) {
    static const char head[] = "figures: [{id: seen, ja: 日次, en: daily}, {id: stop, time: T4, ja: 半日, en: half a day}]";
    struct arena a;
    struct yaml_doc *e, *h;
    arena_init(&a, 1 << 20);
    assert_int_equal(yaml_parse(&a, str_of(expect), "expect.yml", &e, NULL), 0);
    assert_int_equal(yaml_parse(&a, str_of(head), "pack.yml", &h, NULL), 0);
    int r = pack_judge(e->root, h->root, p, T(FIRST), out, d);
    arena_done(&a);
    return r;
}

static void demands_are_met_or_fail(void **state UNUSED) {
    static const struct {
        const char *expect;
        int failed;
        const char *says;
    } rows[] = {
        {"noticed: [{kind: list_attack, within_s: 12}]", 0, "noticed 12 s after the first trace (at most 12 s)"},
        {"noticed: [{kind: list_attack, within_s: 11}]", 1, "FAILED"},
        {"noticed: [{kind: list_attack, service: members, accounts_at_least: 5, within_s: 60}]", 0, "ok"},
        {"noticed: [{kind: list_attack, accounts_at_least: 6, within_s: 60}]", 1, "not noticed at all"},
        {"noticed: [{kind: list_attack, service: billing, within_s: 60}]", 1, "not noticed at all"},
        {"noticed: [{rule: r1, within_s: 60}]", 0, "r1: noticed"},
        {"noticed: [{rule: r1, kind: burst, within_s: 60}]", 1, "not noticed at all"},
        {"noticed: [{kind: none, within_s: 60}, {kind: list_attack, within_s: 1}]", 2, "none: not noticed"},
        {"noticed: [{kind: list_attack, within_s: 60, figure: seen}]", 0, "survey: 日次 / daily, here: noticed after 12 s"},
        {"noticed: [{kind: none, within_s: 60, figure: seen}]", 1, "here: not noticed"},
        {"proposed: [{action: block_source, within_s: 20}]", 0, "proposed 20 s after the first trace"},
        {"proposed: [{action: block_source, within_s: 19}]", 1, "FAILED"},
        {"noticed: [{kind: list_attack, within_s: 60}]\nproposed: [{action: block_source, within_s: 8, after: noticed}]", 0, "proposed 8 s after it was noticed"},
        {"noticed: [{kind: list_attack, within_s: 60}]\nproposed: [{action: block_source, within_s: 7, after: noticed}]", 1, "FAILED"},
        {"noticed: [{kind: none, within_s: 60}]\nproposed: [{action: block_source, within_s: 60, after: noticed}]", 2, "not proposed"},
        {"proposed: [{action: close_site, within_s: 60}]", 1, "not proposed"},
        {"must_not: [{blocked: 192.0.2.7, because: x}]", 0, "must not: blocked 192.0.2.7 (x)"},
        {"must_not: [{blocked: 203.0.113.9, because: x}]", 1, "FAILED"},
        {"must_not: [{noticed: burst, because: x}]", 1, "FAILED"},
        {"must_not: [{noticed: spraying, because: x}]", 0, "ok"},
        {"must_not: [{proposed: block_source, because: x}]", 1, "FAILED"},
        {"incidents: {at_least: 1, at_most: 1}", 0, "cases: 1 (1 to 1)"},
        {"incidents: {at_least: 2}", 1, "cases: 1 (2)"},
        {"scope: {accounts_tried: {at_most: 99}, accounts_stolen: {at_least: 3}, sources: {at_least: 38}}", 2, "accounts_tried: 100 (0 to 99)"},
        {"scope: {sources: {at_least: 37, at_most: 37}}", 0, "ok"},
        {"contained: {within_s: 40}", 0, "contained: contained 40 s after the first trace"},
        {"contained: {within_s: 39}", 1, "FAILED"},
        {"incidents: {at_least: 1}", 0, "T4      contained (封じ込め): survey: 半日 / half a day, here: 40 s after the first trace"},
        {"incidents: {at_least: 1}", 0, "T6      published (公表): survey: says nothing, here: a drill with people shows it\n"},
        {"publication: {within_s: 600}", 1, "publication: not drafted"},
        {"reached: {within_s: 10}", 0, "nobody is called in a replay"},
        {"departures: {at_most: 0}", 0, "a drill shows it"},
        {"noticed: [{kind: none, within_s: 60}]", 1, "why: no rule in use says 'none'"},
        {"noticed: [{kind: list_attack, accounts_at_least: 6, within_s: 60}]", 1, "why: no line came from the source web"},
        {"traced: [{of: a, within_s: 60, figure: seen}]", 0, "traced: 198.51.100.1:40001 was pc-a, sato, 192.168.1.10, found within 2 s (at most 60 s)\n        survey: 日次 / daily, here: traced after 2 s"},
        {"traced: [{of: a, within_s: 1}]", 1, "FAILED"},
        {"traced: [{of: a, within_s: 60}, {of: b, within_s: 60}, {of: c, within_s: 60}]", 2, "but first came pc-b, tanaka, 192.168.1.10"},
        {"traced: [{of: a, within_s: 60}, {of: b, within_s: 60}, {of: c, within_s: 60, figure: seen}]", 2, "and nobody was found; missing logs: nat\n        survey: 日次 / daily, here: not traced"},
        {"counted: [{query: \"a b\", n: {at_least: 8050, at_most: 8050}, within_s: 10, figure: seen}]", 0, "counted: 8050 (8050 to 8050) within 1 s (at most 10 s): a b\n        survey: 日次 / daily, here: 8050 counted after 1 s"},
        {"counted: [{query: a, n: {at_least: 8051}, within_s: 10}]", 1, "FAILED"},
        {"counted: [{query: a, n: {at_most: 8050}, within_s: 0}]", 1, "FAILED"},
        {"incidents: {at_least: 1}", 0, "the clock of auth-01 is 9 h 00 min ahead (source auth)"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct pack_played p = good();
        struct buf out;
        struct diag d = {0};
        buf_init(&out, 65536);
        int r = judge(rows[i].expect, &p, &out, &d);
        if (r != rows[i].failed || str_find(buf_str(&out), str_of(rows[i].says), 0) < 0)
            fail_msg("%s: %d, not %d: %s%s", rows[i].expect, r, rows[i].failed, buf_z(&out), d.text);
        buf_done(&out);
    }
}

/* What was published later has to be found on its hosts, from the first trace on, and soon. */
static void a_hunt_finds_hosts_and_the_first_time(void **state UNUSED) {
    static const struct pack_played_hunt there = {40, 3, T(FIRST + 2), 100000, 5 * NS_PER_S}, nothing = {.first_ns = TIME_NONE, .records = 100000};
    static const struct {
        const char *row;
        const struct pack_played_hunt *hunt;
        int failed;
        const char *says;
    } rows[] = {
        {"{indicators: [a.example], within_s: 5, first_within_s: 2, hosts: {at_least: 3, at_most: 3}}", &there, 0, "40 hits in 100000 records within 5 s"},
        {"{indicators: [a.example], within_s: 4, first_within_s: 2}", &there, 1, "FAILED  hunted: 40 hits"},
        {"{indicators: [a.example], within_s: 5, first_within_s: 1}", &there, 1, "FAILED  hunted: first seen"},
        {"{indicators: [a.example], within_s: 5, first_within_s: 2, hosts: {at_least: 4}}", &there, 1, "hosts: 3 (4)"},
        {"{indicators: [a.example], within_s: 5, first_within_s: 2, figure: seen}", &there, 0, "here: found after 5 s"},
        {"{indicators: [a.example], within_s: 5, first_within_s: 2, figure: seen}", &nothing, 1, "here: not found"},
        {"{indicators: [a.example], within_s: 5, first_within_s: 2}", NULL, 1, "nothing was found"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct pack_played p = good();
        struct buf out;
        char expect[256];
        p.hunts = rows[i].hunt;
        p.n_hunts = rows[i].hunt ? 1 : 0;
        buf_init(&out, 65536);
        snprintf(expect, sizeof expect, "hunted: [%s]", rows[i].row);
        int r = judge(expect, &p, &out, NULL);
        if (r != rows[i].failed || str_find(buf_str(&out), str_of(rows[i].says), 0) < 0)
            fail_msg("%s: %d, not %d: %s", expect, r, rows[i].failed, buf_z(&out));
        buf_done(&out);
    }
}

static void what_came_too_early_or_in_no_case_fails(void **state UNUSED) {
    struct pack_played p = good();
    struct buf out;
    buf_init(&out, 65536);
    findings[0].at_ns = T(FIRST - 5); /* it was about something else */
    assert_int_equal(judge("noticed: [{kind: list_attack, within_s: 60}]", &p, &out, NULL), 1);
    p = good();
    findings[0].incident = 0; /* nobody is told of it */
    assert_int_equal(judge("noticed: [{kind: list_attack, within_s: 60}]", &p, &out, NULL), 1);
    p = good();
    findings[0].at_ns = T(FIRST + 12) + 1; /* a limit is a limit */
    assert_int_equal(judge("noticed: [{kind: list_attack, within_s: 12}]", &p, &out, NULL), 1);
    buf_done(&out);
}

static void what_nobody_judges_is_refused(void **state UNUSED) {
    static const char *const rows[] = {"noticed: []\npublished: [{within_s: 60}]", "scope: {countries: {at_least: 1}}"};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct pack_played p = good();
        struct buf out;
        struct diag d = {0};
        buf_init(&out, 65536);
        assert_true(judge(rows[i], &p, &out, &d) < 0 && d.text[0] && d.line);
        buf_done(&out);
    }
}

/* The first line of the attack, not of the people before it. */
static void the_first_trace_is_the_attackers_first_line(void **state UNUSED) {
    static const char *const lesson = "packs/nisc-2014-2-account-list/replay.yml";
    struct arena a;
    struct yaml_doc *doc;
    struct diag d = {0};
    int64_t first, people, wave;
    int offset;
    arena_init(&a, 1 << 20);
    assert_int_equal(pack_first_trace(lesson, 0, NULL, &first, &d), 0);
    assert_true(time_parse_iso(STR("2026-11-23T02:03:08+09:00"), &wave, &offset) > 0);
    assert_in_range(first - wave, 0, 10 * NS_PER_S);
    assert_int_equal(yaml_parse(&a, STR("traces: [people]"), "e", &doc, NULL), 0);
    assert_int_equal(pack_first_trace(lesson, 0, doc->root, &people, &d), 0);
    assert_true(people < first);
    assert_int_equal(yaml_parse(&a, STR("traces: [nobody]"), "e", &doc, NULL), 0);
    assert_int_equal(pack_first_trace(lesson, 0, doc->root, &people, &d), -ENOENT);
    arena_done(&a);
}

UNIT_GROUP(pack_judge, cmocka_unit_test(a_hunt_finds_hosts_and_the_first_time), cmocka_unit_test(demands_are_met_or_fail), cmocka_unit_test(what_came_too_early_or_in_no_case_fails),
           cmocka_unit_test(what_nobody_judges_is_refused), cmocka_unit_test(the_first_trace_is_the_attackers_first_line))
