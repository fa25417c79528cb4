#include "unit.h"

#include "door/template.h"

static bool lookup(void *ctx, struct str name, struct str *ret) {
    if (!str_eq_z(name, "x"))
        return false;
    *ret = *(struct str *) ctx;
    return true;
}

static void expands(const char *template, enum door_place place, struct str x, const char *want) {
    struct buf b;
    buf_init(&b, 65536);
    assert_int_equal(door_template_expand(&b, str_of(template), place, lookup, &x, NULL), 0);
    assert_string_equal(buf_z(&b), want);
    buf_done(&b);
}

static void values_never_become_structure(void **state UNUSED) {
    expands("{\"a\":\"{{x}}\"}", DOOR_IN_JSON, STR("\",\"admin\":\"1\n\\"), "{\"a\":\"\\\",\\\"admin\\\":\\\"1\\u000a\\\\\"}");
    expands("to={{x}}&n=1", DOOR_IN_FORM, STR("a&to=b 気"), "to=a%26to%3Db%20%E6%B0%97&n=1");
    expands("<m>{{ x }}</m>", DOOR_IN_XML, STR("</m><x a='\"&'/>"), "<m>&lt;/m&gt;&lt;x a=&#39;&quot;&amp;&#39;/&gt;</m>");
    expands("{{x}}{{x}}", DOOR_IN_PLAIN, STR("{{x}}"), "{{x}}{{x}}"); /* what came in is not read again */
    expands("plain } }} {", DOOR_IN_JSON, STR(""), "plain } }} {");
}

static void refuses(const char *template, enum door_place place, struct str x) {
    struct buf b;
    struct diag d = {0};
    buf_init(&b, 65536);
    assert_true(door_template_expand(&b, str_of(template), place, lookup, &x, &d) < 0);
    assert_true(d.text[0] != 0);
    buf_done(&b);
}

static void half_a_message_is_refused(void **state UNUSED) {
    refuses("{{y}}", DOOR_IN_JSON, STR("v"));
    refuses("{{x", DOOR_IN_JSON, STR("v"));
    refuses("{{}}", DOOR_IN_JSON, STR("v"));
    refuses("{{X}}", DOOR_IN_JSON, STR("v"));
    refuses("{{x}}", DOOR_IN_HEADER, STR("a\r\nEvil: 1"));
    refuses("{{x}}", DOOR_IN_PLAIN, STR("a\0b"));
}

UNIT_GROUP(door_template, cmocka_unit_test(values_never_become_structure), cmocka_unit_test(half_a_message_is_refused))
