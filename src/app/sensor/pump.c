/* See pump.h. */
#include "app/sensor/pump.h"

#include "app/sensor/warm.h"
#include "base/image.h"
#include "base/log.h"
#include "base/mem.h"
#include "spool/reader.h"

#include <limits.h>

enum {
    SLICE_NS = 20 * 1000 * 1000,
    FINDING_JSON_MAX = 4 * 1024 * 1024,
    /* The state is kept after so many records, but not so often that it takes more than a twentieth of the time: what
     * a killed sensor looks at once more. */
    KEEP_RECORDS = 5000,
    KEEP_COST = 20,
    MATCHES_BYTES = 256 * 1024,
    MATCH_VALUE_MAX = 512,
    STATE_FORMAT = 5, /* of what stands before the engine's state */
};

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
    struct pump_options o;
    char state_path[PATH_MAX], spool_dir[PATH_MAX];
    uint64_t last;  /* record looked at */
    uint64_t known; /* up to here was looked at before the restart: neither told nor counted again */
    uint64_t kept;  /* the state on disk is that after this record */
    int64_t kept_ns, keep_cost_ns; /* monotonic */
    bool has_state;     /* reading: the engine's was read, too */
    int64_t open_since; /* reading: of the findings open then */
    int64_t now_ns;
    int64_t hour; /* hours since 1970 of hours[23] */
    uint64_t hours[24];
    struct buf matches; /* rows of what rules tell beside findings, since the last telling */
    uint64_t matches_lost;
    pump_hear_fn *hear;
    void *hear_ctx;
    struct warm *warm;  /* other rules, being made ready */
    struct warm *voice; /* of the running engine, when it came in that way */
    struct diag change_failed;
};

/* The record of the batch at hand, NULL when it is not there. */
static const struct raw_record *record_at(const struct pump *p, uint64_t number) {
    size_t n = p->records.n, from = 0;
    while (n) {
        const struct raw_record *rec = &p->records.records[from + n / 2];
        if (rec->pos.n == number)
            return rec;
        from = rec->pos.n < number ? from + n / 2 + 1 : from;
        n = rec->pos.n < number ? n - n / 2 - 1 : n / 2;
    }
    return NULL;
}

static int tell(void *ctx, const struct finding *finding) {
    struct pump *p = ctx;
    struct finding told = *finding, *f = &told;
    if (p->last <= p->known || !p->link)
        return 0;
    if (p->hear)
        told.canary = p->hear(p->hear_ctx, f, record_at(p, f->detected_pos.n), roomlink_told(p->link) + 1);
    int r = finding_write_json_within(f, NULL, NULL, ROOMLINK_FINDING_BYTES_MAX, &p->json);
    if (r == -ERR_LIMIT) { /* one finding that cannot be told must not end all others */
        log_error("a finding of rule '%.*s' is larger than any message and is not told", STR_ARG(f->rule_name));
        return 0;
    }
    return r < 0 ? r : roomlink_finding(p->link, buf_str(&p->json));
}

/* A row: [rule, milliseconds, {field: first value}]. Told once a second; what is more than a message holds is lost, and counted: the spool has it. */
static void tell_match(void *ctx, struct str rule, const struct event *ev, const uint32_t *fields, uint32_t n) {
    struct pump *p = ctx;
    struct jsonw w;
    if (p->last <= p->known || !p->link)
        return;
    if (p->matches.n > MATCHES_BYTES) {
        p->matches_lost++;
        return;
    }
    buf_add_z(&p->matches, p->matches.n ? "," : "");
    jsonw_init(&w, &p->matches);
    jsonw_array(&w);
    jsonw_str(&w, rule);
    jsonw_i64(&w, ev->time_ns / NS_PER_MS);
    jsonw_object(&w);
    for (uint32_t i = 0; i < n; i++) {
        struct str v = event_get(ev, fields[i]);
        if (v.n) {
            jsonw_key(&w, event_names_get(ev->names, fields[i]));
            jsonw_str(&w, str_to(v, MATCH_VALUE_MAX));
        }
    }
    jsonw_end(&w);
    jsonw_end(&w);
}

void pump_tell_matches(struct pump *p) {
    struct buf m;
    if (!p->matches.n)
        return;
    buf_init(&m, FRAME_BYTES_MAX);
    buf_add_z(&m, "{\"t\":\"matches\",\"rows\":[");
    buf_add(&m, buf_str(&p->matches));
    buf_printf(&m, "],\"lost\":%llu}", (unsigned long long) p->matches_lost);
    if (!buf_error(&m) && !buf_error(&p->matches) && p->link)
        roomlink_send(p->link, buf_str(&m));
    buf_done(&m);
    buf_clear(&p->matches);
    p->matches_lost = 0;
}

static int make_engine(struct pump *p, struct diag *err) {
    p->stream = ENGINE_STREAM_START;
    p->now_ns = TIME_NONE;
    p->ledger.offset_min = p->o.offset_min;
    int r = engine_new(&p->o.engine, (struct finding_sink){.ctx = p, .put = tell, .match = tell_match}, &p->engine, err);
    if (r == 0 && (!(p->lane = engine_lane_new(p->engine)) || !(p->batch = engine_batch_new())))
        r = diag_set(err, -ENOMEM, "out of memory");
    char line[1024];
    for (size_t i = 0; r == 0 && engine_decoder_refused(p->engine, i); i++)
        log_error("a decoder is not used: %s", diag_format(engine_decoder_refused(p->engine, i), line, sizeof line));
    return r;
}

static void drop_engine(struct pump *p) {
    p->batch = engine_batch_free(p->batch);
    p->lane = engine_lane_free(p->lane);
    p->engine = engine_free(p->engine);
    ledger_done(&p->ledger);
}

int pump_new(const struct pump_options *o, struct pump **ret, struct diag *reterr) {
    struct pump *p = mem_zalloc(sizeof *p);
    if (!p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    p->o = *o;
    snprintf(p->spool_dir, sizeof p->spool_dir, "%s", o->spool_dir);
    p->o.spool_dir = p->spool_dir;
    snprintf(p->state_path, sizeof p->state_path, "%s/state", o->state_dir);
    buf_init(&p->json, FINDING_JSON_MAX);
    buf_init(&p->matches, 2 * MATCHES_BYTES);
    spool_batch_init(&p->records);
    int r = make_engine(p, reterr);
    if (r == 0)
        r = spool_reader_open(o->spool_dir, &p->reader, reterr);
    if (r == 0)
        r = spool_reader_open(o->spool_dir, &p->lookup, reterr);
    if (r < 0)
        pump_free(p);
    else
        *ret = p;
    return r;
}

/* ---- state ---- */

static void counts_image(struct pump *p, struct image *x) {
    image_i64(x, &p->now_ns);
    image_i64(x, &p->hour);
    for (size_t i = 0; i < ARRAY_SIZE(p->hours); i++)
        image_u64(x, &p->hours[i]);
    ledger_image(&p->ledger, x);
    engine_counts_image(p->engine, x);
    roomlink_image(p->link, x);
}

/* What it belongs to comes first, then what is true with any rules, then what is true with these. */
static void state_image(void *ctx, struct image *x) {
    struct pump *p = ctx;
    uint32_t format = STATE_FORMAT;
    uint8_t spool[SPOOL_ID_BYTES], tag[ENGINE_TAG_BYTES], own_tag[ENGINE_TAG_BYTES];
    memcpy(spool, spool_reader_id(p->reader), sizeof spool);
    engine_tag(p->engine, own_tag);
    memcpy(tag, own_tag, sizeof tag);
    image_u32(x, &format);
    image_raw(x, spool, sizeof spool);
    if (format != STATE_FORMAT || memcmp(spool, spool_reader_id(p->reader), sizeof spool) != 0)
        image_fail(x, -ENOENT);
    image_u64(x, &p->last);
    p->open_since = engine_open_since(p->engine);
    image_i64(x, &p->open_since);
    counts_image(p, x);
    image_raw(x, tag, sizeof tag);
    p->has_state = memcmp(tag, own_tag, sizeof tag) == 0;
    if (!p->has_state) {
        image_skip_rest(x);
        return;
    }
    engine_stream_image(&p->stream, x);
    engine_state_image(p->engine, x);
}

int pump_keep(struct pump *p, struct diag *reterr) {
    if (p->last == p->kept || p->last < p->known)
        return 0;
    int64_t from = time_monotonic_ns();
    int r = image_file_write(p->state_path, state_image, p, reterr);
    if (r == 0)
        p->kept = p->last;
    p->kept_ns = time_monotonic_ns(); /* also when it failed: not with every batch */
    p->keep_cost_ns = p->kept_ns - from;
    return r;
}

static void keep_when_due(struct pump *p) {
    struct diag d = {0};
    int64_t since = time_monotonic_ns() - p->kept_ns;
    if (p->last < p->kept + KEEP_RECORDS || since < KEEP_COST * p->keep_cost_ns)
        return;
    if (pump_keep(p, &d) < 0)
        log_warn("cannot keep the state, a restart would look at more records again: %s", d.text);
}

/* What was half read goes; findings it put in the outbox stay, they are true. */
static int from_the_start(struct pump *p, struct diag *err) {
    drop_engine(p);
    p->last = p->known = p->kept = 0;
    p->hour = 0;
    memset(p->hours, 0, sizeof p->hours);
    return make_engine(p, err);
}

/* Behind what the state knows, or where other rules have to begin. */
static int find_place(struct pump *p, struct diag *err) {
    int r;
    p->kept = p->known = p->last;
    if (p->has_state) {
        r = spool_reader_seek(p->reader, p->last + 1, err);
    } else {
        log_info("rules or version changed: what reaches back from record %llu is looked at again",
                 (unsigned long long) p->known);
        p->last = 0;
        r = spool_reader_seek_time(p->reader, engine_reach(p->engine, p->now_ns, p->open_since), err);
    }
    return r == -ENOENT ? 0 : r; /* no longer kept: what is kept follows */
}

int pump_begin(struct pump *p, struct roomlink *l, struct diag *reterr) {
    struct diag d = {0};
    p->link = l;
    int r = image_file_read(p->state_path, state_image, p, &d);
    if (r < 0 && r != -ENOENT)
        log_warn("%s; the whole spool is looked at again", d.text);
    if (r < 0)
        r = from_the_start(p, reterr);
    else if ((r = find_place(p, &d)) < 0)
        r = diag_set(reterr, r, "%s", d.text);
    if (r == 0)
        log_info("goes on with record %llu", (unsigned long long) spool_reader_at(p->reader));
    return r;
}

struct pump *pump_free(struct pump *p) {
    if (!p)
        return NULL;
    warm_free(p->warm);
    drop_engine(p);
    warm_free(p->voice);
    spool_reader_free(p->reader);
    spool_reader_free(p->lookup);
    spool_batch_done(&p->records);
    buf_done(&p->json);
    buf_done(&p->matches);
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

static int count(struct pump *p, const struct raw_record *rec) {
    if (rec->flags & RAW_DRILL) /* nothing arrived */
        return 0;
    int r = ledger_count(&p->ledger, rec);
    if (!(rec->flags & (RAW_SOURCE | RAW_STATE)))
        p->now_ns = MAX(p->now_ns, rec->arrival_ns);
    if (!(rec->flags & (RAW_SOURCE | RAW_STATE | RAW_TICK)))
        count_hour(p, rec->arrival_ns);
    return r;
}

static int look_at(struct pump *p, const struct raw_record *records, size_t n) {
    int r = 0;
    if (n == 0)
        return 0;
    p->last = records[n - 1].pos.n;
    bool again = p->last <= p->known;
    for (size_t i = 0; i < n && !again && r == 0; i++)
        r = count(p, &records[i]);
    if (r == 0)
        r = engine_process(p->lane, records, n, p->batch);
    engine_set_counting(p->engine, !again);
    return r == 0 ? engine_consume(p->engine, p->batch, &p->stream) : r;
}

static int look_at_batch(struct pump *p) {
    size_t known = 0;
    while (known < p->records.n && p->records.records[known].pos.n <= p->known)
        known++;
    int r = look_at(p, p->records.records, known);
    if (r == 0)
        r = look_at(p, p->records.records + known, p->records.n - known);
    if (r == 0)
        keep_when_due(p);
    return r;
}

/* ---- other rules ---- */

int pump_change(struct pump *p, const struct engine_options *o, struct diag *reterr) {
    struct warm_options w = {
        .spool_dir = p->o.spool_dir, .engine = *o, .upto = p->last, .now_ns = p->now_ns,
        .open_since = engine_open_since(p->engine)};
    if (p->warm)
        return diag_set(reterr, -EBUSY, "a change of rules is under way");
    p->change_failed = (struct diag){0};
    return warm_begin(&w, &p->warm, reterr);
}

void pump_use_indicators(struct pump *p, struct indicator_set *set) {
    p->o.engine.indicator_set = set;
    engine_use_indicators(p->engine, set);
}

int pump_change_state(const struct pump *p, struct diag *reterr) {
    if (p->change_failed.code && reterr)
        *reterr = p->change_failed;
    return p->warm ? 1 : p->change_failed.code;
}

static int take_over(struct pump *p) {
    struct warm *w = p->warm;
    warm_speak(w, (struct finding_sink){.ctx = p, .put = tell, .match = tell_match});
    engine_use_indicators(warm_engine(w), p->o.engine.indicator_set); /* there may be others since it began */
    int r = engine_hand_over(p->engine, warm_engine(w));
    engine_batch_free(p->batch);
    engine_lane_free(p->lane);
    engine_free(p->engine);
    warm_free(p->voice);
    warm_take(w, &p->engine, &p->lane, &p->batch, &p->stream);
    p->voice = TAKE_PTR(p->warm);
    log_info("other rules since record %llu", (unsigned long long) p->last + 1);
    return r;
}

/* A part of what is left to do for it. Negative only when the running engine is spoilt. */
static int go_on_changing(struct pump *p) {
    int r = p->warm ? warm_state(p->warm, &p->change_failed) : 0;
    if (r > 0) {
        engine_use_sources(warm_engine(p->warm), p->o.engine.sources, p->o.engine.n_sources);
        r = warm_step(p->warm, p->last, SLICE_NS, &p->change_failed);
    }
    if (r > 0)
        return take_over(p);
    if (r < 0) {
        char line[1024];
        log_error("the rules did not change: %s", diag_format(&p->change_failed, line, sizeof line));
        p->change_failed.code = r;
        warm_free(TAKE_PTR(p->warm));
    }
    return 0;
}

int pump_slice(struct pump *p, struct diag *reterr) {
    int changing = go_on_changing(p);
    if (changing < 0)
        return diag_set(reterr, changing, "the rules cannot be changed: %s", err_word(changing));
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

void pump_listen(struct pump *p, pump_hear_fn *fn, void *ctx) {
    p->hear = fn;
    p->hear_ctx = ctx;
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
