/* What is learnt of events, as a file and read back; and that no match ever depends on it. */
#include "fire.h"

#include "base/buf.h"
#include "detect/learn.h"
#include "detect/statistics.h"

static const char RULES[] = "title: t\n"
                            "id: 00000000-0000-4000-8000-000000000001\n"
                            "logsource: {product: p, category: test}\n"
                            "detection:\n"
                            "  a: {Image|endswith: '\\cmd.exe', CommandLine|contains: whoami}\n"
                            "  b: {CommandLine|contains|all: [abc, defgh, 'ij']}\n"
                            "  c: {CommandLine|startswith: zzzz, Image: 'c:\\x\\y.exe'}\n"
                            "  d: {CommandLine|re: 'q[0-9]{3}w'}\n"
                            "  condition: (a or b or c or d) and not (a and d)\n";

static int learn(struct detect_learner *l, struct fire *f, const char *json) {
    fire_event(f, str_of(json));
    return detect_learn(l, f->matcher, &f->ev);
}

static struct detect_statistics *learnt(struct fire *f, unsigned n) {
    struct detect_learner *l = detect_learner_new();
    struct detect_statistics *s;
    struct buf out;
    struct diag d = {0};
    char json[256];
    assert_non_null(l);
    for (unsigned i = 0; i < n; i++) {
        snprintf(json, sizeof json, "{\"Image\":\"C:\\\\W\\\\%s\",\"CommandLine\":\"run %u whoami\"}",
                 i % 4 ? "Cmd.exe" : "b.exe", i);
        assert_int_equal(learn(l, f, json), 0);
    }
    buf_init(&out, 1 << 20);
    assert_int_equal(detect_learner_write(l, &out), 0);
    if (detect_statistics_load_text(buf_str(&out), "s", &s, &d) < 0)
        fail_msg("%s", d.text);
    buf_done(&out);
    detect_learner_free(l);
    return s;
}

static void says_what_it_saw(void **state UNUSED) {
    struct fire f;
    fire_begin(&f, RULES, NULL, NULL);
    struct detect_statistics *s = learnt(&f, 400);
    struct detect_logsource source = {.product = STR("p"), .category = STR("test"), .service = STR("")};
    struct detect_logsource other = {.product = STR("x"), .category = STR(""), .service = STR("")};
    const struct statistics_field *image = statistics_find(s, &source, STR("Image"));
    const struct statistics_field *line = statistics_find(s, &source, STR("CommandLine"));
    assert_non_null(image);
    assert_non_null(line);
    assert_ptr_equal(statistics_find(s, &other, STR("Image")), image);
    assert_null(statistics_find(s, &source, STR("Hashes")));
    assert_null(statistics_find(NULL, &source, STR("Image")));
#define ABOUT(share, want) assert_true((share) >= (want) / 2 && (share) <= (want) * 2)
    ABOUT(statistics_share(image, STATISTICS_COMPONENT, STR("\\cmd.exe")), 0.75);
    ABOUT(statistics_share(image, STATISTICS_WHOLE, STR("c:\\w\\b.exe")), 0.25);
    ABOUT(statistics_share(image, STATISTICS_LAST + 4, STR(".exe")), 1.0);
    ABOUT(statistics_share(line, STATISTICS_GRAM, STR("whoa")), 1.0);
    ABOUT(statistics_share(line, STATISTICS_GRAM + 2, STR("n ")), 1.0);
    assert_true(statistics_share(line, STATISTICS_GRAM, STR(" 39 ")) < 1.0 / 100);
    assert_true(statistics_share(line, STATISTICS_GRAM, STR("mimi")) < 0.01);
    assert_true(statistics_share(line, STATISTICS_GRAM, STR("mimi")) > 0);
    detect_statistics_free(s);
    fire_end(&f);
}

static void does_not_depend_on_the_order(void **state UNUSED) {
    struct detect_learner *l[2] = {detect_learner_new(), detect_learner_new()};
    struct buf out[2];
    struct fire f;
    char json[256];
    fire_begin(&f, RULES, NULL, NULL);
    for (unsigned k = 0; k < 2; k++) {
        assert_non_null(l[k]);
        for (unsigned i = 0; i < 50; i++) {
            snprintf(json, sizeof json, "{\"CommandLine\":\"%u\",\"Image\":\"x\"}", (k ? 49 - i : i) / 7);
            assert_int_equal(learn(l[k], &f, json), 0);
        }
        buf_init(&out[k], 1 << 20);
        assert_int_equal(detect_learner_write(l[k], &out[k]), 0);
    }
    assert_true(str_eq(buf_str(&out[0]), buf_str(&out[1])));
    for (unsigned k = 0; k < 2; k++) {
        buf_done(&out[k]);
        detect_learner_free(l[k]);
    }
    fire_end(&f);
}

static void refuses_what_it_did_not_write(void **state UNUSED) {
    static const struct {
        const char *text;
        unsigned line;
    } t[] = {
        {"", 1},
        {"something else\n", 1},
        {"kizuki-statistics 1\na/b/c\n", 2},
        {"kizuki-statistics 1\na/b/c\tf\tmany\n", 2},
        {"kizuki-statistics 1\n# good\na/b/c\tf\t3\t0:AAAA\na/b/c\tf\t3\t99:AAAA\n", 4},
        {"kizuki-statistics 1\na/b/c\tf\t3\t0:AAA\n", 2},
        {"kizuki-statistics 1\na/b/c\tf\t3\t0:AA*A\n", 2},
        {"kizuki-statistics 1\na/b/c\tf\t3\tAAAA\n", 2},
        {"kizuki-statistics 1\na/b/c\t\t3\n", 2},
    };
    for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
        struct detect_statistics *s = NULL;
        struct diag d = {0};
        assert_int_equal(detect_statistics_load_text(str_of(t[i].text), "s", &s, &d), -ERR_PARSE);
        assert_int_equal(d.line, t[i].line);
        assert_non_null(strstr(d.text, "kizuki rule learn"));
        assert_null(s);
    }
}

/* Tables that say one thing of everything, or anything of anything. */
static struct detect_statistics *nonsense(unsigned seed) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct detect_statistics *s;
    struct buf b;
    struct diag d = {0};
    uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
    buf_init(&b, 1 << 20);
    buf_add_z(&b, "kizuki-statistics 1\n");
    for (unsigned f = 0; f < 2; f++) {
        buf_printf(&b, "p/test/\t%s\t%u", f ? "Image" : "CommandLine", seed % 5 * 1000);
        for (unsigned level = 0; level < STATISTICS_LEVELS; level++) {
            buf_printf(&b, "\t%u:", level);
            for (unsigned i = 0; i < 4 * 2000; i++) {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                buf_add_byte(&b, digits[x >> 20 & 63]);
            }
        }
        buf_add_byte(&b, '\n');
    }
    if (detect_statistics_load_text(buf_str(&b), "s", &s, &d) < 0)
        fail_msg("%s", d.text);
    buf_done(&b);
    return s;
}

static void no_match_depends_on_it(void **state UNUSED) {
    static const char *const events[] = {
        "{\"Image\":\"C:\\\\W\\\\cmd.exe\",\"CommandLine\":\"x whoami\"}",
        "{\"Image\":\"C:\\\\W\\\\cmd.exe\",\"CommandLine\":\"x whoam\"}",
        "{\"CommandLine\":\"ABCdefghij\"}",
        "{\"CommandLine\":[\"abc\",\"defghij abc\"]}",
        "{\"CommandLine\":\"zzzz\",\"Image\":\"C:\\\\x\\\\y.exe\"}",
        "{\"CommandLine\":\"zzz\",\"Image\":\"C:\\\\x\\\\y.exe\"}",
        "{\"CommandLine\":\"q123w\"}",
        "{\"CommandLine\":\"q123w whoami\",\"Image\":\"\\\\cmd.exe\"}",
        "{\"CommandLine\":\"q12w\"}",
    };
    for (unsigned seed = 0; seed < 20; seed++) {
        struct fire f;
        struct detect_plan_options opt = {0};
        struct detect_statistics *s = nonsense(seed);
        struct diag d;
        unsigned n_hits = 0;
        fire_begin(&f, RULES, NULL, NULL);
        detect_matcher_free(f.matcher);
        detect_plan_unref(f.plan);
        opt.statistics = s;
        assert_int_equal(detect_plan_new(f.rules, f.names, &opt, &f.plan, &d), 0);
        detect_statistics_free(s);
        f.matcher = detect_matcher_new(f.plan);
        for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
            const uint32_t *hits;
            uint32_t n;
            fire_event(&f, str_of(events[i]));
            uint32_t n_fast = f.n;
            assert_int_equal(detect_match_exhaustive(f.matcher, &f.ev, &hits, &n), 0);
            assert_int_equal(n_fast, n);
            n_hits += n;
        }
        assert_int_equal(n_hits, 5);
        fire_end(&f);
    }
}

UNIT_GROUP(detect_statistics, cmocka_unit_test(says_what_it_saw), cmocka_unit_test(does_not_depend_on_the_order),
           cmocka_unit_test(refuses_what_it_did_not_write), cmocka_unit_test(no_match_depends_on_it))
