/* See canary.h. The drill is over once the pump has looked past its last record; then it is certain what the rules
 * said, and only the room's acknowledgement is waited for. */
#include "app/sensor/canary.h"

#include "app/engine/overlay.h"
#include "app/engine/samples.h"
#include "app/sensor/sensor.h"
#include "base/image.h"
#include "base/log.h"
#include "base/mem.h"
#include "detect/correlate.h"
#include "detect/rule.h"

enum { LINES_MAX = STORY_LINES_MAX, ARENA_MAX = 64 * 1024 * 1024, GIVE_UP = 5 /* times late */, LOOKED_AT_ONCE = 2000, PAUSE_S = 1 };
#define EVERY_NS NS_PER_DAY
#define FIRST_PAUSE_NS (10 * NS_PER_S) /* after a start there is more urgent work */

const char *canary_state_to_string(enum canary_state s) {
    static const char *const words[] = {
        [CANARY_NONE] = "none", [CANARY_WAITING] = "waiting", [CANARY_PASSED] = "passed", [CANARY_LATE] = "late",
        [CANARY_UNDELIVERED] = "undelivered", [CANARY_THRESHOLD] = "threshold", [CANARY_HIDDEN] = "hidden",
        [CANARY_DEAD] = "dead"};
    return words[s];
}

void canaries_init(struct canaries *c) {
    map_init(&c->rows, RULES_MAX, 0);
    c->quiet_until_ns = time_monotonic_ns() + FIRST_PAUSE_NS;
}

const struct canary_row *canaries_row(const struct canaries *c, struct str rule) {
    return map_get(&c->rows, rule);
}

static struct canary_row *row_of(struct canaries *c, struct str rule) {
    union map_value *v;
    bool fresh;
    if (map_add(&c->rows, rule, &v, &fresh) < 0)
        return NULL;
    if (fresh && (v->ptr = mem_zalloc(sizeof(struct canary_row))))
        ((struct canary_row *) v->ptr)->at_ns = TIME_NONE;
    return v->ptr;
}

void canaries_image(struct canaries *c, struct image *x) {
    size_t n = c->rows.n;
    struct map_slot *s = NULL;
    image_size(x, &n, RULES_MAX);
    for (size_t i = 0; i < n && !x->error; i++) {
        struct canary_row *row, none = {0};
        struct str key = STR_NULL;
        if (!x->reading)
            key = (s = map_next(&c->rows, s))->key;
        image_str(x, &key, 512);
        row = !x->reading ? s->value.ptr : x->error ? NULL : row_of(c, key);
        row = row ? row : &none;
        image_count(x, &row->state, CANARY_STATE_MAX_ - 1);
        image_i64(x, &row->at_ns);
        image_u64(x, &row->took_ms);
    }
}

void canaries_want(struct canaries *c, struct str rule) {
    snprintf(c->wanted, sizeof c->wanted, "%.*s", (int) MIN(rule.n, sizeof c->wanted - 1), rule.p);
}

/* ---- sending ---- */

static int put(struct sensor *s, struct str line, unsigned flags) {
    struct diag d;
    struct raw_record rec = {.bytes = line, .arrival_ns = time_now_ns(), .source = s->canaries.source,
                             .flags = RAW_DRILL | RAW_BACKFILL | flags};
    int r = s->sink.put(s->sink.ctx, &rec, &d);
    if (r == -EAGAIN && (r = s->sink.commit(s->sink.ctx, &d)) == 0)
        r = s->sink.put(s->sink.ctx, &rec, &d);
    return r;
}

static int name_source(struct sensor *s) {
    struct source def = {.name = STR("canary"), .kind = STR("canary"), .encoding = -1,
                         .offset_min = s->config->offset_min, .skew_max_ns = NS_PER_DAY};
    return s->canaries.source ? 0 : registry_add(&s->registry, s->spool, &def, &s->canaries.source, NULL);
}

static void send_canary(struct sensor *s, const struct detect_rule *rule, struct canary_row *row) {
    struct canaries *c = &s->canaries;
    struct arena a;
    struct sample_lines l = {.arena = &a};
    struct diag d = {0};
    bool backfilling = s->backfilling;
    arena_init(&a, ARENA_MAX);
    int r = name_source(s);
    if (r == 0 && (r = sample_lines_of_rule(rule, &l, &d)) < 0)
        row->state = CANARY_DEAD; /* what it brings along cannot be played */
    for (size_t i = 0; r == 0 && i < l.n && i < LINES_MAX; i++)
        r = put(s, l.at[i], 0);
    if (r == 0)
        r = put(s, STR(""), RAW_TICK);
    if (r == 0)
        r = s->sink.commit(s->sink.ctx, NULL);
    s->backfilling = backfilling; /* these were no old logs */
    row->at_ns = time_now_ns();
    arena_done(&a);
    if (r < 0) {
        log_warn("no canary could be sent for rule '%.*s': %s", STR_ARG(rule->title), d.text[0] ? d.text : err_word(r));
        return;
    }
    c->running = true;
    c->heard = false;
    c->seq = 0;
    c->end = spool_durable_next(s->spool) - 1;
    c->from_ns = time_monotonic_ns();
    snprintf(c->rule, sizeof c->rule, "%.*s", (int) MIN(rule->id.n, sizeof c->rule - 1), rule->id.p);
}

bool canaries_hear(struct sensor *s, const struct finding *f, const struct raw_record *rec, uint64_t seq) {
    struct canaries *c = &s->canaries;
    /* Told again after a restart, when nobody has sent a canary yet: what the source is stands in the spool. */
    if (!f->drill || (rec && (rec->source >= s->registry.n || !str_eq_z(s->registry.sources[rec->source].kind, "canary"))))
        return false;
    if (c->running && str_eq_z(f->rule_id, c->rule) && !c->heard) {
        c->heard = true;
        c->seq = seq;
    }
    return true;
}

/* ---- judging ---- */

static bool has_exception(const struct sensor *s, const struct detect_rule *rule) {
    size_t n;
    const struct overlay_exception *x = overlay_exceptions(engine_overlay(pump_engine(s->pump)), &n);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < x[i].n_targets; k++)
            if (x[i].targets[k] == rule->index)
                return true;
    return false;
}

/* CANARY_WAITING: not known yet. */
static enum canary_state judge(struct sensor *s, const struct detect_rule *rule, uint64_t took_ms) {
    const struct canaries *c = &s->canaries;
    uint64_t late_ms = (uint64_t) (s->config->canary_late_ns / NS_PER_MS);
    bool patience = took_ms < GIVE_UP * late_ms;
    if (pump_at(s->pump) <= c->end)
        return patience ? CANARY_WAITING : CANARY_LATE;
    if (c->heard && roomlink_acknowledged(s->link) < c->seq)
        return patience ? CANARY_WAITING : CANARY_UNDELIVERED;
    const struct engine *e = pump_engine(s->pump);
    bool was_true = drill_was_true(e, rule);
    if (c->heard || (!correlate_plan_speaks(engine_correlations(e), rule->index) && was_true))
        return took_ms > late_ms ? CANARY_LATE : CANARY_PASSED;
    if (was_true || (drill_was_seen(e, rule) && has_exception(s, rule)))
        return CANARY_HIDDEN;
    return drill_was_seen(e, rule) ? CANARY_THRESHOLD : CANARY_DEAD;
}

static void look_after(struct sensor *s) {
    struct canaries *c = &s->canaries;
    const struct detect_rule *rule = detect_rules_find(engine_rules(pump_engine(s->pump)), str_of(c->rule));
    struct canary_row *row = row_of(c, str_of(c->rule));
    bool arrived = c->heard && roomlink_acknowledged(s->link) >= c->seq;
    int64_t until_ns = arrived ? roomlink_acknowledged_at(s->link) : time_monotonic_ns(); /* we look once a second */
    uint64_t took_ms = (uint64_t) (MAX(until_ns - c->from_ns, 0) / NS_PER_MS);
    enum canary_state state = rule && row ? judge(s, rule, took_ms) : CANARY_NONE;
    if (state == CANARY_WAITING)
        return;
    c->running = false;
    c->quiet_until_ns = time_monotonic_ns() + PAUSE_S * NS_PER_S;
    if (!rule || !row)
        return;
    row->state = state;
    row->took_ms = took_ms;
    s->rule_state_changed = true;
    if (state != CANARY_PASSED)
        log_warn("canary of rule '%.*s': %s", STR_ARG(rule->title), canary_state_to_string(state));
}

static bool is_due(const struct canary_row *row, int64_t now_ns) {
    return !row || row->at_ns == TIME_NONE || now_ns - row->at_ns >= EVERY_NS || row->at_ns > now_ns;
}

static void begin_next(struct sensor *s) {
    struct canaries *c = &s->canaries;
    const struct detect_rules *set = engine_rules(pump_engine(s->pump));
    const struct overlay *o = engine_overlay(pump_engine(s->pump));
    const struct detect_rule *wanted = c->wanted[0] ? detect_rules_find(set, str_of(c->wanted)) : NULL;
    c->wanted[0] = 0;
    for (unsigned n = 0; !c->running && n < MIN(set->n, (uint32_t) LOOKED_AT_ONCE); n++) {
        const struct detect_rule *rule = wanted ? wanted : set->rules[c->next++ % set->n];
        bool is_rule = rule->kind != DETECT_FILTER && !rule->refused && !overlay_is_exception(o, rule->index);
        if (is_rule && (wanted || is_due(canaries_row(c, rule->id), time_now_ns())) && rule_has_samples(rule)) {
            struct canary_row *row = row_of(c, rule->id);
            if (row)
                send_canary(s, rule, row);
        }
        if (wanted)
            break;
    }
}

void canaries_tick(struct sensor *s) {
    struct canaries *c = &s->canaries;
    if (s->replay)
        return;
    if (c->running)
        look_after(s);
    else if (!s->drill.story && /* a canary ends what a drill counts */ !s->rules_changing && (c->wanted[0] || time_monotonic_ns() >= c->quiet_until_ns) &&
             pump_at(s->pump) == spool_durable_next(s->spool))
        begin_next(s);
}
