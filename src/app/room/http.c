/* See http.h. Order of what is asked, cheapest first: how often this address comes, is there such a
 * route, is there a session, is it our own page, may this person; only then the body is read and
 * any work done. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "app/room/upload.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sign.h"

#define ARENA_BYTES_MAX ((size_t) 64 << 20)
#define CONNECTION_MEMORY                                                                          \
    ((size_t) 64 << 10)               /* headers of one request: cookies and a long search fit */
#define CONNECTIONS_OF_ONE_ADDRESS 96 /* an office behind one gateway */
#define FORM_SMALL_BYTES (64 * 1024) /* without a photo */
#define FORM_LARGE_MAX 8             /* times REPORT_PHOTO_BYTES_MAX of memory */
#define FORM_TIME_NS (180 * NS_PER_S) /* a photo over a bad line */
#define REFUSED_BODY_BYTES 65536      /* a page's own request has some hundred */
#define IDLE_S 60                     /* longer than the streams' clock */
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

static struct call *call_new(struct http *h, struct MHD_Connection *connection, const char *url,
                             const char *method) {
    struct call *c = mem_zalloc(sizeof *c);
    if (!c)
        return NULL;
    c->http = h;
    c->p = h->p;
    c->before = room_effort(h->p->room);
    c->connection = connection;
    c->method = method;
    c->upload_fd = -1;
    c->begun_ns = time_monotonic_ns();
    snprintf(c->path, sizeof c->path, "%s", url);
    arena_init(&c->arena, ARENA_BYTES_MAX);
    buf_init(&c->body, HTTP_BODY_BYTES_MAX);
    buf_init(&c->out, OUT_BYTES_MAX);
    jsonw_init(&c->w, &c->out);
    return c;
}

static void call_free(struct call *c) {
    sensor_link_forget(&c->p->sensor, c);
    search_link_forget(&c->p->search, c);
    if (c->waiting_free)
        c->waiting_free(c->waiting);
    upload_forget(c);
    c->http->n_large -= c->large;
    arena_done(&c->arena);
    buf_done(&c->body);
    buf_done(&c->out);
    mem_free(c);
}

/* ---- admission ---- */

static const struct sockaddr *address_of(const struct call *c) {
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return i ? i->client_addr : NULL;
}

static int too_many(struct call *c, enum limit_kind kind) {
    char z[16];
    if (limit_take(&c->http->limit, kind, address_of(c), time_monotonic_ns(), &c->retry_s)) {
        c->retry_s = 0;
        return 0;
    }
    snprintf(z, sizeof z, "%d", c->retry_s);
    return call_refuse_with(c, 429, "error.too_many", "seconds", str_of(z));
}

static int find_route(struct call *c) {
    bool path_known = false;
    for (size_t i = 0; i < N_ROUTES; i++) {
        struct path_args args;
        if (!path_match(ROUTES[i].pattern, str_of(c->path), &args))
            continue;
        path_known = true;
        if (strcmp(ROUTES[i].method, c->method) == 0) {
            c->route = &ROUTES[i];
            c->args = args;
            return 0;
        }
    }
    if (static_find(c))
        return 0;
    return path_known ? call_refuse(c, 405, "error.method")
                      : call_refuse(c, 404, "error.not_found");
}

const char *call_cookie_name(const struct call *c) {
    return c->p->opt.demo ? "kizuki_demo_session" : "kizuki_session";
}

static int find_session(struct call *c) {
    struct diag d;
    const char *cookie =
        MHD_lookup_connection_value(c->connection, MHD_COOKIE_KIND, call_cookie_name(c));
    int e = cookie ? room_session_find(c->p->room, str_of(cookie), &c->session, &d) : -ERR_REFUSED;
    if (e == 0) {
        c->who = c->session.person.actor;
        return 0;
    }
    if (e != -ERR_REFUSED)
        return call_error(c, e);
    int status = too_many(c, LIMIT_STRANGER);
    return status ? status : call_refuse(c, 401, "error.not_signed_in");
}

static int check_csrf(struct call *c) {
    const char *given =
        MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, "X-Kizuki-CSRF");
    struct room_row row = {.object = c->route->object};
    if (strcmp(c->method, "GET") == 0 ||
        (given && sign_equal(str_of(given), str_of(c->session.csrf))))
        return 0;
    IGNORE(room_refuse(c->p->room, &c->who, c->route->verb, &row, NULL));
    return call_refuse(c, 403, "error.csrf");
}

static int load_row(struct call *c) {
    static const enum room_object objects[] = {[ROW_INCIDENT] = OBJECT_INCIDENT,
                                               [ROW_ACTION] = OBJECT_ACTION,
                                               [ROW_PERSON] = OBJECT_PERSON,
                                               [ROW_RUN] = OBJECT_RUN,
                                               [ROW_SCOPE] = OBJECT_SCOPE,
                                               [ROW_CASE_ROW] = OBJECT_CASE_ROW,
                                               [ROW_HANDOVER] = OBJECT_HANDOVER,
                                               [ROW_ATTACHMENT] = OBJECT_ATTACHMENT,
                                               [ROW_TASK] = OBJECT_TASK,
                                               [ROW_DEED] = OBJECT_DEED,
                                               [ROW_GRANT] = OBJECT_GRANT,
                                               [ROW_PARTY] = OBJECT_PARTY,
                                               [ROW_DECISION] = OBJECT_DECISION,
                                               [ROW_CALLOUT] = OBJECT_CALLOUT,
                                               [ROW_SHEET] = OBJECT_SHEET,
                                               [ROW_MESSAGE] = OBJECT_MESSAGE,
                                               [ROW_SUBMISSION] = OBJECT_SUBMISSION,
                                               [ROW_REPORT] = OBJECT_PERSON_REPORT,
                                               [ROW_CAMPAIGN] = OBJECT_CAMPAIGN,
                                               [ROW_PACK_DRAFT] = OBJECT_PACK_DRAFT,
                                               [ROW_PUBLICATION] = OBJECT_PUBLICATION,
                                               [ROW_ANSWER] = OBJECT_ANSWER,
                                               [ROW_OUTGOING] = OBJECT_OUTGOING,
                                               [ROW_RECIPIENT] = OBJECT_RECIPIENT,
                                               [ROW_CONTACT] = OBJECT_CONTACT,
                                               [ROW_TARGET] = OBJECT_TARGET,
                                               [ROW_TIGHTENING] = OBJECT_TIGHTENING,
                                               [ROW_TIP] = OBJECT_TIP,
                                               [ROW_INFO] = OBJECT_INFO,
                                               [ROW_LEVEL] = OBJECT_LEVEL,
                                               [ROW_MEANS] = OBJECT_MEANS,
                                               [ROW_MAIL] = OBJECT_MAIL,
                                               [ROW_HUNT] = OBJECT_HUNT};
    c->row = (struct room_row){.object = c->route->object, .tlp = TLP_AMBER};
    if (c->route->row == ROW_NONE || c->route->row == ROW_ALONE)
        return 0;
    int e = room_row_load(c->p->room, objects[c->route->row], c->args.id, &c->row, &c->err);
    c->row.object = c->route->object;
    return e;
}

/* Every route asks here. */
static int check_permission(struct call *c) {
    int e = load_row(c);
    if (c->route->object == OBJECT_SELF)
        c->row.owner = c->who.person;
    if (e == -ENOENT) {
        /* who may not read the kind at all learns nothing of what exists */
        struct room_row any = {.object = c->route->object};
        if (room_may(&c->who, c->route->verb, &any))
            return call_error(c, e);
        e = 0;
        c->row = any;
    }
    if (e < 0)
        return call_error(c, e);
    c->row.id = c->route->row == ROW_ALONE ? -1 : c->row.id; /* a row, not a list */
    bool may = room_may(&c->who, c->route->verb, &c->row);
    c->row.id = c->route->row == ROW_ALONE ? 0 : c->row.id;
    if (may)
        return 0;
    e = room_refuse(c->p->room, &c->who, c->route->verb, &c->row, &c->err);
    if (e == 0 && room_is_hidden(&c->who, &c->row)) /* not even that it exists */
        return call_error(c, diag_set(&c->err, -ENOENT, "no such row"));
    return call_error(c, e < 0 ? e : -ERR_REFUSED);
}

/* A machine with its token asks as often as its members log in. */
static const struct login_caller *caller_of(struct call *c) {
    static const char bearer[] = "Bearer ";
    const char *h = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    bool is = h && c->p->login.n_callers && strncmp(h, bearer, sizeof bearer - 1) == 0;
    return is ? login_rules_caller(&c->p->login, str_of(h + sizeof bearer - 1)) : NULL;
}

static int admit_machine(struct call *c) {
    int status = c->caller ? 0 : too_many(c, LIMIT_STRANGER);
    return c->caller || status ? status : call_refuse(c, 401, "error.caller_token");
}

/* 0: go on. Otherwise the status of an answer that is ready. */
static int admit(struct call *c) {
    c->caller = caller_of(c);
    int status = c->caller ? 0 : too_many(c, LIMIT_REQUEST);
    if (!status)
        status = find_route(c);
    if (status || !c->route)
        return status;
    c->body.max = MAX(c->body.max, c->route->form_bytes);
    if (c->route->form_bytes) { /* said by the page, to people */
        c->too_busy = !limit_take(&c->http->limit, LIMIT_FORM, address_of(c), time_monotonic_ns(), NULL);
        return 0;
    }
    if (c->route->machine)
        return admit_machine(c);
    if (c->caller) /* its token opens nothing else, and spares it no limit */
        status = too_many(c, LIMIT_REQUEST);
    if (status)
        return status;
    if (c->route->open)
        return c->route->free ? 0 : too_many(c, LIMIT_STRANGER);
    status = find_session(c);
    if (!status)
        status = check_csrf(c);
    if (!status)
        status = check_permission(c);
    return !status && c->route->upload ? upload_begin(c) : status;
}

/* ---- work ---- */

static int read_json(struct call *c) {
    const char *type = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, "Content-Type");
    struct json_value *v;
    if (c->body.n == 0 || (c->route->open && type && str_starts(str_of(type), STR(MHD_HTTP_POST_ENCODING_FORM_URLENCODED))))
        return 0; /* of a form: call_form */
    if (!type || !str_starts(str_of(type), STR("application/json")))
        return call_bad(c, "Content-Type: application/json");
    int e = json_parse(&c->arena, buf_str(&c->body), &v, &c->err);
    if (e == 0)
        c->json = v;
    return e;
}

/* A form with a photo, from anybody: so many at once, for so long, and no memory for more of it. */
static void take_form(struct call *c, struct str more) {
    if (!c->large && c->body.n + more.n > FORM_SMALL_BYTES) {
        c->large = c->http->n_large < FORM_LARGE_MAX;
        c->http->n_large += c->large;
        c->too_busy |= !c->large;
    }
    c->too_busy |= time_monotonic_ns() - c->begun_ns > FORM_TIME_NS;
    if (c->too_busy || c->too_large) {
        buf_done(&c->body);
        return;
    }
    buf_add(&c->body, more);
    c->too_large |= buf_error(&c->body) != 0;
}

static void run(struct call *c) {
    char max[24];
    snprintf(max, sizeof max, "%zu", c->route->upload ? c->route->upload->bytes_max : (size_t) HTTP_BODY_BYTES_MAX);
    if (c->too_large && !c->route->form_bytes) { /* a form says so in its own words */
        c->status = call_refuse_with(c, 413, "error.too_large", "max", str_of(max));
        return;
    }
    int e = c->route->upload ? upload_end(c) : c->route->form_bytes ? 0 : read_json(c);
    if (e == 0 && !c->route->open && c->who.person)
        e = room_person_seen(c->p->room, &c->session.person, &c->err);
    if (e == 0)
        e = c->route->handle(c);
    if (e == 0) {
        c->suspended = true;
        MHD_suspend_connection(c->connection);
        return;
    }
    c->status = e > 0 ? e : call_error(c, e);
}

static enum MHD_Result answer(struct call *c) {
    if (!c->route && c->status == 0)
        return static_send(c);
    if (c->status == 200 && c->type && strcmp(c->type, "text/event-stream") == 0)
        return stream_send(c);
    return call_send(c);
}

/* Whether a refused request's body is worth reading, so that the connection can go on: none at all, or a small one of somebody signed in.
 * Who is not known, or says too much, is cut off with the answer. */
static bool worth_reading(const struct call *c) {
    const char *length = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t n;
    if (!length)
        return !MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    return str_to_i64(str_of(length), &n) == 0 && n >= 0 && n <= (c->who.person ? REFUSED_BODY_BYTES : 0);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version UNUSED, const char *data,
                                  size_t *n, void **state) {
    struct call *c = *state;
    if (!c) {
        c = call_new(ctx, connection, url, method);
        if (!c)
            return MHD_NO;
        *state = c;
        c->status = admit(c);
        return c->status && !worth_reading(c) ? call_send(c) : MHD_YES;
    }
    if (*n && c->status) {
        *n = 0;
        return MHD_YES;
    }
    if (*n && c->route && c->route->upload) {
        if (c->upload_fd >= 0)
            upload_take(c, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (*n && c->route && c->route->form_bytes) {
        take_form(c, str_n(data, *n));
        *n = 0;
        return MHD_YES;
    }
    if (*n) {
        buf_add(&c->body, str_n(data, *n));
        c->too_large |= buf_error(&c->body) != 0;
        *n = 0;
        return MHD_YES;
    }
    if (c->answered || c->suspended)
        return MHD_YES;
    if (c->route && c->status == 0) {
        run(c);
        if (c->suspended)
            return MHD_YES;
    }
    return answer(c);
}

static void on_done(void *ctx UNUSED, struct MHD_Connection *connection UNUSED, void **state,
                    enum MHD_RequestTerminationCode code UNUSED) {
    if (*state)
        call_free(*state);
    *state = NULL;
}

int http_start(struct program *p, int fd, const struct certificate *cert, struct http **ret,
               struct diag *reterr) {
    struct http *h = mem_zalloc(sizeof *h);
    if (!h)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    h->p = p;
    list_init(&h->streams);
    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, h,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT, cert->chain.p,
        MHD_OPTION_HTTPS_MEM_KEY, cert->key.p, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned) HTTP_CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned) CONNECTIONS_OF_ONE_ADDRESS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END);
    if (!h->daemon) {
        mem_free(h);
        return diag_set(reterr, -EIO,
                        "cannot start the HTTPS server: certificate or key cannot be used");
    }
    *ret = h;
    return 0;
}

void http_free(struct http *h) {
    if (!h)
        return;
    streams_end(h);
    sensor_link_done(&h->p->sensor); /* answers whoever still waits */
    (void) MHD_run(h->daemon);
    MHD_stop_daemon(h->daemon);
    mem_free(h);
}

int http_poll_fd(const struct http *h) {
    const union MHD_DaemonInfo *i = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return i ? i->epoll_fd : -1;
}

int http_wait_ms(struct http *h, int max_ms) {
    MHD_UNSIGNED_LONG_LONG ms;
    return MHD_get_timeout(h->daemon, &ms) == MHD_YES && ms < (unsigned) max_ms ? (int) ms : max_ms;
}

void http_run(struct http *h) {
    (void) MHD_run(h->daemon);
}
