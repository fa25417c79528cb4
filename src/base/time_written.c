#include "base/time_written.h"

#include "base/era.h"
#include "base/text.h"

/* The text is folded first (NFKC, lower case), so that full-width digits, ㋿ and capital letters are gone. Then a table
 * of readers is tried at each place, in its order; each takes what it knows or nothing. Every part may come once. */

enum { NOT_WRITTEN = -1, HOURS_MAX = 36, FUTURE_DAYS_MAX = 62 };

struct scan {
    struct str s; /* what is left */
    int64_t today_ns;
    int offset_min;
    struct time_civil c; /* members NOT_WRITTEN until read */
    const struct era *era;
    int weekday, half_day; /* half_day: 0 午前/am, 1 午後/pm */
    bool english_half;
    int zone_min;
    bool about, has_time;
    enum time_precision precision;
    struct time_refused *refused; /* never NULL */
};

static bool take(struct scan *x, const char *word) {
    struct str w = str_of(word);
    if (!str_starts(x->s, w))
        return false;
    x->s = str_from(x->s, w.n);
    return true;
}

static size_t digits(struct str s) {
    size_t n = 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

static int number(struct str s, size_t n) {
    int v = 0;
    for (size_t i = 0; i < n; i++)
        v = 10 * v + (s.p[i] - '0');
    return v;
}

/* min to max digits, not fewer and not more. */
static bool take_number(struct scan *x, size_t min, size_t max, int *ret) {
    size_t n = digits(x->s);
    if (n < min || n > max)
        return false;
    *ret = number(x->s, n);
    x->s = str_from(x->s, n);
    return true;
}

static bool take_one(struct scan *x, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (take(x, words[i]))
            return true;
    return false;
}
#define TAKE_ONE(x, ...)                                                                           \
    take_one(x, (const char *const[]){__VA_ARGS__},                                                \
             ARRAY_SIZE(((const char *const[]){__VA_ARGS__})))

static void skip_space(struct scan *x) {
    while (TAKE_ONE(x, " ", "\t"))
        ;
}

/* ---- dates ---- */

/* Month and day with their marks, after a year and its mark: 5月1日, 5/1, 5.1, 5-1. */
static bool month_and_day(struct scan *x) {
    int month, day;
    skip_space(x);
    if (!take_number(x, 1, 2, &month))
        return false;
    skip_space(x);
    bool kanji = take(x, "月");
    if (!kanji && !TAKE_ONE(x, "/", "-", "."))
        return false;
    skip_space(x);
    if (!take_number(x, 1, 2, &day))
        return false;
    skip_space(x);
    if (kanji && !take(x, "日"))
        return false;
    x->c.month = month;
    x->c.day = day;
    return true;
}

static bool read_era_date(struct scan *x) {
    size_t n;
    int year = 1;
    const struct era *e = era_read(x->s, &n);
    if (!e)
        return false;
    x->s = str_from(x->s, n);
    skip_space(x);
    if (!take(x, "元") && !take_number(x, 1, 2, &year))
        return false;
    skip_space(x);
    if (year == 0 || !TAKE_ONE(x, "年", "/", ".", "-"))
        return false;
    x->c.year = e->year + year - 1;
    x->era = e;
    return month_and_day(x);
}

static bool read_full_date(struct scan *x) {
    return take_number(x, 4, 4, &x->c.year) && (skip_space(x), TAKE_ONE(x, "年", "/", ".", "-")) &&
           month_and_day(x);
}

static bool read_packed_date(struct scan *x) {
    if (digits(x->s) != 8)
        return false;
    x->c.year = number(x->s, 4);
    x->c.month = number(str_from(x->s, 4), 2);
    x->c.day = number(str_from(x->s, 6), 2);
    x->s = str_from(x->s, 8);
    return true;
}

static bool read_english_date(struct scan *x) {
    int day = NOT_WRITTEN, month, year;
    if (take_number(x, 1, 2, &day)) {
        (void) TAKE_ONE(x, "st", "nd", "rd", "th");
        skip_space(x);
    }
    month = x->s.n >= 3 ? time_month_from_name(str_to(x->s, 3)) : 0;
    if (!month)
        return false;
    x->s = str_from(x->s, 3);
    while (x->s.n && ((x->s.p[0] >= 'a' && x->s.p[0] <= 'z') || x->s.p[0] == '.'))
        x->s = str_from(x->s, 1);
    skip_space(x);
    if (day == NOT_WRITTEN) {
        if (!take_number(x, 1, 2, &day))
            return false;
        (void) TAKE_ONE(x, "st", "nd", "rd", "th");
    }
    struct str before = x->s;
    while (TAKE_ONE(x, " ", ",", "\t"))
        ;
    if (digits(x->s) == 4 && (x->s.n == 4 || x->s.p[4] != ':') && take_number(x, 4, 4, &year))
        x->c.year = year;
    else
        x->s = before;
    x->c.month = month;
    x->c.day = day;
    return true;
}

static bool read_short_date(struct scan *x) {
    size_t n = digits(x->s);
    struct str after = str_from(x->s, n);
    /* 5.1 without a year could be a version, an hour or an amount */
    if (n == 0 || n > 2 || str_starts(after, STR(".")) || str_starts(after, STR("-")))
        return false;
    return month_and_day(x);
}

static bool read_day_word(struct scan *x) {
    static const struct {
        const char *word;
        int days;
    } words[] = {{"一昨日", -2}, {"おととい", -2}, {"昨日", -1}, {"きのう", -1}, {"前日", -1},
                 {"今日", 0},    {"本日", 0},      {"きょう", 0}, {"明日", 1},
                 {"yesterday", -1}, {"today", 0}, {"tomorrow", 1}};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (!take(x, words[i].word))
            continue;
        struct time_civil c;
        time_to_civil(x->today_ns + words[i].days * NS_PER_DAY, x->offset_min, &c);
        x->c.year = c.year;
        x->c.month = c.month;
        x->c.day = c.day;
        return true;
    }
    return false;
}

static bool read_date(struct scan *x) {
    static bool (*const readers[])(struct scan *) = {read_day_word,    read_era_date,
                                                     read_full_date,   read_packed_date,
                                                     read_english_date, read_short_date};
    if (x->c.month != NOT_WRITTEN)
        return false;
    const struct scan before = *x;
    for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
        if (readers[i](x))
            return true;
        *x = before;
    }
    return false;
}

/* (月), 月曜日, (火曜), mon */
static bool read_weekday(struct scan *x) {
    static const char *const days[] = {"日", "月", "火", "水", "木", "金", "土"};
    static const char *const english[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    bool open = take(x, "(");
    for (int i = 0; i < 7; i++) {
        if (open && take(x, days[i])) {
            (void) TAKE_ONE(x, "曜日", "曜");
            (void) TAKE_ONE(x, "・祝", "祝");
            x->weekday = i;
            return take(x, ")");
        }
        if (take(x, english[i])) {
            while (x->s.n && x->s.p[0] >= 'a' && x->s.p[0] <= 'z')
                x->s = str_from(x->s, 1);
            (void) TAKE_ONE(x, ",", ".");
            x->weekday = i;
            return !open || take(x, ")");
        }
        struct str name = str_of(days[i]);
        if (str_starts(x->s, name) && str_starts(str_from(x->s, name.n), STR("曜"))) {
            x->s = str_from(x->s, name.n);
            (void) TAKE_ONE(x, "曜日", "曜");
            x->weekday = i;
            return true;
        }
    }
    return false;
}

/* ---- times of day ---- */

static bool read_half_day(struct scan *x) {
    if (x->half_day != NOT_WRITTEN)
        return false;
    if (TAKE_ONE(x, "午前", "午後")) {
        x->half_day = str_starts(str_n(x->s.p - 3, 3), STR("後"));
        return true;
    }
    if (TAKE_ONE(x, "am", "a.m.", "pm", "p.m.")) {
        x->half_day = x->s.p[-1] == '.' ? x->s.p[-4] == 'p' : x->s.p[-2] == 'p';
        x->english_half = true;
        return true;
    }
    return false;
}

static void fraction(struct scan *x) {
    if (x->s.n < 2 || (x->s.p[0] != '.' && x->s.p[0] != ',') || digits(str_from(x->s, 1)) == 0)
        return;
    x->s = str_from(x->s, 1);
    size_t n = digits(x->s);
    int32_t scale = 100000000;
    x->c.nano = 0;
    for (size_t i = 0; i < n && scale; i++, scale /= 10)
        x->c.nano += (x->s.p[i] - '0') * scale;
    x->s = str_from(x->s, n);
}

/* 13:05, 13:05:09.250, 25:30 */
static bool colon_time(struct scan *x) {
    if (!take_number(x, 1, 2, &x->c.hour) || !take(x, ":") || !take_number(x, 2, 2, &x->c.minute))
        return false;
    x->precision = TIME_TO_MINUTE;
    if (take(x, ":")) {
        if (!take_number(x, 2, 2, &x->c.second))
            return false;
        x->precision = TIME_TO_SECOND;
        fraction(x);
    }
    return true;
}

/* 13時, 13時半, 13時05分, 13時05分09秒 */
static bool kanji_time(struct scan *x) {
    if (!take_number(x, 1, 2, &x->c.hour))
        return false;
    skip_space(x);
    if (!take(x, "時"))
        return false;
    x->precision = TIME_TO_HOUR;
    x->c.minute = 0;
    skip_space(x);
    if (take(x, "半")) {
        x->c.minute = 30;
        x->precision = TIME_TO_MINUTE;
        return true;
    }
    const struct scan hour = *x;
    if (!take_number(x, 1, 2, &x->c.minute) || (skip_space(x), !take(x, "分"))) {
        *x = hour;
        return true;
    }
    x->precision = TIME_TO_MINUTE;
    skip_space(x);
    const struct scan minute = *x;
    if (!take_number(x, 1, 2, &x->c.second) || (skip_space(x), !take(x, "秒")))
        *x = minute;
    else
        x->precision = TIME_TO_SECOND;
    return true;
}

/* 0203, 020304: only beside a date */
static bool packed_time(struct scan *x) {
    size_t n = digits(x->s);
    if ((n != 4 && n != 6) || x->c.month == NOT_WRITTEN)
        return false;
    x->c.hour = number(x->s, 2);
    x->c.minute = number(str_from(x->s, 2), 2);
    x->precision = TIME_TO_MINUTE;
    if (n == 6) {
        x->c.second = number(str_from(x->s, 4), 2);
        x->precision = TIME_TO_SECOND;
    }
    x->s = str_from(x->s, n);
    return true;
}

static bool noon(struct scan *x) {
    if (!TAKE_ONE(x, "正午", "noon"))
        return false;
    x->c.hour = 12;
    x->c.minute = 0;
    x->precision = TIME_TO_MINUTE;
    return true;
}

/* 9pm: an hour alone, when its half of the day stands behind it */
static bool hour_alone(struct scan *x) {
    if (!take_number(x, 1, 2, &x->c.hour))
        return false;
    x->c.minute = 0;
    x->precision = TIME_TO_HOUR;
    skip_space(x);
    struct str rest = x->s;
    return str_starts(rest, STR("am")) || str_starts(rest, STR("pm"));
}

static bool read_time(struct scan *x) {
    static bool (*const readers[])(struct scan *) = {noon, colon_time, kanji_time, packed_time,
                                                     hour_alone};
    if (x->has_time)
        return false;
    const struct scan before = *x;
    for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
        if (readers[i](x))
            return x->has_time = true;
        *x = before;
    }
    return false;
}

static bool read_zone(struct scan *x) {
    static const struct {
        const char *word;
        int minutes;
    } zones[] = {{"jst", 540}, {"utc", 0}, {"gmt", 0}, {"z", 0}};
    if (x->zone_min != TIME_NO_OFFSET || !x->has_time)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(zones); i++)
        if (take(x, zones[i].word)) {
            x->zone_min = zones[i].minutes;
            return true;
        }
    int sign = take(x, "+") ? 1 : take(x, "-") ? -1 : 0;
    size_t n = digits(x->s);
    if (!sign || (n != 2 && n != 4))
        return false;
    int hours = number(x->s, 2), minutes = n == 4 ? number(str_from(x->s, 2), 2) : 0;
    x->s = str_from(x->s, n);
    if (n == 2 && take(x, ":") && !take_number(x, 2, 2, &minutes))
        return false;
    x->zone_min = sign * (60 * hours + minutes);
    return hours <= 14 && minutes < 60;
}

static bool read_about(struct scan *x) {
    if (!TAKE_ONE(x, "頃", "ごろ", "ころ", "約", "about", "around"))
        return false;
    return x->about = true;
}

static bool read_filler(struct scan *x) {
    return TAKE_ONE(x, " ", "\t", ",", "、", "の", "に", "at ", "on ") ||
           (x->c.month != NOT_WRITTEN && !x->has_time && take(x, "t"));
}

/* 今, 5分前, 2時間前, 3日前, 10 min ago: counted from now, in the zone of the caller. */
static bool read_ago(struct scan *x) {
    static const struct {
        const char *word;
        int64_t ns;
        enum time_precision precision;
    } units[] = {{"分前", NS_PER_MIN, TIME_TO_MINUTE}, {"時間前", NS_PER_HOUR, TIME_TO_HOUR},
                 {"日前", NS_PER_DAY, TIME_TO_DAY},    {"minutes ago", NS_PER_MIN, TIME_TO_MINUTE},
                 {"minute ago", NS_PER_MIN, TIME_TO_MINUTE}, {"min ago", NS_PER_MIN, TIME_TO_MINUTE},
                 {"hours ago", NS_PER_HOUR, TIME_TO_HOUR}, {"hour ago", NS_PER_HOUR, TIME_TO_HOUR},
                 {"h ago", NS_PER_HOUR, TIME_TO_HOUR}, {"days ago", NS_PER_DAY, TIME_TO_DAY},
                 {"day ago", NS_PER_DAY, TIME_TO_DAY}};
    int n = 0;
    size_t i = 0;
    if (x->c.month != NOT_WRITTEN || x->has_time || x->half_day != NOT_WRITTEN)
        return false;
    bool now = TAKE_ONE(x, "今", "いま", "now") && !str_starts(x->s, STR("日"));
    if (!now) {
        if (!take_number(x, 1, 3, &n))
            return false;
        skip_space(x);
        while (i < ARRAY_SIZE(units) && !take(x, units[i].word))
            i++;
        if (i == ARRAY_SIZE(units))
            return false;
    }
    time_to_civil(x->today_ns - n * units[i].ns, x->offset_min, &x->c);
    x->c.second = NOT_WRITTEN;
    x->c.nano = 0;
    x->zone_min = x->offset_min;
    x->precision = units[i].precision;
    x->has_time = x->precision != TIME_TO_DAY;
    x->about |= x->precision == TIME_TO_HOUR;
    if (!x->has_time)
        x->c.hour = x->c.minute = NOT_WRITTEN;
    return true;
}

/* ---- together ---- */

/* What is refused, as data; the sentence for people who read English goes to reterr. */
static void refuse(const struct scan *x, enum time_refusal why, struct str what) {
    size_t n = MIN(what.n, sizeof x->refused->what - 1);
    while (n && n < what.n && ((unsigned char) what.p[n] & 0xc0) == 0x80)
        n--;
    x->refused->why = why;
    memcpy(x->refused->what, n ? what.p : "", n);
    x->refused->what[n] = 0;
}

static int wrong(const struct scan *x, struct str whole, struct diag *reterr) {
    struct str rest = x->s.n > 24 ? str_to(x->s, 24) : x->s;
    bool none = rest.n == 0 || rest.n == whole.n;
    refuse(x, none ? TIME_NO_TIME : TIME_UNREADABLE, none ? STR_NULL : x->s);
    if (none)
        return diag_set(reterr, -ERR_PARSE,
                        "no time; write it like 2026-11-23 02:05, 令和8年11月23日 午後1:05 or 昨日18時頃");
    return diag_set(reterr, -ERR_PARSE,
                    "cannot read '%.*s' as part of a time; write it like 2026-11-23 02:05", STR_ARG(rest));
}

/* 午前 and 午後 with 12 mean noon to one reader and midnight to the next. */
static int apply_half_day(struct scan *x, struct diag *reterr) {
    if (x->half_day == NOT_WRITTEN)
        return 0;
    if (!x->has_time || x->c.hour > 12) {
        refuse(x, TIME_HALF_DAY, STR_NULL);
        return diag_set(reterr, -ERR_PARSE,
                        "午前 and 午後 want an hour from 0 to 11; write 13:05 or 午後1:05");
    }
    if (x->c.hour == 12 && !x->english_half) {
        refuse(x, TIME_TWELVE, STR_NULL);
        return diag_set(reterr, -ERR_PARSE,
                        "午前12時 and 午後12時 are understood in two ways; write 0:05 or 12:05");
    }
    x->c.hour = x->c.hour % 12 + 12 * x->half_day;
    return 0;
}

/* The nearest year in which the day exists and does not lie far ahead: logs and memories are of the past. */
static void assume_year(struct scan *x) {
    struct time_civil today;
    time_to_civil(x->today_ns, x->offset_min, &today);
    int64_t now = time_days_from_civil(today.year, today.month, today.day);
    for (int year = today.year + 1; year > today.year - 8; year--) {
        struct time_civil c = {.year = year, .month = x->c.month, .day = x->c.day};
        if (time_from_civil(&c, 0) == TIME_NONE)
            continue;
        x->c.year = year;
        if (time_days_from_civil(year, c.month, c.day) <= now + FUTURE_DAYS_MAX)
            return;
    }
}

static void assume_date(struct scan *x) {
    struct time_civil today;
    time_to_civil(x->today_ns, x->offset_min, &today);
    x->c.year = today.year;
    x->c.month = today.month;
    x->c.day = today.day;
}

static bool era_is_over(const struct scan *x) {
    const struct era *next = x->era ? era_after(x->era) : NULL, *real;
    if (!next)
        return false;
    real = era_of(x->c.year, x->c.month, x->c.day);
    return real != x->era;
}

static int finish(struct scan *x, struct time_written *w, struct diag *reterr) {
    int r = apply_half_day(x, reterr);
    if (r < 0)
        return r;
    w->date_assumed = x->c.month == NOT_WRITTEN;
    if (w->date_assumed)
        assume_date(x);
    w->year_assumed = x->c.year == NOT_WRITTEN;
    if (w->year_assumed)
        assume_year(x);
    struct time_civil c = x->c;
    c.hour = MAX(c.hour, 0);
    c.minute = MAX(c.minute, 0);
    c.second = MAX(c.second, 0);
    char what[96];
    if (c.hour >= HOURS_MAX) {
        snprintf(what, sizeof what, "%d", c.hour);
        refuse(x, TIME_HOUR, str_of(what));
        return diag_set(reterr, -ERR_PARSE, "hour %s is none; up to 35 is read as the day after",
                        what);
    }
    w->next_day = c.hour >= 24;
    c.hour -= w->next_day ? 24 : 0;
    w->zone_assumed = x->zone_min == TIME_NO_OFFSET;
    w->t_ns = time_from_civil(&c, w->zone_assumed ? x->offset_min : x->zone_min);
    if (w->t_ns == TIME_NONE) {
        int n = c.year == NOT_WRITTEN ? snprintf(what, sizeof what, "%d/%d", c.month, c.day)
                                      : snprintf(what, sizeof what, "%d-%02d-%02d", c.year, c.month, c.day);
        if (x->has_time)
            snprintf(what + n, sizeof what - (size_t) n, " %d:%02d:%02d", x->c.hour, c.minute, c.second);
        refuse(x, TIME_NO_SUCH, str_of(what));
        return diag_set(reterr, -ERR_PARSE, "there is no %s", what);
    }
    w->weekday_differs =
        x->weekday != NOT_WRITTEN &&
        x->weekday != (int) ((time_days_from_civil(c.year, c.month, c.day) % 7 + 11) % 7);
    w->t_ns += w->next_day ? NS_PER_DAY : 0;
    w->precision = x->has_time ? x->precision : TIME_TO_DAY;
    w->about = x->about;
    w->era_over = era_is_over(x);
    return 0;
}

int time_read_written(struct arena *a, struct str text, int64_t today_ns, int offset_min,
                      struct time_written *ret, struct time_refused *ret_refused,
                      struct diag *reterr) {
    static bool (*const readers[])(struct scan *) = {read_filler,  read_about, read_ago,
                                                     read_date,    read_half_day, read_weekday,
                                                     read_time,    read_zone};
    struct time_refused refused = {.why = TIME_TOO_LONG};
    if (!ret_refused)
        ret_refused = &refused;
    *ret_refused = refused;
    if (text.n > TIME_WRITTEN_BYTES_MAX)
        return diag_set(reterr, -ERR_PARSE, "no time: more than %d bytes", TIME_WRITTEN_BYTES_MAX);
    struct str whole = text_normal(a, text);
    if (!whole.p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    whole = str_trim(whole);
    struct scan x = {.s = whole,
                     .refused = ret_refused,
                     .today_ns = today_ns,
                     .offset_min = offset_min,
                     .c = {.year = NOT_WRITTEN, .month = NOT_WRITTEN, .hour = NOT_WRITTEN,
                           .minute = NOT_WRITTEN, .second = NOT_WRITTEN},
                     .weekday = NOT_WRITTEN,
                     .half_day = NOT_WRITTEN,
                     .zone_min = TIME_NO_OFFSET};
    while (x.s.n) {
        const struct scan before = x;
        size_t i = 0;
        while (i < ARRAY_SIZE(readers) && !readers[i](&x)) {
            x = before;
            i++;
        }
        if (i == ARRAY_SIZE(readers))
            return wrong(&x, whole, reterr);
    }
    if (!x.has_time && x.c.month == NOT_WRITTEN)
        return wrong(&x, whole, reterr);
    *ret = (struct time_written){0};
    return finish(&x, ret, reterr);
}

int64_t time_written_width_s(const struct time_written *w) {
    static const int64_t widths[][2] = {[TIME_TO_DAY] = {86400, 3 * 86400},
                                        [TIME_TO_HOUR] = {3600, 2 * 3600},
                                        [TIME_TO_MINUTE] = {60, 300},
                                        [TIME_TO_SECOND] = {0, 10}};
    return widths[w->precision][w->about];
}
