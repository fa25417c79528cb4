/* The program kizuki-sensor: intake, spool, decode, detect.
 *
 *   kizuki-sensor --data DIR [--config FILE] --room SOCKET [--syslog-fd N]… [--held-fd N] [--gate-fd N] [--replay-fd N] [--no-local-logs]
 *
 *   --data DIR        data folder; writes DIR/spool and DIR/sensor
 *   --config FILE     kizuki.yml
 *   --room SOCKET     the room's socket for sensors
 *   --syslog-fd N     an inherited socket, UDP or listening TCP (may be repeated)
 *   --held-fd N       connections come here that the supervisor accepted and holds too (src/app/serve/holder.h)
 *   --gate-fd N       a listening Unix socket, where kizuki-gate hands records over (src/intake/handed.h)
 *   --replay-fd N     a story arrives here with its own times (src/intake/replay.h); nothing else is read
 *   --end-after-replay  leave when everything played has reached the room
 *   --no-local-logs   without configured sources, do not look for this machine's usual logs
 *   --logs-root DIR   look for them below DIR: DIR/var/log/auth.log…
 *
 * One thread, one loop. A turn: what transports put is committed (one fsync for all), then what is durable is
 * looked at for 20 ms, then the loop looks at its descriptors again. */
#pragma once
#include "app/common/config.h"
#include "app/common/rule_paths.h"
#include "app/common/sandbox.h"
#include "app/sensor/canary.h"
#include "app/sensor/drill.h"
#include "app/sensor/delay.h"
#include "app/sensor/messages.h"
#include "app/sensor/trial.h"
#include "intake/live.h"
#include "intake/replay.h"

#include <uv.h>

struct sensor {
    uv_loop_t loop;
    struct config *config;
    struct rule_paths rule_paths, rule_paths_next; /* in use; being made ready */
    int64_t tightened_next_ns;     /* when a closer watch ends (app/engine/tightened.h) */
    struct timespec rules_changed; /* of DATA/rules/changed when it was looked at last */
    struct indicator_set *indicators; /* in use; NULL: there are none */
    struct indicators_reading *indicators_reading;
    int64_t indicators_changed_ns;
    bool rules_changing, rule_state_changed;
    struct canaries canaries;
    struct drill drill;
    struct delays delays;
    uint32_t own_source;       /* of what the ledger says; 0: not named yet */
    unsigned voice_ticks, voice_turns; /* ticks since the last turn */
    struct trial trial;
    unsigned n_table_jobs; /* table_work.h */
    struct late_feed *late; /* late_feed.h; NULL in a replay */
    struct spool *spool;
    struct registry registry;
    struct pump *pump;
    struct roomlink *link;
    struct intake_live *live; /* NULL in a replay */
    struct messages messages;
    uv_check_t check;     /* after descriptors were served: commit */
    uv_idle_t idle;       /* while there is something to look at */
    uv_timer_t tick, status;
    uv_signal_t on_term, on_int;
    uv_pipe_t replay_pipe;
    struct buf replay_in;
    bool replay, replay_ended, end_after_replay;
    unsigned said_last; /* status messages since the replay was through */
    uint32_t replay_ids[64];
    size_t n_replay_ids;
    struct record_sink sink;
    uint64_t arrived; /* records put since the last tick */
    bool backfilling;         /* old lines came since the end of the old logs was last marked */
    int64_t backfilled_ns;    /* when the latest did, monotonic */
    int64_t commit_complained_ns;
    int result;
};

void sensor_look(uv_idle_t *h); /* main.c: what the idle handle does while there is something to look at */
/* rules.c: takes up other rules while running. Once a second. */
void rules_tick(struct sensor *s);
/* The rules in use into o; at start. */
int rules_start(struct sensor *s, struct engine_options *o, struct diag *reterr) MUST_USE;

/* indicators.c: reads them at start, and takes up other ones while running. Once a second. */
int indicators_start(struct sensor *s, struct diag *reterr) MUST_USE;
void indicators_tick(struct sensor *s);

/* rule_state.c: canaries, delays and decisions about rules, to the room and back. */
void rule_state_start(struct sensor *s);
void rule_state_tick(struct sensor *s); /* once a second */
void rule_state_keep(struct sensor *s);
void rule_state_tell(struct sensor *s);
int rule_state_order(void *ctx, const struct json_value *q, struct diag *err) MUST_USE;
void rule_state_trial(void *ctx, const struct json_value *q, struct jsonw *w); /* the whole result (trial.h) */

/* ledger_voice.c: what the ledger of sources has noticed becomes an event. Once a second. */
void ledger_voice_tick(struct sensor *s);
/* An event of our own, one JSON object, as a record of the source "kizuki". -EAGAIN: later. */
int sensor_say(struct sensor *s, struct str json, int64_t now_ns) MUST_USE;
/* notes.c: what our other programs have noticed (app/common/note.h) becomes an event. Once a second. */
void notes_tick(struct sensor *s);

/* replay_feed.c */
int replay_feed_start(struct sensor *s, int fd, struct diag *reterr) MUST_USE;
/* sources.c: what to read here, from the configuration or by looking for the usual logs. */
int sources_start(struct sensor *s, const int *syslog_fds, int n_syslog_fds, int held_fd, const char *logs_root,
                  struct diag *reterr) MUST_USE; /* logs_root NULL: do not look */
/* Where these lie, for the sandbox; how many. dst's texts live as long as the configuration. */
size_t sources_paths(const struct sensor *s, const char *logs_root, struct sandbox_path *dst, size_t cap);
/* held.c: connections held by the supervisor too. */
int held_start(struct sensor *s, int fd, const struct source *def, struct diag *reterr) MUST_USE;
