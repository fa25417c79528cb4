/* See schema.h. A schema is walked as the tree it was read as, beside the value: no compiled form, files of packs are small.
 * Patterns are compiled at each use for the same reason; they are ours, only the texts they meet come from elsewhere, and those
 * are cut at TEXT_MAX. */
#include "pack/schema.h"

#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "base/utf8.h"

#include <regex.h>

enum { TEXT_MAX = 4096 };

struct pack_schema {
    const char *file;
    const struct yaml_node *root;
};

struct walk {
    const struct pack_schema *schema;
    const char *file;
    struct diag *err;
    const char *wanted; /* the description that stands nearest */
    size_t wanted_n;
    unsigned depth;
    unsigned *steps; /* one count, also of the quiet walks */
};

static int visit(struct walk *w, const struct yaml_node *s, const struct yaml_node *v);

/* ---- what a value is ---- */

static bool is_bool(const struct yaml_node *v, bool *ret) {
    bool yes = str_eq_z(v->text, "true");
    *ret = yes;
    return v->kind == YAML_SCALAR && v->plain && (yes || str_eq_z(v->text, "false"));
}

/* A number as YAML and JSON both write it: no hexadecimal, no infinity, no underscore. */
static bool is_number(const struct yaml_node *v, double *ret) {
    return v->kind == YAML_SCALAR && v->plain && v->text.n && v->text.n < 32 && str_to_double(v->text, ret) == 0;
}

static bool is_integer(const struct yaml_node *v) {
    int64_t n;
    return v->kind == YAML_SCALAR && v->plain && str_to_i64(v->text, &n) == 0;
}

static bool is_of(struct str type, const struct yaml_node *v) {
    bool b;
    double d;
    if (str_eq_z(type, "object"))
        return v->kind == YAML_MAPPING;
    if (str_eq_z(type, "array"))
        return v->kind == YAML_SEQUENCE;
    if (str_eq_z(type, "string"))
        return v->kind == YAML_SCALAR && !yaml_is_null(v);
    if (str_eq_z(type, "integer"))
        return is_integer(v);
    if (str_eq_z(type, "number"))
        return is_number(v, &d);
    if (str_eq_z(type, "boolean"))
        return is_bool(v, &b);
    return yaml_is_null(v);
}

static const char *what_is(const struct yaml_node *v) {
    return v->kind == YAML_MAPPING ? "a mapping" : v->kind == YAML_SEQUENCE ? "a list" : yaml_is_null(v) ? "nothing" : "a word";
}

/* ---- saying no ---- */

static int no(struct walk *w, const struct yaml_node *v, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int no(struct walk *w, const struct yaml_node *v, const char *fmt, ...) {
    char text[256];
    va_list ap;
    if (!w->err)
        return -ERR_PARSE;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return w->wanted_n ? yaml_error(w->err, -ERR_PARSE, w->file, v, "%s; wanted: %.*s", text, (int) MIN(w->wanted_n, 240), w->wanted)
                       : yaml_error(w->err, -ERR_PARSE, w->file, v, "%s", text);
}

/* Text from elsewhere inside a sentence: short, and without what a terminal would obey. */
static struct str shown(struct str s) {
    static _Thread_local char text[64];
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < 40; i++)
        text[n++] = (unsigned char) s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i];
    while (n && n == 40 && ((unsigned char) text[n - 1] & 0xc0) == 0x80)
        n--;
    return str_n(text, n);
}

/* ---- keywords ---- */

typedef int keyword_fn(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s);

static int key_type(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    bool fits = k->kind == YAML_SCALAR && is_of(k->text, v);
    for (const struct yaml_node *e = k->first; e && !fits; e = e->next)
        fits = is_of(e->text, v);
    return fits ? 0 : no(w, v, "%s%s%.*s stands here", what_is(v), v->kind == YAML_SCALAR && v->text.n ? " like " : "",
                         STR_ARG(shown(v->kind == YAML_SCALAR ? v->text : STR_NULL)));
}

static int key_const(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    return v->kind == YAML_SCALAR && str_eq(k->text, v->text) ? 0 : no(w, v, "only '%.*s' may stand here", STR_ARG(k->text));
}

static int key_enum(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    char words[200];
    size_t n = 0;
    for (const struct yaml_node *e = k->first; e; e = e->next) {
        if (v->kind == YAML_SCALAR && str_eq(e->text, v->text))
            return 0;
        int more = n < sizeof words ? snprintf(words + n, sizeof words - n, "%s%.*s", n ? ", " : "", STR_ARG(e->text)) : 0;
        n += (size_t) MAX(more, 0);
    }
    return no(w, v, "'%.*s' is none of %s", STR_ARG(shown(v->kind == YAML_SCALAR ? v->text : STR(""))), words);
}

static int key_properties(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    int e = 0;
    for (const struct yaml_node *p = v->kind == YAML_MAPPING ? v->first : NULL; p && e == 0; p = p->next)
        for (const struct yaml_node *q = k->first; q && e == 0; q = q->next)
            if (str_eq(q->key->text, p->key->text))
                e = visit(w, q, p);
    return e;
}

static int key_required(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    for (const struct yaml_node *e = v->kind == YAML_MAPPING ? k->first : NULL; e; e = e->next) {
        bool there = false;
        for (const struct yaml_node *p = v->first; p && !there; p = p->next)
            there = str_eq(p->key->text, e->text);
        if (!there)
            return no(w, v, "'%.*s' is missing here", STR_ARG(e->text));
    }
    return 0;
}

/* false, or a schema of what other keys hold. */
static int key_additional(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s) {
    const struct yaml_node *known = yaml_get(s, "properties");
    bool open;
    int e = 0;
    if (is_bool(k, &open) && open)
        return 0;
    for (const struct yaml_node *p = v->kind == YAML_MAPPING ? v->first : NULL; p && e == 0; p = p->next) {
        bool there = false;
        for (const struct yaml_node *q = known ? known->first : NULL; q && !there; q = q->next)
            there = str_eq(q->key->text, p->key->text);
        if (!there)
            e = k->kind == YAML_MAPPING ? visit(w, k, p) : no(w, p->key, "'%.*s' is no key here; remove it", STR_ARG(shown(p->key->text)));
    }
    return e;
}

static int key_names(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    int e = 0;
    for (const struct yaml_node *p = v->kind == YAML_MAPPING ? v->first : NULL; p && e == 0; p = p->next)
        e = visit(w, k, p->key);
    return e;
}

static int key_items(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    int e = 0;
    for (const struct yaml_node *p = v->kind == YAML_SEQUENCE ? v->first : NULL; p && e == 0; p = p->next)
        e = visit(w, k, p);
    return e;
}

static int64_t whole(const struct yaml_node *k) {
    int64_t n = 0;
    IGNORE(str_to_i64(k->text, &n));
    return n;
}

#define COUNTED(name, of, better, words)                                                                                             \
    static int name(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {        \
        return v->kind != (of) || (int64_t) v->n better whole(k) ? 0 : no(w, v, "%u stand here, " words " %.*s", v->n, STR_ARG(k->text)); \
    }
COUNTED(key_min_items, YAML_SEQUENCE, >=, "wanted are at least")
COUNTED(key_max_items, YAML_SEQUENCE, <=, "allowed are at most")
COUNTED(key_min_properties, YAML_MAPPING, >=, "wanted are at least")
COUNTED(key_max_properties, YAML_MAPPING, <=, "allowed are at most")

static size_t characters(struct str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char) s.p[i] & 0xc0) != 0x80;
    return n;
}

static int key_min_length(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    return v->kind != YAML_SCALAR || (int64_t) characters(v->text) >= whole(k) ? 0 : no(w, v, "the text is empty or too short");
}

static int key_max_length(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    return v->kind != YAML_SCALAR || (int64_t) characters(v->text) <= whole(k)
               ? 0
               : no(w, v, "the text is longer than %.*s characters", STR_ARG(k->text));
}

static int key_pattern(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    char text[TEXT_MAX + 1], pattern[512];
    regex_t r;
    if (v->kind != YAML_SCALAR)
        return 0;
    if (v->text.n > TEXT_MAX || memchr(v->text.p, 0, v->text.n))
        return no(w, v, "the text is too long, or has a zero byte");
    if (k->text.n >= sizeof pattern)
        return -ERR_UNSUPPORTED;
    memcpy(text, v->text.p, v->text.n);
    text[v->text.n] = 0;
    memcpy(pattern, k->text.p, k->text.n);
    pattern[k->text.n] = 0;
    if (regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return -ERR_UNSUPPORTED;
    bool fits = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return fits ? 0 : no(w, v, "'%.*s' may not stand here", STR_ARG(shown(v->text)));
}

static int key_minimum(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    double is, least;
    return !is_number(v, &is) || (is_number(k, &least) && is >= least) ? 0 : no(w, v, "%.*s is less than %.*s", STR_ARG(shown(v->text)), STR_ARG(k->text));
}

static int key_maximum(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    double is, most;
    return !is_number(v, &is) || (is_number(k, &most) && is <= most) ? 0 : no(w, v, "%.*s is more than %.*s", STR_ARG(shown(v->text)), STR_ARG(k->text));
}

static int key_format(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    char text[64];
    int64_t t;
    int offset, n;
    if (v->kind != YAML_SCALAR)
        return 0;
    bool date = str_eq_z(k->text, "date");
    if (v->text.n > 40 || (date && v->text.n != 10))
        return no(w, v, "'%.*s' is no %.*s", STR_ARG(shown(v->text)), STR_ARG(k->text));
    snprintf(text, sizeof text, "%.*s%s", STR_ARG(v->text), date ? "T00:00:00Z" : "");
    n = time_parse_iso(str_of(text), &t, &offset);
    return n > 0 && (size_t) n == strlen(text) && offset != TIME_NO_OFFSET ? 0
                                                                          : no(w, v, "'%.*s' is no %.*s", STR_ARG(shown(v->text)), STR_ARG(k->text));
}

/* The same with nobody told. */
static bool fits_quietly(struct walk *w, const struct yaml_node *s, const struct yaml_node *v) {
    struct walk quiet = *w;
    quiet.err = NULL;
    return visit(&quiet, s, v) == 0;
}

static int key_all_of(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    int e = 0;
    for (const struct yaml_node *one = k->first; one && e == 0; one = one->next)
        e = visit(w, one, v);
    return e;
}

static int key_any_of(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    for (const struct yaml_node *one = k->first; one; one = one->next)
        if (fits_quietly(w, one, v))
            return 0;
    return no(w, v, "this does not fit");
}

static int key_if(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s) {
    const struct yaml_node *then = yaml_get(s, "then");
    return then && fits_quietly(w, k, v) ? visit(w, then, v) : 0;
}

static int key_ref(struct walk *w, const struct yaml_node *k, const struct yaml_node *v, const struct yaml_node *s UNUSED) {
    const struct yaml_node *defs = yaml_get(w->schema->root, "$defs");
    struct str name = str_from(k->text, STR("#/$defs/").n);
    for (const struct yaml_node *d = defs && str_starts(k->text, STR("#/$defs/")) ? defs->first : NULL; d; d = d->next)
        if (str_eq(d->key->text, name))
            return visit(w, d, v);
    return -ERR_UNSUPPORTED;
}

/* How a keyword's own value is made, for who looks at a schema. */
enum shape { SAYS_NOTHING, PLAIN, SCHEMA, SCHEMAS, SCHEMAS_BY_NAME };
static const struct keyword {
    const char *name;
    keyword_fn *fn; /* NULL: says nothing about a value by itself */
    enum shape shape;
} KEYWORDS[] = { /* type comes first: what is told of a list where a word is wanted is that */
    {"type", key_type, PLAIN},
    {"$ref", key_ref, PLAIN},
    {"const", key_const, PLAIN},
    {"enum", key_enum, PLAIN},
    {"format", key_format, PLAIN},
    {"minLength", key_min_length, PLAIN},
    {"maxLength", key_max_length, PLAIN},
    {"pattern", key_pattern, PLAIN},
    {"minimum", key_minimum, PLAIN},
    {"maximum", key_maximum, PLAIN},
    {"minItems", key_min_items, PLAIN},
    {"maxItems", key_max_items, PLAIN},
    {"minProperties", key_min_properties, PLAIN},
    {"maxProperties", key_max_properties, PLAIN},
    {"additionalProperties", key_additional, SCHEMA},
    {"propertyNames", key_names, SCHEMA},
    {"required", key_required, PLAIN},
    {"properties", key_properties, SCHEMAS_BY_NAME},
    {"items", key_items, SCHEMA},
    {"allOf", key_all_of, SCHEMAS},
    {"anyOf", key_any_of, SCHEMAS},
    {"if", key_if, SCHEMA},
    {"then", NULL, SCHEMA},
    {"$defs", NULL, SCHEMAS_BY_NAME},
    {"$schema", NULL, SAYS_NOTHING},
    {"$id", NULL, SAYS_NOTHING},
    {"$comment", NULL, SAYS_NOTHING},
    {"title", NULL, SAYS_NOTHING},
    {"description", NULL, SAYS_NOTHING},
};

static int visit(struct walk *w, const struct yaml_node *s, const struct yaml_node *v) {
    const char *wanted = w->wanted;
    size_t wanted_n = w->wanted_n;
    struct str says;
    int e = 0;
    if (w->depth == PACK_SCHEMA_DEPTH_MAX || ++*w->steps > PACK_SCHEMA_STEPS_MAX)
        return w->err ? yaml_error(w->err, -ERR_LIMIT, w->file, v, "nested too deeply, or too much; take less") : -ERR_LIMIT;
    w->depth++;
    if (yaml_get_str(s, "description", &says)) {
        w->wanted = says.p;
        w->wanted_n = says.n;
    }
    for (size_t i = 0; i < ARRAY_SIZE(KEYWORDS) && e == 0; i++) {
        const struct yaml_node *k = KEYWORDS[i].fn ? yaml_get(s, KEYWORDS[i].name) : NULL;
        if (k)
            e = KEYWORDS[i].fn(w, k, v, s);
    }
    w->wanted = wanted;
    w->wanted_n = wanted_n;
    w->depth--;
    return e;
}

/* ---- the schema itself ---- */

static int look_at(const struct pack_schema *s, const struct yaml_node *n, unsigned depth, struct diag *err);

static int look_at_keyword(const struct pack_schema *s, const struct keyword *k, const struct yaml_node *n, unsigned depth,
                           struct diag *err) {
    bool b;
    int e = 0;
    if (k->shape == SCHEMA)
        return is_bool(n, &b) ? 0 : look_at(s, n, depth, err);
    if (k->shape == SCHEMAS || k->shape == SCHEMAS_BY_NAME)
        for (const struct yaml_node *one = n->first; one && e == 0; one = one->next)
            e = look_at(s, one, depth, err);
    return e;
}

static int look_at(const struct pack_schema *s, const struct yaml_node *n, unsigned depth, struct diag *err) {
    int e = 0;
    if (n->kind != YAML_MAPPING || depth > PACK_SCHEMA_DEPTH_MAX)
        return yaml_error(err, -ERR_PARSE, s->file, n, "a schema is a mapping");
    for (const struct yaml_node *p = n->first; p && e == 0; p = p->next) {
        const struct keyword *k = NULL;
        for (size_t i = 0; i < ARRAY_SIZE(KEYWORDS) && !k; i++)
            if (str_eq_z(p->key->text, KEYWORDS[i].name))
                k = &KEYWORDS[i];
        e = k ? look_at_keyword(s, k, p, depth + 1, err)
              : yaml_error(err, -ERR_UNSUPPORTED, s->file, p->key, "'%.*s' is no keyword that is checked here", STR_ARG(p->key->text));
    }
    return e;
}

int pack_schema_load(struct arena *a, const char *path, const struct pack_schema **ret, struct diag *reterr) {
    struct pack_schema *s = arena_zalloc(a, sizeof *s);
    struct yaml_doc *docs = NULL;
    if (!s || !(s->file = arena_dup_z(a, str_of(path))))
        return diag_set(reterr, -ENOMEM, "out of memory");
    int e = yaml_parse_file(a, path, &docs, reterr);
    if (e < 0)
        return e;
    if (!docs || !docs->root)
        return diag_set_at(reterr, -ERR_PARSE, path, 1, 1, "a schema is a mapping");
    s->root = docs->root;
    e = look_at(s, s->root, 0, reterr);
    if (e == 0)
        *ret = s;
    return e;
}

int pack_schema_check(const struct pack_schema *s, const char *file, const struct yaml_node *value, struct diag *reterr) {
    struct diag told = {0}; /* visit tells nobody where err is NULL */
    unsigned steps = 0;
    struct walk w = {.schema = s, .file = file, .err = &told, .steps = &steps};
    int e = visit(&w, s->root, value);
    if (e == -ERR_UNSUPPORTED)
        return diag_set(reterr, e, "the schema '%s' cannot be followed", s->file);
    if (e < 0 && reterr)
        *reterr = told;
    return e;
}
