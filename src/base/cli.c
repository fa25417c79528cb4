/* Parsing by the tables of cli.h. Texts for people and shells: cli_show.c. */
#include "base/cli.h"

#include "base/cli_priv.h"
#include "base/time.h"

enum { TEXT_BYTES_MAX = 256 * 1024 };

/* ---- "Did you mean" ---- */

/* Edit distance, a swap of neighbours counting one (optimal string alignment); above 32 bytes it is
 * far. */
static unsigned distance(const char *a, const char *b) {
    unsigned row[3][33] = {{0}};
    size_t n = strlen(a), m = strlen(b);
    if (n > 32 || m > 32)
        return UINT_MAX;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned) j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
        now[0] = (unsigned) i;
        for (size_t j = 1; j <= m; j++) {
            unsigned d = up[j - 1] + (a[i - 1] != b[j - 1]);
            d = MIN(d, up[j] + 1);
            d = MIN(d, now[j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = MIN(d, up2[j - 2] + 1);
            now[j] = d;
        }
    }
    return row[n % 3][m];
}

struct guess {
    const char *best;
    unsigned d;
};
static void consider(struct guess *g, const char *said, const char *name) {
    unsigned d = distance(said, name);
    if (d < g->d) {
        g->d = d;
        g->best = name;
    }
}
/* At most a third of the word may differ. */
static bool is_near(const struct guess *g, const char *said) {
    return g->best && g->d <= MAX(strlen(said) / 3, (size_t) 1);
}

static int unknown_option(const struct cli_program *p, const struct cli_command *c,
                          const char *said, struct diag *reterr) {
    struct guess g = {.d = UINT_MAX};
    const char *space = *c->name ? " " : "";
    consider(&g, said, "help");
    CLI_EACH_OPTION(o, c)
    if (!o->hidden)
        consider(&g, said, o->name);
    if (is_near(&g, said))
        return diag_set(reterr, -EINVAL, "unknown option '--%s'; did you mean '--%s'?", said,
                        g.best);
    return diag_set(reterr, -EINVAL, "unknown option '--%s'; '%s%s%s --help' lists the options",
                    said, p->name, space, c->name);
}

static int unknown_command(const struct cli_program *p, const char *said, struct diag *reterr) {
    struct guess g = {.d = UINT_MAX};
    CLI_EACH_COMMAND(c, p)
    if (!c->hidden)
        consider(&g, said, c->name);
    if (is_near(&g, said))
        return diag_set(reterr, -EINVAL, "unknown command '%s'; did you mean '%s %s'?", said,
                        p->name, g.best);
    return diag_set(reterr, -EINVAL, "unknown command '%s'; '%s --help' lists the commands", said,
                    p->name);
}

/* ---- Values ---- */

static int add_to_list(struct arena *a, struct cli_list *list, const char *value) {
    /* Lists are short; a fresh copy each time needs no capacity beside it. */
    const char **p = arena_alloc(a, (list->n + 1) * sizeof *p);
    if (!p)
        return -ENOMEM;
    if (list->n)
        memcpy(p, list->p, list->n * sizeof *p);
    p[list->n] = value;
    list->p = p;
    list->n++;
    return 0;
}

static int choose(const struct cli_option *o, const char *value, int *to, struct diag *reterr) {
    char all[256];
    size_t at = 0;
    all[0] = 0;
    for (int i = 0; o->choices[i]; i++) {
        if (strcmp(o->choices[i], value) == 0) {
            *to = i;
            return 0;
        }
        int n = snprintf(all + at, sizeof all - at, "%s%s", i ? ", " : "", o->choices[i]);
        at = MIN(at + (size_t) MAX(n, 0), sizeof all - 1);
    }
    return diag_set(reterr, -EINVAL, "--%s takes one of %s, not '%s'", o->name, all, value);
}

static int set_number(const struct cli_option *o, const char *value, int64_t *to,
                      struct diag *reterr) {
    bool bounded = o->min || o->max;
    int64_t v;
    if (str_to_i64(str_of(value), &v) == 0 && (!bounded || (v >= o->min && v <= o->max))) {
        *to = v;
        return 0;
    }
    if (bounded)
        return diag_set(reterr, -EINVAL, "--%s takes a whole number from %lld to %lld, not '%s'",
                        o->name, (long long) o->min, (long long) o->max, value);
    return diag_set(reterr, -EINVAL, "--%s takes a whole number, not '%s'", o->name, value);
}

static int set_value(struct cli *ret, struct arena *a, const struct cli_option *o,
                     const char *value, struct diag *reterr) {
    char *to = (char *) ret->settings + o->at;
    switch (o->kind) {
    case CLI_FLAG:
        *(bool *) to = true;
        return 0;
    case CLI_STRING:
        *(const char **) (void *) to = value;
        return 0;
    case CLI_NUMBER:
        return set_number(o, value, (int64_t *) (void *) to, reterr);
    case CLI_SPAN:
        if (time_parse_span(str_of(value), (int64_t *) (void *) to) < 0)
            return diag_set(reterr, -EINVAL,
                            "--%s takes a time such as 90s, 5m, 12h or 7d, not '%s'", o->name,
                            value);
        return 0;
    case CLI_CHOICE:
        return choose(o, value, (int *) (void *) to, reterr);
    case CLI_LIST:
        return add_to_list(a, (struct cli_list *) (void *) to, value) < 0
                   ? diag_set(reterr, -ENOMEM, "out of memory")
                   : 0;
    }
    return 0;
}

/* ---- Parsing ---- */

struct parser {
    const struct cli_program *program;
    struct arena *arena;
    char **argv; /* what is left */
    int argc;
    struct cli *ret;
    uint64_t given; /* bit per option of the command's table, for `required` */
    bool help;
    struct diag *reterr;
};

static const struct cli_option *find_option(const struct cli_command *c, struct str name) {
    CLI_EACH_OPTION(o, c)
    if (str_eq_z(name, o->name))
        return o;
    return NULL;
}

static const struct cli_option *find_letter(const struct cli_command *c, char letter) {
    CLI_EACH_OPTION(o, c)
    if (o->letter == letter)
        return o;
    return NULL;
}

/* The option with the value that stands in the same word (or NULL) or else is the next word. */
static int take_option(struct parser *p, const struct cli_option *o, const char *value) {
    ptrdiff_t i = o - p->ret->command->options;
    ASSERT(i < 64);
    p->given |= 1ull << i;
    if (o->kind == CLI_FLAG && value)
        return diag_set(p->reterr, -EINVAL, "--%s takes no value", o->name);
    if (o->kind != CLI_FLAG && !value) {
        if (!p->argc)
            return diag_set(p->reterr, -EINVAL, "--%s needs %s", o->name,
                            o->value ? o->value : "a value");
        value = *p->argv++;
        p->argc--;
    }
    return set_value(p->ret, p->arena, o, value, p->reterr);
}

/* "--name", "--name=value" */
static int take_long(struct parser *p, const char *word) {
    const struct cli_command *c = p->ret->command;
    const char *equals = strchr(word, '=');
    struct str name = equals ? str_n(word, (size_t) (equals - word)) : str_of(word);
    if (str_eq_z(name, "help")) {
        p->help = true;
        return 0;
    }
    const struct cli_option *o = find_option(c, name);
    if (o)
        return take_option(p, o, equals ? equals + 1 : NULL);
    char *z = arena_dup_z(p->arena, name);
    return z ? unknown_option(p->program, c, z, p->reterr) : -ENOMEM;
}

/* "-a", "-abc", "-nvalue" */
static int take_short(struct parser *p, const char *word) {
    for (; *word; word++) {
        const struct cli_option *o = find_letter(p->ret->command, *word);
        if (!o && *word == 'h') {
            p->help = true;
            continue;
        }
        if (!o)
            return diag_set(
                p->reterr, -EINVAL, "unknown option '-%.1s'; '%s%s%s --help' lists the options",
                word, p->program->name, *p->ret->command->name ? " " : "", p->ret->command->name);
        if (o->kind != CLI_FLAG)
            return take_option(p, o, word[1] ? word + 1 : NULL);
        int r = take_option(p, o, NULL);
        if (r < 0)
            return r;
    }
    return 0;
}

static int take_words(struct parser *p) {
    struct cli *ret = p->ret;
    ret->args = arena_alloc(p->arena, ((size_t) p->argc + 1) * sizeof *ret->args);
    if (!ret->args)
        return diag_set(p->reterr, -ENOMEM, "out of memory");
    for (bool options = true; p->argc;) {
        char *word = *p->argv++;
        int r = 0;
        p->argc--;
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (options && word[0] == '-' && word[1] == '-')
            r = take_long(p, word + 2);
        else if (options && word[0] == '-' && word[1])
            r = take_short(p, word + 1);
        else
            ret->args[ret->n_args++] = word;
        if (r < 0)
            return r;
    }
    ret->args[ret->n_args] = NULL;
    return 0;
}

static int check_complete(struct parser *p) {
    const struct cli_command *c = p->ret->command;
    unsigned n = p->ret->n_args;
    CLI_EACH_OPTION(o, c)
    if (o->required && !(p->given >> (o - c->options) & 1))
        return diag_set(p->reterr, -EINVAL, "--%s %s is needed", o->name,
                        o->value ? o->value : "VALUE");
    if (n > c->args_max)
        return diag_set(p->reterr, -EINVAL,
                        c->args_max ? "too many arguments: '%s'" : "unexpected argument '%s'",
                        p->ret->args[c->args_max]);
    if (n < c->args_min)
        return diag_set(p->reterr, -EINVAL, "%s is missing", c->args ? c->args : "an argument");
    return 0;
}

/* The number of words of the command's name when they are the next ones, else 0. */
static int matches(const struct cli_command *c, int argc, char **argv) {
    struct str rest = str_of(c->name), word;
    int n = 0;
    while (str_split(&rest, ' ', &word)) {
        if (n >= argc || !str_eq_z(word, argv[n]))
            return 0;
        n++;
    }
    return n;
}

/* The command with the longest name that is there. */
static const struct cli_command *find_command(const struct cli_program *p, int argc, char **argv,
                                              int *ret_words) {
    const struct cli_command *best = NULL;
    *ret_words = 0;
    CLI_EACH_COMMAND(c, p) {
        int n = matches(c, argc, argv);
        if (n > *ret_words) {
            best = c;
            *ret_words = n;
        }
    }
    return best;
}

/* "kizuki rule": a group and no command of it. */
static bool is_group(const struct cli_program *p, const char *word) {
    CLI_EACH_COMMAND(c, p)
    if (cli_in_group(c, str_of(word)))
        return true;
    return false;
}

static int group_alone(const struct cli_program *p, const char *word, struct diag *reterr) {
    char all[256];
    size_t at = 0, n = strlen(word);
    all[0] = 0;
    CLI_EACH_COMMAND(c, p)
    if (!c->hidden && cli_in_group(c, str_n(word, n))) {
        int m = snprintf(all + at, sizeof all - at, "%s%s", at ? ", " : "", c->name + n + 1);
        at = MIN(at + (size_t) MAX(m, 0), sizeof all - 1);
    }
    return diag_set(reterr, -EINVAL, "'%s %s' needs one of: %s", p->name, word, all);
}

/* Keeps the text in the arena. */
static int answer(struct arena *a, struct cli *ret, struct buf *b, struct diag *reterr) {
    int r = buf_error(b);
    if (r == 0) {
        ret->text = arena_dup(a, buf_str(b));
        r = ret->text.p ? 0 : -ENOMEM;
    }
    buf_done(b);
    return r < 0 ? diag_set(reterr, r, "cannot write help: %s", err_word(r)) : 0;
}

static int answer_help(const struct cli_program *p, const struct cli_command *c, struct arena *a,
                       struct cli *ret, struct diag *reterr) {
    struct buf b;
    buf_init(&b, TEXT_BYTES_MAX);
    cli_help(p, c, &b);
    ret->command = NULL;
    return answer(a, ret, &b, reterr);
}

/* What is there without a row: 1 = answered, 0 = something else. */
static int built_in(const struct cli_program *p, struct arena *a, int argc, char **argv,
                    struct cli *ret, struct diag *reterr) {
    struct buf b;
    int words, r = 1;
    bool single = cli_is_single(p);
    buf_init(&b, TEXT_BYTES_MAX);
    if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0)
        buf_printf(&b, "%s %s\n", p->name, p->version ? p->version : KIZUKI_VERSION);
    else if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        cli_help(p, single ? p->commands : NULL, &b);
    else if (!single && strcmp(argv[0], "help") == 0)
        cli_help(p, find_command(p, argc - 1, argv + 1, &words), &b);
    else if (!single && strcmp(argv[0], "completion") == 0)
        r = argc == 2 && cli_completion(p, str_of(argv[1]), &b) == 0
                ? 1
                : diag_set(reterr, -EINVAL, "completion takes one of bash, zsh, fish");
    else
        r = 0;
    if (r <= 0) {
        buf_done(&b);
        return r;
    }
    r = answer(a, ret, &b, reterr);
    return r < 0 ? r : 1;
}

static int pick_command(const struct cli_program *p, int *argc, char ***argv, struct cli *ret,
                        struct diag *reterr) {
    int words = 0;
    ret->command = cli_is_single(p) ? p->commands : find_command(p, *argc, *argv, &words);
    if (ret->command) {
        *argc -= words;
        *argv += words;
        return 0;
    }
    if ((*argv)[0][0] == '-')
        return diag_set(reterr, -EINVAL, "the command comes first: '%s COMMAND %s'", p->name,
                        (*argv)[0]);
    if (is_group(p, (*argv)[0]) && *argc == 1)
        return group_alone(p, (*argv)[0], reterr);
    if (is_group(p, (*argv)[0])) {
        char both[128];
        snprintf(both, sizeof both, "%s %s", (*argv)[0], (*argv)[1]);
        return unknown_command(p, both, reterr);
    }
    return unknown_command(p, (*argv)[0], reterr);
}

static int init_settings(struct arena *a, struct cli *ret, struct diag *reterr) {
    const struct cli_command *c = ret->command;
    ret->settings = arena_zalloc(a, c->size);
    if (!ret->settings)
        return diag_set(reterr, -ENOMEM, "out of memory");
    if (c->defaults)
        memcpy(ret->settings, c->defaults, c->size);
    return 0;
}

int cli_parse(const struct cli_program *program, struct arena *a, int argc, char **argv,
              struct cli *ret, struct diag *reterr) {
    struct cli got = {0};
    int r;
    argc -= argc > 0;
    argv++;
    if (!argc && !cli_is_single(program)) {
        r = answer_help(program, NULL, a, &got, reterr);
    } else {
        r = argc ? built_in(program, a, argc, argv, &got, reterr) : 0;
        if (r == 0)
            r = pick_command(program, &argc, &argv, &got, reterr);
        if (r == 0 && got.command)
            r = init_settings(a, &got, reterr);
        if (r == 0 && got.command) {
            struct parser p = {.program = program,
                               .arena = a,
                               .argv = argv,
                               .argc = argc,
                               .ret = &got,
                               .reterr = reterr};
            r = take_words(&p);
            if (r == 0)
                r = p.help ? answer_help(program, got.command, a, &got, reterr)
                           : check_complete(&p);
        }
    }
    if (r >= 0)
        *ret = got;
    return r < 0 ? r : 0;
}
