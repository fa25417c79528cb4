/* See serve.h. Purpose: prepare a data folder, open sockets, start the programs, say where the pages are.
 *
 * The supervisor reads no log line, no request and no order. What it prints at the end of a start (address
 * and one-time sign-in link) goes to standard output only, never to a log. */
#include "app/serve/serve.h"

#include "app/common/config.h"
#include "app/common/supervised.h"
#include "app/index/library.h"
#include "app/serve/demo_control.h"
#include "app/serve/holder.h"
#include "app/serve/listen.h"
#include "app/serve/supervisor.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sign.h"
#include "hand/limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINK_RETRY_MS = 150, LINK_TRIES = 200, ONCE_FAILURES_MAX = 5, DESCRIPTORS_WANTED = 16384,
       DRIVERS_MAX = 6, DRIVER_NAME_MAX = 40 };

struct serve {
    const struct serve_options *o;
    struct config *config;
    uv_loop_t loop;
    struct supervisor supervisor;
    struct demo_control *demo; /* not in a demonstration itself */
    struct holder *holder;     /* of the sensor's connections; NULL without syslog */
    struct child *sensor;
    int https_fd, https_port;
    int player_fds[2];
    /* the one-time link, made by a run of kizuki-room once the room answers */
    int ready_fds[2];
    uv_pipe_t ready;
    char ready_in;
    uv_process_t linker;
    uv_pipe_t linker_out;
    uv_timer_t again;
    int tries;
    char link[1024];
    size_t link_n;
    bool told;
    /* the player */
    uv_process_t player;
    bool player_live, player_failed;
    int player_said; /* what it wrote to its standard error; 0 or less: it writes to ours */
};

static int path_in(const struct serve *s, char *dst, const char *below) {
    int n = snprintf(dst, PATH_MAX, "%s/%s", s->config->data, below);
    return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int make_folders(struct serve *s, struct diag *err) {
    static const char *const folders[] = {"spool", "sensor", "indicators", "room", "hand", "search", "run", "gate", "notes", "exports", "hold", "change", "limits", "status", "door"};
    char path[PATH_MAX];
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        int e = path_in(s, path, folders[i]);
        if (e < 0 || (e = file_make_dir(path, 0700, err)) < 0)
            return e;
    }
    return 0;
}

static int lock_fd_of(const char *data, int flags) {
    char path[PATH_MAX + 16];
    int n = snprintf(path, sizeof path, "%s/run/lock", data);
    return n < (int) sizeof path ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600) : -1;
}

bool serve_is_running(const char *data) {
    int fd = lock_fd_of(data, 0);
    bool busy = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
    if (fd >= 0)
        close(fd);
    return busy;
}

/* One supervisor a folder: a second one would take the first one's sockets away. Held until the process ends. */
static int lock_folder(const struct serve *s, struct diag *err) {
    int fd = lock_fd_of(s->config->data, O_CREAT);
    if (fd < 0)
        return diag_set(err, -errno, "cannot open '%s/run/lock': %s", s->config->data, err_word(-errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    close(fd);
    return diag_set(err, -EBUSY, "Kizuki is already running over '%s'; --data chooses another folder",
                    s->config->data);
}

/* The hand believes one key: that of the room set up beside it. Put there once, by whoever sets it up. */
static int prepare_hand(struct serve *s, struct diag *err) {
    char secret[PATH_MAX], public_from[PATH_MAX], public_to[PATH_MAX], limits[PATH_MAX];
    struct sign_secret key;
    struct sign_public pub;
    struct arena a;
    struct str text;
    (void) path_in(s, secret, "room/order.key");
    (void) path_in(s, public_from, "room/order.key.pub");
    (void) path_in(s, public_to, "hand/order.key.pub");
    (void) path_in(s, limits, "hand/limits.yml");
    int e = sign_key_open(secret, &key, &pub, err);
    explicit_bzero(&key, sizeof key);
    if (e < 0)
        return e;
    arena_init(&a, 65536);
    if (access(public_to, F_OK) != 0 && (e = file_read(&a, public_from, 4096, &text, err)) == 0)
        e = file_write_atomic(public_to, text, 0644, err);
    if (e == 0 && access(limits, F_OK) != 0)
        e = file_write_atomic(limits, hand_limits_template(), 0644, err);
    arena_done(&a);
    return e;
}

static int add_demo(struct serve *s, struct child *room, struct diag *err) {
    char folder[PATH_MAX];
    int fd;
    snprintf(folder, sizeof folder, "%.4000s-demo", s->config->data);
    int e = demo_control_new(&s->loop, s->config->data, folder, s->config->https.host, &s->demo, &fd, err);
    if (e < 0)
        return e;
    child_arg(room, "--supervisor-fd");
    child_arg(room, "%d", child_fd(room, fd));
    return 0;
}

static int add_remedy(struct diag *err, int code, const char *remedy) {
    size_t n = strlen(err->text);
    snprintf(err->text + n, sizeof err->text - n, "; %s", remedy);
    return code;
}

static int add_room(struct serve *s, struct diag *err) {
    char socket_path[PATH_MAX];
    struct config_address https = s->config->https;
    if (s->o->https && config_parse_address(str_of(s->o->https), &https) < 0)
        return diag_set(err, -EINVAL, "--https wants an address and port, like 127.0.0.1:8443");
    s->https_fd = listen_tcp(&https, err);
    if (s->https_fd < 0)
        return add_remedy(err, s->https_fd, "--https ADDR:PORT chooses another");
    s->https_port = listen_port(s->https_fd);
    (void) path_in(s, socket_path, "run/room.sock");
    int sensors = listen_unix(socket_path, err);
    struct child *c = sensors < 0 ? NULL : supervisor_add(&s->supervisor, "kizuki-room", err);
    if (!c)
        return -ENOENT;
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    if (s->config->file[0]) {
        child_arg(c, "--config");
        child_arg(c, "%s", s->config->file);
    }
    child_arg(c, "--https-fd");
    child_arg(c, "%d", child_fd(c, s->https_fd));
    child_arg(c, "--sensor-fd");
    child_arg(c, "%d", child_fd(c, sensors));
    if (pipe2(s->ready_fds, O_CLOEXEC) < 0)
        return diag_set(err, -errno, "cannot make a pipe: %s", err_word(-errno));
    child_arg(c, "--ready-fd");
    child_arg(c, "%d", child_fd(c, s->ready_fds[1]));
    if (s->o->replay) {
        child_arg(c, "--demo");
        return 0;
    }
    return add_demo(s, c, err);
}

static int add_hand(struct serve *s, struct diag *err) {
    char socket_path[PATH_MAX];
    (void) path_in(s, socket_path, "run/hand.sock");
    int e = prepare_hand(s, err);
    int fd = e < 0 ? e : listen_unix(socket_path, err);
    struct child *c = fd < 0 ? NULL : supervisor_add(&s->supervisor, "kizuki-hand", err);
    if (!c)
        return e < 0 ? e : -ENOENT;
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    child_arg(c, "--fd");
    child_arg(c, "%d", child_fd(c, fd));
    if (s->o->replay)
        child_arg(c, "--dry-run");
    return 0;
}

/* The only way out. In a replay it is there, too, and says of each message that nothing leaves. */
static int add_door(struct serve *s, struct diag *err) {
    char socket_path[PATH_MAX];
    (void) path_in(s, socket_path, "run/door.sock");
    int fd = listen_unix(socket_path, err);
    struct child *c = fd < 0 ? NULL : supervisor_add(&s->supervisor, "kizuki-door", err);
    if (!c)
        return fd < 0 ? fd : -ENOENT;
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    child_arg(c, "--fd");
    child_arg(c, "%d", child_fd(c, fd));
    if (s->o->replay)
        child_arg(c, "--replay");
    return 0;
}

static int is_driver(const struct dirent *e) {
    struct str s = str_of(e->d_name);
    return s.n > 4 && s.n <= DRIVER_NAME_MAX + 4 && s.p[0] != '.' && str_ends(s, STR(".yml"));
}

/* One process for each file of hand/drivers: closing sites, freezing accounts, cutting networks. Which they are is
 * settled at the start; a driver that refuses its file is tried again and says why. */
static int add_drivers(struct serve *s, struct diag *err) {
    char folder[PATH_MAX], path[PATH_MAX], below[64];
    struct dirent **list = NULL;
    (void) path_in(s, folder, "hand/drivers");
    int n = scandir(folder, &list, is_driver, alphasort), e = 0;
    for (int i = 0; i < n; i++) {
        struct str name = str_of(list[i]->d_name);
        name.n -= 4;
        snprintf(below, sizeof below, "run/hand-%.*s.sock", STR_ARG(name));
        if (e == 0 && i == DRIVERS_MAX)
            e = diag_set(err, -ERR_LIMIT, "more than %d drivers in '%s'", DRIVERS_MAX, folder);
        struct child *c = NULL;
        int fd = e < 0 ? e : (e = path_in(s, path, below)) < 0 ? e : listen_unix(path, err);
        if (fd >= 0)
            c = supervisor_add(&s->supervisor, "kizuki-hand", err);
        e = fd < 0 ? fd : c ? 0 : -ENOENT;
        if (c) {
            child_arg(c, "--data");
            child_arg(c, "%s", s->config->data);
            child_arg(c, "--deeds");
            child_arg(c, "%.*s", STR_ARG(name));
            child_arg(c, "--fd");
            child_arg(c, "%d", child_fd(c, fd));
            if (s->o->replay)
                child_arg(c, "--dry-run");
        }
        free(list[i]);
    }
    free(list);
    return e;
}

/* Reads mails people reported; a replay has its own. */
static int add_mail(struct serve *s, struct diag *err) {
    struct child *c = s->o->replay ? NULL : supervisor_add(&s->supervisor, "kizuki-mail", err);
    if (!c)
        return s->o->replay ? 0 : -ENOENT;
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    return 0;
}

/* Only where somebody named one. */
static int add_firewall(struct serve *s, struct diag *err) {
    struct child *c;
    if (s->o->replay || !s->config->n_firewalls)
        return 0;
    if (!(c = supervisor_add(&s->supervisor, "kizuki-firewall", err)))
        return -ENOENT;
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    if (s->config->file[0]) {
        child_arg(c, "--config");
        child_arg(c, "%s", s->config->file);
    }
    return 0;
}

/* A replay's folder is thrown away: nothing in it is worth a seal. */
static int add_keep(struct serve *s, struct diag *err) {
    struct child *c = s->o->replay ? NULL : supervisor_add(&s->supervisor, "kizuki-keep", err);
    if (!c)
        return s->o->replay ? 0 : -ENOENT;
    if (s->config->file[0]) {
        child_arg(c, "--config");
        child_arg(c, "%s", s->config->file);
    }
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    return 0;
}

/* The two ends of a copy elsewhere: what is sealed here is offered, what is sealed there is pulled. */
static int add_vault(struct serve *s, struct diag *err) {
    const struct config_vault *v = &s->config->vault;
    struct child *c = NULL;
    if (s->o->replay)
        return 0;
    if (v->n_offer) {
        if (!(c = supervisor_add(&s->supervisor, "kizuki-vault", err)))
            return -ENOENT;
        child_arg(c, "--offer");
        child_arg(c, "--data");
        child_arg(c, "%s", s->config->data);
    }
    for (size_t i = 0; i < v->n_offer; i++) {
        int fd = listen_tcp(&v->offer[i], err);
        if (fd < 0)
            return fd;
        child_arg(c, "--fd");
        child_arg(c, "%d", child_fd(c, fd));
    }
    if (!s->o->vault)
        return 0;
    if (!(c = supervisor_add(&s->supervisor, "kizuki-vault", err)))
        return -ENOENT;
    child_arg(c, "--pull");
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    child_arg(c, "--every-ms");
    child_arg(c, "%lld", (long long) (v->every_ns / NS_PER_MS));
    child_arg(c, "--silent-s");
    child_arg(c, "%lld", (long long) (v->silent_after_ns / NS_PER_S));
    child_arg(c, "--stale-s");
    child_arg(c, "%lld", (long long) (v->stale_after_ns / NS_PER_S));
    return 0;
}

/* A cluster when one is named; else our own when its library is there. A replay is too short for one. */
static int add_index(struct serve *s, struct child *search, struct diag *err) {
    char library[PATH_MAX], socket_path[PATH_MAX];
    const struct config *k = s->config;
    (void) path_in(s, library, "index/" INDEX_LIBRARY_NAME);
    (void) path_in(s, socket_path, "run/index.sock");
    if (k->index_library.p)
        snprintf(library, sizeof library, "%.*s", STR_ARG(k->index_library));
    if (!k->index_use || s->o->replay || (!k->index_url.p && access(library, R_OK) != 0)) {
        (void) unlink(socket_path);
        return 0;
    }
    child_arg(search, "--index");
    if (k->index_url.p) {
        child_arg(search, "%.*s", STR_ARG(k->index_url));
        return 0;
    }
    child_arg(search, "%s", socket_path);
    int fd = listen_unix(socket_path, err);
    struct child *c = fd < 0 ? NULL : supervisor_add(&s->supervisor, "kizuki-index", err);
    if (!c)
        return fd < 0 ? fd : -ENOENT;
    child_arg(c, "--data");
    child_arg(c, "%s", k->data);
    child_arg(c, "--library");
    child_arg(c, "%s", library);
    child_arg(c, "--memory");
    child_arg(c, "%lld", (long long) k->index_memory_mb);
    child_arg(c, "--fd");
    child_arg(c, "%d", child_fd(c, fd));
    return 0;
}

static int add_search(struct serve *s, struct diag *err) {
    char socket_path[PATH_MAX];
    (void) path_in(s, socket_path, "run/search.sock");
    int fd = listen_unix(socket_path, err);
    struct child *c = fd < 0 ? NULL : supervisor_add(&s->supervisor, "kizuki-search", err);
    if (!c)
        return -ENOENT;
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    child_arg(c, "--fd");
    child_arg(c, "%d", child_fd(c, fd));
    if (s->config->file[0]) {
        child_arg(c, "--config");
        child_arg(c, "%s", s->config->file);
    }
    return add_index(s, c, err);
}

static int add_syslog(struct serve *s, struct child *c, struct diag *err) {
    struct config_address one, *list = s->config->syslog;
    size_t n = s->config->n_syslog;
    if (s->o->replay || (s->o->syslog && strcmp(s->o->syslog, "off") == 0))
        return 0;
    if (s->o->syslog) {
        if (config_parse_address(str_of(s->o->syslog), &one) < 0)
            return diag_set(err, -EINVAL, "--syslog wants an address and port, like 127.0.0.1:5514, or off");
        list = &one;
        n = 1;
    }
    for (size_t i = 0; i < n; i++) {
        int udp = listen_udp(&list[i], err), tcp = udp < 0 ? udp : listen_tcp(&list[i], err);
        if (tcp < 0)
            return add_remedy(err, tcp, "--syslog ADDR:PORT chooses another, --syslog off none");
        child_arg(c, "--syslog-fd");
        child_arg(c, "%d", child_fd(c, udp));
        int e = s->holder ? 0 : holder_new(&s->loop, &s->holder, err);
        if (e < 0 || (e = holder_listen(s->holder, tcp, err)) < 0)
            return e;
    }
    if (!s->holder)
        return 0;
    s->sensor = c;
    child_arg(c, "--held-fd");
    child_arg(c, "%d", holder_child_fd(s->holder, c));
    return 0;
}

/* Sockets of senders that are answered; a program of its own listens, and only if there is something to listen to. */
static int add_gate(struct serve *s, struct diag *err) {
    const struct config_gate *g = &s->config->gate;
    if (s->o->replay || !config_has_gate(s->config))
        return 0;
    struct child *c = supervisor_add(&s->supervisor, "kizuki-gate", err);
    if (!c)
        return -ENOENT;
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    child_arg(c, "--config");
    child_arg(c, "%s", s->config->file);
    child_arg(c, "--sensor");
    child_arg(c, "%s/run/gate.sock", s->config->data);
    for (size_t kind = 0; kind < GATE_KIND_MAX_; kind++)
        for (size_t i = 0; i < g->n[kind]; i++) {
            int fd = CONFIG_GATE[kind].datagrams ? listen_udp(&g->at[kind][i], err) : listen_tcp(&g->at[kind][i], err);
            if (fd < 0)
                return fd;
            child_arg(c, "%s", CONFIG_GATE[kind].option);
            child_arg(c, "%d", child_fd(c, fd));
        }
    return 0;
}

static int add_gate_socket(struct serve *s, struct child *sensor, struct diag *err) {
    char path[PATH_MAX];
    if (s->o->replay || !config_has_gate(s->config))
        return 0;
    (void) path_in(s, path, "run/gate.sock");
    int fd = listen_unix(path, err);
    if (fd < 0)
        return fd;
    child_arg(sensor, "--gate-fd");
    child_arg(sensor, "%d", child_fd(sensor, fd));
    return 0;
}

static int add_sensor(struct serve *s, struct diag *err) {
    struct child *c = supervisor_add(&s->supervisor, "kizuki-sensor", err);
    if (!c)
        return -ENOENT;
    child_arg(c, "--data");
    child_arg(c, "%s", s->config->data);
    if (s->config->file[0]) {
        child_arg(c, "--config");
        child_arg(c, "%s", s->config->file);
    }
    child_arg(c, "--room");
    child_arg(c, "%s/run/room.sock", s->config->data);
    if (s->o->no_local_logs)
        child_arg(c, "--no-local-logs");
    if (s->o->logs_root) {
        child_arg(c, "--logs-root");
        child_arg(c, "%s", s->o->logs_root);
    }
    if (s->o->replay) {
        if (pipe2(s->player_fds, O_CLOEXEC) < 0)
            return diag_set(err, -errno, "cannot make a pipe: %s", err_word(-errno));
        child_arg(c, "--replay-fd");
        child_arg(c, "%d", child_fd(c, s->player_fds[0]));
        if (s->o->end_after_replay)
            child_arg(c, "--end-after-replay");
        c->ends_all = s->o->end_after_replay;
    }
    int e = add_gate_socket(s, c, err);
    return e < 0 ? e : add_syslog(s, c, err);
}

/* ---- the one-time link ---- */

static void make_link(uv_timer_t *t);

static void on_link_bytes(uv_stream_t *st, ssize_t n, const uv_buf_t *b UNUSED) {
    struct serve *s = st->data;
    if (n > 0)
        s->link_n += (size_t) n;
    if (n < 0)
        uv_close((uv_handle_t *) st, NULL);
}

static void on_link_alloc(uv_handle_t *h, size_t suggested UNUSED, uv_buf_t *b) {
    struct serve *s = h->data;
    *b = uv_buf_init(s->link + s->link_n, (unsigned) (sizeof s->link - 1 - s->link_n));
}

/* Prints the address people can type: a wildcard address is shown as this machine's name. */
static void tell(struct serve *s) {
    const char *host = s->config->https.host;
    char own[256] = "localhost";
    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
        (void) gethostname(own, sizeof own - 1), host = own;
    s->link[s->link_n] = 0;
    struct str link = str_trim(str_of(s->link));
    s->told = true;
    if (s->o->quiet)
        return;
    bool v6 = strchr(host, ':') != NULL;
    printf("\n  気付き Kizuki  https://%s%s%s:%d/\n", v6 ? "[" : "", host, v6 ? "]" : "", s->https_port);
    printf("  一度だけ使えるリンク / one-time sign-in link (15 min):\n");
    printf("  https://%s%s%s:%d%.*s\n\n", v6 ? "[" : "", host, v6 ? "]" : "", s->https_port,
           STR_ARG(link));
    fflush(stdout);
}

static void on_link_exit(uv_process_t *p, int64_t status, int signal) {
    struct serve *s = p->data;
    uv_close((uv_handle_t *) p, NULL);
    if (status == 0 && !signal && s->link_n)
        tell(s);
    else if (++s->tries < LINK_TRIES)
        uv_timer_start(&s->again, make_link, LINK_RETRY_MS, 0);
    else
        log_error("cannot make a sign-in link; `kizuki-room --sign-in-link --data %s` says why", s->config->data);
}

static void make_link(uv_timer_t *t) {
    struct serve *s = t->data;
    char *argv[] = {unconst("kizuki-room"), unconst("--sign-in-link"), unconst("--data"),
                    s->config->data, NULL};
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *) &s->linker_out},
        {.flags = UV_IGNORE},
    };
    uv_process_options_t o = {.file = s->supervisor.children[0].exe, .args = argv, .stdio = stdio,
                              .stdio_count = 3, .exit_cb = on_link_exit};
    uv_pipe_init(&s->loop, &s->linker_out, 0);
    s->linker.data = s->linker_out.data = s;
    s->link_n = 0;
    if (uv_spawn(&s->loop, &s->linker, &o) < 0) {
        log_error("cannot start kizuki-room for a sign-in link");
        return;
    }
    uv_read_start((uv_stream_t *) &s->linker_out, on_link_alloc, on_link_bytes);
}

static void on_ready_alloc(uv_handle_t *h, size_t suggested UNUSED, uv_buf_t *b) {
    struct serve *s = h->data;
    *b = uv_buf_init(&s->ready_in, 1);
}

/* The room answers, for the first time: a later start of it finds nobody reading. */
static void on_ready(uv_stream_t *st, ssize_t n, const uv_buf_t *b UNUSED) {
    struct serve *s = st->data;
    if (n == 0)
        return;
    uv_close((uv_handle_t *) st, NULL);
    if (n > 0 && !s->supervisor.ending)
        make_link(&s->again);
}

static int await_room(struct serve *s, struct diag *err) {
    uv_pipe_init(&s->loop, &s->ready, 0);
    s->ready.data = s;
    int e = uv_pipe_open(&s->ready, s->ready_fds[0]);
    if (e == 0)
        e = uv_read_start((uv_stream_t *) &s->ready, on_ready_alloc, on_ready);
    return e < 0 ? diag_set(err, e, "cannot wait for kizuki-room: %s", uv_strerror(e)) : 0;
}

/* ---- the player ---- */

/* What it said, passed on whole; its last sentence stands in *last, which is why it ended. At a terminal it shows how far it is there itself. */
static const char *player_said(struct serve *s, char *last, size_t cap) {
    char text[4096];
    ssize_t n = s->player_said > 0 ? pread(s->player_said, text, sizeof text - 1, 0) : 0;
    last[0] = 0;
    if (s->player_said > 0)
        close(s->player_said);
    s->player_said = 0;
    if (n <= 0)
        return last;
    IGNORE(file_write_all(2, str_n(text, (size_t) n)));
    struct str rest = str_n(text, (size_t) n), line;
    while (str_split(&rest, '\n', &line))
        if (str_trim(line).n)
            snprintf(last, cap, ": %.*s", STR_ARG(str_trim(line)));
    return last;
}

static void on_player_exit(uv_process_t *p, int64_t status, int signal) {
    struct serve *s = p->data;
    char last[600];
    const char *why = player_said(s, last, sizeof last);
    s->player_live = false;
    uv_close((uv_handle_t *) p, NULL);
    s->player_failed = status || signal;
    if (s->player_failed && !s->supervisor.ending)
        log_error("the player ended before its story did%s", why);
}

static int start_player(struct serve *s, struct diag *err) {
    char own[PATH_MAX], exe[PATH_MAX + 16], pace[32], seed[32];
    int e = supervisor_own_dir(own, sizeof own);
    if (e < 0)
        return diag_set(err, e, "cannot find the folder of this program");
    snprintf(exe, sizeof exe, "%s/kizuki", own);
    snprintf(pace, sizeof pace, "%g", s->o->pace);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long) s->o->seed);
    char *argv[] = {unconst("kizuki"), unconst("pack"), unconst("play"), unconst("--pace"), pace,
                    unconst("--seed"), seed, unconst("--fd"), unconst("3"), unconst(s->o->replay), NULL};
    s->player_said = isatty(2) ? 0 : memfd_create("player", MFD_CLOEXEC);
    uv_stdio_container_t stdio[4] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
        {.flags = UV_INHERIT_FD, .data.fd = s->player_said > 0 ? s->player_said : 2},
        {.flags = UV_INHERIT_FD, .data.fd = s->player_fds[1]},
    };
    uv_process_options_t o = {.file = exe, .args = argv, .stdio = stdio, .stdio_count = 4,
                              .exit_cb = on_player_exit};
    s->player.data = s;
    e = uv_spawn(&s->loop, &s->player, &o);
    if (e < 0)
        return diag_set(err, e, "cannot start the player: %s", uv_strerror(e));
    s->player_live = true;
    close(s->player_fds[1]);
    return 0;
}

/* ---- the whole ---- */

static void on_starting(struct supervisor *sup, struct child *c) {
    struct serve *s = container_of(sup, struct serve, supervisor);
    if (s->holder && c == s->sensor)
        holder_child_starts(s->holder, c);
}

/* A descriptor for each connection, here and in the sensor; the usual limit is 1024. */
static void allow_descriptors(void) {
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur >= DESCRIPTORS_WANTED)
        return;
    l.rlim_cur = MIN(l.rlim_max, (rlim_t) DESCRIPTORS_WANTED);
    if (setrlimit(RLIMIT_NOFILE, &l) < 0)
        log_warn("at most %d descriptors, and so as many connections: %s", (int) l.rlim_cur, err_word(-errno));
}

static int prepare(struct serve *s, struct diag *err) {
    int e = config_load(s->o->data, s->o->config, &s->config, err);
    if (e < 0 || (e = make_folders(s, err)) < 0 || (e = lock_folder(s, err)) < 0)
        return e;
    uv_loop_init(&s->loop);
    supervisor_init(&s->supervisor, &s->loop);
    s->supervisor.on_starting = on_starting;
    s->supervisor.failures_max = s->o->end_after_replay ? ONCE_FAILURES_MAX : 0;
    uv_timer_init(&s->loop, &s->again);
    s->again.data = s;
    if ((e = add_room(s, err)) < 0 || (e = add_hand(s, err)) < 0 || (e = add_drivers(s, err)) < 0 ||
        (e = add_door(s, err)) < 0 || (e = add_mail(s, err)) < 0 || (e = add_sensor(s, err)) < 0 ||
        (e = add_keep(s, err)) < 0 || (e = add_gate(s, err)) < 0 || (e = add_search(s, err)) < 0 ||
        (e = add_vault(s, err)) < 0 || (e = add_firewall(s, err)) < 0)
        return e;
    return 0;
}

int serve_run(const struct serve_options *o) {
    static struct serve s;
    struct diag d = {0};
    char line[1024];
    s = (struct serve){.o = o};
    allow_descriptors();
    supervised_begin(); /* a demonstration started from the pages ends with its supervisor */
    signal(SIGPIPE, SIG_IGN);
    int e = prepare(&s, &d);
    if (e == 0)
        e = supervisor_start(&s.supervisor, &d);
    if (e == 0)
        e = await_room(&s, &d);
    if (e == 0 && o->replay)
        e = start_player(&s, &d);
    if (e < 0) {
        fprintf(stderr, "kizuki: cannot start: %s\n", diag_format(&d, line, sizeof line));
        supervisor_end(&s.supervisor);
        return 1;
    }
    uv_run(&s.loop, UV_RUN_DEFAULT);
    if (s.player_live)
        uv_process_kill(&s.player, SIGTERM);
    demo_control_end(s.demo);
    config_free(s.config);
    return s.supervisor.gave_up || (o->end_after_replay && s.player_failed);
}
