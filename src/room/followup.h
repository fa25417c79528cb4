/* What is done about a lesson, or about a gap of readiness: what, by whom, until when, how it is checked, what came of it.
 *
 *   open ──somebody says it is done──> said ──measured: yes──> closed       dropped: with why
 *     ^                                  └──measured: no, or nobody can tell──┘ (open again, and told again)
 *
 * One row serves both: a gap is a question of readiness that is not answered yes (its key), a lesson is followed up by the question its
 * carrier has (`by` in pack.yml: a control, a step of the procedure, a rule, a drill) or, where it has none, by what a person found.
 * Who owns it is told and reminded by a campaign of one (campaign.h): rounds, ways, superiors and the link to answer are its.
 * A closed one is not believed for ever: the cell shows what its question says now. Not here: the answers themselves (readiness.h). */
#pragma once
#include "room/room.h"

struct room_followup_new {
    struct str pack, lesson; /* lesson empty: a gap */
    struct str question;     /* key as items of cells have it; empty: a person judges */
    struct str words;        /* what is to be done */
    struct str how;          /* how it is checked, in words; may be empty */
    struct str person;       /* of the register of people, or a name; who owns it */
    struct str by;           /* control/ID, step/ID, rule/ID, drill; empty: nothing carries it */
    int64_t due_ns;
};
/* -EINVAL names the member; -ENOENT: no such lesson; -EEXIST: it is followed up already. Own transaction. */
int room_followup_add(struct room *r, const struct room_actor *by, const struct room_followup_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* Another owner, date, words, way of checking or carrier (lesson and question stay): who owns it is told anew. */
int room_followup_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_followup_new *x, struct diag *reterr) MUST_USE;
/* It is done, says somebody, by what was seen. A question people attest is attested by that, until then. The caller measures afterwards
 * (room_readiness_measure), which judges it. -EINVAL: evidence or until is missing. */
int room_followup_done(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str evidence, int64_t until_ns, struct diag *reterr) MUST_USE;
int room_followup_drop(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str why, struct diag *reterr) MUST_USE;
/* Those whose owner answered by the link become `said`. 1: something is to be measured; 0; or an error. Own transaction. */
int room_followups_tick(struct room *r, struct diag *reterr) MUST_USE;
/* "followups":[…] of a pack; empty: of all; as a table for spreadsheets likewise. */
int room_followups_write(struct room *r, struct str pack, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_followups_csv(struct room *r, struct str pack, struct buf *out, struct diag *reterr) MUST_USE;
