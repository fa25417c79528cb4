#include "app/room/calendar.h"

#include "app/content/content.h"
#include "base/file.h"

#include <limits.h>

#define CALENDAR_BYTES_MAX (1 << 20) /* sixteen years of holidays have 10 KB */

static int read_one(struct calendar *x, const char *name, struct str *ret, struct diag *err) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/calendar/%s", content_dir(), name);
    return file_read(&x->arena, path, CALENDAR_BYTES_MAX, ret, err);
}

int calendar_load(struct calendar *x, struct diag *reterr) {
    struct str days, hours;
    arena_init(&x->arena, 8 << 20);
    int e = read_one(x, "holidays-jp.json", &days, reterr);
    if (e == 0)
        e = read_one(x, "hours.json", &hours, reterr);
    return e == 0 ? duty_calendar_parse(&x->arena, days, hours, &x->duty, reterr) : e;
}

void calendar_done(struct calendar *x) {
    arena_done(&x->arena);
}
