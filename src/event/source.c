#include "event/source.h"

enum {
    TAG_ID = 1,
    TAG_NAME,
    TAG_KIND,
    TAG_PATH,
    TAG_DECODER,
    TAG_SERVICE,
    TAG_HOST,
    TAG_ENCODING,
    TAG_OFFSET,
    TAG_SKEW,
    TAG_USUAL,
    TAG_MAX_
};

static void add_field(struct buf *out, uint8_t tag, struct str value) {
    buf_add_byte(out, (char) tag);
    buf_add_byte(out, (char) (value.n & 0xff));
    buf_add_byte(out, (char) (value.n >> 8));
    buf_add(out, value);
}

static void add_number(struct buf *out, uint8_t tag, uint64_t v, size_t bytes) {
    char le[8];
    for (size_t i = 0; i < bytes; i++)
        le[i] = (char) (v >> 8 * i);
    add_field(out, tag, str_n(le, bytes));
}

bool source_is_ours(const struct source *s) {
    return str_eq_z(s->kind, "own") || str_eq_z(s->kind, "canary") || str_eq_z(s->kind, "replay-own");
}

int source_encode(const struct source *s, struct buf *out) {
    const struct str texts[] = {s->name, s->kind, s->path, s->decoder, s->service, s->host};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (texts[i].n > SOURCE_TEXT_BYTES_MAX)
            return -ERR_LIMIT;
    add_number(out, TAG_ID, s->id, 4);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (texts[i].n)
            add_field(out, (uint8_t) (TAG_NAME + i), texts[i]);
    add_number(out, TAG_ENCODING, (uint32_t) s->encoding, 4);
    add_number(out, TAG_OFFSET, (uint32_t) s->offset_min, 4);
    add_number(out, TAG_SKEW, (uint64_t) s->skew_max_ns, 8);
    if (s->usual)
        add_number(out, TAG_USUAL, (uint32_t) s->usual, 4);
    return buf_error(out);
}

static int read_number(struct str value, size_t bytes, uint64_t *ret) {
    if (value.n != bytes)
        return -ERR_PARSE;
    *ret = 0;
    for (size_t i = 0; i < bytes; i++)
        *ret |= (uint64_t) (unsigned char) value.p[i] << 8 * i;
    return 0;
}

static int read_field(struct source *s, unsigned tag, struct str value) {
    struct str *const texts[] = {&s->name, &s->kind, &s->path, &s->decoder, &s->service, &s->host};
    uint64_t v = 0;
    int r = 0;
    if (tag >= TAG_NAME && tag <= TAG_HOST) {
        if (value.n > SOURCE_TEXT_BYTES_MAX)
            return -ERR_PARSE;
        *texts[tag - TAG_NAME] = value;
    } else if (tag == TAG_SKEW) {
        r = read_number(value, 8, &v);
        s->skew_max_ns = (int64_t) v;
    } else if (tag == TAG_ID || tag == TAG_ENCODING || tag == TAG_OFFSET || tag == TAG_USUAL) {
        r = read_number(value, 4, &v);
        if (tag == TAG_ID)
            s->id = (uint32_t) v;
        else if (tag == TAG_ENCODING)
            s->encoding = (int) (uint32_t) v;
        else if (tag == TAG_USUAL)
            s->usual = (int) (uint32_t) v;
        else
            s->offset_min = (int) (uint32_t) v;
    }
    return r;
}

int source_decode(struct str bytes, struct source *ret) {
    struct source s = {0};
    unsigned seen = 0;
    while (bytes.n) {
        if (bytes.n < 3)
            return -ERR_PARSE;
        unsigned tag = (unsigned char) bytes.p[0];
        size_t n = (unsigned char) bytes.p[1] | (size_t) (unsigned char) bytes.p[2] << 8;
        if (n > bytes.n - 3 || (tag < TAG_MAX_ && seen & 1u << tag))
            return -ERR_PARSE;
        int r = read_field(&s, tag, str_n(bytes.p + 3, n));
        if (r < 0)
            return r;
        seen |= tag < TAG_MAX_ ? 1u << tag : 0;
        bytes = str_from(bytes, 3 + n);
    }
    const unsigned must =
        1u << TAG_ID | 1u << TAG_NAME | 1u << TAG_ENCODING | 1u << TAG_OFFSET | 1u << TAG_SKEW;
    if ((seen & must) != must)
        return -ERR_PARSE;
    *ret = s;
    return 0;
}
