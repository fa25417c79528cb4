/* Playbooks kept in the room: each version a row whose text never changes.
 *
 * What a version says comes from the application, which reads both forms (src/playbook) and hands over four texts: the playbook in our
 * form, the plan a run goes by, the same for who edits it, and what could not be kept of a CACAO file. The newest version that is in use
 * stands for the playbook; runs name the version they began with and stay with it. */
#pragma once
#include "room/room.h"

#define ROOM_PLAYBOOK_CAP 72 /* of an id, with its end */

struct room_playbook { /* all borrowed */
    struct str key, title_ja, title_en;
    struct str source, plan, form, notes; /* YAML; JSON object; JSON object; JSON array of texts */
    const char *origin;                   /* shipped, pack, made, imported */
    struct str file;                      /* .p NULL: none */
    int64_t n_steps;
};
/* A new version; the same text as the newest one of its origin changes nothing (*ret_id is that one's). What is shipped never takes the
 * place of what people made: it becomes a version that is not in use. */
int room_playbook_put(struct room *r, const struct room_actor *by, const struct room_playbook *p, int64_t *ret_id,
                      struct diag *reterr) MUST_USE;
/* In use, or no longer. */
int room_playbook_use(struct room *r, const struct room_actor *by, int64_t id, int64_t version, bool active,
                      struct diag *reterr) MUST_USE;
/* The newest version in use: 0 when there is none. */
int room_playbook_find(struct room *r, struct str key, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* {"playbooks":[{"key","titles","versions":[…]}]}; one version whole. */
/* "fitting":[{"playbook","pack"}] of lessons whose rules noticed the case: a rule of the lesson's own first, then those it leans on. */
int room_playbooks_fitting(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
/* 1: somebody else's playbook has that name, so that a lesson from elsewhere does not take its place. */
int room_playbook_is_others(struct room *r, struct str key, struct str file, struct diag *reterr) MUST_USE;
int room_playbooks_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_playbook_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
/* Its text in our form, in the arena. */
int room_playbook_source(struct room *r, int64_t id, struct arena *a, struct str *ret, struct diag *reterr) MUST_USE;
