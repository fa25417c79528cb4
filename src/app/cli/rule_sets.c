/* `kizuki rule add | list | on | off | drop | back`: rule sets kept below DATA/rules.
 *
 * A set that is added waits as a draft until somebody switches it on; what it would change has been shown
 * and tried on stored logs before. A running sensor takes a change up by itself. */
#include "app/cli/command.h"
#include "app/cli/rule_print.h"
#include "app/cli/rule_act.h"
#include "app/common/rule_add.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/json.h"
#include "base/text.h"

#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHANGE_BYTES_MAX = 16 * 1024 * 1024 };

struct set_args {
    const char *data, *name, *licence, *by;
    bool on, no_backtest, json;
};

/* Who asks, for the record: --by, else the account. */
static const char *who(const char *by) {
    const struct passwd *p = by ? NULL : getpwuid(getuid());
    return by ? by : p ? p->pw_name : "?";
}

struct opened {
    struct config *config;
    int lock;
};

static int begin(const char *data, bool lock, struct opened *o, struct diag *err) {
    *o = (struct opened){.lock = -1};
    int r = config_load(data, NULL, &o->config, err);
    if (r == 0 && lock && (r = o->lock = rulesets_lock(o->config->data, err)) > 0)
        r = 0;
    return r;
}

static int end(struct opened *o, int r, const struct diag *err) {
    if (o->lock >= 0)
        close(o->lock);
    config_free(o->config);
    return r < 0 ? command_failed(err) : 0;
}

/* ---- add ---- */

static int switch_on(const char *data, struct str name, struct diag *err) {
    int r = ruleset_adopt(data, name, err);
    return r < 0 ? r : rulesets_tell(data, err);
}

static int finish_add(const struct set_args *a, const struct opened *o, const struct rule_added *x, struct diag *err) {
    struct str name = x->draft.name;
    if (x->nothing_new)
        return 0;
    if (!a->on) {
        printf("it waits: kizuki rule on %.*s switches it on, kizuki rule drop --draft %.*s forgets it\n", STR_ARG(name),
               STR_ARG(name));
        return 0;
    }
    int lock = rulesets_lock(o->config->data, err);
    int r = lock < 0 ? lock : switch_on(o->config->data, name, err);
    if (lock >= 0)
        close(lock);
    if (r == 0)
        printf("%.*s is on\n", STR_ARG(name));
    return r;
}

static int say_taken(void *ctx, const struct ruleset *draft, uint64_t passed_over, struct diag *err UNUSED) {
    printf("%llu rule files and events of %llu rules taken from '%s', %llu other files passed over\n",
           (unsigned long long) draft->files, (unsigned long long) draft->samples, (const char *) ctx,
           (unsigned long long) passed_over);
    fflush(stdout);
    return 0;
}

static bool is_rule_file(const char *path) {
    struct stat st;
    return (str_ends(str_of(path), STR(".yml")) || str_ends(str_of(path), STR(".yaml"))) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int add(void *settings, unsigned n_args UNUSED, char **args) {
    const struct set_args *a = settings;
    struct rule_added x = {0};
    struct opened o;
    struct arena text;
    struct diag d = {0};
    arena_init(&text, YAML_BYTES_MAX + 65536);
    int r = begin(a->data, false, &o, &d);
    struct rule_adding how = {.from = args[0],
                              .staging = {.name = str_of(a->name), .by = str_of(who(a->by)), .licence = str_of(a->licence)},
                              .no_backtest = a->no_backtest, .staged = say_taken, .ctx = args[0]};
    if (r == 0 && is_rule_file(args[0])) {
        how.from = NULL;
        how.staging.name = a->name ? how.staging.name : STR("own");
        r = file_read(&text, args[0], YAML_BYTES_MAX, &how.staging.text, &d);
    }
    if (r == 0) {
        r = rule_add(o.config, &how, &x, &d);
        if (r == 0)
            r = rule_judged_print(&x.judged, &x.draft, true, &d);
        if (r == 0)
            r = finish_add(a, &o, &x, &d);
        if (rulesets_tell(o.config->data, NULL) < 0)
            r = r < 0 ? r : -EIO;
        rule_added_done(&x);
    }
    arena_done(&text);
    return end(&o, r, &d);
}

/* ---- list ---- */

static const char *state_of(const struct ruleset *s) {
    return s->draft ? "draft" : !s->on ? "off" : s->watch ? "watched" : "on";
}

static void print_set(const struct ruleset *s, struct buf *out) {
    char at[TIME_ISO_CAP];
    buf_printf(out, "%-20.*s %-7s %6llu rules  %s  ", STR_ARG(s->name), state_of(s),
               (unsigned long long) s->rules, time_format_iso_offset(s->added_ns, TIME_JST_OFFSET_MIN, 0, at));
    text_escape_controls(out, s->licence.n ? s->licence : STR("licence not stated"));
    buf_add_z(out, "  from ");
    text_escape_controls(out, s->from);
    buf_add_z(out, " by ");
    text_escape_controls(out, s->by);
    buf_add_byte(out, '\n');
}

static void write_set(const struct ruleset *s, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kstr(&w, "name", s->name);
    jsonw_kz(&w, "state", state_of(s));
    jsonw_ku64(&w, "rules", s->rules);
    jsonw_ku64(&w, "samples", s->samples);
    jsonw_ktime(&w, "added", s->added_ns);
    jsonw_kstr(&w, "licence", s->licence);
    jsonw_kstr(&w, "from", s->from);
    jsonw_kstr(&w, "by", s->by);
    jsonw_kz(&w, "digest", s->digest);
    jsonw_end(&w);
    buf_add_byte(out, '\n');
}

static int list(void *settings, unsigned n_args UNUSED, char **args UNUSED) {
    const struct set_args *a = settings;
    struct opened o;
    struct rulesets all = {0};
    struct buf out;
    struct diag d = {0};
    buf_init(&out, CHANGE_BYTES_MAX);
    int r = begin(a->data, false, &o, &d);
    if (r == 0)
        r = rulesets_load(o.config->data, &all, &d);
    for (size_t i = 0; r == 0 && i < all.n; i++)
        a->json ? write_set(&all.at[i], &out) : print_set(&all.at[i], &out);
    if (r == 0 && !all.n && !a->json)
        buf_add_z(&out, "no rule sets but the shipped rules; kizuki rule add DIR|ZIP takes one\n");
    if (r == 0 && (r = file_write_all(1, buf_str(&out))) < 0)
        diag_set(&d, r, "cannot write: %s", err_word(r));
    rulesets_done(&all);
    buf_done(&out);
    return end(&o, r, &d);
}

/* ---- on, off, back, drop ---- */

int rule_set_act(enum rule_set_act what, const char *data, struct str name, bool draft, struct diag *reterr) {
    struct rulesets all;
    int r = rulesets_load(data, &all, reterr);
    const struct ruleset *s = r == 0 ? rulesets_find(&all, name, false) : NULL, *waits = r == 0 ? rulesets_find(&all, name, true) : NULL;
    bool switches = what == RULE_SET_ON || what == RULE_SET_OFF || what == RULE_SET_WATCH;
    if (r == 0 && switches && !s && !(waits && what == RULE_SET_ON))
        r = diag_set(reterr, -ENOENT, "there is no rule set '%.*s'; kizuki rule list shows them", STR_ARG(name));
    if (r < 0)
        ;
    else if (what == RULE_SET_ON && waits)
        r = (r = ruleset_switch(waits, true, false, reterr)) < 0 ? r : ruleset_adopt(data, name, reterr);
    else if (switches)
        r = ruleset_switch(s, what != RULE_SET_OFF, what == RULE_SET_WATCH, reterr);
    else
        r = what == RULE_SET_BACK ? ruleset_go_back(data, name, reterr) : ruleset_drop(data, name, draft, reterr);
    rulesets_done(&all);
    return r < 0 ? r : rulesets_tell(data, reterr);
}

static int do_one(void *settings, enum rule_set_act what, char **args) {
    static const char *const done[] = {[RULE_SET_ON] = "is on", [RULE_SET_OFF] = "is off", [RULE_SET_BACK] = "is back at the version before",
                                       [RULE_SET_DROP] = "is forgotten"};
    const struct set_args *a = settings;
    struct opened o;
    struct diag d = {0};
    int r = begin(a->data, true, &o, &d);
    if (r == 0)
        r = rule_set_act(what, o.config->data, str_of(args[0]), a->on, &d);
    if (r == 0)
        printf("%s %s\n", args[0], done[what]);
    return end(&o, r, &d);
}

static int on(void *settings, unsigned n_args UNUSED, char **args) {
    return do_one(settings, RULE_SET_ON, args);
}
static int off(void *settings, unsigned n_args UNUSED, char **args) {
    return do_one(settings, RULE_SET_OFF, args);
}
static int back(void *settings, unsigned n_args UNUSED, char **args) {
    return do_one(settings, RULE_SET_BACK, args);
}
static int drop(void *settings, unsigned n_args UNUSED, char **args) {
    return do_one(settings, RULE_SET_DROP, args);
}

#define DATA_OPTION                                                                                                    \
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct set_args, data),                        \
     .help = "data folder (/var/lib/kizuki as root, ~/.local/share/kizuki else)"}

static const struct cli_option ADD_OPTIONS[] = {
    DATA_OPTION,
    {.name = "name", .kind = CLI_STRING, .value = "NAME", .at = offsetof(struct set_args, name),
     .help = "what to call the set (the name of the folder or archive); the same name again is a new version"},
    {.name = "licence", .kind = CLI_STRING, .value = "TEXT", .at = offsetof(struct set_args, licence),
     .help = "its licence, where no LICENSE file says it"},
    {.name = "by", .kind = CLI_STRING, .value = "NAME", .at = offsetof(struct set_args, by),
     .help = "who adds it, for the record (your account)"},
    {.name = "on", .kind = CLI_FLAG, .at = offsetof(struct set_args, on),
     .help = "switch it on at once, after the difference was shown"},
    {.name = "no-back-test", .kind = CLI_FLAG, .at = offsetof(struct set_args, no_backtest),
     .help = "do not run the difference over stored logs"},
    {0},
};
static const struct cli_option LIST_OPTIONS[] = {
    DATA_OPTION,
    {.name = "json", .kind = CLI_FLAG, .at = offsetof(struct set_args, json), .help = "one JSON object a line"},
    {0},
};
static const struct cli_option SET_OPTIONS[] = {DATA_OPTION, {0}};
static const struct cli_option DROP_OPTIONS[] = {
    DATA_OPTION,
    {.name = "draft", .kind = CLI_FLAG, .at = offsetof(struct set_args, on),
     .help = "only the version that waits to be switched on"},
    {0},
};
const struct cli_command COMMAND_RULE_ADD = {
    .name = "rule add", .args = "DIR|ZIP|RULE.yml", .args_min = 1, .args_max = 1,
    .help = "take a set of rules, show what it would change and try that on stored logs",
    .text = "Nothing is fetched: DIR or ZIP is on this machine. Rules (*.yml; below the folders rules… when there are\n"
            "some), licences and recorded events (regression_data) are copied to DATA/rules as they are, so that\n"
            "author and licence stay beside each rule. Shown are refused, new, changed and gone rules, and how many\n"
            "findings the rules concerned make on the stored logs before and after. RULE.yml is a rule you wrote; it joins\n"
            "the set of such rules (own), in place of an older one of the same id. Then it waits as a draft:\n"
            "kizuki rule on NAME switches it on, without a restart.\n",
    .options = ADD_OPTIONS, .size = sizeof(struct set_args), .run = add};
const struct cli_command COMMAND_RULE_LIST = {
    .name = "rule list", .help = "the rule sets kept here, with licence, origin and state",
    .options = LIST_OPTIONS, .size = sizeof(struct set_args), .run = list};
const struct cli_command COMMAND_RULE_ON = {
    .name = "rule on", .args = "NAME", .args_min = 1, .args_max = 1,
    .help = "switch a rule set on, or the version of it that waits",
    .options = SET_OPTIONS, .size = sizeof(struct set_args), .run = on};
const struct cli_command COMMAND_RULE_OFF = {
    .name = "rule off", .args = "NAME", .args_min = 1, .args_max = 1, .help = "switch a rule set off; it is kept",
    .options = SET_OPTIONS, .size = sizeof(struct set_args), .run = off};
const struct cli_command COMMAND_RULE_BACK = {
    .name = "rule back", .args = "NAME", .args_min = 1, .args_max = 1,
    .help = "go back to the version of a rule set that was on before", .options = SET_OPTIONS,
    .size = sizeof(struct set_args), .run = back};
const struct cli_command COMMAND_RULE_DROP = {
    .name = "rule drop", .args = "NAME", .args_min = 1, .args_max = 1, .help = "forget a rule set, or its draft",
    .options = DROP_OPTIONS, .size = sizeof(struct set_args), .run = drop};
