/* ClickHouse's HTTP interface, as far as src/index/client.c needs it: POST with the statement in the body, or in the
 * parameter `query` and rows in the body; one request a connection. Statements that src/index/sql.c does not write are
 * refused with 403. */
#pragma once
#include "app/index/engine.h"

/* Until a signal arrives on signal_fd, or the process holds more than rss_max_bytes: then 1, and whoever started it
 * starts it again. */
int index_serve(int listen_fd, int signal_fd, struct engine *e, uint64_t rss_max_bytes) MUST_USE;
