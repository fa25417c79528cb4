/* See sensor.h. Here: options, set-up, the turns of the loop. It decides nothing about lines: transports put them,
 * the pump looks at what is durable. */
#include "app/content/content.h"
#include "app/common/note.h"
#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "app/sensor/sensor.h"
#include "app/sensor/late_feed.h"
#include "app/sensor/table_work.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "intake/handed.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>

enum { SYSLOG_FDS_MAX = 32, TICK_MS = 1000, STATUS_MS = 2000 };

struct options {
    const char *data, *config, *room, *logs_root;
    int syslog_fds[SYSLOG_FDS_MAX];
    int n_syslog_fds;
    int held_fd, gate_fd, replay_fd;
    bool no_local_logs, end_after_replay;
};

static void stop(struct sensor *s, int result) {
    s->result = result;
    uv_stop(&s->loop);
}

static int put_counted(void *ctx, const struct raw_record *rec, struct diag *reterr) {
    struct sensor *s = ctx;
    s->arrived++;
    if (rec->flags & RAW_BACKFILL) {
        s->backfilling = true;
        s->backfilled_ns = time_monotonic_ns();
    }
    return spool_put(s->spool, rec, reterr);
}

static int commit_and_look(void *ctx, struct diag *reterr);

void sensor_look(uv_idle_t *h) {
    struct sensor *s = h->data;
    struct diag d = {0};
    int r = pump_slice(s->pump, &d);
    messages_clock(&s->messages);
    if (r < 0) {
        log_error("%s", d.text);
        stop(s, 1);
    }
    if (r <= 0)
        uv_idle_stop(h);
}

static int commit_and_look(void *ctx, struct diag *reterr) {
    struct sensor *s = ctx;
    int r = spool_commit(s->spool, reterr);
    if (r == 0)
        uv_idle_start(&s->idle, sensor_look);
    return r;
}

/* After every turn in which transports put something: one commit for all of them. */
static void after_turn(uv_check_t *h) {
    struct sensor *s = h->data;
    struct diag d = {0};
    if (s->late)
        late_feed_turn(s->late);
    if (!spool_pending_bytes(s->spool))
        return;
    if (commit_and_look(s, &d) < 0 && time_monotonic_ns() - s->commit_complained_ns > 10 * NS_PER_S) {
        s->commit_complained_ns = time_monotonic_ns();
        log_error("cannot write to the spool, trying again; nothing is lost while senders wait: %s", d.text);
    }
}

/* A tick is a record. Without arrivals one in ten seconds is enough. */
static void on_tick(uv_timer_t *t) {
    struct sensor *s = t->data;
    static unsigned quiet;
    indicators_tick(s);
    rules_tick(s);
    if (s->late)
        late_feed_tick(s->late);
    ledger_voice_tick(s); /* before a canary is sent: it speaks when nothing waits to be looked at */
    rule_state_tick(s);
    notes_tick(s);
    struct raw_record rec = {.arrival_ns = time_now_ns(), .flags = RAW_TICK};
    if (s->replay || (!s->arrived && !s->backfilling && ++quiet % 10))
        return;
    s->arrived = 0;
    /* Old logs have been read when nothing of them came for three seconds: a record says so. */
    if (s->backfilling && time_monotonic_ns() - s->backfilled_ns > 3 * NS_PER_S) {
        struct raw_record end = {.arrival_ns = rec.arrival_ns, .flags = RAW_TICK | RAW_BACKFILL};
        s->backfilling = spool_put(s->spool, &end, NULL) < 0;
    }
    if (spool_put(s->spool, &rec, NULL) < 0)
        return;
    (void) commit_and_look(s, NULL);
}

/* Everything of a story has been looked at and what it told has arrived. A short one is over before the room is there to be told. */
static bool replay_is_through(const struct sensor *s) {
    return s->replay_ended && !spool_pending_bytes(s->spool) &&
           pump_at(s->pump) == spool_durable_next(s->spool) && roomlink_empty(s->link) && roomlink_up(s->link);
}

/* Reports are not acknowledged. Where a finding was, the room has read what went before; else it gets some turns to read. */
enum { LAST_TURNS = 1, LAST_TURNS_UNHEARD = 6 };

static void on_status(uv_timer_t *t) {
    struct sensor *s = t->data;
    pump_tell_matches(s->pump);
    messages_status(&s->messages);
    if (s->end_after_replay && replay_is_through(s) && s->said_last++ >= (roomlink_told(s->link) ? LAST_TURNS : LAST_TURNS_UNHEARD))
        stop(s, 0); /* a turn after the last status went out */
}

static void on_signal(uv_signal_t *sig, int number UNUSED) {
    stop(sig->data, 0);
}

static void room_up(void *ctx) {
    struct messages *m = ctx;
    messages_hello(m);
    rule_state_tell(container_of(m, struct sensor, messages));
}
static void room_again(void *ctx) {
    struct messages *m = ctx;
    struct sensor *s = container_of(m, struct sensor, messages);
    uv_idle_start(&s->idle, sensor_look);
}

static bool asked_later(void *ctx, struct str type, int64_t id, const struct json_value *q) {
    return table_work_asked(ctx, type, id, q) || late_feed_asked(ctx, type, id, q);
}

static int start_parts(struct sensor *s, const struct options *o, struct diag *err) {
    char spool[PATH_MAX], state[PATH_MAX];
    snprintf(spool, sizeof spool, "%.4000s/spool", s->config->data);
    snprintf(state, sizeof state, "%.4000s/sensor", s->config->data);
    const struct spool_options spool_options = {
        .segment_bytes = s->config->segment_bytes,
        .segment_age_ns = o->replay_fd >= 0 ? 0 : s->config->close_after_ns};
    int r = file_make_dir(state, 0700, err);
    if (r < 0 || (r = spool_open(spool, &spool_options, &s->spool, err)) < 0 ||
        (r = registry_init(&s->registry, err)) < 0 ||
        (r = registry_load(&s->registry, s->spool, err)) < 0)
        return r;
    const struct spool_found *found = spool_found(s->spool);
    if (found->gaps_n)
        log_error("%u stretches of the newest segment cannot be read", found->gaps_n);
    s->sink = (struct record_sink){.ctx = s, .put = put_counted, .commit = commit_and_look};
    if ((r = indicators_start(s, err)) < 0)
        return r;
    struct engine_options engine = {.sources = s->registry.sources, .n_sources = SOURCES_MAX};
    if ((r = rules_start(s, &engine, err)) < 0)
        return r;
    struct pump_options p = {.spool_dir = spool, .state_dir = state, .engine = engine,
                             .offset_min = s->config->offset_min};
    if ((r = pump_new(&p, &s->pump, err)) < 0)
        return r;
    for (size_t i = 0; i < s->config->n_sources; i++) {
        struct diag wrong;
        char line[1024];
        if (engine_check_source(pump_engine(s->pump), &s->config->sources[i], &wrong) < 0)
            log_error("source '%.*s' is read as if it named no decoder: %s", STR_ARG(s->config->sources[i].name),
                      diag_format(&wrong, line, sizeof line));
    }
    s->messages = (struct messages){.pump = s->pump, .registry = &s->registry, .replay = o->replay_fd >= 0};
    struct roomlink_handlers on = {.ctx = &s->messages, .connected = room_up, .asked = messages_asked,
                                   .room_again = room_again};
    if ((r = roomlink_new(&s->loop, o->room, &on, &s->link)) < 0)
        return diag_set(err, r, "cannot reach for the room at '%s': %s", o->room, err_word(r));
    s->messages.link = s->link;
    s->messages.order = rule_state_order;
    s->messages.trial = rule_state_trial;
    s->messages.later = asked_later;
    s->messages.order_ctx = s;
    rule_state_start(s);
    return pump_begin(s->pump, s->link, err);
}

static void start_timers(struct sensor *s) {
    uv_check_init(&s->loop, &s->check);
    uv_idle_init(&s->loop, &s->idle);
    uv_timer_init(&s->loop, &s->tick);
    uv_timer_init(&s->loop, &s->status);
    uv_signal_init(&s->loop, &s->on_term);
    uv_signal_init(&s->loop, &s->on_int);
    s->check.data = s->idle.data = s->tick.data = s->status.data = s->on_term.data = s->on_int.data = s;
    uv_check_start(&s->check, after_turn);
    uv_idle_start(&s->idle, sensor_look);
    uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
    uv_timer_start(&s->status, on_status, 200, s->end_after_replay ? 200 : STATUS_MS);
    uv_signal_start(&s->on_term, on_signal, SIGTERM);
    uv_signal_start(&s->on_int, on_signal, SIGINT);
}

static int start_intake(struct sensor *s, const struct options *o, struct diag *err) {
    if (o->replay_fd >= 0)
        return replay_feed_start(s, o->replay_fd, err);
    int r = sources_start(s, o->syslog_fds, o->n_syslog_fds, o->held_fd, o->no_local_logs ? NULL : o->logs_root, err);
    if (r == 0 && (r = late_feed_start(s, &s->late)) < 0)
        return diag_set(err, r, "cannot make the folder of late logs: %s", err_word(r));
    return r < 0 || o->gate_fd < 0 ? r : intake_handed_add(s->live, o->gate_fd, err);
}

/* After set-up: of the data folder what is its own (the key of the seals and the room's database lie beside it), where
 * its sources lie, the rules, sockets; nothing else. */
static int drop_rights(const struct sensor *s, const struct options *o, struct diag *err) {
    static char spool[PATH_MAX], state[PATH_MAX], rules[PATH_MAX], statistics[PATH_MAX], incoming[PATH_MAX],
        decoders[PATH_MAX], notes[PATH_MAX], indicators[PATH_MAX], late[PATH_MAX];
    snprintf(spool, sizeof spool, "%.4000s/spool", s->config->data);
    snprintf(state, sizeof state, "%.4000s/sensor", s->config->data);
    snprintf(statistics, sizeof statistics, "%.4000s/statistics", s->config->data);
    snprintf(incoming, sizeof incoming, "%.4000s/incoming", s->config->data);
    snprintf(late, sizeof late, "%.4000s/late", s->config->data);
    snprintf(decoders, sizeof decoders, "%.4000s/decoders", s->config->data);
    snprintf(indicators, sizeof indicators, "%.4000s/indicators", s->config->data);
    int r = rulesets_path(rules, s->config->data, "");
    if (r == 0)
        r = file_make_dir(rules, 0700, err); /* rules that are taken in later are read, too */
    if (r == 0)
        r = file_make_dir(incoming, 0700, err);
    if (r == 0)
        r = file_make_dir(late, 0700, err);
    if (r == 0)
        r = note_folder(s->config->data, notes, err);
    if (r == 0)
        r = file_make_dir(indicators, 0700, err); /* those that are taken in later are read, too */
    if (r < 0)
        return r;
    const struct sandbox_path paths[] = {
        {spool, SANDBOX_WRITE}, {state, SANDBOX_WRITE}, {rules, SANDBOX_WRITE},
        {late, SANDBOX_WRITE}, {incoming, SANDBOX_WRITE}, /* what was sent through the pages; taken and removed */
        {notes, SANDBOX_WRITE}, /* what our other programs noticed; taken and removed */
        {statistics, SANDBOX_READ}, {decoders, SANDBOX_READ}, {indicators, SANDBOX_READ}, {o->room, SANDBOX_WRITE},
        {engine_content_dir(), SANDBOX_READ}, {packs_dir(), SANDBOX_READ}, {"/etc/machine-id", SANDBOX_READ},
        {"/usr/lib/x86_64-linux-gnu/gconv", SANDBOX_READ}, {"/proc/self", SANDBOX_READ},
    };
    struct sandbox_path all[ARRAY_SIZE(paths) + 256];
    size_t n = ARRAY_SIZE(paths);
    memcpy(all, paths, sizeof paths);
    for (size_t i = 0; i < s->config->rules.n && n < ARRAY_SIZE(all) / 2; i++) /* read again when rules change */
        all[n++] = (struct sandbox_path){arena_dup_z(&s->config->arena, s->config->rules.p[i]), SANDBOX_READ};
    if (o->replay_fd < 0)
        n += sources_paths(s, o->no_local_logs ? NULL : o->logs_root, all + n, ARRAY_SIZE(all) - n);
    return sandbox_enter(all, n, SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_SOCKETS, err);
}

static int read_options(struct options *o, int argc, char **argv) {
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'},      {"config", required_argument, NULL, 'c'},
        {"room", required_argument, NULL, 'r'},      {"syslog-fd", required_argument, NULL, 's'},
        {"replay-fd", required_argument, NULL, 'p'}, {"no-local-logs", no_argument, NULL, 'n'},
        {"held-fd", required_argument, NULL, 'h'},   {"gate-fd", required_argument, NULL, 'g'},
        {"end-after-replay", no_argument, NULL, 'e'}, {"logs-root", required_argument, NULL, 'l'},
        {0},
    };
    uint64_t v;
    int c;
    *o = (struct options){.held_fd = -1, .gate_fd = -1, .replay_fd = -1, .logs_root = ""};
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'd')
            o->data = optarg;
        else if (c == 'c')
            o->config = optarg;
        else if (c == 'r')
            o->room = optarg;
        else if (c == 'n')
            o->no_local_logs = true;
        else if (c == 'l')
            o->logs_root = optarg;
        else if (c == 'e')
            o->end_after_replay = true;
        else if (strchr("sphg", c) && str_to_u64(str_of(optarg), &v) == 0 && v < 4096) {
            if (c == 'p')
                o->replay_fd = (int) v;
            else if (c == 'h')
                o->held_fd = (int) v;
            else if (c == 'g')
                o->gate_fd = (int) v;
            else if (o->n_syslog_fds < SYSLOG_FDS_MAX)
                o->syslog_fds[o->n_syslog_fds++] = (int) v;
        } else
            return -EINVAL;
    }
    return o->data && o->room && optind == argc ? 0 : -EINVAL;
}

static void done(struct sensor *s) {
    struct diag d = {0};
    if (s->live)
        intake_live_close(s->live);
    if (s->spool && spool_pending_bytes(s->spool) && spool_commit(s->spool, &d) < 0)
        log_error("what arrived last is not written: %s", d.text);
    if (s->pump && s->result == 0 && pump_keep(s->pump, &d) < 0)
        log_warn("cannot keep the state, the next start looks at more records again: %s", d.text);
    if (s->pump && s->result == 0 && !s->replay)
        rule_state_keep(s);
    if (s->pump)
        trial_done(&s->trial);
    /* The process ends here: memory goes with it, and closing handles would need more turns of the loop. */
}

int main(int argc, char **argv) {
    static struct sensor s;
    struct options o;
    struct diag d = {0};
    char line[1024];
    log_set_program("kizuki-sensor");
    supervised_begin();
    signal(SIGPIPE, SIG_IGN);
    if (read_options(&o, argc, argv) < 0) {
        fprintf(stderr, "usage: kizuki-sensor --data DIR --room SOCKET [--config FILE] [--syslog-fd N]… [--held-fd N] [--gate-fd N] "
                        "[--replay-fd N [--end-after-replay]] [--no-local-logs] [--logs-root DIR]\n");
        return 2;
    }
    uv_loop_init(&s.loop);
    s.end_after_replay = o.end_after_replay;
    int r = config_load(o.data, o.config, &s.config, &d);
    if (r == 0)
        r = start_parts(&s, &o, &d);
    if (r == 0) {
        start_timers(&s);
        r = start_intake(&s, &o, &d);
    }
    if (r == 0 && (r = drop_rights(&s, &o, &d)) > 0)
        log_warn("this kernel has no Landlock; the sensor could open files it need not");
    if (r < 0) {
        log_error("cannot start: %s", diag_format(&d, line, sizeof line));
        return 1;
    }
    uv_run(&s.loop, UV_RUN_DEFAULT);
    done(&s);
    return s.result;
}
