/* See take.h: names, kinds, limits, and folders. Archives stand in take_zip.c. */
#include "base/file.h"
#include "base/limits.h"
#include "ruleset/take_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool ruleset_path_is_plain(struct str path) {
    struct str rest = path, part;
    if (!path.n || path.n > RULESET_PATH_BYTES_MAX || path.p[0] == '/' || path.p[path.n - 1] == '/')
        return false;
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char) path.p[i] < ' ' || path.p[i] == 0x7f || path.p[i] == '\\')
            return false;
    while (str_split(&rest, '/', &part))
        if (!part.n || part.n > 255 || str_eq_z(part, ".") || str_eq_z(part, ".."))
            return false;
    return true;
}

int take_add(struct take_list *l, struct str path, uint64_t at, uint64_t size, struct diag *reterr) {
    if (!ruleset_path_is_plain(path))
        return diag_set(reterr, -ERR_REFUSED, "'%s' holds a name that leads out of it or is none ('%.*s'); nothing was taken",
                        l->from, (int) MIN(path.n, 80u), path.p);
    if (l->n >= RULESET_FILES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "'%s' holds more than %d files", l->from, RULESET_FILES_MAX);
    int r = arena_grow(&l->arena, (void **) &l->at, &l->cap, l->n + 1, sizeof *l->at);
    struct str own = r == 0 ? arena_dup(&l->arena, path) : STR_NULL;
    if (!own.p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    l->at[l->n++] = (struct take_entry){.path = own, .at = at, .size = size};
    return 0;
}

static int by_path(const void *a, const void *b) {
    return str_cmp(((const struct take_entry *) a)->path, ((const struct take_entry *) b)->path);
}

static struct str first_part(struct str path) {
    ptrdiff_t slash = str_find_byte(path, '/', 0);
    return slash < 0 ? STR_NULL : str_to(path, (size_t) slash);
}

/* Bytes to take off every path: of the one folder everything stands in, unless that is a folder of rules. */
static size_t around(const struct take_list *l) {
    struct str top = l->n ? first_part(l->at[0].path) : STR_NULL;
    for (size_t i = 1; i < l->n; i++)
        if (!str_eq(first_part(l->at[i].path), top))
            return 0;
    return top.n && !str_starts(top, STR("rules")) ? top.n + 1 : 0;
}

static bool is_hidden(struct str path) {
    struct str part;
    while (str_split(&path, '/', &part))
        if (part.n && part.p[0] == '.')
            return true;
    return false;
}

static bool is_licence(struct str path) {
    static const char *const words[] = {"LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (path.n >= strlen(words[i]) && str_eq_icase(str_to(path, strlen(words[i])), str_of(words[i])))
            return str_find_byte(path, '/', 0) < 0;
    return false;
}

static bool below_rules(struct str path) {
    return str_starts(path, STR("rules")) && first_part(path).n;
}

static enum ruleset_kind kind_of(struct str path, bool has_rules_folders) {
    bool yaml = str_ends(path, STR(".yml")) || str_ends(path, STR(".yaml"));
    if (is_hidden(path))
        return RULESET_OTHER;
    if (is_licence(path))
        return RULESET_LICENCE;
    if (str_starts(path, STR("regression_data/")))
        return yaml || str_ends(path, STR(".json")) ? RULESET_EVENTS : RULESET_OTHER;
    return yaml && (!has_rules_folders || below_rules(path)) ? RULESET_RULE : RULESET_OTHER;
}

static int hand_over(struct take_list *l, const struct take_entry *e, struct ruleset_file *f,
                     uint64_t *bytes, ruleset_file_fn *fn, void *ctx, struct diag *reterr) {
    struct arena_mark mark = arena_mark(&l->arena);
    int r = 0;
    if (f->kind != RULESET_OTHER) {
        if (e->size > YAML_BYTES_MAX)
            return diag_set(reterr, -ERR_LIMIT, "'%.*s' in '%s' is larger than %d bytes", STR_ARG(f->path), l->from,
                            YAML_BYTES_MAX);
        r = l->read(l->ctx, e, &l->arena, &f->bytes, reterr);
        if (r == 0 && (*bytes += f->bytes.n) > RULESET_BYTES_MAX)
            r = diag_set(reterr, -ERR_LIMIT, "'%s' unpacks to more than %zu bytes", l->from, RULESET_BYTES_MAX);
    }
    if (r == 0)
        r = fn(ctx, f, reterr);
    arena_rewind(&l->arena, mark);
    return r;
}

int take_run(struct take_list *l, ruleset_file_fn *fn, void *ctx, struct diag *reterr) {
    uint64_t bytes = 0;
    bool has_rules_folders = false;
    if (l->n)
        qsort(l->at, l->n, sizeof *l->at, by_path);
    size_t cut = around(l);
    for (size_t i = 0; i < l->n; i++) {
        if (i && str_eq(l->at[i].path, l->at[i - 1].path))
            return diag_set(reterr, -ERR_REFUSED, "'%s' holds '%.*s' twice; nothing was taken", l->from,
                            STR_ARG(l->at[i].path));
        has_rules_folders |= below_rules(str_from(l->at[i].path, cut));
    }
    for (size_t i = 0; i < l->n; i++) {
        struct ruleset_file f = {.path = str_from(l->at[i].path, cut)};
        f.kind = kind_of(f.path, has_rules_folders);
        int r = hand_over(l, &l->at[i], &f, &bytes, fn, ctx, reterr);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- folders ---- */

struct folder {
    struct take_list list;
    int fd;
};

static int read_from_folder(void *ctx, const struct take_entry *e, struct arena *a, struct str *ret,
                            struct diag *reterr) {
    struct folder *f = ctx;
    char *name = arena_dup_z(a, e->path), *p = arena_alloc(a, e->size + 1);
    size_t got = 0;
    ssize_t n = 0;
    if (!name || !p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    int fd = file_open_beneath(f->fd, name, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return diag_set(reterr, fd, "cannot open '%s/%s': %s", f->list.from, name, err_word(fd));
    while (got < e->size && (n = read(fd, p + got, e->size - got)) > 0)
        got += (size_t) n;
    int r = n < 0 ? diag_set(reterr, -errno, "cannot read '%s/%s': %s", f->list.from, name, err_word(-errno)) : 0;
    close(fd);
    *ret = str_n(p, got);
    return r;
}

static int walk(struct folder *f, const char *below, unsigned depth, struct diag *reterr);

static int walk_one(struct folder *f, const char *below, const char *name, unsigned depth, struct diag *reterr) {
    char path[RULESET_PATH_BYTES_MAX + 2];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s%s%s", below, *below ? "/" : "", name);
    if (n > RULESET_PATH_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "a name below '%s' is too long", f->list.from);
    if (name[0] == '.' || fstatat(f->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (S_ISDIR(st.st_mode))
        return walk(f, path, depth + 1, reterr);
    return S_ISREG(st.st_mode) ? take_add(&f->list, str_of(path), 0, (uint64_t) st.st_size, reterr) : 0;
}

static int walk(struct folder *f, const char *below, unsigned depth, struct diag *reterr) {
    if (depth > RULE_FOLDER_DEPTH_MAX)
        return diag_set(reterr, -ERR_LIMIT, "folders nested deeper than %d at '%s'", RULE_FOLDER_DEPTH_MAX, below);
    int fd = openat(f->fd, *below ? below : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    if (!d)
        return diag_set(reterr, -errno, "cannot open folder '%s/%s': %s", f->list.from, below, err_word(-errno));
    while (r == 0 && (e = readdir(d)))
        r = walk_one(f, below, e->d_name, depth, reterr);
    closedir(d);
    return r;
}

static int take_folder(const char *from, ruleset_file_fn *fn, void *ctx, struct diag *reterr) {
    struct folder f = {.list = {.from = from, .read = read_from_folder}};
    f.list.ctx = &f;
    f.fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f.fd < 0)
        return diag_set(reterr, -errno, "cannot open '%s': %s", from, err_word(-errno));
    arena_init(&f.list.arena, RULESET_BYTES_MAX);
    int r = walk(&f, "", 0, reterr);
    if (r == 0)
        r = take_run(&f.list, fn, ctx, reterr);
    arena_done(&f.list.arena);
    close(f.fd);
    return r;
}

int ruleset_take(const char *from, ruleset_file_fn *fn, void *ctx, struct diag *reterr) {
    struct stat st;
    if (stat(from, &st) < 0)
        return diag_set(reterr, -errno, "cannot open '%s': %s", from, err_word(-errno));
    return S_ISDIR(st.st_mode) ? take_folder(from, fn, ctx, reterr) : take_zip_file(from, fn, ctx, reterr);
}
