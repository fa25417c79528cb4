#include "base/holidays.h"

#include "base/json.h"

/* "2026-11-23" */
static uint32_t day_of(struct str s) {
    uint64_t y, m, d;
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || str_to_u64(str_n(s.p, 4), &y) < 0 || str_to_u64(str_n(s.p + 5, 2), &m) < 0 ||
        str_to_u64(str_n(s.p + 8, 2), &d) < 0 || m < 1 || m > 12 || d < 1 || d > 31)
        return 0;
    return (uint32_t) (y * 10000 + m * 100 + d);
}

int holidays_parse(struct arena *a, struct str json, struct holidays *ret, struct diag *reterr) {
    struct json_value *root;
    int64_t from, to;
    int r = json_parse(a, json, &root, reterr);
    if (r < 0)
        return r;
    const struct json_value *list = json_get_object(root, "days");
    if (!list || list->n > HOLIDAYS_MAX || !json_get_i64(root, "from", &from) || !json_get_i64(root, "to", &to) || from < 1900 || to > 9999 || from > to)
        return diag_set(reterr, -ERR_PARSE, "a calendar has from, to and at most %d days", HOLIDAYS_MAX);
    uint32_t *days = arena_alloc(a, MAX(list->n, (size_t) 1) * sizeof *days);
    struct str *names = arena_zalloc(a, MAX(list->n, (size_t) 1) * sizeof *names);
    if (!days || !names)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    *ret = (struct holidays){.from = (int) from, .to = (int) to, .days = days, .names = names};
    for (const struct json_value *v = list->first; v; v = v->next) {
        uint32_t day = day_of(v->key);
        if (!day || v->type != JSON_STRING || (ret->n && day <= days[ret->n - 1]))
            return diag_set(reterr, -ERR_PARSE, "'%.*s' is no day, or stands in the wrong order", (int) MIN(v->key.n, 40u), v->key.p);
        names[ret->n] = v->text;
        days[ret->n++] = day;
    }
    return 0;
}

struct str holidays_name(const struct holidays *h, int year, int month, int day) {
    uint32_t wanted = (uint32_t) (year * 10000 + month * 100 + day);
    size_t from = 0, to = h->n;
    while (from < to) {
        size_t mid = (from + to) / 2;
        if (h->days[mid] < wanted)
            from = mid + 1;
        else
            to = mid;
    }
    return from < h->n && h->days[from] == wanted ? h->names[from] : STR_NULL;
}

bool holidays_has(const struct holidays *h, int year, int month, int day) {
    return holidays_name(h, year, month, day).p != NULL;
}

bool holidays_is(const void *ctx, int year, int month, int day) {
    return ctx && holidays_has(ctx, year, month, day);
}
