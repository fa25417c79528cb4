/* `kizuki pack from-case ID --to DIR`: the lesson that was made of a case and approved on its page, as a folder. The room's program gives it out
 * and records that it left; here it is written and looked at as any pack from elsewhere. */
#include "app/cli/ask_room.h"
#include "app/cli/command.h"
#include "app/cli/pack_shared.h"
#include "app/common/config.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "pack/pack.h"

#include <limits.h>
#include <sys/stat.h>

struct from_args {
    const char *data, *to;
};
enum { ANSWER_MAX = 64 << 20 };

static int ask(const struct from_args *o, char *id, struct buf *out, struct diag *err) {
    struct config *config = NULL;
    char data[PATH_MAX];
    char *argv[] = {(char[]){"kizuki-room"}, (char[]){"--data"}, data, (char[]){"--lesson"}, id, NULL};
    int e = config_load(o->data, NULL, &config, err);
    if (e == 0)
        snprintf(data, sizeof data, "%s", config->data);
    config_free(config);
    return e < 0 ? e : ask_room_run(argv, NULL, out, err);
}

/* Names come out of the room's own table; they are asked again all the same. */
static int write_files(const struct json_value *root, const char *dir, struct diag *err) {
    const struct json_value *files = json_get_array(root, "files");
    char path[PATH_MAX];
    struct str name, text;
    int e = file_make_dir(dir, 0755, err);
    for (const struct json_value *v = files ? files->first : NULL; v && e == 0; v = v->next) {
        if (!json_get_str(v, "path", &name) || !json_get_str(v, "text", &text) || !pack_file_kind(name))
            return diag_set(err, -ERR_CORRUPT, "the room answered with a file no lesson has");
        if (str_starts(name, STR("rules/"))) {
            snprintf(path, sizeof path, "%.3900s/rules", dir);
            e = file_make_dir(path, 0755, err);
        }
        snprintf(path, sizeof path, "%.3900s/%.*s", dir, (int) MIN(name.n, 100u), name.p);
        if (e == 0)
            e = file_write_atomic(path, text, 0644, err);
    }
    return e;
}

static int run_from_case(void *settings, unsigned n_args UNUSED, char **args) {
    const struct from_args *o = settings;
    struct pack_checked checked;
    struct pack_brings brings;
    struct pack_files files;
    struct json_value *root = NULL;
    struct str id = STR("");
    struct arena a;
    struct buf out;
    struct stat st;
    struct diag d = {0};
    char dir[PATH_MAX] = "";
    int64_t incident;
    arena_init(&a, PACK_ARENA_MAX);
    buf_init(&out, ANSWER_MAX);
    int e = str_to_i64(str_of(args[0]), &incident) < 0 || incident < 1 ? diag_set(&d, -EINVAL, "'%s' is no number of a case", args[0]) : ask(o, args[0], &out, &d);
    if (e == 0)
        e = json_parse(&a, buf_str(&out), &root, &d);
    if (e == 0 && (!json_get_str(root, "pack", &id) || !pack_name_is_plain(id)))
        e = diag_set(&d, -ERR_CORRUPT, "the room answered with a lesson without a name");
    if (e == 0) {
        snprintf(dir, sizeof dir, "%.3800s/%.*s", o->to, STR_ARG(id));
        e = lstat(dir, &st) == 0 ? diag_set(&d, -EEXIST, "'%s' is there already; choose another folder", dir) : write_files(root, dir, &d);
    }
    if (e == 0)
        e = pack_look(&a, dir, &files, &checked, &brings, &d);
    if (e == 0)
        printf("%s: %zu files, %u rules of its own; nothing of it is in force\n", dir, files.n, brings.rules);
    buf_done(&out);
    arena_done(&a);
    return e < 0 ? command_failed(&d) : 0;
}

static const struct cli_option FROM_OPTIONS[] = {
    {.name = "to", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct from_args, to), .help = "where the lesson's folder is made (here)"},
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct from_args, data), .help = "data folder"},
    {0}};
const struct cli_command COMMAND_PACK_FROM_CASE = {
    .name = "pack from-case", .args = "ID", .args_min = 1, .args_max = 1, .help = "write the approved lesson of a closed case as a folder",
    .text = "Refused, and recorded, until whose case it was has agreed to exactly this text; that is recorded on the case's page.\n",
    .options = FROM_OPTIONS, .size = sizeof(struct from_args), .defaults = &(struct from_args){.to = "."}, .run = run_from_case};
