/* `kizuki pack score`: what a drill showed of the people: how many of those called were reached and when, how long each thing took, what was
 * done otherwise than the procedure says, and which departments took part. Read only, from what the room keeps of the drill's case. */
#include "app/cli/command.h"
#include "app/common/config.h"
#include "app/content/content.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/sql.h"
#include "base/time.h"
#include "event/drill_score.h"
#include "pack/judge.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

struct score_args {
    const char *data;
};

/* T1 to T7 beside what the survey says of the lesson that was told. */
static int print_times(struct sql *db, int64_t incident, int64_t *ret_from, struct diag *err) {
    struct case_times t;
    struct yaml_doc *doc = NULL;
    struct str pack;
    struct arena a;
    struct buf out;
    char path[PATH_MAX];
    arena_init(&a, (size_t) 16 << 20);
    buf_init(&out, 256 * 1024);
    int e = case_times_read(db, incident, true, &a, &t, err);
    *ret_from = e == 0 && t.at_ns[CASE_HAPPENED] != TIME_NONE ? t.at_ns[CASE_HAPPENED] : 0;
    if (e == 0)
        e = case_drill_pack(db, incident, &a, &pack, err);
    if (e == 0 && pack.n) {
        snprintf(path, sizeof path, "%.3000s/%.*s/pack.yml", packs_dir(), STR_ARG(pack));
        buf_printf(&out, "told: %.*s\n", STR_ARG(pack));
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

static void print_line(const char *name, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void print_line(const char *name, const char *fmt, ...) {
    va_list ap;
    printf("  %-28s ", name);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

static void print_moment(const char *name, int64_t at, int64_t from) {
    if (at == TIME_NONE)
        print_line(name, "not");
    else
        print_line(name, "after %.1f min", (double) MAX(at - from, 0) / (double) NS_PER_MIN);
}

static int print_people(struct sql *db, int64_t incident, int64_t from, struct diag *err) {
    struct drill_score x;
    struct arena a;
    arena_init(&a, (size_t) 4 << 20);
    int e = drill_score_read(db, incident, &a, &x, err);
    if (e == 0) {
        print_moment("first call", x.first_call_ns, from);
        print_moment("procedure begun", x.begun_ns, from);
        if (x.called)
            print_line("reached", "%" PRId64 " of %" PRId64 " (%.0f %%)", x.reached, x.called, 100.0 * (double) x.reached / (double) x.called);
        else
            print_line("reached", "nobody was called");
        if (x.messages > 0)
            print_line("receipts of messages", "%" PRId64 " of %" PRId64 " that left, of %" PRId64 "%s", x.receipts, x.sent, x.messages, x.receipt_s < 0 ? "" : ",");
        if (x.receipt_s >= 0)
            print_line("", "%.1f min from leaving to the receipt", (double) x.receipt_s / 60);
        print_line("departures from procedure", "%" PRId64, x.departures);
    }
    for (size_t i = 0; e == 0 && i < x.n_departed; i++)
        printf("    %.*s: %.*s%s%.*s\n", STR_ARG(x.departed[i].state), STR_ARG(x.departed[i].en), x.departed[i].why.n ? ": " : "", STR_ARG(x.departed[i].why));
    for (size_t i = 0; e == 0 && i < x.n_lanes; i++) {
        printf("  part of %-20.*s %" PRId64 " of %" PRId64 " steps done, %" PRId64 " skipped or failed, %" PRId64 " entries", STR_ARG(x.lanes[i].name), x.lanes[i].done, x.lanes[i].steps,
               x.lanes[i].failed, x.lanes[i].entries);
        if (x.lanes[i].step_s >= 0)
            printf(", %.1f min a step", (double) x.lanes[i].step_s / 60);
        printf("\n");
    }
    arena_done(&a);
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
    int64_t incident = sql_i64(st, 0), from = TIME_NONE;
    printf("drill %.*s\n", STR_ARG(sql_str(st, 1)));
    fflush(stdout);
    e = print_times(db, incident, &from, err);
    return e == 0 ? print_people(db, incident, from, err) : e;
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
