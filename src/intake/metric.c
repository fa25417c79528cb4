/* See metric.h. An entry is one resource of one machine; a part is one value of it, known by the whole name it came under. The
 * parts of a measurement are added up as they come; a part that comes again begins the next one. */
#include "intake/metric.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/time.h"
#include "intake/metric_limit.h"

#include <math.h>

enum { CUT_MAX = 20, KEY_BYTES = 2048, LINE_BYTES = 16384, FROM_BYTES = 8192 };

struct entry {
    const struct metric_row *row; /* one of its rows: what it is */
    struct str host, resource;    /* own */
    struct entry *next;           /* of this message */
    double sums[METRIC_ROLE_MAX_];
    uint32_t counts[METRIC_ROLE_MAX_];
    uint32_t parts, known, cycle; /* come in this measurement; ever come */
    uint32_t cut;                 /* measurements in a row of which not all came */
    uint64_t message;
    int64_t time_ns;
    bool told;       /* this measurement */
    struct buf from; /* members of metric.from */
};
struct part {
    uint32_t cycle; /* of its entry, when it came last */
    double raw;
    bool known;
};

struct metric_gather {
    struct map entries, parts;
    struct metric_limits limits;
    enum metric_product product;
    bool whole;
    metric_line_fn *fn;
    void *ctx;
    struct entry *first;
    uint64_t message, passed;
    struct buf line;
};

struct metric_gather *metric_gather_new(const char *limits) {
    struct metric_gather *g = mem_zalloc(sizeof *g);
    if (!g)
        return NULL;
    metric_limits_init(&g->limits, limits);
    map_init(&g->entries, METRIC_ENTRIES_MAX, 0);
    map_init(&g->parts, METRIC_PARTS_MAX, 0);
    buf_init(&g->line, LINE_BYTES);
    return g;
}

struct metric_gather *metric_gather_free(struct metric_gather *g) {
    if (!g)
        return NULL;
    for (struct map_slot *s = NULL; (s = map_next(&g->entries, s));) {
        struct entry *e = s->value.ptr;
        if (!e)
            continue;
        buf_done(&e->from);
        mem_free(e);
    }
    for (struct map_slot *s = NULL; (s = map_next(&g->parts, s));)
        mem_free(s->value.ptr);
    metric_limits_done(&g->limits);
    map_done(&g->entries);
    map_done(&g->parts);
    buf_done(&g->line);
    mem_free(g);
    return NULL;
}

uint64_t metric_passed_over(const struct metric_gather *g) {
    return g->passed;
}

struct str metric_label_of(const struct metric_sample *s, const char *key) {
    for (uint32_t i = 0; i < s->n_labels; i++)
        if (str_eq_z(s->labels[i].key, key))
            return s->labels[i].value;
    return STR_NULL;
}

static const struct metric_row *row_of(const struct metric_gather *g, const struct metric_sample *s) {
    for (size_t i = 0; i < METRIC_ROWS_N; i++) {
        const struct metric_row *r = &METRIC_ROWS[i];
        if (r->product != g->product || !str_eq_z(s->name, r->name))
            continue;
        if (!r->state_key)
            return r;
        struct str state = metric_label_of(s, r->state_key);
        if (r->state ? str_eq_z(state, r->state) : state.p != NULL)
            return r;
    }
    return NULL;
}

/* ---- lines ---- */

static void begin_line(struct metric_gather *g, struct jsonw *w, struct str host, int64_t time_ns) {
    buf_clear(&g->line);
    jsonw_init(w, &g->line);
    jsonw_object(w);
    if (time_ns != TIME_NONE)
        jsonw_ktime(w, "@timestamp", time_ns);
    jsonw_kz(w, "event.kind", "metric");
    jsonw_kz(w, "event.module", METRIC_PRODUCTS[g->product]);
    if (host.n)
        jsonw_kstr(w, "host.name", host);
}

static int end_line(struct metric_gather *g, struct jsonw *w, struct str host) {
    jsonw_end(w);
    if (buf_error(&g->line)) {
        g->passed++;
        return 0;
    }
    return g->fn(g->ctx, host, buf_str(&g->line));
}

/* Bytes and counts are read by people and searched for: whole numbers stand as such. */
static void put_number(struct jsonw *w, const char *key, double v) {
    v = round(v * 10000) / 10000;
    if (key)
        jsonw_key(w, str_of(key));
    if (fabs(v) < 1e15 && v == trunc(v))
        jsonw_i64(w, (int64_t) v);
    else
        jsonw_double(w, v);
}

/* What the parts say together; false: they do not say enough. */
static bool work_out(const struct entry *e, double *value, double *limit) {
    const double *s = e->sums;
    const uint32_t *n = e->counts;
    *value = *limit = NAN;
    if (n[METRIC_SHARE] || n[METRIC_PERCENT]) {
        *value = n[METRIC_SHARE] ? s[METRIC_SHARE] * 100 : s[METRIC_PERCENT];
        if (e->row->mean)
            *value /= n[METRIC_SHARE] ? n[METRIC_SHARE] : n[METRIC_PERCENT];
        *limit = 100;
        return true;
    }
    if (n[METRIC_LIMIT])
        *limit = s[METRIC_LIMIT];
    else if (n[METRIC_USED] && n[METRIC_FREE])
        *limit = s[METRIC_USED] + s[METRIC_FREE];
    if (n[METRIC_USED])
        *value = s[METRIC_USED];
    else if (n[METRIC_FREE] && n[METRIC_LIMIT])
        *value = *limit - s[METRIC_FREE];
    return !isnan(*value) && !(*limit <= 0); /* a file system of no size, a swap that is not there */
}

/* The limit of the product, or of design where that is lower or the only one. */
static void put_limit(struct metric_gather *g, struct jsonw *w, struct str host, struct str metric, struct str resource, double value, double limit) {
    double design;
    bool designed = metric_limit_find(&g->limits, host, metric, resource, &design) && !(limit <= design);
    if (designed) {
        limit = design;
        jsonw_kbool(w, "metric.designed", true);
    }
    if (isnan(limit) || !(limit > 0))
        return;
    put_number(w, "metric.limit", limit);
    put_number(w, "metric.used", value / limit);
}

static int tell(struct metric_gather *g, struct entry *e) {
    double value, limit;
    struct jsonw w;
    if (e->told || !work_out(e, &value, &limit))
        return 0;
    e->told = true;
    begin_line(g, &w, e->host, e->time_ns);
    jsonw_kz(&w, "metric.name", e->row->what);
    jsonw_kstr(&w, "metric.resource", e->resource.n ? e->resource : str_of(e->row->what));
    jsonw_kz(&w, "metric.unit", e->row->unit);
    put_number(&w, "metric.value", value);
    put_limit(g, &w, e->host, str_of(e->row->what), e->resource.n ? e->resource : str_of(e->row->what), value, limit);
    if (!buf_error(&e->from)) {
        jsonw_key(&w, STR("metric.from"));
        buf_add_byte(&e->from, '}');
        if (!buf_error(&e->from))
            jsonw_raw(&w, buf_str(&e->from));
        else
            jsonw_null(&w);
    }
    return end_line(g, &w, e->host);
}

/* What no row names: as it came. */
static int tell_plain(struct metric_gather *g, const struct metric_sample *s) {
    struct jsonw w;
    begin_line(g, &w, s->host, s->time_ns);
    jsonw_kstr(&w, "metric.name", s->name);
    struct buf resource;
    buf_init(&resource, KEY_BYTES);
    if (!s->n_labels)
        buf_add(&resource, s->name);
    for (uint32_t i = 0; i < s->n_labels; i++) {
        buf_add_z(&resource, i ? "," : "");
        buf_add(&resource, s->labels[i].key);
        buf_add_byte(&resource, '=');
        buf_add(&resource, s->labels[i].value);
    }
    if (!buf_error(&resource))
        jsonw_kstr(&w, "metric.resource", buf_str(&resource));
    if (s->unit.n)
        jsonw_kstr(&w, "metric.unit", s->unit);
    put_number(&w, "metric.value", s->value);
    put_limit(g, &w, s->host, s->name, buf_str(&resource), s->value, NAN);
    buf_done(&resource);
    if (s->counter)
        jsonw_kbool(&w, "metric.counter", true);
    return end_line(g, &w, s->host);
}

/* ---- gathering ---- */

static bool key_add(struct buf *b, struct str s) {
    buf_add(b, s);
    buf_add_byte(b, 0);
    return !buf_error(b);
}

static struct entry *entry_new(const struct metric_row *row, struct str host, struct str resource) {
    struct entry *e = mem_zalloc(sizeof *e + host.n + resource.n);
    if (!e)
        return NULL;
    char *at = (char *) (e + 1);
    if (host.n)
        memcpy(at, host.p, host.n);
    if (resource.n)
        memcpy(at + host.n, resource.p, resource.n);
    e->row = row;
    e->host = str_n(at, host.n);
    e->resource = str_n(at + host.n, resource.n);
    e->time_ns = TIME_NONE;
    buf_init(&e->from, FROM_BYTES);
    return e;
}

/* Finds or makes; NULL with *ret_code 0: there are too many. */
static struct entry *entry_of(struct metric_gather *g, const struct metric_row *row, const struct metric_sample *s, int *ret_code) {
    struct str resource = row->by ? metric_label_of(s, row->by) : STR_NULL;
    union map_value *v;
    bool fresh;
    struct buf key;
    buf_init(&key, KEY_BYTES);
    buf_printf(&key, "%d", (int) g->product);
    *ret_code = 0;
    if (!key_add(&key, str_of(row->what)) || !key_add(&key, s->host) || !key_add(&key, resource))
        return buf_done(&key), NULL;
    int r = map_add(&g->entries, buf_str(&key), &v, &fresh);
    buf_done(&key);
    if (r == 0 && fresh && !(v->ptr = entry_new(row, s->host, resource)))
        r = -ENOMEM;
    *ret_code = r == -ENOMEM ? r : 0;
    return r == 0 ? v->ptr : NULL;
}

static struct part *part_of(struct metric_gather *g, const struct entry *e, const struct metric_sample *s, int *ret_code) {
    union map_value *v;
    bool fresh, fits;
    struct buf key;
    buf_init(&key, KEY_BYTES);
    buf_printf(&key, "%p", (const void *) e);
    fits = key_add(&key, s->name);
    for (uint32_t i = 0; fits && i < s->n_labels; i++)
        fits = key_add(&key, s->labels[i].key) && key_add(&key, s->labels[i].value);
    int r = fits ? map_add(&g->parts, buf_str(&key), &v, &fresh) : -ERR_LIMIT;
    buf_done(&key);
    if (r == 0 && fresh && !(v->ptr = mem_zalloc(sizeof(struct part))))
        r = -ENOMEM;
    *ret_code = r == -ENOMEM ? r : 0;
    return r == 0 ? v->ptr : NULL;
}

static void next_cycle(struct entry *e) {
    e->cut = e->parts < e->known ? e->cut + 1 : 0;
    if (e->cut == CUT_MAX) { /* what is gone (a processor) is waited for no longer */
        e->known = e->parts;
        e->cut = 0;
    }
    e->parts = 0;
    e->told = false;
    e->cycle++;
    memset(e->sums, 0, sizeof e->sums);
    memset(e->counts, 0, sizeof e->counts);
    buf_clear(&e->from);
    buf_add_byte(&e->from, '{');
}

/* The value as the product sent it, under the name it sent it by. */
static void note_from(struct entry *e, const struct metric_sample *s) {
    struct buf name;
    struct jsonw w;
    buf_init(&name, KEY_BYTES);
    buf_add(&name, s->name);
    for (uint32_t i = 0; i < s->n_labels; i++) {
        buf_add_z(&name, i ? "," : "{");
        buf_add(&name, s->labels[i].key);
        buf_add_byte(&name, '=');
        buf_add(&name, s->labels[i].value);
    }
    if (s->n_labels)
        buf_add_byte(&name, '}');
    if (e->from.n > 1)
        buf_add_byte(&e->from, ',');
    jsonw_init(&w, &e->from);
    jsonw_str(&w, buf_str(&name));
    buf_add_byte(&e->from, ':');
    jsonw_init(&w, &e->from);
    put_number(&w, NULL, s->value);
    buf_done(&name);
}

static int take(struct metric_gather *g, const struct metric_row *row, const struct metric_sample *s) {
    int r = 0;
    struct entry *e = entry_of(g, row, s, &r);
    struct part *p = e ? part_of(g, e, s, &r) : NULL;
    if (!p) {
        g->passed += r == 0;
        return r;
    }
    if (e->cycle == 0 || p->cycle == e->cycle || (g->whole && e->message != g->message))
        next_cycle(e);
    if (e->message != g->message) {
        e->next = g->first;
        g->first = e;
        e->message = g->message;
    }
    bool known = p->known;
    e->known += !known;
    double v = row->counter ? s->value - p->raw : s->value;
    p->cycle = e->cycle;
    p->raw = s->value;
    p->known = true;
    e->time_ns = s->time_ns;
    e->parts++;
    note_from(e, s);
    if ((!row->counter || (known && v >= 0)) && isfinite(v)) {
        e->sums[row->role] += v;
        e->counts[row->role]++;
    }
    return !g->whole && e->cycle > 1 && e->parts >= e->known ? tell(g, e) : 0;
}

/* Images that are always full, and what lies over another file system. */
static bool is_empty_news(const struct metric_sample *s) {
    static const char *const kinds[] = {"squashfs", "iso9660", "erofs", "udf", "overlay", "ramfs", "autofs", "nsfs", "proc"};
    struct str kind = metric_label_of(s, "fstype");
    if (!kind.p)
        kind = metric_label_of(s, "type");
    for (size_t i = 0; kind.n && i < ARRAY_SIZE(kinds); i++)
        if (str_eq_z(kind, kinds[i]))
            return true;
    return false;
}

void metric_begin(struct metric_gather *g, enum metric_product product, bool whole, metric_line_fn *fn, void *ctx) {
    g->product = product;
    g->whole = whole;
    g->fn = fn;
    g->ctx = ctx;
    g->first = NULL;
    g->message++;
}

int metric_add(struct metric_gather *g, const struct metric_sample *s) {
    const struct metric_row *row = isfinite(s->value) ? row_of(g, s) : NULL;
    if (!isfinite(s->value) || (row && !row->what) || is_empty_news(s))
        return 0;
    if (row)
        return take(g, row, s);
    if (!g->whole || g->product == METRIC_OTLP)
        return tell_plain(g, s);
    g->passed++;
    return 0;
}

int metric_end(struct metric_gather *g) {
    int r = 0;
    for (struct entry *e = g->first; e && r >= 0 && g->whole; e = e->next)
        r = tell(g, e);
    g->first = NULL;
    return r;
}
