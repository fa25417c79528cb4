/* A pack in one file, and a file of keys: any bytes are refused with a sentence, or are a pack whose files are those of the table; nothing made up
 * is believed, whoever's key it names. */
#include "base/limits.h"
#include "pack/note.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct pack_files f = {0};
    struct pack_keys keys = {0};
    struct pack_signed who;
    struct diag d = {0};
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t) size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    arena_init(&a, PACK_ARENA_MAX);
    if (pack_keys_load(&a, path, &keys, &d) < 0) {
        ASSERT(d.text[0]);
        keys = (struct pack_keys){.file = "keys"};
    }
    d = (struct diag){0};
    if (pack_files_read(&a, path, &f, &d) < 0) {
        ASSERT(d.text[0]);
    } else {
        size_t bytes = f.note.n;
        for (size_t i = 0; i < f.n; i++) {
            ASSERT(pack_file_kind(f.at[i].path) == f.at[i].kind && f.at[i].bytes.n <= f.at[i].kind->bytes_max);
            bytes += f.at[i].bytes.n;
        }
        ASSERT(bytes == size && f.n <= PACK_FILES_MAX);
        ASSERT(pack_verify(&a, &f, &keys, 0, &who, &d) < 0 && d.text[0]);
    }
    arena_done(&a);
    close(fd);
    return 0;
}
