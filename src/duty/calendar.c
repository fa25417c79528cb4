/* See calendar.h. */
#include "duty/calendar.h"

#include "base/json.h"
#include "base/text.h"
#include "base/time_written.h"

#define HOLIDAYS_MAX 4000 /* of one file: two hundred years */
#define JST TIME_JST_OFFSET_MIN

int32_t duty_day_of(int64_t t_ns) {
    int64_t local = t_ns + JST * NS_PER_MIN, day = local / NS_PER_DAY;
    return (int32_t) (local % NS_PER_DAY < 0 ? day - 1 : day);
}

int64_t duty_day_start(int32_t day) {
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
    return 0;
}

static int read_hours(struct arena *a, const struct json_value *root, const char *key, int *from, int *to, struct diag *err) {
    const struct json_value *v = json_get_array(root, key);
    if (!v || v->n != 2 || v->first->type != JSON_STRING || v->first->next->type != JSON_STRING)
        return diag_set(err, -ERR_PARSE, "'%s' wants two times as [\"08:30\", \"17:30\"]", key);
    int e = duty_clock_parse(a, v->first->text, from, err);
    if (e == 0)
        e = duty_clock_parse(a, v->first->next->text, to, err);
    if (e == 0 && (*to <= *from || *to > DUTY_MINUTES_MAX))
        e = diag_set(err, -ERR_PARSE, "'%s' ends before it begins; hours of the next day go on counting: 32:30", key);
    return e;
}

static int read_holiday(const struct json_value *v, const struct json_value *names, struct duty_holiday *h, struct diag *err) {
    uint64_t y;
    int m, d;
    const struct json_value *n = NULL;
    if (v->type != JSON_STRING || v->key.n != 10 || str_to_u64(str_to(v->key, 4), &y) < 0 || !two(v->key, 5, &m) || !two(v->key, 8, &d))
        return diag_set(err, -ERR_PARSE, "'%.*s' is no day with the name of a holiday", STR_ARG(v->key));
    for (const struct json_value *x = names->first; x; x = x->next)
        if (str_eq(x->key, v->text))
            n = x;
    *h = (struct duty_holiday){.day = (int32_t) time_days_from_civil((int) y, m, d), .id = v->text};
    if (!n || !json_get_str(n, "ja", &h->ja) || !json_get_str(n, "en", &h->en))
        return diag_set(err, -ERR_PARSE, "holiday '%.*s' has no names", STR_ARG(v->text));
    return 0;
}

int duty_calendar_parse(struct arena *a, struct str holidays_json, struct str hours_json, struct duty_calendar *ret, struct diag *reterr) {
    struct json_value *root, *hours;
    int64_t from = 0, to = 0;
    int e = json_parse(a, holidays_json, &root, reterr);
    if (e == 0)
        e = json_parse(a, hours_json, &hours, reterr);
    if (e < 0)
        return e;
    const struct json_value *days = json_get_object(root, "days"), *names = json_get_object(root, "names");
    *ret = (struct duty_calendar){0};
    if (!days || !names || days->n > HOLIDAYS_MAX || !json_get_i64(root, "from", &from) || !json_get_i64(root, "to", &to) ||
        !json_get_str(root, "about", &ret->about))
        return diag_set(reterr, -ERR_PARSE, "a file of holidays has about, from, to, names and at most %d days", HOLIDAYS_MAX);
    struct duty_holiday *list = arena_zalloc(a, MAX(days->n, 1u) * sizeof *list);
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

/* ---- days ---- */

bool duty_calendar_knows(const struct duty_calendar *c, int32_t day) {
    int y = civil_of(day).year;
    return y >= c->from_year && y <= c->to_year;
}

const struct duty_holiday *duty_holiday_of(const struct duty_calendar *c, int32_t day) {
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

unsigned duty_day_bits(const struct duty_calendar *c, int32_t day) {
    struct time_civil t = civil_of(day);
    int md = t.month * 100 + t.day;
    unsigned bits = duty_holiday_of(c, day) ? DUTY_HOLIDAY : 0;
    bool turn = c->year_end_from > c->year_end_to ? md >= c->year_end_from || md <= c->year_end_to
                                                  : md >= c->year_end_from && md <= c->year_end_to;
    bits |= turn ? DUTY_YEAR_END : 0;
    return bits ? bits : 1u << t.weekday;
}

bool duty_when_on(const struct duty_when *w, const struct duty_calendar *c, int32_t day) {
    if (day < w->first || day > w->last)
        return false;
    struct time_civil t = civil_of(day);
    unsigned bits = duty_day_bits(c, day);
    if (w->days & DUTY_ANYWAY)
        bits |= 1u << t.weekday;
    if (!(w->days & bits & DUTY_ALL_DAYS))
        return false;
    return !w->nth || (w->nth & 1u << ((t.day - 1) / 7 + 1));
}

bool duty_when_covers(const struct duty_when *w, const struct duty_calendar *c, int64_t t_ns) {
    int32_t today = duty_day_of(t_ns);
    for (int32_t day = today - 1; day <= today; day++) {
        int64_t from = duty_day_start(day) + w->from_min * NS_PER_MIN, to = duty_day_start(day) + w->to_min * NS_PER_MIN;
        if (t_ns >= from && t_ns < to && duty_when_on(w, c, day))
            return true;
    }
    return false;
}
