#include "unit.h"

#include "base/buf.h"
#include "ruleset/decide.h"
#include "ruleset/stage.h"
#include "ruleset/take.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

struct bed {
    char data[64], set[128];
    struct arena arena;
};

static void put(const char *dir, const char *name, const char *text) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        (void) mkdir(path, 0700);
        *p = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void bed_make(struct bed *b) {
    snprintf(b->data, sizeof b->data, "/tmp/kizuki-ruleset-XXXXXX");
    assert_non_null(mkdtemp(b->data));
    snprintf(b->set, sizeof b->set, "%s/given", b->data);
    arena_init(&b->arena, 16 * 1024 * 1024);
    put(b->set, "rules/a.yml", "title: a\n");
    put(b->set, "LICENSE", "# Terms\nunder the MIT License.\n");
}

static void bed_end(struct bed *b) {
    arena_done(&b->arena);
    assert_int_equal(ruleset_remove_tree(b->data), 0);
}

static void stage(struct bed *b, struct ruleset *ret) {
    uint64_t passed_over;
    struct diag d = {0};
    struct ruleset_staging s = {.by = STR("tester")};
    int r = ruleset_stage(b->data, b->set, &s, &b->arena, ret, &passed_over, &d);
    if (r < 0)
        print_error("%s\n", d.text);
    assert_int_equal(r, 0);
}

static void names_that_lead_out_are_no_names(void **state UNUSED) {
    static const char *const bad[] = {"", "/a", "a/", "../a", "a/../b", "a//b", "./a", "a\\b", "a\nb", "a/.."};
    static const char *const good[] = {"a", "a/b.yml", "a b/c..d", "\xe8\xa6\x8f/x.yml"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(ruleset_path_is_plain(str_of(bad[i])));
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(ruleset_path_is_plain(str_of(good[i])));
}

static void a_set_is_kept_with_its_licence(void **state UNUSED) {
    struct bed b;
    struct ruleset s;
    struct rulesets all;
    char path[PATH_MAX];
    bed_make(&b);
    put(b.set, "rules/.hidden/x.yml", "title: x\n");
    put(b.set, "tests/y.yml", "title: y\n"); /* not below rules…, so no rule */
    stage(&b, &s);
    assert_int_equal(s.files, 1);
    assert_str(s.licence, "MIT License");
    assert_int_equal(ruleset_adopt(b.data, s.name, NULL), 0);
    assert_int_equal(rulesets_load(b.data, &all, NULL), 0);
    assert_int_equal(all.n, 1);
    assert_str(all.at[0].name, "given");
    assert_str(all.at[0].by, "tester");
    assert_true(all.at[0].on && !all.at[0].draft);
    snprintf(path, sizeof path, "%s/files/LICENSE", all.at[0].dir);
    assert_int_equal(access(path, R_OK), 0);
    rulesets_done(&all);
    bed_end(&b);
}

static void the_version_before_comes_back(void **state UNUSED) {
    struct bed b;
    struct ruleset first, second;
    struct rulesets all;
    bed_make(&b);
    stage(&b, &first);
    assert_int_equal(ruleset_adopt(b.data, first.name, NULL), 0);
    put(b.set, "rules/a.yml", "title: b\n");
    stage(&b, &second);
    assert_string_not_equal(first.digest, second.digest);
    assert_int_equal(ruleset_adopt(b.data, first.name, NULL), 0);
    assert_int_equal(rulesets_load(b.data, &all, NULL), 0);
    assert_string_equal(all.at[0].digest, second.digest);
    rulesets_done(&all);
    assert_int_equal(ruleset_go_back(b.data, first.name, NULL), 0);
    assert_int_equal(rulesets_load(b.data, &all, NULL), 0);
    assert_int_equal(all.n, 1);
    assert_string_equal(all.at[0].digest, first.digest);
    rulesets_done(&all);
    bed_end(&b);
}

static void recorded_events_become_samples(void **state UNUSED) {
    struct bed b;
    struct ruleset s;
    char path[PATH_MAX], line[256] = "";
    bed_make(&b);
    put(b.set, "regression_data/rules/a/info.yml",
        "rule_metadata: [{id: 0f06a3a5-6a09-413f-8743-e6cf35561297}, {id: ../x}]\n"
        "regression_tests_info: [{type: evtx, path: regression_data/rules/a/e.evtx}]\n");
    put(b.set, "regression_data/rules/a/e.json", "{\n \"Event\": {\"a\": [1, true, null, \"x\\n\"]}}\n");
    stage(&b, &s);
    assert_int_equal(s.samples, 1);
    snprintf(path, sizeof path, "%s/samples/0f06a3a5-6a09-413f-8743-e6cf35561297.ndjson", s.dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    assert_string_equal(line, "{\"Event\":{\"a\":[1,true,null,\"x\\u000a\"]}}\n");
    bed_end(&b);
}

static void a_set_without_rules_leaves_nothing(void **state UNUSED) {
    struct bed b;
    struct ruleset s;
    struct rulesets all;
    struct diag d = {0};
    uint64_t passed_over;
    char empty[192];
    bed_make(&b);
    snprintf(empty, sizeof empty, "%s/empty", b.data);
    put(empty, "readme.txt", "nothing\n");
    struct ruleset_staging how = {.by = STR("tester")};
    assert_int_equal(ruleset_stage(b.data, empty, &how, &b.arena, &s, &passed_over, &d), -ENOENT);
    assert_non_null(strstr(d.text, "holds no rules"));
    assert_int_equal(rulesets_load(b.data, &all, NULL), 0);
    assert_int_equal(all.n, 0);
    rulesets_done(&all);
    bed_end(&b);
}

#define ID "11111111-2222-4333-8444-55555555555"

static int write_rule(struct bed *b, struct str name, const char *text, struct ruleset *ret, struct diag *d) {
    uint64_t passed_over;
    struct ruleset_staging s = {.name = name, .by = STR("tester"), .text = str_of(text)};
    *d = (struct diag){0};
    return ruleset_stage(b->data, NULL, &s, &b->arena, ret, &passed_over, d);
}

static bool has(const struct ruleset *s, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/files/rules/%s.yml", s->dir, name);
    return access(path, F_OK) == 0;
}

static void a_written_rule_joins_the_set_of_such_rules(void **state UNUSED) {
    struct bed b;
    struct ruleset first, second, again;
    struct rulesets all;
    struct diag d;
    bed_make(&b);
    assert_int_equal(write_rule(&b, STR("own"), "title: a\nid: " ID "1\n", &first, &d), 0);
    assert_true(has(&first, ID "1") && str_eq_z(first.from, RULESET_WRITTEN) && str_eq_z(first.written, "rules/" ID "1.yml"));
    assert_int_equal(ruleset_adopt(b.data, first.name, NULL), 0);
    assert_int_equal(write_rule(&b, STR("own"), "title: b\nid: " ID "2\n", &second, &d), 0);
    assert_true(has(&second, ID "1") && has(&second, ID "2") && second.files == 2);
    assert_int_equal(ruleset_adopt(b.data, second.name, NULL), 0);
    assert_int_equal(write_rule(&b, STR("own"), "title: c\nid: " ID "2\n", &again, &d), 0);
    assert_true(again.files == 2 && strcmp(again.digest, second.digest) != 0);
    assert_int_equal(write_rule(&b, STR("own"), "title: b\nid: " ID "2\n", &again, &d), 0);
    assert_string_equal(again.digest, second.digest);
    assert_int_equal(rulesets_load(b.data, &all, NULL), 0);
    assert_true(rulesets_find(&all, STR("own"), false)->older && !rulesets_find(&all, STR("own"), true)->older);
    rulesets_done(&all);
    bed_end(&b);
}

static void what_somebody_else_keeps_stays_as_it_came(void **state UNUSED) {
    struct bed b;
    struct ruleset s;
    struct diag d;
    bed_make(&b);
    stage(&b, &s);
    assert_int_equal(ruleset_adopt(b.data, s.name, NULL), 0);
    assert_int_equal(write_rule(&b, s.name, "title: a\nid: " ID "1\n", &s, &d), -EEXIST);
    assert_int_equal(write_rule(&b, STR("own"), "title: a\n", &s, &d), -EINVAL);
    assert_int_equal(write_rule(&b, STR("own"), "title: a\nid: ../x\n", &s, &d), -EINVAL);
    assert_int_equal(write_rule(&b, STR("own"), "- a\n", &s, &d), -EINVAL);
    assert_true(write_rule(&b, STR("own"), "title: [a\n", &s, &d) < 0 && d.line);
    assert_int_equal(write_rule(&b, STR("../own"), "title: a\nid: " ID "1\n", &s, &d), -EINVAL);
    bed_end(&b);
}

static void a_suppression_says_for_how_long_and_who_answers(void **state UNUSED) {
    const struct {
        struct suppression_made s;
        const char *why;
    } bad[] = {{{STR("r"), STR("soon"), STR("o"), STR("w")}, "no span"}, {{STR("r"), STR("1h"), STR(""), STR("w")}, "owner"},
               {{STR("r"), STR("1h"), STR("o"), STR("")}, "reason"}, {{STR("r"), STR("0s"), STR("o"), STR("w")}, "no span"}};
    struct suppression_made good = {STR("a\"b"), STR("24h"), STR("o: {"), STR("w\n")};
    struct diag d;
    struct buf b;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        d = (struct diag){0};
        assert_int_equal(suppression_check(&bad[i].s, &d), -EINVAL);
        assert_non_null(strstr(d.text, bad[i].why));
    }
    assert_int_equal(suppression_check(&good, &d), 0);
    buf_init(&b, 4096);
    suppression_write(&good, &b);
    assert_string_equal(buf_z(&b), "suppressions:\n  - {rule: \"a\\\"b\", for: \"24h\", owner: \"o: {\", reason: \"w\\u000a\"}\n");
    buf_done(&b);
}

UNIT_GROUP(ruleset, cmocka_unit_test(a_written_rule_joins_the_set_of_such_rules),
           cmocka_unit_test(what_somebody_else_keeps_stays_as_it_came),
           cmocka_unit_test(a_suppression_says_for_how_long_and_who_answers),
           cmocka_unit_test(names_that_lead_out_are_no_names),
           cmocka_unit_test(a_set_is_kept_with_its_licence), cmocka_unit_test(the_version_before_comes_back),
           cmocka_unit_test(recorded_events_become_samples), cmocka_unit_test(a_set_without_rules_leaves_nothing))
