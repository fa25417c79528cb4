/* Messages of sshd, PAM, sudo, su and cron behind a header. Whatever the user name is, the address
 * is that of the end of the line. */
#include "fuzz_decode.h"

static void check_name(const uint8_t *data, size_t size) {
    static const char head[] = "Failed password for invalid user ",
                      tail[] = " from 192.0.2.1 port 22 ssh2";
    struct fuzz_decode fd = FUZZ_DEFAULT;
    char line[512];
    size_t n = MIN(size, 256);
    memcpy(line, head, sizeof head - 1);
    memcpy(line + sizeof head - 1, data, n);
    memcpy(line + sizeof head - 1 + n, tail, sizeof tail - 1);
    struct raw_record rec = {.bytes = str_n(line, sizeof head + n + sizeof tail - 2),
                             .flags = RAW_BACKFILL};
    struct event_names *names = event_names_new();
    struct decode *d;
    struct arena a;
    struct event ev;
    fd.source.decoder = STR("sshd");
    arena_init(&a, 1 << 20);
    ASSERT(names && decode_new(names, fuzz_source, &fd, NULL, &d, NULL) == 0);
    event_begin(&ev, &a, names, &rec);
    struct decoder port = decode_port(d);
    ASSERT(port.decode(port.ctx, &rec, &ev) == 0);
    ASSERT(str_eq_z(event_get(&ev, EVENT_F_SOURCE_IP), "192.0.2.1"));
    decode_free(d);
    arena_done(&a);
    event_names_free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct str names[] = {
        {"sshd", 4}, {"pam", 3}, {"sudo", 4}, {"su", 2}, {"cron", 4}};
    struct fuzz_decode fd = FUZZ_DEFAULT;
    fd.source.decoder = names[size % ARRAY_SIZE(names)];
    fuzz_decode(&fd, data, size);
    check_name(data, size);
    return 0;
}
