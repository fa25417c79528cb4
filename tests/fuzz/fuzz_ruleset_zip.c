/* Hostile archives: what is handed over lies below the set, once, whole and within the limits. */
#include "base/limits.h"
#include "base/map.h"
#include "ruleset/take.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct map paths;
    size_t bytes;
};

static int look(void *ctx, const struct ruleset_file *f, struct diag *reterr UNUSED) {
    struct seen *s = ctx;
    union map_value *v;
    bool fresh;
    ASSERT(ruleset_path_is_plain(f->path));
    ASSERT(map_add(&s->paths, f->path, &v, &fresh) < 0 || fresh);
    volatile char last = f->bytes.n ? f->bytes.p[f->bytes.n - 1] : 0; /* readable to its end */
    (void) last;
    s->bytes += f->bytes.n;
    ASSERT(s->bytes <= RULESET_BYTES_MAX);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct seen s = {0};
    struct diag d = {0};
    map_init(&s.paths, RULESET_FILES_MAX, 0);
    int r = ruleset_take_zip(str_n((const char *) data, size), "fuzz.zip", look, &s, &d);
    ASSERT(r == 0 || (r < 0 && d.text[0]));
    map_done(&s.paths);
    return 0;
}
