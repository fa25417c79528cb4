/* `kizuki vault code|enrol|drop|list`: copies of what is sealed, in another Kizuki. TLS and keys are kizuki-vault's, which is
 * started in our place: the command line loads no library it does not need. */
#include "app/cli/command.h"
#include "app/common/config.h"
#include "app/serve/supervisor.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>

enum { STATUS_BYTES_MAX = 65536 };

struct vault_args {
    const char *data;
};
static const struct cli_option vault_options[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct vault_args, data), .help = "data folder"},
    {0},
};

/* Does not return when it works. */
static int become(const struct vault_args *o, const char *job, const char *name, const char *at, const char *code) {
    char dir[4096], exe[2][4096 + 64];
    struct config *config = NULL;
    struct diag d = {0};
    if (config_load(o->data, NULL, &config, &d) < 0)
        return command_failed(&d);
    char *argv[] = {unconst("kizuki-vault"), unconst("--data"), config->data, unconst(job), unconst(name),
                    at ? unconst("--at") : NULL, unconst(at), unconst(code), NULL};
    int r = supervisor_own_dir(dir, sizeof dir);
    snprintf(exe[0], sizeof exe[0], "%s/kizuki-vault", dir);
    snprintf(exe[1], sizeof exe[1], "%s/../libexec/kizuki/kizuki-vault", dir);
    for (int i = 0; r == 0 && i < 2; i++)
        execv(exe[i], argv);
    diag_set(&d, -ENOENT, "cannot start kizuki-vault: %s", err_word(r < 0 ? r : -errno));
    config_free(config);
    return command_failed(&d);
}

static int run_code(void *settings, unsigned n UNUSED, char **args) {
    return become(settings, "--code", args[0], NULL, NULL);
}
static int run_drop(void *settings, unsigned n UNUSED, char **args) {
    return become(settings, "--drop", args[0], NULL, NULL);
}
static int run_enrol(void *settings, unsigned n UNUSED, char **args) {
    return become(settings, "--enrol", args[0], args[1], args[2]);
}

static void print_file(struct arena *a, const char *path) {
    struct str text;
    if (file_read(a, path, STATUS_BYTES_MAX, &text, NULL) == 0)
        printf("%.*s", STR_ARG(text));
}

/* What both sides write for whoever wants to know: a line of JSON each. */
static int run_list(void *settings, unsigned n UNUSED, char **args UNUSED) {
    const struct vault_args *o = settings;
    struct config *config = NULL;
    struct diag d = {0};
    char path[4096 + 300];
    if (config_load(o->data, NULL, &config, &d) < 0)
        return command_failed(&d);
    snprintf(path, sizeof path, "%s/status/lend.json", config->data);
    print_file(&config->arena, path);
    snprintf(path, sizeof path, "%s/status", config->data);
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (str_starts(str_of(e->d_name), STR("vault-"))) {
            snprintf(path, sizeof path, "%s/status/%s", config->data, e->d_name);
            print_file(&config->arena, path);
        }
    if (dir)
        closedir(dir);
    config_free(config);
    return 0;
}

const struct cli_command COMMAND_VAULT_CODE = {
    .name = "vault code", .args = "NAME", .args_min = 1, .args_max = 1,
    .help = "print a code with which one vault may be enrolled here, within 15 minutes",
    .text = "NAME is what the vault is called here. `vault: {offer: [ADDR:PORT]}` in kizuki.yml says where it may ask.\n",
    .options = vault_options, .size = sizeof(struct vault_args), .run = run_code};
const struct cli_command COMMAND_VAULT_ENROL = {
    .name = "vault enrol", .args = "NAME HOST:PORT CODE", .args_min = 3, .args_max = 3,
    .help = "enrol this Kizuki as a vault of another; `kizuki serve --vault` pulls from then on",
    .text = "NAME is what the other one is called here: what is pulled from it lies in DATA/vault/NAME, on which\n"
            "search, hunt and verify work as on any data folder.\n",
    .options = vault_options, .size = sizeof(struct vault_args), .run = run_enrol};
const struct cli_command COMMAND_VAULT_DROP = {
    .name = "vault drop", .args = "NAME", .args_min = 1, .args_max = 1, .help = "answer this vault no more",
    .options = vault_options, .size = sizeof(struct vault_args), .run = run_drop};
const struct cli_command COMMAND_VAULT_LIST = {
    .name = "vault list", .help = "vaults that pull from here, and what is pulled from elsewhere, as lines of JSON",
    .options = vault_options, .size = sizeof(struct vault_args), .run = run_list};
