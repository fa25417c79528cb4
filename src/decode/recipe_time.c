/* Times of decoders written as data: the notations of when.c by name, and custom ones by their parts.
 *
 *   %Y 2026  %y 26  %m 11  %d 23 or 3  %b Nov  %a Mon  %H 02  %I 11  %p AM  %M 03  %S 08
 *   %f .123456 or nothing  %z +09:00, +0900, Z or nothing
 *
 * A zone is, in this order: the one the line writes, the one another value of the line names, the
 * decoder's `zone`, the source's. */
#include "decode/recipe_priv.h"

static int number(struct str s, size_t *at, size_t min, size_t max) {
    int v = 0;
    size_t from = *at;
    while (*at < s.n && *at - from < max && ascii_digit(s.p[*at]))
        v = v * 10 + (s.p[(*at)++] - '0');
    return *at - from >= min ? v : -1;
}

/* ".123", perhaps with a comma; nothing is no fraction. */
static int32_t fraction(struct str s, size_t *at) {
    int32_t v = 0, scale = 100000000;
    if (*at + 1 >= s.n || (s.p[*at] != '.' && s.p[*at] != ',') || !ascii_digit(s.p[*at + 1]))
        return 0;
    for (++*at; *at < s.n && ascii_digit(s.p[*at]); ++*at, scale /= 10)
        v += (s.p[*at] - '0') * scale;
    return v;
}

static int zone(struct str s, size_t *at) {
    if (*at < s.n && s.p[*at] == 'Z') {
        ++*at;
        return 0;
    }
    if (*at + 5 > s.n || (s.p[*at] != '+' && s.p[*at] != '-'))
        return TIME_NO_OFFSET;
    int sign = s.p[*at] == '-' ? -1 : 1;
    size_t k = *at + 1;
    int h = number(s, &k, 2, 2);
    k += k < s.n && s.p[k] == ':';
    int m = number(s, &k, 2, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59)
        return TIME_NO_OFFSET;
    *at = k;
    return sign * (h * 60 + m);
}

struct parts {
    struct time_civil c;
    int offset_min;
    int half; /* 0, 1 AM, 2 PM */
};

/* One %-letter; false: the text is not so. */
static bool read_part(char letter, struct str s, size_t *at, struct parts *p) {
    int *into = NULL, v;
    size_t min = 1, max = 2;
    switch (letter) {
    case 'Y':
        into = &p->c.year;
        min = max = 4;
        break;
    case 'y':
        v = number(s, at, 2, 2);
        p->c.year = 2000 + v;
        return v >= 0;
    case 'm':
        into = &p->c.month;
        break;
    case 'd':
        *at += *at < s.n && s.p[*at] == ' ';
        into = &p->c.day;
        break;
    case 'H':
    case 'I':
        into = &p->c.hour;
        break;
    case 'M':
        into = &p->c.minute;
        break;
    case 'S':
        into = &p->c.second;
        break;
    case 'b':
        p->c.month = *at + 3 <= s.n ? time_month_from_name(str_n(s.p + *at, 3)) : 0;
        *at += 3;
        return p->c.month > 0;
    case 'a':
        *at += 3;
        return *at <= s.n;
    case 'p':
        if (*at + 2 > s.n || (s.p[*at + 1] != 'M' && s.p[*at + 1] != 'm'))
            return false;
        p->half = ascii_lower(s.p[*at]) == 'p' ? 2 : 1;
        *at += 2;
        return true;
    case 'f':
        p->c.nano = fraction(s, at);
        return true;
    case 'z':
        p->offset_min = zone(s, at);
        return true;
    default:
        return false;
    }
    *into = number(s, at, min, max);
    return *into >= 0;
}

const char *recipe_time_check(struct str f) {
    bool year = false, month = false, day = false, hour = false;
    for (size_t i = 0; i < f.n; i++) {
        if (f.p[i] != '%')
            continue;
        char c = i + 1 < f.n ? f.p[++i] : 0;
        if (!c || !strchr("YymdbaHIpMSfz", c))
            return "a format knows %Y %y %m %d %b %a %H %I %p %M %S %f %z";
        year |= c == 'Y' || c == 'y';
        month |= c == 'm' || c == 'b';
        day |= c == 'd';
        hour |= c == 'H' || c == 'I';
    }
    return year && month && day && hour ? NULL : "a format needs year, month, day and hour";
}

static size_t read_custom(struct str s, struct str f, int zone_min, struct when *ret,
                          const struct decode_job *j) {
    struct parts p = {.offset_min = TIME_NO_OFFSET};
    size_t at = 0;
    for (size_t i = 0; i < f.n; i++) {
        if (f.p[i] == '%' && i + 1 < f.n) {
            if (!read_part(f.p[++i], s, &at, &p))
                return 0;
        } else if (at >= s.n || s.p[at++] != f.p[i]) {
            return 0;
        }
    }
    if (p.half)
        p.c.hour = p.c.hour % 12 + (p.half == 2 ? 12 : 0);
    int offset = p.offset_min != TIME_NO_OFFSET ? p.offset_min : zone_min;
    int64_t t = time_from_civil(&p.c, offset != TIME_NO_OFFSET ? offset : j->src->offset_min);
    if (t == TIME_NONE)
        return 0;
    *ret = (struct when){.t_ns = t, .year_known = true, .zone_known = offset != TIME_NO_OFFSET};
    if (!offset)
        ret->zone = STR("UTC");
    return at;
}

/* A notation of when.c read in the source's zone is moved into the decoder's. */
static void use_zone(struct when *w, int zone_min, const struct decode_job *j) {
    if (zone_min == TIME_NO_OFFSET || w->zone_known || w->t_ns == TIME_NONE)
        return;
    w->t_ns += (j->src->offset_min - zone_min) * NS_PER_MIN;
    w->zone_known = true;
    w->zone = zone_min ? STR_NULL : STR("UTC");
}

static size_t read_epoch(struct str s, struct when *ret) {
    size_t n = 0;
    while (n < s.n && (ascii_digit(s.p[n]) || s.p[n] == '.'))
        n++;
    while (n && s.p[n - 1] == '.')
        n--;
    return n && when_epoch(str_to(s, n), ret) ? n : 0;
}

size_t recipe_time_read(struct str s, const struct recipe_time *t, struct when *ret,
                        const struct decode_job *j) {
    static size_t (*const readers[])(struct str, struct when *, const struct decode_job *) = {
        [TIME_ISO] = when_iso,     [TIME_BSD] = when_bsd,     [TIME_CLF] = when_clf,
        [TIME_SLASH] = when_slash, [TIME_CTIME] = when_ctime, [TIME_ANY] = when_any};
    if (t->format == TIME_CUSTOM)
        return read_custom(s, t->custom, t->zone_min, ret, j);
    if (t->format == TIME_EPOCH)
        return read_epoch(s, ret);
    size_t n = readers[t->format](s, ret, j);
    if (n)
        use_zone(ret, t->zone_min, j);
    return n;
}

/* The values of `from` joined by a space. */
static struct str joined(struct decode_job *j, const struct recipe_time *t, const struct recipe_values *v) {
    if (!recipe_has(v, t->from[0]))
        return STR_NULL;
    struct str s = v->at[t->from[0]];
    for (size_t i = 1; i < t->n_from; i++) {
        if (!recipe_has(v, t->from[i]) || s.n > 64 || v->at[t->from[i]].n > 64)
            return STR_NULL;
        s = arena_printf(j->ev->arena, "%.*s %.*s", STR_ARG(s), STR_ARG(v->at[t->from[i]]));
        if (!s.p)
            j->err = -ENOMEM;
    }
    return s;
}

void recipe_take_times(const struct recipe *r, struct decode_job *j, struct recipe_values *v) {
    for (size_t i = 0; i < r->n_times && v->when.t_ns == TIME_NONE; i++) {
        struct recipe_time t = r->times[i];
        struct when when = {.t_ns = TIME_NONE};
        size_t at = 0;
        struct str s = t.n_from ? joined(j, &t, v) : STR_NULL;
        if (!s.n)
            continue;
        if (t.zone_slot != UINT16_MAX && recipe_has(v, t.zone_slot)) {
            int z = zone(v->at[t.zone_slot], &at);
            t.zone_min = z != TIME_NO_OFFSET ? z : t.zone_min;
        }
        if (recipe_time_read(s, &t, &when, j) == s.n)
            v->when = when;
    }
    if (v->when.t_ns != TIME_NONE)
        j->when = v->when;
}
