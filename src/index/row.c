/* See row.h. */
#include "index/row.h"

#include "base/hash.h"

void index_row_init(struct index_row *row) {
    *row = (struct index_row){0};
    buf_init(&row->text, INDEX_TEXT_BYTES_MAX);
}

void index_row_done(struct index_row *row) {
    buf_done(&row->text);
}

void index_row_begin(struct index_row *row, enum index_kind kind, uint32_t segment, uint64_t n, uint64_t place) {
    row->kind = kind;
    row->rough = false;
    row->segment = segment;
    row->source = row->width = 0;
    row->n = n;
    row->place = place;
    row->time_s = 0;
    row->n_hosts = row->n_users = row->n_v4 = row->n_v6 = row->n_digests = 0;
    buf_clear(&row->text);
}

static void add_name(struct index_row *row, struct str *names, size_t *n, struct str name) {
    for (size_t i = 0; i < *n; i++)
        if (str_eq(names[i], name))
            return;
    if (*n == INDEX_VALUES_MAX)
        row->rough = true;
    else
        names[(*n)++] = name;
}

void index_row_host(struct index_row *row, struct str name) {
    add_name(row, row->hosts, &row->n_hosts, name);
}

void index_row_user(struct index_row *row, struct str name) {
    add_name(row, row->users, &row->n_users, name);
}

static void add_number(struct index_row *row, uint32_t *numbers, size_t *n, uint32_t number) {
    for (size_t i = 0; i < *n; i++)
        if (numbers[i] == number)
            return;
    if (*n == INDEX_VALUES_MAX)
        row->rough = true;
    else
        numbers[(*n)++] = number;
}

uint32_t index_v4(const struct ip *ip) {
    return (uint32_t) ip->bytes[0] << 24 | (uint32_t) ip->bytes[1] << 16 | (uint32_t) ip->bytes[2] << 8 | ip->bytes[3];
}

void index_row_ip(struct index_row *row, const struct ip *ip) {
    if (ip->version == 4) {
        add_number(row, row->v4, &row->n_v4, index_v4(ip));
        return;
    }
    for (size_t i = 0; i < row->n_v6; i++)
        if (ip_eq(&row->v6[i], ip))
            return;
    if (row->n_v6 == INDEX_VALUES_MAX)
        row->rough = true;
    else
        row->v6[row->n_v6++] = *ip;
}

bool index_digest(struct str folded, uint32_t *ret) {
    if (folded.n != 32 && folded.n != 40 && folded.n != 64)
        return false;
    for (size_t i = 0; i < folded.n; i++)
        if (!ascii_digit(folded.p[i]) && !(folded.p[i] >= 'a' && folded.p[i] <= 'f'))
            return false;
    *ret = (uint32_t) hash_fast(folded, 0);
    return true;
}

/* ---- a text ---- */

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_digit(c);
}

/* Numbers up to 255 with single dots between; any four in a row are an address somebody may look for. */
struct quad {
    uint32_t numbers; /* the last four, a byte each */
    unsigned n;
};

static bool small_number(const char *p, size_t n, uint32_t *ret) {
    uint32_t v = 0;
    if (n > 3 || (n > 1 && p[0] == '0'))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!ascii_digit(p[i]))
            return false;
        v = v * 10 + (uint32_t) (p[i] - '0');
    }
    *ret = v;
    return v <= 255;
}

/* Words with single dots between, the first of which ends at the dot `dot`. Returns where they end. */
static const char *take_dotted(struct index_row *row, const char *begin, const char *dot, const char *end) {
    struct quad q = {.n = 0};
    const char *p = dot;
    while (p > begin && is_word(p[-1]))
        p--;
    for (;;) {
        const char *from = p;
        uint32_t number;
        while (p < end && is_word(*p))
            p++;
        q.n = small_number(from, (size_t) (p - from), &number) ? q.n + 1 : 0;
        q.numbers = q.numbers << 8 | (q.n ? number : 0);
        if (q.n >= 4)
            add_number(row, row->v4, &row->n_v4, q.numbers);
        if (p + 1 >= end || *p != '.' || !is_word(p[1]))
            return p;
        p++;
    }
}

static void take_addresses(struct index_row *row, struct str s) {
    const char *p = s.p, *end = s.p + s.n;
    while (p < end && (p = memchr(p, '.', (size_t) (end - p)))) {
        bool between = p > s.p && ascii_digit(p[-1]) && p + 1 < end && ascii_digit(p[1]);
        p = between ? take_dotted(row, s.p, p, end) : p + 1;
    }
}

static bool is_hex(char c) {
    return ascii_digit(c) || (c >= 'a' && c <= 'f');
}

/* A digest has 32 characters at least, so one of every 32nd is of it, and all beside that one within it are of it, too. */
static void take_digests(struct index_row *row, struct str s) {
    enum { SHORTEST = 32, LONGEST = 64 };
    for (size_t i = SHORTEST - 1; i < s.n; i += SHORTEST) {
        size_t from = i, to = i;
        uint32_t digest;
        while (from > 0 && i - from < LONGEST && is_hex(s.p[from - 1]))
            from--;
        while (to < s.n && to - from <= LONGEST && is_hex(s.p[to]))
            to++;
        if (to - from < SHORTEST || (from > 0 && is_word(s.p[from - 1])) || (to < s.n && is_word(s.p[to])))
            continue;
        if (index_digest(str_n(s.p + from, to - from), &digest))
            add_number(row, row->digests, &row->n_digests, digest);
    }
}

static void take_others(struct index_row *row, struct str s) {
    const char *end = s.p + s.n;
    for (const char *p = s.p; p < end;) {
        uint64_t eight;
        if (end - p >= 8 && (memcpy(&eight, p, 8), !(eight & 0x8080808080808080ull))) {
            p += 8;
            continue;
        }
        const char *from = p;
        while (p < end && (unsigned char) *p >= 0x80)
            p++;
        if (p == from) {
            p++;
            continue;
        }
        if (row->text.n)
            buf_add_byte(&row->text, ' ');
        buf_add(&row->text, str_n(from, (size_t) (p - from)));
    }
}

void index_row_text(struct index_row *row, struct str s) {
    take_addresses(row, s);
    take_digests(row, s);
    take_others(row, s);
}

/* ---- RowBinary ---- */

static void put_le(struct buf *out, uint64_t v, size_t n) {
    char *p = buf_reserve(out, n);
    if (!p)
        return;
    for (size_t i = 0; i < n; i++)
        p[i] = (char) (v >> 8 * i);
    buf_added(out, n);
}

static void put_count(struct buf *out, uint64_t v) {
    for (; v >= 0x80; v >>= 7)
        buf_add_byte(out, (char) (v | 0x80));
    buf_add_byte(out, (char) v);
}

static void put_names(struct buf *out, const struct str *names, size_t n) {
    put_count(out, n);
    for (size_t i = 0; i < n; i++) {
        put_count(out, names[i].n);
        buf_add(out, names[i]);
    }
}

static void put_numbers(struct buf *out, const uint32_t *numbers, size_t n) {
    put_count(out, n);
    for (size_t i = 0; i < n; i++)
        put_le(out, numbers[i], 4);
}

void index_row_write(const struct index_row *row, uint64_t made, struct buf *out) {
    bool whole = buf_error(&row->text) == 0;
    put_le(out, made, 8);
    put_le(out, row->kind, 1);
    put_le(out, row->segment, 4);
    put_le(out, row->n, 8);
    put_le(out, row->width, 4);
    put_le(out, row->place, 8);
    put_le(out, row->rough || !whole, 1);
    put_le(out, (uint64_t) row->time_s, 8);
    put_le(out, row->source, 4);
    put_names(out, row->hosts, row->n_hosts);
    put_names(out, row->users, row->n_users);
    put_numbers(out, row->v4, row->n_v4);
    put_count(out, row->n_v6);
    for (size_t i = 0; i < row->n_v6; i++)
        buf_add(out, str_n((const char *) row->v6[i].bytes, 16));
    put_numbers(out, row->digests, row->n_digests);
    struct str text = whole ? buf_str(&row->text) : STR("");
    put_count(out, text.n);
    buf_add(out, text);
}

/* ---- answers ---- */

static uint64_t get_le(const char *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | (unsigned char) p[i];
    return v;
}

int index_found_read(struct str answer, size_t at, struct index_found *ret) {
    if (at > answer.n || answer.n - at < INDEX_FOUND_BYTES)
        return -ERR_CORRUPT;
    const char *p = answer.p + at;
    uint64_t kind = get_le(p, 1);
    *ret = (struct index_found){.kind = (enum index_kind) kind, .segment = (uint32_t) get_le(p + 1, 4), .n = get_le(p + 13, 8),
                                .next = get_le(p + 21, 8), .place = get_le(p + 29, 8), .width = get_le(p + 37, 8), .rough = p[45] != 0};
    return kind <= INDEX_SOURCE && ret->next >= ret->n ? 0 : -ERR_CORRUPT;
}
