/* Times as people and Japanese systems write them: 令和7年5月1日 午後1:05, R7.5.1, 平成31/4/30, 2026/11/23(月) 25:30,
 * 昨日18時頃, 5分前, May  1 02:03:04, 20261123 0203. For forms, imports and times typed into a case; logs have decoders.
 *
 * Nothing is guessed in silence: what was not written is said (precision, year_assumed, no zone), and what may mean two
 * things is refused with what to write instead. Never reads a clock: today is what the caller says it is. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

enum time_precision { TIME_TO_DAY, TIME_TO_HOUR, TIME_TO_MINUTE, TIME_TO_SECOND };

struct time_written {
    int64_t t_ns;             /* the beginning of what was written: a day's midnight, an hour's minute 0 */
    enum time_precision precision;
    bool year_assumed;        /* none was written: the nearest one not far in the future was taken */
    bool date_assumed;        /* none was written at all: today */
    bool zone_assumed;        /* none was written: offset_min of the caller */
    bool about;               /* 頃, ごろ, 約 */
    bool next_day;            /* 24:00 or later of the day that was written */
    bool era_over;            /* 平成32年: of an era that had ended by then */
    bool weekday_differs;     /* the weekday beside the date is another day's */
};
/* Why a text was refused, for whoever says it in a language of their own. */
enum time_refusal {
    TIME_NO_TIME,    /* nothing in it is one */
    TIME_UNREADABLE, /* .what: from where on it is not understood */
    TIME_HALF_DAY,   /* 午後13時: wants an hour from 0 to 11 */
    TIME_TWELVE,     /* 午後12時: noon to one reader, midnight to the next */
    TIME_HOUR,       /* .what: 36 or more */
    TIME_NO_SUCH,    /* .what: 2026-02-30 */
    TIME_TOO_LONG,
    TIME_REFUSAL_MAX_
};
struct time_refused {
    enum time_refusal why;
    char what[96]; /* UTF-8, "" where there is nothing to name */
};
/* today_ns: the instant "now" for words and missing years; offset_min: the zone of both, and of a time without one.
 * -ERR_PARSE with the place and a remedy in reterr, and the same as data in ret_refused (NULL: not wanted).
 * Up to TIME_WRITTEN_BYTES_MAX bytes are looked at. */
#define TIME_WRITTEN_BYTES_MAX 200
int time_read_written(struct arena *a, struct str text, int64_t today_ns, int offset_min,
                      struct time_written *ret, struct time_refused *ret_refused,
                      struct diag *reterr) MUST_USE;
/* How wide the span is in which it lies: 0 to the second, 60, 3600, 86400 to the minute, hour or day, from t_ns on;
 * with 頃 around t_ns and wider (10, 300, 7200, 259200), so that the width alone tells one from the other. */
int64_t time_written_width_s(const struct time_written *w);
