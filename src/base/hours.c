/* See hours.h. Words for days gather until times, an exception or a bracket says what they are for. Days and times of day are
 * read as everywhere (period.h); the table here has what ties them together. */
#include "base/hours.h"

#include "base/text.h"

enum word {
    WORD_SKIP,
    WORD_WHOLE,     /* around the clock */
    WORD_EXCEPT,    /* what stands before is taken away */
    WORD_EXCEPT_EN, /* what follows is */
    WORD_OPEN,
    WORD_CLOSE,
    WORD_BREAK,
    WORD_TIMES,     /* a time of day begins */
    WORD_REFUSE,
};
#define ANY_DAY (DAY_ALL & ~(unsigned) DAY_YEAR_END) /* which is told apart below */

/* The longest that fits is taken; words for days come from period.h and may be longer still. In normal form. */
static const struct {
    const char *text;
    enum word word;
    unsigned bits;
} words[] = {
    {"24時間365日", WORD_WHOLE, ANY_DAY}, {"24時間", WORD_WHOLE, 0}, {"24h365d", WORD_WHOLE, ANY_DAY}, {"24/365", WORD_WHOLE, ANY_DAY},
    {"24/7", WORD_WHOLE, ANY_DAY}, {"24x7", WORD_WHOLE, ANY_DAY}, {"24 hours", WORD_WHOLE, 0}, {"24h", WORD_WHOLE, 0}, {"終日", WORD_WHOLE, 0},
    {"常時", WORD_WHOLE, 0}, {"除く", WORD_EXCEPT, 0}, {"除き", WORD_EXCEPT, 0}, {"以外", WORD_EXCEPT, 0},
    {"except", WORD_EXCEPT_EN, 0}, {"excluding", WORD_EXCEPT_EN, 0}, {"not on", WORD_EXCEPT_EN, 0},
    /* days on which somebody is not there: what stands beside them is closed, and would be read as open */
    {"休業日", WORD_REFUSE, 0}, {"定休日", WORD_REFUSE, 0}, {"閉庁日", WORD_REFUSE, 0}, {"days off", WORD_REFUSE, 0},
    {"(", WORD_OPEN, 0}, {"[", WORD_OPEN, 0}, {")", WORD_CLOSE, 0}, {"]", WORD_CLOSE, 0},
    {"、", WORD_BREAK, 0}, {",", WORD_BREAK, 0}, {";", WORD_BREAK, 0}, {"/", WORD_BREAK, 0}, {"\n", WORD_BREAK, 0}, {"。", WORD_BREAK, 0},
    {"午前", WORD_TIMES, 0}, {"午後", WORD_TIMES, 0}, {"am", WORD_TIMES, 0}, {"pm", WORD_TIMES, 0},
    {" ", WORD_SKIP, 0}, {"\t", WORD_SKIP, 0}, {"\r", WORD_SKIP, 0}, {"・", WORD_SKIP, 0}, {":", WORD_SKIP, 0}, {"は", WORD_SKIP, 0},
    {"の", WORD_SKIP, 0}, {"を", WORD_SKIP, 0}, {"と", WORD_SKIP, 0}, {"及び", WORD_SKIP, 0}, {"および", WORD_SKIP, 0}, {"まで", WORD_SKIP, 0},
    {"受付時間", WORD_SKIP, 0}, {"営業時間", WORD_SKIP, 0}, {"対応時間", WORD_SKIP, 0}, {"受付", WORD_SKIP, 0}, {"営業", WORD_SKIP, 0},
    {"対応", WORD_SKIP, 0}, {"and", WORD_SKIP, 0}, {"hours", WORD_SKIP, 0},
};

struct reading {
    struct str all, s;       /* the text in normal form, and what is left of it */
    struct hours *h;
    unsigned have, pending;  /* days: settled, and since */
    unsigned nth, pending_nth; /* of these days: 第2・4土曜 */
    unsigned last_day;       /* the last single weekday, for 月-金; 0: none */
    bool ranging;            /* "月-" */
    bool year_end, pending_year_end, taking_away, spoken; /* spoken: times for `have` were read */
    size_t first;            /* period of the present days */
};

static int bad(const struct reading *x, struct diag *err) {
    return diag_set_at(err, -ERR_PARSE, NULL, 1, (int) (x->all.n - x->s.n) + 1,
                       "these hours are not understood; write them like 平日9:00-17:30、土曜9:00-12:00 or 24時間365日");
}

static size_t word_at(struct str s, size_t *ret_i) {
    size_t best = 0;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t n = strlen(words[i].text);
        if (n > best && str_starts(s, str_n(words[i].text, n))) {
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
        x->have = ANY_DAY;
    x->have &= ~gone;
    x->year_end |= x->pending_year_end;
    for (size_t i = x->first; x->spoken && i < x->h->n; i++) {
        x->h->at[i].days &= ~gone;
        x->h->at[i].without |= x->pending_year_end ? DAY_YEAR_END : 0u;
    }
    x->pending = x->last_day = 0;
    x->pending_year_end = x->taking_away = false;
}

/* 9:00-17:30 (平日): days behind the times they are for. */
static void give_late(struct reading *x) {
    for (size_t i = x->first; x->spoken && !x->have && x->pending && i < x->h->n; i++) {
        x->h->at[i].days = x->pending | DAY_THROUGH;
        x->h->at[i].nth = x->pending_nth;
    }
    if (x->spoken && !(x->pending & ~x->have) && !x->ranging)
        x->pending = 0;
    if (x->spoken && !x->have) {
        x->have = x->pending;
        x->nth = x->pending_nth;
        x->pending = x->pending_nth = 0;
    }
}

/* The gathered days are what follows is for. */
static void settle(struct reading *x) {
    if (x->taking_away) {
        take_away(x);
        return;
    }
    if (x->pending && x->spoken) {
        x->have = x->nth = 0;
        x->year_end = x->spoken = false;
        x->first = x->h->n;
    }
    x->have |= x->pending;
    x->nth |= x->pending_nth;
    x->pending = x->pending_nth = x->last_day = 0;
    x->pending_year_end = false;
}

static int take_days(struct reading *x, unsigned bits) {
    bool one = period_one_weekday(bits);
    if (x->pending_nth)
        return -ERR_PARSE;
    if (x->ranging) { /* 月-金 */
        if (!one)
            return -ERR_PARSE;
        x->pending |= period_weekdays(x->last_day, bits);
        x->ranging = false;
        x->last_day = 0;
        return 0;
    }
    if (bits == DAY_YEAR_END) {
        x->pending_year_end = true;
        return 0;
    }
    if (bits == DAY_ANYWAY && x->spoken) { /* 平日9:00-17:00（祝日含む） */
        for (size_t i = x->first; i < x->h->n; i++)
            x->h->at[i].days |= bits;
        return 0;
    }
    x->pending |= bits & ~(unsigned) DAY_YEAR_END;
    x->last_day = one ? bits : 0;
    return 0;
}

/* 第2・4土曜; nothing else stands beside such days, lest it be meant for them or they for it. */
static int take_nth(struct reading *x, unsigned nth) {
    unsigned bits;
    while (str_starts(x->s, STR(" ")))
        x->s = str_from(x->s, 1);
    if (x->pending || x->pending_year_end || x->taking_away || x->ranging || (x->have && !x->spoken))
        return -ERR_PARSE;
    if (!period_eat_days(&x->s, &bits) || !period_one_weekday(bits))
        return -ERR_PARSE;
    x->pending = bits;
    x->pending_nth = nth;
    x->last_day = 0;
    return 0;
}

/* ---- times ---- */

static int add_period(struct reading *x, int from_min, int to_min, unsigned days, struct diag *err) {
    struct period p = {.days = days | DAY_THROUGH, .first = INT32_MIN, .last = INT32_MAX, .without = x->year_end ? DAY_YEAR_END : 0u, .nth = x->nth};
    if (!(days & DAY_ALL) || (x->nth && !period_one_weekday(days)))
        return bad(x, err);
    if (x->h->n == HOURS_PERIODS_MAX)
        return diag_set(err, -ERR_LIMIT, "more than %d periods of hours", HOURS_PERIODS_MAX);
    if (!period_set_times(&p, from_min, to_min))
        return bad(x, err);
    x->h->at[x->h->n++] = p;
    x->spoken = true;
    return 0;
}

static int read_times(struct reading *x, struct diag *err) {
    int from, to;
    settle(x);
    if (x->ranging || !period_eat_clock(&x->s, &from))
        return -ERR_PARSE;
    while (str_starts(x->s, STR(" ")))
        x->s = str_from(x->s, 1);
    if (!period_eat_till(&x->s) || !period_eat_clock(&x->s, &to) || from == to)
        return -ERR_PARSE;
    return add_period(x, from, to, x->have ? x->have : DAY_WEEKDAYS, err);
}

/* ---- words ---- */

static int take_word(struct reading *x, size_t i, struct diag *err) {
    switch (words[i].word) {
    case WORD_WHOLE: {
        unsigned before = x->pending;
        settle(x);
        unsigned days = words[i].bits && !before ? words[i].bits : x->have ? x->have : ANY_DAY;
        if (!x->have)
            x->have = days;
        return add_period(x, 0, DAY_MINUTES, days, err);
    }
    case WORD_EXCEPT:
        if ((!x->pending && !x->pending_year_end) || (x->pending & DAY_ANYWAY) || x->pending_nth)
            return -ERR_PARSE;
        take_away(x);
        return 0;
    case WORD_EXCEPT_EN:
        settle(x);
        x->taking_away = true;
        return 0;
    case WORD_OPEN:
        settle(x);
        return 0;
    case WORD_CLOSE:
        if (x->taking_away)
            take_away(x);
        give_late(x);
        return 0;
    case WORD_BREAK:
        x->last_day = 0;
        return 0;
    case WORD_SKIP:
        return 0;
    case WORD_TIMES:
    case WORD_REFUSE:
        break;
    }
    return -ERR_PARSE;
}

static int step(struct reading *x, struct diag *err) {
    struct str days = x->s, till = x->s;
    unsigned bits = 0, nth;
    size_t i = 0, n = word_at(x->s, &i);
    bool is_days = period_eat_days(&days, &bits);
    if (is_days && x->s.n - days.n > n) {
        x->s = days;
        return take_days(x, bits);
    }
    if ((!n && ascii_digit(x->s.p[0])) || (n && words[i].word == WORD_TIMES))
        return read_times(x, err);
    if (n) {
        if (x->ranging && words[i].word != WORD_SKIP)
            return -ERR_PARSE;
        x->s = str_from(x->s, n);
        return take_word(x, i, err);
    }
    if ((nth = period_eat_nth(&x->s)))
        return take_nth(x, nth);
    if (x->last_day && !x->ranging && period_eat_till(&till)) {
        x->s = till;
        x->ranging = true;
        return 0;
    }
    return -ERR_PARSE;
}

static int read_all(struct reading *x, struct diag *err) {
    while (x->s.n) {
        struct str before = x->s;
        int e = step(x, err);
        if (e == -ERR_PARSE) {
            x->s = before;
            return bad(x, err);
        }
        if (e < 0)
            return e;
    }
    if (x->taking_away)
        take_away(x);
    give_late(x);
    return x->pending || x->pending_year_end || x->ranging || !x->h->n ? bad(x, err) : 0;
}

int hours_parse(struct str text, struct hours *ret, struct diag *reterr) {
    *ret = (struct hours){0};
    if (text.n > HOURS_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "hours have at most %d bytes", HOURS_BYTES_MAX);
    struct arena a;
    arena_init(&a, 1 << 20);
    struct str s = text_normal(&a, text);
    struct reading x = {.all = s, .s = s, .h = ret};
    int e = s.p || !text.n ? read_all(&x, reterr) : diag_set(reterr, -ENOMEM, "memory has run out");
    arena_done(&a);
    return e;
}

/* ---- asking ---- */

/* The end of what is open at t, t itself when nothing is. */
static int64_t open_until(const struct hours *h, const struct calendar *c, int64_t t_ns) {
    int64_t until = t_ns;
    int32_t today = calendar_day_of(t_ns);
    for (int32_t day = today - 1; day <= today; day++)
        for (size_t i = 0; i < h->n; i++) {
            int64_t from = calendar_day_start(day) + h->at[i].from_min * NS_PER_MIN, to = calendar_day_start(day) + h->at[i].to_min * NS_PER_MIN;
            if (from <= t_ns && t_ns < to && period_on(&h->at[i], c, day))
                until = MAX(until, to);
        }
    return until;
}

static int64_t opens_after(const struct hours *h, const struct calendar *c, int64_t t_ns, int days) {
    int32_t today = calendar_day_of(t_ns);
    for (int32_t day = today; day < today + days; day++) {
        int64_t best = TIME_NONE;
        for (size_t i = 0; i < h->n; i++) {
            int64_t from = calendar_day_start(day) + h->at[i].from_min * NS_PER_MIN;
            if (from >= t_ns && (best == TIME_NONE || from < best) && period_on(&h->at[i], c, day))
                best = from;
        }
        if (best != TIME_NONE)
            return best;
    }
    return TIME_NONE;
}

bool hours_open_at(const struct hours *h, const struct calendar *c, int64_t t_ns, int64_t *ret_change_ns) {
    enum { DAYS = 40 };
    int64_t until = open_until(h, c, t_ns), more;
    bool open = until > t_ns;
    while (open && until - t_ns < DAYS * NS_PER_DAY && (more = open_until(h, c, until)) > until)
        until = more;
    if (ret_change_ns)
        *ret_change_ns = !open ? opens_after(h, c, t_ns, DAYS) : until - t_ns >= DAYS * NS_PER_DAY ? TIME_NONE : until;
    return open;
}
