/* See statement.h. */
#include "room/statement.h"

#include "base/limits.h"
#include "base/text.h"
#include "base/yaml.h"

static const char *const uses[STATEMENT_USE_MAX_] = {"publication", "notice", "request"};
static const char *const stages[STAGE_MAX_] = {"first", "follow", "final"};
static const char *const states[SAID_STATE_MAX_] = {"text", "gap", "left_out", "own", "untranslated"};
#define ALL_STAGES ((1u << STAGE_MAX_) - 1)

static int one_of(const char *const *names, size_t n, struct str s) {
    for (size_t i = 0; i < n; i++)
        if (str_eq_z(s, names[i]))
            return (int) i;
    return -EINVAL;
}

const char *statement_use_to_string(enum statement_use u) {
    return uses[u];
}

int statement_use_from_string(struct str s) {
    return one_of(uses, STATEMENT_USE_MAX_, s);
}

const char *statement_stage_to_string(enum statement_stage s) {
    return stages[s];
}

int statement_stage_from_string(struct str s) {
    return one_of(stages, STAGE_MAX_, s);
}

const char *said_state_to_string(enum said_state s) {
    return states[s];
}

struct str fact_words_in(const struct fact_words *w, bool ja) {
    return ja ? (w->ja.n ? w->ja : w->en) : w->en.n ? w->en : w->ja;
}

/* ---- reading a file ---- */

struct reading {
    struct arena *a;
    const char *file;
    const struct fact_specs *facts;
    enum statement_use use;
    struct diag *err;
};

static int wrong(const struct reading *x, const struct yaml_node *at, const char *what) {
    return yaml_error(x->err, -ERR_PARSE, x->file, at, "%s", what);
}

/* The next {{name}}: what stands before it in *ret_before. false: the rest is plain. */
static bool next_name(struct str *text, struct str *ret_before, struct str *ret_name) {
    ptrdiff_t at = str_find(*text, STR("{{"), 0), end = at < 0 ? -1 : str_find(*text, STR("}}"), (size_t) at);
    if (end < 0)
        return false;
    *ret_before = str_to(*text, (size_t) at);
    *ret_name = str_trim(str_to(str_from(*text, (size_t) at + 2), (size_t) (end - at) - 2));
    *text = str_from(*text, (size_t) end + 2);
    return true;
}

static bool is_given(enum statement_use use, struct str name) {
    static const char *const known[STATEMENT_USE_MAX_][STATEMENT_GIVEN_MAX] = {
        {".stage", ".number", ".next", ".before"},
        {".name", ".contact"},
        {".to", ".address", ".port", ".protocol", ".target", ".at", ".zone", ".evidence", ".wish", ".due", ".contact", ".case"},
    };
    for (size_t i = 0; i < STATEMENT_GIVEN_MAX && known[use][i]; i++)
        if (str_eq_z(name, known[use][i]))
            return true;
    return false;
}

static int check_names(const struct reading *x, const struct yaml_node *at, struct str text) {
    struct str before, name;
    while (next_name(&text, &before, &name))
        if (!is_given(x->use, name) && !fact_spec_find(x->facts, name))
            return yaml_error(x->err, -ERR_PARSE, x->file, at, "there is no fact '%.*s'", STR_ARG(name));
    return 0;
}

static int read_text(const struct reading *x, const struct yaml_node *at, const char *key, bool wanted, struct fact_words *ret) {
    int e = fact_words_read(at, key, wanted, x->file, ret, x->err);
    const struct yaml_node *n = yaml_get(at, key);
    if (e == 0 && n)
        e = check_names(x, n, ret->ja);
    return e == 0 && n ? check_names(x, n, ret->en) : e;
}

static int read_stages(const struct reading *x, const struct yaml_node *list, unsigned *ret) {
    *ret = list ? 0 : ALL_STAGES;
    if (!list)
        return 0;
    if (list->kind != YAML_SEQUENCE || !list->n)
        return wrong(x, list, "in is a list of first, follow, final");
    for (const struct yaml_node *v = list->first; v; v = v->next) {
        int s = v->kind == YAML_SCALAR ? statement_stage_from_string(v->text) : -EINVAL;
        if (s < 0)
            return wrong(x, v, "in is a list of first, follow, final");
        *ret |= 1u << s;
    }
    return 0;
}

static int read_part(const struct reading *x, const struct yaml_node *at, struct statement_part *ret) {
    static const char *const keys[] = {"name", "in", "when", "unknown", "head", "text", "gap", NULL};
    struct str unknown;
    *ret = (struct statement_part){.name = STR("")};
    if (at->kind != YAML_MAPPING)
        return wrong(x, at, "a part is a mapping");
    int e = yaml_only_keys(at, keys, x->file, x->err);
    if (e == 0 && (!yaml_get_str(at, "name", &ret->name) || !fact_is_name(ret->name)))
        e = wrong(x, at, "a part has a name, of small letters, digits, _ and -");
    if (e == 0)
        e = read_stages(x, yaml_get(at, "in"), &ret->stages);
    if (e == 0)
        e = law_cond_read(x->a, at, "when", x->file, x->facts, &ret->when, x->err);
    if (e == 0 && yaml_get_str(at, "unknown", &unknown) && !(ret->unknown = fact_spec_find(x->facts, unknown)))
        e = yaml_error(x->err, -ERR_PARSE, x->file, yaml_get(at, "unknown"), "there is no fact '%.*s'", STR_ARG(unknown));
    if (e == 0)
        e = fact_words_read(at, "head", false, x->file, &ret->head, x->err);
    if (e == 0)
        e = read_text(x, at, "text", true, &ret->text);
    if (e == 0)
        e = fact_words_read(at, "gap", false, x->file, &ret->gap, x->err);
    struct str gap = ret->gap.ja, before, name;
    if (e == 0 && (next_name(&gap, &before, &name) || (gap = ret->gap.en, next_name(&gap, &before, &name))))
        e = wrong(x, at, "the sentence of a gap says no fact");
    return e;
}

static int read_parts(const struct reading *x, const struct yaml_node *list, struct statement *s) {
    if (!list || list->kind != YAML_SEQUENCE || !list->n || list->n > STATEMENT_PARTS_MAX)
        return diag_set_at(x->err, -ERR_PARSE, x->file, 1, 1, "parts is a list of at most %d parts", STATEMENT_PARTS_MAX);
    struct statement_part *parts = arena_zalloc(x->a, list->n * sizeof *parts);
    int e = parts ? 0 : -ENOMEM;
    s->parts = parts;
    for (const struct yaml_node *v = list->first; e == 0 && v; v = v->next) {
        e = read_part(x, v, &parts[s->n_parts]);
        for (size_t i = 0; e == 0 && i < s->n_parts; i++)
            if (str_eq(parts[i].name, parts[s->n_parts].name))
                e = wrong(x, v, "there is a part of this name already");
        s->n_parts++;
    }
    return e;
}

/* "24h", "3d" */
static int read_next(const struct reading *x, const struct yaml_node *root, int64_t *ret_ns) {
    struct str s;
    uint64_t n;
    *ret_ns = 0;
    if (!yaml_get_str(root, "next", &s))
        return 0;
    bool hours = str_ends(s, STR("h"));
    if ((!hours && !str_ends(s, STR("d"))) || str_to_u64(str_to(s, s.n - 1), &n) < 0 || n < 1 || n > 366)
        return wrong(x, yaml_get(root, "next"), "next is hours or days: 24h, 3d");
    *ret_ns = (int64_t) n * (hours ? NS_PER_HOUR : NS_PER_DAY);
    return 0;
}

int statement_parse(struct arena *a, struct str text, const char *file, const struct fact_specs *facts, struct statement *ret, struct diag *reterr) {
    static const char *const keys[] = {"statement", "use", "title", "subject", "next", "parts", NULL};
    struct reading x = {.a = a, .file = file, .facts = facts, .err = reterr};
    struct statement s = {.key = STR("")};
    struct yaml_doc *doc;
    struct str use = STR("");
    int e = yaml_parse(a, text, file, &doc, reterr), u = 0;
    const struct yaml_node *root = e == 0 && doc ? doc->root : NULL;
    if (e < 0)
        return e;
    if (!root || root->kind != YAML_MAPPING)
        return diag_set_at(reterr, -ERR_PARSE, file, 1, 1, "a text is a mapping");
    e = yaml_only_keys(root, keys, file, reterr);
    (void) yaml_get_str(root, "statement", &s.key);
    (void) yaml_get_str(root, "use", &use);
    if (e == 0 && !fact_is_name(s.key))
        e = wrong(&x, root, "statement is its name, of small letters, digits, _ and -");
    if (e == 0 && (u = statement_use_from_string(use)) < 0)
        e = wrong(&x, root, "use is one of publication, notice, request");
    if (e < 0)
        return e;
    x.use = s.use = (enum statement_use) u;
    e = fact_words_read(root, "title", true, file, &s.title, reterr);
    if (e == 0)
        e = read_text(&x, root, "subject", true, &s.subject);
    if (e == 0)
        e = read_next(&x, root, &s.next_ns);
    if (e == 0)
        e = read_parts(&x, yaml_get(root, "parts"), &s);
    if (e == 0)
        *ret = s;
    return e;
}

/* ---- saying it ---- */

struct saying {
    struct arena *a;
    const struct statement_ask *x;
    const struct room_fact *told; /* what is not confirmed is not there */
};
struct filled {
    struct str text;
    bool gap, kept, foreign; /* kept: wants what is not to be told; foreign: Japanese words of a person in an English text */
    const struct fact_spec *wants;
};

static const struct statement_given *find_given(const struct statement_ask *x, struct str name) {
    for (size_t i = 0; i < x->n_given; i++)
        if (str_eq(x->given[i].name, name))
            return &x->given[i];
    return NULL;
}

static bool is_withheld(const struct statement_ask *x, const struct fact_spec *spec) {
    const struct room_fact *f = &x->facts[spec - x->specs->at];
    return f->id && f->state == FACT_WITHHELD;
}

static int put_name(const struct saying *s, struct str name, bool ja, struct buf *out, struct filled *f) {
    const struct statement_ask *x = s->x;
    if (name.n && name.p[0] == '.') {
        const struct statement_given *g = find_given(x, name);
        struct str is = g ? fact_words_in(&g->is, ja) : STR("");
        f->gap |= !is.n;
        buf_add(out, is);
        return 0;
    }
    const struct fact_spec *spec = fact_spec_find(x->specs, name);
    const struct room_fact *fact = &s->told[spec - x->specs->at];
    if (!fact->value.n) {
        f->wants = f->wants ? f->wants : spec;
        f->gap = true;
        f->kept |= is_withheld(x, spec);
        return 0;
    }
    struct str words = fact_say(s->a, &(struct fact_style){0}, spec, fact->value, ja);
    if (!words.p)
        return -ENOMEM;
    f->foreign |= !ja && (spec->kind == FACT_TEXT || spec->kind == FACT_LINES) && !text_is_ascii(words);
    buf_add(out, words);
    return 0;
}

static int fill(const struct saying *s, struct str text, bool ja, struct filled *ret) {
    struct str before, name;
    struct buf b;
    int e = 0;
    *ret = (struct filled){.text = STR("")};
    buf_init(&b, STATEMENT_BYTES_MAX);
    while (e == 0 && next_name(&text, &before, &name)) {
        buf_add(&b, before);
        e = put_name(s, name, ja, &b, ret);
    }
    buf_add(&b, text);
    if (e == 0)
        e = buf_error(&b);
    ret->text = e == 0 ? arena_dup(s->a, str_trim(buf_str(&b))) : STR_NULL;
    buf_done(&b);
    return e < 0 ? e : ret->text.p ? 0 : -ENOMEM;
}

static const struct statement_own *find_own(const struct statement_ask *x, struct str part) {
    for (size_t i = 0; i < x->n_own; i++)
        if (str_eq(x->own[i].part, part))
            return &x->own[i];
    return NULL;
}

static int say_in(const struct saying *s, const struct statement_part *p, bool ja, enum said_state *ret_state, struct str *ret, const struct fact_spec **wants) {
    const struct statement_own *own = find_own(s->x, p->name);
    struct str words = own ? (ja ? own->words.ja : own->words.en) : STR("");
    struct filled f;
    *ret = words;
    *ret_state = SAID_OWN;
    if (words.n)
        return 0;
    int e = fill(s, fact_words_in(&p->text, ja), ja, &f);
    *wants = *wants ? *wants : f.wants;
    /* "under investigation" would be untrue of what is known and kept back */
    *ret_state = f.gap ? (!f.kept && p->gap.ja.n ? SAID_GAP : SAID_LEFT_OUT) : f.foreign ? SAID_UNTRANSLATED : SAID_TEXT;
    *ret = *ret_state == SAID_TEXT ? f.text : *ret_state == SAID_LEFT_OUT ? STR("") : fact_words_in(&p->gap, ja);
    return e;
}

static int say_part(const struct saying *s, const struct statement_part *p, struct statement_said *ret, bool *ret_there) {
    const struct statement_ask *x = s->x;
    struct law_answer a = law_judge(p->when, x->specs, s->told);
    bool known = p->unknown && (s->told[p->unknown - x->specs->at].value.n || is_withheld(x, p->unknown)), open = a.truth == LAW_UNDECIDED;
    const struct fact_spec *wants = p->unknown ? p->unknown : open ? a.wants : NULL;
    *ret = (struct statement_said){.part = p, .ja = SAID_LEFT_OUT, .en = SAID_LEFT_OUT, .text = {STR(""), STR("")}, .wants = wants, .wants_state = FACT_STATE_MAX_};
    *ret_there = (p->stages & (1u << x->stage)) && a.truth != LAW_FALSE && !known;
    if (!*ret_there)
        return 0;
    int e = open ? 0 : say_in(s, p, true, &ret->ja, &ret->text.ja, &ret->wants);
    if (e == 0 && !open)
        e = say_in(s, p, false, &ret->en, &ret->text.en, &ret->wants);
    if (ret->wants && x->facts[ret->wants - x->specs->at].id)
        ret->wants_state = x->facts[ret->wants - x->specs->at].state;
    return e;
}

/* A subject is always there: what may not be said of it is cut at the fact. */
static int say_subject(const struct saying *s, struct fact_words *ret) {
    struct filled f[2];
    int e = fill(s, s->x->s->subject.ja, true, &f[0]);
    if (e == 0)
        e = fill(s, fact_words_in(&s->x->s->subject, false), false, &f[1]);
    const struct statement_own *own = find_own(s->x, STR("subject"));
    if (e == 0)
        *ret = (struct fact_words){.ja = own && own->words.ja.n ? own->words.ja : f[0].gap ? s->x->s->title.ja : f[0].text,
                                   .en = own && own->words.en.n ? own->words.en : f[1].gap || f[1].foreign ? fact_words_in(&s->x->s->title, false) : f[1].text};
    return e;
}

int statement_render(struct arena *a, const struct statement_ask *x, struct statement_text *ret) {
    struct room_fact *told = arena_alloc(a, MAX(x->specs->n, (size_t) 1) * sizeof *told);
    struct saying s = {a, x, told};
    struct statement_said *said = arena_zalloc(a, MAX(x->s->n_parts, (size_t) 1) * sizeof *said);
    if (!told || !said)
        return -ENOMEM;
    for (size_t i = 0; i < x->specs->n; i++) {
        told[i] = x->facts[i];
        if (told[i].state != FACT_CONFIRMED || !told[i].id)
            told[i] = (struct room_fact){.spec = x->facts[i].spec, .value = STR("")};
    }
    *ret = (struct statement_text){.said = said};
    int e = say_subject(&s, &ret->subject);
    for (size_t i = 0; e == 0 && i < x->s->n_parts; i++) {
        bool there;
        e = say_part(&s, &x->s->parts[i], &said[ret->n], &there);
        ret->n += there;
    }
    return e;
}

/* ---- what must not stand in it ---- */

static size_t characters(struct str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char) s.p[i] & 0xc0) != 0x80;
    return n;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* A number by itself, with or without commas: 1234 in "1,234人", not in "12345". Text is normal. */
static bool has_number(struct str text, struct str number) {
    for (size_t i = 0; i < text.n; i++) {
        size_t k = 0, at = i;
        if (!is_digit(text.p[i]) || (i && (is_digit(text.p[i - 1]) || (text.p[i - 1] == ',' && i > 1 && is_digit(text.p[i - 2])))))
            continue;
        while (at < text.n && (is_digit(text.p[at]) || (text.p[at] == ',' && at + 1 < text.n && is_digit(text.p[at + 1])))) {
            if (text.p[at] != ',' && (k >= number.n || text.p[at] != number.p[k++]))
                break;
            at++;
        }
        bool ended = at == text.n || (!is_digit(text.p[at]) && !(text.p[at] == ',' && at + 1 < text.n && is_digit(text.p[at + 1])));
        if (k == number.n && ended)
            return true;
    }
    return false;
}

static bool has_text(struct arena *a, struct str folded, struct str value, size_t least) {
    struct str v = text_name_key(a, str_trim(value));
    return characters(v) >= least && str_find(folded, v, 0) >= 0;
}

static bool has_value(struct arena *a, const struct fact_spec *s, struct str value, struct str folded, struct str normal) {
    struct str piece;
    if (s->kind == FACT_NUMBER)
        return value.n >= 3 && has_number(normal, value);
    if (s->kind == FACT_TIME)
        return has_text(a, folded, fact_say(a, &(struct fact_style){0}, s, value, true), 5) || has_text(a, folded, fact_say(a, &(struct fact_style){0}, s, value, false), 5);
    while (str_split(&value, '\n', &piece)) {
        if (!s->n_choices && has_text(a, folded, piece, 3))
            return true;
        for (int ja = 0; s->n_choices && s->kind != FACT_YES_NO && ja < 2; ja++)
            if (has_text(a, folded, fact_say(a, &(struct fact_style){0}, s, piece, ja), 5))
                return true;
    }
    return false;
}

int statement_leak(struct arena *a, const struct fact_specs *specs, const struct room_fact *facts, struct str text, bool strict, const struct fact_spec **ret) {
    struct str folded = text_name_key(a, text), normal = text_normal(a, text);
    *ret = NULL;
    if (!folded.p || !normal.p)
        return -ENOMEM;
    for (size_t i = 0; i < specs->n && !*ret; i++) {
        bool kept = facts[i].state == FACT_WITHHELD || (strict && facts[i].state == FACT_UNCONFIRMED);
        if (facts[i].id && kept && facts[i].value.n && has_value(a, &specs->at[i], facts[i].value, folded, normal))
            *ret = &specs->at[i];
    }
    return 0;
}

void statement_plain(const struct statement_text *t, bool ja, struct buf *out) {
    for (size_t i = 0; i < t->n; i++) {
        struct str text = ja ? t->said[i].text.ja : t->said[i].text.en, head = fact_words_in(&t->said[i].part->head, ja);
        if (!text.n)
            continue;
        if (out->n)
            buf_add_byte(out, '\n');
        if (head.n)
            buf_printf(out, ja ? "■ %.*s\n" : "## %.*s\n", STR_ARG(head));
        buf_add(out, text);
        buf_add_byte(out, '\n');
    }
}

/* ---- as JSON and HTML ---- */

static void write_said(const struct statement_said *x, bool live, struct jsonw *w) {
    jsonw_object(w);
    jsonw_kstr(w, "name", x->part->name);
    fact_words_write(w, "head", &x->part->head);
    jsonw_kstr(w, "ja", x->text.ja);
    jsonw_kstr(w, "en", x->text.en);
    jsonw_kz(w, "state", said_state_to_string(x->ja));
    jsonw_kz(w, "state_en", said_state_to_string(x->en));
    if (live)
        jsonw_key(w, STR("wants"));
    if (live && x->wants) {
        jsonw_object(w);
        jsonw_kstr(w, "name", x->wants->name);
        fact_words_write(w, "titles", &x->wants->title);
        jsonw_kz(w, "state", x->wants_state == FACT_STATE_MAX_ ? NULL : fact_state_to_string(x->wants_state));
        jsonw_end(w);
    } else if (live) {
        jsonw_null(w);
    }
    jsonw_end(w);
}

int statement_doc(const struct statement_text *t, bool live, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    fact_words_write(&w, "subject", &t->subject);
    jsonw_key(&w, STR("parts"));
    jsonw_array(&w);
    for (size_t i = 0; i < t->n; i++)
        write_said(&t->said[i], live, &w);
    jsonw_end(&w);
    jsonw_end(&w);
    return buf_error(out);
}

void statement_html(struct buf *out, struct str s) {
    for (size_t from = 0; from < s.n;) {
        ptrdiff_t end = str_find_byte(s, '\n', from);
        buf_add_html(out, str_n(s.p + from, (end < 0 ? s.n : (size_t) end) - from));
        if (end >= 0)
            buf_add_z(out, "<br>\n");
        from = end < 0 ? s.n : (size_t) end + 1;
    }
}
