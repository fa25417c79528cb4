/* See filter.h; its files: filter_file.c. Building and asking go through the same functions that make keys of texts: what
 * one puts in, the other asks for. */
#include "app/search/filter.h"

#include "app/search/filter_file.h"
#include "app/search/whole.h"
#include "base/hash.h"
#include "base/ip.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "decode/decode.h"
#include "detect/expr.h"
#include "detect/search.h"
#include "indicator/scan.h"

#include <stdlib.h>

enum {
    BLOCK_WORDS = FILTER_BLOCK_BYTES / 4,
    RECENT_LOG = 13,        /* 64 KB */
    RECENT_KEYS_LOG = 13,   /* 64 KB */
    WAITING = 16,
    LIST_MAX = 31,          /* pieces of a map that are named one by one */
    SINGLY_MAX = 64,        /* so many keys are looked up each for itself */
    VALUE_BYTES_MAX = 512,  /* a longer value is known by its words only */
};
enum key_kind { KEY_WORD = 1, KEY_CHAR, KEY_PAIR, KEY_FIELD, KEY_VALUE, KEY_NET, KEY_QUAD };

/* ---- the Bloom filter ---- */

static const uint32_t salts[BLOCK_WORDS] = {0x47b6137bu, 0x44974d91u, 0x8824ad5bu, 0xa2b7289du,
                                            0x705495c7u, 0x2df1424bu, 0x9efc4947u, 0x5c6bfb31u};

static uint32_t *block_of(const struct filter *f, uint64_t key) {
    return f->blocks + ((size_t) (key >> 32) & (((size_t) 1 << f->blocks_log) - 1)) * BLOCK_WORDS;
}

/* Keys set lately are not set again; others wait a little, until their block or place has come from memory. */
struct filter_making {
    uint64_t recent[1 << RECENT_LOG];
    uint64_t waiting[WAITING];
    unsigned next;
    uint64_t recent_keys[1 << RECENT_KEYS_LOG]; /* with the pieces they were noted in, for the lowest bits */
    uint64_t waiting_keys[WAITING];
    unsigned next_key;
    struct exact {
        uint64_t key;
        struct filter_set pieces;
    } *seen; /* exact keys: a table, 0 is free */
    size_t n_seen, cap;
    unsigned piece, last; /* in which lies what is added now, and what waits */
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
    if (!filter_need(f, b, FILTER_BLOCK_BYTES))
        return true;
    for (int i = 0; i < BLOCK_WORDS; i++)
        missing |= ~b[i] & 1u << ((uint32_t) key * salts[i] >> 27);
    return !missing;
}

static size_t words_of(const struct filter *f) {
    return filter_block_bytes(f) / 4;
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

static void note_now(struct filter_making *m, uint64_t key) {
    if (m->untold || (m->n_seen * 4 >= m->cap * 3 && grow_seen(m) < 0)) {
        m->untold = true;
        return;
    }
    struct exact *place = place_of(m->seen, m->cap, key);
    m->n_seen += !place->key;
    place->key = key;
    for (unsigned i = m->piece; i <= m->last; i++)
        filter_set_put(&place->pieces, i);
    m->untold |= m->n_seen > FILTER_KEYS_MAX;
}

static int note_key(void *ctx, uint64_t key, struct str token UNUSED) {
    struct filter_making *m = ctx;
    key = key >> 24 << 24; /* forty bits */
    uint64_t *recent = &m->recent_keys[key >> (64 - RECENT_KEYS_LOG)], is = key | m->piece << 8 | m->last | 1 << 16;
    if (*recent == is)
        return 0;
    *recent = is;
    key |= 1; /* so that none is nought */
    if (m->cap)
        __builtin_prefetch(&m->seen[(size_t) (key >> 24) & (m->cap - 1)], 1);
    uint64_t before = m->waiting_keys[m->next_key];
    m->waiting_keys[m->next_key] = key;
    m->next_key = (m->next_key + 1) % WAITING;
    if (before)
        note_now(m, before);
    return 0;
}

static void note_waiting(struct filter_making *m) {
    for (unsigned i = 0; i < WAITING; i++)
        if (m->waiting_keys[i])
            note_now(m, m->waiting_keys[i]);
    memset(m->waiting_keys, 0, sizeof m->waiting_keys);
}

static int ascending(const void *pa, const void *pb) {
    uint64_t a = ((const struct exact *) pa)->key, b = ((const struct exact *) pb)->key;
    return (a > b) - (a < b);
}

static unsigned count_of(const struct filter_set *s) {
    unsigned n = 0;
    for (int i = 0; i < 4; i++)
        n += (unsigned) __builtin_popcountll(s->w[i]);
    return n;
}

/* The last of them, when it is the only one. */
static unsigned put_map(const struct filter_set *s, uint8_t *dst, size_t *n) {
    unsigned count = count_of(s), last = 0;
    bool listed = count <= LIST_MAX;
    if (count > 1)
        dst[(*n)++] = listed ? (uint8_t) count : 0;
    for (unsigned i = 0; i < FILTER_PIECES && listed; i++)
        if (filter_set_has(s, i)) {
            if (count > 1)
                dst[(*n)++] = (uint8_t) i;
            last = i;
        }
    if (!listed) {
        memcpy(dst + *n, s->w, sizeof s->w);
        *n += sizeof s->w;
    }
    return last;
}

static int keys_end(struct filter *f) {
    struct filter_making *m = f->making;
    size_t n = 0, maps = 0;
    note_waiting(m);
    if (m->untold)
        return -ERR_LIMIT;
    for (size_t i = 0; i < m->cap; i++)
        if (m->seen[i].key)
            m->seen[n++] = m->seen[i];
    if (n)
        qsort(m->seen, n, sizeof *m->seen, ascending);
    for (size_t i = 0; i < n; i++)
        maps += 1 + MIN(count_of(&m->seen[i].pieces), (unsigned) sizeof m->seen[i].pieces);
    if (maps > FILTER_MAPS_MAX)
        return -ERR_LIMIT;
    f->keys = mem_alloc(n * FILTER_KEY_BYTES + 1);
    f->maps = mem_alloc(maps + 1);
    f->steps = mem_alloc((n / FILTER_STEP + 1) * 2 * sizeof *f->steps);
    if (!f->keys || !f->maps || !f->steps)
        return -ENOMEM;
    maps = 0;
    for (size_t i = 0; i < n; i++) {
        const struct exact *x = &m->seen[i];
        uint8_t *key = f->keys + i * FILTER_KEY_BYTES;
        if (i % FILTER_STEP == 0) {
            f->steps[i / FILTER_STEP * 2] = (uint32_t) (x->key >> 32);
            f->steps[i / FILTER_STEP * 2 + 1] = (uint32_t) maps;
        }
        for (int k = 0; k < FILTER_KEY_BYTES - 1; k++)
            key[k] = (uint8_t) (x->key >> (56 - 8 * k));
        size_t before = maps;
        unsigned one = put_map(&x->pieces, f->maps, &maps);
        key[FILTER_KEY_BYTES - 1] = maps == before ? (uint8_t) one : FILTER_MANY;
    }
    f->maps_bytes = (uint32_t) maps;
    f->n_keys = n;
    return 0;
}

/* ---- and asking for them ---- */

static uint64_t key_at(const struct filter *f, uint64_t i) {
    uint64_t key = 0;
    for (int k = 0; k < FILTER_KEY_BYTES - 1; k++)
        key = key << 8 | f->keys[i * FILTER_KEY_BYTES + (uint64_t) k];
    return key;
}

static uint8_t where_at(const struct filter *f, uint64_t i) {
    return f->keys[i * FILTER_KEY_BYTES + FILTER_KEY_BYTES - 1];
}

/* Of the map that begins there; more than there is of a file that contradicts itself. */
static uint64_t behind_map(const struct filter *f, uint64_t at) {
    if (at >= f->maps_bytes || !filter_need(f, f->maps + at, 1))
        return f->maps_bytes + 1ull;
    return at + 1 + (f->maps[at] ? f->maps[at] : sizeof(struct filter_set));
}

static struct filter_set map_at(const struct filter *f, uint64_t at) {
    struct filter_set set = {{0}};
    uint64_t end = behind_map(f, at);
    if (end > f->maps_bytes || !filter_need(f, f->maps + at, end - at))
        return FILTER_ALL;
    if (!f->maps[at])
        memcpy(set.w, f->maps + at + 1, sizeof set.w);
    for (uint64_t i = at + 1; f->maps[at] && i < end; i++)
        filter_set_put(&set, f->maps[i]);
    return set;
}

/* *map: of the first key of this step, then of the one asked for. */
static struct filter_set pieces_at(const struct filter *f, uint64_t i, uint64_t map) {
    struct filter_set set = {{0}};
    if (where_at(f, i) == FILTER_MANY)
        return map_at(f, map);
    filter_set_put(&set, where_at(f, i));
    return set;
}

/* Keys of one step, looked through for one. */
static bool in_step(const struct filter *f, uint64_t step, uint64_t key, struct filter_set *ret) {
    uint64_t first = step * FILTER_STEP, low = first, high = MIN(first + FILTER_STEP, f->n_keys), end = high, map = f->steps[step * 2 + 1];
    if (!filter_need(f, f->keys + first * FILTER_KEY_BYTES, (end - first) * FILTER_KEY_BYTES)) {
        *ret = FILTER_ALL;
        return true;
    }
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        if (key_at(f, mid) < key)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == end || key_at(f, low) != key)
        return false;
    for (uint64_t k = first; k < low; k++)
        if (where_at(f, k) == FILTER_MANY)
            map = behind_map(f, map);
    *ret = pieces_at(f, low, map);
    return true;
}

static struct filter_set exact_may(const struct filter *f, uint64_t key) {
    struct filter_set set = {{0}};
    uint64_t n = f->n_keys == FILTER_KEYS_UNTOLD ? 0 : (f->n_keys + FILTER_STEP - 1) / FILTER_STEP, low = 0, high = n;
    uint32_t upper = (uint32_t) (key >> 32);
    if (f->n_keys == FILTER_KEYS_UNTOLD)
        return FILTER_ALL;
    while (low < high) { /* the first step that begins with it or behind it */
        uint64_t mid = low + (high - low) / 2;
        if (f->steps[mid * 2] < upper)
            low = mid + 1;
        else
            high = mid;
    }
    for (uint64_t step = low ? low - 1 : 0; step < n && f->steps[step * 2] <= upper; step++)
        if (in_step(f, step, key >> 24, &set))
            break;
    return set;
}

/* All of them and all that are wanted, side by side. */
static struct filter_set merge_keys(const struct filter *f, const uint64_t *keys, size_t n) {
    struct filter_set set = {{0}};
    uint64_t map = 0;
    size_t k = 0;
    if (!filter_need(f, f->keys, f->n_keys * FILTER_KEY_BYTES))
        return FILTER_ALL;
    for (uint64_t i = 0; i < f->n_keys && k < n; i++) {
        uint64_t a = key_at(f, i);
        while (k < n && keys[k] >> 24 < a)
            k++;
        if (k < n && keys[k] >> 24 == a) {
            struct filter_set one = pieces_at(f, i, map);
            filter_set_or(&set, &one);
        }
        if (where_at(f, i) == FILTER_MANY)
            map = behind_map(f, map);
    }
    return set;
}

bool filter_may_keys(const struct filter *f, const uint64_t *keys, size_t n, struct filter_set *ret) {
    struct filter_set set = {{0}};
    if (f->n_keys == FILTER_KEYS_UNTOLD)
        set = n ? FILTER_ALL : set;
    else if (n > SINGLY_MAX)
        set = merge_keys(f, keys, n);
    for (size_t k = 0; k < n && n <= SINGLY_MAX && f->n_keys != FILTER_KEYS_UNTOLD; k++) {
        struct filter_set one = exact_may(f, keys[k]);
        filter_set_or(&set, &one);
    }
    *ret = set;
    return filter_set_any(&set);
}

static unsigned blocks_log_of(uint64_t bytes) {
    unsigned log = FILTER_BLOCKS_LOG_MIN;
    while (log < FILTER_BLOCKS_LOG_MAX && ((uint64_t) 32 << log) < bytes / 16)
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
        f->maps_bytes = 0;
    }
    f->pieces_told = !f->making->open;
    while (f->blocks_log > FILTER_BLOCKS_LOG_MIN) {
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
    f->blocks_log = FILTER_BLOCKS_LOG_MIN;
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
        filter_file_free(f->file);
    } else {
        mem_free(f->blocks);
        mem_free(f->keys);
        mem_free(f->steps);
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
    struct filter_set may = {{0}};
    if (has(f, key))
        may = exact ? exact_may(f, exact) : FILTER_ALL;
    filter_set_and(&f->asked, &may);
    return filter_set_any(&f->asked);
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

/* Digits of a digest: MD5, SHA-1, SHA-256. */
static bool is_digest(const char *p, size_t n) {
    if (n != 32 && n != 40 && n != 64)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!ascii_digit(p[i]) && (ascii_lower(p[i]) < 'a' || ascii_lower(p[i]) > 'f'))
            return false;
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
            if (whole && !fn(f, word, is_digest(from, (size_t) (p - from)) ? word : 0))
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

/* Values of these are exact keys. */
static bool is_named(uint64_t name) {
    static uint64_t host, user;
    if (!host) {
        user = name_hash(STR("user.name"));
        host = name_hash(STR("host.name"));
    }
    return name == host || name == user;
}

static void add_value(struct filter *f, uint64_t name, struct str value) {
    struct ip ip;
    bool hex = value.n && (ascii_digit(value.p[0]) || value.p[0] == ':' || (value.p[0] >= 'a' && value.p[0] <= 'f'));
    if (value.n <= VALUE_BYTES_MAX) {
        uint64_t key = key_of(KEY_VALUE, value, name);
        put(f, key, is_named(name) ? key : 0);
    }
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

static unsigned piece_of(uint64_t at) {
    return (unsigned) MIN(at >> FILTER_PIECE_LOG, (uint64_t) FILTER_PIECES - 1);
}

/* What is added from here on stands in this record. */
static void begin_record(struct filter *f, uint64_t at, const struct raw_record *rec) {
    struct filter_making *m = f->making;
    unsigned i = piece_of(at), last = piece_of(at + SPOOL_FRAME_HEAD_BYTES + SPOOL_META_BYTES_MAX + rec->bytes.n);
    if (!f->pieces[i].at)
        f->pieces[i] = (struct filter_piece){at, rec->pos.n};
    if (m->piece == i && m->last == last)
        return;
    note_waiting(m);
    m->piece = i;
    m->last = last;
}

void filter_add_definition(struct filter *f, uint64_t at, const struct raw_record *rec) {
    begin_record(f, at, rec);
    for (unsigned i = f->making->piece; i <= f->making->last; i++)
        filter_set_put(&f->defining, i);
}

void filter_add(struct filter *f, const struct whole_folded *e, uint64_t at, bool open) {
    const struct event *ev = e->ev;
    begin_record(f, at, ev->raw);
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
static struct filter_set text_may(const struct filter *f, struct str s, bool whole_first, bool whole_last) {
    struct filter copy = *f;
    copy.asked = FILTER_ALL;
    text_keys(&copy, s, whole_first, whole_last, ask);
    return copy.asked;
}

static struct filter_set pieces_may(const struct filter *f, const struct detect_item *it) {
    struct filter_set pieces = FILTER_ALL;
    for (uint32_t i = 0; i < it->n_pieces && filter_set_any(&pieces); i++) {
        const struct detect_piece *p = &it->pieces[i];
        bool begins = i == 0 && !p->star && !p->skip, ends = i + 1 == it->n_pieces;
        struct filter_set one = text_may(f, p->lit, begins && !detect_search_is_text(it->field),
                                         ends && !detect_search_is_text(it->field));
        filter_set_and(&pieces, &one);
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

static struct filter_set all_if(bool may) {
    return may ? FILTER_ALL : (struct filter_set){{0}};
}

/* The whole value of a field. */
static struct filter_set value_may(const struct filter *f, const struct detect_item *it) {
    uint64_t name = name_hash(it->field), key = key_of(KEY_VALUE, it->text, name);
    if (!has(f, key))
        return all_if(false);
    if (is_named(name))
        return exact_may(f, key);
    /* an address is one of the line's as well, or was looked at as a text of its own */
    return ip_is_dotted_quad(it->text) ? text_may(f, it->text, true, true) : FILTER_ALL;
}

static struct filter_set item_may(const struct filter *f, const struct detect_item *it) {
    if (str_eq(it->field, STR("@timestamp"))) /* the matcher makes it of the event's time */
        return FILTER_ALL;
    if (it->op == DETECT_OP_CIDR)
        return all_if(net_may(f, it));
    if (it->op == DETECT_OP_NULL || it->op == DETECT_OP_FIELDREF || it->cased || it->unicode)
        return FILTER_ALL;
    if (it->op == DETECT_OP_GLOB)
        return pieces_may(f, it);
    if (it->op > DETECT_OP_CONTAINS)
        return all_if(!it->field.n || field_may(f, it->field));
    bool whole_first = it->op == DETECT_OP_EXACT || it->op == DETECT_OP_PREFIX || it->word_begins;
    bool whole_last = it->op == DETECT_OP_EXACT || it->op == DETECT_OP_SUFFIX || it->word_ends;
    if (it->op == DETECT_OP_EXACT && it->field.n && it->text.n <= VALUE_BYTES_MAX)
        return value_may(f, it);
    return !it->field.n || field_may(f, it->field) ? text_may(f, it->text, whole_first, whole_last) : all_if(false);
}

static struct filter_set expr_may(const struct filter *f, const struct detect_expr *e) {
    struct filter_set pieces = all_if(e->kind == DETECT_AND || e->kind == DETECT_NOT);
    if (e->kind == DETECT_ITEM)
        return item_may(f, e->item);
    for (uint32_t i = 0; i < e->n && e->kind == DETECT_AND && filter_set_any(&pieces); i++) {
        struct filter_set one = expr_may(f, e->sub[i]);
        filter_set_and(&pieces, &one);
    }
    for (uint32_t i = 0; i < e->n && e->kind == DETECT_OR && !filter_set_all(&pieces); i++) {
        struct filter_set one = expr_may(f, e->sub[i]);
        filter_set_or(&pieces, &one);
    }
    return pieces;
}

bool filter_may(const struct filter *f, const struct detect_expr *e, struct filter_set *ret) {
    struct filter_set pieces = expr_may(f, e);
    if (ret)
        *ret = pieces;
    return filter_set_any(&pieces);
}
