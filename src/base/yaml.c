/* YAML trees from the events of libyaml or, for texts in the plain style of rules, of yaml_quick.c.
 *
 * The events are pulled one by one and the limits are checked at each, so that a hostile document
 * is refused before it costs anything. An alias gives a new head (text, children shared) of the
 * anchored node, because the head carries the links to its siblings. What a reader of the tree will
 * visit and how deep it will go is counted with aliases followed: `weight` and `height` of each
 * anchored node are remembered. */
#include "base/yaml.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/yaml_quick.h"

#include <yaml.h>

struct anchor {
    const struct yaml_node *node;
    size_t weight;
    unsigned height;
};

/* One open sequence or mapping. */
struct frame {
    struct yaml_node *node;
    struct yaml_node *key;   /* a key that still waits for its value */
    struct yaml_node **tail; /* where the next child is hung in */
    struct str anchor;       /* its name, known to aliases once it is closed */
    size_t weight;           /* nodes a visitor meets in it, itself included */
    unsigned height;         /* levels below it */
    struct map keys;         /* of a larger mapping, to find duplicates */
};

struct loader {
    struct arena *arena;
    const char *file;
    unsigned before; /* lines of the file before what is read */
    struct diag *reterr;
    yaml_parser_t parser;
    unsigned depth;
    size_t nodes; /* made in this stream */
    size_t total; /* weight of this stream */
    struct map anchors;
    struct yaml_doc *docs, **tail;
    struct yaml_doc *doc; /* being read */
    struct frame frames[YAML_DEPTH_MAX]; /* those below `depth` mean something */
};

enum { KEYS_IN_MAP_FROM = 16 };

static int fail_at(struct loader *l, int code, const yaml_mark_t *m, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
static int fail_at(struct loader *l, int code, const yaml_mark_t *m, const char *fmt, ...) {
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return diag_set_at(l->reterr, code, l->file, l->before + (unsigned) m->line + 1,
                       (unsigned) m->column + 1, "%s", text);
}

static int out_of_memory(struct loader *l) {
    return diag_set_at(l->reterr, -ENOMEM, l->file, 0, 0, "out of memory while reading YAML");
}

static struct str of_yaml(const yaml_char_t *p) {
    return str_of((const char *) p);
}

static int new_node(struct loader *l, const yaml_event_t *ev, enum yaml_kind kind,
                    struct yaml_node **ret) {
    if (++l->nodes > YAML_NODES_MAX)
        return fail_at(l, -ERR_LIMIT, &ev->start_mark, "too many values");
    struct yaml_node *n = arena_zalloc(l->arena, sizeof *n);
    if (!n)
        return out_of_memory(l);
    n->kind = kind;
    n->line = l->before + (unsigned) ev->start_mark.line + 1;
    n->column = (unsigned) ev->start_mark.column + 1;
    *ret = n;
    return 0;
}

static int check_tag(struct loader *l, const yaml_event_t *ev, const yaml_char_t *tag) {
    if (tag && str_eq_z(of_yaml(tag), "tag:yaml.org,2002:binary"))
        return fail_at(l, -ERR_UNSUPPORTED, &ev->start_mark, "!!binary is not supported");
    return 0;
}

/* !!str, the bare "!" and tags nobody knows make a plain scalar a string; !!int and the like do
 * not. */
static bool is_string_tag(const yaml_char_t *tag) {
    static const char *const others[] = {"int", "float", "bool", "null"};
    struct str t = of_yaml(tag), core = STR("tag:yaml.org,2002:");
    if (!str_starts(t, core))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (str_eq_z(str_from(t, core.n), others[i]))
            return false;
    return true;
}

static int remember(struct loader *l, struct str anchor, const struct yaml_node *node,
                    size_t weight, unsigned height) {
    if (!anchor.p)
        return 0;
    struct anchor *a = arena_alloc(l->arena, sizeof *a);
    if (!a)
        return out_of_memory(l);
    *a = (struct anchor){.node = node, .weight = weight, .height = height};
    /* The name lives in the arena, the map only until the document ends. A later anchor of the same
     * name replaces the earlier one for what follows. */
    int r = map_put(&l->anchors, anchor, a);
    return r < 0 ? diag_set_at(l->reterr, r, l->file, node->line, node->column, "too many anchors")
                 : 0;
}

static int duplicate_key(struct loader *l, const struct yaml_node *key) {
    return yaml_error(l->reterr, -ERR_PARSE, l->file, key, "duplicate key '%.*s'",
                      (int) MIN(key->text.n, (size_t) 80), key->text.p);
}

static int check_duplicate(struct loader *l, struct frame *f, const struct yaml_node *key) {
    union map_value *v;
    bool fresh;
    if (f->node->n < KEYS_IN_MAP_FROM) {
        for (const struct yaml_node *c = f->node->first; c; c = c->next)
            if (str_eq(c->key->text, key->text))
                return duplicate_key(l, key);
        return 0;
    }
    if (f->node->n == KEYS_IN_MAP_FROM && f->keys.n == 0)
        for (const struct yaml_node *c = f->node->first; c; c = c->next)
            if (map_add(&f->keys, c->key->text, &v, NULL) < 0)
                return out_of_memory(l);
    if (map_add(&f->keys, key->text, &v, &fresh) < 0)
        return out_of_memory(l);
    return fresh ? 0 : duplicate_key(l, key);
}

/* A finished node takes its place: as root, element, key or value. */
static int place(struct loader *l, struct yaml_node *node, size_t weight, unsigned height,
                 const yaml_mark_t *at) {
    l->total += l->depth ? 0 : weight;
    if (!l->depth) {
        l->doc->root = node;
        return l->total > YAML_NODES_MAX ? fail_at(l, -ERR_LIMIT, at, "too many values") : 0;
    }
    struct frame *f = &l->frames[l->depth - 1];
    f->weight += weight;
    f->height = MAX(f->height, height + 1);
    if (f->weight > YAML_NODES_MAX)
        return fail_at(l, -ERR_LIMIT, at, "too many values when aliases are followed");
    if (l->depth + height > YAML_DEPTH_MAX)
        return fail_at(l, -ERR_LIMIT, at, "nested too deeply");
    if (f->node->kind == YAML_MAPPING && !f->key) {
        if (node->kind != YAML_SCALAR)
            return fail_at(l, -ERR_UNSUPPORTED, at, "a key must be a scalar");
        f->key = node;
        return check_duplicate(l, f, node);
    }
    node->key = f->key;
    f->key = NULL;
    *f->tail = node;
    f->tail = &node->next;
    f->node->n++;
    return 0;
}

static int on_scalar(struct loader *l, const yaml_event_t *ev) {
    struct yaml_node *n = NULL;
    struct str anchor = STR_NULL;
    int r = check_tag(l, ev, ev->data.scalar.tag);
    if (r == 0)
        r = new_node(l, ev, YAML_SCALAR, &n);
    if (r < 0)
        return r;
    n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
               (ev->data.scalar.plain_implicit || !is_string_tag(ev->data.scalar.tag));
    n->text =
        arena_dup(l->arena, str_n((const char *) ev->data.scalar.value, ev->data.scalar.length));
    if (ev->data.scalar.anchor)
        anchor = arena_dup(l->arena, of_yaml(ev->data.scalar.anchor));
    if (!n->text.p || (ev->data.scalar.anchor && !anchor.p))
        return out_of_memory(l);
    if (!l->depth && n->plain && n->text.n == 0 && !anchor.p)
        return 0; /* an empty document has no root */
    r = remember(l, anchor, n, 1, 0);
    return r < 0 ? r : place(l, n, 1, 0, &ev->start_mark);
}

static int on_alias(struct loader *l, const yaml_event_t *ev) {
    struct str name = of_yaml(ev->data.alias.anchor);
    const struct anchor *a = map_get(&l->anchors, name);
    struct yaml_node *n = NULL;
    if (!a)
        return fail_at(l, -ERR_PARSE, &ev->start_mark,
                       "alias '%.80s' names nothing that was finished before", name.p);
    int r = new_node(l, ev, a->node->kind, &n);
    if (r < 0)
        return r;
    unsigned line = n->line, column = n->column;
    *n = *a->node;
    n->key = n->next = NULL;
    n->line = line;
    n->column = column;
    return place(l, n, a->weight, a->height, &ev->start_mark);
}

static int on_begin(struct loader *l, const yaml_event_t *ev, enum yaml_kind kind) {
    bool mapping = kind == YAML_MAPPING;
    const yaml_char_t *tag = mapping ? ev->data.mapping_start.tag : ev->data.sequence_start.tag;
    const yaml_char_t *anchor =
        mapping ? ev->data.mapping_start.anchor : ev->data.sequence_start.anchor;
    struct yaml_node *n = NULL;
    if (l->depth >= YAML_DEPTH_MAX)
        return fail_at(l, -ERR_LIMIT, &ev->start_mark, "nested too deeply");
    int r = check_tag(l, ev, tag);
    if (r == 0)
        r = new_node(l, ev, kind, &n);
    if (r < 0)
        return r;
    struct frame *f = &l->frames[l->depth];
    *f = (struct frame){.node = n, .tail = &n->first, .weight = 1};
    map_init(&f->keys, YAML_NODES_MAX, MAP_BORROW);
    if (anchor) {
        f->anchor = arena_dup(l->arena, of_yaml(anchor));
        if (!f->anchor.p)
            return out_of_memory(l);
    }
    l->depth++;
    return 0;
}

static int on_end(struct loader *l, const yaml_event_t *ev) {
    ASSERT(l->depth);
    struct frame *f = &l->frames[--l->depth];
    map_done(&f->keys);
    int r = remember(l, f->anchor, f->node, f->weight, f->height);
    return r < 0 ? r : place(l, f->node, f->weight, f->height, &ev->start_mark);
}

static int on_document(struct loader *l) {
    l->doc = arena_zalloc(l->arena, sizeof *l->doc);
    if (!l->doc)
        return out_of_memory(l);
    *l->tail = l->doc;
    l->tail = &l->doc->next;
    map_clear(&l->anchors);
    return 0;
}

static int on_event(struct loader *l, const yaml_event_t *ev) {
    switch (ev->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(l);
    case YAML_SCALAR_EVENT:
        return on_scalar(l, ev);
    case YAML_ALIAS_EVENT:
        return on_alias(l, ev);
    case YAML_SEQUENCE_START_EVENT:
        return on_begin(l, ev, YAML_SEQUENCE);
    case YAML_MAPPING_START_EVENT:
        return on_begin(l, ev, YAML_MAPPING);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(l, ev);
    default:
        return 0;
    }
}

static int parser_problem(struct loader *l) {
    const yaml_parser_t *p = &l->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return out_of_memory(l);
    /* The reader (bad bytes) has no mark of its own; the scanner's place is the nearest thing. */
    const yaml_mark_t *m = p->error == YAML_READER_ERROR ? &p->mark : &p->problem_mark;
    return fail_at(l, -ERR_PARSE, m, "%s%s%s", p->problem ? p->problem : "not YAML",
                   p->context ? " " : "", p->context ? p->context : "");
}

static int read_stream(struct loader *l, struct str in) {
    if (!yaml_parser_initialize(&l->parser))
        return out_of_memory(l);
    yaml_parser_set_input_string(&l->parser, (const unsigned char *) (in.p ? in.p : ""), in.n);
    for (bool more = true; more;) {
        yaml_event_t ev;
        if (!yaml_parser_parse(&l->parser, &ev))
            return parser_problem(l);
        more = ev.type != YAML_STREAM_END_EVENT;
        int r = on_event(l, &ev);
        yaml_event_delete(&ev);
        if (r < 0)
            return r;
    }
    return 0;
}

static int take_event(void *ctx, const yaml_event_t *ev) {
    return on_event(ctx, ev);
}

static void start(struct loader *l) {
    while (l->depth)
        map_done(&l->frames[--l->depth].keys);
    map_clear(&l->anchors);
    l->nodes = l->total = 0;
    l->docs = l->doc = NULL;
    l->tail = &l->docs;
}

/* In the plain style without libyaml; else, and to say what is wrong, with it. */
static int read_either(struct loader *l, struct str in, bool only_libyaml) {
    struct diag *reterr = l->reterr, why = {0};
    struct arena_mark mark = arena_mark(l->arena);
    char *room = only_libyaml ? NULL : mem_alloc(in.n);
    int r = YAML_QUICK_OTHER;
    start(l);
    if (!only_libyaml && !room)
        return out_of_memory(l);
    l->reterr = &why;
    if (room)
        r = yaml_quick(in, room, take_event, l);
    l->reterr = reterr;
    mem_free(room);
    if (r == -ENOMEM)
        return out_of_memory(l);
    if (r == 0)
        return 0;
    start(l);
    arena_rewind(l->arena, mark);
    r = read_stream(l, in);
    yaml_parser_delete(&l->parser);
    return r;
}

static int parse(struct arena *a, struct str in, const char *file, unsigned before, bool only_libyaml,
                 struct yaml_doc **ret_docs, struct diag *reterr) {
    if (in.n > YAML_BYTES_MAX)
        return diag_set_at(reterr, -ERR_LIMIT, file, 0, 0, "larger than %d bytes", YAML_BYTES_MAX);
    /* Too large for the stack of a small thread, and for the arena: a folder of rules is thousands of these. */
    struct loader *l = mem_alloc(sizeof *l);
    if (!l)
        return diag_set_at(reterr, -ENOMEM, file, 0, 0, "out of memory while reading YAML");
    memset(l, 0, offsetof(struct loader, frames));
    l->arena = a;
    l->file = file;
    l->before = before;
    l->reterr = reterr;
    map_init(&l->anchors, YAML_NODES_MAX, MAP_BORROW);
    int r = read_either(l, in, only_libyaml);
    while (l->depth)
        map_done(&l->frames[--l->depth].keys);
    map_done(&l->anchors);
    if (r == 0)
        *ret_docs = l->docs;
    mem_free(l);
    return r;
}

int yaml_parse(struct arena *a, struct str in, const char *file, struct yaml_doc **ret_docs,
               struct diag *reterr) {
    return parse(a, in, file, 0, false, ret_docs, reterr);
}

int yaml_parse_part(struct arena *a, struct str in, const char *file, unsigned before,
                    struct yaml_doc **ret_docs, struct diag *reterr) {
    return parse(a, in, file, before, false, ret_docs, reterr);
}

int yaml_parse_by(struct arena *a, struct str in, const char *file, bool only_libyaml, struct yaml_doc **ret_docs,
                  struct diag *reterr) {
    return parse(a, in, file, 0, only_libyaml, ret_docs, reterr);
}

int yaml_parse_file(struct arena *a, const char *path, struct yaml_doc **ret_docs,
                    struct diag *reterr) {
    struct str text;
    int r = file_read(a, path, YAML_BYTES_MAX, &text, reterr);
    return r < 0 ? r : yaml_parse(a, text, path, ret_docs, reterr);
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key) {
    if (!mapping || mapping->kind != YAML_MAPPING)
        return NULL;
    for (const struct yaml_node *c = mapping->first; c; c = c->next)
        if (str_eq_z(c->key->text, key))
            return c;
    return NULL;
}

static const struct yaml_node *get_scalar(const struct yaml_node *mapping, const char *key) {
    const struct yaml_node *n = yaml_get(mapping, key);
    return n && n->kind == YAML_SCALAR ? n : NULL;
}

bool yaml_get_str(const struct yaml_node *mapping, const char *key, struct str *ret) {
    const struct yaml_node *n = get_scalar(mapping, key);
    if (n)
        *ret = n->text;
    return n;
}

bool yaml_get_i64(const struct yaml_node *mapping, const char *key, int64_t *ret) {
    const struct yaml_node *n = get_scalar(mapping, key);
    return n && n->plain && str_to_i64(n->text, ret) == 0;
}

bool yaml_get_bool(const struct yaml_node *mapping, const char *key, bool *ret) {
    const struct yaml_node *n = get_scalar(mapping, key);
    if (!n || !n->plain)
        return false;
    if (str_eq_icase(n->text, STR("true")) || str_eq_icase(n->text, STR("yes")))
        *ret = true;
    else if (str_eq_icase(n->text, STR("false")) || str_eq_icase(n->text, STR("no")))
        *ret = false;
    else
        return false;
    return true;
}

bool yaml_is_null(const struct yaml_node *node) {
    return node && node->kind == YAML_SCALAR && node->plain &&
           (node->text.n == 0 || str_eq_z(node->text, "~") || str_eq_z(node->text, "null") ||
            str_eq_z(node->text, "Null") || str_eq_z(node->text, "NULL")); /* and nUll is a text */
}

int yaml_error(struct diag *d, int code, const char *file, const struct yaml_node *at,
               const char *fmt, ...) {
    char text[sizeof d->text];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return diag_set_at(d, code, file, at ? at->line : 0, at ? at->column : 0, "%s", text);
}

int yaml_only_keys(const struct yaml_node *mapping, const char *const *allowed, const char *file,
                   struct diag *reterr) {
    if (!mapping || mapping->kind != YAML_MAPPING)
        return yaml_error(reterr, -ERR_PARSE, file, mapping, "a mapping is expected");
    for (const struct yaml_node *c = mapping->first; c; c = c->next) {
        const char *const *z = allowed;
        while (*z && !str_eq_z(c->key->text, *z))
            z++;
        if (!*z)
            return yaml_error(reterr, -ERR_PARSE, file, c->key, "unknown key '%.*s'",
                              (int) MIN(c->key->text.n, (size_t) 80), c->key->text.p);
    }
    return 0;
}
