/* See report_form.h. */
#include "app/room/report_form.h"

#include "app/content/content.h"
#include "app/room/room.h"
#include "base/file.h"

#include <limits.h>
#include <unistd.h>

static const char *const LANGS[] = {"ja", "en"};
enum { CSS_BYTES_MAX = 64 * 1024 };

static int read_advice(struct room_reported_kind *k, size_t lang, const struct yaml_node *list, const char *file, struct diag *err) {
    static const char *const keys[] = {"do", "more", NULL};
    for (const struct yaml_node *x = list ? list->first : NULL; x; x = x->next) {
        struct room_advice *a = &k->now[lang][k->n_now[lang]];
        if (k->n_now[lang] == REPORT_ADVICE_MAX)
            return yaml_error(err, -ERR_LIMIT, file, x, "more than %d things to do at once are not read by anybody", REPORT_ADVICE_MAX);
        int e = yaml_only_keys(x, keys, file, err);
        if (e < 0)
            return e;
        *a = (struct room_advice){STR(""), STR("")};
        (void) yaml_get_str(x, "more", &a->more);
        if (!yaml_get_str(x, "do", &a->what) || !a->what.n)
            return yaml_error(err, -ERR_PARSE, file, x, "a thing to do wants `do`");
        k->n_now[lang]++;
    }
    return 0;
}

static bool is_id(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < 'a' || s.p[i] > 'z') && s.p[i] != '_')
            return false;
    return s.n > 0 && s.n < 32;
}

static int read_kind(struct room_reported_kind *k, const struct yaml_node *x, const char *file, struct diag *err) {
    static const char *const keys[] = {"id", "icon", "level", "case", "ja", "en", NULL}, *const words[] = {"title", "hint", "now", NULL};
    struct str level = STR("");
    int e = yaml_only_keys(x, keys, file, err), l;
    if (e < 0)
        return e;
    *k = (struct room_reported_kind){.icon = STR("other"), .case_kind = STR("reported")};
    (void) yaml_get_str(x, "icon", &k->icon);
    (void) yaml_get_str(x, "case", &k->case_kind);
    (void) yaml_get_str(x, "level", &level);
    if (!yaml_get_str(x, "id", &k->id) || !is_id(k->id))
        return yaml_error(err, -ERR_PARSE, file, x, "a kind wants an id of small letters and _");
    if ((l = rule_level_from_string(level)) < 0)
        return yaml_error(err, -ERR_PARSE, file, x, "a kind wants a level: informational, low, medium, high or critical");
    k->level = (enum rule_level) l;
    for (size_t i = 0; i < ARRAY_SIZE(LANGS) && e == 0; i++) {
        const struct yaml_node *w = yaml_get(x, LANGS[i]);
        struct str *title = i ? &k->title.en : &k->title.ja, *hint = i ? &k->hint.en : &k->hint.ja;
        *hint = STR("");
        if (!w || !yaml_get_str(w, "title", title))
            return yaml_error(err, -ERR_PARSE, file, x, "a kind wants a title in both languages");
        (void) yaml_get_str(w, "hint", hint);
        if ((e = yaml_only_keys(w, words, file, err)) == 0)
            e = read_advice(k, i, yaml_get(w, "now"), file, err);
    }
    return e;
}

int report_form_read(struct report_form *f, const struct yaml_node *root, const char *file, struct diag *reterr) {
    static const char *const keys[] = {"kinds", "words", NULL};
    const struct yaml_node *kinds, *words;
    int e = root ? yaml_only_keys(root, keys, file, reterr) : diag_set_at(reterr, -ERR_PARSE, file, 1, 0, "it is empty");
    if (e < 0)
        return e;
    kinds = yaml_get(root, "kinds");
    words = yaml_get(root, "words");
    if (!kinds || !kinds->first || !words)
        return yaml_error(reterr, -ERR_PARSE, file, root, "kinds and words are wanted");
    for (const struct yaml_node *x = kinds->first; e == 0 && x; x = x->next) {
        if (f->kinds.n == REPORT_KINDS_MAX)
            return yaml_error(reterr, -ERR_LIMIT, file, x, "more than %d kinds to choose from are too many", REPORT_KINDS_MAX);
        if ((e = read_kind(&f->kinds.at[f->kinds.n], x, file, reterr)) == 0)
            f->kinds.n++;
    }
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(LANGS); i++)
        if (!(f->words[i] = yaml_get(words, LANGS[i])))
            e = yaml_error(reterr, -ERR_PARSE, file, words, "words in both languages are wanted");
    return e;
}

struct str report_form_word(const struct report_form *f, bool en, const char *key) {
    struct str s = {0};
    return yaml_get_str(f->words[en], key, &s) ? s : (struct str){0};
}

/* The operator's own file, where there is one. */
static void path_of(const struct program *p, const char *name, char *dst, size_t cap) {
    snprintf(dst, cap, "%.4000s/reports/%s", p->config->data, name);
    if (access(dst, R_OK) < 0)
        snprintf(dst, cap, "%.4000s/reports/%s", content_dir(), name);
}

int report_form_load(struct program *p, struct diag *reterr) {
    struct report_form *f = &p->report_form;
    struct yaml_doc *doc = NULL;
    char path[PATH_MAX];
    arena_init(&f->arena, 16 << 20);
    path_of(p, "form.css", path, sizeof path);
    int e = file_read(&f->arena, path, CSS_BYTES_MAX, &f->css, reterr);
    path_of(p, "form.yml", path, sizeof path);
    if (e == 0)
        e = yaml_parse_file(&f->arena, path, &doc, reterr);
    if (e == 0)
        e = report_form_read(f, doc ? doc->root : NULL, path, reterr);
    if (e == 0)
        room_reports_use(p->room, &f->kinds);
    return e;
}

void report_form_done(struct report_form *f) {
    arena_done(&f->arena);
}
