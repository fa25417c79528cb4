#include "base/log.h"

#include "base/time.h"

#include <stdarg.h>
#include <unistd.h>

static const char *program = "kizuki";
static enum log_level level_max = LOG_INFO_;

void log_set_program(const char *name) {
    program = name;
}
void log_set_level(enum log_level max) {
    level_max = max;
}

void log_line(enum log_level level, const char *fmt, ...) {
    static const char *const words[] = {"error", "warning", "info", "debug"};
    char line[2048], iso[TIME_ISO_CAP];
    va_list ap;
    if (level > level_max)
        return;
    int n = snprintf(line, sizeof line, "%s %s %s: ", time_format_iso(time_now_ns(), 3, iso),
                     program, words[level]);
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof line - (size_t) n - 1, fmt, ap);
    va_end(ap);
    if (m < 0)
        return;
    size_t len = MIN((size_t) n + (size_t) m, sizeof line - 2);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char) line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[len] = '\n';
    ssize_t ignored UNUSED = write(2, line, len + 1);
}
