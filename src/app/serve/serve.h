/* `kizuki serve`, `kizuki demo` and `kizuki pack replay` are one thing: the three programs over a data folder.
 * A replay adds a player (`kizuki pack play`) whose lines are all the sensor reads, and locks the hand in
 * dry-run. One that plays once ends with status 1 when its player fails or a program cannot be started. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct serve_options {
    const char *data, *config;    /* NULL: defaults */
    const char *https;            /* ADDR:PORT over the configured one */
    const char *syslog;           /* ADDR:PORT over the configured ones; "off" = none */
    bool no_local_logs;
    const char *logs_root;        /* this machine's usual logs are looked for below it; NULL: / */
    bool vault;                   /* pull from the firsts this one is enrolled with */
    const char *replay;           /* replay.yml to play, or NULL */
    double pace;                  /* of the replay; 0 = as fast as it goes */
    uint64_t seed;                /* of the replay; 0 = the file's own */
    bool end_after_replay;        /* leave when everything played has reached the room */
    bool quiet;                   /* print no address and no link */
};
/* Runs until a signal, or until the replay is through; returns the exit status. */
int serve_run(const struct serve_options *o);
/* Whether a supervisor runs over this data folder; false also when there is none. */
bool serve_is_running(const char *data);
