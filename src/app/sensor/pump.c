/* See pump.h. */
#include "app/sensor/pump.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "spool/reader.h"

#include <limits.h>

enum { SLICE_NS = 20 * 1000 * 1000, FINDING_JSON_MAX = 4 * 1024 * 1024 };

struct pump {
    struct engine *engine;
    struct engine_lane *lane;
    struct engine_batch *batch;
    struct engine_stream stream;
    struct spool_reader *reader, *lookup;
    struct spool_batch records;
    struct ledger ledger;
    struct roomlink *link;
    struct buf json;
    char delivered_path[PATH_MAX];
    uint64_t told_before; /* tellings up to this record were delivered before the restart */
    uint64_t saved;
    uint64_t before, last; /* of the batch being looked at: the record before it, and its last one */
    int64_t now_ns;
    int64_t hour; /* hours since 1970 of hours[23] */
    uint64_t hours[24];
};

static int tell(void *ctx, const struct finding *f) {
    struct pump *p = ctx;
    if (p->last <= p->told_before || !p->link)
        return 0;
    int r = finding_write_json_within(f, NULL, NULL, ROOMLINK_FINDING_BYTES_MAX, &p->json);
    if (r == -ERR_LIMIT) { /* one finding that cannot be told must not end all others */
        log_error("a finding of rule '%.*s' is larger than any message and is not told", STR_ARG(f->rule_name));
        return 0;
    }
    return r < 0 ? r : roomlink_finding(p->link, buf_str(&p->json), p->before);
}

static int load_delivered(struct pump *p, const struct pump_options *o, struct diag *err) {
    struct arena a;
    struct str text;
    struct json_value *v;
    int64_t n;
    snprintf(p->delivered_path, sizeof p->delivered_path, "%s/delivered", o->state_dir);
    if (access(p->delivered_path, F_OK) != 0)
        return 0;
    arena_init(&a, 65536);
    int r = file_read(&a, p->delivered_path, 4096, &text, err);
    if (r == 0 && (r = json_parse(&a, text, &v, err)) == 0 && json_get_i64(v, "delivered", &n) && n >= 0)
        p->saved = p->told_before = (uint64_t) n;
    arena_done(&a);
    /* A mark that cannot be read costs telling again, no more. */
    if (r < 0)
        log_warn("the delivered mark cannot be read, telling everything again");
    return 0;
}

int pump_save(struct pump *p, struct diag *reterr) {
    char text[64];
    uint64_t now = p->link ? MAX(roomlink_delivered(p->link), p->told_before) : p->told_before;
    if (now == p->saved)
        return 0;
    int n = snprintf(text, sizeof text, "{\"delivered\":%llu}\n", (unsigned long long) now);
    int r = file_write_atomic(p->delivered_path, str_n(text, (size_t) n), 0600, reterr);
    if (r == 0)
        p->saved = now;
    return r;
}

int pump_new(const struct pump_options *o, struct pump **ret, struct diag *reterr) {
    struct pump *p = mem_zalloc(sizeof *p);
    if (!p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    p->stream = ENGINE_STREAM_START;
    p->now_ns = TIME_NONE;
    buf_init(&p->json, FINDING_JSON_MAX);
    spool_batch_init(&p->records);
    int r = engine_new(&o->engine, (struct finding_sink){.ctx = p, .put = tell}, &p->engine, reterr);
    if (r == 0)
        r = load_delivered(p, o, reterr);
    if (r == 0)
        r = spool_reader_open(o->spool_dir, &p->reader, reterr);
    if (r == 0)
        r = spool_reader_open(o->spool_dir, &p->lookup, reterr);
    if (r == 0 && (!(p->lane = engine_lane_new(p->engine)) || !(p->batch = engine_batch_new())))
        r = diag_set(reterr, -ENOMEM, "out of memory");
    if (r < 0)
        pump_free(p);
    else
        *ret = p;
    return r;
}

struct pump *pump_free(struct pump *p) {
    if (!p)
        return NULL;
    engine_batch_free(p->batch);
    engine_lane_free(p->lane);
    engine_free(p->engine);
    spool_reader_free(p->reader);
    spool_reader_free(p->lookup);
    spool_batch_done(&p->records);
    ledger_done(&p->ledger);
    buf_done(&p->json);
    mem_free(p);
    return NULL;
}

static void count_hour(struct pump *p, int64_t at_ns) {
    int64_t hour = at_ns / NS_PER_HOUR, ahead = hour - p->hour;
    if (ahead > 0) {
        size_t drop = (size_t) MIN(ahead, (int64_t) 24);
        memmove(p->hours, p->hours + drop, (24 - drop) * sizeof p->hours[0]);
        memset(p->hours + (24 - drop), 0, drop * sizeof p->hours[0]);
        p->hour = hour;
        ahead = 0;
    }
    if (ahead > -24)
        p->hours[23 + ahead]++;
}

static int look_at_batch(struct pump *p) {
    p->before = p->last;
    p->last = p->records.records[p->records.n - 1].pos.n;
    for (size_t i = 0; i < p->records.n; i++) {
        const struct raw_record *rec = &p->records.records[i];
        int r = ledger_count(&p->ledger, rec);
        if (r < 0)
            return r;
        if (!(rec->flags & (RAW_SOURCE | RAW_STATE)))
            p->now_ns = MAX(p->now_ns, rec->arrival_ns);
        if (!(rec->flags & (RAW_SOURCE | RAW_STATE | RAW_TICK)))
            count_hour(p, rec->arrival_ns);
    }
    int r = engine_process(p->lane, p->records.records, p->records.n, p->batch);
    if (r == 0)
        r = engine_consume(p->engine, p->batch, &p->stream);
    if (r == 0 && p->link)
        roomlink_looked(p->link, p->last);
    return r;
}

int pump_slice(struct pump *p, struct diag *reterr) {
    int64_t until = time_monotonic_ns() + SLICE_NS;
    while (time_monotonic_ns() < until) {
        struct spool_gap gap;
        if (p->link && roomlink_full(p->link))
            return 0; /* goes on when the room has taken some */
        int r = spool_reader_next(p->reader, &p->records, &gap, reterr);
        if (r == -ERR_CORRUPT) {
            log_error("records %llu to %llu of segment %u cannot be read",
                      (unsigned long long) gap.from_number, (unsigned long long) gap.to_number,
                      gap.segment);
            continue;
        }
        if (r <= 0)
            return r;
        if ((r = look_at_batch(p)) < 0)
            return diag_set(reterr, r, "detection cannot go on: %s", err_word(r));
    }
    return 1;
}

void pump_set_link(struct pump *p, struct roomlink *l) {
    p->link = l;
}
struct engine *pump_engine(struct pump *p) {
    return p->engine;
}
struct engine_lane *pump_lane(struct pump *p) {
    return p->lane;
}
struct ledger *pump_ledger(struct pump *p) {
    return &p->ledger;
}
int64_t pump_now_ns(const struct pump *p) {
    return p->now_ns;
}
uint64_t pump_at(const struct pump *p) {
    return spool_reader_at(p->reader);
}
int pump_get(struct pump *p, uint64_t number, struct arena *a, struct raw_record *ret,
             struct diag *reterr) {
    return spool_reader_get(p->lookup, number, a, ret, reterr);
}
void pump_hours(const struct pump *p, uint64_t ret[24]) {
    memcpy(ret, p->hours, sizeof p->hours);
}
