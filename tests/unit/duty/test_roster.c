/* A year of generated rosters against a second evaluator that knows nothing of the first: it walks the year in steps of ten
 * minutes and looks at every row, with weekdays, holidays and hours written down as numbers instead of read from words. */
#include "bed.h"

#include <stdlib.h>

static const struct {
    const char *text;
    int weekdays; /* bits, Sunday 1 */
    bool holiday, year_end, anyway;
    int nth;      /* 0, or bits */
    int kinds;    /* how many kinds of days it names */
} days[] = {
    {"平日", 0x3e, false, false, false, 0, 5},  {"土日祝", 0x41, true, false, false, 0, 3}, {"月-金", 0x3e, false, false, false, 0, 5},
    {"毎日", 0x7f, true, true, false, 0, 9},    {"年末年始", 0, false, true, false, 0, 1},   {"第2土曜", 0x40, false, false, false, 4, 1},
    {"月(祝含む)", 0x02, false, false, true, 0, 1}, {"休日", 0x41, true, true, false, 0, 4},  {"水", 0x08, false, false, false, 0, 1},
    {"祝日", 0, true, false, false, 0, 1},
};
static const struct {
    const char *text;
    int from, to;
} hours[] = {{"", 0, 1440}, {"17:30〜翌8:30", 1050, 1950}, {"22:00-29:00", 1320, 1740}, {"夜間", 1050, 1950}, {"8:30-17:30", 510, 1050},
             {"0:00-12:00", 0, 720}};
static const char *const people[] = {"", "佐藤", "鈴木", "高橋", "田中", "なし"};
static const int holidays_2026[] = {101, 112, 211, 223, 320, 429, 503, 504, 505, 506, 720, 811, 921, 922, 923, 1012, 1103, 1123, 0};

#define ROWS 14
struct plain {
    int day, hour;          /* of the tables */
    bool dated;
    int first, last;        /* day of the year from 0 */
    int who[3], replaces;   /* of people; 0: none */
};

static unsigned seed;
static unsigned roll(unsigned n) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void generate(struct plain rows[ROWS]) {
    for (int i = 0; i < ROWS; i++) {
        struct plain *p = &rows[i];
        *p = (struct plain){.day = (int) roll(ARRAY_SIZE(days)), .hour = (int) roll(ARRAY_SIZE(hours)), .dated = roll(3) == 0};
        p->first = (int) roll(350);
        p->last = p->first + (int) roll(14);
        for (int k = 0; k < 3; k++)
            p->who[k] = (int) roll(k ? 3 : 6) * (k ? (int) roll(2) : 1);
        if (roll(5) == 0) {
            p->replaces = 1 + (int) roll(4);
            p->who[0] = 1 + (int) roll(5);
        }
    }
}

struct year {
    int weekday[800], md[800]; /* of the day of the year + 400 */
};

static void make_year(struct year *y) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int d = 0; d < 365; d++) {
        int left = d, m = 0;
        while (left >= lengths[m])
            left -= lengths[m++];
        y->md[d + 400] = (m + 1) * 100 + left + 1;
    }
    for (int d = -400; d < 400; d++)
        y->weekday[d + 400] = ((4 + d) % 7 + 7) % 7; /* 2026 began on a Thursday */
    for (int d = 1; d <= 31; d++) { /* December 2025 */
        y->md[400 - d] = 1200 + 32 - d;
    }
    for (int d = 0; d < 30; d++)
        y->md[400 + 365 + d] = 100 + d + 1;
}

static bool plain_on(const struct plain *p, const struct year *y, int day) {
    if (p->dated)
        return day >= p->first && day <= p->last;
    int md = y->md[day + 400], wd = y->weekday[day + 400];
    bool holiday = false, year_end = md >= 1229 || md <= 103;
    for (const int *h = holidays_2026; *h; h++)
        holiday |= *h == md;
    bool is = (holiday && days[p->day].holiday) || (year_end && days[p->day].year_end) ||
              ((days[p->day].weekdays >> wd & 1) && (days[p->day].anyway || (!holiday && !year_end)));
    return is && (!days[p->day].nth || (days[p->day].nth >> ((md % 100 - 1) / 7 + 1) & 1));
}

static bool plain_covers(const struct plain *p, const struct year *y, int minute) {
    for (int day = minute / 1440 - 1; day <= minute / 1440; day++) {
        int from = day * 1440 + hours[p->hour].from, to = day * 1440 + hours[p->hour].to;
        if (minute >= from && minute < to && plain_on(p, y, day))
            return true;
    }
    return false;
}

static int rank(const struct plain *p) { /* the smaller speaks */
    return p->dated ? 0 : days[p->day].kinds + (days[p->day].nth ? 0 : 16);
}

static int plain_who(const struct plain rows[ROWS], const struct year *y, int minute, int order) {
    bool covers[ROWS];
    int best = -1;
    for (int i = 0; i < ROWS; i++) {
        covers[i] = plain_covers(&rows[i], y, minute);
        if (covers[i] && !rows[i].replaces && rows[i].who[order] && (best < 0 || rank(&rows[i]) <= rank(&rows[best])))
            best = i;
    }
    int who = best < 0 ? 0 : rows[best].who[order], by = best;
    for (int depth = 0; who && who != 5 && depth < 4; depth++) {
        int sub = -1;
        for (int i = 0; i < ROWS; i++)
            if (covers[i] && rows[i].replaces == who && (sub < 0 || rank(&rows[i]) <= rank(&rows[sub])))
                sub = i;
        if (sub < 0 || sub == by)
            break;
        who = rows[sub].who[0];
        by = sub;
    }
    return who == 5 ? 0 : who;
}

static struct duty_row *build(struct bed *b, const struct plain rows[ROWS]) {
    struct duty_row *out = arena_zalloc(&b->a, ROWS * sizeof *out);
    assert_non_null(out);
    for (int i = 0; i < ROWS; i++) {
        const struct plain *p = &rows[i];
        const char *text = days[p->day].text;
        if (p->dated) {
            struct time_civil f, l;
            time_to_civil((time_days_from_civil(2026, 1, 1) + p->first) * NS_PER_DAY, 0, &f);
            time_to_civil((time_days_from_civil(2026, 1, 1) + p->last) * NS_PER_DAY, 0, &l);
            text = arena_printf(&b->a, i % 2 ? "%d-%02d-%02d〜%d-%02d-%02d" : "%d年%d月%d日〜%d年%d月%d日", f.year, f.month, f.day, l.year, l.month, l.day).p;
        }
        out[i] = (struct duty_row){.group = STR("当番"), .when = bed_when(b, text, hours[p->hour].text)};
        for (int k = 0; k < 3; k++)
            out[i].who[k] = bed_name(people[p->who[k]]);
        out[i].replaces = bed_name(people[p->replaces]);
    }
    return out;
}

static void compare_year(unsigned from_seed) {
    struct bed *b = bed_new();
    struct plain rows[ROWS];
    struct year *y = arena_zalloc(&b->a, sizeof *y);
    struct duty_slot *slots;
    struct duty_gap *gaps;
    struct diag d = {0};
    size_t n, n_gaps;
    seed = from_seed;
    generate(rows);
    make_year(y);
    struct duty_roster r = {&b->c, build(b, rows), ROWS};
    int64_t start = bed_at(2026, 1, 1, 0, 0), end = bed_at(2027, 1, 1, 0, 0);
    if (duty_roster_slots(&b->a, &r, STR("当番"), start, end, &slots, &n, &d) < 0 ||
        duty_roster_gaps(&b->a, &r, STR("当番"), start, end, &gaps, &n_gaps, &d) < 0)
        fail_msg("%s", d.text);
    size_t at[3] = {0, 0, 0}, gap = 0;
    for (size_t i = 0; i < n; i++) /* where each order begins */
        for (unsigned k = slots[i].order; k < 3; k++)
            at[k] = i + 1;
    for (int minute = 0; minute < 365 * 1440; minute += 10) {
        int64_t t = start + minute * NS_PER_MIN;
        for (int k = 0; k < 3; k++) {
            while (at[k] < n && slots[at[k]].order == (unsigned) k + 1 && slots[at[k]].until_ns <= t)
                at[k]++;
            bool on = at[k] < n && slots[at[k]].order == (unsigned) k + 1 && slots[at[k]].from_ns <= t;
            const char *want = people[plain_who(rows, y, minute, k)];
            if (!str_eq_z(on ? slots[at[k]].who.key : STR(""), want))
                fail_msg("seed %u, minute %d, order %d: '%.*s', not '%s'", from_seed, minute, k + 1, on ? (int) slots[at[k]].who.key.n : 0,
                         on ? slots[at[k]].who.key.p : "", want);
            if (k == 0) {
                while (gap < n_gaps && gaps[gap].until_ns <= t)
                    gap++;
                assert_int_equal(gap < n_gaps && gaps[gap].from_ns <= t, !*want);
            }
        }
    }
    bed_free(b);
}

static void says_the_same_as_a_slow_evaluator_over_a_year(void **state UNUSED) {
    for (unsigned s = 1; s <= 12; s++)
        compare_year(s * 7919);
}

static const struct duty_slot *first_at(struct bed *b, const struct duty_roster *r, int64_t t) {
    static struct duty_slot on[DUTY_ORDERS];
    size_t n;
    assert_int_equal(duty_roster_at(&b->a, r, STR("g"), t, 8 * NS_PER_DAY, on, &n, NULL), 0);
    return n && on[0].order == 1 ? &on[0] : NULL;
}

static struct duty_row row(struct bed *b, const char *d, const char *h, const char *who) {
    return (struct duty_row){.group = STR("g"), .when = bed_when(b, d, h), .who = {bed_name(who), bed_name(""), bed_name("")}, .replaces = bed_name("")};
}

/* A wall clock set back or forward asks about another instant and gets that instant's answer; nothing is kept in between. */
static void a_clock_that_jumps_changes_only_the_question(void **state UNUSED) {
    struct bed *b = bed_new();
    struct duty_row rows[] = {row(b, "平日", "8:30-17:30", "昼"), row(b, "毎日", "17:30〜翌8:30", "夜"), row(b, "2026-11-23", "17:30〜翌8:30", "代")};
    struct duty_roster r = {&b->c, rows, ARRAY_SIZE(rows)};
    int64_t t = bed_at(2026, 11, 24, 8, 29);
    assert_str(first_at(b, &r, t)->who.key, "代");
    assert_int_equal(first_at(b, &r, t)->until_ns, bed_at(2026, 11, 24, 8, 30));
    assert_str(first_at(b, &r, t + 2 * NS_PER_MIN)->who.key, "昼");       /* forward over the change */
    assert_str(first_at(b, &r, t)->who.key, "代");                         /* and back */
    assert_null(first_at(b, &r, bed_at(2026, 11, 23, 12, 0)));             /* a holiday: no day shift */
    assert_str(first_at(b, &r, t - NS_PER_DAY)->who.key, "夜");
    bed_free(b);
}

static void says_until_when_and_who_stands_in(void **state UNUSED) {
    struct bed *b = bed_new();
    struct duty_row rows[] = {row(b, "毎日", "", "佐藤"), row(b, "2026-11-25", "12:00-15:00", "鈴木")};
    rows[0].who[1] = bed_name("田中");
    rows[1].replaces = bed_name("佐藤");
    struct duty_roster r = {&b->c, rows, ARRAY_SIZE(rows)};
    struct duty_slot on[DUTY_ORDERS];
    size_t n;
    assert_int_equal(duty_roster_at(&b->a, &r, STR("g"), bed_at(2026, 11, 25, 13, 0), 8 * NS_PER_DAY, on, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_str(on[0].who.key, "鈴木");
    assert_true(on[0].substituted);
    assert_int_equal(on[0].until_ns, bed_at(2026, 11, 25, 15, 0));
    assert_str(on[1].who.key, "田中");
    assert_true(on[1].until_ns == TIME_NONE); /* not within the time asked about */
    bed_free(b);
}

static void two_who_say_the_same_hour_are_told(void **state UNUSED) {
    struct bed *b = bed_new();
    struct duty_row rows[] = {row(b, "平日", "", "佐藤"), row(b, "月-金", "", "鈴木"), row(b, "土日祝", "", "田中")};
    struct duty_roster r = {&b->c, rows, ARRAY_SIZE(rows)};
    const struct duty_slot *s = first_at(b, &r, bed_at(2026, 11, 24, 12, 0));
    assert_str(s->who.key, "鈴木"); /* the later row */
    assert_true(s->doubled);
    assert_false(first_at(b, &r, bed_at(2026, 11, 23, 12, 0))->doubled);
    bed_free(b);
}

UNIT_GROUP(duty_roster, cmocka_unit_test(says_the_same_as_a_slow_evaluator_over_a_year), cmocka_unit_test(a_clock_that_jumps_changes_only_the_question),
           cmocka_unit_test(says_until_when_and_who_stands_in), cmocka_unit_test(two_who_say_the_same_hour_are_told))
