/* Files, folders and patterns of a command line made into a list of files: sorted, each once, bounded. */
#include "intake/reader.h"

#include "base/map.h"
#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

/* Folder recursion and globs for commands that take files. Bounded by INTAKE_PATHS_MAX files and
 * INTAKE_FOLDER_DEPTH_MAX levels; links to folders are not followed, so that no loop exists. */

struct paths {
    struct arena *arena;
    const char **at;
    size_t n, cap;
    struct map seen; /* each file once, however often it is named */
    struct diag *reterr;
};

static int paths_add(struct paths *ps, const char *path) {
    union map_value *v;
    bool fresh;
    int r = map_add(&ps->seen, str_of(path), &v, &fresh);
    if (r == -ERR_LIMIT)
        return diag_set(ps->reterr, r, "more than %d files", INTAKE_PATHS_MAX);
    if (r == 0 && fresh) {
        char *copy = arena_dup_z(ps->arena, str_of(path));
        r = copy ? arena_grow(ps->arena, (void **) &ps->at, &ps->cap, ps->n + 1, sizeof *ps->at)
                 : -ENOMEM;
        if (r == 0)
            ps->at[ps->n++] = copy;
    }
    return r < 0 ? diag_set(ps->reterr, r, "out of memory") : 0;
}

static int walk(struct paths *ps, const char *dir, unsigned depth);

static int walk_entry(struct paths *ps, const char *dir, const char *name, unsigned depth) {
    struct arena_mark mark = arena_mark(ps->arena);
    size_t n = strlen(dir);
    const char *slash = n && dir[n - 1] == '/' ? "" : "/";
    struct str path = arena_printf(ps->arena, "%s%s%s", dir, slash, name);
    if (!path.p)
        return diag_set(ps->reterr, -ENOMEM, "out of memory");
    struct stat own, st;
    if (lstat(path.p, &own) < 0 || stat(path.p, &st) < 0) {
        arena_rewind(ps->arena, mark); /* gone meanwhile, or a link to nowhere */
        return 0;
    }
    if (S_ISDIR(own.st_mode))
        return walk(ps, path.p, depth + 1);
    return S_ISREG(st.st_mode) ? paths_add(ps, path.p) : 0;
}

static int walk(struct paths *ps, const char *dir, unsigned depth) {
    if (depth > INTAKE_FOLDER_DEPTH_MAX)
        return diag_set(ps->reterr, -ERR_LIMIT, "cannot read '%s': more than %d folders deep", dir,
                        INTAKE_FOLDER_DEPTH_MAX);
    struct dirent **names = NULL;
    int n = scandir(dir, &names, NULL, NULL);
    if (n < 0)
        return diag_set(ps->reterr, -errno, "cannot read folder '%s': %s", dir, err_word(-errno));
    int r = 0;
    for (int i = 0; i < n; i++) {
        const char *name = names[i]->d_name;
        if (r == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            r = walk_entry(ps, dir, name, depth);
        free(names[i]); /* scandir's own memory */
    }
    free(names);
    return r;
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int add_existing(struct paths *ps, const char *path, bool *ret_found) {
    struct stat st;
    *ret_found = true;
    if (strcmp(path, "-") == 0)
        return paths_add(ps, path);
    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? walk(ps, path, 0) : paths_add(ps, path);
    *ret_found = false;
    return errno == ENOENT
               ? 0
               : diag_set(ps->reterr, -errno, "cannot open '%s': %s", path, err_word(-errno));
}

static int add_glob(struct paths *ps, const char *pattern) {
    glob_t g;
    int k = glob(pattern, GLOB_NOSORT, NULL, &g);
    if (k == GLOB_NOMATCH)
        return diag_set(ps->reterr, -ENOENT, "cannot open '%s': nothing matches", pattern);
    if (k != 0)
        return diag_set(ps->reterr, k == GLOB_NOSPACE ? -ENOMEM : -EIO, "cannot expand '%s'",
                        pattern);
    int r = 0;
    for (size_t i = 0; i < g.gl_pathc && r == 0; i++) {
        bool found;
        r = add_existing(ps, g.gl_pathv[i], &found);
    }
    globfree(&g);
    return r;
}

static int add_argument(struct paths *ps, const char *path) {
    size_t first = ps->n;
    bool found;
    int r = add_existing(ps, path, &found);
    if (r == 0 && !found)
        r = strpbrk(path, "*?[")
                ? add_glob(ps, path)
                : diag_set(ps->reterr, -ENOENT, "cannot open '%s': %s", path, err_word(-ENOENT));
    if (r == 0 && ps->n > first)
        qsort(ps->at + first, ps->n - first, sizeof *ps->at, by_bytes);
    return r;
}

int intake_expand_paths(struct arena *a, const char *const *paths, size_t n,
                        const char ***ret_paths, size_t *ret_n, struct diag *reterr) {
    struct paths ps = {.arena = a, .reterr = reterr};
    map_init(&ps.seen, INTAKE_PATHS_MAX, 0);
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = add_argument(&ps, paths[i]);
    map_done(&ps.seen);
    if (r < 0)
        return r;
    *ret_paths = ps.at;
    *ret_n = ps.n;
    return 0;
}
