/* Field maps and routes, and the shipped files of content/fields. */
#include "fire.h"

#define RULE(id, source, detection)                                                                \
    "---\ntitle: " id "\nid: " id "\nlogsource: {" source "}\ndetection:\n  s: {" detection        \
    "}\n  condition: s\n"

static void assert_hits(struct fire *f, const char *json, const char *ids) {
    char got[256] = "";
    fire_event(f, str_of(json));
    for (uint32_t i = 0; i < f->n; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", i ? " " : "",
                 STR_ARG(f->rules->rules[f->hits[i]]->id));
    assert_string_equal(got, ids);
}

static void routes_join_and_replace(void **state UNUSED) {
    static const char fields[] =
        "routes:\n"
        "  - {logsource: {product: p}, when: {P: 1}}\n"
        "  - {logsource: {category: c}, when: {C: 1}}\n"
        "  - {logsource: {product: p, service: s}, when: {S: 1}}\n"
        "  - {logsource: {product: p, service: s}, when: {S: 2}}\n"
        "  - {logsource: {product: q, category: d}, when: {D: 1}}\n"
        "  - {logsource: {product: r, category: d}, when: {D: 2}}\n"
        "  - logsource: {service: n}\n    when: {x: {P|exists: true}, condition: not x}\n";
    struct fire f;
    fire_begin(&f,
               RULE("p", "product: p", "a: 1") RULE("c", "category: c", "a: 1")
                   RULE("pc", "product: p, category: c", "a: 1")
                       RULE("ps", "product: p, service: s", "a: 1") RULE("d", "category: d", "a: 1")
                           RULE("n", "service: n", "a: 1") RULE("any", "product: unknown", "a: 1")
                               RULE("pu", "product: p, service: unknown", "a: 1"),
               fields, NULL);
    assert_hits(&f, "{\"a\": 1}", "n any");
    assert_hits(&f, "{\"a\": 1, \"P\": 1}", "p any pu"); /* what no row knows is not judged */
    assert_hits(&f, "{\"a\": 1, \"C\": 1}", "c n any");
    assert_hits(&f, "{\"a\": 1, \"P\": 1, \"C\": 1}", "p c pc any pu"); /* different keys: and */
    assert_hits(&f, "{\"a\": 1, \"S\": 1}", "ps n any");                /* more specific replaces */
    assert_hits(&f, "{\"a\": 1, \"S\": 2}", "ps n any");                /* the same keys: or */
    assert_hits(&f, "{\"a\": 1, \"D\": 2}", "d n any"); /* any product's rows for the category */
    assert_hits(&f, "{\"a\": 2, \"P\": 1, \"C\": 1}", "");
    fire_end(&f);
}

static void names_are_tried_in_order(void **state UNUSED) {
    static const char fields[] = "maps:\n"
                                 "  - for: {product: p}\n    prefixes: [x., y.]\n"
                                 "    names: {F: [general.f]}\n"
                                 "  - for: {product: p, category: c}\n    names: {F: [Special]}\n"
                                 "  - for: {product: q}\n    names: {F: [other.f]}\n";
    struct fire f;
    fire_begin(&f, RULE("pc", "product: p, category: c", "F: 1") RULE("p", "product: p", "F: 1"),
               fields, NULL);
    assert_hits(&f, "{\"F\": 1}", "pc p");
    assert_hits(&f, "{\"general\": {\"f\": 1}}", "pc p");
    assert_hits(&f, "{\"Special\": 1}", "pc");
    assert_hits(&f, "{\"y\": {\"F\": 1}}", "pc p");
    assert_hits(&f, "{\"y\": {\"Special\": 1}}", "pc");
    assert_hits(&f, "{\"other\": {\"f\": 1}}", "");
    /* the first name present wins, even where a later one would match */
    assert_hits(&f, "{\"general\": {\"f\": 1}, \"Special\": 2}", "p");
    assert_hits(&f, "{\"F\": 2, \"general\": {\"f\": 1}}", "");
    fire_end(&f);
}

/* Which rules an event is shown is remembered by what it says of itself: each case with a name. */
static void routes_are_chosen_by_whole_values(void **state UNUSED) {
    static const char fields[] =
        "maps:\n"
        "  - for: {product: p}\n    prefixes: [x.]\n    names: {Image: [process.executable]}\n"
        "routes:\n"
        "  - {logsource: {product: p, category: one}, when: {Channel: 'Micro/Op', EventID: 1}}\n"
        "  - {logsource: {product: p, category: two}, when: {Channel: 'Micro/Op', EventID: 2}}\n";
    static const struct {
        const char *name, *json, *ids;
    } t[] = {
        {"as it is", "{\"Channel\": \"Micro/Op\", \"EventID\": 1, \"Image\": \"c:\\\\cmd.exe\"}", "one"},
        {"the other number", "{\"Channel\": \"Micro/Op\", \"EventID\": 2, \"Image\": \"c:\\\\cmd.exe\"}", "two"},
        {"a number as a text", "{\"Channel\": \"Micro/Op\", \"EventID\": \"1\", \"Image\": \"c:\\\\cmd.exe\"}", "one"},
        {"a number written otherwise", "{\"Channel\": \"Micro/Op\", \"EventID\": 1.0, \"Image\": \"c:\\\\cmd.exe\"}", "one"},
        {"a number that begins alike", "{\"Channel\": \"Micro/Op\", \"EventID\": 12, \"Image\": \"c:\\\\cmd.exe\"}", ""},
        {"the channel with escapes", "{\"Channel\": \"M\\u0069cro\\/Op\", \"EventID\": 1, \"Image\": \"c:\\\\cmd.exe\"}", "one"},
        {"the channel in other case", "{\"Channel\": \"MICRO/OP\", \"EventID\": 1, \"Image\": \"c:\\\\cmd.exe\"}", "one"},
        {"a channel that begins alike", "{\"Channel\": \"Micro/Operational\", \"EventID\": 1, \"Image\": \"c:\\\\cmd.exe\"}", ""},
        {"in another order", "{\"Image\": \"c:\\\\cmd.exe\", \"EventID\": 1, \"Channel\": \"Micro/Op\"}", "one"},
        {"the channel twice", "{\"Channel\": \"Other\", \"EventID\": 1, \"Image\": \"c:\\\\cmd.exe\", \"Channel\": \"Micro/Op\"}", "one"},
        {"the channel in a list", "{\"Channel\": [\"Other\", \"Micro/Op\"], \"EventID\": 1, \"Image\": \"c:\\\\cmd.exe\"}", "one"},
        {"under a prefix", "{\"x\": {\"Channel\": \"Micro/Op\", \"EventID\": 1, \"Image\": \"c:\\\\cmd.exe\"}}", "one"},
        {"a field under its other name has its triggers", "{\"Channel\": \"Micro/Op\", \"EventID\": 1, \"process\": {\"executable\": \"c:\\\\cmd.exe\"}}", "one"},
        {"and its escapes", "{\"Channel\": \"Micro/Op\", \"EventID\": 1, \"process\": {\"executable\": \"c:\\\\cm\\u0064.exe\"}}", "one"},
        {"no channel at all", "{\"EventID\": 1, \"Image\": \"c:\\\\cmd.exe\"}", ""},
    };
    struct fire f;
    fire_begin(&f,
               RULE("one", "product: p, category: one", "'Image|endswith': '\\cmd.exe'")
                   RULE("two", "product: p, category: two", "'Image|endswith': '\\cmd.exe'"),
               fields, NULL);
    for (int again = 0; again < 2; again++) /* what was remembered is there the second time */
        for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
            fire_event(&f, str_of(t[i].json));
            const char *got = f.n == 0 ? "" : f.n == 1 ? f.rules->rules[f.hits[0]]->id.p : "both";
            if (strncmp(got, t[i].ids, 3) != 0)
                fail_msg("%s: '%.3s', not '%s'", t[i].name, got, t[i].ids);
        }
    fire_end(&f);
}

static void mistakes_in_field_files_are_named(void **state UNUSED) {
    static const struct {
        const char *text, *words;
    } t[] = {
        {"map: []", "map"},
        {"maps: {}", "must be a list"},
        {"maps: [x]", "a mapping"},
        {"maps: [{for: {produkt: p}}]", "produkt"},
        {"maps: [{names: [a]}]", "is a mapping"},
        {"maps: [{names: {a: {b: c}}}]", "list of texts"},
        {"routes: [{logsource: {product: p}}]", "needs 'logsource' and 'when'"},
        {"routes: [{logsource: {product: p}, when: {'a|twist': 1}}]", "unknown modifier"},
        {"[", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
        struct detect_fields *f = NULL;
        struct diag d = {0};
        assert_true(detect_fields_load_text(str_of(t[i].text), "f.yml", &f, &d) < 0);
        assert_null(f);
        assert_string_equal(d.file, "f.yml");
        if (!strstr(d.text, t[i].words))
            fail_msg("'%s' does not say '%s'", d.text, t[i].words);
    }
}

/* The shipped maps on one event of each shipper. */
static void shipped_maps_reach_every_shipper(void **state UNUSED) {
    struct fire f = {.names = event_names_new()};
    struct diag d = {0};
    static const char rules[] =
        RULE("proc", "product: windows, category: process_creation",
             "'Image|endswith': '\\cmd.exe', 'CommandLine|contains': whoami")
            RULE("sec", "product: windows, service: security", "EventID: 4688")
                RULE("web", "category: webserver", "'cs-uri-query|contains': '/etc/passwd'")
                    RULE("login", "category: authentication", "event.outcome: failure")
                        RULE("sshd", "product: linux, service: sshd", "message: x");
    arena_init(&f.arena, (size_t) 64 << 20);
    int r = detect_rules_load_text(STR(rules), "t.yml", &f.rules, &d);
    if (r == 0)
        r = detect_fields_load("content/fields", &f.fields, &d);
    struct detect_plan_options opt = {.fields = f.fields};
    if (r == 0)
        r = detect_plan_new(f.rules, f.names, &opt, &f.plan, &d);
    if (r < 0)
        fail_msg("%s:%u: %s", d.file, d.line, d.text);
    f.matcher = detect_matcher_new(f.plan);
    assert_hits(&f,
                "{\"Channel\": \"Microsoft-Windows-Sysmon/Operational\", \"EventID\": 1, "
                "\"Image\": \"C:\\\\cmd.exe\", \"CommandLine\": \"cmd /c whoami\"}",
                "proc");
    assert_hits(
        &f,
        "{\"winlog\": {\"channel\": \"Microsoft-Windows-Sysmon/Operational\", \"event_data\": "
        "{\"Image\": \"C:\\\\cmd.exe\"}}, \"event\": {\"code\": \"1\"}, "
        "\"process\": {\"command_line\": \"cmd /c whoami\"}}",
        "proc");
    assert_hits(
        &f,
        "{\"Event\": {\"System\": {\"Channel\": \"Security\", \"EventID\": {\"#text\": 4688}}, "
        "\"EventData\": {\"NewProcessName\": \"C:\\\\cmd.exe\", "
        "\"CommandLine\": \"cmd /c whoami\"}}}",
        "proc sec");
    assert_hits(
        &f,
        "{\"event\": {\"category\": [\"web\", \"authentication\"], \"outcome\": \"failure\"}, "
        "\"url\": {\"original\": \"/x?f=/etc/passwd\"}}",
        "web login");
    assert_hits(&f, "{\"process\": {\"name\": \"sshd\"}, \"message\": \"x\"}", "sshd");
    assert_hits(&f, "{\"log\": {\"syslog\": {\"appname\": \"sshd\"}}, \"message\": \"x\"}", "sshd");
    assert_hits(&f, "{\"Channel\": \"x\", \"process\": {\"name\": \"cron\"}, \"message\": \"x\"}",
                "");
    fire_end(&f);
}

UNIT_GROUP(detect_fields, cmocka_unit_test(routes_join_and_replace),
           cmocka_unit_test(names_are_tried_in_order),
           cmocka_unit_test(routes_are_chosen_by_whole_values),
           cmocka_unit_test(mistakes_in_field_files_are_named),
           cmocka_unit_test(shipped_maps_reach_every_shipper))
