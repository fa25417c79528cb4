#include "unit.h"

#include "door/way.h"
#include "torture.h"

static int parse(const char *text, struct door_ways *ret, struct diag *d) {
    static struct arena a;
    static bool begun;
    if (begun)
        arena_done(&a);
    begun = true;
    arena_init(&a, 1 << 22);
    return door_ways_parse(&a, str_of(text), "door.yml", ret, d);
}

static const char all[] = "ways:\n"
                          "  - {name: mail, kind: smtp, host: mail.example.jp, from: k@example.jp, from_name: 気付き, user: u, password: p, allow: [10.0.0.0/8]}\n"
                          "  - name: sms\n"
                          "    kind: http\n"
                          "    url: https://sms.example.jp:8443/v1/{{to}}\n"
                          "    headers: {Authorization: \"Bearer {{secret.token}}\"}\n"
                          "    body: '{\"text\":\"{{text}}\"}'\n"
                          "    secrets: {token: s3}\n"
                          "    expect: [202]\n"
                          "    a_minute: 5\n"
                          "    timeout: 10s\n"
                          "    else: ring\n"
                          "  - {name: ring, kind: program, argv: [/usr/bin/true, \"{{to}}\"], drill: mark}\n";

static void reads_every_kind(void **state UNUSED) {
    struct door_ways w;
    struct diag d = {0};
    if (parse(all, &w, &d) < 0)
        fail_msg("%s", d.text);
    assert_int_equal(w.n, 3);
    const struct door_way *mail = door_way_find(&w, STR("mail")), *sms = door_way_find(&w, STR("sms"));
    assert_int_equal(mail->port, 587);
    assert_int_equal(mail->tls, DOOR_TLS_START);
    assert_int_equal(mail->n_allow, 1);
    assert_true(str_eq_z(sms->host, "sms.example.jp"));
    assert_int_equal(sms->port, 8443);
    assert_int_equal(sms->expect[0], 202);
    assert_int_equal(sms->timeout_ms, 10000);
    assert_ptr_equal(sms->next, door_way_find(&w, STR("ring")));
    assert_true(sms->next->drill_marked);
}

static void refuses_with_a_sentence(void **state UNUSED) {
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"ways:\n  - {name: a, kind: http, url: 'https://{{to}}/x'}\n", "not before it"},
        {"ways:\n  - {name: a, kind: http, url: 'https://sms.example.jp{{to}}/x'}\n", "not before it"},
        {"ways:\n  - {name: a, kind: http, url: 'https://u:p@h/x'}\n", "no plain host"},
        {"ways:\n  - {name: a, kind: http, url: 'ftp://h/x'}\n", "begins with https"},
        {"ways:\n  - {name: a, kind: http, url: 'https://h:99999/x'}\n", "the port"},
        {"ways:\n  - {name: a, kind: smtp, host: h, from: k@e, tls: none, password: p}\n", "not sent without TLS"},
        {"ways:\n  - {name: a, kind: smtp, host: h, from: 'K <k@e>'}\n", "one mail address"},
        {"ways:\n  - {name: a, kind: smtp, host: h, from: k@e, url: x}\n", "has no 'url'"},
        {"ways:\n  - {name: a, kind: program, argv: [sh, -c, x]}\n", "whole path"},
        {"ways:\n  - {name: a, kind: program, argv: ['/bin/{{to}}']}\n", "without variables"},
        {"ways:\n  - {name: a, kind: program, argv: [/bin/true], else: a}\n", "circle"},
        {"ways:\n  - {name: a, kind: program, argv: [/bin/true], else: b}\n", "no way 'b'"},
        {"ways:\n  - {name: a, kind: program, argv: [/bin/true]}\n  - {name: a, kind: program, argv: [/bin/true]}\n", "two ways"},
        {"ways:\n  - {name: a, kind: pigeon}\n", "none of the words"},
        {"ways:\n  - {kind: smtp}\n", "has a name"},
        {"ways:\n  - {name: a, kind: http, url: 'https://h/', headers: {'a b': c}}\n", "no name of a header"},
        {"ways:\n  - {name: a, kind: http, url: 'https://h/', body: '{{'}\n", "no '}}'"},
        {"ways:\n  - {name: a, kind: http, url: 'https://h/', allow: [10.0.0.1/8]}\n", "like 10.1.2.0/24"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct door_ways w;
        struct diag d = {0};
        assert_true(parse(bad[i].text, &w, &d) < 0);
        if (!strstr(d.text, bad[i].says))
            fail_msg("%s\n says: %s", bad[i].text, d.text);
        assert_true(d.line > 0);
    }
}

static int parse_once(void *ctx UNUSED) {
    struct arena a;
    struct door_ways w;
    arena_init(&a, 1 << 22);
    int e = door_ways_parse(&a, str_of(all), "door.yml", &w, NULL);
    arena_done(&a);
    return e;
}
static void survives_the_end_of_memory(void **state UNUSED) {
    assert_true(torture(parse_once, NULL) > 0);
}

UNIT_GROUP(door_way, cmocka_unit_test(reads_every_kind), cmocka_unit_test(refuses_with_a_sentence), cmocka_unit_test(survives_the_end_of_memory))
