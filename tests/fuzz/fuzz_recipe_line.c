/* A line through every decoder that is shipped, as it would arrive: alone, and as the message of each of
 * some programs. */
#include "fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const heads[] = {"", "<13>", "Nov 23 02:03:08 h postfix/smtpd[1]: ", "Nov 23 02:03:08 h dovecot: ",
                                        "Nov 23 02:03:08 h named[1]: ", "Nov 23 02:03:08 h dhcpd: ", "Nov 23 02:03:08 h squid[1]: ",
                                        "Nov 23 02:03:08 h kernel: ", "Nov 23 02:03:08 h systemd[1]: ", "Nov 23 02:03:08 h openvpn[1]: "};
    static struct decode_set *set;
    static const char *const paths[] = {"content/decoders", "../content/decoders", "../../content/decoders"};
    char line[8192];
    for (size_t i = 0; !set && i < ARRAY_SIZE(paths); i++) {
        ASSERT(decode_set_load(&paths[i], 1, &set, NULL) == 0);
        if (!decode_set_count(set))
            set = decode_set_unref(set);
    }
    ASSERT(set);
    fuzz_set = set;
    struct fuzz_decode fd = FUZZ_DEFAULT;
    const char *head = heads[size % ARRAY_SIZE(heads)];
    size_t n = strlen(head), more = MIN(size, sizeof line - n);
    memcpy(line, head, n);
    memcpy(line + n, data, more);
    fuzz_decode(&fd, (const uint8_t *) line, n + more);
    return 0;
}
