/* Civil conversions follow H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (facts, not
 * code). */
#include "base/time.h"

#include "base/err.h"

#include <time.h>

int64_t time_now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t time_monotonic_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t time_days_from_civil(int year, int month, int day) {
    int64_t y = month <= 2 ? (int64_t) year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static bool leap(int y) {
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && leap(year) ? 29 : days[month - 1];
}

int64_t time_from_civil(const struct time_civil *c, int offset_min) {
    if (c->year < 1678 || c->year > 2261 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > month_days(c->year, c->month) || c->hour < 0 || c->hour > 23 || c->minute < 0 ||
        c->minute > 59 || c->second < 0 || c->second > 60 || c->nano < 0 || c->nano >= NS_PER_S)
        return TIME_NONE;
    int64_t sec = time_days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
                  c->minute * 60 - (int64_t) offset_min * 60;
    if (c->second == 60)
        return (sec + 59) * NS_PER_S + (NS_PER_S - 1);
    return (sec + c->second) * NS_PER_S + c->nano;
}

static int64_t floor_div(int64_t a, int64_t b) {
    int64_t q = a / b;
    return q - (a % b < 0);
}

void time_to_civil(int64_t t_ns, int offset_min, struct time_civil *ret) {
    int64_t sec = floor_div(t_ns, NS_PER_S);
    int32_t nano = (int32_t) (t_ns % NS_PER_S);
    nano += nano < 0 ? (int32_t) NS_PER_S : 0;
    sec += (int64_t) offset_min * 60;
    int64_t days = floor_div(sec, 86400);
    int64_t rest = sec - days * 86400;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int) (mp < 10 ? mp + 3 : mp - 9);
    *ret = (struct time_civil){
        .year = (int) (yoe + era * 400 + (month <= 2)),
        .month = month,
        .day = (int) (doy - (153 * mp + 2) / 5 + 1),
        .hour = (int) (rest / 3600),
        .minute = (int) (rest / 60 % 60),
        .second = (int) (rest % 60),
        .nano = nano,
        .weekday = (int) (((days + 4) % 7 + 7) % 7),
    };
}

/* Reads exactly `digits` decimal digits at *at. */
static bool take_number(struct str s, size_t *at, int digits, int *ret) {
    int v = 0;
    if (s.n - *at < (size_t) digits)
        return false;
    for (int i = 0; i < digits; i++) {
        char c = s.p[*at + (size_t) i];
        if (!ascii_digit(c))
            return false;
        v = v * 10 + (c - '0');
    }
    *at += (size_t) digits;
    *ret = v;
    return true;
}

static bool take_byte(struct str s, size_t *at, char c) {
    if (*at >= s.n || s.p[*at] != c)
        return false;
    (*at)++;
    return true;
}

/* A fraction of any length; digits past the ninth are read and forgotten. */
static bool take_fraction(struct str s, size_t *at, int32_t *ret) {
    int32_t v = 0, scale = 100000000;
    size_t from = *at;
    for (; *at < s.n && ascii_digit(s.p[*at]); (*at)++) {
        v += (s.p[*at] - '0') * scale;
        scale /= 10;
    }
    *ret = v;
    return *at > from;
}

static bool take_zone(struct str s, size_t *at, int *ret_offset_min) {
    int h, m = 0;
    *ret_offset_min = TIME_NO_OFFSET;
    if (*at >= s.n)
        return true;
    char c = s.p[*at];
    if (c == 'Z' || c == 'z') {
        (*at)++;
        *ret_offset_min = 0;
        return true;
    }
    if (c != '+' && c != '-')
        return true;
    (*at)++;
    if (!take_number(s, at, 2, &h))
        return false;
    if (take_byte(s, at, ':')) {
        if (!take_number(s, at, 2, &m))
            return false;
    } else if (*at + 1 < s.n && ascii_digit(s.p[*at]) && ascii_digit(s.p[*at + 1])) {
        (void) take_number(s, at, 2, &m);
    }
    if (h > 23 || m > 59)
        return false;
    *ret_offset_min = (c == '-' ? -1 : 1) * (h * 60 + m);
    return true;
}

int time_parse_iso(struct str s, int64_t *ret_ns, int *ret_offset_min) {
    struct time_civil c = {0};
    size_t at = 0;
    int offset;
    if (!take_number(s, &at, 4, &c.year) || !take_byte(s, &at, '-') ||
        !take_number(s, &at, 2, &c.month) || !take_byte(s, &at, '-') ||
        !take_number(s, &at, 2, &c.day))
        return -ERR_PARSE;
    if (!take_byte(s, &at, 'T') && !take_byte(s, &at, 't') && !take_byte(s, &at, ' '))
        return -ERR_PARSE;
    if (!take_number(s, &at, 2, &c.hour) || !take_byte(s, &at, ':') ||
        !take_number(s, &at, 2, &c.minute) || !take_byte(s, &at, ':') ||
        !take_number(s, &at, 2, &c.second))
        return -ERR_PARSE;
    if (take_byte(s, &at, '.') || take_byte(s, &at, ','))
        if (!take_fraction(s, &at, &c.nano))
            return -ERR_PARSE;
    if (!take_zone(s, &at, &offset))
        return -ERR_PARSE;
    int64_t t = time_from_civil(&c, offset == TIME_NO_OFFSET ? 0 : offset);
    if (t == TIME_NONE)
        return -ERR_PARSE;
    *ret_ns = t;
    *ret_offset_min = offset;
    return (int) at;
}

int time_month_from_name(struct str s) {
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (s.n != 3)
        return 0;
    char a = ascii_lower(s.p[0]), b = ascii_lower(s.p[1]), c = ascii_lower(s.p[2]);
    for (int i = 0; i < 12; i++)
        if (names[3 * i] == a && names[3 * i + 1] == b && names[3 * i + 2] == c)
            return i + 1;
    return 0;
}

/* `n` digits and the mark behind them. By hand: findings are mostly times, and printf took two
 * thirds of the time of writing them. */
static char *put_digits(char *dst, int v, int n, char mark) {
    for (int i = n; i-- > 0; v /= 10)
        dst[i] = (char) ('0' + v % 10);
    dst[n] = mark;
    return dst + n + 1;
}

/* A year of an int64_t of nanoseconds has four digits. Returns the place behind the last digit. */
static char *format_civil(int64_t t_ns, int offset_min, int digits, char *dst) {
    struct time_civil c;
    time_to_civil(t_ns, offset_min, &c);
    dst = put_digits(dst, c.year, 4, '-');
    dst = put_digits(dst, c.month, 2, '-');
    dst = put_digits(dst, c.day, 2, 'T');
    dst = put_digits(dst, c.hour, 2, ':');
    dst = put_digits(dst, c.minute, 2, ':');
    dst = put_digits(dst, c.second, 2, '.');
    if (digits <= 0)
        return dst - 1;
    int32_t v = c.nano;
    for (int i = digits; i < 9; i++)
        v /= 10;
    return put_digits(dst, v, digits, 0) - 1;
}

const char *time_format_iso(int64_t t_ns, int digits, char *dst) {
    char *end = format_civil(t_ns, 0, digits, dst);
    memcpy(end, "Z", 2);
    return dst;
}

const char *time_format_iso_offset(int64_t t_ns, int offset_min, int digits, char *dst) {
    char *end = format_civil(t_ns, offset_min, digits, dst);
    int abs_min = offset_min < 0 ? -offset_min : offset_min;
    *end = offset_min < 0 ? '-' : '+';
    end = put_digits(end + 1, abs_min / 60 % 100, 2, ':');
    put_digits(end, abs_min % 60, 2, 0);
    return dst;
}

int time_parse_span(struct str s, int64_t *ret_ns) {
    static const struct {
        char unit;
        int64_t ns;
    } units[] = {
        {'s', NS_PER_S},       {'m', NS_PER_MIN},      {'h', NS_PER_HOUR},      {'d', NS_PER_DAY},
        {'w', 7 * NS_PER_DAY}, {'M', 30 * NS_PER_DAY}, {'y', 365 * NS_PER_DAY},
    };
    uint64_t v;
    if (s.n < 2 || str_to_u64(str_to(s, s.n - 1), &v) < 0)
        return -ERR_PARSE;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        int64_t ns;
        if (units[i].unit != s.p[s.n - 1])
            continue;
        if (v > INT64_MAX || __builtin_mul_overflow((int64_t) v, units[i].ns, &ns))
            return -ERR_LIMIT;
        *ret_ns = ns;
        return 0;
    }
    return -ERR_PARSE;
}
