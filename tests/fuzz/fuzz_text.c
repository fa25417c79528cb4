/* Any bytes with any hint become valid UTF-8; folding twice is folding once; nothing that is shown
 * on a terminal holds a control character. */
#include "base/buf.h"
#include "base/text.h"

static void show(struct str s) {
    struct buf b;
    buf_init(&b, 16 * s.n + 16);
    text_escape_controls(&b, s);
    ASSERT(buf_error(&b) == 0 && text_is_utf8(buf_str(&b)));
    for (size_t i = 0; i < b.n; i++)
        ASSERT((unsigned char) b.p[i] >= 0x20 && b.p[i] != 0x7f);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct arena a;
    enum text_encoding used;
    arena_init(&a, (size_t) 256 << 20);
    for (int hint = -1; hint <= TEXT_ENCODING_MAX_; hint++) {
        struct str s = text_to_utf8(&a, in, hint, &used);
        ASSERT(s.p && text_is_utf8(s) && used < TEXT_ENCODING_MAX_);
        if (hint < 0 && size < 4096) {
            struct str once = text_fold(&a, s), twice = text_fold(&a, once);
            ASSERT(once.p && twice.p && str_eq(once, twice) && text_is_utf8(once));
            struct str normal = text_normal(&a, s);
            ASSERT(normal.p && str_eq(text_normal(&a, normal), normal) && str_eq(text_fold(&a, normal), once));
            ASSERT(str_eq(text_normal(&a, once), once));
            ASSERT(text_width(s) <= 2 * s.n);
        }
    }
    struct str raw = text_fold(&a, in);
    ASSERT(raw.p && text_is_utf8(raw));
    show(in);
    arena_done(&a);
    return 0;
}
