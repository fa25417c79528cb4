/* One decoder file as YAML -> struct recipe. Everything it refuses it names with file, line, column and
 * what to write instead; nothing is skipped in silence, so a misspelt key is an error.
 *
 * Longer than 800 lines: it is the whole grammar of such a file, one small reader a key, and is read beside
 * docs/decoders.md from the bottom up. */
#include "base/ip.h"
#include "base/yaml.h"
#include "decode/recipe_yaml.h"

enum { BLOCK_DEPTH_MAX = 4 };

struct load {
    struct decode_set *set;
    struct recipe *r;
    struct arena *a;
    const char *file;
    struct diag *err;
    size_t slot_names_cap;
    const struct str *prefixes; /* in front of JSON's plain names */
    uint16_t n_prefixes;
    /* of the message whose patterns are read */
    struct recipe_put *captured;
    size_t n_captured, captured_cap;
};

static int no_memory(struct load *l) {
    return diag_set(l->err, -ENOMEM, "out of memory");
}
#define BAD(l, node, ...) yaml_error((l)->err, -ERR_PARSE, (l)->file, node, __VA_ARGS__)

static void *array(struct load *l, size_t n, size_t size) {
    return arena_zalloc(l->a, MAX(n, (size_t) 1) * size);
}

/* A scalar or a list of scalars as an array of texts. */
static int texts(struct load *l, const struct yaml_node *n, const struct str **ret, uint16_t *ret_n) {
    size_t count = !n ? 0 : n->kind == YAML_SCALAR ? 1 : n->n, i = 0;
    *ret = NULL;
    *ret_n = 0;
    if (!n)
        return 0;
    if (n->kind == YAML_MAPPING || count > DECODER_ROWS_MAX)
        return BAD(l, n, "'%.*s' is a text or a list of texts", STR_ARG(n->key ? n->key->text : STR("it")));
    struct str *list = array(l, count, sizeof *list);
    if (!list)
        return no_memory(l);
    for (const struct yaml_node *it = n->kind == YAML_SCALAR ? n : n->first; it; it = it->next) {
        if (it->kind != YAML_SCALAR || !it->text.n)
            return BAD(l, it, "a text is wanted here");
        list[i++] = it->text;
        if (n->kind == YAML_SCALAR)
            break;
    }
    *ret = list;
    *ret_n = (uint16_t) count;
    return 0;
}

/* --- names --- */

static int add_name(struct load *l, struct map *map, struct str **names, size_t *cap, struct str name,
                    size_t max, uint16_t *ret) {
    union map_value *v;
    bool fresh;
    int r = map_add(map, name, &v, &fresh);
    if (r == -ERR_LIMIT)
        return diag_set(l->err, r, "more than %zu names of values", max);
    if (r == 0 && fresh) {
        v->num = map->n - 1;
        r = arena_grow(l->a, (void **) names, cap, map->n, sizeof **names);
        if (r == 0) {
            (*names)[v->num] = arena_dup(l->a, name);
            r = (*names)[v->num].p ? 0 : -ENOMEM;
        }
    }
    if (r < 0)
        return no_memory(l);
    *ret = (uint16_t) v->num;
    return 0;
}

/* Another name by which JSON lines call a value. */
static int add_alias(struct load *l, struct str name, uint16_t slot) {
    union map_value *v;
    bool fresh;
    int r = map_add(&l->set->json_aliases, name, &v, &fresh);
    if (r == -ERR_LIMIT)
        return diag_set(l->err, r, "more than %d other names of values", RECIPE_ALIASES_MAX);
    if (r == 0 && fresh)
        v->num = slot;
    return r < 0 ? no_memory(l) : 0;
}

/* A plain name also stands behind each of the file's prefixes. */
static int behind_prefixes(struct load *l, struct str name, uint16_t slot) {
    char z[3 * DECODER_KEY_BYTES_MAX];
    int r = 0;
    for (uint16_t i = 0; r == 0 && i < l->n_prefixes && !memchr(name.p, '.', name.n); i++) {
        memcpy(z, l->prefixes[i].p, l->prefixes[i].n);
        memcpy(z + l->prefixes[i].n, name.p, name.n);
        r = add_alias(l, str_n(z, l->prefixes[i].n + name.n), slot);
    }
    return r;
}

static int slot_of(struct load *l, const struct yaml_node *at, struct str name, uint16_t *ret) {
    if (!name.n || name.n > DECODER_KEY_BYTES_MAX * (l->r->is_json ? 2 : 1))
        return BAD(l, at, "the name of a value has 1 to %d bytes", DECODER_KEY_BYTES_MAX);
    if (l->r->is_json) {
        int k = add_name(l, &l->set->json_slots, &l->set->json_names, &l->set->json_names_cap, name,
                         RECIPE_SLOTS_MAX, ret);
        return k == 0 ? behind_prefixes(l, name, *ret) : k;
    }
    struct str *names = (struct str *) (uintptr_t) l->r->slot_names;
    int r = add_name(l, &l->r->slots, &names, &l->slot_names_cap, name, RECIPE_SLOTS_MAX, ret);
    l->r->slot_names = names;
    return r;
}

/* What Kizuki derives itself no decoder may set. */
static bool is_ours(struct str name) {
    static const char *const may[] = {"kizuki.session.id", "kizuki.login.second_factor",
                                      "kizuki.login.user_known", "kizuki.ssh.method"};
    static const char *const never[] = {"@timestamp", "event.original", "event.created"};
    for (size_t i = 0; i < ARRAY_SIZE(never); i++)
        if (str_eq_z(name, never[i]))
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(may); i++)
        if (str_eq_z(name, may[i]))
            return false;
    return str_starts(name, STR("kizuki."));
}

static int field_of(struct load *l, const struct yaml_node *at, struct str name, uint16_t *ret) {
    if (is_ours(name))
        return BAD(l, at, "no decoder sets %.*s: Kizuki derives it itself", STR_ARG(name));
    for (size_t i = 0; i < name.n; i++)
        if (!(name.p[i] == '.' || name.p[i] == '_' || name.p[i] == '-' || ascii_digit(name.p[i]) ||
              (ascii_lower(name.p[i]) >= 'a' && ascii_lower(name.p[i]) <= 'z')))
            return BAD(l, at, "'%.*s' is no name of a field; ECS names have letters, digits, '_' and '.'",
                       STR_ARG(name));
    if (!name.n || name.n > 128)
        return BAD(l, at, "the name of a field has 1 to 128 bytes");
    return add_name(l, &l->set->fields, &l->set->field_names, &l->set->field_names_cap, name,
                    RECIPE_FIELDS_MAX, ret);
}

/* The field beside `name` that takes what does not fit: source.ip -> source.port, user.name ->
 * user.domain. */
static int sibling(struct load *l, const struct yaml_node *at, struct str name, const char *ending,
                   const char *other, uint16_t *ret) {
    char z[160];
    *ret = UINT16_MAX;
    if (!str_ends(name, str_of(ending)))
        return 0;
    int n = snprintf(z, sizeof z, "%.*s%s", (int) (name.n - strlen(ending)), name.p, other);
    return field_of(l, at, str_n(z, (size_t) n), ret);
}

static int begin_put(struct load *l, const struct yaml_node *at, struct str name, uint8_t as,
                     struct recipe_put *p) {
    *p = (struct recipe_put){.as = as, .field_port = UINT16_MAX, .field_other = UINT16_MAX};
    int r = field_of(l, at, name, &p->field);
    if (r == 0 && p->as == AS_TEXT && str_ends(name, STR(".ip")))
        p->as = AS_IP;
    if (r == 0 && p->as == AS_TEXT && str_ends(name, STR(".port")))
        p->as = AS_INT;
    if (r == 0 && p->as == AS_TEXT && str_ends(name, STR(".mac")))
        p->as = AS_MAC;
    if (r == 0 && (p->as == AS_IP || p->as == AS_ENDPOINT))
        r = sibling(l, at, name, ".ip", ".address", &p->field_other);
    if (r == 0 && p->as == AS_ENDPOINT)
        r = sibling(l, at, name, ".ip", ".port", &p->field_port);
    if (r == 0 && p->as == AS_ACCOUNT)
        r = sibling(l, at, name, ".name", ".domain", &p->field_port);
    return r;
}

/* --- matches and conditions --- */

static int read_match(struct load *l, const struct yaml_node *n, struct recipe_match *m) {
    struct str s = n->text;
    if (n->kind != YAML_SCALAR)
        return BAD(l, n, "a value to compare with is a text");
    *m = (struct recipe_match){.kind = MATCH_EXACT, .text = s};
    if (yaml_is_null(n)) {
        m->kind = MATCH_NONE;
    } else if (STARTS(s, ">=") && str_to_i64(str_from(s, 2), &m->number) == 0) {
        m->kind = MATCH_FROM;
    } else if (STARTS(s, "<") && str_to_i64(str_from(s, 1), &m->number) == 0) {
        m->kind = MATCH_BELOW;
    } else if (s.n == 1 && s.p[0] == '*') {
        m->kind = MATCH_ANY;
    } else if (s.n > 2 && s.p[0] == '*' && s.p[s.n - 1] == '*') {
        m->kind = MATCH_WITHIN;
        m->text = str_n(s.p + 1, s.n - 2);
    } else if (s.n > 1 && s.p[0] == '*') {
        m->kind = MATCH_END;
        m->text = str_from(s, 1);
    } else if (s.n > 1 && s.p[s.n - 1] == '*') {
        m->kind = MATCH_START;
        m->text = str_to(s, s.n - 1);
    }
    if (str_find_byte(m->kind == MATCH_ANY ? STR("") : m->text, '*', 0) >= 0)
        return BAD(l, n, "'*' stands at the start or the end of '%.*s', or at both", STR_ARG(s));
    return 0;
}

/* {slot: value or list of values, …}: all must hold */
static int read_conds(struct load *l, const struct yaml_node *n, const struct recipe_cond **ret, uint16_t *ret_n) {
    size_t i = 0;
    if (n->kind != YAML_MAPPING || n->n > DECODER_ROWS_MAX)
        return BAD(l, n, "conditions are a mapping of values to what they must be");
    struct recipe_cond *conds = array(l, n->n, sizeof *conds);
    if (!conds)
        return no_memory(l);
    for (const struct yaml_node *it = n->first; it; it = it->next) {
        struct recipe_cond *c = &conds[i++];
        size_t count = it->kind == YAML_SCALAR ? 1 : it->n, k = 0;
        struct recipe_match *any = array(l, count, sizeof *any);
        if (it->kind == YAML_MAPPING || count > DECODER_ROWS_MAX)
            return BAD(l, it, "a value is compared with a text or a list of texts");
        int r = any ? slot_of(l, it, it->key->text, &c->slot) : no_memory(l);
        for (const struct yaml_node *v = it->kind == YAML_SCALAR ? it : it->first; r == 0 && v;
             v = it->kind == YAML_SCALAR ? NULL : v->next)
            r = read_match(l, v, &any[k++]);
        if (r < 0)
            return r;
        c->any = any;
        c->n = (uint16_t) k;
    }
    *ret = conds;
    *ret_n = (uint16_t) n->n;
    return 0;
}

/* --- blocks --- */

static int read_table(struct load *l, const struct yaml_node *n, struct recipe_put *p) {
    size_t i = 0;
    if (n->kind != YAML_MAPPING || n->n > DECODER_ROWS_MAX || !n->n)
        return BAD(l, n, "a table is a mapping of values to values");
    struct recipe_row *rows = array(l, n->n, sizeof *rows);
    if (!rows)
        return no_memory(l);
    for (const struct yaml_node *it = n->first; it; it = it->next) {
        int r = read_match(l, it->key, &rows[i].match);
        if (r < 0)
            return r;
        if (it->kind != YAML_SCALAR)
            return BAD(l, it, "a table gives a text");
        rows[i++].value = it->text;
    }
    p->rows = rows;
    p->n_rows = (uint16_t) i;
    return 0;
}

/* ECS: value · ECS: [value, or, else] · ECS: {from: …, as: …, table: {…}} */
static int read_put(struct load *l, const struct yaml_node *n, struct recipe_put *p) {
    static const char *const keys[] = {"from", "as", "table", "except", NULL};
    const struct yaml_node *from = n, *table = NULL, *except = NULL;
    const struct str *names;
    uint16_t n_names;
    enum recipe_as as = AS_TEXT;
    struct str word;
    int r = 0;
    if (n->kind == YAML_MAPPING) {
        r = yaml_only_keys(n, keys, l->file, l->err);
        from = yaml_get(n, "from");
        table = yaml_get(n, "table");
        except = yaml_get(n, "except");
        if (r == 0 && !from)
            r = BAD(l, n, "'from' is missing: which value the field takes");
        if (r == 0 && yaml_get_str(n, "as", &word) && !recipe_as_from(word, &as))
            r = BAD(l, yaml_get(n, "as"), "'as' is one of %s", recipe_as_names);
    }
    if (r == 0)
        r = begin_put(l, n, n->key->text, (uint8_t) as, p);
    if (r == 0)
        r = texts(l, from, &names, &n_names);
    if (r == 0 && n_names > RECIPE_FROM_MAX)
        r = BAD(l, from, "a field takes the first of at most %d values", RECIPE_FROM_MAX);
    for (uint16_t i = 0; r == 0 && i < n_names; i++)
        r = slot_of(l, from, names[i], &p->from[i]);
    p->n_from = (uint8_t) (r == 0 ? n_names : 0);
    if (r == 0)
        r = texts(l, except, &p->except, &p->n_except);
    return r == 0 && table ? read_table(l, table, p) : r;
}

static int read_set(struct load *l, const struct yaml_node *n, struct recipe_set *s) {
    int64_t number;
    int r = field_of(l, n, n->key->text, &s->field);
    if (r < 0)
        return r;
    s->type = n->kind == YAML_SCALAR && n->plain && str_to_i64(n->text, &number) == 0 ? JSON_NUMBER : JSON_STRING;
    return texts(l, n, &s->values, &s->n);
}

static int read_block(struct load *l, const struct yaml_node *n, unsigned depth, struct recipe_block *b);
static int read_patterns(struct load *l, const struct yaml_node *n, uint16_t message,
                         struct recipe_pattern *to, uint16_t *ret_n);

static size_t count_texts(const struct yaml_node *n) {
    return !n ? 0 : n->kind == YAML_SCALAR ? 1 : n->n;
}

/* {value: V, like: pattern or patterns} */
static int read_reading(struct load *l, const struct yaml_node *n, struct recipe_read *to) {
    static const char *const keys[] = {"value", "like", NULL};
    const struct yaml_node *like = yaml_get(n, "like");
    struct str value;
    int r = n->kind == YAML_MAPPING ? yaml_only_keys(n, keys, l->file, l->err)
                                    : BAD(l, n, "'read' has 'value' and 'like'");
    if (r == 0 && (!like || !yaml_get_str(n, "value", &value) || count_texts(like) > DECODER_ROWS_MAX))
        r = BAD(l, n, "'read' has 'value', which of the values, and 'like', what stands in it");
    if (r == 0)
        r = slot_of(l, n, value, &to->slot);
    struct recipe_pattern *patterns = r == 0 ? array(l, count_texts(like), sizeof *patterns) : NULL;
    if (r == 0 && !patterns)
        r = no_memory(l);
    to->patterns = patterns;
    return r == 0 ? read_patterns(l, like, 0, patterns, &to->n) : r;
}

static int read_inner(struct load *l, const struct yaml_node *n, unsigned depth, struct recipe_block *b) {
    static const char *const keys[] = {"if", "set", "fields", "login", "count", "read", "when", NULL};
    size_t i = 0;
    if (n->kind != YAML_SEQUENCE || n->n > DECODER_ROWS_MAX || depth >= BLOCK_DEPTH_MAX)
        return BAD(l, n, "'when' is a list, at most %d deep", BLOCK_DEPTH_MAX);
    struct recipe_block *inner = array(l, n->n, sizeof *inner);
    if (!inner)
        return no_memory(l);
    for (const struct yaml_node *it = n->first; it; it = it->next, i++) {
        const struct yaml_node *cond = yaml_get(it, "if");
        int r = it->kind == YAML_MAPPING ? yaml_only_keys(it, keys, l->file, l->err)
                                         : BAD(l, it, "an entry of 'when' has 'if' and what follows from it");
        if (r == 0 && !cond)
            r = BAD(l, it, "'if' is missing");
        if (r == 0)
            r = read_conds(l, cond, &inner[i].conds, &inner[i].n_conds);
        if (r == 0)
            r = read_block(l, it, depth + 1, &inner[i]);
        if (r < 0)
            return r;
    }
    b->inner = inner;
    b->n_inner = (uint16_t) i;
    return 0;
}

static int read_login(struct load *l, const struct yaml_node *n, struct recipe_block *b) {
    struct str word, count;
    b->count = UINT16_MAX;
    if (yaml_get_str(n, "login", &word)) {
        b->login = str_eq(word, STR("success"))   ? LOGIN_SUCCESS
                   : str_eq(word, STR("failure")) ? LOGIN_FAILURE
                                                  : LOGIN_NONE;
        if (!b->login)
            return BAD(l, yaml_get(n, "login"), "'login' is success or failure");
    }
    return yaml_get_str(n, "count", &count) ? slot_of(l, yaml_get(n, "count"), count, &b->count) : 0;
}

/* The keys `set`, `fields`, `login`, `count` and `when` of a mapping. */
static int read_block(struct load *l, const struct yaml_node *n, unsigned depth, struct recipe_block *b) {
    const struct yaml_node *fields = yaml_get(n, "fields"), *set = yaml_get(n, "set"), *when = yaml_get(n, "when");
    size_t i = 0;
    int r = read_login(l, n, b);
    if (r == 0 && yaml_get(n, "read"))
        r = read_reading(l, yaml_get(n, "read"), &b->read);
    if (r == 0 && fields && (fields->kind != YAML_MAPPING || fields->n > DECODER_ROWS_MAX))
        r = BAD(l, fields, "'fields' is a mapping of ECS names to values of the line");
    if (r == 0 && set && (set->kind != YAML_MAPPING || set->n > DECODER_ROWS_MAX))
        r = BAD(l, set, "'set' is a mapping of ECS names to constants");
    if (r < 0)
        return r;
    struct recipe_put *puts = array(l, fields ? fields->n : 0, sizeof *puts);
    struct recipe_set *sets = array(l, set ? set->n : 0, sizeof *sets);
    if (!puts || !sets)
        return no_memory(l);
    for (const struct yaml_node *it = fields ? fields->first : NULL; r == 0 && it; it = it->next)
        r = read_put(l, it, &puts[i++]);
    b->puts = puts;
    b->n_puts = (uint16_t) i;
    i = 0;
    for (const struct yaml_node *it = set ? set->first : NULL; r == 0 && it; it = it->next)
        r = read_set(l, it, &sets[i++]);
    b->sets = sets;
    b->n_sets = (uint16_t) i;
    return r == 0 && when ? read_inner(l, when, depth, b) : r;
}

/* --- patterns --- */

struct naming {
    struct load *l;
    const struct yaml_node *at;
};

/* A name with a dot is a field, too. */
static int capture_slot(void *ctx, struct str name, uint8_t as, uint16_t *ret) {
    struct naming *n = ctx;
    struct load *l = n->l;
    int r = slot_of(l, n->at, name, ret);
    if (r < 0 || str_find_byte(name, '.', 0) < 0)
        return r;
    for (size_t i = 0; i < l->n_captured; i++)
        if (l->captured[i].from[0] == *ret && l->captured[i].as == as)
            return 0;
    r = arena_grow(l->a, (void **) &l->captured, &l->captured_cap, l->n_captured + 1, sizeof *l->captured);
    if (r < 0)
        return no_memory(l);
    struct recipe_put *p = &l->captured[l->n_captured];
    r = begin_put(l, n->at, name, as, p);
    p->from[0] = *ret;
    p->n_from = 1;
    l->n_captured += r == 0;
    return r;
}

static int read_patterns(struct load *l, const struct yaml_node *n, uint16_t message,
                         struct recipe_pattern *to, uint16_t *ret_n) {
    struct naming naming = {l, n};
    struct pattern_compile c = {.arena = l->a, .ctx = &naming, .slot = capture_slot, .file = l->file, .err = l->err};
    uint16_t k = 0;
    if (n->kind == YAML_MAPPING)
        return BAD(l, n, "a pattern is a text, or a list of texts of which one fits");
    for (const struct yaml_node *it = n->kind == YAML_SCALAR ? n : n->first; it;
         it = n->kind == YAML_SCALAR ? NULL : it->next) {
        if (it->kind != YAML_SCALAR)
            return BAD(l, it, "a pattern is a text");
        naming.at = c.node = it;
        int r = recipe_pattern_compile(&c, it->text, &to[k]);
        if (r < 0)
            return r;
        to[k++].message = message;
    }
    *ret_n = k;
    return 0;
}

/* Puts what the patterns captured behind the block's own. */
static int add_captured(struct load *l, struct recipe_block *b) {
    struct recipe_put *all = array(l, b->n_puts + l->n_captured, sizeof *all);
    if (!all)
        return no_memory(l);
    if (b->n_puts)
        memcpy(all, b->puts, b->n_puts * sizeof *all);
    if (l->n_captured)
        memcpy(all + b->n_puts, l->captured, l->n_captured * sizeof *all);
    b->puts = all;
    b->n_puts = (uint16_t) (b->n_puts + l->n_captured);
    l->n_captured = 0;
    return 0;
}

static int read_message(struct load *l, const struct yaml_node *n, uint16_t index, struct recipe_message *m,
                        struct recipe_pattern *patterns, size_t *n_patterns) {
    static const char *const keys[] = {"like", "key", "set", "fields", "login", "count", "read", "when", NULL};
    const struct yaml_node *like = yaml_get(n, "like");
    uint16_t k = 0;
    if (n->kind != YAML_MAPPING || !like)
        return BAD(l, n, "a message has 'like': what it looks like");
    int r = yaml_only_keys(n, keys, l->file, l->err);
    if (r == 0)
        r = texts(l, yaml_get(n, "key"), &m->keys, &m->n_keys);
    if (r == 0)
        r = read_block(l, n, 0, &m->block);
    if (r == 0)
        r = read_patterns(l, like, index, patterns + *n_patterns, &k);
    *n_patterns += k;
    return r == 0 ? add_captured(l, &m->block) : r;
}

/* Which patterns may begin with a byte: those whose literal does, and those that begin with a capture. */
static int index_patterns(struct load *l) {
    struct recipe *r = l->r;
    for (int c = 0; c < 256; c++) {
        uint16_t list[DECODER_PATTERNS_MAX + 1], n = 0;
        for (uint16_t i = 0; i < r->n_patterns; i++) {
            const struct recipe_piece *p = &r->patterns[i].pieces[0];
            if (!r->patterns[i].n || p->kind != PIECE_LITERAL || (unsigned char) p->literal.p[0] == c)
                list[n++] = i;
        }
        if (!n)
            continue;
        list[n++] = UINT16_MAX;
        r->by_first[c] = arena_alloc(l->a, n * sizeof *list);
        if (!r->by_first[c])
            return no_memory(l);
        memcpy(r->by_first[c], list, n * sizeof *list);
    }
    return 0;
}

static int read_messages(struct load *l, const struct yaml_node *n) {
    size_t total = 0, n_patterns = 0;
    uint16_t i = 0;
    if (n->kind != YAML_SEQUENCE || n->n > DECODER_PATTERNS_MAX)
        return BAD(l, n, "'messages' is a list of at most %d", DECODER_PATTERNS_MAX);
    for (const struct yaml_node *it = n->first; it; it = it->next)
        total += count_texts(yaml_get(it, "like"));
    if (total > DECODER_PATTERNS_MAX)
        return BAD(l, n, "more than %d patterns; take two decoders", DECODER_PATTERNS_MAX);
    struct recipe_message *messages = array(l, n->n, sizeof *messages);
    struct recipe_pattern *patterns = array(l, total, sizeof *patterns);
    int r = messages && patterns ? 0 : no_memory(l);
    for (const struct yaml_node *it = n->first; r == 0 && it; it = it->next, i++)
        r = read_message(l, it, i, &messages[i], patterns, &n_patterns);
    if (r < 0)
        return r;
    l->r->messages = messages;
    l->r->n_messages = i;
    l->r->patterns = patterns;
    l->r->n_patterns = (uint16_t) n_patterns;
    return index_patterns(l);
}

static int read_heads(struct load *l, const struct yaml_node *n) {
    struct recipe_pattern *heads = array(l, count_texts(n), sizeof *heads);
    if (!heads || count_texts(n) > DECODER_PATTERNS_MAX)
        return heads ? BAD(l, n, "too many heads") : no_memory(l);
    l->r->heads = heads;
    return read_patterns(l, n, 0, heads, &l->r->n_heads);
}

/* --- lists and columns --- */

static int read_list(struct load *l, const struct yaml_node *n) {
    static const char *const keys[] = {"between", "assign", "quotes", "nested", "once", NULL};
    struct recipe_list *p = &l->r->list;
    struct str s, nested;
    int r = n->kind == YAML_MAPPING ? yaml_only_keys(n, keys, l->file, l->err)
                                    : BAD(l, n, "'pairs' has 'between', 'assign', 'quotes', 'nested'");
    if (r < 0)
        return r;
    (void) yaml_get_str(n, "between", &p->between);
    if (!p->between.n)
        return BAD(l, yaml_get(n, "between"), "'between' is the text between two pairs");
    if (yaml_get_str(n, "assign", &s)) {
        if (s.n != 1)
            return BAD(l, yaml_get(n, "assign"), "'assign' is one byte, mostly '='");
        p->assign = s.p[0];
    }
    if (yaml_get_str(n, "quotes", &s)) {
        p->double_quote = str_find_byte(s, '"', 0) >= 0;
        p->single_quote = str_find_byte(s, '\'', 0) >= 0;
        p->angle = str_find_byte(s, '<', 0) >= 0;
    }
    l->r->has_list = true;
    r = texts(l, yaml_get(n, "once"), &p->once, &p->n_once);
    if (r < 0)
        return r;
    return yaml_get_str(n, "nested", &nested) ? slot_of(l, n, nested, &p->nested) : 0;
}

/* "name", "name:ip", "name:int", "-" for one nobody wants */
static int read_column(struct load *l, const struct yaml_node *at, struct str s, struct recipe_column *c) {
    struct str name = s;
    *c = (struct recipe_column){.slot = UINT16_MAX};
    if (CUT_END(&name, ":ip"))
        c->as = AS_IP;
    else if (CUT_END(&name, ":int"))
        c->as = AS_INT;
    return str_eq(name, STR("-")) ? 0 : slot_of(l, at, name, &c->slot);
}

/* {columns: "a b:ip c …", key: K}; the columns as one text, parted by white space */
static int read_layout(struct load *l, const struct yaml_node *n, struct recipe_layout *to, struct str *ret_names) {
    static const char *const keys[] = {"columns", "key", NULL};
    struct recipe_column columns[DECODER_COLUMNS_MAX];
    struct str text, word;
    char *names;
    size_t k = 0, len = 0;
    int r = n->kind == YAML_MAPPING ? yaml_only_keys(n, keys, l->file, l->err)
                                    : BAD(l, n, "a layout has 'columns'");
    if (r == 0 && !yaml_get_str(n, "columns", &text))
        r = BAD(l, n, "'columns' is missing: the names of the columns, parted by spaces");
    if (r < 0)
        return r;
    (void) yaml_get_str(n, "key", &to->key);
    if (!(names = arena_alloc(l->a, text.n + 1)))
        return no_memory(l);
    while (r == 0 && str_split(&text, ' ', &word)) {
        word = str_trim(word);
        if (!word.n)
            continue;
        if (to->open || k == DECODER_COLUMNS_MAX)
            return BAD(l, n, "a line has at most %d columns, and '...' comes last", DECODER_COLUMNS_MAX);
        if (str_eq(word, STR("..."))) {
            to->open = true;
            continue;
        }
        r = read_column(l, n, word, &columns[k++]);
        struct str plain = columns[k - 1].as ? str_to(word, word.n - (columns[k - 1].as == AS_IP ? 3 : 4)) : word;
        if (len)
            names[len++] = ' ';
        memcpy(names + len, plain.p, plain.n);
        len += plain.n;
    }
    struct recipe_column *kept = array(l, k, sizeof *kept);
    if (r < 0 || !kept)
        return r < 0 ? r : no_memory(l);
    memcpy(kept, columns, k * sizeof *kept);
    to->columns = kept;
    to->n = (uint16_t) k;
    *ret_names = str_n(names, len);
    return k ? 0 : BAD(l, n, "a layout without columns");
}

static int one_byte(struct load *l, const struct yaml_node *n, const char *key, char *ret) {
    struct str s;
    if (!yaml_get_str(n, key, &s))
        return 0;
    if (str_eq(s, STR("tab")))
        s = STR("\t");
    if (s.n != 1)
        return BAD(l, yaml_get(n, key), "'%s' is one byte, or tab", key);
    *ret = s.p[0];
    return 0;
}

static int read_columns(struct load *l, const struct yaml_node *n) {
    static const char *const keys[] = {"separator", "quote", "empty", "header", "key", "layouts", NULL};
    struct recipe_columns *c = &l->r->columns;
    const struct yaml_node *layouts = yaml_get(n, "layouts");
    int64_t key;
    size_t i = 0;
    *c = (struct recipe_columns){.separator = ',', .key = UINT16_MAX, .empty = STR(""), .header = STR("")};
    int r = n->kind == YAML_MAPPING ? yaml_only_keys(n, keys, l->file, l->err)
                                    : BAD(l, n, "'columns' has 'separator' and 'layouts'");
    if (r == 0 && (!layouts || layouts->kind != YAML_SEQUENCE || layouts->n > DECODER_ROWS_MAX))
        r = BAD(l, n, "'layouts' is missing: which columns a line may have");
    if (r == 0)
        r = one_byte(l, n, "separator", &c->separator);
    if (r == 0)
        r = one_byte(l, n, "quote", &c->quote);
    if (r < 0)
        return r;
    (void) yaml_get_str(n, "empty", &c->empty);
    (void) yaml_get_str(n, "header", &c->header);
    if (yaml_get(n, "key")) {
        if (!yaml_get_i64(n, "key", &key) || key < 1 || key > DECODER_COLUMNS_MAX)
            return BAD(l, yaml_get(n, "key"), "'key' is the number of the column that chooses the layout, from 1");
        c->key = (uint16_t) (key - 1);
    }
    struct recipe_layout *list = array(l, layouts->n, sizeof *list);
    struct str *names = array(l, layouts->n, sizeof *names);
    if (!list || !names)
        return no_memory(l);
    for (const struct yaml_node *it = layouts->first; r == 0 && it; it = it->next, i++)
        r = read_layout(l, it, &list[i], &names[i]);
    c->layouts = list;
    c->names = names;
    c->n = (uint16_t) i;
    l->r->has_columns = true;
    return r;
}

/* --- time --- */

static int read_zone(struct load *l, const struct yaml_node *at, struct str s, int *ret_min) {
    char z[64];
    int64_t t;
    int n = snprintf(z, sizeof z, "2026-01-01T00:00:00%.*s", STR_ARG(str_to(s, 10)));
    if (str_eq(s, STR("UTC"))) {
        *ret_min = 0;
        return 0;
    }
    if (s.n > 10 || time_parse_iso(str_n(z, (size_t) n), &t, ret_min) != n || *ret_min == TIME_NO_OFFSET)
        return BAD(l, at, "'%.*s' is no zone; a zone is UTC or an offset such as +09:00", STR_ARG(s));
    return 0;
}

static int read_time(struct load *l, const struct yaml_node *n, struct recipe_time *t) {
    static const char *const keys[] = {"from", "format", "zone", "zone_from", NULL};
    const struct str *from;
    struct str s;
    enum time_format format = TIME_ANY;
    uint16_t n_from = 0;
    *t = (struct recipe_time){.zone_min = TIME_NO_OFFSET, .zone_slot = UINT16_MAX};
    int r = n->kind == YAML_MAPPING ? yaml_only_keys(n, keys, l->file, l->err)
                                    : BAD(l, n, "a time has 'from', 'format' and 'zone'");
    if (r == 0)
        r = texts(l, yaml_get(n, "from"), &from, &n_from);
    if (r == 0 && n_from > ARRAY_SIZE(t->from))
        r = BAD(l, n, "a time is made of at most %zu values", ARRAY_SIZE(t->from));
    for (uint16_t i = 0; r == 0 && i < n_from; i++)
        r = slot_of(l, n, from[i], &t->from[i]);
    t->n_from = n_from;
    if (r == 0 && yaml_get_str(n, "format", &s) && !recipe_time_from(s, &format)) {
        const char *why = str_find_byte(s, '%', 0) < 0 ? "no time is called so; there are iso, bsd, clf, slash, "
                                                         "ctime, epoch, any and formats with %Y"
                                                       : recipe_time_check(s);
        if (why)
            r = BAD(l, yaml_get(n, "format"), "%s: '%.*s'", why, STR_ARG(s));
        format = TIME_CUSTOM;
        t->custom = s;
    }
    t->format = (uint8_t) format;
    if (r == 0 && yaml_get_str(n, "zone", &s))
        r = read_zone(l, yaml_get(n, "zone"), s, &t->zone_min);
    if (r == 0 && yaml_get_str(n, "zone_from", &s))
        r = slot_of(l, n, s, &t->zone_slot);
    return r;
}

/* One time or a list, the best first. */
static int read_times(struct load *l, const struct yaml_node *n) {
    size_t count = n->kind == YAML_SEQUENCE ? n->n : 1, i = 0;
    struct recipe_time *times = array(l, count, sizeof *times);
    int r = times ? 0 : no_memory(l);
    if (count > DECODER_ROWS_MAX)
        return BAD(l, n, "too many times");
    for (const struct yaml_node *it = n->kind == YAML_SEQUENCE ? n->first : n; r == 0 && it;
         it = n->kind == YAML_SEQUENCE ? it->next : NULL)
        r = read_time(l, it, &times[i++]);
    l->r->times = times;
    l->r->n_times = (uint16_t) i;
    return r;
}

/* --- find --- */

static int read_find(struct load *l, const struct yaml_node *n, struct recipe_find *f) {
    static const char *const keys[] = {"program", "start", "shape", "within", "keys", NULL};
    const struct yaml_node *json = yaml_get(n, "keys");
    f->start = f->shape = STR("");
    int r = n->kind == YAML_MAPPING ? yaml_only_keys(n, keys, l->file, l->err)
                                    : BAD(l, n, "an entry of 'find' has program, start, shape, within or keys");
    if (r == 0)
        r = texts(l, yaml_get(n, "program"), &f->programs, &f->n_programs);
    if (r == 0)
        r = texts(l, yaml_get(n, "within"), &f->within, &f->n_within);
    if (r < 0)
        return r;
    (void) yaml_get_str(n, "start", &f->start);
    (void) yaml_get_str(n, "shape", &f->shape);
    if (l->r->is_json != (json != NULL))
        return BAD(l, n, l->r->is_json ? "a decoder of JSON is found by 'keys'" : "'keys' is for decoders with json: true");
    if (json)
        return read_conds(l, json, &f->keys, &f->n_keys);
    if (f->n_programs && (f->start.n || f->shape.n || f->n_within))
        return BAD(l, n, "a program names its decoder alone; write the other way to find it as another entry");
    if (!f->n_programs && !f->start.n && !f->shape.n)
        return BAD(l, n, "a line is found by 'program', by 'start', its first bytes, or by 'shape', what they look like "
                         "(0 a digit, A and a a letter)");
    for (uint16_t i = 0; i < f->n_programs; i++) {
        ptrdiff_t star = str_find_byte(f->programs[i], '*', 0);
        if (star >= 0 && ((size_t) star + 1 != f->programs[i].n || star < 2))
            return BAD(l, n, "'*' stands at the end of a program's name, behind at least two bytes");
        const struct decode_format *own = decode_format_of_program(f->programs[i]);
        if (own)
            return BAD(l, n, "%.*s is read by the built-in decoder %.*s", STR_ARG(f->programs[i]), STR_ARG(own->name));
    }
    return 0;
}

static int read_finds(struct load *l, const struct yaml_node *n) {
    size_t i = 0;
    if (!n || n->kind != YAML_SEQUENCE || !n->n || n->n > DECODER_ROWS_MAX)
        return BAD(l, n, "'find' is a list: how a line finds this decoder");
    struct recipe_find *finds = array(l, n->n, sizeof *finds);
    int r = finds ? 0 : no_memory(l);
    for (const struct yaml_node *it = n->first; r == 0 && it; it = it->next)
        r = read_find(l, it, &finds[i++]);
    l->r->finds = finds;
    l->r->n_finds = (uint16_t) i;
    return r;
}

/* --- samples --- */

static int read_sample(struct load *l, const struct yaml_node *n, struct recipe_sample *s) {
    static const char *const keys[] = {"line", "url", "zone", "arrival", "forced", "expect", NULL};
    struct str text;
    int offset;
    *s = (struct recipe_sample){.zone_min = TIME_JST_OFFSET_MIN, .at_line = n->line,
                                .arrival_ns = INT64_C(1795435200000000000)}; /* 2026-11-23T12:00:00Z */
    int r = n->kind == YAML_MAPPING ? yaml_only_keys(n, keys, l->file, l->err) : BAD(l, n, "a sample has 'line'");
    if (r == 0 && !yaml_get_str(n, "line", &s->line))
        r = BAD(l, n, "'line' is missing: the raw line of the sample");
    if (r == 0 && (!(s->expect = yaml_get(n, "expect")) || s->expect->kind != YAML_MAPPING))
        r = BAD(l, n, "'expect' is missing: the fields the line must give");
    if (r == 0 && (!yaml_get_str(n, "url", &s->url) ||
                   (!str_starts(s->url, STR("https://")) && !str_starts(s->url, STR("http://")))))
        r = BAD(l, n, "'url' is missing: the page that describes such lines");
    if (r == 0 && yaml_get_str(n, "zone", &text))
        r = read_zone(l, yaml_get(n, "zone"), text, &s->zone_min);
    if (r == 0 && yaml_get_str(n, "arrival", &text) &&
        time_parse_iso(text, &s->arrival_ns, &offset) != (int) text.n)
        r = BAD(l, yaml_get(n, "arrival"), "'arrival' is a time such as 2026-11-23T12:00:00Z");
    (void) yaml_get_bool(n, "forced", &s->forced);
    return r;
}

static int read_samples(struct load *l, const struct yaml_node *n) {
    size_t i = 0;
    if (!n || n->kind != YAML_SEQUENCE || !n->n)
        return BAD(l, n, "'samples' is missing: lines with what they must give");
    struct recipe_sample *list = array(l, n->n, sizeof *list);
    int r = list ? 0 : no_memory(l);
    for (const struct yaml_node *it = n->first; r == 0 && it; it = it->next)
        r = read_sample(l, it, &list[i++]);
    l->r->samples = list;
    l->r->n_samples = i;
    return r;
}

/* --- the file --- */

static int read_ways(struct load *l, const struct yaml_node *n) {
    const struct yaml_node *messages = yaml_get(n, "messages"), *pairs = yaml_get(n, "pairs"),
                           *columns = yaml_get(n, "columns"), *head = yaml_get(n, "head");
    int ways = (messages != NULL) + (columns != NULL) + l->r->is_json + (pairs && !messages);
    int r = 0;
    if (ways != 1)
        return BAD(l, n, "a decoder has one of 'messages', 'pairs', 'columns' and 'json: true'");
    if (pairs)
        r = read_list(l, pairs);
    if (r == 0 && head)
        r = read_heads(l, head);
    if (r == 0)
        r = read_block(l, n, 0, &l->r->top);
    if (r == 0)
        r = add_captured(l, &l->r->top);
    if (r == 0 && columns)
        r = read_columns(l, columns);
    return r == 0 && messages ? read_messages(l, messages) : r;
}

static int read_options(struct load *l, const struct yaml_node *n) {
    struct str s;
    const struct yaml_node *keep = yaml_get(n, "keep");
    bool yes;
    if (keep && yaml_get_bool(n, "keep", &yes)) {
        l->r->keep = yes;
        l->r->keep_prefix = STR("");
    } else if (keep && yaml_get_str(n, "keep", &l->r->keep_prefix)) {
        l->r->keep = l->r->keep_prefix.n > 0;
        if (l->r->keep_prefix.n > DECODER_KEY_BYTES_MAX)
            return BAD(l, keep, "'keep' is true or a short text in front of the names");
    }
    if (yaml_get_str(n, "unmatched", &s)) {
        l->r->unmatched_is_fine = str_eq(s, STR("keep"));
        if (!l->r->unmatched_is_fine && !str_eq(s, STR("count")))
            return BAD(l, yaml_get(n, "unmatched"), "'unmatched' is count (the default) or keep");
    }
    if (yaml_get_str(n, "line", &s)) {
        if (!l->r->is_json)
            return BAD(l, yaml_get(n, "line"), "'line' names a key of 'json: true' whose value is a line of a log");
        int r = slot_of(l, yaml_get(n, "line"), s, &l->r->line_slot);
        if (r < 0)
            return r;
    }
    const struct str *over;
    uint16_t n_over;
    int r = texts(l, yaml_get(n, "over"), &over, &n_over);
    if (r == 0 && n_over > RECIPE_OVER_MAX)
        return BAD(l, yaml_get(n, "over"), "'over' names at most %d fields", RECIPE_OVER_MAX);
    for (uint16_t i = 0; r == 0 && i < n_over; i++)
        r = field_of(l, yaml_get(n, "over"), over[i], &l->r->over[i]);
    l->r->n_over = r == 0 ? n_over : 0;
    return r < 0 ? r : texts(l, yaml_get(n, "unit"), &l->r->units, &l->r->n_units);
}

/* How else shippers write the names of JSON's values: `prefixes` in front of plain ones, `names: {Channel: [winlog.channel]}`. */
static int read_spellings(struct load *l, const struct yaml_node *n) {
    const struct yaml_node *prefixes = yaml_get(n, "prefixes"), *names = yaml_get(n, "names");
    const struct str *other;
    uint16_t slot, n_other;
    if ((prefixes || names) && !l->r->is_json)
        return BAD(l, prefixes ? prefixes : names, "'prefixes' and 'names' are for decoders with json: true");
    int r = texts(l, prefixes, &l->prefixes, &l->n_prefixes);
    for (uint16_t i = 0; r == 0 && i < l->n_prefixes; i++)
        if (!l->prefixes[i].n || l->prefixes[i].n > DECODER_KEY_BYTES_MAX || l->prefixes[i].p[l->prefixes[i].n - 1] != '.')
            return BAD(l, prefixes, "a prefix ends with '.' and has at most %d bytes", DECODER_KEY_BYTES_MAX);
    if (r == 0 && names && names->kind != YAML_MAPPING)
        return BAD(l, names, "'names' is a mapping of a value's name to its other names");
    for (const struct yaml_node *it = r == 0 && names ? names->first : NULL; r == 0 && it; it = it->next) {
        r = slot_of(l, it, it->key->text, &slot);
        if (r == 0)
            r = texts(l, it, &other, &n_other);
        for (uint16_t i = 0; r == 0 && i < n_other; i++)
            r = add_alias(l, other[i], slot);
    }
    return r;
}

static int read_name(struct load *l, const struct yaml_node *n) {
    struct recipe *r = l->r;
    if (!yaml_get_str(n, "decoder", &r->name) || !r->name.n || r->name.n > 40)
        return BAD(l, n, "'decoder' is missing: its name");
    for (size_t i = 0; i < r->name.n; i++)
        if (!((r->name.p[i] >= 'a' && r->name.p[i] <= 'z') || ascii_digit(r->name.p[i]) || r->name.p[i] == '_' ||
              r->name.p[i] == '-'))
            return BAD(l, yaml_get(n, "decoder"), "the name of a decoder has small letters, digits, '_' and '-'");
    for (size_t i = 0; i < decode_count(); i++)
        if (str_eq_z(r->name, decode_info_at(i).name))
            return BAD(l, yaml_get(n, "decoder"), "'%.*s' is built in; take another name", STR_ARG(r->name));
    if (!yaml_get_str(n, "help", &r->help) || !r->help.n)
        return BAD(l, n, "'help' is missing: one line saying what it reads");
    (void) yaml_get_str(n, "service", &r->service);
    (void) yaml_get_bool(n, "json", &r->is_json);
    r->format = (struct decode_format){.name = r->name, .order = RECIPE_ORDER, .help = r->help.p, .recipe = r};
    return 0;
}

int recipe_read(struct decode_set *set, const struct yaml_node *n, const char *file, struct recipe *to,
                struct diag *reterr) {
    static const char *const keys[] = {"decoder", "help", "service", "find", "unit", "time", "head", "messages",
                                       "pairs", "columns", "json", "fields", "set", "login", "count", "read", "when", "keep",
                                       "unmatched", "line", "prefixes", "names", "over", "samples", NULL};
    struct load l = {.set = set, .r = to, .a = &set->arena, .file = file, .err = reterr};
    const struct yaml_node *time = yaml_get(n, "time");
    union map_value *key;
    *to = (struct recipe){.file = file, .set = set, .key_slot = UINT16_MAX, .line_slot = UINT16_MAX};
    map_init(&to->slots, RECIPE_SLOTS_MAX, 0);
    /* a pattern may say {pairs} where the file says nothing of them */
    to->list = (struct recipe_list){.between = STR(" "), .assign = '=', .double_quote = true, .nested = UINT16_MAX};
    if (n->kind != YAML_MAPPING)
        return BAD(&l, n, "a decoder file is a mapping with 'decoder', 'help', 'find' and 'samples'");
    int r = yaml_only_keys(n, keys, file, reterr);
    if (r == 0)
        r = read_name(&l, n);
    if (r == 0)
        r = read_options(&l, n);
    if (r == 0)
        r = read_spellings(&l, n);
    if (r == 0)
        r = read_finds(&l, yaml_get(n, "find") ? yaml_get(n, "find") : n);
    if (r == 0 && time)
        r = read_times(&l, time);
    if (r == 0)
        r = read_ways(&l, n);
    if (r == 0)
        r = read_samples(&l, yaml_get(n, "samples") ? yaml_get(n, "samples") : n);
    if (r == 0 && (key = map_find(&to->slots, STR("key"))))
        to->key_slot = (uint16_t) key->num;
    return r;
}
