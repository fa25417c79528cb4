/* An export of evidence for a page: chosen and written in a thread of its own, into DATA/exports/ID.zip, where the room takes
 * it from. One at a time; the files of the last EXPORTS_KEPT stay. */
#pragma once
#include "app/search/evidence.h"
#include "app/search/scan.h"

enum { EXPORTS_KEPT = 8 };
struct export_wanted {
    struct scan_options scan; /* .query empty: by records */
    const uint64_t *records;  /* copied */
    size_t n;
    struct str custody;         /* copied, as `digests`: of evidence_options */
    const struct str *digests;
    size_t n_digests;
    struct str who, why, chosen_by, copy_of; /* copied; copy_of as of evidence_options */
};
struct export_job;
/* Outlives its jobs. folder: DATA/exports, attached: DATA/attached. */
struct exports {
    const char *folder, *attached;
    const struct evidence_texts *texts;
    struct export_job *jobs[EXPORTS_KEPT]; /* the newest first */
    int64_t next_id;
};
/* Empties the folder: what an earlier life has written is not asked for any more. */
int exports_init(struct exports *x, const char *folder, const char *attached, const struct evidence_texts *texts, int64_t first_id, struct diag *reterr) MUST_USE;
void exports_done(struct exports *x);
/* -EBUSY: another one is at work. */
int exports_begin(struct exports *x, const struct export_wanted *w, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* Members of an object; -ENOENT: no longer kept. */
int exports_write(struct exports *x, int64_t id, struct jsonw *w) MUST_USE;
