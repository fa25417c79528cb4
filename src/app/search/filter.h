/* What a closed segment may hold: a filter beside it, so that a search passes over segments it cannot match in.
 *
 * A filter says "certainly not" or "perhaps"; what is found is decided on the spool's bytes alone. It is made from the
 * segment by reading it, never changes, and is thrown away when it is not whole, not of this spool and segment, or
 * made with other decoders; a search without it reads the segment.
 *
 * File NNNNNNNN.filter, little-endian:
 *    0  8  "KZKFILTR"          8  4  version of this format      12  4  log2 of the blocks
 *   16 16  spool id           32  4  segment                     36  4  CRC32C of the head, but for these four bytes
 *   40  8  first record       48  8  record behind the last      56  8  bytes of the segment
 *   64  8  earliest event     72  8  latest event, ns            80 16  who made it (hash of version and decoders)
 *   96  8  exact keys, all ones: not told   104  4  bytes of maps   108  4  pieces are told (0 or 1)
 *  112 32  pieces with definitions
 *  144 16  zero
 *  160 255 × 16  pieces: byte where its first event begins, and that record's number; nought: it has none
 *      …  of each 512 exact keys eight bytes: the upper 32 bits of the first one, and where its maps begin
 *      …  CRC32C of each 4 KiB of what follows; here the head ends
 *      …  blocks of 32 bytes, then six bytes of each exact key, then maps
 *
 * The blocks are a split-block Bloom filter (each key sets one bit in each of the eight words of one block) over keys:
 * words of ASCII letters and digits; four numbers with dots between; single and neighbouring other characters; names
 * of fields; (field, value); (field, network of the value). Texts are folded, in both forms.
 *
 * Behind them lie exact keys: what an indicator could be looked up under (indicator/scan.h) in any line or value, four
 * numbers with dots, words as long as a digest, neighbouring other characters, names of hosts and users: the upper forty
 * bits of each, big-endian, ascending. Ten thousand addresses asked of a Bloom filter would be there by chance in every
 * segment; asked of these they are not.
 *
 * Of each exact key it is known in which of 255 pieces (of 256 KiB, the last one the rest; sealed segments are compressed
 * in the same pieces) there are records with it: its sixth byte names the piece, or says FILTER_MANY, and then there is a
 * map of it: how many pieces and each of them, or nought and a bit a piece. So of a segment that may hold what is looked
 * for, only some is read, and the pieces in which sources are defined. A record that reaches into the next piece is in
 * both: where only one of the two is wanted, it is not, and the other piece need not be decompressed for its end. Not told
 * where the times of events are to be guessed from the ones before them.
 *
 * Of a file only its head is read, and of what follows the pages that are asked about, each held against its checksum
 * then: of a filter of 3.6 MB a question reads about 30 KB. */
#pragma once
#include "event/record.h"
#include "spool/format.h"

enum { FILTER_MAKER_BYTES = 16, FILTER_PIECES = 255, FILTER_PIECE_LOG = 18, FILTER_MANY = 255 };
/* Pieces: a bit each. */
struct filter_set {
    uint64_t w[4];
};
#define FILTER_ALL ((struct filter_set){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}})
static inline bool filter_set_any(const struct filter_set *s) {
    return (s->w[0] | s->w[1] | s->w[2] | s->w[3]) != 0;
}
static inline bool filter_set_all(const struct filter_set *s) {
    return (s->w[0] & s->w[1] & s->w[2] & s->w[3]) == UINT64_MAX;
}
static inline bool filter_set_has(const struct filter_set *s, unsigned i) {
    return s->w[i / 64] >> i % 64 & 1;
}
static inline void filter_set_put(struct filter_set *s, unsigned i) {
    s->w[i / 64] |= UINT64_C(1) << i % 64;
}
static inline void filter_set_or(struct filter_set *s, const struct filter_set *with) {
    for (int i = 0; i < 4; i++)
        s->w[i] |= with->w[i];
}
static inline void filter_set_and(struct filter_set *s, const struct filter_set *with) {
    for (int i = 0; i < 4; i++)
        s->w[i] &= with->w[i];
}

struct filter {
    uint8_t id[SPOOL_ID_BYTES];
    uint8_t made_by[FILTER_MAKER_BYTES]; /* version and decoders */
    uint32_t segment;
    uint64_t first, next, bytes;
    int64_t min_ns, max_ns; /* of events; TIME_NONE: there are none */
    uint32_t blocks_log;
    uint32_t *blocks; /* eight to a block */
    uint8_t *keys;    /* six bytes each: forty bits, and where */
    uint64_t n_keys;  /* FILTER_KEYS_UNTOLD: perhaps any */
    uint32_t *steps;  /* two of each 512 keys, as in the file */
    uint8_t *maps;
    uint32_t maps_bytes;
    bool pieces_told;
    struct filter_set defining; /* pieces */
    struct filter_piece {
        uint64_t at, n;
    } pieces[FILTER_PIECES];
    struct filter_set asked;   /* while something is asked: pieces that are left */
    struct filter_file *file;  /* what was read, which the pointers above point into; kept for the next one that is read */
    struct filter_making *making; /* while it is made; else NULL */
};
#define FILTER_KEYS_UNTOLD UINT64_MAX
void filter_done(struct filter *f);
const char *filter_name(uint32_t segment, char dst[SPOOL_NAME_CAP]);
/* Of a segment with so many bytes, or of one that still grows to that many at most. */
int filter_begin(struct filter *f, uint64_t bytes) MUST_USE;
struct whole_folded;
/* at: byte where the record begins, of so many bytes. open: its time is that of the one before. */
void filter_add(struct filter *f, const struct whole_folded *e, uint64_t at, bool open);
void filter_add_definition(struct filter *f, uint64_t at, const struct raw_record *rec);
/* As small as it may be: the same whatever it was begun with. */
void filter_end(struct filter *f, uint64_t bytes);
void filter_end_unknown(struct filter *f, uint64_t bytes); /* of a segment that cannot be read whole: perhaps, to everything */
/* -ERR_CORRUPT: of one that was read, and is damaged. */
int filter_write(const struct filter *f, const char *path, struct diag *reterr) MUST_USE;
/* Its head. -ENOENT, or -ERR_CORRUPT for whatever is wrong with it. *f is zero or holds another one, whose memory is used
 * again; it is zero when this fails. */
int filter_read(const char *path, struct filter *f, struct diag *reterr) MUST_USE;
/* Whether there is one of this spool, segment and maker; its blocks are not looked at. */
bool filter_is_there(const char *path, const struct filter *like);
bool filter_is_like(const struct filter *a, const struct filter *b);
struct decode_set;
void filter_maker(const struct decode_set *decoders, uint8_t ret[FILTER_MAKER_BYTES]);

struct detect_expr;
/* Pieces in which events that fit may be; false: no event of the segment fits. ret may be NULL. */
bool filter_may(const struct filter *f, const struct detect_expr *e, struct filter_set *ret);
/* The same for any of the keys (ascending). */
bool filter_may_keys(const struct filter *f, const uint64_t *keys, size_t n, struct filter_set *ret);
/* Asked after the questions: a page of it was damaged, and what was asked is to be thrown away with it. */
bool filter_is_damaged(const struct filter *f);
