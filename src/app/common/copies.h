/* What this Kizuki keeps of others as their vault (docs/spool.md): each copy has a spool that is laid out like our own, so that
 * the investigation goes on here when a first lost everything.
 *
 * Which there are is read once, before the walls: DATA/vault holds the vault's own key, so no more of it is opened than each
 * copy's folders. Whoever is walled in begins again when another one was enrolled. */
#pragma once
#include "base/limits.h"
#include "base/str.h"

struct copy {
    char name[VAULT_NAME_BYTES_MAX + 1], spool[4096];
    char filters[4096]; /* DATA/search/copy-NAME; made by whoever searches. Nothing of a copy is indexed */
    char hold[4096];    /* the folder of what the first's cases hold (app/keep/holds.h), as it says */
    char key[4096];     /* the file of the key of its seals, as at enrolment */
};
struct copies {
    char folder[4096];
    struct copy at[VAULT_FIRSTS_MAX];
    size_t n;
    int64_t changed_ns; /* of the folder, when it was read */
};
void copies_find(struct copies *c, const char *data);
/* One was enrolled since: whoever is walled in has to begin again. */
bool copies_changed(const struct copies *c);
const struct copy *copies_get(const struct copies *c, struct str name);
