/* `kizuki index fetch|status|rebuild`: the optional search index. The library comes by curl and tar, started by argv,
 * and is used only when its bytes are the pinned ones (app/index/library.h). */
#include "app/cli/command.h"
#include "app/engine/engine.h"
#include "app/index/library.h"
#include "app/search/narrow.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "decode/decode.h"
#include "index/client.h"
#include "index/sql.h"
#include "spool/reader.h"

#include <ftw.h>
#include <limits.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { ASK_MS = 60000 };

struct index_args {
    const char *from, *index;
};

/* ---- fetch ---- */

static int start(const char *const *argv, struct diag *err) {
    pid_t pid;
    int status = 0, e = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *) (uintptr_t) argv, environ);
    if (e != 0)
        return diag_set(err, -e, "cannot start %s: %s; it is needed for this", argv[0], err_word(-e));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : diag_set(err, -EIO, "%s failed", argv[0]);
}

static int unpack(const char *archive, const char *folder, const char *into, struct diag *err) {
    char part[PATH_MAX + 64];
    snprintf(part, sizeof part, "%s/" INDEX_LIBRARY_NAME, folder);
    const char *const tar[] = {"tar", "-xzf", archive, "-C", folder, "--no-same-owner", "--strip-components=1", "package/" INDEX_LIBRARY_NAME, NULL};
    int r = start(tar, err);
    if (r == 0)
        r = index_library_check(part, err);
    if (r == 0 && rename(part, into) < 0)
        r = diag_set(err, -errno, "cannot write '%s': %s", into, err_word(-errno));
    if (r < 0)
        (void) unlink(part);
    return r;
}

static int fetch(const struct index_args *args, const char *data, struct diag *err) {
    char folder[PATH_MAX], archive[PATH_MAX + 32], into[PATH_MAX + 32];
    snprintf(folder, sizeof folder, "%.4000s/index/fetched", data);
    snprintf(archive, sizeof archive, "%s/chdb.tgz", folder);
    snprintf(into, sizeof into, "%.4000s/index/" INDEX_LIBRARY_NAME, data);
    if (index_library_check(into, NULL) == 0) {
        printf("chDB " INDEX_LIBRARY_VERSION " is there already: %s\n", into);
        return 0;
    }
    int r = file_make_dir(folder, 0700, err);
    const char *const curl[] = {"curl", "-fsSL", "--proto", "=https", "--max-filesize", "400000000", "-o", archive, INDEX_LIBRARY_URL, NULL};
    if (r == 0 && !args->from)
        r = start(curl, err);
    if (r == 0)
        r = unpack(args->from ? args->from : archive, folder, into, err);
    (void) unlink(archive);
    (void) rmdir(folder);
    if (r == 0)
        printf("chDB " INDEX_LIBRARY_VERSION " is in place: %s\nKizuki uses it from its next start.\n", into);
    return r;
}

/* ---- status, rebuild ---- */

static int client_of(const struct index_args *args, const char *data, struct index_client **ret, struct diag *err) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/run/index.sock", data);
    return index_client_new(args->index ? args->index : path, ret, err);
}

/* By whom rows of this data folder's index are made. */
static int made_of(const char *data, uint64_t *ret, struct diag *err) {
    CLEANUP(spool_reader_freep) struct spool_reader *reader = NULL;
    char spool[PATH_MAX], own[PATH_MAX];
    const char *paths[] = {own};
    struct decode_set *decoders;
    struct stat st;
    snprintf(spool, sizeof spool, "%.4000s/spool", data);
    snprintf(own, sizeof own, "%.4000s/decoders", data);
    int r = spool_reader_open(spool, &reader, err);
    if (r < 0 || (r = engine_decoders(paths, stat(own, &st) == 0, &decoders, err)) < 0)
        return r;
    *ret = narrow_made(spool_reader_id(reader), decoders);
    decode_set_unref(decoders);
    return 0;
}

static uint64_t tree_bytes;
static int add_bytes(const char *path UNUSED, const struct stat *st, int kind, struct FTW *f UNUSED) {
    tree_bytes += kind == FTW_F ? (uint64_t) st->st_size : 0;
    return 0;
}

static int print_status(const char *data, struct str answer) {
    char db[PATH_MAX];
    uint64_t covered = 0;
    struct index_found f;
    struct jsonw w;
    struct buf b;
    snprintf(db, sizeof db, "%.4000s/index/db", data);
    tree_bytes = 0;
    (void) nftw(db, add_bytes, 16, FTW_PHYS);
    for (size_t at = 0; at < answer.n; at += INDEX_FOUND_BYTES) {
        int r = index_found_read(answer, at, &f);
        if (r < 0)
            return r;
        covered += f.width;
    }
    buf_init(&b, 65536);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_ku64(&w, "records", covered);
    jsonw_ku64(&w, "segments", answer.n / INDEX_FOUND_BYTES);
    jsonw_ku64(&w, "bytes", tree_bytes);
    jsonw_end(&w);
    printf("%s\n", buf_z(&b));
    buf_done(&b);
    return 0;
}

static int status(const struct index_args *args, const char *data, struct diag *err) {
    CLEANUP(index_client_freep) struct index_client *c = NULL;
    struct buf s, answer;
    uint64_t made = 0;
    buf_init(&s, INDEX_STATEMENT_BYTES_MAX);
    buf_init(&answer, INDEX_ANSWER_BYTES_MAX);
    int r = client_of(args, data, &c, err);
    if (r == 0)
        r = made_of(data, &made, err);
    index_sql_find(&s, made, NULL, NULL, 0, INDEX_POSITIONS_MAX);
    if (r == 0)
        r = index_client_run(c, buf_str(&s), STR(""), ASK_MS, &answer, err);
    if (r == 0 && (r = print_status(data, buf_str(&answer))) < 0)
        diag_set(err, r, "what the index answers cannot be read: %s", err_word(r));
    buf_done(&s);
    buf_done(&answer);
    return r;
}

/* Whoever fills it sees that it is empty, and fills it again. */
static int rebuild(const struct index_args *args, const char *data, struct diag *err) {
    CLEANUP(index_client_freep) struct index_client *c = NULL;
    struct buf s, answer;
    buf_init(&s, INDEX_STATEMENT_BYTES_MAX);
    buf_init(&answer, INDEX_ANSWER_BYTES_MAX);
    index_sql_empty(&s);
    int r = client_of(args, data, &c, err);
    if (r == 0)
        r = index_client_run(c, buf_str(&s), STR(""), ASK_MS, &answer, err);
    if (r == 0)
        printf("the index is empty and is filled again, newest events first; searches read the spool meanwhile\n");
    buf_done(&s);
    buf_done(&answer);
    return r;
}

static int do_it(int (*what)(const struct index_args *args, const char *data, struct diag *err), void *settings, char **args) {
    struct diag d = {0};
    return what(settings, args[0], &d) < 0 ? command_failed(&d) : 0;
}
static int fetch_main(void *settings, unsigned n UNUSED, char **args) {
    return do_it(fetch, settings, args);
}
static int status_main(void *settings, unsigned n UNUSED, char **args) {
    return do_it(status, settings, args);
}
static int rebuild_main(void *settings, unsigned n UNUSED, char **args) {
    return do_it(rebuild, settings, args);
}

static const struct cli_option FETCH_OPTIONS[] = {
    {.name = "from", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct index_args, from),
     .help = "an archive fetched elsewhere, for a machine without a way out"},
    {0}};
static const struct cli_option OPTIONS[] = {
    {.name = "index", .kind = CLI_STRING, .value = "WHERE", .at = offsetof(struct index_args, index),
     .help = "this index: a socket, or http://HOST:PORT/DATABASE (DATA/run/index.sock)"},
    {0}};

const struct cli_command COMMAND_INDEX_FETCH = {
    .name = "index fetch", .args = "DATA", .args_min = 1, .args_max = 1, .help = "get the library of the search index (chDB, Apache-2.0, 180 MB)",
    .text = "Puts " INDEX_LIBRARY_NAME " of chDB " INDEX_LIBRARY_VERSION " into DATA/index, from\n" INDEX_LIBRARY_URL "\n"
            "Other bytes than the pinned ones are refused. Without it searches read the spool.\n",
    .options = FETCH_OPTIONS, .size = sizeof(struct index_args), .run = fetch_main};
const struct cli_command COMMAND_INDEX_STATUS = {
    .name = "index status", .args = "DATA", .args_min = 1, .args_max = 1, .help = "how many records the index of a running Kizuki covers, and its size",
    .options = OPTIONS, .size = sizeof(struct index_args), .run = status_main};
const struct cli_command COMMAND_INDEX_REBUILD = {
    .name = "index rebuild", .args = "DATA", .args_min = 1, .args_max = 1, .help = "empty the index of a running Kizuki; it is filled again from the spool",
    .options = OPTIONS, .size = sizeof(struct index_args), .run = rebuild_main};
