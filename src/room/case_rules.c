#include "room/case_rules.h"

#include "base/yaml.h"
#include "room/recovery.h"
#include "room/room_priv.h"

static const char *const kinds[ENTRY_MAX_] = {"notice", "analysis", "decision", "action", "contact", "outside", "force", "handover"};

const char *room_entry_kind_to_string(enum room_entry_kind k) {
    ASSERT((unsigned) k < ENTRY_MAX_);
    return kinds[k];
}

int room_entry_kind_from_string(struct str s) {
    for (int i = 0; i < ENTRY_MAX_; i++)
        if (str_eq_z(s, kinds[i]))
            return i;
    return -EINVAL;
}

static const char *const importances[IMPORTANCE_MAX_] = {"unknown", "low", "medium", "high"};

enum room_importance room_importance_from_string(struct str s) {
    for (int i = 0; i < IMPORTANCE_MAX_; i++)
        if (str_eq_z(s, importances[i]))
            return (enum room_importance) i;
    return IMPORTANCE_UNKNOWN;
}

const char *room_importance_to_string(enum room_importance x) {
    return importances[x];
}

struct reading {
    const char *file;
    struct diag *err;
};

static int read_words(struct reading *x, const struct yaml_node *of, const char *key, struct str *dst, size_t *ret_n) {
    const struct yaml_node *list = yaml_get(of, key);
    *ret_n = 0;
    for (const struct yaml_node *v = list ? list->first : NULL; v; v = v->next) {
        if (v->kind != YAML_SCALAR || *ret_n == CASE_WORDS_MAX)
            return yaml_error(x->err, -ERR_PARSE, x->file, v, "%s wants words, %d at most", key, CASE_WORDS_MAX);
        dst[(*ret_n)++] = v->text;
    }
    return 0;
}

static int read_kinds(struct reading *x, const struct yaml_node *of, const char *key, unsigned *ret) {
    struct str words[CASE_WORDS_MAX];
    size_t n;
    int e = read_words(x, of, key, words, &n);
    for (size_t i = 0; e == 0 && i < n; i++) {
        int k = room_entry_kind_from_string(words[i]);
        if (k < 0)
            return yaml_error(x->err, -ERR_PARSE, x->file, yaml_get(of, key), "'%.*s' is no kind of an entry", STR_ARG(words[i]));
        *ret |= 1u << k;
    }
    return e;
}

static int read_spans(struct reading *x, const struct yaml_node *list, int64_t dst[LEVEL_MAX_]) {
    for (const struct yaml_node *v = list ? list->first : NULL; v; v = v->next) {
        struct str level = STR(""), span = STR("");
        int64_t ns = 0;
        (void) yaml_get_str(v, "level", &level);
        (void) yaml_get_str(v, "span", &span);
        int l = rule_level_from_string(level);
        if (l < 0 || time_parse_span(span, &ns) < 0 || ns < NS_PER_MIN)
            return yaml_error(x->err, -ERR_PARSE, x->file, v, "a row of at_least wants level and span (a minute or more)");
        dst[l] = ns / NS_PER_S;
    }
    return 0;
}

static int read_gaps(struct reading *x, const struct yaml_node *n, struct room_gap_rules *g) {
    static const char *const keys[] = {"by_person", "by_machine", "also", "but_not", "lanes_not", "nights", "at_least", NULL};
    struct str nights = STR("count");
    int e = n ? yaml_only_keys(n, keys, x->file, x->err) : diag_set_at(x->err, -ERR_PARSE, x->file, 1, 0, "it has no gaps");
    if (e == 0)
        e = read_kinds(x, n, "by_person", &g->by_person);
    if (e == 0)
        e = read_kinds(x, n, "by_machine", &g->by_machine);
    if (e == 0)
        e = read_words(x, n, "also", g->also, &g->n_also);
    if (e == 0)
        e = read_words(x, n, "but_not", g->but_not, &g->n_but_not);
    if (e == 0)
        e = read_words(x, n, "lanes_not", g->lanes_not, &g->n_lanes_not);
    if (e == 0 && yaml_get_str(n, "nights", &nights) && !str_eq_z(nights, "count") && !str_eq_z(nights, "leave_out"))
        e = yaml_error(x->err, -ERR_PARSE, x->file, yaml_get(n, "nights"), "nights is count or leave_out");
    g->leave_nights_out = str_eq_z(nights, "leave_out");
    return e == 0 ? read_spans(x, yaml_get(n, "at_least"), g->at_least_s) : e;
}

#define POINTS_MAX 1000

static int read_points(struct reading *x, const struct yaml_node *of, const char *key, int64_t *ret) {
    if (!of || !yaml_get_i64(of, key, ret) || *ret < -POINTS_MAX || *ret > POINTS_MAX)
        return yaml_error(x->err, -ERR_PARSE, x->file, of, "%s wants points, %d at most", key, POINTS_MAX);
    return 0;
}

static int read_rank(struct reading *x, const struct yaml_node *n, struct room_rank_rules *k) {
    static const char *const keys[] = {"level", "importance", "stolen", "unseen", "known", "false_alarm", "false_alarm_rule", NULL};
    const struct {
        const char *key;
        int64_t *to;
    } one[] = {{"stolen", &k->stolen}, {"unseen", &k->unseen}, {"known", &k->known}, {"false_alarm", &k->false_alarm}, {"false_alarm_rule", &k->false_alarm_rule}};
    int e = n ? yaml_only_keys(n, keys, x->file, x->err) : diag_set_at(x->err, -ERR_PARSE, x->file, 1, 0, "it has no rank");
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(one); i++)
        e = read_points(x, n, one[i].key, one[i].to);
    const struct yaml_node *levels = e == 0 ? yaml_get(n, "level") : NULL, *importance = e == 0 ? yaml_get(n, "importance") : NULL;
    for (const struct yaml_node *v = levels ? levels->first : NULL; e == 0 && v; v = v->next) {
        struct str level = STR("");
        (void) yaml_get_str(v, "level", &level);
        int l = rule_level_from_string(level);
        e = l < 0 ? yaml_error(x->err, -ERR_PARSE, x->file, v, "a row of level wants level and points") : read_points(x, v, "points", &k->level[l]);
    }
    for (const struct yaml_node *v = importance ? importance->first : NULL; e == 0 && v; v = v->next) {
        struct str is = STR("");
        (void) yaml_get_str(v, "is", &is);
        e = read_points(x, v, "points", &k->importance[room_importance_from_string(is)]);
    }
    k->set = e == 0;
    return e;
}

static int read_known(struct reading *x, const struct yaml_node *list, struct room_case_rules *c) {
    int e = 0;
    for (const struct yaml_node *v = list ? list->first : NULL; e == 0 && v; v = v->next) {
        struct room_known_case *k = &c->known[c->n_known];
        if (c->n_known == CASE_KNOWN_MAX)
            return yaml_error(x->err, -ERR_LIMIT, x->file, v, "more than %d known cases", CASE_KNOWN_MAX);
        e = read_words(x, v, "kinds", k->kinds, &k->n_kinds);
        if (e == 0 && (!k->n_kinds || !yaml_get_str(v, "ja", &k->title.ja) || !yaml_get_str(v, "en", &k->title.en)))
            e = yaml_error(x->err, -ERR_PARSE, x->file, v, "a known case wants kinds, ja and en");
        (void) yaml_get_str(v, "pack", &k->pack);
        c->n_known++;
    }
    return e;
}

/* counts: also what is counted for it, or that a person says so. */
static int read_one(struct reading *x, const struct yaml_node *v, bool counts, struct room_named *to) {
    static const char *const keys[] = {"name", "counts", "by", "ja", "en", NULL};
    struct str what = STR(""), by = STR("");
    *to = (struct room_named){.name = STR("")};
    int e = v->kind == YAML_MAPPING ? yaml_only_keys(v, keys, x->file, x->err) : yaml_error(x->err, -ERR_PARSE, x->file, v, "it wants name, ja and en");
    if (e == 0 && (!yaml_get_str(v, "name", &to->name) || !to->name.n || to->name.n > 40 || !yaml_get_str(v, "ja", &to->title.ja) || !yaml_get_str(v, "en", &to->title.en)))
        e = yaml_error(x->err, -ERR_PARSE, x->file, v, "it wants name (40 characters at most), ja and en");
    if (e < 0)
        return e;
    bool has = yaml_get_str(v, "counts", &what), person = yaml_get_str(v, "by", &by) && str_eq_z(by, "person");
    if (has && counts && !room_safety_counts(what, to))
        return yaml_error(x->err, -ERR_PARSE, x->file, yaml_get(v, "counts"), "nothing called '%.*s' is counted", STR_ARG(what));
    if (counts ? has == person : has || by.n)
        return yaml_error(x->err, -ERR_PARSE, x->file, v, "%s", counts ? "it wants either counts or by: person" : "it wants name, ja and en alone");
    return 0;
}

static int read_named(struct reading *x, const struct yaml_node *list, bool counts, struct room_named *dst, size_t *ret_n) {
    int e = 0;
    for (const struct yaml_node *v = list ? list->first : NULL; e == 0 && v; v = v->next) {
        if (*ret_n == CASE_NAMED_MAX)
            return yaml_error(x->err, -ERR_LIMIT, x->file, v, "more than %d rows", CASE_NAMED_MAX);
        e = read_one(x, v, counts, &dst[*ret_n]);
        for (size_t i = 0; e == 0 && i < *ret_n; i++)
            if (str_eq(dst[i].name, dst[*ret_n].name))
                e = yaml_error(x->err, -ERR_PARSE, x->file, v, "'%.*s' stands here twice", STR_ARG(dst[i].name));
        *ret_n += 1;
    }
    return e;
}

int room_case_rules_load(struct room *r, const char *path, struct diag *reterr) {
    static const char *const keys[] = {"gaps", "rank", "known", "closing", "contacts", NULL};
    struct room_case_rules *c = &r->case_rules;
    struct reading x = {path, reterr};
    struct yaml_doc *doc = NULL;
    int e = yaml_parse_file(&c->arena, path, &doc, reterr);
    if (e == 0 && (!doc || !doc->root))
        return diag_set_at(reterr, -ERR_PARSE, path, 1, 0, "it is empty");
    if (e == 0)
        e = yaml_only_keys(doc->root, keys, path, reterr);
    if (e == 0)
        e = read_gaps(&x, yaml_get(doc->root, "gaps"), &c->gaps);
    if (e == 0)
        e = read_rank(&x, yaml_get(doc->root, "rank"), &c->rank);
    if (e == 0)
        e = read_known(&x, yaml_get(doc->root, "known"), c);
    if (e == 0)
        e = read_named(&x, yaml_get(doc->root, "closing"), true, c->closing, &c->n_closing);
    return e == 0 ? read_named(&x, yaml_get(doc->root, "contacts"), false, c->contacts, &c->n_contacts) : e;
}
