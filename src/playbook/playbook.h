/* Playbooks: what to do, step by step, as a graph of steps. Written in YAML or made in a form; CACAO 2.0 JSON comes in
 * and goes out (OASIS Committee Specification 01, 27 November 2023).
 *
 * A playbook is a tree of objects, each of a class (class.h) whose fields are rows of a table with two names: CACAO's and
 * ours. Readers and writers of both forms go by the same rows; what differs by more than a name (short ids, kinds of steps,
 * texts in two languages, who stands behind a lane) is in cacao_in.c and cacao_out.c.
 * What a reader does not know is refused in our own form and told in notes when it comes from CACAO: nothing is dropped in
 * silence, nothing is kept as a copy of the input.
 *
 * This folder executes nothing: the room runs playbooks. Everything lives in the arena given. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "playbook/class.h"

/* One thing that could not be kept, and where it stood: "workflow › action--… › colour: not part of CACAO 2.0". */
struct playbook_note {
    struct str text;
    struct playbook_note *next;
};
struct playbook {
    struct pb_obj *top; /* of pb_playbook_class */
    struct playbook_note *notes;
};

/* Our form. file: for messages. Refused: what is not known, a step that leads nowhere, one nothing leads to, a branch that
 * runs into another. -ERR_PARSE or -ERR_REFUSED with file, line, column and remedy. */
int playbook_read(struct arena *a, struct str yaml, const char *file, struct playbook *ret, struct diag *reterr) MUST_USE;
/* CACAO. Refused: other versions, what is not valid, steps that do not exist. */
int playbook_read_cacao(struct arena *a, struct str json, const char *file, struct playbook *ret,
                        struct diag *reterr) MUST_USE;

/* YAML in our form; reading it again gives the same playbook. */
int playbook_write(const struct playbook *p, struct buf *out) MUST_USE;
/* CACAO 2.0, valid by the schemas of OASIS. Ids that a playbook does not have are made of its own id and those of its steps, so that
 * the same playbook gives the same bytes. now_ns: created and modified where it has none. */
int playbook_write_cacao(struct arena *a, const struct playbook *p, int64_t now_ns, struct buf *out,
                         struct diag *reterr) MUST_USE;

/* Steps that raise the alert level name one of these (the ids of content/levels): -ERR_PARSE with the place and the levels there are. */
int playbook_check_levels(const struct playbook *p, const char *file, const struct str *levels, size_t n, struct diag *reterr) MUST_USE;

/* ---- for who runs or shows it ---- */

/* What a runner wants (plan.c), and the tree of our own form for who edits it; both JSON. */
int playbook_write_plan(struct arena *a, const struct playbook *p, struct buf *out) MUST_USE;
int playbook_write_form(struct arena *a, const struct playbook *p, struct buf *out) MUST_USE;

/* The JSON Schema of our own form, from the tables readers and writers go by. */
int playbook_schema(struct buf *out) MUST_USE;

/* The steps in their order, each of pb_step_class. */
const struct pb_slot *playbook_steps(const struct playbook *p);
