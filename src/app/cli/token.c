/* `kizuki token add|list|drop`: who may send logs over HTTP. The token is shown once; what is kept is its SHA-256, which
 * is enough because a token is 32 random bytes. The gate reads the file again when it changes (src/app/gate/tokens.h). */
#include "app/cli/command.h"
#include "app/common/config.h"
#include "base/file.h"
#include "base/hash.h"

#include <string.h>
#include <sys/random.h>

enum { TOKEN_BYTES = 32, NAME_BYTES_MAX = 64, FILE_BYTES_MAX = 1 << 20 };

struct token_args {
    const char *data;
};
static const struct cli_option token_options[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct token_args, data),
     .help = "data folder"},
    {0},
};

struct tokens_file {
    struct config *config;
    char path[4096 + 16];
    struct str text; /* "" when there is none yet */
};

static int open_file(struct tokens_file *f, const char *data, struct diag *err) {
    int e = config_load(data, NULL, &f->config, err);
    if (e < 0)
        return e;
    snprintf(f->path, sizeof f->path, "%s/gate", f->config->data);
    if ((e = file_make_dir(f->path, 0700, err)) < 0)
        return e;
    snprintf(f->path, sizeof f->path, "%s/gate/tokens", f->config->data);
    f->text = STR("");
    e = file_read(&f->config->arena, f->path, FILE_BYTES_MAX, &f->text, err);
    return e == -ENOENT ? 0 : e;
}

/* The file without the lines of this name; *ret_had says whether there was one. */
static void without(const struct tokens_file *f, struct str name, struct buf *out, bool *ret_had) {
    struct str rest = f->text, line;
    *ret_had = false;
    while (str_split(&rest, '\n', &line)) {
        struct str hash = line, who;
        bool same = str_split(&hash, ' ', &who) && str_eq(who, name);
        *ret_had |= same;
        if (same || !line.n)
            continue;
        buf_add(out, line);
        buf_add_byte(out, '\n');
    }
}

static bool is_name(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z') &&
            !strchr("-_.", s.p[i]))
            return false;
    return s.n > 0 && s.n <= NAME_BYTES_MAX;
}

static int add(struct tokens_file *f, struct str name, struct diag *err) {
    uint8_t secret[TOKEN_BYTES], hash[SHA256_BYTES];
    char token[2 * TOKEN_BYTES + 1], hex[2 * SHA256_BYTES + 1];
    struct buf out;
    bool had;
    if (!is_name(name))
        return diag_set(err, -EINVAL, "a name of letters, digits, '-', '_' and '.' is wanted, at most %d long", NAME_BYTES_MAX);
    if (getrandom(secret, sizeof secret, 0) != sizeof secret)
        return diag_set(err, -errno, "cannot get random bytes: %s", err_word(-errno));
    hex_encode(secret, sizeof secret, token);
    sha256_of(str_of(token), hash);
    hex_encode(hash, sizeof hash, hex);
    buf_init(&out, FILE_BYTES_MAX);
    without(f, name, &out, &had);
    buf_printf(&out, "%.*s %s\n", STR_ARG(name), hex);
    int e = buf_error(&out) ? -ENOMEM : had ? -EEXIST : file_write_atomic(f->path, buf_str(&out), 0600, err);
    buf_done(&out);
    if (e == -EEXIST)
        return diag_set(err, e, "there is a token of this name; `kizuki token drop` first");
    if (e == 0)
        printf("%s\n", token);
    return e;
}

static int run_add(void *settings, unsigned n UNUSED, char **args) {
    struct token_args *o = settings;
    struct tokens_file f = {0};
    struct diag d = {0};
    int e = open_file(&f, o->data, &d);
    if (e == 0)
        e = add(&f, str_of(args[0]), &d);
    config_free(f.config);
    return e < 0 ? command_failed(&d) : 0;
}

static int run_drop(void *settings, unsigned n UNUSED, char **args) {
    struct token_args *o = settings;
    struct tokens_file f = {0};
    struct diag d = {0};
    struct buf out;
    bool had = false;
    int e = open_file(&f, o->data, &d);
    buf_init(&out, FILE_BYTES_MAX);
    if (e == 0)
        without(&f, str_of(args[0]), &out, &had);
    if (e == 0 && !had)
        e = diag_set(&d, -ENOENT, "there is no token of the name '%s'", args[0]);
    if (e == 0)
        e = file_write_atomic(f.path, buf_str(&out), 0600, &d);
    buf_done(&out);
    config_free(f.config);
    return e < 0 ? command_failed(&d) : 0;
}

static int run_list(void *settings, unsigned n UNUSED, char **args UNUSED) {
    struct token_args *o = settings;
    struct tokens_file f = {0};
    struct diag d = {0};
    struct str line, name;
    int e = open_file(&f, o->data, &d);
    for (struct str rest = f.text; e == 0 && str_split(&rest, '\n', &line);)
        if (str_split(&line, ' ', &name) && name.n)
            printf("%.*s\n", STR_ARG(name));
    config_free(f.config);
    return e < 0 ? command_failed(&d) : 0;
}

const struct cli_command COMMAND_TOKEN_ADD = {
    .name = "token add", .args = "NAME", .args_min = 1, .args_max = 1,
    .help = "make a token with which a sender of logs is let in over HTTP, and print it once",
    .options = token_options, .size = sizeof(struct token_args), .run = run_add};
const struct cli_command COMMAND_TOKEN_DROP = {
    .name = "token drop", .args = "NAME", .args_min = 1, .args_max = 1, .help = "let the sender in no more",
    .options = token_options, .size = sizeof(struct token_args), .run = run_drop};
const struct cli_command COMMAND_TOKEN_LIST = {
    .name = "token list", .help = "names of the tokens", .options = token_options,
    .size = sizeof(struct token_args), .run = run_list};
