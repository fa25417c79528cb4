/* Reports of people on their way to the rules: each becomes a note (app/common/note.h), of which the sensor makes an event, and what rules find
 * in them joins the reports to a case. Killed in between, a report is told twice; rules count reports, not events. */
#pragma once
#include "base/err.h"

struct program;
int report_link_start(const struct program *p, struct diag *reterr) MUST_USE; /* before the sandbox */
void report_link_tick(struct program *p);
