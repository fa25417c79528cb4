/* Playbooks run in cases, and everything else somebody has to do there.
 *
 * A run goes by the plan of one version of a playbook (library.h). A step of it becomes a task when it comes up, and only then: what is shown is
 * what is next. People end tasks (done, skipped with a reason, failed); what follows comes up in the same transaction, so a crash finds either
 * both or neither, and a step is entered once (task.key). What the machine does itself (waiting, following an action) is done by room_runs_tick
 * from what stands in the rows, never from memory.
 *
 *              begin             done, failed: the way goes on
 *      due ----------> doing ------------------------------------> done | failed
 *       ^ |              |  \ skipped, with a reason -------------> skipped
 *       | +--------------+---- undo, while nothing that followed was begun: due again, what had come up is withdrawn
 *    waiting: for a time, for its branches, for an action
 *
 * A task without a run is one that people wrote. What Kizuki has no means for stays an instruction to a person and says why (task.means). */
#pragma once
#include "event/port.h"
#include "room/policy.h"
#include "room/room.h"

#define RUN_TASKS_MAX 5000  /* of one run; a loop that nobody ends must end */
#define TASK_TEXT_MAX 4000  /* bytes of a note, a reason, an answer */
#define RUN_DEFAULTS_MAX 200

/* content/playbooks/use.yml: which playbook is proposed for what, and how long people have by the level of the case. */
struct room_run_defaults {
    struct room_run_use {
        struct str kind, rule, playbook; /* kind of the case, or id of a rule (a `*` at its end: whatever begins so) */
    } uses[RUN_DEFAULTS_MAX];
    size_t n_uses;
    struct room_run_due {
        bool set;
        int64_t percent;     /* of what a step allows */
        int64_t otherwise_s; /* where it says nothing */
    } due[5];                /* by enum rule_level */
};
/* Borrowed until the room is closed; NULL: nothing is proposed, nothing is due. */
void room_runs_use(struct room *r, const struct room_run_defaults *d);

/* Proposes the playbook that is meant for the case; while nobody has begun or declined it, what is proposed follows what the case turns out to be.
 * In the caller's transaction. */
int room_run_propose(struct room *r, int64_t incident, struct diag *reterr) MUST_USE;
/* Proposes the playbook of this key, whatever else is proposed or runs there; nothing where it is proposed or runs already, or there is none of that
 * key. why: for the record, of the form "level:NAME". In the caller's transaction. */
int room_run_propose_key(struct room *r, int64_t incident, struct str key, struct str why, struct diag *reterr) MUST_USE;
/* Begins a playbook (id of a version); what was proposed of the same playbook is begun instead. -EBUSY: it is running. */
int room_run_start(struct room *r, const struct room_actor *by, int64_t incident, int64_t playbook, int64_t *ret_id,
                   struct diag *reterr) MUST_USE;
/* to: running (what was proposed), declined, stopped. The last two want a reason. */
int room_run_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str to, struct str why,
                    struct diag *reterr) MUST_USE;

#define TASK_SEND_MAX 100 /* people of one step; more are a list of the operator's own */
struct room_task_send {
    struct str who, address;
};
struct room_task_end {
    struct str to;       /* doing, done, skipped, failed, due (undo), sent (of a notification: by a way of the door; note is the text) */
    struct str note;     /* what was done; the three others: .p NULL when nothing was said */
    struct str why;      /* of a skip, a failure, an undoing; of doing it otherwise */
    struct str answer;   /* of a decision, a condition, a question */
    struct str evidence; /* where it lies: events, a file's digest, a link */
    bool otherwise;      /* it was done, but not as written */
    struct str way;      /* sent: of door.yml */
    const struct room_task_send *send;
    size_t n_send;
};
/* -EINVAL names what is missing ("why", "answer"); -EBUSY the state it is in. */
int room_task_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_task_end *x,
                  struct diag *reterr) MUST_USE;

/* Where no driver reaches: the instruction goes to a named person for each thing, the step waits for what comes back (run_onsite.c). -EINVAL names
 * what is missing ("targets", "person"); -EBUSY the state the step is in. */
struct room_task_onsite {
    struct str text; /* what is told beside the instruction */
    const struct room_task_at {
        struct str target, person; /* person: of the register of people */
    } *at;
    size_t n;
};
int room_task_onsite(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_task_onsite *x, struct diag *reterr) MUST_USE;
/* {"kind","title","instruction","targets":[…],"people":[…]}: what would be told, of which machines, and to whom. -ENOENT: nothing is written for it. */
int room_task_onsite_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;

struct room_task_edit { /* absent: .set false or .p NULL */
    struct str text;    /* of a task that people wrote; a step's text is its playbook's */
    bool set_assignee, set_due;
    int64_t assignee; /* 0: nobody */
    int64_t due_ns;   /* TIME_NONE: none */
    int64_t place;    /* 0: where it is; from 1 */
    const char *lane;
    struct str key; /* of a new one: whoever asks again with it gets the one there is */
};
/* id 0: a new one. In the caller's transaction, or one of its own. */
int room_task_put(struct room *r, const struct room_actor *by, int64_t incident, int64_t id, int64_t version,
                  const struct room_task_edit *x, int64_t *ret_id, struct diag *reterr) MUST_USE;

/* {"tasks":[TASK…],"runs":[RUN…]} of a case; one task; one run with its plan and all its tasks. */
int room_tasks_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_task_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_run_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;

/* Once a second: what was waited for, what became of actions, what is late. */
int room_runs_tick(struct room *r, struct diag *reterr) MUST_USE;
