/* See fact_say.h. */
#include "room/fact_say.h"

#include "base/buf.h"
#include "base/era.h"
#include "base/limits.h"
#include "room/fact.h"

/* As exactly as it is known: 令和8年11月23日 2時6分, 2026年11月23日 2時頃. */
static struct str date_text(struct arena *a, const struct fact_style *f, struct str value, bool ja) {
    int64_t t, precision;
    struct time_civil c;
    char day[ERA_DATE_CAP], clock[40] = "";
    if (fact_time_parse(value, &t, &precision) < 0)
        return STR("");
    time_to_civil(t, TIME_JST_OFFSET_MIN, &c);
    bool about = precision && precision != 60 && precision != 3600 && precision != 86400;
    bool to_day = precision >= 86400 || f->date == FACT_WAREKI_DAY || f->date == FACT_JA_DAY, to_hour = precision >= 3600;
    if (f->date == FACT_ISO || !ja) {
        snprintf(day, sizeof day, "%04d-%02d-%02d", c.year, c.month, c.day);
        if (!to_day)
            snprintf(clock, sizeof clock, " %02d:%02d JST", c.hour, c.minute);
        return arena_printf(a, "%s%s%s", about && !ja ? "about " : "", day, clock);
    }
    if (f->date == FACT_WAREKI || f->date == FACT_WAREKI_DAY)
        (void) era_format_date(&c, day);
    else
        snprintf(day, sizeof day, "%d年%d月%d日", c.year, c.month, c.day);
    if (!to_day && to_hour)
        snprintf(clock, sizeof clock, " %d時", c.hour);
    else if (!to_day)
        snprintf(clock, sizeof clock, " %d時%d分", c.hour, c.minute);
    return arena_printf(a, "%s%s%s", day, clock, about || (to_hour && !to_day) ? "頃" : "");
}

static struct str choice_text(const struct fact_style *f, const struct fact_spec *s, struct str value, bool ja) {
    for (size_t i = 0; i < f->n_words; i++)
        if (str_eq(f->words[i].value, value))
            return f->words[i].text;
    for (size_t i = 0; i < s->n_choices; i++)
        if (str_eq(s->choices[i].value, value)) {
            const struct fact_words *w = &s->choices[i].title;
            return ja ? (w->ja.n ? w->ja : w->en) : w->en.n ? w->en : w->ja;
        }
    return value;
}

static struct str choices_text(struct arena *a, const struct fact_style *f, const struct fact_spec *s, struct str value, bool ja) {
    struct str piece, with = f->with.n ? f->with : ja ? STR("、") : STR(", ");
    struct buf b;
    buf_init(&b, 4 * FACT_VALUE_BYTES_MAX);
    while (str_split(&value, '\n', &piece)) {
        if (b.n)
            buf_add(&b, with);
        buf_add(&b, choice_text(f, s, piece, ja));
    }
    struct str done = buf_error(&b) ? STR_NULL : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return done;
}

struct str fact_say(struct arena *a, const struct fact_style *f, const struct fact_spec *s, struct str value, bool ja) {
    struct str unit = ja ? (s->unit.ja.n ? s->unit.ja : s->unit.en) : s->unit.en.n ? s->unit.en : s->unit.ja;
    if (!value.n)
        return value;
    if (s->kind == FACT_TIME)
        return date_text(a, f, value, ja);
    if (s->n_choices)
        return choices_text(a, f, s, value, ja);
    if (s->kind == FACT_NUMBER && unit.n)
        return arena_printf(a, "%.*s%s%.*s", STR_ARG(value), ja ? "" : " ", STR_ARG(unit));
    return value;
}
