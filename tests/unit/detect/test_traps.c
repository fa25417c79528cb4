/* The traps of the specification, and the conditions that a fast engine must keep, each a case with a name. Every case
 * is judged with triggers and without. A failing one is told by its name. */
#include "fire.h"
#include "torture.h"

#include "detect/match_priv.h"

#define S(item) "  s: {" item "}\n  condition: s"

struct trap {
    const char *name, *detection, *json;
    bool fires;
};

static bool judged_both_ways(const char *detection, const char *json, const char *name) {
    static char text[65536];
    struct fire f;
    const uint32_t *hits;
    uint32_t n;
    snprintf(text, sizeof text, "title: t\nlogsource: {category: test}\ndetection:\n%s\n", detection);
    fire_begin(&f, text, NULL, NULL);
    fire_event(&f, str_of(json));
    uint32_t fired = f.n;
    assert_int_equal(detect_match_exhaustive(f.matcher, &f.ev, &hits, &n), 0);
    if (n != fired)
        fail_msg("%s: %u with triggers, %u without", name, fired, n);
    fire_end(&f);
    return fired == 1;
}

static void spring(const struct trap *traps, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (judged_both_ways(traps[i].detection, traps[i].json, traps[i].name) != traps[i].fires)
            fail_msg("%s: %s", traps[i].name, traps[i].fires ? "silent" : "fires");
    print_message("# %zu named cases\n", n);
}

static void traps_of_null_and_empty(void **state UNUSED) {
    static const struct trap t[] = {
        {"a star is any value, the empty one too", S("a: '*'"), "{\"a\": \"\"}", true},
        {"a star is not null", S("a: '*'"), "{\"a\": null}", false},
        {"a star is not absence", S("a: '*'"), "{\"b\": 1}", false},
        {"empty is not null", S("a: ''"), "{\"a\": null}", false},
        {"empty is not absence", S("a: ''"), "{}", false},
        {"empty is empty", S("a: ''"), "{\"a\": \"\"}", true},
        {"null is absence", S("a: null"), "{\"b\": 1}", true},
        {"null is not empty", S("a: null"), "{\"a\": \"\"}", false},
        {"null in a list still counts", S("a: [x, null]"), "{\"b\": 1}", true},
        {"an empty list is null", S("a: null"), "{\"a\": []}", true},
        {"a list of nulls is null", S("a: null"), "{\"a\": [null, null]}", true},
        {"one value among nulls is a value", S("a: null"), "{\"a\": [null, 1]}", false},
        {"null exists", S("a|exists: true"), "{\"a\": null}", true},
        {"an empty list exists", S("a|exists: true"), "{\"a\": []}", true},
        {"exists is not about a prefix of the name", S("a|exists: true"), "{\"ab\": 1}", false},
        {"an object's own name has no value", S("a: null"), "{\"a\": {\"b\": 1}}", true},
        {"neq is true of what is absent", S("a|neq: x"), "{}", true},
        {"neq is none of the list", S("a|neq: [x, y]"), "{\"a\": \"y\"}", false},
        {"neq looks at all values", S("a|neq: x"), "{\"a\": [\"y\", \"x\"]}", false},
        {"not of a missing field is true", "  s: {a: x}\n  condition: not s", "{}", true},
    };
    spring(t, ARRAY_SIZE(t));
}

static void traps_of_wildcards_and_backslashes(void **state UNUSED) {
    static const struct trap t[] = {
        {"one backslash is itself", S("a: 'c:\\d'"), "{\"a\": \"c:\\\\d\"}", true},
        {"two backslashes are one", S("a: 'c:\\\\d'"), "{\"a\": \"c:\\\\d\"}", true},
        {"four backslashes are two", S("a: '\\\\\\\\h'"), "{\"a\": \"\\\\\\\\h\"}", true},
        {"three backslashes are two", S("a: '\\\\\\h'"), "{\"a\": \"\\\\\\\\h\"}", true},
        {"a backslash at the end is itself", S("a: 'c:\\'"), "{\"a\": \"c:\\\\\"}", true},
        {"an escaped star is a star", S("a: '\\*'"), "{\"a\": \"*\"}", true},
        {"an escaped star is nothing else", S("a: '\\*'"), "{\"a\": \"x\"}", false},
        {"a backslash and then a wildcard", S("a: 'c:\\\\*'"), "{\"a\": \"c:\\\\x\"}", true},
        {"a backslash and a star, both plain", S("a: '\\\\\\*'"), "{\"a\": \"\\\\*\"}", true},
        {"an escaped question mark", S("a: 'x\\?'"), "{\"a\": \"xy\"}", false},
        {"a question mark is one character of any length", S("a: 'x?y'"), "{\"a\": \"x\xf0\x9f\x98\x80y\"}", true},
        {"a question mark is mandatory", S("a: 'x?'"), "{\"a\": \"x\"}", false},
        {"a star matches a line end", S("a: 'x*y'"), "{\"a\": \"x\\ny\"}", true},
        {"the ends of a pattern do not share characters", S("a: 'ab*ba'"), "{\"a\": \"aba\"}", false},
        {"wildcards work under contains", S("'a|contains': 'b?d'"), "{\"a\": \"abcde\"}", true},
        {"a backslash before contains' own star stays plain", S("'a|contains': 'x\\'"), "{\"a\": \"ax\\\\b\"}", true},
        {"a backslash before endswith's text stays plain", S("'a|endswith': '\\x.exe'"), "{\"a\": \"c:\\\\x.exe\"}", true},
        {"a suffix is not a path component's end", S("'a|endswith': '\\x.exe'"), "{\"a\": \"c:\\\\ax.exe\"}", false},
        {"a percent is plain without expand", S("a: '%x%'"), "{\"a\": \"%x%\"}", true},
        {"regular characters of patterns are plain", S("a: 'a.b[c]$'"), "{\"a\": \"a.b[c]$\"}", true},
    };
    spring(t, ARRAY_SIZE(t));
}

static void traps_of_modifiers(void **state UNUSED) {
    static const struct trap t[] = {
        {"re searches, it need not begin at the beginning", S("'a|re': 'b+'"), "{\"a\": \"abc\"}", true},
        {"re looks at case", S("'a|re': 'B'"), "{\"a\": \"abc\"}", false},
        {"re with i does not", S("'a|re|i': 'B'"), "{\"a\": \"abc\"}", true},
        {"re: a star is no wildcard there", S("'a|re': '^b*$'"), "{\"a\": \"xyz\"}", false},
        {"re: a dot stops at a line end", S("'a|re': 'x.y'"), "{\"a\": \"x\\ny\"}", false},
        {"re with s does not", S("'a|re|s': 'x.y'"), "{\"a\": \"x\\ny\"}", true},
        {"re with m knows lines", S("'a|re|m': '^y$'"), "{\"a\": \"x\\ny\"}", true},
        {"re of a number is its text", S("'a|re': '^46..$'"), "{\"a\": 4624}", true},
        {"windash takes an en dash for a hyphen", S("'a|windash|contains': ' -x'"), "{\"a\": \"c \xe2\x80\x93x\"}", true},
        {"windash takes a slash, too", S("'a|windash|contains': ' -x'"), "{\"a\": \"c /x\"}", true},
        {"windash and all: each value in one form", S("'a|windash|contains|all': [' -x', ' -y']"), "{\"a\": \"c /x \xe2\x80\x94y\"}", true},
        {"base64offset finds the second offset", S("'a|base64offset|contains': 'whoami'"), "{\"a\": \"Li53aG9hbWk=\"}", true},
        {"base64 is not folded into sense", S("'a|base64|contains': 'whoami'"), "{\"a\": \"Li53aG9hbWk=\"}", false},
        {"utf16le before base64offset", S("'a|utf16le|base64offset|contains': 'whoami'"), "{\"a\": \"dwBoAG8AYQBtAGkA\"}", true},
        {"wide is utf16le", S("'a|wide|base64': 'a'"), "{\"a\": \"YQA=\"}", true},
        {"utf16 has its mark", S("'a|utf16|base64': 'a'"), "{\"a\": \"//5hAA==\"}", true},
        {"utf16be puts the zero first", S("'a|utf16be|base64': 'a'"), "{\"a\": \"AGE=\"}", true},
        {"cidr of version 4 takes a mapped address", S("'a|cidr': 10.0.0.0/8"), "{\"a\": \"::ffff:10.1.2.3\"}", true},
        {"cidr of version 6 takes none of version 4", S("'a|cidr': '::/0'"), "{\"a\": \"10.1.2.3\"}", false},
        {"cidr wants an address and nothing else", S("'a|cidr': 10.0.0.0/8"), "{\"a\": \"10.1.2.3:80\"}", false},
        {"cidr in short and in long", S("'a|cidr': '2001:db8::/32'"), "{\"a\": \"2001:0DB8:0:0:0:0:0:1\"}", true},
        {"cased: the other case is another value", S("'a|cased': Ab"), "{\"a\": \"ab\"}", false},
        {"cased after contains", S("'a|contains|cased': bC"), "{\"a\": \"abCd\"}", true},
        {"gte of a number in a text", S("'a|gte': 10"), "{\"a\": \"10\"}", true},
        {"lt of a text is never", S("'a|lt': 10"), "{\"a\": \"nine\"}", false},
        {"gt is no comparison of texts", S("'a|gt': 9"), "{\"a\": \"10\"}", true},
        {"fieldref compares two fields", S("'a|fieldref': b"), "{\"a\": \"X\", \"b\": \"x\"}", true},
        {"fieldref of two absent fields is false", S("'a|fieldref': b"), "{}", false},
        {"fieldref with neq", S("'a|fieldref|neq': b"), "{\"a\": \"x\", \"b\": \"y\"}", true},
        {"hour is the hour as it is written", S("'a|hour': 2"), "{\"a\": \"2026-11-23T02:03:08+09:00\"}", true},
        {"week is that of its Thursday", S("'a|week': 53"), "{\"a\": \"2021-01-03T00:00:00Z\"}", true},
        {"day may stand with gte", S("'a|day|gte': 23"), "{\"a\": \"2026-11-23T00:00:00Z\"}", true},
        {"all with values in several elements", S("'a|contains|all': [x, y]"), "{\"a\": [\"x\", \"y\"]}", true},
    };
    spring(t, ARRAY_SIZE(t));
}

static void traps_of_numbers_and_names(void **state UNUSED) {
    static const struct trap t[] = {
        {"a number meets its text", S("a: 4624"), "{\"a\": \"4624\"}", true},
        {"a number meets an equal number", S("a: 4624"), "{\"a\": 4624.0}", true},
        {"a quoted number is a text", S("a: '4624'"), "{\"a\": 4624.0}", false},
        {"numbers beyond 2^53 keep their last digit", S("a: 9007199254740993"), "{\"a\": 9007199254740992}", false},
        {"a number is not its beginning", S("a: 462"), "{\"a\": 4624}", false},
        {"true is a word", S("a: 'true'"), "{\"a\": true}", true},
        {"names of fields look at case", S("A: x"), "{\"a\": \"x\"}", false},
        {"spaces in names do not count", S("TwoWords: x"), "{\"Two Words\": \"x\"}", true},
        {"a nested name is a dotted name", S("a.b: x"), "{\"a\": {\"b\": \"x\"}}", true},
        {"a dotted name is a nested name", S("a.b: x"), "{\"a.b\": \"x\"}", true},
        {"a name that stands twice has both values", S("a: x"), "{\"a\": \"y\", \"a\": \"x\"}", true},
        {"a name written with an escape is that name", S("ab: x"), "{\"a\\u0062\": \"x\"}", true},
    };
    spring(t, ARRAY_SIZE(t));
}

static void traps_of_conditions(void **state UNUSED) {
    static const struct trap t[] = {
        {"or binds least", "  x: {a: 1}\n  y: {b: 1}\n  z: {c: 1}\n  condition: x or y and z", "{\"a\": 1}", true},
        {"parentheses bind first", "  x: {a: 1}\n  y: {b: 1}\n  z: {c: 1}\n  condition: (x or y) and z", "{\"a\": 1}", false},
        {"not binds most", "  x: {a: 1}\n  y: {b: 1}\n  condition: not x and y", "{\"b\": 1}", true},
        {"not before of", "  f1: {a: 1}\n  f2: {b: 1}\n  s: {c: 1}\n  condition: s and not 1 of f*", "{\"c\": 1, \"b\": 1}", false},
        {"them leaves out what begins with _", "  _x: {a: 1}\n  y: {b: 1}\n  condition: 1 of them", "{\"a\": 1}", false},
        {"a pattern takes what begins with _ when it does", "  _x: {a: 1}\n  y: {b: 1}\n  condition: 1 of _*", "{\"a\": 1}", true},
        {"stars anywhere in the pattern", "  s_a_1: {a: 1}\n  s_b_1: {b: 1}\n  condition: all of s*1", "{\"a\": 1}", false},
        {"a list of conditions is or", "  x: {a: 1}\n  y: {b: 1}\n  condition: [x, y]", "{\"b\": 1}", true},
        {"words of the grammar in capitals", "  x: {a: 1}\n  y: {b: 1}\n  condition: x AND NOT y", "{\"a\": 1}", true},
        {"a selection named like a word", "  not: {a: 1}\n  condition: not", "{\"a\": 1}", true},
        {"a list of maps is or", "  x:\n    - {a: 1}\n    - {b: 1}\n  condition: x", "{\"b\": 1}", true},
        {"a map is and", S("a: 1, b: 1"), "{\"a\": 1}", false},
        {"keywords are or", "  k: [x1, y1]\n  condition: k", "{\"f\": \"..y1..\"}", true},
        {"keywords under all are and", "  k: {'|all': [x1, y1]}\n  condition: k", "{\"f\": \"..y1..\"}", false},
    };
    spring(t, ARRAY_SIZE(t));
}

#define TEN "0123456789"
#define SIXTY_FOUR TEN TEN TEN TEN TEN TEN "0123"
#define HUNDRED SIXTY_FOUR TEN TEN TEN "012345"

/* What chooses the rules that are looked at may only choose too many: hashed beginnings and ends, grams, literals that an
 * expression cannot do without, a bloom of lengths. Each choice by a case that it must let through and one that only the
 * full comparison keeps out. */
static void choices_of_the_fast_path(void **state UNUSED) {
    static const struct trap t[] = {
        {"a beginning longer than what is hashed of it", S("'a|startswith': 'c:\\windows\\system32\\drivers\\etc\\h'"), "{\"a\": \"C:\\\\Windows\\\\System32\\\\drivers\\\\etc\\\\hosts\"}", true},
        {"the same hashed beginning, another text", S("'a|startswith': 'c:\\windows\\system32\\drivers\\etc\\h'"), "{\"a\": \"C:\\\\Windows\\\\System32\\\\drivers\\\\gmreadme\"}", false},
        {"a beginning longer than the value", S("'a|startswith': 'c:\\windows\\system32\\'"), "{\"a\": \"c:\\\\windows\"}", false},
        {"an end longer than what is hashed of it", S("'a|endswith': '-long-and-longer.evil.example'"), "{\"a\": \"very-long-and-longer.evil.example\"}", true},
        {"the same hashed end, another text", S("'a|endswith': '-long-and-longer.evil.example'"), "{\"a\": \"very-long-and-other.evil.example\"}", false},
        {"an end that is a last component, with an empty one before", S("'a|endswith': '\\cmd.exe'"), "{\"a\": \"\\\\\\\\cmd.exe\"}", true},
        {"a last component that is the whole value", S("'a|endswith': '\\cmd.exe'"), "{\"a\": \"cmd.exe\"}", false},
        {"a value of sixty-four bytes", S("a: '" SIXTY_FOUR "'"), "{\"a\": \"" SIXTY_FOUR "\"}", true},
        {"a value of a hundred", S("a: '" HUNDRED "'"), "{\"a\": \"" HUNDRED "\"}", true},
        {"a hundred bytes, the last one another", S("a: '" HUNDRED "x'"), "{\"a\": \"" HUNDRED "y\"}", false},
        {"a literal of a hundred bytes inside", S("'a|contains': '" HUNDRED "'"), "{\"a\": \"<" HUNDRED ">\"}", true},
        {"a literal of a hundred bytes, another behind its rarest part", S("'a|contains': '" HUNDRED "x'"), "{\"a\": \"<" HUNDRED "y>\"}", false},
        {"a literal of three bytes", S("'a|contains': qzq"), "{\"a\": \"xqzqx\"}", true},
        {"a literal of four, its gram across the middle of a block", S("'a|contains': wxyz"), "{\"a\": \"" TEN TEN TEN TEN TEN TEN "01wxyz" TEN "\"}", true},
        {"the gram is there, the literal is not", S("'a|contains': abcdefgh"), "{\"a\": \"abcdefg abcdefx bcdefgh\"}", false},
        {"a gram in other case", S("'a|contains': 'PowerShell'"), "{\"a\": \"pOWERsHELL\"}", true},
        {"a gram in other case, under cased", S("'a|contains|cased': 'PowerShell'"), "{\"a\": \"powershell\"}", false},
        {"all: one literal is chosen, the other missing", S("'a|contains|all': [needle1, needle2]"), "{\"a\": \"needle2\"}", false},
        {"or: each branch has its own", S("'a|contains': [needle1, needle2, nee]"), "{\"a\": \"needless\"}", true},
        {"one of several rules' selections is never true of a value", "  s: {a: x}\n  n: {'b|contains': needle1}\n  condition: s or n", "{\"b\": \"needle1\"}", true},
        {"a negation beside a literal needs no literal itself", "  s: {'a|contains': needle1}\n  n: {'a|contains': hay}\n  condition: s and not n", "{\"a\": \"needle1\"}", true},
        {"an expression with two branches has no literal of its own", S("'a|re': 'foobar|barfoo'"), "{\"a\": \"xbarfoox\"}", true},
        {"a part that may be missing is no literal", S("'a|re': 'abc(defg)?hij'"), "{\"a\": \"abchij\"}", true},
        {"a part that is counted from nought is none", S("'a|re': 'abc(defg){0,2}hij'"), "{\"a\": \"abchij\"}", true},
        {"nor is one behind a question mark", S("'a|re': 'colou?r'"), "{\"a\": \"color\"}", true},
        {"a look ahead takes no letters", S("'a|re': '(?=abcd)ab'"), "{\"a\": \"abcd\"}", true},
        {"a negative look ahead is no literal", S("'a|re': 'ab(?!cdef)'"), "{\"a\": \"abxx\"}", true},
        {"a class is any of its letters", S("'a|re': 'ab[cd]ef'"), "{\"a\": \"abdef\"}", true},
        {"an expression without case, a capital", S("'a|re|i': 'WhoAmI'"), "{\"a\": \"whoami\"}", true},
        {"the sign for Kelvin is a k to an expression without case", S("'a|re|i': 'kkkk'"), "{\"a\": \"\xe2\x84\xaa\xe2\x84\xaa\xe2\x84\xaa\xe2\x84\xaa\"}", true},
        {"switched inside the expression, too", S("'a|re': '(?i)WhoAmI'"), "{\"a\": \"WHOAMI\"}", true},
        {"an escaped letter of an expression is that letter", S("'a|re': 'a\\x62cde\\.f'"), "{\"a\": \"abcde.f\"}", true},
        {"a quoted part of an expression", S("'a|re': '\\Qa.b+c\\E'"), "{\"a\": \"a.b+c\"}", true},
        {"wildcards between literals", S("'a|contains': 'abc*def'"), "{\"a\": \"xxdef abc\"}", false},
        {"numbers that are equal and written otherwise", S("a: 4624"), "{\"a\": 4.624e3}", true},
        {"a field of which only another name is there", S("a: x, b: y"), "{\"b\": \"y\"}", false},
    };
    spring(t, ARRAY_SIZE(t));
}

/* One value, more rules than a hash of values has places: those that share one with another must be told apart, and all of
 * them found. */
static void values_that_share_a_place_are_told_apart(void **state UNUSED) {
    enum { N = 3000 };
    static char text[400000];
    struct fire f;
    size_t n = 0;
    for (int i = 0; i < N; i++)
        n += (size_t) snprintf(text + n, sizeof text - n,
                               "---\ntitle: r%d\nid: r%d\nlogsource: {category: test}\ndetection: {s: {a: 'value %d'}, condition: s}\n", i, i, i);
    fire_begin(&f, text, NULL, NULL);
    for (int i = 0; i < N; i += 7) {
        char json[64];
        snprintf(json, sizeof json, "{\"a\": \"VALUE %d\"}", i);
        fire_event(&f, str_of(json));
        assert_int_equal(f.n, 1);
        assert_int_equal(f.hits[0], i);
        snprintf(json, sizeof json, "{\"a\": \"value %d\"}", N + i);
        fire_event(&f, str_of(json));
        assert_int_equal(f.n, 0);
    }
    fire_end(&f);
}

/* What a fast path may get wrong: the values it looks at, and the line. */
static void conditions_of_the_fast_path(void **state UNUSED) {
    static const struct trap t[] = {
        {"every element of an array has its triggers", S("'a|endswith': '\\cmd.exe'"), "{\"a\": [\"x\", \"c:\\\\cmd.exe\"]}", true},
        {"arrays in arrays", S("'a|contains': needle1"), "{\"a\": [[\"x\"], [[\"needle1\"]]]}", true},
        {"objects in arrays", S("'a.b|contains': needle1"), "{\"a\": [{\"b\": 1}, {\"b\": \"needle1\"}]}", true},
        {"a value with escapes is what it means", S("'a|contains': 'x\\y'"), "{\"a\": \"x\\\\y\"}", true},
        {"a letter written as an escape", S("'a|contains': whoami"), "{\"a\": \"wh\\u006fami\"}", true},
        {"a capital written as an escape", S("a: whoami"), "{\"a\": \"\\u0057HOAMI\"}", true},
        {"a pair of surrogates is one character", S("a: 'x?y'"), "{\"a\": \"x\\ud83d\\ude00y\"}", true},
        {"a keyword in a line with escapes", "  k: [whoami]\n  condition: k", "{\"a\": \"wh\\u006fami\"}", true},
        {"a keyword with a backslash", "  k: ['c:\\x']\n  condition: k", "{\"a\": \"c:\\\\x\"}", true},
        {"a keyword in a name", "  k: [needle1]\n  condition: k", "{\"needle1\": 1}", true},
        {"a keyword in other letters", "  k: [\xc3\xa4rger]\n  condition: k", "{\"a\": \"\xc3\x84RGER\"}", true},
        {"a slash written as an escape", S("'a|contains': '/etc/passwd'"), "{\"a\": \"\\/etc\\/passwd\"}", true},
        {"a literal of one character", S("'a|contains': q"), "{\"a\": \"xqx\"}", true},
        {"a literal of two", S("'a|contains': qz"), "{\"a\": \"xqzx\"}", true},
        {"a literal at the very end", S("'a|contains': tail9"), "{\"a\": \"................................tail9\"}", true},
        {"a literal longer than the value", S("'a|contains': abcdefgh"), "{\"a\": \"abcdefg\"}", false},
        {"a pattern of other letters beside plain ones", S("'a|contains': ['abcd', '\xc3\xa4']"), "{\"a\": \"x\xc3\x84y\"}", true},
        {"an empty value has no triggers and may match", S("a: ['', x]"), "{\"a\": \"\"}", true},
        {"only negation: no trigger at all", "  s: {a: 1}\n  condition: not s", "{\"b\": 1}", true},
    };
    spring(t, ARRAY_SIZE(t));
}

/* Fields of one event are told from those of the next by an epoch of 31 bits; before it wraps, memory is cleared. */
static void epochs_wrap_without_remembering(void **state UNUSED) {
    struct fire f;
    fire_begin(&f, "title: t\nlogsource: {category: test}\ndetection:\n  s: {'a|contains': needle1, 'b|re': x+}\n  condition: s\n", NULL, NULL);
    f.matcher->epoch = (UINT32_C(1) << 31) - 3;
    for (int i = 0; i < 8; i++) {
        fire_event(&f, i % 2 ? STR("{\"a\": \"needle1\", \"b\": \"x\"}") : STR("{\"c\": 1}"));
        assert_int_equal(f.n, i % 2);
    }
    assert_true(f.matcher->epoch < 10);
    fire_end(&f);
}

/* --- every kind of document, with each allocation failing once --- */

static const char every_kind[] =
    "placeholders: {Names: ['srv*', db1], One: x}\n---\n"
    "action: global\nlogsource: {category: test, product: p}\nlevel: high\n---\n"
    "title: All\nid: all\nname: all\ntags: [a.b]\nreferences: [x]\nfalsepositives: [none]\nfields: [a]\ndetection:\n"
    "  a: {'a|contains|all': [x, y], 'b|startswith|cased': q, 'c|endswith': [z], 'd|exists': true, 'e|neq': 1}\n"
    "  b: {'a|windash|contains': ' -x', 'b|re|i|m|s': 'a.b', 'c|base64': foo, 'd|base64offset|contains': foo}\n"
    "  c: {'a|utf16|base64': q, 'b|utf16le|base64': q, 'c|utf16be|base64': q, 'd|wide|base64offset|contains': q}\n"
    "  d: {'a|lt': 1, 'b|lte': 1, 'c|gt': 1, 'd|gte': 1, 'e|minute': 1, 'f|hour|gte': 1, 'g|day': 1, 'h|week': 1}\n"
    "  e: {'a|month': 1, 'b|year': 2026, 'c|cidr': [10.0.0.0/8, '2001:db8::/32'], 'd|expand': '%Names%.%One%', 'e|fieldref|contains': f}\n"
    "  f: [one, two, {a: null, b: '', c: ['*x?y', \"\xc3\xa4\"]}]\n"
    "  k: {'|all': [k1, k2]}\n"
    "  condition: [a and not (b or c), 1 of d*, all of e* and not k, 1 of them]\n---\n"
    "action: repeat\nid: again\nname: again\ntitle: Again\n---\naction: reset\n---\n"
    "title: Bad\nlogsource: {category: test}\ndetection: {s: {'a|re': '('}, condition: s}\n---\n"
    "title: F\nlogsource: {category: test}\nfilter: {rules: [all], s: {u: x}, condition: not s}\n---\n"
    "title: C\nname: c\ncorrelation: {type: event_count, rules: [all], group-by: [a], timespan: 1m, condition: {gte: 2}}\n";

static int load_every_kind(void *ctx UNUSED) {
    struct detect_rules *set = NULL;
    struct detect_plan *plan = NULL;
    struct event_names *names = event_names_new();
    int r = names ? detect_rules_load_text(STR(every_kind), "all.yml", &set, NULL) : -ENOMEM;
    if (r == 0)
        r = detect_plan_new(set, names, NULL, &plan, NULL);
    if (r == 0) {
        assert_int_equal(set->n, 4);
        assert_int_equal(set->n_refused, 1);
    }
    detect_plan_unref(plan);
    detect_rules_unref(set);
    event_names_free(names);
    return r;
}

static void every_kind_of_rule_survives_every_failing_allocation(void **state UNUSED) {
    long n = torture(load_every_kind, NULL);
    print_message("# %ld allocations, each failed once\n", n);
    assert_true(n > 100);
}

/* So many literals that those of seven bytes are looked for at every fourth place: wherever one begins, and also when
 * its own grams are alike. What lacks one letter is none. */
static void one_of_many_literals_anywhere(void **state UNUSED) {
    enum { MANY = 90, ODD = 5 };
    static const char *const odd[ODD] = {"aaaaaaa", "abababab", "q0zz", "q1zzz", "aaaabaaaab"};
    static char rule[8192], line[256];
    char literals[MANY + ODD][16];
    size_t at = (size_t) snprintf(rule, sizeof rule, "title: t\nlogsource: {category: test}\ndetection:\n  s:\n    a|contains:\n");
    struct fire f;
    for (size_t i = 0; i < MANY + ODD; i++) {
        if (i < MANY)
            snprintf(literals[i], sizeof literals[i], "w%02zu%.*s", i, (int) (4 + i % 5), "xyzuvxyzu");
        else
            snprintf(literals[i], sizeof literals[i], "%s", odd[i - MANY]);
        at += (size_t) snprintf(rule + at, sizeof rule - at, "      - %s\n", literals[i]);
    }
    snprintf(rule + at, sizeof rule - at, "  condition: s\n");
    fire_begin(&f, rule, NULL, NULL);
    for (size_t i = 0; i < MANY + ODD; i++)
        for (int pad = 0; pad < 6; pad++)
            for (int cut = 0; cut < 2; cut++) {
                int n = (int) strlen(literals[i]) - cut;
                snprintf(line, sizeof line, "{\"a\":\"%.*s%.*s%.*s\"}", pad, "------", n, literals[i], pad % 2, "-");
                fire_event(&f, str_of(line));
                if ((f.n == 1) == (cut == 1))
                    fail_msg("%s: %s", line, f.n ? "fires" : "silent");
            }
    fire_end(&f);
}

UNIT_GROUP(detect_traps, cmocka_unit_test(one_of_many_literals_anywhere), cmocka_unit_test(traps_of_null_and_empty),
           cmocka_unit_test(traps_of_wildcards_and_backslashes), cmocka_unit_test(traps_of_modifiers),
           cmocka_unit_test(traps_of_numbers_and_names), cmocka_unit_test(traps_of_conditions),
           cmocka_unit_test(conditions_of_the_fast_path), cmocka_unit_test(choices_of_the_fast_path),
           cmocka_unit_test(values_that_share_a_place_are_told_apart), cmocka_unit_test(epochs_wrap_without_remembering),
           cmocka_unit_test(every_kind_of_rule_survives_every_failing_allocation))
