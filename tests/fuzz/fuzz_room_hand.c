/* What a hand says: it may be anything, and can only answer what was asked. The first byte chooses
 * what the room waits for. */
#include "room/action.h"
#include "room/fold.h"
#include "room/person.h"
#include "room/policy.h"
#include "room/write.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t now_ns(void *ctx UNUSED) {
    return INT64_C(1795366988) * NS_PER_S;
}

static int drop(void *ctx UNUSED, struct str note UNUSED) {
    return 0;
}

static const char attack[] = "{\"id\":\"00112233445566778899aabbccddeeff\",\"state\":\"open\","
                             "\"revision\":1,\"rule\":{\"id\":\"r\","
                             "\"kind\":\"list_attack\",\"propose\":\"block_source\"},\"level\":"
                             "\"high\",\"group\":{\"kizuki.source.net\":"
                             "\"198.51.100.1\"},\"count\":9,\"first\":\"2026-11-22T17:03:00Z\","
                             "\"last\":\"2026-11-22T17:03:08Z\","
                             "\"detected\":\"2026-11-22T17:03:08Z\",\"measures\":{\"good_"
                             "accounts\":0},\"values\":{},\"evidence\":[]}";

static struct room *start(void) {
    static struct room_policy policy;
    static struct sign_secret key;
    static struct sign_public public_key;
    static struct port_clock clock = {NULL, now_ns};
    struct room_options o = {.path = ":memory:",
                             .clock = &clock,
                             .wall = &clock,
                             .policy = &policy,
                             .key = &key,
                             .public_key = &public_key};
    struct room_finding f;
    struct room_folded x;
    struct room *r;
    struct arena a;
    char dir[] = "/tmp/kizuki-fuzz-XXXXXX", path[64];
    arena_init(&a, 1 << 20);
    room_policy_default(&policy);
    ASSERT(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/k", dir);
    ASSERT(sign_key_open(path, &key, &public_key, NULL) == 0);
    (void) unlink(path);
    snprintf(path, sizeof path, "%s/k.pub", dir);
    (void) unlink(path);
    (void) rmdir(dir);
    ASSERT(room_open(&o, &r, NULL) == 0);
    int64_t id;
    ASSERT(room_person_add(r, &room_system, STR("duty"), ROLE_HANDLER, STR("ja"), &id, NULL) == 0);
    ASSERT(room_finding_parse(&a, STR(attack), &f, NULL) == 0 && room_begin(r, NULL) == 0);
    ASSERT(room_end(r, room_fold(r, &f, STR(attack), &x, NULL), NULL) == 0);
    ASSERT(room_hand_connected(r, true, NULL) == 0);
    struct room_actor duty = {.role = ROLE_HANDLER, .person = id};
    ASSERT(room_action_approve(r, &duty, 1, 1, 60, NULL) == 0);
    ASSERT(room_hand_poll(r, drop, NULL, NULL) == 0);
    arena_done(&a);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct room *r;
    static int n;
    if (r && ++n % 2000 == 0) { /* what was taken stays: begin anew now and then */
        room_close(r);
        r = NULL;
    }
    if (!r)
        r = start();
    IGNORE(room_hand_message(r, str_n((const char *) data, size), NULL));
    return 0;
}
