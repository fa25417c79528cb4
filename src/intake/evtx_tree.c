/* Binary XML to a tree. The format as Microsoft's [MS-EVEN6] 2.2.12 gives its grammar, and as files have it:
 *
 *   token   a byte; bit 0x40: attributes (elements) or further attributes (attributes) follow
 *   name    u32 offset in the chunk: u32 next, u16 hash, u16 units, UTF-16, u16 0; it stands inline when the
 *           offset is the place behind it
 *   element [u16 dependency, only in templates and records] u32 size, name, [u32 size of attributes]
 *   template instance   u8, u32 id, u32 offset of the definition (inline as above: u32 next, 16 bytes GUID, u32
 *           size, tokens), then u32 count, count × {u16 size, u8 type, u8 0}, the values
 *   substitution        u16 which value, u8 type
 */
#include "intake/evtx_priv.h"

enum {
    T_END = 0x00,
    T_OPEN = 0x01,
    T_CLOSE_START = 0x02,
    T_CLOSE_EMPTY = 0x03,
    T_CLOSE = 0x04,
    T_VALUE = 0x05,
    T_ATTRIBUTE = 0x06,
    T_CDATA = 0x07,
    T_CHARACTER = 0x08,
    T_ENTITY = 0x09,
    T_PI_TARGET = 0x0a,
    T_PI_DATA = 0x0b,
    T_TEMPLATE = 0x0c,
    T_SUBSTITUTE = 0x0d,
    T_SUBSTITUTE_OPTIONAL = 0x0e,
    T_FRAGMENT = 0x0f,
    T_MORE = 0x40,
};
enum { NAME_HEAD = 8, TEMPLATE_HEAD = 24, DEPTH_MAX = 64 };

/* One run of tokens: a record, a template's definition, a value that is XML. */
struct run {
    struct evtx_record *r;
    uint32_t at, to;
    bool has_dependency;                /* elements have the dependency field */
    const struct evtx_value *values;    /* of the template, else NULL */
    uint32_t n_values;
    uint32_t stack[DEPTH_MAX];          /* open elements, innermost last; [0]: the one this run stands in */
    unsigned depth;
    uint32_t attribute;                 /* values go here; 0: to the innermost element */
    unsigned level;                     /* runs inside runs */
};

static int run_tokens(struct run *s);

static bool take(struct run *s, uint32_t n, const uint8_t **ret) {
    if (n > s->to - s->at)
        return false;
    *ret = s->r->chunk + s->at;
    s->at += n;
    return true;
}

static uint32_t add_node(struct run *s, uint32_t parent, uint8_t kind, struct evtx_bytes text) {
    struct evtx_record *r = s->r;
    if (r->n_nodes == EVTX_NODES_MAX)
        return 0;
    uint32_t id = r->n_nodes++;
    struct evtx_node *up = &r->nodes[parent];
    r->nodes[id] = (struct evtx_node){.kind = kind, .text = text};
    if (up->last)
        r->nodes[up->last].next = id;
    else
        up->first = id;
    up->last = id;
    return id;
}

static bool add_value(struct run *s, uint8_t type, struct evtx_bytes bytes, bool item) {
    uint32_t parent = s->attribute ? s->attribute : s->stack[s->depth];
    uint32_t id = add_node(s, parent, EVTX_VALUE, bytes);
    if (!id)
        return false;
    s->r->nodes[id].type = type;
    s->r->nodes[id].item = item;
    return true;
}

static bool read_name(struct run *s, struct evtx_bytes *ret) {
    const uint8_t *p;
    if (!take(s, 4, &p))
        return false;
    uint32_t at = evtx_u32(p);
    if (at > EVTX_CHUNK_BYTES - NAME_HEAD)
        return false;
    uint32_t n = evtx_u16(s->r->chunk + at + 6) * 2;
    if (n + 2 > EVTX_CHUNK_BYTES - NAME_HEAD - at)
        return false;
    *ret = (struct evtx_bytes){s->r->chunk + at + NAME_HEAD, n};
    return at != s->at || take(s, NAME_HEAD + n + 2, &p);
}

static bool read_text(struct run *s, struct evtx_bytes *ret) {
    const uint8_t *p;
    if (!take(s, 2, &p))
        return false;
    ret->n = evtx_u16(p) * 2;
    return take(s, ret->n, &ret->p);
}

static bool open_element(struct run *s, bool has_attributes) {
    const uint8_t *p;
    struct evtx_bytes name;
    if (!take(s, s->has_dependency ? 6 : 4, &p) || !read_name(s, &name) ||
        (has_attributes && !take(s, 4, &p)) || s->depth + 1 == DEPTH_MAX)
        return false;
    uint32_t id = add_node(s, s->stack[s->depth], EVTX_ELEMENT, name);
    s->stack[++s->depth] = id;
    s->attribute = 0;
    return id != 0;
}

static bool open_attribute(struct run *s) {
    struct evtx_bytes name;
    if (!read_name(s, &name))
        return false;
    s->attribute = add_node(s, s->stack[s->depth], EVTX_ATTRIBUTE, name);
    return s->attribute != 0;
}

static bool close_element(struct run *s) {
    s->attribute = 0;
    return s->depth && s->depth--;
}

static bool read_value(struct run *s) {
    const uint8_t *p;
    struct evtx_bytes text;
    return take(s, 1, &p) && *p == EVTX_STRING && read_text(s, &text) &&
           add_value(s, EVTX_STRING, text, false);
}

static bool read_entity(struct run *s) {
    static const struct {
        const char *name;
        uint8_t means[2];
    } entities[] = {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}};
    struct evtx_bytes name;
    if (!read_name(s, &name))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(entities); i++) {
        uint32_t n = (uint32_t) strlen(entities[i].name), k = 0;
        while (k < n && name.n == 2 * n && name.p[2 * k] == (uint8_t) entities[i].name[k])
            k++;
        if (k == n)
            return add_value(s, EVTX_STRING, (struct evtx_bytes){entities[i].means, 2}, false);
    }
    return add_value(s, EVTX_STRING, name, false);
}

/* --- templates --- */

/* Sizes and types first, then the bytes; kept in the record's pool until it ends. */
static bool read_values(struct run *s, const struct evtx_value **ret, uint32_t *ret_n) {
    struct evtx_record *r = s->r;
    const uint8_t *p, *head;
    if (!take(s, 4, &p))
        return false;
    uint32_t n = evtx_u32(p);
    if (n > EVTX_VALUES_MAX - r->n_values || !take(s, n * 4, &head))
        return false;
    struct evtx_value *v = &r->values[r->n_values];
    for (uint32_t i = 0; i < n; i++, head += 4) {
        v[i].type = head[2];
        v[i].bytes.n = evtx_u16(head);
        if (!take(s, v[i].bytes.n, &v[i].bytes.p))
            return false;
    }
    r->n_values += n;
    *ret = v;
    *ret_n = n;
    return true;
}

static bool read_template(struct run *s) {
    struct run inner = {.r = s->r, .level = s->level + 1, .has_dependency = true};
    const uint8_t *p;
    if (inner.level == DEPTH_MAX || !take(s, 9, &p))
        return false;
    uint32_t at = evtx_u32(p + 5);
    if (at > EVTX_CHUNK_BYTES - TEMPLATE_HEAD)
        return false;
    uint32_t n = evtx_u32(s->r->chunk + at + 20);
    if (n > EVTX_CHUNK_BYTES - TEMPLATE_HEAD - at)
        return false;
    if (at == s->at && !take(s, TEMPLATE_HEAD + n, &p))
        return false;
    inner.at = at + TEMPLATE_HEAD;
    inner.to = inner.at + n;
    inner.stack[0] = s->stack[s->depth];
    return read_values(s, &inner.values, &inner.n_values) && run_tokens(&inner) == 0;
}

/* How wide one value of an array is; 0: not of fixed width. */
static uint32_t width_of(uint8_t type) {
    static const uint8_t widths[] = {
        [EVTX_I8] = 1,   [EVTX_U8] = 1,    [EVTX_I16] = 2,        [EVTX_U16] = 2,
        [EVTX_I32] = 4,  [EVTX_U32] = 4,   [EVTX_I64] = 8,        [EVTX_U64] = 8,
        [EVTX_F32] = 4,  [EVTX_F64] = 8,   [EVTX_BOOL] = 4,       [EVTX_GUID] = 16,
        [EVTX_SIZE] = 8, [EVTX_FILETIME] = 8, [EVTX_SYSTEMTIME] = 16, [EVTX_HEX32] = 4,
        [EVTX_HEX64] = 8};
    return type < sizeof widths ? widths[type] : 0;
}

static bool add_array(struct run *s, uint8_t type, struct evtx_bytes all) {
    uint32_t width = width_of(type);
    if (type == EVTX_STRING) {
        for (uint32_t from = 0, i = 0; i + 1 < all.n; i += 2) {
            bool end = !all.p[i] && !all.p[i + 1], last = i + 3 >= all.n;
            if (!end && !last)
                continue;
            uint32_t to = end ? i : i + 2;
            if (!add_value(s, type, (struct evtx_bytes){all.p + from, to - from}, true))
                return false;
            from = i + 2;
        }
        return true;
    }
    if (!width)
        return add_value(s, EVTX_BINARY, all, false);
    for (uint32_t i = 0; i + width <= all.n; i += width)
        if (!add_value(s, type, (struct evtx_bytes){all.p + i, width}, true))
            return false;
    return true;
}

static bool substitute(struct run *s) {
    const uint8_t *p;
    if (!take(s, 3, &p))
        return false;
    uint32_t which = evtx_u16(p);
    if (which >= s->n_values)
        return s->values != NULL; /* writers leave trailing values away */
    const struct evtx_value *v = &s->values[which];
    if (v->type == EVTX_NULL || (v->bytes.n == 0 && v->type == EVTX_XML))
        return true;
    if (v->type == EVTX_XML) {
        uint32_t from = (uint32_t) (v->bytes.p - s->r->chunk);
        struct run inner = {.r = s->r, .at = from, .to = from + v->bytes.n, .level = s->level + 1};
        inner.stack[0] = s->attribute ? s->attribute : s->stack[s->depth];
        return inner.level < DEPTH_MAX && run_tokens(&inner) == 0;
    }
    if (v->type & EVTX_ARRAY)
        return add_array(s, v->type & (uint8_t) ~EVTX_ARRAY, v->bytes);
    return add_value(s, v->type, v->bytes, false);
}

static bool token(struct run *s, uint8_t which) {
    const uint8_t *p;
    struct evtx_bytes text;
    switch (which & (uint8_t) ~T_MORE) {
    case T_OPEN:
        return open_element(s, which & T_MORE);
    case T_CLOSE_START:
        s->attribute = 0;
        return true;
    case T_CLOSE_EMPTY:
    case T_CLOSE:
        return close_element(s);
    case T_VALUE:
        return read_value(s);
    case T_ATTRIBUTE:
        return open_attribute(s);
    case T_CDATA:
        return read_text(s, &text) && add_value(s, EVTX_STRING, text, false);
    case T_CHARACTER:
        return take(s, 2, &p) && add_value(s, EVTX_STRING, (struct evtx_bytes){p, 2}, false);
    case T_ENTITY:
        return read_entity(s);
    case T_PI_TARGET:
        return read_name(s, &text);
    case T_PI_DATA:
        return read_text(s, &text);
    case T_TEMPLATE:
        return read_template(s);
    case T_SUBSTITUTE:
    case T_SUBSTITUTE_OPTIONAL:
        return substitute(s);
    case T_FRAGMENT:
        return take(s, 3, &p);
    default:
        return false;
    }
}

static int run_tokens(struct run *s) {
    const uint8_t *p;
    while (s->at < s->to) {
        if (!take(s, 1, &p) || ++s->r->n_steps > EVTX_STEPS_MAX)
            return -ERR_PARSE;
        if (*p == T_END)
            return 0;
        if (!token(s, *p))
            return -ERR_PARSE;
    }
    return 0;
}

int evtx_tree(struct evtx_record *r, const uint8_t *chunk, uint32_t from, uint32_t to) {
    struct run s = {.r = r, .at = from, .to = to, .has_dependency = true};
    ASSERT(from <= to && to <= EVTX_CHUNK_BYTES);
    r->chunk = chunk;
    r->n_values = r->n_steps = 0;
    r->n_nodes = 1;
    r->nodes[0] = (struct evtx_node){.kind = EVTX_ELEMENT};
    int x = run_tokens(&s);
    return x < 0 ? x : r->nodes[0].first ? 0 : -ERR_PARSE;
}
