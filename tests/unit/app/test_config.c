#include "unit.h"

#include "app/common/config.h"
#include "base/file.h"

#include <unistd.h>

static int load(const char *text, struct config **ret, struct diag *d) {
    char path[] = "/tmp/kizuki-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, str_of(text)), 0);
    close(fd);
    int e = config_load("/tmp", path, ret, d);
    unlink(path);
    return e;
}

static void defaults_hold_without_a_file(void **state UNUSED) {
    struct config *c;
    assert_int_equal(config_load("/nonexistent-kizuki", NULL, &c, NULL), 0);
    assert_int_equal(c->https.port, 8443);
    assert_string_equal(c->https.host, "127.0.0.1");
    assert_int_equal(c->n_syslog, 1);
    assert_int_equal(c->offset_min, 540);
    assert_false(c->sources_given);
    assert_false(c->block_automatic);
    config_free(c);
}

static void a_copy_is_kept_as_its_own_row_says(void **state UNUSED) {
    struct config *c;
    struct diag d = {0};
    assert_int_equal(load("retention: {keep: 30d}\nvault:\n  retention:\n    keep: 400d\n    sources: [{name: fw, keep: 800d}]\n"
                          "    copies: [{name: tokyo, keep: 3y, required: 2y, why: law, sources: [{name: fw, keep: 5y}]}, {name: osaka}]\n", &c, &d), 0);
    const struct config_retention *tokyo = config_retention_of_copy(c, STR("tokyo")), *other = config_retention_of_copy(c, STR("kyoto"));
    assert_int_equal(config_keeping_of(tokyo, STR("fw")).keep_ns, 5 * 365 * NS_PER_DAY);
    assert_int_equal(config_keeping_of(tokyo, STR("web")).keep_ns, 3 * 365 * NS_PER_DAY);
    assert_int_equal(config_keeping_of(tokyo, STR("web")).required_ns, 2 * 365 * NS_PER_DAY);
    assert_int_equal(config_keeping_of(other, STR("fw")).keep_ns, 800 * NS_PER_DAY);
    assert_int_equal(config_keeping_of(other, STR("web")).keep_ns, 400 * NS_PER_DAY);
    assert_int_equal(config_retention_of_copy(c, STR("osaka"))->all.keep_ns, 0); /* a row of its own, which says nothing: for ever */
    assert_int_equal(config_keeping_of(&c->retention, STR("fw")).keep_ns, 30 * NS_PER_DAY);
    config_free(c);
    static const char *const wrong[] = {"{keep: 30d, required: 1y, why: law}", "{keep: 1y, required: 30d}", "{keep: 1y, hold: 3y}", "400d",
                                        "{copies: [{keep: 1y}]}", "{copies: [{name: a, keep: 1d, required: 2d, why: x}]}",
                                        "{keep: 1y, sources: [{name: a, own: 3d}]}"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        char text[300];
        snprintf(text, sizeof text, "vault: {retention: %s}\n", wrong[i]);
        assert_true(load(text, &c, &d) < 0);
    }
}

static void settings_are_read(void **state UNUSED) {
    struct config *c;
    struct diag d = {0};
    int e =
        load("zone: \"-03:30\"\nhttps: \"[::1]:9000\"\nsyslog: []\npartners: [198.51.100.0/24]\n"
             "sources:\n  - {name: a, path: /var/log/a*.log, service: s, skew: 90s}\n"
             "  - {name: j, kind: journal, zone: UTC}\n"
             "services:\n  - {name: s, title: {ja: あ, en: A}, pages: [{path: /p, shows: x}]}\n"
             "block: {automatic: yes, minutes: 30}\n",
             &c, &d);
    if (e < 0)
        fail_msg("%s", d.text);
    assert_int_equal(c->https.port, 9000);
    assert_int_equal(c->n_syslog, 0);
    assert_int_equal(c->offset_min, -210);
    assert_int_equal(c->n_sources, 2);
    assert_int_equal(c->sources[0].offset_min, -210);
    assert_int_equal(c->sources[0].skew_max_ns, 90 * NS_PER_S);
    assert_int_equal(c->sources[1].offset_min, 0);
    assert_str(c->services[0].title.ja, "あ");
    assert_int_equal(c->services[0].n_pages, 1);
    assert_true(c->block_automatic);
    assert_int_equal(c->block_minutes, 30);
    config_free(c);
}

static void mistakes_are_refused_with_their_place(void **state UNUSED) {
    static const struct {
        const char *text, *word;
        unsigned line;
    } bad[] = {
        {"htps: 1\n", "htps", 1},
        {"https: here\n", "address and port", 1},
        {"zone: Tokyo\n", "zone", 1},
        {"sources:\n  - {name: a, path: /x, encodng: y}\n", "encodng", 2},
        {"sources:\n  - {name: a, path: /x}\n  - {name: a, path: /y}\n", "same name", 3},
        {"sources:\n  - {name: a}\n", "path", 2},
        {"block: {automatic: yes, minutes: 0}\n", "minutes", 1},
        {"- a\n", "key: value", 1},
        {"intake: relp\n", "kinds of senders", 1},
        {"intake:\n  relpp: [127.0.0.1:1]\n", "relpp", 2},
        {"intake:\n  relp: [nowhere]\n", "address and port", 2},
        {"intake:\n  relp: [a:1, a:2, a:3, a:4, a:5]\n", "at most 4", 2},
        {"intake:\n  syslog_tls: [\"[::]:6514\"]\n", "certificate", 2},
        {"intake:\n  certificate: {chain: /x}\n", "both chain and key", 2},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct config *c = NULL;
        struct diag d = {0};
        assert_true(load(bad[i].text, &c, &d) < 0);
        assert_null(c);
        if (!strstr(d.text, bad[i].word) || d.line != bad[i].line)
            fail_msg("row %zu: line %u '%s'", i, d.line, d.text);
    }
}

static void addresses(void **state UNUSED) {
    struct config_address a;
    assert_int_equal(config_parse_address(STR(":8443"), &a), 0);
    assert_string_equal(a.host, "0.0.0.0");
    assert_int_equal(config_parse_address(STR("[2001:db8::1]:1"), &a), 0);
    assert_string_equal(a.host, "2001:db8::1");
    assert_true(config_parse_address(STR("127.0.0.1"), &a) < 0);
    assert_true(config_parse_address(STR("127.0.0.1:70000"), &a) < 0);
    assert_true(config_parse_address(STR("[::1"), &a) < 0);
}

UNIT_GROUP(app_config, cmocka_unit_test(defaults_hold_without_a_file),
           cmocka_unit_test(settings_are_read), cmocka_unit_test(a_copy_is_kept_as_its_own_row_says),
           cmocka_unit_test(mistakes_are_refused_with_their_place), cmocka_unit_test(addresses))
