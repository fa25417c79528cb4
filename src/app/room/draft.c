/* See draft.h. */
#include "app/room/draft.h"

#include "base/hash.h"
#include "room/fact.h"

#include <sys/random.h>

#define FILE_BYTES_MAX ((size_t) 1 << 20)
#define CASE_BYTES_MAX ((size_t) 32 << 20)
enum { DAYS_MAX = 400, RESTS_SHOWN = 100 };

/* ---- small readers ---- */

int64_t draft_i64(const struct json_value *v, const char *key, int64_t otherwise) {
    int64_t n;
    return v && json_get_i64(v, key, &n) ? n : otherwise;
}

int64_t draft_time(const struct making *m, enum case_time i) {
    const struct json_value *list = json_get_array(m->c, "times"), *v = list ? list->first : NULL;
    int64_t n;
    for (int k = 0; v && k < (int) i; k++)
        v = v->next;
    return v && v->type == JSON_NUMBER && str_to_i64(v->text, &n) == 0 ? n : TIME_NONE;
}

struct str draft_str(const struct json_value *v, const char *key) {
    struct str s;
    return v && json_get_str(v, key, &s) ? s : STR("");
}

const struct json_value *draft_first(const struct making *m, const char *list) {
    const struct json_value *v = json_get_array(m->c, list);
    return v ? v->first : NULL;
}

void draft_gap(struct making *m, const char *what) {
    for (size_t i = 0; i < m->d->n_gaps; i++)
        if (strcmp(m->d->gaps[i].what, what) == 0)
            return;
    if (m->d->n_gaps < DRAFT_GAPS_MAX)
        m->d->gaps[m->d->n_gaps++].what = what;
}

void draft_done(struct draft *d) {
    map_done(&d->taken);
}

/* ---- making ---- */

static void story_ja(struct making *m, struct buf *out) {
    draft_story(m, true, out);
}

static void story_en(struct making *m, struct buf *out) {
    draft_story(m, false, out);
}

static const struct {
    const char *path;
    bool ja;
    void (*write)(struct making *m, struct buf *out);
} FILES[] = {
    {"story.ja.md", true, story_ja},         {"story.en.md", false, story_en},          {"pack.yml", true, draft_head},     {"replay.yml", false, draft_replay},
    {"expect.yml", false, draft_expect},     {"rules/threshold.yml", false, draft_rules}, {"controls.yml", true, draft_controls}, {"playbook.yml", true, draft_playbook},
};

_Static_assert(ARRAY_SIZE(FILES) <= DRAFT_FILES_MAX, "a draft holds all its files");

static int write_files(struct making *m) {
    for (size_t i = 0; i < ARRAY_SIZE(FILES); i++) {
        struct buf out;
        buf_init(&out, FILE_BYTES_MAX);
        FILES[i].write(m, &out);
        struct draft_file f = {.path = FILES[i].path, .ja = FILES[i].ja, .text = arena_dup(m->a, buf_str(&out))};
        int e = buf_error(&out) < 0 ? buf_error(&out) : f.text.p ? 0 : -ENOMEM;
        buf_done(&out);
        if (e < 0)
            return e;
        if (f.text.n)
            m->d->files[m->d->n++] = f;
    }
    return 0;
}

static const struct {
    const char *role, *ja, *en;
} ROLES[] = {{"administrator", "管理者", "administrator"}, {"handler", "担当者", "handler"}, {"commander", "指揮者", "commander"}, {"approver", "承認者", "approver"},
             {"publisher", "広報担当", "spokesperson"}, {"auditor", "監査担当", "auditor"}, {"supplier", "委託先の担当者", "contractor's person"}, {"desk", "窓口担当", "desk clerk"}};

struct gathering {
    struct making *m;
    struct anon_secrets *all; /* NULL: rows of those that stand in the files */
};

static bool stands(const struct draft *d, struct str s) {
    for (size_t i = 0; i < d->n; i++)
        for (ptrdiff_t at = -1; (at = str_find(d->files[i].text, s, (size_t) (at + 1))) >= 0;) {
            /* within marks: the last mark before it opens */
            ptrdiff_t k = at;
            while (k >= 0 && d->files[i].text.p[k] != ANON_OPEN && d->files[i].text.p[k] != ANON_CLOSE)
                k--;
            if (k >= 0 && d->files[i].text.p[k] == ANON_OPEN)
                return true;
        }
    return false;
}

/* A person stands there by a part of the name, too. */
static bool stands_anyhow(const struct draft *d, int kind, struct str name) {
    struct str rest = name, part;
    bool there = stands(d, name);
    while (!there && kind == ANON_PERSON && anon_name_part(&rest, &part))
        there = stands(d, part);
    return there;
}

static int gather(void *ctx, const char *kind, struct str text, struct str role) {
    struct gathering *g = ctx;
    int k = anon_kind_from_string(str_of(kind));
    const char *ja = NULL, *en = NULL;
    struct str s = str_trim(text);
    if (k < 0 || !s.n)
        return 0;
    if (g->all)
        return anon_secret_add(g->all, (enum anon_kind) k, s);
    for (size_t i = 0; i < ARRAY_SIZE(ROLES); i++)
        if (str_eq_z(role, ROLES[i].role)) {
            ja = ROLES[i].ja;
            en = ROLES[i].en;
        }
    return stands_anyhow(g->m->d, k, s) ? anon_add(&g->m->d->anon, (enum anon_kind) k, s, k == ANON_SERVICE ? role : STR(""), ja, en) : 0;
}

static int take_address(void *ctx, const char *kind, struct str text, struct str role UNUSED) {
    struct map *taken = ctx;
    union map_value *v;
    return strcmp(kind, "address") == 0 ? map_add(taken, text, &v, NULL) : 0;
}

static int name_pack(struct making *m) {
    uint8_t raw[4];
    const struct json_value *c = draft_first(m, "case");
    struct str kind = draft_str(c, "kind");
    if (getrandom(raw, sizeof raw, 0) != sizeof raw)
        return -EIO;
    struct str s = arena_printf(m->a, "case-%.*s%s%02x%02x%02x%02x", (int) MIN(kind.n, 30u), kind.p ? kind.p : "", kind.n ? "-" : "", raw[0], raw[1], raw[2], raw[3]);
    if (!s.p)
        return -ENOMEM;
    for (char *p = (char *) (uintptr_t) s.p; *p; p++)
        *p = *p == '_' ? '-' : *p;
    m->d->pack = s;
    return 0;
}

static int read_case(struct making *m, int64_t incident, struct diag *err) {
    struct buf out;
    struct jsonw w;
    struct str text;
    struct json_value *root = NULL;
    struct room_fact *facts;
    buf_init(&out, CASE_BYTES_MAX);
    jsonw_init(&w, &out);
    int e = room_case_lesson_write(m->p->room, incident, &w, err);
    text = arena_dup(m->a, buf_str(&out));
    if (e == 0)
        e = buf_error(&out) < 0 ? buf_error(&out) : text.p ? json_parse(m->a, text, &root, err) : -ENOMEM;
    buf_done(&out);
    if (e == 0)
        e = room_facts_get(m->p->room, m->a, incident, &facts, err);
    if (e < 0)
        return e;
    m->c = root;
    m->facts = facts;
    m->n_facts = room_fact_specs(m->p->room)->n;
    m->day_one_ns = draft_i64(root, "day_one", 0);
    m->first_ns = draft_i64(draft_first(m, "case"), "first", m->day_one_ns);
    draft_days(m);
    return 0;
}

int draft_make(struct program *p, struct arena *a, int64_t incident, struct draft *ret, struct diag *reterr) {
    struct making m = {.p = p, .a = a, .d = ret, .words = p->words};
    struct gathering g = {.m = &m};
    *ret = (struct draft){.n = 0};
    map_init(&ret->taken, 4000000, 0);
    int e = read_case(&m, incident, reterr);
    if (e == 0)
        e = room_case_secrets(p->room, incident, true, take_address, &ret->taken, reterr);
    anon_init(&ret->anon, a, m.day_one_ns, &ret->taken);
    if (e == 0)
        e = name_pack(&m);
    if (e == 0)
        e = write_files(&m);
    if (e == 0)
        e = room_case_secrets(p->room, incident, false, gather, &g, reterr);
    for (size_t i = 0; i < ret->n && e == 0; i++)
        e = anon_scan(&ret->anon, ret->files[i].text);
    return e < 0 && reterr && !reterr->text[0] ? diag_set(reterr, e, "cannot make a lesson: %s", err_word(e)) : e;
}

/* ---- to and from what the room keeps ---- */

int draft_to_json(const struct draft *d, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kstr(&w, "pack", d->pack);
    jsonw_ki64(&w, "day_one", d->anon.day_one_ns);
    jsonw_key(&w, STR("files"));
    jsonw_array(&w);
    for (size_t i = 0; i < d->n; i++) {
        jsonw_object(&w);
        jsonw_kz(&w, "path", d->files[i].path);
        jsonw_kbool(&w, "own", d->files[i].own);
        jsonw_kstr(&w, "text", d->files[i].text);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_key(&w, STR("gaps"));
    jsonw_array(&w);
    for (size_t i = 0; i < d->n_gaps; i++)
        jsonw_str(&w, str_of(d->gaps[i].what));
    jsonw_end(&w);
    jsonw_key(&w, STR("rows"));
    jsonw_array(&w);
    for (size_t i = 0; i < d->anon.n; i++) {
        const struct anon_row *r = &d->anon.at[i];
        jsonw_object(&w);
        jsonw_kz(&w, "kind", anon_kind_to_string(r->kind));
        jsonw_kstr(&w, "from", r->from);
        jsonw_kstr(&w, "ja", r->ja);
        jsonw_kstr(&w, "en", r->en);
        jsonw_kbool(&w, "own", r->own);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_end(&w);
    return buf_error(out);
}

static int read_rows(const struct json_value *root, struct anon *x) {
    const struct json_value *list = json_get_array(root, "rows");
    int e = 0;
    for (const struct json_value *v = list ? list->first : NULL; v && e == 0; v = v->next) {
        int kind = anon_kind_from_string(draft_str(v, "kind"));
        struct anon_row row = {.kind = (enum anon_kind) MAX(kind, 0), .from = draft_str(v, "from"), .ja = draft_str(v, "ja"), .en = draft_str(v, "en")};
        e = kind < 0 ? -ERR_CORRUPT : anon_put(x, &row);
        bool own = false;
        if (e == 0 && json_get_bool(v, "own", &own))
            x->at[x->n - 1].own = own;
    }
    return e;
}

int draft_from_json(struct arena *a, struct str doc, struct draft *ret, struct diag *reterr) {
    struct json_value *root;
    *ret = (struct draft){.n = 0};
    map_init(&ret->taken, 16, 0);
    int e = json_parse(a, doc, &root, reterr);
    if (e < 0)
        return e;
    ret->pack = draft_str(root, "pack");
    anon_init(&ret->anon, a, draft_i64(root, "day_one", TIME_NONE), NULL);
    const struct json_value *list = json_get_array(root, "files");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        for (size_t i = 0; i < ARRAY_SIZE(FILES); i++)
            if (str_eq_z(draft_str(v, "path"), FILES[i].path)) {
                struct draft_file f = {.path = FILES[i].path, .ja = FILES[i].ja, .text = draft_str(v, "text")};
                (void) json_get_bool(v, "own", &f.own);
                ret->files[ret->n++] = f;
                break;
            }
    list = json_get_array(root, "gaps");
    for (const struct json_value *v = list ? list->first : NULL; v && ret->n_gaps < DRAFT_GAPS_MAX; v = v->next)
        ret->gaps[ret->n_gaps++].what = arena_dup_z(a, v->text);
    return read_rows(root, &ret->anon);
}

/* pack.yml says each thing in both languages: its lines that begin with "  en: " take the English pseudonyms. */
void draft_write_file(const struct draft *d, const struct draft_file *f, struct buf *out) {
    struct str rest = f->text, line;
    if (strcmp(f->path, "pack.yml") != 0) {
        anon_write(&d->anon, f->text, f->ja, true, out);
        return;
    }
    while (str_split(&rest, '\n', &line)) {
        anon_write(&d->anon, line, !str_starts(line, STR("  en:")), true, out);
        buf_add_byte(out, '\n');
    }
}

int draft_digest(const struct draft *d, char dst[65]) {
    uint8_t sum[SHA256_BYTES];
    struct buf all;
    buf_init(&all, 2 * PACK_DRAFT_BYTES_MAX);
    for (size_t i = 0; i < d->n; i++) {
        buf_add_z(&all, d->files[i].path);
        buf_add_byte(&all, 0);
        draft_write_file(d, &d->files[i], &all);
        buf_add_byte(&all, 0);
    }
    int e = buf_error(&all);
    sha256_of(buf_str(&all), sum);
    hex_encode(sum, sizeof sum, dst);
    buf_done(&all);
    return e;
}

/* ---- what remains ---- */

struct remaining {
    struct jsonw *w;
    const char *path;
    size_t n;
};

static int note_rest(void *ctx, const struct anon_rest *r) {
    struct remaining *x = ctx;
    if (x->n++ >= RESTS_SHOWN || !x->w)
        return 0;
    jsonw_object(x->w);
    jsonw_kz(x->w, "kind", anon_kind_to_string(r->kind));
    jsonw_kstr(x->w, "text", r->text);
    jsonw_kz(x->w, "file", x->path);
    jsonw_ku64(x->w, "line", r->line);
    jsonw_end(x->w);
    return 0;
}

int draft_check(struct program *p, struct arena *a, int64_t incident, const struct draft *d, struct jsonw *w, size_t *ret_n, struct diag *reterr) {
    struct anon_secrets all;
    struct gathering g = {.all = &all};
    struct remaining rest = {.w = w};
    int64_t days[DAYS_MAX];
    anon_secrets_init(&all, a);
    int e = room_case_secrets(p->room, incident, true, gather, &g, reterr);
    int64_t first = (d->anon.day_one_ns + TIME_JST_OFFSET_MIN * NS_PER_MIN) / NS_PER_DAY, last = (room_now(p->room) + TIME_JST_OFFSET_MIN * NS_PER_MIN) / NS_PER_DAY;
    for (int64_t day = first - 1; day <= last && all.n_days < DAYS_MAX; day++)
        days[all.n_days++] = day;
    all.days = days;
    for (size_t i = 0; i < d->n && e == 0; i++) {
        rest.path = d->files[i].path;
        e = anon_check(&all, &d->anon, d->files[i].text, d->files[i].ja, note_rest, &rest);
    }
    anon_secrets_done(&all);
    *ret_n = rest.n;
    return e < 0 && reterr && !reterr->text[0] ? diag_set(reterr, e, "cannot look through the lesson: %s", err_word(e)) : e;
}

int draft_leave(struct program *p, int64_t incident, struct buf *out, struct diag *reterr) {
    struct room_pack_draft x;
    struct draft d = {.n = 0};
    struct arena a;
    struct jsonw w;
    struct buf text;
    char digest[65];
    arena_init(&a, (size_t) 256 << 20);
    int e = room_pack_draft_get(p->room, &a, incident, &x, reterr);
    if (e == 0)
        e = diag_set(reterr, -ENOENT, "no lesson was made of case %lld; make one on its page", (long long) incident);
    if (e == 1)
        e = draft_from_json(&a, x.doc, &d, reterr);
    if (e == 0)
        e = draft_digest(&d, digest);
    if (e == 0)
        e = room_pack_draft_leave(p->room, &room_system, &x, str_of(digest), reterr);
    buf_init(&text, PACK_DRAFT_BYTES_MAX);
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kstr(&w, "pack", d.pack);
    jsonw_key(&w, STR("files"));
    jsonw_array(&w);
    for (size_t i = 0; i < d.n && e == 0; i++) {
        buf_clear(&text);
        draft_write_file(&d, &d.files[i], &text);
        e = buf_error(&text);
        jsonw_object(&w);
        jsonw_kz(&w, "path", d.files[i].path);
        jsonw_kstr(&w, "text", buf_str(&text));
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_end(&w);
    buf_done(&text);
    draft_done(&d);
    arena_done(&a);
    return e;
}
