#include "base/yaml_folder.h"

#include "base/limits.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static int is_yml(const struct dirent *e) {
    return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".yml"));
}

static int read_one(struct arena *a, const char *folder, const char *name, yaml_file_fn *fn, void *ctx, struct diag *err) {
    char *path = arena_alloc(a, PATH_MAX);
    struct yaml_doc *doc = NULL;
    if (!path)
        return diag_set(err, -ENOMEM, "out of memory");
    if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        return diag_set(err, -ENAMETOOLONG, "a name below '%s' is too long", folder);
    int r = yaml_parse_file(a, path, &doc, err);
    return r < 0 ? r : fn(ctx, path, doc ? doc->root : NULL, err);
}

int yaml_each_file(struct arena *a, const char *folder, size_t max, yaml_file_fn *fn, void *ctx, struct diag *reterr) {
    struct dirent **names;
    int n = scandir(folder, &names, is_yml, alphasort), r = 0;
    if (n < 0)
        return diag_set(reterr, -errno, "cannot read '%s': %s", folder, err_word(-errno));
    if ((size_t) n > max)
        r = diag_set(reterr, -ERR_LIMIT, "at most %zu files are read of '%s'", max, folder);
    for (int i = 0; i < n; i++) {
        if (r == 0)
            r = read_one(a, folder, names[i]->d_name, fn, ctx, reterr);
        free(names[i]);
    }
    free(names);
    return r;
}
