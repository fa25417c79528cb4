/* A year of a room, for ./dev bench room and the test of what pages cost: cases spread evenly over the year before now, each
 * opened by a finding of its own (an address, a service, ten accounts) and worked on by eight people; all but the newest fifty
 * are closed. Written by the room itself, in transactions of some hundred rows, so that every row stands in the chain.
 *
 * usage: room_gen DIR CASES ENTRIES SERVICES   (ENTRIES: of the timeline, for each case)
 * Not here: messages, playbooks and acts; a page that shows them is measured empty of them. */
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "room/finding_in.h"
#include "room/fold.h"
#include "room/incident.h"
#include "room/incident_priv.h"
#include "room/person.h"
#include "room/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PEOPLE = 8, OPEN = 50, AT_ONCE = 20, ACCOUNTS = 10, YEAR_H = 365 * 24 };

static int64_t now_ns, services;

static int64_t now(void *ctx UNUSED) {
    return now_ns;
}

static void must(int e, const struct diag *d) {
    if (e >= 0)
        return;
    fprintf(stderr, "room_gen: %s\n", d->text);
    exit(1);
}

static void value(struct jsonw *w, const char *text) {
    jsonw_object(w);
    jsonw_kz(w, "value", text);
    jsonw_ki64(w, "count", 3);
    jsonw_ktime(w, "first", now_ns - 5 * NS_PER_MIN);
    jsonw_end(w);
}

static void listed(struct jsonw *w, const char *field, int n) {
    jsonw_key(w, str_of(field));
    jsonw_object(w);
    jsonw_ki64(w, "distinct", n);
    jsonw_kbool(w, "at_least", false);
    jsonw_key(w, STR("listed"));
    jsonw_array(w);
}

/* The wire form of src/app/sensor: what content/extensions.md calls a finding. */
static void finding(struct buf *out, int n) {
    struct jsonw w;
    char id[40], source[40], service[16], account[24];
    snprintf(id, sizeof id, "%032x", (unsigned) n);
    snprintf(source, sizeof source, "10.%d.%d.%d", n >> 16 & 255, n >> 8 & 255, n & 255);
    snprintf(service, sizeof service, "service-%d", n % (int) services);
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "id", id);
    jsonw_kz(&w, "state", "open");
    jsonw_ki64(&w, "revision", 1);
    jsonw_key(&w, STR("rule"));
    jsonw_object(&w);
    jsonw_kz(&w, "id", "bench");
    jsonw_kz(&w, "title", "Account list attack");
    jsonw_kz(&w, "kind", "list_attack");
    jsonw_kz(&w, "propose", "block_source");
    jsonw_end(&w);
    jsonw_kz(&w, "level", n % 5 ? "high" : "critical");
    jsonw_key(&w, STR("group"));
    jsonw_object(&w);
    jsonw_kz(&w, "kizuki.source.net", source);
    jsonw_end(&w);
    jsonw_ki64(&w, "count", 60);
    jsonw_ktime(&w, "first", now_ns - 5 * NS_PER_MIN);
    jsonw_ktime(&w, "last", now_ns);
    jsonw_ktime(&w, "detected", now_ns);
    jsonw_key(&w, STR("measures"));
    jsonw_object(&w);
    jsonw_ki64(&w, "tries", 60);
    jsonw_ki64(&w, "accounts", ACCOUNTS);
    jsonw_ki64(&w, "good_accounts", 0);
    jsonw_end(&w);
    jsonw_key(&w, STR("values"));
    jsonw_object(&w);
    listed(&w, "user.name", ACCOUNTS);
    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(account, sizeof account, "member%05d", n * 7 % 90000 + i);
        value(&w, account);
    }
    jsonw_end(&w);
    jsonw_end(&w);
    listed(&w, "service.name", 1);
    value(&w, service);
    jsonw_end(&w);
    jsonw_end(&w);
    jsonw_end(&w);
    jsonw_key(&w, STR("evidence"));
    jsonw_array(&w);
    jsonw_object(&w);
    jsonw_ki64(&w, "spool", 1000 + n);
    jsonw_end(&w);
    jsonw_end(&w);
    jsonw_end(&w);
}

static int64_t open_case(struct room *r, int n, struct diag *d) {
    struct room_folded folded;
    struct room_finding in;
    struct arena a;
    struct buf json;
    arena_init(&a, 1 << 22);
    buf_init(&json, 1 << 16);
    finding(&json, n);
    must(room_finding_parse(&a, buf_str(&json), &in, d), d);
    must(room_fold(r, &in, buf_str(&json), &folded, d), d);
    buf_done(&json);
    arena_done(&a);
    if (!folded.incident) {
        fprintf(stderr, "room_gen: finding %d opened no case\n", n);
        exit(1);
    }
    return folded.incident;
}

static const char *const WORDS[] = {"回線業者に連絡した。折り返しを待つ", "会員サイトの担当に状況を聞いた", "Looked at the log of the gateway: nothing new",
                                    "凍結の対象を数え直した", "夜間の当番に引き継いだ"};

static void work(struct room *r, int64_t incident, const struct room_actor *people, int entries, struct diag *d) {
    for (int i = 0; i < entries; i++) {
        struct room_entry x = {.incident = incident,
                               .at_ns = now_ns + i * 3 * NS_PER_MIN,
                               .until_ns = TIME_NONE,
                               .lane = room_lane_at((size_t) (2 + i % 6)),
                               .kind = "action",
                               .plain = str_of(WORDS[i % (int) ARRAY_SIZE(WORDS)]),
                               .precision_s = -1};
        must(room_timeline_put(r, &people[i % PEOPLE], &x, NULL, d), d);
    }
}

static void close_case(struct room *r, const struct room_actor *by, int64_t incident, struct diag *d) {
    struct room_row row;
    struct room_incident_change c = {.set_state = true, .open = false};
    must(room_row_load(r, OBJECT_INCIDENT, incident, &row, d), d);
    must(room_incident_change(r, by, incident, row.version, &c, d), d);
}

int main(int argc, char **argv) {
    static struct room_actor people[PEOPLE];
    struct diag d = {0};
    int64_t cases, entries, opened[AT_ONCE];
    char path[512];
    struct sign_secret key;
    struct sign_public public_key;
    struct room_policy policy;
    struct room *r;
    struct port_clock clock = {NULL, now};
    if (argc != 5 || str_to_i64(str_of(argv[2]), &cases) < 0 || str_to_i64(str_of(argv[3]), &entries) < 0 || cases < 1 || cases > 1 << 24 ||
        str_to_i64(str_of(argv[4]), &services) < 0 || services < 1 || services > 1000) {
        fputs("usage: room_gen DIR CASES ENTRIES SERVICES\n", stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/room", argv[1]);
    if (mkdir(argv[1], 0700) < 0 && errno != EEXIST)
        return 1;
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return 1;
    int64_t end_ns = time_now_ns(), begin_ns = end_ns - YEAR_H * NS_PER_HOUR;
    now_ns = begin_ns;
    room_policy_default(&policy);
    snprintf(path, sizeof path, "%s/room/order.key", argv[1]);
    must(sign_key_open(path, &key, &public_key, &d), &d);
    snprintf(path, sizeof path, "%s/room/room.db", argv[1]);
    struct room_options o = {.path = path, .clock = &clock, .wall = &clock, .policy = &policy, .key = &key, .public_key = &public_key};
    must(room_open(&o, &r, &d), &d);
    for (int i = 0; i < PEOPLE; i++) {
        char name[24];
        int64_t id;
        struct room_person p;
        snprintf(name, sizeof name, i ? "handler-%d" : "chief", i);
        must(room_person_add(r, &room_system, str_of(name), i ? ROLE_HANDLER : ROLE_ADMINISTRATOR, STR("ja"), &id, &d), &d);
        must(room_person_load(r, id, &p, &d), &d);
        people[i] = p.actor;
    }
    for (int i = 0; i < cases; i++) {
        now_ns = begin_ns + (end_ns - begin_ns) / cases * i;
        if (i % AT_ONCE == 0)
            must(room_begin(r, &d), &d);
        opened[i % AT_ONCE] = open_case(r, i, &d);
        work(r, opened[i % AT_ONCE], people, (int) entries, &d);
        if ((i + 1) % AT_ONCE && i + 1 < cases)
            continue;
        must(room_end(r, 0, &d), &d);
        for (int k = 0; k <= i % AT_ONCE; k++)
            if (i - i % AT_ONCE + k + OPEN < cases)
                close_case(r, &people[0], opened[k], &d);
    }
    room_close(r);
    printf("%lld cases, %lld entries\n", (long long) cases, (long long) (cases * entries));
    return 0;
}
