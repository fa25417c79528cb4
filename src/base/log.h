/* What a program says about itself: one line on standard error, key=value after the sentence. Only
 * src/app logs; everything else returns codes and counts. Values from outside are escaped (no
 * control bytes). */
#pragma once
#include "base/macros.h"

enum log_level { LOG_ERROR_, LOG_WARN_, LOG_INFO_ };
void log_set_program(const char *name); /* static string, shown first */
/* The sentence is lower case without a full stop. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define log_error(...) log_line(LOG_ERROR_, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN_, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO_, __VA_ARGS__)
