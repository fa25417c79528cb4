#include "fixture.h"

#include "room/register.h"

#include <fcntl.h>
#include <sys/stat.h>

int64_t fixture_now(void *ctx) {
    return ((struct fixture *) ctx)->now_ns;
}

/* An empty room is made once and copied: its tables take longer than most tests. */
static struct {
    void *p;
    size_t n;
} empty;

static void keep_empty(const char *path) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    empty.n = (size_t) st.st_size;
    empty.p = mem_alloc(empty.n);
    assert_int_equal(read(fd, empty.p, empty.n), st.st_size);
    close(fd);
}

static void forget_empty(void) {
    mem_free(empty.p);
}

static void copy_empty(const char *path, const struct room_options *o) {
    struct diag d = {0};
    if (!empty.p) {
        struct room *r;
        if (room_open(o, &r, &d) < 0)
            fail_msg("%s", d.text);
        room_close(r);
        keep_empty(path);
        atexit(forget_empty);
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, empty.p, empty.n) == (ssize_t) empty.n);
    close(fd);
}

struct fixture *fixture_new(void) {
    struct fixture *f = mem_zalloc(sizeof *f);
    struct diag d = {0};
    char path[96];
    f->now_ns = T0;
    room_policy_default(&f->policy);
    /* in memory where that is: what is tested here is death of a process, not of a machine */
    snprintf(f->dir, sizeof f->dir, "%s/kizuki-room-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    snprintf(path, sizeof path, "%s/order.key", f->dir);
    assert_int_equal(sign_key_open(path, &f->key, &f->public_key, &d), 0);
    snprintf(path, sizeof path, "%s/room.db", f->dir);
    struct port_clock clock = {f, fixture_now};
    struct room_options o = {.path = path,
                             .clock = &clock,
                             .wall = &clock,
                             .policy = &f->policy,
                             .key = &f->key,
                             .public_key = &f->public_key,
                             .calendar = &f->calendar};
    arena_init(&f->memory, 8 << 20);
    if (calendar_load(&f->memory, "content/calendar", &f->calendar, &d) < 0)
        fail_msg("%s", d.text);
    copy_empty(path, &o);
    if (room_open(&o, &f->r, &d) < 0)
        fail_msg("%s", d.text);
    assert_int_equal(room_person_add(f->r, &room_system, STR("chief"), ROLE_ADMINISTRATOR,
                                     STR("ja"), &f->administrator, &d),
                     0);
    assert_int_equal(
        room_person_add(f->r, &room_system, STR("duty"), ROLE_HANDLER, STR("ja"), &f->handler, &d),
        0);
    assert_int_equal(room_person_add(f->r, &room_system, STR("checker"), ROLE_AUDITOR, STR("en"),
                                     &f->auditor, &d),
                     0);
    return f;
}

void fixture_free(struct fixture *f) {
    static const char *const files[] = {"order.key", "order.key.pub", "room.db", "room.db-wal",
                                        "room.db-shm"};
    room_close(f->r);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char path[96];
        snprintf(path, sizeof path, "%s/%s", f->dir, files[i]);
        unlink(path);
    }
    rmdir(f->dir);
    arena_done(&f->memory);
    mem_free(f);
}

struct room_actor fixture_actor(const struct fixture *f, int64_t person) {
    struct room_person p;
    assert_int_equal(room_person_load(f->r, person, &p, NULL), 0);
    return p.actor;
}

static void list(struct jsonw *w, const char *field, const char *pattern, int from, int n,
                 int64_t first) {
    jsonw_key(w, str_of(field));
    jsonw_object(w);
    jsonw_ki64(w, "distinct", n);
    jsonw_kbool(w, "at_least", false);
    jsonw_key(w, STR("listed"));
    jsonw_array(w);
    for (int i = 0; i < n; i++) {
        char z[80];
        char number_[16];
        const char *mark = strchr(pattern, '#');
        snprintf(number_, sizeof number_, "%d", from + i);
        snprintf(z, sizeof z, "%.*s%s%s", mark ? (int) (mark - pattern) : (int) strlen(pattern),
                 pattern, mark ? number_ : "", mark ? mark + 1 : "");
        jsonw_object(w);
        jsonw_kz(w, "value", z);
        jsonw_ki64(w, "count", 2);
        jsonw_ktime(w, "first", first + i * NS_PER_S);
        jsonw_key(w, STR("at"));
        jsonw_object(w);
        jsonw_ki64(w, "spool", 1000 + from + i);
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
}

static void list_csv(struct jsonw *w, const char *field, const char *csv, int64_t first) {
    struct str rest = str_of(csv), one;
    int n = 0;
    for (struct str r = rest; str_split(&r, ',', &one);)
        n++;
    jsonw_key(w, str_of(field));
    jsonw_object(w);
    jsonw_ki64(w, "distinct", n);
    jsonw_kbool(w, "at_least", false);
    jsonw_key(w, STR("listed"));
    jsonw_array(w);
    while (str_split(&rest, ',', &one)) {
        jsonw_object(w);
        jsonw_kstr(w, "value", one);
        jsonw_ki64(w, "count", 3);
        jsonw_ktime(w, "first", first);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
}

void story_json(const struct story *s, struct buf *out) {
    struct jsonw w;
    char id[33] = "";
    for (int i = 0; i < 16; i++)
        memcpy(id + 2 * i, s->id, 2);
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "id", id);
    jsonw_kz(&w, "state", s->revision == 1 ? "open" : "update");
    jsonw_ki64(&w, "revision", s->revision);
    jsonw_key(&w, STR("rule"));
    jsonw_object(&w);
    jsonw_kz(&w, "id", s->rule);
    jsonw_kz(&w, "title", s->rule);
    jsonw_kz(&w, "kind", s->kind ? s->kind : "");
    jsonw_kz(&w, "propose", s->propose ? s->propose : "");
    jsonw_end(&w);
    jsonw_kz(&w, "level", s->level);
    jsonw_key(&w, STR("group"));
    jsonw_object(&w);
    if (s->group_source)
        jsonw_kz(&w, "kizuki.source.net", s->group_source);
    if (s->group_agent)
        jsonw_kz(&w, "user_agent.original", s->group_agent);
    if (s->service)
        jsonw_kz(&w, "service.name", s->service);
    if (s->host)
        jsonw_kz(&w, "host.name", s->host);
    jsonw_end(&w);
    jsonw_ki64(&w, "count", s->count);
    jsonw_ktime(&w, "first", s->first_ns);
    jsonw_ktime(&w, "last", s->last_ns);
    jsonw_ktime(&w, "detected", s->last_ns);
    jsonw_key(&w, STR("measures"));
    jsonw_object(&w);
    jsonw_ki64(&w, "tries", s->count);
    if (s->account_n)
        jsonw_ki64(&w, "accounts", s->account_n);
    if (s->good >= 0)
        jsonw_ki64(&w, "good_accounts", s->good);
    jsonw_end(&w);
    jsonw_key(&w, STR("values"));
    jsonw_object(&w);
    if (s->account_n)
        list(&w, "user.name", s->account_pattern, s->account_from, s->account_n, s->first_ns);
    if (s->sources)
        list_csv(&w, "source.ip", s->sources, s->first_ns);
    if (s->path)
        list_csv(&w, "url.path", s->path, s->first_ns);
    jsonw_end(&w);
    jsonw_key(&w, STR("evidence"));
    jsonw_array(&w);
    jsonw_object(&w);
    jsonw_ki64(&w, "spool", 42);
    jsonw_end(&w);
    jsonw_end(&w);
    jsonw_end(&w);
    assert_int_equal(buf_error(out), 0);
}

struct room_folded fold(struct fixture *f, const struct story *s) {
    struct room_folded x = {0};
    struct room_finding in;
    struct diag d = {0};
    struct arena a;
    struct buf json;
    buf_init(&json, 1 << 20);
    arena_init(&a, 1 << 24);
    story_json(s, &json);
    int e = room_finding_parse(&a, buf_str(&json), &in, &d);
    if (e == 0)
        e = room_begin(f->r, &d);
    if (e == 0)
        e = room_end(f->r, room_fold(f->r, &in, buf_str(&json), &x, &d), &d);
    if (e < 0)
        fail_msg("fold: %d %s", e, d.text);
    arena_done(&a);
    buf_done(&json);
    return x;
}

enum room_standing standing(struct fixture *f, int64_t person, const struct room_ask *ask) {
    struct room_actor who = fixture_actor(f, person);
    struct room_authority a;
    struct arena mem;
    struct diag d = {0};
    arena_init(&mem, 1 << 24);
    if (room_may_decide(f->r, &who, ask, &mem, &a, &d) < 0)
        fail_msg("%s", d.text);
    arena_done(&mem);
    return a.verdict;
}

void chain_holds(struct fixture *f) {
    struct room_verdict *v = mem_zalloc(sizeof *v);
    struct diag d = {0};
    if (room_audit_verify(f->r, NULL, 0, v, &d) < 0)
        fail_msg("%s", d.text);
    assert_int_equal(v->n_faults, 0);
    mem_free(v);
}

int64_t number(struct fixture *f, const char *sql) {
    struct sql_stmt *st = NULL;
    struct diag d = {0};
    if (sql_query(f->r->db, &st, &d, sql, "") < 0 || sql_step(st, &d) != 1)
        fail_msg("%s: %s", sql, d.text);
    int64_t n = sql_i64(st, 0);
    sql_end(st);
    return n;
}

struct str at(struct arena *a, struct str json, const char *path) {
    struct json_value *root;
    struct diag d = {0};
    struct str rest = str_of(path), part;
    if (json_parse(a, json, &root, &d) < 0)
        fail_msg("%s in %.*s", d.text, STR_ARG(json));
    const struct json_value *v = root;
    while (str_split(&rest, '.', &part)) {
        uint64_t index = 0;
        const struct json_value *c = v->first;
        if (v->type == JSON_ARRAY && str_to_u64(part, &index) == 0)
            while (c && index--)
                c = c->next;
        else
            while (c && !str_eq(c->key, part))
                c = c->next;
        if (!c)
            fail_msg("no %s in %.*s", path, STR_ARG(json));
        v = c;
    }
    switch (v->type) {
    case JSON_NULL:
        return STR("null");
    case JSON_TRUE:
        return STR("true");
    case JSON_FALSE:
        return STR("false");
    default:
        return v->text;
    }
}

void rows(struct fixture *f, const char *kind, const char *const *lines, size_t n) {
    struct room_actor by = fixture_actor(f, f->administrator);
    struct arena a;
    struct buf b;
    struct jsonw w;
    struct json_value *doc;
    struct diag d = {0};
    int64_t id;
    arena_init(&a, 16 << 20);
    buf_init(&b, 16 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "file", "a.csv");
    jsonw_key(&w, STR("rows"));
    jsonw_array(&w);
    for (size_t i = 0; i < n; i++) {
        struct str line = str_of(lines[i]), one;
        jsonw_object(&w);
        jsonw_ki64(&w, "row", (int64_t) i + 2);
        jsonw_key(&w, STR("values"));
        jsonw_object(&w);
        str_split(&line, '\t', &one);
        jsonw_kstr(&w, "name", one);
        while (line.n && str_split(&line, '\t', &one)) {
            struct str key;
            char text[400];
            str_split(&one, '=', &key);
            snprintf(text, sizeof text, "%.*s", STR_ARG(one));
            for (char *p = text; *p; p++)
                *p = *p == '|' ? '\n' : *p;
            jsonw_key(&w, key);
            jsonw_str(&w, str_of(text));
        }
        jsonw_end(&w);
        jsonw_key(&w, STR("notes"));
        jsonw_array(&w);
        jsonw_end(&w);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_key(&w, STR("refused"));
    jsonw_array(&w);
    jsonw_end(&w);
    jsonw_ki64(&w, "n_refused", 0);
    jsonw_end(&w);
    if (json_parse(&a, buf_str(&b), &doc, &d) < 0 || room_import_add(f->r, &by, str_of(kind), STR("name"), doc, buf_str(&b), &id, &d) < 0 ||
        room_import_apply(f->r, &by, id, 1, false, &d) < 0)
        fail_msg("%s", d.text);
    buf_done(&b);
    arena_done(&a);
}
