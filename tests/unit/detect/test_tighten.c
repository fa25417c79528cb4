/* A closer watch: which numbers are divided, which are not, and that the variant notices what its rule does not, in one service only. */
#include "correlate_bed.h"

#include "base/time.h"
#include "detect/tighten.h"

#define WAVE                                                                                                                                                  \
    BED_RULE("fail")                                                                                                                                          \
    BED_RULE("ok")                                                                                                                                            \
    "title: Wave\nid: wave\nname: wave\ncorrelation:\n  type: measures\n  rules: [fail, ok]\n  group-by: [source.ip]\n  timespan: 600s\n  measures:\n"        \
    "    fails: {count: fail}\n    oks: {count: ok}\n    names: {distinct: user.name, of: fail}\n    all: fails + oks\n    rate: fails / all\n"               \
    "  condition: fails >= 6 and names > 3 and rate >= 0.5 and names >= 0.5 * fails and all >= 2\nlevel: high\n"                                               \
    "kizuki: {kind: list_attack, propose: block_source, title_ja: 波}\n"

static void words(const char *in, int64_t factor, const char *want, size_t n) {
    struct arena a;
    struct yaml_doc *doc = NULL;
    struct buf b;
    struct diag d = {0};
    arena_init(&a, 1 << 20);
    buf_init(&b, 4096);
    assert_int_equal(yaml_parse(&a, STR("fails: {count: fail}\nnames: {distinct: user.name}\nall: fails + names\nrate: fails / all\neach: 2 * fails\n"), "m", &doc, &d), 0);
    assert_int_equal(detect_tighten_words(str_of(in), doc->root, factor, &b), n);
    assert_str(buf_str(&b), want);
    buf_done(&b);
    arena_done(&a);
}

static void amounts_are_divided_and_shares_are_not(void **state UNUSED) {
    words("fails >= 50", 200, "fails >= 25", 1);
    words("fails >= 51 and names>30", 200, "fails >= 26 and names >= 16", 2); /* rounded up; > 30 is from 31 on */
    words("all >= 100 or rate >= 0.4", 300, "all >= 34 or rate >= 0.4", 1);
    words("each >= 10 and names < 3", 200, "each >= 10 and names < 3", 0);   /* a product; an upper bound */
    words("fails >= 0.5 * names", 200, "fails >= 0.5 * names", 0);
    words("fails >= 3 * names", 200, "fails >= 3 * names", 0);
    words("fails >= 2", 400, "fails >= 2", 0);                              /* one event is no number */
    words("fails >= 3", 1000, "fails >= 2", 1);
    words("unknown >= 50", 200, "unknown >= 50", 0);
    words("not (fails >= 10\n  and names >= 8)", 200, "not (fails >= 5\n  and names >= 4)", 2);
    words("", 200, "", 0);
}

static struct str variant(struct buf *out, const char *rules, int64_t factor) {
    struct detect_rules *set = NULL;
    struct diag d = {0};
    int n = 0;
    buf_add_z(out, rules);
    assert_int_equal(detect_rules_load_text(str_of(rules), "rules", &set, &d), 0);
    for (uint32_t i = 0; i < set->n; i++)
        n += detect_tighten(set->rules[i], STR("service.name"), 'f', factor, STR("[{\"values\":[\"members\"]}]"), out, &d);
    assert_int_equal(n, 1); /* of the rules that tell, and of no others */
    detect_rules_unref(set);
    return str_n(buf_z(out), out->n);
}

static void the_variant_notices_half_as_much_in_one_service(void **state UNUSED) {
    static const char *const names[] = {"a", "b", "c", "d"};
    struct bed b;
    struct buf text;
    char fields[120];
    buf_init(&text, 1 << 20);
    struct str rules = variant(&text, WAVE, 200);
    assert_true(str_find(rules, STR("wave~f200"), 0) > 0);
    assert_true(str_find(rules, STR("波（監視強化中）"), 0) > 0);
    assert_int_equal(str_find(rules, STR("propose"), (size_t) str_find(rules, STR("wave~f200"), 0)), -1); /* a reason to look, not to block */
    bed_open(&b, rules.p, NULL);
    assert_string_equal(bed_refused(&b), "");
    /* three tries at one service, one at another: too few for the rule, enough for the watch on `members`, of which the other is no part */
    for (int i = 0; i < 3; i++) {
        snprintf(fields, sizeof fields, "source.ip=1 user.name=%s service.name=%s", names[i], i == 1 ? "billing" : "members");
        bed_event(&b, i, "fail", fields);
    }
    bed_expect(&b, "");
    bed_event(&b, 3, "fail", "source.ip=1 user.name=d service.name=members");
    bed_expect(&b, "open  [source.ip=1 service.name=members] n=3 0-3 {fails=3 oks=0 names=3 all=3 rate=1} e=1,3,4\n");
    bed_close(&b);
    buf_done(&text);
}

static void what_has_no_amount_has_no_variant(void **state UNUSED) {
    static const char *const none[] = {
        BED_RULE("fail") "title: F\nid: f\ncorrelation: {type: first_seen, rules: [fail], group-by: [user.name], timespan: 1d}\n",
        BED_RULE("fail") "title: F\nid: f\ncorrelation: {type: event_count, rules: [fail], group-by: [user.name], timespan: 1d, condition: {gte: 2}}\n",
        BED_RULE("fail") "title: F\nid: f\ncorrelation: {type: event_count, rules: [fail], group-by: [user.name], timespan: 1d, condition: {gte: 9}}\nkizuki: {finding: never}\n",
        "title: F\nid: f\nlogsource: {category: test}\ndetection: {s: {x: y}, condition: s}\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        struct detect_rules *set = NULL;
        struct diag d = {0};
        struct buf out;
        buf_init(&out, 1 << 20);
        assert_int_equal(detect_rules_load_text(str_of(none[i]), "rules", &set, &d), 0);
        for (uint32_t k = 0; k < set->n; k++)
            assert_int_equal(detect_tighten(set->rules[k], STR("service.name"), 'f', 300, STR("[]"), &out, &d), 0);
        assert_int_equal(out.n, 0);
        detect_rules_unref(set);
        buf_done(&out);
    }
}

UNIT_GROUP(detect_tighten, cmocka_unit_test(amounts_are_divided_and_shares_are_not), cmocka_unit_test(the_variant_notices_half_as_much_in_one_service),
           cmocka_unit_test(what_has_no_amount_has_no_variant))
