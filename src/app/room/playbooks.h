/* Playbooks between their two forms (src/playbook) and the room, which keeps versions (room/library.h). At start, before the sandbox: those of
 * content/playbooks and of packs become versions where they are new, and content/playbooks/use.yml says which is proposed for what. */
#pragma once
#include "room/library.h"
#include "room/run.h"

struct playbooks {
    struct arena arena;
    struct room_run_defaults defaults;
};
struct program;
/* That of a lesson somebody took in and switched on. */
void playbooks_take(struct program *p, const char *path, struct str id);
int playbooks_load(struct program *p, struct diag *reterr) MUST_USE;
void playbooks_done(struct playbooks *x);

/* A text in our form (cacao: in CACAO's) as the room keeps it; texts in the arena. The diag has line and column. */
int playbooks_compile(struct arena *a, struct str text, const char *file, bool cacao, const struct room *levels, struct room_playbook *ret, struct diag *reterr) MUST_USE;
