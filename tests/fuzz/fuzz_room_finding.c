/* A finding as a sensor sends it: read, folded into a room in memory, written out again; what went
 * in is never lost silently and what comes out is always JSON. */
#include "room/finding.h"
#include "room/fold.h"
#include "room/incident.h"
#include "room/policy.h"
#include "room/write.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t now_ns(void *ctx UNUSED) {
    return INT64_C(1795366988) * NS_PER_S;
}

static void read_back(struct room *r, struct arena *a, int64_t incident) {
    struct room_actor who = {.role = ROLE_ADMINISTRATOR, .person = 1};
    struct json_value *v;
    struct jsonw w;
    struct buf out;
    buf_init(&out, (size_t) 64 << 20);
    jsonw_init(&w, &out);
    jsonw_array(&w);
    ASSERT(room_findings_write(r, incident, 10, 0, &w, NULL) == 0);
    if (incident)
        ASSERT(room_incident_write(r, incident, &who, NULL, 0, &w, NULL) == 0);
    jsonw_end(&w);
    ASSERT(buf_error(&out) == 0 && json_parse(a, buf_str(&out), &v, NULL) == 0);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct room *r;
    static struct room_policy policy;
    struct room_finding f;
    struct room_folded x;
    struct arena a;
    struct str json = str_n((const char *) data, size);
    if (!r) {
        struct port_clock clock = {NULL, now_ns};
        struct room_options o = {
            .path = ":memory:", .clock = &clock, .wall = &clock, .policy = &policy};
        room_policy_default(&policy);
        ASSERT(room_open(&o, &r, NULL) == 0);
    }
    arena_init(&a, (size_t) 64 << 20);
    if (room_finding_parse(&a, json, &f, NULL) == 0) {
        struct json_value *v;
        ASSERT(json_parse(&a, json, &v, NULL) == 0);
        room_finding_set_ways(&f, json_get_array(v, "tags"));
        ASSERT(f.n_ways >= 1 && f.n_ways <= ROOM_WAYS_MAX);
        ASSERT(room_begin(r, NULL) == 0);
        int e = room_fold(r, &f, json, &x, NULL);
        if (e == 0)
            read_back(r, &a, x.incident);
        IGNORE(room_end(r, e == 0 ? -ECANCELED : e, NULL)); /* each input meets the same room */
    }
    arena_done(&a);
    return 0;
}
