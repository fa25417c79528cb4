/* One packet filter: its configuration where somebody or something leaves it, looked at again and again.
 *
 *   FILE ──> read, compared with DATA/firewall/NAME/now ──> a note for each change ──> becomes `now`; the old one goes to NAME/past
 *
 * A note comes before `now` changes: killed between, the same is told twice, which rules fold. A text that ended this program lies in
 * `trying` at the next start: it is not read again, and that is told. The first text of a filter is taken as it is. */
#pragma once
#include "app/common/config.h"
#include "app/firewall/requests.h"

#include <sys/stat.h>

struct watch {
    const struct config *config;
    const struct config_firewall *of;
    struct stat seen;  /* of the file, when it was read last */
    bool missing, bad; /* that was told */
};
/* Makes the folders. */
int watch_begin(struct watch *w, const struct config *c, const struct config_firewall *of, struct diag *reterr) MUST_USE;
/* Reads the file if it changed. What cannot be read is told as a note; the error is for our own disk. */
int watch_look(struct watch *w, const struct requests *requests, struct diag *reterr) MUST_USE;
