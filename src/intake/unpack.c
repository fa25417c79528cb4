#include "intake/unpack.h"

#include "base/limits.h"
#include "base/mem.h"

#include <zlib.h>
#include <zstd.h>

/* Two decoders behind one loop: refill the input, let the decoder turn input into output, stop as
 * soon as there is output. Both formats allow several streams behind each other; between two of
 * them ("at_edge") the file may end, elsewhere its end is damage. */

/* The decoders write into a buffer of our own: with the caller's room they would give more or fewer
 * bytes before the same damage, and records must not depend on the batch size. */
enum { INPUT_BYTES = 128 * 1024, OUTPUT_BYTES = 128 * 1024 };

struct intake_unpack {
    int fd;
    enum intake_packing packing;
    bool at_edge; /* between two members or frames */
    bool input_end;
    bool ended; /* nothing more will come: zero padding behind the last gzip member */
    uint64_t consumed;
    size_t from, to;         /* unread part of in */
    size_t out_from, out_to; /* not yet handed out */
    z_stream gz;
    ZSTD_DStream *zst;
    unsigned char in[INPUT_BYTES];
    char out[OUTPUT_BYTES];
};

enum intake_packing intake_packing_of(struct str head) {
    const unsigned char *h = (const unsigned char *) head.p;
    if (head.n >= 3 && h[0] == 0x1f && h[1] == 0x8b && h[2] == 8)
        return INTAKE_GZIP;
    if (head.n >= 4 && h[1] == 0xb5 && h[0] == 0x28 && h[2] == 0x2f && h[3] == 0xfd)
        return INTAKE_ZSTD;
    /* a skippable frame, as pzstd and seekable writers put in front */
    if (head.n >= 4 && (h[0] & 0xf0) == 0x50 && h[1] == 0x2a && h[2] == 0x4d && h[3] == 0x18)
        return INTAKE_ZSTD;
    return INTAKE_PLAIN;
}

static voidpf gz_alloc(voidpf ctx UNUSED, uInt n, uInt size) {
    return mem_zalloc_array(n, size);
}
static void gz_free(voidpf ctx UNUSED, voidpf p) {
    mem_free(p);
}

int intake_unpack_new(int fd, enum intake_packing packing, struct str head,
                      struct intake_unpack **ret) {
    ASSERT(packing != INTAKE_PLAIN && head.n <= INPUT_BYTES);
    struct intake_unpack *u = mem_zalloc(sizeof *u);
    if (!u)
        return -ENOMEM;
    u->fd = fd;
    u->packing = packing;
    u->at_edge = true;
    u->to = head.n;
    memcpy(u->in, head.p, head.n);
    u->gz.zalloc = gz_alloc;
    u->gz.zfree = gz_free;
    if (packing == INTAKE_GZIP) {
        if (inflateInit2(&u->gz, 16 + MAX_WBITS) != Z_OK) {
            mem_free(u);
            return -ENOMEM;
        }
    } else {
        u->zst = ZSTD_createDStream();
        if (!u->zst) {
            mem_free(u);
            return -ENOMEM;
        }
        (void) ZSTD_DCtx_setParameter(u->zst, ZSTD_d_windowLogMax, READER_ZSTD_WINDOW_LOG_MAX);
    }
    *ret = u;
    return 0;
}

struct intake_unpack *intake_unpack_free(struct intake_unpack *u) {
    if (!u)
        return NULL;
    if (u->packing == INTAKE_GZIP)
        inflateEnd(&u->gz);
    ZSTD_freeDStream(u->zst);
    mem_free(u);
    return NULL;
}

uint64_t intake_unpack_consumed(const struct intake_unpack *u) {
    return u->consumed;
}

static int refill(struct intake_unpack *u, struct diag *reterr) {
    if (u->from < u->to || u->input_end)
        return 0;
    ssize_t got;
    do
        got = read(u->fd, u->in, sizeof u->in);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return diag_set(reterr, -errno, "cannot read: %s", err_word(-errno));
    u->input_end = got == 0;
    u->from = 0;
    u->to = (size_t) got;
    return 0;
}

/* Behind a gzip member come another member, zero bytes to fill a block (tape, some writers), or the
 * end. */
static int gz_next_member(struct intake_unpack *u, struct diag *reterr) {
    while (u->from < u->to && u->in[u->from] == 0 && u->consumed > 0) {
        u->from++;
        u->consumed++;
        u->ended = true;
    }
    if (u->from == u->to)
        return 0;
    if (u->ended)
        return diag_set(reterr, -ERR_PARSE, "bytes behind the end of the gzip stream");
    if (inflateReset(&u->gz) != Z_OK)
        return diag_set(reterr, -ERR_PARSE, "damaged gzip stream");
    u->at_edge = false;
    return 0;
}

/* A step: bytes made into u->out, 0 for none yet, negative for damage. */
static ssize_t gz_step(struct intake_unpack *u, struct diag *reterr) {
    if (u->at_edge) {
        int r = gz_next_member(u, reterr);
        if (r < 0 || u->at_edge)
            return r;
    }
    u->gz.next_in = u->in + u->from;
    u->gz.avail_in = (uInt) (u->to - u->from);
    u->gz.next_out = (unsigned char *) u->out;
    u->gz.avail_out = OUTPUT_BYTES;
    int r = inflate(&u->gz, Z_NO_FLUSH);
    u->consumed += u->to - u->from - u->gz.avail_in;
    u->from = u->to - u->gz.avail_in;
    u->at_edge = r == Z_STREAM_END;
    ssize_t made = (ssize_t) (OUTPUT_BYTES - u->gz.avail_out);
    if (r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR || made > 0)
        return made;
    if (r == Z_MEM_ERROR)
        return diag_set(reterr, -ENOMEM, "out of memory");
    return diag_set(reterr, -ERR_PARSE, "damaged gzip stream: %s", u->gz.msg ? u->gz.msg : "?");
}

static ssize_t zst_step(struct intake_unpack *u, struct diag *reterr) {
    ZSTD_inBuffer in = {.src = u->in, .size = u->to, .pos = u->from};
    ZSTD_outBuffer out = {.dst = u->out, .size = OUTPUT_BYTES};
    size_t r = ZSTD_decompressStream(u->zst, &out, &in);
    u->consumed += in.pos - u->from;
    u->from = in.pos;
    if (ZSTD_isError(r))
        return out.pos
                   ? (ssize_t) out.pos
                   : diag_set(reterr, -ERR_PARSE, "damaged zstd stream: %s", ZSTD_getErrorName(r));
    u->at_edge = r == 0;
    return (ssize_t) out.pos;
}

/* Fills u->out; 0 at the end. */
static ssize_t unpack_more(struct intake_unpack *u, struct diag *reterr) {
    for (;;) {
        int r = refill(u, reterr);
        if (r < 0)
            return r;
        bool no_more = u->from == u->to;
        if (no_more && u->at_edge)
            return 0;
        size_t before = u->from;
        ssize_t made = u->packing == INTAKE_GZIP ? gz_step(u, reterr) : zst_step(u, reterr);
        if (made != 0)
            return made;
        /* a decoder may still hold output when the input has ended; when it holds none, the end is
         * a cut */
        if (no_more && !u->at_edge)
            return diag_set(reterr, -ERR_PARSE, "the compressed stream ends too early");
        ASSERT(u->from > before || u->at_edge || no_more);
    }
}

ssize_t intake_unpack_read(struct intake_unpack *u, char *dst, size_t n, struct diag *reterr) {
    if (u->out_from == u->out_to) {
        ssize_t made = unpack_more(u, reterr);
        if (made <= 0)
            return made;
        u->out_from = 0;
        u->out_to = (size_t) made;
    }
    size_t give = MIN(n, u->out_to - u->out_from);
    memcpy(dst, u->out + u->out_from, give);
    u->out_from += give;
    return (ssize_t) give;
}
