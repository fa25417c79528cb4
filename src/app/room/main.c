/* See room.h. Here: options, set-up, the loop. */
#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "app/content/content.h"
#include "app/room/call.h"
#include "app/room/checkpoint.h"
#include "app/room/datafiles.h"
#include "app/room/draft.h"
#include "app/room/mail_in.h"
#include "app/room/readiness.h"
#include "app/room/report_link.h"
#include "app/room/published.h"
#include "app/room/room.h"
#include "app/room/tip_link.h"
#include "app/common/attached.h"
#include "app/room/upload.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/action.h"
#include "room/callout.h"
#include "room/obligation.h"
#include "room/promise.h"
#include "room/campaign.h"
#include "room/fact.h"
#include "room/audit.h"
#include "room/case_rules.h"
#include "room/deed.h"
#include "room/person.h"
#include "room/plans.h"
#include "room/run.h"
#include "room/service.h"
#include "room/level.h"
#include "room/tightening.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static const char usage[] =
    "usage: kizuki-room --data DIR --https-fd N --sensor-fd N [options]   serve\n"
    "       kizuki-room --data DIR --sign-in-link [--person NAME]        print a one-time link\n"
    "       kizuki-room --data DIR --verify [--head HASH]                check the chain of "
    "writes\n"
    "       kizuki-room --data DIR --import REGISTER [--apply [--gone]]  a table that was read, from standard input\n"
    "       kizuki-room --data DIR --undo-import NUMBER\n"
    "       kizuki-room --data DIR --lesson CASE                         the approved lesson made of a case, as JSON\n"
    "       kizuki-room --list-routes\n"
    "\n"
    "  --data DIR            the data folder; this program uses DIR/room and DIR/run/hand.sock\n"
    "  --config FILE         kizuki.yml (DIR/kizuki.yml)\n"
    "  --https-fd N          an inherited listening TCP socket\n"
    "  --sensor-fd N         an inherited listening Unix socket\n"
    "  --supervisor-fd N     an inherited socket of the supervisor\n"
    "  --ready-fd N          an inherited pipe: a byte is written once pages are answered\n"
    "  --https ADDR:PORT     open the sockets here instead (with DIR/run/room.sock)\n"
    "  --packs DIR           lesson packs\n"
    "  --demo                a demonstration: the clock is the sensor's\n"
    "  --effort              say with each answer what it cost the database (Server-Timing)\n"
    "  --version, --help\n";

static int read_fd(const char *z, int *ret) {
    int64_t v;
    if (str_to_i64(str_of(z), &v) < 0 || v < 0 || v > 65535)
        return -EINVAL;
    *ret = (int) v;
    return 0;
}

/* Longer than a function should be: one case an option, and nothing between them. */
static int read_options(int argc, char **argv, struct program_options *o) {
    static const struct option names[] = {
        {"data", 1, NULL, 'd'},          {"config", 1, NULL, 'c'},
        {"https-fd", 1, NULL, 'f'},      {"sensor-fd", 1, NULL, 's'},
        {"supervisor-fd", 1, NULL, 'S'}, {"https", 1, NULL, 'H'},
        {"packs", 1, NULL, 'p'},         {"demo", 0, NULL, 'D'},
        {"sign-in-link", 0, NULL, 'l'},  {"person", 1, NULL, 'n'},
        {"verify", 0, NULL, 'v'},        {"head", 1, NULL, 'k'},
        {"list-routes", 0, NULL, 'r'},   {"version", 0, NULL, 'V'},
        {"ready-fd", 1, NULL, 'R'},      {"help", 0, NULL, 'h'},
        {"import", 1, NULL, 'i'},        {"apply", 0, NULL, 'a'},
        {"gone", 0, NULL, 'g'},          {"undo-import", 1, NULL, 'u'},
        {"effort", 0, NULL, 'e'},        {"lesson", 1, NULL, 'L'},
        {NULL, 0, NULL, 0},
    };
    int e = 0;
    *o = (struct program_options){
        .https_fd = -1, .sensor_fd = -1, .supervisor_fd = -1, .ready_fd = -1};
    for (int k; e == 0 && (k = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        switch (k) {
        case 'd':
            o->data = optarg;
            break;
        case 'c':
            o->config = optarg;
            break;
        case 'f':
            e = read_fd(optarg, &o->https_fd);
            break;
        case 's':
            e = read_fd(optarg, &o->sensor_fd);
            break;
        case 'S':
            e = read_fd(optarg, &o->supervisor_fd);
            break;
        case 'R':
            e = read_fd(optarg, &o->ready_fd);
            break;
        case 'H':
            o->https = optarg;
            break;
        case 'p':
            o->packs = optarg;
            break;
        case 'D':
            o->demo = true;
            break;
        case 'l':
            o->sign_in_link = true;
            break;
        case 'n':
            o->person = optarg;
            break;
        case 'k':
            o->head = optarg;
            break;
        case 'v':
            o->verify = true;
            break;
        case 'r':
            o->list_routes = true;
            break;
        case 'i':
            o->import = optarg;
            break;
        case 'u':
            e = str_to_i64(str_of(optarg), &o->undo_import);
            break;
        case 'L':
            e = str_to_i64(str_of(optarg), &o->lesson);
            break;
        case 'a':
            o->apply = true;
            break;
        case 'g':
            o->gone = true;
            break;
        case 'e':
            o->effort = true;
            break;
        case 'V':
            puts("kizuki-room " KIZUKI_VERSION);
            exit(0);
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            e = -EINVAL;
        }
    }
    bool serve = !o->sign_in_link && !o->verify && !o->list_routes && !o->import && !o->undo_import && !o->lesson;
    if (e < 0 || optind < argc || (!o->data && !o->list_routes) ||
        (serve && !o->https && (o->https_fd < 0 || o->sensor_fd < 0))) {
        fputs(usage, stderr);
        return -EINVAL;
    }
    return 0;
}

static void list_routes(void) {
    for (size_t i = 0; i < N_ROUTES; i++)
        printf("%s\t%s\t%s\t%s\t%s\t%s\n", ROUTES[i].method, ROUTES[i].pattern,
               room_verb_to_string(ROUTES[i].verb), room_object_to_string(ROUTES[i].object),
               ROUTES[i].open ? "open" : "signed in", ROUTES[i].help);
}

/* ---- the operator's settings as the model wants them ---- */

static struct room_words words_of(struct config_title t) {
    return (struct room_words){t.ja, t.en};
}

static int policy_services(struct program *p, struct diag *err) {
    struct config *c = p->config;
    struct room_policy_service *list = arena_zalloc(&c->arena, (c->n_services + 1) * sizeof *list);
    if (!list)
        return diag_set(err, -ENOMEM, "memory has run out");
    for (size_t i = 0; i < c->n_services; i++) {
        const struct config_service *s = &c->services[i];
        struct room_page *pages = arena_zalloc(&c->arena, (s->n_pages + 1) * sizeof *pages);
        if (!pages)
            return diag_set(err, -ENOMEM, "memory has run out");
        for (size_t k = 0; k < s->n_pages; k++)
            pages[k] = (struct room_page){s->pages[k].path, words_of(s->pages[k].shows)};
        list[i] = (struct room_policy_service){s->name, words_of(s->title), pages, s->n_pages};
    }
    p->policy.services = list;
    p->policy.n_services = c->n_services;
    return 0;
}

static int policy_list(struct program *p, const struct config_strs *from, enum room_list which,
                       struct room_listed *list, struct diag *err) {
    for (size_t i = 0; i < from->n; i++) {
        struct room_listed *l = &list[p->policy.n_listed++];
        *l = (struct room_listed){.list = which, .name = from->p[i]};
        if (ip_prefix_parse(from->p[i], &l->prefix) < 0)
            return diag_set_at(err, -ERR_PARSE, p->config->file, 0, 0,
                               "'%.*s' is no address or prefix", STR_ARG(from->p[i]));
    }
    return 0;
}

static int make_policy(struct program *p, struct diag *err) {
    struct config *c = p->config;
    struct room_listed *list =
        arena_zalloc(&c->arena, (c->partners.n + c->shared.n + 1) * sizeof *list);
    if (!list)
        return diag_set(err, -ENOMEM, "memory has run out");
    room_policy_default(&p->policy);
    p->policy.mode = c->block_automatic ? BLOCK_AUTO : BLOCK_PROPOSE;
    p->policy.minutes = (int) MAX(1, MIN(c->block_minutes, BLOCK_MINUTES_MAX));
    p->policy.listed = list;
    int e = policy_list(p, &c->partners, LIST_PARTNER, list, err);
    if (e == 0)
        e = policy_list(p, &c->shared, LIST_SHARED, list, err);
    if (e == 0)
        e = login_rules_read(&c->arena, c->login, c->file, &p->login, err);
    p->login.offset_min = c->offset_min;
    return e == 0 ? policy_services(p, err) : e;
}

/* ---- set-up ---- */

static void on_changed(void *ctx, const char *kind, int64_t id) {
    struct program *p = ctx;
    if (strcmp(kind, "publication") == 0)
        published_write(p, id);
    else
        http_changed(p->http, kind, id);
}

/* The first person; a room without anybody cannot be entered. */
static int first_person(struct program *p, struct diag *err) {
    int64_t id;
    int e = room_person_find(p->room, STR_NULL, &id, err);
    if (e == 0 && id == 0)
        e = room_person_add(p->room, &room_system, STR("administrator"), ROLE_ADMINISTRATOR,
                            STR("ja"), &id, err);
    return e;
}

static int open_room(struct program *p, struct diag *err) {
    static struct port_clock clock;
    char dir[PATH_MAX], path[PATH_MAX], path_of_days[PATH_MAX];
    int n = snprintf(dir, sizeof dir, "%s/room", p->config->data);
    if (n >= PATH_MAX - 32)
        return diag_set(err, -ENAMETOOLONG, "the name of the data folder is too long");
    int e = file_make_dir(dir, 0700, err);
    snprintf(path, sizeof path, "%s/order.key", dir);
    if (e == 0)
        e = sign_key_open(path, &p->key, &p->public_key, err);
    snprintf(path, sizeof path, "%s/room.db", dir);
    clock_init(&p->clock, p->opt.demo);
    clock = clock_port(&p->clock);
    struct room_options o = {.path = path,
                             .clock = &clock,
                             .policy = &p->policy,
                             .replay = p->opt.demo,
                             .watcher = {p, on_changed},
                             .key = &p->key,
                             .public_key = &p->public_key,
                             .calendar = &p->calendar};
    arena_init(&p->calendar_arena, 8 << 20);
    snprintf(path_of_days, sizeof path_of_days, "%.4000s/calendar", content_dir());
    if (e == 0)
        e = calendar_load(&p->calendar_arena, path_of_days, &p->calendar, err);
    if (e == 0)
        e = room_open(&o, &p->room, err);
    if (e == 0)
        clock_heard(&p->clock, room_last_write(p->room)); /* a demonstration goes on where it was */
    return e == 0 ? first_person(p, err) : e;
}

static int load_settings(struct program *p, struct diag *err) {
    int e = config_load(p->opt.data, p->opt.config, &p->config, err);
    return e == 0 ? make_policy(p, err) : e;
}

static int listen_https(const char *text, struct diag *err) {
    struct config_address a;
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct ip ip;
    int one = 1;
    if (config_parse_address(str_of(text), &a) < 0 || ip_parse(str_of(a.host), &ip) < 0 ||
        ip.version != 4)
        return diag_set(err, -EINVAL, "'%s' is no IPv4 address and port", text);
    memcpy(&in.sin_addr, ip.bytes, 4);
    in.sin_port = htons(a.port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, (struct sockaddr *) &in, sizeof in) < 0 || listen(fd, 128) < 0)
        return diag_set(err, -errno, "cannot listen on '%s': %s", text, err_word(-errno));
    return fd;
}

/* For whoever let us open the socket: the port, and that we serve. */
static void say_listening(int fd) {
    struct sockaddr_in in;
    char host[INET_ADDRSTRLEN];
    socklen_t n = sizeof in;
    if (getsockname(fd, (struct sockaddr *) &in, &n) == 0 &&
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof host))
        printf("listening on %s:%d\n", host, ntohs(in.sin_port));
    fflush(stdout);
}

static int listen_sensor(const char *data, struct diag *err) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s/run", data);
    int e = file_make_dir(dir, 0700, err);
    if (e < 0)
        return e;
    int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/run/room.sock", data);
    if (n < 0 || (size_t) n >= sizeof a.sun_path)
        return diag_set(err, -ENAMETOOLONG, "the name of the data folder is too long for a socket");
    (void) unlink(a.sun_path);
    mode_t old = umask(0177);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool bad = fd < 0 || bind(fd, (struct sockaddr *) &a, sizeof a) < 0 || listen(fd, 8) < 0;
    umask(old);
    return bad ? diag_set(err, -errno, "cannot listen on '%s': %s", a.sun_path, err_word(-errno))
               : fd;
}

static int start_http(struct program *p, struct diag *err) {
    struct certificate cert;
    char dir[PATH_MAX];
    int fd = p->opt.https_fd >= 0 ? p->opt.https_fd : listen_https(p->opt.https, err);
    if (fd < 0)
        return fd;
    snprintf(dir, sizeof dir, "%s/room", p->config->data);
    int e = certificate_load(&p->config->arena, dir, p->config->certificate_chain,
                             p->config->certificate_key, p->config->https.host, &cert, err);
    if (e == 0)
        e = http_start(p, fd, &cert, &p->http, err);
    p->https_fd = fd;
    if (e == 0)
        explicit_bzero((char *) (uintptr_t) cert.key.p, cert.key.n); /* GnuTLS has its own copy */
    return e;
}

static int open_signals(struct program *p, struct diag *err) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
        (p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return diag_set(err, -errno, "cannot take signals: %s", err_word(-errno));
    return 0;
}

/* What the room may still do: read and write below DIR/room (the database and what SQLite lays
 * beside it), put files that were sent to it into DIR/incoming, connect to the hand's socket,
 * answer pages. No program is started, nothing else is opened. */
static int enter_sandbox(struct program *p, struct diag *err) {
    char dir[PATH_MAX], incoming[PATH_MAX], mails[PATH_MAX], exports[PATH_MAX], hold[PATH_MAX], change[PATH_MAX], limits[PATH_MAX], status[PATH_MAX], notes[PATH_MAX], attached[PATH_MAX];
    snprintf(dir, sizeof dir, "%s/room", p->config->data);
    snprintf(incoming, sizeof incoming, "%s/incoming", p->config->data);
    snprintf(mails, sizeof mails, "%s/mail/out", p->config->data);
    snprintf(exports, sizeof exports, "%s/exports", p->config->data);
    snprintf(hold, sizeof hold, "%s/hold", p->config->data);
    snprintf(change, sizeof change, "%s/change", p->config->data);
    snprintf(limits, sizeof limits, "%s/limits", p->config->data);
    snprintf(attached, sizeof attached, "%s" ATTACHED_FOLDER, p->config->data);
    snprintf(notes, sizeof notes, "%s/notes", p->config->data);
    snprintf(status, sizeof status, "%s/status", p->config->data);
    int made = file_make_dir(hold, 0700, err); /* the keeper makes it too; whoever comes first */
    if (made < 0)
        return made;
    struct sandbox_path paths[] = {{dir, SANDBOX_READ | SANDBOX_WRITE},
                                   {incoming, SANDBOX_WRITE},
                                   {attached, SANDBOX_READ | SANDBOX_WRITE}, /* files of cases */
                                   {mails, SANDBOX_WRITE}, /* what was read of mails; removed once it is ours */
                                   {status, SANDBOX_READ}, /* of our other programs */
                                   {notes, SANDBOX_WRITE}, /* reports of people as events */
                                   {hold, SANDBOX_WRITE}, /* what cases hold, for the keeper */
                                   {limits, SANDBOX_WRITE}, /* limits of design, for the gate */
                                   {change, SANDBOX_WRITE}, /* what was announced, for who watches packet filters */
                                   {exports, SANDBOX_READ}, /* what the searcher wrote for us */
                                   {"/dev/urandom", SANDBOX_READ}};
    int e = sandbox_enter(paths, ARRAY_SIZE(paths), SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_SOCKETS,
                          err);
    if (e > 0)
        log_warn("this kernel has no Landlock: the room is confined by seccomp only");
    return MIN(e, 0);
}

/* Which lesson is played stands in the folder made for it. */
static int load_case_rules(struct room *r, struct diag *err) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/cases/rules.yml", content_dir());
    return room_case_rules_load(r, path, err);
}

static void find_playing(struct program *p) {
    char path[PATH_MAX];
    struct arena a;
    struct str id;
    arena_init(&a, 4096);
    int n = snprintf(path, sizeof path, "%s/kizuki-replay", p->config->data);
    if (p->opt.demo && n < PATH_MAX && file_read(&a, path, sizeof p->playing - 1, &id, NULL) == 0)
        snprintf(p->playing, sizeof p->playing, "%.*s", STR_ARG(str_trim(id)));
    arena_done(&a);
}

static int load_scopes(struct program *p, struct diag *err) {
    char folder[PATH_MAX];
    arena_init(&p->scopes.arena, 16 << 20);
    snprintf(folder, sizeof folder, "%.4000s/scopes", content_dir());
    int e = scope_specs_load(&p->scopes.arena, folder, &p->scopes.specs, &p->scopes.n, err);
    room_scopes_use(p->room, p->scopes.specs, e == 0 ? p->scopes.n : 0);
    return e;
}

static int load_lists(struct program *p, struct diag *err) {
    char folder[PATH_MAX];
    arena_init(&p->lists_arena, 4 << 20);
    snprintf(folder, sizeof folder, "%.4000s/lists", content_dir());
    return room_lists_load(&p->lists_arena, folder, &p->lists, err);
}

static int set_up(struct program *p, struct diag *err) {
    int e = load_settings(p, err);
    if (e == 0)
        e = open_room(p, err);
    if (e == 0)
        e = room_services_register(p->room, err);
    if (e == 0)
        e = upload_start(p->config->data, err);
    if (e == 0)
        e = packs_load(&p->packs, p->opt.packs, err);
    if (e == 0)
        e = readiness_load(p, err);
    if (e == 0)
        e = registers_load(&p->registers, p->room, err);
    if (e == 0)
        e = load_scopes(p, err);
    if (e == 0)
        e = load_lists(p, err);
    if (e == 0)
        e = draft_words_load(&p->words, err);
    if (e == 0)
        e = room_plans_load(p->room, content_dir(), p->config->data, err);
    if (e == 0)
        e = playbooks_load(p, err);
    if (e == 0)
        e = datafiles_load(p, err);
    if (e == 0)
        e = load_case_rules(p->room, err);
    if (e == 0)
        e = report_form_load(p, err);
    if (e == 0)
        e = report_link_start(p, err);
    if (e == 0)
        find_playing(p);
    int sensors =
        p->opt.sensor_fd >= 0 || e < 0 ? p->opt.sensor_fd : listen_sensor(p->config->data, err);
    if (e == 0 && sensors < 0)
        e = sensors;
    sensor_link_init(&p->sensor, sensors);
    if (e == 0)
        e = hand_link_init(&p->hand, p->config->data, err);
    if (e == 0)
        e = driver_links_init(&p->drivers, p->config->data, err);
    if (e == 0)
        e = door_link_init(p, err);
    if (e == 0)
        e = mail_in_start(p, err);
    past_init(p);
    if (e == 0)
        e = search_link_init(&p->search, p->config->data, err);
    supervisor_link_init(&p->supervisor, p->opt.supervisor_fd);
    if (e == 0)
        e = start_http(p, err);
    if (e == 0)
        e = open_signals(p, err);
    return e == 0 ? enter_sandbox(p, err) : e;
}

/* ---- running ---- */

#define TICK_NS NS_PER_S
#define PRUNE_NS NS_PER_HOUR
#define CHECKPOINT_NS NS_PER_MIN /* what a cut end can hide at most */

static void tick(struct program *p, int64_t *next_prune_ns, int64_t *next_checkpoint_ns) {
    struct diag d = {0};
    int64_t now = time_monotonic_ns();
    if (room_callouts_tick(p->room, &d) < 0)
        log_error("people are not called: %s", d.text);
    if (room_obligations_tick(p->room, &d) < 0)
        log_error("nobody is told of a report that runs out: %s", d.text);
    if (room_promises_tick(p->room, &d) < 0)
        log_error("nobody is told of what was promised: %s", d.text);
    if (room_campaigns_tick(p->room, &d) < 0)
        log_error("a campaign does not go on: %s", d.text);
    if (room_tightenings_tick(p->room, &d) < 0)
        log_error("what is watched more closely does not end: %s", d.text);
    if (room_levels_tick(p->room, &d) < 0)
        log_error("alert levels are not looked after: %s", d.text);
    if (room_actions_tick(p->room, &d) < 0)
        log_error("cannot look after actions: %s", d.text);
    if (room_logins_tick(p->room, &d) < 0)
        log_error("answers about logins are not kept: %s", d.text);
    if (room_runs_tick(p->room, &d) < 0)
        log_error("cannot go on with a playbook: %s", d.text);
    sensor_link_tick(p);
    tighten_link_tick(p);
    hand_link_tick(p);
    driver_links_tick(p);
    door_link_tick(p);
    mail_in_tick(p);
    report_link_tick(p);
    tip_link_tick(p);
    search_link_tick(p);
    holds_tick(p);
    changes_tick(p);
    past_tick(p);
    readiness_tick(p);
    http_tick(p->http);
    if (now >= *next_prune_ns) {
        *next_prune_ns = now + PRUNE_NS;
        if (room_sessions_prune(p->room, &d) < 0)
            log_error("cannot remove old sessions: %s", d.text);
    }
    if (now >= *next_checkpoint_ns) {
        *next_checkpoint_ns = now + CHECKPOINT_NS;
        checkpoint_write(p);
    }
}

/* The certificate is there and the sandbox entered: whoever opens a link now gets an answer. Nobody
 * reads it after a restart. */
static void say_ready(const struct program *p) {
    if (p->opt.ready_fd < 0)
        return;
    if (write(p->opt.ready_fd, "r", 1) < 0 && errno != EPIPE)
        log_warn("cannot tell the supervisor that pages are answered: %s", err_word(-errno));
    close(p->opt.ready_fd);
}

static int run(struct program *p) {
    int64_t next_tick_ns = 0, next_prune_ns = 0, next_checkpoint_ns = 0;
    if (p->opt.https)
        say_listening(p->https_fd);
    say_ready(p);
    enum { HTTP, SIGNALS, HAND, DOOR, SUPERVISOR, SEARCH, DRIVERS, SENSORS = DRIVERS + ROOM_DRIVERS_MAX,
           ROWS = SENSORS + SENSORS_MAX + 1 };
    for (;;) {
        struct pollfd pfd[ROWS];
        int64_t left = (next_tick_ns - time_monotonic_ns()) / NS_PER_MS + 1;
        pfd[HTTP] = (struct pollfd){.fd = http_poll_fd(p->http), .events = POLLIN};
        pfd[SIGNALS] = (struct pollfd){.fd = p->signal_fd, .events = POLLIN};
        pfd[HAND] = hand_link_poll(&p->hand);
        pfd[DOOR] = door_link_poll(&p->door);
        driver_links_poll(&p->drivers, &pfd[DRIVERS]);
        pfd[SUPERVISOR] = supervisor_link_poll(&p->supervisor);
        pfd[SEARCH] = search_link_poll(&p->search);
        (void) sensor_link_poll(&p->sensor, &pfd[SENSORS]);
        int k = poll(pfd, ROWS, http_wait_ms(p->http, (int) MAX(0, MIN(left, 1000))));
        if (k < 0 && errno != EINTR) {
            log_error("cannot wait: %s", err_word(-errno));
            return 1;
        }
        if (k > 0 && (pfd[SIGNALS].revents & POLLIN)) {
            sensor_link_drain(p);
            checkpoint_write(p);
            return 0;
        }
        if (k > 0) {
            sensor_link_serve(p, &pfd[SENSORS]);
            hand_link_serve(p, &pfd[HAND]);
            driver_links_serve(p, &pfd[DRIVERS]);
            door_link_serve(p, &pfd[DOOR]);
            supervisor_link_serve(p, &pfd[SUPERVISOR]);
            search_link_serve(p, &pfd[SEARCH]);
        }
        http_run(p->http);
        if (time_monotonic_ns() >= next_tick_ns) {
            tick(p, &next_prune_ns, &next_checkpoint_ns);
            next_tick_ns = time_monotonic_ns() + TICK_NS;
        } else {
            hand_link_send(p); /* what was decided just now */
        }
    }
}

static int sign_in_link(struct program *p, struct diag *err) {
    char token[ROOM_TOKEN_CHARS + 1];
    int64_t person = 0, expires;
    int e = load_settings(p, err);
    if (e == 0)
        e = open_room(p, err);
    if (e == 0)
        e = room_person_find(p->room, str_of(p->opt.person), &person, err);
    if (e == 0 && person == 0)
        e = diag_set(err, -ENOENT, "there is no person '%s'",
                     p->opt.person ? p->opt.person : "administrator");
    if (e == 0)
        e = room_link_make(p->room, &room_system, person, token, &expires, err);
    if (e == 0)
        printf("/signin?token=%s\n", token);
    return e;
}

static int verify(struct program *p, bool *ret_good, struct diag *err) {
    static struct room_verdict v;
    struct buf out;
    struct jsonw w;
    int e = load_settings(p, err);
    if (e == 0)
        e = open_room(p, err);
    if (e == 0)
        e = checkpoint_verify(p, str_of(p->opt.head), &v, err);
    if (e < 0)
        return e;
    buf_init(&out, 1 << 20);
    jsonw_init(&w, &out);
    room_verdict_write(&v, &w);
    printf("%s\n", buf_z(&out));
    buf_done(&out);
    *ret_good = v.n_faults == 0;
    return 0;
}

static int import(struct program *p, struct diag *err) {
    struct buf out;
    struct jsonw w;
    int e = load_settings(p, err);
    if (e == 0)
        e = open_room(p, err);
    if (e == 0)
        e = registers_load(&p->registers, p->room, err);
    buf_init(&out, OUT_BYTES_MAX);
    jsonw_init(&w, &out);
    if (e == 0)
        e = p->opt.undo_import ? registers_undo(p, p->opt.undo_import, &w, err) : registers_import(p, str_of(p->opt.import), &w, err);
    if (e == 0)
        e = file_write_all(1, buf_str(&out));
    buf_done(&out);
    return e;
}

static int lesson(struct program *p, struct diag *err) {
    struct buf out;
    int e = load_settings(p, err);
    if (e == 0)
        e = open_room(p, err);
    buf_init(&out, OUT_BYTES_MAX);
    if (e == 0)
        e = draft_leave(p, p->opt.lesson, &out, err);
    if (e == 0)
        e = file_write_all(1, buf_str(&out));
    buf_done(&out);
    return e;
}

static void end(struct program *p) {
    http_free(p->http);
    if (!p->http && p->sensor.listen_fd > 0)
        sensor_link_done(&p->sensor);
    hand_link_done(&p->hand);
    driver_links_done(&p->drivers);
    door_link_done(&p->door);
    past_done(&p->past);
    arena_done(&p->scopes.arena);
    search_link_done(&p->search);
    packs_done(&p->packs);
    registers_done(&p->registers);
    room_close(p->room);
    playbooks_done(&p->playbooks);
    report_form_done(&p->report_form);
    draft_words_done(p->words);
    arena_done(&p->lists_arena);
    arena_done(&p->calendar_arena);
    config_free(p->config);
    explicit_bzero(&p->key, sizeof p->key);
}

int main(int argc, char **argv) {
    static struct program p;
    struct diag d = {0};
    char line[1024];
    bool good = true;
    int status = 0, e;
    log_set_program("room");
    supervised_begin();
    p.hand.peer.fd = p.door.peer.fd = p.search.peer.fd = -1;
    if (read_options(argc, argv, &p.opt) < 0)
        return 2;
    if (p.opt.list_routes) {
        list_routes();
        return 0;
    }
    umask(0077);
    if (p.opt.sign_in_link)
        e = sign_in_link(&p, &d);
    else if (p.opt.verify)
        e = verify(&p, &good, &d);
    else if (p.opt.import || p.opt.undo_import)
        e = import(&p, &d);
    else if (p.opt.lesson)
        e = lesson(&p, &d);
    else
        e = set_up(&p, &d);
    if (e < 0)
        log_error("%s", diag_format(&d, line, sizeof line));
    else if (!p.opt.sign_in_link && !p.opt.verify && !p.opt.import && !p.opt.undo_import && !p.opt.lesson)
        status = run(&p);
    end(&p);
    return e < 0 || !good ? 1 : status;
}
