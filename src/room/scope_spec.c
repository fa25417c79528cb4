/* See scope_spec.h. */
#include "room/scope_spec.h"

#include "base/file.h"
#include "base/ip.h"
#include "base/limits.h"
#include "base/time.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define VALUE_BYTES_MAX 500
#define QUERY_BYTES_MAX 65536
static const char *const kinds[SCOPE_KIND_MAX_] = {"text", "pattern", "address"};
static const char *const froms[] = {"source", "account", "service", "host"};

/* ---- reading ---- */

struct reading {
    const char *file;
    struct diag *err;
};

static int wrong(const struct reading *x, const struct yaml_node *at, const char *what) {
    return yaml_error(x->err, -ERR_PARSE, x->file, at, "%s", what);
}

static struct str text_of(const struct yaml_node *at, const char *key) {
    struct str s = STR("");
    if (at && yaml_get(at, key))
        (void) yaml_get_str(at, key, &s);
    return s;
}

static int need_words(const struct reading *x, const struct yaml_node *at, const char *key) {
    const struct yaml_node *v = yaml_get(at, key);
    bool both = v && v->kind == YAML_MAPPING && text_of(v, "ja").n && text_of(v, "en").n;
    return both ? 0 : yaml_error(x->err, -ERR_PARSE, x->file, v ? v : at, "'%s' is wanted in two languages: {ja: …, en: …}", key);
}

static int need_fields(const struct reading *x, const struct yaml_node *at, const char *key, bool wanted) {
    const struct yaml_node *list = yaml_get(at, key);
    if (!list && !wanted)
        return 0;
    bool good = list && list->kind == YAML_SEQUENCE && list->n >= 1 && list->n <= 4;
    for (const struct yaml_node *v = good ? list->first : NULL; v; v = v->next)
        good &= v->kind == YAML_SCALAR && v->text.n;
    return good ? 0 : yaml_error(x->err, -ERR_PARSE, x->file, list ? list : at, "'%s' is a list of one to four fields", key);
}

static int one_of(struct str s, const char *const *all, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_eq_z(s, all[i]))
            return (int) i;
    return -1;
}

static int read_ask(const struct reading *x, const struct yaml_node *v, struct scope_ask *ask) {
    static const char *const keys[] = {"name", "title", "kind", "from", "many", "example", NULL};
    struct str kind = text_of(v, "kind");
    int r = v->kind == YAML_MAPPING ? yaml_only_keys(v, keys, x->file, x->err) : wrong(x, v, "what is asked for has: name, title, kind, from, many, example");
    if (r < 0)
        return r;
    int k = kind.n ? one_of(kind, kinds, SCOPE_KIND_MAX_) : SCOPE_TEXT;
    *ask = (struct scope_ask){.name = text_of(v, "name"), .from = text_of(v, "from"), .kind = k < 0 ? SCOPE_TEXT : (enum scope_kind) k, .node = v};
    (void) yaml_get_bool(v, "many", &ask->many);
    if (!ask->name.n || ask->name.n > 40)
        return wrong(x, v, "what is asked for needs a short name");
    if (k < 0)
        return wrong(x, v, "kind is one of text, pattern, address");
    if (ask->from.n && one_of(ask->from, froms, ARRAY_SIZE(froms)) < 0)
        return wrong(x, v, "from is one of source, account, service, host");
    return need_words(x, v, "title");
}

static const struct scope_ask *find_ask(const struct scope_spec *s, struct str name) {
    for (size_t i = 0; i < s->n_asks; i++)
        if (str_eq(s->asks[i].name, name))
            return &s->asks[i];
    return NULL;
}

/* The next {NAME}: whether there is one, what stands before, and its name. */
static bool next_hole(struct str *rest, struct str *ret_before, struct str *ret_name) {
    ptrdiff_t open = str_find(*rest, STR("{"), 0), close = open < 0 ? -1 : str_find(*rest, STR("}"), (size_t) open);
    *ret_before = close < 0 ? *rest : str_to(*rest, (size_t) open);
    if (close < 0)
        return false;
    *ret_name = str_n(rest->p + open + 1, (size_t) (close - open - 1));
    *rest = str_from(*rest, (size_t) close + 1);
    return true;
}

static int check_query(const struct reading *x, const struct scope_spec *s, const struct yaml_node *at, const char *key) {
    struct str rest = text_of(at, key), before, name;
    if (!rest.n || rest.n > QUERY_BYTES_MAX / 4)
        return yaml_error(x->err, -ERR_PARSE, x->file, at, "'%s' is wanted: what to look for", key);
    while (next_hole(&rest, &before, &name))
        if (!find_ask(s, name))
            return yaml_error(x->err, -ERR_PARSE, x->file, yaml_get(at, key), "{%.*s} is not among what is asked for", STR_ARG(name));
    return 0;
}

static int check_joins(const struct reading *x, const struct scope_spec *s, const struct yaml_node *list) {
    static const char *const keys[] = {"query", "ends", "by", "of", "gives", "holds_s", "must", NULL};
    int64_t holds;
    int r = !list || (list->kind == YAML_SEQUENCE && list->n <= 3) ? 0 : wrong(x, list, "joins is a list of at most three");
    for (const struct yaml_node *v = list && r == 0 ? list->first : NULL; r == 0 && v; v = v->next) {
        r = v->kind == YAML_MAPPING ? yaml_only_keys(v, keys, x->file, x->err) : wrong(x, v, "a join has: query, ends, by, of, gives, holds_s, must");
        if (r == 0 && (!text_of(v, "by").n || !text_of(v, "of").n))
            r = wrong(x, v, "a join wants 'by' and 'of', a field each");
        if (r == 0 && (!yaml_get_i64(v, "holds_s", &holds) || holds < 1 || holds > 400 * 86400))
            r = wrong(x, v, "holds_s is a number of seconds, 400 days at most");
        if (r == 0)
            r = check_query(x, s, v, "query");
        if (r == 0 && yaml_get(v, "ends"))
            r = check_query(x, s, v, "ends");
        if (r == 0)
            r = need_fields(x, v, "gives", true);
    }
    return r;
}

static int check_needs(const struct reading *x, const struct scope_spec *s, const struct yaml_node *list) {
    int r = list && list->kind == YAML_SEQUENCE && list->n >= 1 && list->n <= 4 ? 0 : wrong(x, list ? list : s->root, "'needs' is a list of one to four logs");
    for (const struct yaml_node *v = r == 0 ? list->first : NULL; r == 0 && v; v = v->next)
        if ((r = v->kind == YAML_MAPPING ? need_words(x, v, "log") : wrong(x, v, "a log that is needed has: log, query")) == 0)
            r = check_query(x, s, v, "query");
    return r;
}

static int read_asks(const struct reading *x, const struct yaml_node *list, struct scope_spec *s) {
    int r = !list || (list->kind == YAML_SEQUENCE && list->n <= SCOPE_ASKS_MAX) ? 0 : wrong(x, list, "'ask' is a list of at most six");
    for (const struct yaml_node *v = list && r == 0 ? list->first : NULL; r == 0 && v; v = v->next)
        r = read_ask(x, v, &s->asks[s->n_asks++]);
    return r;
}

static bool name_is_good(struct str s) {
    bool good = s.n && s.n <= 40;
    for (size_t i = 0; i < s.n; i++)
        good &= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-';
    return good;
}

int scope_person_field(const struct scope_spec *s, const char *of) {
    const struct yaml_node *persons = yaml_get(s->root, "persons"), *list = yaml_get(s->root, "count");
    struct str name = text_of(persons, of);
    int i = 0;
    for (const struct yaml_node *v = name.n ? list->first : NULL; v; v = v->next, i++)
        if (str_eq(v->text, name))
            return i;
    return -1;
}

/* Which acts it is the blast radius of, over which time before. */
static int read_radius(struct reading *x, struct scope_spec *s) {
    const struct yaml_node *list = yaml_get(s->root, "radius");
    if (!list && !yaml_get(s->root, "window"))
        return 0;
    if (!list || list->kind != YAML_SEQUENCE || s->n_asks != 1)
        return wrong(x, s->root, "'radius' is a list of acts, of a scope that asks for one thing, with a 'window'");
    for (const struct yaml_node *v = list->first; v; v = v->next)
        if (v->kind != YAML_SCALAR || !v->text.n)
            return wrong(x, v, "'radius' is a list of acts");
    return time_parse_span(text_of(s->root, "window"), &s->window_ns) == 0 && s->window_ns > 0 && s->window_ns <= 31 * NS_PER_DAY
               ? 0
               : wrong(x, s->root, "'window' is the time before the act: 1h, 7d; at most 31 days");
}

int scope_spec_read(struct arena *a, struct str text, const char *file, struct scope_spec *ret, struct diag *reterr) {
    static const char *const keys[] = {"scope", "title", "unit", "means", "not", "ask", "query", "count", "or", "also", "fold", "joins", "persons", "needs", "radius", "window", NULL};
    static const char *const words[] = {"title", "unit", "means", "not"};
    struct reading x = {file, reterr};
    struct yaml_doc *doc;
    *ret = (struct scope_spec){.source = text};
    int r = yaml_parse(a, text, file, &doc, reterr);
    if (r < 0)
        return r;
    if (!doc || !doc->root || doc->root->kind != YAML_MAPPING)
        return diag_set_at(reterr, -ERR_PARSE, file, 1, 1, "a scope is a mapping: scope, title, unit, means, not, ask, query, count, needs");
    ret->root = doc->root;
    ret->name = text_of(ret->root, "scope");
    r = yaml_only_keys(ret->root, keys, file, reterr);
    if (r == 0 && !name_is_good(ret->name))
        r = wrong(&x, ret->root, "'scope' is its name: small letters, digits and '-'");
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(words); i++)
        r = need_words(&x, ret->root, words[i]);
    if (r == 0)
        r = read_asks(&x, yaml_get(ret->root, "ask"), ret);
    if (r == 0)
        r = check_query(&x, ret, ret->root, "query");
    if (r == 0)
        r = need_fields(&x, ret->root, "count", true);
    if (r == 0)
        r = need_fields(&x, ret->root, "or", false);
    if (r == 0)
        r = need_fields(&x, ret->root, "also", false);
    if (r == 0)
        r = check_joins(&x, ret, yaml_get(ret->root, "joins"));
    if (r == 0)
        r = check_needs(&x, ret, yaml_get(ret->root, "needs"));
    if (r == 0 && yaml_get(ret->root, "persons") && scope_person_field(ret, "account") < 0 && scope_person_field(ret, "device") < 0)
        r = wrong(&x, yaml_get(ret->root, "persons"), "persons names fields of 'count': account, device");
    return r == 0 ? read_radius(&x, ret) : r;
}

int64_t scope_spec_radius(const struct scope_spec *s, struct str kind) {
    const struct yaml_node *list = yaml_get(s->root, "radius");
    for (const struct yaml_node *v = list ? list->first : NULL; v; v = v->next)
        if (str_eq(v->text, kind))
            return s->window_ns;
    return 0;
}

static int is_yml(const struct dirent *e) {
    return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".yml"));
}

int scope_specs_load(struct arena *a, const char *folder, struct scope_spec **ret, size_t *ret_n, struct diag *reterr) {
    struct dirent **names;
    int n = scandir(folder, &names, is_yml, alphasort), r = 0;
    if (n < 0)
        return diag_set(reterr, -errno, "cannot read '%s': %s", folder, err_word(-errno));
    *ret_n = 0;
    *ret = arena_zalloc(a, SCOPES_MAX * sizeof **ret);
    if (!*ret || n > SCOPES_MAX)
        r = diag_set(reterr, *ret ? -ERR_LIMIT : -ENOMEM, "at most %d scopes can be kept", SCOPES_MAX);
    for (int i = 0; i < n; i++) {
        char *path = r == 0 ? arena_alloc(a, PATH_MAX) : NULL;
        struct str bytes;
        if (r == 0 && !path)
            r = -ENOMEM;
        if (r == 0) {
            snprintf(path, PATH_MAX, "%s/%s", folder, names[i]->d_name);
            r = file_read(a, path, YAML_BYTES_MAX, &bytes, reterr);
        }
        if (r == 0 && (r = scope_spec_read(a, bytes, path, &(*ret)[*ret_n], reterr)) == 0)
            ++*ret_n;
        free(names[i]);
    }
    free(names);
    return r;
}

const struct scope_spec *scope_spec_find(const struct scope_spec *specs, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(specs[i].name, name))
            return &specs[i];
    return NULL;
}

/* ---- telling ---- */

static void write_words(struct jsonw *w, const char *key, const struct yaml_node *at) {
    jsonw_key(w, str_of(key));
    jsonw_object(w);
    jsonw_kstr(w, "ja", text_of(at, "ja"));
    jsonw_kstr(w, "en", text_of(at, "en"));
    jsonw_end(w);
}

static void write_texts(struct jsonw *w, const char *key, const struct yaml_node *list) {
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    for (const struct yaml_node *v = list ? list->first : NULL; v; v = v->next)
        jsonw_str(w, v->text);
    jsonw_end(w);
}

void scope_spec_write(const struct scope_spec *s, struct jsonw *w) {
    static const char *const words[] = {"title", "unit", "means", "not"};
    const struct yaml_node *needs = yaml_get(s->root, "needs");
    jsonw_kstr(w, "name", s->name);
    jsonw_kbool(w, "own", s->own);
    jsonw_ki64(w, "row", s->id);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        write_words(w, words[i], yaml_get(s->root, words[i]));
    jsonw_kstr(w, "query", text_of(s->root, "query"));
    jsonw_kbool(w, "persons", yaml_get(s->root, "persons") != NULL);
    write_texts(w, "count", yaml_get(s->root, "count"));
    write_texts(w, "also", yaml_get(s->root, "also"));
    jsonw_key(w, STR("ask"));
    jsonw_array(w);
    for (size_t i = 0; i < s->n_asks; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "name", s->asks[i].name);
        write_words(w, "title", yaml_get(s->asks[i].node, "title"));
        jsonw_kz(w, "kind", kinds[s->asks[i].kind]);
        jsonw_kstr(w, "from", s->asks[i].from);
        jsonw_kbool(w, "many", s->asks[i].many);
        jsonw_kstr(w, "example", text_of(s->asks[i].node, "example"));
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_key(w, STR("needs"));
    jsonw_array(w);
    for (const struct yaml_node *v = needs->first; v; v = v->next) {
        jsonw_object(w);
        write_words(w, "log", yaml_get(v, "log"));
        jsonw_end(w);
    }
    jsonw_end(w);
}

/* ---- the question ---- */

/* As a word of the query: only * and ? keep their meaning. */
static void add_pattern(struct buf *out, struct str v) {
    for (size_t i = 0; i < v.n; i++) {
        if (strchr(" ()\":,\\", v.p[i]))
            buf_add_byte(out, '\\');
        buf_add_byte(out, v.p[i]);
    }
}

static void add_quoted(struct buf *out, struct str v) {
    buf_add_byte(out, '"');
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '"' || v.p[i] == '\\')
            buf_add_byte(out, '\\');
        buf_add_byte(out, v.p[i]);
    }
    buf_add_byte(out, '"');
}

static int add_value(struct buf *out, const struct scope_ask *ask, struct str v, struct diag *err) {
    struct ip_prefix net;
    v = str_trim(v);
    if (!v.n || v.n > VALUE_BYTES_MAX || memchr(v.p, '\n', v.n) || memchr(v.p, 0, v.n))
        return diag_set(err, -EINVAL, "'%.*s' has an empty value, or one longer than %d bytes", STR_ARG(ask->name), VALUE_BYTES_MAX);
    /* in full width these are signs of the language too, and a pattern has no quotation marks around it */
    for (size_t i = 0; ask->kind == SCOPE_PATTERN && i < v.n; i++)
        if ((unsigned char) v.p[i] >= 0x80 || (unsigned char) v.p[i] < 0x20)
            return diag_set(err, -EINVAL, "'%.*s' takes letters of ASCII, with %% for others as they stand in addresses of pages", STR_ARG(ask->name));
    if (ask->kind == SCOPE_ADDRESS && ip_prefix_parse(v, &net) < 0)
        return diag_set(err, -EINVAL, "'%.*s': '%.*s' is no address and no network", STR_ARG(ask->name), (int) MIN(v.n, 80u), v.p);
    if (ask->kind == SCOPE_TEXT)
        add_quoted(out, v);
    else if (ask->kind == SCOPE_PATTERN)
        add_pattern(out, v);
    else
        buf_add(out, v);
    return 0;
}

static int add_values(struct buf *out, const struct scope_ask *ask, const struct json_value *values, struct diag *err) {
    char key[48];
    snprintf(key, sizeof key, "%.*s", STR_ARG(ask->name));
    const struct json_value *list = json_get_array(values, key);
    if (!list || !list->n || list->n > (ask->many ? SCOPE_VALUES_MAX : 1))
        return diag_set(err, -EINVAL, "'%s' is wanted: %s", key, ask->many ? "one value or several" : "one value");
    int r = 0;
    if (list->n > 1)
        buf_add_byte(out, '(');
    for (const struct json_value *v = list->first; r == 0 && v; v = v->next) {
        if (v != list->first)
            buf_add_z(out, ", ");
        r = v->type == JSON_STRING ? add_value(out, ask, v->text, err) : diag_set(err, -EINVAL, "'%s' takes texts", key);
    }
    if (list->n > 1)
        buf_add_byte(out, ')');
    return r;
}

static int fill(struct arena *a, const struct scope_spec *s, struct str text, const struct json_value *values, struct str *ret, struct diag *err) {
    struct str before, name;
    struct buf b;
    int r = 0;
    buf_init(&b, 4 * QUERY_BYTES_MAX);
    while (r == 0 && next_hole(&text, &before, &name)) {
        buf_add(&b, before);
        r = add_values(&b, find_ask(s, name), values, err);
    }
    buf_add(&b, before);
    if (r == 0)
        r = buf_error(&b);
    *ret = r == 0 ? arena_dup(a, buf_str(&b)) : STR("");
    buf_done(&b);
    return r < 0 ? r : ret->p ? 0 : -ENOMEM;
}

struct asking {
    struct arena *a;
    const struct scope_spec *s;
    const struct json_value *values;
    struct jsonw w;
    struct diag *err;
};

static int ask_query(struct asking *x, const struct yaml_node *at, const char *key, bool as_member) {
    struct str q;
    int r = fill(x->a, x->s, text_of(at, key), x->values, &q, x->err);
    if (r == 0 && as_member)
        jsonw_kstr(&x->w, key, q);
    else if (r == 0)
        jsonw_str(&x->w, q);
    return r;
}

static int ask_joins(struct asking *x, const struct yaml_node *list) {
    int r = 0;
    jsonw_key(&x->w, STR("joins"));
    jsonw_array(&x->w);
    for (const struct yaml_node *v = list ? list->first : NULL; r == 0 && v; v = v->next) {
        int64_t holds = 0;
        bool must = false;
        (void) yaml_get_i64(v, "holds_s", &holds);
        (void) yaml_get_bool(v, "must", &must);
        jsonw_object(&x->w);
        r = ask_query(x, v, "query", true);
        if (r == 0 && yaml_get(v, "ends"))
            r = ask_query(x, v, "ends", true);
        jsonw_kstr(&x->w, "by", text_of(v, "by"));
        jsonw_kstr(&x->w, "of", text_of(v, "of"));
        write_texts(&x->w, "gives", yaml_get(v, "gives"));
        jsonw_ki64(&x->w, "holds_s", holds);
        jsonw_kbool(&x->w, "must", must);
        jsonw_end(&x->w);
    }
    jsonw_end(&x->w);
    return r;
}

int scope_question(struct arena *a, const struct scope_spec *s, const struct json_value *values, struct buf *out, struct str *ret_query,
                   struct diag *reterr) {
    static const char *const lists[] = {"count", "or", "also"};
    struct asking x = {.a = a, .s = s, .values = values, .err = reterr};
    struct buf whole;
    bool fold = false;
    buf_init(&whole, 8 * QUERY_BYTES_MAX);
    jsonw_init(&x.w, &whole);
    jsonw_object(&x.w);
    (void) yaml_get_bool(s->root, "fold", &fold);
    int r = fill(a, s, text_of(s->root, "query"), values, ret_query, reterr);
    jsonw_kstr(&x.w, "query", *ret_query);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (yaml_get(s->root, lists[i]))
            write_texts(&x.w, lists[i], yaml_get(s->root, lists[i]));
    jsonw_kbool(&x.w, "fold", fold);
    if (r == 0)
        r = ask_joins(&x, yaml_get(s->root, "joins"));
    jsonw_key(&x.w, STR("needs"));
    jsonw_array(&x.w);
    for (const struct yaml_node *v = yaml_get(s->root, "needs")->first; r == 0 && v; v = v->next)
        r = ask_query(&x, v, "query", false);
    jsonw_end(&x.w);
    if (r == 0) {
        jsonw_end(&x.w);
        r = buf_error(&whole);
    }
    if (r == 0)
        buf_add(out, str_n(whole.p + 1, whole.n - 2));
    buf_done(&whole);
    return r;
}
