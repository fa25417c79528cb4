#include "base/log.h"

#include "base/buf.h"
#include "base/text.h"
#include "base/time.h"

#include <stdarg.h>
#include <unistd.h>

enum { LINE_MAX_ESCAPED = 16384 }; /* a byte becomes four at most, a character eight */

static const char *program = "kizuki";

void log_set_program(const char *name) {
    program = name;
}

/* One write, so that lines of several programs on one terminal do not mix. */
static void write_escaped(struct str line) {
    struct buf b;
    buf_init(&b, LINE_MAX_ESCAPED);
    text_escape_controls(&b, line);
    buf_add_byte(&b, '\n');
    if (buf_error(&b) == 0)
        IGNORE(write(2, b.p, b.n));
    else
        IGNORE(write(2, "out of memory while logging\n", 28));
    buf_done(&b);
}

void log_line(enum log_level level, const char *fmt, ...) {
    static const char *const words[] = {"error", "warning", "info"};
    char line[2048], iso[TIME_ISO_CAP];
    va_list ap;
    int n = snprintf(line, sizeof line, "%s %s %s: ", time_format_iso(time_now_ns(), 3, iso),
                     program, words[level]);
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof line - (size_t) n - 1, fmt, ap);
    va_end(ap);
    if (m < 0)
        return;
    write_escaped(str_n(line, MIN((size_t) n + (size_t) m, sizeof line - 2)));
}
