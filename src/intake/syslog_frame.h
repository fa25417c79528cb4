/* Where a syslog message ends on a stream: RFC 6587, both framings, told apart for each message.
 *
 *   counted    "83 <13>1 2026-…"   the number of bytes, a space, the message
 *   lines      "<13>Nov 22 …\n"    LF behind the message
 *
 * A connection's first message decides what it usually speaks: counted only when a priority follows
 * the number
 * ("83 <13>"), because a line may begin with a number too. Later, a connection that counts needs no
 * priority, and its messages that do not begin with a number are lines. On a connection of lines,
 * something that looks counted is believed only when the frame it announces holds no LF but at its
 * end: text in a line is hostile, and "65000 <1>" must not swallow the lines behind it.
 *
 * One LF (and a CR before it) at the end of a counted message is dropped. Messages longer than
 * LINE_BYTES_MAX come in pieces; a count above LINE_BYTES_HARD_MAX is refused. Any bytes are kept,
 * NUL too. */
#pragma once
#include "base/err.h"
#include "event/record.h"

enum syslog_mode { SYSLOG_UNDECIDED, SYSLOG_LINES, SYSLOG_COUNTED, SYSLOG_MODE_MAX_ };

/* Small enough to travel with every record. */
struct syslog_framing {
    enum syslog_mode mode;
    uint32_t left; /* bytes of a counted message whose first pieces were taken */
    bool in_long;  /* the present message began before */
};
struct syslog_frame {
    struct str bytes; /* n 0: nothing but framing (an empty line): no record */
    size_t used;
    uint32_t flags;
};

enum {
    SYSLOG_COUNT_DIGITS_MAX = 8,
    /* in this window every message or piece can be decided */
    SYSLOG_WINDOW_BYTES = SYSLOG_COUNT_DIGITS_MAX + 1 + LINE_BYTES_MAX + 2,
};

/* 1: *ret is filled, *s moved on. 0: more bytes are needed. -ERR_LIMIT: the announced message is
 * too long. end: nothing will follow; a counted message cut by it is RAW_TRUNCATED. */
int syslog_frame_next(struct syslog_framing *s, const char *p, size_t n, bool end,
                      struct syslog_frame *ret) MUST_USE;
/* Takes what is there (0 < n < SYSLOG_WINDOW_BYTES, and syslog_frame_next gave 0) as a piece, for
 * when the kernel cannot hold more of a message than this. *used 0: not even a number is complete.
 */
void syslog_frame_force(struct syslog_framing *s, const char *p, size_t n,
                        struct syslog_frame *ret);
