/* The process that starts the programs of door.yml, made before the door walls itself in: the door can start nothing.
 * It starts what stands in the file it was given at its start and nothing else; what a message adds are arguments. */
#pragma once
#include "door/send.h"

#include <pthread.h>

struct runner {
    int fd; /* -1: no way wants a program */
    pthread_mutex_t lock; /* one program at a time */
};
int runner_start(struct runner *r, const struct door_ways *ways, struct diag *reterr) MUST_USE;
/* From any worker; blocks until the program has ended. */
void runner_send(struct runner *r, const struct door_ways *ways, const struct door_way *w, const struct door_job *job,
                 struct door_outcome *out);
