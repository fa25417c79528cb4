/* An event log whose file header is right: chunks of any bytes, the last one padded. Each line is JSON and fits a
 * record; the same lines come whatever the pieces of the file are. */
#include "base/json.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "intake/evtx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
    const uint8_t *data;
    size_t size, at, piece;
};

static ssize_t give(void *ctx, char *dst, size_t n, struct diag *reterr UNUSED) {
    struct file *f = ctx;
    size_t head = 4096, whole = head + (f->size + EVTX_CHUNK_BYTES - 1) / EVTX_CHUNK_BYTES * EVTX_CHUNK_BYTES;
    size_t k = MIN(MIN(n, f->piece), whole - f->at);
    for (size_t i = 0; i < k; i++, f->at++)
        dst[i] = f->at < 8                  ? "ElfFile"[f->at]
                 : f->at < head             ? 0
                 : f->at - head < f->size ? (char) f->data[f->at - head]
                                            : 0;
    return (ssize_t) k;
}

static int nothing(void *ctx UNUSED, struct str path UNUSED, enum json_type t UNUSED, struct str v UNUSED) {
    return 0;
}

static uint64_t check_lines(struct str rest) {
    struct arena a;
    struct str line;
    uint64_t sum = 0;
    while (str_split(&rest, '\n', &line)) {
        ASSERT(line.n <= LINE_BYTES_MAX);
        sum = hash_fast(line, sum);
        arena_init(&a, (size_t) 64 << 20);
        int r = line.n ? json_walk(&a, line, NULL, nothing, NULL, NULL) : 0;
        ASSERT(r == 0 || r == -ERR_LIMIT); /* deeper than we read */
        arena_done(&a);
    }
    return sum;
}

static uint64_t read_all(const uint8_t *data, size_t size, size_t piece) {
    struct file f = {data, size, 0, piece};
    struct intake_evtx *e;
    struct buf out;
    char part[8192];
    ssize_t n;
    buf_init(&out, (size_t) 1 << 30);
    if (intake_evtx_new(give, &f, STR(""), &e) < 0)
        return 0;
    while ((n = intake_evtx_read(e, part, sizeof part, NULL)) > 0)
        buf_add(&out, str_n(part, (size_t) n));
    intake_evtx_free(e);
    uint64_t sum = check_lines(buf_str(&out)) ^ (uint64_t) -n;
    buf_done(&out);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size <= 4 * EVTX_CHUNK_BYTES)
        ASSERT(read_all(data, size, 4096) == read_all(data, size, 65000));
    return 0;
}
