/* The database's shape and how it got there. */
#pragma once
#include "base/sql.h"

/* Brings the database to the newest shape, each step in a transaction; -ERR_UNSUPPORTED when it is
 * newer than this program. */
int room_schema_migrate(struct sql *db, int64_t now_ns, struct diag *reterr) MUST_USE;
