#include "app/common/pack_digest.h"

#include "app/content/content.h"
#include "base/file.h"
#include "base/hash.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 8 };
#define FILE_BYTES_MAX ((size_t) 1 << 20)

static int add_file(struct arena *a, struct sha256 *h, const char *path) {
    struct arena_mark m = arena_mark(a);
    struct str text;
    int r = file_read(a, path, FILE_BYTES_MAX, &text, NULL);
    if (r == 0) {
        uint64_t n = text.n;
        sha256_add(h, str_n((const char *) &n, sizeof n));
        sha256_add(h, text);
    }
    arena_rewind(a, m);
    return r == -ENOMEM ? r : 0;
}

/* Every .yml below, in the order of names. */
static int add_folder(struct arena *a, struct sha256 *h, const char *path, unsigned depth) {
    struct dirent **list;
    struct stat st;
    int r = 0, n = depth < DEPTH_MAX ? scandir(path, &list, NULL, alphasort) : -1;
    for (int i = 0; i < n; i++) {
        char below[PATH_MAX];
        struct str name = str_of(list[i]->d_name);
        bool fits = name.p[0] != '.' && snprintf(below, sizeof below, "%s/%s", path, name.p) < (int) sizeof below && stat(below, &st) == 0;
        if (r == 0 && fits && S_ISDIR(st.st_mode))
            r = add_folder(a, h, below, depth + 1);
        if (r == 0 && fits && S_ISREG(st.st_mode) && str_ends(name, STR(".yml")))
            r = add_file(a, h, below);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return r;
}

int pack_digest(struct arena *a, const char *packs, struct str id, struct str *ret) {
    static const char *const files[] = {"pack.yml", "replay.yml", "expect.yml"};
    char path[PATH_MAX], hex[2 * SHA256_BYTES + 1];
    uint8_t all[SHA256_BYTES];
    struct sha256 h;
    int r = 0;
    sha256_init(&h);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
        if (snprintf(path, sizeof path, "%s/%.*s/%s", packs, STR_ARG(id), files[i]) < (int) sizeof path)
            r = add_file(a, &h, path);
    if (r == 0 && snprintf(path, sizeof path, "%s/%.*s/rules", packs, STR_ARG(id)) < (int) sizeof path)
        r = add_folder(a, &h, path, 0);
    if (r == 0 && snprintf(path, sizeof path, "%s/rules", content_dir()) < (int) sizeof path)
        r = add_folder(a, &h, path, 0);
    sha256_end(&h, all);
    hex_encode(all, sizeof all, hex);
    *ret = arena_dup(a, str_of(hex));
    return r < 0 ? r : ret->p ? 0 : -ENOMEM;
}
