/* See job.h. */
#include "app/search/job.h"

#include "app/search/keep.h"
#include "app/search/rows.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "detect/search_rule.h"

#include <stdlib.h>

enum {
    NEWEST = 100,            /* events told */
    CSV_BYTES = 300000,      /* of one answer: quoted it is twice as much at most, and one line more */
    BARS = 60,               /* of the histogram */
    VALUES_MAX = 5000,       /* distinct values counted in one field; the rest is counted together */
    VALUES_TOLD = 6,
    COUNTED_MAX = 200000,    /* events whose values are counted: each is decoded whole */
    VALUE_BYTES_TOLD = 200,
};
#define KEPT_BYTES_MAX ((size_t) 16 << 20) /* of one search's events: ten thousand lines of 1.6 KB */
#define BAR_MAX_NS (1024 * NS_PER_DAY) /* sixty of them are 168 years */
enum job_state { JOB_RUNNING, JOB_DONE, JOB_STOPPED, JOB_FAILED };
static const char *const state_names[] = {"running", "done", "stopped", "failed"};

static const enum event_field_id facet_fields[] = {EVENT_F_EVENT_OUTCOME, EVENT_F_SOURCE_IP,  EVENT_F_USER_NAME,
                                                   EVENT_F_HOST_NAME,     EVENT_F_EVENT_ACTION, EVENT_F_SERVICE_NAME};
static const enum event_field_id row_fields[] = {EVENT_F_EVENT_OUTCOME, EVENT_F_EVENT_ACTION, EVENT_F_SOURCE_IP, EVENT_F_USER_NAME,
                                                 EVENT_F_HOST_NAME,     EVENT_F_SERVICE_NAME, EVENT_F_URL_PATH,  EVENT_F_MESSAGE};
struct facet {
    struct map values;
    uint64_t others;
};
struct job {
    enum job_state state;
    struct scan *scan;
    char *query, *spool_dir, *filter_dir, *copy;
    int64_t from_ns, to_ns, begun_ns, ended_ns;
    int64_t bar_from_ns, bar_ns, first_ns, last_ns;
    bool bars_fixed; /* both ends were asked for */
    uint64_t bars[BARS], counted;
    struct facet facets[ARRAY_SIZE(facet_fields)];
    struct search_keep newest;
    struct diag why;
};

struct job *job_free(struct job *j) {
    if (!j)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(j->facets); i++)
        map_done(&j->facets[i].values);
    search_keep_done(&j->newest);
    scan_free(j->scan);
    mem_free(j->query);
    mem_free(j->spool_dir);
    mem_free(j->filter_dir);
    mem_free(j->copy);
    mem_free(j);
    return NULL;
}

/* Times the histogram spans: those asked for, else from the oldest segment to now until something is found. Logs that
 * were read back are older than any segment, a clock may be ahead: then the bars follow what is found. */
static void place_bars(struct job *j) {
    int64_t now = time_now_ns(), begins = scan_progress(j->scan)->begins_ns;
    int64_t from = j->from_ns != TIME_NONE ? j->from_ns : begins, to = j->to_ns != TIME_NONE ? MIN(j->to_ns, MAX(now, from)) : now;
    j->bar_from_ns = from;
    j->bar_ns = MAX((to - from + BARS - 1) / BARS, NS_PER_S);
    j->bars_fixed = j->from_ns != TIME_NONE && j->to_ns != TIME_NONE;
}

static bool bar_of(const struct job *j, int64_t t, size_t *ret) {
    if (t < j->bar_from_ns)
        return false;
    *ret = (size_t) (((uint64_t) t - (uint64_t) j->bar_from_ns) / (uint64_t) j->bar_ns);
    return *ret < BARS;
}

/* Twice the time in as many bars, towards t. */
static void widen_bars(struct job *j, int64_t t) {
    uint64_t merged[BARS / 2];
    bool back = t < j->bar_from_ns;
    for (size_t i = 0; i < BARS / 2; i++)
        merged[i] = j->bars[2 * i] + j->bars[2 * i + 1];
    memset(j->bars, 0, sizeof j->bars);
    memcpy(j->bars + (back ? BARS / 2 : 0), merged, sizeof merged);
    if (back)
        j->bar_from_ns -= BARS * j->bar_ns;
    j->bar_ns *= 2;
}

static void count_bar(struct job *j, int64_t t) {
    size_t i;
    if (!j->bars_fixed && j->first_ns == TIME_NONE) { /* the first one found */
        j->bar_from_ns = t - t % NS_PER_S;
        j->bar_ns = NS_PER_S;
    }
    while (!bar_of(j, t, &i) && !j->bars_fixed && j->bar_ns < BAR_MAX_NS && j->bar_from_ns > INT64_MIN + BARS * BAR_MAX_NS)
        widen_bars(j, t);
    if (bar_of(j, t, &i))
        j->bars[i]++;
}

int job_new(const struct scan_options *o, struct job **ret, struct diag *reterr) {
    struct job *j = mem_zalloc(sizeof *j);
    struct scan_options own = *o;
    if (!j)
        return diag_set(reterr, -ENOMEM, "out of memory");
    j->query = str_dup(o->query);
    j->spool_dir = str_dup(str_of(o->spool_dir));
    j->filter_dir = str_dup(str_of(o->filter_dir));
    j->copy = str_dup(o->copy);
    j->from_ns = o->from_ns;
    j->to_ns = o->to_ns;
    j->first_ns = j->last_ns = TIME_NONE;
    j->begun_ns = time_monotonic_ns();
    for (size_t i = 0; i < ARRAY_SIZE(j->facets); i++)
        map_init(&j->facets[i].values, VALUES_MAX, 0);
    search_keep_init(&j->newest, JOB_ROWS_MAX);
    j->newest.bytes_max = KEPT_BYTES_MAX;
    j->newest.by_time = true;
    int r = j->query && j->spool_dir && j->filter_dir && j->copy ? 0 : diag_set(reterr, -ENOMEM, "out of memory");
    own.query = str_of(j->query);
    own.spool_dir = j->spool_dir;
    own.filter_dir = j->filter_dir;
    own.newest_first = true;
    if (r == 0)
        r = scan_new(&own, &j->scan, reterr);
    if (r < 0) {
        job_free(j);
        return r;
    }
    place_bars(j);
    *ret = j;
    return 0;
}

bool job_is_running(const struct job *j) {
    return j->state == JOB_RUNNING;
}

static void end(struct job *j, enum job_state state) {
    j->state = state;
    j->ended_ns = time_monotonic_ns();
}

void job_stop(struct job *j) {
    if (j->state == JOB_RUNNING)
        end(j, JOB_STOPPED);
}

/* ---- what is found ---- */

/* At most so many bytes, never half a character. */
static struct str cut(struct str s) {
    size_t n = MIN(s.n, (size_t) VALUE_BYTES_TOLD);
    while (n < s.n && n && ((unsigned char) s.p[n] & 0xc0) == 0x80)
        n--;
    return str_to(s, n);
}

static int count_value(struct facet *f, struct str value) {
    union map_value *v;
    int r = map_add(&f->values, cut(value), &v, NULL);
    if (r == -ERR_LIMIT) {
        f->others++;
        return 0;
    }
    if (r == 0)
        v->num++;
    return r;
}

static int count_values(struct job *j, struct search *s, const struct raw_record *rec) {
    const struct event *ev;
    if (j->counted >= COUNTED_MAX)
        return 0;
    j->counted++;
    int r = search_event(s, rec, &ev);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(facet_fields); i++) {
        struct str value = event_get(ev, facet_fields[i]);
        if (value.n)
            r = count_value(&j->facets[i], value);
    }
    return r;
}

static int found(void *ctx, struct search *s, const struct raw_record *rec, int64_t time_ns) {
    struct job *j = ctx;
    count_bar(j, time_ns);
    j->first_ns = j->first_ns == TIME_NONE ? time_ns : MIN(j->first_ns, time_ns);
    j->last_ns = j->last_ns == TIME_NONE ? time_ns : MAX(j->last_ns, time_ns);
    int r = count_values(j, s, rec);
    return r < 0 ? r : search_keep_add(&j->newest, rec, time_ns);
}

void job_step(struct job *j) {
    if (j->state != JOB_RUNNING)
        return;
    int r = scan_step(j->scan, found, j, &j->why);
    if (r <= 0)
        end(j, r < 0 ? JOB_FAILED : JOB_DONE);
}

/* ---- telling ---- */

static void write_progress(const struct job *j, struct jsonw *w) {
    const struct scan_progress *p = scan_progress(j->scan);
    int64_t took = (j->state == JOB_RUNNING ? time_monotonic_ns() : j->ended_ns) - j->begun_ns;
    jsonw_key(w, STR("progress"));
    jsonw_object(w);
    jsonw_ku64(w, "bytes", p->bytes);
    jsonw_ku64(w, "bytes_done", p->bytes_done);
    jsonw_ku64(w, "bytes_passed", p->bytes_passed);
    jsonw_ku64(w, "segments", p->segments);
    jsonw_ku64(w, "segments_passed", p->segments_passed);
    jsonw_ku64(w, "records", p->records);
    jsonw_ku64(w, "lost", p->lost);
    jsonw_kdouble(w, "took_s", (double) (took / NS_PER_MS) / 1000);
    jsonw_key(w, STR("left_s"));
    if (j->state == JOB_RUNNING && p->bytes_done)
        jsonw_u64(w, (uint64_t) ((double) took / 1e9 * (double) (p->bytes - p->bytes_done) / (double) p->bytes_done) + 1);
    else
        jsonw_null(w);
    jsonw_end(w);
}

static void write_bars(const struct job *j, struct jsonw *w) {
    jsonw_key(w, STR("histogram"));
    jsonw_object(w);
    jsonw_ktime(w, "from", j->bar_from_ns);
    jsonw_kdouble(w, "step_s", (double) (j->bar_ns / NS_PER_MS) / 1000);
    jsonw_key(w, STR("counts"));
    jsonw_array(w);
    for (size_t i = 0; i < BARS; i++)
        jsonw_u64(w, j->bars[i]);
    jsonw_end(w);
    jsonw_end(w);
}

struct told {
    struct str value;
    uint64_t n;
};

static int commonest(const void *pa, const void *pb) {
    const struct told *a = pa, *b = pb;
    return a->n != b->n ? (a->n < b->n) - (a->n > b->n) : str_cmp(a->value, b->value);
}

static int write_facet(const struct facet *f, enum event_field_id id, struct jsonw *w) {
    struct told *all = mem_zalloc_array(f->values.n + 1, sizeof *all);
    size_t n = 0;
    uint64_t others = f->others;
    if (!all)
        return -ENOMEM;
    for (struct map_slot *s = NULL; (s = map_next(&f->values, s));)
        all[n++] = (struct told){s->key, s->value.num};
    qsort(all, n, sizeof *all, commonest);
    jsonw_object(w);
    jsonw_kz(w, "field", event_field_name(id));
    jsonw_key(w, STR("values"));
    jsonw_array(w);
    for (size_t i = 0; i < n; i++) {
        if (i >= VALUES_TOLD) {
            others += all[i].n;
            continue;
        }
        jsonw_object(w);
        jsonw_kstr(w, "value", all[i].value);
        jsonw_ku64(w, "n", all[i].n);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_ku64(w, "distinct", n);
    jsonw_ku64(w, "others", others);
    jsonw_end(w);
    mem_free(all);
    return 0;
}

static int write_row(struct job *j, const struct kept *k, struct jsonw *w) {
    const struct event *ev;
    int r = search_event(scan_search(j->scan), &k->rec, &ev);
    if (r < 0)
        return r;
    jsonw_object(w);
    jsonw_ku64(w, "n", k->rec.pos.n);
    jsonw_ktime(w, "at", k->time_ns);
    jsonw_ktime(w, "device_at", ev->timestamp_ns);
    jsonw_ktime(w, "arrived_at", k->rec.arrival_ns);
    jsonw_key(w, STR("offset_ms")); /* how far its clock is ahead; of what was read later nobody can tell */
    if (ev->timestamp_ns != TIME_NONE && !(k->rec.flags & RAW_BACKFILL))
        jsonw_i64(w, (ev->timestamp_ns - k->rec.arrival_ns) / NS_PER_MS);
    else
        jsonw_null(w);
    jsonw_kstr(w, "source", scan_source_name(j->scan, k->rec.source));
    jsonw_key(w, STR("fields"));
    jsonw_object(w);
    for (size_t i = 0; i < ARRAY_SIZE(row_fields); i++) {
        struct str v = event_get(ev, row_fields[i]);
        struct str shown = text_repair(ev->arena, cut(v));
        if (v.n && shown.p)
            jsonw_kstr(w, event_field_name(row_fields[i]), shown);
    }
    jsonw_end(w);
    jsonw_end(w);
    return 0;
}

/* A copy in order: the heap stays one. copy.at is freed. */
static int in_order(const struct job *j, struct search_keep *copy) {
    *copy = j->newest;
    copy->at = mem_zalloc_array(copy->n + 1, sizeof *copy->at);
    if (!copy->at)
        return -ENOMEM;
    if (copy->n)
        memcpy(copy->at, j->newest.at, copy->n * sizeof *copy->at);
    search_keep_sort(copy);
    return 0;
}

static int write_rows(struct job *j, struct jsonw *w) {
    struct search_keep copy;
    int r = in_order(j, &copy);
    if (r < 0)
        return r;
    jsonw_ku64(w, "rows", copy.n); /* in CSV */
    jsonw_key(w, STR("events"));
    jsonw_array(w);
    for (size_t i = 0; r == 0 && i < MIN(copy.n, (size_t) NEWEST); i++)
        r = write_row(j, copy.at[i], w);
    jsonw_end(w);
    mem_free(copy.at);
    return r;
}

int job_csv(struct job *j, size_t from, struct buf *out, size_t *ret_next) {
    struct search_keep copy;
    const struct event *ev;
    size_t i = from;
    int r = in_order(j, &copy);
    if (r < 0)
        return r;
    if (!from)
        rows_head(out);
    for (; r == 0 && i < copy.n && out->n < CSV_BYTES; i++) {
        r = search_event(scan_search(j->scan), &copy.at[i]->rec, &ev);
        if (r == 0)
            rows_add(out, ev, scan_source_name(j->scan, copy.at[i]->rec.source), copy.at[i]->time_ns);
    }
    *ret_next = i < copy.n ? i : 0;
    mem_free(copy.at);
    return r < 0 ? r : buf_error(out);
}

int job_rule(struct job *j, struct buf *out, struct diag *reterr) {
    struct search_keep copy;
    int r = in_order(j, &copy);
    if (r < 0)
        return diag_set(reterr, r, "out of memory");
    r = detect_search_rule(str_of(j->query), copy.n ? copy.at[0]->rec.bytes : STR_NULL, out, reterr);
    mem_free(copy.at);
    return r;
}

int job_write(struct job *j, struct jsonw *w) {
    int r = 0;
    jsonw_kz(w, "state", state_names[j->state]);
    jsonw_kz(w, "why", j->state == JOB_FAILED ? j->why.text : NULL);
    jsonw_kz(w, "query", j->query);
    jsonw_kz(w, "copy", j->copy);
    jsonw_ktime(w, "from", j->from_ns);
    jsonw_ktime(w, "to", j->to_ns);
    jsonw_ku64(w, "found", scan_progress(j->scan)->found);
    jsonw_ktime(w, "first_at", j->first_ns);
    jsonw_ktime(w, "last_at", j->last_ns);
    jsonw_ku64(w, "counted", j->counted);
    /* Segments come newest first by arrival: what was looked through so far, all of it once it is done. */
    jsonw_ktime(w, "looked_back_to", j->state == JOB_DONE ? TIME_NONE : scan_progress(j->scan)->back_to_ns);
    write_progress(j, w);
    write_bars(j, w);
    jsonw_key(w, STR("facets"));
    jsonw_array(w);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(facet_fields); i++)
        r = write_facet(&j->facets[i], facet_fields[i], w);
    jsonw_end(w);
    return r < 0 ? r : write_rows(j, w);
}
