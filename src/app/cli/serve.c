/* `kizuki serve`: the options; what is started and how stands in app/serve. */
#include "app/cli/command.h"
#include "app/serve/serve.h"

struct serve_args {
    const char *data, *config, *https, *syslog, *logs_root;
    bool no_local_logs, vault;
};

static int run(void *settings, unsigned n_args UNUSED, char **args UNUSED) {
    const struct serve_args *a = settings;
    return serve_run(&(struct serve_options){.data = a->data,
                                             .config = a->config,
                                             .https = a->https,
                                             .syslog = a->syslog,
                                             .logs_root = a->logs_root,
                                             .no_local_logs = a->no_local_logs,
                                             .vault = a->vault});
}

static const struct cli_option OPTIONS[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct serve_args, data),
     .help = "data folder (/var/lib/kizuki as root, ~/.local/share/kizuki else)"},
    {.name = "config", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct serve_args, config),
     .help = "settings (DIR/kizuki.yml when it exists)"},
    {.name = "https", .kind = CLI_STRING, .value = "ADDR:PORT", .at = offsetof(struct serve_args, https),
     .help = "where the pages are (127.0.0.1:8443)"},
    {.name = "syslog", .kind = CLI_STRING, .value = "ADDR:PORT", .at = offsetof(struct serve_args, syslog),
     .help = "syslog over UDP and TCP (127.0.0.1:5514); off: none"},
    {.name = "no-local-logs", .kind = CLI_FLAG, .at = offsetof(struct serve_args, no_local_logs),
     .help = "do not look for this machine's usual logs"},
    {.name = "logs-root", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct serve_args, logs_root),
     .help = "look for them below DIR, as of a machine mounted there"},
    {.name = "vault", .kind = CLI_FLAG, .at = offsetof(struct serve_args, vault),
     .help = "pull what is sealed in the Kizukis this one is enrolled with (kizuki vault enrol)"},
    {0},
};
const struct cli_command COMMAND_SERVE = {
    .name = "serve", .help = "start Kizuki and print the address of its pages with a sign-in link",
    .text = "Starts the sensor, the room and the hand and keeps them running. The link works once, for 15\n"
            "minutes; it is printed here and never logged.\n",
    .options = OPTIONS, .size = sizeof(struct serve_args), .run = run};
