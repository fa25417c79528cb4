/* See copies.h. */
#include "app/common/copies.h"

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

void copies_find(struct copies *c, const char *data) {
    *c = (struct copies){.n = 0};
    snprintf(c->folder, sizeof c->folder, "%.4000s/vault", data);
    c->changed_ns = changed_of(c);
    DIR *dir = opendir(c->folder);
    for (struct dirent *e; dir && c->n < ARRAY_SIZE(c->at) && (e = readdir(dir));) {
        if (!is_copy(c, e->d_name))
            continue;
        struct copy *x = &c->at[c->n++];
        snprintf(x->name, sizeof x->name, "%.64s", e->d_name);
        snprintf(x->spool, sizeof x->spool, "%.3900s/vault/%.64s/spool", data, e->d_name);
        snprintf(x->filters, sizeof x->filters, "%.3900s/search/copy-%.64s", data, e->d_name);
        snprintf(x->hold, sizeof x->hold, "%.3900s/vault/%.64s/hold", data, e->d_name);
        snprintf(x->key, sizeof x->key, "%.3900s/vault/%.64s/keep/key.pub", data, e->d_name);
    }
    if (dir)
        closedir(dir);
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
