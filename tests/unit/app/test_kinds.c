/* Lines as products write them, read by the shipped decoders, tell which kind of log their source delivers; what it is called tells nothing. */
#include "unit.h"

#include "app/engine/counts.h"
#include "decode/decode.h"
#include "event/names.h"

static const struct {
    const char *line, *kinds;
} LINES[] = {
    {"Nov 23 02:03:08 web1 sshd[1]: Failed password for root from 192.0.2.1 port 22 ssh2", "login"},
    {"192.0.2.1 - - [23/Nov/2026:02:03:08 +0900] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"", "web"},
    {"Nov 23 02:03:08 px squid[1]: 1795366988.123    105 192.168.1.10 TCP_TUNNEL/200 10600 CONNECT www.example.org:443 sato HIER_DIRECT/203.0.113.80 -", "proxy"},
    {"Nov 23 02:03:08 ns1 named[4242]: client @0x7f12c8001234 192.168.1.10#53423 (www.example.org): query: www.example.org IN A +E(0)K (192.0.2.53)", "dns"},
    {"Nov 23 02:03:08 gw dhcpd[4242]: DHCPACK on 192.168.1.10 to 00:a0:de:0a:0b:0c (pc-sato) via eth1", "dhcp"},
    {"[1795366988.123456]\t    [NEW] tcp      6 120 SYN_SENT src=192.168.1.10 dst=203.0.113.80 sport=51234 dport=443 [UNREPLIED] src=203.0.113.80 dst=198.51.100.1 sport=443 "
     "dport=40001",
     "nat"},
    {"Nov 23 02:03:08 mail postfix/qmgr[1]: 4ABC12: from=<info@example.jp>, size=100, nrcpt=1 (queue active)", "mail"},
    {"{\"id\":\"aaaa\",\"createdDateTime\":\"2026-11-22T17:03:08Z\",\"userPrincipalName\":\"sato@example.jp\",\"appDisplayName\":\"Exchange\",\"ipAddress\":\"198.51.100.7\","
     "\"clientAppUsed\":\"Browser\",\"isInteractive\":true,\"status\":{\"errorCode\":50126}}",
     "login signin"},
    {"{\"@timestamp\":\"2026-11-23T02:03:08Z\",\"metricset\":{\"name\":\"cpu\"},\"event\":{\"dataset\":\"system.cpu\"}}", "metric"},
    {"{\"@timestamp\":\"2026-11-23T02:03:08Z\",\"winlog\":{\"channel\":\"Security\"},\"event\":{\"code\":\"4625\"}}", "login host"},
    {"Nov 23 02:03:08 nat-01 cron[1]: (root) CMD (login nginx dhcp)", ""},
};

static struct source SOURCE = {.name = {"nat login", 9}};
static const struct source *source_of(void *ctx UNUSED, uint32_t id UNUSED) {
    return &SOURCE;
}

static void lines_say_what_a_source_delivers(void **state UNUSED) {
    struct event_names *names = event_names_new();
    struct decode_set *set = NULL;
    struct decode *d = NULL;
    struct diag err = {0};
    struct source_counts counts = {0};
    struct arena a;
    setenv("KIZUKI_CONTENT", "content", 1);
    arena_init(&a, 1 << 22);
    if (engine_decoders(NULL, 0, &set, &err) < 0 || log_kinds_ask(names) < 0 || decode_new(names, source_of, NULL, set, &d, &err) < 0)
        fail_msg("%s", err.text);
    event_names_freeze(names);
    struct decoder port = decode_port(d);
    for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
        struct raw_record rec = {.bytes = str_of(LINES[i].line), .arrival_ns = 1795366988ll * NS_PER_S, .flags = RAW_BACKFILL, .source = (uint32_t) i + 1};
        char said[100] = "";
        struct event ev;
        arena_reset(&a);
        event_begin(&ev, &a, names, &rec);
        assert_int_equal(port.decode(port.ctx, &rec, &ev), 0);
        assert_int_equal(source_counts_note(&counts, NULL, NULL, &ev), 0);
        for (int k = 0; k < LOG_KIND_MAX_; k++)
            if (counts.at[i + 1].kinds_ns[k])
                snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s", said[0] ? " " : "", log_kind_to_string((enum log_kind) k));
        if (strcmp(said, LINES[i].kinds) != 0)
            fail_msg("'%s' is of kind '%s', not '%s'", LINES[i].line, said, LINES[i].kinds);
    }
    source_counts_done(&counts);
    decode_free(d);
    decode_set_unref(set);
    event_names_free(names);
    arena_done(&a);
}

UNIT_GROUP(app_kinds, cmocka_unit_test(lines_say_what_a_source_delivers))
