#include "fixture.h"

static struct fixture f;
#define AT "[23/Nov/2026:02:03:08 +0900]"

static void combined_common_and_virtual_hosts(void **state UNUSED) {
    static const struct {
        const char *line, *ip, *vhost, *user, *method, *path, *query, *status, *bytes, *agent;
    } rows[] = {
        {"192.0.2.1 - - " AT " \"GET /a?b=c HTTP/1.1\" 200 5 \"-\" \"curl/8\"", "192.0.2.1",
         "<absent>", "<absent>", "GET", "/a", "b=c", "200", "5", "curl/8"},
        {"192.0.2.1 - - " AT " \"GET / HTTP/1.0\" 200 1513", "192.0.2.1", "<absent>", "<absent>",
         "GET", "/", "<absent>", "200", "1513", "<absent>"},
        {"www.example.com:443 192.0.2.1 - bob " AT
         " \"POST /x HTTP/1.1\" 304 - \"http://r/\" \"A B\"",
         "192.0.2.1", "www.example.com", "bob", "POST", "/x", "<absent>", "304", "<absent>", "A B"},
        {"www.example.com 2001:db8::1 - - " AT " \"GET / HTTP/2.0\" 404 0 \"-\" \"-\"",
         "2001:db8::1", "www.example.com", "<absent>", "GET", "/", "<absent>", "404", "0",
         "<absent>"},
        {"192.0.2.1 - a b c " AT " \"GET / HTTP/1.1\" 500 5 \"-\" \"x\"", "192.0.2.1", "<absent>",
         "a b c", "GET", "/", "<absent>", "500", "5", "x"},
        {"192.0.2.1 - - " AT " \"GET /\\x22a\\x5C?q=\\xE3\\x81\\x82 HTTP/1.1\" 200 5 \"-\" \"x "
         "\\\" y\" 0.004 \"10.0.0.1\"",
         "192.0.2.1", "<absent>", "<absent>", "GET", "/\"a\\", "q=\xe3\x81\x82", "200", "5",
         "x \" y"},
        {"192.0.2.1 - - " AT " \"GET http://h.example/p?q HTTP/1.1\" 200 5 \"-\" \"x\"",
         "192.0.2.1", "h.example", "<absent>", "GET", "/p", "q", "200", "5", "x"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event *ev = fixture_line(&f, rows[i].line);
        assert_field(ev, "kizuki.decoder", "access");
        assert_field(ev, "source.ip", rows[i].ip);
        assert_field(ev, "url.domain", rows[i].vhost);
        assert_field(ev, "user.name", rows[i].user);
        assert_field(ev, "http.request.method", rows[i].method);
        assert_field(ev, "url.path", rows[i].path);
        assert_field(ev, "url.query", rows[i].query);
        assert_field(ev, "http.response.status_code", rows[i].status);
        assert_field(ev, "http.response.body.bytes", rows[i].bytes);
        assert_field(ev, "user_agent.original", rows[i].agent);
        assert_field(ev, "service.name", "web");
        assert_int_equal(ev->flags, 0);
    }
}

static void a_page_is_known_by_its_template(void **state UNUSED) {
    static const struct {
        const char *request, *template;
    } rows[] = {
        {"/", "/"},
        {"/product?id=12' OR 1=1", "/product"},
        {"/item/12/edit", "/item/{n}/edit"},
        {"/item/12%27%20OR%201", "/item/{n}"},
        {"/news/2026-11-22", "/news/{n}"},
        {"/2fa/setup", "/2fa/setup"},
        {"/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301/x.js", "/u/{id}/x.js"},
        {"/%E3%81%8A%E7%9F%A5%E3%82%89%E3%81%9B/", "/%E3%81%8A%E7%9F%A5%E3%82%89%E3%81%9B/"},
        {"/a/../../etc/passwd", "/a/{x}/{x}/etc/passwd"},
        {"/cgi-bin/.%2e/bin/sh", "/cgi-bin/{x}/bin/sh"},
        {"/%3Cscript%3E", "/{x}"},
        {"/a/b/c/d/e/f/g/h/i/j/k", "/a/b/c/d/e/f/g/{x}"},
        {"http://h.example/p?q", "h.example/p"},
        {"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "/{x}"},
    };
    char line[512];
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        snprintf(line, sizeof line, "192.0.2.1 - - " AT " \"GET %s HTTP/1.1\" 200 5 \"-\" \"x\"", rows[i].request);
        assert_field(fixture_line(&f, line), "kizuki.url.template", rows[i].template);
    }
}

static void a_user_makes_it_a_login_too(void **state UNUSED) {
    f.source.service = STR("member-site");
    struct event *ev =
        fixture_line(&f, "192.0.2.1 - bob " AT " \"GET / HTTP/1.1\" 401 5 \"-\" \"x\"");
    assert_login(ev, "failure", "bob", "192.0.2.1");
    assert_field(ev, "event.category", "web|authentication");
    assert_field(ev, "service.name", "member-site");
    ev = fixture_line(&f, "192.0.2.1 - bob " AT " \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"");
    assert_login(ev, "success", "bob", "192.0.2.1");
    ev = fixture_line(&f, "192.0.2.1 - \"\" " AT " \"GET / HTTP/1.1\" 401 5 \"-\" \"x\"");
    assert_login(ev, "failure", "", "192.0.2.1");
    ev = fixture_line(&f, "192.0.2.1 - bob " AT " \"GET / HTTP/1.1\" 404 5 \"-\" \"x\"");
    assert_no_field(ev, "event.action");
    assert_field(ev, "event.category", "web");
    ev = fixture_line(&f, "192.0.2.1 - - " AT " \"GET / HTTP/1.1\" 401 5 \"-\" \"x\"");
    assert_no_field(ev, "event.action");
}

static void nothing_a_client_sends_moves_the_address(void **state UNUSED) {
    /* a Host header that is an address, in a format with the host in front */
    struct event *ev =
        fixture_line(&f, "1.2.3.4 192.0.2.1 - - " AT " \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"");
    assert_field(ev, "source.ip", "192.0.2.1");
    ev = fixture_line(&f, "1.2.3.4:80 192.0.2.1 - - " AT " \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"");
    assert_field(ev, "source.ip", "192.0.2.1");
    /* a user name that looks like the rest of a line; its quotes come escaped */
    ev = fixture_line(
        &f, "192.0.2.1 - x [01/Jan/2020:00:00:00 +0000] \\x22GET / HTTP/1.1\\x22 200 1 " AT
            " \"GET /y HTTP/1.1\" 401 5 \"-\" \"x\"");
    assert_field(ev, "url.path", "/y");
    assert_login(ev, "failure", "x [01/Jan/2020:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
                 "192.0.2.1");
    /* an agent that looks like a line */
    ev = fixture_line(&f, "192.0.2.1 - - " AT
                          " \"GET /y HTTP/1.1\" 200 5 \"-\" \"\\x22 401 1 \\x221.2.3.4 - bob\"");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "http.response.status_code", "200");
    assert_no_field(ev, "event.action");
}

static void what_is_no_http_is_kept(void **state UNUSED) {
    struct event *ev =
        fixture_line(&f, "192.0.2.1 - - " AT " \"\\x16\\x03\\x01\\x00\\xEE\" 400 157 \"-\" \"-\"");
    assert_field(ev, "url.original", "\\x16\\x03\\x01\\x00\\xEE");
    assert_field(ev, "event.reason", "malformed request");
    assert_field(ev, "http.response.status_code", "400");
    assert_no_field(ev, "http.request.method");
    ev = fixture_line(&f, "192.0.2.1 - - " AT " \"-\" 408 0 \"-\" \"-\"");
    assert_no_field(ev, "url.original");
    assert_field(ev, "http.response.status_code", "408");
    ev = fixture_line(&f, "192.0.2.1 - - " AT " \"GET /a b c HTTP/1.1\" 400 0 \"-\" \"-\"");
    assert_field(ev, "url.path", "/a b c");
    ev = fixture_line(&f, "192.0.2.1 - - " AT " \"never closed");
    assert_true(ev->flags & EVENT_UNPARSED);
    ev = fixture_line(&f, "192.0.2.1 - - [23/Xxx/2026:02:03:08 +0900] \"GET / HTTP/1.1\" 200 5");
    assert_true(ev->flags & EVENT_UNPARSED);
}

static void the_first_piece_of_an_overlong_line_says_who(void **state UNUSED) {
    f.rec.flags |= RAW_PIECE;
    struct event *ev =
        fixture_line(&f, "192.0.2.1 - bob " AT " \"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "user.name", "bob");
    assert_no_field(ev, "event.action");
    assert_field(ev, "error.message", "the line is overlong and goes on in further pieces");
}

static void nginx_error_log(void **state UNUSED) {
    struct event *ev = fixture_line(
        &f, "2026/11/23 02:03:08 [error] 12#13: *45 user \"bob\": password mismatch, client: "
            "192.0.2.1, server: example.com, request: \"GET /x HTTP/1.1\", host: \"e\"");
    assert_field(ev, "kizuki.decoder", "nginx_error");
    assert_field(ev, "event.category", "web");
    assert_field(ev, "event.action", "http-auth-error");
    assert_field(ev, "user.name", "bob");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "log.level", "error");
    assert_field(ev, "url.original", "/x");
    assert_no_field(ev, "event.outcome");
    /* neither end is safe here: two marks that disagree name nobody */
    ev = fixture_line(
        &f, "2026/11/23 02:03:08 [error] 12#13: *45 user \"x\": password mismatch, client: "
            "1.2.3.4, server: s\""
            ": password mismatch, client: 192.0.2.1, server: s, request: \"GET / HTTP/1.1\"");
    assert_no_field(ev, "source.ip");
    assert_no_field(ev, "user.name");
    ev = fixture_line(&f, "2026/11/23 02:03:08 [emerg] 12#13: bind() to 0.0.0.0:80 failed (98: "
                          "Address already in use)");
    assert_field(ev, "log.level", "emerg");
    assert_no_field(ev, "source.ip");
}

static void apache_error_log(void **state UNUSED) {
    struct event *ev = fixture_line(
        &f,
        "[Mon Nov 23 02:03:08.123456 2026] [auth_basic:error] [pid 9:tid 8] [client "
        "192.0.2.1:50000] AH01617: user bob: authentication failure for \"/\": Password Mismatch");
    assert_field(ev, "kizuki.decoder", "apache_error");
    assert_field(ev, "event.action", "http-auth-error");
    assert_field(ev, "user.name", "bob");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "source.port", "50000");
    assert_field(ev, "event.code", "AH01617");
    assert_field(ev, "log.logger", "auth_basic");
    assert_field(ev, "process.pid", "9");
    ev = fixture_line(
        &f, "[Mon Nov 23 02:03:08 2026] [error] [client 192.0.2.1] user bob not found: /admin");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "user.name", "bob");
    ev = fixture_line(
        &f,
        "[Mon Nov 23 02:03:08.1 2026] [ssl:info] [pid 1:tid 1] (70014)End of file found: [client "
        "2001:db8::5:17036] AH02006: SSL handshake stopped");
    assert_field(ev, "source.ip", "2001:db8::5");
    assert_field(ev, "source.port", "17036");
    ev = fixture_line(&f, "[Mon Nov 23 02:03:08.1 2026] [mpm_event:notice] [pid 1:tid 1] AH00489: "
                          "configured [client 1.2.3.4:5] x");
    assert_no_field(ev, "source.ip");
}

static void web_logs_through_syslog(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "<190>Nov 23 02:03:09 web1 nginx: 192.0.2.1 - bob " AT
                                        " \"GET / HTTP/1.1\" 401 5 \"-\" \"x\"");
    assert_login(ev, "failure", "bob", "192.0.2.1");
    assert_field(ev, "host.name", "web1");
    assert_time(ev->time_ns, "2026-11-22T17:03:08.000Z");
    ev = fixture_line(&f, "<190>Nov 23 02:03:09 web1 nginx: 2026/11/23 02:03:08 [error] 12#13: *45 "
                          "x, client: 192.0.2.1, server: s");
    assert_field(ev, "kizuki.decoder", "nginx_error");
    ev = fixture_line(&f, "<190>Nov 23 02:03:09 web1 myapp: 192.0.2.1 - bob " AT
                          " \"GET / HTTP/1.1\" 401 5 \"-\" \"x\"");
    assert_no_field(ev, "source.ip"); /* another program's words are not an access log */
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
UNIT_GROUP(decode_access, T(combined_common_and_virtual_hosts), T(a_page_is_known_by_its_template), T(a_user_makes_it_a_login_too),
           T(nothing_a_client_sends_moves_the_address), T(what_is_no_http_is_kept),
           T(the_first_piece_of_an_overlong_line_says_who), T(nginx_error_log), T(apache_error_log),
           T(web_logs_through_syslog))
