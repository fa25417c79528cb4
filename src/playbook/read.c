/* Reads objects of both forms by the rows of class.c: types, limits, words, what is needed and what is known.
 * It does not look at what ids mean: that is for ours.c and cacao_in.c. */
#include "playbook/playbook_priv.h"

#include "base/time.h"

#define DURATION_MS_MAX (366 * 86400000ll) /* a step that waits a year is a mistake */

void pb_path_push(struct pb_reader *r, struct str part, size_t *mark) {
    *mark = r->path->n;
    if (r->path->n)
        buf_add_z(r->path, " > ");
    buf_add(r->path, str_to(part, 120));
}
void pb_path_pop(struct pb_reader *r, size_t mark) {
    r->path->n = mark;
    r->path->error = 0;
}

int pb_refuse(struct pb_reader *r, const struct yaml_node *at, const char *fmt, ...) {
    char text[320];
    va_list ap;
    va_start(ap, fmt);
    (void) vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct str path = str_to(buf_str(r->path), 160);
    return diag_set_at(r->err, -ERR_PARSE, r->file, at ? at->line : 0, at ? at->column : 0, "%.*s%s%s", STR_ARG(path),
                       path.n ? ": " : "", text);
}

int pb_note(struct pb_reader *r, const char *fmt, ...) {
    char text[320];
    va_list ap;
    va_start(ap, fmt);
    (void) vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct playbook_note *n = arena_zalloc(r->arena, sizeof *n), **last = &r->p->notes;
    if (!n)
        return -ENOMEM;
    n->text = arena_printf(r->arena, "%.*s%s%s", STR_ARG(buf_str(r->path)), r->path->n ? ": " : "", text);
    if (!n->text.p)
        return -ENOMEM;
    while (*last)
        last = &(*last)->next;
    *last = n;
    return 0;
}

/* ---- values ---- */

/* type--uuid, RFC 4122, versions 1 to 5. */
bool pb_is_cacao_id(struct str s) {
    static const char shape[] = "xxxxxxxx-xxxx-Vxxx-Rxxx-xxxxxxxxxxxx";
    size_t u = sizeof shape - 1;
    if (s.n < u + 5 || memcmp(s.p + s.n - u - 2, "--", 2) != 0)
        return false;
    for (size_t i = 0; i < s.n - u - 2; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(i && (ascii_digit(s.p[i]) || s.p[i] == '-')))
            return false;
    for (size_t i = 0; i < u; i++) {
        char c = ascii_lower(s.p[s.n - u + i]), w = shape[i];
        bool hex = ascii_digit(c) || (c >= 'a' && c <= 'f');
        if (w == '-' ? c != '-' : w == 'V' ? c < '1' || c > '5' : w == 'R' ? !strchr("89ab", c) : !hex)
            return false;
    }
    return true;
}

/* yyyy-mm-ddThh:mm:ss[.s…]Z, as the schema has it: a year 1 that some write for "never" is one, too. */
static bool is_time(struct str s) {
    static const char shape[] = "dddd-Mm-DdTHh:Ii:Ss";
    size_t n = sizeof shape - 1;
    if (s.n < n + 1 || s.p[s.n - 1] != 'Z' || s.n == n + 2)
        return false;
    for (size_t i = 0; i < n; i++)
        if (shape[i] == '-' || shape[i] == ':' || shape[i] == 'T' ? s.p[i] != shape[i] : !ascii_digit(s.p[i]))
            return false;
    for (size_t i = n; i + 1 < s.n; i++)
        if (i == n ? s.p[i] != '.' : !ascii_digit(s.p[i]))
            return false;
    int month = (s.p[5] - '0') * 10 + s.p[6] - '0', day = (s.p[8] - '0') * 10 + s.p[9] - '0';
    int hour = (s.p[11] - '0') * 10 + s.p[12] - '0', minute = (s.p[14] - '0') * 10 + s.p[15] - '0';
    int second = (s.p[17] - '0') * 10 + s.p[18] - '0';
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 && minute <= 59 && second <= 60;
}

/* Milliseconds: 500ms, or a span as rules have them. */
static bool read_duration(struct str s, int64_t *ret) {
    uint64_t ms;
    int64_t ns;
    if (str_ends(s, STR("ms")) && str_to_u64(str_to(s, s.n - 2), &ms) == 0 && ms <= (uint64_t) DURATION_MS_MAX) {
        *ret = (int64_t) ms;
        return true;
    }
    if (time_parse_span(s, &ns) < 0)
        return false;
    *ret = ns / (NS_PER_S / 1000);
    return *ret <= DURATION_MS_MAX;
}

static bool is_word(const char *const *words, struct str s) {
    for (; *words; words++)
        if (str_eq_z(s, *words))
            return true;
    return false;
}

static int read_int(struct pb_reader *r, const struct pb_field *f, const struct yaml_node *n, struct pb_val *v) {
    int64_t min = f->many == PB_ONE ? f->min : 0;
    if (!n->plain || str_to_i64(n->text, &v->num) < 0)
        return pb_refuse(r, n, "a whole number is wanted, not '%.*s'", (int) MIN(n->text.n, 60u), n->text.p);
    if (v->num < min || v->num > f->max)
        return pb_refuse(r, n, "%lld is not from %lld to %lld", (long long) v->num, (long long) min, (long long) f->max);
    return 0;
}

static int read_duration_ms(struct pb_reader *r, const struct pb_field *f, const struct yaml_node *n, struct pb_val *v) {
    if (r->form == PB_CACAO) {
        struct pb_field ms = {.min = f->min, .max = DURATION_MS_MAX};
        return read_int(r, &ms, n, v);
    }
    if (!read_duration(n->text, &v->num) || v->num < f->min)
        return pb_refuse(r, n, "a duration like 500ms, 90s, 5m, 2h or 1d is wanted, at most a year, not '%.*s'",
                         (int) MIN(n->text.n, 60u), n->text.p);
    return 0;
}

/* One scalar; *v keeps its text. */
static int read_scalar(struct pb_reader *r, const struct pb_field *f, const struct yaml_node *n, struct pb_val *v) {
    if (n->kind != YAML_SCALAR)
        return pb_refuse(r, n, "one value is wanted, not a %s", n->kind == YAML_MAPPING ? "group" : "list");
    v->text = n->text;
    v->null = yaml_is_null(n);
    if (v->null && f->type != PB_TEXT_OR_NULL)
        return pb_refuse(r, n, "there is no value");
    switch (f->type) {
    case PB_INT:
        return read_int(r, f, n, v);
    case PB_DURATION:
        return read_duration_ms(r, f, n, v);
    case PB_BOOL:
        if (!n->plain || (!str_eq_z(n->text, "true") && !str_eq_z(n->text, "false")))
            return pb_refuse(r, n, "true or false is wanted");
        v->num = n->text.p[0] == 't';
        return 0;
    case PB_TIME:
        return is_time(n->text) ? 0 : pb_refuse(r, n, "a time like 2026-11-21T03:00:00.000Z is wanted");
    case PB_CACAO_ID:
        return pb_is_cacao_id(n->text) ? 0 : pb_refuse(r, n, "'%.*s' is no identifier (type--uuid)", (int) MIN(n->text.n, 80u), n->text.p);
    default:
        break;
    }
    if (f->words && !is_word(f->words, n->text))
        return pb_refuse(r, n, "'%.*s' is none of the words that are known here", (int) MIN(n->text.n, 60u), n->text.p);
    return 0;
}

static int read_item(struct pb_reader *r, const struct pb_field *f, const struct yaml_node *n, struct str key,
                     struct pb_val *v) {
    *v = (struct pb_val){.key = key};
    if (f->type == PB_ANY) {
        v->any = n;
        return 0;
    }
    if (f->type != PB_OBJECT)
        return read_scalar(r, f, n, v);
    struct pb_obj *o;
    int e = pb_read(r, f->of, n, &o);
    if (e < 0)
        return e;
    v->obj = o;
    if (!key.p || f->free_key)
        return 0;
    if (!pb_is_cacao_id(key) && pb_field_ours(f->of, "id") < 0)
        return pb_refuse(r, n, "'%.*s' is no identifier (type--uuid)", (int) MIN(key.n, 80u), key.p);
    if (!pb_is_cacao_id(key) && (e = pb_note(r, "this is no identifier (type--uuid); another is made")) < 0)
        return e;
    return pb_set(r->arena, o, "cacao", (struct pb_val){.text = key});
}

/* Whether many of them are a mapping: in our form definitions are a list and carry their ids. */
static bool is_mapping(const struct pb_reader *r, const struct pb_field *f) {
    return f->many == PB_DICT && (r->form == PB_CACAO || f->free_key || f->type != PB_OBJECT);
}

int pb_read_field(struct pb_reader *r, struct pb_obj *o, size_t field, const struct yaml_node *n) {
    const struct pb_field *f = &o->class->fields[field];
    const char *name = f->ours;
    struct pb_val v;
    int e = 0;
    pb_unset(o, name);
    if (f->many == PB_ONE) {
        e = read_item(r, f, n, STR_NULL, &v);
        return e < 0 ? e : pb_set(r->arena, o, name, v);
    }
    enum yaml_kind want = is_mapping(r, f) ? YAML_MAPPING : YAML_SEQUENCE;
    if (n->kind != want)
        return pb_refuse(r, n, want == YAML_MAPPING ? "a group of names and values is wanted" : "a list is wanted");
    unsigned count = 0;
    for (const struct yaml_node *it = n->first; e == 0 && it; it = it->next) {
        size_t mark;
        char number[24];
        snprintf(number, sizeof number, "%u", ++count);
        pb_path_push(r, want == YAML_MAPPING ? it->key->text : str_of(number), &mark);
        e = read_item(r, f, it, want == YAML_MAPPING ? it->key->text : STR_NULL, &v);
        if (e == 0)
            e = pb_add(r->arena, o, name, v);
        pb_path_pop(r, mark);
    }
    o->slots[pb_field_ours(o->class, name)].set = true; /* also when it is empty */
    if (e == 0 && (int64_t) count < f->min)
        e = pb_refuse(r, n, "at least %lld of them are wanted", (long long) f->min);
    return e;
}

/* ---- objects ---- */

static const char *name_of(const struct pb_field *f, enum pb_form form) {
    return form == PB_OURS ? f->ours : f->cacao;
}

static ptrdiff_t find_field(const struct pb_class *c, enum pb_form form, struct str name) {
    for (size_t i = 0; i < c->n; i++) {
        const char *z = name_of(&c->fields[i], form);
        if (z && str_eq_z(name, z))
            return (ptrdiff_t) i;
    }
    return -1;
}

/* What steps are called in CACAO; what an action really is, an extension or its commands say. */
static const struct {
    const char *cacao;
    const char *kind;
} step_kinds[] = {
    {"action", "action"},          {"if-condition", "decision"}, {"switch-condition", "decision"}, {"while-condition", "repeat"},
    {"parallel", "together"},      {"start", "start"},           {"end", "end"},                   {"playbook-action", "playbook"},
};

static int find_type(struct pb_reader *r, const struct pb_class *c, const struct yaml_node *n, struct pb_obj *o) {
    bool step = c == &pb_step_class;
    const char *field = step && r->form == PB_OURS ? "kind" : "type";
    const struct yaml_node *t = yaml_get(n, field);
    if (!c->types)
        return 0;
    if (!t && r->form == PB_OURS && (find_field(c, PB_OURS, STR("type")) < 0) && !step) { /* there is only one */
        o->type = 0;
        return 0;
    }
    if (!t || t->kind != YAML_SCALAR || !t->text.n)
        return pb_refuse(r, n, "the %s has no '%s'", c->name, field);
    struct str word = t->text;
    for (size_t i = 0; step && r->form == PB_CACAO && i < ARRAY_SIZE(step_kinds); i++)
        if (str_eq_z(t->text, step_kinds[i].cacao))
            word = str_of(step_kinds[i].kind);
    for (int i = 0; c->types[i]; i++)
        if (str_eq_z(word, c->types[i]))
            o->type = i;
    if (o->type < 0 && !c->open)
        return pb_refuse(r, t, "'%.*s' is no kind of %s", (int) MIN(t->text.n, 60u), t->text.p, c->name);
    return step ? pb_set(r->arena, o, "kind", (struct pb_val){.text = word}) : 0;
}

static int take(struct pb_reader *r, struct pb_obj *o, const struct yaml_node *it) {
    const struct pb_class *c = o->class;
    ptrdiff_t i = find_field(c, r->form, it->key->text);
    bool known_already = (c == &pb_step_class && str_eq_z(it->key->text, r->form == PB_OURS ? "kind" : "type")) ||
                         (c == &pb_playbook_class && r->form == PB_CACAO &&
                          (str_eq_z(it->key->text, "type") || str_eq_z(it->key->text, "spec_version")));
    if (known_already)
        return 0;
    bool meant = i >= 0 && (o->type < 0 || !c->fields[i].only || c->fields[i].only >> o->type & 1);
    if (!meant && c->open && r->form == PB_CACAO) { /* the schemas let it pass where types are open */
        if (o->type >= 0 && pb_note(r, "a %s of type '%s' has no '%.*s'; it is kept as it stands", c->name, c->types[o->type],
                                    STR_ARG(it->key->text)) < 0)
            return -ENOMEM;
        return pb_add(r->arena, o, "other", (struct pb_val){.key = it->key->text, .any = it});
    }
    if (i >= 0 && !meant) {
        if (r->form == PB_OURS)
            return pb_refuse(r, it->key, "a %s of kind '%s' has no '%s'", c->name, c->types[o->type], c->fields[i].ours);
        return pb_note(r, "a %s of type '%s' has no '%.*s'; it is not kept", c->name, c->types[o->type],
                       STR_ARG(it->key->text));
    }
    if (i < 0 && r->form == PB_CACAO)
        return pb_note(r, "'%.*s' is not known here; it is not kept", (int) MIN(it->key->text.n, 60u), it->key->text.p);
    if (i < 0)
        return pb_refuse(r, it->key, "a %s has no '%.*s'", c->name, (int) MIN(it->key->text.n, 60u), it->key->text.p);
    if (!c->fields[i].ours) /* a constant of CACAO's: its type, or its own key again */
        return 0;
    size_t mark;
    pb_path_push(r, it->key->text, &mark);
    int e = pb_read_field(r, o, (size_t) i, it);
    if (e == 0)
        pb_path_pop(r, mark);
    return e;
}

/* What others forgot and an empty group can stand for is made up, and told. */
static int check_needed(struct pb_reader *r, struct pb_obj *o, const struct pb_field *f, const struct yaml_node *n) {
    bool typed = o->type >= 0 || !o->class->types;
    bool needed = typed ? f->need >> MAX(o->type, 0) & 1 : f->need == ~0ull;
    if (!needed || !name_of(f, r->form) || !f->ours || pb_has(o, f->ours))
        return 0;
    if (r->form == PB_OURS || f->type != PB_OBJECT || f->many != PB_ONE)
        return pb_refuse(r, n, "the %s has no '%s'", o->class->name, name_of(f, r->form));
    struct pb_obj *empty = pb_new(r->arena, f->of, NULL);
    if (!empty || pb_note(r, "the %s has no '%s'; an empty one is written", o->class->name, f->cacao) < 0)
        return -ENOMEM;
    return pb_set(r->arena, o, f->ours, (struct pb_val){.obj = empty});
}

int pb_read(struct pb_reader *r, const struct pb_class *c, const struct yaml_node *n, struct pb_obj **ret) {
    if (n->kind != YAML_MAPPING)
        return pb_refuse(r, n, "a %s is a group of names and values", c->name);
    struct pb_obj *o = pb_new(r->arena, c, NULL);
    if (!o)
        return -ENOMEM;
    o->line = n->line;
    o->column = n->column;
    int e = find_type(r, c, n, o);
    for (const struct yaml_node *it = n->first; e == 0 && it; it = it->next)
        e = take(r, o, it);
    for (size_t i = 0; e == 0 && i < c->n; i++)
        e = check_needed(r, o, &c->fields[i], n);
    *ret = o;
    return e;
}
