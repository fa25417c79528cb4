#include "testdata.h"
#include "torture.h"
#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/yaml.h"

static struct arena arena;
static int arena_up(void **state UNUSED) {
    arena_init(&arena, (size_t) 256 << 20);
    return 0;
}
static int arena_down(void **state UNUSED) {
    arena_done(&arena);
    return 0;
}

static struct yaml_doc *parse(const char *z) {
    struct yaml_doc *d = NULL;
    struct diag diag;
    int r = yaml_parse(&arena, str_of(z), "x.yml", &d, &diag);
    if (r < 0) {
        print_error("%s\n", diag.text);
        fail();
    }
    return d;
}

static int refuse(const char *z, struct diag *d) {
    struct yaml_doc *const untouched = (struct yaml_doc *) (uintptr_t) 1;
    struct yaml_doc *doc = untouched;
    int r = yaml_parse(&arena, str_of(z), "x.yml", &doc, d);
    assert_true(r < 0);
    assert_ptr_equal(doc, untouched);
    assert_string_equal(d->file, "x.yml");
    return r;
}

static void builds_trees_with_places(void **state UNUSED) {
    struct yaml_doc *d =
        parse("title: a rule\nlist:\n  - 1\n  - 'two'\nmap: {x: yes, y: ~}\n---\n- second\n");
    const struct yaml_node *n;
    struct str s;
    int64_t i;
    bool b;
    assert_true(yaml_get_str(d->root, "title", &s));
    assert_str(s, "a rule");
    n = yaml_get(d->root, "list");
    assert_int_equal(n->n, 2);
    assert_int_equal(n->first->line, 3);
    assert_int_equal(n->first->column, 5);
    assert_true(n->first->plain);
    assert_false(n->first->next->plain);
    assert_false(yaml_get_i64(d->root, "list", &i));
    n = yaml_get(d->root, "map");
    assert_true(yaml_get_bool(n, "x", &b) && b);
    assert_true(yaml_is_null(yaml_get(n, "y")));
    assert_false(yaml_is_null(NULL));
    assert_str(yaml_get(n, "y")->key->text, "y");
    assert_int_equal(yaml_get(n, "y")->key->line, 5);
    assert_non_null(d->next);
    assert_int_equal(d->next->root->kind, YAML_SEQUENCE);
    assert_null(d->next->next);
}

static void empty_streams_and_documents(void **state UNUSED) {
    assert_null(parse(""));
    assert_null(parse("# only a comment\n"));
    struct yaml_doc *d = parse("---\n---\na: 1\n");
    assert_null(d->root);
    assert_non_null(d->next->root);
}

static void a_tag_makes_a_number_a_string(void **state UNUSED) {
    int64_t i;
    struct yaml_doc *d = parse("a: !!str 12\nb: 12\nc: \"12\"\n");
    assert_false(yaml_get_i64(d->root, "a", &i));
    assert_true(yaml_get_i64(d->root, "b", &i));
    assert_int_equal(i, 12);
    assert_false(yaml_get_i64(d->root, "c", &i));
}

static void aliases_share_children(void **state UNUSED) {
    struct yaml_doc *d = parse("a: &x [1, 2]\nb: *x\nc: [*x, *x]\nd: &k key\n*k : v\n");
    const struct yaml_node *a = yaml_get(d->root, "a"), *b = yaml_get(d->root, "b");
    assert_int_equal(b->n, 2);
    assert_ptr_equal(a->first, b->first);
    assert_int_equal(b->line, 2);
    assert_str(b->key->text, "b");
    assert_int_equal(yaml_get(d->root, "c")->n, 2);
    struct str s;
    assert_true(yaml_get_str(d->root, "key", &s));
    assert_str(s, "v");
}

static void refuses_with_a_place(void **state UNUSED) {
    static const struct {
        const char *in;
        int code;
        unsigned line;
        const char *says;
    } rows[] = {
        {"a: 1\nb: 2\na: 3\n", -ERR_PARSE, 3, "duplicate key 'a'"},
        {"a: [1\nb: 2\n", -ERR_PARSE, 2, ""},
        {"a: !!binary aGk=\n", -ERR_UNSUPPORTED, 1, "!!binary"},
        {"? [a]\n: b\n", -ERR_UNSUPPORTED, 1, "scalar"},
        {"a: *nothing\n", -ERR_PARSE, 1, "nothing"},
        {"a: &x [*x]\n", -ERR_PARSE, 1, "alias 'x'"},
        {"a: \"\xff\"\n", -ERR_PARSE, 1, ""},
        {"a: \t\x01\n", -ERR_PARSE, 0, ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct diag d;
        assert_int_equal(refuse(rows[i].in, &d), rows[i].code);
        if (rows[i].line)
            assert_int_equal(d.line, rows[i].line);
        assert_non_null(strstr(d.text, rows[i].says));
    }
}

static void finds_duplicates_in_large_mappings(void **state UNUSED) {
    struct buf b;
    struct diag d;
    for (int last = 0; last < 40; last += 13) {
        buf_init(&b, 1 << 16);
        for (int i = 0; i < 40; i++)
            buf_printf(&b, "k%d: 1\n", i);
        (void) parse(buf_z(&b));
        buf_printf(&b, "k%d: 2\n", last);
        assert_int_equal(refuse(buf_z(&b), &d), -ERR_PARSE);
        assert_int_equal(d.line, 41);
        buf_done(&b);
    }
}

static void refuses_billion_laughs_and_deep_aliases(void **state UNUSED) {
    struct buf b;
    struct diag d;
    buf_init(&b, 1 << 20);
    buf_add_z(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 8; i++)
        buf_printf(&b, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
                   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    assert_int_equal(refuse(buf_z(&b), &d), -ERR_LIMIT);
    /* Each anchor is one level deeper than the one before: following them would end any stack. */
    buf_clear(&b);
    buf_add_z(&b, "a0: &a0 [x]\n");
    for (int i = 1; i < 2 * YAML_DEPTH_MAX; i++)
        buf_printf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    assert_int_equal(refuse(buf_z(&b), &d), -ERR_LIMIT);
    buf_clear(&b);
    for (int i = 0; i <= YAML_DEPTH_MAX; i++)
        buf_add_byte(&b, '[');
    assert_int_equal(refuse(buf_z(&b), &d), -ERR_LIMIT);
    buf_done(&b);
}

static void only_keys_names_the_stranger(void **state UNUSED) {
    static const char *const allowed[] = {"a", NULL};
    struct diag d;
    struct yaml_doc *doc = parse("a: 1\nzzz: 2\n");
    assert_int_equal(yaml_only_keys(doc->root, allowed, "f.yml", &d), -ERR_PARSE);
    assert_int_equal(d.line, 2);
    assert_non_null(strstr(d.text, "zzz"));
    assert_int_equal(yaml_only_keys(doc->root->first, allowed, "f.yml", &d), -ERR_PARSE);
}

static int parse_some(void *ctx) {
    struct arena a;
    struct yaml_doc *d;
    arena_init(&a, (size_t) 16 << 20);
    int r = yaml_parse(&a, *(struct str *) ctx, "x", &d, NULL);
    arena_done(&a);
    return r;
}

static void survives_the_end_of_memory(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_z(&b, "anchor: &a [1, 2, {x: y}]\nalias: *a\n");
    for (int i = 0; i < 300; i++)
        buf_printf(&b, "key%d: {value: [%d, \"text %d\"]}\n", i, i, i);
    struct str in = buf_str(&b);
    assert_true(torture(parse_some, &in) > 4);
    buf_done(&b);
}

#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, arena_up, arena_down)
UNIT_GROUP(base_yaml, WITH_ARENA(builds_trees_with_places), WITH_ARENA(empty_streams_and_documents),
           WITH_ARENA(a_tag_makes_a_number_a_string), WITH_ARENA(aliases_share_children),
           WITH_ARENA(refuses_with_a_place), WITH_ARENA(finds_duplicates_in_large_mappings),
           WITH_ARENA(refuses_billion_laughs_and_deep_aliases),
           WITH_ARENA(only_keys_names_the_stranger), WITH_ARENA(survives_the_end_of_memory))
