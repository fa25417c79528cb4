/* Every modifier and each trap of the specification, one rule and one event at a time. */
#include "fire.h"

#include "base/buf.h"
#include "base/mem.h"

/* A detection of one selection with one line. */
#define SEL(line) "  sel:\n    " line "\n  condition: sel"
#define YES(detection, json) assert_true(fires(detection, json))
#define NO(detection, json) assert_false(fires(detection, json))

static void texts_ignore_case_and_must_be_whole(void **state UNUSED) {
    YES(SEL("a: Cmd.EXE"), "{\"a\": \"cMD.exe\"}");
    NO(SEL("a: cmd.exe"), "{\"a\": \"xcmd.exe\"}");
    NO(SEL("a: cmd.exe"), "{\"a\": \"cmd.exex\"}");
    NO(SEL("a: cmd.exe"), "{\"b\": \"cmd.exe\"}");
    YES(SEL("a|cased: Cmd"), "{\"a\": \"Cmd\"}");
    NO(SEL("a|cased: Cmd"), "{\"a\": \"cmd\"}");
    YES(SEL("a|contains|cased: eD"), "{\"a\": \"caseDx\"}");
    NO(SEL("a|contains|cased: eD"), "{\"a\": \"casedx\"}");
}

static void other_scripts_fold_too(void **state UNUSED) {
    YES(SEL("a: ÄRGER"), "{\"a\": \"ärger\"}");
    YES(SEL("a|contains: привет"), "{\"a\": \"x ПРИВЕТ y\"}");
    YES(SEL("a|endswith: 行動計画"), "{\"a\": \"新しい行動計画\"}");
    YES(SEL("a: 'gr?ß*'"), "{\"a\": \"GRÜßE\"}");
    NO(SEL("a|cased: ÄRGER"), "{\"a\": \"ärger\"}");
    YES(SEL("a|contains|cased: ÄR"), "{\"a\": \"xÄRy\"}");
    /* look-alikes are not the letters they look like */
    NO(SEL("a|contains: ˣ"), "{\"a\": \"x\"}");
    YES(SEL("a|contains: ˣ"), "{\"a\": \"eˣec\"}");
    NO(SEL("a: abc"), "{\"a\": \"ａｂｃ\"}");
    YES(SEL("a: ＡＢＣ"), "{\"a\": \"ａｂｃ\"}");
    /* Kelvin's sign and the capital I with a dot are no letters of ASCII, whichever side they stand on */
    NO(SEL("a: \xe2\x84\xaa"
           "elvin"),
       "{\"a\": \"KELVIN\"}");
    NO(SEL("a: kelvin"), "{\"a\": \"\xe2\x84\xaa"
                         "elvin\"}");
    NO(SEL("a: 'ä\xe2\x84\xaa'"), "{\"a\": \"Äk\"}");
    NO(SEL("a: 'ä\xc4\xb0'"), "{\"a\": \"Äi\"}");
    YES(SEL("a: 'ä\xe2\x84\xaa'"), "{\"a\": \"Ä\xe2\x84\xaa\"}");
}

static void wildcards_and_escapes(void **state UNUSED) {
    YES(SEL("a: 'prog?.exe'"), "{\"a\": \"progA.exe\"}");
    NO(SEL("a: 'prog?.exe'"), "{\"a\": \"prog.exe\"}");
    YES(SEL("a: 'x?y'"), "{\"a\": \"x画y\"}"); /* one character, not one byte */
    NO(SEL("a: 'x??y'"), "{\"a\": \"x画y\"}");
    YES(SEL("a: 'antivirus_V*.exe'"), "{\"a\": \"antivirus_V21.2.1.exe\"}");
    YES(SEL("a: '*'"), "{\"a\": \"\"}");
    NO(SEL("a: '*'"), "{\"a\": null}");
    NO(SEL("a: '?*'"), "{\"a\": \"\"}");
    YES(SEL("a: '?*'"), "{\"a\": \"x\"}");
    YES(SEL("a: 'a*b*c'"), "{\"a\": \"a-bb-c\"}");
    NO(SEL("a: 'a*b*c'"), "{\"a\": \"acb\"}");
    YES(SEL("a: '*ab?cd*'"), "{\"a\": \"xxabab1cdyy\"}");
    YES(SEL("a: '*a?b'"), "{\"a\": \"ababb\"}");
    NO(SEL("a: 'ab*ba'"), "{\"a\": \"aba\"}"); /* the two ends may not overlap */
    /* backslashes: one or two are one, before a wildcard they escape it */
    YES(SEL("a: 'c:\\dir'"), "{\"a\": \"c:\\\\dir\"}");
    YES(SEL("a: 'c:\\\\dir'"), "{\"a\": \"c:\\\\dir\"}");
    YES(SEL("a: 'x\\*'"), "{\"a\": \"x*\"}");
    NO(SEL("a: 'x\\*'"), "{\"a\": \"xyz\"}");
    YES(SEL("a: 'x\\?'"), "{\"a\": \"x?\"}");
    YES(SEL("a: 'x\\\\*'"), "{\"a\": \"x\\\\yz\"}");
    NO(SEL("a: 'x\\\\*'"), "{\"a\": \"x*\"}");
    YES(SEL("a: 'x\\\\\\*'"), "{\"a\": \"x\\\\*\"}");
    YES(SEL("a: '\\\\\\share'"), "{\"a\": \"\\\\\\\\share\"}");   /* three are two */
    YES(SEL("a: '\\\\\\\\share'"), "{\"a\": \"\\\\\\\\share\"}"); /* four are two */
    YES(SEL("a|contains: '\\\\'"), "{\"a\": \"a\\\\b\"}");
}

static void startswith_endswith_contains(void **state UNUSED) {
    YES(SEL("a|startswith: adm"), "{\"a\": \"ADMINISTRATOR\"}");
    NO(SEL("a|startswith: adm"), "{\"a\": \"xadm\"}");
    YES(SEL("a|endswith: '\\cmd.exe'"), "{\"a\": \"C:\\\\Windows\\\\CMD.exe\"}");
    NO(SEL("a|endswith: '\\cmd.exe'"), "{\"a\": \"C:\\\\Windows\\\\CMD.exe.txt\"}");
    YES(SEL("a|endswith: '\\system32\\cmd.exe'"), "{\"a\": \"C:\\\\System32\\\\cmd.exe\"}");
    NO(SEL("a|endswith: '\\system32\\cmd.exe'"), "{\"a\": \"C:\\\\System64\\\\cmd.exe\"}");
    YES(SEL("a|contains: needle"), "{\"a\": \"hay NEEDLE hay\"}");
    YES(SEL("a|contains: x"), "{\"a\": \"aXb\"}");
    NO(SEL("a|contains: xy"), "{\"a\": \"x y\"}");
    YES(SEL("a|contains: 'ab*cd'"), "{\"a\": \"1ab2cd3\"}");
    YES(SEL("a|startswith: 'a?c'"), "{\"a\": \"abcd\"}");
    YES(SEL("a|endswith: abcdefghijklmnopqrstuvw"), "{\"a\": \"xxABCDEFGHIJKLMNOPQRSTUVW\"}");
    NO(SEL("a|endswith: abcdefghijklmnopqrstuvw"), "{\"a\": \"ghijklmnopqrstuvw\"}");
    YES(SEL("a|startswith: abcdefghijklmnopqrstuvw"), "{\"a\": \"ABCDEFGHIJKLMNOPQRSTUVWxx\"}");
    NO(SEL("a|startswith: abcdefghijklmnopqrstuvw"), "{\"a\": \"abcdefghijklmnopq\"}");
}

static void lists_are_or_and_all_is_and(void **state UNUSED) {
    YES(SEL("a: [x, y]"), "{\"a\": \"y\"}");
    NO(SEL("a: [x, y]"), "{\"a\": \"z\"}");
    YES(SEL("a|contains|all: [x, y]"), "{\"a\": \"yx\"}");
    NO(SEL("a|contains|all: [x, y]"), "{\"a\": \"x\"}");
    /* windash under all: each value in one of its forms */
    YES(SEL("a|contains|windash|all: [' -x', ' -y']"), "{\"a\": \"cmd /x -y\"}");
    NO(SEL("a|contains|windash|all: [' -x', ' -y']"), "{\"a\": \"cmd /x\"}");
    /* a list in the event: one element is enough */
    YES(SEL("a: y"), "{\"a\": [\"x\", \"y\"]}");
    YES(SEL("a|all: [x, y]"), "{\"a\": [\"x\", \"y\"]}");
    NO(SEL("a: xy"), "{\"a\": [\"x\", \"y\"]}");
}

static void maps_are_and_lists_of_maps_are_or(void **state UNUSED) {
    const char *both = "  sel:\n    a: x\n    b: y\n  condition: sel";
    YES(both, "{\"a\": \"x\", \"b\": \"y\"}");
    NO(both, "{\"a\": \"x\", \"b\": \"z\"}");
    const char *either = "  sel:\n    - a: x\n    - b: y\n      c: z\n  condition: sel";
    YES(either, "{\"a\": \"x\"}");
    NO(either, "{\"b\": \"y\"}");
    YES(either, "{\"b\": \"y\", \"c\": \"z\"}");
    /* words and maps in one list */
    const char *mixed = "  sel:\n    - needle\n    - b: y\n  condition: sel";
    YES(mixed, "{\"a\": \"hay NeedLe hay\"}");
    YES(mixed, "{\"b\": \"y\"}");
}

static void null_and_empty_and_exists(void **state UNUSED) {
    YES(SEL("a: null"), "{\"b\": 1}");
    YES(SEL("a: null"), "{\"a\": null}");
    YES(SEL("a: null"), "{\"a\": []}");
    YES(SEL("a:"), "{\"b\": 1}");
    NO(SEL("a: null"), "{\"a\": \"\"}");
    YES(SEL("a: ''"), "{\"a\": \"\"}");
    NO(SEL("a: ''"), "{\"a\": null}");
    NO(SEL("a: ''"), "{\"b\": \"\"}");
    NO(SEL("a: ''"), "{\"a\": \"x\"}");
    NO(SEL("a: 'null'"), "{\"b\": 1}");
    YES(SEL("a: [x, null]"), "{\"b\": 1}");
    YES(SEL("a|exists: true"), "{\"a\": null}");
    YES(SEL("a|exists: true"), "{\"a\": \"\"}");
    NO(SEL("a|exists: true"), "{\"b\": 1}");
    YES(SEL("a|exists: no"), "{\"b\": 1}");
    NO(SEL("a|exists: no"), "{\"a\": 0}");
    YES("  s: {b: 1}\n  f: {a: null}\n  condition: s and not f", "{\"b\": 1, \"a\": \"x\"}");
}

static void numbers_compare_as_numbers(void **state UNUSED) {
    YES(SEL("a: 4624"), "{\"a\": 4624}");
    YES(SEL("a: 4624"), "{\"a\": \"4624\"}");
    YES(SEL("a: '4624'"), "{\"a\": 4624}");
    YES(SEL("a: 4624"), "{\"a\": 4624.0}");
    YES(SEL("a: 4624"), "{\"a\": 4.624e3}");
    NO(SEL("a: '4624'"), "{\"a\": 4624.0}"); /* a text in the rule stays a text */
    NO(SEL("a: 4624"), "{\"a\": \"4624.0\"}");
    YES(SEL("a: 1.50"), "{\"a\": 1.5}");
    NO(SEL("a: 9007199254740993"), "{\"a\": 9007199254740992}");
    YES(SEL("a: true"), "{\"a\": true}");
    YES(SEL("a: 'True'"), "{\"a\": true}");
    YES(SEL("a|gt: 5"), "{\"a\": 5.1}");
    NO(SEL("a|gt: 5"), "{\"a\": 5}");
    YES(SEL("a|gte: 5"), "{\"a\": \"5\"}");
    YES(SEL("a|lt: 10"), "{\"a\": 9}"); /* as texts "9" would be greater */
    NO(SEL("a|lt: 10"), "{\"a\": \"x\"}");
    NO(SEL("a|lt: 10"), "{\"b\": 1}");
    YES(SEL("a|lte: -1.5"), "{\"a\": -1.5}");
    YES(SEL("a|gt: [5, 1]"), "{\"a\": 2}");
    NO(SEL("a|gt|all: [5, 1]"), "{\"a\": 2}");
}

static void neq_negates_the_whole_list(void **state UNUSED) {
    NO(SEL("a|neq: x"), "{\"a\": \"X\"}");
    YES(SEL("a|neq: x"), "{\"a\": \"y\"}");
    NO(SEL("a|neq: [x, y]"), "{\"a\": \"y\"}");
    YES(SEL("a|neq: [x, y]"), "{\"a\": \"z\"}");
    NO(SEL("a|neq: 5"), "{\"a\": 5.0}");
    YES(SEL("a|fieldref|neq: b"), "{\"a\": \"1\", \"b\": \"2\"}");
    NO(SEL("a|contains|neq: x"), "{\"a\": \"axb\"}");
}

static void windash_takes_every_dash(void **state UNUSED) {
    static const char *const dashes[] = {"-", "/", "–", "—", "―"};
    for (size_t i = 0; i < ARRAY_SIZE(dashes); i++) {
        char json[64];
        snprintf(json, sizeof json, "{\"a\": \"run %sENC x\"}", dashes[i]);
        YES(SEL("a|windash|contains: ' -enc '"), json);
        YES(SEL("a|contains|windash: ' /enc '"), json);
        snprintf(json, sizeof json, "{\"a\": \"x %s\"}", dashes[i]);
        YES(SEL("a|endswith|windash: ' -'"), json);
    }
    NO(SEL("a|windash|contains: ' -enc '"), "{\"a\": \"run +enc x\"}");
    YES(SEL("a|windash: '-a-b'"), "{\"a\": \"/a–B\"}");
}

static void regular_expressions(void **state UNUSED) {
    YES(SEL("a|re: 'b[0-9]+c'"), "{\"a\": \"ab12cd\"}");
    NO(SEL("a|re: 'B[0-9]+c'"), "{\"a\": \"ab12cd\"}");
    YES(SEL("a|re|i: 'B[0-9]+C'"), "{\"a\": \"ab12cd\"}");
    NO(SEL("a|re: '^b'"), "{\"a\": \"a\\nb\"}");
    YES(SEL("a|re|m: '^b'"), "{\"a\": \"a\\nb\"}");
    NO(SEL("a|re: 'a.b'"), "{\"a\": \"a\\nb\"}");
    YES(SEL("a|re|s: 'a.b'"), "{\"a\": \"a\\nb\"}");
    YES(SEL("a|re|i|s: 'A.B'"), "{\"a\": \"a\\nb\"}");
    YES(SEL("a|re: '(?i)foo(bar|baz)+'"), "{\"a\": \"xFOObazy\"}");
    YES(SEL("a|re: ['x1', 'x2']"), "{\"a\": \"x2\"}");
    NO(SEL("a|re|all: ['x1', 'x2']"), "{\"a\": \"x2\"}");
    YES(SEL("a|re|i: 'mask'"), "{\"a\": \"maſK\"}"); /* long s, Kelvin's K */
    YES(SEL("a|re: '^$'"), "{\"a\": \"\"}");
    NO(SEL("a|re: '.*'"), "{\"b\": \"\"}");
    /* a match that would take for ever is given up and counted */
    struct fire f;
    fire_begin(&f,
               "title: t\nlogsource: {category: test}\ndetection:\n  s:\n    a|re: '(a+)+$'\n"
               "  condition: s\n",
               NULL, NULL);
    fire_event(&f,
               STR("{\"a\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}"));
    assert_int_equal(f.n, 0);
    assert_int_equal(detect_matcher_stats(f.matcher)->regex_limits, 1);
    fire_end(&f);
}

static void encodings(void **state UNUSED) {
    YES(SEL("a|base64: foobar"), "{\"a\": \"Zm9vYmFy\"}");
    YES(SEL("a|base64|contains: foobar"), "{\"a\": \"x Zm9vYmFy y\"}");
    /* foobar at the three offsets of "xfoobarx", "xxfoobarx"… */
    YES(SEL("a|base64offset|contains: foobar"), "{\"a\": \"Zm9vYmFyeA==\"}");
    YES(SEL("a|base64offset|contains: foobar"), "{\"a\": \"eGZvb2Jhcng=\"}");
    YES(SEL("a|base64offset|contains: foobar"), "{\"a\": \"eHhmb29iYXJ4\"}");
    NO(SEL("a|base64offset|contains: foobar"), "{\"a\": \"Zm9vYmF6\"}");
    /* "ping" in UTF-16LE */
    YES(SEL("a|wide|base64: ping"), "{\"a\": \"cABpAG4AZwA=\"}");
    YES(SEL("a|utf16le|base64: ping"), "{\"a\": \"cABpAG4AZwA=\"}");
    YES(SEL("a|utf16be|base64: ping"), "{\"a\": \"AHAAaQBuAGc=\"}");
    YES(SEL("a|utf16|base64: ping"), "{\"a\": \"//5wAGkAbgBnAA==\"}");
    YES(SEL("a|wide: ab"), "{\"a\": \"a\\u0000b\\u0000\"}");
    YES(SEL("a|wide|base64offset|contains: ping"), "{\"a\": \"AABwAGkAbgBnAA\"}");
    YES(SEL("a|base64: 'a\\*b'"), "{\"a\": \"YSpi\"}");
}

static void networks(void **state UNUSED) {
    YES(SEL("a|cidr: 10.0.0.0/8"), "{\"a\": \"10.255.0.1\"}");
    NO(SEL("a|cidr: 10.0.0.0/8"), "{\"a\": \"11.0.0.1\"}");
    YES(SEL("a|cidr: [192.0.2.0/24, '2001:db8::/32']"), "{\"a\": \"2001:DB8:0::7\"}");
    NO(SEL("a|cidr: '2001:db8::/32'"), "{\"a\": \"2001:db9::1\"}");
    NO(SEL("a|cidr: '::/0'"), "{\"a\": \"192.0.2.1\"}");
    YES(SEL("a|cidr: 192.0.2.0/24"), "{\"a\": \"::ffff:192.0.2.9\"}"); /* the same host */
    NO(SEL("a|cidr: 192.0.2.0/24"), "{\"a\": \"192.0.2.1.example\"}");
    NO(SEL("a|cidr: 0.0.0.0/0"), "{\"a\": \"\"}");
}

static void fields_against_fields(void **state UNUSED) {
    YES(SEL("a|fieldref: b"), "{\"a\": \"User\", \"b\": \"uSER\"}");
    NO(SEL("a|fieldref: b"), "{\"a\": \"1\", \"b\": \"2\"}");
    NO(SEL("a|fieldref: b"), "{\"a\": \"1\"}");
    NO(SEL("a|fieldref: b"), "{\"c\": \"1\"}");
    NO(SEL("a|fieldref|cased: b"), "{\"a\": \"User\", \"b\": \"uSER\"}");
    YES(SEL("a|fieldref|startswith: b"), "{\"a\": \"user1\", \"b\": \"USER\"}");
    YES(SEL("a|fieldref|endswith: b"), "{\"a\": \"xuser\", \"b\": \"USER\"}");
    YES(SEL("a|fieldref|contains: b"), "{\"a\": \"xuserx\", \"b\": \"USER\"}");
    YES(SEL("a|fieldref: b"), "{\"a\": 5, \"b\": 5.0}");
    YES(SEL("a|fieldref: b"), "{\"a\": \"ÄÖ\", \"b\": \"äö\"}");
}

static void parts_of_times(void **state UNUSED) {
    const char *at = "{\"t\": \"2026-01-04T23:59:08+09:00\"}"; /* a Sunday: ISO week 1 */
    YES(SEL("t|minute: 59"), at);
    YES(SEL("t|hour: 23"), at); /* as written, no conversion */
    YES(SEL("t|day: 4"), at);
    YES(SEL("t|week: 1"), at);
    YES(SEL("t|month: 1"), at);
    YES(SEL("t|year: 2026"), at);
    YES(SEL("t|hour|gte: 22"), at);
    NO(SEL("t|hour|lt: 22"), at);
    YES(SEL("t|hour: [22, 23]"), at);
    NO(SEL("t|hour|neq: 23"), at);
    NO(SEL("t|hour: 23"), "{\"t\": \"soon\"}");
    YES(SEL("t|week: 53"), "{\"t\": \"2027-01-03 10:00:00\"}");
}

static void placeholders(void **state UNUSED) {
    assert_non_null(strstr(refusal(SEL("a|expand: '%x%'")), "placeholder '%x%'"));
    YES(SEL("a: '%x%'"), "{\"a\": \"%X%\"}"); /* without expand a plain text */
    YES(SEL("a|expand: '\\%x\\%'"), "{\"a\": \"%x%\"}");
    YES(SEL("a|expand: '100%'"), "{\"a\": \"100%\"}");
    struct fire f;
    fire_begin(&f,
               "placeholders: {servers: ['srv*', db1], one: x}\n---\n"
               "title: t\nlogsource: {category: test}\ndetection:\n"
               "  s: {'a|expand': '%one%-%servers%', 'b|contains|expand': '%servers%'}\n"
               "  condition: s\n",
               NULL, NULL);
    fire_event(&f, STR("{\"a\": \"X-SRV77\", \"b\": \"is db1 ok\"}"));
    assert_int_equal(f.n, 1);
    fire_event(&f, STR("{\"a\": \"x-web\", \"b\": \"db1\"}"));
    assert_int_equal(f.n, 0);
    fire_end(&f);
}

static void keywords_search_the_whole_line(void **state UNUSED) {
    const char *k = "  keywords:\n    - 'EVIL service'\n    - 'c:\\temp\\x'\n  condition: keywords";
    YES(k, "an evil SERVICE started");
    NO(k, "an evil  service started");
    YES(k, "{\"any\": {\"where\": \"C:\\\\Temp\\\\X\"}}"); /* a JSON line as it means, not as it is
                                                              escaped */
    YES(k, "{\"any\": \"\\u0045vil service\"}");
    YES(k, "{\"any\": \"C:\\\\users \\u0045vil service\"}");
    NO(k, "{\"any\": \"C:\\\\u0045vil service\"}"); /* an escaped backslash, no escape */
    YES("  k: ['C:\\u0045vil']\n  condition: k", "{\"any\": \"c:\\\\U0045vil service\"}");
    YES("  k: ['\"quoted\" a/b']\n  condition: k", "{\"a\": \"x \\\"Quoted\\\" A\\/B\"}");
    YES("  k: ['ab']\n  condition: k", "xABx");
    const char *all = "  k:\n    '|all':\n      - one\n      - two\n  condition: k";
    YES(all, "two and ONE");
    NO(all, "two and nine");
    YES("  k: ['a*z']\n  condition: k", "xx a--z xx");
    YES("  k: {'|re': 'fo+bar'}\n  condition: k", "x fooobar");
    YES("  k: lonely\n  condition: k", "so lonely here");
    YES("  k: [4728]\n  condition: k", "event 4728 seen");
    YES("  k: [行動]\n  condition: k", "これは行動計画です");
    NO("  k: [x]\n  condition: not k", "x");
}

static void conditions(void **state UNUSED) {
    const char *sels = "  sel_a: {a: 1}\n  sel_b: {b: 1}\n  filter_c: {c: 1}\n  _hidden: {d: 1}\n";
    char d[1024];
    static const struct {
        const char *condition, *json;
        bool fires;
    } t[] = {
        {"1 of sel_*", "{\"b\": 1}", true},
        {"all of sel_*", "{\"b\": 1}", false},
        {"all of sel_*", "{\"a\": 1, \"b\": 1}", true},
        {"1 of them", "{\"d\": 1}", false},
        {"any of them", "{\"c\": 1}", true},
        {"all of them", "{\"a\": 1, \"b\": 1, \"c\": 1}", true},
        {"1 of _hid*", "{\"d\": 1}", true},
        {"_hidden", "{\"d\": 1}", true},
        {"1 of *_b", "{\"b\": 1}", true},
        {"1 of s*l*a", "{\"a\": 1}", true},
        {"1 of sel_a", "{\"a\": 1}", true},
        {"sel_a and not 1 of filter_*", "{\"a\": 1}", true},
        {"sel_a and not 1 of filter_*", "{\"a\": 1, \"c\": 1}", false},
        {"sel_a or sel_b and filter_c", "{\"a\": 1}", true}, /* and binds more than or */
        {"(sel_a or sel_b) and filter_c", "{\"a\": 1}", false},
        {"not sel_a and sel_b", "{\"b\": 1}", true}, /* not binds more than and */
        {"not sel_a and sel_b", "{\"a\": 1, \"b\": 1}", false},
        {"not (sel_a and sel_b)", "{\"a\": 1}", true},
        {"not not sel_a", "{\"a\": 1}", true},
        {"sel_a AND NOT filter_c", "{\"a\": 1}", true},
        {"not 1 of sel_* and filter_c", "{\"c\": 1}", true},
        {"((sel_a))", "{\"a\": 1}", true},
        {"[sel_a, sel_b]", "{\"b\": 1}", true}, /* a list of conditions is joined by or */
    };
    for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
        snprintf(d, sizeof d, "%s  condition: %s", sels, t[i].condition);
        if (fires(d, t[i].json) != t[i].fires)
            fail_msg("'%s' on %s", t[i].condition, t[i].json);
    }
}

static void refusals_say_what_to_write(void **state UNUSED) {
    static const struct {
        const char *detection, *words, *place;
    } t[] = {
        {SEL("a|twist: x"), "unknown modifier 'twist'", "t.yml:5:5: "},
        {SEL("a|re|startswith: x"), "the modifier 'startswith' does not go with", "t.yml:5:5: "},
        {SEL("a|i: x"), "needs 're' before it"},
        {SEL("a|cidr|re: x"), "contradicts"},
        {SEL("a|lt|gt: 1"), "contradicts"},
        {SEL("a|re: 'x(y'"), "the regular expression fails at its character 4", "t.yml:5:11: "},
        {SEL("a|cidr: 10.0.0.0/33"), "is no network"},
        {SEL("a|lt: many"), "is no number"},
        {SEL("a|exists: maybe"), "true or false"},
        {SEL("a|base64: 'x*'"), "no place for wildcards"},
        {SEL("a|base64offset: ''"), "cannot be encoded"},
        {SEL("a|contains: null"), "null takes no modifiers"},
        {SEL("a: []"), "an empty list"},
        {SEL("a: {b: c}"), "not a mapping"},
        {SEL("a: [[b]]"), "not a list inside a list"},
        {"  sel: {}\n  condition: sel", "an empty selection"},
        {"  sel: []\n  condition: sel", "an empty list"},
        {"  sel: ['']\n  condition: sel", "an empty keyword"},
        {"  sel: {a: b}", "no condition"},
        {"  sel: {a: b}\n  condition: sal", "no selection is named 'sal'", "t.yml:5:14: "},
        {"  sel: {a: b}\n  condition: 1 of filter*", "no selection is named 'filter*'"},
        {"  sel: {a: b}\n  condition: 2 of sel*", "'2 of' is not Sigma"},
        {"  sel: {a: b}\n  condition: sel and", "ends too early"},
        {"  sel: {a: b}\n  condition: (sel", "parenthesis is missing"},
        {"  sel: {a: b}\n  condition: sel sel", "unexpected 'sel'"},
        {"  sel: {a: b}\n  condition: sel | count() > 5", "write a correlation rule"},
        {"  sel: {a: b}\n  condition: sel)", "unexpected ')'"},
        {"  sel: {a: b}\n  condition: ''", "ends too early"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
        const char *why = refusal(t[i].detection);
        if (!strstr(why, t[i].words) ||
            (t[i].place && !str_starts(str_of(why), str_of(t[i].place))))
            fail_msg("'%s' does not say '%s'", why, t[i].words);
    }
}

static const char two_rules[] = "title: A\nid: a\nlogsource: {category: test, product: "
                                "p}\ndetection: {s: {x: 1}, condition: s}\n"
                                "---\ntitle: B\nid: b\nlogsource: {category: test}\ndetection: {s: "
                                "{x: 1}, condition: s}\n---\n";

static unsigned filtered(const char *filter, const char *json) {
    char text[2048];
    struct fire f;
    snprintf(text, sizeof text, "%stitle: F\nlogsource: {category: test}\nfilter:\n%s", two_rules,
             filter);
    fire_begin(&f, text, NULL, NULL);
    fire_event(&f, str_of(json));
    unsigned n = f.n;
    fire_end(&f);
    return n;
}

static void filters_suppress(void **state UNUSED) {
    const char *out = "  rules: [a]\n  selection: {u|startswith: adm}\n  condition: selection\n";
    const char *keep =
        "  rules: [a]\n  selection: {u|startswith: adm}\n  condition: not selection\n";
    assert_int_equal(filtered(out, "{\"x\": 1, \"u\": \"bob\"}"), 2);
    assert_int_equal(filtered(out, "{\"x\": 1, \"u\": \"adm_1\"}"), 1);
    assert_int_equal(filtered(keep, "{\"x\": 1, \"u\": \"bob\"}"), 2);
    assert_int_equal(filtered(keep, "{\"x\": 1, \"u\": \"adm_1\"}"), 1);
    /* a selection made of a negation still says what to leave out */
    const char *neq = "  rules: [a]\n  selection: {u|neq: bob}\n  condition: selection\n";
    assert_int_equal(filtered(neq, "{\"x\": 1, \"u\": \"bob\"}"), 2);
    assert_int_equal(filtered(neq, "{\"x\": 1, \"u\": \"adm_1\"}"), 1);
    const char *any = "  rules: any\n  selection: {u: y}\n  condition: selection\n";
    assert_int_equal(filtered(any, "{\"x\": 1, \"u\": \"y\"}"), 0);
    /* a filter with another log source leaves the rule alone */
    char text[2048];
    struct fire f;
    unsigned refused;
    snprintf(text, sizeof text,
             "%stitle: F\nlogsource: {product: p}\nfilter:\n  rules: [a, b]\n"
             "  selection: {x: 1}\n  condition: selection\n",
             two_rules);
    fire_begin(&f, text, NULL, NULL);
    fire_event(&f, STR("{\"x\": 1}"));
    assert_int_equal(f.n, 1);
    assert_str(f.rules->rules[f.hits[0]]->id, "b");
    fire_end(&f);
    snprintf(text, sizeof text,
             "%stitle: F\nlogsource: {product: p}\nfilter:\n  rules: [zz]\n"
             "  selection: {x: 1}\n  condition: selection\n",
             two_rules);
    fire_begin(&f, text, NULL, &refused);
    assert_int_equal(refused, 1);
    fire_end(&f);
}

static void hits_are_ascending_and_each_once(void **state UNUSED) {
    char text[65536];
    size_t n = 0;
    for (int i = 0; i < 50; i++)
        n += (size_t) snprintf(text + n, sizeof text - n,
                               "title: r%d\nlogsource: {category: c%d}\ndetection:\n"
                               "  s: {'a|contains': ['abcd', 'bcde'], 'b': [1, 2]}\n"
                               "  condition: s or s\n---\n",
                               i, (i * 7) % 5);
    struct fire f;
    fire_begin(&f, text, NULL, NULL);
    for (int k = 0; k < 3; k++) {
        fire_event(&f, STR("{\"a\": \"xabcdey\", \"b\": [1, 2]}"));
        assert_int_equal(f.n, 50);
        for (uint32_t i = 0; i < f.n; i++)
            assert_int_equal(f.hits[i], i);
    }
    fire_event(&f, STR("{\"a\": \"xabcey\", \"b\": 1}"));
    assert_int_equal(f.n, 0);
    fire_end(&f);
}

/* Rules, field maps, plan, matcher, one event, its explanation: all or -ENOMEM. */
static int everything(const char *rules, const char *fields, const char *json) {
    struct event_names *names = event_names_new();
    struct detect_rules *set = NULL;
    struct detect_fields *maps = NULL;
    struct detect_plan *plan = NULL;
    struct detect_matcher *m = NULL;
    struct buf out;
    struct jsonw w;
    struct arena a;
    struct event ev;
    struct raw_record raw = {.bytes = str_of(json)};
    const uint32_t *hits;
    uint32_t n = 0;
    int r = names ? 0 : -ENOMEM;
    arena_init(&a, 1 << 20);
    buf_init(&out, 1 << 20);
    if (r == 0)
        r = detect_rules_load_text(str_of(rules), "t.yml", &set, NULL);
    if (r == 0)
        r = detect_fields_load_text(str_of(fields), "f.yml", &maps, NULL);
    struct detect_plan_options opt = {.fields = maps};
    if (r == 0)
        r = detect_plan_new(set, names, &opt, &plan, NULL);
    if (r == 0 && !(m = detect_matcher_new(plan)))
        r = -ENOMEM;
    if (r == 0) {
        event_begin(&ev, &a, names, &raw);
        r = event_add_named(&ev, STR("x.a"), JSON_STRING, STR("ÄB foo"));
    }
    if (r == 0)
        r = detect_match(m, &ev, &hits, &n);
    if (r == 0) {
        jsonw_init(&w, &out);
        r = detect_explain(m, &ev, NULL, &w);
    }
    if (r == 0)
        r = buf_error(&out);
    if (r == 0)
        assert_int_equal(n, 2);
    detect_matcher_free(m);
    detect_plan_unref(plan);
    detect_fields_free(maps);
    detect_rules_unref(set);
    event_names_free(names);
    buf_done(&out);
    arena_done(&a);
    return r;
}

static void survives_every_failing_allocation(void **state UNUSED) {
    static const char rules[] =
        "title: A\nlogsource: {product: p}\ndetection:\n  s: {'a|re|i': 'f(o|x)o', 'a|contains': "
        "äb}\n"
        "  f: {'a|windash|contains': -x, b: 5, 'c|cidr': 10.0.0.0/8}\n  condition: s and not "
        "f\n---\n"
        "title: B\nlogsource: {category: c}\ndetection: {k: [foo], condition: k}\n---\n"
        "title: F\nlogsource: {product: p}\nfilter: {rules: any, s: {z: 1}, condition: s}\n";
    static const char fields[] =
        "maps: [{for: {product: p}, prefixes: [x.], names: {b: [q]}}]\n"
        "routes: [{logsource: {product: p}, when: {'x.a|exists': true}}]\n";
    long live = mem_live();
    int r = -1;
    for (long n = 0; r < 0; n++) {
        mem_fail_after(n);
        r = everything(rules, fields, "a foo line");
        mem_fail_after(-1);
        if (r < 0)
            assert_int_equal(r, -ENOMEM);
        assert_int_equal(mem_live(), live);
    }
}

/* Long lists of literals are looked for together (plan_group.c): each of them, alone, wherever it stands. */
static void long_lists_find_each(void **state UNUSED) {
    static const char *const list[] = {"alpha", "beta1", "gamma", "delta", "epsilon", "zeta", "eta", "theta theta",
                                       "pha", "alphabet", "\xc3\xa4rger", "x.exe\\\\y", "iota", "%00%"};
    char detection[1024] = "", json[256];
    for (size_t i = 0; i < ARRAY_SIZE(list); i++)
        snprintf(detection + strlen(detection), sizeof detection - strlen(detection), "%s\"%s\"", i ? ", " : "", list[i]);
    for (unsigned form = 0; form < 4; form++) {
        static const char *const forms[] = {"  s:\n    a|contains: [%s]\n  condition: s",
                                            "  s:\n    a|contains: [%s]\n  condition: not s",
                                            "  s:\n    - %s\n  condition: s",
                                            "  s:\n    b: 1\n  t:\n    a|contains: [%s]\n  condition: s or t"};
        static char rule[2048];
        char joined[1024] = "";
        for (size_t i = 0; form == 2 && i < ARRAY_SIZE(list); i++)
            snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s\"%s\"", i ? "\n    - " : "", list[i]);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(rule, sizeof rule, forms[form], form == 2 ? joined : detection);
#pragma GCC diagnostic pop
        for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
            for (unsigned at = 0; at < 3; at++) {
                static const char *const around[] = {"", "................................................................", "A"};
                snprintf(json, sizeof json, "{\"a\": \"%s%s%s\"}", around[at], list[i], around[2 - at]);
                assert_int_equal(fires(rule, json), form != 1);
            }
        }
        assert_int_equal(fires(rule, "{\"a\": \"alph bet2 gamm delt epsilo zet the\"}"), form == 1);
        assert_int_equal(fires(rule, "{\"c\": \"alp\"}"), form == 1);
        assert_int_equal(fires(rule, "{\"a\": [\"xxxxxxx\", \"ALPHA\"]}"), form != 1);
    }
}

UNIT_GROUP(detect_match, cmocka_unit_test(long_lists_find_each), cmocka_unit_test(texts_ignore_case_and_must_be_whole),
           cmocka_unit_test(other_scripts_fold_too), cmocka_unit_test(wildcards_and_escapes),
           cmocka_unit_test(startswith_endswith_contains),
           cmocka_unit_test(lists_are_or_and_all_is_and),
           cmocka_unit_test(maps_are_and_lists_of_maps_are_or),
           cmocka_unit_test(null_and_empty_and_exists),
           cmocka_unit_test(numbers_compare_as_numbers),
           cmocka_unit_test(neq_negates_the_whole_list), cmocka_unit_test(windash_takes_every_dash),
           cmocka_unit_test(regular_expressions), cmocka_unit_test(encodings),
           cmocka_unit_test(networks), cmocka_unit_test(fields_against_fields),
           cmocka_unit_test(parts_of_times), cmocka_unit_test(placeholders),
           cmocka_unit_test(keywords_search_the_whole_line), cmocka_unit_test(conditions),
           cmocka_unit_test(refusals_say_what_to_write), cmocka_unit_test(filters_suppress),
           cmocka_unit_test(hits_are_ascending_and_each_once),
           cmocka_unit_test(survives_every_failing_allocation))
