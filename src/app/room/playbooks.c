/* See playbooks.h. */
#include "app/room/playbooks.h"

#include "app/content/content.h"
#include "app/room/room.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/yaml.h"
#include "playbook/playbook.h"
#include "room/library.h"
#include "room/plans.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#define WORK_BYTES_MAX ((size_t) 256 << 20)

/* ---- one playbook ---- */

static struct str taken(struct arena *a, struct buf *b) {
    struct str s = buf_error(b) ? STR_NULL : arena_dup(a, buf_str(b));
    buf_done(b);
    return s;
}

static struct str notes_of(struct arena *a, const struct playbook *p) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 16 << 20);
    jsonw_init(&w, &b);
    jsonw_array(&w);
    for (const struct playbook_note *n = p->notes; n; n = n->next)
        jsonw_str(&w, n->text);
    jsonw_end(&w);
    return taken(a, &b);
}

/* The titles stand in the plan, made of what there is. */
static int read_titles(struct arena *a, struct room_playbook *ret, struct diag *err) {
    struct json_value *plan;
    int e = json_parse(a, ret->plan, &plan, err);
    const struct json_value *title = e == 0 ? json_get_object(plan, "title") : NULL;
    if (title) {
        (void) json_get_str(title, "ja", &ret->title_ja);
        (void) json_get_str(title, "en", &ret->title_en);
    }
    return e;
}

int playbooks_compile(struct arena *a, struct str text, const char *file, bool cacao, const struct room *levels, struct room_playbook *ret, struct diag *reterr) {
    struct str names[LEVELS_MAX];
    struct playbook p;
    struct buf source, plan, form;
    *ret = (struct room_playbook){.title_ja = STR(""), .title_en = STR("")};
    int e = cacao ? playbook_read_cacao(a, text, file, &p, reterr) : playbook_read(a, text, file, &p, reterr);
    if (e == 0 && levels)
        e = playbook_check_levels(&p, file, names, room_alert_level_names(levels, names), reterr);
    if (e < 0)
        return e;
    buf_init(&source, 16 * PLAYBOOK_BYTES_MAX);
    buf_init(&plan, 16 * PLAYBOOK_BYTES_MAX);
    buf_init(&form, 16 * PLAYBOOK_BYTES_MAX);
    e = playbook_write(&p, &source);
    if (e == 0)
        e = playbook_write_plan(a, &p, &plan);
    if (e == 0)
        e = playbook_write_form(a, &p, &form);
    ret->key = pb_str(p.top, "id");
    ret->source = taken(a, &source);
    ret->plan = taken(a, &plan);
    ret->form = taken(a, &form);
    ret->notes = notes_of(a, &p);
    ret->n_steps = 0;
    for (const struct pb_val *v = playbook_steps(&p)->first; v; v = v->next)
        ret->n_steps += v->obj->type != PB_END && v->obj->type != PB_START;
    if (e == 0 && (!ret->source.p || !ret->plan.p || !ret->form.p || !ret->notes.p))
        e = -ENOMEM;
    return e == 0 ? read_titles(a, ret, reterr) : e;
}

/* ---- at start ---- */

/* What cannot be read is left out and said: a pack from elsewhere stops nobody from starting. A level this office does not have stays with a person when its step comes up. */
static void take_file(struct program *p, const char *path, const char *name, const char *origin, bool apart) {
    struct room_playbook x;
    struct diag d = {0};
    struct arena a;
    struct str text;
    int64_t id;
    char line[1024];
    arena_init(&a, WORK_BYTES_MAX);
    int e = file_read(&a, path, PLAYBOOK_BYTES_MAX, &text, &d);
    if (e == 0)
        e = playbooks_compile(&a, text, path, false, NULL, &x, &d);
    x.origin = origin;
    x.file = str_of(name);
    if (e == 0 && apart && (e = room_playbook_is_others(p->room, x.key, x.file, &d)) > 0)
        e = diag_set(&d, -EEXIST, "%s: there is a playbook '%.*s' already, which it does not replace", path, STR_ARG(x.key));
    if (e == 0)
        e = room_playbook_put(p->room, &room_system, &x, &id, &d);
    if (e < 0)
        log_warn("a playbook is left out: %s", diag_format(&d, line, sizeof line));
    arena_done(&a);
}

void playbooks_take(struct program *p, const char *path, struct str id) {
    char name[256];
    snprintf(name, sizeof name, "%.*s", STR_ARG(id));
    take_file(p, path, name, "pack", true);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* In the order of names, so that numbers of versions do not depend on the file system. */
static int take_folder(struct program *p, struct arena *a, const char *folder, bool packs, struct diag *err) {
    enum { NAMES_MAX = 500 };
    const char *names[NAMES_MAX];
    size_t n = 0;
    struct dirent *x;
    DIR *d = folder ? opendir(folder) : NULL;
    while (d && n < NAMES_MAX && (x = readdir(d))) {
        struct str name = str_of(x->d_name);
        if (x->d_name[0] != '.' && (packs || (str_ends(name, STR(".yml")) && !str_eq_z(name, "use.yml"))))
            names[n++] = arena_dup(a, str_n(x->d_name, name.n + 1)).p;
        if (n && !names[n - 1])
            break;
    }
    if (d)
        closedir(d);
    if (n && !names[n - 1])
        return diag_set(err, -ENOMEM, "memory has run out");
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        char path[PATH_MAX];
        struct stat st;
        int k = snprintf(path, sizeof path, packs ? "%s/%s/playbook.yml" : "%s/%s", folder, names[i]);
        if (k < PATH_MAX && stat(path, &st) == 0)
            take_file(p, path, names[i], packs ? "pack" : "shipped", false);
    }
    return 0;
}

/* ---- use.yml ---- */

static int read_due(struct room_run_defaults *d, const struct yaml_node *due, const char *file, struct diag *err) {
    for (const struct yaml_node *row = due ? due->first : NULL; row; row = row->next) {
        struct str level = STR(""), otherwise = STR("");
        int64_t percent = 0, ns = 0;
        (void) yaml_get_str(row, "level", &level);
        (void) yaml_get_str(row, "otherwise", &otherwise);
        int l = rule_level_from_string(level);
        if (l < 0 || !yaml_get_i64(row, "percent", &percent) || percent < 1 || percent > 10000 || time_parse_span(otherwise, &ns) < 0)
            return yaml_error(err, -ERR_PARSE, file, row, "a row of due wants level, percent (1 to 10000) and otherwise (a span)");
        d->due[l] = (struct room_run_due){true, percent, ns / NS_PER_S};
    }
    return 0;
}

static int read_uses(struct room_run_defaults *d, const struct yaml_node *uses, const char *file, struct diag *err) {
    for (const struct yaml_node *row = uses ? uses->first : NULL; row; row = row->next) {
        struct room_run_use *u = &d->uses[d->n_uses];
        if (d->n_uses == RUN_DEFAULTS_MAX)
            return yaml_error(err, -ERR_LIMIT, file, row, "more than %d rows", RUN_DEFAULTS_MAX);
        *u = (struct room_run_use){.kind = STR(""), .rule = STR("")};
        bool kind = yaml_get_str(row, "kind", &u->kind), rule = yaml_get_str(row, "rule", &u->rule);
        if (kind == rule || !yaml_get_str(row, "playbook", &u->playbook))
            return yaml_error(err, -ERR_PARSE, file, row, "a row of use wants a kind or a rule, and a playbook");
        d->n_uses++;
    }
    return 0;
}

static int read_defaults(struct playbooks *x, const char *path, struct diag *err) {
    struct yaml_doc *doc = NULL;
    static const char *const keys[] = {"use", "due", NULL};
    int e = yaml_parse_file(&x->arena, path, &doc, err);
    if (e == 0 && (!doc || !doc->root))
        return diag_set_at(err, -ERR_PARSE, path, 1, 0, "it is empty");
    if (e == 0)
        e = yaml_only_keys(doc->root, keys, path, err);
    if (e == 0)
        e = read_due(&x->defaults, yaml_get(doc->root, "due"), path, err);
    return e == 0 ? read_uses(&x->defaults, yaml_get(doc->root, "use"), path, err) : e;
}

int playbooks_load(struct program *p, struct diag *reterr) {
    char folder[PATH_MAX], use[PATH_MAX];
    arena_init(&p->playbooks.arena, 16 << 20);
    snprintf(folder, sizeof folder, "%.4000s/playbooks", content_dir());
    snprintf(use, sizeof use, "%.4000s/use.yml", folder);
    int e = take_folder(p, &p->playbooks.arena, folder, false, reterr);
    if (e == 0)
        e = take_folder(p, &p->playbooks.arena, p->opt.packs, true, reterr);
    if (e == 0)
        e = read_defaults(&p->playbooks, use, reterr);
    if (e == 0)
        room_runs_use(p->room, &p->playbooks.defaults);
    return e;
}

void playbooks_done(struct playbooks *x) {
    arena_done(&x->arena);
}
