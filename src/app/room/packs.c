#include "app/room/packs.h"

#include "app/content/content.h"
#include "app/room/room.h"
#include "app/common/pack_digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "base/yaml_json.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

/* ---- one pack ---- */

struct reading {
    struct arena *arena;
    char dir[PATH_MAX];
    struct str id;
};

static int path_of(const struct reading *x, const char *name, char *dst) {
    int n = snprintf(dst, PATH_MAX, "%s/%.*s/%s", x->dir, STR_ARG(x->id), name);
    return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static const struct yaml_node *read_yaml(const struct reading *x, const char *name,
                                         struct diag *err) {
    struct yaml_doc *doc = NULL;
    char path[PATH_MAX];
    if (path_of(x, name, path) < 0 || access(path, R_OK) < 0 ||
        yaml_parse_file(x->arena, path, &doc, err) < 0)
        return NULL;
    return doc ? doc->root : NULL;
}

static void write_file(const struct reading *x, const char *name, struct jsonw *w) {
    char path[PATH_MAX];
    struct str text;
    if (path_of(x, name, path) == 0 &&
        file_read(x->arena, path, PACK_FILE_BYTES_MAX, &text, NULL) == 0)
        jsonw_str(w, text);
    else
        jsonw_null(w);
}

/* A scalar, or the Japanese (else English) of a pair. */
static void write_words(const struct yaml_node *pack, const char *key, struct jsonw *w) {
    const struct yaml_node *v = yaml_get(pack, key);
    struct str s = STR_NULL;
    if (v && v->kind == YAML_SCALAR)
        s = v->text;
    else if (v && v->kind == YAML_MAPPING && !yaml_get_str(v, "ja", &s))
        (void) yaml_get_str(v, "en", &s);
    jsonw_key(w, str_of(key));
    s.n ? jsonw_str(w, s) : jsonw_null(w);
}

static void write_titles(const struct yaml_node *pack, struct jsonw *w) {
    static const char *const langs[] = {"ja", "en"};
    const struct yaml_node *title = yaml_get(pack, "title");
    jsonw_key(w, STR("titles"));
    jsonw_object(w);
    for (size_t i = 0; i < ARRAY_SIZE(langs); i++) {
        struct str s;
        jsonw_key(w, str_of(langs[i]));
        title &&yaml_get_str(title, langs[i], &s) ? jsonw_str(w, s) : jsonw_null(w);
    }
    jsonw_end(w);
}

static void write_list(const struct yaml_node *pack, const char *from, const char *member,
                       struct jsonw *w) {
    const struct yaml_node *v = yaml_get(pack, from);
    jsonw_key(w, str_of(member));
    jsonw_array(w);
    if (v && v->kind == YAML_SCALAR)
        jsonw_str(w, v->text);
    for (const struct yaml_node *c = v && v->kind == YAML_SEQUENCE ? v->first : NULL; c;
         c = c->next)
        if (c->kind == YAML_SCALAR)
            jsonw_str(w, c->text);
    jsonw_end(w);
}

static void write_sector(const struct yaml_node *pack, struct jsonw *w) {
    const struct yaml_node *v = yaml_get(pack, "sector");
    if (v && v->kind == YAML_SEQUENCE)
        v = v->first;
    jsonw_key(w, STR("sector"));
    v && v->kind == YAML_SCALAR ? jsonw_str(w, v->text) : jsonw_null(w);
}

static void write_head(const struct reading *x, const struct yaml_node *pack, struct jsonw *w) {
    jsonw_kstr(w, "id", x->id);
    write_titles(pack, w);
    write_words(pack, "source", w);
    write_sector(pack, w);
    write_words(pack, "tlp", w);
    write_list(pack, "reader_level", "levels", w);
}

/* Whose lines the story plays. */
static void write_products(const struct yaml_node *replay, struct jsonw *w) {
    const struct yaml_node *sources = yaml_get(replay, "sources");
    struct str product;
    jsonw_key(w, STR("products"));
    jsonw_array(w);
    for (const struct yaml_node *s = sources ? sources->first : NULL; s; s = s->next)
        if (yaml_get_str(s, "product", &product))
            jsonw_str(w, product);
    jsonw_end(w);
}

/* Whether an actor's lines are part of the attack, as the judge counts. */
static bool leaves_traces(const struct yaml_node *actor, const struct yaml_node *traces) {
    struct str id, kind;
    for (const struct yaml_node *t = traces ? traces->first : NULL; t; t = t->next)
        if (yaml_get_str(actor, "id", &id) && str_eq(id, t->text))
            return true;
    return !traces && yaml_get_str(actor, "kind", &kind) && str_eq_z(kind, "campaign");
}

/* What the attack of the story can be seen by: what people report of it, and whose lines its services write. */
static void write_signs(const struct yaml_node *replay, const struct yaml_node *expect, struct jsonw *w) {
    const struct yaml_node *actors = yaml_get(replay, "actors"), *traces = yaml_get(expect, "traces"), *sources = yaml_get(replay, "sources");
    struct str kind, about, service, of, product;
    jsonw_key(w, STR("about"));
    jsonw_array(w);
    for (const struct yaml_node *a = actors ? actors->first : NULL; a; a = a->next)
        if (leaves_traces(a, traces) && yaml_get_str(a, "kind", &kind) && str_eq_z(kind, "reports") && yaml_get_str(a, "about", &about))
            jsonw_str(w, about);
    jsonw_end(w);
    jsonw_key(w, STR("traced"));
    jsonw_array(w);
    for (const struct yaml_node *s = sources ? sources->first : NULL; s; s = s->next)
        for (const struct yaml_node *a = actors ? actors->first : NULL; a && yaml_get_str(s, "service", &of) && yaml_get_str(s, "product", &product); a = a->next)
            if (leaves_traces(a, traces) && yaml_get_str(a, "service", &service) && str_eq(service, of)) {
                jsonw_str(w, product);
                break;
            }
    jsonw_end(w);
}

static void write_whole(const struct reading *x, const struct yaml_node *pack, struct jsonw *w) {
    struct diag d = {0};
    jsonw_object(w);
    write_head(x, pack, w);
    jsonw_key(w, STR("pack"));
    yaml_write_json(w, pack);
    jsonw_key(w, STR("story"));
    jsonw_object(w);
    jsonw_key(w, STR("ja"));
    write_file(x, "story.ja.md", w);
    jsonw_key(w, STR("en"));
    write_file(x, "story.en.md", w);
    jsonw_end(w);
    jsonw_key(w, STR("playbook"));
    yaml_write_json(w, read_yaml(x, "playbook.yml", &d));
    jsonw_key(w, STR("controls"));
    yaml_write_json(w, read_yaml(x, "controls.yml", &d));
    jsonw_key(w, STR("expect"));
    yaml_write_json(w, read_yaml(x, "expect.yml", &d));
    write_list(pack, "rules", "rules", w);
    write_products(read_yaml(x, "replay.yml", &d), w);
    write_signs(read_yaml(x, "replay.yml", &d), read_yaml(x, "expect.yml", &d), w);
    jsonw_end(w);
}

/* Everything of a lesson that a person reads, for the search. */
static void add_texts(const struct yaml_node *n, struct buf *out) {
    if (n && n->kind == YAML_SCALAR) {
        buf_add(out, n->text);
        buf_add_byte(out, '\n');
    }
    for (const struct yaml_node *c = n && n->kind != YAML_SCALAR ? n->first : NULL; c; c = c->next)
        add_texts(c, out);
}

static void write_words_of(const struct reading *x, const struct yaml_node *pack, struct buf *out) {
    static const char *const stories[] = {"story.ja.md", "story.en.md"};
    add_texts(pack, out);
    for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
        char path[PATH_MAX];
        struct str text;
        if (path_of(x, stories[i], path) == 0 && file_read(x->arena, path, PACK_FILE_BYTES_MAX, &text, NULL) == 0)
            buf_add(out, text);
    }
}

static int64_t story_time(const struct yaml_node *replay, const char *key) {
    const struct yaml_node *v = yaml_get(replay, key);
    int64_t t;
    int offset_min;
    return v && v->kind == YAML_SCALAR && time_parse_iso(v->text, &t, &offset_min) > 0 ? t
                                                                                       : TIME_NONE;
}

static int read_pack(struct packs *p, const struct reading *x, struct diag *err) {
    const struct yaml_node *pack = read_yaml(x, "pack.yml", err);
    struct diag no_story = {0};
    const struct yaml_node *replay = read_yaml(x, "replay.yml", &no_story);
    struct pack_data data = {.id = x->id,
                             .plays_from = story_time(replay, "start"),
                             .plays_to = story_time(replay, "end")};
    struct buf out;
    struct jsonw w;
    if (!pack || pack->kind != YAML_MAPPING)
        return -ERR_PARSE;
    buf_init(&out, 8 * PACK_FILE_BYTES_MAX);
    jsonw_init(&w, &out);
    jsonw_object(&w);
    write_head(x, pack, &w);
    jsonw_end(&w);
    data.summary = arena_dup(&p->arena, buf_str(&out));
    int e = buf_error(&out);
    buf_clear(&out);
    write_words_of(x, pack, &out);
    data.normal = text_normal(&p->arena, arena_dup(&p->arena, buf_str(&out)));
    data.folded = data.normal.p ? text_variants(&p->arena, data.normal) : STR_NULL;
    if (!data.normal.p || !data.folded.p)
        e = -ENOMEM;
    buf_clear(&out);
    jsonw_init(&w, &out);
    write_whole(x, pack, &w);
    data.whole = arena_dup(&p->arena, buf_str(&out));
    e = e < 0 ? e : buf_error(&out);
    buf_done(&out);
    if (e == 0)
        e = pack_digest(&p->arena, x->dir, x->id, &data.digest);
    if (e == 0)
        e = arena_grow(&p->arena, (void **) &p->list, &p->cap, p->n + 1, sizeof data);
    if (e == 0)
        p->list[p->n++] = data;
    return e;
}

/* ---- all ---- */

static int by_id(const void *a, const void *b) {
    return str_cmp(((const struct pack_data *) a)->id, ((const struct pack_data *) b)->id);
}

int packs_load(struct packs *p, const char *dir, struct diag *reterr) {
    struct reading x = {.arena = &p->arena};
    *p = (struct packs){0};
    arena_init(&p->arena, (size_t) 256 << 20);
    snprintf(x.dir, sizeof x.dir, "%s", dir ? dir : packs_dir());
    DIR *d = opendir(x.dir);
    if (!d)
        return 0; /* no packs are no fault */
    for (struct dirent *e; p->n < PACKS_MAX && (e = readdir(d));) {
        struct diag why = {0};
        if (e->d_name[0] == '.')
            continue;
        x.id = arena_dup(&p->arena, str_of(e->d_name));
        if (!x.id.p || read_pack(p, &x, &why) == -ENOMEM) {
            closedir(d);
            return diag_set(reterr, -ENOMEM, "memory has run out");
        }
        if (p->n == 0 || !str_eq(p->list[p->n - 1].id, x.id)) {
            p->bad++;
            log_warn("'%s/%s' is no pack: %s", x.dir, e->d_name, why.text);
        }
    }
    closedir(d);
    if (p->n)
        qsort(p->list, p->n, sizeof *p->list, by_id);
    return 0;
}

void packs_done(struct packs *p) {
    arena_done(&p->arena);
}

/* Each word has to stand somewhere, in either form: half of a variant's writing is found in the normal one. */
bool packs_match(struct arena *a, const struct pack_data *p, struct str q) {
    struct str normal = text_normal(a, q), word;
    if (!normal.p)
        return false;
    while (str_split(&normal, ' ', &word)) {
        struct str folded = text_variants(a, word);
        if (word.n && str_find(p->normal, word, 0) < 0 && (!folded.p || str_find(p->folded, folded, 0) < 0))
            return false;
    }
    return true;
}

const struct pack_data *packs_find(const struct packs *p, struct str id) {
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->list[i].id, id))
            return &p->list[i];
    return NULL;
}

/* ---- taken in ---- */

int packs_look(struct program *p, struct diag *reterr) {
    char dir[PATH_MAX];
    struct stat st;
    snprintf(dir, sizeof dir, "%.4000s/room/packs", p->config->data);
    int64_t changed = stat(dir, &st) == 0 ? (int64_t) st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec : 0;
    if (changed == p->installed_ns)
        return 0;
    packs_done(&p->installed);
    int e = packs_load(&p->installed, dir, reterr);
    p->installed_ns = e == 0 ? changed : 0;
    return e < 0 ? e : 1;
}

const struct pack_data *packs_any(struct program *p, struct str id) {
    const struct pack_data *x = packs_find(&p->packs, id);
    return x ? x : packs_find(&p->installed, id);
}
