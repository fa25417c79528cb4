/* The language of searches: what each form finds and does not find, and what a mistake is told. Every query is also
 * judged without its triggers: the same must come out. */
#include "fire.h"
#include "torture.h"

#include "detect/search.h"

static int add_leaf(void *ctx, struct str path, enum json_type type, struct str text) {
    return event_add_named(ctx, path, (uint8_t) type, text);
}

static bool finds(const char *query, struct str line) {
    CLEANUP(detect_rules_unrefp) struct detect_rules *rules = NULL;
    CLEANUP(detect_plan_unrefp) struct detect_plan *plan = NULL;
    struct event_names *names = event_names_new();
    struct diag d = {0};
    char said[1024];
    if (detect_search_parse(str_of(query), &rules, &d) < 0 || detect_plan_new(rules, names, NULL, &plan, &d) < 0)
        fail_msg("%s: %s", query, diag_format(&d, said, sizeof said));
    struct detect_matcher *m = detect_matcher_new(plan);
    struct raw_record raw = {.bytes = line};
    struct arena a;
    struct event ev;
    const uint32_t *hits;
    uint32_t n, n_exhaustive;
    arena_init(&a, 1 << 20);
    event_begin(&ev, &a, names, &raw);
    if (line.p[0] == '{')
        assert_int_equal(json_walk(&a, line, NULL, add_leaf, &ev, &d), 0);
    assert_int_equal(detect_match_exhaustive(m, &ev, &hits, &n_exhaustive), 0);
    assert_int_equal(detect_match(m, &ev, &hits, &n), 0);
    if (n != n_exhaustive)
        fail_msg("%s: %u with triggers, %u without", query, n, n_exhaustive);
    arena_done(&a);
    detect_matcher_free(m);
    event_names_free(names);
    return n > 0;
}

#define YES(query, line) assert_true(finds(query, STR(line)))
#define NO(query, line) assert_false(finds(query, STR(line)))

static void fields_are_compared_as_a_whole(void **state UNUSED) {
    YES("user.name:alice", "{\"user.name\":\"Alice\"}");
    NO("user.name:alice", "{\"user.name\":\"alice2\"}");
    NO("user.name:alice", "{\"host.name\":\"alice\"}");
    YES("user.name:ali*", "{\"user.name\":\"alice2\"}");
    YES("user.name:*l?ce", "{\"user.name\":\"alice\"}");
    YES("user.name:\"a*\"", "{\"user.name\":\"a*\"}");
    NO("user.name:\"a*\"", "{\"user.name\":\"ab\"}");
    YES("user.name:*", "{\"user.name\":\"\"}");
    NO("user.name:*", "{\"x\":\"y\"}");
    YES("user.name:\"山田 太郎\"", "{\"user.name\":\"山田 太郎\"}");
    YES("user.name:admin", "{\"user.name\":\"ＡＤＭＩＮ\"}");
    YES("user.name:ａｄｍｉｎ", "{\"user.name\":\"admin\"}");
    YES("process.command_line:C:\\\\Windows\\*.exe", "{\"process.command_line\":\"c:\\\\windows*.exe\"}");
    YES("url.path:/login", "{\"url.path\":\"/login\"}");
}

/* Several in one set: which of them an event fits is told by their numbers. */
static void several_are_told_apart(void **state UNUSED) {
    CLEANUP(detect_rules_unrefp) struct detect_rules *rules = NULL;
    CLEANUP(detect_plan_unrefp) struct detect_plan *plan = NULL;
    struct event_names *names = event_names_new();
    struct raw_record raw = {.bytes = STR("{\"user.name\":\"alice\",\"host.name\":\"gate\"}")};
    struct arena a;
    struct event ev;
    const uint32_t *hits;
    uint32_t n;
    assert_int_equal(detect_search_parse(STR("(user.name:(alice or bob)) or (host.name:web)"), &rules, NULL), 0);
    assert_int_equal(detect_search_add(rules, STR("host.name:web"), NULL), 0);
    assert_int_equal(detect_search_add(rules, STR("user.name:(alice or bob)"), NULL), 0);
    assert_int_equal(detect_plan_new(rules, names, NULL, &plan, NULL), 0);
    struct detect_matcher *m = detect_matcher_new(plan);
    arena_init(&a, 1 << 20);
    event_begin(&ev, &a, names, &raw);
    assert_int_equal(json_walk(&a, raw.bytes, NULL, add_leaf, &ev, NULL), 0);
    assert_int_equal(detect_match(m, &ev, &hits, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(hits[0], 0);
    assert_int_equal(hits[1], 2);
    arena_done(&a);
    detect_matcher_free(m);
    event_names_free(names);
}

static void messages_are_searched_by_words(void **state UNUSED) {
    YES("message:refused", "{\"message\":\"connection refused by peer\"}");
    NO("message:fuse", "{\"message\":\"connection refused by peer\"}");
    YES("message:*fuse*", "{\"message\":\"connection refused by peer\"}");
    YES("message:refus*", "{\"message\":\"connection refused by peer\"}");
    NO("message:efus*", "{\"message\":\"connection refused by peer\"}");
    YES("message:\"refused by\"", "{\"message\":\"connection refused by peer\"}");
    YES("message:接続", "{\"message\":\"不正な接続を拒否\"}");
}

static void free_text_finds_words_of_the_line(void **state UNUSED) {
    YES("192.0.2.3", "Failed password for root from 192.0.2.3 port 22");
    NO("192.0.2.3", "Failed password for root from 192.0.2.33 port 22");
    NO("192.0.2.3", "Failed password for root from 5192.0.2.3 port 22");
    YES("192.0.2.3", "x192.0.2.33 then 192.0.2.3,");
    YES("login", "uid=x path=/user_login?ok");
    NO("soc", "socket closed");
    YES("soc", "報告はSoCへ");
    YES("SOC", "報告はＳｏＣへ");
    YES("12:34:56", "at 12:34:56 it stopped");
    YES("fe80::1", "peer fe80::1 left");
    YES("aa:bb:cc:dd:ee:ff", "mac AA:BB:CC:DD:EE:FF");
    YES("http://example.test/a", "GET http://example.test/a 200");
    YES("tab", "{\"a\":\"x\\ttab\"}");
    YES("管理", "{\"a\":\"\\u7ba1\\u7406\"}");
    YES("*", "anything");
    YES("\\*", "a * b");
    NO("\\*", "a b");
    YES("a*b", "xxa--byy");
}

/* Japanese from one character up, and each writing by each other. */
static void japanese_is_found_however_written(void **state UNUSED) {
    YES("行動計画", "第３次⾏動計画を決定");
    YES("行", "第３次⾏動計画を決定");
    YES("第3次", "第３次⾏動計画を決定");
    YES("ウイルス", "新種のウィルスを検知");
    YES("ウィルス", "新種のｳｲﾙｽを検知");
    YES("サーバ", "サーバーが停止");
    YES("サーバー", "サーバが停止");
    YES("バー", "サーバーが停止"); /* half of a writing, as it stands there */
    YES("改竄", "Webの改ざん");
    YES("改ざん", "Webの改竄");
    NO("サバ", "サーバーが停止");
    NO("ビル", "ビールの注文");
    YES("検知", "\x8c\x9f\x92\x6d"); /* CP932 */
    YES("検知", "\xb8\xa1\xc3\xce\xa4\xb7\xa4\xbf"); /* EUC-JP */
}

static void numbers_networks_and_lists(void **state UNUSED) {
    YES("status:>=400", "{\"status\":404}");
    NO("status:>404", "{\"status\":404}");
    YES("status:400..499", "{\"status\":404}");
    NO("status:400..403", "{\"status\":404}");
    YES("source.ip:192.0.2.0/24", "{\"source.ip\":\"192.0.2.77\"}");
    NO("source.ip:192.0.2.0/24", "{\"source.ip\":\"192.0.3.77\"}");
    YES("source.ip:2001:db8::/32", "{\"source.ip\":\"2001:DB8:0:0::7\"}");
    YES("source.ip:2001:db8:0:0:0:0:0:7", "{\"source.ip\":\"2001:db8::7\"}");
    YES("source.ip:192.0.2.1", "{\"source.ip\":\"192.0.2.1\"}");
    NO("source.ip:192.0.2.1", "{\"source.ip\":\"192.0.2.11\"}");
    YES("user.name:(alice, bob or \"c d\")", "{\"user.name\":\"C D\"}");
    YES("user.name:(alice bob)", "{\"user.name\":\"bob\"}");
    NO("user.name:(alice, bob)", "{\"user.name\":\"carol\"}");
    YES("url.path~\"^/a[0-9]+$\"", "{\"url.path\":\"/A12\"}");
    NO("url.path~\"^/a[0-9]+$\"", "{\"url.path\":\"/a12x\"}");
}

static void words_join_conditions(void **state UNUSED) {
    YES("a:1 b:2", "{\"a\":1,\"b\":2}");
    NO("a:1 b:2", "{\"a\":1,\"b\":3}");
    YES("a:1 AND b:2 or c:3", "{\"c\":3}");
    YES("a:1 (b:2 or c:3)", "{\"a\":1,\"c\":3}");
    NO("a:1 (b:2 or c:3)", "{\"c\":3}");
    YES("a:1 not b:2", "{\"a\":1}");
    NO("a:1 not b:2", "{\"a\":1,\"b\":2}");
    YES("not not a:1", "{\"a\":1}");
    YES("not (a:1 or b:2)", "{\"c\":1}");
    YES("（ａ or b：２）", "{\"b\":2}"); /* as an input method leaves it */
    YES("android", "android phone");
    YES("notice", "a notice");
    YES("\"and\"", "this and that");
}

static void mistakes_are_placed_and_explained(void **state UNUSED) {
    static const struct {
        const char *query;
        unsigned column;
        const char *says;
    } rows[] = {
        {"", 1, "write what to look for"},
        {"a and", 6, "missing at the end"},
        {"(a or b", 1, "not closed"},
        {"a)", 2, "nothing was opened"},
        {"a:1 b:", 7, "a value is missing"},
        {"user.name:(", 11, "not closed"},
        {"user.name:()", 11, "the list is empty"},
        {"検知 \"abc", 4, "not closed"},
        {"@timestamp:>=2026-11-01", 12, "no number"},
        {">5", 1, "needs a field"},
        {"a~\"x(\"", 6, "regular expression"},
        {"a:\"\"", 3, "nothing stands between"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct detect_rules *set = NULL;
        struct diag d = {0};
        assert_int_equal(detect_search_parse(str_of(rows[i].query), &set, &d), -ERR_PARSE);
        if (d.column != rows[i].column || !strstr(d.text, rows[i].says))
            fail_msg("%s: column %u, %s", rows[i].query, d.column, d.text);
        assert_null(set);
    }
    char deep[200];
    struct diag d = {0};
    struct detect_rules *set = NULL;
    memset(deep, '(', sizeof deep);
    assert_int_equal(detect_search_parse(str_n(deep, sizeof deep), &set, &d), -ERR_LIMIT);
}

static int parse_once(void *ctx) {
    struct detect_rules *set = NULL;
    int r = detect_search_parse(str_of(ctx), &set, NULL);
    detect_rules_unref(set);
    return r;
}

static void memory_may_end_anywhere(void **state UNUSED) {
    char query[] = "a:(1, 2) or サーバー and not \"x y\" b:>5 c~\"d+\"";
    assert_true(torture(parse_once, query) > 3);
}

UNIT_GROUP(detect_search, cmocka_unit_test(fields_are_compared_as_a_whole),
           cmocka_unit_test(several_are_told_apart),
        cmocka_unit_test(messages_are_searched_by_words), cmocka_unit_test(free_text_finds_words_of_the_line),
           cmocka_unit_test(japanese_is_found_however_written), cmocka_unit_test(numbers_networks_and_lists),
           cmocka_unit_test(words_join_conditions), cmocka_unit_test(mistakes_are_placed_and_explained),
           cmocka_unit_test(memory_may_end_anywhere))
