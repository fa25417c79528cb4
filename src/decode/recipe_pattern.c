/* Patterns: literal text with typed captures, `{word:user.name} from {ip:source.ip}`.
 *
 * Compiled to pieces that are taken one behind the other from the start of the text. No piece gives
 * back what it took, so a pattern costs at most its pieces times the line. {{ and }} are braces. A
 * pattern must take the whole text unless its last piece is {text} or {pairs}, which take the rest. */
#include "base/json.h"
#include "base/yaml.h"
#include "decode/recipe_priv.h"

enum { PIECES_MAX = DECODER_PIECES_MAX };

static const char *const piece_names[] = {
    [PIECE_TEXT] = "text", [PIECE_LONGEST] = "longest", [PIECE_WORD] = "word",
    [PIECE_INT] = "int",   [PIECE_IP] = "ip",           [PIECE_MAC] = "mac",
    [PIECE_QUOTED] = "quoted", [PIECE_TIME] = "time",   [PIECE_SPACE] = "space",
    [PIECE_PAIRS] = "pairs"};
const char *const recipe_piece_names = "text, longest, word, int, ip, mac, quoted, time, space, pairs";

static const char *const as_names[AS_MAX_] = {
    [AS_TEXT] = "text", [AS_INT] = "int",     [AS_IP] = "ip",       [AS_ENDPOINT] = "endpoint",
    [AS_MAC] = "mac",   [AS_LOWER] = "lower", [AS_ACCOUNT] = "account", [AS_PLUS] = "plus",
    [AS_HEX] = "hex",   [AS_SECONDS] = "seconds", [AS_MILLIS] = "millis", [AS_FIRST] = "first",
    [AS_EXTENSION] = "extension", [AS_INNER_EXTENSION] = "inner_extension", [AS_FOLDER] = "folder", [AS_BASENAME] = "basename",
    [AS_URI] = "uri"};
const char *const recipe_as_names =
    "text, int, ip, endpoint, mac, lower, account, plus, hex, seconds, millis, first, uri";

static const char *const time_names[TIME_FORMAT_MAX_] = {
    [TIME_ISO] = "iso",     [TIME_BSD] = "bsd",     [TIME_CLF] = "clf", [TIME_SLASH] = "slash",
    [TIME_CTIME] = "ctime", [TIME_EPOCH] = "epoch", [TIME_ANY] = "any", [TIME_CUSTOM] = "custom"};
const char *const recipe_time_names = "iso, bsd, clf, slash, ctime, epoch, any";

bool recipe_as_from(struct str name, enum recipe_as *ret) {
    for (size_t i = 0; i < AS_MAX_; i++)
        if (str_eq_z(name, as_names[i])) {
            *ret = (enum recipe_as) i;
            return true;
        }
    return false;
}

bool recipe_time_from(struct str name, enum time_format *ret) {
    for (size_t i = 0; i < TIME_FORMAT_MAX_; i++)
        if (str_eq_z(name, time_names[i])) {
            *ret = (enum time_format) i;
            return true;
        }
    return false;
}

/* --- compiling --- */

struct making {
    const struct pattern_compile *c;
    struct recipe_piece pieces[PIECES_MAX];
    size_t n;
};

static int bad(const struct making *m, const char *what, struct str s) {
    return yaml_error(m->c->err, -ERR_PARSE, m->c->file, m->c->node, "%s: '%.*s'", what,
                      STR_ARG(str_to(s, 80)));
}

static int add_piece(struct making *m, struct recipe_piece p, struct str whole) {
    const struct recipe_piece *last = m->n ? &m->pieces[m->n - 1] : NULL;
    if (m->n == PIECES_MAX)
        return bad(m, "a pattern of too many pieces; take two patterns", whole);
    if (last && (last->kind == PIECE_TEXT || last->kind == PIECE_LONGEST) && p.kind != PIECE_LITERAL)
        return bad(m, "nothing tells where {text} ends; put a literal behind it", whole);
    if (last && last->kind == PIECE_PAIRS)
        return bad(m, "{pairs} takes the rest of the line; nothing may stand behind it", whole);
    m->pieces[m->n++] = p;
    return 0;
}

static int add_literal(struct making *m, struct str s, size_t *at) {
    char *to = arena_alloc(m->c->arena, s.n - *at + 1);
    size_t n = 0;
    if (!to)
        return diag_set(m->c->err, -ENOMEM, "out of memory");
    for (; *at < s.n; ++*at) {
        char c = s.p[*at];
        bool twice = *at + 1 < s.n && s.p[*at + 1] == c;
        if (c == '{' && !twice)
            break;
        if (c == '}' && !twice)
            return bad(m, "a '}' without its '{'; a brace itself is written twice", s);
        *at += c == '{' || c == '}';
        to[n++] = c;
    }
    return add_piece(m, (struct recipe_piece){.kind = PIECE_LITERAL, .slot = UINT16_MAX, .literal = {to, n}}, s);
}

/* kind[:name[:as]] */
static int add_capture(struct making *m, struct str inside, struct str whole) {
    struct str rest = inside, kind, name = STR_NULL, as_text = STR_NULL;
    struct recipe_piece p = {.slot = UINT16_MAX};
    enum time_format format;
    enum recipe_as as = AS_TEXT;
    size_t k = 1;
    if (!str_split(&rest, ':', &kind))
        return bad(m, "an empty capture", whole);
    (void) str_split(&rest, ':', &name);
    if (str_split(&rest, ':', &as_text) && !recipe_as_from(as_text, &as))
        return bad(m, "a capture ends with one of text, int, ip, endpoint, mac, lower, account, plus, hex, seconds, millis, first", inside);
    while (k < ARRAY_SIZE(piece_names) && !str_eq_z(kind, piece_names[k]))
        k++;
    if (k == ARRAY_SIZE(piece_names))
        return bad(m, "no capture is called so; there are text, longest, word, int, ip, mac, quoted, time, space, pairs", kind);
    p.kind = (uint8_t) k;
    if (k == PIECE_TIME) {
        if (!recipe_time_from(name.n ? name : STR("any"), &format))
            return bad(m, "no time is called so; there are iso, bsd, clf, slash, ctime, epoch, any and custom", name);
        p.format = (uint8_t) format;
        return add_piece(m, p, whole);
    }
    if (!as_text.n)
        as = k == PIECE_INT ? AS_INT : k == PIECE_IP ? AS_IP : k == PIECE_MAC ? AS_MAC : AS_TEXT;
    if (name.n) {
        if (k == PIECE_PAIRS)
            return bad(m, "{pairs} has no name; its keys do", inside);
        int r = m->c->slot(m->c->ctx, name, (uint8_t) as, &p.slot);
        if (r < 0)
            return r;
    }
    return add_piece(m, p, whole);
}

int recipe_pattern_compile(const struct pattern_compile *c, struct str text, struct recipe_pattern *ret) {
    struct making m = {.c = c};
    int r = 0;
    if (text.n > DECODER_PATTERN_BYTES_MAX)
        return bad(&m, "a pattern is a text of at most 4096 bytes", text);
    for (size_t at = 0; r == 0 && at < text.n;) {
        if (text.p[at] != '{' || (at + 1 < text.n && text.p[at + 1] == '{')) {
            r = add_literal(&m, text, &at);
            continue;
        }
        ptrdiff_t end = str_find_byte(text, '}', at);
        if (end < 0)
            return bad(&m, "a '{' without its '}'; a brace itself is written twice", text);
        r = add_capture(&m, str_n(text.p + at + 1, (size_t) end - at - 1), text);
        at = (size_t) end + 1;
    }
    if (r < 0)
        return r;
    struct recipe_piece *pieces = arena_alloc(c->arena, (m.n + 1) * sizeof *pieces);
    if (!pieces)
        return diag_set(c->err, -ENOMEM, "out of memory");
    memcpy(pieces, m.pieces, m.n * sizeof *pieces);
    *ret = (struct recipe_pattern){.pieces = pieces, .n = (uint16_t) m.n};
    return 0;
}

/* --- matching --- */

static bool is_space(char c) {
    return c == ' ' || c == '\t';
}

/* The last place of the literal, or -1. */
static ptrdiff_t find_last(struct str s, struct str literal) {
    if (literal.n > s.n)
        return -1;
    for (size_t i = s.n - literal.n + 1; i-- > 0;)
        if (s.p[i] == literal.p[0] && memcmp(s.p + i, literal.p, literal.n) == 0)
            return (ptrdiff_t) i;
    return -1;
}

/* Up to white space or what follows in the pattern, whichever comes first. */
static ptrdiff_t take_word(struct str s, const struct recipe_piece *next) {
    struct str lit = next && next->kind == PIECE_LITERAL ? next->literal : STR("");
    size_t i = 0;
    for (; i < s.n && !is_space(s.p[i]); i++)
        if (i && lit.n && s.p[i] == lit.p[0] && s.n - i >= lit.n && memcmp(s.p + i, lit.p, lit.n) == 0)
            break;
    return i ? (ptrdiff_t) i : -1;
}

static ptrdiff_t take_int(struct str s) {
    size_t i = s.n && s.p[0] == '-', from = i;
    while (i < s.n && ascii_digit(s.p[i]))
        i++;
    return i > from && i - from <= 19 ? (ptrdiff_t) i : -1;
}

static bool is_hex(char c) {
    return ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

/* The longest run that can be an address: digits and dots, or hex digits and colons. A ':' behind a
 * dotted address is a port's or punctuation. *ret is the address, without a zone. */
static ptrdiff_t take_ip(struct str s, struct str *ret) {
    struct ip ip;
    size_t i = 0;
    while (i < s.n && i < IP_CAP && (ascii_digit(s.p[i]) || s.p[i] == '.'))
        i++;
    if (i >= s.n || (s.p[i] != ':' && !is_hex(s.p[i])) || memchr(s.p, '.', i)) {
        *ret = str_to(s, i);
        while (ret->n && s.p[ret->n - 1] == '.') /* the end of a sentence */
            ret->n--;
        return ip_is_dotted_quad(*ret) ? (ptrdiff_t) ret->n : -1;
    }
    while (i < s.n && i < IP_CAP && (is_hex(s.p[i]) || s.p[i] == ':' || s.p[i] == '.'))
        i++;
    while (i && (s.p[i - 1] == '.' || (s.p[i - 1] == ':' && (i < 2 || s.p[i - 2] != ':'))))
        i--;
    *ret = str_to(s, i);
    if (ip_parse(*ret, &ip) < 0)
        return -1;
    if (i < s.n && s.p[i] == '%')
        while (i < s.n && !is_space(s.p[i]) && s.p[i] != '#' && s.p[i] != ']' && s.p[i] != '/')
            i++;
    return (ptrdiff_t) i;
}

/* 0:11:2:33:44:5, as BSD's functions write it: the whole of it is six groups. */
static size_t short_mac(struct str s) {
    size_t i = 0, groups = 0, digits = 0;
    for (; i < s.n && (is_hex(s.p[i]) || s.p[i] == ':'); i++) {
        bool colon = s.p[i] == ':';
        if (colon ? digits == 0 : digits == 2)
            return 0;
        digits = colon ? 0 : digits + 1;
        groups += digits == 1;
    }
    return groups == 6 && digits ? i : 0;
}

/* 00:11:22:33:44:55, with - or . too, or twelve digits; also a client identifier's "01:" in front. */
static ptrdiff_t take_mac(struct str s) {
    size_t i = 0, digits = 0;
    for (; i < s.n && (is_hex(s.p[i]) || s.p[i] == ':' || s.p[i] == '-' || s.p[i] == '.'); i++)
        digits += is_hex(s.p[i]);
    while (i && !is_hex(s.p[i - 1]))
        i--;
    if (digits >= 12 && digits <= 16 && digits % 2 == 0)
        return (ptrdiff_t) i;
    i = short_mac(s);
    return i ? (ptrdiff_t) i : -1;
}

/* "…" with \ or "" for a quote inside; *ret is what it means. */
static ptrdiff_t take_quoted(struct decode_job *j, struct str s, struct str *ret) {
    bool escaped = false;
    size_t i = 1;
    if (!s.n || s.p[0] != '"')
        return -1;
    for (; i < s.n && s.p[i] != '"'; i++)
        if (s.p[i] == '\\') {
            escaped = true;
            i++;
        }
    if (i >= s.n)
        return -1;
    *ret = str_n(s.p + 1, i - 1);
    if (escaped)
        *ret = job_unescape(j, *ret);
    return (ptrdiff_t) i + 1;
}

struct matching {
    const struct recipe *r;
    struct decode_job *j;
    struct recipe_values *v;
};

static ptrdiff_t take_time(const struct matching *m, const struct recipe_piece *p, struct str s) {
    struct recipe_time t = {.format = p->format, .zone_min = TIME_NO_OFFSET, .zone_slot = UINT16_MAX};
    struct when when = {.t_ns = TIME_NONE};
    for (size_t i = 0; i < m->r->n_times; i++)
        if (!m->r->times[i].n_from) { /* how the times of patterns are meant */
            t.zone_min = m->r->times[i].zone_min;
            t.custom = m->r->times[i].custom;
        }
    size_t n = recipe_time_read(s, &t, &when, m->j);
    if (!n)
        return -1;
    if (m->v->when.t_ns == TIME_NONE)
        m->v->when = when;
    return (ptrdiff_t) n;
}

/* How much the piece takes, and what of it is the value. */
static ptrdiff_t take(const struct matching *m, const struct recipe_piece *p,
                      const struct recipe_piece *next, struct str s, struct str *ret) {
    ptrdiff_t n = -1;
    switch (p->kind) {
    case PIECE_LITERAL:
        return s.n >= p->literal.n && memcmp(s.p, p->literal.p, p->literal.n) == 0
                   ? (ptrdiff_t) p->literal.n
                   : -1;
    case PIECE_TEXT:
        n = next ? str_find(s, next->literal, 0) : (ptrdiff_t) s.n;
        break;
    case PIECE_LONGEST:
        n = next ? find_last(s, next->literal) : (ptrdiff_t) s.n;
        break;
    case PIECE_WORD:
        n = take_word(s, next);
        break;
    case PIECE_INT:
        n = take_int(s);
        break;
    case PIECE_IP:
        return take_ip(s, ret);
    case PIECE_MAC:
        n = take_mac(s);
        break;
    case PIECE_QUOTED:
        return take_quoted(m->j, s, ret);
    case PIECE_TIME:
        return take_time(m, p, s);
    case PIECE_SPACE:
        for (n = 0; (size_t) n < s.n && is_space(s.p[n]);)
            n++;
        n = n ? n : -1;
        break;
    case PIECE_PAIRS:
        m->v->list = s;
        return (ptrdiff_t) s.n;
    }
    *ret = str_to(s, n < 0 ? 0 : (size_t) n);
    return n;
}

ptrdiff_t recipe_pattern_match(const struct recipe *r, const struct recipe_pattern *p,
                               struct decode_job *j, struct str text, struct recipe_values *v) {
    struct matching m = {r, j, v};
    struct str s = text;
    for (size_t i = 0; i < p->n; i++) {
        const struct recipe_piece *piece = &p->pieces[i];
        struct str value = STR_NULL;
        ptrdiff_t n = take(&m, piece, i + 1 < p->n ? piece + 1 : NULL, s, &value);
        if (n < 0)
            return -1;
        if (piece->slot != UINT16_MAX)
            recipe_note(v, piece->slot, value);
        s = str_from(s, (size_t) n);
    }
    return s.p - text.p;
}
