#include "app/cli/pack.h"

#include "app/cli/command.h"
#include "app/cli/play.h"
#include "app/engine/engine.h"
#include "app/serve/serve.h"
#include "base/file.h"
#include "base/buf.h"
#include "pack/pack.h"

#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PACK_ARENA = 64 * 1024 * 1024, REMOVE_DEPTH = 8 };
#define MARK "kizuki-replay" /* stands in every folder made for a replay: only such a folder is ever removed */
#define FIRST_PACK "nisc-2014-2-account-list"

static const char *packs_dir(void) {
    static char dir[PATH_MAX];
    const char *given = getenv("KIZUKI_PACKS");
    if (given && given[0])
        return given;
    snprintf(dir, sizeof dir, "%s/../packs", engine_content_dir());
    return dir;
}

static int list(void) {
    struct arena a;
    struct pack *packs;
    size_t n, bad;
    struct diag d;
    arena_init(&a, PACK_ARENA);
    int r = pack_list(&a, packs_dir(), &packs, &n, &bad, &d);
    for (size_t i = 0; r == 0 && i < n; i++)
        printf("%.*s  %.*s / %.*s\n", STR_ARG(packs[i].id), STR_ARG(packs[i].title_ja), STR_ARG(packs[i].title_en));
    if (r == 0 && bad)
        fprintf(stderr, "kizuki: %zu folders in '%s' are no packs\n", bad, packs_dir());
    arena_done(&a);
    return r < 0 ? command_failed(&d) : 0;
}

/* Removes what is below fd; never follows a link. */
static int remove_below(int fd, int depth) {
    DIR *d = fdopendir(fd);
    struct dirent *e;
    int r = d ? 0 : -errno;
    while (r == 0 && (e = readdir(d))) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            r = -errno;
        } else if (S_ISDIR(st.st_mode)) {
            int below = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            r = depth && below >= 0 ? remove_below(below, depth - 1) : -EINVAL;
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
        while (d && (e = readdir(d)))
            n++;
        if (d)
            closedir(d);
        return n <= 2 ? 0
                      : diag_set(err, -ERR_REFUSED,
                                 "'%s' holds something that no replay left there; choose another folder", dir);
    }
    int r = remove_below(fd, REMOVE_DEPTH);
    return r < 0 ? diag_set(err, r, "cannot clear '%s': %s", dir, err_word(r)) : 0;
}

static int make_folder(struct arena *a, const char *dir, const struct pack *p, struct diag *err) {
    struct buf config;
    int r = clear_folder(dir, err);
    if (r < 0 || (r = file_make_dir(dir, 0700, err)) < 0)
        return r;
    buf_init(&config, 1024 * 1024);
    r = pack_replay_config(a, p, &config, err);
    const char *mark = arena_printf(a, "%s/" MARK, dir).p, *yml = arena_printf(a, "%s/kizuki.yml", dir).p;
    if (r == 0)
        r = file_write_atomic(mark, p->id, 0600, err);
    if (r == 0)
        r = file_write_atomic(yml, buf_str(&config), 0600, err);
    buf_done(&config);
    return r;
}

struct replay_options {
    const char *data, *https, *id;
    uint64_t seed;
    double pace;
    bool clear, once;
};

static int run(const struct replay_options *o) {
    struct arena a;
    struct pack p;
    struct diag d;
    arena_init(&a, PACK_ARENA);
    int r = pack_open(&a, packs_dir(), str_of(o->id), &p, &d);
    if (r == 0)
        r = make_folder(&a, o->data, &p, &d);
    const char *story = r == 0 ? pack_file(&a, &p, "replay.yml") : NULL;
    if (r == 0) {
        struct serve_options s = {.data = o->data, .https = o->https, .replay = story, .pace = o->pace,
                                  .seed = o->seed, .end_after_replay = o->once, .quiet = o->once};
        r = serve_run(&s);
        if (r == 0 && o->once)
            printf("%.*s: played; the data folder is %s\n", STR_ARG(p.id), o->data);
    } else {
        r = command_failed(&d);
    }
    arena_done(&a);
    return r;
}

static int read_options(struct replay_options *o, int argc, char **argv, const char *name, const char *help) {
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'}, {"seed", required_argument, NULL, 's'},
        {"pace", required_argument, NULL, 'p'}, {"https", required_argument, NULL, 'l'},
        {"clear", no_argument, NULL, 'c'},      {"help", no_argument, NULL, 'h'},
        {0}};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'd')
            o->data = optarg;
        else if (c == 'l')
            o->https = optarg;
        else if (c == 'c')
            o->clear = true;
        else if (c == 'h') {
            fputs(help, stdout);
            return -1;
        } else if ((c == 's' && str_to_u64(str_of(optarg), &o->seed) < 0) ||
                   (c == 'p' && (str_to_double(str_of(optarg), &o->pace) < 0 || o->pace < 0)) || c == '?')
            return command_misused(name, "see --help");
    }
    if (optind < argc)
        o->id = argv[optind++];
    return optind == argc ? 0 : command_misused(name, "one pack at a time");
}

static const char *default_dir(const char *what) {
    static char dir[PATH_MAX];
    const char *home = getenv("HOME");
    if (geteuid() == 0)
        snprintf(dir, sizeof dir, "/var/lib/kizuki-%s", what);
    else
        snprintf(dir, sizeof dir, "%s/.local/share/kizuki-%s", home ? home : "/tmp", what);
    return dir;
}

static int replay(int argc, char **argv) {
    static const char help[] =
        "usage: kizuki pack replay [--seed N] [--data DIR] [--pace N] ID\n"
        "\n"
        "Plays a lesson once through the real programs in a data folder of its own and leaves it in DIR.\n"
        "\n"
        "  --data DIR   the folder (default: kizuki-replay beside the usual data folder); an earlier replay\n"
        "               there is removed, anything else is left alone\n"
        "  --seed N     another variant of the same story\n"
        "  --pace N     N times the speed of life (default: as fast as it goes)\n";
    struct replay_options o = {.data = default_dir("replay"), .https = "127.0.0.1:0", .once = true};
    int r = read_options(&o, argc, argv, "pack replay", help);
    if (r)
        return r < 0 ? 0 : r;
    return o.id ? run(&o) : command_misused("pack replay", "which pack? kizuki pack list shows them");
}

int cmd_demo(int argc, char **argv) {
    static const char help[] =
        "usage: kizuki demo [--data DIR] [--https ADDR:PORT] [--pace N] [--clear]\n"
        "\n"
        "Plays the first lesson at 60 times the speed of life and shows it on pages of its own. Nothing of it\n"
        "reaches the real data folder; blocks are only ever tried out.\n"
        "\n"
        "  --clear      remove what an earlier demonstration left, and end\n";
    struct replay_options o = {.data = default_dir("demo"), .https = "127.0.0.1:8444", .pace = 60, .id = FIRST_PACK};
    struct diag d;
    int r = read_options(&o, argc, argv, "demo", help);
    if (r)
        return r < 0 ? 0 : r;
    if (!o.clear)
        return run(&o);
    if (clear_folder(o.data, &d) < 0)
        return command_failed(&d);
    if (rmdir(o.data) < 0 && errno != ENOENT) {
        diag_set(&d, -errno, "cannot remove '%s': %s", o.data, err_word(-errno));
        return command_failed(&d);
    }
    return 0;
}

int cmd_pack(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } verbs[] = {{"replay", replay}, {"play", cmd_pack_play}};
    if (argc >= 2 && strcmp(argv[1], "list") == 0)
        return list();
    for (size_t i = 0; argc >= 2 && i < ARRAY_SIZE(verbs); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    fprintf(stderr, "usage: kizuki pack list | replay [--seed N] [--data DIR] ID | play REPLAY.yml\n");
    return 2;
}
