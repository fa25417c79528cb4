/* What was told on the telephone, as it is typed in, into a question. */
#include "trace/trace.h"

#include "base/time_written.h"

#include <strings.h>

enum { ERROR_S_MAX = 3600 };

static int read_zone(struct str text, int *ret_min, struct diag *err) {
    int64_t t;
    char iso[64];
    int n = snprintf(iso, sizeof iso, "2000-01-01T00:00:00%.*s", STR_ARG(text));
    if (str_eq_icase(text, STR("jst")))
        *ret_min = TIME_JST_OFFSET_MIN;
    else if (str_eq_icase(text, STR("utc")) || str_eq_icase(text, STR("z")))
        *ret_min = 0;
    else if (n >= (int) sizeof iso || time_parse_iso(str_of(iso), &t, ret_min) != n || *ret_min == TIME_NO_OFFSET)
        return diag_set(err, -EINVAL, "'%.*s' is no zone; write jst, utc or an offset such as +09:00", STR_ARG(text));
    return 0;
}

static int read_when(const struct trace_words *t, int offset_min, struct trace_question *q, struct diag *err) {
    struct time_written w;
    struct arena arena;
    q->zone_min = offset_min;
    int r = t->zone.n ? read_zone(t->zone, &q->zone_min, err) : 0;
    if (r < 0)
        return r;
    arena_init(&arena, 1 << 20);
    r = time_read_written(&arena, t->time, q->now_ns, q->zone_min, &w, NULL, err);
    arena_done(&arena);
    if (r < 0)
        return r;
    q->zone_told = t->zone.n || !w.zone_assumed;
    q->width_ns = MAX(time_written_width_s(&w), 1) * NS_PER_S; /* 02:14:05 is all of that second */
    q->at_ns = w.about ? w.t_ns - q->width_ns / 2 : w.t_ns;
    if (w.precision == TIME_TO_DAY && !w.about)
        return diag_set(err, -EINVAL, "a time of the day is needed, not only the day");
    return 0;
}

static int read_port(struct str text, uint16_t *ret) {
    int64_t n = 0;
    if (str_to_i64(text, &n) < 0 || n < 1 || n > 65535)
        return -EINVAL;
    *ret = (uint16_t) n;
    return 0;
}

/* 198.51.100.1, 198.51.100.1:40001, 2001:db8::1, [2001:db8::1]:40001 */
static int read_endpoint(struct str s, struct ip *ip, uint16_t *port) {
    size_t colon = s.n;
    if (ip_parse(s, ip) == 0)
        return 0;
    while (colon && s.p[colon - 1] != ':')
        colon--;
    if (!colon || read_port(str_from(s, colon), port) < 0)
        return -EINVAL;
    s = str_to(s, colon - 1);
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = str_n(s.p + 1, s.n - 2);
    return ip_parse(s, ip);
}

int trace_question_read(const struct trace_words *t, int64_t now_ns, int offset_min, struct trace_question *ret, const char **ret_wrong,
                        struct diag *reterr) {
    struct trace_question q = {.now_ns = now_ns, .error_ns = t->error_s * NS_PER_S};
    *ret_wrong = "address";
    if (read_endpoint(t->address, &q.address, &q.port) < 0)
        return diag_set(reterr, -EINVAL, "'%.*s' is no address", STR_ARG(str_to(t->address, 100)));
    *ret_wrong = "port";
    if (t->port.n && read_port(t->port, &q.port) < 0)
        return diag_set(reterr, -EINVAL, "'%.*s' is no port; it is a number from 1 to 65535", STR_ARG(str_to(t->port, 100)));
    *ret_wrong = "destination";
    if (t->destination.n && read_endpoint(t->destination, &q.destination, &q.destination_port) < 0)
        return diag_set(reterr, -EINVAL, "'%.*s' is no address, with or without a port", STR_ARG(str_to(t->destination, 100)));
    *ret_wrong = "error_s";
    if (t->error_s < 0 || t->error_s > ERROR_S_MAX)
        return diag_set(reterr, -EINVAL, "a clock that is wrong by more than an hour says nothing");
    *ret_wrong = t->zone.n ? "zone" : "time";
    int r = read_when(t, offset_min, &q, reterr);
    if (r < 0)
        return r;
    *ret_wrong = NULL;
    *ret = q;
    return 0;
}
