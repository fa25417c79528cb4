/* Record numbers out of anything, line by line: a line is a record, of the journal where it begins with a cursor, and one
 * that begins with # moves the clock. Holes stay within their bounds, and what is kept comes back as it was. */
#include "app/sensor/sequence.h"
#include "base/image.h"

static bool look(void *ctx, const struct sequence_row *row, const struct sequence_hole *hole) {
    ASSERT(hole->left > 0 && row->n_holes <= SEQUENCE_HOLES && (hole->anew || hole->from <= hole->to));
    ++*(unsigned *) ctx;
    return true;
}

static void keep_and_read_back(struct sequence *s) {
    struct sequence again = {0};
    struct image w, r;
    image_write(&w, NULL, NULL, 64 << 20);
    sequence_image(s, &w);
    ASSERT(image_end(&w) == 0);
    image_read(&r, buf_str(&w.out));
    sequence_image(&again, &r);
    ASSERT(image_end(&r) == 0 && again.n == s->n);
    image_done(&w);
    image_done(&r);
    sequence_done(s);
    *s = again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct sequence s = {0};
    struct raw_record rec = {.arrival_ns = NS_PER_HOUR, .source = 1};
    unsigned told = 0;
    while (in.n) {
        ptrdiff_t end = str_find_byte(in, '\n', 0);
        size_t n = end < 0 ? in.n : (size_t) end;
        rec.bytes = str_to(in, n);
        rec.resume = rec.bytes;
        rec.flags = n && in.p[0] == 's' ? RAW_JOURNAL : 0;
        rec.arrival_ns += n && in.p[0] == '#' ? NS_PER_MIN : 1;
        ASSERT(sequence_note(&s, &rec) == 0);
        in = str_from(in, MIN(in.n, n + 1));
        while (sequence_due(&s, 1, rec.arrival_ns, look, &told))
            ;
    }
    keep_and_read_back(&s);
    sequence_done(&s);
    return 0;
}
