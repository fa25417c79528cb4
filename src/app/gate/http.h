/* What arrives over HTTP: one server for each listening socket, all with the same routes (http_routes.c). */
#pragma once
#include "app/gate/gate.h"
#include "app/gate/tokens.h"
#include "intake/inflate.h"
#include "intake/journal_export.h"

#include <microhttpd.h>

struct request;
struct http_server;
struct known_ids; /* elastic.c */
struct channels;  /* hec.c */

/* What all servers share. */
struct http {
    struct gate *g;
    struct tokens tokens;
    size_t body_bytes; /* of all requests that are under way */
    struct known_ids *ids;
    struct channels *channels;
    char cluster[33];
};

/* The whole body is there. What it holds goes into r->batch through request_put; the answer, which is sent when that is
 * on disk, into r->out. Returns the status, or negative for a refusal by request_error. */
typedef int http_handle_fn(struct request *r);
struct http_route {
    const char *methods; /* "GET HEAD" */
    const char *path;    /* a segment `*` is any one; `**` at the end is any rest */
    const char *kind;    /* of the source, and of how a refusal looks: elastic, hec, otlp, ndjson, journal */
    http_handle_fn *handle;
    bool open;    /* without a token: says nothing of anybody */
    bool streams; /* takes the body as it comes: the journal */
};
extern const struct http_route HTTP_ROUTES[];
extern const size_t HTTP_ROUTES_N;

struct request {
    struct http *h;
    struct http_server *server;
    struct MHD_Connection *connection;
    const struct http_route *route;
    char method[8], path[1024], who[TOKEN_NAME_MAX + GATE_ADDRESS_CAP];
    char peer_text[GATE_ADDRESS_CAP];
    struct str peer, segments[3]; /* what stood for `*` */
    uint32_t source;
    struct inflate *inflate;
    struct buf body, out;
    struct up_batch *batch;
    struct journal_export *journal;
    const char *type;   /* of the answer */
    int status;         /* 0: not known yet */
    int body_error;
    size_t counted; /* of h->body_bytes */
    bool certified; /* a client certificate says who it is, and may be its only proof */
    bool waits, answered;
    bool ended; /* the body */
    void *keep; /* of the handler, until the batch is done */
    void (*kept)(struct request *r, bool on_disk);
};
int request_put(struct request *r, struct str line) MUST_USE;
/* Each line of the body that is not empty. */
int request_put_lines(struct request *r) MUST_USE;
/* An answer of its kind, for people and programs; r->out is written anew. */
int request_error(struct request *r, int status, const char *text);
const char *request_header(const struct request *r, const char *name);
const char *request_query(const struct request *r, const char *name);

int http_new(struct gate *g, struct http **ret, struct diag *reterr) MUST_USE;
int http_listen(struct http *h, int fd, bool tls, struct diag *reterr) MUST_USE;

/* One for each row of HTTP_ROUTES. */
int elastic_info(struct request *r), elastic_license(struct request *r), elastic_fine(struct request *r),
    elastic_bulk(struct request *r), elastic_document(struct request *r), elastic_health(struct request *r);
int hec_event(struct request *r), hec_raw(struct request *r), hec_ack(struct request *r), hec_health(struct request *r);
int otlp_logs(struct request *r), otlp_metrics(struct request *r), collectd_values(struct request *r),
    exporter_page(struct request *r), agent_walk(struct request *r);
int ndjson_lines(struct request *r);
int journal_upload(struct request *r);
