/* Choosing the decoder, encodings, pieces, threads, memory, and bytes nobody wrote with care. */
#include "fixture.h"
#include "torture.h"

#include "base/text.h"

#include <pthread.h>

static struct fixture f;
#define SSHD "Nov 23 02:03:08 web1 sshd[1]: "

static void content_chooses_the_decoder(void **state UNUSED) {
    static const struct {
        const char *line, *decoder;
    } rows[] = {
        {"Nov 23 02:03:08 h sshd[1]: Accepted password for a from 192.0.2.1 port 1 ssh2", "sshd"},
        {"Nov 23 02:03:08 h app[1]: hello", "syslog"},
        {"<13>1 2026-11-23T02:03:08Z h app 1 - - hello", "rfc5424"},
        {"192.0.2.1 - - [23/Nov/2026:02:03:08 +0900] \"GET / HTTP/1.1\" 200 5", "access"},
        {"2026/11/23 02:03:08 [error] 1#1: x", "nginx_error"},
        {"[Mon Nov 23 02:03:08 2026] [error] x", "apache_error"},
        {"{\"a\":1}", "json"},
        {"hello", "unknown"},
        {"", "unknown"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event *ev = fixture_line(&f, rows[i].line);
        assert_field(ev, "kizuki.decoder", rows[i].decoder);
        assert_int_equal(!!(ev->flags & EVENT_UNPARSED), strcmp(rows[i].decoder, "unknown") == 0);
        assert_field(ev, "event.original", rows[i].line);
    }
}

static void a_source_may_force_one(void **state UNUSED) {
    f.source.decoder = STR("access");
    struct event *ev = fixture_line(&f, "{\"a\":1}");
    assert_true(ev->flags &
                EVENT_UNPARSED); /* no falling back: the operator knows what the file is */
    ev = fixture_line(&f, "192.0.2.1 - - [23/Nov/2026:02:03:08 +0900] \"GET / HTTP/1.1\" 200 5");
    assert_field(ev, "kizuki.decoder", "access");
    ev = fixture_line(&f, "<13>Nov 23 02:03:08 h tag: 192.0.2.1 - - [23/Nov/2026:02:03:08 +0900] "
                          "\"GET / HTTP/1.1\" 200 5");
    assert_field(ev, "kizuki.decoder", "access"); /* through syslog, whatever the tag */
    assert_field(ev, "host.name", "h");
    struct source s = {.decoder = STR("nonsense")};
    struct diag d;
    assert_int_equal(decode_check_source(&s, NULL, &d), -ERR_REFUSED);
    assert_non_null(strstr(d.text, "journal, rfc5424"));
    for (size_t i = 0; i < decode_count(); i++) {
        s.decoder = str_of(decode_info_at(i).name);
        assert_int_equal(decode_check_source(&s, NULL, &d), 0);
        assert_true(decode_info_at(i).help[0] != 0);
    }
}

static void a_continuation_is_never_a_line(void **state UNUSED) {
    static const char line[] = SSHD "Failed password for root from 192.0.2.1 port 22 ssh2";
    static const unsigned flags[] = {RAW_PIECE | RAW_PIECE_NEXT, RAW_PIECE_LAST};
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        f.rec.flags = RAW_BACKFILL | flags[i];
        struct event *ev = fixture_line(&f, line);
        assert_no_field(ev, "event.action");
        assert_no_field(ev, "source.ip");
        assert_field(ev, "message", line);
        assert_true(ev->flags & EVENT_UNPARSED);
        assert_true(ev->flags & EVENT_TIME_OPEN);
    }
    f.rec.flags = RAW_BACKFILL | RAW_PIECE;
    struct event *ev = fixture_line(&f, line); /* a first piece has no end: no anchor, no login */
    assert_no_field(ev, "event.action");
}

/* Each encoding's bytes end in marks that only a careless reader sees. */
static void marks_are_ascii_whatever_the_encoding(void **state UNUSED) {
    static const struct {
        const char *line, *user, *encoding;
    } rows[] = {
        {SSHD "Failed password for invalid user \x95\x5c from 192.0.2.1 port 22 ssh2",
         "\xe8\xa1\xa8", "cp932"},
        {SSHD "Failed password for invalid user \xbb\xb3\xc5\xc4 from 192.0.2.1 port 22 ssh2",
         "\xe5\xb1\xb1\xe7\x94\xb0", "euc-jp"},
        {SSHD "Failed password for invalid user \x1b$B;3ED\x1b(B from 192.0.2.1 port 22 ssh2",
         "\xe5\xb1\xb1\xe7\x94\xb0", "iso-2022-jp"},
        {SSHD
         "Failed password for invalid user \xe5\xb1\xb1\xe7\x94\xb0 from 192.0.2.1 port 22 ssh2",
         "\xe5\xb1\xb1\xe7\x94\xb0", "<absent>"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event *ev = fixture_line(&f, rows[i].line);
        assert_login(ev, "failure", rows[i].user, "192.0.2.1");
        assert_field(ev, "kizuki.encoding", rows[i].encoding);
        assert_int_equal(ev->flags, 0);
    }
    /* an escape without an end would make kanji of everything behind it; half a character would
     * take the blank */
    struct event *ev = fixture_line(
        &f, SSHD "Failed password for invalid user \x1b$B from 192.0.2.1 port 22 ssh2");
    assert_field(ev, "source.ip", "192.0.2.1");
    ev = fixture_line(&f, SSHD "Failed password for invalid user \x95 from 192.0.2.1 port 22 ssh2");
    assert_field(ev, "source.ip", "192.0.2.1");
    ev = fixture_line(
        &f, "192.0.2.1 - \x95 [23/Nov/2026:02:03:08 +0900] \"GET /\x95\" 401 5 \"-\" \"\x95\"");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "event.outcome", "failure");
    /* 0x5c as a second byte escapes no quote */
    ev = fixture_line(&f, "192.0.2.1 - - [23/Nov/2026:02:03:08 +0900] \"GET /\x95\x5c HTTP/1.1\" "
                          "200 5 \"-\" \"\x83\x5c\x83\x74\x83\x67\x95\x5c\"");
    assert_field(ev, "http.response.status_code", "200");
    assert_field(ev, "user_agent.original", "\xe3\x82\xbd\xe3\x83\x95\xe3\x83\x88\xe8\xa1\xa8");
}

static void broken_bytes_are_counted_not_dropped(void **state UNUSED) {
    struct event *ev = fixture_line(&f, "Nov 23 02:03:08 h app: \xff\xfe\x80 text");
    assert_true(ev->flags & EVENT_BROKEN_TEXT);
    assert_field(ev, "kizuki.encoding", "broken");
    assert_non_null(strstr(fixture_field(ev, "message"), " text"));
    static const char nul[] =
        SSHD "Failed password for invalid user a\0b from 192.0.2.1 port 22 ssh2";
    ev = fixture_decode(&f, str_n(nul, sizeof nul - 1));
    assert_true(str_eq(event_get(ev, EVENT_F_USER_NAME), str_n("a\0b", 3)));
    assert_field(ev, "source.ip", "192.0.2.1");
}

static void utf16_only_when_somebody_says_so(void **state UNUSED) {
    static const char line[] = "N\0o\0v\0 \0"
                               "2\0"
                               "3\0 \0"
                               "0\0"
                               "2\0:\0"
                               "0\0"
                               "3\0:\0"
                               "0\0"
                               "8\0 \0h\0 \0a\0:\0 \0x\0";
    struct event *ev = fixture_decode(&f, str_n(line, sizeof line - 1));
    assert_true(ev->flags & EVENT_UNPARSED); /* NUL bytes alone are easily sent */
    f.source.encoding = TEXT_UTF16LE;
    ev = fixture_decode(&f, str_n(line, sizeof line - 1));
    assert_field(ev, "host.name", "h");
    assert_field(ev, "message", "x");
    f.source.encoding = -1;
    char with_mark[sizeof line + 2] = "\xff\xfe";
    memcpy(with_mark + 2, line, sizeof line - 1);
    ev = fixture_decode(&f, str_n(with_mark, sizeof line + 1));
    assert_field(ev, "message", "x");
}

/* Lines that cost a careless reader the square of their length. */
static void long_lines_cost_their_length(void **state UNUSED) {
    static const char *const heads[] = {
        SSHD "Failed publickey for ",
        SSHD "pam_unix(x:auth): authentication failure; ",
        "2026/11/23 02:03:08 [error] 1#1: ",
        "192.0.2.1 - - [23/Nov/2026:02:03:08 +0900] \"",
        "{\"a\":\"",
        "<13>1 - - - - - [",
        SSHD "message repeated ",
        "[Mon Nov 23 02:03:08 2026] [x] (",
        "Nov 23 02:03:08 h sudo: a : ",
    };
    static const char *const bodies[] = {
        "x from 1.2.3.4 port 1 ssh2: RSA-CERT a ID ",
        " rhost=",
        ", client: 1.2.3.4",
        "\\\\\\\"",
        "[23/Nov/",
        "a b=\"\" ",
        " ; TTY=",
        ") [",
        "\x95\x5c",
    };
    enum { BYTES = 65536 };
    char *line = malloc(BYTES);
    assert_non_null(line);
    int64_t start = time_monotonic_ns();
    for (size_t h = 0; h < ARRAY_SIZE(heads); h++) {
        for (size_t b = 0; b < ARRAY_SIZE(bodies); b++) {
            size_t n = strlen(heads[h]), k = strlen(bodies[b]);
            memcpy(line, heads[h], n);
            for (; n + k < BYTES; n += k)
                memcpy(line + n, bodies[b], k);
            (void) fixture_decode(&f, str_n(line, n));
        }
    }
    free(line);
    /* 81 lines of 64 KiB; a square of that length would take minutes under the sanitizers */
    assert_true(time_monotonic_ns() - start < 20 * NS_PER_S);
}

static void more_fields_than_an_event_holds(void **state UNUSED) {
    enum { N = 3000 };
    char *line = malloc(N * 16 + 16);
    size_t n = 1;
    assert_non_null(line);
    line[0] = '{';
    for (int i = 0; i < N; i++)
        n += (size_t) snprintf(line + n, 16, "%s\"f%d\":%d", i ? "," : "", i, i);
    line[n++] = '}';
    struct event *ev = fixture_decode(&f, str_n(line, n));
    assert_true(ev->dropped_fields);
    assert_true(ev->n <= EVENT_FIELDS_MAX);
    free(line);
}

static const char *const mixed[] = {
    SSHD "Failed password for root from 192.0.2.1 port 22 ssh2",
    "Nov 23 02:04:09 web2 sshd[22]: Invalid user a from 192.0.2.2 port 1",
    "2026-11-23T02:03:08.1+09:00 web1 sshd-session[1]: Accepted password for a from 2001:db8::1 "
    "port 22 ssh2",
    "{\"@timestamp\":\"2026-11-23T02:03:08Z\",\"user.name\":\"a\",\"b\":1}",
    "{\"user.name\":\"b\",\"@timestamp\":\"2026-11-23T02:04:08Z\",\"c\":1}",
    "192.0.2.1 - b [23/Nov/2026:02:03:08 +0900] \"GET / HTTP/1.1\" 401 5",
    "Dec 31 23:59:59 web1 sshd[1]: Connection closed by 192.0.2.3 port 2 [preauth]",
    "Feb 29 10:00:00 web1 cron[1]: (root) CMD (x)",
};

/* Every event as text, the lines in this order. */
static void decode_mixed(struct buf *out, const size_t *order, size_t n, struct event_names *names,
                         struct decode *d) {
    struct decoder port = decode_port(d);
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        struct raw_record rec = {
            .bytes = str_of(mixed[order[i]]), .arrival_ns = FIXTURE_ARRIVAL, .flags = RAW_BACKFILL};
        struct event ev;
        rec.pos.n = order[i];
        arena_reset(&a);
        event_begin(&ev, &a, names, &rec);
        ev.keep_all = true;
        if (port.decode(port.ctx, &rec, &ev) == 0)
            event_write_json(&ev, &out[order[i]]);
    }
    arena_done(&a);
}

struct worker {
    pthread_t thread;
    struct buf out[ARRAY_SIZE(mixed)];
    unsigned seed;
};

static void *work(void *ctx) {
    struct worker *w = ctx;
    for (int round = 0; round < 50; round++) {
        size_t order[ARRAY_SIZE(mixed)];
        for (size_t i = 0; i < ARRAY_SIZE(mixed); i++) {
            w->seed = w->seed * 1103515245u + 12345u;
            size_t k = (w->seed >> 16) % (i + 1);
            order[i] = order[k];
            order[k] = i;
            buf_clear(&w->out[i]);
        }
        decode_mixed(w->out, order, ARRAY_SIZE(mixed), f.names, f.d);
    }
    return NULL;
}

/* What a thread remembers of the line before changes no event, whatever the order and the thread.
 */
static void order_and_threads_do_not_matter(void **state UNUSED) {
    struct worker w[3] = {{.seed = 1}, {.seed = 2}, {.seed = 3}};
    for (size_t t = 0; t < 3; t++) {
        for (size_t i = 0; i < ARRAY_SIZE(mixed); i++)
            buf_init(&w[t].out[i], 1 << 16);
        assert_int_equal(pthread_create(&w[t].thread, NULL, work, &w[t]), 0);
    }
    for (size_t t = 0; t < 3; t++)
        pthread_join(w[t].thread, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(mixed); i++) {
        assert_true(w[0].out[i].n > 100);
        for (size_t t = 0; t < 3; t++)
            assert_true(str_eq(buf_str(&w[t].out[i]), buf_str(&w[0].out[i])));
    }
    for (size_t t = 0; t < 3; t++)
        for (size_t i = 0; i < ARRAY_SIZE(mixed); i++)
            buf_done(&w[t].out[i]);
}

static int decode_under_torture(void *ctx) {
    static const char *const lines[] = {
        "<38>1 2026-11-23T02:03:08Z h sshd 1 - [a@1 b=\"\\\"\"] Failed password for invalid user "
        "\x95\x5c from 2001:db8::1 port 2 ssh2",
        "{\"a\":{\"b\":\"\\u3042\"},\"source.ip\":\"2001:db8::1\"}",
        "{broken \x95\x5c",
        "192.0.2.1 - - [23/Nov/2026:02:03:08 +0900] \"GET /\\x22 HTTP/1.1\" 200 5",
    };
    struct event_names *names = ctx;
    struct decode *d;
    struct arena a;
    int r = decode_new(names, NULL, NULL, NULL, &d, NULL);
    if (r < 0)
        return r;
    struct decoder port = decode_port(d);
    for (size_t i = 0; i < ARRAY_SIZE(lines) && r == 0; i++) {
        struct raw_record rec = {.bytes = str_of(lines[i]), .arrival_ns = FIXTURE_ARRIVAL};
        struct event ev;
        arena_init(&a, 1 << 20); /* a cold arena: every block is an allocation that may fail */
        event_begin(&ev, &a, names, &rec);
        ev.keep_all = true;
        r = port.decode(port.ctx, &rec, &ev);
        arena_done(&a);
    }
    decode_free(d);
    return r;
}

static void memory_that_ends_is_an_error(void **state UNUSED) {
    assert_true(torture(decode_under_torture, f.names) > 3);
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
UNIT_GROUP(decode_decode, T(content_chooses_the_decoder), T(a_source_may_force_one),
           T(a_continuation_is_never_a_line), T(marks_are_ascii_whatever_the_encoding),
           T(broken_bytes_are_counted_not_dropped), T(utf16_only_when_somebody_says_so),
           T(long_lines_cost_their_length), T(more_fields_than_an_event_holds),
           T(order_and_threads_do_not_matter), T(memory_that_ends_is_an_error))
