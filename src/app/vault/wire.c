#include "app/vault/wire.h"

#include "base/frame.h"

static uint64_t get(const char *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t) (unsigned char) p[i] << 8 * i;
    return v;
}

static void put(struct buf *out, uint64_t v, size_t n) {
    for (size_t i = 0; i < n; i++)
        buf_add_byte(out, (char) (v >> 8 * i));
}

bool wire_name_is_good(struct str name) {
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!ascii_digit(c) && !(ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') && (i == 0 || !strchr("-_.", c) || !c))
            return false;
    }
    return name.n > 0 && name.n <= WIRE_NAME_MAX;
}

int wire_question_parse(struct str frame, struct wire_question *ret) {
    struct str s = str_from(frame, 1);
    *ret = (struct wire_question){.what = frame.n ? frame.p[0] : 0};
    switch (ret->what) {
    case WIRE_ENROL:
        ret->proof = s;
        return s.n == WIRE_PROOF_BYTES ? 0 : -ERR_PARSE;
    case WIRE_NEWEST:
        if (s.n != 8)
            return -ERR_PARSE;
        ret->old = get(s.p, 8);
        return 0;
    case WIRE_PROOF:
        if (s.n != 16)
            return -ERR_PARSE;
        ret->old = get(s.p, 8);
        ret->size = get(s.p + 8, 8);
        return ret->old && ret->old <= ret->size ? 0 : -ERR_PARSE;
    case WIRE_HOLDS:
        if (s.n != 8)
            return -ERR_PARSE;
        ret->at = get(s.p, 8);
        return ret->at <= INT64_MAX ? 0 : -ERR_PARSE;
    case WIRE_NOTE:
    case WIRE_REMOVED:
    case WIRE_BYTES:
        if (s.n != (ret->what == WIRE_BYTES ? 12 : 4))
            return -ERR_PARSE;
        ret->segment = (uint32_t) get(s.p, 4);
        ret->at = s.n > 4 ? get(s.p + 4, 8) : 0;
        return ret->segment && ret->at <= INT64_MAX ? 0 : -ERR_PARSE;
    default:
        return -ERR_PARSE;
    }
}

void wire_question_add(struct buf *out, const struct wire_question *q) {
    struct buf b;
    buf_init(&b, 256);
    buf_add_byte(&b, q->what);
    if (q->what == WIRE_ENROL) {
        buf_add(&b, q->proof);
    } else if (q->what == WIRE_PROOF || q->what == WIRE_NEWEST) {
        put(&b, q->old, 8);
        if (q->what == WIRE_PROOF)
            put(&b, q->size, 8);
    } else if (q->what == WIRE_HOLDS) {
        put(&b, q->at, 8);
    } else {
        put(&b, q->segment, 4);
        if (q->what == WIRE_BYTES)
            put(&b, q->at, 8);
    }
    frame_add(out, buf_str(&b));
    buf_done(&b);
}

void wire_answer_add(struct buf *out, char what, struct str bytes) {
    put(out, bytes.n + 1, 4); /* as frame_add, without a copy */
    buf_add_byte(out, what);
    buf_add(out, bytes);
}

void wire_refuse(struct buf *out, enum wire_refusal code, const char *sentence) {
    struct buf b;
    buf_init(&b, 1024);
    buf_add_byte(&b, (char) code);
    buf_add_z(&b, sentence);
    wire_answer_add(out, WIRE_REFUSED, buf_str(&b));
    buf_done(&b);
}

int wire_answer_parse(struct str frame, char what, struct str *ret, struct diag *reterr) {
    char said[200];
    size_t n = 0;
    if (frame.n && frame.p[0] == what) {
        *ret = str_from(frame, 1);
        return 0;
    }
    if (frame.n < 2 || frame.p[0] != WIRE_REFUSED)
        return diag_set(reterr, -ERR_PARSE, "what came back is no answer");
    for (size_t i = 2; i < frame.n && n + 1 < sizeof said; i++)
        said[n++] = frame.p[i] >= 0x20 && frame.p[i] < 0x7f ? frame.p[i] : '?';
    said[n] = 0;
    return diag_set(reterr, frame.p[1] == WIRE_NOT_THERE ? -ENOENT : -ERR_REFUSED, "it says: %s", said);
}

int wire_proof_parse(struct str bytes, struct merkle_proof *ret) {
    size_t n = bytes.n / SHA256_BYTES;
    if (bytes.n % SHA256_BYTES || n > MERKLE_PROOF_MAX)
        return -ERR_PARSE;
    ret->n = (uint32_t) n;
    if (n)
        memcpy(ret->at, bytes.p, bytes.n);
    return 0;
}
