/* Signing in and out, and who works here. */
#include "app/room/assets.h"
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/ip.h"
#include "room/action.h"
#include "room/grant.h"
#include "room/report.h"

#include <arpa/inet.h>

#define SESSION_NEVER_BLOCK_MIN 480 /* as long as a session lasts unused */

int handle_openapi(struct call *c) {
    buf_add(&c->out, str_n((const char *) asset_openapi.begin,
                           (size_t) (asset_openapi.end - asset_openapi.begin)));
    return 200;
}

/* The operator's own address must not be blocked while it is used; the hand keeps that list itself.
 */
static void protect(struct call *c) {
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN] = "", canonical[IP_CAP];
    struct ip ip;
    if (!i || !i->client_addr)
        return;
    const struct sockaddr *a = i->client_addr;
    const void *bytes =
        a->sa_family == AF_INET
            ? (const void *) &((const struct sockaddr_in *) (const void *) a)->sin_addr
            : (const void *) &((const struct sockaddr_in6 *) (const void *) a)->sin6_addr;
    if (!inet_ntop(a->sa_family, bytes, text, sizeof text) || ip_parse(str_of(text), &ip) < 0)
        return;
    size_t n = ip_format(&ip, canonical);
    if (!str_starts(str_n(canonical, n), STR("127.")) && !str_eq_z(str_n(canonical, n), "::1"))
        IGNORE(room_hand_never(c->p->room, str_n(canonical, n), SESSION_NEVER_BLOCK_MIN, NULL));
}

int handle_signin(struct call *c) {
    struct str token = call_query(c, "token");
    char session[ROOM_TOKEN_CHARS + 1];
    int e = token.n == ROOM_TOKEN_CHARS ? room_sign_in(c->p->room, token, session, &c->err)
                                        : -ERR_REFUSED;
    if (e == -ERR_REFUSED) {
        /* the pages say so themselves, in the reader's language: their address is still /signin */
        buf_add(&c->out, static_page());
        c->type = "text/html; charset=utf-8";
        return 403;
    }
    if (e < 0)
        return e;
    snprintf(c->cookie, sizeof c->cookie, "%s=%s; HttpOnly; Secure; SameSite=Strict; Path=/",
             call_cookie_name(c), session);
    protect(c);
    c->location = "/";
    c->type = "text/plain";
    return 303;
}

int handle_me(struct call *c) {
    struct room_hand_state hand = room_hand_state(c->p->room);
    struct room_person p;
    int e = room_person_load(c->p->room, c->who.person, &p, &c->err);
    if (e < 0)
        return e;
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("person"));
    room_person_write(&p, &c->w);
    jsonw_kz(&c->w, "csrf", c->session.csrf);
    jsonw_kbool(&c->w, "demo", c->p->opt.demo);
    jsonw_kbool(&c->w, "dry_run", hand.dry_run);
    jsonw_kbool(&c->w, "hand", hand.connected);
    jsonw_kbool(&c->w, "sensor", room_sensor_is_connected(c->p->room));
    jsonw_kz(&c->w, "version", KIZUKI_VERSION);
    jsonw_ktime(&c->w, "now", room_now(c->p->room));
    jsonw_ki64(&c->w, "clock_rate", 1);
    jsonw_end(&c->w);
    return 200;
}

static int read_lang(struct call *c, struct str *ret) {
    int e = call_body_str(c, "lang", 2, 2, ret);
    return e == 0 && !str_eq_z(*ret, "ja") && !str_eq_z(*ret, "en") ? call_bad(c, "lang") : e;
}

int handle_me_put(struct call *c) {
    static const char *const keys[] = {"lang", "version", NULL};
    struct str lang;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = read_lang(c, &lang);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = room_person_lang(c->p->room, &c->who, version, lang, &c->err);
    return e < 0 ? e : handle_me(c);
}

int handle_signout(struct call *c) {
    int e = room_sign_out(c->p->room, &c->session, &c->err);
    snprintf(c->cookie, sizeof c->cookie,
             "%s=; Max-Age=0; HttpOnly; Secure; SameSite=Strict; Path=/", call_cookie_name(c));
    return e < 0 ? e : call_ok(c);
}

int handle_persons(struct call *c) {
    int e = room_persons_write(c->p->room, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int write_person(struct call *c, int64_t id) {
    struct room_person p;
    int e = room_person_load(c->p->room, id, &p, &c->err);
    if (e == 0)
        e = room_grants_show(c->p->room, &c->who, &p.actor, &c->err);
    if (e < 0)
        return e;
    room_person_write(&p, &c->w);
    return 200;
}

static int read_role(struct call *c, int *ret) {
    struct str s;
    int e = call_body_str(c, "role", 1, 32, &s);
    if (e < 0)
        return e;
    *ret = room_role_from_string(s);
    return *ret < 0 ? call_bad(c, "role") : 0;
}

/* At least one; they hold everywhere. */
static int read_roles(struct call *c, unsigned *ret) {
    const struct json_value *list = json_get_array(c->json, "roles");
    *ret = 0;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        int role = v->type == JSON_STRING ? room_role_from_string(v->text) : -1;
        if (role < 0 || role == ROLE_SUPPLIER) /* which is one of a case only */
            return call_bad(c, "roles");
        *ret |= 1u << role;
    }
    return *ret ? 0 : call_bad(c, "roles");
}

int handle_person_post(struct call *c) {
    static const char *const keys[] = {"name", "role", "lang", NULL};
    struct str name, lang = STR("ja");
    int role = 0;
    int64_t id = 0, there = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "name", 1, ROOM_NAME_BYTES_MAX, &name);
    if (e == 0)
        e = read_role(c, &role);
    if (e == 0 && json_get(c->json, "lang"))
        e = read_lang(c, &lang);
    if (e == 0)
        e = room_person_find(c->p->room, name, &there, &c->err);
    if (e == 0 && there)
        return call_bad(c, "name");
    if (e == 0)
        e = room_person_add(c->p->room, &c->who, name, (enum room_role) role, lang, &id, &c->err);
    return e < 0 ? e : write_person(c, id);
}

int handle_person_put(struct call *c) {
    static const char *const keys[] = {"version", "name", "role", "roles", "active", "lang", NULL};
    struct room_person_change x = {.active = -1};
    int64_t version;
    bool active;
    int role = 0;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0 && json_get(c->json, "name"))
        e = call_body_str(c, "name", 1, ROOM_NAME_BYTES_MAX, &x.name);
    if (e == 0 && json_get(c->json, "lang"))
        e = read_lang(c, &x.lang);
    if (e == 0 && json_get(c->json, "role"))
        e = read_role(c, &role);
    if (e == 0 && role)
        x.roles = 1u << role;
    if (e == 0 && json_get(c->json, "roles"))
        e = read_roles(c, &x.roles);
    if (e == 0 && json_get(c->json, "active")) {
        e = json_get_bool(c->json, "active", &active) ? 0 : call_bad(c, "active");
        x.active = e == 0 && active;
    }
    if (e == 0)
        e = room_person_change(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    if (e == -EBUSY)
        return call_refuse(c, 400, "error.last_administrator");
    return e < 0 ? e : write_person(c, c->args.id);
}

int handle_person_link(struct call *c) {
    char token[ROOM_TOKEN_CHARS + 1], path[ROOM_TOKEN_CHARS + 32];
    int64_t expires;
    int e = room_link_make(c->p->room, &c->who, c->args.id, token, &expires, &c->err);
    if (e < 0)
        return e;
    snprintf(path, sizeof path, "/signin?token=%s", token);
    jsonw_object(&c->w);
    jsonw_kz(&c->w, "path", path);
    jsonw_ktime(&c->w, "expires", expires);
    jsonw_end(&c->w);
    return 200;
}
