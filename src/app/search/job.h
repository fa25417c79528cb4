/* One search of a page: a scan with what the page shows of it (how far it is, how many and when, the commonest values,
 * the newest events). Only the newest are kept, as bytes; they are decoded when somebody asks. */
#pragma once
#include "app/search/scan.h"
#include "base/buf.h"
#include "base/json.h"

struct job;
/* Times and filters as in scan.h; newest_first is set here. */
int job_new(const struct scan_options *o, struct job **ret, struct diag *reterr) MUST_USE;
struct job *job_free(struct job *j);
bool job_is_running(const struct job *j);
void job_stop(struct job *j);
void job_step(struct job *j); /* a batch; what fails ends the search and is told by job_write */
/* Members of an object. */
int job_write(struct job *j, struct jsonw *w) MUST_USE;
/* Found events as CSV, newest first, from row `from` on: about as much as one answer takes. *ret_next: where it goes on, 0 at
 * the end. Only the newest JOB_ROWS_MAX are kept, or fewer when they are long. */
enum { JOB_ROWS_MAX = 10000 };
int job_csv(struct job *j, size_t from, struct buf *out, size_t *ret_next) MUST_USE;
/* What was looked for as the draft of a rule, with the newest line as its sample. */
int job_rule(struct job *j, struct buf *out, struct diag *reterr) MUST_USE;
