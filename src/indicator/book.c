/* See book.h. */
#include "indicator/book.h"

#include "base/file.h"
#include "base/limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES_MAX = 4 * 1024 * 1024, FILE_BYTES_MAX = 1024 * 1024 * 1024 };

void indicator_book_done(struct indicator_book *b) {
    map_done(&b->by_value);
    arena_done(&b->arena);
    *b = (struct indicator_book){0};
}

static int path_of(char dst[PATH_MAX], const char *dir, const char *name) {
    return snprintf(dst, PATH_MAX, "%.4000s/%s", dir, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int import_path(char dst[PATH_MAX], const char *dir, uint32_t id) {
    char name[32];
    snprintf(name, sizeof name, "%08u.import", id);
    return path_of(dst, dir, name);
}

/* ---- reading ---- */

static struct str key_of(char dst[INDICATOR_VALUE_BYTES_MAX + 2], enum indicator_kind kind, struct str value) {
    size_t n = MIN(value.n, (size_t) INDICATOR_VALUE_BYTES_MAX);
    dst[0] = (char) ('a' + (int) kind);
    if (n)
        memcpy(dst + 1, value.p, n);
    return str_n(dst, n + 1);
}

const struct indicator_entry *indicator_book_find(const struct indicator_book *b, enum indicator_kind kind, struct str value) {
    char z[INDICATOR_VALUE_BYTES_MAX + 2];
    const union map_value *v = b->by_value.max_n ? map_find(&b->by_value, key_of(z, kind, value)) : NULL;
    return v ? &b->entries[v->num] : NULL;
}

const struct indicator_import *indicator_book_import(const struct indicator_book *b, uint32_t id) {
    for (size_t i = 0; i < b->n_imports; i++)
        if (b->imports[i].id == id)
            return &b->imports[i];
    return NULL;
}

static int entry_of(struct indicator_book *b, enum indicator_kind kind, struct str value, struct indicator_entry **ret) {
    char z[INDICATOR_VALUE_BYTES_MAX + 2];
    union map_value *v;
    bool is_new;
    int r = map_add(&b->by_value, key_of(z, kind, value), &v, &is_new);
    if (r == 0 && is_new) {
        v->num = b->n;
        r = arena_grow(&b->arena, (void **) &b->entries, &b->cap, b->n + 1, sizeof *b->entries);
        if (r == 0)
            b->entries[b->n++] = (struct indicator_entry){.kind = kind, .value = arena_dup(&b->arena, value)};
    }
    if (r == 0)
        *ret = &b->entries[v->num];
    return r;
}

static int64_t seconds(const struct json_value *o, const char *key) {
    int64_t s;
    return json_get_i64(o, key, &s) && s > -9000000000 && s < 9000000000 ? s * NS_PER_S : TIME_NONE;
}

/* Texts that repeat (who says so, the note of a whole event) are kept once for the row before. */
static struct str kept(struct arena *a, struct str s, const struct str *last) {
    return str_eq(s, *last) ? *last : arena_dup(a, s);
}

/* Of the values that are to be there together; they stand beside each other. */
static unsigned group_size(const struct indicator_list *l, size_t at) {
    size_t from = at > INDICATOR_GROUP_MAX ? at - INDICATOR_GROUP_MAX : 0;
    unsigned n = 0;
    for (size_t i = from; l->at[at].group && i < MIN(l->n, at + INDICATOR_GROUP_MAX); i++)
        n += l->at[i].group == l->at[at].group;
    return n;
}

/* Most values have one origin. */
static int grow_origins(struct indicator_book *b, struct indicator_entry *e) {
    if (e->n < e->cap)
        return 0;
    size_t cap = e->cap ? e->cap * 2 : 1;
    struct indicator_origin *at = arena_alloc(&b->arena, cap * sizeof *at);
    if (!at)
        return -ENOMEM;
    if (e->n)
        memcpy(at, e->origins, e->n * sizeof *at);
    e->origins = at;
    e->cap = cap;
    return 0;
}

static int read_row(struct indicator_book *b, uint32_t import, uint32_t groups_before, const struct json_value *o, struct str last[2]) {
    struct str kind, value, tlp = STR(""), source = STR(""), id = STR(""), note = STR("");
    struct indicator_entry *e = NULL;
    int64_t c = -1, g = 0, gn = 0;
    if (o->type != JSON_OBJECT || !json_get_str(o, "kind", &kind) || !json_get_str(o, "value", &value) || !value.n ||
        value.n > INDICATOR_VALUE_BYTES_MAX || indicator_kind_from_string(kind) < 0)
        return -ERR_CORRUPT;
    (void) json_get_str(o, "tlp", &tlp);
    (void) json_get_str(o, "source", &source);
    (void) json_get_str(o, "id", &id);
    (void) json_get_str(o, "note", &note);
    (void) json_get_i64(o, "confidence", &c);
    (void) json_get_i64(o, "group", &g);
    (void) json_get_i64(o, "of", &gn);
    int label = indicator_tlp_from_string(tlp);
    int r = entry_of(b, (enum indicator_kind) indicator_kind_from_string(kind), value, &e);
    if (r == 0)
        r = grow_origins(b, e);
    if (r < 0)
        return r;
    last[0] = kept(&b->arena, source, &last[0]);
    last[1] = kept(&b->arena, note, &last[1]);
    struct indicator_origin x = {.import = import, .tlp = (uint8_t) (label < 0 ? INDICATOR_TLP_RED : label),
                                 .confidence = (int8_t) (c >= 0 && c <= 100 ? c : -1), .source = last[0], .note = last[1],
                                 .id = arena_dup(&b->arena, id), .first_ns = seconds(o, "first"), .last_ns = seconds(o, "last"),
                                 .valid_until_ns = seconds(o, "until")};
    if (g > 0 && g < INDICATORS_MAX && gn > 1 && gn <= INDICATOR_GROUP_MAX) {
        x.group = groups_before + (uint32_t) g;
        x.group_n = (uint8_t) gn;
        b->groups = MAX(b->groups, x.group);
    }
    if (!x.source.p || !x.note.p || !x.id.p)
        return -ENOMEM;
    e->origins[e->n++] = x;
    return 0;
}

static int read_head(struct indicator_book *b, uint32_t id, struct str line, const struct json_value *o) {
    struct str format = STR(""), name = STR(""), by = STR("");
    int64_t n[3] = {0};
    int r = arena_grow(&b->arena, (void **) &b->imports, &b->cap_imports, b->n_imports + 1, sizeof *b->imports);
    if (r < 0)
        return r;
    if (o->type != JSON_OBJECT || !json_get_str(o, "format", &format) || indicator_format_from_string(format) < 0 || !json_get_str(o, "name", &name))
        return -ERR_CORRUPT;
    (void) json_get_str(o, "by", &by);
    (void) json_get_i64(o, "n", &n[0]);
    (void) json_get_i64(o, "new", &n[1]);
    (void) json_get_i64(o, "refused_total", &n[2]);
    struct indicator_import x = {.id = id, .name = arena_dup(&b->arena, name), .by = arena_dup(&b->arena, by),
                                 .format = (enum indicator_format) indicator_format_from_string(format), .at_ns = seconds(o, "at"),
                                 .n = (uint64_t) MAX(n[0], 0), .n_new = (uint64_t) MAX(n[1], 0), .n_refused = (uint64_t) MAX(n[2], 0),
                                 .head = arena_dup(&b->arena, line)};
    if (!x.name.p || !x.by.p || !x.head.p)
        return -ENOMEM;
    b->imports[b->n_imports++] = x;
    return 0;
}

static int read_lines(struct indicator_book *b, uint32_t id, struct str text, struct diag *err, const char *path) {
    struct str rest = text, line, last[2] = {STR(""), STR("")};
    struct arena row;
    uint32_t groups = b->groups;
    unsigned n = 0;
    int r = 0;
    arena_init(&row, 16 << 20);
    while (r == 0 && str_split(&rest, '\n', &line)) {
        struct json_value *o;
        if (!line.n)
            continue;
        n++;
        if ((r = json_parse(&row, line, &o, NULL)) == 0)
            r = n == 1 ? read_head(b, id, line, o) : read_row(b, id, groups, o, last);
        arena_reset(&row);
    }
    arena_done(&row);
    if (r == 0 && n == 0)
        r = -ERR_CORRUPT;
    return r < 0 ? diag_set_at(err, r == -ENOMEM || r == -ERR_LIMIT ? r : -ERR_CORRUPT, path, n, 0, "this import cannot be read: %s", err_word(r)) : 0;
}

static int read_import(struct indicator_book *b, const char *dir, uint32_t id, struct diag *err) {
    char path[PATH_MAX];
    struct arena a;
    struct str text;
    arena_init(&a, (size_t) FILE_BYTES_MAX + 65536);
    int r = import_path(path, dir, id);
    r = r < 0 ? diag_set(err, r, "the name of the data folder is too long") : file_read(&a, path, FILE_BYTES_MAX, &text, err);
    if (r == 0)
        r = read_lines(b, id, text, err, path);
    arena_done(&a);
    return r;
}

static int by_number(const void *pa, const void *pb) {
    uint32_t a = *(const uint32_t *) pa, b = *(const uint32_t *) pb;
    return (a > b) - (a < b);
}

int indicator_book_load(const char *dir, struct indicator_book *ret, struct diag *reterr) {
    struct indicator_book b = {0};
    uint32_t ids[INDICATOR_IMPORTS_MAX];
    size_t n = 0;
    struct dirent *e;
    DIR *d = opendir(dir);
    int r = !d && errno != ENOENT ? diag_set(reterr, -errno, "cannot open '%s': %s", dir, err_word(-errno)) : 0;
    while (d && (e = readdir(d))) {
        uint64_t id;
        struct str name = str_of(e->d_name);
        if (name.n == 15 && str_ends(name, STR(".import")) && str_to_u64(str_to(name, 8), &id) == 0 && n < INDICATOR_IMPORTS_MAX)
            ids[n++] = (uint32_t) id;
    }
    if (d)
        closedir(d);
    qsort(ids, n, sizeof *ids, by_number);
    arena_init(&b.arena, INDICATOR_LIST_BYTES_MAX);
    map_init(&b.by_value, INDICATORS_MAX, 0);
    for (size_t i = 0; i < n && r == 0; i++)
        r = read_import(&b, dir, ids[i], reterr);
    if (r < 0)
        indicator_book_done(&b);
    else
        *ret = b;
    return r;
}

int indicator_book_of_list(const struct indicator_list *l, struct indicator_book *ret) {
    struct indicator_book b = {0};
    int r = 0;
    arena_init(&b.arena, INDICATOR_LIST_BYTES_MAX);
    map_init(&b.by_value, INDICATORS_MAX, 0);
    for (size_t i = 0; i < l->n && r == 0; i++) {
        const struct indicator *x = &l->at[i];
        struct indicator_entry *e = NULL;
        r = entry_of(&b, x->kind, x->value, &e);
        if (r == 0 && (r = grow_origins(&b, e)) == 0)
            e->origins[e->n++] = (struct indicator_origin){.group = x->group, .group_n = (uint8_t) group_size(l, i), .tlp = (uint8_t) x->tlp, .confidence = (int8_t) x->confidence,
                                                           .source = x->source, .id = x->id, .note = x->note, .first_ns = x->first_ns, .last_ns = x->last_ns,
                                                           .valid_until_ns = x->valid_until_ns};
    }
    if (r < 0)
        indicator_book_done(&b);
    else
        *ret = b;
    return r;
}

const struct indicator_origin *indicator_entry_holds(const struct indicator_entry *e, int64_t time_ns) {
    const struct indicator_origin *best = NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct indicator_origin *o = &e->origins[i];
        if (time_ns != TIME_NONE && o->valid_until_ns != TIME_NONE && o->valid_until_ns <= time_ns)
            continue;
        if (!best || o->confidence > best->confidence)
            best = o;
    }
    return best;
}

int64_t indicator_book_changed(const char *dir) {
    char path[PATH_MAX];
    struct stat st;
    if (path_of(path, dir, "changed") < 0 || stat(path, &st) < 0)
        return 0;
    return (int64_t) st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
}

/* ---- writing ---- */

void indicator_book_count(const struct indicator_book *b, const struct indicator_list *l, struct indicator_counts *ret) {
    *ret = (struct indicator_counts){.refused = l->refused_total, .same = l->same, .passed = l->passed};
    for (size_t i = 0; i < l->n; i++) {
        bool known = indicator_book_find(b, l->at[i].kind, l->at[i].value);
        ret->known += known;
        ret->fresh += !known;
    }
}

void indicator_refused_write(const struct indicator_list *l, size_t max, struct jsonw *w) {
    jsonw_array(w);
    for (size_t i = 0; i < MIN(l->n_refused, max); i++) {
        const struct indicator_refused *x = &l->refused[i];
        jsonw_object(w);
        jsonw_kstr(w, "value", x->value);
        jsonw_kz(w, "why", indicator_why_to_string(x->why));
        jsonw_kstr(w, "detail", x->detail);
        jsonw_ku64(w, "line", x->line);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void put_seconds(struct jsonw *w, const char *key, int64_t t_ns) {
    if (t_ns != TIME_NONE)
        jsonw_ki64(w, key, t_ns / NS_PER_S - (t_ns % NS_PER_S < 0));
}

static void put_text(struct jsonw *w, const char *key, struct str s) {
    if (s.n)
        jsonw_kstr(w, key, s);
}

static void write_row(struct jsonw *w, const struct indicator_list *l, size_t at) {
    const struct indicator *x = &l->at[at];
    unsigned of = group_size(l, at);
    jsonw_object(w);
    jsonw_kz(w, "kind", indicator_kind_to_string(x->kind));
    jsonw_kstr(w, "value", x->value);
    jsonw_kz(w, "tlp", indicator_tlp_to_string(x->tlp));
    if (x->confidence >= 0)
        jsonw_ki64(w, "confidence", x->confidence);
    put_text(w, "source", x->source);
    put_text(w, "id", x->id);
    put_text(w, "note", x->note);
    put_seconds(w, "first", x->first_ns);
    put_seconds(w, "last", x->last_ns);
    put_seconds(w, "until", x->valid_until_ns);
    if (x->group) {
        jsonw_ku64(w, "group", x->group);
        jsonw_ku64(w, "of", of);
    }
    jsonw_end(w);
}

static void write_head(struct buf *out, const struct indicator_book *b, const struct indicator_importing *x) {
    struct indicator_counts c;
    struct jsonw w;
    indicator_book_count(b, x->list, &c);
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kstr(&w, "name", x->name);
    jsonw_kz(&w, "format", indicator_format_to_string(x->format));
    jsonw_kstr(&w, "by", x->by);
    put_seconds(&w, "at", x->at_ns);
    jsonw_ku64(&w, "n", x->list->n);
    jsonw_ku64(&w, "new", c.fresh);
    jsonw_ku64(&w, "known", c.known);
    jsonw_ku64(&w, "refused_total", c.refused);
    jsonw_key(&w, STR("refused"));
    indicator_refused_write(x->list, INDICATOR_REFUSED_MAX, &w);
    jsonw_end(&w);
    buf_add_byte(out, '\n');
}

static int tell(const char *dir, struct diag *err) {
    char path[PATH_MAX];
    int r = path_of(path, dir, "changed");
    return r < 0 ? r : file_write_atomic(path, STR("\n"), 0600, err);
}

static int next_id(const char *dir, const struct indicator_book *b, uint32_t *ret, struct diag *err) {
    char path[PATH_MAX], text[32];
    struct arena a;
    struct str s;
    uint64_t next = 1;
    arena_init(&a, 65536);
    int r = path_of(path, dir, "next");
    if (r == 0 && (r = file_read(&a, path, 64, &s, NULL)) == 0 && str_to_u64(str_trim(s), &next) < 0)
        next = 1;
    arena_done(&a);
    for (size_t i = 0; i < b->n_imports; i++)
        next = MAX(next, (uint64_t) b->imports[i].id + 1);
    if (next >= 99999999)
        return diag_set(err, -ERR_LIMIT, "no number is left for an import");
    *ret = (uint32_t) next;
    int n = snprintf(text, sizeof text, "%llu\n", (unsigned long long) next + 1);
    return file_write_atomic(path, str_n(text, (size_t) n), 0600, err);
}

int indicator_book_add(const char *dir, const struct indicator_book *b, const struct indicator_importing *x, uint32_t *ret_id, struct diag *reterr) {
    char path[PATH_MAX];
    struct buf out;
    struct jsonw w;
    uint32_t id = 0;
    if (b->n_imports >= INDICATOR_IMPORTS_MAX)
        return diag_set(reterr, -ERR_LIMIT, "%d imports are kept already; remove some that have ended", INDICATOR_IMPORTS_MAX);
    if (b->n + x->list->n > INDICATORS_MAX)
        return diag_set(reterr, -ERR_LIMIT, "with these there would be more than %d indicators", INDICATORS_MAX);
    buf_init(&out, FILE_BYTES_MAX);
    write_head(&out, b, x);
    for (size_t i = 0; i < x->list->n; i++) {
        jsonw_init(&w, &out);
        write_row(&w, x->list, i);
        buf_add_byte(&out, '\n');
    }
    int r = buf_error(&out);
    r = r < 0 ? diag_set(reterr, r, "cannot write the import: %s", err_word(r)) : next_id(dir, b, &id, reterr);
    if (r == 0 && (r = import_path(path, dir, id)) == 0)
        r = file_write_atomic(path, buf_str(&out), 0600, reterr);
    buf_done(&out);
    if (r == 0)
        r = tell(dir, reterr);
    if (r == 0)
        *ret_id = id;
    return r;
}

int indicator_book_remove(const char *dir, uint32_t id, struct diag *reterr) {
    char path[PATH_MAX];
    int r = import_path(path, dir, id);
    if (r < 0)
        return diag_set(reterr, r, "the name of the data folder is too long");
    if (unlink(path) < 0)
        return diag_set(reterr, -errno, errno == ENOENT ? "there is no import %u" : "cannot remove import %u", id);
    return tell(dir, reterr);
}

int indicator_book_lock(const char *dir, struct diag *reterr) {
    char path[PATH_MAX];
    int r = file_make_dir(dir, 0700, reterr);
    if (r == 0)
        r = path_of(path, dir, "lock");
    if (r < 0)
        return r;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot open '%s': %s", path, err_word(-errno));
    if (flock(fd, LOCK_EX) < 0) {
        r = diag_set(reterr, -errno, "cannot lock '%s': %s", path, err_word(-errno));
        close(fd);
        return r;
    }
    return fd;
}

/* ---- telling ---- */

static void write_origin(const struct indicator_book *b, const struct indicator_origin *o, struct jsonw *w) {
    const struct indicator_import *i = indicator_book_import(b, o->import);
    jsonw_object(w);
    jsonw_ku64(w, "import", o->import);
    jsonw_kstr(w, "name", i ? i->name : STR(""));
    jsonw_kstr(w, "source", o->source);
    jsonw_kstr(w, "id", o->id);
    jsonw_kstr(w, "note", o->note);
    jsonw_kz(w, "tlp", indicator_tlp_to_string(o->tlp));
    jsonw_key(w, STR("confidence"));
    if (o->confidence < 0)
        jsonw_null(w);
    else
        jsonw_i64(w, o->confidence);
    jsonw_ktime(w, "first", o->first_ns);
    jsonw_ktime(w, "last", o->last_ns);
    jsonw_ktime(w, "until", o->valid_until_ns);
    jsonw_ku64(w, "together", o->group ? o->group_n : 0);
    jsonw_end(w);
}

void indicator_entry_write(const struct indicator_book *b, const struct indicator_entry *e, struct jsonw *w) {
    jsonw_object(w);
    jsonw_kz(w, "kind", indicator_kind_to_string(e->kind));
    jsonw_kstr(w, "value", e->value);
    jsonw_key(w, STR("origins"));
    jsonw_array(w);
    for (uint32_t i = 0; i < e->n; i++)
        write_origin(b, &e->origins[i], w);
    jsonw_end(w);
    jsonw_end(w);
}

void indicator_import_write(const struct indicator_import *i, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ku64(w, "id", i->id);
    jsonw_kstr(w, "name", i->name);
    jsonw_kz(w, "format", indicator_format_to_string(i->format));
    jsonw_kstr(w, "by", i->by);
    jsonw_ktime(w, "at", i->at_ns);
    jsonw_ku64(w, "n", i->n);
    jsonw_ku64(w, "new", i->n_new);
    jsonw_ku64(w, "refused", i->n_refused);
    jsonw_end(w);
}
