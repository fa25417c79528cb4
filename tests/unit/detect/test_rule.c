#include "unit.h"

#include "base/mem.h"
#include "detect/rule.h"

#define RULE(title, more)                                                                          \
    "title: " title "\nlogsource:\n  category: test\n" more                                        \
    "detection:\n  sel:\n    a: b\n  condition: sel\n"

static struct detect_rules *load(const char *text) {
    struct detect_rules *set = NULL;
    struct diag d = {0};
    char line[1024];
    int r = detect_rules_load_text(str_of(text), "test.yml", &set, &d);
    if (r < 0)
        print_error("%s\n", diag_format(&d, line, sizeof line));
    assert_int_equal(r, 0);
    return set;
}

static void reads_the_head_of_a_rule(void **state UNUSED) {
    CLEANUP(detect_rules_unrefp)
    struct detect_rules *set =
        load("# a comment\n" RULE("One", "  product: Windows\nid: 11\nname: one\nlevel: high\n"
                                         "tags: [attack.t1, attack.t2]\nkizuki: {kind: burst}\n"));
    assert_int_equal(set->n, 1);
    const struct detect_rule *r = set->rules[0];
    assert_str(r->title, "One");
    assert_str(r->id, "11");
    assert_str(r->logsource.product, "windows");
    assert_null(r->logsource.service.p);
    assert_int_equal(r->level, LEVEL_HIGH);
    assert_int_equal(r->tags.n, 2);
    assert_str(r->tags.at[1], "attack.t2");
    assert_int_equal(r->line, 2);
    assert_true(str_starts(r->text, STR("# a comment\ntitle: One")));
    assert_non_null(yaml_get(r->kizuki, "kind"));
    assert_ptr_equal(detect_rules_find(set, STR("11")), r);
    assert_ptr_equal(detect_rules_find(set, STR("one")), r);
    assert_null(detect_rules_find(set, STR("two")));
}

static void cuts_the_text_of_each_document(void **state UNUSED) {
    CLEANUP(detect_rules_unrefp)
    struct detect_rules *set = load("---\n" RULE("One", "") "---\n# two\n" RULE("Two", ""));
    assert_int_equal(set->n, 2);
    assert_true(str_starts(set->rules[0]->text, STR("title: One")));
    assert_true(str_ends(set->rules[0]->text, STR("condition: sel")));
    assert_true(str_starts(set->rules[1]->text, STR("# two\ntitle: Two")));
}

static void merges_global_and_repeat(void **state UNUSED) {
    CLEANUP(detect_rules_unrefp)
    struct detect_rules *set =
        load("action: global\ntitle: G\nlevel: low\nlogsource: {product: p}\n---\n"
             "id: 1\nlogsource: {service: s}\ndetection: {sel: {a: b}, condition: sel}\n---\n"
             "action: repeat\nid: 2\nlevel: critical\ndetection: {sel: {a: c}}\n---\n"
             "action: reset\n---\n" RULE("Own", ""));
    assert_int_equal(set->n_refused, 0);
    assert_int_equal(set->n, 3);
    assert_str(set->rules[0]->title, "G");
    assert_str(set->rules[0]->logsource.product, "p");
    assert_str(set->rules[0]->logsource.service, "s");
    assert_int_equal(set->rules[0]->level, LEVEL_LOW);
    assert_str(set->rules[1]->id, "2");
    assert_int_equal(set->rules[1]->level, LEVEL_CRITICAL);
    assert_str(yaml_get(yaml_get(set->rules[1]->detection, "sel"), "a")->text, "c");
    assert_non_null(yaml_get(set->rules[1]->detection, "condition"));
    assert_str(set->rules[2]->title, "Own");
    assert_null(set->rules[2]->logsource.product.p);
}

static void assert_refused(const char *text, unsigned line, const char *words) {
    CLEANUP(detect_rules_unrefp) struct detect_rules *set = load(text);
    assert_int_equal(set->n_refused, 1);
    assert_int_equal(set->refused[0]->diag.line, line);
    if (!strstr(set->refused[0]->diag.text, words))
        fail_msg("'%s' does not say '%s'", set->refused[0]->diag.text, words);
}

static void refuses_with_place_and_remedy(void **state UNUSED) {
    assert_refused("level: low\n", 1, "title");
    assert_refused("title: a\nlogsource: {product: p}\n", 1, "exactly one of");
    assert_refused(RULE("a", "level: shrill\n"), 4, "write informational, low");
    assert_refused("title: a\nlogsource: {}\ndetection: {s: {a: b}, condition: s}\n", 2,
                   "add category");
    assert_refused("title: a\ndetection: {s: {a: b}, condition: s}\n", 1, "logsource");
    assert_refused("title: [a\n", 2, "");
    assert_refused("- a\n", 1, "mapping");
    assert_refused("action: repeat\ntitle: a\n", 1, "nothing to repeat");
    assert_refused("action: twist\ntitle: a\n", 1, "global, reset or repeat");
    assert_refused(RULE("a", "id: 1\n") "---\n" RULE("b", "id: 1\n"), 13,
                   "already taken by test.yml:1");
}

static void one_bad_document_does_not_refuse_the_others(void **state UNUSED) {
    CLEANUP(detect_rules_unrefp)
    struct detect_rules *set = load(RULE("a", "") "---\ntitle: bad\n---\n" RULE("b", ""));
    assert_int_equal(set->n, 2);
    assert_int_equal(set->n_refused, 1);
    assert_str(set->refused[0]->title, "bad");
}

static void correlated_rules_fall_silent_unless_told(void **state UNUSED) {
    CLEANUP(detect_rules_unrefp)
    struct detect_rules *set =
        load(RULE("A", "name: a\n") "---\n" RULE("B", "name: b\n") "---\n" RULE(
            "C", "name: c\n") "---\n"
                              "title: X\ncorrelation: {type: event_count, rules: [a, b], timespan: "
                              "1m}\n---\n"
                              "title: Y\ncorrelation: {type: event_count, rules: [b], generate: "
                              "true, timespan: 1m}\n");
    assert_int_equal(set->n, 5);
    assert_false(set->rules[0]->generate);
    assert_true(set->rules[1]->generate);
    assert_true(set->rules[2]->generate);
    assert_true(set->rules[3]->generate);
    assert_int_equal(set->rules[3]->kind, DETECT_CORRELATION);
    assert_non_null(set->rules[3]->correlation);
}

static void loads_folders_in_order_and_names_what_is_missing(void **state UNUSED) {
    struct detect_rules *set = NULL;
    struct diag d = {0};
    const char *missing[] = {"/nonexistent/rules"};
    assert_int_equal(detect_rules_load(missing, 1, &set, &d), -ENOENT);
    assert_non_null(strstr(d.text, "/nonexistent/rules"));
    assert_null(set);
    const char *folder[] = {"tests/unit/detect/rules"};
    assert_int_equal(detect_rules_load(folder, 1, &set, &d), 0);
    assert_int_equal(set->n, 2);
    assert_str(set->rules[0]->file, "tests/unit/detect/rules/a/first.yml");
    assert_str(set->rules[1]->file, "tests/unit/detect/rules/b.yaml");
    detect_rules_unref(set);
}

static void survives_every_failing_allocation(void **state UNUSED) {
    static const char text[] =
        "action: global\ntags: [x]\n---\n" RULE("A", "name: a\n") "---\n" RULE(
            "B", "level: x\n") "---\ntitle: X\ncorrelation: {type: event_count, rules: [a]}\n";
    long live = mem_live();
    for (long n = 0;; n++) {
        struct detect_rules *set = NULL;
        mem_fail_after(n);
        int r = detect_rules_load_text(str_of(text), "t.yml", &set, NULL);
        mem_fail_after(-1);
        if (r == 0) {
            assert_int_equal(set->n, 2);
            assert_int_equal(set->n_refused, 1);
            detect_rules_unref(set);
            assert_int_equal(mem_live(), live);
            assert_true(n > 5);
            return;
        }
        assert_int_equal(r, -ENOMEM);
        assert_null(set);
        assert_int_equal(mem_live(), live);
    }
}

UNIT_GROUP(detect_rule, cmocka_unit_test(reads_the_head_of_a_rule),
           cmocka_unit_test(cuts_the_text_of_each_document),
           cmocka_unit_test(merges_global_and_repeat),
           cmocka_unit_test(refuses_with_place_and_remedy),
           cmocka_unit_test(one_bad_document_does_not_refuse_the_others),
           cmocka_unit_test(correlated_rules_fall_silent_unless_told),
           cmocka_unit_test(loads_folders_in_order_and_names_what_is_missing),
           cmocka_unit_test(survives_every_failing_allocation))
