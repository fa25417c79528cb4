/* See copies.h. */
#include "app/search/copies.h"

#include "app/search/scan.h"
#include "base/file.h"
#include "base/time.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

static int64_t changed_of(const struct copies *c) {
    struct stat st;
    return stat(c->folder, &st) == 0 ? (int64_t) st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec : 0;
}

/* As the vault names them (app/vault/wire.h), and whole: where it is pulled from is written last. */
static bool is_copy(const struct copies *c, const char *name) {
    char path[4096 + 64];
    struct stat st;
    struct str s = str_of(name);
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z') && (i == 0 || !strchr("-_.", s.p[i])))
            return false;
    if (!s.n || s.n >= sizeof c->at[0].name)
        return false;
    snprintf(path, sizeof path, "%.4000s/%s/spool", c->folder, name);
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int copies_find(struct copies *c, const char *data, struct diag *reterr) {
    int r = 0;
    *c = (struct copies){.n = 0};
    snprintf(c->folder, sizeof c->folder, "%.4000s/vault", data);
    c->changed_ns = changed_of(c);
    DIR *dir = opendir(c->folder);
    for (struct dirent *e; r == 0 && dir && c->n < ARRAY_SIZE(c->at) && (e = readdir(dir));) {
        if (!is_copy(c, e->d_name))
            continue;
        struct copy *x = &c->at[c->n++];
        snprintf(x->name, sizeof x->name, "%.64s", e->d_name);
        snprintf(x->spool, sizeof x->spool, "%.3900s/vault/%.64s/spool", data, e->d_name);
        snprintf(x->filters, sizeof x->filters, "%.3900s/search/copy-%.64s", data, e->d_name);
        r = file_make_dir(x->filters, 0700, reterr);
    }
    if (dir)
        closedir(dir);
    return r;
}

bool copies_changed(const struct copies *c) {
    return changed_of(c) != c->changed_ns;
}

const struct copy *copies_get(const struct copies *c, struct str name) {
    for (size_t i = 0; i < c->n; i++)
        if (str_eq_z(name, c->at[i].name))
            return &c->at[i];
    return NULL;
}

int copies_options(const struct copies *c, struct str name, struct scan_options *o, struct diag *reterr) {
    const struct copy *x = name.n ? copies_get(c, name) : NULL;
    if (!name.n)
        return 0;
    if (!x)
        return diag_set(reterr, copies_changed(c) ? -EBUSY : -ENOENT, "no such Kizuki is kept here");
    o->spool_dir = x->spool;
    o->filter_dir = x->filters;
    o->copy = str_of(x->name);
    o->index = NULL;
    return 0;
}
