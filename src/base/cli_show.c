/* Help and shell completion from the tables of cli.h. The scripts are made of our own names and
 * texts alone: nothing from outside gets in. */
#include "base/cli.h"
#include "base/cli_priv.h"

enum { HELP_COLUMN = 28 };

/* ---- Help ---- */

/* "  left      right", or on two lines where left is long. */
static void two_columns(struct buf *out, struct str left, const char *right) {
    buf_add_z(out, "  ");
    buf_add(out, left);
    if (left.n + 4 > HELP_COLUMN) {
        buf_add_byte(out, '\n');
        left.n = 0;
        buf_add_z(out, "  ");
    }
    for (size_t i = left.n + 2; i < HELP_COLUMN; i++)
        buf_add_byte(out, ' ');
    buf_add_z(out, right ? right : "");
    buf_add_byte(out, '\n');
}

static void help_option(struct buf *out, const struct cli_option *o) {
    char left[96], right[512];
    char letter[8] = "    ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    int n =
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->kind == CLI_FLAG ? "" : " ",
                 o->kind == CLI_FLAG ? ""
                 : o->value          ? o->value
                                     : "VALUE");
    n = MIN(n, (int) sizeof left - 1);
    int m = snprintf(right, sizeof right, "%s", o->help ? o->help : "");
    for (int i = 0; o->kind == CLI_CHOICE && o->choices[i] && m < (int) sizeof right; i++)
        m += snprintf(right + m, sizeof right - (size_t) m, "%s%s", i ? ", " : ": ", o->choices[i]);
    two_columns(out, str_n(left, (size_t) n), right);
}

static void help_command(const struct cli_program *p, const struct cli_command *c,
                         struct buf *out) {
    bool options = c->options && c->options->name;
    buf_printf(out, "usage: %s%s%s%s%s%s\n\n%s\n", p->name, *c->name ? " " : "", c->name,
               options ? " [OPTIONS]" : "", c->args ? " " : "", c->args ? c->args : "",
               c->help ? c->help : "");
    if (c->text)
        buf_printf(out, "\n%s\n", c->text);
    if (options)
        buf_add_z(out, "\noptions:\n");
    CLI_EACH_OPTION(o, c)
    if (!o->hidden)
        help_option(out, o);
}

void cli_help(const struct cli_program *program, const struct cli_command *command,
              struct buf *out) {
    if (!command && cli_is_single(program))
        command = program->commands;
    if (command) {
        help_command(program, command, out);
        return;
    }
    buf_printf(out, "usage: %s COMMAND [OPTIONS] [ARGUMENTS]\n\n%s\n\ncommands:\n", program->name,
               program->help ? program->help : "");
    CLI_EACH_COMMAND(c, program)
    if (!c->hidden)
        two_columns(out, str_of(c->name), c->help);
    buf_printf(out, "\n'%s help COMMAND' shows its options.\n", program->name);
}

/* ---- Completion ---- */

static bool wants_file(const char *value) {
    return value && (strstr(value, "PATH") || strstr(value, "FILE") || strstr(value, "DIR"));
}

/* Names come from our own tables; a quote in a help text is the only thing a shell could trip over.
 */
static void add_quoted(struct buf *out, const char *z) {
    buf_add_byte(out, '\'');
    for (; z && *z; z++) {
        if (*z == '\'')
            buf_add_z(out, "'\\''");
        else
            buf_add_byte(out, *z);
    }
    buf_add_byte(out, '\'');
}

static void words_of_options(struct buf *out, const struct cli_command *c) {
    CLI_EACH_OPTION(o, c)
    if (!o->hidden)
        buf_printf(out, "--%s ", o->name);
    buf_add_z(out, "--help");
}

static void words_of_choices(struct buf *out, const struct cli_option *o) {
    for (int i = 0; o->choices[i]; i++)
        buf_printf(out, "%s%s", i ? " " : "", o->choices[i]);
}

/* A function for one command: its options, the values of the option before the cursor, files. */
static void bash_command(struct buf *out, const struct cli_command *c) {
    buf_printf(out, "    '%s')\n        case \"$prev\" in\n", c->name);
    CLI_EACH_OPTION(o, c) {
        if (o->hidden || o->kind == CLI_FLAG)
            continue;
        buf_printf(out, "        --%s) ", o->name);
        if (o->kind == CLI_CHOICE) {
            buf_add_z(out, "COMPREPLY=($(compgen -W '");
            words_of_choices(out, o);
            buf_add_z(out, "' -- \"$cur\"));");
        } else if (wants_file(o->value)) {
            buf_add_z(out, "COMPREPLY=($(compgen -f -- \"$cur\"));");
        }
        buf_add_z(out, " return ;;\n");
    }
    buf_add_z(out, "        esac\n        case \"$cur\" in\n        -*) COMPREPLY=($(compgen -W '");
    words_of_options(out, c);
    buf_add_z(out, "' -- \"$cur\")) ;;\n");
    if (wants_file(c->args))
        buf_add_z(out, "        *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n");
    buf_add_z(out, "        esac ;;\n");
}

/* The first word of a name; is_first: no row before has it. */
static struct str first_word(const struct cli_program *p, const struct cli_command *c,
                             bool *is_first) {
    struct str rest = str_of(c->name), word = STR("");
    IGNORE(str_split(&rest, ' ', &word));
    *is_first = true;
    for (const struct cli_command *x = p->commands; x != c; x++) {
        struct str other_rest = str_of(x->name), other = STR("");
        IGNORE(str_split(&other_rest, ' ', &other));
        if (!x->hidden && str_eq(word, other))
            *is_first = false;
    }
    return word;
}

static void bash_first_words(struct buf *out, const struct cli_program *p) {
    bool is_first;
    buf_add_z(out, "    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W '");
    CLI_EACH_COMMAND(c, p) {
        struct str word = first_word(p, c, &is_first);
        if (is_first && !c->hidden) {
            buf_add(out, word);
            buf_add_byte(out, ' ');
        }
    }
    buf_add_z(out,
              "help completion --help --version' -- \"$cur\"))\n        return\n    fi\n"
              "    command=${COMP_WORDS[1]}\n    case \"$command\" in\n"
              "    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$cur\")); return ;;\n");
    CLI_EACH_COMMAND(c, p) {
        struct str group = first_word(p, c, &is_first);
        if (!is_first || c->hidden || !c->name[group.n])
            continue;
        buf_printf(out,
                   "    %.*s)\n        if [ \"$COMP_CWORD\" = 2 ]; then\n"
                   "            COMPREPLY=($(compgen -W '",
                   STR_ARG(group));
        CLI_EACH_COMMAND(x, p)
        if (!x->hidden && cli_in_group(x, group))
            buf_printf(out, "%s ", x->name + group.n + 1);
        buf_add_z(out, "' -- \"$cur\"))\n            return\n        fi\n"
                       "        command=\"$command ${COMP_WORDS[2]}\" ;;\n");
    }
    buf_add_z(out, "    esac\n");
}

static void bash(struct buf *out, const struct cli_program *p) {
    char function[64] = "_";
    snprintf(function, sizeof function, "_%s", p->name);
    for (char *z = function; *z; z++)
        if (*z == '-')
            *z = '_';
    buf_printf(out,
               "%s() {\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
               "command=\n"
               "    COMPREPLY=()\n",
               function);
    if (!cli_is_single(p))
        bash_first_words(out, p);
    buf_add_z(out, "    case \"$command\" in\n");
    CLI_EACH_COMMAND(c, p)
    if (!c->hidden)
        bash_command(out, c);
    buf_printf(out, "    esac\n}\ncomplete -o filenames -F %s %s\n", function, p->name);
}

/* "-n CONDITION": which words must have been typed. */
static void fish_condition(struct buf *out, const struct cli_program *p,
                           const struct cli_command *c) {
    struct str rest = str_of(c->name), word;
    bool more = false;
    if (cli_is_single(p))
        return;
    buf_add_z(out, " -n '");
    while (str_split(&rest, ' ', &word)) {
        buf_printf(out, "%s__fish_seen_subcommand_from %.*s", more ? "; and " : "", STR_ARG(word));
        more = true;
    }
    buf_add_byte(out, '\'');
}

static void fish_option(struct buf *out, const struct cli_program *p, const struct cli_command *c,
                        const struct cli_option *o) {
    buf_printf(out, "complete -c %s", p->name);
    fish_condition(out, p, c);
    buf_printf(out, " -l %s", o->name);
    if (o->letter)
        buf_printf(out, " -s %c", o->letter);
    if (o->kind != CLI_FLAG)
        buf_add_z(out, wants_file(o->value) ? " -r -F" : " -x");
    if (o->kind == CLI_CHOICE) {
        buf_add_z(out, " -a '");
        words_of_choices(out, o);
        buf_add_byte(out, '\'');
    }
    buf_add_z(out, " -d ");
    add_quoted(out, o->help);
    buf_add_byte(out, '\n');
}

static void fish(struct buf *out, const struct cli_program *p) {
    bool is_first;
    CLI_EACH_COMMAND(c, p) {
        if (c->hidden)
            continue;
        if (*c->name) {
            struct str word = first_word(p, c, &is_first);
            bool group = c->name[word.n];
            if (!group || is_first) {
                buf_printf(out, "complete -c %s -f -n __fish_use_subcommand -a %.*s", p->name,
                           STR_ARG(word));
                if (!group) {
                    buf_add_z(out, " -d ");
                    add_quoted(out, c->help);
                }
                buf_add_byte(out, '\n');
            }
            if (group) {
                buf_printf(out, "complete -c %s -f -n '__fish_seen_subcommand_from %.*s' -a %s -d ",
                           p->name, STR_ARG(word), c->name + word.n + 1);
                add_quoted(out, c->help);
                buf_add_byte(out, '\n');
            }
        }
        CLI_EACH_OPTION(o, c)
        if (!o->hidden)
            fish_option(out, p, c, o);
    }
}

int cli_completion(const struct cli_program *program, struct str shell, struct buf *out) {
    if (str_eq_z(shell, "zsh"))
        buf_add_z(out, "autoload -U +X bashcompinit && bashcompinit\n");
    if (str_eq_z(shell, "bash") || str_eq_z(shell, "zsh"))
        bash(out, program);
    else if (str_eq_z(shell, "fish"))
        fish(out, program);
    else
        return -EINVAL;
    return buf_error(out);
}
