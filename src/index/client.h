/* One client for the index beside us (a Unix socket) and for a cluster (a URL). Blocking, with a deadline; each
 * statement has a connection of its own, so nothing is kept that could be stale.
 *
 *   /var/lib/kizuki/run/index.sock        the socket of kizuki-index
 *   http://[USER:KEY@]HOST[:PORT][/DATABASE]   ClickHouse's HTTP interface; without TLS, so in one's own network
 *
 * Names are resolved when the client is made: whoever is confined does that before. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct index_client;
int index_client_new(const char *where, struct index_client **ret, struct diag *reterr) MUST_USE;
struct index_client *index_client_free(struct index_client *c);
DEFINE_CLEANUP(struct index_client *, index_client_free)
bool index_client_is_local(const struct index_client *c);
/* Sends a statement, with `data` for one that adds rows; what it answers is in `answer` (cleared first). -ENOENT,
 * -ECONNREFUSED: nobody is there; -ETIMEDOUT; -ERR_REFUSED: it was understood and failed, the sentence says why. */
int index_client_run(struct index_client *c, struct str statement, struct str data, int timeout_ms, struct buf *answer,
                     struct diag *reterr) MUST_USE;
