/* `kizuki`: one table of subcommands; each lives in a file of its own. */
#include "app/cli/command.h"
#include "app/cli/hunt.h"
#include "app/cli/pack.h"
#include "app/serve/serve.h"
#include "base/str.h"

#include <signal.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the subcommand's name */
    const char *help;
} COMMANDS[] = {
    {"serve", cmd_serve, "start Kizuki and print the address of its pages"},
    {"demo", cmd_demo, "play the first lesson at 60 times the speed of life, on pages of its own"},
    {"hunt", cmd_hunt, "run all rules over stored logs and print findings"},
    {"pack", cmd_pack, "list and replay lessons"},
};

int command_failed(const struct diag *d) {
    char line[1024];
    fprintf(stderr, "kizuki: %s\n", diag_format(d, line, sizeof line));
    return 1;
}

int command_misused(const char *name, const char *what) {
    fprintf(stderr, "kizuki %s: %s\n", name, what);
    return 2;
}

static void usage(FILE *f) {
    fprintf(f, "usage: kizuki COMMAND [OPTION]…\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++)
        fprintf(f, "  %-14s %s\n", COMMANDS[i].name, COMMANDS[i].help);
    fprintf(f, "\n`kizuki COMMAND --help` says more. `kizuki --version` prints the version.\n");
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    struct str name = str_of(argv[1]);
    if (str_eq_z(name, "--help") || str_eq_z(name, "help")) {
        usage(stdout);
        return 0;
    }
    if (str_eq_z(name, "--version")) {
        printf("kizuki %s\n", KIZUKI_VERSION);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++)
        if (str_eq_z(name, COMMANDS[i].name))
            return COMMANDS[i].run(argc - 1, argv + 1);
    fprintf(stderr, "kizuki: there is no command '%s'; see kizuki --help\n", argv[1]);
    return 2;
}
