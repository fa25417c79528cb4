#include "app/room/sensor_link.h"

#include "app/room/room.h"
#include "base/mem.h"
#include "base/frame.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/fold.h"
#include "room/report.h"
#include "room/write.h"

#include <sys/socket.h>

#define BATCH_MAX                                                                                  \
    64 /* findings in one transaction: one fsync, and not too long for a page that waits */

void sensor_link_init(struct sensor_link *l, int listen_fd) {
    *l = (struct sensor_link){.listen_fd = listen_fd, .next_id = 1, .away_ns = time_monotonic_ns()};
    for (size_t i = 0; i < SENSORS_MAX; i++)
        peer_init(&l->peers[i]);
}

static void forget(struct sensor_question *q) {
    buf_done(&q->unsent);
    *q = (struct sensor_question){0};
}

void sensor_link_done(struct sensor_link *l) {
    for (size_t i = 0; i < QUESTIONS_MAX; i++)
        forget(&l->questions[i]);
    for (size_t i = 0; i < SENSORS_MAX; i++)
        peer_close(&l->peers[i]);
    if (l->listen_fd >= 0)
        close(l->listen_fd);
}

size_t sensor_link_poll(const struct sensor_link *l, struct pollfd *pfd) {
    pfd[0] = (struct pollfd){.fd = l->listen_fd, .events = POLLIN};
    for (size_t i = 0; i < SENSORS_MAX; i++)
        pfd[i + 1] = peer_poll(&l->peers[i]);
    return SENSORS_MAX + 1;
}

static void answer(struct sensor_question *q, const struct json_value *message) {
    struct sensor_question was = *q;
    forget(q);
    was.fn(was.ctx, message);
}

static void drop(struct program *p, struct peer *peer, const char *why) {
    struct sensor_link *l = &p->sensor;
    if (why) {
        l->cut_off++;
        log_warn("cut off a sensor: %s", why);
    }
    peer_close(peer);
    if (peer != l->speaker)
        return;
    l->speaker = NULL;
    l->away_ns = time_monotonic_ns();
    room_sensor_connected(p->room, false);
    for (size_t i = 0; i < QUESTIONS_MAX; i++)
        if (l->questions[i].id)
            answer(&l->questions[i], NULL);
}

/* Only processes of our own user (or root) may be a sensor; the socket's mode says so too. */
static bool may_connect(int fd) {
    struct ucred who;
    socklen_t n = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

static void take_connection(struct program *p) {
    struct sensor_link *l = &p->sensor;
    int fd = accept4(l->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    for (size_t i = 0; i < SENSORS_MAX; i++)
        if (l->peers[i].fd < 0 && may_connect(fd)) {
            peer_open(&l->peers[i], fd);
            return;
        }
    close(fd);
}

/* ---- findings ---- */

struct arrived {
    int64_t seq;
    const struct json_value *finding;
};

static int store_one(struct program *p, struct arena *a, const struct json_value *v,
                     struct diag *err) {
    struct room_finding f;
    struct room_folded x;
    struct buf json;
    struct jsonw w;
    bool canary = false;
    if (json_get_bool(v, "canary", &canary) && canary)
        return 0; /* it got here, which is all that was asked: the acknowledgement says so */
    int e = room_finding_read(a, v, &f, err);
    if (e < 0)
        return e;
    clock_heard(&p->clock, f.detected_ns); /* of a story: it is the time of the finding, however fast it is played */
    buf_init(&json, FRAME_BYTES_MAX * 2);
    jsonw_init(&w, &json);
    jsonw_value(&w, v);
    e = buf_error(&json);
    if (e == 0)
        e = room_fold(p->room, &f, buf_str(&json), &x, err);
    buf_done(&json);
    if (e == 0)
        *(x.known ? &p->sensor.repeated : &p->sensor.findings) += 1;
    return e;
}

static int store_batch(struct program *p, struct arena *a, const struct arrived *list, size_t n,
                       struct diag *err) {
    int e = room_begin(p->room, err);
    if (e < 0)
        return e;
    for (size_t i = 0; e == 0 && i < n; i++)
        e = store_one(p, a, list[i].finding, err);
    return room_end(p->room, e, err);
}

static bool is_the_findings_fault(int e) {
    return e == -ERR_PARSE || e == -ERR_LIMIT || e == -ERR_REFUSED || e == -EEXIST || e == -EINVAL;
}

/* All at once; if one of them spoils it, one by one, so that only that one is left out. */
static int store_findings(struct program *p, struct arena *a, const struct arrived *list,
                          size_t n) {
    struct diag d = {0};
    int e = store_batch(p, a, list, n, &d);
    if (e == 0)
        return 0;
    for (size_t i = 0; i < n; i++) {
        e = store_batch(p, a, &list[i], 1, &d);
        if (e < 0 && !is_the_findings_fault(e)) {
            log_error("cannot store a finding: %s", d.text);
            return e;
        }
        if (e < 0) {
            p->sensor.refused++;
            log_warn("refused a finding: %s", d.text);
        }
    }
    return 0;
}

static int acknowledge(struct peer *peer, int64_t seq) {
    char z[64];
    int n = snprintf(z, sizeof z, "{\"t\":\"ack\",\"seq\":%lld}", (long long) seq);
    return peer_say(peer, str_n(z, (size_t) n));
}

/* ---- other messages ---- */

static int take_hello(struct program *p, const struct json_value *m, struct diag *err) {
    struct str version = STR("?");
    (void) json_get_str(m, "version", &version);
    log_info("the sensor says hello, version %.*s", (int) MIN(version.n, 40u), version.p);
    return 0;
}

static int take_clock(struct program *p, const struct json_value *m, struct diag *err) {
    int64_t ms;
    if (!json_get_i64(m, "now_ms", &ms) || ms < 0 || ms > INT64_MAX / NS_PER_MS)
        return diag_set(err, -ERR_PARSE, "a clock without its time");
    clock_heard(&p->clock, ms * NS_PER_MS);
    http_clock(p->http);
    return 0;
}

static int take_sources(struct program *p, const struct json_value *m, struct diag *err) {
    return room_report_sources(p->room, m, err);
}
static int take_rules(struct program *p, const struct json_value *m, struct diag *err) {
    return room_report_rules(p->room, m, err);
}
static int take_rule_state(struct program *p, const struct json_value *m, struct diag *err) {
    return room_report_rule_state(p->room, m, err);
}
static int take_stats(struct program *p, const struct json_value *m, struct diag *err) {
    return room_report_stats(p->room, m, err);
}

static int take_answer(struct program *p, const struct json_value *m, struct diag *err) {
    int64_t id;
    if (!json_get_i64(m, "id", &id))
        return diag_set(err, -ERR_PARSE, "an answer without its question");
    for (size_t i = 0; i < QUESTIONS_MAX; i++)
        if (id > 0 && p->sensor.questions[i].id == id) {
            answer(&p->sensor.questions[i], m);
            break;
        }
    return 0; /* too late is no fault */
}

/* Logins that succeeded, as rules tell them; other rules' rows are for others. */
static int take_matches(struct program *p, const struct json_value *m, struct diag *err) {
    enum { ROWS_MAX = 4096 };
    const struct json_value *rows = json_get(m, "rows");
    struct login_try *list = rows && rows->type == JSON_ARRAY ? mem_zalloc_array(MIN(rows->n, (uint32_t) ROWS_MAX) + 1, sizeof *list) : NULL;
    size_t n = 0;
    if (!list)
        return diag_set(err, -ERR_PARSE, "matches without rows");
    for (const struct json_value *row = rows->first; row && n < ROWS_MAX; row = row->next) {
        const struct json_value *rule = row->type == JSON_ARRAY ? row->first : NULL, *at = rule ? rule->next : NULL, *of = at ? at->next : NULL;
        int64_t ms;
        if (!of || of->type != JSON_OBJECT || rule->type != JSON_STRING || !str_eq_z(rule->text, "login_success") || str_to_i64(at->text, &ms) < 0)
            continue;
        struct login_try *t = &list[n];
        *t = (struct login_try){.at_ns = ms * NS_PER_MS};
        (void) json_get_str(of, "user.name", &t->account);
        (void) json_get_str(of, "service.name", &t->service);
        (void) json_get_str(of, "source.ip", &t->address);
        (void) json_get_str(of, "user_agent.original", &t->agent);
        n += t->account.n > 0;
    }
    int e = n ? room_logins_take(p->room, &p->login, list, n, err) : 0;
    mem_free(list);
    return e;
}

static const struct {
    const char *type;
    int (*take)(struct program *p, const struct json_value *m, struct diag *err);
} MESSAGES[] = {
    {"hello", take_hello},       {"clock", take_clock},  {"sources", take_sources},
    {"rules", take_rules},       {"stats", take_stats},  {"explain", take_answer},
    {"lines", take_answer},      {"state", take_answer}, {"rule_state", take_rule_state},
    {"rule_order", take_answer}, {"rule_trial", take_answer}, {"table", take_answer},
    {"late", take_answer},       {"late_state", take_answer}, {"matches", take_matches}, {"blank", take_answer}, {"fill", take_answer},
};

static int take_message(struct program *p, const struct json_value *m, struct str type,
                        struct diag *err) {
    for (size_t i = 0; i < ARRAY_SIZE(MESSAGES); i++)
        if (str_eq_z(type, MESSAGES[i].type))
            return MESSAGES[i].take(p, m, err);
    return diag_set(err, -ERR_PARSE, "a message of an unknown type");
}

static bool is_known(struct str type) {
    for (size_t i = 0; i < ARRAY_SIZE(MESSAGES); i++)
        if (str_eq_z(type, MESSAGES[i].type))
            return true;
    return str_eq_z(type, "finding");
}

/* One that cannot be said ends with its patience. */
static void send_waiting(struct sensor_link *l) {
    for (size_t i = 0; i < QUESTIONS_MAX; i++) {
        struct sensor_question *q = &l->questions[i];
        if (!q->id || !q->unsent.n)
            continue;
        IGNORE(peer_say(l->speaker, buf_str(&q->unsent)));
        buf_done(&q->unsent);
        q->until_ns = time_monotonic_ns() + q->patience_ns;
    }
}

/* Whether this peer is the one that speaks; -ERR_REFUSED when there is another. */
static int may_speak(struct program *p, struct peer *peer, struct diag *err) {
    static const char no[] =
        "another sensor speaks for this room; one room has one sensor: end one of "
        "the two, or give it a room (--data) of its own";
    struct sensor_link *l = &p->sensor;
    char z[sizeof no + 64];
    if (l->speaker == peer)
        return 0;
    if (!l->speaker) {
        l->speaker = peer;
        l->told_away = false;
        room_sensor_connected(p->room, true);
        log_info("a sensor has connected");
        send_waiting(l);
        return 0;
    }
    l->sent_away++;
    if (!l->told_away)
        log_warn("sent a second sensor away: %s", no);
    l->told_away = true;
    int n = snprintf(z, sizeof z, "{\"t\":\"refused\",\"why\":\"%s\"}", no);
    int e = peer_say(peer, str_n(z, (size_t) n));
    return e < 0 ? e : diag_set(err, -ERR_REFUSED, "%s", no);
}

/* ---- frames ---- */

struct batch {
    struct arena *arena;
    struct arrived list[BATCH_MAX];
    size_t n;
};

static int finish_batch(struct program *p, struct peer *peer, struct batch *b) {
    int e = b->n ? store_findings(p, b->arena, b->list, b->n) : 0;
    if (e == 0 && b->n)
        e = acknowledge(peer, b->list[b->n - 1].seq);
    b->n = 0;
    arena_reset(b->arena);
    return e;
}

static int take_frame(struct program *p, struct peer *peer, struct batch *b, struct str text,
                      struct diag *err) {
    struct json_value *m;
    struct str type;
    int64_t seq;
    int e = json_parse(b->arena, text, &m, err);
    if (e < 0)
        return e;
    if (m->type != JSON_OBJECT || !json_get_str(m, "t", &type))
        return diag_set(err, -ERR_PARSE, "a message without a type");
    e = is_known(type) ? may_speak(p, peer, err) : 0;
    if (e < 0)
        return e;
    if (!str_eq_z(type, "finding")) {
        e = take_message(p, m, type, err);
        if (e < 0 && e != -ERR_PARSE) { /* ours, not theirs: said and forgotten, it comes again */
            log_error("cannot take what the sensor reports: %s", err->text);
            e = 0;
        }
        return e;
    }
    const struct json_value *finding = json_get_object(m, "finding");
    if (!finding || !json_get_i64(m, "seq", &seq) || seq < 1)
        return diag_set(err, -ERR_PARSE, "a finding without its number");
    b->list[b->n++] = (struct arrived){seq, finding};
    return 0;
}

/* Frames of one read: findings in a row share a transaction. */
static int take_frames(struct program *p, struct peer *peer, struct diag *err) {
    static struct batch b; /* large; one thread */
    struct arena arena;
    struct str message;
    size_t at = 0;
    int e = 0, k = 0;
    arena_init(&arena, (size_t) 128 << 20);
    b.arena = &arena;
    b.n = 0;
    while (e == 0 && (k = frame_next(buf_str(&peer->in), &at, &message)) > 0) {
        e = take_frame(p, peer, &b, message, err);
        if (e == 0 && (b.n == BATCH_MAX || b.n == 0))
            e = finish_batch(p, peer, &b);
    }
    if (b.n) { /* also before an end in disgrace: what came whole is kept */
        int f = finish_batch(p, peer, &b);
        e = e < 0 ? e : f;
    }
    arena_done(&arena);
    buf_remove_front(&peer->in, at);
    if (k < 0)
        return diag_set(err, k, "a frame of a forbidden length");
    return e;
}

static void serve_peer(struct program *p, struct peer *peer, short events) {
    struct diag d = {0};
    int e = 0;
    if (events & (POLLIN | POLLHUP | POLLERR))
        e = peer_read(peer);
    if (e > 0)
        e = take_frames(p, peer, &d);
    if (e == 0)
        e = peer_flush(peer);
    if (e == -ERR_REFUSED && peer_flush(peer) == 0)
        drop(p, peer, NULL);
    else if (e == -ERR_PARSE || e == -ERR_LIMIT)
        drop(p, peer, d.text[0] ? d.text : "it does not follow the protocol");
    else if (e < 0)
        drop(p, peer, NULL);
}

/* A sensor that was started anew comes by another connection: what the ended one left is taken
 * first, or its successor would be sent away. */
static void serve_who_left(struct program *p) {
    struct sensor_link *l = &p->sensor;
    struct pollfd x = {.fd = l->speaker ? l->speaker->fd : -1};
    if (!l->speaker || poll(&x, 1, 0) < 1 || !(x.revents & POLLHUP))
        return;
    while (l->speaker && l->speaker->fd == x.fd) /* nobody can write there any more: it ends */
        serve_peer(p, l->speaker, POLLIN);
}

/* Also one whose connection was never taken: it could connect and write before this program looked, and is gone. */
void sensor_link_drain(struct program *p) {
    struct sensor_link *l = &p->sensor;
    struct pollfd x = {.fd = l->listen_fd, .events = POLLIN};
    serve_who_left(p);
    for (size_t i = 0; i < SENSORS_MAX && poll(&x, 1, 0) > 0 && (x.revents & POLLIN); i++)
        take_connection(p);
    for (size_t i = 0; i < SENSORS_MAX; i++) {
        struct pollfd left = {.fd = l->peers[i].fd};
        if (left.fd < 0 || poll(&left, 1, 0) < 1 || !(left.revents & POLLHUP))
            continue;
        while (l->peers[i].fd == left.fd)
            serve_peer(p, &l->peers[i], POLLIN);
    }
}

void sensor_link_serve(struct program *p, const struct pollfd *pfd) {
    serve_who_left(p);
    for (size_t i = 0; i < SENSORS_MAX; i++)
        if (p->sensor.peers[i].fd >= 0 && pfd[i + 1].fd == p->sensor.peers[i].fd &&
            pfd[i + 1].revents)
            serve_peer(p, &p->sensor.peers[i], pfd[i + 1].revents);
    if (pfd[0].revents & POLLIN)
        take_connection(p);
}

void sensor_link_tick(struct program *p) {
    int64_t now = time_monotonic_ns();
    for (size_t i = 0; i < QUESTIONS_MAX; i++)
        if (p->sensor.questions[i].id && p->sensor.questions[i].until_ns < now)
            answer(&p->sensor.questions[i], NULL);
}

int sensor_link_ask(struct program *p, const char *type, struct str members, sensor_answer_fn *fn,
                    void *ctx) {
    return sensor_link_ask_for(p, type, members, QUESTION_TIMEOUT_NS, fn, ctx);
}

int sensor_link_ask_for(struct program *p, const char *type, struct str members, int64_t patience_ns, sensor_answer_fn *fn,
                        void *ctx) {
    struct sensor_link *l = &p->sensor;
    struct buf b;
    int64_t now = time_monotonic_ns(), next_ns = l->away_ns + SENSOR_STARTS_NS;
    for (size_t i = 0; i < QUESTIONS_MAX; i++) {
        struct sensor_question *q = &l->questions[i];
        if (q->id)
            continue;
        if (!l->speaker && now >= next_ns)
            return -EAGAIN;
        buf_init(&b, FRAME_BYTES_MAX);
        buf_printf(&b, "{\"t\":\"%s\",\"id\":%lld,", type, (long long) l->next_id);
        buf_add(&b, members);
        buf_add_byte(&b, '}');
        int e = buf_error(&b);
        if (e == 0 && l->speaker)
            e = peer_say(l->speaker, buf_str(&b));
        if (e < 0 || l->speaker)
            buf_done(&b);
        if (e < 0)
            return e;
        *q = (struct sensor_question){l->next_id++, l->speaker ? now + patience_ns : next_ns, patience_ns, fn, ctx, b};
        return 0;
    }
    return -EAGAIN;
}

void sensor_link_forget(struct sensor_link *l, const void *ctx) {
    for (size_t i = 0; i < QUESTIONS_MAX; i++)
        if (l->questions[i].id && l->questions[i].ctx == ctx)
            forget(&l->questions[i]);
}
