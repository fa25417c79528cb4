/* Lines of text: StatsD's datagrams (github.com/statsd/statsd, docs/metric_types.md; tags as DogStatsD writes them) and the page of a
 * Prometheus exporter (prometheus.io, "Exposition formats", text version 0.0.4). */
#include "intake/metric.h"

#include "base/mem.h"
#include "base/time.h"

enum { TEXT_BYTES = 1024 };

/* ---- StatsD ---- */

/* name:value|type|@rate|#key:value,key:value. Timings, sets and distributions are kept as they come; nothing is summed up here. */
static int statsd_line(struct metric_gather *g, struct str line, struct str host) {
    struct metric_sample s = {.host = host, .time_ns = TIME_NONE};
    struct str rest = line, head, type, more, value;
    if (!str_split(&rest, '|', &head) || !str_split(&rest, '|', &type))
        return -ERR_PARSE;
    ptrdiff_t colon = str_find_byte(head, ':', 0);
    if (colon <= 0 || colon > TEXT_BYTES)
        return -ERR_PARSE;
    s.name = str_to(head, (size_t) colon);
    struct str values = str_from(head, (size_t) colon + 1);
    while (str_split(&rest, '|', &more)) {
        struct str tag;
        if (!str_starts(more, STR("#")))
            continue;
        more = str_from(more, 1);
        while (s.n_labels < METRIC_LABELS_MAX && str_split(&more, ',', &tag)) {
            ptrdiff_t at = str_find_byte(tag, ':', 0);
            struct str key = at > 0 ? str_to(tag, (size_t) at) : tag, v = at > 0 ? str_from(tag, (size_t) at + 1) : STR("true");
            if (str_eq_z(key, "host"))
                s.host = v;
            else if (key.n)
                s.labels[s.n_labels++] = (struct metric_label){key, v};
        }
    }
    static const struct { const char *type, *unit; } units[] = {{"g", ""}, {"c", "count"}, {"ms", "ms"}, {"h", ""}, {"d", ""}};
    size_t i = 0;
    while (i < ARRAY_SIZE(units) && !str_eq_z(type, units[i].type))
        i++;
    if (i == ARRAY_SIZE(units)) /* a set's members are no numbers */
        return str_eq_z(type, "s") ? 0 : -ERR_PARSE;
    s.unit = str_of(units[i].unit);
    int r = 0;
    while (r >= 0 && str_split(&values, ':', &value)) {
        if (i == 0 && value.n && (value.p[0] == '+' || value.p[0] == '-'))
            continue; /* a step of a gauge: from where is not known here */
        if (str_to_double(value, &s.value) < 0)
            return -ERR_PARSE;
        r = metric_add(g, &s);
    }
    return r;
}

int metric_statsd(struct metric_gather *g, struct str packet, struct str host, metric_line_fn *fn, void *ctx, struct diag *reterr) {
    struct str line;
    int r = 0, bad = 0;
    metric_begin(g, METRIC_STATSD, false, fn, ctx);
    while (r >= 0 && str_split(&packet, '\n', &line)) {
        line.n -= line.n && line.p[line.n - 1] == '\r';
        r = line.n ? statsd_line(g, line, host) : 0;
        if (r == -ERR_PARSE)
            bad = r, r = 0;
    }
    if (r < 0 || (r = metric_end(g)) < 0)
        return r;
    return bad ? diag_set(reterr, bad, "a line that is not name:value|type") : 0;
}

/* ---- Prometheus ---- */


static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
}

static struct str eat_name(struct str *s) {
    size_t n = 0;
    while (n < s->n && is_name(s->p[n]))
        n++;
    struct str out = str_to(*s, n);
    *s = str_from(*s, n);
    return out;
}

static void eat_space(struct str *s) {
    while (s->n && (s->p[0] == ' ' || s->p[0] == '\t'))
        *s = str_from(*s, 1);
}

static bool eat(struct str *s, char c) {
    eat_space(s);
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

/* "…" with \\, \" and \n; room: where a text with escapes goes. */
static bool eat_quoted(struct str *s, char *room, size_t *used, size_t cap, struct str *ret) {
    if (!eat(s, '"'))
        return false;
    size_t from = *used;
    while (s->n && s->p[0] != '"') {
        char c = s->p[0];
        if (c == '\\' && s->n > 1) {
            *s = str_from(*s, 1);
            c = s->p[0] == 'n' ? '\n' : s->p[0];
        }
        if (*used == cap)
            return false;
        room[(*used)++] = c;
        *s = str_from(*s, 1);
    }
    *ret = str_n(room + from, *used - from);
    return eat(s, '"');
}

static bool eat_labels(struct str *s, struct metric_sample *m, char *room, size_t cap) {
    size_t used = 0;
    if (!eat(s, '{'))
        return true;
    while (!eat(s, '}')) {
        struct metric_label l;
        eat_space(s);
        l.key = eat_name(s);
        if (!l.key.n || !eat(s, '=') || !eat_quoted(s, room, &used, cap, &l.value))
            return false;
        if (m->n_labels < METRIC_LABELS_MAX)
            m->labels[m->n_labels++] = l;
        if (!eat(s, ',') && !(s->n && s->p[0] == '}'))
            return false;
    }
    return true;
}

static int prometheus_line(struct metric_gather *g, struct str line, struct str host) {
    char room[4 * TEXT_BYTES];
    struct metric_sample m = {.host = host, .time_ns = TIME_NONE};
    struct str value, time;
    eat_space(&line);
    if (!line.n || line.p[0] == '#')
        return 0;
    m.name = eat_name(&line);
    if (!m.name.n || !eat_labels(&line, &m, room, sizeof room))
        return -ERR_PARSE;
    eat_space(&line);
    if (!str_split(&line, ' ', &value))
        return -ERR_PARSE;
    if (str_to_double(value, &m.value) < 0)
        return str_eq_z(value, "NaN") || str_eq_z(value, "+Inf") || str_eq_z(value, "-Inf") ? 0 : -ERR_PARSE;
    int64_t ms;
    if (str_split(&line, ' ', &time) && time.n && str_to_i64(time, &ms) == 0 && ms > 0 && ms < INT64_MAX / 1000000)
        m.time_ns = ms * 1000000;
    return metric_add(g, &m);
}

int metric_prometheus(struct metric_gather *g, struct str page, struct str host, metric_line_fn *fn, void *ctx, struct diag *reterr) {
    struct str line;
    uint64_t number = 0;
    int r = 0;
    metric_begin(g, METRIC_PROMETHEUS, true, fn, ctx);
    while (r >= 0 && str_split(&page, '\n', &line)) {
        number++;
        line.n -= line.n && line.p[line.n - 1] == '\r';
        r = prometheus_line(g, line, host);
    }
    if (r == -ERR_PARSE)
        return diag_set(reterr, r, "line %llu is not of the text format of Prometheus", (unsigned long long) number);
    return r < 0 ? r : metric_end(g);
}
