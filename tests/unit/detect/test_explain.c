#include "fire.h"

#include "base/buf.h"

static const char rules[] =
    "title: A\nid: a\nlogsource: {product: windows, service: security}\ndetection:\n"
    "  sel: {EventID: 4625, 'User|contains': [adm, root]}\n"
    "  filter: {Host|startswith: test}\n  condition: sel and not filter\n---\n"
    "title: B\nid: b\nlogsource: {product: windows, service: system}\ndetection:\n"
    "  sel: {EventID: 7045}\n  condition: sel\n---\n"
    "title: K\nid: k\nlogsource: {product: windows}\ndetection: {k: [needle], condition: k}\n";
static const char fields[] =
    "maps:\n  - names: {Channel: [winlog.channel]}\n  - for: {product: windows}\n"
    "    prefixes: [winlog.event_data.]\n    names: {EventID: [event.code]}\nroutes:\n"
    "  - {logsource: {product: windows}, when: {Channel|exists: true}}\n"
    "  - {logsource: {product: windows, service: security}, when: {Channel: Security}}\n"
    "  - {logsource: {product: windows, service: system}, when: {Channel: System}}\n";
static const char event[] =
    "{\"winlog\": {\"channel\": \"Security\", \"event_data\": {\"User\": \"Root\"}}, "
    "\"event\": {\"code\": 4625}, \"Host\": \"web1\"}";

static const struct json_value *explained(struct fire *f, const char *line, const char *rule,
                                          struct buf *out) {
    struct jsonw w;
    struct json_value *v = NULL;
    fire_event(f, str_of(line));
    buf_clear(out);
    jsonw_init(&w, out);
    const struct detect_rule *r = rule ? detect_rules_find(f->rules, str_of(rule)) : NULL;
    assert_int_equal(detect_explain(f->matcher, &f->ev, r, &w), 0);
    assert_int_equal(json_parse(&f->arena, buf_str(out), &v, NULL), 0);
    return v;
}

static const struct json_value *first(const struct json_value *array) {
    assert_non_null(array);
    assert_non_null(array->first);
    return array->first;
}

static void shows_what_each_item_found(void **state UNUSED) {
    struct fire f;
    struct buf out;
    struct str s;
    bool yes;
    buf_init(&out, 1 << 20);
    fire_begin(&f, rules, fields, NULL);
    const struct json_value *v = explained(&f, event, NULL, &out);
    assert_int_equal(json_get(v, "logsources")->n, 2);
    const struct json_value *rule = first(json_get(v, "matched"));
    assert_true(json_get_str(rule, "id", &s));
    assert_str(s, "a");
    const struct json_value *why = json_get(rule, "why");
    assert_true(json_get_bool(why, "holds", &yes) && yes);
    assert_int_equal(json_get(why, "sub")->n, 2);
    /* the value that decided, and the name it stood under */
    assert_non_null(
        strstr(buf_z(&out), "\"found_in\":\"winlog.event_data.User\",\"found\":[\"Root\"]"));
    assert_non_null(strstr(buf_z(&out), "\"found_in\":\"event.code\",\"found\":[\"4625\"]"));
    assert_non_null(strstr(buf_z(&out), "\"selection\":\"sel\""));
    fire_end(&f);
    buf_done(&out);
}

static void says_why_a_rule_is_silent(void **state UNUSED) {
    struct fire f;
    struct buf out;
    bool yes;
    buf_init(&out, 1 << 20);
    fire_begin(&f, rules, fields, NULL);
    const struct json_value *v = explained(&f, event, "b", &out);
    const struct json_value *rule = json_get(v, "rule");
    assert_non_null(rule);
    assert_true(json_get_bool(rule, "logsource_fits", &yes) && !yes);
    assert_true(json_get_bool(rule, "matched", &yes) && !yes);
    assert_true(json_get_bool(json_get(v, "route"), "holds", &yes) && !yes);
    assert_null(json_get(v, "matched"));
    /* near: the trigger called the rule, its filter kept it silent */
    v = explained(
        &f,
        "{\"Channel\": \"Security\", \"EventID\": 4625, \"User\": \"adm\", \"Host\": \"test9\"}",
        NULL, &out);
    assert_int_equal(json_get(v, "matched")->n, 0);
    assert_int_equal(json_get(v, "near")->n, 1);
    v = explained(&f, "{\"Channel\": \"x\", \"a\": \"a Needle\"}", "k", &out);
    assert_true(json_get_bool(json_get(v, "rule"), "matched", &yes) && yes);
    fire_end(&f);
    buf_done(&out);
}

UNIT_GROUP(detect_explain, cmocka_unit_test(shows_what_each_item_found),
           cmocka_unit_test(says_why_a_rule_is_silent))
