/* Time as data. An instant is an int64_t of nanoseconds since 1970-01-01T00:00:00Z (names end in _ns);
 * TIME_NONE means "not known". Nothing here reads the machine's time zone. Only intake (arrival times) and
 * app (timers) read the wall clock, through time_now_ns; detection never does. */
#pragma once
#include "base/str.h"

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MIN (60 * NS_PER_S)
#define NS_PER_HOUR (3600 * NS_PER_S)
#define NS_PER_DAY (86400 * NS_PER_S)
#define TIME_NONE INT64_MIN
#define TIME_JST_OFFSET_MIN 540

struct time_civil {
    int year, month, day; /* proleptic Gregorian, month and day from 1 */
    int hour, minute, second;
    int32_t nano;
    int weekday; /* 0 = Sunday; filled by time_to_civil only */
};

int64_t time_now_ns(void);
int64_t time_monotonic_ns(void);
/* Days since 1970-01-01 of a civil date. */
int64_t time_days_from_civil(int year, int month, int day);
/* TIME_NONE when a member is out of range (a leap second, :60, counts as :59.999999999) or the year lies
 * outside 1678…2261. offset_min: minutes east of UTC in which the civil time is meant. */
int64_t time_from_civil(const struct time_civil *c, int offset_min);
void time_to_civil(int64_t t_ns, int offset_min, struct time_civil *ret);

/* RFC 3339 / ISO 8601: 2026-11-23T02:03:08[.frac][Z|±hh:mm|±hhmm|±hh]; 'T' may be a space, ',' may be the
 * fraction's mark. Without a zone *ret_offset_min is TIME_NO_OFFSET and the time is read as UTC. Returns
 * the number of bytes read, or -ERR_PARSE. */
#define TIME_NO_OFFSET 10000
int time_parse_iso(struct str s, int64_t *ret_ns, int *ret_offset_min) MUST_USE;
/* "Nov", "nov"…: 1…12; 0 when it is none. */
int time_month_from_name(struct str s);
/* "2026-11-22T17:03:08.123Z"; digits = 0, 3, 6 or 9 fraction digits. dst holds TIME_ISO_CAP bytes. */
#define TIME_ISO_CAP 40
const char *time_format_iso(int64_t t_ns, int digits, char *dst);
/* The same with an offset: "2026-11-23T02:03:08.123+09:00". */
const char *time_format_iso_offset(int64_t t_ns, int offset_min, int digits, char *dst);
/* "90s", "5m", "1h", "7d", "1w", "1M" (30 days), "1y" (365 days): Sigma timespan. */
int time_parse_span(struct str s, int64_t *ret_ns) MUST_USE;
