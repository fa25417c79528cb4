/* Whether a pack may be let in: its files against their schemas, what they say of each other, its story, its replay. Playbook and rules are
 * judged by who owns their forms; the caller hands them over (struct pack_judges). Nothing of the pack is run and nothing is written. */
#pragma once
#include "pack/files.h"

/* What others say of a file. May count what it brings. */
typedef int pack_judge_fn(void *ctx, struct arena *a, const struct pack_file *f, struct diag *reterr);
struct pack_judges {
    pack_judge_fn *playbook, *rules;
    void *ctx;
};
struct pack_checked {
    struct str id, title_ja, title_en, tlp;
    int64_t version;
    unsigned lessons, measures, controls, actors;
    bool has_replay, has_expect, has_playbook;
};
/* schemas: the folder content/schemas/pack. judges NULL: playbook and rules are taken as text. */
int pack_check(struct arena *a, const struct pack_files *f, const char *schemas, const struct pack_judges *judges, struct pack_checked *ret,
               struct diag *reterr) MUST_USE;
