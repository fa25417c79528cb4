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
#include <unistd.h>

enum {
    VERSION = 2,
    HEAD_BYTES = 128,
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
    uint64_t *seen; /* keys of indicators: a table, 0 is free */
    size_t n_seen, cap;
    bool untold;
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

/* ---- keys of indicators ---- */

static uint64_t *place_of(uint64_t *table, size_t cap, uint64_t key) {
    for (size_t i = (size_t) (key >> 20) & (cap - 1);; i = (i + 1) & (cap - 1))
        if (!table[i] || table[i] == key)
            return &table[i];
}

static int grow_seen(struct filter_making *m) {
    size_t cap = m->cap ? m->cap * 2 : 4096;
    uint64_t *table = mem_zalloc_array(cap, sizeof *table);
    if (!table)
        return -ENOMEM;
    for (size_t i = 0; i < m->cap; i++)
        if (m->seen[i])
            *place_of(table, cap, m->seen[i]) = m->seen[i];
    mem_free(m->seen);
    m->seen = table;
    m->cap = cap;
    return 0;
}

static int note_key(void *ctx, uint64_t key, struct str token UNUSED) {
    struct filter_making *m = ctx;
    uint64_t *recent = &m->recent_keys[(uint32_t) key >> (32 - RECENT_KEYS_LOG)];
    key = (key | 1 << 23) >> 23 << 23; /* forty bits and one, so that none is nought */
    if (*recent == key)
        return 0;
    *recent = key;
    if (m->untold || (m->n_seen * 2 >= m->cap && grow_seen(m) < 0)) {
        m->untold = true;
        return 0;
    }
    uint64_t *place = place_of(m->seen, m->cap, key);
    m->n_seen += !*place;
    *place = key;
    m->untold |= m->n_seen > KEYS_MAX;
    return 0;
}

static int ascending(const void *pa, const void *pb) {
    uint64_t a = *(const uint64_t *) pa, b = *(const uint64_t *) pb;
    return (a > b) - (a < b);
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
    f->keys = mem_alloc(m->n_seen * KEY_BYTES + 1);
    if (!f->keys)
        return -ENOMEM;
    for (size_t i = 0; i < m->cap; i++)
        if (m->seen[i])
            m->seen[n++] = m->seen[i];
    if (n)
        qsort(m->seen, n, sizeof *m->seen, ascending);
    f->n_keys = 0;
    for (size_t i = 0; i < n; i++) {
        if (i && m->seen[i] >> 24 == m->seen[i - 1] >> 24)
            continue;
        for (int k = 0; k < KEY_BYTES; k++)
            f->keys[f->n_keys * KEY_BYTES + (uint64_t) k] = (uint8_t) (m->seen[i] >> (56 - 8 * k));
        f->n_keys++;
    }
    return 0;
}

bool filter_may_keys(const struct filter *f, const uint64_t *keys, size_t n) {
    uint64_t i = 0;
    size_t k = 0;
    if (f->n_keys == FILTER_KEYS_UNTOLD)
        return true;
    while (i < f->n_keys && k < n) {
        uint64_t a = key_at(f, i), b = keys[k] >> 24;
        if (a == b)
            return true;
        if (a < b)
            i++;
        else
            k++;
    }
    return false;
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
    if (keys_end(f) < 0)
        f->n_keys = FILTER_KEYS_UNTOLD;
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
    mem_free(f->blocks);
    mem_free(f->keys);
    if (f->making)
        mem_free(f->making->seen);
    f->keys = NULL;
    mem_free(f->making);
    f->blocks = NULL;
    f->making = NULL;
}

/* ---- keys ---- */

typedef bool key_fn(struct filter *f, uint64_t key); /* false: go no further */

static bool put(struct filter *f, uint64_t key) {
    set(f, key);
    return true;
}
static bool ask(struct filter *f, uint64_t key) {
    return has(f, key);
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

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_digit(c);
}

/* Numbers with single dots between, seen one after the other: an address is looked for as a whole. */
struct quad {
    uint64_t word[4];
    unsigned n;       /* in a row, all whole */
    const char *end;  /* of the last */
};

static bool is_number(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!ascii_digit(p[i]))
            return false;
    return n <= 3;
}

static bool quad_key(struct quad *q, const char *from, size_t n, uint64_t word, bool whole, uint64_t *ret) {
    bool number = whole && is_number(from, n);
    if (!number || !q->n || from != q->end + 1 || *q->end != '.')
        q->n = 0;
    if (!number)
        return false;
    q->word[q->n++ % 4] = word;
    q->end = from + n;
    if (q->n < 4)
        return false;
    uint64_t key = KEY_QUAD;
    for (unsigned i = 0; i < 4; i++)
        key = hash_mix(key, q->word[(q->n + i) % 4]);
    *ret = key;
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
            uint64_t word = whole ? key_of(KEY_WORD, str_n(from, (size_t) (p - from)), 0) : 0, four;
            if (whole && !fn(f, word))
                return false;
            if (quad_key(&quad, from, (size_t) (p - from), word, whole, &four) && !fn(f, four))
                return false;
            last = 0;
            continue;
        }
        unsigned n = utf8_length(p, end);
        uint64_t c = n > 1 ? utf8_decode(p, n) : 0;
        p += n ? n : 1;
        if (c && !fn(f, hash_mix(c, KEY_CHAR)))
            return false;
        if (c && last && !fn(f, hash_mix(last << 32 | c, KEY_PAIR)))
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

void filter_add(struct filter *f, const struct whole_folded *e) {
    const struct event *ev = e->ev;
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
static bool text_may(const struct filter *f, struct str s, bool whole_first, bool whole_last) {
    struct filter copy = *f;
    return text_keys(&copy, s, whole_first, whole_last, ask);
}

static bool pieces_may(const struct filter *f, const struct detect_item *it) {
    for (uint32_t i = 0; i < it->n_pieces; i++) {
        const struct detect_piece *p = &it->pieces[i];
        bool begins = i == 0 && !p->star && !p->skip, ends = i + 1 == it->n_pieces;
        if (!text_may(f, p->lit, begins && !detect_search_is_text(it->field),
                      ends && !detect_search_is_text(it->field)))
            return false;
    }
    return true;
}

static bool net_may(const struct filter *f, const struct detect_item *it) {
    unsigned bits = 0;
    for (size_t i = 0; i < ARRAY_SIZE(net_bits[0]); i++) {
        unsigned stored = net_bits[it->net.ip.version == 6][i];
        bits = stored <= it->net.bits ? stored : bits;
    }
    return bits ? has(f, net_key(name_hash(it->field), &it->net.ip, bits)) : field_may(f, it->field);
}

static bool item_may(const struct filter *f, const struct detect_item *it) {
    if (str_eq(it->field, STR("@timestamp"))) /* the matcher makes it of the event's time */
        return true;
    if (it->op == DETECT_OP_CIDR)
        return net_may(f, it);
    if (it->op == DETECT_OP_NULL || it->op == DETECT_OP_FIELDREF || it->cased || it->unicode)
        return true;
    if (it->op == DETECT_OP_GLOB)
        return pieces_may(f, it);
    if (it->op > DETECT_OP_CONTAINS)
        return !it->field.n || field_may(f, it->field);
    if (it->op == DETECT_OP_EXACT && it->field.n && it->text.n <= VALUE_BYTES_MAX)
        return has(f, key_of(KEY_VALUE, it->text, name_hash(it->field)));
    bool whole_first = it->op == DETECT_OP_EXACT || it->op == DETECT_OP_PREFIX || it->word_begins;
    bool whole_last = it->op == DETECT_OP_EXACT || it->op == DETECT_OP_SUFFIX || it->word_ends;
    return (!it->field.n || field_may(f, it->field)) && text_may(f, it->text, whole_first, whole_last);
}

bool filter_may(const struct filter *f, const struct detect_expr *e) {
    switch (e->kind) {
    case DETECT_NOT:
        return true;
    case DETECT_ITEM:
        return item_may(f, e->item);
    case DETECT_AND:
        for (uint32_t i = 0; i < e->n; i++)
            if (!filter_may(f, e->sub[i]))
                return false;
        return true;
    case DETECT_OR:
        for (uint32_t i = 0; i < e->n; i++)
            if (filter_may(f, e->sub[i]))
                return true;
        return false;
    }
    return true;
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
}

static uint32_t sum_of(const char *head, struct str blocks, struct str keys) {
    uint32_t sum = crc32c(crc32c(0, head, 36), head + 40, HEAD_BYTES - 40);
    return crc32c(crc32c(sum, blocks.p, blocks.n), keys.p, keys.n);
}

static size_t key_bytes(const struct filter *f) {
    return f->n_keys == FILTER_KEYS_UNTOLD ? 0 : (size_t) f->n_keys * KEY_BYTES;
}

struct writing {
    const struct filter *f;
};

static int write_all(int fd, void *ctx) {
    const struct filter *f = ((struct writing *) ctx)->f;
    struct str blocks = str_n((const char *) f->blocks, words_of(f) * 4);
    char head[HEAD_BYTES];
    write_head(f, head);
    struct str keys = str_n(f->keys ? (const char *) f->keys : "", key_bytes(f));
    uint32_t sum = sum_of(head, blocks, keys);
    memcpy(head + 36, &sum, 4);
    int r = file_write_all(fd, str_n(head, sizeof head));
    r = r < 0 ? r : file_write_all(fd, blocks);
    return r < 0 ? r : file_write_all(fd, keys);
}

int filter_write(const struct filter *f, const char *path, struct diag *reterr) {
    struct writing w = {f};
    return file_replace(path, write_all, &w, 0600, reterr);
}

static int read_bytes(const char *path, struct filter *ret, struct str s) {
    char head[HEAD_BYTES];
    struct filter f = {0};
    uint32_t sum;
    if (s.n < HEAD_BYTES)
        return -ERR_CORRUPT;
    memcpy(&f.blocks_log, s.p + 12, 4);
    memcpy(f.id, s.p + 16, 16);
    memcpy(&f.segment, s.p + 32, 4);
    memcpy(&sum, s.p + 36, 4);
    memcpy(&f.first, s.p + 40, 8);
    memcpy(&f.next, s.p + 48, 8);
    memcpy(&f.bytes, s.p + 56, 8);
    memcpy(&f.min_ns, s.p + 64, 8);
    memcpy(&f.max_ns, s.p + 72, 8);
    memcpy(f.made_by, s.p + 80, FILTER_MAKER_BYTES);
    memcpy(&f.n_keys, s.p + 96, 8);
    write_head(&f, head);
    memcpy(head + 36, &sum, 4);
    if ((f.n_keys > KEYS_MAX && f.n_keys != FILTER_KEYS_UNTOLD) || f.blocks_log < BLOCKS_LOG_MIN || f.blocks_log > BLOCKS_LOG_MAX || memcmp(head, s.p, HEAD_BYTES) != 0 ||
        s.n != HEAD_BYTES + words_of(&f) * 4 + key_bytes(&f) || sum != sum_of(s.p, str_from(s, HEAD_BYTES), STR("")))
        return -ERR_CORRUPT;
    f.blocks = mem_alloc(words_of(&f) * 4);
    f.keys = mem_alloc(key_bytes(&f) + 1);
    if (!f.blocks || !f.keys) {
        filter_done(&f);
        return -ENOMEM;
    }
    memcpy(f.blocks, s.p + HEAD_BYTES, words_of(&f) * 4);
    memcpy(f.keys, s.p + HEAD_BYTES + words_of(&f) * 4, key_bytes(&f));
    *ret = f;
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

int filter_read(const char *path, struct filter *ret, struct diag *reterr) {
    struct arena a;
    struct str s;
    arena_init(&a, ((size_t) 64 << BLOCKS_LOG_MAX) + 2 * (size_t) KEYS_MAX * KEY_BYTES + 4096);
    int r = file_read(&a, path, HEAD_BYTES + ((size_t) 32 << BLOCKS_LOG_MAX) + (size_t) KEYS_MAX * KEY_BYTES, &s, reterr);
    if (r == 0 && (r = read_bytes(path, ret, s)) < 0)
        diag_set_at(reterr, r, path, 0, 0, "this filter is %s", r == -ENOMEM ? "too large for memory" : "damaged or of another version");
    arena_done(&a);
    return r == -ERR_LIMIT ? -ERR_CORRUPT : r;
}
