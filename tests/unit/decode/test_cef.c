/* CEF and LEEF: alone, behind syslog, in JSON; their escapes, and what vendors forget to escape. */
#include "fixture.h"

static struct fixture f;
static int start(void **state UNUSED) {
    fixture_start(&f);
    return 0;
}
static int stop(void **state UNUSED) {
    fixture_stop(&f);
    return 0;
}

#define CEF "CEF:0|Example|Fire\\|wall|1.2|100|name \\\\ with \\| bar|7|"

static void check_common(struct event *ev) {
    assert_field(ev, "kizuki.decoder", "cef");
    assert_field(ev, "observer.vendor", "Example");
    assert_field(ev, "observer.product", "Fire|wall");
    assert_field(ev, "observer.version", "1.2");
    assert_field(ev, "event.code", "100");
    assert_field(ev, "cef.name", "name \\ with | bar");
    assert_field(ev, "event.severity", "7");
    assert_field(ev, "log.level", "high");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "kizuki.source.net", "192.0.2.1");
    assert_field(ev, "event.reason", "a b=c");
    assert_field(ev, "event.action", "blocked");
}

static void it_is_found_alone_behind_syslog_and_in_json(void **state UNUSED) {
    static const char *const lines[] = {
        CEF "src=192.0.2.1 msg=a b\\=c act=blocked",
        "<134>Nov 23 02:03:08 fw1 " CEF "src=192.0.2.1 msg=a b\\=c act=blocked",
        "<134>1 2026-11-23T02:03:08+09:00 fw1 - - - - " CEF "src=192.0.2.1 msg=a b\\=c act=blocked",
        "<134>" CEF "src=192.0.2.1 msg=a b\\=c act=blocked",
        "{\"message\":\"CEF:0|Example|Fire\\\\|wall|1.2|100|name \\\\\\\\ with \\\\| bar|7|src=192.0.2.1 msg=a b\\\\=c act=blocked\"}",
        "Nov 23 02:03:08 fw1 collector: " CEF "src=192.0.2.1 msg=a b\\=c act=blocked",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        check_common(fixture_line(&f, lines[i]));
}

static void pairs_end_where_the_next_key_begins(void **state UNUSED) {
    struct event *ev = fixture_line(
        &f, CEF "request=http://x/?a=b&c=d e msg=two\\nlines spt=443 dst=2001:db8::1 suser=sato src=192.0.2.1 src=192.0.2.66 "
                "cs1Label=Policy cs1=a  b proto=TCP rt=1795435200123 in=10 out=x fileHash=D41D8CD98F00B204E9800998ECF8427E outcome=Failed cnt=3");
    assert_field(ev, "url.original", "http://x/?a=b&c=d e");
    assert_field(ev, "event.reason", "two\nlines");
    assert_field(ev, "source.port", "443");
    assert_field(ev, "destination.ip", "2001:db8::1");
    assert_field(ev, "user.name", "sato");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "cef.cs1", "a  b");
    assert_field(ev, "cef.cs1Label", "Policy");
    assert_field(ev, "network.transport", "tcp");
    assert_field(ev, "source.bytes", "10");
    assert_no_field(ev, "destination.bytes");
    assert_field(ev, "file.hash.md5", "d41d8cd98f00b204e9800998ecf8427e");
    assert_field(ev, "event.outcome", "failure");
    assert_field(ev, "kizuki.count", "3");
    assert_time(ev->timestamp_ns, "2026-11-23T12:00:00.123Z");
}

static void severities_of_vendors(void **state UNUSED) {
    static const struct {
        const char *text, *number, *level;
    } rows[] = {{"0", "0", "low"},   {"3", "3", "low"},          {"4", "4", "medium"},     {"8", "8", "high"},
                {"10", "10", "very-high"}, {"Low", "3", "low"},  {"MEDIUM", "6", "medium"}, {"High", "8", "high"},
                {"Very-High", "10", "very-high"}, {"Unknown", "<absent>", "<absent>"}, {"11", "<absent>", "<absent>"}, {"", "<absent>", "<absent>"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char line[128];
        snprintf(line, sizeof line, "CEF:0|V|P|1|c|n|%s|src=192.0.2.1", rows[i].text);
        struct event *ev = fixture_line(&f, line);
        assert_field(ev, "event.severity", rows[i].number);
        assert_field(ev, "log.level", rows[i].level);
    }
}

static void logins_are_logins(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "CEF:0|V|P|1|c|n|5|src=192.0.2.1 duser=sato suser=agent categoryBehavior=/Authentication/Verify categoryOutcome=/Failure");
    assert_login(ev, "failure", "sato", "192.0.2.1");
    assert_field(ev, "event.category", "authentication");
}

static void leef_in_both_versions(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "LEEF:1.0|Example|Gate|2|4625|src=192.0.2.1\tusrName=sato taro\tsev=9\tdstPort=443\tsrcPostNAT=203.0.113.1\turl=http://x/?a=b\todd=1");
    assert_field(ev, "kizuki.decoder", "leef");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "user.name", "sato taro");
    assert_field(ev, "event.severity", "9");
    assert_field(ev, "log.level", "very-high");
    assert_field(ev, "destination.port", "443");
    assert_field(ev, "source.nat.ip", "203.0.113.1");
    assert_field(ev, "url.original", "http://x/?a=b");
    assert_field(ev, "leef.odd", "1");
    static const char *const delimited[] = {"^|src=192.0.2.1^usrName=sato", "x5E|src=192.0.2.1^usrName=sato",
                                            "0x5e|src=192.0.2.1^usrName=sato", "|src=192.0.2.1\tusrName=sato"};
    for (size_t i = 0; i < ARRAY_SIZE(delimited); i++) {
        char line[256];
        snprintf(line, sizeof line, "<13>Nov 23 02:03:08 gate LEEF:2.0|Example|Gate|2|7|%s", delimited[i]);
        ev = fixture_line(&f, line);
        assert_field(ev, "source.ip", "192.0.2.1");
        assert_field(ev, "user.name", "sato");
        assert_field(ev, "event.code", "7");
        assert_field(ev, "host.name", "gate");
    }
}

static void what_is_broken_is_no_cef(void **state UNUSED) {
    static const char *const bad[] = {"CEF:0|a|b", "CEF:", "LEEF:1.0|a|b|c", "LEEF:2.0|a|b|c|d|", "CEF:0|a|b|c|d|e"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(fixture_line(&f, bad[i])->flags & EVENT_UNPARSED, EVENT_UNPARSED);
    struct event *ev = fixture_line(&f, "CEF:0|a|b|c|d|e|5"); /* no extension at all */
    assert_field(ev, "event.severity", "5");
    ev = fixture_line(&f, "CEF:0|a|b|c|d|e|5|kizuki.count=9 =x \\");
    assert_no_field(ev, "kizuki.count");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)
UNIT_GROUP(decode_cef, TEST(it_is_found_alone_behind_syslog_and_in_json), TEST(pairs_end_where_the_next_key_begins),
           TEST(severities_of_vendors), TEST(logins_are_logins), TEST(leef_in_both_versions), TEST(what_is_broken_is_no_cef))
