/* A search as the draft of a rule: the rule is one Sigma reads, and it is true of what the search finds. */
#include "unit.h"

#include "base/buf.h"
#include "base/json.h"
#include "detect/match.h"
#include "detect/search.h"
#include "detect/search_rule.h"

static bool matches(struct detect_rules *rules, const char *const *fields, const char *line) {
    struct event_names *names = event_names_new();
    struct detect_plan *plan;
    struct arena a;
    struct event ev;
    struct raw_record raw = {.bytes = str_of(line)};
    const uint32_t *hits;
    uint32_t n = 0;
    assert_int_equal(detect_plan_new(rules, names, NULL, &plan, NULL), 0);
    struct detect_matcher *m = detect_matcher_new(plan);
    arena_init(&a, 1 << 20);
    event_begin(&ev, &a, names, &raw);
    ev.keep_all = true;
    for (; fields && *fields; fields += 2)
        assert_int_equal(event_add_named(&ev, str_of(fields[0]), JSON_STRING, str_of(fields[1])), 0);
    assert_int_equal(detect_match(m, &ev, &hits, &n), 0);
    arena_done(&a);
    detect_matcher_free(m);
    detect_plan_unref(plan);
    event_names_free(names);
    return n == 1;
}

static struct detect_rules *draft_of(const char *query, struct buf *text) {
    struct detect_rules *rules;
    struct diag d = {0};
    buf_init(text, 65536);
    assert_int_equal(detect_search_rule(str_of(query), STR("a \"line\" \\ of the log"), text, &d), 0);
    if (detect_rules_load_text(buf_str(text), "draft.yml", &rules, &d) < 0 || rules->n_refused)
        fail_msg("%s: %s\n%s", query, rules && rules->n_refused ? rules->refused[0]->diag.text : d.text, buf_z(text));
    return rules;
}

static void what_a_search_finds_its_rule_finds(void **state UNUSED) {
    static const struct {
        const char *query;
        const char *yes[7], *no[7]; /* fields in pairs */
    } rows[] = {
        {"user.name:alice", {"user.name", "Alice"}, {"user.name", "alice2"}},
        {"user.name:(alice, \"b*b\")", {"user.name", "b*b"}, {"user.name", "bab"}},
        {"user.name:al*", {"user.name", "alice"}, {"user.name", "sal"}},
        {"user.name:a?c", {"user.name", "abc"}, {"user.name", "ac"}},
        {"user.name:a\\*c", {"user.name", "a*c"}, {"user.name", "abc"}},
        {"path:\"C:\\\\temp\"", {"path", "C:\\temp"}, {"path", "C:temp"}},
        {"source.ip:192.0.2.0/24", {"source.ip", "192.0.2.9"}, {"source.ip", "192.0.3.9"}},
        {"source.ip:192.0.2.9", {"source.ip", "192.0.2.9"}, {"source.ip", "192.0.2.90"}},
        {"code:>=400", {"code", "404"}, {"code", "304"}},
        {"code:400..499", {"code", "404"}, {"code", "500"}},
        {"path~\"^/admin/[0-9]+'\"", {"path", "/ADMIN/12'"}, {"path", "/admin/x"}},
        {"a:1 or b:2 and not c:3", {"b", "2"}, {"b", "2", "c", "3"}},
        {"not (a:1 or b:2)", {"c", "1"}, {"b", "2"}},
        {"user.name:*", {"user.name", "x"}, {"user.id", "x"}},
        {"message:refused", {"message", "it was refused"}, {"message", "it was used"}},
        {"message:*ref*", {"message", "it was refused"}, {"message", "it was used"}},
        {"user.name:\"it's: #1\"", {"user.name", "it's: #1"}, {"user.name", "it's"}},
        {"user.name:改ざん", {"user.name", "改ざん"}, {"user.name", "改"}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct buf text;
        struct detect_rules *rules = draft_of(rows[i].query, &text), *search;
        assert_int_equal(detect_search_parse(str_of(rows[i].query), &search, NULL), 0);
        if (!matches(search, rows[i].yes, "") || matches(search, rows[i].no, ""))
            fail_msg("the search itself: %s", rows[i].query);
        if (!matches(rules, rows[i].yes, "") || matches(rules, rows[i].no, ""))
            fail_msg("%s\n%s", rows[i].query, buf_z(&text));
        detect_rules_unref(search);
        detect_rules_unref(rules);
        buf_done(&text);
    }
}

static void words_of_the_line_are_keywords(void **state UNUSED) {
    struct buf text;
    struct detect_rules *rules = draft_of("root \"Failed password\" or evil*", &text);
    assert_true(matches(rules, NULL, "Failed password for root"));
    assert_true(matches(rules, NULL, "an evildoer"));
    assert_false(matches(rules, NULL, "Failed password for bob"));
    detect_rules_unref(rules);
    buf_done(&text);
    struct diag d = {0};
    buf_init(&text, 65536);
    assert_int_equal(detect_search_rule(STR("(a or"), STR_NULL, &text, &d), -ERR_PARSE);
    assert_true(d.column > 0);
    buf_done(&text);
}

UNIT_GROUP(detect_search_rule, cmocka_unit_test(what_a_search_finds_its_rule_finds), cmocka_unit_test(words_of_the_line_are_keywords))
