/* What a closed segment may hold: a filter beside it, so that a search passes over segments it cannot match in.
 *
 * A filter says "certainly not" or "perhaps"; what is found is decided on the spool's bytes alone. It is made from the
 * segment by reading it, never changes, and is thrown away when it is not whole, not of this spool and segment, or
 * made with other decoders; a search without it reads the segment.
 *
 * File NNNNNNNN.filter, little-endian:
 *    0  8  "KZKFILTR"          8  4  version of this format      12  4  log2 of the blocks
 *   16 16  spool id           32  4  segment                     36  4  CRC32C of what follows, and of 0…35
 *   40  8  first record       48  8  record behind the last      56  8  bytes of the segment
 *   64  8  earliest event     72  8  latest event, ns            80 16  who made it (hash of version and decoders)
 *   96  8  exact keys, all ones: not told   104  4  maps   108  4  pieces are told (0 or 1)   112  8  pieces with definitions
 *  120  8  zero
 *  128 64 × 16  pieces: byte where its first event begins, and that record's number; nought: it has none
 *  1152  …  blocks of 32 bytes, then of each exact key five bytes, then of each a byte, then the maps, eight bytes each
 *
 * The blocks are a split-block Bloom filter (each key sets one bit in each of the eight words of one block) over keys:
 * words of ASCII letters and digits; four numbers with dots between; single and neighbouring other characters; names
 * of fields; (field, value); (field, network of the value). Texts are folded, in both forms.
 *
 * Behind them lie exact keys: what an indicator could be looked up under (indicator/scan.h) in any line or value, four
 * numbers with dots, neighbouring other characters: the upper forty bits of each, big-endian, ascending. Ten thousand
 * addresses asked of a Bloom filter would be there by chance in every segment; asked of these they are not.
 *
 * Of each exact key it is known in which of 64 pieces (of 1 MiB, the last one the rest; sealed segments are compressed in
 * the same pieces) records with it begin: one byte names the piece, or says FILTER_MANY, and the next of the maps has a
 * bit a piece. So of a segment that may hold what is looked for, only some is read, and the pieces in which sources are
 * defined. Not told where the times of events are to be guessed from the ones before them. */
#pragma once
#include "event/record.h"
#include "spool/format.h"

enum { FILTER_MAKER_BYTES = 16, FILTER_PIECES = 64, FILTER_PIECE_LOG = 20, FILTER_MANY = 64 };
struct filter {
    uint8_t id[SPOOL_ID_BYTES];
    uint8_t made_by[FILTER_MAKER_BYTES]; /* version and decoders */
    uint32_t segment;
    uint64_t first, next, bytes;
    int64_t min_ns, max_ns; /* of events; TIME_NONE: there are none */
    uint32_t blocks_log;
    uint32_t *blocks; /* eight to a block */
    uint8_t *keys;    /* five bytes each */
    uint64_t n_keys;  /* FILTER_KEYS_UNTOLD: perhaps any */
    uint8_t *where;   /* of each key */
    uint8_t *maps;    /* eight bytes each, of the keys that are in many pieces, in their order */
    uint32_t n_maps;
    bool pieces_told;
    uint64_t defining; /* pieces */
    struct filter_piece {
        uint64_t at, n;
    } pieces[FILTER_PIECES];
    uint64_t asked;    /* while something is asked: pieces that are left */
    char *file;        /* what was read, which the pointers above point into; kept for the next one that is read */
    size_t file_cap;
    struct filter_making *making; /* while it is made; else NULL */
};
#define FILTER_KEYS_UNTOLD UINT64_MAX
void filter_done(struct filter *f);
const char *filter_name(uint32_t segment, char dst[SPOOL_NAME_CAP]);
/* Of a segment with so many bytes, or of one that still grows to that many at most. */
int filter_begin(struct filter *f, uint64_t bytes) MUST_USE;
struct whole_folded;
/* at: byte where the record begins. open: its time is that of the one before. */
void filter_add(struct filter *f, const struct whole_folded *e, uint64_t at, bool open);
void filter_add_definition(struct filter *f, uint64_t at, uint64_t n);
/* As small as it may be: the same whatever it was begun with. */
void filter_end(struct filter *f, uint64_t bytes);
void filter_end_unknown(struct filter *f, uint64_t bytes); /* of a segment that cannot be read whole: perhaps, to everything */
int filter_write(const struct filter *f, const char *path, struct diag *reterr) MUST_USE;
/* -ENOENT, or -ERR_CORRUPT for whatever is wrong with it. *f is zero or holds another one, whose memory is used again; it is
 * zero when this fails. */
int filter_read(const char *path, struct filter *f, struct diag *reterr) MUST_USE;
/* Whether there is one of this spool, segment and maker; its blocks are not looked at. */
bool filter_is_there(const char *path, const struct filter *like);
bool filter_is_like(const struct filter *a, const struct filter *b);
struct decode_set;
void filter_maker(const struct decode_set *decoders, uint8_t ret[FILTER_MAKER_BYTES]);

struct detect_expr;
/* Pieces in which events that fit may begin; 0: no event of the segment fits. */
uint64_t filter_may(const struct filter *f, const struct detect_expr *e);
/* The same for any of the keys (ascending). */
uint64_t filter_may_keys(const struct filter *f, const uint64_t *keys, size_t n);
