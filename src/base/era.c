#include "base/era.h"

#include "base/macros.h"

/* Newest first. Meiji's row begins where the calendar does. */
static const struct era eras[] = {
    {"令和", 'r', 2019, 5, 1},  {"平成", 'h', 1989, 1, 8},   {"昭和", 's', 1926, 12, 25},
    {"大正", 't', 1912, 7, 30}, {"明治", 'm', 1868, 1, 25},
};
enum { GREGORIAN_FROM = 1873 };

const struct era *era_of(int year, int month, int day) {
    for (size_t i = 0; year >= GREGORIAN_FROM && i < ARRAY_SIZE(eras); i++) {
        const struct era *e = &eras[i];
        if (year > e->year || (year == e->year && (month > e->month || (month == e->month && day >= e->day))))
            return e;
    }
    return NULL;
}

const struct era *era_after(const struct era *e) {
    return e == eras ? NULL : e - 1;
}

static bool year_follows(struct str s) {
    return (s.n && s.p[0] >= '0' && s.p[0] <= '9') || str_starts(s, STR("元"));
}

const struct era *era_read(struct str s, size_t *ret_n) {
    for (size_t i = 0; i < ARRAY_SIZE(eras); i++) {
        struct str name = str_of(eras[i].name);
        if (str_starts(s, name)) {
            *ret_n = name.n;
            return &eras[i];
        }
        size_t letter = s.n > 1 && s.p[0] == eras[i].letter ? (s.p[1] == '.' ? 2 : 1) : 0;
        if (letter && year_follows(str_from(s, letter))) {
            *ret_n = letter;
            return &eras[i];
        }
    }
    return NULL;
}

const char *era_format_date(const struct time_civil *c, char *dst) {
    const struct era *e = era_of(c->year, c->month, c->day);
    int n = e ? c->year - e->year + 1 : c->year;
    if (e && n == 1)
        (void) snprintf(dst, ERA_DATE_CAP, "%s元年%d月%d日", e->name, c->month, c->day);
    else
        (void) snprintf(dst, ERA_DATE_CAP, "%s%d年%d月%d日", e ? e->name : "", n, c->month, c->day);
    return dst;
}
