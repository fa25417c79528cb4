#include "detect/fields.h"

#include <dirent.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "detect/compile.h"
#include "detect/fields_priv.h"

enum { FIELD_ROWS_MAX = 10000 };
enum { HAS_CATEGORY = 1, HAS_PRODUCT = 2, HAS_SERVICE = 4 };

struct row_map {
    struct detect_logsource source;
    const struct yaml_node *prefixes, *names; /* may be NULL */
};
struct row_route {
    struct detect_logsource source;
    const struct detect_expr *expr;
};
struct detect_fields {
    struct arena arena;
    struct row_map *maps; /* more specific ones first, else in order of reading */
    struct row_route *routes;
    size_t n_maps, maps_cap, n_routes, routes_cap;
};

static unsigned mask_of(const struct detect_logsource *s) {
    return (s->category.n ? HAS_CATEGORY : 0u) | (s->product.n ? HAS_PRODUCT : 0u) |
           (s->service.n ? HAS_SERVICE : 0u);
}

static bool part_agrees(struct str a, struct str b) {
    return !a.n || !b.n || str_eq(a, b);
}

static bool agrees(const struct detect_logsource *a, const struct detect_logsource *b) {
    return part_agrees(a->category, b->category) && part_agrees(a->product, b->product) &&
           part_agrees(a->service, b->service);
}

static bool part_asked(struct str map, struct str rule) {
    return !map.n || str_eq(map, rule);
}

/* A map's category and service must be the rule's own; a rule without a product takes every
 * product's. */
static bool map_counts(const struct detect_logsource *map, const struct detect_logsource *rule) {
    return part_agrees(map->product, rule->product) && part_asked(map->category, rule->category) &&
           part_asked(map->service, rule->service);
}

/* --- reading --- */

static int read_source(const struct yaml_node *n, const char *file, struct detect_logsource *ret,
                       struct diag *reterr) {
    static const char *const keys[] = {"category", "product", "service", NULL};
    *ret = (struct detect_logsource){0};
    if (!n)
        return 0;
    int r = yaml_only_keys(n, keys, file, reterr);
    if (r < 0)
        return r;
    (void) yaml_get_str(n, "category", &ret->category);
    (void) yaml_get_str(n, "product", &ret->product);
    (void) yaml_get_str(n, "service", &ret->service);
    return 0;
}

static bool is_list_of_texts(const struct yaml_node *n) {
    if (n->kind == YAML_SCALAR)
        return true;
    if (n->kind != YAML_SEQUENCE)
        return false;
    for (const struct yaml_node *it = n->first; it; it = it->next)
        if (it->kind != YAML_SCALAR)
            return false;
    return true;
}

static int read_map(struct detect_fields *f, const struct yaml_node *n, const char *file,
                    struct diag *reterr) {
    static const char *const keys[] = {"for", "prefixes", "names", NULL};
    struct row_map row = {.prefixes = yaml_get(n, "prefixes"), .names = yaml_get(n, "names")};
    int r = yaml_only_keys(n, keys, file, reterr);
    if (r == 0)
        r = read_source(yaml_get(n, "for"), file, &row.source, reterr);
    if (r < 0)
        return r;
    if (row.prefixes && !is_list_of_texts(row.prefixes))
        return yaml_error(reterr, -ERR_PARSE, file, row.prefixes, "'prefixes' is a list of texts");
    if (row.names && row.names->kind != YAML_MAPPING)
        return yaml_error(reterr, -ERR_PARSE, file, row.names, "'names' is a mapping");
    for (const struct yaml_node *it = row.names ? row.names->first : NULL; it; it = it->next)
        if (!is_list_of_texts(it))
            return yaml_error(reterr, -ERR_PARSE, file, it, "a name's places are a list of texts");
    r = mem_grow((void **) &f->maps, &f->maps_cap, f->n_maps + 1, FIELD_ROWS_MAX, sizeof row);
    if (r < 0)
        return diag_set(reterr, r, "out of memory");
    size_t i = f->n_maps++;
    int keys_of_row = __builtin_popcount(mask_of(&row.source));
    for (; i > 0 && __builtin_popcount(mask_of(&f->maps[i - 1].source)) < keys_of_row; i--)
        f->maps[i] = f->maps[i - 1];
    f->maps[i] = row;
    return 0;
}

static int read_route(struct detect_fields *f, const struct yaml_node *n, const char *file,
                      struct diag *reterr) {
    static const char *const keys[] = {"logsource", "when", NULL};
    static const char *const none[] = {NULL};
    struct row_route row = {0};
    int r = yaml_only_keys(n, keys, file, reterr);
    const struct yaml_node *when = yaml_get(n, "when");
    if (r == 0)
        r = read_source(yaml_get(n, "logsource"), file, &row.source, reterr);
    if (r < 0)
        return r;
    if (!when || !mask_of(&row.source))
        return yaml_error(reterr, -ERR_PARSE, file, n, "a route needs 'logsource' and 'when'");
    struct compile c = {.arena = &f->arena, .file = file, .reterr = reterr};
    r = yaml_get(when, "condition") ? compile_detection(&c, when, none, &row.expr)
                                    : compile_selection(&c, when, &row.expr);
    if (r < 0)
        return r;
    r = mem_grow((void **) &f->routes, &f->routes_cap, f->n_routes + 1, FIELD_ROWS_MAX, sizeof row);
    if (r < 0)
        return diag_set(reterr, r, "out of memory");
    f->routes[f->n_routes++] = row;
    return 0;
}

static int read_list(struct detect_fields *f, const struct yaml_node *list, const char *file,
                     int read(struct detect_fields *, const struct yaml_node *, const char *,
                              struct diag *),
                     struct diag *reterr) {
    if (list && list->kind != YAML_SEQUENCE)
        return yaml_error(reterr, -ERR_PARSE, file, list, "this must be a list");
    for (const struct yaml_node *it = list ? list->first : NULL; it; it = it->next) {
        if (it->kind != YAML_MAPPING)
            return yaml_error(reterr, -ERR_PARSE, file, it, "each row is a mapping");
        int r = read(f, it, file, reterr);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_text(struct detect_fields *f, struct str text, const char *file,
                     struct diag *reterr) {
    static const char *const keys[] = {"maps", "routes", NULL};
    struct yaml_doc *docs = NULL;
    int r = yaml_parse(&f->arena, text, file, &docs, reterr);
    for (const struct yaml_doc *d = docs; r == 0 && d; d = d->next) {
        if (!d->root)
            continue;
        if (d->root->kind != YAML_MAPPING)
            return yaml_error(reterr, -ERR_PARSE, file, d->root,
                              "a field file holds 'maps' and 'routes'");
        r = yaml_only_keys(d->root, keys, file, reterr);
        if (r == 0)
            r = read_list(f, yaml_get(d->root, "maps"), file, read_map, reterr);
        if (r == 0)
            r = read_list(f, yaml_get(d->root, "routes"), file, read_route, reterr);
    }
    return r;
}

static struct detect_fields *fields_new(void) {
    struct detect_fields *f = mem_zalloc(sizeof *f);
    if (f)
        arena_init(&f->arena, RULES_BYTES_MAX);
    return f;
}

struct detect_fields *detect_fields_free(struct detect_fields *f) {
    if (f) {
        mem_free(f->maps);
        mem_free(f->routes);
        arena_done(&f->arena);
        mem_free(f);
    }
    return NULL;
}

static int only_yml(const struct dirent *e) {
    return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".yml"));
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

int detect_fields_load(const char *folder, struct detect_fields **ret, struct diag *reterr) {
    struct dirent **names = NULL;
    int n = scandir(folder, &names, only_yml, by_bytes);
    if (n < 0)
        return diag_set(reterr, -errno, "cannot open folder '%s': %s", folder, err_word(-errno));
    struct detect_fields *f = fields_new();
    int r = f ? 0 : diag_set(reterr, -ENOMEM, "out of memory");
    for (int i = 0; i < n; i++) {
        struct str path, text;
        if (r == 0) {
            path = arena_printf(&f->arena, "%s/%s", folder, names[i]->d_name);
            r = path.p ? file_read(&f->arena, path.p, YAML_BYTES_MAX, &text, reterr)
                       : diag_set(reterr, -ENOMEM, "out of memory");
        }
        if (r == 0)
            r = read_text(f, text, path.p, reterr);
        free(names[i]); /* scandir allocates with malloc */
    }
    free(names);
    if (r < 0)
        detect_fields_free(f);
    else
        *ret = f;
    return r;
}

int detect_fields_load_text(struct str text, const char *file, struct detect_fields **ret,
                            struct diag *reterr) {
    struct detect_fields *f = fields_new();
    if (!f)
        return diag_set(reterr, -ENOMEM, "out of memory");
    struct str own = arena_dup(&f->arena, text), name = arena_dup(&f->arena, str_of(file));
    int r = own.p && name.p ? read_text(f, own, name.p, reterr)
                            : diag_set(reterr, -ENOMEM, "out of memory");
    if (r < 0)
        detect_fields_free(f);
    else
        *ret = f;
    return r;
}

/* --- names --- */

static void add_name(struct str *list, int *n, struct str name) {
    for (int i = 0; i < *n; i++)
        if (str_eq(list[i], name))
            return;
    if (*n < DETECT_FIELD_NAMES_MAX && name.n && name.n <= EVENT_FIELD_NAME_BYTES_MAX)
        list[(*n)++] = name;
}

static const struct yaml_node *child_named(const struct yaml_node *mapping, struct str key) {
    for (const struct yaml_node *it = mapping ? mapping->first : NULL; it; it = it->next)
        if (str_eq(it->key->text, key))
            return it;
    return NULL;
}

static const struct yaml_node *first_text(const struct yaml_node *list) {
    return list && list->kind == YAML_SEQUENCE ? list->first : list;
}

static const struct yaml_node *next_text(const struct yaml_node *list, const struct yaml_node *it) {
    return list->kind == YAML_SEQUENCE ? it->next : NULL;
}

static int add_prefixed(struct arena *a, const struct row_map *map, struct str *list, int n_plain,
                        int *n) {
    for (const struct yaml_node *p = first_text(map->prefixes); p;
         p = next_text(map->prefixes, p)) {
        for (int i = 0; i < n_plain; i++) {
            if (i > 0 && str_find_byte(list[i], '.', 0) >= 0)
                continue;
            struct str both = arena_printf(a, "%.*s%.*s", STR_ARG(p->text), STR_ARG(list[i]));
            if (!both.p)
                return -ENOMEM;
            add_name(list, n, both);
        }
    }
    return 0;
}

int detect_fields_names(const struct detect_fields *f, const struct detect_logsource *source,
                        struct str field, struct arena *a, struct str ret[DETECT_FIELD_NAMES_MAX]) {
    int n = 1;
    ret[0] = field;
    if (!f)
        return n;
    for (size_t i = 0; i < f->n_maps; i++) {
        const struct yaml_node *list =
            map_counts(&f->maps[i].source, source) ? child_named(f->maps[i].names, field) : NULL;
        for (const struct yaml_node *it = first_text(list); it; it = next_text(list, it))
            add_name(ret, &n, it->text);
    }
    int n_plain = n;
    for (size_t i = 0; i < f->n_maps; i++) {
        if (!map_counts(&f->maps[i].source, source))
            continue;
        int r = add_prefixed(a, &f->maps[i], ret, n_plain, &n);
        if (r < 0)
            return r;
    }
    return n;
}

/* --- routes --- */

/* A row counts unless another one that counts says the same and more. */
static bool is_replaced(const struct detect_fields *f, const struct detect_logsource *source,
                        size_t which) {
    unsigned mine = mask_of(&f->routes[which].source);
    for (size_t i = 0; i < f->n_routes; i++) {
        unsigned m = mask_of(&f->routes[i].source);
        if ((m & mine) == mine && m != mine && (m & ~mask_of(source)) == 0 &&
            agrees(&f->routes[i].source, source))
            return true;
    }
    return false;
}

struct collected {
    const struct detect_expr **at;
    size_t n, cap;
};

static int collect(struct arena *a, struct collected *l, const struct detect_expr *e) {
    int r = arena_grow(a, (void **) &l->at, &l->cap, l->n + 1, sizeof *l->at);
    if (r == 0)
        l->at[l->n++] = e;
    return r;
}

static int join(struct arena *a, struct collected *l, enum detect_expr_kind kind,
                const struct detect_expr **ret) {
    struct compile c = {.arena = a};
    *ret = l->n ? compile_join(&c, kind, l->at, (uint32_t) l->n) : NULL;
    return l->n && !*ret ? -ENOMEM : 0;
}

/* Rows naming exactly the keys of `mask`, or with `wider` at least these, joined by OR into *to. */
static int collect_mask(const struct detect_fields *f, const struct detect_logsource *source,
                        unsigned mask, bool wider, struct arena *a, struct collected *to) {
    struct collected rows = {0};
    const struct detect_expr *e;
    int r = 0;
    for (size_t i = 0; r == 0 && i < f->n_routes; i++) {
        unsigned m = mask_of(&f->routes[i].source);
        if (!agrees(&f->routes[i].source, source) || (wider ? (m & mask) != mask : m != mask))
            continue;
        if (wider || !is_replaced(f, source, i))
            r = collect(a, &rows, f->routes[i].expr);
    }
    if (r == 0)
        r = join(a, &rows, DETECT_OR, &e);
    if (r == 0 && e)
        r = collect(a, to, e);
    return r;
}

int fields_route(const struct detect_fields *f, const struct detect_logsource *source,
                 struct arena *a, const struct detect_expr **ret) {
    unsigned own = mask_of(source), covered = 0;
    struct collected all = {0};
    *ret = NULL;
    if (!f)
        return 0;
    for (unsigned mask = 1; mask <= own; mask++) {
        if ((mask & ~own) != 0)
            continue;
        size_t before = all.n;
        int r = collect_mask(f, source, mask, false, a, &all);
        if (r < 0)
            return r;
        if (all.n > before)
            covered |= mask;
    }
    if (own & ~covered) {
        int r = collect_mask(f, source, own & ~covered, true, a, &all);
        if (r < 0)
            return r;
    }
    return join(a, &all, DETECT_AND, ret);
}
