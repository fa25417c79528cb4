/* What a vault and a first send each other: a question is what it says and is written the same again; an answer lies inside
 * its frame and its sentence is harmless on a terminal. */
#include "app/vault/wire.h"

#include "base/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void question(struct str in) {
    struct wire_question q;
    struct str again;
    struct buf b;
    size_t at = 0;
    if (wire_question_parse(in, &q) < 0)
        return;
    buf_init(&b, 4096);
    wire_question_add(&b, &q);
    ASSERT(frame_next(buf_str(&b), &at, &again) == 1 && at == b.n && str_eq(again, in));
    buf_done(&b);
}

static void answer(struct str in, char what) {
    struct str bytes;
    struct diag d = {0};
    struct merkle_proof proof;
    if (wire_answer_parse(in, what, &bytes, &d) < 0) {
        for (const char *p = d.text; *p; p++)
            ASSERT(*p >= 0x20 && *p < 0x7f);
        return;
    }
    ASSERT(bytes.n == in.n - 1 && (bytes.n == 0 || bytes.p == in.p + 1));
    if (wire_proof_parse(bytes, &proof) == 0)
        ASSERT(proof.n <= MERKLE_PROOF_MAX && proof.n * SHA256_BYTES == bytes.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    question(in);
    for (const char *what = "ENPCSR"; *what; what++)
        answer(in, *what);
    (void) wire_name_is_good(in);
    return 0;
}
