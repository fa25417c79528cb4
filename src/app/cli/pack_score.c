/* `kizuki pack score`: what a drill showed of the people: how many of those called were reached and when, how long each thing took, what was
 * done otherwise than the procedure says, and which departments took part. Read only, from what the room keeps of the drill's case. */
#include "app/cli/command.h"
#include "app/common/config.h"
#include "app/content/content.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/sql.h"
#include "base/time.h"
#include "pack/judge.h"

#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

struct score_args {
    const char *data;
};

/* A moment besides T0 to T7; the statement gives one time, or NULL. */
static const struct moment {
    const char *name, *text;
} MOMENTS[] = {
    {"first call", "SELECT min(c.at) FROM call c JOIN callout o ON o.id = c.callout_id WHERE o.incident_id = ?1"},
    {"procedure begun", "SELECT min(started_at) FROM run WHERE incident_id = ?1"},
    {"closed", "SELECT closed_at FROM incident WHERE id = ?1"},
};

static int one(struct sql *db, const char *text, int64_t incident, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(db, &st, err, text, "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 && !sql_is_null(st, 0) ? sql_i64(st, 0) : TIME_NONE;
    return MIN(e, 0);
}

static int print_moments(struct sql *db, int64_t incident, struct diag *err) {
    int64_t begin, at;
    int e = one(db, "SELECT min(first_at) FROM finding WHERE incident_id = ?1", incident, &begin, err);
    for (size_t i = 0; i < ARRAY_SIZE(MOMENTS) && e == 0; i++) {
        e = one(db, MOMENTS[i].text, incident, &at, err);
        if (e == 0 && at == TIME_NONE)
            printf("  %-28s not\n", MOMENTS[i].name);
        else if (e == 0)
            printf("  %-28s after %.1f min\n", MOMENTS[i].name, (double) MAX(at - begin, 0) / (double) NS_PER_MIN);
    }
    return e;
}

/* T1 to T7 beside what the survey says of the lesson that was told. */
static int print_times(struct sql *db, int64_t incident, struct diag *err) {
    struct case_times t;
    struct yaml_doc *doc = NULL;
    struct str pack;
    struct arena a;
    struct buf out;
    char path[PATH_MAX];
    arena_init(&a, (size_t) 16 << 20);
    buf_init(&out, 256 * 1024);
    int e = case_times_read(db, incident, true, &a, &t, err);
    if (e == 0)
        e = case_drill_pack(db, incident, &a, &pack, err);
    if (e == 0 && pack.n) {
        snprintf(path, sizeof path, "%.3000s/%.*s/pack.yml", packs_dir(), STR_ARG(pack));
        printf("told: %.*s\n", STR_ARG(pack));
        if (yaml_parse_file(&a, path, &doc, NULL) < 0)
            doc = NULL; /* a lesson that has gone: our times alone */
    }
    if (e == 0)
        pack_times_say(doc ? doc->root : NULL, t.at_ns, true, &out);
    if (e == 0)
        e = file_write_all(1, buf_str(&out));
    buf_done(&out);
    arena_done(&a);
    return e;
}

/* Reach: of those called; a person called by several ways counts once. */
static int print_reach(struct sql *db, int64_t incident, struct diag *err) {
    int64_t called = 0, reached = 0, departed = 0;
    int e = one(db, "SELECT count(DISTINCT c.person) FROM call c JOIN callout o ON o.id = c.callout_id WHERE o.incident_id = ?1", incident, &called, err);
    if (e == 0)
        e = one(db, "SELECT count(DISTINCT c.person) FROM call c JOIN callout o ON o.id = c.callout_id WHERE o.incident_id = ?1 AND c.answered_at IS NOT NULL", incident,
                &reached, err);
    if (e == 0)
        e = one(db, "SELECT coalesce(sum(deviations), 0) FROM run WHERE incident_id = ?1", incident, &departed, err);
    if (e < 0)
        return e;
    if (called)
        printf("  %-28s %" PRId64 " of %" PRId64 " (%.0f %%)\n", "reached", reached, called, 100.0 * (double) reached / (double) called);
    else
        printf("  %-28s nobody was called\n", "reached");
    printf("  %-28s %" PRId64 "\n", "departures from procedure", departed);
    return 0;
}

static int print_lanes(struct sql *db, int64_t incident, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int more, e = sql_query(db, &st, err,
                            "SELECT coalesce(lane, '-'), count(*), sum(state = 'done'), sum(state IN ('skipped','failed')), avg(CASE WHEN state = 'done' THEN ended_at - "
                            "created_at END) FROM task WHERE incident_id = ?1 GROUP BY 1 ORDER BY 1",
                            "i", incident);
    while (e == 0 && (more = sql_step(st, err)) != 0) {
        if (more < 0)
            return more;
        struct str lane = sql_str(st, 0);
        printf("  part of %-20.*s %" PRId64 " of %" PRId64 " steps done, %" PRId64 " skipped or failed", STR_ARG(lane), sql_i64(st, 2), sql_i64(st, 1), sql_i64(st, 3));
        if (!sql_is_null(st, 4))
            printf(", %.1f min a step", (double) sql_i64(st, 4) / (double) NS_PER_MIN);
        printf("\n");
    }
    return e;
}

static int score(struct sql *db, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(db, &st, err, "SELECT id, number FROM incident WHERE drill = 1 AND merged_into IS NULL ORDER BY id DESC LIMIT 1", "");
    if (e == 0)
        e = sql_step(st, err);
    if (e == 0)
        return diag_set(err, -ENOENT, "no drill has opened a case here; the page of a lesson begins one");
    if (e < 0)
        return e;
    int64_t incident = sql_i64(st, 0);
    printf("drill %.*s\n", STR_ARG(sql_str(st, 1)));
    fflush(stdout);
    e = print_times(db, incident, err);
    if (e == 0)
        e = print_moments(db, incident, err);
    if (e == 0)
        e = print_reach(db, incident, err);
    return e == 0 ? print_lanes(db, incident, err) : e;
}

static int run_score(void *settings, unsigned n_args UNUSED, char **args UNUSED) {
    const struct score_args *o = settings;
    CLEANUP(sql_closep) struct sql *db = NULL;
    struct config *config = NULL;
    struct diag d = {0};
    char path[PATH_MAX];
    int e = config_load(o->data, NULL, &config, &d);
    if (e == 0) {
        snprintf(path, sizeof path, "%.4000s/room/room.db", config->data);
        e = access(path, F_OK) < 0 ? diag_set(&d, -errno, "there is no '%s'", path) : sql_open(path, &db, &d);
    }
    if (e == 0)
        e = score(db, &d);
    config_free(config);
    return e < 0 ? command_failed(&d) : 0;
}

static const struct cli_option OPTIONS[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct score_args, data), .help = "data folder (/var/lib/kizuki as root, ~/.local/share/kizuki else)"},
    {0}};
const struct cli_command COMMAND_PACK_SCORE = {
    .name = "pack score", .help = "the latest drill: who was reached, how long it took, what departed from the procedure",
    .options = OPTIONS, .size = sizeof(struct score_args), .run = run_score};
