#include "testdata.h"
#include "torture.h"
#include "unit.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"

#include <math.h>

static struct arena arena;
static int arena_up(void **state UNUSED) {
    arena_init(&arena, (size_t) 256 << 20);
    return 0;
}
static int arena_down(void **state UNUSED) {
    arena_done(&arena);
    return 0;
}

/* A heap copy without a byte to spare, so that ASan sees a read past the end. */
static int parse_tight(struct str s, struct json_value **ret, struct diag *d) {
    char *p = malloc(s.n ? s.n : 1);
    struct json_value *v = NULL;
    assert_non_null(p);
    memcpy(p, s.p, s.n);
    int r = json_parse(&arena, str_n(p, s.n), &v, d);
    if (r == 0 && ret) {
        r = json_parse(&arena, arena_dup(&arena, s), ret, d);
    }
    free(p);
    return r;
}

static void suite_file(const char *name, struct str text, void *ctx) {
    int *counts = ctx;
    struct diag d;
    int r = parse_tight(text, NULL, &d);
    if ((name[0] == 'y' && r != 0) || (name[0] == 'n' && r == 0)) {
        print_error("%s: %d %s\n", name, r, r ? d.text : "accepted");
        fail();
    }
    counts[name[0] == 'y' ? 0 : name[0] == 'n' ? 1 : 2]++;
}

static void agrees_with_the_json_test_suite(void **state UNUSED) {
    char dir[PATH_MAX];
    int counts[3] = {0};
    snprintf(dir, sizeof dir, "%s/json-test-suite/test_parsing", testdata_or_skip());
    testdata_each(dir, suite_file, counts);
    print_message("# %d accepted, %d refused, %d of the implementation's choice\n", counts[0],
                  counts[1], counts[2]);
    assert_true(counts[0] > 90 && counts[1] > 180);
}

static void refuses_what_is_not_json(void **state UNUSED) {
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[",
        "\"",
        "\"\\",
        "\"\\u12",
        "\"\\u12g4\"",
        "\"\\x\"",
        "[1,]",
        "{\"a\":}",
        "{\"a\" 1}",
        "{a:1}",
        "{,}",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "NaN",
        "tru",
        "truee",
        "nul",
        "[1 2]",
        "1 2",
        "{\"a\":1,}",
        "\"\t\"",
        "\"\x80\"",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xe3\x81\"",
        "\xef\xbb\xbf{}",
        "[}",
        "{]",
        "]",
        "'a'",
        "[1]]",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct diag d = {0};
        if (parse_tight(str_of(bad[i]), NULL, &d) != -ERR_PARSE) {
            print_error("accepted: %s\n", bad[i]);
            fail();
        }
        assert_int_equal(d.code, -ERR_PARSE);
        assert_true(d.line == 1 && d.column >= 1);
    }
}

static void says_where_it_is_wrong(void **state UNUSED) {
    struct diag d;
    assert_int_equal(parse_tight(STR("{\"a\": 1,\n  \"b\": x}"), NULL, &d), -ERR_PARSE);
    assert_int_equal(d.line, 2);
    assert_int_equal(d.column, 8);
}

static void builds_a_tree(void **state UNUSED) {
    struct json_value *v;
    struct str s;
    int64_t i;
    bool b;
    assert_int_equal(
        parse_tight(STR(" {\"s\":\"a\\u00e9\\n\\ud83d\\ude00\\/\",\"i\":-12,\"f\":1.5,\"t\":true,"
                        "\"n\":null,\"a\":[1,[],{}],\"o\":{\"x\":\"y\"},\"s\":\"second\"} "),
                    &v, NULL),
        0);
    assert_int_equal(v->type, JSON_OBJECT);
    assert_int_equal(v->n, 8);
    assert_true(json_get_str(v, "s", &s));
    assert_str(s, "a\xc3\xa9\n\xf0\x9f\x98\x80/");
    assert_true(json_get_i64(v, "i", &i));
    assert_int_equal(i, -12);
    assert_false(json_get_i64(v, "f", &i));
    assert_false(json_get_i64(v, "s", &i));
    assert_false(json_get_str(v, "i", &s));
    assert_true(json_get_bool(v, "t", &b) && b);
    assert_false(json_get_bool(v, "n", &b));
    assert_null(json_get(v, "absent"));
    assert_null(json_get(NULL, "absent"));
    assert_int_equal(json_get_array(v, "a")->n, 3);
    assert_null(json_get_object(v, "a"));
    assert_true(json_get_str(json_get_object(v, "o"), "x", &s));
    assert_str(s, "y");
}

static void reads_lone_surrogates_as_replacement(void **state UNUSED) {
    struct json_value *v;
    assert_int_equal(parse_tight(STR("\"\\ud800x\\udc00\\ud800\\ud800\\udc00\\u0000\""), &v, NULL),
                     0);
    assert_int_equal(v->text.n, 3 + 1 + 3 + 3 + 4 + 1);
    assert_memory_equal(v->text.p, "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\xf0\x90\x80\x80", 15);
}

static void is_bounded_in_depth(void **state UNUSED) {
    char deep[2 * (JSON_DEPTH_MAX + 1) + 1];
    for (unsigned n = JSON_DEPTH_MAX; n <= JSON_DEPTH_MAX + 1; n++) {
        memset(deep, '[', n);
        memset(deep + n, ']', n);
        assert_int_equal(parse_tight(str_n(deep, 2 * n), NULL, NULL),
                         n > JSON_DEPTH_MAX ? -ERR_LIMIT : 0);
    }
}

static void refuses_unknown_keys(void **state UNUSED) {
    static const char *const allowed[] = {"a", "b", NULL};
    struct json_value *v;
    struct diag d;
    assert_int_equal(parse_tight(STR("{\"a\":1,\"c\":2}"), &v, NULL), 0);
    assert_int_equal(json_only_keys(v, allowed, &d), -ERR_REFUSED);
    assert_non_null(strstr(d.text, "'c'"));
    assert_int_equal(parse_tight(STR("{\"a\":1,\"b\":2}"), &v, NULL), 0);
    assert_int_equal(json_only_keys(v, allowed, &d), 0);
    assert_int_equal(json_only_keys(v->first, allowed, &d), -ERR_REFUSED);
}

static int note_leaf(void *ctx, struct str path, enum json_type type, struct str text) {
    struct buf *b = ctx;
    buf_add(b, path);
    buf_printf(b, "=%d:", (int) type);
    buf_add(b, text);
    buf_add_byte(b, ';');
    return 0;
}

static void assert_walk(const char *in, const char *want) {
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(json_walk(&arena, str_of(in), NULL, note_leaf, &b, NULL), 0);
    assert_str(buf_str(&b), want);
    buf_done(&b);
}

static void walks_leaves_with_dotted_paths(void **state UNUSED) {
    assert_walk("1", "=3:1;");
    assert_walk("{\"a\":1,\"b\":{\"c\":\"x\",\"d\":{\"e\":true}},\"f\":null}",
                "a=3:1;b.c=4:x;b.d.e=2:true;f=0:null;");
    assert_walk("{\"a\":[1,[2,{\"b\":3}],{\"c\":4},5],\"d\":6}",
                "a=3:1;a=3:2;a.b=3:3;a.c=3:4;a=3:5;d=3:6;");
    assert_walk("{\"a\":{},\"b\":[],\"c\":{\"d\":[]}}", "a=6:;b=5:;c.d=5:;");
    assert_walk("[[1],{\"a\":2}]", "=3:1;a=3:2;");
    assert_walk("{}", "=6:;");
    assert_walk("{\"\\u0061\":{\"b\\\\\":\"\\t\"}}", "a.b\\=4:\t;");
}

static void walks_long_paths(void **state UNUSED) {
    /* Keys of 300 bytes outgrow the path's first home at every level. */
    struct buf in, want;
    buf_init(&in, 1 << 20);
    buf_init(&want, 1 << 20);
    for (int d = 0; d < 20; d++) {
        buf_add_z(&in, "{\"");
        for (int i = 0; i < 300; i++) {
            buf_add_byte(&in, (char) ('a' + d));
            buf_add_byte(&want, (char) ('a' + d));
        }
        buf_add_z(&in, "\":");
        if (d < 19)
            buf_add_byte(&want, '.');
    }
    buf_add_z(&in, "[1,{\"z\":2},3]");
    for (int d = 0; d < 20; d++)
        buf_add_byte(&in, '}');
    struct buf all, got;
    buf_init(&all, 1 << 20);
    buf_init(&got, 1 << 20);
    buf_add(&all, buf_str(&want));
    buf_add_z(&all, "=3:1;");
    buf_add(&all, buf_str(&want));
    buf_add_z(&all, ".z=3:2;");
    buf_add(&all, buf_str(&want));
    buf_add_z(&all, "=3:3;");
    assert_int_equal(json_walk(&arena, buf_str(&in), NULL, note_leaf, &got, NULL), 0);
    assert_true(str_eq(buf_str(&all), buf_str(&got)));
    buf_done(&in);
    buf_done(&want);
    buf_done(&all);
    buf_done(&got);
}

static int note_raw(void *ctx, struct str path, enum json_type type, struct str raw, bool escaped) {
    if (escaped) {
        note_leaf(ctx, path, type, str_n("raw", 3));
        raw = json_unescape(&arena, raw);
    }
    return note_leaf(ctx, path, type, raw);
}

static void raw_walk_leaves_unescaping_to_the_caller(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(json_walk_raw(&arena, STR("{\"a\\n\":{\"b\":\"x\\\\y\",\"c\":[\"plain\",1]}}"),
                                   NULL, note_raw, &b, NULL),
                     0);
    assert_str(buf_str(&b), "a\n.b=4:raw;a\n.b=4:x\\y;a\n.c=4:plain;a\n.c=3:1;");
    assert_int_equal(json_walk_raw(&arena, STR("\"\\x\""), NULL, note_raw, &b, NULL), -ERR_PARSE);
    buf_done(&b);
}

static int stop_at_second(void *ctx, struct str path UNUSED, enum json_type type UNUSED,
                          struct str text UNUSED) {
    return ++*(int *) ctx == 2 ? 77 : 0;
}

static void walk_stops_and_reads_concatenated_values(void **state UNUSED) {
    int n = 0;
    size_t used;
    assert_int_equal(json_walk(&arena, STR("[1,2,3]"), NULL, stop_at_second, &n, NULL), 77);
    assert_int_equal(n, 2);
    struct buf b;
    buf_init(&b, 1000);
    struct str in = STR("{\"a\":1}{\"a\":2} [3]");
    while (in.n) {
        assert_int_equal(json_walk(&arena, in, &used, note_leaf, &b, NULL), 0);
        assert_true(used > 0);
        in = str_from(in, used);
    }
    assert_str(buf_str(&b), "a=3:1;a=3:2;=3:3;");
    buf_done(&b);
    assert_int_equal(json_walk(&arena, STR("{} x"), NULL, stop_at_second, &n, NULL), -ERR_PARSE);
}

/* Special bytes at every offset of the eight-byte stride. */
static void scans_specials_at_every_offset(void **state UNUSED) {
    static const char *const specials[] = {"\\n", "\xe3\x81\x82", "\xc3\xa9", "\xf0\x9f\x98\x80"};
    for (size_t k = 0; k < ARRAY_SIZE(specials); k++)
        for (size_t before = 0; before < 40; before++)
            for (size_t after = 0; after < 18; after++) {
                char z[80];
                struct json_value *v;
                size_t n = 0, m = strlen(specials[k]);
                z[n++] = '"';
                memset(z + n, 'x', before);
                n += before;
                memcpy(z + n, specials[k], m);
                n += m;
                memset(z + n, 'y', after);
                n += after;
                assert_int_equal(parse_tight(str_n(z, n), NULL, NULL), -ERR_PARSE);
                z[n++] = '"';
                assert_int_equal(parse_tight(str_n(z, n), &v, NULL), 0);
                assert_int_equal(v->text.n, before + after + (k ? m : 1));
                assert_true(k == 0 ? v->text.p[before] == '\n'
                                   : memcmp(v->text.p + before, specials[k], m) == 0);
            }
}

static void checks_utf8_like_the_rfc(void **state UNUSED) {
    /* Every lead byte with borderline continuations, against the ranges of RFC 3629 written out. */
    for (unsigned a = 0x80; a < 0x100; a++)
        for (unsigned b = 0; b < 0x100; b += 1) {
            char z[6] = {'"', (char) a, (char) b, (char) 0x80, (char) 0x80, '"'};
            for (size_t n = 1; n <= 4; n++) {
                bool cont = b >= 0x80 && b <= 0xbf;
                bool good =
                    n == 2   ? a >= 0xc2 && a <= 0xdf && cont
                    : n == 3 ? (a == 0xe0 && b >= 0xa0 && b <= 0xbf) ||
                                   (((a >= 0xe1 && a <= 0xec) || a == 0xee || a == 0xef) && cont) ||
                                   (a == 0xed && b >= 0x80 && b <= 0x9f)
                    : n == 4 ? (a == 0xf0 && b >= 0x90 && b <= 0xbf) ||
                                   (a >= 0xf1 && a <= 0xf3 && cont) ||
                                   (a == 0xf4 && b >= 0x80 && b <= 0x8f)
                             : false;
                /* Two ASCII bytes or a shorter sequence behind the lead are other strings; skip
                 * those. */
                char s[6];
                memcpy(s, z, 1 + n);
                s[1 + n] = '"';
                if (json_parse(&arena, str_n(s, n + 2), &(struct json_value *){0}, NULL) == 0)
                    assert_true(good);
                else
                    assert_false(good);
            }
        }
}

/* With room for the worst, with room for just what it becomes, and with none. */
static void quotes_alike_however_much_room(void **state UNUSED) {
    static const char *const parts[] = {"a", "bcdefgh", "\"", "\\", "\n", "\x7f", "\xff", "\xe6\xb0\x97", "\xe6\xb0", "0123456789abcdef"};
    uint64_t seed = 7;
    for (unsigned t = 0; t < 3000; t++) {
        char text[200];
        size_t n = 0;
        for (seed = seed * 6364136223846793005u + 1442695040888963407u; n < (seed >> 33) % 150;) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            const char *part = parts[(seed >> 40) % ARRAY_SIZE(parts)];
            memcpy(text + n, part, strlen(part));
            n += strlen(part);
        }
        struct buf wide, narrow;
        struct jsonw w, v;
        buf_init(&wide, 65536);
        buf_init(&narrow, 65536);
        assert_non_null(buf_reserve(&wide, 4096));
        jsonw_init(&w, &wide);
        jsonw_init(&v, &narrow);
        for (unsigned k = 0; k < 2; k++) {
            struct jsonw *x = k ? &v : &w;
            jsonw_object(x);
            jsonw_key(x, str_n(text, n));
            jsonw_str(x, str_n(text, n));
            jsonw_key(x, STR("b"));
            jsonw_null(x);
            jsonw_end(x);
        }
        assert_true(str_eq(buf_str(&wide), buf_str(&narrow)));
        struct diag diag;
        assert_int_equal(json_check(buf_str(&wide), &diag), 0);
        buf_done(&wide);
        buf_done(&narrow);
    }
}

static void writes_and_reads_back(void **state UNUSED) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 1 << 16);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kstr(&w, "a\"\\", STR("x\0\x1f\x7f\xff\xe3\x81\x82"));
    jsonw_ki64(&w, "min", INT64_MIN);
    jsonw_ku64(&w, "max", UINT64_MAX);
    jsonw_kbool(&w, "t", true);
    jsonw_kz(&w, "none", NULL);
    jsonw_ktime(&w, "at", 1700000000123456789);
    jsonw_ktime(&w, "never", TIME_NONE);
    jsonw_key(&w, STR("list"));
    jsonw_array(&w);
    jsonw_end(&w);
    jsonw_key(&w, STR("nested"));
    jsonw_array(&w);
    jsonw_object(&w);
    jsonw_end(&w);
    jsonw_i64(&w, 0);
    jsonw_double(&w, 0.1);
    jsonw_double(&w, 1e300);
    jsonw_double(&w, NAN);
    jsonw_double(&w, 37);
    jsonw_double(&w, 5e-324);
    jsonw_double(&w, 2.0 / 3);
    jsonw_end(&w);
    jsonw_end(&w);
    assert_int_equal(buf_error(&b), 0);
    assert_int_equal(w.depth, 0);
    assert_str(
        buf_str(&b),
        "{\"a\\\"\\\\\":\"x\\u0000\\u001f\x7f\xef\xbf\xbd\xe3\x81\x82\",\"min\":-"
        "9223372036854775808,"
        "\"max\":18446744073709551615,\"t\":true,\"none\":null,\"at\":\"2023-11-14T22:13:20.123Z\","
        "\"never\":null,\"list\":[],\"nested\":[{},0,0.1,1e+300,null,37,5e-324,0.6666666666666666]"
        "}");
    assert_int_equal(parse_tight(buf_str(&b), NULL, NULL), 0);
    buf_done(&b);
}

static void every_byte_pair_survives_quoting(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 1 << 16);
    for (unsigned i = 0; i < 0x10000; i++) {
        char z[2] = {(char) (i >> 8), (char) i};
        struct json_value *v;
        struct arena_mark m = arena_mark(&arena);
        buf_clear(&b);
        json_quote(&b, str_n(z, 2));
        assert_int_equal(json_parse(&arena, buf_str(&b), &v, NULL), 0);
        if ((i >> 8) < 0x80 && (i & 0xff) < 0x80)
            assert_true(str_eq(v->text, str_n(z, 2)));
        arena_rewind(&arena, m);
    }
    buf_done(&b);
}

static void naughty_strings_survive_a_round_trip(void **state UNUSED) {
    char path[PATH_MAX];
    struct str text;
    struct json_value *list, *again;
    struct buf b;
    snprintf(path, sizeof path, "%s/naughty-strings/blns.json", testdata_or_skip());
    assert_int_equal(file_read(&arena, path, 1 << 20, &text, NULL), 0);
    assert_int_equal(json_parse(&arena, text, &list, NULL), 0);
    assert_true(list->n > 400);
    buf_init(&b, 1 << 20);
    for (const struct json_value *v = list->first; v; v = v->next) {
        buf_clear(&b);
        json_quote(&b, v->text);
        assert_int_equal(json_parse(&arena, buf_str(&b), &again, NULL), 0);
        assert_true(str_eq(again->text, v->text));
    }
    buf_done(&b);
}

static int count_leaf(void *ctx, struct str path UNUSED, enum json_type type UNUSED,
                      struct str text UNUSED) {
    ++*(int *) ctx;
    return 0;
}

static int parse_and_walk(void *ctx) {
    struct arena a;
    struct str *in = ctx;
    struct json_value *const untouched = (struct json_value *) (uintptr_t) 1;
    struct json_value *v = untouched;
    int n = 0;
    arena_init(&a, (size_t) 16 << 20);
    int r = json_parse(&a, *in, &v, NULL);
    if (r < 0)
        assert_ptr_equal(v, untouched);
    if (r == 0)
        r = json_walk(&a, *in, NULL, count_leaf, &n, NULL);
    arena_done(&a);
    return r;
}

static void survives_the_end_of_memory(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_byte(&b, '[');
    for (int i = 0; i < 2000; i++)
        buf_printf(&b, "%s{\"k%d\":{\"x\":\"\\n%d\"}}", i ? "," : "", i, i);
    buf_add_byte(&b, ']');
    struct str in = buf_str(&b);
    assert_true(torture(parse_and_walk, &in) > 4);
    buf_done(&b);
}

#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, arena_up, arena_down)
UNIT_GROUP(base_json, WITH_ARENA(agrees_with_the_json_test_suite),
           WITH_ARENA(refuses_what_is_not_json), WITH_ARENA(says_where_it_is_wrong),
           WITH_ARENA(builds_a_tree), WITH_ARENA(reads_lone_surrogates_as_replacement),
           WITH_ARENA(is_bounded_in_depth), WITH_ARENA(refuses_unknown_keys),
           WITH_ARENA(walks_leaves_with_dotted_paths), WITH_ARENA(walks_long_paths),
           WITH_ARENA(raw_walk_leaves_unescaping_to_the_caller),
           WITH_ARENA(walk_stops_and_reads_concatenated_values),
           WITH_ARENA(scans_specials_at_every_offset), WITH_ARENA(checks_utf8_like_the_rfc),
           cmocka_unit_test(quotes_alike_however_much_room), WITH_ARENA(writes_and_reads_back), WITH_ARENA(every_byte_pair_survives_quoting),
           WITH_ARENA(naughty_strings_survive_a_round_trip), WITH_ARENA(survives_the_end_of_memory))
