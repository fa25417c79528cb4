/* `kizuki pack list`, `kizuki pack replay` and `kizuki demo`. */
#include "app/cli/command.h"
#include "app/cli/pack_judge.h"
#include "app/cli/pack_shared.h"
#include "app/common/config.h"
#include "app/engine/engine.h"
#include "app/serve/serve.h"
#include "base/file.h"
#include "base/buf.h"
#include "pack/pack.h"
#include "pack/replay.h"
#include "ruleset/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PACK_ARENA = 64 * 1024 * 1024, REMOVE_DEPTH = 8 };
/* How long the programs of a killed demonstration may take to end. */
enum { CLEAR_TRIES = 100, CLEAR_WAIT_MS = 100, BUSY_TRIES = 10 };
/* A night of 58 minutes is told within one, with the start of the programs and time to spare. */
enum { DEMO_PACE = 70 };
#define MARK "kizuki-replay" /* stands in every folder made for a replay: only such a folder is ever removed */
#define FIRST_PACK "nisc-2014-2-account-list"

/* Lessons from elsewhere, with their state. */
static int list_installed(const char *data, struct diag *err) {
    struct config *config = NULL;
    struct rulesets all = {0};
    int r = config_load(data, NULL, &config, err);
    if (r == 0)
        r = rulesets_load(config->data, &all, err);
    for (size_t i = 0; r == 0 && i < all.n; i++) {
        const struct ruleset *s = &all.at[i];
        if (s->pack.id.n)
            printf("%.*s  %.*s / %.*s  version %lld, %s, signed by %.*s, taken in by %.*s\n", STR_ARG(s->pack.id), STR_ARG(s->pack.title_ja),
                   STR_ARG(s->pack.title_en), (long long) s->pack.version,
                   s->draft ? "waits" : !s->on ? "off" : s->watch ? "watched only" : "on", STR_ARG(s->pack.signer), STR_ARG(s->by));
    }
    if (r == 0)
        rulesets_done(&all);
    config_free(config);
    return r;
}

struct list_args {
    const char *data;
};

static int run_list(void *settings, unsigned n_args UNUSED, char **args UNUSED) {
    struct arena a;
    struct pack *packs;
    size_t n, bad;
    struct diag d = {0};
    arena_init(&a, PACK_ARENA);
    int r = pack_list(&a, packs_dir(), &packs, &n, &bad, &d);
    for (size_t i = 0; r == 0 && i < n; i++)
        printf("%.*s  %.*s / %.*s\n", STR_ARG(packs[i].id), STR_ARG(packs[i].title_ja), STR_ARG(packs[i].title_en));
    if (r == 0)
        r = list_installed(((const struct list_args *) settings)->data, &d);
    if (r == 0 && bad)
        fprintf(stderr, "kizuki: %zu folders in '%s' are no packs\n", bad, packs_dir());
    arena_done(&a);
    return r < 0 ? command_failed(&d) : 0;
}

static int run_generators(void *settings UNUSED, unsigned n_args UNUSED, char **args UNUSED) {
    struct buf out;
    buf_init(&out, 1024 * 1024);
    pack_replay_describe(&out);
    int r = buf_error(&out) < 0 ? buf_error(&out) : file_write_all(1, buf_str(&out));
    buf_done(&out);
    return r < 0;
}

/* Removes what is below fd, which it closes; never follows a link. The mark of the whole folder stays. */
static int remove_below(int fd, int depth) {
    DIR *d = fdopendir(fd);
    struct dirent *e;
    int r = d ? 0 : -errno;
    if (!d)
        close(fd);
    while (r == 0 && (e = readdir(d))) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            (depth == REMOVE_DEPTH && strcmp(e->d_name, MARK) == 0))
            continue;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            r = -errno;
        } else if (S_ISDIR(st.st_mode)) {
            int below = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            r = below < 0 ? -errno : depth ? remove_below(below, depth - 1) : -ELOOP;
            if (r == 0 && unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) < 0)
                r = -errno;
        } else if (unlinkat(dirfd(d), e->d_name, 0) < 0) {
            r = -errno;
        }
    }
    if (d)
        closedir(d);
    return r;
}

/* Clears a folder an earlier replay left. One that was not made for a replay is refused. */
static int clear_folder(const char *dir, struct diag *err) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : diag_set(err, -errno, "cannot open '%s': %s", dir, err_word(-errno));
    if (faccessat(fd, MARK, F_OK, 0) < 0) {
        DIR *d = fdopendir(fd);
        struct dirent *e;
        int n = 0;
        if (!d)
            close(fd);
        while (d && (e = readdir(d)))
            n++;
        if (d)
            closedir(d);
        return n <= 2 ? 0
                      : diag_set(err, -ERR_REFUSED,
                                 "'%s' holds something that no replay left there; choose another folder", dir);
    }
    if (serve_is_running(dir)) {
        close(fd);
        return diag_set(err, -EBUSY, "a replay is running in '%s'; end it first", dir);
    }
    int r = remove_below(fd, REMOVE_DEPTH);
    return r < 0 ? diag_set(err, r, "cannot clear '%s': %s", dir, err_word(r)) : 0;
}

/* The mark is made by one step and before all else: nothing a kill leaves is without it. */
static int make_mark(const char *dir, struct diag *err) {
    char mark[PATH_MAX];
    snprintf(mark, sizeof mark, "%.4000s/" MARK, dir);
    int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return diag_set(err, -errno, "cannot write '%s': %s", mark, err_word(-errno));
    close(fd);
    return 0;
}

/* Clears the folder and removes it. Programs of a demonstration that was killed may still write while they end. */
static int remove_folder(const char *dir, struct diag *err) {
    char mark[PATH_MAX];
    int r = 0;
    snprintf(mark, sizeof mark, "%.4000s/" MARK, dir);
    for (int i = 0; i < CLEAR_TRIES; i++) {
        if (i)
            nanosleep(&(struct timespec){.tv_nsec = CLEAR_WAIT_MS * 1000000L}, NULL);
        r = clear_folder(dir, err);
        if (r == 0) {
            (void) unlink(mark); /* last, so that a folder half cleared can be cleared again */
            if (rmdir(dir) == 0 || errno == ENOENT)
                return 0;
            r = diag_set(err, -errno, "cannot remove '%s': %s", dir, err_word(-errno));
            if (r == -ENOTEMPTY || r == -EEXIST)
                IGNORE(make_mark(dir, NULL));
        }
        if ((r != -EBUSY || i >= BUSY_TRIES) && r != -ENOTEMPTY && r != -EEXIST && r != -ENOENT)
            break;
    }
    return r;
}

static int make_folder(struct arena *a, const char *dir, const struct pack *p, struct diag *err) {
    struct buf config;
    int r = clear_folder(dir, err);
    if (r < 0 || (r = file_make_dir(dir, 0700, err)) < 0 || (r = make_mark(dir, err)) < 0)
        return r;
    buf_init(&config, 1024 * 1024);
    r = pack_replay_config(a, p, &config, err);
    const char *mark = arena_printf(a, "%s/" MARK, dir).p, *yml = arena_printf(a, "%s/kizuki.yml", dir).p;
    if (r == 0 && (!mark || !yml))
        r = diag_set(err, -ENOMEM, "out of memory");
    if (r == 0) /* the room says by it which lesson is played */
        r = file_write_atomic(mark, p->id, 0600, err);
    if (r == 0)
        r = file_write_atomic(yml, buf_str(&config), 0600, err);
    buf_done(&config);
    return r;
}

struct replay_args {
    const char *data, *https, *pace, *record;
    int64_t seed;
    bool clear;
};

static const char *default_dir(const char *what) {
    static char dir[PATH_MAX];
    const char *home = getenv("HOME");
    if (geteuid() == 0)
        snprintf(dir, sizeof dir, "/var/lib/kizuki-%s", what);
    else
        snprintf(dir, sizeof dir, "%s/.local/share/kizuki-%s", home && home[0] ? home : ".", what);
    return dir;
}

static int judge(struct arena *a, const struct pack *p, const char *data, uint64_t seed, const char *record) {
    struct diag d = {0};
    struct buf says;
    buf_init(&says, 256 * 1024);
    printf("%.*s: played; the data folder is %s\n", STR_ARG(p->id), data);
    fflush(stdout);
    int failed = pack_judge_folder(a, p, data, seed, &says, &d);
    int e = failed >= 0 && record ? pack_judge_keep(a, p, record, buf_str(&says), failed, &d) : 0;
    buf_done(&says);
    if (e < 0)
        return command_failed(&d);
    return failed < 0 ? command_failed(&d) : failed > 0;
}

/* once: end when it is through. */
static int run(const struct replay_args *o, const char *id, const char *data, double pace, bool once) {
    struct arena a;
    struct pack p;
    struct diag d = {0};
    if (o->pace && command_pace(o->pace, &pace, &d) < 0)
        return command_failed(&d);
    arena_init(&a, PACK_ARENA);
    int r = pack_open(&a, packs_dir(), str_of(id), &p, &d);
    if (r == 0)
        r = make_folder(&a, data, &p, &d);
    const char *story = r == 0 ? pack_file(&a, &p, "replay.yml") : NULL;
    if (r == 0 && !story)
        r = diag_set(&d, -ENOMEM, "out of memory");
    if (r == 0) {
        struct serve_options s = {.data = data, .https = o->https, .replay = story, .pace = pace,
                                  .seed = (uint64_t) o->seed, .end_after_replay = once, .quiet = once};
        r = serve_run(&s);
        if (r == 0 && once)
            r = judge(&a, &p, data, (uint64_t) o->seed, o->record);
    } else {
        r = command_failed(&d);
    }
    arena_done(&a);
    return r;
}

static int run_replay(void *settings, unsigned n_args UNUSED, char **args) {
    const struct replay_args *o = settings;
    return run(o, args[0], o->data ? o->data : default_dir("replay"), 0, true);
}

static int run_demo(void *settings, unsigned n_args UNUSED, char **args UNUSED) {
    const struct replay_args *o = settings;
    const char *data = o->data ? o->data : default_dir("demo");
    struct diag d = {0};
    if (!o->clear)
        return run(o, FIRST_PACK, data, DEMO_PACE, false);
    return remove_folder(data, &d) < 0 ? command_failed(&d) : 0;
}

#define OPTION_DATA                                                                                \
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct replay_args, data), \
     .help = "the folder; what an earlier replay left there is removed, anything else is left alone"}
#define OPTION_PACE                                                                                \
    {.name = "pace", .kind = CLI_STRING, .value = "N", .at = offsetof(struct replay_args, pace),   \
     .help = "N times the speed of life; 0 as fast as it goes"}
#define OPTION_SEED                                                                                \
    {.name = "seed", .kind = CLI_NUMBER, .value = "N", .min = 1, .max = INT64_MAX,                 \
     .at = offsetof(struct replay_args, seed), .help = "another variant of the same story"}
#define OPTION_HTTPS                                                                               \
    {.name = "https", .kind = CLI_STRING, .value = "ADDR:PORT",                                    \
     .at = offsetof(struct replay_args, https), .help = "where the pages are (127.0.0.1:8444)"}

static const struct cli_option LIST_OPTIONS[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct list_args, data), .help = "data folder of those from elsewhere"}, {0}};
static const struct cli_option REPLAY_OPTIONS[] = {
    OPTION_DATA, OPTION_SEED, OPTION_PACE,
    {.name = "record", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct replay_args, record),
     .help = "data folder of the Kizuki whose page of readiness shows the result"},
    {0}};
static const struct cli_option DEMO_OPTIONS[] = {
    OPTION_DATA, OPTION_SEED, OPTION_PACE, OPTION_HTTPS,
    {.name = "clear", .kind = CLI_FLAG, .at = offsetof(struct replay_args, clear),
     .help = "remove what an earlier demonstration left, and end"},
    {0}};

const struct cli_command COMMAND_PACK_LIST = {
    .name = "pack list", .help = "show the lessons that are here, and the state of those from elsewhere",
    .options = LIST_OPTIONS, .size = sizeof(struct list_args), .run = run_list};
const struct cli_command COMMAND_PACK_GENERATORS = {
    .name = "pack generators", .help = "list what a story can be made of, with every key", .run = run_generators};
const struct cli_command COMMAND_PACK_REPLAY = {
    .name = "pack replay", .args = "ID", .args_min = 1, .args_max = 1,
    .help = "play a lesson once through the real programs, judge it and leave its data folder",
    .text = "Ends with 1 when something its expect.yml asks did not happen, or something happened that must not.\n",
    .options = REPLAY_OPTIONS, .size = sizeof(struct replay_args),
    .defaults = &(struct replay_args){.https = "127.0.0.1:0"}, .run = run_replay};
const struct cli_command COMMAND_DEMO = {
    .name = "demo", .help = "play the first lesson at 70 times the speed of life, on pages of its own",
    .text = "Nothing of it reaches the real data folder; blocks are only ever tried out.\n",
    .options = DEMO_OPTIONS, .size = sizeof(struct replay_args),
    .defaults = &(struct replay_args){.https = "127.0.0.1:8444"}, .run = run_demo};
