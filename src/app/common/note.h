/* What our own programs have to say as events: the keeper, a vault. A file each in DATA/notes; the sensor makes a record of
 * it in the spool, as of what its ledger of sources notices (content/events/ledger.md), and removes it when that is on disk.
 * So rules judge it like everything else, and a note outlives a sensor that is not there. Killed in between, a note is told
 * twice, which rules fold.
 *
 * A note is one JSON object of at most NOTE_BYTES_MAX with "event.action" and fields; note_begin writes what all have. */
#pragma once
#include "base/json.h"

struct note {
    struct buf bytes;
    struct jsonw w;
};
/* dataset: "kizuki.vault", "kizuki.keep" or "kizuki.trace". */
void note_begin(struct note *n, const char *dataset, const char *action);
/* Ends and leaves it; frees. The folder is there (note_folder, before a program is walled in). */
/* The same, and its path: the sensor removes it once its record is on disk. */
#define NOTE_PATH_CAP (4096 + 64)
int note_leave_at(struct note *n, const char *data, char ret_path[NOTE_PATH_CAP], struct diag *reterr) MUST_USE;
int note_leave(struct note *n, const char *data, struct diag *reterr) MUST_USE;
/* "DATA/notes", made when it is not there. dst holds 4096 bytes. */
int note_folder(const char *data, char *dst, struct diag *reterr) MUST_USE;
