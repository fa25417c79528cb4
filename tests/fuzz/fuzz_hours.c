/* Whatever is typed for days and hours, of one period (the first line days, the rest hours) and of several: reading ends, periods
 * lie within two days, and asking them ends too. */
#include "base/hours.h"

static const char days[] = "{\"about\":\"x\",\"from\":2020,\"to\":2035,\"names\":{\"a\":{\"ja\":\"a\",\"en\":\"a\"}},"
                           "\"days\":{\"2026-11-23\":\"a\",\"2027-01-01\":\"a\"}}";
static const char hours[] = "{\"daytime\":[\"08:30\",\"17:30\"],\"night\":[\"17:30\",\"32:30\"],\"year_end\":[\"12-29\",\"01-03\"]}";
#define NOW (INT64_C(1795366988) * NS_PER_S)

static void check(const struct period *p) {
    ASSERT(p->from_min >= 0 && p->from_min < p->to_min && p->to_min <= PERIOD_MINUTES_MAX && p->to_min - p->from_min <= DAY_MINUTES);
    ASSERT(p->days & DAY_ALL || p->days == DAY_THROUGH); /* all days may have been taken away */
    ASSERT(p->first <= p->last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct calendar c;
    struct hours h;
    struct period p;
    struct diag d;
    int64_t until;
    struct str text = str_n((const char *) data, size);
    if (size > 8 * HOURS_BYTES_MAX)
        return 0;
    arena_init(&a, 8 << 20);
    ASSERT(calendar_parse(&a, STR(days), STR(hours), &c, &d) == 0);
    ptrdiff_t line = str_find_byte(text, '\n', 0);
    if (period_parse(&a, &c, line < 0 ? text : str_to(text, (size_t) line), line < 0 ? STR("") : str_from(text, (size_t) line + 1), NOW, &p, &d) == 0) {
        check(&p);
        bool now = period_covers(&p, &c, NOW);
        ASSERT(!now || period_on(&p, &c, calendar_day_of(NOW)) || period_on(&p, &c, calendar_day_of(NOW) - 1));
    }
    if (hours_parse(text, &h, &d) == 0) {
        ASSERT(h.n > 0 && h.n <= HOURS_PERIODS_MAX);
        bool covered = false;
        for (size_t i = 0; i < h.n; i++) {
            check(&h.at[i]);
            covered |= period_covers(&h.at[i], &c, NOW);
        }
        ASSERT(hours_open_at(&h, &c, NOW, &until) == covered);
        ASSERT(until == TIME_NONE || until > NOW);
    }
    arena_done(&a);
    return 0;
}
