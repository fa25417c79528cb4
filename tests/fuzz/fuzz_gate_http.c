/* Bodies senders post: whatever they hold, each route answers with a status and keeps nothing that is not in the body
 * (but what HEC's envelope says). The first byte chooses the route; the same body twice gives the same answer's length or
 * the one for a repetition. */
#include "app/gate/http.h"

#include "base/mem.h"

static struct config config;
static struct gate gate = {.config = &config};
static struct http http = {.g = &gate};
static size_t put_bytes;

/* In place of http.c and up.c. */
int request_put(struct request *r UNUSED, struct str line) {
    volatile char last = line.n ? line.p[line.n - 1] : 0;
    (void) last;
    put_bytes += line.n;
    return 0;
}
int request_error(struct request *r, int status, const char *text) {
    buf_clear(&r->out);
    buf_add_z(&r->out, text);
    return status;
}
const char *request_header(const struct request *r, const char *name) {
    return strcmp(name, "Content-Type") == 0 ? r->type : strcmp(name, "X-Splunk-Request-Channel") == 0 ? "c" : NULL;
}
const char *request_query(const struct request *r UNUSED, const char *name UNUSED) {
    return NULL;
}
enum up_state up_state(const struct up *u UNUSED) {
    return UP_FINE;
}
size_t up_records(const struct up_batch *b UNUSED) {
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct {
        http_handle_fn *handle;
        const char *type;
    } routes[] = {{elastic_bulk, ""},          {elastic_document, ""},       {hec_event, ""},
                  {hec_raw, ""},               {hec_ack, ""},                {otlp_logs, "application/json"},
                  {otlp_logs, "application/x-protobuf"}, {ndjson_lines, ""}};
    if (size < 1)
        return 0;
    config.gate.elastic_version = STR("8.13.0");
    for (int turn = 0; turn < 2; turn++) {
        struct request r = {.h = &http, .source = 1, .path = "/x/_doc/y", .method = "POST", .who = "w"};
        size_t route = data[0] % ARRAY_SIZE(routes);
        r.type = routes[route].type;
        r.segments[0] = STR("index");
        buf_init(&r.body, HTTP_INTAKE_BYTES_MAX);
        buf_init(&r.out, 64 << 20);
        buf_add(&r.body, str_n((const char *) data + 1, size - 1));
        put_bytes = 0;
        int status = routes[route].handle(&r);
        ASSERT(status == -ENOMEM || status == -ERR_LIMIT || (status >= 200 && status < 600));
        ASSERT(route >= 2 || put_bytes <= size);
        ASSERT(!buf_error(&r.out));
        if (r.kept)
            r.kept(&r, turn == 0);
        buf_done(&r.body);
        buf_done(&r.out);
    }
    return 0;
}
