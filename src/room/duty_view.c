/* See duty.h: what the pages are told. */
#include "room/duty.h"

#include "room/duty_priv.h"

static void write_day(const struct calendar *c, int32_t day, struct jsonw *w) {
    static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    const struct calendar_holiday *h = calendar_holiday_of(c, day);
    unsigned bits = calendar_day_bits(c, day);
    struct time_civil t;
    char date[16];
    time_to_civil(day * NS_PER_DAY, 0, &t);
    snprintf(date, sizeof date, "%04d-%02d-%02d", t.year, t.month, t.day);
    jsonw_object(w);
    jsonw_kz(w, "date", date);
    jsonw_kz(w, "weekday", weekdays[t.weekday]);
    jsonw_kbool(w, "off", (bits & DAY_OFF) != 0);
    jsonw_kbool(w, "year_end", (bits & DAY_YEAR_END) != 0);
    jsonw_kbool(w, "known", calendar_knows(c, day));
    jsonw_key(w, STR("holiday"));
    if (h) {
        jsonw_object(w);
        jsonw_kstr(w, "ja", h->ja);
        jsonw_kstr(w, "en", h->en);
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    jsonw_end(w);
}

static void write_calendar(const struct calendar *c, struct jsonw *w) {
    jsonw_key(w, STR("calendar"));
    jsonw_object(w);
    jsonw_kstr(w, "about", c->about);
    jsonw_ki64(w, "from_year", c->from_year);
    jsonw_ki64(w, "to_year", c->to_year);
    jsonw_end(w);
}

static void write_slot(const struct room_duty *d, const struct duty_slot *s, struct jsonw *w) {
    struct str phone = room_duty_phone(d, s->who.key);
    jsonw_object(w);
    jsonw_kstr(w, "name", s->who.text);
    jsonw_ki64(w, "order", s->order);
    jsonw_ktime(w, "from", s->from_ns);
    jsonw_ktime(w, "until", s->until_ns);
    jsonw_kbool(w, "substituted", s->substituted);
    jsonw_kbool(w, "doubled", s->doubled);
    jsonw_key(w, STR("phone"));
    phone.n ? jsonw_str(w, phone) : jsonw_null(w);
    jsonw_end(w);
}

static int write_gaps(struct arena *a, const struct room_duty *d, struct str key, int64_t from, int64_t until, struct jsonw *w, struct diag *err) {
    struct duty_gap *gaps = NULL;
    size_t n = 0;
    int e = duty_roster_gaps(a, &d->roster, key, from, until, &gaps, &n, err);
    jsonw_key(w, STR("gaps"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < n && i < 100; i++) {
        jsonw_object(w);
        jsonw_ktime(w, "from", gaps[i].from_ns);
        jsonw_ktime(w, "until", gaps[i].until_ns);
        jsonw_end(w);
    }
    jsonw_end(w);
    return e;
}

static void write_problems(const struct room_duty *d, struct jsonw *w) {
    jsonw_key(w, STR("problems"));
    jsonw_array(w);
    for (size_t i = 0; i < d->n_problems && i < 200; i++) {
        jsonw_object(w);
        jsonw_kz(w, "register", d->problems[i].kind);
        jsonw_ki64(w, "id", d->problems[i].id);
        jsonw_kstr(w, "name", d->problems[i].name);
        jsonw_kstr(w, "why", d->problems[i].why);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static int write_groups(struct room *r, const struct room_duty *d, int64_t from, int64_t until, bool now, struct jsonw *w, struct diag *err) {
    struct arena a;
    int e = 0;
    arena_init(&a, (size_t) 64 << 20);
    jsonw_key(w, STR("groups"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < d->n_groups; i++) {
        struct str key = room_duty_name(&a, d->groups[i]).key;
        struct duty_slot on[DUTY_ORDERS], *slots = on;
        size_t n = 0;
        jsonw_object(w);
        jsonw_kstr(w, "name", d->groups[i]);
        e = !key.p ? -ENOMEM
            : now  ? duty_roster_at(&a, &d->roster, key, room_now(r), ROOM_DUTY_WARN_DAYS * NS_PER_DAY, on, &n, err)
                   : duty_roster_slots(&a, &d->roster, key, from, until, &slots, &n, err);
        jsonw_key(w, now ? STR("on") : STR("slots"));
        jsonw_array(w);
        for (size_t k = 0; e == 0 && k < n; k++)
            write_slot(d, &slots[k], w);
        jsonw_end(w);
        if (e == 0)
            e = write_gaps(&a, d, key, from, until, w, err);
        jsonw_end(w);
        arena_reset(&a);
    }
    jsonw_end(w);
    arena_done(&a);
    return e;
}

int room_duty_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    const struct room_duty *d;
    int64_t now = room_now(r);
    int e = room_duty_get(r, &d, reterr);
    if (e < 0)
        return e;
    jsonw_object(w);
    jsonw_ktime(w, "at", now);
    write_calendar(r->calendar, w);
    jsonw_key(w, STR("today"));
    write_day(r->calendar, calendar_day_of(now), w);
    jsonw_ki64(w, "warn_days", ROOM_DUTY_WARN_DAYS);
    e = write_groups(r, d, now, now + ROOM_DUTY_WARN_DAYS * NS_PER_DAY, true, w, reterr);
    write_problems(d, w);
    jsonw_end(w);
    return e;
}

int room_duty_days_write(struct room *r, int64_t from_ns, int days, struct jsonw *w, struct diag *reterr) {
    const struct room_duty *d;
    int32_t first = calendar_day_of(from_ns);
    int64_t from = calendar_day_start(first), until = calendar_day_start(first + days);
    int e = room_duty_get(r, &d, reterr);
    if (e < 0)
        return e;
    jsonw_object(w);
    jsonw_ktime(w, "from", from);
    jsonw_ktime(w, "until", until);
    jsonw_ktime(w, "at", room_now(r));
    jsonw_key(w, STR("days"));
    jsonw_array(w);
    for (int i = 0; i < days; i++)
        write_day(r->calendar, first + i, w);
    jsonw_end(w);
    e = write_groups(r, d, from, until, false, w, reterr);
    write_problems(d, w);
    jsonw_end(w);
    return e;
}
