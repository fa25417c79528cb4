/* What the pack commands share. */
#pragma once
#include "app/content/content.h"
#include "pack/check.h"

#include <limits.h>

/* A pack as somebody names it: a path (with a '/', or something that is there), else the id of a shipped one. */
const char *pack_place(struct arena *a, const char *named);

/* What a pack brings that could act, as its judges counted it. */
struct pack_brings {
    unsigned rules, actions;
    char acts[256]; /* the kinds of its actions, one after another */
};
/* Reads and checks one. Ends the program when that takes longer than PACK_CPU_S of processor time. */
int pack_look(struct arena *a, const char *path, struct pack_files *ret, struct pack_checked *ret_checked, struct pack_brings *ret_brings,
              struct diag *reterr) MUST_USE;
/* Takes the bound away again, for what takes as long as there is to do. */
void pack_look_done(void);
/* NAME in /etc/kizuki for root, in ~/.config/kizuki else. */
const char *pack_default_file(char dst[PATH_MAX], const char *name);
/* The rule set a lesson that was taken in is kept as. */
const char *pack_set_name(struct arena *a, struct str id);
