#include "room/register_kind.h"

#include "base/limits.h"
#include "base/yaml_folder.h"

static const char *const needs[NEED_MAX_] = {"ok", "unknown", "soon", "must"};

const char *register_need_to_string(enum register_need n) {
    return needs[n];
}

struct loading {
    struct arena *a;
    const char *file;
    struct diag *err;
    const struct yaml_node *fields;
};

static int no_memory(struct loading *l) {
    return diag_set(l->err, -ENOMEM, "out of memory");
}

static int wrong(struct loading *l, const struct yaml_node *at, const char *what) {
    return yaml_error(l->err, -ERR_PARSE, l->file, at, "%s", what);
}

static struct str text(const struct yaml_node *at, const char *key) {
    struct str s = STR("");
    if (at && yaml_get(at, key))
        (void) yaml_get_str(at, key, &s);
    return s;
}

static int read_need(struct loading *l, const struct yaml_node *at, enum register_need *ret) {
    struct str s = text(at, "need");
    *ret = NEED_OK;
    for (size_t i = 0; i < NEED_MAX_; i++)
        if (str_eq_z(s, needs[i])) {
            *ret = (enum register_need) i;
            return 0;
        }
    return s.n ? wrong(l, at, "need is one of ok, unknown, soon, must") : 0;
}

/* A field of this register; empty where the key is absent. */
static int read_field_name(struct loading *l, const struct yaml_node *at, const char *key, struct str *ret) {
    *ret = text(at, key);
    for (const struct yaml_node *v = l->fields->first; ret->n && v; v = v->next)
        if (str_eq(text(v, "name"), *ret))
            return 0;
    return ret->n || yaml_get(at, key) ? yaml_error(l->err, -ERR_PARSE, l->file, at, "'%s' names no field of this register", key) : 0;
}

static int read_fields(struct loading *l, struct register_kind *k) {
    struct register_field *fields = arena_zalloc(l->a, MAX(l->fields->n, (size_t) 1) * sizeof *fields);
    if (!fields)
        return no_memory(l);
    for (const struct yaml_node *v = l->fields->first; v; v = v->next) {
        struct register_field *f = &fields[k->n_fields++];
        *f = (struct register_field){.name = text(v, "name"), .to = text(v, "to"), .many = str_eq_z(text(v, "kind"), "refs")};
        (void) yaml_get_bool(v, "loose", &f->loose);
        (void) yaml_get_bool(v, "acyclic", &f->acyclic);
        if (f->acyclic && !str_eq(f->to, k->name))
            return wrong(l, v, "only a field that names rows of its own register can be acyclic");
    }
    k->fields = fields;
    return 0;
}

static int read_rule(struct loading *l, const struct yaml_node *at, struct register_rule *rule) {
    static const char *const keys[] = {"field", "is", "not", "empty", "over", "ending", "unless", "need", "gap", NULL}, *const unless[] = {"register", "names", NULL};
    static const char *const tests[] = {[TEST_IS] = "is", [TEST_NOT] = "not", [TEST_EMPTY] = "empty", [TEST_OVER] = "over", [TEST_ENDING] = "ending"};
    size_t n = 0;
    if (at->kind != YAML_MAPPING || yaml_only_keys(at, keys, l->file, l->err) < 0)
        return wrong(l, at, "a need has: field, one of is, not, empty, over and ending, need, gap");
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        if (yaml_get(at, tests[i])) {
            rule->test = (enum register_test) i;
            rule->value = text(at, tests[i]);
            n++;
        }
    int r = n == 1 ? read_field_name(l, at, "field", &rule->field) : wrong(l, at, "a need has one of is, not, empty, over and ending");
    if (r == 0 && !rule->field.n)
        r = wrong(l, at, "a need without its field");
    if (r == 0 && rule->test == TEST_ENDING && (!yaml_get_i64(at, "ending", &rule->days) || rule->days < 1 || rule->days > 3660))
        r = wrong(l, at, "ending is a number of days from 1 to 3660");
    const struct yaml_node *others = r == 0 ? yaml_get(at, "unless") : NULL;
    rule->unless_register = others ? text(others, "register") : STR("");
    rule->unless_field = others ? text(others, "names") : STR("");
    if (others && (others->kind != YAML_MAPPING || yaml_only_keys(others, unless, l->file, l->err) < 0 || !rule->unless_register.n || !rule->unless_field.n))
        r = wrong(l, at, "unless has: register, names");
    rule->gap = text(at, "gap");
    return r == 0 ? read_need(l, at, &rule->need) : r;
}

static int read_needs(struct loading *l, const struct yaml_node *list, struct register_kind *k) {
    if (!list)
        return 0;
    if (list->kind != YAML_SEQUENCE || list->n > IMPORT_FIELDS_MAX)
        return wrong(l, list, "needs is a list of rules");
    struct register_rule *rules = arena_zalloc(l->a, MAX(list->n, (size_t) 1) * sizeof *rules);
    int r = rules ? 0 : no_memory(l);
    k->rules = rules;
    for (const struct yaml_node *v = list->first; r == 0 && v; v = v->next)
        r = read_rule(l, v, &rules[k->n_rules++]);
    return r;
}

static int read_refused(struct loading *l, const struct yaml_node *at, struct register_log *log) {
    static const char *const keys[] = {"register", "by", "field", "is", NULL};
    if (!at)
        return 0;
    log->refused_register = text(at, "register");
    log->refused_by = text(at, "by");
    log->refused_field = text(at, "field");
    log->refused_is = text(at, "is");
    bool whole = log->refused_register.n && log->refused_by.n && log->refused_field.n && log->refused_is.n;
    return !whole || yaml_only_keys(at, keys, l->file, l->err) < 0 ? wrong(l, at, "refused has: register, by, field, is") : 0;
}

static int read_log(struct loading *l, const struct yaml_node *at, struct register_kind *k) {
    static const char *const keys[] = {"said", "sources", "states", "refused", NULL}, *const state_keys[] = {"said", "is", "need", NULL};
    const struct yaml_node *list = at ? yaml_get(at, "states") : NULL;
    if (!at)
        return 0;
    if (at->kind != YAML_MAPPING || yaml_only_keys(at, keys, l->file, l->err) < 0 || !list || list->kind != YAML_SEQUENCE || list->n > IMPORT_FIELDS_MAX)
        return wrong(l, at, "log has: said, sources, states, refused");
    struct register_log *log = arena_zalloc(l->a, sizeof *log);
    struct register_log_state *states = arena_zalloc(l->a, MAX(list->n, (size_t) 1) * sizeof *states);
    if (!log || !states)
        return no_memory(l);
    log->states = states;
    k->log = log;
    int r = read_field_name(l, at, "said", &log->said);
    if (r == 0)
        r = read_field_name(l, at, "sources", &log->sources);
    for (const struct yaml_node *v = list->first; r == 0 && v; v = v->next) {
        struct register_log_state *x = &states[log->n_states++];
        x->said = text(v, "said");
        x->is = text(v, "is");
        r = yaml_only_keys(v, state_keys, l->file, l->err) < 0 || !x->is.n ? wrong(l, v, "a state has: said, is, need") : read_need(l, v, &x->need);
    }
    return r == 0 ? read_refused(l, yaml_get(at, "refused"), log) : r;
}

static int read_kind(struct loading *l, const struct yaml_node *root, struct register_kind *k) {
    int r;
    l->fields = root && root->kind == YAML_MAPPING ? yaml_get(root, "fields") : NULL;
    if (!l->fields || l->fields->kind != YAML_SEQUENCE)
        return diag_set_at(l->err, -ERR_PARSE, l->file, 1, 1, "a register without fields");
    k->name = text(root, "import");
    k->key = text(root, "key");
    (void) yaml_get_bool(root, "personal", &k->personal);
    r = read_fields(l, k);
    if (r == 0)
        r = read_needs(l, yaml_get(root, "needs"), k);
    return r == 0 ? read_log(l, yaml_get(root, "log"), k) : r;
}

static int check_targets(const struct register_kinds *x, struct diag *err) {
    for (size_t i = 0; i < x->n; i++)
        for (size_t f = 0; f < x->at[i].n_fields; f++) {
            struct str to = x->at[i].fields[f].to;
            if (to.n && !register_kind_find(x, to))
                return diag_set(err, -ERR_PARSE, "register '%.*s': field '%.*s' names rows of '%.*s', and there is no such register",
                                STR_ARG(x->at[i].name), STR_ARG(x->at[i].fields[f].name), STR_ARG(to));
        }
    return 0;
}

static int take_file(void *ctx, const char *file, const struct yaml_node *root, struct diag *err) {
    struct register_kinds *x = ctx;
    struct loading l = {.a = &x->arena, .file = file, .err = err};
    return read_kind(&l, root, &x->at[x->n++]);
}

int register_kinds_load(struct register_kinds *x, const char *folder, struct diag *reterr) {
    *x = (struct register_kinds){0};
    arena_init(&x->arena, 16 << 20);
    x->at = arena_zalloc(&x->arena, REGISTER_KINDS_MAX * sizeof *x->at);
    if (!x->at)
        return diag_set(reterr, -ENOMEM, "out of memory");
    int r = yaml_each_file(&x->arena, folder, REGISTER_KINDS_MAX, take_file, x, reterr);
    return r == 0 ? check_targets(x, reterr) : r;
}

void register_kinds_done(struct register_kinds *x) {
    arena_done(&x->arena);
}

const struct register_kind *register_kind_find(const struct register_kinds *x, struct str name) {
    for (size_t i = 0; i < x->n; i++)
        if (str_eq(x->at[i].name, name))
            return &x->at[i];
    return NULL;
}
