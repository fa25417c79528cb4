/* Command lines from one table: the rows give parsing, help text and shell completion.
 *
 *     struct hunt_args { struct cli_list rules; bool stats; int64_t threads; };
 *     static const struct cli_option hunt_options[] = {
 *         {.name = "rules", .kind = CLI_LIST, .value = "PATH", .at = offsetof(struct hunt_args, rules),
 *          .help = "rules to use instead of the shipped ones (repeat for more)"},
 *         {.name = "stats", .kind = CLI_FLAG, .at = offsetof(struct hunt_args, stats), .help = "…"},
 *         {0}};
 *     static const struct cli_command commands[] = {
 *         {.name = "hunt", .args = "FILE…", .args_min = 1, .args_max = CLI_MANY, .help = "…",
 *          .options = hunt_options, .size = sizeof(struct hunt_args), .run = hunt_main},
 *         {0}};
 *     static const struct cli_program program = {.name = "kizuki", .help = "…", .commands = commands};
 *
 * A program without subcommands has one command whose name is "". Names of two words ("rule explain") make
 * groups. `--help`, `-h`, `--version`, `help [COMMAND]` and `completion bash|zsh|fish` are there without a row:
 * cli_parse answers them with text for standard output. Options and arguments may be mixed; `--` ends the
 * options; `-` is an argument. Nothing here prints, exits or reads the environment. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <limits.h>

enum cli_kind {
    CLI_FLAG,   /* bool */
    CLI_STRING, /* const char *, NULL when absent */
    CLI_NUMBER, /* int64_t between min and max */
    CLI_SPAN,   /* int64_t of nanoseconds: "90s", "5m", "7d" */
    CLI_CHOICE, /* int: index into choices */
    CLI_LIST,   /* struct cli_list: every value that was given */
};
struct cli_list {
    const char **p;
    size_t n;
};
struct cli_option {
    const char *name; /* without the dashes; NULL ends the table */
    char letter;      /* short form, 0 = none */
    enum cli_kind kind;
    const char *value; /* what help calls the value; PATH, FILE and DIR are completed by the shell */
    const char *help;  /* one line, lower case, no full stop */
    size_t at;         /* offsetof its place in the settings */
    int64_t min, max;  /* CLI_NUMBER; both 0 = any */
    const char *const *choices; /* CLI_CHOICE, NULL-terminated */
    bool required, hidden;
};

#define CLI_MANY UINT_MAX
struct cli_command {
    const char *name; /* NULL ends the table */
    const char *args; /* the arguments as help shows them; NULL = takes none */
    unsigned args_min, args_max;
    const char *help; /* one line */
    const char *text; /* further lines for `help COMMAND`, or NULL */
    const struct cli_option *options; /* NULL = none */
    size_t size;                      /* of the settings */
    const void *defaults;             /* the settings before parsing; NULL = zeros */
    int (*run)(void *settings, unsigned n_args, char **args); /* the program's, never called here */
    bool hidden;
};

struct cli_program {
    const char *name, *help, *version;
    const struct cli_command *commands;
};

struct cli {
    const struct cli_command *command; /* NULL when `text` is the answer */
    void *settings;                    /* in the arena */
    char **args;                       /* the arguments left over, NULL-terminated, in the arena */
    unsigned n_args;
    struct str text; /* help, version or completion: print it and end with success */
};

/* -EINVAL with a sentence for the user when the line makes no sense; strings point into argv. */
int cli_parse(const struct cli_program *program, struct arena *a, int argc, char **argv,
              struct cli *ret, struct diag *reterr) MUST_USE;
/* The same texts, for documents: all commands (command NULL) or one. */
void cli_help(const struct cli_program *program, const struct cli_command *command, struct buf *out);
/* shell: "bash", "zsh" or "fish"; -EINVAL for others. */
int cli_completion(const struct cli_program *program, struct str shell, struct buf *out) MUST_USE;
