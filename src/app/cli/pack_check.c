/* `kizuki pack new` and `kizuki pack check`: a lesson begun from a form, and one looked at before it is believed.
 *
 * A pack from elsewhere is hostile until proven otherwise. It is read whole into memory (src/pack/files.h), nothing of it is run, and
 * the processor time is bounded for the whole program: what meets that bound is refused, too. */
#include "app/cli/command.h"
#include "app/cli/pack_shared.h"
#include "app/engine/engine.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "detect/correlate.h"
#include "detect/match.h"
#include "detect/rule.h"
#include "event/names.h"
#include "pack/pack.h"
#include "playbook/playbook.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PACK_CPU_S = 30 }; /* the largest pack the limits allow takes about five */

const char *pack_place(struct arena *a, const char *named) {
    struct stat st;
    return strchr(named, '/') || stat(named, &st) == 0 ? named : arena_printf(a, "%s/%s", packs_dir(), named).p;
}

/* ---- judges ---- */

struct judging {
    struct pack_brings *brings;
};

static void add_act(struct pack_brings *b, struct str act) {
    size_t n = strlen(b->acts);
    snprintf(b->acts + n, sizeof b->acts - n, "%s%.*s", n ? ", " : "", STR_ARG(act));
}

static int judge_playbook(void *ctx, struct arena *a, const struct pack_file *f, struct diag *err) {
    struct judging *j = ctx;
    struct playbook p;
    int e = playbook_read(a, f->bytes, f->shown, &p, err);
    if (e == 0)
        e = playbook_levels_there(a, &p, f->shown, NULL, err);
    if (e < 0)
        return e;
    for (const struct pb_val *v = playbook_steps(&p)->first; v; v = v->next) {
        if (!v->obj || v->obj->type != PB_ACTION)
            continue;
        j->brings->actions++;
        add_act(j->brings, pb_str(v->obj, "action"));
        if (pb_has(v->obj, "commands"))
            return diag_set_at(err, -ERR_REFUSED, f->shown, v->obj->line, v->obj->column,
                               "a step of a pack names an action, it brings no commands; take 'commands' out");
    }
    return 0;
}

/* A pack cannot put a rule of its own in the place of a shipped one, nor hide what others find. */
static int judge_rule(const struct detect_rules *set, const struct detect_rule *r, const struct pack_file *f, struct diag *err) {
    if (r->kind == DETECT_FILTER)
        return diag_set_at(err, -ERR_REFUSED, f->shown, r->line, 1,
                           "'%.*s' is a filter, which hides what other rules find; a pack brings rules that find something", STR_ARG(r->title));
    const struct detect_rule *same = r->name.n ? detect_rules_find(set, r->name) : r; /* ids that stand twice are refused by the reader */
    return same == r ? 0
                     : diag_set_at(err, -ERR_REFUSED, f->shown, r->line, 1, "'%.*s' has the name of another rule; give it one of its own",
                                   STR_ARG(r->title));
}

/* Not only read: what a correlation asks for is tried as a sensor would, which refuses what it cannot run (a window of centuries). */
static int plan_rules(struct detect_rules *set, struct diag *err) {
    CLEANUP(event_names_freep) struct event_names *names = event_names_new();
    CLEANUP(correlate_plan_freep) struct correlate_plan *counts = NULL;
    CLEANUP(detect_plan_unrefp) struct detect_plan *plan = NULL;
    struct detect_plan_options o = {.wants = NULL};
    int e = names ? correlate_plan_new(set, names, &counts, err) : diag_set(err, -ENOMEM, "out of memory");
    return e < 0 ? e : detect_plan_new(set, names, &o, &plan, err);
}

/* One file is read behind the shipped rules, which its correlations may stand on. */
static int judge_rules(void *ctx, struct arena *a UNUSED, const struct pack_file *f, struct diag *err) {
    struct judging *j = ctx;
    CLEANUP(detect_rules_unrefp) struct detect_rules *set = NULL;
    char path[PATH_MAX];
    const char *shipped = path;
    uint32_t n = 0;
    snprintf(path, sizeof path, "%s/rules", engine_content_dir());
    int e = detect_rules_load_with(&shipped, 1, f->bytes, f->shown, &set, err);
    if (e == 0)
        e = plan_rules(set, err);
    for (uint32_t i = 0; e == 0 && i < set->n; i++)
        if (str_eq_z(set->rules[i]->file, f->shown)) {
            e = judge_rule(set, set->rules[i], f, err);
            n++;
        }
    for (uint32_t i = 0; e == 0 && i < set->n_refused; i++)
        if (strcmp(set->refused[i]->diag.file, f->shown) == 0) {
            e = set->refused[i]->diag.code < 0 ? set->refused[i]->diag.code : -ERR_PARSE;
            if (err)
                *err = set->refused[i]->diag;
        }
    if (e == 0 && !n)
        e = diag_set_at(err, -ERR_PARSE, f->shown, 1, 1, "no rule stands here; remove the file");
    j->brings->rules += n;
    return e;
}

/* ---- check ---- */

/* Only what may be called in a signal handler. */
static void too_long(int sig UNUSED) {
    static const char text[] = "kizuki: looking at this pack takes too long; it is refused. Take smaller numbers in replay.yml, or fewer rules\n";
    IGNORE(write(2, text, sizeof text - 1));
    _exit(1);
}

static void bound_time(void) {
    struct rusage used;
    struct rlimit limit;
    if (getrusage(RUSAGE_SELF, &used) < 0 || getrlimit(RLIMIT_CPU, &limit) < 0)
        return;
    limit.rlim_cur = MIN((rlim_t) used.ru_utime.tv_sec + (rlim_t) used.ru_stime.tv_sec + PACK_CPU_S, limit.rlim_max);
    (void) signal(SIGXCPU, too_long);
    (void) setrlimit(RLIMIT_CPU, &limit);
}

void pack_look_done(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_CPU, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        IGNORE(setrlimit(RLIMIT_CPU, &limit));
    }
}

int pack_look(struct arena *a, const char *path, struct pack_files *ret, struct pack_checked *ret_checked, struct pack_brings *ret_brings,
              struct diag *reterr) {
    char schemas[PATH_MAX];
    struct judging j = {.brings = ret_brings};
    struct pack_judges judges = {judge_playbook, judge_rules, &j};
    bound_time();
    *ret_brings = (struct pack_brings){0};
    snprintf(schemas, sizeof schemas, "%s/schemas/pack", engine_content_dir());
    int e = pack_files_read(a, path, ret, reterr);
    if (e == 0)
        e = pack_check(a, ret, schemas, &judges, ret_checked, reterr);
    return e;
}

static int check_one(const char *named) {
    struct arena a;
    struct pack_files f;
    struct pack_checked c;
    struct pack_brings b;
    struct diag d = {0};
    arena_init(&a, PACK_ARENA_MAX);
    const char *path = pack_place(&a, named);
    int e = path ? pack_look(&a, path, &f, &c, &b, &d) : diag_set(&d, -ENOMEM, "out of memory");
    if (e == 0) {
        printf("%.*s version %lld: %.*s / %.*s (TLP:%.*s)\n", STR_ARG(c.id), (long long) c.version, STR_ARG(c.title_ja), STR_ARG(c.title_en),
               STR_ARG(c.tlp));
        printf("  %zu files, %zu bytes; %u lessons, %u measures, %u questions, %u actors\n", f.n, f.bytes, c.lessons, c.measures, c.controls, c.actors);
        printf("  brings %u rules of its own and %u actions%s%s; nothing of it is in force\n", b.rules, b.actions, b.actions ? ": " : "", b.acts);
        if (!c.has_replay || !c.has_expect)
            printf("  cannot be proved here: %s is missing\n", c.has_replay ? "expect.yml" : "replay.yml");
    }
    arena_done(&a);
    return e < 0 ? command_failed(&d) : 0;
}

/* Every folder beside the shipped packs. */
static int check_all(void) {
    struct dirent **names;
    int status = 0, n = scandir(packs_dir(), &names, NULL, alphasort);
    if (n < 0) {
        struct diag d = {0};
        diag_set(&d, -errno, "cannot read '%s': %s", packs_dir(), err_word(-errno));
        return command_failed(&d);
    }
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", packs_dir(), names[i]->d_name);
        if (names[i]->d_name[0] != '.' && check_one(path) != 0)
            status = 1;
        free(names[i]);
    }
    free(names);
    return status;
}

static int run_check(void *settings UNUSED, unsigned n_args, char **args) {
    int status = n_args ? 0 : check_all();
    for (unsigned i = 0; i < n_args; i++)
        if (check_one(args[i]) != 0)
            status = 1;
    return status;
}

const struct cli_command COMMAND_PACK_CHECK = {
    .name = "pack check", .args = "[PATH|ID…]", .args_max = CLI_MANY,
    .help = "read lessons and say what is wrong with them, where and what to do",
    .text = "A folder, or a file that `kizuki pack export` wrote. Nothing of it is run and nothing is taken in.\nWithout PATH all that are here. Ends with 1 when one is refused.\n",
    .run = run_check};

/* ---- new ---- */

struct new_args {
    const char *in;
};

/* The form's text with the id and the day in their places; the marks are words of YAML. */
static int fill(struct str form, const char *id, const char *day, struct buf *out) {
    static const struct str marks[] = {{"ID-OF-PACK", 10}, {"DAY-OF-TODAY", 12}};
    const char *const texts[] = {id, day};
    while (form.n) {
        size_t m = 0;
        while (m < ARRAY_SIZE(marks) && !str_starts(form, marks[m]))
            m++;
        if (m < ARRAY_SIZE(marks))
            buf_add_z(out, texts[m]);
        else
            buf_add_byte(out, form.p[0]);
        form = str_from(form, m < ARRAY_SIZE(marks) ? marks[m].n : 1);
    }
    return buf_error(out);
}

static int write_form(struct arena *a, const char *name, const char *dir, const char *id, struct diag *err) {
    char day[TIME_ISO_CAP], from[PATH_MAX], to[PATH_MAX];
    struct str form;
    struct buf out;
    snprintf(from, sizeof from, "%s/schemas/pack/new/%s", engine_content_dir(), name);
    snprintf(to, sizeof to, "%.4000s/%s", dir, name);
    time_format_iso_offset(time_now_ns(), TIME_JST_OFFSET_MIN, 0, day);
    day[10] = 0;
    int e = file_read(a, from, PACK_STORY_BYTES_MAX, &form, err);
    if (e < 0)
        return e;
    buf_init(&out, PACK_STORY_BYTES_MAX);
    e = fill(form, id, day, &out);
    e = e < 0 ? diag_set(err, e, "cannot write '%s': %s", to, err_word(e)) : file_write_atomic(to, buf_str(&out), 0644, err);
    buf_done(&out);
    return e;
}

static int run_new(void *settings, unsigned n_args UNUSED, char **args) {
    static const char *const forms[] = {"pack.yml",     "story.ja.md", "story.en.md", "playbook.yml",
                                        "controls.yml", "replay.yml",  "expect.yml"};
    const struct new_args *o = settings;
    char dir[PATH_MAX];
    struct arena a;
    struct stat st;
    struct diag d = {0};
    int e = 0;
    arena_init(&a, PACK_ARENA_MAX);
    snprintf(dir, sizeof dir, "%.4000s/%.80s", o->in ? o->in : ".", args[0]);
    if (!pack_name_is_plain(str_of(args[0])))
        e = diag_set(&d, -EINVAL, "'%s' is no name of a pack: small letters, digits, '-', '_' and '.'", args[0]);
    else if (lstat(dir, &st) == 0)
        e = diag_set(&d, -EEXIST, "'%s' is there already; choose another name", dir);
    if (e == 0)
        e = file_make_dir(dir, 0755, &d);
    for (size_t i = 0; i < ARRAY_SIZE(forms) && e == 0; i++)
        e = write_form(&a, forms[i], dir, args[0], &d);
    if (e == 0)
        printf("%s: a form to fill in; kizuki pack check %s says what is still wrong\n", dir, dir);
    arena_done(&a);
    return e < 0 ? command_failed(&d) : 0;
}

static const struct cli_option NEW_OPTIONS[] = {
    {.name = "in", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct new_args, in), .help = "where the folder is made (here)"},
    {0}};
const struct cli_command COMMAND_PACK_NEW = {
    .name = "pack new", .args = "ID", .args_min = 1, .args_max = 1, .help = "begin a lesson: a folder with a form of each file",
    .options = NEW_OPTIONS, .size = sizeof(struct new_args), .run = run_new};
