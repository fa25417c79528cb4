/* A decoder file from anywhere: read, and if it makes sense asked about some lines. */
#include "../unit/decode/ways.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct decode_set *set) {
    static const char *const lines[] = {
        "Nov 23 02:03:08 host app: user sato from 192.0.2.1 port 22", "k=1 a=b ip=192.0.2.1 msg='x=y'",
        "1,2026/11/23,02:03:08,192.0.2.1,\"a\"", "{\"a\":{\"b\":\"c\"},\"e\":1}", "#Fields: a b", "<13>app: x"};
    struct event_names *names = event_names_new();
    struct decode *d;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    ASSERT(names && decode_new(names, NULL, NULL, set, &d, NULL) == 0);
    struct decode_lane *lane = decode_lane_new(d);
    ASSERT(lane);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct raw_record rec = {.bytes = str_of(lines[i]), .flags = RAW_BACKFILL};
        struct decoder port = decode_port(d);
        struct event ev;
        event_begin(&ev, &a, names, &rec);
        ev.keep_all = true;
        ASSERT(port.decode(port.ctx, &rec, &ev) == 0);
        ways_agree(&ev, lane, &rec);
    }
    for (size_t i = 0; i < decode_set_count(set); i++)
        IGNORE(decode_set_test(set, i, NULL, NULL));
    decode_lane_free(lane);
    decode_free(d);
    arena_done(&a);
    event_names_free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct decode_set *set = NULL;
    struct diag diag = {0};
    if (decode_set_load_text(str_n((const char *) data, size), "fuzz.yml", &set, &diag) == 0)
        ask(set);
    else
        ASSERT(diag.text[0]);
    decode_set_unref(set);
    return 0;
}
