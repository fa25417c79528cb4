/* `kizuki pack sign`, `verify` and `export`: who says so, and the lesson as one file. */
#include "app/cli/command.h"
#include "app/cli/pack_shared.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "pack/note.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

struct sign_args {
    const char *key, *keys, *received, *to;
};

/* Keys of the person who packs, and of those who are believed. */
const char *pack_default_file(char dst[PATH_MAX], const char *name) {
    const char *home = getenv("HOME");
    if (geteuid() == 0)
        snprintf(dst, PATH_MAX, "/etc/kizuki/%s", name);
    else
        snprintf(dst, PATH_MAX, "%.4000s/.config/kizuki/%s", home && home[0] ? home : ".", name);
    return dst;
}

static int make_folder_of(const char *file, struct diag *err) {
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s", file);
    char *end = strrchr(dir, '/');
    if (!end || end == dir)
        return 0;
    *end = 0;
    return file_make_dir(dir, 0700, err);
}

/* ---- sign ---- */

static int sign_folder(struct arena *a, const struct sign_args *o, const char *dir, struct diag *err) {
    char path[PATH_MAX];
    struct pack_files f;
    struct pack_checked c;
    struct pack_brings b;
    struct sign_secret key;
    struct sign_public pub;
    struct buf note;
    const char *key_file = o->key ? o->key : pack_default_file(path, "pack-key");
    int e = pack_look(a, dir, &f, &c, &b, err);
    if (e < 0)
        return e;
    if (!f.name.n)
        return diag_set(err, -ERR_REFUSED, "'%s' is a pack in one file, signed by who wrote it; sign a folder", dir);
    if ((e = make_folder_of(key_file, err)) < 0 || (e = sign_key_open(key_file, &key, &pub, err)) < 0)
        return e;
    buf_init(&note, PACK_NOTE_BYTES_MAX);
    e = pack_note_sign(&f, c.id, c.version, time_now_ns(), &key, &pub, &note, err);
    const char *to = arena_printf(a, "%s/" PACK_NOTE_FILE, dir).p;
    if (e == 0)
        e = to ? file_write_atomic(to, buf_str(&note), 0644, err) : diag_set(err, -ENOMEM, "out of memory");
    if (e == 0)
        printf("%.*s version %lld: %zu files signed by %s (%s.pub)\n", STR_ARG(c.id), (long long) c.version, f.n, pub.fingerprint, key_file);
    buf_done(&note);
    explicit_bzero(&key, sizeof key);
    return e;
}

static int run_sign(void *settings, unsigned n_args UNUSED, char **args) {
    struct arena a;
    struct diag d = {0};
    arena_init(&a, PACK_ARENA_MAX);
    int e = sign_folder(&a, settings, args[0], &d);
    arena_done(&a);
    return e < 0 ? command_failed(&d) : 0;
}

/* ---- verify ---- */

static int verify_one(struct arena *a, const struct sign_args *o, const char *named, struct diag *err) {
    char path[PATH_MAX], iso[TIME_ISO_CAP];
    struct pack_files f;
    struct pack_checked c;
    struct pack_brings b;
    struct pack_keys keys;
    struct pack_signed s;
    int64_t received = time_now_ns();
    const char *place = pack_place(a, named);
    int e = place ? 0 : diag_set(err, -ENOMEM, "out of memory");
    if (e < 0 || (o->received && (e = command_time(o->received, &received, err)) < 0) ||
        (e = pack_keys_load(a, o->keys ? o->keys : pack_default_file(path, "pack-keys.yml"), &keys, err)) < 0 ||
        (e = pack_look(a, place, &f, &c, &b, err)) < 0 || (e = pack_verify(a, &f, &keys, received, &s, err)) < 0)
        return e;
    printf("%.*s version %lld: %zu files as %.*s (%s) signed them at %s\n", STR_ARG(c.id), (long long) c.version, f.n, STR_ARG(s.key->who),
           s.note.fingerprint, time_format_iso(s.note.signed_ns, 0, iso));
    return 0;
}

static int run_verify(void *settings, unsigned n_args, char **args) {
    int status = 0;
    for (unsigned i = 0; i < n_args; i++) {
        struct arena a;
        struct diag d = {0};
        arena_init(&a, PACK_ARENA_MAX);
        if (verify_one(&a, settings, args[i], &d) < 0)
            status = command_failed(&d);
        arena_done(&a);
    }
    return status;
}

/* ---- export ---- */

static int export_one(struct arena *a, const struct sign_args *o, const char *named, struct diag *err) {
    struct pack_files f;
    struct pack_checked c;
    struct pack_brings b;
    struct pack_note note;
    struct buf out;
    const char *place = pack_place(a, named);
    int e = place ? pack_look(a, place, &f, &c, &b, err) : diag_set(err, -ENOMEM, "out of memory");
    if (e < 0)
        return e;
    if (!f.note.p)
        return diag_set(err, -ERR_REFUSED, "'%s' is not signed; run kizuki pack sign first", place);
    if ((e = pack_note_parse(a, f.note, f.shown, &note, err)) < 0 || (e = pack_note_covers(&note, &f, err)) < 0)
        return e;
    const char *to = o->to ? o->to : arena_printf(a, "%.*s-%lld.kizuki", STR_ARG(c.id), (long long) c.version).p;
    if (!to)
        return diag_set(err, -ENOMEM, "out of memory");
    buf_init(&out, PACK_NOTE_BYTES_MAX + PACK_BYTES_MAX);
    e = pack_files_write(&f, &out);
    e = e < 0 ? diag_set(err, e, "cannot write '%s': %s", to, err_word(e)) : file_write_atomic(to, buf_str(&out), 0644, err);
    if (e == 0)
        printf("%s: %zu files, %zu bytes, TLP:%.*s, signed by %s\n", to, f.n, out.n, STR_ARG(c.tlp), note.fingerprint);
    buf_done(&out);
    return e;
}

static int run_export(void *settings, unsigned n_args UNUSED, char **args) {
    struct arena a;
    struct diag d = {0};
    arena_init(&a, PACK_ARENA_MAX);
    int e = export_one(&a, settings, args[0], &d);
    arena_done(&a);
    return e < 0 ? command_failed(&d) : 0;
}

static const struct cli_option SIGN_OPTIONS[] = {
    {.name = "key", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct sign_args, key),
     .help = "the secret key, made when it is not there (pack-key in /etc/kizuki or ~/.config/kizuki)"},
    {0}};
static const struct cli_option VERIFY_OPTIONS[] = {
    {.name = "keys", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct sign_args, keys),
     .help = "whose signatures are believed (pack-keys.yml in /etc/kizuki or ~/.config/kizuki)"},
    {.name = "received", .kind = CLI_STRING, .value = "TIME", .at = offsetof(struct sign_args, received),
     .help = "when it came here (now): a key that was revoked later does not undo it"},
    {0}};
static const struct cli_option EXPORT_OPTIONS[] = {
    {.name = "to", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct sign_args, to), .help = "the file (ID-VERSION.kizuki)"},
    {0}};
const struct cli_command COMMAND_PACK_SIGN = {
    .name = "pack sign", .args = "DIR", .args_min = 1, .args_max = 1, .help = "check a lesson and sign every file of it",
    .options = SIGN_OPTIONS, .size = sizeof(struct sign_args), .run = run_sign};
const struct cli_command COMMAND_PACK_VERIFY = {
    .name = "pack verify", .args = "PATH|ID…", .args_min = 1, .args_max = CLI_MANY,
    .help = "check lessons and say who signed them, and whether that is believed here",
    .options = VERIFY_OPTIONS, .size = sizeof(struct sign_args), .run = run_verify};
const struct cli_command COMMAND_PACK_EXPORT = {
    .name = "pack export", .args = "DIR|ID", .args_min = 1, .args_max = 1, .help = "write a signed lesson as one file",
    .options = EXPORT_OPTIONS, .size = sizeof(struct sign_args), .run = run_export};
