/* See tightened.h. */
#include "app/engine/tightened.h"

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"
#include "detect/tighten.h"

#include <unistd.h>

#define FILE_BYTES_MAX ((size_t) 4 << 20)
#define ARENA_BYTES_MAX ((size_t) 64 << 20)

struct watch {
    const struct json_value *values[2], *kinds, *sets; /* values: of each kind of target */
    int64_t factor, from_ns, until_ns;
};
static const struct {
    const char *key, *field;
    char letter;
} TARGETS[] = {{"services", "service.name", 'f'}, {"hosts", "host.name", 'h'}};

static bool read_time(const struct json_value *v, const char *key, int64_t *ret) {
    struct str s;
    int offset;
    return json_get_str(v, key, &s) && time_parse_iso(s, ret, &offset) == (int) s.n;
}

static int read_watches(struct arena *a, const char *file, struct watch *dst, size_t *ret_n, struct diag *err) {
    struct str text;
    struct json_value *doc = NULL;
    *ret_n = 0;
    if (!file || access(file, F_OK) < 0)
        return 0;
    int r = file_read(a, file, FILE_BYTES_MAX, &text, err);
    if (r == 0)
        r = json_parse(a, text, &doc, err);
    const struct json_value *list = r == 0 ? json_get_array(doc, "tightenings") : NULL;
    for (const struct json_value *v = list ? list->first : NULL; r == 0 && v && *ret_n < TIGHTENED_MAX; v = v->next) {
        struct watch w = {.kinds = json_get_array(v, "kinds"), .sets = json_get_array(v, "sets")};
        for (size_t i = 0; i < ARRAY_SIZE(TARGETS); i++)
            w.values[i] = json_get_array(v, TARGETS[i].key);
        if (!json_get_i64(v, "factor", &w.factor) || !read_time(v, "from", &w.from_ns) || !read_time(v, "until", &w.until_ns))
            return diag_set(err, -ERR_PARSE, "'%s': a watch has factor, from and until; remove the file, the room writes it again", file);
        dst[(*ret_n)++] = w;
    }
    return r;
}

/* ---- loading ---- */

static bool of_kind(const struct watch *w, struct str kind) {
    if (!w->kinds || !w->kinds->first)
        return true;
    for (const struct json_value *v = w->kinds->first; v; v = v->next)
        if (v->type == JSON_STRING && str_eq(v->text, kind))
            return true;
    return false;
}

/* The watches of one factor and kind of target that a rule is for, as JSON. Whether there are any. */
static bool write_scope(const struct watch *all, size_t n, size_t target, int64_t factor, struct str kind, int64_t now, struct buf *out) {
    struct jsonw w;
    bool any = false;
    buf_clear(out);
    jsonw_init(&w, out);
    jsonw_array(&w);
    for (size_t i = 0; i < n; i++) {
        const struct watch *x = &all[i];
        if (x->factor != factor || x->until_ns <= now || !x->values[target] || !x->values[target]->first || !of_kind(x, kind))
            continue;
        any = true;
        jsonw_object(&w);
        jsonw_key(&w, STR("values"));
        jsonw_value(&w, x->values[target]);
        jsonw_ktime(&w, "from", x->from_ns);
        jsonw_ktime(&w, "until", x->until_ns);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    return any && buf_error(out) == 0;
}

static bool earlier_has(const struct watch *all, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (all[i].factor == all[at].factor)
            return true;
    return false;
}

static int write_variants(const struct detect_rules *set, const struct watch *all, size_t n, struct buf *out, struct diag *err) {
    struct buf scope;
    int64_t now = time_now_ns();
    int r = 0;
    buf_init(&scope, FILE_BYTES_MAX);
    for (size_t i = 0; r >= 0 && i < n; i++)
        for (size_t t = 0; r >= 0 && !earlier_has(all, i) && t < ARRAY_SIZE(TARGETS); t++)
            for (uint32_t k = 0; r >= 0 && k < set->n; k++) {
                struct str kind = STR("");
                (void) yaml_get_str(set->rules[k]->kizuki, "kind", &kind);
                if (write_scope(all, n, t, all[i].factor, kind, now, &scope))
                    r = detect_tighten(set->rules[k], str_of(TARGETS[t].field), TARGETS[t].letter, all[i].factor, buf_str(&scope), out, err);
            }
    buf_done(&scope);
    return MIN(r, 0);
}

int tightened_load(const char *const *paths, size_t n_paths, const char *file, struct detect_rules **ret, struct diag *reterr) {
    struct watch all[TIGHTENED_MAX];
    struct detect_rules *set = NULL;
    struct arena a;
    struct buf text;
    size_t n = 0;
    arena_init(&a, ARENA_BYTES_MAX);
    buf_init(&text, YAML_BYTES_MAX);
    int r = read_watches(&a, file, all, &n, reterr);
    if (r == 0)
        r = detect_rules_load(paths, n_paths, &set, reterr);
    if (r == 0 && n)
        r = write_variants(set, all, n, &text, reterr);
    if (r == 0 && text.n) { /* once more, with them: a set is whole or not there */
        detect_rules_unref(set);
        set = NULL;
        r = detect_rules_load_with(paths, n_paths, buf_str(&text), "watched more closely", &set, reterr);
    }
    buf_done(&text);
    arena_done(&a);
    if (r < 0)
        detect_rules_unref(set);
    else
        *ret = set;
    return r;
}

int tightened_sets(struct arena *a, const char *file, struct str **ret, size_t *ret_n, struct diag *reterr) {
    struct watch all[TIGHTENED_MAX];
    size_t n = 0, cap = 0;
    int64_t now = time_now_ns();
    *ret = NULL;
    *ret_n = 0;
    int r = read_watches(a, file, all, &n, reterr);
    for (size_t i = 0; r == 0 && i < n; i++)
        for (const struct json_value *v = all[i].until_ns > now && all[i].sets ? all[i].sets->first : NULL; r == 0 && v; v = v->next) {
            r = arena_grow(a, (void **) ret, &cap, *ret_n + 1, sizeof **ret);
            if (r == 0 && v->type == JSON_STRING)
                (*ret)[(*ret_n)++] = v->text;
        }
    return r;
}

int64_t tightened_next(const char *file, int64_t now_ns) {
    struct watch all[TIGHTENED_MAX];
    struct arena a;
    size_t n = 0;
    int64_t next = INT64_MAX;
    arena_init(&a, ARENA_BYTES_MAX);
    if (read_watches(&a, file, all, &n, NULL) == 0)
        for (size_t i = 0; i < n; i++)
            if (all[i].until_ns > now_ns)
                next = MIN(next, all[i].until_ns);
    arena_done(&a);
    return next;
}

/* ---- telling ---- */

struct span {
    const struct yaml_node *values;
    int64_t from_ns, until_ns;
};
struct scope {
    struct str field;
    struct span *at;
    size_t n;
};
struct tightened {
    struct arena arena;
    const struct detect_rules *set; /* borrowed */
    struct scope **scopes; /* by rule; NULL: none */
    size_t n;
};

static struct str field_of(const struct detect_rule *rule) {
    for (size_t i = 0; i < ARRAY_SIZE(TARGETS); i++) {
        char mark[3] = {'~', TARGETS[i].letter, 0};
        ptrdiff_t at = str_find(rule->id, str_of(mark), 0);
        if (at >= 0)
            return str_of(TARGETS[i].field);
    }
    return STR_NULL;
}

static int read_scope(struct tightened *t, const struct detect_rule *rule, const struct yaml_node *list, struct diag *err) {
    struct scope *s = arena_zalloc(&t->arena, sizeof *s);
    struct str from, until;
    int offset;
    if (!s || !(s->at = arena_zalloc(&t->arena, ((size_t) list->n + 1) * sizeof *s->at)))
        return diag_set(err, -ENOMEM, "out of memory");
    s->field = field_of(rule);
    for (const struct yaml_node *v = list->kind == YAML_SEQUENCE ? list->first : NULL; v; v = v->next) {
        struct span *x = &s->at[s->n];
        x->values = yaml_get(v, "values");
        if (x->values && yaml_get_str(v, "from", &from) && yaml_get_str(v, "until", &until) && time_parse_iso(from, &x->from_ns, &offset) > 0 &&
            time_parse_iso(until, &x->until_ns, &offset) > 0)
            s->n++;
    }
    t->scopes[rule->index] = s;
    t->n++;
    return 0;
}

int tightened_new(const struct detect_rules *set, struct tightened **ret, struct diag *reterr) {
    struct tightened *t = mem_zalloc(sizeof *t);
    int r = 0;
    if (!t)
        return diag_set(reterr, -ENOMEM, "out of memory");
    arena_init(&t->arena, ARENA_BYTES_MAX);
    t->set = set;
    t->scopes = arena_zalloc(&t->arena, ((size_t) set->n + 1) * sizeof *t->scopes);
    if (!t->scopes)
        r = diag_set(reterr, -ENOMEM, "out of memory");
    for (uint32_t i = 0; r == 0 && i < set->n; i++) {
        const struct yaml_node *list = yaml_get(set->rules[i]->kizuki, "tightened");
        if (list)
            r = read_scope(t, set->rules[i], list, reterr);
    }
    if (r < 0)
        tightened_free(t);
    else
        *ret = t;
    return r;
}

struct tightened *tightened_free(struct tightened *t) {
    if (t)
        arena_done(&t->arena);
    mem_free(t);
    return NULL;
}

size_t tightened_rules(const struct tightened *t) {
    return t->n;
}

bool tightened_tells(const struct tightened *t, const struct finding *f) {
    const struct detect_rule *rule = t->n ? detect_rules_find(t->set, f->rule_id) : NULL;
    const struct scope *s = rule ? t->scopes[rule->index] : NULL;
    struct str value = STR_NULL;
    if (!s)
        return true;
    for (uint32_t i = 0; i < f->n_group; i++)
        if (str_eq(f->group[i].name, s->field))
            value = f->group[i].value;
    for (size_t i = 0; i < s->n; i++) {
        /* it was true in the watch, or became so before and went on in it */
        if (f->detected_ns >= s->at[i].until_ns || MAX(f->last_ns, f->detected_ns) < s->at[i].from_ns)
            continue;
        for (const struct yaml_node *v = s->at[i].values->kind == YAML_SEQUENCE ? s->at[i].values->first : NULL; v; v = v->next)
            if (v->kind == YAML_SCALAR && str_eq(v->text, value))
                return true;
    }
    return false;
}
