/* What the fuzzers of the readers share: whatever is taken is in its one form and can be written and matched. */
#pragma once
#include "base/mem.h"
#include "indicator/read.h"
#include "indicator/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline int fuzz_key(void *ctx, uint64_t key, struct str token) {
    (void) key;
    ++*(size_t *) ctx;
    ASSERT(token.n > 0);
    return 0;
}

static inline void fuzz_read(const uint8_t *data, size_t size, enum indicator_format format) {
    struct indicator_reading o = {.name = STR("x"), .format = format, .tlp = -1, .confidence = -1, .valid_until_ns = TIME_NONE};
    struct str in = str_n((const char *) data, size);
    struct indicator_list l;
    enum indicator_format used;
    struct diag d = {0};
    size_t n = 0;
    indicator_list_init(&l);
    int r = indicator_read(&o, in, &l, &used, &d);
    ASSERT(r == 0 || r == -ENOMEM || d.text[0]);
    for (size_t i = 0; r == 0 && i < l.n; i++) {
        struct arena a;
        struct str again;
        enum indicator_why why;
        const char *detail;
        arena_init(&a, 1 << 20);
        int kind = indicator_value_read(&a, l.at[i].value, -1, &again, &why, &detail);
        ASSERT(kind == (int) l.at[i].kind && str_eq(again, l.at[i].value));
        arena_done(&a);
    }
    IGNORE(indicator_scan(in, fuzz_key, &n));
    indicator_list_done(&l);
}

#define FUZZ_INDICATOR(format)                                                                     \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {                                 \
        fuzz_read(data, size, format);                                                             \
        return 0;                                                                                  \
    }
