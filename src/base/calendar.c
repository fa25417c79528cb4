/* See calendar.h. */
#include "base/calendar.h"

#include "base/file.h"
#include "base/json.h"
#include "base/period.h"

#include <limits.h>

#define JST TIME_JST_OFFSET_MIN

int32_t calendar_day_of(int64_t t_ns) {
    int64_t local = t_ns + JST * NS_PER_MIN, day = local / NS_PER_DAY;
    return (int32_t) (local % NS_PER_DAY < 0 ? day - 1 : day);
}

int64_t calendar_day_start(int32_t day) {
    return day * NS_PER_DAY - JST * NS_PER_MIN;
}

static struct time_civil civil_of(int32_t day) {
    struct time_civil c;
    time_to_civil(day * NS_PER_DAY, 0, &c);
    return c;
}

/* ---- reading the two files ---- */

static bool two(struct str s, size_t i, int *ret) {
    if (i + 2 > s.n || !ascii_digit(s.p[i]) || !ascii_digit(s.p[i + 1]))
        return false;
    *ret = (s.p[i] - '0') * 10 + s.p[i + 1] - '0';
    return true;
}

static int month_day(const struct json_value *v, int *ret, struct diag *err) {
    int m, d;
    if (!v || v->type != JSON_STRING || v->text.n != 5 || v->text.p[2] != '-' || !two(v->text, 0, &m) || !two(v->text, 3, &d))
        return diag_set(err, -ERR_PARSE, "year_end wants two days as [\"12-29\", \"01-03\"]");
    *ret = m * 100 + d;
    return m < 1 || m > 12 || d < 1 || d > 31 ? diag_set(err, -ERR_PARSE, "year_end: '%.*s' is no day", STR_ARG(v->text)) : 0;
}

static int read_hours(struct arena *a, const struct json_value *root, const char *key, int *from, int *to, struct diag *err) {
    const struct json_value *v = json_get_array(root, key);
    if (!v || v->n != 2 || v->first->type != JSON_STRING || v->first->next->type != JSON_STRING)
        return diag_set(err, -ERR_PARSE, "'%s' wants two times as [\"08:30\", \"17:30\"]", key);
    int e = period_clock(a, v->first->text, from, err);
    if (e == 0)
        e = period_clock(a, v->first->next->text, to, err);
    if (e == 0 && (*to <= *from || *to > PERIOD_MINUTES_MAX))
        e = diag_set(err, -ERR_PARSE, "'%s' ends before it begins; hours of the next day go on counting: 32:30", key);
    return e;
}

static int read_holiday(const struct json_value *v, const struct json_value *names, struct calendar_holiday *h, struct diag *err) {
    uint64_t y;
    int m, d;
    const struct json_value *n = NULL;
    if (v->type != JSON_STRING || v->key.n != 10 || v->key.p[4] != '-' || v->key.p[7] != '-' || str_to_u64(str_to(v->key, 4), &y) < 0 ||
        !two(v->key, 5, &m) || !two(v->key, 8, &d) || m < 1 || m > 12 || d < 1 || d > 31)
        return diag_set(err, -ERR_PARSE, "'%.*s' is no day with the name of a holiday", STR_ARG(v->key));
    for (const struct json_value *x = names->first; x; x = x->next)
        if (str_eq(x->key, v->text))
            n = x;
    *h = (struct calendar_holiday){.day = (int32_t) time_days_from_civil((int) y, m, d), .id = v->text};
    if (!n || !json_get_str(n, "ja", &h->ja) || !json_get_str(n, "en", &h->en))
        return diag_set(err, -ERR_PARSE, "holiday '%.*s' has no names", STR_ARG(v->text));
    return 0;
}

int calendar_parse(struct arena *a, struct str holidays_json, struct str hours_json, struct calendar *ret, struct diag *reterr) {
    struct json_value *root, *hours;
    int64_t from = 0, to = 0;
    int e = json_parse(a, holidays_json, &root, reterr);
    if (e == 0)
        e = json_parse(a, hours_json, &hours, reterr);
    if (e < 0)
        return e;
    const struct json_value *days = json_get_object(root, "days"), *names = json_get_object(root, "names");
    *ret = (struct calendar){0};
    if (!days || !names || days->n > CALENDAR_HOLIDAYS_MAX || !json_get_i64(root, "from", &from) || !json_get_i64(root, "to", &to) || from < 1900 ||
        to > 9999 || from > to || !json_get_str(root, "about", &ret->about))
        return diag_set(reterr, -ERR_PARSE, "a file of holidays has about, from, to, names and at most %d days", CALENDAR_HOLIDAYS_MAX);
    struct calendar_holiday *list = arena_zalloc(a, MAX(days->n, 1u) * sizeof *list);
    if (!list)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    for (const struct json_value *v = days->first; e == 0 && v; v = v->next) {
        e = read_holiday(v, names, &list[ret->n_holidays], reterr);
        if (e == 0 && ret->n_holidays && list[ret->n_holidays].day <= list[ret->n_holidays - 1].day)
            e = diag_set(reterr, -ERR_PARSE, "the days are not in order at %.*s", STR_ARG(v->key));
        ret->n_holidays++;
    }
    ret->holidays = list;
    ret->from_year = (int) from;
    ret->to_year = (int) to;
    if (e == 0)
        e = read_hours(a, hours, "daytime", &ret->daytime.from_min, &ret->daytime.to_min, reterr);
    if (e == 0)
        e = read_hours(a, hours, "night", &ret->night.from_min, &ret->night.to_min, reterr);
    const struct json_value *end = json_get_array(hours, "year_end");
    if (e == 0)
        e = month_day(end ? end->first : NULL, &ret->year_end_from, reterr);
    return e == 0 ? month_day(end->n == 2 ? end->first->next : NULL, &ret->year_end_to, reterr) : e;
}

int calendar_load(struct arena *a, const char *folder, struct calendar *ret, struct diag *reterr) {
    static const char *const names[] = {"holidays-jp.json", "hours.json"};
    struct str texts[ARRAY_SIZE(names)];
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%.4000s/%s", folder, names[i]);
        int e = file_read(a, path, CALENDAR_BYTES_MAX, &texts[i], reterr);
        if (e < 0)
            return e;
    }
    return calendar_parse(a, texts[0], texts[1], ret, reterr);
}

/* ---- days ---- */

bool calendar_knows(const struct calendar *c, int32_t day) {
    int y = civil_of(day).year;
    return y >= c->from_year && y <= c->to_year;
}

const struct calendar_holiday *calendar_holiday_of(const struct calendar *c, int32_t day) {
    size_t low = 0, high = c->n_holidays;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (c->holidays[mid].day < day)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->n_holidays && c->holidays[low].day == day ? &c->holidays[low] : NULL;
}

unsigned calendar_day_bits(const struct calendar *c, int32_t day) {
    struct time_civil t = civil_of(day);
    int md = t.month * 100 + t.day;
    unsigned bits = calendar_holiday_of(c, day) ? DAY_HOLIDAY : 0;
    bool turn = c->year_end_from > c->year_end_to ? md >= c->year_end_from || md <= c->year_end_to
                                                  : md >= c->year_end_from && md <= c->year_end_to;
    bits |= turn ? DAY_YEAR_END : 0;
    return bits ? bits : 1u << t.weekday;
}
