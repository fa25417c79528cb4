/* See drill.h. */
#include "app/sensor/drill.h"

#include "app/content/content.h"
#include "app/sensor/sensor.h"
#include "base/log.h"
#include "base/time.h"
#include "base/yaml.h"
#include "pack/pack.h"
#include "pack/replay.h"

#include <limits.h>

enum { ARENA_MAX = 64 * 1024 * 1024 };

static int put(struct sensor *s, struct str line, uint32_t source, unsigned flags) {
    struct diag d = {0};
    struct raw_record rec = {.bytes = line, .arrival_ns = time_now_ns(), .source = source, .flags = RAW_DRILL | flags};
    int r = s->sink.put(s->sink.ctx, &rec, &d);
    if (r == -EAGAIN && (r = s->sink.commit(s->sink.ctx, &d)) == 0)
        r = s->sink.put(s->sink.ctx, &rec, &d);
    return r;
}

/* Sources of their own, so that no real one is taken to have spoken. */
static int name_sources(struct sensor *s, const char *file, struct diag *err) {
    struct arena a;
    struct yaml_doc *doc = NULL;
    char name[300];
    size_t n = 0;
    arena_init(&a, ARENA_MAX);
    int r = yaml_parse_file(&a, file, &doc, err);
    const struct yaml_node *list = r == 0 && doc ? yaml_get(doc->root, "sources") : NULL;
    for (const struct yaml_node *v = list ? list->first : NULL; v && r == 0; v = v->next) {
        struct source def = {.kind = STR("drill"), .encoding = -1, .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = NS_PER_DAY};
        struct str own = STR("");
        IGNORE(yaml_get_str(v, "name", &own));
        IGNORE(yaml_get_str(v, "service", &def.service));
        IGNORE(yaml_get_str(v, "host", &def.host));
        snprintf(name, sizeof name, "drill-%s-%.*s", s->drill.pack, (int) MIN(own.n, 100u), own.p);
        def.name = str_of(name);
        r = n < DRILL_SOURCES_MAX ? registry_add(&s->registry, s->spool, &def, &s->drill.sources[n++], err)
                                  : diag_set(err, -ERR_LIMIT, "a drill has at most %d sources", DRILL_SOURCES_MAX);
    }
    arena_done(&a);
    return r;
}

/* The next line of the story, kept until its time comes. False at the end. */
static bool take_line(struct drill *d) {
    struct pack_line line;
    int r = d->has_line ? 1 : pack_replay_next(d->story, &line);
    if (!d->has_line && r > 0) {
        d->has_line = true;
        d->line_ns = line.at_ns;
        d->line_source = line.source;
        d->line = line.bytes;
    }
    return r > 0;
}

static void over(struct sensor *s, bool put_end) {
    if (put_end && (put(s, STR(""), 0, RAW_TICK) < 0 || s->sink.commit(s->sink.ctx, NULL) < 0))
        log_warn("the end of a drill could not be written");
    s->drill.story = pack_replay_free(s->drill.story);
    s->rule_state_changed = true;
}

int drill_begin(struct sensor *s, struct str pack, struct diag *reterr) {
    struct drill *d = &s->drill;
    char path[PATH_MAX];
    int64_t now = time_now_ns();
    if (d->story)
        return diag_set(reterr, -EBUSY, "the drill '%s' is under way; end it first", d->pack);
    if (!pack_name_is_plain(pack))
        return diag_set(reterr, -EINVAL, "there is no such lesson");
    *d = (struct drill){.started_ns = now};
    snprintf(d->pack, sizeof d->pack, "%.*s", STR_ARG(pack));
    snprintf(path, sizeof path, "%.3900s/%s/replay.yml", packs_dir(), d->pack);
    int r = pack_replay_open(path, 0, &d->story, reterr);
    if (r < 0)
        return r;
    int64_t lasts = pack_replay_end_ns(d->story) - pack_replay_start_ns(d->story);
    if (lasts > DRILL_HOURS_MAX * NS_PER_HOUR)
        r = diag_set(reterr, -ERR_LIMIT, "this story lasts %lld hours, and people are drilled for at most %d; play it with kizuki pack replay",
                     (long long) (lasts / NS_PER_HOUR), DRILL_HOURS_MAX);
    if (r == 0)
        r = name_sources(s, path, reterr);
    if (r < 0) {
        d->story = pack_replay_free(d->story);
        return r;
    }
    d->ends_ns = now + lasts;
    log_info("drill '%s' begins; it lasts %lld minutes", d->pack, (long long) (lasts / NS_PER_MIN));
    s->rule_state_changed = true;
    return 0;
}

void drill_end(struct sensor *s) {
    if (s->drill.story)
        over(s, true);
}

void drill_tick(struct sensor *s) {
    struct drill *d = &s->drill;
    int64_t now = time_now_ns();
    int r = 0;
    bool any = false, more = true;
    if (!d->story || (!d->begun && s->canaries.running))
        return; /* the tick that ends a canary would end the drill, too */
    if (!d->begun) {
        int64_t lasts = d->ends_ns - d->started_ns;
        d->begun = true;
        d->started_ns = now;
        d->ends_ns = now + lasts;
        pack_replay_shift(d->story, now - pack_replay_start_ns(d->story));
    }
    for (size_t n = 0; d->story && n < DRILL_LINES_AT_ONCE && r == 0 && (more = take_line(d)) && d->line_ns <= now; n++) {
        r = d->line_source < DRILL_SOURCES_MAX ? put(s, d->line, d->sources[d->line_source], 0) : -ERR_LIMIT;
        d->has_line = false;
        d->lines++;
        any = true;
    }
    if (any && r == 0)
        r = s->sink.commit(s->sink.ctx, NULL);
    if (r < 0)
        log_warn("the drill '%s' cannot go on: %s", d->pack, err_word(r));
    if (d->story && (r < 0 || (!more && now >= d->ends_ns)))
        over(s, true);
}

void drill_write(const struct drill *d, struct jsonw *w) {
    if (!d->story) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_kz(w, "pack", d->pack);
    jsonw_ktime(w, "started", d->started_ns);
    jsonw_ktime(w, "ends", d->ends_ns);
    jsonw_ku64(w, "lines", d->lines);
    jsonw_end(w);
}
