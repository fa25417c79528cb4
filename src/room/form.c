/* See form.h. */
#include "room/form.h"

#include "base/limits.h"
#include "base/text.h"
#include "base/yaml.h"

static const char *const ases[FORM_AS_MAX_] = {"text", "date", "choice", "check", "join"};
static const char *const dates[FACT_DATE_MAX_] = {"ja", "wareki", "iso", "wareki-day", "ja-day"};

const char *form_state_to_string(enum form_state s) {
    static const char *const names[FORM_STATE_MAX_] = {"filled", "missing", "unconfirmed", "kept_back", "too_long"};
    return names[s];
}

struct reading {
    struct arena *a;
    const char *file;
    const struct fact_specs *facts;
    struct diag *err;
};

static int wrong(const struct reading *x, const struct yaml_node *at, const char *what) {
    return yaml_error(x->err, -ERR_PARSE, x->file, at, "%s", what);
}

static struct str text_of(const struct yaml_node *at, const char *key) {
    struct str s = STR("");
    if (at)
        (void) yaml_get_str(at, key, &s);
    return s;
}

static bool is_cell(struct str s) {
    size_t i = 0;
    uint64_t row;
    while (i < s.n && i < 3 && s.p[i] >= 'A' && s.p[i] <= 'Z')
        i++;
    return i > 0 && i < s.n && s.p[i] != '0' && str_to_u64(str_from(s, i), &row) == 0 && row <= 1048576;
}

static int one_of(const char *const *names, size_t n, struct str s) {
    for (size_t i = 0; i < n; i++)
        if (str_eq_z(s, names[i]))
            return (int) i;
    return -1;
}

static int add_fact(const struct reading *x, const struct yaml_node *at, struct str name, size_t *dst) {
    const struct fact_spec *s = fact_spec_find(x->facts, name);
    if (!s)
        return yaml_error(x->err, -ERR_PARSE, x->file, at, "there is no fact '%.*s'", STR_ARG(name));
    *dst = (size_t) (s - x->facts->at);
    return 0;
}

static int read_facts(const struct reading *x, const struct yaml_node *at, struct form_field *f) {
    const struct yaml_node *one = yaml_get(at, "fact"), *many = yaml_get(at, "of");
    size_t n = many && many->kind == YAML_SEQUENCE ? many->n : 1;
    if ((one != NULL) == (many != NULL) || (many && (many->kind != YAML_SEQUENCE || !n || n > FACT_CHOICES_MAX || f->as != FORM_JOIN)) ||
        (one && (one->kind != YAML_SCALAR || f->as == FORM_JOIN)))
        return wrong(x, at, "a field has a fact, or is a join and has a list of them (of)");
    size_t *facts = arena_zalloc(x->a, n * sizeof *facts);
    int e = facts ? 0 : -ENOMEM;
    f->facts = facts;
    if (e == 0 && one)
        return add_fact(x, at, one->text, &facts[f->n_facts++]);
    for (const struct yaml_node *v = many ? many->first : NULL; e == 0 && v; v = v->next)
        e = add_fact(x, v, v->text, &facts[f->n_facts++]);
    return e;
}

static bool has_choice(const struct fact_spec *s, struct str value) {
    for (size_t i = 0; i < s->n_choices; i++)
        if (str_eq(s->choices[i].value, value))
            return true;
    return false;
}

static int read_words(const struct reading *x, const struct yaml_node *map, struct form_field *f) {
    const struct fact_spec *s = &x->facts->at[f->facts[0]];
    if (!map)
        return 0;
    if (f->as != FORM_CHOICE || map->kind != YAML_MAPPING || map->n > FACT_CHOICES_MAX)
        return wrong(x, map, "words belong to a choice: {value: text}");
    struct fact_word *words = arena_zalloc(x->a, MAX(map->n, 1u) * sizeof *words);
    f->style.words = words;
    for (const struct yaml_node *v = words ? map->first : NULL; v; v = v->next) {
        if (v->kind != YAML_SCALAR || !has_choice(s, v->key->text))
            return wrong(x, v, "this is none of the fact's choices");
        words[f->style.n_words++] = (struct fact_word){v->key->text, v->text};
    }
    return words ? 0 : -ENOMEM;
}

static int check_field(const struct reading *x, const struct yaml_node *at, const struct form_field *f) {
    const struct fact_spec *s = &x->facts->at[f->facts[0]];
    if (f->as == FORM_DATE && s->kind != FACT_TIME)
        return wrong(x, at, "as: date wants a fact that is a time");
    if ((f->as == FORM_CHOICE || f->as == FORM_CHECK) && !s->n_choices)
        return wrong(x, at, "as: choice and check want a fact with choices");
    if (f->as == FORM_CHECK && (!has_choice(s, f->value) || !f->on.n))
        return wrong(x, at, "a check has is (one of the fact's choices), on and off");
    return 0;
}

static int read_field(const struct reading *x, const struct yaml_node *at, struct form_field *f) {
    static const char *const keys[] = {"item", "cell", "as", "fact", "of", "with", "is", "on", "off", "date", "words", "max", "required", NULL};
    if (at->kind != YAML_MAPPING)
        return wrong(x, at, "a field is a mapping");
    int e = yaml_only_keys(at, keys, x->file, x->err);
    struct str as = text_of(at, "as"), date = text_of(at, "date");
    *f = (struct form_field){.cell = text_of(at, "cell"), .style.with = text_of(at, "with"), .value = text_of(at, "is"), .on = text_of(at, "on"), .off = text_of(at, "off")};
    int a = as.n ? one_of(ases, FORM_AS_MAX_, as) : FORM_TEXT, d = date.n ? one_of(dates, FACT_DATE_MAX_, date) : FACT_JA;
    f->as = (enum form_as) a;
    f->style.date = (enum fact_date) d;
    (void) yaml_get_bool(at, "required", &f->required);
    if (e == 0 && (a < 0 || d < 0))
        e = wrong(x, at, "as is one of text, date, choice, check, join; date one of ja, wareki, iso, wareki-day, ja-day");
    if (e == 0 && f->cell.n && !is_cell(f->cell))
        e = wrong(x, at, "a cell is written like B5");
    if (e == 0 && yaml_get(at, "max") && (!yaml_get_i64(at, "max", &f->max) || f->max < 1 || f->max > FACT_VALUE_BYTES_MAX))
        e = wrong(x, at, "max is a number of characters");
    if (e == 0)
        e = fact_words_read(at, "item", true, x->file, &f->item, x->err);
    if (e == 0)
        e = read_facts(x, at, f);
    if (e == 0)
        e = read_words(x, yaml_get(at, "words"), f);
    return e == 0 ? check_field(x, at, f) : e;
}

static int read_fields(const struct reading *x, const struct yaml_node *list, struct form *f) {
    if (!list || list->kind != YAML_SEQUENCE || !list->n || list->n > FORM_FIELDS_MAX)
        return diag_set_at(x->err, -ERR_PARSE, x->file, 1, 1, "fields is a list of at most %d fields", FORM_FIELDS_MAX);
    struct form_field *at = arena_zalloc(x->a, list->n * sizeof *at);
    int e = at ? 0 : -ENOMEM;
    f->fields = at;
    for (const struct yaml_node *v = list->first; e == 0 && v; v = v->next) {
        e = read_field(x, v, &at[f->n_fields]);
        for (size_t i = 0; e == 0 && at[f->n_fields].cell.n && i < f->n_fields; i++)
            if (str_eq(at[i].cell, at[f->n_fields].cell))
                e = wrong(x, v, "this cell is filled twice");
        f->has_cells = f->has_cells || at[f->n_fields].cell.n;
        f->n_fields++;
    }
    return e;
}

static int read_official(const struct reading *x, const struct yaml_node *at, struct form *f) {
    static const char *const keys[] = {"name", "version", "url", "sheet", "checked", "labels", NULL};
    const struct yaml_node *labels = at ? yaml_get(at, "labels") : NULL;
    if (!at)
        return 0;
    int e = at->kind == YAML_MAPPING ? yaml_only_keys(at, keys, x->file, x->err) : wrong(x, at, "official is a mapping");
    f->official = text_of(at, "name");
    f->official_version = text_of(at, "version");
    f->url = text_of(at, "url");
    f->sheet = text_of(at, "sheet");
    (void) yaml_get_bool(at, "checked", &f->checked);
    if (e < 0 || !labels)
        return e;
    if (labels->kind != YAML_MAPPING || labels->n > FORM_FIELDS_MAX)
        return wrong(x, labels, "labels says what is expected in which cell: {A5: 概要}");
    struct form_label *to = arena_zalloc(x->a, MAX(labels->n, 1u) * sizeof *to);
    f->labels = to;
    for (const struct yaml_node *v = to ? labels->first : NULL; v; v = v->next) {
        if (v->kind != YAML_SCALAR || !is_cell(v->key->text))
            return wrong(x, v, "a label has its cell and its text");
        to[f->n_labels++] = (struct form_label){v->key->text, v->text};
    }
    return to ? 0 : -ENOMEM;
}

int form_parse(struct arena *a, struct str text, const char *file, const struct fact_specs *facts, struct form *ret, struct diag *reterr) {
    static const char *const keys[] = {"form", "title", "to", "note", "language", "official", "fields", NULL};
    const struct reading x = {a, file, facts, reterr};
    struct yaml_doc *doc;
    int e = yaml_parse(a, text, file, &doc, reterr);
    const struct yaml_node *root = e == 0 && doc ? doc->root : NULL;
    if (e < 0)
        return e;
    if (!root || root->kind != YAML_MAPPING)
        return diag_set_at(reterr, -ERR_PARSE, file, 1, 1, "a form is a mapping");
    struct str language = text_of(root, "language");
    struct form f = {.key = text_of(root, "form"), .ja = !str_eq_z(language, "en")};
    e = yaml_only_keys(root, keys, file, reterr);
    if (e == 0 && !fact_is_name(f.key))
        e = wrong(&x, root, "form is its name, of small letters, digits, _ and -");
    if (e == 0 && language.n && f.ja != str_eq_z(language, "ja"))
        e = wrong(&x, root, "language is ja or en");
    if (e == 0)
        e = fact_words_read(root, "title", true, file, &f.title, reterr);
    if (e == 0)
        e = fact_words_read(root, "to", true, file, &f.to, reterr);
    if (e == 0)
        e = fact_words_read(root, "note", false, file, &f.note, reterr);
    if (e == 0)
        e = read_official(&x, yaml_get(root, "official"), &f);
    if (e == 0)
        e = read_fields(&x, yaml_get(root, "fields"), &f);
    if (e == 0)
        *ret = f;
    return e;
}

/* ---- values ---- */

static bool chosen(struct str value, struct str wanted) {
    struct str piece;
    while (str_split(&value, '\n', &piece))
        if (str_eq(piece, wanted))
            return true;
    return false;
}

static struct str join_text(struct arena *a, const struct form *f, const struct form_field *x, const struct fact_specs *specs, const struct room_fact *facts) {
    struct buf b;
    buf_init(&b, 8 * FACT_VALUE_BYTES_MAX);
    for (size_t i = 0; i < x->n_facts; i++) {
        struct str t = fact_say(a, &x->style, &specs->at[x->facts[i]], room_fact_told(&facts[x->facts[i]]), f->ja);
        if (!t.p)
            t = STR("");
        if (b.n && t.n)
            buf_add(&b, x->style.with);
        buf_add(&b, t);
    }
    struct str done = buf_error(&b) ? STR_NULL : arena_dup(a, buf_str(&b));
    buf_done(&b);
    return done;
}

/* Why there is nothing to say: the worst of its facts. */
static enum form_state absent(const struct form_field *x, const struct room_fact *facts) {
    enum form_state s = FORM_KEPT_BACK;
    for (size_t i = 0; i < x->n_facts; i++) {
        const struct room_fact *f = &facts[x->facts[i]];
        if (!f->id || (f->state == FACT_CONFIRMED && !f->value.n))
            return FORM_MISSING;
        if (f->state == FACT_UNCONFIRMED)
            s = FORM_UNCONFIRMED;
    }
    return s;
}

static int64_t characters(struct str s) {
    int64_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char) s.p[i] & 0xc0) != 0x80;
    return n;
}

int form_render(struct arena *a, const struct form *f, const struct fact_specs *specs, const struct room_fact *facts, struct form_value *ret) {
    for (size_t i = 0; i < f->n_fields; i++) {
        const struct form_field *x = &f->fields[i];
        const struct room_fact *first = &facts[x->facts[0]];
        struct str told = room_fact_told(first), text;
        if (x->as == FORM_CHECK)
            text = chosen(told, x->value) ? x->on : x->off;
        else if (x->as == FORM_JOIN)
            text = join_text(a, f, x, specs, facts);
        else
            text = fact_say(a, &x->style, &specs->at[x->facts[0]], told, f->ja);
        if (!text.p)
            return -ENOMEM;
        bool said = x->as == FORM_CHECK ? told.n > 0 : text.n > 0;
        ret[i] = (struct form_value){.text = text, .state = !said ? absent(x, facts) : x->max && characters(text) > x->max ? FORM_TOO_LONG : FORM_FILLED};
    }
    return 0;
}
