/* Decoders written as data: the engine by small decoders written here, what it refuses, and every
 * sample of every decoder that is shipped. */
#include "fixture.h"

#include "base/mem.h"
#include "torture.h"

#define HEAD "decoder: t\nhelp: a test\n"
#define FIND "find: [{program: app}]\n"
#define TAIL "samples: [{line: x, url: 'https://example.com/', expect: {}}]\n"

static struct fixture f;
static struct decode_set *set;

/* The fixture again, with a decoder of this text. */
static void use(const char *text) {
    struct diag d = {0};
    char line[1024];
    set = decode_set_unref(set);
    if (decode_set_load_text(str_of(text), "t.yml", &set, &d) < 0)
        fail_msg("%s", diag_format(&d, line, sizeof line));
    decode_lane_free(f.lane);
    decode_free(f.d);
    assert_int_equal(decode_new(f.names, fixture_source, &f, set, &f.d, NULL), 0);
    f.lane = decode_lane_new(f.d);
    assert_non_null(f.lane);
}
static void with(const char *body) {
    char text[8192];
    snprintf(text, sizeof text, HEAD "%s" TAIL, body);
    use(text);
}
static struct event *message(const char *text) {
    char line[4096];
    snprintf(line, sizeof line, "Nov 23 02:03:08 host app: %s", text);
    return fixture_line(&f, line);
}

static int start(void **state UNUSED) {
    fixture_start(&f);
    return 0;
}
static int stop(void **state UNUSED) {
    fixture_stop(&f);
    set = decode_set_unref(set);
    return 0;
}

static void captures_take_what_they_name(void **state UNUSED) {
    with(FIND "messages:\n"
              "  - like: ['user {word:user.name} from {ip:source.ip}:{int:source.port} said {quoted:event.reason}, {text:event.action}.']\n");
    struct event *ev = message("user sato from 192.0.2.1:443 said \"a \\\"b\\\" c\", went away.");
    assert_field(ev, "user.name", "sato");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "kizuki.source.net", "192.0.2.1");
    assert_field(ev, "source.port", "443");
    assert_field(ev, "event.reason", "a \"b\" c");
    assert_field(ev, "event.action", "went away");
    assert_field(ev, "kizuki.decoder", "t");
    assert_int_equal(ev->flags & EVENT_UNPARSED, 0);
    /* the whole text or nothing */
    static const char *const other[] = {
        "user sato from 192.0.2.1:443 said \"x\", away", "user sato from 192.0.2.1:443 said \"x\", y. z",
        "user sato from 192.0.2.300:443 said \"x\", y.", "user  from 192.0.2.1:1 said \"x\", y.",
        "xuser sato from 192.0.2.1:443 said \"x\", y.",  "user sato from 192.0.2.1:443 said \"x, y.",
        "user sato from 192.0.2.1:443 said \"x\\\"",      "user", ""};
    for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
        ev = message(other[i]);
        assert_no_field(ev, "source.ip");
        assert_no_field(ev, "user.name");
        assert_int_equal(ev->flags & EVENT_UNPARSED, EVENT_UNPARSED);
        assert_field(ev, "kizuki.decoder", "t");
        assert_field(ev, "error.message", "decoder t knows no message like this");
    }
}

static void addresses_are_read_in_every_form(void **state UNUSED) {
    static const struct {
        const char *text, *ip, *rest;
    } rows[] = {
        {"192.0.2.1 x", "192.0.2.1", " x"},       {"192.0.2.1. x", "192.0.2.1", ". x"},
        {"2001:db8::1 x", "2001:db8::1", " x"},   {"2001:DB8:0::1: x", "2001:db8::1", ": x"},
        {"::ffff:192.0.2.1 x", "192.0.2.1", " x"}, {"fe80::1%eth0 x", "fe80::1", " x"},
        {"::1, x", "::1", ", x"},                 {"192.0.2.1:99", "192.0.2.1", ":99"},
    };
    with(FIND "messages: [{like: ['a {ip:source.ip}{text:event.reason}']}]\n");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char line[128];
        snprintf(line, sizeof line, "a %s", rows[i].text);
        struct event *ev = message(line);
        assert_field(ev, "source.ip", rows[i].ip);
        assert_field(ev, "event.reason", rows[i].rest);
    }
    static const char *const none[] = {"a 1.2.3", "a 999.1.1.1", "a host", "a 1:2", "a :", "a ", "a 1.2.3.4.5"};
    for (size_t i = 0; i < ARRAY_SIZE(none) - 1; i++)
        assert_no_field(message(none[i]), "source.ip");
}

static void text_ends_at_the_first_place_and_longest_at_the_last(void **state UNUSED) {
    with(FIND "messages:\n  - like: ['first {text:user.name} from {text:event.reason}']\n"
              "  - like: ['last {longest:user.name} from {ip:source.ip}']\n");
    struct event *ev = message("first a from b from 192.0.2.1");
    assert_field(ev, "user.name", "a");
    assert_field(ev, "event.reason", "b from 192.0.2.1");
    ev = message("last a from 192.0.2.66 from 192.0.2.1");
    assert_field(ev, "user.name", "a from 192.0.2.66");
    assert_field(ev, "source.ip", "192.0.2.1");
}

static void lists_are_read_with_their_quotes(void **state UNUSED) {
    with("find: [{start: 'k='}]\npairs: {quotes: \"\\\"'\", nested: msg}\nkeep: v.\n"
         "fields: {user.name: who, source.ip: ip, destination.port: [dport, port], event.action: act}\n");
    struct event *ev = fixture_line(&f, "k=1 who=\"sato \\\"x\\\" =y\" ip=192.0.2.1 port=80 other=a,b msg='act=go deep=1' empty= flag ip=192.0.2.66");
    assert_field(ev, "user.name", "sato \"x\" =y");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "destination.port", "80");
    assert_field(ev, "event.action", "go");
    assert_field(ev, "v.other", "a,b");
    assert_field(ev, "v.deep", "1");
    assert_field(ev, "v.port", "80");
    ev = fixture_line(&f, "k=1 who=\"no end");
    assert_field(ev, "user.name", "\"no");
    with(FIND "messages:\n  - like: ['tried {pairs}']\nfields: {user.name: who}\n"); /* nothing is said of pairs */
    assert_field(message("tried a=1 who=sato"), "user.name", "sato");
    with("find: [{start: 'k='}]\npairs: {quotes: \"\\\"'\", nested: msg}\nkeep: v.\n"
         "fields: {user.name: who, source.ip: ip}\n");
    ev = fixture_line(&f, "k=1 a='x b='y who='z ip=192.0.2.1"); /* one that nothing closes, then others */
    assert_field(ev, "user.name", "'z");
    assert_field(ev, "source.ip", "192.0.2.1");
    ev = fixture_line(&f, "k=1 source.ip=192.0.2.9 kizuki.count=9 event.outcome=success");
    assert_no_field(ev, "source.ip");
    assert_no_field(ev, "kizuki.count");
    assert_no_field(ev, "event.outcome");
}

static void columns_are_told_by_number_and_look(void **state UNUSED) {
    with("find: [{shape: '0,'}, {start: '#'}]\n"
         "columns:\n  empty: '-'\n  quote: '\"'\n  header: '#Fields: '\n"
         "  layouts: [{columns: 'n:int a:ip who'}, {columns: 'n:int who -'}, {columns: 'n b c d ...'}]\n"
         "fields: {source.ip: a, user.name: who, event.reason: d}\n");
    struct event *ev = fixture_line(&f, "1,192.0.2.1,\"a, \"\"b\"\"\"");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "user.name", "a, \"b\"");
    assert_field(fixture_line(&f, "1,sato,x"), "user.name", "sato");
    assert_no_field(fixture_line(&f, "1,-,x"), "source.ip");
    assert_field(fixture_line(&f, "1,x,y,z,more,and more"), "event.reason", "z");
    ev = fixture_line(&f, "1,x");
    assert_int_equal(ev->flags & EVENT_UNPARSED, EVENT_UNPARSED);
    ev = fixture_line(&f, "#Fields: n a who");
    assert_no_field(ev, "error.message");
    assert_int_equal(ev->flags & EVENT_UNPARSED, 0);
    ev = fixture_line(&f, "#Fields: n z");
    assert_field(ev, "error.message",
                 "decoder t has no layout of these columns; add one to a file of your own in the folder decoders");
    assert_field(fixture_line(&f, "#Date: 2026-11-23"), "kizuki.decoder", "t");
}

/* Findings name the service people know, not the product its log comes from. */
static void a_source_s_own_service_stands_before_a_constant(void **state UNUSED) {
    with(FIND "messages:\n  - like: ['{word:who} came']\n    login: success\n  - like: ['{word:who} saw {word:what}']\n"
              "fields: {user.name: who}\nset: {service.name: door, event.kind: event}\n");
    assert_field(message("sato came"), "service.name", "t"); /* a sign-in */
    assert_field(message("sato saw it"), "service.name", "door");
    f.source.service = STR("entrance");
    assert_field(message("sato came"), "service.name", "entrance");
    assert_field(message("sato saw it"), "service.name", "entrance");
    assert_field(message("sato saw it"), "event.kind", "event");
    f.source.service = STR_NULL;
}

static void the_most_specific_says_what_it_is(void **state UNUSED) {
    with(FIND "messages:\n"
              "  - like: ['{word:who} {word:how} {int:code} {int:n}']\n"
              "    when:\n"
              "      - if: {how: [in, 'log*']}\n        login: success\n        count: n\n"
              "      - if: {how: '*out*', code: '>=400'}\n        set: {event.action: out}\n"
              "      - if: {how: bad}\n        login: failure\n"
              "    set: {event.action: other, event.category: [network, web]}\n"
              "when:\n  - if: {code: <400}\n    set: {event.outcome: success}\n  - if: {code: ~}\n    set: {event.outcome: unknown}\n"
              "set: {event.action: never, event.outcome: failure}\n"
              "fields:\n  user.name: who\n  event.code: code\n  event.reason: {from: how, table: {in: came, 'o*': went}}\n"
              "service: door\n");
    struct event *ev = message("sato in 200 3");
    assert_field(ev, "event.action", "login");
    assert_field(ev, "event.outcome", "success");
    assert_field(ev, "event.category", "authentication");
    assert_field(ev, "service.name", "door");
    assert_field(ev, "kizuki.count", "3");
    assert_field(ev, "event.reason", "came");
    ev = message("sato without 404 1");
    assert_field(ev, "event.action", "out");
    assert_field(ev, "event.category", "network|web");
    assert_field(ev, "event.outcome", "failure");
    assert_no_field(ev, "event.reason");
    ev = message("sato out 200 1");
    assert_field(ev, "event.action", "other");
    assert_field(ev, "event.outcome", "success");
    assert_field(ev, "event.reason", "went");
    assert_field(message("x BAD 1 1"), "event.outcome", "failure");
}

static void values_change_as_they_are_told(void **state UNUSED) {
    with("find: [{start: 'k='}]\npairs: {}\n"
         "fields: {source.ip: {from: e, as: endpoint}, host.mac: {from: m, as: mac}, user.name: {from: u, as: account}, "
         "event.reason: {from: p, as: plus}, network.protocol: {from: l, as: lower}, event.duration: {from: s, as: seconds}, "
         "process.command_line: {from: h, as: hex}, destination.ip: d, event.action: {from: f, as: first}}\n");
    struct event *ev = fixture_line(&f, "k=1 e=[2001:db8::1]:8443 m=0100.a0de.0a0b0c u=DOM\\sato p=a+b l=HTTP s=1.5 h=6C73002D6C d=2001:DB8::2 f=\"a, b\"");
    assert_field(ev, "source.ip", "2001:db8::1");
    assert_field(ev, "source.port", "8443");
    assert_field(ev, "user.name", "sato");
    assert_field(ev, "user.domain", "DOM");
    assert_field(ev, "event.reason", "a b");
    assert_field(ev, "network.protocol", "http");
    assert_field(ev, "event.duration", "1500000000");
    assert_field(ev, "process.command_line", "ls -l");
    assert_field(ev, "destination.ip", "2001:db8::2");
    assert_field(ev, "event.action", "a");
    ev = fixture_line(&f, "k=1 e=192.0.2.1:99 m=0100a0de0a0b0c d=host.example u=sato h=plain s=-1");
    assert_field(ev, "source.ip", "192.0.2.1");
    assert_field(ev, "source.port", "99");
    assert_field(ev, "host.mac", "00-A0-DE-0A-0B-0C");
    assert_field(ev, "destination.address", "host.example");
    assert_no_field(ev, "destination.ip");
    assert_no_field(ev, "event.duration");
    assert_field(ev, "process.command_line", "plain");
    assert_field(fixture_line(&f, "k=1 e=host"), "source.address", "host");
}

static void times_and_zones(void **state UNUSED) {
    static const struct {
        const char *time, *line, *want;
    } rows[] = {
        {"{from: [d, t], format: '%m/%d/%y %H:%M:%S'}", "k=1 d=11/23/26 t=02:03:08", "2026-11-22T17:03:08.000Z"},
        {"{from: [d, t], format: '%Y-%m-%d %H:%M:%S', zone: UTC}", "k=1 d=2026-11-23 t=02:03:08", "2026-11-23T02:03:08.000Z"},
        {"{from: [d, t], format: iso, zone_from: z}", "k=1 d=2026-11-23 t=02:03:08 z=-0500", "2026-11-23T07:03:08.000Z"},
        {"{from: [d, t], format: iso, zone_from: z, zone: UTC}", "k=1 d=2026-11-23 t=02:03:08", "2026-11-23T02:03:08.000Z"},
        {"{from: d, format: '%d-%b-%Y %I:%M:%S%f %p'}", "k=1 d=\"3-Nov-2026 12:03:08.25 AM\"", "2026-11-02T15:03:08.250Z"},
        {"{from: d, format: '%d/%b/%Y:%H:%M:%S %z'}", "k=1 d=\"03/Nov/2026:12:03:08 +0000\"", "2026-11-03T12:03:08.000Z"},
        {"[{from: e, format: epoch}, {from: [d, t], format: iso}]", "k=1 d=2026-11-23 t=02:03:08 e=1795435200123456789", "2026-11-23T12:00:00.123Z"},
        {"[{from: e, format: epoch}, {from: [d, t], format: iso}]", "k=1 d=2026-11-23 t=02:03:08 e=x", "2026-11-22T17:03:08.000Z"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char body[512];
        snprintf(body, sizeof body, "find: [{start: 'k='}]\npairs: {}\ntime: %s\n", rows[i].time);
        with(body);
        assert_time(fixture_line(&f, rows[i].line)->timestamp_ns, rows[i].want);
    }
}

static void json_names_decide_and_stay(void **state UNUSED) {
    with("json: true\nfind: [{keys: {eventType: 'user.*', actor.name: '*'}}]\n"
         "time: {from: when, format: iso, zone: UTC}\n"
         "fields: {user.name: actor.name, source.ip: client.ip}\n"
         "when: [{if: {eventType: user.start, result: [ok, 'true']}, login: success}]\n");
    struct event *ev = fixture_line(&f, "{\"eventType\":\"user.start\",\"actor\":{\"name\":\"s\\u0061to\"},\"client\":{\"ip\":\"192.0.2.1\"},\"result\":true,\"when\":\"2026-11-23T02:03:08\"}");
    assert_login(ev, "success", "sato", "192.0.2.1");
    assert_field(ev, "eventType", "user.start");
    assert_field(ev, "kizuki.source.net", "192.0.2.1");
    assert_field(ev, "kizuki.decoder", "t");
    assert_time(ev->timestamp_ns, "2026-11-23T02:03:08.000Z");
    ev = fixture_line(&f, "{\"eventType\":\"user.start\",\"client\":{\"ip\":\"192.0.2.1\"}}");
    assert_no_field(ev, "source.ip");
    assert_field(ev, "kizuki.decoder", "json");
    /* twice the same key: the first */
    ev = fixture_line(&f, "{\"eventType\":\"user.x\",\"actor\":[{\"name\":\"a\"},{\"name\":\"b\"}]}");
    assert_field(ev, "user.name", "a");
}

/* Rules intern names beyond the well-known ones before the decoders are numbered; lazily read, an event has just those. */
static void names_rules_ask_for_are_numbered_and_kept(void **state UNUSED) {
    assert_true(event_names_intern(f.names, STR("dns.question.name")) > 0);
    assert_true(event_names_intern(f.names, STR("v.other")) > 0);
    assert_true(event_names_intern(f.names, STR("v.mapped")) > 0);
    with("find: [{start: 'k='}]\npairs: {}\nkeep: v.\nfields: {dns.question.name: mapped, dns.question.type: t}\n");
    for (int i = 0; i < 3; i++) {
        struct event *ev = fixture_line(&f, "k=1 mapped=a other=b third=c t=d");
        assert_field(ev, "dns.question.name", "a");
        assert_field(ev, "v.mapped", "a");
        assert_field(ev, "v.other", "b");
        assert_field(ev, "v.third", "c");
        assert_field(ev, "dns.question.type", "d");
    }
    struct decoder port = decode_lane_port(f.lane);
    event_begin(&f.ev, &f.arena, f.names, &f.rec);
    f.ev.lazy = true;
    assert_int_equal(port.decode(port.ctx, &f.rec, &f.ev), 0);
    assert_field(&f.ev, "dns.question.name", "a");
    assert_field(&f.ev, "v.other", "b");
    assert_no_field(&f.ev, "dns.question.type");
    assert_no_field(&f.ev, "v.third");
}

static void who_may_be_read(void **state UNUSED) {
    with("find: [{program: app}, {program: 'net*'}, {start: 'LOG '}]\nunit: ['app@*']\n"
         "messages: [{like: ['LOG {ip:source.ip}'], login: failure}]\n");
    assert_field(message("LOG 192.0.2.1"), "source.ip", "192.0.2.1");
    assert_field(fixture_line(&f, "Nov 23 02:03:08 host network[7]: LOG 192.0.2.1"), "source.ip", "192.0.2.1");
    assert_field(fixture_line(&f, "LOG 192.0.2.1"), "source.ip", "192.0.2.1");
    assert_field(fixture_line(&f, "<13>Nov 23 02:03:08 host LOG 192.0.2.1"), "source.ip", "192.0.2.1");
    /* behind somebody else's name it is that program's text */
    assert_no_field(fixture_line(&f, "Nov 23 02:03:08 host other: LOG 192.0.2.1"), "source.ip");
    f.rec.flags = RAW_BACKFILL | RAW_JOURNAL;
    static const char entry[] = "MESSAGE=LOG 192.0.2.1\nSYSLOG_IDENTIFIER=app\n_UID=%s\n_SYSTEMD_UNIT=%s\n";
    static const struct {
        const char *uid, *unit;
        bool read;
    } rows[] = {{"0", "x.service", true}, {"1000", "session-3.scope", false}, {"33", "app@1.service", true}, {"33", "appx.service", false}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, entry, rows[i].uid, rows[i].unit);
        struct event *ev = fixture_line(&f, text);
        if (rows[i].read)
            assert_field(ev, "source.ip", "192.0.2.1");
        else
            assert_no_field(ev, "source.ip");
        if (!rows[i].read)
            assert_field(ev, "tags", "forged-identity");
    }
    f.rec.flags = RAW_BACKFILL;
    /* the operator may force it */
    f.source.decoder = STR("t");
    assert_int_equal(decode_check_source(&f.source, set, NULL), 0);
    assert_field(fixture_line(&f, "LOG 192.0.2.1"), "source.ip", "192.0.2.1");
    assert_int_equal(fixture_line(&f, "other")->flags & EVENT_UNPARSED, EVENT_UNPARSED);
    f.source.decoder = STR_NULL;
}

static void values_in_any_encoding_become_readable(void **state UNUSED) {
    with(FIND "messages: [{like: ['user {word:user.name} in']}]\n");
    struct event *ev = message("user \x8d\xb2\x93\xa1 in"); /* CP932 */
    assert_field(ev, "user.name", "\xe4\xbd\x90\xe8\x97\xa4");
}

static void bad_files_are_refused_with_their_place(void **state UNUSED) {
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "t.yml:1:1: the file is empty; a decoder has 'decoder', 'help', 'find' and 'samples'"},
        {"[]", "t.yml:1:1: a decoder file is a mapping with 'decoder', 'help', 'find' and 'samples'"},
        {"help: x\n", "t.yml:1:1: 'decoder' is missing: its name"},
        {"decoder: Big\nhelp: x\n", "t.yml:1:10: the name of a decoder has small letters, digits, '_' and '-'"},
        {"decoder: sshd\nhelp: x\n", "t.yml:1:10: 'sshd' is built in; take another name"},
        {"decoder: t\n", "t.yml:1:1: 'help' is missing: one line saying what it reads"},
        {HEAD FIND "messages: [{like: 'x'}]\n", "t.yml:1:1: 'samples' is missing: lines with what they must give"},
        {HEAD "messages: [{like: 'x'}]\n" TAIL, "t.yml:1:1: 'find' is a list: how a line finds this decoder"},
        {HEAD FIND TAIL, "t.yml:1:1: a decoder has one of 'messages', 'pairs', 'columns' and 'json: true'"},
        {HEAD "find: [{program: sshd}]\nmessages: []\n" TAIL, "t.yml:3:8: sshd is read by the built-in decoder sshd"},
        {HEAD "find: [{program: '*'}]\nmessages: []\n" TAIL,
         "t.yml:3:8: '*' stands at the end of a program's name, behind at least two bytes"},
        {HEAD "find: [{within: x}]\nmessages: []\n" TAIL,
         "t.yml:3:8: a line is found by 'program', by 'start', its first bytes, or by 'shape', what they look like (0 a digit, A and a a letter)"},
        {HEAD FIND "messages: [{like: 'a {wrod:x}'}]\n" TAIL,
         "t.yml:4:19: no capture is called so; there are text, longest, word, int, ip, mac, quoted, time, space, pairs: 'wrod'"},
        {HEAD FIND "messages: [{like: 'a {word:x'}]\n" TAIL,
         "t.yml:4:19: a '{' without its '}'; a brace itself is written twice: 'a {word:x'"},
        {HEAD FIND "messages: [{like: 'a } b'}]\n" TAIL,
         "t.yml:4:19: a '}' without its '{'; a brace itself is written twice: 'a } b'"},
        {HEAD FIND "messages: [{like: '{text}{word}'}]\n" TAIL,
         "t.yml:4:19: nothing tells where {text} ends; put a literal behind it: '{text}{word}'"},
        {HEAD FIND "messages: [{like: '{word:kizuki.count}'}]\n" TAIL,
         "t.yml:4:19: no decoder sets kizuki.count: Kizuki derives it itself"},
        {HEAD FIND "messages: [{like: 'x', set: {'@timestamp': y}}]\n" TAIL,
         "t.yml:4:44: no decoder sets @timestamp: Kizuki derives it itself"},
        {HEAD FIND "messages: [{like: 'x', set: {'a b': y}}]\n" TAIL,
         "t.yml:4:37: 'a b' is no name of a field; ECS names have letters, digits, '_' and '.'"},
        {HEAD FIND "messages: [{like: 'x', login: maybe}]\n" TAIL, "t.yml:4:31: 'login' is success or failure"},
        {HEAD FIND "messages: [{like: 'x', when: [{if: {a: 'x*y'}}]}]\n" TAIL,
         "t.yml:4:40: '*' stands at the start or the end of 'x*y', or at both"},
        {HEAD FIND "messages: [{like: 'x', fields: {event.action: {from: a, as: b}}}]\n" TAIL,
         "t.yml:4:61: 'as' is one of text, int, ip, endpoint, mac, lower, account, plus, hex, seconds, millis, first, uri"},
        {HEAD FIND "messages: [{like: 'x'}]\ntime: {from: a, format: '%Y'}\n" TAIL,
         "t.yml:5:25: a format needs year, month, day and hour: '%Y'"},
        {HEAD FIND "messages: [{like: 'x'}]\ntime: {from: a, format: unix}\n" TAIL,
         "t.yml:5:25: no time is called so; there are iso, bsd, clf, slash, ctime, epoch, any and formats with %Y: 'unix'"},
        {HEAD FIND "messages: [{like: 'x'}]\ntime: {from: a, zone: JST}\n" TAIL,
         "t.yml:5:23: 'JST' is no zone; a zone is UTC or an offset such as +09:00"},
        {HEAD FIND "columns: {separator: ','}\n" TAIL, "t.yml:4:10: 'layouts' is missing: which columns a line may have"},
        {HEAD "json: true\n" FIND TAIL, "t.yml:4:8: a decoder of JSON is found by 'keys'"},
        {HEAD FIND "messages: [{like: 'x'}]\nsamples: [{line: x, expect: {}}]\n",
         "t.yml:5:11: 'url' is missing: the page that describes such lines"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct decode_set *s = NULL;
        struct diag d = {0};
        char line[1024];
        int r = decode_set_load_text(str_of(rows[i].text), "t.yml", &s, &d);
        decode_set_unref(s);
        if (r >= 0)
            fail_msg("taken: %s", rows[i].text);
        if (strcmp(diag_format(&d, line, sizeof line), rows[i].want) != 0)
            fail_msg("\n got  %s\n want %s", line, rows[i].want);
    }
    /* a key that is misspelt is none that is passed over */
    struct decode_set *s = NULL;
    assert_true(decode_set_load_text(STR(HEAD FIND "mesages: []\n" TAIL), "t.yml", &s, NULL) < 0);
}

static void one_bad_file_does_not_hide_the_others(void **state UNUSED) {
    static const char *const paths[] = {"content/decoders/postfix.yml", "tests/unit/decode/no_such.yml",
                                        "content/decoders/dovecot.yml", "content/decoders/postfix.yml"};
    struct decode_set *s = NULL;
    assert_int_equal(decode_set_load(paths, ARRAY_SIZE(paths), &s, NULL), 0);
    assert_int_equal(decode_set_count(s), 2); /* of one name the later counts */
    assert_non_null(decode_set_refused(s, 0));
    assert_null(decode_set_refused(s, 1));
    decode_set_unref(s);
}

static int n_samples;
static void say(void *ctx UNUSED, const char *file, unsigned line, const char *wrong) {
    n_samples++;
    if (wrong)
        fail_msg("%s:%u: %s", file, line, wrong);
}

static void shipped_samples_give_what_they_say(void **state UNUSED) {
    static const char *const paths[] = {"content/decoders"};
    struct decode_set *s = NULL;
    char line[1024];
    assert_int_equal(decode_set_load(paths, 1, &s, NULL), 0);
    if (decode_set_refused(s, 0))
        fail_msg("%s", diag_format(decode_set_refused(s, 0), line, sizeof line));
    n_samples = 0;
    for (size_t i = 0; i < decode_set_count(s); i++) {
        assert_true(decode_set_at(s, i).n_samples > 0);
        assert_int_equal(decode_set_test(s, i, say, NULL), 0);
    }
    assert_true(n_samples > 10);
    decode_set_unref(s);
}

static void samples_that_are_wrong_are_told(void **state UNUSED) {
    static const char *const wrong[] = {
        "{event.action: out}", "{event.action: ~}", "{user.name: sato}", "{unparsed: true}", "{'@timestamp': '2026-01-01T00:00:00.000Z'}",
        "{event.action: [in, in]}"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong) + 1; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 HEAD FIND "messages: [{like: go, set: {event.action: in}}]\nsamples: [{line: 'Nov 23 02:03:08 host app: go', "
                           "url: 'https://example.com/', expect: %s}]\n",
                 i < ARRAY_SIZE(wrong) ? wrong[i] : "{event.action: in, user.name: ~, '@timestamp': '2026-11-22T17:03:08.000Z'}");
        struct decode_set *s = NULL;
        struct diag d = {0};
        char line[1024];
        if (decode_set_load_text(str_of(text), "t.yml", &s, &d) < 0)
            fail_msg("%s", diag_format(&d, line, sizeof line));
        assert_int_equal(decode_set_test(s, 0, NULL, NULL), i < ARRAY_SIZE(wrong));
        decode_set_unref(s);
    }
}

static int load_for_torture(void *ctx UNUSED) {
    static const char text[] = HEAD
        "find: [{program: [app, 'bb*']}, {start: 'k='}]\npairs: {}\nhead: 'k={int:n} '\ntime: {from: t, format: epoch}\n"
        "fields: {source.ip: {from: ip, as: endpoint}, event.reason: {from: x, table: {a: b}}}\n"
        "when: [{if: {x: [a, b]}, set: {event.action: [c, d]}}]\n" TAIL;
    struct decode_set *s = NULL;
    int r = decode_set_load_text(STR(text), "t.yml", &s, NULL);
    decode_set_unref(s);
    return r;
}

static void memory_may_end_anywhere(void **state UNUSED) {
    torture(load_for_torture, NULL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)
UNIT_GROUP(decode_recipe, TEST(captures_take_what_they_name), TEST(addresses_are_read_in_every_form),
           TEST(text_ends_at_the_first_place_and_longest_at_the_last), TEST(lists_are_read_with_their_quotes),
           TEST(columns_are_told_by_number_and_look), TEST(a_source_s_own_service_stands_before_a_constant), TEST(the_most_specific_says_what_it_is),
           TEST(values_change_as_they_are_told), TEST(times_and_zones), TEST(json_names_decide_and_stay),
           TEST(names_rules_ask_for_are_numbered_and_kept), TEST(who_may_be_read), TEST(values_in_any_encoding_become_readable),
           TEST(bad_files_are_refused_with_their_place), TEST(one_bad_file_does_not_hide_the_others),
           TEST(shipped_samples_give_what_they_say), TEST(samples_that_are_wrong_are_told), TEST(memory_may_end_anywhere))
