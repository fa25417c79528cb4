/* Loading rules while memory ends: rule files, field maps, statistics, the plan of correlations and that of detections, with
 * the n-th allocation failing, for each n, down to the pieces taken from arenas. Each failure must be -ENOMEM with a sentence
 * and leave nothing behind; where the load goes on without that memory, no rule may be missing.
 *
 * ./dev test walks through a sample; KIZUKI_TORTURE=all (./dev soak torture) through every n, and through the shipped rules. */
#include "torture.h"

#include "base/mem.h"
#include "detect/correlate.h"
#include "detect/fields.h"
#include "detect/match.h"
#include "detect/statistics.h"

#include <errno.h>
#include <limits.h>

#define TEST "logsource: {category: test}\n"
static const char rules_text[] =
    "placeholders: {Names: ['srv*', db1], One: x}\n---\n"
    "title: All\nid: all\nname: all\n" TEST "tags: [a.b]\nreferences: [x]\nfalsepositives: [none]\nfields: [a]\ndetection:\n"
    "  a: {'a|contains|all': [x, y], 'b|startswith|cased': q, 'c|endswith': [z], 'd|exists': true, 'e|neq': 1}\n"
    "  b: {'a|windash|contains': ' -x', 'b|re|i|m|s': 'a.b', 'c|base64': foo, 'd|base64offset|contains': foo}\n"
    "  c: {'a|utf16|base64': q, 'b|utf16le|base64': q, 'c|utf16be|base64': q, 'd|wide|base64offset|contains': q}\n"
    "  d: {'a|lt': 1, 'b|lte': 1, 'c|gt': 1, 'd|gte': 1, 'e|minute': 1, 'f|hour|gte': 1, 'g|day': 1, 'h|week': 1}\n"
    "  e: {'a|month': 1, 'b|year': 2026, 'c|cidr': [10.0.0.0/8, '2001:db8::/32'], 'd|expand': '%Names%.%One%', 'e|fieldref|contains': f}\n"
    "  f: [one, two, {a: null, b: '', c: ['*x?y', \"\xc3\xa4\"]}]\n"
    "  k: {'|all': [k1, k2]}\n"
    "  condition: [a and not (b or c), 1 of d*, all of e* and not k, 1 of them]\n"
    "kizuki: {kind: burst, collect: [user.name], fold: [host.name], fold_span: 1m, samples: {match: [{a: x}]}}\n---\n"
    "title: B\nname: b\n" TEST "detection: {s: {u: v}, condition: s}\n---\n"
    "title: Bad\n" TEST "detection: {s: {'a|re': '('}, condition: s}\n---\n"
    "title: [broken\n---\n"
    "level: low\n---\n"
    "title: G\n" TEST "filter: {rules: [nobody], s: {u: x}, condition: not s}\n---\n"
    "title: F\n" TEST "filter: {rules: [all], s: {u: x}, condition: not s}\n---\n"
    "title: C1\nname: c1\ncorrelation: {type: event_count, rules: [all, b], group-by: [a], timespan: 1m, condition: {gte: 2}}\n---\n"
    "title: C2\nname: c2\ncorrelation: {type: value_count, rules: [all], group-by: [a], timespan: 1m, condition: {field: [u, v], gte: 2}}\n---\n"
    "title: C3\nname: c3\ncorrelation: {type: temporal, rules: [c1, b], group-by: [a], timespan: 1m}\n---\n"
    "title: C4\nname: c4\ncorrelation: {type: temporal, rules: [c1, b], timespan: 1m, condition: c1 and not b}\n---\n"
    "title: C5\nname: c5\ncorrelation: {type: temporal_ordered, rules: [c3, b], group-by: [w], aliases: {w: {c3: a, b: u}}, timespan: 1m}\n---\n"
    "title: C6\nname: c6\ncorrelation: {type: value_percentile, rules: [b], timespan: 1m, condition: {field: n, percentile: 95, gt: 5}}\n---\n"
    "title: C7\nname: c7\ncorrelation: {type: rate_change, rules: [b], timespan: 1m, condition: {gte: 5, least: 2}}\n---\n"
    "title: C8\nname: c8\ncorrelation: {type: silence, rules: [b], group-by: [a], timespan: 1m}\n---\n"
    "title: C9\nname: c9\ncorrelation: {type: value_count, rules: [b], group-by: [a], timespan: 1m, condition: {field: u, lt: 2}}\n---\n"
    "title: P\nname: p\ncorrelation: {type: value_count, rules: [b], group-by: [a], timespan: 7d, condition: {field: u}}\n---\n"
    "title: M\nname: m\ncorrelation:\n  type: measures\n  rules: [all, b]\n  group-by: [a]\n  timespan: 10m\n"
    "  measures: {n: {count: b}, d: {distinct: [u, v], of: b}, s: {spread: b, without: all}, r: n / (n + d)}\n"
    "  attach: {good: p}\n  condition: n >= 3 and (r > 0.5 or not good > 3)\n  evidence: [b]\n"
    "kizuki: {collect: [{field: u, of: b}]}\n---\n"
    "title: Circle\nname: circle\ncorrelation: {type: event_count, rules: [circle], timespan: 1m, condition: {gte: 1}}\n";
enum { RULES = 15, REFUSED = 5 }; /* the circle is among both */

static const char fields_text[] =
    "maps:\n  - for: {category: test}\n    prefixes: [x.]\n    names: {a: [alpha, beta.gamma], b: [B]}\n"
    "routes:\n  - {logsource: {category: test}, when: {T: 1}}\n"
    "  - logsource: {category: test, service: s}\n    when: {x: {'P|exists': true}, condition: not x}\n";

struct load {
    const char *rules, *fields, *statistics; /* paths; NULL: the texts above */
    uint32_t n, n_refused;                   /* what a whole load has; n 0: not yet known */
    bool lost;                               /* memory ended and a rule was missing */
};

static int load_rules(const struct load *l, struct detect_rules **set, struct detect_fields **fields, struct diag *d) {
    int r = l->rules ? detect_rules_load(&l->rules, 1, set, d) : detect_rules_load_text(STR(rules_text), "r.yml", set, d);
    if (r == 0)
        r = l->fields ? detect_fields_load(l->fields, fields, d) : detect_fields_load_text(STR(fields_text), "f.yml", fields, d);
    return r;
}

static int load(struct load *l, struct diag *d) {
    struct detect_rules *set = NULL;
    struct detect_fields *fields = NULL;
    struct detect_statistics *statistics = NULL;
    struct correlate_plan *correlations = NULL;
    struct detect_plan *plan = NULL;
    struct event_names *names = event_names_new();
    int r = names ? load_rules(l, &set, &fields, d) : diag_set(d, -ENOMEM, "out of memory");
    if (r == 0 && l->statistics)
        r = detect_statistics_load(l->statistics, &statistics, d);
    if (r == 0)
        r = correlate_plan_new(set, names, &correlations, d);
    const struct detect_plan_options opt = {.fields = fields, .statistics = statistics};
    if (r == 0)
        r = detect_plan_new(set, names, &opt, &plan, d);
    if (r == 0 && !l->n) {
        l->n = set->n;
        l->n_refused = set->n_refused;
    }
    if (r == 0 && (set->n != l->n || set->n_refused != l->n_refused)) {
        l->lost = true;
        for (uint32_t i = 0; i < set->n_refused; i++)
            print_error("%u: %s\n", set->refused[i]->diag.line, set->refused[i]->diag.text);
    }
    detect_plan_unref(plan);
    correlate_plan_free(correlations);
    detect_statistics_free(statistics);
    detect_fields_free(fields);
    detect_rules_unref(set);
    event_names_free(names);
    return r;
}

/* The n-th allocation of a load fails; false: there are not so many. *ret_bad counts what was wrong about it. */
static bool fails_cleanly(struct load *l, long n, unsigned *ret_bad) {
    struct diag d = {0};
    long live = mem_live();
    l->lost = false;
    mem_fail_after(n);
    int r = load(l, &d);
    bool failed = mem_has_failed();
    mem_fail_after(-1);
    const char *wrong = mem_live() != live                            ? "something is left behind"
                        : l->lost                                     ? "a rule is missing"
                        : r != 0 && r != -ENOMEM                      ? "the load names another reason"
                        : r == -ENOMEM && !strstr(d.text, "memory")   ? "there is no sentence"
                                                                      : NULL;
    if (wrong) {
        print_error("allocation %ld fails, and %s: %d '%s'\n", n, wrong, r, d.text);
        *ret_bad += 1;
    }
    return failed;
}

static void torture_load(struct load *l, long all_until, long step) {
    long n = 0, tried = 0;
    unsigned bad = 0;
    struct diag d = {0};
    mem_fail_in_arenas(true);
    if (load(l, &d) < 0)
        fail_msg("%s", d.text);
    for (; fails_cleanly(l, n, &bad); n += n < all_until ? 1 : step)
        tried++;
    mem_fail_in_arenas(false);
    print_message("# %u rules, %u refused; about %ld allocations, %ld of them failed once each\n", l->n, l->n_refused, n, tried);
    assert_int_equal(bad, 0);
    assert_true(tried > 300);
}

static void loading_rules_survives_the_end_of_memory(void **state UNUSED) {
    struct load l = {0};
    torture_load(&l, torture_all() ? LONG_MAX : 100, 7);
    assert_int_equal(l.n, RULES);
    assert_int_equal(l.n_refused, REFUSED);
}

/* The shipped rules, maps and statistics: tens of thousands of allocations, so a sample in any case. */
static void loading_the_shipped_rules_survives_it(void **state UNUSED) {
    struct load l = {.rules = "content/rules", .fields = "content/fields", .statistics = "content/statistics/windows.txt"};
    if (!torture_all())
        skip();
    torture_load(&l, 300, 17);
    assert_int_equal(l.n_refused, 0);
}

UNIT_GROUP(detect_load, cmocka_unit_test(loading_rules_survives_the_end_of_memory),
           cmocka_unit_test(loading_the_shipped_rules_survives_it))
