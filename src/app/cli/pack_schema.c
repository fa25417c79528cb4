/* `kizuki pack schema FILE`: the JSON Schema of a file of a pack, for editors and for whoever checks packs without Kizuki. Those of replay.yml and
 * playbook.yml are made of the tables their readers go by; the others are files of content/schemas/pack. Rules are Sigma, which has a schema of its own. */
#include "app/cli/command.h"
#include "app/content/content.h"
#include "base/buf.h"
#include "base/file.h"
#include "pack/files.h"
#include "pack/replay.h"
#include "playbook/playbook.h"

#include <limits.h>

enum { SCHEMA_BYTES_MAX = 1 << 20 };

static const struct made {
    const char *file;
    int (*write)(struct buf *out); /* NULL: a file */
} SCHEMAS[] = {{"pack", NULL}, {"controls", NULL}, {"expect", NULL}, {"replay", pack_replay_schema}, {"playbook", playbook_schema}};

static int of_file(const char *name, struct buf *out, struct diag *err) {
    char path[PATH_MAX];
    struct arena a;
    struct str text;
    snprintf(path, sizeof path, "%.4000s/schemas/pack/%s.json", content_dir(), name);
    arena_init(&a, 2 * SCHEMA_BYTES_MAX);
    int e = file_read(&a, path, SCHEMA_BYTES_MAX, &text, err);
    if (e == 0)
        buf_add(out, text);
    arena_done(&a);
    return e;
}

static int run_schema(void *settings UNUSED, unsigned n_args UNUSED, char **args) {
    struct str name = str_of(args[0]);
    struct diag d = {0};
    struct buf out;
    const struct made *m = NULL;
    if (str_ends(name, STR(".yml")))
        name = str_to(name, name.n - STR(".yml").n);
    for (size_t i = 0; i < ARRAY_SIZE(SCHEMAS) && !m; i++)
        m = str_eq_z(name, SCHEMAS[i].file) ? &SCHEMAS[i] : NULL;
    if (!m) {
        (void) diag_set(&d, -ENOENT, "there is no schema of '%.*s'; there are pack, controls, expect, replay and playbook (rules are Sigma)", STR_ARG(str_to(name, 60)));
        return command_failed(&d);
    }
    buf_init(&out, SCHEMA_BYTES_MAX);
    int e = m->write ? m->write(&out) : of_file(m->file, &out, &d);
    if (e == 0 && m->write)
        buf_add_byte(&out, '\n');
    if (e == 0 && (e = buf_error(&out)) == 0 && file_write_all(1, buf_str(&out)) < 0)
        e = diag_set(&d, -EIO, "cannot write the schema");
    buf_done(&out);
    return e < 0 ? command_failed(&d) : 0;
}

const struct cli_command COMMAND_PACK_SCHEMA = {
    .name = "pack schema", .args = "FILE", .args_min = 1, .args_max = 1,
    .help = "print the JSON Schema (2020-12) of a file of a pack: pack, controls, expect, replay or playbook", .run = run_schema};
