/* See store.h. */
#include "ruleset/store.h"

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANIFEST_BYTES_MAX = 65536, ARENA_BYTES_MAX = 64 * 1024 * 1024, LOCK_TRIES = 50 };
#define DRAFT ".draft-"
#define OLD ".old-"

bool ruleset_name_is_good(struct str name) {
    for (size_t i = 0; i < name.n; i++) {
        char c = ascii_lower(name.p[i]);
        if (!ascii_digit(c) && !(c >= 'a' && c <= 'z') && (i == 0 || (c != '-' && c != '_')))
            return false;
    }
    return name.n && name.n <= RULESET_NAME_BYTES_MAX;
}

int rulesets_path(char *dst, const char *data, const char *below) {
    int n = snprintf(dst, PATH_MAX, "%s/rules%s%s", data, *below ? "/" : "", below);
    return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int set_path(char *dst, const char *data, const char *prefix, struct str name, const char *below) {
    char tail[RULESET_NAME_BYTES_MAX + 64];
    if (!ruleset_name_is_good(name))
        return -EINVAL;
    snprintf(tail, sizeof tail, "%s%.*s%s", prefix, STR_ARG(name), below);
    return rulesets_path(dst, data, tail);
}

/* ---- reading ---- */

static int read_manifest(struct arena *a, const char *dir, struct ruleset *s) {
    char path[PATH_MAX + 16];
    struct str text, digest = STR("");
    struct json_value *v;
    int64_t n;
    struct {
        const char *key;
        struct str *to;
    } const texts[] = {{"name", &s->name}, {"from", &s->from}, {"by", &s->by}, {"licence", &s->licence},
                       {"licence_file", &s->licence_file}, {"digest", &digest}, {"pack", &s->pack.id},
                       {"pack_ja", &s->pack.title_ja}, {"pack_en", &s->pack.title_en}, {"pack_signer", &s->pack.signer}, {"pack_key", &s->pack.key}};
    struct {
        const char *key;
        uint64_t *to;
    } const numbers[] = {{"files", &s->files}, {"rules", &s->rules}, {"samples", &s->samples}};
    snprintf(path, sizeof path, "%s/set.json", dir);
    int r = file_read(a, path, MANIFEST_BYTES_MAX, &text, NULL);
    if (r < 0 || (r = json_parse(a, text, &v, NULL)) < 0)
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        (void) json_get_str(v, texts[i].key, texts[i].to);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        if (json_get_i64(v, numbers[i].key, &n) && n >= 0)
            *numbers[i].to = (uint64_t) n;
    if (json_get_i64(v, "added_ms", &n))
        s->added_ns = n * NS_PER_MS;
    s->on = true;
    (void) json_get_bool(v, "on", &s->on);
    (void) json_get_bool(v, "watch", &s->watch);
    (void) json_get_i64(v, "pack_version", &s->pack.version);
    snprintf(s->digest, sizeof s->digest, "%.*s", (int) MIN(digest.n, 64u), digest.p);
    return ruleset_name_is_good(s->name) ? 0 : -ERR_PARSE;
}

static int load_one(struct rulesets *all, const char *data, const char *entry, struct diag *reterr) {
    struct str name = str_of(entry);
    bool draft = str_starts(name, STR(DRAFT));
    struct ruleset s = {.draft = draft};
    char dir[PATH_MAX];
    if (draft)
        name = str_from(name, strlen(DRAFT));
    if (!ruleset_name_is_good(name) || rulesets_path(dir, data, entry) < 0)
        return 0;
    if (read_manifest(&all->arena, dir, &s) < 0 || !str_eq(s.name, name))
        return 0; /* no set, or one that was being put together */
    if (all->n >= RULESETS_MAX)
        return diag_set(reterr, -ERR_LIMIT, "more than %d rule sets below '%s/rules'", RULESETS_MAX, data);
    s.dir = arena_dup_z(&all->arena, str_of(dir));
    s.older = !draft && set_path(dir, data, OLD, name, "") == 0 && access(dir, F_OK) == 0;
    if (!s.dir || arena_grow(&all->arena, (void **) &all->at, &all->cap, all->n + 1, sizeof *all->at) < 0)
        return diag_set(reterr, -ENOMEM, "out of memory");
    all->at[all->n++] = s;
    return 0;
}

static int by_name(const void *a, const void *b) {
    const struct ruleset *x = a, *y = b;
    int c = str_cmp(x->name, y->name);
    return c ? c : (int) x->draft - (int) y->draft;
}

int rulesets_load(const char *data, struct rulesets *ret, struct diag *reterr) {
    char path[PATH_MAX];
    struct dirent *e;
    int r = 0;
    *ret = (struct rulesets){0};
    arena_init(&ret->arena, ARENA_BYTES_MAX);
    if (rulesets_path(path, data, "") < 0)
        return diag_set(reterr, -ENAMETOOLONG, "the name of the data folder is too long");
    DIR *d = opendir(path);
    if (!d)
        return errno == ENOENT ? 0 : diag_set(reterr, -errno, "cannot open '%s': %s", path, err_word(-errno));
    while (r == 0 && (e = readdir(d)))
        r = load_one(ret, data, e->d_name, reterr);
    closedir(d);
    if (ret->n)
        qsort(ret->at, ret->n, sizeof *ret->at, by_name);
    return r;
}

void rulesets_done(struct rulesets *s) {
    arena_done(&s->arena);
}

const struct ruleset *rulesets_find(const struct rulesets *s, struct str name, bool draft) {
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].draft == draft && str_eq(s->at[i].name, name))
            return &s->at[i];
    return NULL;
}

/* ---- writing ---- */

int rulesets_lock(const char *data, struct diag *reterr) {
    char path[PATH_MAX];
    int r = rulesets_path(path, data, "");
    if (r < 0 || (r = file_make_dir(path, 0700, reterr)) < 0 || (r = rulesets_path(path, data, ".lock")) < 0)
        return r;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot open '%s': %s", path, err_word(-errno));
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        usleep(100000);
    }
    close(fd);
    return diag_set(reterr, -EBUSY, "somebody else is changing the rules below '%s'; try again", data);
}

int ruleset_write(const struct ruleset *s, struct diag *reterr) {
    char path[PATH_MAX + 16];
    struct jsonw w;
    struct buf b;
    buf_init(&b, MANIFEST_BYTES_MAX);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kstr(&w, "name", s->name);
    jsonw_kstr(&w, "from", s->from);
    jsonw_kstr(&w, "by", s->by);
    jsonw_ki64(&w, "added_ms", s->added_ns / NS_PER_MS);
    jsonw_kstr(&w, "licence", s->licence);
    jsonw_kstr(&w, "licence_file", s->licence_file);
    jsonw_ku64(&w, "files", s->files);
    jsonw_ku64(&w, "rules", s->rules);
    jsonw_ku64(&w, "samples", s->samples);
    jsonw_kz(&w, "digest", s->digest);
    jsonw_kbool(&w, "on", s->on);
    jsonw_kbool(&w, "watch", s->watch);
    if (s->pack.id.n) {
        jsonw_kstr(&w, "pack", s->pack.id);
        jsonw_ki64(&w, "pack_version", s->pack.version);
        jsonw_kstr(&w, "pack_ja", s->pack.title_ja);
        jsonw_kstr(&w, "pack_en", s->pack.title_en);
        jsonw_kstr(&w, "pack_signer", s->pack.signer);
        jsonw_kstr(&w, "pack_key", s->pack.key);
    }
    jsonw_end(&w);
    buf_add_byte(&b, '\n');
    snprintf(path, sizeof path, "%s/set.json", s->dir);
    int r = buf_error(&b);
    if (r == 0)
        r = file_write_atomic(path, buf_str(&b), 0600, reterr);
    buf_done(&b);
    return r;
}

int ruleset_switch(const struct ruleset *s, bool on, bool watch, struct diag *reterr) {
    struct ruleset changed = *s;
    changed.on = on;
    changed.watch = on && watch;
    return ruleset_write(&changed, reterr);
}

static int remove_below(int dir_fd, const char *name, unsigned depth) {
    if (unlinkat(dir_fd, name, 0) == 0)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return errno == ENOENT ? 0 : -errno;
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    if (!d || depth > RULE_FOLDER_DEPTH_MAX + 8)
        return d ? (closedir(d), -ERR_LIMIT) : -errno;
    while (r == 0 && (e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = remove_below(fd, e->d_name, depth + 1);
    closedir(d);
    return r < 0 ? r : unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

int ruleset_remove_tree(const char *path) {
    return remove_below(AT_FDCWD, path, 0);
}

static int say(struct diag *reterr, int r, const char *what, struct str name) {
    return r < 0 ? diag_set(reterr, r, "cannot %s rule set '%.*s': %s", what, STR_ARG(name), err_word(r)) : 0;
}

static int move(const char *from, const char *to) {
    return rename(from, to) == 0 ? 0 : -errno;
}

int ruleset_adopt(const char *data, struct str name, struct diag *reterr) {
    char draft[PATH_MAX], now[PATH_MAX], old[PATH_MAX];
    int r = set_path(draft, data, DRAFT, name, "");
    if (r == 0 && (r = set_path(now, data, "", name, "")) == 0)
        r = set_path(old, data, OLD, name, "");
    if (r == 0 && access(draft, F_OK) != 0)
        return diag_set(reterr, -ENOENT, "no version of '%.*s' waits to be switched on", STR_ARG(name));
    if (r == 0)
        r = ruleset_remove_tree(old);
    if (r == 0 && access(now, F_OK) == 0) {
        /* Exchanged in one step: no reader finds the set missing. */
        r = renameat2(AT_FDCWD, draft, AT_FDCWD, now, RENAME_EXCHANGE) == 0 ? move(draft, old) : -errno;
    } else if (r == 0) {
        r = move(draft, now);
    }
    return say(reterr, r, "switch on", name);
}

int ruleset_go_back(const char *data, struct str name, struct diag *reterr) {
    char now[PATH_MAX], old[PATH_MAX];
    int r = set_path(now, data, "", name, "");
    if (r == 0)
        r = set_path(old, data, OLD, name, "");
    if (r == 0 && access(old, F_OK) != 0)
        return diag_set(reterr, -ENOENT, "no version before this one of '%.*s' is kept", STR_ARG(name));
    if (r == 0 && renameat2(AT_FDCWD, old, AT_FDCWD, now, RENAME_EXCHANGE) != 0)
        r = -errno;
    return say(reterr, r, "go back with", name);
}

int ruleset_drop(const char *data, struct str name, bool draft, struct diag *reterr) {
    char path[PATH_MAX];
    int r = set_path(path, data, draft ? DRAFT : "", name, "");
    if (r == 0 && access(path, F_OK) != 0)
        return diag_set(reterr, -ENOENT, "there is no %s '%.*s'", draft ? "draft" : "rule set", STR_ARG(name));
    return say(reterr, r == 0 ? ruleset_remove_tree(path) : r, "remove", name);
}

int rulesets_tell(const char *data, struct diag *reterr) {
    char path[PATH_MAX], text[64];
    int r = rulesets_path(path, data, "changed");
    int n = snprintf(text, sizeof text, "%lld\n", (long long) time_now_ns());
    return r < 0 ? r : file_write_atomic(path, str_n(text, (size_t) n), 0600, reterr);
}
