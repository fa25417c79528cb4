/* `kizuki`: the table of subcommands. */
#include "app/cli/command.h"
#include "base/file.h"

#include <signal.h>

int command_failed(const struct diag *d) {
    char line[1024];
    fprintf(stderr, "kizuki: %s\n", diag_format(d, line, sizeof line));
    return 1;
}

int command_pace(const char *text, double *ret, struct diag *reterr) {
    double v;
    if (str_to_double(str_of(text), &v) < 0 || v < 0 || (v > 0 && v < 0.001) || v > 1e9)
        return diag_set(reterr, -EINVAL,
                        "--pace wants a number from 0.001 on, or 0 for as fast as it goes");
    *ret = v;
    return 0;
}

int main(int argc, char **argv) {
    const struct cli_command commands[] = {
        COMMAND_SERVE, COMMAND_DEMO,        COMMAND_SEARCH, COMMAND_HUNT, COMMAND_DECODE,
        COMMAND_PACK_LIST, COMMAND_PACK_REPLAY, COMMAND_PACK_PLAY,
        COMMAND_PACK_FROM_CASE,
        COMMAND_PACK_NEW, COMMAND_PACK_CHECK, COMMAND_PACK_SIGN, COMMAND_PACK_VERIFY, COMMAND_PACK_EXPORT, COMMAND_PACK_GENERATORS,
        COMMAND_PACK_INSTALL, COMMAND_PACK_ON, COMMAND_PACK_WATCH, COMMAND_PACK_OFF, COMMAND_PACK_BACK, COMMAND_PACK_REMOVE, COMMAND_PACK_SCHEMA, COMMAND_PACK_SCORE,
        COMMAND_RULE_ADD, COMMAND_RULE_LIST, COMMAND_RULE_SHOW, COMMAND_RULE_ON, COMMAND_RULE_OFF, COMMAND_RULE_BACK, COMMAND_RULE_DROP,
        COMMAND_RULE_EXCEPT, COMMAND_RULE_EXCEPTIONS, COMMAND_RULE_UNEXCEPT, COMMAND_RULE_SUPPRESS, COMMAND_RULE_UNSUPPRESS,
        COMMAND_RULE_SOC, COMMAND_RULE_SOC_SEND, COMMAND_RULE_SOC_ANSWER, COMMAND_RULE_SOC_LIST, COMMAND_RULE_SOC_DROP,
        COMMAND_RULE_EXPLAIN, COMMAND_RULE_CHECK, COMMAND_RULE_FIELDS, COMMAND_RULE_TEST,
        COMMAND_RULE_LEARN,
        COMMAND_TRACE, COMMAND_VERIFY,
        COMMAND_FIREWALL_COMPARE,
        COMMAND_EXPORT_EVIDENCE,
        COMMAND_VAULT_CODE, COMMAND_VAULT_ENROL, COMMAND_VAULT_DROP, COMMAND_VAULT_LIST,
        COMMAND_INDEX_FETCH, COMMAND_INDEX_STATUS, COMMAND_INDEX_REBUILD,
        COMMAND_INDICATOR_ADD, COMMAND_INDICATOR_LIST, COMMAND_INDICATOR_SHOW, COMMAND_INDICATOR_REMOVE,
        COMMAND_TOKEN_ADD, COMMAND_TOKEN_LIST, COMMAND_TOKEN_DROP,
        COMMAND_DOOR_LIST, COMMAND_DOOR_TRY, COMMAND_MAIL,
        COMMAND_IMPORT, COMMAND_REGISTER_IMPORT, COMMAND_REGISTER_UNDO, COMMAND_REGISTER_TEMPLATE,
        COMMAND_DECODER_LIST, COMMAND_DECODER_CHECK, COMMAND_DECODER_TEST,
        COMMAND_PLAYBOOK_CHECK, COMMAND_PLAYBOOK_CONVERT,
        {0},
    };
    const struct cli_program program = {
        .name = "kizuki",
        .help = "notice attacks and failures, handle them, learn from them",
        .version = KIZUKI_VERSION,
        .commands = commands,
    };
    struct arena arena;
    struct cli cli;
    struct diag d = {0};
    int status = 0;
    signal(SIGPIPE, SIG_IGN);
    arena_init(&arena, 64 * 1024 * 1024);
    if (cli_parse(&program, &arena, argc, argv, &cli, &d) < 0) {
        (void) command_failed(&d);
        status = 2;
    } else if (!cli.command) {
        status = file_write_all(1, cli.text) < 0;
    } else {
        status = cli.command->run(cli.settings, cli.n_args, cli.args);
    }
    arena_done(&arena);
    return status;
}
