/* A program started by `kizuki serve` ends when the supervisor is gone, also when that was killed: otherwise it
 * would go on holding the spool, the database and the sockets, and the next supervisor could not start. */
#pragma once
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SUPERVISED_ENV "KIZUKI_SUPERVISED" /* holds the supervisor's process id */

static inline void supervised_begin(void) {
    const char *parent = getenv(SUPERVISED_ENV);
    if (!parent)
        return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (strtol(parent, NULL, 10) != (long) getppid()) /* it died before we asked */
        _exit(0);
}
