/* What was sent, on disk before it is sent: nothing goes twice.
 *
 *   b ID WAY TIME            before the first byte leaves; fsynced
 *   e ID STATE WHY BY TIME SENTENCE (JSON string)     when it is known what became of it; fsynced
 *
 * one line each, with the CRC-32C of the line in front. A line that was torn by a crash was never believed by anybody:
 * its fsync had not returned. A "b" without "e" at start is a message nobody knows the fate of. Ids are remembered for
 * DOOR_JOURNAL_DAYS; the room never uses one again. One thread. */
#pragma once
#include "base/err.h"
#include "base/map.h"
#include "door/send.h"

#define DOOR_JOURNAL_DAYS 30

struct door_entry {
    char id[65], why[24];
    bool ended;
    struct door_outcome outcome;
    int64_t at_ns;
};
struct door_journal {
    int fd;
    char path[4096];
    struct map by_id; /* -> struct door_entry */
    size_t n_unknown; /* found at start without an end */
    int64_t oldest_ns; /* what is older is forgotten at start */
    size_t torn;      /* lines that were not whole */
};
int door_journal_open(struct door_journal *j, const char *path, int64_t now_ns, struct diag *reterr) MUST_USE;
void door_journal_close(struct door_journal *j);
const struct door_entry *door_journal_find(const struct door_journal *j, struct str id);
/* -EEXIST: it was begun before. */
int door_journal_begin(struct door_journal *j, struct str id, struct str way, int64_t now_ns, struct diag *reterr) MUST_USE;
int door_journal_end(struct door_journal *j, struct str id, const struct door_outcome *o, int64_t now_ns, struct diag *reterr) MUST_USE;
