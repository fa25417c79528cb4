/* `kizuki rule show`: one rule in use, with whose it is, under which licence, and what is hidden from it. */
#include "app/cli/command.h"
#include "app/common/rule_paths.h"
#include "app/engine/engine.h"
#include "app/engine/overlay.h"
#include "app/engine/samples.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "detect/rule.h"

enum { OUT_MAX = 8 * 1024 * 1024 };

struct show_args {
    const char *data;
};

static int ignore_finding(void *ctx UNUSED, const struct finding *f UNUSED) {
    return 0;
}

static void row(struct buf *out, const char *name, struct str value) {
    if (!value.n)
        return;
    buf_printf(out, "%-10s ", name);
    text_escape_controls(out, value);
    buf_add_byte(out, '\n');
}

/* The set whose folder the rule lies in; NULL for shipped and configured ones. */
static const struct ruleset *set_of(const struct rulesets *all, const struct detect_rule *rule) {
    for (size_t i = 0; i < all->n; i++)
        if (!all->at[i].draft && str_starts(rule->file, str_of(all->at[i].dir)) &&
            rule->file.p[strlen(all->at[i].dir)] == '/')
            return &all->at[i];
    return NULL;
}

static void put_licence(struct buf *out, const struct detect_rule *rule, const struct ruleset *set) {
    struct str own = STR("");
    if (rule->doc && yaml_get_str(rule->doc, "license", &own) && own.n)
        row(out, "licence", own);
    else if (set)
        row(out, "licence", set->licence.n ? set->licence : STR("not stated"));
    if (set) {
        row(out, "set", set->name);
        row(out, "from", set->from);
    }
}

static void put_exceptions(struct buf *out, const struct engine *e, const struct detect_rule *rule) {
    size_t n;
    const struct overlay_exception *x = overlay_exceptions(engine_overlay(e), &n);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < x[i].n_targets; k++)
            if (x[i].targets[k] == rule->index)
                row(out, x[i].until_ns > time_now_ns() ? "exception" : "ended", x[i].reason);
}

static void put_rule(struct buf *out, const struct engine *e, const struct detect_rule *rule, const struct ruleset *set) {
    row(out, "title", rule->title);
    row(out, "id", rule->id);
    row(out, "level", str_of(rule_level_to_string(rule->level)));
    row(out, "type", str_of(detect_kind_to_string(rule->kind)));
    row(out, "author", rule->author);
    put_licence(out, rule, set);
    row(out, "file", rule->file);
    row(out, "canary", rule_has_samples(rule) ? STR("brings samples along") : STR("none: it brings no samples along"));
    put_exceptions(out, e, rule);
    buf_add_byte(out, '\n');
    struct str rest = rule->text, line;
    while (str_split(&rest, '\n', &line)) {
        text_escape_controls(out, line);
        buf_add_byte(out, '\n');
    }
}

static int show(void *settings, unsigned n_args UNUSED, char **args) {
    const struct show_args *a = settings;
    static const struct source unknown = {.encoding = -1, .offset_min = TIME_JST_OFFSET_MIN};
    struct config *c = NULL;
    struct rule_paths paths = {0};
    struct rulesets all = {0};
    struct engine *e = NULL;
    struct buf out;
    struct diag d = {0};
    buf_init(&out, OUT_MAX);
    int r = config_load(a->data, NULL, &c, &d);
    if (r == 0)
        r = rule_paths_load(c, engine_content_dir(), NULL, &paths, &d);
    if (r == 0)
        r = rulesets_load(c->data, &all, &d);
    struct engine_options o = {.rule_paths = paths.p, .n_rule_paths = paths.n,
        .decoder_paths = paths.decoders, .n_decoder_paths = paths.n_decoders, .sources = &unknown, .n_sources = 1};
    if (r == 0)
        r = engine_new(&o, (struct finding_sink){.put = ignore_finding}, &e, &d);
    const struct detect_rule *rule = r == 0 ? detect_rules_find(engine_rules(e), str_of(args[0])) : NULL;
    if (r == 0 && !rule)
        r = diag_set(&d, -ENOENT, "no rule in use has the id or name '%s'", args[0]);
    if (r == 0) {
        put_rule(&out, e, rule, set_of(&all, rule));
        if ((r = file_write_all(1, buf_str(&out))) < 0)
            diag_set(&d, r, "cannot write: %s", err_word(r));
    }
    buf_done(&out);
    engine_free(e);
    rulesets_done(&all);
    rule_paths_done(&paths);
    config_free(c);
    return r < 0 ? command_failed(&d) : 0;
}

static const struct cli_option OPTIONS[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct show_args, data),
     .help = "data folder (/var/lib/kizuki as root, ~/.local/share/kizuki else)"},
    {0},
};
const struct cli_command COMMAND_RULE_SHOW = {
    .name = "rule show", .args = "RULE", .args_min = 1, .args_max = 1,
    .help = "one rule in use: whose it is, under which licence, what is hidden from it, its text", .options = OPTIONS,
    .size = sizeof(struct show_args), .run = show};
