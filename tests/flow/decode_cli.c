/* `kizuki decode` alone, for tests of decoding that shall not need the whole program. */
#include "app/cli/command.h"
#include "base/cli.h"
#include "base/file.h"

extern const struct cli_command COMMAND_DECODE;

int command_failed(const struct diag *d) {
    char line[1024];
    fprintf(stderr, "decode: %s\n", diag_format(d, line, sizeof line));
    return 1;
}

int main(int argc, char **argv) {
    struct cli_command command = COMMAND_DECODE;
    const struct cli_command commands[] = {command, {0}};
    const struct cli_program program = {
        .name = "kizuki", .help = "", .version = "", .commands = commands};
    struct arena arena;
    struct cli cli;
    struct diag d;
    int status = 2;
    arena_init(&arena, 1 << 20);
    if (cli_parse(&program, &arena, argc, argv, &cli, &d) < 0)
        (void) command_failed(&d);
    else if (cli.command)
        status = cli.command->run(cli.settings, cli.n_args, cli.args);
    else
        status = file_write_all(1, cli.text) < 0;
    arena_done(&arena);
    return status;
}
