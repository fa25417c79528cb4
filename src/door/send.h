/* Sending one message by one way, and saying truthfully what became of it.
 *
 * Blocking: called by a worker. No state between calls; several may run side by side. Connects only to addresses the
 * way may reach (asked for the very address that is connected to, so that a name that changes its mind gains nothing),
 * follows no redirect, believes no certificate that cannot be checked, reads at most DOOR_ANSWER_BYTES_MAX. */
#pragma once
#include "base/json.h"
#include "door/way.h"

enum door_state {
    DOOR_SENT,    /* the other side took it */
    DOOR_FAILED,  /* surely not taken; worth trying again later */
    DOOR_REFUSED, /* surely not taken, and will not be until somebody changes something */
    DOOR_UNKNOWN, /* it may have been taken: nobody answered in time */
    DOOR_STATE_MAX_
};
const char *door_state_to_string(enum door_state s);
int door_state_from_string(struct str s); /* enum or -EINVAL */

#define DOOR_SENTENCE_CAP 600
#define DOOR_WAY_NAME_CAP 65
struct door_outcome {
    enum door_state state;
    const char *why;                  /* static word pages translate: "connect", "certificate"…; "sent" */
    char sentence[DOOR_SENTENCE_CAP]; /* plain English with the remedy */
    int status;                       /* of SMTP or HTTP, or the program's; 0: none came */
    char by[DOOR_WAY_NAME_CAP];       /* the way that was tried last */
    char address[IP_CAP];             /* connected to; empty: nowhere */
};

struct door_job {
    struct str id; /* of this try; never used twice for different messages */
    struct str to;
    const struct json_value *vars; /* an object of strings; may be NULL */
    bool drill;
    int64_t now_ns;
};
bool door_id_ok(struct str id);
/* Reads a message {"id","way","to","vars","drill"}; slices of `v`. */
int door_job_read(const struct json_value *v, struct door_job *ret, struct str *ret_way, struct diag *reterr) MUST_USE;
/* Fills *out. One way only: what comes after it (`else`) is the caller's. */
void door_send(const struct door_way *w, const struct door_job *job, struct door_outcome *out);

/* A program of DOOR_PROGRAM: expanded arguments, ending with a NULL; freed with door_argv_free. */
int door_argv_make(const struct door_way *w, const struct door_job *job, char ***ret, struct diag *reterr) MUST_USE;
void door_argv_free(char **argv);
/* Starts it without a shell, with an empty environment but PATH, waits at most the way's timeout. */
void door_program_run(const struct door_way *w, char *const *argv, struct door_outcome *out);
