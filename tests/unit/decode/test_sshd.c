#include "fixture.h"

static struct fixture f;

static struct event *sshd(const char *message) {
    static char line[4096];
    snprintf(line, sizeof line, "Nov 23 02:03:08 web1 sshd[4711]: %s", message);
    return fixture_line(&f, line);
}

static void reads_every_kind_of_try(void **state UNUSED) {
    static const struct {
        const char *message, *outcome, *user, *ip, *port, *method;
    } rows[] = {
        {"Failed password for root from 192.0.2.1 port 22 ssh2", "failure", "root", "192.0.2.1",
         "22", "password"},
        {"Failed password for invalid user admin from 192.0.2.1 port 65535 ssh2", "failure",
         "admin", "192.0.2.1", "65535", "password"},
        {"Failed password for root from 192.0.2.1 port 22 ssh2 [preauth]", "failure", "root",
         "192.0.2.1", "22", "password"},
        {"Failed keyboard-interactive/pam for invalid user bob from 2001:db8:1:2:3:4:5:6 port 1 "
         "ssh2",
         "failure", "bob", "2001:db8:1:2:3:4:5:6", "1", "keyboard-interactive/pam"},
        {"Failed publickey for root from 192.0.2.1 port 22 ssh2: RSA "
         "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
         "failure", "root", "192.0.2.1", "22", "publickey"},
        {"Accepted password for alice from 192.0.2.9 port 50022 ssh2", "success", "alice",
         "192.0.2.9", "50022", "password"},
        {"Accepted publickey for alice from ::ffff:192.0.2.9 port 50022 ssh2: ED25519 SHA256:abc",
         "success", "alice", "192.0.2.9", "50022", "publickey"},
        {"Accepted publickey for alice from 192.0.2.9 port 2 ssh2: RSA-CERT SHA256:abc ID "
         "alice@corp (serial 7) CA RSA SHA256:def",
         "success", "alice", "192.0.2.9", "2", "publickey"},
        {"Accepted hostbased for alice from 192.0.2.9 port 2 ssh2: RSA SHA256:abc, client user "
         "\"a\", client host \"h\"",
         "success", "alice", "192.0.2.9", "2", "hostbased"},
        {"Accepted gssapi-with-mic for alice from 192.0.2.9 port 2 ssh2: alice@EXAMPLE.COM",
         "success", "alice", "192.0.2.9", "2", "gssapi-with-mic"},
        {"Accepted keyboard-interactive/pam for alice from fe80::1%eth0 port 2 ssh2", "success",
         "alice", "fe80::1", "2", "keyboard-interactive/pam"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event *ev = sshd(rows[i].message);
        assert_login(ev, rows[i].outcome, rows[i].user, rows[i].ip);
        assert_field(ev, "event.category", "authentication");
        assert_field(ev, "event.type", "start");
        assert_field(ev, "source.port", rows[i].port);
        assert_field(ev, "kizuki.ssh.method", rows[i].method);
        assert_field(ev, "service.name", "ssh");
        assert_field(ev, "host.name", "web1");
        assert_field(ev, "process.name", "sshd");
        assert_field(ev, "process.pid", "4711");
        assert_field(ev, "kizuki.decoder", "sshd");
        assert_field(ev, "message", rows[i].message);
        assert_no_field(ev, "error.message");
        assert_int_equal(ev->flags, 0);
    }
}

static void an_address_inside_a_name_is_part_of_the_name(void **state UNUSED) {
    static const struct {
        const char *message, *user;
    } rows[] = {
        {"Failed password for invalid user root from 1.2.3.4 from 5.6.7.8 port 22 ssh2",
         "root from 1.2.3.4"},
        {"Failed password for invalid user root from 1.2.3.4 port 22 ssh2 from 5.6.7.8 port 22 "
         "ssh2",
         "root from 1.2.3.4 port 22 ssh2"},
        {"Failed password for invalid user  from 5.6.7.8 port 22 ssh2", ""},
        {"Failed password for invalid user a b  c from 5.6.7.8 port 22 ssh2", "a b  c"},
        {"Failed password for invalid user \001\x7f\\033 from 5.6.7.8 port 22 ssh2",
         "\001\x7f\\033"},
        {"Failed none for invalid user x from 1.2.3.4 port 1 ssh2: RSA SHA256:x from 5.6.7.8 port "
         "22 ssh2",
         "x from 1.2.3.4 port 1 ssh2: RSA SHA256:x"},
        {"Failed publickey for invalid user x from 1.2.3.4 port 1 ssh2: RSA SHA256:x from 5.6.7.8 "
         "port 22 ssh2: RSA SHA256:real",
         "x from 1.2.3.4 port 1 ssh2: RSA SHA256:x"},
        {"Invalid user x from 1.2.3.4 port 9 from 5.6.7.8 port 22", "x from 1.2.3.4 port 9"},
        {"Invalid user x from 1.2.3.4 from 5.6.7.8", "x from 1.2.3.4"},
        {"Connection closed by invalid user 1.2.3.4 port 9 [preauth] 5.6.7.8 port 22 [preauth]",
         "1.2.3.4 port 9 [preauth]"},
        {"Disconnected from invalid user from 1.2.3.4 5.6.7.8 port 22 [preauth]", "from 1.2.3.4"},
        {"error: maximum authentication attempts exceeded for invalid user x from 1.2.3.4 port 1 "
         "ssh2 from 5.6.7.8 port 22 ssh2 [preauth]",
         "x from 1.2.3.4 port 1 ssh2"},
        {"error: PAM: User not known to the underlying authentication module for illegal user y "
         "for x from 1.2.3.4 from 5.6.7.8",
         "y for x from 1.2.3.4"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event *ev = sshd(rows[i].message);
        assert_field(ev, "source.ip", "5.6.7.8");
        assert_field(ev, "kizuki.source.net", "5.6.7.8");
        assert_field(ev, "user.name", rows[i].user);
        assert_field(ev, "kizuki.login.user_known", "false");
    }
}

static void a_line_with_two_readings_names_nobody(void **state UNUSED) {
    /* a certificate's key id, which the client made up, against a name that pretends to be a line
     */
    struct event *ev =
        sshd("Failed publickey for x from 5.6.7.8 port 22 ssh2: RSA-CERT SHA256:a ID k from "
             "1.2.3.4 port 1 ssh2: RSA-CERT SHA256:b ID z (serial 1) CA RSA SHA256:c");
    assert_field(ev, "event.action", "login");
    assert_field(ev, "event.outcome", "failure");
    assert_no_field(ev, "source.ip");
    assert_no_field(ev, "user.name");
    assert_field(ev, "error.message",
                 "the line can be read with more than one source address; none is taken");
}

static void one_try_is_one_login(void **state UNUSED) {
    static const struct {
        const char *message, *action, *user, *ip;
    } rows[] = {
        {"Failed none for invalid user admin from 192.0.2.1 port 22 ssh2", "login-probe", "admin",
         "192.0.2.1"},
        {"Invalid user admin from 192.0.2.1 port 22", "login-unknown-user", "admin", "192.0.2.1"},
        {"Invalid user admin from 192.0.2.1", "login-unknown-user", "admin", "192.0.2.1"},
        {"Connection closed by authenticating user root 192.0.2.1 port 45362 [preauth]",
         "login-abandoned", "root", "192.0.2.1"},
        {"Connection reset by authenticating user root 192.0.2.1 port 45362 [preauth]",
         "login-abandoned", "root", "192.0.2.1"},
        {"Disconnected from authenticating user root 192.0.2.1 port 2 [preauth]", "login-abandoned",
         "root", "192.0.2.1"},
        {"Disconnected from invalid user  192.0.2.1 port 2 [preauth]", "login-abandoned", "",
         "192.0.2.1"},
        {"Disconnected from user alice 192.0.2.1 port 2", "logout", "alice", "192.0.2.1"},
        {"error: maximum authentication attempts exceeded for root from 192.0.2.1 port 2 ssh2 "
         "[preauth]",
         "login-limit", "root", "192.0.2.1"},
        {"error: PAM: Authentication failure for root from client.example.com", "login-pam-error",
         "root", "<absent>"},
        {"User root from 192.0.2.1 not allowed because not listed in AllowUsers", "login-denied",
         "root", "192.0.2.1"},
        {"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
         "rhost=192.0.2.1  user=root",
         "pam-auth-failure", "root", "192.0.2.1"},
        {"PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1 "
         " user=root",
         "pam-auth-failure", "root", "192.0.2.1"},
        {"Connection closed by 192.0.2.1 port 33594 [preauth]", "connection-closed", "<absent>",
         "192.0.2.1"},
        {"Received disconnect from 192.0.2.1 port 33594:11: from 1.2.3.4 port 5 [preauth]",
         "connection-closed", "<absent>", "192.0.2.1"},
        {"Unable to negotiate with 192.0.2.1 port 4: no matching MAC found. Their offer: x "
         "[preauth]",
         "connection-probe", "<absent>", "192.0.2.1"},
        {"Bad protocol version identification '\\003 from 1.2.3.4 port 3' from 192.0.2.1 port 4",
         "connection-probe", "<absent>", "192.0.2.1"},
        {"fatal: Timeout before authentication for 192.0.2.1 port 47056", "login-timeout",
         "<absent>", "192.0.2.1"},
        {"ssh_dispatch_run_fatal: Connection from 192.0.2.1 port 48680: message authentication "
         "code incorrect [preauth]",
         "connection-probe", "<absent>", "192.0.2.1"},
        {"refused connect from x@::ffff:192.0.2.1 (::ffff:192.0.2.1)", "connection-refused",
         "<absent>", "192.0.2.1"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event *ev = sshd(rows[i].message);
        assert_field(ev, "event.action", rows[i].action);
        assert_no_field(ev, "event.outcome");
        assert_field(ev, "user.name", rows[i].user);
        assert_field(ev, "source.ip", rows[i].ip);
    }
}

static void a_folded_line_counts_as_often_as_it_says(void **state UNUSED) {
    struct event *ev =
        sshd("message repeated 3 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]");
    assert_login(ev, "failure", "root", "192.0.2.1");
    assert_field(ev, "kizuki.count", "3");
    /* not a number a daemon would write, or not at the start: no login at all */
    ev = sshd(
        "message repeated 9999999 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]");
    assert_no_field(ev, "event.action");
    ev = sshd("message repeated 4 times: [ Disconnected from authenticating user root 192.0.2.1 port 22 [preauth]]");
    assert_field(ev, "event.action", "login-abandoned");
    assert_field(ev, "kizuki.count", "4");
    ev = sshd("message repeated 0 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]");
    assert_no_field(ev, "event.action");
    ev = sshd(
        "Failed password for invalid user message repeated 9 times: [ from 192.0.2.1 port 22 ssh2");
    assert_no_field(ev, "kizuki.count");
    assert_login(ev, "failure", "message repeated 9 times: [", "192.0.2.1");
}

static void the_new_process_names_are_sshd_too(void **state UNUSED) {
    struct event *ev =
        fixture_line(&f, "2026-11-23T02:03:08.123456+09:00 web1 sshd-session[9]: Failed "
                         "password for root from 192.0.2.1 port 22 ssh2");
    assert_login(ev, "failure", "root", "192.0.2.1");
    assert_field(ev, "process.name", "sshd-session");
    assert_field(ev, "service.name", "ssh");
}

static void nobody_else_can_speak_as_sshd(void **state UNUSED) {
    static const char *const lines[] = {
        "Failed password for root from 192.0.2.1 port 22 ssh2",
        "Nov 23 02:03:08 web1 myapp[1]: Failed password for root from 192.0.2.1 port 22 ssh2",
        "Nov 23 02:03:08 web1 myapp[1]: sshd[2]: Failed password for root from 192.0.2.1 port 22 "
        "ssh2",
        "Nov 23 02:03:08 web1 sshd: x: Failed password for root from 192.0.2.1 port 22 ssh2",
        "Nov 23 02:03:08 web1 Sshd[1]: Failed password for root from 192.0.2.1 port 22 ssh2",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct event *ev = fixture_line(&f, lines[i]);
        assert_no_field(ev, "event.action");
        assert_no_field(ev, "source.ip");
    }
    f.source.decoder = STR("sshd"); /* the operator says that these are bare messages of sshd */
    struct event *ev = fixture_line(&f, lines[0]);
    assert_login(ev, "failure", "root", "192.0.2.1");
    f.source.decoder = STR_NULL;
}

static void a_cut_line_is_no_login(void **state UNUSED) {
    f.rec.flags |= RAW_TRUNCATED;
    struct event *ev = sshd("Failed password for invalid user x from 192.0.2.1 port 22 ssh2");
    assert_no_field(ev, "event.outcome");
    assert_no_field(ev, "source.ip");
    f.rec.flags = RAW_BACKFILL;
}

static void addresses_that_are_none_stay_readable(void **state UNUSED) {
    struct event *ev = sshd("Failed password for root from UNKNOWN port 65535 ssh2");
    assert_login(ev, "failure", "root", "<absent>");
    assert_field(ev, "source.address", "UNKNOWN");
    ev = sshd("Failed password for root from 1.2.3.256 port 1 ssh2");
    assert_no_field(ev, "source.ip");
    ev = sshd("Failed password for root from 2001:db8:1:2:aa:bb:cc:dd port 1 ssh2");
    assert_field(ev, "kizuki.source.net", "2001:db8:1:2::/64");
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
UNIT_GROUP(decode_sshd, T(reads_every_kind_of_try), T(an_address_inside_a_name_is_part_of_the_name),
           T(a_line_with_two_readings_names_nobody), T(one_try_is_one_login),
           T(a_folded_line_counts_as_often_as_it_says), T(the_new_process_names_are_sshd_too),
           T(nobody_else_can_speak_as_sshd), T(a_cut_line_is_no_login),
           T(addresses_that_are_none_stay_readable))
