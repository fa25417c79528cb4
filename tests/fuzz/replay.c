/* Runs a fuzzer's target over its folder of once-found crashes, without libFuzzer. Prints TAP. The program is called
 * replay_NAME and the folder NAME, so that this file is compiled once for all. */
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(int dir_fd, const char *name) {
    struct stat st;
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    /* exactly as long as the input, so that ASan sees a read behind it */
    uint8_t *data = mem_alloc((size_t) st.st_size);
    ssize_t n = data ? read(fd, data, (size_t) st.st_size) : -1;
    close(fd);
    if (n != st.st_size)
        abort();
    (void) LLVMFuzzerTestOneInput(data, (size_t) n);
    mem_free(data);
    return 1;
}

int main(void) {
    int n = 1;
    (void) LLVMFuzzerTestOneInput((const uint8_t *) "", 0);
    printf("ok 1 - empty input\n");
    char folder[4096];
    const char *name = program_invocation_short_name;
    if (strncmp(name, "replay_", 7) != 0)
        abort();
    snprintf(folder, sizeof folder, "%s/%s", REPLAY_ROOT, name + 7);
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.' && replay(dirfd(dir), e->d_name))
            printf("ok %d - %s\n", ++n, e->d_name);
    if (dir)
        closedir(dir);
    printf("1..%d\n", n);
    return 0;
}
