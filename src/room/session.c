/* Sign-in: a link is used once and becomes a session. Its times are the wall clock's, also in a
 * replay. What the browser holds is never stored; the CSRF word is a second hash of the same token,
 * so that it needs no row. */
#include "base/hash.h"
#include "base/limits.h"
#include "room/person.h"
#include "room/room_priv.h"

/* Links and sessions end by the wall clock, also while a demonstration plays another night. */
static int64_t session_now(const struct room *r) {
    return r->wall.now_ns(r->wall.ctx);
}

static void hash_token(const char *purpose, struct str token, char ret[ROOM_TOKEN_CHARS + 1]) {
    struct sha256 h;
    uint8_t out[SHA256_BYTES];
    sha256_init(&h);
    sha256_add(&h, str_of(purpose));
    sha256_add(&h, STR("\n"));
    sha256_add(&h, token);
    sha256_end(&h, out);
    hex_encode(out, SHA256_BYTES, ret);
}

int room_link_make(struct room *r, const struct room_actor *by, int64_t person,
                   char ret_token[ROOM_TOKEN_CHARS + 1], int64_t *ret_expires_ns,
                   struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_LINK, .tlp = TLP_AMBER};
    struct room_person p;
    char hash[ROOM_TOKEN_CHARS + 1];
    int e = room_person_load(r, person, &p, reterr);
    if (e == 0 && !p.active)
        e = diag_set(reterr, -ENOENT, "'%s' is no longer active", p.actor.name);
    if (e < 0)
        return e;
    sign_random_hex(ret_token, ROOM_TOKEN_CHARS / 2);
    hash_token("link", str_of(ret_token), hash);
    *ret_expires_ns = session_now(r) + ROOM_LINK_NS;
    e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr,
                   "INSERT INTO link(person_id, token_hash, expires_at) VALUES (?1, ?2, ?3)", "izi",
                   person, hash, *ret_expires_ns);
    return room_end(r, e, reterr);
}

static int take_link(struct room *r, struct str token, int64_t *ret_person, struct diag *err) {
    struct sql_stmt *st = NULL;
    char hash[ROOM_TOKEN_CHARS + 1];
    int64_t id = 0;
    hash_token("link", token, hash);
    int e =
        sql_query(r->db, &st, err,
                  "SELECT link.id, person_id FROM link JOIN person ON person.id = person_id WHERE "
                  "token_hash = ?1 AND used_at IS NULL AND expires_at > ?2 AND active = 1",
                  "zi", hash, session_now(r));
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        id = sql_i64(st, 0);
        *ret_person = sql_i64(st, 1);
    }
    sql_end(st);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ERR_REFUSED, "the link is unknown, used or too old");
    struct room_write w = {.by = &room_system,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_LINK,
                           .id = id,
                           .version = ROOM_ANY_VERSION};
    return room_write(r, &w, NULL, err, "UPDATE link SET used_at = ?2 WHERE id = ?1", "ii", id,
                      session_now(r));
}

static int count_sessions(struct room *r, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT count(*) FROM session WHERE ended_at IS NULL", "");
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1 && sql_i64(st, 0) >= SESSION_MAX)
        return diag_set(err, -ERR_LIMIT, "more than %d sessions", SESSION_MAX);
    return e < 0 ? e : 0;
}

int room_sign_in(struct room *r, struct str link_token, char ret_token[ROOM_TOKEN_CHARS + 1],
                 struct diag *reterr) {
    struct room_write w = {
        .by = &room_system, .verb = VERB_SIGN_IN, .object = OBJECT_SESSION, .tlp = TLP_AMBER};
    char hash[ROOM_TOKEN_CHARS + 1];
    int64_t person = 0;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = take_link(r, link_token, &person, reterr);
    if (e == 0)
        e = count_sessions(r, reterr);
    if (e == 0) {
        sign_random_hex(ret_token, ROOM_TOKEN_CHARS / 2);
        hash_token("session", str_of(ret_token), hash);
        w.owner = person;
        e = room_write(r, &w, NULL, reterr,
                       "INSERT INTO session(person_id, token_hash, used_at) VALUES (?1, ?2, ?3)",
                       "izi", person, hash, session_now(r));
    }
    return room_end(r, e, reterr);
}

static int remember_use(struct room *r, struct room_session *s, struct diag *err) {
    struct room_write w = {.by = &room_system,
                           .verb = VERB_CHANGE,
                           .object = OBJECT_SESSION,
                           .id = s->id,
                           .version = ROOM_ANY_VERSION};
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, err, "UPDATE session SET used_at = ?2 WHERE id = ?1", "ii", s->id,
                   session_now(r));
    return room_end(r, e, err);
}

int room_session_find(struct room *r, struct str token, struct room_session *ret,
                      struct diag *reterr) {
    struct sql_stmt *st = NULL;
    char hash[ROOM_TOKEN_CHARS + 1];
    int64_t now = session_now(r);
    if (token.n != ROOM_TOKEN_CHARS)
        return diag_set(reterr, -ERR_REFUSED, "not signed in");
    hash_token("session", token, hash);
    int e = sql_query(
        r->db, &st, reterr,
        "SELECT s.id, s.person_id, s.used_at FROM session s JOIN person p ON p.id = s.person_id "
        "WHERE token_hash = ?1 AND ended_at IS NULL AND p.active = 1 AND used_at > ?2",
        "zi", hash, now - ROOM_SESSION_IDLE_NS);
    if (e == 0)
        e = sql_step(st, reterr);
    int64_t person = 0;
    if (e == 1) {
        ret->id = sql_i64(st, 0);
        person = sql_i64(st, 1);
        ret->used_at_ns = sql_i64(st, 2);
    }
    sql_end(st);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ERR_REFUSED, "not signed in");
    hash_token("csrf", token, ret->csrf);
    e = room_person_load(r, person, &ret->person, reterr);
    if (e == 0 && now - ret->used_at_ns > NS_PER_HOUR)
        e = remember_use(r, ret, reterr);
    return e;
}

int room_sign_out(struct room *r, const struct room_session *s, struct diag *reterr) {
    struct room_write w = {.by = &s->person.actor,
                           .verb = VERB_SIGN_OUT,
                           .object = OBJECT_SESSION,
                           .id = s->id,
                           .version = ROOM_ANY_VERSION};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr, "UPDATE session SET ended_at = ?2 WHERE id = ?1", "ii",
                   s->id, session_now(r));
    return room_end(r, e, reterr);
}

/* One by one: each removal has its row in the chain. */
static int prune(struct room *r, enum room_object object, const char *find, const char *remove,
                 struct diag *err) {
    int e = 0;
    for (int i = 0; e == 0 && i < 1000; i++) {
        struct sql_stmt *st = NULL;
        e = sql_query(r->db, &st, err, find, "i", session_now(r) - NS_PER_DAY);
        if (e == 0)
            e = sql_step(st, err);
        int64_t id = e == 1 ? sql_i64(st, 0) : 0;
        sql_end(st);
        if (e <= 0)
            break;
        struct room_write w = {.by = &room_system,
                               .verb = VERB_DELETE,
                               .object = object,
                               .id = id,
                               .version = ROOM_ANY_VERSION};
        e = room_write(r, &w, NULL, err, remove, "i", id);
    }
    return e < 0 ? e : 0;
}

int room_sessions_prune(struct room *r, struct diag *reterr) {
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = prune(r, OBJECT_LINK, "SELECT id FROM link WHERE expires_at < ?1 LIMIT 1",
              "DELETE FROM link WHERE id = ?1", reterr);
    if (e == 0)
        e = prune(r, OBJECT_SESSION,
                  "SELECT id FROM session WHERE coalesce(ended_at, used_at + 28800000000000) < ?1 "
                  "LIMIT 1",
                  "DELETE FROM session WHERE id = ?1", reterr);
    return room_end(r, e, reterr);
}
