/* A hunt over what is kept: a query, a rule or the indicators of an import looked for from the oldest record on, with
 * what matters when it is found late: when first, on which hosts, by which accounts, which indicators.
 *
 * It outlives its program: at the end of each segment where it stands is written to FOLDER/KEY.hunt, and whoever begins
 * a hunt with the same key and the same question goes on there. So whoever asks need not know whether the searcher, or he
 * himself, was killed in between. Progress counts the bytes of segments that have to be read and have been, also before. */
#pragma once
#include "app/search/scan.h"
#include "base/json.h"

#define PAST_KEY_BYTES_MAX 40
struct past;
/* One of several questions of a hunt: what fits any of them is looked for in one reading, and counted for each, with hosts, accounts,
 * clients, recipients and the numbers servers give mails. */
struct past_part {
    struct str name, query; /* name: letters, digits, '-' and '.' */
};
struct past_options {
    struct scan_options scan; /* times, what is looked for, where */
    struct str key;           /* letters, digits and '-' */
    const char *folder;
    const struct past_part *parts; /* instead of the scan's query */
    size_t n_parts;                /* at most SEARCH_PARTS_MAX */
    uint32_t import;          /* of indicators; 0: none */
};
int past_new(const struct past_options *o, struct past **ret, struct diag *reterr) MUST_USE;
struct past *past_free(struct past *p);
bool past_is(const struct past *p, struct str key);
bool past_is_running(const struct past *p);
void past_stop(struct past *p);
void past_step(struct past *p); /* a batch */
int past_write(struct past *p, struct jsonw *w) MUST_USE; /* members of an object */
/* Removes files of a folder whose names begin and end so, and that were written before then. */
void past_forget(const char *folder, const char *begins, const char *ends, int64_t older_ns);
