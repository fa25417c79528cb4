/* `kizuki playbook check|convert`: playbooks in our form and in CACAO 2.0. */
#include "app/cli/command.h"
#include "app/content/content.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "base/yaml_folder.h"
#include "playbook/playbook.h"

#include <limits.h>

struct playbook_args {
    int to;
};
struct check_args {
    const char *levels;
};
static const struct check_args CHECK_DEFAULTS = {NULL};
enum { TO_KIZUKI, TO_CACAO };
static const char *const FORMS[] = {"kizuki", "cacao", NULL};
static const struct playbook_args DEFAULTS = {.to = -1};

/* CACAO is JSON and begins with a brace; ours is YAML. */
static bool is_json(struct str s) {
    s = str_trim(s);
    return s.n && s.p[0] == '{';
}

static int load(struct arena *a, const char *path, struct playbook *p, bool *cacao, struct diag *d) {
    struct str text;
    int e = file_read(a, path, PLAYBOOK_BYTES_MAX, &text, d);
    if (e < 0)
        return e;
    *cacao = is_json(text);
    e = *cacao ? playbook_read_cacao(a, text, path, p, d) : playbook_read(a, text, path, p, d);
    for (const struct playbook_note *n = e < 0 ? NULL : p->notes; n; n = n->next)
        fprintf(stderr, "kizuki: %s: %.*s\n", path, STR_ARG(n->text));
    return e;
}

/* What levels there are: as many as the room takes, of one file (the last by its name). */
struct levels {
    struct str names[8];
    size_t n;
};

static int take_levels(void *ctx, const char *file, const struct yaml_node *root, struct diag *err) {
    struct levels *x = ctx;
    const struct yaml_node *steps = root && root->kind == YAML_MAPPING ? yaml_get(root, "steps") : NULL;
    x->n = 0;
    for (const struct yaml_node *v = steps ? steps->first : NULL; v; v = v->next) {
        if (x->n == ARRAY_SIZE(x->names) || v->kind != YAML_MAPPING || !yaml_get_str(v, "level", &x->names[x->n++]))
            return yaml_error(err, -ERR_PARSE, file, v, "a step of levels has a 'level'; at most %zu", ARRAY_SIZE(x->names));
    }
    return 0;
}

int playbook_levels_there(struct arena *a, const struct playbook *p, const char *path, const char *own, struct diag *d) {
    struct levels x = {.n = 0};
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.4000s%s", own ? own : content_dir(), own ? "" : "/levels");
    int e = yaml_each_file(a, folder, 100, take_levels, &x, d);
    return e < 0 ? e : playbook_check_levels(p, path, x.names, x.n, d);
}

static int run_check(void *settings, unsigned n_args, char **args) {
    const struct check_args *o = settings;
    int status = 0;
    for (unsigned i = 0; i < n_args; i++) {
        struct arena a;
        struct playbook p;
        struct diag d = {0};
        bool cacao;
        arena_init(&a, 256u << 20);
        if (load(&a, args[i], &p, &cacao, &d) < 0 || playbook_levels_there(&a, &p, args[i], o->levels, &d) < 0)
            status = command_failed(&d);
        else
            printf("%s: %u steps\n", args[i], playbook_steps(&p)->n);
        arena_done(&a);
    }
    return status;
}

static int run_convert(void *settings, unsigned n_args UNUSED, char **args) {
    const struct playbook_args *o = settings;
    struct arena a;
    struct playbook p;
    struct diag d = {0};
    struct buf out;
    bool cacao;
    arena_init(&a, 256u << 20);
    buf_init(&out, 16 * PLAYBOOK_BYTES_MAX);
    int e = load(&a, args[0], &p, &cacao, &d);
    bool to_cacao = o->to >= 0 ? o->to == TO_CACAO : !cacao;
    if (e == 0)
        e = to_cacao ? playbook_write_cacao(&a, &p, time_now_ns(), &out, &d) : playbook_write(&p, &out);
    if (e < 0 && !d.text[0])
        e = diag_set(&d, e, "%s: %s", args[0], err_word(e));
    int status = e < 0 ? command_failed(&d) : file_write_all(1, buf_str(&out)) < 0;
    buf_done(&out);
    arena_done(&a);
    return status;
}

static const struct cli_option OPTIONS[] = {
    {.name = "to",
     .kind = CLI_CHOICE,
     .choices = FORMS,
     .at = offsetof(struct playbook_args, to),
     .help = "cacao or kizuki; without it, the one the file is not in"},
    {0},
};
static const struct cli_option CHECK_OPTIONS[] = {
    {.name = "levels",
     .kind = CLI_STRING,
     .value = "DIR",
     .at = offsetof(struct check_args, levels),
     .help = "the alert levels there are, of an office that has its own in DATA/levels (content/levels)"},
    {0},
};
const struct cli_command COMMAND_PLAYBOOK_CHECK = {
    .name = "playbook check",
    .args = "FILE…",
    .args_min = 1,
    .args_max = CLI_MANY,
    .help = "read playbooks, in YAML or CACAO 2.0 JSON, and say what is wrong with them",
    .text = "What of a CACAO playbook would not be kept is told on standard error.\n"
            "Exit status: 0, 1 when one cannot be used; each is named with its place.\n",
    .options = CHECK_OPTIONS,
    .size = sizeof(struct check_args),
    .defaults = &CHECK_DEFAULTS,
    .run = run_check};
const struct cli_command COMMAND_PLAYBOOK_CONVERT = {
    .name = "playbook convert",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .help = "write a playbook as CACAO 2.0 JSON, or one of CACAO as YAML, on standard output",
    .options = OPTIONS,
    .size = sizeof(struct playbook_args),
    .defaults = &DEFAULTS,
    .run = run_convert};
