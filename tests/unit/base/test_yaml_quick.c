/* The quick reader and libyaml make the same tree, or say the same of what is wrong, whatever stands in the text. */
#include "testdata.h"

#include "base/limits.h"
#include "base/yaml.h"
#include "base/yaml_quick.h"

static bool same(const struct yaml_node *a, const struct yaml_node *b) {
    if (!a || !b)
        return !a && !b;
    if (a->kind != b->kind || a->plain != b->plain || a->line != b->line || a->column != b->column || a->n != b->n ||
        !str_eq(a->text, b->text) || !same(a->key, b->key))
        return false;
    const struct yaml_node *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!same(x, y))
            return false;
    return !x && !y;
}

static bool both_agree(struct str in) {
    struct arena a;
    struct yaml_doc *docs = NULL, *slow = NULL;
    struct diag d = {0}, slow_d = {0};
    arena_init(&a, (size_t) 64 << 20);
    int r = yaml_parse(&a, in, "f", &docs, &d);
    bool ok = yaml_parse_by(&a, in, "f", true, &slow, &slow_d) == r;
    ok = ok && (r == 0 || (str_eq_z(str_of(d.text), slow_d.text) && d.line == slow_d.line && d.column == slow_d.column));
    for (; ok && r == 0 && (docs || slow); docs = docs->next, slow = slow->next)
        if (!docs || !slow || !same(docs->root, slow->root)) {
            ok = false;
            break;
        }
    arena_done(&a);
    return ok;
}

static int ignore_event(void *ctx UNUSED, const yaml_event_t *ev UNUSED) {
    return 0;
}
static bool is_quick(struct str in) {
    char room[4096];
    assert_true(in.n <= sizeof room);
    return yaml_quick(in, room, ignore_event, NULL) == 0;
}

static const char *const taken[] = {
    "title: A rule\nid: 1-2\nlogsource:\n    category: test # why\n    product:\ndetection:\n    s:\n"
    "        - Image|endswith: '\\a.exe'\n          User: \"x \\\"y\\\" \\\\z\"\n        -\n            k: v\n"
    "    list:\n    - one\n    - 'it''s'\n    -\n    - http://x:80/#y\n    condition: s and\n        not list\n\n"
    "        or   x  \nlevel: high\n",
    "description: |\n  First\n\n    deeper # no comment\n  last\n\n\nnext: |-\n    stripped\nkept: |+\n a\n\nend: x",
    "---\na: b\n--- # second\n'c d': 'e'\n\"f\": g:h\n",
    "# head\n\na:\n  b:\n    c:\n      - d: e\n        f:\n        - g\n      - h\n",
    "a: |\n\n\n  late\nb: \xe3\x81\x82 # \xe3\x81\x84\n",
    "a: -1\nb: -x\nc: ?y\nd: :z\ne: ~\nf: ''\n",
    "a: one\n\n\n  two\n # no\nb: c\n",
};
static const char *const others[] = {
    "", "a", "- a\n", "a: {b: c}\n", "a: [b]\n", "a: &x b\nc: *x\n", "a: !!str 1\n", "a: >\n  b\n", "a:\tb\n", "a: b\r\n",
    "a: 'b\n  c'\n", "a: \"\\x41\"\n", "? a\n: b\n", "a : b\n", " a: b\n", "a: b: c\n", "a: - b\n", "- - a\n", "---\n", "...\n",
    "%YAML 1.1\n---\na: b\n", "a: |2\n   b\n", "a: |\n     \n  b\n", "a: |\n", "a:\n- - b\n", "a: b\n  c: d\n", "a:\n   b: c\n  d: e\n",
    "a: 'b' c\n", "a: 'b'#c\n", "a: @b\n", "a: `b\n", "a: %b\n", "a: \xc2\x85\n", "a: \xff\n", "a: b\n...\n", "a: b # c\n  d\n",
    "\xc3\xa4: b\n", "a: \x7f\n", "a: b\n---\n", "a: b\na\n",
};

static void takes_the_plain_style_and_nothing_else(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
        if (!is_quick(str_of(taken[i])) || !both_agree(str_of(taken[i])))
            fail_msg("text %zu is not taken, or taken for something else", i);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (is_quick(str_of(others[i])) || !both_agree(str_of(others[i])))
            fail_msg("text '%s' is taken", others[i]);
}

/* A few letters changed, put in or left out at a time. */
static void agrees_on_what_was_damaged(void **state UNUSED) {
    static const char *const letters[] = {" ", "  ", "\n", "-", "- ", ":", ": ", "#", " #", "'", "\"", "|", "\\", "a", "\xc3\xa9",
                                          "[", "}", "&", "*", "!", ">", "?", ",", "\t", "\n  ", "\n    ", "---", "''", ".", "|-"};
    uint64_t x = 2410;
    unsigned quick = 0, n = 0;
    for (; n < 20000; n++) {
        char text[1024];
        const char *from = taken[n % ARRAY_SIZE(taken)];
        size_t len = strlen(from);
        memcpy(text, from, len + 1);
        for (unsigned edits = 1 + n % 3; edits; edits--) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            const char *put = x >> 62 ? letters[(x >> 33) % ARRAY_SIZE(letters)] : "";
            size_t at = (size_t) (x >> 12) % len, cut = x >> 61 & 1, k = strlen(put);
            memmove(text + at + k, text + at + cut, len - at - cut + 1);
            memcpy(text + at, put, k);
            len += k - cut;
        }
        if (!both_agree(str_n(text, len)))
            fail_msg("they disagree about '%s'", text);
        quick += is_quick(str_n(text, len));
    }
    assert_in_range(quick, n / 10, n - n / 10);
}

/* Shipped rules and those of SigmaHQ, each alone. */
static void one_file(const char *name, struct str text, void *ctx) {
    if (!both_agree(text))
        fail_msg("they disagree about %s", name);
    unsigned *quick = ctx;
    char *room = malloc(text.n + 1);
    assert_non_null(room);
    *quick += yaml_quick(text, room, ignore_event, NULL) == 0;
    free(room);
}
static void agrees_on_public_rules(void **state UNUSED) {
    static const char *const folders[] = {"process_creation", "file/file_event", "network_connection", "registry/registry_set"};
    char path[PATH_MAX];
    unsigned quick = 0;
    int n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        snprintf(path, sizeof path, "%s/sigma/rules/windows/%s", testdata_or_skip(), folders[i]);
        n += testdata_each(path, one_file, &quick);
    }
    assert_true(n > 1000 && quick > (unsigned) n * 9 / 10);
}

UNIT_GROUP(base_yaml_quick, cmocka_unit_test(takes_the_plain_style_and_nothing_else),
           cmocka_unit_test(agrees_on_what_was_damaged), cmocka_unit_test(agrees_on_public_rules))
