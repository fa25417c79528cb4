/* See period.h. A table of words; where one begins another the longest is taken. */
#include "base/period.h"

#include "base/text.h"
#include "base/time_written.h"

#define JST TIME_JST_OFFSET_MIN

static const struct {
    const char *word; /* normal form, lower case */
    unsigned bits;
} words[] = {
    {"毎日", DAY_ALL}, {"全日", DAY_ALL}, {"年中無休", DAY_ALL}, {"無休", DAY_ALL}, {"365日", DAY_ALL}, {"every day", DAY_ALL}, {"daily", DAY_ALL},
    {"営業日", DAY_WEEKDAYS}, {"平日", DAY_WEEKDAYS}, {"weekdays", DAY_WEEKDAYS}, {"weekday", DAY_WEEKDAYS}, {"business days", DAY_WEEKDAYS}, {"working days", DAY_WEEKDAYS},
    {"休日", DAY_OFF}, {"休業日", DAY_OFF}, {"閉庁日", DAY_OFF}, {"days off", DAY_OFF},
    {"weekends", DAY_SAT | DAY_SUN}, {"weekend", DAY_SAT | DAY_SUN}, {"週末", DAY_SAT | DAY_SUN},
    {"年末年始", DAY_YEAR_END}, {"year end", DAY_YEAR_END},
    {"祝含む", DAY_ANYWAY}, {"祝日含む", DAY_ANYWAY}, {"祝日も", DAY_ANYWAY}, {"祝も", DAY_ANYWAY}, {"holidays too", DAY_ANYWAY},
    {"国民の祝日", DAY_HOLIDAY}, {"祝祭日", DAY_HOLIDAY}, {"public holidays", DAY_HOLIDAY}, {"祝日", DAY_HOLIDAY}, {"祝", DAY_HOLIDAY}, {"holidays", DAY_HOLIDAY}, {"holiday", DAY_HOLIDAY},
    {"日曜日", DAY_SUN}, {"日曜", DAY_SUN}, {"日", DAY_SUN}, {"sunday", DAY_SUN}, {"sun", DAY_SUN},
    {"月曜日", DAY_MON}, {"月曜", DAY_MON}, {"月", DAY_MON}, {"monday", DAY_MON}, {"mon", DAY_MON},
    {"火曜日", DAY_TUE}, {"火曜", DAY_TUE}, {"火", DAY_TUE}, {"tuesday", DAY_TUE}, {"tue", DAY_TUE},
    {"水曜日", DAY_WED}, {"水曜", DAY_WED}, {"水", DAY_WED}, {"wednesday", DAY_WED}, {"wed", DAY_WED},
    {"木曜日", DAY_THU}, {"木曜", DAY_THU}, {"木", DAY_THU}, {"thursday", DAY_THU}, {"thu", DAY_THU},
    {"金曜日", DAY_FRI}, {"金曜", DAY_FRI}, {"金", DAY_FRI}, {"friday", DAY_FRI}, {"fri", DAY_FRI},
    {"土曜日", DAY_SAT}, {"土曜", DAY_SAT}, {"土", DAY_SAT}, {"saturday", DAY_SAT}, {"sat", DAY_SAT},
};

static bool eat(struct str *s, const char *word) {
    if (!str_starts(*s, str_of(word)))
        return false;
    *s = str_from(*s, strlen(word));
    return true;
}

static bool eat_any(struct str *s, const char *const *list) {
    for (; *list; list++)
        if (eat(s, *list))
            return true;
    return false;
}

static void skip(struct str *s) {
    static const char *const between[] = {" ", "　", "\t", "\n", "、", "・", ",", "/", "(", ")", "と", "及び", "and ", "の", NULL};
    while (eat_any(s, between))
        ;
}

bool period_eat_till(struct str *s) { /* NFKC makes ～ a ~ */
    static const char *const till[] = {"-", "~", "〜", "−", "–", "—", "―", "ー", "から", "to ", NULL};
    return eat_any(s, till);
}

bool period_eat_days(struct str *s, unsigned *ret) {
    size_t best = 0;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t n = strlen(words[i].word);
        if (n > best && str_starts(*s, str_n(words[i].word, n))) {
            best = n;
            *ret = words[i].bits;
        }
    }
    *s = str_from(*s, best);
    return best > 0;
}

bool period_one_weekday(unsigned bits) {
    return bits && (bits & (bits - 1)) == 0 && bits <= DAY_SAT;
}

unsigned period_weekdays(unsigned first, unsigned last) {
    unsigned bits = first;
    while (first != last) {
        first = first == DAY_SAT ? DAY_SUN : first << 1;
        bits |= first;
    }
    return bits;
}

unsigned period_eat_nth(struct str *s) {
    unsigned nth = 0;
    while (eat(s, "第")) {
        skip(s);
        while (s->n && s->p[0] >= '1' && s->p[0] <= '5') {
            nth |= 1u << (s->p[0] - '0');
            *s = str_from(*s, 1);
            skip(s);
        }
    }
    return nth;
}

static int no_days(struct str text, struct diag *err) {
    return diag_set(err, -ERR_PARSE, "'%.*s' names no days; write 平日, 土日祝, 月-金, 第2土曜, 年末年始, 毎日 or a date", (int) MIN(text.n, 80u), text.p);
}

static int read_words(struct str s, struct str text, struct period *w, struct diag *err) {
    w->days = 0;
    skip(&s);
    while (s.n) {
        unsigned bits, last;
        w->nth |= period_eat_nth(&s);
        if (!period_eat_days(&s, &bits))
            return no_days(text, err);
        struct str at = s;
        skip(&at);
        if (period_one_weekday(bits) && period_eat_till(&at)) {
            skip(&at);
            if (!period_eat_days(&at, &last) || !period_one_weekday(last))
                return no_days(text, err);
            bits = period_weekdays(bits, last);
            s = at;
        }
        w->days |= bits;
        skip(&s);
    }
    return w->days & DAY_ALL ? 0 : no_days(text, err);
}

static int read_date(struct arena *a, struct str s, int64_t today_ns, int32_t *ret, struct diag *err) {
    struct time_written t;
    struct time_refused why;
    int e = time_read_written(a, str_trim(s), today_ns, JST, &t, &why, err);
    if (e == 0 && (t.precision != TIME_TO_DAY || t.date_assumed))
        e = diag_set(err, -ERR_PARSE, "'%.*s' is no date", (int) MIN(s.n, 80u), s.p);
    if (e == 0)
        *ret = calendar_day_of(t.t_ns);
    return e;
}

/* Where a span of dates is cut: "〜", "~" and the like anywhere, "-" only between spaces (2026-11-23 has two). */
static ptrdiff_t cut_at(struct str s, size_t *ret_n) {
    static const char *const cuts[] = {"〜", "~", "–", "—", " - ", "から", " to ", NULL};
    for (const char *const *c = cuts; *c; c++) {
        ptrdiff_t at = str_find(s, str_of(*c), 0);
        *ret_n = strlen(*c);
        if (at > 0)
            return at;
    }
    return -1;
}

static int read_dates(struct arena *a, struct str s, int64_t today_ns, struct period *w, struct diag *err) {
    size_t n = 0;
    ptrdiff_t at = cut_at(s, &n);
    int e = read_date(a, at < 0 ? s : str_to(s, (size_t) at), today_ns, &w->first, err);
    w->last = w->first;
    if (e == 0 && at >= 0)
        e = read_date(a, str_from(s, (size_t) at + n), today_ns, &w->last, err);
    if (e == 0 && (w->last < w->first || w->last - w->first > 3700))
        e = diag_set(err, -ERR_PARSE, "'%.*s' ends before it begins, or lasts more than ten years", (int) MIN(s.n, 80u), s.p);
    w->dated = true;
    w->days = DAY_ALL | DAY_ANYWAY;
    return e;
}

static bool has_digit_first(struct str s) { /* a date, or an era: 令和8年, R8.11.23; 第2土曜 begins with 第 */
    for (size_t i = 0; i < s.n; i++)
        if (ascii_digit(s.p[i]))
            return !str_starts(s, STR("第"));
    return str_find(s, STR("元年"), 0) >= 0;
}

static int eat_number(struct str *s, size_t least, size_t most) {
    int v = 0;
    size_t n = 0;
    for (; n < most && n < s->n && ascii_digit(s->p[n]); n++)
        v = v * 10 + s->p[n] - '0';
    *s = str_from(*s, n);
    return n >= least ? v : -1;
}

static bool eat_half(struct str *s, bool *ret_late) { /* of the day */
    static const char *const early[] = {"午前", "am", NULL}, *const late[] = {"午後", "pm", NULL};
    *ret_late = eat_any(s, late);
    return *ret_late || eat_any(s, early);
}

static void blanks(struct str *s) {
    static const char *const list[] = {" ", "\t", NULL};
    while (eat_any(s, list))
        ;
}

bool period_eat_clock(struct str *s, int *ret_min) {
    static const char *const hours[] = {"時", "h", NULL}, *const next[] = {"翌日", "翌朝", "翌", NULL};
    blanks(s);
    int add = eat_any(s, next) ? DAY_MINUTES : 0, minute = 0;
    blanks(s);
    bool late = false, half = eat_half(s, &late);
    blanks(s);
    int hour = eat_number(s, 1, 2);
    if (hour < 0)
        return false;
    if (eat(s, ":")) {
        minute = eat_number(s, 2, 2);
    } else if (eat_any(s, hours)) {
        minute = eat(s, "半") ? 30 : s->n && ascii_digit(s->p[0]) ? eat_number(s, 1, 2) : 0;
        IGNORE(eat(s, "分"));
    }
    struct str behind = *s;
    blanks(&behind);
    if (!half && (half = eat_half(&behind, &late)))
        *s = behind;
    if (minute < 0 || minute > 59 || (half && hour > 12))
        return false;
    *ret_min = add + (half ? hour % 12 + (late ? 12 : 0) : hour) * 60 + minute;
    return *ret_min <= PERIOD_MINUTES_MAX;
}

int period_clock(struct arena *a, struct str text, int *ret_min, struct diag *reterr) {
    struct str s = text_normal(a, text);
    if (!s.p)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    if (!period_eat_clock(&s, ret_min) || str_trim(s).n)
        return diag_set(reterr, -ERR_PARSE, "'%.*s' is no time of day; write 8:30, 25:30 or 翌8:30", (int) MIN(text.n, 60u), text.p);
    return 0;
}

bool period_set_times(struct period *p, int from_min, int to_min) {
    p->from_min = from_min;
    p->to_min = to_min <= from_min ? to_min + DAY_MINUTES : to_min;
    return p->to_min <= PERIOD_MINUTES_MAX && p->to_min - p->from_min <= DAY_MINUTES && p->from_min < DAY_MINUTES;
}

static int read_hours(const struct calendar *c, struct str s, struct period *w, struct diag *err) {
    static const char *const whole[] = {"", "終日", "24時間", "全日", "all day", "24h"};
    static const char *const day[] = {"日中", "昼", "昼間", "開庁時間", "営業時間", "daytime"};
    static const char *const night[] = {"夜間", "夜", "夜勤", "時間外", "night"};
    w->from_min = 0;
    w->to_min = DAY_MINUTES;
    for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
        if (str_eq_z(s, whole[i]))
            return 0;
    for (size_t i = 0; i < ARRAY_SIZE(day); i++)
        if (str_eq_z(s, day[i])) {
            w->from_min = c->daytime.from_min;
            w->to_min = c->daytime.to_min;
            return 0;
        }
    for (size_t i = 0; i < ARRAY_SIZE(night); i++)
        if (str_eq_z(s, night[i])) {
            w->from_min = c->night.from_min;
            w->to_min = c->night.to_min;
            return 0;
        }
    int from, to;
    struct str rest = s;
    if (period_eat_clock(&rest, &from)) {
        blanks(&rest);
        if (period_eat_till(&rest) && period_eat_clock(&rest, &to) && !str_trim(rest).n)
            return period_set_times(w, from, to)
                       ? 0
                       : diag_set(err, -ERR_PARSE, "'%.*s' lasts more than a day or begins on the next one", (int) MIN(s.n, 60u), s.p);
    }
    return diag_set(err, -ERR_PARSE, "'%.*s' names no hours; write 17:30-翌8:30, 22:00-29:00, 日中, 夜間 or 終日", (int) MIN(s.n, 60u), s.p);
}

int period_parse(struct arena *a, const struct calendar *c, struct str days, struct str hours, int64_t today_ns,
                    struct period *ret, struct diag *reterr) {
    struct str d = text_normal(a, days), h = text_normal(a, hours);
    *ret = (struct period){.days = DAY_ALL, .first = INT32_MIN, .last = INT32_MAX};
    if (!d.p || !h.p)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    d = str_trim(d);
    int e = 0;
    if (d.n)
        e = has_digit_first(d) ? read_dates(a, d, today_ns, ret, reterr) : read_words(d, days, ret, reterr);
    return e == 0 ? read_hours(c, str_trim(h), ret, reterr) : e;
}

/* ---- asking ---- */

bool period_on(const struct period *p, const struct calendar *c, int32_t day) {
    if (day < p->first || day > p->last)
        return false;
    struct time_civil t;
    time_to_civil(day * NS_PER_DAY, 0, &t);
    unsigned bits = calendar_day_bits(c, day);
    if (p->without & bits)
        return false;
    if ((p->days & DAY_ANYWAY) || ((p->days & DAY_THROUGH) && !(bits & DAY_HOLIDAY)))
        bits |= 1u << t.weekday;
    if (!(p->days & bits & DAY_ALL))
        return false;
    return !p->nth || (p->nth & 1u << ((t.day - 1) / 7 + 1));
}

bool period_covers(const struct period *p, const struct calendar *c, int64_t t_ns) {
    int32_t today = calendar_day_of(t_ns);
    for (int32_t day = today - 1; day <= today; day++) {
        int64_t from = calendar_day_start(day) + p->from_min * NS_PER_MIN, to = calendar_day_start(day) + p->to_min * NS_PER_MIN;
        if (t_ns >= from && t_ns < to && period_on(p, c, day))
            return true;
    }
    return false;
}
