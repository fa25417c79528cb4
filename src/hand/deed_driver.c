/* Reads the two files of a driver. Tables of keys, one function a shape; nothing is carried out here. */
#include "hand/deed_driver.h"

#include "base/file.h"
#include "base/ip.h"
#include "base/limits.h"
#include "base/mem.h"
#include "hand/limits.h"

#include <stddef.h>

struct reading {
    struct arena *a;
    const char *file;
    struct deed_driver *d;
    struct diag *err;
};

static int fail(struct reading *r, const struct yaml_node *at, const char *what) {
    return yaml_error(r->err, -ERR_PARSE, r->file, at, "%s", what);
}

static void *rows(struct reading *r, const struct yaml_node *list, size_t size, size_t *ret_n) {
    *ret_n = list ? list->n : 0;
    return arena_zalloc(r->a, (*ret_n + 1) * size);
}

static int text_of(struct reading *r, const struct yaml_node *map, const char *key, struct str *ret) {
    const struct yaml_node *n = yaml_get(map, key);
    if (!n)
        return 0;
    if (n->kind != YAML_SCALAR)
        return fail(r, n, "a text was expected");
    *ret = arena_dup(r->a, n->text);
    return ret->p ? 0 : diag_set(r->err, -ENOMEM, "memory has run out");
}

static int number_of(struct reading *r, const struct yaml_node *map, const char *key, int64_t least, int64_t most,
                     int64_t *ret) {
    const struct yaml_node *n = yaml_get(map, key);
    int64_t v;
    if (!n)
        return 0;
    if (!yaml_get_i64(map, key, &v) || v < least || v > most)
        return yaml_error(r->err, -ERR_PARSE, r->file, n, "'%s' must be a number from %lld to %lld", key,
                          (long long) least, (long long) most);
    *ret = v;
    return 0;
}

static int bool_of(struct reading *r, const struct yaml_node *map, const char *key, bool *ret) {
    const struct yaml_node *n = yaml_get(map, key);
    return n && !yaml_get_bool(map, key, ret) ? fail(r, n, "true or false was expected") : 0;
}

static int texts_of(struct reading *r, const struct yaml_node *map, const char *key, struct str **ret, size_t *ret_n) {
    const struct yaml_node *list = yaml_get(map, key);
    size_t i = 0;
    if (!list || yaml_is_null(list))
        return 0;
    if (list->kind != YAML_SEQUENCE || list->n > DEED_ROWS_MAX)
        return fail(r, list, "a list of texts was expected");
    if (!(*ret = rows(r, list, sizeof **ret, ret_n)))
        return -ENOMEM;
    for (const struct yaml_node *it = list->first; it; it = it->next, i++) {
        if (it->kind != YAML_SCALAR)
            return fail(r, it, "a text was expected");
        (*ret)[i] = arena_dup(r->a, it->text);
    }
    return 0;
}

static int pairs_of(struct reading *r, const struct yaml_node *map, const char *key, struct deed_pair **ret,
                    size_t *ret_n) {
    const struct yaml_node *list = yaml_get(map, key);
    size_t i = 0;
    if (!list)
        return 0;
    if (list->kind != YAML_MAPPING || list->n > DEED_ROWS_MAX)
        return fail(r, list, "keys and texts were expected");
    if (!(*ret = rows(r, list, sizeof **ret, ret_n)))
        return -ENOMEM;
    for (const struct yaml_node *it = list->first; it; it = it->next, i++) {
        if (it->kind != YAML_SCALAR)
            return fail(r, it, "a text was expected");
        (*ret)[i] = (struct deed_pair){arena_dup(r->a, it->key->text), arena_dup(r->a, it->text)};
    }
    return 0;
}

/* ---- the template: steps */

static int statuses_of(struct reading *r, const struct yaml_node *map, struct deed_step *s) {
    const struct yaml_node *list = yaml_get(map, "status");
    size_t i = 0;
    if (!(s->status = rows(r, list && list->kind == YAML_SEQUENCE ? list : NULL, sizeof *s->status, &s->n_status)))
        return -ENOMEM;
    if (!list || list->kind == YAML_SCALAR) {
        s->n_status = 1;
        s->status[0] = s->how == DEED_HTTP ? 200 : 0;
        return list ? number_of(r, map, "status", 0, 999, &s->status[0]) : 0;
    }
    if (list->kind != YAML_SEQUENCE || list->n == 0)
        return fail(r, list, "a number or a list of numbers was expected");
    for (const struct yaml_node *it = list->first; it; it = it->next)
        if (it->kind != YAML_SCALAR || str_to_i64(it->text, &s->status[i++]) < 0)
            return fail(r, it, "a number was expected");
    return 0;
}

static bool knows_program(const struct deed_driver *d, struct str name) {
    for (size_t i = 0; i < d->n_programs; i++)
        if (str_eq(d->programs[i].name, name))
            return true;
    return false;
}

static int read_run(struct reading *r, const struct yaml_node *n, struct deed_step *s) {
    int e = text_of(r, n, "run", &s->program);
    if (e == 0 && !knows_program(r->d, s->program))
        return fail(r, yaml_get(n, "run"), "this program is not one of 'programs'");
    if (e == 0)
        e = texts_of(r, n, "args", &s->args, &s->n_args);
    return e == 0 ? text_of(r, n, "stdin", &s->text) : e;
}
static int read_http(struct reading *r, const struct yaml_node *n, struct deed_step *s) {
    int e = text_of(r, n, "http", &s->method);
    if (e == 0 && !knows_program(r->d, STR("curl")))
        return fail(r, yaml_get(n, "http"), "a template that asks over HTTP names curl under 'programs'");
    if (e == 0 && !yaml_get(n, "url"))
        return fail(r, n, "a request needs 'url'");
    if (e == 0)
        e = text_of(r, n, "url", &s->url);
    if (e == 0)
        e = pairs_of(r, n, "headers", &s->headers, &s->n_headers);
    if (e == 0)
        e = pairs_of(r, n, "equals", &s->equals, &s->n_equals);
    return e == 0 ? text_of(r, n, "body", &s->text) : e;
}
static int read_write(struct reading *r, const struct yaml_node *n, struct deed_step *s) {
    int e = text_of(r, n, "write", &s->file);
    return e == 0 ? text_of(r, n, "text", &s->text) : e;
}
static int read_remove(struct reading *r, const struct yaml_node *n, struct deed_step *s) {
    return text_of(r, n, "remove", &s->file);
}

/* How a step is done: the key that says so, who reads the rest, which keys it takes beside those of all. */
static const struct how_row {
    const char *key;
    enum deed_how how;
    int (*read)(struct reading *r, const struct yaml_node *n, struct deed_step *s);
    const char *keys[16];
} hows[] = {
    {"run",
     DEED_RUN,
     read_run,
     {"run", "args", "stdin", "status", "contains", "lacks", "keep", "until_s", "times", "within_s", "says",
      NULL}},
    {"http",
     DEED_HTTP,
     read_http,
     {"http", "url", "headers", "body", "equals", "status", "contains", "lacks", "keep", "until_s", "times", "within_s",
      "says", NULL}},
    {"write", DEED_WRITE, read_write, {"write", "text", "says", NULL}},
    {"remove", DEED_REMOVE, read_remove, {"remove", "says", NULL}},
};

static int read_step(struct reading *r, const struct yaml_node *n, struct deed_step *s) {
    struct deed_pair *keep = NULL;
    size_t i;
    int e;
    if (n->kind != YAML_MAPPING)
        return fail(r, n, "a step is keys and values");
    for (i = 0; i < ARRAY_SIZE(hows) && !yaml_get(n, hows[i].key); i++)
        ;
    if (i == ARRAY_SIZE(hows))
        return fail(r, n, "a step begins with run, http, write or remove");
    *s = (struct deed_step){.how = hows[i].how, .line = n->line, .within_s = 10, .times = 1};
    if ((e = yaml_only_keys(n, hows[i].keys, r->file, r->err)) < 0 || (e = hows[i].read(r, n, s)) < 0 ||
        (e = statuses_of(r, n, s)) < 0 || (e = text_of(r, n, "contains", &s->contains)) < 0 ||
        (e = text_of(r, n, "lacks", &s->lacks)) < 0 || (e = text_of(r, n, "says", &s->says)) < 0 ||
        (e = number_of(r, n, "until_s", 0, DEED_UNTIL_S_MAX, &s->until_s)) < 0 ||
        (e = number_of(r, n, "times", 1, 10, &s->times)) < 0 ||
        (e = number_of(r, n, "within_s", 1, DEED_STEP_S_MAX, &s->within_s)) < 0 ||
        (e = pairs_of(r, n, "keep", &keep, &s->n_keep)) < 0)
        return e;
    if (s->n_keep > DEED_KEPT_MAX)
        return fail(r, yaml_get(n, "keep"), "too many values are kept");
    s->keep = (struct deed_keep *) (void *) keep; /* two texts each, in the same order */
    return 0;
}
_Static_assert(sizeof(struct deed_keep) == sizeof(struct deed_pair) &&
                   offsetof(struct deed_keep, from) == offsetof(struct deed_pair, value),
               "pairs are read as what is kept");

/* ---- the template: kinds */

static const char *const type_words[DEED_TYPE_MAX_] = {
    [DEED_NAME] = "name",     [DEED_WORD] = "word",   [DEED_ADDRESS] = "address", [DEED_ADDRESSES] = "addresses",
    [DEED_HOSTS] = "hosts",   [DEED_NUMBER] = "number", [DEED_HOURS] = "hours", [DEED_TEXT] = "text",
};

static int read_value(struct reading *r, const struct yaml_node *n, struct deed_value *v) {
    static const char *const keys[] = {"type", "least", "most", "optional", "usual", NULL};
    struct str type = STR_NULL;
    int t = 0, e;
    if (n->kind != YAML_MAPPING)
        return fail(r, n, "a value is described by keys: type, least, most, optional, usual");
    if ((e = yaml_only_keys(n, keys, r->file, r->err)) < 0 || (e = text_of(r, n, "type", &type)) < 0)
        return e;
    while (t < DEED_TYPE_MAX_ && !str_eq_z(type, type_words[t]))
        t++;
    if (t == DEED_TYPE_MAX_)
        return fail(r, n, "'type' is one of name, word, address, addresses, hosts, number, hours, text");
    v->type = (enum deed_type) t;
    bool list = t == DEED_ADDRESSES || t == DEED_HOSTS;
    v->least = list || t == DEED_NUMBER ? 0 : 1;
    v->most = list ? 32 : t == DEED_NUMBER ? 1000000 : t == DEED_TEXT ? 500 : 128;
    if ((e = number_of(r, n, "least", 0, 1000000000, &v->least)) < 0 ||
        (e = number_of(r, n, "most", 1, t == DEED_NUMBER ? 1000000000 : DEED_VALUE_BYTES_MAX, &v->most)) < 0 ||
        (e = bool_of(r, n, "optional", &v->optional)) < 0)
        return e;
    return text_of(r, n, "usual", &v->value);
}

static int read_values(struct reading *r, const struct yaml_node *map, struct deed_value **ret, size_t *ret_n) {
    size_t i = 0;
    int e = 0;
    if (!map)
        return 0;
    if (map->kind != YAML_MAPPING || map->n > DEED_PARAMS_MAX)
        return fail(r, map, "names and their types were expected");
    if (!(*ret = rows(r, map, sizeof **ret, ret_n)))
        return -ENOMEM;
    for (const struct yaml_node *it = map->first; e == 0 && it; it = it->next, i++) {
        (*ret)[i].name = arena_dup(r->a, it->key->text);
        e = read_value(r, it, &(*ret)[i]);
    }
    return e;
}

static int read_kind(struct reading *r, const struct yaml_node *n, struct deed_kind *k) {
    static const char *const keys[] = {"target", "params", "repeat", "check", "apply", "undo", "standing", "gone", NULL};
    static const char *const verbs[DEED_VERB_MAX_] = {[DEED_CHECK] = "check",
                                                      [DEED_APPLY] = "apply",
                                                      [DEED_UNDO] = "undo",
                                                      [DEED_STANDING] = "standing",
                                                      [DEED_GONE] = "gone"};
    int e = n->kind == YAML_MAPPING ? yaml_only_keys(n, keys, r->file, r->err) : fail(r, n, "keys were expected");
    k->name = arena_dup(r->a, n->key->text);
    k->repeat = true;
    if (e == 0 && !yaml_get(n, "target"))
        return fail(r, n, "a kind needs 'target'");
    if (e == 0)
        e = read_value(r, yaml_get(n, "target"), &k->target);
    k->target.name = STR("target");
    if (e == 0)
        e = read_values(r, yaml_get(n, "params"), &k->params, &k->n_params);
    if (e == 0)
        e = bool_of(r, n, "repeat", &k->repeat);
    for (int v = 0; e == 0 && v < DEED_VERB_MAX_; v++) {
        const struct yaml_node *list = yaml_get(n, verbs[v]);
        size_t i = 0;
        if (!list)
            continue;
        if (list->kind != YAML_SEQUENCE || list->n > DEED_STEPS_MAX)
            return fail(r, list, "a list of steps was expected");
        if (!(k->steps[v] = rows(r, list, sizeof *k->steps[v], &k->n_steps[v])))
            return -ENOMEM;
        for (const struct yaml_node *it = list->first; e == 0 && it; it = it->next)
            e = read_step(r, it, &k->steps[v][i++]);
    }
    if (e == 0 && k->n_steps[DEED_APPLY] == 0)
        return fail(r, n, "a kind needs 'apply'");
    if (e == 0 && k->n_steps[DEED_UNDO] && !k->n_steps[DEED_STANDING])
        return fail(r, n, "a kind that can be undone needs 'standing', so that its effect is looked at");
    return e;
}

static int read_programs(struct reading *r, const struct yaml_node *root) {
    struct deed_pair *p = NULL;
    size_t n = 0;
    int e = pairs_of(r, root, "programs", &p, &n);
    if (e < 0)
        return e;
    r->d->programs = arena_zalloc(r->a, (n + 1) * sizeof *r->d->programs);
    for (size_t i = 0; r->d->programs && i < n; i++) {
        if (!str_starts(p[i].value, STR("/")))
            return fail(r, yaml_get(root, "programs"), "a program is named by its whole path");
        r->d->programs[i] = (struct deed_program){p[i].key, arena_dup_z(r->a, p[i].value)};
    }
    r->d->n_programs = n;
    return r->d->programs ? 0 : -ENOMEM;
}

static int read_template(struct reading *r, const struct yaml_node *root) {
    static const char *const keys[] = {"id",       "title", "about",      "proven",   "source", "programs", "read",
                                       "write",    "net_admin", "keep_root", "settings", "kinds",  NULL};
    const struct yaml_node *kinds, *title;
    struct deed_driver *d = r->d;
    size_t i = 0;
    int e = root->kind == YAML_MAPPING ? yaml_only_keys(root, keys, r->file, r->err)
                                       : fail(r, root, "keys and values were expected");
    if (e < 0 || (e = text_of(r, root, "id", &d->id)) < 0 || (e = text_of(r, root, "proven", &d->proven)) < 0)
        return e;
    title = yaml_get(root, "title");
    if ((e = text_of(r, title, "ja", &d->title_ja)) < 0 || (e = text_of(r, title, "en", &d->title_en)) < 0)
        return e;
    if (!d->id.n || !d->title_ja.n || !d->title_en.n)
        return fail(r, root, "a template needs 'id' and a 'title' in ja and en");
    if ((e = read_programs(r, root)) < 0 || (e = texts_of(r, root, "read", &d->read, &d->n_read)) < 0 ||
        (e = texts_of(r, root, "write", &d->write, &d->n_write)) < 0 ||
        (e = bool_of(r, root, "net_admin", &d->net_admin)) < 0 ||
        (e = bool_of(r, root, "keep_root", &d->keep_root)) < 0)
        return e;
    kinds = yaml_get(root, "kinds");
    if (!kinds || kinds->kind != YAML_MAPPING || kinds->n == 0 || kinds->n > DEED_KINDS_MAX)
        return fail(r, kinds ? kinds : root, "'kinds' was expected");
    if (!(d->kinds = rows(r, kinds, sizeof *d->kinds, &d->n_kinds)))
        return -ENOMEM;
    for (const struct yaml_node *it = kinds->first; e == 0 && it; it = it->next)
        e = read_kind(r, it, &d->kinds[i++]);
    return e;
}

/* ---- the site file */

/* A setting is a text, or {file: PATH} whose first line it is: a password stays out of this file. */
static int read_setting(struct reading *r, const struct yaml_node *it, struct deed_value *v) {
    struct str path = STR_NULL, text;
    v->name = arena_dup(r->a, it->key->text);
    if (it->kind == YAML_SCALAR) {
        v->value = arena_dup(r->a, it->text);
        return 0;
    }
    int e = it->kind == YAML_MAPPING ? text_of(r, it, "file", &path) : 0;
    if (e < 0 || !path.n)
        return e < 0 ? e : fail(r, it, "a setting is a text, or {file: PATH}");
    if ((e = hand_file_trusted(path.p, r->err)) < 0 ||
        (e = file_read(r->a, path.p, DEED_VALUE_BYTES_MAX, &text, r->err)) < 0)
        return e;
    (void) str_split(&text, '\n', &v->value);
    v->value = str_trim(v->value);
    return 0;
}

static int read_settings(struct reading *r, const struct yaml_node *map, struct deed_value **ret, size_t *ret_n) {
    size_t i = 0;
    int e = 0;
    if (!map || yaml_is_null(map))
        return 0;
    if (map->kind != YAML_MAPPING || map->n > DEED_ROWS_MAX)
        return fail(r, map, "names and values were expected");
    if (!(*ret = rows(r, map, sizeof **ret, ret_n)))
        return -ENOMEM;
    for (const struct yaml_node *it = map->first; e == 0 && it; it = it->next)
        e = read_setting(r, it, &(*ret)[i++]);
    return e;
}

static int read_targets(struct reading *r, const struct yaml_node *root) {
    const struct yaml_node *map = yaml_get(root, "targets");
    struct deed_driver *d = r->d;
    size_t i = 0;
    int e = 0;
    d->any_target = !map;
    if (!map)
        return 0;
    if (map->kind != YAML_MAPPING || map->n > DEED_ROWS_MAX)
        return fail(r, map, "'targets' are names, each with its settings");
    if (!(d->targets = rows(r, map, sizeof *d->targets, &d->n_targets)))
        return -ENOMEM;
    for (const struct yaml_node *it = map->first; e == 0 && it; it = it->next, i++) {
        d->targets[i].name = arena_dup(r->a, it->key->text);
        e = read_settings(r, it, &d->targets[i].settings, &d->targets[i].n_settings);
    }
    return e;
}

static int read_uids(struct reading *r, const struct yaml_node *root) {
    struct str *list = NULL;
    size_t n = 0;
    int e = texts_of(r, root, "room_uids", &list, &n);
    for (size_t i = 0; e == 0 && i < n; i++) {
        uint64_t v;
        if (n > DEED_UIDS_MAX || str_to_u64(list[i], &v) < 0 || v >= UINT32_MAX)
            return fail(r, yaml_get(root, "room_uids"), "at most 8 user numbers were expected");
        r->d->room_uids[r->d->n_room_uids++] = (uid_t) v;
    }
    return e;
}

static int read_site(struct reading *r, const struct yaml_node *root, struct str *ret_template) {
    static const char *const keys[] = {"driver",       "dry_run",      "minutes_max",  "orders_per_minute", "per_minute",
                                       "in_force_max", "order_life_s", "clock_skew_s", "room_uids",         "user",
                                       "never",        "targets",      "settings",     "tried",             NULL};
    static const struct {
        const char *key;
        size_t at;
        int64_t least, most, usual;
    } numbers[] = {
        {"minutes_max", offsetof(struct deed_driver, minutes_max), 1, DEED_MINUTES_MAX, 7 * 24 * 60},
        {"orders_per_minute", offsetof(struct deed_driver, orders_per_minute), 1, 600, 60},
        {"per_minute", offsetof(struct deed_driver, per_minute), 1, 6000, 100},
        {"in_force_max", offsetof(struct deed_driver, in_force_max), 1, DEED_IN_FORCE_MAX, 1000},
        {"order_life_s", offsetof(struct deed_driver, order_life_s), 1, 3600, 300},
        {"clock_skew_s", offsetof(struct deed_driver, clock_skew_s), 0, 60, 5},
    };
    struct deed_driver *d = r->d;
    int e = root->kind == YAML_MAPPING ? yaml_only_keys(root, keys, r->file, r->err)
                                       : fail(r, root, "keys and values were expected");
    d->dry_run = true;
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(numbers); i++) {
        int64_t *at = (int64_t *) (void *) ((char *) d + numbers[i].at);
        *at = numbers[i].usual;
        e = number_of(r, root, numbers[i].key, numbers[i].least, numbers[i].most, at);
    }
    if (e < 0 || (e = text_of(r, root, "driver", ret_template)) < 0 ||
        (e = bool_of(r, root, "dry_run", &d->dry_run)) < 0 || (e = text_of(r, root, "user", &d->user)) < 0 ||
        (e = text_of(r, root, "tried", &d->tried)) < 0 || (e = texts_of(r, root, "never", &d->never, &d->n_never)) < 0 ||
        (e = read_settings(r, yaml_get(root, "settings"), &d->settings, &d->n_settings)) < 0 ||
        (e = read_targets(r, root)) < 0)
        return e;
    return read_uids(r, root);
}

static int parse_trusted(struct reading *r, const char *path, struct yaml_node **ret) {
    struct yaml_doc *docs = NULL;
    r->file = path;
    int e = hand_file_trusted(path, r->err);
    if (e == 0)
        e = yaml_parse_file(r->a, path, &docs, r->err);
    if (e == 0 && (!docs || !docs->root || docs->next))
        e = diag_set_at(r->err, -ERR_PARSE, path, 1, 0, "one YAML document was expected");
    *ret = e == 0 ? docs->root : NULL;
    return e;
}

static int name_of(struct deed_driver *d, const char *site_path, struct diag *err) {
    const char *slash = strrchr(site_path, '/');
    struct str s = str_of(slash ? slash + 1 : site_path);
    if (str_ends(s, STR(".yml")))
        s.n -= 4;
    struct deed_value word = {.type = DEED_NAME, .least = 1, .most = sizeof d->name - 1};
    if (deed_value_check(&word, s, NULL) < 0)
        return diag_set_at(err, -ERR_PARSE, site_path, 0, 0, "the file's name is no name of a driver");
    snprintf(d->name, sizeof d->name, "%.*s", STR_ARG(s));
    return 0;
}

int deed_driver_load(const char *site_path, const char *templates, struct deed_driver **ret, struct diag *reterr) {
    struct deed_driver *d = mem_zalloc(sizeof *d);
    struct str id = STR_NULL;
    struct yaml_node *root;
    char path[4096];
    if (!d)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    arena_init(&d->arena, DEED_ARENA_MAX);
    struct reading r = {.a = &d->arena, .d = d, .err = reterr};
    struct deed_value word = {.type = DEED_NAME, .least = 1, .most = 64};
    int e = name_of(d, site_path, reterr);
    if (e == 0)
        e = parse_trusted(&r, site_path, &root);
    if (e == 0)
        e = read_site(&r, root, &id);
    if (e == 0 && deed_value_check(&word, id, NULL) < 0)
        e = fail(&r, root, "'driver' names a template of content/drivers");
    if (e == 0) {
        int n = snprintf(path, sizeof path, "%s/%.*s.yml", templates, STR_ARG(id));
        e = n < 0 || (size_t) n >= sizeof path ? -ENAMETOOLONG : parse_trusted(&r, path, &root);
    }
    if (e == 0)
        e = read_template(&r, root);
    if (e < 0) {
        deed_driver_free(d);
        return e;
    }
    *ret = d;
    return 0;
}

void deed_driver_free(struct deed_driver *d) {
    if (!d)
        return;
    arena_done(&d->arena);
    mem_free(d);
}

const struct deed_kind *deed_kind_find(const struct deed_driver *d, struct str name) {
    for (size_t i = 0; i < d->n_kinds; i++)
        if (str_eq(d->kinds[i].name, name))
            return &d->kinds[i];
    return NULL;
}

const struct deed_target *deed_target_find(const struct deed_driver *d, struct str name) {
    for (size_t i = 0; i < d->n_targets; i++)
        if (str_eq(d->targets[i].name, name))
            return &d->targets[i];
    return NULL;
}
