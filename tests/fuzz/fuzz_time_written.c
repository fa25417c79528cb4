/* Whatever is typed as a time: reading ends, and what is read can be written and read again. */
#include "base/time_written.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct time_written w, again;
    struct time_refused why;
    struct diag d;
    char iso[TIME_ISO_CAP];
    arena_init(&a, 1 << 20);
    if (time_read_written(&a, str_n((const char *) data, size), INT64_C(1795366988) * NS_PER_S, 540, &w, &why, &d) == 0) {
        time_format_iso(w.t_ns, 9, iso);
        ASSERT(time_read_written(&a, str_of(iso), 0, 540, &again, NULL, &d) == 0 && again.t_ns == w.t_ns);
        ASSERT(time_written_width_s(&w) >= 0);
    } else {
        ASSERT(why.why < TIME_REFUSAL_MAX_ && memchr(why.what, 0, sizeof why.what));
    }
    arena_done(&a);
    return 0;
}
