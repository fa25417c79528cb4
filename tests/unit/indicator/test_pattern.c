#include "unit.h"

#include "indicator/stix_pattern.h"

/* The alternatives as "a+b|c", refused comparisons as "!path". */
static const char *shape(struct arena *a, const char *text) {
    struct stix_pattern p;
    struct diag d = {0};
    struct str out = STR("");
    int r = stix_pattern_parse(a, str_of(text), &p, &d);
    if (r < 0)
        return arena_printf(a, "%s %u%c", r == -ERR_UNSUPPORTED ? "unsupported" : r == -ERR_LIMIT ? "limit" : "wrong", d.column, 0).p;
    for (unsigned i = 0; i < p.n; i++)
        for (unsigned k = 0; k < p.any[i].n; k++) {
            const struct stix_term *t = &p.any[i].terms[k];
            out = arena_printf(a, "%.*s%s%s%.*s", STR_ARG(out), k ? "+" : i ? "|" : "", t->lacks ? "!" : "", STR_ARG(t->value));
        }
    return arena_dup_z(a, out);
}

static void patterns_become_alternatives(void **state) {
    static const char *const rows[][2] = {
        {"[ipv4-addr:value = '45.67.89.10']", "45.67.89.10"},
        {"[ipv4-addr:value='1.1.1.1' OR ipv4-addr:value IN ('2.2.2.2', '3.3.3.3')]", "1.1.1.1|2.2.2.2|3.3.3.3"},
        {"[a:b = 'x'] OR [url:value = 'http://x.com/it\\'s']", "!a:b|http://x.com/it's"},
        {"[url:value = 'u' AND (ipv4-addr:value = '1.1.1.1' OR domain-name:value = 'd.com')]", "u+1.1.1.1|u+d.com"},
        {"[domain-name:value = 'a.com' OR domain-name:value = 'b.com' AND url:value = 'u']", "a.com|b.com+u"},
        {"[file:hashes.'SHA-256' = 'aa' AND file:hashes.MD5 = 'bb']", "aa+bb"},
        {"[file:hashes.\"SHA-1\" = 'aa']", "aa"},
        {"([ipv4-addr:value = '1.1.1.1'])", "1.1.1.1"},
        {"[ipv4-addr:value ISSUBSET '198.51.0.0/16']", "198.51.0.0/16"},
        {"[ipv4-addr:value NOT = '1.1.1.1']", "!ipv4-addr:value"},
        {"[ipv4-addr:value != '1.1.1.1']", "!ipv4-addr:value"},
        {"[url:value LIKE 'http://%']", "!url:value"},
        {"[network-traffic:dst_port = 443]", "!network-traffic:dst_port"},
        {"[file:size IN (1, 2)]", "!file:size|!file:size"},
        {"[EXISTS file:name]", "!file:name"},
        {"[windows-registry-key:values[*].data = 'x']", "!windows-registry-key:values[*].data"},
        {"[ipv4-addr:value = '1.1.1.1'] FOLLOWEDBY [url:value = 'u']", "unsupported"},
        {"[ipv4-addr:value = '1.1.1.1'] AND [url:value = 'u']", "unsupported"},
        {"[ipv4-addr:value = '1.1.1.1'] REPEATS 5 TIMES", "unsupported"},
        {"ipv4-addr:value = '1.1.1.1'", "wrong 1"},
        {"[ipv4-addr:value = '1.1.1.1", "wrong"},
        {"[ipv4-addr:value '1.1.1.1']", "wrong"},
        {"[ipv4-addr:value = '1.1.1.1'] x", "wrong"},
        {"[]", "wrong"},
        {"", "wrong 1"}};
    (void) state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        const char *got = shape(&a, rows[i][0]);
        if (strncmp(got, rows[i][1], strlen(rows[i][1])) != 0 || (strchr("uw", rows[i][1][0]) == NULL && strcmp(got, rows[i][1]) != 0))
            fail_msg("%s gives '%s', not '%s'", rows[i][0], got, rows[i][1]);
        arena_done(&a);
    }
}

static void large_patterns_meet_limits(void **state) {
    struct arena a;
    struct str p = STR("[(url:value = 'a' OR url:value = 'b')");
    (void) state;
    arena_init(&a, 64 << 20);
    for (int i = 0; i < 20; i++)
        p = arena_printf(&a, "%.*s AND (url:value = 'a' OR url:value = 'b')", STR_ARG(p));
    assert_string_equal(str_to(str_of(shape(&a, arena_printf(&a, "%.*s]%c", STR_ARG(p), 0).p)), 5).p[0] == 'l' ? "limit" : "other", "limit");
    p = STR("[");
    for (int i = 0; i < 100; i++)
        p = arena_printf(&a, "%.*s(", STR_ARG(p));
    assert_memory_equal(shape(&a, arena_printf(&a, "%.*s%c", STR_ARG(p), 0).p), "limit", 5);
    arena_done(&a);
}

UNIT_GROUP(indicator_pattern, cmocka_unit_test(patterns_become_alternatives), cmocka_unit_test(large_patterns_meet_limits))
