/* `kizuki decoder list|check|test`: decoders written as data, for those who write one. */
#include "app/cli/command.h"
#include "app/engine/engine.h"
#include "decode/decode.h"

struct decoder_args {
    struct cli_list decoders;
};

static int say_refused(const struct decode_set *set) {
    int status = 0;
    for (size_t i = 0; decode_set_refused(set, i); i++)
        status = command_failed(decode_set_refused(set, i));
    return status;
}

static int load(const struct decoder_args *a, char **files, unsigned n, struct decode_set **ret) {
    struct diag d;
    int r = n ? decode_set_load((const char *const *) files, n, ret, &d)
              : engine_decoders(a->decoders.p, a->decoders.n, ret, &d);
    return r < 0 ? command_failed(&d) : say_refused(*ret);
}

static int run_list(void *settings, unsigned n_args, char **args) {
    struct decode_set *set = NULL;
    int status = load(settings, args, n_args, &set);
    for (size_t i = 0; i < decode_set_count(set); i++) {
        struct decode_set_row row = decode_set_at(set, i);
        printf("%-16.*s %3zu samples  %s\n%20s%.*s\n", STR_ARG(row.name), row.n_samples, row.file, "", STR_ARG(row.help));
    }
    for (size_t i = 0; i < decode_count(); i++)
        printf("%-16s built in\n%20s%s\n", decode_info_at(i).name, "", decode_info_at(i).help);
    decode_set_unref(set);
    return status;
}

static int run_check(void *settings, unsigned n_args, char **args) {
    struct decode_set *set = NULL;
    int status = load(settings, args, n_args, &set);
    if (!status)
        printf("%zu decoders can be used\n", decode_set_count(set));
    decode_set_unref(set);
    return status;
}

struct counts {
    size_t right, wrong;
};

static void row(void *ctx, const char *file, unsigned line, const char *wrong) {
    struct counts *c = ctx;
    c->wrong += wrong != NULL;
    c->right += wrong == NULL;
    if (wrong)
        fprintf(stderr, "kizuki: %s:%u: %s\n", file, line, wrong);
}

/* A decoder is tried beside the shipped ones: whether a line finds it depends on them. */
static int run_test(void *settings, unsigned n_args, char **args) {
    struct decoder_args *a = settings;
    struct counts c = {0};
    struct decode_set *set = NULL, *own = NULL;
    struct diag d;
    int r = n_args ? engine_decoders((const char *const *) args, n_args, &set, &d) : engine_decoders(a->decoders.p, a->decoders.n, &set, &d);
    if (r == 0 && n_args)
        r = decode_set_load((const char *const *) args, n_args, &own, &d);
    int status = r < 0 ? command_failed(&d) : say_refused(set);
    for (size_t i = 0; r >= 0 && i < decode_set_count(set); i++) {
        bool asked = !own;
        for (size_t k = 0; k < decode_set_count(own); k++)
            asked |= str_eq(decode_set_at(own, k).name, decode_set_at(set, i).name);
        if (asked)
            r = decode_set_test(set, i, row, &c);
    }
    printf("%zu samples right, %zu wrong\n", c.right, c.wrong);
    decode_set_unref(own);
    decode_set_unref(set);
    return r < 0 || c.wrong ? 1 : status;
}

static const struct cli_option OPTIONS[] = {
    {.name = "decoders",
     .kind = CLI_LIST,
     .value = "DIR",
     .at = offsetof(struct decoder_args, decoders),
     .help = "files or folders of decoders beside the shipped ones (repeat for more)"},
    {0},
};
const struct cli_command COMMAND_DECODER_LIST = {
    .name = "decoder list",
    .args = "[FILE…]",
    .args_max = CLI_MANY,
    .help = "the decoders, those of FILE or all that are shipped",
    .options = OPTIONS,
    .size = sizeof(struct decoder_args),
    .run = run_list};
const struct cli_command COMMAND_DECODER_CHECK = {
    .name = "decoder check",
    .args = "[FILE…]",
    .args_max = CLI_MANY,
    .help = "read decoder files or folders and say what is wrong with them",
    .text = "Exit status: 0, 1 when a file cannot be used; each is named with line and column.\n",
    .options = OPTIONS,
    .size = sizeof(struct decoder_args),
    .run = run_check};
const struct cli_command COMMAND_DECODER_TEST = {
    .name = "decoder test",
    .args = "[FILE…]",
    .args_max = CLI_MANY,
    .help = "run the samples of decoder files, beside the shipped decoders",
    .text = "Exit status: 0, 1 when a sample gives something else than it says or a file cannot be used.\n",
    .options = OPTIONS,
    .size = sizeof(struct decoder_args),
    .run = run_test};
