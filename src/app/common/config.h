/* kizuki.yml: what an operator tells Kizuki. Everything has a default; a missing file is an empty one.
 *
 *   https: 127.0.0.1:8443          address of the pages and the API
 *   address: https://kizuki.example.jp   where people find them: stands in links of mails
 *   certificate: {chain: F, key: F}  the operator's own; without it one is made at first start
 *   syslog: [127.0.0.1:5514]       UDP and TCP, both framings, on each
 *   zone: "+09:00"                 for times that carry none
 *   rules: [PATH…]                 files and folders of Sigma rules beside the shipped ones
 *   sources:                       what to read here; without this list the usual logs are looked for
 *     - {name: N, kind: file|journal|replay, path: GLOB, decoder: D, service: S, host: H, encoding: E, zone: Z, skew: 5m}
 *   services:                      what is run for others; order is the order on the pages
 *     - {name: S, title: {ja: T, en: T}, owner: {ja: T, en: T}, pages: [{path: PREFIX, shows: {ja: T, en: T}}]}
 *   partners: [CIDR…]              never blocked
 *   shared: [CIDR…]                addresses shared by many people: only ever proposed
 *   own: [CIDR or NAME…]           our networks and domains: never taken for indicators
 *   block: {automatic: false, minutes: 60}
 *   intake:                        senders that are answered; src/app/gate takes them. At most 4 addresses of each
 *     http: [ADDR:PORT]            Elastic _bulk, Splunk HEC, OTLP, systemd-journal-upload, lines; https: the same in TLS
 *     without_token: [CIDR…]       who may send over HTTP without a token (`kizuki token`); nobody otherwise
 *     elastic_version: 8.13.0      what Elastic's shippers are told; it has to be at least their own
 *     relp: [ADDR:PORT]            acknowledged syslog (rsyslog omrelp); relp_tls: the same in TLS
 *     syslog_tls: [ADDR:PORT]      syslog in TLS (RFC 5425; 6514)
 *     snmp: [ADDR:PORT]            notifications of SNMP v1, v2c, v3 (162)
 *     flow: [ADDR:PORT]            NetFlow v5 and v9, IPFIX (2055, 4739)
 *     collectd: [ADDR:PORT]        figures of collectd's network plugin (25826)
 *     statsd: [ADDR:PORT]          figures of StatsD clients (8125)
 *     certificate: {chain: F, key: F}  for what is in TLS
 *     clients: F                   authorities; with it only senders in TLS with a certificate of theirs are let in, and its name is
 *                                  that of their source
 *   spool: {segment: 64, close_after: 1h}  MiB; a segment is sealed once it is closed, by size or by age
 *   retention:                     how long records are kept; without `keep` nothing is ever removed (docs/spool.md)
 *     keep: 400d
 *     required: 1y                 what law or contract asks for; `keep` may not be shorter
 *     why: TEXT                    by which law or contract
 *     hold: 3y                     how long what a case stands on stays after it was closed; forever
 *     sources:                     where one source differs; a segment stays as long as its longest
 *       - {name: N, keep: 800d, required: 3y, why: TEXT, own: 30d}   own: how long the source itself keeps its logs
 *   vault:                         copies of what is sealed, in another Kizuki (docs/spool.md)
 *     offer: [ADDR:PORT]           on the first: where enrolled vaults may ask. At most 4
 *     every: 10s                   on the vault: how often it asks
 *     silent_after: 10m            and when it tells that the first does not answer,
 *     stale_after: 3h              or answers and seals nothing
 *     retention:                   how long copies are kept here; without `keep` nothing is ever removed
 *       {keep: 800d, required: 3y, why: TEXT, sources: [as above, without own], copies: [{name: N, keep…, sources…}]}
 *                                  a row of `copies` stands for itself: nothing general holds beside it
 *   trace: {test_at: "03:30"}      when Kizuki tries every night whether one of its own connections can be traced, or never
 *   login:                         who may ask about logins of members, and what is answered (docs/logins.md)
 *   reports:                       what people report (docs/reports.md)
 *     form: true                   https://HOST/report is there for anybody, signed in or not
 *     call: {ja: T, en: T}         whom to call when it is urgent, as it is shown; phone: a number that a telephone can call
 *     an_hour: 300                 reports of strangers that are taken in an hour, all together
 *   firewalls:                     packet filters whose configuration is compared (docs/firewall.md), at most 64
 *     - {name: N, file: PATH, kind: K, service: S, outside: [ZONE…], inside: [ZONE…]}   a zone may end in *
 *   index: {use: true, library: FILE, memory: 1024, url: http://HOST:PORT/DATABASE}
 *                                  kizuki-index runs when the library is there (DATA/index/libchdb.so, put there by
 *                                  `kizuki index fetch`) and `use` is not false; memory in MB. With url a cluster is
 *                                  used instead, and none of our own is started (docs/search.md)
 *
 * A key that is not known is refused with its place: a misspelt setting must not pass in silence. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "event/record.h"

struct config_address {
    char host[64];
    uint16_t port;
};
struct config_title {
    struct str ja, en;
};
struct config_page {
    struct str path; /* prefix of url.path */
    struct config_title shows;
};
struct config_service {
    struct str name;
    struct config_title title, owner;
    const struct config_page *pages;
    size_t n_pages;
};
struct config_strs {
    struct str *p;
    size_t n;
};
/* A kind of listener of the gate: a key under `intake`, and how the gate is told of its socket. */
enum config_gate_kind { GATE_HTTP, GATE_HTTPS, GATE_RELP, GATE_RELP_TLS, GATE_SYSLOG_TLS, GATE_SNMP, GATE_FLOW, GATE_COLLECTD, GATE_STATSD, GATE_KIND_MAX_ };
enum { GATE_ADDRESSES_MAX = 4, GATE_OPEN_MAX = 64 };
struct config_gate_row {
    const char *key, *option; /* option of kizuki-gate */
    bool tls, datagrams;
};
extern const struct config_gate_row CONFIG_GATE[GATE_KIND_MAX_];
struct config_gate {
    struct config_address at[GATE_KIND_MAX_][GATE_ADDRESSES_MAX];
    size_t n[GATE_KIND_MAX_];
    struct str chain, key, clients; /* paths; .p NULL: not given */
    struct str elastic_version;
    struct ip_prefix open[GATE_OPEN_MAX]; /* who needs no token */
    size_t n_open;
};

/* Three years: the time in which unauthorised access (不正アクセス行為) can be prosecuted (刑事訴訟法250条2項6号). */
#define CONFIG_HOLD_NS (3 * 365 * NS_PER_DAY)
#define CONFIG_HOLD_FOREVER INT64_MAX

/* How long records are kept. */
struct config_keeping {
    struct str name;                      /* of the source; empty: all others */
    int64_t keep_ns, required_ns, own_ns; /* 0: not said */
    struct str why;
};
struct config_retention {
    struct str copy; /* whose copy, in a row of vault's `copies` */
    struct config_keeping all, *rows;
    size_t n;
};

struct config {
    struct arena arena;
    char file[4096]; /* "" when there was none */
    char data[4096];
    struct config_address https;
    struct str address; /* of the pages as people type it, without a slash at the end; .p NULL: that of https */
    struct str certificate_chain, certificate_key;
    struct config_address syslog[16];
    size_t n_syslog;
    struct config_gate gate;
    int offset_min;
    struct config_strs rules, partners, shared, own;
    struct source *sources;
    size_t n_sources;
    bool sources_given; /* the file has a list, even an empty one */
    struct config_service *services;
    size_t n_services;
    bool block_automatic;
    int64_t block_minutes;
    uint64_t segment_bytes;
    int64_t close_after_ns;
    int64_t canary_late_ns;
    struct config_retention retention;
    int64_t hold_ns; /* after a case was closed; CONFIG_HOLD_FOREVER */
    struct config_vault {
        struct config_address offer[4];
        size_t n_offer;
        int64_t every_ns, silent_after_ns, stale_after_ns;
        struct config_retention retention, *copies; /* of those with a row of their own */
        size_t n_copies;
    } vault;
    struct config_firewall {
        struct str name, file, kind, service; /* kind empty: seen from the text */
        struct config_strs outside, inside;
    } *firewalls;
    size_t n_firewalls;
    struct config_reports {
        bool form;
        struct config_title call; /* .p NULL: not said */
        struct str phone;
        int64_t an_hour;
    } reports;
    const struct yaml_node *login; /* read by the room (src/room/login.h); NULL: nobody asks */
    int trace_test_min; /* minute of the day in `zone`; -1: never */
    bool index_use;
    struct str index_library, index_url; /* .p NULL: not given; with a NUL behind */
    int64_t index_memory_mb;
};

/* data: the data folder; NULL = the default (/var/lib/kizuki for root, ~/.local/share/kizuki else).
 * file: NULL = DATA/kizuki.yml if it exists. *ret is freed with config_free. */
int config_load(const char *data, const char *file, struct config **ret, struct diag *reterr) MUST_USE;
void config_free(struct config *c);
DEFINE_CLEANUP(struct config *, config_free)
/* What holds for a source: its own row with what that leaves open taken from the general one. */
struct config_keeping config_keeping_of(const struct config_retention *r, struct str source);
/* How long what is kept here of another Kizuki is kept: its own row alone, else what holds for every copy. */
const struct config_retention *config_retention_of_copy(const struct config *c, struct str name);
/* Whether there is anything for the gate to do. */
bool config_has_gate(const struct config *c);
/* "192.0.2.1:514", "[::1]:514", ":8443" (every address). */
int config_parse_address(struct str s, struct config_address *ret) MUST_USE;
