/* See filter.h. Building and asking go through the same functions that make keys of texts: what one puts in, the other
 * asks for. */
#include "app/search/filter.h"

#include "app/search/whole.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/ip.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "decode/decode.h"
#include "detect/expr.h"
#include "detect/search.h"
#include "indicator/scan.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    VERSION = 3,
    HEAD_BYTES = 128 + FILTER_PIECES * 16,
    BLOCK_WORDS = 8,
    BLOCKS_LOG_MIN = 6,
    BLOCKS_LOG_MAX = 17,    /* 4 MiB, for a segment of 64 MiB: larger segments only have more false alarms */
    RECENT_LOG = 13,        /* 64 KB */
    RECENT_KEYS_LOG = 12,   /* 32 KB */
    WAITING = 16,
    KEY_BYTES = 5,
    KEYS_MAX = 1 << 21,    /* of one segment: 10 MB; more are not told */
    VALUE_BYTES_MAX = 512,  /* a longer value is known by its words only */
};
enum key_kind { KEY_WORD = 1, KEY_CHAR, KEY_PAIR, KEY_FIELD, KEY_VALUE, KEY_NET, KEY_QUAD };

/* ---- the Bloom filter ---- */

static const uint32_t salts[BLOCK_WORDS] = {0x47b6137bu, 0x44974d91u, 0x8824ad5bu, 0xa2b7289du,
                                            0x705495c7u, 0x2df1424bu, 0x9efc4947u, 0x5c6bfb31u};

static uint32_t *block_of(const struct filter *f, uint64_t key) {
    return f->blocks + ((size_t) (key >> 32) & (((size_t) 1 << f->blocks_log) - 1)) * BLOCK_WORDS;
}

/* Keys set lately are not set again; others wait a little, until their block has come from memory. */
struct filter_making {
    uint64_t recent[1 << RECENT_LOG];
    uint64_t waiting[WAITING];
    unsigned next;
    uint64_t recent_keys[1 << RECENT_KEYS_LOG];
    struct exact {
        uint64_t key, pieces;
    } *seen; /* exact keys: a table, 0 is free */
    size_t n_seen, cap;
    uint64_t piece; /* of what is added now, as a bit */
    bool untold, open;
};

static void set_now(struct filter *f, uint64_t key) {
    uint32_t *b = block_of(f, key);
    for (int i = 0; i < BLOCK_WORDS; i++)
        b[i] |= 1u << ((uint32_t) key * salts[i] >> 27);
}

static void set(struct filter *f, uint64_t key) {
    struct filter_making *m = f->making;
    uint64_t *recent = &m->recent[(uint32_t) key >> (32 - RECENT_LOG)];
    if (*recent == key)
        return;
    *recent = key;
    __builtin_prefetch(block_of(f, key), 1);
    uint64_t before = m->waiting[m->next];
    m->waiting[m->next] = key;
    m->next = (m->next + 1) % WAITING;
    if (before)
        set_now(f, before);
}

static void set_waiting(struct filter *f) {
    for (unsigned i = 0; i < WAITING; i++)
        if (f->making->waiting[i])
            set_now(f, f->making->waiting[i]);
    memset(f->making->waiting, 0, sizeof f->making->waiting);
}

static bool has(const struct filter *f, uint64_t key) {
    const uint32_t *b = block_of(f, key);
    uint32_t missing = 0;
    for (int i = 0; i < BLOCK_WORDS; i++)
        missing |= ~b[i] & 1u << ((uint32_t) key * salts[i] >> 27);
    return !missing;
}

static size_t words_of(const struct filter *f) {
    return ((size_t) 1 << f->blocks_log) * BLOCK_WORDS;
}

/* ---- exact keys ---- */

static struct exact *place_of(struct exact *table, size_t cap, uint64_t key) {
    for (size_t i = (size_t) (key >> 24) & (cap - 1);; i = (i + 1) & (cap - 1))
        if (!table[i].key || table[i].key == key)
            return &table[i];
}

static int grow_seen(struct filter_making *m) {
    size_t cap = m->cap ? m->cap * 2 : 4096;
    struct exact *table = mem_zalloc_array(cap, sizeof *table);
    if (!table)
        return -ENOMEM;
    for (size_t i = 0; i < m->cap; i++)
        if (m->seen[i].key)
            *place_of(table, cap, m->seen[i].key) = m->seen[i];
    mem_free(m->seen);
    m->seen = table;
    m->cap = cap;
    return 0;
}

static int note_key(void *ctx, uint64_t key, struct str token UNUSED) {
    struct filter_making *m = ctx;
    uint64_t *recent = &m->recent_keys[(uint32_t) key >> (32 - RECENT_KEYS_LOG)];
    if (*recent == key)
        return 0;
    *recent = key;
    key = key >> 24 << 24 | 1; /* forty bits, and one so that none is nought */
    if (m->untold || (m->n_seen * 4 >= m->cap * 3 && grow_seen(m) < 0)) {
        m->untold = true;
        return 0;
    }
    struct exact *place = place_of(m->seen, m->cap, key);
    m->n_seen += !place->key;
    place->key = key;
    place->pieces |= m->piece;
    m->untold |= m->n_seen > KEYS_MAX;
    return 0;
}

static int ascending(const void *pa, const void *pb) {
    uint64_t a = ((const struct exact *) pa)->key, b = ((const struct exact *) pb)->key;
    return (a > b) - (a < b);
}

static bool is_one(uint64_t pieces) {
    return !(pieces & (pieces - 1));
}

static uint64_t key_at(const struct filter *f, uint64_t i) {
    uint64_t key = 0;
    for (int k = 0; k < KEY_BYTES; k++)
        key = key << 8 | f->keys[i * KEY_BYTES + (uint64_t) k];
    return key;
}

static int keys_end(struct filter *f) {
    struct filter_making *m = f->making;
    size_t n = 0;
    if (m->untold)
        return -ERR_LIMIT;
    for (size_t i = 0; i < m->cap; i++)
        if (m->seen[i].key) {
            f->n_maps += !is_one(m->seen[i].pieces);
            m->seen[n++] = m->seen[i];
        }
    if (n)
        qsort(m->seen, n, sizeof *m->seen, ascending);
    f->keys = mem_alloc(n * KEY_BYTES + 1);
    f->where = mem_alloc(n + 1);
    f->maps = mem_alloc((size_t) f->n_maps * 8 + 1);
    if (!f->keys || !f->where || !f->maps)
        return -ENOMEM;
    uint8_t *map = f->maps;
    for (size_t i = 0; i < n; i++) {
        const struct exact *x = &m->seen[i];
        for (int k = 0; k < KEY_BYTES; k++)
            f->keys[i * KEY_BYTES + (size_t) k] = (uint8_t) (x->key >> (56 - 8 * k));
        f->where[i] = is_one(x->pieces) ? (uint8_t) __builtin_ctzll(x->pieces) : FILTER_MANY;
        if (!is_one(x->pieces)) {
            memcpy(map, &x->pieces, 8);
            map += 8;
        }
    }
    f->n_keys = n;
    return 0;
}

static uint64_t map_at(const struct filter *f, uint64_t i) {
    uint64_t map;
    if (i >= f->n_maps)
        return UINT64_MAX; /* a file that contradicts itself */
    memcpy(&map, f->maps + i * 8, 8);
    return map;
}

static uint64_t pieces_of(const struct filter *f, uint64_t i) {
    uint64_t before = 0;
    if (f->where[i] < FILTER_MANY)
        return UINT64_C(1) << f->where[i];
    for (uint64_t k = 0; k < i; k++)
        before += f->where[k] >= FILTER_MANY;
    return map_at(f, before);
}

static uint64_t exact_may(const struct filter *f, uint64_t key) {
    uint64_t low = 0, high = f->n_keys;
    if (f->n_keys == FILTER_KEYS_UNTOLD)
        return UINT64_MAX;
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        if (key_at(f, mid) < key >> 24)
            low = mid + 1;
        else
            high = mid;
    }
    return low < f->n_keys && key_at(f, low) == key >> 24 ? pieces_of(f, low) : 0;
}

uint64_t filter_may_keys(const struct filter *f, const uint64_t *keys, size_t n) {
    uint64_t i = 0, maps = 0, pieces = 0;
    size_t k = 0;
    if (f->n_keys == FILTER_KEYS_UNTOLD)
        return n ? UINT64_MAX : 0;
    while (i < f->n_keys && k < n) {
        uint64_t a = key_at(f, i), b = keys[k] >> 24;
        bool many = f->where[i] >= FILTER_MANY;
        if (a == b)
            pieces |= many ? map_at(f, maps) : UINT64_C(1) << f->where[i];
        if (a <= b) {
            maps += many;
            i++;
        } else {
            k++;
        }
    }
    return pieces;
}

static unsigned blocks_log_of(uint64_t bytes) {
    unsigned log = BLOCKS_LOG_MIN;
    while (log < BLOCKS_LOG_MAX && ((uint64_t) 32 << log) < bytes / 16)
        log++;
    return log;
}

/* Halves are laid on each other as long as at most half of the bits are set: 0.4 % false alarms a key. */
void filter_end(struct filter *f, uint64_t bytes) {
    unsigned most = blocks_log_of(bytes);
    f->bytes = bytes;
    set_waiting(f);
    if (keys_end(f) < 0) {
        f->n_keys = FILTER_KEYS_UNTOLD;
        f->n_maps = 0;
    }
    f->pieces_told = !f->making->open;
    while (f->blocks_log > BLOCKS_LOG_MIN) {
        size_t half = words_of(f) / 2, ones = 0;
        for (size_t i = 0; i < half; i++)
            ones += (size_t) __builtin_popcount(f->blocks[i] | f->blocks[i + half]);
        if (ones > half * 16 && f->blocks_log <= most)
            return;
        for (size_t i = 0; i < half; i++)
            f->blocks[i] |= f->blocks[i + half];
        f->blocks_log--;
    }
}

void filter_end_unknown(struct filter *f, uint64_t bytes) {
    f->bytes = bytes;
    f->blocks_log = BLOCKS_LOG_MIN;
    memset(f->blocks, 0xff, words_of(f) * 4);
    f->n_keys = FILTER_KEYS_UNTOLD;
    f->pieces_told = false;
    f->min_ns = INT64_MIN + 1;
    f->max_ns = INT64_MAX;
    f->next = UINT64_MAX;
}

int filter_begin(struct filter *f, uint64_t bytes) {
    *f = (struct filter){.min_ns = TIME_NONE, .max_ns = TIME_NONE, .blocks_log = blocks_log_of(bytes)};
    f->blocks = mem_zalloc_array(words_of(f), sizeof *f->blocks);
    f->making = mem_zalloc(sizeof *f->making);
    if (f->blocks && f->making)
        return 0;
    filter_done(f);
    return -ENOMEM;
}

void filter_done(struct filter *f) {
    if (f->file) {
        mem_free(f->file);
    } else {
        mem_free(f->blocks);
        mem_free(f->keys);
        mem_free(f->where);
        mem_free(f->maps);
    }
    if (f->making)
        mem_free(f->making->seen);
    mem_free(f->making);
    *f = (struct filter){0};
}

/* ---- keys ---- */

/* exact: 0, or what it is known by among the exact keys. false: go no further */
typedef bool key_fn(struct filter *f, uint64_t key, uint64_t exact);

static bool put(struct filter *f, uint64_t key, uint64_t exact) {
    set(f, key);
    if (exact)
        note_key(f->making, exact, STR(""));
    return true;
}
static bool ask(struct filter *f, uint64_t key, uint64_t exact) {
    if (has(f, key) && exact)
        f->asked &= exact_may(f, exact);
    else if (!has(f, key))
        f->asked = 0;
    return f->asked != 0;
}

static uint64_t key_of(enum key_kind kind, struct str s, uint64_t seed) {
    return hash_fast(s, hash_mix(seed, kind));
}

/* Spaces in names do not count (event/names.h). */
static uint64_t name_hash(struct str name) {
    char z[256];
    size_t n = 0;
    if (name.n <= sizeof z && str_find_byte(name, ' ', 0) < 0)
        return hash_fast(name, 0);
    for (size_t i = 0; i < name.n && n < sizeof z; i++)
        if (name.p[i] != ' ')
            z[n++] = name.p[i];
    return hash_fast(str_n(z, n), 0);
}

/* Asked of every byte. */
static const bool words[256] = {
    ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true,
    ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true,
    ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true,
    ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
    ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true,
    ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true,
    ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true, ['Y'] = true, ['Z'] = true,
};
static inline bool is_word(char c) {
    return words[(unsigned char) c];
}

/* Numbers with single dots between, seen one after the other: an address is looked for as a whole. */
struct quad {
    uint64_t word[4];
    uint32_t number[4]; /* as an address has it, or above 255 */
    unsigned n;       /* in a row, all whole */
    const char *end;  /* of the last */
};

static bool is_number(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!ascii_digit(p[i]))
            return false;
    return n <= 3;
}

static uint32_t small_number(const char *p, size_t n) {
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (uint32_t) (p[i] - '0');
    return v;
}

/* *ret_exact: the key of the address they are, or the same. */
static bool quad_key(struct quad *q, const char *from, size_t n, uint64_t word, bool whole, uint64_t *ret, uint64_t *ret_exact) {
    bool number = whole && is_number(from, n);
    if (!number || !q->n || from != q->end + 1 || *q->end != '.')
        q->n = 0;
    if (!number)
        return false;
    q->number[q->n % 4] = n > 1 && *from == '0' ? 256 : small_number(from, n);
    q->word[q->n++ % 4] = word;
    q->end = from + n;
    if (q->n < 4)
        return false;
    uint64_t key = KEY_QUAD;
    for (unsigned i = 0; i < 4; i++)
        key = hash_mix(key, q->word[(q->n + i) % 4]);
    *ret = *ret_exact = key;
    struct ip ip = {.version = 4};
    for (unsigned i = 0; i < 4; i++) {
        if (q->number[(q->n + i) % 4] > 255)
            return true;
        ip.bytes[i] = (uint8_t) q->number[(q->n + i) % 4];
    }
    *ret_exact = indicator_key_of_net(&ip, 32);
    return true;
}

/* The keys of a folded text. A word at the beginning or the end of a part of a text may be half a word: whole_first,
 * whole_last say that it is not. */
static bool text_keys(struct filter *f, struct str s, bool whole_first, bool whole_last, key_fn *fn) {
    uint64_t last = 0; /* the character before, when it is no ASCII */
    struct quad quad = {.n = 0};
    const char *end = s.p + s.n;
    for (const char *p = s.p; p < end;) {
        if (is_word(*p)) {
            const char *from = p;
            while (p < end && is_word(*p))
                p++;
            bool whole = (from > s.p || whole_first) && (p < end || whole_last);
            uint64_t word = whole ? key_of(KEY_WORD, str_n(from, (size_t) (p - from)), 0) : 0, four, exact;
            if (whole && !fn(f, word, 0))
                return false;
            if (quad_key(&quad, from, (size_t) (p - from), word, whole, &four, &exact) && !fn(f, four, exact))
                return false;
            last = 0;
            continue;
        }
        unsigned n = utf8_length(p, end);
        uint64_t c = n > 1 ? utf8_decode(p, n) : 0;
        p += n ? n : 1;
        if (!c) {
            last = 0;
            continue;
        }
        uint64_t pair = hash_mix(last << 32 | c, KEY_PAIR);
        if (!fn(f, hash_mix(c, KEY_CHAR), 0) || (last && !fn(f, pair, pair)))
            return false;
        last = c;
    }
    return true;
}

static const uint8_t net_bits[2][4] = {{8, 16, 24, 32}, {32, 48, 64, 128}};

static uint64_t net_key(uint64_t name, const struct ip *ip, unsigned bits) {
    struct ip_prefix p = ip_prefix_of(ip, bits);
    char z[IP_PREFIX_CAP];
    size_t n = ip_prefix_format(&p, z);
    return key_of(KEY_NET, str_n(z, n), name);
}

/* ---- building ---- */

static void add_value(struct filter *f, uint64_t name, struct str value) {
    struct ip ip;
    bool hex = value.n && (ascii_digit(value.p[0]) || value.p[0] == ':' || (value.p[0] >= 'a' && value.p[0] <= 'f'));
    if (value.n <= VALUE_BYTES_MAX)
        set(f, key_of(KEY_VALUE, value, name));
    if (hex && value.n < IP_CAP && ip_parse(value, &ip) == 0)
        for (size_t i = 0; i < ARRAY_SIZE(net_bits[0]); i++)
            set(f, net_key(name, &ip, net_bits[ip.version == 6][i]));
}

static void add_words(struct filter *f, const struct whole_text *t) {
    IGNORE(indicator_scan(t->raw, note_key, f->making));
    text_keys(f, t->normal, true, true, put);
    if (t->variants.p != t->normal.p)
        text_keys(f, t->variants, true, true, put);
}

/* What is added from here on stands in a record that begins there. */
static void begin_piece(struct filter *f, uint64_t at, uint64_t n) {
    struct filter_making *m = f->making;
    uint64_t i = MIN(at >> FILTER_PIECE_LOG, (uint64_t) FILTER_PIECES - 1);
    if (!f->pieces[i].at)
        f->pieces[i] = (struct filter_piece){at, n};
    if (m->piece == UINT64_C(1) << i)
        return;
    m->piece = UINT64_C(1) << i;
    memset(m->recent_keys, 0, sizeof m->recent_keys);
}

void filter_add_definition(struct filter *f, uint64_t at, uint64_t n) {
    begin_piece(f, at, n);
    f->defining |= f->making->piece;
}

void filter_add(struct filter *f, const struct whole_folded *e, uint64_t at, bool open) {
    const struct event *ev = e->ev;
    begin_piece(f, at, ev->raw->pos.n);
    f->making->open |= open;
    if (ev->time_ns != TIME_NONE) {
        f->min_ns = f->min_ns == TIME_NONE ? ev->time_ns : MIN(f->min_ns, ev->time_ns);
        f->max_ns = f->max_ns == TIME_NONE ? ev->time_ns : MAX(f->max_ns, ev->time_ns);
    }
    add_words(f, &e->line);
    for (uint32_t i = 0; i < ev->n; i++) {
        const struct event_field *field = &ev->fields[i];
        const struct whole_text *t = &e->fields[i];
        uint64_t name = name_hash(field->id ? event_names_get(ev->names, field->id) : field->name);
        set(f, hash_mix(name, KEY_FIELD));
        if (field->id == EVENT_F_EVENT_ORIGINAL)
            continue;
        if (!t->in_line) /* else its words are the line's */
            add_words(f, t);
        add_value(f, name, t->normal);
        if (t->variants.p != t->normal.p)
            add_value(f, name, t->variants);
    }
}

/* ---- asking ---- */

static bool field_may(const struct filter *f, struct str field) {
    return has(f, hash_mix(name_hash(field), KEY_FIELD));
}

/* Reading only, through functions that also write. */
static uint64_t text_may(const struct filter *f, struct str s, bool whole_first, bool whole_last) {
    struct filter copy = *f;
    copy.asked = UINT64_MAX;
    return text_keys(&copy, s, whole_first, whole_last, ask) ? copy.asked : 0;
}

static uint64_t pieces_may(const struct filter *f, const struct detect_item *it) {
    uint64_t pieces = UINT64_MAX;
    for (uint32_t i = 0; i < it->n_pieces && pieces; i++) {
        const struct detect_piece *p = &it->pieces[i];
        bool begins = i == 0 && !p->star && !p->skip, ends = i + 1 == it->n_pieces;
        pieces &= text_may(f, p->lit, begins && !detect_search_is_text(it->field),
                           ends && !detect_search_is_text(it->field));
    }
    return pieces;
}

static bool net_may(const struct filter *f, const struct detect_item *it) {
    unsigned bits = 0;
    for (size_t i = 0; i < ARRAY_SIZE(net_bits[0]); i++) {
        unsigned stored = net_bits[it->net.ip.version == 6][i];
        bits = stored <= it->net.bits ? stored : bits;
    }
    return bits ? has(f, net_key(name_hash(it->field), &it->net.ip, bits)) : field_may(f, it->field);
}

static uint64_t all_if(bool may) {
    return may ? UINT64_MAX : 0;
}

static uint64_t item_may(const struct filter *f, const struct detect_item *it) {
    if (str_eq(it->field, STR("@timestamp"))) /* the matcher makes it of the event's time */
        return UINT64_MAX;
    if (it->op == DETECT_OP_CIDR)
        return all_if(net_may(f, it));
    if (it->op == DETECT_OP_NULL || it->op == DETECT_OP_FIELDREF || it->cased || it->unicode)
        return UINT64_MAX;
    if (it->op == DETECT_OP_GLOB)
        return pieces_may(f, it);
    if (it->op > DETECT_OP_CONTAINS)
        return all_if(!it->field.n || field_may(f, it->field));
    bool whole_first = it->op == DETECT_OP_EXACT || it->op == DETECT_OP_PREFIX || it->word_begins;
    bool whole_last = it->op == DETECT_OP_EXACT || it->op == DETECT_OP_SUFFIX || it->word_ends;
    if (it->op == DETECT_OP_EXACT && it->field.n && it->text.n <= VALUE_BYTES_MAX) {
        if (!has(f, key_of(KEY_VALUE, it->text, name_hash(it->field))))
            return 0;
        /* an address is one of the line's as well, or was looked at as a text of its own */
        return ip_is_dotted_quad(it->text) ? text_may(f, it->text, true, true) : UINT64_MAX;
    }
    return !it->field.n || field_may(f, it->field) ? text_may(f, it->text, whole_first, whole_last) : 0;
}

uint64_t filter_may(const struct filter *f, const struct detect_expr *e) {
    uint64_t pieces = e->kind == DETECT_AND ? UINT64_MAX : 0;
    switch (e->kind) {
    case DETECT_NOT:
        return UINT64_MAX;
    case DETECT_ITEM:
        return item_may(f, e->item);
    case DETECT_AND:
        for (uint32_t i = 0; i < e->n && pieces; i++)
            pieces &= filter_may(f, e->sub[i]);
        return pieces;
    case DETECT_OR:
        for (uint32_t i = 0; i < e->n && pieces != UINT64_MAX; i++)
            pieces |= filter_may(f, e->sub[i]);
        return pieces;
    }
    return UINT64_MAX;
}

/* ---- the file ---- */

const char *filter_name(uint32_t segment, char dst[SPOOL_NAME_CAP]) {
    snprintf(dst, SPOOL_NAME_CAP, "%08u.filter", segment);
    return dst;
}

void filter_maker(const struct decode_set *decoders, uint8_t ret[FILTER_MAKER_BYTES]) {
    uint8_t sum[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, STR("kizuki " KIZUKI_VERSION));
    decode_set_sum(decoders, sum);
    sha256_add(&h, str_n((const char *) sum, sizeof sum));
    sha256_end(&h, sum);
    memcpy(ret, sum, FILTER_MAKER_BYTES);
}

bool filter_is_like(const struct filter *a, const struct filter *b) {
    return a->segment == b->segment && memcmp(a->id, b->id, SPOOL_ID_BYTES) == 0 &&
           memcmp(a->made_by, b->made_by, FILTER_MAKER_BYTES) == 0;
}

static void write_head(const struct filter *f, char head[HEAD_BYTES]) {
    const uint32_t version = VERSION;
    memset(head, 0, HEAD_BYTES);
    memcpy(head, "KZKFILTR", 8);
    memcpy(head + 8, &version, 4);
    memcpy(head + 12, &f->blocks_log, 4);
    memcpy(head + 16, f->id, 16);
    memcpy(head + 32, &f->segment, 4);
    memcpy(head + 40, &f->first, 8);
    memcpy(head + 48, &f->next, 8);
    memcpy(head + 56, &f->bytes, 8);
    memcpy(head + 64, &f->min_ns, 8);
    memcpy(head + 72, &f->max_ns, 8);
    memcpy(head + 80, f->made_by, FILTER_MAKER_BYTES);
    memcpy(head + 96, &f->n_keys, 8);
    memcpy(head + 104, &f->n_maps, 4);
    head[108] = f->pieces_told;
    memcpy(head + 112, &f->defining, 8);
    memcpy(head + 128, f->pieces, sizeof f->pieces);
}

static uint32_t sum_of(const char *head, struct str rest) {
    return crc32c(crc32c(crc32c(0, head, 36), head + 40, HEAD_BYTES - 40), rest.p, rest.n);
}

static size_t n_keys_of(const struct filter *f) {
    return f->n_keys == FILTER_KEYS_UNTOLD ? 0 : (size_t) f->n_keys;
}

static int write_all(int fd, void *ctx) {
    const struct filter *f = *(const struct filter *const *) ctx;
    const struct str parts[] = {str_n((const char *) f->blocks, words_of(f) * 4), str_n((const char *) f->keys, n_keys_of(f) * KEY_BYTES),
                                str_n((const char *) f->where, n_keys_of(f)), str_n((const char *) f->maps, (size_t) f->n_maps * 8)};
    char head[HEAD_BYTES];
    write_head(f, head);
    uint32_t sum = sum_of(head, STR(""));
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        sum = parts[i].n ? crc32c(sum, parts[i].p, parts[i].n) : sum;
    memcpy(head + 36, &sum, 4);
    int r = file_write_all(fd, str_n(head, sizeof head));
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
        r = parts[i].n ? file_write_all(fd, parts[i]) : 0;
    return r;
}

int filter_write(const struct filter *f, const char *path, struct diag *reterr) {
    return file_replace(path, write_all, &f, 0600, reterr);
}

/* *f has the file's bytes and nothing else. */
static int read_bytes(struct filter *f, size_t size) {
    char head[HEAD_BYTES], *p = f->file;
    uint32_t sum;
    if (size < HEAD_BYTES)
        return -ERR_CORRUPT;
    memcpy(&f->blocks_log, p + 12, 4);
    memcpy(f->id, p + 16, 16);
    memcpy(&f->segment, p + 32, 4);
    memcpy(&sum, p + 36, 4);
    memcpy(&f->first, p + 40, 8);
    memcpy(&f->next, p + 48, 8);
    memcpy(&f->bytes, p + 56, 8);
    memcpy(&f->min_ns, p + 64, 8);
    memcpy(&f->max_ns, p + 72, 8);
    memcpy(f->made_by, p + 80, FILTER_MAKER_BYTES);
    memcpy(&f->n_keys, p + 96, 8);
    memcpy(&f->n_maps, p + 104, 4);
    f->pieces_told = p[108] == 1;
    memcpy(&f->defining, p + 112, 8);
    memcpy(f->pieces, p + 128, sizeof f->pieces);
    write_head(f, head);
    memcpy(head + 36, &sum, 4);
    uint64_t n = n_keys_of(f);
    if (memcmp(p, head, HEAD_BYTES) != 0 || f->blocks_log < BLOCKS_LOG_MIN || f->blocks_log > BLOCKS_LOG_MAX || n > KEYS_MAX || f->n_maps > n ||
        size != HEAD_BYTES + words_of(f) * 4 + n * (KEY_BYTES + 1) + (uint64_t) f->n_maps * 8 || sum != sum_of(p, str_n(p + HEAD_BYTES, size - HEAD_BYTES)))
        return -ERR_CORRUPT;
    f->blocks = (uint32_t *) (void *) (p + HEAD_BYTES);
    f->keys = (uint8_t *) p + HEAD_BYTES + words_of(f) * 4;
    f->where = f->keys + n * KEY_BYTES;
    f->maps = f->where + n;
    return 0;
}

bool filter_is_there(const char *path, const struct filter *like) {
    char head[HEAD_BYTES], made[HEAD_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool good = fd >= 0 && pread(fd, head, sizeof head, 0) == (ssize_t) sizeof head;
    if (fd >= 0)
        close(fd);
    write_head(like, made);
    return good && memcmp(head, made, 12) == 0 && memcmp(head + 16, made + 16, 20) == 0 &&
           memcmp(head + 80, made + 80, 16) == 0;
}

/* Into f->file. Returns its size. */
static ssize_t read_whole(const char *path, struct filter *f) {
    enum { MOST = HEAD_BYTES + (32 << BLOCKS_LOG_MAX) + KEYS_MAX * (KEY_BYTES + 1 + 8) };
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t r = fd < 0 || fstat(fd, &st) < 0 ? -errno : st.st_size > MOST ? -ERR_CORRUPT : 0;
    if (r == 0)
        r = mem_grow((void **) &f->file, &f->file_cap, (size_t) st.st_size + 1, MOST + 1, 1);
    for (size_t got = 0; r == 0;) {
        ssize_t k = pread(fd, f->file + got, (size_t) st.st_size - got, (off_t) got);
        if (k < 0 && errno == EINTR)
            continue;
        if (k > 0)
            got += (size_t) k;
        else
            r = k < 0 ? -errno : (ssize_t) got;
        if (k == 0)
            break;
    }
    if (fd >= 0)
        close(fd);
    return r;
}

int filter_read(const char *path, struct filter *f, struct diag *reterr) {
    char *file = f->file;
    size_t cap = f->file_cap;
    if (!file)
        filter_done(f);
    *f = (struct filter){.file = file, .file_cap = cap};
    ssize_t size = read_whole(path, f);
    int r = size < 0 ? (int) size : read_bytes(f, (size_t) size);
    if (r == 0)
        return 0;
    filter_done(f);
    return diag_set_at(reterr, r, path, 0, 0, "this filter is %s", r == -ENOMEM ? "too large for memory" : r == -ERR_CORRUPT ? "damaged or of another version" : err_word(r));
}
