#include "fixture.h"

static struct fixture f;

static void headers_as_they_are_really_written(void **state UNUSED) {
    static const struct {
        const char *line, *host, *program, *pid, *message;
    } rows[] = {
        {"Nov 23 02:03:08 web1 sshd[4711]: hello", "web1", "sshd", "4711", "hello"},
        {"<38>Nov 23 02:03:08 web1 sshd[4711]: hello", "web1", "sshd", "4711", "hello"},
        {"<38>Nov 23 02:03:08 sshd[4711]: hello", "<absent>", "sshd", "4711", "hello"},
        {"2026-11-23T02:03:08.123456+09:00 web1 app[7]: hello", "web1", "app", "7", "hello"},
        {"<13>2026-11-23T02:03:08.123456+09:00 web1 app: hello", "web1", "app", "<absent>",
         "hello"},
        {"2026-11-23T02:03:08+09:00 web1 postfix/smtpd[7]: a: b", "web1", "postfix/smtpd", "7",
         "a: b"},
        {"Nov 23 02:03:08 web1 kernel: [ 1.2] x", "web1", "kernel", "<absent>", "[ 1.2] x"},
        {"Nov 23 02:03:08 web1 last message repeated 3 times", "web1", "<absent>", "<absent>",
         "last message repeated 3 times"},
        /* Cisco's devices send no tag, and a colon behind the time */
        {"Nov 23 02:03:08 192.0.2.7 %ASA-6: x", "192.0.2.7", "<absent>", "<absent>", "%ASA-6: x"},
        {"<166>Nov 23 2026 02:03:08: %ASA-6: x", "<absent>", "<absent>", "<absent>", "%ASA-6: x"},
        {"<166>Nov 23 2026 02:03:08 fw1 : %ASA-6: x", "fw1", "<absent>", "<absent>", ": %ASA-6: x"},
        {"<166>%ASA-6: x", "<absent>", "<absent>", "<absent>", "%ASA-6: x"},
        {"2026-11-23T02:03:08+09:00 fw1 %ASA-6: x", "fw1", "<absent>", "<absent>", "%ASA-6: x"},
        {"<13>app: hello", "<absent>", "app", "<absent>", "hello"},
        {"<13>just words", "<absent>", "<absent>", "<absent>", "just words"},
        {"Nov 23 02:03:08 web1 app[7]:", "web1", "app", "7", ""},
        {"Nov 23 02:03:08 web1", "web1", "<absent>", "<absent>", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event *ev = fixture_line(&f, rows[i].line);
        assert_field(ev, "host.name", rows[i].host);
        assert_field(ev, "process.name", rows[i].program);
        assert_field(ev, "process.pid", rows[i].pid);
        assert_field(ev, "message", rows[i].message);
        assert_field(ev, "kizuki.decoder", "syslog");
        assert_int_equal(ev->flags & EVENT_UNPARSED, 0);
    }
}

static void the_priority_is_three_numbers(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "<165>Nov 23 02:03:08 web1 app: x");
    assert_field(ev, "log.syslog.priority", "165");
    assert_field(ev, "log.syslog.facility.code", "20");
    assert_field(ev, "log.syslog.severity.code", "5");
    static const char *const bad[] = {"<192>Nov 23 02:03:08 h a: x",
                                      "<>Nov 23 02:03:08 h a: x",
                                      "<01>Nov 23 02:03:08 h a: x",
                                      "<1a>Nov 23 02:03:08 h a: x",
                                      "<1",
                                      "<",
                                      "<191"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ev = fixture_line(&f, bad[i]);
        assert_true(ev->flags & EVENT_UNPARSED);
        assert_field(ev, "message", bad[i]);
        assert_field(ev, "event.original", bad[i]);
    }
}

static void an_application_log_is_no_syslog(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "2026-11-23T02:03:08Z INFO module: started");
    assert_true(ev->flags & EVENT_UNPARSED);
    assert_no_field(ev, "host.name");
    assert_time(ev->time_ns, "2026-11-23T02:03:08.000Z"); /* its time is read all the same */
    ev = fixture_line(&f, "2026-11-23 02:03:08,123 some words only");
    assert_true(ev->flags & EVENT_UNPARSED);
}

static void the_source_gives_what_the_line_lacks(void **state UNUSED) {
    f.source.host = STR("from-config");
    f.source.service = STR("shop");
    struct event *ev =
        fixture_line(&f, "<38>sshd[1]: Failed password for root from 192.0.2.1 port 2 ssh2");
    assert_field(ev, "host.name", "from-config");
    assert_field(ev, "service.name", "shop");
    ev = fixture_line(&f, "Nov 23 02:03:08 web1 app: x");
    assert_field(ev, "host.name", "web1");
}

static void sudo_su_and_cron(void **state UNUSED) {
    struct event *ev = fixture_line(
        &f, "Nov 23 02:03:08 h sudo:    alice : TTY=pts/0 ; PWD=/home/a b ; USER=root ; "
            "COMMAND=/bin/sh -c 'x ; y'");
    assert_field(ev, "event.action", "sudo");
    assert_field(ev, "event.outcome", "success");
    assert_field(ev, "user.name", "alice");
    assert_field(ev, "user.effective.name", "root");
    assert_field(ev, "process.working_directory", "/home/a b");
    assert_field(ev, "process.command_line", "/bin/sh -c 'x ; y'");
    ev = fixture_line(
        &f, "Nov 23 02:03:08 h sudo: alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; "
            "USER=root ; COMMAND=/bin/ls");
    assert_field(ev, "event.action", "sudo");
    assert_field(ev, "event.outcome", "failure");
    assert_field(ev, "kizuki.count", "3");
    assert_field(ev, "event.reason", "3 incorrect password attempts");
    ev = fixture_line(&f, "Nov 23 02:03:08 h sudo: bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; "
                          "USER=root ; COMMAND=/bin/ls");
    assert_field(ev, "event.outcome", "failure");
    assert_field(ev, "event.reason", "user NOT in sudoers");
    ev = fixture_line(&f, "Nov 23 02:03:08 h su[1]: FAILED SU (to root) alice on pts/1");
    assert_field(ev, "event.action", "su");
    assert_field(ev, "event.outcome", "failure");
    assert_field(ev, "user.name", "alice");
    assert_field(ev, "user.effective.name", "root");
    ev = fixture_line(&f, "Nov 23 02:03:08 h su[1]: Successful su for root by alice");
    assert_field(ev, "event.outcome", "success");
    ev = fixture_line(&f, "Nov 23 02:03:08 h CRON[1]: (root) CMD (a (b) c)");
    assert_field(ev, "event.action", "cron-command");
    assert_field(ev, "process.command_line", "a (b) c");
}

static void pam_is_a_login_only_where_nobody_else_reports_it(void **state UNUSED) {
    struct event *ev = fixture_line(
        &f, "Nov 23 02:03:08 h vsftpd[9]: pam_unix(vsftpd:auth): authentication failure; logname= "
            "uid=0 euid=0 tty=ftp ruser=bob rhost=192.0.2.1  user=bob");
    assert_login(ev, "failure", "bob", "192.0.2.1");
    assert_field(ev, "service.name", "vsftpd");
    /* the name that was typed stands before the address */
    ev = fixture_line(&f, "Nov 23 02:03:08 h vsftpd[9]: pam_unix(vsftpd:auth): authentication "
                          "failure; logname= uid=0 "
                          "euid=0 tty=ftp ruser=x rhost=1.2.3.4  user=y rhost=192.0.2.1 ");
    assert_login(ev, "failure", "x rhost=1.2.3.4  user=y", "192.0.2.1");
    ev = fixture_line(
        &f,
        "Nov 23 02:03:08 h vsftpd[9]: pam_sss(vsftpd:auth): authentication failure; logname= uid=0 "
        "euid=0 tty=ftp ruser= rhost=192.0.2.1 user=x rhost=1.2.3.4");
    assert_login(ev, "failure", "<absent>", "<absent>");
    ev = fixture_line(
        &f,
        "Nov 23 02:03:08 h sudo: pam_unix(sudo:auth): authentication failure; logname=a uid=1000 "
        "euid=0 tty=/dev/pts/0 ruser=a rhost=  user=a");
    assert_field(ev, "event.action", "pam-auth-failure");
    assert_field(ev, "user.name", "a");
    ev = fixture_line(&f, "Nov 23 02:03:08 h sshd[1]: pam_unix(sshd:session): session opened for "
                          "user alice(uid=1000) by (uid=0)");
    assert_field(ev, "event.action", "session-start");
    assert_field(ev, "user.name", "alice");
    ev = fixture_line(
        &f, "Nov 23 02:03:08 h sshd[1]: pam_unix(sshd:session): session closed for user alice");
    assert_field(ev, "event.action", "session-end");
    assert_field(ev, "user.name", "alice");
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
/* A sender without a tag: `{"a":` in front of a space is not one. */
static void json_without_a_tag_is_json(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "<11>Nov 23 02:03:08 dc1 {\"a\": \"x\", \"CommandLine\": \"y\"}");
    assert_field(ev, "host.name", "dc1");
    assert_field(ev, "a", "x");
    assert_field(ev, "CommandLine", "y");
    assert_no_field(ev, "process.name");
}

UNIT_GROUP(decode_syslog, T(headers_as_they_are_really_written), T(the_priority_is_three_numbers),
           T(an_application_log_is_no_syslog), T(the_source_gives_what_the_line_lacks),
           T(sudo_su_and_cron), T(pam_is_a_login_only_where_nobody_else_reports_it),
           T(json_without_a_tag_is_json))
