/* Lists others fetch (room/list.h): the page of who does, and the list itself, given to whoever has its token. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <arpa/inet.h>

int handle_lists(struct call *c) {
    int e = room_lists_write(c->p->room, &c->p->lists, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_consumer_post(struct call *c) {
    static const char *const keys[] = {"name", "format", "every_s", NULL};
    struct room_consumer_new x = {.every_s = ROOM_LIST_EVERY_DEFAULT_S};
    char token[65], path[32 + ROOM_LIST_NAME_MAX];
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "name", 1, ROOM_LIST_NAME_MAX, &x.name);
    if (e == 0)
        e = call_body_str(c, "format", 1, 64, &x.format);
    if (e == 0 && json_get(c->json, "every_s"))
        e = call_body_i64(c, "every_s", 60, 86400, &x.every_s);
    if (e == 0)
        e = room_consumer_add(c->p->room, &c->who, &c->p->lists, &x, &id, token, &c->err);
    if (e == -EEXIST)
        return call_bad(c, "name");
    if (e < 0)
        return e;
    snprintf(path, sizeof path, "/lists/%.*s", STR_ARG(x.name));
    jsonw_object(&c->w);
    jsonw_ki64(&c->w, "id", id);
    jsonw_kz(&c->w, "path", path);
    jsonw_kz(&c->w, "token", token);
    jsonw_end(&c->w);
    return 200;
}

int handle_consumer_end(struct call *c) {
    int e = call_no_body(c);
    if (e == 0)
        e = room_consumer_end(c->p->room, &c->who, c->args.id, &c->err);
    return e < 0 ? e : call_ok(c);
}

/* RFC 7617 (the user is not looked at: the path names the taker) or RFC 6750. "" without either. */
static void token_of(struct call *c, char dst[72]) {
    static const char bearer[] = "Bearer ";
    const char *h = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    char *password = NULL, *user;
    dst[0] = 0;
    if (h && strncmp(h, bearer, sizeof bearer - 1) == 0) {
        snprintf(dst, 72, "%s", h + sizeof bearer - 1);
        return;
    }
    user = MHD_basic_auth_get_username_password(c->connection, &password);
    if (user && password)
        snprintf(dst, 72, "%s", password);
    MHD_free(user);
    MHD_free(password);
}

static void address_text(const struct call *c, char dst[INET6_ADDRSTRLEN]) {
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = i ? i->client_addr : NULL;
    const void *bytes = !a                        ? NULL
                        : a->sa_family == AF_INET6 ? (const void *) &((const struct sockaddr_in6 *) (const void *) a)->sin6_addr
                                                   : (const void *) &((const struct sockaddr_in *) (const void *) a)->sin_addr;
    if (!bytes || !inet_ntop(a->sa_family, bytes, dst, INET6_ADDRSTRLEN))
        snprintf(dst, INET6_ADDRSTRLEN, "?");
}

int handle_list(struct call *c) {
    struct room_list_answer x;
    struct buf body;
    char token[72], from[INET6_ADDRSTRLEN];
    const char *known = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    token_of(c, token);
    address_text(c, from);
    c->type = "text/plain; charset=utf-8";
    buf_init(&body, ROOM_LIST_BYTES_MAX);
    int e = room_list_fetch(c->p->room, &c->p->lists, c->args.name, str_of(token), from, &body, &x, &c->err);
    c->header = e == -EACCES ? MHD_HTTP_HEADER_WWW_AUTHENTICATE : MHD_HTTP_HEADER_ETAG;
    const char *value = e == 0 ? arena_printf(&c->arena, "%s", x.etag).p : NULL;
    c->header_value = e == -EACCES ? "Basic realm=\"Kizuki\"" : value;
    if (e == -EACCES)
        log_warn("a list was asked for from %s without its token", from);
    else if (e == 0 && !(known && etag_listed(str_of(known), x.etag)))
        buf_add(&c->out, buf_str(&body));
    buf_done(&body);
    if (e < 0 && e != -EACCES) {
        c->header = NULL;
        c->type = NULL;
        return e;
    }
    return e == -EACCES ? 401 : known && etag_listed(str_of(known), x.etag) ? 304 : 200;
}
