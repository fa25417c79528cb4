/* `kizuki door list|try`: which ways lead out, and whether each works. Speaks with the running kizuki-door, which alone
 * knows where a way leads and with which credentials. */
#include "app/cli/command.h"
#include "app/common/config.h"
#include "base/frame.h"
#include "base/json.h"
#include "base/time.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 2 << 20, WAIT_S = 700 /* the longest `timeout` of a way is ten minutes */ };

struct door_args {
    const char *data, *to;
    bool drill;
};
static const struct cli_option list_options[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct door_args, data), .help = "data folder"},
    {0},
};
static const struct cli_option try_options[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct door_args, data), .help = "data folder"},
    {.name = "to", .kind = CLI_STRING, .value = "ADDRESS", .at = offsetof(struct door_args, to), .help = "mail address or number the test goes to"},
    {.name = "drill", .kind = CLI_FLAG, .at = offsetof(struct door_args, drill), .help = "as in a drill: marked, or refused"},
    {0},
};

static int connect_door(const char *data, struct diag *err) {
    struct config *config;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = WAIT_S};
    int e = config_load(data, NULL, &config, err);
    if (e < 0)
        return e;
    int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/run/door.sock", config->data);
    char folder[400];
    snprintf(folder, sizeof folder, "%s", config->data);
    config_free(config);
    if (n < 0 || (size_t) n >= sizeof a.sun_path)
        return diag_set(err, -ENAMETOOLONG, "the name of the data folder is too long for a socket");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &a, sizeof a) < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) {
        e = diag_set(err, -errno, "no door answers for '%s' (%s): start it with `kizuki serve`", folder, err_word(-errno));
        if (fd >= 0)
            close(fd);
        return e;
    }
    return fd;
}

/* The next message of this kind, and with this id where one is given. */
static int next_answer(int fd, struct arena *a, const char *kind, const char *id, struct json_value **ret, struct diag *err) {
    struct buf in;
    buf_init(&in, ANSWER_BYTES_MAX);
    int e;
    for (;;) {
        struct str t, of = STR_NULL;
        e = frame_read(fd, &in);
        if (e <= 0) {
            e = diag_set(err, e < 0 ? e : -EPIPE, "the door closed the connection without an answer");
            break;
        }
        struct str copy = arena_dup(a, buf_str(&in));
        if (!copy.p || (e = json_parse(a, copy, ret, err)) < 0)
            break;
        IGNORE(json_get_str(*ret, "id", &of));
        if (json_get_str(*ret, "t", &t) && str_eq_z(t, kind) && (!id || str_eq_z(of, id)))
            break;
    }
    buf_done(&in);
    return MIN(e, 0);
}

static void print_ways(const struct json_value *v) {
    struct str name, kind, after, problem;
    bool replay = false;
    if (json_get_str(v, "problem", &problem))
        printf("door.yml cannot be used: %.*s\n", STR_ARG(problem));
    if (json_get_bool(v, "replay", &replay) && replay)
        puts("this is a replay: nothing leaves");
    const struct json_value *ways = json_get_array(v, "ways");
    for (const struct json_value *w = ways ? ways->first : NULL; w; w = w->next)
        if (json_get_str(w, "name", &name) && json_get_str(w, "kind", &kind)) {
            bool more = json_get_str(w, "else", &after);
            printf("%-20.*s %.*s%s%.*s\n", STR_ARG(name), STR_ARG(kind), more ? ", then " : "", more ? (int) after.n : 0, more ? after.p : "");
        }
}

static int run_list(void *settings, unsigned n UNUSED, char **args UNUSED) {
    struct door_args *o = settings;
    struct diag d = {0};
    struct arena a;
    struct json_value *v;
    arena_init(&a, 64 << 20);
    int fd = connect_door(o->data, &d), e = fd;
    if (fd >= 0 && (e = frame_write(fd, STR("{\"t\":\"ways\"}"))) >= 0)
        e = next_answer(fd, &a, "ways", NULL, &v, &d);
    if (e >= 0)
        print_ways(v);
    if (fd >= 0)
        close(fd);
    arena_done(&a);
    return e < 0 ? command_failed(&d) : 0;
}

static void write_test(struct buf *b, const char *id, const struct door_args *o, const char *way) {
    struct jsonw w;
    jsonw_init(&w, b);
    jsonw_object(&w);
    jsonw_kz(&w, "t", "send");
    jsonw_kz(&w, "id", id);
    jsonw_kz(&w, "way", way);
    jsonw_kz(&w, "to", o->to ? o->to : "");
    jsonw_kbool(&w, "drill", o->drill);
    jsonw_key(&w, STR("vars"));
    jsonw_object(&w);
    jsonw_kz(&w, "subject", "気付き: 送信の試験 / Kizuki: a test");
    jsonw_kz(&w, "text", "これは送信の試験です。何もする必要はありません。\nThis is a test of this way out. Nothing needs to be done.\n");
    jsonw_kz(&w, "case", "-");
    jsonw_kz(&w, "level", "informational");
    jsonw_kz(&w, "link", "-");
    jsonw_end(&w);
    jsonw_end(&w);
}

static int run_try(void *settings, unsigned n UNUSED, char **args) {
    struct door_args *o = settings;
    struct diag d = {0};
    struct arena a;
    struct buf b;
    struct json_value *v;
    struct str state = STR("?"), sentence = STR("");
    char id[64];
    snprintf(id, sizeof id, "try.%llx.%ld", (unsigned long long) time_now_ns(), (long) getpid());
    arena_init(&a, 64 << 20);
    buf_init(&b, 65536);
    write_test(&b, id, o, args[0]);
    int fd = connect_door(o->data, &d), e = fd;
    if (fd >= 0 && (e = frame_write(fd, buf_str(&b))) >= 0)
        e = next_answer(fd, &a, "outcome", id, &v, &d);
    if (e >= 0) {
        IGNORE(json_get_str(v, "state", &state));
        IGNORE(json_get_str(v, "sentence", &sentence));
        printf("%.*s: %.*s\n", STR_ARG(state), STR_ARG(sentence));
    }
    if (fd >= 0)
        close(fd);
    bool sent = e >= 0 && str_eq_z(state, "sent");
    buf_done(&b);
    arena_done(&a);
    return e < 0 ? command_failed(&d) : !sent;
}

const struct cli_command COMMAND_DOOR_LIST = {.name = "door list", .help = "say which ways lead out", .options = list_options, .size = sizeof(struct door_args), .run = run_list};
const struct cli_command COMMAND_DOOR_TRY = {.name = "door try", .args = "WAY", .args_min = 1, .args_max = 1,
    .help = "send a test by a way of door.yml, and say what became of it", .options = try_options, .size = sizeof(struct door_args), .run = run_try};
