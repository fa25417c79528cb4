/* The hand's journal: what was intended, what was done, in the order it happened.
 *
 * Records, one behind the other:
 *
 *   offset 0   4 bytes  "KzJ1"
 *          4   u32 le   n, bytes of payload (at most HAND_JOURNAL_RECORD_MAX)
 *          8   u32 le   CRC-32C over the four bytes of n and the payload
 *         12   n bytes  payload (JSON; hand/replay.c knows the kinds)
 *
 * A commit writes the records added since the last one and waits until they are on disk; a failed
 * commit takes its bytes back, so that the file never holds a record its writer believes lost. A
 * torn or damaged place costs the records it touches: reading goes on at the next whole record,
 * what was skipped is counted. The file is rewritten whole (beside, fsync, rename) at each start
 * and when it has grown. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct hand_journal {
    int fd;
    size_t bytes; /* on disk */
    struct buf pending;
    char path[4096];
};
struct hand_journal_scan {
    size_t records, skipped_bytes;
};

/* Called for each whole record; a negative code stops the scan and is returned. */
typedef int hand_journal_fn(void *ctx, struct str payload);
int hand_journal_scan(struct str bytes, hand_journal_fn *each, void *ctx,
                      struct hand_journal_scan *ret) MUST_USE;
void hand_journal_frame(struct buf *out, struct str payload);

void hand_journal_init(struct hand_journal *j); /* not open */
/* Opens or makes the file (0600) and reads it. */
int hand_journal_open(struct hand_journal *j, const char *path, hand_journal_fn *each, void *ctx,
                      struct hand_journal_scan *ret, struct diag *reterr) MUST_USE;
void hand_journal_add(struct hand_journal *j, struct str payload);
int hand_journal_commit(struct hand_journal *j, struct diag *reterr) MUST_USE;
void hand_journal_forget(struct hand_journal *j); /* drops what was added since the last commit */
/* Replaces the file by these frames. keep_old: leaves the old file beside it as "….damaged". */
int hand_journal_rewrite(struct hand_journal *j, struct str frames, bool keep_old,
                         struct diag *reterr) MUST_USE;
void hand_journal_close(struct hand_journal *j);
