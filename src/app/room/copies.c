/* See copies.h. */
#include "app/room/copies.h"

#include "app/common/config.h"

#include <dirent.h>
#include <stdio.h>

size_t pulled_list(const struct config *c, struct pulled dst[VAULT_FIRSTS_MAX]) {
    const struct str before = STR("vault-"), behind = STR(".json");
    char path[4096 + 16];
    size_t n = 0;
    snprintf(path, sizeof path, "%.4000s/status", c->data);
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && n < VAULT_FIRSTS_MAX && (e = readdir(dir));) {
        struct str s = str_of(e->d_name);
        if (!str_starts(s, before) || !str_ends(s, behind) || s.n - before.n - behind.n >= sizeof dst[n].name)
            continue;
        s = str_to(str_from(s, before.n), s.n - before.n - behind.n);
        snprintf(dst[n++].name, sizeof dst[n].name, "%.*s", STR_ARG(s));
    }
    if (dir)
        closedir(dir);
    return n;
}

bool pulled_has(const struct config *c, struct str name) {
    struct pulled all[VAULT_FIRSTS_MAX];
    size_t n = pulled_list(c, all);
    for (size_t i = 0; i < n; i++)
        if (str_eq_z(name, all[i].name))
            return true;
    return false;
}
