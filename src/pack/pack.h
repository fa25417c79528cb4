/* A lesson pack: a folder with pack.yml, story, rules, playbook, controls, replay and expectation
 * (docs/packs.md). Here: finding one and reading its head. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct pack {
    struct str id, title_ja, title_en;
    const char *folder; /* in the arena */
};
/* A plain name: small letters, digits, '-', '_' and '.', neither first nor last a '.', at most PACK_NAME_CHARS_MAX. Here and not beside the
 * reading of whole packs, which brings signatures along: the sensor asks it too, and signs nothing. */
bool pack_name_is_plain(struct str name);
/* id is a plain name. packs_dir is where packs lie. */
int pack_open(struct arena *a, const char *packs_dir, struct str id, struct pack *ret,
              struct diag *reterr) MUST_USE;
/* All packs by id; those that cannot be read are left out and counted. */
int pack_list(struct arena *a, const char *packs_dir, struct pack **ret, size_t *ret_n,
              size_t *ret_bad, struct diag *reterr) MUST_USE;
/* path of a file of the pack, in the arena */
const char *pack_file(struct arena *a, const struct pack *p, const char *name);
/* What kizuki.yml says in a data folder made to replay this pack: its sources and services, nothing else
 * listening. */
struct buf;
int pack_replay_config(struct arena *a, const struct pack *p, struct buf *out, struct diag *reterr)
    MUST_USE;
