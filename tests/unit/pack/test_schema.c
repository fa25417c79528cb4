#include "unit.h"

#include "base/file.h"
#include "pack/schema.h"

#include <stdio.h>
#include <unistd.h>

/* Every row is also put to another validator (tests/packs/check_test.py reads this table), so that our words mean what JSON Schema says. */
static const struct {
    const char *schema, *value;
    bool fits;
} ROWS[] = {
    {"{\"type\": \"object\"}", "{a: 1}", true},
    {"{\"type\": \"object\"}", "[a]", false},
    {"{\"type\": [\"boolean\", \"number\"]}", "true", true},
    {"{\"type\": [\"boolean\", \"number\"]}", "1.5", true},
    {"{\"type\": [\"boolean\", \"number\"]}", "x", false},
    {"{\"type\": \"integer\"}", "12", true},
    {"{\"type\": \"integer\"}", "12.5", false},
    {"{\"type\": \"integer\"}", "\"12\"", false},
    {"{\"type\": \"null\"}", "~", true},
    {"{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 2}", "[a, b]", true},
    {"{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 2}", "[a, b, c]", false},
    {"{\"type\": \"array\", \"minItems\": 1}", "[]", false},
    {"{\"items\": {\"type\": \"integer\"}}", "[1, 2, x]", false},
    {"{\"items\": {\"type\": \"integer\"}}", "[1, 2]", true},
    {"{\"enum\": [\"a\", \"b\"]}", "b", true},
    {"{\"enum\": [\"a\", \"b\"]}", "c", false},
    {"{\"type\": \"string\", \"pattern\": \"^[a-z]+$\"}", "abc", true},
    {"{\"type\": \"string\", \"pattern\": \"^[a-z]+$\"}", "aBc", false},
    {"{\"type\": \"string\", \"minLength\": 2, \"maxLength\": 3}", "\xe6\xb0\x97\xe4\xbb\x98\xe3\x81\x8d", true},
    {"{\"type\": \"string\", \"maxLength\": 2}", "\xe6\xb0\x97\xe4\xbb\x98\xe3\x81\x8d", false},
    {"{\"minimum\": 1, \"maximum\": 5}", "5", true},
    {"{\"minimum\": 1, \"maximum\": 5}", "5.1", false},
    {"{\"minimum\": 1}", "0", false},
    {"{\"required\": [\"a\"]}", "{a: 1}", true},
    {"{\"required\": [\"a\"]}", "{b: 1}", false},
    {"{\"properties\": {\"a\": {\"type\": \"integer\"}}, \"additionalProperties\": false}", "{a: 1}", true},
    {"{\"properties\": {\"a\": {\"type\": \"integer\"}}, \"additionalProperties\": false}", "{a: 1, b: 2}", false},
    {"{\"properties\": {\"a\": {\"type\": \"integer\"}}}", "{a: x}", false},
    {"{\"additionalProperties\": {\"type\": \"integer\"}}", "{a: 1, b: x}", false},
    {"{\"propertyNames\": {\"type\": \"string\", \"pattern\": \"^[a-z]$\"}}", "{a: 1, bb: 2}", false},
    {"{\"minProperties\": 1, \"maxProperties\": 1}", "{a: 1}", true},
    {"{\"minProperties\": 1, \"maxProperties\": 1}", "{a: 1, b: 2}", false},
    {"{\"anyOf\": [{\"required\": [\"a\"]}, {\"required\": [\"b\"]}]}", "{b: 1}", true},
    {"{\"anyOf\": [{\"required\": [\"a\"]}, {\"required\": [\"b\"]}]}", "{c: 1}", false},
    {"{\"allOf\": [{\"required\": [\"a\"]}, {\"required\": [\"b\"]}]}", "{a: 1}", false},
    {"{\"if\": {\"required\": [\"a\"]}, \"then\": {\"required\": [\"b\"]}}", "{a: 1}", false},
    {"{\"if\": {\"required\": [\"a\"]}, \"then\": {\"required\": [\"b\"]}}", "{c: 1}", true},
    {"{\"$ref\": \"#/$defs/n\", \"$defs\": {\"n\": {\"type\": \"integer\"}}}", "3", true},
    {"{\"$ref\": \"#/$defs/n\", \"$defs\": {\"n\": {\"type\": \"integer\"}}}", "x", false},
};

static int load(struct arena *a, const char *schema, const struct pack_schema **ret, struct diag *d) {
    char path[] = "/tmp/kizuki-schema-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, str_of(schema)), 0);
    close(fd);
    int e = pack_schema_load(a, path, ret, d);
    unlink(path);
    return e;
}

static void keywords_mean_what_they_say(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        struct arena a;
        struct yaml_doc *doc;
        const struct pack_schema *s;
        struct diag d = {0};
        arena_init(&a, 1 << 20);
        assert_int_equal(load(&a, ROWS[i].schema, &s, &d), 0);
        assert_int_equal(yaml_parse(&a, str_of(ROWS[i].value), "v", &doc, NULL), 0);
        int e = pack_schema_check(s, "v", doc->root, &d);
        if ((e == 0) != ROWS[i].fits)
            fail_msg("%s of %s: %d %s", ROWS[i].schema, ROWS[i].value, e, d.text);
        assert_true(e == 0 || (e == -ERR_PARSE && d.line == 1 && d.column >= 1));
        arena_done(&a);
    }
}

static void formats_are_days_and_times(void **state UNUSED) {
    static const struct {
        const char *schema, *value;
        bool fits;
    } rows[] = {
        {"{\"format\": \"date\"}", "2026-11-22", true},           {"{\"format\": \"date\"}", "2026-11-31", false},
        {"{\"format\": \"date\"}", "2026-11-22T00:00:00Z", false}, {"{\"format\": \"date-time\"}", "2026-11-22T00:00:00+09:00", true},
        {"{\"format\": \"date-time\"}", "2026-11-22T00:00:00", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        struct yaml_doc *doc;
        const struct pack_schema *s;
        arena_init(&a, 1 << 20);
        assert_int_equal(load(&a, rows[i].schema, &s, NULL), 0);
        assert_int_equal(yaml_parse(&a, str_of(rows[i].value), "v", &doc, NULL), 0);
        assert_int_equal(pack_schema_check(s, "v", doc->root, NULL) == 0, rows[i].fits);
        arena_done(&a);
    }
}

static void a_schema_we_do_not_follow_is_refused(void **state UNUSED) {
    static const char *const bad[] = {"{\"not\": {}}", "{\"items\": {\"oneOf\": []}}", "[]", "", "{\"properties\": {\"a\": {\"contains\": 1}}}"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct arena a;
        const struct pack_schema *s;
        struct diag d = {0};
        arena_init(&a, 1 << 20);
        assert_true(load(&a, bad[i], &s, &d) < 0 && d.text[0]);
        arena_done(&a);
    }
}

/* A schema that names itself ends, too. */
static void a_schema_in_a_circle_ends(void **state UNUSED) {
    struct arena a;
    struct yaml_doc *doc;
    const struct pack_schema *s;
    struct diag d = {0};
    arena_init(&a, 1 << 20);
    assert_int_equal(load(&a, "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"$ref\": \"#/$defs/a\"}}}", &s, NULL), 0);
    assert_int_equal(yaml_parse(&a, STR("x"), "v", &doc, NULL), 0);
    assert_int_equal(pack_schema_check(s, "v", doc->root, &d), -ERR_LIMIT);
    arena_done(&a);
}

static void what_is_wanted_is_said(void **state UNUSED) {
    struct arena a;
    struct yaml_doc *doc;
    const struct pack_schema *s;
    struct diag d = {0};
    arena_init(&a, 1 << 20);
    assert_int_equal(load(&a, "{\"properties\": {\"n\": {\"description\": \"how many there are\", \"type\": \"integer\"}}}", &s, NULL), 0);
    assert_int_equal(yaml_parse(&a, STR("a: 1\nn: many\n"), "v", &doc, NULL), 0);
    assert_int_equal(pack_schema_check(s, "v", doc->root, &d), -ERR_PARSE);
    assert_non_null(strstr(d.text, "wanted: how many there are"));
    assert_int_equal(d.line, 2);
    assert_int_equal(d.column, 4);
    arena_done(&a);
}

UNIT_GROUP(pack_schema, cmocka_unit_test(keywords_mean_what_they_say), cmocka_unit_test(formats_are_days_and_times),
           cmocka_unit_test(a_schema_we_do_not_follow_is_refused), cmocka_unit_test(a_schema_in_a_circle_ends),
           cmocka_unit_test(what_is_wanted_is_said))
