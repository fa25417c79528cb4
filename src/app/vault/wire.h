/* What a vault and the first say to each other, inside TLS (tls.h). Frames of base/frame.h; the first byte says what it
 * is, integers are little-endian. The vault asks, each question is answered by one frame, and that is all.
 *
 *   'E' proof 32               enrol me: I know the code (enrol.h)          'E' proof 32, key of the seals 32
 *   'N' have u64               the newest checkpoint; I have so many        'N' note …            (empty: none yet)
 *   'P' old u64, new u64       that the tree of `new` grew out of `old`     'P' hashes 32 each
 *   'C' segment u32            the checkpoint of this segment               'C' note …
 *   'S' segment u32, at u64    bytes of its compressed file from there on   'S' bytes …           (empty: the end)
 *   'R' segment u32            the signed note of its removal               'R' note …
 *   'H' at u64                 what cases hold (app/keep/holds.h), from there on  'H' bytes …  (empty: the end)
 *                              refused or not there                         '!' code u8, a sentence …
 *
 * Nobody can be asked to change or remove anything: there is no such word. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "spool/merkle.h"

enum {
    WIRE_ENROL = 'E',
    WIRE_NEWEST = 'N',
    WIRE_PROOF = 'P',
    WIRE_NOTE = 'C',
    WIRE_BYTES = 'S',
    WIRE_REMOVED = 'R',
    WIRE_HOLDS = 'H',
    WIRE_REFUSED = '!',
    WIRE_PIECE_BYTES = 512 * 1024, /* of a file in one answer; half of a frame */
    WIRE_PROOF_BYTES = 32,
    WIRE_KEY_BYTES = 32,
    WIRE_NAME_MAX = VAULT_NAME_BYTES_MAX,
};
enum wire_refusal { WIRE_NOT_ENROLLED = 1, WIRE_BAD_QUESTION, WIRE_NOT_THERE, WIRE_TROUBLE };

struct wire_question {
    char what;
    uint32_t segment;
    uint64_t at, old, size; /* old: also what the asker has */
    struct str proof; /* a slice of the frame */
};
/* -ERR_PARSE: not one of the above, whole and nothing behind it. */
int wire_question_parse(struct str frame, struct wire_question *ret) MUST_USE;
void wire_question_add(struct buf *out, const struct wire_question *q);

/* An answer is its letter and bytes. */
void wire_answer_add(struct buf *out, char what, struct str bytes);
void wire_refuse(struct buf *out, enum wire_refusal code, const char *sentence);
/* The bytes of an answer to a question of this kind; -ERR_REFUSED with the peer's sentence (its control characters
 * replaced), -ENOENT when it has not got it, -ERR_PARSE when it is no answer to that. */
int wire_answer_parse(struct str frame, char what, struct str *ret, struct diag *reterr) MUST_USE;
int wire_proof_parse(struct str bytes, struct merkle_proof *ret) MUST_USE;
/* Letters, digits, '-', '_', '.', not first; 1 to WIRE_NAME_MAX: a folder's name. */
bool wire_name_is_good(struct str name);
