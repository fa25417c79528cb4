/* kizuki.yml: any text is read or refused with a sentence. */
#include "app/common/config.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    struct config *c = NULL;
    struct diag d = {0};
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t) size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (config_load("/tmp", path, &c, &d) < 0)
        ASSERT(d.text[0] && !c);
    config_free(c);
    close(fd);
    return 0;
}
