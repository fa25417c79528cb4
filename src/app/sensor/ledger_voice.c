/* What the ledger of sources has noticed becomes an event of its own in the spool: a source is quiet, speaks again,
 * loses lines, has a wrong clock, cannot be read. Rules judge these (content/rules/sources), so an operator reads the
 * thresholds there, excepts what is agreed, and a replay of the spool finds the same. content/events/source.md has the
 * fields.
 *
 * A condition that goes on is said again at steps, not every second. What was said is kept with the sensor's state; a
 * killed sensor may say one thing twice, which rules fold. Nothing is said while records wait to be looked at: what has
 * arrived is then not known. */
#include "app/sensor/sensor.h"
#include "base/log.h"
#include "base/text.h"

enum {
    EVERY_TICKS = 10,
    SLOW_TURNS = 3, /* clocks and unreadable lines */
    EVENT_BYTES = 16 * 1024,
    UNREAD_MIN = 20,
};
#define QUIET_MIN_NS NS_PER_MIN
#define SKEW_STEP_MS 10000

/* Thousandths of intervals at which a silence is told; the last one ends it. */
static const uint64_t QUIET_STEPS[] = {1000,  2000,  RHYTHM_MISSED, 4000,  5000,   6000,   8000,   10000,
                                       15000, 20000, 30000, 50000, 100000, 200000, 500000, 1000000};
enum { SILENT_STEP = 3 }; /* that of RHYTHM_MISSED */

struct saying {
    struct sensor *s;
    const struct source *source;
    struct ledger_row *row;
    int64_t now_ns;
    struct buf bytes;
    struct jsonw w;
};

static void begin(struct saying *x, const char *action) {
    buf_init(&x->bytes, EVENT_BYTES);
    jsonw_init(&x->w, &x->bytes);
    jsonw_object(&x->w);
    jsonw_ktime(&x->w, "@timestamp", x->now_ns);
    jsonw_kz(&x->w, "event.module", "kizuki");
    jsonw_kz(&x->w, "event.dataset", "kizuki.ledger");
    jsonw_kz(&x->w, "event.action", action);
    jsonw_kstr(&x->w, "kizuki.ledger.source", x->source->name);
    jsonw_kstr(&x->w, "kizuki.ledger.kind", x->source->kind);
    if (x->source->service.n)
        jsonw_kstr(&x->w, "service.name", x->source->service);
    if (x->source->host.n)
        jsonw_kstr(&x->w, "host.name", x->source->host);
    jsonw_ki64(&x->w, "kizuki.ledger.known_days", (x->now_ns - x->row->first_ns) / NS_PER_DAY);
}

int sensor_say(struct sensor *s, struct str json, int64_t now_ns) {
    struct source def = {.name = STR("kizuki"), .kind = STR("own"), .encoding = -1,
                         .offset_min = s->config->offset_min, .skew_max_ns = NS_PER_DAY};
    struct diag d = {0};
    int r = s->own_source ? 0 : registry_add(&s->registry, s->spool, &def, &s->own_source, &d);
    struct raw_record rec = {.bytes = json, .arrival_ns = now_ns, .source = s->own_source};
    if (r == 0)
        r = s->sink.put(s->sink.ctx, &rec, &d);
    if (r < 0 && r != -EAGAIN)
        log_warn("what Kizuki itself noticed cannot be kept: %s", d.text);
    return r;
}

static bool end(struct saying *x) {
    jsonw_end(&x->w);
    int r = buf_error(&x->bytes);
    if (r == 0)
        r = sensor_say(x->s, buf_str(&x->bytes), x->now_ns);
    buf_done(&x->bytes);
    return r == 0; /* else it is said at the next turn */
}

static uint32_t quiet_step(uint64_t missed) {
    uint32_t n = 0;
    while (n < ARRAY_SIZE(QUIET_STEPS) && missed >= QUIET_STEPS[n])
        n++;
    return n;
}

static void say_quiet(struct saying *x) {
    struct ledger_row *r = x->row;
    int64_t from = r->rhythm.last_ns;
    bool speaks = r->told.quiet && from > r->told.quiet_from_ns;
    if (speaks) {
        if (r->told.quiet >= SILENT_STEP) {
            begin(x, "source-back");
            jsonw_ki64(&x->w, "kizuki.ledger.quiet_s", (from - r->told.quiet_from_ns) / NS_PER_S);
            if (!end(x))
                return;
        }
        r->told.quiet = 0;
    }
    if (!from || x->now_ns - from < QUIET_MIN_NS || r->told.quiet == ARRAY_SIZE(QUIET_STEPS))
        return;
    uint64_t missed = rhythm_missed(&r->rhythm, x->now_ns, x->s->config->offset_min);
    uint32_t step = quiet_step(missed);
    if (step <= r->told.quiet)
        return;
    begin(x, "source-quiet");
    jsonw_ki64(&x->w, "kizuki.ledger.quiet_s", (x->now_ns - from) / NS_PER_S);
    jsonw_ku64(&x->w, "kizuki.ledger.interval_s",
               rhythm_interval_s(&r->rhythm, x->now_ns, x->s->config->offset_min));
    jsonw_ku64(&x->w, "kizuki.ledger.missed", missed / 1000);
    jsonw_ktime(&x->w, "kizuki.ledger.last_seen", from);
    if (end(x)) {
        r->told.quiet = step;
        r->told.quiet_from_ns = from;
    }
}

/* What is silent is still where it was written, until that place removes it: said while there is time to fetch it. Days left
 * are told at EATEN_DAYS; not kept over a restart, which tells again. */
static const int64_t EATEN_DAYS[] = {30, 14, 7, 3, 1, 0};

static void say_eaten(struct saying *x) {
    static uint8_t told[SOURCES_MAX];
    struct config_keeping k = config_keeping_of(&x->s->config->retention, x->source->name);
    int64_t from = x->row->rhythm.last_ns;
    uint8_t step = 0;
    if (!k.own_ns || !from || x->source->id >= SOURCES_MAX)
        return;
    int64_t left = (from + k.own_ns - x->now_ns) / NS_PER_DAY;
    /* A source that keeps ten days is not told of at ten: half of its time has to be over. */
    for (size_t i = 0; i < ARRAY_SIZE(EATEN_DAYS); i++)
        if (left <= EATEN_DAYS[i] && EATEN_DAYS[i] <= k.own_ns / NS_PER_DAY / 2)
            step = (uint8_t) (i + 1);
    if (step <= told[x->source->id] || x->row->told.quiet < SILENT_STEP) {
        told[x->source->id] = MIN(step, told[x->source->id]);
        return;
    }
    begin(x, "source-eaten");
    jsonw_ki64(&x->w, "kizuki.ledger.left_days", MAX(left, INT64_C(0)));
    jsonw_ki64(&x->w, "kizuki.ledger.own_days", k.own_ns / NS_PER_DAY);
    jsonw_ki64(&x->w, "kizuki.ledger.required_days", k.required_ns / NS_PER_DAY);
    jsonw_ktime(&x->w, "kizuki.ledger.last_seen", from);
    if (end(x))
        told[x->source->id] = step;
}

static void say_lost(struct saying *x) {
    struct ledger_row *r = x->row;
    uint64_t lost = r->truncated + intake_live_counters(x->s->live, x->source->id).lost;
    if (lost > r->told.lost) {
        begin(x, "source-lost");
        jsonw_ku64(&x->w, "kizuki.ledger.lost", lost - r->told.lost);
        jsonw_ku64(&x->w, "kizuki.ledger.lines", r->lines);
        if (!end(x))
            return;
    }
    r->told.lost = lost; /* the kernel's count begins anew with the program */
}

static void say_wiped(struct saying *x) {
    uint64_t wiped = intake_live_counters(x->s->live, x->source->id).wiped;
    if (wiped <= x->row->told.wiped)
        return;
    begin(x, "source-wiped");
    jsonw_ku64(&x->w, "kizuki.ledger.wiped", wiped - x->row->told.wiped);
    jsonw_kstr(&x->w, "file.path", x->source->path);
    if (end(x))
        x->row->told.wiped = wiped;
}

/* Of a journal of which only a part may be read nothing is said: what is missing may stand in the other. */
static bool is_partial_journal(const struct source *s) {
    char path[4096];
    snprintf(path, sizeof path, "%.*s", (int) MIN(s->path.n, sizeof path - 1), s->path.n ? s->path.p : "");
    if (!str_eq_z(s->kind, "journal") || intake_journal_is_whole(path))
        return false;
    log_warn("only a part of the journal '%s' may be read: missing numbers in it are not told", path);
    return true;
}

static bool say_gap(void *ctx, const struct sequence_row *row, const struct sequence_hole *hole) {
    struct saying *x = ctx;
    if (!hole->anew && is_partial_journal(x->source))
        return true;
    begin(x, hole->anew ? "source-anew" : "source-gap");
    jsonw_kz(&x->w, "kizuki.ledger.log", row->log);
    if (!str_eq_z(STR("journal"), row->log)) /* there it is the id of the series */
        jsonw_kz(&x->w, "kizuki.ledger.host", row->host);
    jsonw_ku64(&x->w, "kizuki.ledger.from", hole->from);
    if (!hole->anew) {
        jsonw_ku64(&x->w, "kizuki.ledger.to", hole->to);
        jsonw_ku64(&x->w, "kizuki.ledger.missing", hole->left);
    }
    return end(x);
}

/* host: the machine it is the clock of; STR_NULL: no line of the source names one. */
static void say_one_clock(struct saying *x, struct str host, int64_t skew_ns, int64_t *told_ms) {
    int64_t skew = skew_ns / NS_PER_MS, ahead = skew - *told_ms;
    int64_t step = MAX((int64_t) SKEW_STEP_MS, (*told_ms < 0 ? -*told_ms : *told_ms) / 4);
    if (ahead < step && ahead > -step)
        return;
    begin(x, "source-clock");
    if (host.n)
        jsonw_kstr(&x->w, "kizuki.ledger.host", host);
    jsonw_ki64(&x->w, "kizuki.ledger.skew_s", skew / 1000);
    jsonw_ki64(&x->w, "kizuki.ledger.skew_abs_s", (skew < 0 ? -skew : skew) / 1000);
    if (end(x))
        *told_ms = skew;
}

static void say_clock(struct saying *x, const struct engine_source *seen) {
    struct clock_source *hosts = clocks_of(engine_clocks(pump_engine(x->s->pump)), x->source->id);
    for (size_t i = 0; hosts && i < hosts->n; i++)
        say_one_clock(x, hosts->at[i].host, hosts->at[i].skew_ns, &hosts->at[i].told_ms);
    if (!hosts)
        say_one_clock(x, STR_NULL, seen->skew_ns, &x->row->told.skew_ms);
}

/* No event: how its lines are read is a part of the source's definition, which stands in the spool like any other. */
static void learn_encoding(struct saying *x, const struct engine_source *seen) {
    struct source def = *x->source;
    struct diag d = {0};
    uint32_t id;
    int usual = def.encoding < 0 ? ledger_usual_encoding(x->row, def.usual, seen) : 0;
    if (!usual)
        return;
    def.usual = usual;
    if (registry_add(&x->s->registry, x->s->spool, &def, &id, &d) < 0)
        log_warn("the usual encoding of '%.*s' cannot be kept: %s", STR_ARG(def.name), d.text);
    else
        log_info("'%.*s' usually writes %s", STR_ARG(def.name), text_encoding_to_string((enum text_encoding) usual));
}

static void say_unread(struct saying *x, const struct engine_source *seen) {
    struct ledger_row *r = x->row;
    if (seen->unparsed < UNREAD_MIN || seen->unparsed < 2 * r->told.unparsed)
        return;
    begin(x, "source-unread");
    jsonw_ku64(&x->w, "kizuki.ledger.unread", seen->unparsed);
    jsonw_ku64(&x->w, "kizuki.ledger.unread_percent", 100 * seen->unparsed / MAX(r->lines, seen->unparsed));
    if (end(x))
        r->told.unparsed = seen->unparsed;
}

void ledger_voice_tick(struct sensor *s) {
    size_t n_seen;
    /* A turn that is due waits for a tick at which nothing is to be looked at: what comes in step with the ticks, like canaries,
     * would meet every tenth of them. */
    if (s->replay || !s->live || ++s->voice_ticks < EVERY_TICKS || spool_pending_bytes(s->spool) ||
        pump_at(s->pump) != spool_durable_next(s->spool))
        return;
    s->voice_ticks = 0;
    struct ledger *l = pump_ledger(s->pump);
    const struct engine_source *seen = engine_sources(pump_engine(s->pump), &n_seen);
    struct saying x = {.s = s, .now_ns = time_now_ns()};
    bool slow = ++s->voice_turns % SLOW_TURNS == 0;
    for (size_t i = 1; i < MIN(l->n, s->registry.n); i++) {
        x.source = &s->registry.sources[i];
        x.row = &l->rows[i];
        if (!ledger_shows(x.source) || x.row->first_ns == TIME_NONE)
            continue;
        say_quiet(&x);
        say_eaten(&x);
        say_lost(&x);
        say_wiped(&x);
        while (sequence_due(&l->sequence, x.source->id, x.now_ns, say_gap, &x))
            ;
        if (slow && i < n_seen) {
            say_clock(&x, &seen[i]);
            say_unread(&x, &seen[i]);
            learn_encoding(&x, &seen[i]);
        }
    }
}
