#include "fixture.h"

static struct fixture f;

static void names_are_flattened(void **state UNUSED) {
    struct event *ev = fixture_line(
        &f, "{\"@timestamp\":\"2026-11-23T02:03:08.123+09:00\",\"event\":{\"category\":[\"web\","
            "\"authentication\"],\"ok\":true},\"source\":{\"ip\":\"::ffff:192.0.2.1\",\"port\":5},"
            "\"a\":{\"b\":[1,{\"c\":\"d\"}]},\"message\":\"h\\u3042\"}");
    assert_field(ev, "kizuki.decoder", "json");
    assert_field(ev, "event.category", "web|authentication");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "kizuki.source.net", "192.0.2.1");
    assert_field(ev, "source.port", "5");
    assert_field(ev, "a.b", "1");
    assert_field(ev, "a.b.c", "d");
    assert_field(ev, "event.ok", "true");
    assert_field(ev, "message", "h\xe3\x81\x82");
    assert_no_field(ev, "@timestamp");
    assert_time(ev->timestamp_ns, "2026-11-22T17:03:08.123Z");
}

static void what_is_ours_cannot_be_sent(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "{\"kizuki\":{\"count\":1000000,\"source\":{\"net\":\"1.2."
                                        "3.4\"},\"decoder\":\"sshd\",\"x\":1},"
                                        "\"event.original\":\"lie\",\"event.created\":\"1999\"}");
    assert_no_field(ev, "kizuki.count");
    assert_no_field(ev, "kizuki.source.net");
    assert_no_field(ev, "kizuki.x");
    assert_field(ev, "kizuki.decoder", "json");
    assert_no_field(ev, "event.created");
    assert_true(fixture_field(ev, "event.original")[0] == '{');
}

static void the_login_event(void **state UNUSED) {
    struct event *ev = fixture_line(
        &f, "{\"@timestamp\":\"2026-11-23T02:03:08+09:00\",\"event.category\":\"authentication\","
            "\"event.action\":\"login\","
            "\"service.name\":\"shop\",\"user.name\":\"taro\",\"event.outcome\":\"failure\","
            "\"source.ip\":\"2001:db8:1:2:3::9\",\"user_agent.original\":\"M\",\"event.reason\":"
            "\"bad_password\",\"kizuki.session.id\":\"ab\",\"kizuki.login.second_factor\":\"none\","
            "\"kizuki.login.user_known\":false}");
    assert_login(ev, "failure", "taro", "2001:db8:1:2:3::9");
    assert_field(ev, "kizuki.decoder", "login");
    assert_field(ev, "event.category", "authentication");
    assert_field(ev, "event.type", "start");
    assert_field(ev, "kizuki.source.net", "2001:db8:1:2::/64");
    assert_field(ev, "service.name", "shop");
    assert_field(ev, "kizuki.session.id", "ab");
    assert_field(ev, "kizuki.login.second_factor", "none");
    assert_field(ev, "kizuki.login.user_known", "false");
    assert_no_field(ev, "error.message");
    ev = fixture_line(
        &f,
        "{\"event\":{\"category\":\"authentication\",\"action\":\"login\",\"outcome\":\"maybe\"}}");
    assert_field(ev, "error.message", "login event without event.outcome success or failure");
    ev = fixture_line(
        &f,
        "{\"event\":{\"category\":\"authentication\",\"action\":\"login\",\"outcome\":\"success\"},"
        "\"service.name\":\"s\",\"source.ip\":\"host\"}");
    assert_field(ev, "error.message", "login event without an address in source.ip");
    assert_field(ev, "source.address", "host");
}

/* Rules about our own records trust the data set: no sender may have it, in whatever letters and by whatever way. */
static void nobody_speaks_for_kizuki(void **state UNUSED) {
    static const char *const lines[] = {
        "{\"event.dataset\":\"kizuki.ledger\",\"event.action\":\"source-wiped\"}",
        "{\"event\":{\"dataset\":\"kizuki.ledger\",\"action\":\"source-wiped\"}}",
        "{\"event.action\":\"source-wiped\",\"event.dataset\":[\"x\",\"KIZUKI.Ledger\"]}",
        "{\"event.action\":\"source-wiped\",\"event.dataset\":\"\\u212aizuki.ledger\"}",
        "{\"event.action\":\"source-wiped\",\"event.dataset\":\"k\\u0069zuki.ledger\"}",
        "<13>Nov 23 02:03:08 web1 app[1]: {\"event.dataset\":\"kizuki.keep\",\"event.action\":\"source-wiped\"}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct event *ev = fixture_line(&f, lines[i]);
        assert_true(str_ends(str_of(fixture_field(ev, "event.dataset")), STR("forged")));
        assert_field(ev, "event.action", "source-wiped");
        assert_field(ev, "tags", "forged-identity");
    }
    f.source.kind = STR("own");
    assert_field(fixture_line(&f, lines[0]), "event.dataset", "kizuki.ledger");
    f.source.kind = STR("http");
    assert_field(fixture_line(&f, "{\"event.dataset\":\"nginx.access\"}"), "event.dataset", "nginx.access");
    f.source.kind = STR_NULL;
}

static void broken_json_is_text(void **state UNUSED) {
    static const char *const lines[] = {"{\"a\":1", "{\"a\":1}}", "{a:1}", "{}x",
                                        "{\"source.ip\":\"1.2.3.4\",\"b\":}"};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct event *ev = fixture_line(&f, lines[i]);
        assert_true(ev->flags & EVENT_UNPARSED);
        assert_field(ev, "message", lines[i]);
        assert_no_field(ev, "source.ip");
        assert_true(strncmp(fixture_field(ev, "error.message"), "not JSON: ", 10) == 0);
    }
}

static void inside_syslog_the_header_says_who_sent_it(void **state UNUSED) {
    struct event *ev = fixture_line(
        &f, "Nov 23 02:03:08 web1 app[1]: "
            "{\"host.name\":\"lie\",\"process.name\":\"sshd\",\"message\":\"inner\",\"x\":\"y\"}");
    assert_field(ev, "host.name", "web1");
    assert_field(ev, "process.name", "app");
    assert_field(ev, "message", "inner");
    assert_field(ev, "x", "y");
}

/* 0x5C as the second byte of a CP932 character is no backslash. */
static void cp932_json(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "{\"user.name\":\"\x95\x5c\",\"message\":"
                                        "\"\x83\x8d\x83\x4f\x83\x43\x83\x93\x8e\xb8\x94\x73\"}");
    assert_field(ev, "user.name", "\xe8\xa1\xa8");
    assert_field(ev, "message",
                 "\xe3\x83\xad\xe3\x82\xb0\xe3\x82\xa4\xe3\x83\xb3\xe5\xa4\xb1\xe6\x95\x97");
    assert_field(ev, "kizuki.encoding", "cp932");
    assert_int_equal(ev->flags, EVENT_TIME_OPEN);
}

static void journal_entries(void **state UNUSED) {
    f.rec.flags |= RAW_JOURNAL;
    struct event *ev = fixture_line(&f, "__REALTIME_TIMESTAMP=1795370588123456\n_HOSTNAME="
                                        "web1\nSYSLOG_IDENTIFIER=sshd\n_PID=77\n_UID=0\n"
                                        "_SYSTEMD_UNIT=ssh.service\nPRIORITY=6\nMESSAGE=Failed "
                                        "password for root from 192.0.2.1 port 2 ssh2\n");
    assert_login(ev, "failure", "root", "192.0.2.1");
    assert_field(ev, "host.name", "web1");
    assert_field(ev, "process.pid", "77");
    assert_field(ev, "systemd.unit", "ssh.service");
    assert_field(ev, "log.syslog.severity.code", "6");
    assert_time(ev->time_ns, "2026-11-22T18:03:08.123Z");
    /* a message with line ends */
    static const char binary[] =
        "__REALTIME_TIMESTAMP=1795370588123456\nMESSAGE\n\x05\0\0\0\0\0\0\0a\nb\0c\n_HOSTNAME=h\n";
    ev = fixture_decode(&f, str_n(binary, sizeof binary - 1));
    assert_true(str_eq(event_get(ev, EVENT_F_MESSAGE), str_n("a\nb\0c", 5)));
    assert_field(ev, "host.name", "h");
    /* a length that lies */
    static const char lie[] =
        "__REALTIME_TIMESTAMP=1795370588123456\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff"
        "ab\n";
    ev = fixture_decode(&f, str_n(lie, sizeof lie - 1));
    assert_field(ev, "error.message", "the journal entry is broken behind its readable part");
    ev = fixture_line(&f, "garbage");
    assert_true(ev->flags & EVENT_UNPARSED);
}

static void anybody_can_write_to_the_journal(void **state UNUSED) {
    f.rec.flags |= RAW_JOURNAL;
    struct event *ev = fixture_line(&f, "__REALTIME_TIMESTAMP=1\nSYSLOG_IDENTIFIER=sshd\n_UID="
                                        "1000\nMESSAGE=Failed password for root from "
                                        "192.0.2.1 port 2 ssh2\n");
    assert_no_field(ev, "event.action");
    assert_no_field(ev, "source.ip");
    assert_field(ev, "tags", "forged-identity");
    ev = fixture_line(&f, "__REALTIME_TIMESTAMP=1\nSYSLOG_IDENTIFIER=vsftpd\n_UID=1000\nMESSAGE="
                          "pam_unix(vsftpd:auth): authentication "
                          "failure; logname= uid=0 euid=0 tty= ruser= rhost=192.0.2.1  user=a\n");
    assert_no_field(ev, "source.ip");
}

static void journalctl_json(void **state UNUSED) {
    struct event *ev = fixture_line(
        &f, "{\"__REALTIME_TIMESTAMP\":\"1795370588123456\",\"_HOSTNAME\":\"web1\",\"SYSLOG_"
            "IDENTIFIER\":\"sshd\","
            "\"_UID\":\"0\",\"MESSAGE\":\"Failed password for root from 192.0.2.1 port 2 ssh2\"}");
    assert_login(ev, "failure", "root", "192.0.2.1");
    assert_field(ev, "host.name", "web1");
    ev = fixture_line(&f,
                      "{\"__REALTIME_TIMESTAMP\":\"1795370588123456\",\"MESSAGE\":[104,105,255]}");
    assert_true(ev->flags & EVENT_BROKEN_TEXT);
    assert_field(ev, "message", "hi\xef\xbf\xbd");
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
/* Whatever the keys are, and however many: fixture_decode compares with a lane that remembers. */
static void keys_are_remembered(void **state UNUSED) {
    char line[1024], key[80];
    struct event *ev =
        fixture_line(&f, "{\"a\":\"C:\\\\x\",\"a\":[\"y\\n\",2],\"CommandLine\":\"\\u0041\"}");
    assert_field(ev, "a", "C:\\x|y\n|2");
    assert_field(ev, "CommandLine", "A");
    for (int round = 0; round < 3; round++) {
        assert_field(
            fixture_line(
                &f, "{\"a\":{\"b\":{\"c\":1,\"c\":2},\"b\":3},\"z\":{\"b\":{\"c\":4}},\"a.b\":5}"),
            "a.b.c", "1|2");
        /* the key a\u0062, written with an escape and without */
        assert_field(fixture_line(&f, "{\"a\\\\u0062\":1,\"\\u0061\":2}"), "a", "2");
        assert_field(fixture_line(&f, "{\"a\\u0062\":1}"), "ab", "1");
        assert_field(fixture_line(&f, "{\"a\":[[1,[2]],{\"b\":[3,{\"c\":[]}]},{}]}"), "a.b", "3");
        assert_field(fixture_line(&f, "{\"\":{\"\":1},\"a\":{\"\":2}}"), "a.", "2");
    }
    /* more keys than are remembered, some too long for it */
    for (int i = 0; i < 6000; i += 3) {
        int n = snprintf(key, sizeof key, "k%d%0*d", i, i % 7 ? 1 : 68, 0);
        snprintf(line, sizeof line, "{\"%s\":1,\"a\":{\"%s\":2},\"CommandLine\":\"%d\"}", key, key,
                 i);
        ev = fixture_line(&f, line);
        assert_field(ev, key, "1");
        memmove(key + 2, key, (size_t) n + 1);
        memcpy(key, "a.", 2);
        assert_field(ev, key, "2");
    }
}

/* A line that goes wrong leaves nothing behind but the time that stood before the fault. */
static void faults_leave_nothing(void **state UNUSED) {
    static const char *const ends[] = {"",
                                       "\"x",
                                       ",",
                                       "\"x\":tru}",
                                       "\"x\":\"\\q\"}",
                                       "\"x\":\"\x01\"}",
                                       "\"x\":1}}",
                                       "\"x\":\"\xff\"}"};
    char line[256];
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        snprintf(line, sizeof line,
                 "{\"@timestamp\":\"2026-11-23T02:03:08Z\",\"host.name\":\"h\",\"a\":\"v\",%s",
                 ends[i]);
        struct event *ev = fixture_line(&f, line);
        bool repaired = i + 1 == ARRAY_SIZE(ends); /* bytes that are no text are made some */
        assert_field(ev, "kizuki.decoder", repaired ? "json" : "unknown");
        assert_time(ev->timestamp_ns, "2026-11-23T02:03:08.000Z");
        assert_field(ev, "a", repaired ? "v" : "<absent>");
    }
}

/* Wherever in the line it stands, and however many backslashes before it are none of its own. */
static void what_a_line_holds_is_told(void **state UNUSED) {
    static const struct {
        const char *value;
        unsigned flags;
    } cases[] = {{"x", 0},
                 {"\\u0041", EVENT_LINE_U},
                 {"C:\\\\users", 0},
                 {"\\\\\\u0041", EVENT_LINE_U},
                 {"\\\\\\\\u", 0},
                 {"\\n\\/\\\"u", 0},
                 {"\xe6\xb0\x97", EVENT_LINE_HIGH},
                 {"\xe6\xb0\x97\\u0041", EVENT_LINE_HIGH | EVENT_LINE_U}};
    enum { MASK = EVENT_JSON_LINE | EVENT_LINE_HIGH | EVENT_LINE_U };
    static char line[40000];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int before = 0; before < 36000; before += before < 140 ? 1 : 8000) {
            snprintf(line, sizeof line, "{\"a\":\"%0*d\",\"%s\":\"b\",\"a\":\"%s\"}", before, 0, i % 2 ? cases[i].value : "c",
                     cases[i].value);
            assert_int_equal(fixture_line(&f, line)->flags & MASK, EVENT_JSON_LINE | cases[i].flags);
        }
    assert_int_equal(fixture_line(&f, "{\"a\":\"\\u0041\"")->flags & MASK, 0); /* no JSON */
    assert_int_equal(fixture_line(&f, "Nov 23 02:03:08 h a[1]: {\"a\":\"\\u0041\"}")->flags & MASK, 0);
}

UNIT_GROUP(decode_jsonline, T(keys_are_remembered), T(what_a_line_holds_is_told), T(faults_leave_nothing), T(names_are_flattened),
           T(what_is_ours_cannot_be_sent), T(the_login_event), T(broken_json_is_text), T(nobody_speaks_for_kizuki),
           T(inside_syslog_the_header_says_who_sent_it), T(cp932_json), T(journal_entries),
           T(anybody_can_write_to_the_journal), T(journalctl_json))
