#include "spool/format.h"

#include "base/le.h"
#include "base/hash.h"

static const char magic[8] = {'K', 'Z', 'K', 'S', 'P', 'O', 'O', 'L'};

enum { META_PEER = 1, META_RESUME };

void spool_header_encode(const struct spool_header *h, char dst[SPOOL_HEADER_BYTES]) {
    memset(dst, 0, SPOOL_HEADER_BYTES);
    memcpy(dst, magic, sizeof magic);
    le_put(dst + 8, SPOOL_VERSION, 4);
    le_put(dst + 12, h->segment, 4);
    le_put(dst + 16, h->first, 8);
    le_put(dst + 24, (uint64_t) h->created_ns, 8);
    memcpy(dst + 32, h->id, SPOOL_ID_BYTES);
    le_put(dst + 60, crc32c(0, dst, 60), 4);
}

int spool_header_decode(const char *p, size_t n, struct spool_header *ret) {
    if (n < SPOOL_HEADER_BYTES || memcmp(p, magic, sizeof magic) != 0)
        return -ERR_CORRUPT;
    if (le_get(p + 60, 4) != crc32c(0, p, 60))
        return -ERR_CORRUPT;
    if (le_get(p + 8, 4) != SPOOL_VERSION)
        return -ERR_UNSUPPORTED;
    ret->segment = (uint32_t) le_get(p + 12, 4);
    ret->first = le_get(p + 16, 8);
    ret->created_ns = (int64_t) le_get(p + 24, 8);
    memcpy(ret->id, p + 32, SPOOL_ID_BYTES);
    return ret->segment == 0 || ret->first == 0 ? -ERR_CORRUPT : 0;
}

enum spool_type spool_type_of(const struct raw_record *rec) {
    if (rec->flags & RAW_TICK)
        return SPOOL_TICK;
    if (rec->flags & RAW_SOURCE)
        return SPOOL_SOURCE;
    return rec->flags & RAW_STATE ? SPOOL_STATE : SPOOL_LINE;
}

static size_t meta_encode(const struct raw_record *rec, char *dst) {
    size_t n = 0;
    if (rec->peer.n) {
        dst[n++] = META_PEER;
        dst[n++] = (char) rec->peer.n;
        memcpy(dst + n, rec->peer.p, rec->peer.n);
        n += rec->peer.n;
    }
    if (rec->resume.p) {
        dst[n++] = META_RESUME;
        dst[n++] = (char) (4 + rec->resume.n);
        le_put(dst + n, rec->resume_key, 4);
        n += 4;
        memcpy(dst + n, rec->resume.p, rec->resume.n);
        n += rec->resume.n;
    }
    return n;
}

uint32_t spool_frame_seed(const struct spool_header *h) {
    char index[4];
    le_put(index, h->segment, 4);
    return crc32c(crc32c(0, h->id, sizeof h->id), index, sizeof index);
}

static uint32_t frame_crc(const char *p, size_t padded, uint32_t seed) {
    return crc32c(crc32c(seed, p, 4), p + 8, padded - 8);
}

static size_t pad8(size_t n) {
    return (n + 7) & ~(size_t) 7;
}

int spool_frame_encode(struct buf *out, uint32_t seed, enum spool_type type,
                       const struct raw_record *rec) {
    if (rec->bytes.n > SPOOL_RECORD_BYTES_MAX || rec->peer.n > RAW_PEER_BYTES_MAX ||
        rec->resume.n > RAW_RESUME_BYTES_MAX || rec->flags > UINT16_MAX)
        return -ERR_LIMIT;
    char *p = buf_reserve(out, SPOOL_FRAME_HEAD_BYTES + SPOOL_META_BYTES_MAX + rec->bytes.n + 8);
    if (!p) {
        int r = buf_error(out);
        out->error = 0; /* nothing was added, and the frames before it are worth keeping */
        return r;
    }
    size_t meta_n = meta_encode(rec, p + SPOOL_FRAME_HEAD_BYTES);
    size_t n = SPOOL_FRAME_HEAD_BYTES + meta_n + rec->bytes.n;
    le_put(p, n, 4);
    le_put(p + 8, rec->pos.n, 8);
    le_put(p + 16, (uint64_t) rec->arrival_ns, 8);
    le_put(p + 24, rec->source, 4);
    p[28] = (char) type;
    p[29] = (char) meta_n;
    le_put(p + 30, rec->flags, 2);
    if (rec->bytes.n)
        memcpy(p + SPOOL_FRAME_HEAD_BYTES + meta_n, rec->bytes.p, rec->bytes.n);
    memset(p + n, 0, pad8(n) - n);
    le_put(p + 4, frame_crc(p, pad8(n), seed), 4);
    buf_added(out, pad8(n));
    return 0;
}

static int meta_decode(const char *p, size_t n, struct raw_record *rec) {
    while (n) {
        size_t len = n < 2 ? n : (unsigned char) p[1];
        if (n < 2 || len > n - 2)
            return -ERR_CORRUPT;
        if (p[0] == META_PEER) {
            rec->peer = str_n(p + 2, len);
        } else if (p[0] == META_RESUME) {
            if (len < 4)
                return -ERR_CORRUPT;
            rec->resume_key = (uint32_t) le_get(p + 2, 4);
            rec->resume = str_n(p + 6, len - 4);
        }
        p += 2 + len;
        n -= 2 + len;
    }
    return 0;
}

int spool_frame_decode(const char *p, size_t n, uint32_t seed, struct spool_frame *ret) {
    if (n < 4)
        return 0;
    size_t size = le_get(p, 4);
    if (size < SPOOL_FRAME_HEAD_BYTES || size > SPOOL_FRAME_BYTES_MAX)
        return -ERR_CORRUPT;
    size_t padded = pad8(size);
    if (n < padded)
        return 0;
    if (le_get(p + 4, 4) != frame_crc(p, padded, seed))
        return -ERR_CORRUPT;
    size_t meta_n = (unsigned char) p[29];
    unsigned type = (unsigned char) p[28];
    if (type == 0 || type >= SPOOL_TYPE_MAX_ || meta_n > size - SPOOL_FRAME_HEAD_BYTES)
        return -ERR_CORRUPT;
    const char *bytes = p + SPOOL_FRAME_HEAD_BYTES + meta_n;
    ret->type = (enum spool_type) type;
    ret->size = padded;
    ret->leaf = str_n(p + 8, size - 8);
    ret->rec = (struct raw_record){
        .bytes = str_n(bytes, size - SPOOL_FRAME_HEAD_BYTES - meta_n),
        .arrival_ns = (int64_t) le_get(p + 16, 8),
        .pos.n = le_get(p + 8, 8),
        .source = (uint32_t) le_get(p + 24, 4),
        .flags = (uint32_t) le_get(p + 30, 2),
    };
    return meta_decode(p + SPOOL_FRAME_HEAD_BYTES, meta_n, &ret->rec) < 0 ? -ERR_CORRUPT : 1;
}

bool spool_frame_plausible(const char *p, size_t n, uint64_t first, uint64_t last) {
    if (n < SPOOL_FRAME_HEAD_BYTES)
        return false;
    size_t size = le_get(p, 4);
    uint64_t number = le_get(p + 8, 8);
    return size >= SPOOL_FRAME_HEAD_BYTES && size <= SPOOL_FRAME_BYTES_MAX && number >= first &&
           number <= last;
}

const char *spool_segment_name(uint32_t segment, char dst[SPOOL_NAME_CAP]) {
    (void) snprintf(dst, SPOOL_NAME_CAP, "%08u.seg", segment);
    return dst;
}

const char *spool_sealed_name(uint32_t segment, char dst[SPOOL_NAME_CAP]) {
    (void) snprintf(dst, SPOOL_NAME_CAP, "%08u.seg.zst", segment);
    return dst;
}

bool spool_segment_parse(const char *name, uint32_t *ret_segment) {
    char again[SPOOL_NAME_CAP];
    uint64_t v;
    struct str s = str_of(name);
    bool sealed = str_ends(s, STR(".zst"));
    if (sealed)
        s = str_to(s, s.n - 4);
    if (!str_ends(s, STR(".seg")) || str_to_u64(str_to(s, s.n - 4), &v) < 0 || v == 0 ||
        v > UINT32_MAX)
        return false;
    *ret_segment = (uint32_t) v;
    return strcmp((sealed ? spool_sealed_name : spool_segment_name)(*ret_segment, again), name) == 0;
}

const char *spool_checkpoint_name(uint32_t segment, char dst[SPOOL_NAME_CAP]) {
    (void) snprintf(dst, SPOOL_NAME_CAP, "%08u.checkpoint", segment);
    return dst;
}

bool spool_checkpoint_parse(const char *name, uint32_t *ret_segment) {
    char again[SPOOL_NAME_CAP];
    uint64_t v;
    struct str s = str_of(name);
    if (!str_ends(s, STR(".checkpoint")) || str_to_u64(str_to(s, s.n - 11), &v) < 0 || v == 0 ||
        v > UINT32_MAX)
        return false;
    *ret_segment = (uint32_t) v;
    return strcmp(spool_checkpoint_name(*ret_segment, again), name) == 0;
}
