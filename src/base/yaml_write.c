#include "base/yaml_write.h"

#include "base/utf8.h"

static void value(struct buf *out, const struct yaml_node *n, unsigned indent, bool in_list);

/* Length of the character at the beginning of s, 0 when it is none. */
static size_t next_character(struct str s, uint32_t *c) {
    unsigned n = utf8_length(s.p, s.p + s.n);
    if (n)
        *c = utf8_decode(s.p, n);
    return n;
}

static void spaces(struct buf *out, unsigned n) {
    while (n--)
        buf_add_byte(out, ' ');
}

/* Words of YAML 1.1 and 1.2 that are no text when they stand unquoted. */
static bool is_word_of_yaml(struct str s) {
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", ".inf", ".nan"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq_icase(s, str_of(words[i])))
            return true;
    return false;
}

/* 90s, 5m: a number with a unit behind it. */
static bool is_span(struct str s) {
    size_t k = 0;
    while (k < s.n && ascii_digit(s.p[k]))
        k++;
    return k && k < s.n && (str_eq_z(str_from(s, k), "ms") || (k + 1 == s.n && strchr("smhdw", s.p[k])));
}

/* Plain only what is plain beyond doubt: begins with a letter or a character outside ASCII, has no mark of YAML's. */
static bool can_be_plain(struct str s) {
    if (is_span(s))
        return true;
    if (!s.n || s.n > 300 || s.p[s.n - 1] == ' ' || is_word_of_yaml(s))
        return false;
    char c = ascii_lower(s.p[0]);
    if (!(c >= 'a' && c <= 'z') && c != '_' && c != '/' && !(c & 0x80))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char x = (unsigned char) s.p[i];
        if (x < ' ' || x == 0x7f || strchr(":#{}[],&*!|>'\"%@`\\", x))
            return false;
    }
    return true;
}

/* Characters that a reader of YAML refuses or takes for a line break. */
static bool must_be_escaped(uint32_t c) {
    return c < ' ' || c == '"' || c == '\\' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
           c == 0xfffe || c == 0xffff;
}

static bool only_plain_characters(struct str s) {
    uint32_t c;
    for (size_t at = 0; at < s.n;) {
        size_t k = next_character(str_from(s, at), &c);
        if (k == 0 || (must_be_escaped(c) && c != '"' && c != '\\'))
            return false;
        at += k;
    }
    return true;
}

static void quoted(struct buf *out, struct str s) {
    buf_add_byte(out, '"');
    for (size_t at = 0; at < s.n;) {
        uint32_t c;
        size_t k = next_character(str_from(s, at), &c);
        if (k == 0) {
            k = 1;
            buf_add_z(out, "\xef\xbf\xbd");
        } else if (c == '"' || c == '\\') {
            buf_add_byte(out, '\\');
            buf_add_byte(out, (char) c);
        } else if (c == '\n') {
            buf_add_z(out, "\\n");
        } else if (c == '\t') {
            buf_add_z(out, "\\t");
        } else if (must_be_escaped(c)) {
            buf_printf(out, "\\u%04X", c);
        } else {
            buf_add(out, str_n(s.p + at, k));
        }
        at += k;
    }
    buf_add_byte(out, '"');
}

/* A literal block: several lines, the first of which does not begin with a space, and one line break at most at the end. */
static bool can_be_block(struct str s) {
    struct str line, rest = s;
    if (s.n < 2 || s.p[0] == ' ' || s.p[0] == '\n' || str_find_byte(s, '\n', 0) < 0)
        return false;
    if (s.p[s.n - 1] == '\n' && s.p[s.n - 2] == '\n')
        return false;
    while (str_split(&rest, '\n', &line))
        if (!only_plain_characters(line) || (line.n && line.p[line.n - 1] == ' '))
            return false;
    return true;
}

static void block(struct buf *out, struct str s, unsigned indent) {
    bool ends = s.p[s.n - 1] == '\n';
    struct str line, rest = str_to(s, s.n - ends);
    buf_add_z(out, ends ? "|" : "|-");
    while (str_split(&rest, '\n', &line)) {
        buf_add_byte(out, '\n');
        if (line.n)
            spaces(out, indent);
        buf_add(out, line);
    }
}

static void scalar(struct buf *out, const struct yaml_node *n, unsigned indent) {
    if (n->plain)
        buf_add(out, n->text);
    else if (can_be_plain(n->text) && only_plain_characters(n->text))
        buf_add(out, n->text);
    else if (can_be_block(n->text))
        block(out, n->text, indent);
    else
        quoted(out, n->text);
}

static void key(struct buf *out, struct str s) {
    bool plain = can_be_plain(s) && s.n < 100;
    for (size_t i = 0; plain && i < s.n; i++)
        plain = s.p[i] != ' ';
    if (plain && only_plain_characters(s))
        buf_add(out, s);
    else
        quoted(out, s);
}

static void mapping(struct buf *out, const struct yaml_node *n, unsigned indent, bool here) {
    for (const struct yaml_node *it = n->first; it; it = it->next) {
        if (!here) {
            buf_add_byte(out, '\n');
            spaces(out, indent);
        }
        here = false;
        key(out, it->key->text);
        buf_add_byte(out, ':');
        value(out, it, indent, false);
    }
}

/* Behind "key:" or "-"; recursion is as deep as the tree, YAML_DEPTH_MAX. */
static void value(struct buf *out, const struct yaml_node *n, unsigned indent, bool in_list) {
    if (n->kind == YAML_SCALAR) {
        buf_add_byte(out, ' ');
        scalar(out, n, indent + 2);
        return;
    }
    if (!n->first) {
        buf_add_z(out, n->kind == YAML_MAPPING ? " {}" : " []");
        return;
    }
    if (n->kind == YAML_MAPPING) {
        if (in_list)
            buf_add_byte(out, ' ');
        mapping(out, n, indent + 2, in_list);
        return;
    }
    for (const struct yaml_node *it = n->first; it; it = it->next) {
        buf_add_byte(out, '\n');
        spaces(out, indent + 2);
        buf_add_byte(out, '-');
        value(out, it, indent + 2, true);
    }
}

void yaml_write(struct buf *out, const struct yaml_node *root) {
    if (root->kind == YAML_MAPPING && root->first)
        mapping(out, root, 0, true);
    else if (root->kind == YAML_SCALAR)
        scalar(out, root, 2);
    else
        value(out, root, 0, false);
    buf_add_byte(out, '\n');
}

struct yaml_node *yaml_of_json(struct arena *a, const struct json_value *v) {
    static const enum yaml_kind kinds[] = {[JSON_ARRAY] = YAML_SEQUENCE, [JSON_OBJECT] = YAML_MAPPING};
    static const char *const words[] = {[JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
    struct yaml_node *n = arena_zalloc(a, sizeof *n), **last = n ? &n->first : NULL;
    if (!n)
        return NULL;
    n->kind = v->type >= JSON_ARRAY ? kinds[v->type] : YAML_SCALAR;
    n->plain = v->type <= JSON_NUMBER;
    n->text = v->type <= JSON_TRUE ? str_of(words[v->type]) : v->text;
    for (const struct json_value *c = v->first; v->type >= JSON_ARRAY && c; c = c->next) {
        struct yaml_node *x = yaml_of_json(a, c);
        struct yaml_node *k = x && v->type == JSON_OBJECT ? arena_zalloc(a, sizeof *k) : NULL;
        if (!x || (v->type == JSON_OBJECT && !k))
            return NULL;
        if (k)
            *k = (struct yaml_node){.kind = YAML_SCALAR, .text = c->key};
        x->key = k;
        *last = x;
        last = &x->next;
        n->n++;
    }
    return n;
}
