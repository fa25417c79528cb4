/* See spec.h. A file:
 *
 *   import: systems                     name
 *   title: {ja: 情報システム, en: systems}
 *   key: name                           the field that names a row
 *   compose: [group, days]              optional: what it is made of where that field is empty
 *   fields:
 *     - name: importance
 *       title: {ja: 重要度, en: importance}
 *       hint: {ja: …, en: …}            optional, shown beside the field
 *       names: [優先度, criticality]    further names of the column
 *       kind: choice                    text, name, choice, date, phone, code, list, choices, ref, refs, hours
 *       required: true                  optional
 *       max: 200                        characters, 200 unless said
 *       digits: 7                       of a code
 *       to: organisations               of a ref and refs: the register it names rows of
 *       loose: true                     a name that is not there is kept and said; without it the row is refused
 *       acyclic: true                   following it must not lead back to the row
 *       choices:
 *         - {value: high, title: {ja: 高, en: high}, names: [A, 大]}
 *   personal: …, needs: …, log: …       what the room makes of the rows: src/room/register_kind.h */
#include "table/spec.h"

#include "base/buf.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/yaml.h"

#include <dirent.h>
#include <limits.h>

static const char *const kinds[IMPORT_KIND_MAX_] = {"text", "name", "choice", "date", "phone", "code", "list", "choices", "ref", "refs", "hours"};

const char *import_kind_to_string(enum import_kind k) {
    return kinds[k];
}

/* ---- comparing ---- */

static bool is_sign(const char *p, size_t n) {
    static const char *const signs[] = {" ", "\t", "\n", "\r", "*", "_", "-", ".", ":", "/", "#", "\"", "'", "・", "※", "、", "。",
                                        "★", "●", "■", "□", "◆"};
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (n == strlen(signs[i]) && memcmp(p, signs[i], n) == 0)
            return true;
    return false;
}

static size_t length_at(struct str s, size_t i) {
    unsigned char c = (unsigned char) s.p[i];
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return MIN(n, s.n - i);
}

/* NFKC has made full-width brackets ordinary ones. */
struct str import_fold(struct arena *a, struct str utf8) {
    struct str s = text_fold(a, utf8);
    char *p = s.p ? arena_alloc(a, s.n + 1) : NULL;
    size_t n = 0, depth = 0;
    for (size_t i = 0, k; p && i < s.n; i += k) {
        k = length_at(s, i);
        bool opens = s.p[i] == '(' || s.p[i] == '[', closes = s.p[i] == ')' || s.p[i] == ']';
        depth += opens;
        bool drop = depth || is_sign(s.p + i, k);
        depth -= closes && depth;
        if (!drop) {
            memcpy(p + n, s.p + i, k);
            n += k;
        }
    }
    return p ? str_n(p, n) : STR_NULL;
}

/* ---- reading ---- */

struct loading {
    struct arena *a;
    const char *file;
    struct diag *err;
};

static int no_memory(struct loading *l) {
    return diag_set(l->err, -ENOMEM, "out of memory");
}

static int read_title(struct loading *l, const struct yaml_node *at, const char *key, bool needed, struct str *ja, struct str *en) {
    const struct yaml_node *t = yaml_get(at, key);
    *ja = *en = STR("");
    if (!t && !needed)
        return 0;
    if (!t || !yaml_get_str(t, "ja", ja) || !yaml_get_str(t, "en", en))
        return yaml_error(l->err, -ERR_PARSE, l->file, t ? t : at, "'%s' wants a text in ja and in en", key);
    return 0;
}

/* The titles and further names, folded. */
static int read_names(struct loading *l, const struct yaml_node *at, struct str ja, struct str en, struct str more, const struct str **ret,
                      size_t *ret_n) {
    const struct yaml_node *list = yaml_get(at, "names");
    size_t n = 0, cap = 3 + (list ? list->n : 0);
    struct str *names = arena_alloc(l->a, cap * sizeof *names);
    if (!names)
        return no_memory(l);
    const struct str first[] = {ja, en, more};
    for (size_t i = 0; i < ARRAY_SIZE(first); i++)
        if (first[i].n)
            names[n++] = import_fold(l->a, first[i]);
    for (const struct yaml_node *v = list ? list->first : NULL; v; v = v->next)
        names[n++] = import_fold(l->a, v->text);
    for (size_t i = 0; i < n; i++)
        if (!names[i].p)
            return no_memory(l);
    *ret = names;
    *ret_n = n;
    return 0;
}

static int read_choices(struct loading *l, const struct yaml_node *at, struct import_field *f) {
    static const char *const keys[] = {"value", "title", "names", NULL};
    const struct yaml_node *list = yaml_get(at, "choices");
    struct import_choice *choices = arena_zalloc(l->a, (list ? list->n : 1) * sizeof *choices);
    if ((f->kind == IMPORT_CHOICE || f->kind == IMPORT_CHOICES) != (list && list->kind == YAML_SEQUENCE && list->n))
        return yaml_error(l->err, -ERR_PARSE, l->file, at, "a field of kind choice or choices, and no other, has choices");
    if (!choices)
        return no_memory(l);
    for (const struct yaml_node *v = list ? list->first : NULL; v; v = v->next) {
        struct import_choice *c = &choices[f->n_choices++];
        if (yaml_only_keys(v, keys, l->file, l->err) < 0)
            return -ERR_PARSE;
        if (!yaml_get_str(v, "value", &c->value) || !c->value.n)
            return yaml_error(l->err, -ERR_PARSE, l->file, v, "a choice without its value");
        int r = read_title(l, v, "title", true, &c->ja, &c->en);
        if (r == 0)
            r = read_names(l, v, c->ja, c->en, c->value, &c->names, &c->n_names);
        if (r < 0)
            return r;
    }
    f->choices = choices;
    return 0;
}

static int read_field(struct loading *l, const struct yaml_node *at, struct import_field *f) {
    static const char *const keys[] = {"name", "title", "hint", "names", "kind", "required", "max", "digits", "choices", "to", "loose", "acyclic", "press", NULL};
    struct str kind = STR("text");
    int64_t max = 200, digits = 0;
    if (at->kind != YAML_MAPPING || yaml_only_keys(at, keys, l->file, l->err) < 0)
        return yaml_error(l->err, -ERR_PARSE, l->file, at, "a field is a list of: name, title, hint, names, kind, required, max, digits, choices, to, loose, acyclic, press");
    if (!yaml_get_str(at, "name", &f->name) || !f->name.n || f->name.n > 64)
        return yaml_error(l->err, -ERR_PARSE, l->file, at, "a field without its name");
    (void) yaml_get_str(at, "kind", &kind);
    (void) yaml_get_i64(at, "max", &max);
    (void) yaml_get_i64(at, "digits", &digits);
    (void) yaml_get_bool(at, "required", &f->required);
    (void) yaml_get_str(at, "to", &f->to);
    (void) yaml_get_bool(at, "loose", &f->loose);
    (void) yaml_get_bool(at, "acyclic", &f->acyclic);
    (void) yaml_get_bool(at, "press", &f->press);
    f->kind = IMPORT_KIND_MAX_;
    for (int k = 0; k < IMPORT_KIND_MAX_; k++)
        if (str_eq_z(kind, kinds[k]))
            f->kind = (enum import_kind) k;
    if (f->kind == IMPORT_KIND_MAX_)
        return yaml_error(l->err, -ERR_PARSE, l->file, at, "there is no kind '%.*s'", STR_ARG(kind));
    if (max < 1 || max > 10000 || digits < 0 || digits > 40 || (digits > 0) != (f->kind == IMPORT_CODE))
        return yaml_error(l->err, -ERR_PARSE, l->file, at, "max is a number from 1 to 10000; a code, and nothing else, has digits from 1 to 40");
    if ((f->kind == IMPORT_REF || f->kind == IMPORT_REFS) ? !f->to.n : f->to.n || f->loose || f->acyclic)
        return yaml_error(l->err, -ERR_PARSE, l->file, at, "a field of kind ref or refs, and no other, has 'to', 'loose' and 'acyclic'");
    f->max = (uint32_t) max;
    f->digits = (uint32_t) digits;
    int r = read_title(l, at, "title", true, &f->ja, &f->en);
    if (r == 0)
        r = read_title(l, at, "hint", false, &f->hint_ja, &f->hint_en);
    if (r == 0)
        r = read_names(l, at, f->ja, f->en, f->name, &f->names, &f->n_names);
    return r == 0 ? read_choices(l, at, f) : r;
}

/* compose: [group, days] after the fields are known. */
static int read_compose(struct loading *l, const struct yaml_node *root, struct import_spec *s) {
    const struct yaml_node *list = yaml_get(root, "compose");
    size_t *at = arena_alloc(l->a, (list ? list->n + 1 : 1) * sizeof *at);
    if (!at)
        return no_memory(l);
    for (const struct yaml_node *v = list ? list->first : NULL; v; v = v->next) {
        const struct import_field *f = import_field_find(s, v->text);
        if (!f || f == &s->fields[s->key])
            return yaml_error(l->err, -ERR_PARSE, l->file, v, "'%.*s' is no field a row could be named by", STR_ARG(v->text));
        at[s->n_compose++] = (size_t) (f - s->fields);
    }
    s->compose = at;
    return 0;
}

int import_spec_parse(struct arena *a, struct str text, const char *file, struct import_spec *ret, struct diag *reterr) {
    static const char *const keys[] = {"import", "title", "key", "compose", "fields", "personal", "needs", "log", NULL};
    struct loading l = {a, file, reterr};
    struct yaml_doc *doc;
    struct str key;
    int r = yaml_parse(a, text, file, &doc, reterr);
    if (r < 0)
        return r;
    const struct yaml_node *root = doc ? doc->root : NULL, *list = yaml_get(root, "fields");
    *ret = (struct import_spec){0};
    if (!root || root->kind != YAML_MAPPING || !yaml_get_str(root, "import", &ret->name) || !yaml_get_str(root, "key", &key) || !list ||
        list->kind != YAML_SEQUENCE || !list->n || list->n > IMPORT_FIELDS_MAX)
        return diag_set_at(reterr, -ERR_PARSE, file, 1, 1, "a register's columns are: import, title, key and 1 to %d fields", IMPORT_FIELDS_MAX);
    if ((r = yaml_only_keys(root, keys, file, reterr)) < 0)
        return r;
    struct import_field *fields = arena_zalloc(a, list->n * sizeof *fields);
    if (!fields)
        return no_memory(&l);
    r = read_title(&l, root, "title", true, &ret->ja, &ret->en);
    ret->fields = fields;
    ret->key = SIZE_MAX;
    for (const struct yaml_node *v = list->first; r == 0 && v; v = v->next) {
        r = read_field(&l, v, &fields[ret->n_fields]);
        if (r == 0 && str_eq(fields[ret->n_fields].name, key))
            ret->key = ret->n_fields;
        ret->n_fields++;
    }
    if (r == 0 && (ret->key == SIZE_MAX || !fields[ret->key].required))
        r = yaml_error(reterr, -ERR_PARSE, file, root, "the key is one of the fields, and required");
    return r == 0 ? read_compose(&l, root, ret) : r;
}

struct str import_compose(struct arena *a, const struct import_spec *s, const struct str *values) {
    struct str name = STR("");
    for (size_t i = 0; name.p && i < s->n_compose; i++) {
        struct str v = values[s->compose[i]];
        if (v.n)
            name = name.n ? arena_printf(a, "%.*s %.*s", STR_ARG(name), STR_ARG(v)) : v;
    }
    return name;
}

static int is_yml(const struct dirent *e) {
    return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".yml"));
}

int import_specs_load(struct arena *a, const char *folder, struct import_spec **ret, size_t *ret_n, struct diag *reterr) {
    struct dirent **names;
    int n = scandir(folder, &names, is_yml, alphasort), r = 0;
    if (n < 0)
        return diag_set(reterr, -errno, "cannot read '%s': %s", folder, err_word(-errno));
    *ret = arena_zalloc(a, MAX(n, 1) * sizeof **ret);
    *ret_n = 0;
    for (int i = 0; i < n; i++) {
        char *path = arena_alloc(a, PATH_MAX);
        struct str text;
        if (r == 0 && (!*ret || !path))
            r = diag_set(reterr, -ENOMEM, "out of memory");
        if (r == 0) {
            snprintf(path, PATH_MAX, "%s/%s", folder, names[i]->d_name);
            r = file_read(a, path, YAML_BYTES_MAX, &text, reterr);
        }
        if (r == 0)
            r = import_spec_parse(a, text, path, &(*ret)[(*ret_n)++], reterr);
        free(names[i]);
    }
    free(names);
    return r;
}

const struct import_spec *import_spec_find(const struct import_spec *specs, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(specs[i].name, name))
            return &specs[i];
    return NULL;
}

const struct import_field *import_field_find(const struct import_spec *s, struct str name) {
    for (size_t i = 0; i < s->n_fields; i++)
        if (str_eq(s->fields[i].name, name))
            return &s->fields[i];
    return NULL;
}

/* ---- telling ---- */

static void write_titles(struct jsonw *w, const char *key, struct str ja, struct str en) {
    jsonw_key(w, str_of(key));
    jsonw_object(w);
    jsonw_kstr(w, "ja", ja);
    jsonw_kstr(w, "en", en);
    jsonw_end(w);
}

void import_spec_write(const struct import_spec *s, struct jsonw *w) {
    jsonw_object(w);
    jsonw_kstr(w, "name", s->name);
    write_titles(w, "titles", s->ja, s->en);
    jsonw_kstr(w, "key", s->fields[s->key].name);
    jsonw_key(w, STR("fields"));
    jsonw_array(w);
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct import_field *f = &s->fields[i];
        jsonw_object(w);
        jsonw_kstr(w, "name", f->name);
        write_titles(w, "titles", f->ja, f->en);
        write_titles(w, "hint", f->hint_ja, f->hint_en);
        jsonw_kz(w, "kind", kinds[f->kind]);
        jsonw_kbool(w, "required", f->required);
        jsonw_kbool(w, "press", f->press);
        jsonw_ku64(w, "max", f->max);
        jsonw_key(w, STR("to"));
        if (f->to.n)
            jsonw_str(w, f->to);
        else
            jsonw_null(w);
        jsonw_key(w, STR("choices"));
        jsonw_array(w);
        for (size_t k = 0; k < f->n_choices; k++) {
            jsonw_object(w);
            jsonw_kstr(w, "value", f->choices[k].value);
            write_titles(w, "titles", f->choices[k].ja, f->choices[k].en);
            jsonw_end(w);
        }
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
}

void import_template_write(const struct import_spec *s, bool ja, struct buf *out) {
    buf_add_z(out, "\xef\xbb\xbf");
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct import_field *f = &s->fields[i];
        buf_add_z(out, i ? ",\"" : "\"");
        buf_add(out, ja ? f->ja : f->en);
        for (size_t k = 0; k < f->n_choices; k++) { /* in brackets: passed over when the column is matched */
            buf_add_z(out, k ? "/" : "(");
            buf_add(out, ja ? f->choices[k].ja : f->choices[k].en);
        }
        buf_add_z(out, f->n_choices ? ")\"" : "\"");
    }
    buf_add_z(out, "\r\n");
}

/* A choice by its word, anything else as it is. */
static void add_word(const struct import_field *f, bool ja, struct str value, struct buf *out) {
    for (size_t i = 0; i < f->n_choices; i++)
        if (str_eq(f->choices[i].value, value)) {
            buf_add(out, ja ? f->choices[i].ja : f->choices[i].en);
            return;
        }
    buf_add(out, value);
}

void import_row_write(const struct import_spec *s, bool ja, const struct json_value *values, struct buf *out) {
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct import_field *f = &s->fields[i];
        struct str text = STR(""), one;
        struct buf cell;
        buf_init(&cell, 1 << 20);
        for (const struct json_value *v = values->first; v; v = v->next)
            if (v->type == JSON_STRING && str_eq(v->key, f->name))
                text = v->text;
        for (size_t n = 0; text.n && str_split(&text, '\n', &one); n++) {
            if (n)
                buf_add_byte(&cell, '\n');
            add_word(f, ja, one, &cell);
        }
        csv_cell(out, i == 0, buf_str(&cell));
        buf_done(&cell);
    }
    csv_end_row(out);
}
