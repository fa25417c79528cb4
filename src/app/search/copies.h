/* What this Kizuki keeps of others as their vault (docs/spool.md): each copy has a spool that is searched like our own, so that
 * the investigation goes on here when a first lost everything.
 *
 * Which there are is read once, before the walls: DATA/vault holds the vault's own key, so no more of it is opened than each
 * copy's spool. Filters of a copy lie in DATA/search/copy-NAME. Nothing of a copy is indexed. */
#pragma once
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

struct scan_options;

struct copy {
    char name[65], spool[4096], filters[4096];
};
struct copies {
    char folder[4096];
    struct copy at[VAULT_FIRSTS_MAX];
    size_t n;
    int64_t changed_ns; /* of the folder, when it was read */
};
int copies_find(struct copies *c, const char *data, struct diag *reterr) MUST_USE;
/* One was enrolled since: whoever is walled in has to begin again. */
bool copies_changed(const struct copies *c);
const struct copy *copies_get(const struct copies *c, struct str name);
/* Where a copy is searched; without the index, which knows our own records only. An empty name: nothing changes. -ENOENT: no
 * such copy; -EBUSY: one was enrolled since they were read, and may be it. */
int copies_options(const struct copies *c, struct str name, struct scan_options *o, struct diag *reterr) MUST_USE;
