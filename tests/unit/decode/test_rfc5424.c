/* RFC 5424 against go-syslog's table (MIT, outside the tree) and against our own rows. */
#include "decode/decode_priv.h"
#include "fixture.h"
#include "testdata.h"

#include "base/hash.h"

static struct fixture f;

static void fields_of_a_full_line(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "<165>1 2026-11-23T02:03:08.003Z web1 evntslog 77 ID47 "
                                        "[ex@32473 iut=\"3\" q=\"a\\\"b\\]c\\\\d\"][e2] "
                                        "\xef\xbb\xbf"
                                        "An application \xe2\x8c\x98");
    assert_field(ev, "kizuki.decoder", "rfc5424");
    assert_field(ev, "host.name", "web1");
    assert_field(ev, "process.name", "evntslog");
    assert_field(ev, "process.pid", "77");
    assert_field(ev, "log.syslog.msgid", "ID47");
    assert_field(ev, "log.syslog.priority", "165");
    assert_field(ev, "log.syslog.structured_data.ex@32473.iut", "3");
    assert_field(ev, "log.syslog.structured_data.ex@32473.q", "a\"b]c\\d");
    assert_field(ev, "log.syslog.structured_data.e2", "");
    assert_field(ev, "message", "An application \xe2\x8c\x98");
    assert_int_equal(ev->flags, 0);
}

static void the_message_goes_to_its_program(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "<38>1 2026-11-23T02:03:08Z web1 sshd 77 - - Failed "
                                        "password for invalid user a from 192.0.2.1 port 2 ssh2");
    assert_login(ev, "failure", "a", "192.0.2.1");
    ev = fixture_line(
        &f,
        "<38>1 2026-11-23T02:03:08Z web1 shop 77 - - "
        "{\"event.category\":\"authentication\",\"event.action\":\"login\",\"service.name\":"
        "\"shop\",\"user.name\":\"a\",\"event.outcome\":\"failure\",\"source.ip\":\"192.0.2.1\"}");
    assert_login(ev, "failure", "a", "192.0.2.1");
    assert_field(ev, "kizuki.decoder", "login");
}

static void a_broken_line_is_kept_with_the_reason(void **state UNUSED) {
    const char *line = "<165>1 2026-11-23T02:03:08.1234567Z web1 app - - - x";
    struct event *ev = fixture_line(&f, line);
    assert_true(ev->flags & EVENT_UNPARSED);
    assert_field(ev, "message", line);
    assert_field(ev, "error.message",
                 "not RFC 5424: the timestamp is not RFC 3339 with at most six digits of fraction");
}

/* "CommandLine" is a name that rules asked for: its id lies behind those of the well-known ones. */
static void nxlog_parameters_are_what_rules_call_them(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "<14>1 2026-11-23T02:03:08Z dc1 Microsoft-Windows-Sysmon 4 - "
                                        "[NXLOG@14506 CommandLine=\"whoami /all\" Asked=\"no\" user.name=\"forged\"] Process Create");
    assert_field(ev, "CommandLine", "whoami /all");
    assert_field(ev, "Asked", "no");
    assert_no_field(ev, "user.name");
    assert_field(ev, "message", "Process Create");
}

/* A message in another encoding is MSG-ANY: readable, and its login counts. */
static void a_message_need_not_be_utf8(void **state UNUSED) {
    struct event *ev =
        fixture_line(&f, "<38>1 2026-11-23T02:03:08Z h sshd 7 - - Failed password for invalid user "
                         "\x95\x5c\x8e\xa6 from 192.0.2.1 port 2 ssh2");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "event.outcome", "failure");
    ev = fixture_line(&f, "<38>1 2026-11-23T02:03:08Z h a 7 - - \xef\xbb\xbf\xff\xfe");
    assert_field(ev, "error.message",
                 "not RFC 5424: the message has a byte order mark and is not UTF-8");
}

/* Every prefix of a valid line: accepted or refused, never read behind its end (ASan). */
static void every_prefix_is_safe(void **state UNUSED) {
    static const char line[] =
        "<165>1 2026-11-23T02:03:08.003Z h a 7 m [e@1 i=\"3\" q=\"\\]\"][f] x";
    for (size_t n = 0; n < sizeof line; n++)
        (void) fixture_decode(&f, str_n(line, n));
}

struct counts {
    int valid, invalid;
};

static struct str expected(const struct json_value *v, const char *key) {
    struct str s = STR_NULL;
    return v && json_get_str(v, key, &s) ? s : STR_NULL;
}

static void check_sd(struct str sd, const struct json_value *want) {
    struct sd_state st = {0};
    struct str id, name, value;
    unsigned n = 0;
    while (rfc5424_next_param(sd, &st, &id, &name, &value)) {
        char key[64];
        snprintf(key, sizeof key, "%.*s", STR_ARG(id));
        const struct json_value *params = json_get_object(want, key);
        assert_non_null(params);
        if (!name.p)
            continue;
        snprintf(key, sizeof key, "%.*s", STR_ARG(name));
        struct str v = expected(params, key);
        assert_non_null(v.p);
        char plain[512];
        size_t k = 0;
        for (size_t i = 0; i < value.n; i++) {
            i += value.p[i] == '\\';
            plain[k++] = value.p[i];
        }
        plain[k] = 0;
        assert_str(v, plain);
        n++;
    }
    assert_true(n > 0 || sd.n > 0);
}

static void check_vector(const struct json_value *v, struct counts *c) {
    struct arena a;
    struct str hex, message;
    struct rfc5424 got;
    bool valid;
    assert_true(json_get_str(v, "input_hex", &hex));
    assert_true(json_get_bool(v, "valid", &valid));
    arena_init(&a, 1 << 20);
    size_t n = hex.n / 2;
    char *p = arena_alloc(&a, n);
    assert_int_equal(hex_decode(hex, (uint8_t *) p, n), 0);
    const char *why = rfc5424_parse(str_n(p, n), &got);
    /* go-syslog wants every message in UTF-8; we take MSG-ANY (RFC 5424 6.4) and judge the rest
     * alike */
    bool accepted = !why && text_is_utf8(got.message);
    if (accepted != valid) {
        print_error("%s: %.*s (%s)\n", valid ? "refused" : "accepted", (int) n, p, why ? why : "");
        fail();
    }
    c->valid += valid;
    c->invalid += !valid;
    const struct json_value *value = json_get_object(v, "value");
    if (valid) {
        int64_t pri;
        assert_true(json_get_i64(value, "priority", &pri));
        assert_int_equal(pri, got.pri);
        message = expected(value, "message");
        assert_true(str_eq(message, got.message));
        assert_true(str_eq(expected(value, "hostname"), got.host));
        assert_true(str_eq(expected(value, "appname"), got.app));
        assert_true(str_eq(expected(value, "procID"), got.procid));
        assert_true(str_eq(expected(value, "msgID"), got.msgid));
        const struct json_value *sd = json_get_object(value, "structuredData");
        assert_int_equal(sd != NULL, got.sd.n > 0);
        if (sd)
            check_sd(got.sd, sd);
    }
    /* whatever it is, the line stays readable */
    struct event *ev = fixture_decode(&f, str_n(p, n));
    assert_true(event_get(ev, EVENT_F_EVENT_ORIGINAL).p != NULL);
    arena_done(&a);
}

static void agrees_with_go_syslog(void **state UNUSED) {
    struct counts c = {0};
    struct arena a;
    struct str text, line;
    char path[4096];
    snprintf(path, sizeof path, "%s/vectors/rfc5424_go_syslog.jsonl", testdata_or_skip());
    arena_init(&a, 64 << 20);
    assert_int_equal(file_read(&a, path, 16 << 20, &text, NULL), 0);
    while (str_split(&text, '\n', &line)) {
        struct json_value *v;
        if (!line.n)
            continue;
        assert_int_equal(json_parse(&a, line, &v, NULL), 0);
        check_vector(v, &c);
    }
    assert_int_equal(c.valid, 57);
    assert_int_equal(c.valid + c.invalid, 180);
    arena_done(&a);
}

static int start(void **state UNUSED) {
    fixture_start(&f);
    return 0;
}
static int stop(void **state UNUSED) {
    fixture_stop(&f);
    return 0;
}
#define T(x) cmocka_unit_test_setup_teardown(x, start, stop)
UNIT_GROUP(decode_rfc5424, T(fields_of_a_full_line), T(the_message_goes_to_its_program),
           T(a_broken_line_is_kept_with_the_reason), T(a_message_need_not_be_utf8),
           T(nxlog_parameters_are_what_rules_call_them), T(every_prefix_is_safe), T(agrees_with_go_syslog))
