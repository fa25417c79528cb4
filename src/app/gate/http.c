/* See http.h. Order of what is asked, cheapest first: is there such a route, who sends, is there room; only then is the
 * body read. The answer waits, with the connection suspended, until everything the request put is on disk. */
#include "app/gate/http.h"

#include "base/base64.h"
#include "base/ip.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#define CONNECTION_MEMORY ((size_t) 64 << 10)
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"
enum {
    CONNECTIONS_MAX = 1024,
    OF_ADDRESS_MAX = 256,
    IDLE_S = 180, /* a journal's upload may be silent for long */
    BODIES_BYTES_MAX = 96 << 20,
    OUT_BYTES_MAX = 32 << 20, /* an answer has a row for each document */
    AGAIN_S = 5,
    TOKEN_BYTES_MAX = 1024,
};

struct http_server {
    struct http *h;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    bool tls;
};

static void run(struct http_server *s);

/* ---- answers ---- */

const char *request_header(const struct request *r, const char *name) {
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}
const char *request_query(const struct request *r, const char *name) {
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

static bool is_kind(const struct request *r, const char *kind) {
    return r->route && strcmp(r->route->kind, kind) == 0;
}

int request_error(struct request *r, int status, const char *text) {
    struct jsonw w;
    buf_clear(&r->out);
    jsonw_init(&w, &r->out);
    jsonw_object(&w);
    if (is_kind(r, "elastic")) {
        jsonw_key(&w, STR("error"));
        jsonw_object(&w);
        jsonw_kz(&w, "type", status == 429 || status == 503 ? "es_rejected_execution_exception" : "kizuki_exception");
        jsonw_kz(&w, "reason", text);
        jsonw_end(&w);
        jsonw_ki64(&w, "status", status);
    } else if (is_kind(r, "hec")) {
        jsonw_kz(&w, "text", text);
        jsonw_ki64(&w, "code", status == 401 ? 2 : status == 403 ? 4 : status == 503 || status == 429 ? 9 : 6);
    } else {
        jsonw_kz(&w, "error", text);
    }
    jsonw_end(&w);
    return status;
}

static enum MHD_Result answer(struct request *r) {
    struct MHD_Response *m =
        MHD_create_response_from_buffer(r->out.n, r->out.n ? r->out.p : (void *) (uintptr_t) (""), MHD_RESPMEM_MUST_COPY);
    char again[16];
    if (!m)
        return MHD_NO;
    r->answered = true;
    (void) MHD_add_response_header(m, "Content-Type", r->type ? r->type : "application/json");
    (void) MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
    if (is_kind(r, "elastic"))
        (void) MHD_add_response_header(m, "X-Elastic-Product", "Elasticsearch");
    if (r->status == 401)
        (void) MHD_add_response_header(m, "WWW-Authenticate", "Basic realm=\"kizuki\"");
    if (r->status == 429 || r->status == 503) {
        snprintf(again, sizeof again, "%d", AGAIN_S);
        (void) MHD_add_response_header(m, "Retry-After", again);
    }
    enum MHD_Result q = MHD_queue_response(r->connection, (unsigned) r->status, m);
    MHD_destroy_response(m);
    return q;
}

/* ---- records ---- */

int request_put(struct request *r, struct str line) {
    if (!r->batch && !(r->batch = up_begin(r->h->g->up)))
        return -ENOMEM;
    return up_add(r->batch, r->source, line, r->peer, 0, STR_NULL);
}

/* ---- who sends, and whether there is room ---- */

/* "Splunk T", "Bearer T", "ApiKey BASE64(id:T)" or "Basic BASE64(name:T)". */
static struct str token_of(struct request *r, char room[TOKEN_BYTES_MAX]) {
    struct str s = str_of(request_header(r, "Authorization")), scheme;
    if (!s.p || s.n > TOKEN_BYTES_MAX || !str_split(&s, ' ', &scheme))
        return STR_NULL;
    s = str_trim(s);
    if (!str_eq_icase(scheme, STR("ApiKey")) && !str_eq_icase(scheme, STR("Basic")))
        return s;
    size_t pads = s.n >= 4 ? (s.p[s.n - 1] == '=') + (s.p[s.n - 2] == '=') : 0, n = s.n / 4 * 3 - pads;
    if (s.n < 4 || base64_decode(s, (uint8_t *) room, n) < 0)
        return STR_NULL;
    ptrdiff_t colon = str_find_byte(str_n(room, n), ':', 0);
    return colon < 0 ? STR_NULL : str_from(str_n(room, n), (size_t) colon + 1);
}

static bool may_without_token(const struct request *r) {
    const struct config_gate *c = &r->h->g->config->gate;
    struct ip ip;
    if (ip_parse(str_of(r->who), &ip) < 0)
        return false;
    for (size_t i = 0; i < c->n_open; i++)
        if (ip_prefix_contains(&c->open[i], &ip))
            return true;
    return false;
}

/* With `clients` a sender in TLS is who its certificate says; none, or one of another authority, is refused. */
static int look_at_certificate(struct request *r) {
    const union MHD_ConnectionInfo *i;
    char name[GATE_CERTIFICATE_NAME_CAP];
    if (!r->server->tls || !r->h->g->clients.p)
        return 0;
    i = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!i || !i->tls_session || !gate_certificate_is_good(i->tls_session))
        return request_error(r, 403, "a client certificate of a known authority is wanted");
    struct str who = gate_certificate_name(i->tls_session, name);
    r->certified = true;
    if (who.n)
        snprintf(r->who, sizeof r->who, "%.*s", STR_ARG(who));
    return 0;
}

static int find_sender(struct request *r) {
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char address[GATE_ADDRESS_CAP], room[TOKEN_BYTES_MAX];
    const char *name = NULL;
    if (!i)
        return request_error(r, 500, "no address");
    gate_address(i->client_addr, address);
    snprintf(r->who, sizeof r->who, "%s", address);
    r->peer = gate_peer(i->client_addr, r->peer_text);
    struct str token = token_of(r, room);
    if (token.n)
        name = tokens_find(&r->h->tokens, token);
    explicit_bzero(room, sizeof room);
    int status = look_at_certificate(r);
    if (status)
        return status;
    if (name && !r->certified)
        snprintf(r->who, sizeof r->who, "%s", name);
    else if (!name && !r->route->open && (token.n || (!r->certified && !may_without_token(r))))
        return token.n ? request_error(r, is_kind(r, "hec") ? 403 : 401, "Invalid token")
                       : request_error(r, 401, "Token is required");
    return 0;
}

static bool segment(struct str *path, struct str *ret) {
    if (!path->n || path->p[0] != '/')
        return false;
    *path = str_from(*path, 1);
    ptrdiff_t slash = str_find_byte(*path, '/', 0);
    *ret = str_to(*path, slash < 0 ? path->n : (size_t) slash);
    *path = str_from(*path, ret->n);
    return true;
}

static bool matches(const char *pattern, struct request *r) {
    struct str p = str_of(pattern), path = str_of(r->path), want, have;
    size_t n = 0;
    while (segment(&p, &want)) {
        if (str_eq_z(want, "**"))
            return path.n > 0;
        if (!segment(&path, &have))
            return false;
        if (!str_eq_z(want, "*")) {
            if (!str_eq(want, have))
                return false;
        } else if (!have.n) {
            return false;
        } else {
            r->segments[n++] = have;
        }
    }
    return path.n == 0;
}

static int find_route(struct request *r) {
    bool path_known = false;
    for (size_t i = 0; i < HTTP_ROUTES_N; i++) {
        struct str methods = str_of(HTTP_ROUTES[i].methods), m;
        if (!matches(HTTP_ROUTES[i].path, r))
            continue;
        path_known = true;
        while (str_split(&methods, ' ', &m))
            if (str_eq_z(m, r->method)) {
                r->route = &HTTP_ROUTES[i];
                return 0;
            }
    }
    return path_known ? request_error(r, 405, "this method is not for this path")
                      : request_error(r, 404, "there is nothing here; see docs/INTAKE.md for the paths");
}

static int check_encoding(struct request *r) {
    const char *e = request_header(r, "Content-Encoding");
    if (!e || strcmp(e, "identity") == 0)
        return 0;
    if (strcmp(e, "gzip") != 0 && strcmp(e, "x-gzip") != 0 && strcmp(e, "deflate") != 0)
        return request_error(r, 415, "Content-Encoding is gzip, deflate or identity");
    return inflate_new(&r->inflate) < 0 ? request_error(r, 503, "memory has run out") : 0;
}

static int check_room(struct request *r) {
    enum up_state s = r->method[0] == 'P' ? up_state(r->h->g->up) : UP_FINE;
    if (s == UP_STANDS)
        return request_error(r, 503, "the disk takes nothing now");
    if (s == UP_BUSY || r->h->body_bytes > BODIES_BYTES_MAX)
        return request_error(r, 429, "Server is busy");
    return 0;
}

/* 0: read the body; otherwise the status of an answer that is ready. */
static int admit(struct request *r) {
    int status = find_route(r);
    if (!status)
        status = find_sender(r);
    if (!status && !r->route->open)
        status = check_room(r);
    if (!status)
        status = check_encoding(r);
    if (status)
        return status;
    r->source = up_source(r->h->g->up, str_of(r->who), r->route->kind, r->h->g->config->offset_min);
    if (!r->source)
        r->source = up_source(r->h->g->up, STR("others"), r->route->kind, r->h->g->config->offset_min);
    return r->source ? 0 : request_error(r, 503, "too many senders");
}

/* ---- the body ---- */

static int feed_journal(struct request *r) {
    struct str rest = buf_str(&r->body);
    int e = 0;
    if (!r->journal) {
        if (!(r->journal = mem_alloc(sizeof *r->journal)))
            return -ENOMEM;
        journal_export_init(r->journal);
    }
    while (e >= 0) {
        char mark[JOURNAL_MARK_BYTES];
        size_t used = 0;
        e = rest.n ? journal_export_add(r->journal, rest, &used) : r->ended ? journal_export_end(r->journal) : 0;
        rest = str_from(rest, used);
        if (e != 1)
            break;
        struct str entry = buf_str(&r->journal->entry);
        bool marked = journal_export_mark(entry, mark);
        if (!r->batch && !(r->batch = up_begin(r->h->g->up)))
            return -ENOMEM;
        e = up_add_whole(r->batch, r->source, entry, r->peer,
                         RAW_JOURNAL | (r->journal->cut ? RAW_TRUNCATED : 0), marked ? str_n(mark, sizeof mark) : STR_NULL);
    }
    buf_clear(&r->body);
    if (r->batch) {
        up_send(r->batch, false, NULL, NULL);
        r->batch = NULL;
    }
    return e;
}

static void go_on(void *ctx) {
    struct request *r = ctx;
    r->waits = false;
    MHD_resume_connection(r->connection);
    (void) uv_timer_start(&r->server->timer, r->server->timer.timer_cb, 0, 0);
}

static void wait_until(struct request *r) {
    r->waits = true;
    MHD_suspend_connection(r->connection);
}

static void take_body(struct request *r, struct str data) {
    size_t before = r->body.cap;
    if (!r->body_error && r->inflate)
        r->body_error = inflate_add(r->inflate, data, &r->body);
    else if (!r->body_error)
        buf_add(&r->body, data);
    if (!r->body_error && buf_error(&r->body))
        r->body_error = -ERR_LIMIT;
    if (!r->body_error && r->route->streams)
        r->body_error = feed_journal(r);
    r->counted += r->body.cap - before;
    r->h->body_bytes += r->body.cap - before;
}

/* ---- the work ---- */

static void on_disk(void *ctx, int result) {
    struct request *r = ctx;
    if (r->kept)
        r->kept(r, result == 0);
    r->kept = NULL;
    if (result < 0)
        r->status = request_error(r, 503, "the disk takes nothing now");
    go_on(r);
}

static int failed(struct request *r, int e) {
    if (e == -ERR_LIMIT)
        return request_error(r, 413, "the body is too large");
    if (e == -ERR_PARSE)
        return request_error(r, 400, "the body is not what it says it is");
    return request_error(r, 503, "memory has run out");
}

static void handle(struct request *r) {
    if (!r->body_error && r->inflate && !inflate_is_whole(r->inflate))
        r->body_error = -ERR_PARSE;
    if (!r->body_error && r->route->streams)
        r->body_error = feed_journal(r); /* the last entry */
    int e = r->body_error ? r->body_error : r->route->handle(r);
    r->status = e > 0 ? e : failed(r, e);
    struct up_batch *b = r->batch;
    r->batch = NULL;
    if (e < 0) {
        up_drop(b);
        b = NULL;
    }
    if (!b && r->route->streams && !(b = up_begin(r->h->g->up)))
        r->status = request_error(r, 503, "memory has run out");
    if (!b) {
        if (r->kept)
            r->kept(r, false);
        r->kept = NULL;
        return;
    }
    wait_until(r);
    up_send(b, !r->route->streams, on_disk, r); /* an empty one waits for what was sent off before */
}

static struct request *request_new(struct http_server *s, struct MHD_Connection *connection, const char *url,
                                   const char *method) {
    struct request *r = mem_zalloc(sizeof *r);
    if (!r)
        return NULL;
    *r = (struct request){.h = s->h, .server = s, .connection = connection};
    snprintf(r->method, sizeof r->method, "%s", method);
    snprintf(r->path, sizeof r->path, "%s", url);
    buf_init(&r->body, HTTP_INTAKE_BYTES_MAX);
    buf_init(&r->out, OUT_BYTES_MAX);
    r->status = strlen(url) >= sizeof r->path ? request_error(r, 414, "the path is too long") : admit(r);
    return r;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version UNUSED, const char *data, size_t *n, void **state) {
    struct request *r = *state;
    if (!r) {
        *state = r = request_new(ctx, connection, url, method);
        if (!r)
            return MHD_NO;
        return r->status ? answer(r) : MHD_YES;
    }
    if (r->answered || r->waits)
        return MHD_YES;
    if (*n) {
        if (r->route->streams && up_state(r->h->g->up) != UP_FINE) {
            wait_until(r); /* and take the same bytes again */
            up_wait(r->h->g->up, go_on, r);
            return MHD_YES;
        }
        take_body(r, str_n(data, *n));
        *n = 0;
        return MHD_YES;
    }
    if (!r->ended) {
        r->ended = true;
        handle(r);
        if (r->waits)
            return MHD_YES;
    }
    return answer(r);
}

static void on_done(void *ctx UNUSED, struct MHD_Connection *connection UNUSED, void **state,
                    enum MHD_RequestTerminationCode code UNUSED) {
    struct request *r = *state;
    if (!r)
        return;
    up_forget(r->h->g->up, r);
    up_wait_no_more(r->h->g->up, r);
    if (r->kept)
        r->kept(r, false);
    r->h->body_bytes -= r->counted;
    inflate_free(r->inflate);
    if (r->journal)
        journal_export_done(r->journal);
    mem_free(r->journal);
    up_drop(r->batch);
    buf_done(&r->body);
    buf_done(&r->out);
    mem_free(r);
    *state = NULL;
}

/* ---- the server ---- */

static void on_timer(uv_timer_t *t) {
    run(t->data);
}
static void on_poll(uv_poll_t *p, int status UNUSED, int events UNUSED) {
    run(p->data);
}
static void run(struct http_server *s) {
    MHD_UNSIGNED_LONG_LONG ms;
    (void) MHD_run(s->daemon);
    if (MHD_get_timeout(s->daemon, &ms) == MHD_YES)
        (void) uv_timer_start(&s->timer, on_timer, MIN((uint64_t) ms, UINT64_C(1000)), 0);
}

int http_new(struct gate *g, struct http **ret, struct diag *reterr) {
    struct http *h = mem_zalloc(sizeof *h);
    uint8_t random[16];
    if (!h)
        return diag_set(reterr, -ENOMEM, "out of memory");
    h->g = g;
    hash_random_key(random);
    hex_encode(random, sizeof random, h->cluster);
    tokens_init(&h->tokens, g->config->data);
    *ret = h;
    return 0;
}

int http_listen(struct http *h, int fd, bool tls, struct diag *reterr) {
    struct http_server *s = mem_zalloc(sizeof *s);
    if (!s)
        return diag_set(reterr, -ENOMEM, "out of memory");
    *s = (struct http_server){.h = h, .tls = tls};
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *) (uintptr_t) (h->g->chain.p)},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *) (uintptr_t) (h->g->key.p)},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *) (uintptr_t) (TLS_PRIORITIES)},
        {h->g->clients.p ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, (void *) (uintptr_t) (h->g->clients.p)},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, s,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_ARRAY, tls ? tls_options : none, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned) CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned) OF_ADDRESS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
        MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END);
    const union MHD_DaemonInfo *i = s->daemon ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!i) {
        mem_free(s);
        return diag_set(reterr, -EIO, "cannot start the HTTP server%s", tls ? ": certificate or key cannot be used" : "");
    }
    (void) uv_timer_init(&h->g->loop, &s->timer);
    int r = uv_poll_init(&h->g->loop, &s->poll, i->epoll_fd);
    s->poll.data = s->timer.data = s;
    s->timer.timer_cb = on_timer;
    if (r == 0)
        r = uv_poll_start(&s->poll, UV_READABLE, on_poll);
    return r < 0 ? diag_set(reterr, r, "cannot wait for requests: %s", uv_strerror(r)) : 0;
}
