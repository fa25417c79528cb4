/* See list.h. */
#include "room/list.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/yaml.h"
#include "room/room_priv.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>

#define VALUE "{{value}}"
/* That somebody came for the same list again is written down no more often. */
#define NOTE_NS (10 * NS_PER_MIN)

/* ---- formats ---- */

static int is_yml(const struct dirent *d) {
    return str_ends(str_of(d->d_name), STR(".yml"));
}

static int read_words(const struct yaml_node *at, const char *key, struct room_words *ret) {
    const struct yaml_node *w = yaml_get(at, key);
    return w && yaml_get_str(w, "ja", &ret->ja) && yaml_get_str(w, "en", &ret->en) ? 0 : -EINVAL;
}

static int read_format(const struct yaml_node *at, const char *file, struct room_list_format *f, struct diag *err) {
    static const char *const keys[] = {"id", "title", "source", "proven", "head", "line", "most", "how", NULL};
    struct str line;
    if (!at || at->kind != YAML_MAPPING)
        return diag_set(err, -ERR_PARSE, "%s: a list has id, title, line, most and how", file);
    int e = yaml_only_keys(at, keys, file, err);
    if (e < 0)
        return e;
    if (!yaml_get_str(at, "id", &f->id) || !yaml_get_str(at, "line", &line) || read_words(at, "title", &f->title) < 0 || read_words(at, "how", &f->how) < 0)
        return yaml_error(err, -ERR_PARSE, file, at, "id, line, title and how (both in ja and en) are needed");
    if (!yaml_get_i64(at, "most", &f->most) || f->most < 1 || f->most > ROOM_LIST_ENTRIES_MAX)
        return yaml_error(err, -ERR_PARSE, file, at, "most is how many entries the taker can hold, 1 to %d", ROOM_LIST_ENTRIES_MAX);
    const char *value = line.n ? memmem(line.p, line.n, VALUE, strlen(VALUE)) : NULL;
    if (!value)
        return yaml_error(err, -ERR_PARSE, file, yaml_get(at, "line"), "line holds {{value}}, where the address stands");
    f->before = str_n(line.p, (size_t) (value - line.p));
    f->after = str_n(value + strlen(VALUE), line.n - f->before.n - strlen(VALUE));
    f->head = f->source = f->proven = STR_NULL;
    (void) yaml_get_str(at, "head", &f->head);
    (void) yaml_get_str(at, "source", &f->source);
    (void) yaml_get_str(at, "proven", &f->proven);
    return 0;
}

int room_lists_load(struct arena *a, const char *folder, struct room_lists *ret, struct diag *reterr) {
    struct dirent **names;
    int n = scandir(folder, &names, is_yml, alphasort), e = 0;
    if (n < 0)
        return diag_set(reterr, -errno, "cannot read '%s': %s", folder, err_word(-errno));
    ret->n = 0;
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];
        struct yaml_doc *doc = NULL;
        snprintf(path, sizeof path, "%.3000s/%s", folder, names[i]->d_name);
        if (e == 0 && ret->n == ROOM_LIST_FORMATS_MAX)
            e = diag_set(reterr, -ERR_LIMIT, "'%s' holds more than %d lists", folder, ROOM_LIST_FORMATS_MAX);
        if (e == 0)
            e = yaml_parse_file(a, path, &doc, reterr);
        if (e == 0)
            e = read_format(doc ? doc->root : NULL, path, &ret->formats[ret->n], reterr);
        ret->n += e == 0;
        free(names[i]);
    }
    free(names);
    return e;
}

static const struct room_list_format *format_of(const struct room_lists *x, struct str id) {
    for (size_t i = 0; i < x->n; i++)
        if (str_eq(x->formats[i].id, id))
            return &x->formats[i];
    return NULL;
}

/* ---- consumers ---- */

static bool name_ok(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return s.n > 0 && s.n <= ROOM_LIST_NAME_MAX;
}

static void hash_token(struct str token, char ret[65]) {
    struct sha256 h;
    uint8_t out[SHA256_BYTES];
    sha256_init(&h);
    sha256_add(&h, STR("list\n"));
    sha256_add(&h, token);
    sha256_end(&h, out);
    hex_encode(out, SHA256_BYTES, ret);
}

static int count(struct room *r, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT count(*) FROM list_consumer WHERE ended_at IS NULL", "");
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

int room_consumer_add(struct room *r, const struct room_actor *by, const struct room_lists *x, const struct room_consumer_new *c, int64_t *ret_id,
                      char ret_token[65], struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_CONSUMER, .tlp = TLP_AMBER};
    char hash[65];
    int64_t n;
    if (!name_ok(c->name))
        return diag_set(reterr, -EINVAL, "name");
    if (!format_of(x, c->format))
        return diag_set(reterr, -EINVAL, "format");
    if (c->every_s < 60 || c->every_s > 86400)
        return diag_set(reterr, -EINVAL, "every_s");
    sign_random_hex(ret_token, 32);
    hash_token(str_n(ret_token, 64), hash);
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = count(r, &n, reterr);
    if (e == 0 && n >= ROOM_CONSUMERS_MAX)
        e = diag_set(reterr, -ERR_LIMIT, "there are %d takers of lists already", ROOM_CONSUMERS_MAX);
    if (e == 0)
        e = room_write(r, &w, ret_id, reterr, "INSERT INTO list_consumer(name, format, token_hash, every_s) VALUES (?1, ?2, ?3, ?4)", "sszi", &c->name, &c->format, hash,
                       c->every_s);
    room_changed(r, "now", 0);
    return room_end(r, e, reterr);
}

static int is_active(struct room *r, int64_t id, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT 1 FROM list_consumer WHERE id = ?1 AND ended_at IS NULL", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    return e == 1 ? 0 : e < 0 ? e : diag_set(err, -ENOENT, "nobody fetches under this number");
}

int room_consumer_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_CONSUMER, .id = id, .version = ROOM_ANY_VERSION};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = is_active(r, id, reterr);
    /* the row stays: who fetched what stands in it; its name is free again */
    if (e == 0)
        e = room_write(r, &w, NULL, reterr, "UPDATE list_consumer SET ended_at = ?2, token_hash = '' WHERE id = ?1 AND ended_at IS NULL", "ii", id, room_now(r));
    room_changed(r, "now", 0);
    return room_end(r, e, reterr);
}

/* ---- fetching ---- */

struct consumer {
    int64_t id, fetched_ns;
    struct str format, etag; /* in the arena */
};

static int find(struct room *r, struct arena *a, struct str name, struct str token, struct consumer *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char hash[65];
    hash_token(token, hash);
    int e = sql_query(r->db, &st, err, "SELECT id, format, token_hash, coalesce(fetched_at, 0), etag FROM list_consumer WHERE name = ?1 AND ended_at IS NULL", "s", &name);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return e;
    if (e == 0 || !sign_equal(sql_str(st, 2), str_of(hash)))
        return diag_set(err, -EACCES, "no taker of lists of this name and token");
    *ret = (struct consumer){.id = sql_i64(st, 0), .format = arena_dup(a, sql_str(st, 1)), .fetched_ns = sql_i64(st, 3), .etag = arena_dup(a, sql_str(st, 4))};
    return 0;
}

/* The newest first, so that what does not fit is what was blocked longest ago; ends that have passed are the kernel's, too. */
static int entries(struct room *r, const struct room_list_format *f, struct buf *out, struct room_list_answer *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT x.address, max(a.in_force_at) AS since FROM action a CROSS JOIN action_address x ON x.action_id = a.id WHERE a.state = 'in_force' "
                      "AND x.state = 'blocked' AND coalesce(x.until_at, a.until_at) > ?1 GROUP BY 1 ORDER BY since DESC, 1", "i", room_now(r));
    if (f && f->head.n) {
        buf_add(out, f->head);
        buf_add(out, STR("\n"));
    }
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        e = 0;
        if (f && ret->n == f->most) {
            ret->left_out++;
            continue;
        }
        ret->n++;
        if (!f)
            continue;
        buf_add(out, f->before);
        buf_add(out, sql_str(st, 0));
        buf_add(out, f->after);
        buf_add(out, STR("\n"));
    }
    return e < 0 ? e : f && buf_error(out) ? diag_set(err, buf_error(out), "the list is too long") : 0;
}

static void make_etag(struct str body, char ret[68]) {
    uint8_t sum[SHA256_BYTES];
    sha256_of(body, sum);
    ret[0] = '"';
    hex_encode(sum, SHA256_BYTES, ret + 1);
    memcpy(ret + 65, "\"", 2);
}

static int note(struct room *r, const struct consumer *c, const char *from, const struct room_list_answer *x, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_CONSUMER, .id = c->id, .version = ROOM_ANY_VERSION, .quiet = true};
    int64_t now = room_now(r);
    if (str_eq_z(c->etag, x->etag) && c->fetched_ns > now - NOTE_NS)
        return 0;
    int e = room_begin(r, err);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, err, "UPDATE list_consumer SET fetched_at = ?2, fetched_from = ?3, etag = ?4, n = ?5, left_out = ?6 WHERE id = ?1", "iizzii", c->id, now, from,
                   x->etag, x->n, x->left_out);
    room_changed(r, "action", 0);
    return room_end(r, e, err);
}

int room_list_fetch(struct room *r, const struct room_lists *x, struct str name, struct str token, const char *from, struct buf *out,
                    struct room_list_answer *ret, struct diag *reterr) {
    struct arena a;
    struct consumer c = {0};
    *ret = (struct room_list_answer){0};
    arena_init(&a, 1 << 16);
    int e = find(r, &a, name, token, &c, reterr);
    const struct room_list_format *f = e == 0 ? format_of(x, c.format) : NULL;
    if (e == 0 && !f)
        e = diag_set(reterr, -ERR_UNSUPPORTED, "the form '%.*s' is no longer in content/lists", STR_ARG(c.format));
    if (e == 0)
        e = entries(r, f, out, ret, reterr);
    if (e == 0) {
        make_etag(buf_str(out), ret->etag);
        e = note(r, &c, from, ret, reterr);
    }
    arena_done(&a);
    return e;
}

/* ---- for the page ---- */

static void write_words(struct jsonw *w, const char *key, const struct room_words *x) {
    jsonw_key(w, str_of(key));
    jsonw_object(w);
    jsonw_kstr(w, "ja", x->ja);
    jsonw_kstr(w, "en", x->en);
    jsonw_end(w);
}

static void write_formats(const struct room_lists *x, struct jsonw *w) {
    jsonw_key(w, STR("formats"));
    jsonw_array(w);
    for (size_t i = 0; i < x->n; i++) {
        const struct room_list_format *f = &x->formats[i];
        jsonw_object(w);
        jsonw_kstr(w, "id", f->id);
        write_words(w, "title", &f->title);
        write_words(w, "how", &f->how);
        jsonw_kstr(w, "source", f->source);
        jsonw_kstr(w, "proven", f->proven);
        jsonw_ki64(w, "most", f->most);
        jsonw_end(w);
    }
    jsonw_end(w);
}

/* What each form would be now, made once for all who take it. */
struct current {
    char etags[ROOM_LIST_FORMATS_MAX][68];
};

/* Whether the taker has what is in force now. */
static int has_current(struct room *r, const struct room_lists *x, struct sql_stmt *st, struct current *c, bool *ret, struct diag *err) {
    const struct room_list_format *f = format_of(x, sql_str(st, 2));
    int e = 0;
    if (f && !c->etags[f - x->formats][0]) {
        struct room_list_answer now = {0};
        struct buf out;
        buf_init(&out, ROOM_LIST_BYTES_MAX);
        e = entries(r, f, &out, &now, err);
        make_etag(buf_str(&out), c->etags[f - x->formats]);
        buf_done(&out);
    }
    *ret = f && str_eq_z(sql_str(st, 6), c->etags[f - x->formats]);
    return e;
}

static int write_consumer(struct room *r, const struct room_lists *x, struct sql_stmt *st, struct current *c, struct jsonw *w, struct diag *err) {
    bool null = sql_is_null(st, 4), current = false;
    int64_t fetched = null ? TIME_NONE : sql_i64(st, 4);
    int64_t since = null ? sql_i64(st, 9) : fetched;
    int e = null ? 0 : has_current(r, x, st, c, &current, err);
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_kstr(w, "name", sql_str(st, 1));
    jsonw_kstr(w, "format", sql_str(st, 2));
    jsonw_ki64(w, "every_s", sql_i64(st, 3));
    jsonw_ktime(w, "fetched", fetched);
    jsonw_kstr(w, "from", null ? STR_NULL : sql_str(st, 5));
    jsonw_ki64(w, "n", sql_i64(st, 7));
    jsonw_ki64(w, "left_out", sql_i64(st, 8));
    jsonw_kbool(w, "current", current);
    /* fetches of the same list are noted every ten minutes only */
    jsonw_kbool(w, "late", room_now(r) - since > 3 * sql_i64(st, 3) * NS_PER_S + NOTE_NS);
    jsonw_ki64(w, "version", sql_i64(st, 10));
    jsonw_end(w);
    return e;
}

int room_lists_write(struct room *r, const struct room_lists *x, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_list_answer all = {0};
    struct current current = {0};
    int e = entries(r, NULL, NULL, &all, reterr);
    jsonw_object(w);
    jsonw_ki64(w, "n", all.n);
    write_formats(x, w);
    jsonw_key(w, STR("consumers"));
    jsonw_array(w);
    if (e == 0)
        e = sql_query(r->db, &st, reterr,
                      "SELECT id, name, format, every_s, fetched_at, fetched_from, etag, n, left_out, created_at, version FROM list_consumer WHERE ended_at IS NULL ORDER BY name", "");
    while (e == 0 && (e = sql_step(st, reterr)) == 1)
        e = write_consumer(r, x, st, &current, w, reterr);
    jsonw_end(w);
    jsonw_end(w);
    return e;
}
