/* CACAO 2.0 read: the tree by the rows, then what ids mean, then what our extension says, then what was made for CACAO's sake taken
 * away again. See cacao.h. */
#include "playbook/cacao.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/yaml_write.h"

struct str cacao_derive(struct arena *a, struct str playbook, const char *type, struct str name) {
    uint8_t h[SHA256_BYTES];
    char x[2 * 16 + 1];
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, STR("kizuki playbook\n"));
    sha256_add(&s, playbook);
    sha256_add(&s, str_n("\n", 1));
    sha256_add(&s, str_of(type));
    sha256_add(&s, str_n("\n", 1));
    sha256_add(&s, name);
    sha256_end(&s, h);
    h[6] = (uint8_t) ((h[6] & 0x0f) | 0x40); /* RFC 4122: version 4 */
    h[8] = (uint8_t) ((h[8] & 0x3f) | 0x80);
    hex_encode(h, 16, x);
    return arena_printf(a, "%s--%.8s-%.4s-%.4s-%.4s-%.12s", type, x, x + 8, x + 12, x + 16, x + 20);
}

struct str cacao_name(const struct pb_obj *step) {
    static const char *const fields[] = {"name", "en", "ja"};
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (pb_has(step, fields[i]) && pb_str(step, fields[i]).n)
            return pb_str(step, fields[i]);
    return STR_NULL;
}

/* ---- short ids ---- */

static bool taken(const struct pb_obj *top, const char *const *lists, struct str id) {
    if (str_eq_z(id, "none") || str_eq_z(id, "end"))
        return true;
    for (; *lists; lists++)
        for (const struct pb_val *v = pb_get(top, *lists)->first; v; v = v->next)
            if (str_eq(pb_str(v->obj, "id"), id))
                return true;
    return false;
}

/* Small letters and digits of a name; what else is in it becomes one '-'. */
static size_t slug(struct str name, char *dst, size_t cap) {
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < cap; i++) {
        char c = ascii_lower(name.p[i]);
        if ((c >= 'a' && c <= 'z') || ascii_digit(c))
            dst[n++] = c;
        else if (n && dst[n - 1] != '-')
            dst[n++] = '-';
    }
    while (n && dst[n - 1] == '-')
        n--;
    return n;
}

static struct str new_id(struct arena *a, const struct pb_obj *top, const char *const *lists, struct str name, const char *kind) {
    char word[40];
    size_t n = slug(name, word, sizeof word);
    struct str base = n >= 3 ? arena_dup(a, str_n(word, n)) : str_of(kind), id = base;
    for (int i = 2; id.p && taken(top, lists, id); i++)
        id = arena_printf(a, "%.*s-%d", STR_ARG(base), i);
    return id;
}

static const struct yaml_node *our_extension(const struct pb_obj *o) {
    for (const struct pb_val *v = pb_get(o, "extensions")->first; v; v = v->next)
        if (str_eq_z(v->key, CACAO_EXTENSION) && v->any->kind == YAML_MAPPING)
            return v->any;
    return NULL;
}

static bool usable_id(struct str s) {
    char word[64];
    return s.n && s.n <= sizeof word && slug(s, word, sizeof word) == s.n && memcmp(word, s.p, s.n) == 0;
}

static int give_ids(struct pb_reader *r, const struct yaml_node *ids, const char *list, const char *const *among) {
    struct pb_obj *top = r->p->top;
    for (const struct pb_val *v = pb_get(top, list)->first; v; v = v->next) {
        struct pb_obj *o = v->obj;
        const struct yaml_node *said = NULL;
        for (const struct yaml_node *it = ids ? ids->first : NULL; it && !said; it = it->next)
            if (it->kind == YAML_SCALAR && str_eq(it->key->text, pb_str(o, "cacao")))
                said = it;
        bool end = o->class == &pb_step_class && o->type == PB_END;
        struct str id = said && usable_id(said->text) && !taken(top, among, said->text)
                            ? said->text
                            : new_id(r->arena, top, among, pb_str(o, "name"),
                                     end ? "the-end" : o->class == &pb_step_class ? o->class->types[o->type] : "party");
        if (!id.p)
            return -ENOMEM;
        int e = pb_set(r->arena, o, "id", (struct pb_val){.text = id});
        if (e < 0)
            return e;
    }
    return 0;
}

static const struct pb_obj *by_cacao(const struct pb_obj *top, const char *list, struct str cacao) {
    for (const struct pb_val *v = pb_get(top, list)->first; v; v = v->next)
        if (str_eq(pb_str(v->obj, "cacao"), cacao))
            return v->obj;
    return NULL;
}

static const struct pb_obj *named(const struct pb_obj *top, const struct pb_field *f, struct str cacao) {
    const struct pb_obj *x = by_cacao(top, f->type == PB_STEP ? "steps" : "agents", cacao);
    return x || f->type == PB_STEP ? x : by_cacao(top, "targets", cacao);
}

/* Ids in fields that name steps, agents and targets become short ones. What is not there cannot be kept. */
static int translate_field(struct pb_reader *r, struct pb_obj *o, const struct pb_field *f) {
    struct pb_slot old = *pb_get(o, f->ours);
    bool needed = f->many != PB_ONE || (f->need && (o->type < 0 || f->need >> o->type & 1));
    int e = 0;
    pb_unset(o, f->ours);
    for (const struct pb_val *v = old.first; e == 0 && v; v = v->next) {
        const struct pb_obj *x = named(r->p->top, f, v->text);
        struct pb_val to = *v;
        if (x)
            to.text = pb_str(x, "id");
        e = x ? pb_add(r->arena, o, f->ours, to)
              : (needed ? pb_refuse(r, NULL, "%s names '%.*s', which the playbook does not define", f->cacao,
                                    (int) MIN(v->text.n, 80u), v->text.p)
                        : pb_note(r, "%s names '%.*s', which the playbook does not define; it is not kept", f->cacao,
                                  (int) MIN(v->text.n, 80u), v->text.p));
    }
    return e;
}

static int translate(struct pb_reader *r, struct pb_obj *o) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < o->class->n; i++) {
        const struct pb_field *f = &o->class->fields[i];
        if ((f->type == PB_STEP || f->type == PB_PARTY) && o->slots[i].set)
            e = translate_field(r, o, f);
    }
    return e;
}

/* ---- our extension ---- */

static bool all_manual(const struct pb_obj *step) {
    for (const struct pb_val *v = pb_get(step, "commands")->first; v; v = v->next)
        if (!str_eq_z(pb_str(v->obj, "type"), "manual"))
            return false;
    return true;
}

static int set_kind(struct pb_reader *r, struct pb_obj *step, struct str kind) {
    for (int i = 0; pb_step_class.types[i]; i++)
        if (str_eq_z(kind, pb_step_class.types[i])) {
            step->type = i;
            return pb_set(r->arena, step, "kind", (struct pb_val){.text = kind});
        }
    return pb_note(r, "the kind '%.*s' is not known; it is not kept", (int) MIN(kind.n, 40u), kind.p);
}

/* What our extension says of a step: fields that CACAO has no word for. */
static int take_ours(struct pb_reader *r, struct pb_obj *step) {
    const struct yaml_node *x = our_extension(step);
    bool doing = step->type <= PB_CHECK && !pb_branches(step);
    int e = doing && step->type == PB_ACTION && all_manual(step) ? set_kind(r, step, STR("task")) : 0;
    r->form = PB_OURS; /* durations as we write them */
    for (const struct yaml_node *it = x ? x->first : NULL; e == 0 && it; it = it->next) {
        int i = -1;
        for (size_t k = 0; k < step->class->n; k++)
            if ((!step->class->fields[k].cacao || (doing && str_eq(it->key->text, STR("asks")))) && str_eq_z(it->key->text, step->class->fields[k].ours ? step->class->fields[k].ours : ""))
                i = (int) k;
        bool kind = str_eq_z(it->key->text, "kind") && it->kind == YAML_SCALAR;
        if (kind && doing)
            e = set_kind(r, step, it->text);
        else if (!kind && i >= 0 && !str_eq_z(it->key->text, "id") && !str_eq_z(it->key->text, "cacao"))
            e = pb_read_field(r, step, (size_t) i, it);
        else if (!kind)
            e = pb_note(r, "our extension says '%.*s', which is not known; it is not kept", (int) MIN(it->key->text.n, 40u), it->key->text.p);
    }
    r->form = PB_CACAO;
    return e;
}

static void drop_value(struct pb_obj *o, const char *list, struct str key) {
    struct pb_slot *s = pb_slot_of(o, list);
    struct pb_val **at = &s->first, *last = NULL;
    while (*at) {
        struct str k = (*at)->key.p ? (*at)->key : (*at)->obj ? pb_str((*at)->obj, "cacao") : STR_NULL;
        if (str_eq(k, key)) {
            *at = (*at)->next;
            s->n--;
        } else {
            last = *at;
            at = &(*at)->next;
        }
    }
    s->last = last;
    if (!s->first)
        *s = (struct pb_slot){0};
}

/* ---- what was made for CACAO's sake ---- */

static unsigned n_set(const struct pb_obj *o) {
    unsigned n = 0;
    for (size_t i = 0; i < o->class->n; i++)
        n += o->slots[i].set;
    return n;
}

static void forget_made_up(struct pb_reader *r, struct pb_obj *step) {
    struct pb_obj *top = r->p->top;
    struct str book = pb_str(top, "cacao"), name = pb_str(step, "name");
    const struct pb_slot *commands = pb_get(step, "commands");
    struct str lane = pb_has(step, "lane") ? pb_str(step, "lane") : STR("anyone");
    struct str text = name.p ? name : pb_str(step, "id");
    if (commands->n == 1 && n_set(commands->first->obj) == 2 && str_eq(pb_str(commands->first->obj, "command"), text) &&
        all_manual(step))
        pb_unset(step, "commands");
    if (name.p && str_eq(name, pb_str(step, pb_has(step, "en") ? "en" : "ja")))
        pb_unset(step, "name");
    struct str group = arena_printf(r->arena, "lane:%.*s", STR_ARG(lane));
    const struct pb_obj *who = by_cacao(top, "agents", cacao_derive(r->arena, book, "group", group));
    if (who && str_eq(pb_str(who, "id"), pb_str(step, "who")))
        pb_unset(step, "who");
    struct str asks = cacao_asks(r->arena, step);
    const struct pb_slot *vars = pb_get(step, "variables");
    if (pb_has(step, "cases") && str_eq(pb_str(step, "asks"), asks) && vars->n == 1 && str_eq(vars->first->key, asks) &&
        n_set(vars->first->obj) == 1) {
        pb_unset(step, "asks");
        pb_unset(step, "variables");
    }
}

/* The ids of all ends that we would make: one for the main way, for each branch, and for a branch that is nothing but an end. */
struct made {
    struct str *ends;
    size_t n;
};

static int made_ends(struct pb_reader *r, struct made *m) {
    struct str book = pb_str(r->p->top, "cacao");
    m->ends = arena_alloc(r->arena, (2 * (size_t) pb_get(r->p->top, "steps")->n + 1) * sizeof *m->ends);
    if (!m->ends)
        return -ENOMEM;
    m->ends[m->n++] = cacao_derive(r->arena, book, "end", STR("end:"));
    for (const struct pb_val *v = pb_get(r->p->top, "steps")->first; v; v = v->next) {
        struct str id = pb_str(v->obj, "id");
        m->ends[m->n++] = cacao_derive(r->arena, book, "end", arena_printf(r->arena, "end:%.*s", STR_ARG(id)));
        m->ends[m->n++] = cacao_derive(r->arena, book, "end", arena_printf(r->arena, "end-now:%.*s", STR_ARG(id)));
    }
    return 0;
}

/* A start or end that was made: its id is the one we would make, and it says nothing. */
static bool was_made(struct pb_reader *r, const struct made *m, const struct pb_obj *step) {
    struct str cacao = pb_str(step, "cacao");
    if (step->type == PB_START)
        return n_set(step) == 4 && pb_has(step, "next") &&
               str_eq(cacao, cacao_derive(r->arena, pb_str(r->p->top, "cacao"), "start", STR("start")));
    for (size_t i = 0; step->type == PB_END && n_set(step) == 3 && i < m->n; i++)
        if (str_eq(cacao, m->ends[i]))
            return true;
    return false;
}

static void lead_to_end(struct pb_obj *o, struct str gone) {
    for (size_t i = 0; i < o->class->n; i++)
        for (struct pb_val *v = o->class->fields[i].type == PB_STEP ? o->slots[i].first : NULL; v; v = v->next)
            if (str_eq(v->text, gone))
                v->text = STR("end");
}

/* A start leads to the first step there is; then it need not be said. */
static bool drop_start(struct pb_obj *top, const struct pb_obj *start) {
    const struct pb_val *first = pb_get(top, "steps")->first;
    while (first && first->obj->type == PB_START)
        first = first->next;
    if (!first || !str_eq(pb_str(first->obj, "id"), pb_str(start, "next")) || !str_eq(pb_str(top, "start"), pb_str(start, "id")))
        return false;
    pb_unset(top, "start");
    return true;
}

static int drop_made_steps(struct pb_reader *r) {
    struct pb_obj *top = r->p->top;
    struct made m = {0};
    if (made_ends(r, &m) < 0)
        return -ENOMEM;
    for (const struct pb_val *v = pb_get(top, "steps")->first, *next; v; v = next) {
        const struct pb_obj *step = v->obj;
        next = v->next;
        if (!was_made(r, &m, step) || (step->type == PB_START && !drop_start(top, step)))
            continue;
        for (const struct pb_val *w = step->type == PB_END ? pb_get(top, "steps")->first : NULL; w; w = w->next)
            lead_to_end(w->obj, pb_str(step, "id"));
        drop_value(top, "steps", pb_str(step, "cacao"));
    }
    return 0;
}

static void drop_made_parties(struct pb_reader *r) {
    struct pb_obj *top = r->p->top;
    struct str book = pb_str(top, "cacao");
    for (const struct pb_val *v = pb_get(top, "agents")->first, *next; v; v = next) {
        next = v->next;
        struct str lane = arena_printf(r->arena, "lane:%.*s", STR_ARG(pb_str(v->obj, "name")));
        if (str_eq(pb_str(v->obj, "cacao"), cacao_derive(r->arena, book, "group", lane)) && n_set(v->obj) == 4)
            drop_value(top, "agents", pb_str(v->obj, "cacao"));
    }
}

/* Ids that we would make again need not be kept. */
static void drop_made_ids(struct pb_reader *r, const char *list, const char *prefix) {
    struct str book = pb_str(r->p->top, "cacao");
    for (const struct pb_val *v = pb_get(r->p->top, list)->first; v; v = v->next) {
        struct str cacao = pb_str(v->obj, "cacao");
        ptrdiff_t dashes = str_find(cacao, STR("--"), 0);
        const char *type = arena_dup_z(r->arena, str_to(cacao, dashes < 0 ? 0 : (size_t) dashes));
        if (!pb_is_cacao_id(cacao) || (type && str_eq(cacao, cacao_derive(r->arena, book, type, arena_printf(r->arena, "%s:%.*s", prefix, STR_ARG(pb_str(v->obj, "id")))))))
            pb_unset(v->obj, "cacao");
    }
}

/* ---- the playbook ---- */

static int take_ours_of_playbook(struct pb_reader *r, const struct yaml_node *x, bool *undated) {
    struct pb_obj *top = r->p->top;
    struct str id = STR_NULL;
    const struct yaml_node *title = x ? yaml_get(x, "title") : NULL;
    int e = 0;
    if (x && (!yaml_get_str(x, "id", &id) || !usable_id(id)))
        id = STR_NULL;
    *undated = false;
    if (x)
        (void) yaml_get_bool(x, "undated", undated);
    if (title) {
        r->form = PB_OURS;
        e = pb_read_field(r, top, (size_t) pb_field_ours(top->class, "title"), title);
        r->form = PB_CACAO;
        if (e == 0 && str_eq(pb_str(pb_get(top, "title")->first->obj, "en"), pb_str(top, "name")))
            pb_unset(top, "name");
    }
    if (e == 0 && !id.p) {
        static const char *const none[] = {NULL};
        id = new_id(r->arena, top, none, pb_str(top, "name"), "playbook");
    }
    return e < 0 ? e : pb_set(r->arena, top, "id", (struct pb_val){.text = id});
}

static void forget_made_up_playbook(struct pb_reader *r, bool undated) {
    struct pb_obj *top = r->p->top;
    struct str book = pb_str(top, "cacao");
    if (str_eq(pb_str(top, "created_by"), cacao_derive(r->arena, book, "identity", STR("author"))))
        pb_unset(top, "created_by");
    if (undated) {
        pb_unset(top, "created");
        pb_unset(top, "modified");
    }
    drop_value(top, "extensions", STR(CACAO_EXTENSION));
    drop_value(top, "extension_definitions", STR(CACAO_EXTENSION));
    if (str_eq(book, cacao_derive(r->arena, STR(""), "playbook", pb_str(top, "id"))))
        pb_unset(top, "cacao");
}

static int is_cacao_playbook(struct pb_reader *r, const struct yaml_node *n) {
    static const char *const needed[] = {"id", "name", "created_by", "created", "modified", "workflow_start", "workflow"};
    struct str type = STR_NULL, version = STR_NULL;
    (void) yaml_get_str(n, "type", &type);
    (void) yaml_get_str(n, "spec_version", &version);
    if (!str_eq_z(type, "playbook"))
        return pb_refuse(r, NULL, "this is no CACAO playbook: its type is not 'playbook'");
    if (!str_eq_z(version, "cacao-2.0"))
        return pb_refuse(r, NULL, "CACAO of version '%.*s' is not read, only cacao-2.0", (int) MIN(version.n, 40u), version.p);
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
        if (!yaml_get(n, needed[i]))
            return pb_refuse(r, NULL, "the playbook has no '%s'", needed[i]);
    return 0;
}

static int understand(struct pb_reader *r) {
    static const char *const steps[] = {"steps", NULL}, *const parties[] = {"agents", "targets", NULL};
    static const char *const lists[] = {"agents", "targets", "steps"};
    struct pb_obj *top = r->p->top;
    const struct yaml_node *x = our_extension(top), *ids = x ? yaml_get(x, "ids") : NULL;
    bool undated;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (pb_get(top, lists[i])->n > PLAYBOOK_STEPS_MAX)
            return pb_refuse(r, NULL, "more than %d %s", PLAYBOOK_STEPS_MAX, lists[i]);
    int e = take_ours_of_playbook(r, x, &undated);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(lists); i++)
        e = give_ids(r, ids && ids->kind == YAML_MAPPING ? ids : NULL, lists[i], i < 2 ? parties : steps);
    if (e == 0)
        e = translate(r, top);
    for (const struct pb_val *v = pb_get(top, "steps")->first; e == 0 && v; v = v->next) {
        struct pb_obj *step = v->obj;
        size_t mark;
        pb_path_push(r, pb_str(step, "cacao"), &mark);
        e = translate(r, step);
        if (e == 0)
            e = take_ours(r, step);
        if (e == 0)
            e = pb_check_raise(r, step);
        if (e == 0) {
            drop_value(step, "extensions", STR(CACAO_EXTENSION));
            forget_made_up(r, step);
            pb_path_pop(r, mark);
        }
    }
    if (e < 0)
        return e;
    if ((e = drop_made_steps(r)) < 0)
        return e;
    drop_made_parties(r);
    drop_made_ids(r, "steps", "step");
    drop_made_ids(r, "agents", "party");
    drop_made_ids(r, "targets", "party");
    forget_made_up_playbook(r, undated);
    return 0;
}

int playbook_read_cacao(struct arena *a, struct str json, const char *file, struct playbook *ret, struct diag *reterr) {
    struct json_value *v;
    struct buf path;
    *ret = (struct playbook){0};
    if (json.n > PLAYBOOK_BYTES_MAX)
        return diag_set_at(reterr, -ERR_LIMIT, file, 0, 0, "larger than %d MB", PLAYBOOK_BYTES_MAX >> 20);
    int e = json_parse(a, json, &v, reterr);
    if (e < 0) {
        if (reterr)
            snprintf(reterr->file, sizeof reterr->file, "%s", file);
        return e;
    }
    struct yaml_node *n = yaml_of_json(a, v);
    if (!n)
        return -ENOMEM;
    buf_init(&path, 4096);
    struct pb_reader r = {.arena = a, .file = file, .form = PB_CACAO, .p = ret, .err = reterr, .path = &path};
    e = is_cacao_playbook(&r, n);
    if (e == 0)
        e = pb_read(&r, &pb_playbook_class, n, &ret->top);
    if (e == 0)
        e = understand(&r);
    buf_done(&path);
    return e;
}
