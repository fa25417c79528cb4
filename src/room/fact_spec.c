/* See fact_spec.h. */
#include "room/fact_spec.h"

#include "base/limits.h"
#include "base/text.h"
#include "base/time_written.h"
#include "base/yaml.h"

static const char *const kinds[FACT_KIND_MAX_] = {"text", "lines", "number", "time", "choice", "choices", "yes_no"};
#define LIT(z) {.p = (z), .n = sizeof(z) - 1}
static const struct fact_choice yes_no[] = {{LIT("yes"), {LIT("はい"), LIT("yes")}}, {LIT("no"), {LIT("いいえ"), LIT("no")}}};

const char *fact_kind_to_string(enum fact_kind k) {
    return kinds[k];
}

const char *fact_fault_to_string(enum fact_fault f) {
    static const char *const names[FACT_FAULT_MAX_] = {"fine", "empty", "too_long", "no_choice", "no_number", "no_time"};
    return names[f];
}

void fact_words_write(struct jsonw *w, const char *member, const struct fact_words *x) {
    const struct str both[] = {x->ja, x->en};
    static const char *const langs[] = {"ja", "en"};
    if (member)
        jsonw_key(w, str_of(member));
    jsonw_object(w);
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        jsonw_key(w, str_of(langs[i]));
        both[i].n ? jsonw_str(w, both[i]) : jsonw_null(w);
    }
    jsonw_end(w);
}

/* ---- the file ---- */

struct reading {
    struct arena *a;
    const char *file;
    struct diag *err;
};

static int wrong(const struct reading *x, const struct yaml_node *at, const char *what) {
    return yaml_error(x->err, -ERR_PARSE, x->file, at, "%s", what);
}

bool fact_is_name(struct str s) {
    if (s.n == 0 || s.n > FACT_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !ascii_digit(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
            return false;
    return true;
}

static struct str text_of(const struct yaml_node *at, const char *key) {
    struct str s = STR("");
    (void) yaml_get_str(at, key, &s);
    return s;
}

int fact_words_read(const struct yaml_node *at, const char *key, bool wanted, const char *file, struct fact_words *ret, struct diag *reterr) {
    static const char *const langs[] = {"ja", "en", NULL};
    const struct yaml_node *n = yaml_get(at, key);
    *ret = (struct fact_words){.ja = STR(""), .en = STR("")};
    if (!n)
        return wanted ? yaml_error(reterr, -ERR_PARSE, file, at, "a %s in Japanese, English or both is missing", key) : 0;
    if (n->kind != YAML_MAPPING || yaml_only_keys(n, langs, file, reterr) < 0)
        return yaml_error(reterr, -ERR_PARSE, file, n, "%s is {ja: …, en: …}", key);
    *ret = (struct fact_words){.ja = text_of(n, "ja"), .en = text_of(n, "en")};
    return ret->ja.n || ret->en.n ? 0 : yaml_error(reterr, -ERR_PARSE, file, n, "%s says nothing", key);
}

static int read_words(const struct reading *x, const struct yaml_node *at, const char *key, bool wanted, struct fact_words *ret) {
    return fact_words_read(at, key, wanted, x->file, ret, x->err);
}

static bool is_name(struct str s) {
    return fact_is_name(s) && !memchr(s.p, '-', s.n);
}

static int read_choices(const struct reading *x, const struct yaml_node *list, struct fact_spec *s) {
    static const char *const keys[] = {"value", "title", NULL};
    if (s->kind == FACT_YES_NO) {
        s->choices = yes_no;
        s->n_choices = ARRAY_SIZE(yes_no);
        return 0;
    }
    if ((s->kind == FACT_CHOICE || s->kind == FACT_CHOICES) != (list != NULL))
        return diag_set(x->err, -ERR_PARSE, "%s: fact '%.*s': choices belong to the kinds choice and choices, and those have some", x->file, STR_ARG(s->name));
    if (!list)
        return 0;
    if (list->kind != YAML_SEQUENCE || !list->n || list->n > FACT_CHOICES_MAX)
        return wrong(x, list, "choices is a list of {value, title}");
    struct fact_choice *at = arena_zalloc(x->a, list->n * sizeof *at);
    int e = at ? 0 : -ENOMEM;
    s->choices = at;
    for (const struct yaml_node *v = list->first; e == 0 && v; v = v->next) {
        struct fact_choice *c = &at[s->n_choices++];
        c->value = v->kind == YAML_MAPPING ? text_of(v, "value") : STR("");
        if (!c->value.n || memchr(c->value.p, '\n', c->value.n) || yaml_only_keys(v, keys, x->file, x->err) < 0)
            return wrong(x, v, "a choice has a value of one line and a title");
        for (size_t i = 0; i + 1 < s->n_choices; i++)
            if (str_eq(at[i].value, c->value))
                return wrong(x, v, "this value stands there twice");
        e = read_words(x, v, "title", true, &c->title);
    }
    return e;
}

static int read_fact(const struct reading *x, const struct yaml_node *at, struct fact_spec *s) {
    static const char *const keys[] = {"name", "group", "kind", "max", "unit", "title", "hint", "choices", "from", "keep", "noted", NULL};
    int64_t max = 0;
    if (at->kind != YAML_MAPPING)
        return wrong(x, at, "a fact is a mapping");
    int e = yaml_only_keys(at, keys, x->file, x->err);
    *s = (struct fact_spec){.name = text_of(at, "name"), .group = text_of(at, "group"), .from = text_of(at, "from"), .kind = FACT_KIND_MAX_};
    struct str kind = text_of(at, "kind");
    for (size_t i = 0; i < FACT_KIND_MAX_; i++)
        if (str_eq_z(kind, kinds[i]))
            s->kind = (enum fact_kind) i;
    if (e == 0 && !is_name(s->name))
        e = wrong(x, at, "a fact has a name of small letters, digits and _");
    if (e == 0 && s->kind == FACT_KIND_MAX_)
        e = wrong(x, at, "kind is one of text, lines, number, time, choice, choices, yes_no");
    if (e == 0)
        e = read_words(x, at, "title", true, &s->title);
    if (e == 0)
        e = read_words(x, at, "hint", false, &s->hint);
    if (e == 0)
        e = read_words(x, at, "unit", false, &s->unit);
    (void) yaml_get_bool(at, "keep", &s->keep);
    (void) yaml_get_bool(at, "noted", &s->noted);
    bool has_max = yaml_get(at, "max") != NULL;
    if (e == 0 && has_max && (!yaml_get_i64(at, "max", &max) || max < 1 || max > FACT_VALUE_BYTES_MAX))
        e = wrong(x, at, "max is a number of bytes");
    s->max = has_max ? (uint32_t) max : FACT_VALUE_BYTES_MAX;
    return e == 0 ? read_choices(x, yaml_get(at, "choices"), s) : e;
}

static int read_groups(const struct reading *x, const struct yaml_node *list, struct fact_specs *ret) {
    if (!list || list->kind != YAML_SEQUENCE || list->n > FACT_CHOICES_MAX)
        return diag_set_at(x->err, -ERR_PARSE, x->file, 1, 1, "groups is a list of {name, title}");
    struct fact_group *at = arena_zalloc(x->a, MAX(list->n, 1u) * sizeof *at);
    int e = at ? 0 : -ENOMEM;
    ret->groups = at;
    for (const struct yaml_node *v = list->first; e == 0 && v; v = v->next) {
        if (v->kind != YAML_MAPPING || !is_name(text_of(v, "name")))
            return wrong(x, v, "a group has a name and a title");
        at[ret->n_groups].name = text_of(v, "name");
        e = read_words(x, v, "title", true, &at[ret->n_groups++].title);
    }
    return e;
}

static bool has_group(const struct fact_specs *x, struct str name) {
    for (size_t i = 0; i < x->n_groups; i++)
        if (str_eq(x->groups[i].name, name))
            return true;
    return false;
}

int fact_specs_parse(struct arena *a, struct str text, const char *file, struct fact_specs *ret, struct diag *reterr) {
    static const char *const keys[] = {"groups", "facts", NULL};
    const struct reading x = {a, file, reterr};
    struct fact_specs s = {0};
    struct yaml_doc *doc;
    int e = yaml_parse(a, text, file, &doc, reterr);
    const struct yaml_node *root = e == 0 && doc ? doc->root : NULL, *list = root && root->kind == YAML_MAPPING ? yaml_get(root, "facts") : NULL;
    if (e < 0)
        return e;
    if (!list || list->kind != YAML_SEQUENCE || list->n > FACT_KINDS_MAX)
        return diag_set_at(reterr, -ERR_PARSE, file, 1, 1, "facts is a list of at most %d facts", FACT_KINDS_MAX);
    e = yaml_only_keys(root, keys, file, reterr);
    if (e == 0)
        e = read_groups(&x, yaml_get(root, "groups"), &s);
    struct fact_spec *at = arena_zalloc(a, MAX(list->n, 1u) * sizeof *at);
    s.at = at;
    if (e == 0 && !at)
        e = -ENOMEM;
    for (const struct yaml_node *v = list->first; e == 0 && v; v = v->next) {
        e = read_fact(&x, v, &at[s.n]);
        if (e == 0 && fact_spec_find(&s, at[s.n].name))
            e = wrong(&x, v, "this name stands there twice");
        if (e == 0 && !has_group(&s, at[s.n].group))
            e = wrong(&x, v, "group names none of the groups");
        s.n++;
    }
    if (e == 0)
        *ret = s;
    return e;
}

const struct fact_spec *fact_spec_find(const struct fact_specs *x, struct str name) {
    for (size_t i = 0; i < x->n; i++)
        if (str_eq(x->at[i].name, name))
            return &x->at[i];
    return NULL;
}

/* ---- values ---- */

const char *fact_time_format(int64_t t_ns, int64_t precision_s, char dst[FACT_TIME_CAP]) {
    size_t n = strlen(time_format_iso(t_ns, 3, dst));
    if (precision_s > 0)
        snprintf(dst + n, FACT_TIME_CAP - n, "/%lld", (long long) precision_s);
    return dst;
}

int fact_time_parse(struct str value, int64_t *ret_ns, int64_t *ret_precision_s) {
    int64_t precision = 0;
    int offset, n = time_parse_iso(value, ret_ns, &offset);
    if (n <= 0 || offset == TIME_NO_OFFSET)
        return -EINVAL;
    struct str rest = str_from(value, (size_t) n);
    if (rest.n && (rest.p[0] != '/' || str_to_i64(str_from(rest, 1), &precision) < 0 || precision < 0))
        return -EINVAL;
    if (ret_precision_s)
        *ret_precision_s = precision;
    return 0;
}

static enum fact_fault read_number(struct arena *a, const struct fact_spec *s, struct str text, struct str *ret) {
    struct str t = text_normal(a, text); /* １，２３４人 */
    char digits[24];
    size_t n = 0;
    int64_t v;
    if (!t.p) {
        *ret = STR_NULL;
        return FACT_FINE;
    }
    t = str_trim(t);
    const struct str units[] = {s->unit.ja, s->unit.en};
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (units[i].n && str_ends(t, units[i]))
            t = str_trim(str_to(t, t.n - units[i].n));
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == ',' && i)
            continue;
        if (!ascii_digit(t.p[i]) || n + 1 >= sizeof digits)
            return FACT_NO_NUMBER;
        digits[n++] = t.p[i];
    }
    if (n == 0 || str_to_i64(str_n(digits, n), &v) < 0)
        return FACT_NO_NUMBER;
    *ret = arena_printf(a, "%lld", (long long) v);
    return FACT_FINE;
}

static enum fact_fault read_time(struct arena *a, struct str text, int64_t now_ns, struct str *ret) {
    struct time_written w;
    struct time_refused refused;
    char line[FACT_TIME_CAP];
    int64_t t, precision;
    if (fact_time_parse(text, &t, &precision) == 0) { /* what we wrote ourselves */
        *ret = arena_dup(a, str_of(fact_time_format(t, precision, line)));
        return FACT_FINE;
    }
    int e = text.n <= TIME_WRITTEN_BYTES_MAX ? time_read_written(a, text, now_ns, TIME_JST_OFFSET_MIN, &w, &refused, NULL) : -ERR_PARSE;
    if (e == -ENOMEM)
        *ret = STR_NULL;
    if (e < 0)
        return e == -ENOMEM ? FACT_FINE : FACT_NO_TIME;
    *ret = arena_dup(a, str_of(fact_time_format(w.t_ns, time_written_width_s(&w), line)));
    return FACT_FINE;
}

static enum fact_fault read_choice(struct arena *a, const struct fact_spec *s, struct str text, struct str *ret) {
    bool chosen[FACT_CHOICES_MAX] = {0};
    struct str rest = text, piece;
    size_t n = 0;
    while (str_split(&rest, '\n', &piece)) {
        size_t i = 0;
        piece = str_trim(piece);
        if (!piece.n)
            continue;
        while (i < s->n_choices && !str_eq(s->choices[i].value, piece))
            i++;
        if (i == s->n_choices || (s->kind != FACT_CHOICES && n))
            return FACT_NO_CHOICE;
        n += !chosen[i];
        chosen[i] = true;
    }
    struct buf b;
    buf_init(&b, FACT_VALUE_BYTES_MAX);
    for (size_t i = 0; i < s->n_choices; i++)
        if (chosen[i]) {
            if (b.n)
                buf_add_byte(&b, '\n');
            buf_add(&b, s->choices[i].value);
        }
    *ret = buf_error(&b) ? STR_NULL : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return FACT_FINE;
}

/* Line ends are LF, spaces at the ends of the text go; a text of one line has none. */
static enum fact_fault read_text(struct arena *a, const struct fact_spec *s, struct str text, struct str *ret) {
    struct str good = text_repair(a, text);
    char *to = good.p ? arena_alloc(a, good.n + 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; to && i < good.n; i++) {
        if (good.p[i] == '\r' && i + 1 < good.n && good.p[i + 1] == '\n')
            continue;
        char c = good.p[i] == '\r' ? '\n' : good.p[i];
        to[n++] = (unsigned char) c < ' ' && (c != '\n' || s->kind == FACT_TEXT) ? ' ' : c;
    }
    *ret = to ? str_trim(str_n(to, n)) : STR_NULL;
    return to && ret->n > s->max ? FACT_TOO_LONG : FACT_FINE;
}

enum fact_fault fact_value_read(struct arena *a, const struct fact_spec *s, struct str text, int64_t now_ns, struct str *ret) {
    text = str_trim(text);
    *ret = STR("");
    if (!text.n)
        return FACT_EMPTY;
    if (text.n > FACT_VALUE_BYTES_MAX)
        return FACT_TOO_LONG;
    switch (s->kind) {
    case FACT_NUMBER:
        return read_number(a, s, text, ret);
    case FACT_TIME:
        return read_time(a, text, now_ns, ret);
    case FACT_CHOICE:
    case FACT_CHOICES:
    case FACT_YES_NO:
        return read_choice(a, s, text, ret);
    case FACT_TEXT:
    case FACT_LINES:
    case FACT_KIND_MAX_:
        break;
    }
    return read_text(a, s, text, ret);
}
