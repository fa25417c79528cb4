/* Live intake: what all transports share. One loop, one thread.
 *
 * Transports read, cut and put records; after each turn of the loop everything that was put is
 * committed at once (group commit), and then the transports are told, so that those that can take
 * bytes back only then consume (syslog over TCP). A kill at any moment therefore loses and doubles
 * nothing that the operating system still holds: files, journals and connections.
 *
 * While the disk is full nothing is consumed: transports that can wait stop reading, UDP goes on
 * until the spool's memory is full and is then counted as lost by the kernel. A timer tries again.
 */
#pragma once
#include "event/port.h"

#include <uv.h>

struct intake_live;

struct intake_live_options {
    uv_loop_t *loop;
    struct record_sink sink;
    struct port_clock clock; /* .now_ns NULL = the wall clock */
    /* The id of the source of this name, defined in the spool when new or changed. Texts are copied
     * by it. */
    int (*name_source)(void *ctx, const struct source *def, uint32_t *ret_id, struct diag *reterr);
    void *ctx;
    int64_t since_ns; /* when the process before us was last seen at work; 0: nobody knows */
};
int intake_live_new(const struct intake_live_options *o, struct intake_live **ret) MUST_USE;
/* Commits, closes every handle and descriptor; memory goes when the loop has run them down. NULL is
 * fine. */
void intake_live_close(struct intake_live *l);
/* Before transports are added: every RAW_STATE record of the spool (spool_each), others are passed
 * over. */
int intake_live_restore(struct intake_live *l, const struct raw_record *rec) MUST_USE;

/* What cannot be read from the spool's records. */
struct intake_counters {
    uint64_t lost;   /* the kernel dropped them before us (datagrams) */
    uint64_t broken; /* frames and files that were not what they said */
    uint64_t wiped;  /* files that were cut, and what stood in them stands nowhere beside them */
    uint64_t again;  /* files read from their start that may be copies of what was read before */
};
struct intake_counters intake_live_counters(const struct intake_live *l, uint32_t source);

/* ---- transports ---- */

struct intake_tail_options {
    bool skip_existing; /* begin at the end of files that exist at first sight; else they are
                           backfill */
    int64_t read_back_ns; /* rotated files last written to then or before were read by somebody else; 0: none were */
    unsigned rescan_ms; /* names and sizes are looked at anew; 0 = 1000. inotify is only faster */
};
/* Follows def->path, a file name or a glob. No file needs to exist yet. */
int intake_tail_add(struct intake_live *l, const struct source *def,
                    const struct intake_tail_options *o, struct diag *reterr) MUST_USE;

/* The same, and before it, once, what lies rotated beside it (packed, too): intake/history.c. def's texts stay. */
int intake_files_add(struct intake_live *l, const struct source *def,
                     const struct intake_tail_options *o, struct diag *reterr) MUST_USE;

/* Syslog on sockets that are open already; takes fd, also on failure. def names the source of what
 * has no better one; senders become sources of their own, "ADDRESS (NAME)". */
int intake_syslog_add_udp(struct intake_live *l, int fd, const struct source *def,
                          struct diag *reterr) MUST_USE;
int intake_syslog_add_listener(struct intake_live *l, int fd, const struct source *def,
                               struct diag *reterr) MUST_USE;
/* Connections somebody else accepted and keeps open too (the supervisor): after a kill it hands
 * the same connection to the next process, which goes on at the byte where the spool ends. `through`
 * is called when a connection has ended and everything of it is on disk, and also when it is
 * refused; not when intake is closed. */
struct intake_syslog_held;
typedef void intake_through_fn(void *ctx, uint64_t cookie);
int intake_syslog_held_new(struct intake_live *l, const struct source *def,
                           intake_through_fn *through, void *ctx, struct intake_syslog_held **ret,
                           struct diag *reterr) MUST_USE;
/* Takes fd, also on failure. */
int intake_syslog_held_add(struct intake_syslog_held *h, int fd, struct diag *reterr) MUST_USE;
/* Whether every journal file below the folder ("": of this machine) can be read. Those of users have numbers out of the same series
 * as the system's: whoever may not read them sees gaps where nothing was removed. */
bool intake_journal_is_whole(const char *path);
/* Journal files below def->path (a folder); empty = this machine's. */
int intake_journal_add(struct intake_live *l, const struct source *def,
                       struct diag *reterr) MUST_USE;
