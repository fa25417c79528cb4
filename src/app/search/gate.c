/* The condition as a tree over literals: AND of what is known, OR only where every branch is known.
 *
 * Where a record's bytes are exact (the normal form of what they mean differs from them in the case of Latin letters
 * only), a literal in normal form is there or not. Records in other encodings, with JSON's \u, or with characters that
 * fold to others pass. */
#include "app/search/gate.h"

#include "base/ip.h"
#include "base/mem.h"
#include "base/text.h"
#include "detect/expr.h"
#include "detect/kernel.h"
#include "detect/search.h"
#include "indicator/set.h"

enum { GATE_LITERALS_MAX = 64, ADDRESSES_FROM = 4, ADDRESSES_MAX = 1 << 20 /* 16 MB of table */ };

enum kind { KNOWS_NOTHING, LITERAL, ADDRESSES, ALL_OF, ANY_OF };
struct literal {
    struct str s; /* in normal form, no sign that JSON escapes */
    struct kernel_filter filter; /* of its rarest four bytes, in any case */
    size_t offset;               /* of these; the literal has four at least */
};
/* A list of IPv4 addresses, of which one is to stand in the line: too many to look for one after the other. */
struct addresses {
    uint32_t *table; /* 0 is free */
    uint32_t mask, n;
    bool zero; /* 0.0.0.0 */
};
struct node {
    enum kind kind;
    struct literal *lit;
    struct addresses *some;
    bool variants;  /* LITERAL, ADDRESSES: with variants made one: what holds any may hold this */
    bool made;      /* likewise: the value may come from what the source is, or who sent it */
    uint32_t n;
    struct node *sub;
};
struct gate {
    struct arena arena;
    const struct source *sources;
    size_t n_sources;
    const struct kernel *kernel;
    struct node root;
    uint32_t n_literals;
    bool fields;
};

/* Bytes that stand in a raw line, JSON or not, as they stand in its meaning. */
static bool is_plain(char c) {
    return (unsigned char) c >= 0x20 && c != 0x7f && c != '"' && c != '\\' && c != '/';
}

static struct str plain_part(struct str lit) {
    struct str best = STR("");
    for (size_t i = 0; i < lit.n;) {
        size_t end = i;
        while (end < lit.n && is_plain(lit.p[end]))
            end++;
        if (end - i > best.n)
            best = str_n(lit.p + i, end - i);
        i = end + 1;
    }
    return best;
}

static bool has_high(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] >= 0x80)
            return true;
    return false;
}

/* Fields whose values stand in the line as they are; `made` where the source's definition or the sender's address may
 * be the value instead. tests/unit/app/test_search_filter.c holds the samples of all decoders against this list. */
static const struct {
    const char *name;
    bool made;
} verbatim[] = {{"source.ip", true},     {"destination.ip", true}, {"host.name", true},
                {"user.name", false},    {"process.name", false},  {"process.pid", false},
                {"source.port", false},  {"message", false},       {"http.response.status_code", false}};

static bool find_verbatim(struct str field, bool *ret_made) {
    *ret_made = false;
    if (!field.n)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(verbatim); i++)
        if (str_eq_z(field, verbatim[i].name)) {
            *ret_made = verbatim[i].made;
            return true;
        }
    return false;
}

static double share_of(struct str four) {
    double share = 1;
    for (size_t i = 0; i < four.n; i++)
        share *= kernel_byte_share(four.p[i]) + kernel_byte_share((char) (four.p[i] ^ 0x20));
    return share;
}

static struct literal *literal_of(struct gate *g, struct str s) {
    struct literal *l = arena_zalloc(&g->arena, sizeof *l);
    unsigned char four[4];
    if (!l)
        return NULL;
    l->s = s;
    for (size_t i = 0; i + 4 <= s.n; i++)
        if (share_of(str_n(s.p + i, 4)) < share_of(str_n(s.p + l->offset, 4)))
            l->offset = i;
    for (int i = 0; i < 4; i++)
        four[i] = (unsigned char) s.p[l->offset + (size_t) i] | 0x20;
    kernel_filter_make(&l->filter, four, NULL, 1, 0x20);
    return l;
}

static int item_node(struct gate *g, const struct detect_item *it, struct node *ret) {
    if (it->op > DETECT_OP_CONTAINS || it->cased || it->unicode ||
        (it->field.n && !g->fields) || !find_verbatim(it->field, &ret->made))
        return 0;
    struct str s = plain_part(it->text);
    ret->variants = it->fold == DETECT_FOLD_VARIANTS;
    if (s.n < 4 || g->n_literals++ >= GATE_LITERALS_MAX)
        return 0;
    ret->kind = LITERAL;
    ret->lit = literal_of(g, s);
    return ret->lit ? 0 : -ENOMEM;
}

/* An address that stands in the line as it is written, or its field is not said. */
static bool is_address(const struct gate *g, const struct detect_item *it, struct node *n) {
    bool made, words = it->op == DETECT_OP_CONTAINS && it->word_begins && it->word_ends, exact = it->op == DETECT_OP_EXACT && it->field.n;
    if ((!words && !exact) || it->cased || it->unicode || it->number || (it->field.n && !g->fields) || !find_verbatim(it->field, &made) ||
        !ip_is_dotted_quad(it->text))
        return false;
    n->made |= made;
    n->variants |= it->fold == DETECT_FOLD_VARIANTS;
    return true;
}

/* How many addresses, when it is an OR of nothing else; else 0. */
static uint32_t count_addresses(const struct gate *g, const struct detect_expr *e, struct node *n) {
    uint32_t count = 0;
    if (e->kind == DETECT_ITEM)
        return is_address(g, e->item, n);
    if (e->kind != DETECT_OR)
        return 0;
    for (uint32_t i = 0; i < e->n; i++) {
        uint32_t more = count_addresses(g, e->sub[i], n);
        if (!more)
            return 0;
        count += more;
    }
    return count;
}

static uint32_t *address_place(const struct addresses *s, uint32_t v) {
    for (uint32_t i = v * 2654435761u >> 7 & s->mask;; i = (i + 1) & s->mask)
        if (!s->table[i] || s->table[i] == v)
            return &s->table[i];
}

static void put_addresses(struct addresses *s, const struct detect_expr *e) {
    struct ip ip;
    for (uint32_t i = 0; e->kind == DETECT_OR && i < e->n; i++)
        put_addresses(s, e->sub[i]);
    if (e->kind != DETECT_ITEM || ip_parse(e->item->text, &ip) < 0)
        return;
    uint32_t v = (uint32_t) ip.bytes[0] << 24 | (uint32_t) ip.bytes[1] << 16 | (uint32_t) ip.bytes[2] << 8 | ip.bytes[3];
    if (v)
        *address_place(s, v) = v;
    else
        s->zero = true;
}

static int addresses_node(struct gate *g, const struct detect_expr *e, uint32_t n, struct node *ret) {
    uint32_t size = 64;
    while (size < n * 4)
        size *= 2;
    ret->some = arena_zalloc(&g->arena, sizeof *ret->some);
    if (!ret->some || !(ret->some->table = arena_zalloc(&g->arena, size * sizeof *ret->some->table)))
        return -ENOMEM;
    ret->some->mask = size - 1;
    put_addresses(ret->some, e);
    ret->kind = ADDRESSES;
    return 0;
}

static int node_of(struct gate *g, const struct detect_expr *e, bool negated, struct node *ret) {
    *ret = (struct node){.kind = KNOWS_NOTHING};
    if (!negated && e->kind == DETECT_OR) {
        struct node n = *ret;
        uint32_t count = count_addresses(g, e, &n);
        if (count > ADDRESSES_FROM && count < ADDRESSES_MAX) {
            *ret = n;
            return addresses_node(g, e, count, ret);
        }
    }
    if (e->kind == DETECT_NOT)
        return node_of(g, e->sub[0], !negated, ret);
    if (e->kind == DETECT_ITEM) {
        return negated ? 0 : item_node(g, e->item, ret);
    }
    bool all = (e->kind == DETECT_AND) != negated;
    struct node *sub = arena_alloc(&g->arena, e->n * sizeof *sub);
    uint32_t n = 0;
    if (!sub)
        return -ENOMEM;
    for (uint32_t i = 0; i < e->n; i++) {
        int r = node_of(g, e->sub[i], negated, &sub[n]);
        if (r < 0)
            return r;
        if (sub[n].kind == KNOWS_NOTHING && !all)
            return 0;
        n += sub[n].kind != KNOWS_NOTHING;
    }
    if (n)
        *ret = (struct node){.kind = all ? ALL_OF : ANY_OF, .n = n, .sub = sub};
    return 0;
}

struct gate *gate_new(const struct detect_expr *e, const struct source *sources, size_t n_sources, bool fields) {
    struct gate *g = mem_zalloc(sizeof *g);
    if (!g)
        return NULL;
    arena_init(&g->arena, (size_t) 64 << 20);
    g->kernel = kernel_best();
    g->sources = sources;
    g->n_sources = n_sources;
    g->fields = fields;
    return node_of(g, e, false, &g->root) < 0 ? gate_free(g) : g;
}

struct gate *gate_free(struct gate *g) {
    if (g)
        arena_done(&g->arena);
    mem_free(g);
    return NULL;
}

static bool same_lowered(const char *p, struct str lit) {
    size_t i = 0;
    while (i < lit.n && ascii_lower(p[i]) == lit.p[i])
        i++;
    return i == lit.n;
}

/* In any letter case. */
static bool stands_in(const struct gate *g, struct str s, const struct literal *l) {
    uint32_t places[KERNEL_PLACES_MAX];
    for (size_t at = 0; at + 4 <= s.n;) {
        size_t n = g->kernel->filter(&l->filter, s.p, s.n, &at, places);
        for (size_t i = 0; i < n; i++)
            if (places[i] >= l->offset && places[i] - l->offset + l->s.n <= s.n &&
                same_lowered(s.p + places[i] - l->offset, l->s))
                return true;
    }
    return false;
}

static bool has_address(const struct addresses *s, uint32_t v) {
    return v ? *address_place(s, v) == v : s->zero;
}

/* A number of an address from p on, behind which a dot stands: that dot, or NULL. */
static const char *number_and_dot(const char *p, const char *end, uint32_t *ret) {
    uint32_t v = 0;
    const char *from = p;
    while (p < end && p - from < 3 && ascii_digit(*p))
        v = v * 10 + (uint32_t) (*p++ - '0');
    *ret = v;
    return p > from && p < end && *p == '.' && v <= 255 && (*from != '0' || p == from + 1) ? p : NULL;
}

/* Of every four numbers with dots around this first one, whatever stands before and behind: of 1192.0.2.77 these are
 * 192.0.2.7 as well. */
static bool address_at(const struct addresses *s, const char *begin, const char *dot, const char *end) {
    uint32_t second, third, first = 0, scale = 1;
    const char *p = number_and_dot(dot + 1, end, &second);
    if (!p || !(p = number_and_dot(p + 1, end, &third)))
        return false;
    for (const char *d = dot; d > begin && dot - d < 3 && ascii_digit(d[-1]); scale *= 10) {
        first += (uint32_t) (*--d - '0') * scale;
        if (first > 255 || (*d == '0' && dot - d > 1))
            continue;
        uint32_t fourth = 0;
        for (const char *q = p + 1; q < end && q - p <= 3 && ascii_digit(*q) && (q == p + 1 || p[1] != '0'); q++) {
            fourth = fourth * 10 + (uint32_t) (*q - '0');
            if (fourth <= 255 && has_address(s, first << 24 | second << 16 | third << 8 | fourth))
                return true;
        }
    }
    return false;
}

static bool any_stands_in(const struct addresses *s, struct str text) {
    const char *p = text.p, *end = text.p + text.n;
    for (; p < end && (p = memchr(p, '.', (size_t) (end - p))); p++)
        if (p > text.p && p + 1 < end && ascii_digit(p[-1]) && ascii_digit(p[1]) && address_at(s, text.p, p, end))
            return true;
    return false;
}

static bool in_source(const struct gate *g, const struct raw_record *rec, const struct node *n) {
    if (rec->source >= g->n_sources)
        return true; /* who is unknown may be anybody */
    const struct source *s = &g->sources[rec->source];
    const struct str texts[] = {rec->peer, s->host, s->name, s->service, s->path};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (has_high(texts[i]) || (n->some ? any_stands_in(n->some, texts[i]) : stands_in(g, texts[i], n->lit)))
            return true;
    return false;
}

/* What is known of the bytes, as far as somebody asked. */
struct looked {
    const struct raw_record *rec;
    bool high;     /* other characters than ASCII */
    int variants;  /* of any; -1: not yet looked */
};

static bool has_variants(struct looked *k) {
    if (k->variants < 0)
        k->variants = text_has_variants(k->rec->bytes);
    return k->variants;
}

static bool addresses_may(const struct gate *g, const struct node *n, struct looked *k) {
    return (n->made && in_source(g, k->rec, n)) || any_stands_in(n->some, k->rec->bytes) || (n->variants && k->high && has_variants(k));
}

static bool literal_may(const struct gate *g, const struct node *n, struct looked *k) {
    if (n->made && in_source(g, k->rec, n))
        return true;
    if (n->variants && !k->high)
        return false; /* its twin in normal form says it all */
    if (stands_in(g, k->rec->bytes, n->lit))
        return true;
    return n->variants && has_variants(k);
}

static bool may(const struct gate *g, const struct node *n, struct looked *k) {
    switch (n->kind) {
    case KNOWS_NOTHING:
        return true;
    case LITERAL:
        return literal_may(g, n, k);
    case ADDRESSES:
        return addresses_may(g, n, k);
    case ALL_OF:
        for (uint32_t i = 0; i < n->n; i++)
            if (!may(g, &n->sub[i], k))
                return false;
        return true;
    case ANY_OF:
        for (uint32_t i = 0; i < n->n; i++)
            if (may(g, &n->sub[i], k))
                return true;
        return false;
    }
    return true;
}

bool gate_may(const struct gate *g, const struct raw_record *rec) {
    if (g->root.kind == KNOWS_NOTHING || (rec->flags & RAW_JOURNAL))
        return true;
    unsigned seen = g->kernel->look(rec->bytes.p, rec->bytes.n);
    struct looked k = {.rec = rec, .high = seen & KERNEL_HIGH, .variants = -1};
    /* NUL and ESC (encodings), an escape behind which any letter may stand */
    if ((seen & (KERNEL_OPAQUE | KERNEL_U)) || (k.high && !text_is_own_normal(rec->bytes)))
        return true;
    return may(g, &g->root, &k);
}

/* A value stands in a field as it stands in the bytes, unless these are in another encoding than UTF-8 or have JSON's
 * \u; or it is who sent the line. */
bool gate_may_indicators(const struct indicator_set *s, const struct raw_record *rec) {
    if (rec->flags & RAW_JOURNAL)
        return true;
    unsigned seen = kernel_best()->look(rec->bytes.p, rec->bytes.n);
    if ((seen & (KERNEL_OPAQUE | KERNEL_U)) || ((seen & KERNEL_HIGH) && !text_is_utf8(rec->bytes)))
        return true;
    return indicator_set_may(s, rec->bytes) || (rec->peer.n && indicator_set_may(s, rec->peer));
}
