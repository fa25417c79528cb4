/* replay.yml: any text is refused with a sentence or told in order of time. */
#include "base/str.h"
#include "pack/replay.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Pools and campaigns of millions are slow, not wrong: inputs with a number of five digits are
 * passed over. */
static bool large(const uint8_t *data, size_t size) {
    size_t digits = 0;
    for (size_t i = 0; i < size; i++) {
        digits = ascii_digit((char) data[i]) ? digits + 1 : 0;
        if (digits > 4 || (i && (data[i] | 0x20) == 'e' && ascii_digit((char) data[i - 1])))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    struct pack_replay *r = NULL;
    struct pack_line line;
    struct diag d = {0};
    int64_t last = INT64_MIN;
    if (large(data, size))
        return 0;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t) size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (pack_replay_open(path, 0, &r, &d) < 0)
        ASSERT(d.text[0] && !r);
    for (int i = 0; r && i < 2000 && pack_replay_next(r, &line) > 0; i++) {
        ASSERT(line.at_ns >= last);
        last = line.at_ns;
    }
    pack_replay_free(r);
    close(fd);
    return 0;
}
