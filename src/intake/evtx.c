/* EVTX files: a header of 4096 bytes, then chunks of 65536, each with records of its own and the names and
 * templates they use. Byte by byte (little endian):
 *
 *   file   0 "ElfFile\0"  120 u32 flags (1: not closed)  124 u32 CRC-32 of 0…120
 *   chunk  0 "ElfChnk\0"  48 u32 end of the records  52 u32 CRC-32 of the records
 *          124 u32 CRC-32 of 0…120 and 128…512, records from 512 on
 *   record 0 "**\0\0"  4 u32 size  8 u64 id  16 u64 FILETIME  24 binary XML … size - 4: u32 size again
 *
 * The number of chunks is taken from the file's length, not from its header, which is stale in a log that was copied
 * while in use. Whatever does not look like a record is stepped over in steps of eight, the alignment records have. */
#include "intake/evtx.h"

#include <zlib.h>

#include "base/mem.h"
#include "intake/evtx_priv.h"

enum { FILE_HEAD = 4096, CHUNK_HEAD = 512, RECORD_HEAD = 24, RECORD_MIN = 28, NOT_CLOSED = 1 };

struct intake_evtx {
    intake_evtx_source *source;
    void *ctx;
    uint8_t head[INTAKE_EVTX_HEAD_BYTES];
    size_t n_head;
    bool started, ended, dirty;
    uint32_t at, end; /* in the chunk; at == end: the next one */
    struct buf out;
    size_t given;
    struct {
        uint64_t records, cut, unread, chunks, checksums;
        bool torn;
    } n;
    struct evtx_record record;
    uint8_t chunk[EVTX_CHUNK_BYTES];
};

static const char magic_file[] = "ElfFile", magic_chunk[] = "ElfChnk";

bool intake_is_evtx(struct str head) {
    return head.n >= sizeof magic_file && memcmp(head.p, magic_file, sizeof magic_file) == 0;
}

int intake_evtx_new(intake_evtx_source *source, void *ctx, struct str head, struct intake_evtx **ret) {
    struct intake_evtx *e = mem_zalloc(sizeof *e);
    ASSERT(head.n <= sizeof e->head);
    if (!e)
        return -ENOMEM;
    e->source = source;
    e->ctx = ctx;
    e->n_head = head.n;
    memcpy(e->head, head.p, head.n);
    buf_init(&e->out, EVTX_LINE_BYTES_MAX);
    *ret = e;
    return 0;
}

struct intake_evtx *intake_evtx_free(struct intake_evtx *e) {
    if (e)
        buf_done(&e->out);
    mem_free(e);
    return NULL;
}

/* Fills dst as far as the file goes. */
static ssize_t read_whole(struct intake_evtx *e, uint8_t *dst, size_t n, struct diag *reterr) {
    size_t have = MIN(e->n_head, n);
    memcpy(dst, e->head, have);
    e->n_head = 0;
    while (have < n) {
        ssize_t got = e->source(e->ctx, (char *) dst + have, n - have, reterr);
        if (got < 0)
            return got;
        if (got == 0)
            break;
        have += (size_t) got;
    }
    return (ssize_t) have;
}

static int read_head(struct intake_evtx *e, struct diag *reterr) {
    ssize_t n = read_whole(e, e->chunk, FILE_HEAD, reterr);
    if (n < 0)
        return (int) n;
    e->started = true;
    e->dirty = n >= 124 && evtx_u32(e->chunk + 120) & NOT_CLOSED;
    e->n.torn = n < FILE_HEAD;
    e->ended = e->n.torn;
    return 0;
}

static bool checks_out(const uint8_t *c, uint32_t end) {
    uint32_t head = (uint32_t) crc32(crc32(0, c, 120), c + 128, CHUNK_HEAD - 128);
    return head == evtx_u32(c + 124) &&
           (uint32_t) crc32(0, c + CHUNK_HEAD, end - CHUNK_HEAD) == evtx_u32(c + 52);
}

static bool is_zero(const uint8_t *p, size_t n) {
    while (n && !*p) {
        p++;
        n--;
    }
    return n == 0;
}

static int next_chunk(struct intake_evtx *e, struct diag *reterr) {
    ssize_t n = read_whole(e, e->chunk, sizeof e->chunk, reterr);
    if (n < 0)
        return (int) n;
    e->ended = n < (ssize_t) sizeof e->chunk;
    e->n.torn |= n > 0 && e->ended;
    memset(e->chunk + n, 0, sizeof e->chunk - (size_t) n);
    e->at = e->end = 0;
    if (memcmp(e->chunk, magic_chunk, sizeof magic_chunk) != 0) {
        e->n.chunks += n > 0 && !is_zero(e->chunk, sizeof e->chunk); /* zeros: room for later */
        return 0;
    }
    uint32_t end = evtx_u32(e->chunk + 48);
    bool sane = end >= CHUNK_HEAD && end <= EVTX_CHUNK_BYTES;
    e->n.checksums += !e->dirty && !(sane && checks_out(e->chunk, end));
    e->at = CHUNK_HEAD;
    e->end = sane && !e->dirty ? end : EVTX_CHUNK_BYTES;
    return 0;
}

/* The size of the record at e->at, or 0. */
static uint32_t record_size(const struct intake_evtx *e) {
    const uint8_t *p = e->chunk + e->at;
    uint32_t left = EVTX_CHUNK_BYTES - e->at;
    if (left < RECORD_MIN || memcmp(p, "**\0\0", 4) != 0)
        return 0;
    uint32_t size = evtx_u32(p + 4);
    return size >= RECORD_MIN && size <= left && evtx_u32(p + size - 4) == size ? size : 0;
}

/* Past what is no record; true when something was there to be lost. */
static bool step_over(struct intake_evtx *e) {
    uint32_t from = e->at;
    do
        e->at += 8;
    while (e->at < e->end && !record_size(e));
    e->at = MIN(e->at, e->end);
    return !is_zero(e->chunk + from, e->at - from);
}

/* One line into e->out. Values are cut only where the line would not fit a record of ours. */
static int write_record(struct intake_evtx *e, uint32_t size) {
    static const size_t maxima[] = {SIZE_MAX, 16384, 4096, 512, 32, 0};
    bool cut = false, whole = evtx_tree(&e->record, e->chunk, e->at + RECORD_HEAD, e->at + size - 4) == 0;
    e->n.cut += !whole;
    e->n.records++;
    for (size_t i = 0; i < ARRAY_SIZE(maxima); i++) {
        buf_clear(&e->out);
        evtx_json(&e->record, maxima[i],
                  !whole      ? "this record of the event log is damaged"
                  : cut || i  ? "long values of this record are cut"
                              : NULL,
                  &e->out, &cut);
        if (buf_error(&e->out) == -ENOMEM)
            return -ENOMEM;
        if (!buf_error(&e->out) && e->out.n <= LINE_BYTES_MAX)
            break;
    }
    if (buf_error(&e->out) || e->out.n > LINE_BYTES_MAX) {
        buf_clear(&e->out);
        buf_add_z(&e->out, "{\"error\":{\"message\":\"this record of the event log has too many fields\"}}");
    }
    buf_add_byte(&e->out, '\n');
    e->given = 0;
    return buf_error(&e->out);
}

/* 1: a line is in e->out, 0: the end. */
static int next_record(struct intake_evtx *e, struct diag *reterr) {
    int r = e->started ? 0 : read_head(e, reterr);
    while (r == 0) {
        if (e->at >= e->end) {
            if (e->ended)
                return 0;
            r = next_chunk(e, reterr);
            continue;
        }
        uint32_t size = record_size(e);
        if (!size) {
            e->n.unread += step_over(e) && !e->dirty;
            continue;
        }
        r = write_record(e, size);
        if (r < 0)
            return diag_set(reterr, r, "out of memory");
        e->at += size;
        return 1;
    }
    return r;
}

static int tell_damage(struct intake_evtx *e, struct diag *reterr) {
    char what[300] = "";
    struct {
        uint64_t n;
        const char *one, *many;
    } const rows[] = {
        {e->n.chunks, "chunk is no chunk", "chunks are no chunks"},
        {e->n.unread, "stretch holds no record", "stretches hold no record"},
        {e->n.cut, "record breaks off", "records break off"},
        {e->n.checksums, "chunk has a wrong checksum", "chunks have a wrong checksum"},
        {e->n.torn, "end is missing", "ends are missing"},
    };
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].n)
            at += (size_t) snprintf(what + at, sizeof what - at, "%s%llu %s", at ? ", " : "",
                                    (unsigned long long) rows[i].n, rows[i].n == 1 ? rows[i].one : rows[i].many);
    if (!at)
        return 0;
    return diag_set(reterr, -ERR_PARSE, "the event log is damaged (%s); %llu records were read", what,
                    (unsigned long long) e->n.records);
}

ssize_t intake_evtx_read(struct intake_evtx *e, char *dst, size_t n, struct diag *reterr) {
    if (e->given == e->out.n) {
        int r = next_record(e, reterr);
        if (r < 0)
            return r;
        if (r == 0)
            return tell_damage(e, reterr);
    }
    size_t give = MIN(n, e->out.n - e->given);
    memcpy(dst, e->out.p + e->given, give);
    e->given += give;
    return (ssize_t) give;
}
