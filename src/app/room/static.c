/* The pages themselves: files of ui/dist, built into the program (tools/embed.py). Paths without a
 * file are the pages' own and get index.html. */
#include "app/room/assets.h"
#include "app/room/call.h"

static const struct asset *find(struct str path) {
    for (size_t i = 0; i < n_assets; i++)
        if (str_eq_z(path, assets[i].path))
            return &assets[i];
    return NULL;
}

struct str static_page(void) {
    const struct asset *a = find(STR("/index.html"));
    return a ? str_n((const char *) a->begin, (size_t) (a->end - a->begin)) : STR_NULL;
}

bool static_find(struct call *c) {
    struct str path = str_of(c->path);
    bool file = str_find_byte(path, '.', 0) >= 0;
    if (str_starts(path, STR("/api/")) || strcmp(c->method, "GET") != 0)
        return false;
    c->waiting = (void *) (uintptr_t) (find(path) ? find(path)
                                       : file     ? NULL
                                                  : find(STR("/index.html")));
    return c->waiting != NULL;
}

enum MHD_Result static_send(struct call *c) {
    const struct asset *a = c->waiting;
    const char *have = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, "If-None-Match");
    bool same = have && strcmp(have, a->etag) == 0;
    size_t n = same ? 0 : (size_t) (a->end - a->begin);
    struct MHD_Response *r =
        MHD_create_response_from_buffer(n, (void *) (uintptr_t) a->begin, MHD_RESPMEM_PERSISTENT);
    if (!r)
        return MHD_NO;
    c->answered = true;
    call_headers(r);
    (void) MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
    (void) MHD_add_response_header(r, MHD_HTTP_HEADER_ETAG, a->etag);
    (void) MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL,
                                   a->immutable ? "public, max-age=31536000, immutable"
                                                : "no-cache");
    enum MHD_Result done = MHD_queue_response(c->connection, same ? 304 : 200, r);
    MHD_destroy_response(r);
    return done;
}
