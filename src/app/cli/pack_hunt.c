/* What was published elsewhere, looked for in all a replay left: the same search `kizuki search --indicators` makes, with the time it took. */
#include "app/cli/pack_hunt.h"

#include "app/engine/engine.h"
#include "app/search/scan.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/text.h"
#include "decode/decode.h"
#include "indicator/read.h"
#include "indicator/set.h"

#include <limits.h>

enum { HUNT_HOSTS_MAX = 65536, HUNT_TEXT_MAX = 65536 };
struct hunting {
    struct pack_played_hunt *to;
    struct map hosts;
};

static struct str field(const struct event *ev, const char *name) {
    uint32_t id = event_names_find(ev->names, str_of(name));
    return id ? event_get(ev, id) : STR_NULL;
}

static int found(void *ctx, struct search *s, const struct raw_record *rec, int64_t time_ns) {
    struct hunting *h = ctx;
    const struct event *ev;
    union map_value *value;
    bool fresh = false;
    int r = search_event(s, rec, &ev);
    if (r < 0)
        return r;
    struct str host = field(ev, "source.ip");
    if (host.n && (r = map_add(&h->hosts, host, &value, &fresh)) < 0)
        return r;
    h->to->hosts += fresh;
    h->to->hits++;
    if (h->to->first_ns == TIME_NONE || time_ns < h->to->first_ns)
        h->to->first_ns = time_ns;
    return 0;
}

/* The values of a row, as a list somebody would publish them: one a line. */
static int read_set(const struct yaml_node *row, struct indicator_set **ret, struct diag *err) {
    struct indicator_reading how = {.format = -1, .tlp = -1, .confidence = -1, .valid_until_ns = TIME_NONE, .name = STR("expect.yml")};
    const struct yaml_node *values = yaml_get(row, "indicators");
    struct indicator_list list;
    enum indicator_format format;
    struct buf text;
    buf_init(&text, HUNT_TEXT_MAX);
    indicator_list_init(&list);
    for (const struct yaml_node *v = values ? values->first : NULL; v; v = v->next)
        buf_printf(&text, "%.*s\n", STR_ARG(v->text));
    int r = buf_error(&text) < 0 ? diag_set(err, buf_error(&text), "expect.yml names too many indicators")
                                 : indicator_read(&how, buf_str(&text), &list, &format, err);
    if (r == 0 && values && list.n != values->n)
        r = yaml_error(err, -ERR_PARSE, "expect.yml", values, "%zu of these %u are indicators that can be looked for; write addresses, names, URLs or hashes", list.n,
                       (unsigned) values->n);
    if (r == 0 && (r = indicator_set_of_list(&list, ret)) < 0)
        diag_set(err, r, "out of memory");
    indicator_list_done(&list);
    buf_done(&text);
    return r;
}

static int hunt(const struct yaml_node *row, const char *data, struct decode_set *decoders, struct pack_played_hunt *ret, struct diag *err) {
    CLEANUP(indicator_set_unrefp) struct indicator_set *set = NULL;
    CLEANUP(scan_freep) struct scan *scan = NULL;
    struct hunting h = {.to = ret};
    char spool[PATH_MAX];
    int64_t began_ns = time_monotonic_ns();
    snprintf(spool, sizeof spool, "%.4000s/spool", data);
    *ret = (struct pack_played_hunt){.first_ns = TIME_NONE};
    int r = read_set(row, &set, err);
    struct scan_options o = {.spool_dir = spool, .indicators = set, .query = STR(""), .from_ns = TIME_NONE, .to_ns = TIME_NONE, .decoders = decoders};
    map_init(&h.hosts, HUNT_HOSTS_MAX, 0);
    if (r == 0)
        r = scan_new(&o, &scan, err);
    while (r == 0 && (r = scan_step(scan, found, &h, err)) == 1)
        r = 0;
    if (r == 0) {
        ret->records = (int64_t) scan_progress(scan)->records;
        ret->took_ns = time_monotonic_ns() - began_ns;
    }
    map_done(&h.hosts);
    return r;
}

static int one_more(void *ctx, struct search *s UNUSED, const struct raw_record *rec UNUSED, int64_t time_ns UNUSED) {
    ++*(int64_t *) ctx;
    return 0;
}

/* As the page of searches asks it, without filters: what was just played has none yet. */
static int count(const struct yaml_node *row, const char *data, struct decode_set *decoders, struct pack_played_count *ret, struct diag *err) {
    CLEANUP(scan_freep) struct scan *scan = NULL;
    char spool[PATH_MAX];
    int64_t began_ns = time_monotonic_ns();
    struct str query = STR_NULL;
    snprintf(spool, sizeof spool, "%.4000s/spool", data);
    if (!yaml_get_str(row, "query", &query))
        return yaml_error(err, -ERR_PARSE, "expect.yml", row, "'query' is missing: what is counted");
    struct scan_options o = {.spool_dir = spool, .query = query, .from_ns = TIME_NONE, .to_ns = TIME_NONE, .decoders = decoders};
    int r = scan_new(&o, &scan, err);
    while (r == 0 && (r = scan_step(scan, one_more, &ret->n, err)) == 1)
        r = 0;
    ret->took_ns = time_monotonic_ns() - began_ns;
    return r;
}

int pack_count_all(struct arena *a, const struct yaml_node *expect, const char *data, struct pack_played *p, struct diag *reterr) {
    const struct yaml_node *rows = yaml_get(expect, "counted");
    struct decode_set *decoders = NULL;
    struct pack_played_count *list = rows ? arena_zalloc(a, rows->n * sizeof *list) : NULL;
    int r = !rows ? 0 : list ? engine_decoders(NULL, 0, &decoders, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    for (const struct yaml_node *row = rows && r == 0 ? rows->first : NULL; row && r == 0; row = row->next)
        r = count(row, data, decoders, &list[p->n_counts++], reterr);
    p->counts = list;
    decode_set_unref(decoders);
    return r;
}

int pack_hunt_all(struct arena *a, const struct yaml_node *expect, const char *data, struct pack_played *p, struct diag *reterr) {
    const struct yaml_node *rows = yaml_get(expect, "hunted");
    struct decode_set *decoders = NULL;
    struct pack_played_hunt *list = rows ? arena_zalloc(a, rows->n * sizeof *list) : NULL;
    int r = !rows ? 0 : list ? engine_decoders(NULL, 0, &decoders, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    for (const struct yaml_node *row = rows && r == 0 ? rows->first : NULL; row && r == 0; row = row->next)
        r = hunt(row, data, decoders, &list[p->n_hunts++], reterr);
    p->hunts = list;
    decode_set_unref(decoders);
    return r;
}
