/* Asks the room's program something of a data folder, beside a running room: so there is one judgement of a table, of a row and of what may leave. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* argv: of kizuki-room, argv[0] as it likes; input: a file for its standard input, or NULL; its standard output comes into out. -ERR_REFUSED when it
 * ended with another status than 0; why stands on standard error. */
int ask_room_run(char *const *argv, const char *input, struct buf *out, struct diag *reterr) MUST_USE;
