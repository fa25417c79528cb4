/* Public test suites that are not part of this tree. Their folder stands in KIZUKI_TEST_DATA; a
 * test that needs it is skipped aloud where that is unset. */
#pragma once
#include "unit.h"

#include "base/file.h"

#include <dirent.h>
#include <limits.h>

static inline const char *testdata_or_skip(void) {
    const char *dir = getenv("KIZUKI_TEST_DATA");
    if (!dir || !*dir) {
        print_message("# KIZUKI_TEST_DATA is not set: public test suite not run\n");
        skip();
    }
    return dir;
}

/* Calls fn for every plain file of dir in the order of its names; returns how many there were. */
static inline int testdata_each(const char *dir,
                                void (*fn)(const char *name, struct str text, void *ctx),
                                void *ctx) {
    struct dirent **list;
    int n = scandir(dir, &list, NULL, alphasort), files = 0;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX + NAME_MAX + 2];
        struct arena a;
        struct str text;
        if (list[i]->d_name[0] != '.') {
            arena_init(&a, (size_t) 64 << 20);
            snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
            if (file_read(&a, path, (size_t) 16 << 20, &text, NULL) == 0) {
                fn(list[i]->d_name, text, ctx);
                files++;
            }
            arena_done(&a);
        }
        free(list[i]);
    }
    free(list);
    return files;
}
