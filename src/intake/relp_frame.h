/* RELP, the acknowledged syslog of rsyslog, as far as bytes go:
 *
 *   TXNR SP COMMAND SP DATALEN [SP DATA] LF
 *
 * TXNR has 1 to 9 digits, COMMAND 1 to 32 letters, DATALEN 1 to 9 digits; without data there is neither the space nor
 * anything behind it. Whoever says more data than GATE_MESSAGE_BYTES_MAX is refused. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

struct relp_frame {
    uint32_t number;
    struct str command, data; /* slices of what was read */
    size_t used;
};
/* 1: *ret; 0: more bytes are needed; -ERR_PARSE, -ERR_LIMIT. */
int relp_frame_next(struct str in, struct relp_frame *ret) MUST_USE;
void relp_frame_add(struct buf *out, uint32_t number, const char *command, struct str data);
