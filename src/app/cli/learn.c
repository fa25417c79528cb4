/* `kizuki rule learn`: counts how often what stands where in logs, for the planner to choose by. */
#include "app/cli/command.h"
#include "app/engine/engine.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "detect/learn.h"
#include "intake/reader.h"

struct learn_args {
    struct cli_list rules;
    const char *out;
};
struct learning {
    struct engine_lane *lane;
    struct detect_learner *learner;
    uint64_t lines;
};

static int ignore_finding(void *ctx UNUSED, const struct finding *f UNUSED) {
    return 0;
}

static int learn_file(struct learning *l, const char *path, struct diag *reterr) {
    CLEANUP(intake_reader_freep) struct intake_reader *reader = NULL;
    struct intake_reader_options o = {.stream = 1, .flags = RAW_BACKFILL};
    struct intake_batch batch;
    int r = intake_reader_open(path, &o, &reader, reterr);
    if (r < 0)
        return r;
    intake_batch_init(&batch);
    while ((r = intake_reader_next(reader, &batch, reterr)) > 0) {
        for (size_t i = 0; r >= 0 && i < batch.n; i++)
            r = engine_learn(l->lane, &batch.records[i], l->learner);
        if (r < 0) {
            diag_set(reterr, r, "cannot learn from '%s': %s", path, err_word(r));
            break;
        }
        l->lines += batch.n;
    }
    intake_batch_done(&batch);
    return r;
}

static int learn_files(struct learning *l, struct arena *a, unsigned n, char **paths, struct diag *reterr) {
    const char **files;
    size_t n_files;
    int r = intake_expand_paths(a, (const char *const *) paths, n, &files, &n_files, reterr);
    for (size_t i = 0; r >= 0 && i < n_files; i++)
        r = learn_file(l, files[i], reterr);
    return r;
}

static int write_out(const struct learn_args *args, struct detect_learner *learner, struct diag *reterr) {
    struct buf out;
    buf_init(&out, STATISTICS_BYTES_MAX);
    int r = detect_learner_write(learner, &out);
    if (r < 0)
        diag_set(reterr, r, "the statistics are too large: %s", err_word(r));
    else if (args->out)
        r = file_write_atomic(args->out, buf_str(&out), 0644, reterr);
    else if ((r = file_write_all(1, buf_str(&out))) < 0)
        diag_set(reterr, r, "cannot write the statistics: %s", err_word(r));
    buf_done(&out);
    return r;
}

static int learn(void *settings, unsigned n_args, char **paths) {
    const struct source any = {.name = STR("logs"), .kind = STR("file"), .encoding = -1,
                               .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = NS_PER_DAY};
    const struct learn_args *args = settings;
    CLEANUP(engine_freep) struct engine *e = NULL;
    struct learning l = {0};
    struct arena arena;
    struct diag d = {0};
    struct engine_options o = {.rule_paths = args->rules.n ? args->rules.p : NULL,
                               .n_rule_paths = args->rules.n, .sources = &any, .n_sources = 1};
    arena_init(&arena, (size_t) 1 << 30);
    int r = engine_new(&o, (struct finding_sink){.put = ignore_finding}, &e, &d);
    if (r == 0 && (!(l.lane = engine_lane_new(e)) || !(l.learner = detect_learner_new())))
        r = diag_set(&d, -ENOMEM, "out of memory");
    if (r == 0)
        r = learn_files(&l, &arena, n_args, paths, &d);
    if (r >= 0)
        r = write_out(args, l.learner, &d);
    detect_learner_free(l.learner);
    engine_lane_free(l.lane);
    arena_done(&arena);
    return r < 0 ? command_failed(&d) : 0;
}

static const struct cli_option OPTIONS[] = {
    {.name = "rules", .kind = CLI_LIST, .value = "PATH", .at = offsetof(struct learn_args, rules),
     .help = "Sigma rules in this file or folder instead of the shipped ones (repeat for more)"},
    {.name = "out", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct learn_args, out),
     .help = "write here instead of to standard output"},
    {0},
};
const struct cli_command COMMAND_RULE_LEARN = {
    .name = "rule learn", .args = "FILE…", .args_min = 1, .args_max = CLI_MANY,
    .help = "count how often what stands in logs, so that rules are looked for by what is rare",
    .text = "FILE is read as by hunt. The result holds, for each log source and field the rules ask for, hashes of\n"
            "what is frequent there: give it to 'kizuki hunt --statistics', or put it as DATA/statistics for the\n"
            "sensor. It changes how long matching takes, never what is found.\n",
    .options = OPTIONS, .size = sizeof(struct learn_args), .run = learn};
