/* See plans.h. */
#include "room/plans.h"

#include "base/limits.h"
#include "base/time.h"
#include "base/yaml_folder.h"
#include "base/yaml_json.h"
#include "room/room_priv.h"

#include <unistd.h>

struct reading {
    struct room_plans *p;
    const char *file;
    struct diag *err;
};

static int wrong(struct reading *x, const struct yaml_node *at, const char *what) {
    return yaml_error(x->err, -ERR_PARSE, x->file, at, "%s", what);
}

static struct str text(const struct yaml_node *at, const char *key) {
    struct str s = STR("");
    if (at && at->kind == YAML_MAPPING && yaml_get(at, key))
        (void) yaml_get_str(at, key, &s);
    return s;
}

/* Both languages, or neither. */
static int said(struct reading *x, const struct yaml_node *at, const char *key, bool wanted, struct room_said *ret) {
    const struct yaml_node *n = key ? yaml_get(at, key) : at;
    *ret = (struct room_said){text(n, "ja"), text(n, "en")};
    if (!wanted && !n)
        return 0;
    return ret->ja.n && ret->en.n ? 0 : yaml_error(x->err, -ERR_PARSE, x->file, at, "'%s' has words in both languages: {ja: …, en: …}", key ? key : "a row");
}

static int span(struct reading *x, const struct yaml_node *at, const char *key, bool wanted, int64_t *ret) {
    struct str s = text(at, key);
    *ret = 0;
    if (!s.n && !wanted)
        return 0;
    return time_parse_span(s, ret) == 0 && *ret > 0 && *ret <= 366 * NS_PER_DAY
               ? 0
               : yaml_error(x->err, -ERR_PARSE, x->file, at, "'%s' is a span of at most a year: 30m, 24h, 7d", key);
}

static int number(struct reading *x, const struct yaml_node *at, const char *key, int64_t low, int64_t high, int64_t *ret) {
    if (!yaml_get(at, key))
        return 0;
    return yaml_get_i64(at, key, ret) && *ret >= low && *ret <= high
               ? 0
               : yaml_error(x->err, -ERR_PARSE, x->file, at, "'%s' is a number from %lld to %lld", key, (long long) low, (long long) high);
}

/* ---- campaigns ---- */

static int read_answer(struct reading *x, const struct yaml_node *at, struct campaign_answer *ret) {
    static const char *const keys[] = {"value", "title", "means", "words", NULL};
    struct str means = text(at, "means");
    if (at->kind != YAML_MAPPING)
        return wrong(x, at, "an answer is {value, title, means}");
    int e = yaml_only_keys(at, keys, x->file, x->err);
    ret->value = text(at, "value");
    if (e == 0 && (!ret->value.n || ret->value.n > 40))
        e = wrong(x, at, "an answer has a value of at most 40 bytes");
    if (e == 0 && !str_eq_z(means, "done") && !str_eq_z(means, "open"))
        e = wrong(x, at, "an answer means done or open");
    ret->means = str_eq_z(means, "done") ? MEANS_DONE : MEANS_OPEN;
    (void) yaml_get_bool(at, "words", &ret->words);
    return e < 0 ? e : said(x, at, "title", true, &ret->title);
}

static int read_force(struct reading *x, const struct yaml_node *at, struct campaign_kind *k) {
    static const char *const keys[] = {"deed", "instruct", "title", NULL};
    if (!at)
        return 0;
    int e = at->kind == YAML_MAPPING ? yaml_only_keys(at, keys, x->file, x->err) : wrong(x, at, "force is {deed, title} or {instruct, title}");
    k->force_deed = text(at, "deed");
    if (e == 0)
        e = said(x, at, "title", true, &k->force_title);
    if (e == 0)
        e = said(x, at, "instruct", false, &k->force_text);
    return e == 0 && !k->force_deed.n && !k->force_text.ja.n ? wrong(x, at, "force names an act or an instruction") : e;
}

static int read_kind(void *ctx, const char *file, const struct yaml_node *root, struct diag *err) {
    static const char *const keys[] = {"campaign", "title", "of", "counts", "ask", "due", "remind", "up", "answers", "force", "photo", "step", NULL};
    struct room_plans *p = ctx;
    struct reading x = {p, file, err};
    struct campaign_kind k = {.node = root, .name = text(root, "campaign"), .of = text(root, "of")};
    const struct yaml_node *answers = root ? yaml_get(root, "answers") : NULL;
    size_t at = 0;
    if (!k.name.n || !k.of.n || !answers || answers->kind != YAML_SEQUENCE || answers->n == 0 || answers->n > CAMPAIGN_ANSWERS_MAX)
        return diag_set_at(err, -ERR_PARSE, file, 1, 1, "a kind of campaign has 'campaign', 'of' and at most %d 'answers'", CAMPAIGN_ANSWERS_MAX);
    int e = yaml_only_keys(root, keys, file, err);
    for (const struct yaml_node *v = answers->first; e == 0 && v; v = v->next)
        e = read_answer(&x, v, &k.answers[k.n_answers++]);
    if (e == 0)
        e = said(&x, root, "title", true, &k.title);
    if (e == 0)
        e = said(&x, root, "ask", true, &k.ask);
    if (e == 0)
        e = span(&x, root, "due", true, &k.due_ns);
    if (e == 0)
        e = span(&x, root, "remind", false, &k.remind_ns);
    if (e == 0)
        e = number(&x, root, "up", 0, 100, &k.up);
    if (e == 0)
        e = read_force(&x, yaml_get(root, "force"), &k);
    (void) yaml_get_bool(root, "counts", &k.counts);
    (void) yaml_get_bool(root, "photo", &k.photo);
    k.step = text(root, "step");
    if (e < 0)
        return e;
    while (at < p->n_kinds && !str_eq(p->kinds[at].name, k.name))
        at++;
    if (at == CAMPAIGN_KINDS_MAX)
        return diag_set_at(err, -ERR_LIMIT, file, 1, 1, "at most %d kinds of campaigns", CAMPAIGN_KINDS_MAX);
    p->kinds[at] = k;
    p->n_kinds = MAX(p->n_kinds, at + 1);
    return 0;
}

/* ---- levels ---- */

static int read_signs(struct reading *x, const struct yaml_node *list, struct alert_level *l) {
    static const char *const keys[] = {"tip", "cases", "at", NULL};
    int e = 0;
    for (const struct yaml_node *v = list && list->kind == YAML_SEQUENCE ? list->first : NULL; e == 0 && v; v = v->next) {
        struct level_sign s = {.at = text(v, "at")};
        if (l->n_signs == LEVEL_SIGNS_MAX || v->kind != YAML_MAPPING)
            return wrong(x, v, "a sign is {tip: true} or {cases: N, at: high}");
        e = yaml_only_keys(v, keys, x->file, x->err);
        (void) yaml_get_bool(v, "tip", &s.tip);
        if (e == 0)
            e = number(x, v, "cases", 1, 1000, &s.cases);
        if (e == 0 && s.cases && !str_eq_z(s.at, "medium") && !str_eq_z(s.at, "high") && !str_eq_z(s.at, "critical"))
            e = wrong(x, v, "cases are counted at medium, high or critical");
        l->signs[l->n_signs++] = s;
    }
    return e;
}

static int read_deeds(struct reading *x, const struct yaml_node *list, struct alert_level *l) {
    static const char *const keys[] = {"who", "within", "ja", "en", NULL};
    int e = 0;
    for (const struct yaml_node *v = list && list->kind == YAML_SEQUENCE ? list->first : NULL; e == 0 && v; v = v->next) {
        struct level_deed d = {.who = text(v, "who")};
        if (l->n_deeds == LEVEL_DEEDS_MAX || v->kind != YAML_MAPPING || !d.who.n)
            return wrong(x, v, "a thing to do is {who, within, ja, en}");
        e = yaml_only_keys(v, keys, x->file, x->err);
        if (e == 0)
            e = said(x, v, NULL, true, &d.what);
        if (e == 0)
            e = span(x, v, "within", true, &d.within_ns);
        l->deeds[l->n_deeds++] = d;
    }
    return e;
}

static int read_levels(void *ctx, const char *file, const struct yaml_node *root, struct diag *err) {
    static const char *const keys[] = {"level", "title", "means", "proposed_by", "lasts", "tighten", "do", "playbook", NULL};
    struct room_plans *p = ctx;
    struct reading x = {p, file, err};
    const struct yaml_node *steps = root ? yaml_get(root, "steps") : NULL;
    int e = 0;
    if (!steps || steps->kind != YAML_SEQUENCE || steps->n == 0 || steps->n > LEVELS_MAX)
        return diag_set_at(err, -ERR_PARSE, file, 1, 1, "levels have 'steps', at most %d", LEVELS_MAX);
    p->n_levels = 0; /* a file of one's own takes the place of ours */
    for (const struct yaml_node *v = steps->first; e == 0 && v; v = v->next) {
        struct alert_level *l = &p->levels[p->n_levels++];
        *l = (struct alert_level){.name = text(v, "level"), .playbook = text(v, "playbook"), .factor = 100};
        if (v->kind != YAML_MAPPING || !l->name.n)
            return wrong(&x, v, "a step has a level");
        e = yaml_only_keys(v, keys, file, err);
        if (e == 0)
            e = said(&x, v, "title", true, &l->title);
        if (e == 0)
            e = said(&x, v, "means", true, &l->means);
        if (e == 0)
            e = span(&x, v, "lasts", true, &l->lasts_ns);
        if (e == 0 && yaml_get(v, "tighten"))
            e = number(&x, yaml_get(v, "tighten"), "factor", 100, 1000, &l->factor);
        if (e == 0)
            e = read_signs(&x, yaml_get(v, "proposed_by"), l);
        if (e == 0)
            e = read_deeds(&x, yaml_get(v, "do"), l);
    }
    return e;
}

/* ---- */

static int load(struct room_plans *p, const char *top, const char *below, size_t max, yaml_file_fn *fn, bool wanted, struct diag *err) {
    char path[4200];
    snprintf(path, sizeof path, "%.4000s/%s", top, below);
    return wanted || access(path, F_OK) == 0 ? yaml_each_file(&p->arena, path, max, fn, p, err) : 0;
}

int room_plans_load(struct room *r, const char *content, const char *own, struct diag *reterr) {
    struct room_plans *p = &r->plans;
    arena_init(&p->arena, (size_t) 32 << 20);
    p->n_kinds = p->n_levels = 0;
    int e = load(p, content, "campaigns", CAMPAIGN_KINDS_MAX, read_kind, true, reterr);
    if (e == 0 && own)
        e = load(p, own, "campaigns", CAMPAIGN_KINDS_MAX, read_kind, false, reterr);
    if (e == 0)
        e = load(p, content, "levels", 1, read_levels, true, reterr);
    if (e == 0 && own)
        e = load(p, own, "levels", 1, read_levels, false, reterr);
    return e;
}

void room_plans_done(struct room_plans *p) {
    arena_done(&p->arena);
}

const struct campaign_kind *room_campaign_kind(const struct room *r, struct str name) {
    for (size_t i = 0; i < r->plans.n_kinds; i++)
        if (str_eq(r->plans.kinds[i].name, name))
            return &r->plans.kinds[i];
    return NULL;
}

const struct campaign_kind *room_onsite_kind(const struct room *r, struct str act) {
    const struct campaign_kind *any = NULL;
    for (size_t i = 0; i < r->plans.n_kinds; i++) {
        const struct campaign_kind *k = &r->plans.kinds[i];
        if (act.n && str_eq(k->step, act))
            return k;
        any = str_eq_z(k->step, "any") ? k : any;
    }
    return any;
}

const struct campaign_answer *campaign_answer_find(const struct campaign_kind *k, struct str value) {
    for (size_t i = 0; k && i < k->n_answers; i++)
        if (str_eq(k->answers[i].value, value))
            return &k->answers[i];
    return NULL;
}

const struct alert_level *room_alert_level(const struct room *r, struct str name, size_t *ret_rank) {
    for (size_t i = 0; i < r->plans.n_levels; i++)
        if (str_eq(r->plans.levels[i].name, name)) {
            *ret_rank = i + 1;
            return &r->plans.levels[i];
        }
    *ret_rank = 0;
    return NULL;
}

size_t room_alert_level_names(const struct room *r, struct str names[LEVELS_MAX]) {
    for (size_t i = 0; i < r->plans.n_levels; i++)
        names[i] = r->plans.levels[i].name;
    return r->plans.n_levels;
}

static void write_said(struct jsonw *w, const char *key, const struct room_said *s) {
    jsonw_key(w, str_of(key));
    jsonw_object(w);
    jsonw_kstr(w, "ja", s->ja);
    jsonw_kstr(w, "en", s->en);
    jsonw_end(w);
}

void room_campaign_kinds_write(const struct room *r, struct jsonw *w) {
    jsonw_key(w, STR("kinds"));
    jsonw_array(w);
    for (size_t i = 0; i < r->plans.n_kinds; i++)
        yaml_write_json(w, r->plans.kinds[i].node);
    jsonw_end(w);
}

void room_alert_levels_write(const struct room *r, struct jsonw *w) {
    jsonw_key(w, STR("levels"));
    jsonw_array(w);
    for (size_t i = 0; i < r->plans.n_levels; i++) {
        const struct alert_level *l = &r->plans.levels[i];
        jsonw_object(w);
        jsonw_kstr(w, "level", l->name);
        write_said(w, "title", &l->title);
        write_said(w, "means", &l->means);
        jsonw_ki64(w, "lasts_s", l->lasts_ns / NS_PER_S);
        jsonw_ki64(w, "factor", l->factor);
        jsonw_key(w, STR("do"));
        jsonw_array(w);
        for (size_t k = 0; k < l->n_deeds; k++) {
            jsonw_object(w);
            jsonw_kstr(w, "who", l->deeds[k].who);
            write_said(w, "what", &l->deeds[k].what);
            jsonw_ki64(w, "within_s", l->deeds[k].within_ns / NS_PER_S);
            jsonw_end(w);
        }
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
}
