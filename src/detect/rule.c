/* A rule set: files and folders in, rules and refusals out.
 *
 * Memory: everything a rule points at lives in the set's arena; the arrays grow on the heap.
 * Failure of one document refuses that document; only memory, a missing path and RULES_MAX fail the
 * load. */
#include "detect/rule.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "detect/rule_priv.h"

static struct rule_set *set_of(struct detect_rules *pub) {
    return container_of(pub, struct rule_set, pub);
}

struct detect_rules *detect_rules_ref(struct detect_rules *set) {
    __atomic_add_fetch(&set_of(set)->refs, 1, __ATOMIC_RELAXED);
    return set;
}

struct detect_rules *detect_rules_unref(struct detect_rules *pub) {
    if (!pub)
        return NULL;
    struct rule_set *set = set_of(pub);
    if (__atomic_sub_fetch(&set->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return NULL;
    map_done(&set->by_id);
    map_done(&set->by_name);
    map_done(&set->placeholders);
    mem_free(set->rules);
    mem_free(set->refused);
    arena_done(&set->arena);
    mem_free(set);
    return NULL;
}

struct rule_set *rule_set_new(void) {
    struct rule_set *set = mem_zalloc(sizeof *set);
    if (!set)
        return NULL;
    set->refs = 1;
    arena_init(&set->arena, RULES_BYTES_MAX);
    map_init(&set->by_id, RULES_MAX, MAP_BORROW);
    map_init(&set->by_name, RULES_MAX, MAP_BORROW);
    map_init(&set->placeholders, RULES_MAX, MAP_BORROW);
    return set;
}

void rule_set_publish(struct rule_set *set) {
    set->pub.rules = (const struct detect_rule *const *) set->rules;
    set->pub.n = (uint32_t) set->n;
    set->pub.refused = (const struct detect_refused *const *) set->refused;
    set->pub.n_refused = (uint32_t) set->n_refused;
}

const struct detect_rule *detect_rules_find(const struct detect_rules *pub, struct str key) {
    const struct rule_set *set = (const struct rule_set *) pub; /* pub comes first */
    const struct detect_rule *r = map_get(&set->by_id, key);
    return r ? r : map_get(&set->by_name, key);
}

int rule_set_refuse(struct rule_set *set, struct str title, const struct diag *why) {
    struct detect_refused *it = arena_alloc(&set->arena, sizeof *it);
    if (!it)
        return -ENOMEM;
    int r = mem_grow((void **) &set->refused, &set->refused_cap, set->n_refused + 1, RULES_MAX,
                     sizeof *set->refused);
    if (r < 0)
        return r;
    *it = (struct detect_refused){.title = title, .diag = *why};
    set->refused[set->n_refused++] = it;
    rule_set_publish(set);
    return 0;
}

int detect_rules_refuse(struct detect_rules *pub, const struct detect_rule *rule,
                        const struct diag *why) {
    struct rule_set *set = set_of(pub);
    ASSERT(rule->index < set->n && set->rules[rule->index] == rule);
    int r = rule_set_refuse(set, rule->title, why);
    if (r == 0)
        set->rules[rule->index]->refused = true;
    return r;
}

/* Two rules under one name: a correlation could not tell which is meant. */
static int take_name(struct map *names, struct str key, struct detect_rule *rule,
                     const struct yaml_node *at, const char *what, struct diag *reterr) {
    union map_value *v;
    bool fresh;
    int r = map_add(names, key, &v, &fresh);
    if (r < 0)
        return diag_set(reterr, r, "out of memory");
    const struct detect_rule *other = v->ptr;
    if (!fresh)
        return yaml_error(reterr, -ERR_REFUSED, rule->file.p, at,
                          "the %s '%.*s' is already taken by %.*s:%u; give this rule its own", what,
                          STR_ARG(key), STR_ARG(other->file), other->line);
    v->ptr = rule;
    return 0;
}

int rule_set_add_rule(struct rule_set *set, struct detect_rule *rule, struct diag *reterr) {
    int r = mem_grow((void **) &set->rules, &set->cap, set->n + 1, RULES_MAX, sizeof *set->rules);
    if (r < 0)
        return diag_set(reterr, r, r == -ENOMEM ? "out of memory" : "more than %d rules", RULES_MAX);
    rule->index = (uint32_t) set->n;
    set->rules[set->n++] = rule;
    rule_set_publish(set);
    return 0;
}

static int register_rule(struct rule_set *set, struct detect_rule *rule, struct diag *reterr) {
    const struct yaml_node *at = yaml_get(rule->doc, "id");
    int r = take_name(&set->by_id, rule->id, rule, at ? at : rule->doc, "id", reterr);
    if (r < 0)
        return r;
    if (rule->name.n)
        r = take_name(&set->by_name, rule->name, rule, yaml_get(rule->doc, "name"), "name", reterr);
    if (r == 0)
        r = rule_set_add_rule(set, rule, reterr);
    if (r < 0)
        map_remove(&set->by_id, rule->id);
    return r;
}

/* -ENOMEM and -ERR_LIMIT of the whole set go up; everything else refuses the document. */
static bool is_fatal(int r) {
    return r == -ENOMEM || r == -ERR_LIMIT;
}

/* `placeholders: {Servers: [srv*, db1]}`: values for the modifier expand, for the whole set. */
static int add_placeholders(struct rule_set *set, const struct yaml_node *list, const char *file,
                            struct diag *reterr) {
    if (list->kind != YAML_MAPPING)
        return yaml_error(reterr, -ERR_PARSE, file, list,
                          "'placeholders' is a mapping of names to values");
    for (struct yaml_node *it = list->first; it; it = it->next) {
        if (it->kind == YAML_MAPPING || (it->kind == YAML_SEQUENCE && !it->first))
            return yaml_error(reterr, -ERR_PARSE, file, it,
                              "a placeholder is a value or a list of values");
        for (const struct yaml_node *v = it->kind == YAML_SEQUENCE ? it->first : NULL; v;
             v = v->next)
            if (v->kind != YAML_SCALAR)
                return yaml_error(reterr, -ERR_PARSE, file, v, "a placeholder's value is one text");
        if (map_put(&set->placeholders, it->key->text, it) < 0)
            return diag_set(reterr, -ENOMEM, "out of memory");
    }
    return 0;
}

static int refuse_or_say(struct rule_set *set, struct str title, const struct diag *why, struct diag *reterr) {
    int r = rule_set_refuse(set, title, why);
    return r < 0 ? diag_set(reterr, r, "%s while reading '%s'",
                            r == -ENOMEM ? "out of memory" : "too many rules are refused", why->file)
                 : 0;
}

static int add_document(struct rule_set *set, struct rule_merge *merge,
                        const struct yaml_node *root, struct str file, struct str text,
                        struct diag *reterr) {
    struct diag why = {0};
    const struct yaml_node *doc = root;
    struct detect_rule *rule = arena_zalloc(&set->arena, sizeof *rule);
    if (!rule)
        return diag_set(reterr, -ENOMEM, "out of memory");
    int r = 0;
    if (root->kind != YAML_MAPPING)
        r = yaml_error(&why, -ERR_PARSE, file.p, root,
                       "a rule is a mapping; begin with a 'title' line");
    const struct yaml_node *placeholders = r == 0 ? yaml_get(root, "placeholders") : NULL;
    if (placeholders)
        r = add_placeholders(set, placeholders, file.p, &why);
    else if (r == 0)
        r = rule_merge_next(merge, &set->arena, root, file.p, &doc, &why);
    if (r == 0 && why.code == 0)
        return 0; /* global, reset, placeholders: no rule */
    if (r > 0) {
        r = rule_head_parse(&set->arena, doc, file, text, rule, &why);
        if (r == 0)
            r = register_rule(set, rule, &why);
    }
    if (r < 0 && !is_fatal(r))
        r = refuse_or_say(set, rule->title, &why, reterr);
    else if (r < 0 && reterr)
        *reterr = why;
    return r;
}

/* The place behind the line that begins at `at`. */
static size_t line_end(struct str text, size_t at) {
    ptrdiff_t nl = str_find_byte(text, '\n', at);
    return nl < 0 ? text.n : (size_t) nl + 1;
}

/* `---` or `...` at the beginning of a line ends a document wherever it stands, also inside a quoted text. */
static bool is_marker(struct str text, size_t at) {
    struct str head = str_to(str_from(text, at), 3), behind = str_to(str_from(text, at + head.n), 1);
    bool alone = !behind.n || strchr(" \t\r\n", behind.p[0]);
    return alone && (str_eq(head, STR("---")) || str_eq(head, STR("...")));
}

/* The lines of one document: from its `---` (or the file's start) to the next marker. */
static struct str document_text(struct str text, unsigned line) {
    size_t begin = 0;
    unsigned n = 1;
    for (size_t at = 0; at < text.n; at = line_end(text, at), n++) {
        if (!is_marker(text, at))
            continue;
        if (n > line)
            return str_trim(str_n(text.p + begin, at - begin));
        begin = n == line ? at : line_end(text, at);
    }
    return str_trim(str_n(text.p + begin, text.n - begin));
}

static int add_documents(struct rule_set *set, struct rule_merge *merge, const struct yaml_doc *docs,
                         struct str file, struct str text, struct diag *reterr) {
    int r = 0;
    for (const struct yaml_doc *d = docs; d && r == 0; d = d->next)
        if (d->root)
            r = add_document(set, merge, d->root, file, document_text(text, d->root->line), reterr);
    return r;
}

/* A later document would mean something else without what stood before it. */
static bool has_actions(struct str text) {
    for (size_t at = 0; at < text.n; at = line_end(text, at))
        if (str_starts(str_from(text, at), STR("action:")))
            return true;
    return false;
}

/* A file that is not YAML: what stands between markers is read by itself, so that one bad document does not take the
 * others along. */
static int add_apart(struct rule_set *set, struct str text, struct str file, struct diag *reterr) {
    struct rule_merge merge = {0};
    unsigned before = 0, lines = 0, n_bad = 0;
    int r = 0;
    for (size_t begin = 0, at = 0; begin < text.n && r == 0; begin = at, before = lines) {
        struct yaml_doc *docs = NULL;
        struct diag why = {0};
        struct arena_mark mark = arena_mark(&set->arena);
        do {
            at = line_end(text, at);
            lines++;
        } while (at < text.n && !is_marker(text, at));
        r = yaml_parse_part(&set->arena, str_n(text.p + begin, at - begin), file.p, before, &docs, &why);
        if (r == -ENOMEM)
            return diag_set(reterr, r, "out of memory while reading '%s'", file.p);
        if (r == 0) {
            r = add_documents(set, &merge, docs, file, text, reterr);
            continue;
        }
        arena_rewind(&set->arena, mark);
        r = refuse_or_say(set, STR(""), &why, reterr);
        if (++n_bad == RULE_BROKEN_MAX)
            return r;
    }
    return r;
}

int rule_set_add_text(struct rule_set *set, struct str text, struct str file, struct diag *reterr) {
    struct diag why = {0};
    struct yaml_doc *docs = NULL;
    struct rule_merge merge = {0};
    struct arena_mark mark = arena_mark(&set->arena);
    int r = yaml_parse(&set->arena, text, file.p, &docs, &why);
    if (r == -ENOMEM)
        return diag_set(reterr, r, "out of memory while reading '%s'", file.p);
    if (r == 0)
        return add_documents(set, &merge, docs, file, text, reterr);
    arena_rewind(&set->arena, mark);
    if (r == -ERR_LIMIT || has_actions(text))
        return refuse_or_say(set, STR(""), &why, reterr);
    return add_apart(set, text, file, reterr);
}

static bool is_rule_name(const char *name) {
    struct str s = str_of(name);
    return str_ends(s, STR(".yml")) || str_ends(s, STR(".yaml"));
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

struct name_list {
    char **at;
    size_t n, cap;
};

static void names_done(struct name_list *l) {
    for (size_t i = 0; i < l->n; i++)
        mem_free(l->at[i]);
    mem_free(l->at);
}

static int list_folder(const char *path, struct name_list *l, struct diag *reterr) {
    DIR *d = opendir(path);
    if (!d)
        return diag_set(reterr, -errno, "cannot open folder '%s': %s", path, err_word(-errno));
    struct dirent *e;
    int r = 0;
    while (r == 0 && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        r = mem_grow((void **) &l->at, &l->cap, l->n + 1, RULES_MAX, sizeof *l->at);
        if (r == 0 && !(l->at[l->n] = str_dup(str_of(e->d_name))))
            r = -ENOMEM;
        if (r == 0)
            l->n++;
    }
    closedir(d);
    if (r < 0)
        return diag_set(reterr, r, "cannot list folder '%s': %s", path, err_word(r));
    qsort(l->at, l->n, sizeof *l->at, by_name);
    return 0;
}

static int add_file(struct rule_set *set, const char *path, struct diag *reterr) {
    struct str text, name = arena_dup(&set->arena, str_of(path));
    struct diag why = {0};
    if (!name.p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    int r = file_read(&set->arena, path, YAML_BYTES_MAX, &text, &why);
    if (r == -ERR_LIMIT)
        return refuse_or_say(set, STR(""), &why, reterr);
    if (r < 0) {
        if (reterr)
            *reterr = why;
        return r;
    }
    return rule_set_add_text(set, text, name, reterr);
}

static int add_path(struct rule_set *set, const char *path, unsigned depth, struct diag *reterr);

static int add_folder(struct rule_set *set, const char *path, unsigned depth, struct diag *reterr) {
    struct name_list l = {0};
    int r = list_folder(path, &l, reterr);
    for (size_t i = 0; r == 0 && i < l.n; i++) {
        char below[4096];
        struct stat st;
        int n = snprintf(below, sizeof below, "%s%s%s", path,
                         path[strlen(path) - 1] == '/' ? "" : "/", l.at[i]);
        if (n < 0 || (size_t) n >= sizeof below)
            r = diag_set(reterr, -ENAMETOOLONG, "name too long below '%s'", path);
        else if (stat(below, &st) == 0 && (S_ISDIR(st.st_mode) || is_rule_name(below)))
            r = add_path(set, below, depth + 1, reterr);
    }
    names_done(&l);
    return r;
}

static int add_path(struct rule_set *set, const char *path, unsigned depth, struct diag *reterr) {
    struct stat st;
    if (depth > RULE_FOLDER_DEPTH_MAX)
        return diag_set(reterr, -ERR_LIMIT, "folders nested deeper than %d at '%s'",
                        RULE_FOLDER_DEPTH_MAX, path);
    if (!*path || stat(path, &st) < 0)
        return diag_set(reterr, *path ? -errno : -ENOENT, "cannot open '%s': %s", path,
                        err_word(*path ? -errno : -ENOENT));
    return S_ISDIR(st.st_mode) ? add_folder(set, path, depth, reterr) : add_file(set, path, reterr);
}

int rule_set_add_path(struct rule_set *set, const char *path, struct diag *reterr) {
    return add_path(set, path, 0, reterr);
}

static int finish(struct rule_set *set, int r, struct detect_rules **ret, struct diag *reterr) {
    if (r == 0)
        r = rule_set_finish(set, reterr);
    rule_set_publish(set);
    if (r < 0)
        detect_rules_unref(&set->pub);
    else
        *ret = &set->pub;
    return r;
}

static int add_own_text(struct rule_set *set, struct str text, const char *file, struct diag *reterr) {
    struct str name = arena_dup(&set->arena, str_of(file)), own = arena_dup(&set->arena, text);
    return name.p && own.p ? rule_set_add_text(set, own, name, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
}

int detect_rules_load_with(const char *const *paths, size_t n_paths, struct str text, const char *file, struct detect_rules **ret,
                           struct diag *reterr) {
    struct rule_set *set = rule_set_new();
    if (!set)
        return diag_set(reterr, -ENOMEM, "out of memory");
    int r = 0;
    for (size_t i = 0; r == 0 && i < n_paths; i++)
        r = rule_set_add_path(set, paths[i], reterr);
    if (r == 0 && text.n)
        r = add_own_text(set, text, file, reterr);
    return finish(set, r, ret, reterr);
}

int detect_rules_load(const char *const *paths, size_t n_paths, struct detect_rules **ret,
                      struct diag *reterr) {
    return detect_rules_load_with(paths, n_paths, STR(""), "", ret, reterr);
}

int detect_rules_load_text(struct str text, const char *file, struct detect_rules **ret,
                           struct diag *reterr) {
    return detect_rules_load_with(NULL, 0, text, file, ret, reterr);
}
