#include "app/common/pack_digest.h"

#include "base/file.h"
#include "base/hash.h"

#include <limits.h>
#include <stdio.h>

#define FILE_BYTES_MAX ((size_t) 1 << 20)

int pack_digest(struct arena *a, const char *packs, struct str id, struct str *ret) {
    static const char *const files[] = {"pack.yml", "replay.yml", "expect.yml"};
    uint8_t sums[ARRAY_SIZE(files)][SHA256_BYTES] = {{0}}, all[SHA256_BYTES];
    char path[PATH_MAX], hex[2 * SHA256_BYTES + 1];
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct str text;
        if (snprintf(path, sizeof path, "%s/%.*s/%s", packs, STR_ARG(id), files[i]) < (int) sizeof path && file_read(a, path, FILE_BYTES_MAX, &text, NULL) == 0)
            sha256_of(text, sums[i]);
    }
    sha256_of((struct str){(const char *) sums, sizeof sums}, all);
    hex_encode(all, sizeof all, hex);
    *ret = arena_dup(a, str_of(hex));
    return ret->p ? 0 : -ENOMEM;
}
