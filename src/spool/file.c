#include "spool/file.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "spool/format.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zstd.h>

/* Seek table: entries of compressed and decompressed size, 4 bytes each; then their number, a descriptor byte and a
 * magic number. The whole is the content of a skippable frame (8 bytes before it: magic, size). */
enum {
    TABLE_MAGIC = 0x184d2a5e,
    ENTRY_BYTES = 8,
    FOOTER_BYTES = 9,
    SKIP_BYTES = 8,
    DESCRIPTOR = 0, /* no checksums in the table: the frames have their own */
};
static const uint32_t footer_magic = 0x8f92eab1u;

struct piece {
    uint64_t at, from; /* in the segment, in the file */
};
/* A reader looks ahead over records it hands out next, so it comes back to pieces before the one it was at: with one slot
 * everything would be decompressed twice. */
enum { SLOTS_BYTES = 3 << 20, SLOTS_MAX = SLOTS_BYTES / SPOOL_PIECE_BYTES_MIN };
struct slot {
    uint32_t piece; /* 1 + index, 0 = none */
    uint64_t used;
    char *bytes;
};
struct spool_pieces {
    uint32_t n, damaged, n_slots;
    size_t bytes; /* of each but the last */
    uint64_t uses;
    ZSTD_DCtx *dctx;
    struct slot slot[SLOTS_MAX];
    char *packed;
    bool *bad;
    struct piece at[]; /* n + 1: the last one is the end */
};

struct spool_file spool_file_plain(int fd) {
    return (struct spool_file){.fd = fd};
}

void spool_file_close(struct spool_file *f) {
    if (f->pieces) {
        ZSTD_freeDCtx(f->pieces->dctx);
        for (uint32_t i = 0; i < SLOTS_MAX; i++)
            mem_free(f->pieces->slot[i].bytes);
        mem_free(f->pieces->packed);
        mem_free(f->pieces->bad);
        mem_free(f->pieces);
    }
    if (f->fd >= 0)
        close(f->fd);
    *f = (struct spool_file){.fd = -1};
}

static uint32_t get32(const unsigned char *p) {
    return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}
static void put32(unsigned char *p, uint32_t v) {
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char) (v >> 8 * i);
}

/* ---- the seek table ---- */

/* Of the first one, when there are others. */
static size_t piece_bytes(uint32_t n, const unsigned char *table) {
    uint32_t first = n > 1 ? get32(table + 4) : SPOOL_PIECE_BYTES_MAX;
    return first >= SPOOL_PIECE_BYTES_MIN && first <= SPOOL_PIECE_BYTES_MAX && !(first & (first - 1)) ? first : 0;
}

/* Offsets from sizes. The table must account for every byte before it. */
static int pieces_place(struct spool_pieces *p, const unsigned char *table, uint64_t table_at) {
    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t packed = get32(table + (size_t) i * ENTRY_BYTES);
        uint32_t plain = get32(table + (size_t) i * ENTRY_BYTES + 4);
        if (plain == 0 || plain > p->bytes || packed > ZSTD_COMPRESSBOUND(plain) || (i + 1 < p->n && plain != p->bytes))
            return -ERR_CORRUPT;
        p->at[i + 1] = (struct piece){.at = p->at[i].at + plain, .from = p->at[i].from + packed};
    }
    return p->at[p->n].from == table_at ? 0 : -ERR_CORRUPT;
}

static int pieces_new(uint32_t n, size_t bytes, struct spool_pieces **ret) {
    struct spool_pieces *p = mem_zalloc(sizeof *p + (n + 1) * sizeof p->at[0]);
    if (!p)
        return -ENOMEM;
    p->n = n;
    p->bytes = bytes;
    p->n_slots = (uint32_t) (SLOTS_BYTES / bytes);
    p->dctx = ZSTD_createDCtx();
    p->packed = mem_alloc(ZSTD_COMPRESSBOUND(bytes));
    p->bad = mem_zalloc(n + 1);
    *ret = p;
    return p->dctx && p->packed && p->bad ? 0 : -ENOMEM;
}

static int pieces_open(int fd, struct spool_pieces **ret) {
    struct stat st;
    unsigned char footer[FOOTER_BYTES], head[SKIP_BYTES];
    if (fstat(fd, &st) < 0)
        return -errno;
    uint64_t size = (uint64_t) st.st_size;
    if (size < SKIP_BYTES + FOOTER_BYTES)
        return -ERR_CORRUPT;
    ssize_t got = file_read_at(fd, footer, sizeof footer, size - sizeof footer);
    if (got < 0)
        return (int) got;
    uint32_t n = get32(footer);
    uint64_t table_bytes = (uint64_t) n * ENTRY_BYTES + FOOTER_BYTES;
    if (get32(footer + 5) != footer_magic || footer[4] != DESCRIPTOR || n > SPOOL_PIECES_MAX ||
        table_bytes + SKIP_BYTES > size)
        return -ERR_CORRUPT;
    uint64_t table_at = size - table_bytes - SKIP_BYTES;
    got = file_read_at(fd, head, sizeof head, table_at);
    if (got < 0)
        return (int) got;
    if (get32(head) != TABLE_MAGIC || get32(head + 4) != table_bytes)
        return -ERR_CORRUPT;
    unsigned char *table = mem_alloc(table_bytes);
    if (!table)
        return -ENOMEM;
    got = file_read_at(fd, table, table_bytes, table_at + SKIP_BYTES);
    int r = got < 0 ? (int) got : (size_t) got < table_bytes || !piece_bytes(n, table) ? -ERR_CORRUPT : pieces_new(n, piece_bytes(n, table), ret);
    if (r == 0)
        r = pieces_place(*ret, table, table_at);
    mem_free(table);
    return r;
}

int spool_file_sealed(int fd, struct spool_file *ret) {
    *ret = spool_file_plain(fd);
    int r = pieces_open(fd, &ret->pieces);
    if (r < 0)
        spool_file_close(ret);
    return r;
}

int spool_file_open(int dir_fd, uint32_t segment, struct spool_file *ret) {
    char name[SPOOL_NAME_CAP];
    *ret = spool_file_plain(-1);
    int fd = openat(dir_fd, spool_segment_name(segment, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        *ret = spool_file_plain(fd);
        return 0;
    }
    if (errno != ENOENT)
        return -errno;
    fd = openat(dir_fd, spool_sealed_name(segment, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : spool_file_sealed(fd, ret);
}

/* ---- reading ---- */

static struct slot *slot_of(struct spool_pieces *p, uint32_t i) {
    struct slot *best = &p->slot[0];
    for (uint32_t k = 0; k < p->n_slots; k++) {
        if (p->slot[k].piece == i + 1)
            return &p->slot[k];
        if (p->slot[k].used < best->used)
            best = &p->slot[k];
    }
    return best;
}

/* Zeros where the piece is damaged. */
static int load(struct spool_file *f, uint32_t i, const char **ret) {
    struct spool_pieces *p = f->pieces;
    struct slot *s = slot_of(p, i);
    if (!s->bytes && !(s->bytes = mem_alloc(p->bytes)))
        return -ENOMEM;
    s->used = ++p->uses;
    *ret = s->bytes;
    if (s->piece == i + 1)
        return 0;
    size_t plain = p->at[i + 1].at - p->at[i].at, packed = p->at[i + 1].from - p->at[i].from;
    s->piece = 0;
    ssize_t got = file_read_at(f->fd, p->packed, packed, p->at[i].from);
    if (got < 0)
        return (int) got;
    size_t n = ZSTD_decompressDCtx(p->dctx, s->bytes, plain, p->packed, (size_t) got);
    s->piece = i + 1;
    if (n == plain)
        return 0;
    memset(s->bytes, 0, plain);
    p->damaged += !p->bad[i];
    p->bad[i] = true;
    return 0;
}

ssize_t spool_file_read(struct spool_file *f, void *dst, size_t n, uint64_t at) {
    struct spool_pieces *p = f->pieces;
    size_t done = 0;
    if (!p)
        return file_read_at(f->fd, dst, n, at);
    while (done < n && at + done < p->at[p->n].at) {
        uint32_t i = (uint32_t) ((at + done) / p->bytes);
        const char *bytes;
        int r = load(f, i, &bytes);
        if (r < 0)
            return r;
        size_t from = (size_t) (at + done - p->at[i].at);
        size_t k = MIN(n - done, (size_t) (p->at[i + 1].at - p->at[i].at) - from);
        memcpy((char *) dst + done, bytes + from, k);
        done += k;
    }
    return (ssize_t) done;
}

int64_t spool_file_size(const struct spool_file *f) {
    struct stat st;
    if (f->pieces)
        return (int64_t) f->pieces->at[f->pieces->n].at;
    return fstat(f->fd, &st) < 0 ? -errno : st.st_size;
}

int spool_file_sha256(const struct spool_file *f, uint8_t ret[SHA256_BYTES]) {
    struct sha256 h;
    char *buf = mem_alloc(SPOOL_PIECE_BYTES);
    ssize_t got = buf ? 1 : -ENOMEM;
    sha256_init(&h);
    for (uint64_t at = 0; got > 0; at += (uint64_t) got) {
        got = file_read_at(f->fd, buf, SPOOL_PIECE_BYTES, at);
        if (got > 0)
            sha256_add(&h, str_n(buf, (size_t) got));
    }
    sha256_end(&h, ret);
    mem_free(buf);
    return (int) got;
}

uint32_t spool_file_damaged(const struct spool_file *f) {
    return f->pieces ? f->pieces->damaged : 0;
}

/* ---- compressing ---- */

struct packer {
    struct spool_file *from;
    int fd;
    ZSTD_CCtx *cctx;
    char *plain, *packed;
    unsigned char *table;
    size_t table_cap;
    uint32_t n;
};

static int pack_piece(struct packer *k, size_t plain) {
    if (k->n == SPOOL_PIECES_MAX)
        return -ERR_LIMIT;
    size_t bound = ZSTD_COMPRESSBOUND(plain);
    size_t packed = ZSTD_compress2(k->cctx, k->packed, bound, k->plain, plain);
    if (ZSTD_isError(packed))
        return -ENOMEM; /* the only way it fails with a destination this large */
    int r = mem_grow((void **) &k->table, &k->table_cap, (size_t) (k->n + 1) * ENTRY_BYTES,
                     (size_t) (SPOOL_PIECES_MAX + 1) * ENTRY_BYTES, 1);
    if (r < 0)
        return r;
    put32(k->table + (size_t) k->n * ENTRY_BYTES, (uint32_t) packed);
    put32(k->table + (size_t) k->n * ENTRY_BYTES + 4, (uint32_t) plain);
    k->n++;
    return file_write_all(k->fd, str_n(k->packed, packed));
}

static int pack_table(struct packer *k) {
    unsigned char head[SKIP_BYTES], footer[FOOTER_BYTES];
    size_t n = (size_t) k->n * ENTRY_BYTES;
    put32(head, TABLE_MAGIC);
    put32(head + 4, (uint32_t) (n + FOOTER_BYTES));
    put32(footer, k->n);
    footer[4] = DESCRIPTOR;
    put32(footer + 5, footer_magic);
    int r = file_write_all(k->fd, str_n((char *) head, sizeof head));
    if (r == 0)
        r = file_write_all(k->fd, str_n((char *) k->table, n));
    return r < 0 ? r : file_write_all(k->fd, str_n((char *) footer, sizeof footer));
}

int spool_file_compress(struct spool_file *from, int fd, int level, size_t piece) {
    struct packer k = {.from = from, .fd = fd};
    uint64_t at = 0;
    int r = 0;
    k.cctx = ZSTD_createCCtx();
    k.plain = mem_alloc(piece);
    k.packed = mem_alloc(ZSTD_COMPRESSBOUND(piece));
    if (!k.cctx || !k.plain || !k.packed ||
        ZSTD_isError(ZSTD_CCtx_setParameter(k.cctx, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(k.cctx, ZSTD_c_checksumFlag, 1)))
        r = -ENOMEM;
    while (r == 0) {
        ssize_t got = spool_file_read(from, k.plain, piece, at);
        if (got <= 0) {
            r = (int) got;
            break;
        }
        r = pack_piece(&k, (size_t) got);
        at += (uint64_t) got;
    }
    if (r == 0)
        r = pack_table(&k);
    ZSTD_freeCCtx(k.cctx);
    mem_free(k.plain);
    mem_free(k.packed);
    mem_free(k.table);
    return r;
}
