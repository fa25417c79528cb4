/* An import as it lies in the data folder, damaged in any way: read whole, or an error. */
#include "base/file.h"
#include "indicator/set.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char dir[64], path[128];
    struct indicator_book b;
    struct indicator_set *set = NULL;
    if (!dir[0]) {
        snprintf(dir, sizeof dir, "/tmp/kizuki-fuzz-book-XXXXXX");
        if (!mkdtemp(dir))
            return 0;
        snprintf(path, sizeof path, "%s/00000001.import", dir);
    }
    if (file_write_atomic(path, str_n((const char *) data, size), 0600, NULL) == 0 && indicator_book_load(dir, &b, NULL) == 0) {
        if (indicator_set_new(&b, NULL, 0, &set) == 0)
            indicator_set_unref(set);
        indicator_book_done(&b);
    }
    (void) unlink(path);
    (void) rmdir(dir);
    dir[0] = 0;
    return 0;
}
