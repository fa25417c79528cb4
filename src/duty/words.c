/* Reading what people write for days and hours: see calendar.h. A table of words, longest first where one begins another. */
#include "duty/calendar.h"

#include "base/text.h"
#include "base/time_written.h"

#define JST TIME_JST_OFFSET_MIN

static const struct {
    const char *word; /* normal form, lower case */
    unsigned bits;
} words[] = {
    {"毎日", DUTY_ALL_DAYS}, {"全日", DUTY_ALL_DAYS}, {"every day", DUTY_ALL_DAYS}, {"daily", DUTY_ALL_DAYS},
    {"営業日", DUTY_WEEKDAYS}, {"平日", DUTY_WEEKDAYS}, {"weekdays", DUTY_WEEKDAYS}, {"weekday", DUTY_WEEKDAYS},
    {"休日", DUTY_OFF}, {"休業日", DUTY_OFF}, {"閉庁日", DUTY_OFF}, {"days off", DUTY_OFF},
    {"weekends", DUTY_SAT | DUTY_SUN}, {"weekend", DUTY_SAT | DUTY_SUN}, {"週末", DUTY_SAT | DUTY_SUN},
    {"年末年始", DUTY_YEAR_END}, {"year end", DUTY_YEAR_END},
    {"祝含む", DUTY_ANYWAY}, {"祝日含む", DUTY_ANYWAY}, {"祝日も", DUTY_ANYWAY}, {"祝も", DUTY_ANYWAY}, {"holidays too", DUTY_ANYWAY},
    {"祝日", DUTY_HOLIDAY}, {"祝", DUTY_HOLIDAY}, {"holidays", DUTY_HOLIDAY}, {"holiday", DUTY_HOLIDAY},
    {"日曜日", DUTY_SUN}, {"日曜", DUTY_SUN}, {"日", DUTY_SUN}, {"sunday", DUTY_SUN}, {"sun", DUTY_SUN},
    {"月曜日", DUTY_MON}, {"月曜", DUTY_MON}, {"月", DUTY_MON}, {"monday", DUTY_MON}, {"mon", DUTY_MON},
    {"火曜日", DUTY_TUE}, {"火曜", DUTY_TUE}, {"火", DUTY_TUE}, {"tuesday", DUTY_TUE}, {"tue", DUTY_TUE},
    {"水曜日", DUTY_WED}, {"水曜", DUTY_WED}, {"水", DUTY_WED}, {"wednesday", DUTY_WED}, {"wed", DUTY_WED},
    {"木曜日", DUTY_THU}, {"木曜", DUTY_THU}, {"木", DUTY_THU}, {"thursday", DUTY_THU}, {"thu", DUTY_THU},
    {"金曜日", DUTY_FRI}, {"金曜", DUTY_FRI}, {"金", DUTY_FRI}, {"friday", DUTY_FRI}, {"fri", DUTY_FRI},
    {"土曜日", DUTY_SAT}, {"土曜", DUTY_SAT}, {"土", DUTY_SAT}, {"saturday", DUTY_SAT}, {"sat", DUTY_SAT},
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

static const char *const till[] = {"-", "~", "〜", "～", "–", "—", "ー", "から", "to ", NULL}; /* NFKC makes ～ a ~ */

/* The longest word at the beginning. */
static bool eat_word(struct str *s, unsigned *ret) {
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

static bool one_weekday(unsigned bits) {
    return bits && (bits & (bits - 1)) == 0 && bits <= DUTY_SAT;
}

static unsigned from_to(unsigned a, unsigned b) {
    unsigned bits = a;
    while (a != b) {
        a = a == DUTY_SAT ? DUTY_SUN : a << 1;
        bits |= a;
    }
    return bits;
}

/* 第2・4, "第1第3": bits of the weeks. */
static unsigned eat_nth(struct str *s) {
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

static int read_words(struct str s, struct str text, struct duty_when *w, struct diag *err) {
    w->days = 0;
    skip(&s);
    while (s.n) {
        unsigned bits, last;
        w->nth |= eat_nth(&s);
        if (!eat_word(&s, &bits))
            return no_days(text, err);
        struct str at = s;
        skip(&at);
        if (one_weekday(bits) && eat_any(&at, till)) {
            skip(&at);
            if (!eat_word(&at, &last) || !one_weekday(last))
                return no_days(text, err);
            bits = from_to(bits, last);
            s = at;
        }
        w->days |= bits;
        skip(&s);
    }
    return w->days & DUTY_ALL_DAYS ? 0 : no_days(text, err);
}

static int read_date(struct arena *a, struct str s, int64_t today_ns, int32_t *ret, struct diag *err) {
    struct time_written t;
    struct time_refused why;
    int e = time_read_written(a, str_trim(s), today_ns, JST, &t, &why, err);
    if (e == 0 && (t.precision != TIME_TO_DAY || t.date_assumed))
        e = diag_set(err, -ERR_PARSE, "'%.*s' is no date", (int) MIN(s.n, 80u), s.p);
    if (e == 0)
        *ret = duty_day_of(t.t_ns);
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

static int read_dates(struct arena *a, struct str s, int64_t today_ns, struct duty_when *w, struct diag *err) {
    size_t n = 0;
    ptrdiff_t at = cut_at(s, &n);
    int e = read_date(a, at < 0 ? s : str_to(s, (size_t) at), today_ns, &w->first, err);
    w->last = w->first;
    if (e == 0 && at >= 0)
        e = read_date(a, str_from(s, (size_t) at + n), today_ns, &w->last, err);
    if (e == 0 && (w->last < w->first || w->last - w->first > 3700))
        e = diag_set(err, -ERR_PARSE, "'%.*s' ends before it begins, or lasts more than ten years", (int) MIN(s.n, 80u), s.p);
    w->dated = true;
    w->days = DUTY_ALL_DAYS | DUTY_ANYWAY;
    return e;
}

static bool has_digit_first(struct str s) { /* a date, or an era: 令和8年, R8.11.23; 第2土曜 begins with 第 */
    for (size_t i = 0; i < s.n; i++)
        if (ascii_digit(s.p[i]))
            return !str_starts(s, STR("第"));
    return str_find(s, STR("元年"), 0) >= 0;
}

int duty_clock_parse(struct arena *a, struct str text, int *ret_min, struct diag *reterr) {
    struct str s = text_normal(a, text);
    int hour = 0, minute = 0, add = 0;
    size_t digits = 0;
    if (!s.p)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    s = str_trim(s);
    if (eat(&s, "翌日") || eat(&s, "翌朝") || eat(&s, "翌"))
        add = DUTY_DAY_MIN;
    skip(&s);
    for (; s.n && ascii_digit(s.p[0]) && digits < 2; s = str_from(s, 1), digits++)
        hour = hour * 10 + s.p[0] - '0';
    bool fine = digits > 0;
    if (eat(&s, ":") || eat(&s, "時")) {
        for (digits = 0; s.n && ascii_digit(s.p[0]) && digits < 2; s = str_from(s, 1), digits++)
            minute = minute * 10 + s.p[0] - '0';
        (void) eat(&s, "分");
        fine = fine && (digits == 0 || digits == 2);
        if (digits == 0 && eat(&s, "半"))
            minute = 30;
    }
    int all = add + hour * 60 + minute;
    if (!fine || str_trim(s).n || minute > 59 || all > DUTY_MINUTES_MAX)
        return diag_set(reterr, -ERR_PARSE, "'%.*s' is no time of day; write 8:30, 25:30 or 翌8:30", (int) MIN(text.n, 60u), text.p);
    *ret_min = all;
    return 0;
}

static int read_hours(struct arena *a, const struct duty_calendar *c, struct str s, struct duty_when *w, struct diag *err) {
    static const char *const whole[] = {"", "終日", "24時間", "全日", "all day", "24h"};
    static const char *const day[] = {"日中", "昼", "昼間", "開庁時間", "営業時間", "daytime"};
    static const char *const night[] = {"夜間", "夜", "夜勤", "時間外", "night"};
    w->from_min = 0;
    w->to_min = DUTY_DAY_MIN;
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
    for (size_t i = 1; i < s.n; i++)
        for (const char *const *t = till; *t; t++)
            if (str_starts(str_from(s, i), str_of(*t))) {
                int e = duty_clock_parse(a, str_to(s, i), &w->from_min, err);
                if (e == 0)
                    e = duty_clock_parse(a, str_from(s, i + strlen(*t)), &w->to_min, err);
                if (e == 0 && w->to_min <= w->from_min)
                    w->to_min += DUTY_DAY_MIN;
                if (e == 0 && (w->to_min > DUTY_MINUTES_MAX || w->to_min - w->from_min > DUTY_DAY_MIN || w->from_min >= DUTY_DAY_MIN))
                    e = diag_set(err, -ERR_PARSE, "'%.*s' lasts more than a day or begins on the next one", (int) MIN(s.n, 60u), s.p);
                return e;
            }
    return diag_set(err, -ERR_PARSE, "'%.*s' names no hours; write 17:30-翌8:30, 22:00-29:00, 日中, 夜間 or 終日", (int) MIN(s.n, 60u), s.p);
}

int duty_when_parse(struct arena *a, const struct duty_calendar *c, struct str days, struct str hours, int64_t today_ns,
                    struct duty_when *ret, struct diag *reterr) {
    struct str d = text_normal(a, days), h = text_normal(a, hours);
    *ret = (struct duty_when){.days = DUTY_ALL_DAYS, .first = INT32_MIN, .last = INT32_MAX};
    if (!d.p || !h.p)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    d = str_trim(d);
    int e = 0;
    if (d.n)
        e = has_digit_first(d) ? read_dates(a, d, today_ns, ret, reterr) : read_words(d, days, ret, reterr);
    return e == 0 ? read_hours(a, c, str_trim(h), ret, reterr) : e;
}
