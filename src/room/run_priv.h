/* Between the files of runs. */
#pragma once
#include "room/action_priv.h"
#include "room/library.h"
#include "room/run.h"

struct room_task {
    int64_t id, version, incident, run, parent, after, visit, wake_ns, due_ns, place;
    char state[12], kind[12], step[ROOM_PLAYBOOK_CAP], branch[ROOM_PLAYBOOK_CAP], ref[32], lane[ROOM_LANE_CAP];
    char means[20];
    bool late;
    struct str ja, en; /* in the arena given */
};
int room_task_load(struct room *r, int64_t id, struct arena *a, struct room_task *ret, struct diag *reterr) MUST_USE;
bool room_task_is_open(const struct room_task *t);

struct run_opening { /* a task whose branches are coming up: none of them ends it meanwhile */
    int64_t task;
    const struct run_opening *up;
};
/* One run while something is done in it, in a transaction. */
struct running {
    struct room *r;
    const struct room_actor *by; /* who caused it; what follows is written by the system */
    int64_t run, incident;
    struct arena arena;
    const struct json_value *plan;
    enum rule_level level; /* of the case */
    unsigned depth;
    const struct run_opening *opening;
    struct diag *err;
};
int room_running_load(struct room *r, const struct room_actor *by, int64_t run, struct running *ret, struct diag *reterr) MUST_USE;
void room_running_done(struct running *x); /* also of one that could not be loaded */
const struct json_value *room_plan_step(const struct running *x, struct str id); /* NULL: none */

/* A step comes up: as the branch of a task (parent 0: the main way), after another (0: the first). */
int room_step_enter(struct running *x, struct str step, int64_t parent, struct str branch, int64_t after) MUST_USE;
/* A task has ended: what follows comes up; a branch that has ended may end the step it left, or the run. */
int room_step_leave(struct running *x, const struct room_task *t, bool failed) MUST_USE;
/* The branch of a task with branches. */
int room_step_branch(struct running *x, const struct room_task *t, struct str to) MUST_USE;
/* Its branches have all ended, or there were none. */
int room_step_join(struct running *x, int64_t task) MUST_USE;
/* Ends a task for the system. */
int room_step_settle(struct running *x, struct room_task *t, const char *state, struct str note, struct str why) MUST_USE;

/* Begins a playbook as the step of another; in the caller's transaction. */
int room_run_within(struct room *r, int64_t incident, int64_t playbook, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* Steps that act (run_act.c); the third ends one with what it followed. */
int room_step_act_begin(struct running *x, struct room_task *t, const struct json_value *step) MUST_USE;
int room_step_act_look(struct running *x, struct room_task *t, const struct json_value *step) MUST_USE;
int room_step_acted(struct running *x, struct room_task *t, const char *state, const char *ref, struct str reason) MUST_USE;
/* One that raises the alert level (run_level.c). > 0: it follows one. */
int room_step_level_look(struct running *x, struct room_task *t, const struct json_value *step, const char **ret_means) MUST_USE;

struct str room_step_act_kind(const struct json_value *step); /* as the hand knows it; empty: it acts on nothing */

/* Somebody on site does it (run_onsite.c). > 0: it is followed, or has just ended. */
int room_step_onsite_look(struct running *x, struct room_task *t) MUST_USE;
bool room_task_is_onsite(const struct room_task *t);
int64_t room_task_campaign(const struct room_task *t);

/* Conditions the room can answer (run_condition.c): when the step comes up, by the clock, and after a round. */
int room_step_condition_begin(struct running *x, struct room_task *t, const struct json_value *step) MUST_USE;
int room_step_condition_look(struct running *x, struct room_task *t, const struct json_value *step) MUST_USE;
int room_step_condition_again(struct running *x, struct room_task *t, const struct json_value *step) MUST_USE;

/* What a kind of step does (run_kinds.c). */
struct run_kind {
    const char *name;
    /* When it comes up. *t is written and due; it may be set waiting, get a ref or the reason why it is by hand. */
    int (*begin)(struct running *x, struct room_task *t, const struct json_value *step);
    /* A person ends it as done: which branches follow. NULL: none. answer: what was said. */
    int (*choose)(struct running *x, struct room_task *t, const struct json_value *step, struct str answer, bool *ret_branched);
    /* The machine looks again (an action's state); >= 0. NULL: it does not. */
    int (*look)(struct running *x, struct room_task *t, const struct json_value *step);
    /* All branches have ended. NULL: it is done. */
    int (*joined)(struct running *x, struct room_task *t, const struct json_value *step);
    const char *entry; /* kind of its entry in the timeline */
};
const struct run_kind *run_kind_find(const char *name); /* never NULL: what is not known is a task */

/* An entry of the timeline about a task: its words, who, and what was said. */
int room_task_note(struct running *x, const struct room_actor *by, const struct room_task *t, const char *key, const char *kind,
                   struct str said) MUST_USE;
/* Written by the system, without making anybody's edit stale. */
int room_task_set(struct running *x, int64_t id, const char *state, int64_t wake_ns, const char *ref, const char *means) MUST_USE;
int64_t room_run_due(const struct room *r, enum rule_level level, int64_t now_ns, int64_t within_s); /* TIME_NONE: none */
