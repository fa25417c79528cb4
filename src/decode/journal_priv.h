/* Fields of one journal entry, read from the export format or from journalctl's JSON. */
#pragma once
#include "decode/decode_priv.h"

struct journal_fields {
    struct str message, identifier, comm, hostname, pid, syslog_pid, uid, unit, exe, priority,
        facility, realtime;
    bool any;
};
/* Keeps the value if the key is one of ours; others go into the event as journald.KEY if it keeps
 * all. */
void journal_take(struct decode_job *j, struct journal_fields *f, struct str key, struct str value);
/* Fills the event. False when there is neither a message nor a time. */
bool journal_put(struct decode_job *j, const struct journal_fields *f);
