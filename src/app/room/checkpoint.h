/* The end of the chain of writes, signed and kept beside the database (DIR/room/checkpoint): a
 * database that was cut or put back to an earlier state no longer knows the row it names. */
#pragma once
#include "room/audit.h"

struct program;
/* Writes it when the chain has grown since; a failure is logged, and tried again at the next call.
 */
void checkpoint_write(struct program *p);
/* room_audit_verify against the checkpoint and against a head kept elsewhere (.n 0: none). A
 * checkpoint that is not of this room's key is told as a cut end. */
int checkpoint_verify(struct program *p, struct str head, struct room_verdict *ret,
                      struct diag *reterr) MUST_USE;
