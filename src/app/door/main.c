/* kizuki-door: the only way out.
 *
 *   room, command line ── DATA/run/door.sock ──> door ── SMTP, HTTP ──> the ways of DATA/door/door.yml
 *                                                  │ socket pair
 *                                                runner ── programs of door.yml
 *
 * Frames (base/frame.h) of JSON. Asked:
 *   {"t":"send","id":"m12.1","way":"mail","to":"a@example.jp","vars":{"subject":"…","text":"…"},"drill":false}
 *   {"t":"ways"}
 * Said, to everybody who is connected:
 *   {"t":"outcome","id":"m12.1","state":"sent|failed|refused|unknown","why":"…","sentence":"…","status":250,"by":"mail","again":false}
 *   {"t":"ways","ways":[{"name":"mail","kind":"smtp","else":null}],"replay":false,"problem":null}
 *
 * An id is sent once: it stands in the journal (door/journal.h) before the first byte leaves, and whoever asks for it again is
 * told what became of it. "again": it was not begun (a rate, a full queue) and the same id may be asked for later. Secrets
 * stay here: the file is this program's alone, and nothing of it is said or logged. When door.yml changes, the door ends
 * once nothing is under way and the supervisor starts it with the new one. */
#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "app/door/runner.h"
#include "base/file.h"
#include "base/frame.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "door/box.h"
#include "door/journal.h"

#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <uv.h>

enum { LOOK_MS = 1000, PATH_CAP = 4200 };

struct peer {
    uv_pipe_t pipe;
    struct buf in;
    bool used, closing;
};
struct rate {
    int64_t minute;
    unsigned n;
};
struct box {
    uv_timer_t timer;
    uv_work_t work;
    const struct door_way *way;
    struct door_outcome out;
    enum door_state said; /* logged last; DOOR_STATE_MAX_: nothing yet */
    size_t n;
    bool busy;
};
struct job { /* owned by a worker between uv_queue_work and on_done */
    uv_work_t work;
    struct arena arena; /* holds what door_job's slices lead to */
    struct door_job job;
    const struct door_way *way;
    struct door_outcome out;
};
static struct program {
    const char *data;
    int fd;
    bool replay;
    char folder[4096], ways_path[PATH_CAP], journal_path[PATH_CAP];
    struct arena arena; /* of the ways */
    struct door_ways ways;
    char problem[600]; /* of door.yml; empty: none */
    struct timespec read_at;
    bool was_there;
    struct door_journal journal;
    struct runner runner;
    pthread_mutex_t rates_lock;
    struct rate rates[DOOR_WAYS_MAX];
    uv_loop_t loop;
    uv_pipe_t listener;
    uv_timer_t look;
    uv_signal_t on_term, on_int;
    struct peer peers[DOOR_PEERS_MAX];
    struct box boxes[DOOR_WAYS_MAX];
    char mail_folder[PATH_CAP];
    unsigned n_jobs;
    bool ending, waiting; /* waiting: a connection, for a free place */
} P;

static const char usage[] = "usage: kizuki-door --data DIR [--fd N] [--replay]\n"
                            "\n"
                            "  --data DIR   the data folder; this program uses DIR/door only\n"
                            "  --fd N       take connections on this inherited listening socket (DIR/run/door.sock)\n"
                            "  --replay     a demonstration: nothing leaves, and that is said\n"
                            "  --version, --help\n";

/* ---- saying ---- */

struct write_req {
    uv_write_t req;
    struct buf bytes;
};
static void on_written(uv_write_t *req, int status UNUSED) {
    struct write_req *w = container_of(req, struct write_req, req);
    buf_done(&w->bytes);
    mem_free(w);
}
static void on_connection(uv_stream_t *s, int status);
static void on_peer_closed(uv_handle_t *h) {
    struct peer *x = h->data;
    buf_done(&x->in);
    x->used = x->closing = false;
    if (P.waiting)
        on_connection((uv_stream_t *) &P.listener, 0);
}
static void drop(struct peer *x) {
    if (x->used && !x->closing) {
        x->closing = true;
        uv_close((uv_handle_t *) &x->pipe, on_peer_closed);
    }
}
static void say_to(struct peer *x, struct str message) {
    struct write_req *w = mem_zalloc(sizeof *w);
    if (!w)
        return;
    buf_init(&w->bytes, FRAME_BYTES_MAX + 8);
    frame_add(&w->bytes, message);
    uv_buf_t b = uv_buf_init(w->bytes.p, (unsigned) w->bytes.n);
    if (buf_error(&w->bytes) || uv_write(&w->req, (uv_stream_t *) &x->pipe, &b, 1, on_written) < 0) {
        buf_done(&w->bytes);
        mem_free(w);
    }
}
static void say_all(struct str message) {
    for (size_t i = 0; i < DOOR_PEERS_MAX; i++)
        if (P.peers[i].used && !P.peers[i].closing)
            say_to(&P.peers[i], message);
}

static void say_outcome(struct str id, const struct door_outcome *o, bool again) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 16384);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "t", "outcome");
    jsonw_kstr(&w, "id", id);
    jsonw_kz(&w, "state", door_state_to_string(o->state));
    jsonw_kz(&w, "why", o->why);
    jsonw_kz(&w, "sentence", o->sentence);
    jsonw_ki64(&w, "status", o->status);
    jsonw_kz(&w, "by", o->by);
    jsonw_kbool(&w, "again", again);
    jsonw_end(&w);
    if (!buf_error(&b))
        say_all(buf_str(&b));
    buf_done(&b);
}

static void say_ways(struct peer *x) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "t", "ways");
    jsonw_key(&w, STR("ways"));
    jsonw_array(&w);
    for (size_t i = 0; i < P.ways.n; i++) {
        jsonw_object(&w);
        jsonw_kstr(&w, "name", P.ways.p[i].name);
        jsonw_kz(&w, "kind", door_kind_to_string(P.ways.p[i].kind));
        jsonw_kz(&w, "else", P.ways.p[i].next ? P.ways.p[i].next_name.p : NULL);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_kbool(&w, "replay", P.replay);
    jsonw_kz(&w, "problem", P.problem[0] ? P.problem : NULL);
    jsonw_end(&w);
    if (!buf_error(&b))
        say_to(x, buf_str(&b));
    buf_done(&b);
}

/* ---- sending ---- */

static bool rate_take(const struct door_way *w) {
    struct rate *r = &P.rates[w - P.ways.p];
    int64_t minute = time_monotonic_ns() / NS_PER_MIN;
    pthread_mutex_lock(&P.rates_lock);
    if (r->minute != minute)
        *r = (struct rate){.minute = minute};
    bool ok = r->n < w->a_minute;
    r->n += ok;
    pthread_mutex_unlock(&P.rates_lock);
    return ok;
}

/* The ways in turn, until one took it or may have taken it. */
static void on_work(uv_work_t *work) {
    struct job *j = container_of(work, struct job, work);
    struct door_outcome last = {0};
    for (const struct door_way *w = j->way; w; w = w->next) {
        struct door_outcome o;
        if (w != j->way && !rate_take(w))
            continue;
        size_t n;
        if (w->kind == DOOR_IMAP || w->kind == DOOR_MAILDIR)
            door_box_take(w, P.mail_folder, 0, &n, &o);
        else if (w->kind == DOOR_PROGRAM)
            runner_send(&P.runner, &P.ways, w, &j->job, &o);
        else
            door_send(w, &j->job, &o);
        if (last.sentence[0] && o.state == DOOR_SENT) {
            char both[2 * DOOR_SENTENCE_CAP];
            snprintf(both, sizeof both, "%s (after '%s': %s)", o.sentence, last.by, last.sentence);
            snprintf(o.sentence, sizeof o.sentence, "%.*s", DOOR_SENTENCE_CAP - 1, both);
        }
        last = o;
        if (o.state == DOOR_SENT || o.state == DOOR_UNKNOWN)
            break;
    }
    j->out = last;
}

static void end_when_idle(void) {
    if (P.ending && P.n_jobs == 0)
        uv_stop(&P.loop);
}

static void on_done(uv_work_t *work, int status UNUSED) {
    struct job *j = container_of(work, struct job, work);
    struct diag d = {0};
    if (door_journal_end(&P.journal, j->job.id, &j->out, time_now_ns(), &d) < 0)
        log_error("%s", d.text);
    log_line(j->out.state == DOOR_SENT ? LOG_INFO_ : LOG_WARN_, "%.*s by '%s' is %s: %s", STR_ARG(j->job.id), j->out.by,
             door_state_to_string(j->out.state), j->out.sentence);
    say_outcome(j->job.id, &j->out, false);
    arena_done(&j->arena);
    mem_free(j);
    P.n_jobs--;
    end_when_idle();
}

static void refuse(struct str id, enum door_state state, const char *why, bool again, const char *sentence) {
    struct door_outcome o = {.state = state, .why = why};
    snprintf(o.sentence, sizeof o.sentence, "%s", sentence);
    say_outcome(id, &o, again);
}

static int begin(struct str message, struct str id, const struct door_way *way) {
    struct diag d = {0};
    struct json_value *v;
    struct str name;
    struct job *j = mem_zalloc(sizeof *j);
    if (!j)
        return -ENOMEM;
    arena_init(&j->arena, 16 * (size_t) DOOR_JOB_BYTES_MAX);
    struct str copy = arena_dup(&j->arena, message);
    int e = copy.p ? json_parse(&j->arena, copy, &v, &d) : -ENOMEM;
    if (e == 0)
        e = door_job_read(v, &j->job, &name, &d);
    if (e == 0)
        e = door_journal_begin(&P.journal, id, way->name, time_now_ns(), &d);
    if (e < 0) {
        arena_done(&j->arena);
        mem_free(j);
        refuse(id, DOOR_FAILED, "journal", true, d.text[0] ? d.text : "memory has run out");
        return e == -ENOMEM ? e : 0;
    }
    j->way = way;
    j->job.now_ns = time_now_ns();
    P.n_jobs++;
    ASSERT(uv_queue_work(&P.loop, &j->work, on_work, on_done) == 0);
    return 0;
}

static int take_send(struct str message, const struct json_value *v) {
    struct diag d = {0};
    struct door_job job;
    struct str name;
    char sentence[300];
    int e = door_job_read(v, &job, &name, &d);
    if (e < 0) {
        struct str id = STR("");
        IGNORE(json_get_str(v, "id", &id));
        refuse(id, DOOR_REFUSED, "message", false, d.text);
        return 0;
    }
    const struct door_entry *known = door_journal_find(&P.journal, job.id);
    if (known) {
        if (known->ended) /* else it is under way, and its end is told to all */
            say_outcome(job.id, &known->outcome, false);
        return 0;
    }
    const struct door_way *way = door_way_find(&P.ways, name);
    if (P.replay) {
        refuse(job.id, DOOR_REFUSED, "replay", false, "this is a replay: nothing leaves");
    } else if (!way) {
        snprintf(sentence, sizeof sentence, P.problem[0] ? "no way '%.*s': door.yml cannot be read, `kizuki door list` says why" : "there is no way '%.*s' in door.yml", STR_ARG(str_to(name, 64)));
        refuse(job.id, DOOR_REFUSED, "way", false, sentence);
    } else if (P.ending || P.n_jobs >= DOOR_QUEUE_MAX) {
        refuse(job.id, DOOR_FAILED, "busy", true, "too much is waiting to be sent; ask again");
    } else if (!rate_take(way)) {
        snprintf(sentence, sizeof sentence, "'%.*s' has sent its %u of this minute; ask again", STR_ARG(way->name), way->a_minute);
        refuse(job.id, DOOR_FAILED, "rate", true, sentence);
    } else {
        return begin(message, job.id, way);
    }
    return 0;
}

static int take(struct peer *x, struct str message) {
    struct arena a;
    struct json_value *v;
    struct str t;
    arena_init(&a, 16 * (size_t) DOOR_JOB_BYTES_MAX);
    int e = message.n > DOOR_JOB_BYTES_MAX ? -ERR_LIMIT : json_parse(&a, message, &v, NULL);
    if (e == 0 && (v->type != JSON_OBJECT || !json_get_str(v, "t", &t)))
        e = -ERR_PARSE;
    if (e == 0 && str_eq_z(t, "send"))
        e = take_send(message, v);
    else if (e == 0 && str_eq_z(t, "ways"))
        say_ways(x);
    else if (e == 0)
        e = -ERR_PARSE;
    arena_done(&a);
    return e;
}

/* ---- mailboxes ---- */

static void on_box_work(uv_work_t *work) {
    struct box *b = container_of(work, struct box, work);
    door_box_take(b->way, P.mail_folder, DOOR_BOX_ROUND_MAX, &b->n, &b->out);
}

static void on_box_timer(uv_timer_t *t);

static void on_box_done(uv_work_t *work, int status UNUSED) {
    struct box *b = container_of(work, struct box, work);
    b->busy = false;
    if (b->out.state != b->said || b->n)
        log_line(b->out.state == DOOR_SENT ? LOG_INFO_ : LOG_WARN_, "mailbox '%s': %s; %zu taken", b->out.by, b->out.sentence, b->n);
    b->said = b->out.state;
    P.n_jobs--;
    if (b->n == DOOR_BOX_ROUND_MAX && !P.ending)
        (void) uv_timer_start(&b->timer, on_box_timer, 0, (uint64_t) b->way->every_ms); /* there is more */
    end_when_idle();
}

static void on_box_timer(uv_timer_t *t) {
    struct box *b = t->data;
    if (b->busy || P.ending)
        return;
    b->busy = true;
    P.n_jobs++;
    ASSERT(uv_queue_work(&P.loop, &b->work, on_box_work, on_box_done) == 0);
}

static void start_boxes(void) {
    for (size_t i = 0; i < P.ways.n && !P.replay; i++) {
        struct box *b = &P.boxes[i];
        if (P.ways.p[i].kind != DOOR_IMAP && P.ways.p[i].kind != DOOR_MAILDIR)
            continue;
        *b = (struct box){.way = &P.ways.p[i], .said = DOOR_STATE_MAX_};
        (void) uv_timer_init(&P.loop, &b->timer);
        b->timer.data = b;
        (void) uv_timer_start(&b->timer, on_box_timer, 100, (uint64_t) b->way->every_ms);
    }
}

/* ---- peers ---- */

static void on_alloc(uv_handle_t *h, size_t n UNUSED, uv_buf_t *b) {
    struct peer *x = h->data;
    char *p = buf_reserve(&x->in, 65536);
    *b = uv_buf_init(p, p ? 65536 : 0);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b UNUSED) {
    struct peer *x = s->data;
    struct str message;
    size_t at = 0;
    int r = n < 0 ? (int) n : 0;
    if (n > 0)
        buf_added(&x->in, (size_t) n);
    while (r == 0 && (r = frame_next(buf_str(&x->in), &at, &message)) == 1)
        r = take(x, message);
    if (r < 0 && r != UV_EOF)
        log_warn("closed a connection: %s", err_word(r));
    if (r < 0)
        drop(x);
    else
        buf_remove_front(&x->in, at);
}

static void on_connection(uv_stream_t *s, int status) {
    struct peer *x = NULL;
    for (size_t i = 0; i < DOOR_PEERS_MAX && status == 0; i++)
        x = !x && !P.peers[i].used ? &P.peers[i] : x;
    P.waiting = status == 0 && !x;
    if (!x)
        return;
    *x = (struct peer){.used = true};
    (void) uv_pipe_init(&P.loop, &x->pipe, 0);
    x->pipe.data = x;
    buf_init(&x->in, 2 * (size_t) DOOR_JOB_BYTES_MAX);
    if (uv_accept(s, (uv_stream_t *) &x->pipe) < 0 || uv_read_start((uv_stream_t *) &x->pipe, on_alloc, on_read) < 0)
        drop(x);
}

/* ---- the file ---- */

static bool file_time(struct timespec *ret) {
    struct stat st;
    *ret = (struct timespec){0};
    if (stat(P.ways_path, &st) < 0)
        return false;
    *ret = st.st_mtim;
    return true;
}

/* A broken file stops no Kizuki: the door stands, lets nothing out and says why. */
static int load_ways(struct diag *err) {
    struct diag d = {0};
    struct str text = STR("");
    struct stat st;
    char line[1024];
    arena_init(&P.arena, 64 * (size_t) DOOR_FILE_BYTES_MAX);
    P.was_there = file_time(&P.read_at);
    int e = P.was_there ? file_read(&P.arena, P.ways_path, DOOR_FILE_BYTES_MAX, &text, &d) : 0;
    if (e == 0 && P.was_there && stat(P.ways_path, &st) == 0 && (st.st_mode & 077))
        e = diag_set(&d, -EPERM, "'%s' can be read by others, and it holds secrets: chmod 600 it", P.ways_path);
    if (e == 0)
        e = door_ways_parse(&P.arena, text, P.ways_path, &P.ways, &d);
    if (e == -ENOMEM)
        return diag_set(err, e, "memory has run out");
    if (e < 0) {
        P.ways = (struct door_ways){0};
        snprintf(P.problem, sizeof P.problem, "%s", diag_format(&d, line, sizeof line));
        log_error("%s", P.problem);
    }
    return 0;
}

static void on_look(uv_timer_t *t UNUSED) {
    struct timespec now;
    bool there = file_time(&now);
    if (P.ending || (there == P.was_there && now.tv_sec == P.read_at.tv_sec && now.tv_nsec == P.read_at.tv_nsec))
        return;
    log_info("door.yml has changed; starting again with it");
    P.ending = true;
    end_when_idle();
}

static void on_signal(uv_signal_t *s UNUSED, int number UNUSED) {
    P.ending = true;
    uv_stop(&P.loop); /* what is under way is said to be unknown at the next start */
}

/* ---- set-up ---- */

static int read_options(int argc, char **argv) {
    static const struct option names[] = {{"data", 1, NULL, 'd'}, {"fd", 1, NULL, 'f'},      {"replay", 0, NULL, 'r'},
                                          {"help", 0, NULL, 'h'}, {"version", 0, NULL, 'V'}, {NULL, 0, NULL, 0}};
    int64_t fd = -1;
    for (int c; (c = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        switch (c) {
        case 'd':
            P.data = optarg;
            break;
        case 'r':
            P.replay = true;
            break;
        case 'f':
            if (str_to_i64(str_of(optarg), &fd) == 0 && fd >= 0 && fd < 65536)
                break;
            fputs(usage, stderr);
            return -EINVAL;
        case 'V':
            puts("kizuki-door " KIZUKI_VERSION);
            exit(0);
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            fputs(usage, stderr);
            return -EINVAL;
        }
    }
    P.fd = (int) fd;
    if (P.data && optind == argc)
        return 0;
    fputs(usage, stderr);
    return -EINVAL;
}

static int listen_here(struct diag *err) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char dir[PATH_CAP];
    snprintf(dir, sizeof dir, "%s/run", P.data);
    int e = file_make_dir(dir, 0700, err), n = snprintf(a.sun_path, sizeof a.sun_path, "%s/run/door.sock", P.data);
    if (e < 0)
        return e;
    if (n < 0 || (size_t) n >= sizeof a.sun_path)
        return diag_set(err, -ENAMETOOLONG, "the name of the data folder is too long for a socket");
    (void) unlink(a.sun_path);
    mode_t old = umask(0177);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool bad = fd < 0 || bind(fd, (struct sockaddr *) &a, sizeof a) < 0;
    umask(old);
    return bad ? diag_set(err, -errno, "cannot listen on '%s': %s", a.sun_path, err_word(-errno)) : fd;
}

/* What is left: its own folder; what the C library reads to find a name and TLS to believe somebody. /etc as a folder, because
 * resolv.conf is replaced, not written, when a network changes, and a rule for the file would stay with the old one; who serves
 * as no more than its own user reads there what everybody may. Programs are started by the runner, made before. */
static int enter_sandbox(struct diag *err) {
    struct sandbox_path paths[9 + DOOR_WAYS_MAX] = {
        {P.folder, SANDBOX_WRITE},         {"/etc", SANDBOX_READ},          {"/run/systemd/resolve", SANDBOX_READ}, {"/usr/share/ca-certificates", SANDBOX_READ},
        {"/usr/local/share/ca-certificates", SANDBOX_READ}, {"/usr/lib", SANDBOX_READ},  {"/lib", SANDBOX_READ},  {"/dev/urandom", SANDBOX_READ}, {P.mail_folder, SANDBOX_WRITE},
    };
    size_t n = 9;
    for (size_t i = 0; i < P.ways.n; i++)
        if (P.ways.p[i].ca.n)
            paths[n++] = (struct sandbox_path){P.ways.p[i].ca.p, SANDBOX_READ};
        else if (P.ways.p[i].kind == DOOR_MAILDIR)
            paths[n++] = (struct sandbox_path){P.ways.p[i].path.p, SANDBOX_WRITE};
    int e = sandbox_enter(paths, n, SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_SOCKETS, err);
    if (e > 0)
        log_warn("this kernel has no Landlock: the door is confined by seccomp only");
    return MIN(e, 0);
}

static int set_up(struct diag *err) {
    struct addrinfo *found = NULL;
    snprintf(P.folder, sizeof P.folder, "%.4000s/door", P.data);
    snprintf(P.ways_path, sizeof P.ways_path, "%s/door.yml", P.folder);
    snprintf(P.journal_path, sizeof P.journal_path, "%s/sent.journal", P.folder);
    int e = file_make_dir(P.folder, 0700, err);
    if (e == 0)
        e = load_ways(err);
    snprintf(P.mail_folder, sizeof P.mail_folder, "%.4000s/mail/in", P.data);
    if (e == 0)
        e = file_make_dir(P.mail_folder, 0700, err);
    if (e == 0)
        e = door_journal_open(&P.journal, P.journal_path, time_now_ns(), err);
    if (e == 0 && P.journal.n_unknown)
        log_warn("%zu messages were under way when the door ended; nobody knows whether they were taken", P.journal.n_unknown);
    if (e == 0)
        e = runner_start(&P.runner, &P.ways, err);
    if (e == 0 && P.fd < 0)
        e = P.fd = listen_here(err);
    if (e < 0)
        return e;
    if (getaddrinfo("localhost", NULL, NULL, &found) == 0) /* loads what the C library loads for names */
        freeaddrinfo(found);
    pthread_mutex_init(&P.rates_lock, NULL);
    return enter_sandbox(err);
}

static int run(struct diag *err) {
    int e = uv_loop_init(&P.loop);
    signal(SIGPIPE, SIG_IGN);
    (void) uv_pipe_init(&P.loop, &P.listener, 0);
    (void) uv_timer_init(&P.loop, &P.look);
    (void) uv_signal_init(&P.loop, &P.on_term);
    (void) uv_signal_init(&P.loop, &P.on_int);
    if (e == 0)
        e = uv_pipe_open(&P.listener, P.fd);
    if (e == 0)
        e = uv_listen((uv_stream_t *) &P.listener, 8, on_connection);
    if (e == 0)
        e = uv_timer_start(&P.look, on_look, LOOK_MS, LOOK_MS);
    if (e == 0)
        e = uv_signal_start(&P.on_term, on_signal, SIGTERM);
    if (e == 0)
        e = uv_signal_start(&P.on_int, on_signal, SIGINT);
    if (e < 0)
        return diag_set(err, e, "cannot take connections: %s", uv_strerror(e));
    start_boxes();
    uv_run(&P.loop, UV_RUN_DEFAULT);
    return 0;
}

int main(int argc, char **argv) {
    struct diag d = {0};
    char line[1024];
    log_set_program("door");
    supervised_begin();
    if (read_options(argc, argv) < 0)
        return 2;
    umask(0077);
    int e = set_up(&d);
    if (e == 0)
        e = run(&d);
    if (e < 0)
        log_error("%s", diag_format(&d, line, sizeof line));
    fflush(NULL);
    _exit(e < 0); /* a worker may be in the middle of a transfer: nothing is taken down under it */
}
