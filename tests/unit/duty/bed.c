#include "bed.h"

#include "base/mem.h"

struct bed *bed_new(void) {
    struct bed *b = mem_zalloc(sizeof *b);
    struct diag d = {0};
    arena_init(&b->a, (size_t) 256 << 20);
    if (calendar_load(&b->a, "content/calendar", &b->c, &d) < 0)
        fail_msg("%s", d.text);
    return b;
}

void bed_free(struct bed *b) {
    arena_done(&b->a);
    mem_free(b);
}

struct duty_name bed_name(const char *z) {
    return (struct duty_name){str_of(z), str_of(z)};
}

int64_t bed_at(int year, int month, int day, int hour, int minute) {
    return time_days_from_civil(year, month, day) * NS_PER_DAY + (hour * 60 + minute - TIME_JST_OFFSET_MIN) * NS_PER_MIN;
}

struct period bed_when(struct bed *b, const char *days, const char *hours) {
    struct period w;
    struct diag d = {0};
    if (period_parse(&b->a, &b->c, str_of(days), str_of(hours), bed_at(2026, 11, 22, 9, 0), &w, &d) < 0)
        fail_msg("'%s' '%s': %s", days, hours, d.text);
    return w;
}
