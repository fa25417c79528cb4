/* Times as log lines write them, and the policy that places an event in time.
 *
 * Most lines of a log share the minute of the line before, so each thread remembers, for each
 * notation, the bytes up to the minute and what they meant. The memory holds results of a pure
 * function: with or without it, in whatever order lines come, a line gets the same time. */
#include "decode/decode_priv.h"

enum notation { ISO, BSD, CLF, SLASH, NOTATION_MAX_ };
enum { KEY_MAX = 24 };

struct memo {
    char key[KEY_MAX]; /* the text up to the minute; first byte 0 = empty */
    int64_t base_ns;   /* start of that minute: in UTC, for BSD in the zone below */
    /* BSD only, whose year depends on them: */
    int offset_min;
    int64_t arrival_lo_ns, arrival_hi_ns; /* arrivals for which the same year is inferred */
};
static _Thread_local struct memo memos[NOTATION_MAX_];

static int digit_at(const char *p) {
    return ascii_digit(*p) ? *p - '0' : -1000000;
}
/* Negative when one is no digit. */
static int two(const char *p) {
    return digit_at(p) * 10 + digit_at(p + 1);
}
static int four(const char *p) {
    return two(p) * 100 + two(p + 2);
}

/* The minute of the line before, which is the minute of this one. */
static inline bool is_remembered(const struct memo *m, const char *p, size_t n) {
    return memcmp(p, m->key, n) == 0 && m->key[0];
}

static int64_t minute_of(int year, int month, int day, int hour, int minute, int offset_min) {
    struct time_civil c = {
        .year = year, .month = month, .day = day, .hour = hour, .minute = minute};
    return time_from_civil(&c, offset_min); /* range checks are there */
}

/* ".123456" at s[*at] as nanoseconds; digits past the ninth are read and forgotten. */
static inline int64_t take_fraction(struct str s, size_t *at) {
    static const int32_t scale[] = {0,     100000000, 10000000, 1000000, 100000,
                                    10000, 1000,      100,      10,      1};
    int64_t v = 0;
    size_t from = ++*at, i = from;
    for (; i < s.n && ascii_digit(s.p[i]) && i - from < 9; i++)
        v = v * 10 + (s.p[i] - '0');
    v *= scale[i - from];
    while (i < s.n && ascii_digit(s.p[i]))
        i++;
    *at = i;
    return v;
}

/* ":SS" and an optional fraction at s[at]; the index behind them or 0. Adds to *t. */
static inline size_t take_seconds(struct str s, size_t at, int64_t *t) {
    if (s.n < at + 3 || s.p[at] != ':')
        return 0;
    unsigned tens = (unsigned char) s.p[at + 1] - '0', ones = (unsigned char) s.p[at + 2] - '0';
    unsigned sec = tens * 10 + ones;
    if (tens > 9 || ones > 9 || sec > 60)
        return 0;
    if (LIKELY(sec < 60 && (at + 3 == s.n || s.p[at + 3] == ' '))) {
        *t += sec * NS_PER_S;
        return at + 3;
    }
    int64_t nano = 0;
    at += 3;
    if (at + 1 < s.n && (s.p[at] == '.' || s.p[at] == ',') && ascii_digit(s.p[at + 1]))
        nano = take_fraction(s, &at);
    if (sec == 60) { /* a leap second stands at the end of the second before, as in base/time */
        sec = 59;
        nano = NS_PER_S - 1;
    }
    *t += sec * NS_PER_S + nano;
    return at;
}

/* The zone of the line before, "+09:00" mostly. */
static _Thread_local struct {
    char text[6];
    int offset_min;
} last_zone;

/* "Z", "+09:00" or "+0900" at s[at]; the index behind it, or at itself when none stands there. */
static size_t take_zone(struct str s, size_t at, int *ret_offset_min) {
    if (at + 6 <= s.n && memcmp(s.p + at, last_zone.text, 6) == 0 && last_zone.text[0]) {
        *ret_offset_min = last_zone.offset_min;
        return at + 6;
    }
    if (at < s.n && s.p[at] == 'Z') {
        *ret_offset_min = 0;
        return at + 1;
    }
    if (s.n < at + 5 || (s.p[at] != '+' && s.p[at] != '-'))
        return at;
    bool colon = s.p[at + 3] == ':';
    if (colon && s.n < at + 6)
        return at;
    int h = two(s.p + at + 1), m = two(s.p + at + 3 + colon);
    if (h < 0 || h > 23 || m < 0 || m > 59)
        return at;
    *ret_offset_min = (s.p[at] == '-' ? -1 : 1) * (h * 60 + m);
    if (colon) {
        memcpy(last_zone.text, s.p + at, 6);
        last_zone.offset_min = *ret_offset_min;
    }
    return at + 5 + colon;
}

/* Applies a zone read from the line, or the source's. */
static void set(struct when *w, const struct decode_job *j, int64_t t_utc, int offset_min,
                struct str zone) {
    w->year_known = true;
    w->zone_known = offset_min != TIME_NO_OFFSET;
    w->zone = w->zone_known ? (zone.n == 1 ? STR("UTC") : zone) : STR_NULL;
    w->t_ns = t_utc - (w->zone_known ? offset_min : j->src->offset_min) * NS_PER_MIN;
}

size_t when_iso(struct str s, struct when *ret, const struct decode_job *j) {
    enum { KEY = 16 };
    struct memo *m = &memos[ISO];
    int offset = TIME_NO_OFFSET;
    if (s.n < 19)
        return 0;
    if (!is_remembered(m, s.p, KEY)) {
        const char *p = s.p;
        if (p[4] != '-' || p[7] != '-' || (p[10] != 'T' && p[10] != ' ') || p[13] != ':')
            return 0;
        int64_t base = minute_of(four(p), two(p + 5), two(p + 8), two(p + 11), two(p + 14), 0);
        if (base == TIME_NONE)
            return 0;
        memcpy(m->key, p, KEY);
        m->base_ns = base;
    }
    int64_t t = m->base_ns;
    size_t at = take_seconds(s, KEY, &t);
    if (at == 0)
        return 0;
    size_t from = at, end = take_zone(s, at, &offset);
    if (end == at && at + 6 <= s.n && s.p[at] == ' ') { /* "2026-11-23 02:03:08 +0900" */
        from = at + 1;
        end = take_zone(s, from, &offset);
        end = end > from && s.p[from] != 'Z' ? end : at;
        offset = end > at ? offset : TIME_NO_OFFSET;
    }
    set(ret, j, t, offset, str_n(s.p + from, end > from ? end - from : 0));
    return end;
}

size_t when_clf(struct str s, struct when *ret, const struct decode_job *j) {
    enum { KEY = 17 };
    struct memo *m = &memos[CLF];
    int offset = TIME_NO_OFFSET;
    if (s.n < 20)
        return 0;
    if (!is_remembered(m, s.p, KEY)) {
        const char *p = s.p;
        int month = time_month_from_name(str_n(p + 3, 3));
        if (p[2] != '/' || p[6] != '/' || p[11] != ':' || p[14] != ':' || !month)
            return 0;
        int64_t base = minute_of(four(p + 7), month, two(p), two(p + 12), two(p + 15), 0);
        if (base == TIME_NONE)
            return 0;
        memcpy(m->key, p, KEY);
        m->base_ns = base;
    }
    int64_t t = m->base_ns;
    size_t at = take_seconds(s, KEY, &t);
    if (at == 0)
        return 0;
    size_t from = at + 1, end = from;
    if (at < s.n && s.p[at] == ' ')
        end = take_zone(s, from, &offset);
    if (end > from)
        at = end;
    set(ret, j, t, offset, str_n(s.p + from, end - from));
    return at;
}

size_t when_slash(struct str s, struct when *ret, const struct decode_job *j) {
    enum { KEY = 16 };
    struct memo *m = &memos[SLASH];
    if (s.n < 19)
        return 0;
    if (!is_remembered(m, s.p, KEY)) {
        const char *p = s.p;
        if (p[4] != '/' || p[7] != '/' || p[10] != ' ' || p[13] != ':')
            return 0;
        int64_t base = minute_of(four(p), two(p + 5), two(p + 8), two(p + 11), two(p + 14), 0);
        if (base == TIME_NONE)
            return 0;
        memcpy(m->key, p, KEY);
        m->base_ns = base;
    }
    int64_t t = m->base_ns;
    size_t at = take_seconds(s, KEY, &t);
    if (at)
        set(ret, j, t, TIME_NO_OFFSET, STR_NULL);
    return at;
}

/* The latest year in which the minute lies no more than a day after arrival, and for which arrivals
 * the answer is the same. February 29 skips the years without one. */
static bool infer_year(int month, int day, int hour, int minute, int64_t arrival_ns,
                       struct memo *m) {
    struct time_civil now;
    int64_t later = INT64_MAX;
    int64_t latest = arrival_ns > INT64_MAX - NS_PER_DAY ? arrival_ns : arrival_ns + NS_PER_DAY;
    time_to_civil(latest, m->offset_min, &now);
    for (int y = now.year + 8; y >= now.year - 8; y--) {
        int64_t t = minute_of(y, month, day, hour, minute, m->offset_min);
        if (t == TIME_NONE)
            continue;
        if (t <= latest) {
            m->base_ns = t;
            m->arrival_lo_ns = t - NS_PER_DAY;
            m->arrival_hi_ns = later == INT64_MAX ? later : later - NS_PER_DAY;
            return true;
        }
        later = t;
    }
    return false;
}

/* "Nov 23 2026 02:03:08": what some routers write. The notation's 15 bytes into dst; the year or 0.
 */
static int bsd_with_year(struct str s, char dst[15]) {
    if (s.n < 20 || s.p[6] != ' ' || s.p[11] != ' ')
        return 0;
    int year = four(s.p + 7);
    if (year < 0)
        return 0;
    memcpy(dst, s.p, 7);
    memcpy(dst + 7, s.p + 12, 8);
    return year;
}

static size_t bsd_canonical(struct str s, struct when *ret, const struct decode_job *j, int year) {
    enum { KEY = 12 };
    struct memo *m = &memos[BSD];
    const char *p = s.p;
    int64_t arrival = j->rec->arrival_ns;
    if (!is_remembered(m, p, KEY) || m->offset_min != j->src->offset_min ||
        arrival < m->arrival_lo_ns || arrival >= m->arrival_hi_ns || year) {
        int month = time_month_from_name(str_n(p, 3));
        int day = p[4] == ' ' ? digit_at(p + 5) : two(p + 4);
        struct memo fresh = {.offset_min = j->src->offset_min};
        if (!month || p[3] != ' ' || p[6] != ' ' || p[9] != ':')
            return 0;
        if (year)
            fresh.base_ns = minute_of(year, month, day, two(p + 7), two(p + 10), fresh.offset_min);
        else if (!infer_year(month, day, two(p + 7), two(p + 10), arrival, &fresh))
            return 0;
        if (fresh.base_ns == TIME_NONE)
            return 0;
        if (!year)
            memcpy(fresh.key, p, KEY);
        *m = fresh;
    }
    int64_t t = m->base_ns;
    size_t at = take_seconds(s, KEY, &t);
    if (at == 0)
        return 0;
    *ret = (struct when){.t_ns = t, .year_known = year != 0};
    return at;
}

size_t when_bsd(struct str s, struct when *ret, const struct decode_job *j) {
    char z[64];
    if (s.n < 14)
        return 0;
    if (s.n >= 15 && LIKELY(s.p[6] == ' ' && s.p[9] == ':'))
        return bsd_canonical(s, ret, j, 0);
    int year = bsd_with_year(s, z);
    size_t skipped = 5;
    if (!year) { /* "Nov 3 02:03:08", the day not padded */
        if (s.p[5] != ' ' || s.p[8] != ':')
            return 0;
        memcpy(z, s.p, 4);
        z[4] = ' ';
        memcpy(z + 5, s.p + 4, 10);
        skipped = (size_t) -1;
    }
    /* The rest may be a fraction. */
    size_t have = year ? 20 : 14, more = MIN(s.n - have, sizeof z - 15);
    memcpy(z + 15, s.p + have, more);
    size_t n = bsd_canonical(str_n(z, 15 + more), ret, j, year);
    return n ? n + skipped : 0;
}

size_t when_ctime(struct str s, struct when *ret, const struct decode_job *j) {
    /* "Mon Nov 23 02:03:08.123456 2026" */
    if (s.n < 24 || s.p[3] != ' ' || s.p[7] != ' ' || s.p[10] != ' ' || s.p[13] != ':')
        return 0;
    int month = time_month_from_name(str_n(s.p + 4, 3));
    int day = s.p[8] == ' ' ? digit_at(s.p + 9) : two(s.p + 8);
    int64_t frac = 0;
    size_t at = take_seconds(s, 16, &frac);
    if (!month || !at || s.n < at + 5 || s.p[at] != ' ')
        return 0;
    int64_t base = minute_of(four(s.p + at + 1), month, day, two(s.p + 11), two(s.p + 14), 0);
    if (base == TIME_NONE)
        return 0;
    set(ret, j, base + frac, TIME_NO_OFFSET, STR_NULL);
    return at + 5;
}

size_t when_any(struct str s, struct when *ret, const struct decode_job *j) {
    size_t n = 0, skip = s.n && s.p[0] == '[';
    struct str t = str_from(s, skip);
    if (t.n < 14)
        return 0;
    if (ascii_digit(t.p[0]))
        n = t.p[4] == '-'   ? when_iso(t, ret, j)
            : t.p[4] == '/' ? when_slash(t, ret, j)
                            : when_clf(t, ret, j);
    else if ((n = when_bsd(t, ret, j)) == 0)
        n = when_ctime(t, ret, j);
    return n ? n + skip : 0;
}

bool when_epoch(struct str number, struct when *ret) {
    ptrdiff_t dot = str_find_byte(number, '.', 0);
    struct str whole = dot < 0 ? number : str_to(number, (size_t) dot);
    uint64_t v;
    if (str_to_u64(whole, &v) < 0)
        return false;
    /* The magnitude tells the unit for every time from 1973 to 2262 (5138 in seconds, refused
     * below). */
    int64_t unit = v < 100000000000ull         ? NS_PER_S
                   : v < 100000000000000ull    ? NS_PER_MS
                   : v < 100000000000000000ull ? NS_PER_US
                                               : 1;
    int64_t t;
    if (v > INT64_MAX || __builtin_mul_overflow((int64_t) v, unit, &t))
        return false;
    if (dot >= 0) {
        int64_t scale = unit / 10;
        for (size_t i = (size_t) dot + 1; i < number.n; i++, scale /= 10) {
            if (!ascii_digit(number.p[i]))
                return false;
            if (__builtin_add_overflow(t, (number.p[i] - '0') * scale, &t))
                return false;
        }
    }
    *ret = (struct when){.t_ns = t, .year_known = true, .zone_known = true};
    return true;
}

struct str when_settle(struct decode_job *j) {
    struct event *ev = j->ev;
    int64_t arrival = j->rec->arrival_ns, t = j->when.t_ns;
    struct str own = j->when.year_known && j->when.zone_known ? STR("event") : STR("inferred");
    ev->timestamp_ns = t;
    if (j->rec->flags & RAW_BACKFILL) {
        ev->time_ns = t != TIME_NONE ? t : arrival;
        ev->flags |= t == TIME_NONE ? EVENT_TIME_OPEN : 0;
        return own;
    }
    /* Unsigned distance: a hostile time may lie 500 years away. */
    uint64_t away =
        t > arrival ? (uint64_t) t - (uint64_t) arrival : (uint64_t) arrival - (uint64_t) t;
    bool believed = t != TIME_NONE && away <= (uint64_t) j->src->skew_max_ns;
    ev->time_ns = believed ? t : arrival;
    return believed ? own : STR("arrival");
}
