/* `kizuki register import | undo | template`: registers of systems and contracts, from files.
 *
 * The file is read here; the room's program takes what was read into its database, beside a running room, and says what it would do
 * or did. So there is one judgement of a table and one of a row, whoever asks. */
#include "app/cli/ask_room.h"
#include "app/cli/command.h"
#include "app/common/config.h"
#include "app/common/table_import.h"
#include "app/content/content.h"
#include "app/serve/supervisor.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "table/spec.h"

#include <libgen.h>
#include <sys/wait.h>
#include <unistd.h>

struct register_args {
    const char *data, *name, *sheet, *columns;
    bool apply, gone, json, en;
};
enum { ANSWER_MAX = 64 * 1024 * 1024, SHOWN = 20 };

/* ---- telling ---- */

static int64_t number(const struct json_value *v, const char *key) {
    int64_t n = 0;
    if (v)
        (void) json_get_i64(v, key, &n);
    return n;
}

static struct str word(const struct json_value *v, const char *key) {
    struct str s = STR("");
    (void) json_get_str(v, key, &s);
    return s;
}

static void say_refused(const struct json_value *import, struct buf *out) {
    const struct json_value *list = json_get_array(import, "refused");
    const struct json_value *read = json_get_object(import, "read");
    struct str sheet = read ? word(read, "sheet") : STR("");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        buf_add_z(out, "refused: ");
        text_escape_controls(out, word(import, "file"));
        if (sheet.n) {
            buf_add_z(out, ", sheet ");
            text_escape_controls(out, sheet);
        }
        buf_printf(out, ", row %lld", (long long) number(v, "row"));
        if (word(v, "column").n)
            buf_printf(out, ", column %.*s", STR_ARG(word(v, "column")));
        buf_printf(out, " (%.*s)", STR_ARG(word(v, "field")));
        if (word(v, "value").n) {
            buf_add_z(out, ": '");
            text_escape_controls(out, word(v, "value"));
            buf_add_z(out, "'");
        }
        buf_printf(out, ": %.*s\n", STR_ARG(word(v, "help")));
    }
}

static void say_names(const struct json_value *import, const char *key, const char *what, int64_t n, struct buf *out) {
    const struct json_value *list = json_get_array(import, key);
    int shown = 0;
    buf_printf(out, "%lld %s", (long long) n, what);
    for (const struct json_value *v = list ? list->first : NULL; v && shown < SHOWN; v = v->next) {
        buf_add_z(out, shown++ ? ", " : ": ");
        text_escape_controls(out, word(v, "name"));
    }
    buf_add_z(out, n > shown && shown ? ", …\n" : "\n");
}

static void say_read(const struct json_value *import, struct buf *out) {
    const struct json_value *read = json_get_object(import, "read"), *columns = read ? json_get_array(read, "columns") : NULL,
                            *sheets = read ? json_get_array(read, "sheets") : NULL;
    for (const struct json_value *v = columns ? columns->first : NULL; v; v = v->next) {
        struct str field = word(v, "field");
        buf_printf(out, "column %.*s '", STR_ARG(word(v, "letter")));
        text_escape_controls(out, word(v, "head"));
        buf_printf(out, "' %s%.*s\n", field.n ? "is " : "is not read", STR_ARG(field));
    }
    for (const struct json_value *v = sheets ? sheets->first : NULL; v; v = v->next) {
        bool hidden = false;
        if (!json_get_bool(v, "hidden", &hidden) || !hidden)
            continue;
        buf_add_z(out, "hidden sheet '");
        text_escape_controls(out, word(v, "name"));
        buf_add_z(out, "' is not read\n");
    }
    if (number(read, "hidden_rows"))
        buf_printf(out, "%lld hidden rows are read, too\n", (long long) number(read, "hidden_rows"));
}

static void say(const struct register_args *a, const struct json_value *import, struct buf *out) {
    const struct json_value *done = json_get_object(import, "done");
    struct str state = word(import, "state");
    if (str_eq_z(state, "undone")) {
        buf_printf(out, "%lld rows are as they were", (long long) number(done, "n_undone"));
        buf_printf(out, number(done, "n_kept") ? "; %lld were changed since and stay\n" : "\n", (long long) number(done, "n_kept"));
        return;
    }
    say_read(import, out);
    if (done) {
        buf_printf(out, "taken in: %lld new, %lld changed, %lld out of use; kizuki register undo %lld takes it back\n",
                   (long long) number(done, "n_new"), (long long) number(done, "n_changed"), (long long) number(done, "n_gone"),
                   (long long) number(import, "id"));
    } else {
        say_names(import, "new", "new", number(import, "n_new"), out);
        say_names(import, "changed", "changed", number(import, "n_changed"), out);
        say_names(import, "gone", "not in the file", number(import, "n_gone"), out);
        buf_printf(out, "%lld the same, %lld refused\n", (long long) number(import, "n_same"), (long long) number(import, "n_refused"));
    }
    say_refused(import, out);
    if (!done)
        buf_printf(out, "nothing was changed; --apply takes it in%s\n", a->gone ? "" : ", --gone takes rows the file does not have out of use");
}

static int tell(const struct register_args *a, struct str answer, struct diag *err) {
    struct arena arena;
    struct json_value *v;
    struct buf out;
    arena_init(&arena, 512 << 20);
    buf_init(&out, ANSWER_MAX);
    int e = a->json ? 0 : json_parse(&arena, answer, &v, err);
    if (e == 0 && !a->json)
        say(a, v, &out);
    if (e == 0)
        e = file_write_all(1, a->json ? answer : buf_str(&out));
    buf_done(&out);
    arena_done(&arena);
    return e < 0 && !err->text[0] ? diag_set(err, e, "cannot write: %s", err_word(e)) : e;
}

/* ---- the commands ---- */

static int ask_room(const struct register_args *a, char **argv, const char *input, struct diag *err) {
    struct config *config = NULL;
    struct buf out;
    char data[PATH_MAX];
    int e = config_load(a->data, NULL, &config, err);
    buf_init(&out, ANSWER_MAX);
    if (e == 0) {
        snprintf(data, sizeof data, "%s", config->data);
        argv[2] = data;
        e = ask_room_run(argv, input, &out, err);
    }
    if (e == 0)
        e = tell(a, buf_str(&out), err);
    buf_done(&out);
    config_free(config);
    return e;
}

static int import(void *settings, unsigned n_args UNUSED, char **args) {
    const struct register_args *a = settings;
    char path[] = "/tmp/kizuki-register-XXXXXX", apply[] = "--apply", gone[] = "--gone", *file = args[0];
    char *argv[] = {(char[]){"kizuki-room"}, (char[]){"--data"}, NULL, (char[]){"--import"}, (char *) (uintptr_t) a->name, NULL, NULL, NULL};
    int n = 5;
    struct diag d = {0};
    struct buf doc;
    const char *slash = strrchr(file, '/');
    struct table_import x = {.path = file, .name = slash ? slash + 1 : file, .reg = str_of(a->name), .sheet = str_of(a->sheet), .columns = str_of(a->columns)};
    int e = table_import_read(&x, time_now_ns(), &doc, &d);
    int fd = e == 0 ? mkstemp(path) : -1;
    if (e == 0 && (fd < 0 || (e = file_write_all(fd, buf_str(&doc))) < 0))
        e = diag_set(&d, e < 0 ? e : -errno, "cannot write '%s': %s", path, err_word(e < 0 ? e : -errno));
    buf_done(&doc);
    if (a->apply)
        argv[n++] = apply;
    if (a->gone)
        argv[n] = gone;
    if (e == 0)
        e = ask_room(a, argv, path, &d);
    if (fd >= 0) {
        close(fd);
        (void) unlink(path);
    }
    return e < 0 ? command_failed(&d) : 0;
}

static int undo(void *settings, unsigned n_args UNUSED, char **args) {
    const struct register_args *a = settings;
    char *argv[] = {(char[]){"kizuki-room"}, (char[]){"--data"}, NULL, (char[]){"--undo-import"}, args[0], NULL};
    struct diag d = {0};
    return ask_room(a, argv, NULL, &d) < 0 ? command_failed(&d) : 0;
}

static int template(void *settings, unsigned n_args UNUSED, char **args) {
    const struct register_args *a = settings;
    struct arena arena;
    struct import_spec *specs;
    struct buf out;
    struct diag d = {0};
    char folder[PATH_MAX];
    size_t n;
    arena_init(&arena, 16 << 20);
    buf_init(&out, 1 << 20);
    snprintf(folder, sizeof folder, "%.4000s/imports", content_dir());
    int e = import_specs_load(&arena, folder, &specs, &n, &d);
    const struct import_spec *s = e == 0 ? import_spec_find(specs, n, str_of(args[0])) : NULL;
    if (e == 0 && !s)
        e = diag_set(&d, -ENOENT, "there is no register '%s'", args[0]);
    if (e == 0) {
        import_template_write(s, !a->en, &out);
        e = file_write_all(1, buf_str(&out));
    }
    buf_done(&out);
    arena_done(&arena);
    return e < 0 ? command_failed(&d) : 0;
}

static const struct cli_option IMPORT_OPTIONS[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct register_args, data), .help = "data folder"},
    {.name = "register", .kind = CLI_STRING, .value = "NAME", .at = offsetof(struct register_args, name), .required = true,
     .help = "which one: systems, contracts"},
    {.name = "sheet", .kind = CLI_STRING, .value = "NAME", .at = offsetof(struct register_args, sheet),
     .help = "the sheet to read, else the visible one that fits best"},
    {.name = "columns", .kind = CLI_STRING, .value = "N=FIELD,…", .at = offsetof(struct register_args, columns),
     .help = "columns by hand: 3=owner; 5= is not read"},
    {.name = "apply", .kind = CLI_FLAG, .at = offsetof(struct register_args, apply), .help = "take it in; else only say what it would do"},
    {.name = "gone", .kind = CLI_FLAG, .at = offsetof(struct register_args, gone), .help = "rows that the file does not have go out of use"},
    {.name = "json", .kind = CLI_FLAG, .at = offsetof(struct register_args, json), .help = "the whole answer as JSON"},
    {0}};
static const struct cli_option UNDO_OPTIONS[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct register_args, data), .help = "data folder"},
    {.name = "json", .kind = CLI_FLAG, .at = offsetof(struct register_args, json), .help = "the whole answer as JSON"},
    {0}};
static const struct cli_option TEMPLATE_OPTIONS[] = {
    {.name = "en", .kind = CLI_FLAG, .at = offsetof(struct register_args, en), .help = "columns in English"},
    {0}};
const struct cli_command COMMAND_REGISTER_IMPORT = {
    .name = "register import", .args = "FILE", .args_min = 1, .args_max = 1, .help = "read a CSV or XLSX file into a register",
    .text = "Says what would be new, changed and refused, with file, sheet, row and column; --apply takes it in.\n",
    .options = IMPORT_OPTIONS, .size = sizeof(struct register_args), .run = import};
const struct cli_command COMMAND_REGISTER_UNDO = {
    .name = "register undo", .args = "NUMBER", .args_min = 1, .args_max = 1, .help = "take an import back; rows changed since stay",
    .options = UNDO_OPTIONS, .size = sizeof(struct register_args), .run = undo};
const struct cli_command COMMAND_REGISTER_TEMPLATE = {
    .name = "register template", .args = "NAME", .args_min = 1, .args_max = 1, .help = "a CSV with the columns of a register, for Excel",
    .options = TEMPLATE_OPTIONS, .size = sizeof(struct register_args), .run = template};
