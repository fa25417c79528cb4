/* See stage.h. Recorded events: regression_data/…/info.yml names the rules and the files of their events
 * (EVTX beside the same as JSON); the JSON becomes samples/ID.ndjson, one event a line. */
#include "ruleset/stage.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/yaml.h"
#include "ruleset/take.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LICENCE_TITLE_MAX = 120 };

struct stage {
    struct ruleset *set;
    struct arena *keep;  /* what *ret points to */
    struct arena events; /* recorded events until all are there */
    struct map by_path;  /* of these: struct str * */
    struct str *infos;   /* paths of the info.yml among them */
    size_t n_infos, infos_cap;
    struct sha256 hash;
    struct str own;      /* the path of a written rule */
    int fd; /* of the folder being made */
    uint64_t passed_over;
};

static int no_memory(struct diag *reterr) {
    return diag_set(reterr, -ENOMEM, "out of memory");
}

static int make_folders(int fd, char *path) {
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int r = mkdirat(fd, path, 0700);
        *slash = '/';
        if (r < 0 && errno != EEXIST)
            return -errno;
    }
    return 0;
}

static int put_file(struct stage *s, const char *folder, struct str name, int flags, struct str bytes,
                    struct diag *reterr) {
    char path[RULESET_PATH_BYTES_MAX + 64];
    snprintf(path, sizeof path, "%s/%.*s", folder, STR_ARG(name));
    int r = make_folders(s->fd, path), fd = -1;
    if (r == 0 && (fd = file_open_beneath(s->fd, path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600)) < 0)
        r = fd;
    if (r == 0)
        r = file_write_all(fd, bytes);
    if (fd >= 0)
        close(fd);
    return r < 0 ? diag_set(reterr, r, "cannot write '%s' of the rule set: %s", path, err_word(r)) : 0;
}

/* What a licence file is called by people; else its first line that says something. */
static struct str licence_title(struct str text) {
    static const char *const known[] = {"Detection Rule License (DRL) 1.1", "Apache License", "GNU Affero General Public License",
                                        "GNU General Public License", "MIT License", "BSD 3-Clause", "CC BY 4.0"};
    struct str line;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_find(text, str_of(known[i]), 0) >= 0)
            return str_of(known[i]);
    while (str_split(&text, '\n', &line)) {
        while (line.n && (line.p[0] == '#' || line.p[0] == '=' || line.p[0] == '-' || (unsigned char) line.p[0] <= ' '))
            line = str_from(line, 1);
        line = str_trim(line);
        if (line.n)
            return str_to(line, LICENCE_TITLE_MAX);
    }
    return STR("");
}

static int keep_event(struct stage *s, const struct ruleset_file *f, struct diag *reterr) {
    struct str *copy = arena_alloc(&s->events, sizeof *copy), path = arena_dup(&s->events, f->path);
    if (!copy || !path.p)
        return no_memory(reterr);
    *copy = arena_dup(&s->events, f->bytes);
    if (!copy->p || map_put(&s->by_path, path, copy) < 0)
        return no_memory(reterr);
    if (!str_ends(path, STR("/info.yml")))
        return 0;
    if (arena_grow(&s->events, (void **) &s->infos, &s->infos_cap, s->n_infos + 1, sizeof *s->infos) < 0)
        return no_memory(reterr);
    s->infos[s->n_infos++] = path;
    return 0;
}

static int put_one(void *ctx, const struct ruleset_file *f, struct diag *reterr) {
    struct stage *s = ctx;
    if (f->kind == RULESET_OTHER) {
        s->passed_over++;
        return 0;
    }
    if (f->kind == RULESET_EVENTS)
        return keep_event(s, f, reterr);
    if (f->kind == RULESET_LICENCE && !s->set->licence_file.n) {
        s->set->licence_file = arena_dup(s->keep, f->path);
        if (!s->set->licence.p)
            s->set->licence = arena_dup(s->keep, licence_title(f->bytes));
    }
    if (f->kind == RULESET_RULE) {
        uint8_t one[SHA256_BYTES];
        sha256_of(f->bytes, one);
        sha256_add(&s->hash, f->path);
        sha256_add(&s->hash, str_n("", 1));
        sha256_add(&s->hash, str_n((const char *) one, sizeof one));
        s->set->files++;
    }
    return put_file(s, "files", f->path, O_EXCL, f->bytes, reterr);
}

/* ---- recorded events ---- */

static void add_line(struct buf *out, const struct json_value *event) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_value(&w, event);
    buf_add_byte(out, '\n');
}

static bool is_id(struct str id) {
    for (size_t i = 0; i < id.n; i++)
        if (!ascii_digit(id.p[i]) && !(ascii_lower(id.p[i]) >= 'a' && ascii_lower(id.p[i]) <= 'z') && id.p[i] != '-')
            return false;
    return id.n > 0 && id.n <= 64;
}

/* The events of one file, a line each; text that is no JSON is passed over: a sample less, no harm. */
static void events_of(struct stage *s, struct str path, struct buf *out) {
    struct arena a;
    struct json_value *v;
    char json[RULESET_PATH_BYTES_MAX + 8];
    if (str_ends(path, STR(".evtx")))
        path.n -= 5;
    else if (str_ends(path, STR(".json")))
        path.n -= 5;
    snprintf(json, sizeof json, "%.*s.json", (int) MIN(path.n, (size_t) RULESET_PATH_BYTES_MAX), path.p);
    const struct str *text = map_get(&s->by_path, str_of(json));
    if (!text)
        return;
    arena_init(&a, (size_t) 256 << 20);
    if (json_parse(&a, *text, &v, NULL) == 0) {
        if (v->type == JSON_OBJECT)
            add_line(out, v);
        for (const struct json_value *it = v->type == JSON_ARRAY ? v->first : NULL; it; it = it->next)
            if (it->type == JSON_OBJECT)
                add_line(out, it);
    }
    arena_done(&a);
}

static int put_samples(struct stage *s, struct str info, struct diag *reterr) {
    const struct str *text = map_get(&s->by_path, info);
    struct arena a;
    struct buf lines;
    struct yaml_doc *doc = NULL;
    int r = 0;
    arena_init(&a, (size_t) 64 << 20);
    buf_init(&lines, YAML_BYTES_MAX);
    if (yaml_parse(&a, *text, info.p, &doc, NULL) == 0 && doc && doc->root && doc->root->kind == YAML_MAPPING) {
        const struct yaml_node *tests = yaml_get(doc->root, "regression_tests_info");
        const struct yaml_node *rules = yaml_get(doc->root, "rule_metadata");
        struct str v;
        for (const struct yaml_node *t = tests && tests->kind == YAML_SEQUENCE ? tests->first : NULL; t; t = t->next)
            if (t->kind == YAML_MAPPING && yaml_get_str(t, "path", &v))
                events_of(s, v, &lines);
        for (const struct yaml_node *t = rules && rules->kind == YAML_SEQUENCE ? rules->first : NULL;
             r == 0 && t && lines.n && !buf_error(&lines); t = t->next) {
            char name[80];
            if (t->kind != YAML_MAPPING || !yaml_get_str(t, "id", &v) || !is_id(v))
                continue;
            int n = snprintf(name, sizeof name, "%.*s.ndjson", STR_ARG(v));
            r = put_file(s, "samples", str_n(name, (size_t) n), O_APPEND, buf_str(&lines), reterr);
            s->set->samples++;
        }
    }
    buf_done(&lines);
    arena_done(&a);
    return r;
}

/* ---- the whole ---- */

static struct str name_from(const char *from) {
    struct str s = str_of(from);
    while (s.n > 1 && s.p[s.n - 1] == '/')
        s.n--;
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == '/') {
            s = str_from(s, i);
            break;
        }
    if (str_ends(s, STR(".zip")))
        s.n -= 4;
    return s;
}

/* Where a written rule is kept: by its id, so that a newer text takes its place. */
static int path_of_text(struct stage *s, struct str text, struct diag *reterr) {
    struct yaml_doc *doc = NULL;
    struct str id;
    if (text.n > YAML_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "the rule is larger than %d bytes", YAML_BYTES_MAX);
    int r = yaml_parse(&s->events, text, "rule", &doc, reterr);
    if (r < 0)
        return r;
    if (!doc || !doc->root || doc->root->kind != YAML_MAPPING || !yaml_get_str(doc->root, "id", &id) || !is_id(id))
        return diag_set(reterr, -EINVAL, "the rule has no id; give it one of its own (id: and what uuidgen prints)");
    s->own = arena_printf(s->keep, "rules/%.*s.yml", STR_ARG(id));
    return s->own.p ? 0 : no_memory(reterr);
}

static int put_older(void *ctx, const struct ruleset_file *f, struct diag *reterr) {
    struct stage *s = ctx;
    return str_eq(f->path, s->own) ? 0 : put_one(ctx, f, reterr);
}

/* What the set has, and the rule. Somebody else's set stays as it came. */
static int take_text(struct stage *s, const char *data, struct str text, struct diag *reterr) {
    struct rulesets all;
    char files[PATH_MAX + 16];
    int r = path_of_text(s, text, reterr);
    if (r < 0)
        return r;
    r = rulesets_load(data, &all, reterr);
    const struct ruleset *now = r == 0 ? rulesets_find(&all, s->set->name, false) : NULL;
    if (now && !str_eq_z(now->from, RULESET_WRITTEN))
        r = diag_set(reterr, -EEXIST, "'%.*s' is a set that somebody else keeps; name another for rules of your own",
                     STR_ARG(s->set->name));
    if (r == 0 && now) {
        snprintf(files, sizeof files, "%s/files", now->dir);
        r = ruleset_take(files, put_older, s, reterr);
    }
    rulesets_done(&all);
    struct ruleset_file f = {.path = s->own, .kind = RULESET_RULE, .bytes = text};
    return r < 0 ? r : put_one(s, &f, reterr);
}

static int fill(struct stage *s, const char *data, const char *from, struct str text, struct diag *reterr) {
    uint8_t digest[SHA256_BYTES];
    sha256_init(&s->hash);
    int r = from ? ruleset_take(from, put_one, s, reterr) : take_text(s, data, text, reterr);
    for (size_t i = 0; r == 0 && i < s->n_infos; i++)
        r = put_samples(s, s->infos[i], reterr);
    if (r == 0 && !s->set->files && !s->set->pack.id.n)
        r = diag_set(reterr, -ENOENT, "'%s' holds no rules (*.yml)", from ? from : "it");
    sha256_end(&s->hash, digest);
    hex_encode(digest, sizeof digest, s->set->digest);
    if (!s->set->licence.p)
        s->set->licence = STR("");
    return r;
}

/* Puts the set together in `tmp`, then moves it to `draft`. */
static int build(struct stage *s, const char *data, const char *from, struct str text, const char *tmp, const char *draft,
                 struct diag *reterr) {
    int r = ruleset_remove_tree(tmp);
    if (r == 0)
        r = file_make_dir(tmp, 0700, reterr);
    if (r == 0 && (s->fd = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        r = -errno;
    if (r == 0 && mkdirat(s->fd, "files", 0700) < 0) /* also of a lesson that brings no rule */
        r = -errno;
    if (r < 0)
        return diag_set(reterr, r, "cannot make '%s': %s", tmp, err_word(r));
    s->set->dir = tmp;
    r = fill(s, data, from, text, reterr);
    if (r == 0)
        r = ruleset_write(s->set, reterr);
    if (r == 0 && syncfs(s->fd) < 0)
        r = diag_set(reterr, -errno, "cannot write the rule set: %s", err_word(-errno));
    close(s->fd);
    if (r == 0 && ((r = ruleset_remove_tree(draft)) < 0 || (r = rename(tmp, draft) == 0 ? 0 : -errno) < 0))
        diag_set(reterr, r, "cannot move the rule set to '%s': %s", draft, err_word(r));
    if (r < 0)
        IGNORE(ruleset_remove_tree(tmp));
    return r;
}

int ruleset_stage(const char *data, const char *from, const struct ruleset_staging *o, struct arena *a,
                  struct ruleset *ret, uint64_t *ret_passed_over, struct diag *reterr) {
    char below[RULESET_NAME_BYTES_MAX + 32], tmp[PATH_MAX], draft[PATH_MAX];
    struct str name = o->name.p || !from ? o->name : name_from(from);
    struct str origin = o->origin.p ? o->origin : from ? str_of(from) : STR(RULESET_WRITTEN);
    struct ruleset set = {.from = arena_dup(a, origin), .by = arena_dup(a, o->by), .licence = o->licence,
                          .added_ns = time_now_ns(), .on = true, .draft = true, .watch = o->pack != NULL};
    if (o->pack)
        set.pack = *o->pack;
    if (!ruleset_name_is_good(name))
        return diag_set(reterr, -EINVAL, "'%.*s' is no name for a rule set; --name takes letters, digits, - and _",
                        (int) MIN(name.n, 80u), name.p);
    set.name = arena_dup(a, name);
    snprintf(below, sizeof below, ".tmp-%.*s", STR_ARG(name));
    int r = rulesets_path(tmp, data, below);
    snprintf(below, sizeof below, ".draft-%.*s", STR_ARG(name));
    if (r < 0 || (r = rulesets_path(draft, data, below)) < 0)
        return diag_set(reterr, r, "the name of the data folder is too long");
    struct stage s = {.set = &set, .keep = a};
    arena_init(&s.events, RULESET_BYTES_MAX);
    map_init(&s.by_path, RULESET_FILES_MAX, MAP_BORROW);
    r = set.name.p && set.from.p && set.by.p ? build(&s, data, from, o->text, tmp, draft, reterr) : no_memory(reterr);
    map_done(&s.by_path);
    arena_done(&s.events);
    if (r < 0)
        return r;
    set.dir = arena_dup_z(a, str_of(draft));
    set.written = s.own;
    *ret = set;
    *ret_passed_over = s.passed_over;
    return set.dir ? 0 : no_memory(reterr);
}
