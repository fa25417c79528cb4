/* See hours.h. The text is cut into words by one table; words for days gather until times, an exception or a bracket says what they
 * are for. */
#include "base/hours.h"

#include "base/time.h"

#include <stdio.h>

enum word {
    WORD_SKIP,
    WORD_DAYS,     /* .bits */
    WORD_WHOLE,    /* around the clock */
    WORD_EXCEPT,   /* what stands before is taken away */
    WORD_EXCEPT_EN, /* what follows is */
    WORD_YEAR_END,
    WORD_TO,
    WORD_OPEN,
    WORD_CLOSE,
    WORD_BREAK,
    WORD_AM,
    WORD_PM,
};
#define DAY(d) (1u << (d))
#define WORKING 0x3eu
#define ALL 0xffu
#define HOLIDAY DAY(HOURS_HOLIDAY)

/* The longest that fits is taken. Folded: ASCII small, full width as ASCII. */
static const struct {
    const char *text;
    enum word word;
    unsigned bits;
} words[] = {
    {"平日", WORD_DAYS, WORKING}, {"営業日", WORD_DAYS, WORKING}, {"毎日", WORD_DAYS, ALL}, {"全日", WORD_DAYS, ALL}, {"年中無休", WORD_DAYS, ALL},
    {"無休", WORD_DAYS, ALL}, {"365日", WORD_DAYS, ALL}, {"土日祝日", WORD_DAYS, DAY(0) | DAY(6) | HOLIDAY}, {"土日祝", WORD_DAYS, DAY(0) | DAY(6) | HOLIDAY},
    {"土日", WORD_DAYS, DAY(0) | DAY(6)}, {"休日", WORD_DAYS, DAY(0) | DAY(6) | HOLIDAY}, {"週末", WORD_DAYS, DAY(0) | DAY(6)},
    {"国民の祝日", WORD_DAYS, HOLIDAY}, {"祝祭日", WORD_DAYS, HOLIDAY}, {"祝日", WORD_DAYS, HOLIDAY}, {"祝", WORD_DAYS, HOLIDAY},
    {"日曜日", WORD_DAYS, DAY(0)}, {"日曜", WORD_DAYS, DAY(0)}, {"日", WORD_DAYS, DAY(0)}, {"月曜日", WORD_DAYS, DAY(1)}, {"月曜", WORD_DAYS, DAY(1)},
    {"月", WORD_DAYS, DAY(1)}, {"火曜日", WORD_DAYS, DAY(2)}, {"火曜", WORD_DAYS, DAY(2)}, {"火", WORD_DAYS, DAY(2)}, {"水曜日", WORD_DAYS, DAY(3)},
    {"水曜", WORD_DAYS, DAY(3)}, {"水", WORD_DAYS, DAY(3)}, {"木曜日", WORD_DAYS, DAY(4)}, {"木曜", WORD_DAYS, DAY(4)}, {"木", WORD_DAYS, DAY(4)},
    {"金曜日", WORD_DAYS, DAY(5)}, {"金曜", WORD_DAYS, DAY(5)}, {"金", WORD_DAYS, DAY(5)}, {"土曜日", WORD_DAYS, DAY(6)}, {"土曜", WORD_DAYS, DAY(6)},
    {"土", WORD_DAYS, DAY(6)},
    {"weekdays", WORD_DAYS, WORKING}, {"business days", WORD_DAYS, WORKING}, {"working days", WORD_DAYS, WORKING}, {"daily", WORD_DAYS, ALL},
    {"every day", WORD_DAYS, ALL}, {"weekends", WORD_DAYS, DAY(0) | DAY(6)}, {"public holidays", WORD_DAYS, HOLIDAY}, {"holidays", WORD_DAYS, HOLIDAY},
    {"sunday", WORD_DAYS, DAY(0)}, {"sun", WORD_DAYS, DAY(0)}, {"monday", WORD_DAYS, DAY(1)}, {"mon", WORD_DAYS, DAY(1)}, {"tuesday", WORD_DAYS, DAY(2)},
    {"tue", WORD_DAYS, DAY(2)}, {"wednesday", WORD_DAYS, DAY(3)}, {"wed", WORD_DAYS, DAY(3)}, {"thursday", WORD_DAYS, DAY(4)}, {"thu", WORD_DAYS, DAY(4)},
    {"friday", WORD_DAYS, DAY(5)}, {"fri", WORD_DAYS, DAY(5)}, {"saturday", WORD_DAYS, DAY(6)}, {"sat", WORD_DAYS, DAY(6)},
    {"24時間365日", WORD_WHOLE, ALL}, {"24時間", WORD_WHOLE, 0}, {"24h365d", WORD_WHOLE, ALL}, {"24/365", WORD_WHOLE, ALL}, {"24/7", WORD_WHOLE, ALL},
    {"24x7", WORD_WHOLE, ALL}, {"24 hours", WORD_WHOLE, 0}, {"24h", WORD_WHOLE, 0}, {"終日", WORD_WHOLE, 0}, {"常時", WORD_WHOLE, 0},
    {"年末年始", WORD_YEAR_END, 0}, {"year end", WORD_YEAR_END, 0}, {"除く", WORD_EXCEPT, 0}, {"除き", WORD_EXCEPT, 0}, {"以外", WORD_EXCEPT, 0},
    {"except", WORD_EXCEPT_EN, 0}, {"excluding", WORD_EXCEPT_EN, 0}, {"not on", WORD_EXCEPT_EN, 0},
    {"-", WORD_TO, 0}, {"~", WORD_TO, 0}, {"〜", WORD_TO, 0}, {"−", WORD_TO, 0}, {"–", WORD_TO, 0}, {"—", WORD_TO, 0}, {"―", WORD_TO, 0}, {"ー", WORD_TO, 0},
    {"から", WORD_TO, 0}, {"to", WORD_TO, 0}, {"(", WORD_OPEN, 0}, {"[", WORD_OPEN, 0}, {")", WORD_CLOSE, 0}, {"]", WORD_CLOSE, 0},
    {"、", WORD_BREAK, 0}, {",", WORD_BREAK, 0}, {";", WORD_BREAK, 0}, {"/", WORD_BREAK, 0}, {"\n", WORD_BREAK, 0}, {"。", WORD_BREAK, 0},
    {"午前", WORD_AM, 0}, {"午後", WORD_PM, 0}, {"am", WORD_AM, 0}, {"pm", WORD_PM, 0},
    {" ", WORD_SKIP, 0}, {"　", WORD_SKIP, 0}, {"\t", WORD_SKIP, 0}, {"\r", WORD_SKIP, 0}, {"・", WORD_SKIP, 0}, {":", WORD_SKIP, 0}, {"は", WORD_SKIP, 0},
    {"の", WORD_SKIP, 0}, {"を", WORD_SKIP, 0}, {"と", WORD_SKIP, 0}, {"及び", WORD_SKIP, 0}, {"および", WORD_SKIP, 0}, {"まで", WORD_SKIP, 0},
    {"受付時間", WORD_SKIP, 0}, {"営業時間", WORD_SKIP, 0}, {"対応時間", WORD_SKIP, 0}, {"受付", WORD_SKIP, 0}, {"営業", WORD_SKIP, 0},
    {"対応", WORD_SKIP, 0}, {"and", WORD_SKIP, 0}, {"hours", WORD_SKIP, 0},
};

struct reading {
    char text[HOURS_BYTES_MAX + 1];
    size_t n, at;
    struct hours *h;
    unsigned have, pending;   /* days: settled, and since */
    unsigned range_from;      /* the last single weekday, for 月-金; 8: none */
    bool year_end, pending_year_end, taking_away, spoken; /* spoken: times for `have` were read */
    size_t first;             /* span of the present days */
};

static int bad(struct reading *x, struct diag *err) {
    return diag_set_at(err, -ERR_PARSE, NULL, 1, (int) x->at + 1, "these hours are not understood; write them like 平日9:00-17:30、土曜9:00-12:00 or 24時間365日");
}

/* Full-width ASCII and the ideographic space as ASCII, letters small. */
static void fold(struct reading *x, struct str s) {
    for (size_t i = 0; i < s.n && x->n < HOURS_BYTES_MAX;) {
        unsigned char c = (unsigned char) s.p[i], c1 = i + 1 < s.n ? (unsigned char) s.p[i + 1] : 0, c2 = i + 2 < s.n ? (unsigned char) s.p[i + 2] : 0;
        if (c == 0xef && ((c1 == 0xbc && c2 >= 0x81 && c2 <= 0xbf) || (c1 == 0xbd && c2 >= 0x80 && c2 <= 0x9e))) {
            x->text[x->n++] = ascii_lower((char) (c1 == 0xbc ? c2 - 0x81 + '!' : c2 - 0x80 + '`'));
            i += 3;
        } else {
            x->text[x->n++] = ascii_lower(s.p[i++]);
        }
    }
}

static size_t word_at(const struct reading *x, size_t *ret_i) {
    size_t best = 0;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t n = strlen(words[i].text);
        if (n > best && n <= x->n - x->at && memcmp(x->text + x->at, words[i].text, n) == 0) {
            best = n;
            *ret_i = i;
        }
    }
    return best;
}

/* ---- days ---- */

static void take_away(struct reading *x) {
    unsigned gone = x->pending;
    if (!x->have && !x->spoken && gone)
        x->have = ALL;
    x->have &= ~gone;
    x->year_end |= x->pending_year_end;
    for (size_t i = x->first; x->spoken && i < x->h->n; i++) {
        x->h->at[i].days &= (uint8_t) ~gone;
        x->h->at[i].not_year_end |= x->pending_year_end;
    }
    x->pending = 0;
    x->pending_year_end = x->taking_away = false;
    x->range_from = 8;
}

/* 9:00-17:30 (平日): days behind the times they are for. */
static void give_late(struct reading *x) {
    for (size_t i = x->first; x->spoken && !x->have && x->pending && i < x->h->n; i++)
        x->h->at[i].days = (uint8_t) x->pending;
    if (x->spoken && !(x->pending & ~x->have) && !(x->range_from & 16))
        x->pending = 0;
    if (x->spoken && !x->have) {
        x->have = x->pending;
        x->pending = 0;
    }
}

/* The gathered days are what follows is for. */
static void settle(struct reading *x) {
    if (x->taking_away) {
        take_away(x);
        return;
    }
    if (x->pending && x->spoken) {
        x->have = 0;
        x->year_end = x->spoken = false;
        x->first = x->h->n;
    }
    x->have |= x->pending;
    x->pending = 0;
    x->pending_year_end = false;
    x->range_from = 8;
}

static bool single(unsigned bits, unsigned *ret_day) {
    for (unsigned d = 0; d < 7; d++)
        if (bits == DAY(d)) {
            *ret_day = d;
            return true;
        }
    return false;
}

/* ---- times ---- */

static bool number(struct reading *x, unsigned *ret) {
    size_t from = x->at;
    *ret = 0;
    while (x->at < x->n && ascii_digit(x->text[x->at]) && x->at - from < 3)
        *ret = *ret * 10 + (unsigned) (x->text[x->at++] - '0');
    return x->at > from;
}

static bool literal(struct reading *x, const char *z) {
    size_t n = strlen(z);
    if (n > x->n - x->at || memcmp(x->text + x->at, z, n) != 0)
        return false;
    x->at += n;
    return true;
}

static void blanks(struct reading *x) {
    while (literal(x, " ") || literal(x, "　") || literal(x, "\t"))
        continue;
}

/* 9, 9:00, 9時, 9時半, 9時30分, 午後5時, 5pm; up to 36:00. Nothing else may follow a bare number but what ends it. */
static bool clock_time(struct reading *x, unsigned *ret_min) {
    unsigned hour, minute = 0;
    int half = -1;
    blanks(x);
    if (literal(x, "午前") || literal(x, "am"))
        half = 0;
    else if (literal(x, "午後") || literal(x, "pm"))
        half = 1;
    blanks(x);
    if (!number(x, &hour))
        return false;
    if (literal(x, ":")) {
        if (!number(x, &minute))
            return false;
    } else if (literal(x, "時") || literal(x, "h")) {
        if (literal(x, "半"))
            minute = 30;
        else if (number(x, &minute) && !literal(x, "分"))
            return false;
    }
    blanks(x);
    if (half < 0 && literal(x, "am"))
        half = 0;
    else if (half < 0 && literal(x, "pm"))
        half = 1;
    if (half >= 0 && hour > 12)
        return false;
    if (half >= 0)
        hour = hour % 12 + (half ? 12 : 0);
    *ret_min = hour * 60 + minute;
    return minute < 60 && *ret_min <= 36 * 60;
}

static int add_span(struct reading *x, unsigned from, unsigned to, unsigned days, struct diag *err) {
    if (x->h->n == HOURS_SPANS_MAX)
        return diag_set(err, -ERR_LIMIT, "more than %d spans of hours", HOURS_SPANS_MAX);
    x->h->at[x->h->n++] =
        (struct hours_span){.from_min = (uint16_t) from, .to_min = (uint16_t) to, .days = (uint8_t) days, .not_year_end = x->year_end};
    x->spoken = true;
    return 0;
}

static int read_times(struct reading *x, struct diag *err) {
    unsigned from, to;
    size_t i;
    if (x->range_from & 16)
        return bad(x, err);
    settle(x);
    if (!clock_time(x, &from) || from >= 24 * 60)
        return bad(x, err);
    blanks(x);
    size_t n = word_at(x, &i);
    if (!n || words[i].word != WORD_TO)
        return bad(x, err);
    x->at += n;
    if (!clock_time(x, &to) || from == to)
        return bad(x, err);
    if (to < from)
        to += 24 * 60;
    return add_span(x, from, to, x->have ? x->have : WORKING, err);
}

/* ---- words ---- */

static int take_days(struct reading *x, unsigned bits) {
    unsigned day;
    bool one = single(bits, &day);
    if (x->range_from & 16) { /* 月-金 */
        unsigned from = x->range_from & 15;
        if (!one)
            return -ERR_PARSE;
        for (unsigned d = from;; d = (d + 1) % 7) {
            x->pending |= DAY(d);
            if (d == day)
                break;
        }
        x->range_from = 8;
        return 0;
    }
    x->pending |= bits;
    x->range_from = one ? day : 8;
    return 0;
}

static int take_word(struct reading *x, size_t i, struct diag *err) {
    switch (words[i].word) {
    case WORD_DAYS:
        return take_days(x, words[i].bits);
    case WORD_WHOLE: {
        unsigned before = x->pending;
        settle(x);
        unsigned days = words[i].bits && !before ? words[i].bits : x->have ? x->have : ALL;
        if (!x->have)
            x->have = days;
        return add_span(x, 0, 24 * 60, days, err);
    }
    case WORD_YEAR_END:
        x->pending_year_end = true;
        return 0;
    case WORD_EXCEPT:
        if (!x->pending && !x->pending_year_end)
            return -ERR_PARSE;
        take_away(x);
        return 0;
    case WORD_EXCEPT_EN:
        settle(x);
        x->taking_away = true;
        return 0;
    case WORD_TO:
        if (x->range_from >= 8)
            return -ERR_PARSE;
        x->range_from |= 16;
        return 0;
    case WORD_OPEN:
        settle(x);
        return 0;
    case WORD_CLOSE:
        if (x->taking_away)
            take_away(x);
        give_late(x);
        return 0;
    case WORD_AM:
    case WORD_PM:
        return read_times(x, err);
    case WORD_BREAK:
    case WORD_SKIP:
        if (!(x->range_from & 16))
            x->range_from = words[i].word == WORD_BREAK ? 8 : x->range_from;
        return 0;
    }
    return -ERR_PARSE;
}

int hours_parse(struct str text, struct hours *ret, struct diag *reterr) {
    struct reading x = {.h = ret, .range_from = 8};
    *ret = (struct hours){0};
    if (text.n > HOURS_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "hours have at most %d bytes", HOURS_BYTES_MAX);
    fold(&x, text);
    while (x.at < x.n) {
        size_t i = 0, n = word_at(&x, &i), from = x.at;
        int r;
        bool times = n && (words[i].word == WORD_AM || words[i].word == WORD_PM);
        if (n && !times) {
            x.at += n;
            r = take_word(&x, i, reterr);
        } else {
            r = times || ascii_digit(x.text[x.at]) ? read_times(&x, reterr) : -ERR_PARSE;
        }
        if (r == -ERR_PARSE) {
            x.at = MIN(from, x.n);
            return bad(&x, reterr);
        }
        if (r < 0)
            return r;
    }
    if (x.taking_away)
        take_away(&x);
    give_late(&x);
    bool hanging = x.pending || x.pending_year_end || (x.range_from & 16);
    return hanging || !ret->n ? bad(&x, reterr) : 0;
}

/* ---- asking ---- */

static bool holds_on(const struct hours_span *s, const struct time_civil *c, bool holiday) {
    bool year_end = (c->month == 12 && c->day >= 29) || (c->month == 1 && c->day <= 3);
    if (s->not_year_end && year_end)
        return false;
    return s->days & (holiday ? HOLIDAY : DAY(c->weekday));
}

/* The end of what is open at t, t itself when nothing is. */
static int64_t open_until(const struct hours *h, int64_t t_ns, int offset_min, hours_holiday_fn *holiday, const void *ctx) {
    int64_t until = t_ns;
    for (int back = 1; back >= 0; back--) {
        struct time_civil c;
        int64_t local = t_ns + offset_min * NS_PER_MIN - back * NS_PER_DAY;
        int64_t midnight = local - ((local % NS_PER_DAY) + NS_PER_DAY) % NS_PER_DAY - offset_min * NS_PER_MIN;
        time_to_civil(midnight, offset_min, &c);
        bool off = holiday && holiday(ctx, c.year, c.month, c.day);
        for (size_t i = 0; i < h->n; i++) {
            int64_t from = midnight + h->at[i].from_min * NS_PER_MIN, to = midnight + h->at[i].to_min * NS_PER_MIN;
            if (holds_on(&h->at[i], &c, off) && from <= t_ns && t_ns < to)
                until = MAX(until, to);
        }
    }
    return until;
}

static int64_t opens_after(const struct hours *h, int64_t t_ns, int offset_min, hours_holiday_fn *holiday, const void *ctx, int days) {
    for (int d = 0; d < days; d++) {
        struct time_civil c;
        int64_t local = t_ns + offset_min * NS_PER_MIN + d * NS_PER_DAY, best = TIME_NONE;
        int64_t midnight = local - ((local % NS_PER_DAY) + NS_PER_DAY) % NS_PER_DAY - offset_min * NS_PER_MIN;
        time_to_civil(midnight, offset_min, &c);
        bool off = holiday && holiday(ctx, c.year, c.month, c.day);
        for (size_t i = 0; i < h->n; i++) {
            int64_t from = midnight + h->at[i].from_min * NS_PER_MIN;
            if (holds_on(&h->at[i], &c, off) && from >= t_ns && (best == TIME_NONE || from < best))
                best = from;
        }
        if (best != TIME_NONE)
            return best;
    }
    return TIME_NONE;
}

bool hours_open_at(const struct hours *h, int64_t t_ns, int offset_min, hours_holiday_fn *holiday, const void *ctx,
                   int64_t *ret_change_ns) {
    enum { DAYS = 40 };
    int64_t until = open_until(h, t_ns, offset_min, holiday, ctx), more;
    bool open = until > t_ns;
    while (open && until - t_ns < DAYS * NS_PER_DAY && (more = open_until(h, until, offset_min, holiday, ctx)) > until)
        until = more;
    if (ret_change_ns)
        *ret_change_ns = !open ? opens_after(h, t_ns, offset_min, holiday, ctx, DAYS) : until - t_ns >= DAYS * NS_PER_DAY ? TIME_NONE : until;
    return open;
}
