/* Other rules while the sensor runs. Whoever changes something below DATA/rules writes DATA/rules/changed
 * last; it is looked at once a second. What does not load leaves the rules as they are and is said. */
#include "app/sensor/sensor.h"

#include "app/engine/tightened.h"
#include "base/log.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static void use_paths(const struct sensor *s, struct engine_options *o, const struct rule_paths *p) {
    static char statistics[PATH_MAX]; /* the same each time */
    snprintf(statistics, sizeof statistics, "%.4000s/statistics", s->config->data);
    o->statistics = access(statistics, R_OK) == 0 ? statistics : NULL;
    o->rule_paths = p->p;
    o->n_rule_paths = p->n;
    o->watched_paths = p->watched;
    o->n_watched_paths = p->n_watched;
    o->suppress_path = p->suppress;
    o->tightened_path = s->replay ? NULL : p->tightened;
    o->decoder_paths = p->decoders;
    o->n_decoder_paths = p->n_decoders;
    o->indicators = true;
    o->indicator_set = s->indicators;
}

static struct timespec changed_at(const struct sensor *s) {
    char path[PATH_MAX];
    struct stat st;
    if (rulesets_path(path, s->config->data, "changed") < 0 || stat(path, &st) < 0)
        return (struct timespec){0};
    return st.st_mtim;
}

static bool same_time(struct timespec a, struct timespec b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* When a closer watch is over the rules are loaded without it; the room need not be there. */
static void watch_ends(struct sensor *s, const struct rule_paths *p) {
    s->tightened_next_ns = s->replay ? INT64_MAX : tightened_next(p->tightened, time_now_ns());
}

int rules_start(struct sensor *s, struct engine_options *o, struct diag *reterr) {
    s->rules_changed = changed_at(s); /* before they are read: a change in between is taken up */
    int r = rule_paths_load(s->config, engine_content_dir(), NULL, &s->rule_paths, reterr);
    use_paths(s, o, &s->rule_paths);
    watch_ends(s, &s->rule_paths);
    return r;
}

static void begin(struct sensor *s) {
    struct engine_options o = {.sources = s->registry.sources, .n_sources = SOURCES_MAX};
    struct diag d = {0};
    char line[1024];
    int r = rule_paths_load(s->config, engine_content_dir(), NULL, &s->rule_paths_next, &d);
    use_paths(s, &o, &s->rule_paths_next);
    if (r == 0)
        r = pump_change(s->pump, &o, &d);
    s->rules_changing = r == 0;
    if (r < 0) {
        log_error("the rules did not change: %s", diag_format(&d, line, sizeof line));
        rule_paths_done(&s->rule_paths_next);
    }
}

static void finish(struct sensor *s, int result) {
    s->rules_changing = false;
    if (result < 0) {
        rule_paths_done(&s->rule_paths_next);
        return;
    }
    rule_paths_done(&s->rule_paths);
    s->rule_paths = s->rule_paths_next;
    watch_ends(s, &s->rule_paths);
    if (s->canaries.running) { /* what it hit went with the engine: again, with the new rules */
        s->canaries.running = false;
        canaries_want(&s->canaries, str_of(s->canaries.rule));
    }
    s->rule_state_changed = true;
    messages_rules(&s->messages);
}

void rules_tick(struct sensor *s) {
    struct timespec now = changed_at(s);
    if (s->rules_changing) {
        int state = pump_change_state(s->pump, NULL);
        if (state > 0)
            uv_idle_start(&s->idle, sensor_look); /* also when nothing arrives */
        else
            finish(s, state);
    } else if (!s->replay && (!same_time(now, s->rules_changed) || time_now_ns() >= s->tightened_next_ns)) {
        s->tightened_next_ns = INT64_MAX;
        s->rules_changed = now;
        begin(s);
    }
}
